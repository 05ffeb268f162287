//! What helpers and staff do on the stand-in for Discord: answers by hand, settings, what is to be learned, and who may.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use mailmedic::config::{Config, Transport};
use mailmedic::moment::Moment;
use mailmedic::store::{Channel, Decision, Guild, Notes, Occasion, Role};
use serde_json::{Value, json};

use crate::bot::{By, Lab, description, title};
use crate::discord::fixtures::{
    CUSTOMER, FORUM, GUILD, Invocation, LOUNGE, MANAGER, NEIGHBOUR, Person, QUIET_ROLE, STAFF, STAFF_ROLE,
    autocomplete, button, slash,
};

/// Somebody of the staff after the role was taken away.
const FORMER: Person = Person { roles: &[], ..STAFF };

/// The configuration in which [`STAFF`] is staff.
fn with_staff() -> Config {
    let mut config = Config::default();
    config.discord.staff_roles = vec![STAFF_ROLE.parse().unwrap()];
    config
}

fn guild() -> Guild {
    GUILD.parse().unwrap()
}

fn now() -> Moment {
    SystemTime::now().into()
}

/// The names of the suggestions, and what they stand for.
fn choices(body: &Value) -> Vec<(String, String)> {
    let choices = body["choices"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    choices.iter().map(|choice| (text(&choice["name"]), text(&choice["value"]))).collect()
}

async fn typed(lab: &Lab, words: &str) -> Vec<(String, String)> {
    choices(&lab.discord.dispatch(autocomplete("answer", &[("entry", words)])).await.replied().await)
}

/// A question without an answer.
async fn ask_in_vain(lab: &Lab, question: &str) {
    let person = CUSTOMER.id.parse().unwrap();
    let notes = Notes { guild: Some(guild()), gap: Some((person, question.to_owned())), ..Notes::default() };
    lab.store.open().await.note(notes, now()).await.unwrap();
}

/// The text of the file that an answer took along.
fn file(lab: &Lab, message: &Value, name: &str) -> Vec<u8> {
    let files = message["attachments"].as_array().unwrap();
    let found = files.iter().find(|file| file["filename"] == name).unwrap_or_else(|| panic!("no {name}: {message}"));
    lab.discord.uploaded(found["url"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_suggested_while_it_is_typed_and_then_answered_for_one_person() {
    let mut config = with_staff();
    config.http.public_url = Some("https://help.host.example".to_owned());
    let lab = Lab::configured(By::Gateway, config).await;
    let suggested = typed(&lab, "Cannot-rec").await;
    assert_eq!(suggested[0].1, "cannot-receive-email");
    let given = [("entry", suggested[0].1.as_str()), ("for", NEIGHBOUR.id)];
    let asked = lab.discord.dispatch(slash("answer", &given)).await;
    // A new message, since nobody hears of a mention that is edited in.
    assert_eq!(asked.acknowledged().await.kind, 4);
    let answer = asked.replied().await;
    assert_eq!(title(&answer), suggested[0].0);
    assert_eq!(answer["content"], format!("For <@{}>", NEIGHBOUR.id));
    assert_eq!(answer["allowed_mentions"], json!({"parse": [], "users": [NEIGHBOUR.id]}));
    assert!(answer.to_string().contains("https://help.host.example/e/cannot-receive-email"), "{answer}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_for_somebody_is_theirs_to_judge_and_comes_at_once_over_http_as_well() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    let given = [("entry", "cannot-receive-email"), ("for", NEIGHBOUR.id)];
    let asked = lab.discord.dispatch(slash("answer", &given)).await;
    asked.acknowledged().await;
    let worked = asked.component("That worked").unwrap();
    let helper = lab.discord.dispatch(button(&worked)).await.edited().await;
    assert_eq!(title(&helper), "This is somebody else's question");
    let theirs = lab.discord.dispatch(button(&worked).by(NEIGHBOUR)).await.edited().await;
    assert_eq!(title(&theirs), "Good to hear");
    let person = asked.component("Talk to a person").unwrap();
    let called = lab.discord.dispatch(button(&person).by(NEIGHBOUR)).await.edited().await;
    assert_eq!(title(&called), "I can call nobody here");
    lab.finish().await;
    let lab = Lab::configured(By::Http, with_staff()).await;
    let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
    let (reply, _) = endpoint.post(slash("answer", &given)).await;
    let body = reply.json().unwrap();
    assert_eq!((&body["type"], &body["data"]["content"]), (&json!(4), &json!(format!("For <@{}>", NEIGHBOUR.id))));
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_nobody_hears_when_it_is_called_is_told_to_whoever_chose_it() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    for (role, unheard) in [(QUIET_ROLE, true), (STAFF_ROLE, false), (LOUNGE, true)] {
        let changed = lab.discord.dispatch(slash("settings mention", &[("role", role)]).by(STAFF)).await.edited().await;
        assert_eq!(title(&changed), "Changed");
        assert_eq!(changed.to_string().contains("As it is, "), unheard, "{changed}");
    }
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_step_is_shown_alone_and_one_that_is_not_there_is_told() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let step = |number| slash("answer", &[("entry", "cannot-receive-email"), ("step", number)]);
    let second = lab.discord.dispatch(step("2")).await.replied().await;
    assert!(description(&second).starts_with("**Step 2 of "), "{second}");
    let missing = lab.discord.dispatch(step("50")).await.replied().await;
    assert_eq!(missing["flags"], 64);
    assert!(description(&missing).contains("there is no step 50"), "{missing}");
    let unknown = lab.discord.dispatch(slash("answer", &[("entry", "@everyone <@1>")])).await.replied().await;
    assert_eq!(title(&unknown), "There is no such entry");
    assert_eq!(unknown["allowed_mentions"], json!({"parse": []}));
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suggestions_keep_discords_limits_whatever_is_typed() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let long = "é".repeat(5000);
    for words in ["", " ", "e", "@everyone", "\u{202e}\u{0}", "%_\\'\"", &long] {
        assert!(typed(&lab, words).await.len() <= 25, "{words:.20}");
    }
    assert_eq!(typed(&lab, &long).await, []);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suggestions_also_come_over_signed_http() {
    let lab = Lab::configured(By::Http, Config::default()).await;
    let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
    let (reply, _) = endpoint.post(autocomplete("answer", &[("entry", "spam")])).await;
    let body = reply.json().unwrap();
    assert_eq!((reply.status, &body["type"]), (200, &json!(8)));
    assert!(choices(&body["data"]).iter().any(|(_, id)| id.contains("spam")), "{body}");
    lab.finish().await;
}

/// Every command of staff, with what it needs.
fn chores() -> Vec<Invocation> {
    vec![
        slash("settings show", &[]),
        slash("settings channels", &[("change", "add"), ("channel", LOUNGE)]),
        slash("settings staff", &[("change", "add"), ("role", STAFF_ROLE)]),
        slash("gaps", &[]),
        slash("adopt", &[]),
        slash("adopt", &[("entry", "cannot-receive-email"), ("question", "where is all of my mail")]),
        slash("stats", &[]),
        slash("reload", &[]),
        slash("why", &[("question", "no mail")]),
        slash("audit", &[]),
        button("desk:dismiss:1"),
        button("desk:adopt:1:cannot-receive-email"),
        button("desk:approve:1"),
        button("desk:decline:1"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_staff_is_refused_every_command_and_every_press() {
    let mut config = with_staff();
    config.limits.person = 100;
    let lab = Lab::configured(By::Gateway, config).await;
    ask_in_vain(&lab, "how do I export my calendar").await;
    for chore in chores() {
        let asked = lab.discord.dispatch(chore.clone().by(CUSTOMER)).await;
        let acknowledged = asked.acknowledged().await;
        assert_eq!((acknowledged.kind, &acknowledged.body["data"]["flags"]), (5, &json!(64)), "{chore:?}");
        assert_eq!(title(&asked.edited().await), "That is for staff", "{chore:?}");
        let direct = lab.discord.dispatch(chore.clone().in_dm()).await;
        assert_eq!(title(&direct.edited().await), "Not here", "{chore:?}");
    }
    let store = lab.store.open().await;
    assert_eq!(store.deeds(guild(), 100).await.unwrap(), []);
    assert_eq!(store.gaps(guild(), 100).await.unwrap().len(), 1);
    assert_eq!(store.settings(guild()).await.unwrap(), mailmedic::store::Settings::default());
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_are_let_in_by_role_by_managing_or_by_a_role_of_the_settings() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let show = |who| slash("settings show", &[]).by(who);
    assert_eq!(title(&lab.discord.dispatch(show(STAFF)).await.edited().await), "That is for staff");
    let add = slash("settings staff", &[("change", "add"), ("role", STAFF_ROLE)]);
    assert_eq!(title(&lab.discord.dispatch(add.by(MANAGER)).await.edited().await), "Changed");
    let shown = lab.discord.dispatch(show(STAFF)).await.edited().await;
    assert!(description(&shown).contains(STAFF_ROLE), "{shown}");
    let remove = slash("settings staff", &[("change", "remove"), ("role", STAFF_ROLE)]);
    assert_eq!(title(&lab.discord.dispatch(remove.by(STAFF)).await.edited().await), "Changed");
    assert_eq!(title(&lab.discord.dispatch(show(STAFF)).await.edited().await), "That is for staff");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_taken_away_counts_at_the_next_press() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    ask_in_vain(&lab, "how do I export my calendar").await;
    let listed = lab.discord.dispatch(slash("gaps", &[]).by(STAFF)).await;
    assert!(description(&listed.edited().await).contains("how do I export my calendar"));
    let number = lab.store.open().await.gaps(guild(), 1).await.unwrap()[0].id;
    let dismiss = listed.component(&format!("Dismiss {number}")).unwrap();
    let pressed = lab.discord.dispatch(button(&dismiss).by(FORMER)).await;
    assert_eq!(title(&pressed.edited().await), "That is for staff");
    assert_eq!(lab.store.open().await.gaps(guild(), 9).await.unwrap().len(), 1);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_presses_ask_for_nothing() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    for forged in [
        "desk:",
        "desk:approve:",
        "desk:approve:x",
        "desk:adopt:1",
        "desk:forget:1",
        "desk:dismiss:99999999999999999999",
    ] {
        let pressed = lab.discord.dispatch(button(forged).by(STAFF)).await;
        assert_eq!(pressed.acknowledged().await.kind, 4, "{forged}");
    }
    for harmless in ["desk:approve:-1", "desk:dismiss:12345", "desk:adopt:5:no-such-entry"] {
        lab.discord.dispatch(button(harmless).by(STAFF)).await.edited().await;
    }
    assert_eq!(lab.store.open().await.deeds(guild(), 9).await.unwrap(), []);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_changed_shown_and_noted() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    for (part, given) in [
        ("settings channels", &[("change", "add"), ("channel", LOUNGE)][..]),
        ("settings forums", &[("change", "add"), ("channel", FORUM)]),
        ("settings mention", &[("role", STAFF_ROLE)]),
        ("settings thresholds", &[("answer", "0.8"), ("offer", "0.4")]),
        ("settings quiet", &[("hours", "22:00-07:00 +02:00")]),
    ] {
        let changed = lab.discord.dispatch(slash(part, given).by(STAFF)).await.edited().await;
        assert_eq!(title(&changed), "Changed", "{part}: {changed}");
    }
    for (part, given, why) in [
        ("settings channels", &[("change", "add"), ("channel", LOUNGE)][..], "already"),
        ("settings thresholds", &[("answer", "0.2")], "0.4 to offer is above 0.2"),
        ("settings quiet", &[("hours", "at night @everyone")], "expected hours such as"),
        ("settings staff", &[("change", "add"), ("role", GUILD)], "everybody would be staff"),
    ] {
        let refused = lab.discord.dispatch(slash(part, given).by(STAFF)).await.edited().await;
        assert_eq!(title(&refused), "Nothing was changed", "{part}");
        assert!(description(&refused).contains(why), "{refused}");
    }
    let settings = lab.store.open().await.settings(guild()).await.unwrap();
    assert_eq!(settings.channels, [LOUNGE.parse::<Channel>().unwrap()]);
    assert_eq!(settings.mention_role, Some(STAFF_ROLE.parse::<Role>().unwrap()));
    assert_eq!((settings.answer_at, settings.margin, settings.offer_at), (Some(0.8), None, Some(0.4)));
    let shown = lab.discord.dispatch(slash("settings show", &[]).by(STAFF)).await.edited().await;
    for part in [LOUNGE, FORUM, "Answer from 0.8", "22:00", "+02:00"] {
        assert!(description(&shown).replace('\\', "").contains(part), "{part}: {shown}");
    }
    // This Discord does not grant it.
    let withheld = "the people who run me have to switch on \"Message Content Intent\" in the developer portal";
    assert!(description(&shown).replace('\\', "").contains(withheld), "{shown}");
    assert!(description(&shown).contains("Until then commands work, and so does mentioning me."), "{shown}");
    let off = slash("settings quiet", &[("hours", "off")]).by(STAFF);
    assert!(description(&lab.discord.dispatch(off).await.edited().await).contains("Quiet hours: none"));
    let audit = lab.discord.dispatch(slash("audit", &[]).by(STAFF)).await.edited().await;
    assert_eq!(description(&audit).matches("settings:").count(), 6, "{audit}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_bot_hears_nothing_the_settings_say_so() {
    let mut config = with_staff();
    config.discord.transport = Transport::Http;
    config.discord.channels = vec![LOUNGE.parse().unwrap()];
    let lab = Lab::configured(By::Http, config).await;
    let endpoint = lab.discord.endpoint(&format!("{}/interactions", lab.address));
    let (_, shown) = endpoint.post(slash("settings show", &[]).by(STAFF)).await;
    let shown = shown.edited().await;
    assert!(description(&shown).contains("I hear nothing of messages"), "{shown}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_that_are_alike_stand_together_and_are_dismissed_together() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    for question in ["can I get a refund", "how do I export my calendar", "how do I export the calendar? @everyone"] {
        ask_in_vain(&lab, question).await;
    }
    let listed = lab.discord.dispatch(slash("gaps", &[]).by(STAFF)).await;
    let shown = listed.edited().await;
    assert!(description(&shown).contains("3 of late, in 2 groups"), "{shown}");
    assert!(
        description(&shown).contains("(and 1 like it)") || description(&shown).contains("and 1 like it"),
        "{shown}"
    );
    assert!(!description(&shown).contains("@everyone"), "{shown}");
    let number = lab.store.open().await.gaps(guild(), 9).await.unwrap()[0].id;
    let dismiss = listed.component(&format!("Dismiss {number}")).unwrap();
    let after = lab.discord.dispatch(button(&dismiss).by(STAFF)).await.edited().await;
    assert!(description(&after).contains("1 of late"), "{after}");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_becomes_a_candidate_and_once_approved_a_line_that_knowledge_adopt_reads() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    ask_in_vain(&lab, "letters from bob@shop.example never reach me anymore").await;
    let number = lab.store.open().await.gaps(guild(), 1).await.unwrap()[0].id.to_string();
    let given = [("entry", "cannot-receive-email"), ("gap", number.as_str())];
    let proposed = lab.discord.dispatch(slash("adopt", &given).by(STAFF)).await;
    assert_eq!(title(&proposed.edited().await), "Proposed");
    let store = lab.store.open().await;
    assert_eq!(store.gaps(guild(), 9).await.unwrap(), []);
    let candidate = store.candidates(guild(), Decision::Open, 9).await.unwrap()[0].id;
    let approve = proposed.component(&format!("Approve {candidate}")).unwrap();
    let decided = lab.discord.dispatch(button(&approve).by(STAFF)).await;
    decided.edited().await;
    let text = String::from_utf8(file(&lab, &decided.message().unwrap(), "candidates.jsonl")).unwrap();
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["entry"], "cannot-receive-email");
    assert_eq!(line["question"], "letters from name@domain.example never reach me anymore");
    let again = lab.discord.dispatch(button(&approve).by(STAFF)).await.edited().await;
    assert!(description(&again).contains("decided already"), "{again}");
    let audit = lab.discord.dispatch(slash("audit", &[]).by(STAFF)).await.edited().await;
    for deed in ["propose", "approve"] {
        assert!(description(&audit).contains(&format!("{deed}: {candidate} for cannot-receive-email")), "{audit}");
    }
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_teaches_nothing_is_not_proposed() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    for (given, why) in [
        ([("entry", "cannot-receive-email"), ("question", "no mail")], "at least 3 words"),
        ([("entry", "cannot-receive-email"), ("gap", "7")], "no such question"),
        ([("entry", "no-such"), ("question", "where is all of my mail")], "Choose one from the list"),
    ] {
        let refused = lab.discord.dispatch(slash("adopt", &given).by(STAFF)).await.edited().await;
        assert!(description(&refused).contains(why), "{refused}");
    }
    assert_eq!(lab.store.open().await.candidates(guild(), Decision::Open, 9).await.unwrap(), []);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_listed_and_drawn() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    let store = lab.store.open().await;
    let counted = [
        ("cannot-send-email", Occasion::Asked),
        ("cannot-send-email", Occasion::Answered),
        ("cannot-send-email", Occasion::Worked),
        ("cannot-send-email", Occasion::Asked),
        ("", Occasion::Asked),
    ];
    let counted = counted.map(|(entry, what)| (entry.to_owned(), what)).to_vec();
    store.note(Notes { guild: Some(guild()), counted, ..Notes::default() }, now()).await.unwrap();
    let asked = lab.discord.dispatch(slash("stats", &[("days", "7")]).by(STAFF)).await;
    let shown = asked.edited().await;
    assert!(description(&shown).contains("Asked 3, answered 1, worked 1, did not 0, handed over 0"), "{shown}");
    assert!(description(&shown).contains(" 1.     2        1      1   0      0  cannot-send-email"), "{shown}");
    assert!(description(&shown).contains("(no entry)"), "{shown}");
    assert!(file(&lab, &asked.message().unwrap(), "stats.png").starts_with(b"\x89PNG"));
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_decided_is_told_for_a_question() {
    let lab = Lab::configured(By::Gateway, with_staff()).await;
    let why = slash("why", &[("question", "nothing arrives in my inbox ``` @everyone")]).by(STAFF);
    let told = lab.discord.dispatch(why).await.edited().await;
    assert!(description(&told).contains("cannot-receive-email"), "{told}");
    assert!(description(&told).contains("What spoke for `"), "{told}");
    lab.finish().await;
}

/// A copy of the shipped knowledge.
fn knowledge() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("knowledge");
    for room in ["entries", "findings", "bounces", "rules"] {
        fs::create_dir(folder.path().join(room)).unwrap();
        for file in fs::read_dir(shipped.join(room)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(room).join(file.file_name())).unwrap();
        }
    }
    folder
}

fn retitle(folder: &Path, title: &str) {
    let path = folder.join("entries/cannot-receive-email.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("title = ").unwrap();
    let rest = rest.split_once('\n').unwrap().1;
    // In one step, as editors save.
    let beside = folder.join("saved");
    fs::write(&beside, format!("{before}title = {title}\n{rest}")).unwrap();
    fs::rename(&beside, &path).unwrap();
}

async fn title_now(lab: &Lab) -> String {
    let asked = lab.discord.dispatch(slash("answer", &[("entry", "cannot-receive-email")]).by(NEIGHBOUR)).await;
    title(&asked.replied().await).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_takes_in_what_is_good_and_keeps_the_last_good_of_what_is_not() {
    let folder = knowledge();
    let mut config = with_staff();
    config.knowledge.path = Some(folder.path().to_owned());
    let lab = Lab::configured(By::Gateway, config).await;
    let reload = || slash("reload", &[]).by(STAFF);
    retitle(folder.path(), "\"The new title\"");
    assert_eq!(title(&lab.discord.dispatch(reload()).await.edited().await), "Taken in");
    assert_eq!(title_now(&lab).await, "The new title");
    retitle(folder.path(), "\"\"\nnonsense = 1");
    let refused = lab.discord.dispatch(reload()).await.edited().await;
    assert_eq!(title(&refused), "Nothing was taken in");
    assert!(description(&refused).contains("cannot-receive-email.toml:"), "{refused}");
    assert!(description(&refused).contains("nonsense"), "{refused}");
    assert_eq!(title_now(&lab).await, "The new title");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_changes_is_taken_in_without_being_asked() {
    let folder = knowledge();
    let mut config = Config::default();
    config.knowledge.path = Some(folder.path().to_owned());
    config.limits.person = 100_000;
    config.limits.channel = 100_000;
    config.limits.guild = 100_000;
    let lab = Lab::configured(By::Gateway, config).await;
    let before = title_now(&lab).await;
    retitle(folder.path(), "\"Saved\"");
    tokio::time::timeout(Duration::from_mins(2), async {
        while title_now(&lab).await == before {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(title_now(&lab).await, "Saved");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_get_what_is_kept_of_them_and_have_it_deleted_after_a_second_question() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    ask_in_vain(&lab, "how do I export my calendar").await;
    let export = lab.discord.dispatch(slash("privacy export", &[]).in_dm()).await;
    assert_eq!(export.acknowledged().await.body["data"]["flags"], 64);
    export.edited().await;
    let kept: Value =
        serde_json::from_slice(&file(&lab, &export.message().unwrap(), "mailmedic-about-you.json")).unwrap();
    assert_eq!(kept["questions"][0]["question"], "how do I export my calendar");
    let other = lab.discord.dispatch(slash("privacy export", &[]).by(NEIGHBOUR)).await;
    other.edited().await;
    let others: Value =
        serde_json::from_slice(&file(&lab, &other.message().unwrap(), "mailmedic-about-you.json")).unwrap();
    assert_eq!(others["questions"], json!([]));
    let delete = lab.discord.dispatch(slash("privacy delete", &[])).await;
    delete.edited().await;
    assert_eq!(lab.store.open().await.gaps(guild(), 9).await.unwrap().len(), 1);
    let really = delete.component("Delete it").unwrap();
    assert_eq!(title(&lab.discord.dispatch(button(&really)).await.edited().await), "Forgotten");
    assert_eq!(lab.store.open().await.gaps(guild(), 9).await.unwrap(), []);
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_entry_has_a_page_that_a_browser_may_do_nothing_with_but_show() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let get = async |path: &str| reqwest::get(format!("{}{path}", lab.address)).await.unwrap();
    let index = get("/e").await;
    assert!(index.url().path().ends_with("/e/"));
    let index = index.text().await.unwrap();
    for id in index.split("href=\"./").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let page = get(&format!("/e/{id}")).await;
        assert_eq!(page.status(), 200, "{id}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
        assert_eq!(page.headers()["x-content-type-options"], "nosniff");
        assert!(page.text().await.unwrap().contains("<h1>"), "{id}");
    }
    assert!(index.matches("<li>").count() > 10);
    let missing = get("/e/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(missing.status(), 404);
    let missing = missing.text().await.unwrap();
    assert!(missing.contains("cannot-receive-email") && !missing.contains("script"), "{missing}");
    assert_eq!(get("/e/style.css").await.headers()["content-type"], "text/css; charset=utf-8");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_registered_in_five_languages_and_those_of_staff_hidden_from_others() {
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let commands = lab.discord.commands().await;
    let of = |name: &str| commands.iter().find(|command| command["name"] == name).unwrap();
    for name in ["settings", "gaps", "adopt", "stats", "reload", "why", "audit"] {
        assert_eq!(of(name)["default_member_permissions"], "32", "{name}");
        assert_eq!(of(name)["contexts"], json!([0]), "{name}");
    }
    for name in ["answer", "privacy", "watch", "ask"] {
        assert_eq!(of(name)["default_member_permissions"], Value::Null, "{name}");
    }
    for command in &commands {
        assert_eq!(command["name_localizations"].as_object().unwrap().len(), 5, "{}", command["name"]);
    }
    assert_eq!(of("answer")["options"][1]["name_localizations"]["de"], "für");
    lab.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_signal_takes_the_knowledge_in_anew() {
    // What is in the binary does not change by itself: only the signal can be why it is read.
    let lab = Lab::configured(By::Gateway, Config::default()).await;
    let process = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
    let taken_in = || lab.discord.logs().iter().any(|line| line.contains("the knowledge was taken in anew"));
    tokio::time::timeout(Duration::from_mins(1), async {
        while !taken_in() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    lab.finish().await;
}

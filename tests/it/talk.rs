//! The bot in support channels and forums: when it answers unasked, when it keeps quiet, and what its buttons do.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailmedic::config::Config;
use mailmedic::engine::Engine;
use mailmedic::moment::Moment;
use mailmedic::probe::Resolver;
use mailmedic::request::FIND_THE_REMEDY;
use mailmedic::store::{Channel, Counts, Guild, Person as Id, QuietHours, Settings as Set, Subject};
use mailmedic::surface::discord::{Bot, Serving, replace_commands};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::discord::channels::permission;
use crate::discord::faults::Fault as Trouble;
use crate::discord::fixtures::{
    BOT, CUSTOMER, FORUM, GUILD, LOUNGE, MAIL_TAG, MANAGER, NEIGHBOUR, Person, SOLVED_TAG, STAFF, STAFF_ROLE, SUPPORT,
    button, mention, message_command, modal, said, slash,
};
use crate::discord::gateway::intents;
use crate::discord::routes::Operation;
use crate::discord::said::Said;
use crate::discord::{Settings, StandIn};
use crate::lab;
use crate::nameserver::{Fault, NameServer, Zones};
use crate::store::Place;

/// What the shipped knowledge answers, with and without a domain to look at.
pub(crate) const NOTHING_ARRIVES: &str = "nothing arrives in my inbox since friday";
const IN_SPAM: &str = "my mails land in spam";
/// What it offers choices for.
const LOG_IN: &str = "I can't log in";

/// A running bot.
struct Running {
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

/// A Discord in which staff chose a channel and a forum, a name server, and the place of the store.
pub(crate) struct Lab {
    pub(crate) discord: StandIn,
    names: NameServer,
    engine: Arc<Engine>,
    pub(crate) store: Place,
    bots: Vec<Running>,
}

/// The configuration in which a channel, a forum and the role of staff are named.
fn chosen() -> Config {
    let mut config = Config::default();
    config.discord.channels = vec![SUPPORT.parse().unwrap()];
    config.discord.forums = vec![FORUM.parse().unwrap()];
    config.discord.staff_roles = vec![STAFF_ROLE.parse().unwrap()];
    config.discord.mention_role = Some(STAFF_ROLE.parse().unwrap());
    config
}

impl Lab {
    pub(crate) async fn start(zones: Zones) -> Self {
        Self::configured(zones, chosen()).await
    }

    pub(crate) async fn configured(zones: Zones, config: Config) -> Self {
        let granted_intents = intents::MESSAGE_CONTENT;
        let heartbeat = Duration::from_secs(1);
        let discord = StandIn::start_with(Settings { heartbeat, granted_intents, ..Settings::default() }).await;
        let names = NameServer::start(zones).await;
        let patience = config.resolver.timeout;
        let engine = lab::engine_on(Arc::new(Resolver::new(&[names.address()], patience)), config);
        // Getting ready takes this thread for a while: before any bot has a heart that must beat.
        engine.get_ready().unwrap();
        let mut lab = Self { discord, names, engine, store: Place::file(), bots: Vec::new() };
        replace_commands(&lab.discord.http(), None).await.unwrap();
        lab.add_bot().await;
        lab
    }

    /// One more process with the same store.
    pub(crate) async fn add_bot(&mut self) {
        let bot = Bot::new(
            Arc::clone(&self.engine),
            Arc::new(self.discord.http()),
            self.store.open().await,
            reqwest::Client::new(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving =
            Serving { gateway: Some(self.discord.http()), shared: None, public_key: None, listener, mailbox: None };
        let (stop, stopped) = oneshot::channel();
        let before = self.discord.gateway().identifies();
        let serving = tokio::spawn(async move {
            let shutdown = async move { stopped.await.unwrap_or_default() };
            bot.serve(serving, shutdown).await.unwrap();
        });
        self.bots.push(Running { stop, serving });
        self.discord.gateway().identified(before + 1).await;
        self.discord.gateway().connected().await;
    }

    pub(crate) async fn set(&self, change: impl FnOnce(&mut Set) + Send) {
        let store = self.store.open().await;
        store.change_settings(guild(), Id(1), SystemTime::now().into(), change).await.unwrap();
    }

    async fn counts(&self, entry: &str) -> Counts {
        let counts = self.store.open().await.counts(guild(), SystemTime::now().into()).await.unwrap();
        counts.into_iter().find(|counts| counts.entry == entry).unwrap_or_default()
    }

    /// Panics if the bot did something about these messages by the time it has answered a later one.
    pub(crate) async fn stays_quiet(&self, about: &[&Said]) {
        let later = self.discord.say(mention("/help").by(NEIGHBOUR).in_channel(LOUNGE)).await;
        later.replied().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        for said in about {
            let threads = said.deeds().into_iter().filter(|deed| deed.message.as_deref() == Some(said.id()));
            let wrote = said.in_its_thread().deeds();
            let here = said.deeds().into_iter().filter(|deed| {
                said.channel() != SUPPORT && said.channel() != LOUNGE && deed.what == Operation::CreateMessage
            });
            let all: Vec<_> = threads.chain(wrote).chain(here).collect();
            assert!(all.is_empty(), "{}: {all:?}", said.object()["content"]);
        }
    }

    /// Stops a bot, and starts another with the same store.
    pub(crate) async fn restart(&mut self) {
        self.bots.remove(0).stop().await;
        self.add_bot().await;
    }

    pub(crate) async fn finish(self) {
        for bot in self.bots {
            bot.stop().await;
        }
        self.discord.finish().await;
    }
}

fn guild() -> Guild {
    GUILD.parse().unwrap()
}

fn title(body: &Value) -> &str {
    body["embeds"][0]["title"].as_str().unwrap_or_default()
}

fn description(body: &Value) -> &str {
    body["embeds"][0]["description"].as_str().unwrap_or_default()
}

fn footer(body: &Value) -> &str {
    body["embeds"][0]["footer"]["text"].as_str().unwrap_or_default()
}

/// The buttons of a message: each label with its `custom_id`.
fn buttons(body: &Value) -> Vec<(String, String)> {
    let rows = body["components"].as_array().into_iter().flatten();
    let all = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|one| (text(&one["label"]), text(&one["custom_id"]))).collect()
}

pub(crate) fn press(body: &Value, label: &str) -> String {
    let all = buttons(body);
    let found = all.iter().find(|(other, _)| other == label);
    found.unwrap_or_else(|| panic!("no button `{label}` in {all:?}")).1.clone()
}

#[tokio::test]
async fn a_question_in_a_chosen_channel_is_answered_once_in_a_thread_of_its_own() {
    let lab = Lab::start(Zones::default()).await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES)).await;
    let answer = asked.in_its_thread().replied().await.body;
    let opened = asked.deeds().into_iter().find(|deed| deed.what == Operation::StartThread).unwrap();
    assert_eq!((opened.message.as_deref(), &opened.body["name"]), (Some(asked.id()), &answer["embeds"][0]["title"]));
    let labels: Vec<String> = buttons(&answer).into_iter().map(|(label, _)| label).collect();
    for label in ["Check my domain", "That worked", "Did not help", "Talk to a person"] {
        assert!(labels.iter().any(|other| other == label), "{labels:?}");
    }
    // More of the same, in the thread and in the channel, is no new question; asked, the bot answers again.
    let more = lab.discord.say(said("still nothing arrives in my inbox").in_channel(asked.id())).await;
    let beside = lab.discord.say(said("and I cannot send mail")).await;
    lab.stays_quiet(&[&more, &beside]).await;
    let again = lab.discord.say(mention("and I cannot send mail").in_channel(asked.id())).await;
    assert_eq!(title(&again.replied().await.body), "Email cannot be sent");
    lab.finish().await;
}

#[tokio::test]
async fn a_bounce_that_is_pasted_into_a_channel_is_read_without_naming_its_people_and_nothing_of_it_is_kept() {
    let lab = Lab::start(Zones::default()).await;
    let bounce = "From: Mail Delivery System <MAILER-DAEMON@host.example>\nSubject: Undelivered Mail for Anna\n\n\
                  <bob.secret@elsewhere.example>: host mx.elsewhere.example[192.0.2.7] said: 550 5.1.1\n    \
                  <bob.secret@elsewhere.example>: Recipient address rejected: User unknown";
    let asked = lab.discord.say(said(bounce)).await;
    let answer = asked.in_its_thread().replied().await.body.to_string();
    assert!(answer.contains("elsewhere.example") && !answer.contains("bob.secret"), "{answer}");
    let opened = asked.deeds().into_iter().find(|deed| deed.what == Operation::StartThread).unwrap();
    assert!(!opened.body.to_string().contains("host.example"), "{}", opened.body);
    let kept = lab.store.open().await.export(CUSTOMER.id.parse().unwrap()).await.unwrap();
    let kept = serde_json::to_string(&kept).unwrap();
    assert!(!["Undelivered", "Anna", "bob"].iter().any(|private| kept.contains(private)), "{kept}");
    lab.finish().await;
}

#[tokio::test]
async fn a_forum_post_is_answered_in_its_thread_and_the_evidence_is_edited_in() {
    let mut zones = Zones::load(&["spf"]);
    let _rule = zones.fault("*", Fault::Delay(Duration::from_millis(1200))).only("TXT");
    let lab = Lab::start(zones).await;
    let post = lab.discord.open_forum_post("Spam!", said("my mails land in spam at two-spf.example")).await;
    let first = post.replied().await;
    assert!(footer(&first.body).starts_with("Still looking"), "{}", first.body);
    assert!(first.body["message_reference"].is_null());
    let whole = post.edits(&first, 1).await.remove(0);
    assert!(description(&whole).contains("More than one SPF record"), "{whole}");
    assert!(!buttons(&whole).iter().any(|(label, _)| label == "Check my domain"), "{whole}");
    let counts = lab.counts("sent-email-in-spam").await;
    assert_eq!((counts.asked, counts.answered), (1, 1));
    lab.finish().await;
}

#[tokio::test]
async fn choices_are_offered_where_several_entries_may_fit() {
    let lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Help", said(LOG_IN)).await;
    let offer = post.replied().await;
    assert_eq!(title(&offer.body), "Is it one of these?");
    let entry = buttons(&offer.body).remove(0);
    assert!(entry.1.starts_with("entry:"), "{entry:?}");
    let chosen = lab.discord.dispatch(button(&entry.1).in_channel(post.channel())).await;
    let answer = chosen.edited().await;
    assert_eq!(title(&answer), entry.0);
    press(&answer, "That worked");
    lab.finish().await;
}

#[tokio::test]
async fn programs_staff_and_talk_between_people_get_no_answer() {
    let lab = Lab::start(Zones::default()).await;
    let neighbour = lab.discord.say(said("hello all").by(NEIGHBOUR)).await;
    let mut all = vec![
        lab.discord.say(said(NOTHING_ARRIVES).by(BOT)).await,
        lab.discord.say(said(NOTHING_ARRIVES).by(STAFF)).await,
        lab.discord.say(said(NOTHING_ARRIVES).replying_to(&neighbour.object())).await,
        lab.discord.say(said(&format!("<@{}> {NOTHING_ARRIVES}", NEIGHBOUR.id))).await,
        lab.discord.say(said(&format!("@everyone <@&{STAFF_ROLE}> {NOTHING_ARRIVES}"))).await,
        lab.discord.say(said("thanks, that was quick")).await,
        lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await,
        neighbour,
    ];
    // Somebody else's post, and then one in which somebody else has spoken.
    let post = lab.discord.open_forum_post("Hello", said("hello all")).await;
    all.push(lab.discord.say(said(NOTHING_ARRIVES).by(NEIGHBOUR).in_channel(post.channel())).await);
    all.push(lab.discord.say(said(NOTHING_ARRIVES).in_channel(post.channel())).await);
    all.push(post);
    // A question in the middle of a conversation.
    all.push(lab.discord.say(said("hello ben, how are you?")).await);
    all.push(lab.discord.say(said(NOTHING_ARRIVES)).await);
    lab.stays_quiet(&all.iter().collect::<Vec<_>>()).await;
    lab.finish().await;
}

#[tokio::test]
async fn a_post_that_begins_with_a_greeting_is_answered_where_its_question_comes_and_once() {
    let lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Hello", said("hello all")).await;
    lab.stays_quiet(&[&post]).await;
    let question = lab.discord.say(said(NOTHING_ARRIVES).in_channel(post.channel())).await;
    assert_eq!(title(&question.replied().await.body), "Email does not arrive");
    let more = lab.discord.say(said("and I cannot send mail").in_channel(post.channel())).await;
    lab.stays_quiet(&[&more]).await;
    assert_eq!(lab.store.open().await.gaps(guild(), 10).await.unwrap().len(), 1);
    lab.finish().await;
}

#[tokio::test]
async fn whoever_asks_faster_than_is_good_is_not_answered_and_asks_again_later() {
    let lab = Lab::start(Zones::default()).await;
    let store = lab.store.open().await;
    let me = CUSTOMER.id.parse().unwrap();
    // The window may end meanwhile; twice as many as one may in it are too many in any case.
    for _ in 0..21 {
        let _ = store.spend(vec![Subject::Person(me)], None, SystemTime::now().into()).await.unwrap();
    }
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    lab.stays_quiet(&[&post]).await;
    assert_eq!(store.talk(post.channel().parse().unwrap(), me).await.unwrap(), None);
    lab.store.run("DELETE FROM spent").await;
    let again = lab.discord.say(said(NOTHING_ARRIVES).in_channel(post.channel())).await;
    again.replied().await;
    lab.finish().await;
}

#[tokio::test]
async fn the_remedy_for_somebodys_message_is_theirs_to_judge() {
    let lab = Lab::start(Zones::default()).await;
    let message = lab.discord.say(said(NOTHING_ARRIVES).by(NEIGHBOUR).in_channel(LOUNGE)).await;
    let found = message_command(FIND_THE_REMEDY, "").on(&message.object()).in_channel(LOUNGE);
    let answer = lab.discord.dispatch(found).await.edited().await;
    let worked = || button(&press(&answer, "That worked")).in_channel(LOUNGE);
    let helper = lab.discord.dispatch(worked()).await;
    assert_eq!(title(&helper.edited().await), "This is somebody else's question");
    let theirs = lab.discord.dispatch(worked().by(NEIGHBOUR)).await;
    assert_eq!(title(&theirs.edited().await), "Good to hear");
    assert_eq!(message.reacted().await, "%E2%9C%85");
    lab.finish().await;
}

#[tokio::test]
async fn what_staff_set_is_in_force_at_once() {
    let lab = Lab::start(Zones::default()).await;
    let before = lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await;
    lab.stays_quiet(&[&before]).await;
    let add = slash("settings channels", &[("change", "add"), ("channel", LOUNGE)]).by(STAFF);
    assert_eq!(title(&lab.discord.dispatch(add).await.edited().await), "Changed");
    let asked = lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await;
    asked.in_its_thread().replied().await;
    lab.finish().await;
}

#[tokio::test]
async fn whoever_manages_the_guild_is_staff_without_a_role_and_unless_discord_says_so_nobody_is() {
    let mut config = chosen();
    config.discord.staff_roles.clear();
    config.discord.channels.push(LOUNGE.parse().unwrap());
    let lab = Lab::configured(Zones::default(), config).await;
    lab.discord.trouble(Operation::GetGuild, Trouble::Status(500), 1);
    let unknown = lab.discord.say(said(NOTHING_ARRIVES).by(MANAGER).in_channel(LOUNGE)).await;
    unknown.in_its_thread().replied().await;
    let manager = lab.discord.say(said(NOTHING_ARRIVES).by(MANAGER)).await;
    // The guild is theirs.
    let owner = lab.discord.say(said(NOTHING_ARRIVES).by(STAFF)).await;
    lab.stays_quiet(&[&manager, &owner]).await;
    lab.finish().await;
}

#[tokio::test]
async fn after_a_restart_the_bot_knows_where_it_has_answered() {
    let mut lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    post.replied().await;
    lab.restart().await;
    let more = lab.discord.say(said("I cannot send mail").in_channel(post.channel())).await;
    lab.stays_quiet(&[&more]).await;
    lab.finish().await;
}

#[tokio::test]
async fn a_question_that_somebody_answers_first_is_left_to_them() {
    let lab = Lab::start(Zones::default()).await;
    let pause = Duration::from_millis(500);
    lab.discord.trouble(Operation::ListMessages, Trouble::RateLimited(pause), 1);
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    lab.discord.say(said("who has your MX records?").by(NEIGHBOUR).in_channel(post.channel())).await;
    tokio::time::sleep(pause).await;
    lab.stays_quiet(&[&post]).await;
    assert_eq!(lab.counts("cannot-receive-email").await.asked, 0);
    assert!(lab.discord.journal().iter().any(|line| line.contains("/messages -> 200") && line.contains("GET")));
    lab.finish().await;
}

#[tokio::test]
async fn of_two_processes_that_hear_a_question_one_answers() {
    let mut lab = Lab::start(Zones::default()).await;
    lab.add_bot().await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES)).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    asked.in_its_thread().replied().await;
    post.replied().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let wrote = |said: &Said| said.deeds().iter().filter(|deed| deed.what == Operation::CreateMessage).count();
    assert_eq!((wrote(&asked.in_its_thread()), wrote(&post)), (1, 1));
    assert_eq!(lab.counts("cannot-receive-email").await.asked, 2);
    lab.finish().await;
}

#[tokio::test]
async fn what_staff_set_for_their_guild_goes_before_the_configuration() {
    let lab = Lab::start(Zones::default()).await;
    let lounge: Channel = LOUNGE.parse().unwrap();
    lab.set(|settings| {
        settings.channels.push(lounge);
        settings.answer_at = Some(0.999);
    })
    .await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await;
    assert_eq!(title(&asked.in_its_thread().replied().await.body), "Is it one of these?");
    lab.finish().await;
}

#[tokio::test]
async fn where_staff_say_by_command_the_bot_answers_and_calls_whom_they_say() {
    const HELPERS: &str = "1180000000000000024";
    let lab = Lab::start(Zones::default()).await;
    for (part, given) in [
        ("settings channels", &[("change", "add"), ("channel", LOUNGE)][..]),
        ("settings mention", &[("role", HELPERS)]),
    ] {
        let changed = lab.discord.dispatch(slash(part, given).by(STAFF)).await.edited().await;
        assert_eq!(title(&changed), "Changed", "{changed}");
    }
    let thread = lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await.in_its_thread();
    let answer = thread.replied().await.body;
    let id = press(&answer, "Talk to a person");
    let pressed = lab.discord.dispatch(button(&id).in_channel(thread.channel())).await;
    assert_eq!(title(&pressed.edited().await), "A person will answer here");
    let call = thread.replies(2).await.remove(1).body;
    assert_eq!(call["content"], format!("<@&{HELPERS}>"));
    assert_eq!(call["allowed_mentions"]["roles"], serde_json::json!([HELPERS]));
    lab.finish().await;
}

#[tokio::test]
async fn a_channel_that_staff_chose_is_read_without_a_word_in_the_configuration() {
    let lab = Lab::configured(Zones::default(), Config::default()).await;
    lab.set(|settings| settings.channels.push(LOUNGE.parse().unwrap())).await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES).in_channel(LOUNGE)).await;
    asked.in_its_thread().replied().await;
    lab.finish().await;
}

#[tokio::test]
async fn a_domain_that_was_spoken_of_before_in_the_thread_is_looked_at() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let post = lab.discord.open_forum_post("Hello", said("hello all, we are two-spf.example")).await;
    lab.stays_quiet(&[&post]).await;
    let asked = lab.discord.say(mention(IN_SPAM).in_channel(post.channel())).await;
    let answer = asked.replied().await.body;
    assert!(description(&answer).contains("More than one SPF record"), "{answer}");
    lab.finish().await;
}

#[tokio::test]
async fn a_domain_in_a_posts_title_or_in_the_message_that_a_thread_was_opened_from_is_looked_at() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let post = lab.discord.open_forum_post("two-spf.example", said(IN_SPAM)).await;
    let first = lab.discord.say(said("hello all, we are two-spf.example")).await;
    let thread = lab.discord.open_thread(&first, "Help");
    let asked = lab.discord.say(said(IN_SPAM).in_channel(&thread)).await;
    for said in [post, asked] {
        let answer = said.replied().await.body;
        assert!(description(&answer).contains("More than one SPF record"), "{answer}");
    }
    lab.finish().await;
}

#[tokio::test]
async fn a_word_on_an_answer_counts_from_who_asked_or_staff_and_solves_the_question() {
    let lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    let answer = post.replied().await.body;
    let worked = press(&answer, "That worked");
    let other = lab.discord.dispatch(button(&worked).by(NEIGHBOUR).in_channel(post.channel())).await;
    assert_eq!(other.acknowledged().await.body["data"]["flags"], 64);
    assert_eq!(title(&other.edited().await), "This is somebody else's question");
    assert_eq!(lab.counts("cannot-receive-email").await.worked, 0);
    let own = lab.discord.dispatch(button(&worked).in_channel(post.channel())).await;
    assert_eq!(own.acknowledged().await.body["data"]["flags"], 64);
    assert_eq!(title(&own.edited().await), "Good to hear");
    assert_eq!(post.reacted().await, "%E2%9C%85");
    let twice = lab.discord.dispatch(button(&worked).in_channel(post.channel())).await;
    twice.edited().await;
    assert_eq!(lab.counts("cannot-receive-email").await.worked, 1);
    let staff = lab.discord.dispatch(button(&worked).by(STAFF).in_channel(post.channel())).await;
    assert_eq!(title(&staff.edited().await), "Good to hear");
    lab.finish().await;
}

#[tokio::test]
async fn a_post_that_is_solved_gets_the_forums_tag_beside_its_own_where_there_is_room() {
    let lab = Lab::start(Zones::default()).await;
    lab.discord.allow(FORUM, permission::MANAGE_THREADS);
    let others: Vec<String> = (1..=5).map(|number: u64| number.to_string()).collect();
    for (tags, after) in [
        (vec![MAIL_TAG], vec![MAIL_TAG, SOLVED_TAG]),
        (vec![SOLVED_TAG], vec![SOLVED_TAG]),
        (others.iter().map(String::as_str).collect(), others.iter().map(String::as_str).collect()),
    ] {
        let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
        let answer = post.replied().await.body;
        lab.discord.tag(post.channel(), &tags);
        let worked = lab.discord.dispatch(button(&press(&answer, "That worked")).in_channel(post.channel())).await;
        worked.edited().await;
        post.reacted().await;
        lab.discord.happened(&format!("GET /api/v10/channels/{}", post.channel())).await;
        lab.stays_quiet(&[]).await;
        assert_eq!(lab.discord.channel(post.channel())["applied_tags"], json!(after));
    }
    lab.finish().await;
}

#[tokio::test]
async fn an_answer_to_a_command_bears_the_mark_itself_and_solves_nobodys_post() {
    let lab = Lab::start(Zones::default()).await;
    lab.discord.allow(FORUM, permission::MANAGE_THREADS);
    let post = lab.discord.open_forum_post("Hello", said("hello all")).await;
    let ask = || slash("ask", &[("question", NOTHING_ARRIVES)]).in_channel(post.channel());
    let asked = lab.discord.dispatch(ask()).await;
    let worked = press(&asked.edited().await, "That worked");
    lab.discord.dispatch(button(&worked).in_channel(post.channel())).await.edited().await;
    let answer = asked.message().unwrap()["id"].as_str().unwrap().to_owned();
    lab.discord.happened(&format!("/messages/{answer}/reactions/%E2%9C%85/@me -> 204")).await;
    // What one person alone sees bears none.
    let alone = slash("ask", &[("question", NOTHING_ARRIVES), ("private", "true")]).in_channel(post.channel());
    let alone = lab.discord.dispatch(alone).await;
    let worked = press(&alone.edited().await, "That worked");
    lab.discord.dispatch(button(&worked).in_channel(post.channel())).await.edited().await;
    lab.stays_quiet(&[]).await;
    let reactions = post.deeds().into_iter().filter(|deed| deed.what == Operation::React).count();
    assert_eq!((reactions, &lab.discord.channel(post.channel())["applied_tags"]), (1, &json!([])));
    lab.finish().await;
}

#[tokio::test]
async fn two_answers_in_one_thread_are_two_messages() {
    let lab = Lab::start(Zones::default()).await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES)).await;
    let nonce = asked.in_its_thread().replied().await.body["nonce"].clone();
    assert_eq!(nonce, asked.id());
    lab.finish().await;
}

#[tokio::test]
async fn forged_presses_do_nothing() {
    let lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    post.replied().await;
    let talk = post.channel();
    for (forged, expected) in [
        (format!("worked:{talk}:no-such-entry"), "That entry is gone"),
        ("person:1".to_owned(), "That was too long ago"),
        ("worked:1:cannot-receive-email".to_owned(), "That was too long ago"),
    ] {
        let pressed = lab.discord.dispatch(button(&forged).in_channel(post.channel())).await;
        assert_eq!(title(&pressed.edited().await), expected, "{forged}");
    }
    for forged in ["person:x", "worked:7", "domain:", "share:", "failed:-1:x"] {
        let pressed = lab.discord.dispatch(button(forged)).await;
        assert_eq!(pressed.acknowledged().await.kind, 4, "{forged}");
    }
    let counts = lab.counts("cannot-receive-email").await;
    assert_eq!((counts.worked, counts.did_not, counts.handed_over), (0, 0, 0));
    lab.finish().await;
}

/// Somebody who manages a guild.
const FOREIGN_MANAGER: Person = Person { permissions: CUSTOMER.permissions | 1 << 5, ..NEIGHBOUR };
/// A guild with which the bot's other guilds have nothing to do.
const ELSEWHERE: &str = "1180000000000000011";

#[tokio::test]
async fn staff_of_another_guild_learn_nothing_of_a_talk_by_a_forged_press() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let post = lab.discord.open_forum_post("Spam", said("we are two-spf.example, my mails land in spam")).await;
    let answer = post.replied().await.body;
    let (talk, entry) = (post.channel(), "sent-email-in-spam");
    for forged in [format!("worked:{talk}:{entry}"), format!("failed:{talk}:{entry}"), format!("person:{talk}")] {
        let pressed = lab.discord.dispatch(button(&forged).by(FOREIGN_MANAGER).in_guild(ELSEWHERE)).await;
        let told = pressed.edited().await;
        assert_eq!(title(&told), "This is somebody else's question", "{forged}");
        assert!(!told.to_string().contains("two-spf"), "{told}");
    }
    let form = modal(&format!("domain:{talk}:{entry}"), &[("line", "no-spf.example")]);
    let sent = lab.discord.dispatch(form.by(FOREIGN_MANAGER).in_guild(ELSEWHERE)).await;
    assert_eq!(sent.acknowledged().await.body["data"]["flags"], 64);
    let told = sent.follow_ups(1).await.remove(0);
    assert!(!buttons(&told).iter().any(|(_, id)| id.contains(talk)), "{told}");
    assert_eq!(lab.store.open().await.waiting().await.unwrap().waiting, 0);
    let here = lab.discord.dispatch(button(&press(&answer, "That worked")).by(FOREIGN_MANAGER).in_channel(talk)).await;
    assert_eq!(title(&here.edited().await), "Good to hear");
    lab.finish().await;
}

#[tokio::test]
async fn what_did_not_help_is_followed_by_the_next_entry_or_a_person() {
    let lab = Lab::start(Zones::default()).await;
    let asked = lab.discord.dispatch(slash("ask", &[("question", "I cannot send mail")])).await;
    let answer = asked.edited().await;
    let failed = lab.discord.dispatch(button(&press(&answer, "Did not help"))).await;
    let next = failed.edited().await;
    assert_eq!(title(&next), "Sorry that it did not help");
    press(&next, "Talk to a person");
    let other = buttons(&next).into_iter().find(|(_, id)| id.starts_with("entry:")).expect("another entry");
    let chosen = lab.discord.dispatch(button(&other.1)).await;
    assert_eq!(title(&chosen.edited().await), other.0);
    assert_eq!(lab.counts("cannot-send-email").await.did_not, 1);
    lab.finish().await;
}

#[tokio::test]
async fn a_person_is_called_once_however_often_two_press_and_knows_what_the_bot_knows() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let text = "we are two-spf.example, my mails to jane@shop.example land in spam ``` @everyone";
    let post = lab.discord.open_forum_post("Spam", said(text)).await;
    let answer = post.replied().await;
    let id = press(&answer.body, "Talk to a person");
    let neighbour = lab.discord.dispatch(button(&id).by(NEIGHBOUR).in_channel(post.channel())).await;
    assert_eq!(title(&neighbour.edited().await), "This is somebody else's question");
    let pressed = || lab.discord.dispatch(button(&id).in_channel(post.channel()));
    let (one, two) = tokio::join!(pressed(), pressed());
    let staff = lab.discord.dispatch(button(&id).by(STAFF).in_channel(post.channel())).await;
    let mut told = Vec::new();
    for press in [one, two, staff] {
        told.push(title(&press.edited().await).to_owned());
    }
    told.sort();
    assert_eq!(told, ["A person will answer here", "They know", "They know"]);
    let call = post.replies(2).await.remove(1).body;
    assert_eq!(call["content"], format!("<@&{STAFF_ROLE}>"));
    let summary = description(&call);
    for part in ["j\\*\\*\\*@", "Tried: “", "Looked at: two-spf.example", "More than one SPF record: v=spf1"] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    assert!(!summary.contains("@everyone") && !summary.contains("jane"), "{summary}");
    lab.stays_quiet(&[]).await;
    let calls = post.deeds().into_iter().filter(|deed| deed.what == Operation::CreateMessage).count();
    assert_eq!(calls, 2);
    assert_eq!(lab.counts("sent-email-in-spam").await.handed_over, 1);
    lab.finish().await;
}

#[tokio::test]
async fn in_quiet_hours_nobody_is_called_before_their_end_of_which_the_person_hears() {
    let lab = Lab::start(Zones::default()).await;
    // From an hour ago to an hour from now.
    let minute = Moment::from(SystemTime::now()).0 / 60_000 % 1440;
    let at = |minute: i64| u16::try_from(minute % 1440).unwrap();
    let quiet = QuietHours { from: at(minute + 1380), to: at(minute + 60), ahead: 0 };
    lab.set(|settings| settings.quiet = Some(quiet)).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    let answer = post.replied().await.body;
    let pressed = lab.discord.dispatch(button(&press(&answer, "Talk to a person")).in_channel(post.channel())).await;
    assert!(description(&pressed.edited().await).starts_with("Staff are away now and will be back in "));
    let again = lab.discord.dispatch(button(&press(&answer, "Talk to a person")).in_channel(post.channel())).await;
    assert!(description(&again.edited().await).contains("I call them then"));
    lab.stays_quiet(&[]).await;
    assert_eq!(post.replies(1).await.len(), 1);
    // Their end has come; another call wakes those who deliver.
    lab.store.run("UPDATE outbox SET due_at = 1").await;
    let other = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    let another = button(&press(&other.replied().await.body, "Talk to a person"));
    lab.discord.dispatch(another.in_channel(other.channel())).await.edited().await;
    let call = post.replies(2).await.remove(1).body;
    assert_eq!(call["content"], format!("<@&{STAFF_ROLE}>"));
    assert!(description(&call).contains("Question: "), "{call}");
    lab.finish().await;
}

#[tokio::test]
async fn where_nobody_is_named_to_be_called_the_person_is_told_so_and_sent_to_the_support() {
    let support = "https://support.host.example/";
    let mut config = chosen();
    config.discord.mention_role = None;
    config.brand.support_url = Some(support.to_owned());
    let lab = Lab::configured(Zones::default(), config).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    let id = press(&post.replied().await.body, "Talk to a person");
    for _ in 0..2 {
        let told = lab.discord.dispatch(button(&id).in_channel(post.channel())).await.edited().await;
        assert_eq!(title(&told), "I can call nobody here");
        assert!(told["components"].to_string().contains(support), "{told}");
    }
    let written = post.replies(2).await;
    assert!(written[1].body["content"].is_null() && description(&written[1].body).contains("Question: "));
    assert_eq!(written.len(), 2);
    lab.finish().await;
}

#[tokio::test]
async fn a_call_that_reaches_nobody_is_told_to_the_person_and_may_be_made_again() {
    let lab = Lab::start(Zones::default()).await;
    let post = lab.discord.open_forum_post("Mail", said(NOTHING_ARRIVES)).await;
    let id = press(&post.replied().await.body, "Talk to a person");
    let direct = lab.discord.say(said("what the bot writes").by(BOT).in_dm()).await;
    // Neither where it was asked for nor where those who manage the server would read it.
    lab.discord.trouble(Operation::CreateMessage, Trouble::Status(403), 2);
    let pressed = || lab.discord.dispatch(button(&id).in_channel(post.channel()));
    assert_eq!(title(&pressed().await.edited().await), "A person will answer here");
    assert_eq!(title(&direct.replied().await.body), "I could not call a person");
    lab.discord.logged("a notification was set aside").await;
    assert_eq!(title(&pressed().await.edited().await), "I call once more");
    assert_eq!(post.replies(2).await[1].body["content"], format!("<@&{STAFF_ROLE}>"));
    assert_eq!(title(&pressed().await.edited().await), "They know");
    lab.finish().await;
}

#[tokio::test]
async fn a_question_without_its_domain_gets_a_form_and_the_evidence_comes_into_the_same_message() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let post = lab.discord.open_forum_post("Spam", said(IN_SPAM)).await;
    let answer = post.replied().await.body;
    let id = press(&answer, "Check my domain");
    let opened = lab.discord.dispatch(button(&id).in_channel(post.channel())).await.acknowledged().await;
    assert_eq!((opened.kind, &opened.body["data"]["custom_id"]), (9, &Value::from(id.clone())));
    let wrong = lab.discord.dispatch(modal(&id, &[("line", "@everyone")]).in_channel(post.channel())).await;
    let refused = wrong.acknowledged().await;
    assert_eq!((refused.kind, &refused.body["data"]["flags"]), (4, &Value::from(64)));
    // Somebody else's look at a domain does not take the place of the answer.
    let other = modal(&id, &[("line", "no-spf.example")]).by(NEIGHBOUR).in_channel(post.channel());
    let other = lab.discord.dispatch(other).await;
    let aside = other.follow_ups(1).await.remove(0);
    assert_eq!(aside["flags"], 64);
    assert!(description(&aside).contains("no-spf.example"), "{aside}");
    let sent = lab.discord.dispatch(modal(&id, &[("line", "jane@two-spf.example")]).in_channel(post.channel())).await;
    assert_eq!(sent.acknowledged().await.kind, 6);
    let edited = sent.edited().await;
    assert_eq!(title(&edited), title(&answer));
    assert!(description(&edited).contains("More than one SPF record"), "{edited}");
    press(&edited, "That worked");
    lab.finish().await;
}

#[tokio::test]
async fn an_answer_for_one_is_shared_as_it_is_and_calls_nobody() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let private = slash("ask", &[("question", "my mails land in spam at two-spf.example"), ("private", "true")]);
    let asked = lab.discord.dispatch(private).await;
    let answer = asked.edited().await;
    press(&answer, "Talk to a person (public)");
    let questions = lab.names.questions().len();
    let shared = lab.discord.dispatch(button(&press(&answer, "Share"))).await;
    let acknowledged = shared.acknowledged().await;
    assert_eq!((acknowledged.kind, &acknowledged.body["data"]["flags"]), (5, &Value::Null));
    let public = shared.edited().await;
    assert_eq!((title(&public), description(&public)), (title(&answer), description(&answer)));
    assert!(buttons(&public).is_empty());
    assert_eq!(lab.names.questions().len(), questions);
    lab.finish().await;
}

#[tokio::test]
async fn what_nothing_fits_is_kept_masked_for_staff() {
    let lab = Lab::start(Zones::default()).await;
    let asked = [("question", "does jane@shop.example sell shoes")];
    lab.discord.dispatch(slash("ask", &asked)).await.edited().await;
    let overheard = lab.discord.say(said("is there a dark mode for email?")).await;
    let post = lab.discord.open_forum_post("Shoes", said("who sells shoes")).await;
    lab.stays_quiet(&[&overheard, &post]).await;
    let store = lab.store.open().await;
    let mut gaps = Vec::new();
    while gaps.len() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        gaps = store.gaps(guild(), 10).await.unwrap();
    }
    let mut questions: Vec<&str> = gaps.iter().map(|gap| gap.question.as_str()).collect();
    questions.sort_unstable();
    let expected = ["Shoes\nwho sells shoes", "does j***@s***.example sell shoes", "is there a dark mode for email?"];
    assert_eq!(questions, expected);
    assert_eq!(lab.counts("").await.asked, 3);
    assert_eq!(CUSTOMER.id, post.object()["author"]["id"]);
    lab.finish().await;
}

#[tokio::test]
async fn where_no_thread_may_be_opened_the_answer_is_a_reply() {
    let lab = Lab::start(Zones::default()).await;
    lab.discord.trouble(Operation::StartThread, Trouble::Status(403), 1);
    let asked = lab.discord.say(said(NOTHING_ARRIVES)).await;
    let answer = asked.replied().await.body;
    assert_eq!(answer["message_reference"]["message_id"], asked.id());
    let worked = lab.discord.dispatch(button(&press(&answer, "That worked"))).await;
    assert_eq!(title(&worked.edited().await), "Good to hear");
    assert_eq!(asked.reacted().await, "%E2%9C%85");
    lab.finish().await;
}

#[tokio::test]
async fn in_a_direct_message_a_person_is_called_by_nobody() {
    let lab = Lab::start(Zones::default()).await;
    let asked = lab.discord.say(said(NOTHING_ARRIVES).in_dm()).await;
    let answer = asked.replied().await.body;
    press(&answer, "That worked");
    let called = lab.discord.dispatch(button(&press(&answer, "Talk to a person")).in_dm()).await;
    assert!(description(&called.edited().await).starts_with("Nobody but me reads this."));
    assert_eq!(lab.store.open().await.waiting().await.unwrap().waiting, 0);
    lab.finish().await;
}

#[tokio::test]
async fn a_domain_looked_at_too_often_leaves_the_steps_and_says_why_they_are_not_marked() {
    let lab = Lab::start(Zones::load(&["spf"])).await;
    let store = lab.store.open().await;
    let domain: mailmedic::domain::Domain = "two-spf.example".parse().unwrap();
    // The window may end meanwhile; twice as many as one may in it are too many in any case.
    for _ in 0..21 {
        let _ = store.spend(vec![Subject::Domain(domain.clone())], None, SystemTime::now().into()).await.unwrap();
    }
    let asked = [("question", "my mails land in spam at two-spf.example")];
    let answer = lab.discord.dispatch(slash("ask", &asked)).await.edited().await;
    assert!(footer(&answer).contains("was looked at many times just now"), "{answer}");
    assert!(title(&answer).starts_with("Sent email lands"), "{answer}");
    lab.finish().await;
}

//! What people entrust to the store: settings, words on answers, questions; how often they may ask; and its end.

use std::time::Duration;

use mailmedic::config::Keep;
use mailmedic::store::{
    Address, Channel, Counts, Decision, Feedback, Guild, Interaction, Message, NewTalk, NewWatch, News, Notes,
    Occasion, Person, Role, Spending, Subject, Talk, Verdict,
};
use mailmedic::watch::{Seen, Until};

use super::place::{NOW, Place, after, both, keep};

const GUILD: Guild = Guild(900_000_000_000_000_001);
const JANE: Person = Person(u64::MAX - 1);
const STAFF: Person = Person(77);

#[test]
fn two_changes_of_settings_at_once_are_both_made() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let changes = (0..10u64).map(|n| {
            let store = if n % 2 == 0 { &one } else { &two };
            store.change_settings(GUILD, STAFF, NOW, move |settings| settings.staff_roles.push(Role(n)))
        });
        for changed in futures_util::future::join_all(changes).await {
            changed.unwrap();
        }
        assert_eq!(one.settings(GUILD).await.unwrap().staff_roles.len(), 10);
        let deeds = two.deeds(GUILD, 100).await.unwrap();
        assert_eq!(deeds.len(), 10);
        assert!(deeds.iter().all(|deed| deed.person == STAFF && deed.action == "settings"));
    });
}

#[test]
fn a_person_has_one_word_on_an_answer_and_may_change_it() {
    both(|place| async move {
        let store = place.open().await;
        let said = |person, verdict| Feedback {
            answer: Message(5),
            entry: "cannot-send-email",
            guild: Some(GUILD),
            person,
            verdict,
        };
        assert!(store.judge(said(JANE, Verdict::DidNot), NOW).await.unwrap());
        assert!(!store.judge(said(JANE, Verdict::DidNot), NOW).await.unwrap());
        assert!(store.judge(said(JANE, Verdict::Worked), NOW).await.unwrap());
        assert!(store.judge(said(STAFF, Verdict::Person), NOW).await.unwrap());
        // A button that is pressed many times at once is one word.
        let other = place.open().await;
        let presses =
            (0..8).map(|n| if n % 2 == 0 { &store } else { &other }.judge(said(Person(9), Verdict::DidNot), NOW));
        let presses = futures_util::future::join_all(presses).await;
        assert_eq!(presses.iter().filter(|new| matches!(new, Ok(true))).count(), 1, "{presses:?}");
        let counted = ["cannot-send-email", ""].map(|entry| (entry.to_owned(), Occasion::Asked)).to_vec();
        store.note(Notes { guild: Some(GUILD), counted, ..Notes::default() }, NOW).await.unwrap();
        let none = Counts { asked: 1, ..Counts::default() };
        let entry = "cannot-send-email".to_owned();
        let sending = Counts { entry, asked: 1, worked: 1, did_not: 1, handed_over: 1, ..Counts::default() };
        assert_eq!(store.counts(GUILD, NOW).await.unwrap(), [none, sending]);
        assert_eq!(store.counts(GUILD, after(86_400)).await.unwrap(), []);
        assert_eq!(store.counts(Guild(1), NOW).await.unwrap(), []);
    });
}

#[test]
fn questions_are_kept_masked_and_decided_once() {
    both(|place| async move {
        let store = place.open().await;
        let question = "why does jane@example.com bounce\0 from 192.0.2.1?";
        let gap = Some((JANE, question.to_owned()));
        store.note(Notes { guild: Some(GUILD), gap, ..Notes::default() }, NOW).await.unwrap();
        let gaps = store.gaps(GUILD, 10).await.unwrap();
        assert_eq!(gaps[0].question, "why does j***@e***.com bounce from (IP address)?");
        assert!(store.gaps(Guild(1), 10).await.unwrap().is_empty());
        let id = gaps[0].id;
        store.dismiss(Guild(1), id, &[id], STAFF, NOW).await.unwrap();
        assert_eq!((store.deeds(Guild(1), 10).await.unwrap(), store.gaps(GUILD, 10).await.unwrap()), (vec![], gaps));
        store.dismiss(GUILD, id, &[id], STAFF, NOW).await.unwrap();
        assert!(store.gaps(GUILD, 10).await.unwrap().is_empty());
        assert_eq!(store.deeds(GUILD, 10).await.unwrap()[0].action, "dismiss");

        let (question, entry) = ("no mail to jane@example.com", "cannot-receive-email");
        let id = store.propose(GUILD, question, entry, None, JANE, NOW).await.unwrap().unwrap();
        let open = store.candidates(GUILD, Decision::Open, 10).await.unwrap();
        assert_eq!((open[0].id, open[0].question.as_str()), (id, "no mail to j***@e***.com"));
        assert!(!store.decide(Guild(1), id, Decision::Approved, STAFF, NOW).await.unwrap());
        assert!(store.decide(GUILD, id, Decision::Approved, STAFF, NOW).await.unwrap());
        assert!(!store.decide(GUILD, id, Decision::Declined, STAFF, NOW).await.unwrap());
        assert_eq!(store.candidates(GUILD, Decision::Approved, 10).await.unwrap(), open);
        assert_eq!(store.deeds(GUILD, 10).await.unwrap()[0].action, "approve");
    });
}

#[test]
fn a_proposal_is_noted_and_takes_the_question_that_it_answers_away_once() {
    both(|place| async move {
        let store = place.open().await;
        let gap = Some((JANE, "where is all of my mail".to_owned()));
        store.note(Notes { guild: Some(GUILD), gap, ..Notes::default() }, NOW).await.unwrap();
        let gap = store.gaps(GUILD, 10).await.unwrap()[0].id;
        let propose = |guild| store.propose(guild, "where is all of my mail", "spam", Some(gap), STAFF, NOW);
        assert_eq!(propose(Guild(1)).await.unwrap(), None);
        let id = propose(GUILD).await.unwrap().unwrap();
        assert_eq!(propose(GUILD).await.unwrap(), None);
        assert!(store.gaps(GUILD, 10).await.unwrap().is_empty());
        assert_eq!(store.candidates(GUILD, Decision::Open, 10).await.unwrap().len(), 1);
        let deeds = store.deeds(GUILD, 10).await.unwrap();
        let told: Vec<_> = deeds.iter().map(|deed| (deed.person, deed.action.as_str(), deed.detail.as_str())).collect();
        assert_eq!(told, [(STAFF, "propose", format!("{id} for spam").as_str())]);
    });
}

#[test]
fn an_interaction_that_comes_again_is_refused_and_not_counted() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let all = |person: fn(u64) -> Person, interaction: fn(u64) -> Interaction| {
            let asks = (0..40u64).map(|n| {
                let store = if n % 2 == 0 { &one } else { &two };
                store.spend(vec![Subject::Person(person(n))], Some(interaction(n)), NOW)
            });
            futures_util::future::join_all(asks)
        };
        let count = |asked: &[Result<Spending, _>], how| asked.iter().flatten().filter(|one| **one == how).count();
        let same = all(|_| JANE, |_| Interaction(1)).await;
        assert_eq!((count(&same, Spending::Fine), count(&same, Spending::Again)), (1, 39), "{same:?}");
        let others = all(Person, |n| Interaction(100 + n)).await;
        assert_eq!(count(&others, Spending::Fine), 40, "{others:?}");
        let again = all(Person, |n| Interaction(100 + n)).await;
        assert_eq!(count(&again, Spending::Again), 40, "{again:?}");
        // Nine more may Jane ask; what was refused is refused once.
        let janes = all(|_| JANE, |n| Interaction(200 + n)).await;
        assert_eq!(count(&janes, Spending::Fine), 9, "{janes:?}");
        let again = all(|_| JANE, |n| Interaction(200 + n)).await;
        assert_eq!(count(&again, Spending::Again), 40, "{again:?}");
    });
}

#[test]
fn limits_hold_over_all_replicas_and_refuse_all_or_nothing() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let asks = (0..20u64).map(|n| {
            let store = if n % 2 == 0 { &one } else { &two };
            store.spend(vec![Subject::Guild(GUILD), Subject::Person(JANE)], None, NOW)
        });
        let asked = futures_util::future::join_all(asks).await;
        let fine = asked.iter().filter(|asked| matches!(asked, Ok(Spending::Fine))).count();
        assert_eq!(fine, 10, "{asked:?}");
        let Spending::TooOften(who, wait) = one.spend(vec![Subject::Person(JANE)], None, NOW).await.unwrap() else {
            panic!("an eleventh question in a minute")
        };
        assert_eq!((who, wait), (Subject::Person(JANE), Duration::from_mins(1)));
        // What was refused was not counted against the guild either: 50 of its 60 are left.
        for n in 0..50 {
            let spent = two.spend(vec![Subject::Guild(GUILD), Subject::Person(Person(n))], None, NOW).await.unwrap();
            assert_eq!(spent, Spending::Fine, "{n}");
        }
        let full = two.spend(vec![Subject::Guild(GUILD)], None, NOW).await.unwrap();
        assert!(matches!(full, Spending::TooOften(Subject::Guild(_), _)), "{full:?}");
        assert_eq!(one.spend(vec![Subject::Person(JANE)], None, after(60)).await.unwrap(), Spending::Fine);
    });
}

#[test]
fn a_thousand_people_look_at_one_domain_ten_times() {
    both(|place| async move {
        let store = place.open().await;
        let mut fine = 0;
        for n in 0..1000 {
            let on = vec![Subject::Person(Person(n)), Subject::Domain("example.com".parse().unwrap())];
            fine += u32::from(store.spend(on, None, after(n % 300)).await.unwrap() == Spending::Fine);
        }
        assert_eq!(fine, 10);
    });
}

#[test]
fn what_is_kept_of_a_person_is_shown_to_them_and_forgotten_when_they_wish() {
    both(|place| async move {
        let store = place.open().await;
        fill(&store, JANE, "canary").await;
        fill(&store, Person(3), "other").await;
        let parts = ["watches", "notifications", "feedback", "talks", "questions", "proposals", "deeds", "counts"];
        let counts = |export: &serde_json::Value| parts.map(|part| export[part].as_array().unwrap().len());
        let export = store.export(JANE).await.unwrap();
        assert_eq!(counts(&export), [1, 1, 1, 1, 1, 1, 2, 1]);
        assert!(export.to_string().contains("canary-watch.example"));

        store.forget(JANE).await.unwrap();
        let left = store.export(JANE).await.unwrap();
        assert_eq!((&left["deeds"], counts(&left)), (&export["deeds"], [0, 0, 0, 0, 0, 0, 2, 1]));
        assert_eq!(counts(&store.export(Person(3)).await.unwrap()), [1, 1, 1, 1, 1, 1, 2, 1]);
        // The proposal itself stays, of nobody; deeds are for staff to answer for.
        let left = found(&place.everything().await);
        assert_eq!(left, ["canary-deed", "canary-entry", "canary-proposal"]);
    });
}

/// One of the times of a configuration.
type Time = fn(&mut Keep) -> &mut Duration;

#[test]
fn each_table_keeps_for_as_long_as_the_configuration_says() {
    let keeps: [(Time, &[&str]); 6] = [
        (|keep| &mut keep.feedback, &["feedback"]),
        (|keep| &mut keep.gaps, &["talk", "gap"]),
        (|keep| &mut keep.candidates, &["candidate"]),
        (|keep| &mut keep.watches, &["outbox", "watch"]),
        (|keep| &mut keep.audit, &["audit"]),
        (|keep| &mut keep.counts, &["tally"]),
    ];
    both(|place| async move {
        let store = place.open().await;
        fill(&store, JANE, "canary").await;
        let counted = vec![("canary-entry".to_owned(), Occasion::Asked)];
        store.note(Notes { guild: Some(GUILD), counted, ..Notes::default() }, NOW).await.unwrap();
        let watch = store.watches_of(JANE).await.unwrap()[0].id;
        let _ = store.cancel_watch(JANE, watch, NOW).await.unwrap();
        let told = store.take_notification(Duration::from_mins(1), NOW).await.unwrap().unwrap();
        let _ = store.tried(&told, &mailmedic::store::Delivery::Done, NOW, 0).await.unwrap();
        let days = |days: u64| Duration::from_hours(24 * days);
        let always = days(9999);
        let mut keep =
            Keep { feedback: always, gaps: always, candidates: always, watches: always, audit: always, counts: always };
        let now = NOW + days(20);
        // What is not kept for days, but for minutes.
        store.expire(&keep, now).await.unwrap();
        for (which, tables) in keeps {
            *which(&mut keep) = days(21);
            assert_eq!(store.expire(&keep, now).await.unwrap().0, [], "{tables:?}");
            *which(&mut keep) = days(19);
            let gone: Vec<_> = store.expire(&keep, now).await.unwrap().0;
            assert_eq!(gone.iter().map(|(table, _)| *table).collect::<Vec<_>>(), tables, "{}", place.engine());
        }
    });
}

#[test]
fn what_staff_decided_is_told_and_after_they_are_forgotten_stands_among_their_deeds_alone() {
    both(|place| async move {
        let store = place.open().await;
        let id = store.propose(GUILD, "where is all of my mail", "spam", None, JANE, NOW).await.unwrap().unwrap();
        assert!(store.decide(GUILD, id, Decision::Approved, STAFF, NOW).await.unwrap());
        let told = store.export(STAFF).await.unwrap();
        assert_eq!(told["decisions"][0]["entry"], "spam");
        store.forget(STAFF).await.unwrap();
        let left = store.export(STAFF).await.unwrap();
        assert_eq!((&left["decisions"], &left["deeds"]), (&serde_json::json!([]), &told["deeds"]));
        assert_eq!(left["deeds"][0]["action"], "approve");
    });
}

#[tokio::test]
async fn every_column_of_what_is_kept_of_a_person_is_told() {
    let place = Place::file();
    let store = place.open().await;
    fill(&store, JANE, "canary").await;
    let id = store.candidates(GUILD, Decision::Open, 1).await.unwrap()[0].id;
    assert!(store.decide(GUILD, id, Decision::Approved, JANE, NOW).await.unwrap());
    let export = store.export(JANE).await.unwrap();
    for (table, parts) in [
        ("watch", &["watches"][..]),
        ("outbox", &["notifications"]),
        ("feedback", &["feedback"]),
        ("talk", &["talks"]),
        ("gap", &["questions"]),
        ("candidate", &["proposals", "decisions"]),
        ("audit", &["deeds"]),
        ("spent", &["counts"]),
    ] {
        let whose = ["id", "who", "person", "decided_by", "scope", "subject", "step", "token"];
        let columns = place.shown(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
        for column in columns.lines().filter(|column| !whose.contains(column)) {
            assert!(parts.iter().any(|part| export[part][0].get(column).is_some()), "{table} {column}: {export}");
        }
    }
    assert_eq!(export["talks"][0]["channel"], "4");
    assert_eq!(export["notifications"][0]["news"]["summary"], "canary-news");
}

#[test]
fn what_is_over_leaves_no_trace() {
    both(|place| async move {
        let store = place.open().await;
        fill(&store, JANE, "canary").await;
        assert!(found(&place.everything().await).len() >= 6);
        let watch = store.watches_of(JANE).await.unwrap()[0].id;
        let _ = store.cancel_watch(JANE, watch, NOW).await.unwrap();
        let told = store.take_notification(Duration::from_mins(1), NOW).await.unwrap().unwrap();
        let _ = store.tried(&told, &mailmedic::store::Delivery::Done, NOW, 0).await.unwrap();
        let day = 86_400;
        for (days, left) in [
            (29, CANARIES.to_vec()),
            (31, vec!["canary-deed", "canary-entry", "canary-gap", "canary-proposal", "canary-talk"]),
            (91, vec!["canary-deed", "canary-entry", "canary-proposal"]),
            (364, vec!["canary-deed", "canary-entry", "canary-proposal"]),
            (367, vec![]),
        ] {
            store.expire(&keep(), after(days * day)).await.unwrap();
            assert_eq!(found(&place.everything().await), left, "{days} days, {}", place.engine());
        }
        assert_eq!(store.expire(&keep(), after(368 * day)).await.unwrap().0, []);
        // An interaction is remembered for as long as its token is good.
        let _ = store.spend(Vec::new(), Some(Interaction(6)), after(368 * day)).await.unwrap();
        let gone = store.expire(&keep(), after(368 * day + 16 * 60)).await.unwrap();
        assert_eq!(gone.0, [("interaction", 1)]);
    });
}

/// What [`fill`] leaves, by its names.
const CANARIES: [&str; 7] =
    ["canary-deed", "canary-entry", "canary-gap", "canary-news", "canary-proposal", "canary-talk", "canary-watch"];

/// Leaves something of a person in every table.
async fn fill(store: &mailmedic::store::Store, person: Person, canary: &str) {
    let name = |what: &str| format!("{canary}-{what}");
    let new = NewWatch {
        guild: Some(GUILD),
        channel: Channel(4),
        person,
        domain: format!("{canary}-watch.example").parse().unwrap(),
        until: Until::Mx,
        selector: None,
        seen: Seen::Unknown,
    };
    let _ = store.watch(&new, NOW).await.unwrap();
    let to = Address { guild: Some(GUILD), channel: Channel(4), person: Some(person) };
    store.post(&to, &News::Handover { summary: name("news") }, NOW).await.unwrap();
    let feedback =
        Feedback { answer: Message(5), entry: &name("entry"), guild: Some(GUILD), person, verdict: Verdict::Worked };
    store.judge(feedback, NOW).await.unwrap();
    let (talk, question) = (Talk(person.0), name("talk"));
    let new = NewTalk { talk, guild: Some(GUILD), channel: Channel(4), message: None, person, question };
    let gap = Some((person, name("gap")));
    store.note(Notes { guild: Some(GUILD), asked: Some(new), gap, ..Notes::default() }, NOW).await.unwrap();
    store.propose(GUILD, &name("proposal"), &name("entry"), None, person, NOW).await.unwrap();
    store.note_deed(GUILD, person, "reload", &name("deed"), NOW).await.unwrap();
    let spent = store.spend(vec![Subject::Person(person)], Some(Interaction(person.0)), NOW).await;
    assert_eq!(spent.unwrap(), Spending::Fine);
}

/// The canaries that are in there, each once.
fn found(everything: &[u8]) -> Vec<&'static str> {
    let holds = |canary: &&str| everything.windows(canary.len()).any(|bytes| bytes == canary.as_bytes());
    CANARIES.into_iter().filter(holds).collect()
}

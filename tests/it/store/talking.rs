//! Talks: begun once over all replicas, kept masked, and handed over once.

use std::time::Duration;

use futures_util::future::join_all;
use mailmedic::store::{
    Address, Arrival, Channel, Delivery, Fate, Feedback, Given, Guild, Message, NewTalk, News, Notes, Occasion, Person,
    Talk, Verdict,
};

use super::place::{NOW, after, both};

const GUILD: Guild = Guild(900_000_000_000_000_001);
const JANE: Person = Person(u64::MAX - 1);
const APART: Duration = Duration::from_mins(10);

fn new(talk: u64, channel: u64, question: &str) -> NewTalk {
    let (talk, channel, message) = (Talk(talk), Channel(channel), Some(Message(talk)));
    NewTalk { talk, guild: Some(GUILD), channel, message, person: JANE, question: question.to_owned() }
}

fn asked(new: NewTalk) -> Notes {
    Notes { guild: Some(GUILD), asked: Some(new), ..Notes::default() }
}

fn given(entry: &str) -> Given {
    Given { entry: Some(entry.to_owned()), ..Given::default() }
}

#[test]
fn a_talk_begins_once_over_two_replicas_and_after_a_restart() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let tries = (0..8u64).map(|n| {
            let store = if n % 2 == 0 { one.clone() } else { two.clone() };
            async move { store.begin_talk(&new(7, 1, "no mail"), Duration::ZERO, NOW).await.unwrap() }
        });
        let firsts = join_all(tries).await.into_iter().filter(|arrival| *arrival == Arrival::First).count();
        assert_eq!(firsts, 1, "{}", place.engine());
        let again = place.open().await;
        assert_eq!(again.begin_talk(&new(7, 1, "no mail"), APART, after(9)).await.unwrap(), Arrival::Again);
    });
}

#[test]
fn whoever_just_began_a_talk_begins_no_other_in_the_same_channel() {
    both(|place| async move {
        let store = place.open().await;
        let begin = async |new: NewTalk, now| store.begin_talk(&new, APART, now).await.unwrap();
        assert_eq!(begin(new(7, 1, ""), NOW).await, Arrival::First);
        assert_eq!(begin(new(8, 1, ""), after(599)).await, Arrival::Again);
        assert_eq!(begin(new(8, 2, ""), after(1)).await, Arrival::First);
        assert_eq!(begin(NewTalk { person: Person(3), ..new(9, 1, "") }, after(1)).await, Arrival::First);
        assert_eq!(begin(new(10, 1, ""), after(601)).await, Arrival::First);
    });
}

#[test]
fn what_was_given_is_kept_and_who_asked_is_a_pseudonym() {
    both(|place| async move {
        let store = place.open().await;
        let looked = Given {
            entry: Some("second".to_owned()),
            domain: Some("shop.example".to_owned()),
            found: "two records".to_owned(),
        };
        let first = asked(new(7, 1, "mail to jane@example.com bounces"));
        store.note(Notes { given: Some((Talk(7), given("first"))), ..first }, NOW).await.unwrap();
        for (talk, given) in [(7, looked), (7, given("first")), (8, given("first"))] {
            store
                .note(Notes { guild: Some(GUILD), given: Some((Talk(talk), given)), ..Notes::default() }, NOW)
                .await
                .unwrap();
        }
        // Given again is not answered twice.
        let answered = store.counts(GUILD, NOW).await.unwrap();
        let answered: Vec<_> = answered.iter().map(|counts| (counts.entry.as_str(), counts.answered)).collect();
        assert_eq!(answered, [("first", 1), ("second", 1)]);
        let kept = store.talk(Talk(7), JANE).await.unwrap().unwrap();
        assert!(kept.own && !kept.called);
        assert_eq!(kept.question, "mail to j***@e***.com bounces");
        assert_eq!(kept.tried, ["second", "first"]);
        assert_eq!((kept.domain.as_deref(), kept.found.as_str()), (Some("shop.example"), "two records"));
        assert!(!store.talk(Talk(7), Person(3)).await.unwrap().unwrap().own);
        assert_eq!(store.talk(Talk(8), JANE).await.unwrap(), None);
        // Somebody else's question does not take the place of the first.
        let theirs = NewTalk { person: Person(3), ..new(7, 1, "mine") };
        store.note(asked(theirs), NOW).await.unwrap();
        assert_eq!(store.talk(Talk(7), JANE).await.unwrap().unwrap().question, kept.question);
    });
}

#[test]
fn a_person_is_called_into_a_talk_once_however_many_press_at_once() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        one.note(asked(new(7, 1, "no mail")), NOW).await.unwrap();
        let to = Address { guild: Some(GUILD), channel: Channel(1), person: Some(JANE) };
        let news = News::Handover { summary: "no mail".to_owned() };
        let calls = (0..8u64).map(|n| if n % 2 == 0 { &one } else { &two }.hand_over(Talk(7), &to, &news, NOW, NOW));
        let calls = join_all(calls).await;
        assert_eq!(calls.iter().filter(|call| matches!(call, Ok(Arrival::First))).count(), 1, "{calls:?}");
        assert_eq!(one.waiting().await.unwrap().waiting, 1);
        assert!(one.talk(Talk(7), JANE).await.unwrap().unwrap().called);
    });
}

#[test]
fn a_person_may_be_called_again_where_nobody_could_take_the_call() {
    both(|place| async move {
        let store = place.open().await;
        store.note(asked(new(7, 1, "no mail")), NOW).await.unwrap();
        let to = Address { guild: Some(GUILD), channel: Channel(1), person: Some(JANE) };
        let news = News::Handover { summary: "no mail".to_owned() };
        let call = async |due| store.hand_over(Talk(7), &to, &news, due, NOW).await.unwrap();
        assert_eq!(call(after(60)).await, Arrival::First);
        let hold = Duration::from_secs(9);
        assert_eq!(store.take_notification(hold, after(59)).await.unwrap(), None);
        let taken = store.take_notification(hold, after(60)).await.unwrap().unwrap();
        assert_eq!(call(NOW).await, Arrival::Again);
        let gone = Delivery::Gone("403".to_owned());
        assert_eq!(store.tried(&taken, &gone, after(60), 0).await.unwrap(), Fate::Parked);
        let kept = store.talk(Talk(7), JANE).await.unwrap().unwrap();
        assert!(!kept.called && kept.in_vain, "{kept:?}");
        assert_eq!(call(NOW).await, Arrival::First);
        let taken = store.take_notification(hold, NOW).await.unwrap().unwrap();
        assert_eq!(store.tried(&taken, &Delivery::Done, NOW, 0).await.unwrap(), Fate::Sent);
        assert_eq!(call(NOW).await, Arrival::Again);
    });
}

#[test]
fn a_word_on_another_entry_takes_the_place_of_the_one_before() {
    both(|place| async move {
        let store = place.open().await;
        let said = |entry, verdict| Feedback { answer: Message(5), entry, guild: Some(GUILD), person: JANE, verdict };
        assert!(store.judge(said("one", Verdict::DidNot), NOW).await.unwrap());
        assert!(store.judge(said("two", Verdict::DidNot), NOW).await.unwrap());
        assert!(!store.judge(said("two", Verdict::DidNot), NOW).await.unwrap());
        let counts = store.counts(GUILD, NOW).await.unwrap();
        let told: Vec<_> = counts.iter().map(|counts| (counts.entry.as_str(), counts.did_not)).collect();
        assert_eq!(told, [("one", 0), ("two", 1)]);
    });
}

/// A thousand people ask on two replicas at once; each begins a talk, is given an entry and leaves a question behind.
#[test]
fn a_rush_of_questions_is_noted_whole_in_a_few_transactions() {
    const PEOPLE: u64 = 1000;
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let before = one.statements() + two.statements();
        let notes = (0..PEOPLE).map(|n| {
            let new = NewTalk { person: Person(n), ..new(n + 1, n, "no mail") };
            let counted = vec![("first".to_owned(), Occasion::Asked)];
            let gap = n.is_multiple_of(10).then(|| (Person(n), format!("question {n}")));
            let given = Some((Talk(n + 1), given("first")));
            let store = if n % 2 == 0 { &one } else { &two };
            store.note(Notes { guild: Some(GUILD), asked: Some(new), given, counted, gap }, NOW)
        });
        for noted in join_all(notes).await {
            noted.unwrap();
        }
        let statements = one.statements() + two.statements() - before;
        let counts = &one.counts(GUILD, NOW).await.unwrap()[0];
        assert_eq!((counts.asked, counts.answered), (1000, 1000));
        assert_eq!(one.gaps(GUILD, 1000).await.unwrap().len(), 100);
        for n in [0, PEOPLE - 1] {
            let kept = one.talk(Talk(n + 1), Person(n)).await.unwrap().unwrap();
            assert!(kept.own && kept.tried == ["first"], "{kept:?}");
        }
        // A talk each, a gap for every tenth, and the counts once for each transaction.
        assert!(statements <= PEOPLE + PEOPLE / 10 + 20, "{statements} statements");
    });
}

#[test]
fn where_notes_cannot_be_written_whoever_waits_is_told_why_and_nothing_is_half_done() {
    both(|place| async move {
        let store = place.open().await;
        place.run("DROP TABLE gap").await;
        let notes = (0..5u64).map(|n| {
            let gap = Some((Person(n), "no mail".to_owned()));
            store.note(Notes { gap, ..asked(new(n + 1, 1, "no mail")) }, NOW)
        });
        for noted in join_all(notes).await {
            let error = noted.unwrap_err();
            assert!(error.to_string().contains("failed"), "{error}");
        }
        assert_eq!(store.talk(Talk(1), JANE).await.unwrap(), None);
    });
}

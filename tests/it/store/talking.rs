//! Talks: begun once over all replicas, kept masked, and handed over once.

use std::time::Duration;

use futures_util::future::join_all;
use mailmedic::store::{
    Address, Arrival, Channel, Feedback, Given, Guild, Held, Message, NewTalk, News, Person, Talk, Verdict,
};

use super::place::{NOW, after, both};

const GUILD: Guild = Guild(900_000_000_000_000_001);
const JANE: Person = Person(u64::MAX - 1);
const APART: Duration = Duration::from_mins(10);

fn new(talk: u64, channel: u64, question: &str) -> NewTalk<'_> {
    let (talk, channel, message) = (Talk(talk), Channel(channel), Some(Message(talk)));
    NewTalk { talk, guild: Some(GUILD), channel, message, person: JANE, question }
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
        let begin = async |new: NewTalk<'_>, now| store.begin_talk(&new, APART, now).await.unwrap();
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
        store.ask(&new(7, 1, "mail to jane@example.com bounces"), NOW).await.unwrap();
        let given = |entry| Given { entry: Some(entry), ..Given::default() };
        assert_eq!(store.given(Talk(7), &given("first")).await.unwrap(), Held::Ours);
        let looked = Given { entry: Some("second"), domain: Some("shop.example"), found: "two records" };
        assert_eq!(store.given(Talk(7), &looked).await.unwrap(), Held::Ours);
        assert_eq!(store.given(Talk(7), &given("first")).await.unwrap(), Held::Ours);
        assert_eq!(store.given(Talk(8), &given("first")).await.unwrap(), Held::Lost);
        let kept = store.talk(Talk(7), JANE).await.unwrap().unwrap();
        assert!(kept.own && !kept.called);
        assert_eq!(kept.question, "mail to j***@e***.com bounces");
        assert_eq!(kept.tried, ["second", "first"]);
        assert_eq!((kept.domain.as_deref(), kept.found.as_str()), (Some("shop.example"), "two records"));
        assert!(!store.talk(Talk(7), Person(3)).await.unwrap().unwrap().own);
        assert_eq!(store.talk(Talk(8), JANE).await.unwrap(), None);
        // Somebody else's question does not take the place of the first.
        store.ask(&NewTalk { person: Person(3), ..new(7, 1, "mine") }, NOW).await.unwrap();
        assert_eq!(store.talk(Talk(7), JANE).await.unwrap().unwrap().question, kept.question);
    });
}

#[test]
fn a_person_is_called_into_a_talk_once_however_many_press_at_once() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        one.ask(&new(7, 1, "no mail"), NOW).await.unwrap();
        let to = Address { guild: Some(GUILD), channel: Channel(1), person: Some(JANE) };
        let news = News::Handover { summary: "no mail".to_owned() };
        let calls = (0..8u64).map(|n| if n % 2 == 0 { &one } else { &two }.hand_over(Talk(7), &to, &news, NOW));
        let calls = join_all(calls).await;
        assert_eq!(calls.iter().filter(|call| matches!(call, Ok(Arrival::First))).count(), 1, "{calls:?}");
        assert_eq!(one.waiting().await.unwrap().waiting, 1);
        assert!(one.talk(Talk(7), JANE).await.unwrap().unwrap().called);
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

//! Watches: who may have how many, who looks, and that each change makes one notification, whatever happens between.

use std::collections::BTreeSet;
use std::time::Duration;

use mailmedic::moment::Moment;
use mailmedic::store::{
    Channel, Delivery, Fate, Guild, Held, Look, NewWatch, News, Notification, Person, Store, Watched,
};
use mailmedic::watch::{MOST_STRIKES, PATIENCE, Said, Seen, State, Until};

use super::place::{NOW, after, both};

/// How long a worker has something in hand.
const HOLD: Duration = Duration::from_secs(30);

fn wish(person: u64, domain: &str) -> NewWatch {
    NewWatch {
        guild: None,
        channel: Channel(4),
        person: Person(person),
        domain: domain.parse().unwrap(),
        until: Until::All,
        selector: None,
        seen: everywhere("a"),
    }
}

fn everywhere(what: &str) -> Seen {
    Seen::Everywhere(Said { what: what.to_owned(), who: "all".to_owned() })
}

async fn take(store: &Store, now: Moment) -> Look {
    store.take_look(HOLD, now).await.unwrap().expect("a look is due")
}

/// Takes the look that is due next, at the time when it is; that time.
async fn look(store: &Store, seen: &Seen) -> Moment {
    let now = store.next_look().await.unwrap().unwrap();
    let look = take(store, now).await;
    assert_eq!(store.looked(&look, seen, now, 0).await.unwrap(), Held::Ours);
    now
}

async fn notification(store: &Store, now: Moment) -> Option<Notification> {
    store.take_notification(HOLD, now).await.unwrap()
}

async fn state(store: &Store, person: u64) -> State {
    store.watches_of(Person(person)).await.unwrap()[0].watch.state
}

#[test]
fn a_change_is_told_once_and_the_watch_ends() {
    both(|place| async move {
        let store = place.open().await;
        assert_eq!(store.next_look().await.unwrap(), None);
        assert!(matches!(store.watch(&wish(1, "example.com"), NOW).await.unwrap(), Watched::Begun(_)));
        look(&store, &Seen::Underway).await;
        assert_eq!(notification(&store, NOW).await, None);
        let now = look(&store, &everywhere("10 mx.example.com")).await;
        assert_eq!(state(&store, 1).await, State::Changed);
        let told = notification(&store, now).await.unwrap();
        let [domain, until, shown, who] = ["example.com", "all", "10 mx.example.com", "all"].map(str::to_owned);
        assert_eq!(told.news, News::Everywhere { domain, until, now: shown, who });
        assert_eq!((told.to.channel, told.to.person), (Channel(4), Some(Person(1))));
        assert_eq!(store.tried(&told, &Delivery::Done, now, 0).await.unwrap(), Fate::Sent);
        assert_eq!(state(&store, 1).await, State::Notified);
        assert_eq!(store.next_look().await.unwrap(), None);
        assert_eq!(notification(&store, now + Duration::from_hours(48)).await, None);
        assert_eq!(store.tried(&told, &Delivery::Done, now, 0).await.unwrap(), Fate::Lost);
    });
}

#[test]
fn nobody_has_too_many_also_when_asking_at_once() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let wishes: Vec<NewWatch> = (0..12).map(|n| wish(1, &format!("d{n}.example"))).collect();
        let asked = wishes.iter().enumerate().map(|(n, wish)| if n % 2 == 0 { &one } else { &two }.watch(wish, NOW));
        let asked = futures_util::future::join_all(asked).await;
        let begun = asked.iter().filter(|asked| matches!(asked, Ok(Watched::Begun(_)))).count();
        let refused = asked.iter().filter(|asked| matches!(asked, Ok(Watched::TooManyOfPerson))).count();
        assert_eq!((begun, refused), (5, 7), "{asked:?}");

        let first = &two.watches_of(Person(1)).await.unwrap()[4];
        let again = wish(1, &first.domain.to_string());
        assert_eq!(two.watch(&again, NOW).await.unwrap(), Watched::Already(first.id));
        let another = NewWatch { selector: Some("s1".parse().unwrap()), ..again.clone() };
        assert_eq!(two.watch(&another, NOW).await.unwrap(), Watched::TooManyOfPerson, "it is another watch");
        assert_eq!(two.cancel_watch(Person(2), first.id, NOW).await.unwrap(), Held::Lost, "not theirs");
        assert_eq!(two.cancel_watch(Person(1), first.id, NOW).await.unwrap(), Held::Ours);
        assert_eq!(two.cancel_watch(Person(1), first.id, NOW).await.unwrap(), Held::Lost, "it has ended");
        assert!(matches!(one.watch(&again, NOW).await.unwrap(), Watched::Begun(_)));

        for n in 0..50 {
            let wish = NewWatch { guild: Some(Guild(7)), ..wish(100 + n, "example.com") };
            assert!(matches!(one.watch(&wish, NOW).await.unwrap(), Watched::Begun(_)), "{n}");
        }
        let wish = NewWatch { guild: Some(Guild(7)), ..wish(99, "example.com") };
        assert_eq!(one.watch(&wish, NOW).await.unwrap(), Watched::TooManyOfGuild);
    });
}

#[test]
fn two_changes_during_an_outage_are_two_notifications() {
    both(|place| async move {
        let store = place.open().await;
        let _ = store.watch(&wish(1, "example.com"), NOW).await.unwrap();
        for seen in [everywhere("b"), Seen::Underway] {
            look(&store, &seen).await;
        }
        let now = look(&store, &everywhere("c")).await;
        let (first, second) = (notification(&store, now).await.unwrap(), notification(&store, now).await.unwrap());
        assert_eq!(notification(&store, now).await, None);
        assert_ne!(first.nonce(), second.nonce());
        assert_eq!(store.tried(&first, &Delivery::Done, now, 0).await.unwrap(), Fate::Sent);
        assert_eq!(state(&store, 1).await, State::Changed, "the second is still to be told");
        assert_eq!(store.tried(&second, &Delivery::Done, now, 0).await.unwrap(), Fate::Sent);
        assert_eq!(state(&store, 1).await, State::Notified);
    });
}

#[test]
fn who_comes_back_too_late_changes_nothing() {
    both(|place| async move {
        let store = place.open().await;
        let _ = store.watch(&wish(1, "example.com"), NOW).await.unwrap();
        look(&store, &Seen::Underway).await;
        let due = store.next_look().await.unwrap().unwrap();
        let slow = take(&store, due).await;
        assert_eq!(store.take_look(HOLD, due + Duration::from_secs(1)).await.unwrap(), None, "it is in hand");
        let late = due + HOLD;
        let fast = take(&store, late).await;
        assert_eq!(store.looked(&fast, &everywhere("b"), late, 0).await.unwrap(), Held::Ours);
        assert_eq!(store.looked(&slow, &everywhere("c"), late, 0).await.unwrap(), Held::Lost);
        assert_eq!(store.looked(&fast, &everywhere("c"), late, 0).await.unwrap(), Held::Ours);
        let told = [notification(&store, late).await, notification(&store, late).await];
        assert!(told.iter().all(Option::is_some), "one for `b`, one for `c`");
        assert_eq!(notification(&store, late).await, None);
    });
}

#[test]
fn a_cancelled_watch_looks_no_more_even_while_a_look_is_in_hand() {
    both(|place| async move {
        let store = place.open().await;
        let Watched::Begun(id) = store.watch(&wish(1, "example.com"), NOW).await.unwrap() else { panic!("no watch") };
        let look = take(&store, after(60)).await;
        assert_eq!(store.cancel_watch(Person(1), id, NOW).await.unwrap(), Held::Ours);
        assert_eq!(store.looked(&look, &Seen::Underway, NOW, 0).await.unwrap(), Held::Lost);
        assert_eq!(store.next_look().await.unwrap(), None);
    });
}

#[test]
fn a_clock_that_goes_back_tells_nothing_twice_and_one_that_leaps_ahead_passes_over_nothing() {
    both(|place| async move {
        let store = place.open().await;
        let _ = store.watch(&wish(1, "example.com"), NOW).await.unwrap();
        look(&store, &Seen::Underway).await;
        let now = look(&store, &everywhere("b")).await;
        let told = notification(&store, now).await.unwrap();
        let back = now - Duration::from_hours(1);
        assert_eq!(notification(&store, back).await, None, "it is in hand");
        assert_eq!(store.tried(&told, &Delivery::Done, back, 0).await.unwrap(), Fate::Sent);
        assert_eq!(notification(&store, back + Duration::from_hours(25)).await, None);

        // A look that was planned before the clock went back is not waited for.
        let _ = store.watch(&wish(2, "example.com"), now).await.unwrap();
        look(&store, &Seen::Underway).await;
        let far = now - Duration::from_hours(1);
        assert!(store.next_look().await.unwrap().unwrap() > far + Duration::from_mins(59));
        let look_now = take(&store, far).await;
        // A day later the watch is long over by the clock; what is there to tell is told first.
        let ahead = NOW + PATIENCE + Duration::from_hours(24);
        assert_eq!(store.looked(&look_now, &everywhere("b"), ahead, 0).await.unwrap(), Held::Ours);
        let told = notification(&store, ahead).await.unwrap();
        assert!(matches!(told.news, News::Everywhere { .. }));
    });
}

#[test]
fn a_watch_that_takes_too_long_says_so_and_ends() {
    both(|place| async move {
        let store = place.open().await;
        let _ = store.watch(&wish(1, "example.com"), NOW).await.unwrap();
        let late = NOW + PATIENCE;
        let look = take(&store, late).await;
        assert_eq!(store.looked(&look, &Seen::Unknown, late, 0).await.unwrap(), Held::Ours);
        assert_eq!(state(&store, 1).await, State::Expired);
        let told = notification(&store, late).await.unwrap();
        assert!(matches!(&told.news, News::GaveUp { now: Some(now), .. } if now == "a"), "{told:?}");
        assert_eq!(store.tried(&told, &Delivery::Gone("404".to_owned()), late, 0).await.unwrap(), Fate::Parked);
        assert_eq!(state(&store, 1).await, State::Expired);

        let _ = store.watch(&NewWatch { seen: Seen::Underway, ..wish(2, "example.com") }, NOW).await.unwrap();
        let look = take(&store, late).await;
        assert_eq!(store.looked(&look, &Seen::Underway, late, 0).await.unwrap(), Held::Ours);
        let told = notification(&store, late).await.unwrap();
        assert!(matches!(told.news, News::GaveUp { now: None, .. }), "not everybody says the same: {told:?}");
    });
}

#[test]
fn a_change_whose_notification_finds_nobody_is_told_from_one_that_took_too_long() {
    both(|place| async move {
        let store = place.open().await;
        let _ = store.watch(&wish(1, "example.com"), NOW).await.unwrap();
        let now = look(&store, &everywhere("b")).await;
        let told = notification(&store, now).await.unwrap();
        assert_eq!(store.tried(&told, &Delivery::Gone("404".to_owned()), now, 0).await.unwrap(), Fate::Parked);
        assert_eq!(state(&store, 1).await, State::Undelivered);
        assert_eq!(store.next_look().await.unwrap(), None);
    });
}

#[test]
fn a_watch_whose_workers_never_come_back_ends_with_a_word_to_its_person_and_holds_up_no_other() {
    both(|place| async move {
        let store = place.open().await;
        let Watched::Begun(number) = store.watch(&wish(1, "example.com"), NOW).await.unwrap() else {
            panic!("no watch")
        };
        let mut now = after(60);
        for _ in 0..MOST_STRIKES {
            let _died = take(&store, now).await;
            now = now + HOLD;
        }
        let _ = store.watch(&wish(2, "example.com"), NOW).await.unwrap();
        let taken = take(&store, now).await;
        assert_eq!(store.looked(&taken, &Seen::Unknown, now, 0).await.unwrap(), Held::Ours);
        assert_eq!(store.take_look(HOLD, now).await.unwrap(), None);
        assert_eq!((state(&store, 1).await, state(&store, 2).await), (State::Broken, State::Pending));
        let [domain, until] = ["example.com", "all"].map(str::to_owned);
        assert_eq!(notification(&store, now).await.unwrap().news, News::Broken { domain, until, number });
    });
}

#[test]
fn what_is_open_is_listed_before_what_has_ended() {
    both(|place| async move {
        let store = place.open().await;
        let Watched::Begun(open) = store.watch(&wish(1, "open.example"), NOW).await.unwrap() else {
            panic!("no watch")
        };
        for n in 0..12 {
            let begun = store.watch(&wish(1, &format!("d{n}.example")), NOW).await.unwrap();
            let Watched::Begun(id) = begun else { panic!("{begun:?}") };
            assert_eq!(store.cancel_watch(Person(1), id, NOW).await.unwrap(), Held::Ours);
        }
        let listed = store.watches_of(Person(1)).await.unwrap();
        assert_eq!((listed[0].id, listed.len()), (open, 13));
        assert!(listed[1].id > listed[2].id, "of those that have ended, the latest first");
    });
}

#[test]
fn ten_thousand_watches_cost_one_statement_while_nothing_is_due() {
    both(|place| async move {
        let store = place.open().await;
        place.fill_with_watches(10_000).await;
        let before = store.statements();
        assert_eq!(store.next_look().await.unwrap(), Some(after(3600)));
        assert_eq!(store.statements() - before, 1);
        let plan = place.plan("SELECT MIN(next_look) FROM watch WHERE next_look IS NOT NULL").await;
        assert!(plan.contains("watch_due"), "{plan}");
        let plan = place.plan("SELECT id FROM watch WHERE next_look <= 5 ORDER BY next_look LIMIT 1").await;
        assert!(plan.contains("watch_due"), "{plan}");
        let plan =
            place.plan("SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= 5 ORDER BY due_at, id LIMIT 1");
        let plan = plan.await;
        assert!(plan.contains("outbox_due"), "{plan}");
    });
}

#[test]
fn several_workers_take_each_look_once() {
    both(|place| async move {
        let store = place.open().await;
        for n in 0..60 {
            let _ = store.watch(&wish(n, "example.com"), NOW).await.unwrap();
        }
        let due = after(60);
        let workers = (0..6).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                while let Some(look) = store.take_look(HOLD, due).await.unwrap() {
                    taken.push(look.id);
                    assert_eq!(store.looked(&look, &Seen::Underway, due, 0).await.unwrap(), Held::Ours);
                }
                taken
            })
        });
        let taken: Vec<i64> =
            futures_util::future::join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(taken.len(), 60);
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 60);
    });
}

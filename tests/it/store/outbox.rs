//! Notifications: at least once, in the end all or set aside, and none that keeps others waiting.

use std::collections::BTreeSet;
use std::time::Duration;

use mailmedic::moment::Moment;
use mailmedic::store::{
    Address, Arrival, Channel, Delivery, Fate, Guild, Held, Lease, News, Notification, Person, Store,
};

use super::place::{NOW, after, both};

const HOLD: Duration = Duration::from_secs(30);

async fn post(store: &Store, summary: &str) {
    let to = Address { guild: Some(Guild(1)), channel: Channel(2), person: Some(Person(3)) };
    store.post(&to, &News::Handover { summary: summary.to_owned() }, NOW).await.unwrap();
}

async fn take(store: &Store, now: Moment) -> Option<Notification> {
    store.take_notification(HOLD, now).await.unwrap()
}

fn summary(notification: &Notification) -> &str {
    let News::Handover { summary } = &notification.news else { panic!("{notification:?}") };
    summary
}

#[test]
fn what_is_delayed_is_tried_again_for_a_day_and_then_set_aside() {
    both(|place| async move {
        let store = place.open().await;
        post(&store, "a").await;
        let (mut now, mut tries) = (NOW, 0);
        loop {
            let taken = take(&store, now).await.expect("it is due");
            tries += 1;
            match store
                .tried(&taken, &Delivery::Delayed("503 Service Unavailable".to_owned()), now, 7_777_777)
                .await
                .unwrap()
            {
                Fate::Again(due) => {
                    assert!(due > now && due <= now + Duration::from_mins(15), "{tries}");
                    assert_eq!(take(&store, due - Duration::from_millis(1)).await, None, "{tries}");
                    now = due;
                }
                fate => {
                    assert_eq!(fate, Fate::Parked);
                    break;
                }
            }
        }
        assert!((now.since(NOW)) >= Duration::from_hours(24));
        assert!(tries > 96, "{tries}");
        let stands = store.waiting().await.unwrap();
        assert_eq!((stands.waiting, stands.parked), (0, 1));
    });
}

#[test]
fn what_is_told_once_is_told_again_only_when_it_is_no_longer_kept() {
    both(|place| async move {
        let store = place.open().await;
        let to = |channel| Address { guild: Some(Guild(1)), channel: Channel(channel), person: None };
        let news = |what: &str| News::Lacking { guild: Guild(1), channel: Channel(2), what: what.to_owned() };
        assert_eq!(store.post_once(&to(3), &news("a"), NOW).await.unwrap(), Arrival::First);
        assert_eq!(store.post_once(&to(4), &news("a"), NOW).await.unwrap(), Arrival::Again);
        assert_eq!(store.post_once(&to(3), &news("b"), NOW).await.unwrap(), Arrival::First);
        let taken = take(&store, NOW).await.unwrap();
        assert_eq!(taken.news, news("a"));
        assert_eq!(store.tried(&taken, &Delivery::Done, NOW, 0).await.unwrap(), Fate::Sent);
        assert_eq!(store.post_once(&to(3), &news("a"), NOW).await.unwrap(), Arrival::Again);
        let keep = mailmedic::config::Keep::default();
        let later = NOW + keep.watches + Duration::from_secs(1);
        store.expire(&keep, later).await.unwrap();
        assert_eq!(store.post_once(&to(3), &news("a"), later).await.unwrap(), Arrival::First);
    });
}

#[test]
fn a_leap_of_the_clock_gives_nothing_up() {
    both(|place| async move {
        let store = place.open().await;
        post(&store, "a").await;
        let tomorrow = NOW + Duration::from_hours(49);
        let taken = take(&store, tomorrow).await.unwrap();
        let fate = store.tried(&taken, &Delivery::Delayed("no connection".to_owned()), tomorrow, 0).await.unwrap();
        assert!(matches!(fate, Fate::Again(_)), "{fate:?}");
    });
}

#[test]
fn poison_is_set_aside_and_keeps_nobody_waiting() {
    both(|place| async move {
        let store = place.open().await;
        for name in ["poison", "refused", "gone", "fine"] {
            post(&store, name).await;
        }
        let mut now = NOW;
        let mut tries = std::collections::BTreeMap::<String, u32>::new();
        for round in 0..40 {
            while let Some(taken) = take(&store, now).await {
                let name = summary(&taken).to_owned();
                *tries.entry(name.clone()).or_default() += 1;
                let how = match name.as_str() {
                    // Whoever takes it dies of it, and never says so.
                    "poison" => continue,
                    "refused" => Delivery::Refused("403 Missing Access".to_owned()),
                    "gone" => Delivery::Gone("404 Unknown Channel".to_owned()),
                    _ => Delivery::Done,
                };
                let fate = store.tried(&taken, &how, now, 0).await.unwrap();
                assert_ne!(fate, Fate::Lost);
                if name == "fine" {
                    assert_eq!((fate, round), (Fate::Sent, 0), "it waits for none of the others");
                }
            }
            now = now + Duration::from_mins(15);
        }
        let tries: Vec<(&str, u32)> = tries.iter().map(|(name, tries)| (name.as_str(), *tries)).collect();
        assert_eq!(tries, [("fine", 1), ("gone", 1), ("poison", 8), ("refused", 8)]);
        let stands = store.waiting().await.unwrap();
        assert_eq!((stands.waiting, stands.oldest, stands.parked), (0, None, 3));
    });
}

#[test]
fn who_comes_back_too_late_is_not_believed() {
    both(|place| async move {
        let store = place.open().await;
        post(&store, "a").await;
        let slow = take(&store, NOW).await.unwrap();
        assert_eq!(take(&store, after(29)).await, None);
        let fast = take(&store, after(30)).await.unwrap();
        assert_eq!(slow.nonce(), fast.nonce(), "Discord hides the second of two that bear the same");
        assert_eq!(store.tried(&slow, &Delivery::Gone("?".to_owned()), after(31), 0).await.unwrap(), Fate::Lost);
        assert_eq!(store.tried(&slow, &Delivery::Delayed("?".to_owned()), after(31), 0).await.unwrap(), Fate::Lost);
        assert_eq!(store.tried(&fast, &Delivery::Done, after(32), 0).await.unwrap(), Fate::Sent);
        assert_eq!(store.tried(&slow, &Delivery::Done, after(33), 0).await.unwrap(), Fate::Lost);
        assert_eq!(store.waiting().await.unwrap().waiting, 0);
    });
}

#[test]
fn what_an_unknown_version_wrote_is_set_aside() {
    both(|place| async move {
        let store = place.open().await;
        post(&store, "a").await;
        place.run("UPDATE outbox SET news = '{\"news\":\"of tomorrow\"}'").await;
        post(&store, "b").await;
        assert_eq!(summary(&take(&store, NOW).await.unwrap()), "b");
        assert_eq!(store.waiting().await.unwrap().parked, 1);
    });
}

#[test]
fn several_workers_deliver_each_once() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        for n in 0..60 {
            post(&one, &n.to_string()).await;
        }
        let workers = (0..6).map(|n| {
            let store = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move {
                let mut delivered = Vec::new();
                while let Some(taken) = take(&store, NOW).await {
                    delivered.push(taken.id);
                    assert_eq!(store.tried(&taken, &Delivery::Done, NOW, 0).await.unwrap(), Fate::Sent);
                }
                delivered
            })
        });
        let all = futures_util::future::join_all(workers).await;
        let delivered: Vec<i64> = all.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!((delivered.len(), delivered.iter().collect::<BTreeSet<_>>().len()), (60, 60));
    });
}

#[test]
fn one_alone_holds_a_lease_until_it_ends() {
    both(|place| async move {
        let (one, two) = (place.open().await, place.open().await);
        let attempts = (0..6).map(|n| if n % 2 == 0 { &one } else { &two }.take_lease("gateway", "replica", NOW));
        let taken = futures_util::future::join_all(attempts).await;
        let taken: Vec<Lease> = taken.into_iter().filter_map(Result::unwrap).collect();
        let [first] = taken.as_slice() else { panic!("{taken:?}") };

        for seconds in [5, 10, 15, 20] {
            assert_eq!(one.renew_lease(first, after(seconds)).await.unwrap(), Held::Ours);
            assert_eq!(two.take_lease("gateway", "other", after(seconds + 4)).await.unwrap(), None);
        }
        assert_eq!(
            one.renew_lease(first, after(35)).await.unwrap(),
            Held::Lost,
            "its end has come, whoever has it now"
        );
        let second = two.take_lease("gateway", "other", after(35)).await.unwrap().unwrap();
        assert!(second.token > first.token);
        assert_eq!(one.renew_lease(first, after(36)).await.unwrap(), Held::Lost);
        assert_eq!(one.release_lease(first).await.unwrap(), Held::Lost);
        assert_eq!(two.release_lease(&second).await.unwrap(), Held::Ours);
        let third = one.take_lease("gateway", "replica", after(36)).await.unwrap().unwrap();
        assert!(third.token > second.token);
        let back = NOW - Duration::from_hours(1);
        assert!(two.take_lease("gateway", "other", back).await.unwrap().is_some(), "a clock that went back");
    });
}

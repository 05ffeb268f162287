//! What no order of looks, deliveries and clock jumps may break.

use proptest::prelude::*;

use super::*;

const START: Moment = Moment(1_795_509_000_000);

fn everywhere(what: &str) -> Seen {
    Seen::Everywhere(what.to_owned())
}

/// Looks one after the other, each when it is due; the notices, by what was seen.
fn run(watch: Watch, looks: &[Seen]) -> (Watch, Vec<Notice>) {
    let mut notices = Vec::new();
    let end = looks.iter().fold(watch, |watch, seen| {
        let now = watch.next_look.unwrap_or(START);
        let (watch, notice) = watch.looked(seen, now, 0);
        notices.extend(notice);
        watch
    });
    (end, notices)
}

#[test]
fn a_change_is_told_when_everybody_has_it() {
    use Seen::{Underway, Unknown};
    let cases: [(&[Seen], State, usize); 8] = [
        (&[everywhere("a")], State::Pending, 0),
        (&[everywhere("a"), everywhere("a")], State::Pending, 0),
        (&[everywhere("a"), everywhere("b")], State::Changed, 1),
        (&[Underway, everywhere("b")], State::Changed, 1),
        (&[everywhere("a"), Underway, everywhere("a")], State::Changed, 1),
        (&[Unknown, everywhere("b"), Unknown], State::Pending, 0),
        (&[Underway, Unknown, everywhere("b"), everywhere("b")], State::Changed, 1),
        (&[everywhere("a"), everywhere("b"), Underway], State::Pending, 1),
    ];
    for (looks, state, notices) in cases {
        let (watch, told) = run(Watch::begin(START), looks);
        assert_eq!((watch.state, told.len()), (state, notices), "{looks:?}");
    }
}

#[test]
fn two_changes_while_nothing_can_be_delivered_are_two_notices() {
    let (watch, told) = run(Watch::begin(START), &[everywhere("a"), everywhere("b"), Seen::Underway, everywhere("c")]);
    assert_eq!((told.len(), watch.step, watch.state), (2, 2, State::Changed));
    let (watch, told) = run(Watch::begin(START), &[everywhere("a"), everywhere("b"), everywhere("a")]);
    assert_eq!((told.len(), watch.state), (2, State::Changed));
    assert_eq!(watch.clone().delivered(1).state, State::Changed, "the first told of what has passed");
    assert_eq!(watch.delivered(2).state, State::Notified);
}

#[test]
fn the_pauses_grow_from_one_minute_to_fifteen() {
    let mut watch = Watch::begin(START);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let now = watch.next_look.unwrap();
        (watch, _) = watch.looked(&Seen::Underway, now, 0);
        pauses.push(watch.next_look.unwrap().since(now).as_secs());
    }
    assert_eq!(pauses, [60, 90, 135, 200, 300, 450, 675, 900, 900, 900]);
}

#[test]
fn a_clock_that_jumps_ahead_swallows_no_change() {
    let (watch, _) = run(Watch::begin(START), &[Seen::Underway]);
    let later = START + PATIENCE + Duration::from_hours(24);
    assert_eq!(watch.clone().looked(&everywhere("b"), later, 0).1, Some(Notice::Everywhere));
    assert_eq!(watch.looked(&Seen::Underway, later, 0).1, Some(Notice::GaveUp));
}

#[derive(Debug, Clone)]
enum Event {
    Look(Seen),
    Delivered(u32),
    Undeliverable(u32),
    Cancel,
}

fn events() -> impl Strategy<Value = Vec<(Event, i64, u64)>> {
    let seen = prop_oneof!["[abc]".prop_map(Seen::Everywhere), Just(Seen::Underway), Just(Seen::Unknown)];
    let event = prop_oneof![
        8 => seen.prop_map(Event::Look),
        2 => (0..6u32).prop_map(Event::Delivered),
        1 => (0..6u32).prop_map(Event::Undeliverable),
        1 => Just(Event::Cancel),
    ];
    // The clock goes on by minutes, and jumps by an hour back or a day ahead.
    let clock = prop_oneof![8 => 0..1_200_000i64, 1 => Just(-3_600_000i64), 1 => Just(86_400_000i64)];
    prop::collection::vec((event, clock, any::<u64>()), 0..60)
}

proptest! {
    #[test]
    fn every_notice_is_a_step_of_its_own_and_nothing_follows_the_end(events in events()) {
        let mut watch = Watch::begin(START);
        let mut now = START;
        let mut notices = 0;
        for (event, passed, chance) in events {
            now = Moment(now.0 + passed);
            let before = watch.clone();
            let mut told = None;
            watch = match event {
                Event::Look(seen) => {
                    let (after, notice) = watch.looked(&seen, now, chance);
                    told = notice;
                    after
                }
                Event::Delivered(step) => watch.delivered(step),
                Event::Undeliverable(step) => watch.undeliverable(step),
                Event::Cancel => watch.cancelled(),
            };
            notices += u32::from(told.is_some());
            prop_assert_eq!(watch.step, notices);
            prop_assert_eq!(watch.state.is_end(), watch.next_look.is_none());
            if before.state.is_end() {
                prop_assert_eq!(&before, &watch);
            }
            if told == Some(Notice::Everywhere) {
                prop_assert_eq!(watch.state, State::Changed);
            }
            if watch.state == State::Notified && before.state != State::Notified {
                prop_assert!(watch.step > 0);
            }
            if let (Some(next), true) = (watch.next_look, watch.looks > before.looks) {
                let pause = next.since(now);
                prop_assert!((Duration::from_mins(1)..=LONGEST_PAUSE).contains(&pause), "{:?}", pause);
            }
        }
    }

    #[test]
    fn the_clock_decides_nothing_while_a_watch_lasts(
        looks in prop::collection::vec(prop_oneof!["[ab]".prop_map(Seen::Everywhere), Just(Seen::Underway)], 1..20),
        jumps in prop::collection::vec(-3_600_000..86_400_000i64, 20),
    ) {
        let steady = run(Watch::begin(START), &looks).1;
        let mut watch = Watch::begin(START);
        watch.expires = Moment(i64::MAX);
        let mut told = Vec::new();
        for (seen, jump) in looks.iter().zip(jumps) {
            let notice;
            (watch, notice) = watch.looked(seen, Moment(START.0 + jump), 7);
            told.extend(notice);
        }
        prop_assert_eq!(steady, told);
    }
}

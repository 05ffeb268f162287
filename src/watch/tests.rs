//! What no order of looks, deliveries and clock jumps may break.

use proptest::prelude::*;

use super::*;

const START: Moment = Moment(1_795_509_000_000);

fn everywhere(what: &str) -> Seen {
    Seen::Everywhere(Said { what: what.to_owned(), who: "all".to_owned() })
}

fn begin(seen: &Seen) -> Watch {
    Watch::begin(seen, START)
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
    let cases: [(Seen, &[Seen], State, usize); 7] = [
        (everywhere("a"), &[everywhere("a"), everywhere("a")], State::Pending, 0),
        (everywhere("a"), &[everywhere("b")], State::Changed, 1),
        (everywhere("a"), &[Underway, everywhere("a")], State::Changed, 1),
        (everywhere("a"), &[everywhere("b"), Underway], State::Pending, 1),
        (Underway, &[everywhere("b")], State::Changed, 1),
        (Unknown, &[Underway, everywhere("b")], State::Changed, 1),
        (Underway, &[Unknown, everywhere("b"), everywhere("b")], State::Changed, 1),
    ];
    for (first, looks, state, notices) in cases {
        let (watch, told) = run(begin(&first), looks);
        assert_eq!((watch.state, told.len()), (state, notices), "{first:?} {looks:?}");
    }
}

#[test]
fn where_the_first_look_saw_nothing_what_everybody_says_is_told_once_and_the_change_after_it() {
    let already =
        |seen: &Seen| if let Seen::Everywhere(said) = seen { Notice::Already(said.clone()) } else { panic!() };
    for first in [Seen::Unknown, Seen::Broken] {
        let (watch, told) = run(begin(&first), &[Seen::Unknown, everywhere("a"), Seen::Unknown, everywhere("a")]);
        assert_eq!((watch.state, told), (State::Pending, vec![already(&everywhere("a"))]));
        assert_eq!(watch.clone().delivered(1).state, State::Pending, "the change is still waited for");
        assert_eq!(watch.clone().undeliverable(1).state, State::Pending);
        let (watch, told) = run(watch, &[everywhere("b")]);
        assert!(matches!(told.as_slice(), [Notice::Everywhere(said)] if said.what == "b"), "{told:?}");
        assert_eq!(watch.delivered(2).state, State::Notified);
    }
}

#[test]
fn looks_that_break_again_and_again_end_the_watch_and_one_that_does_not_forgives_them() {
    let broken = |watch: Watch, strikes| Watch { strikes, ..watch }.looked(&Seen::Broken, START, 0);
    let (watch, told) = broken(begin(&Seen::Underway), MOST_STRIKES - 1);
    assert_eq!((watch.state, told), (State::Pending, None));
    assert_eq!(watch.clone().looked(&Seen::Unknown, START, 0).0.strikes, 0);
    let (watch, told) = broken(watch, MOST_STRIKES);
    assert_eq!((watch.state, told), (State::Broken, Some(Notice::Broken)));
    let (changed, _) = run(begin(&Seen::Underway), &[everywhere("b")]);
    assert_eq!(broken(changed, MOST_STRIKES).0.delivered(1).state, State::Notified, "there is something to tell first");
}

#[test]
fn a_change_that_could_not_be_told_did_not_take_too_long() {
    let (changed, _) = run(begin(&Seen::Underway), &[everywhere("b")]);
    assert_eq!(changed.undeliverable(1).state, State::Undelivered);
}

#[test]
fn two_changes_while_nothing_can_be_delivered_are_two_notices() {
    let (watch, told) = run(begin(&everywhere("a")), &[everywhere("b"), Seen::Underway, everywhere("c")]);
    assert_eq!((told.len(), watch.step, watch.state), (2, 2, State::Changed));
    let (watch, told) = run(begin(&everywhere("a")), &[everywhere("b"), everywhere("a")]);
    assert_eq!((told.len(), watch.state), (2, State::Changed));
    assert_eq!(watch.clone().delivered(1).state, State::Changed, "the first told of what has passed");
    assert_eq!(watch.delivered(2).state, State::Notified);
}

#[test]
fn the_pauses_grow_from_one_minute_to_fifteen() {
    let mut watch = begin(&Seen::Underway);
    let mut pauses = vec![watch.next_look.unwrap().since(START).as_secs()];
    for _ in 0..9 {
        let now = watch.next_look.unwrap();
        (watch, _) = watch.looked(&Seen::Underway, now, 0);
        pauses.push(watch.next_look.unwrap().since(now).as_secs());
    }
    assert_eq!(pauses, [60, 90, 135, 200, 300, 450, 675, 900, 900, 900]);
}

#[test]
fn a_clock_that_jumps_ahead_swallows_no_change() {
    let watch = begin(&Seen::Underway);
    let later = START + PATIENCE + Duration::from_hours(24);
    assert!(matches!(watch.clone().looked(&everywhere("b"), later, 0).1, Some(Notice::Everywhere(_))));
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
    let same = "[abc]".prop_map(|what| everywhere(&what));
    let seen = prop_oneof![3 => same, 3 => Just(Seen::Underway), 3 => Just(Seen::Unknown), 2 => Just(Seen::Broken)];
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
        let mut watch = begin(&Seen::Unknown);
        let mut now = START;
        let mut notices = 0;
        for (event, passed, chance) in events {
            now = Moment(now.0 + passed);
            let before = watch.clone();
            let mut told = None;
            watch = match event {
                Event::Look(seen) => {
                    watch.strikes += u32::from(!watch.state.is_end());
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
            if matches!(told, Some(Notice::Everywhere(_))) {
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
        looks in prop::collection::vec(prop_oneof!["[ab]".prop_map(|what| everywhere(&what)), Just(Seen::Underway)], 1..20),
        jumps in prop::collection::vec(-3_600_000..86_400_000i64, 20),
    ) {
        let steady = run(begin(&Seen::Unknown), &looks).1;
        let mut watch = begin(&Seen::Unknown);
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

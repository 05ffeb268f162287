//! How long to wait before the next connection: not at all after the first trouble, longer the more there is. Discord
//! takes one IDENTIFY in five seconds, and resets the token of a bot with more than a thousand in a day.

use std::time::Duration;

use tokio::time::Instant;

/// The wait before the second connection in a row that did not last.
const FIRST: Duration = Duration::from_millis(200);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that lasted this long ends the row.
const LASTED: Duration = Duration::from_secs(5);
/// The time between two IDENTIFYs, doubled with each session that did not last.
const GAP: Duration = Duration::from_secs(5);
/// The longest such time: 720 in a day.
const WIDEST_GAP: Duration = Duration::from_mins(2);
/// A session that lasted this long ends the doubling.
const SESSION_LASTED: Duration = Duration::from_mins(5);

/// What happened lately.
#[derive(Debug, Default)]
pub(super) struct Pace {
    tries: u32,
    identified: Option<Instant>,
    sessions: u32,
}

impl Pace {
    /// How long to wait before a connection that resumes; `share` (0 to 1, by lot) spreads many bots.
    pub(super) fn before_resume(&mut self, share: f64) -> Duration {
        let wait = match self.tries {
            0 => Duration::ZERO,
            tries => FIRST.saturating_mul(1 << (tries - 1).min(10)).min(LONGEST).mul_f64(0.5 + share / 2.0),
        };
        self.tries += 1;
        wait
    }

    /// How long to wait before a connection that identifies.
    pub(super) fn before_identify(&mut self, share: f64, now: Instant) -> Duration {
        let gap = GAP.saturating_mul(1 << self.sessions.saturating_sub(1).min(10)).min(WIDEST_GAP);
        let free = self.identified.map_or(Duration::ZERO, |identified| (identified + gap).duration_since(now));
        self.before_resume(share).max(free)
    }

    /// IDENTIFY was sent.
    pub(super) fn identified(&mut self, now: Instant) {
        self.identified = Some(now);
        self.sessions += 1;
    }

    /// A connection on which the session was ready for so long has ended.
    pub(super) fn lasted(&mut self, time: Duration, now: Instant) {
        if time >= LASTED {
            self.tries = 0;
        }
        if self.identified.is_some_and(|identified| now.duration_since(identified) >= SESSION_LASTED) {
            self.sessions = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_connection_is_resumed_at_once_and_the_next_ones_ever_later() {
        let mut pace = Pace::default();
        let waits: Vec<_> = (0..12).map(|_| pace.before_resume(1.0).as_millis()).collect();
        assert_eq!(waits[..5], [0, 200, 400, 800, 1600]);
        assert_eq!(waits[11], 30_000);
        pace.lasted(LASTED, Instant::now());
        assert_eq!(pace.before_resume(1.0), Duration::ZERO);
    }

    #[test]
    fn a_bot_whose_sessions_never_last_stays_below_a_thousand_in_a_day() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        let (mut now, mut count) = (begun, 0);
        while now.duration_since(begun) < Duration::from_hours(24) {
            now += pace.before_identify(0.0, now);
            pace.identified(now);
            count += 1;
            pace.lasted(Duration::ZERO, now);
        }
        assert!(count < 1000, "{count}");
    }

    #[test]
    fn two_sessions_never_begin_within_five_seconds() {
        let mut pace = Pace::default();
        let begun = Instant::now();
        assert_eq!(pace.before_identify(0.0, begun), Duration::ZERO);
        pace.identified(begun);
        assert_eq!(pace.before_identify(0.0, begun + Duration::from_secs(1)), Duration::from_secs(4));
    }
}

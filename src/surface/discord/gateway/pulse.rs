//! The heartbeat of a connection, and how it is told that nobody is at the other end any more.

use std::time::Duration;

use tokio::time::Instant;

/// The longest time between two heartbeats. Discord asks for one every 41 seconds; a connection that died without breaking
/// shall not go unnoticed for that long, and four in a minute are far below the 120 payloads that are allowed.
const OFTEN: Duration = Duration::from_secs(15);
/// How long the connection may be quiet after a heartbeat: Discord answers one at once.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// When to beat, and when to give up.
#[derive(Debug)]
pub(super) struct Pulse {
    every: Duration,
    next: Instant,
    /// The heartbeat that was not acknowledged yet.
    sent: Option<Instant>,
    heard: Instant,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A heartbeat.
    Beat,
    /// Nobody answers: the connection is dead, though open.
    Silence,
}

impl Pulse {
    /// The pulse that HELLO asks for; `share` (0 to 1, by lot) spreads the first heartbeats of many bots.
    pub(super) fn new(interval: Duration, share: f64, now: Instant) -> Self {
        let every = interval.clamp(Duration::from_millis(1), OFTEN);
        Self { every, next: now + every.mul_f64(share), sent: None, heard: now }
    }

    /// Something came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A heartbeat was acknowledged.
    pub(super) fn acknowledged(&mut self) {
        self.sent = None;
    }

    /// A heartbeat was sent.
    pub(super) fn beaten(&mut self, now: Instant) {
        self.sent.get_or_insert(now);
        self.next = now + self.every;
    }

    /// What is due next, and when.
    pub(super) fn next(&self) -> (Instant, Due) {
        match self.sent {
            None => (self.next, Due::Beat),
            Some(sent) => (self.next.min(sent.max(self.heard) + ANSWERED_WITHIN), Due::Silence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_dead_connection_is_told_within_twenty_seconds() {
        let begun = Instant::now();
        let mut pulse = Pulse::new(Duration::from_millis(41_250), 1.0, begun);
        assert_eq!(pulse.next(), (begun + 15 * SECOND, Due::Beat));
        pulse.beaten(begun + 15 * SECOND);
        assert_eq!(pulse.next(), (begun + 20 * SECOND, Due::Silence));
        pulse.acknowledged();
        assert_eq!(pulse.next(), (begun + 30 * SECOND, Due::Beat));
    }

    #[test]
    fn events_prolong_the_wait_for_an_acknowledgement_to_the_next_heartbeat_and_no_further() {
        let begun = Instant::now();
        let mut pulse = Pulse::new(Duration::from_millis(41_250), 0.0, begun);
        pulse.beaten(begun);
        pulse.heard(begun + 4 * SECOND);
        assert_eq!(pulse.next(), (begun + 9 * SECOND, Due::Silence));
        pulse.heard(begun + 14 * SECOND);
        assert_eq!(pulse.next(), (begun + 15 * SECOND, Due::Silence));
    }

    #[test]
    fn a_short_interval_is_kept() {
        let begun = Instant::now();
        let mut pulse = Pulse::new(SECOND, 0.5, begun);
        assert_eq!(pulse.next(), (begun + SECOND / 2, Due::Beat));
        pulse.beaten(begun + SECOND / 2);
        assert_eq!(pulse.next(), (begun + SECOND * 3 / 2, Due::Silence));
    }
}

//! Trouble on request: what an operation does instead of its work, and how often.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::routes::Operation;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Refused with 429; nothing is done, and no retry is allowed before this time is over.
    ///
    /// Discord's header has whole seconds; a fraction is given here, which serenity reads too, so that tests are quick.
    RateLimited(Duration),
    /// Refused with this status; nothing is done.
    Status(u16),
    /// Done, yet answered with this status, as a proxy does that lost the reply.
    DoneBut(u16),
    /// Done at once, answered later.
    Slow(Duration),
    /// Never answered, and not done.
    Silence,
}

/// The faults still to come, and the retries that are not allowed yet.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    to_come: HashMap<Operation, VecDeque<Fault>>,
    not_before: HashMap<String, Instant>,
}

/// How much too early a retry may be: a timer's and a header's precision.
const SLACK: Duration = Duration::from_millis(2);

impl Faults {
    /// Makes the next `times` requests of an operation fail.
    pub(crate) fn add(&mut self, operation: Operation, fault: Fault, times: usize) {
        self.to_come.entry(operation).or_default().extend(std::iter::repeat_n(fault, times));
    }

    /// Takes the fault that the next request of an operation meets.
    pub(crate) fn next(&mut self, operation: Operation) -> Option<Fault> {
        self.to_come.get_mut(&operation)?.pop_front()
    }

    /// Remembers that a path is closed for a while.
    pub(crate) fn close(&mut self, path: &str, wait: Duration) {
        self.not_before.insert(path.to_owned(), Instant::now() + wait);
    }

    /// Says by how much a request on a closed path came too early.
    pub(crate) fn too_early(&mut self, path: &str) -> Option<Duration> {
        let early = self.not_before.remove(path)?.saturating_duration_since(Instant::now());
        (early > SLACK).then_some(early)
    }
}

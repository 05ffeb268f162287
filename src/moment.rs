//! Points in time that are written down: whole milliseconds since 1970, in UTC.
//!
//! Asks no clock: whoever wires the program says what time it is. Sums stop at the ends instead of wrapping.

use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

impl Moment {
    /// How long it has been since `earlier`; nothing where that is still to come.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }

    /// The number of whole spans of this length since 1970: the same for all moments within one.
    pub fn window(self, length: Duration) -> i64 {
        self.0.div_euclid(millis(length).max(1))
    }

    /// The day, counted from 1970-01-01.
    pub fn day(self) -> i64 {
        self.window(Duration::from_hours(24))
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(millis(after)),
            Err(before) => Self(-millis(before.duration())),
        }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(millis(time)))
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stop_at_the_ends_and_windows_are_whole() {
        assert_eq!(Moment(i64::MAX) + Duration::MAX, Moment(i64::MAX));
        assert_eq!(Moment(5).since(Moment(9)), Duration::ZERO);
        assert_eq!(Moment(9).since(Moment(5)), Duration::from_millis(4));
        assert_eq!(Moment(60_000).window(Duration::from_mins(1)), 1);
        assert_eq!(Moment(-1).window(Duration::from_mins(1)), -1);
        assert_eq!(Moment::from(UNIX_EPOCH + Duration::from_hours(24)).day(), 1);
    }
}

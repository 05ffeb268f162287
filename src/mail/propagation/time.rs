//! When a change is everywhere: a time of day in UTC, and how long that is from now.

use std::time::{Duration, UNIX_EPOCH};

/// The last second that four digits of a year can tell: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

/// The time in `seconds` from `now` (in seconds since 1970): `14:05 UTC`, with the date where it is another day.
pub(super) fn at(now: i64, seconds: u32) -> String {
    let now = u64::try_from(now).unwrap_or_default();
    let (today, _) = split(now);
    // A minute that has begun is over at its end.
    let (day, clock) = split(now.saturating_add(u64::from(seconds)).saturating_add(59));
    if day == today { format!("{clock} UTC") } else { format!("{clock} UTC on {day}") }
}

/// A number of seconds as people say it: `25 minutes`.
pub(super) fn span(seconds: u32) -> String {
    let (count, unit) = match seconds {
        0..100 => (seconds, "second"),
        100..6000 => (seconds.div_ceil(60), "minute"),
        6000..172_800 => (seconds.div_ceil(3600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn split(seconds: u64) -> (String, String) {
    let written = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(LAST))).to_string();
    let (day, clock) = written.split_once('T').unwrap_or_default();
    let minutes = clock.rsplit_once(':').map_or(clock, |(minutes, _)| minutes);
    (day.to_owned(), minutes.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T08:30:00Z.
    const NOW: i64 = 1_795_509_000;

    #[test]
    fn the_time_of_day_is_told_and_the_day_where_it_is_another() {
        for (now, seconds, expected) in [
            (NOW, 0, "08:30 UTC"),
            (NOW, 300, "08:35 UTC"),
            (NOW, 301, "08:36 UTC"),
            (NOW, 86_400, "08:30 UTC on 2026-11-25"),
            (NOW, 16 * 3600, "00:30 UTC on 2026-11-25"),
            (-5, 60, "00:01 UTC"),
            (i64::MAX, u32::MAX, "23:59 UTC"),
        ] {
            assert_eq!(at(now, seconds), expected, "{now} {seconds}");
        }
    }

    #[test]
    fn a_span_is_told_in_one_unit() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (99, "99 seconds"),
            (100, "2 minutes"),
            (3600, "60 minutes"),
            (7200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}

//! Dates of messages (RFC 5322 sections 3.3 and 4.3), with the forms that old and careless programs write.

/// A point in time, as somebody's clock had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// How far the zone is ahead of UTC, in minutes; unknown zones count as UTC.
    pub offset: i32,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The zones with names (RFC 5322 section 4.3), and their offsets in hours. Military letters mean nothing certain.
const ZONES: [(&str, i32); 14] = [
    ("ut", 0),
    ("gmt", 0),
    ("utc", 0),
    ("z", 0),
    ("edt", -4),
    ("est", -5),
    ("cdt", -5),
    ("cst", -6),
    ("mdt", -6),
    ("mst", -7),
    ("pdt", -7),
    ("pst", -8),
    ("cet", 1),
    ("cest", 2),
];

/// Reads a date: `Thu, 14 Jan 2015 15:01:30 -0800`, with or without day name, seconds and comments; also the order of
/// `Thu Jan 14 15:01:30 2015`, and `2015-01-14T15:01:30Z`.
pub fn parse(text: &str) -> Option<Stamp> {
    let text = without_comments(text).to_ascii_lowercase();
    if let Some(stamp) = international(&text) {
        return Some(stamp);
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()).take(12).collect();
    let month_at = words.iter().position(|word| month(word).is_some())?;
    let time_at = words.iter().position(|word| word.contains(':'))?;
    let number = |at: usize| words.get(at).filter(|word| word.len() <= 4).and_then(|word| word.parse::<i64>().ok());
    let day = month_at.checked_sub(1).and_then(number).or_else(|| number(month_at + 1))?;
    let year =
        number(month_at + 1).filter(|_| month_at + 1 != time_at && month_at > 0 && number(month_at - 1).is_some());
    let (year, zone_at) = match year {
        Some(year) => (year, time_at + 1),
        None => match number(time_at + 1) {
            Some(year) => (year, time_at + 2),
            // `Jan 14 15:01:30 PST 2015`
            None => (number(time_at + 2)?, time_at + 1),
        },
    };
    let year = match year {
        0..50 => year + 2000,
        50..1000 => year + 1900,
        year => year,
    };
    let offset = words.get(zone_at).map_or(0, |zone| offset(zone));
    stamp(year, month(words.get(month_at)?)?, day, clock(words.get(time_at)?)?, offset)
}

/// `2015-01-14T15:01:30Z`, `2015-01-14 15:01:30 +0100`
fn international(text: &str) -> Option<Stamp> {
    let (date, rest) = text.trim().split_once(['t', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let rest = rest.trim();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(end)?;
    let zone = zone.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit()).trim().replace(':', "");
    stamp(year, month, day, clock(time)?, offset(&zone))
}

fn month(word: &str) -> Option<i64> {
    let start = word.get(..3)?;
    let known = word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.');
    let at = MONTHS.iter().position(|month| *month == start).filter(|_| known)?;
    i64::try_from(at).ok().map(|at| at + 1)
}

/// The seconds of the day.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':').map(|part| {
        let whole = part.split('.').next().unwrap_or_default();
        whole.parse::<i64>().ok().filter(|_| whole.len() <= 2)
    });
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let right = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    right.then_some((hours * 60 + minutes) * 60 + seconds)
}

/// The offset of a zone in minutes.
fn offset(zone: &str) -> i32 {
    let digits = zone.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4).and_then(|d| d.parse::<i32>().ok());
    match digits {
        Some(digits) => {
            let minutes = digits / 100 * 60 + digits % 100;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
        None => ZONES.iter().find(|(name, _)| *name == zone).map_or(0, |(_, hours)| hours * 60),
    }
}

fn stamp(year: i64, month: i64, day: i64, clock: i64, offset: i32) -> Option<Stamp> {
    if !(1900..3000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970 in the Gregorian calendar, with the year taken to begin in March.
    let shifted = year - i64::from(month <= 2);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + of_year - 719_468;
    Some(Stamp { seconds: days * 86_400 + clock - i64::from(offset) * 60, offset })
}

/// Writes a date in UTC (RFC 5322 section 3.3), without the day's name, which is optional.
pub fn written(seconds: i64) -> String {
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Counted from the first of March of the year 0, in eras of 400 years.
    let (era, of_era) = ((days + 719_468).div_euclid(146_097), (days + 719_468).rem_euclid(146_097));
    let of_years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12);
    let year = era * 400 + of_years + i64::from(month < 2);
    let name = usize::try_from(month).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    let mut letters = name.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
    let name: String = first.chain(letters).collect();
    format!("{day} {name} {year} {:02}:{:02}:{:02} +0000", clock / 3600, clock / 60 % 60, clock % 60)
}

/// The text without comments, however nested (RFC 5322 section 3.2.2).
pub(super) fn without_comments(text: &str) -> String {
    let (mut depth, mut escaped) = (0_usize, false);
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if depth > 0 => escaped = true,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => kept.push(c),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_whatever_form() {
        for (text, seconds, offset) in [
            ("Thu, 14 Jan 2015 15:01:30 -0800 (PST)", 1_421_276_490, -480),
            ("14 Jan 2015 23:01:30 +0000", 1_421_276_490, 0),
            ("Wed, 14 Jan 15 23:01:30 GMT", 1_421_276_490, 0),
            ("14 Jan 2015 23:01 UT", 1_421_276_460, 0),
            ("Thu Jan 14 23:01:30 2015", 1_421_276_490, 0),
            ("Thu Jan 14 15:01:30 PST 2015", 1_421_276_490, -480),
            ("Thu Jan 14 15:01:30 2015 -0800", 1_421_276_490, -480),
            ("2015-01-14T23:01:30Z", 1_421_276_490, 0),
            ("2015-01-14 23:01:30.123456 +0000", 1_421_276_490, 0),
            ("2015-01-15T00:01:30+01:00", 1_421_276_490, 60),
            ("Fri, 29 Feb 2008 00:00:00 +0545", 1_204_222_500, 345),
            ("1 January 1970 00:00:00 EST", 18_000, -300),
            ("Thu, 1 Jan 1970 00:00:00 XYZ", 0, 0),
            ("Mon,  1 Jan 99 00:00:00 -0000", 915_148_800, 0),
        ] {
            assert_eq!(parse(text), Some(Stamp { seconds, offset }), "{text}");
        }
        for text in
            ["", "yesterday", "32 Jan 2015 00:00:00", "14 Jan 2015", "14 Foo 2015 10:00:00", "14 Jan 2015 25:00:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in -2_000_000_000_i64..30_000_000_000) {
            proptest::prop_assert_eq!(parse(&written(seconds)), Some(Stamp { seconds, offset: 0 }));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|[0-9a-z:+,() -]{0,40}|[0-9]{1,4} jan [0-9]{1,20} [0-9:]{1,12} [-+][0-9]{1,9}") {
            let _ = parse(&text);
        }
    }
}

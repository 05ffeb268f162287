//! A server's load averages against the CPUs of its plan, as the host's page explains them: pure.
//!
//! Says how they compare and whither they go; what that means for a customer stands in `knowledge/findings/load.toml`.

use std::fmt;
use std::str::FromStr;

use crate::finding::{Code, Finding};

/// The number of minutes that each of the three averages looks back.
pub const MINUTES: [u8; 3] = [1, 5, 15];
/// The highest number that is taken for a load or for CPUs: a hundred times what the largest machines show.
const HIGHEST: u32 = 100_000;
/// From how many hundredths of the CPUs on a load is close to the limit.
const NEAR: u64 = 80;
/// By how many hundredths the newest average must differ from the oldest to be on its way somewhere.
const DRIFT: u64 = 10;

/// A number with two decimals, as `uptime` shows loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u32);

/// The load averages of 1, 5 and 15 minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Averages(pub [Number; 3]);

/// The CPUs of a plan: above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus(Number);

/// Whither the load goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// The last minute was busier than the quarter of an hour.
    Rising,
    /// It was quieter.
    Falling,
    /// It was about the same.
    Steady,
}

/// Why a text is no load, or no number of CPUs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLoad {
    /// There are not three averages.
    #[error("`{0}` is not three load averages; write those of 1, 5 and 15 minutes, such as `0.52 1.04 2.50`")]
    Averages(String),
    /// The CPUs are no number above zero.
    #[error("`{0}` is not a number of CPUs; write how many your plan has, such as `4`")]
    Cpus(String),
}

impl Number {
    /// The number itself.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Reads a number above or at zero, with a dot or a comma before its decimals; those past the second are dropped.
    fn read(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once(['.', ',']).unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) {
            return None;
        }
        let hundredths = format!("{decimals}0").chars().take(2).collect::<String>().parse::<u32>().ok()?;
        let whole = whole.parse::<u32>().ok().filter(|whole| *whole < HIGHEST)?;
        Some(Self(whole * 100 + hundredths))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl FromStr for Averages {
    type Err = BadLoad;

    /// Reads them as people copy them: from `uptime`, `top` or `/proc/loadavg`, with the names of the metrics (`ldavg-1`),
    /// with decimal commas.
    fn from_str(text: &str) -> Result<Self, BadLoad> {
        let bad = || BadLoad::Averages(shown(text));
        let numbers: Vec<Number> = numerals(text).iter().filter_map(|numeral| Number::read(numeral)).collect();
        let wanted = numerals(text).len();
        <[Number; 3]>::try_from(numbers).ok().filter(|_| wanted == 3).map(Self).ok_or_else(bad)
    }
}

/// The numerals of a text, in their order; also what should be one and is not.
fn numerals(text: &str) -> Vec<String> {
    let text: String = text.chars().take(300).flat_map(char::to_lowercase).collect();
    // What stands before these words, such as the time and the number of users, is no load.
    let start = ["load averages", "load average"].iter().find_map(|words| Some(text.rsplit_once(words)?.1));
    let text = start.unwrap_or(&text);
    let is_name = |word: &&str| word.trim_end_matches([':', '=']).strip_prefix("ldavg-").is_some();
    let mut words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '(' | ')' | '[' | ']'))
        .map(|word| word.trim_matches([',', ':', '=']))
        .filter(|word| !word.is_empty() && !is_name(word))
        .collect();
    // `/proc/loadavg` goes on with the processes.
    if words.get(3).is_some_and(|word| word.contains('/')) {
        words.truncate(3);
    }
    let words: Vec<&str> = words.iter().flat_map(|word| word.split('/')).collect();
    if words.len() == 3 {
        return words.iter().map(ToString::to_string).collect();
    }
    let parts: Vec<&str> = words.iter().flat_map(|word| word.split(',')).filter(|part| !part.is_empty()).collect();
    if parts.len() == 6 && !text.contains('.') {
        // Commas alone, as separators and before decimals.
        return parts.chunks(2).map(|pair| pair.join(".")).collect();
    }
    parts.iter().map(ToString::to_string).collect()
}

impl FromStr for Cpus {
    type Err = BadLoad;

    fn from_str(text: &str) -> Result<Self, BadLoad> {
        let word = text.trim().to_lowercase();
        let number = ["vcpus", "vcpu", "cpus", "cpu", "cores", "core"]
            .iter()
            .find_map(|unit| word.strip_suffix(unit))
            .unwrap_or(&word)
            .trim();
        let read = Number::read(number).filter(|number| number.0 > 0);
        read.map(Self).ok_or_else(|| BadLoad::Cpus(shown(text)))
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.0.is_multiple_of(100) { write!(f, "{}", self.0.0 / 100) } else { self.0.fmt(f) }
    }
}

impl Cpus {
    /// The number itself.
    pub fn value(self) -> f64 {
        self.0.value()
    }

    /// Whether a load is above what these CPUs take.
    pub fn are_exceeded_by(self, load: Number) -> bool {
        load > self.0
    }

    /// How many hundredths of these CPUs a load is.
    pub fn share(self, load: Number) -> u64 {
        u64::from(load.0) * 100 / u64::from(self.0.0.max(1))
    }
}

impl Averages {
    /// Whither the load goes: the newest average beside the oldest.
    pub fn trend(self) -> Trend {
        let [one, _, fifteen] = self.0.map(|number| u64::from(number.0));
        match (one * 100, fifteen * (100 - DRIFT), fifteen * (100 + DRIFT)) {
            (now, _, much) if now > much => Trend::Rising,
            (now, little, _) if now < little => Trend::Falling,
            _ => Trend::Steady,
        }
    }
}

/// What the averages say of a server with these CPUs: how busy it is, then whither that goes.
pub fn findings(averages: Averages, cpus: Cpus) -> Vec<Finding> {
    let [one, five, fifteen] = averages.0;
    let over = |load| cpus.are_exceeded_by(load);
    let near = averages.0.iter().any(|load| cpus.share(*load) >= NEAR);
    let code = match (over(one), over(five), over(fifteen)) {
        (true, _, true) => Code::LoadOver,
        (true, _, false) => Code::LoadPeak,
        (false, true, _) | (false, _, true) => Code::LoadEased,
        _ if near => Code::LoadNear,
        _ => Code::LoadFine,
    };
    let trend = match averages.trend() {
        Trend::Rising => Code::LoadRising,
        Trend::Falling => Code::LoadFalling,
        Trend::Steady => Code::LoadSteady,
    };
    let about = |code: Code| {
        let finding = Finding::new(code, "server").detail("one", one).detail("five", five).detail("fifteen", fifteen);
        finding.detail("cpus", cpus)
    };
    vec![about(code), about(trend)]
}

/// As much of what was written as is shown.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let averages: Averages = text.parse().ok()?;
        Some(averages.0.map(|number| number.to_string()).join(" "))
    }

    #[test]
    fn averages_are_read_as_people_copy_them() {
        for (text, expected) in [
            ("0.52 1.04 2.5", "0.52 1.04 2.50"),
            ("0.52 1.04, 2.5", "0.52 1.04 2.50"),
            ("0.52,1.04,2.50", "0.52 1.04 2.50"),
            ("1, 2, 3", "1.00 2.00 3.00"),
            ("1,2,3", "1.00 2.00 3.00"),
            ("0,52 1,04 2,50", "0.52 1.04 2.50"),
            ("0,52, 1,04, 2,50", "0.52 1.04 2.50"),
            ("0,52,1,04,2,50", "0.52 1.04 2.50"),
            ("0.5/1.0/2.5", "0.50 1.00 2.50"),
            ("0.52; 1.04; 2.50", "0.52 1.04 2.50"),
            ("load average: 0.52, 1.04, 2.50", "0.52 1.04 2.50"),
            (" 15:49:43 up 10:32,  0 user,  load average: 4.64, 4.90, 3.45", "4.64 4.90 3.45"),
            ("top - 15:49:43 up 3 days, 2 users, load average: 0,00, 0,01, 0,05", "0.00 0.01 0.05"),
            ("9:41 up 2 days, 3 users, load averages: 1.20 1.31 1.44", "1.20 1.31 1.44"),
            ("ldavg-1: 7.90 ldavg-5: 6.44 ldavg-15: 6.02", "7.90 6.44 6.02"),
            ("ldavg-1 3.92 ldavg-5 4.10 ldavg-15 3.77", "3.92 4.10 3.77"),
            ("0.20 0.18 0.12 1/80 11206", "0.20 0.18 0.12"),
            ("1.999 0 99999", "1.99 0.00 99999.00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "3", "1 2", "1 2 3 4", "a b c", "1 2 x", "-1 2 3", "1..2 3 4", "1e3 2 3", "NaN inf 1", "1 2 100000"]
        {
            let told = text.parse::<Averages>().unwrap_err().to_string();
            assert!(told.contains("write those of 1, 5 and 15 minutes"), "{text}: {told}");
        }
    }

    #[test]
    fn cpus_are_a_number_above_zero() {
        for (text, expected) in [
            ("4", "4"),
            (" 2 ", "2"),
            ("2 CPUs", "2"),
            ("8vcpu", "8"),
            ("1 core", "1"),
            ("0.5", "0.50"),
            ("1,5", "1.50"),
        ] {
            assert_eq!(text.parse::<Cpus>().unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "0", "0.0", "-1", "many", "1e9", "99999999999"] {
            assert!(text.parse::<Cpus>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_load_is_judged_as_the_hosts_page_explains() {
        use Code::*;
        for (averages, cpus, expected) in [
            // The page's own examples: above 1.0 with one CPU, above 2.0 with two.
            ("1.01 1.01 1.01", "1", [LoadOver, LoadSteady]),
            ("2.01 2.01 2.01", "2", [LoadOver, LoadSteady]),
            ("1.00 1.00 1.00", "1", [LoadNear, LoadSteady]),
            ("4.64 4.90 3.45", "2", [LoadOver, LoadRising]),
            ("4.64 4.90 3.45", "8", [LoadFine, LoadRising]),
            ("6 3 1.5", "4", [LoadPeak, LoadRising]),
            ("1 3 5", "4", [LoadEased, LoadFalling]),
            ("1 5 3", "4", [LoadEased, LoadFalling]),
            ("0 0 0", "1", [LoadFine, LoadSteady]),
            ("3.2 1 1", "4", [LoadNear, LoadRising]),
            ("3.19 3.19 3.19", "4", [LoadFine, LoadSteady]),
        ] {
            let codes: Vec<Code> =
                findings(averages.parse().unwrap(), cpus.parse().unwrap()).iter().map(|finding| finding.code).collect();
            assert_eq!(codes, expected, "{averages} on {cpus}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|[0-9.,:/ ldavg-]{0,60}") {
            let _ = (text.parse::<Averages>(), text.parse::<Cpus>());
        }
    }
}

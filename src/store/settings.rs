//! What staff set for their guild; written as JSON, so that a new setting needs no new schema.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Store;
use super::audit;
use super::error::StoreError;
use super::snowflake::{Channel, Guild, Person, Role};
use super::value::Row;
use crate::moment::Moment;

/// The settings of a guild; what is unset is as the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where questions are answered without being asked to.
    pub channels: Vec<Channel>,
    /// The forums whose posts are answered.
    pub forums: Vec<Channel>,
    /// Who may do what staff does.
    pub staff_roles: Vec<Role>,
    /// Who is called when somebody wants a person.
    pub mention_role: Option<Role>,
    /// From which confidence an answer is given.
    pub answer_at: Option<f64>,
    /// By how much it must lead.
    pub margin: Option<f64>,
    /// From which confidence choices are offered.
    pub offer_at: Option<f64>,
    /// When nobody is called.
    pub quiet: Option<QuietHours>,
}

/// A span of every day; minutes after midnight, in the guild's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first minute.
    pub from: u16,
    /// The minute after the last; before `from` where it spans midnight.
    pub to: u16,
    /// How many minutes the guild's time is ahead of UTC.
    pub ahead: i16,
}

/// Why a text is no span of hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected hours such as `22:00-07:00`, with the distance to UTC behind them, such as `+02:00`")]
pub struct BadHours;

impl FromStr for QuietHours {
    type Err = BadHours;

    /// Reads `22:00-07:00 +02:00`; without a distance the hours are in UTC.
    fn from_str(text: &str) -> Result<Self, BadHours> {
        let (hours, ahead) = text.split_once(' ').unwrap_or((text, "+00:00"));
        let (from, to) = hours.split_once('-').ok_or(BadHours)?;
        let (from, to) = (minutes(from, 24)?, minutes(to, 24)?);
        let ahead = ahead.trim();
        let distance = |text| minutes(text, 15).map(u16::cast_signed);
        let ahead = match (ahead.strip_prefix('+'), ahead.strip_prefix(['-', '\u{2212}'])) {
            (Some(ahead), _) => distance(ahead)?,
            (_, Some(behind)) => -distance(behind)?,
            _ => return Err(BadHours),
        };
        if from == to { Err(BadHours) } else { Ok(Self { from, to, ahead }) }
    }
}

/// Reads `22:00`, with fewer hours than these.
fn minutes(text: &str, hours: u16) -> Result<u16, BadHours> {
    let (hour, minute) = text.split_once(':').ok_or(BadHours)?;
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
        if digits { text.parse::<u16>().map_err(|_| BadHours) } else { Err(BadHours) }
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    if hour < hours && minute < 60 { Ok(hour * 60 + minute) } else { Err(BadHours) }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let sign = if self.ahead < 0 { '-' } else { '+' };
        write!(f, "{}-{} {sign}{}", clock(self.from), clock(self.to), clock(self.ahead.unsigned_abs()))
    }
}

impl QuietHours {
    /// Whether it is quiet now.
    pub fn hold_at(self, now: Moment) -> bool {
        let minute = now.0.div_euclid(60_000).saturating_add(self.ahead.into()).rem_euclid(24 * 60);
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }

    /// How long until they end, at most a day.
    pub fn end_in(self, now: Moment) -> Duration {
        let minute = now.0.div_euclid(60_000).saturating_add(self.ahead.into()).rem_euclid(24 * 60);
        let minutes = (i64::from(self.to) - minute).rem_euclid(24 * 60);
        Duration::from_mins(u64::try_from(minutes).unwrap_or_default())
    }
}

impl Store {
    /// The settings of a guild.
    pub async fn settings(&self, guild: Guild) -> Result<Settings, StoreError> {
        let sql = "SELECT written FROM setting WHERE guild = $1";
        read(self.engine.read(sql, &[guild.into()]).await?)
    }

    /// Changes the settings of a guild, and notes who did; two changes at once are made one after the other.
    pub async fn change_settings(
        &self,
        guild: Guild,
        by: Person,
        now: Moment,
        change: impl FnOnce(&mut Settings) + Send,
    ) -> Result<Settings, StoreError> {
        let mut work = self.engine.begin().await?;
        let add =
            "INSERT INTO setting (guild, written, changed_at) VALUES ($1, '{}', $2) ON CONFLICT (guild) DO NOTHING";
        work.run(add, &[guild.into(), now.into()]).await?;
        let sql = "SELECT written FROM setting WHERE guild = $1 {for update}";
        let mut settings = read(work.rows(sql, &[guild.into()]).await?)?;
        change(&mut settings);
        let written = serde_json::to_string(&settings).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let sql = "UPDATE setting SET written = $2, changed_at = $3 WHERE guild = $1";
        work.run(sql, &[guild.into(), written.as_str().into(), now.into()]).await?;
        audit::note(&mut work, guild, by, "settings", &written, now).await?;
        work.commit().await?;
        Ok(settings)
    }
}

fn read(mut rows: Vec<Row>) -> Result<Settings, StoreError> {
    let Some(mut row) = rows.pop() else { return Ok(Settings::default()) };
    let written: String = row.take()?;
    serde_json::from_str(&written).map_err(|error| StoreError::Unreadable(format!("settings: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_read_as_they_are_shown() {
        for (text, hours) in [
            ("22:00-07:00 +02:00", Some((1320, 420, 120))),
            ("9:30-10:00", Some((570, 600, 0))),
            ("00:00-23:59 -09:30", Some((0, 1439, -570))),
            ("22:00", None),
            ("24:00-07:00", None),
            ("22:00-07:60", None),
            ("07:00-07:00", None),
            ("22:00-07:00 CET", None),
            ("22:00-07:00 +15:00", None),
            ("+2:00-07:00", None),
            ("22-7", None),
            ("", None),
        ] {
            let read = text.parse::<QuietHours>().ok();
            assert_eq!(read.map(|hours| (hours.from, hours.to, hours.ahead)), hours, "{text}");
            assert!(read.is_none_or(|hours| hours.to_string().parse() == Ok(hours)), "{text}");
        }
    }

    #[test]
    fn quiet_hours_may_span_midnight_and_are_in_the_guilds_time() {
        let at = |hour: i64, minute: i64| Moment((hour * 60 + minute) * 60_000);
        let night = QuietHours { from: 22 * 60, to: 6 * 60, ahead: 120 };
        for (hour, quiet) in [(19, false), (20, true), (23, true), (3, true), (4, false)] {
            assert_eq!(night.hold_at(at(hour, 0)), quiet, "{hour}");
        }
        assert_eq!(night.end_in(at(20, 30)), Duration::from_mins(7 * 60 + 30));
        assert_eq!(night.end_in(at(3, 59)), Duration::from_mins(1));
        let noon = QuietHours { from: 720, to: 780, ahead: -60 };
        assert!(noon.hold_at(at(13, 30)) && !noon.hold_at(at(12, 59)));
    }
}

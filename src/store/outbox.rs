//! Notifications: each is written in the transaction of what it tells of, and gone only after it was delivered or given up.
//!
//! The promise is "at least once": a crash between the delivery and the word of it makes a second one. Both bear the same
//! [`Notification::nonce`], by which Discord drops the second within minutes. A worker has one in hand for a while;
//! whoever comes back later than that changes nothing (its token is old). What cannot be delivered is set aside, and
//! keeps nobody waiting.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::Work;
use super::error::StoreError;
use super::interactions::Arrival;
use super::snowflake::{Channel, Guild, Person, Talk};
use super::value::{Row, Value};
use super::{Store, talks, watches};
use crate::moment::Moment;
use crate::watch::Watch;

/// How long a notification is tried again.
const LASTS: Duration = Duration::from_hours(24);
/// How often one is tried that is refused, or whose worker does not come back: it may be what kills them.
const MOST_STRIKES: u32 = 8;
/// How often at least one is tried that is only delayed, whatever the clock says.
const LEAST_DELAYS: u32 = 8;
/// The first pause before another try; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// The longest account of a trouble that is kept, in characters.
const LONGEST_TROUBLE: usize = 200;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "kebab-case")]
pub enum News {
    /// A change that somebody waits for is everywhere.
    Everywhere {
        /// The domain.
        domain: String,
        /// What was waited for, in a word.
        until: String,
        /// What everybody says now.
        now: String,
        /// Who was asked.
        who: String,
    },
    /// Everybody says the same, and whether that is the change is for the person to tell.
    Already {
        /// The domain.
        domain: String,
        /// What is waited for, in a word.
        until: String,
        /// What everybody says now.
        now: String,
        /// Who was asked.
        who: String,
    },
    /// It still is not, and is not waited for any longer.
    GaveUp {
        /// The domain.
        domain: String,
        /// What was waited for, in a word.
        until: String,
        /// What everybody says, if they say the same.
        now: Option<String>,
    },
    /// Looking broke, and it is not waited for any longer.
    Broken {
        /// The domain.
        domain: String,
        /// What was waited for, in a word.
        until: String,
        /// The number of the watch, by which the log knows it.
        number: i64,
    },
    /// The bot may not do something in a channel of a guild.
    Lacking {
        /// The guild.
        guild: Guild,
        /// The channel.
        channel: Channel,
        /// What it may not do there, and what it lacks for it.
        what: String,
    },
    /// Somebody wants a person.
    Handover {
        /// What staff should know, so that nobody asks again.
        summary: String,
    },
}

/// Where a notification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The guild; none for a direct message.
    pub guild: Option<Guild>,
    /// The channel.
    pub channel: Channel,
    /// Whom it is for, if one person.
    pub person: Option<Person>,
}

/// A notification that one worker has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its number.
    pub id: i64,
    token: i64,
    strikes: u32,
    delays: u32,
    written: Moment,
    /// Where it goes.
    pub to: Address,
    /// What it tells.
    pub news: News,
}

impl Notification {
    /// What tells Discord that two messages are one: at most 25 characters, the same for each try.
    pub fn nonce(&self) -> String {
        format!("mailmedic-{:x}", self.id)
    }
}

/// How a try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Done,
    /// Not now: a rate limit, no connection, a fault of the other side; and which.
    Delayed(String),
    /// It was turned down, and may be again; and why.
    Refused(String),
    /// There is nobody to take it; and how that was told.
    Gone(String),
}

/// What became of a notification after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Fate {
    /// It is delivered.
    Sent,
    /// It is tried again then.
    Again(Moment),
    /// It is set aside.
    Parked,
    /// Others have it in hand now, or it is over; nothing was done.
    Lost,
}

/// How the outbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many notifications wait.
    pub waiting: i64,
    /// Since when the oldest does.
    pub oldest: Option<Moment>,
    /// How many were set aside.
    pub parked: i64,
}

impl Store {
    /// Posts a notification of its own.
    pub async fn post(&self, to: &Address, news: &News, now: Moment) -> Result<(), StoreError> {
        let mut work = self.engine.begin().await?;
        post(&mut work, to, news, Of::Nothing, now, now).await?;
        work.commit().await
    }

    /// Posts a notification that is told once: not as long as the same is kept, to whomever it was told. (Two who post it at
    /// the same moment may both.)
    pub async fn post_once(&self, to: &Address, news: &News, now: Moment) -> Result<Arrival, StoreError> {
        let mut work = self.engine.begin().await?;
        let same = work.rows("SELECT id FROM outbox WHERE news = $1 LIMIT 1", &[written(news)?.into()]).await?;
        if !same.is_empty() {
            return Ok(Arrival::Again);
        }
        post(&mut work, to, news, Of::Nothing, now, now).await?;
        work.commit().await?;
        Ok(Arrival::First)
    }

    /// When the next notification is due; none while none waits.
    pub async fn next_notification(&self) -> Result<Option<Moment>, StoreError> {
        let rows = self.engine.read("SELECT MIN(due_at) FROM outbox WHERE state = 'waiting'", &[]).await?;
        rows.into_iter().next().map_or(Ok(None), |mut row| row.take())
    }

    /// Takes a notification that is due, for `hold`: whoever has not come back with it by then has lost it to others.
    pub async fn take_notification(&self, hold: Duration, now: Moment) -> Result<Option<Notification>, StoreError> {
        let sql = "UPDATE outbox SET token = token + 1, strikes = strikes + 1, due_at = $2 WHERE id =
            (SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1 {skip locked})
            RETURNING id, token, strikes, delays, at, guild, channel, person, news";
        loop {
            let Some(row) = self.engine.write(sql, &[now.into(), (now + hold).into()]).await?.pop() else {
                return Ok(None);
            };
            let (notification, trouble) = match read(row)? {
                Ok(taken) if taken.strikes <= MOST_STRIKES => return Ok(Some(taken)),
                Ok(taken) => (taken.in_hand(), "no worker came back with it"),
                Err(unread) => (unread, "this version cannot read it"),
            };
            let mut work = self.engine.begin().await?;
            let _parked_or_lost = end(&mut work, notification, End::Parked(trouble), now).await?;
            work.commit().await?;
        }
    }

    /// Writes down how a try went. `chance` is any number: it spreads the next tries.
    pub async fn tried(
        &self,
        taken: &Notification,
        how: &Delivery,
        now: Moment,
        chance: u64,
    ) -> Result<Fate, StoreError> {
        let mut work = self.engine.begin().await?;
        let fate = match next(taken, how, now, chance) {
            Next::End(end_as) => end(&mut work, taken.in_hand(), end_as, now).await?,
            Next::Again(retry) => again(&mut work, taken.in_hand(), retry).await?,
        };
        work.commit().await?;
        Ok(fate)
    }

    /// How the outbox stands.
    pub async fn waiting(&self) -> Result<Waiting, StoreError> {
        let sql = "SELECT COUNT(*), MIN(at), (SELECT COUNT(*) FROM outbox WHERE state = 'parked')
            FROM outbox WHERE state = 'waiting'";
        let Some(mut row) = self.engine.read(sql, &[]).await?.pop() else { return Ok(Waiting::default()) };
        Ok(Waiting { waiting: row.take()?, oldest: row.take()?, parked: row.take()? })
    }
}

/// What identifies a notification in hand.
#[derive(Clone, Copy)]
struct InHand {
    id: i64,
    token: i64,
}

impl Notification {
    fn in_hand(&self) -> InHand {
        InHand { id: self.id, token: self.token }
    }
}

/// What a notification is of, and what hears how it ended.
pub(super) enum Of {
    /// Nothing that is kept.
    Nothing,
    /// A watch, at this step.
    Watch(i64, u32),
    /// The talk that a person is called into.
    Talk(Talk),
}

/// Posts a notification in the transaction of what it tells of; nobody gets it before it is `due`.
pub(super) async fn post(
    work: &mut Work,
    to: &Address,
    news: &News,
    of: Of,
    due: Moment,
    now: Moment,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO outbox (at, watch, step, guild, channel, person, news, state, due_at, token, strikes, delays, talk)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, 0, 0, 0, $9)";
    let (watch, step, talk) = match of {
        Of::Nothing => (None, None, None),
        Of::Watch(watch, step) => (Some(watch), Some(i64::from(step)), None),
        Of::Talk(talk) => (None, None, Some(talk)),
    };
    let values = [
        now.into(),
        Value::Number(watch),
        Value::Number(step),
        to.guild.into(),
        to.channel.into(),
        to.person.into(),
        written(news)?.into(),
        due.into(),
        talk.into(),
    ];
    work.run(sql, &values).await?;
    Ok(())
}

fn written(news: &News) -> Result<String, StoreError> {
    serde_json::to_string(news).map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// What follows a try.
enum Next<'a> {
    End(End<'a>),
    Again(Retry<'a>),
}

/// How a notification ends.
enum End<'a> {
    Sent,
    Parked(&'a str),
}

/// What is written of a notification that is tried again.
struct Retry<'a> {
    strikes: u32,
    delays: u32,
    due: Moment,
    trouble: &'a str,
}

fn next<'a>(taken: &Notification, how: &'a Delivery, now: Moment, chance: u64) -> Next<'a> {
    let Notification { strikes, delays, .. } = *taken;
    match how {
        Delivery::Done => Next::End(End::Sent),
        Delivery::Gone(trouble) => Next::End(End::Parked(trouble)),
        Delivery::Refused(trouble) if strikes >= MOST_STRIKES => Next::End(End::Parked(trouble)),
        Delivery::Refused(trouble) => {
            Next::Again(Retry { strikes, delays, due: now + pause(strikes, chance), trouble })
        }
        Delivery::Delayed(trouble) => {
            let delays = delays.saturating_add(1);
            if now.since(taken.written) >= LASTS && delays >= LEAST_DELAYS {
                return Next::End(End::Parked(trouble));
            }
            // The worker came back, so that taking it was no strike.
            let strikes = strikes.saturating_sub(1);
            Next::Again(Retry { strikes, delays, due: now + pause(delays, chance), trouble })
        }
    }
}

async fn end(work: &mut Work, hand: InHand, how: End<'_>, now: Moment) -> Result<Fate, StoreError> {
    let (state, trouble, fate, told): (_, _, _, fn(Watch, u32) -> Watch) = match how {
        End::Sent => ("sent", None, Fate::Sent, Watch::delivered),
        End::Parked(trouble) => ("parked", Some(cut(trouble)), Fate::Parked, Watch::undeliverable),
    };
    let sql = "UPDATE outbox SET state = $3, ended_at = $4, trouble = $5
        WHERE id = $1 AND token = $2 AND state = 'waiting' RETURNING watch, step, talk";
    let values = [hand.id.into(), hand.token.into(), state.into(), now.into(), trouble.into()];
    let Some(mut row) = work.rows(sql, &values).await?.pop() else { return Ok(Fate::Lost) };
    if let (Some(watch), Some(step)) = (row.take()?, row.take()?) {
        watches::told(work, watch, step, told, now).await?;
    }
    if let (Some(talk), End::Parked(_)) = (row.take()?, how) {
        talks::not_called(work, talk).await?;
    }
    Ok(fate)
}

async fn again(work: &mut Work, hand: InHand, retry: Retry<'_>) -> Result<Fate, StoreError> {
    let sql = "UPDATE outbox SET strikes = $3, delays = $4, due_at = $5, trouble = $6
        WHERE id = $1 AND token = $2 AND state = 'waiting' RETURNING id";
    let Retry { strikes, delays, due, trouble } = retry;
    let values = [hand.id.into(), hand.token.into(), strikes.into(), delays.into(), due.into(), cut(trouble).into()];
    Ok(if work.rows(sql, &values).await?.is_empty() { Fate::Lost } else { Fate::Again(due) })
}

/// Reads a notification; where what it tells is of another version, what identifies it.
fn read(mut row: Row) -> Result<Result<Notification, InHand>, StoreError> {
    let (id, token, strikes, delays, written) = (row.take()?, row.take()?, row.take()?, row.take()?, row.take()?);
    let to = Address { guild: row.take()?, channel: row.take()?, person: row.take()? };
    let news: String = row.take()?;
    let news = serde_json::from_str(&news).map_err(|_| InHand { id, token });
    Ok(news.map(|news| Notification { id, token, strikes, delays, written, to, news }))
}

/// How long until the next try: between half the pause and all of it, so that what failed together comes back apart.
fn pause(tries: u32, chance: u64) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let half = longest / 2;
    let spread = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_millis(chance % spread)
}

fn cut(trouble: &str) -> String {
    trouble.chars().take(LONGEST_TROUBLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_double_up_to_fifteen_minutes_and_spread() {
        let longest = |tries| pause(tries, u64::MAX).as_secs_f64();
        for (tries, about) in [(1, 5.0), (2, 10.0), (5, 80.0), (9, 900.0), (1000, 900.0)] {
            let half = pause(tries, 0).as_secs_f64();
            assert!((half - about / 2.0).abs() < 0.01, "{tries}: {half}");
            assert!((half..=about).contains(&longest(tries)), "{tries}");
        }
    }

    #[test]
    fn a_nonce_fits() {
        let to = Address { guild: None, channel: Channel(1), person: None };
        let news = News::Handover { summary: String::new() };
        let (token, strikes, delays, written) = (1, 1, 0, Moment(0));
        let last = Notification { id: 0x00ff_ffff_ffff_ffff, token, strikes, delays, written, to, news };
        assert!(last.nonce().len() <= 25, "{}", last.nonce());
    }
}

//! Who waits for which change in the DNS. What a look means and when the next one is due is for [`crate::watch`]; here it
//! is written down, together with the notification of what happened.
//!
//! A look is taken by one worker for a while; whoever comes back later than that changes nothing (its token is old).

use std::time::Duration;

use super::engine::Work;
use super::error::StoreError;
use super::outbox::{self, News, Of};
use super::snowflake::{Channel, Guild, Person};
use super::value::{Row, Value, word};
use super::{Held, Store};
use crate::domain::{Domain, Name};
use crate::moment::Moment;
use crate::watch::{LONGEST_PAUSE, MOST_STRIKES, Notice, Said, Seen, State, Until, Watch};

/// How many watches a person may have at a time.
const MOST_OF_PERSON: i64 = 5;
/// How many watches a guild may have at a time.
const MOST_OF_GUILD: i64 = 50;

/// A watch that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWatch {
    /// Where they asked; none in a direct message.
    pub guild: Option<Guild>,
    /// Where to tell them.
    pub channel: Channel,
    /// Who.
    pub person: Person,
    /// What to look at.
    pub domain: Domain,
    /// What to wait for.
    pub until: Until,
    /// The DKIM selector that the person named: whose key is looked at besides those of the host.
    pub selector: Option<Name>,
    /// What the first look showed, of which the person is told at once.
    pub seen: Seen,
}

/// What became of the wish for a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// There is one now: its number.
    Begun(i64),
    /// There was such a one of this person already: its number.
    Already(i64),
    /// The person has as many as one may have.
    TooManyOfPerson,
    /// The guild has.
    TooManyOfGuild,
}

/// A watch as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// What is looked at.
    pub domain: Domain,
    /// What is waited for.
    pub until: Until,
    /// Where it stands.
    pub watch: Watch,
}

/// A look that is to be taken at a domain, and that one worker has in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The number of the watch.
    pub id: i64,
    token: i64,
    /// What to look at.
    pub domain: Domain,
    /// What to look for.
    pub until: Until,
    /// The DKIM selector that the person named.
    pub selector: Option<Name>,
}

/// The columns of a [`Watch`], in the order in which [`read`] takes them.
macro_rules! watch_columns {
    () => {
        "state, looks, step, strikes, known, underway, next_look, expires"
    };
}

impl Store {
    /// Begins a watch, if the person and the guild may have one more.
    pub async fn watch(&self, new: &NewWatch, now: Moment) -> Result<Watched, StoreError> {
        let mut work = self.engine.begin().await?;
        work.run("UPDATE lease SET token = token + 1 WHERE name = 'adding watches'", &[]).await?;
        let until = word(&Until::ALL, &new.until);
        let selector = Value::from(new.selector.as_ref().map(Name::to_string));
        let sql = "SELECT id FROM watch WHERE person = $1 AND domain = $2 AND until = $3
            AND COALESCE(selector, '') = COALESCE($4, '') AND next_look IS NOT NULL";
        let same = [new.person.into(), (&new.domain).into(), until.clone(), selector.clone()];
        if let Some(mut row) = work.rows(sql, &same).await?.pop() {
            return Ok(Watched::Already(row.take()?));
        }
        let sql = "SELECT COUNT(*) FROM watch WHERE person = $1 AND next_look IS NOT NULL";
        if number(work.rows(sql, &[new.person.into()]).await?)? >= MOST_OF_PERSON {
            return Ok(Watched::TooManyOfPerson);
        }
        let sql = "SELECT COUNT(*) FROM watch WHERE guild = $1 AND next_look IS NOT NULL";
        if number(work.rows(sql, &[new.guild.into()]).await?)? >= MOST_OF_GUILD {
            return Ok(Watched::TooManyOfGuild);
        }
        let watch = Watch::begin(&new.seen, now);
        let sql = "INSERT INTO watch
            (at, guild, channel, person, domain, until, selector, state, looks, step, known, underway, next_look, expires,
            token)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0) RETURNING id";
        let values = [
            now.into(),
            new.guild.into(),
            new.channel.into(),
            new.person.into(),
            (&new.domain).into(),
            until,
            selector,
            word(&State::ALL, &watch.state),
            watch.looks.into(),
            watch.step.into(),
            watch.known.into(),
            watch.underway.into(),
            watch.next_look.into(),
            watch.expires.into(),
        ];
        let id = number(work.rows(sql, &values).await?)?;
        work.commit().await?;
        Ok(Watched::Begun(id))
    }

    /// A person's watches, those that are open, the latest first, then those that have ended, the last to end first.
    pub async fn watches_of(&self, person: Person) -> Result<Vec<Kept>, StoreError> {
        let sql = concat!(
            "SELECT id, domain, until, ",
            watch_columns!(),
            " FROM watch WHERE person = $1 ORDER BY next_look IS NULL, ended_at DESC, id DESC"
        );
        self.engine.read(sql, &[person.into()]).await?.into_iter().map(kept).collect()
    }

    /// Calls off a person's watch; lost if it has ended, or is not theirs.
    pub async fn cancel_watch(&self, person: Person, id: i64, now: Moment) -> Result<Held, StoreError> {
        let mut work = self.engine.begin().await?;
        let sql = concat!(
            "SELECT ",
            watch_columns!(),
            " FROM watch WHERE id = $1 AND person = $2 AND next_look IS NOT NULL {for update}"
        );
        let Some(row) = work.rows(sql, &[id.into(), person.into()]).await?.pop() else { return Ok(Held::Lost) };
        write(&mut work, id, read(row)?.cancelled(), now).await?;
        work.commit().await?;
        Ok(Held::Ours)
    }

    /// When the next look is due; none while nothing is watched.
    pub async fn next_look(&self) -> Result<Option<Moment>, StoreError> {
        let rows = self.engine.read("SELECT MIN(next_look) FROM watch WHERE next_look IS NOT NULL", &[]).await?;
        rows.into_iter().next().map_or(Ok(None), |mut row| row.take())
    }

    /// Takes a look that is due, for `hold`: whoever has not come back with it by then has lost it to others.
    ///
    /// One that is further ahead than any pause was set by a clock that has since gone back, and is due as well. One whose
    /// workers did not come back again and again is handed to nobody: that may be what it does to them.
    pub async fn take_look(&self, hold: Duration, now: Moment) -> Result<Option<Look>, StoreError> {
        let due = "UPDATE watch SET token = token + 1, strikes = strikes + 1, next_look = $2 WHERE id =
            (SELECT id FROM watch WHERE next_look <= $1 ORDER BY next_look LIMIT 1 {skip locked})
            RETURNING id, token, strikes, domain, until, selector";
        let astray = "UPDATE watch SET token = token + 1, strikes = strikes + 1, next_look = $2 WHERE id =
            (SELECT id FROM watch WHERE next_look > $1 ORDER BY next_look DESC LIMIT 1 {skip locked})
            RETURNING id, token, strikes, domain, until, selector";
        let back_by = now + hold;
        loop {
            let mut found = self.engine.write(due, &[now.into(), back_by.into()]).await?;
            if found.is_empty() {
                found = self.engine.write(astray, &[(now + (LONGEST_PAUSE + hold) * 2).into(), back_by.into()]).await?;
            }
            let Some(mut row) = found.pop() else { return Ok(None) };
            let (id, token, strikes): (_, _, u32) = (row.take()?, row.take()?, row.take()?);
            let look = Look { id, token, domain: row.take()?, until: row.word(&Until::ALL)?, selector: row.take()? };
            if strikes <= MOST_STRIKES {
                return Ok(Some(look));
            }
            let _ours_or_lost = self.looked(&look, &Seen::Broken, now, 0).await?;
        }
    }

    /// Writes down what a look showed; and, in the same transaction, the notification of it. `chance` is any number.
    pub async fn looked(&self, look: &Look, seen: &Seen, now: Moment, chance: u64) -> Result<Held, StoreError> {
        let mut work = self.engine.begin().await?;
        let sql = concat!(
            "SELECT guild, channel, person, ",
            watch_columns!(),
            " FROM watch WHERE id = $1 AND token = $2 AND next_look IS NOT NULL {for update}"
        );
        let Some(mut row) = work.rows(sql, &[look.id.into(), look.token.into()]).await?.pop() else {
            return Ok(Held::Lost);
        };
        let to = outbox::Address { guild: row.take()?, channel: row.take()?, person: row.take()? };
        let (watch, notice) = read(row)?.looked(seen, now, chance);
        if let Some(notice) = notice {
            let (domain, until) = (look.domain.to_string(), until_word(look.until));
            let news = match notice {
                Notice::Everywhere(Said { what, who }) => News::Everywhere { domain, until, now: what, who },
                Notice::Already(Said { what, who }) => News::Already { domain, until, now: what, who },
                Notice::GaveUp => News::GaveUp { domain, until, now: watch.known.clone().filter(|_| !watch.underway) },
                Notice::Broken => News::Broken { domain, until, number: look.id },
            };
            outbox::post(&mut work, &to, &news, Of::Watch(look.id, watch.step), now, now).await?;
        }
        write(&mut work, look.id, watch, now).await?;
        work.commit().await?;
        Ok(Held::Ours)
    }
}

/// Tells a watch what became of its notification, in the transaction of that.
pub(super) async fn told(
    work: &mut Work,
    id: i64,
    step: u32,
    fate: fn(Watch, u32) -> Watch,
    now: Moment,
) -> Result<(), StoreError> {
    let sql = concat!("SELECT ", watch_columns!(), " FROM watch WHERE id = $1 {for update}");
    if let Some(row) = work.rows(sql, &[id.into()]).await?.pop() {
        write(work, id, fate(read(row)?, step), now).await?;
    }
    Ok(())
}

fn until_word(until: Until) -> String {
    Until::ALL.iter().find(|(_, other)| *other == until).map_or("", |(word, _)| word).to_owned()
}

fn number(rows: Vec<Row>) -> Result<i64, StoreError> {
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take())
}

fn kept(mut row: Row) -> Result<Kept, StoreError> {
    Ok(Kept { id: row.take()?, domain: row.take()?, until: row.word(&Until::ALL)?, watch: read(row)? })
}

fn read(mut row: Row) -> Result<Watch, StoreError> {
    Ok(Watch {
        state: row.word(&State::ALL)?,
        looks: row.take()?,
        step: row.take()?,
        strikes: row.take()?,
        known: row.take()?,
        underway: row.take()?,
        next_look: row.take()?,
        expires: row.take()?,
    })
}

async fn write(work: &mut Work, id: i64, watch: Watch, now: Moment) -> Result<(), StoreError> {
    let ended = watch.state.is_end().then_some(now);
    let sql = "UPDATE watch SET state = $2, looks = $3, step = $4, strikes = $5, known = $6, underway = $7,
        next_look = $8, ended_at = COALESCE(ended_at, $9) WHERE id = $1";
    let values = [
        id.into(),
        word(&State::ALL, &watch.state),
        watch.looks.into(),
        watch.step.into(),
        watch.strikes.into(),
        watch.known.into(),
        watch.underway.into(),
        watch.next_look.into(),
        ended.into(),
    ];
    work.run(sql, &values).await?;
    Ok(())
}

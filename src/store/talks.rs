//! Talks: who asked what and where, and what they were given, so that nobody is answered twice, and nobody has to say
//! again what is known. The question is masked, who asked is a pseudonym.

use std::time::Duration;

use super::Store;
use super::engine::Work;
use super::error::StoreError;
use super::interactions::Arrival;
use super::outbox::{self, Address, News, Of};
use super::snowflake::{Channel, Guild, Message, Person, Talk};
use super::value::{self, Value};
use crate::mask::mask;
use crate::moment::Moment;

/// How many entries are kept of those that were tried.
const MOST_TRIED: usize = 12;
/// The longest account of what was found that is kept, in characters.
const LONGEST_FOUND: usize = 1500;

/// A talk that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTalk {
    /// What it begins with.
    pub talk: Talk,
    /// Where; none in a direct message.
    pub guild: Option<Guild>,
    /// In which channel the question is.
    pub channel: Channel,
    /// The message that holds it; none where it was a command.
    pub message: Option<Message>,
    /// Who asks.
    pub person: Person,
    /// What they ask.
    pub question: String,
}

/// What was given in a talk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// The entry; none where choices were offered or nothing fitted.
    pub entry: Option<String>,
    /// The domain that was looked at.
    pub domain: Option<String>,
    /// What was found there, a line each.
    pub found: String,
}

/// A talk as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTalk {
    /// In which guild; none in a direct message.
    pub guild: Option<Guild>,
    /// In which channel the question is.
    pub channel: Channel,
    /// The message that holds it; none where it was a command.
    pub message: Option<Message>,
    /// Whether the person who looks is the one who asked.
    pub own: bool,
    /// What was asked, masked.
    pub question: String,
    /// The entries that were given, the latest last.
    pub tried: Vec<String>,
    /// The domain that was looked at.
    pub domain: Option<String>,
    /// What was found there, a line each.
    pub found: String,
    /// Whether a person was called.
    pub called: bool,
    /// Whether a person was called before in vain: nobody could take the notification.
    pub in_vain: bool,
}

/// A talk that begins, as its first columns are written.
pub(super) type Row = [Value; 7];

impl Store {
    /// Begins a talk that nobody asked the bot for, unless it has begun, or the same person began another in the same
    /// channel within `apart`; of several who try at once, one alone is told that it is the first.
    pub async fn begin_talk(&self, new: &NewTalk, apart: Duration, now: Moment) -> Result<Arrival, StoreError> {
        let sql = "INSERT INTO talk (id, at, guild, channel, message, who, question, tried, found)
            SELECT $1, $2, $3, $4, $5, $6, $7, '', '' WHERE NOT EXISTS
            (SELECT 1 FROM talk WHERE who = $6 AND channel = $4 AND at > $8 AND at <= $2)
            ON CONFLICT (id) DO NOTHING RETURNING id";
        let new = self.engine.write(sql, &[&self.written(new, now)[..], &[(now - apart).into()]].concat()).await?;
        Ok(if new.is_empty() { Arrival::Again } else { Arrival::First })
    }

    pub(super) fn written(&self, new: &NewTalk, now: Moment) -> Row {
        let NewTalk { talk, guild, channel, message, person, ref question } = *new;
        let who = self.key.pseudonym(person);
        [talk.into(), now.into(), guild.into(), channel.into(), message.into(), who.into(), mask(question).into()]
    }

    /// A talk, as `person` may see it; none where it never began, or is over.
    pub async fn talk(&self, talk: Talk, person: Person) -> Result<Option<KeptTalk>, StoreError> {
        let sql = "SELECT guild, channel, message, who, question, tried, domain, found, called_at,
            (SELECT COUNT(*) FROM outbox WHERE outbox.talk = $1 AND state = 'parked') FROM talk WHERE id = $1";
        let row = self.engine.read(sql, &[talk.into()]).await?.pop();
        row.map(|row| kept(row, &self.key.pseudonym(person))).transpose()
    }

    /// Calls a person into a talk, once: the notification, which is `due` then, is written with the note that it was. Where
    /// it cannot be delivered, a person may be called again.
    pub async fn hand_over(
        &self,
        talk: Talk,
        to: &Address,
        news: &News,
        due: Moment,
        now: Moment,
    ) -> Result<Arrival, StoreError> {
        let mut work = self.engine.begin().await?;
        let sql = "UPDATE talk SET called_at = $2 WHERE id = $1 AND called_at IS NULL RETURNING id";
        if work.rows(sql, &[talk.into(), now.into()]).await?.is_empty() {
            return Ok(Arrival::Again);
        }
        outbox::post(&mut work, to, news, Of::Talk(talk), due, now).await?;
        work.commit().await?;
        Ok(Arrival::First)
    }
}

/// Writes that nobody was called into a talk after all.
pub(super) async fn not_called(work: &mut Work, talk: Talk) -> Result<(), StoreError> {
    work.run("UPDATE talk SET called_at = NULL WHERE id = $1", &[talk.into()]).await.map(drop)
}

/// Writes that a talk began or went on, and what was given in it; the entry, where it was given there for the first time.
pub(super) async fn write(
    work: &mut Work,
    asked: Option<(Talk, Row)>,
    given: Option<(Talk, Given)>,
) -> Result<Option<String>, StoreError> {
    if let Some((talk, row)) = asked {
        let Given { entry, domain, found } = given.clone().map(|(_, given)| given).unwrap_or_default();
        let sql = "INSERT INTO talk (id, at, guild, channel, message, who, question, tried, domain, found)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING";
        let with = [entry.as_deref().unwrap_or_default().into(), domain.into(), shortened(&found).into()];
        if work.run(sql, &[&row[..], &with].concat()).await? > 0 {
            return Ok(entry);
        }
        let [_, _, _, _, _, who, question] = row;
        let sql = "UPDATE talk SET question = $3 WHERE id = $1 AND who = $2";
        work.run(sql, &[talk.into(), who, question]).await?;
    }
    let Some((talk, Given { entry, domain, found })) = given else { return Ok(None) };
    let sql = "SELECT tried FROM talk WHERE id = $1 {for update}";
    let Some(mut row) = work.rows(sql, &[talk.into()]).await?.pop() else { return Ok(None) };
    let mut tried = entries(&row.take::<String>()?);
    let new = entry.clone().filter(|entry| !tried.contains(entry));
    if let Some(entry) = entry {
        tried.retain(|before| *before != entry);
        tried.push(entry);
    }
    let tried = tried.get(tried.len().saturating_sub(MOST_TRIED)..).unwrap_or_default().join(" ");
    // Without a new look, what was found before still holds.
    let sql = "UPDATE talk SET tried = $2, domain = COALESCE($3, domain),
        found = CASE WHEN $3 IS NULL THEN found ELSE $4 END WHERE id = $1";
    work.run(sql, &[talk.into(), tried.into(), domain.into(), shortened(&found).into()]).await?;
    Ok(new)
}

fn shortened(found: &str) -> String {
    found.chars().take(LONGEST_FOUND).collect()
}

fn kept(mut row: value::Row, who: &str) -> Result<KeptTalk, StoreError> {
    let (guild, channel, message, asker): (_, _, _, String) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (question, tried): (_, String) = (row.take()?, row.take()?);
    let (domain, found, called_at): (_, _, Option<Moment>) = (row.take()?, row.take()?, row.take()?);
    let (own, tried, called, in_vain) = (asker == who, entries(&tried), called_at.is_some(), row.take()?);
    Ok(KeptTalk { guild, channel, message, own, question, tried, domain, found, called, in_vain })
}

fn entries(tried: &str) -> Vec<String> {
    tried.split_whitespace().map(str::to_owned).collect()
}

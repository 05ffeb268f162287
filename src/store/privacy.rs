//! What is kept of a person: shown to them, and removed.
//!
//! Two things stay when somebody wants to be forgotten: what staff did, since others rely on it, and the counts of the
//! last minutes, which are limits.

use serde_json::{Map, Value as Json};

use super::Store;
use super::error::StoreError;
use super::snowflake::Person;
use super::value::Value;

/// By what a person's rows are found.
#[derive(Clone, Copy)]
enum By {
    /// Their id.
    Id,
    /// Their id, written out.
    Digits,
    /// Their pseudonym.
    Pseudonym,
}

/// What is kept of a person: under which name it is shown, and every column that tells something.
const PARTS: [(&str, By, &str); 9] = [
    (
        "watches",
        By::Id,
        "SELECT at, guild, channel, domain, until, selector, state, looks, strikes, known, underway, next_look, expires,
            ended_at FROM watch WHERE person = $1 ORDER BY id",
    ),
    (
        "notifications",
        By::Id,
        "SELECT at, watch, talk, guild, channel, news, state, due_at, strikes, delays, trouble, ended_at
            FROM outbox WHERE person = $1 ORDER BY id",
    ),
    ("feedback", By::Pseudonym, "SELECT at, answer, guild, entry, verdict FROM feedback WHERE who = $1 ORDER BY at"),
    (
        "talks",
        By::Pseudonym,
        "SELECT at, guild, channel, message, question, tried, domain, found, called_at
            FROM talk WHERE who = $1 ORDER BY at",
    ),
    ("questions", By::Pseudonym, "SELECT at, guild, question FROM gap WHERE who = $1 ORDER BY id"),
    ("proposals", By::Id, "SELECT at, guild, question, entry, state FROM candidate WHERE person = $1 ORDER BY id"),
    ("decisions", By::Id, "SELECT guild, entry, state, decided_at FROM candidate WHERE decided_by = $1 ORDER BY id"),
    ("deeds", By::Id, "SELECT at, guild, action, detail FROM audit WHERE person = $1 ORDER BY at, id"),
    ("counts", By::Digits, "SELECT span, count, until FROM spent WHERE scope = 'person' AND subject = $1"),
];

impl Store {
    /// All that is kept of a person: an object of lists. Times are milliseconds since 1970.
    pub async fn export(&self, person: Person) -> Result<Json, StoreError> {
        let mut all = Map::new();
        for (name, by, sql) in PARTS {
            let key = match by {
                By::Id => person.into(),
                By::Digits => person.to_string().into(),
                By::Pseudonym => self.key.pseudonym(person).into(),
            };
            let rows = self.engine.read(sql, &[key]).await?.into_iter();
            let told = rows.map(|row| Json::Object(columns(sql).zip(row.rest()).map(told).collect()));
            all.insert(name.to_owned(), told.collect());
        }
        Ok(Json::Object(all))
    }

    /// Forgets a person: removes what is theirs, and their name from what others need; how many rows that was.
    pub async fn forget(&self, person: Person) -> Result<u64, StoreError> {
        let who = self.key.pseudonym(person);
        let mut work = self.engine.begin().await?;
        let mut gone = 0;
        for sql in [
            "DELETE FROM outbox WHERE person = $1",
            "DELETE FROM watch WHERE person = $1",
            "UPDATE candidate SET person = 0 WHERE person = $1",
            "UPDATE candidate SET decided_by = 0 WHERE decided_by = $1",
        ] {
            gone += work.run(sql, &[person.into()]).await?;
        }
        for sql in
            ["DELETE FROM talk WHERE who = $1", "DELETE FROM feedback WHERE who = $1", "DELETE FROM gap WHERE who = $1"]
        {
            gone += work.run(sql, &[who.as_str().into()]).await?;
        }
        work.commit().await?;
        self.engine.tidy().await?;
        Ok(gone)
    }
}

/// The columns that a statement reads.
fn columns(sql: &str) -> impl Iterator<Item = &str> {
    let list = sql.split_once("FROM").map_or(sql, |(list, _)| list);
    list.trim_start_matches("SELECT").split(',').map(str::trim)
}

/// A column for its person. Discord's ids are quoted, as Discord does.
fn told((column, value): (&str, Value)) -> (String, Json) {
    let value = match (column, value) {
        (_, Value::Number(None) | Value::Text(None)) => Json::Null,
        ("guild" | "channel" | "message" | "answer" | "talk", Value::Number(Some(id))) => {
            id.cast_unsigned().to_string().into()
        }
        (_, Value::Number(Some(number))) => number.into(),
        ("news", Value::Text(Some(news))) => serde_json::from_str(&news).unwrap_or(Json::String(news)),
        (_, Value::Text(Some(text))) => text.into(),
    };
    (column.to_owned(), value)
}

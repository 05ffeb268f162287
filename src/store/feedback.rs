//! Whether an answer worked. Who said so is a pseudonym: it takes back an earlier word of the same person, no more.

use serde::Serialize;

use super::Store;
use super::error::StoreError;
use super::snowflake::{Guild, Message, Person};
use super::tally::{Occasion, count};
use super::value::word;
use crate::moment::Moment;

/// What a person says of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It helped.
    Worked,
    /// It did not.
    DidNot,
    /// They want a person.
    Person,
}

impl Verdict {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 3] =
        [("worked", Self::Worked), ("did-not", Self::DidNot), ("person", Self::Person)];

    fn occasion(self) -> Occasion {
        match self {
            Self::Worked => Occasion::Worked,
            Self::DidNot => Occasion::DidNot,
            Self::Person => Occasion::HandedOver,
        }
    }
}

/// A word on an answer.
#[derive(Debug, Clone, Copy)]
pub struct Feedback<'a> {
    /// The message that holds the answer.
    pub answer: Message,
    /// The entry that it gave.
    pub entry: &'a str,
    /// Where; none in a direct message.
    pub guild: Option<Guild>,
    /// Who says so.
    pub person: Person,
    /// What they say.
    pub verdict: Verdict,
}

impl Store {
    /// Takes a person's word on an answer, in place of what the same person said before; whether it is a new word.
    pub async fn judge(&self, feedback: Feedback<'_>, now: Moment) -> Result<bool, StoreError> {
        let Feedback { answer, entry, guild, person, verdict } = feedback;
        let who = self.key.pseudonym(person);
        let mut work = self.engine.begin().await?;
        let (id, who, said) = (answer.into(), who.into(), word(&Verdict::ALL, &verdict));
        // The word is added first: of two at once the second then sees, and waits for, the first.
        let sql = "INSERT INTO feedback (answer, who, at, guild, entry, verdict) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (answer, who) DO NOTHING RETURNING verdict";
        let values = [id, who, now.into(), guild.into(), entry.into(), said];
        if work.rows(sql, &values).await?.is_empty() {
            let [id, who, _, _, _, said] = values;
            let sql = "SELECT verdict, entry FROM feedback WHERE answer = $1 AND who = $2 {for update}";
            let before = work.rows(sql, &[id.clone(), who.clone()]).await?.pop();
            let before: Option<(Verdict, String)> =
                before.map(|mut row| Ok::<_, StoreError>((row.word(&Verdict::ALL)?, row.take()?))).transpose()?;
            if before.as_ref().is_some_and(|(said, on)| *said == verdict && on == entry) {
                return Ok(false);
            }
            let sql = "UPDATE feedback SET at = $3, verdict = $4, entry = $5 WHERE answer = $1 AND who = $2";
            work.run(sql, &[id, who, now.into(), said, entry.into()]).await?;
            if let Some((before, on)) = before {
                count(&mut work, guild, &on, before.occasion(), -1, now.day()).await?;
            }
        }
        count(&mut work, guild, entry, verdict.occasion(), 1, now.day()).await?;
        work.commit().await?;
        Ok(true)
    }
}

//! What is kept of a person: shown to them, and removed.
//!
//! Two things stay when somebody wants to be forgotten: what staff did, since others rely on it, and the counts of the
//! last minutes, which are limits.

use serde::Serialize;
use serde_json::Value as Json;

use super::Store;
use super::audit::{Deed, deed};
use super::error::StoreError;
use super::feedback::Verdict;
use super::snowflake::Person;
use super::value::Row;

/// All that is kept of a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Export {
    /// What they wait for.
    pub watches: Vec<KeptWatch>,
    /// What they were or will be told.
    pub notifications: Vec<Json>,
    /// What they said of answers.
    pub feedback: Vec<KeptFeedback>,
    /// What they asked, masked.
    pub talks: Vec<KeptTalk>,
    /// What they asked and got no answer to, masked.
    pub questions: Vec<String>,
    /// What they proposed as symptoms, masked.
    pub proposals: Vec<String>,
    /// What they did as staff.
    pub deeds: Vec<Deed>,
}

/// A watch, for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptWatch {
    /// Since when, in milliseconds since 1970.
    pub at: i64,
    /// Of what.
    pub domain: String,
    /// What is waited for.
    pub until: String,
    /// Where it stands.
    pub state: String,
}

/// A talk, for whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptTalk {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What they asked, masked.
    pub question: String,
    /// The entries that they were given.
    pub tried: String,
    /// The domain that was looked at.
    pub domain: Option<String>,
}

/// A word on an answer, for whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFeedback {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// On which entry.
    pub entry: String,
    /// What they said.
    pub verdict: Verdict,
}

impl Store {
    /// All that is kept of a person.
    pub async fn export(&self, person: Person) -> Result<Export, StoreError> {
        let who = self.key.pseudonym(person);
        let by_id = [person.into()];
        let by_name = [who.into()];
        let sql = "SELECT at, domain, until, state FROM watch WHERE person = $1 ORDER BY id";
        let watch = |mut row: Row| {
            Ok(KeptWatch { at: row.take()?, domain: row.take()?, until: row.take()?, state: row.take()? })
        };
        let watches = self.engine.read(sql, &by_id).await?.into_iter().map(watch).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT at, entry, verdict FROM feedback WHERE who = $1 ORDER BY at";
        let said =
            |mut row: Row| Ok(KeptFeedback { at: row.take()?, entry: row.take()?, verdict: row.word(&Verdict::ALL)? });
        let feedback =
            self.engine.read(sql, &by_name).await?.into_iter().map(said).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT at, question, tried, domain FROM talk WHERE who = $1 ORDER BY at";
        let talk = |mut row: Row| {
            Ok(KeptTalk { at: row.take()?, question: row.take()?, tried: row.take()?, domain: row.take()? })
        };
        let talks = self.engine.read(sql, &by_name).await?.into_iter().map(talk).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT news FROM outbox WHERE person = $1 ORDER BY id";
        let news = texts(self.engine.read(sql, &by_id).await?)?;
        let notifications = news.iter().filter_map(|news| serde_json::from_str(news).ok()).collect();
        let questions =
            texts(self.engine.read("SELECT question FROM gap WHERE who = $1 ORDER BY id", &by_name).await?)?;
        let sql = "SELECT question FROM candidate WHERE person = $1 ORDER BY id";
        let proposals = texts(self.engine.read(sql, &by_id).await?)?;
        let sql = "SELECT at, person, action, detail FROM audit WHERE person = $1 ORDER BY at";
        let deeds = self.engine.read(sql, &by_id).await?.into_iter().map(deed).collect::<Result<_, _>>()?;
        Ok(Export { watches, notifications, feedback, talks, questions, proposals, deeds })
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

fn texts(rows: Vec<Row>) -> Result<Vec<String>, StoreError> {
    rows.into_iter().map(|mut row| row.take()).collect()
}

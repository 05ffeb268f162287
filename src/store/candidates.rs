//! Questions that may become symptoms of an entry, once staff approve.

use super::error::StoreError;
use super::snowflake::{Guild, Person};
use super::value::{Row, word};
use super::{Store, audit, gaps};
use crate::mask::mask;
use crate::moment::Moment;

/// A question that may become a symptom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub id: i64,
    /// What was asked, masked.
    pub question: String,
    /// The entry that answers it.
    pub entry: String,
    /// Who says so.
    pub person: Person,
}

/// What staff think of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nobody has decided yet.
    Open,
    /// It becomes a symptom.
    Approved,
    /// It does not.
    Declined,
}

impl Decision {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 3] =
        [("open", Self::Open), ("approved", Self::Approved), ("declined", Self::Declined)];
}

impl Store {
    /// Proposes that a question is one way to describe an entry's problem, and notes who did; its number. Where it was one
    /// without an answer that is no longer; none where somebody else was faster.
    pub async fn propose(
        &self,
        guild: Guild,
        question: &str,
        entry: &str,
        gap: Option<i64>,
        by: Person,
        now: Moment,
    ) -> Result<Option<i64>, StoreError> {
        let mut work = self.engine.begin().await?;
        if let Some(gap) = gap
            && !gaps::close(&mut work, guild, gap).await?
        {
            return Ok(None);
        }
        let sql = "INSERT INTO candidate (at, guild, question, entry, person, state)
            VALUES ($1, $2, $3, $4, $5, 'open') RETURNING id";
        let values = [now.into(), guild.into(), mask(question).into(), entry.into(), by.into()];
        let Some(mut row) = work.rows(sql, &values).await?.pop() else { return Ok(None) };
        let id = row.take()?;
        audit::note(&mut work, guild, by, "propose", &format!("{id} for {entry}"), now).await?;
        work.commit().await?;
        Ok(Some(id))
    }

    /// The candidates of a guild of which this was decided, the oldest first.
    pub async fn candidates(&self, guild: Guild, state: Decision, most: u32) -> Result<Vec<Candidate>, StoreError> {
        let sql = "SELECT id, question, entry, person FROM candidate WHERE guild = $1 AND state = $2
            ORDER BY at, id LIMIT $3";
        let rows = self.engine.read(sql, &[guild.into(), word(&Decision::ALL, &state), most.into()]).await?;
        let read = |mut row: Row| {
            Ok(Candidate { id: row.take()?, question: row.take()?, entry: row.take()?, person: row.take()? })
        };
        rows.into_iter().map(read).collect()
    }

    /// Decides on a candidate, and notes who did; whether it was open.
    pub async fn decide(
        &self,
        guild: Guild,
        id: i64,
        decision: Decision,
        by: Person,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let mut work = self.engine.begin().await?;
        let sql = "UPDATE candidate SET state = $3, decided_by = $4, decided_at = $5
            WHERE id = $1 AND guild = $2 AND state = 'open' RETURNING entry";
        let state = word(&Decision::ALL, &decision);
        let rows = work.rows(sql, &[id.into(), guild.into(), state, by.into(), now.into()]).await?;
        let Some(mut row) = rows.into_iter().next() else { return Ok(false) };
        let action = if decision == Decision::Approved { "approve" } else { "decline" };
        audit::note(&mut work, guild, by, action, &format!("{} for {}", id, row.take::<String>()?), now).await?;
        work.commit().await?;
        Ok(true)
    }
}

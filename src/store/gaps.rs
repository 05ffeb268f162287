//! Questions without an answer, masked before they are written.

use super::engine::Work;
use super::error::StoreError;
use super::snowflake::{Guild, Person};
use super::value::Value;
use super::{Store, audit};
use crate::moment::Moment;

/// A question without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Its number.
    pub id: i64,
    /// When it was asked.
    pub at: Moment,
    /// What was asked, masked.
    pub question: String,
}

impl Store {
    /// The latest questions of a guild without an answer, the latest first.
    pub async fn gaps(&self, guild: Guild, most: u32) -> Result<Vec<Gap>, StoreError> {
        let sql = "SELECT id, at, question FROM gap WHERE guild = $1 ORDER BY at DESC, id DESC LIMIT $2";
        let rows = self.engine.read(sql, &[guild.into(), most.into()]).await?;
        rows.into_iter().map(|mut row| Ok(Gap { id: row.take()?, at: row.take()?, question: row.take()? })).collect()
    }

    /// Removes questions like one that wants no answer, and notes who did.
    pub async fn dismiss(
        &self,
        guild: Guild,
        like: i64,
        all: &[i64],
        by: Person,
        now: Moment,
    ) -> Result<(), StoreError> {
        let mut work = self.engine.begin().await?;
        let mut gone = 0;
        for id in all {
            gone += u32::from(close(&mut work, guild, *id).await?);
        }
        if gone > 0 {
            audit::note(&mut work, guild, by, "dismiss", &format!("{gone} questions like {like}"), now).await?;
        }
        work.commit().await
    }
}

/// Removes a question; whether it was there.
pub(super) async fn close(work: &mut Work, guild: Guild, id: i64) -> Result<bool, StoreError> {
    Ok(work.run("DELETE FROM gap WHERE id = $1 AND guild = $2", &[id.into(), guild.into()]).await? > 0)
}

/// Writes a question without an answer: when, where, by whom, and what.
pub(super) async fn write(work: &mut Work, gap: &[Value; 4]) -> Result<(), StoreError> {
    work.run("INSERT INTO gap (at, guild, who, question) VALUES ($1, $2, $3, $4)", gap).await?;
    Ok(())
}

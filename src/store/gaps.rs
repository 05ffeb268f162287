//! Questions without an answer, masked before they are written.

use super::Store;
use super::engine::Work;
use super::error::StoreError;
use super::snowflake::Guild;
use super::value::Value;
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

    /// Removes a question that has its answer now; whether it was there.
    pub async fn close_gap(&self, guild: Guild, id: i64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM gap WHERE id = $1 AND guild = $2 RETURNING id";
        Ok(!self.engine.write(sql, &[id.into(), guild.into()]).await?.is_empty())
    }
}

/// Writes a question without an answer: when, where, by whom, and what.
pub(super) async fn write(work: &mut Work, gap: &[Value; 4]) -> Result<(), StoreError> {
    work.run("INSERT INTO gap (at, guild, who, question) VALUES ($1, $2, $3, $4)", gap).await?;
    Ok(())
}

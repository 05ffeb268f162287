//! What staff did: who, what and when. Kept for a year, and not undone when somebody wants to be forgotten.

use super::Store;
use super::engine::Work;
use super::error::StoreError;
use super::snowflake::{Guild, Person};
use super::value::Row;
use crate::moment::Moment;

/// One thing that staff did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub person: Person,
    /// What, in a word.
    pub action: String,
    /// What exactly.
    pub detail: String,
}

impl Store {
    /// Notes what staff did.
    pub async fn note_deed(
        &self,
        guild: Guild,
        by: Person,
        action: &str,
        detail: &str,
        now: Moment,
    ) -> Result<(), StoreError> {
        let mut work = self.engine.begin().await?;
        note(&mut work, guild, by, action, detail, now).await?;
        work.commit().await
    }

    /// What staff of a guild did, the latest first.
    pub async fn deeds(&self, guild: Guild, most: u32) -> Result<Vec<Deed>, StoreError> {
        let sql = "SELECT at, person, action, detail FROM audit WHERE guild = $1 ORDER BY at DESC, id DESC LIMIT $2";
        let rows = self.engine.read(sql, &[guild.into(), most.into()]).await?;
        let deed =
            |mut row: Row| Ok(Deed { at: row.take()?, person: row.take()?, action: row.take()?, detail: row.take()? });
        rows.into_iter().map(deed).collect()
    }
}

/// Notes it in the transaction of what was done.
pub(super) async fn note(
    work: &mut Work,
    guild: Guild,
    by: Person,
    action: &str,
    detail: &str,
    now: Moment,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO audit (at, guild, person, action, detail) VALUES ($1, $2, $3, $4, $5)";
    work.run(sql, &[now.into(), guild.into(), by.into(), action.into(), detail.into()]).await?;
    Ok(())
}

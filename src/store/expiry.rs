//! The end of what is kept: each table for as long as the configuration says, interactions and counts for minutes.

use super::error::StoreError;
use super::value::Value;
use super::{Store, interactions};
use crate::config::Keep;
use crate::moment::Moment;

/// How many rows of each table are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expired(pub Vec<(&'static str, u64)>);

impl Store {
    /// Removes what is older than it may get, for good: SQLite overwrites it, and empties its log.
    pub async fn expire(&self, keep: &Keep, now: Moment) -> Result<Expired, StoreError> {
        let day = (now - keep.counts).day();
        let removals: [(&'static str, &'static str, Value); 11] = [
            ("feedback", "DELETE FROM feedback WHERE at < $1", (now - keep.feedback).into()),
            ("talk", "DELETE FROM talk WHERE at < $1", (now - keep.gaps).into()),
            ("gap", "DELETE FROM gap WHERE at < $1", (now - keep.gaps).into()),
            ("candidate", "DELETE FROM candidate WHERE at < $1", (now - keep.candidates).into()),
            ("outbox", "DELETE FROM outbox WHERE ended_at < $1", (now - keep.watches).into()),
            ("watch", "DELETE FROM watch WHERE ended_at < $1", (now - keep.watches).into()),
            ("audit", "DELETE FROM audit WHERE at < $1", (now - keep.audit).into()),
            ("tally", "DELETE FROM tally WHERE day < $1", day.into()),
            ("interaction", "DELETE FROM interaction WHERE at < $1", (now - interactions::MEMORY).into()),
            ("spent", "DELETE FROM spent WHERE until < $1", now.into()),
            ("lease", "DELETE FROM lease WHERE until < $1 AND name <> 'adding watches'", (now - keep.watches).into()),
        ];
        let mut gone = Vec::new();
        for (table, sql, value) in removals {
            let rows = self.engine.run(sql, &[value]).await?;
            if rows > 0 {
                gone.push((table, rows));
            }
        }
        self.engine.tidy().await?;
        Ok(Expired(gone))
    }
}

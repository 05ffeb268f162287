//! Which interactions were handled already: what Discord signed may come again, by another way or another's hand.

use std::time::Duration;

use super::Store;
use super::error::StoreError;
use super::snowflake::Interaction;
use crate::moment::Moment;

/// How long an interaction is remembered: as long as its token is good.
pub(super) const MEMORY: Duration = Duration::from_mins(15);

/// Whether something came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Arrival {
    /// It comes for the first time: whoever gets this answer handles it, and nobody else does.
    First,
    /// It was here before.
    Again,
}

impl Store {
    /// Notes that an interaction came; of several who ask at once, one alone is told that it is the first.
    pub async fn arrive(&self, interaction: Interaction, now: Moment) -> Result<Arrival, StoreError> {
        let sql = "INSERT INTO interaction (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id";
        let new = self.engine.write(sql, &[interaction.into(), now.into()]).await?;
        Ok(if new.is_empty() { Arrival::Again } else { Arrival::First })
    }
}

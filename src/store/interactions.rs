//! Which interactions were handled already: what Discord signed may come again, by another way or another's hand.

use std::collections::BTreeSet;
use std::time::Duration;

use super::engine::Work;
use super::error::StoreError;
use super::snowflake::Interaction;
use super::value::Value;
use crate::moment::Moment;

/// How long an interaction is remembered: as long as its token is good.
pub(super) const MEMORY: Duration = Duration::from_mins(15);
/// How many one statement writes.
const AT_ONCE: usize = 16;

/// Whether something came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Arrival {
    /// It comes for the first time: whoever gets this answer handles it, and nobody else does.
    First,
    /// It was here before.
    Again,
}

/// Notes that these interactions came; those that did for the first time. Whoever notes the same at the same time waits for
/// the end of this work.
pub(super) async fn arrive(
    work: &mut Work,
    mut all: Vec<Interaction>,
    now: Moment,
) -> Result<BTreeSet<Interaction>, StoreError> {
    let sql = "INSERT INTO interaction (at, id) VALUES ($1, $2), ($1, $3), ($1, $4), ($1, $5), ($1, $6), ($1, $7),
        ($1, $8), ($1, $9), ($1, $10), ($1, $11), ($1, $12), ($1, $13), ($1, $14), ($1, $15), ($1, $16), ($1, $17)
        ON CONFLICT (id) DO NOTHING RETURNING id";
    // Always in one order: two processes that note the same things do not wait for each other.
    all.sort_unstable();
    let mut new = BTreeSet::new();
    for some in all.chunks(AT_ONCE) {
        // Where there are fewer, the last is named again and again, which changes nothing.
        let ids = some.iter().chain(some.last().into_iter().cycle()).take(AT_ONCE);
        let values: Vec<Value> = std::iter::once(now.into()).chain(ids.map(|id| (*id).into())).collect();
        for mut row in work.rows(sql, &values).await? {
            new.insert(row.take()?);
        }
    }
    Ok(new)
}

//! Counts for staff: how often an entry was asked for, answered, worked, handed over, a day. Of nobody in particular.

use super::Store;
use super::engine::Work;
use super::error::StoreError;
use super::snowflake::Guild;
use super::value::word;
use crate::moment::Moment;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// Somebody asked; of no entry where none fitted.
    Asked,
    /// The entry was given.
    Answered,
    /// It worked.
    Worked,
    /// It did not.
    DidNot,
    /// A person was called.
    HandedOver,
}

impl Occasion {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 5] = [
        ("asked", Self::Asked),
        ("answered", Self::Answered),
        ("worked", Self::Worked),
        ("did-not", Self::DidNot),
        ("handed-over", Self::HandedOver),
    ];
}

/// The counts of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The entry; empty for questions that fitted none.
    pub entry: String,
    /// How often it was what people asked for.
    pub asked: i64,
    /// How often it was given.
    pub answered: i64,
    /// How often people said that it worked.
    pub worked: i64,
    /// How often they said that it did not.
    pub did_not: i64,
    /// How often they wanted a person.
    pub handed_over: i64,
}

impl Store {
    /// The counts of a guild since a moment, by whole days; by entry.
    pub async fn counts(&self, guild: Guild, since: Moment) -> Result<Vec<Counts>, StoreError> {
        let sql = "SELECT entry, what, CAST(SUM(count) AS BIGINT) FROM tally WHERE guild = $1 AND day >= $2
            GROUP BY entry, what ORDER BY entry, what";
        let rows = self.engine.read(sql, &[guild.into(), since.day().into()]).await?;
        let mut all: Vec<Counts> = Vec::new();
        for mut row in rows {
            let entry: String = row.take()?;
            let what = row.word(&Occasion::ALL)?;
            let count = row.take()?;
            if all.last().is_none_or(|last| last.entry != entry) {
                all.push(Counts { entry, ..Counts::default() });
            }
            if let Some(counts) = all.last_mut() {
                match what {
                    Occasion::Asked => counts.asked = count,
                    Occasion::Answered => counts.answered = count,
                    Occasion::Worked => counts.worked = count,
                    Occasion::DidNot => counts.did_not = count,
                    Occasion::HandedOver => counts.handed_over = count,
                }
            }
        }
        Ok(all)
    }
}

/// Counts in the transaction of what happened; direct messages count as the guild 0. The day is counted from
/// 1970.
pub(super) async fn count(
    work: &mut Work,
    guild: Option<Guild>,
    entry: &str,
    what: Occasion,
    by: i64,
    day: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO tally (day, guild, entry, what, count) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (day, guild, entry, what) DO UPDATE SET count = tally.count + excluded.count";
    let guild = guild.unwrap_or(Guild(0));
    work.run(sql, &[day.into(), guild.into(), entry.into(), word(&Occasion::ALL, &what), by.into()]).await?;
    Ok(())
}

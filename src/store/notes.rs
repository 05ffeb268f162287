//! What is written of a question on its way: that it was asked, what was given, and the counts of both. What many people
//! ask at the same time is written together.

use std::collections::BTreeMap;

use super::Store;
use super::error::StoreError;
use super::gaps;
use super::snowflake::{Guild, Person, Talk};
use super::talks::{self, Given, NewTalk};
use super::tally::{self, Occasion};
use super::value::Value;
use crate::mask::mask;
use crate::moment::Moment;

/// What is to be noted of one question: all of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Where it was asked; none in a direct message.
    pub guild: Option<Guild>,
    /// The talk that it begins, or goes on with.
    pub asked: Option<NewTalk>,
    /// What was given, in which talk; where that never began, or is over, it is not noted. An entry is counted as an answer
    /// the first time.
    pub given: Option<(Talk, Given)>,
    /// What is counted, of which entry; empty where none fitted.
    pub counted: Vec<(String, Occasion)>,
    /// Who asked, and what, where it has no answer.
    pub gap: Option<(Person, String)>,
}

/// Notes as they are written: masked, and with pseudonyms.
#[derive(Debug)]
pub(super) struct Lines {
    day: i64,
    guild: Option<Guild>,
    asked: Option<(Talk, talks::Row)>,
    given: Option<(Talk, Given)>,
    counted: Vec<(String, Occasion)>,
    gap: Option<[Value; 4]>,
}

impl Lines {
    fn talk(&self) -> Option<Talk> {
        self.asked.as_ref().map(|(talk, _)| *talk).or(self.given.as_ref().map(|(talk, _)| *talk))
    }
}

impl Store {
    /// Notes what happened to a question.
    pub async fn note(&self, notes: Notes, now: Moment) -> Result<(), StoreError> {
        let Notes { guild, asked, given, counted, gap } = notes;
        let asked = asked.map(|new| (new.talk, self.written(&new, now)));
        let gap = gap.map(|(person, question)| {
            [now.into(), guild.into(), self.key.pseudonym(person).into(), mask(&question).into()]
        });
        let lines = Lines { day: now.day(), guild, asked, given, counted, gap };
        self.notes.join(lines, async |all| self.note_all(all).await).await
    }

    async fn note_all(&self, mut all: Vec<Lines>) -> Result<Vec<()>, StoreError> {
        let answers = vec![(); all.len()];
        // Talks, then counts, each in one order: two processes that write the same things do not wait for each other.
        all.sort_by_key(Lines::talk);
        let mut counts: BTreeMap<(i64, Option<Guild>, String, Occasion), i64> = BTreeMap::new();
        let mut work = self.engine.begin().await?;
        for Lines { day, guild, asked, given, counted, gap } in all {
            if let Some(entry) = talks::write(&mut work, asked, given).await? {
                *counts.entry((day, guild, entry, Occasion::Answered)).or_default() += 1;
            }
            for (entry, what) in counted {
                *counts.entry((day, guild, entry, what)).or_default() += 1;
            }
            if let Some(gap) = gap {
                gaps::write(&mut work, &gap).await?;
            }
        }
        for ((day, guild, entry, what), by) in counts {
            tally::count(&mut work, guild, &entry, what, by, day).await?;
        }
        work.commit().await?;
        Ok(answers)
    }
}

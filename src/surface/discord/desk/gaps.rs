//! `/gaps`: questions without an answer, those that are like each other together, and what to do with each.

use std::sync::Arc;

use super::given::Given;
use super::{Desk, candidates};
use crate::answer::{Answer, Block};
use crate::engine::Engine;
use crate::render::discord::{Extra, Press};
use crate::search::clusters;
use crate::store::{Decision, Gap, Guild, Person, StoreError};
use crate::surface::discord::command::{Audience, Command};
use crate::surface::discord::send::Reply;
use crate::text::Text;

/// How many questions are read, the latest first.
pub(super) const READ: u32 = 200;
/// How many groups are shown: each has two buttons.
const SHOWN: usize = 5;
/// How many characters of a question are shown.
const QUESTION: usize = 300;

/// What to do about what has no answer yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Learning {
    /// To see the questions without an answer.
    Gaps,
    /// To drop a question and those that are like it.
    Dismiss(i64),
    /// To propose a question as a symptom of an entry.
    Propose {
        /// The entry's id or title.
        entry: String,
        /// The question.
        question: Asked,
    },
    /// To see what was proposed and what was approved.
    Candidates,
    /// To decide on a proposal.
    Decide(i64, Decision),
}

/// A question that may be learned from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// One without an answer, by its number.
    Gap(i64),
    /// These words.
    Words(String),
}

/// The command.
pub(super) fn command() -> Command {
    Command {
        name: "gaps",
        summary: "Show questions without an answer, and teach or dismiss them",
        audience: Audience::Staff,
        options: vec![],
    }
}

impl Learning {
    /// What `/adopt` asks for.
    pub(super) fn of(given: Given<'_>) -> Self {
        let words = given.text("question").map(|words| Asked::Words(words.to_owned()));
        let question = given.whole("gap").map(Asked::Gap).or(words);
        match (given.text("entry"), question) {
            (Some(entry), Some(question)) => Self::Propose { entry: entry.to_owned(), question },
            _ => Self::Candidates,
        }
    }

    /// What a press asks for.
    pub(super) fn of_press(kind: &str, rest: &str) -> Option<Self> {
        Some(match kind {
            "dismiss" => Self::Dismiss(rest.parse().ok()?),
            "adopt" => {
                let (gap, entry) = rest.split_once(':')?;
                Self::Propose { entry: entry.to_owned(), question: Asked::Gap(gap.parse().ok()?) }
            }
            "approve" => Self::Decide(rest.parse().ok()?, Decision::Approved),
            "decline" => Self::Decide(rest.parse().ok()?, Decision::Declined),
            _ => return None,
        })
    }
}

impl Desk {
    pub(super) async fn learning(&self, learning: Learning, guild: Guild, by: Person) -> Result<Reply, StoreError> {
        match learning {
            Learning::Gaps => self.gaps(guild).await,
            Learning::Dismiss(gap) => self.dismiss(guild, gap, by).await,
            Learning::Propose { entry, question } => self.propose(guild, &entry, question, by).await,
            Learning::Candidates => self.candidates(guild).await,
            Learning::Decide(candidate, decision) => self.decide(guild, candidate, decision, by).await,
        }
    }

    async fn gaps(&self, guild: Guild) -> Result<Reply, StoreError> {
        let gaps = self.store.gaps(guild, READ).await?;
        let engine = self.current.engine();
        let listed = tokio::task::spawn_blocking(move || list(&engine, &gaps)).await;
        Ok(listed.unwrap_or_else(|bug| std::panic::resume_unwind(bug.into_panic())))
    }

    async fn dismiss(&self, guild: Guild, gap: i64, by: Person) -> Result<Reply, StoreError> {
        let gaps = self.store.gaps(guild, READ).await?;
        let group = groups(&gaps).into_iter().find(|group| group.iter().any(|one| one.id == gap)).unwrap_or_default();
        let all: Vec<i64> = group.iter().map(|one| one.id).collect();
        self.store.dismiss(guild, gap, &all, by, super::now()).await?;
        self.gaps(guild).await
    }
}

/// The questions in groups, the largest first.
fn groups(gaps: &[Gap]) -> Vec<Vec<&Gap>> {
    let questions: Vec<&str> = gaps.iter().map(|gap| gap.question.as_str()).collect();
    let groups = clusters(&questions).into_iter();
    groups.map(|group| group.into_iter().filter_map(|at| gaps.get(at)).collect()).collect()
}

fn list(engine: &Arc<Engine>, gaps: &[Gap]) -> Reply {
    let groups = groups(gaps);
    let title = Text::plain("Questions without an answer");
    if groups.is_empty() {
        return Answer::sentence(title, Text::plain("There are none.")).into();
    }
    let (mut blocks, mut extra) = (Vec::new(), Vec::new());
    for group in groups.iter().take(SHOWN) {
        let Some(first) = group.first() else { continue };
        let question: String = first.question.chars().take(QUESTION).collect();
        let count = if group.len() > 1 { format!(" (and {} like it)", group.len() - 1) } else { String::new() };
        blocks.push(Block::Paragraph(Text::default().code(first.id).and(format!(" {question}{count}"))));
        if let Some(best) = engine.find(&first.question).matches.first()
            && let Some(entry) = engine.knowledge().entry(best.entry.as_str())
        {
            let press = Press::Desk(format!("adopt:{}:{}", first.id, entry.id));
            extra.push(Extra { label: format!("{} is: {}", first.id, entry.title), press });
        }
        extra.push(Extra {
            label: format!("Dismiss {}", first.id),
            press: Press::Desk(format!("dismiss:{}", first.id)),
        });
    }
    let lead = Text::plain(format!("{} of late, in {} groups. Teach another entry with ", gaps.len(), groups.len()))
        .code(candidates::EXAMPLE)
        .and(".");
    Reply { extra, ..Answer { title, lead, blocks, ..Answer::default() }.into() }
}

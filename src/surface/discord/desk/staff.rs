//! What staff alone may do, and the one gate before it: every command and every press passes it, since roles can be taken
//! away in between.

use super::gaps::Learning;
use super::given::Given;
use super::settings::Change;
use super::{Desk, Errand, candidates, gaps, settings, stats};
use crate::answer::{Answer, Block};
use crate::engine::Stale;
use crate::search::{Decision, Why};
use crate::store::{Deed, Guild, StoreError};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::Reply;
use crate::text::Text;

/// How many deeds are shown.
const DEEDS: u32 = 15;
/// How many problems of the knowledge are shown.
const PROBLEMS: usize = 8;

/// Something that staff alone may do.
#[derive(Debug, PartialEq)]
pub(crate) enum Chore {
    /// To change, or see, how the bot works in their guild.
    Settings(Change),
    /// To see and to teach what has no answer yet.
    Learning(Learning),
    /// To see how much was asked and answered in so many days.
    Stats(i64),
    /// To take in knowledge that has changed.
    Reload,
    /// To see what decides on a question.
    Why(String),
    /// To see what staff did.
    Audit,
}

/// The commands.
pub(super) fn commands() -> Vec<Command> {
    let plain = |name, summary, options| Command { name, summary, audience: Audience::Staff, options };
    let question =
        Opt { name: "question", summary: "The question, in a customer's words", kind: Kind::Text, need: Need::Must };
    vec![
        settings::command(),
        gaps::command(),
        candidates::command(),
        stats::command(),
        plain("reload", "Take in the knowledge that was changed", vec![]),
        plain("why", "Show what decides on a question", vec![question]),
        plain("audit", "Show what staff did, the latest first", vec![]),
    ]
}

impl Chore {
    /// What a command asks for; none where it is another's.
    pub(super) fn of(command: &str, given: Given<'_>) -> Option<Self> {
        Some(match command {
            "settings" => Self::Settings(Change::of(given)),
            "gaps" => Self::Learning(Learning::Gaps),
            "adopt" => Self::Learning(Learning::of(given)),
            "stats" => Self::Stats(given.whole("days").unwrap_or(stats::DAYS)),
            "reload" => Self::Reload,
            "why" => Self::Why(given.text("question").unwrap_or_default().to_owned()),
            "audit" => Self::Audit,
            _ => return None,
        })
    }
}

impl Desk {
    /// Whether this is what staff alone may do, asked for by staff: nobody holds them up at their work.
    pub(crate) async fn is_work_of_staff(&self, errand: &Errand, asker: &Asker) -> bool {
        matches!(errand, Errand::Staff(_)) && matches!(self.admitted(asker).await, Ok(Ok(_)))
    }

    /// Whether somebody may do what staff does, now, and where.
    async fn admitted(&self, asker: &Asker) -> Result<Result<Guild, Answer>, StoreError> {
        let Some(guild) = asker.guild else {
            let lead = "That works on your server, not in direct messages.";
            return Ok(Err(Answer::sentence("Not here", Text::plain(lead))));
        };
        let settings = self.store.settings(guild).await?;
        if asker.is_staff(&self.current.engine().config().discord, &settings) {
            return Ok(Ok(guild));
        }
        let lead = "That is for the people who run this server's support. If you are one of them, ask an administrator for the role.";
        Ok(Err(Answer::sentence("That is for staff", Text::plain(lead))))
    }

    /// Does what staff alone may do, for staff.
    pub(super) async fn chore(&self, chore: Chore, asker: &Asker) -> Result<Reply, StoreError> {
        let guild = match self.admitted(asker).await? {
            Ok(guild) => guild,
            Err(refusal) => return Ok(refusal.into()),
        };
        match chore {
            Chore::Settings(change) => self.settings(change, guild, asker.person).await,
            Chore::Learning(learning) => self.learning(learning, guild, asker.person).await,
            Chore::Stats(days) => self.stats(guild, days).await,
            Chore::Reload => self.reload(guild, asker).await,
            Chore::Why(question) => Ok(self.why(question).await.into()),
            Chore::Audit => Ok(audit(&self.store.deeds(guild, DEEDS).await?).into()),
        }
    }

    async fn reload(&self, guild: Guild, asker: &Asker) -> Result<Reply, StoreError> {
        let current = self.current.clone();
        let reloaded = tokio::task::spawn_blocking(move || current.reload()).await;
        let answer = match reloaded.unwrap_or_else(|bug| std::panic::resume_unwind(bug.into_panic())) {
            Ok(entries) => {
                let detail = format!("{entries} entries");
                self.store.note_deed(guild, asker.person, "reload", &detail, super::now()).await?;
                Answer::sentence("Taken in", Text::plain(format!("{entries} entries are in force from now on.")))
            }
            Err(stale) => refused(&stale),
        };
        Ok(answer.into())
    }

    async fn why(&self, question: String) -> Answer {
        let engine = self.current.engine();
        let told = tokio::task::spawn_blocking(move || {
            engine.why(&question).map(|why| because(&why)).map_err(ToString::to_string)
        });
        let told = told.await.unwrap_or_else(|bug| std::panic::resume_unwind(bug.into_panic()));
        told.unwrap_or_else(|error| {
            tracing::error!(error, "matching cannot be had");
            let lead = "Nothing can be matched right now. The people who run me find the reason in my log.";
            Answer::sentence("That did not work", Text::plain(lead))
        })
    }
}

/// Why the old knowledge stays: every problem with its place.
fn refused(stale: &Stale) -> Answer {
    let mut lines = match stale {
        Stale::Knowledge(problems) => problems.0.iter().map(ToString::to_string).collect(),
        Stale::Search(_) => vec![stale.to_string()],
    };
    let more = lines.len().saturating_sub(PROBLEMS);
    lines.truncate(PROBLEMS);
    let lines = lines.iter().flat_map(|problem| problem.lines().map(str::to_owned).chain([String::new()])).collect();
    let note = (more > 0).then(|| Text::plain(format!("{more} more; `mailmedic knowledge lint` tells all.")));
    Answer {
        title: Text::plain("Nothing was taken in"),
        lead: Text::plain("What was in force stays in force until the files are mended:"),
        blocks: vec![Block::Listing(lines)],
        note,
        ..Answer::default()
    }
}

fn because(why: &Why) -> Answer {
    let decision = match why.found.decision {
        Decision::Answer => "I answer this.",
        Decision::Offer => "I offer a choice.",
        Decision::Quiet => "I stay quiet, or say that I have no answer.",
    };
    let found = why.found.matches.iter().map(|found| format!("{:>4.0} %  {}", found.confidence * 100.0, found.entry));
    let reasons = why.reasons.iter().map(|reason| format!("{:>+6.2}  {}", reason.weight, reason.what));
    let mut blocks = Vec::new();
    if let Some(entry) = &why.entry {
        let against = why.rival.as_ref().map_or_else(|| "silence".to_owned(), ToString::to_string);
        blocks.push(Block::Listing(found.collect()));
        blocks.push(Block::Paragraph(
            Text::plain("What spoke for ").code(entry).and(", and, below zero, for ").code(against).and(":"),
        ));
        blocks.push(Block::Listing(reasons.collect()));
    }
    Answer { title: Text::plain("Why"), lead: Text::plain(decision), blocks, ..Answer::default() }
}

fn audit(deeds: &[Deed]) -> Answer {
    let line = |deed: &Deed| {
        let detail =
            Text::default().code(super::date(deed.at)).and(" ").code(deed.person).and(format!(" {}: ", deed.action));
        Block::Paragraph(detail.and(&deed.detail))
    };
    let lead = if deeds.is_empty() { Text::plain("Nothing yet.") } else { Text::default() };
    Answer { title: Text::plain("What staff did"), lead, blocks: deeds.iter().map(line).collect(), ..Answer::default() }
}

//! `/adopt`: a question becomes a symptom. It is proposed, decided on, and taken into the files of the knowledge by
//! `mailmedic knowledge adopt`, which reads the file that is attached here.

use super::answers::{chosen, no_such};
use super::gaps::{Asked, READ};
use super::{Desk, now};
use crate::answer::{Answer, Block};
use crate::render::discord::{Extra, Press};
use crate::store::{Candidate, Decision, Guild, Person, StoreError};
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::send::{File, Reply};
use crate::text::Text;

/// How many proposals are shown: each has two buttons.
const SHOWN: u32 = 10;
/// How many approved ones a file has.
const APPROVED: u32 = 1000;
/// What is said of a gap that somebody closed.
const GONE: &str = "There is no such question any more; `/gaps` shows those that there are.";
/// How to propose one by hand.
pub(super) const EXAMPLE: &str = "/adopt entry: … gap: NUMBER";

/// The command.
pub(super) fn command() -> Command {
    let may = |name, summary, kind| Opt { name, summary, kind, need: Need::May };
    Command {
        name: "adopt",
        summary: "Make a question a symptom of an entry; alone, show what was proposed and approved",
        audience: Audience::Staff,
        options: vec![
            may("entry", "The entry that answers it: begin to type", Kind::Suggested),
            may("gap", "The number of a question without an answer", Kind::Whole(1, 1 << 52)),
            may("question", "Or the question itself, in a customer's words", Kind::Text),
        ],
    }
}

impl Desk {
    pub(super) async fn propose(
        &self,
        guild: Guild,
        entry: &str,
        question: Asked,
        by: Person,
    ) -> Result<Reply, StoreError> {
        let (gap, words) = match question {
            Asked::Words(words) => (None, words),
            Asked::Gap(number) => {
                let gaps = self.store.gaps(guild, READ).await?;
                let Some(gap) = gaps.into_iter().find(|gap| gap.id == number) else {
                    return Ok(refuse(GONE));
                };
                (Some(number), gap.question)
            }
        };
        let engine = self.current.engine();
        let Some(entry) = chosen(&engine, entry) else { return Ok(no_such(&engine, entry).into()) };
        let fit = match engine.candidate(&words, entry.id.as_str(), &by.to_string()) {
            Ok(candidate) => candidate,
            Err(unfit) => return Ok(refuse(&format!("Nothing can be learned from that: {unfit}."))),
        };
        let proposed = self.store.propose(guild, &fit.question, entry.id.as_str(), gap, by, now()).await?;
        let Some(number) = proposed else { return Ok(refuse(GONE)) };
        let lead = Text::default().code(number).and(format!(" “{}” is “{}”?", fit.question, entry.title));
        let note =
            "Approved ones are in the file of `/adopt`; `mailmedic knowledge adopt` takes them into the knowledge.";
        let answer = Answer { note: Some(Text::plain(note)), ..Answer::sentence("Proposed", lead) };
        Ok(Reply { extra: decisions(number).into(), ..answer.into() })
    }

    pub(super) async fn decide(
        &self,
        guild: Guild,
        candidate: i64,
        decision: Decision,
        by: Person,
    ) -> Result<Reply, StoreError> {
        if !self.store.decide(guild, candidate, decision, by, now()).await? {
            return Ok(refuse("That was decided already, or is gone."));
        }
        self.candidates(guild).await
    }

    pub(super) async fn candidates(&self, guild: Guild) -> Result<Reply, StoreError> {
        let open = self.store.candidates(guild, Decision::Open, SHOWN).await?;
        let approved = self.store.candidates(guild, Decision::Approved, APPROVED).await?;
        let lines = self.lines(&approved)?;
        let blocks = open.iter().map(|candidate| {
            let Candidate { id, question, entry, person } = candidate;
            let text = Text::default().code(id).and(format!(" {question} → ")).code(entry).and(", by ").code(person);
            Block::Paragraph(text)
        });
        let lead = match (open.is_empty(), lines.is_empty()) {
            (true, true) => Text::plain("Nothing was proposed. ").code(EXAMPLE).and(" proposes a question."),
            (_, true) => Text::plain("Proposed, and to be decided:"),
            (_, false) => {
                Text::plain("What was approved is in the file, for ").code("mailmedic knowledge adopt FILE").and(".")
            }
        };
        let answer =
            Answer { title: Text::plain("What may be learned"), lead, blocks: blocks.collect(), ..Answer::default() };
        let extra = open.iter().flat_map(|candidate| decisions(candidate.id)).collect();
        let file = File { name: "candidates.jsonl".to_owned(), bytes: lines.into_bytes() };
        let files = if file.bytes.is_empty() { Vec::new() } else { vec![file] };
        Ok(Reply { extra, files, ..answer.into() })
    }

    /// The lines that `mailmedic knowledge adopt` reads, without what is known or gone by now.
    fn lines(&self, approved: &[Candidate]) -> Result<String, StoreError> {
        let engine = self.current.engine();
        let fit = approved.iter().filter_map(|Candidate { question, entry, person, .. }| {
            engine.candidate(question, entry, &person.to_string()).ok()
        });
        let lines = fit.map(|candidate| serde_json::to_string(&candidate).map(|line| line + "\n"));
        lines.collect::<Result<_, _>>().map_err(|error| StoreError::Unreadable(error.to_string()))
    }
}

fn decisions(candidate: i64) -> [Extra; 2] {
    [("Approve", "approve"), ("Decline", "decline")].map(|(label, press)| Extra {
        label: format!("{label} {candidate}"),
        press: Press::Desk(format!("{press}:{candidate}")),
    })
}

fn refuse(sentence: &str) -> Reply {
    Answer::sentence("That did not work", Text::plain(sentence)).into()
}

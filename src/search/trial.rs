//! A trial: how well the knowledge finds its entries and keeps silent, measured on texts that it was not trained on.
//!
//! Symptoms are left out a voice at a time, so that no near copy of a text speaks for it; the messages that want no
//! answer a share at a time; an entry's own questions and the development questions never take part in training.

use std::collections::BTreeMap;

use super::index::Side;
use super::texts::{Text, texts};
use super::{Decision, Found, NotReady, Search, decide, quiet};
use crate::config::Matching;
use crate::knowledge::{EntryId, Knowledge, Voice};

/// The development questions as they were when the binary was built.
const QUESTIONS: &str = include_str!("../../index/questions.toml");
/// The figures below which the shipped knowledge must not fall.
const EXPECTED: &str = include_str!("../../index/expected.toml");

/// A message, what it wants, and what was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The message.
    pub text: String,
    /// The entry that answers it; `None` if it wants no answer.
    pub right: Option<EntryId>,
    /// What it is like: its voice, or the kind of silence that it wants.
    pub kind: String,
    /// What was found.
    pub found: Found,
}

/// All outcomes, by where the messages come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Symptoms and quiet messages, left out in turn.
    pub left_out: Vec<Outcome>,
    /// The entries' own questions.
    pub own: Vec<Outcome>,
    /// The development questions, and development messages that want no answer.
    pub development: Vec<Outcome>,
}

/// What is told of a number of outcomes. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// How many messages one of the entries answers.
    pub answerable: usize,
    /// How many want no answer.
    pub quiet: usize,
    /// Of the answerable, with the right entry first.
    pub recall_at_1: f64,
    /// Of the answerable, with the right entry among the first three.
    pub recall_at_3: f64,
    /// The mean of one over the rank of the right entry.
    pub mrr: f64,
    /// Of all direct answers, with the right entry.
    pub answer_precision: f64,
    /// Of the messages that want none, answered directly.
    pub false_answers: f64,
    /// Of the messages about mail that want none, answered directly.
    pub false_answers_mail: f64,
    /// The probability that an answerable message has more confidence than one that wants no answer.
    pub auroc: f64,
    /// Of the answerable, answered directly.
    pub answered: f64,
    /// Of the answerable, answered directly or offered a choice.
    pub answered_or_offered: f64,
    /// Of the messages that want no answer, offered a choice.
    pub false_offers: f64,
}

impl Trial {
    /// Tries the knowledge.
    pub fn run(knowledge: &Knowledge, matching: &Matching) -> Result<Self, NotReady> {
        let quiet = quiet::messages()?;
        let all = texts(knowledge, &quiet);
        let whole = Search::of(knowledge, &all, matching)?;
        let own = knowledge.entries().flat_map(|entry| {
            entry.questions.iter().map(|text| outcome(&whole, text, Some(entry.id.clone()), "question"))
        });
        let own = own.collect();
        let mut development = Vec::new();
        let questions: BTreeMap<String, BTreeMap<String, Vec<String>>> = toml::from_str(QUESTIONS)?;
        for (entry, kinds) in &questions {
            let right = knowledge.entry(entry).map(|entry| entry.id.clone());
            if right.is_none() && entry != "quiet" {
                continue;
            }
            for (kind, texts) in kinds {
                development.extend(texts.iter().map(|text| outcome(&whole, text, right.clone(), kind)));
            }
        }
        Ok(Self { left_out: left_out(knowledge, &quiet, &all, matching)?, own, development })
    }

    /// The outcomes by the name that files and people have for where they come from.
    pub fn sets(&self) -> [(&'static str, &[Outcome]); 3] {
        [("left-out", &self.left_out), ("own-questions", &self.own), ("development", &self.development)]
    }
}

/// The figures of the shipped knowledge that fall short of those in `index/expected.toml`, in words.
pub fn shortfalls(trial: &Trial) -> Result<Vec<String>, NotReady> {
    let expected: BTreeMap<String, BTreeMap<String, f64>> = toml::from_str(EXPECTED)?;
    let mut told = Vec::new();
    for (name, outcomes) in trial.sets() {
        let rows = Figures::of(outcomes.iter()).rows();
        for (figure, bound) in expected.get(name).into_iter().flatten() {
            let row = rows.iter().find(|row| row.name == figure);
            match row {
                Some(row) if if row.less_is_better { row.share <= *bound } else { row.share >= *bound } => {}
                Some(row) => told.push(format!("{name}: {figure} is {:.3}, and {bound:.3} is expected", row.share)),
                None => told.push(format!("{name}: there is no figure `{figure}`")),
            }
        }
    }
    Ok(told)
}

fn left_out(
    knowledge: &Knowledge,
    quiet: &[quiet::Message],
    all: &[Text<'_>],
    matching: &Matching,
) -> Result<Vec<Outcome>, NotReady> {
    let ids: Vec<&EntryId> = knowledge.entries().map(|entry| &entry.id).collect();
    let voices: Vec<Voice> =
        Voice::ALL.iter().copied().filter(|voice| all.iter().any(|text| text.voice == Some(*voice))).collect();
    let mut outcomes = Vec::new();
    for (fold, voice) in voices.iter().enumerate() {
        let mut nth = 0;
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for text in all {
            let out = match text.side {
                Side::Entry(_) => text.voice == Some(*voice),
                Side::Quiet => {
                    nth += 1;
                    nth % voices.len() == fold
                }
            };
            if out { &mut unknown } else { &mut known }.push(*text);
        }
        let search = Search::of(knowledge, &known, matching)?;
        for text in unknown {
            let (right, kind) = match text.side {
                Side::Entry(number) => (ids.get(number).map(|id| (*id).clone()), voice.as_str()),
                Side::Quiet => {
                    let kind = quiet.iter().find(|message| message.text == text.said).map(|message| message.kind);
                    (None, kind.map_or("quiet", quiet::Kind::as_str))
                }
            };
            outcomes.push(outcome(&search, text.said, right, kind));
        }
    }
    Ok(outcomes)
}

fn outcome(search: &Search, text: &str, right: Option<EntryId>, kind: &str) -> Outcome {
    Outcome { text: text.to_owned(), right, kind: kind.to_owned(), found: search.find(text) }
}

impl Outcome {
    /// The rank of the right entry, from 1; `None` if it is not among the matches.
    pub fn rank(&self) -> Option<usize> {
        let right = self.right.as_ref()?;
        self.found.matches.iter().position(|found| found.entry == *right).map(|at| at + 1)
    }

    fn confidence(&self) -> f64 {
        self.found.matches.first().map_or(0.0, |found| found.confidence)
    }

    fn is(&self, decision: Decision) -> bool {
        self.found.decision == decision
    }
}

/// One figure, by name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Its name in files and tables.
    pub name: &'static str,
    /// The figure, between 0 and 1.
    pub share: f64,
    /// Whether it had better be small.
    pub less_is_better: bool,
}

impl Figures {
    /// The figures by name.
    pub fn rows(&self) -> [Row; 10] {
        let more = |name, share| Row { name, share, less_is_better: false };
        let less = |name, share| Row { name, share, less_is_better: true };
        [
            more("recall@1", self.recall_at_1),
            more("recall@3", self.recall_at_3),
            more("mrr", self.mrr),
            more("answer-precision", self.answer_precision),
            less("false-answers", self.false_answers),
            less("false-answers-mail", self.false_answers_mail),
            more("auroc", self.auroc),
            more("answered", self.answered),
            more("answered-or-offered", self.answered_or_offered),
            less("false-offers", self.false_offers),
        ]
    }

    /// Tells what became of the messages.
    pub fn of<'o>(outcomes: impl Iterator<Item = &'o Outcome>) -> Self {
        let (answerable, quiet): (Vec<&Outcome>, Vec<&Outcome>) = outcomes.partition(|outcome| outcome.right.is_some());
        let share = |of: &[&Outcome], is: &dyn Fn(&Outcome) -> bool| {
            ratio(of.iter().filter(|outcome| is(outcome)).count(), of.len())
        };
        let mail: Vec<&Outcome> = quiet.iter().copied().filter(|outcome| outcome.kind == "mail-adjacent").collect();
        let answers: Vec<&Outcome> =
            answerable.iter().chain(&quiet).copied().filter(|outcome| outcome.is(Decision::Answer)).collect();
        let mut mrr = 0.0;
        for outcome in &answerable {
            mrr += outcome.rank().map_or(0.0, |rank| ratio(1, rank)) * ratio(1, answerable.len());
        }
        Self {
            answerable: answerable.len(),
            quiet: quiet.len(),
            recall_at_1: share(&answerable, &|outcome| outcome.rank() == Some(1)),
            recall_at_3: share(&answerable, &|outcome| outcome.rank().is_some_and(|rank| rank <= 3)),
            mrr,
            answer_precision: share(&answers, &|outcome| outcome.rank() == Some(1)),
            false_answers: share(&quiet, &|outcome| outcome.is(Decision::Answer)),
            false_answers_mail: share(&mail, &|outcome| outcome.is(Decision::Answer)),
            auroc: auroc(&answerable, &quiet),
            answered: share(&answerable, &|outcome| outcome.is(Decision::Answer)),
            answered_or_offered: share(&answerable, &|outcome| !outcome.is(Decision::Quiet)),
            false_offers: share(&quiet, &|outcome| outcome.is(Decision::Offer)),
        }
    }
}

/// How often a direct answer must be right when thresholds are chosen: somewhat above the promise, since what customers
/// write is stranger than what is tested.
const PRECISE: f64 = 0.94;
/// How many of the messages that want no answer may get one when thresholds are chosen.
const FALSE_ANSWERS: f64 = 0.015;
/// How many of the messages that want no answer may be offered a choice when thresholds are chosen.
const FALSE_OFFERS: f64 = 0.06;

/// The thresholds with which most messages are answered, then offered, within the bounds on what goes wrong.
pub fn calibrate(outcomes: &[Outcome]) -> Matching {
    let sure = |outcome: &Outcome| outcome.found.matches.iter().map(|found| found.confidence).collect::<Vec<f64>>();
    let seen: Vec<(Vec<f64>, bool, bool)> =
        outcomes.iter().map(|outcome| (sure(outcome), outcome.right.is_none(), outcome.rank() == Some(1))).collect();
    let quiet = seen.iter().filter(|(_, quiet, _)| *quiet).count();
    let steps = |from: u32, to: u32| (from..=to).map(|step| f64::from(step) / 40.0);
    let mut best = (0, Matching { answer_at: 1.0, margin: 0.0, offer_at: 1.0 });
    for (answer_at, margin) in steps(12, 36).flat_map(|at| steps(0, 20).map(move |margin| (at, margin))) {
        let matching = Matching { answer_at, margin, offer_at: 1.0 };
        let answers = seen.iter().filter(|(sure, ..)| decide(matching, sure) == Decision::Answer);
        let (mut all, mut right, mut falsely) = (0, 0, 0);
        for (_, quiet, first) in answers {
            all += 1;
            right += usize::from(*first);
            falsely += usize::from(*quiet);
        }
        let fine = ratio(right, all) >= PRECISE && ratio(falsely, quiet) <= FALSE_ANSWERS;
        if fine && all - falsely > best.0 {
            best = (all - falsely, matching);
        }
    }
    let fine = |matching: &Matching| {
        let offered = |(sure, quiet, _): &&(Vec<f64>, bool, bool)| *quiet && decide(*matching, sure) == Decision::Offer;
        ratio(seen.iter().filter(offered).count(), quiet) <= FALSE_OFFERS
    };
    let offers = steps(0, 40).map(|offer_at| Matching { offer_at, ..best.1 });
    offers.filter(|matching| matching.offer_at <= matching.answer_at).find(fine).unwrap_or(best.1)
}

/// The area under the curve: of all pairs, those in which the answerable message is the surer one.
fn auroc(answerable: &[&Outcome], quiet: &[&Outcome]) -> f64 {
    let (mut above, mut equal) = (0, 0);
    for a in answerable {
        for b in quiet {
            above += usize::from(a.confidence() > b.confidence());
            equal += usize::from(a.confidence().total_cmp(&b.confidence()).is_eq());
        }
    }
    ratio(2 * above + equal, 2 * answerable.len() * quiet.len())
}

#[expect(clippy::cast_precision_loss, reason = "numbers of messages, far below what a float can count")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

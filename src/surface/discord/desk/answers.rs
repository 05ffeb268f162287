//! `/answer`: an entry that somebody who helps chooses for somebody who asks, and what is suggested while they type.

use std::sync::Arc;

use super::given::Given;
use crate::answer::{Action, Answer, Block, Step};
use crate::engine::Engine;
use crate::knowledge::Entry;
use crate::request::Request;
use crate::store::{self, NewTalk, Notes, Person, Talk};
use crate::surface::discord::asker::Asker;
use crate::surface::discord::command::{Audience, Command, Kind, Need, Opt};
use crate::surface::discord::link::linked;
use crate::surface::discord::send::{Call, Reply};
use crate::surface::discord::talk::buttons;
use crate::text::Text;

/// The command's name.
pub(crate) const ANSWER: &str = "answer";

/// How many suggestions Discord takes.
const SUGGESTIONS: usize = 25;
/// How many characters each of them, and its value, may have.
const SUGGESTION: usize = 100;
/// How many suggestions are offered where what was typed is no entry.
const NEAREST: usize = 3;
/// More steps than any entry has.
const MOST_STEPS: i64 = 50;

/// The command.
pub(super) fn command() -> Command {
    Command {
        name: ANSWER,
        summary: "Show the steps of an entry, to somebody who asks",
        audience: Audience::Everybody,
        options: vec![
            Opt { name: "entry", summary: "The problem: begin to type", kind: Kind::Suggested, need: Need::Must },
            Opt { name: "for", summary: "The person whom it is for", kind: Kind::User, need: Need::May },
            Opt {
                name: "step",
                summary: "The number of one step, to show it alone",
                kind: Kind::Whole(1, MOST_STEPS),
                need: Need::May,
            },
        ],
    }
}

/// What to show, and to whom.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// The entry's id or title, or what was typed instead.
    entry: String,
    person: Option<Person>,
    /// The step's number, from 1.
    step: Option<usize>,
}

impl Pick {
    pub(crate) fn of(given: Given<'_>) -> Self {
        Self {
            entry: given.text("entry").unwrap_or_default().to_owned(),
            person: given.user("for"),
            step: given.whole("step").and_then(|step| usize::try_from(step).ok()),
        }
    }
}

/// What `/answer` shows; where it is for somebody, it calls them, and the notes begin a talk of theirs. Or why there is
/// nothing to show.
pub(crate) fn show(
    engine: &Arc<Engine>,
    pick: &Pick,
    talk: Talk,
    asker: &Asker,
) -> Result<(Reply, Option<Notes>), Box<Answer>> {
    let Some(entry) = chosen(engine, &pick.entry) else { return Err(no_such(engine, &pick.entry).into()) };
    let work = engine.begin(Request::Entry { id: entry.id.to_string(), domain: None });
    let answer = match pick.step {
        None => work.answer(),
        Some(number) => one_step(work.answer(), number).map_err(|steps| {
            let lead = format!("“{}” has {steps} steps; there is no step {number}.", entry.title);
            Answer::sentence("That did not work", Text::plain(lead))
        })?,
    };
    let answer = linked(answer, Some(&entry.id), &engine.config().http);
    let Some(person) = pick.person else { return Ok((answer.into(), None)) };
    let (guild, channel, question) = (asker.guild, asker.channel, entry.title.clone());
    let new = Some(NewTalk { talk, guild, channel, message: None, person, question });
    let given = Some((talk, store::Given { entry: Some(entry.id.to_string()), ..store::Given::default() }));
    let reply = Reply { call: Call::For(person), extra: buttons(&work, Some(talk), false), ..answer.into() };
    Ok((reply, Some(Notes { guild, asked: new, given, ..Notes::default() })))
}

/// The entry of this id or title.
pub(super) fn chosen<'e>(engine: &'e Engine, typed: &str) -> Option<&'e Entry> {
    let typed = folded(typed);
    engine.knowledge().entries().find(|entry| entry.id.as_str() == typed || folded(&entry.title) == typed)
}

/// What is said where nothing was chosen from the list.
pub(super) fn no_such(engine: &Engine, typed: &str) -> Answer {
    let near = suggestions(engine, typed).into_iter().take(NEAREST);
    Answer {
        next: near.map(|(title, id)| Action::Entry { id, title, domain: None }).collect(),
        ..Answer::sentence("There is no such entry", Text::plain("Choose one from the list that opens while you type."))
    }
}

/// The answer with one of its steps alone; how many there are where that one is missing.
fn one_step(mut whole: Answer, number: usize) -> Result<Answer, usize> {
    let steps = whole.blocks.iter().find_map(|block| if let Block::Steps(steps) = block { Some(steps) } else { None });
    let steps: &[Step] = steps.map_or(&[], Vec::as_slice);
    let Some(step) = number.checked_sub(1).and_then(|at| steps.get(at)) else { return Err(steps.len()) };
    let shown = vec![
        Block::Heading(Text::plain(format!("Step {number} of {}", steps.len()))),
        Block::Paragraph(step.text.clone()),
    ];
    whole.blocks = shown;
    whole.lead = Text::default();
    Ok(whole)
}

/// The entries that what was typed may mean, as titles and ids, the likeliest first: those called so, those that begin so,
/// those that have it somewhere, and those that matching finds, if it is ready.
pub(crate) fn suggestions(engine: &Engine, typed: &str) -> Vec<(String, String)> {
    let typed: String = folded(typed).chars().take(SUGGESTION).collect();
    let found = Some(&typed).filter(|typed| !typed.is_empty()).and_then(|typed| engine.find_at_once(typed));
    let found: Vec<_> = found.map(|found| found.matches).unwrap_or_default();
    let rank = |entry: &Entry| {
        literal_rank(entry, &typed).or_else(|| found.iter().position(|found| found.entry == entry.id).map(|at| 3 + at))
    };
    let mut ranked: Vec<_> = engine.knowledge().entries().filter_map(|entry| Some((rank(entry)?, entry))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let shown = ranked
        .into_iter()
        .take(SUGGESTIONS)
        .map(|(_, entry)| (entry.title.chars().take(SUGGESTION).collect(), entry.id.to_string()));
    shown.filter(|(_, id): &(String, String)| id.chars().count() <= SUGGESTION).collect()
}

fn literal_rank(entry: &Entry, typed: &str) -> Option<usize> {
    let title = folded(&entry.title);
    let names = [entry.id.as_str(), title.as_str()];
    let symptoms = || entry.symptoms.iter().map(|symptom| symptom.text.as_str());
    let anywhere =
        || symptoms().chain(entry.errors.iter().map(String::as_str)).any(|text| folded(text).contains(typed));
    if names.contains(&typed) {
        Some(0)
    } else if names.iter().any(|name| name.starts_with(typed)) {
        Some(1)
    } else if names.iter().any(|name| name.contains(typed)) || anywhere() {
        Some(2)
    } else {
        None
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Brand, Config};
    use crate::facts::{Query, Response};
    use crate::knowledge::{Knowledge, Source};
    use crate::probe::Network;

    struct Nobody;

    impl Network for Nobody {
        fn name(&self) -> String {
            "nobody".to_owned()
        }

        fn query<'a>(&'a self, query: &'a Query) -> futures_util::future::BoxFuture<'a, Response> {
            panic!("{query} was asked")
        }
    }

    fn engine() -> Engine {
        let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
        Engine::new(Config::default(), knowledge, Arc::new(Nobody))
    }

    #[test]
    fn what_is_called_so_comes_before_what_begins_so_and_what_has_it_somewhere() {
        let engine = engine();
        let ids = |typed: &str| suggestions(&engine, typed).into_iter().map(|(_, id)| id).collect::<Vec<_>>();
        assert_eq!(ids("Cannot-Send-Email")[0], "cannot-send-email");
        let cannot = ids("cannot-");
        assert!(cannot[..2].iter().all(|id| id.starts_with("cannot-")), "{cannot:?}");
        let spam = ids("spam");
        assert!(spam.len() > 1 && spam[0].starts_with("spam"), "{spam:?}");
        assert_eq!(ids("").len(), engine.knowledge().entries().len().min(SUGGESTIONS));
    }

    #[test]
    fn what_no_word_has_is_found_by_its_meaning_once_matching_is_ready() {
        let engine = engine();
        let typed = "since friday not one single letter reached me";
        assert_eq!(suggestions(&engine, typed), []);
        engine.get_ready().unwrap();
        assert_eq!(suggestions(&engine, typed)[0].1, "cannot-receive-email");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn anything_typed_gives_what_discord_takes(typed in "\\PC{0,300}") {
            let shown = suggestions(&engine(), &typed);
            prop_assert!(shown.len() <= 25);
            for (name, value) in shown {
                prop_assert!((1..=100).contains(&name.chars().count()) && (1..=100).contains(&value.chars().count()));
            }
        }
    }
}

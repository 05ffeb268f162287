//! What people entrust to the bot: their watches, and what staff keeps. Done with the store, after the acknowledgement.
//!
//! * `watches` begins, lists and ends them.
//! * `feedback` takes people's words on answers, and calls staff.
//! * `post` takes notifications to people, and holds their words.
//! * `answers` shows an entry that somebody chose by hand, and suggests entries.
//! * `privacy` gives and deletes what is kept of a person.
//! * `staff` is what staff alone may do, and the gate before it: `settings`, `gaps` and `candidates` (what is to be
//!   learned), `stats`.
//! * `given` reads what came with a command.

mod answers;
mod candidates;
mod feedback;
mod gaps;
mod given;
mod post;
mod privacy;
mod settings;
mod staff;
mod stats;
mod watches;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) use answers::{ANSWER, Pick, show, suggestions};
pub(super) use feedback::Word;
pub(super) use given::Given;
pub(super) use post::Postman;
use privacy::Privacy;
use staff::Chore;
pub(super) use watches::Wish;

use super::asker::Asker;
use super::command::Command;
use super::grounds::Grounds;
use super::send::{Reply, Sender};
use crate::answer::Answer;
use crate::domain::Domain;
use crate::engine::Current;
use crate::moment::Moment;
use crate::request::BadRequest;
use crate::rounds::Rounds;
use crate::store::{Channel, Message, Store, StoreError, Talk};
use crate::text::Text;

/// The commands of the desk.
pub(super) fn commands() -> Vec<Command> {
    let everybodys = watches::commands().into_iter().chain([answers::command(), privacy::command()]);
    everybodys.chain(staff::commands()).collect()
}

/// Something to keep, or to show of what is kept.
#[derive(Debug, PartialEq)]
pub(super) enum Errand {
    /// To be told when a change is everywhere.
    Watch(Wish),
    /// One's watches.
    Watches,
    /// To end a watch.
    Unwatch(i64),
    /// To say that an answer worked.
    Worked(Word),
    /// To say that it did not.
    Failed(Word),
    /// To talk to a person.
    Person(Word),
    /// What is kept of oneself.
    Privacy(Privacy),
    /// What staff alone may do.
    Staff(Chore),
}

impl Errand {
    /// What a command of the desk asks for; none where it is another's.
    pub(super) fn of(command: &str, given: Given<'_>) -> Option<Result<Self, BadRequest>> {
        Some(Ok(match command {
            "watch" => return Some(Wish::of(&given.texts()).map(Self::Watch)),
            "watches" => Self::Watches,
            "privacy" => Self::Privacy(Privacy::of(given)),
            _ => Self::Staff(Chore::of(command, given)?),
        }))
    }

    /// What a press asks for, which anybody can forge; none where it asks for nothing.
    pub(super) fn of_press(words: &str) -> Option<Self> {
        if words == privacy::DELETE {
            return Some(Self::Privacy(Privacy::Deleted));
        }
        let (kind, rest) = words.split_once(':')?;
        Some(Self::Staff(Chore::Learning(gaps::Learning::of_press(kind, rest)?)))
    }

    /// The domain that it looks at, if it does.
    pub(super) const fn looks_at(&self) -> Option<&Domain> {
        if let Self::Watch(wish) = self { Some(&wish.domain) } else { None }
    }
}

/// What came of an errand.
pub(super) struct Done {
    /// What the person reads.
    pub(super) reply: Reply,
    /// What is solved by it, if anything is.
    pub(super) solved: Option<Solved>,
}

/// What is to be marked as solved.
pub(super) struct Solved {
    /// The talk.
    pub(super) talk: Talk,
    /// The message that asks, or else the one that answers, and where it is.
    pub(super) message: Message,
    pub(super) channel: Channel,
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Self {
        Self { reply, solved: None }
    }
}

/// Where errands are done.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) current: Current,
    pub(super) store: Store,
    pub(super) rounds: Rounds,
    pub(super) grounds: Grounds,
    pub(super) sender: Sender,
}

impl Desk {
    /// Does an errand. What the store cannot do is told in words; nothing is half done.
    pub(super) async fn run(&self, errand: Errand, asker: &Asker) -> Done {
        let done = match errand {
            Errand::Watch(wish) => self.watch(wish, asker).await.map(Done::from),
            Errand::Watches => self.watches(asker).await.map(Done::from),
            Errand::Unwatch(number) => self.unwatch(number, asker).await.map(Done::from),
            Errand::Worked(word) => self.worked(word, asker).await,
            Errand::Failed(word) => self.failed(word, asker).await.map(Done::from),
            Errand::Person(word) => self.person(word, asker).await.map(Done::from),
            Errand::Privacy(wish) => self.privacy(wish, asker).await.map(Done::from),
            Errand::Staff(chore) => self.chore(chore, asker).await.map(Done::from),
        };
        done.unwrap_or_else(|error| trouble(&error).into())
    }
}

/// What a person reads when the store failed: the operator's log says why.
fn trouble(error: &StoreError) -> Reply {
    let cause: &(dyn std::error::Error + 'static) = error;
    tracing::error!(error = cause, "the store failed an errand");
    let sentence = if error.is_passing() {
        "I cannot write that down right now, so nothing was changed. Try again in a few minutes."
    } else {
        "I cannot write that down, so nothing was changed. The people who run me find the reason in my log."
    };
    Answer::sentence("That did not work", Text::plain(sentence)).into()
}

pub(super) fn now() -> Moment {
    SystemTime::now().into()
}

/// A moment in milliseconds since 1970, as people read it, in UTC.
fn date(at: i64) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or_default());
    humantime::format_rfc3339_seconds(time).to_string()
}

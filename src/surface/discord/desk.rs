//! What people entrust to the bot: their watches, and what staff keeps. Done with the store, after the acknowledgement.
//!
//! * `watches` begins, lists and ends them.
//! * `feedback` takes people's words on answers, and calls staff.
//! * `post` takes notifications to people, and holds their words.

mod feedback;
mod post;
mod watches;

use std::sync::Arc;
use std::time::SystemTime;

pub(super) use feedback::Word;
pub(super) use post::Postman;
pub(super) use watches::{VERBS, Wish, choices};

use super::asker::Asker;
use super::send::Reply;
use crate::answer::Answer;
use crate::engine::Engine;
use crate::moment::Moment;
use crate::request::BadRequest;
use crate::rounds::Rounds;
use crate::store::{Channel, Message, Store, StoreError};
use crate::text::Text;

/// Something to keep, or to show of what is kept.
#[derive(Debug, PartialEq, Eq)]
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
}

impl Errand {
    /// What a command of the desk asks for; none where it is another's.
    pub(super) fn of(command: &str, given: &[(&str, &str)]) -> Option<Result<Self, BadRequest>> {
        match command {
            "watch" => Some(Wish::of(given).map(Self::Watch)),
            "watches" => Some(Ok(Self::Watches)),
            _ => None,
        }
    }
}

/// What came of an errand.
pub(super) struct Done {
    /// What the person reads.
    pub(super) reply: Reply,
    /// The message whose question is solved by it, if it is, and its channel.
    pub(super) solved: Option<(Channel, Message)>,
}

impl From<Reply> for Done {
    fn from(reply: Reply) -> Self {
        Self { reply, solved: None }
    }
}

/// Where errands are done.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) engine: Arc<Engine>,
    pub(super) store: Store,
    pub(super) rounds: Rounds,
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

//! What must survive: settings, feedback, watches, what is still to be told. One [`Store`] over SQLite, a file beside the
//! configuration, or PostgreSQL where several replicas run.
//!
//! Knows neither matching nor the network nor any surface. Every method is one thing that people do, all of it or
//! nothing; when one returns, what it did survives a crash of the process and of the machine. What time it is and what is
//! random come from the caller. `engine` alone knows how the two databases differ, and `schema/` what the tables are;
//! `together` lets many share a transaction.
//!
//! | room | what it keeps |
//! |---|---|
//! | `settings` | what staff set for a guild |
//! | `talks` | who asked what where, and what they were given |
//! | `notes` | all that is written of one question on its way |
//! | `feedback` | whether an answer worked |
//! | `gaps`, `candidates` | questions without an answer; questions that may become symptoms |
//! | `watches` | who waits for which change in the DNS |
//! | `outbox` | notifications: written with what they tell of, delivered at least once |
//! | `interactions` | what was handled already |
//! | `limits` | how often something was done |
//! | `tally` | counts for staff, of nobody in particular |
//! | `audit` | what staff did |
//! | `leases` | who alone may do something |
//! | `expiry`, `privacy` | the end of all that |

mod audit;
mod candidates;
mod engine;
mod error;
mod expiry;
mod feedback;
mod gaps;
mod interactions;
mod leases;
mod limits;
mod migration;
mod notes;
mod outbox;
mod privacy;
mod pseudonym;
mod settings;
mod snowflake;
mod talks;
mod tally;
mod together;
mod value;
mod watches;

pub use audit::Deed;
pub use candidates::{Candidate, Decision};
pub use error::StoreError;
pub use expiry::Expired;
pub use feedback::{Feedback, Verdict};
pub use gaps::Gap;
pub use interactions::Arrival;
pub use leases::Lease;
pub use limits::{Spending, Subject};
pub use notes::Notes;
pub use outbox::{Address, Delivery, Fate, News, Notification, Waiting};
pub use settings::{BadHours, QuietHours, Settings};
pub use snowflake::{Channel, Guild, Interaction, Message, Person, Role, Talk};
pub use talks::{Given, KeptTalk, NewTalk};
pub use tally::{Counts, Occasion};
pub use watches::{Kept, Look, NewWatch, Watched};

use engine::Engine;
use pseudonym::Key;
use together::Queue;

use crate::config::{self, Place};

/// Whether what was held was still ours: others may have taken it over in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Held {
    /// It was, and what was asked for is done.
    Ours,
    /// Others have it now, or it is over; nothing was done.
    Lost,
}

/// The store, open; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    key: Key,
    limits: config::Limits,
    spendings: Queue<limits::Wish, Spending>,
    notes: Queue<notes::Lines, ()>,
}

impl Store {
    /// Opens the store and brings its schema up to date. `seed` is random; it becomes the key of pseudonyms where the store
    /// has none yet.
    pub async fn open(at: &config::Store, limits: config::Limits, seed: [u8; 32]) -> Result<Self, StoreError> {
        let engine = match (&at.place, at.file()) {
            (Place::Server(url), _) => Engine::connect(url, password(at)?.as_deref()).await?,
            (Place::File(path), file) => Engine::open_file(file.as_deref().unwrap_or(path)).await?,
        };
        migration::migrate(&engine).await?;
        let key = Key::kept(&engine, seed).await?;
        Ok(Self { engine, key, limits, spendings: Queue::default(), notes: Queue::default() })
    }

    /// Ends all connections, after what is under way.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// How many statements were run so far.
    pub fn statements(&self) -> u64 {
        self.engine.statements()
    }
}

fn password(at: &config::Store) -> Result<Option<String>, StoreError> {
    let read = |path| {
        crate::written::text_of(path).map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).map_err(|error| {
            StoreError::Address(format!("the password file `{}` cannot be read: {error}", path.display()))
        })
    };
    at.password_file.as_deref().map(read).transpose()
}

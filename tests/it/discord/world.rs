//! Everything that the stand-in remembers, and how a test waits for something to be remembered.
//!
//! Whatever a violation is, it is told here: the journal says what went before it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use super::faults::Faults;
use super::gateway::Gateway;
use super::interactions::Talk;
use super::stand_in::Settings;

/// What every part of the stand-in shares.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) addresses: Addresses,
    world: Mutex<World>,
    version: watch::Sender<u64>,
}

/// Where the stand-in listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) plain: std::net::SocketAddr,
    pub(crate) tls: std::net::SocketAddr,
    pub(crate) gateway: std::net::SocketAddr,
}

/// Something that Discord would have refused, or that the bot must never do.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    /// When, since the stand-in started.
    pub(crate) at: Duration,
    /// What happened, in words.
    pub(crate) what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.3?} {}", self.at, self.what)
    }
}

/// What the stand-in remembers.
pub(crate) struct World {
    started: Instant,
    pub(crate) journal: Vec<String>,
    pub(crate) violations: Vec<Violation>,
    /// What serenity and mailmedic logged, as `LEVEL target: message`.
    pub(crate) logs: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) gateway: Gateway,
    /// The interactions, by id.
    pub(crate) talks: HashMap<String, Talk>,
    /// The messages, by id.
    pub(crate) messages: HashMap<String, Value>,
    /// Everything that the bot did in channels, in order.
    pub(crate) deeds: Vec<super::channels::Deed>,
    /// The registered commands: of the guild, or everywhere (`None`).
    pub(crate) commands: HashMap<Option<String>, Vec<Value>>,
    /// Threads that people or the bot opened, by id.
    pub(crate) threads: HashMap<String, Value>,
    /// Files on Discord's file servers, by path.
    pub(crate) files: HashMap<String, Vec<u8>>,
    /// What the bot may not do in a channel (permission bits), by its id.
    pub(crate) denied: HashMap<String, u64>,
    /// What the bot may do in a channel besides what its role lets it (permission bits), by its id.
    pub(crate) allowed: HashMap<String, u64>,
}

impl World {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            journal: Vec::new(),
            violations: Vec::new(),
            logs: Vec::new(),
            faults: Faults::default(),
            gateway: Gateway::default(),
            talks: HashMap::new(),
            messages: HashMap::new(),
            deeds: Vec::new(),
            commands: HashMap::new(),
            threads: HashMap::new(),
            files: HashMap::new(),
            denied: HashMap::new(),
            allowed: HashMap::new(),
        }
    }

    /// Writes a line into the journal.
    pub(crate) fn note(&mut self, what: impl fmt::Display) {
        self.journal.push(format!("{:>8.3?} {what}", self.started.elapsed()));
    }

    /// Remembers that the bot did wrong.
    pub(crate) fn violation(&mut self, what: impl Into<String>) {
        let violation = Violation { at: self.started.elapsed(), what: what.into() };
        self.note(format!("VIOLATION {}", violation.what));
        self.violations.push(violation);
    }

    /// All commands that a person in the guild sees.
    pub(crate) fn visible_commands(&self) -> Vec<Value> {
        self.commands.values().flatten().cloned().collect()
    }
}

impl Shared {
    pub(crate) fn new(settings: Settings, addresses: Addresses) -> Self {
        Self { settings, addresses, world: Mutex::new(World::new()), version: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world, and wakes whoever waits for a change.
    pub(crate) fn change<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let result = act(&mut self.lock());
        self.version.send_modify(|version| *version += 1);
        result
    }

    /// Waits until there is something to see; `None` when there was not within `limit`.
    pub(crate) async fn wait_within<T>(&self, limit: Duration, mut look: impl FnMut(&World) -> Option<T>) -> Option<T> {
        let mut version = self.version.subscribe();
        let seen = async {
            loop {
                if let Some(found) = look(&self.lock()) {
                    return found;
                }
                version.changed().await.expect("the sender lives as long as `self`");
            }
        };
        tokio::time::timeout(limit, seen).await.ok()
    }

    /// Waits until there is something to see; panics with the journal when there was not in good time.
    pub(crate) async fn wait<T>(&self, what: &str, look: impl FnMut(&World) -> Option<T>) -> T {
        let limit = self.settings.patience;
        let found = self.wait_within(limit, look).await;
        found.unwrap_or_else(|| panic!("waited {limit:?} in vain for {what}\n{}", self.read(tale)))
    }
}

/// The journal's last lines, for a person who looks for the reason of a failure.
pub(crate) fn tale(world: &World) -> String {
    let skipped = world.journal.len().saturating_sub(60);
    format!(
        "what happened (the last {} lines):\n{}",
        world.journal.len() - skipped,
        world.journal[skipped..].join("\n")
    )
}

//! What serenity and mailmedic log in this process, and what they must not.
//!
//! Serenity swallows what it cannot read: an event of an unexpected shape is one line at DEBUG. Such a line is a
//! violation, since a test would otherwise wait for an event that came and was lost. So is a secret in a line of
//! mailmedic, or in one of serenity that an operator sees (INFO and up).
//!
//! The subscriber is the process's own; a line belongs to the stand-in that was started on its thread, and where there
//! is none (a runtime with several threads), to all that run. A test that sets a subscriber for its thread hides its
//! lines from here.

use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};
use std::thread::{self, ThreadId};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber, span};

use super::fixtures::TOKEN;
use super::world::{Shared, World};

/// Lines of serenity and mailmedic that tell of something lost or misread.
const ALARMS: [&str; 9] = [
    "An unknown event was received",
    "HTTP request to get gateway URL failed",
    "Error building gateway URL",
    "Sequence off",
    "Err deserializing",
    "Err decompressing",
    "Unhandled error",
    "could not be read",
    "something that is no payload",
];

static WATCHES: Mutex<Vec<(ThreadId, Weak<Shared>)>> = Mutex::new(Vec::new());

/// Begins to give a stand-in the lines of this thread.
pub(crate) fn watch(shared: &Arc<Shared>) {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        tracing::subscriber::set_global_default(Ear).expect("no other test sets a subscriber for the whole process");
    });
    WATCHES.lock().unwrap_or_else(PoisonError::into_inner).push((thread::current().id(), Arc::downgrade(shared)));
}

/// Ends that.
pub(crate) fn forget(shared: &Arc<Shared>) {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    watches.retain(|(_, watch)| watch.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, shared)));
}

/// Judges a line that an operator sees: it tells of nothing lost, and has no secret in it.
pub(crate) fn judge(world: &mut World, line: &str, place: &str) {
    alarms(world, line);
    if line.contains(TOKEN) || world.talks.values().any(|talk| line.contains(&talk.token)) {
        world.violation(format!("logged a secret, at {place}"));
    }
}

fn alarms(world: &mut World, line: &str) {
    if ALARMS.iter().any(|alarm| line.contains(alarm)) {
        world.violation(format!("logged: {line}"));
    }
}

/// The subscriber: it hears events, and no spans.
struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = ["serenity", "mailmedic"].iter().any(|target| metadata.target().starts_with(target));
        metadata.is_event() && ours && *metadata.level() <= Level::DEBUG
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} {}:", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        let seen = *event.metadata().level() <= Level::INFO || event.metadata().target().starts_with("mailmedic");
        for shared in listeners() {
            shared.change(|world| {
                if seen {
                    judge(world, &line.0, event.metadata().target());
                } else {
                    alarms(world, &line.0);
                }
                world.logs.push(line.0.clone());
            });
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn listeners() -> Vec<Arc<Shared>> {
    let here = thread::current().id();
    let watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    let of_thread: Vec<_> =
        watches.iter().filter(|(thread, _)| *thread == here).filter_map(|(_, watch)| watch.upgrade()).collect();
    if of_thread.is_empty() { watches.iter().filter_map(|(_, watch)| watch.upgrade()).collect() } else { of_thread }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write;
        let told = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        told.expect("a string takes everything");
    }
}

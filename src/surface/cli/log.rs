//! What is logged, on stderr: our own events, without what people or servers wrote.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{fmt, prelude::*};

/// Logs our own events from the level that `MAILMEDIC_LOG` names. Libraries log what people and servers wrote, tokens
/// among it, so theirs are left out at any level; so is a panic's message, of which the place is told.
pub fn start_logging() {
    let level = std::env::var("MAILMEDIC_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let ours = Targets::new().with_target("mailmedic", level);
    let lines = fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr);
    tracing_subscriber::registry().with(lines).with(ours).init();
    std::panic::set_hook(Box::new(|panic| tracing::error!(place = ?panic.location(), "a bug: panicked")));
}

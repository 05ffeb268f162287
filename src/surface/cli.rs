//! The command line: one-shot verbs, the chat in the terminal, the demo, and what sets the bot up.
//!
//! stdout carries the result, stderr the rest. Exit codes are in [`Exit`].

mod args;
mod ask;
mod batch;
mod chat;
mod check;
pub mod demo;
mod documents;
mod inspect;
mod knowledge;
mod load;
mod log;
mod spf;
mod status;
mod terminal;
mod testmail;
mod transcript;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

pub use args::{Args, Command};
pub use log::start_logging;
pub use terminal::style;

use crate::config::{Brand, Config};
use crate::engine::Engine;
use crate::request::{LoadRequest, Looks, SpfRequest};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for, and nothing fails.
    Fine = 0,
    /// A finding fails.
    Findings = 1,
    /// The command line is not one.
    Usage = 2,
    /// The configuration or the knowledge cannot be used.
    Configuration = 3,
    /// The network would not say.
    Unknown = 4,
    /// A bug.
    Bug = 70,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs the commands that need neither knowledge nor network; `None` for the others.
pub fn run_alone(command: &Command, out: &mut dyn Write) -> io::Result<Option<Exit>> {
    match command {
        Command::Completions { shell } => documents::completions(*shell, out).map(Some),
        Command::Man => documents::man(out).map(Some),
        Command::Knowledge(args::KnowledgeCommand::Lint { folder: Some(folder) }) => {
            let source = knowledge::source(Some(folder));
            knowledge::lint(&source, &Brand::default(), out).map(Some)
        }
        _ => Ok(None),
    }
}

/// Applies what the command line says over the configuration.
pub fn adjust(config: &mut Config, command: &Command) {
    let resolving = match command {
        Command::Testmail { listen, resolver, dns_only, .. } => {
            config.mailbox.listen = listen.or(config.mailbox.listen);
            if !resolver.is_empty() {
                config.resolver.servers.clone_from(resolver);
            }
            config.probe.connect &= !dns_only;
            return;
        }
        Command::Ask { resolving, .. }
        | Command::Check { resolving, .. }
        | Command::Inspect { resolving, .. }
        | Command::Status { resolving, .. }
        | Command::Chat { resolving } => resolving,
        Command::Spf { resolver, timeout_ms, .. } => {
            if !resolver.is_empty() {
                config.resolver.servers.clone_from(resolver);
            }
            if let Some(timeout) = timeout_ms {
                config.resolver.timeout = std::time::Duration::from_millis(*timeout);
            }
            return;
        }
        _ => return,
    };
    if !resolving.resolver.is_empty() {
        config.resolver.servers.clone_from(&resolving.resolver);
    }
    if let Command::Check { dns_only: true, .. } | Command::Inspect { dns_only: true, .. } = command {
        config.probe.connect = false;
    }
    if let Some(timeout) = resolving.timeout {
        config.probe.budget.time = timeout;
        config.resolver.timeout = config.resolver.timeout.min(timeout);
    }
}

/// Whether a command answers questions in words, which need [`Engine::get_ready`].
const fn needs_matching(command: &Command) -> bool {
    matches!(command, Command::Ask { .. } | Command::Chat { .. } | Command::Demo | Command::Serve)
}

/// Runs a command of the engine's.
pub async fn run(command: Command, engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    if needs_matching(&command)
        && let Err(not_ready) = engine.get_ready()
    {
        writeln!(io::stderr(), "error: {not_ready}")?;
        return Ok(Exit::Configuration);
    }
    match command {
        Command::Ask { question, json, why, batch, .. } => match batch {
            Some(file) => ask::batch(engine, &file, out),
            None if why => ask::why(engine, &question.join(" "), out),
            None => ask::ask(engine, &question.join(" "), json, out).await,
        },
        Command::Check { replay: Some(file), json, .. } => transcript::replay(engine, &file, json, out).await,
        Command::Check { domain, file, save, only, selector, json, .. } => {
            let terms = check::Terms { topics: only, selectors: selector, json };
            match (file, <[_; 1]>::try_from(domain)) {
                (None, Ok([domain])) => check::check(engine, terms.request(domain), save.as_deref(), json, out).await,
                (None, Err(_)) if save.is_some() => {
                    writeln!(io::stderr(), "error: `--save` keeps the replies of one domain; name one alone")?;
                    Ok(Exit::Usage)
                }
                (None, Err(domains)) => batch::check(engine, batch::Source::Named(domains), &terms, out).await,
                (Some(file), _) => batch::check(engine, batch::Source::File(file), &terms, out).await,
            }
        }
        Command::Spf { ip, helo, mail_from, json, .. } => {
            spf::spf(engine, SpfRequest { ip, sender: mail_from, helo }, json, out).await
        }
        Command::Inspect { file, json, look, dns_only, resolving } => {
            let asks = look || dns_only || !resolving.resolver.is_empty();
            let looks = if asks { Looks::AtDomain } else { Looks::AtText };
            inspect::inspect(engine, &file, looks, json, out).await
        }
        Command::Testmail { json, timeout, .. } => testmail::testmail(engine, timeout, json, out).await,
        Command::Load { averages, cpus, json } => load::load(engine, LoadRequest { averages, cpus }, json, out),
        Command::Status { json, .. } => status::status(engine, json, out).await,
        Command::Chat { .. } => chat::chat(engine, out).await,
        Command::Demo => demo::demo(engine, out).await,
        Command::Knowledge(command) => knowledge::run(engine, command, out),
        Command::Config(args::ConfigCommand::Check) => {
            writeln!(out, "The configuration and the knowledge are in order.").map(|()| Exit::Fine)
        }
        Command::Config(args::ConfigCommand::Show) => writeln!(out, "{}", engine.config()).map(|()| Exit::Fine),
        Command::Serve | Command::Register | Command::Invite | Command::Doctor => {
            super::discord::run(&command, engine, out).await
        }
        Command::Completions { .. } | Command::Man => Ok(Exit::Bug),
    }
}

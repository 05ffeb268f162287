//! Arguments, configuration, wiring, exit code; everything else is in the library.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use mailmedic::config::{self, Config};
use mailmedic::engine::Engine;
use mailmedic::knowledge::{Knowledge, Source};
use mailmedic::probe::{Hosts, Resolver};
use mailmedic::problem::Problems;
use mailmedic::surface::cli::{self, Args, Command, Exit};

/// Takes less time than the system's, and gives memory back: `.cargo/config.toml` says how soon.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    cli::start_logging();
    let ended = std::panic::catch_unwind(|| {
        tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(args)))
    });
    let ended = ended.unwrap_or_else(|_panic| Err(anyhow::anyhow!("a bug in mailmedic; the line above says where")));
    let (exit, error) = match ended {
        Ok(exit) => return exit.into(),
        Err(error) if is_broken_pipe(&error) => return Exit::Fine.into(),
        Err(error) if error.is::<Problems>() => (Exit::Configuration, error),
        Err(error) => (Exit::Bug, error),
    };
    let _ = writeln!(io::stderr(), "error: {error:#}");
    exit.into()
}

async fn run(args: Args) -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    if let Some(exit) = cli::run_alone(&args.command, &mut out)? {
        return Ok(exit);
    }
    let mut config = config::load(args.config.as_deref())?;
    cli::adjust(&mut config, &args.command);
    let demo = if matches!(args.command, Command::Demo) { Some(cli::demo::NameServer::start().await?) } else { None };
    if let Some(demo) = &demo {
        config.resolver.servers = vec![demo.address()];
        config.host = config::Host::default();
        config.probe.connect = false;
    }
    Ok(cli::run(args.command, &engine(config)?, &mut out).await?)
}

fn engine(config: Config) -> anyhow::Result<Arc<Engine>> {
    let source = config.knowledge.path.clone().map_or(Source::Shipped, Source::Folder);
    let knowledge = Knowledge::load(&source, &config.brand)?;
    let resolver = Resolver::new(&config.resolver.servers, config.resolver.timeout);
    let network = Hosts::public(resolver, &config.probe)?;
    Ok(Arc::new(Engine::new(config, knowledge, Arc::new(network))))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

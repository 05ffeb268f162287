//! The command line's grammar. What a verb shares with the chat comes from the one table in `request`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::domain::{Domain, Name};
use crate::finding::Topic;
use crate::load::{Averages, Cpus};
use crate::request;
use crate::surface::mailbox::LIFETIME;

/// A support bot for an e-mail host: it answers from a knowledge base, and looks at the domain while it answers.
#[derive(Debug, Parser)]
#[command(name = "mailmedic", version, propagate_version = true)]
#[command(after_help = "Try it without any set-up: mailmedic demo\n\nExit codes: 0 fine, 1 a finding fails, 2 usage, \
                        3 configuration or knowledge, 4 the network would not say, 70 a bug")]
pub struct Args {
    /// The configuration file; without one, the defaults hold
    #[arg(long, global = true, env = "MAILMEDIC_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Asks a question
    #[command(about = request::ASK.summary)]
    Ask {
        /// The question; a domain in it is looked at
        #[arg(value_name = "TEXT", required_unless_present = "batch")]
        question: Vec<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Tell the words and patterns that decided instead of the answer; without any network
        #[arg(long, conflicts_with_all = ["json", "batch"])]
        why: bool,
        /// Match every line of FILE ({"id","text"} as JSON), without any network; `-` is the standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["question", "json"])]
        batch: Option<PathBuf>,
        /// Who is asked, and how long
        #[command(flatten)]
        resolving: Resolving,
    },
    /// Looks at a domain
    #[command(about = request::CHECK.summary)]
    Check {
        /// The domain, an address at it, or a link to it; may be several
        #[arg(required_unless_present_any = ["file", "replay"])]
        domain: Vec<Domain>,
        /// Read domains from FILE, one a line, `#` before a comment; `-` is the standard input
        #[arg(long, value_name = "FILE", conflicts_with = "domain")]
        file: Option<PathBuf>,
        /// Print JSON; of several domains, a line for each as soon as it is done
        #[arg(long)]
        json: bool,
        /// Keep all replies in FILE, for `--replay`; of one domain
        #[arg(long, value_name = "FILE", conflicts_with = "file")]
        save: Option<PathBuf>,
        /// Answer from a FILE that `--save` wrote, without any network
        #[arg(long, value_name = "FILE", conflicts_with_all = ["domain", "file", "save", "only", "dns_only", "selector", "resolver", "timeout"])]
        replay: Option<PathBuf>,
        /// Look at these topics alone, such as `mx,spf`; a wrong one lists them all
        #[arg(long, value_name = "TOPIC", value_delimiter = ',')]
        only: Vec<Topic>,
        /// Use the DNS through the resolvers alone: connect to no other machine
        #[arg(long)]
        dns_only: bool,
        /// A DKIM selector to look at; may be given several times
        #[arg(long, value_name = "S", value_parser = selector)]
        selector: Vec<Name>,
        /// Who is asked, and how long
        #[command(flatten)]
        resolving: Resolving,
    },
    /// Judges a sender
    #[command(about = request::SPF.summary)]
    Spf {
        /// The address that sends
        #[arg(long)]
        ip: IpAddr,
        /// The name with which it greets
        #[arg(long, value_name = "NAME")]
        helo: String,
        /// The envelope sender; empty for a bounce
        #[arg(long, value_name = "ADDR")]
        mail_from: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The resolver to ask; may be given several times
        #[arg(long, value_name = "IP:PORT", value_parser = server)]
        resolver: Vec<SocketAddr>,
        /// How long one look-up may take, in milliseconds
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60_000))]
        timeout_ms: Option<u64>,
    },
    /// Reads a mail
    #[command(about = request::INSPECT.summary)]
    Inspect {
        /// The mail, the bounce or the error text; `-` is the standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Look at the domain that failed as well
        #[arg(long)]
        look: bool,
        /// The same through the resolvers alone: connect to no other machine
        #[arg(long)]
        dns_only: bool,
        /// Who is asked, and how long; naming a resolver is to have it asked
        #[command(flatten)]
        resolving: Resolving,
    },
    /// Wait for one mail to a test address, and say what is wrong with it and with the way it came
    Testmail {
        /// Where to listen for it
        #[arg(long, value_name = "IP:PORT")]
        listen: Option<SocketAddr>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Use the DNS through the resolvers alone: connect to no other machine
        #[arg(long)]
        dns_only: bool,
        /// The resolver to ask; may be given several times
        #[arg(long, value_name = "IP:PORT", value_parser = server)]
        resolver: Vec<SocketAddr>,
        /// How long to wait for the mail
        #[arg(long, value_name = "TIME", value_parser = patience, default_value = "30m")]
        timeout: Duration,
    },
    /// Reads load averages
    #[command(about = request::LOAD.summary)]
    Load {
        /// The load averages of 1, 5 and 15 minutes, as `uptime` tells them, in quotes
        #[arg(value_name = "AVERAGES", allow_hyphen_values = true)]
        averages: Averages,
        /// How many CPUs the plan has
        #[arg(value_name = "CPUS", allow_hyphen_values = true)]
        cpus: Cpus,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Reads the status page
    #[command(about = request::STATUS.summary)]
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Who is asked, and how long
        #[command(flatten)]
        resolving: Resolving,
    },
    /// Talk to it in the terminal, as in a Discord channel
    Chat {
        /// Who is asked, and how long
        #[command(flatten)]
        resolving: Resolving,
    },
    /// Talk to it about made-up domains: no token, no network
    Demo,
    /// Run the bot on Discord
    Serve,
    /// Register the commands with Discord; once after each update
    Register,
    /// Print the link that invites the bot, with exactly the permissions it needs
    Invite,
    /// Say what is wrong with the set-up
    Doctor,
    /// Check, test, list and show the knowledge (for its authors)
    #[command(subcommand)]
    Knowledge(KnowledgeCommand),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Who is asked, and how long.
#[derive(Debug, clap::Args)]
pub struct Resolving {
    /// The resolver to ask; may be given several times
    #[arg(long, value_name = "IP:PORT", value_parser = server)]
    pub resolver: Vec<SocketAddr>,
    /// How long the whole look may take, such as 10s
    #[arg(long, value_name = "TIME", value_parser = wait)]
    pub timeout: Option<Duration>,
}

/// For authors of the knowledge.
#[derive(Debug, Subcommand)]
pub enum KnowledgeCommand {
    /// Say what is wrong with the entries and the words, all at once
    Lint {
        /// The folder with `entries` and `findings`; else the one that the configuration names
        folder: Option<PathBuf>,
    },
    /// Try the knowledge: how well it finds its entries and keeps silent, and what it confuses
    Test {
        /// Tell every message that was not matched as it should be
        #[arg(long)]
        verbose: bool,
    },
    /// Show what helpers' answers may teach, and take what you approve into the knowledge
    Adopt {
        /// The candidates: JSON lines of {"question","entry","who"}
        #[arg(value_name = "FILE")]
        candidates: PathBuf,
        /// The numbers of those that become symptoms
        #[arg(long, value_name = "N", value_delimiter = ',')]
        approve: Vec<usize>,
        /// The numbers of those that are dropped
        #[arg(long, value_name = "N", value_delimiter = ',')]
        reject: Vec<usize>,
        /// The folder with `entries` that is written to; else the one that the configuration names
        #[arg(long, value_name = "FOLDER")]
        into: Option<PathBuf>,
    },
    /// List the entries
    List,
    /// Show an entry as customers see it
    Show {
        /// The entry's id
        entry: String,
    },
}

/// For operators.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say what is wrong with the configuration and the knowledge
    Check,
    /// Show every setting with its value, secrets left out
    Show,
}

fn selector(text: &str) -> Result<Name, String> {
    request::selector(text).map_err(|refusal| refusal.to_string())
}

fn wait(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok().filter(|time| !time.is_zero() && *time <= Duration::from_mins(1));
    time.ok_or_else(|| "write a time above zero, up to a minute, with its unit: such as `10s`".to_owned())
}

fn patience(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).ok().filter(|time| !time.is_zero() && *time <= LIFETIME);
    time.ok_or_else(|| "write a time above zero, up to half an hour, with its unit: such as `10m`".to_owned())
}

fn server(text: &str) -> Result<SocketAddr, String> {
    crate::config::server(text)
        .ok_or_else(|| "write an address such as `127.0.0.1:53`; a resolver is named by its IP".to_owned())
}

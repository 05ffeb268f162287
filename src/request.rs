//! What people can ask for, and the one table of verbs that feeds the command line's help, Discord's registration
//! and `/help`.
//!
//! What a request leads to is the engine's business.

use std::net::IpAddr;

use crate::domain::{BadDomain, Domain, Name};
use crate::finding::Topic;
use crate::load::{Averages, BadLoad, Cpus};
use crate::problem::nearest;

/// One thing that a person wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A question in words.
    Ask(String),
    /// One entry: what choosing one that was offered asks for.
    Entry {
        /// The entry's id.
        id: String,
        /// The domain that the conversation is about, if it is about one.
        domain: Option<Domain>,
    },
    /// A look at a domain.
    Check(CheckRequest),
    /// Whether an address may send for a domain.
    Spf(SpfRequest),
    /// A look at a text that somebody pasted or uploaded.
    Inspect(InspectRequest),
    /// What a server's load averages say.
    Load(LoadRequest),
    /// What the host's status page says.
    Status,
    /// What can be asked for.
    Help,
}

/// A look at a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRequest {
    /// The domain.
    pub domain: Domain,
    /// DKIM selectors that the person named.
    pub selectors: Vec<Name>,
    /// What to look at; all topics where empty.
    pub topics: Vec<Topic>,
    /// How much is shown at once.
    pub depth: Depth,
}

/// How much of a report is shown at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    /// The likeliest cause and what to do about it; the rest on demand.
    #[default]
    Brief,
    /// Everything.
    Whole,
}

impl CheckRequest {
    /// A look at everything.
    pub const fn of(domain: Domain) -> Self {
        Self { domain, selectors: Vec::new(), topics: Vec::new(), depth: Depth::Brief }
    }
}

/// A look at a text: a mail, a bounce, a line of a log. It is private: nobody logs or keeps it.
#[derive(Clone, PartialEq, Eq)]
pub struct InspectRequest {
    /// The text.
    pub text: Vec<u8>,
    /// Whether the domain that a bounce is about is looked at as well.
    pub looks: Looks,
}

impl std::fmt::Debug for InspectRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InspectRequest({} bytes, {:?})", self.text.len(), self.looks)
    }
}

/// Where one looks for what is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Looks {
    /// At the text alone.
    #[default]
    AtText,
    /// At the text, and at the domain that failed.
    AtDomain,
}

/// May this address send for this sender (RFC 7208)?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfRequest {
    /// The address that sends.
    pub ip: IpAddr,
    /// The envelope sender: an address, a domain alone, or nothing for a bounce.
    pub sender: String,
    /// The name with which it greets; the sender's domain where it is not known.
    pub helo: String,
}

/// A server's load averages, and the CPUs of its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadRequest {
    /// The load averages.
    pub averages: Averages,
    /// The CPUs.
    pub cpus: Cpus,
}

/// A verb as people see it, the same on every surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// The name: `/name` in chat, `mailmedic name` on the command line.
    pub name: &'static str,
    /// What it does, in at most 100 characters (Discord's limit), without a full stop.
    pub summary: &'static str,
    /// What may follow it, in this order; those that must come first. Of a line, [`OptionKind::Words`] takes what the others
    /// leave, or else the last.
    pub options: &'static [VerbOption],
}

/// What may follow a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerbOption {
    /// The option's name.
    pub name: &'static str,
    /// What to write, in at most 100 characters, without a full stop.
    pub summary: &'static str,
    /// One that works.
    pub example: &'static str,
    /// Whether the verb means nothing without it.
    pub required: bool,
    /// What it holds.
    pub kind: OptionKind,
}

/// What an option holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// One word.
    Word,
    /// Any number of words.
    Words,
    /// A file that somebody uploads; a line of text has none.
    File,
}

impl Verb {
    /// A line that works, without the slash: with what must follow, and no more; where nothing must, with the first.
    pub fn example(&self) -> String {
        let must = self.options.iter().filter(|option| option.required).count().max(1);
        let given = self.options.iter().take(must).map(|option| option.example);
        std::iter::once(self.name).chain(given).collect::<Vec<_>>().join(" ")
    }

    /// What a line holds for each option that it can hold.
    fn split<'l>(&self, line: &'l str) -> Vec<(&'static str, &'l str)> {
        let mut options: Vec<&VerbOption> =
            self.options.iter().filter(|option| option.kind != OptionKind::File).collect();
        let rest = options.iter().position(|option| option.kind == OptionKind::Words);
        let behind = rest.map_or_else(Vec::new, |rest| options.split_off(rest + 1));
        let (mut given, mut line) = (Vec::new(), line.trim());
        for option in behind.iter().rev() {
            let (before, value) = line.rsplit_once(char::is_whitespace).unwrap_or((line, ""));
            given.push((option.name, value));
            line = before.trim_end();
        }
        for (at, option) in options.iter().enumerate() {
            let split = if at + 1 < options.len() { line.split_once(char::is_whitespace) } else { None };
            let (value, after) = split.unwrap_or((line, ""));
            given.push((option.name, value));
            line = after.trim_start();
        }
        given
    }
}

/// Looks at a domain.
pub const CHECK: Verb = Verb {
    name: "check",
    summary: "Look at a domain's DNS and mail settings, and say what to mend",
    options: &[
        VerbOption {
            name: "domain",
            summary: "The domain, an address at it, or a link to it",
            example: "example.com",
            required: true,
            kind: OptionKind::Word,
        },
        VerbOption {
            name: "selector",
            summary: "The DKIM selector that your mail is signed with, if you know it",
            example: "default",
            required: false,
            kind: OptionKind::Word,
        },
    ],
};

/// Judges a sender.
pub const SPF: Verb = Verb {
    name: "spf",
    summary: "May this address send mail for this domain? Shows the SPF record's terms and what they cost",
    options: &[
        VerbOption {
            name: "ip",
            summary: "The IP address of the server that sends",
            example: "192.0.2.1",
            required: true,
            kind: OptionKind::Word,
        },
        VerbOption {
            name: "sender",
            summary: "The sender's domain or address",
            example: "example.com",
            required: true,
            kind: OptionKind::Word,
        },
        VerbOption {
            name: "helo",
            summary: "The name with which the server greets, if you know it",
            example: "mail.example.com",
            required: false,
            kind: OptionKind::Word,
        },
    ],
};

/// Answers a question in words.
pub const ASK: Verb = Verb {
    name: "ask",
    summary: "Describe a mail problem in your own words and get the steps that mend it",
    options: &[VerbOption {
        name: "question",
        summary: "What happens, with the error text and your domain if you have them",
        example: "nothing arrives in my inbox at example.com",
        required: true,
        kind: OptionKind::Words,
    }],
};

/// Reads a mail or a part of one.
pub const INSPECT: Verb = Verb {
    name: "inspect",
    summary: "Read a bounce, a mail or an error text, and say what is wrong and who can mend it",
    options: &[
        VerbOption {
            name: "text",
            summary: "The bounce, the headers or the error text, as much of it as you have",
            example: "550 5.1.1 User unknown",
            required: false,
            kind: OptionKind::Words,
        },
        VerbOption {
            name: "file",
            summary: "Or the whole mail as a file: .eml, as your mail program saves it",
            example: "mail.eml",
            required: false,
            kind: OptionKind::File,
        },
    ],
};

/// Reads load averages.
pub const LOAD: Verb = Verb {
    name: "load",
    summary: "Is my server overloaded? Reads its three load averages against the CPUs of its plan",
    options: &[
        VerbOption {
            name: "averages",
            summary: "The load averages of 1, 5 and 15 minutes, from Server > Usage metrics",
            example: "0.52 1.04 2.50",
            required: true,
            kind: OptionKind::Words,
        },
        VerbOption {
            name: "cpus",
            summary: "How many CPUs your plan has",
            example: "2",
            required: true,
            kind: OptionKind::Word,
        },
    ],
};

/// Reads the status page.
pub const STATUS: Verb = Verb {
    name: "status",
    summary: "Is it us? What the status page says now: incidents, and maintenance that is planned",
    options: &[],
};

/// Says what can be asked for.
pub const HELP: Verb = Verb { name: "help", summary: "Show what mailmedic can do for you", options: &[] };

/// All verbs of the chat, in the order in which help shows them.
pub const VERBS: [Verb; 7] = [ASK, CHECK, INSPECT, SPF, LOAD, STATUS, HELP];

/// The message command (a right click on somebody's message) that answers it.
pub const FIND_THE_REMEDY: &str = "Find the remedy";

/// The message command that reads what a message holds, such as a pasted bounce or an attached mail ([`INSPECT`]).
pub const EXPLAIN_THIS: &str = "Explain this";

/// The longest question that is read, in characters: far above a long story, and what Discord lets a message hold.
pub const LONGEST_QUESTION: usize = 4000;

/// Why a request cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// There is no such verb.
    #[error("there is no `/{given}`; {mend}")]
    NoSuchVerb {
        /// What was written.
        given: String,
        /// What to write instead.
        mend: String,
    },
    /// The verb wants a text that is not there.
    #[error("`/{verb}` needs {needs}; for example `/{example}`", needs = with_article(needs))]
    Missing {
        /// The verb.
        verb: &'static str,
        /// What it needs.
        needs: &'static str,
        /// A line that works, without the slash.
        example: String,
    },
    /// The domain is none.
    #[error(transparent)]
    Domain(#[from] BadDomain),
    /// The address that sends is none.
    #[error("`{0}` is not an IP address; write one such as `192.0.2.1` or `2001:db8::1`")]
    Address(String),
    /// The load or the CPUs are none.
    #[error(transparent)]
    Load(#[from] BadLoad),
    /// The selector is none.
    #[error("`{0}` is not a DKIM selector; write the part before `._domainkey`, such as `default`")]
    Selector(String),
}

impl Request {
    /// The request that a verb and the text after it make.
    pub fn of(verb: &str, text: &str) -> Result<Self, BadRequest> {
        let verb = known(verb)?;
        Self::with(verb.name, &verb.split(text))
    }

    /// The request that a verb and its options, by their names, make.
    pub fn with(verb: &str, given: &[(&str, &str)]) -> Result<Self, BadRequest> {
        let verb = known(verb)?;
        let value = |name: &str| {
            let found = given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.trim());
            found.filter(|value| !value.is_empty())
        };
        if let Some(option) = verb.options.iter().find(|option| option.required && value(option.name).is_none()) {
            return Err(BadRequest::Missing { verb: verb.name, needs: option.name, example: verb.example() });
        }
        let text = |name| value(name).unwrap_or_default();
        match verb.name {
            "check" => {
                let mut check = CheckRequest::of(text("domain").parse()?);
                check.selectors = value("selector").map(selector).transpose()?.into_iter().collect();
                Ok(Self::Check(check))
            }
            "spf" => {
                let ip = text("ip").parse().map_err(|_| BadRequest::Address(shown(text("ip"))))?;
                let sender = text("sender");
                let domain: Domain = sender.parse()?;
                // An address keeps its local part, which macros may read; anything else is the domain that it names.
                let sender = if is_address(sender) { sender.to_owned() } else { domain.to_string() };
                let helo = value("helo").map_or_else(|| domain.to_string(), str::to_owned);
                Ok(Self::Spf(SpfRequest { ip, sender, helo }))
            }
            "ask" => Ok(Self::ask(text("question"))),
            "inspect" => match value("text") {
                Some(text) => Ok(Self::Inspect(InspectRequest { text: text.into(), looks: Looks::AtDomain })),
                None => Err(BadRequest::Missing { verb: verb.name, needs: "text or a file", example: verb.example() }),
            },
            "load" => Ok(Self::Load(LoadRequest { averages: text("averages").parse()?, cpus: text("cpus").parse()? })),
            "status" => Ok(Self::Status),
            _ => Ok(Self::Help),
        }
    }

    /// What a line in a chat asks for: a verb after a slash; a domain alone, or after "check", is looked at; or else
    /// it is a question.
    pub fn of_line(line: &str) -> Result<Self, BadRequest> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            let alone = line.strip_prefix("check ").unwrap_or(line);
            return Ok(match (line.to_ascii_lowercase().as_str(), Domain::all_in(alone).pop()) {
                ("help" | "?", _) => Self::Help,
                (_, Some(domain)) if !alone.trim().contains(char::is_whitespace) => {
                    Self::Check(CheckRequest::of(domain))
                }
                _ => Self::ask(line),
            });
        };
        let (verb, text) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        Self::of(verb, text)
    }

    /// A question, cut to what is read of it.
    pub fn ask(question: &str) -> Self {
        Self::Ask(question.chars().take(LONGEST_QUESTION).collect())
    }
}

/// Reads a DKIM selector, alone or with the `_domainkey` that follows it in the DNS.
pub fn selector(text: &str) -> Result<Name, BadRequest> {
    let text = text.trim();
    let alone = text.split_once("._domainkey").map_or(text, |(selector, _)| selector);
    let is_selector = |name: &Name| {
        name.labels().all(|label| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
    };
    alone.parse().ok().filter(is_selector).ok_or_else(|| BadRequest::Selector(shown(text)))
}

fn known(verb: &str) -> Result<&'static Verb, BadRequest> {
    VERBS.iter().find(|known| known.name.eq_ignore_ascii_case(verb)).ok_or_else(|| no_such_verb(verb))
}

/// Whether a text is a mail address and nothing more.
fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains("://") && !text.contains(char::is_whitespace)
}

/// As much of what was written as is shown.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn with_article(noun: &str) -> String {
    if noun.ends_with('s') {
        return noun.to_owned();
    }
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

fn no_such_verb(given: &str) -> BadRequest {
    let given: String = given.chars().take(32).collect();
    let near = nearest(&given.to_ascii_lowercase(), VERBS.iter().map(|verb| verb.name));
    let mend = near.map_or_else(|| "try `/help`".to_owned(), |verb| format!("did you mean `/{verb}`?"));
    BadRequest::NoSuchVerb { given, mend }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_requests() {
        let domain: Domain = "example.com".parse().unwrap();
        for line in ["/check Example.COM.", "/CHECK example.com", "example.com", "check anna@example.com"] {
            assert_eq!(Request::of_line(line), Ok(Request::Check(CheckRequest::of(domain.clone()))), "{line}");
        }
        assert_eq!(Request::of_line("help"), Ok(Request::Help));
        assert_eq!(Request::of_line(" no mail comes in "), Ok(Request::Ask("no mail comes in".to_owned())));
        assert_eq!(Request::of_line("/ask why"), Ok(Request::Ask("why".to_owned())));
        assert_eq!(Request::of_line("/help"), Ok(Request::Help));
    }

    #[test]
    fn what_follows_a_verb_is_told_by_its_place_or_by_its_name() {
        let Ok(Request::Check(check)) = Request::of_line("/check example.com s1._domainkey.example.com") else {
            panic!("a check")
        };
        assert_eq!(check.selectors, ["s1".parse().unwrap()]);
        let spf = |sender: &str, helo: &str| SpfRequest {
            ip: [192, 0, 2, 1].into(),
            sender: sender.to_owned(),
            helo: helo.to_owned(),
        };
        for (line, expected) in [
            ("/spf 192.0.2.1 example.com", spf("example.com", "example.com")),
            ("/spf  192.0.2.1  anna@Example.com  mail.example ", spf("anna@Example.com", "mail.example")),
            ("/spf 192.0.2.1 https://example.com/", spf("example.com", "example.com")),
        ] {
            assert_eq!(Request::of_line(line), Ok(Request::Spf(expected)), "{line}");
        }
        let named = [("sender", "example.com"), ("ip", "192.0.2.1")];
        assert_eq!(Request::with("spf", &named), Ok(Request::Spf(spf("example.com", "example.com"))));
    }

    #[test]
    fn words_take_what_the_other_options_leave() {
        let load = |averages: &str, cpus: &str| {
            Ok(Request::Load(LoadRequest { averages: averages.parse().unwrap(), cpus: cpus.parse().unwrap() }))
        };
        assert_eq!(Request::of_line("/load 0.5 1.0, 2.5 4"), load("0.5 1 2.5", "4"));
        assert_eq!(Request::of_line("/load load average: 0,52, 1,04, 2,50  2"), load("0.52 1.04 2.5", "2"));
        let text = InspectRequest { text: b"550 5.1.1 User  unknown".to_vec(), looks: Looks::AtDomain };
        assert_eq!(Request::of_line("/inspect 550 5.1.1 User  unknown"), Ok(Request::Inspect(text)));
        assert_eq!(Request::of_line("/status"), Ok(Request::Status));
    }

    #[test]
    fn every_verb_tells_a_line_that_works() {
        for verb in VERBS {
            let line = format!("/{}", verb.example());
            assert!(Request::of_line(&line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_taken_says_what_can() {
        for (line, expected) in [
            ("/check", "`/check` needs a domain; for example `/check example.com`"),
            ("/chekc example.com", "there is no `/chekc`; did you mean `/check`?"),
            ("/frobnicate", "there is no `/frobnicate`; try `/help`"),
            ("/spf", "`/spf` needs an ip; for example `/spf 192.0.2.1 example.com`"),
            ("/spf 192.0.2.1", "`/spf` needs a sender; for example `/spf 192.0.2.1 example.com`"),
            ("/spf x example.com", "`x` is not an IP address; write one such as `192.0.2.1` or `2001:db8::1`"),
            (
                "/check example.com a;b",
                "`a;b` is not a DKIM selector; write the part before `._domainkey`, such as `default`",
            ),
            ("/inspect", "`/inspect` needs a text or a file; for example `/inspect 550 5.1.1 User unknown`"),
            ("/load", "`/load` needs averages; for example `/load 0.52 1.04 2.50 2`"),
            (
                "/load 1 2 3",
                "`1 2` is not three load averages; write those of 1, 5 and 15 minutes, such as `0.52 1.04 2.50`",
            ),
            ("/load 1 2 3 0", "`0` is not a number of CPUs; write how many your plan has, such as `4`"),
            ("/check 192.0.2.1", "`192.0.2.1` is an IP address; write the domain, such as `example.com`"),
        ] {
            assert_eq!(Request::of_line(line).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_verb_keeps_discords_limits() {
        for verb in VERBS {
            assert!(verb.name.len() <= 32 && verb.summary.chars().count() <= 100, "{}", verb.name);
            assert!(verb.options.iter().all(|option| option.summary.chars().count() <= 100), "{}", verb.name);
            let required = verb.options.iter().map(|option| option.required);
            assert!(required.rev().is_sorted(), "{}: what must follow comes first", verb.name);
        }
    }
}

//! What people can ask for, and the one table of verbs that feeds the command line's help, Discord's registration
//! and `/help`.
//!
//! What a request leads to is the engine's business.

use crate::domain::{BadDomain, Domain, Name};
use crate::finding::Topic;
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
}

impl CheckRequest {
    /// A look at everything.
    pub const fn of(domain: Domain) -> Self {
        Self { domain, selectors: Vec::new(), topics: Vec::new() }
    }
}

/// A verb as people see it, the same on every surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// The name: `/name` in chat, `mailmedic name` on the command line.
    pub name: &'static str,
    /// What it does, in at most 100 characters (Discord's limit), without a full stop.
    pub summary: &'static str,
    /// The text that must follow it, if any.
    pub option: Option<VerbOption>,
}

/// What must follow a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerbOption {
    /// The option's name.
    pub name: &'static str,
    /// What to write, in at most 100 characters, without a full stop.
    pub summary: &'static str,
    /// One that works.
    pub example: &'static str,
}

/// Looks at a domain.
pub const CHECK: Verb = Verb {
    name: "check",
    summary: "Look at a domain's DNS and mail settings, and say what to mend",
    option: Some(VerbOption {
        name: "domain",
        summary: "The domain, an address at it, or a link to it",
        example: "example.com",
    }),
};

/// Answers a question in words.
pub const ASK: Verb = Verb {
    name: "ask",
    summary: "Describe a mail problem in your own words and get the steps that mend it",
    option: Some(VerbOption {
        name: "question",
        summary: "What happens, with the error text and your domain if you have them",
        example: "nothing arrives in my inbox at example.com",
    }),
};

/// Says what can be asked for.
pub const HELP: Verb = Verb { name: "help", summary: "Show what mailmedic can do for you", option: None };

/// All verbs of the chat, in the order in which help shows them.
pub const VERBS: [Verb; 3] = [ASK, CHECK, HELP];

/// The message command (a right click on somebody's message) that answers it.
pub const FIND_THE_REMEDY: &str = "Find the remedy";

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
    #[error("`/{verb}` needs a {needs}; for example `/{verb} {example}`")]
    Missing {
        /// The verb.
        verb: &'static str,
        /// What it needs.
        needs: &'static str,
        /// One that works.
        example: &'static str,
    },
    /// The domain is none.
    #[error(transparent)]
    Domain(#[from] BadDomain),
}

impl Request {
    /// The request that a verb and the text after it make.
    pub fn of(verb: &str, text: &str) -> Result<Self, BadRequest> {
        let found = VERBS.iter().find(|known| known.name.eq_ignore_ascii_case(verb));
        let verb = found.ok_or_else(|| no_such_verb(verb))?;
        let text = text.trim();
        if let Some(option) = verb.option
            && text.is_empty()
        {
            return Err(BadRequest::Missing { verb: verb.name, needs: option.name, example: option.example });
        }
        match verb.name {
            "check" => Ok(Self::Check(CheckRequest::of(text.parse()?))),
            "ask" => Ok(Self::ask(text)),
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
    fn what_cannot_be_taken_says_what_can() {
        for (line, expected) in [
            ("/check", "`/check` needs a domain; for example `/check example.com`"),
            ("/chekc example.com", "there is no `/chekc`; did you mean `/check`?"),
            ("/frobnicate", "there is no `/frobnicate`; try `/help`"),
            ("/check 192.0.2.1", "`192.0.2.1` is an IP address; write the domain, such as `example.com`"),
        ] {
            assert_eq!(Request::of_line(line).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn every_verb_keeps_discords_limits() {
        for verb in VERBS {
            assert!(verb.name.len() <= 32 && verb.summary.chars().count() <= 100, "{}", verb.name);
            assert!(verb.option.is_none_or(|option| option.summary.chars().count() <= 100), "{}", verb.name);
        }
    }
}

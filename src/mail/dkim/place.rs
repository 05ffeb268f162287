//! A selector's place in the DNS, what was said about it, and the findings that come of that alone.

use std::fmt::Display;

use super::key;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::evidence::{absence, unknown};

/// How much of a private key's record is shown: no more than all such keys have in common.
const SHOWN: usize = 16;

/// Who says that there should be a key at a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// The person who asks.
    Person,
    /// The host, which signs with it.
    Host,
    /// Nobody: it is a guess.
    Guess,
}

/// The places of several selectors below `_domainkey`; those whose names the DNS cannot hold are left out.
pub(super) fn places<'f>(
    root: &Name,
    selectors: impl IntoIterator<Item = (Name, By)>,
    view: &mut View<'f>,
) -> Result<Vec<Place<'f>>, Pending> {
    let replies: Vec<_> = selectors
        .into_iter()
        .filter_map(|(selector, by)| {
            let question = Query::new(&root.below(selector.as_str())?, Kind::Txt);
            Some(view.get(question.clone()).map(|reply| Place { selector, by, question, reply }))
        })
        .collect();
    replies.into_iter().collect()
}

/// A selector, and what was said to the question for its record.
#[derive(Debug, Clone)]
pub(super) struct Place<'f> {
    pub selector: Name,
    pub by: By,
    pub question: Query,
    pub reply: &'f Response,
}

/// What stands at a selector.
pub(super) enum Seen {
    /// Texts, at least one of which is meant as a key record.
    Records(Vec<String>),
    /// No text, or texts for other purposes.
    Nothing,
    /// The network would not say.
    Unknown(Cause),
}

impl Place<'_> {
    pub(super) fn seen(&self) -> Seen {
        match self.reply.texts() {
            Err(cause) => Seen::Unknown(cause),
            Ok(texts) => {
                let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
                if texts.iter().any(|text| key::is_meant(text)) { Seen::Records(texts) } else { Seen::Nothing }
            }
        }
    }

    /// Whether the name is said not to exist, neither as a name nor as an alias.
    pub(super) fn is_nowhere(&self) -> bool {
        is_nowhere(self.reply)
    }

    pub(super) fn finding(&self, code: Code) -> Finding {
        Finding::new(code, &self.question.name).detail("selector", &self.selector)
    }

    /// A finding that shows the texts that stand here, and the alias that leads to them.
    pub(super) fn showing(&self, code: Code, texts: &[String]) -> Finding {
        let finding = texts.iter().fold(self.finding(code), Finding::evidence);
        match self.reply.aliases.last().filter(|_| !texts.is_empty()) {
            Some(alias) => finding.evidence(format!("{} is an alias for {alias}", self.question.name)),
            None => finding,
        }
    }

    /// The code for a key that is missing here, where somebody says that there should be one.
    pub(super) fn missing_code(&self) -> Option<Code> {
        match self.by {
            By::Host => Some(Code::DkimHostMissing),
            By::Person => Some(Code::DkimSelectorMissing),
            By::Guess => None,
        }
    }

    /// That there is no key here, though there should be one; for an alias that nobody named, that it leads to none.
    pub(super) fn missing(&self) -> Finding {
        let code = self.missing_code();
        let others: Vec<String> = self.reply.texts().unwrap_or_default().iter().map(ToString::to_string).collect();
        let finding = self.showing(code.unwrap_or(Code::DkimDanglingAlias), &others);
        let finding = match self.reply.aliases.last().filter(|_| code.is_none()) {
            Some(alias) => finding.detail("alias", alias),
            None => finding,
        };
        if others.is_empty() { finding.evidence(absence(&self.question, self.reply)) } else { finding }
    }

    pub(super) fn unknown(&self, cause: Cause) -> Finding {
        unknown(Code::DkimUnknown, &self.question.name, &self.question, cause).detail("selector", &self.selector)
    }

    /// The change that publishes `text` here; none behind an alias, where the record is somebody else's.
    pub(super) fn fix(&self, text: String) -> Option<Fix> {
        let name = self.question.name.to_string();
        self.reply.aliases.is_empty().then_some(Fix::txt(name, text))
    }
}

/// That a private key stands among the texts at a name. It is not shown: whoever reads the report could sign with it.
pub(super) fn given_away(at: &Name, selector: impl Display, texts: &[String]) -> Option<Finding> {
    let mut private = texts.iter().filter(|text| key::is_private(text)).peekable();
    private.peek()?;
    let finding = Finding::new(Code::DkimPrivateKey, at).detail("selector", selector);
    Some(private.fold(finding, |finding, text| {
        let head: String = text.chars().take(SHOWN).collect();
        finding.evidence(format!("{head}… ({} characters)", text.chars().count()))
    }))
}

/// Whether a name is said not to exist, neither as a name nor as an alias.
pub(super) fn is_nowhere(reply: &Response) -> bool {
    reply.outcome == Outcome::NoSuchName && reply.aliases.is_empty()
}

//! A selector's place in the DNS, what was said about it, and the findings that come of that alone.

use super::key;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::evidence::{absence, unknown};

/// The places of several selectors below `_domainkey`; those whose names the DNS cannot hold are left out.
pub(super) fn places<'f>(root: &Name, selectors: Vec<Name>, view: &mut View<'f>) -> Result<Vec<Place<'f>>, Pending> {
    let replies: Vec<_> = selectors
        .into_iter()
        .filter_map(|selector| {
            let question = Query::new(&root.below(selector.as_str())?, Kind::Txt);
            Some(view.get(question.clone()).map(|reply| Place { selector, question, reply }))
        })
        .collect();
    replies.into_iter().collect()
}

/// A selector, and what was said to the question for its record.
pub(super) struct Place<'f> {
    pub selector: Name,
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

    pub(super) fn finding(&self, code: Code) -> Finding {
        Finding::new(code, &self.question.name).detail("selector", &self.selector)
    }

    /// That there is no key here, though there should be one; for an alias, that it leads to none.
    pub(super) fn missing(&self) -> Finding {
        let finding = match self.reply.aliases.last() {
            Some(alias) => self.finding(Code::DkimDanglingAlias).detail("alias", alias),
            None => self.finding(Code::DkimSelectorMissing),
        };
        match self.reply.texts() {
            Ok(others) if !others.is_empty() => others.into_iter().fold(finding, Finding::evidence),
            _ => finding.evidence(absence(&self.question, self.reply)),
        }
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

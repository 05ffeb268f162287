//! What is watched while a change propagates: the records of the domain that mail depends on, and how an answer about them
//! reads.
//!
//! Other texts at the domain, such as proofs of ownership for some service, come and go without any matter to mail.

use crate::domain::Name;
use crate::facts::{Cause, Kind, Query, Record, Response, Server};
use crate::mail::Case;

/// How many DKIM selectors that the person named are watched.
const MOST_SELECTORS: usize = 2;

/// Records that are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Watch {
    /// What people call them.
    pub what: &'static str,
    pub name: Name,
    kind: Kind,
    /// How the texts begin that count; all do where it is empty.
    purpose: &'static str,
}

/// All that is watched for a domain.
pub(super) fn watches(case: &Case<'_>) -> Vec<Watch> {
    let domain = case.domain.name();
    let below = |labels: &str| domain.below(labels);
    let selectors = case.selectors.iter().take(MOST_SELECTORS);
    let keys =
        selectors.filter_map(|selector| Some(("DKIM", below(&format!("{selector}._domainkey"))?, Kind::Txt, "")));
    let policy = below("_dmarc").map(|name| ("DMARC", name, Kind::Txt, ""));
    [("MX", domain.clone(), Kind::Mx, ""), ("SPF", domain.clone(), Kind::Txt, "v=spf1")]
        .into_iter()
        .chain(policy)
        .chain(keys)
        .map(|(what, name, kind, purpose)| Watch { what, name, kind, purpose })
        .collect()
}

impl Watch {
    /// Asks somebody for them.
    pub(super) fn question(&self, to: Server) -> Query {
        Query::new(&self.name, self.kind).to(to)
    }

    /// How an answer reads, in an order of its own, so that equal answers read alike.
    pub(super) fn read(&self, reply: &Response) -> Result<Vec<String>, Cause> {
        let records = reply.records()?;
        // What stands at the end of an alias is somebody else's, and their name server need not say it.
        if let Some(alias) = reply.aliases.first() {
            return Ok(vec![format!("an alias for {alias}")]);
        }
        let mut lines: Vec<String> = records.iter().filter_map(|record| self.line(record)).collect();
        lines.sort();
        Ok(lines)
    }

    fn line(&self, record: &Record) -> Option<String> {
        match record {
            Record::Mx { preference, exchange } => Some(format!("{preference} {exchange}")),
            Record::Txt(text) => {
                let text = text.to_string();
                let begins =
                    text.get(..self.purpose.len()).is_some_and(|start| start.eq_ignore_ascii_case(self.purpose));
                begins.then_some(text)
            }
            _ => None,
        }
    }
}

/// An answer in one line.
pub(super) fn shown(lines: &[String]) -> String {
    if lines.is_empty() { "no record".to_owned() } else { lines.join(", ") }
}

//! What a look at a domain means for who waits for a change there: the findings about propagation, and what everybody says.

use super::Rounds;
use crate::domain::{Domain, Name};
use crate::facts::{Fact, Kind, Query, Record};
use crate::finding::{Code, Topic};
use crate::probe::Report;
use crate::request::{CheckRequest, Request};
use crate::transcript::Transcript;
use crate::watch::{Seen, Until};

/// The longest account of what everybody says, in characters.
const LONGEST_ACCOUNT: usize = 1000;

impl Rounds {
    /// Looks whether a change at a domain is everywhere; DKIM keys are those of the host, and of a selector that is named.
    pub async fn look(&self, domain: &Domain, until: Until, selector: Option<&Name>) -> Seen {
        let own = &self.engine.config().host.dkim_selectors;
        let selectors = selector.into_iter().chain(own).cloned().collect();
        let check = CheckRequest { selectors, topics: vec![Topic::Propagation], ..CheckRequest::of(domain.clone()) };
        let mut work = self.engine.begin(Request::Check(check));
        work.finish().await;
        match (work.report(), work.transcript()) {
            (Some(report), Some(transcript)) => seen(&report, &transcript, until),
            _ => Seen::Unknown,
        }
    }
}

/// What a look at a domain means for who waits for these records.
fn seen(report: &Report, transcript: &Transcript, until: Until) -> Seen {
    let mut seen = Seen::Unknown;
    for finding in report.findings() {
        match finding.code {
            // A move to other name servers changes all records.
            Code::PropagationPending | Code::PropagationServersDiffer
                if finding.details.get("what").is_some_and(|what| what == "NS" || is_waited_for(what, until)) =>
            {
                return Seen::Underway;
            }
            Code::PropagationUnknown => return Seen::Unknown,
            Code::PropagationDone | Code::PropagationPending | Code::PropagationServersDiffer => {
                seen = Seen::Everywhere(account(transcript, until));
            }
            _ => {}
        }
    }
    seen
}

/// Whether the records that people call so are among those that are waited for.
fn is_waited_for(what: &str, until: Until) -> bool {
    until == Until::All || Until::ALL.iter().any(|(word, other)| *other == until && what.eq_ignore_ascii_case(word))
}

/// What everybody says, for people: a line for each record, in an order of its own.
fn account(transcript: &Transcript, until: Until) -> String {
    let domain = transcript.domain.name();
    let keys = transcript.selectors.iter().filter_map(|selector| domain.below(&format!("{selector}._domainkey")));
    let policy = domain.below("_dmarc").map(|name| ("dmarc", name, Kind::Txt));
    let asked = [("mx", domain.clone(), Kind::Mx), ("spf", domain.clone(), Kind::Txt)]
        .into_iter()
        .chain(policy)
        .chain(keys.map(|name| ("dkim", name, Kind::Txt)));
    let asked = asked.filter(|(what, _, _)| is_waited_for(what, until));
    let mut lines: Vec<String> = asked.flat_map(|(what, name, kind)| said(transcript, what, &name, kind)).collect();
    lines.sort();
    if lines.is_empty() { "no record".to_owned() } else { lines.join("\n").chars().take(LONGEST_ACCOUNT).collect() }
}

fn said(transcript: &Transcript, what: &str, name: &Name, kind: Kind) -> Vec<String> {
    let Fact::Dns(_, response) = transcript.reply(Query::new(name, kind).into()) else { return Vec::new() };
    let records = response.records().unwrap_or_default();
    let line = |record: &Record| match record {
        Record::Mx { preference, exchange } => Some(format!("MX {preference} {exchange}")),
        Record::Txt(text) => {
            let text = text.to_string();
            let counts = what != "spf" || text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("v=spf1"));
            counts.then(|| format!("{} {text}", what.to_uppercase()))
        }
        _ => None,
    };
    records.iter().filter_map(line).collect()
}

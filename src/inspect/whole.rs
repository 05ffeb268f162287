//! A whole message, from its bytes to all that is to be said of it: the one door to this room for whoever has a message.

use serde::Serialize;

use super::authentication::{self, Authentication};
use super::connection::{self, Connection};
use super::demands::demands;
use super::findings::{findings, of_filter};
use super::hops::{Hop, way};
use super::original::Original;
use super::signature;
use super::signature::read::{Tags, domain_name};
use super::spam::{Verdict, verdicts};
use crate::config::{Host, Lists};
use crate::domain::{Domain, Name};
use crate::facts::{Pending, View};
use crate::finding::Finding;

/// What came of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Whole {
    /// Who sent it, and whether that is proven.
    pub authentication: Authentication,
    /// What a spam filter makes of it: the operator's own where there is one, else the first that wrote into its fields.
    pub spam: Option<Verdict>,
    /// Its way, from the sender to the mailbox.
    pub hops: Vec<Hop>,
    /// All that is to be said.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// What is known of a message besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'c> {
    /// How it came, where our own mail server took it.
    pub connection: Option<&'c Connection>,
    /// What the operator says of the host.
    pub host: &'c Host,
    /// The blocklists to ask about whoever brought it.
    pub lists: &'c Lists,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// Judges a message; pending until all that it takes is known.
pub fn judge(message: &Original, known: &Circumstances<'_>, view: &mut View<'_>) -> Result<Whole, Pending> {
    let mut way = way(message, known.host);
    if let (Some(_), Some(last)) = (known.connection, way.hops.last_mut()) {
        // The one on top is our own server's.
        last.trusted = true;
    }
    let authentication = authentication::judge(message, &way, known, view);
    let connection = known.connection.map(|connection| connection::judge(connection, known.lists, view)).transpose();
    let (authentication, connection) = (authentication?, connection?);
    let verdicts = verdicts(message);
    let mut findings = findings(message, &way, &authentication, &verdicts);
    if let Some(of_connection) = connection {
        findings.extend(of_connection);
        findings.extend(demands(message, known.now));
    }
    Ok(Whole { authentication, spam: verdicts.into_iter().next(), hops: way.hops, findings })
}

/// The domain that a message names as its author's, and the selectors of the signatures that speak for it.
pub fn author(message: &Original) -> Option<(Domain, Vec<Name>)> {
    let author = authentication::author_domain(message).ok()?;
    let signatures = message.named("DKIM-Signature").take(signature::MOST).map(|field| field.text());
    let mut selectors: Vec<Name> = signatures
        .filter_map(|text| {
            let tags = Tags::read(&text).ok()?;
            let (domain, selector) = (domain_name(tags.get("d")?)?, domain_name(tags.get("s")?)?);
            (domain == author).then_some(selector)
        })
        .collect();
    selectors.dedup();
    Some((author.as_str().parse().ok()?, selectors))
}

impl Whole {
    /// The same with the verdict of the operator's own spam filter.
    #[must_use]
    pub fn filtered(mut self, verdict: Verdict) -> Self {
        self.findings.extend(of_filter(&verdict));
        Self { spam: Some(verdict), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Code;
    use crate::inspect::lab::{NOW, signed, zone};
    use crate::inspect::spam::report;
    use crate::mail::lab::Lab;

    const MESSAGE: &str = "From: Anna <anna@example.com>\nSubject: Hello\n\nHi Bob\n";

    fn judged(text: &str) -> Whole {
        let message = Original::read(text.as_bytes()).unwrap();
        let (host, lists) = (Host::default(), Lists::default());
        let known = Circumstances { connection: None, host: &host, lists: &lists, now: NOW };
        Lab::new("example.com", &zone()).settle(|view| judge(&message, &known, view)).0
    }

    #[test]
    fn the_json_has_the_promised_keys() {
        let head =
            "Received: by a; 1 Jan 2015 00:00:00 +0000\nX-Spam-Status: No, score=1.5 required=5.0 tests=[A=1.5]\n";
        let json = serde_json::to_value(judged(&format!("{head}{}", signed("", MESSAGE)))).unwrap();
        assert_eq!(json["authentication"]["dkim"][0]["result"], "pass");
        assert_eq!(json["authentication"]["spf"], serde_json::Value::Null);
        assert_eq!((&json["spam"]["score"], &json["spam"]["threshold"]), (&1.5.into(), &5.0.into()));
        assert_eq!(json["spam"]["rules"][0], serde_json::json!({"name": "A", "points": 1.5, "meaning": null}));
        assert_eq!(json["hops"][0]["by"], "a");
    }

    #[test]
    fn the_operators_own_filter_goes_first() {
        let whole = judged(&format!("X-Spam-Score: 9.0\n{MESSAGE}"));
        let own = report("False ; 0.5 / 5.0", "", true).unwrap();
        let whole = whole.filtered(own.clone());
        assert_eq!(whole.spam, Some(own));
        let codes: Vec<Code> = whole.findings.iter().map(|finding| finding.code).collect();
        assert!(codes.ends_with(&[Code::MessageNotSpam, Code::MessageSpamOffline]), "{codes:?}");
    }
}

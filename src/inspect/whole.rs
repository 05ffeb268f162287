//! A whole message, from its bytes to all that is to be said of it: the one door to this room for whoever has a message.

use serde::Serialize;

use super::authentication::{self, Authentication};
use super::findings::{findings, of_filter};
use super::hops::{Hop, way};
use super::original::Original;
use super::spam::{Verdict, verdicts};
use crate::config::Host;
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

/// Judges a message, at a time in seconds since 1970; pending until all that it takes is known.
pub fn judge(message: &Original, host: &Host, now: u64, view: &mut View<'_>) -> Result<Whole, Pending> {
    let way = way(message, host);
    let authentication = authentication::judge(message, &way, host, now, view)?;
    let verdicts = verdicts(message);
    let findings = findings(message, &way, &authentication, &verdicts);
    Ok(Whole { authentication, spam: verdicts.into_iter().next(), hops: way.hops, findings })
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
        Lab::new("example.com", &zone()).settle(|view| judge(&message, &Host::default(), NOW, view)).0
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

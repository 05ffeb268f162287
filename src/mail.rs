//! What the standards say: a room for each, with its record, its walk and its check.
//!
//! Pure: no network, no clock, no configuration beyond the [`Case`], no words for people. A check reads like its
//! RFC; what it does not know yet it notes in the [`View`], and `probe` asks.

mod address;
pub mod dkim;
pub mod dmarc;
pub mod dns;
mod evidence;
#[cfg(test)]
mod lab;
pub mod mx;
pub mod ptr;
pub mod spf;
mod tags;

use crate::config::Host;
use crate::domain::{Domain, Name};
use crate::facts::{Facts, Pending, Question, View};
use crate::finding::{Code, Finding, Severity, Topic};

/// What is looked at: a domain, and what people said about it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// The domain.
    pub domain: &'c Domain,
    /// DKIM selectors that the person named.
    pub selectors: &'c [Name],
    /// What the operator's customers should have.
    pub host: &'c Host,
}

/// One check: pure, and run again whenever more is known.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What it looks at.
    pub topic: Topic,
    run: fn(&Case<'_>, &mut View<'_>) -> Result<Vec<Finding>, Pending>,
}

/// All checks, in the order in which reports show them.
pub const CHECKS: &[Check] = &[
    Check { topic: Topic::Dns, run: dns::check },
    Check { topic: Topic::Mx, run: mx::check },
    Check { topic: Topic::Spf, run: spf::check },
    Check { topic: Topic::Dkim, run: dkim::check },
    Check { topic: Topic::Dmarc, run: dmarc::check },
    Check { topic: Topic::Ptr, run: ptr::check },
];

/// What came of running a check on what is known.
#[derive(Debug)]
pub struct Examined {
    /// The findings, or that replies are missing.
    pub findings: Result<Vec<Finding>, Pending>,
    /// The questions whose replies are missing.
    pub wanted: Vec<Question>,
    /// The questions whose replies were read.
    pub read: Vec<Question>,
}

impl Check {
    /// Runs the check, then proves each fix: with the fix applied to the facts, the same check must no longer find
    /// what the fix mends, nor anything that fails or is unknown beyond what it found before. A fix that is not
    /// proven is not offered.
    pub fn examine(&self, case: &Case<'_>, facts: &Facts) -> Examined {
        let mut view = View::new(facts);
        let mut findings = (self.run)(case, &mut view);
        let (mut wanted, mut read) = (view.wanted().to_vec(), view.read().to_vec());
        if let Ok(found) = &mut findings {
            let mut pending = false;
            let before: Vec<(Code, String)> = found.iter().map(identity).collect();
            for finding in found.iter_mut() {
                let Some(mut fix) = finding.fix.take() else { continue };
                let Ok(name) = fix.name.parse::<Name>() else { continue };
                let (published, replaces) = facts.with_fix(&name, &fix);
                fix.replaces = replaces;
                let mut view = View::new(&published);
                match (self.run)(case, &mut view) {
                    Ok(after) => {
                        let mended = identity(finding);
                        fix.verified = after.iter().map(|f| (f.severity(), identity(f))).all(|(severity, found)| {
                            found != mended
                                && (before.contains(&found) || !matches!(severity, Severity::Fail | Severity::Unknown))
                        });
                        finding.fix = fix.verified.then_some(fix);
                    }
                    Err(Pending) => pending = true,
                }
                wanted.extend_from_slice(view.wanted());
                read.extend_from_slice(view.read());
            }
            if pending {
                findings = Err(Pending);
            }
        }
        Examined { findings, wanted, read }
    }
}

fn identity(finding: &Finding) -> (Code, String) {
    (finding.code, finding.subject.clone())
}

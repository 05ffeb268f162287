//! What the standards say: a room for each, with its record, its walk and its check.
//!
//! Pure: no network, no clock, no configuration beyond the [`Case`], no words for people. A check reads like its
//! RFC; what it does not know yet it notes in the [`View`], and `probe` asks.

pub mod autoconfig;
pub mod bimi;
pub mod dane;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod dnsbl;
pub mod dnssec;
mod evidence;
#[cfg(test)]
mod lab;
pub mod mta_sts;
pub mod mx;
pub mod ns;
mod parked;
pub mod propagation;
pub mod ptr;
pub mod senderscore;
pub mod spf;
pub mod starttls;
mod tags;
pub mod tls_rpt;

use std::net::SocketAddr;

use crate::config::{Config, Host, Lists};
use crate::domain::{Domain, Name};
use crate::facts::{Facts, Pending, Query, Question, View};
use crate::finding::{Code, Finding, Fix, Severity, Topic};

/// What is looked at: a domain, and what people said about it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// The domain.
    pub domain: &'c Domain,
    /// DKIM selectors that the person named.
    pub selectors: &'c [Name],
    /// What the operator's customers should have.
    pub host: &'c Host,
    /// The blocklists to ask.
    pub lists: &'c Lists,
    /// The resolvers at which a change is watched, besides those that answer everything.
    pub propagation: &'c [SocketAddr],
    /// Whether the hosts and name servers that the domain names may be asked, besides the resolvers.
    pub connect: bool,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl<'c> Case<'c> {
    /// A domain as the configuration has it looked at, at a time in seconds since 1970.
    pub fn new(domain: &'c Domain, selectors: &'c [Name], config: &'c Config, now: i64) -> Self {
        Self {
            domain,
            selectors,
            host: &config.host,
            lists: &config.dnsbl,
            propagation: &config.resolver.propagation,
            connect: false,
            now,
        }
    }
}

/// One check: pure, and run again whenever more is known.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What it looks at.
    pub topic: Topic,
    /// Whether it says nothing without the hosts that the domain names, and so is left out where they are not asked.
    pub connects: bool,
    run: fn(&Case<'_>, &mut View<'_>) -> Result<Vec<Finding>, Pending>,
}

/// All checks, in the order in which reports show them.
pub const CHECKS: &[Check] = &[
    Check { topic: Topic::Dns, connects: false, run: dns::check },
    Check { topic: Topic::Ns, connects: false, run: ns::check },
    Check { topic: Topic::Dnssec, connects: false, run: dnssec::check },
    Check { topic: Topic::Propagation, connects: true, run: propagation::check },
    Check { topic: Topic::Mx, connects: false, run: mx::check },
    Check { topic: Topic::Spf, connects: false, run: spf::check },
    Check { topic: Topic::Dkim, connects: false, run: dkim::check },
    Check { topic: Topic::Dmarc, connects: false, run: dmarc::check },
    Check { topic: Topic::MtaSts, connects: false, run: mta_sts::check },
    Check { topic: Topic::TlsRpt, connects: false, run: tls_rpt::check },
    Check { topic: Topic::Dane, connects: false, run: dane::check },
    Check { topic: Topic::Starttls, connects: true, run: starttls::check },
    Check { topic: Topic::Ptr, connects: false, run: ptr::check },
    Check { topic: Topic::Dnsbl, connects: false, run: dnsbl::check },
    Check { topic: Topic::Senderscore, connects: false, run: senderscore::check },
    Check { topic: Topic::Bimi, connects: false, run: bimi::check },
    Check { topic: Topic::Autoconfig, connects: false, run: autoconfig::check },
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
    /// Whether the configuration names anybody to ask; else it says nothing, and is left out.
    pub fn is_configured(&self, config: &Config) -> bool {
        match self.topic {
            Topic::Dnsbl => !config.dnsbl.addresses.is_empty() || !config.dnsbl.domains.is_empty(),
            Topic::Senderscore => config.dnsbl.senderscore.is_some(),
            _ => true,
        }
    }

    /// Runs the check, then proves each fix: with the fix applied to the facts, the same check must no longer find
    /// what the fix mends, nor anything that fails or is unknown beyond what it found before. A fix that is not
    /// proven is not offered.
    pub fn examine(&self, case: &Case<'_>, facts: &Facts) -> Examined {
        let mut view = View::new(facts);
        let findings = (self.run)(case, &mut view);
        let mut examined = Examined { findings, wanted: view.wanted().to_vec(), read: view.read().to_vec() };
        let Ok(found) = &mut examined.findings else { return examined };
        let before: Vec<(Code, String)> = found.iter().map(identity).collect();
        // Several findings may share a fix; it is tried once.
        let mut tried: Vec<(Fix, Tried)> = Vec::new();
        let mut pending = None;
        for finding in found.iter_mut() {
            let Some(mut fix) = finding.fix.take() else { continue };
            if !tried.iter().any(|(other, _)| *other == fix) {
                tried.extend(self.publish(case, facts, &fix).map(|published| (fix.clone(), published)));
            }
            let Some((_, published)) = tried.iter().find(|(other, _)| *other == fix) else { continue };
            match &published.after {
                Ok(after) => {
                    let mended = identity(finding);
                    fix.replaces = published.replaces;
                    fix.verified = after.iter().map(|f| (f.severity(), identity(f))).all(|(severity, found)| {
                        found != mended
                            && (before.contains(&found) || !matches!(severity, Severity::Fail | Severity::Unknown))
                    });
                    finding.fix = fix.verified.then_some(fix);
                }
                Err(missing) => pending = Some(*missing),
            }
        }
        for (_, Tried { wanted, read, .. }) in tried {
            examined.wanted.extend(wanted);
            examined.read.extend(read);
        }
        if let Some(pending) = pending {
            examined.findings = Err(pending);
        }
        examined
    }

    /// Runs the check on what would be known with a fix published; `None` where a record cannot stand at its name, since
    /// an alias does.
    fn publish(&self, case: &Case<'_>, facts: &Facts, fix: &Fix) -> Option<Tried> {
        let name: Name = fix.name.parse().ok()?;
        let now = facts.get(&Query::new(&name, fix.kind.into()));
        if now.is_some_and(|reply| !reply.aliases.is_empty()) {
            return None;
        }
        let (changed, replaces) = facts.changed_by(&name, fix);
        let mut view = View::with(facts, &changed);
        let after = (self.run)(case, &mut view);
        Some(Tried { after, wanted: view.wanted().to_vec(), read: view.read().to_vec(), replaces })
    }
}

/// What came of a fix.
struct Tried {
    after: Result<Vec<Finding>, Pending>,
    wanted: Vec<Question>,
    read: Vec<Question>,
    replaces: usize,
}

fn identity(finding: &Finding) -> (Code, String) {
    (finding.code, finding.subject.clone())
}

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
pub(crate) mod lab;
pub mod mta_sts;
pub mod mx;
pub mod ns;
mod parked;
mod proof;
pub mod propagation;
pub mod ptr;
pub mod senderscore;
pub mod spf;
pub mod starttls;
pub(crate) mod tags;
pub mod tls_rpt;

use std::net::SocketAddr;

use crate::config::{Config, Host, Lists};
use crate::domain::{Domain, Name};
use crate::facts::{Facts, Pending, Question, View};
use crate::finding::{Finding, Topic};
use proof::Proof;

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

    /// Runs the check, then makes one fix of all that are proposed for the same records, and proves it: with it applied to
    /// the facts, the same check must find no fault of these records any more. A fix that is not proven is not offered.
    pub fn examine(&self, case: &Case<'_>, facts: &Facts) -> Examined {
        let mut view = View::new(facts);
        let findings = (self.run)(case, &mut view);
        let mut examined = Examined { findings, wanted: view.wanted().to_vec(), read: view.read().to_vec() };
        if let Ok(found) = &mut examined.findings {
            let Proof { pending, wanted, read, .. } = Proof::of(self, case, facts, found);
            examined.wanted.extend(wanted);
            examined.read.extend(read);
            if let Some(pending) = pending {
                examined.findings = Err(pending);
            }
        }
        examined
    }
}

//! How mail programs find a domain's settings: SRV records (RFC 6186, RFC 8314 section 5), and the names `autoconfig`
//! and `autodiscover` below the domain, which Thunderbird and Outlook look for.
//!
//! What a wildcard gives to every name is no setting: a question for the label `*` itself gets it (RFC 4592). Looks at
//! what is published; whether the services answer is the business of `starttls`. Fetches no settings.

pub(super) mod srv;

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Cause, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, silence};
use crate::mail::mx::target::{Addresses, questions};
use srv::{SERVICES, Target, targets};

/// The names that mail programs look for below a domain.
const NAMES: [&str; 2] = ["autoconfig", "autodiscover"];

/// How many hosts of one service are looked up, those that are tried first.
const MOST_TARGETS: usize = 3;

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let services: Vec<Query> = srv::questions(domain).collect();
    let names: Vec<Name> = NAMES.iter().filter_map(|label| domain.below(label)).collect();
    let services =
        services.into_iter().zip(SERVICES).map(|(question, service)| judge_service(service, &question, view));
    let mut seen: Vec<_> = services.collect();
    seen.extend(names.iter().map(|name| judge_name(domain, name, view)));

    let mut all = Seen::default();
    for seen in seen {
        all.add(seen?);
    }
    Ok(all.findings(domain))
}

/// What is known of what mail programs look for.
#[derive(Debug, Default)]
struct Seen {
    /// What leads to settings or servers, as it reads.
    found: Vec<String>,
    /// The services that are not offered, with the text that says so.
    not_offered: Vec<(&'static str, String)>,
    /// What is not there.
    absent: Vec<String>,
    /// What could not be looked up, and why.
    unknown: Vec<(Cause, String)>,
    findings: Vec<Finding>,
}

impl Seen {
    fn add(&mut self, more: Self) {
        self.found.extend(more.found);
        self.not_offered.extend(more.not_offered);
        self.absent.extend(more.absent);
        self.unknown.extend(more.unknown);
        self.findings.extend(more.findings);
    }

    fn findings(self, domain: &Name) -> Vec<Finding> {
        let about = |code, evidence: Vec<String>| evidence.iter().fold(Finding::new(code, domain), Finding::evidence);
        let mut findings = Vec::new();
        let (names, refusals): (Vec<_>, Vec<_>) = self.not_offered.into_iter().unzip();
        if !self.found.is_empty() {
            // A domain that offers one way may well close another.
            findings.push(about(Code::AutoconfigFound, [self.found, refusals].concat()));
        } else if !refusals.is_empty() {
            findings.push(about(Code::AutoconfigNotOffered, refusals).detail("services", names.join(", ")));
        } else if self.findings.is_empty() && self.unknown.is_empty() {
            findings.push(about(Code::AutoconfigNone, self.absent));
        }
        findings.extend(self.findings);
        if let Some((cause, _)) = self.unknown.first().cloned() {
            let seen = self.unknown.into_iter().map(|(_, seen)| seen).collect();
            findings.push(about(Code::AutoconfigUnknown, seen).detail("cause", cause));
        }
        findings
    }
}

/// What the SRV records of a service say, and where they lead.
fn judge_service(service: srv::Service, question: &Query, view: &mut View<'_>) -> Result<Seen, Pending> {
    let reply = view.get(question.clone())?;
    let mut seen = Seen::default();
    if let Err(cause) = reply.records() {
        seen.unknown.push((cause, silence(question, cause)));
        return Ok(seen);
    }
    let all = targets(reply);
    if all.is_empty() {
        seen.absent.push(absence(question, reply));
    }
    let (offered, not): (Vec<Target<'_>>, Vec<_>) = all.into_iter().partition(|target| !target.host.is_root());
    if let (true, Some(root)) = (offered.is_empty(), not.first()) {
        seen.not_offered.push((service.label, format!("{} SRV {root}", question.name)));
    }
    let hosts = offered.iter().take(MOST_TARGETS);
    let replies = view.get_all(hosts.clone().flat_map(|target| questions(target.host)))?;
    for (target, replies) in hosts.zip(replies.chunks(2)) {
        seen.add(judge_target(service, question, target, replies));
    }
    Ok(seen)
}

/// Where one SRV record leads.
fn judge_target(service: srv::Service, question: &Query, target: &Target<'_>, replies: &[&Response]) -> Seen {
    let mut seen = Seen::default();
    let text = format!("{} SRV {target}", question.name);
    let addresses = Addresses::of(target.host, replies);
    let about = |code| Finding::new(code, target.host).detail("service", service.label).evidence(&text);
    if let Some(alias) = replies.iter().find_map(|reply| reply.aliases.last()) {
        let evidence = format!("{} is an alias for {alias}", target.host);
        let finding = about(Code::AutoconfigTargetAlias).detail("target", target.host).detail("alias", alias);
        seen.findings.push(finding.evidence(evidence));
    }
    if target.port == 0 {
        seen.findings.push(about(Code::AutoconfigPortZero));
    } else if target.port != service.port {
        let port = about(Code::AutoconfigPort).detail("port", target.port);
        seen.findings.push(port.detail("expected", service.port));
    }
    if addresses.has_public() {
        if target.port != 0 {
            seen.found.push(text);
        }
    } else if let Some(address) = addresses.found.first() {
        let private = Finding::new(Code::AutoconfigPrivate, target.host).detail("at", target.host);
        seen.findings.push(private.detail("address", address).evidence(&text).evidence(address));
    } else if addresses.unknown.is_empty() {
        let missing = about(Code::AutoconfigTargetMissing).detail("target", target.host);
        seen.findings.push(addresses.absent.iter().fold(missing, Finding::evidence));
    }
    seen.unknown = addresses.unknown;
    seen
}

/// Whether a name that mail programs look for leads to a server. Its IPv6 address is asked for only where the name is
/// there and has none of IPv4; what a wildcard says, only where the name leads anywhere.
fn judge_name(domain: &Name, name: &Name, view: &mut View<'_>) -> Result<Seen, Pending> {
    let mut seen = Seen::default();
    let mut alias = None;
    for question in questions(name) {
        let reply = view.get(question.clone())?;
        alias = alias.or(reply.aliases.last());
        let addresses = match reply.addresses() {
            Err(cause) => {
                seen.unknown.push((cause, silence(&question, cause)));
                return Ok(seen);
            }
            Ok(addresses) => addresses,
        };
        if addresses.is_empty() {
            seen.absent.push(absence(&question, reply));
        }
        if !addresses.is_empty() || !reply.aliases.is_empty() {
            match by_wildcard(domain, &question, reply, view)? {
                Ok(false) => {}
                Ok(true) => {
                    seen.absent = vec![format!("{name} gets what every name below {domain} does")];
                    return Ok(seen);
                }
                Err(unknown) => {
                    seen.unknown.push(unknown);
                    return Ok(seen);
                }
            }
        }
        if let Some(first) = addresses.first() {
            seen.absent.clear();
            if addresses.iter().all(|address| is_private(*address)) {
                let private = Finding::new(Code::AutoconfigPrivate, name).detail("at", name).detail("address", first);
                seen.findings.push(addresses.iter().fold(private, Finding::evidence));
            } else {
                let leads = alias.map_or_else(|| first.to_string(), ToString::to_string);
                seen.found.push(format!("{name} leads to {leads}"));
            }
            return Ok(seen);
        }
        if reply.outcome == Outcome::NoSuchName {
            break;
        }
    }
    if let Some(alias) = alias {
        let dangling = Finding::new(Code::AutoconfigDanglingAlias, name).detail("at", name).detail("alias", alias);
        seen.findings.push(seen.absent.drain(..).fold(dangling, Finding::evidence));
    }
    Ok(seen)
}

/// Whether a reply is what any name below the domain gets, or why that is not known.
fn by_wildcard(
    domain: &Name,
    question: &Query,
    reply: &Response,
    view: &mut View<'_>,
) -> Result<Result<bool, (Cause, String)>, Pending> {
    let Some(any) = domain.below("*") else { return Ok(Ok(false)) };
    let question = Query::new(&any, question.kind);
    let answer = view.get(question.clone())?;
    Ok(match answer.addresses() {
        Err(cause) => Err((cause, silence(&question, cause))),
        Ok(addresses) => {
            let all = |addresses: Vec<IpAddr>| addresses.into_iter().collect::<BTreeSet<_>>();
            let same = all(addresses) == all(reply.addresses().unwrap_or_default());
            let says_something = answer.outcome != Outcome::NoSuchName && answer.outcome != Outcome::NoData;
            Ok((answer.aliases.last(), same) == (reply.aliases.last(), true)
                && (says_something || !answer.aliases.is_empty()))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds};

    const HEALTHY: &str = "
        _imaps._tcp.example.com SRV 0 1 993 mail.example.com
        _submissions._tcp.example.com SRV 0 1 465 mail.example.com
        _submission._tcp.example.com SRV 0 0 0 .
        _autodiscover._tcp.example.com SRV 0 1 443 mail.example.com
        autoconfig.example.com CNAME mail.example.com
        autodiscover.example.com AAAA 2001:db8::1
        mail.example.com A 192.0.2.1";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    #[test]
    fn every_code_has_its_case() {
        let imaps = |rest: &str| lab(&format!("_imaps._tcp.example.com SRV 0 1 993 mail.example.com\n{rest}"));
        finds(
            Topic::Autoconfig,
            &[
                (lab(HEALTHY), &[Code::AutoconfigFound]),
                (lab(""), &[Code::AutoconfigNone]),
                (lab("_imaps._tcp.example.com SRV 0 0 0 ."), &[Code::AutoconfigNotOffered]),
                (imaps(""), &[Code::AutoconfigTargetMissing]),
                (imaps("mail.example.com TXT hello"), &[Code::AutoconfigTargetMissing]),
                (imaps("mail.example.com AAAA 2001:db8::1"), &[Code::AutoconfigFound]),
                (
                    imaps("mail.example.com CNAME mail.example.net\nmail.example.net A 192.0.2.1"),
                    &[Code::AutoconfigFound, Code::AutoconfigTargetAlias],
                ),
                (
                    lab("_imaps._tcp.example.com SRV 0 1 143 mail.example.com\nmail.example.com A 192.0.2.1"),
                    &[Code::AutoconfigFound, Code::AutoconfigPort],
                ),
                (lab("autodiscover.example.com CNAME gone.example.net"), &[Code::AutoconfigDanglingAlias]),
                (
                    lab("autodiscover.example.com CNAME old.example.net\nold.example.net TXT hello"),
                    &[Code::AutoconfigDanglingAlias],
                ),
                (lab("autodiscover.example.com A servfail"), &[Code::AutoconfigUnknown]),
                (imaps("mail.example.com A 10.0.0.3"), &[Code::AutoconfigPrivate]),
                (lab("autoconfig.example.com A 10.0.0.1"), &[Code::AutoconfigPrivate]),
                (
                    lab("_imaps._tcp.example.com SRV 0 1 0 mail.example.com\nmail.example.com A 192.0.2.1"),
                    &[Code::AutoconfigPortZero],
                ),
                (imaps("mail.example.com A silent"), &[Code::AutoconfigUnknown]),
                (
                    imaps("mail.example.com A 192.0.2.1\n_submissions._tcp.example.com SRV refused"),
                    &[Code::AutoconfigFound, Code::AutoconfigUnknown],
                ),
            ],
        );
    }

    #[test]
    fn what_is_found_is_told_as_it_is_published() {
        let ran = lab(HEALTHY).run(Topic::Autoconfig);
        assert_eq!(
            ran.finding(Code::AutoconfigFound).evidence,
            [
                "_imaps._tcp.example.com SRV 0 1 993 mail.example.com",
                "_submissions._tcp.example.com SRV 0 1 465 mail.example.com",
                "_autodiscover._tcp.example.com SRV 0 1 443 mail.example.com",
                "autoconfig.example.com leads to mail.example.com",
                "autodiscover.example.com leads to 2001:db8::1",
                "_submission._tcp.example.com SRV 0 0 0 .",
            ]
        );
        let ran = lab("autodiscover.example.com CNAME gone.example.net").run(Topic::Autoconfig);
        assert_eq!(
            ran.finding(Code::AutoconfigDanglingAlias).evidence,
            ["autodiscover.example.com is an alias for gone.example.net; NXDOMAIN for gone.example.net"]
        );
    }

    #[test]
    fn what_a_wildcard_gives_is_no_setting() {
        for (every, own, codes) in [
            ("A 192.0.2.80", "A 192.0.2.80", &["autoconfig-none"][..]),
            ("CNAME web.example.net", "CNAME web.example.net", &["autoconfig-none"]),
            ("CNAME gone.example.net", "CNAME gone.example.net", &["autoconfig-none"]),
            ("AAAA 2001:db8::80", "AAAA 2001:db8::80", &["autoconfig-none"]),
            ("A 192.0.2.80", "A 192.0.2.1", &["autoconfig-found"]),
            ("A 192.0.2.80", "CNAME web.example.net", &["autoconfig-found"]),
            ("A silent", "A 192.0.2.80", &["autoconfig-unknown"]),
        ] {
            let names = ["autoconfig", "autodiscover"].map(|label| format!("{label}.example.com {own}\n")).concat();
            let ran =
                lab(&format!("*.example.com {every}\nweb.example.net A 192.0.2.80\n{names}")).run(Topic::Autoconfig);
            assert_eq!(ran.codes(), codes, "{every}, {own}");
            assert!(ran.asked.iter().filter(|question| question.to_string().starts_with('*')).count() <= 2);
        }
    }

    #[test]
    fn a_domain_that_publishes_nothing_costs_six_questions() {
        let ran = lab("").run(Topic::Autoconfig);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 6));
        assert_eq!(lab(HEALTHY).run(Topic::Autoconfig).asked.len(), 6 + 2 + 1 + 2);
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Autoconfig).len(), 9 + 2);
        assert_eq!(lab("").no_answer_is_no_fault(Topic::Autoconfig).len(), 6);
    }
}

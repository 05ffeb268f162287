//! Where the domain's mail goes: its MX records and the addresses of the mail servers they name (RFC 5321 section 5.1).
//!
//! Tells apart no MX at all, the fallback to the domain's own address, and a null MX (RFC 7505). Whether the addresses
//! have names is the business of `ptr`; nobody is connected to here.

pub(super) mod target;

use crate::domain::Name;
use crate::facts::{Kind, Outcome, Pending, Query, View};
use crate::finding::{Code, Finding, Severity};
use crate::mail::Case;
use crate::mail::address::is_private;
use crate::mail::evidence::{absence, unknown};
use target::{Addresses, by_preference, is_literal, questions, targets};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let question = Query::new(domain, Kind::Mx);
    let reply = view.get(question.clone())?;
    let records = by_preference(reply);
    match (&records[..], &reply.outcome) {
        (_, Outcome::Unknown(why)) => return Ok(vec![unknown(Code::MxUnknown, domain, &question, *why)]),
        ([], Outcome::NoSuchName) => {
            return Ok(vec![Finding::new(Code::MxMissing, domain).evidence(absence(&question, reply))]);
        }
        ([], _) => return without_mx(domain, absence(&question, reply), view),
        ([(_, only)], _) if only.is_root() => return Ok(vec![all(Code::MxNull, domain, &records)]),
        _ => {}
    }

    let targets = targets(&records);
    let replies = view.get_all(targets.iter().flat_map(|target| questions(target)))?;
    let mut findings = judge_records(case, &records);
    for (target, replies) in targets.iter().zip(replies.chunks(2)) {
        let alias = replies.iter().find_map(|reply| reply.aliases.last());
        findings.extend(alias.map(|alias| {
            let evidence = format!("{target} is an alias for {alias}");
            Finding::new(Code::MxTargetAlias, target).detail("target", target).detail("alias", alias).evidence(evidence)
        }));
        findings.extend(judge_addresses(target, &Addresses::of(target, replies)));
    }
    if !findings.iter().any(|finding| matches!(finding.severity(), Severity::Fail | Severity::Unknown)) {
        let mut distinct: Vec<&Name> = records.iter().map(|(_, name)| *name).collect();
        distinct.sort();
        distinct.dedup();
        let mut found = all(Code::MxFound, domain, &records).detail("count", distinct.len());
        if targets.len() < distinct.len() {
            found = found.evidence(format!("looked up: the first {} of {}", targets.len(), distinct.len()));
        }
        findings.insert(0, found);
    }
    Ok(findings)
}

/// A finding about all the records, which it shows.
fn all(code: Code, domain: &Name, records: &[(u16, &Name)]) -> Finding {
    records.iter().fold(Finding::new(code, domain), |finding, (preference, name)| {
        finding.evidence(format!("{preference} {name}"))
    })
}

/// What the records say by themselves, before any mail server is looked up.
fn judge_records(case: &Case<'_>, records: &[(u16, &Name)]) -> Vec<Finding> {
    let domain = case.domain.name();
    let mut findings = Vec::new();
    if records.iter().any(|(_, name)| name.is_root()) {
        findings.push(all(Code::MxNullWithOthers, domain, records));
    }
    for (place, (preference, name)) in records.iter().enumerate() {
        let about = |code| Finding::new(code, name).detail("target", name).evidence(format!("{preference} {name}"));
        if records.iter().take(place).any(|(_, before)| before == name) {
            findings.push(about(Code::MxDuplicate));
        } else if is_literal(name) {
            findings.push(about(Code::MxTargetLiteral));
        } else if *name == domain {
            findings.push(about(Code::MxTargetIsDomain));
        }
    }
    let expected = &case.host.mx;
    if !expected.is_empty() && !records.iter().any(|(_, name)| expected.contains(name)) {
        let expected = expected.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        findings.push(all(Code::MxNotHost, domain, records).detail("expected", expected));
    }
    findings
}

/// What a mail server's addresses say: none, private ones, or that some could not be looked up.
fn judge_addresses(target: &Name, addresses: &Addresses) -> Vec<Finding> {
    let about = |code| Finding::new(code, target).detail("target", target);
    let mut findings: Vec<Finding> = addresses
        .found
        .iter()
        .filter(|address| is_private(**address))
        .map(|address| about(Code::MxTargetPrivate).detail("address", address).evidence(address))
        .collect();
    if let Some((cause, _)) = addresses.unknown.first() {
        let unknown = about(Code::MxTargetUnknown).detail("cause", cause);
        findings.push(addresses.unknown.iter().fold(unknown, |finding, (_, seen)| finding.evidence(seen)));
    } else if addresses.found.is_empty() {
        findings.push(addresses.absent.iter().fold(about(Code::MxTargetMissing), Finding::evidence));
    }
    findings
}

/// No MX record: senders fall back to the domain's own address, if it has one (RFC 5321 section 5.1).
fn without_mx(domain: &Name, no_mx: String, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let replies = view.get_all(questions(domain))?;
    let addresses = Addresses::of(domain, &replies);
    if !addresses.found.is_empty() {
        let implicit = Finding::new(Code::MxImplicit, domain).evidence(no_mx);
        let mut findings = vec![addresses.found.iter().fold(implicit, Finding::evidence)];
        findings.extend(judge_addresses(domain, &addresses));
        return Ok(findings);
    }
    Ok(vec![match addresses.unknown.first() {
        Some((cause, seen)) => Finding::new(Code::MxUnknown, domain).detail("cause", cause).evidence(seen),
        None => addresses.absent.iter().fold(Finding::new(Code::MxMissing, domain).evidence(no_mx), Finding::evidence),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Host;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds, lines, name};

    const HEALTHY: &str = "
        example.com MX 20 mx2.example.com
        example.com MX 10 mx1.example.com
        mx1.example.com A 192.0.2.1
        mx1.example.com AAAA 2001:db8::1
        mx2.example.com A 192.0.2.2";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    fn host(mx: &str) -> Host {
        Host { mx: vec![name(mx)], ..Host::default() }
    }

    #[test]
    fn every_code_has_its_case() {
        let one = |target: &str, rest: &str| lab(&format!("example.com MX 10 {target}\n{rest}"));
        finds(
            Topic::Mx,
            &[
                (lab(HEALTHY), &[Code::MxFound]),
                (lab(""), &[Code::MxMissing]),
                (lab("example.com TXT parked"), &[Code::MxMissing]),
                (lab("example.com A 192.0.2.1"), &[Code::MxImplicit]),
                (lab("example.com A 192.0.2.1\nexample.com AAAA servfail"), &[Code::MxImplicit, Code::MxTargetUnknown]),
                (lab("example.com A 10.0.0.1"), &[Code::MxImplicit, Code::MxTargetPrivate]),
                (one(".", ""), &[Code::MxNull]),
                (one(".", HEALTHY), &[Code::MxNullWithOthers]),
                (one("gone.example.com", ""), &[Code::MxTargetMissing]),
                (one("mx.example.com", "mx.example.com TXT hello"), &[Code::MxTargetMissing]),
                (
                    one("mx.example.com", "mx.example.com CNAME mx.example.net\nmx.example.net A 192.0.2.1"),
                    &[Code::MxFound, Code::MxTargetAlias],
                ),
                (
                    one("mx.example.com", "mx.example.com CNAME mx.example.net"),
                    &[Code::MxTargetAlias, Code::MxTargetMissing],
                ),
                (one("192.0.2.1", ""), &[Code::MxTargetLiteral]),
                (one("[2001:db8::1]", HEALTHY), &[Code::MxTargetLiteral]),
                (one("mx.example.com", "mx.example.com A 192.168.0.1"), &[Code::MxTargetPrivate]),
                (one("example.com", "example.com A 192.0.2.1"), &[Code::MxFound, Code::MxTargetIsDomain]),
                (lab(HEALTHY).host(host("mx.host.example")), &[Code::MxFound, Code::MxNotHost]),
                (lab(HEALTHY).host(host("mx2.example.com")), &[Code::MxFound]),
                (one("mx1.example.com", &HEALTHY.replace("MX 10", "MX 30")), &[Code::MxFound, Code::MxDuplicate]),
                (lab("example.com MX silent"), &[Code::MxUnknown]),
                (lab("example.com A silent"), &[Code::MxUnknown]),
                (one("mx.example.com", "mx.example.com A silent"), &[Code::MxTargetUnknown]),
                (
                    one("mx.example.com", "mx.example.com A 192.0.2.1\nmx.example.com AAAA servfail"),
                    &[Code::MxTargetUnknown],
                ),
            ],
        );
    }

    #[test]
    fn the_records_are_shown_the_preferred_first() {
        let ran = lab(HEALTHY).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxFound).evidence, ["10 mx1.example.com", "20 mx2.example.com"]);
        assert_eq!(ran.detail(Code::MxFound, "count"), "2");
        let ran = lab("").run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxMissing).evidence, ["NXDOMAIN for example.com"]);
        let ran = lab("example.com TXT parked").run(Topic::Mx);
        assert_eq!(
            ran.finding(Code::MxMissing).evidence,
            ["no MX record at example.com", "no A record at example.com", "no AAAA record at example.com"]
        );
        let ran = lab(HEALTHY).host(host("mx.host.example")).run(Topic::Mx);
        assert_eq!(ran.detail(Code::MxNotHost, "expected"), "mx.host.example");
    }

    #[test]
    fn the_domain_is_asked_once_and_each_mail_server_twice() {
        let ran = lab(HEALTHY).run(Topic::Mx);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 5));
        let many = lines(10..40, |n| format!("example.com MX {n} mx{n}.example.com"));
        let ran = lab(&many).run(Topic::Mx);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 1 + 2 * target::MOST));
    }

    #[test]
    fn mail_servers_that_were_not_looked_up_are_told() {
        let many = lines(10..22, |n| format!("example.com MX {n} mx{n}.example.com\nmx{n}.example.com A 192.0.2.{n}"));
        let found = lab(&many).run(Topic::Mx);
        let evidence = &found.finding(Code::MxFound).evidence;
        assert_eq!(evidence.last().map(String::as_str), Some("looked up: the first 10 of 12"));
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Mx).len(), 5);
        for (cause, _) in CAUSES {
            let dark = format!("example.com A {cause}\nexample.com AAAA {cause}");
            assert_eq!(lab(&dark).run(Topic::Mx).codes(), ["mx-unknown"]);
        }
    }
}

//! Whether the domain exists and its zone answers (RFC 1034, RFC 8020).
//!
//! Tells where the domain itself is an alias, since nothing can stand beside one. Asks for the zone's start; where that fails, whether signatures or name servers are the reason. What each name server
//! says is for `ns`.

use crate::facts::{Cause, Kind, Outcome, Pending, Query, Record, Server, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::dnssec::broken_signatures;
use crate::mail::evidence::{absence, silence, unknown};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let question = Query::new(case.domain.name(), Kind::Soa);
    let reply = view.get(question.clone())?;
    let found = |code| Finding::new(code, case.domain);
    let mut findings = vec![match &reply.outcome {
        Outcome::Unknown(why) => match broken_signatures(case.domain.name(), reply, view)? {
            Some(seen) => seen.iter().fold(found(Code::DnsBogus), Finding::evidence),
            None => without_answer(case, *why, view)?,
        },
        Outcome::NoSuchName => found(Code::DnsNoSuchName).evidence(absence(&question, reply)),
        Outcome::Records(records) => {
            records.iter().filter_map(start_of_zone).fold(found(Code::DnsFound), Finding::evidence)
        }
        Outcome::NoData => found(Code::DnsFound),
    }];
    // Where the alias leads nowhere, that is told already.
    if let (Ok(_), Some(alias)) = (reply.records(), reply.aliases.last())
        && reply.outcome != Outcome::NoSuchName
    {
        let evidence = format!("{} is an alias for {alias}", case.domain.name());
        findings.push(found(Code::DnsAlias).detail("alias", alias).evidence(evidence));
    }
    Ok(findings)
}

/// The resolver's failure, and the one when it was told not to check signatures, which leaves the name servers as the reason.
fn without_answer(case: &Case<'_>, why: Cause, view: &mut View<'_>) -> Result<Finding, Pending> {
    let question = Query::new(case.domain.name(), Kind::Soa);
    if why != Cause::ServFail {
        return Ok(unknown(Code::DnsUnknown, case.domain, &question, why));
    }
    let again = question.clone().to(Server::Unchecked);
    Ok(match view.get(again.clone())?.outcome {
        Outcome::Unknown(Cause::ServFail) => {
            unknown(Code::DnsServersFail, case.domain, &question, why).evidence(silence(&again, why))
        }
        _ => unknown(Code::DnsUnknown, case.domain, &question, why),
    })
}

/// How the start of a zone is shown.
pub(super) fn start_of_zone(record: &Record) -> Option<String> {
    if let Record::Soa { primary, serial } = record { Some(format!("SOA {primary} {serial}")) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds};

    #[test]
    fn every_code_has_its_case() {
        let lab = |table| Lab::new("example.com", table);
        finds(
            Topic::Dns,
            &[
                (lab("example.com SOA ns1.example.com 2026112301"), &[Code::DnsFound]),
                (lab("example.com A 192.0.2.1"), &[Code::DnsFound]),
                (lab(""), &[Code::DnsNoSuchName]),
                (lab("example.com CNAME gone.example.net"), &[Code::DnsNoSuchName]),
                (
                    lab("example.com CNAME web.example.net\nweb.example.net A 192.0.2.1"),
                    &[Code::DnsFound, Code::DnsAlias],
                ),
                (lab("example.com SOA silent"), &[Code::DnsUnknown]),
                (lab("example.com SOA servfail\nexample.com@unchecked SOA nodata"), &[Code::DnsUnknown]),
                (lab("example.com SOA servfail"), &[Code::DnsServersFail]),
                (
                    lab(
                        "example.com SOA servfail\nexample.com NS servfail\nexample.com@unchecked SOA ns1.example.com 7",
                    ),
                    &[Code::DnsBogus],
                ),
            ],
        );
    }

    #[test]
    fn a_name_that_does_not_exist_is_shown_as_the_dns_says_it() {
        let evidence = |table| Lab::new("example.com", table).run(Topic::Dns).findings[0].evidence.clone();
        assert_eq!(evidence(""), ["NXDOMAIN for example.com"]);
        assert_eq!(
            evidence("example.com CNAME gone.example.net"),
            ["example.com is an alias for gone.example.net; NXDOMAIN for gone.example.net"]
        );
        assert_eq!(evidence("example.com SOA ns1.example.com 7"), ["SOA ns1.example.com 7"]);
    }

    #[test]
    fn no_record_is_offered_beside_an_alias() {
        let host = crate::config::Host { mx: vec!["mx1.host.example".parse().unwrap()], ..Default::default() };
        let table = "example.com CNAME web.example.net\nweb.example.net A 192.0.2.80\nmx1.host.example A 192.0.2.1";
        let ran = Lab::new("example.com", table).host(host).run_all(&[Topic::Dns, Topic::Mx, Topic::Spf]);
        assert_eq!(ran.codes(), ["dns-found", "dns-alias", "mx-implicit", "spf-missing"]);
        assert!(ran.findings.iter().all(|finding| finding.fix.is_none()), "{ran:#?}");
    }

    #[test]
    fn no_answer_is_no_fault() {
        let lab = Lab::new("example.com", "example.com SOA ns1.example.com 7");
        assert_eq!(lab.no_answer_is_no_fault(Topic::Dns), ["example.com SOA"]);
        let ran = lab.run(Topic::Dns);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 1));
    }
}

//! Whether the domain exists and its zone answers (RFC 1034, RFC 8020).
//!
//! Asks for the zone's start alone. That some other name server has an older version of the zone is no matter here.

use crate::facts::{Kind, Outcome, Pending, Query, Record, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, unknown};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let question = Query::new(case.domain.name(), Kind::Soa);
    let reply = view.get(question.clone())?;
    let found = |code| Finding::new(code, case.domain);
    Ok(vec![match &reply.outcome {
        Outcome::Unknown(why) => unknown(Code::DnsUnknown, case.domain, &question, *why),
        Outcome::NoSuchName => found(Code::DnsNoSuchName).evidence(absence(&question, reply)),
        Outcome::Records(records) => {
            records.iter().filter_map(start_of_zone).fold(found(Code::DnsFound), Finding::evidence)
        }
        Outcome::NoData => found(Code::DnsFound),
    }])
}

fn start_of_zone(record: &Record) -> Option<String> {
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
                (lab("example.com SOA servfail"), &[Code::DnsUnknown]),
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
    fn no_answer_is_no_fault() {
        let lab = Lab::new("example.com", "example.com SOA ns1.example.com 7");
        assert_eq!(lab.no_answer_is_no_fault(Topic::Dns), ["example.com SOA"]);
        let ran = lab.run(Topic::Dns);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 1));
    }
}

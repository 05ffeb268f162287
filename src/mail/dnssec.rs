//! Whether the domain's records are signed and the signatures hold, by the word of a resolver that checks them (RFC 4035).
//!
//! Checks no signature itself: it trusts the resolver's AD flag, and tells signatures that do not hold from name servers
//! that do not answer by asking again with checking disabled (CD). A domain without signatures lacks nothing that mail needs.

use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Pending, Query, Response, Server, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::dns::start_of_zone;
use crate::mail::evidence::{silence, unknown};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let question = Query::new(case.domain.name(), Kind::Soa);
    let reply = view.get(question.clone())?;
    let about = |code| Finding::new(code, case.domain);
    if let Outcome::Unknown(cause) = reply.outcome {
        return Ok(vec![match broken_signatures(case.domain.name(), reply, view)? {
            Some(seen) => seen.iter().fold(about(Code::DnssecBogus), Finding::evidence),
            None => unknown(Code::DnssecUnknown, case.domain, &question, cause),
        }]);
    }
    Ok(match (&reply.outcome, reply.authentic) {
        // What does not exist is for `dns` to say.
        (Outcome::NoSuchName, _) => Vec::new(),
        (_, true) => vec![about(Code::DnssecValid).evidence("the resolver says so (AD)")],
        (_, false) => {
            // The root is signed: a resolver that does not vouch for it vouches for nothing.
            let root = view.get(Query::new(&Name::root(), Kind::Soa))?;
            vec![about(if root.authentic { Code::DnssecUnsigned } else { Code::DnssecCannotTell })]
        }
    })
}

/// Whether a name's records are there, but withheld because their signatures do not hold: how that was seen.
///
/// A resolver that fails, and answers a moment later when told not to check, may also have been waiting for a slow name
/// server the first time. So two questions must have failed, and the third, left unchecked, be answered.
pub(super) fn broken_signatures(
    name: &Name,
    start: &Response,
    view: &mut View<'_>,
) -> Result<Option<Vec<String>>, Pending> {
    const FAILED: Outcome = Outcome::Unknown(Cause::ServFail);
    if start.outcome != FAILED {
        return Ok(None);
    }
    let (first, second) = (Query::new(name, Kind::Soa), Query::new(name, Kind::Ns));
    let unchecked = first.clone().to(Server::Unchecked);
    let (servers, told) = (view.get(second.clone()), view.get(unchecked.clone()));
    let (servers, told) = (servers?, told?);
    let shown = match &told.outcome {
        Outcome::Records(records) => records.iter().find_map(start_of_zone),
        Outcome::NoData | Outcome::NoSuchName => None,
        Outcome::Unknown(_) => return Ok(None),
    };
    Ok((servers.outcome == FAILED).then(|| {
        let shown = shown.unwrap_or_else(|| "an answer".to_owned());
        vec![silence(&first, Cause::ServFail), silence(&second, Cause::ServFail), format!("{unchecked}: {shown}")]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds};

    const ZONE: &str = "example.com SOA ns1.example.com 7";
    const BOGUS: &str = "
        example.com SOA servfail
        example.com NS servfail
        example.com@unchecked SOA ns1.example.com 7";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table).proven(&["."])
    }

    #[test]
    fn every_code_has_its_case() {
        finds(
            Topic::Dnssec,
            &[
                (lab(ZONE).proven(&["example.com", "."]), &[Code::DnssecValid]),
                (lab("mail.example.com A 192.0.2.1").proven(&["example.com"]), &[Code::DnssecValid]),
                (lab(ZONE), &[Code::DnssecUnsigned]),
                (lab(ZONE).proven(&[]), &[Code::DnssecCannotTell]),
                (lab(""), &[]),
                (lab(BOGUS), &[Code::DnssecBogus]),
                (lab(&BOGUS.replace("SOA ns1.example.com 7", "SOA nodata")), &[Code::DnssecBogus]),
                (lab(&BOGUS.replace("SOA ns1.example.com 7", "SOA servfail")), &[Code::DnssecUnknown]),
                (lab(&BOGUS.replace("NS servfail", "NS ns1.example.com")), &[Code::DnssecUnknown]),
                (lab(&BOGUS.replace("SOA servfail", "SOA silent")), &[Code::DnssecUnknown]),
            ],
        );
    }

    #[test]
    fn broken_signatures_are_shown_by_what_they_withhold() {
        let ran = lab(BOGUS).run(Topic::Dnssec);
        assert_eq!(
            ran.finding(Code::DnssecBogus).evidence,
            [
                "example.com SOA: the answer was SERVFAIL",
                "example.com NS: the answer was SERVFAIL",
                "example.com SOA (unchecked): SOA ns1.example.com 7",
            ]
        );
        assert_eq!((ran.rounds, ran.asked.len()), (2, 3));
    }

    #[test]
    fn a_signed_domain_costs_one_question_and_an_unsigned_one_two() {
        assert_eq!(lab(ZONE).proven(&["example.com"]).run(Topic::Dnssec).asked.len(), 1);
        assert_eq!(lab(ZONE).run(Topic::Dnssec).asked.len(), 2);
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(ZONE).no_answer_is_no_fault(Topic::Dnssec), ["example.com SOA"]);
    }
}

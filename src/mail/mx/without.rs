//! A domain without MX records: senders fall back to its own address, if it has one (RFC 5321 section 5.1); and the
//! records may stand at another name by mistake.

use super::host;
use super::target::{Addresses, by_preference, questions};
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::Case;
use crate::mail::evidence::unknown;

pub(super) fn check(case: &Case<'_>, no_mx: String, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let elsewhere = view.get_all(slips(domain).iter().map(|at| Query::new(at, Kind::Mx)));
    let above = above(domain, view);
    let addresses = Addresses::of(domain, &view.get_all(questions(domain))?);
    let (elsewhere, above) = (elsewhere?, above?);

    let mut findings = match (addresses.found.is_empty(), addresses.unknown.first()) {
        (true, Some((why, seen))) => {
            return Ok(vec![Finding::new(Code::MxUnknown, domain).detail("cause", why).evidence(seen)]);
        }
        (true, None) => {
            let missing = Finding::new(Code::MxMissing, domain).evidence(no_mx);
            vec![addresses.absent.iter().fold(missing, Finding::evidence)]
        }
        (false, _) => {
            if let Some(finding) = above {
                return Ok(vec![finding]);
            }
            let implicit = Finding::new(Code::MxImplicit, domain).evidence(no_mx);
            let mut findings = vec![addresses.found.iter().fold(implicit, Finding::evidence)];
            findings.extend(super::judge_addresses(domain, &addresses));
            findings
        }
    };
    let mut fix = host::records(case);
    let place = slips(domain).into_iter().zip(elsewhere).find(|(_, reply)| takes_mail(reply));
    if let Some((at, reply)) = place {
        findings.push(shown(Finding::new(Code::MxMisplaced, domain).detail("at", &at), &at, reply));
        fix = fix.or_else(|| Some(Fix::mx(domain.as_str(), by_preference(reply))));
    }
    for finding in &mut findings {
        if matches!(finding.code, Code::MxImplicit | Code::MxMissing | Code::MxMisplaced) {
            finding.fix.clone_from(&fix);
        }
    }
    Ok(findings)
}

/// That the domain lies below one with MX records, or may do so: then it is most likely no mail domain itself.
fn above(domain: &Name, view: &mut View<'_>) -> Result<Option<Finding>, Pending> {
    // A top-level domain is nobody's mail domain.
    let Some(parent) = domain.parent().filter(|parent| parent.labels().count() > 1) else { return Ok(None) };
    let question = Query::new(&parent, Kind::Mx);
    let reply = view.get(question.clone())?;
    Ok(match reply.records() {
        Err(why) => Some(unknown(Code::MxUnknown, domain, &question, why)),
        Ok(_) if takes_mail(reply) => {
            Some(shown(Finding::new(Code::MxBelow, domain).detail("parent", &parent), &parent, reply))
        }
        Ok(_) => None,
    })
}

/// The names at which people publish what belongs to the domain itself: a star in place of the domain, and the whole
/// name where the panel adds the domain.
fn slips(domain: &Name) -> Vec<Name> {
    ["*", domain.as_str()].iter().filter_map(|front| domain.below(front)).collect()
}

/// Whether a name has MX records, and takes mail.
fn takes_mail(reply: &Response) -> bool {
    by_preference(reply).iter().any(|(_, name)| !name.is_root())
}

fn shown(finding: Finding, at: &Name, reply: &Response) -> Finding {
    by_preference(reply)
        .iter()
        .fold(finding, |finding, (preference, name)| finding.evidence(format!("{at} MX {preference} {name}")))
}

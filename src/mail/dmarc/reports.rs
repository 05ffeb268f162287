//! Whether the addresses that a record names for reports get any: another organization must say that it takes them
//! (RFC 9990 section 4). Nothing is sent, and whether the mailbox exists is not looked at.

use super::record::{self, Record};
use super::walk::Step;
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, View};
use crate::finding::{Code, Finding};
use crate::mail::evidence::{absence, unknown};

/// How many organizations are asked: few records name more than two, and a record can name hundreds.
const MOST: usize = 4;

/// The organizations to which the record of `own` has reports sent without their consent. Those within `organization`
/// need not give it.
pub(super) fn unwanted(
    own: &Step<'_>,
    record: &Record,
    organization: &Name,
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let mut targets: Vec<Name> = Vec::new();
    for target in record.addresses.iter().filter_map(|address| host(address)) {
        if !is_same(&target, organization) && !targets.contains(&target) && targets.len() < MOST {
            targets.push(target);
        }
    }
    let asked = targets.iter().filter_map(|target| {
        let name = target.below(&format!("{}._report._dmarc", own.domain.as_str()))?;
        let question = Query::new(&name, Kind::Txt);
        Some(view.get(question.clone()).map(|reply| (target, question, reply)))
    });
    let asked = asked.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
    let judged = asked.into_iter().filter_map(|(target, question, reply)| {
        let texts = match reply.texts() {
            Ok(texts) => texts.iter().map(ToString::to_string).collect::<Vec<_>>(),
            Err(cause) => {
                return Some(unknown(Code::DmarcReportsUnknown, target, &question, cause).detail("target", target));
            }
        };
        if texts.iter().any(|text| record::is_record(text)) {
            return None;
        }
        let finding = Finding::new(Code::DmarcReportsUnwanted, target);
        let finding = finding.detail("target", target).detail("at", &question.name);
        // No fix: what mends it is a record in somebody else's zone.
        Some(texts.iter().fold(finding, Finding::evidence).evidence(if texts.is_empty() {
            absence(&question, reply)
        } else {
            format!("no DMARC record at {}", question.name)
        }))
    });
    Ok(judged.collect())
}

/// Whether a name belongs to an organization: by the tree, or by the list of public suffixes, which receivers follow
/// that are older than RFC 9989.
fn is_same(target: &Name, organization: &Name) -> bool {
    let listed = |name: &Name| psl::domain_str(name.as_str()).map(str::to_owned);
    target.is_within(organization) || listed(target).is_some_and(|domain| listed(organization) == Some(domain))
}

/// The host of a report address.
fn host(address: &str) -> Option<Name> {
    let (_, mailbox) = address.split_once(':')?;
    mailbox.rsplit_once('@')?.1.split(['!', '?']).next()?.parse().ok().filter(|host: &Name| host.labels().count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::lab::name;

    #[test]
    fn the_host_of_an_address_is_found() {
        for (address, expected) in [
            ("mailto:a@Example.com", Some("example.com")),
            ("mailto:a@example.com!10m", Some("example.com")),
            ("MAILTO:a@b@example.com?subject=x", Some("example.com")),
            ("mailto:a@localhost", None),
            ("tel:1", None),
        ] {
            assert_eq!(host(address), expected.map(name), "{address}");
        }
    }

    #[test]
    fn an_organization_is_itself_and_what_lies_below_or_beside() {
        for (target, organization, same) in [
            ("example.com", "example.com", true),
            ("mail.example.com", "example.com", true),
            ("example.com", "shop.example.com", true),
            ("mail.example.com", "shop.example.com", true),
            ("example.co.uk", "other.co.uk", false),
            ("example.net", "example.com", false),
            ("myexample.com", "example.com", false),
        ] {
            assert_eq!(is_same(&name(target), &name(organization)), same, "{target} {organization}");
        }
    }
}

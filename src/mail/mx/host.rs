//! Whether the mail goes to the host that is expected: by the names of its mail servers, by aliases that lead to them,
//! and by their addresses.

use super::records::all;
use super::slip::{Slip, slip};
use super::target::{Known, MOST};
use crate::domain::Name;
use crate::finding::{Code, Finding, Fix};
use crate::mail::Case;

/// The host's mail servers to look up: those that the records do not name, where the records name others.
pub(super) fn to_ask<'c>(case: &Case<'c>, records: &[(u16, &Name)]) -> Vec<&'c Name> {
    let is_other = |name: &Name| !name.is_root() && !is_named(case, name) && !is_sibling(name, &case.host.mx);
    if records.iter().any(|(_, name)| is_other(name)) { case.host.mx.iter().take(MOST).collect() } else { Vec::new() }
}

/// Whether the records name the host that is expected: none of them, or not all. `known` is what was looked up of the
/// mail servers that they name, `host` of the host's own.
pub(super) fn beside(
    case: &Case<'_>,
    records: &[(u16, &Name)],
    known: &[Known<'_>],
    host: &[Known<'_>],
) -> Vec<Finding> {
    let (domain, expected) = (case.domain.name(), &case.host.mx);
    if expected.is_empty() {
        return Vec::new();
    }
    let names = || records.iter().map(|(_, name)| *name).filter(|name| !name.is_root());
    let standings: Vec<(&Name, Standing)> = names().map(|name| (name, standing(case, name, known, host))).collect();
    let of =
        |wanted: Standing| standings.iter().filter(move |(_, standing)| *standing == wanted).map(|(name, _)| *name);
    // The host may have more servers than the configuration names.
    let others: Vec<&Name> = of(Standing::Other).filter(|other| !is_sibling(other, expected)).collect();
    let (any_ours, unclear) = (of(Standing::Ours).next().is_some(), of(Standing::Unclear).next().is_some());
    let expected = list(&expected.iter().collect::<Vec<_>>());
    let about = |code| all(code, domain, records).detail("expected", &expected);
    let mut findings = Vec::new();
    if any_ours && !others.is_empty() {
        findings.push(about(Code::MxElsewhere).detail("others", list(&others)));
    } else if !any_ours && !unclear {
        findings.push(about(Code::MxNotHost));
    }
    if unclear {
        findings.extend(host.iter().filter_map(Known::unknown));
    }
    findings
}

/// Whose a mail server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The host's.
    Ours,
    /// Somebody else's.
    Other,
    /// The network would not say where it leads.
    Unclear,
}

/// Whose a mail server is, by its name, its aliases and its addresses.
fn standing(case: &Case<'_>, name: &Name, known: &[Known<'_>], host: &[Known<'_>]) -> Standing {
    if is_named(case, name) {
        return Standing::Ours;
    }
    let Some(server) = known.iter().find(|known| known.name == name) else { return Standing::Other };
    let is_same = |address| host.iter().any(|ours| ours.addresses.found.contains(address));
    if server.aliases.iter().any(|alias| case.host.mx.contains(alias)) || server.addresses.found.iter().any(is_same) {
        return Standing::Ours;
    }
    let host_unknown = || host.iter().any(|ours| !ours.addresses.unknown.is_empty());
    if !server.addresses.unknown.is_empty() || (!server.addresses.found.is_empty() && host_unknown()) {
        return Standing::Unclear;
    }
    Standing::Other
}

/// Whether a name is that of one of the host's mail servers, or was meant to be.
fn is_named(case: &Case<'_>, name: &Name) -> bool {
    let slip = slip(name, case.domain.name(), &case.host.mx);
    case.host.mx.contains(slip.as_ref().and_then(Slip::meant).unwrap_or(name))
}

/// Whether a name stands in the same domain as one of the host's mail servers.
fn is_sibling(name: &Name, expected: &[Name]) -> bool {
    let parents = expected.iter().filter_map(Name::parent).filter(|parent| parent.labels().count() > 1);
    parents.into_iter().any(|parent| name.is_within(&parent))
}

fn list(names: &[&Name]) -> String {
    let mut names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// The records that customers of the host publish, in the order of the configuration; none where it names no host.
pub(super) fn records(case: &Case<'_>) -> Option<Fix> {
    let records = (1..).map(|place| place * 10).zip(&case.host.mx);
    (!case.host.mx.is_empty()).then(|| Fix::mx(case.domain.to_string(), records))
}

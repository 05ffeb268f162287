//! The findings on a domain's SPF: every `spf-…` code comes from here, or from the rooms that are called here.
//!
//! Judges what `survey` saw; offers a fix where one mend is certain. What the network would not say is told as such,
//! and then nothing is concluded from its absence. No record is judged in `absent`, where its terms lead in `targets`,
//! what it costs in `limits`, and what a usable record should not do in `habits` and `ranges`.

use std::fmt;
use std::net::IpAddr;

use super::absent::{self, TakesMail, takes_mail};
use super::admits::{lets_nobody_in, without_lockouts};
use super::habits::habits;
use super::limits::{too_many_lookups, too_many_voids};
use super::mechanism::Mechanism;
use super::ranges::ranges;
use super::record::{Record, SyntaxError};
use super::respell::respelled;
use super::survey::{survey, survey_record};
use super::targets::{targets, unknown};
use super::tree::{Branch, Found, Survey};
use super::{mend, outline};
use crate::domain::Name;
use crate::facts::{Kind, Pending, View};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::mail::Case;

/// What there is to say about a domain's SPF.
pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let survey = survey(case.domain.name(), view)?;
    let root = &survey.root;
    let mut findings = match &root.found {
        Found::Nothing(seen) => absent::missing(case, seen, view)?,
        Found::Several(records) => vec![several(case, records, view)?],
        Found::Broken(text, errors) => syntax(case, &root.domain, text, errors, view)?,
        Found::Unknown(why) => vec![unknown(case, &root.domain, Kind::Txt, *why)],
        Found::Record(..) | Found::Loop | Found::NotFollowed => Vec::new(),
    };
    findings.extend(absent::unread(case, view)?);
    findings.extend(targets(case, &survey, view)?);
    findings.extend(too_many_lookups(case, &survey));
    findings.extend(too_many_voids(case, &survey));
    // Whoever lets nobody in may mean it: that is told by whether the domain takes mail.
    let mx = if lets_nobody_in(&survey) { takes_mail(case, view)? } else { TakesMail::Maybe };
    findings.extend(host_missing(case, &survey, mx));
    findings.extend(ranges(case, &survey));
    findings.extend(habits(case, &survey, mx));
    let mut findings = without_lockouts(case, without_repeats(findings), view)?;
    let is_usable = !findings.iter().any(|finding| matches!(finding.severity(), Severity::Fail | Severity::Unknown));
    let is_explained = findings.iter().any(|finding| matches!(finding.code, Code::SpfAfterAll | Code::SpfIgnored));
    // Only of a record that lets nobody in is it known whether the domain takes mail.
    let is_told = is_usable && !is_explained && mx == TakesMail::Yes;
    findings.extend(is_told.then(|| about(Code::SpfNobody, case.domain, root)));
    if let Found::Record(text, _) = &root.found
        && is_usable
    {
        let found = Finding::new(Code::SpfFound, case.domain).evidence(text).detail("lookups", survey.lookups);
        findings.insert(0, outline::summary(&survey).into_iter().fold(found, Finding::evidence));
    }
    Ok(findings)
}

/// How many findings of one kind are told: who has mended those looks again.
const TOLD: usize = 5;

/// A record that is included twice is spoken of once, and a hostile one does not go on for ever.
fn without_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().fold(Vec::new(), |mut said, finding| {
        let alike = said.iter().filter(|other| other.code == finding.code).count();
        if alike < TOLD && !said.contains(&finding) {
            said.push(finding);
        }
        said
    })
}

/// More than one record: none counts.
fn several(case: &Case<'_>, records: &[String], view: &mut View<'_>) -> Result<Finding, Pending> {
    let read = |text: &String| {
        let record = Record::parse(text.as_bytes()).ok();
        record.or_else(|| Record::parse(respelled(text)?.as_bytes()).ok())
    };
    let parsed: Option<Vec<_>> = records.iter().map(read).collect();
    let fix = parsed.and_then(|records| mend::merged(&records));
    let fix = fix.map(|record| with_host(case, record, view)).transpose()?;
    let finding = Finding::new(Code::SpfTwoRecords, case.domain).detail("count", records.len());
    Ok(with_fix(case, records.iter().fold(finding, Finding::evidence), case.domain.name().as_str(), fix))
}

/// Terms that the grammar does not allow; one fix mends them all and is told once.
pub(super) fn syntax(
    case: &Case<'_>,
    domain: &str,
    record: &str,
    errors: &[SyntaxError],
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let mut fix = respelled(record);
    if domain == case.domain.name().as_str() {
        fix = fix.map(|record| with_host(case, record, view)).transpose()?;
    }
    let findings = errors.iter().map(|SyntaxError { term, column, problem }| {
        let finding = Finding::new(Code::SpfSyntax, domain).evidence(record);
        let finding = finding.evidence(format!("at character {column}: {term}"));
        let finding = finding.detail("term", term).detail("column", column).detail("problem", problem);
        with_fix(case, finding, domain, fix.take())
    });
    Ok(findings.collect())
}

/// A record by which a fix shall be judged must let the host in, or else that would be found missing instead.
pub(super) fn with_host(case: &Case<'_>, record: String, view: &mut View<'_>) -> Result<String, Pending> {
    let Some(host) = &case.host.spf_include else { return Ok(record) };
    let survey = survey_record(case.domain.name(), &record, view)?;
    let Some(parsed) = survey.root.parsed().filter(|_| lacks(case, &survey, host)) else { return Ok(record) };
    if lets_nobody_in(&survey) && !takes_mail(case, view)?.may_be() {
        return Ok(record);
    }
    Ok(mend::with_include(parsed, host))
}

/// Whether nothing in the tree leads to the host; what could not be read might.
fn lacks(case: &Case<'_>, survey: &Survey, host: &Name) -> bool {
    case.domain.name() != host && !survey.includes(host) && survey.is_whole() && !names_servers(case, survey)
}

/// Whether the record names all the addresses that the host sends from, so that it does without the include.
fn names_servers(case: &Case<'_>, survey: &Survey) -> bool {
    let named = |ip: &IpAddr| {
        survey.root.passing().iter().flat_map(|(branch, _)| branch.permits()).any(|(_, mechanism)| match mechanism {
            Mechanism::Ip4(net) => matches!(ip, IpAddr::V4(ip) if net.contains(ip)),
            Mechanism::Ip6(net) => matches!(ip, IpAddr::V6(ip) if net.contains(ip)),
            _ => false,
        })
    };
    let servers = &case.host.server_ips;
    !servers.is_empty() && servers.iter().all(named)
}

/// The host's include must be somewhere in the tree, unless the domain is not for mail.
fn host_missing(case: &Case<'_>, survey: &Survey, mx: TakesMail) -> Option<Finding> {
    let host = case.host.spf_include.as_ref()?;
    let record = survey.root.parsed().filter(|_| lacks(case, survey, host))?;
    match mx {
        TakesMail::No => return None,
        TakesMail::Unknown(why) => return Some(unknown(case, &survey.root.domain, Kind::Mx, why)),
        TakesMail::Yes | TakesMail::Maybe => {}
    }
    let finding = about(Code::SpfHostMissing, case.domain, &survey.root).detail("expected", host);
    Some(with_fix(case, finding, &survey.root.domain, Some(mend::with_include(record, host))))
}

/// A finding with a branch's record as its evidence.
pub(super) fn about(code: Code, subject: impl fmt::Display, branch: &Branch) -> Finding {
    branch.record().into_iter().fold(Finding::new(code, subject), Finding::evidence)
}

/// Adds a fix, if there is one, and if the record is the domain's to change.
pub(super) fn with_fix(case: &Case<'_>, finding: Finding, domain: &str, fix: Option<String>) -> Finding {
    match fix.filter(|_| is_own(case, domain)) {
        Some(value) => finding.fix(Fix::txt(domain, value)),
        None => finding,
    }
}

/// Whether a record is the domain's to change.
pub(super) fn is_own(case: &Case<'_>, domain: &str) -> bool {
    domain.parse::<Name>().is_ok_and(|name| name.is_within(case.domain.name()))
}

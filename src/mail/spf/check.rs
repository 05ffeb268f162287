//! The findings on a domain's SPF: every `spf-…` code comes from here.
//!
//! Judges what `survey` saw; offers a fix where `mend` knows one. What the network would not say is told as such,
//! and then nothing is concluded from its absence. What a usable record should not do is in `habits`.

use std::fmt;

use super::habits::habits;
use super::mend;
use super::record::{Record, SyntaxError};
use super::survey::{survey, survey_record};
use super::tree::{Answer, Branch, Found, Leaf, Place, Survey};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, View};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::mail::Case;

/// What there is to say about a domain's SPF.
pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let survey = survey(case.domain.name(), view)?;
    let root = &survey.root;
    let mut findings = Vec::new();
    match &root.found {
        Found::Nothing => findings.push(missing(case, view)?),
        Found::Several(records) => findings.push(several(case, records, view)?),
        Found::Broken(text, errors) => findings.extend(syntax(case, &root.domain, text, errors, view)?),
        Found::Unknown(why) => findings.push(unknown(case, case.domain, *why)),
        Found::Record(..) | Found::Loop | Found::NotFollowed => {}
    }
    for branch in root.all() {
        for leaf in &branch.terms {
            findings.extend(broken_branch(case, leaf, view)?);
            findings.extend(bad_target(case, &survey, branch, leaf));
        }
    }
    findings.extend(too_many_lookups(case, &survey));
    findings.extend(too_many_voids(case, &survey));
    findings.extend(host_missing(case, &survey));
    findings.extend(habits(case, &survey));
    let mut findings = without_repeats(findings);
    if let Found::Record(text, _) = &root.found
        && !findings.iter().any(|finding| matches!(finding.severity(), Severity::Fail | Severity::Unknown))
    {
        let found = Finding::new(Code::SpfFound, case.domain).evidence(text).detail("lookups", survey.lookups);
        findings.insert(0, found);
    }
    Ok(findings)
}

/// A record that is included twice is spoken of once.
fn without_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().fold(Vec::new(), |mut said, finding| {
        if !said.contains(&finding) {
            said.push(finding);
        }
        said
    })
}

/// No record; the texts that look as if they were meant as one are the evidence.
fn missing(case: &Case<'_>, view: &mut View<'_>) -> Result<Finding, Pending> {
    let reply = view.get(Query::new(case.domain.name(), Kind::Txt))?;
    let texts = reply.texts().unwrap_or_default().into_iter().map(ToString::to_string);
    let meant: Vec<String> = texts.filter(|text| looks_like_spf(text)).collect();
    let fix = match (meant.as_slice(), &case.host.spf_include) {
        ([text], _) => mend::respelled(text).map(|record| with_host(case, record, view)).transpose()?,
        // Without `mx`: the host's include names the servers that send, while those that receive may be somebody
        // else's and need not be let in.
        ([], Some(host)) => Some(format!("v=spf1 include:{host} ~all")),
        _ => None,
    };
    let finding = meant.iter().fold(Finding::new(Code::SpfMissing, case.domain), Finding::evidence);
    Ok(with_fix(case, finding, case.domain.name().as_str(), fix))
}

fn looks_like_spf(text: &str) -> bool {
    let text: String = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '=' | '.')).collect();
    let text = text.to_ascii_lowercase();
    text.starts_with("v=spf") || text.starts_with("spf1") || text.contains("v=spf1")
}

/// More than one record: none counts.
fn several(case: &Case<'_>, records: &[String], view: &mut View<'_>) -> Result<Finding, Pending> {
    let parsed: Result<Vec<_>, _> = records.iter().map(|text| Record::parse(text.as_bytes())).collect();
    let merged = parsed.ok().and_then(|records| mend::merged(&records));
    let fix = merged.map(|record| with_host(case, record, view)).transpose()?;
    let finding = Finding::new(Code::SpfTwoRecords, case.domain).detail("count", records.len());
    Ok(with_fix(case, records.iter().fold(finding, Finding::evidence), case.domain.name().as_str(), fix))
}

/// Terms that the grammar does not allow; one fix mends them all and is told once.
fn syntax(
    case: &Case<'_>,
    domain: &str,
    record: &str,
    errors: &[SyntaxError],
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let mut fix = mend::respelled(record);
    if domain == case.domain.name().as_str() {
        fix = fix.map(|record| with_host(case, record, view)).transpose()?;
    }
    let findings = errors.iter().map(|SyntaxError { term, column, problem }| {
        let finding = Finding::new(Code::SpfSyntax, domain).evidence(record);
        let finding = finding.detail("term", term).detail("column", column).detail("problem", problem);
        with_fix(case, finding, domain, fix.take())
    });
    Ok(findings.collect())
}

/// A record by which a fix shall be judged must let the host in, or else that would be found missing instead.
fn with_host(case: &Case<'_>, record: String, view: &mut View<'_>) -> Result<String, Pending> {
    let Some(host) = &case.host.spf_include else { return Ok(record) };
    let survey = survey_record(case.domain.name(), &record, view)?;
    match survey.root.parsed() {
        Some(parsed) if lacks(case, &survey, host) => Ok(mend::with_include(parsed, host)),
        _ => Ok(record),
    }
}

/// Whether nothing in the tree leads to the host; what could not be read might.
fn lacks(case: &Case<'_>, survey: &Survey, host: &Name) -> bool {
    case.domain.name() != host && !survey.includes(host) && survey.is_whole()
}

fn unknown(case: &Case<'_>, target: impl fmt::Display, why: Cause) -> Finding {
    Finding::new(Code::SpfUnknown, case.domain).detail("target", target).detail("cause", why)
}

/// Syntax errors in the record that a term leads to.
fn broken_branch(case: &Case<'_>, leaf: &Leaf, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    match &leaf.branch {
        Some(Branch { domain, found: Found::Broken(text, errors), .. }) => syntax(case, domain, text, errors, view),
        _ => Ok(Vec::new()),
    }
}

/// A term that leads to nothing, or to something that cannot be used.
fn bad_target(case: &Case<'_>, survey: &Survey, branch: &Branch, leaf: &Leaf) -> Option<Finding> {
    let target = leaf.target.as_ref()?;
    let about = |code| about(code, case.domain, branch);
    let finding = match (leaf.branch.as_ref().map(|branch| &branch.found), leaf.answer) {
        (Some(Found::Unknown(why)), _) => return Some(unknown(case, target, *why)),
        (_, Answer::Unknown(why)) => return Some(unknown(case, target, why)),
        (Some(Found::Nothing), _) => about(Code::SpfIncludeMissing),
        (Some(Found::Several(texts)), _) => texts.iter().fold(about(Code::SpfIncludeMissing), Finding::evidence),
        (Some(Found::Loop), _) => about(Code::SpfLoop),
        (_, Answer::TooMany(count)) => about(Code::SpfTooManyMx).detail("count", count),
        (_, Answer::Void) if survey.breaks_voids.is_none() => about(Code::SpfVoid),
        _ => return None,
    };
    Some(finding.detail("target", target))
}

fn too_many_lookups(case: &Case<'_>, survey: &Survey) -> Option<Finding> {
    let place = survey.breaks_lookups.as_ref()?;
    let costly = survey.root.terms.iter().filter(|leaf| leaf.lookups > 0);
    let costs: Vec<_> = costly.map(|leaf| format!("{} ({})", leaf.term.text, leaf.lookups)).collect();
    let finding = about(Code::SpfTooManyLookups, case.domain, &survey.root)
        .detail("lookups", survey.lookups)
        .detail("term", &place.term)
        .detail("costs", costs.join(", "));
    // What is certain is that no term need be asked twice; `examine` sees whether that is enough.
    let fix = survey.root.parsed().map(mend::without_repeats);
    Some(with_fix(case, place_shown(finding, &survey.root, place), &survey.root.domain, fix))
}

/// Terms that point to nothing let nobody in, so that the domain's own can go.
fn too_many_voids(case: &Case<'_>, survey: &Survey) -> Option<Finding> {
    let place = survey.breaks_voids.as_ref()?;
    let finding = about(Code::SpfTooManyVoids, case.domain, &survey.root)
        .detail("voids", survey.voids)
        .detail("term", &place.term);
    let void = survey.root.terms.iter().filter(|leaf| leaf.answer == Answer::Void).map(|leaf| &leaf.term);
    let fix = survey.root.parsed().map(|record| mend::without(record, &void.collect::<Vec<_>>()));
    Some(with_fix(case, place_shown(finding, &survey.root, place), &survey.root.domain, fix))
}

/// The record that breaks a limit is shown too, if it is not the domain's own.
fn place_shown(finding: Finding, root: &Branch, place: &Place) -> Finding {
    if place.domain == root.domain { finding } else { finding.evidence(&place.record) }
}

/// The host's include must be somewhere in the tree.
fn host_missing(case: &Case<'_>, survey: &Survey) -> Option<Finding> {
    let host = case.host.spf_include.as_ref()?;
    let record = survey.root.parsed().filter(|_| lacks(case, survey, host))?;
    let finding = about(Code::SpfHostMissing, case.domain, &survey.root).detail("expected", host);
    Some(with_fix(case, finding, &survey.root.domain, Some(mend::with_include(record, host))))
}

/// A finding with a branch's record as its evidence.
pub(super) fn about(code: Code, subject: impl fmt::Display, branch: &Branch) -> Finding {
    branch.record().into_iter().fold(Finding::new(code, subject), Finding::evidence)
}

/// Adds a fix, if there is one, and if the record is the domain's to change.
pub(super) fn with_fix(case: &Case<'_>, finding: Finding, domain: &str, fix: Option<String>) -> Finding {
    let is_own = domain.parse::<Name>().is_ok_and(|name| name.is_within(case.domain.name()));
    match fix.filter(|_| is_own) {
        Some(value) => finding.fix(Fix::txt(domain, value)),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::Lab;
    use super::*;

    /// The codes found for `example.com`, each with its fix.
    fn codes(zone: &str, host: Option<&str>) -> Vec<(&'static str, Option<String>)> {
        let findings = Lab(zone).check("example.com", host);
        findings.into_iter().map(|found| (found.code.as_str(), found.fix.map(|fix| fix.value))).collect()
    }

    #[test]
    fn each_fault_has_its_code_and_its_fix() {
        for (zone, expected) in [
            ("example.com TXT v=spf1 -all", &[("spf-found", None)][..]),
            ("example.com A 192.0.2.1", &[("spf-missing", None)]),
            ("other.example TXT v=spf1 -all", &[("spf-missing", None)]),
            ("example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"", &[("spf-missing", Some("v=spf1 ip4:192.0.2.1 -all"))]),
            ("example.com TXT ?", &[("spf-unknown", None)]),
            (
                "example.com TXT v=spf1 ip4:192.0.2.1 -all
                 example.com TXT v=spf1 ip4:192.0.2.2 ~all",
                &[("spf-two-records", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"))],
            ),
            ("example.com TXT v=spf1 a:192.0.2.1 -all mx:", &[("spf-syntax", None), ("spf-syntax", None)]),
            (
                "example.com TXT v=spf1 a:192.0.2.1 192.0.2.2 -all",
                &[("spf-syntax", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all")), ("spf-syntax", None)],
            ),
            (
                "example.com TXT v=spf1 include:a.example -all
                 a.example TXT v=spf1 include:b.example -all
                 b.example TXT v=spf1 ip4:1 -all",
                &[("spf-syntax", None)],
            ),
            ("example.com TXT v=spf1 include:none.example -all", &[("spf-include-missing", None)]),
            (
                "example.com TXT v=spf1 redirect=two.example
                 two.example TXT v=spf1 -all
                 two.example TXT v=spf1 ~all",
                &[("spf-include-missing", None)],
            ),
            (
                "example.com TXT v=spf1 include:a.example -all
                 a.example TXT ?",
                &[("spf-unknown", None)],
            ),
            (
                "example.com TXT v=spf1 mx -all
                 example.com MX ?",
                &[("spf-unknown", None)],
            ),
            (
                "example.com TXT v=spf1 include:a.example -all
                 a.example TXT v=spf1 include:example.com -all",
                &[("spf-loop", None)],
            ),
            ("example.com TXT v=spf1 ip4:192.0.2.1 +all", &[("spf-all-pass", Some("v=spf1 ip4:192.0.2.1 ~all"))]),
            (
                "example.com TXT v=spf1 include:a.example -all
                 a.example TXT v=spf1 +all",
                &[("spf-all-pass", None)],
            ),
            (
                "example.com TXT v=spf1 ?include:a.example -all
                 a.example TXT v=spf1 +all",
                &[("spf-found", None)],
            ),
            ("example.com TXT v=spf1 ?all", &[("spf-found", None), ("spf-all-neutral", None)]),
            ("example.com TXT v=spf1", &[("spf-found", None), ("spf-no-all", Some("v=spf1 ~all"))]),
            (
                "example.com TXT v=spf1 -all ip4:192.0.2.1 exp=why.example.com",
                &[("spf-found", None), ("spf-after-all", Some("v=spf1 -all exp=why.example.com"))],
            ),
            (
                "example.com TXT v=spf1 redirect=a.example -all",
                &[("spf-found", None), ("spf-after-all", Some("v=spf1 -all"))],
            ),
            (
                "example.com TXT v=spf1 include=a.example -all
                 a.example TXT v=spf1 -all",
                &[("spf-found", None), ("spf-ignored", Some("v=spf1 include:a.example -all"))],
            ),
            ("example.com TXT v=spf1 ptr -all", &[("spf-found", None), ("spf-ptr", None)]),
            (
                "example.com TXT v=spf1 a mx -all
                 example.com A 192.0.2.1",
                &[("spf-found", None), ("spf-void", None)],
            ),
            (
                "example.com TXT v=spf1 a mx exists:none.example ip4:192.0.2.1 -all",
                &[("spf-too-many-voids", Some("v=spf1 ip4:192.0.2.1 -all"))],
            ),
        ] {
            let expected: Vec<_> = expected.iter().map(|(code, fix)| (*code, fix.map(str::to_owned))).collect();
            assert_eq!(codes(zone, None), expected, "{zone}");
        }
    }

    #[test]
    fn the_host_must_be_let_in() {
        let host = "spf.host.example TXT v=spf1 ip4:192.0.2.1 -all\n";
        for (zone, expected) in [
            ("example.com A 192.0.2.1", &[("spf-missing", Some("v=spf1 include:spf.host.example ~all"))][..]),
            ("example.com TXT v=spf1 -all", &[("spf-host-missing", Some("v=spf1 include:spf.host.example -all"))]),
            ("example.com TXT v=spf1 include:spf.host.example -all", &[("spf-found", None)]),
            (
                "example.com TXT v=spf1 redirect=a.example
                 a.example TXT v=spf1 include:SPF.host.example -all",
                &[("spf-found", None)],
            ),
            (
                "example.com TXT v=spf1 include:a.example -all
                 a.example TXT ?",
                &[("spf-unknown", None)],
            ),
            ("example.com TXT v=spf1 include:%{ir}.spf.example.com -all", &[("spf-found", None)]),
            (
                "example.com TXT v=spf1 ip4:192.0.2.2 -all
                 example.com TXT v=spf1 ip4:192.0.2.3 -all",
                &[("spf-two-records", Some("v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 include:spf.host.example -all"))],
            ),
            (
                "example.com TXT v=spf1 192.0.2.2 -all",
                &[("spf-syntax", Some("v=spf1 ip4:192.0.2.2 include:spf.host.example -all"))],
            ),
        ] {
            let expected: Vec<_> = expected.iter().map(|(code, fix)| (*code, fix.map(str::to_owned))).collect();
            assert_eq!(codes(&format!("{host}{zone}"), Some("spf.host.example")), expected, "{zone}");
        }
    }

    #[test]
    fn a_limit_is_told_with_the_costs_and_the_term_that_breaks_it() {
        let zone = "example.com TXT v=spf1 a include:a.example mx -all
                    example.com A 192.0.2.1
                    example.com MX example.com
                    a.example TXT v=spf1 a a a a a a a a a a -all
                    a.example A 192.0.2.1";
        let findings = Lab(zone).check("example.com", None);
        let [finding] = findings.as_slice() else { panic!("{findings:?}") };
        assert_eq!(finding.code, Code::SpfTooManyLookups);
        let details: Vec<_> = finding.details.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(details, [("costs", "a (1), include:a.example (11), mx (1)"), ("lookups", "13"), ("term", "a")]);
        assert_eq!(finding.evidence.len(), 2);
    }

    #[test]
    fn what_is_included_twice_is_told_once_and_need_not_be_asked_twice() {
        let zone = "example.com TXT v=spf1 include:a.example include:A.example -all
                    a.example TXT v=spf1 a a a a a include:none.example -all
                    a.example A 192.0.2.1";
        assert_eq!(
            codes(zone, None),
            [("spf-include-missing", None), ("spf-too-many-lookups", Some("v=spf1 include:a.example -all".to_owned()))]
        );
    }

    #[test]
    fn too_many_mail_servers_are_an_error() {
        let zone = (0..11).fold("example.com TXT v=spf1 mx -all".to_owned(), |zone, number| {
            format!("{zone}\nexample.com MX mx{number}.example.com")
        });
        assert_eq!(codes(&zone, None), [("spf-too-many-mx", None)]);
    }

    #[test]
    fn a_fix_that_would_break_a_limit_is_not_offered() {
        let zone = "example.com TXT v=spf1 a a a a a a a a a a -all
                    example.com A 192.0.2.1
                    spf.host.example TXT v=spf1 -all";
        assert_eq!(codes(zone, Some("spf.host.example")), [("spf-host-missing", None)]);
    }

    #[test]
    fn every_declared_detail_is_given() {
        let zones = [
            "example.com TXT v=spf1 a mx exists:x.example include:y.example foo +all ptr",
            "example.com TXT v=spf1 a mx exists:x.example include:y.example all=x include:example.com +all ptr",
            "example.com TXT v=spf1 a ptr include:z.example\nz.example TXT ?",
            "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 -all",
        ];
        for finding in zones.iter().flat_map(|zone| Lab(zone).check("example.com", Some("spf.host.example"))) {
            let mut declared = finding.code.details().to_vec();
            declared.sort_unstable();
            let given: Vec<_> = finding.details.keys().copied().collect();
            assert_eq!(given, declared, "{}", finding.code);
        }
    }
}

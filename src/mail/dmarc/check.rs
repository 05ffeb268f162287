//! The check of the DMARC record that applies to a domain: its own, or one from above.

use super::record::{self, Policy, Problem, Record};
use super::walk::{Governing, Seen, Step, governing, taken, walk};
use crate::facts::{Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::Case;
use crate::mail::evidence::{absence, unknown};
use crate::mail::tags::tags;

/// What a domain without any record may publish: it asks for nothing, so it harms nothing.
const START: &str = "v=DMARC1; p=none";

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let apex = view.get(Query::new(domain, Kind::Txt));
    let steps = walk(domain, view);
    let (apex, steps) = (apex?, steps?);
    let Some((own, above)) = steps.split_first().filter(|(own, _)| own.domain == *domain) else {
        return Ok(vec![Finding::new(Code::DmarcMissing, domain)]);
    };
    let mut findings = match own.seen() {
        Seen::Unknown(why) => return Ok(vec![unknown(Code::DmarcUnknown, domain, &own.question, why)]),
        Seen::One(text) => return Ok(judge(own, &text)),
        Seen::Several(texts) => vec![several(own, &texts)],
        Seen::Nothing => misspelt(own).or_else(|| at_apex(own, apex)).into_iter().collect(),
    };
    let above = taken(above);
    if let Some(governing) = governing(above) {
        findings.extend(inherited(own, &governing, exists(apex)));
    }
    findings.extend(above.iter().filter_map(|step| match step.seen() {
        Seen::Unknown(why) => Some(unknown(Code::DmarcUnknown, &step.domain, &step.question, why)),
        Seen::Several(texts) => Some(several(step, &texts)),
        Seen::Nothing => misspelt(step),
        Seen::One(_) => None,
    }));
    if findings.is_empty() {
        findings.push(match doubled(own, view)? {
            Some(doubled) => doubled,
            None => missing(own, exists(apex)),
        });
    }
    Ok(findings)
}

/// Whether the domain exists, in the sense of RFC 8020; as long as nobody denies it.
fn exists(apex: &Response) -> bool {
    apex.outcome != Outcome::NoSuchName || !apex.aliases.is_empty()
}

/// What the domain's own record says.
fn judge(own: &Step<'_>, text: &str) -> Vec<Finding> {
    let about = |code| Finding::new(code, &own.domain).evidence(text);
    let record = match record::parse(text) {
        Ok(record) => record,
        Err(problem) => return vec![unusable(own, text, &problem)],
    };
    let mut findings = vec![match record.policy {
        Policy::None => about(Code::DmarcPolicyNone),
        policy => about(Code::DmarcFound).detail("policy", policy),
    }];
    findings.extend(testing(about(Code::DmarcTesting), &record, record.policy));
    if !record.reports {
        findings.push(about(Code::DmarcNoReports));
    }
    if !record.removed.is_empty() {
        findings.push(about(Code::DmarcRemovedTag).detail("tag", record.removed.join(", ")));
    }
    for (tag, problem) in record.ignored.iter().take(TOLD) {
        let ignored = about(Code::DmarcTagIgnored).detail("tag", tag).detail("problem", problem);
        findings.push(mending(ignored, own, text));
    }
    findings
}

/// How many ignored tags are told: who has mended those looks again.
const TOLD: usize = 5;

/// That the policy is only being tested, where receivers do something else meanwhile.
fn testing(finding: Finding, record: &Record, policy: Policy) -> Option<Finding> {
    let differs = record.testing && policy != Policy::None;
    differs.then(|| finding.detail("policy", policy).detail("applied", policy.while_testing()))
}

/// Several records: none applies, so it is enough to keep one where all say the same.
fn several(step: &Step<'_>, texts: &[String]) -> Finding {
    let finding = Finding::new(Code::DmarcTwoRecords, &step.domain).detail("count", texts.len());
    let mut finding = texts.iter().fold(finding, Finding::evidence);
    if let [first, others @ ..] = texts
        && others.iter().all(|other| tags(other).eq(tags(first)))
    {
        finding.fix = fix(step, first.clone());
    }
    finding
}

/// A text that is meant for a DMARC record, but that receivers do not take for one.
fn misspelt(step: &Step<'_>) -> Option<Finding> {
    let texts = step.reply.texts().unwrap_or_default();
    let text = texts.iter().map(ToString::to_string).find(|text| record::is_meant(text))?;
    let problem = record::parse(&text).err()?;
    Some(unusable(step, &text, &problem))
}

/// A DMARC record at the domain itself, where nobody looks for it.
fn at_apex(own: &Step<'_>, apex: &Response) -> Option<Finding> {
    let texts = apex.texts().unwrap_or_default();
    let text = texts.iter().map(ToString::to_string).find(|text| record::is_meant(text))?;
    Some(moving(Finding::new(Code::DmarcMisplaced, &own.domain).evidence(&text), own, text))
}

/// A DMARC record at a name in which the domain is doubled, as panels do that add the zone's name to a whole name.
fn doubled(own: &Step<'_>, view: &mut View<'_>) -> Result<Option<Finding>, Pending> {
    let Some(name) = own.domain.below(own.question.name.as_str()) else { return Ok(None) };
    let texts = view.get(Query::new(&name, Kind::Txt))?.texts().unwrap_or_default();
    let text = texts.iter().map(ToString::to_string).find(|text| record::is_meant(text));
    Ok(text.map(|text| {
        moving(Finding::new(Code::DmarcDoubled, &own.domain).detail("at", &name).evidence(&text), own, text)
    }))
}

/// What a record from above asks for, for a domain without one (RFC 9989 section 4.10.1).
fn inherited(own: &Step<'_>, governing: &Governing, exists: bool) -> Vec<Finding> {
    let about = |code| Finding::new(code, &own.domain).evidence(&governing.text);
    let record = match &governing.record {
        Ok(record) => record,
        Err(problem) => return vec![unusable(governing.step, &governing.text, problem)],
    };
    let below = if exists { record.below } else { record.nonexistent.or(record.below) };
    let policy = below.unwrap_or(record.policy);
    let mut findings =
        vec![about(Code::DmarcInherited).detail("from", &governing.step.domain).detail("policy", policy)];
    findings.extend(testing(about(Code::DmarcTesting), record, policy));
    findings
}

/// No record, here or above. A domain that does not exist need not be told what to publish.
fn missing(own: &Step<'_>, exists: bool) -> Finding {
    let others = own.reply.texts().unwrap_or_default();
    let mut finding = others.iter().fold(Finding::new(Code::DmarcMissing, &own.domain), Finding::evidence);
    if others.is_empty() {
        finding = finding.evidence(absence(&own.question, own.reply));
    }
    if exists {
        finding.fix = fix(own, START.to_owned());
    }
    finding
}

/// A record that receivers cannot use.
fn unusable(step: &Step<'_>, text: &str, problem: &Problem) -> Finding {
    mending(Finding::new(Code::DmarcSyntax, &step.domain).evidence(text).detail("problem", problem), step, text)
}

/// With the fix that publishes `text` at the right place, set right if need be.
fn moving(mut finding: Finding, own: &Step<'_>, text: String) -> Finding {
    let text = if record::parse(&text).is_ok() { Some(text) } else { record::repaired(&text) };
    finding.fix = text.and_then(|text| fix(own, text));
    finding
}

/// With the fix that sets `text` right, if that can be done without guessing.
fn mending(mut finding: Finding, step: &Step<'_>, text: &str) -> Finding {
    finding.fix = record::repaired(text).and_then(|text| fix(step, text));
    finding
}

/// The change that publishes `text` at a step's `_dmarc`; none behind an alias, where the record is somebody else's.
fn fix(step: &Step<'_>, text: String) -> Option<Fix> {
    let name = step.question.name.to_string();
    step.reply.aliases.is_empty().then_some(Fix::txt(name, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds};

    const HEALTHY: &str = "example.com TXT v=spf1 -all
        _dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:dmarc@example.com";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    fn own(text: &str) -> Lab {
        lab(&format!("example.com TXT v=spf1 -all\n_dmarc.example.com TXT {text}"))
    }

    fn below(table: &str) -> Lab {
        Lab::new("a.b.example.com", &format!("a.b.example.com TXT hello\n{table}"))
    }

    #[test]
    fn every_code_has_its_case() {
        let exists = "example.com TXT v=spf1 -all";
        let two = "_dmarc.example.com TXT v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject";
        finds(
            Topic::Dmarc,
            &[
                (lab(HEALTHY), &[Code::DmarcFound]),
                (own("v=DMARC1; p=none; rua=mailto:a@example.com"), &[Code::DmarcPolicyNone]),
                (own("v=DMARC1; rua=mailto:a@example.com"), &[Code::DmarcPolicyNone]),
                (own("v=DMARC1; p=none"), &[Code::DmarcPolicyNone, Code::DmarcNoReports]),
                (
                    own("v=DMARC1; p=reject; t=y; pct=10; rua=a@example.com"),
                    &[Code::DmarcFound, Code::DmarcTesting, Code::DmarcRemovedTag, Code::DmarcTagIgnored],
                ),
                (own("v=DMARC1; p=rejct"), &[Code::DmarcSyntax]),
                (own("v=dmarc1; p=reject"), &[Code::DmarcSyntax]),
                (own("v=spf1 -all"), &[Code::DmarcMissing]),
                (lab(exists), &[Code::DmarcMissing]),
                (lab(two), &[Code::DmarcTwoRecords]),
                (lab("example.com TXT v=DMARC1; p=none"), &[Code::DmarcMisplaced]),
                (lab(&format!("{exists}\n_dmarc.example.com.example.com TXT v=DMARC1; p=none")), &[Code::DmarcDoubled]),
                (below(HEALTHY), &[Code::DmarcInherited]),
                (below(two), &[Code::DmarcTwoRecords]),
                (below("_dmarc.example.com TXT p=reject; v=DMARC1"), &[Code::DmarcSyntax]),
                (below("_dmarc.example.com TXT v=DMARC1; p=reject; sp=no"), &[Code::DmarcSyntax]),
                (
                    below(&format!("{HEALTHY}\n_dmarc.a.b.example.com TXT v=DMARC1, p=none")),
                    &[Code::DmarcSyntax, Code::DmarcInherited],
                ),
                (own("silent"), &[Code::DmarcUnknown]),
                (below("_dmarc.b.example.com TXT servfail"), &[Code::DmarcUnknown]),
                (
                    below(&format!("{HEALTHY}\n_dmarc.b.example.com TXT servfail")),
                    &[Code::DmarcInherited, Code::DmarcUnknown],
                ),
            ],
        );
    }

    #[test]
    fn every_fix_is_exact_and_proven() {
        let exists = "example.com TXT v=spf1 -all";
        for (lab, code, value) in [
            (lab(exists), Code::DmarcMissing, Some(START)),
            (own("v=spf1 -all"), Code::DmarcMissing, Some(START)),
            (lab(""), Code::DmarcMissing, None),
            (lab(&format!("{exists}\n_dmarc.example.com CNAME gone.example.net")), Code::DmarcMissing, None),
            (own("\"v=DMARC1; p=reject\""), Code::DmarcSyntax, Some("v=DMARC1; p=reject")),
            (own("v=DMARC1 p=reject"), Code::DmarcSyntax, Some("v=DMARC1; p=reject")),
            (own("p=reject; v=DMARC1"), Code::DmarcSyntax, Some("v=DMARC1; p=reject")),
            (own("v=DMARC1; p=rejct"), Code::DmarcSyntax, None),
            (
                own("v=DMARC1; p=none; rua=a@example.com"),
                Code::DmarcTagIgnored,
                Some("v=DMARC1; p=none; rua=mailto:a@example.com"),
            ),
            (
                own("v=DMARC1; p=none;\n_dmarc.example.com TXT v=DMARC1;p=none"),
                Code::DmarcTwoRecords,
                Some("v=DMARC1; p=none;"),
            ),
            (own("v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject"), Code::DmarcTwoRecords, None),
            (lab("example.com TXT v=DMARC1; p=reject"), Code::DmarcMisplaced, Some("v=DMARC1; p=reject")),
            (
                lab(&format!("{exists}\n_dmarc.example.com.example.com TXT v=DMARC1; p=reject")),
                Code::DmarcDoubled,
                Some("v=DMARC1; p=reject"),
            ),
        ] {
            let fix = value.map(|value| format!("_dmarc.example.com {value}"));
            assert_eq!(lab.run(Topic::Dmarc).fix(code), fix, "{lab:#?}");
        }
    }

    #[test]
    fn a_policy_from_above_is_the_one_for_names_below() {
        let at = |domain: &str, text: &str| format!("_dmarc.{domain} TXT {text}");
        let exists = "a.b.example.com TXT hello";
        for (table, from, policy) in [
            (format!("{exists}\n{}", at("example.com", "v=DMARC1; p=reject")), "example.com", "reject"),
            (format!("{exists}\n{}", at("example.com", "v=DMARC1; p=reject; sp=none")), "example.com", "none"),
            (
                format!("{exists}\n{}", at("example.com", "v=DMARC1; p=reject; np=none; sp=quarantine")),
                "example.com",
                "quarantine",
            ),
            (at("example.com", "v=DMARC1; p=reject; np=none; sp=quarantine"), "example.com", "none"),
            (at("example.com", "v=DMARC1; p=reject; sp=quarantine"), "example.com", "quarantine"),
            // The highest record is the organization's, unless one says otherwise.
            (
                [at("b.example.com", "v=DMARC1; p=none"), at("example.com", "v=DMARC1; p=reject")].join("\n"),
                "example.com",
                "reject",
            ),
            (
                [at("b.example.com", "v=DMARC1; p=none; psd=n"), at("example.com", "v=DMARC1; p=reject")].join("\n"),
                "b.example.com",
                "none",
            ),
            (
                [at("b.example.com", "v=DMARC1; p=none"), at("example.com", "v=DMARC1; p=reject; psd=y")].join("\n"),
                "b.example.com",
                "none",
            ),
            // One label below the public suffix there is no record, so that of the suffix applies.
            (
                [at("b.example.com", "v=DMARC1; p=none"), at("com", "v=DMARC1; p=reject; psd=y")].join("\n"),
                "com",
                "reject",
            ),
            (at("b.example.com", "v=DMARC1; p=none; psd=y"), "b.example.com", "none"),
        ] {
            let ran = Lab::new("a.b.example.com", &table).run(Topic::Dmarc);
            assert_eq!(ran.codes(), ["dmarc-inherited"], "{table}");
            assert_eq!(ran.detail(Code::DmarcInherited, "from"), from, "{table}");
            assert_eq!(ran.detail(Code::DmarcInherited, "policy"), policy, "{table}");
        }
    }

    #[test]
    fn what_a_finding_tells_is_exact() {
        let ran = own("v=DMARC1; p=reject; t=y; pct=10; ri=1; rua=mailto:a@example.com").run(Topic::Dmarc);
        assert_eq!(ran.detail(Code::DmarcFound, "policy"), "reject");
        assert_eq!(ran.detail(Code::DmarcTesting, "applied"), "quarantine");
        assert_eq!(ran.detail(Code::DmarcRemovedTag, "tag"), "pct, ri");
        let ran = lab("").run(Topic::Dmarc);
        assert_eq!(ran.finding(Code::DmarcMissing).evidence, ["NXDOMAIN for _dmarc.example.com"]);
        assert_eq!(ran.finding(Code::DmarcMissing).subject, "example.com");
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Dmarc), ["_dmarc.example.com TXT"]);
        let above = below(HEALTHY).no_answer_is_no_fault(Topic::Dmarc);
        assert_eq!(above.len(), 4);
        for (cause, _) in CAUSES {
            assert_eq!(lab(&format!("_dmarc.com TXT {cause}")).run(Topic::Dmarc).codes(), ["dmarc-unknown"]);
        }
    }

    #[test]
    fn the_whole_walk_is_asked_at_once() {
        let ran = lab(HEALTHY).run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 3));
        let ran = below(HEALTHY).run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 5));
        let ran = lab("example.com A 192.0.2.1").run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 4));
    }
}

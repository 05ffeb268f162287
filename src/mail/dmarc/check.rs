//! The check of the DMARC record that applies to a domain: its own, or one from above.

use super::judge::{fixed, judge, moving, testing, unusable};
use super::record::{self, Policy};
use super::reports::unwanted;
use super::walk::{Governing, Seen, Step, governing, organization, taken, walk};
use crate::domain::Name;
use crate::facts::{Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, unknown};
use crate::mail::parked::is_parked;
use crate::mail::tags::tags;

/// What a domain without any record may publish: it asks for nothing, so it harms nothing.
const START: &str = "v=DMARC1; p=none";

/// What a domain may publish that sends no mail, and so has none to lose.
const PARKED: &str = "v=DMARC1; p=reject";

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let (apex, mx) = (view.get(Query::new(domain, Kind::Txt)), view.get(Query::new(domain, Kind::Mx)));
    let steps = walk(domain, view);
    let (apex, mx, steps) = (apex?, mx?, steps?);
    let Some((own, above)) = steps.split_first().filter(|(own, _)| own.domain == *domain) else {
        return Ok(vec![Finding::new(Code::DmarcMissing, domain)]);
    };
    let parked = is_parked(mx, apex);
    let mut findings = match own.seen() {
        Seen::Unknown(why) => return Ok(vec![unknown(Code::DmarcUnknown, domain, &own.question, why)]),
        Seen::One(text) => return judge(&steps, own, &text, parked, view),
        Seen::Several(texts) => vec![several(own, &texts)],
        Seen::Nothing => misspelt(own).or_else(|| at_apex(own, apex)).into_iter().collect(),
    };
    let above = taken(above);
    if let Some(governing) = governing(above) {
        findings.extend(inherited(own, &governing, exists(apex), parked));
        if let Ok(record) = &governing.record {
            let organization = organization(&steps).unwrap_or(&governing.step.domain);
            findings.extend(unwanted(governing.step, record, organization, view)?);
        }
    }
    findings.extend(above.iter().filter_map(|step| match step.seen() {
        Seen::Unknown(why) => Some(unknown(Code::DmarcUnknown, &step.domain, &step.question, why)),
        Seen::Several(texts) => Some(several(step, &texts)),
        Seen::Nothing => misspelt(step),
        Seen::One(_) => None,
    }));
    if findings.is_empty() {
        findings = elsewhere(own, view)?;
        if !findings.iter().any(|finding| finding.code != Code::DmarcWildcard) {
            let organization = above.iter().find(|step| is_registered(&step.domain));
            findings.insert(0, missing(own, organization.unwrap_or(own), exists(apex), parked));
        }
    }
    Ok(findings)
}

/// Whether the domain exists, in the sense of RFC 8020; as long as nobody denies it.
fn exists(apex: &Response) -> bool {
    apex.outcome != Outcome::NoSuchName || !apex.aliases.is_empty()
}

/// Several records: none applies, so it is enough to keep one where all say the same.
fn several(step: &Step<'_>, texts: &[String]) -> Finding {
    let finding = Finding::new(Code::DmarcTwoRecords, &step.domain).detail("count", texts.len());
    let finding = texts.iter().fold(finding, Finding::evidence);
    match texts {
        [first, others @ ..] if others.iter().all(|other| said(other).eq(said(first))) => {
            fixed(finding, step, first.clone())
        }
        _ => finding,
    }
}

/// What a record says, whatever blanks stand in it.
fn said(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    tags(text).map(|tag| tag.ok().map(|tag| (tag.name, tag.value)))
}

/// A text that is meant for a DMARC record, but that receivers do not take for one.
fn misspelt(step: &Step<'_>) -> Option<Finding> {
    let text = meant(step.reply)?;
    let fault = record::parse(&text).err()?;
    Some(unusable(step, &text, &fault))
}

/// The first text of a reply that is meant for a DMARC record.
fn meant(reply: &Response) -> Option<String> {
    let texts = reply.texts().unwrap_or_default();
    texts.iter().map(ToString::to_string).find(|text| record::is_meant(text))
}

/// A DMARC record at the domain itself, where nobody looks for it.
fn at_apex(own: &Step<'_>, apex: &Response) -> Option<Finding> {
    let text = meant(apex)?;
    Some(moving(Finding::new(Code::DmarcMisplaced, &own.domain).detail("at", &own.domain).evidence(&text), own, text))
}

/// A DMARC record at one of the names that are commonly mistaken for the right one: with the domain doubled, as panels
/// do that add the zone's name to a whole name, and without the underscore. Or that a wildcard answers for all of them.
fn elsewhere(own: &Step<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let places = [
        (Code::DmarcDoubled, own.domain.below(own.question.name.as_str())),
        (Code::DmarcMisplaced, own.domain.below("dmarc")),
    ];
    let asked = places.into_iter().filter_map(|(code, name)| {
        let name = name?;
        Some(view.get(Query::new(&name, Kind::Txt)).map(|reply| (code, name, reply)))
    });
    let asked = asked.collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>, _>>()?;
    let moved = asked.iter().find_map(|(code, name, reply)| {
        let text = meant(reply)?;
        Some(moving(Finding::new(*code, &own.domain).detail("at", name).evidence(&text), own, text))
    });
    if moved.is_some() {
        return Ok(moved.into_iter().collect());
    }
    let here = own.reply.texts().unwrap_or_default();
    let wildcard = !here.is_empty() && asked.iter().all(|(_, _, there)| there.texts() == own.reply.texts());
    let told = || here.into_iter().fold(Finding::new(Code::DmarcWildcard, &own.domain), Finding::evidence);
    Ok(wildcard.then(told).into_iter().collect())
}

/// What a record from above asks for, for a domain without one (RFC 9989 section 4.10.1).
fn inherited(own: &Step<'_>, governing: &Governing<'_>, exists: bool, parked: bool) -> Vec<Finding> {
    let about = |code| Finding::new(code, &own.domain).evidence(&governing.text);
    let record = match &governing.record {
        Ok(record) => record,
        Err(fault) => return vec![unusable(governing.step, &governing.text, fault)],
    };
    let policy = if exists { record.for_below() } else { record.for_nonexistent() };
    let mut findings =
        vec![about(Code::DmarcInherited).detail("from", &governing.step.domain).detail("policy", policy)];
    if parked && record.applied(policy) != Policy::Reject {
        findings.push(fixed(about(Code::DmarcParked), own, PARKED.to_owned()));
    }
    findings.extend(testing(about(Code::DmarcTesting), record, policy));
    findings
}

/// Whether people register this name: the place for a policy for all that lies below it.
fn is_registered(domain: &Name) -> bool {
    psl::domain_str(domain.as_str()) == Some(domain.as_str())
}

/// No record, here or above, where one at `organization` would be for all names below it. A domain that does not exist
/// need not be told what to publish, and one that sends no mail is told of its own name alone.
fn missing(own: &Step<'_>, organization: &Step<'_>, exists: bool, parked: bool) -> Finding {
    let others = own.reply.texts().unwrap_or_default();
    let (code, start) = if parked { (Code::DmarcParked, PARKED) } else { (Code::DmarcMissing, START) };
    let mut finding = others.iter().fold(Finding::new(code, &own.domain), Finding::evidence);
    if others.is_empty() {
        finding = finding.evidence(absence(&own.question, own.reply));
    }
    let at = if parked { own } else { organization };
    if exists { fixed(finding, at, start.to_owned()) } else { finding }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds, lines};

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

    fn parked(table: &str) -> Lab {
        lab(&format!("example.com MX 0 .\nexample.com TXT v=spf1 -all\n{table}"))
    }

    #[test]
    fn every_code_has_its_case() {
        let exists = "example.com TXT v=spf1 -all";
        let two = "_dmarc.example.com TXT v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject";
        let wildcard = ["_dmarc.example.com", "_dmarc.example.com.example.com", "dmarc.example.com"];
        let wildcard = lines(wildcard, |name| format!("{name} TXT v=spf1 -all"));
        let elsewhere = |rest: &str| own(&format!("v=DMARC1; p=reject; rua=mailto:a@reports.example\n{rest}"));
        finds(
            Topic::Dmarc,
            &[
                (lab(HEALTHY), &[Code::DmarcFound]),
                (own("v=DMARC1; p=none; rua=mailto:a@example.com"), &[Code::DmarcPolicyNone]),
                (own("v=DMARC1; rua=mailto:a@example.com"), &[Code::DmarcPolicyNone, Code::DmarcPolicyMissing]),
                (own("v=DMARC1; p=none"), &[Code::DmarcPolicyNone, Code::DmarcNoReports]),
                (
                    own("v=DMARC1; p=reject; t=y; pct=10; rua=a@example.com; rau=x"),
                    &[
                        Code::DmarcFound,
                        Code::DmarcTesting,
                        Code::DmarcRemovedTag,
                        Code::DmarcUnknownTag,
                        Code::DmarcTagIgnored,
                    ],
                ),
                (own("v=DMARC1;\u{a0}p=reject; rua=mailto:a@example.com"), &[Code::DmarcTagIgnored]),
                (own("v=DMARC1; p:reject; rua=mailto:a@example.com"), &[Code::DmarcTagIgnored]),
                (own("v=DMARC1; p=rejct"), &[Code::DmarcSyntax]),
                (own("v=DMARC1; p=rejct; rua=mailto:a@example.com"), &[Code::DmarcPolicyIgnored]),
                (
                    own("v=DMARC1; p=reject; sp=none; rua=mailto:a@example.com"),
                    &[Code::DmarcFound, Code::DmarcBelowWeaker],
                ),
                (
                    own("v=DMARC1; p=reject; psd=y; rua=mailto:a@example.com"),
                    &[Code::DmarcFound, Code::DmarcPublicSuffix],
                ),
                (elsewhere(""), &[Code::DmarcFound, Code::DmarcReportsUnwanted]),
                (
                    elsewhere("example.com._report._dmarc.reports.example TXT refused"),
                    &[Code::DmarcFound, Code::DmarcReportsUnknown],
                ),
                (elsewhere("example.com._report._dmarc.reports.example TXT v=DMARC1;"), &[Code::DmarcFound]),
                (own("v=dmarc1; p=reject"), &[Code::DmarcSyntax]),
                (own("v=spf1 -all"), &[Code::DmarcMissing]),
                (lab(&format!("{exists}\n{wildcard}")), &[Code::DmarcMissing, Code::DmarcWildcard]),
                (lab(exists), &[Code::DmarcMissing]),
                (lab(two), &[Code::DmarcTwoRecords]),
                (lab("example.com TXT v=DMARC1; p=none"), &[Code::DmarcMisplaced]),
                (lab("dmarc.example.com TXT v=DMARC1; p=none"), &[Code::DmarcMisplaced]),
                (lab(&format!("{exists}\n_dmarc.example.com.example.com TXT v=DMARC1; p=none")), &[Code::DmarcDoubled]),
                (parked(""), &[Code::DmarcParked]),
                (parked("_dmarc.example.com TXT v=DMARC1; p=none"), &[Code::DmarcParked, Code::DmarcNoReports]),
                (parked("_dmarc.example.com TXT v=DMARC1; p=reject"), &[Code::DmarcFound, Code::DmarcNoReports]),
                (parked("_dmarc.com TXT v=DMARC1; p=none; psd=y"), &[Code::DmarcInherited, Code::DmarcParked]),
                (below(HEALTHY), &[Code::DmarcInherited]),
                (
                    below("_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@reports.example"),
                    &[Code::DmarcInherited, Code::DmarcReportsUnwanted],
                ),
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
        let reports = "rua=mailto:a@example.com";
        let at_dmarc = |value: &str| Some(format!("_dmarc.example.com {value}"));
        for (lab, code, fix) in [
            (lab(exists), Code::DmarcMissing, at_dmarc(START)),
            (own("v=spf1 -all"), Code::DmarcMissing, at_dmarc(START)),
            (lab(""), Code::DmarcMissing, None),
            (lab(&format!("{exists}\n_dmarc.example.com CNAME gone.example.net")), Code::DmarcMissing, None),
            (own("\"v=DMARC1; p=reject\""), Code::DmarcSyntax, at_dmarc("v=DMARC1; p=reject")),
            (own("v=DMARC1 p=reject"), Code::DmarcSyntax, at_dmarc("v=DMARC1; p=reject")),
            (own("p=reject; v=DMARC1"), Code::DmarcSyntax, at_dmarc("v=DMARC1; p=reject")),
            (own("v=DMARC1; p=rejct"), Code::DmarcSyntax, None),
            (own(&format!("v=DMARC1; p=rejct; {reports}")), Code::DmarcPolicyIgnored, None),
            (
                own(&format!("v=DMARC1; p=\"reject\"; {reports}")),
                Code::DmarcPolicyIgnored,
                at_dmarc(&format!("v=DMARC1; p=reject; {reports}")),
            ),
            (
                own(&format!("v=DMARC1; {reports}")),
                Code::DmarcPolicyMissing,
                at_dmarc(&format!("v=DMARC1; p=none; {reports}")),
            ),
            (
                own(&format!("v=DMARC1;\u{a0}p=reject; {reports}")),
                Code::DmarcTagIgnored,
                at_dmarc(&format!("v=DMARC1; p=reject; {reports}")),
            ),
            (own(&format!("v=DMARC1; p:reject; {reports}")), Code::DmarcTagIgnored, None),
            (
                own("v=DMARC1; rua=a@example.com"),
                Code::DmarcPolicyMissing,
                at_dmarc(&format!("v=DMARC1; p=none; {reports}")),
            ),
            (
                own("v=DMARC1; p=none; rua=a@example.com"),
                Code::DmarcTagIgnored,
                at_dmarc(&format!("v=DMARC1; p=none; {reports}")),
            ),
            (
                own(&format!("v=DMARC1; p=reject; pct=100; {reports}")),
                Code::DmarcRemovedTag,
                at_dmarc(&format!("v=DMARC1; p=reject; {reports}")),
            ),
            (own(&format!("v=DMARC1; p=reject; pct=10; {reports}")), Code::DmarcRemovedTag, None),
            (
                own(&format!("v=DMARC1; p=reject; psd=y; {reports}")),
                Code::DmarcPublicSuffix,
                at_dmarc(&format!("v=DMARC1; p=reject; {reports}")),
            ),
            (own("v=DMARC1; p=none; rua=mailto:a@reports.example"), Code::DmarcReportsUnwanted, None),
            (below(""), Code::DmarcMissing, at_dmarc(START)),
            (
                own("v=DMARC1; p=none;\n_dmarc.example.com TXT v=DMARC1;p=none"),
                Code::DmarcTwoRecords,
                at_dmarc("v=DMARC1; p=none;"),
            ),
            (own("v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject"), Code::DmarcTwoRecords, None),
            (lab("example.com TXT v=DMARC1; p=reject"), Code::DmarcMisplaced, at_dmarc("v=DMARC1; p=reject")),
            (
                lab(&format!("{exists}\ndmarc.example.com TXT \"v=DMARC1; p=reject\"")),
                Code::DmarcMisplaced,
                at_dmarc("v=DMARC1; p=reject"),
            ),
            (
                lab(&format!("{exists}\n_dmarc.example.com.example.com TXT v=DMARC1; p=reject")),
                Code::DmarcDoubled,
                at_dmarc("v=DMARC1; p=reject"),
            ),
            (parked(""), Code::DmarcParked, at_dmarc(PARKED)),
            (
                parked(&format!("_dmarc.example.com TXT v=DMARC1; p=quarantine; sp=none; pct=5; t=y; {reports}")),
                Code::DmarcParked,
                at_dmarc(&format!("v=DMARC1; p=reject; {reports}")),
            ),
            (parked("_dmarc.com TXT v=DMARC1; p=none; psd=y"), Code::DmarcParked, at_dmarc(PARKED)),
        ] {
            assert_eq!(lab.run(Topic::Dmarc).fix(code), fix, "{lab:#?}");
        }
    }

    #[test]
    fn reports_within_the_organization_need_no_consent() {
        let to = |domain: &str, target: &str| {
            let table = format!("{domain} TXT hello\n_dmarc.{domain} TXT v=DMARC1; p=reject; rua=mailto:a@{target}");
            Lab::new(domain, &table).run(Topic::Dmarc)
        };
        for target in ["example.com", "mail.example.com", "EXAMPLE.com!10m"] {
            assert_eq!(to("example.com", target).codes(), ["dmarc-found"], "{target}");
            assert_eq!(to("shop.example.com", target).codes(), ["dmarc-found"], "{target}");
        }
        let ran = to("example.com", "example.net");
        let unwanted = ran.finding(Code::DmarcReportsUnwanted);
        assert_eq!(unwanted.subject, "example.net");
        assert_eq!(unwanted.evidence, ["NXDOMAIN for example.com._report._dmarc.example.net"]);
    }

    #[test]
    fn few_organizations_are_asked_for_their_consent_and_each_once() {
        let many = (0..9).map(|n| format!("mailto:a@r{n}.example,mailto:b@r{n}.example")).collect::<Vec<_>>().join(",");
        let ran = own(&format!("v=DMARC1; p=reject; rua={many}; ruf={many}")).run(Topic::Dmarc);
        assert_eq!(ran.codes(), [&["dmarc-found"][..], &["dmarc-reports-unwanted"; 4]].concat());
        assert_eq!((ran.rounds, ran.asked.len()), (2, 4 + 4));
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
        assert_eq!(ran.detail(Code::DmarcFound, "below"), "reject");
        assert_eq!(ran.detail(Code::DmarcTesting, "applied"), "quarantine");
        assert_eq!(ran.detail(Code::DmarcRemovedTag, "tag"), "pct, ri");
        let ran = own("v=DMARC1; p=none; np=reject; adkim=x; rau=y").run(Topic::Dmarc);
        assert_eq!(ran.detail(Code::DmarcPolicyNone, "nonexistent"), "reject");
        assert_eq!(ran.detail(Code::DmarcTagIgnored, "column"), "30");
        assert_eq!(ran.detail(Code::DmarcUnknownTag, "column"), "39");
        assert_eq!(own("v=DMARC1; p=rejct").run(Topic::Dmarc).detail(Code::DmarcSyntax, "column"), "11");
        let ran = lab("").run(Topic::Dmarc);
        assert_eq!(ran.finding(Code::DmarcMissing).evidence, ["NXDOMAIN for _dmarc.example.com"]);
        assert_eq!(ran.finding(Code::DmarcMissing).subject, "example.com");
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Dmarc), ["_dmarc.example.com TXT"]);
        let above = below(HEALTHY).no_answer_is_no_fault(Topic::Dmarc);
        assert_eq!(above.len(), 4);
        let reports = own("v=DMARC1; p=reject; rua=mailto:a@reports.example\n\
            example.com._report._dmarc.reports.example TXT v=DMARC1");
        assert_eq!(
            reports.no_answer_is_no_fault(Topic::Dmarc),
            ["_dmarc.example.com TXT", "example.com._report._dmarc.reports.example TXT"]
        );
        for (cause, _) in CAUSES {
            assert_eq!(lab(&format!("_dmarc.com TXT {cause}")).run(Topic::Dmarc).codes(), ["dmarc-unknown"]);
        }
    }

    #[test]
    fn the_whole_walk_is_asked_at_once() {
        let ran = lab(HEALTHY).run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 4));
        let ran = below(HEALTHY).run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 6));
        let ran = lab("example.com A 192.0.2.1").run(Topic::Dmarc);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 6));
    }
}

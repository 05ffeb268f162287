//! The check of the record at `default._bimi`, the domain's own or its organization's, and of the DMARC policy without
//! which it has no effect.

use super::record::{self, Record};
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::Case;
use crate::mail::dmarc::{Policy, Rule, Standing, organization, standing};
use crate::mail::evidence::unknown;
use crate::mail::tags::Fault;

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let findings = at(domain, domain, view)?;
    // Whoever has no record of their own shows the organization's logo; who has none above costs no question.
    if !findings.is_empty() || domain.labels().count() < 3 {
        return Ok(findings);
    }
    match organization(domain, view)? {
        Ok(organization) if organization != *domain => at(&organization, domain, view),
        _ => Ok(findings),
    }
}

/// What the record at `place` says for mail of `domain`; nothing where there is none.
fn at(place: &Name, domain: &Name, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let Some(name) = place.below("default._bimi") else { return Ok(Vec::new()) };
    let question = Query::new(&name, Kind::Txt);
    let (reply, apex) = (view.get(question.clone()), view.get(Query::new(place, Kind::Txt)));
    let (reply, apex) = (reply?, apex?);
    let about = |code| Finding::new(code, &name);
    let fix = |text: &str| {
        let text = record::repaired(text).filter(|_| reply.aliases.is_empty());
        text.map(|text| Fix::txt(name.to_string(), text))
    };
    let records = match reply.texts() {
        Err(why) => return Ok(vec![unknown(Code::BimiUnknown, &name, &question, why)]),
        Ok(_) => texts(reply, record::is_record),
    };
    let meant = texts(reply, record::is_meant);
    let text = match (&records[..], meant.first()) {
        ([only], _) => only,
        ([], Some(meant)) => meant,
        ([], None) => {
            let astray = texts(apex, record::is_meant).into_iter().next();
            let finding = astray.map(|text| Finding { fix: fix(&text), ..about(Code::BimiMisplaced).evidence(text) });
            return Ok(finding.into_iter().collect());
        }
        (several, _) => {
            let finding = about(Code::BimiTwoRecords).detail("count", several.len());
            return Ok(vec![several.iter().fold(finding, Finding::evidence)]);
        }
    };
    match record::parse(text) {
        Err(Fault { column, problem }) => {
            let broken = about(Code::BimiSyntax).evidence(text).detail("problem", problem).detail("column", column);
            Ok(vec![Finding { fix: fix(text), ..broken }])
        }
        Ok(Record::Declined) => Ok(vec![about(Code::BimiDeclined).evidence(text)]),
        Ok(Record::Logo { logo, certified }) => {
            let mut findings = vec![match standing(domain, view)? {
                Standing::Applies(Rule { policy: Policy::Quarantine | Policy::Reject, .. }) => {
                    about(Code::BimiFound).detail("logo", logo)
                }
                Standing::Applies(Rule { policy, .. }) => about(Code::BimiPolicy).detail("policy", policy),
                Standing::None => about(Code::BimiPolicy).detail("policy", Policy::None),
                Standing::Unknown(why) => about(Code::BimiUnknown).detail("cause", why),
            }];
            if !certified {
                findings.push(about(Code::BimiNoCertificate));
            }
            Ok(findings.into_iter().map(|finding| finding.evidence(text)).collect())
        }
    }
}

/// The texts of a reply that are of a kind.
fn texts(reply: &Response, is: fn(&str) -> bool) -> Vec<String> {
    let texts = reply.texts().unwrap_or_default();
    texts.into_iter().map(ToString::to_string).filter(|text| is(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds};

    const WHOLE: &str = "v=BIMI1; l=https://example.com/l.svg; a=https://example.com/l.pem";

    fn lab(text: &str, policy: &str) -> Lab {
        let table = format!("default._bimi.example.com TXT {text}\n_dmarc.example.com TXT v=DMARC1; {policy}");
        Lab::new("example.com", &table)
    }

    #[test]
    fn every_code_has_its_case() {
        let reject = "p=reject";
        let two = format!("{WHOLE}\ndefault._bimi.example.com TXT {WHOLE}");
        finds(
            Topic::Bimi,
            &[
                (lab(WHOLE, reject), &[Code::BimiFound]),
                (lab(WHOLE, "p=quarantine"), &[Code::BimiFound]),
                (Lab::new("example.com", "example.com TXT hello"), &[]),
                (lab("v=spf1 -all", reject), &[]),
                (lab("v=BIMI1; l=; a=;", reject), &[Code::BimiDeclined]),
                (lab("v=BIMI1; l=https://example.com/l.svg", reject), &[Code::BimiFound, Code::BimiNoCertificate]),
                (lab(&two, reject), &[Code::BimiTwoRecords]),
                (lab("v=BIMI1", reject), &[Code::BimiSyntax]),
                (lab(WHOLE, "p=none"), &[Code::BimiPolicy]),
                (lab(WHOLE, "p=quarantine; t=y"), &[Code::BimiPolicy]),
                (Lab::new("example.com", &format!("default._bimi.example.com TXT {WHOLE}")), &[Code::BimiPolicy]),
                (Lab::new("example.com", &format!("example.com TXT {WHOLE}")), &[Code::BimiMisplaced]),
                (lab("silent", reject), &[Code::BimiUnknown]),
            ],
        );
    }

    #[test]
    fn the_logo_may_come_from_the_organization() {
        let of = |lines: &str| {
            let table = format!("a.example.com TXT hello\n_dmarc.example.com TXT v=DMARC1; p=reject\n{lines}");
            Lab::new("a.example.com", &table).run(Topic::Bimi)
        };
        let ran = of(&format!("default._bimi.example.com TXT {WHOLE}"));
        assert_eq!(ran.codes(), ["bimi-found"]);
        assert_eq!(ran.finding(Code::BimiFound).subject, "default._bimi.example.com");
        let own = "default._bimi.a.example.com TXT v=BIMI1; l=; a=;";
        assert_eq!(of(&format!("default._bimi.example.com TXT {WHOLE}\n{own}")).codes(), ["bimi-declined"]);
        assert_eq!(of("").codes(), Vec::<&str>::new());
    }

    #[test]
    fn the_policy_may_come_from_above() {
        for (policy, code) in [("p=reject", "bimi-found"), ("p=reject; sp=none", "bimi-policy"), ("p=x", "bimi-policy")]
        {
            let table = format!("default._bimi.a.example.com TXT {WHOLE}\n_dmarc.example.com TXT v=DMARC1; {policy}");
            assert_eq!(Lab::new("a.example.com", &table).run(Topic::Bimi).codes(), [code], "{policy}");
        }
    }

    #[test]
    fn every_fix_is_exact_and_proven() {
        let fix = |value: &str| Some(format!("default._bimi.example.com {value}"));
        assert_eq!(lab(&format!("\"{WHOLE}\""), "p=reject").run(Topic::Bimi).fix(Code::BimiSyntax), fix(WHOLE));
        assert_eq!(lab("v=BIMI1", "p=reject").run(Topic::Bimi).fix(Code::BimiSyntax), None);
        let astray = Lab::new("example.com", &format!("example.com TXT {WHOLE}")).run(Topic::Bimi);
        assert_eq!(astray.fix(Code::BimiMisplaced), fix(WHOLE));
    }

    #[test]
    fn what_a_finding_tells_is_exact() {
        let ran = lab(WHOLE, "p=none").run(Topic::Bimi);
        assert_eq!(ran.detail(Code::BimiPolicy, "policy"), "none");
        assert_eq!(ran.finding(Code::BimiPolicy).evidence, [WHOLE]);
        let ran = lab("v=BIMI1; l=x", "p=none").run(Topic::Bimi);
        assert_eq!(ran.detail(Code::BimiSyntax, "column"), "12");
    }

    #[test]
    fn no_answer_is_no_fault() {
        let lab = lab(WHOLE, "p=reject");
        assert_eq!(lab.no_answer_is_no_fault(Topic::Bimi), ["default._bimi.example.com TXT", "_dmarc.example.com TXT"]);
    }

    #[test]
    fn a_domain_without_a_logo_costs_one_question() {
        let ran = Lab::new("example.com", "example.com TXT hello").run(Topic::Bimi);
        assert_eq!((ran.rounds, ran.asked.len()), (1, 2));
    }
}

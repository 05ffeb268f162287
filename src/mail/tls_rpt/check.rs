//! The check of the record at `_smtp._tls`.
//!
//! Only a domain that publishes MTA-STS, and so cares about TLS, is told that it has none, and asked for names at which it
//! may stand by mistake.

use super::record;
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding, Fix};
use crate::mail::Case;
use crate::mail::evidence::{absence, unknown};
use crate::mail::parked::is_parked;
use crate::mail::tags::Fault;

/// How many addresses of no use are told: who has mended those looks again.
const TOLD: usize = 5;

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let Some(name) = domain.below("_smtp._tls") else { return Ok(Vec::new()) };
    let question = Query::new(&name, Kind::Txt);
    let reply = view.get(question.clone());
    let (apex, mx) = (view.get(Query::new(domain, Kind::Txt)), view.get(Query::new(domain, Kind::Mx)));
    let sts = domain.below("_mta-sts").map(|name| view.get(Query::new(&name, Kind::Txt)).map(|reply| (name, reply)));
    let (reply, apex, mx, sts) = (reply?, apex?, mx?, sts.transpose()?);
    let place = Place { question: &question, reply };
    let texts = match reply.texts() {
        Ok(texts) => texts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        Err(why) => return Ok(vec![unknown(Code::TlsRptUnknown, domain, &question, why)]),
    };
    let records: Vec<&String> = texts.iter().filter(|text| record::is_record(text)).collect();
    match (&records[..], texts.iter().find(|text| record::is_meant(text))) {
        ([record], _) => return Ok(place.judge(record)),
        ([], Some(meant)) => return Ok(place.judge(meant)),
        ([], None) => {}
        (several, _) => return Ok(vec![place.several(several)]),
    }
    // A domain that takes no mail has nothing to be reported.
    if is_parked(mx, apex) {
        return Ok(Vec::new());
    }
    let secured = sts.as_ref().is_some_and(|(_, reply)| texts_of(reply).any(|text| text.starts_with("v=STSv1")));
    let missing = secured.then(|| place.about(Code::TlsRptMissing).evidence(absence(&question, reply)));
    let seen = [(domain.clone(), apex)].into_iter().chain(sts).collect();
    let others = if secured { vec![domain.below("_tls"), domain.below(name.as_str())] } else { Vec::new() };
    Ok(astray(&place, seen, others, view)?.or(missing).into_iter().collect())
}

/// A record at another name than the right one: at one that was `seen` already, or at one of `others`.
fn astray<'f>(
    place: &Place<'_>,
    mut seen: Vec<(Name, &'f Response)>,
    others: Vec<Option<Name>>,
    view: &mut View<'f>,
) -> Result<Option<Finding>, Pending> {
    let asked: Vec<_> = others
        .into_iter()
        .flatten()
        .map(|name| view.get(Query::new(&name, Kind::Txt)).map(|reply| (name, reply)))
        .collect();
    seen.extend(asked.into_iter().collect::<Result<Vec<_>, _>>()?);
    Ok(seen.into_iter().find_map(|(at, reply)| {
        let text = texts_of(reply).find(|text| record::is_meant(text))?;
        let mut finding = place.about(Code::TlsRptMisplaced).detail("at", at).evidence(&text);
        finding.fix = record::repaired(&text).and_then(|text| place.fix(text));
        Some(finding)
    }))
}

/// The texts of a reply; none where the network would not say.
fn texts_of(reply: &Response) -> impl Iterator<Item = String> {
    reply.texts().unwrap_or_default().into_iter().map(ToString::to_string)
}

/// The right place, and what was said about it.
struct Place<'f> {
    question: &'f Query,
    reply: &'f Response,
}

impl Place<'_> {
    fn about(&self, code: Code) -> Finding {
        Finding::new(code, &self.question.name)
    }

    fn judge(&self, text: &str) -> Vec<Finding> {
        let faulty = |code, Fault { column, problem }| {
            let finding = self.about(code).evidence(text).detail("problem", problem).detail("column", column);
            let fix = record::repaired(text).and_then(|text| self.fix(text));
            Finding { fix, ..finding }
        };
        match record::parse(text) {
            Err(fault) => vec![faulty(Code::TlsRptSyntax, fault)],
            Ok(record) => {
                let ignored = record.ignored.into_iter().take(TOLD);
                let found = [self.about(Code::TlsRptFound).evidence(text)].into_iter();
                found.chain(ignored.map(|fault| faulty(Code::TlsRptAddressIgnored, fault))).collect()
            }
        }
    }

    /// Several records: none counts. One is enough where all are the same.
    fn several(&self, records: &[&String]) -> Finding {
        let finding = self.about(Code::TlsRptTwoRecords).detail("count", records.len());
        let mut finding = records.iter().fold(finding, Finding::evidence);
        if let [first, others @ ..] = records
            && others.iter().all(|other| record::repaired(other) == record::repaired(first))
        {
            finding.fix = record::repaired(first).and_then(|text| self.fix(text));
        }
        finding
    }

    /// The change that publishes `text` here; none behind an alias, where the record is somebody else's.
    fn fix(&self, text: String) -> Option<Fix> {
        self.reply.aliases.is_empty().then(|| Fix::txt(self.question.name.to_string(), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds};

    const WHOLE: &str = "v=TLSRPTv1; rua=mailto:a@example.com";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", &format!("example.com MX 10 mx.example.com\n{table}"))
    }

    fn own(text: &str) -> Lab {
        lab(&format!("_smtp._tls.example.com TXT {text}"))
    }

    fn secured(table: &str) -> Lab {
        lab(&format!("_mta-sts.example.com TXT v=STSv1; id=1\n{table}"))
    }

    #[test]
    fn every_code_has_its_case() {
        finds(
            Topic::TlsRpt,
            &[
                (own(WHOLE), &[Code::TlsRptFound]),
                (
                    lab(&format!("_smtp._tls.example.com CNAME x.example.net\nx.example.net TXT {WHOLE}")),
                    &[Code::TlsRptFound],
                ),
                (lab(""), &[]),
                (lab("_mta-sts.example.com TXT v=spf1 -all"), &[]),
                (secured(""), &[Code::TlsRptMissing]),
                (own("v=spf1 -all"), &[]),
                (Lab::new("example.com", "example.com MX 0 .\nexample.com TXT v=spf1 -all"), &[]),
                (
                    own(&format!("{WHOLE}\n_smtp._tls.example.com TXT v=TLSRPTv1;rua=mailto:b@example.com")),
                    &[Code::TlsRptTwoRecords],
                ),
                (own("v=TLSRPTv1"), &[Code::TlsRptSyntax]),
                (own(&format!("{WHOLE},b@example.com")), &[Code::TlsRptFound, Code::TlsRptAddressIgnored]),
                (lab(&format!("example.com TXT {WHOLE}")), &[Code::TlsRptMisplaced]),
                (secured(&format!("_tls.example.com TXT {WHOLE}")), &[Code::TlsRptMisplaced]),
                (lab(&format!("_mta-sts.example.com TXT {WHOLE}")), &[Code::TlsRptMisplaced]),
                (secured(&format!("_smtp._tls.example.com.example.com TXT {WHOLE}")), &[Code::TlsRptMisplaced]),
                (own("silent"), &[Code::TlsRptUnknown]),
            ],
        );
    }

    #[test]
    fn every_fix_is_exact_and_proven() {
        let fix = |value: &str| Some(format!("_smtp._tls.example.com {value}"));
        let again = "_smtp._tls.example.com TXT v=TLSRPTv1;rua=mailto:a@example.com;";
        for (lab, code, fix) in [
            (own("v=TLSRPTv1 rua=a@example.com"), Code::TlsRptSyntax, fix(WHOLE)),
            (own("v=TLSRPTv1;"), Code::TlsRptSyntax, None),
            (
                own(&format!("{WHOLE}, b@example.com")),
                Code::TlsRptAddressIgnored,
                fix(&format!("{WHOLE},mailto:b@example.com")),
            ),
            (own(&format!("{WHOLE}\n{again}")), Code::TlsRptTwoRecords, fix(WHOLE)),
            (
                own(&format!("{WHOLE}\n_smtp._tls.example.com TXT v=TLSRPTv1; rua=mailto:b@example.com")),
                Code::TlsRptTwoRecords,
                None,
            ),
            (lab(&format!("example.com TXT \"{WHOLE}\"")), Code::TlsRptMisplaced, fix(WHOLE)),
            (
                lab(&format!("_smtp._tls.example.com CNAME x.example.net\nx.example.net TXT \"{WHOLE}\"")),
                Code::TlsRptSyntax,
                None,
            ),
        ] {
            assert_eq!(lab.run(Topic::TlsRpt).fix(code), fix, "{lab:#?}");
        }
    }

    #[test]
    fn what_a_finding_tells_is_exact() {
        let ran = own(&format!("{WHOLE}, b@example.com")).run(Topic::TlsRpt);
        let ignored = ran.finding(Code::TlsRptAddressIgnored);
        assert_eq!((ignored.details["column"].as_str(), ignored.subject.as_str()), ("39", "_smtp._tls.example.com"));
        let ran = secured(&format!("_tls.example.com TXT {WHOLE}")).run(Topic::TlsRpt);
        assert_eq!(ran.detail(Code::TlsRptMisplaced, "at"), "_tls.example.com");
        let ran = secured("").run(Topic::TlsRpt);
        assert_eq!(ran.finding(Code::TlsRptMissing).evidence, ["NXDOMAIN for _smtp._tls.example.com"]);
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(own(WHOLE).no_answer_is_no_fault(Topic::TlsRpt), ["_smtp._tls.example.com TXT"]);
        secured("").no_answer_is_no_fault(Topic::TlsRpt);
        for (cause, _) in CAUSES {
            assert_eq!(own(cause).run(Topic::TlsRpt).codes(), ["tls-rpt-unknown"]);
        }
    }

    #[test]
    fn only_a_domain_that_cares_about_tls_is_asked_for_more() {
        let cost = |lab: Lab| {
            let ran = lab.run(Topic::TlsRpt);
            (ran.rounds, ran.asked.len())
        };
        assert_eq!(cost(own(WHOLE)), (1, 4));
        assert_eq!(cost(lab("")), (1, 4));
        assert_eq!(cost(secured("")), (2, 6));
    }
}

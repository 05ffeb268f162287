//! Whether the TLSA records of the domain's mail servers match the certificates that these show (RFC 7672).
//!
//! Counts only where DNSSEC vouches for the MX records, so it is looked at only there; whether the domain is signed at
//! all is the business of `dnssec`. Publishing none is fine. A mail server whose name is an alias, which `mx` warns of,
//! is looked up by its own name alone.

mod tlsa;

use crate::domain::Name;
use crate::facts::{Call, Called, Kind, Pending, Query, Secured, Tls, Unreached, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::unknown;
use crate::mail::mx::target::{by_preference, targets};
use crate::mail::starttls::callee::{Callee, MOST_CALLED};
use crate::mail::starttls::session::{date, no_tls};
use tlsa::{Tlsa, Usage, records, would_match};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let question = Query::new(domain, Kind::Mx);
    let reply = view.get(question.clone())?;
    if let Err(cause) = reply.records() {
        return Ok(vec![unknown(Code::DaneUnknown, domain, &question, cause)]);
    }
    if !reply.authentic {
        return Ok(Vec::new());
    }
    let preferred = by_preference(reply);
    let hosts = targets(&preferred).into_iter().enumerate();
    let judged: Vec<_> = hosts.map(|(place, host)| judge(case, host, place < MOST_CALLED, view)).collect();
    judged.into_iter().try_fold(Vec::new(), |mut findings, judged| {
        findings.extend(judged?);
        Ok(findings)
    })
}

/// What the TLSA records of a mail server say, and if it is one to call, whether its certificate matches.
fn judge(case: &Case<'_>, host: &Name, call: bool, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let Some(place) = host.below("_25._tcp") else { return Ok(Vec::new()) };
    let question = Query::new(&place, Kind::Tlsa);
    let reply = view.get(question.clone());
    let server = (case.connect && call).then(|| Callee::look_up(host, view));
    let reply = reply?;
    if let Err(cause) = reply.records() {
        return Ok(vec![unknown(Code::DaneUnknown, host, &question, cause)]);
    }
    let all = records(reply);
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let about = |code| Finding::new(code, host).detail("host", host);
    if !reply.authentic {
        return Ok(vec![all.iter().map(Result::as_ref).map(shown).fold(about(Code::DaneNotSigned), Finding::evidence)]);
    }
    let mut findings = Vec::new();
    let (usable, unusable): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    let usable: Vec<Tlsa<'_>> = usable.into_iter().flatten().collect();
    let mut unusable = unusable.into_iter().filter_map(Result::err).peekable();
    if let Some((_, problem)) = unusable.peek() {
        let finding = about(Code::DaneUnusable).detail("problem", problem);
        findings.push(unusable.fold(finding, |finding, (text, _)| finding.evidence(text)));
    }
    if usable.is_empty() {
        return Ok(findings);
    }
    let called = server.transpose()?.map(|server| server.smtp(view)).transpose()?.flatten();
    match called {
        Some((call, called)) => findings.extend(compare(case, host, &usable, &call, called)),
        None => findings.push(usable.iter().fold(about(Code::DanePublished), Finding::evidence)),
    }
    Ok(findings)
}

/// A record as it reads, usable or not.
fn shown(record: Result<&Tlsa<'_>, &(String, tlsa::Problem)>) -> String {
    record.map_or_else(|(text, _)| text.clone(), ToString::to_string)
}

/// Holds the records against what came of the call.
fn compare(case: &Case<'_>, host: &Name, usable: &[Tlsa<'_>], call: &Call, called: &Called) -> Vec<Finding> {
    let about = |code| Finding::new(code, host).detail("host", host);
    let all = |code| usable.iter().fold(about(code), Finding::evidence);
    let not_known = |cause: String, seen: String| {
        let finding = Finding::new(Code::DaneUnknown, host).detail("cause", cause).evidence(format!("{call}: {seen}"));
        vec![usable.iter().fold(finding, Finding::evidence)]
    };
    let session = match called {
        Ok(session) => session,
        Err(Unreached::Denied) => return vec![all(Code::DanePublished)],
        Err(why) => return not_known(why.to_string(), why.to_string()),
    };
    if let Some(problem) = no_tls(session) {
        return vec![all(Code::DaneNoTls).detail("problem", &problem).evidence(format!("{call}: {problem}"))];
    }
    let secured = match &session.tls {
        Tls::Up(secured) => secured,
        Tls::TurnedAway(reply) => return not_known("the server turned the call away".to_owned(), reply.clone()),
        _ => return Vec::new(),
    };
    let (matching, other): (Vec<&Tlsa<'_>>, Vec<&Tlsa<'_>>) =
        usable.iter().partition(|record| record.matches(&secured.chain));
    let Some(first) = matching.first() else {
        let mismatch = all(Code::DaneMismatch);
        let seen = would_match(&secured.chain).map(|text| format!("{call}: would match {text}"));
        return vec![seen.iter().fold(mismatch, Finding::evidence)];
    };
    // Names and dates do not matter for a certificate that is named itself (RFC 7672 section 3.1.1).
    let itself = matching.iter().any(|record| record.usage == Usage::Certificate);
    if let Some(problem) = (!itself).then(|| flaw(case, secured)).flatten() {
        let finding = about(Code::DaneCertificate).detail("problem", &problem).evidence(first);
        return vec![finding.evidence(format!("{call}: {problem}"))];
    }
    let mut findings = vec![matching.iter().fold(about(Code::DaneMatched), Finding::evidence)];
    if !other.is_empty() {
        let finding = about(Code::DaneOther).detail("count", other.len());
        findings.push(other.iter().fold(finding, Finding::evidence));
    }
    findings
}

/// What is wrong with a certificate of which only the issuer is named.
fn flaw(case: &Case<'_>, secured: &Secured) -> Option<String> {
    match &secured.leaf {
        _ if !secured.names_host => Some("the certificate is for other names".to_owned()),
        Some(leaf) if leaf.not_after < case.now => Some(format!("the certificate expired on {}", date(leaf.not_after))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Certificate, Service};
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds, secured, session};

    const SIGNED: &str = "
        example.com MX 10 mx1.example.com
        example.com MX 20 mx2.example.com
        mx1.example.com A 192.0.2.1
        mx2.example.com A 192.0.2.2";

    /// The names whose records are signed.
    const ALL: [&str; 3] = ["example.com", "_25._tcp.mx1.example.com", "_25._tcp.mx2.example.com"];

    /// The key and the issuer that the mail server of a lab shows, by SHA-256.
    fn sums() -> (String, String) {
        let chain = secured().chain;
        let sum = |bytes: &[u8]| {
            let told = would_match(&[Certificate { der: Vec::new(), public_key: bytes.to_vec() }]).unwrap();
            told.split(' ').next_back().unwrap().to_owned()
        };
        (sum(&chain[0].public_key), sum(&chain[1].der))
    }

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", &format!("{SIGNED}\n{table}")).proven(&ALL)
    }

    fn one(record: &str) -> Lab {
        lab(&format!("_25._tcp.mx1.example.com TLSA {record}"))
    }

    fn calls(lab: Lab, tls: Tls) -> Lab {
        lab.connected().call("mx1.example.com", Service::Smtp, Ok(session(tls)))
    }

    #[test]
    fn every_code_has_its_case() {
        let (key, issuer) = sums();
        let (ours, theirs) = (format!("3 1 1 {key}"), format!("2 0 1 {issuer}"));
        let other = format!("3 1 1 {}", "00".repeat(32));
        let both = format!("{other}\n_25._tcp.mx1.example.com TLSA {ours}");
        let up = || Tls::Up(secured());
        let old = |names_host, not_after| {
            let mut shown = Secured { names_host, ..secured() };
            shown.leaf.as_mut().unwrap().not_after = not_after;
            Tls::Up(shown)
        };
        finds(
            Topic::Dane,
            &[
                (lab(""), &[]),
                (one(&ours), &[Code::DanePublished]),
                (Lab::new("example.com", &format!("{SIGNED}\n_25._tcp.mx1.example.com TLSA {ours}")), &[]),
                (calls(one(&ours), up()), &[Code::DaneMatched]),
                (calls(one(&theirs), up()), &[Code::DaneMatched]),
                (calls(one(&other), up()), &[Code::DaneMismatch]),
                (calls(one(&both), up()), &[Code::DaneMatched, Code::DaneOther]),
                (calls(one(&ours), old(false, -1)), &[Code::DaneMatched]),
                (calls(one(&theirs), old(false, 1)), &[Code::DaneCertificate]),
                (calls(one(&theirs), old(true, -1)), &[Code::DaneCertificate]),
                (calls(one(&ours), Tls::NotOffered), &[Code::DaneNoTls]),
                (calls(one(&ours), Tls::TooOld), &[Code::DaneNoTls]),
                (calls(one(&ours), Tls::TurnedAway("554 no".to_owned())), &[Code::DaneUnknown]),
                (one(&ours).connected(), &[Code::DaneUnknown]),
                (
                    one(&ours).connected().call("mx1.example.com", Service::Smtp, Err(Unreached::Denied)),
                    &[Code::DanePublished],
                ),
                (one("1 1 1 00"), &[Code::DaneUnusable]),
                (
                    calls(one(&format!("{ours}\n_25._tcp.mx1.example.com TLSA 3 1 1 00")), up()),
                    &[Code::DaneUnusable, Code::DaneMatched],
                ),
                (
                    Lab::new("example.com", &format!("{SIGNED}\n_25._tcp.mx1.example.com TLSA {ours}"))
                        .proven(&["example.com"]),
                    &[Code::DaneNotSigned],
                ),
                (one("servfail"), &[Code::DaneUnknown]),
                (Lab::new("example.com", "example.com MX servfail"), &[Code::DaneUnknown]),
            ],
        );
    }

    #[test]
    fn a_mismatch_shows_the_records_and_what_would_match() {
        let (key, _) = sums();
        let other = "00".repeat(32);
        let ran = calls(one(&format!("3 1 1 {other}")), Tls::Up(secured())).run(Topic::Dane);
        assert_eq!(
            ran.finding(Code::DaneMismatch).evidence,
            [
                format!("TLSA 3 1 1 {other}"),
                format!("mx1.example.com port 25 at 192.0.2.1: would match TLSA 3 1 1 {key}"),
            ]
        );
    }

    #[test]
    fn without_signatures_nothing_is_asked_further_and_with_them_one_question_a_mail_server() {
        assert_eq!(Lab::new("example.com", SIGNED).connected().run(Topic::Dane).asked.len(), 1);
        let ran = lab("").run(Topic::Dane);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 3));
    }

    #[test]
    fn a_host_that_says_nothing_is_no_fault() {
        let (key, _) = sums();
        let sound = calls(one(&format!("3 1 1 {key}")), Tls::Up(secured()));
        assert_eq!(
            sound.no_answer_is_no_fault(Topic::Dane),
            [
                "example.com MX",
                "_25._tcp.mx1.example.com TLSA",
                "_25._tcp.mx2.example.com TLSA",
                "mx1.example.com port 25 at 192.0.2.1"
            ]
        );
    }
}

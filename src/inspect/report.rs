//! What others say of a message or of a test mail: the report of check-auth@verifier.port25.com, a link to a result of
//! mail-tester.com, and Authentication-Results that stand alone.
//!
//! All of it is a claim, and is told as one. A link is never followed.

use super::letter::Letter;
use super::results::Results;
use crate::finding::{Code, Finding};
use crate::mail::tags::excerpt;

/// Who sends the reports that are read.
const VERIFIER: &str = "verifier.port25.com";
/// Whose links are known.
const TESTER: &str = "mail-tester.com";
/// What stands over the table of results.
const TABLE: &str = "Summary of Results";
/// How many lines of the table are read: twice what the longest has.
const LINES: usize = 20;
/// How many claims are told.
const MOST: usize = 20;

/// What is to be said of a report, or of a link to one.
pub fn findings(letter: &Letter) -> Vec<Finding> {
    let text = letter.texts().map(|part| part.text.as_str()).find(|text| text.contains(TABLE));
    let Some((_, table)) = text.and_then(|text| text.split_once(TABLE)) else {
        return vec![Finding::new(Code::ReportLink, TESTER)];
    };
    let lines = table.lines().map(str::trim).skip_while(|line| line.is_empty() || line.starts_with('='));
    let lines = lines.take_while(|line| !line.starts_with('=')).take(LINES);
    let results = lines.filter_map(|line| {
        let (method, result) = line.split_once("check:")?;
        Some((method.trim().trim_matches('"').to_lowercase(), result.split_whitespace().next()?.to_lowercase()))
    });
    results.filter_map(|(method, result)| claim(VERIFIER, &method, &result, None)).collect()
}

/// What is to be said of what servers claim in Authentication-Results.
pub fn of_results(claims: &[Results]) -> Vec<Finding> {
    let each = claims.iter().flat_map(|claim| claim.results.iter().map(move |found| (&claim.by, found)));
    let told = each.filter_map(|(by, found)| claim(by, &found.method, &found.result, found.domain.as_deref()));
    told.take(MOST).collect()
}

/// One claim, where it is about something that has words.
fn claim(service: &str, method: &str, result: &str, domain: Option<&str>) -> Option<Finding> {
    let (name, code) = match method {
        "spf" => ("SPF", Code::ReportSpf),
        "dkim" => ("DKIM", Code::ReportDkim),
        "dmarc" => ("DMARC", Code::ReportDmarc),
        "spamassassin" => ("SpamAssassin", Code::ReportSpam),
        "iprev" => ("iprev", Code::ReportName),
        _ => return None,
    };
    let code = match result {
        "pass" | "ham" => Code::ReportPass,
        "temperror" | "error" => Code::ReportUnknown,
        _ => code,
    };
    let finding = Finding::new(code, domain.unwrap_or("the message"));
    Some(finding.detail("service", excerpt(service)).detail("method", name).detail("result", excerpt(result)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Kind, read};

    const REPORT: &str = "This message is an automatic response from Port25's authentication verifier\nservice at verifier.port25.com.\n\n\
        ==========================================================\nSummary of Results\n==========================================================\n\
        SPF check:          softfail\n\"iprev\" check:      fail\nDKIM check:         pass\nDMARC check:        temperror\n\
        Sender-ID check:    neutral\nSpamAssassin check: spam\n\n\
        ==========================================================\nDetails:\n==========================================================\n\
        SPF check: pass\n";

    fn told(text: &str) -> Vec<(Code, String)> {
        let read = read(text.as_bytes()).unwrap();
        assert_eq!(read.kind, Kind::Report, "{text}");
        findings(&read.letter).iter().map(|f| (f.code, f.details.get("result").cloned().unwrap_or_default())).collect()
    }

    #[test]
    fn the_summary_of_a_verifier_is_told_line_by_line() {
        let expected = [
            (Code::ReportSpf, "softfail"),
            (Code::ReportName, "fail"),
            (Code::ReportPass, "pass"),
            (Code::ReportUnknown, "temperror"),
            (Code::ReportSpam, "spam"),
        ]
        .map(|(code, result)| (code, result.to_owned()));
        assert_eq!(told(REPORT), expected);
        let mailed =
            format!("From: auth-results@verifier.port25.com\nTo: anna@shop.example\nSubject: Report\n\n{REPORT}");
        assert_eq!(told(&mailed), expected);
    }

    #[test]
    fn a_link_to_a_result_is_told_as_one() {
        assert_eq!(told("https://www.mail-tester.com/test-abc123xyz"), [(Code::ReportLink, String::new())]);
    }

    #[test]
    fn what_a_server_claims_is_told_with_its_name() {
        let claims = |results: &str| {
            let text = format!("Authentication-Results: mx.firm.example; {results}\n");
            let message = crate::inspect::original::Original::read(text.as_bytes()).unwrap();
            let claims = crate::inspect::results::results(&message, &crate::config::Host::default());
            of_results(&claims)
        };
        let found =
            claims("spf=pass smtp.mailfrom=shop.example; dkim=fail header.d=shop.example; dmarc=fail; x-odd=pass");
        let codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::ReportPass, Code::ReportDkim, Code::ReportDmarc]);
        assert_eq!(
            (found[1].subject.as_str(), found[1].details["service"].as_str()),
            ("shop.example", "mx.firm.example")
        );
    }
}

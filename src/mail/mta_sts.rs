//! Whether senders must use TLS towards the domain: its MTA-STS record, and the policy that the record announces
//! (RFC 8461), fetched as senders fetch it.
//!
//! Without a record nobody fetches a policy, so neither is one looked for here. How the mail servers talk TLS is told by
//! `starttls`; here it matters only where the policy demands it.

mod policy;
mod record;

use std::fmt::Display;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Fetch, Fetched, Kind, NoPage, Page, Pending, Query, Response, Tls, Unreached, View};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::mail::Case;
use crate::mail::evidence::{absence, silence, unknown};
use crate::mail::mx::target::{Addresses, by_preference, questions, targets};
use crate::mail::starttls::callee::{Callee, address, callees};
use crate::mail::starttls::session::{distrust, no_tls};
use crate::mail::tags::excerpt;
use policy::{Mode, Policy};

/// Where the policy is (RFC 8461 section 3.2).
const PATH: &str = "/.well-known/mta-sts.txt";

/// Below how many seconds a policy is kept so shortly that an attacker can wait: a day.
const SHORT: u32 = 24 * 60 * 60;

/// How many lines of a policy are shown, more than most have.
const MOST_LINES: usize = 16;

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let (Some(place), Some(host)) = (domain.below("_mta-sts"), domain.below("mta-sts")) else {
        return Ok(vec![Finding::new(Code::MtaStsNone, domain)]);
    };
    let question = Query::new(&place, Kind::Txt);
    let reply = view.get(question.clone())?;
    let texts: Vec<String> = match reply.texts() {
        Ok(texts) => texts.iter().map(ToString::to_string).collect(),
        Err(why) => return Ok(vec![unknown(Code::MtaStsUnknown, domain, &question, why)]),
    };
    let records: Vec<&String> = texts.iter().filter(|text| record::is_record(text)).collect();
    let text = match records[..] {
        [] => match texts.iter().find(|text| record::is_meant(text)) {
            Some(meant) => meant,
            None => return Ok(vec![none(domain, &question, reply, &texts)]),
        },
        [only] => only,
        _ => return Ok(vec![several(domain, &question, reply, &records)]),
    };
    let id = match record::parse(text) {
        Ok(record) => record.id,
        Err(fault) => {
            let finding = Finding::new(Code::MtaStsSyntax, domain).detail("problem", fault.problem);
            let mut finding = finding.detail("column", fault.column).evidence(text);
            finding.fix = record::repaired(text).and_then(|text| fix(&question, reply, text));
            return Ok(vec![finding]);
        }
    };
    let mut findings = judge_host(case, &host, view)?;
    if findings.iter().all(|finding| finding.severity() <= Severity::Info) {
        let found = Finding::new(Code::MtaStsFound, domain).detail("id", id).evidence(text);
        findings.insert(0, found);
    }
    Ok(findings)
}

/// No record; whatever else stands in its place is shown.
fn none(domain: &Name, question: &Query, reply: &Response, others: &[String]) -> Finding {
    let finding = Finding::new(Code::MtaStsNone, domain);
    match others {
        [] => finding.evidence(absence(question, reply)),
        others => others.iter().fold(finding, Finding::evidence),
    }
}

/// Several records, of which senders take none. One is as good as the other, since an id need only be new.
fn several(domain: &Name, question: &Query, reply: &Response, records: &[&String]) -> Finding {
    let finding = Finding::new(Code::MtaStsTwoRecords, domain).detail("count", records.len());
    let mut finding = records.iter().fold(finding, Finding::evidence);
    let newest = records.iter().filter(|text| record::parse(text).is_ok()).max();
    finding.fix = newest.and_then(|text| fix(question, reply, (*text).clone()));
    finding
}

/// The change that publishes `text` in place of the record; none behind an alias, where the record is somebody else's.
fn fix(question: &Query, reply: &Response, text: String) -> Option<Fix> {
    reply.aliases.is_empty().then(|| Fix::txt(question.name.as_str(), text))
}

/// Whether the policy can be fetched from its host, and what it says.
fn judge_host(case: &Case<'_>, host: &Name, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let replies = view.get_all(questions(host));
    let mx = Query::new(case.domain.name(), Kind::Mx);
    // The mail servers are not asked for before the policy is there, but their names are known by then.
    let exchanges = case.connect.then(|| view.get(mx.clone()));
    let addresses = Addresses::of(host, &replies?);
    let about = |code| Finding::new(code, case.domain).detail("host", host);
    let Some(address) = address(&addresses.found) else {
        return Ok(vec![match addresses.unknown.first() {
            Some((why, seen)) => not_known(case, why, seen),
            None => addresses.absent.iter().fold(about(Code::MtaStsHostMissing), Finding::evidence),
        }]);
    };
    let Some(exchanges) = exchanges else {
        // Nobody has to be asked to know that nobody gets there.
        let private = is_private(address).then(|| {
            let seen = format!("{host}: {address}");
            about(Code::MtaStsHostUnreachable).detail("problem", Unreached::Denied).evidence(seen)
        });
        return Ok(private.into_iter().collect());
    };
    let fetch = Fetch { host: host.clone(), address, path: PATH };
    let fetched = view.get(fetch.clone())?;
    // An address that is only for examples is not contacted either, but nothing is wrong with it.
    if matches!(fetched, Err(NoPage::Unreached(Unreached::Denied))) && !is_private(address) {
        return Ok(Vec::new());
    }
    let page = match judge_fetched(case, &fetch, fetched) {
        Ok(page) => page,
        Err(finding) => return Ok(vec![*finding]),
    };
    let policy = match policy::parse(&page.body) {
        Ok(policy) => policy,
        Err(fault) => {
            let finding = Finding::new(Code::MtaStsPolicySyntax, case.domain).detail("problem", fault.problem);
            let line = page.body.lines().nth(fault.line - 1).unwrap_or_default();
            let seen = format!("{fetch}, line {}: {}", fault.line, excerpt(line));
            return Ok(vec![finding.detail("line", fault.line).evidence(seen)]);
        }
    };
    judge_policy(case, &policy, &page.body, &mx, exchanges?, view)
}

/// The page with the policy, or why senders do not take it.
fn judge_fetched<'p>(case: &Case<'_>, fetch: &Fetch, fetched: &'p Fetched) -> Result<&'p Page, Box<Finding>> {
    let about = |code| Finding::new(code, case.domain);
    let because = |code, problem: &dyn Display| {
        let seen = format!("{fetch}: {problem}");
        Err(Box::new(about(code).detail("host", &fetch.host).detail("problem", problem).evidence(seen)))
    };
    let page = match fetched {
        Ok(page) => page,
        Err(NoPage::Unreached(why @ (Unreached::Refused | Unreached::Denied))) => {
            return because(Code::MtaStsHostUnreachable, why);
        }
        Err(NoPage::Unreached(why)) => return Err(Box::new(not_known(case, why, &format!("{fetch}: {why}")))),
        Err(NoPage::NoTls(why) | NoPage::Untrusted(why)) => return because(Code::MtaStsHostUntrusted, why),
        Err(NoPage::Malformed(why)) => return because(Code::MtaStsPolicyMissing, why),
    };
    let kind = page.content_type.as_deref().unwrap_or("none");
    let media = kind.split(';').next().unwrap_or_default().trim();
    match page.status {
        200 if media.eq_ignore_ascii_case("text/plain") => Ok(page),
        200 => {
            let seen = format!("{fetch}: Content-Type: {}", excerpt(kind));
            Err(Box::new(about(Code::MtaStsPolicyType).detail("type", excerpt(media)).evidence(seen)))
        }
        300..400 => {
            let location = page.location.as_deref().unwrap_or("another page");
            let seen = format!("{fetch}: status {}, Location: {location}", page.status);
            Err(Box::new(about(Code::MtaStsPolicyRedirected).detail("location", location).evidence(seen)))
        }
        status => because(Code::MtaStsPolicyMissing, &format!("it answers with status {status}")),
    }
}

fn not_known(case: &Case<'_>, why: &dyn Display, seen: &String) -> Finding {
    Finding::new(Code::MtaStsUnknown, case.domain).detail("cause", why).evidence(seen)
}

/// What the policy asks for, and whether the mail servers keep to it.
fn judge_policy(
    case: &Case<'_>,
    policy: &Policy,
    page: &str,
    question: &Query,
    exchanges: &Response,
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let lines = || page.lines().map(str::trim).filter(|line| !line.is_empty()).take(MOST_LINES);
    let about = |code| lines().fold(Finding::new(code, case.domain), Finding::evidence);
    if policy.mode == Mode::None {
        return Ok(vec![about(Code::MtaStsModeNone)]);
    }
    let callees = if policy.mode == Mode::Enforce { callees(exchanges, view)? } else { Vec::new() };
    let covered = callees.iter().filter(|callee| policy.covers(callee.host));
    let secure: Vec<_> = covered.map(|callee| judge_tls(callee, view)).collect();
    let mut findings = judge_exchanges(case, policy, question, exchanges);
    for trouble in secure {
        findings.extend(trouble?);
    }
    if policy.mode == Mode::Testing {
        findings.push(about(Code::MtaStsTesting));
    } else if findings.is_empty() {
        findings.push(about(Code::MtaStsEnforced).detail("max_age", policy.max_age));
    }
    if policy.max_age < SHORT {
        findings.push(about(Code::MtaStsMaxAgeShort).detail("max_age", policy.max_age));
    }
    Ok(findings)
}

/// Whether the policy names the mail servers.
fn judge_exchanges(case: &Case<'_>, policy: &Policy, question: &Query, exchanges: &Response) -> Vec<Finding> {
    if let Err(why) = exchanges.records() {
        return vec![not_known(case, &why, &silence(question, why))];
    }
    let named = by_preference(exchanges);
    let hosts = targets(&named);
    let left_out: Vec<&Name> = hosts.iter().copied().filter(|host| !policy.covers(host)).collect();
    let patterns = policy.mx.iter().map(|pattern| format!("mx: {pattern}")).collect::<Vec<_>>();
    let shown = |finding: Finding| patterns.iter().fold(finding, Finding::evidence);
    if policy.mode == Mode::Enforce && !hosts.is_empty() && left_out.len() == hosts.len() {
        let targets = left_out.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", ");
        return vec![shown(Finding::new(Code::MtaStsNoMxCovered, case.domain).detail("targets", targets))];
    }
    let each = left_out.into_iter();
    each.map(|host| shown(Finding::new(Code::MtaStsMxNotCovered, host).detail("target", host))).collect()
}

/// Whether a mail server proves who it is, as the policy demands; `starttls` says where it could not be reached.
fn judge_tls(callee: &Callee<'_>, view: &mut View<'_>) -> Result<Option<Finding>, Pending> {
    let Some((call, Ok(session))) = callee.smtp(view)? else { return Ok(None) };
    let problem = no_tls(session).or_else(|| match &session.tls {
        Tls::Up(secured) => distrust(secured),
        _ => None,
    });
    Ok(problem.map(|problem| {
        let finding = Finding::new(Code::MtaStsMxNotSecure, callee.host).detail("target", callee.host);
        finding.detail("problem", &problem).evidence(format!("{call}: {problem}"))
    }))
}

#[cfg(test)]
mod tests;

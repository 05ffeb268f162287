//! Where the domain's mail goes: its MX records and the addresses of the mail servers they name (RFC 5321 section 5.1).
//!
//! Tells apart no MX at all, the fallback to the domain's own address, and a null MX (RFC 7505). Whether the addresses
//! have names is the business of `ptr`; nobody is connected to here.

mod host;
mod mend;
mod records;
mod slip;
pub(super) mod target;
mod without;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Kind, Outcome, Pending, Query, View};
use crate::finding::{Code, Finding, Severity};
use crate::mail::Case;
use crate::mail::evidence::{absence, unknown};
use mend::{Correction, mend};
use records::all;
use slip::{Slip, maybe_doubled, slip};
use target::{Addresses, Known, by_preference, questions, targets};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let question = Query::new(domain, Kind::Mx);
    let reply = view.get(question.clone())?;
    let records = by_preference(reply);
    match (&records[..], &reply.outcome) {
        (_, Outcome::Unknown(why)) => return Ok(vec![unknown(Code::MxUnknown, domain, &question, *why)]),
        ([], Outcome::NoSuchName) => {
            return Ok(vec![Finding::new(Code::MxMissing, domain).evidence(absence(&question, reply))]);
        }
        ([], _) => return without::check(case, absence(&question, reply), view),
        ([(_, only)], _) if only.is_root() => return Ok(vec![all(Code::MxNull, domain, &records)]),
        _ => {}
    }

    let targets = targets(&records);
    let expected = host::to_ask(case, &records);
    let replies = view.get_all(targets.iter().chain(&expected).flat_map(|server| questions(server)))?;
    let (known, ours) = replies.split_at_checked(2 * targets.len()).unwrap_or_default();
    let (known, ours) = (Known::of(&targets, known), Known::of(&expected, ours));
    let mut findings = records::judge(case, &records);
    findings.extend(host::beside(case, &records, &known, &ours));
    let mut corrections: Vec<Correction> = records
        .iter()
        .filter_map(|(_, name)| Some(Correction::new(name, slip(name, domain, &case.host.mx)?.meant()?)))
        .collect();
    let judged: Vec<_> = known.iter().map(|server| judge_target(case, server, view)).collect();
    for judged in judged {
        let Judged { findings: found, correction } = judged?;
        findings.extend(found);
        corrections.extend(correction);
    }
    findings.extend(same_addresses(&known));
    if !findings.iter().any(|finding| matches!(finding.severity(), Severity::Fail | Severity::Unknown)) {
        let mut distinct: Vec<&Name> = records.iter().map(|(_, name)| *name).collect();
        distinct.sort();
        distinct.dedup();
        let mut found = all(Code::MxFound, domain, &records).detail("count", distinct.len());
        if targets.len() < distinct.len() {
            found = found.evidence(format!("looked up: the first {} of {}", targets.len(), distinct.len()));
        }
        findings.insert(0, found);
    }
    Ok(mend(case, &records, &known, &corrections, findings))
}

/// What the look-up of one mail server says.
struct Judged {
    findings: Vec<Finding>,
    /// The name that should stand in its place, where that is known.
    correction: Option<Correction>,
}

/// Judges one mail server by its addresses.
fn judge_target(case: &Case<'_>, server: &Known<'_>, view: &mut View<'_>) -> Result<Judged, Pending> {
    let (domain, target, addresses) = (case.domain.name(), server.name, &server.addresses);
    // That a doubled name does not exist goes without saying.
    if let Some(Slip::Doubled(_)) = slip(target, domain, &case.host.mx) {
        return Ok(Judged { findings: Vec::new(), correction: None });
    }
    let mut findings = judge_addresses(target, addresses);
    if let Some(alias) = server.aliases.last() {
        let evidence = format!("{target} is an alias for {alias}");
        let about = Finding::new(Code::MxTargetAlias, target).detail("target", target).detail("alias", alias);
        findings.insert(0, about.evidence(evidence));
        let correction = addresses.has_public().then(|| Correction::new(target, alias));
        return Ok(Judged { findings, correction });
    }
    let is_missing = addresses.found.is_empty() && addresses.unknown.is_empty();
    if let Some(meant) = maybe_doubled(target, domain).filter(|_| is_missing)
        && !Addresses::of(&meant, &view.get_all(questions(&meant))?).found.is_empty()
    {
        let about = Finding::new(Code::MxTargetDoubled, target).detail("target", target).detail("meant", &meant);
        let doubled = addresses.absent.iter().fold(about, Finding::evidence);
        return Ok(Judged { findings: vec![doubled], correction: Some(Correction::new(target, &meant)) });
    }
    Ok(Judged { findings, correction: None })
}

/// The mail servers that are the same machine as one before, so far as addresses tell.
fn same_addresses(known: &[Known<'_>]) -> Vec<Finding> {
    let sorted = |server: &Known<'_>| {
        let mut found = server.addresses.found.clone();
        found.sort();
        found
    };
    let twin = |place: usize, server: &Known<'_>| {
        let of_this = sorted(server);
        let mut before = known.iter().take(place).filter(|other| sorted(other) == of_this);
        let other = before.next().filter(|_| !of_this.is_empty())?;
        let same = Finding::new(Code::MxSameAddress, server.name).detail("target", server.name);
        Some(of_this.iter().fold(same.detail("other", other.name), Finding::evidence))
    };
    known.iter().enumerate().filter_map(|(place, server)| twin(place, server)).collect()
}

/// What a mail server's addresses say: none, private ones, or that some could not be looked up.
fn judge_addresses(target: &Name, addresses: &Addresses) -> Vec<Finding> {
    let about = |code| Finding::new(code, target).detail("target", target);
    let mut findings: Vec<Finding> = addresses
        .found
        .iter()
        .filter(|address| is_private(**address))
        .map(|address| about(Code::MxTargetPrivate).detail("address", address).evidence(address))
        .collect();
    if let Some((cause, _)) = addresses.unknown.first() {
        let unknown = about(Code::MxTargetUnknown).detail("cause", cause);
        findings.push(addresses.unknown.iter().fold(unknown, |finding, (_, seen)| finding.evidence(seen)));
    } else if addresses.found.is_empty() {
        findings.push(addresses.absent.iter().fold(about(Code::MxTargetMissing), Finding::evidence));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Host;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds, lines, name};

    const HEALTHY: &str = "
        example.com MX 20 mx2.example.com
        example.com MX 10 mx1.example.com
        mx1.example.com A 192.0.2.1
        mx1.example.com AAAA 2001:db8::1
        mx2.example.com A 192.0.2.2";

    /// The addresses of mail servers alone.
    const SERVERS: &str = "
        mx1.example.com A 192.0.2.1
        mx2.example.com A 192.0.2.2
        mx1.host.example A 192.0.2.11
        mx2.host.example A 192.0.2.12";

    /// A website below a domain with mail.
    const BELOW: &str = "
        shop.example.com A 192.0.2.80
        example.com MX 10 mx1.example.com";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    fn one(target: &str, rest: &str) -> Lab {
        lab(&format!("example.com MX 10 {target}\n{rest}"))
    }

    fn host(mx: &[&str]) -> Host {
        Host { mx: mx.iter().map(|mx| name(mx)).collect(), ..Host::default() }
    }

    #[test]
    fn every_code_has_its_case() {
        finds(
            Topic::Mx,
            &[
                (lab(HEALTHY), &[Code::MxFound]),
                (lab(""), &[Code::MxMissing]),
                (lab("example.com TXT parked"), &[Code::MxMissing]),
                (lab("example.com A 192.0.2.1"), &[Code::MxImplicit]),
                (lab("example.com A 192.0.2.1\nexample.com AAAA servfail"), &[Code::MxImplicit, Code::MxTargetUnknown]),
                (lab("example.com A 10.0.0.1"), &[Code::MxImplicit, Code::MxTargetPrivate]),
                (one(".", ""), &[Code::MxNull]),
                (one(".", HEALTHY), &[Code::MxNullWithOthers]),
                (one("gone.example.com", ""), &[Code::MxTargetMissing]),
                (one("mx.example.com", "mx.example.com TXT hello"), &[Code::MxTargetMissing]),
                (
                    one("mx.example.com", "mx.example.com CNAME mx.example.net\nmx.example.net A 192.0.2.1"),
                    &[Code::MxFound, Code::MxTargetAlias],
                ),
                (
                    one("mx.example.com", "mx.example.com CNAME mx.example.net"),
                    &[Code::MxTargetAlias, Code::MxTargetMissing],
                ),
                (one("192.0.2.1", ""), &[Code::MxTargetLiteral]),
                (one("[2001:db8::1]", HEALTHY), &[Code::MxTargetLiteral]),
                (one("mx.example.com", "mx.example.com A 192.168.0.1"), &[Code::MxTargetPrivate]),
                (one("example.com", "example.com A 192.0.2.1"), &[Code::MxFound, Code::MxTargetIsDomain]),
                (lab(HEALTHY).host(host(&["mx.host.example"])), &[Code::MxFound, Code::MxNotHost]),
                (lab(HEALTHY).host(host(&["mx2.example.com", "mx1.example.com"])), &[Code::MxFound]),
                (one("mx1.example.com", &HEALTHY.replace("MX 10", "MX 30")), &[Code::MxFound, Code::MxDuplicate]),
                (Lab::new("shop.example.com", BELOW), &[Code::MxBelow]),
                (
                    lab("example.com A 192.0.2.1\n*.example.com MX 10 mx.example.net"),
                    &[Code::MxImplicit, Code::MxMisplaced],
                ),
                (lab("example.com.example.com MX 10 mx.example.net"), &[Code::MxMissing, Code::MxMisplaced]),
                (one("mx1.example.com.example.com", SERVERS), &[Code::MxTargetDoubled]),
                (one("mx.example.net.example.com", "mx.example.net A 192.0.2.1"), &[Code::MxTargetDoubled]),
                (one("mx.example.net.example.com", ""), &[Code::MxTargetMissing]),
                (one("\"mx1.example.com\"", SERVERS), &[Code::MxTargetMisspelt]),
                (
                    one("mx3.example.com", &format!("{HEALTHY}\nmx3.example.com A 192.0.2.2")),
                    &[Code::MxFound, Code::MxSameAddress],
                ),
                (
                    one("mx1.host.example", &format!("{HEALTHY}\n{SERVERS}")).host(host(&["mx1.host.example"])),
                    &[Code::MxFound, Code::MxElsewhere],
                ),
                (lab("example.com MX silent"), &[Code::MxUnknown]),
                (lab("example.com A silent"), &[Code::MxUnknown]),
                (one("mx.example.com", "mx.example.com A silent"), &[Code::MxTargetUnknown]),
                (
                    one("mx.example.com", "mx.example.com A 192.0.2.1\nmx.example.com AAAA servfail"),
                    &[Code::MxTargetUnknown],
                ),
            ],
        );
    }

    #[test]
    fn the_records_are_shown_the_preferred_first() {
        let ran = lab(HEALTHY).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxFound).evidence, ["10 mx1.example.com", "20 mx2.example.com"]);
        assert_eq!(ran.detail(Code::MxFound, "count"), "2");
        let ran = lab("").run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxMissing).evidence, ["NXDOMAIN for example.com"]);
        let ran = lab("example.com TXT parked").run(Topic::Mx);
        assert_eq!(
            ran.finding(Code::MxMissing).evidence,
            ["no MX record at example.com", "no A record at example.com", "no AAAA record at example.com"]
        );
        let ran = lab(HEALTHY).host(host(&["mx.host.example"])).run(Topic::Mx);
        assert_eq!(ran.detail(Code::MxNotHost, "expected"), "mx.host.example");
    }

    #[test]
    fn the_domain_is_asked_once_and_each_mail_server_twice() {
        let ran = lab(HEALTHY).run(Topic::Mx);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 5));
        let many = lines(10..40, |n| format!("example.com MX {n} mx{n}.example.com"));
        let ran = lab(&many).run(Topic::Mx);
        assert_eq!((ran.rounds, ran.asked.len()), (2, 1 + 2 * target::MOST));
    }

    #[test]
    fn mail_servers_that_were_not_looked_up_are_told() {
        let many = lines(10..22, |n| format!("example.com MX {n} mx{n}.example.com\nmx{n}.example.com A 192.0.2.{n}"));
        let found = lab(&many).run(Topic::Mx);
        let evidence = &found.finding(Code::MxFound).evidence;
        assert_eq!(evidence.last().map(String::as_str), Some("looked up: the first 10 of 12"));
    }

    #[test]
    fn where_the_records_stand_elsewhere_they_are_shown_and_moved() {
        let table = format!("example.com A 192.0.2.80\nexample.com.example.com MX 10 mx1.example.com\n{SERVERS}");
        let ran = lab(&table).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxMisplaced).evidence, ["example.com.example.com MX 10 mx1.example.com"]);
        assert_eq!(ran.fix(Code::MxMisplaced).as_deref(), Some("example.com 10 mx1.example.com"));
        assert_eq!(ran.fix(Code::MxImplicit).as_deref(), Some("example.com 10 mx1.example.com"));
        let dead = lab("example.com A 192.0.2.80\n*.example.com MX 10 gone.example.net").run(Topic::Mx);
        assert_eq!(dead.finding(Code::MxMisplaced).fix, None);
    }

    #[test]
    fn a_slip_in_a_name_is_put_right_and_the_other_records_kept() {
        for (target, right) in [
            ("mx1.example.com.example.com", "mx1.example.com"),
            ("\"mx1.example.com\"", "mx1.example.com"),
            ("mx1.host.example.example.com", "mx1.host.example"),
        ] {
            let ran = one(target, &format!("example.com MX 20 mx2.example.com\n{SERVERS}")).run(Topic::Mx);
            let code = ran.findings[0].code;
            assert_eq!(ran.fix(code), Some(format!("example.com 10 {right}\n20 mx2.example.com")), "{target}");
            assert_eq!(ran.findings[0].fix.as_ref().map(|fix| fix.replaces), Some(2));
        }
        let ran = one("\"mx9.example.com\"", SERVERS).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxTargetMisspelt).fix, None, "what was meant does not exist");
        let ran = one("mx9.example.com.example.com", SERVERS).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxTargetDoubled).fix, None, "what was meant does not exist");
    }

    #[test]
    fn an_alias_is_replaced_by_the_name_that_it_stands_for() {
        let alias = "mx.example.com CNAME mx1.example.com";
        let ran =
            one("mx.example.com", &format!("{alias}\nexample.com MX 5 mx2.example.com\n{SERVERS}")).run(Topic::Mx);
        assert_eq!(ran.fix(Code::MxTargetAlias).as_deref(), Some("example.com 5 mx2.example.com\n10 mx1.example.com"));
        let twice = format!("{alias}\nexample.com MX 5 mx1.example.com\n{SERVERS}");
        let ran = one("mx.example.com", &twice).run(Topic::Mx);
        assert_eq!(ran.fix(Code::MxTargetAlias).as_deref(), Some("example.com 5 mx1.example.com"));
    }

    #[test]
    fn a_customer_of_the_host_is_told_what_this_host_needs() {
        let fix = Some("example.com 10 mx1.host.example\n20 mx2.host.example".to_owned());
        let host = || host(&["mx1.host.example", "mx2.host.example"]);
        for (table, code) in [
            ("example.com TXT parked", Code::MxMissing),
            ("example.com A 192.0.2.80", Code::MxImplicit),
            ("example.com MX 10 mx1.example.com", Code::MxNotHost),
            ("example.com MX 10 mx1.example.com\nexample.com MX 10 mx1.host.example", Code::MxElsewhere),
            ("example.com MX 10 gone.example.com", Code::MxTargetMissing),
            ("example.com MX 10 192.0.2.1", Code::MxTargetLiteral),
            ("example.com MX 10 mx1.example.com.example.com", Code::MxTargetDoubled),
            ("example.com MX 10 example.com\nexample.com A 192.0.2.80", Code::MxNotHost),
            ("example.com MX 10 mx.example.net\nmx.example.net A 10.0.0.1", Code::MxTargetPrivate),
        ] {
            let ran = lab(&format!("{table}\n{SERVERS}")).host(host()).run(Topic::Mx);
            assert_eq!(ran.fix(code), fix, "{table}");
        }
        let dead = lab("example.com MX 10 mx1.example.com\nmx1.example.com A 192.0.2.1").host(host()).run(Topic::Mx);
        assert_eq!(dead.finding(Code::MxNotHost).fix, None, "the host's servers do not exist");
        let slip = one("mx1.host.example.example.com", SERVERS).host(host()).run(Topic::Mx);
        assert_eq!(slip.codes(), ["mx-target-doubled"], "the host was meant");
        let more = format!("example.com MX 10 mx1.host.example\nexample.com MX 20 mx3.host.example\n{SERVERS}");
        let ran = lab(&format!("{more}\nmx3.host.example A 192.0.2.13")).host(host()).run(Topic::Mx);
        assert_eq!(ran.codes(), ["mx-found"], "the host has more servers than it names");
        let ran = lab(&format!("{HEALTHY}\nexample.com MX 30 mx1.host.example\n{SERVERS}")).host(host()).run(Topic::Mx);
        assert_eq!(ran.detail(Code::MxElsewhere, "others"), "mx1.example.com, mx2.example.com");
    }

    #[test]
    fn one_bad_record_is_mended_and_the_others_stay() {
        let host = || host(&["mx1.host.example", "mx2.host.example"]);
        let mail = "mx.other.example A 192.0.2.21\nmx.filter.example A 192.0.2.22\ninner.example.com A 10.0.0.1
            mx.example.com CNAME mx.other.example";
        let (other, filter) = ("10 mx.other.example", "10 mx.filter.example");
        for (records, code, fix) in [
            (&[other, "20 dead.example"][..], Code::MxTargetMissing, Some(other)),
            (&[other, "20 192.0.2.9"], Code::MxTargetLiteral, Some(other)),
            (&[other, "20 inner.example.com"], Code::MxTargetPrivate, Some(other)),
            (&["10 mx.example.com"], Code::MxTargetAlias, Some(other)),
            (&[other, "20 mx.example.com"], Code::MxTargetAlias, Some(other)),
            (
                &[filter, "20 dead.example", "30 mx1.host.example"],
                Code::MxTargetMissing,
                Some("10 mx.filter.example\n30 mx1.host.example"),
            ),
            (
                &[filter, "20 mx1.host.example.example.com"],
                Code::MxTargetDoubled,
                Some("10 mx.filter.example\n20 mx1.host.example"),
            ),
            // What comes first may be what was meant.
            (&["10 dead.example", "20 mx.other.example"], Code::MxTargetMissing, None),
            (&["10 192.0.2.9", "20 mx.other.example"], Code::MxTargetLiteral, None),
            (&[other, "20 example.com"], Code::MxTargetIsDomain, None),
            (&["0 .", other], Code::MxNullWithOthers, None),
        ] {
            let published = lines(records, |record| format!("example.com MX {record}"));
            let table = format!("{published}\n{mail}\nexample.com A 192.0.2.80\n{SERVERS}");
            for lab in [lab(&table), lab(&table).host(host())] {
                let found = lab.run(Topic::Mx).fix(code);
                // Who the host is makes the doubled name a sure one.
                if code != Code::MxTargetDoubled || found.is_some() {
                    assert_eq!(found, fix.map(|fix| format!("example.com {fix}")), "{records:?}");
                }
            }
        }
    }

    #[test]
    fn mail_that_reaches_the_host_by_an_alias_or_an_address_is_not_said_to_go_elsewhere() {
        let host = || host(&["mx1.host.example", "mx2.host.example"]);
        let told = |rest: &str| one("mail.example.com", &format!("{rest}\n{SERVERS}")).host(host()).run(Topic::Mx);
        assert_eq!(told("mail.example.com CNAME mx1.host.example").codes(), ["mx-found", "mx-target-alias"]);
        assert_eq!(told("mail.example.com A 192.0.2.12").codes(), ["mx-found"]);
        assert_eq!(told("mail.example.com A 192.0.2.13").codes(), ["mx-found", "mx-not-host"]);
        let dark = "mail.example.com A 192.0.2.12\nmx2.host.example AAAA silent";
        assert_eq!(told(dark).codes(), ["mx-found"], "it is known already");
        let dark = "mail.example.com A 192.0.2.13\nmx2.host.example AAAA silent";
        assert_eq!(told(dark).codes(), ["mx-target-unknown"]);
        for reach in ["CNAME mx1.host.example", "A 192.0.2.12"] {
            let table = format!("mail.example.com {reach}\n{SERVERS}");
            one("mail.example.com", &table).host(host()).no_answer_is_no_fault(Topic::Mx);
        }
        let both = "example.com MX 20 mx1.host.example\nmail.example.com A 192.0.2.12";
        assert_eq!(told(both).codes(), ["mx-found"]);
    }

    #[test]
    fn a_null_mx_is_left_as_it_is() {
        let ran = lab("example.com MX 0 .").host(host(&["mx1.host.example"])).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxNull).fix, None);
        let ran = one(".", HEALTHY).run(Topic::Mx);
        assert_eq!(ran.finding(Code::MxNullWithOthers).fix, None);
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Mx).len(), 5);
        Lab::new("shop.example.com", BELOW).no_answer_is_no_fault(Topic::Mx);
        lab("example.com A 192.0.2.80\n*.example.com MX 10 mx.example.net").no_answer_is_no_fault(Topic::Mx);
        lab(&format!("example.com MX 10 mx.old.example\nmx.old.example A 192.0.2.9\n{SERVERS}"))
            .host(host(&["mx1.host.example"]))
            .no_answer_is_no_fault(Topic::Mx);
        for (cause, _) in CAUSES {
            let dark = format!("example.com A {cause}\nexample.com AAAA {cause}");
            assert_eq!(lab(&dark).run(Topic::Mx).codes(), ["mx-unknown"]);
        }
    }
}

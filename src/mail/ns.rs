//! The name servers of the domain's zone: enough of them, each with an address and an answer, all with the same version,
//! and those that the zone above refers to (RFC 1034 section 4.2, RFC 2181 section 10.3, RFC 2182 section 5).
//!
//! Where nobody but the resolvers may be asked, only names and addresses are looked at. What the name servers say of
//! mail is compared in `propagation`.

pub(in crate::mail) mod survey;
pub(in crate::mail) mod zone;

use crate::address::is_private;
use crate::domain::Name;
use crate::facts::{Cause, Pending, View};
use crate::finding::{Code, Finding, Severity};
use crate::mail::Case;
use crate::mail::evidence::{silence, unknown};
use survey::{Authority, Said, Survey, question, survey};
use zone::{MOST, Parent, listed_at};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let survey = match survey(case, view)? {
        Ok(Some(survey)) => survey,
        // A name that nobody runs as a zone of its own; whether it exists is for `dns` to say.
        Ok(None) => return Ok(Vec::new()),
        Err((question, why)) => return Ok(vec![unknown(Code::NsUnknown, case.domain, &question, why)]),
    };
    let mut findings = against_parent(&survey, view)?;
    findings.extend(as_a_set(&survey));
    for server in &survey.servers {
        findings.extend(names_of(server));
        findings.extend(answer_of(&survey, server));
    }
    if !findings.iter().any(|finding| finding.severity() >= Severity::Unknown) {
        let names = survey.in_charge();
        let found = Finding::new(Code::NsFound, &survey.zone).detail("count", names.len());
        let mut found = names.iter().fold(found, Finding::evidence);
        if survey.servers.len() < names.len() {
            found = found.evidence(format!("looked at: the first {MOST} of {}", names.len()));
        }
        findings.insert(0, found);
    }
    Ok(findings)
}

/// Whether the zone above refers to the name servers that the zone lists.
fn against_parent(survey: &Survey, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let zone = &survey.zone;
    Ok(match &survey.parent {
        Parent::Unasked => Vec::new(),
        Parent::Silent((question, cause)) => vec![unknown(Code::NsParentUnknown, zone, question, *cause)],
        Parent::Denies(question) => {
            vec![Finding::new(Code::NsNotDelegated, zone).evidence(format!("{question}: NXDOMAIN"))]
        }
        Parent::Refers(names) if *names == survey.listed => Vec::new(),
        Parent::Refers(names) => {
            // The resolvers may only be behind; the zone's own word counts.
            let child = match survey.voices().next() {
                Some(voice) => listed_at(zone, voice.address, view)?,
                None => None,
            };
            match child {
                Some(child) if child != *names => {
                    let (above, below) = (listed(names), listed(&child));
                    vec![
                        Finding::new(Code::NsParentDiffers, zone)
                            .evidence(format!("the zone above: {above}"))
                            .evidence(format!("the zone: {below}"))
                            .detail("parent", above)
                            .detail("child", below),
                    ]
                }
                _ => Vec::new(),
            }
        }
    })
}

/// What the name servers are together: one alone, one address, several versions, or nobody's own answer.
fn as_a_set(survey: &Survey) -> Vec<Finding> {
    let about = |code| Finding::new(code, &survey.zone);
    let mut findings = Vec::new();
    let addresses: Vec<_> = survey.servers.iter().flat_map(|server| &server.host.addresses.found).collect();
    let all_known = survey.servers.iter().all(|server| server.host.addresses.unknown.is_empty());
    match (survey.in_charge(), addresses.as_slice()) {
        ([only], _) => findings.push(about(Code::NsOne).evidence(only)),
        (_, [first, _, ..]) if all_known && addresses.iter().all(|address| address == first) => {
            findings.push(about(Code::NsOneAddress).detail("address", first).evidence(first));
        }
        _ => {}
    }
    let mut serials: Vec<u32> = survey.voices().map(|voice| voice.serial).collect();
    serials.sort_unstable();
    serials.dedup();
    if serials.len() > 1 {
        let seen = survey.voices().map(|voice| format!("{}: {}", voice.name, voice.serial));
        findings.push(seen.fold(about(Code::NsSerialsDiffer), Finding::evidence));
    }
    if intercepted(survey) {
        let seen = survey.servers.iter().map(|server| format!("{}: an answer without authority", server.host.name));
        findings.push(seen.fold(about(Code::NsIntercepted), Finding::evidence));
    }
    findings
}

/// Whether all answers are such as anybody could give who has looked the zone up: then somebody on the way gives them in
/// the name servers' place, as networks that intercept DNS do.
fn intercepted(survey: &Survey) -> bool {
    let mut said = survey.servers.iter().filter_map(|server| server.said.map(|(_, said)| said)).peekable();
    said.peek().is_some() && said.all(|said| said == Said::Hearsay)
}

/// What a name server's name leads to.
fn names_of(server: &Authority) -> Vec<Finding> {
    let host = &server.host;
    let about = |code| Finding::new(code, &host.name).detail("target", &host.name);
    let mut findings = Vec::new();
    if let Some(alias) = &host.alias {
        let evidence = format!("{} is an alias for {alias}", host.name);
        findings.push(about(Code::NsAlias).detail("alias", alias).evidence(evidence));
    }
    if host.addresses.found.is_empty() {
        findings.push(match host.addresses.unknown.first() {
            Some((cause, seen)) => about(Code::NsTargetUnknown).detail("cause", cause).evidence(seen),
            None => host.addresses.absent.iter().fold(about(Code::NsTargetMissing), Finding::evidence),
        });
    }
    // Who was asked there is where this very machine could reach it: the operator lets it through.
    let reached = matches!(server.said, Some((_, said)) if said != Said::Nothing(Cause::NotAsked));
    if let Some(address) = host.address().filter(|address| is_private(*address) && !reached) {
        findings.push(about(Code::NsTargetPrivate).detail("address", address).evidence(address));
    }
    findings
}

/// What a name server's answer, or the lack of one, says.
fn answer_of(survey: &Survey, server: &Authority) -> Option<Finding> {
    let (address, said) = server.said?;
    let name = &server.host.name;
    let about = |code| Finding::new(code, name).detail("target", name);
    let lame = |problem: &str| {
        let evidence = format!("{}: {problem}", question(&survey.zone, address));
        about(Code::NsLame).detail("problem", problem).evidence(evidence)
    };
    match said {
        Said::Serial(_) => None,
        Said::Hearsay if intercepted(survey) => None,
        Said::Hearsay => Some(lame("it answers without authority")),
        Said::Lame(problem) => Some(lame(problem)),
        Said::Nothing(Cause::NotAsked) if is_private(address) => None,
        Said::Nothing(cause) => {
            let evidence = silence(&question(&survey.zone, address), cause);
            Some(about(Code::NsSilent).detail("cause", cause).evidence(evidence))
        }
    }
}

fn listed(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds};

    const HEALTHY: &str = "
        example.com SOA ns1.example.com 7
        example.com NS ns1.example.com
        example.com NS ns2.example.com
        ns1.example.com A 192.0.2.1
        ns2.example.com A 192.0.2.2
        com NS a.registry.example
        a.registry.example A 198.51.100.1
        example.com@198.51.100.1 NS refers ns2.example.com ns1.example.com";

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table).connected()
    }

    /// The healthy zone with some lines more.
    fn and(lines: &str) -> Lab {
        lab(&format!("{HEALTHY}\n{lines}"))
    }

    /// The healthy zone with one text in place of another.
    fn but(old: &str, new: &str) -> Lab {
        assert!(HEALTHY.contains(old), "{old}");
        lab(&HEALTHY.replace(old, new))
    }

    #[test]
    fn every_code_has_its_case() {
        finds(
            Topic::Ns,
            &[
                (lab(HEALTHY), &[Code::NsFound]),
                (Lab::new("example.com", HEALTHY), &[Code::NsFound]),
                (lab(""), &[]),
                (
                    lab(
                        "example.com NS ns1.example.com\nns1.example.com A 192.0.2.1\nexample.com SOA ns1.example.com 7",
                    ),
                    &[Code::NsFound, Code::NsOne],
                ),
                (but("A 192.0.2.2", "A 192.0.2.1"), &[Code::NsFound, Code::NsOneAddress]),
                (
                    but(
                        "ns2.example.com A 192.0.2.2",
                        "ns2.example.com CNAME ns.example.net\nns.example.net A 192.0.2.2",
                    ),
                    &[Code::NsAlias],
                ),
                (but("ns2.example.com A 192.0.2.2", ""), &[Code::NsTargetMissing]),
                (but("A 192.0.2.2", "AAAA 2001:db8::2"), &[Code::NsFound]),
                (but("A 192.0.2.2", "A silent"), &[Code::NsTargetUnknown]),
                (but("A 192.0.2.2", "A 10.0.0.2\nexample.com@10.0.0.2 SOA not-asked"), &[Code::NsTargetPrivate]),
                (and("example.com@192.0.2.2 SOA refused"), &[Code::NsLame]),
                (and("example.com@192.0.2.2 SOA servfail"), &[Code::NsLame]),
                (and("example.com@192.0.2.2 SOA lame"), &[Code::NsLame]),
                (and("example.com@192.0.2.2 SOA nxdomain"), &[Code::NsLame]),
                (and("example.com@192.0.2.2 SOA hearsay ns1.example.com 7"), &[Code::NsLame]),
                (
                    and("example.com@192.0.2.1 SOA hearsay ns1.example.com 7
                        example.com@192.0.2.2 SOA hearsay ns1.example.com 7"),
                    &[Code::NsIntercepted],
                ),
                (and("example.com@192.0.2.2 SOA ns1.example.com 8"), &[Code::NsFound, Code::NsSerialsDiffer]),
                (
                    but("refers ns2.example.com", "refers ns3.example.com"),
                    &[Code::NsParentDiffers, Code::NsTargetMissing],
                ),
                (but("NS refers ns2.example.com ns1.example.com", "NS nxdomain"), &[Code::NsNotDelegated]),
                (but("NS refers ns2.example.com ns1.example.com", "NS silent"), &[Code::NsParentUnknown]),
                (lab("example.com NS silent"), &[Code::NsUnknown]),
                (and("example.com@192.0.2.2 SOA silent"), &[Code::NsSilent]),
            ],
        );
    }

    #[test]
    fn each_name_server_is_asked_once_and_one_of_the_zone_above() {
        let ran = lab(HEALTHY).run(Topic::Ns);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 8));
        let alone = Lab::new("example.com", HEALTHY).run(Topic::Ns);
        assert_eq!((alone.rounds, alone.asked.len()), (2, 3), "nobody but the resolvers");
    }

    #[test]
    fn what_is_looked_at_is_bounded_and_told() {
        let many: Vec<String> =
            (10..60).map(|n| format!("example.com NS ns{n}.example.com\nns{n}.example.com A 192.0.2.{n}")).collect();
        let table = format!("example.com SOA ns10.example.com 7\n{}", many.join("\n"));
        let ran = lab(&table).run(Topic::Ns);
        assert_eq!(ran.codes(), ["ns-found"]);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 2 + MOST + MOST));
        let evidence = &ran.finding(Code::NsFound).evidence;
        assert_eq!(evidence.last().map(String::as_str), Some("looked at: the first 4 of 50"));
    }

    #[test]
    fn a_name_within_a_zone_is_judged_by_its_zone() {
        let ran = Lab::new("shop.example.com", &format!("{HEALTHY}\nshop.example.com A 192.0.2.9")).connected();
        let ran = ran.run(Topic::Ns);
        assert_eq!(ran.codes(), ["ns-found"]);
        assert_eq!(ran.finding(Code::NsFound).subject, "example.com");
        let aliased = "www.example.com CNAME example.net\nexample.net NS ns.example.net";
        let ran = Lab::new("mail.www.example.com", aliased).run(Topic::Ns);
        assert_eq!(ran.codes(), Vec::<&str>::new(), "the name servers at the end of an alias are somebody else's");
    }

    #[test]
    fn name_servers_that_have_moved_are_followed_before_the_resolver_knows() {
        let moved = "
            example.com SOA ns1.old.example 7
            example.com NS ns1.old.example
            example.com NS ns2.old.example
            ns1.old.example A 192.0.2.1
            ns2.old.example A 192.0.2.2
            ns1.new.example A 192.0.2.3
            ns2.new.example A 192.0.2.4
            com NS a.registry.example
            a.registry.example A 198.51.100.1
            example.com@198.51.100.1 NS refers ns1.new.example ns2.new.example";
        let agrees = "example.com@192.0.2.3 NS ns1.new.example\nexample.com@192.0.2.3 NS ns2.new.example";
        let ran = lab(&format!("{moved}\n{agrees}")).run(Topic::Ns);
        assert_eq!(ran.codes(), ["ns-found"]);
        assert_eq!(ran.finding(Code::NsFound).evidence, ["ns1.new.example", "ns2.new.example"]);
        let ran = lab(moved).run(Topic::Ns);
        assert_eq!(ran.codes(), ["ns-parent-differs"]);
        assert_eq!(ran.detail(Code::NsParentDiffers, "child"), "ns1.old.example, ns2.old.example");
        let lame = format!("{moved}\nexample.com@192.0.2.3 SOA refused\nexample.com@192.0.2.4 SOA refused");
        assert_eq!(lab(&lame).run(Topic::Ns).codes(), ["ns-lame", "ns-lame"], "nobody says what the zone lists");
    }

    #[test]
    fn the_server_and_its_words_are_shown() {
        let ran = and("example.com@192.0.2.2 SOA refused").run(Topic::Ns);
        let lame = ran.finding(Code::NsLame);
        assert_eq!(lame.subject, "ns2.example.com");
        assert_eq!(lame.evidence, ["example.com SOA at 192.0.2.2: it refuses to answer"]);
        let ran = and("example.com@192.0.2.2 SOA ns1.example.com 8").run(Topic::Ns);
        assert_eq!(ran.finding(Code::NsSerialsDiffer).evidence, ["ns1.example.com: 7", "ns2.example.com: 8"]);
    }

    #[test]
    fn no_answer_is_no_fault() {
        assert_eq!(lab(HEALTHY).no_answer_is_no_fault(Topic::Ns).len(), 8);
        assert_eq!(Lab::new("example.com", HEALTHY).no_answer_is_no_fault(Topic::Ns).len(), 3);
        for (cause, _) in CAUSES.iter().filter(|(word, _)| !matches!(*word, "refused" | "servfail")) {
            let dark = format!("example.com@192.0.2.1 SOA {cause}\nexample.com@192.0.2.2 SOA {cause}");
            assert_eq!(and(&dark).run(Topic::Ns).codes(), ["ns-silent", "ns-silent"]);
        }
    }
}

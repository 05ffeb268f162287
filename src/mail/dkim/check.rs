//! The check of a domain's DKIM keys: what stands under the selectors that are tried, and what may be said of the rest.

use super::astray::{astray, doubled, without_selector};
use super::judge::judge;
use super::place::{By, Place, Seen, given_away, is_nowhere, places};
use super::services::{self, Service, services};
use super::wildcard::{self, wildcard};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, silence};
use crate::mail::parked::is_parked;

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let Some(root) = domain.below("_domainkey") else {
        return Ok(vec![Finding::new(Code::DkimNone, domain)]);
    };
    let root_question = Query::new(&root, Kind::Txt);
    let root_reply = view.get(root_question.clone());
    let (mx, apex) = (view.get(Query::new(domain, Kind::Mx)), view.get(Query::new(domain, Kind::Txt)));
    let named = places(&root, named(case), view);
    let (root_reply, mx, apex, mut tried) = (root_reply?, mx?, apex?, named?);
    let parked = is_parked(mx, apex);
    if parked {
        tried.retain(|place| place.by == By::Person);
    }
    let services = services(mx, apex);
    if !parked {
        let known = services.as_deref().unwrap_or_default();
        tried.extend(places(&root, guessed(services::selectors(known), &tried), view)?);
        // Where nothing exists below `_domainkey`, more guesses would find nothing; unless that was no truth.
        let denied = is_nowhere(root_reply) && tried.iter().all(Place::is_nowhere);
        if !denied && !tried.iter().any(has_answer) {
            tried.extend(places(&root, guessed(services::distinct(services::USUAL), &tried), view)?);
        }
    }

    let wildcard = wildcard(&root, &tried, view)?;
    let (common, own): (Vec<_>, Vec<_>) = tried.iter().partition(|place| wildcard::is_by(wildcard, place));
    let elsewhere = [(&root, root_reply), (domain, apex)];
    let mut findings = Vec::new();
    let keyless = !own.iter().any(|place| has_answer(place));
    if parked {
        findings.push(Finding::new(Code::DkimParked, domain));
    } else if keyless && is_nowhere(root_reply) && tried.iter().all(Place::is_nowhere) {
        findings.push(Finding::new(Code::DkimNone, domain).evidence(absence(&root_question, root_reply)));
    } else if keyless && !tried.iter().any(|place| place.by == By::Host) {
        // Where the host's own selector is looked at, what stands there is the answer.
        findings.push(not_found(domain, &tried, services));
    }
    findings.extend(elsewhere.iter().filter_map(|(at, reply)| {
        let texts: Vec<String> = reply.texts().unwrap_or_default().iter().map(ToString::to_string).collect();
        given_away(at, "…", &texts)
    }));
    findings.extend(wildcard.filter(|_| !common.is_empty()).map(|wildcard| wildcard::told(&root, wildcard)));
    findings.extend(judge_named(domain, &tried, wildcard, &elsewhere, view)?);
    findings.extend(judge_guessed(&root, &own));
    if keyless && !findings.iter().any(|finding| matches!(finding.code, Code::DkimMisplaced | Code::DkimDoubled)) {
        findings.extend(without_selector(&elsewhere));
        if findings.iter().any(|finding| finding.code == Code::DkimNone) {
            findings.extend(doubled(domain, &root, view)?);
        }
    }
    Ok(findings)
}

/// The selectors that the person or the host named, each once.
fn named(case: &Case<'_>) -> Vec<(Name, By)> {
    let by_person = case.selectors.iter().map(|selector| (selector, By::Person));
    let mut named: Vec<(Name, By)> = Vec::new();
    for (selector, by) in by_person.chain(case.host.dkim_selectors.iter().map(|selector| (selector, By::Host))) {
        if !named.iter().any(|(other, _)| other == selector) {
            named.push((selector.clone(), by));
        }
    }
    named
}

/// The selectors to guess that were not tried yet.
fn guessed(selectors: Vec<Name>, tried: &[Place<'_>]) -> Vec<(Name, By)> {
    let fresh = selectors.into_iter().filter(|name| !tried.iter().any(|place| place.selector == *name));
    fresh.map(|name| (name, By::Guess)).collect()
}

/// Whether a key stands here, or the network would not say.
fn has_answer(place: &Place<'_>) -> bool {
    matches!(place.seen(), Seen::Records(_) | Seen::Unknown(_))
}

/// That no key was found, and how much that means.
fn not_found(domain: &Name, tried: &[Place<'_>], services: Result<Vec<&Service>, Cause>) -> Finding {
    let about = |code| {
        let selectors: Vec<&str> = tried.iter().map(|place| place.selector.as_str()).collect();
        let found = Finding::new(code, domain).detail("count", selectors.len());
        found.evidence(format!("tried: {}", selectors.join(", ")))
    };
    match services {
        Err(cause) => about(Code::DkimServicesUnknown).detail("cause", cause),
        Ok(services) => match services.into_iter().find(|service| service.selectors.is_empty()) {
            Some(service) => about(Code::DkimUnguessable).detail("service", service.name),
            None => about(Code::DkimNotFound),
        },
    }
}

/// What stands at the selectors that somebody named. Where there is nothing of its own, the key may have gone astray.
fn judge_named(
    domain: &Name,
    tried: &[Place<'_>],
    wildcard: Option<&Response>,
    elsewhere: &[(&Name, &Response)],
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let named = tried.iter().filter(|place| place.by != By::Guess);
    let judged: Vec<_> = named
        .map(|place| match place.seen() {
            Seen::Records(texts) if !wildcard::is_by(wildcard, place) => Ok(judge(place, &texts)),
            Seen::Unknown(cause) => Ok(vec![place.unknown(cause)]),
            _ if place.reply.aliases.is_empty() => {
                Ok(vec![astray(domain, place, elsewhere, view)?.unwrap_or_else(|| place.missing())])
            }
            _ => Ok(vec![place.missing()]),
        })
        .collect();
    Ok(judged.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// What stands at the selectors that nobody named: what is not there is no fault.
fn judge_guessed(root: &Name, own: &[&Place<'_>]) -> Vec<Finding> {
    let (mut findings, mut silent) = (Vec::new(), Vec::new());
    for place in own.iter().filter(|place| place.by == By::Guess) {
        match place.seen() {
            Seen::Records(texts) => findings.extend(judge(place, &texts)),
            Seen::Nothing if place.reply.aliases.is_empty() => {}
            Seen::Nothing => findings.push(place.missing()),
            Seen::Unknown(cause) => silent.push((place, cause)),
        }
    }
    if let Some((_, cause)) = silent.first() {
        let selectors = silent.iter().map(|(place, _)| place.selector.as_str()).collect::<Vec<_>>().join(", ");
        let finding = Finding::new(Code::DkimUnknown, root).detail("selector", selectors).detail("cause", cause);
        let evidence = silent.iter().map(|(place, cause)| silence(&place.question, *cause));
        findings.push(evidence.fold(finding, Finding::evidence));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::{private_keys, rsa_key};
    use super::services::USUAL;
    use super::*;
    use crate::config::Host;
    use crate::finding::Topic;
    use crate::mail::lab::{CAUSES, Lab, finds, lines, name};

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table)
    }

    fn at(selector: &str, text: &str) -> Lab {
        lab(&format!("{selector}._domainkey.example.com TXT {text}"))
    }

    fn key(bits: usize) -> String {
        format!("v=DKIM1; k=rsa; p={}", rsa_key(bits))
    }

    fn healthy() -> Lab {
        at("google", &key(2048))
    }

    fn host() -> Host {
        Host { dkim_selectors: vec![name("mailcheap")], ..Host::default() }
    }

    /// A table in which every usual selector, and the wildcard itself, have the same line.
    fn everywhere(line: &str) -> String {
        lines(USUAL.iter().chain(&["*"]), |selector| format!("{selector}._domainkey.example.com {line}"))
    }

    #[test]
    fn every_code_has_its_case() {
        let alias = "s1._domainkey.example.com CNAME s1.sender.example";
        let exists = "example.com TXT hello";
        let parked = "example.com MX 0 .\nexample.com TXT v=spf1 -all";
        let whole = key(2048);
        let (front, back) = whole.split_at(255);
        let two = |first: &str, second: &str| at("s1", &format!("{first}\ns1._domainkey.example.com TXT {second}"));
        finds(
            Topic::Dkim,
            &[
                (healthy(), &[Code::DkimFound]),
                (at("x", &key(2048)).selectors(&["x"]), &[Code::DkimFound]),
                (lab(&format!("{alias}\ns1.sender.example TXT {}", key(2048))), &[Code::DkimFound]),
                (lab(exists), &[Code::DkimNone]),
                (lab(exists).selectors(&["x"]), &[Code::DkimNone, Code::DkimSelectorMissing]),
                (lab(exists).host(host()), &[Code::DkimNone, Code::DkimHostMissing]),
                (at("unheard-of", &key(2048)), &[Code::DkimNotFound]),
                (at("unheard-of", &key(2048)).selectors(&["x"]), &[Code::DkimNotFound, Code::DkimSelectorMissing]),
                (
                    at("unheard-of", &format!("{whole}\nexample.com TXT v=spf1 include:amazonses.com -all")),
                    &[Code::DkimUnguessable],
                ),
                (at("unheard-of", &format!("{whole}\nexample.com MX silent")), &[Code::DkimServicesUnknown]),
                (lab(parked), &[Code::DkimParked]),
                (lab(parked).host(host()), &[Code::DkimParked]),
                (lab(parked).selectors(&["x"]), &[Code::DkimParked, Code::DkimSelectorMissing]),
                (healthy().selectors(&["x"]), &[Code::DkimSelectorMissing, Code::DkimFound]),
                (lab(&everywhere("TXT v=spf1 -all")), &[Code::DkimNotFound, Code::DkimWildcard]),
                (at("s1", "v=DKIM1; p="), &[Code::DkimRevoked]),
                (
                    at("s1", &format!("t=y; {}", key(2048).replace("v=DKIM1; ", ""))),
                    &[Code::DkimFound, Code::DkimTesting],
                ),
                (at("s1", &key(1023)), &[Code::DkimKeyTooShort]),
                (at("s1", &key(1024)), &[Code::DkimFound, Code::DkimKeyShort]),
                (at("s1", &key(4096)), &[Code::DkimFound]),
                (at("s1", &key(4104)), &[Code::DkimFound, Code::DkimKeyLong]),
                (at("s1", "v=DKIM1; p=MII"), &[Code::DkimBroken]),
                (at("s1", front), &[Code::DkimCutOff]),
                (two(back, front), &[Code::DkimInPieces]),
                (two(&whole, "hello"), &[Code::DkimTwoRecords]),
                (two(&whole, &key(1024)), &[Code::DkimTwoRecords]),
                (lab(alias), &[Code::DkimNotFound, Code::DkimDanglingAlias]),
                (at("s1", &format!("v=DKIM1; p={}", private_keys(2048)[1])), &[Code::DkimPrivateKey]),
                (lab(&format!("example.com TXT {}", private_keys(2048)[0])), &[Code::DkimNone, Code::DkimPrivateKey]),
                (at("s1", &rsa_key(2048)), &[Code::DkimBroken]),
                (
                    lab(&format!("x._domainkey.example.com.example.com TXT {whole}")).selectors(&["x"]),
                    &[Code::DkimNone, Code::DkimDoubled],
                ),
                (
                    lab(&format!("default._domainkey.example.com.example.com TXT {whole}")),
                    &[Code::DkimNone, Code::DkimDoubled],
                ),
                (lab(&format!("unheard-of._domainkey.example.com.example.com TXT {whole}")), &[Code::DkimNone]),
                (lab(&format!("x.example.com TXT {whole}")).selectors(&["x"]), &[Code::DkimNone, Code::DkimMisplaced]),
                (lab(&format!("_domainkey.example.com TXT {whole}")), &[Code::DkimNotFound, Code::DkimMisplaced]),
                (lab(&format!("example.com TXT {whole}")), &[Code::DkimNone, Code::DkimMisplaced]),
                (at("s1", "silent"), &[Code::DkimUnknown]),
            ],
        );
    }

    #[test]
    fn what_a_finding_tells_is_exact() {
        let ran = healthy().run(Topic::Dkim);
        assert_eq!(ran.finding(Code::DkimFound).subject, "google._domainkey.example.com");
        assert_eq!(ran.detail(Code::DkimFound, "selector"), "google");
        assert_eq!(ran.detail(Code::DkimFound, "key"), "RSA, 2048 bits");
        let ran = at("unheard-of", &key(2048)).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimNotFound, "count"), USUAL.len().to_string());
        let cut = key(2048).chars().take(255).collect::<String>();
        let ran = at("s1", &cut).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimCutOff, "length"), "255");
        assert_eq!(ran.detail(Code::DkimCutOff, "missing"), (key(2048).len() - 255).to_string());
        assert_eq!(ran.finding(Code::DkimCutOff).evidence, [cut]);
        let ran = at("s1", "v=DKIM1; p=a!").run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimBroken, "problem"), "the key holds characters that are not base64");
        assert_eq!(ran.detail(Code::DkimBroken, "column"), "12");
        let ran = lab("example.com TXT hello").run(Topic::Dkim);
        assert_eq!(ran.finding(Code::DkimNone).evidence, ["NXDOMAIN for _domainkey.example.com"]);
        let ran = lab("s1._domainkey.example.com CNAME s1.sender.example\ns1.sender.example TXT v=DKIM1; p=a!");
        let evidence = &ran.run(Topic::Dkim).finding(Code::DkimBroken).evidence.clone();
        assert_eq!(*evidence, ["v=DKIM1; p=a!", "s1._domainkey.example.com is an alias for s1.sender.example"]);
    }

    #[test]
    fn every_fix_is_exact_and_proven() {
        let whole = key(2048);
        let (front, back) = whole.split_at(255);
        let mended = Some(format!("s1._domainkey.example.com {whole}"));
        let alias = "s1._domainkey.example.com CNAME s1.sender.example\ns1.sender.example TXT";
        for (lab, code, fix) in [
            (at("s1", &format!("\"{whole}\"")), Code::DkimBroken, &mended),
            (at("s1", &whole.replace(';', "\\;")), Code::DkimBroken, &mended),
            (at("s1", &whole.replace(';', "")), Code::DkimBroken, &mended),
            (at("s1", &format!("{front}\\n{back}")), Code::DkimBroken, &mended),
            (at("s1", &format!("v=DKIM1; k=ed25519; p={}", rsa_key(2048))), Code::DkimBroken, &mended),
            (at("s1", front), Code::DkimCutOff, &None),
            (lab(&format!("{alias} \"{whole}\"")), Code::DkimBroken, &None),
            (at("s1", &format!("{back}\ns1._domainkey.example.com TXT {front}")), Code::DkimInPieces, &mended),
            (at("s1", &format!("hello\ns1._domainkey.example.com TXT {whole}")), Code::DkimTwoRecords, &mended),
            (at("s1", &format!("{whole}\ns1._domainkey.example.com TXT {whole}")), Code::DkimTwoRecords, &mended),
            (at("s1", &format!("{}\ns1._domainkey.example.com TXT {whole}", key(1024))), Code::DkimTwoRecords, &None),
            (
                lab(&format!("s1._domainkey.example.com.example.com TXT {whole}")).selectors(&["s1"]),
                Code::DkimDoubled,
                &mended,
            ),
            (lab(&format!("s1._domainkey.example.com.example.com TXT {whole}")), Code::DkimDoubled, &mended),
            (lab(&format!("s1.example.com TXT \"{whole}\"")).selectors(&["s1"]), Code::DkimMisplaced, &mended),
            (lab(&format!("_domainkey.example.com TXT {whole}")).selectors(&["s1"]), Code::DkimMisplaced, &mended),
            (lab(&format!("example.com TXT {whole}")), Code::DkimMisplaced, &None),
        ] {
            assert_eq!(lab.run(Topic::Dkim).fix(code), *fix, "{lab:#?}");
        }
    }

    #[test]
    fn a_key_at_another_name_is_told_with_that_name() {
        let table = format!("x._domainkey.example.com.example.com TXT {}", key(2048));
        let ran = lab(&table).selectors(&["x"]).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimDoubled, "at"), "x._domainkey.example.com.example.com");
        let ran = lab(&format!("x.example.com TXT {}", key(2048))).selectors(&["x"]).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimMisplaced, "at"), "x.example.com");
    }

    #[test]
    fn the_host_selectors_are_expected() {
        let ran = healthy().host(host()).run(Topic::Dkim);
        assert_eq!(ran.codes(), ["dkim-host-missing", "dkim-found"]);
        assert_eq!(ran.finding(Code::DkimHostMissing).evidence, ["NXDOMAIN for mailcheap._domainkey.example.com"]);
        let ran = healthy().host(host()).selectors(&["mailcheap"]).run(Topic::Dkim);
        assert_eq!(ran.codes(), ["dkim-selector-missing", "dkim-found"]);
    }

    #[test]
    fn a_selector_that_is_named_and_has_no_usable_key_is_the_fault() {
        let alias = "CNAME gone.sender.example";
        let wild = everywhere(alias);
        for (table, seen) in [
            (
                format!("mailcheap._domainkey.example.com {alias}"),
                "mailcheap._domainkey.example.com is an alias for gone.sender.example; NXDOMAIN for gone.sender.example",
            ),
            (format!("mailcheap._domainkey.example.com {alias}\ngone.sender.example TXT hello"), "hello"),
            ("mailcheap._domainkey.example.com TXT v=DKIM1; p=".to_owned(), "v=DKIM1; p="),
            ("x._domainkey.example.com TXT hello".to_owned(), "NXDOMAIN for mailcheap._domainkey.example.com"),
        ] {
            let ran = lab(&table).host(host()).run(Topic::Dkim);
            assert_eq!(ran.codes(), ["dkim-host-missing"], "{table}");
            assert_eq!(ran.finding(Code::DkimHostMissing).evidence[0], seen, "{table}");
            let ran = lab(&table).selectors(&["mailcheap"]).run(Topic::Dkim);
            assert_eq!(ran.finding(Code::DkimSelectorMissing).evidence[0], seen, "{table}");
        }
        let ran = lab(&format!("{wild}\nmailcheap._domainkey.example.com {alias}")).host(host()).run(Topic::Dkim);
        assert_eq!(ran.codes(), ["dkim-wildcard", "dkim-host-missing"]);
    }

    #[test]
    fn a_private_key_is_not_repeated() {
        for key in private_keys(2048) {
            for table in
                [format!("v=DKIM1; k=rsa; p={key}"), key.clone(), format!("{key}\ns1._domainkey.example.com TXT hello")]
            {
                let ran = at("s1", &table).run(Topic::Dkim);
                let told = format!("{ran:?}");
                assert!(ran.codes().contains(&"dkim-private-key"), "{told}");
                assert!(!told.contains(key.get(16..).unwrap()) && !told.contains(key.get(40..80).unwrap()), "{told}");
            }
        }
    }

    #[test]
    fn a_server_that_denies_names_between_is_not_believed() {
        let table = format!(
            "google._domainkey.example.com TXT {}\n_domainkey.example.com TXT nxdomain\nexample.com MX 1 smtp.google.com",
            key(2048)
        );
        assert_eq!(lab(&table).run(Topic::Dkim).codes(), ["dkim-found"]);
        assert_eq!(lab(&table.replace(&key(2048), "nodata")).run(Topic::Dkim).codes(), ["dkim-not-found"]);
    }

    #[test]
    fn what_a_wildcard_answers_is_told_once_and_is_no_key() {
        let answers = |line: &str| lab(&everywhere(line)).run(Topic::Dkim);
        for line in ["TXT v=spf1 -all", "CNAME web.example.net", "TXT v=DKIM1; p="] {
            let ran = answers(line);
            assert_eq!(ran.codes(), ["dkim-not-found", "dkim-wildcard"], "{line}");
            assert_eq!(ran.finding(Code::DkimWildcard).subject, "*._domainkey.example.com");
        }
        assert_eq!(answers("TXT v=DKIM1; p=").finding(Code::DkimWildcard).evidence, ["v=DKIM1; p="]);
        let table = everywhere("TXT v=spf1 -all");
        let ran = lab(&format!("{table}\nx._domainkey.example.com TXT v=spf1 -all")).selectors(&["x"]);
        let ran = ran.run(Topic::Dkim);
        assert_eq!(ran.codes(), ["dkim-not-found", "dkim-wildcard", "dkim-selector-missing"]);
        assert_eq!(ran.finding(Code::DkimSelectorMissing).evidence, ["v=spf1 -all"]);
    }

    #[test]
    fn no_answer_is_no_fault() {
        let missed = healthy().no_answer_is_no_fault(Topic::Dkim);
        assert_eq!(missed.len(), USUAL.len(), "{missed:?}");
        let microsoft = "example.com MX 0 example-com.mail.protection.outlook.com";
        let table = format!("{microsoft}\nselector2._domainkey.example.com TXT {}", key(2048));
        lab(&table).selectors(&["x"]).no_answer_is_no_fault(Topic::Dkim);
        let fastmail =
            format!("example.com MX 0 in1-smtp.messagingengine.com\nfm2._domainkey.example.com TXT {}", key(2048));
        lab(&fastmail).no_answer_is_no_fault(Topic::Dkim);
        for (cause, _) in CAUSES {
            let all = lines(USUAL, |s| format!("{s}._domainkey.example.com TXT {cause}"));
            let dark = lab(&format!("{all}\n_domainkey.example.com TXT {cause}"));
            assert_eq!(dark.run(Topic::Dkim).codes(), ["dkim-unknown"], "{cause}");
        }
    }

    #[test]
    fn few_selectors_are_tried() {
        let cost = |lab: Lab| {
            let ran = lab.run(Topic::Dkim);
            (ran.rounds, ran.asked.len())
        };
        // The domain's MX and TXT, which other checks ask for as well, and `_domainkey`.
        let first = 3;
        assert_eq!(cost(healthy()), (2, first + USUAL.len()));
        assert_eq!(cost(lab("example.com TXT hello")), (2, first + 1));
        let google = |rest: &str| lab(&format!("example.com MX 1 smtp.google.com\n{rest}"));
        assert_eq!(cost(google(&format!("google._domainkey.example.com TXT {}", key(2048)))), (2, first + 1));
        assert_eq!(cost(google("")), (3, first + 2));
        assert_eq!(cost(google("unheard-of._domainkey.example.com TXT x")), (3, first + USUAL.len()));
        assert_eq!(cost(healthy().selectors(&["google", "x"])), (2, first + 2 + 2));
    }
}

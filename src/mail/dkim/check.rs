//! The check of a domain's DKIM keys: what stands under the selectors that are tried, and what may be said of the rest.

use super::key::{self, Key, Public};
use super::place::{Place, Seen, places};
use super::selectors;
use crate::domain::Name;
use crate::facts::{Kind, Outcome, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::{absence, silence};

/// So many guessed selectors with the very same reply are a wildcard's doing: no two services share a key or an alias.
const WILDCARD: usize = 5;

pub(in crate::mail) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let Some(root) = domain.below("_domainkey") else {
        return Ok(vec![Finding::new(Code::DkimNone, domain)]);
    };
    let named = selectors::named(case);
    let guessed = selectors::guessed(&named);
    let root_question = Query::new(&root, Kind::Txt);
    let root_reply = view.get(root_question.clone());
    let named = places(&root, named, view);
    let guessed = places(&root, guessed, view);
    let (root_reply, named, guessed) = (root_reply?, named?, guessed?);

    let mut findings = Vec::new();
    let all = || named.iter().chain(&guessed);
    if !all().any(|place| matches!(place.seen(), Seen::Records(_) | Seen::Unknown(_))) {
        findings.push(if is_nowhere(root_reply) && all().all(|place| is_nowhere(place.reply)) {
            Finding::new(Code::DkimNone, domain).evidence(absence(&root_question, root_reply))
        } else {
            let tried: Vec<&str> = all().map(|place| place.selector.as_str()).collect();
            let not_found = Finding::new(Code::DkimNotFound, domain).detail("count", tried.len());
            not_found.evidence(format!("tried: {}", tried.join(", ")))
        });
    }
    findings.extend(judge_named(domain, &named, view)?);
    findings.extend(judge_guessed(&root, &guessed));
    Ok(findings)
}

/// What stands at the selectors that somebody named. Where there is nothing, the name may have been doubled, as panels
/// do that add the zone's name to a whole name.
fn judge_named(domain: &Name, named: &[Place<'_>], view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let doubled = |place: &Place<'_>| domain.below(place.question.name.as_str()).map(|n| Query::new(&n, Kind::Txt));
    let judged: Vec<_> = named
        .iter()
        .map(|place| match place.seen() {
            Seen::Records(texts) => Ok(judge(place, &texts)),
            Seen::Unknown(cause) => Ok(vec![place.unknown(cause)]),
            Seen::Nothing if place.reply.aliases.is_empty() => Ok(vec![match doubled(place) {
                Some(question) => look_doubled(place, &question, view)?.unwrap_or_else(|| place.missing()),
                None => place.missing(),
            }]),
            Seen::Nothing => Ok(vec![place.missing()]),
        })
        .collect();
    Ok(judged.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

/// The key at the doubled name, if it is there.
fn look_doubled(place: &Place<'_>, doubled: &Query, view: &mut View<'_>) -> Result<Option<Finding>, Pending> {
    let texts = view.get(doubled.clone())?.texts().unwrap_or_default();
    let text = texts.first().map(ToString::to_string).filter(|text| key::is_meant(text) && key::parse(text).is_ok());
    Ok(text.map(|text| {
        let mut finding = place.finding(Code::DkimDoubled).detail("at", &doubled.name).evidence(&text);
        finding.fix = place.fix(text);
        finding
    }))
}

/// What stands at the selectors that nobody named: what is not there is no fault, and what a wildcard answers is told
/// once, for the wildcard.
fn judge_guessed(root: &Name, guessed: &[Place<'_>]) -> Vec<Finding> {
    let (mut findings, mut wildcard, mut silent) = (Vec::new(), None, Vec::new());
    for place in guessed {
        match place.seen() {
            _ if is_by_wildcard(place, guessed) => wildcard = Some(place.reply),
            Seen::Records(texts) => findings.extend(judge(place, &texts)),
            Seen::Nothing if place.reply.aliases.is_empty() => {}
            Seen::Nothing => findings.push(place.missing()),
            Seen::Unknown(cause) => silent.push((place, cause)),
        }
    }
    if let Some(reply) = wildcard
        && let (Ok(selector), Some(name)) = ("*".parse(), root.below("*"))
    {
        let place = Place { selector, question: Query::new(&name, Kind::Txt), reply };
        if let Seen::Records(texts) = place.seen() {
            findings.extend(judge(&place, &texts));
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

/// Whether so many guesses got the reply of this one that a wildcard must have given it.
fn is_by_wildcard(place: &Place<'_>, guessed: &[Place<'_>]) -> bool {
    let says = matches!(place.reply.outcome, Outcome::Records(_)) || !place.reply.aliases.is_empty();
    says && guessed.iter().filter(|other| other.reply == place.reply).count() >= WILDCARD
}

/// What the records at a selector say. There may be only one (RFC 6376 section 3.6.2.2).
fn judge(place: &Place<'_>, texts: &[String]) -> Vec<Finding> {
    let about = |code| texts.iter().fold(place.finding(code), Finding::evidence);
    let [text] = texts else {
        let problem = format!("{} TXT records stand where there may be only one", texts.len());
        return vec![about(Code::DkimBroken).detail("problem", problem)];
    };
    let Key { public, testing } = match key::parse(text) {
        Ok(key) => key,
        Err(problem) => {
            let mut broken = about(Code::DkimBroken).detail("problem", problem);
            broken.fix = key::repaired(text).and_then(|text| place.fix(text));
            return vec![broken];
        }
    };
    let Some(public) = public else {
        return vec![about(Code::DkimRevoked)];
    };
    let found = about(Code::DkimFound).detail("key", public);
    let mut findings = match public {
        Public::Rsa(bits @ ..1024) => vec![about(Code::DkimKeyTooShort).detail("bits", bits)],
        Public::Rsa(bits @ 1024..2048) => vec![found, about(Code::DkimKeyShort).detail("bits", bits)],
        Public::Rsa(bits @ 4097..) => vec![found, about(Code::DkimKeyLong).detail("bits", bits)],
        Public::Rsa(_) | Public::Ed25519 => vec![found],
    };
    if testing {
        findings.push(about(Code::DkimTesting));
    }
    findings
}

/// Whether the name is said not to exist, neither as a name nor as an alias.
fn is_nowhere(reply: &Response) -> bool {
    reply.outcome == Outcome::NoSuchName && reply.aliases.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::rsa_key;
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

    fn cut_key() -> String {
        key(2048).chars().take(200).collect()
    }

    fn healthy() -> Lab {
        at("google", &key(2048))
    }

    #[test]
    fn every_code_has_its_case() {
        let alias = "s1._domainkey.example.com CNAME s1.sender.example";
        let exists = "example.com TXT hello";
        finds(
            Topic::Dkim,
            &[
                (healthy(), &[Code::DkimFound]),
                (at("x", &key(2048)).selectors(&["x"]), &[Code::DkimFound]),
                (lab(&format!("{alias}\ns1.sender.example TXT {}", key(2048))), &[Code::DkimFound]),
                (lab(exists), &[Code::DkimNone]),
                (lab(exists).selectors(&["x"]), &[Code::DkimNone, Code::DkimSelectorMissing]),
                (at("unheard-of", &key(2048)), &[Code::DkimNotFound]),
                (at("unheard-of", &key(2048)).selectors(&["x"]), &[Code::DkimNotFound, Code::DkimSelectorMissing]),
                (healthy().selectors(&["x"]), &[Code::DkimSelectorMissing, Code::DkimFound]),
                (at("s1", "v=DKIM1; p="), &[Code::DkimRevoked]),
                (
                    at("s1", &format!("t=y; {}", key(2048).replace("v=DKIM1; ", ""))),
                    &[Code::DkimFound, Code::DkimTesting],
                ),
                (at("s1", &key(1023)), &[Code::DkimKeyTooShort]),
                (at("s1", &key(1024)), &[Code::DkimFound, Code::DkimKeyShort]),
                (at("s1", &key(4096)), &[Code::DkimFound]),
                (at("s1", &key(4104)), &[Code::DkimFound, Code::DkimKeyLong]),
                (at("s1", &cut_key()), &[Code::DkimBroken]),
                (
                    lab(&format!("s1._domainkey.example.com TXT {}\ns1._domainkey.example.com TXT hello", key(2048))),
                    &[Code::DkimBroken],
                ),
                (lab(alias), &[Code::DkimNotFound, Code::DkimDanglingAlias]),
                (
                    lab(&format!("x._domainkey.example.com.example.com TXT {}", key(2048))).selectors(&["x"]),
                    &[Code::DkimNone, Code::DkimDoubled],
                ),
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
        assert_eq!(ran.detail(Code::DkimNotFound, "count"), selectors::WELL_KNOWN.len().to_string());
        let ran = at("s1", &cut_key()).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimBroken, "problem"), "the key is cut off");
        let ran = lab("example.com TXT hello").run(Topic::Dkim);
        assert_eq!(ran.finding(Code::DkimNone).evidence, ["NXDOMAIN for _domainkey.example.com"]);
    }

    #[test]
    fn a_spoiled_record_comes_with_its_proven_repair() {
        let whole = key(2048);
        let mended = format!("s1._domainkey.example.com {whole}");
        for spoiled in [format!("\"{whole}\""), whole.replace(';', "\\;"), whole.replace(';', "")] {
            assert_eq!(at("s1", &spoiled).run(Topic::Dkim).fix(Code::DkimBroken), Some(mended.clone()), "{spoiled}");
        }
        assert_eq!(at("s1", &cut_key()).run(Topic::Dkim).fix(Code::DkimBroken), None);
        let theirs = "s1._domainkey.example.com CNAME s1.sender.example\ns1.sender.example TXT";
        assert_eq!(lab(&format!("{theirs} \"{whole}\"")).run(Topic::Dkim).fix(Code::DkimBroken), None);
    }

    #[test]
    fn a_key_at_the_doubled_name_comes_with_the_right_place() {
        let table = format!("x._domainkey.example.com.example.com TXT {}", key(2048));
        let ran = lab(&table).selectors(&["x"]).run(Topic::Dkim);
        assert_eq!(ran.detail(Code::DkimDoubled, "at"), "x._domainkey.example.com.example.com");
        assert_eq!(ran.fix(Code::DkimDoubled), Some(format!("x._domainkey.example.com {}", key(2048))));
    }

    #[test]
    fn the_host_selectors_are_expected() {
        let host = Host { dkim_selectors: vec![name("mailcheap")], ..Host::default() };
        let ran = healthy().host(host).run(Topic::Dkim);
        assert_eq!(ran.codes(), ["dkim-selector-missing", "dkim-found"]);
        assert_eq!(ran.finding(Code::DkimSelectorMissing).evidence, ["NXDOMAIN for mailcheap._domainkey.example.com"]);
    }

    #[test]
    fn a_server_that_denies_names_between_is_not_believed() {
        let table = format!(
            "google._domainkey.example.com TXT {}\n_domainkey.example.com TXT nxdomain\nexample.com TXT x",
            key(2048)
        );
        assert_eq!(lab(&table).run(Topic::Dkim).codes(), ["dkim-found"]);
        let other = table.replace("google", "selector1").replace(&key(2048), "nodata");
        assert_eq!(lab(&other).run(Topic::Dkim).codes(), ["dkim-not-found"]);
    }

    #[test]
    fn what_a_wildcard_answers_is_told_once() {
        let everywhere = |line: &str| {
            lab(&lines(selectors::WELL_KNOWN, |s| format!("{s}._domainkey.example.com {line}"))).run(Topic::Dkim)
        };
        assert_eq!(everywhere("TXT v=spf1 -all").codes(), ["dkim-not-found"]);
        assert_eq!(everywhere("CNAME web.example.net").codes(), ["dkim-not-found"]);
        let ran = everywhere("TXT v=DKIM1; p=");
        assert_eq!(ran.codes(), ["dkim-revoked"]);
        assert_eq!(ran.detail(Code::DkimRevoked, "selector"), "*");
        assert_eq!(ran.finding(Code::DkimRevoked).subject, "*._domainkey.example.com");
    }

    #[test]
    fn no_answer_is_no_fault() {
        let named = healthy().selectors(&["google", "x"]);
        let missed = named.no_answer_is_no_fault(Topic::Dkim);
        assert_eq!(missed.len(), selectors::WELL_KNOWN.len() + 1);
        for (cause, _) in CAUSES {
            let all = lines(selectors::WELL_KNOWN, |s| format!("{s}._domainkey.example.com TXT {cause}"));
            let dark = lab(&format!("{all}\n_domainkey.example.com TXT {cause}"));
            assert_eq!(dark.run(Topic::Dkim).codes(), ["dkim-unknown"], "{cause}");
        }
    }

    #[test]
    fn all_selectors_are_asked_at_once() {
        let ran = healthy().run(Topic::Dkim);
        assert_eq!((ran.rounds, ran.asked.len()), (1, selectors::WELL_KNOWN.len() + 1));
        let ran = healthy().selectors(&["google", "x"]).run(Topic::Dkim);
        assert_eq!((ran.rounds, ran.asked.len()), (2, selectors::WELL_KNOWN.len() + 3));
    }
}

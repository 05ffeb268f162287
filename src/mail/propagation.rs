//! Whether a change has reached everybody: what the domain's name servers say of its mail records, against what resolvers
//! say; where the old answer is still seen, and until when (RFC 1034 section 4.3.4, RFC 2308).
//!
//! Says nothing of what is right: only whether all say the same. Where the name servers have the same version of the zone,
//! one of them speaks for all, until a resolver says something else. A few resolvers that stay silent among more that
//! answer are passed over; a name server's silence is not.

mod time;
mod watch;

use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, Server, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::silence;
use crate::mail::ns::survey::{Authority, Said, Survey, Voice, question, survey};
use crate::mail::ns::zone::{Parent, listed_at, names};
use watch::{Watch, shown, watches};

/// How many resolvers are compared, besides those that answer everything.
const MOST_RESOLVERS: usize = 8;

/// What somebody says of the records that are watched.
#[derive(Debug)]
struct Told {
    /// Who says so, for people.
    who: String,
    lines: Vec<String>,
    /// For how many seconds more.
    ttl: u32,
}

/// What somebody would not say.
#[derive(Debug)]
struct Unsaid {
    /// Of which records, for people; none: of any.
    what: Option<&'static str>,
    why: String,
    /// How that was seen.
    seen: String,
}

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let watches = watches(case);
    let resolvers = ask_resolvers(case, &watches, view);
    let survey = match survey(case, view)? {
        Ok(Some(survey)) => survey,
        Ok(None) => return Ok(Vec::new()),
        Err((question, why)) => {
            let seen = silence(&question, why);
            return Ok(vec![unsaid(case, &[Unsaid { what: None, why: why.to_string(), seen }])]);
        }
    };
    let resolvers = resolvers?;
    let voices: Vec<Voice<'_>> = survey.voices().collect();
    // Name servers that fail or stay silent are for `ns` to tell, as long as one speaks.
    if voices.is_empty() {
        return Ok(vec![unsaid(case, &unheard(&survey))]);
    }
    let mut nothing = Vec::new();
    let moved = name_servers_moved(case, &survey, &voices, view);
    let findings: Vec<_> = watches
        .iter()
        .zip(&resolvers)
        .map(|(watch, replies)| compare(case, watch, replies, &voices, &mut nothing, view))
        .collect();
    let mut findings: Vec<Finding> =
        findings.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().chain(moved?).collect();
    if !nothing.is_empty() {
        findings.push(unsaid(case, &nothing));
    }
    if findings.is_empty() {
        let answers =
            |replies: &Vec<(Query, &Response)>| replies.iter().filter(|(_, reply)| reply.records().is_ok()).count();
        let count = voices.len() + resolvers.iter().map(answers).min().unwrap_or(0);
        findings.push(Finding::new(Code::PropagationDone, case.domain).detail("count", count));
    }
    let servers = name_servers(voices.len(), survey.servers.len());
    Ok(findings.into_iter().map(|finding| finding.detail("servers", &servers)).collect())
}

/// How many of a domain's name servers were heard.
fn name_servers(heard: usize, all: usize) -> String {
    let of = if heard == all { String::new() } else { format!("{heard} of ") };
    format!("{of}{all} name server{} of the domain", if all == 1 { "" } else { "s" })
}

/// Asks every resolver for everything that is watched: for each watch, who was asked, and the reply.
fn ask_resolvers<'f>(
    case: &Case<'_>,
    watches: &[Watch],
    view: &mut View<'f>,
) -> Result<Vec<Vec<(Query, &'f Response)>>, Pending> {
    let servers = resolvers(case);
    let replies: Vec<_> = watches
        .iter()
        .map(|watch| {
            let questions: Vec<Query> = servers.iter().map(|server| watch.question(*server)).collect();
            let replies = view.get_all(questions.iter().cloned())?;
            Ok(questions.into_iter().zip(replies).collect())
        })
        .collect();
    replies.into_iter().collect()
}

/// The resolvers to compare: those that answer everything, and those that the configuration names.
fn resolvers(case: &Case<'_>) -> Vec<Server> {
    let named = case.propagation.iter().take(MOST_RESOLVERS).map(|address| Server::Named(*address));
    [Server::Resolver].into_iter().chain(named).collect()
}

/// What the name servers and the resolvers say of one kind of record.
fn compare(
    case: &Case<'_>,
    watch: &Watch,
    replies: &[(Query, &Response)],
    voices: &[Voice<'_>],
    nothing: &mut Vec<Unsaid>,
    view: &mut View<'_>,
) -> Result<Option<Finding>, Pending> {
    let Some((first, others)) = voices.split_first() else { return Ok(None) };
    let (mut told, mut silent) = (Vec::new(), Vec::new());
    for (question, reply) in replies {
        match watch.read(reply) {
            Ok(lines) => told.push(Told { who: asked(&question.to), lines, ttl: reply.ttl.unwrap_or(0) }),
            Err(why) => {
                let seen = silence(question, why);
                silent.push(Unsaid { what: Some(watch.what), why: why.to_string(), seen });
            }
        }
    }
    if silent.len() >= told.len() {
        nothing.append(&mut silent);
    }
    let now = match heard(watch, first, view)? {
        Ok(lines) => lines,
        Err(unheard) => {
            nothing.push(unheard);
            return Ok(None);
        }
    };
    let mut said = vec![(*first, now.clone())];
    let same_version = others.iter().all(|other| other.serial == first.serial);
    if !same_version || told.iter().any(|told| told.lines != now) {
        let rest: Vec<_> = others.iter().map(|voice| heard(watch, voice, view)).collect();
        for (voice, lines) in others.iter().zip(rest) {
            match lines? {
                Ok(lines) => said.push((*voice, lines)),
                Err(unheard) => nothing.push(unheard),
            }
        }
    }
    if said.iter().any(|(_, lines)| *lines != now) {
        let about = Finding::new(Code::PropagationServersDiffer, &watch.name).detail("what", watch.what);
        let seen =
            said.iter().map(|(voice, lines)| format!("{} (version {}): {}", voice.name, voice.serial, shown(lines)));
        return Ok(Some(seen.fold(about, Finding::evidence)));
    }
    told.retain(|told| told.lines != now);
    Ok(pending(case, watch.what, &watch.name, &now, &told))
}

/// What a name server says of its own zone; else what it does not say.
fn heard(watch: &Watch, voice: &Voice<'_>, view: &mut View<'_>) -> Result<Result<Vec<String>, Unsaid>, Pending> {
    let question = watch.question(Server::Authority(voice.address));
    let reply = view.get(question.clone())?;
    // A part of the zone may be in other hands; who they are is not followed up.
    let lines = if reply.referral.is_empty() { watch.read(reply) } else { Err(Cause::Refused) };
    Ok(lines.map_err(|cause| Unsaid {
        what: Some(watch.what),
        why: cause.to_string(),
        seen: silence(&question, cause),
    }))
}

/// Resolvers that still follow the former name servers, after the zone above and the new ones agree on others.
fn name_servers_moved(
    case: &Case<'_>,
    survey: &Survey,
    voices: &[Voice<'_>],
    view: &mut View<'_>,
) -> Result<Option<Finding>, Pending> {
    let (Parent::Refers(now), Some(voice)) = (&survey.parent, voices.first()) else { return Ok(None) };
    let questions: Vec<Query> =
        resolvers(case).into_iter().map(|server| Query::new(&survey.zone, Kind::Ns).to(server)).collect();
    let replies = view.get_all(questions.iter().cloned())?;
    let lines = |names: &[Name]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    // A resolver that does not say is told with what else is watched.
    let told = questions.iter().zip(replies).filter_map(|(question, reply)| {
        let listed = names(reply.records().ok()?);
        let differs = !listed.is_empty() && listed != *now;
        differs.then(|| Told { who: asked(&question.to), lines: lines(&listed), ttl: reply.ttl.unwrap_or(0) })
    });
    let old: Vec<Told> = told.collect();
    if old.is_empty() || listed_at(&survey.zone, voice.address, view)?.as_ref() != Some(now) {
        return Ok(None);
    }
    Ok(pending(case, "NS", &survey.zone, &lines(now), &old))
}

/// A finding that these still have an old answer; `None` where there are none.
fn pending(case: &Case<'_>, what: &str, name: &Name, now: &[String], old: &[Told]) -> Option<Finding> {
    let last = old.iter().max_by_key(|told| told.ttl)?;
    let places: Vec<&str> = old.iter().map(|told| told.who.as_str()).collect();
    let about = Finding::new(Code::PropagationPending, name)
        .detail("what", what)
        .detail("where", places.join(", "))
        .detail("old", shown(&last.lines))
        .detail("new", shown(now))
        .detail("left", time::span(last.ttl))
        .detail("done_at", time::at(case.now, last.ttl));
    let seen = old.iter().map(|told| format!("{}: {}, for {}", told.who, shown(&told.lines), time::span(told.ttl)));
    Some(seen.fold(about, Finding::evidence).evidence(format!("the name servers: {}", shown(now))))
}

/// The name servers, none of which answers with authority.
fn unheard(survey: &Survey) -> Vec<Unsaid> {
    let why = |server: &Authority| {
        let Some((address, said)) = server.said else {
            let unknown = server.host.addresses.unknown.first();
            let none = || ("no name server has an address".to_owned(), format!("{}: no address", server.host.name));
            let (why, seen) = unknown.map_or_else(none, |(cause, seen)| (cause.to_string(), seen.clone()));
            return Unsaid { what: None, why, seen };
        };
        let why = match said {
            Said::Serial(_) | Said::Hearsay => "the answer came without authority".to_owned(),
            Said::Lame(problem) => problem.to_owned(),
            Said::Nothing(cause) => cause.to_string(),
        };
        let seen = format!("{}: {why}", question(&survey.zone, address));
        Unsaid { what: None, why, seen }
    };
    survey.servers.iter().map(why).collect()
}

fn unsaid(case: &Case<'_>, nothing: &[Unsaid]) -> Finding {
    let why = nothing.first().map_or("", |unsaid| &unsaid.why);
    let mut about = Finding::new(Code::PropagationUnknown, case.domain).detail("cause", why);
    if let Some(mut what) = nothing.iter().map(|unsaid| unsaid.what).collect::<Option<Vec<_>>>() {
        what.dedup();
        about = about.detail("what", what.join(", "));
    }
    nothing.iter().map(|unsaid| &unsaid.seen).fold(about, Finding::evidence)
}

fn asked(server: &Server) -> String {
    match server {
        Server::Named(address) => address.to_string(),
        Server::Authority(address) => address.to_string(),
        Server::Resolver | Server::Unchecked => "our resolver".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds};

    const HEALTHY: &str = "
        example.com SOA ns1.example.com 7
        example.com NS ns1.example.com
        example.com NS ns2.example.com
        ns1.example.com A 192.0.2.1
        ns2.example.com A 192.0.2.2
        com NS a.registry.example
        a.registry.example A 198.51.100.1
        example.com@198.51.100.1 NS refers ns1.example.com ns2.example.com
        example.com MX 10 mx.example.com
        example.com TXT v=spf1 mx -all
        example.com TXT proof=1
        _dmarc.example.com TXT v=DMARC1; p=reject";

    /// 2026-11-24T08:30:00Z.
    const NOW: i64 = 1_795_509_000;

    fn lab(table: &str) -> Lab {
        Lab::new("example.com", table).connected().at(NOW)
    }

    fn and(lines: &str) -> Lab {
        lab(&format!("{HEALTHY}\n{lines}"))
    }

    /// A name server with an answer of its own, and a version of its own.
    fn second(lines: &str) -> String {
        format!("example.com@192.0.2.2 SOA ns1.example.com 8\n{lines}")
    }

    #[test]
    fn every_code_has_its_case() {
        let old = "example.com@9.9.9.9:53 MX/1500 10 old.example.net";
        finds(
            Topic::Propagation,
            &[
                (lab(HEALTHY), &[Code::PropagationDone]),
                (lab(""), &[]),
                (and("").propagation(&["9.9.9.9:53", "8.8.8.8:53"]), &[Code::PropagationDone]),
                (and(old).propagation(&["9.9.9.9:53"]), &[Code::PropagationPending]),
                (
                    and("example.com@9.9.9.9:53 TXT proof=2\nexample.com@9.9.9.9:53 TXT V=SPF1 mx -all")
                        .propagation(&["9.9.9.9:53"]),
                    &[Code::PropagationPending],
                ),
                (
                    and("example.com@9.9.9.9:53 TXT v=spf1 mx -all").propagation(&["9.9.9.9:53"]),
                    &[Code::PropagationDone],
                ),
                (and("_dmarc.example.com@192.0.2.1 TXT nxdomain"), &[Code::PropagationServersDiffer]),
                (and(&second("")), &[Code::PropagationDone]),
                (and(&second("example.com@192.0.2.2 MX 10 new.example.com")), &[Code::PropagationServersDiffer]),
                (and("example.com@9.9.9.9:53 MX silent").propagation(&["9.9.9.9:53"]), &[Code::PropagationUnknown]),
                (and("example.com@192.0.2.1 MX silent"), &[Code::PropagationUnknown]),
                (lab("example.com NS silent"), &[Code::PropagationUnknown]),
                (
                    and("example.com@192.0.2.1 SOA refused\nexample.com@192.0.2.2 SOA refused"),
                    &[Code::PropagationUnknown],
                ),
            ],
        );
    }

    #[test]
    fn who_still_has_the_old_answer_is_told_with_the_time_when_it_is_done() {
        let old = "
            example.com@9.9.9.9:53 MX/1500 10 old.example.net
            example.com@8.8.8.8:53 MX/60 10 older.example.net";
        let ran = and(old).propagation(&["9.9.9.9:53", "8.8.8.8:53"]).run(Topic::Propagation);
        let details: Vec<&str> = ["what", "where", "old", "new", "left", "done_at"]
            .map(|name| ran.detail(Code::PropagationPending, name))
            .to_vec();
        assert_eq!(
            details,
            ["MX", "9.9.9.9:53, 8.8.8.8:53", "10 old.example.net", "10 mx.example.com", "25 minutes", "08:55 UTC"]
        );
        assert_eq!(
            ran.finding(Code::PropagationPending).evidence,
            [
                "9.9.9.9:53: 10 old.example.net, for 25 minutes",
                "8.8.8.8:53: 10 older.example.net, for 60 seconds",
                "the name servers: 10 mx.example.com",
            ]
        );
    }

    #[test]
    fn that_there_was_nothing_is_remembered_too() {
        let ran = and("_dmarc.example.com@9.9.9.9:53 TXT/900 nxdomain").propagation(&["9.9.9.9:53"]);
        let ran = ran.run(Topic::Propagation);
        assert_eq!(ran.detail(Code::PropagationPending, "old"), "no record");
        assert_eq!(ran.detail(Code::PropagationPending, "done_at"), "08:45 UTC");
        assert_eq!(ran.finding(Code::PropagationPending).subject, "_dmarc.example.com");
    }

    #[test]
    fn an_alias_is_compared_by_where_it_leads() {
        let aliased = HEALTHY.replace(
            "_dmarc.example.com TXT v=DMARC1; p=reject",
            "
            _dmarc.example.com CNAME dmarc.example.net
            dmarc.example.net TXT v=DMARC1; p=reject",
        );
        assert_eq!(lab(&aliased).run(Topic::Propagation).codes(), ["propagation-done"]);
        let ran = lab(&format!("{aliased}\n_dmarc.example.com@9.9.9.9:53 TXT v=DMARC1; p=none"));
        let ran = ran.propagation(&["9.9.9.9:53"]).run(Topic::Propagation);
        assert_eq!(ran.detail(Code::PropagationPending, "new"), "an alias for dmarc.example.net");
    }

    #[test]
    fn name_servers_that_disagree_are_shown_side_by_side() {
        let ran = and(&second("example.com@192.0.2.2 MX 10 new.example.com")).run(Topic::Propagation);
        assert_eq!(
            ran.finding(Code::PropagationServersDiffer).evidence,
            ["ns1.example.com (version 7): 10 mx.example.com", "ns2.example.com (version 8): 10 new.example.com"]
        );
    }

    #[test]
    fn a_move_to_other_name_servers_is_a_change_too() {
        let moved = "
            example.com SOA ns1.old.example 7
            example.com NS ns1.old.example
            ns1.old.example A 192.0.2.1
            ns1.new.example A 192.0.2.3
            com NS a.registry.example
            a.registry.example A 198.51.100.1
            example.com@198.51.100.1 NS refers ns1.new.example
            example.com@192.0.2.3 NS ns1.new.example
            example.com MX 10 old.example.net
            example.com@192.0.2.3 MX 10 new.example.net";
        let ran = lab(moved).run(Topic::Propagation);
        assert_eq!(ran.codes(), ["propagation-pending", "propagation-pending"]);
        let details = |finding: &Finding| {
            [&finding.details["what"], &finding.details["old"], &finding.details["new"]].map(Clone::clone)
        };
        assert_eq!(details(&ran.findings[0]), ["MX", "10 old.example.net", "10 new.example.net"]);
        assert_eq!(details(&ran.findings[1]), ["NS", "ns1.old.example", "ns1.new.example"]);
    }

    #[test]
    fn a_resolver_that_still_follows_the_former_name_servers_is_told() {
        let table = and("example.com@192.0.2.1 NS ns1.example.com\nexample.com@192.0.2.1 NS ns2.example.com
            example.com@9.9.9.9:53 NS/900 ns1.old.example");
        let ran = table.propagation(&["9.9.9.9:53", "8.8.8.8:53"]).run(Topic::Propagation);
        assert_eq!(ran.codes(), ["propagation-pending"]);
        assert_eq!(ran.detail(Code::PropagationPending, "what"), "NS");
        assert_eq!(ran.detail(Code::PropagationPending, "where"), "9.9.9.9:53");
        assert_eq!(ran.detail(Code::PropagationPending, "old"), "ns1.old.example");
    }

    #[test]
    fn a_selector_that_the_person_named_is_watched_too() {
        let key = "s1._domainkey.example.com TXT v=DKIM1; p=";
        let ran = and(&format!("{key}\ns1._domainkey.example.com@9.9.9.9:53 TXT nxdomain")).selectors(&["s1"]);
        let ran = ran.propagation(&["9.9.9.9:53"]).run(Topic::Propagation);
        assert_eq!(ran.detail(Code::PropagationPending, "what"), "DKIM");
    }

    #[test]
    fn a_few_silent_resolvers_are_passed_over_and_half_of_them_are_not() {
        let resolvers = ["9.9.9.9:53", "8.8.8.8:53", "1.1.1.1:53"];
        let silent = |lines: &str| and(lines).propagation(&resolvers).run(Topic::Propagation);
        let one = "example.com@9.9.9.9:53 MX silent";
        let ran = silent(one);
        assert_eq!((ran.codes(), ran.detail(Code::PropagationDone, "count")), (vec!["propagation-done"], "5"));
        let two = silent(&format!("{one}\nexample.com@8.8.8.8:53 MX silent"));
        assert_eq!(two.codes(), ["propagation-unknown"]);
        let old = silent(&format!("{one}\nexample.com@8.8.8.8:53 MX 10 old.example.net"));
        assert_eq!(old.codes(), ["propagation-pending"]);
    }

    #[test]
    fn what_is_not_known_is_told_by_record_and_how_many_name_servers_spoke() {
        let ran =
            and("_dmarc.example.com@192.0.2.1 TXT silent\nexample.com@192.0.2.1 MX refused").run(Topic::Propagation);
        assert_eq!(ran.detail(Code::PropagationUnknown, "what"), "MX, DMARC");
        assert_eq!(ran.detail(Code::PropagationUnknown, "servers"), "2 name servers of the domain");
        let ran = lab("example.com NS silent").run(Topic::Propagation);
        assert_eq!(ran.finding(Code::PropagationUnknown).details.get("what"), None);
        let ran = and("example.com@192.0.2.2 SOA silent").run(Topic::Propagation);
        assert_eq!(ran.detail(Code::PropagationDone, "servers"), "1 of 2 name servers of the domain");
    }

    #[test]
    fn one_name_server_speaks_for_all_that_have_its_version() {
        let ran = lab(HEALTHY).run(Topic::Propagation);
        assert_eq!((ran.rounds, ran.asked.len()), (4, 14));
        let all = lab(HEALTHY).proven(&["example.com"]);
        let all = all.run_all(&[Topic::Dns, Topic::Ns, Topic::Dnssec, Topic::Propagation]);
        assert!(all.rounds <= 4 && all.asked.len() <= 16, "{} {}", all.rounds, all.asked.len());
    }

    #[test]
    fn no_answer_is_no_fault() {
        let unanswered = lab(HEALTHY).propagation(&["9.9.9.9:53"]).no_answer_is_no_fault(Topic::Propagation);
        assert!(unanswered.contains(&"example.com MX".to_owned()) && unanswered.contains(&"example.com NS".to_owned()));
        assert!(!unanswered.contains(&"ns2.example.com A".to_owned()), "one name server speaks for all");
    }
}

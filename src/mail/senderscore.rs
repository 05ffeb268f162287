//! What Sender Score thinks of the addresses of the mail servers: a number from 0 to 100, by how much mail from there
//! was unwanted.
//!
//! Asked only where the operator names the zone, since it answers registered resolvers alone. Nothing but `127.0.4.N`
//! is a score; what else comes back is an error, as with `dnsbl`.

use std::net::{IpAddr, Ipv4Addr};

use crate::facts::{Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::dnsbl::{List, Said, Why, has_mail, servers};

/// The score below which receivers begin to hold mail back.
const LOW: u8 = 70;

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let Some(zone) = &case.lists.senderscore else { return Ok(Vec::new()) };
    let mx = view.get(Query::new(case.domain.name(), Kind::Mx))?;
    if !has_mail(mx) {
        return Ok(Vec::new());
    }
    let servers = servers(case, mx, view)?;
    let list = List::of_addresses(zone);
    let asked: Vec<(IpAddr, Query)> = servers
        .addresses()
        .filter(IpAddr::is_ipv4)
        .filter_map(|address| Some((address, Query::new(&list.of_address(address)?, Kind::A))))
        .collect();
    let replies = view.get_all(asked.iter().map(|(_, question)| question.clone()))?;
    let scored = asked.iter().zip(replies).map(|((address, question), reply)| judge(list, *address, question, reply));
    let unknown = servers.unknown.iter().map(|(target, cause, seen)| {
        let unknown = Finding::new(Code::SenderscoreUnknown, target).detail("address", target);
        unknown.detail("cause", cause).evidence(seen)
    });
    Ok(scored.chain(unknown).collect())
}

fn judge(list: List<'_>, address: IpAddr, question: &Query, reply: &Response) -> Finding {
    let about = |code| Finding::new(code, address).detail("address", address);
    let finding = match score(reply) {
        Ok(Some(score)) if score < LOW => about(Code::SenderscoreLow).detail("score", score),
        Ok(Some(score)) => about(Code::SenderscoreGood).detail("score", score),
        Ok(None) => about(Code::SenderscoreNone),
        Err(why) if why.is_the_networks() => about(Code::SenderscoreUnknown).detail("cause", why),
        Err(why) => about(Code::SenderscoreRefused).detail("cause", why),
    };
    list.shown(question, reply).iter().fold(finding, Finding::evidence)
}

/// The score in a reply; none where the address has none.
fn score(reply: &Response) -> Result<Option<u8>, Why> {
    match Said::of(reply) {
        Said::NotListed => Ok(None),
        Said::Nothing(why) => Err(why),
        Said::Listed(codes) => match codes.as_slice() {
            [code] => one(*code).map(Some).ok_or(Why::MadeUp),
            _ => Err(Why::MadeUp),
        },
    }
}

fn one(code: Ipv4Addr) -> Option<u8> {
    match code.octets() {
        [127, 0, 4, score @ 0..=100] => Some(score),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Host, Lists};
    use crate::finding::Topic;
    use crate::mail::lab::{Lab, finds, name};

    const ZONE: &str = "score.example";

    fn lab(table: &str) -> Lab {
        let domain = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\nmx.example.com AAAA 2001:db8::1";
        asking(&format!("{domain}\n{table}"))
    }

    fn asking(table: &str) -> Lab {
        Lab::new("example.com", table).lists(Lists { senderscore: Some(name(ZONE)), ..Lists::default() })
    }

    #[test]
    fn every_code_has_its_case() {
        let says = |data: &str| lab(&format!("1.2.0.192.score.example A {data}"));
        finds(
            Topic::Senderscore,
            &[
                (says("127.0.4.100"), &[Code::SenderscoreGood]),
                (says("127.0.4.70"), &[Code::SenderscoreGood]),
                (says("127.0.4.69"), &[Code::SenderscoreLow]),
                (says("127.0.4.0"), &[Code::SenderscoreLow]),
                (says("127.0.4.101"), &[Code::SenderscoreRefused]),
                (says("127.0.0.2"), &[Code::SenderscoreRefused]),
                (says("127.255.255.255"), &[Code::SenderscoreRefused]),
                (says("192.0.2.80"), &[Code::SenderscoreRefused]),
                (says("127.0.4.90\n1.2.0.192.score.example A 127.0.4.10"), &[Code::SenderscoreRefused]),
                (says("servfail"), &[Code::SenderscoreUnknown]),
                (lab(""), &[Code::SenderscoreNone]),
                (asking("example.com MX servfail"), &[Code::SenderscoreUnknown]),
                (asking("example.com MX 0 ."), &[]),
                (asking(""), &[]),
                (asking("example.com MX 10 mx.example.com\nmx.example.com A 10.0.0.1"), &[]),
                (asking("example.com MX 10 mx.example.com\nmx.example.com AAAA 2001:db8::1"), &[]),
            ],
        );
    }

    #[test]
    fn the_score_is_told_with_what_was_said() {
        let ran = lab("1.2.0.192.score.example A 127.0.4.42").run(Topic::Senderscore);
        assert_eq!(ran.detail(Code::SenderscoreLow, "score"), "42");
        assert_eq!(ran.finding(Code::SenderscoreLow).evidence, ["1.2.0.192.score.example A 127.0.4.42"]);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 4));
    }

    #[test]
    fn the_addresses_that_the_host_sends_from_have_scores_too() {
        let host = Host { server_ips: vec![[192, 0, 2, 7].into()], ..Host::default() };
        let ran = lab("7.2.0.192.score.example A 127.0.4.99").host(host).run(Topic::Senderscore);
        assert_eq!(ran.codes(), ["senderscore-none", "senderscore-good"]);
    }

    #[test]
    fn nobody_is_asked_unless_a_zone_is_named() {
        let ran = Lab::new("example.com", "example.com MX 10 mx.example.com").run(Topic::Senderscore);
        assert_eq!((ran.codes(), ran.asked.len()), (vec![], 0));
    }

    #[test]
    fn no_answer_is_no_fault() {
        let missed = lab("1.2.0.192.score.example A 127.0.4.42").no_answer_is_no_fault(Topic::Senderscore);
        assert_eq!(missed, ["example.com MX", "mx.example.com A", "1.2.0.192.score.example A"]);
    }
}

//! That a transcript keeps every kind of reply to the byte, and that no file harms whoever reads it.

use proptest::prelude::*;

use super::*;
use crate::facts::{
    Call, Certificate, Distrust, Fetch, Kind, Leaf, NoPage, Outcome, Page, Query, Record, Response, Secured, Server,
    Service, Session, Text, Tls, Unreached,
};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A reply of every kind, the odd ones among them.
fn facts() -> Vec<Fact> {
    let domain = name("example.com");
    let odd = Name::from_labels([&b"a.b\\"[..], b"\x00\xff c", b"example"]).unwrap();
    let records = [
        (Kind::A, Record::A([192, 0, 2, 1].into())),
        (Kind::Aaaa, Record::Aaaa("2001:db8::1".parse().unwrap())),
        (Kind::Mx, Record::Mx { preference: 0, exchange: Name::root() }),
        (Kind::Ptr, Record::Ptr(odd.clone())),
        (Kind::Soa, Record::Soa { primary: odd.clone(), serial: 7 }),
        (Kind::Ns, Record::Ns(name("ns.example"))),
        (Kind::Srv, Record::Srv { priority: 1, weight: 2, port: 993, target: odd.clone() }),
        (Kind::Tlsa, Record::Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0, 255, 7] }),
        (Kind::Txt, Record::Txt(Text(vec![b"v=spf1 \\ \"\x00\xff".to_vec(), Vec::new(), "ü".into()]))),
    ];
    let records = records.into_iter().map(|(kind, record)| {
        let response = Response { ttl: Some(300), authentic: true, ..Response::new(Outcome::Records(vec![record])) };
        Fact::Dns(Query::new(&domain, kind), response)
    });
    let servers =
        [Server::Unchecked, Server::Named("192.0.2.53:53".parse().unwrap()), Server::Authority([192, 0, 2, 53].into())];
    let servers = servers.into_iter().map(|server| {
        let response = Response {
            authoritative: true,
            referral: vec![odd.clone()],
            ..Response::aliased(vec![odd.clone()], Outcome::NoData)
        };
        Fact::Dns(Query::new(&domain, Kind::Txt).to(server), response)
    });
    let causes = [Cause::ServFail, Cause::Refused, Cause::Silent, Cause::Malformed];
    let causes = (0..).zip(causes).map(|(number, cause)| {
        let below = domain.below(&format!("dark{number}")).unwrap();
        Question::from(Query::new(&below, Kind::A)).unanswered(cause)
    });
    let leaf =
        Leaf { names: vec!["mx.example".to_owned()], issuer: "somebody".to_owned(), not_before: -1, not_after: 1 };
    let secured = Secured {
        version: "TLSv1.3".to_owned(),
        chain: vec![Certificate { der: vec![48, 130], public_key: Vec::new() }],
        leaf: Some(leaf),
        trusted: Err(Distrust::Expired),
        names_host: true,
    };
    let ends = [
        Tls::TurnedAway("554 no".to_owned()),
        Tls::TooOld,
        Tls::NotOffered,
        Tls::Refused("454".to_owned()),
        Tls::Injected,
        Tls::Failed("eof".to_owned()),
        Tls::Up(secured.clone()),
        Tls::Up(Secured { trusted: Err(Distrust::Other("odd".to_owned())), leaf: None, ..secured.clone() }),
        Tls::Up(Secured { trusted: Ok(()), ..secured }),
    ];
    let call = |number: u8, service| Call { host: name("mx.example"), address: [192, 0, 2, number].into(), service };
    let sessions = (0..).zip(ends).map(|(number, tls)| {
        let greeting = "220 hello\n\u{202e}".to_owned();
        let session = Session { greeting, capabilities: vec!["SIZE 1".to_owned()], tls };
        Fact::Call(call(number, Service::Smtp), Ok(session))
    });
    let unreached = [Unreached::Denied, Unreached::Refused, Unreached::Silent, Unreached::Broken, Unreached::NoWay];
    let calls = (0..).zip(unreached).map(|(number, why)| Fact::Call(call(number, Service::Imaps), Err(why)));
    let fetch = |number: u8| Fetch { host: name("a.example"), address: [192, 0, 2, number].into(), path: "/policy" };
    let page = Page { status: 200, content_type: None, location: Some("/".to_owned()), body: "a\r\nb".to_owned() };
    let pages = [
        Fact::Fetch(fetch(0), Ok(page)),
        Fact::Fetch(fetch(1), Err(NoPage::Unreached(Unreached::Refused))),
        Fact::Fetch(fetch(2), Err(NoPage::Untrusted("self-signed".to_owned()))),
        Fact::Fetch(fetch(4), Err(NoPage::NoTls("alert".to_owned()))),
        Fact::Fetch(fetch(3), Err(NoPage::Malformed("no status".to_owned()))),
    ];
    records.chain(servers).chain(causes).chain(sessions).chain(calls).chain(pages).collect()
}

fn transcript() -> Transcript {
    Transcript {
        domain: "example.com".parse().unwrap(),
        selectors: vec![name("s1")],
        topics: vec![Topic::Mx, Topic::MtaSts],
        host: Host { mx: vec![name("mx.host.example")], server_ips: vec![[192, 0, 2, 9].into()], ..Host::default() },
        lists: Lists::default(),
        propagation: vec!["192.0.2.53:53".parse().unwrap()],
        connect: true,
        resolver: "127.0.0.1:53".to_owned(),
        now: 1_790_000_000,
        cost: Cost { questions: 3, calls: 2, pages: 1, rounds: 4, elapsed_ms: 5 },
        replies: facts().into_iter().collect(),
    }
}

fn written(transcript: &Transcript) -> String {
    let mut text = Vec::new();
    transcript.write(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn what_is_written_is_read_back_to_the_byte() {
    let text = written(&transcript());
    let read = Transcript::read(text.as_bytes()).unwrap();
    assert_eq!(written(&read), text);
    let facts = facts();
    assert_eq!(text.lines().count(), 1 + facts.len());
    for fact in facts {
        let (question, _) = Reply::of(fact.clone());
        assert_eq!(read.reply(question.clone()), fact, "{question}");
    }
    let before = transcript();
    assert_eq!(
        (read.host, read.lists, read.topics, read.cost),
        (before.host, before.lists, before.topics, before.cost)
    );
}

#[test]
fn what_was_not_asked_is_not_written_and_reads_as_not_asked() {
    let question = Question::from(Query::new(&name("other.example"), Kind::Mx));
    let nothing = question.clone().unanswered(Cause::NotAsked);
    let replies: Replies = std::iter::once(nothing.clone()).collect();
    assert_eq!(replies.0.len(), 0);
    assert_eq!(transcript().reply(question), nothing);
}

#[test]
fn what_is_no_transcript_is_told_in_a_sentence() {
    let text = written(&transcript());
    let head = text.lines().next().unwrap();
    let reply = text.lines().nth(1).unwrap();
    let line = |number| format!("{{\"question\":\"n{number}\",\"reply\":{{\"unreached\":\"silent\"}}}}");
    let many = (0..=MOST_REPLIES).map(line).collect::<Vec<_>>().join("\n");
    for (file, sentence) in [
        (String::new(), "the first line does not tell what was looked at: there is none"),
        ("nonsense".to_owned(), "the first line does not tell what was looked at: expected"),
        (head.replace("\"schema\":1", "\"schema\":2"), "has the schema 2; this version reads the schema 1"),
        ("{\"schema\":7}".to_owned(), "has the schema 7"),
        (head.replace("\"domain\":\"example.com\"", "\"domain\":\"localhost\""), "`localhost` has no dot"),
        (head.replace("\"mta-sts\"", "\"fax\""), "no such name `fax`"),
        (head.replace("\"s1\"", "\"a..b\""), "`a..b` is no name"),
        (format!("{head}\n{{}}"), "line 2 of the transcript is no question with its reply: missing field `question`"),
        (format!("{head}\n{reply}\n\n{reply}"), "line 4 of the transcript is no question with its reply"),
        (format!("{head}\n{many}"), "more than 10000 replies"),
        (" ".repeat(9 * 1024 * 1024), "below 8 MiB"),
    ] {
        let error = Transcript::read(file.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}");
    }
    assert!(matches!(Transcript::read(&b"\xff\xfe"[..]), Err(BadTranscript::NoText)));
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in "\\PC{0,200}", at in 0_usize..400, with in "\\PC{0,3}") {
        let text = written(&transcript());
        let head = text.lines().next().unwrap_or_default();
        let _ = Transcript::read(format!("{head}\n{line}").as_bytes());
        let mut torn: Vec<char> = text.chars().collect();
        let at = at * 17 % torn.len();
        torn.splice(at..=at, with.chars());
        let _ = Transcript::read(torn.into_iter().collect::<String>().as_bytes());
    }
}

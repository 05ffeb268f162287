//! A network in a table, for the tests of checks: lines such as `example.com MX 10 mx.example.com`.
//!
//! The data of a line runs to its end, with no quoting. Instead of data a line may say how its question ends:
//! `nodata`, `nxdomain`, or a cause: `servfail`, `refused`, `silent`, `malformed`, `not-asked`. What no line answers
//! is `nodata` where the name or one below it has a line, and `nxdomain` elsewhere, as RFC 8020 has it.
//!
//! A line for `example.com@192.0.2.53` is what the name server at that address alone says, in place of all other lines for
//! the name and type; `@9.9.9.9:53` a resolver, `@unchecked` the resolvers with signatures left unchecked. `MX/60` gives
//! the reply 60 seconds to live instead of 300. A name server may also say `hearsay RECORD` (without authority), `lame`
//! (nothing, without authority) and `refers NAME NAME …`.

mod offers;

use std::net::IpAddr;

use crate::config::{Config, Host, Lists};
use crate::domain::{Domain, Name};
use crate::facts::{
    Called, Cause, Certificate, Fact, Facts, Fetched, Kind, Leaf, NoPage, Outcome, Pending, Query, Question, Record,
    Response, Secured, Server, Service, Session, Text, Tls, Unreached, View,
};
use crate::finding::{Code, Finding, Fix, Severity, Topic};
use crate::mail::{CHECKS, Case, Check};

/// Why a network may not say: all the causes, as the lines of a table write them.
pub(super) const CAUSES: &[(&str, Cause)] = &[
    ("servfail", Cause::ServFail),
    ("refused", Cause::Refused),
    ("silent", Cause::Silent),
    ("malformed", Cause::Malformed),
    ("not-asked", Cause::NotAsked),
];

/// Why a host may say nothing: all the causes but refusals, which are replies.
const SILENCES: [Unreached; 4] = [Unreached::Silent, Unreached::Broken, Unreached::NoWay, Unreached::NotAsked];

/// A domain, what people said about it, and the network around it.
#[derive(Debug, Clone)]
pub(crate) struct Lab {
    domain: Domain,
    selectors: Vec<Name>,
    config: Box<Config>,
    connect: bool,
    now: i64,
    calls: Vec<(Name, Service, Called)>,
    pages: Vec<(Name, Fetched)>,
    lines: Vec<(Name, String, String)>,
    /// The lines of servers that say something of their own.
    own: Vec<(Server, Name, String, String)>,
    /// The names for which the resolver vouches.
    proven: Vec<Name>,
}

/// What came of running checks until nothing was pending.
#[derive(Debug)]
pub(super) struct Ran {
    pub findings: Vec<Finding>,
    /// How many times questions were asked, all that were wanted at once.
    pub rounds: usize,
    /// All questions asked, in order.
    pub asked: Vec<Question>,
}

impl Lab {
    pub(crate) fn new(domain: &str, table: &str) -> Self {
        let (mut lines, mut own) = (Vec::new(), Vec::new());
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (owner, rest) = line.split_once(char::is_whitespace).unwrap();
            let rest = rest.trim_start();
            let (kind, data) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let (kind, data) = (kind.to_owned(), data.trim_start().to_owned());
            match owner.split_once('@') {
                Some((owner, place)) => own.push((server(place), name(owner), kind, data)),
                None => lines.push((name(owner), kind, data)),
            }
        }
        Self {
            domain: domain.parse().unwrap(),
            selectors: Vec::new(),
            config: Box::default(),
            connect: false,
            now: 0,
            calls: Vec::new(),
            pages: Vec::new(),
            lines,
            own,
            proven: Vec::new(),
        }
    }

    /// With DKIM selectors that the person named.
    pub(super) fn selectors(mut self, selectors: &[&str]) -> Self {
        self.selectors = selectors.iter().map(|selector| name(selector)).collect();
        self
    }

    /// With what the operator says of the host.
    pub(super) fn host(mut self, host: Host) -> Self {
        self.config.host = host;
        self
    }

    /// With the blocklists to ask.
    pub(super) fn lists(mut self, lists: Lists) -> Self {
        self.config.dnsbl = lists;
        self
    }

    /// With the hosts and name servers that the domain names within reach: those that no [`Self::call`] or
    /// [`Self::page`] tells of are silent.
    pub(super) fn connected(mut self) -> Self {
        self.connect = true;
        self
    }

    /// At a time, in seconds since 1970.
    pub(super) fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// With other people's resolvers to watch a change at.
    pub(super) fn propagation(mut self, servers: &[&str]) -> Self {
        self.config.resolver.propagation = servers.iter().map(|server| server.parse().unwrap()).collect();
        self
    }

    /// With a resolver that vouches for the records of these names; of no other name, if it checks signatures at all.
    pub(super) fn proven(mut self, names: &[&str]) -> Self {
        self.proven = names.iter().map(|owner| name(owner)).collect();
        self
    }

    /// With what a mail service says, at whichever of its addresses it is called.
    pub(super) fn call(mut self, host: &str, service: Service, called: Called) -> Self {
        self.calls.push((name(host), service, called));
        self
    }

    /// With what a web server gives, for any path.
    pub(super) fn page(mut self, host: &str, fetched: Fetched) -> Self {
        self.pages.push((name(host), fetched));
        self
    }

    /// Runs the check of one topic.
    pub(super) fn run(&self, topic: Topic) -> Ran {
        self.run_all(&[topic])
    }

    /// Runs the checks of several topics on the same facts.
    pub(super) fn run_all(&self, topics: &[Topic]) -> Ran {
        self.answered_by(topics, |question| self.reply(question))
    }

    /// Holds a check to "no answer is no fault": whichever of its questions stays without an answer, and why ever, it
    /// finds no fault that it would not find otherwise. Gives the questions without which it says `unknown`.
    ///
    /// A name server that fails or refuses when it is asked for its own zone has answered: that is its fault.
    pub(super) fn no_answer_is_no_fault(&self, topic: Topic) -> Vec<String> {
        let told = self.run(topic);
        let mut missed = Vec::new();
        for dark in &told.asked {
            for (fact, cause) in silences(dark) {
                let word = &cause;
                let answer = |question: &Question| if question == dark { fact.clone() } else { self.reply(question) };
                let ran = self.answered_by(&[topic], answer);
                for finding in &ran.findings {
                    let fault = matches!(finding.severity(), Severity::Warn | Severity::Fail);
                    let before = told.findings.iter().any(|f| f.code == finding.code && f.subject == finding.subject);
                    assert!(before || !fault, "{dark} {word}: {finding:?}");
                }
                let unknown = ran.findings.iter().find(|finding| finding.severity() == Severity::Unknown);
                if let Some(unknown) = unknown {
                    assert_eq!(unknown.details.get("cause"), Some(&cause), "{dark} {word}");
                    missed.push(dark.to_string());
                }
            }
        }
        missed.dedup();
        missed
    }

    /// Runs what is no check, such as the evaluation of one sender, until nothing is pending: what it came to, how many
    /// times questions were asked, and what is known then.
    pub(crate) fn settle<T>(&self, run: impl Fn(&mut View<'_>) -> Result<T, Pending>) -> (T, usize, Facts) {
        let mut facts = Facts::default();
        for rounds in 0..40 {
            let mut view = View::new(&facts);
            let settled = run(&mut view);
            let wanted = view.wanted().to_vec();
            match settled {
                Ok(value) => return (value, rounds, facts),
                Err(_) => wanted.iter().for_each(|question| facts.insert(self.reply(question))),
            }
        }
        panic!("still pending after 40 rounds");
    }

    fn answered_by(&self, topics: &[Topic], answer: impl Fn(&Question) -> Fact) -> Ran {
        let case = Case { connect: self.connect, ..Case::new(&self.domain, &self.selectors, &self.config, self.now) };
        let checks: Vec<&Check> = CHECKS.iter().filter(|check| topics.contains(&check.topic)).collect();
        let mut facts = Facts::default();
        let mut ran = Ran { findings: Vec::new(), rounds: 0, asked: Vec::new() };
        loop {
            let examined: Vec<_> = checks.iter().map(|check| check.examine(&case, &facts)).collect();
            let wanted: Vec<&Question> = examined.iter().flat_map(|examined| &examined.wanted).collect();
            if wanted.is_empty() {
                for (check, examined) in checks.iter().zip(&examined) {
                    offers::hold(self, check, &case, &facts, examined.findings.as_ref().unwrap());
                }
                ran.findings = examined.into_iter().flat_map(|examined| examined.findings.unwrap()).collect();
                return ran;
            }
            assert!(ran.rounds < 20, "the checks never end");
            ran.rounds += 1;
            for question in wanted {
                if !facts.knows(question) {
                    facts.insert(answer(question));
                    ran.asked.push(question.clone());
                }
            }
        }
    }

    /// The reply to a question.
    fn reply(&self, question: &Question) -> Fact {
        match question {
            Question::Dns(query) => Fact::Dns(query.clone(), self.response(query)),
            Question::Call(call) => {
                let mut told =
                    self.calls.iter().filter(|(host, service, _)| (host, *service) == (&call.host, call.service));
                let called = told.next().map_or(Err(Unreached::Silent), |(.., called)| called.clone());
                Fact::Call(call.clone(), called)
            }
            Question::Fetch(fetch) => {
                let mut told = self.pages.iter().filter(|(host, _)| *host == fetch.host);
                let silent = Err(NoPage::Unreached(Unreached::Silent));
                let fetched = told.next().map_or(silent, |(_, fetched)| fetched.clone());
                Fact::Fetch(fetch.clone(), fetched)
            }
        }
    }

    /// What the table says to a query, its aliases followed.
    fn response(&self, question: &Query) -> Response {
        let own = self.own.iter().filter(|(server, owner, kind, _)| {
            let kind = kind.split('/').next().unwrap();
            (server, owner, kind) == (&question.to, &question.name, question.kind.as_str())
        });
        let own: Vec<_> = own.collect();
        if let Some((.., kind, _)) = own.first() {
            let data: Vec<&str> = own.iter().map(|(.., data)| data.as_str()).collect();
            let ttl = kind.split_once('/').map_or(300, |(_, ttl)| ttl.parse().unwrap());
            return Response { ttl: Some(ttl), ..said(question, &data) };
        }
        let (mut end, mut aliases) = (question.name.clone(), Vec::new());
        loop {
            let data = self.data(&end, question.kind.as_str());
            let outcome = match (data.first().and_then(|word| outcome(word)), self.data(&end, "CNAME").first()) {
                (Some(outcome), _) => outcome,
                (None, Some(alias)) if aliases.len() < 8 => {
                    end = name(alias);
                    aliases.push(end.clone());
                    continue;
                }
                _ if !data.is_empty() => {
                    Outcome::Records(data.iter().map(|data| record(question.kind, data)).collect())
                }
                _ if self.lines.iter().any(|(owner, ..)| owner.is_within(&end)) => Outcome::NoData,
                _ => Outcome::NoSuchName,
            };
            let authoritative = matches!(question.to, Server::Authority(_));
            let authentic = question.to == Server::Resolver && self.proven.contains(&question.name);
            return Response { ttl: Some(300), authoritative, authentic, ..Response::aliased(aliases, outcome) };
        }
    }

    /// The same network with `text` at a name, in place of the texts that are like it.
    pub(super) fn publishing(&self, at: &Name, text: &str, alike: impl Fn(&str) -> bool) -> Self {
        let mut lab = self.clone();
        lab.lines
            .retain(|(owner, kind, data)| !(owner == at && kind == "TXT" && (outcome(data).is_some() || alike(data))));
        lab.lines.push((at.clone(), "TXT".to_owned(), text.to_owned()));
        lab
    }

    /// Every address that stands in the table, also within texts.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        let words = self.lines.iter().flat_map(|(.., data)| data.split(' '));
        let addresses = words.filter_map(|word| {
            let word = word.trim_start_matches(|c: char| !c.is_ascii_digit() && c != ':').trim_start_matches("4:");
            let word = word.strip_prefix("6:").unwrap_or(word);
            word.split('/').next()?.parse().ok()
        });
        addresses.collect()
    }

    /// The data of a name's records of one kind.
    pub(super) fn data(&self, name: &Name, kind: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(owner, line, _)| owner == name && line == kind);
        lines.map(|(.., data)| data.as_str()).collect()
    }
}

impl Ran {
    /// The codes found, in order.
    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.code.as_str()).collect()
    }

    /// The first finding with this code.
    pub(super) fn finding(&self, code: Code) -> &Finding {
        self.findings.iter().find(|finding| finding.code == code).unwrap_or_else(|| panic!("no {code} in {self:#?}"))
    }

    /// A detail of the first finding with this code.
    pub(super) fn detail(&self, code: Code, name: &str) -> &str {
        self.finding(code).details.get(name).map_or_else(|| panic!("{code} has no {name}"), String::as_str)
    }

    /// The proven fix of the first finding with this code, as `name value`.
    pub(super) fn fix(&self, code: Code) -> Option<String> {
        let Fix { name, value, verified, .. } = self.finding(code).fix.as_ref()?;
        assert!(verified, "{code}: a fix that is not proven got out");
        Some(format!("{name} {value}"))
    }
}

/// Runs a table of cases, each a network and the codes to find; between them, the cases show every code of the topic.
pub(super) fn finds(topic: Topic, cases: &[(Lab, &[Code])]) {
    for (lab, expected) in cases {
        let expected: Vec<&str> = expected.iter().map(|code| code.as_str()).collect();
        assert_eq!(lab.run(topic).codes(), expected, "{lab:#?}");
    }
    for code in Code::ALL.iter().filter(|code| code.topic() == topic) {
        assert!(cases.iter().any(|(_, expected)| expected.contains(code)), "no case shows {code}");
    }
}

/// The ways in which a question of any kind stays without an answer, each with how it reads. A name server that fails or refuses when
/// it is asked for its own zone has answered.
fn silences(question: &Question) -> Vec<(Fact, String)> {
    match question {
        Question::Dns(query) => {
            let authority = matches!(query.to, Server::Authority(_));
            let causes = CAUSES.iter().map(|(_, cause)| *cause);
            let silent = causes.filter(|cause| !(authority && matches!(cause, Cause::ServFail | Cause::Refused)));
            silent.map(|cause| (question.clone().unanswered(cause), cause.to_string())).collect()
        }
        Question::Call(call) => {
            SILENCES.iter().map(|why| (Fact::Call(call.clone(), Err(*why)), why.to_string())).collect()
        }
        Question::Fetch(fetch) => {
            let silence = |why| Fact::Fetch(fetch.clone(), Err(NoPage::Unreached(why)));
            SILENCES.iter().map(|why| (silence(*why), why.to_string())).collect()
        }
    }
}

/// A session with a mail service that came so far with TLS.
pub(super) fn session(tls: Tls) -> Session {
    Session { greeting: "220 ready".to_owned(), capabilities: vec!["STARTTLS".to_owned()], tls }
}

/// What a sound mail service shows: a server's certificate and its issuer's, both made up.
pub(super) fn secured() -> Secured {
    let certificate = |name: &str| Certificate { der: name.into(), public_key: format!("key of {name}").into() };
    let leaf = Leaf {
        names: vec!["mx1.example.com".to_owned()],
        issuer: "CN=Good".to_owned(),
        not_before: 0,
        not_after: 4_000_000_000,
    };
    Secured {
        version: "TLSv1.3".to_owned(),
        chain: vec![certificate("server"), certificate("issuer")],
        leaf: Some(leaf),
        trusted: Ok(()),
        names_host: true,
    }
}

/// The lines of a table, one an item.
pub(super) fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    items.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A name.
pub(crate) fn name(text: &str) -> Name {
    if text == "." { Name::root() } else { text.parse().unwrap() }
}

fn server(place: &str) -> Server {
    match place {
        "unchecked" => Server::Unchecked,
        place => place
            .parse()
            .map(Server::Authority)
            .or_else(|_| place.parse().map(Server::Named))
            .unwrap_or_else(|_| panic!("`{place}` is no server")),
    }
}

/// What a server says by lines of its own.
fn said(question: &Query, data: &[&str]) -> Response {
    let (word, rest) = data[0].split_once(' ').unwrap_or((data[0], ""));
    let answer =
        |outcome| Response { authoritative: matches!(question.to, Server::Authority(_)), ..Response::new(outcome) };
    match (word, outcome(word)) {
        (_, Some(outcome)) => answer(outcome),
        ("hearsay", _) => Response::new(Outcome::Records(vec![record(question.kind, rest)])),
        ("lame", _) => Response::new(Outcome::NoData),
        ("refers", _) => Response { referral: rest.split(' ').map(name).collect(), ..Response::new(Outcome::NoData) },
        _ => answer(Outcome::Records(data.iter().map(|data| record(question.kind, data)).collect())),
    }
}

fn outcome(word: &str) -> Option<Outcome> {
    match word {
        "nodata" => Some(Outcome::NoData),
        "nxdomain" => Some(Outcome::NoSuchName),
        _ => CAUSES.iter().find(|(name, _)| *name == word).map(|(_, cause)| Outcome::Unknown(*cause)),
    }
}

fn record(kind: Kind, data: &str) -> Record {
    match kind {
        Kind::A => Record::A(data.parse().unwrap()),
        Kind::Aaaa => Record::Aaaa(data.parse().unwrap()),
        Kind::Mx => {
            let (preference, exchange) = data.split_once(' ').unwrap();
            Record::Mx { preference: preference.parse().unwrap(), exchange: name(exchange) }
        }
        Kind::Ptr => Record::Ptr(name(data)),
        Kind::Ns => Record::Ns(name(data)),
        Kind::Srv => {
            let [priority, weight, port, target] = fields(data);
            let number = |text: &str| text.parse().unwrap();
            Record::Srv { priority: number(priority), weight: number(weight), port: number(port), target: name(target) }
        }
        Kind::Tlsa => {
            let [usage, selector, matching, hex] = fields(data);
            let number = |text: &str| text.parse().unwrap();
            let digits: Vec<u8> = hex.chars().map(|digit| digit.to_digit(16).unwrap().try_into().unwrap()).collect();
            let bytes = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
            Record::Tlsa {
                usage: number(usage),
                selector: number(selector),
                matching: number(matching),
                data: bytes.collect(),
            }
        }
        Kind::Soa => {
            let (primary, serial) = data.split_once(' ').unwrap();
            Record::Soa { primary: name(primary), serial: serial.parse().unwrap() }
        }
        Kind::Txt => Record::Txt(Text::split(data)),
    }
}

fn fields(data: &str) -> [&str; 4] {
    data.split_whitespace().collect::<Vec<_>>().try_into().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_answers_as_the_dns_does() {
        let lab = Lab::new(
            "example.com",
            "a.b.example.com A 192.0.2.1
            www.example.com CNAME a.b.example.com
            dark.example.com TXT silent",
        );
        let said = |owner, kind| lab.response(&Query::new(&name(owner), kind)).outcome;
        assert_eq!(said("a.b.example.com", Kind::A), Outcome::Records(vec![Record::A([192, 0, 2, 1].into())]));
        assert_eq!(said("a.b.example.com", Kind::Mx), Outcome::NoData);
        assert_eq!(said("b.example.com", Kind::A), Outcome::NoData);
        assert_eq!(said("c.example.com", Kind::A), Outcome::NoSuchName);
        assert_eq!(said("dark.example.com", Kind::Txt), Outcome::Unknown(Cause::Silent));
        let alias = lab.response(&Query::new(&name("www.example.com"), Kind::A));
        assert_eq!(alias.aliases, [name("a.b.example.com")]);
        assert_eq!(alias.addresses(), Ok(vec![[192, 0, 2, 1].into()]));
    }

    #[test]
    fn a_healthy_domain_costs_few_questions_and_rounds() {
        let table = "
            example.com SOA ns.example.com 7
            example.com MX 10 mx1.example.com
            example.com MX 20 mx2.example.com
            mx1.example.com A 192.0.2.1
            mx1.example.com AAAA 2001:db8::1
            mx2.example.com A 192.0.2.2
            1.2.0.192.in-addr.arpa PTR mx1.example.com
            2.2.0.192.in-addr.arpa PTR mx2.example.com
            1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx1.example.com
            _dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:dmarc@example.com";
        let topics = [Topic::Dns, Topic::Mx, Topic::Dkim, Topic::Dmarc, Topic::Ptr];
        let ran = Lab::new("example.com", table).run_all(&topics);
        assert_eq!((ran.rounds, ran.asked.len()), (3, 14));
    }
}

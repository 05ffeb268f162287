//! A made-up network for the tests of this room: what its zone does not list does not exist.

use super::survey::survey;
use super::tree::Survey;
use super::{Sender, Verdict, check_host};
use crate::config::{Config, Host};
use crate::facts::{Cause, Fact, Facts, Kind, Outcome, Query, Question, Record, Response, Text, View};
use crate::finding::{Finding, Topic};
use crate::mail::{CHECKS, Case};

/// Zone lines such as `example.com TXT v=spf1 -all`; a `?` in place of the value stands for no answer.
pub(super) struct Lab<'z>(pub(super) &'z str);

/// What came of asking until nothing was wanted.
pub(super) struct Settled<T> {
    pub(super) value: T,
    /// How many times questions were asked.
    pub(super) rounds: usize,
    /// What was asked.
    pub(super) facts: Facts,
}

impl Lab<'_> {
    pub(super) fn check_host(&self, ip: &str, mail_from: &str) -> Settled<Verdict> {
        let sender = Sender {
            ip: ip.parse().expect("an address"),
            helo: "mail.example.com".to_owned(),
            mail_from: mail_from.to_owned(),
            now: 0,
            receiver: String::new(),
        };
        self.settle(|facts| {
            let mut view = View::new(facts);
            check_host(&sender, &mut view).map_err(|_| view.wanted().to_vec())
        })
    }

    pub(super) fn survey(&self, domain: &str) -> Settled<Survey> {
        let name = domain.parse().expect("a name");
        self.settle(|facts| {
            let mut view = View::new(facts);
            survey(&name, &mut view).map_err(|_| view.wanted().to_vec())
        })
    }

    /// The findings, with their fixes proven.
    pub(super) fn check(&self, domain: &str, spf_include: Option<&str>) -> Vec<Finding> {
        let host = Host { spf_include: spf_include.and_then(|name| name.parse().ok()), ..Host::default() };
        let config = Config { host, ..Config::default() };
        let domain = domain.parse().expect("a domain");
        let case = Case::new(&domain, &[], &config, 0);
        let check = CHECKS.iter().find(|check| check.topic == Topic::Spf).expect("the check is listed");
        let settled = self.settle(|facts| {
            let examined = check.examine(&case, facts);
            examined.findings.map_err(|_| examined.wanted)
        });
        settled.value
    }

    fn settle<T>(&self, run: impl Fn(&Facts) -> Result<T, Vec<Question>>) -> Settled<T> {
        let mut facts = Facts::default();
        for rounds in 0..40 {
            match run(&facts) {
                Ok(value) => return Settled { value, rounds, facts },
                Err(wanted) => {
                    for question in wanted {
                        let Question::Dns(query) = question else { panic!("SPF asks name servers alone") };
                        let response = Response::new(self.answer(&query));
                        facts.insert(Fact::Dns(query, response));
                    }
                }
            }
        }
        panic!("still pending after 40 rounds");
    }

    fn answer(&self, question: &Query) -> Outcome {
        let lines = self.0.lines().filter_map(|line| line.trim().split_once(' '));
        let here: Vec<_> = lines.filter(|(name, _)| *name == question.name.as_str()).map(|(_, rest)| rest).collect();
        let of_kind = here.iter().filter_map(|rest| rest.strip_prefix(question.kind.as_str())?.strip_prefix(' '));
        let values: Vec<_> = of_kind.collect();
        match values.as_slice() {
            [] if here.is_empty() => Outcome::NoSuchName,
            [] => Outcome::NoData,
            ["?"] => Outcome::Unknown(Cause::ServFail),
            values => Outcome::Records(values.iter().map(|value| record(question.kind, value)).collect()),
        }
    }
}

fn record(kind: Kind, value: &str) -> Record {
    match kind {
        Kind::A => Record::A(value.parse().expect("an IPv4 address")),
        Kind::Aaaa => Record::Aaaa(value.parse().expect("an IPv6 address")),
        Kind::Mx => Record::Mx { preference: 10, exchange: value.parse().expect("a name") },
        Kind::Ptr => Record::Ptr(value.parse().expect("a name")),
        Kind::Txt => Record::Txt(Text::split(value)),
        other => panic!("SPF asks for no {other:?}"),
    }
}

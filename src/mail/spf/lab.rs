//! What the tests of this room run on the made-up network of [`Lab`], beside the check itself.

use std::net::IpAddr;

use super::admits::lets_nobody_in;
use super::respell::{is_lookalike, names_somebody, respelled};
use super::survey::survey;
use super::tree::Survey;
use super::{Sender, SpfResult, Verdict, check_host};
use crate::domain::Name;
use crate::facts::Facts;
use crate::mail::lab::{Lab, name};

/// What came of asking until nothing was wanted.
pub(super) struct Settled<T> {
    pub(super) value: T,
    /// How many times questions were asked.
    pub(super) rounds: usize,
    /// What was asked.
    pub(super) facts: Facts,
}

impl<T> From<(T, usize, Facts)> for Settled<T> {
    fn from((value, rounds, facts): (T, usize, Facts)) -> Self {
        Self { value, rounds, facts }
    }
}

/// Whether an address may send, by the lines of a table.
pub(super) fn evaluated(table: &str, ip: &str, mail_from: &str) -> Settled<Verdict> {
    judged(&Lab::new("example.com", table), ip.parse().unwrap(), mail_from)
}

fn judged(lab: &Lab, ip: IpAddr, mail_from: &str) -> Settled<Verdict> {
    let sender = Sender {
        ip,
        helo: "mail.example.com".to_owned(),
        mail_from: mail_from.to_owned(),
        now: 0,
        receiver: String::new(),
    };
    lab.settle(|view| check_host(&sender, view)).into()
}

/// Holds a record that is offered to what each text says that it would replace, as far as that is a record or can be read as
/// one: whoever may send by one of them still may, but for strangers; and somebody is let in if anybody is named.
pub(in crate::mail) fn nobody_is_locked_out(lab: &Lab, at: &Name, record: &str) {
    let is_spf = |text: &str| is_lookalike(text);
    let after = lab.publishing(at, record, is_spf);
    let from = format!("anna@{at}");
    let verdict = |lab: &Lab, ip| judged(lab, ip, &from).value;
    for text in lab.data(at, "TXT").into_iter().filter(|text| is_spf(text)) {
        let alone = lab.publishing(at, respelled(text).as_deref().unwrap_or(text), is_spf);
        let strangers = ["203.0.113.77", "9.9.9.9", "2001:db8:ffff::1"].map(|ip| verdict(&alone, ip.parse().unwrap()));
        for ip in lab.addresses() {
            let before = verdict(&alone, ip);
            let is_open =
                strangers.iter().any(|other| other.result == SpfResult::Pass && other.matched == before.matched);
            if before.result == SpfResult::Pass && !is_open {
                assert_eq!(verdict(&after, ip).result, SpfResult::Pass, "`{record}` locks {ip} out, `{text}` does not");
            }
        }
        let admits = !lets_nobody_in(&after.settle(|view| survey(at, view)).0);
        assert!(admits || !names_somebody(text), "`{record}` locks everybody out, `{text}` does not");
    }
}

/// The survey of a domain, by the lines of a table.
pub(super) fn surveyed(table: &str, domain: &str) -> Settled<Survey> {
    Lab::new("example.com", table).settle(|view| survey(&name(domain), view)).into()
}

//! What the tests of this room run on the made-up network of [`Lab`], beside the check itself.

use super::survey::survey;
use super::tree::Survey;
use super::{Sender, Verdict, check_host};
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
    let sender = Sender {
        ip: ip.parse().unwrap(),
        helo: "mail.example.com".to_owned(),
        mail_from: mail_from.to_owned(),
        now: 0,
        receiver: String::new(),
    };
    Lab::new("example.com", table).settle(|view| check_host(&sender, view)).into()
}

/// The survey of a domain, by the lines of a table.
pub(super) fn surveyed(table: &str, domain: &str) -> Settled<Survey> {
    Lab::new("example.com", table).settle(|view| survey(&name(domain), view)).into()
}

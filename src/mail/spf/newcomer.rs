//! The record by which a sender that does not pass would, proven by judging the same sender with it.
//!
//! Whether the sender should pass is for whoever owns the domain to say: it is offered for senders that the owner chose.

use super::mend::with_address;
use super::record::{Record, published};
use super::sender::Identity;
use super::verdict::SpfResult;
use super::{Sender, check_host, host_name};
use crate::address::is_private;
use crate::facts::{Facts, Kind, Query, View};
use crate::finding::Fix;

/// The record of the sender's domain with the sending address added, where that alone is missing: the domain has one sound
/// record, it decides against the address, and with the address in it the sender passes. Asks nothing that is not known.
pub fn let_in(sender: &Sender, facts: &Facts) -> Option<Fix> {
    let identity = Identity::of(sender);
    let name = host_name(&identity.domain)?;
    let mut view = View::new(facts);
    let refused = check_host(sender, &mut view).ok()?.result;
    if is_private(identity.ip) || !matches!(refused, SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral) {
        return None;
    }
    let records = published(facts.get(&Query::new(&name, Kind::Txt))?).ok()?;
    let [record] = records.as_slice() else { return None };
    let mut fix = Fix::txt(name.as_str(), with_address(&Record::parse(record).ok()?, identity.ip));
    let (changed, replaces) = facts.changed_by(&name, &fix);
    fix.replaces = replaces;
    fix.verified = check_host(sender, &mut View::with(facts, &changed)).ok()?.result == SpfResult::Pass;
    fix.verified.then_some(fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::lab::Lab;

    /// The record that is offered to a sender at an address.
    fn offered(address: &str, table: &str) -> Option<String> {
        let sender = Sender {
            ip: address.parse().unwrap(),
            helo: "mail.example.com".to_owned(),
            mail_from: "anna@example.com".to_owned(),
            now: 0,
            receiver: String::new(),
        };
        let lab = Lab::new("example.com", table);
        let (.., facts) = lab.settle(|view| check_host(&sender, view));
        let_in(&sender, &facts).map(|fix| fix.value)
    }

    #[test]
    fn a_sender_that_the_record_leaves_out_is_let_in_and_passes_then() {
        for (address, record, expected) in [
            ("192.0.2.7", "v=spf1 ip4:192.0.2.1 -all", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.7 -all")),
            ("192.0.2.7", "v=spf1 ~all", Some("v=spf1 ip4:192.0.2.7 ~all")),
            ("192.0.2.7", "v=spf1 ip4:192.0.2.1", Some("v=spf1 ip4:192.0.2.1 ip4:192.0.2.7")),
            ("2001:db8::7", "v=spf1 ?all", Some("v=spf1 ip6:2001:db8::7 ?all")),
            // What takes the address out would still do so.
            ("192.0.2.7", "v=spf1 -ip4:192.0.2.0/24 ~all", None),
            ("192.0.2.1", "v=spf1 ip4:192.0.2.1 -all", None),
            ("192.0.2.7", "v=spf1 ip4:oops -all", None),
            ("10.0.0.1", "v=spf1 -all", None),
        ] {
            let table = format!("example.com TXT {record}");
            assert_eq!(offered(address, &table).as_deref(), expected, "{record}");
        }
        assert_eq!(offered("192.0.2.7", "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 ~all"), None);
        assert_eq!(offered("192.0.2.7", "example.com A 192.0.2.1"), None);
    }
}

//! A blocklist: the names to ask it for, and how it may be shown.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use crate::domain::Name;

/// How long a label of a zone must be to be taken for the operator's own key (`KEY.zen.dq.spamhaus.net`), which is not
/// for other people's eyes. The names of lists have shorter ones.
const KEY: usize = 16;

/// A blocklist, asked about one sort of thing.
#[derive(Debug, Clone, Copy)]
pub(in crate::mail) struct List<'l> {
    /// The zone in which it answers.
    pub(super) zone: &'l Name,
    /// What it is asked about.
    pub(super) about: Sort,
}

/// What a list is asked about; the test entries differ (RFC 5782 sections 2.1, 2.2 and 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// IPv4 addresses.
    V4,
    /// IPv6 addresses.
    V6,
    /// Domains.
    Domains,
}

/// An entry that a list may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry<'e> {
    /// An address of a mail server that the domain's MX records lead to.
    MailServer(IpAddr),
    /// An address that the host sends from.
    Host(IpAddr),
    /// The domain itself.
    Domain(&'e Name),
}

impl<'l> List<'l> {
    /// A list of IPv4 addresses.
    pub(in crate::mail) const fn of_addresses(zone: &'l Name) -> Self {
        Self { zone, about: Sort::V4 }
    }

    /// The name to ask about an entry; `None` if the DNS cannot hold it.
    pub(super) fn name(&self, entry: Entry<'_>) -> Option<Name> {
        match entry {
            Entry::MailServer(address) | Entry::Host(address) => self.of_address(address),
            Entry::Domain(domain) => self.zone.below(domain.as_str()),
        }
    }

    /// The name to ask about an address: as in the reverse tree, in the list's own zone.
    pub(in crate::mail) fn of_address(&self, address: IpAddr) -> Option<Name> {
        let reverse = Name::reverse(address);
        let labels: Vec<&str> = reverse.labels().rev().skip(2).collect();
        self.zone.below(&labels.into_iter().rev().collect::<Vec<_>>().join("."))
    }

    /// The entry that every list has while it is alive.
    pub(super) fn always_listed(&self) -> Option<Name> {
        self.test("TEST", Ipv4Addr::new(127, 0, 0, 2))
    }

    /// The entry that no list has, unless it names everybody.
    pub(super) fn never_listed(&self) -> Option<Name> {
        self.test("INVALID", Ipv4Addr::LOCALHOST)
    }

    fn test(&self, domain: &str, address: Ipv4Addr) -> Option<Name> {
        match self.about {
            Sort::V4 => self.of_address(address.into()),
            Sort::V6 => self.of_address(address.to_ipv6_mapped().into()),
            Sort::Domains => self.zone.below(domain),
        }
    }

    /// A text without the key in the list's zone.
    pub(super) fn without_key(&self, text: &str) -> String {
        let keys = self.zone.labels().filter(|label| label.len() >= KEY);
        keys.fold(text.to_owned(), |text, key| text.replace(key, "…"))
    }
}

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.zone.labels().filter(|label| label.len() < KEY).collect();
        f.write_str(&labels.join("."))
    }
}

impl Entry<'_> {
    /// What sort of thing it is.
    pub(super) const fn sort(self) -> Sort {
        match self {
            Self::MailServer(IpAddr::V4(_)) | Self::Host(IpAddr::V4(_)) => Sort::V4,
            Self::MailServer(IpAddr::V6(_)) | Self::Host(IpAddr::V6(_)) => Sort::V6,
            Self::Domain(_) => Sort::Domains,
        }
    }
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MailServer(address) | Self::Host(address) => address.fmt(f),
            Self::Domain(domain) => domain.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_asked_for_as_the_rfc_writes_it() {
        let (zone, domain) = ("bl.example".parse().unwrap(), "shop.example.com".parse().unwrap());
        let list = |about| List { zone: &zone, about };
        let address = |text: &str| Entry::MailServer(text.parse().unwrap());
        let name = |name: Option<Name>| name.unwrap().to_string();
        assert_eq!(name(list(Sort::V4).name(address("192.0.2.99"))), "99.2.0.192.bl.example");
        assert_eq!(
            name(list(Sort::V6).name(address("2001:db8:1:2:3:4:567:89ab"))),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.example"
        );
        assert_eq!(name(list(Sort::Domains).name(Entry::Domain(&domain))), "shop.example.com.bl.example");
        assert_eq!(name(list(Sort::V4).always_listed()), "2.0.0.127.bl.example");
        assert_eq!(name(list(Sort::V4).never_listed()), "1.0.0.127.bl.example");
        assert_eq!(
            name(list(Sort::V6).always_listed()),
            "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.example"
        );
        assert_eq!(name(list(Sort::Domains).always_listed()), "test.bl.example");
        assert_eq!(name(list(Sort::Domains).never_listed()), "invalid.bl.example");
    }

    #[test]
    fn a_name_that_is_too_long_is_not_asked_for() {
        let zone = "bl.example".parse().unwrap();
        let long: Name = vec!["a".repeat(30); 8].join(".").parse().unwrap();
        assert_eq!(List { zone: &zone, about: Sort::Domains }.name(Entry::Domain(&long)), None);
    }

    #[test]
    fn the_operators_key_is_not_shown() {
        let zone = "abcdefghijklmnopqrstuvwx12.zen.dq.spamhaus.net".parse().unwrap();
        let list = List { zone: &zone, about: Sort::V4 };
        assert_eq!(list.to_string(), "zen.dq.spamhaus.net");
        let name = list.always_listed().unwrap().to_string();
        assert_eq!(list.without_key(&name), "2.0.0.127.….zen.dq.spamhaus.net");
    }
}

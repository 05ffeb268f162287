//! What a list's reply means: that it has the entry, that it has not, or nothing at all.
//!
//! Many take every reply for a listing. But a list says "I do not answer you" with addresses, too, and resolvers that
//! make up answers say anything.

use std::fmt;
use std::net::Ipv4Addr;

use crate::facts::{Cause, Record, Response};

/// What a list says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mail) enum Said {
    /// It has the entry, with these codes.
    Listed(Vec<Ipv4Addr>),
    /// It has no such entry.
    NotListed,
    /// Nothing that could be relied on.
    Nothing(Why),
}

/// Why a list says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mail) enum Why {
    /// The network would not say.
    Network(Cause),
    /// 127.255.255.252: the zone's name is misspelt in the configuration.
    Misspelt,
    /// 127.255.255.250 and .251: the key in the zone's name is not accepted.
    Key,
    /// 127.255.255.254: the question came through a resolver that many people share.
    PublicResolver,
    /// 127.255.255.255: too many questions, or nobody has registered.
    TooMany,
    /// 127.0.0.1, or another code in 127.255.255.0/24.
    Refused,
    /// 127.0.1.255: an address was asked for in a list of domains.
    NotForAddresses,
    /// An address outside of 127.0.0.0/8, which no list gives.
    MadeUp,
    /// It lacks the entry that it should have while it is alive.
    Dead,
    /// It has the entry that it should never have.
    NamesEverybody,
}

impl Said {
    /// Reads a reply to a question for A records (RFC 5782 section 2.1).
    pub(in crate::mail) fn of(reply: &Response) -> Self {
        let records = match reply.records() {
            Ok(records) => records,
            Err(cause) => return Self::Nothing(Why::Network(cause)),
        };
        let codes: Vec<Ipv4Addr> =
            records.iter().filter_map(|record| if let Record::A(code) = record { Some(*code) } else { None }).collect();
        match codes.iter().find_map(|code| error(*code)) {
            Some(why) => Self::Nothing(why),
            None if codes.is_empty() => Self::NotListed,
            None => Self::Listed(codes),
        }
    }
}

/// What a code says other than that the entry is there. One such code among others makes all of them worthless.
const fn error(code: Ipv4Addr) -> Option<Why> {
    Some(match code.octets() {
        [127, 255, 255, 250 | 251] => Why::Key,
        [127, 255, 255, 252] => Why::Misspelt,
        [127, 255, 255, 254] => Why::PublicResolver,
        [127, 255, 255, 255] => Why::TooMany,
        [127, 255, 255, _] | [127, 0, 0, 1] => Why::Refused,
        [127, 0, 1, 255] => Why::NotForAddresses,
        [127, ..] => return None,
        _ => Why::MadeUp,
    })
}

impl Why {
    /// Whether it is no word of the list's.
    pub(in crate::mail) const fn is_the_networks(self) -> bool {
        matches!(self, Self::Network(_))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network(cause) => return cause.fmt(f),
            Self::Misspelt => "it says that its own name is misspelt in the question",
            Self::Key => "it does not accept the key that it was asked with",
            Self::PublicResolver => "it does not answer resolvers that many people share",
            Self::TooMany => "it was asked too often, or without a registration",
            Self::Refused => "it refused to answer",
            Self::NotForAddresses => "it lists domains, not addresses",
            Self::MadeUp => "what came back is no answer of a list",
            Self::Dead => "it does not pass its own test",
            Self::NamesEverybody => "it names everybody, so its word is worth nothing",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Outcome;

    #[test]
    fn only_a_code_of_the_list_is_a_listing() {
        use Why::{Key, MadeUp, Misspelt, NotForAddresses, PublicResolver, Refused, TooMany};
        let says = |codes: &[&str]| {
            let records = codes.iter().map(|code| Record::A(code.parse().unwrap())).collect();
            Said::of(&Response::new(Outcome::Records(records)))
        };
        for code in ["127.0.0.2", "127.0.0.11", "127.0.1.2", "127.0.1.106", "127.255.254.255", "127.1.1.1"] {
            assert_eq!(says(&[code]), Said::Listed(vec![code.parse().unwrap()]), "{code}");
        }
        for (code, why) in [
            ("127.255.255.0", Refused),
            ("127.255.255.250", Key),
            ("127.255.255.252", Misspelt),
            ("127.255.255.253", Refused),
            ("127.255.255.254", PublicResolver),
            ("127.255.255.255", TooMany),
            ("127.0.0.1", Refused),
            ("127.0.1.255", NotForAddresses),
            ("128.0.0.2", MadeUp),
            ("126.255.255.254", MadeUp),
            ("192.0.2.1", MadeUp),
            ("0.0.0.0", MadeUp),
        ] {
            assert_eq!(says(&[code]), Said::Nothing(why), "{code}");
            assert_eq!(says(&["127.0.0.2", code]), Said::Nothing(why), "{code}");
        }
    }

    #[test]
    fn absence_is_told_from_silence() {
        let says = |outcome| Said::of(&Response::new(outcome));
        assert_eq!(says(Outcome::NoSuchName), Said::NotListed);
        assert_eq!(says(Outcome::NoData), Said::NotListed);
        for cause in [Cause::ServFail, Cause::Refused, Cause::Silent, Cause::Malformed, Cause::NotAsked] {
            assert_eq!(says(Outcome::Unknown(cause)), Said::Nothing(Why::Network(cause)));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_code_outside_of_the_lists_range_is_ever_a_listing(bits: u32) {
            let code = Ipv4Addr::from_bits(bits);
            let said = Said::of(&Response::new(Outcome::Records(vec![Record::A(code)])));
            let is_code = code.octets()[0] == 127 && code.octets()[..3] != [127, 255, 255];
            proptest::prop_assert!(is_code || matches!(said, Said::Nothing(_)), "{code}");
        }
    }
}

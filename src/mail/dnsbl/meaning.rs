//! What the codes of well-known lists stand for. Of a list that is not known here, the code is shown as it is.

use std::net::Ipv4Addr;

use crate::domain::Name;

/// The zones below which Spamhaus answers, with and without a key.
const SPAMHAUS: [&str; 2] = ["spamhaus.org", "dq.spamhaus.net"];

/// What sort of entry a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Spam, or worse, came from there.
    Bad(&'static str),
    /// Nothing is held against the address, but mail should not come straight from it: home lines, mostly.
    Policy(&'static str),
    /// An honest domain that others abuse.
    Abused(&'static str),
}

impl Meaning {
    /// The list's own word for it.
    pub(super) const fn word(self) -> &'static str {
        let (Self::Bad(word) | Self::Policy(word) | Self::Abused(word)) = self;
        word
    }
}

/// What `code` of the list at `zone` means.
pub(super) fn meaning(zone: &Name, code: Ipv4Addr) -> Option<Meaning> {
    use Meaning::{Abused, Bad, Policy};
    if !SPAMHAUS.iter().filter_map(|list| list.parse().ok()).any(|list| zone.is_within(&list)) {
        return None;
    }
    Some(match code.octets() {
        [127, 0, 0, 2] => Bad("SBL"),
        [127, 0, 0, 3] => Bad("CSS"),
        [127, 0, 0, 4..=7] => Bad("XBL"),
        [127, 0, 0, 9] => Bad("DROP"),
        [127, 0, 0, 10 | 11] => Policy("PBL"),
        [127, 0, 0, 30] => Bad("BCL"),
        [127, 0, 1, 2] => Bad("DBL, spam"),
        [127, 0, 1, 4] => Bad("DBL, phishing"),
        [127, 0, 1, 5] => Bad("DBL, malware"),
        [127, 0, 1, 6] => Bad("DBL, botnet"),
        [127, 0, 1, 102] => Abused("DBL, abused for spam"),
        [127, 0, 1, 103] => Abused("DBL, abused redirector"),
        [127, 0, 1, 104] => Abused("DBL, abused for phishing"),
        [127, 0, 1, 105] => Abused("DBL, abused for malware"),
        [127, 0, 1, 106] => Abused("DBL, abused for a botnet"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_means_something_in_its_own_list_only() {
        let means = |zone: &str, code: [u8; 4]| meaning(&zone.parse().unwrap(), code.into());
        assert_eq!(means("zen.spamhaus.org", [127, 0, 0, 10]), Some(Meaning::Policy("PBL")));
        assert_eq!(means("key.zen.dq.spamhaus.net", [127, 0, 0, 4]), Some(Meaning::Bad("XBL")));
        assert_eq!(means("dbl.spamhaus.org", [127, 0, 1, 102]), Some(Meaning::Abused("DBL, abused for spam")));
        assert_eq!(means("zen.spamhaus.org", [127, 0, 0, 99]), None);
        assert_eq!(means("bl.spamcop.net", [127, 0, 0, 2]), None);
        assert_eq!(means("zen.notspamhaus.org", [127, 0, 0, 2]), None);
    }
}

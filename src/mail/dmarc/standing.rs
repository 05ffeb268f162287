//! Which policy receivers apply to a domain's mail, for those who only need that (`bimi`, `inspect/authentication`). What is wrong with the
//! records is the business of `check`.

use super::record::{self, Alignment, Policy};
use super::walk::{Seen, governing, organization_of, taken, walk};
use crate::domain::Name;
use crate::facts::{Cause, Pending, View};

/// What a record asks for a domain's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The policy, as far as it is not on trial.
    pub(crate) policy: Policy,
    /// How DKIM must match (`adkim`).
    pub(crate) dkim: Alignment,
    /// How SPF must match (`aspf`).
    pub(crate) spf: Alignment,
}

/// The policy that applies to a domain's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// This one.
    Applies(Rule),
    /// No record that receivers can use.
    None,
    /// The network would not say.
    Unknown(Cause),
}

/// The policy that applies to mail of `domain`, which exists (RFC 9989 section 4.10.1).
pub(crate) fn standing(domain: &Name, view: &mut View<'_>) -> Result<Standing, Pending> {
    let steps = walk(domain, view)?;
    let Some((own, above)) = steps.split_first().filter(|(own, _)| own.domain == *domain) else {
        return Ok(Standing::None);
    };
    let (record, own) = match own.seen() {
        Seen::Unknown(cause) => return Ok(Standing::Unknown(cause)),
        Seen::One(text) => (record::parse(&text).ok(), true),
        Seen::Several(_) | Seen::Nothing => {
            let above = taken(above);
            let unknown = above.iter().find_map(|step| match step.seen() {
                Seen::Unknown(cause) => Some(cause),
                _ => None,
            });
            if let Some(cause) = unknown {
                return Ok(Standing::Unknown(cause));
            }
            (governing(above).and_then(|governing| governing.record.ok()), false)
        }
    };
    Ok(record.map_or(Standing::None, |record| {
        let policy = record.applied(if own { record.policy } else { record.for_below() });
        Standing::Applies(Rule { policy, dkim: record.dkim, spf: record.spf })
    }))
}

/// The organization's domain of any domain that a message names (RFC 9989 section 4.10.2); the cause where the network would
/// not say.
pub(crate) fn organization(domain: &Name, view: &mut View<'_>) -> Result<Result<Name, Cause>, Pending> {
    Ok(organization_of(&walk(domain, view)?, domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::lab::{Lab, name};

    #[test]
    fn the_organization_is_found_by_the_walk() {
        let zone = "_dmarc.example.com TXT v=DMARC1; p=none
            _dmarc.own.example.com TXT v=DMARC1; p=none; psd=n
            _dmarc.suffix.test TXT v=DMARC1; p=none; psd=y
            _dmarc.dark.example.net TXT servfail";
        for (domain, organization) in [
            ("example.com", Ok("example.com")),
            ("a.b.example.com", Ok("example.com")),
            ("own.example.com", Ok("own.example.com")),
            ("a.own.example.com", Ok("own.example.com")),
            ("shop.suffix.test", Ok("shop.suffix.test")),
            ("mail.shop.suffix.test", Ok("shop.suffix.test")),
            ("suffix.test", Ok("suffix.test")),
            ("none.example.org", Ok("none.example.org")),
            ("dark.example.net", Err(Cause::ServFail)),
        ] {
            let found = Lab::new("example.com", zone).settle(|view| super::organization(&name(domain), view)).0;
            assert_eq!(found, organization.map(name), "{domain}");
        }
    }

    #[test]
    fn the_rule_tells_how_strictly_domains_must_match() {
        let rule = |zone: &str| Lab::new("example.com", zone).settle(|view| standing(&name("a.example.com"), view)).0;
        let strict = Rule { policy: Policy::Reject, dkim: Alignment::Strict, spf: Alignment::Relaxed };
        assert_eq!(rule("_dmarc.a.example.com TXT v=DMARC1; p=reject; adkim=s; aspf=r"), Standing::Applies(strict));
        let below = Rule { policy: Policy::Quarantine, dkim: Alignment::Relaxed, spf: Alignment::Strict };
        assert_eq!(rule("_dmarc.example.com TXT v=DMARC1; p=none; sp=quarantine; aspf=S"), Standing::Applies(below));
        assert_eq!(rule("example.com A 192.0.2.1"), Standing::None);
        assert_eq!(rule("_dmarc.a.example.com TXT refused"), Standing::Unknown(Cause::Refused));
    }
}

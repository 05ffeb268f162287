//! The eight mechanisms of a record, and the grammar of what follows their names (RFC 7208 sections 5 and 12).
//!
//! Strict: what the ABNF does not derive is refused, with what was expected. What a mechanism matches is decided
//! in `evaluate`; what a writer probably meant is guessed in `mend`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::macros::DomainSpec;

/// What a directive tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    /// Everything (section 5.1).
    All,
    /// What the record of another domain passes (section 5.2).
    Include(DomainSpec),
    /// The addresses of a domain (section 5.3).
    A(Option<DomainSpec>, DualCidr),
    /// The addresses of a domain's mail servers (section 5.4).
    Mx(Option<DomainSpec>, DualCidr),
    /// The validated names of the client; should not be used (section 5.5).
    Ptr(Option<DomainSpec>),
    /// A range of IPv4 addresses (section 5.6).
    Ip4(Ipv4Net),
    /// A range of IPv6 addresses (section 5.6).
    Ip6(Ipv6Net),
    /// Whether a name has an IPv4 address (section 5.7).
    Exists(DomainSpec),
}

/// How many leading bits of an address count, in either family (`dual-cidr-length`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DualCidr {
    /// For IPv4, 0 to 32.
    pub(super) v4: u8,
    /// For IPv6, 0 to 128.
    pub(super) v6: u8,
}

impl Default for DualCidr {
    fn default() -> Self {
        Self { v4: 32, v6: 128 }
    }
}

impl DualCidr {
    /// Whether `client` shares the leading bits of `address`; never across families.
    pub(super) fn covers(self, address: IpAddr, client: IpAddr) -> bool {
        let length = if address.is_ipv4() { self.v4 } else { self.v6 };
        IpNet::new(address, length).is_ok_and(|network| network.contains(&client))
    }
}

impl Mechanism {
    /// Whether evaluating it counts towards the limit of ten look-ups (section 4.6.4).
    pub(super) const fn causes_lookup(&self) -> bool {
        !matches!(self, Self::All | Self::Ip4(_) | Self::Ip6(_))
    }

    /// Reads a directive without its qualifier: printable ASCII without blanks.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let name = text.split([':', '/']).next().unwrap_or_default();
        let rest = text.strip_prefix(name).unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "all" if rest.is_empty() => Ok(Self::All),
            "all" => Err(format!("expected nothing after `all`, found `{rest}`")),
            "include" => domain(name, rest).map(Self::Include),
            "exists" => domain(name, rest).map(Self::Exists),
            "ptr" => optional_domain(name, rest).map(Self::Ptr),
            "a" => domain_and_cidr(name, rest).map(|(domain, cidr)| Self::A(domain, cidr)),
            "mx" => domain_and_cidr(name, rest).map(|(domain, cidr)| Self::Mx(domain, cidr)),
            "ip4" => ip4(rest).map(Self::Ip4),
            "ip6" => ip6(rest).map(Self::Ip6),
            "redirect" | "exp" => Err(format!("expected `=` after `{name}`, found {}", shown(rest))),
            _ => Err(format!("expected one of `all include a mx ip4 ip6 exists ptr`, found {}", shown(text))),
        }
    }
}

/// `":" domain-spec`
fn domain(name: &str, rest: &str) -> Result<DomainSpec, String> {
    match rest.strip_prefix(':') {
        Some(domain) => DomainSpec::parse(domain),
        None => Err(format!("expected `:` and a domain after `{name}`, found {}", shown(rest))),
    }
}

/// `[ ":" domain-spec ]`
fn optional_domain(name: &str, rest: &str) -> Result<Option<DomainSpec>, String> {
    if rest.is_empty() { Ok(None) } else { domain(name, rest).map(Some) }
}

/// `[ ":" domain-spec ] [ dual-cidr-length ]`: a domain may contain slashes, so lengths are cut from the end.
fn domain_and_cidr(name: &str, rest: &str) -> Result<(Option<DomainSpec>, DualCidr), String> {
    let (before, v6) = cut_length(rest, "//");
    let (before, v4) = cut_length(before, "/");
    if before.starts_with('/') {
        return Err(format!("expected prefix lengths such as `/24`, `//64` or `/24//64`, found `{rest}`"));
    }
    let mut cidr = DualCidr::default();
    if let Some(digits) = v4 {
        cidr.v4 = length(digits, cidr.v4)?;
    }
    if let Some(digits) = v6 {
        cidr.v6 = length(digits, cidr.v6)?;
    }
    Ok((optional_domain(name, before)?, cidr))
}

/// The text before the slash and the digits after it, if it ends in these.
fn cut_length<'t>(text: &'t str, slash: &str) -> (&'t str, Option<&'t str>) {
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match (before.strip_suffix(slash), text.strip_prefix(before)) {
        (Some(before), Some(digits)) if !digits.is_empty() => (before, Some(digits)),
        _ => (text, None),
    }
}

/// A prefix length without leading zeros.
fn length(digits: &str, longest: u8) -> Result<u8, String> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    match digits.parse() {
        Ok(length) if canonical && length <= longest => Ok(length),
        _ => Err(format!("expected a prefix length from 0 to {longest}, found {}", shown(digits))),
    }
}

/// `":" ip4-network [ ip4-cidr-length ]`
fn ip4(rest: &str) -> Result<Ipv4Net, String> {
    let expected = |found| format!("expected an address such as `ip4:192.0.2.1`, found {}", shown(found));
    let network = rest.strip_prefix(':').ok_or_else(|| expected(rest))?;
    let (address, digits) = network.split_once('/').unwrap_or((network, "32"));
    let address: Ipv4Addr = address.parse().map_err(|_| expected(address))?;
    Ipv4Net::new(address, length(digits, 32)?).map_err(|_| expected(network))
}

/// `":" ip6-network [ ip6-cidr-length ]`
fn ip6(rest: &str) -> Result<Ipv6Net, String> {
    let expected = |found| format!("expected an address such as `ip6:2001:db8::1`, found {}", shown(found));
    let network = rest.strip_prefix(':').ok_or_else(|| expected(rest))?;
    let (address, digits) = network.split_once('/').unwrap_or((network, "128"));
    let address: Ipv6Addr = address.parse().map_err(|_| expected(address))?;
    Ipv6Net::new(address, length(digits, 128)?).map_err(|_| expected(network))
}

fn shown(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_derives_is_read() {
        for text in [
            "all",
            "ALL",
            "include:_spf.example.com",
            "a",
            "a/24",
            "a//64",
            "a/0//0",
            "a:example.com/24//64",
            "a:foo:bar/baz.example.com",
            "a:%{d}/24",
            "MX:example.com",
            "ptr",
            "ptr:example.com",
            "ip4:192.0.2.0/24",
            "ip4:192.0.2.1",
            "ip6:2001:db8::/32",
            "ip6:::1.1.1.1/0",
            "exists:%{ir}.%{l1r+-}._spf.%{d}",
        ] {
            assert!(Mechanism::parse(text).is_ok(), "{text}: {:?}", Mechanism::parse(text));
        }
    }

    #[test]
    fn what_the_grammar_does_not_derive_is_refused_with_what_was_expected() {
        for (text, expected) in [
            ("", "expected one of `all include a mx ip4 ip6 exists ptr`, found nothing"),
            ("all.", "expected one of `all include a mx ip4 ip6 exists ptr`, found `all.`"),
            ("all/8", "expected nothing after `all`, found `/8`"),
            ("include", "expected `:` and a domain after `include`, found nothing"),
            ("include:", "expected a domain, found nothing"),
            ("include:example.com/24", "expected a domain that ends like `.com`, found `example.com/24`"),
            ("a:192.0.2.1", "expected a domain that ends like `.com`, found `192.0.2.1`"),
            ("a:museum", "expected a whole domain such as `example.com`, found `museum`"),
            ("a/33", "expected a prefix length from 0 to 32, found `33`"),
            ("a//129", "expected a prefix length from 0 to 128, found `129`"),
            ("a/24/64", "expected prefix lengths such as `/24`, `//64` or `/24//64`, found `/24/64`"),
            ("a/", "expected prefix lengths such as `/24`, `//64` or `/24//64`, found `/`"),
            ("ptr/0", "expected `:` and a domain after `ptr`, found `/0`"),
            ("ip4", "expected an address such as `ip4:192.0.2.1`, found nothing"),
            ("ip4:192.0.2", "expected an address such as `ip4:192.0.2.1`, found `192.0.2`"),
            ("ip4:192.0.2.1:25", "expected an address such as `ip4:192.0.2.1`, found `192.0.2.1:25`"),
            ("ip4:192.0.2.1/024", "expected a prefix length from 0 to 32, found `024`"),
            ("ip4:192.0.2.1//32", "expected a prefix length from 0 to 32, found `/32`"),
            ("ip4:192.0.2.1/+8", "expected a prefix length from 0 to 32, found `+8`"),
            ("ip6::CAFE::BABE", "expected an address such as `ip6:2001:db8::1`, found `:CAFE::BABE`"),
            ("redirect:example.com", "expected `=` after `redirect`, found `:example.com`"),
        ] {
            assert_eq!(Mechanism::parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_range_covers_its_own_family_only() {
        let all = DualCidr { v4: 0, v6: 0 };
        let (v4, v6) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, 1]));
        assert!(all.covers(v4, [198, 51, 100, 1].into()));
        assert!(!all.covers(v4, v6) && !all.covers(v6, v4));
        assert!(!DualCidr::default().covers(v4, [192, 0, 2, 2].into()));
    }
}

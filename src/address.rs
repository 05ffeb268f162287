//! Which addresses are public: the registries of special-purpose addresses (RFC 6890), IPv4 inside IPv6 decoded.
//!
//! For checks that read addresses ("your MX is 10.0.0.5"), and for `probe::egress`, the guard that connects to nothing
//! else. Refuses to know what an operator allows: that is the guard's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Who can reach an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everybody on the public internet.
    Public,
    /// Nobody: it stands in examples for a public address. Holds the block's name and RFC.
    Documentation(&'static str),
    /// Not the public internet. Holds the block's name and RFC.
    Special(&'static str),
}

impl Reach {
    /// The name of the block that the address lies in; `None` for public ones.
    pub const fn block(self) -> Option<&'static str> {
        match self {
            Self::Public => None,
            Self::Documentation(block) | Self::Special(block) => Some(block),
        }
    }
}

/// Who can reach this address; an IPv6 address that stands for an IPv4 address is judged by that.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

/// Whether no server on the public internet can have this address, so that no record should name it. Those for
/// documentation do not count: they stand in for public addresses in examples and tests.
pub fn is_private(address: IpAddr) -> bool {
    matches!(reach(address), Reach::Special(_))
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    first(V4, |net: &Ipv4Net| net.contains(&address)).unwrap_or(Reach::Public)
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(reach) = first(V6, |net: &Ipv6Net| net.contains(&address)) {
        return reach;
    }
    let [.., a, b, c, d] = address.octets();
    if EMBEDDING.iter().any(|net| net.contains(&address)) {
        reach_v4(Ipv4Addr::new(a, b, c, d))
    } else if GLOBAL_UNICAST.contains(&address) {
        Reach::Public
    } else {
        Reach::Special("not assigned for the internet (RFC 4291)")
    }
}

/// The reach of the first block that the address is in.
fn first<N>(blocks: &[(N, Reach)], contains: impl Fn(&N) -> bool) -> Option<Reach> {
    blocks.iter().find(|(net, _)| contains(net)).map(|(_, reach)| *reach)
}

const PRIVATE: Reach = Reach::Special("private use (RFC 1918)");
const AS112: Reach = Reach::Special("answers for private reverse names (RFC 7534)");
const EXAMPLE_V4: Reach = Reach::Documentation("documentation (RFC 5737)");

const V4: &[(Ipv4Net, Reach)] = &[
    (v4([0, 0, 0, 0], 8), Reach::Special("this network (RFC 791)")),
    (v4([10, 0, 0, 0], 8), PRIVATE),
    (v4([100, 64, 0, 0], 10), Reach::Special("shared by carriers (RFC 6598)")),
    (v4([127, 0, 0, 0], 8), Reach::Special("loopback (RFC 1122)")),
    (v4([169, 254, 0, 0], 16), Reach::Special("link-local (RFC 3927)")),
    (v4([172, 16, 0, 0], 12), PRIVATE),
    (v4([192, 0, 0, 0], 24), Reach::Special("protocol assignments (RFC 6890)")),
    (v4([192, 0, 2, 0], 24), EXAMPLE_V4),
    (v4([192, 31, 196, 0], 24), Reach::Special("answers for private reverse names (RFC 7535)")),
    (v4([192, 52, 193, 0], 24), Reach::Special("multicast tunnelling (RFC 7450)")),
    (v4([192, 88, 99, 0], 24), Reach::Special("6to4 relays (RFC 7526)")),
    (v4([192, 168, 0, 0], 16), PRIVATE),
    (v4([192, 175, 48, 0], 24), AS112),
    (v4([198, 18, 0, 0], 15), Reach::Special("benchmarking (RFC 2544)")),
    (v4([198, 51, 100, 0], 24), EXAMPLE_V4),
    (v4([203, 0, 113, 0], 24), EXAMPLE_V4),
    (v4([224, 0, 0, 0], 4), Reach::Special("multicast (RFC 5771)")),
    (v4([255, 255, 255, 255], 32), Reach::Special("broadcast (RFC 919)")),
    (v4([240, 0, 0, 0], 4), Reach::Special("reserved (RFC 1112)")),
];

const EXAMPLE_V6: Reach = Reach::Documentation("documentation (RFC 3849)");

const V6: &[(Ipv6Net, Reach)] = &[
    (v6([0, 0, 0], 128), Reach::Special("no address (RFC 4291)")),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), Reach::Special("loopback (RFC 4291)")),
    (v6([0x64, 0xff9b, 1], 48), Reach::Special("local translation to IPv4 (RFC 8215)")),
    (v6([0x100, 0, 0], 64), Reach::Special("discarded (RFC 6666)")),
    (v6([0x2001, 0, 0], 32), Reach::Special("Teredo (RFC 4380)")),
    (v6([0x2001, 0, 0], 23), Reach::Special("protocol assignments (RFC 2928)")),
    (v6([0x2001, 0xdb8, 0], 32), EXAMPLE_V6),
    (v6([0x2002, 0, 0], 16), Reach::Special("6to4 (RFC 3056)")),
    (v6([0x2620, 0x4f, 0x8000], 48), AS112),
    (v6([0x3fff, 0, 0], 20), Reach::Documentation("documentation (RFC 9637)")),
    (v6([0xfc00, 0, 0], 7), Reach::Special("unique local (RFC 4193)")),
    (v6([0xfe80, 0, 0], 10), Reach::Special("link-local (RFC 4291)")),
    (v6([0xfec0, 0, 0], 10), Reach::Special("site-local (RFC 3879)")),
    (v6([0xff00, 0, 0], 8), Reach::Special("multicast (RFC 4291)")),
];

/// What IANA hands out; all else is for special use, or for later.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Where the last four bytes are an IPv4 address: mapped, compatible (RFC 4291 section 2.5.5), translated (RFC 6052).
const EMBEDDING: &[Ipv6Net] = &[
    Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    v6([0, 0, 0], 96),
    v6([0x64, 0xff9b, 0], 96),
];

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

/// The block that starts with these 48 bits.
const fn v6([a, b, c]: [u16; 3], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The blocks of IANA's registries: the first and the last address in each, and what it is for.
    const BLOCKS: &[(&str, &str, &str)] = &[
        ("0.0.0.0", "0.255.255.255", "RFC 791"),
        ("10.0.0.0", "10.255.255.255", "RFC 1918"),
        ("100.64.0.0", "100.127.255.255", "RFC 6598"),
        ("127.0.0.0", "127.255.255.255", "RFC 1122"),
        ("169.254.0.0", "169.254.255.255", "RFC 3927"),
        ("172.16.0.0", "172.31.255.255", "RFC 1918"),
        ("192.0.0.0", "192.0.0.255", "RFC 6890"),
        ("192.0.2.0", "192.0.2.255", "RFC 5737"),
        ("192.31.196.0", "192.31.196.255", "RFC 7535"),
        ("192.52.193.0", "192.52.193.255", "RFC 7450"),
        ("192.88.99.0", "192.88.99.255", "RFC 7526"),
        ("192.168.0.0", "192.168.255.255", "RFC 1918"),
        ("192.175.48.0", "192.175.48.255", "RFC 7534"),
        ("198.18.0.0", "198.19.255.255", "RFC 2544"),
        ("198.51.100.0", "198.51.100.255", "RFC 5737"),
        ("203.0.113.0", "203.0.113.255", "RFC 5737"),
        ("224.0.0.0", "239.255.255.255", "RFC 5771"),
        ("240.0.0.0", "255.255.255.254", "RFC 1112"),
        ("255.255.255.255", "255.255.255.255", "RFC 919"),
        ("::", "::", "RFC 4291"),
        ("::1", "::1", "loopback (RFC 4291)"),
        ("::0.0.0.2", "::0.255.255.255", "RFC 791"),
        ("::ffff:10.0.0.0", "::ffff:10.255.255.255", "RFC 1918"),
        ("64:ff9b::127.0.0.0", "64:ff9b::127.255.255.255", "RFC 1122"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "RFC 8215"),
        ("64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "not assigned"),
        ("100::", "100::ffff:ffff:ffff:ffff", "RFC 6666"),
        ("200::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not assigned"),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4380"),
        ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 2928"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3849"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3056"),
        ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "RFC 7534"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 9637"),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not assigned"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4193"),
        ("fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not assigned"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 4291"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "RFC 3879"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast (RFC 4291)"),
    ];

    #[test]
    fn both_ends_of_every_special_block_are_told_with_their_rfc() {
        for (first, last, rfc) in BLOCKS {
            for address in [first, last] {
                let block = reach(address.parse().unwrap()).block().unwrap_or("public");
                assert!(block.contains(rfc), "{address}: {block}");
            }
        }
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        for (address, expected) in [
            ("8.8.8.8", false),
            ("192.0.2.1", false),
            ("198.51.100.1", false),
            ("203.0.113.1", false),
            ("2001:db8::1", false),
            ("2606:4700::1", false),
            ("64:ff9b::808:808", false),
            ("0.0.0.0", true),
            ("10.1.2.3", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("127.0.0.1", true),
            ("169.254.169.254", true),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("198.19.0.1", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("::", true),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("64:ff9b::10.0.0.1", true),
            ("64:ff9b:1::1", true),
            ("fe80::1", true),
            ("fec0::1", true),
            ("fd00::1", true),
            ("ff02::1", true),
            ("2001::1", true),
            ("2002:a00:1::1", true),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn what_lies_beside_the_blocks_is_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.31.195.255",
            "192.31.197.0",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.114.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2000::",
            "2001:200::",
            "2001:db7:ffff::",
            "2001:db9::",
            "2003::",
            "2620:4f:7fff::",
            "2620:4f:8001::",
            "2606:4700::1111",
            "3ffe:ffff::",
            "3fff:1000::",
        ] {
            assert_eq!(reach(address.parse().unwrap()), Reach::Public, "{address}");
        }
    }

    #[test]
    fn addresses_of_examples_are_told_from_those_in_use() {
        for address in ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "::ffff:192.0.2.1"] {
            assert!(matches!(reach(address.parse().unwrap()), Reach::Documentation(_)), "{address}");
        }
    }

    /// Every way in which an IPv6 address can stand for this IPv4 address, those with a network of their own apart.
    fn forms(v4: Ipv4Addr) -> [Ipv6Addr; 6] {
        let [a, b, c, d] = v4.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        [
            v4.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
        ]
    }

    proptest! {
        #[test]
        fn an_ipv4_address_that_is_not_public_is_so_in_every_form(which in 0..V4.len(), host: u32) {
            let net = V4[which].0;
            let v4 = Ipv4Addr::from(u32::from(net.network()) | host & u32::from(net.hostmask()));
            prop_assert_ne!(reach(v4.into()), Reach::Public);
            for form in forms(v4) {
                prop_assert_ne!(reach(form.into()), Reach::Public, "{}", form);
            }
        }

        #[test]
        fn no_address_panics_and_none_is_public_outside_global_unicast(bits: u128) {
            let v6 = Ipv6Addr::from(bits);
            let embeds = bits >> 32 == 0 || bits >> 32 == 0xffff || bits >> 32 == 0x0064_ff9b_u128 << 64;
            if bits >> 125 != 1 && !embeds {
                prop_assert_ne!(reach(v6.into()), Reach::Public);
            }
        }

        #[test]
        fn a_form_that_is_decoded_is_judged_as_the_address_inside(v4: u32) {
            let v4 = Ipv4Addr::from(v4);
            let [mapped, compatible, translated, ..] = forms(v4);
            for form in [mapped, compatible, translated] {
                prop_assert_eq!(reach(form.into()) == Reach::Public, reach(v4.into()) == Reach::Public);
            }
        }
    }
}

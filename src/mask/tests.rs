use proptest::prelude::*;

use super::*;

#[test]
fn people_and_machines_are_masked_and_domains_stay() {
    for (given, expected) in [
        ("mail to jane.doe@example.com bounces", "mail to j***@e***.com bounces"),
        ("<jane@example.co.uk>: failed", "<j***@e***.uk>: failed"),
        ("from 192.0.2.1 refused.", "from (IP address) refused."),
        ("[192.0.2.1]: no", "[(IP address)]: no"),
        ("192.0.2.1:25, 2001:db8::1;", "(IP address):25, (IP address);"),
        ("http://192.0.2.1/x", "http://(IP address)/x"),
        ("192.0.2.0/24", "(IP address)/24"),
        ("rfc822;jane@example.com", "rfc822;j***@e***.com"),
        ("mailto:jane@example.com", "mailto:j***@e***.com"),
        ("bounce+jane=example.com@lists.example", "b***@l***.example"),
        ("jane@[192.0.2.1]", "j***@***[(IP address)]"),
        ("fe80::1%eth0 and ::", "(IP address)%eth0 and (IP address)"),
        ("<@123456789012345678> help", "<@…> help"),
        ("<@!123456789012345678>", "<@…>"),
        ("ask @jane.", "ask @…"),
        ("why is example.com not found? it is at 10:30.", "why is example.com not found? it is at 10:30."),
        ("version 1.2.3", "version 1.2.3"),
        ("Jürgen@bücher.example", "J***@b***.example"),
        ("a@b=jane@example.com", "a***@b***=***@e***.com"),
    ] {
        assert_eq!(mask(given), expected, "{given}");
    }
}

#[test]
fn in_public_the_domain_stays_readable() {
    let people = ["jane.doe".to_owned(), "x+tag".to_owned()];
    for (given, expected) in [
        ("<jane.doe@example.com>: mailbox jane.doe is full", "<j***@example.com>: mailbox j*** is full"),
        ("User Jane.Doe. unknown", "User J***. unknown"),
        ("x+tag and tag", "x+t*** and t***"),
        ("\"odd name\"@example.org", "***@example.org"),
        ("mx1.example.com[192.0.2.1] said: 550 5.1.1", "mx1.example.com[(IP address)] said: 550 5.1.1"),
        ("https://example.com/u/4f1b2c3d4e5f60718293a4b5c6d7e8f9", "https://example.com/u/…"),
        ("Message-ID: <CAF1x@mail.example.com>", "Message-ID: <C***@mail.example.com>"),
        ("the server of example.com", "the server of example.com"),
    ] {
        assert_eq!(in_public(given, &people), expected, "{given}");
    }
}

proptest! {
    #[test]
    fn no_address_is_left(
        before in "[ -~]{0,12}[ ,<(\\[\"=]", local in "[a-z]{4,8}", name in "[a-z]{4,8}",
        after in "[ ,>)\\]\";.?!][ -~]{0,12}",
    ) {
        let masked = mask(&format!("{before}{local}@{name}.com{after}"));
        let address = format!("{local}@{name}.com");
        prop_assert!(!masked.contains(&address), "{}", masked);
    }

    #[test]
    fn no_ip_is_left(
        before in "[a-z ]{0,12}[ ,<(\\[\"=]", ip in any::<[u8; 4]>(), after in "[ ,>)\\]\";.:/][a-z ]{0,12}",
    ) {
        let ip = std::net::Ipv4Addr::from(ip).to_string();
        let masked = mask(&format!("{before}{ip}{after}"));
        prop_assert!(!masked.contains(&ip), "{}", masked);
    }

    #[test]
    fn anything_is_masked_without_a_panic(text in "\\PC{0,200}") {
        mask(&text);
    }
}

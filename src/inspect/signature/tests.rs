//! What DKIM signatures come to, from the examples of the RFCs and from messages signed here.

use super::*;
use crate::inspect::lab::{NOW, rsa_record, signed, zone};
use crate::inspect::original::Original;
use crate::mail::lab::Lab;

const MESSAGE: &str =
    "From: Anna <anna@example.com>\nTo: Bob <bob@example.net>\nSubject: Hello\n\nHi Bob,\n\n  how are you?\n";

fn judged(message: &str, zone: &str) -> Signatures {
    let message = Original::read(message.as_bytes()).unwrap();
    Lab::new("example.com", zone).settle(|view| judge(&message, NOW, view)).0
}

/// The first signature's result and problem.
fn first(message: &str, zone: &str) -> (&'static str, String) {
    let signatures = judged(message, zone);
    let judged = signatures.judged.first().unwrap();
    (judged.result.as_str(), judged.problem.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// RFC 8463 appendix A.
const FOOTBALL: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
";

const FOOTBALL_ZONE: &str = "
    brisbane._domainkey.football.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    test._domainkey.football.example.com TXT v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

#[test]
fn the_example_of_rfc_8463_passes_twice() {
    let signatures = judged(FOOTBALL, FOOTBALL_ZONE);
    let seen: Vec<_> = signatures.judged.iter().map(|j| (j.selector.as_deref(), j.result, &j.problem)).collect();
    assert_eq!(seen, [(Some("brisbane"), DkimResult::Pass, &None), (Some("test"), DkimResult::Pass, &None)]);
}

#[test]
fn what_was_changed_in_transit_is_told_apart() {
    const BODY: &str = "the body is not the one that was signed (the body hash differs)";
    const HEADER: &str = "the header fields are not those that were signed (the signature does not verify)";
    const BOTH: &str = "neither the body nor the header fields are those that were signed";
    for (from, to, problem) in [
        ("hungry", "angry", BODY),
        ("dinner", "lunch", HEADER),
        ("game.  Are", "game. Are", ""),
        ("Subject: Is dinner ready?", "SUBJECT:\n Is  dinner\n\tready? ", ""),
        ("Joe.\n", "Joe.\n\n\n", ""),
        ("Joe.\n", "Joe.\n--\nlist footer\n", BODY),
        ("Are you hungry yet?\n", "Are you\nhungry yet?\n", BODY),
        ("Subject: Is", "Subject: [list] Is", HEADER),
        ("To: Suzie Q", "To: Suzie", HEADER),
        ("Message-ID", "Subject: again\nMessage-ID", HEADER),
        ("Message-ID", "X-New: header\nMessage-ID", ""),
    ] {
        let changed = FOOTBALL.replacen(from, to, 1);
        assert_ne!(changed, FOOTBALL, "{from}");
        for judged in judged(&changed, FOOTBALL_ZONE).judged {
            let told = judged.problem.map(|problem| problem.to_string()).unwrap_or_default();
            assert_eq!(told, problem, "{from} -> {to}");
        }
    }
    let both = FOOTBALL.replacen("dinner", "lunch", 1).replacen("game", "match", 1);
    assert_eq!(first(&both, FOOTBALL_ZONE), ("fail", BOTH.to_owned()));
}

#[test]
fn sound_signatures_pass_whatever_the_form() {
    let zone = zone();
    for tags in [
        "",
        "a=ed25519-sha256; s=ed",
        "c=simple/simple",
        "c=simple",
        "c=relaxed",
        "c=relaxed/simple; q=dns/txt",
        "c=simple/relaxed; q=other:dns/txt",
        "i=anna@example.com",
        "i=@mail.example.com",
        "d=Example.COM; i=anna@EXAMPLE.com",
        "t=1600000000; x=1800000000",
        "h=From : To\n :Subject: subject :cc",
        "h=from:from:dkim-signature",
        "l=6",
        "z=From:x; unknown=tag",
        "x=99999999999999999999999999",
        "t=1700003600",
    ] {
        for message in [MESSAGE.to_owned(), MESSAGE.replace('\n', "\r\n")] {
            assert_eq!(first(&signed(tags, &message), &zone), ("pass", String::new()), "{tags}");
        }
    }
}

#[test]
fn two_signatures_cover_one_another() {
    let once = signed("h=from:to", MESSAGE);
    let twice = signed("h=from:dkim-signature:dkim-signature; s=ed; a=ed25519-sha256", &once);
    let results: Vec<_> = judged(&twice, &zone()).judged.iter().map(|j| j.result).collect();
    assert_eq!(results, [DkimResult::Pass, DkimResult::Pass]);
    let changed = twice.replacen("from:to;", "from :to;", 1);
    let results: Vec<_> = judged(&changed, &zone()).judged.iter().map(|j| j.result).collect();
    assert_eq!(results, [DkimResult::Fail, DkimResult::Fail]);
}

#[test]
fn what_is_wrong_with_a_signature_is_told() {
    let zone = zone();
    for (from, to, result, problem) in [
        ("v=1;", "", "permerror", "the tag `v=` is missing or empty"),
        ("v=1;", "v=2;", "permerror", "`v=2` is not `v=1`"),
        ("v=1;", "v=1;;", "permerror", "two semicolons stand side by side"),
        ("v=1;", "v=1; v=1;", "permerror", "the tag `v` stands twice"),
        ("v=1;", "v=1; oops;", "permerror", "`oops` is not of the form `name=value`"),
        ("a=rsa-sha256", "a=rsa-sha1", "permerror", "`a=rsa-sha1` is not accepted any more"),
        ("a=rsa-sha256", "a=rsa-md5", "permerror", "`a=rsa-md5` is not an algorithm that DKIM has"),
        ("a=rsa-sha256", "A=rsa-sha256", "permerror", "the tag `a=` is missing or empty"),
        ("a=rsa-sha256", "a=ed25519-sha256", "permerror", "the signature is of another kind than the key"),
        ("c=relaxed/relaxed", "c=nofws", "permerror", "`c=nofws` is not a canonicalization that DKIM has"),
        ("c=relaxed/relaxed", "c=", "permerror", "`c=` is not a canonicalization that DKIM has"),
        ("d=example.com;", "", "permerror", "the tag `d=` is missing or empty"),
        ("d=example.com", "d=exam ple.com", "permerror", "`d=exam ple.com` is not a domain name"),
        ("d=example.com", "d=example..", "permerror", "`d=example..` is not a domain name"),
        ("s=rsa;", "s=;", "permerror", "the tag `s=` is missing or empty"),
        ("s=rsa;", "s=none;", "permerror", "there is no key at `none._domainkey.example.com`"),
        ("h=from:to:subject", "h=to:subject", "permerror", "the header field From is not signed"),
        ("h=from:to:subject", "h=", "permerror", "the header field From is not signed"),
        ("h=from:to:subject;", "", "permerror", "the tag `h=` is missing or empty"),
        ("v=1;", "v=1; t=now;", "permerror", "`t=now` is not a number"),
        ("v=1;", "v=1; t=;", "permerror", "`t=` is not a number"),
        ("v=1;", "v=1; x=1600000000;", "permerror", "the signature has expired"),
        ("v=1;", "v=1; t=1800000000;", "permerror", "the signature was made in the future (`t=`)"),
        (
            "v=1;",
            "v=1; t=1600000000; x=1600000000;",
            "permerror",
            "the signature expires before it was made (`x=` is not above `t=`)",
        ),
        ("v=1;", "v=1; l=many;", "permerror", "`l=many` is not a number"),
        ("v=1;", "v=1; q=http;", "permerror", "`q=http` is not `dns/txt`"),
        ("v=1;", "v=1; i=example.com;", "permerror", "`i=example.com` is not an address"),
        (
            "v=1;",
            "v=1; i=a@notexample.com;",
            "permerror",
            "`i=` names `notexample.com`, which is not within `d=example.com`",
        ),
        (";\n b=", ";\n b=!", "permerror", ""),
        (";\n b=", ";\n b=AAAA", "fail", ""),
        (";\n b=", ";\n b=A", "fail", ""),
        ("bh=", "bh=A", "fail", ""),
        ("bh=", "bh=AAAA", "fail", ""),
    ] {
        let changed = signed("", MESSAGE).replacen(from, to, 1);
        let told = first(&changed, &zone);
        assert_eq!(told.0, result, "{from} -> {to}: {told:?}");
        assert!(problem.is_empty() || told.1 == problem, "{from} -> {to}: {told:?}");
    }
}

#[test]
fn what_is_wrong_with_the_key_is_told() {
    let key = |record: &str| format!("rsa._domainkey.example.com TXT {record}");
    let short = "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANmBe10IgY+u7h3enWTukkqtUD5PR52Tb/mPfjC0QJTocVBq6Za/PlzfV+Py92VaCak19F4WrbVTK5Gg5tW220MCAwEAAQ==";
    let message = signed("", MESSAGE);
    for (record, result, problem) in [
        (rsa_record("v=DKIM1; k=rsa; "), "pass", ""),
        (rsa_record(""), "pass", ""),
        (rsa_record("v=DKIM1; h=sha1:sha256; s=email; t=y:s; n=note; g=*; "), "pass", ""),
        ("nodata".to_owned(), "permerror", "there is no key at `rsa._domainkey.example.com`"),
        ("v=spf1 -all".to_owned(), "permerror", "there is no key at `rsa._domainkey.example.com`"),
        ("v=DKIM1; p=".to_owned(), "permerror", "the key is revoked"),
        (short.to_owned(), "policy", "the key has 512 bits; less than 1024 are not accepted"),
        (rsa_record("v=DKIM2; "), "permerror", "the key cannot be used: `v=DKIM2` stands where `v=DKIM1` belongs"),
        (rsa_record("v=DKIM1; h=sha1; "), "permerror", "the key cannot be used: `h=sha1` does not allow sha256"),
        (
            rsa_record("s=tlsrpt; "),
            "permerror",
            "the key cannot be used: `s=tlsrpt` says that the key is not for e-mail",
        ),
        (rsa_record("k=dsa; "), "permerror", "the key cannot be used: `k=dsa` is neither `rsa` nor `ed25519`"),
        ("v=DKIM1; p=AAAA".to_owned(), "permerror", "the key cannot be used: the key is not an RSA key"),
        ("servfail".to_owned(), "temperror", "the key could not be looked up: the answer was SERVFAIL"),
        ("silent".to_owned(), "temperror", "the key could not be looked up: no reply came in time"),
    ] {
        assert_eq!(first(&message, &key(&record)), (result, problem.to_owned()), "{record}");
    }
    let twice = format!("{}\n{}", key("v=DKIM1; p="), key(&rsa_record("")));
    assert_eq!(first(&message, &twice).0, "pass", "one of several keys is enough");
    let below = signed("i=@mail.example.com", MESSAGE);
    let problem = "`i=` names `mail.example.com`, and the key signs for `example.com` alone (`t=s`)";
    assert_eq!(first(&below, &key(&rsa_record("t=s; "))), ("permerror", problem.to_owned()));
}

#[test]
fn a_second_from_spoils_the_signature() {
    let zone = zone();
    let message = signed("", MESSAGE);
    for changed in
        [format!("From: evil@example.org\n{message}"), message.replacen("\n\n", "\nFrom: evil@example.org\n\n", 1)]
    {
        let problem = "the message has 2 From fields, and 1 of them signed";
        assert_eq!(first(&changed, &zone), ("permerror", problem.to_owned()));
    }
    let over = signed("h=from:from:to", MESSAGE);
    assert_eq!(first(&format!("From: evil@example.org\n{over}"), &zone).0, "fail");
}

#[test]
fn what_l_leaves_out_is_counted() {
    let zone = zone();
    let message = signed("l=8", MESSAGE);
    let judged_one = judged(&message, &zone).judged.remove(0);
    assert_eq!((judged_one.result, judged_one.unsigned), (DkimResult::Pass, 18));
    let longer = format!("{message}more\n");
    assert_eq!(judged(&longer, &zone).judged.remove(0).unsigned, 24);
    let shorter = message.replacen("Hi Bob,\n\n  how are you?\n", "Hi\n", 1);
    let problem = "the body is shorter than the 8 bytes that were signed (`l=`)";
    assert_eq!(first(&shorter, &zone), ("fail", problem.to_owned()));
}

#[test]
fn only_so_many_signatures_are_judged() {
    let many = "DKIM-Signature: v=1\n".repeat(MOST + 5);
    let signatures = judged(&format!("{many}{MESSAGE}"), "");
    assert_eq!((signatures.judged.len(), signatures.more), (MOST, 5));
    assert_eq!(judged(MESSAGE, ""), Signatures { judged: Vec::new(), more: 0 });
}

#[test]
fn the_keys_of_all_signatures_are_asked_in_one_round() {
    let message = Original::read(FOOTBALL.as_bytes()).unwrap();
    let (_, rounds, facts) = Lab::new("example.com", FOOTBALL_ZONE).settle(|view| judge(&message, NOW, view));
    assert_eq!((rounds, facts.dns().count()), (1, 2));
}

#[test]
fn the_json_has_the_promised_keys() {
    let json = serde_json::to_value(judged(&signed("s=none", MESSAGE), &zone()).judged).unwrap();
    let problem = "there is no key at `none._domainkey.example.com`";
    let expected =
        serde_json::json!([{"domain": "example.com", "selector": "none", "result": "permerror", "problem": problem}]);
    assert_eq!(json, expected);
}

proptest::proptest! {
    #[test]
    fn no_signature_makes_it_panic(tags in "(([abdhilqstvxc]|bh)=[a-z0-9:/.@= \\n\"]{0,12};){0,12}", bytes in proptest::collection::vec(0u8..=255, 0..120)) {
        judged(&format!("DKIM-Signature: {}\n{MESSAGE}", tags.replace('\n', "\n ")), "");
        let mut message = b"DKIM-Signature:".to_vec();
        message.extend(bytes);
        let message = Original::read(&message).unwrap();
        Lab::new("example.com", "").settle(|view| judge(&message, NOW, view));
    }
}

//! Messages made to be expensive, each as long as any that is read: all of the reading ends, and soon, since nothing costs
//! more than the length of the message times a constant.

use std::fmt::Write as _;
use std::time::Instant;

use mailmedic::config::{Host, Lists};
use mailmedic::facts::{Fact, Facts, Outcome, Question, Record, Response, Text, View};
use mailmedic::inspect::letter::LONGEST;
use mailmedic::inspect::original::Original;
use mailmedic::inspect::whole::Circumstances;
use mailmedic::inspect::{authentication, findings, hops, spam};

/// A key of 1024 bits (RFC 8463 appendix A.2), which stands at every name.
const KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

/// A signature that all the work must be done for.
fn signature(names: &str) -> String {
    let b = "A".repeat(171);
    format!("v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; h=from:{names}; bh=AAAA; b={b}=")
}

fn filled(start: &str, unit: &str, end: &str) -> String {
    let times = (LONGEST - start.len() - end.len()) / unit.len();
    format!("{start}{}{end}", unit.repeat(times))
}

fn bombs() -> Vec<(&'static str, String)> {
    let from = "From: a@example.com\n";
    let signed = format!("DKIM-Signature: {}\n", signature("to"));
    let ten = signed.repeat(10);
    let long_list = LONGEST / 10 - 600;
    let lists = format!("DKIM-Signature: {}\n", signature(&"x:".repeat(long_list / 2))).repeat(10);
    let numbered = |prefix: &str, each: &str| {
        let mut text = String::new();
        for number in 0.. {
            if text.len() + 40 > LONGEST - 10_000 {
                break;
            }
            let _ = write!(text, "{prefix}{number}{each}");
        }
        text
    };
    let mut chain = String::new();
    let filler = "y".repeat(LONGEST / 160 - 700);
    for i in (1..=50).rev() {
        let state = if i == 1 { "none" } else { "pass" };
        let b = "A".repeat(171);
        let _ = write!(
            chain,
            "ARC-Seal: i={i}; a=rsa-sha256; cv={state}; d=example.com; s=s; b={b}=; z={filler}\n\
             ARC-Message-Signature: i={i}; a=rsa-sha256; d=example.com; s=s; h=from; bh=AAAA; b={b}=; z={filler}\n\
             ARC-Authentication-Results: i={i}; {filler}\n"
        );
    }
    vec![
        ("300,000 fields", filled(&format!("{from}{ten}"), "A: b\n", "\n")),
        ("fields of different names", format!("{from}{ten}{}\n", numbered("n", ": x\n"))),
        ("as many signatures as fit", filled(from, "DKIM-Signature:v=1\n", "\n")),
        ("as many sound signatures as fit", filled(from, &signed, "\n")),
        ("long lists of signed fields", format!("{from}{lists}\n")),
        (
            "a list of fields that are all there",
            format!("{from}DKIM-Signature: {}\n{}\n", signature(&"x:".repeat(LONGEST / 6)), "x:\n".repeat(LONGEST / 6)),
        ),
        ("tags without end", format!("{from}DKIM-Signature: v=1; {}\n\n", numbered("t", "=;"))),
        ("one tag without end", filled(&format!("{from}DKIM-Signature: v=1; a="), "é", "\n\n")),
        ("a body of line ends", filled(&format!("{from}{ten}\n"), "\n", "")),
        ("a body of blanks", filled(&format!("{from}{ten}\n"), " \t", "")),
        ("a body of blank lines", filled(&format!("{from}{ten}\n"), " \n", "x")),
        ("a folded field without end", filled(&format!("{from}{ten}To:"), "\n ", "\n\n")),
        ("a long chain", format!("{chain}{from}\nhello\n")),
        ("fields of a chain without end", filled(from, "ARC-Seal: i=1; cv=none\n", "\n")),
        ("authors without end", filled("From: ", "a@example.com,", "\n\n")),
        ("comments without end", filled("From: ", "(", "\n\n")),
        ("hops without end", filled(from, "Received: by a; 1 Jan 2020 00:00:00 +0000\n", "\n")),
        ("a hop without end", filled(&format!("{from}Received: "), "from (a [192.0.2.1]) by b ", "\n\n")),
        ("results without end", filled(&format!("{from}Authentication-Results: x"), "; spf=pass", "\n\n")),
        ("rules without end", filled(&format!("{from}X-Spam-Status: Yes, score=5 required=5 tests=A"), ",B=1", "\n\n")),
        ("a report without end", filled(&format!("{from}X-Spam-Report: "), "\n * 1.0 A b", "\n\n")),
        ("more rules without end", filled(&format!("{from}X-Spamd-Result: default: False [1 / 5]"), ";A(1)", "\n\n")),
    ]
}

/// Reads and judges a message as a person's upload is.
fn inspect(bytes: &[u8]) -> usize {
    let message = Original::read(bytes).unwrap();
    let (host, lists) = (Host::default(), Lists::default());
    let way = hops::way(&message, &host);
    let mut facts = Facts::default();
    for _ in 0..20 {
        let mut view = View::new(&facts);
        let known = Circumstances { connection: None, host: &host, lists: &lists, now: 1_700_000_000 };
        let judged = authentication::judge(&message, &way, &known, &mut view);
        let Ok(judged) = judged else {
            for question in view.wanted().to_vec() {
                let Question::Dns(query) = question else { panic!("name servers alone are asked") };
                let key = Outcome::Records(vec![Record::Txt(Text::split(KEY))]);
                facts.insert(Fact::Dns(query, Response::new(key)));
            }
            continue;
        };
        return findings::findings(&message, &way, &judged, &spam::verdicts(&message)).len();
    }
    panic!("still pending");
}

#[test]
fn no_message_is_expensive() {
    for (name, bomb) in bombs() {
        assert!(bomb.len() <= LONGEST && bomb.len() > LONGEST / 2, "{name}: {} bytes", bomb.len());
        let start = Instant::now();
        assert!(inspect(bomb.as_bytes()) > 0, "{name}");
        eprintln!("{:>6} ms  {name}", start.elapsed().as_millis());
    }
}

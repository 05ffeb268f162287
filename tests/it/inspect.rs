//! `inspect`: the mails in `tests/mail` are what `expected.txt` says, and people are told so in words.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mailmedic::inspect::{self, Inspection, Kind};

use crate::cli::server;
use crate::nameserver::{NameServer, Zones};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail")
}

/// The rows of the table: a name, and the words after it.
fn expected() -> Vec<(String, Vec<String>)> {
    let table = fs::read_to_string(folder().join("expected.txt")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let words = rows.map(|row| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words[1..].to_vec())).collect()
}

/// What was read, in the words of the table: as many of them as the row has.
fn told(read: &Inspection, columns: usize) -> Vec<String> {
    let kind = serde_json::to_value(read.kind).unwrap().as_str().unwrap().to_owned();
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let first = read.bounces.first();
    let words = [
        kind,
        or_none(first.map(|bounce| bounce.reason.to_string())),
        or_none(first.and_then(|bounce| bounce.reply_code).map(|code| code.to_string())),
        or_none(first.and_then(|bounce| bounce.status.clone())),
        or_none(first.and_then(|bounce| bounce.recipient.clone())),
    ];
    words.into_iter().take(columns).collect()
}

#[test]
fn every_mail_is_what_the_table_says_whatever_ends_its_lines() {
    let mut wrong = Vec::new();
    let rows = expected();
    for (name, row) in &rows {
        let raw = String::from_utf8_lossy(&fs::read(folder().join(format!("{name}.eml"))).unwrap()).into_owned();
        for end in ["\n", "\r\n", "\r"] {
            let told = told(&inspect::read(raw.replace('\n', end).as_bytes()).unwrap(), row.len());
            if told != *row {
                wrong.push(format!("{name} {end:?}: expected {row:?}, found {told:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let files = fs::read_dir(folder())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "eml"));
    assert_eq!(files.count(), rows.len(), "a mail has no row, or a row no mail");
}

#[test]
fn every_recipient_is_told() {
    for (name, recipients) in [
        ("postfix-two", [("bert@firm.example", "userunknown"), ("carla@other.example", "mailboxfull")]),
        ("sendmail-transcript", [("bert@firm.example", "userunknown"), ("carla@firm.example", "mailboxfull")]),
    ] {
        let read = inspect::read(&fs::read(folder().join(format!("{name}.eml"))).unwrap()).unwrap();
        let told: Vec<_> = read.bounces.iter().map(|b| (b.recipient.as_deref().unwrap(), b.reason.as_str())).collect();
        assert_eq!(told, recipients, "{name}");
    }
}

#[test]
fn the_mails_cover_the_reasons_and_what_is_no_bounce() {
    let rows = expected();
    let mut reasons: Vec<&String> = rows.iter().filter_map(|(_, row)| row.get(1)).collect();
    reasons.sort();
    reasons.dedup();
    let missing: Vec<_> =
        inspect::Reason::ALL.iter().filter(|reason| !reasons.iter().any(|seen| **seen == reason.as_str())).collect();
    assert_eq!(missing, [&inspect::Reason::Undefined,], "no mail has these reasons");
    assert!(rows.iter().filter(|(_, row)| row[0] == "bounce").count() >= 60);
    assert!(rows.iter().filter(|(_, row)| row[0] != "bounce").count() >= 25);
    let calm = inspect::read(&fs::read(folder().join("away-outlook.eml")).unwrap()).unwrap();
    assert_eq!(calm.kind, Kind::Message, "who is away did not bounce anything");
}

fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailmedic"));
    child.args(arguments).env("NO_COLOR", "1").env("COLUMNS", "100").current_dir(folder());
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn inspect_prints_the_contracted_json() {
    let output = run(&["inspect", "postfix-two.eml", "--json"], b"");
    assert_eq!(output.status.code(), Some(0));
    let mut document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for remedy in document["remedies"].as_array_mut().unwrap() {
        remedy["steps"].as_array_mut().unwrap().truncate(1);
    }
    insta::assert_json_snapshot!(document);
}

#[test]
fn a_bounce_is_told_in_words() {
    insta::assert_snapshot!(said(&run(&["inspect", "postfix-two.eml"], b"")));
}

#[test]
fn what_is_pasted_is_read_from_the_standard_input() {
    let output = run(&["inspect", "-"], b"552 5.2.2 Mailbox full\r\n");
    insta::assert_snapshot!(said(&output));
    assert!(output.stderr.is_empty());
}

#[test]
fn the_domain_that_failed_is_looked_at_where_a_resolver_is_named() {
    let (_server, resolver) = server(&["mx"]);
    let bounce = "550 5.1.2 <bert@no-mx-no-address.example>: Host or domain name not found\n";
    let output = run(&["inspect", "-", "--json", "--dns-only", "--resolver", &resolver], bounce.as_bytes());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["bounces"][0]["reason"], "hostunknown", "{document}");
    assert!(document["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{document}");
    let output = run(&["inspect", "-", "--json"], bounce.as_bytes());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["findings"], serde_json::json!([]), "nobody is asked unless told so");
}

/// RFC 8463 appendix A: a signed message, with the key that its domain published.
#[test]
fn a_signed_mail_is_proven_and_a_changed_one_is_told_from_it() {
    let mut zones = Zones::default();
    zones.add(
        "brisbane._domainkey.football.example.com",
        "TXT",
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    );
    zones.add("_dmarc.football.example.com", "TXT", "v=DMARC1; p=reject");
    let server = NameServer::start_apart(zones);
    let resolver = server.address().to_string();
    let judged = |change: fn(&str) -> String| {
        let mail = fs::read_to_string(folder().join("mail-football.eml")).unwrap();
        let output = run(&["inspect", "-", "--json", "--dns-only", "--resolver", &resolver], change(&mail).as_bytes());
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["kind"], "message");
        (document["authentication"].clone(), document["findings"].clone())
    };
    let (proof, findings) = judged(str::to_owned);
    assert_eq!((&proof["dkim"][0]["result"], &proof["dmarc"]["result"]), (&"pass".into(), &"pass".into()), "{proof}");
    assert_eq!(findings[0]["code"], "message-dmarc-pass", "{findings}");
    let (proof, findings) = judged(|mail| mail.replace("hungry", "angry"));
    // SPF could still speak for it, and who sent it is not known.
    let nothing = serde_json::Value::Null;
    assert_eq!((&proof["dkim"][0]["result"], &proof["dmarc"]["result"]), (&"fail".into(), &nothing), "{proof}");
    assert!(proof["dkim"][0]["problem"].as_str().unwrap().contains("body"), "{proof}");
    assert!(findings.to_string().contains("message-dkim-body"), "{findings}");
}

#[test]
fn what_a_header_alone_cannot_prove_is_not_claimed() {
    let output = run(&["inspect", "headers-alone.eml", "--json"], b"");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["kind"], &document["authentication"]), (&"headers".into(), &serde_json::Value::Null));
    assert!(!document["hops"].as_array().unwrap().is_empty());
    let codes = document["findings"].to_string();
    assert!(!codes.contains("signed") && !codes.contains("dkim") && !codes.contains("dmarc"), "{codes}");
}

#[test]
fn what_is_no_refusal_is_told_as_what_it_is() {
    let titles = [
        "mail-ordinary.eml",
        "headers-alone.eml",
        "reply-fine.eml",
        "report-port25.eml",
        "other-question.eml",
        "away-outlook.eml",
    ]
    .map(|name| said(&run(&["inspect", name], b"")).lines().next().unwrap_or_default().to_owned());
    insta::assert_snapshot!(titles.join("\n"));
}

#[test]
fn what_cannot_be_read_gets_a_clear_sentence() {
    let output = run(&["inspect", "-"], &vec![b'a'; (2 << 20) + 1]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("2097152 at most are read") && told.lines().count() == 1, "{told}");
    let output = run(&["inspect", "no-such.eml"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error: cannot read `no-such.eml`: "));
}

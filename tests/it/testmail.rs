//! `testmail` as people run it: a real mail to the address that it shows, and the report on it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use mailmedic::config::{self, Config};
use mailmedic::inspect::authentication::DmarcResult;
use mailmedic::inspect::connection::{Connection, Received, Tls};
use mailmedic::inspect::date;
use mailmedic::mail::spf::SpfResult;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::cli::mailmedic;
use crate::hosts::{Identity, namespace};
use crate::lab::engine;
use crate::nameserver::{NameServer, Zones};
use crate::spamd::Spamd;

/// The program, which waits for a mail.
struct Waiting {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
    port: u16,
}

/// What came of it.
struct Done {
    exit: Option<i32>,
    said: String,
    complained: String,
}

impl Waiting {
    /// Starts it, and reads the address and the port that it shows.
    fn start(arguments: &[&str]) -> Self {
        let mut command = mailmedic(&[&["testmail", "--dns-only"], arguments].concat());
        command.env("NO_COLOR", "1").env("COLUMNS", "100");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let words = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended without an address");
            if line.contains("swaks --server") {
                break line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            }
        };
        let after = |name: &str| words[words.iter().position(|word| word == name).unwrap() + 1].clone();
        Self { child, stderr, address: after("--to"), port: after("--port").parse().unwrap() }
    }

    fn finish(mut self) -> Done {
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let mut complained = String::new();
        self.stderr.read_to_string(&mut complained).unwrap();
        Done { exit: self.child.wait().unwrap().code(), said, complained }
    }
}

impl Done {
    fn document(&self) -> Value {
        serde_json::from_str(&self.said).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.said, self.complained))
    }
}

fn finding<'d>(document: &'d Value, code: &str) -> &'d Value {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).unwrap_or_else(|| panic!("no {code} in {document}"))
}

fn codes(document: &Value) -> Vec<&str> {
    document["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// Sends a mail as the protocol has it, from a host of its own where `from` names one.
async fn send(from: &str, port: u16, helo: &str, envelope: (&str, &str), message: &str) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let server = if from == "127.0.0.1" { "127.0.0.1" } else { SERVER };
    let mut stream = socket.connect(format!("{server}:{port}").parse().unwrap()).await.unwrap();
    let (sender, recipient) = envelope;
    let message = message.replace('\n', "\r\n");
    for (line, code) in [
        (String::new(), "220"),
        (format!("HELO {helo}\r\n"), "250"),
        (format!("MAIL FROM:<{sender}>\r\n"), "250"),
        (format!("RCPT TO:<{recipient}>\r\n"), "250"),
        ("DATA\r\n".to_owned(), "354"),
        (format!("{message}\r\n.\r\n"), "250"),
        ("QUIT\r\n".to_owned(), "221"),
    ] {
        stream.write_all(line.as_bytes()).await.unwrap();
        let mut reply = vec![0; 500];
        let length = stream.read(&mut reply).await.unwrap();
        let reply = String::from_utf8_lossy(&reply[..length]).into_owned();
        assert!(reply.starts_with(code), "{line}: {reply}");
    }
}

/// RFC 8463 appendix A: a signed message, with the key that its domain published.
fn football() -> Zones {
    let mut zones = Zones::default();
    zones
        .add("football.example.com", "MX", "10 mx.football.example.com.")
        .add("mx.football.example.com", "A", "192.0.2.1")
        .add("football.example.com", "TXT", "v=spf1 ip4:127.0.0.1 -all")
        .add(
            "brisbane._domainkey.football.example.com",
            "TXT",
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        )
        .add("_dmarc.football.example.com", "TXT", "v=DMARC1; p=reject");
    zones
}

/// The signed message, in a file that swaks sends as it stands.
fn football_mail() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail/mail-football.eml")).unwrap()
}

const SERVER: &str = "192.0.2.99";
const OUT: &str = "192.0.2.25";

#[test]
fn a_signed_mail_of_a_real_sender_is_proven_on_every_count() {
    if Command::new("swaks").arg("--version").output().is_err() {
        eprintln!("NOT TESTED: swaks is not there; `apt-get install swaks`");
        return;
    }
    let names = NameServer::start_apart(football());
    let waiting = Waiting::start(&["--listen", "127.0.0.1:0", "--json", "--resolver", &names.address().to_string()]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail");
    std::fs::write(&file, football_mail()).unwrap();
    let sent = Command::new("swaks")
        .args(["--server", "127.0.0.1", "--port", &waiting.port.to_string(), "--to", &waiting.address])
        .args(["--from", "joe@football.example.com", "--helo", "mx.football.example.com"])
        .args(["--data", &format!("@{}", file.display())])
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stdout));
    let done = waiting.finish();
    let document = done.document();
    let proof = &document["authentication"];
    assert_eq!((&document["schema"], &document["kind"]), (&1.into(), &"message".into()));
    assert_eq!(proof["spf"]["result"], "pass", "{proof}");
    assert_eq!(proof["dkim"][0]["result"], "pass", "{proof}");
    assert_eq!(
        (&proof["dmarc"]["result"], &proof["dmarc"]["domain"]),
        (&"pass".into(), &"football.example.com".into())
    );
    assert_eq!(proof["dmarc"]["aligned"], serde_json::json!(["spf", "dkim"]));
    assert_eq!(proof["arc"]["result"], "none");
    let connection = &document["connection"];
    assert_eq!((&connection["address"], &connection["helo"]), (&"127.0.0.1".into(), &"mx.football.example.com".into()));
    assert_eq!(
        (&connection["tls"], &connection["mail_from"]),
        (&"not-offered".into(), &"joe@football.example.com".into())
    );
    // Of the domain as well, with the selector of the signature, which nobody would guess.
    assert_eq!(finding(&document, "dkim-found")["topic"], "dkim");
    assert_eq!(finding(&document, "spf-found")["severity"], "ok");
    let faults: Vec<_> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| matches!(finding["severity"].as_str(), Some("fail" | "unknown")))
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(done.exit, Some(0), "{}", done.complained);
}

#[tokio::test]
async fn a_broken_record_is_told_first_with_the_one_to_publish() {
    let mut zones = football();
    zones.add("football.example.com", "TXT", "v=spf1 ip4:192.0.2.1 ~all");
    let names = NameServer::start(zones).await;
    let resolver = names.address().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--resolver", &resolver];
    let sent = async |json: bool, message: String| {
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let waiting = Waiting::start(&[&arguments, more].concat());
        let envelope = ("joe@football.example.com", waiting.address.as_str());
        send("127.0.0.1", waiting.port, "mx.football.example.com", envelope, &message).await;
        tokio::task::spawn_blocking(move || waiting.finish()).await.unwrap()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let today = date::written(i64::try_from(now).unwrap());
    let changed = football_mail().replace("Fri, 11 Jul 2003 21:00:37 -0700 (PDT)", &today).replace("hungry", "angry");
    let done = sent(true, changed.clone()).await;
    let document = done.document();
    let fix = &finding(&document, "spf-two-records")["fix"];
    assert_eq!(fix["verified"], true, "{document}");
    assert_eq!(fix["value"], "v=spf1 ip4:127.0.0.1 ip4:192.0.2.1 ~all");
    assert_eq!(document["authentication"]["spf"]["result"], "permerror");
    assert_eq!(document["authentication"]["dmarc"]["result"], "fail");
    assert_eq!(done.exit, Some(1));
    let done = sent(false, changed).await;
    let told = done.said.split("Looked up just now").next().unwrap();
    insta::assert_snapshot!(told);
}

#[test]
fn an_address_that_the_record_leaves_out_gets_the_record_that_lets_it_in() {
    let name = "testmail::an_address_that_the_record_leaves_out_gets_the_record_that_lets_it_in";
    namespace::run(name, &[SERVER, OUT], async || {
        let mut zones = Zones::default();
        zones
            .add("shop.example", "MX", "10 mx.shop.example.")
            .add("mx.shop.example", "A", "192.0.2.1")
            .add("shop.example", "TXT", "v=spf1 mx -all")
            .add("_dmarc.shop.example", "TXT", "v=DMARC1; p=quarantine")
            .add("out.shop.example", "A", OUT)
            .add("25.2.0.192.in-addr.arpa", "PTR", "out.shop.example.")
            .add("2.0.0.127.zen.spamhaus.org", "A", "127.0.0.2");
        let names = NameServer::start(zones).await;
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = Identity::Sound("test.host.example").pem();
        let config = format!(
            "[mailbox]\nlisten = \"{SERVER}:25\"\ndomain = \"test.host.example\"\ncertificate = \"{0}/c\"\nkey = \"{0}/k\"\n\
             [dnsbl]\naddresses = [\"zen.spamhaus.org\"]\n[resolver]\nservers = [\"{1}\"]\n",
            folder.path().display(),
            names.address()
        );
        for (file, text) in [("c", certificate), ("k", key), ("mailmedic.toml", config)] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let path = folder.path().join("mailmedic.toml");
        let waiting = Waiting::start(&["--json", "--config", path.to_str().unwrap()]);
        assert_eq!((waiting.port, waiting.address.ends_with("@test.host.example")), (25, true));
        let envelope = ("anna@shop.example", waiting.address.as_str());
        let message = "From: Anna <anna@shop.example>\nSubject: Hello\n\nHi";
        send(OUT, 25, "out.shop.example", envelope, message).await;
        let done = tokio::task::spawn_blocking(move || waiting.finish()).await.unwrap();
        let document = done.document();
        let refused = finding(&document, "message-spf-fail");
        assert_eq!(refused["fix"]["value"], "v=spf1 mx ip4:192.0.2.25 -all", "{refused}");
        assert_eq!(refused["fix"]["verified"], true, "{refused}");
        for code in [
            "message-dmarc-fail",
            "message-not-signed",
            "message-ptr-confirmed",
            "message-helo-confirmed",
            "message-client-clear",
            "message-no-tls",
            "message-no-date",
            "message-no-id",
            "message-personal",
        ] {
            assert!(codes(&document).contains(&code), "{code}: {:?}", codes(&document));
        }
        assert_eq!(done.exit, Some(1));
    });
}

#[test]
fn whoever_waits_in_vain_is_told_so() {
    let waiting = Waiting::start(&["--listen", "127.0.0.1:0", "--resolver", "127.0.0.1:1", "--timeout", "100ms"]);
    let done = waiting.finish();
    assert_eq!((done.exit, done.said.as_str()), (Some(4), ""));
    assert!(done.complained.contains("error: no mail came within 100ms"), "{}", done.complained);
}

#[test]
fn a_mailbox_that_cannot_be_had_is_a_matter_of_the_configuration() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let output = mailmedic(&["testmail", "--listen", &listen]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: cannot listen on `127.0.0.1:"));
    for (arguments, exit) in [(["testmail", "--timeout", "2h"], 2), (["testmail", "--listen", "here"], 2)] {
        assert_eq!(mailmedic(&arguments).output().unwrap().status.code(), Some(exit), "{arguments:?}");
    }
}

/// What a server of ours saw.
fn received(address: &str, helo: &str, mail_from: &str, message: &str) -> Received {
    let connection = Connection {
        address: address.parse().unwrap(),
        helo: helo.to_owned(),
        mail_from: mail_from.to_owned(),
        tls: Tls::NotOffered,
        by: "test.host.example".parse().unwrap(),
    };
    Received { connection, message: message.replace('\n', "\r\n").into_bytes() }
}

#[tokio::test]
async fn a_domain_that_many_share_is_not_looked_at_for_one_of_them() {
    let mut zones = football();
    zones.add("gmail.com", "TXT", "v=spf1 -all");
    let names = NameServer::start(zones).await;
    let engine = engine(&names, Config::default());
    for (author, looked) in [("joe@gmail.com", false), ("joe@football.example.com", true)] {
        let mail = received(OUT, "out.example", author, &format!("From: {author}\n\nHi\n"));
        let mut work = engine.receive(&mail);
        work.finish().await;
        assert_eq!(work.report().is_some(), looked, "{author}");
        let spf = work.message().unwrap().authentication.spf.as_ref().unwrap();
        assert_eq!(spf.result, SpfResult::Fail, "{author}");
        let fixed = work.message().unwrap().findings.iter().any(|finding| finding.fix.is_some());
        assert_eq!(fixed, looked, "{author}: the record is theirs to mend");
    }
}

#[tokio::test]
async fn a_mail_without_a_return_path_is_judged_by_its_greeting() {
    let mut zones = football();
    zones.add("out.example", "TXT", &format!("v=spf1 ip4:{OUT} -all"));
    let names = NameServer::start(zones).await;
    let mail =
        received(OUT, "out.example", "", "From: joe@football.example.com\nReturn-Path: <x@evil.example>\n\nHi\n");
    let mut work = engine(&names, Config::default()).receive(&mail);
    work.finish().await;
    let authentication = &work.message().unwrap().authentication;
    let spf = authentication.spf.as_ref().unwrap();
    assert_eq!((spf.result, spf.domain.as_ref().unwrap().as_str()), (SpfResult::Pass, "out.example"));
    assert_eq!(spf.address, OUT.parse().ok(), "the very client, and not what the message claims");
    assert_eq!(authentication.dmarc.result, DmarcResult::Fail);
}

#[tokio::test]
async fn the_operators_spam_filter_sees_the_mail_with_the_way_it_came() {
    let spamd = Spamd::start();
    let names = NameServer::start(football()).await;
    let spam = config::Spam { spamd: Some(spamd.address), ..config::Spam::default() };
    let mail = received(OUT, "out.example", "joe@football.example.com", &football_mail());
    let mut work = engine(&names, Config { spam, ..Config::default() }).receive(&mail);
    work.finish().await;
    let whole = work.message().unwrap();
    let verdict = whole.spam.as_ref().expect("a verdict");
    assert!(verdict.threshold.is_some() && !verdict.rules.is_empty(), "{verdict:?}");
    // Without the line that our server writes on top it would say that nobody relayed the mail.
    assert!(verdict.rules.iter().all(|rule| rule.name != "NO_RELAYS" && rule.name != "NO_RECEIVED"), "{verdict:?}");
    let hop = whole.hops.last().unwrap();
    assert_eq!((hop.by.as_deref(), hop.trusted), (Some("test.host.example"), true));
}

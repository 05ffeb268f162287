//! `check` over real DNS, real mail servers and real web servers, sound and not: what is found of each.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use mailmedic::config::Config;
use mailmedic::finding::{Finding, Topic};
use mailmedic::probe::{Hosts, Report, Resolver};
use mailmedic::request::{CheckRequest, Request};

use super::*;
use crate::lab::{PATIENCE, engine_on};
use crate::nameserver::{NameServer, Zones};

const MX: &str = "mx.shop.example";

/// A domain `shop.example`, its records, and its hosts on loopback addresses.
struct Shop {
    zones: Zones,
    addresses: HashMap<&'static str, Ipv4Addr>,
    ports: HashMap<Port, u16>,
    stands: Vec<Stand>,
}

impl Shop {
    /// One whose mail server has a name of the domain; no service runs yet.
    fn new() -> Self {
        Self::with_mx(MX)
    }

    fn with_mx(mx: &'static str) -> Self {
        let mut zones = Zones::default();
        zones.add("shop.example.", "MX", &format!("10 {mx}."));
        let mut shop = Self { zones, addresses: HashMap::new(), ports: HashMap::new(), stands: Vec::new() };
        shop.address(mx);
        shop
    }

    fn record(mut self, owner: &str, kind: &str, data: &str) -> Self {
        self.zones.add(owner, kind, data);
        self
    }

    /// With signatures over all its records.
    fn signed(mut self) -> Self {
        self.zones.signed("shop.example.");
        self
    }

    /// The address of a host, published.
    fn address(&mut self, host: &'static str) -> Ipv4Addr {
        let next = Ipv4Addr::new(127, 0, 26, u8::try_from(self.addresses.len() + 1).unwrap());
        let zones = &mut self.zones;
        *self.addresses.entry(host).or_insert_with(|| {
            zones.add(&format!("{host}."), "A", &next.to_string());
            next
        })
    }

    /// With a service at a host; all hosts have it at one number.
    async fn service(mut self, host: &'static str, port: Port, conduct: impl Conduct) -> Self {
        let address = self.address(host);
        let number = self.ports.get(&port).copied().unwrap_or_default();
        let stand = Stand::start((address, number).into(), conduct).await;
        self.ports.insert(port, stand.port());
        self.stands.push(stand);
        self
    }

    /// With mail at port 25.
    async fn smtp(self, mail: Mail) -> Self {
        self.service(MX, Port::Mail(Service::Smtp), mail).await
    }

    /// With all that mail programs use at a host that shows itself as this.
    async fn clients(self, host: &'static str, identity: Identity) -> Self {
        let mail = |protocol| Mail { protocol, ..Mail::sound(identity) };
        self.service(host, Port::Mail(Service::Submissions), mail(Protocol::SmtpInTls))
            .await
            .service(host, Port::Mail(Service::Submission), mail(Protocol::Smtp))
            .await
            .service(host, Port::Mail(Service::Imaps), mail(Protocol::ImapInTls))
            .await
    }

    /// With a record for MTA-STS, and this at the host of the policy.
    async fn policy(self, identity: Identity, response: Response) -> Self {
        self.record("_mta-sts.shop.example.", "TXT", "v=STSv1; id=20260101")
            .service("mta-sts.shop.example", Port::Https, Web { identity, response })
            .await
    }

    async fn check(self, topic: Topic) -> Report {
        self.check_within(Config::default().probe.budget.time, vec![topic]).await
    }

    /// Looks at these topics, for so long.
    async fn check_within(self, time: Duration, topics: Vec<Topic>) -> Report {
        let server = NameServer::start(self.zones).await;
        let mut config = Config::default();
        config.probe.budget.time = time;
        config.probe.allow = vec!["127.0.0.0/8".parse().unwrap()];
        // Where no stand runs, a port that is surely closed: that of a listener which is gone.
        let closed = TcpListener::bind((Ipv4Addr::new(127, 0, 26, 250), 0)).await.unwrap();
        let closed_number = closed.local_addr().unwrap().port();
        drop(closed);
        let mail = Service::ALL.map(Port::Mail);
        let ports = mail.into_iter().chain([Port::Https]).fold(Ports::default(), |ports, port| {
            ports.with(port, self.ports.get(&port).copied().unwrap_or(closed_number))
        });
        let egress = Arc::new(Egress::new(&config.probe).with_ports(ports));
        let resolver = Arc::new(Resolver::new(&[server.address()], PATIENCE));
        let hosts = Hosts::new(resolver, &egress, &trusting(), &config.probe);
        let engine = engine_on(Arc::new(hosts), config);
        let check = CheckRequest { topics, ..CheckRequest::of("shop.example".parse().unwrap()) };
        let mut work = engine.begin(Request::Check(check));
        work.finish().await;
        work.report().unwrap()
    }

    /// The codes that are found.
    async fn codes(self, topic: Topic) -> Vec<&'static str> {
        self.check(topic).await.findings().map(|finding| finding.code.as_str()).collect()
    }
}

fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    report.findings().find(|finding| finding.code.as_str() == code).unwrap_or_else(|| panic!("{code}: {report:#?}"))
}

#[tokio::test]
async fn a_sound_mail_server_is_seen_at_all_four_ports() {
    let identity = Identity::Sound(MX);
    let report = Shop::new().smtp(Mail::sound(identity)).await.clients(MX, identity).await.check(Topic::Starttls).await;
    let found = finding(&report, "starttls-found");
    assert_eq!(found.details["count"], "4");
    assert_eq!(report.findings().count(), 1, "{report:#?}");
    let smtp = &found.evidence[0];
    assert!(
        smtp.starts_with("mx.shop.example port 25 at 127.0.26.1: TLSv1.3, certificate for mx.shop.example"),
        "{smtp}"
    );
    assert!(smtp.contains("The Tests' Authority") && smtp.ends_with("until 2100-01-01"), "{smtp}");
}

#[tokio::test]
async fn what_is_wrong_at_port_25_has_its_code() {
    use Identity::{Early, Expired, SelfSigned, Sound, Stranger};
    let mail = |manner| Mail { identity: Sound(MX), ..Mail::that(manner) };
    let hello = "250-mx.example\r\n250 8BITMIME\r\n";
    // A fatal alert: protocol_version (RFC 8446 section 6).
    let too_old = &[0x15, 3, 1, 0, 2, 2, 70];
    for (mail, code) in [
        (mail(Manner::Hello(hello)), "starttls-not-offered"),
        (mail(Manner::StartTls("454 not now\r\n")), "starttls-refused"),
        (mail(Manner::StartTls("220 go ahead\r\n250 and more\r\n")), "starttls-injected"),
        (mail(Manner::Handshake(too_old)), "starttls-too-old"),
        (mail(Manner::Handshake(b"not TLS at all")), "starttls-handshake"),
        (mail(Manner::Greets("554 go away\r\n")), "starttls-turned-away"),
        (mail(Manner::Greets("421 busy\r\n")), "starttls-unknown"),
        (mail(Manner::HangsUp), "starttls-port-25-unknown"),
        (Mail::sound(Expired(MX)), "starttls-expired"),
        (Mail::sound(Early(MX)), "starttls-untrusted"),
        (Mail::sound(SelfSigned(MX)), "starttls-untrusted"),
        (Mail::sound(Stranger(MX)), "starttls-untrusted"),
        (Mail::sound(Sound("other.example")), "starttls-name-mismatch"),
    ] {
        let codes = Shop::new().smtp(mail).await.codes(Topic::Starttls).await;
        let told: Vec<_> = codes.into_iter().filter(|code| *code != "starttls-found").collect();
        assert_eq!(told, [code], "{mail:?}");
    }
}

#[tokio::test]
async fn a_closed_port_25_is_nobodys_fault_as_seen_from_here() {
    let report = Shop::new().check(Topic::Starttls).await;
    let codes: Vec<_> = report.findings().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["starttls-port-25-unknown"]);
    assert_eq!(finding(&report, codes[0]).details["cause"], "the connection was refused");
}

#[tokio::test]
async fn silent_hosts_end_with_the_time_and_the_report_says_what_is_unknown() {
    let silent = Mail { identity: Identity::Sound(MX), ..Mail::that(Manner::Silent) };
    let web = Identity::Sound("mta-sts.shop.example");
    let shop = Shop::new().smtp(silent).await.policy(web, Response::Silent).await;
    let time = Duration::from_millis(700);
    let report = shop.check_within(time, vec![Topic::Mx, Topic::MtaSts, Topic::Starttls]).await;
    assert!(u128::from(report.cost.elapsed_ms) >= time.as_millis(), "{:?}", report.cost);
    assert_eq!(report.open, []);
    let codes: Vec<_> = report.findings().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["mx-target-private", "mta-sts-unknown", "starttls-port-25-unknown"]);
}

#[tokio::test]
async fn the_domains_own_name_for_the_server_shows_when_the_certificate_is_not_for_it() {
    let (host, identity) = ("mx.host.example", Identity::Sound("mx.host.example"));
    let report = Shop::with_mx(host)
        .record("mail.shop.example.", "CNAME", "mx.host.example.")
        .service(host, Port::Mail(Service::Smtp), Mail::sound(identity))
        .await
        .clients(host, identity)
        .await
        .check(Topic::Starttls)
        .await;
    let mismatch = finding(&report, "starttls-client-name-mismatch");
    assert_eq!(mismatch.subject, "mail.shop.example");
    assert_eq!(mismatch.details["names"], "mx.host.example");
    assert_eq!(mismatch.details["ports"], "465, 587, 993");
    assert_eq!(finding(&report, "starttls-found").details["count"], "1");
}

#[tokio::test]
async fn srv_records_say_where_mail_programs_connect() {
    let shop = || {
        Shop::with_mx("mx.host.example")
            .record("_imaps._tcp.shop.example.", "SRV", "0 1 993 imap.host.example.")
            .record("_submissions._tcp.shop.example.", "SRV", "0 1 465 smtp.host.example.")
    };
    let imap = Mail { protocol: Protocol::ImapInTls, ..Mail::sound(Identity::Expired("imap.host.example")) };
    let smtp = Mail { protocol: Protocol::SmtpInTls, ..Mail::sound(Identity::Sound("smtp.host.example")) };
    let mut shop = shop()
        .service("mx.host.example", Port::Mail(Service::Smtp), Mail::sound(Identity::Sound("mx.host.example")))
        .await
        .service("imap.host.example", Port::Mail(Service::Imaps), imap)
        .await;
    shop.address("smtp.host.example");
    // Its port is open elsewhere, so that it is one, and closed here.
    let shop = shop.service("elsewhere.host.example", Port::Mail(Service::Submissions), smtp).await;
    let report = shop.check(Topic::Starttls).await;
    assert_eq!(finding(&report, "starttls-client-expired").details["date"], "2001-01-01");
    assert_eq!(finding(&report, "starttls-client-closed").subject, "smtp.host.example");
}

const POLICY: &str = "version: STSv1\r\nmode: enforce\r\nmx: *.shop.example\r\nmax_age: 604800\r\n";

/// A policy's page with this status, these headers and this body.
fn page(status: &str, headers: &[&str], body: &str) -> Response {
    Response::page(status, headers, body)
}

#[tokio::test]
async fn a_policy_is_fetched_as_senders_fetch_it() {
    let sound = Identity::Sound("mta-sts.shop.example");
    let plain = ["Content-Type: text/plain; charset=utf-8"];
    let whole = || page("200 OK", &plain, POLICY);
    for (identity, response, code) in [
        (sound, whole(), "mta-sts-enforced"),
        (sound, page("200 OK", &plain, &POLICY.replace("enforce", "testing")), "mta-sts-testing"),
        (sound, page("200 OK", &plain, &POLICY.replace("*.shop", "*.host")), "mta-sts-no-mx-covered"),
        (sound, page("200 OK", &plain, "<!DOCTYPE html>"), "mta-sts-policy-syntax"),
        (sound, page("200 OK", &["Content-Type: text/html"], POLICY), "mta-sts-policy-type"),
        (sound, page("404 Not Found", &plain, ""), "mta-sts-policy-missing"),
        (sound, page("301 Moved", &["Location: https://shop.example/"], ""), "mta-sts-policy-redirected"),
        (sound, Response::Bytes(b"hello\r\n\r\n".to_vec()), "mta-sts-policy-missing"),
        (Identity::Sound("www.shop.example"), whole(), "mta-sts-host-untrusted"),
        (Identity::Expired("mta-sts.shop.example"), whole(), "mta-sts-host-untrusted"),
        (Identity::SelfSigned("mta-sts.shop.example"), whole(), "mta-sts-host-untrusted"),
    ] {
        let shop = Shop::new().smtp(Mail::sound(Identity::Sound(MX))).await.policy(identity, response.clone()).await;
        let codes = shop.codes(Topic::MtaSts).await;
        let told: Vec<_> = codes.into_iter().filter(|code| *code != "mta-sts-found").collect();
        assert_eq!(told, [code], "{identity:?} {response:?}");
    }
}

#[tokio::test]
async fn a_mail_server_without_a_good_certificate_breaks_an_enforced_policy() {
    let web = Identity::Sound("mta-sts.shop.example");
    for mail in [
        Mail::sound(Identity::SelfSigned(MX)),
        Mail::sound(Identity::Sound("other.example")),
        Mail { identity: Identity::Sound(MX), ..Mail::that(Manner::Hello("250 mx.example\r\n")) },
    ] {
        let whole = page("200 OK", &["Content-Type: text/plain"], POLICY);
        let codes = Shop::new().smtp(mail).await.policy(web, whole).await.codes(Topic::MtaSts).await;
        assert_eq!(codes, ["mta-sts-mx-not-secure"], "{mail:?}");
    }
}

#[tokio::test]
async fn without_a_web_server_the_policy_is_out_of_reach() {
    let mut shop = Shop::new().record("_mta-sts.shop.example.", "TXT", "v=STSv1; id=20260101");
    assert_eq!(shop.addresses.len(), 1);
    shop.address("mta-sts.shop.example");
    assert_eq!(shop.codes(Topic::MtaSts).await, ["mta-sts-host-unreachable"]);
}

#[tokio::test]
async fn tlsa_records_are_held_against_the_certificate_that_is_shown() {
    use sha2::{Digest as _, Sha256};
    let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let issuer = format!("2 0 1 {}", hex(&Sha256::digest(root())));
    let other = format!("3 1 1 {}", hex(&[0; 32]));
    let no_tls = Mail { identity: Identity::Sound(MX), ..Mail::that(Manner::Hello("250 mx.example\r\n")) };
    for (record, mail, code) in [
        (&issuer, Mail::sound(Identity::Many(MX, 1)), "dane-matched"),
        (&issuer, Mail::sound(Identity::Many("other.example", 1)), "dane-certificate"),
        (&issuer, Mail::sound(Identity::Sound(MX)), "dane-mismatch"),
        (&other, Mail::sound(Identity::Many(MX, 1)), "dane-mismatch"),
        (&issuer, no_tls, "dane-no-tls"),
    ] {
        let shop = || async { Shop::new().record("_25._tcp.mx.shop.example.", "TLSA", record).smtp(mail).await };
        assert_eq!(shop().await.signed().codes(Topic::Dane).await, [code], "{mail:?}");
        assert_eq!(shop().await.codes(Topic::Dane).await, Vec::<&str>::new());
    }
}

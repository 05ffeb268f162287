//! What the check finds, over hosts and sessions in a table.

use super::*;
use crate::config::Host;
use crate::facts::{Distrust, Secured};
use crate::finding::Topic;
use crate::mail::lab::{Lab, finds, lines, name, secured, session};

const DAY: i64 = 24 * 60 * 60;

/// Mail servers outside the domain, and services for mail programs by SRV records.
const HOSTS: &str = "
    example.com MX 10 mx1.example.net
    example.com MX 20 mx2.example.net
    mx1.example.net A 192.0.2.1
    mx2.example.net A 192.0.2.2
    _imaps._tcp.example.com SRV 0 1 993 imap.example.net
    _submissions._tcp.example.com SRV 0 1 465 smtp.example.net
    _submission._tcp.example.com SRV 0 1 587 smtp.example.net
    imap.example.net A 192.0.2.3
    smtp.example.net A 192.0.2.4";

/// All services of a network, in the order in which they are looked at.
const ALL: [(&str, Service); 5] = [
    ("mx1.example.net", Service::Smtp),
    ("mx2.example.net", Service::Smtp),
    ("imap.example.net", Service::Imaps),
    ("smtp.example.net", Service::Submissions),
    ("smtp.example.net", Service::Submission),
];

fn up() -> Session {
    session(Tls::Up(secured()))
}

fn lab() -> Lab {
    Lab::new("example.com", HOSTS).connected()
}

/// All sound, but for these services.
fn but(others: &[((&str, Service), Called)]) -> Lab {
    let lab = others.iter().fold(lab(), |lab, ((host, service), called)| lab.call(host, *service, called.clone()));
    ALL.iter().fold(lab, |lab, (host, service)| lab.call(host, *service, Ok(up())))
}

/// All sound, but for the first mail server.
fn smtp(tls: Tls) -> Lab {
    but(&[(ALL[0], Ok(session(tls)))])
}

/// All sound, but for the service for reading mail.
fn imaps(tls: Tls) -> Lab {
    but(&[(ALL[2], Ok(session(tls)))])
}

fn distrusted(why: Distrust) -> Tls {
    Tls::Up(Secured { trusted: Err(why), ..secured() })
}

fn over(not_after: i64) -> Tls {
    let mut shown = secured();
    shown.leaf.as_mut().unwrap().not_after = not_after;
    Tls::Up(shown)
}

#[test]
fn every_code_has_its_case() {
    let found = Code::StarttlsFound;
    let other = || Tls::Up(Secured { names_host: false, ..secured() });
    let text = str::to_owned;
    finds(
        Topic::Starttls,
        &[
            (but(&[]), &[found]),
            (smtp(Tls::NotOffered), &[found, Code::StarttlsNotOffered]),
            (smtp(Tls::Refused(text("454 no"))), &[found, Code::StarttlsRefused]),
            (smtp(Tls::Injected), &[found, Code::StarttlsInjected]),
            (smtp(Tls::TooOld), &[found, Code::StarttlsTooOld]),
            (smtp(Tls::Failed(text("not TLS"))), &[found, Code::StarttlsHandshake]),
            (smtp(distrusted(Distrust::UnknownIssuer)), &[found, Code::StarttlsUntrusted]),
            (smtp(other()), &[found, Code::StarttlsNameMismatch]),
            (smtp(over(0)).at(1), &[found, Code::StarttlsExpired]),
            (smtp(over(9 * DAY)).at(1), &[found, Code::StarttlsExpiresSoon]),
            (smtp(Tls::TurnedAway(text("554 go away"))), &[found, Code::StarttlsTurnedAway]),
            (smtp(Tls::TurnedAway(text("421 busy"))), &[found, Code::StarttlsUnknown]),
            (but(&[(ALL[0], Err(Unreached::Refused))]), &[found, Code::StarttlsClosed]),
            (but(&[(ALL[0], Err(Unreached::Silent))]), &[found, Code::StarttlsUnknown]),
            (but(&[(ALL[0], Err(Unreached::Denied))]), &[found]),
            (imaps(Tls::NotOffered), &[found, Code::StarttlsClientNotOffered]),
            (imaps(Tls::TooOld), &[found, Code::StarttlsTooOld]),
            (imaps(Tls::Failed(text("not TLS"))), &[found, Code::StarttlsClientHandshake]),
            (imaps(distrusted(Distrust::UnknownIssuer)), &[found, Code::StarttlsClientUntrusted]),
            (imaps(other()), &[found, Code::StarttlsClientNameMismatch]),
            (imaps(over(0)).at(1), &[found, Code::StarttlsClientExpired]),
            (imaps(over(DAY)).at(1), &[found, Code::StarttlsExpiresSoon]),
            (but(&[(ALL[2], Err(Unreached::Refused))]), &[found, Code::StarttlsClientClosed]),
            (but(&[(ALL[2], Err(Unreached::Silent))]), &[found, Code::StarttlsUnknown]),
            (
                but(&[(ALL[0], Err(Unreached::Silent)), (ALL[1], Err(Unreached::Refused))]),
                &[found, Code::StarttlsPort25Unknown],
            ),
            (lab(), &[Code::StarttlsPort25Unknown, Code::StarttlsUnknown, Code::StarttlsUnknown]),
            (Lab::new("example.com", "example.com MX servfail").connected(), &[Code::StarttlsUnknown]),
            (Lab::new("example.com", "example.com MX 0 .").connected(), &[]),
        ],
    );
}

#[test]
fn a_sound_service_shows_its_protocol_and_its_certificate() {
    let ran = but(&[]).run(Topic::Starttls);
    assert_eq!(ran.detail(Code::StarttlsFound, "count"), "5");
    assert_eq!(
        ran.finding(Code::StarttlsFound).evidence[0],
        "mx1.example.net port 25 at 192.0.2.1: TLSv1.3, certificate for mx1.example.com, by CN=Good, until 2096-10-02"
    );
}

#[test]
fn what_a_server_offers_instead_of_tls_is_shown() {
    let ran = but(&[(
        ALL[0],
        Ok(Session { capabilities: vec!["SIZE 1000".to_owned(), "8BITMIME".to_owned()], ..session(Tls::NotOffered) }),
    )])
    .run(Topic::Starttls);
    let evidence = &ran.finding(Code::StarttlsNotOffered).evidence;
    assert_eq!(*evidence, ["mx1.example.net port 25 at 192.0.2.1: EHLO offers SIZE 1000, 8BITMIME"]);
}

#[test]
fn one_certificate_at_several_ports_is_told_once() {
    let other = || Ok(session(Tls::Up(Secured { names_host: false, ..secured() })));
    let ran = but(&[(ALL[3], other()), (ALL[4], other())]).run(Topic::Starttls);
    assert_eq!(ran.codes(), ["starttls-found", "starttls-client-name-mismatch"]);
    assert_eq!(ran.detail(Code::StarttlsClientNameMismatch, "ports"), "465, 587");
    assert_eq!(ran.finding(Code::StarttlsClientNameMismatch).evidence.len(), 2);
}

#[test]
fn two_mail_servers_are_called_and_each_named_service_once() {
    let many = lines(1..9, |n| format!("example.com MX {n}0 mx{n}.example.net\nmx{n}.example.net A 192.0.2.{n}"));
    let asked = Lab::new("example.com", &many).connected().run(Topic::Starttls).asked;
    let calls = asked.iter().filter(|question| matches!(question, crate::facts::Question::Call(_)));
    assert_eq!(calls.count(), 2);
    let ran = but(&[]).run(Topic::Starttls);
    // MX and three SRV; eight addresses; five calls.
    assert_eq!((ran.rounds, ran.asked.len()), (3, 4 + 8 + 5));
    // A call takes five replies' time: the longest chain has eight.
    let by_habit = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\nmail.example.com A 192.0.2.1";
    let ran = Lab::new("example.com", by_habit).connected().run(Topic::Starttls);
    assert_eq!((ran.rounds, ran.asked.len()), (4, 4 + 2 + 2 + 1 + 3));
}

/// The hosts that are called for mail programs.
fn client_hosts(lab: &Lab) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for question in lab.run(Topic::Starttls).asked {
        if let crate::facts::Question::Call(call) = question
            && call.service != Service::Smtp
            && !hosts.contains(&call.host.to_string())
        {
            hosts.push(call.host.to_string());
        }
    }
    hosts
}

#[test]
fn mail_programs_are_followed_where_people_are_told_to_go() {
    let own = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    let outside = "example.com MX 10 mx.example.net\nmx.example.net A 192.0.2.1";
    let hosts = |table: &str| client_hosts(&Lab::new("example.com", table).connected());
    assert_eq!(hosts(own), ["mx.example.com"]);
    assert_eq!(hosts(outside), Vec::<String>::new());
    assert_eq!(hosts(&format!("{outside}\nmail.example.com A 192.0.2.1")), ["mail.example.com"]);
    assert_eq!(hosts(&format!("{outside}\nmail.example.com CNAME mx.example.net")), ["mail.example.com"]);
    assert_eq!(hosts(&format!("{outside}\nmail.example.com A 192.0.2.9")), Vec::<String>::new());
    assert_eq!(hosts(&format!("{own}\nmail.example.com A 192.0.2.9")), ["mx.example.com"]);
    let second = "example.com MX 20 mail.example.com\nmail.example.com A 192.0.2.9";
    assert_eq!(hosts(&format!("{own}\n{second}")), ["mail.example.com"]);
    assert_eq!(
        hosts(&format!("{own}\n_imaps._tcp.example.com SRV 0 1 993 imap.example.com\nimap.example.com A 192.0.2.3")),
        ["imap.example.com"]
    );
    assert_eq!(hosts(&format!("{own}\n_imaps._tcp.example.com SRV 0 0 0 .")), Vec::<String>::new());
    assert_eq!(
        hosts(&format!("{own}\n_imaps._tcp.example.com SRV 0 1 994 imap.example.com\nimap.example.com A 192.0.2.3")),
        Vec::<String>::new()
    );
    let operators = Host { mx: vec![name("mx.example.net")], ..Host::default() };
    assert_eq!(client_hosts(&Lab::new("example.com", outside).connected().host(operators)), ["mx.example.net"]);
    let operators = Host { server_ips: vec![[192, 0, 2, 9].into()], ..Host::default() };
    let mail = format!("{outside}\nmail.example.com A 192.0.2.9");
    assert_eq!(client_hosts(&Lab::new("example.com", &mail).connected().host(operators)), ["mail.example.com"]);
}

#[test]
fn of_one_server_one_thing_is_said() {
    let table = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    let told = Ok(session(distrusted(Distrust::UnknownIssuer)));
    let lab = Lab::new("example.com", table).connected().call("mx.example.com", Service::Smtp, told);
    assert_eq!(lab.run(Topic::Starttls).codes(), ["starttls-untrusted", "starttls-unknown"]);
}

#[test]
fn a_port_that_nobody_names_may_be_closed() {
    let table = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";
    let host = "mx.example.com";
    let lab = || Lab::new("example.com", table).connected().call(host, Service::Smtp, Ok(up()));
    let imaps = || lab().call(host, Service::Imaps, Ok(up()));
    for closed in [Unreached::Refused, Unreached::Silent] {
        let ran = imaps().call(host, Service::Submission, Err(closed)).run(Topic::Starttls);
        assert_eq!(ran.codes(), ["starttls-found"], "{closed}");
        assert_eq!(ran.detail(Code::StarttlsFound, "count"), "2");
    }
    let refused = lab().call(host, Service::Submission, Err(Unreached::Refused));
    assert_eq!(refused.run(Topic::Starttls).codes(), ["starttls-found"]);
    // Not even one of them says anything.
    assert_eq!(lab().run(Topic::Starttls).codes(), ["starttls-found", "starttls-unknown"]);
}

#[test]
fn no_answer_is_no_fault() {
    assert_eq!(but(&[]).no_answer_is_no_fault(Topic::Starttls).len(), 4 + 4 + 5);
}

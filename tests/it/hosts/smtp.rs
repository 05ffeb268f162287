//! What the product says of mail servers, sound and hostile: the true thing, in time, and with few bytes.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mailmedic::domain::Name;
use mailmedic::probe::smtp::Smtp;
use mailmedic::service::{Distrust, End, Flood, NameMatch, NoTls, Service, Session, Stage, StartTls, Unreached};

use super::*;

/// The time for a look at a host that answers; on a busy machine that may take a while.
const AMPLE: Duration = Duration::from_secs(5);

/// The time for a look at a host that never comes to an end.
const SHORT: Duration = Duration::from_millis(80);

/// A TLS 1.0 server's hello, which knows nothing of newer versions.
const OLD_HELLO: [u8; 47] = {
    let mut hello = [7; 47];
    let (head, tail) = ([0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1], [0, 0, 0x2f, 0]);
    let mut i = 0;
    while i < head.len() {
        hello[i] = head[i];
        i += 1;
    }
    let mut i = 0;
    while i < tail.len() {
        hello[43 + i] = tail[i];
        i += 1;
    }
    hello
};

async fn start(mail: Mail) -> Stand {
    Stand::start((Ipv4Addr::new(127, 0, 0, 25), 0).into(), mail).await
}

async fn look_within(time: Duration, stand: &Stand, service: Service) -> Session {
    let host: Name = "mx.example".parse().unwrap();
    let helo = "checks.example".parse().unwrap();
    Smtp::new(guard(service, stand.port()), trusting(), helo).within(time).look(&host, stand.ip(), service).await
}

async fn look(mail: Mail) -> Session {
    look_within(AMPLE, &start(mail).await, Service::Smtp).await
}

#[tokio::test]
async fn a_sound_server_is_seen_whole_and_left_politely() {
    let stand = start(Mail::sound(Identity::Sound("mx.example"))).await;
    let session = look_within(AMPLE, &stand, Service::Smtp).await;
    assert_eq!((&session.end, session.stage), (&End::Complete, Stage::Done));
    assert_eq!(session.greeting, ["220 mx.example ESMTP"]);
    assert_eq!(session.capabilities, ["PIPELINING", "SIZE 10240000", "STARTTLS", "8BITMIME"]);
    assert_eq!(session.starttls, StartTls::Accepted);
    let tls = session.tls.unwrap();
    assert_eq!((tls.version, &tls.trust, tls.name), ("TLSv1.3", &Ok(()), NameMatch::Yes));
    assert!(tls.cipher.starts_with("TLS13_"), "{}", tls.cipher);
    let leaf = tls.leaf.unwrap();
    assert_eq!(leaf.names, ["mx.example"]);
    assert!(leaf.subject.contains("CN=mx.example") && leaf.issuer.contains("The Tests' Authority"), "{leaf:?}");
    assert_eq!((leaf.not_before, leaf.not_after), (1_577_836_800, 4_102_444_800));
    assert_eq!(tls.chain.len(), 1);
    let own = &tls.chain[0];
    assert!(own.der.windows(own.spki.len()).any(|part| part == own.spki) && own.spki.len() > 80);
    assert_eq!(
        stand.reached(),
        Reached { connections: 1, said: ["EHLO checks.example", "STARTTLS", "QUIT"].map(str::to_owned).into() }
    );
}

#[tokio::test]
async fn tls_from_the_first_byte_is_seen_before_the_greeting() {
    for (protocol, service, greeting, goodbye) in [
        (Protocol::SmtpInTls, Service::Submissions, "220 mx.example ESMTP", "QUIT"),
        (Protocol::ImapInTls, Service::Imaps, "* OK ready", "a LOGOUT"),
    ] {
        let stand = start(Mail { protocol, ..Mail::sound(Identity::Sound("mx.example")) }).await;
        let session = look_within(AMPLE, &stand, service).await;
        assert_eq!((session.end, session.starttls), (End::Complete, StartTls::NotAsked), "{service:?}");
        assert_eq!(session.greeting, [greeting]);
        assert_eq!(session.tls.unwrap().trust, Ok(()));
        assert_eq!(stand.reached().said, [goodbye]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_and_the_session_goes_on() {
    use Identity::{Early, Expired, Many, SelfSigned, Sound, SoundOnTls12, Stranger};
    for (identity, trust, name, version) in [
        (SoundOnTls12("mx.example"), Ok(()), NameMatch::Yes, "TLSv1.2"),
        (Sound("other.example"), Ok(()), NameMatch::No, "TLSv1.3"),
        (Expired("mx.example"), Err(Distrust::Expired), NameMatch::Yes, "TLSv1.3"),
        (Early("mx.example"), Err(Distrust::NotYetValid), NameMatch::Yes, "TLSv1.3"),
        (SelfSigned("mx.example"), Err(Distrust::SelfSigned), NameMatch::Yes, "TLSv1.3"),
        (Stranger("mx.example"), Err(Distrust::UnknownIssuer), NameMatch::Yes, "TLSv1.3"),
        (Stranger("other.example"), Err(Distrust::UnknownIssuer), NameMatch::No, "TLSv1.3"),
        (Many("mx.example", 60), Ok(()), NameMatch::Yes, "TLSv1.3"),
    ] {
        let session = look(Mail::sound(identity)).await;
        assert_eq!(session.end, End::Complete, "{identity:?}");
        let tls = session.tls.unwrap();
        assert_eq!((&tls.trust, tls.name, tls.version), (&trust, name, version), "{identity:?}");
        assert!(tls.chain.len() <= 10, "{identity:?}: {} certificates", tls.chain.len());
    }
}

#[tokio::test]
async fn a_chain_above_what_is_kept_is_no_tls() {
    let session = look(Mail::sound(Identity::Many("mx.example", 1000))).await;
    assert_eq!((session.stage, session.end), (Stage::Handshake, End::Handshake(NoTls::TooMuch)));
}

#[tokio::test]
async fn every_other_ending_has_its_own_name() {
    let lines = |line: &str| vec![line.to_owned()];
    for (manner, stage, end) in [
        (Manner::EndlessGreeting, Stage::Greeting, End::Flooded(Flood::Reply)),
        (Manner::GiantLine, Stage::Greeting, End::Flooded(Flood::Line)),
        (Manner::Reset, Stage::Greeting, End::Reset),
        (Manner::HangsUp, Stage::Hello, End::Closed),
        (Manner::Greets("450 later\r\n"), Stage::Greeting, End::Rejected(lines("450 later"))),
        (Manner::Greets("554 go away\r\n"), Stage::Greeting, End::Rejected(lines("554 go away"))),
        (Manner::Greets("SSH-2.0-x\r\n"), Stage::Greeting, End::Malformed("SSH-2.0-x".to_owned())),
        (Manner::Hello("550 not you\r\n"), Stage::Hello, End::Rejected(lines("550 not you"))),
        (Manner::StartTls("220 go\r\n250 injected\r\n"), Stage::StartTls, End::Injected),
        (Manner::Handshake(b"220 no TLS here\r\n"), Stage::Handshake, End::Handshake(NoTls::NotTls)),
        (Manner::Handshake(b""), Stage::Handshake, End::Handshake(NoTls::Closed)),
        (Manner::Handshake(b"\x15\x03\x01\x00\x02\x02\x46"), Stage::Handshake, End::Handshake(NoTls::OldVersion)),
        (Manner::Handshake(&OLD_HELLO), Stage::Handshake, End::Handshake(NoTls::OldVersion)),
        (
            Manner::Handshake(b"\x15\x03\x03\x00\x02\x02\x28"),
            Stage::Handshake,
            End::Handshake(NoTls::Alert("handshake_failure".to_owned())),
        ),
    ] {
        let session = look(Mail::that(manner)).await;
        assert_eq!((session.stage, &session.end), (stage, &end), "{manner:?}");
        assert_eq!(session.tls, None, "{manner:?}");
    }
}

#[tokio::test]
async fn without_starttls_the_look_is_whole_and_says_so() {
    for (manner, expected) in [
        (Manner::Hello("250-mx.example\r\n250 XSTARTTLS\r\n"), StartTls::NotOffered),
        (Manner::Hello("250 STARTTLS\r\n"), StartTls::NotOffered),
        (Manner::StartTls("454 no TLS today\r\n"), StartTls::Refused(vec!["454 no TLS today".to_owned()])),
    ] {
        let stand = start(Mail::that(manner)).await;
        let session = look_within(AMPLE, &stand, Service::Submission).await;
        assert_eq!((&session.end, session.stage, &session.starttls), (&End::Complete, Stage::Done, &expected));
        assert_eq!(stand.reached().said.last().map(String::as_str), Some("QUIT"), "{manner:?}");
    }
}

#[tokio::test]
async fn a_server_that_turns_us_away_is_left_politely() {
    let stand = start(Mail::that(Manner::Greets("554 go away\r\n"))).await;
    look_within(AMPLE, &stand, Service::Smtp).await;
    assert_eq!(stand.reached().said, ["QUIT"]);
}

#[tokio::test]
async fn imap_that_says_goodbye_at_once_has_turned_us_away() {
    for (greeting, end) in [
        ("* BYE too many\r\n", End::Rejected(vec!["* BYE too many".to_owned()])),
        ("* PREAUTH hello\r\n", End::Complete),
        ("220 wrong door\r\n", End::Malformed("220 wrong door".to_owned())),
    ] {
        let mail = Mail { protocol: Protocol::ImapInTls, ..Mail::that(Manner::Greets(greeting)) };
        assert_eq!(look_within(AMPLE, &start(mail).await, Service::Imaps).await.end, end);
    }
}

#[tokio::test]
async fn one_limit_for_the_whole_look_ends_silence_and_dripping() {
    for (manner, stage) in [
        (Manner::Silent, Stage::Greeting),
        (Manner::Drip, Stage::Greeting),
        (Manner::SilentHandshake, Stage::Handshake),
    ] {
        let stand = start(Mail::that(manner)).await;
        let start = Instant::now();
        let session = look_within(SHORT, &stand, Service::Smtp).await;
        assert_eq!((session.stage, session.end), (stage, End::TimedOut), "{manner:?}");
        assert!(start.elapsed() < SHORT * 10, "{manner:?}: {:?}", start.elapsed());
        assert_eq!(session.starttls == StartTls::Accepted, manner == Manner::SilentHandshake);
    }
}

#[tokio::test]
async fn a_goodbye_that_nobody_answers_changes_nothing() {
    let stand = start(Mail::that(Manner::GreetsThenSilent("554 go away\r\n"))).await;
    let session = look_within(SHORT, &stand, Service::Smtp).await;
    assert_eq!(session.end, End::Rejected(vec!["554 go away".to_owned()]));
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let stand = start(Mail::that(Manner::Sound)).await;
    let (address, port) = (stand.ip(), stand.port());
    drop(stand);
    let smtp =
        |service_port| Smtp::new(guard(Service::Smtp, service_port), trusting(), "checks.example".parse().unwrap());
    let mx: Name = "mx.example".parse().unwrap();
    // The address that the stand had: now nobody listens there.
    tokio::task::yield_now().await;
    let refused = smtp(port).look(&mx, address, Service::Smtp).await;
    assert_eq!((refused.stage, refused.end), (Stage::Connect, End::Unreached(Unreached::Refused)));
    let denied = smtp(port).look(&mx, [10, 0, 0, 5].into(), Service::Smtp).await;
    assert!(matches!(denied.end, End::Unreached(Unreached::Denied(_))), "{:?}", denied.end);
    let literal = smtp(port).look(&"10.0.0.5".parse().unwrap(), address, Service::Smtp).await;
    assert_eq!(literal.end, End::BadName);
}

#[test]
fn a_stand_in_serves_without_a_runtime_of_the_tests() {
    use std::io::{BufRead as _, BufReader};
    let stand = Stand::start_apart((Ipv4Addr::new(127, 0, 0, 26), 0).into(), Mail::that(Manner::Sound));
    let stream = std::net::TcpStream::connect((stand.ip(), stand.port())).unwrap();
    assert_eq!(BufReader::new(stream).lines().next().unwrap().unwrap(), "220 mx.example ESMTP");
    assert_eq!(stand.reached().connections, 1);
}

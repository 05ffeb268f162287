//! What the product says of mail servers, sound and hostile: the true thing, in time, and with few bytes.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use mailmedic::facts::{Call, Called, Distrust, Secured, Tls, Unreached};
use mailmedic::probe::smtp::Smtp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

fn call(host: &str, address: IpAddr, service: Service) -> Call {
    Call { host: host.parse().unwrap(), address, service }
}

fn smtp(service: Service, port: u16) -> Smtp {
    Smtp::new(guard(Port::Mail(service), port), trusting(), "checks.example".parse().unwrap())
}

async fn look_within(time: Duration, stand: &Stand, service: Service) -> Called {
    smtp(service, stand.port()).within(time).look(&call("mx.example", stand.ip(), service)).await
}

async fn look(mail: Mail) -> Called {
    look_within(AMPLE, &start(mail).await, Service::Smtp).await
}

fn secured(tls: Tls) -> Secured {
    let Tls::Up(secured) = tls else { panic!("no TLS: {tls:?}") };
    secured
}

/// Passes on what two parties say, and counts how often the word goes over to the one who called.
struct Relay {
    to: SocketAddr,
    turns: Arc<std::sync::atomic::AtomicU32>,
}

impl Conduct for Relay {
    async fn talk(&self, mut caller: TcpStream, _: Notes) -> std::io::Result<()> {
        let mut host = TcpStream::connect(self.to).await?;
        let (mut said, mut heard) = ([0; 4096], [0; 4096]);
        let mut callers_turn = false;
        loop {
            tokio::select! {
                read = caller.read(&mut said) => {
                    let Ok(read @ 1..) = read else { return Ok(()) };
                    if !std::mem::replace(&mut callers_turn, true) {
                        self.turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    host.write_all(&said[..read]).await?;
                }
                read = host.read(&mut heard) => {
                    let Ok(read @ 1..) = read else { return Ok(()) };
                    callers_turn = false;
                    caller.write_all(&heard[..read]).await?;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_look_at_a_mail_server_takes_six_turns() {
    let server = start(Mail::sound(Identity::Sound("mx.example"))).await;
    let turns = Arc::default();
    let to = (server.ip(), server.port()).into();
    let relay = Stand::start((Ipv4Addr::LOCALHOST, 0).into(), Relay { to, turns: Arc::clone(&turns) }).await;
    secured(look_within(AMPLE, &relay, Service::Smtp).await.unwrap().tls);
    let turns = turns.load(std::sync::atomic::Ordering::Relaxed);
    // Two more than the caller's: the connection, and the greeting, which the server says unasked. What TLS 1.3 sends
    // after the handshake, and nobody waits for, may come between the caller's last words.
    assert!((TURNS_OF_A_LOOK..=TURNS_OF_A_LOOK + 1).contains(&(turns + 2)), "{turns} turns of the caller");
}

#[tokio::test]
async fn a_sound_server_is_seen_whole_and_left_politely() {
    let stand = start(Mail::sound(Identity::Sound("mx.example"))).await;
    let session = look_within(AMPLE, &stand, Service::Smtp).await.unwrap();
    assert_eq!(session.greeting, "220 mx.example ESMTP");
    assert_eq!(session.capabilities, ["PIPELINING", "SIZE 10240000", "STARTTLS", "8BITMIME"]);
    let tls = secured(session.tls);
    assert_eq!((tls.version.as_str(), &tls.trusted, tls.names_host), ("TLSv1.3", &Ok(()), true));
    let leaf = tls.leaf.unwrap();
    assert_eq!(leaf.names, ["mx.example"]);
    assert!(leaf.issuer.contains("The Tests' Authority"), "{leaf:?}");
    assert_eq!((leaf.not_before, leaf.not_after), (1_577_836_800, 4_102_444_800));
    assert_eq!(tls.chain.len(), 1);
    let own = &tls.chain[0];
    assert!(own.der.windows(own.public_key.len()).any(|part| part == own.public_key) && own.public_key.len() > 80);
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
        let session = look_within(AMPLE, &stand, service).await.unwrap();
        assert_eq!(session.greeting, greeting);
        assert_eq!(secured(session.tls).trusted, Ok(()));
        assert_eq!(stand.reached().said, [goodbye]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_and_the_session_goes_on() {
    use Identity::{Early, Expired, Many, SelfSigned, Sound, SoundOnTls12, Stranger};
    for (identity, trusted, names_host, version) in [
        (SoundOnTls12("mx.example"), Ok(()), true, "TLSv1.2"),
        (Sound("other.example"), Ok(()), false, "TLSv1.3"),
        (Expired("mx.example"), Err(Distrust::Expired), true, "TLSv1.3"),
        (Early("mx.example"), Err(Distrust::NotYetValid), true, "TLSv1.3"),
        (SelfSigned("mx.example"), Err(Distrust::SelfSigned), true, "TLSv1.3"),
        (Stranger("mx.example"), Err(Distrust::UnknownIssuer), true, "TLSv1.3"),
        (Stranger("other.example"), Err(Distrust::UnknownIssuer), false, "TLSv1.3"),
        (Many("mx.example", 60), Ok(()), true, "TLSv1.3"),
    ] {
        let stand = start(Mail::sound(identity)).await;
        let tls = secured(look_within(AMPLE, &stand, Service::Smtp).await.unwrap().tls);
        assert_eq!(
            (&tls.trusted, tls.names_host, tls.version.as_str()),
            (&trusted, names_host, version),
            "{identity:?}"
        );
        assert!(tls.chain.len() <= 10, "{identity:?}: {} certificates", tls.chain.len());
        assert_eq!(stand.reached().said.last().map(String::as_str), Some("QUIT"), "{identity:?}");
    }
}

#[tokio::test]
async fn every_other_ending_is_told_and_only_one_before_the_first_reply_is_no_session() {
    let failed = |why: &str| Ok(Tls::Failed(why.to_owned()));
    let turned_away = |line: &str| Ok(Tls::TurnedAway(line.to_owned()));
    let too_much = "the server sent more than a handshake needs";
    for (mail, expected) in [
        (Mail::that(Manner::EndlessGreeting), Err(Unreached::Broken)),
        (Mail::that(Manner::GiantLine), Err(Unreached::Broken)),
        (Mail::that(Manner::Reset), Err(Unreached::Broken)),
        (Mail::that(Manner::HangsUp), Err(Unreached::Broken)),
        (Mail::that(Manner::Greets("450 later\r\n")), turned_away("450 later")),
        (Mail::that(Manner::Greets("554-go\r\n554 away\r\n")), turned_away("554-go\n554 away")),
        (Mail::that(Manner::Greets("SSH-2.0-x\r\n")), turned_away("SSH-2.0-x")),
        (Mail::that(Manner::Hello("550 not you\r\n")), turned_away("550 not you")),
        (Mail::that(Manner::StartTls("220 go\r\n250 injected\r\n")), Ok(Tls::Injected)),
        (Mail::that(Manner::Handshake(b"220 no TLS here\r\n")), failed("what the server sent is not TLS")),
        (Mail::that(Manner::Handshake(b"")), failed("the server hung up amid the handshake")),
        (Mail::that(Manner::Handshake(b"\x15\x03\x01\x00\x02\x02\x46")), Ok(Tls::TooOld)),
        (Mail::that(Manner::Handshake(&OLD_HELLO)), Ok(Tls::TooOld)),
        (
            Mail::that(Manner::Handshake(b"\x15\x03\x03\x00\x02\x02\x28")),
            failed("the server ended the handshake with the alert `handshake_failure`"),
        ),
        // A chain above what is kept.
        (Mail::sound(Identity::Many("mx.example", 1000)), failed(too_much)),
    ] {
        assert_eq!(look(mail).await.map(|session| session.tls), expected, "{mail:?}");
    }
}

#[tokio::test]
async fn without_starttls_the_look_is_whole_and_says_so() {
    for (manner, expected) in [
        (Manner::Hello("250-mx.example\r\n250 XSTARTTLS\r\n"), Tls::NotOffered),
        (Manner::Hello("250 STARTTLS\r\n"), Tls::NotOffered),
        (Manner::StartTls("454 no TLS today\r\n"), Tls::Refused("454 no TLS today".to_owned())),
    ] {
        let stand = start(Mail::that(manner)).await;
        let session = look_within(AMPLE, &stand, Service::Submission).await.unwrap();
        assert_eq!((session.greeting.as_str(), session.tls), ("220 mx.example ESMTP", expected));
        assert_eq!(stand.reached().said.last().map(String::as_str), Some("QUIT"), "{manner:?}");
    }
}

#[tokio::test]
async fn a_server_that_turns_us_away_is_left_politely() {
    let stand = start(Mail::that(Manner::Greets("554 go away\r\n"))).await;
    look_within(AMPLE, &stand, Service::Smtp).await.unwrap();
    assert_eq!(stand.reached().said, ["QUIT"]);
}

#[tokio::test]
async fn whatever_is_said_inside_tls_the_tls_was_seen() {
    for greeting in ["* BYE too many\r\n", "* PREAUTH hello\r\n", "220 wrong door\r\n"] {
        let mail = Mail { protocol: Protocol::ImapInTls, ..Mail::that(Manner::Greets(greeting)) };
        let session = look_within(AMPLE, &start(mail).await, Service::Imaps).await.unwrap();
        assert_eq!(session.greeting, greeting.trim_end());
        assert_eq!(secured(session.tls).trusted, Ok(()), "{greeting}");
    }
    let mail = Mail { protocol: Protocol::SmtpInTls, ..Mail::that(Manner::Greets("* OK wrong door\r\n")) };
    let session = look_within(AMPLE, &start(mail).await, Service::Submissions).await.unwrap();
    assert_eq!((session.greeting.as_str(), secured(session.tls).trusted), ("", Ok(())));
}

#[tokio::test]
async fn one_limit_for_the_whole_look_ends_silence_and_dripping() {
    for (manner, said) in [
        (Manner::Silent, &[][..]),
        (Manner::Drip, &[]),
        (Manner::SilentHandshake, &["EHLO checks.example", "STARTTLS"]),
    ] {
        let stand = start(Mail::that(manner)).await;
        let start = Instant::now();
        assert_eq!(look_within(SHORT, &stand, Service::Smtp).await, Err(Unreached::Silent), "{manner:?}");
        // Far below the time that a look has unless it is told otherwise, and far above this one's on a busy machine.
        assert!(start.elapsed() < Duration::from_secs(5), "{manner:?}: {:?}", start.elapsed());
        assert_eq!(stand.reached().said, said, "{manner:?}");
    }
}

#[tokio::test]
async fn a_goodbye_that_nobody_answers_changes_nothing() {
    let stand = start(Mail::that(Manner::GreetsThenSilent("554 go away\r\n"))).await;
    let session = look_within(SHORT, &stand, Service::Smtp).await.unwrap();
    assert_eq!(session.tls, Tls::TurnedAway("554 go away".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let stand = start(Mail::that(Manner::Sound)).await;
    let (address, port) = (stand.ip(), stand.port());
    drop(stand);
    // The address that the stand had: now nobody listens there.
    tokio::task::yield_now().await;
    for (host, address, why) in [
        ("mx.example", address, Unreached::Refused),
        ("mx.example", [10, 0, 0, 5].into(), Unreached::Denied),
        ("10.0.0.5", address, Unreached::NotAsked),
    ] {
        let called = smtp(Service::Smtp, port).look(&call(host, address, Service::Smtp)).await;
        assert_eq!(called, Err(why), "{host} {address}");
    }
}

#[test]
fn a_stand_in_serves_without_a_runtime_of_the_tests() {
    use std::io::{BufRead as _, BufReader};
    let stand = Stand::start_apart((Ipv4Addr::new(127, 0, 0, 26), 0).into(), Mail::that(Manner::Sound));
    let stream = std::net::TcpStream::connect((stand.ip(), stand.port())).unwrap();
    assert_eq!(BufReader::new(stream).lines().next().unwrap().unwrap(), "220 mx.example ESMTP");
    assert_eq!(stand.reached().connections, 1);
}

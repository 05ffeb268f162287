//! The test mailbox over real sockets: who gets in, what is taken, and what ends a session.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use mailmedic::inspect::connection::{Received, Tls};
use mailmedic::surface::mailbox::{LIFETIME, Limits, Mailbox, Registry, serve};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::cli::{file, mailmedic};
use crate::discord::fixtures::{APPLICATION, TOKEN};
use crate::discord::{Settings, StandIn};
use crate::hosts::{Identity, trusted};

/// A mailbox that listens on loopback; it ends when dropped.
struct Lab {
    address: SocketAddr,
    registry: Arc<Registry>,
    _stop: DropGuard,
}

impl Lab {
    async fn start(limits: Limits, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let registry = Registry::new("test.example".parse().unwrap(), LIFETIME);
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, Arc::clone(&registry), tls, limits, stop.clone()));
        Self { address, registry, _stop: stop.drop_guard() }
    }

    async fn open() -> Self {
        Self::start(quick(), None).await
    }

    /// A client that was greeted, and has greeted.
    async fn client(&self) -> Client<TcpStream> {
        let mut client = Client(TcpStream::connect(self.address).await.unwrap());
        assert_eq!(client.hear().await, "220");
        assert_eq!(client.say("EHLO client.example").await, "250");
        client
    }
}

/// Limits without the pause before the banner, which tests need not wait for.
fn quick() -> Limits {
    Limits { pause: Duration::from_millis(1), ..Limits::default() }
}

/// A client that speaks SMTP by hand.
struct Client<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Says a line, and hears the code of the reply.
    async fn say(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n")).await;
        self.hear().await
    }

    async fn send(&mut self, bytes: &str) {
        // Whoever was hung up on hears it.
        let _gone = self.0.write_all(bytes.as_bytes()).await;
    }

    /// The code of the next reply; empty where there is none any more.
    async fn hear(&mut self) -> String {
        self.last_line().await.chars().take(3).collect()
    }

    /// The last line of the next reply.
    async fn last_line(&mut self) -> String {
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\n") {
                match self.0.read_u8().await {
                    Ok(byte) => line.push(byte),
                    Err(_) => return String::new(),
                }
            }
            if line.get(3) != Some(&b'-') {
                return String::from_utf8_lossy(&line).into_owned();
            }
        }
    }

    /// Sends a whole mail to an address; the code of the last reply.
    async fn mail(&mut self, to: &str, message: &str) -> String {
        assert_eq!(self.say("MAIL FROM:<anna@example.com>").await, "250");
        let rcpt = self.say(&format!("RCPT TO:<{to}>")).await;
        if rcpt != "250" {
            return rcpt;
        }
        assert_eq!(self.say("DATA").await, "354");
        self.say(&format!("{message}\r\n.")).await
    }
}

/// Sends one mail by hand, in a session of its own; the code of the last reply.
pub(crate) async fn send(server: SocketAddr, to: &str, message: &str) -> String {
    let mut client = Client(TcpStream::connect(server).await.unwrap());
    assert_eq!(client.hear().await, "220");
    assert_eq!(client.say("EHLO client.example").await, "250");
    client.mail(to, message).await
}

/// The mail, which is there.
async fn taken(mailbox: &mut Mailbox) -> Received {
    mailbox.mail().await.expect("a mail")
}

#[tokio::test]
async fn one_mail_is_taken_and_nothing_else() {
    let lab = Lab::open().await;
    let mut mailbox = lab.registry.open().unwrap();
    let address = mailbox.address();
    let mut client = lab.client().await;
    for stranger in ["anna@example.com", "postmaster@test.example", &address.replace('@', "x@")] {
        assert_eq!(client.mail(stranger, "").await, "550", "{stranger}");
        assert_eq!(client.say("RSET").await, "250");
    }
    assert_eq!(client.mail(&address, "From: a\r\n\r\nHi").await, "250");
    let mail = taken(&mut mailbox).await;
    assert_eq!(
        (mail.message.as_slice(), mail.connection.helo.as_str()),
        (&b"From: a\r\n\r\nHi\r\n"[..], "client.example")
    );
    assert_eq!(client.mail(&address, "again").await, "550", "a second mail in the same session");
    assert_eq!(lab.client().await.mail(&address, "again").await, "550", "a second mail in another");
    assert_eq!(client.say("QUIT").await, "221");
    assert_eq!(client.hear().await, "", "the connection is closed");
}

#[tokio::test]
async fn of_two_mails_at_once_one_wins() {
    let lab = Lab::open().await;
    let mut mailbox = lab.registry.open().unwrap();
    let address = mailbox.address();
    let (mut one, mut two) = (lab.client().await, lab.client().await);
    let (one, two) = tokio::join!(one.mail(&address, "one"), two.mail(&address, "two"));
    let mut codes = [one.as_str(), two.as_str()];
    codes.sort_unstable();
    assert_eq!(codes, ["250", "550"]);
    let mail = taken(&mut mailbox).await;
    assert_eq!(mail.message, if one == "250" { b"one\r\n" } else { b"two\r\n" });
}

#[tokio::test]
async fn smuggled_mail_ends_the_session_and_nothing_is_taken() {
    let lab = Lab::open().await;
    let mailbox = lab.registry.open().unwrap();
    let address = mailbox.address();
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r\r\n"] {
        let mut client = lab.client().await;
        client.say("MAIL FROM:<anna@example.com>").await;
        client.say(&format!("RCPT TO:<{address}>")).await;
        assert_eq!(client.say("DATA").await, "354");
        client.send(&format!("Hi{end}MAIL FROM:<evil@example.com>\r\nRCPT TO:<{address}>\r\n")).await;
        assert_eq!((client.hear().await.as_str(), client.hear().await.as_str()), ("521", ""), "{end:?}");
    }
    assert!(lab.registry.count() == 1, "the address is still open");
}

#[tokio::test]
async fn whoever_speaks_first_is_out() {
    let lab = Lab::start(Limits { pause: Duration::from_mins(1), ..Limits::default() }, None).await;
    let mut client = Client(TcpStream::connect(lab.address).await.unwrap());
    client.send("EHLO client.example\r\n").await;
    assert_eq!((client.hear().await.as_str(), client.hear().await.as_str()), ("554", ""));
}

#[tokio::test]
async fn too_many_sessions_are_turned_away_until_one_ends() {
    let lab = Lab::start(Limits { of_client: 2, ..quick() }, None).await;
    let (mut first, _second) = (lab.client().await, lab.client().await);
    let mut third = Client(TcpStream::connect(lab.address).await.unwrap());
    assert_eq!((third.hear().await.as_str(), third.hear().await.as_str()), ("421", ""));
    assert_eq!(first.say("QUIT").await, "221");
    assert_eq!(first.hear().await, "");
    loop {
        // The place is free a moment after the connection is closed.
        let mut next = Client(TcpStream::connect(lab.address).await.unwrap());
        if next.hear().await == "220" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let crowded = Lab::start(Limits { sessions: 1, ..quick() }, None).await;
    let _inside = crowded.client().await;
    let mut outside = Client(TcpStream::connect(crowded.address).await.unwrap());
    assert_eq!(outside.hear().await, "421");
}

#[tokio::test]
async fn slow_drips_buy_no_time() {
    let drip = Duration::from_millis(20);
    let short = Duration::from_secs(2);
    for (limits, in_message) in
        [(Limits { command: short, ..quick() }, false), (Limits { message: short, ..quick() }, true)]
    {
        let lab = Lab::start(limits, None).await;
        let mailbox = lab.registry.open().unwrap();
        let mut client = lab.client().await;
        if in_message {
            client.say("MAIL FROM:<anna@example.com>").await;
            client.say(&format!("RCPT TO:<{}>", mailbox.address())).await;
            assert_eq!(client.say("DATA").await, "354");
        }
        let (mut reader, mut writer) = client.0.into_split();
        let dripping = tokio::spawn(async move {
            while writer.write_all(b"x").await.is_ok() {
                tokio::time::sleep(drip).await;
            }
        });
        let mut said = String::new();
        let _reset = reader.read_to_string(&mut said).await;
        assert!(said.starts_with("421 4.4.2 ") && said.lines().count() == 1, "{said}");
        dripping.abort();
        assert_eq!(lab.registry.count(), 1, "nothing was taken");
    }
}

#[tokio::test]
async fn a_session_ends_however_busy_it_is() {
    let lab = Lab::start(Limits { session: Duration::from_secs(2), ..quick() }, None).await;
    let mut client = lab.client().await;
    let mut last = String::new();
    for _ in 0..50 {
        client.send("NOOP\r\n").await;
        last = client.last_line().await;
        if !last.starts_with("250") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(last.starts_with("421 4.4.2"), "{last}");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_and_the_address_stays_open() {
    let lab = Lab::open().await;
    let mailbox = lab.registry.open().unwrap();
    let mut client = lab.client().await;
    let declared = format!("MAIL FROM:<anna@example.com> SIZE={}", 3 << 20);
    assert_eq!(client.say(&declared).await, "552");
    let large = ("x".repeat(998) + "\r\n").repeat(2200);
    assert_eq!(client.mail(&mailbox.address(), &large).await, "552");
    assert_eq!(lab.registry.count(), 1);
}

#[tokio::test]
async fn tls_is_begun_with_a_clean_slate_and_told() {
    let lab = Lab::start(quick(), Some(Identity::Sound("test.example").acceptor())).await;
    let mut mailbox = lab.registry.open().unwrap();
    let mut client = lab.client().await;
    assert_eq!(client.say("MAIL FROM:<evil@example.com>").await, "250");
    assert_eq!(client.say("STARTTLS").await, "220");
    let mut client = Client(trusted("test.example", client.0).await);
    assert_eq!(client.say(&format!("RCPT TO:<{}>", mailbox.address())).await, "503", "no sender is left");
    assert_eq!(client.say("EHLO client.example").await, "250");
    assert_eq!(client.mail(&mailbox.address(), "Hi").await, "250");
    assert_eq!(client.say("QUIT").await, "221");
    let Tls::Used { version, cipher } = taken(&mut mailbox).await.connection.tls else { panic!("no TLS") };
    assert_eq!(
        (version.as_str(), cipher.starts_with("TLS_AES_") || cipher.starts_with("TLS_CHACHA20_")),
        ("TLSv1.3", true),
        "{cipher}"
    );
}

#[tokio::test]
async fn commands_injected_behind_starttls_are_not_obeyed() {
    let lab = Lab::start(quick(), Some(Identity::Sound("test.example").acceptor())).await;
    let mut mailbox = lab.registry.open().unwrap();
    let mut client = lab.client().await;
    client.send("STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n").await;
    assert_eq!((client.hear().await.as_str(), client.hear().await.as_str()), ("554", ""), "in one piece");
    let mut client = lab.client().await;
    assert_eq!(client.say("STARTTLS").await, "220");
    client.send("MAIL FROM:<evil@example.com>\r\n").await;
    let mut rest = Vec::new();
    let _reset = client.0.read_to_end(&mut rest).await;
    assert!(!rest.starts_with(b"2") && !rest.starts_with(b"5"), "in a second piece: {rest:?}");
    assert!(futures_util::FutureExt::now_or_never(mailbox.mail()).is_none());
}

#[tokio::test]
async fn at_the_end_sessions_are_told() {
    let lab = Lab::open().await;
    let mut client = lab.client().await;
    drop(lab);
    assert_eq!((client.hear().await.as_str(), client.hear().await.as_str()), ("421", ""));
}

#[tokio::test]
async fn a_real_sender_gets_its_mail_through_over_tls() {
    if Command::new("swaks").arg("--version").output().await.is_err() {
        eprintln!("NOT TESTED: swaks is not there; `apt-get install swaks`");
        return;
    }
    let lab = Lab::start(quick(), Some(Identity::Sound("test.example").acceptor())).await;
    let mut mailbox = lab.registry.open().unwrap();
    let (port, address) = (lab.address.port().to_string(), mailbox.address());
    let sent = Command::new("swaks")
        .args(["--server", "127.0.0.1", "--port", &port, "--to", &address, "--from", "anna@example.com"])
        .args(["--helo", "client.example", "--pipeline", "--tls-optional", "--body", "line\n.dot\n..dots\n."])
        .output()
        .await
        .unwrap();
    let told = String::from_utf8_lossy(&sent.stdout).into_owned();
    assert!(sent.status.success(), "{told}");
    let mail = taken(&mut mailbox).await;
    let text = String::from_utf8(mail.message).unwrap();
    assert!(text.contains("\r\nline\r\n.dot\r\n..dots\r\n.\r\n"), "{text}");
    // Whether it speaks TLS depends on what else is installed beside it.
    let spoke = told.contains("TLS started");
    assert_eq!(matches!(mail.connection.tls, Tls::Used { .. }), spoke, "{told}");
}

#[tokio::test]
async fn serve_opens_the_mailbox_and_lets_nobody_relay() {
    let discord = StandIn::start_with(Settings { heartbeat: Duration::from_secs(1), ..Settings::default() }).await;
    let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = format!(
        "[discord]\napplication_id = \"{APPLICATION}\"\nproxy_url = \"{}\"\n[resolver]\nservers = [\"127.0.0.1:1\"]\n\
         [http]\nlisten = \"127.0.0.1:0\"\n[mailbox]\nlisten = \"{listen}\"\ndomain = \"test.host.example\"\n",
        discord.proxy_url()
    );
    let (_folder, path) = file("m.toml", &config);
    let mut command = Command::from(mailmedic(&["--config", path.to_str().unwrap(), "serve"]));
    command.env("DISCORD_TOKEN", TOKEN).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let bot = command.spawn().unwrap();
    discord.gateway().connected().await;
    let mut client = Client(TcpStream::connect(listen).await.unwrap());
    assert_eq!(client.hear().await, "220");
    assert_eq!(client.say("EHLO client.example").await, "250");
    for address in ["anna@example.com", "anna@test.host.example"] {
        assert_eq!(client.mail(address, "").await, "550", "{address}");
        assert_eq!(client.say("RSET").await, "250");
    }
    let ended = std::process::Command::new("kill").arg(bot.id().unwrap().to_string()).status().unwrap();
    assert!(ended.success());
    let output = bot.wait_with_output().await.unwrap();
    let logged = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{logged}");
    for private in ["anna", "client.example"] {
        assert!(!logged.contains(private), "{logged}");
    }
    discord.finish().await;
}

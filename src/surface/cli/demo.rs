//! The demo: the chat about made-up domains, on a built-in name server; no token, no network.
//!
//! With nothing on stdin it plays a short tour, so that the first look needs no typing.

mod server;

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

pub use server::NameServer;

use super::Exit;
use super::chat::{Chat, Lines};
use crate::engine::Engine;

/// The made-up domains, and what is wrong with each.
const DOMAINS: [(&str, &str); 14] = [
    ("healthy.example", "everything in order"),
    ("two-spf.example", "two SPF records"),
    ("no-spf.example", "no SPF record"),
    ("long-spf.example", "an SPF record that needs too many look-ups"),
    ("no-mx.example", "no mail server"),
    ("dead-mx.example", "a mail server that does not exist"),
    ("self-mx.example", "a mail server with the name of the domain itself"),
    ("no-ptr.example", "a mail server whose address has no name"),
    ("no-dkim.example", "no DKIM key"),
    ("weak-key.example", "a DKIM key that is too short"),
    ("no-dmarc.example", "no DMARC record"),
    ("broken-dmarc.example", "a DMARC record that cannot be read"),
    ("no-answer.example", "name servers that do not answer"),
    ("gone.example", "a domain that does not exist"),
];

/// The tour: a question answered, an offer, a check with its remedy, and silence for small talk.
const TOUR: [&str; 4] = [
    "emails from anna@two-spf.example end up in the recipients' spam folder",
    "i cant get into my account",
    "/check dead-mx.example",
    "thanks, have a nice weekend everybody",
];

pub(super) async fn demo(engine: &Arc<Engine>, out: &mut dyn Write) -> io::Result<Exit> {
    let mut chat = Chat::new(engine);
    if io::stdin().is_terminal() {
        introduce(out)?;
        chat.talk(Lines::prompting(), out).await?;
        return Ok(Exit::Fine);
    }
    let mut lines = Lines::silent();
    let Some(first) = lines.next().await? else {
        writeln!(out, "A short tour; run `mailmedic demo` in a terminal to talk to it yourself.")?;
        for line in TOUR {
            writeln!(out, "\nyou: {line}\n")?;
            chat.say(line, out).await?;
        }
        return Ok(Exit::Fine);
    };
    chat.say(&first, out).await?;
    writeln!(out)?;
    chat.talk(lines, out).await?;
    Ok(Exit::Fine)
}

fn introduce(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "mailmedic, with made-up domains on a name server of its own: no token, no network.\n")?;
    for (domain, fault) in DOMAINS {
        writeln!(out, "  {domain:<22} {fault}")?;
    }
    writeln!(out, "\nTry, one after the other:\n")?;
    for line in TOUR {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\n/help shows what it can do, /quit ends.\n")
}

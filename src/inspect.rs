//! What a person pasted or uploaded, read: pure, bounded, and with nothing kept.
//!
//! | module      | what it is for                                               |
//! |-------------|--------------------------------------------------------------|
//! | `letter`    | the structure of a mail, behind guards; names `mail-parser`  |
//! | `hypertext` | the words of an HTML part                                    |
//! | `kind`      | what the text is                                             |
//! | `bounce`    | mail that came back: who refused it, and why                 |
//! | `original`  | a message as it was signed: header fields and body, by the byte |
//! | `signature`, `arc` | what DKIM and ARC prove of it                         |
//! | `authentication`   | SPF, DKIM, DMARC and ARC together, for the author's domain |
//! | `results`   | what servers on the way claim to have proven                 |
//! | `connection` | what our own mail server saw of who brought a message       |
//! | `demands`   | the header fields that receivers demand                      |
//! | `report`    | what test services and servers say of a message, as claims   |
//! | `people`    | whose addresses a text holds, so that they can be masked     |
//! | `hops`, `date` | the way it took, and when                                 |
//!
//! All of it is hostile: whatever the bytes, reading ends soon and never ends the process. It says what the text claims;
//! nothing in it is proof of anything.

pub mod arc;
pub mod authentication;
pub mod bounce;
mod canonical;
pub mod connection;
pub mod date;
mod demands;
pub mod findings;
pub mod hops;
mod hypertext;
pub mod kind;
#[cfg(test)]
mod lab;
pub mod letter;
mod mailbox;
pub mod original;
mod people;
pub mod report;
pub mod results;
pub mod signature;
pub mod spam;
pub mod whole;

pub use bounce::{Bounce, Reason};
pub use kind::Kind;
pub use letter::{Letter, Unreadable};

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What the text is.
    pub kind: Kind,
    /// Its structure.
    pub letter: Letter,
    /// The recipients that were not reached, in the order in which they are told. Also what a reply or a line of a log
    /// says, and who is away, though neither is a bounce.
    pub bounces: Vec<Bounce>,
}

impl Inspection {
    /// The local parts of all addresses that the text holds, in small letters: whom a public answer must not name.
    pub fn people(&self) -> Vec<String> {
        people::all_in(&self.letter)
    }
}

/// Whether a message in a chat is clearly pasted from a mail or a server, and holds what can be told something of: a
/// bounce, a header block, a reply of a server or lines of its log that refuse, the report of a test service. Ordinary talk
/// is not, though it quotes some of these.
pub fn is_clearly_pasted(text: &str) -> bool {
    let Ok(read) = read(text.as_bytes()) else { return false };
    let coded = |bounce: &Bounce| bounce.reply_code.is_some() && bounce.status.is_some();
    let refuses = read.bounces.iter().any(coded);
    let headers = &read.letter.headers;
    match read.kind {
        Kind::Message | Kind::Headers => kind::is_of_machines(headers),
        Kind::Bounce if headers.is_empty() => {
            refuses && text.lines().filter(|line| !line.trim().is_empty()).count() >= 3
        }
        Kind::Bounce => refuses || kind::is_of_machines(headers),
        Kind::Reply => refuses && kind::is_bare_reply(text),
        Kind::Log => !read.bounces.is_empty(),
        Kind::Report => !text.trim().contains(char::is_whitespace) || text.contains("check:"),
        Kind::Other => false,
    }
}

/// Reads a text.
pub fn read(raw: &[u8]) -> Result<Inspection, Unreadable> {
    let letter = Letter::read(raw)?;
    let mut bounces = bounce::read(&letter);
    let kind = kind::of(&letter, &bounces);
    match kind {
        Kind::Bounce => {}
        Kind::Reply | Kind::Log => bounces = refusals(&letter, kind),
        Kind::Message => bounces = bounce::read_vacation(&letter).into_iter().collect(),
        Kind::Headers | Kind::Report | Kind::Other => bounces.clear(),
    }
    Ok(Inspection { kind, letter, bounces })
}

/// What the lines of a text say was refused.
fn refusals(letter: &Letter, kind: Kind) -> Vec<Bounce> {
    /// How many lines of a log are told, and how many are read.
    const TOLD: usize = 50;
    const READ: usize = 1_000;
    let text = letter.texts().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
    let lines: Vec<&str> = if kind == Kind::Reply { vec![&text] } else { text.lines().take(READ).collect() };
    let refused = lines.into_iter().map(bounce::read_refusal).filter(|bounce| {
        let refuses =
            bounce.reply_code.is_some() || bounce.status.as_ref().is_some_and(|status| !status.starts_with('2'));
        refuses && bounce.reason != Reason::Delivered
    });
    refused.take(TOLD).collect()
}

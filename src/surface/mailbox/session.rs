//! One SMTP session (RFC 5321): bytes in, replies out. Pure: no sockets, no clock; who is known is asked of a [`Post`].
//!
//! The commands of a line are read by `smtp-proto`, which is lenient about blanks and line endings. So a line is looked at
//! before: it ends in CRLF, holds no control characters, and no CR or LF stands alone in it. Where a message ends is
//! decided in `content`, by nobody else.
//!
//! Offers SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531, so that a sender with such an address can be tested),
//! PIPELINING (RFC 2920), ENHANCEDSTATUSCODES (RFC 2034) and, where there is a certificate, STARTTLS (RFC 3207). Does
//! nothing else: no AUTH, no BDAT, no DSN. Whoever sends what they may not send yet is out: bytes behind a command that
//! must be the last of its group would be read before its reply, behind STARTTLS even as if TLS had covered them
//! (CVE-2011-0411).

use std::borrow::Cow;
use std::net::IpAddr;

use smtp_proto::{Error, MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

use super::content::{Content, Taken};
use crate::domain::Name;
use crate::inspect::connection::{Connection, LONGEST_TRACE, Received, Tls};
use crate::inspect::letter;

/// The longest message that is taken: what is read of any, less what is written on top of it.
pub const LONGEST: usize = letter::LONGEST - LONGEST_TRACE;

/// How much of a message that is too long is waited for, so that its sender hears why it is refused.
const MOST_DISCARDED: usize = 4 * LONGEST;

/// The longest line of a command: 512 bytes, and what SIZE, BODY and SMTPUTF8 add, twice over (RFC 5321 section 4.5.3.1.4).
const LONGEST_LINE: usize = 1_024;

/// How many commands a session may have: a mail takes six, and some servers send several over one connection.
const MOST_COMMANDS: usize = 60;

/// How many of them may fail: more than that is no server's mistake.
const MOST_ERRORS: usize = 8;

/// Who takes the mail.
pub trait Post {
    /// Whether an address is open.
    fn knows(&self, address: &str) -> bool;

    /// Gives a mail to whoever waits for it at an address; false if nobody does any more.
    fn deliver(&self, address: &str, mail: Received) -> bool;
}

/// What a session says to some bytes, and what is to be done then.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The replies; empty where there is nothing to say yet.
    pub reply: String,
    /// What to do once they are sent.
    pub then: Then,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Read on.
    Read,
    /// Begin with TLS, and tell with [`Session::secured`].
    StartTls,
    /// Hang up.
    Close,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Await {
    /// A command.
    Command,
    /// The end of a message.
    Message,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    host: Name,
    client: IpAddr,
    tls: Tls,
    /// What was read and is not understood yet.
    buffer: Vec<u8>,
    greeting: Option<Greeting>,
    sender: Option<String>,
    recipient: Option<String>,
    content: Option<Content>,
    commands: usize,
    errors: usize,
}

/// How the client greeted.
#[derive(Debug)]
struct Greeting {
    name: String,
    /// Whether by EHLO, so that extensions may be used.
    extended: bool,
}

/// What a command leads to.
struct Outcome(String, Then);

fn say(reply: impl Into<String>) -> Outcome {
    Outcome(reply.into(), Then::Read)
}

impl Session {
    /// A session of our host with a client; `Tls::NotUsed` says that TLS can be had.
    pub const fn new(host: Name, client: IpAddr, tls: Tls) -> Self {
        Self {
            host,
            client,
            tls,
            buffer: Vec::new(),
            greeting: None,
            sender: None,
            recipient: None,
            content: None,
            commands: 0,
            errors: 0,
        }
    }

    /// The first thing to say.
    pub fn banner(&self) -> String {
        format!("220 {} ESMTP test mailbox, for mail to open test addresses alone\r\n", self.host)
    }

    /// What to say to a client that talks before the banner.
    pub fn early(&self) -> String {
        format!("554 5.5.1 {} speaks first\r\n", self.host)
    }

    /// What to say when time is up.
    pub fn late(&self) -> String {
        format!("421 4.4.2 {} has waited long enough\r\n", self.host)
    }

    /// What to say when the server ends.
    pub fn leaving(&self) -> String {
        format!("421 4.3.2 {} is going down\r\n", self.host)
    }

    /// What is waited for.
    pub const fn awaits(&self) -> Await {
        if self.content.is_some() { Await::Message } else { Await::Command }
    }

    /// TLS has begun: all that was said before counts no more (RFC 3207 section 4.2).
    pub fn secured(&mut self, tls: Tls) {
        self.tls = tls;
        self.buffer.clear();
        self.greeting = None;
        self.reset();
    }

    /// Takes bytes of the client.
    pub fn take(&mut self, bytes: &[u8], post: &impl Post) -> Step {
        self.buffer.extend_from_slice(bytes);
        let mut reply = String::new();
        loop {
            let next = if self.content.is_some() { self.message(post) } else { self.command(post) };
            let Some(Outcome(said, then)) = next else { return Step { reply, then: Then::Read } };
            reply.push_str(&said);
            reply.push_str("\r\n");
            if then != Then::Read {
                return Step { reply, then };
            }
        }
    }

    /// Takes what is there of a message.
    fn message(&mut self, post: &impl Post) -> Option<Outcome> {
        let content = self.content.as_mut()?;
        match content.take(&self.buffer, LONGEST) {
            Taken::Bare(which) => Some(bare(which)),
            Taken::More => {
                self.buffer.clear();
                (content.length() > MOST_DISCARDED).then(|| close("552 5.3.4 the message is far too long"))
            }
            Taken::Whole(length) => {
                self.buffer.drain(..length);
                Some(self.finish(post))
            }
        }
    }

    /// The message is whole.
    fn finish(&mut self, post: &impl Post) -> Outcome {
        let (content, sender, recipient) = (self.content.take(), self.sender.take(), self.recipient.take());
        let (Some(content), Some(mail_from), Some(recipient)) = (content, sender, recipient) else {
            return close("451 4.3.0 this is a bug of ours");
        };
        if content.length() > LONGEST {
            return say(format!("552 5.3.4 the message is longer than {LONGEST} bytes"));
        }
        let connection = Connection {
            address: self.client,
            helo: self.greeting.as_ref().map(|greeting| greeting.name.clone()).unwrap_or_default(),
            mail_from,
            tls: self.tls.clone(),
            by: self.host.clone(),
        };
        if post.deliver(&recipient, Received { connection, message: content.into_bytes() }) {
            say("250 2.0.0 taken; it goes nowhere else")
        } else {
            self.failed("550 5.1.1 this test address has had its mail, or its time has passed")
        }
    }

    /// Takes the next line, if a whole one is there.
    fn command(&mut self, post: &impl Post) -> Option<Outcome> {
        let line = match self.line()? {
            Ok(line) => line,
            Err(refused) => return Some(refused),
        };
        self.commands += 1;
        if self.commands > MOST_COMMANDS {
            return Some(close("421 4.7.0 too many commands"));
        }
        if line.iter().any(u8::is_ascii_control) || std::str::from_utf8(&line).is_err() {
            return Some(self.failed("500 5.5.2 that is not a command"));
        }
        let line = [&line, &b"\r\n"[..]].concat();
        let request = Request::parse(&mut line.iter());
        if !self.buffer.is_empty() && !self.may_be_followed(&request) {
            return Some(close("554 5.5.0 wait for the reply before you go on"));
        }
        let known = match &request {
            Ok(Request::Mail { .. }) => has_only(&line, &["SIZE=", "BODY=", "SMTPUTF8"]),
            Ok(Request::Rcpt { .. }) => has_only(&line, &[]),
            _ => true,
        };
        if !known {
            return Some(self.failed("555 5.5.4 that parameter is not known here"));
        }
        Some(match request {
            Ok(request) => self.obey(request, post),
            Err(Error::SyntaxError { syntax }) => self.failed(&format!("501 5.5.4 write it so: {syntax}")),
            Err(Error::InvalidSenderAddress) => self.failed("553 5.1.7 that is no address"),
            Err(Error::InvalidRecipientAddress) => self.failed("553 5.1.3 that is no address"),
            Err(Error::InvalidParameter { .. } | Error::UnsupportedParameter { .. }) => {
                self.failed("555 5.5.4 that parameter is not known here")
            }
            Err(_) => self.failed("500 5.5.2 that is not a command"),
        })
    }

    /// The next line without its end, taken out of the buffer; none if it is not there yet.
    fn line(&mut self) -> Option<Result<Vec<u8>, Outcome>> {
        let too_long = || Some(Err(close("500 5.5.2 the line is too long")));
        let Some(end) = self.buffer.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            return if self.buffer.len() > LONGEST_LINE { too_long() } else { None };
        };
        if end > LONGEST_LINE {
            return too_long();
        }
        match self.buffer.get(end..) {
            Some([b'\r', b'\n', ..]) => {}
            Some([b'\r']) => return None,
            Some([b'\r', ..]) => return Some(Err(bare("CR"))),
            _ => return Some(Err(bare("LF"))),
        }
        let mut line: Vec<u8> = self.buffer.drain(..end + 2).collect();
        line.truncate(end);
        Some(Ok(line))
    }

    /// Whether more may be sent behind a command before its reply is there (RFC 2920 section 3.1).
    fn may_be_followed(&self, request: &Result<Request<Cow<'_, str>>, Error>) -> bool {
        let last = matches!(
            request,
            Ok(Request::Ehlo { .. }
                | Request::Helo { .. }
                | Request::StartTls
                | Request::Data
                | Request::Bdat { .. }
                | Request::Vrfy { .. }
                | Request::Noop { .. }
                | Request::Quit)
        );
        !last && self.greeting.as_ref().is_some_and(|greeting| greeting.extended)
    }

    fn obey(&mut self, request: Request<Cow<'_, str>>, post: &impl Post) -> Outcome {
        match request {
            Request::Ehlo { host } => self.greet(&host, true),
            Request::Helo { host } => self.greet(&host, false),
            Request::StartTls => match self.tls {
                Tls::NotUsed => Outcome("220 2.0.0 go ahead".to_owned(), Then::StartTls),
                Tls::NotOffered => self.failed("502 5.5.1 there is no TLS here"),
                Tls::Used { .. } => self.failed("503 5.5.1 TLS is in use already"),
            },
            Request::Mail { from } => self.mail(from),
            Request::Rcpt { to } => self.rcpt(to, post),
            Request::Data if self.recipient.is_some() => {
                self.content = Some(Content::default());
                say("354 end with a dot on a line of its own")
            }
            Request::Data => self.failed("503 5.5.1 there is no recipient"),
            Request::Rset => {
                self.reset();
                say("250 2.0.0 forgotten")
            }
            Request::Noop { .. } => say("250 2.0.0 nothing done"),
            Request::Vrfy { .. } => say("252 2.5.0 a mail to it will tell"),
            Request::Quit => close("221 2.0.0 goodbye"),
            // What follows would be taken for commands.
            Request::Bdat { .. } => close("502 5.5.1 BDAT is not offered"),
            _ => self.failed("502 5.5.1 that is not done here"),
        }
    }

    fn greet(&mut self, name: &str, extended: bool) -> Outcome {
        if !name.is_ascii() {
            return self.failed("501 5.5.4 write the name in ASCII");
        }
        self.reset();
        self.greeting = Some(Greeting { name: name.to_owned(), extended });
        if !extended {
            return say(format!("250 {}", self.host));
        }
        let starttls = if self.tls == Tls::NotUsed { "250-STARTTLS\r\n" } else { "" };
        say(format!(
            "250-{}\r\n250-SIZE {LONGEST}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-PIPELINING\r\n{starttls}250 ENHANCEDSTATUSCODES",
            self.host
        ))
    }

    fn mail(&mut self, from: MailFrom<Cow<'_, str>>) -> Outcome {
        if self.greeting.is_none() {
            return self.failed("503 5.5.1 say EHLO first");
        }
        if self.sender.is_some() {
            return self.failed("503 5.5.1 there is a sender already");
        }
        if from.flags & MAIL_BODY_BINARYMIME != 0 {
            return self.failed("555 5.5.4 that parameter is not known here");
        }
        if from.size > LONGEST {
            return self.failed(&format!("552 5.3.4 the message is longer than {LONGEST} bytes"));
        }
        if !from.address.is_ascii() && from.flags & MAIL_SMTPUTF8 == 0 {
            return self.failed("553 5.6.7 such an address needs SMTPUTF8");
        }
        self.sender = Some(from.address.into_owned());
        say("250 2.1.0 ok")
    }

    fn rcpt(&mut self, to: RcptTo<Cow<'_, str>>, post: &impl Post) -> Outcome {
        if self.sender.is_none() {
            return self.failed("503 5.5.1 say MAIL first");
        }
        if !post.knows(&to.address) {
            return self.failed("550 5.1.1 there is no such test address; nothing is taken for anybody else");
        }
        if self.recipient.is_some() {
            return self.failed("452 4.5.3 one recipient a mail");
        }
        self.recipient = Some(to.address.into_owned());
        say("250 2.1.5 ok")
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipient = None;
        self.content = None;
    }

    /// A command that failed; the last one that may.
    fn failed(&mut self, reply: &str) -> Outcome {
        self.errors += 1;
        if self.errors >= MOST_ERRORS { close(&format!("{reply}\r\n421 4.7.0 too many errors")) } else { say(reply) }
    }
}

fn close(reply: &str) -> Outcome {
    Outcome(reply.to_owned(), Then::Close)
}

/// Whether the parameters behind a path are of those that were offered: `smtp-proto` knows more of them.
fn has_only(line: &[u8], known: &[&str]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_uppercase();
    let (_, parameters) = line.split_once('>').unwrap_or_default();
    parameters.split_whitespace().all(|parameter| known.iter().any(|known| parameter.starts_with(known)))
}

/// The end for whoever sends a CR or LF alone.
fn bare(which: &str) -> Outcome {
    close(&format!("521 5.5.2 a bare {which}: lines end in CRLF (RFC 5321 section 2.3.8)"))
}

#[cfg(test)]
mod tests;

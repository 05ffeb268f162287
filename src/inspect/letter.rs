//! The guarded reading of a mail: its header fields as they stand, and its parts one after another.
//!
//! Everything that names `mail-parser` is here. That crate builds nested messages as a tree and drops the tree by recursion,
//! so a small file of nested messages would overflow an ordinary stack and end the process. Hence the order: a size cap,
//! a scan that counts what can nest, a thread with a large stack in which the tree lives and dies, and a flat result.
//!
//! Decodes transfer encodings and charsets of text; never opens an attachment or an archive. Verifying signatures needs
//! the bytes as they came, and so does not start here.

use std::sync::LazyLock;
use std::thread;

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use regex::bytes::Regex;

use super::hypertext;

/// Above this many bytes nobody needs the mail to see what is wrong with it.
pub const LONGEST: usize = 2 << 20;
/// The longest header block: ten times what the longest chains of lists and filters add up to.
const LONGEST_HEADERS: usize = 256 << 10;
/// How many messages one mail may carry within it: a busy list's digest has a hundred.
const MESSAGES: usize = 200;
/// How many times a mail may name a boundary: twenty times what a newsletter with attachments does, and digests fit.
const BOUNDARIES: usize = 500;
/// How many parts there may be: more than any digest or folder of pictures has.
const PARTS: usize = 2_000;
/// Enough for the deepest tree that fits into [`LONGEST`] bytes, ten times over; the system hands out only what is used.
const STACK: usize = 64 << 20;
/// How much text is kept in all: charsets may make three bytes of one.
const LONGEST_TEXT: usize = 4 << 20;

/// How the files begin in which Outlook keeps a mail (MS-CFB section 2.2).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A mail as a reader of its structure sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The header fields, in their order; none where the text has no header block.
    pub headers: Vec<Header>,
    /// What it holds, in the order in which it is written, however deep it was nested.
    pub parts: Vec<Part>,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, as written.
    pub name: String,
    /// Its value, unfolded; encoded words stay encoded.
    pub value: String,
}

/// One part that is no container of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `type/subtype` in small letters.
    pub content_type: String,
    /// In how many carried messages it stands: 0 in the mail itself.
    pub depth: usize,
    /// Its text, decoded, with `\n` at the ends of lines; markup is taken out of HTML. A carried message
    /// (`message/rfc822`) has its header block here, and its parts follow. Empty for what is no text.
    pub text: String,
}

/// Why a mail is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is too long.
    #[error("it has {0} bytes; {LONGEST} at most are read. Remove the attachments, or paste the headers alone")]
    TooLong(usize),
    /// Its header block is too long.
    #[error("its header block is longer than {LONGEST_HEADERS} bytes, which no mail has")]
    TooManyHeaders,
    /// Too many messages in it.
    #[error("it carries more than {MESSAGES} other messages; paste one of them alone")]
    TooManyMessages,
    /// Too many parts.
    #[error("it is made of more parts than any mail has ({PARTS}); paste the headers alone")]
    TooManyParts,
    /// It is a file of Outlook's own.
    #[error(
        "it is an Outlook file (.msg). Save the mail as .eml instead: in the new Outlook or on the web, open it and choose \
         Download; in the classic Outlook, copy the text under File > Properties > Internet headers and paste that"
    )]
    OutlookFile,
    /// It could not be read.
    #[error("its structure could not be read; paste the headers or the error text alone")]
    Broken,
}

impl Letter {
    /// Reads a mail, or a text without a header block, whatever ends its lines (CRLF, LF, CR, or a mix of them).
    pub fn read(raw: &[u8]) -> Result<Self, Unreadable> {
        if raw.len() > LONGEST {
            return Err(Unreadable::TooLong(raw.len()));
        }
        if raw.starts_with(COMPOUND) {
            return Err(Unreadable::OutlookFile);
        }
        let raw = with_plain_ends(raw);
        let raw = raw.trim_ascii_start();
        let mail = without_mailbox_line(raw);
        if !has_headers(mail) {
            return Ok(Self::of_text(&String::from_utf8_lossy(raw)));
        }
        scan(mail)?;
        // A panic in the parser is a fault of the mail, not of whoever asked.
        let read = thread::scope(|scope| {
            let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse(mail));
            reader.ok().and_then(|reader| reader.join().ok())
        });
        read.ok_or(Unreadable::Broken)
    }

    /// A text without header fields.
    fn of_text(text: &str) -> Self {
        let part = Part { content_type: "text/plain".to_owned(), depth: 0, text: text.to_owned() };
        Self { headers: Vec::new(), parts: vec![part] }
    }

    /// The first field of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// All fields of this name, in their order.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_str())
    }

    /// The first field of this name with its encoded words (RFC 2047) read; empty where there is none.
    pub fn decoded(&self, name: &str) -> String {
        /// Above this many bytes a field that people read is none.
        const LONGEST_FIELD: usize = 4_000;
        let Some(value) = self.header(name).filter(|value| value.len() <= LONGEST_FIELD) else { return String::new() };
        if !value.contains("=?") {
            return value.to_owned();
        }
        let field = format!("Subject: {value}\n\n");
        let read = MessageParser::new().default_header_text().parse(field.as_bytes());
        read.and_then(|read| read.subject().map(str::to_owned)).unwrap_or_else(|| value.to_owned())
    }

    /// The parts of the mail itself that a person reads, not those of messages that it carries.
    pub fn texts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.depth == 0 && part.content_type.starts_with("text/"))
    }
}

impl Header {
    /// The fields of a header block, with `\n` at the ends of its lines. What stands before the first field is dropped.
    pub fn all_in(block: &str) -> Vec<Self> {
        let mut headers: Vec<Self> = Vec::new();
        for line in block.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some(header) = headers.last_mut() {
                    header.value.push(' ');
                    header.value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':')
                && is_field_name(name.trim_end().as_bytes())
            {
                headers.push(Self { name: name.trim_end().to_owned(), value: value.trim().to_owned() });
            }
        }
        headers
    }
}

/// The same lines, each ended by `\n` alone.
fn with_plain_ends(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
            plain.push(b'\n');
        } else {
            plain.push(byte);
        }
    }
    plain
}

/// A mail out of a mailbox file begins with a line that is no header field.
fn without_mailbox_line(raw: &[u8]) -> &[u8] {
    let is_one = raw.starts_with(b"From ") || raw.starts_with(b">From ");
    let rest = raw.iter().position(|byte| *byte == b'\n').and_then(|end| raw.get(end + 1..));
    if is_one { rest.unwrap_or_default() } else { raw }
}

/// Fields that a mail's header block has, one of which tells it from any other text with colons in it.
const FIELDS: [&str; 17] = [
    "received",
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
    "authentication-results",
    "arc-authentication-results",
    "arc-seal",
    "dkim-signature",
    "x-spam-status",
    "reply-to",
    "sender",
];

/// Whether a text begins with a header block: its first line is a field, and one of the first is a mail's.
fn has_headers(raw: &[u8]) -> bool {
    let block = header_block(raw);
    let mut lines = block.split(|byte| *byte == b'\n');
    let name = |line: &[u8]| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = line.get(..colon)?.trim_ascii_end();
        is_field_name(name).then(|| String::from_utf8_lossy(name).to_ascii_lowercase())
    };
    let Some(first) = lines.next().and_then(name) else { return false };
    FIELDS.contains(&first.as_str()) || lines.take(200).filter_map(name).any(|name| FIELDS.contains(&name.as_str()))
}

/// RFC 5322 section 2.2: printable, without a colon.
fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.len() < 100 && name.iter().all(|byte| byte.is_ascii_graphic() && *byte != b':')
}

fn header_block(raw: &[u8]) -> &[u8] {
    let end = raw.windows(2).position(|pair| pair == b"\n\n");
    end.and_then(|end| raw.get(..end + 1)).unwrap_or(raw)
}

/// Refuses what nests or repeats beyond any real mail, before it is parsed.
fn scan(raw: &[u8]) -> Result<(), Unreadable> {
    static MESSAGE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i-u)content-type\s*:\s*message/(?:rfc822|global)\b").ok());
    static BOUNDARY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?i-u)\bboundary[*0-9\s]*=\s*"?([^";\n]{1,200})"#).ok());
    if header_block(raw).len() > LONGEST_HEADERS {
        return Err(Unreadable::TooManyHeaders);
    }
    let (Some(message), Some(boundary)) = (&*MESSAGE, &*BOUNDARY) else { return Err(Unreadable::Broken) };
    if message.find_iter(raw).nth(MESSAGES).is_some() {
        return Err(Unreadable::TooManyMessages);
    }
    let named = boundary.captures_iter(raw).take(BOUNDARIES + 1).filter_map(|found| found.get(1));
    let mut named: Vec<&[u8]> = named.map(|name| name.as_bytes().trim_ascii_end()).collect();
    if named.len() > BOUNDARIES {
        return Err(Unreadable::TooManyParts);
    }
    named.sort_unstable();
    named.dedup();
    if named.is_empty() {
        return Ok(());
    }
    let delimiters: Vec<String> = named.iter().map(|name| regex::escape(&String::from_utf8_lossy(name))).collect();
    let delimiter = Regex::new(&format!("--(?:{})", delimiters.join("|"))).map_err(|_| Unreadable::Broken)?;
    if delimiter.find_iter(raw).nth(PARTS).is_some() { Err(Unreadable::TooManyParts) } else { Ok(()) }
}

/// Parses, flattens and drops; to be called where the stack is large.
fn parse(raw: &[u8]) -> Letter {
    // Only what tells the structure is parsed: the fields themselves are read as they stand.
    let message = MessageParser::new().with_mime_headers().default_header_ignore().parse(raw).unwrap_or_default();
    let block = String::from_utf8_lossy(header_block(raw)).into_owned();
    let mut letter = Letter { headers: Header::all_in(&block), parts: Vec::new() };
    let mut left = LONGEST_TEXT;
    let mut open = vec![message.parts.iter()];
    let mut carried: Vec<&Message<'_>> = Vec::new();
    while let Some(parts) = open.last_mut() {
        let Some(part) = parts.next() else {
            open.pop();
            carried.pop();
            continue;
        };
        let depth = carried.len();
        let text = match &part.body {
            PartType::Multipart(_) => continue,
            PartType::Message(inner) => {
                let text = headers_of(inner);
                carried.push(inner);
                open.push(inner.parts.iter());
                text
            }
            PartType::Text(text) => text.to_string(),
            PartType::Html(text) => hypertext::words(text),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) if is_readable(part) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            PartType::Binary(_) | PartType::InlineBinary(_) => String::new(),
        };
        if text.len() <= left && letter.parts.len() < PARTS {
            left -= text.len();
            letter.parts.push(Part { content_type: content_type(part), depth, text });
        }
    }
    letter
}

fn headers_of(message: &Message<'_>) -> String {
    let root = message.parts.first();
    let range = root.map_or(0..0, |root| root.offset_header as usize..root.offset_body as usize);
    String::from_utf8_lossy(message.raw_message.get(range).unwrap_or_default()).trim_end().to_owned()
}

/// Reports are no `text/…`, but text all the same.
fn is_readable(part: &MessagePart<'_>) -> bool {
    content_type(part).starts_with("message/")
}

fn content_type(part: &MessagePart<'_>) -> String {
    match (part.content_type(), &part.body) {
        // A container whose boundary is nowhere is read as one text.
        (Some(given), PartType::Text(_)) if given.ctype().eq_ignore_ascii_case("multipart") => "text/plain".to_owned(),
        (Some(given), _) => format!("{}/{}", given.ctype(), given.subtype().unwrap_or("plain")).to_ascii_lowercase(),
        (None, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, _) => "text/plain".to_owned(),
    }
}

#[cfg(test)]
mod tests;

//! Delivery status notifications (RFC 3464): the groups of fields that programs write for programs.

use crate::inspect::letter::Header;

use super::said;

/// How many groups are read: more recipients than these are told alike.
const GROUPS: usize = 1_000;

/// What a report says of one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) recipient: Option<String>,
    pub(super) action: String,
    pub(super) status: Option<String>,
    pub(super) remote: Option<String>,
    /// The diagnostic text without its type.
    pub(super) diagnostic: String,
    /// Whether its type says that no SMTP server gave it.
    pub(super) program: bool,
    /// What else the server wrote about the cause.
    pub(super) category: String,
}

/// What a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) reporter: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// Whether a text holds the fields of a report somewhere.
pub(super) fn is_in(text: &str) -> bool {
    let mut seen = (false, false);
    for line in text.lines() {
        let name = line.split_once(':').map(|(name, _)| name.trim().to_ascii_lowercase());
        match name.as_deref() {
            Some("final-recipient" | "original-recipient") => seen.0 = true,
            Some("status" | "action" | "diagnostic-code") => seen.1 = true,
            _ => {}
        }
    }
    seen.0 && seen.1
}

/// Reads the groups; fields of no group are those of the mail as a whole.
pub(super) fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut entry: Option<Entry> = None;
    for group in text.split("\n\n").take(GROUPS) {
        for field in Header::all_in(group) {
            let value = field.value.trim();
            match field.name.to_ascii_lowercase().as_str() {
                "reporting-mta" => report.reporter = said::host(value),
                "final-recipient" => {
                    // A second one begins another recipient, blank line or not; the original one stands before it.
                    let address = address(value);
                    let current = entry.get_or_insert_default();
                    if current.status.is_some() || !current.action.is_empty() {
                        let done = std::mem::take(current);
                        report.entries.push(done);
                    }
                    current.recipient = address.or(current.recipient.take());
                }
                "original-recipient" | "x-actual-recipient" | "x-original-recipient" => {
                    let current = entry.get_or_insert_default();
                    if current.recipient.is_none() {
                        current.recipient = address(value);
                    }
                }
                "action" => entry.get_or_insert_default().action = word(value),
                "status" => entry.get_or_insert_default().status = status(value),
                "remote-mta" => entry.get_or_insert_default().remote = said::host(value),
                "diagnostic-code" => {
                    let entry = entry.get_or_insert_default();
                    let (kind, text) = value.split_once(';').unwrap_or(("smtp", value));
                    let typed = kind.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                    let text = if typed { text } else { value };
                    let kind = kind.trim().to_ascii_lowercase();
                    entry.program = typed && kind.starts_with("x-") && kind != "x-postfix";
                    entry.diagnostic = said::plain(text);
                }
                "x-powermta-bouncecategory" => {
                    entry.get_or_insert_default().category = said::plain(value);
                }
                _ => {}
            }
        }
        if let Some(done) = entry.take_if(|entry| entry.recipient.is_some()) {
            report.entries.push(done);
        }
    }
    report.entries.extend(entry.filter(|entry| entry.status.is_some() || !entry.diagnostic.is_empty()));
    report
}

/// The address in a field, after its type.
fn address(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, address)| address).trim();
    let inner = value.rsplit_once('<').map_or(value, |(_, inner)| inner);
    let address = inner.split('>').next().unwrap_or_default().trim().trim_matches('"');
    let address = address.split_whitespace().next().unwrap_or_default();
    (!address.is_empty()).then(|| address.to_owned())
}

fn word(value: &str) -> String {
    value.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default().to_ascii_lowercase()
}

/// The status, without the comment that some add.
fn status(value: &str) -> Option<String> {
    said::status(value.split_whitespace().next().unwrap_or_default())
}

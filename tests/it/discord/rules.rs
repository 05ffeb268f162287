//! What Discord refuses though its `openapi.json` does not say so, and what a support bot must never send.
//!
//! Measured against the document (facts, chapter 3): it lets through embeds of more than 6000 characters in all, keys
//! that nobody knows, command names with capitals, more than five rows, buttons that lead nowhere and empty field names.
//! Beyond these, here is what Discord's documentation says in words only. And: a message mentions nobody, ever.

mod commands;
mod components;
mod embeds;

use serde_json::Value;

use super::routes::Body;

/// What is wrong, each with the place where.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<String>);

impl Report {
    fn say(&mut self, at: &str, what: impl AsRef<str>) {
        self.0.push(format!("{at}: {}", what.as_ref()));
    }

    /// Objects have the keys that Discord knows, and no others.
    fn keys(&mut self, at: &str, object: &Value, known: &[&str]) {
        for key in object.as_object().into_iter().flat_map(|object| object.keys()) {
            if !known.contains(&key.as_str()) {
                self.say(at, format!("unknown key `{key}`"));
            }
        }
    }
}

/// Says what is wrong with a body of one kind.
pub(crate) fn problems(kind: Body, body: &Value) -> Vec<String> {
    let mut report = Report::default();
    match kind {
        Body::Nothing | Body::Other => {}
        Body::Callback => callback(&mut report, body),
        Body::Message => message(&mut report, "", body, Part::Whole, &[CONTENT, IN_CHANNEL].concat()),
        Body::Execute => message(&mut report, "", body, Part::Whole, &[CONTENT, BY_WEBHOOK].concat()),
        Body::Edit => message(&mut report, "", body, Part::Change, CONTENT),
        Body::Commands => commands::check(&mut report, body),
    }
    report.0
}

/// Whether a body is a message from nothing, or says what changes in one.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Whole,
    Change,
    /// A message as the answer to an interaction.
    Answer,
}

const CONTENT: &[&str] = &["content", "embeds", "allowed_mentions", "components", "attachments", "flags", "poll"];
const IN_CHANNEL: &[&str] = &["nonce", "tts", "message_reference", "sticker_ids", "enforce_nonce"];
const BY_WEBHOOK: &[&str] = &["tts", "username", "avatar_url", "thread_name", "applied_tags"];

/// The message flag that says: only the person who asked sees it.
pub(crate) const EPHEMERAL: u64 = 1 << 6;
/// The message flag that says: all of it is components.
const COMPONENTS_V2: u64 = 1 << 15;

fn callback(report: &mut Report, body: &Value) {
    report.keys("", body, &["type", "data"]);
    let data = &body["data"];
    match body["type"].as_u64() {
        Some(4) => message(report, "/data", data, Part::Answer, &[CONTENT, &["tts"]].concat()),
        Some(7) => message(report, "/data", data, Part::Change, CONTENT),
        Some(5) => {
            if data["flags"].as_u64().unwrap_or(0) & !EPHEMERAL != 0 {
                report.say("/data/flags", "only EPHEMERAL can be said before the answer is there");
            }
            for key in CONTENT.iter().filter(|key| **key != "flags" && !is_empty(&data[**key])) {
                report.say("/data", format!("`{key}` has no place in a deferred answer"));
            }
        }
        Some(8) => {
            report.keys("/data", data, &["choices"]);
            commands::choices(report, "/data", data);
        }
        Some(9) => {
            report.keys("/data", data, &["custom_id", "title", "components"]);
            components::check(report, "/data/components", &data["components"], components::Style::Form);
        }
        _ => {}
    }
}

fn message(report: &mut Report, at: &str, body: &Value, part: Part, known: &[&str]) {
    report.keys(at, body, known);
    let called = match part {
        _ if body["enforce_nonce"] == true => Called::ByNotification,
        Part::Answer => Called::ByHelper,
        Part::Whole | Part::Change => Called::Nobody,
    };
    mentions(report, &format!("{at}/allowed_mentions"), &body["allowed_mentions"], called, &body["content"]);
    if body["content"].as_str().is_some_and(|text| text.chars().count() > 2000) {
        report.say(&format!("{at}/content"), "longer than 2000");
    }
    embeds::check(report, &format!("{at}/embeds"), &body["embeds"]);
    let new_style = body["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
    if new_style && (!is_empty(&body["content"]) || !is_empty(&body["embeds"])) {
        report.say(at, "with the flag for components, there is no place for content and embeds");
    }
    let style = if new_style { components::Style::New } else { components::Style::Classic };
    components::check(report, &format!("{at}/components"), &body["components"], style);
    let parts = ["content", "embeds", "components", "attachments", "poll", "sticker_ids"];
    if part != Part::Change && parts.iter().all(|part| is_empty(&body[*part])) {
        report.say(at, "a message needs something in it");
    }
}

/// Who may call somebody.
#[derive(Clone, Copy, PartialEq)]
enum Called {
    /// A notification, which bears a nonce: one person or role.
    ByNotification,
    /// Whoever chose an answer for somebody: that person. Whom they chose, `interactions` knows.
    ByHelper,
    Nobody,
}

/// A message says that nobody is to be pinged, whatever its text holds; a notification, and the answer that somebody chose
/// for a person, call one at most, whom the content names and nobody else. An edit notifies nobody, so that it calls nobody.
fn mentions(report: &mut Report, at: &str, mentions: &Value, called: Called, content: &Value) {
    report.keys(at, mentions, &["parse", "users", "roles", "replied_user"]);
    if mentions["parse"].as_array().is_none_or(|parse| !parse.is_empty()) {
        report.say(at, "must be there, with `parse` as an empty list");
    }
    if called != Called::Nobody {
        // It says whom where everybody can read it.
        let named = ["users", "roles"].map(|kind| mentions[kind].as_array().map_or(0, Vec::len)).iter().sum::<usize>();
        let forms: &[(&str, &str)] = match called {
            Called::ByHelper => &[("users", "For <@")],
            _ => &[("users", "<@"), ("roles", "<@&")],
        };
        let calls = forms.iter().any(|(kind, mark)| {
            mentions[kind][0].as_str().is_some_and(|id| content == &Value::from(format!("{mark}{id}>")))
        });
        if named > 1 || (named == 1 && !calls) || mentions["replied_user"] == true {
            report.say(at, "may call one alone, whom the content names");
        }
        return;
    }
    if !is_empty(&mentions["users"]) || !is_empty(&mentions["roles"]) || mentions["replied_user"] == true {
        report.say(at, "must not name anybody");
    }
}

/// A link in an embed or on a button leads to the web.
fn link(report: &mut Report, at: &str, link: &Value) {
    if let Some(link) = link.as_str().filter(|link| !link.is_empty()) {
        let known = url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "attachment"));
        if !known {
            report.say(at, format!("`{link}` is no link of the web"));
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

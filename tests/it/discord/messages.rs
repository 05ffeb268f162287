//! Messages as Discord keeps them: what the bot sent, turned into the message object that others see.

use serde_json::{Value, json};

use super::fixtures::{BOT, NOW, message::attachment, message::message};
use super::multipart::File;
use super::rules::EPHEMERAL;
use super::world::World;

/// The message flag of an answer that is not there yet.
pub(crate) const LOADING: u64 = 1 << 7;

/// Keeps a new message of the bot, and gives it.
pub(crate) fn create(world: &mut World, id: &str, channel: &str, body: &Value, files: &[File]) -> Value {
    world.messages.insert(id.to_owned(), message(id, channel, BOT));
    let mut created = change(world, id, body, files);
    created["edited_timestamp"] = Value::Null;
    world.messages.insert(id.to_owned(), created.clone());
    created
}

/// Changes a message that is there, and gives it; what the body does not name stays.
pub(crate) fn change(world: &mut World, id: &str, body: &Value, files: &[File]) -> Value {
    let mut changed = world.messages[id].clone();
    if let Some(content) = body.get("content") {
        changed["content"] = json!(content.as_str().unwrap_or_default());
    }
    if let Some(embeds) = body.get("embeds") {
        changed["embeds"] = embeds.as_array().map_or(json!([]), |list| list.iter().map(embed).collect());
    }
    if let Some(components) = body.get("components") {
        let mut number = 0;
        changed["components"] = numbered(components, &mut number);
    }
    if body.get("attachments").is_some() || !files.is_empty() {
        changed["attachments"] = attachments(world, &changed, body, files);
    }
    let kept = changed["flags"].as_u64().unwrap_or(0) & EPHEMERAL;
    let flags = body["flags"].as_u64().map_or(kept, |flags| flags | kept);
    changed["flags"] = json!(flags & !LOADING);
    changed["edited_timestamp"] = json!(NOW);
    world.messages.insert(id.to_owned(), changed.clone());
    changed
}

/// Whether there is nothing in a message for a person to see.
pub(crate) fn is_blank(message: &Value) -> bool {
    let lists = ["embeds", "components", "attachments"];
    message["content"] == "" && lists.iter().all(|part| message[*part].as_array().is_none_or(Vec::is_empty))
}

fn embed(sent: &Value) -> Value {
    let mut embed = sent.clone();
    embed["type"] = json!("rich");
    for field in embed["fields"].as_array_mut().into_iter().flatten() {
        if field["inline"].is_null() {
            field["inline"] = json!(false);
        }
    }
    if let Some(embed) = embed.as_object_mut() {
        embed.retain(|_, value| !value.is_null());
    }
    embed
}

/// Discord gives every component a number.
fn numbered(components: &Value, number: &mut u64) -> Value {
    let one = |component: &Value| {
        *number += 1;
        let mut seen = component.clone();
        seen["id"] = json!(*number);
        if component["components"].is_array() {
            seen["components"] = numbered(&component["components"], number);
        }
        seen
    };
    components.as_array().map_or(json!([]), |list| list.iter().map(one).collect())
}

/// The attachments after a change: those that the body keeps by their id, and the new files.
fn attachments(world: &mut World, message: &Value, body: &Value, files: &[File]) -> Value {
    let keeps = |old: &&Value| {
        body.get("attachments")
            .and_then(Value::as_array)
            .is_none_or(|kept| kept.iter().any(|one| one["id"] == old["id"]))
    };
    let mut all: Vec<Value> = message["attachments"].as_array().into_iter().flatten().filter(keeps).cloned().collect();
    for file in files {
        let path =
            format!("/attachments/{}/{}/{}", message["channel_id"].as_str().unwrap_or_default(), all.len(), file.name);
        all.push(attachment(&path, &file.name, "application/octet-stream", file.bytes.len()));
        world.files.insert(path, file.bytes.clone());
    }
    Value::Array(all)
}

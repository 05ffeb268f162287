//! What the bot does in channels of its own accord: messages, typing, reactions, threads, direct messages.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::fixtures::{self, APPLICATION, BOT, CUSTOMER, GUILD, MANAGER, NEIGHBOUR, STAFF, guild, snowflake};
use super::messages;
use super::rest::{Call, Outcome, Refusal};
use super::routes::Operation;
use super::world::World;

/// One thing that the bot did in a channel.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) what: Operation,
    pub(crate) when: Instant,
    pub(crate) channel: String,
    /// The message that it wrote, changed, took back or reacted to.
    pub(crate) message: Option<String>,
    /// What it sent; of a reaction the emoji.
    pub(crate) body: Value,
}

/// Answers for channels and their messages.
pub(crate) fn answer(world: &mut World, call: &Call) -> Result<Outcome, Refusal> {
    let id = call.params.get("channel_id");
    let Some(channel) = find(world, id) else {
        return Err(Refusal::wrong(404, 10003, "Unknown Channel", format!("there is no channel {id}")));
    };
    permit(world, &channel, call)?;
    let mut deed = Deed {
        what: call.operation,
        when: call.arrived,
        channel: id.to_owned(),
        message: None,
        body: call.body.clone(),
    };
    let outcome = match call.operation {
        Operation::GetChannel => return Ok(Outcome::Json(200, channel)),
        Operation::ListMessages => {
            let mut all: Vec<&Value> = world.messages.values().filter(|message| message["channel_id"] == id).collect();
            all.sort_by_key(|message| std::cmp::Reverse(message["id"].as_str().map(str::to_owned)));
            return Ok(Outcome::Json(200, json!(all)));
        }
        Operation::EditChannel => Outcome::Json(200, edit_channel(world, &channel, &call.body)?),
        Operation::ShowTyping => Outcome::Empty,
        Operation::CreateMessage => {
            if let Some(sent) = sent_before(world, &call.body) {
                return Ok(Outcome::Json(200, sent));
            }
            let message = create_message(world, id, call)?;
            deed.message = message["id"].as_str().map(str::to_owned);
            Outcome::Json(200, message)
        }
        _ => {
            let message = call.params.get("message_id");
            deed.message = Some(message.to_owned());
            on_message(world, id, message, call, &mut deed)?
        }
    };
    if call.operation != Operation::GetMessage {
        world.deeds.push(deed);
    }
    Ok(outcome)
}

/// Finds a channel or thread by its id.
pub(crate) fn find(world: &World, id: &str) -> Option<Value> {
    let known = guild::channels().into_iter().chain([guild::dm(), guild::owners_dm()]);
    let mut channel =
        known.into_iter().find(|channel| channel["id"] == id).or_else(|| world.threads.get(id).cloned())?;
    let bits = |of: &HashMap<String, u64>| of.get(id).copied().unwrap_or(0);
    let (allowed, denied) = (bits(&world.allowed), bits(&world.denied));
    if allowed | denied != 0 {
        let overwrite = json!({"id": BOT.id, "type": 1, "allow": allowed.to_string(), "deny": denied.to_string()});
        channel["permission_overwrites"] = json!([overwrite]);
    }
    Some(channel)
}

/// Refuses what the bot may not do in a channel; a thread takes after its channel.
fn permit(world: &World, channel: &Value, call: &Call) -> Result<(), Refusal> {
    let thread = channel["type"] == 11;
    let place = if thread { &channel["parent_id"] } else { &channel["id"] };
    let bits = |of: &HashMap<String, u64>| of.get(place.as_str().unwrap_or_default()).copied().unwrap_or(0);
    let denied = !((BOT.permissions | bits(&world.allowed)) & !bits(&world.denied));
    if place.is_null() || channel["type"] == 1 {
        return Ok(());
    }
    let writes = call.operation == Operation::CreateMessage;
    let embeds = call.body["embeds"].as_array().is_some_and(|embeds| !embeds.is_empty());
    if denied & permission::VIEW_CHANNEL != 0 {
        return Err(Refusal::new(403, 50001, "Missing Access"));
    }
    if writes && !call.body["message_reference"].is_null() && denied & permission::READ_MESSAGE_HISTORY != 0 {
        let message = "Cannot reply without permission to read message history";
        return Err(Refusal::new(403, 160_002, message));
    }
    let send = if thread { permission::SEND_MESSAGES_IN_THREADS } else { permission::SEND_MESSAGES };
    let tags = call.operation == Operation::EditChannel && channel["owner_id"] != BOT.id;
    let lacks = (writes && denied & send != 0)
        || (embeds && denied & permission::EMBED_LINKS != 0)
        || (call.operation == Operation::StartThread && denied & permission::CREATE_PUBLIC_THREADS != 0)
        || (call.operation == Operation::React && denied & permission::ADD_REACTIONS != 0)
        || (tags && denied & permission::MANAGE_THREADS != 0);
    if lacks { Err(Refusal::new(403, 50013, "Missing Permissions")) } else { Ok(()) }
}

/// Permissions that a test may take from the bot or give it, by their bits.
pub(crate) mod permission {
    pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
    pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
    pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
    pub(crate) const EMBED_LINKS: u64 = 1 << 14;
    pub(crate) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
    pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
    pub(crate) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
}

fn edit_channel(world: &mut World, channel: &Value, body: &Value) -> Result<Value, Refusal> {
    let id = channel["id"].as_str().unwrap_or_default();
    let Some(thread) = world.threads.get_mut(id) else {
        return Err(Refusal::wrong(403, 50013, "Missing Permissions", "the bot may edit threads only"));
    };
    for (key, value) in body.as_object().into_iter().flatten() {
        match key.as_str() {
            "archived" | "locked" | "auto_archive_duration" => thread["thread_metadata"][key] = value.clone(),
            _ => thread[key] = value.clone(),
        }
    }
    Ok(thread.clone())
}

/// The message that was made with the same nonce, where no second one shall be.
fn sent_before(world: &World, body: &Value) -> Option<Value> {
    let again = |message: &&Value| message["nonce"] == body["nonce"] && message["author"]["id"] == BOT.id;
    let enforced = body["enforce_nonce"] == true && !body["nonce"].is_null();
    world.messages.values().find(|message| enforced && again(message)).cloned()
}

fn create_message(world: &mut World, channel: &str, call: &Call) -> Result<Value, Refusal> {
    if channel == fixtures::FORUM {
        return Err(Refusal::wrong(400, 50008, "Cannot send messages in a non-text channel", "a forum has only posts"));
    }
    let reference = &call.body["message_reference"];
    let to = reference["message_id"].as_str().and_then(|id| world.messages.get(id)).cloned();
    if to.is_none() && !reference.is_null() && reference["fail_if_not_exists"] != false {
        return Err(Refusal::wrong(400, 50035, "Invalid Form Body", "it replies to a message that is not there"));
    }
    let id = snowflake();
    let mut message = messages::create(world, &id, channel, &call.body, &call.files);
    if let Some(to) = to {
        message["type"] = json!(19);
        message["message_reference"] = json!({"type": 0, "channel_id": to["channel_id"], "message_id": to["id"]});
        message["referenced_message"] = to;
    }
    if !call.body["nonce"].is_null() {
        message["nonce"] = call.body["nonce"].clone();
    }
    world.messages.insert(id, message.clone());
    Ok(message)
}

fn on_message(world: &mut World, channel: &str, id: &str, call: &Call, deed: &mut Deed) -> Result<Outcome, Refusal> {
    let message = world.messages.get(id).filter(|message| message["channel_id"] == channel).cloned();
    let Some(message) = message else {
        return Err(Refusal::wrong(404, 10008, "Unknown Message", format!("there is no message {id} in {channel}")));
    };
    let own = message["author"]["id"] == BOT.id;
    match call.operation {
        Operation::EditMessage if own => Ok(Outcome::Json(200, messages::change(world, id, &call.body, &call.files))),
        Operation::EditMessage => {
            let why = "only the author may";
            Err(Refusal::wrong(403, 50005, "Cannot edit a message authored by another user", why))
        }
        Operation::DeleteMessage if own => {
            world.messages.remove(id);
            Ok(Outcome::Empty)
        }
        Operation::DeleteMessage => {
            Err(Refusal::wrong(403, 50013, "Missing Permissions", "the bot may not take back what others wrote"))
        }
        Operation::React => {
            deed.body = json!(call.params.get("emoji_name"));
            Ok(Outcome::Empty)
        }
        Operation::StartThread => {
            let name = call.body["name"].as_str().unwrap_or_default();
            let thread = guild::thread(id, channel, name, APPLICATION);
            world.threads.insert(id.to_owned(), thread.clone());
            Ok(Outcome::Json(201, thread))
        }
        _ => Ok(Outcome::Json(200, message)),
    }
}

/// `POST /users/@me/channels`.
pub(crate) fn open_dm(call: &Call) -> Result<Outcome, Refusal> {
    let channels = [(CUSTOMER.id, guild::dm()), (STAFF.id, guild::owners_dm())];
    let found = channels.into_iter().find(|(id, _)| call.body["recipient_id"] == *id);
    let why = "only the customer and the owner have a direct channel";
    let refusal = || Refusal::wrong(400, 50007, "Cannot send messages to this user", why);
    found.map(|(_, channel)| Outcome::Json(200, channel)).ok_or_else(refusal)
}

/// `GET /guilds/{guild_id}…`.
pub(crate) fn guild(call: &Call) -> Result<Outcome, Refusal> {
    if call.params.get("guild_id") != GUILD {
        return Err(Refusal::wrong(404, 10004, "Unknown Guild", "the bot is in one guild only"));
    }
    let told = match call.operation {
        Operation::ListChannels => json!(guild::channels()),
        Operation::ListRoles => guild::roles(),
        Operation::GetMember => {
            let id = call.params.get("user_id");
            let person = [BOT, CUSTOMER, NEIGHBOUR, STAFF, MANAGER].into_iter().find(|person| person.id == id);
            let person = person.ok_or_else(|| Refusal::new(404, 10007, "Unknown Member"))?;
            person.member()
        }
        _ => guild::guild(),
    };
    Ok(Outcome::Json(200, told))
}

/// `GET /users/@me/guilds`.
pub(crate) fn my_guilds() -> Outcome {
    Outcome::Json(
        200,
        json!([{
            "id": GUILD, "name": guild::guild()["name"], "icon": null, "banner": null, "owner": false,
            "permissions": BOT.permissions.to_string(), "features": ["COMMUNITY", "NEWS"]
        }]),
    )
}

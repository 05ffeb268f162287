//! An interaction's life: dispatched, acknowledged once and in time, then edited and followed up by its token.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fixtures::{APPLICATION, Invocation, invocation::What as Kind, snowflake};
use super::messages::{self, LOADING};
use super::rest::{Call, Outcome, Refusal};
use super::rules::EPHEMERAL;
use super::world::{Shared, World};

/// What the stand-in knows of one interaction.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) token: String,
    pub(crate) name: String,
    pub(crate) dispatched: Instant,
    pub(crate) stage: Stage,
    pub(crate) happenings: Vec<Happening>,
    /// The message that `@original` means.
    pub(crate) original: Option<String>,
    /// The test said that no answer is expected.
    pub(crate) excused: bool,
    /// An acknowledgement was taken, but its reply was lost on the way: a second try is no fault.
    pub(crate) reply_lost: bool,
    kind: u8,
    channel: String,
    /// The people whom the command was given.
    given: Vec<String>,
    carrier: Option<String>,
    metadata: Value,
}

/// How far an interaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing heard yet.
    Open,
    /// Deferred: the person sees that the bot is thinking.
    Thinking,
    /// The message with the component stays as it is for now.
    Kept,
    /// An answer is there.
    Answered,
    /// Answered by choices or by a form: there is no message.
    Elsewhere,
}

/// One thing that the bot did for an interaction.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) what: What,
    /// How long after the dispatch.
    pub(crate) after: Duration,
    /// What the bot sent.
    pub(crate) body: Value,
}

/// The things that a bot does for an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// Acknowledged, by a request of its own.
    Acknowledged,
    /// Acknowledged in the response to Discord's signed request.
    AcknowledgedInline,
    /// Changed (or first filled in) the answer.
    Edited,
    /// Sent one more message.
    FollowedUp,
    /// Changed such a message.
    FollowUpEdited,
    /// Took a message back.
    Deleted,
}

/// Remembers a new interaction, and gives its object.
pub(crate) fn open(world: &mut World, invocation: &Invocation) -> Value {
    let id = snowflake();
    let token = format!("aW50ZXJhY3Rpb246{id}-{}", "this-token-is-a-secret-for-15-minutes-".repeat(3));
    let commands = world.visible_commands();
    let carrier = carrier_of(world, invocation);
    let object = invocation.object(&id, &token, &commands, carrier.as_ref());
    if let Kind::Component { .. } = invocation.what {
        let message = object["message"].clone();
        world.messages.insert(message["id"].as_str().unwrap_or_default().to_owned(), message);
    }
    let name = match &invocation.what {
        Kind::Slash { name, .. } | Kind::Typing { name, .. } => format!("/{name}"),
        Kind::OnMessage { name, .. } => format!("`{name}`"),
        Kind::Component { custom_id, .. } | Kind::Form { custom_id, .. } => format!("[{custom_id}]"),
    };
    world.note(format!("interaction {id} {name} (type {}) begins", invocation.kind()));
    let talk = Talk {
        token,
        name,
        dispatched: Instant::now(),
        stage: Stage::Open,
        happenings: Vec::new(),
        original: None,
        excused: false,
        reply_lost: false,
        kind: invocation.kind(),
        channel: invocation.channel.clone(),
        given: people_given(&object["data"]["options"]),
        carrier: object["message"]["id"].as_str().map(str::to_owned),
        metadata: metadata(&id, invocation, &object),
    };
    world.talks.insert(id, talk);
    object
}

/// The people (options of type 6) among a command's options, those of its parts included.
fn people_given(options: &Value) -> Vec<String> {
    let options = options.as_array().into_iter().flatten();
    let each = options.flat_map(|option| {
        let own = option["value"].as_str().filter(|_| option["type"] == 6).map(str::to_owned);
        own.into_iter().chain(people_given(&option["options"]))
    });
    each.collect()
}

/// Says whom an answer calls although nobody chose it for them.
fn called_unasked(talk: &Talk, body: &Value) -> Option<String> {
    let called = body["allowed_mentions"]["users"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let unasked = called.into_iter().find(|id| !talk.given.iter().any(|given| given == id));
    unasked.map(|id| format!("{} calls {id}, for whom nobody asked", talk.name))
}

/// The newest message that carries the component which is pressed, or which opened the form: it bears the same id.
fn carrier_of(world: &World, invocation: &Invocation) -> Option<Value> {
    let (Kind::Component { custom_id, .. } | Kind::Form { custom_id, .. }) = &invocation.what else { return None };
    let carries = |message: &&Value| has_component(&message["components"], custom_id);
    world.messages.values().filter(carries).max_by_key(|message| message["id"].as_str().map(str::to_owned)).cloned()
}

fn has_component(components: &Value, custom_id: &str) -> bool {
    let mut all = components.as_array().into_iter().flatten();
    all.any(|one| one["custom_id"] == custom_id || has_component(&one["components"], custom_id))
}

fn metadata(id: &str, invocation: &Invocation, object: &Value) -> Value {
    let mut metadata = json!({
        "id": id, "type": object["type"], "user": invocation.person.user(),
        "authorizing_integration_owners": object["authorizing_integration_owners"]
    });
    if invocation.kind() == 2 {
        metadata["name"] = object["data"]["name"].clone();
        metadata["command_type"] = object["data"]["type"].clone();
    }
    if let Some(target) = object["data"]["target_id"].as_str() {
        metadata["target_message_id"] = json!(target);
    }
    let carrier = object["message"]["id"].as_str();
    if invocation.kind() == 5 {
        // What opened the form: a button of that message, or a command.
        metadata["triggering_interaction_metadata"] = json!({
            "id": snowflake(), "type": if carrier.is_some() { 3 } else { 2 }, "user": invocation.person.user(),
            "authorizing_integration_owners": object["authorizing_integration_owners"]
        });
        if let Some(carrier) = carrier {
            metadata["triggering_interaction_metadata"]["interacted_message_id"] = json!(carrier);
        }
    } else if let Some(carrier) = carrier {
        metadata["interacted_message_id"] = json!(carrier);
    }
    metadata
}

/// `POST …/callback`.
pub(crate) fn acknowledge(shared: &Shared, world: &mut World, call: &Call) -> Outcome {
    let id = call.params.get("interaction_id");
    let known = world.talks.get(id).is_some_and(|talk| talk.token == call.params.get("interaction_token"));
    if !known {
        return Refusal::wrong(404, 10062, "Unknown interaction", format!("{id} with this token never began")).into();
    }
    match accept(shared, world, id, What::Acknowledged, call) {
        Err(refusal) => refusal.into(),
        Ok(message) if call.query.contains("with_response=true") => {
            let talk = &world.talks[id];
            let mut told = json!({"interaction": {"id": id, "type": talk.kind}});
            if let Some(message) = message {
                told["interaction"]["response_message_id"] = message["id"].clone();
                told["resource"] = json!({"type": call.body["type"], "message": message});
            }
            Outcome::Json(200, told)
        }
        Ok(_) => Outcome::Empty,
    }
}

/// Takes an acknowledgement, from wherever it came; gives the message that the person now sees.
pub(crate) fn accept(
    shared: &Shared,
    world: &mut World,
    id: &str,
    what: What,
    call: &Call,
) -> Result<Option<Value>, Refusal> {
    let body = &call.body;
    let talk = world.talks.get_mut(id).expect("the caller looked");
    let after = call.arrived.saturating_duration_since(talk.dispatched);
    if talk.stage != Stage::Open {
        let said = format!("{} {id} was acknowledged twice", talk.name);
        let refusal = Refusal::new(400, 40060, "Interaction has already been acknowledged.");
        return Err(if talk.reply_lost { refusal } else { refusal.because(said) });
    }
    if after > shared.settings.acknowledge_within {
        let said = format!("{} {id} was acknowledged after {after:?}: too late", talk.name);
        return Err(Refusal::wrong(404, 10062, "Unknown interaction", said));
    }
    let kind = body["type"].as_u64().unwrap_or(0);
    let fits = match kind {
        4 | 5 => talk.kind != 4,
        6 | 7 => talk.kind == 3 || (talk.kind == 5 && talk.carrier.is_some()),
        8 => talk.kind == 4,
        9 => matches!(talk.kind, 2 | 3),
        _ => false,
    };
    if !fits {
        let said = format!("{} {id} is of type {}, which takes no answer of type {kind}", talk.name, talk.kind);
        return Err(Refusal::wrong(400, 50035, "Invalid Form Body", said));
    }
    if let Some(why) = called_unasked(talk, &body["data"]) {
        return Err(super::rest::invalid().because(why));
    }
    talk.happenings.push(Happening { what, after, body: body.clone() });
    talk.stage = match kind {
        5 => Stage::Thinking,
        6 => Stage::Kept,
        8 | 9 => Stage::Elsewhere,
        _ => Stage::Answered,
    };
    talk.original = if matches!(kind, 6 | 7) { talk.carrier.clone() } else { None };
    let data = body.get("data").cloned().unwrap_or_default();
    Ok(match kind {
        4 | 5 => {
            let message = write(world, id, &data, &call.files);
            let original = message["id"].as_str().map(str::to_owned);
            if kind == 5 {
                let flags = (data["flags"].as_u64().unwrap_or(0) & EPHEMERAL) | LOADING;
                let id = original.clone().unwrap_or_default();
                world.messages.get_mut(&id).expect("just written")["flags"] = json!(flags);
            }
            world.talks.get_mut(id).expect("as above").original = original;
            Some(message)
        }
        7 => {
            let carrier = world.talks[id].carrier.clone().expect("a component is on a message");
            Some(messages::change(world, &carrier, &data, &call.files))
        }
        _ => None,
    })
}

/// Keeps a new message that answers an interaction.
fn write(world: &mut World, id: &str, data: &Value, files: &[super::multipart::File]) -> Value {
    let (channel, metadata, kind) = {
        let talk = &world.talks[id];
        (talk.channel.clone(), talk.metadata.clone(), talk.kind)
    };
    let message_id = snowflake();
    let mut message = messages::create(world, &message_id, &channel, data, files);
    message["type"] = match (kind, metadata["command_type"].as_u64()) {
        (2, Some(3)) => json!(23),
        (2, _) => json!(20),
        _ => json!(0),
    };
    message["application_id"] = json!(APPLICATION);
    message["webhook_id"] = json!(APPLICATION);
    message["interaction_metadata"] = metadata;
    world.messages.insert(message_id, message.clone());
    message
}

/// Finds the interaction of a token, when it may be used for messages.
fn by_token(shared: &Shared, world: &World, call: &Call) -> Result<String, Refusal> {
    if call.params.get("webhook_id") != APPLICATION {
        return Err(Refusal::wrong(404, 10015, "Unknown Webhook", "this is another application's id"));
    }
    let token = call.params.get("webhook_token");
    let Some((id, talk)) = world.talks.iter().find(|(_, talk)| talk.token == token) else {
        return Err(Refusal::wrong(404, 10015, "Unknown Webhook", "no interaction has this token"));
    };
    if call.arrived.saturating_duration_since(talk.dispatched) > shared.settings.token_lives {
        let said = format!("the token of {} {id} is too old", talk.name);
        return Err(Refusal::wrong(401, 50027, "Invalid Webhook Token", said));
    }
    if talk.stage == Stage::Open {
        let said = format!("{} {id} was not acknowledged yet", talk.name);
        return Err(Refusal::wrong(404, 10015, "Unknown Webhook", said));
    }
    Ok(id.clone())
}

fn unknown_message(why: &str) -> Refusal {
    Refusal::wrong(404, 10008, "Unknown Message", why)
}

/// Notes what the bot did, and that something is there to see.
fn done(world: &mut World, id: &str, what: What, call: &Call) {
    let talk = world.talks.get_mut(id).expect("the caller looked");
    let after = call.arrived.saturating_duration_since(talk.dispatched);
    talk.happenings.push(Happening { what, after, body: call.body.clone() });
    if talk.stage != Stage::Elsewhere {
        talk.stage = Stage::Answered;
    }
}

/// `GET`, `PATCH` and `DELETE …/messages/@original`.
pub(crate) fn original(shared: &Shared, world: &mut World, call: &Call) -> Result<Outcome, Refusal> {
    let id = by_token(shared, world, call)?;
    let message_id = world.talks[&id].original.clone();
    let message_id = message_id.ok_or_else(|| unknown_message("this interaction has no message"))?;
    on_message(world, call, &id, &message_id, What::Edited)
}

/// `POST /webhooks/{application}/{token}`.
pub(crate) fn follow_up(shared: &Shared, world: &mut World, call: &Call) -> Result<Outcome, Refusal> {
    let id = by_token(shared, world, call)?;
    done(world, &id, What::FollowedUp, call);
    Ok(Outcome::Json(200, write(world, &id, &call.body, &call.files)))
}

/// `PATCH` and `DELETE …/messages/{message_id}`.
pub(crate) fn followed_up(shared: &Shared, world: &mut World, call: &Call) -> Result<Outcome, Refusal> {
    let id = by_token(shared, world, call)?;
    on_message(world, call, &id, call.params.get("message_id"), What::FollowUpEdited)
}

fn on_message(world: &mut World, call: &Call, id: &str, message_id: &str, edited: What) -> Result<Outcome, Refusal> {
    let message = world.messages.get(message_id).cloned();
    let message = message.ok_or_else(|| unknown_message("it is not there (any more)"))?;
    match call.method {
        "PATCH" => {
            let before = message;
            let changed = messages::change(world, message_id, &call.body, &call.files);
            if messages::is_blank(&changed) {
                world.messages.insert(message_id.to_owned(), before);
                return Err(Refusal::wrong(
                    400,
                    50006,
                    "Cannot send an empty message",
                    "the edit leaves nothing to see",
                ));
            }
            done(world, id, edited, call);
            Ok(Outcome::Json(200, changed))
        }
        "DELETE" => {
            world.messages.remove(message_id);
            done(world, id, What::Deleted, call);
            Ok(Outcome::Empty)
        }
        _ => Ok(Outcome::Json(200, message)),
    }
}

/// Says of each interaction what a person would still wait for.
pub(crate) fn unsettled(world: &World) -> Vec<String> {
    let open = world.talks.iter().filter(|(_, talk)| !talk.excused);
    open.filter_map(|(id, talk)| match talk.stage {
        Stage::Open => Some(format!("{} {id} was never acknowledged", talk.name)),
        Stage::Thinking => Some(format!("{} {id} was deferred and never answered", talk.name)),
        Stage::Kept | Stage::Answered | Stage::Elsewhere => None,
    })
    .collect()
}

//! How a request is judged and answered. One function sees them all: who asks, what for, with what body; then whatever
//! trouble the test ordered; then the operation itself.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, header};
use serde_json::{Value, json};

use super::faults::Fault;
use super::fixtures::{BOT, TOKEN, guild};
use super::multipart::{self, File};
use super::routes::{self, Body, Caller, Operation as Op, Params, Route};
use super::world::{Shared, World};
use super::{channels, interactions, openapi, registry, rules, stand_in};

/// The most that Discord takes in one request: 25 MiB, more than the files of a bot may have.
const LARGEST: usize = 25 << 20;

/// A request that is about to be carried out.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Op,
    pub(crate) method: &'static str,
    pub(crate) params: Params,
    pub(crate) query: String,
    pub(crate) body: Value,
    pub(crate) files: Vec<File>,
    pub(crate) arrived: Instant,
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Json(u16, Value),
    Empty,
    Refused(Refusal),
}

/// An error as Discord words it, and what the bot did wrong, if it did.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    code: u32,
    message: &'static str,
    violations: Vec<String>,
}

impl Refusal {
    /// A refusal that is nobody's fault.
    pub(crate) fn new(status: u16, code: u32, message: &'static str) -> Self {
        Self { status, code, message, violations: Vec::new() }
    }

    /// A refusal of something that a bot must not do.
    pub(crate) fn wrong(status: u16, code: u32, message: &'static str, why: impl Into<String>) -> Self {
        Self::new(status, code, message).because(why)
    }

    /// Says what the bot did wrong.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.violations.push(why.into());
        self
    }

    /// What the bot did wrong, in words.
    pub(crate) fn reasons(&self) -> &[String] {
        &self.violations
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Result<Self, Refusal>> for Outcome {
    fn from(result: Result<Self, Refusal>) -> Self {
        result.unwrap_or_else(Self::Refused)
    }
}

/// Answers one HTTP request.
pub(crate) async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response<HttpBody> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let (method, path) = (head.method.as_str(), head.uri.path());
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host.starts_with("cdn.") || host.starts_with("media.") {
        return file(&shared, path);
    }
    let query = head.uri.query().unwrap_or_default().to_owned();
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let found = path.strip_prefix("/api/v10").and_then(|path| routes::find(method, path));
    let Some((route, params)) = found else {
        let refusal = Refusal::wrong(404, 0, "404: Not Found", "the stand-in knows no such operation");
        return tell(&shared, method, path, None, refusal.into());
    };
    if let Err(refusal) = admit(route, &head.headers) {
        return tell(&shared, method, path, Some(route), refusal.into());
    }
    let fault = shared.change(|world| {
        if let Some(early) = world.faults.too_early(path) {
            world.violation(format!("{method} {}: tried again {early:?} before retry-after was over", short(path)));
        }
        let fault = world.faults.next(route.operation);
        if let Some(Fault::RateLimited(wait)) = fault {
            world.faults.close(path, wait);
        }
        fault
    });
    match fault {
        Some(Fault::RateLimited(wait)) => return too_many(&shared, method, path, wait.as_secs_f64()),
        Some(Fault::Status(status)) => return failed(&shared, method, path, status),
        Some(Fault::Silence) => {
            shared.change(|world| world.note(format!("{method} {}: never answered", short(path))));
            return std::future::pending().await;
        }
        Some(Fault::DoneBut(_) | Fault::Slow(_)) | None => {}
    }
    let outcome = match read(route, &head.headers, &bytes) {
        Err(refusal) => refusal.into(),
        Ok((body, files)) => {
            let call = Call { operation: route.operation, method: route.method, params, query, body, files, arrived };
            shared.change(|world| {
                let outcome = perform(&shared, world, &call);
                if let (Some(Fault::DoneBut(_)), Op::Acknowledge) = (fault, call.operation)
                    && let Some(talk) = world.talks.get_mut(call.params.get("interaction_id"))
                {
                    talk.reply_lost = true;
                }
                outcome
            })
        }
    };
    let response = tell(&shared, method, path, Some(route), outcome);
    match fault {
        Some(Fault::DoneBut(status)) => failed(&shared, method, path, status),
        Some(Fault::Slow(wait)) => {
            tokio::time::sleep(wait).await;
            response
        }
        _ => response,
    }
}

/// Whether somebody may ask this.
fn admit(route: &Route, headers: &HeaderMap) -> Result<(), Refusal> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if !agent.starts_with("DiscordBot (") {
        let why = format!("the User-Agent is `{agent}`, and not `DiscordBot (url, version)`");
        return Err(Refusal::wrong(403, 40333, "internal network error", why));
    }
    let given = headers.get(header::AUTHORIZATION).map(|given| given.as_bytes() == format!("Bot {TOKEN}").as_bytes());
    match (given, route.caller) {
        (Some(true), _) | (None, Caller::Anyone) => Ok(()),
        (None, Caller::Bot) => Err(Refusal::wrong(401, 0, "401: Unauthorized", "no Authorization")),
        (Some(false), _) => Err(Refusal::wrong(401, 0, "401: Unauthorized", "not the bot's Authorization")),
    }
}

/// Reads and judges a body.
fn read(route: &Route, headers: &HeaderMap, bytes: &[u8]) -> Result<(Value, Vec<File>), Refusal> {
    if route.body == Body::Nothing {
        return Ok((Value::Null, Vec::new()));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let unreadable = || Refusal::wrong(400, 50109, "The request body contains invalid JSON.", "no readable body");
    let (json, files) = if content_type.starts_with("multipart/form-data") {
        let form = multipart::read(content_type, bytes).ok_or_else(unreadable)?;
        (form.payload_json.unwrap_or_default(), form.files)
    } else {
        (bytes.to_vec(), Vec::new())
    };
    let body: Value = serde_json::from_slice(&json).map_err(|_| unreadable())?;
    match judge(route.operation, &body) {
        problems if problems.is_empty() => Ok((body, files)),
        problems => Err(problems.into_iter().fold(invalid(), Refusal::because)),
    }
}

/// The refusal of a body that is not as it must be.
pub(crate) fn invalid() -> Refusal {
    Refusal::new(400, 50035, "Invalid Form Body")
}

/// Says what is wrong with a body, by both judges.
pub(crate) fn judge(operation: Op, body: &Value) -> Vec<String> {
    let mut problems = openapi::problems_of_request(operation, body);
    problems.extend(rules::problems(routes::of(operation).body, body));
    problems
}

fn perform(shared: &Shared, world: &mut World, call: &Call) -> Outcome {
    match call.operation {
        Op::GetGateway => Outcome::Json(200, json!({"url": format!("ws://{}", shared.addresses.gateway)})),
        Op::GetGatewayBot => Outcome::Json(
            200,
            json!({
                "url": format!("ws://{}", shared.addresses.gateway), "shards": 1,
                "session_start_limit": {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
            }),
        ),
        Op::GetMe => Outcome::Json(200, BOT.myself()),
        Op::GetApplication | Op::GetOauthApplication => {
            Outcome::Json(200, guild::application(&stand_in::public_key(), shared.settings.application_flags()))
        }
        Op::ListCommands | Op::PutCommands | Op::ListGuildCommands | Op::PutGuildCommands => {
            registry::answer(world, call).into()
        }
        Op::Acknowledge => interactions::acknowledge(shared, world, call),
        Op::GetOriginal | Op::EditOriginal | Op::DeleteOriginal => interactions::original(shared, world, call).into(),
        Op::FollowUp => interactions::follow_up(shared, world, call).into(),
        Op::EditFollowUp | Op::DeleteFollowUp => interactions::followed_up(shared, world, call).into(),
        Op::OpenDm => channels::open_dm(call).into(),
        Op::ListMyGuilds => channels::my_guilds(),
        Op::GetGuild | Op::ListChannels | Op::ListRoles | Op::GetMember => channels::guild(call).into(),
        Op::GetChannel
        | Op::EditChannel
        | Op::ListMessages
        | Op::CreateMessage
        | Op::GetMessage
        | Op::EditMessage
        | Op::DeleteMessage
        | Op::ShowTyping
        | Op::React
        | Op::StartThread => channels::answer(world, call).into(),
    }
}

/// Writes the outcome into the journal, and as a response.
fn tell(shared: &Shared, method: &str, path: &str, route: Option<&Route>, outcome: Outcome) -> Response<HttpBody> {
    let (status, body) = match outcome {
        Outcome::Empty => (204, None),
        Outcome::Json(status, body) => {
            if let Some(route) = route {
                let problems = openapi::problems_of_response(route.operation, status, &body);
                shared.change(|world| {
                    for problem in problems {
                        world.violation(format!("the stand-in's own answer to {method} {}: {problem}", short(path)));
                    }
                });
            }
            (status, Some(body))
        }
        Outcome::Refused(refusal) => {
            let mut body = json!({"message": refusal.message, "code": refusal.code});
            if refusal.code == 50035 {
                let each = |what: &String| json!({"code": "STAND_IN", "message": what});
                body["errors"] = json!({"_errors": refusal.violations.iter().map(each).collect::<Vec<_>>()});
            }
            shared.change(|world| {
                for violation in refusal.violations {
                    world.violation(format!("{method} {}: {violation}", short(path)));
                }
            });
            (refusal.status, Some(body))
        }
    };
    shared.change(|world| world.note(format!("{method} {} -> {status}", short(path))));
    respond(status, body)
}

/// A path without the length of its token, for a person to read.
fn short(path: &str) -> String {
    let cut =
        |part: &str| if part.len() > 60 { part.chars().take(40).chain(['…']).collect() } else { part.to_owned() };
    path.split('/').map(cut).collect::<Vec<_>>().join("/")
}

fn respond(status: u16, body: Option<Value>) -> Response<HttpBody> {
    let response = Response::builder().status(status);
    match body {
        None => response.body(HttpBody::empty()),
        Some(body) => response.header(header::CONTENT_TYPE, "application/json").body(HttpBody::from(body.to_string())),
    }
    .expect("status and header are right")
}

fn too_many(shared: &Shared, method: &str, path: &str, wait: f64) -> Response<HttpBody> {
    shared.change(|world| world.note(format!("{method} {} -> 429, retry after {wait} s", short(path))));
    let body = json!({"message": "You are being rate limited.", "retry_after": wait, "global": false});
    let mut response = respond(429, Some(body));
    for (name, value) in [("retry-after", wait.to_string()), ("x-ratelimit-scope", "user".to_owned())] {
        response.headers_mut().insert(name, value.parse().expect("digits and letters"));
    }
    response
}

fn failed(shared: &Shared, method: &str, path: &str, status: u16) -> Response<HttpBody> {
    shared.change(|world| world.note(format!("{method} {} -> {status}, as ordered", short(path))));
    respond(status, Some(json!({"message": "the test ordered this", "code": 0})))
}

fn file(shared: &Shared, path: &str) -> Response<HttpBody> {
    let bytes = shared.change(|world| {
        world.note(format!("GET file {path}"));
        world.files.get(path).cloned()
    });
    bytes.map_or_else(|| respond(404, None), |bytes| Response::new(HttpBody::from(bytes)))
}

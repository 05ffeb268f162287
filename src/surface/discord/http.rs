//! HTTP: signed interactions from Discord, and the health of the bot.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serenity::model::application::Interaction;

use super::bot::{Bot, ServeError};
use super::signature::{Gate, Refusal};
use crate::config::PublicKey;

/// The largest body that is read: an interaction with the longest message is far below.
const LARGEST_BODY: usize = 1 << 20;

struct Shared {
    bot: Bot,
    gate: Option<Gate>,
    has_gateway: bool,
}

/// `/livez` and `/readyz`; with a key, `/interactions` too.
pub(super) fn router(bot: &Bot, has_gateway: bool, key: Option<PublicKey>) -> Result<Router, ServeError> {
    let gate = match key {
        Some(key) => Some(Gate::new(key).ok_or(ServeError::Key)?),
        None => None,
    };
    let mut router = Router::new().route("/livez", get(async || "alive\n")).route("/readyz", get(ready));
    if gate.is_some() {
        router = router.route("/interactions", post(interaction));
    }
    let shared = Arc::new(Shared { bot: bot.clone(), gate, has_gateway });
    Ok(router.layer(DefaultBodyLimit::max(LARGEST_BODY)).with_state(shared))
}

async fn ready(State(shared): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if !shared.has_gateway || shared.bot.is_connected() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not connected to the gateway\n")
    }
}

async fn interaction(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(gate) = &shared.gate else { return StatusCode::NOT_FOUND.into_response() };
    if let Err(refusal) = gate.admit(&headers, &body, SystemTime::now()) {
        if refusal == Refusal::Stale {
            tracing::warn!(
                "a request signed more than five minutes away from this clock was refused: is the clock right?"
            );
        }
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(interaction) = serde_json::from_slice::<Interaction>(&body) else {
        tracing::warn!("a signed request holds no interaction that is known");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(callback) = shared.bot.take(&interaction) else { return StatusCode::BAD_REQUEST.into_response() };
    match serde_json::to_vec(&callback) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(id = %interaction.id(), %error, "an acknowledgement could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

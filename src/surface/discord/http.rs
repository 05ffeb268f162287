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

use super::bot::{Bot, Link, ServeError};
use super::signature::{Gate, Refusal};
use crate::config::PublicKey;

/// The largest body that is read: an interaction with the longest message is far below.
const LARGEST_BODY: usize = 1 << 20;

/// What the health depends on.
struct Health {
    bot: Bot,
    has_gateway: bool,
}

/// What takes signed interactions.
struct Signed {
    bot: Bot,
    gate: Gate,
}

/// `/livez` and `/readyz`; with a key, `/interactions` too.
pub(super) fn router(bot: &Bot, has_gateway: bool, key: Option<PublicKey>) -> Result<Router, ServeError> {
    let health = Arc::new(Health { bot: bot.clone(), has_gateway });
    let live = get(async || "alive\n");
    let mut router = Router::new().route("/livez", live).route("/readyz", get(ready)).with_state(health);
    if let Some(key) = key {
        let signed = Signed { bot: bot.clone(), gate: Gate::new(key).ok_or(ServeError::Key)? };
        router = router.merge(Router::new().route("/interactions", post(interaction)).with_state(Arc::new(signed)));
    }
    Ok(router.layer(DefaultBodyLimit::max(LARGEST_BODY)))
}

async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    match health.bot.link() {
        Link::Down if health.has_gateway => (StatusCode::SERVICE_UNAVAILABLE, "not connected to the gateway\n"),
        Link::Standby => (StatusCode::OK, "ready; another replica holds the gateway\n"),
        Link::Up | Link::Down => (StatusCode::OK, "ready\n"),
    }
}

async fn interaction(State(signed): State<Arc<Signed>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = signed.gate.admit(&headers, &body, SystemTime::now()) {
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
    let Some(callback) = signed.bot.take(&interaction).await else { return StatusCode::BAD_REQUEST.into_response() };
    match serde_json::to_vec(&callback) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(id = %interaction.id(), %error, "an acknowledgement could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

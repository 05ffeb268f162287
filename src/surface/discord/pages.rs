//! The permanent pages of the entries, for whoever follows a link: `/e/ENTRY`, and `/e/` with all of them.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use crate::engine::{Current, Engine};
use crate::render::html::{self, POLICY, STYLE, STYLE_NAME};
use crate::request::Request;

/// How long browsers and proxies may keep a page: the knowledge changes now and then.
const KEEP: &str = "public, max-age=300";

/// The routes.
pub(super) fn router(current: Current) -> Router {
    Router::new()
        .route("/e", get(async || Redirect::permanent("e/")))
        .route("/e/", get(index))
        .route("/e/{entry}", get(entry))
        .route(&format!("/e/{STYLE_NAME}"), get(async || reply(StatusCode::OK, "text/css; charset=utf-8", STYLE)))
        .with_state(current)
}

async fn index(State(current): State<Current>) -> Response {
    let engine = current.engine();
    page(StatusCode::OK, list(&engine, "All topics"))
}

async fn entry(State(current): State<Current>, Path(id): Path<String>) -> Response {
    let engine = current.engine();
    if engine.knowledge().entry(&id).is_none() {
        return page(StatusCode::NOT_FOUND, list(&engine, "That page is not here; these are"));
    }
    let answer = engine.begin(Request::Entry { id, domain: None }).answer();
    page(StatusCode::OK, html::page(&answer, &engine.config().brand.name))
}

fn list(engine: &Engine, heading: &str) -> String {
    let entries = engine.knowledge().entries().map(|entry| (entry.id.as_str(), entry.title.as_str()));
    html::index(heading, entries, &engine.config().brand.name)
}

fn page(status: StatusCode, html: String) -> Response {
    reply(status, "text/html; charset=utf-8", html)
}

fn reply(status: StatusCode, kind: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, KEEP),
    ];
    (status, headers, body).into_response()
}

//! Signed HTTP: against a tiny endpoint that verifies as serenity does, and answers as it is told.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use serenity::interactions_endpoint::Verifier;

use super::super::StandIn;
use super::super::endpoint::{Endpoint, Forgery};
use super::super::fixtures::slash;
use super::super::interactions::What;
use super::ask;

struct Tiny {
    verifier: Verifier,
    answer: Value,
}

async fn answer(State(tiny): State<Arc<Tiny>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (signature, timestamp) = (header("x-signature-ed25519"), header("x-signature-timestamp"));
    let response = Response::builder().header("content-type", "application/json");
    if tiny.verifier.verify(signature, timestamp, &body).is_err() {
        return response.status(401).body(Body::empty()).unwrap();
    }
    let interaction: serenity::all::Interaction = serde_json::from_slice(&body).unwrap();
    if interaction.kind() == serenity::all::InteractionType::Ping {
        return response.body(Body::from(r#"{"type":1}"#)).unwrap();
    }
    match &tiny.answer {
        Value::Null => response.status(202).body(Body::empty()).unwrap(),
        answer => response.body(Body::from(answer.to_string())).unwrap(),
    }
}

async fn endpoint(discord: &StandIn, told: Value) -> Endpoint {
    let tiny = Arc::new(Tiny { verifier: Verifier::new(&StandIn::public_key()), answer: told });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/interactions", listener.local_addr().unwrap());
    let router = Router::new().route("/interactions", axum::routing::post(answer)).with_state(tiny);
    tokio::spawn(async move { axum::serve(listener, router).await });
    discord.endpoint(&url)
}

fn at_once() -> Value {
    json!({"type": 4, "data": {"content": "a", "allowed_mentions": {"parse": []}}})
}

#[tokio::test]
async fn an_answer_in_the_response_is_the_acknowledgement() {
    let discord = StandIn::start().await;
    let endpoint = endpoint(&discord, at_once()).await;
    assert_eq!(endpoint.ping().await.json(), Some(json!({"type": 1})));
    let (reply, asked, delivery) = endpoint.post_keeping(slash("check", &[("domain", "example.com")])).await;
    assert!(reply.status == 200 && reply.took < Duration::from_secs(3));
    assert_eq!(asked.acknowledged().await.what, What::AcknowledgedInline);
    assert_eq!(asked.replied().await["content"], "a");
    assert_eq!(asked.message().unwrap()["content"], "a");
    assert_eq!(endpoint.replay(&delivery).await.status, 200); // serenity's verifier takes a replay
    discord.finish().await;
}

#[tokio::test]
async fn a_202_leaves_the_acknowledgement_to_a_request() {
    let discord = StandIn::start().await;
    let endpoint = endpoint(&discord, Value::Null).await;
    let (reply, asked) = endpoint.post(slash("check", &[])).await;
    assert_eq!(reply.status, 202);
    let path = format!("/interactions/{}/{}/callback", asked.id(), asked.token());
    ask(&discord, "POST", &path, Some(at_once())).await;
    assert_eq!(asked.acknowledged().await.what, What::Acknowledged);
    discord.finish().await;
}

#[tokio::test]
async fn forged_requests_are_seen_by_a_verifier_save_for_their_age() {
    let discord = StandIn::start().await;
    let endpoint = endpoint(&discord, at_once()).await;
    let seen = [
        Forgery::BadSignature,
        Forgery::NoSignatureAtAll,
        Forgery::Unsigned,
        Forgery::OtherKey,
        Forgery::OtherTimestamp,
        Forgery::Truncated,
        Forgery::OtherBody,
    ];
    for forgery in seen {
        assert_eq!(endpoint.forge(slash("check", &[]), forgery).await.status, 401, "{forgery:?}");
    }
    for forgery in [Forgery::Old(Duration::from_mins(10)), Forgery::Ahead(Duration::from_mins(10))] {
        let reply = endpoint.forge(slash("check", &[]), forgery).await;
        assert_eq!(reply.status, 200, "serenity's verifier does not look at the time: the product must");
    }
    discord.finish().await;
}

#[tokio::test]
async fn a_bad_answer_in_the_response_is_a_violation() {
    let discord = StandIn::start().await;
    let endpoint = endpoint(&discord, json!({"type": 4, "data": {"content": "@everyone"}})).await;
    let (_, asked) = endpoint.post(slash("check", &[])).await;
    asked.excuse();
    let violations = discord.finish_with_violations().await;
    assert!(violations.len() == 1 && violations[0].contains("allowed_mentions"), "{violations:?}");
}

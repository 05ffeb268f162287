//! What serenity only logs, and what must not be logged, fails the test.

use std::time::Duration;

use serde_json::json;

use super::super::StandIn;
use super::super::faults::Fault;
use super::super::fixtures::TOKEN;
use super::super::routes::Operation;
use super::bot;

#[tokio::test]
async fn an_event_that_serenity_cannot_read_is_a_violation() {
    let discord = StandIn::start().await;
    bot::start(&discord, discord.http()).await;
    discord.gateway().dispatch("INTERACTION_CREATE", &json!({"type": 2}));
    discord.gateway().send("no JSON at all");
    let seen = async {
        while discord.violations().len() < 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), seen).await.expect("serenity logs it");
    let violations = discord.finish_with_violations().await;
    assert!(violations[0].contains("An unknown event was received"), "{violations:?}");
    assert!(violations[1].contains("Err deserializing text"), "{violations:?}");
}

#[tokio::test]
async fn a_gateway_that_is_not_asked_for_is_a_violation() {
    let discord = StandIn::start().await;
    discord.trouble(Operation::GetGateway, Fault::Status(500), 1);
    let builder = serenity::all::ClientBuilder::new_with_http(discord.http(), bot::INTENTS);
    drop(builder.await.unwrap()); // serenity would go to gateway.discord.gg now
    let violations = discord.finish_with_violations().await;
    assert!(violations[0].contains("HTTP request to get gateway URL failed"), "{violations:?}");
}

#[tokio::test]
async fn a_logged_secret_is_a_violation() {
    let discord = StandIn::start().await;
    tracing::debug!(target: "mailmedic::surface", token = TOKEN, "starting");
    discord.judge_output(&format!("INFO starting\nINFO as {TOKEN}\nWARN Sequence off; them: 3, us: 1"));
    let told = ["logged a secret, at mailmedic::surface", "logged a secret, at the output"];
    let violations = discord.finish_with_violations().await;
    assert_eq!(violations[..2], told);
    assert!(violations[2].contains("Sequence off"));
}

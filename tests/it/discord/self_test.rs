//! The stand-in tested by itself: that it takes what Discord takes, and refuses what Discord refuses.
//!
//! `bot` is a tiny bot on serenity, to see that serenity and the stand-in understand each other.

mod bodies;
mod bot;
mod endpoint;
mod fixtures;
mod gateway;
mod logs;
mod rest;
mod with_serenity;

use serde_json::Value;

use super::StandIn;
use super::fixtures::TOKEN;

/// Sends one request as a bot would; gives the status and the body.
async fn ask(discord: &StandIn, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = discord.client().request(method, format!("https://discord.com/api/v10{path}"));
    let request = request.header("user-agent", "DiscordBot (https://mail.example, 1)");
    let request = request.header("authorization", format!("Bot {TOKEN}")).header("content-type", "application/json");
    let request = match body {
        Some(body) => request.body(body.to_string()),
        None => request,
    };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

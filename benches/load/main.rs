//! The bot under load, as a process of its own: how many questions it answers in a second, how soon it acknowledges, how
//! much memory it holds, how soon it is ready again after it was killed, and what it takes while there is nothing to do.
//!
//! `cargo bench --bench load` measures; `cargo test --bench load` runs the same without optimisation, to see that it works.
//! Everything stays on this machine's loopback, and Discord is played by `discord`, which does as little as it can.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a measurement that cannot be made ends the run; its figures are what it prints"
)]

mod bot;
mod discord;
mod idle;
mod wire;

use std::time::{Duration, Instant};

use bot::Bot;
use discord::Discord;
use ed25519_dalek::{Signer as _, SigningKey};
use mailmedic::config::Brand;
use mailmedic::knowledge::{Knowledge, Source};
use serde_json::{Value, json};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Barrier;
use wire::Wire;

/// How many interactions come at once where all upstreams stall.
const AT_ONCE: usize = 200;
/// Over how many connections they come.
const CONNECTIONS: usize = 64;
/// How often the bot is killed and started again.
const STARTS: usize = 5;

#[tokio::main]
async fn main() {
    let questions = number("LOAD_QUESTIONS", 30_000);
    let stalled = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = stalled.local_addr().unwrap();
    println!("bot: {}", bot::binary());

    let discord = Discord::start().await;
    let mut starts: Vec<Duration> = Vec::new();
    for _ in 0..STARTS {
        let mut bot = Bot::start(&discord, resolver, "http").await;
        starts.push(bot.ready);
        bot.kill();
    }
    starts.sort_unstable();
    println!("killed, to ready again (http): median {:.0} ms of {STARTS}", millis(starts[STARTS / 2]));

    let bot = Bot::start(&discord, resolver, "http").await;
    at_once_over_http(&bot).await;
    drop(bot);

    let bot = Bot::start(&discord, resolver, "http").await;
    questions_a_second(&discord, &bot, questions).await;
    drop(bot);

    let bot = Bot::start(&discord, resolver, "gateway").await;
    println!("start to ready (gateway, IDENTIFY included): {:.0} ms", millis(bot.ready));
    at_once_over_the_gateway(&discord).await;
    println!("  resident {:.1} MB, at most {:.1} MB", bot.resident("VmRSS:"), bot.resident("VmHWM:"));
    drop(bot);

    idle::with_watches(&discord, resolver, number("IDLE_SECONDS", 60)).await;
}

/// Signed requests for looks at domains, all at the same moment.
async fn at_once_over_http(bot: &Bot) {
    let barrier = std::sync::Arc::new(Barrier::new(AT_ONCE));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let request = signed(&check(number), bot.address);
        let (barrier, address) = (std::sync::Arc::clone(&barrier), bot.address);
        tasks.spawn(async move {
            let mut wire = Wire::new(TcpStream::connect(address).await.unwrap());
            barrier.wait().await;
            let begun = Instant::now();
            wire.send(&request).await;
            let (head, _) = wire.receive().await.unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            begun.elapsed()
        });
    }
    let times = tasks.join_all().await;
    told(&format!("acknowledged, {AT_ONCE} checks at once over HTTP, resolver silent"), times);
}

/// The same over the gateway: from the event to the request that acknowledges it.
async fn at_once_over_the_gateway(discord: &Discord) {
    discord.expect(AT_ONCE);
    let events: Vec<Value> = (0..AT_ONCE).map(check).collect();
    let begun = Instant::now();
    discord.dispatch(&events);
    let times = discord.acknowledged(AT_ONCE).await;
    let times = times.into_iter().map(|at| at.duration_since(begun)).collect();
    told(&format!("acknowledged, {AT_ONCE} checks at once over the gateway, resolver silent"), times);
}

/// Questions in words, always so many under way, until all are answered.
async fn questions_a_second(discord: &Discord, bot: &Bot, count: usize) {
    let knowledge = Knowledge::load(&Source::Shipped, &Brand::default()).unwrap();
    let asked = knowledge.entries().flat_map(|entry| &entry.questions).map(String::as_str);
    let asked: Vec<&str> = asked.filter(|question| !names_a_domain(question)).collect();
    let requests: Vec<Vec<u8>> =
        (0..count).map(|number| signed(&ask(number, asked[number % asked.len()]), bot.address)).collect();
    let requests = std::sync::Arc::new(requests);
    discord.expect(count);
    let turns = std::sync::Arc::new(tokio::sync::Semaphore::new(number("LOAD_OUTSTANDING", 192)));
    discord.answers(std::sync::Arc::clone(&turns));
    let (begun, spent) = (Instant::now(), bot.processor());
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let (requests, turns, address) = (std::sync::Arc::clone(&requests), std::sync::Arc::clone(&turns), bot.address);
        tasks.spawn(async move {
            let mut wire = Wire::new(TcpStream::connect(address).await.unwrap());
            let mut times = Vec::new();
            for request in requests.iter().skip(connection).step_by(CONNECTIONS) {
                turns.acquire().await.unwrap().forget();
                let begun = Instant::now();
                wire.send(request).await;
                let (head, _) = wire.receive().await.unwrap();
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                times.push(begun.elapsed());
            }
            times
        });
    }
    let times = tasks.join_all().await.concat();
    discord.answered(count).await;
    let (took, spent) = (begun.elapsed().as_secs_f64(), bot.processor() - spent);
    let count = f64::from(u32::try_from(count).unwrap());
    println!(
        "questions over HTTP: {count} answered in {took:.1} s, {:.0} a second beside this generator; {:.2} ms of processor \
         time each, {:.0} a second on two processors of its own",
        count / took,
        spent * 1000.0 / count,
        2.0 * count / spent
    );
    told("  acknowledged", times);
    println!("  resident {:.1} MB, at most {:.1} MB", bot.resident("VmRSS:"), bot.resident("VmHWM:"));
}

/// Whether somebody would look at the network for it, and wait for the silent resolver.
fn names_a_domain(question: &str) -> bool {
    question.split_whitespace().any(|word| word.trim_end_matches(['.', ',', ':', '?', '!']).contains(['.', '@']))
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| millis(times[(times.len() * share / 1000).min(times.len() - 1)]);
    println!("{what}: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms", at(500), at(990), at(1000));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().map_or(default, |text| text.parse().unwrap())
}

/// The key with which this Discord signs.
fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn ask(number: usize, question: &str) -> Value {
    interaction(number, "ask", "question", question)
}

fn check(number: usize) -> Value {
    interaction(number, "check", "domain", &format!("customer-{number}.example"))
}

/// An interaction in a guild, in Discord's shape.
fn interaction(number: usize, verb: &str, option: &str, value: &str) -> Value {
    let user = json!({
        "id": "1180000000000000050", "username": "ada", "discriminator": "0", "global_name": "Ada", "avatar": null,
        "public_flags": 0
    });
    json!({
        "id": discord::id(number), "application_id": "1", "type": 2, "token": discord::token(number), "version": 1,
        "channel_id": "1180000000000000030", "locale": "en-US", "guild_locale": "en-US", "app_permissions": "0",
        "guild_id": "1180000000000000010", "entitlements": [], "attachment_size_limit": 10_485_760, "context": 0,
        "guild": {"id": "1180000000000000010", "locale": "en-US", "features": ["COMMUNITY"]},
        "authorizing_integration_owners": {"0": "1180000000000000010"},
        "member": {
            "user": user, "roles": [], "joined_at": "2026-11-23T12:00:00.000000+00:00", "deaf": false, "mute": false,
            "flags": 0, "permissions": "0", "nick": null, "pending": false, "premium_since": null, "avatar": null
        },
        "data": {
            "id": "1180000000000000070", "name": verb, "type": 1,
            "options": [{"name": option, "type": 3, "value": value}]
        }
    })
}

/// An interaction as a signed request.
fn signed(interaction: &Value, address: std::net::SocketAddr) -> Vec<u8> {
    let body = interaction.to_string();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let signature = hex(&key().sign(format!("{now}{body}").as_bytes()).to_bytes());
    format!(
        "POST /interactions HTTP/1.1\r\nhost: {address}\r\nx-signature-ed25519: {signature}\r\n\
         x-signature-timestamp: {now}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

//! A stand-in for Discord, on this machine's loopback: real HTTP, real TLS, real websockets.
//!
//! The bot under test speaks to it through the code that it uses in production. The stand-in answers in the shapes of
//! Discord's documentation, and judges all that the bot sends: whatever Discord would refuse, and whatever a support
//! bot must never do (a mention that pings, a token in a log), is a [`Violation`](world::Violation). A test ends with
//! [`StandIn::finish`], which panics with all of them.
//!
//! ```text
//! let discord = StandIn::start().await;
//! let bot = …start the bot with discord.http()…;                              // limiter on, https://discord.com
//! let asked = discord.dispatch(slash("check", &[("domain", "example.com")])).await;
//! assert_eq!(asked.acknowledged().await.kind, 5);                             // within Discord's 3 seconds
//! assert!(asked.replied().await["embeds"][0]["title"].is_string());           // the first thing that a person sees
//! discord.finish().await;
//! ```
//!
//! A bot in a process of its own gets `[discord] proxy_url = discord.proxy_url()`, the token [`fixtures::TOKEN`] and the
//! key [`StandIn::public_key`]; the test hands what it wrote to [`StandIn::judge_output`].
//!
//! | room | what it knows |
//! |---|---|
//! | `stand_in` | starting, addresses, finishing |
//! | `world` | everything remembered: the journal, the violations, and how a test waits |
//! | `routes`, `rest` | the operations that exist; how a request is judged and answered |
//! | `interactions`, `channels`, `registry` | what the operations do |
//! | `messages`, `multipart`, `tls` | what a message becomes; how files come in; who discord.com is |
//! | `openapi`, `rules` | whether a body is one that Discord takes |
//! | `faults` | 429, 5xx, slowness, silence on an operation |
//! | `gateway` | sessions, heartbeats, RESUME, and faults of the websocket |
//! | `endpoint` | interactions delivered by signed HTTP |
//! | `asked`, `said` | what a test holds on to after it dispatched something |
//! | `fixtures` | people, guild, messages, interactions |
//! | `logs` | what serenity and mailmedic logged, and what they must not |
//!
//! What it does not do: real rate-limit buckets (only scripted 429s), voice, several shards; of permissions
//! it knows those that a test takes from the bot.
//! Its clock is the machine's: with tokio's time paused it does not work.

pub(crate) mod asked;
pub(crate) mod channels;
pub(crate) mod endpoint;
pub(crate) mod faults;
pub(crate) mod fixtures;
pub(crate) mod gateway;
pub(crate) mod interactions;
pub(crate) mod logs;
pub(crate) mod messages;
pub(crate) mod multipart;
pub(crate) mod openapi;
pub(crate) mod registry;
pub(crate) mod rest;
pub(crate) mod routes;
pub(crate) mod rules;
pub(crate) mod said;
mod self_test;
pub(crate) mod stand_in;
pub(crate) mod tls;
pub(crate) mod world;

pub(crate) use stand_in::{Settings, StandIn};

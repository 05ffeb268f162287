//! The DNS: who is asked, in which order, and how many questions at once; nothing is cached, so that a check sees what is
//! published now.
//!
//! Refuses to judge: an answer, no data, no such name, SERVFAIL, a refusal and silence stay apart
//! ([`Outcome`], [`Cause`]). Names no host that a user chose but the name servers of their domain, and of those only the
//! ones that the guard lets through.
//!
//! The exchange is our own, on hickory's encoding: its resolver hides the header and the authority section of answers
//! without records (AA, AD, referrals, the time for which they hold), cannot clear RD or set CD for one question, and
//! refuses replies with an empty TXT record. `question` is what goes out and what counts as its reply, `exchange` the
//! one after the other, `way` the sockets, `read` the reply as facts.

mod exchange;
mod question;
mod read;
mod way;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hickory_resolver::config::NameServerConfig;
use hickory_resolver::system_conf;
use tokio::sync::Semaphore;

use super::Network;
use super::egress::Egress;
use crate::facts::{Cause, Outcome, Query, Response, Server};
use exchange::exchange;
use question::{Manner, Question};
use read::read;
use way::Way;

/// How many questions may be under way at once, over all checks: those of eight whole checks. Waiting for a place counts
/// as silence, so what limits the checks must come first.
const CONCURRENT_QUESTIONS: usize = 512;

/// The resolvers that answer all questions, asked one after the other.
pub struct Resolver {
    servers: Vec<SocketAddr>,
    timeout: Duration,
    limit: Semaphore,
    guard: Option<Arc<Egress>>,
}

impl Resolver {
    /// Asks `servers` in their order, the next one when one stays silent for `timeout`; the system's where none is
    /// given. The name servers of domains are not asked.
    pub fn new(servers: &[SocketAddr], timeout: Duration) -> Self {
        Self {
            servers: if servers.is_empty() { system_servers() } else { servers.to_vec() },
            timeout,
            limit: Semaphore::new(CONCURRENT_QUESTIONS),
            guard: None,
        }
    }

    /// The same, which also asks those name servers of domains that `guard` lets through.
    #[must_use]
    pub fn with_authorities(mut self, guard: Arc<Egress>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Asks one resolver after the other until one knows; what the first said where none does.
    async fn ask_all(&self, query: &Query, manner: Manner) -> Response {
        let mut first = None;
        for server in &self.servers {
            let reply = self.ask_one(Way::Straight(*server), query, manner).await;
            match reply.outcome {
                Outcome::Unknown(Cause::Silent) => {
                    first.get_or_insert(reply);
                }
                // What a server said is more telling than another's silence.
                Outcome::Unknown(_) => match &first {
                    Some(Response { outcome: Outcome::Unknown(Cause::Silent), .. }) | None => first = Some(reply),
                    Some(_) => {}
                },
                _ => return reply,
            }
        }
        first.unwrap_or(Response::new(Outcome::Unknown(Cause::Silent)))
    }

    async fn ask_one(&self, way: Way<'_>, query: &Query, manner: Manner) -> Response {
        let Some(question) = Question::new(query, manner) else {
            return Response::new(Outcome::Unknown(Cause::Malformed));
        };
        match exchange(way, &question, self.timeout).await {
            Ok(message) => read(query, manner, &message),
            Err(cause) => Response::new(Outcome::Unknown(cause)),
        }
    }

    async fn ask_authority(&self, address: IpAddr, query: &Query) -> Response {
        let Some(guard) = &self.guard else { return Response::new(Outcome::Unknown(Cause::NotAsked)) };
        self.ask_one(Way::Guarded(guard, address), query, Manner::Iterative).await
    }
}

impl Network for Resolver {
    fn name(&self) -> String {
        self.servers.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            let _place = self.limit.acquire().await;
            match query.to {
                Server::Resolver => self.ask_all(query, Manner::Recursive).await,
                Server::Unchecked => self.ask_all(query, Manner::Unchecked).await,
                Server::Named(server) => self.ask_one(Way::Straight(server), query, Manner::Recursive).await,
                Server::Authority(address) => self.ask_authority(address, query).await,
            }
        })
    }
}

fn system_servers() -> Vec<SocketAddr> {
    // Without a configuration the local machine is asked, as resolv.conf(5) has it.
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53);
    let Ok((config, _)) = system_conf::read_system_conf() else { return vec![local] };
    let address = |server: &NameServerConfig| {
        SocketAddr::new(server.ip, server.connections.first().map_or(53, |connection| connection.port))
    };
    let servers: Vec<SocketAddr> = config.name_servers().iter().map(address).collect();
    if servers.is_empty() { vec![local] } else { servers }
}

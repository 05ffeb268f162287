//! One network for a run over many domains: what they have in common is asked once.
//!
//! Customers of a host share its mail servers, its SPF include and the lists that name them. A reply is kept as long as
//! its TTL allows, and a failure for a moment (RFC 9520 section 3.2); what lies in the domain under test is never kept,
//! for nobody else asks for it. A name server that is silent is waited for once, whichever domain is asked about.

mod servers;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{self, BoxFuture, FutureExt as _};
use tokio::time::Instant;

use servers::Servers;

use super::{Network, ask};
use crate::domain::{Domain, Name};
use crate::facts::{
    Call, Called, Cause, Fact, Fetch, Fetched, NoPage, Outcome, Query, Question, Response, Server, Unreached,
};

/// How many replies are kept at once; past that the oldest goes. A few kilobytes each at most, so tens of megabytes.
const MOST_KEPT: usize = 10_000;
/// How long a failure is kept: so long that a run does not wait for a dead server again and again, so short that a server
/// that is back is seen (RFC 9520 section 3.2 asks for one second to five minutes).
const FAILURE: Duration = Duration::from_secs(5);
/// How long a reply without a TTL is kept: a host's greeting or page does not change within a minute.
const NO_TTL: Duration = Duration::from_mins(1);

/// A reply under way or there, with the time at which it came.
type Kept = future::Shared<BoxFuture<'static, Arc<(Fact, Instant)>>>;

/// The replies that a run has in common.
pub struct Shared {
    network: Arc<dyn Network>,
    kept: Mutex<Replies>,
    servers: Servers,
}

#[derive(Default)]
struct Replies {
    by_question: HashMap<Question, Kept>,
    oldest: VecDeque<Question>,
}

impl Shared {
    /// Shares what `network` says; nothing is kept yet.
    pub fn new(network: Arc<dyn Network>) -> Arc<Self> {
        Arc::new(Self { network, kept: Mutex::default(), servers: Servers::default() })
    }

    /// The network as the look at one domain sees it.
    pub fn around(self: &Arc<Self>, domain: &Domain) -> Arc<dyn Network> {
        Arc::new(Around { shared: Arc::clone(self), domain: domain.name().clone() })
    }

    /// The reply to a question, from whoever asked first.
    async fn reply(&self, question: Question) -> Arc<(Fact, Instant)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&self.network, question);
        kept.await
    }
}

impl Replies {
    /// The reply that is kept, or else a question under way.
    fn get(&mut self, network: &Arc<dyn Network>, question: Question) -> Kept {
        if let Some(kept) = self.by_question.get(&question) {
            if kept.peek().is_none_or(|reply| reply.1.elapsed() < lifetime(&reply.0)) {
                return kept.clone();
            }
        } else {
            self.oldest.push_back(question.clone());
        }
        // In a task of its own: whoever asked first may be out of time and gone, and must not leave it half done.
        let (asked, own) = (tokio::spawn(ask(Arc::clone(network), question.clone())), question.clone());
        let reply = async move {
            let fact = asked.await.unwrap_or_else(|_bug| own.unanswered(Cause::Malformed));
            Arc::new((fact, Instant::now()))
        };
        let kept: Kept = reply.boxed().shared();
        self.by_question.insert(question, kept.clone());
        while self.oldest.len() > MOST_KEPT {
            self.oldest.pop_front().map(|oldest| self.by_question.remove(&oldest));
        }
        kept
    }
}

/// For how long a reply holds.
fn lifetime(fact: &Fact) -> Duration {
    match fact {
        Fact::Dns(_, Response { outcome: Outcome::Unknown(_), .. })
        | Fact::Call(_, Err(_))
        | Fact::Fetch(_, Err(_)) => FAILURE,
        Fact::Dns(_, Response { ttl: Some(ttl), .. }) => Duration::from_secs((*ttl).into()),
        _ => NO_TTL,
    }
}

/// The network around one domain: its own names are asked, others are shared.
struct Around {
    shared: Arc<Shared>,
    domain: Name,
}

impl Around {
    fn is_own(&self, name: &Name) -> bool {
        name.is_within(&self.domain)
    }
}

impl Network for Around {
    fn name(&self) -> String {
        self.shared.network.name()
    }

    fn connects(&self) -> bool {
        self.shared.network.connects()
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        if self.is_own(&query.name) {
            let reply = self.shared.network.query(query);
            return match query.to {
                Server::Authority(address) => Box::pin(self.shared.servers.reply(address, reply)),
                _ => reply,
            };
        }
        Box::pin(async move {
            match &self.shared.reply(query.clone().into()).await.0 {
                Fact::Dns(_, response) => response.clone(),
                _ => Response::new(Outcome::Unknown(Cause::Malformed)),
            }
        })
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Called> {
        if self.is_own(&call.host) {
            return self.shared.network.call(call);
        }
        Box::pin(async move {
            match &self.shared.reply(call.clone().into()).await.0 {
                Fact::Call(_, called) => called.clone(),
                _ => Err(Unreached::Broken),
            }
        })
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> BoxFuture<'a, Fetched> {
        if self.is_own(&fetch.host) {
            return self.shared.network.fetch(fetch);
        }
        Box::pin(async move {
            match &self.shared.reply(fetch.clone().into()).await.0 {
                Fact::Fetch(_, fetched) => fetched.clone(),
                _ => Err(NoPage::Unreached(Unreached::Broken)),
            }
        })
    }
}

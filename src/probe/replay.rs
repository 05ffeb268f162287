//! A network that was saved: answers from a transcript, and knows nothing else.

use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Network;
use crate::facts::{Call, Called, Cause, Fact, Fetch, Fetched, NoPage, Outcome, Query, Response, Unreached};
use crate::transcript::Transcript;

/// The replies of a transcript; what is not in it was not asked.
pub struct Replay(pub Arc<Transcript>);

impl Network for Replay {
    fn name(&self) -> String {
        self.0.resolver.clone()
    }

    fn connects(&self) -> bool {
        self.0.connect
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(ready(match self.0.reply(query.clone().into()) {
            Fact::Dns(_, response) => response,
            _ => Response::new(Outcome::Unknown(Cause::NotAsked)),
        }))
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Called> {
        Box::pin(ready(match self.0.reply(call.clone().into()) {
            Fact::Call(_, called) => called,
            _ => Err(Unreached::NotAsked),
        }))
    }

    fn fetch<'a>(&'a self, fetch: &'a Fetch) -> BoxFuture<'a, Fetched> {
        Box::pin(ready(match self.0.reply(fetch.clone().into()) {
            Fact::Fetch(_, fetched) => fetched,
            _ => Err(NoPage::Unreached(Unreached::NotAsked)),
        }))
    }
}

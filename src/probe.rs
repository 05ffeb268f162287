//! The driver, and the only IO towards the world.
//!
//! [`Network`] is the one seam: [`dns::Resolver`] asks real servers; tests answer from tables of facts. The driver
//! ([`Inquiry`], and [`Examination`] for all checks of a domain) asks what the pure checks in `mail` want to know:
//! each question once, all that is wanted at once, within one [`Budget`](crate::config::Budget).
//!
//! Three more networks stand on others' shoulders: [`Hosts`] adds [`smtp`] and [`https`], which look at hosts that a domain
//! names, over connections that [`egress`] opens, and nobody else; [`Shared`] asks once for many domains; [`Replay`]
//! answers from a transcript. [`spamd`] asks the operator's own spam filter about a message, [`postmark`] somebody
//! else's where the operator wants that, [`StatusPage`] the host's status
//! page.

mod dns;
pub mod egress;
mod examination;
mod hosts;
pub mod https;
mod inquiry;
pub mod postmark;
mod replay;
mod shared;
pub mod smtp;
pub mod spamd;
mod status;
pub mod tls;

use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use dns::Resolver;
pub use examination::{Examination, Report};
pub use hosts::Hosts;
use https::Post;
pub use inquiry::Inquiry;
pub use replay::Replay;
pub use shared::Shared;
pub use status::StatusPage;

pub use crate::transcript::Cost;

use crate::facts::{Call, Called, Fact, Fetch, Fetched, NoPage, Query, Question, Response, Unreached};

/// Who answers questions. Never fails: that nobody answers is a reply too.
pub trait Network: Send + Sync {
    /// Who is asked, for people: the resolver's address.
    fn name(&self) -> String;

    /// Whether hosts are called, and pages fetched.
    fn connects(&self) -> bool {
        false
    }

    /// Asks a name server.
    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response>;

    /// Calls a mail service; a network of name servers alone calls nobody.
    fn call<'a>(&'a self, _call: &'a Call) -> BoxFuture<'a, Called> {
        Box::pin(ready(Err(Unreached::NotAsked)))
    }

    /// Sends a text to a page and gives what it answers; a network of name servers alone sends none.
    fn post<'a>(&'a self, _post: &'a Post) -> BoxFuture<'a, Fetched> {
        Box::pin(ready(Err(NoPage::Unreached(Unreached::NotAsked))))
    }

    /// Fetches a page; a network of name servers alone fetches none.
    fn fetch<'a>(&'a self, _fetch: &'a Fetch) -> BoxFuture<'a, Fetched> {
        Box::pin(ready(Err(NoPage::Unreached(Unreached::NotAsked))))
    }
}

/// Asks one question of any kind.
async fn ask(network: Arc<dyn Network>, question: Question) -> Fact {
    match question {
        Question::Dns(query) => {
            let response = network.query(&query).await;
            Fact::Dns(query, response)
        }
        Question::Call(call) => {
            let called = network.call(&call).await;
            Fact::Call(call, called)
        }
        Question::Fetch(fetch) => {
            let fetched = network.fetch(&fetch).await;
            Fact::Fetch(fetch, fetched)
        }
    }
}

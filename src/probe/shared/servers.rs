//! The name servers that a run over many domains asks about each of them: few questions at once to each, and none to one
//! that was silent a moment ago.
//!
//! Domains that share a dead name server would else wait for it one after the other, or for a free place, and then say
//! that nobody asked. One silence may be the fate of one packet; two in a row are taken for the server's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{FAILURE, MOST_KEPT};
use crate::facts::{Cause, Outcome, Response};

/// How many questions one name server gets at once: as many as the guard of all connections lets through.
const AT_ONCE: usize = 4;
/// How many silences in a row make a server a silent one.
const ENOUGH: usize = 2;

/// The name servers asked so far.
#[derive(Debug, Default)]
pub(super) struct Servers {
    by_address: Mutex<HashMap<IpAddr, Arc<Server>>>,
}

/// One name server.
#[derive(Debug)]
struct Server {
    places: Semaphore,
    silences: Mutex<Silences>,
}

/// How often a server was silent since it last answered, and when that was seen last.
#[derive(Debug, Default)]
struct Silences {
    count: usize,
    last: Option<Instant>,
}

impl Servers {
    /// The reply of the name server at an address; that it is silent, without asking, where it just was.
    pub(super) async fn reply(&self, address: IpAddr, ask: BoxFuture<'_, Response>) -> Response {
        let server = self.at(address);
        // Nobody closes it; a question without a place would be one too many, and no harm.
        let _place = server.places.acquire().await;
        if server.is_silent() {
            return Response::new(Outcome::Unknown(Cause::Silent));
        }
        let reply = ask.await;
        server.note(&reply);
        reply
    }

    fn at(&self, address: IpAddr) -> Arc<Server> {
        let mut servers = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= MOST_KEPT {
            servers.retain(|_, server| Arc::strong_count(server) > 1);
        }
        let new = || Arc::new(Server { places: Semaphore::new(AT_ONCE), silences: Mutex::default() });
        Arc::clone(servers.entry(address).or_insert_with(new))
    }
}

impl Server {
    fn is_silent(&self) -> bool {
        let silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        silences.count >= ENOUGH && silences.last.is_some_and(|last| last.elapsed() < FAILURE)
    }

    fn note(&self, reply: &Response) {
        let mut silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        *silences = match reply.outcome {
            Outcome::Unknown(Cause::Silent) => Silences { count: silences.count + 1, last: Some(Instant::now()) },
            _ => Silences::default(),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::{FutureExt as _, join_all};
    use tokio::time::sleep;

    use super::*;

    const AT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 53));
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Asks so many times at once; gives how many questions were put, and how many replies were silence.
    async fn ask(servers: &Servers, times: usize, silent: bool) -> (usize, usize) {
        let put = AtomicUsize::new(0);
        let question = || {
            async {
                put.fetch_add(1, Ordering::Relaxed);
                if silent {
                    sleep(PATIENCE).await;
                    return Response::new(Outcome::Unknown(Cause::Silent));
                }
                Response::new(Outcome::NoData)
            }
            .boxed()
        };
        let replies = join_all((0..times).map(|_| servers.reply(AT, question()))).await;
        let silences = replies.iter().filter(|reply| reply.outcome == Outcome::Unknown(Cause::Silent)).count();
        (put.load(Ordering::Relaxed), silences)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_waited_for_once_and_by_few() {
        let (servers, start) = (Servers::default(), Instant::now());
        assert_eq!(ask(&servers, 100, true).await, (AT_ONCE, 100));
        assert_eq!(ask(&servers, 10, false).await, (0, 10), "it is not asked again at once");
        assert_eq!(start.elapsed(), PATIENCE);
        sleep(FAILURE).await;
        assert_eq!(ask(&servers, 10, false).await, (10, 0), "it is back");
    }

    #[tokio::test(start_paused = true)]
    async fn one_silence_is_no_silent_server() {
        let servers = Servers::default();
        for _ in 0..3 {
            assert_eq!(ask(&servers, 1, true).await, (1, 1));
            assert_eq!(ask(&servers, 1, false).await, (1, 0));
        }
    }
}

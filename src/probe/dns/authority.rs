//! The name servers of domains: which of them may be asked, and how many questions each gets at once.
//!
//! Whoever owns a domain says where its name servers are, so an address here is hostile: a guard judges it first. The
//! resolvers that the operator names are asked without.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{IpAddr, SocketAddr};

use tokio::sync::{Semaphore, SemaphorePermit};

/// How many questions one address gets at once, over all checks: nobody can have us lean on it.
const QUESTIONS_TO_ONE: usize = 4;

/// Among how many queues the addresses are spread; two addresses that share one wait for each other, and no more.
const QUEUES: usize = 256;

/// The name servers that may be asked.
pub(super) struct Authorities {
    port: u16,
    admits: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    queues: Vec<Semaphore>,
}

impl Authorities {
    /// Nobody.
    pub(super) fn none() -> Self {
        Self::new(0, |_| false)
    }

    /// Those at `port` of the addresses that `admits` lets through.
    pub(super) fn new(port: u16, admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        let queues = (0..QUEUES).map(|_| Semaphore::new(QUESTIONS_TO_ONE)).collect();
        Self { port, admits: Box::new(admits), queues }
    }

    /// Where to ask the name server at `address`, once it is its turn; `None` if it may not be asked.
    pub(super) async fn turn(&self, address: IpAddr) -> Option<(SocketAddr, SemaphorePermit<'_>)> {
        if !(self.admits)(address) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        let queue = usize::try_from(hasher.finish() % self.queues.len() as u64).ok()?;
        let turn = self.queues.get(queue)?.acquire().await.ok()?;
        Some((SocketAddr::new(address, self.port), turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_address_gets_four_questions_at_once_and_others_still_theirs() {
        let authorities = Authorities::new(53, |_| true);
        let mut turns = Vec::new();
        for _ in 0..QUESTIONS_TO_ONE {
            turns.push(authorities.turn([192, 0, 2, 1].into()).await.unwrap());
        }
        let second = std::time::Duration::from_secs(1);
        let fifth = tokio::time::timeout(second, authorities.turn([192, 0, 2, 1].into()));
        assert!(fifth.await.is_err());
        let (other, _turn) = authorities.turn([192, 0, 2, 2].into()).await.unwrap();
        assert_eq!(other, "192.0.2.2:53".parse().unwrap());
        turns.pop();
        assert!(authorities.turn([192, 0, 2, 1].into()).await.is_some());
    }

    #[tokio::test]
    async fn whom_the_guard_does_not_let_through_is_not_asked() {
        let authorities = Authorities::new(53, |address| address.is_ipv6());
        assert!(authorities.turn([192, 0, 2, 1].into()).await.is_none());
        assert!(authorities.turn("2001:db8::1".parse().unwrap()).await.is_some());
        assert!(Authorities::none().turn("2001:db8::1".parse().unwrap()).await.is_none());
    }
}

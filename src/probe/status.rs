//! The host's status page: asked once for all who ask within a minute, over the guarded connections that every page is
//! fetched over.
//!
//! A look goes on though whoever asked for it has gone, so that the next one finds it done.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout};

use super::{Inquiry, Network};
use crate::config::Budget;
use crate::domain::Name;
use crate::status::{self, Looked, NoStatus};

/// For how long what the page said counts: people who come in crowds ask once, and nobody waits long for news.
const KEPT: Duration = Duration::from_mins(1);

/// For how long it counts that the page could not be had.
const UNKNOWN_KEPT: Duration = Duration::from_secs(15);

/// How long an answer about something else waits for the page: less than until a person sees the first part of it.
const SOON: Duration = Duration::from_millis(800);

/// A status page.
pub struct StatusPage {
    host: Name,
    network: Arc<dyn Network>,
    budget: Budget,
    last: Mutex<Option<Last>>,
}

/// The last look, or the one under way.
struct Last {
    asked: Instant,
    look: Shared<BoxFuture<'static, Looked>>,
}

impl StatusPage {
    /// The page on this host; nothing is asked yet.
    pub fn new(host: Name, network: Arc<dyn Network>, budget: Budget) -> Self {
        Self { host, network, budget, last: Mutex::default() }
    }

    /// Its host.
    pub const fn host(&self) -> &Name {
        &self.host
    }

    /// What it says now, or said within the last minute.
    pub async fn look(&self) -> Looked {
        let look = self.under_way();
        look.await
    }

    /// The same where it is known at once, or soon.
    pub async fn look_soon(&self) -> Option<Looked> {
        timeout(SOON, self.look()).await.ok()
    }

    fn under_way(&self) -> Shared<BoxFuture<'static, Looked>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.counts()) {
            return last.look.clone();
        }
        let mut inquiry = Inquiry::new(Arc::clone(&self.network), self.budget);
        let host = self.host.clone();
        let task = tokio::spawn(async move { inquiry.settle(|view| status::look(&host, view)).await });
        let gone = |_| Err(NoStatus::NoPage("the look at it did not come to its end".to_owned()));
        let look = task.map(move |ended| ended.unwrap_or_else(gone)).boxed().shared();
        *last = Some(Last { asked: Instant::now(), look: look.clone() });
        look
    }
}

impl Last {
    fn counts(&self) -> bool {
        match self.look.peek() {
            None => true,
            Some(Ok(_)) => self.asked.elapsed() < KEPT,
            Some(Err(_)) => self.asked.elapsed() < UNKNOWN_KEPT,
        }
    }
}

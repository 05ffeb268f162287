//! What is done without being asked: looks at the domains that people watch, notifications taken to them, and the end of
//! what was kept long enough.
//!
//! Decides nothing itself: [`crate::watch`] says what a look means, [`crate::store`] keeps it, a surface is the [`Courier`].
//! Sleeps until something is due; what is waited for costs nothing in the meantime.

mod deliver;
mod look;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use deliver::Courier;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
pub use look::Blind;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::moment::Moment;
use crate::store::{Store, StoreError};
use crate::watch::{LONGEST_PAUSE, Seen};

/// How many looks are taken at once: enough for hundreds of watches a minute, and no storm for the resolver.
const AT_ONCE: usize = 4;
/// How long a look is in hand: longer than the largest budget of time.
const HOLD: Duration = Duration::from_secs(90);
/// The longest sleep: another replica may have begun a watch and be gone.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// How long to wait after the store failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);
/// How often what was kept long enough is removed.
const EXPIRY_EVERY: Duration = Duration::from_hours(1);

/// Goes round for those who entrusted something to a store.
#[derive(Clone)]
pub struct Rounds {
    engine: Arc<Engine>,
    store: Store,
    began: Arc<Notify>,
    stop: CancellationToken,
}

impl Rounds {
    /// Gets ready. After `stop` nothing new is begun, and what is in hand is finished.
    pub fn new(engine: Arc<Engine>, store: Store, stop: CancellationToken) -> Self {
        Self { engine, store, began: Arc::default(), stop }
    }

    /// Says that something is due now: a watch has begun, or a notification was posted.
    pub fn wake(&self) {
        self.began.notify_waiters();
    }

    /// Goes round until it is stopped. What fails is tried again, and told in the log.
    pub async fn run(&self, courier: &dyn Courier, chance: fn() -> u64) {
        let never = Notify::new();
        tokio::join!(
            self.again_and_again(&self.began, || Box::pin(self.make(now, chance))),
            self.again_and_again(&self.began, || Box::pin(self.deliver(courier, now, chance))),
            self.again_and_again(&never, || Box::pin(self.expire())),
        );
    }

    /// Does something whenever it is due, which it says itself, and when it is woken.
    async fn again_and_again<'w>(&self, wake: &Notify, work: impl Fn() -> BoxFuture<'w, Result<Moment, StoreError>>) {
        while !self.stop.is_cancelled() {
            let mut woken = std::pin::pin!(wake.notified());
            // From here on, so that what begins during the work is not slept through.
            woken.as_mut().enable();
            let next = work().await.unwrap_or_else(|error| {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(error, "the store failed; it is tried again");
                now() + AFTER_TROUBLE
            });
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = woken => {}
                () = tokio::time::sleep(next.since(now())) => {}
            }
        }
    }

    /// Removes what was kept long enough; when to come again.
    async fn expire(&self) -> Result<Moment, StoreError> {
        let gone = self.store.expire(&self.engine.config().store.keep, now()).await?;
        tracing::debug!(?gone, "removed what was kept long enough");
        Ok(now() + EXPIRY_EVERY)
    }

    /// Takes every look that is due, a few at a time; when to come again, unless a watch begins before.
    pub async fn make(&self, clock: impl Fn() -> Moment, chance: impl Fn() -> u64) -> Result<Moment, StoreError> {
        let mut next = self.store.next_look().await?;
        // Nothing is further ahead than the longest pause, but for a clock that went back; then it is looked for as well.
        let idle = next.is_none_or(|next| next > clock() && next <= clock() + LONGEST_PAUSE);
        if !idle {
            let walks = join_all((0..AT_ONCE).map(|_| self.take_looks(&clock, &chance))).await;
            walks.into_iter().collect::<Result<(), _>>()?;
            next = self.store.next_look().await?;
        }
        let latest = clock() + LONGEST_SLEEP;
        Ok(next.map_or(latest, |next| next.min(latest)))
    }

    async fn take_looks(&self, clock: &impl Fn() -> Moment, chance: &impl Fn() -> u64) -> Result<(), StoreError> {
        while !self.stop.is_cancelled() {
            let Some(look) = self.store.take_look(HOLD, clock()).await? else { break };
            let seen = self.look(&look.domain, look.until, look.selector.as_ref()).await;
            if seen == Seen::Broken {
                tracing::error!(watch = look.id, "a look ended in a bug");
            }
            // Lost is as good: whoever has it now writes it down.
            let _ours_or_lost = self.store.looked(&look, &seen, clock(), chance()).await?;
            // A notification may have been posted with it.
            self.wake();
        }
        Ok(())
    }
}

/// What comes of some work; none where it ended in a panic, whose message stands in the log: nothing else ends with it.
async fn unless_broken<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

fn now() -> Moment {
    SystemTime::now().into()
}

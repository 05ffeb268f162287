//! Taking notifications to people: a surface knows how, and says how it went.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};

use super::{LONGEST_SLEEP, Rounds, unless_broken};
use crate::moment::Moment;
use crate::store::{Delivery, Fate, Notification, StoreError};

/// How many deliveries are under way at once: Discord takes 50 messages a second of a bot.
const AT_ONCE: usize = 4;
/// How long a delivery may take.
const LASTS: Duration = Duration::from_secs(20);
/// How long a notification is in hand: longer than a delivery takes, by far more than it takes to write that down.
const HOLD: Duration = Duration::from_secs(40);

/// Who takes notifications to people.
pub trait Courier: Send + Sync {
    /// Takes one there, with its nonce; says how it went.
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Delivery>;
}

impl Rounds {
    /// Delivers every notification that is due, a few at a time; when to come again.
    pub async fn deliver(
        &self,
        courier: &dyn Courier,
        clock: impl Fn() -> Moment,
        chance: impl Fn() -> u64,
    ) -> Result<Moment, StoreError> {
        let mut next = self.store.next_notification().await?;
        if next.is_some_and(|next| next <= clock()) {
            let walks = join_all((0..AT_ONCE).map(|_| self.walk(courier, &clock, &chance))).await;
            walks.into_iter().collect::<Result<(), _>>()?;
            next = self.store.next_notification().await?;
        }
        let latest = clock() + LONGEST_SLEEP;
        Ok(next.map_or(latest, |next| next.min(latest)))
    }

    async fn walk(
        &self,
        courier: &dyn Courier,
        clock: &impl Fn() -> Moment,
        chance: &impl Fn() -> u64,
    ) -> Result<(), StoreError> {
        while !self.stop.is_cancelled() {
            let Some(notification) = self.store.take_notification(HOLD, clock()).await? else { break };
            let delivery = unless_broken(async { courier.deliver(&notification).await });
            let how = match tokio::time::timeout(LASTS, delivery).await {
                Ok(Some(how)) => how,
                Ok(None) => {
                    tracing::error!(notification = notification.id, "a delivery ended in a bug");
                    Delivery::Refused("a bug".to_owned())
                }
                Err(_) => Delivery::Delayed(format!("no answer in {} seconds", LASTS.as_secs())),
            };
            match self.store.tried(&notification, &how, clock(), chance()).await? {
                Fate::Parked => tracing::warn!(notification = notification.id, ?how, "a notification was set aside"),
                Fate::Sent | Fate::Again(_) | Fate::Lost => {}
            }
        }
        Ok(())
    }
}

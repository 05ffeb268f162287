//! Who alone may do something, such as hold the gateway's connection: for a while, and longer only by saying so again.
//!
//! Each new holder gets a higher token, so that what an earlier one still has in hand can be told apart. Replicas'
//! clocks must agree to within seconds.

use std::time::Duration;

use super::error::StoreError;
use super::{Held, Store};
use crate::moment::Moment;

/// A lease that one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Higher than that of all who held it before.
    pub token: i64,
}

impl Lease {
    /// How long a lease lasts.
    pub const LASTS: Duration = Duration::from_secs(15);
    /// How often its holder says that it still holds it: two such words may be lost.
    pub const RENEWED_EVERY: Duration = Duration::from_secs(5);
}

impl Store {
    /// Takes a lease that nobody holds; `holder` tells people who has it.
    pub async fn take_lease(&self, name: &str, holder: &str, now: Moment) -> Result<Option<Lease>, StoreError> {
        // An end that is further ahead than any holder could have set it was set by a clock that has since gone back.
        let sql = "INSERT INTO lease (name, holder, token, until) VALUES ($1, $2, 1, $4)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, until = excluded.until
            WHERE lease.until <= $3 OR lease.until > $5
            RETURNING token";
        let values =
            [name.into(), holder.into(), now.into(), (now + Lease::LASTS).into(), (now + Lease::LASTS * 4).into()];
        let token = self.engine.write(sql, &values).await?.pop();
        let token = token.map(|mut row| row.take()).transpose()?;
        Ok(token.map(|token| Lease { name: name.to_owned(), token }))
    }

    /// Holds on to a lease.
    pub async fn renew_lease(&self, lease: &Lease, now: Moment) -> Result<Held, StoreError> {
        let sql = "UPDATE lease SET until = $3 WHERE name = $1 AND token = $2 AND until > $4 RETURNING token";
        let values = [lease.name.as_str().into(), lease.token.into(), (now + Lease::LASTS).into(), now.into()];
        let kept = self.engine.write(sql, &values).await?;
        Ok(if kept.is_empty() { Held::Lost } else { Held::Ours })
    }

    /// Gives a lease back, so that others need not wait for its end.
    pub async fn release_lease(&self, lease: &Lease) -> Result<Held, StoreError> {
        let sql = "UPDATE lease SET until = 0 WHERE name = $1 AND token = $2 RETURNING token";
        let kept = self.engine.write(sql, &[lease.name.as_str().into(), lease.token.into()]).await?;
        Ok(if kept.is_empty() { Held::Lost } else { Held::Ours })
    }
}

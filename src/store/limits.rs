//! How often people, guilds and channels may ask, and how often a domain is looked at, over all replicas: counts in fixed
//! windows of time.

use std::time::Duration;

use super::Store;
use super::error::StoreError;
use super::snowflake::{Channel, Guild, Person};
use crate::config::Limits;
use crate::domain::Domain;
use crate::moment::Moment;

/// The window of those who ask.
const ASKING: Duration = Duration::from_mins(1);
/// The window of what is looked at, by whomever.
const LOOKED_AT: Duration = Duration::from_mins(10);

/// What something is counted against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A person.
    Person(Person),
    /// A guild.
    Guild(Guild),
    /// A channel.
    Channel(Channel),
    /// The domain that is looked at, as somebody registered it.
    Domain(Domain),
    /// The mail server that is called.
    Host(String),
}

impl Subject {
    fn scope(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Guild(_) => "guild",
            Self::Channel(_) => "channel",
            Self::Domain(_) => "domain",
            Self::Host(_) => "host",
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Person(id) => id.to_string(),
            Self::Guild(id) => id.to_string(),
            Self::Channel(id) => id.to_string(),
            Self::Domain(domain) => domain.to_string(),
            Self::Host(host) => host.to_ascii_lowercase(),
        }
    }

    fn limit(&self, limits: &Limits) -> (u32, Duration) {
        match self {
            Self::Person(_) => (limits.person, ASKING),
            Self::Guild(_) => (limits.guild, ASKING),
            Self::Channel(_) => (limits.channel, ASKING),
            Self::Domain(_) => (limits.domain, LOOKED_AT),
            Self::Host(_) => (limits.host, LOOKED_AT),
        }
    }
}

/// Whether it may be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Spending {
    /// It may, and is counted.
    Fine,
    /// It may not, and is not counted: who has had enough, and how long until it may.
    TooOften(Subject, Duration),
}

impl Store {
    /// Counts one more against all of these, or against none where one of them has had enough.
    pub async fn spend(&self, mut on: Vec<Subject>, now: Moment) -> Result<Spending, StoreError> {
        // Always in one order: two that count the same things do not wait for each other.
        on.sort_by_key(|subject| (subject.scope(), subject.name()));
        let mut work = self.engine.begin().await?;
        for subject in on {
            let (most, length) = subject.limit(&self.limits);
            let span = now.window(length);
            let until = Moment(0) + length * u32::try_from(span.saturating_add(1)).unwrap_or(u32::MAX);
            let sql = "INSERT INTO spent (scope, subject, span, count, until) VALUES ($1, $2, $3, 1, $4)
                ON CONFLICT (scope, subject, span) DO UPDATE SET count = spent.count + 1 RETURNING count";
            let values = [subject.scope().into(), subject.name().into(), span.into(), until.into()];
            let count = work.rows(sql, &values).await?.pop();
            let count: i64 = count.map_or(Ok(0), |mut row| row.take())?;
            if count > i64::from(most) {
                return Ok(Spending::TooOften(subject, until.since(now)));
            }
        }
        work.commit().await?;
        Ok(Spending::Fine)
    }
}

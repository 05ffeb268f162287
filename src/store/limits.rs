//! How often people, guilds and channels may ask, and how often a domain is looked at, over all replicas: counts in fixed
//! windows of time. What comes again is not counted, and not done, twice.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::StoreError;
use super::snowflake::{Channel, Guild, Interaction, Person};
use super::{Store, interactions};
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
}

impl Subject {
    fn scope(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Guild(_) => "guild",
            Self::Channel(_) => "channel",
            Self::Domain(_) => "domain",
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Person(id) => id.to_string(),
            Self::Guild(id) => id.to_string(),
            Self::Channel(id) => id.to_string(),
            Self::Domain(domain) => domain.to_string(),
        }
    }

    fn key(&self) -> (&'static str, String) {
        (self.scope(), self.name())
    }

    fn limit(&self, limits: &Limits) -> (u32, Duration) {
        match self {
            Self::Person(_) => (limits.person, ASKING),
            Self::Guild(_) => (limits.guild, ASKING),
            Self::Channel(_) => (limits.channel, ASKING),
            Self::Domain(_) => (limits.domain, LOOKED_AT),
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
    /// It was done before, or refused: the interaction came again.
    Again,
}

/// What is to be counted, and the interaction that it is for.
pub(super) type Wish = (Vec<Subject>, Option<Interaction>);

impl Store {
    /// Counts one more against all of these, or against none where one of them has had enough. What is done for an
    /// interaction is done once: of several who ask for the same, all but one are told that it came again.
    pub async fn spend(&self, on: Vec<Subject>, by: Option<Interaction>, now: Moment) -> Result<Spending, StoreError> {
        self.spendings.join((on, by), async |all| self.count_all(all, now).await).await
    }

    /// Counts for all who wait, in one transaction.
    async fn count_all(&self, wishes: Vec<Wish>, now: Moment) -> Result<Vec<Spending>, StoreError> {
        let mut work = self.engine.begin().await?;
        let mut new = interactions::arrive(&mut work, wishes.iter().filter_map(|(_, by)| *by).collect(), now).await?;
        let wishes: Vec<Option<Vec<Subject>>> =
            wishes.into_iter().map(|(on, by)| by.is_none_or(|by| new.remove(&by)).then_some(on)).collect();
        // Always in one order: two processes that count the same things do not wait for each other.
        let mut counters: BTreeMap<(&'static str, String), Counter> = BTreeMap::new();
        for subject in wishes.iter().flatten().flatten() {
            let (most, length) = subject.limit(&self.limits);
            let span = now.window(length);
            let until = Moment(0) + length * u32::try_from(span.saturating_add(1)).unwrap_or(u32::MAX);
            let new = Counter { span, until, most: most.into(), wanted: 0, count: 0, refused: 0 };
            counters.entry(subject.key()).or_insert(new).wanted += 1;
        }
        for ((scope, name), counter) in &mut counters {
            let sql = "INSERT INTO spent (scope, subject, span, count, until) VALUES ($1, $2, $3, $5, $4)
                ON CONFLICT (scope, subject, span) DO UPDATE SET count = spent.count + $5 RETURNING count";
            let Counter { span, until, wanted, .. } = *counter;
            let values = [(*scope).into(), name.as_str().into(), span.into(), until.into(), wanted.into()];
            let count = work.rows(sql, &values).await?.pop();
            counter.count = count.map_or(Ok(0), |mut row| row.take::<i64>())? - wanted;
        }
        let answers =
            wishes.iter().map(|on| on.as_ref().map_or(Spending::Again, |on| decide(on, &mut counters, now))).collect();
        for ((scope, name), counter) in counters.iter().filter(|(_, counter)| counter.refused > 0) {
            let sql = "UPDATE spent SET count = count - $4 WHERE scope = $1 AND subject = $2 AND span = $3";
            let values = [(*scope).into(), name.as_str().into(), counter.span.into(), counter.refused.into()];
            work.run(sql, &values).await?;
        }
        work.commit().await?;
        Ok(answers)
    }
}

/// A count in its window, and what of it those who wait want.
struct Counter {
    span: i64,
    until: Moment,
    most: i64,
    wanted: i64,
    count: i64,
    refused: i64,
}

fn decide(on: &[Subject], counters: &mut BTreeMap<(&'static str, String), Counter>, now: Moment) -> Spending {
    let full = on.iter().find_map(|subject| {
        let counter = counters.get(&subject.key())?;
        (counter.count >= counter.most).then(|| Spending::TooOften(subject.clone(), counter.until.since(now)))
    });
    for subject in on {
        if let Some(counter) = counters.get_mut(&subject.key()) {
            *(if full.is_none() { &mut counter.count } else { &mut counter.refused }) += 1;
        }
    }
    full.unwrap_or(Spending::Fine)
}

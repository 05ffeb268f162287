//! What is done without being asked: looks at the domains that people watch, and the end of what was kept long enough.
//!
//! Decides nothing itself: [`crate::watch`] says what a look means, [`crate::store`] keeps it, and a surface delivers the
//! notifications. Sleeps until something is due; what is waited for costs nothing in the meantime.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::domain::{Domain, Name};
use crate::engine::Engine;
use crate::facts::{Fact, Kind, Query, Record};
use crate::finding::{Code, Topic};
use crate::moment::Moment;
use crate::probe::Report;
use crate::request::{CheckRequest, Request};
use crate::store::{Store, StoreError};
use crate::transcript::Transcript;
use crate::watch::{Seen, Until};

/// How many looks are taken at once: enough for hundreds of watches a minute, and no storm for the resolver.
const AT_ONCE: usize = 4;
/// How long a look is in hand: longer than the largest budget of time.
const HOLD: Duration = Duration::from_secs(90);
/// The longest sleep: another replica may have begun a watch and be gone.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// The longest account of what everybody says, in characters.
const LONGEST_ACCOUNT: usize = 1000;

/// Goes round for the watches of a store.
pub struct Rounds {
    engine: Arc<Engine>,
    store: Store,
}

impl Rounds {
    /// Gets ready.
    pub fn new(engine: Arc<Engine>, store: Store) -> Self {
        Self { engine, store }
    }

    /// Takes every look that is due, a few at a time; when to come again, unless a watch begins before.
    pub async fn make(&self, clock: impl Fn() -> Moment, chance: impl Fn() -> u64) -> Result<Moment, StoreError> {
        let next = self.store.next_look().await?;
        // Nothing is further ahead than this, but for a clock that went back; then it is looked for all the same.
        let idle = next.is_none_or(|next| next > clock() && next <= clock() + crate::watch::LONGEST_PAUSE);
        if !idle {
            let walks = join_all((0..AT_ONCE).map(|_| self.take_looks(&clock, &chance))).await;
            walks.into_iter().collect::<Result<(), _>>()?;
        }
        let next = if idle { next } else { self.store.next_look().await? };
        let latest = clock() + LONGEST_SLEEP;
        Ok(next.map_or(latest, |next| next.min(latest)))
    }

    async fn take_looks(&self, clock: &impl Fn() -> Moment, chance: &impl Fn() -> u64) -> Result<(), StoreError> {
        while let Some(look) = self.store.take_look(HOLD, clock()).await? {
            let seen = self.look(&look.domain, look.until).await;
            // Lost is as good: whoever has it now writes it down.
            let _ours_or_lost = self.store.looked(&look, &seen, clock(), chance()).await?;
        }
        Ok(())
    }

    /// Looks whether a change at a domain is everywhere.
    pub async fn look(&self, domain: &Domain, until: Until) -> Seen {
        let selectors = self.engine.config().host.dkim_selectors.clone();
        let check = CheckRequest { selectors, topics: vec![Topic::Propagation], ..CheckRequest::of(domain.clone()) };
        let mut work = self.engine.begin(Request::Check(check));
        work.finish().await;
        match (work.report(), work.transcript()) {
            (Some(report), Some(transcript)) => seen(&report, &transcript, until),
            _ => Seen::Unknown,
        }
    }
}

/// What a look at a domain means for who waits for these records.
fn seen(report: &Report, transcript: &Transcript, until: Until) -> Seen {
    let mut seen = Seen::Unknown;
    for finding in report.findings() {
        match finding.code {
            // A move to other name servers changes all records.
            Code::PropagationPending | Code::PropagationServersDiffer
                if finding.details.get("what").is_some_and(|what| what == "NS" || is_waited_for(what, until)) =>
            {
                return Seen::Underway;
            }
            Code::PropagationUnknown => return Seen::Unknown,
            Code::PropagationDone | Code::PropagationPending | Code::PropagationServersDiffer => {
                seen = Seen::Everywhere(account(transcript, until));
            }
            _ => {}
        }
    }
    seen
}

/// Whether the records that people call so are among those that are waited for.
fn is_waited_for(what: &str, until: Until) -> bool {
    until == Until::All || Until::ALL.iter().any(|(word, other)| *other == until && what.eq_ignore_ascii_case(word))
}

/// What everybody says, for people: a line for each record, in an order of its own.
fn account(transcript: &Transcript, until: Until) -> String {
    let domain = transcript.domain.name();
    let keys = transcript.selectors.iter().filter_map(|selector| domain.below(&format!("{selector}._domainkey")));
    let policy = domain.below("_dmarc").map(|name| ("dmarc", name, Kind::Txt));
    let asked = [("mx", domain.clone(), Kind::Mx), ("spf", domain.clone(), Kind::Txt)]
        .into_iter()
        .chain(policy)
        .chain(keys.map(|name| ("dkim", name, Kind::Txt)));
    let asked = asked.filter(|(what, _, _)| is_waited_for(what, until));
    let mut lines: Vec<String> = asked.flat_map(|(what, name, kind)| said(transcript, what, &name, kind)).collect();
    lines.sort();
    if lines.is_empty() { "no record".to_owned() } else { lines.join("\n").chars().take(LONGEST_ACCOUNT).collect() }
}

fn said(transcript: &Transcript, what: &str, name: &Name, kind: Kind) -> Vec<String> {
    let Fact::Dns(_, response) = transcript.reply(Query::new(name, kind).into()) else { return Vec::new() };
    let records = response.records().unwrap_or_default();
    let line = |record: &Record| match record {
        Record::Mx { preference, exchange } => Some(format!("MX {preference} {exchange}")),
        Record::Txt(text) => {
            let text = text.to_string();
            let counts = what != "spf" || text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("v=spf1"));
            counts.then(|| format!("{} {text}", what.to_uppercase()))
        }
        _ => None,
    };
    records.iter().filter_map(line).collect()
}

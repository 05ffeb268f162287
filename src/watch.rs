//! Waiting for a change in the DNS to be everywhere: what each look at the domain means, when to look again, and when to
//! tell the person.
//!
//! Pure: looks, writes down and tells nothing itself; `store` keeps it, and writes each [`Notice`] in the transaction of
//! the step that it tells of. Time and chance are arguments. A watch decides by what was seen, never by the clock alone:
//! a clock that jumps makes it look sooner or later, and neither repeats nor swallows a notice.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::moment::Moment;

/// How many seconds until the next look, by the number of looks so far: a change often shows within minutes, and may take days.
const PAUSES: [u64; 8] = [60, 90, 135, 200, 300, 450, 675, 900];
/// The longest pause between two looks.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// How long a change is waited for: far beyond the 48 hours that people are told.
pub const PATIENCE: Duration = Duration::from_hours(14 * 24);
/// How many looks in a row may break before the watch ends: about ten minutes, in which a replica may have been replaced.
pub const MOST_STRIKES: u32 = 5;

/// The records whose change is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// All of those below.
    All,
    /// The MX records.
    Mx,
    /// The SPF record.
    Spf,
    /// The DKIM keys.
    Dkim,
    /// The DMARC record.
    Dmarc,
}

impl Until {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 5] =
        [("all", Self::All), ("mx", Self::Mx), ("spf", Self::Spf), ("dkim", Self::Dkim), ("dmarc", Self::Dmarc)];
}

/// Where a watch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The change is not everywhere yet.
    Pending,
    /// It is, and the person was not told yet.
    Changed,
    /// It is, and the person was told: the end.
    Notified,
    /// It took too long: the end.
    Expired,
    /// It is, and the person could not be told: the end.
    Undelivered,
    /// Looking broke again and again: the end.
    Broken,
    /// The person does not want it any more: the end.
    Cancelled,
}

impl State {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 7] = [
        ("pending", Self::Pending),
        ("changed", Self::Changed),
        ("notified", Self::Notified),
        ("expired", Self::Expired),
        ("undelivered", Self::Undelivered),
        ("broken", Self::Broken),
        ("cancelled", Self::Cancelled),
    ];

    /// Whether nothing follows.
    pub fn is_end(self) -> bool {
        !matches!(self, Self::Pending | Self::Changed)
    }
}

/// What a look at the domain showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Everybody who was asked says the same.
    Everywhere(Said),
    /// Some still have the old answer, or the name servers differ.
    Underway,
    /// The network would not say.
    Unknown,
    /// The look ended in a bug.
    Broken,
}

/// What everybody says, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What.
    pub what: String,
    /// Who was asked.
    pub who: String,
}

/// What the person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The change is everywhere.
    Everywhere(Said),
    /// Everybody says the same when that is first seen, which may be the change or what was before it.
    Already(Said),
    /// It still is not, and the watch has ended.
    GaveUp,
    /// Looking broke too often, and the watch has ended.
    Broken,
}

/// A watch, without whose it is and of which domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Where it stands.
    pub state: State,
    /// How often the domain was looked at since something happened.
    pub looks: u32,
    /// How many notices it has given: the number of the last.
    pub step: u32,
    /// How many looks in a row were taken and came to nothing.
    pub strikes: u32,
    /// What everybody said when that was first seen, or last told.
    pub known: Option<String>,
    /// Whether a change was seen under way since.
    pub underway: bool,
    /// When to look again; `None` at the end.
    pub next_look: Option<Moment>,
    /// From when on it is too late.
    pub expires: Moment,
}

impl Watch {
    /// A new watch after a first look, of which the person is told when they ask for it.
    pub fn begin(seen: &Seen, now: Moment) -> Self {
        let known = if let Seen::Everywhere(said) = seen { Some(said.what.clone()) } else { None };
        Self {
            state: State::Pending,
            looks: 1,
            step: 0,
            strikes: 0,
            known,
            underway: *seen == Seen::Underway,
            next_look: Some(now + pause(1, 0)),
            expires: now + PATIENCE,
        }
    }

    /// After a look: where the watch stands, and what the person is to be told, if anything. `chance` is any number.
    ///
    /// What everybody said from the start is told, and is no change; it is one after something else was seen. While a
    /// notice waits to be delivered, looking goes on: a second change gets a notice of its own.
    #[must_use]
    pub fn looked(mut self, seen: &Seen, now: Moment, chance: u64) -> (Self, Option<Notice>) {
        if self.state.is_end() {
            return (self, None);
        }
        self.looks = self.looks.saturating_add(1);
        let mut notice = None;
        if *seen != Seen::Broken {
            self.strikes = 0;
        }
        match seen {
            Seen::Everywhere(said) => {
                let is_new = self.known.as_ref().is_some_and(|known| *known != said.what);
                if is_new || self.underway {
                    self.state = State::Changed;
                    notice = Some(Notice::Everywhere(said.clone()));
                } else if self.known.is_none() {
                    notice = Some(Notice::Already(said.clone()));
                }
                self.known = Some(said.what.clone());
                self.underway = false;
            }
            Seen::Underway => {
                if self.state == State::Changed {
                    self.state = State::Pending;
                    self.looks = 0;
                }
                self.underway = true;
            }
            Seen::Broken if self.state == State::Pending && self.strikes >= MOST_STRIKES => {
                self.state = State::Broken;
                notice = Some(Notice::Broken);
            }
            Seen::Unknown | Seen::Broken => {}
        }
        if self.state == State::Pending && now >= self.expires {
            self.state = State::Expired;
            notice = Some(Notice::GaveUp);
        }
        self.step += u32::from(notice.is_some());
        self.next_look = (!self.state.is_end()).then(|| now + pause(self.looks, chance));
        (self, notice)
    }

    /// After a notice was delivered: the end, if it told how things stand.
    #[must_use]
    pub fn delivered(self, step: u32) -> Self {
        if self.state == State::Changed && step == self.step { self.end(State::Notified) } else { self }
    }

    /// After a notice was given up: the end, if it told how things stand.
    #[must_use]
    pub fn undeliverable(self, step: u32) -> Self {
        if self.state == State::Changed && step == self.step { self.end(State::Undelivered) } else { self }
    }

    /// After the person called it off; what has ended stays as it was.
    #[must_use]
    pub fn cancelled(self) -> Self {
        if self.state.is_end() { self } else { self.end(State::Cancelled) }
    }

    fn end(self, state: State) -> Self {
        Self { state, next_look: None, ..self }
    }
}

/// How long until the next look: a little less by chance, so that watches of one hour spread out, yet never below a
/// minute.
fn pause(looks: u32, chance: u64) -> Duration {
    let at = usize::try_from(looks.saturating_sub(1)).unwrap_or(usize::MAX);
    let longest = PAUSES.get(at).copied().unwrap_or(LONGEST_PAUSE.as_secs());
    let sooner = chance % (longest / 10 + 1);
    Duration::from_secs(longest.saturating_sub(sooner)).max(Duration::from_mins(1))
}

//! Discord bans an address from which ten thousand requests in ten minutes are refused (401, 403, 429). Long before
//! that, this lets requests through one by one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The time in which refusals are counted.
const WINDOW: Duration = Duration::from_mins(10);
/// The parts of it that are forgotten at once.
const PART: Duration = Duration::from_mins(1);
/// From so many refusals on, together with the requests under way, the brake is on.
const MANY: usize = 5_000;
/// The time between two requests then: three thousand in ten minutes, so that both stay below ten thousand.
const SLOWLY: Duration = Duration::from_millis(200);

/// The refusals of the last minutes, and what is under way.
#[derive(Debug, Default)]
struct Count {
    parts: VecDeque<(Instant, usize)>,
    under_way: usize,
    next: Option<Instant>,
}

impl Count {
    fn refusals(&mut self, now: Instant) -> usize {
        while self.parts.front().is_some_and(|(begun, _)| now.duration_since(*begun) >= WINDOW + PART) {
            self.parts.pop_front();
        }
        self.parts.iter().map(|(_, count)| count).sum()
    }

    fn refused(&mut self, now: Instant) {
        match self.parts.back_mut() {
            Some((begun, count)) if now.duration_since(*begun) < PART => *count += 1,
            _ => self.parts.push_back((now, 1)),
        }
    }

    /// Lets a request through, or says when to ask again.
    fn pass(&mut self, now: Instant) -> Result<(), Instant> {
        if self.refusals(now) + self.under_way >= MANY {
            match self.next {
                Some(next) if now < next => return Err(next),
                _ => self.next = Some(now + SLOWLY),
            }
        }
        self.under_way += 1;
        Ok(())
    }
}

/// The brake; all requests of a process pass it.
#[derive(Debug, Default)]
pub(super) struct Brake(Mutex<Count>);

/// A request under way.
pub(super) struct Pass<'a>(&'a Brake);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.count().under_way -= 1;
    }
}

impl Brake {
    /// Waits for a request's turn: not at all, unless Discord refuses nearly everything.
    pub(super) async fn pass(&self) -> Pass<'_> {
        loop {
            let now = Instant::now();
            let passed = self.count().pass(now);
            match passed {
                Ok(()) => return Pass(self),
                Err(next) => sleep(next - now).await,
            }
        }
    }

    /// A request was refused, as wrong or as too many.
    pub(super) fn refused(&self) {
        let mut count = self.count();
        let now = Instant::now();
        count.refused(now);
        if count.refusals(now) == MANY {
            tracing::error!("Discord refused {MANY} requests in ten minutes; from now on they go out slowly");
        }
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn when_everything_is_refused_ten_thousand_in_ten_minutes_are_never_reached() {
        let brake = Brake::default();
        let mut sent: VecDeque<Instant> = VecDeque::new();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_hours(1) {
            let pass = brake.pass().await;
            let now = Instant::now();
            brake.refused();
            drop(pass);
            sent.push_back(now);
            while sent.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
                sent.pop_front();
            }
            assert!(sent.len() < 10_000, "{} after {:?}", sent.len(), begun.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_refused_is_never_slowed_down() {
        let brake = Brake::default();
        let begun = Instant::now();
        for _ in 0..20_000 {
            drop(brake.pass().await);
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_quiet_time_the_brake_is_off() {
        let brake = Brake::default();
        for _ in 0..MANY {
            brake.refused();
        }
        let begun = Instant::now();
        for _ in 0..2 {
            drop(brake.pass().await);
        }
        assert_eq!(begun.elapsed(), SLOWLY);
        sleep(WINDOW + PART).await;
        let begun = Instant::now();
        for _ in 0..2 {
            drop(brake.pass().await);
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}

//! What goes wrong with a request to Discord, in words that hold no address, since a token is part of it; and whether it
//! is worth trying again.

use std::time::Duration;

use serenity::http::HttpError;

use crate::store::Delivery;

/// The longest wait before the next try.
const LONGEST: Duration = Duration::from_secs(8);
/// The first wait after a 429 that nobody waited out, as behind a proxy, where it is not known how long it is to be.
const LIMITED: Duration = Duration::from_secs(1);

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum Failure {
    /// Discord said no.
    #[error("Discord refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own number for it.
        code: isize,
        /// Discord's words.
        message: String,
    },
    /// No connection.
    #[error("Discord cannot be reached")]
    Unreachable,
    /// A connection, and no answer.
    #[error("the connection to Discord broke off")]
    Broken,
    /// Nothing for too long.
    #[error("Discord did not answer in time")]
    Silent,
    /// It did not go out.
    #[error("the request could not be made")]
    Unmade,
    /// It was done, it seems.
    #[error("Discord's answer could not be read")]
    Unreadable,
}

impl From<serenity::Error> for Failure {
    fn from(error: serenity::Error) -> Self {
        match error {
            serenity::Error::Http(HttpError::UnsuccessfulRequest(refused)) => Self::Refused {
                status: refused.status_code.as_u16(),
                code: refused.error.code,
                message: refused.error.message,
            },
            serenity::Error::Http(HttpError::Request(error)) if error.is_connect() => Self::Unreachable,
            serenity::Error::Http(HttpError::Request(error)) if error.is_decode() => Self::Unreadable,
            serenity::Error::Http(HttpError::Request(_)) => Self::Broken,
            serenity::Error::Http(_) => Self::Unmade,
            _ => Self::Unreadable,
        }
    }
}

impl Failure {
    /// The HTTP status of a refusal.
    pub(in super::super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Discord's number of a refusal.
    pub(in super::super) fn code(&self) -> Option<isize> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether it counts towards the ten thousand after which Discord bans an address.
    pub(super) fn counts(&self) -> bool {
        matches!(self.status(), Some(401 | 403 | 429))
    }

    /// What it means for a notification, which others try again.
    pub(super) fn delivery(&self) -> Delivery {
        match self.status() {
            Some(403 | 404) => Delivery::Gone(self.to_string()),
            Some(429 | 500..) | None => Delivery::Delayed(self.to_string()),
            Some(_) => Delivery::Refused(self.to_string()),
        }
    }

    /// How long to wait before the next try, after so many; none where that would change nothing. `share` (0 to 1, by
    /// lot) spreads those that failed together.
    pub(super) fn pause(&self, first: Duration, tries: u32, share: f64) -> Option<Duration> {
        let first = match self {
            Self::Refused { status: 429, .. } => LIMITED,
            Self::Refused { status: 500..=599, .. } | Self::Unreachable | Self::Broken | Self::Silent => first,
            Self::Refused { .. } | Self::Unmade | Self::Unreadable => return None,
        };
        let pause = first.saturating_mul(1 << tries.min(10)).min(LONGEST.max(first));
        Some(pause.mul_f64(1.0 + share / 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Failure {
        Failure::Refused { status, code: 0, message: String::new() }
    }

    #[test]
    fn what_passes_is_tried_again_ever_later() {
        let first = Duration::from_millis(250);
        for failure in
            [refused(500), refused(502), refused(503), Failure::Unreachable, Failure::Broken, Failure::Silent]
        {
            let waits: Vec<_> = (0..8).filter_map(|tries| failure.pause(first, tries, 0.0)).collect();
            assert_eq!(waits.iter().map(Duration::as_millis).sum::<u128>(), 250 + 500 + 1000 + 2000 + 4000 + 3 * 8000);
        }
        assert_eq!(refused(429).pause(first, 0, 1.0), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn what_discord_will_not_have_is_not_tried_again() {
        for failure in [refused(400), refused(401), refused(403), refused(404), Failure::Unmade, Failure::Unreadable] {
            assert_eq!(failure.pause(LIMITED, 0, 0.0), None, "{failure}");
        }
    }

    #[test]
    fn refusals_that_lead_to_a_ban_are_counted() {
        assert!([401, 403, 429].map(refused).iter().all(Failure::counts));
        assert!(![400, 404, 500].map(refused).iter().any(Failure::counts));
    }
}

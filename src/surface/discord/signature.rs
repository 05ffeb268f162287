//! What arrives over HTTP is Discord's only if it is signed, fresh and new: all three are checked on the raw body,
//! before anything is read from it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use serenity::interactions_endpoint::Verifier;

use crate::config::PublicKey;

/// How far Discord's clock and ours may be apart; also how long a request is remembered. What is older than this is
/// refused for its age, so that nothing can be replayed.
const WINDOW: Duration = Duration::from_mins(5);

/// Checks requests; remembers those of the last minutes.
pub(super) struct Gate {
    verifier: Verifier,
    seen: Mutex<Seen>,
}

/// What passed, by the minute in which it was signed: to let go of what is too old costs nothing for what is not.
///
/// Each is known by the first eight bytes of its signature, which are as good as random, and which nobody can choose but
/// Discord; so that a flood is remembered in little room.
#[derive(Default)]
struct Seen(BTreeMap<u64, HashSet<u64>>);

impl Seen {
    /// Notes a signature of that time; whether it is new.
    fn is_new(&mut self, signature: u64, signed: u64, now: u64) -> bool {
        self.0.retain(|minute, _| (minute + 1) * 60 + WINDOW.as_secs() >= now);
        self.0.entry(signed / 60).or_default().insert(signature)
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No signature of Discord's for this body.
    Unsigned,
    /// Signed too long ago, or in the future.
    Stale,
    /// Seen before.
    Replayed,
}

impl Gate {
    pub(super) fn new(key: PublicKey) -> Option<Self> {
        Some(Self { verifier: Verifier::try_new(key.0).ok()?, seen: Mutex::default() })
    }

    /// Lets a request pass, once.
    pub(super) fn admit(&self, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Result<(), Refusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(signature), Some(timestamp)) = (header("x-signature-ed25519"), header("x-signature-timestamp"))
        else {
            return Err(Refusal::Unsigned);
        };
        // The verifier's reading of hexadecimal digits is lax, and one signature must have one spelling.
        if signature.len() != 128 || !signature.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Refusal::Unsigned);
        }
        self.verifier.verify(signature, timestamp, body).map_err(|()| Refusal::Unsigned)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let signed: u64 = timestamp.parse().map_err(|_| Refusal::Unsigned)?;
        if now.abs_diff(signed) > WINDOW.as_secs() {
            return Err(Refusal::Stale);
        }
        // One signature in capitals and in small letters is one number.
        let first = signature.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let known_by = first.ok_or(Refusal::Unsigned)?;
        let Ok(mut seen) = self.seen.lock() else { return Err(Refusal::Replayed) };
        if seen.is_new(known_by, signed, now) { Ok(()) } else { Err(Refusal::Replayed) }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn signed(key: &SigningKey, timestamp: &str, body: &[u8]) -> HeaderMap {
        let signature = key.sign(&[timestamp.as_bytes(), body].concat());
        let hex = signature.to_bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        HeaderMap::from_iter([
            ("x-signature-ed25519".parse().unwrap(), hex.parse().unwrap()),
            ("x-signature-timestamp".parse().unwrap(), timestamp.parse().unwrap()),
        ])
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn only_what_is_signed_fresh_and_new_passes() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let gate = Gate::new(PublicKey(key.verifying_key().to_bytes())).unwrap();
        let now = NOW.to_string();
        let good = signed(&key, &now, b"{}");
        assert_eq!(gate.admit(&good, b"{}", at(NOW)), Ok(()));
        assert_eq!(gate.admit(&good, b"{}", at(NOW + 1)), Err(Refusal::Replayed));
        assert_eq!(gate.admit(&good, b"{ }", at(NOW)), Err(Refusal::Unsigned));
        assert_eq!(gate.admit(&good, b"{}", at(NOW + 301)), Err(Refusal::Stale));
        assert_eq!(gate.admit(&signed(&key, &now, b"1"), b"1", at(NOW - 301)), Err(Refusal::Stale));
        let other = SigningKey::from_bytes(&[8; 32]);
        assert_eq!(gate.admit(&signed(&other, &now, b"2"), b"2", at(NOW)), Err(Refusal::Unsigned));
        assert_eq!(gate.admit(&HeaderMap::new(), b"{}", at(NOW)), Err(Refusal::Unsigned));
    }

    #[test]
    fn what_is_too_old_to_pass_is_let_go_of_and_what_is_not_is_remembered() {
        let mut seen = Seen::default();
        for signed in NOW..NOW + 1200 {
            assert!(seen.is_new(signed, signed, signed) && !seen.is_new(signed, signed, signed + WINDOW.as_secs()));
        }
        // Ten minutes at most: five on either side of the clock.
        assert!(seen.0.values().map(HashSet::len).sum::<usize>() <= 660);
    }

    #[test]
    fn a_signature_in_capitals_is_the_same_signature() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let gate = Gate::new(PublicKey(key.verifying_key().to_bytes())).unwrap();
        let mut headers = signed(&key, &NOW.to_string(), b"{}");
        assert_eq!(gate.admit(&headers, b"{}", at(NOW)), Ok(()));
        let capitals = headers["x-signature-ed25519"].to_str().unwrap().to_uppercase();
        headers.insert("x-signature-ed25519", capitals.parse().unwrap());
        assert_eq!(gate.admit(&headers, b"{}", at(NOW)), Err(Refusal::Replayed));
    }
}

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

/// The seconds whose requests are forgotten together.
const PART: u64 = 30;

/// Checks requests; remembers those of the last minutes.
pub(super) struct Gate {
    verifier: Verifier,
    seen: Mutex<Seen>,
}

/// The requests of the last minutes, by the part in which they were signed. Of each, eight bytes of its signature are kept,
/// from the half that nobody but the signer can choose: a thousand in a second take three megabytes, and two that share
/// them by chance come once in a million years.
#[derive(Default)]
struct Seen(BTreeMap<u64, HashSet<u64>>);

impl Seen {
    /// Takes note of a request; false where it was seen before.
    fn is_new(&mut self, mark: u64, signed: u64, now: u64) -> bool {
        while self.0.first_key_value().is_some_and(|(part, _)| (part + 1) * PART + WINDOW.as_secs() < now) {
            self.0.pop_first();
        }
        self.0.entry(signed / PART).or_default().insert(mark)
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
        let mark = signature.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let Ok(mut seen) = self.seen.lock() else { return Err(Refusal::Replayed) };
        match mark {
            Some(mark) if seen.is_new(mark, signed, now) => Ok(()),
            _ => Err(Refusal::Replayed),
        }
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
    fn what_can_no_longer_be_replayed_is_forgotten_and_nothing_before() {
        let mut seen = Seen::default();
        let window = WINDOW.as_secs();
        assert!(seen.is_new(1, NOW, NOW));
        assert!(seen.is_new(2, NOW + window, NOW));
        assert!(!seen.is_new(1, NOW, NOW + window));
        assert!(!seen.is_new(2, NOW + window, NOW + 2 * window));
        assert!(seen.is_new(3, NOW + 3 * window, NOW + 3 * window));
        assert_eq!(seen.0.len(), 1);
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

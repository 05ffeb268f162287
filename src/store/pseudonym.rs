//! People where it does not matter who they are: a keyed hash in place of their id (HMAC-SHA-256, RFC 2104).
//!
//! The key is made once and stays in the store. Whoever has a copy of some tables cannot tell who it was; whoever has the
//! whole store can try all ids.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::engine::Engine;
use super::error::StoreError;
use super::snowflake::Person;

/// The key of this store's pseudonyms.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key that the store has, or from now on has: the first who comes gives it.
    pub(super) async fn kept(engine: &Engine, seed: [u8; 32]) -> Result<Self, StoreError> {
        const NAME: &str = "pseudonyms";
        let value = hex(&seed);
        let add = "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        engine.run(add, &[NAME.into(), value.into()]).await?;
        let kept = engine.read("SELECT value FROM secret WHERE name = $1", &[NAME.into()]).await?.pop();
        let kept: String = kept.map_or(Ok(String::new()), |mut row| row.take())?;
        let key = Hmac::new_from_slice(kept.as_bytes());
        key.map(Self).map_err(|error| StoreError::Unreadable(format!("the key of pseudonyms: {error}")))
    }

    /// What stands for the person: 32 hexadecimal digits.
    pub(super) fn pseudonym(&self, person: Person) -> String {
        let mut hash = self.0.clone();
        hash.update(&person.0.to_be_bytes());
        hex(hash.finalize().into_bytes().get(..16).unwrap_or_default())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_pseudonym_a_key() {
        let key = |seed: &[u8]| Key(Hmac::new_from_slice(seed).unwrap());
        let one = key(b"one").pseudonym(Person(1));
        assert_eq!((one.len(), &one), (32, &key(b"one").pseudonym(Person(1))));
        assert_ne!(one, key(b"one").pseudonym(Person(2)));
        assert_ne!(one, key(b"two").pseudonym(Person(1)));
    }
}

//! Proving a signature with a key: the one place that does arithmetic.

use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};

use super::problem::Problem;
use super::read::{Algorithm, Signer};
use crate::facts::Response;
use crate::mail::dkim::{NoKey, Public, Published, published};

/// The keys that may prove a signature, one at least, of those at its selector.
pub(in crate::inspect) fn keys(signer: &Signer, reply: &Response) -> Result<Vec<Published>, Problem> {
    let mut keys = published(reply).map_err(|none| match none {
        NoKey::Missing => Problem::NoKey(signer.key.name.to_string()),
        NoKey::Revoked => Problem::Revoked,
        NoKey::Unusable(why) => Problem::Unusable(why),
        NoKey::Unknown(cause) => Problem::Silent(cause),
    })?;
    let mut problem = None;
    keys.retain(|key| {
        let refused = refused(signer.algorithm, key.public);
        let keep = refused.is_none();
        problem = problem.take().or(refused);
        keep
    });
    if keys.is_empty() { Err(problem.unwrap_or(Problem::OtherKind)) } else { Ok(keys) }
}

/// Why a key may not prove a signature made in such a way, if it may not.
fn refused(algorithm: Algorithm, public: Public) -> Option<Problem> {
    match (algorithm, public) {
        (Algorithm::Rsa, Public::Rsa(bits @ ..1024)) => Some(Problem::TooShort(bits)),
        (Algorithm::Rsa, Public::Rsa(bits @ 8193..)) => Some(Problem::TooLong(bits)),
        (Algorithm::Rsa, Public::Rsa(_)) | (Algorithm::Ed25519, Public::Ed25519) => None,
        _ => Some(Problem::OtherKind),
    }
}

/// Whether one of the keys proves that the signature is of these bytes.
pub(in crate::inspect) fn proven_by<'k>(keys: &'k [Published], signer: &Signer, data: &[u8]) -> Option<&'k Published> {
    keys.iter().find(|key| proves(key, data, &signer.signature))
}

fn proves(key: &Published, data: &[u8], signature: &[u8]) -> bool {
    match key.public {
        Public::Rsa(_) => {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &key.bytes);
            key.verify(data, signature).is_ok()
        }
        // The signature is of the hash (RFC 8463 section 3).
        Public::Ed25519 => {
            UnparsedPublicKey::new(&ED25519, &key.bytes).verify(digest(&SHA256, data).as_ref(), signature).is_ok()
        }
    }
}

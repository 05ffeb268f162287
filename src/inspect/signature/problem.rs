//! What may be wrong with a signature, and the result that each comes to (RFC 8601 section 2.7.1).
//!
//! RFC 6376 section 6.1 knows one permanent failure; told apart here: `fail` where the message is not the one that was
//! signed, `policy` where the key is of a size that verifiers refuse, `permerror` where no receiver can verify it.

use serde::{Serialize, Serializer};

use crate::facts::Cause;
use crate::mail::tags::Form;

/// What came of verifying a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DkimResult {
    /// The message is not signed.
    None,
    /// It is the message that was signed.
    Pass,
    /// It is not the message that was signed.
    Fail,
    /// The signature is of a kind that is not accepted.
    Policy,
    /// The signature was not judged.
    Neutral,
    /// The network would not say; trying again later may help.
    TempError,
    /// The signature cannot be verified by anybody.
    PermError,
}

impl DkimResult {
    /// The word for it in the header fields of RFC 8601.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// Why a signature does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The tag list is malformed.
    #[error("{0}")]
    Form(String),
    /// A tag that must be there is not, or is empty.
    #[error("the tag `{0}=` is missing or empty")]
    Missing(&'static str),
    /// A tag that must not be there.
    #[error("the tag `{0}=` must not stand here")]
    NotHere(&'static str),
    /// A tag that says what it cannot.
    #[error("`{tag}={value}` is not {expected}")]
    Value {
        /// The tag.
        tag: &'static str,
        /// What it says, or the beginning of it.
        value: String,
        /// What it should say.
        expected: &'static str,
    },
    /// RFC 8301 section 3.1.
    #[error("`a=rsa-sha1` is not accepted any more")]
    Sha1,
    /// `i=` is no name within `d=`.
    #[error("`i=` names `{identity}`, which is not within `d={domain}`")]
    Identity {
        /// The domain in `i=`.
        identity: String,
        /// The domain in `d=`.
        domain: String,
    },
    /// `i=` is below `d=`, where the key does not allow that (`t=s`).
    #[error("`i=` names `{identity}`, and the key signs for `{domain}` alone (`t=s`)")]
    Strict {
        /// The domain in `i=`.
        identity: String,
        /// The domain in `d=`.
        domain: String,
    },
    /// `h=` does not list From.
    #[error("the header field From is not signed")]
    FromNotSigned,
    /// More From fields than one, and not all of them signed.
    #[error("the message has {count} From fields, and {signed} of them signed")]
    SeveralFrom {
        /// How many there are.
        count: usize,
        /// How many are signed.
        signed: usize,
    },
    /// `x=` has passed.
    #[error("the signature has expired")]
    Expired,
    /// `x=` is no later than `t=`.
    #[error("the signature expires before it was made (`x=` is not above `t=`)")]
    ExpiresFirst,
    /// `t=` is still to come.
    #[error("the signature was made in the future (`t=`)")]
    Future,
    /// There is no record at the selector.
    #[error("there is no key at `{0}`")]
    NoKey(String),
    /// The key's record has an empty `p=`.
    #[error("the key is revoked")]
    Revoked,
    /// The key's record cannot be used.
    #[error("the key cannot be used: {0}")]
    Unusable(String),
    /// The key is of another kind than the signature.
    #[error("the signature is of another kind than the key")]
    OtherKind,
    /// RFC 8301 section 3.2.
    #[error("the key has {0} bits; less than 1024 are not accepted")]
    TooShort(usize),
    /// A key that nobody need verify with (RFC 8301 section 3.2).
    #[error("the key has {0} bits; verifiers need not take more than 4096")]
    TooLong(usize),
    /// The key could not be looked up.
    #[error("the key could not be looked up: {0}")]
    Silent(Cause),
    /// `bh=` is of another body.
    #[error("the body is not the one that was signed (the body hash differs)")]
    Body,
    /// The body ends before `l=`.
    #[error("the body is shorter than the {0} bytes that were signed (`l=`)")]
    Shorter(u64),
    /// `b=` is of other header fields.
    #[error("the header fields are not those that were signed (the signature does not verify)")]
    Header,
    /// Both.
    #[error("neither the body nor the header fields are those that were signed")]
    Both,
}

impl Problem {
    /// The result that it comes to.
    pub const fn result(&self) -> DkimResult {
        match self {
            Self::Body | Self::Shorter(_) | Self::Header | Self::Both => DkimResult::Fail,
            Self::TooShort(_) | Self::TooLong(_) => DkimResult::Policy,
            Self::Silent(_) => DkimResult::TempError,
            _ => DkimResult::PermError,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Form> for Problem {
    fn from(form: Form) -> Self {
        Self::Form(form.to_string())
    }
}

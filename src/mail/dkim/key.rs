//! The record that publishes a DKIM key (RFC 6376 section 3.6.1, RFC 8463 section 4): text -> key, or what is wrong.
//!
//! As strict as the RFC. What to think of the size of a valid key is up to the check.

use std::fmt;

use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use base64::{DecodeError, Engine as _};

use super::der::{NotRsa, rsa_bits};
use crate::mail::tags::{Fault, Tag, excerpt, mended, spoiled, strict_tags, tags};

/// The tags of a key record; others are ignored.
const TAGS: &[&str] = &["v", "h", "k", "n", "p", "s", "t", "g"];

const VERSION: &str = "v=DKIM1";

/// What a key record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// The key itself; `None` where it is revoked (an empty `p=`).
    pub public: Option<Public>,
    /// Whether receivers may treat signed messages like unsigned ones (`t=y`).
    pub testing: bool,
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Public {
    /// An RSA key, with the size of its modulus in bits.
    Rsa(usize),
    /// An Ed25519 key.
    Ed25519,
}

impl fmt::Display for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA, {bits} bits"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// Why a record holds no key that receivers can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The form is spoiled.
    #[error(transparent)]
    Form(#[from] Fault),
    /// A version that is not ours.
    #[error("`v={0}` stands where `v=DKIM1` belongs")]
    Version(String),
    /// The version stands behind other tags.
    #[error("`v=DKIM1` does not come first")]
    VersionNotFirst,
    /// No `p=`.
    #[error("the tag `p=` with the key is missing")]
    NoKey,
    /// An algorithm that nobody knows.
    #[error("`k={0}` is neither `rsa` nor `ed25519`")]
    Algorithm(String),
    /// `h=` without sha256, the one hash that RFC 8301 section 3.1 leaves.
    #[error("`h={0}` does not allow sha256")]
    Hash(String),
    /// `s=` without e-mail.
    #[error("`s={0}` says that the key is not for e-mail")]
    Service(String),
    /// The armour of a key file.
    #[error("the BEGIN and END lines of a key file stand around the key")]
    Armour,
    /// Characters that are not base64.
    #[error("the key holds characters that are not base64")]
    NotBase64,
    /// The padding is missing or wrong, while the key is whole.
    #[error("the `=` that should end the key are missing or too many")]
    Padding,
    /// The key ends too early.
    #[error("the key is cut off")]
    CutOff,
    /// Not what `k=rsa` announces.
    #[error("the key is not an RSA key")]
    NotRsa,
    /// Not what `k=ed25519` announces.
    #[error("an Ed25519 key has 32 bytes, this one has {0}")]
    Ed25519Size(usize),
}

/// Whether a text is meant to be a key record; others stand at a selector where a wildcard put them.
pub(super) fn is_meant(text: &str) -> bool {
    let text = mended(text, TAGS);
    let mut key = false;
    for Tag { name, value } in tags(&text).flatten() {
        if name.eq_ignore_ascii_case("v") {
            return value.to_ascii_uppercase().starts_with("DKIM");
        }
        key |= name == "p";
    }
    key
}

/// Reads a key record.
pub(super) fn parse(text: &str) -> Result<Key, Problem> {
    read(text).map_err(|problem| match spoiled(text, TAGS) {
        Some(fault) => fault.into(),
        None => problem,
    })
}

/// The record with its key untouched and its form set right, where that makes it a record that can be used.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = mended(text, TAGS);
    let mut pieces: Vec<String> = Vec::new();
    for tag in tags(&text) {
        let Tag { name, value } = tag.ok()?;
        match name {
            "v" if pieces.first().is_some_and(|first| first == VERSION) => return None,
            "v" if value.eq_ignore_ascii_case("DKIM1") => pieces.insert(0, VERSION.to_owned()),
            "p" => pieces.push(format!("p={}", padded(&without_armour(value)))),
            _ => pieces.push(format!("{name}={value}")),
        }
    }
    let text = pieces.join("; ");
    read(&text).is_ok().then_some(text)
}

fn read(text: &str) -> Result<Key, Problem> {
    let tags = strict_tags(text)?;
    let value = |name| tags.iter().find(|tag| tag.name == name).map(|tag| tag.value);
    match value("v") {
        Some("DKIM1") if tags.first().is_none_or(|first| first.name != "v") => return Err(Problem::VersionNotFirst),
        Some("DKIM1") | None => {}
        Some(other) => return Err(Problem::Version(excerpt(other))),
    }
    if let Some(hashes) = value("h").filter(|hashes| !lists(hashes, &["sha256"])) {
        return Err(Problem::Hash(excerpt(hashes)));
    }
    if let Some(services) = value("s").filter(|services| !lists(services, &["*", "email"])) {
        return Err(Problem::Service(excerpt(services)));
    }
    let algorithm = value("k").unwrap_or("rsa");
    let key = value("p").ok_or(Problem::NoKey)?;
    let public = match algorithm {
        _ if key.is_empty() => None,
        "rsa" => Some(rsa(key)?),
        "ed25519" => Some(ed25519(key)?),
        other => return Err(Problem::Algorithm(excerpt(other))),
    };
    let testing = value("t").is_some_and(|flags| lists(flags, &["y"]));
    Ok(Key { public, testing })
}

/// Whether a list with colons has one of these items.
fn lists(value: &str, wanted: &[&str]) -> bool {
    value.split(':').any(|item| wanted.contains(&item.trim()))
}

fn rsa(key: &str) -> Result<Public, Problem> {
    let bits = rsa_bits(&decoded(key)?).map_err(|not| match not {
        NotRsa::CutOff => Problem::CutOff,
        NotRsa::Other => Problem::NotRsa,
    })?;
    whole(key)?;
    Ok(Public::Rsa(bits))
}

fn ed25519(key: &str) -> Result<Public, Problem> {
    match decoded(key)?.len() {
        32 => whole(key).map(|()| Public::Ed25519),
        size => Err(Problem::Ed25519Size(size)),
    }
}

/// The bytes of a key, whatever its padding: blanks may stand anywhere (RFC 6376 section 3.2).
fn decoded(key: &str) -> Result<Vec<u8>, Problem> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));
    let digits: String = key.split_ascii_whitespace().collect();
    LENIENT.decode(digits.trim_end_matches('=')).map_err(|error| match error {
        _ if key.contains("-----") => Problem::Armour,
        DecodeError::InvalidLength(_) => Problem::CutOff,
        _ => Problem::NotBase64,
    })
}

/// Whether the padding is right.
fn whole(key: &str) -> Result<(), Problem> {
    let digits: String = key.split_ascii_whitespace().collect();
    if padded(&digits) == digits { Ok(()) } else { Err(Problem::Padding) }
}

/// The key in one piece, with the padding that it should have (RFC 4648 section 4).
fn padded(key: &str) -> String {
    let digits: String = key.split_ascii_whitespace().collect();
    let digits = digits.trim_end_matches('=');
    format!("{digits}{}", "=".repeat((4 - digits.len() % 4) % 4))
}

/// The key without the first and last line of a key file (RFC 7468).
fn without_armour(key: &str) -> String {
    key.split("-----").filter(|part| !part.starts_with("BEGIN") && !part.starts_with("END")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::der::tests::made_up;
    use super::*;
    use base64::engine::general_purpose::STANDARD as BASE64;

    /// A real key of 1024 bits, once as everybody publishes it and once, another, as the RFC asks for it.
    const INFO: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDtB8PtuN/WK8DZyxiAmzLq1aEpMeiIDURIUFzW2KtcFf98SpaqY3O1dIu34OGfzg1cXI7NlC7sKtRisVKEUiTJEcsf4JuHjf5k4UCzPzy3uCYVNMuaYED0w8W1om6GjFPmVT2aKns2zsCVXos6fxe0DFVuI+lOlm4D38sHd9Y4VwIDAQAB";
    const BARE: &str = "MIGJAoGBAMDOzK6CY3tfqEq0f+CcK7pwoDsEFtHHuXCMw6qZtBJVaR8O3SNpjX4O423PJkuKZYqR/YjH8sfrN+PZxupXhcxrBFjSOQPUrTF598mSETAxZ+ImgSrRa+0YsZUxcz3aKexI+C81lJUH3vdtikBn4OnAevFXLmKotYc9sjlev5WXAgMBAAE=";
    const ED25519: &str = "vFapwVLyHrD50RCskg7c+aYrX+0lA/M4NmtfDA2hc2g=";

    /// A made-up RSA key of this size, as `p=` holds it.
    pub(in super::super) fn rsa_key(bits: usize) -> String {
        BASE64.encode(made_up(bits))
    }

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        let (front, back) = INFO.split_at(60);
        let rsa = |bits| Key { public: Some(Public::Rsa(bits)), testing: false };
        for (text, key) in [
            (format!("v=DKIM1; k=rsa; p={INFO}"), rsa(1024)),
            (format!("p={BARE}"), rsa(1024)),
            (format!("v = DKIM1 ; p = {front} {back};"), rsa(1024)),
            (format!("v=DKIM1; h=sha1 : sha256; s=*; t=s; n=a note; x=unknown; p={}", rsa_key(2048)), rsa(2048)),
            (format!("k=rsa; t=s:y; p={INFO}"), Key { testing: true, ..rsa(1024) }),
            (
                format!("v=DKIM1; k=ed25519; s=email; p={ED25519}"),
                Key { public: Some(Public::Ed25519), testing: false },
            ),
            ("v=DKIM1; p=".to_owned(), Key { public: None, testing: false }),
            ("p=".to_owned(), Key { public: None, testing: false }),
        ] {
            assert!(is_meant(&text), "{text}");
            assert_eq!(parse(&text), Ok(key), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_repaired_where_nothing_is_lost() {
        let (front, back) = INFO.split_at(60);
        let (cut, _) = INFO.split_at(180);
        let unpadded = BARE.trim_end_matches('=');
        let whole = format!("v=DKIM1; k=rsa; p={INFO}");
        let bare = format!("v=DKIM1; p={BARE}");
        for (text, problem, repair) in [
            (format!("v=DKIM1; k=rsa; p={cut}"), "the key is cut off", None),
            (format!("v=DKIM1; k=rsa; p={cut}I"), "the key is cut off", None),
            (format!("\"v=DKIM1; k=rsa; p={INFO}\""), "quotation marks or backslashes stand in the text", Some(&whole)),
            (format!("v=DKIM1\\; k=rsa\\; p={INFO}"), "quotation marks or backslashes stand in the text", Some(&whole)),
            (
                format!("v=DKIM1; k=rsa; p={front}\" \"{back}"),
                "quotation marks or backslashes stand in the text",
                Some(&whole),
            ),
            (format!("\"v=DKIM1; k=rsa; p={cut}\""), "quotation marks or backslashes stand in the text", None),
            (format!("v=DKIM1 k=rsa p={INFO}"), "a semicolon is missing before `k=rsa`", Some(&whole)),
            (format!("v=DKIM1;; k=rsa; p={INFO}"), "two semicolons stand side by side", Some(&whole)),
            (format!("k=rsa; v=DKIM1; p={INFO}"), "`v=DKIM1` does not come first", Some(&whole)),
            (format!("v=dkim1; k=rsa; p={INFO}"), "`v=dkim1` stands where `v=DKIM1` belongs", Some(&whole)),
            (format!("v=DKIM2; k=rsa; p={INFO}"), "`v=DKIM2` stands where `v=DKIM1` belongs", None),
            (
                format!("v=DKIM1; p=-----BEGIN PUBLIC KEY----- {BARE} -----END PUBLIC KEY-----"),
                "the BEGIN and END lines of a key file stand around the key",
                Some(&bare),
            ),
            (format!("v=DKIM1; p={unpadded}"), "the `=` that should end the key are missing or too many", Some(&bare)),
            (
                format!("v=DKIM1; k=rsa; p={INFO}=="),
                "the `=` that should end the key are missing or too many",
                Some(&whole),
            ),
            ("v=DKIM1; k=rsa".to_owned(), "the tag `p=` with the key is missing", None),
            ("v=DKIM1; p=paste_your_key".to_owned(), "the key holds characters that are not base64", None),
            (format!("v=DKIM1; p={ED25519}"), "the key is not an RSA key", None),
            (format!("v=DKIM1; k=ed25519; p={INFO}"), "an Ed25519 key has 32 bytes, this one has 162", None),
            (format!("v=DKIM1; k=dsa; p={INFO}"), "`k=dsa` is neither `rsa` nor `ed25519`", None),
            (format!("v=DKIM1; h=sha1; p={INFO}"), "`h=sha1` does not allow sha256", None),
            (format!("v=DKIM1; s=tlsrpt; p={INFO}"), "`s=tlsrpt` says that the key is not for e-mail", None),
            (format!("v=DKIM1; p={INFO}; p={BARE}"), "the tag `p` stands twice", None),
            (format!("v=DKIM1; hello; p={INFO}"), "`hello` is not of the form `name=value`", None),
        ] {
            assert!(is_meant(&text), "{text}");
            assert_eq!(parse(&text).map_err(|problem| problem.to_string()), Err(problem.to_owned()), "{text}");
            assert_eq!(repaired(&text).as_ref(), repair, "{text}");
        }
    }

    #[test]
    fn records_for_other_purposes_are_not_keys() {
        for text in ["v=spf1 -all", "v=DMARC1; p=reject", "google-site-verification=x", "", "hello"] {
            assert!(!is_meant(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}|((v|k|p|h|t)=[A-Za-z0-9+/= \"\\\\-]{0,20};? ?){0,6}") {
            let _ = is_meant(&text);
            let _ = parse(&text);
            if let Some(repaired) = repaired(&text) {
                proptest::prop_assert!(parse(&repaired).is_ok());
            }
        }
    }
}

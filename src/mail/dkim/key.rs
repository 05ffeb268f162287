//! The record that publishes a DKIM key (RFC 6376 section 3.6.1, RFC 8463 section 4): text -> key, or what is wrong.
//!
//! As strict as the RFC. What to think of the size of a valid key is up to the check.

use std::fmt;

use base64::alphabet::STANDARD;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use base64::{DecodeError, Engine as _};

use super::der::{self, NotRsa, announced, rsa_bits};
use crate::mail::tags::{Fault, Form, Tag, excerpt, mended, rewritten, spoiled, strict_tags, tags};

/// The tags of a key record; others are ignored.
const TAGS: &[&str] = &["v", "h", "k", "n", "p", "s", "t", "g"];

/// How many bytes an Ed25519 key has (RFC 8032 section 5.1.5).
const ED25519_SIZE: usize = 32;

/// How many bytes of a key that is cut off are taken for one: half of the shortest that anybody published.
const SHORTEST: usize = 32;

/// What stands before an Ed25519 key in the form that key files have (RFC 8410 section 4); DKIM wants the key alone.
const ED25519_INFO: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What a key record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// The key itself; `None` where it is revoked (an empty `p=`).
    pub public: Option<Public>,
    /// Whether receivers may treat signed messages like unsigned ones (`t=y`).
    pub testing: bool,
    /// Whether it signs for the domain alone, not for names below it (`t=s`).
    pub strict: bool,
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Public {
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
    Form(#[from] Form),
    /// A version that is not ours.
    #[error("`v={0}` stands where `v=DKIM1` belongs")]
    Version(String),
    /// The version stands behind other tags.
    #[error("`v=DKIM1` does not come first")]
    VersionNotFirst,
    /// A key alone, without the tags that make it a record.
    #[error("the key stands there alone, without `v=DKIM1; p=` before it")]
    Bare,
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
    /// The key ends too early; so many characters are missing, as far as its beginning tells.
    #[error("the key is cut off")]
    CutOff(Option<usize>),
    /// Something stands behind the key.
    #[error("{0} bytes too many stand behind the key")]
    TooLong(usize),
    /// Not what `k=rsa` announces.
    #[error("the key is not an RSA key")]
    NotRsa,
    /// An Ed25519 key, where an RSA key is announced.
    #[error("the key is an Ed25519 key, but `k=ed25519` is not there to say so")]
    Ed25519Untold,
    /// An RSA key, where an Ed25519 key is announced.
    #[error("the key is an RSA key, but `k=ed25519` says otherwise")]
    RsaUntold,
    /// Not what `k=ed25519` announces.
    #[error("an Ed25519 key has 32 bytes, this one has {0}")]
    Ed25519Size(usize),
}

/// Whether a text is meant to be a key record; others stand at a selector where a wildcard put them.
pub(super) fn is_meant(text: &str) -> bool {
    is_tagged(text).unwrap_or_else(|| bare(text).is_some() || is_private(text))
}

/// Whether the tags of a text are those of a key record; `None` where it has neither a version nor a key.
fn is_tagged(text: &str) -> Option<bool> {
    let text = mended(text, TAGS);
    let mut key = None;
    for Tag { name, value, .. } in tags(&text).flatten() {
        if name.eq_ignore_ascii_case("v") {
            return Some(value.to_ascii_uppercase().starts_with("DKIM"));
        }
        if name == "p" {
            key = Some(true);
        }
    }
    key
}

/// Whether a text gives a private key away: that of a key file, or one in place of the public key.
pub(super) fn is_private(text: &str) -> bool {
    let mended = mended(text, TAGS);
    let keys = tags(&mended).flatten().filter(|tag| tag.name == "p").map(|tag| tag.value);
    text.contains("PRIVATE KEY")
        || keys.chain(pieces(&mended)).any(|key| unarmoured(key).is_some_and(|key| der::is_private(&key)))
}

/// The public key that a text without tags consists of.
fn bare(text: &str) -> Option<&str> {
    let is_key = |der: Vec<u8>| match rsa_bits(&der) {
        Ok(_) => true,
        Err(NotRsa::CutOff) => der.len() >= SHORTEST && announced(&der).is_some(),
        Err(NotRsa::Other) => der.starts_with(ED25519_INFO),
    };
    pieces(text).find(|piece| unarmoured(piece).is_some_and(is_key))
}

/// What stands between semicolons, quotation marks left out.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(|piece| piece.trim_matches([' ', '"']))
}

/// The bytes that a key's text holds, the lines of a key file around it left out.
fn unarmoured(key: &str) -> Option<Vec<u8>> {
    decoded(&without_armour(key)).ok()
}

/// Reads a key record.
pub(super) fn parse(text: &str) -> Result<Key, Fault<Problem>> {
    if is_tagged(text).is_none() && bare(text).is_some() {
        return Err(Fault { column: 1, problem: Problem::Bare });
    }
    read(text).map_err(|fault| spoiled(text, TAGS).map_or(fault, Fault::into_fault))
}

/// The key of a record that was read, byte by byte, as `p=` holds it.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let key = tags(text).flatten().find(|tag| tag.name == "p")?;
    decoded(key.value).ok()
}

/// The record with its key untouched and its form set right, where that makes it a record that can be used.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = match bare(text).filter(|_| is_tagged(text).is_none()) {
        Some(key) => format!("v=DKIM1; p={}", padded(&without_armour(key))),
        None => rewritten(text, TAGS, "DKIM1", |name, value| match name {
            "p" => padded(&without_armour(value)),
            _ => value.to_owned(),
        })?,
    };
    let text = with_algorithm(text);
    read(&text).is_ok().then_some(text)
}

/// The record with the algorithm that its key is of, and the key in the form that DKIM wants.
fn with_algorithm(text: String) -> String {
    let all: Vec<Tag<'_>> = tags(&text).flatten().collect();
    let value = |name| all.iter().find(|tag| tag.name == name).map(|tag| tag.value);
    let Some(der) = value("p").and_then(|key| decoded(key).ok()) else { return text };
    let bare = der.strip_prefix(ED25519_INFO).unwrap_or(&der);
    let (algorithm, key) = match (bare.len(), rsa_bits(&der)) {
        (_, Ok(_)) => ("rsa", &*der),
        (ED25519_SIZE, _) => ("ed25519", bare),
        _ => return text,
    };
    if value("k").unwrap_or("rsa") == algorithm && key.len() == der.len() {
        return text;
    }
    let rest = all.iter().filter(|tag| !["v", "k", "p"].contains(&tag.name));
    let rest = rest.map(|tag| format!("{}={}", tag.name, tag.value));
    let key = padded(&LENIENT.encode(key));
    let tags = ["v=DKIM1".to_owned(), format!("k={algorithm}")].into_iter().chain(rest).chain([format!("p={key}")]);
    tags.collect::<Vec<_>>().join("; ")
}

fn read(text: &str) -> Result<Key, Fault<Problem>> {
    let tags = strict_tags(text).map_err(Fault::into_fault)?;
    let tag = |name| tags.iter().find(|tag| tag.name == name);
    let fault = |tag: &Tag<'_>, problem| Err(Fault { column: tag.column, problem });
    match tag("v") {
        Some(version) if version.value != "DKIM1" => {
            return fault(version, Problem::Version(excerpt(version.value)));
        }
        Some(version) if tags.first() != Some(version) => return fault(version, Problem::VersionNotFirst),
        _ => {}
    }
    if let Some(hashes) = tag("h").filter(|hashes| !lists(hashes.value, &["sha256"])) {
        return fault(hashes, Problem::Hash(excerpt(hashes.value)));
    }
    if let Some(services) = tag("s").filter(|services| !lists(services.value, &["*", "email"])) {
        return fault(services, Problem::Service(excerpt(services.value)));
    }
    let Some(key) = tag("p") else { return Err(Fault { column: 1, problem: Problem::NoKey }) };
    let end = key.value_column + key.value.chars().count();
    let in_key = |problem| match problem {
        Problem::CutOff(_) | Problem::Padding | Problem::TooLong(_) => Fault { column: end, problem },
        problem => Fault { column: key.value_column, problem },
    };
    let public = match tag("k").map_or("rsa", |algorithm| algorithm.value) {
        _ if key.value.is_empty() => None,
        "rsa" => Some(rsa(key.value).map_err(in_key)?),
        "ed25519" => Some(ed25519(key.value).map_err(in_key)?),
        other => return fault(tag("k").unwrap_or(key), Problem::Algorithm(excerpt(other))),
    };
    let flag = |flag| tag("t").is_some_and(|flags| lists(flags.value, &[flag]));
    Ok(Key { public, testing: flag("y"), strict: flag("s") })
}

/// Whether a list with colons has one of these items.
fn lists(value: &str, wanted: &[&str]) -> bool {
    value.split(':').any(|item| wanted.contains(&item.trim()))
}

fn rsa(key: &str) -> Result<Public, Problem> {
    let der = decoded(key)?;
    let bits = rsa_bits(&der).map_err(|not| match not {
        NotRsa::CutOff if announced(&der).is_none_or(|size| size > der.len()) => Problem::CutOff(missing(key, &der)),
        _ if der.len() == ED25519_SIZE || der.starts_with(ED25519_INFO) => Problem::Ed25519Untold,
        _ => Problem::NotRsa,
    })?;
    if let Some(rest) = announced(&der).and_then(|size| der.len().checked_sub(size)).filter(|rest| *rest > 0) {
        return Err(Problem::TooLong(rest));
    }
    whole(key)?;
    Ok(Public::Rsa(bits))
}

fn ed25519(key: &str) -> Result<Public, Problem> {
    let der = decoded(key)?;
    match der.len() {
        ED25519_SIZE => whole(key).map(|()| Public::Ed25519),
        _ if rsa_bits(&der).is_ok() => Err(Problem::RsaUntold),
        size => Err(Problem::Ed25519Size(size)),
    }
}

/// How many characters of base64 a key lacks that `der` is the beginning of.
fn missing(key: &str, der: &[u8]) -> Option<usize> {
    let digits = key.chars().filter(|c| !c.is_ascii_whitespace()).count();
    announced(der).and_then(|size| (size.div_ceil(3) * 4).checked_sub(digits))
}

/// Reads base64 whatever its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// The bytes of a key, whatever its padding: blanks may stand anywhere (RFC 6376 section 3.2). One digit more than
/// makes whole bytes is left out: what is cut off is cut anywhere.
fn decoded(key: &str) -> Result<Vec<u8>, Problem> {
    let digits: String = key.split_ascii_whitespace().collect();
    let digits = digits.trim_end_matches('=');
    let whole = if digits.len() % 4 == 1 { digits.len() - 1 } else { digits.len() };
    LENIENT.decode(digits.get(..whole).unwrap_or(digits)).map_err(|error| match error {
        _ if key.contains("-----") => Problem::Armour,
        DecodeError::InvalidLength(_) => Problem::CutOff(None),
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
    use super::super::der::tests::{made_up, made_up_private};
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

    /// Made-up private keys of this size, as base64.
    pub(in super::super) fn private_keys(bits: usize) -> [String; 2] {
        made_up_private(bits).map(|key| BASE64.encode(key))
    }

    #[test]
    fn a_private_key_is_noticed_however_it_stands_there() {
        for key in private_keys(2048) {
            for text in [
                format!("v=DKIM1; k=rsa; p={key}"),
                format!("\"v=DKIM1; p={key}\""),
                format!("v=DKIM1; p={}", key.get(..200).unwrap()),
                key.clone(),
                format!("k=rsa; {key}"),
                format!("-----BEGIN PRIVATE KEY-----{key}-----END PRIVATE KEY-----"),
                format!("v=DKIM1; p=-----BEGIN RSA PRIVATE KEY----- {key}"),
            ] {
                assert!(is_private(&text) && is_meant(&text), "{text}");
                assert!(parse(&text).is_err() && repaired(&text).is_none(), "{text}");
            }
        }
        for text in [format!("v=DKIM1; p={INFO}"), format!("p={BARE}"), INFO.to_owned(), "v=spf1 -all".to_owned()] {
            assert!(!is_private(&text), "{text}");
        }
    }

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        let (front, back) = INFO.split_at(60);
        let rsa = |bits| Key { public: Some(Public::Rsa(bits)), testing: false, strict: false };
        let other = |public| Key { public, ..rsa(0) };
        for (text, key) in [
            (format!("v=DKIM1; k=rsa; p={INFO}"), rsa(1024)),
            (format!("p={BARE}"), rsa(1024)),
            (format!("v = DKIM1 ; p = {front} {back};"), rsa(1024)),
            (
                format!("v=DKIM1; h=sha1 : sha256; s=*; t=s; n=a note; x=unknown; p={}", rsa_key(2048)),
                Key { strict: true, ..rsa(2048) },
            ),
            (format!("k=rsa; t=s:y; p={INFO}"), Key { testing: true, strict: true, ..rsa(1024) }),
            (format!("v=DKIM1; k=ed25519; s=email; p={ED25519}"), other(Some(Public::Ed25519))),
            ("v=DKIM1; p=".to_owned(), other(None)),
            ("p=".to_owned(), other(None)),
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
        let quoting = "quotation marks or backslashes stand in the text";
        let alone = "the key stands there alone, without `v=DKIM1; p=` before it";
        let padding = "the `=` that should end the key are missing or too many";
        let ed25519 = format!("v=DKIM1; k=ed25519; p={ED25519}");
        let ed25519_info = format!("MCowBQYDK2VwAyEA{ED25519}");
        for (text, column, problem, repair) in [
            (format!("v=DKIM1; k=rsa; p={cut}"), 199, "the key is cut off", None),
            (format!("v=DKIM1; k=rsa; p={cut}I"), 200, "the key is cut off", None),
            (format!("\"v=DKIM1; k=rsa; p={INFO}\""), 1, quoting, Some(&whole)),
            (format!("v=DKIM1\\; k=rsa\\; p={INFO}"), 8, quoting, Some(&whole)),
            (format!("v=DKIM1; k=rsa; p={front}\" \"{back}"), 79, quoting, Some(&whole)),
            (format!("v=DKIM1; k=rsa; p={front}\\n{back}"), 79, quoting, Some(&whole)),
            (format!("\"v=DKIM1; k=rsa; p={cut}\""), 1, quoting, None),
            (format!("v=DKIM1 k=rsa p={INFO}"), 9, "a semicolon is missing before `k=rsa`", Some(&whole)),
            (format!("v=DKIM1;; k=rsa; p={INFO}"), 9, "two semicolons stand side by side", Some(&whole)),
            (format!("k=rsa; v=DKIM1; p={INFO}"), 8, "`v=DKIM1` does not come first", Some(&whole)),
            (format!("v=dkim1; k=rsa; p={INFO}"), 1, "`v=dkim1` stands where `v=DKIM1` belongs", Some(&whole)),
            (format!("v=DKIM2; k=rsa; p={INFO}"), 1, "`v=DKIM2` stands where `v=DKIM1` belongs", None),
            (
                format!("v=DKIM1; p=-----BEGIN PUBLIC KEY----- {BARE} -----END PUBLIC KEY-----"),
                12,
                "the BEGIN and END lines of a key file stand around the key",
                Some(&bare),
            ),
            (format!("v=DKIM1; p={unpadded}"), 12 + unpadded.len(), padding, Some(&bare)),
            (format!("v=DKIM1; k=rsa; p={INFO}=="), 21 + INFO.len(), padding, Some(&whole)),
            (format!("v=DKIM1; p={INFO}{INFO}"), 12 + 2 * INFO.len(), "162 bytes too many stand behind the key", None),
            (BARE.to_owned(), 1, alone, Some(&bare)),
            (format!("\"{BARE}\""), 1, alone, Some(&bare)),
            (format!("k=rsa; {BARE}"), 1, alone, Some(&bare)),
            (format!("-----BEGIN PUBLIC KEY-----{BARE}-----END PUBLIC KEY-----"), 1, alone, Some(&bare)),
            (cut.to_owned(), 1, alone, None),
            ("v=DKIM1; k=rsa".to_owned(), 1, "the tag `p=` with the key is missing", None),
            ("v=DKIM1; p=paste_your_key".to_owned(), 12, "the key holds characters that are not base64", None),
            ("v=DKIM1; p=aGVsbG8=".to_owned(), 12, "the key is not an RSA key", None),
            (
                format!("v=DKIM1; p={ED25519}"),
                12,
                "the key is an Ed25519 key, but `k=ed25519` is not there to say so",
                Some(&ed25519),
            ),
            (
                format!("v=DKIM1; k=rsa; p={ed25519_info}"),
                19,
                "the key is an Ed25519 key, but `k=ed25519` is not there to say so",
                Some(&ed25519),
            ),
            (
                format!("v=DKIM1; k=ed25519; p={ed25519_info}"),
                23,
                "an Ed25519 key has 32 bytes, this one has 44",
                Some(&ed25519),
            ),
            (
                format!("v=DKIM1; k=ed25519; p={INFO}"),
                23,
                "the key is an RSA key, but `k=ed25519` says otherwise",
                Some(&whole),
            ),
            ("v=DKIM1; k=ed25519; p=aGVsbG8=".to_owned(), 23, "an Ed25519 key has 32 bytes, this one has 5", None),
            (format!("v=DKIM1; k=RSA; p={INFO}"), 10, "`k=RSA` is neither `rsa` nor `ed25519`", Some(&whole)),
            (format!("v=DKIM1; h=sha1; p={INFO}"), 10, "`h=sha1` does not allow sha256", None),
            (format!("v=DKIM1; s=tlsrpt; p={INFO}"), 10, "`s=tlsrpt` says that the key is not for e-mail", None),
            (format!("v=DKIM1; p={BARE}; p={INFO}"), 14 + BARE.len(), "the tag `p` stands twice", None),
            (format!("v=DKIM1; hello; p={INFO}"), 10, "`hello` is not of the form `name=value`", None),
        ] {
            assert!(is_meant(&text), "{text}");
            let told = parse(&text).map_err(|fault| (fault.column, fault.problem.to_string()));
            assert_eq!(told, Err((column, problem.to_owned())), "{text}");
            assert_eq!(repaired(&text).as_ref(), repair, "{text}");
        }
    }

    #[test]
    fn a_key_tells_how_much_of_it_is_missing_wherever_it_is_cut() {
        for bits in [1024, 2048] {
            let key = rsa_key(bits);
            for length in 6..key.trim_end_matches('=').len() {
                let fault = parse(&format!("p={}", key.get(..length).unwrap())).unwrap_err();
                assert_eq!(fault.problem, Problem::CutOff(Some(key.len() - length)), "{length}");
            }
        }
        assert_eq!(parse("p=MIIB").unwrap_err().problem, Problem::CutOff(None));
    }

    #[test]
    fn records_for_other_purposes_are_not_keys() {
        for text in
            ["v=spf1 -all", "v=DMARC1; p=reject", "google-site-verification=x", "", "hello", "MIIB", "aGVsbG8gd29ybGQ="]
        {
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

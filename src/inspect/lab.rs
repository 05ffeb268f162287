//! What the tests of this room share: a signer for messages, with the key records that belong to its keys.
//!
//! The signer takes its canonicalization from the code under test; that this is right is shown by the examples of RFC 6376
//! and RFC 8463, which others signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::canonical::Canonicalization;
use super::original::Original;
use super::signature::covered::{Covered, append_unsigned};
use super::signature::read::Tags;

/// A key of 2048 bits made for these tests alone (PKCS #8), and the record for it.
const RSA: &str = "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDClD0siP1htFWqgrFmjSuRo4VIXfe1L8JMPwY3ICnqT8lYciLfzDztjCs1dypr2eoBLSSSIvYdX9xAkNnIbGG3ARK1+Hfinmtn6hKD4za79jV0/KIDmGD07gQn8kfIirzQSnuY648TItPZ7z/YI67KC8CRJfca7PdjtOf0BOxq8Gwhs1dcQ2ly0L41zjjmY6gJkOGNbWO03gG2X4A+wMX2A5j0N6kwLR2e7JCEDMhdcWkmzgfWUbOnxwFWpVm+c4Q6Aofz1u/rm2gcMSOSwIJx6J1+80MDc6MogDZXRZx36krSiLrmbm3C6mTUCroQMp7iA395r73qnX/vAIyNOA4jAgMBAAECggEAUDOT53hroEsZiFeoUZHcpIIXHNYGlPsjhhPwNuaeAEN0xWz+LOrdLji5UqdUp/HBP0zhJw8cDM2HVmGeMrthp3HcyX6pw5HyyXk0uoH7/IumSxsamIrFZA97TQ/TQLjWzK/2s/hcF9IiKlEwKqHCmOsxK2LPsJx99+4IMY+Z9xV7JWQYv1dtYaJedsrrBvxuehUMNZ59Pz6ps5Lc4FK3i4AkF2gwqr5hsv8KWKXpszTg/jffJ5217+hWUwIamyT9TWSI9a4N87gY4YA5meCFxxg0Q0JCGDKtlqUAav4KYkyXp/B5g2QadYjmAAY5Kt0wfYZnpMsytYhGEaOIo+9aEQKBgQD4M9GC7n2TCtOgR+48MgEl5Y7SpfQuT72bqEEMAlDdS/zDZPnIH/Gu+RZz2IUn99oMrao4EGDFOwEtXwTj+1UYz3w2emKa6gG/k7DobLK7B9BXEwsb5sVmWNLtNcAUcVVvb7p/LP33kJ8Kr4Qh48xc59UhXPnXUKsdIxaqGTgBCwKBgQDIsSbZUJKge2GBRjI6wqmDt+s3USJuANBxQS9KTvV6UBf9xj46pjt8IT9Nc2BoYxpSJHcD8tDMokIFVEwqngobOAOlrMC6nrLaDc1fSH3k6QT1LlSTKd17ZMzTArx5ltIFfKNw0ydgi43WTO7nsYSxuOoh2LcUpI05PbdZ25yGSQKBgQDfkv3UrTOccpIyvNiSjJCQLHo8sZSE6vtm7Wa6hJOG493pvFlrtaqk7GcXLyCy4gYeiYjdO5OP1hi3X/It0sXStYO0JwYPeV7dzRH8K33MD7vR06ucFIIYMUa+uj4tq/FDkicyS7rxd+prW7LwPBxoS8SmavP6ygV5F5Rg4JqcBQKBgBSJHAKMnhRRy65gsm8U0CesQCNO6Aj9iFauZtphrfiwDWRoTqHNtLSE6mdQcQL9cQoKtSrwQ7FMwRiugYSy2zHhz226eZYe+woY83TWhBtSRLGZ5gmQ9RrVO6gz1XlTl3X8RPUchiD45rCQ+rk2ju9ojnycIk+4bsL2r7ZAJIoRAoGBAJU9RnmgeWKVd/q/SpCML7koh8ajf6YuGKLtVO8t/48GmAptxIsLhOYLODT8cs2Sril+5yvlKXBSD5ph+haY1ccMsntWB810Jn5t9FbWTF9uQpnscGNryXDYk2kML6ZKz6qWgj94xvcwITZBqueeGfRbjRxqMMxVgchX9cjMTRuk";
const RSA_RECORD: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwpQ9LIj9YbRVqoKxZo0rkaOFSF33tS/CTD8GNyAp6k/JWHIi38w87YwrNXcqa9nqAS0kkiL2HV/cQJDZyGxhtwEStfh34p5rZ+oSg+M2u/Y1dPyiA5hg9O4EJ/JHyIq80Ep7mOuPEyLT2e8/2COuygvAkSX3Guz3Y7Tn9ATsavBsIbNXXENpctC+Nc445mOoCZDhjW1jtN4Btl+APsDF9gOY9DepMC0dnuyQhAzIXXFpJs4H1lGzp8cBVqVZvnOEOgKH89bv65toHDEjksCCceidfvNDA3OjKIA2V0Wcd+pK0oi65m5twupk1Aq6EDKe4gN/ea+96p1/7wCMjTgOIwIDAQAB";

/// The time at which the tests take place.
pub(super) const NOW: u64 = 1_700_000_000;

/// The key records of `example.com`: `rsa` and `ed`.
pub(super) fn zone() -> String {
    let ed = STANDARD.encode(ed25519().public_key());
    format!(
        "rsa._domainkey.example.com TXT v=DKIM1; k=rsa; p={RSA_RECORD}
        ed._domainkey.example.com TXT v=DKIM1; k=ed25519; p={ed}"
    )
}

/// The record of the RSA key, with other tags before it.
pub(super) fn rsa_record(tags: &str) -> String {
    format!("{tags}p={RSA_RECORD}")
}

fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn sign(ed: bool, data: &[u8]) -> String {
    if ed {
        return STANDARD.encode(ed25519().sign(digest(&SHA256, data).as_ref()));
    }
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(RSA).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).unwrap();
    STANDARD.encode(signature)
}

/// The hash of a message's body in base64, as far as it is signed.
fn body_hash(message: &Original, how: Canonicalization, length: Option<usize>) -> String {
    let mut body = how.body(message).concat();
    body.truncate(length.unwrap_or(body.len()));
    STANDARD.encode(digest(&SHA256, &body))
}

/// The message with a signature field on top, which says `tags`; of these, `a=`, `d=`, `s=`, `h=` and `c=` have
/// defaults, and `bh=` and `b=` are put in.
pub(super) fn signed_as(field: &str, tags: &str, message: &str) -> String {
    let has = |name: &str| tags.split(';').any(|tag| tag.trim_start().starts_with(&format!("{name}=")));
    let value = |name: &str| tags.split(';').find_map(|tag| tag.trim().strip_prefix(&format!("{name}=")));
    let read = Original::read(message.as_bytes()).unwrap();
    let mut all = tags.to_owned();
    for (name, default) in
        [("a", "rsa-sha256"), ("c", "relaxed/relaxed"), ("d", "example.com"), ("s", "rsa"), ("h", "from:to:subject")]
    {
        if !has(name) {
            all = format!("{all}; {name}={default}");
        }
    }
    let how = match value("c").unwrap_or("relaxed/relaxed").split_once('/') {
        Some((_, "relaxed")) => Canonicalization::Relaxed,
        _ => Canonicalization::Simple,
    };
    if !has("bh") {
        all = format!("{all}; bh={}", body_hash(&read, how, value("l").and_then(|length| length.parse().ok())));
    }
    let all = all.trim_start_matches([';', ' ']);
    let unsigned = format!("{field}: {all};\n b=\n{message}");
    let read = Original::read(unsigned.as_bytes()).unwrap();
    let own = read.fields().next().unwrap();
    let text = String::from_utf8_lossy(own.value).replace("b=", "b=AAAA");
    let covered = Covered::read(&Tags::read(&text).unwrap()).unwrap();
    let signature = sign(value("a").is_some_and(|a| a.starts_with("ed")), &covered.signed(&read, own));
    unsigned.replacen(";\n b=\n", &format!(";\n b={signature}\n"), 1)
}

/// The message with a DKIM signature on top.
pub(super) fn signed(tags: &str, message: &str) -> String {
    signed_as("DKIM-Signature", format!("v=1; {tags}").trim_end_matches("; "), message)
}

/// The message with one more ARC set on top, whose seal says `state` of the chain before.
pub(super) fn sealed(instance: u32, state: &str, message: &str) -> String {
    let results = format!("ARC-Authentication-Results: i={instance}; mx.example.com; spf=pass\n{message}");
    let signed = signed_as("ARC-Message-Signature", &format!("i={instance}"), &results);
    let unsealed = format!("ARC-Seal: i={instance}; a=rsa-sha256; cv={state}; d=example.com; s=rsa;\n b=\n{signed}");
    let read = Original::read(unsealed.as_bytes()).unwrap();
    let mut data = Vec::new();
    for set in 1..=instance {
        for name in ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"] {
            let own = read.named(name).find(|field| field.text().contains(&format!("i={set};"))).unwrap();
            if name == "ARC-Seal" && set == instance {
                append_unsigned(Canonicalization::Relaxed, own, &mut data);
            } else {
                Canonicalization::Relaxed.field(own, &mut data);
            }
        }
    }
    unsealed.replacen(";\n b=\n", &format!(";\n b={}\n", sign(false, &data)), 1)
}

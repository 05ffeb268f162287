//! As much of DER (X.690) as it takes to measure an RSA key: either of the two forms that DKIM records hold.
//!
//! Reads lengths and two tags deep; proves nothing about the numbers inside.

/// Why the bytes are no RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotRsa {
    /// They end before what they announce.
    CutOff,
    /// They hold something else.
    Other,
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// `rsaEncryption`, 1.2.840.113549.1.1.1 (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The size in bits of an RSA key's modulus: of a `SubjectPublicKeyInfo` (RFC 5280 section 4.1), as everybody publishes
/// it, or of a bare `RSAPublicKey` (RFC 8017 appendix A.1.1), which RFC 6376 section 3.6.1 asks for.
pub(super) fn rsa_bits(der: &[u8]) -> Result<usize, NotRsa> {
    modulus_bits(element(SEQUENCE, bare(der)?)?.0)
}

/// The bare `RSAPublicKey` of either form.
pub(super) fn bare(der: &[u8]) -> Result<&[u8], NotRsa> {
    let (whole, _) = element(SEQUENCE, der)?;
    if whole.first() != Some(&SEQUENCE) {
        return Ok(der);
    }
    let (algorithm, rest) = element(SEQUENCE, whole)?;
    if element(OBJECT_IDENTIFIER, algorithm)?.0 != RSA_ENCRYPTION {
        return Err(NotRsa::Other);
    }
    match element(BIT_STRING, rest)?.0 {
        [0, key @ ..] => Ok(key),
        _ => Err(NotRsa::Other),
    }
}

/// Whether the bytes begin as a private key does: with a small number for the version, where public keys have their modulus
/// or their algorithm (RFC 8017 appendix A.1.2, RFC 5958 section 2, RFC 5915 section 3). How they go on does not matter.
pub(super) fn is_private(der: &[u8]) -> bool {
    let ([SEQUENCE, 0..=0x7f, content @ ..] | [SEQUENCE, 0x81, _, content @ ..] | [SEQUENCE, 0x82, _, _, content @ ..]) =
        der
    else {
        return false;
    };
    matches!(content, [INTEGER, 1, 0 | 1, INTEGER | SEQUENCE | OCTET_STRING, ..])
}

/// How many bytes the element at the start of `der` has by its own account, its head counted; `None` where that is cut off
/// or no SEQUENCE begins there.
pub(super) fn announced(der: &[u8]) -> Option<usize> {
    let (head, length) = match der {
        [SEQUENCE, length @ 0..=0x7f, ..] => (2, usize::from(*length)),
        [SEQUENCE, 0x81, length, ..] => (3, usize::from(*length)),
        [SEQUENCE, 0x82, high, low, ..] => (4, usize::from(*high) << 8 | usize::from(*low)),
        _ => return None,
    };
    Some(head + length)
}

/// The size of the first of the two numbers that make an RSA key.
fn modulus_bits(key: &[u8]) -> Result<usize, NotRsa> {
    let (modulus, rest) = element(INTEGER, key)?;
    element(INTEGER, rest)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    match modulus.get(zeros) {
        Some(first) => Ok((modulus.len() - zeros) * 8 - first.leading_zeros() as usize),
        None => Err(NotRsa::Other),
    }
}

/// The content of the element with `tag` at the start of `der`, and what follows it.
fn element(tag: u8, der: &[u8]) -> Result<(&[u8], &[u8]), NotRsa> {
    let (&found, rest) = der.split_first().ok_or(NotRsa::CutOff)?;
    if found != tag {
        return Err(NotRsa::Other);
    }
    let (&first, rest) = rest.split_first().ok_or(NotRsa::CutOff)?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(NotRsa::CutOff)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return Err(NotRsa::Other),
    };
    rest.split_at_checked(length).ok_or(NotRsa::CutOff)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn wrap(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], &content].concat()
    }

    fn made_up_bare(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0xff; bits / 8];
        if !bits.is_multiple_of(8) {
            modulus.insert(0, (1 << (bits % 8)) - 1);
        }
        modulus.insert(0, 0);
        wrap(SEQUENCE, &[&wrap(INTEGER, &[&modulus]), &[INTEGER, 3, 1, 0, 1]])
    }

    /// A made-up RSA key of this size as a `SubjectPublicKeyInfo`.
    pub(in super::super) fn made_up(bits: usize) -> Vec<u8> {
        let oid = [&[OBJECT_IDENTIFIER, 9], RSA_ENCRYPTION].concat();
        wrap(SEQUENCE, &[&wrap(SEQUENCE, &[&oid, &[5, 0]]), &wrap(BIT_STRING, &[&[0], &made_up_bare(bits)])])
    }

    /// A made-up private key of this size: of RSA alone (PKCS#1), and with its algorithm told (PKCS#8).
    pub(in super::super) fn made_up_private(bits: usize) -> [Vec<u8>; 2] {
        let number = wrap(INTEGER, &[&vec![0x7f; bits / 8]]);
        let bare = wrap(SEQUENCE, &[&[INTEGER, 1, 0], &number, &[INTEGER, 3, 1, 0, 1], &number, &number]);
        let algorithm = wrap(SEQUENCE, &[&[OBJECT_IDENTIFIER, 9], RSA_ENCRYPTION, &[5, 0]]);
        let whole = wrap(SEQUENCE, &[&[INTEGER, 1, 0], &algorithm, &wrap(OCTET_STRING, &[&bare])]);
        [bare, whole]
    }

    #[test]
    fn private_keys_are_told_from_public_ones_wherever_they_are_cut() {
        for key in made_up_private(2048) {
            assert_eq!(rsa_bits(&key).ok(), None);
            for length in 8..key.len() {
                assert!(is_private(&key[..length]), "{length}");
            }
        }
        // What stands before the 32 bytes of a private Ed25519 key (RFC 8410 section 7).
        assert!(is_private(&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]));
        for public in [made_up(2048), made_up_bare(2048), vec![0; 32], Vec::new(), wrap(SEQUENCE, &[&[INTEGER, 1]])] {
            assert!(!is_private(&public));
        }
    }

    #[test]
    fn both_forms_are_measured() {
        for bits in [512, 1023, 1024, 2047, 2048, 4096, 8192] {
            assert_eq!(rsa_bits(&made_up(bits)), Ok(bits));
            assert_eq!(rsa_bits(&made_up_bare(bits)), Ok(bits));
            assert_eq!(bare(&made_up(bits)), Ok(&*made_up_bare(bits)));
            assert_eq!(bare(&made_up_bare(bits)), Ok(&*made_up_bare(bits)));
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        for key in [made_up(2048), made_up_bare(2048)] {
            for length in 0..key.len() {
                assert_eq!(rsa_bits(&key[..length]), Err(NotRsa::CutOff), "{length}");
                assert_eq!(announced(&key[..length]), (length >= 4).then_some(key.len()), "{length}");
            }
        }
    }

    #[test]
    fn other_things_are_no_rsa_key() {
        let mut elliptic = made_up(2048);
        elliptic[12] ^= 1;
        for other in [elliptic, vec![0; 32], wrap(SEQUENCE, &[&[INTEGER, 1, 0, INTEGER, 1, 3]])] {
            assert_eq!(rsa_bits(&other), Err(NotRsa::Other));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut key in proptest::collection::vec(0u8..=255, 0..80), at in 0usize..300, flip in 0u8..=255) {
            let _ = (rsa_bits(&key), announced(&key), is_private(&key));
            key = made_up(1024);
            if let Some(byte) = key.get_mut(at) {
                *byte ^= flip;
            }
            let _ = rsa_bits(&key);
        }
    }
}

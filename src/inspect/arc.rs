//! ARC: what the servers that passed a message on vouch for, and whether their chain holds (RFC 8617 section 5.2).
//!
//! `set` sorts the fields into sets; here the newest ARC-Message-Signature is verified, and every ARC-Seal. That the network
//! would not give a key breaks no chain: the result is `temperror` then, which RFC 8617 leaves open.

mod set;

use serde::{Serialize, Serializer};

use super::canonical::Canonicalization;
use super::original::Original;
use super::signature::Problem;
use super::signature::covered::{Covered, append_unsigned};
use super::signature::read::{Signer, Tags};
use super::signature::verify::{keys, proven_by};
use crate::facts::{Pending, Response, View};

pub use set::Part;
use set::{Set, sets};

/// Whether the chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ArcResult {
    /// There is no chain.
    None,
    /// It holds.
    Pass,
    /// It is broken.
    Fail,
    /// A key could not be looked up.
    TempError,
}

/// What came of a message's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// The result.
    pub result: ArcResult,
    /// The set that decided, for a chain that does not hold.
    pub instance: Option<u32>,
    /// Why it does not hold.
    pub problem: Option<Broken>,
    /// Who sealed, from the first to the last; empty where that cannot be told.
    pub sealers: Vec<String>,
}

/// Why a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// More fields than 50 sets have.
    #[error("there are more than 50 sets")]
    TooMany,
    /// A field does not say to which set it belongs.
    #[error("an {0} does not say its place in the chain (`i=`, from 1 to 50)")]
    Instance(Part),
    /// Two of a kind in one set.
    #[error("the set has two {0} fields")]
    Twice(Part),
    /// A set lacks a field.
    #[error("the set has no {0}")]
    Missing(Part),
    /// The seal says of the chain before it what it must not.
    #[error("the seal says `cv={0}`; {1} belongs there")]
    State(String, &'static str),
    /// The seal says that the chain was broken already.
    #[error("the chain was broken when it came to this server (`cv=fail`)")]
    Before,
    /// A field cannot be read or verified.
    #[error("{0}: {1}")]
    Signature(Part, Problem),
    /// `h=` of the message signature lists what it must not (RFC 8617 section 4.1.2).
    #[error("the ARC-Message-Signature signs the ARC-Seal (`h=`), which it must not")]
    SignsSeal,
}

impl Serialize for Broken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Judges the chain of a message; pending until all keys are known.
pub fn judge(message: &Original, view: &mut View<'_>) -> Result<Chain, Pending> {
    let ended = |result, instance, problem| Chain { result, instance, problem, sealers: Vec::new() };
    let sets = match sets(message) {
        Ok(sets) => sets,
        Err((instance, problem)) => return Ok(ended(ArcResult::Fail, instance, Some(problem))),
    };
    let Some(newest) = sets.last() else { return Ok(ended(ArcResult::None, None, None)) };
    let read = states(&sets)
        .and_then(|()| Ok((Sealed::read(newest)?, sets.iter().map(Seal::read).collect::<Result<Vec<_>, _>>()?)));
    let (signature, seals) = match read {
        Ok(read) => read,
        Err((instance, problem)) => return Ok(ended(ArcResult::Fail, Some(instance), Some(problem))),
    };
    let reply = view.get(signature.signer.key.clone());
    let replies = view.get_all(seals.iter().map(|seal| seal.signer.key.clone()));
    let (reply, replies) = (reply?, replies?);
    let verified = signature.verify(message, newest, reply).and_then(|()| verify_seals(&sets, &seals, &replies));
    let sealers = seals.iter().map(|seal| seal.signer.domain.to_string()).collect();
    Ok(match verified {
        Ok(()) => Chain { result: ArcResult::Pass, instance: None, problem: None, sealers },
        Err((instance, problem)) => {
            let silent = matches!(problem, Broken::Signature(_, Problem::Silent(_)));
            let result = if silent { ArcResult::TempError } else { ArcResult::Fail };
            Chain { result, instance: Some(instance), problem: Some(problem), sealers }
        }
    })
}

/// The set that decided, and why.
type At<T> = Result<T, (u32, Broken)>;

/// What each seal must say of the chain before it: nothing for the first, that it holds for the others.
fn states(sets: &[Set<'_>]) -> At<()> {
    let newest_first = sets.iter().rev();
    for set in newest_first {
        let state = set.state.as_deref();
        let (belongs, right) = if set.instance == 1 { ("`none`", "none") } else { ("`pass`", "pass") };
        match state {
            Some(state) if state == right => {}
            Some("fail") => return Err((set.instance, Broken::Before)),
            Some(other) => return Err((set.instance, Broken::State(crate::mail::tags::excerpt(other), belongs))),
            None => return Err((set.instance, Broken::Signature(Part::Seal, Problem::Missing("cv")))),
        }
    }
    Ok(())
}

/// The ARC-Message-Signature of a set.
struct Sealed {
    signer: Signer,
    /// What it covers, in as many readings as are common.
    covered: Vec<Covered>,
}

impl Sealed {
    fn read(set: &Set<'_>) -> At<Self> {
        let text = String::from_utf8_lossy(set.signature.value);
        let read = || -> Result<Self, Problem> {
            let tags = Tags::read(&text)?;
            let mut covered = vec![Covered::read(&tags)?];
            // RFC 8617 takes the default of `c=` from DKIM; those who leave it out sign in the relaxed form.
            if tags.get("c").is_none() {
                covered.extend(covered.first().cloned().map(Covered::relaxed));
            }
            Ok(Self { signer: Signer::read(&tags)?, covered })
        };
        let read = read().map_err(|problem| (set.instance, Broken::Signature(Part::Signature, problem)))?;
        if read.covered.iter().any(|covered| covered.count("ARC-Seal") > 0) {
            return Err((set.instance, Broken::SignsSeal));
        }
        Ok(read)
    }

    fn verify(&self, message: &Original, set: &Set<'_>, reply: &Response) -> At<()> {
        let keys = keys(&self.signer, reply);
        let verified = keys.and_then(|keys| {
            let verify = |covered: &Covered| covered.verify(message, set.signature, &self.signer, &keys).map(|_| ());
            self.covered.iter().map(verify).reduce(Result::or).unwrap_or(Ok(()))
        });
        verified.map_err(|problem| (set.instance, Broken::Signature(Part::Signature, problem)))
    }
}

/// The ARC-Seal of a set.
struct Seal {
    signer: Signer,
}

impl Seal {
    fn read(set: &Set<'_>) -> At<Self> {
        let text = String::from_utf8_lossy(set.seal.value);
        let read = || -> Result<Self, Problem> {
            let tags = Tags::read(&text)?;
            if tags.get("h").is_some() {
                return Err(Problem::NotHere("h"));
            }
            Ok(Self { signer: Signer::read(&tags)? })
        };
        read().map_err(|problem| (set.instance, Broken::Signature(Part::Seal, problem)))
    }
}

/// Verifies the seals: each is of all sets before its own, and of its own (RFC 8617 section 5.1.1).
fn verify_seals(sets: &[Set<'_>], seals: &[Seal], replies: &[&Response]) -> At<()> {
    let mut before = Vec::new();
    let mut broken = Ok(());
    for ((set, seal), reply) in sets.iter().zip(seals).zip(replies) {
        for field in [set.results, set.signature] {
            Canonicalization::Relaxed.field(field, &mut before);
        }
        let end = before.len();
        append_unsigned(Canonicalization::Relaxed, set.seal, &mut before);
        let proven = keys(&seal.signer, reply)
            .and_then(|keys| proven_by(&keys, &seal.signer, &before).map(|_| ()).ok_or(Problem::Header));
        // The newest that fails is told.
        if let Err(problem) = proven {
            broken = Err((set.instance, Broken::Signature(Part::Seal, problem)));
        }
        before.truncate(end);
        Canonicalization::Relaxed.field(set.seal, &mut before);
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::lab::{sealed, zone};
    use crate::mail::lab::Lab;

    const MESSAGE: &str = "From: Anna <anna@example.com>\nTo: Bob <bob@example.net>\nSubject: Hello\n\nHi Bob\n";

    fn judged(message: &str, zone: &str) -> Chain {
        let message = Original::read(message.as_bytes()).unwrap();
        Lab::new("example.com", zone).settle(|view| judge(&message, view)).0
    }

    fn chain(length: u32) -> String {
        (1..=length).fold(MESSAGE.to_owned(), |message, instance| {
            sealed(instance, if instance == 1 { "none" } else { "pass" }, &message)
        })
    }

    #[test]
    fn chains_of_any_length_hold() {
        assert_eq!(judged(MESSAGE, &zone()).result, ArcResult::None);
        for length in [1, 2, 3, 7] {
            let chain = judged(&chain(length), &zone());
            assert_eq!((chain.result, chain.problem), (ArcResult::Pass, None), "{length}");
            assert_eq!(chain.sealers.len(), length as usize);
        }
    }

    #[test]
    fn what_breaks_a_chain_is_told_with_its_place() {
        let seal = "the header fields are not those that were signed (the signature does not verify)";
        for (from, to, instance, problem) in [
            ("Subject: Hello", "Subject: [list] Hello", Some(3), format!("ARC-Message-Signature: {seal}")),
            (
                "Hi Bob",
                "Hi all",
                Some(3),
                "ARC-Message-Signature: the body is not the one that was signed (the body hash differs)".to_owned(),
            ),
            ("i=1; mx.example.com; spf=pass", "i=1; mx.example.com; spf=fail", Some(3), format!("ARC-Seal: {seal}")),
            ("cv=pass", "cv=none", Some(3), "the seal says `cv=none`; `pass` belongs there".to_owned()),
            ("cv=none", "cv=pass", Some(1), "the seal says `cv=pass`; `none` belongs there".to_owned()),
            ("cv=pass", "cv=fail", Some(3), "the chain was broken when it came to this server (`cv=fail`)".to_owned()),
            ("cv=pass;", "", Some(3), "ARC-Seal: the tag `cv=` is missing or empty".to_owned()),
            ("cv=pass;", "cv=pass; h=from;", Some(3), "ARC-Seal: the tag `h=` must not stand here".to_owned()),
            ("ARC-Seal: i=3", "X-Seal: i=3", Some(3), "the set has no ARC-Seal".to_owned()),
            ("ARC-Seal: i=2", "ARC-Seal: i=3", Some(3), "the set has two ARC-Seal fields".to_owned()),
            ("ARC-Seal: i=3", "ARC-Seal: i=5", Some(3), "the set has no ARC-Seal".to_owned()),
            (
                "ARC-Seal: i=3",
                "ARC-Seal: i=0",
                None,
                "an ARC-Seal does not say its place in the chain (`i=`, from 1 to 50)".to_owned(),
            ),
            (
                "ARC-Seal: i=3",
                "ARC-Seal: i=51",
                None,
                "an ARC-Seal does not say its place in the chain (`i=`, from 1 to 50)".to_owned(),
            ),
            (
                "Results: i=3; mx",
                "Results: mx; i=3; x",
                None,
                "an ARC-Authentication-Results does not say its place in the chain (`i=`, from 1 to 50)".to_owned(),
            ),
            ("ARC-Seal: i=3;", "ARC-Seal: i=3;;", None, "ARC-Seal: two semicolons stand side by side".to_owned()),
            (
                "h=from:to:subject",
                "h=from:arc-seal",
                Some(3),
                "the ARC-Message-Signature signs the ARC-Seal (`h=`), which it must not".to_owned(),
            ),
            ("a=rsa-sha256", "a=rsa-sha1", Some(3), "ARC-Seal: `a=rsa-sha1` is not accepted any more".to_owned()),
        ] {
            let message = chain(3).replacen(from, to, 1);
            let chain = judged(&message, &zone());
            let told = chain.problem.map(|problem| problem.to_string()).unwrap_or_default();
            assert_eq!((chain.result, chain.instance, told), (ArcResult::Fail, instance, problem), "{from} -> {to}");
        }
    }

    #[test]
    fn only_the_newest_message_signature_must_hold() {
        let changed = sealed(2, "pass", &chain(1).replacen("Subject: Hello", "Subject: [list] Hello", 1));
        assert_eq!(judged(&changed, &zone()).result, ArcResult::Pass);
    }

    #[test]
    fn a_key_that_is_missing_breaks_the_chain_and_silence_does_not() {
        for (word, result) in [
            ("nxdomain", ArcResult::Fail),
            ("nodata", ArcResult::Fail),
            ("silent", ArcResult::TempError),
            ("servfail", ArcResult::TempError),
        ] {
            let chain = judged(&chain(2), &format!("rsa._domainkey.example.com TXT {word}"));
            assert_eq!((chain.result, chain.instance), (result, Some(2)), "{word}");
        }
    }

    #[test]
    fn a_flood_of_sets_is_refused_unread() {
        let flood = "ARC-Seal: i=1\n".repeat(151);
        let chain = judged(&format!("{flood}{MESSAGE}"), "");
        assert_eq!((chain.result, chain.problem), (ArcResult::Fail, Some(Broken::TooMany)));
    }

    proptest::proptest! {
        #[test]
        fn no_fields_make_it_panic(fields in proptest::collection::vec("ARC-(Seal|Message-Signature|Authentication-Results): ?(i=[0-3]; ?)?((a=rsa-sha256|cv=pass|cv=none|d=x|s=y|b=AA==|bh=AA==|h=from);){0,8}", 0..8)) {
            judged(&format!("{}\n\n", fields.join("\n")), "");
        }
    }
}

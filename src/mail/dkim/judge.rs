//! What the records at one selector say.

use super::key::{self, Key, Problem, Public};
use super::pieces::joined;
use super::place::{Place, given_away};
use crate::finding::{Code, Finding};
use crate::mail::tags::Fault;

/// Judges the records at a selector. There may be only one (RFC 6376 section 3.6.2.2).
pub(super) fn judge(place: &Place<'_>, texts: &[String]) -> Vec<Finding> {
    if let Some(finding) = given_away(&place.question.name, &place.selector, texts) {
        return vec![finding];
    }
    match texts {
        [text] => judge_one(place, text),
        several => vec![judge_several(place, several)],
    }
}

fn judge_one(place: &Place<'_>, text: &str) -> Vec<Finding> {
    let about = |code| place.showing(code, &[text.to_owned()]);
    let Key { public, testing, .. } = match key::parse(text) {
        Ok(key) => key,
        Err(Fault { problem: Problem::CutOff(Some(missing)), .. }) => {
            let length = text.chars().count();
            return vec![about(Code::DkimCutOff).detail("length", length).detail("missing", missing)];
        }
        Err(Fault { column, problem }) => {
            let mut broken = about(Code::DkimBroken).detail("problem", problem).detail("column", column);
            broken.fix = key::repaired(text).and_then(|text| place.fix(text));
            return vec![broken];
        }
    };
    let Some(public) = public else {
        return vec![about(place.missing_code().unwrap_or(Code::DkimRevoked))];
    };
    let found = about(Code::DkimFound).detail("key", public);
    let mut findings = match public {
        Public::Rsa(bits @ ..1024) => vec![about(Code::DkimKeyTooShort).detail("bits", bits)],
        Public::Rsa(bits @ 1024..2048) => vec![found, about(Code::DkimKeyShort).detail("bits", bits)],
        Public::Rsa(bits @ 4097..) => vec![found, about(Code::DkimKeyLong).detail("bits", bits)],
        Public::Rsa(_) | Public::Ed25519 => vec![found],
    };
    if testing {
        findings.push(about(Code::DkimTesting));
    }
    findings
}

/// Several records: the pieces of one key; or one key among other texts, or the same key again, which is then the one to
/// keep.
fn judge_several(place: &Place<'_>, texts: &[String]) -> Finding {
    let about = |code| place.showing(code, texts).detail("count", texts.len());
    if let Some(whole) = joined(texts) {
        let mut pieces = about(Code::DkimInPieces);
        pieces.fix = place.fix(whole);
        return pieces;
    }
    let mut several = about(Code::DkimTwoRecords);
    let mut keys: Vec<&String> = texts.iter().filter(|text| key::is_meant(text)).collect();
    keys.dedup();
    if let [key] = keys[..]
        && key::parse(key).is_ok()
    {
        several.fix = place.fix(key.clone());
    }
    several
}

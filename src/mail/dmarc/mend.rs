//! Records mended: text that `judge` offers as a fix where one mend is certain, and `examine` proves.
//!
//! Keeps each tag as it is written and in its order, and never makes a policy stricter than the record means it; but for
//! [`rejecting`], which is for domains without mail.

use super::record::{Policy, REMOVED, Record, TAGS, read};
use crate::mail::tags::{Tag, rewritten, tags, with_schemes};

/// The record with the same intent and its form set right, where that leaves nothing to ignore.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = rewritten(text, TAGS, "DMARC1", |name, value| match name {
        "rua" | "ruf" => with_schemes(value),
        _ => value.to_owned(),
    })?;
    read(&text).is_ok_and(|record| record.ignored.is_empty() && record.unusable.is_none()).then_some(text)
}

/// The record with its policy `p` told, and all else as it is but for the tags `without`.
pub(super) fn with_policy(text: &str, policy: Policy, without: &[&str]) -> String {
    let rest = tags(text).flatten().filter(|tag| {
        let is = |name: &&str| name.eq_ignore_ascii_case(tag.name);
        !["v", "p"].iter().chain(without).any(is)
    });
    let rest = rest.map(|Tag { name, value, .. }| format!("{name}={value}"));
    ["v=DMARC1".to_owned(), format!("p={policy}")].into_iter().chain(rest).collect::<Vec<_>>().join("; ")
}

/// The record with `p=reject` for every name, now and not on trial.
pub(super) fn rejecting(text: &str) -> String {
    with_policy(text, Policy::Reject, &["sp", "np", "t", "pct", "rf", "ri"])
}

/// The record without the tags that RFC 9989 removed; `None` where leaving them out changes what older receivers do.
pub(super) fn without_removed(text: &str, record: &Record) -> Option<String> {
    let gentle = |tag: &Tag<'_>| tag.name.eq_ignore_ascii_case("pct") && tag.value != "100";
    let harmless = record.told && !tags(text).flatten().any(|tag| gentle(&tag));
    harmless.then(|| with_policy(text, record.policy, REMOVED))
}

#[cfg(test)]
mod tests {
    use super::super::record::parse;
    use super::*;

    #[test]
    fn a_record_is_changed_in_what_is_asked_for_alone() {
        let record = "v=DMARC1; p=none;sp = none; t=y; pct=100; rua=mailto:a@example.com; x=y";
        assert_eq!(rejecting(record), "v=DMARC1; p=reject; rua=mailto:a@example.com; x=y");
        let mended = |text: &str| without_removed(text, &parse(text).unwrap());
        assert_eq!(mended(record).as_deref(), Some("v=DMARC1; p=none; sp=none; t=y; rua=mailto:a@example.com; x=y"));
        assert_eq!(mended("v=DMARC1; p=reject; pct=10"), None);
        assert_eq!(mended("v=DMARC1; pct=100"), None);
    }
}

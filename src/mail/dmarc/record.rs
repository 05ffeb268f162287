//! The DMARC record (RFC 9989 sections 4.7 and 4.8): text -> what it asks for, or why receivers cannot use it.
//!
//! As lenient as the RFC: what receivers must ignore is ignored here too, and kept so that it can be told.

use std::collections::HashSet;
use std::fmt;

use crate::mail::tags::{Fault, Form, Tag, addresses, excerpt, is_mailto, mended, spoiled, tags};

/// The tags of a record, with those of RFC 7489; others are ignored.
pub(super) const TAGS: &[&str] =
    &["v", "p", "sp", "np", "adkim", "aspf", "rua", "ruf", "fo", "psd", "t", "pct", "rf", "ri"];

/// The tags that RFC 9989 removed.
pub(super) const REMOVED: &[&str] = &["pct", "rf", "ri"];

/// What receivers are asked to do with mail that fails, from nothing to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Policy {
    /// Nothing.
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

impl Policy {
    const ALL: [Self; 3] = [Self::None, Self::Quarantine, Self::Reject];

    /// The word that records have for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    /// What receivers are expected to do instead under `t=y`: one level less.
    pub(super) const fn while_testing(self) -> Self {
        match self {
            Self::Reject => Self::Quarantine,
            Self::Quarantine | Self::None => Self::None,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a record says of its domain's place in the tree (`psd`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A public suffix (`psd=y`): organizations begin one label below.
    Suffix,
    /// An organization's domain (`psd=n`).
    Organization,
    /// Nothing: the walk decides.
    Untold,
}

/// How much a domain that passes must be like the author's (RFC 9989 section 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alignment {
    /// Of the same organization.
    Relaxed,
    /// The very same.
    Strict,
}

const ALIGNMENTS: [(&str, Alignment); 2] = [("r", Alignment::Relaxed), ("s", Alignment::Strict)];

/// A record that receivers can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// `p`, for the domain itself; `none` where it is missing.
    pub policy: Policy,
    /// `sp`, for names below the domain.
    pub below: Option<Policy>,
    /// `np`, for names below the domain that do not exist.
    pub nonexistent: Option<Policy>,
    /// `psd`.
    pub place: Place,
    /// `adkim`, for DKIM.
    pub dkim: Alignment,
    /// `aspf`, for SPF.
    pub spf: Alignment,
    /// `t`: the policy is being tested.
    pub testing: bool,
    /// Whether `p` is there at all.
    pub told: bool,
    /// The tag because of which receivers take `p=none`, whatever else the record says (RFC 9989 section 4.10.1).
    pub unusable: Option<Fault<Problem>>,
    /// Whether `rua` names anything at all to send aggregate reports to.
    pub reports: bool,
    /// The addresses in `rua` and `ruf` to which reports can be sent.
    pub addresses: Vec<String>,
    /// The tags that RFC 9989 removed.
    pub removed: Vec<String>,
    /// The tags that DMARC does not have.
    pub unknown: Vec<Fault<String>>,
    /// The tags whose values receivers ignore, and why.
    pub ignored: Vec<(String, Fault<Problem>)>,
}

/// What is wrong with a record or one of its tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The form is spoiled.
    #[error(transparent)]
    Form(#[from] Form),
    /// A version that is not ours.
    #[error("`v={0}` stands where `v=DMARC1` belongs")]
    Version(String),
    /// The version stands behind something else.
    #[error("`v=DMARC1` does not come first")]
    VersionNotFirst,
    /// No version.
    #[error("`v=DMARC1` is missing at the beginning")]
    NoVersion,
    /// A value that the tag does not have.
    #[error("`{tag}={value}` is not one of {values}")]
    Value {
        /// The tag.
        tag: String,
        /// What it says.
        value: String,
        /// What it may say.
        values: String,
    },
    /// Something in `rua` or `ruf` to which no report is sent: they go by mail alone (RFC 9990 section 3).
    #[error("`{0}` is not of the form `mailto:reports@example.com`")]
    ReportAddress(String),
}

/// Whether receivers take a text for a DMARC record: its first tag is the version (RFC 9989 section 4.8).
pub(super) fn is_record(text: &str) -> bool {
    let first = tags(text).next();
    matches!(first, Some(Ok(Tag { name, value: "DMARC1", column: 1, .. })) if name.eq_ignore_ascii_case("v"))
}

/// Whether a text is meant for a DMARC record, be it one or not.
pub(super) fn is_meant(text: &str) -> bool {
    let text = mended(text, TAGS);
    let mut policy = false;
    for Tag { name, value, .. } in tags(&text).flatten() {
        if name.eq_ignore_ascii_case("v") {
            return value.to_ascii_uppercase().starts_with("DMARC");
        }
        policy |= name == "p" && Policy::ALL.iter().any(|policy| value.eq_ignore_ascii_case(policy.as_str()));
    }
    policy
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, Fault<Problem>> {
    let spoiled = || spoiled(text, TAGS).map(Fault::into_fault);
    let mut record = read(text).map_err(|fault| spoiled().unwrap_or(fault))?;
    if let Some(fault) = spoiled() {
        record.unusable = record.unusable.map(|_| fault.clone());
        record.ignored.iter_mut().for_each(|(_, problem)| *problem = fault.clone());
    }
    Ok(record)
}

/// Reads a record, without a look at what spoils its form.
pub(super) fn read(text: &str) -> Result<Record, Fault<Problem>> {
    if !is_record(text) {
        return Err(not_a_record(text));
    }
    let mut record = Record {
        policy: Policy::None,
        below: None,
        nonexistent: None,
        place: Place::Untold,
        dkim: Alignment::Relaxed,
        spf: Alignment::Relaxed,
        testing: false,
        told: false,
        unusable: None,
        reports: false,
        addresses: Vec::new(),
        removed: Vec::new(),
        unknown: Vec::new(),
        ignored: Vec::new(),
    };
    let mut seen = HashSet::from(["v".to_owned()]);
    for tag in tags(text).skip(1) {
        let tag = match tag {
            Ok(tag) => tag,
            Err(Fault { column, problem: Form::NotATag(piece) }) => {
                record.ignored.push((piece.clone(), Fault { column, problem: Form::NotATag(piece).into() }));
                continue;
            }
            Err(_) => continue,
        };
        let name = tag.name.to_ascii_lowercase();
        record.take(&name, &tag);
        if let Some(twice) = seen.replace(name) {
            return Err(Fault { column: tag.column, problem: Form::Twice(excerpt(&twice)).into() });
        }
    }
    match record.unusable.take() {
        // Without anybody to report to, receivers do nothing at all with such a record.
        Some(fault) if record.addresses.is_empty() => Err(fault),
        Some(fault) => Ok(Record {
            policy: Policy::None,
            below: None,
            nonexistent: None,
            testing: false,
            unusable: Some(fault),
            ..record
        }),
        None => Ok(record),
    }
}

/// Why a text is no DMARC record, though it is meant for one.
fn not_a_record(text: &str) -> Fault<Problem> {
    let version = tags(text).flatten().find(|tag| tag.name.eq_ignore_ascii_case("v"));
    match version {
        None => Fault { column: 1, problem: Problem::NoVersion },
        Some(Tag { value: "DMARC1", column, .. }) => Fault { column, problem: Problem::VersionNotFirst },
        Some(Tag { value, column, .. }) => Fault { column, problem: Problem::Version(excerpt(value)) },
    }
}

impl Record {
    /// The policy for names below the domain.
    pub(super) fn for_below(&self) -> Policy {
        self.below.unwrap_or(self.policy)
    }

    /// The policy for names below the domain that do not exist.
    pub(super) fn for_nonexistent(&self) -> Policy {
        self.nonexistent.unwrap_or_else(|| self.for_below())
    }

    /// Whether something that receivers ignore is meant for the policy `p`, such as `p:reject`.
    pub(super) fn means_policy(&self) -> bool {
        self.ignored.iter().any(|(piece, _)| {
            let (name, value) = piece.split_at(piece.find([':', '=', ' ']).unwrap_or(piece.len()));
            let word = |text: &str| text.trim_matches(|c: char| !c.is_ascii_alphabetic()).to_ascii_lowercase();
            word(name) == "p" && Policy::ALL.iter().any(|policy| policy.as_str() == word(value))
        })
    }

    /// What receivers are to do for now, where `policy` may be on trial.
    pub(super) const fn applied(&self, policy: Policy) -> Policy {
        if self.testing { policy.while_testing() } else { policy }
    }

    /// Takes in one tag. Only a policy that is none of the three spoils the others (RFC 9989 section 4.10.1); receivers
    /// go on with the default of anything else that they cannot read.
    fn take(&mut self, name: &str, tag: &Tag<'_>) {
        let policies = Policy::ALL.map(|policy| (policy.as_str(), policy));
        match name {
            "p" | "sp" | "np" => match choice(name, tag.value, &policies) {
                Ok(policy) if name == "p" => self.policy = policy,
                Ok(policy) if name == "sp" => self.below = Some(policy),
                Ok(policy) => self.nonexistent = Some(policy),
                Err(problem) => {
                    self.unusable.get_or_insert(Fault { column: tag.column, problem });
                }
            },
            _ if REMOVED.contains(&name) => self.removed.push(name.to_owned()),
            _ if !TAGS.contains(&name) => {
                self.unknown.push(Fault { column: tag.column, problem: excerpt(tag.name) });
            }
            _ => {
                if let Err(fault) = self.take_leniently(name, tag) {
                    self.ignored.push((name.to_owned(), fault));
                }
            }
        }
        self.told |= name == "p";
    }

    fn take_leniently(&mut self, name: &str, tag: &Tag<'_>) -> Result<(), Fault<Problem>> {
        let here = |problem| Fault { column: tag.column, problem };
        let value = tag.value;
        match name {
            "psd" => {
                let places = [("y", Place::Suffix), ("n", Place::Organization), ("u", Place::Untold)];
                self.place = choice(name, value, &places).map_err(here)?;
            }
            "t" => self.testing = choice(name, value, &[("y", true), ("n", false)]).map_err(here)?,
            "adkim" => self.dkim = choice(name, value, &ALIGNMENTS).map_err(here)?,
            "aspf" => self.spf = choice(name, value, &ALIGNMENTS).map_err(here)?,
            "fo" => {
                for option in value.split(':') {
                    choice(name, option.trim(), &[("0", ()), ("1", ()), ("d", ()), ("s", ())]).map_err(here)?;
                }
            }
            "rua" | "ruf" if !value.is_empty() => {
                self.reports |= name == "rua";
                let mut bad = None;
                for address in addresses(tag, is_mailto) {
                    match address {
                        Ok(address) => self.addresses.push(address.to_owned()),
                        Err(Fault { column, problem }) => {
                            bad.get_or_insert(Fault { column, problem: Problem::ReportAddress(problem) });
                        }
                    }
                }
                return bad.map_or(Ok(()), Err);
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a value means that has only these choices.
fn choice<T: Copy>(tag: &str, value: &str, choices: &[(&str, T)]) -> Result<T, Problem> {
    let chosen = choices.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
    chosen.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let values = choices.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Problem::Value { tag: tag.to_owned(), value: excerpt(value), values }
    })
}

#[cfg(test)]
mod tests {
    use super::super::mend::repaired;
    use super::*;

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        let plain = parse("v=DMARC1").unwrap();
        assert_eq!((plain.policy, plain.told), (Policy::None, false));
        assert_eq!((plain.below, plain.nonexistent, plain.place), (None, None, Place::Untold));
        let full = "v = DMARC1 ; p=Reject; sp=quarantine;np=none; adkim=s; aspf=r; fo=1:d:s; psd=n; t=y; \
                    rua=mailto:a@example.com, mailto:x@example.com; ruf=mailto:b@example.com!10m; x=unknown;";
        let read = parse(full).unwrap();
        let addresses = ["mailto:a@example.com", "mailto:x@example.com", "mailto:b@example.com!10m"];
        assert_eq!(
            read,
            Record {
                policy: Policy::Reject,
                below: Some(Policy::Quarantine),
                nonexistent: Some(Policy::None),
                place: Place::Organization,
                dkim: Alignment::Strict,
                spf: Alignment::Relaxed,
                testing: true,
                told: true,
                unusable: None,
                reports: true,
                addresses: addresses.map(str::to_owned).to_vec(),
                removed: Vec::new(),
                unknown: vec![Fault { column: full.find("x=unknown").unwrap() + 1, problem: "x".to_owned() }],
                ignored: Vec::new(),
            }
        );
        let old = parse("v=DMARC1; p=none; pct=50; ri=3600; rf=afrf").unwrap();
        assert_eq!(old.removed, ["pct", "ri", "rf"]);
    }

    #[test]
    fn names_below_have_the_policy_of_their_tag_or_of_the_next_wider_one() {
        use Policy::{None, Quarantine, Reject};
        for (tags, expected) in [
            ("p=reject", (Reject, Reject)),
            ("p=reject; sp=none", (None, None)),
            ("p=none; np=reject", (None, Reject)),
            ("p=none; sp=quarantine; np=reject", (Quarantine, Reject)),
            ("rua=mailto:a@example.com", (None, None)),
        ] {
            let record = parse(&format!("v=DMARC1; {tags}")).unwrap();
            assert_eq!((record.for_below(), record.for_nonexistent()), expected, "{tags}");
        }
    }

    #[test]
    fn what_receivers_cannot_use_is_told_and_repaired_where_the_intent_is_plain() {
        let reject = Some("v=DMARC1; p=reject");
        let quoting = "quotation marks or backslashes stand in the text";
        for (text, column, problem, repair) in [
            ("v=dmarc1; p=reject", 1, "`v=dmarc1` stands where `v=DMARC1` belongs", reject),
            ("v=DMARC2; p=reject", 1, "`v=DMARC2` stands where `v=DMARC1` belongs", None),
            ("v=DMARC1 p=reject", 10, "a semicolon is missing before `p=reject`", reject),
            ("v=DMARC1, p=reject", 11, "a semicolon is missing before `p=reject`", reject),
            ("\"v=DMARC1; p=reject\"", 1, quoting, reject),
            ("v=DMARC1\\; p=reject", 9, quoting, reject),
            ("v=DMARC1; p=\"reject\"", 13, quoting, reject),
            ("v=DMARC1; p=reject\u{200b}", 19, "an invisible character (U+200B) stands in the text", reject),
            ("p=reject; v=DMARC1", 11, "`v=DMARC1` does not come first", reject),
            (" v=DMARC1; p=reject", 2, "`v=DMARC1` does not come first", reject),
            ("p=reject", 1, "`v=DMARC1` is missing at the beginning", reject),
            ("v=DMARC1; p=rejct", 11, "`p=rejct` is not one of `none`, `quarantine`, `reject`", None),
            ("v=DMARC1; p=none; sp=no", 19, "`sp=no` is not one of `none`, `quarantine`, `reject`", None),
            ("v=DMARC1; p=none; np=no; rua=a", 19, "`np=no` is not one of `none`, `quarantine`, `reject`", None),
            ("v=DMARC1; p=none; p=reject", 19, "the tag `p` stands twice", None),
            ("v=DMARC1; p=reject; p=reject", 21, "the tag `p` stands twice", reject),
        ] {
            assert!(is_meant(text), "{text}");
            let told = parse(text).map_err(|fault| (fault.column, fault.problem.to_string()));
            assert_eq!(told, Err((column, problem.to_owned())), "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
    }

    #[test]
    fn a_policy_that_is_none_of_the_three_is_none_where_reports_can_be_sent() {
        for (tags, column) in [("p=rejct", 11), ("p=reject; sp=no", 21), ("p=reject; np=no; t=y", 21)] {
            let record = parse(&format!("v=DMARC1; {tags}; rua=x@example.com, mailto:a@example.com")).unwrap();
            assert_eq!((record.policy, record.for_nonexistent(), record.testing), (Policy::None, Policy::None, false));
            assert_eq!(record.unusable.map(|fault| fault.column), Some(column), "{tags}");
        }
    }

    #[test]
    fn what_receivers_ignore_is_told_and_repaired_where_the_intent_is_plain() {
        let address = "`a@example.com` is not of the form `mailto:reports@example.com`";
        for (text, tag, column, problem, repair) in [
            (
                "v=DMARC1; p=none; rua=a@example.com",
                "rua",
                23,
                address,
                Some("v=DMARC1; p=none; rua=mailto:a@example.com"),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:b@example.com, a@example.com",
                "rua",
                45,
                address,
                Some("v=DMARC1; p=none; rua=mailto:b@example.com,mailto:a@example.com"),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@example.com fo=1",
                "rua",
                44,
                "a semicolon is missing before `fo=1`",
                Some("v=DMARC1; p=none; rua=mailto:a@example.com; fo=1"),
            ),
            (
                "v=DMARC1; p=none; rua=maito:a@example.com",
                "rua",
                23,
                "`maito:a@example.com` is not of the form `mailto:reports@example.com`",
                Some("v=DMARC1; p=none; rua=mailto:a@example.com"),
            ),
            (
                "v=DMARC1; p=none; rua=mailto://a@example.com",
                "rua",
                23,
                "`mailto://a@example.com` is not of the form `mailto:reports@example.com`",
                Some("v=DMARC1; p=none; rua=mailto:a@example.com"),
            ),
            (
                "v=DMARC1; p=none; rua=https://example.com/dmarc",
                "rua",
                23,
                "`https://example.com/dmarc` is not of the form `mailto:reports@example.com`",
                None,
            ),
            ("v=DMARC1; p=none; adkim=relaxed", "adkim", 19, "`adkim=relaxed` is not one of `r`, `s`", None),
            ("v=DMARC1; p=none; t=yes", "t", 19, "`t=yes` is not one of `y`, `n`", None),
            ("v=DMARC1; p=none; fo=2", "fo", 19, "`fo=2` is not one of `0`, `1`, `d`, `s`", None),
            ("v=DMARC1; p=none; hello", "hello", 19, "`hello` is not of the form `name=value`", None),
        ] {
            let record = parse(text).unwrap();
            let told = record.ignored.iter().map(|(tag, why)| (tag.as_str(), why.column, why.problem.to_string()));
            assert_eq!(told.collect::<Vec<_>>(), [(tag, column, problem.to_owned())], "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
    }

    #[test]
    fn a_policy_that_receivers_ignore_is_known() {
        for (text, expected) in [
            ("v=DMARC1;\u{a0}p=reject", true),
            ("v=DMARC1; p:reject", true),
            ("v=DMARC1; P : Reject", true),
            ("v=DMARC1; p reject", true),
            ("v=DMARC1; p=reject", false),
            ("v=DMARC1; sp:reject", false),
            ("v=DMARC1; p:x", false),
            ("v=DMARC1; hello", false),
        ] {
            assert_eq!(parse(text).unwrap().means_policy(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_meant_for_dmarc() {
        for text in ["v=spf1 -all", "v=DKIM1; p=abc", "p=abc", "google-site-verification=x", ""] {
            assert!(!is_meant(text) && !is_record(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}|((v|p|sp|rua|t)=[A-Za-z0-9:@., \"\\\\]{0,12};? ?){0,6}") {
            let _ = is_meant(&text);
            let _ = parse(&text);
            if let Some(repaired) = repaired(&text) {
                proptest::prop_assert!(parse(&repaired).is_ok_and(|record| record.ignored.is_empty()));
            }
        }
    }
}

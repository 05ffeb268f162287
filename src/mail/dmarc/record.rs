//! The DMARC record (RFC 9989 sections 4.7 and 4.8): text -> what it asks for, or why receivers cannot use it.
//!
//! As lenient as the RFC: what receivers must ignore is ignored here too, and kept so that it can be told.

use std::collections::HashSet;
use std::fmt;

use crate::mail::tags::{Fault, Tag, excerpt, mended, spoiled, tags};

/// The tags of a record, with those of RFC 7489; others are ignored.
const TAGS: &[&str] = &["v", "p", "sp", "np", "adkim", "aspf", "rua", "ruf", "fo", "psd", "t", "pct", "rf", "ri"];

/// What receivers are asked to do with mail that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// Nothing.
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

impl Policy {
    const ALL: [Self; 3] = [Self::None, Self::Quarantine, Self::Reject];

    const fn as_str(self) -> &'static str {
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
    /// `t`: the policy is being tested.
    pub testing: bool,
    /// Whether `rua` names anything at all to send aggregate reports to.
    pub reports: bool,
    /// The tags that RFC 9989 removed.
    pub removed: Vec<String>,
    /// The tags whose values receivers ignore, and why.
    pub ignored: Vec<(String, Problem)>,
}

/// What is wrong with a record or one of its tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The form is spoiled.
    #[error(transparent)]
    Form(#[from] Fault),
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
    /// Something in `rua` or `ruf` to which no report can be sent.
    #[error("`{0}` is not of the form `mailto:reports@example.com`")]
    ReportAddress(String),
}

/// Whether receivers take a text for a DMARC record: its first tag is the version (RFC 9989 section 4.8).
pub(super) fn is_record(text: &str) -> bool {
    let first = tags(text).next();
    !text.starts_with(char::is_whitespace)
        && matches!(first, Some(Ok(Tag { name, value: "DMARC1" })) if name.eq_ignore_ascii_case("v"))
}

/// Whether a text is meant for a DMARC record, be it one or not.
pub(super) fn is_meant(text: &str) -> bool {
    let text = mended(text, TAGS);
    let mut policy = false;
    for Tag { name, value } in tags(&text).flatten() {
        if name.eq_ignore_ascii_case("v") {
            return value.to_ascii_uppercase().starts_with("DMARC");
        }
        policy |= name == "p" && Policy::ALL.iter().any(|policy| value.eq_ignore_ascii_case(policy.as_str()));
    }
    policy
}

/// Reads a record.
pub(super) fn parse(text: &str) -> Result<Record, Problem> {
    let telling = |problem| spoiled(text, TAGS).map_or(problem, Problem::from);
    let mut record = read(text).map_err(telling)?;
    if let Some(fault) = spoiled(text, TAGS) {
        record.ignored.iter_mut().for_each(|(_, problem)| *problem = fault.clone().into());
    }
    Ok(record)
}

/// The record with the same intent and its form set right, where that leaves nothing to ignore.
pub(super) fn repaired(text: &str) -> Option<String> {
    let text = mended(text, TAGS);
    let mut pieces = vec!["v=DMARC1".to_owned()];
    let mut seen = HashSet::new();
    let mut versioned = false;
    for tag in tags(&text) {
        let Tag { name, value } = tag.ok()?;
        let piece = match name.to_ascii_lowercase().as_str() {
            "v" if versioned || !value.eq_ignore_ascii_case("DMARC1") => return None,
            "v" => {
                versioned = true;
                continue;
            }
            reports @ ("rua" | "ruf") => {
                let addresses: Vec<String> = value.split(',').map(|address| with_scheme(address.trim())).collect();
                format!("{reports}={}", addresses.join(","))
            }
            _ => format!("{name}={value}"),
        };
        if seen.insert(piece.clone()) {
            pieces.push(piece);
        }
    }
    let text = pieces.join("; ");
    read(&text).is_ok_and(|record| record.ignored.is_empty()).then_some(text)
}

fn read(text: &str) -> Result<Record, Problem> {
    if !is_record(text) {
        return Err(not_a_record(text));
    }
    let mut record = Record {
        policy: Policy::None,
        below: None,
        nonexistent: None,
        place: Place::Untold,
        testing: false,
        reports: false,
        removed: Vec::new(),
        ignored: Vec::new(),
    };
    let mut seen = HashSet::from(["v".to_owned()]);
    for tag in tags(text).skip(1) {
        let Tag { name, value } = match tag {
            Ok(tag) => tag,
            Err(Fault::NotATag(piece)) => {
                record.ignored.push((piece.clone(), Fault::NotATag(piece).into()));
                continue;
            }
            Err(_) => continue,
        };
        let name = name.to_ascii_lowercase();
        record.take(&name, value)?;
        if let Some(twice) = seen.replace(name) {
            return Err(Fault::Twice(excerpt(&twice)).into());
        }
    }
    Ok(record)
}

/// Why a text is no DMARC record, though it is meant for one.
fn not_a_record(text: &str) -> Problem {
    let version = tags(text).flatten().find(|tag| tag.name.eq_ignore_ascii_case("v"));
    match version {
        None => Problem::NoVersion,
        Some(Tag { value: "DMARC1", .. }) => Problem::VersionNotFirst,
        Some(Tag { value, .. }) => Problem::Version(excerpt(value)),
    }
}

impl Record {
    /// Takes in one tag. Only a policy that is none of the three spoils the whole record (RFC 9989 section 4.10.1);
    /// receivers go on with the default of anything else that they cannot read.
    fn take(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let policies = Policy::ALL.map(|policy| (policy.as_str(), policy));
        match name {
            "p" => self.policy = choice(name, value, &policies)?,
            "sp" => self.below = Some(choice(name, value, &policies)?),
            "np" => self.nonexistent = Some(choice(name, value, &policies)?),
            "pct" | "rf" | "ri" => self.removed.push(name.to_owned()),
            _ => {
                if let Err(problem) = self.take_leniently(name, value) {
                    self.ignored.push((name.to_owned(), problem));
                }
            }
        }
        Ok(())
    }

    fn take_leniently(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "psd" => {
                let places = [("y", Place::Suffix), ("n", Place::Organization), ("u", Place::Untold)];
                self.place = choice(name, value, &places)?;
            }
            "t" => self.testing = choice(name, value, &[("y", true), ("n", false)])?,
            "adkim" | "aspf" => choice(name, value, &[("r", ()), ("s", ())])?,
            "fo" => {
                for option in value.split(':') {
                    choice(name, option.trim(), &[("0", ()), ("1", ()), ("d", ()), ("s", ())])?;
                }
            }
            "rua" | "ruf" if !value.is_empty() => {
                self.reports |= name == "rua";
                if let Some(bad) = value.split(',').map(str::trim).find(|address| !is_report_address(address)) {
                    return Err(Problem::ReportAddress(excerpt(bad)));
                }
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

/// Whether reports can be sent there: a URI (RFC 3986), and with `mailto:` an address.
fn is_report_address(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '`'));
    plain
        && match text.split_once(':') {
            Some((scheme, to)) if scheme.eq_ignore_ascii_case("mailto") => {
                to.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && domain.contains('.'))
            }
            Some((scheme, to)) => scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !to.is_empty(),
            None => false,
        }
}

fn with_scheme(address: &str) -> String {
    let bare = address.contains('@') && !address.contains(':');
    if bare { format!("mailto:{address}") } else { address.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_the_rfc_has_it() {
        let plain = parse("v=DMARC1").unwrap();
        assert_eq!(plain.policy, Policy::None);
        assert_eq!((plain.below, plain.nonexistent, plain.place), (None, None, Place::Untold));
        let full = "v = DMARC1 ; p=Reject; sp=quarantine;np=none; adkim=s; aspf=r; fo=1:d:s; psd=n; t=y; \
                    rua=mailto:a@example.com, https://example.com/x; ruf=mailto:b@example.com!10m; x=unknown;";
        let full = parse(full).unwrap();
        assert_eq!(
            full,
            Record {
                policy: Policy::Reject,
                below: Some(Policy::Quarantine),
                nonexistent: Some(Policy::None),
                place: Place::Organization,
                testing: true,
                reports: true,
                removed: Vec::new(),
                ignored: Vec::new(),
            }
        );
        let old = parse("v=DMARC1; p=none; pct=50; ri=3600; rf=afrf").unwrap();
        assert_eq!(old.removed, ["pct", "ri", "rf"]);
    }

    #[test]
    fn what_receivers_cannot_use_is_told_and_repaired_where_the_intent_is_plain() {
        let reject = Some("v=DMARC1; p=reject");
        let quoting = "quotation marks or backslashes stand in the text";
        for (text, problem, repair) in [
            ("v=dmarc1; p=reject", "`v=dmarc1` stands where `v=DMARC1` belongs", reject),
            ("v=DMARC2; p=reject", "`v=DMARC2` stands where `v=DMARC1` belongs", None),
            ("v=DMARC1 p=reject", "a semicolon is missing before `p=reject`", reject),
            ("v=DMARC1, p=reject", "a semicolon is missing before `p=reject`", reject),
            ("\"v=DMARC1; p=reject\"", quoting, reject),
            ("v=DMARC1\\; p=reject", quoting, reject),
            ("v=DMARC1; p=\"reject\"", quoting, reject),
            ("p=reject; v=DMARC1", "`v=DMARC1` does not come first", reject),
            (" v=DMARC1; p=reject", "`v=DMARC1` does not come first", reject),
            ("p=reject", "`v=DMARC1` is missing at the beginning", reject),
            ("v=DMARC1; p=rejct", "`p=rejct` is not one of `none`, `quarantine`, `reject`", None),
            ("v=DMARC1; p=none; sp=no", "`sp=no` is not one of `none`, `quarantine`, `reject`", None),
            ("v=DMARC1; p=none; p=reject", "the tag `p` stands twice", None),
            ("v=DMARC1; p=reject; p=reject", "the tag `p` stands twice", reject),
        ] {
            assert!(is_meant(text), "{text}");
            assert_eq!(parse(text).map_err(|problem| problem.to_string()), Err(problem.to_owned()), "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
        }
    }

    #[test]
    fn what_receivers_ignore_is_told_and_repaired_where_the_intent_is_plain() {
        let address = "`a@example.com` is not of the form `mailto:reports@example.com`";
        for (text, tag, problem, repair) in [
            ("v=DMARC1; p=none; rua=a@example.com", "rua", address, Some("v=DMARC1; p=none; rua=mailto:a@example.com")),
            (
                "v=DMARC1; p=none; rua=mailto:b@example.com, a@example.com",
                "rua",
                address,
                Some("v=DMARC1; p=none; rua=mailto:b@example.com,mailto:a@example.com"),
            ),
            (
                "v=DMARC1; p=none; rua=mailto:a@example.com fo=1",
                "rua",
                "a semicolon is missing before `fo=1`",
                Some("v=DMARC1; p=none; rua=mailto:a@example.com; fo=1"),
            ),
            ("v=DMARC1; p=none; adkim=relaxed", "adkim", "`adkim=relaxed` is not one of `r`, `s`", None),
            ("v=DMARC1; p=none; t=yes", "t", "`t=yes` is not one of `y`, `n`", None),
            ("v=DMARC1; p=none; fo=2", "fo", "`fo=2` is not one of `0`, `1`, `d`, `s`", None),
            ("v=DMARC1; p=none; hello", "hello", "`hello` is not of the form `name=value`", None),
        ] {
            let record = parse(text).unwrap();
            let ignored: Vec<_> = record.ignored.iter().map(|(tag, why)| (tag.as_str(), why.to_string())).collect();
            assert_eq!(ignored, [(tag, problem.to_owned())], "{text}");
            assert_eq!(repaired(text).as_deref(), repair, "{text}");
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

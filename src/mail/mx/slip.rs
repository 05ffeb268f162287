//! How people's fingers slip in the name of a mail server, and what they meant to write.
//!
//! Judges the name alone; whether what was meant exists is for the check to ask.

use crate::domain::{Domain, Name};

/// What went wrong with a name.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mail) enum Slip {
    /// A whole name, to which the zone's name was added: it wanted a dot at its end (RFC 1034 section 3.1).
    Doubled(Name),
    /// Quotation marks, blanks or other characters that no host name has (RFC 1123 section 2.1); with the name without
    /// them, where that is one.
    Misspelt(Option<Name>),
}

impl Slip {
    /// What was surely meant.
    pub(in crate::mail) fn meant(&self) -> Option<&Name> {
        match self {
            Self::Doubled(meant) => Some(meant),
            Self::Misspelt(meant) => meant.as_ref(),
        }
    }
}

/// The slip that shows in a mail server's name by itself, where the domain's mail should go to `expected`.
pub(in crate::mail) fn slip(target: &Name, domain: &Name, expected: &[Name]) -> Option<Slip> {
    let is_sure = |rest: &Name| rest.is_within(domain) || expected.contains(rest);
    if !is_host_name(target) {
        let meant = cleaned(target);
        let whole = meant.as_ref().and_then(|meant| without(meant, domain)).filter(is_sure);
        return Some(Slip::Misspelt(whole.or(meant)));
    }
    without(target, domain).filter(is_sure).map(Slip::Doubled)
}

/// What may have been meant by a name below the domain that does not exist: it without the domain, where that may be
/// the whole name of a mail server elsewhere.
pub(super) fn maybe_doubled(target: &Name, domain: &Name) -> Option<Name> {
    without(target, domain).filter(|rest| rest.labels().count() > 2)
}

/// Letters, digits, hyphens and underscores; nothing else stands in a host name, though it may in a name.
pub(in crate::mail) fn is_host_name(name: &Name) -> bool {
    name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// The name without the domain at its end.
fn without(name: &Name, domain: &Name) -> Option<Name> {
    let (labels, end) = (name.wire_labels(), domain.wire_labels());
    let rest = labels.strip_suffix(end.as_slice()).filter(|rest| !rest.is_empty())?;
    Name::from_labels(rest.iter().map(Vec::as_slice))
}

/// The last host name in what was typed: a preference, a scheme or a port may have got in, and quotation marks.
fn cleaned(name: &Name) -> Option<Name> {
    let labels: Vec<String> =
        name.wire_labels().iter().map(|label| String::from_utf8_lossy(label).into_owned()).collect();
    let typed = labels.join(".").replace(['"', '\'', '`', '(', ')', '[', ']', '<', '>', ',', ';', '\\'], "");
    typed.split_whitespace().rev().find_map(|word| Some(word.parse::<Domain>().ok()?.name().clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_shows_in_what_was_written() {
        let expected = ["mx.host.example".parse().unwrap()];
        let domain = "example.com".parse().unwrap();
        for (labels, meant) in [
            (&["mail", "example", "com", "example", "com"][..], "doubled mail.example.com"),
            (&["example", "com", "example", "com"], "doubled example.com"),
            (&["mx", "host", "example", "example", "com"], "doubled mx.host.example"),
            (&["mail", "example", "com"], "fine"),
            (&["example", "com"], "fine"),
            (&["mx", "elsewhere", "example", "com"], "fine"),
            (&["mx_1", "example", "net"], "fine"),
            (&["\"mail", "example", "net\""], "misspelt mail.example.net"),
            (&["mail", "example", "net "], "misspelt mail.example.net"),
            (&["10 mail", "example", "net"], "misspelt mail.example.net"),
            (&["https://mail", "example", "net/"], "misspelt mail.example.net"),
            (&["mail", "example", "net:25"], "misspelt mail.example.net"),
            (&["mail", "example", "net."], "misspelt mail.example.net"),
            (&["b\u{fc}cher", "example"], "misspelt xn--bcher-kva.example"),
            (&["\"mail", "example", "com\"", "example", "com"], "misspelt mail.example.com"),
            (&["not a name"], "misspelt"),
            (&["192", "0", "2", "1 "], "misspelt"),
        ] {
            let name = Name::from_labels(labels.iter().map(|label| label.as_bytes())).unwrap();
            let found = match slip(&name, &domain, &expected) {
                None => "fine".to_owned(),
                Some(Slip::Doubled(meant)) => format!("doubled {meant}"),
                Some(Slip::Misspelt(Some(meant))) => format!("misspelt {meant}"),
                Some(Slip::Misspelt(None)) => "misspelt".to_owned(),
            };
            assert_eq!(found, meant, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_it_panic(labels in proptest::collection::vec(proptest::collection::vec(0_u8.., 1..20), 1..8)) {
            let domain = "example.com".parse().unwrap();
            if let Some(name) = Name::from_labels(labels.iter().map(Vec::as_slice)) {
                let _ = slip(&name, &domain, &[]);
                let _ = maybe_doubled(&name, &domain);
            }
        }
    }
}

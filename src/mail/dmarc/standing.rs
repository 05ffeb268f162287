//! Which policy receivers apply to a domain's mail, for those who only need that (`bimi`). What is wrong with the
//! records is the business of `check`.

use super::record::{self, Policy};
use super::walk::{self, Seen, governing, taken, walk};
use crate::domain::Name;
use crate::facts::{Cause, Pending, View};

/// The policy that applies to a domain's mail.
pub(in crate::mail) enum Standing {
    /// This one, as far as it is not on trial.
    Applies(Policy),
    /// No record that receivers can use.
    None,
    /// The network would not say.
    Unknown(Cause),
}

/// The organization's domain, where a domain lies below it (RFC 9989 section 4.10.2).
pub(in crate::mail) fn organization(domain: &Name, view: &mut View<'_>) -> Result<Option<Name>, Pending> {
    let steps = walk(domain, view)?;
    Ok(walk::organization(&steps).filter(|organization| *organization != domain).cloned())
}

/// The policy that applies to mail of `domain`, which exists (RFC 9989 section 4.10.1).
pub(in crate::mail) fn standing(domain: &Name, view: &mut View<'_>) -> Result<Standing, Pending> {
    let steps = walk(domain, view)?;
    let Some((own, above)) = steps.split_first().filter(|(own, _)| own.domain == *domain) else {
        return Ok(Standing::None);
    };
    let (record, own) = match own.seen() {
        Seen::Unknown(cause) => return Ok(Standing::Unknown(cause)),
        Seen::One(text) => (record::parse(&text).ok(), true),
        Seen::Several(_) | Seen::Nothing => {
            let above = taken(above);
            let unknown = above.iter().find_map(|step| match step.seen() {
                Seen::Unknown(cause) => Some(cause),
                _ => None,
            });
            if let Some(cause) = unknown {
                return Ok(Standing::Unknown(cause));
            }
            (governing(above).and_then(|governing| governing.record.ok()), false)
        }
    };
    Ok(record.map_or(Standing::None, |record| {
        Standing::Applies(record.applied(if own { record.policy } else { record.for_below() }))
    }))
}

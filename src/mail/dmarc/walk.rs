//! The walk up the tree (RFC 9989 section 4.10): which names to ask, and whose record applies to a domain that has none.

use super::record::{self, Place, Problem, Record};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, View};
use crate::mail::tags::Fault;

/// How many labels a name may have to be asked on the way up: with the domain itself, at most eight questions.
const MOST_LABELS: usize = 7;

/// One name of the walk.
pub(super) struct Step<'f> {
    /// The domain.
    pub domain: Name,
    /// The question for its record.
    pub question: Query,
    /// What was said to it.
    pub reply: &'f Response,
}

/// What stands at one name of the walk.
pub(super) enum Seen {
    /// No DMARC record, or texts for other purposes.
    Nothing,
    /// The one record.
    One(String),
    /// Several records, all of which are discarded.
    Several(Vec<String>),
    /// The network would not say.
    Unknown(Cause),
}

/// Walks from `domain` up to its top-level domain.
pub(super) fn walk<'f>(domain: &Name, view: &mut View<'f>) -> Result<Vec<Step<'f>>, Pending> {
    let above = std::iter::successors(domain.parent(), Name::parent);
    let names = [domain.clone()].into_iter().chain(above.filter(|name| name.labels().count() <= MOST_LABELS));
    let steps: Vec<_> = names
        .filter_map(|domain| {
            let question = Query::new(&domain.below("_dmarc")?, Kind::Txt);
            Some(view.get(question.clone()).map(|reply| Step { domain, question, reply }))
        })
        .collect();
    steps.into_iter().collect()
}

impl Step<'_> {
    /// What stands here.
    pub(super) fn seen(&self) -> Seen {
        match self.reply.texts() {
            Err(cause) => Seen::Unknown(cause),
            Ok(texts) => {
                let mut records: Vec<String> =
                    texts.iter().map(ToString::to_string).filter(|text| record::is_record(text)).collect();
                match records.len() {
                    0 => Seen::Nothing,
                    1 => records.pop().map_or(Seen::Nothing, Seen::One),
                    _ => Seen::Several(records),
                }
            }
        }
    }
}

/// A record that applies to a domain below its own.
pub(super) struct Governing<'s> {
    /// Where it stands.
    pub step: &'s Step<'s>,
    /// The record's text.
    pub text: String,
    /// What it says.
    pub record: Result<Record, Fault<Problem>>,
}

impl<'s> Governing<'s> {
    fn of(step: &'s Step<'s>) -> Option<Self> {
        let Seen::One(text) = step.seen() else { return None };
        Some(Self { step, record: record::parse(&text), text })
    }

    fn place(&self) -> Place {
        self.record.as_ref().map_or(Place::Untold, |record| record.place)
    }
}

/// The steps that the walk takes: a record that tells its place in the tree ends it.
pub(super) fn taken<'s, 'f>(above: &'s [Step<'f>]) -> &'s [Step<'f>] {
    let tells = |step: &Step<'_>| Governing::of(step).is_some_and(|record| record.place() != Place::Untold);
    let end = above.iter().position(tells).map_or(above.len(), |last| last + 1);
    above.get(..end).unwrap_or(above)
}

/// The record that applies to whatever has none itself, from the steps [`taken`] above it: that of the organization's
/// domain, or else that of the public suffix (RFC 9989 sections 4.10.1 and 4.10.2).
pub(super) fn governing<'s>(taken: &'s [Step<'s>]) -> Option<Governing<'s>> {
    let mut records = taken.iter().enumerate().filter_map(|(at, step)| Some((at, Governing::of(step)?))).rev();
    let (top, last) = records.next()?;
    match records.next() {
        Some((below, organization)) if last.place() == Place::Suffix && below + 1 == top => Some(organization),
        _ => Some(last),
    }
}

/// The organization's domain, of one whose own record is the first of the `steps` (RFC 9989 section 4.10.2).
pub(super) fn organization<'s>(steps: &'s [Step<'s>]) -> Option<&'s Name> {
    let top = governing(taken(steps)).filter(|governing| governing.place() != Place::Suffix);
    top.map(|governing| &governing.step.domain).or_else(|| steps.first().map(|own| &own.domain))
}

/// The organization's domain of `domain`, from which the `steps` begin (RFC 9989 section 4.10.2): that of the topmost record,
/// or the domain below it on the way where that is a public suffix's; without any record, the domain itself.
pub(super) fn organization_of(steps: &[Step<'_>], domain: &Name) -> Result<Name, Cause> {
    let taken = taken(steps);
    for step in taken {
        if let Seen::Unknown(cause) = step.seen() {
            return Err(cause);
        }
    }
    let mut records = taken.iter().enumerate().filter_map(|(at, step)| Some((at, Governing::of(step)?))).rev();
    let Some((at, top)) = records.next() else { return Ok(domain.clone()) };
    let below = at.checked_sub(1).filter(|_| top.place() == Place::Suffix).and_then(|below| taken.get(below));
    Ok(below.unwrap_or(top.step).domain.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Facts;
    use crate::mail::lab::name;

    #[test]
    fn at_most_eight_names_are_asked() {
        for (domain, asked) in [
            ("example.com", vec!["_dmarc.example.com", "_dmarc.com"]),
            ("a.example.com", vec!["_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com"]),
            (
                "a.b.c.d.e.f.g.h.i.j.mail.example.com",
                vec![
                    "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
                    "_dmarc.g.h.i.j.mail.example.com",
                    "_dmarc.h.i.j.mail.example.com",
                    "_dmarc.i.j.mail.example.com",
                    "_dmarc.j.mail.example.com",
                    "_dmarc.mail.example.com",
                    "_dmarc.example.com",
                    "_dmarc.com",
                ],
            ),
        ] {
            let facts = Facts::default();
            let mut view = View::new(&facts);
            assert!(walk(&name(domain), &mut view).is_err());
            let wanted: Vec<String> = view.wanted().iter().map(ToString::to_string).collect();
            assert_eq!(wanted, asked.iter().map(|name| format!("{name} TXT")).collect::<Vec<_>>());
        }
    }
}

//! Whether a record lets anybody in; and that no fix is offered by which a domain would shut its own senders out.
//!
//! Who sends for a domain is not known here: that a record names somebody, be it in vain, is all there is to go by.

use super::absent::{TakesMail, takes_mail};
use super::record::{Body, Modifier, Qualifier, published};
use super::respell::{is_lookalike, names_somebody};
use super::survey::survey_record;
use super::tree::{Answer, Branch, Found, Leaf, Survey};
use crate::domain::Name;
use crate::facts::{Kind, Pending, Query, View};
use crate::finding::{Finding, Fix};
use crate::mail::Case;

/// Whether the record lets nobody pass, also not by what it includes; not so where something depends on the sender, or
/// could not be seen.
pub(super) fn lets_nobody_in(survey: &Survey) -> bool {
    matches!(survey.root.found, Found::Record(..)) && !admits(&survey.root)
}

fn admits(branch: &Branch) -> bool {
    branch.terms.iter().any(|leaf| match &leaf.term.body {
        Body::Directive(Qualifier::Pass, _) | Body::Modifier(Modifier::Redirect(_)) => leads_in(leaf),
        _ => false,
    })
}

fn leads_in(leaf: &Leaf) -> bool {
    match &leaf.branch {
        Some(Branch { found: Found::Nothing(_) | Found::Loop, .. }) => false,
        Some(branch) => !matches!(branch.found, Found::Record(..)) || admits(branch),
        None => leaf.answer != Answer::Void,
    }
}

/// The findings without the fixes by which nobody would be let in any more: where the records that they replace name
/// somebody, or where the domain takes mail, as far as can be seen, and so has people who send.
pub(super) fn without_lockouts(
    case: &Case<'_>,
    mut findings: Vec<Finding>,
    view: &mut View<'_>,
) -> Result<Vec<Finding>, Pending> {
    let mut judged: Vec<(Fix, Result<bool, Pending>)> = Vec::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        if !judged.iter().any(|(other, _)| other == fix) {
            judged.push((fix.clone(), locks_out(case, fix, view)));
        }
    }
    for (fix, locks_out) in judged {
        if locks_out? {
            let offering = findings.iter_mut().filter(|finding| finding.fix.as_ref() == Some(&fix));
            offering.for_each(|finding| finding.fix = None);
        }
    }
    Ok(findings)
}

fn locks_out(case: &Case<'_>, fix: &Fix, view: &mut View<'_>) -> Result<bool, Pending> {
    let Ok(name) = fix.name.parse::<Name>() else { return Ok(true) };
    if !lets_nobody_in(&survey_record(&name, &fix.value, view)?) {
        return Ok(false);
    }
    let mx = takes_mail(case, view);
    let reply = view.get(Query::new(&name, Kind::Txt))?;
    let records = published(reply).unwrap_or_default();
    let texts = reply.texts().unwrap_or_default().into_iter();
    let mut texts = texts.filter(|text| records.contains(&text.joined()) || is_lookalike(&text.to_string()));
    let may_send = matches!(mx?, TakesMail::Yes | TakesMail::Unknown(_));
    Ok(may_send || texts.any(|text| names_somebody(&text.to_string())))
}

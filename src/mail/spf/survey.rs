//! A domain's SPF as a whole, whoever sends: its record, all that this includes, and what that costs.
//!
//! Walks as the evaluation of a sender whom nothing matches would (RFC 7208 section 4.6), and goes on where that
//! would stop with an error, to see everything at once. What it finds is judged in `check`.

use super::macros::{DomainSpec, Letter};
use super::mechanism::Mechanism;
use super::record::{Body, Modifier, Record, Term, published};
use super::tree::{Answer, Branch, Found, Leaf, Place, Survey};
use super::{MAX_LOOKUPS, MAX_NAMES, MAX_VOIDS, host_name};
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, View};
use crate::mail::evidence::absence;

/// How many records are followed: three times what the limit on look-ups allows, so that a record that exceeds it is
/// counted in full, and yet a hostile one costs little.
const MAX_FOLLOWED: usize = 32;

/// How deep records are followed: each level costs a look-up, so that deeper ones are past the limit; and a round trip.
const MAX_DEPTH: usize = MAX_LOOKUPS + 2;

/// Surveys what a domain publishes.
pub(super) fn survey(domain: &Name, view: &mut View<'_>) -> Result<Survey, Pending> {
    let mut walk = Walk::new(domain, view);
    let root = walk.follow(domain.as_str());
    walk.finish(root)
}

/// Surveys what a domain would have if it published `record`.
pub(super) fn survey_record(domain: &Name, record: &str, view: &mut View<'_>) -> Result<Survey, Pending> {
    let mut walk = Walk::new(domain, view);
    let root = walk.branch(domain.as_str().to_owned(), read(record.as_bytes()));
    walk.finish(root)
}

struct Walk<'v, 'f> {
    view: &'v mut View<'f>,
    /// The domain that is surveyed: what `%{o}` stands for.
    origin: String,
    /// The domains from the root to where the walk stands.
    path: Vec<String>,
    followed: usize,
    lookups: usize,
    voids: usize,
    breaks_lookups: Option<Place>,
    breaks_voids: Option<Place>,
    /// Whether a reply was not known, so that the survey does not count.
    pending: Option<Pending>,
}

impl<'v, 'f> Walk<'v, 'f> {
    fn new(domain: &Name, view: &'v mut View<'f>) -> Self {
        Self {
            view,
            origin: domain.as_str().to_owned(),
            path: Vec::new(),
            followed: 0,
            lookups: 0,
            voids: 0,
            breaks_lookups: None,
            breaks_voids: None,
            pending: None,
        }
    }

    fn finish(self, root: Branch) -> Result<Survey, Pending> {
        let Self { lookups, voids, breaks_lookups, breaks_voids, pending, .. } = self;
        pending.map_or(Ok(Survey { root, lookups, voids, breaks_lookups, breaks_voids }), Err)
    }

    fn follow(&mut self, domain: &str) -> Branch {
        let domain = domain.to_ascii_lowercase();
        let found = if self.path.contains(&domain) {
            Found::Loop
        } else if self.followed == MAX_FOLLOWED || self.path.len() == MAX_DEPTH {
            Found::NotFollowed
        } else {
            self.followed += 1;
            self.look_up(&domain)
        };
        self.branch(domain, found)
    }

    fn look_up(&mut self, domain: &str) -> Found {
        let Some(name) = host_name(domain) else {
            return Found::Nothing(format!("{domain} is no name that can have a record"));
        };
        let question = Query::new(&name, Kind::Txt);
        let Some(reply) = self.known(question.clone()) else { return Found::Unknown(Cause::NotAsked) };
        match published(reply).as_deref() {
            Ok([]) => Found::Nothing(without_record(&question, reply)),
            Ok([record]) => read(record),
            Ok(several) => Found::Several(several.iter().map(|text| shown(text)).collect()),
            Err(cause) => Found::Unknown(*cause),
        }
    }

    fn branch(&mut self, domain: String, found: Found) -> Branch {
        let mut terms = Vec::new();
        if let Found::Record(text, record) = &found {
            self.path.push(domain.clone());
            for term in record.reached() {
                terms.push(self.leaf(&domain, text, term));
            }
            self.path.pop();
        }
        Branch { domain, found, terms }
    }

    fn leaf(&mut self, domain: &str, record: &str, term: &Term) -> Leaf {
        let place = || Place { domain: domain.to_owned(), record: record.to_owned(), term: term.text.clone() };
        let before = self.lookups;
        let mut number = 0;
        if term.body.causes_lookup() {
            self.lookups += 1;
            number = self.lookups;
            if self.lookups > MAX_LOOKUPS {
                self.breaks_lookups.get_or_insert_with(place);
            }
        }
        let (target, kinds): (_, &[Kind]) = match &term.body {
            Body::Directive(_, Mechanism::A(target, _)) => {
                (self.target(domain, target.as_ref()), &[Kind::A, Kind::Aaaa])
            }
            Body::Directive(_, Mechanism::Mx(target, _)) => (self.target(domain, target.as_ref()), &[Kind::Mx]),
            Body::Directive(_, Mechanism::Exists(target)) => (self.target(domain, Some(target)), &[Kind::A]),
            Body::Directive(_, Mechanism::Include(target)) | Body::Modifier(Modifier::Redirect(target)) => {
                (self.target(domain, Some(target)), &[])
            }
            _ => (None, &[]),
        };
        let branch = target.as_deref().filter(|_| term.body.leads_to_record()).map(|target| self.follow(target));
        let answer = target.as_deref().map_or(Answer::NotAsked, |target| self.ask(target, kinds));
        if answer == Answer::Void {
            self.voids += 1;
            if self.voids > MAX_VOIDS {
                self.breaks_voids.get_or_insert_with(place);
            }
        }
        Leaf { term: term.clone(), lookups: self.lookups - before, number, target, answer, branch }
    }

    /// Looks a term's target up, unless an evaluation would have stopped before.
    fn ask(&mut self, target: &str, kinds: &[Kind]) -> Answer {
        let Ok(name) = target.parse::<Name>() else { return Answer::NotAsked };
        if self.lookups > MAX_LOOKUPS || kinds.is_empty() {
            return Answer::NotAsked;
        }
        let replies: Vec<_> =
            kinds.iter().filter_map(|&kind| Some((kind, self.known(Query::new(&name, kind))?.records()))).collect();
        let unknown = || replies.iter().find_map(|(kind, records)| Some(Answer::Unknown(*kind, records.err()?)));
        match replies.iter().filter_map(|(_, records)| records.ok()).map(<[_]>::len).sum() {
            0 => unknown().unwrap_or(Answer::Void),
            count if count > MAX_NAMES && kinds == [Kind::Mx] => Answer::TooMany(count),
            _ => Answer::Found,
        }
    }

    fn known(&mut self, question: Query) -> Option<&'f Response> {
        self.view.get(question).map_err(|pending| self.pending = Some(pending)).ok()
    }

    /// A term's target, or else the domain; `None` if it depends on the sender's name or address.
    fn target(&self, domain: &str, target: Option<&DomainSpec>) -> Option<String> {
        let Some(target) = target else { return Some(domain.to_owned()) };
        target.expand(|letter| match letter {
            Letter::Domain => Some(domain.to_owned()),
            Letter::SenderDomain => Some(self.origin.clone()),
            _ => None,
        })
    }
}

/// How it was seen that a name has no SPF record.
fn without_record(question: &Query, reply: &Response) -> String {
    match reply.texts() {
        Ok(texts) if !texts.is_empty() => {
            let end = reply.aliases.last().unwrap_or(&question.name);
            format!("TXT records at {end}: {}, none of them SPF", texts.len())
        }
        _ => absence(question, reply),
    }
}

fn read(record: &[u8]) -> Found {
    match Record::parse(record) {
        Ok(parsed) => Found::Record(shown(record), parsed),
        Err(errors) => Found::Broken(shown(record), errors),
    }
}

fn shown(record: &[u8]) -> String {
    String::from_utf8_lossy(record).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::lab::{evaluated, surveyed};
    use super::*;

    #[test]
    fn the_cost_of_a_record_is_that_of_all_below_it() {
        let zone =
            "example.com TXT v=spf1 a mx include:a.example ip4:192.0.2.1 exists:%{i}.example.com redirect=b.example
             example.com A 192.0.2.1
             example.com MX 10 example.com
             a.example TXT v=spf1 include:%{d1r}.a.example ptr -all mx
             a.a.example TXT v=spf1 a:%{o} ~all
             b.example TXT V=SPF1 mx:example.com -all";
        let survey = surveyed(zone, "example.com").value;
        let costs: Vec<_> = survey.root.terms.iter().map(|leaf| (leaf.term.text.as_str(), leaf.lookups)).collect();
        assert_eq!(
            costs,
            [
                ("a", 1),
                ("mx", 1),
                ("include:a.example", 4),
                ("ip4:192.0.2.1", 0),
                ("exists:%{i}.example.com", 1),
                ("redirect=b.example", 2),
            ]
        );
        assert_eq!((survey.lookups, survey.voids, survey.breaks_lookups.is_none()), (9, 0, true));
        assert_eq!(evaluated(zone, "203.0.113.9", "anna@example.com").value.lookups, survey.lookups);
        let domains: Vec<_> = survey.root.all().iter().map(|branch| branch.domain.as_str()).collect();
        assert_eq!(domains, ["example.com", "a.example", "a.a.example", "b.example"]);
        assert!(survey.is_whole() && survey.includes(&"a.a.example".parse().expect("a name")));
    }

    #[test]
    fn what_stands_side_by_side_is_asked_in_one_round() {
        let zone = "example.com TXT v=spf1 include:a.example include:b.example mx -all
             a.example TXT v=spf1 include:a1.example -all
             a1.example TXT v=spf1 -all
             b.example TXT v=spf1 include:b1.example -all
             b1.example TXT v=spf1 -all";
        let settled = surveyed(zone, "example.com");
        assert_eq!((settled.rounds, settled.facts.dns().count()), (3, 6));
    }

    #[test]
    fn a_lookup_is_void_if_it_finds_nothing_in_either_family() {
        let zone =
            "example.com TXT v=spf1 a:v4.example a:v6.example a:none.example mx:none.example exists:none.example -all
             v4.example A 192.0.2.1
             v6.example AAAA 2001:db8::1";
        let survey = surveyed(zone, "example.com").value;
        let answers: Vec<_> = survey.root.terms.iter().map(|leaf| leaf.answer).collect();
        let (found, void) = (Answer::Found, Answer::Void);
        assert_eq!(answers, [found, found, void, void, void, Answer::NotAsked]);
        assert_eq!(survey.breaks_voids.map(|place| place.term).as_deref(), Some("exists:none.example"));
    }

    #[test]
    fn a_record_that_includes_itself_is_followed_once() {
        let zone = "example.com TXT v=spf1 include:A.example include:a.example -all
             a.example TXT v=spf1 include:EXAMPLE.com. -all";
        let survey = surveyed(zone, "example.com").value;
        let found: Vec<_> = survey.root.all().iter().map(|branch| branch.found == Found::Loop).collect();
        assert_eq!(found, [false, false, true, false, true]);
    }

    #[test]
    fn the_term_that_breaks_the_limit_is_named_and_counting_goes_on() {
        let zone = "example.com TXT v=spf1 include:a.example include:a.example include:a.example mx -all
             a.example TXT v=spf1 a a:b.example a:c.example a:d.example -all
             a.example A 192.0.2.1
             b.example A 192.0.2.1
             c.example A 192.0.2.1
             d.example A 192.0.2.1";
        let survey = surveyed(zone, "example.com").value;
        assert_eq!(survey.lookups, 16);
        let place = survey.breaks_lookups.expect("a place");
        assert_eq!((place.domain.as_str(), place.term.as_str()), ("example.com", "include:a.example"));
    }

    #[test]
    fn a_hostile_tree_costs_a_bounded_number_of_questions() {
        let mut zone = String::new();
        for level in 0..12 {
            let _ = write!(zone, "{level}.example.com TXT v=spf1");
            for term in 0..50 {
                let _ = write!(zone, " include:{}.example.com a:{level}-{term}.example", level + 1);
            }
            zone.push('\n');
        }
        let settled = surveyed(&zone, "0.example.com");
        assert!(settled.facts.dns().count() < 100, "{} questions", settled.facts.dns().count());
        assert!(!settled.value.is_whole());
    }
}

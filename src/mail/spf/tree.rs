//! What a survey sees: the tree of records below a domain, and what it costs.
//!
//! Data alone; `survey` fills it and `check` judges it.

use super::mechanism::Mechanism;
use super::record::{Body, Modifier, Qualifier, Record, SyntaxError, Term};
use crate::domain::Name;
use crate::facts::{Cause, Kind};

/// The whole of a domain's SPF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Survey {
    /// The domain's own record, and below it what this includes.
    pub(super) root: Branch,
    /// How many look-ups it takes to come to the end (section 4.6.4).
    pub(super) lookups: usize,
    /// How many of the look-ups that are allowed find nothing.
    pub(super) voids: usize,
    /// The term that takes one look-up too many.
    pub(super) breaks_lookups: Option<Place>,
    /// The term that finds nothing once too often.
    pub(super) breaks_voids: Option<Place>,
}

/// A term, and the record in which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The domain of the record.
    pub(super) domain: String,
    /// The record.
    pub(super) record: String,
    /// The term, as it is written.
    pub(super) term: String,
}

/// One domain of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    /// The domain, in lower case.
    pub(super) domain: String,
    /// What is published there.
    pub(super) found: Found,
    /// The terms of its record that an evaluation can reach, in that order: up to `all`, else `redirect` last.
    pub(super) terms: Vec<Leaf>,
}

/// What a domain publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// One record, as it is written and as it is read.
    Record(String, Record),
    /// One record that breaks the grammar.
    Broken(String, Vec<SyntaxError>),
    /// No record; how that was seen.
    Nothing(String),
    /// More than one record.
    Several(Vec<String>),
    /// The network would not say.
    Unknown(Cause),
    /// The same domain stands above in the tree, so that its record would be followed for ever.
    Loop,
    /// Too many records were followed before it.
    NotFollowed,
}

/// One term of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The term.
    pub(super) term: Term,
    /// How many look-ups it and all below it cost.
    pub(super) lookups: usize,
    /// Which of all look-ups its own is, from 1; 0 if it causes none.
    pub(super) number: usize,
    /// The domain that it points to; `None` if it points nowhere, or where to depends on the sender.
    pub(super) target: Option<String>,
    /// What is found there, for `a`, `mx` and `exists`.
    pub(super) answer: Answer,
    /// What `include` and `redirect` lead to.
    pub(super) branch: Option<Branch>,
}

/// What a term's look-up finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing was looked up: no need, or beyond the limit.
    NotAsked,
    /// Something.
    Found,
    /// Nothing: a void look-up (section 4.6.4); for `a`, neither in IPv4 nor in IPv6.
    Void,
    /// More mail servers than are allowed.
    TooMany(usize),
    /// The network would not say to a question of this kind.
    Unknown(Kind, Cause),
}

impl Survey {
    /// Whether `include` or `redirect` leads to `name` anywhere in the tree.
    pub(super) fn includes(&self, name: &Name) -> bool {
        self.root.all().iter().skip(1).any(|branch| branch.domain == name.as_str())
    }

    /// Whether every record of the tree could be read; not so if one depends on the sender.
    pub(super) fn is_whole(&self) -> bool {
        let is_unread = |found: &Found| matches!(found, Found::Broken(..) | Found::Unknown(_) | Found::NotFollowed);
        let is_open = |leaf: &Leaf| leaf.term.body.leads_to_record() && leaf.branch.is_none();
        !self.root.all().iter().any(|branch| is_unread(&branch.found) || branch.terms.iter().any(is_open))
    }
}

impl Branch {
    /// This branch and all below it, in the order of evaluation.
    pub(super) fn all(&self) -> Vec<&Self> {
        let below = self.terms.iter().filter_map(|leaf| leaf.branch.as_ref()).flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    /// Its record, as it is written.
    pub(super) fn record(&self) -> Option<&str> {
        match &self.found {
            Found::Record(text, _) | Found::Broken(text, _) => Some(text),
            _ => None,
        }
    }

    /// Its record, if the grammar allows it.
    pub(super) fn parsed(&self) -> Option<&Record> {
        if let Found::Record(_, record) = &self.found { Some(record) } else { None }
    }

    /// The reached terms that let somebody pass.
    pub(super) fn permits(&self) -> impl Iterator<Item = (&Leaf, &Mechanism)> {
        self.terms.iter().filter_map(|leaf| match &leaf.term.body {
            Body::Directive(Qualifier::Pass, mechanism) => Some((leaf, mechanism)),
            _ => None,
        })
    }

    /// The terms that lead to what `found` tells.
    pub(super) fn leading(&self, found: impl Fn(&Found) -> bool) -> Vec<&Term> {
        let leads = |leaf: &&Leaf| leaf.branch.as_ref().is_some_and(|branch| found(&branch.found));
        self.terms.iter().filter(leads).map(|leaf| &leaf.term).collect()
    }

    /// This record and those that it redirects to, as far as they can be read: the last of them decides.
    pub(super) fn deciding(&self) -> Vec<(&Self, &Record)> {
        let chain = std::iter::successors(Some(self), |branch| {
            branch.terms.iter().find(|leaf| matches!(leaf.term.body, Body::Modifier(_)))?.branch.as_ref()
        });
        chain.filter_map(|branch| Some((branch, branch.parsed()?))).collect()
    }

    /// The records whose pass is a pass of this one: itself, and those that `include` and `redirect` take over.
    pub(super) fn passing(&self) -> Vec<(&Self, &Record)> {
        let takes_over = |leaf: &&Leaf| {
            matches!(
                leaf.term.body,
                Body::Directive(Qualifier::Pass, Mechanism::Include(_)) | Body::Modifier(Modifier::Redirect(_))
            )
        };
        let below = self.terms.iter().filter(takes_over).filter_map(|leaf| leaf.branch.as_ref());
        self.parsed().map(|record| (self, record)).into_iter().chain(below.flat_map(Self::passing)).collect()
    }
}

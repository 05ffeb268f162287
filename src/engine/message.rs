//! A whole message, or its header: who sent it, whether that is proven, its way, and what spam filters make of it.
//!
//! The judging is `inspect`'s, the words are the knowledge's. What is private in a message stands in the answer as it was
//! pasted, for whoever pasted it, and nowhere else.

use std::cmp::Reverse;
use std::sync::Arc;

use futures_util::future::{OptionFuture, join3};

use super::{Engine, compose, inspection, now, received};
use crate::answer::{Answer, Block};
use crate::config::Budget;
use crate::domain::Name;
use crate::finding::{Code, Finding, Severity, Topic};
use crate::inspect::connection::{Connection, Received};
use crate::inspect::hops::Hop;
use crate::inspect::original::Original;
use crate::inspect::spam::Verdict;
use crate::inspect::whole::{Circumstances, Whole, author, judge};
use crate::inspect::{Inspection, Kind, report};
use crate::mail::spf;
use crate::probe::{Examination, Inquiry, postmark, spamd};
use crate::request::{CheckRequest, Looks};
use crate::text::Text;

/// What a header tells that was pasted without its body, and maybe not whole: nothing that a signature proves.
const OF_A_HEADER: [Code; 9] = [
    Code::MessageNoSender,
    Code::MessageSpfPass,
    Code::MessageSpfFail,
    Code::MessageReturnPath,
    Code::MessageSlowHop,
    Code::MessageClock,
    Code::MessageList,
    Code::MessageSpam,
    Code::MessageNotSpam,
];
/// What is looked at of the author's domain: what proves that its mail is its own.
const OF_AN_AUTHOR: [Topic; 3] = [Topic::Spf, Topic::Dkim, Topic::Dmarc];
/// How many rules of a spam filter are shown.
const RULES: usize = 12;

/// A message being judged.
pub(super) struct Message {
    original: Original,
    text: Vec<u8>,
    kind: Kind,
    looks: Looks,
    inquiry: Inquiry,
    /// How it came, where our own mail server took it.
    connection: Option<Connection>,
    /// The look at its author's domain, where that is theirs to mend.
    examination: Option<Examination>,
    whole: Option<Whole>,
}

impl Message {
    /// Gets ready to judge what was read, where it is a message.
    pub(super) fn of(engine: &Engine, inspection: &Inspection, text: &[u8], looks: Looks) -> Option<Self> {
        if !matches!(inspection.kind, Kind::Message | Kind::Headers) {
            return None;
        }
        let original = Original::read(text).ok()?;
        let budget = engine.config.probe.budget;
        // Nobody is asked unless the person wants it so; what takes a question is then not known.
        let budget = if looks == Looks::AtText { Budget { questions: 0, ..budget } } else { budget };
        let inquiry = Inquiry::new(Arc::clone(&engine.network), budget);
        let kind = inspection.kind;
        Some(Self {
            original,
            text: text.to_vec(),
            kind,
            looks,
            inquiry,
            connection: None,
            examination: None,
            whole: None,
        })
    }

    /// Gets ready to judge what our own mail server took, and its author's domain; none where it is too long to be read.
    pub(super) fn received(engine: &Engine, mail: &Received) -> Option<Self> {
        let text = mail.traced(now());
        let original = Original::read(&text).ok()?;
        let network = || Arc::clone(&engine.network);
        let examination = author(&original).filter(|(domain, _)| !engine.is_shared(domain.name()));
        let examination = examination.map(|(domain, selectors)| {
            let topics = OF_AN_AUTHOR.to_vec();
            engine.examination(network(), CheckRequest { selectors, topics, ..CheckRequest::of(domain) })
        });
        Some(Self {
            original,
            text,
            kind: Kind::Message,
            looks: Looks::AtDomain,
            inquiry: Inquiry::new(network(), engine.config.probe.budget),
            connection: Some(mail.connection.clone()),
            examination,
            whole: None,
        })
    }

    /// Judges it; the operator's spam filter is asked meanwhile, and the author's domain looked at.
    pub(super) async fn finish(&mut self, engine: &Engine) {
        if self.whole.is_some() {
            return;
        }
        let (host, at) = (&engine.config.host, u64::try_from(now()).unwrap_or_default());
        let spam = &engine.config.spam;
        let asked = OptionFuture::from(self.is_proven().then_some(async {
            match (spam.spamd, &spam.postmark) {
                (Some(address), _) => spamd::ask(address, !spam.network, &self.text).await.ok(),
                (None, Some(at)) => postmark::ask(&engine.network, engine.config.probe.budget, at, &self.text).await,
                (None, None) => None,
            }
        }));
        let original = &self.original;
        let known = Circumstances { connection: self.connection.as_ref(), host, lists: &engine.config.dnsbl, now: at };
        let judged = self.inquiry.settle(|view| judge(original, &known, view));
        let looked = OptionFuture::from(self.examination.as_mut().map(Examination::finish));
        let (whole, verdict, _) = join3(judged, asked, looked).await;
        let mut whole = match verdict {
            Some(Some(verdict)) => whole.filtered(verdict),
            _ => whole,
        };
        self.offer(&mut whole, at);
        if self.looks == Looks::AtText {
            whole.findings.retain(|finding| finding.severity() != Severity::Unknown);
        }
        if self.kind == Kind::Headers {
            whole.findings.retain(|finding| OF_A_HEADER.contains(&finding.code));
            whole.findings.extend(report::of_results(&whole.authentication.claims));
        }
        for rule in whole.spam.iter_mut().flat_map(|verdict| &mut verdict.rules) {
            if let Some(words) = engine.knowledge.rule(&rule.name) {
                rule.meaning = Some(words.text.to_string());
            }
        }
        self.whole = Some(whole);
    }

    /// Offers the record by which the sending address may send, where the domain is the author's own and the address is not
    /// the host's, whose include is looked for with the domain.
    fn offer(&self, whole: &mut Whole, now: u64) {
        let (Some(connection), Some(examination)) = (&self.connection, &self.examination) else { return };
        let domain = examination.report().domain;
        let is_own = |finding: &&mut Finding| {
            let subject = finding.subject.parse::<Name>();
            finding.code == Code::MessageSpfFail && subject.is_ok_and(|subject| subject.is_within(domain.name()))
        };
        for finding in whole.findings.iter_mut().filter(is_own) {
            finding.fix = spf::let_in(&connection.sender(now), self.inquiry.facts());
        }
    }

    /// Whether it is all there, and the network is asked: only then is anything proven of where it comes from.
    fn is_proven(&self) -> bool {
        self.kind == Kind::Message && self.looks == Looks::AtDomain
    }

    /// What came of it, once it is judged.
    pub(super) const fn whole(&self) -> Option<&Whole> {
        self.whole.as_ref()
    }

    /// How it came, where our own mail server took it.
    pub(super) const fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// The look at its author's domain.
    pub(super) const fn examination(&self) -> Option<&Examination> {
        self.examination.as_ref()
    }

    /// The answer so far.
    pub(super) fn answer(&self, engine: &Engine) -> Answer {
        if let Some(connection) = &self.connection {
            let report = self.examination.as_ref().map(Examination::report);
            let spent = self.inquiry.cost();
            return received::answer(engine, connection, self.whole.as_ref(), report.as_ref(), spent);
        }
        let what = if self.kind == Kind::Headers { "The headers of a mail" } else { "A mail" };
        let Some(whole) = &self.whole else {
            return Answer { note: Some(Text::plain("Still looking.")), ..Answer::sentence(what, Text::default()) };
        };
        let mut findings: Vec<&Finding> = whole.findings.iter().collect();
        findings.sort_by_key(|finding| Reverse(finding.severity()));
        let (first, looked) = (findings.first(), self.looks == Looks::AtDomain);
        let lead = match first.filter(|finding| finding.severity() >= Severity::Warn) {
            Some(worst) => Text::plain("What to mend first: ").and(engine.knowledge.words(worst).title.to_string()),
            None if self.kind == Kind::Headers => {
                Text::plain("Nothing is wrong here. Whether the mail is genuine shows in the whole of it alone.")
            }
            None if looked => Text::plain("Nothing is wrong with it, as far as can be seen."),
            None => Text::plain("Nothing is wrong in its text. Whether it is genuine was not looked up."),
        };
        let mut blocks = vec![Block::Findings(compose::noted(engine, findings.iter().copied()))];
        blocks.extend(background(whole));
        Answer {
            severity: first.map(|finding| finding.severity()),
            blocks,
            next: inspection::further(engine, &whole.findings),
            note: looked.then(|| compose::spent(self.inquiry.cost())),
            ..Answer::sentence(what, lead)
        }
    }
}

/// The rules of the spam filter and the way, which few read.
pub(super) fn background(whole: &Whole) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(verdict) = whole.spam.as_ref().filter(|verdict| !verdict.rules.is_empty()) {
        blocks.push(Block::Heading(Text::plain("What the spam filter counts")));
        blocks.push(Block::Listing(rules(verdict)));
    }
    if !whole.hops.is_empty() {
        blocks.push(Block::Heading(Text::plain("The way it took")));
        blocks.push(Block::Listing(whole.hops.iter().map(hop).collect()));
    }
    blocks
}

/// The rules that count most, a line each.
fn rules(verdict: &Verdict) -> Vec<String> {
    let points = |points: Option<f64>| points.map_or_else(|| "   -".to_owned(), |points| format!("{points:>4.1}"));
    let mut lines: Vec<String> = verdict
        .rules
        .iter()
        .take(RULES)
        .map(|rule| format!("{} {}  {}", points(rule.points), rule.name, rule.meaning.as_deref().unwrap_or_default()))
        .map(|line| line.trim_end().to_owned())
        .collect();
    if verdict.rules.len() > RULES {
        lines.push(format!("… and {} more", verdict.rules.len() - RULES));
    }
    lines
}

fn hop(hop: &Hop) -> String {
    let from = hop.from.as_deref().unwrap_or("?");
    let by = hop.by.as_deref().unwrap_or("?");
    let delay = hop.delay.map_or_else(String::new, |seconds| format!(", after {seconds} s"));
    format!("{from} -> {by}{delay}")
}

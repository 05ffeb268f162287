//! From what was matched and found to the neutral answer; the wording here only frames the knowledge's own.

use super::{Engine, Remedy, evidence};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::domain::Domain;
use crate::finding::{Code, Finding, Severity};
use crate::knowledge::{Entry, EntryId};
use crate::probe::Report;
use crate::request::VERBS;
use crate::search::{Decision, Found};
use crate::text::Text;

/// How many choices an offer has: more is a quiz.
const CHOICES: usize = 3;
/// How many entries a report leads on to.
const FURTHER_ENTRIES: usize = 3;

/// The answer to a question in words.
pub(super) fn question(engine: &Engine, found: &Found, report: Option<&Report>) -> Answer {
    match (found.decision, found.matches.first(), report) {
        (Decision::Answer, Some(best), _) => entry(engine, &best.entry, report),
        (Decision::Offer, Some(_), _) => offer(engine, found, report),
        (_, _, Some(report)) => self::report(engine, report),
        _ => Answer {
            title: Text::plain("I have no answer to that"),
            lead: Text::plain(format!(
                "None of the topics that I know fits what you wrote. Tell me what happens, with the error text if there \
                 is one and your domain, or ask the people of {} support.",
                engine.config.brand.name
            )),
            next: support(engine).into_iter().collect(),
            ..Answer::default()
        },
    }
}

/// The likeliest entries to choose from, after what was found at the domain.
fn offer(engine: &Engine, found: &Found, report: Option<&Report>) -> Answer {
    let domain = report.map(|report| &report.domain);
    let entries = found.matches.iter().take(CHOICES).filter_map(|found| engine.entry(&found.entry));
    let faults = report.map(|report| faults(engine, report)).unwrap_or_default();
    let lead = match report {
        Some(report) if !report.open.is_empty() => {
            Text::plain("I am looking at ").code(shown(&report.domain)).and(" …")
        }
        Some(report) if !faults.is_empty() => Text::plain("I looked at ")
            .code(shown(&report.domain))
            .and(" and found what is below. Choose what you see, and you get the steps for it."),
        _ => Text::plain("Choose the one that fits and you get the steps for it."),
    };
    let blocks = if faults.is_empty() { Vec::new() } else { vec![Block::Findings(faults)] };
    Answer {
        title: Text::plain("Is it one of these?"),
        severity: report.map(Report::verdict),
        lead,
        blocks,
        next: entries.map(|entry| choice(entry, domain)).collect(),
        note: report.map(cost),
    }
}

fn faults(engine: &Engine, report: &Report) -> Vec<Noted> {
    noted(engine, report.findings().filter(|finding| finding.severity() >= Severity::Warn))
}

/// An entry, its steps marked by what a report says; what was found at the domain comes first, for it is the cause.
pub(super) fn entry(engine: &Engine, id: &EntryId, report: Option<&Report>) -> Answer {
    let Some(entry) = engine.entry(id) else { return no_such_entry() };
    let steps = ordered(evidence::steps(&engine.knowledge, entry, report));
    let mut blocks = Vec::new();
    if let Some(report) = report {
        let faults = faults(engine, report);
        if !faults.is_empty() {
            blocks.push(Block::Heading(Text::plain("Found at ").code(shown(&report.domain))));
            blocks.push(Block::Findings(faults));
            blocks.push(Block::Heading(Text::plain("All steps")));
        }
    }
    let lead = lead(entry, &steps, report);
    blocks.push(Block::Steps(steps));
    blocks.extend(entry.cautions.iter().cloned().map(Block::Caution));
    blocks.extend(entry.tips.iter().cloned().map(Block::Tip));
    let links = entry.links.iter().map(|link| Action::Open { label: link.label.clone(), url: link.url.clone() });
    let again = report.map(|report| Action::Check { domain: report.domain.clone(), again: true });
    let domain = report.map(|report| &report.domain);
    let related = entry.see.iter().filter_map(|id| engine.entry(id)).map(|entry| choice(entry, domain));
    Answer {
        title: Text::plain(&entry.title),
        severity: report.map(Report::verdict),
        lead,
        blocks,
        next: links.chain(again).chain(related).collect(),
        note: report.map(cost),
    }
}

/// What an entry's answer begins with: what the look at the domain says of it, then the entry's own summary.
fn lead(entry: &Entry, steps: &[Step], report: Option<&Report>) -> Text {
    let mut text = report.map(|report| looked(steps, report)).unwrap_or_default();
    if let Some(summary) = &entry.summary {
        if !text.is_empty() {
            text = text.and(" ");
        }
        text.0.extend(summary.0.iter().cloned());
    }
    text
}

fn looked(steps: &[Step], report: &Report) -> Text {
    let text = Text::plain("I looked at ").code(shown(&report.domain));
    let causes = steps.iter().filter(|step| step.state == State::Confirmed).flat_map(|step| &step.because);
    let mut causes: Vec<String> = causes.map(|cause| format!("“{cause}”")).collect();
    causes.dedup();
    match report.verdict() {
        _ if !report.open.is_empty() => Text::plain("I am looking at ").code(shown(&report.domain)).and(" …"),
        _ if report.unreachable => text.and(", but no question was answered; the steps are not marked."),
        _ if !causes.is_empty() => {
            let sure = steps.iter().any(|step| step.severity == Some(Severity::Fail) && step.state == State::Confirmed);
            let claim = if sure { "what causes this" } else { "what may cause this" };
            text.and(format!(" and found {claim}: {}. Mend that first.", causes.join(", ")))
        }
        Severity::Fail | Severity::Warn => text.and(" and found faults, though none that explains this by itself."),
        Severity::Unknown => text.and(", but it did not answer all questions; what I could not see is not marked."),
        Severity::Ok | Severity::Info => {
            let topics: Vec<&str> = report.topics().map(|(topic, _)| topic.as_str()).collect();
            text.and(format!(" ({}): what I see there is in order. Try the steps that are left.", topics.join(", ")))
        }
    }
}

/// The report on a domain: the likeliest cause first, then what to do, then the details.
pub(super) fn report(engine: &Engine, report: &Report) -> Answer {
    let domain = shown(&report.domain);
    let verdict = report.verdict();
    let again = Action::Check { domain: report.domain.clone(), again: true };
    if report.unreachable && report.open.is_empty() {
        return Answer {
            title: Text::plain(&domain),
            severity: Some(Severity::Unknown),
            lead: Text::plain("Nothing can be said about ")
                .code(domain)
                .and(": no question was answered. Either the resolver ")
                .code(engine.network.name())
                .and(" does not answer, or the domain's own name servers do not. Try again in a few minutes."),
            next: vec![again],
            note: Some(cost(report)),
            ..Answer::default()
        };
    }
    let by_severity = |wanted: &[Severity]| {
        let mut findings: Vec<&Finding> =
            report.findings().filter(|finding| wanted.contains(&finding.severity())).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        noted(engine, findings.into_iter())
    };
    let mut in_order: Vec<Noted> = Vec::new();
    for noted in by_severity(&[Severity::Ok]) {
        match in_order.last_mut() {
            // One line for all the addresses with a matching name, and the like.
            Some(last) if last.title == noted.title => last.evidence.extend(noted.evidence),
            _ => in_order.push(noted),
        }
    }
    let remedies = evidence::remedies(&engine.knowledge, report);
    let topics: Vec<_> = report.topics().map(|(topic, worst)| (topic.to_string(), worst)).collect();
    let mut blocks = if topics.is_empty() { Vec::new() } else { vec![Block::Topics(topics)] };
    let mut unknown = by_severity(&[Severity::Unknown]);
    if report.findings().any(|finding| finding.code == Code::DnsUnknown) {
        // The same silence told topic by topic would bury it.
        unknown.truncate(1);
    }
    let push = |blocks: &mut Vec<Block>, heading: &str, findings: Vec<Noted>| {
        if !findings.is_empty() {
            blocks.push(Block::Heading(Text::plain(heading)));
            blocks.push(Block::Findings(findings));
        }
    };
    push(&mut blocks, "To mend", by_severity(&[Severity::Fail, Severity::Warn]));
    push(&mut blocks, "Not known", unknown);
    if let Some((entry, steps)) = remedies.first().and_then(|best| Some((engine.entry(&best.entry)?, &best.steps))) {
        // Nobody has said what the trouble is, so only what the network marks is told; the entry has the rest.
        let marked = ordered(steps.clone()).into_iter().filter(|step| step.state != State::Open).collect();
        blocks.push(Block::Heading(Text::plain(format!("What this says of the steps for “{}”", entry.title))));
        blocks.push(Block::Steps(marked));
    }
    push(&mut blocks, "Worth knowing", by_severity(&[Severity::Info]));
    push(&mut blocks, "In order", in_order);
    let further = remedies.iter().take(FURTHER_ENTRIES).filter_map(|remedy| engine.entry(&remedy.entry));
    let further = further.map(|entry| choice(entry, Some(&report.domain)));
    Answer {
        title: Text::plain(&domain),
        severity: Some(verdict),
        lead: verdict_sentence(engine, report, verdict, &domain, &remedies),
        blocks,
        next: further.chain(std::iter::once(again)).collect(),
        note: Some(cost(report)),
    }
}

fn verdict_sentence(engine: &Engine, report: &Report, verdict: Severity, domain: &str, remedies: &[Remedy]) -> Text {
    if !report.open.is_empty() {
        return Text::plain("I am looking at ").code(domain).and(" …");
    }
    let worst = report.findings().find(|finding| finding.severity() == verdict);
    let shown = match worst {
        Some(finding) if finding.code == Code::DnsUnknown => 1,
        _ => report.findings().filter(|finding| finding.severity() >= verdict.min(Severity::Warn)).count(),
    };
    let named = |text: Text| match (worst, shown) {
        (Some(finding), 1) => text.and(engine.knowledge.words(finding).title).and("."),
        (Some(finding), more) => {
            text.and(engine.knowledge.words(finding).title).and(format!("; and {} more below.", more - 1))
        }
        (None, _) => text,
    };
    let troubles: Vec<String> = remedies
        .iter()
        .filter_map(|remedy| engine.entry(&remedy.entry))
        .take(2)
        .map(|entry| format!("“{}”", entry.title))
        .collect();
    match verdict {
        Severity::Fail => {
            let text = named(Text::plain("Something is broken at ").code(domain).and(": "));
            if troubles.is_empty() {
                text
            } else {
                text.and(format!(" It can be why you see {}.", troubles.join(" or ")))
            }
        }
        Severity::Warn => named(Text::plain("Mail may suffer at ").code(domain).and(": ")),
        Severity::Unknown => named(Text::plain("Not everything about ").code(domain).and(" could be seen: ")),
        Severity::Ok | Severity::Info => {
            Text::plain("Nothing is wrong at ").code(domain).and(", as far as the DNS shows.")
        }
    }
}

/// What can be asked for, from the one table of verbs.
pub(super) fn help() -> Answer {
    let verbs = VERBS.iter().map(|verb| {
        let example = verb.option.map_or_else(String::new, |option| format!(" {}", option.example));
        Block::Paragraph(Text::default().code(format!("/{}{example}", verb.name)).and(format!(": {}.", verb.summary)))
    });
    Answer {
        title: Text::plain("What I can do"),
        lead: Text::plain(
            "Ask me about mail that does not arrive, cannot be sent, or lands in spam; name your domain and I look at it.",
        ),
        blocks: verbs.collect(),
        ..Answer::default()
    }
}

/// For a press on a button whose entry is gone.
pub(super) fn no_such_entry() -> Answer {
    Answer::sentence("That entry is gone", Text::plain("The knowledge has changed since. Ask again in your own words."))
}

fn noted<'f>(engine: &Engine, findings: impl Iterator<Item = &'f Finding>) -> Vec<Noted> {
    findings
        .map(|finding| {
            let words = engine.knowledge.words(finding);
            Noted {
                severity: finding.severity(),
                title: words.title,
                text: words.text,
                mend: words.fix,
                evidence: finding.evidence.clone(),
                fix: finding.fix.clone(),
            }
        })
        .collect()
}

/// Confirmed steps first, ruled out last, else as the author wrote them.
fn ordered(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.state);
    steps
}

fn choice(entry: &Entry, domain: Option<&Domain>) -> Action {
    Action::Entry { id: entry.id.to_string(), title: entry.title.clone(), domain: domain.cloned() }
}

fn support(engine: &Engine) -> Option<Action> {
    let url = engine.config.brand.support_url.clone()?;
    Some(Action::Open { label: "Ask a person".to_owned(), url })
}

fn cost(report: &Report) -> Text {
    if !report.open.is_empty() {
        let open: Vec<&str> = report.open.iter().map(|topic| topic.as_str()).collect();
        return Text::plain(format!("Still looking: {}", open.join(", ")));
    }
    let cost = report.cost;
    Text::plain(format!("Looked up just now, with {} DNS questions in {} ms.", cost.questions, cost.elapsed_ms))
}

/// The domain as people write it, with the DNS's spelling beside it where that differs: a look-alike must show.
fn shown(domain: &Domain) -> String {
    let (unicode, ascii) = (domain.unicode(), domain.to_string());
    if unicode == ascii { ascii } else { format!("{unicode} ({ascii})") }
}

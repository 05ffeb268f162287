//! `knowledge test`: the figures of a trial as tables, and what is confused with what.
//!
//! Whoever adds a symptom sees here what it does. The figures themselves come from [`crate::search::trial`].

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::engine::Engine;
use crate::search::trial::{Figures, Outcome, Trial, calibrate, shortfalls};
use crate::search::{Decision, Found};
use crate::surface::cli::Exit;

/// How many confusions are named.
const CONFUSIONS: usize = 10;

/// Tries the knowledge. Fails where the shipped one falls below the figures that are expected of it.
pub(super) fn test(engine: &Engine, verbose: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let matching = engine.config().matching;
    let (trial, short) = match Trial::run(engine.knowledge(), &matching).and_then(|trial| {
        let shipped = engine.config().knowledge.path.is_none();
        let short = if shipped { shortfalls(&trial)? } else { Vec::new() };
        Ok((trial, short))
    }) {
        Ok(tried) => tried,
        Err(error) => {
            writeln!(io::stderr(), "error: {error}")?;
            return Ok(Exit::Bug);
        }
    };
    summary(&trial, out)?;
    group(
        "by entry, symptoms left out",
        &trial.left_out,
        |outcome| outcome.right.as_ref().map_or_else(|| "(no answer)".to_owned(), ToString::to_string),
        out,
    )?;
    group("by kind, symptoms left out", &trial.left_out, |outcome| outcome.kind.clone(), out)?;
    confusions(&trial, out)?;
    let best = calibrate(&trial.left_out);
    writeln!(
        out,
        "\nthresholds that these figures suggest under `[matching]`: answer_at = {:.2}, margin = {:.2}, \
                   offer_at = {:.2}",
        best.answer_at, best.margin, best.offer_at
    )?;
    if verbose {
        let wrong =
            trial.own.iter().chain(&trial.development).chain(&trial.left_out).filter(|outcome| !is_fine(outcome));
        for outcome in wrong {
            missed(outcome, out)?;
        }
    }
    questions(&trial.own, out)?;
    for shortfall in &short {
        writeln!(io::stderr(), "error: {shortfall}")?;
    }
    Ok(if short.is_empty() { Exit::Fine } else { Exit::Configuration })
}

/// The figures of each set, a column each.
fn summary(trial: &Trial, out: &mut dyn Write) -> io::Result<()> {
    let figures = trial.sets().map(|(name, outcomes)| (name, Figures::of(outcomes.iter())));
    write!(out, "{:<22}", "")?;
    for (name, _) in &figures {
        write!(out, "{name:>16}")?;
    }
    for (what, count) in [("answerable", 0), ("want no answer", 1)] {
        write!(out, "\n{what:<22}")?;
        for (_, figures) in &figures {
            write!(out, "{:>16}", [figures.answerable, figures.quiet].get(count).copied().unwrap_or(0))?;
        }
    }
    for (at, row) in Figures::default().rows().iter().enumerate() {
        write!(out, "\n{:<22}", row.name)?;
        for (_, figures) in &figures {
            let share = figures.rows().get(at).map_or(0.0, |row| row.share);
            // Without messages that want no answer there is nothing to tell of them.
            let told = figures.quiet > 0 || !(row.less_is_better || row.name == "auroc");
            if told { write!(out, "{share:>16.3}")? } else { write!(out, "{:>16}", "-")? }
        }
    }
    writeln!(out)
}

/// A line of figures for each group of outcomes.
fn group(title: &str, outcomes: &[Outcome], of: impl Fn(&Outcome) -> String, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<String, Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        groups.entry(of(outcome)).or_default().push(outcome);
    }
    writeln!(out, "\n{title:<36} messages  recall@1  recall@3  answered  offered")?;
    for (name, outcomes) in groups {
        let count = outcomes.len();
        let figures = Figures::of(outcomes.into_iter());
        let Figures { recall_at_1, recall_at_3, answered, answered_or_offered, false_answers, false_offers, .. } =
            figures;
        if figures.answerable > 0 {
            let offered = answered_or_offered - answered;
            writeln!(
                out,
                "{name:<36} {count:>8}  {recall_at_1:>8.3}  {recall_at_3:>8.3}  {answered:>8.3}  {offered:>7.3}"
            )?;
        } else {
            writeln!(out, "{name:<36} {count:>8}  {:>8}  {:>8}  {false_answers:>8.3}  {false_offers:>7.3}", "-", "-")?;
        }
    }
    Ok(())
}

/// Which entries are most often taken for which.
fn confusions(trial: &Trial, out: &mut dyn Write) -> io::Result<()> {
    let mut pairs: BTreeMap<(String, String), (usize, &str)> = BTreeMap::new();
    for outcome in trial.left_out.iter().chain(&trial.own).chain(&trial.development) {
        let wrongly = outcome.right.is_some() && outcome.rank() != Some(1);
        let falsely = outcome.right.is_none() && outcome.found.decision == Decision::Answer;
        if wrongly || falsely {
            let right = outcome.right.as_ref().map_or_else(|| "no answer".to_owned(), ToString::to_string);
            let pair = pairs.entry((right, first(&outcome.found))).or_insert((0, outcome.text.as_str()));
            pair.0 += 1;
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
    writeln!(out, "\nworst confusions")?;
    for ((right, taken), (count, text)) in pairs.into_iter().take(CONFUSIONS) {
        let text: String = text.chars().take(70).collect();
        writeln!(out, "{count:>4}  {right} taken for {taken}, such as `{text}`")?;
    }
    Ok(())
}

/// The entries' own questions: those that do not find their entry, and how many do.
fn questions(own: &[Outcome], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for outcome in own.iter().filter(|outcome| outcome.rank().is_none_or(|rank| rank > 3)) {
        let right = outcome.right.as_ref().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "{right}: `{}` finds {} first; add a symptom like it", outcome.text, first(&outcome.found))?;
    }
    let within = |most: usize| own.iter().filter(|outcome| outcome.rank().is_some_and(|rank| rank <= most)).count();
    writeln!(out, "{} questions: {} find their entry first, {} among the first three", own.len(), within(1), within(3))
}

fn is_fine(outcome: &Outcome) -> bool {
    match outcome.right {
        Some(_) => outcome.rank() == Some(1) && outcome.found.decision != Decision::Quiet,
        None => outcome.found.decision == Decision::Quiet,
    }
}

fn missed(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let right = outcome.right.as_ref().map_or_else(|| "no answer".to_owned(), ToString::to_string);
    let found = outcome.found.matches.iter().take(3);
    let found = found.map(|found| format!("{} {:.2}", found.entry, found.confidence)).collect::<Vec<_>>().join(", ");
    let decision = outcome.found.decision.as_str();
    writeln!(out, "{right} ({}): {decision}: {found}: `{}`", outcome.kind, outcome.text)
}

fn first(found: &Found) -> String {
    found.matches.first().map_or_else(|| "nothing".to_owned(), |found| found.entry.to_string())
}

//! Many domains as a table: a line each, with a mark for every topic and the titles of what is wrong.

use std::fmt::Write as _;

use super::terminal::{Colors, Style};
use super::visible;
use crate::finding::{Severity, Topic};

/// The widest column of domains; a longer one shifts its line.
const WIDEST_DOMAIN: usize = 40;

/// One domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The domain.
    pub domain: String,
    /// The worst severity of all.
    pub verdict: Severity,
    /// The worst severity of each topic that was looked at.
    pub topics: Vec<(Topic, Severity)>,
    /// What is wrong or not known, the worst first.
    pub titles: Vec<String>,
}

/// Renders the table; ends with a line break.
pub fn text(rows: &[Row], style: Style) -> String {
    let looked = |topic: &&Topic| rows.iter().any(|row| row.topics.iter().any(|(done, _)| done == *topic));
    let topics: Vec<Topic> = Topic::ALL.iter().filter(looked).copied().collect();
    let width = rows.iter().map(|row| row.domain.chars().count()).max().unwrap_or(0).min(WIDEST_DOMAIN);
    let mut out = String::new();
    for row in rows {
        let marks: String = topics
            .iter()
            .map(|topic| row.topics.iter().find(|(done, _)| done == topic).map_or(' ', |(_, worst)| mark(*worst)))
            .collect();
        let before = format!("{:<7} {:<width$} {marks}", row.verdict.as_str(), visible(&row.domain));
        let room = style.width.saturating_sub(before.chars().count() + 2);
        let titles = cut(&visible(&row.titles.join("; ")), room);
        let line = if titles.is_empty() { before } else { format!("{before}  {titles}") };
        let _ = writeln!(out, "{}", paint(row.verdict, &line, style.colors));
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
    let _ = writeln!(out, "\nMarks, in this order: {}", names.join(", "));
    let legend = [Severity::Ok, Severity::Info, Severity::Unknown, Severity::Warn, Severity::Fail];
    let legend: Vec<String> = legend.iter().map(|severity| format!("{} {}", mark(*severity), severity)).collect();
    let _ = writeln!(out, "{}; {}", legend.join(", "), totals(rows));
    out
}

fn totals(rows: &[Row]) -> String {
    let count = |wanted: Severity| rows.iter().filter(|row| row.verdict == wanted).count();
    let all = [Severity::Fail, Severity::Warn, Severity::Unknown];
    let parts = all.iter().map(|severity| format!("{} {severity}", count(*severity))).collect::<Vec<_>>().join(", ");
    format!("{} domains: {parts}", rows.len())
}

const fn mark(severity: Severity) -> char {
    match severity {
        Severity::Ok => '.',
        Severity::Info => 'i',
        Severity::Unknown => '?',
        Severity::Warn => 'w',
        Severity::Fail => 'F',
    }
}

fn paint(severity: Severity, line: &str, colors: Colors) -> String {
    let code = match severity {
        Severity::Fail => "31",
        Severity::Warn => "33",
        Severity::Unknown => "35",
        Severity::Ok | Severity::Info => return line.to_owned(),
    };
    if colors == Colors::None { line.to_owned() } else { format!("\u{1b}[{code}m{line}\u{1b}[0m") }
}

/// As much of a text as fits.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_domain_has_a_line_with_a_mark_for_every_topic() {
        let row = |domain: &str, verdict, topics: &[(Topic, Severity)], titles: &[&str]| Row {
            domain: domain.to_owned(),
            verdict,
            topics: topics.to_vec(),
            titles: titles.iter().map(|title| (*title).to_owned()).collect(),
        };
        let rows = [
            row("a.example", Severity::Ok, &[(Topic::Dns, Severity::Ok), (Topic::Mx, Severity::Info)], &[]),
            row(
                "long.example",
                Severity::Fail,
                &[(Topic::Dns, Severity::Fail)],
                &["Gone", "a\u{202e} title that is cut"],
            ),
        ];
        assert_eq!(
            text(&rows, Style { colors: Colors::None, width: 44 }),
            "ok      a.example    .i\n\
             fail    long.example F   Gone; a<U+202E> ti…\n\n\
             Marks, in this order: dns, mx\n\
             . ok, i info, ? unknown, w warn, F fail; 2 domains: 1 fail, 0 warn, 0 unknown\n"
        );
    }
}

//! An answer as a page for a browser: the permanent page of an entry, and the list of all entries.
//!
//! A page has no script, loads nothing but its own style sheet, and all of its links lead to entries (relative, so that
//! the pages can stand anywhere) or to the pages that the answer names. Who serves it adds the [`POLICY`].

use std::fmt::Write as _;

use super::{claim, in_place_of, records, visible};
use crate::answer::{Action, Answer, Block, Noted, State, Step};
use crate::finding::Severity;
use crate::text::{Span, Text};

/// What a browser may load and do with a page: its style sheet, nothing else.
pub const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The name of the style sheet, beside the pages.
pub const STYLE_NAME: &str = "style.css";
/// The style sheet: one column that a phone shows without zooming, in the reader's light or dark.
pub const STYLE: &str = include_str!("html/style.css");

/// The page of an answer; `site` is who speaks.
pub fn page(answer: &Answer, site: &str) -> String {
    let mut body = format!("<h1>{}</h1>\n", inline(&answer.title));
    if !answer.lead.is_empty() {
        let _ = writeln!(body, "<p class=\"lead\">{}</p>", inline(&answer.lead));
    }
    for part in answer.blocks.iter().chain(&answer.details.blocks) {
        body.push_str(&block(part));
    }
    body.push_str(&links(&answer.next));
    if let Some(note) = &answer.note {
        let _ = writeln!(body, "<p class=\"note\">{}</p>", inline(note));
    }
    body.push_str("<p class=\"all\"><a href=\"./\">All topics</a></p>\n");
    document(&answer.title.to_string(), site, &body)
}

/// The list of all entries, each with its id and title, under a heading.
pub fn index<'e>(heading: &str, entries: impl Iterator<Item = (&'e str, &'e str)>, site: &str) -> String {
    let mut body = format!("<h1>{}</h1>\n<ul>\n", escape(heading));
    for (id, title) in entries {
        let _ = writeln!(body, "<li>{}</li>", link(&address(id), title));
    }
    body.push_str("</ul>\n");
    document(heading, site, &body)
}

fn document(title: &str, site: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} · {site}</title>\n<link rel=\"stylesheet\" href=\"{STYLE_NAME}\">\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title),
        site = escape(site),
    )
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("<h2>{}</h2>\n", inline(text)),
        Block::Paragraph(text) => format!("<p>{}</p>\n", inline(text)),
        Block::Steps(steps) => format!("<ol>\n{}</ol>\n", steps.iter().map(step).collect::<String>()),
        Block::Findings(findings) => findings.iter().map(finding).collect(),
        Block::Topics(topics) => {
            let topic = |(name, worst): &(String, Severity)| format!("<li>{}: {worst}</li>\n", escape(name));
            format!("<ul>\n{}</ul>\n", topics.iter().map(topic).collect::<String>())
        }
        Block::Listing(lines) => listing(lines),
        Block::Caution(text) => format!("<p class=\"caution\"><strong>Caution:</strong> {}</p>\n", inline(text)),
        Block::Tip(text) => format!("<p class=\"tip\"><strong>Tip:</strong> {}</p>\n", inline(text)),
    }
}

fn step(step: &Step) -> String {
    let text = inline(&step.text);
    let because = step.because.iter().map(inline).collect::<Vec<_>>().join("; ");
    let state = match step.state {
        State::Open => return format!("<li>{text}</li>\n"),
        State::Confirmed => claim(step),
        State::Cleared => "Ruled out",
    };
    format!("<li>{text}<br><em>{state}: {because}</em></li>\n")
}

fn finding(noted: &Noted) -> String {
    let mut text = format!("<h3>{}: {}</h3>\n<p>{}</p>\n", noted.severity, inline(&noted.title), inline(&noted.text));
    if !noted.evidence.is_empty() {
        text.push_str(&listing(&noted.evidence));
    }
    if let Some(mend) = &noted.mend {
        let _ = writeln!(text, "<p>{}</p>", inline(mend));
    }
    if let Some(fix) = &noted.fix {
        let values: Vec<String> = fix.values().map(str::to_owned).collect();
        let (records, place) = (records(fix), in_place_of(fix));
        let _ = writeln!(text, "<p>Publish {records} at <code>{}</code>{place}:</p>", escape(&fix.name));
        text.push_str(&listing(&values));
    }
    text
}

fn listing(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    format!("<pre>{}</pre>\n", lines.join("\n"))
}

/// Where to go next; looks at domains are for those who can ask.
fn links(actions: &[Action]) -> String {
    let item = |action: &Action| match action {
        Action::Entry { id, title, .. } => Some(link(&address(id), title)),
        Action::Open { label, url } if url.starts_with("https://") => Some(link(url, label)),
        Action::Open { .. } | Action::Check { .. } | Action::Details { .. } => None,
    };
    let items: Vec<String> = actions.iter().filter_map(item).collect();
    if items.is_empty() {
        return String::new();
    }
    format!("<h2>See also</h2>\n<ul>\n<li>{}</li>\n</ul>\n", items.join("</li>\n<li>"))
}

/// An entry's address beside the other pages. Nothing in it can lead anywhere else.
fn address(id: &str) -> String {
    format!("./{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)).replace("%2D", "-")
}

fn link(address: &str, words: &str) -> String {
    format!("<a href=\"{}\" rel=\"noopener\">{}</a>", escape(address), escape(words))
}

fn inline(text: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Plain(words) => escape(words),
        Span::Code(literal) => format!("<code>{}</code>", escape(literal)),
    };
    text.0.iter().map(span).collect()
}

/// Words that are nothing but words in a page, in an attribute too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "</title><script>alert(1)</script><a href='javascript:x' onclick=\"y\">&amp;";

    fn everywhere(words: &str) -> Answer {
        let text = || Text::plain(words).code(words);
        let step = |state| Step { text: text(), state, because: vec![text()], severity: None };
        let noted = Noted {
            severity: Severity::Fail,
            title: text(),
            text: text(),
            mend: Some(text()),
            evidence: vec![words.to_owned()],
            fix: None,
        };
        Answer {
            title: text(),
            lead: text(),
            blocks: vec![
                Block::Heading(text()),
                Block::Paragraph(text()),
                Block::Steps(vec![step(State::Open), step(State::Confirmed), step(State::Cleared)]),
                Block::Findings(vec![noted]),
                Block::Topics(vec![(words.to_owned(), Severity::Ok)]),
                Block::Listing(vec![words.to_owned()]),
                Block::Caution(text()),
                Block::Tip(text()),
            ],
            next: vec![
                Action::Entry { id: words.to_owned(), title: words.to_owned(), domain: None },
                Action::Open { label: words.to_owned(), url: format!("https://host.example/\"{words}") },
                Action::Open { label: "no".to_owned(), url: "javascript:alert(1)".to_owned() },
            ],
            note: Some(text()),
            ..Answer::default()
        }
    }

    /// The tags of a page that an answer cannot add to.
    fn tags(page: &str) -> Vec<String> {
        page.split('<').skip(1).map(|tag| tag.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
    }

    #[test]
    fn hostile_words_stay_words() {
        let page = page(&everywhere(HOSTILE), HOSTILE);
        assert!(!page.contains("<script") && !page.contains("href=\"javascript:"), "{page}");
        assert_eq!(tags(&page), tags(&super::page(&everywhere("words"), "words")));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        let index = index(HOSTILE, [(HOSTILE, HOSTILE)].into_iter(), HOSTILE);
        assert!(!index.contains("<script") && index.contains("<a href=\"./%3C%2Ftitle"), "{index}");
    }

    #[test]
    fn no_page_names_what_it_loads_from_elsewhere() {
        let page = page(&everywhere("words"), "the host");
        assert_eq!(page.matches("<link").count(), 1);
        for banned in ["<img", "<script", "<iframe", " src=", " style=", "@import", "url("] {
            assert!(!page.contains(banned) && !STYLE.contains(banned), "{banned}");
        }
    }

    proptest! {
        #[test]
        fn no_words_add_a_tag(words in "\\PC{1,40}") {
            prop_assert_eq!(tags(&page(&everywhere(&words), &words)), tags(&page(&everywhere("words"), "words")));
        }
    }
}

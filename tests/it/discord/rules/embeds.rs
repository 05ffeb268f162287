//! Embeds: their keys, their fields, and how much text all of them may have together.

use serde_json::Value;

use super::{Report, is_empty, link};

/// How many characters all embeds of a message may have together.
const TOTAL: usize = 6000;

const EMBED: &[&str] = &[
    "title",
    "type",
    "description",
    "url",
    "timestamp",
    "color",
    "footer",
    "image",
    "thumbnail",
    "video",
    "provider",
    "author",
    "fields",
];

pub(super) fn check(report: &mut Report, at: &str, embeds: &Value) {
    let mut total = 0;
    for (index, embed) in embeds.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}/{index}");
        report.keys(&at, embed, EMBED);
        report.keys(&format!("{at}/footer"), &embed["footer"], &["text", "icon_url", "proxy_icon_url"]);
        report.keys(&format!("{at}/author"), &embed["author"], &["name", "url", "icon_url", "proxy_icon_url"]);
        link(report, &format!("{at}/url"), &embed["url"]);
        link(report, &format!("{at}/author/url"), &embed["author"]["url"]);
        link(report, &format!("{at}/footer/icon_url"), &embed["footer"]["icon_url"]);
        for picture in ["image", "thumbnail"] {
            let known = &["url", "proxy_url", "height", "width", "description"];
            report.keys(&format!("{at}/{picture}"), &embed[picture], known);
            link(report, &format!("{at}/{picture}/url"), &embed[picture]["url"]);
        }
        let texts = [&embed["title"], &embed["description"], &embed["footer"]["text"], &embed["author"]["name"]];
        total += texts.into_iter().map(length).sum::<usize>();
        for (index, field) in embed["fields"].as_array().into_iter().flatten().enumerate() {
            let at = format!("{at}/fields/{index}");
            report.keys(&at, field, &["name", "value", "inline"]);
            for part in ["name", "value"] {
                if field[part].as_str().is_none_or(|text| text.trim().is_empty()) {
                    report.say(&format!("{at}/{part}"), "must not be empty");
                }
                total += length(&field[part]);
            }
        }
        if embed.as_object().is_some_and(|embed| embed.values().all(is_empty)) {
            report.say(&at, "an embed needs something in it");
        }
    }
    if total > TOTAL {
        report.say(at, format!("{total} characters in all embeds, more than {TOTAL}"));
    }
}

fn length(text: &Value) -> usize {
    text.as_str().unwrap_or_default().chars().count()
}

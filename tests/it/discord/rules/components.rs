//! Components: rows, buttons, lists and form fields, in the classic and in the new style.

use std::collections::HashSet;

use serde_json::Value;

use super::{Report, is_empty, link};

/// Where components stand.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Style {
    /// Under a message: at most five rows.
    Classic,
    /// A message that is nothing but components.
    New,
    /// A form.
    Form,
}

const BUTTON: &[&str] = &["type", "id", "style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"];
const LIST: &[&str] = &[
    "type",
    "id",
    "custom_id",
    "options",
    "placeholder",
    "min_values",
    "max_values",
    "disabled",
    "required",
    "channel_types",
    "default_values",
];
const TEXT_INPUT: &[&str] =
    &["type", "id", "custom_id", "style", "label", "min_length", "max_length", "required", "value", "placeholder"];

pub(super) fn check(report: &mut Report, at: &str, components: &Value, style: Style) {
    let list = components.as_array().map_or(&[][..], Vec::as_slice);
    if style != Style::New && list.len() > 5 {
        report.say(at, format!("{} rows, more than 5", list.len()));
    }
    let mut ids = HashSet::new();
    for (index, component) in list.iter().enumerate() {
        let at = format!("{at}/{index}");
        if style == Style::Classic && component["type"] != 1 {
            report.say(&at, "only rows stand at the top, unless the message has the flag for components");
        }
        one(report, &at, component, &mut ids);
    }
}

fn one<'a>(report: &mut Report, at: &str, component: &'a Value, ids: &mut HashSet<&'a str>) {
    if let Some(id) = component["custom_id"].as_str()
        && !ids.insert(id)
    {
        report.say(at, format!("a second component has the custom_id `{id}`"));
    }
    let known: &[&str] = match component["type"].as_u64() {
        Some(1) => {
            row(report, at, component);
            &["type", "id", "components"]
        }
        Some(2) => {
            button(report, at, component);
            BUTTON
        }
        Some(3 | 5..=8) => {
            list(report, at, component);
            LIST
        }
        Some(4) => TEXT_INPUT,
        Some(9) => &["type", "id", "components", "accessory"],
        Some(10) => &["type", "id", "content"],
        Some(11) => &["type", "id", "media", "description", "spoiler"],
        Some(12) => &["type", "id", "items"],
        Some(13) => &["type", "id", "file", "spoiler", "name", "size"],
        Some(14) => &["type", "id", "divider", "spacing"],
        Some(17) => &["type", "id", "components", "accent_color", "spoiler"],
        Some(18) => &["type", "id", "label", "description", "component"],
        Some(19) => &["type", "id", "custom_id", "min_values", "max_values", "required"],
        other => {
            report.say(at, format!("no component has the type {other:?}"));
            return;
        }
    };
    report.keys(at, component, known);
    for (index, inner) in component["components"].as_array().into_iter().flatten().enumerate() {
        one(report, &format!("{at}/components/{index}"), inner, ids);
    }
    for inner in ["accessory", "component"].into_iter().filter(|inner| !component[*inner].is_null()) {
        one(report, &format!("{at}/{inner}"), &component[inner], ids);
    }
}

fn row(report: &mut Report, at: &str, row: &Value) {
    let inner = row["components"].as_array().map_or(&[][..], Vec::as_slice);
    let buttons = inner.iter().filter(|component| component["type"] == 2).count();
    if buttons != inner.len() && inner.len() > 1 {
        report.say(at, "a list or a text field has a row for itself");
    }
}

fn button(report: &mut Report, at: &str, button: &Value) {
    let (id, url, sku) = (!is_empty(&button["custom_id"]), !is_empty(&button["url"]), !is_empty(&button["sku_id"]));
    match button["style"].as_u64() {
        Some(5) if !url || id => report.say(at, "a link button has a `url` and no `custom_id`"),
        Some(6) if !sku || id => report.say(at, "a shop button has a `sku_id` and no `custom_id`"),
        Some(1..=4) if !id || url => report.say(at, "a button has a `custom_id`, and a `url` only as a link"),
        _ => {}
    }
    link(report, &format!("{at}/url"), &button["url"]);
    if is_empty(&button["label"]) && is_empty(&button["emoji"]) && button["style"] != 6 {
        report.say(at, "a button needs a label or an emoji");
    }
}

fn list(report: &mut Report, at: &str, list: &Value) {
    if is_empty(&list["custom_id"]) {
        report.say(at, "a list has a `custom_id`");
    }
    let mut values = HashSet::new();
    for (index, option) in list["options"].as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}/options/{index}");
        report.keys(&at, option, &["label", "value", "description", "emoji", "default"]);
        if !values.insert(option["value"].as_str()) {
            report.say(&at, "a second option has this value");
        }
    }
}

//! One key that was published in pieces: a record for each part, where one record of several strings belongs.
//!
//! The DNS returns records in any order, so every order is tried; a guess that makes no key is none.

use super::key::{self, Problem};
use crate::mail::tags::{Fault, tags};

/// How many pieces are tried in every order: a key of 4096 bits makes four.
const MOST: usize = 4;

/// The record that the pieces make, if there is exactly one that is a key.
pub(super) fn joined(texts: &[String]) -> Option<String> {
    if texts.len() < 2 || texts.len() > MOST {
        return None;
    }
    let mut found: Vec<String> = Vec::new();
    for (at, head) in texts.iter().enumerate().filter(|(_, text)| is_cut_off(text)) {
        let rest: Vec<&str> =
            texts.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, t)| digits(t)).collect();
        for order in orders(&rest) {
            let whole = format!("{}{}", head.trim_end_matches([' ', '"', ';']), order.concat());
            let record = key::repaired(&whole).filter(|record| !found.contains(record));
            found.extend(record);
        }
    }
    found.pop().filter(|_| found.is_empty())
}

/// Whether a text begins a key that does not end in it, quoted or not.
fn is_cut_off(text: &str) -> bool {
    let bare = text.replace('"', "");
    key::is_meant(text) && matches!(key::parse(&bare), Err(Fault { problem: Problem::CutOff(_), .. }))
}

/// The part of a key that a text holds: its `p=`, or else the whole.
fn digits(text: &str) -> &str {
    let key = tags(text).flatten().find(|tag| tag.name == "p").map(|tag| tag.value);
    key.unwrap_or(text).trim_matches([' ', '"', ';'])
}

/// All orders of a few items.
fn orders<'t>(items: &[&'t str]) -> Vec<Vec<&'t str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let rest: Vec<&str> =
            items.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, item)| *item).collect();
        let item = items.get(at).copied();
        orders(&rest).into_iter().map(move |order| item.into_iter().chain(order).collect::<Vec<_>>())
    };
    (0..items.len()).flat_map(first).collect()
}

#[cfg(test)]
mod tests {
    use super::super::key::tests::rsa_key;
    use super::*;

    #[test]
    fn pieces_make_a_key_in_whichever_order_they_come() {
        let key = rsa_key(2048);
        let whole = format!("v=DKIM1; k=rsa; p={key}");
        let (head, tail) = whole.split_at(255);
        let (near, far) = tail.split_at(50);
        let (quoted, again) = (format!("\"{head}\""), format!("v=DKIM1; p={tail}"));
        for pieces in [
            vec![head, tail],
            vec![tail, head],
            vec![&quoted, tail],
            vec![head, &again],
            vec![far, head, near],
            vec![near, far, head],
        ] {
            let texts: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
            assert_eq!(joined(&texts).as_ref(), Some(&whole), "{texts:?}");
        }
    }

    #[test]
    fn what_makes_no_key_is_not_joined() {
        let whole = format!("v=DKIM1; k=rsa; p={}", rsa_key(2048));
        let (head, tail) = whole.split_at(255);
        for texts in [
            vec![whole.as_str(), whole.as_str()],
            vec![&whole, "hello"],
            vec![head, "hello"],
            vec![head, tail.get(1..).unwrap()],
            vec![head, tail, "v=spf1 -all"],
            vec![head],
            vec![head, tail, "", "", ""],
        ] {
            let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            assert_eq!(joined(&texts), None, "{texts:?}");
        }
    }
}

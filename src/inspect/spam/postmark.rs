//! What Postmark's spam check answers: SpamAssassin's score, its rules, and the table that names them, as JSON.

use serde_json::Value;

use super::{Filter, Rule, Verdict, in_order, points, report};

/// The points from which SpamAssassin takes a message for spam, unless somebody says otherwise; the answer tells none.
const THRESHOLD: f64 = 5.0;
/// How many characters of a rule's description are kept.
const LONGEST: usize = 300;

/// Reads the answer; none where there is no score in it. The message came by no mail server there, so what the network
/// tells of its way is not in the score.
pub fn postmark(body: &str) -> Option<Verdict> {
    let json: Value = serde_json::from_str(body).ok()?;
    if json["success"] != true {
        return None;
    }
    let number = |value: &Value| points(value.as_str().unwrap_or(&value.to_string()));
    let score = number(&json["score"])?;
    let table = json["report"].as_str().unwrap_or_default();
    let named = report(&format!("False ; {score} / {THRESHOLD}"), table, true).map(|verdict| verdict.rules);
    let rules = named.filter(|rules| !rules.is_empty()).unwrap_or_else(|| {
        let rules = json["rules"].as_array().into_iter().flatten().take(super::MOST);
        let words = |value: &Value| -> Option<String> {
            Some(value.as_str()?.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
        };
        rules
            .map(|rule| Rule {
                name: String::new(),
                points: number(&rule["score"]),
                meaning: words(&rule["description"]),
            })
            .collect()
    });
    let filter = Filter::Postmark;
    Some(in_order(Verdict { filter, score, threshold: Some(THRESHOLD), rules, offline: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_read_with_its_rules_and_nothing_else_is() {
        let long = r#"{"success":true,"score":"7.9","rules":[{"score":"1.2","description":"Missing To: header"},{"score":"0.6","description":"a\nb"}],"report":""}"#;
        let verdict = postmark(long).unwrap();
        assert_eq!((verdict.filter, verdict.score, verdict.threshold), (Filter::Postmark, 7.9, Some(5.0)));
        assert_eq!(verdict.rules[0].meaning.as_deref(), Some("Missing To: header"));
        assert!(verdict.offline, "what the network tells is said to be left out");
        let table = " pts rule name\n---- ----------------------\n 1.2 MISSING_HEADERS        Missing To: header\n";
        let table = serde_json::json!({"success": true, "score": 1.2, "report": format!("Content analysis details:   (1.2 points)\n\n{table}")});
        assert_eq!(postmark(&table.to_string()).unwrap().rules[0].name, "MISSING_HEADERS");
        for body in ["", "[]", r#"{"success":false,"message":"no"}"#, r#"{"success":true,"score":"lots"}"#, "<html>"] {
            assert_eq!(postmark(body), None, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}", table in "[-0-9.A-Z_ \\n]{0,100}") {
            let _ = postmark(&text);
            let _ = postmark(&serde_json::json!({"success": true, "score": "1", "report": table}).to_string());
        }
    }
}

//! Notifications that a sending service writes as JSON: those of Amazon SES, by mail or pasted.

use serde_json::Value;

use super::judge::Evidence;
use super::{Bounce, Reason, said};

/// The recipients of a notification; `None` where a text holds none.
pub(super) fn read(text: &str) -> Option<Vec<Bounce>> {
    let begin = text.find('{')?;
    let value = serde_json::Deserializer::from_str(text.get(begin..)?).into_iter::<Value>().next()?.ok()?;
    // Some pass it on in an envelope of the service that delivers it.
    let inner = value.get("Message").and_then(Value::as_str).and_then(|inner| serde_json::from_str(inner).ok());
    let value: Value = inner.unwrap_or(value);
    let kind = value.get("notificationType").or(value.get("eventType"))?.as_str()?;
    let part = |name: &str, list: &str| Some((value.get(name)?, value.get(name)?.get(list)?.as_array()?));
    let (about, recipients) = match kind {
        "Bounce" => part("bounce", "bouncedRecipients")?,
        "Complaint" => part("complaint", "complainedRecipients")?,
        "Delivery" => part("delivery", "recipients")?,
        _ => return None,
    };
    let field = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let server = field(about, "reportingMTA").and_then(|mta| said::host(&mta));
    let bounces = recipients.iter().map(|recipient| {
        let address = field(recipient, "emailAddress").or_else(|| recipient.as_str().map(str::to_owned));
        let said = field(recipient, "diagnosticCode").or_else(|| field(about, "smtpResponse"));
        let text = said.as_deref().map(|said| said.split_once(';').map_or(said, |(_, text)| text));
        let evidence = Evidence {
            texts: vec![said::plain(text.unwrap_or_default())],
            status: field(recipient, "status").and_then(|status| said::status(&status)),
            action: if kind == "Delivery" {
                "delivered".to_owned()
            } else {
                field(recipient, "action").unwrap_or_default()
            },
            category: field(about, "bounceSubType").unwrap_or_default(),
            ..Evidence::default()
        };
        let mut bounce = super::bounce(address, evidence, None);
        bounce.remote_server = bounce.remote_server.or_else(|| server.clone());
        if kind == "Complaint" {
            bounce.reason = Reason::Feedback;
        }
        bounce
    });
    Some(bounces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_read_wherever_it_stands_in_the_text() {
        let inner = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"bert@firm.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}],"reportingMTA":"dsn; a1.smtp.example"}}"#;
        let enveloped = serde_json::json!({ "Type": "Notification", "Message": inner }).to_string();
        for text in [inner.to_owned(), format!("Hello,\n{inner}\n-- \nIf you wish to stop"), enveloped] {
            let bounces = read(&text).unwrap();
            assert_eq!(bounces.len(), 1);
            let bounce = &bounces[0];
            assert_eq!((bounce.recipient.as_deref(), bounce.reason), (Some("bert@firm.example"), Reason::UserUnknown));
            assert_eq!((bounce.reply_code, bounce.status.as_deref()), (Some(550), Some("5.1.1")));
            assert_eq!(bounce.remote_server.as_deref(), Some("a1.smtp.example"));
        }
        let complaint =
            r#"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"a@b.example"}]}}"#;
        assert_eq!(read(complaint).unwrap()[0].reason, Reason::Feedback);
        for text in ["", "{", "{}", "{\"notificationType\":1}", "{\"bounce\":{}}", "no braces"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

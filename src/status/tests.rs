use super::*;
use crate::finding::Severity;

const ATLASSIAN_FINE: &str = r#"{"page":{"id":"y","name":"Host","url":"https://status.host.example","updated_at":"2026-11-24T15:04:05.123Z"},
  "components":[{"name":"Webmail","status":"operational","group":false},{"name":"All","status":"major_outage","group":true}],
  "incidents":[{"name":"Old","status":"resolved","impact":"critical"}],
  "scheduled_maintenances":[],"status":{"indicator":"none","description":"All Systems Operational"}}"#;

const ATLASSIAN_BAD: &str = r#"{"page":{"updated_at":"2026-11-24T15:04:05+01:00"},
  "components":[{"name":"Webmail","status":"partial_outage","group":false},{"name":"IMAP","status":"degraded_performance"},{"name":"DNS","status":"operational"}],
  "incidents":[
    {"name":"Webmail is slow","status":"monitoring","impact":"minor","created_at":"2026-11-24T09:00:00Z","updated_at":"2026-11-24T10:00:00Z","incident_updates":[]},
    {"name":"Mail is down @everyone","status":"investigating","impact":"critical","started_at":"2026-11-24T14:00:00Z","updated_at":"2026-11-24T15:00:00Z",
     "incident_updates":[{"body":"We look\n\u202einto it."},{"body":"older"}]}],
  "scheduled_maintenances":[
    {"name":"New disks","status":"scheduled","scheduled_for":"2026-12-01T01:00:00Z","scheduled_until":"2026-12-01T03:00:00Z"},
    {"name":"Updates","status":"in_progress","scheduled_for":"2026-11-24T14:00:00Z","scheduled_until":"2026-11-24T16:00:00Z"}],
  "status":{"indicator":"critical","description":"Major System Outage"}}"#;

const INSTATUS_BAD: &str = r#"{"page":{"name":"Host","url":"https://status.host.example","status":"HASISSUES"},
  "activeIncidents":[{"name":"SMTP stalls","started":"2026-11-24T14:00:00.000Z","status":"IDENTIFIED","impact":"MAJOROUTAGE","url":"https://status.host.example/1"}],
  "activeMaintenances":[{"name":"New disks","start":"2026-12-01T01:00:00.000Z","status":"NOTSTARTEDYET","duration":"60"}]}"#;

fn codes(looked: &Looked) -> Vec<Code> {
    findings(looked, &"status.host.example".parse().unwrap()).iter().map(|finding| finding.code).collect()
}

fn read_as(body: &str) -> Looked {
    read::summary(body).ok_or(NoStatus::Unread)
}

#[test]
fn each_service_is_told_by_what_it_gives() {
    use Code::*;
    for (body, expected) in [
        (ATLASSIAN_FINE, &[StatusFine][..]),
        (ATLASSIAN_BAD, &[StatusOutage, StatusIncident, StatusComponents, StatusMaintenance, StatusPlanned]),
        (INSTATUS_BAD, &[StatusOutage, StatusPlanned]),
        (r#"{"page":{"status":"UP"}}"#, &[StatusFine]),
        (r#"{"page":{"status":"UNDERMAINTENANCE"}}"#, &[StatusTroubled]),
        (r#"{"status":{"indicator":"minor","description":"Partially Degraded"}}"#, &[StatusTroubled]),
        (r#"{"status":{"indicator":"new"},"incidents":[{"status":"identified"}]}"#, &[StatusIncident]),
        (r#"{"page":{"status":"SPLENDID"}}"#, &[StatusUnknown]),
        (r#"{"status":"ok"}"#, &[StatusUnknown]),
        ("[]", &[StatusUnknown]),
        ("<html>All Systems Operational</html>", &[StatusUnknown]),
        ("", &[StatusUnknown]),
    ] {
        assert_eq!(codes(&read_as(body)), expected, "{body}");
    }
}

#[test]
fn what_an_incident_says_is_shown_in_one_plain_line() {
    let found = findings(&read_as(ATLASSIAN_BAD), &"status.host.example".parse().unwrap());
    let outage = &found[0];
    assert_eq!(outage.details["event"], "Mail is down @everyone");
    assert_eq!(
        (outage.details["state"].as_str(), outage.details["since"].as_str()),
        ("investigating", "2026-11-24 14:00 UTC")
    );
    assert_eq!(outage.evidence, ["We look into it."]);
    assert_eq!(found[2].details["components"], "Webmail (partial outage), IMAP (degraded performance)");
    assert_eq!(read_as(ATLASSIAN_BAD).unwrap().updated.as_deref(), Some("2026-11-24 15:04 (UTC+01:00)"));
}

#[test]
fn what_is_not_known_is_never_taken_for_well() {
    for (looked, cause) in [
        (Err(NoStatus::NoAddress), "no address"),
        (Err(NoStatus::NoPage("the connection was refused".to_owned())), "refused"),
        (Err(NoStatus::Answer(503)), "503"),
        (Err(NoStatus::Unread), "neither"),
    ] {
        let found = findings(&looked, &"status.host.example".parse().unwrap());
        assert_eq!((found.len(), found[0].severity()), (1, Severity::Unknown));
        assert!(found[0].details["cause"].contains(cause), "{found:?}");
    }
}

#[test]
fn a_page_that_tells_too_much_is_cut() {
    let incident = format!(r#"{{"name":"{}","status":"x"}}"#, "n".repeat(5000));
    let part = r#"{"name":"p","status":"down"}"#;
    let body = format!(
        r#"{{"status":{{"indicator":"major"}},"incidents":[{}],"components":[{}]}}"#,
        vec![incident; 50].join(","),
        vec![part; 500].join(",")
    );
    let status = read_as(&body).unwrap();
    assert_eq!((status.incidents.len(), status.components.len()), (10, 20));
    assert!(status.incidents.iter().all(|incident| incident.name.chars().count() == 121));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read_as(&deep), Err(NoStatus::Unread));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", at in "[0-9TZ:+. -]{0,30}") {
        let _ = read::summary(&text);
        let value = serde_json::Value::String(at).to_string();
        let body = format!(r#"{{"status":{{"indicator":{value}}},"incidents":[{{"created_at":{value}}}]}}"#);
        let _ = codes(&read_as(&body));
    }
}

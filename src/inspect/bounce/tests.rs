//! What single refusals come to, and that no text does any harm.

use super::*;

fn told(text: &str) -> (Option<u16>, Option<String>, Reason, bool) {
    let bounce = read_refusal(text);
    (bounce.reply_code, bounce.status, bounce.reason, bounce.hard)
}

#[test]
fn refusals_have_a_reason_and_their_codes() {
    use Reason::*;
    for (text, code, status, reason, hard) in [
        (
            "550 5.1.1 <b@c.example>: Recipient address rejected: User unknown",
            Some(550),
            Some("5.1.1"),
            UserUnknown,
            true,
        ),
        (
            "550-5.1.1 The account\n550-5.1.1 that you tried\n550 5.1.1 to reach does not exist",
            Some(550),
            Some("5.1.1"),
            UserUnknown,
            true,
        ),
        ("smtp; 552 5.2.2 over quota", Some(552), Some("5.2.2"), MailboxFull, false),
        (
            "host mx.c.example[192.0.2.1] said: 554 5.7.1 Client host blocked using bl.example",
            Some(554),
            Some("5.7.1"),
            Blocked,
            false,
        ),
        ("421 4.7.0 Try again later, closing connection.", Some(421), Some("4.7.0"), Blocked, false),
        (
            "553 5.1.8 <a@b.example>... Domain of sender address a@b.example does not exist",
            Some(553),
            Some("5.1.8"),
            Rejected,
            false,
        ),
        ("550 5.7.1 Relaying denied", Some(550), Some("5.7.1"), NoRelaying, false),
        ("550 5.7.26 This mail is unauthenticated", Some(550), Some("5.7.26"), AuthFailure, false),
        ("556 5.1.10 c.example does not accept mail (nullMX)", Some(556), Some("5.1.10"), NotAccept, true),
        ("450 4.1.10 c.example does not accept mail (nullMX)", Some(450), Some("4.1.10"), NotAccept, false),
        ("552 5.3.4 Message size exceeds fixed limit", Some(552), Some("5.3.4"), MesgTooBig, false),
        ("552 5.2.3 Message size exceeds limit", Some(552), Some("5.2.3"), ExceedLimit, false),
        ("550 5.5.2 zzz", Some(550), Some("5.5.2"), SyntaxError, false),
        ("550 5.6.0 zzz", Some(550), Some("5.6.0"), ContentError, false),
        ("550 5.7.99 zzz", Some(550), Some("5.7.99"), SecurityError, false),
        ("550 zzz", Some(550), None, OnHold, false),
        ("zzz", None, None, OnHold, false),
        ("", None, None, Undefined, false),
        ("user unknown (in reply to end of DATA command)", None, None, Filtered, false),
        ("550 5.1.1 user unknown (in reply to end of DATA command)", Some(550), Some("5.1.1"), UserUnknown, true),
        ("sorry, no mailbox here by that name. (#5.1.1)", None, Some("5.1.1"), UserUnknown, true),
        ("connect to 5.1.1.20[5.1.1.20]:25: Connection refused", None, None, NetworkError, false),
        ("it costs 550 euros at 4.5.2026", None, None, OnHold, false),
    ] {
        assert_eq!(told(text), (code, status.map(str::to_owned), reason, hard), "{text}");
    }
}

#[test]
fn the_server_that_refused_is_told_however_it_is_named() {
    for (text, server) in [
        ("host mx.c.example[192.0.2.1] said: 550 no", Some("mx.c.example")),
        (
            "SMTP error from remote mail server after RCPT TO:<b@c.example>: host mx.c.example [192.0.2.1]: 550 no",
            Some("mx.c.example"),
        ),
        ("... while talking to mx.c.example.: >>> RCPT", Some("mx.c.example")),
        (
            "it was rejected by the server for the recipient domain c.example by mx.c.example. [192.0.2.1].",
            Some("mx.c.example"),
        ),
        ("192.0.2.1 does not like recipient.", Some("192.0.2.1")),
        ("Generating server: EX01.c.example", Some("ex01.c.example")),
        ("connect to mx.c.example[2001:db8::1]:25: timed out", Some("mx.c.example")),
        ("550 no", None),
    ] {
        assert_eq!(read_refusal(text).remote_server.as_deref(), server, "{text}");
    }
}

#[test]
fn a_report_tells_each_recipient_with_or_without_blank_lines() {
    let first = "Final-Recipient: rfc822; a@c.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;\n 550 5.1.1\n unknown\n";
    let second = "Original-Recipient: rfc822;b@c.example\nFinal-Recipient: RFC822; <b@c.example>\nAction: delayed\nStatus: 4.4.1 (no answer)\n";
    for between in ["\n", "\n\n", ""] {
        let report = report::read(&[first, between, second].concat());
        let told: Vec<_> = report
            .entries
            .iter()
            .map(|entry| {
                (entry.recipient.as_deref(), entry.action.as_str(), entry.status.as_deref(), entry.diagnostic.as_str())
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("a@c.example"), "failed", Some("5.1.1"), "550 5.1.1 unknown"),
                (Some("b@c.example"), "delayed", Some("4.4.1"), ""),
            ],
            "{between:?}"
        );
    }
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let mut names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert!(names.is_sorted() && names.len() == 35);
    names.dedup();
    assert_eq!(names.len(), Reason::ALL.len());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_nothing_is_lost_by_line_ends(
        text in "((From|To|Subject|Status|Action|Final-Recipient|Diagnostic-Code|Content-Type): ?|[<>@.;:()\\[\\]]|550[- ]|5\\.1\\.1|mailer-daemon|multipart/report|user unknown|host |[a-zé ]{1,8}|\n){0,80}"
    ) {
        let read = |text: &str| crate::inspect::read(text.as_bytes()).map(|read| (read.kind, read.bounces));
        proptest::prop_assert_eq!(read(&text), read(&text.replace('\n', "\r\n")));
        proptest::prop_assert_eq!(read(&text), read(&text.replace('\n', "\r")));
    }

    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
        proptest::prop_assert!(crate::inspect::read(&raw).is_ok());
    }
}

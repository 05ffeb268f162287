use std::process::Command;

use super::*;

/// The same lines, however they are ended. A CR alone beside LF alone would leave open what an empty line is.
fn spellings(mail: &str) -> [Vec<u8>; 4] {
    let mixed = mail.lines().enumerate().flat_map(|(at, line)| {
        let end = ["\n", "\r\n"][at % 2];
        [line, end].concat().into_bytes()
    });
    [mail.into(), mail.replace('\n', "\r\n").into(), mail.replace('\n', "\r").into(), mixed.collect()]
}

const REPORT: &str = "From MAILER-DAEMON Mon Nov 23 10:00:00 2026
From: Mail Delivery System <MAILER-DAEMON@mx.example>
Subject: Undelivered
 Mail
Content-Type: multipart/report; boundary=\"=_a\"

--=_a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe, your mail =
was refused.

--=_a
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; anna@b.example

--=_a
Content-Type: message/rfc822

Subject: hello
Content-Type: text/html

<p>one<br>two</p>
--=_a
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--=_a--
";

#[test]
fn parts_are_told_one_after_another_whatever_ends_the_lines() {
    for raw in spellings(REPORT) {
        let letter = Letter::read(&raw).unwrap();
        assert_eq!(letter.header("subject"), Some("Undelivered Mail"));
        let parts: Vec<_> =
            letter.parts.iter().map(|part| (part.content_type.as_str(), part.depth, part.text.trim())).collect();
        assert_eq!(
            parts,
            [
                ("text/plain", 0, "Grüße, your mail was refused."),
                (
                    "message/delivery-status",
                    0,
                    "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; anna@b.example"
                ),
                ("message/rfc822", 0, "Subject: hello\nContent-Type: text/html"),
                ("text/html", 1, "one\ntwo"),
                ("image/png", 0, ""),
            ]
        );
    }
}

#[test]
fn a_text_without_a_header_block_is_one_part() {
    for text in ["550 5.1.1 User unknown", "https://www.mail-tester.com/test-abc", "note: to self\nno: mail", ""] {
        let letter = Letter::read(text.as_bytes()).unwrap();
        assert!(letter.headers.is_empty(), "{text}");
        assert_eq!(letter.parts.first().map(|part| part.text.as_str()), Some(text));
    }
}

#[test]
fn what_is_beyond_any_mail_is_refused_with_the_reason() {
    let nested = "Content-Type: message/rfc822\n\n";
    for (raw, refusal) in [
        (vec![b'a'; LONGEST + 1], Unreadable::TooLong(LONGEST + 1)),
        (format!("From: a\n{}\n", "X: y\n".repeat(60_000)).into_bytes(), Unreadable::TooManyHeaders),
        (format!("From: a\n{}", nested.repeat(MESSAGES + 1)).into_bytes(), Unreadable::TooManyMessages),
        (
            format!("From: a\nContent-Type: multipart/mixed; boundary=x\n\n{}", "--x\n\n".repeat(PARTS + 1))
                .into_bytes(),
            Unreadable::TooManyParts,
        ),
    ] {
        assert_eq!(Letter::read(&raw), Err(refusal));
    }
    let carried = format!("From: a\n{}", nested.repeat(MESSAGES));
    assert_eq!(Letter::read(carried.as_bytes()).map(|letter| letter.parts.len()), Ok(MESSAGES));
}

/// Two mebibytes of the worst.
fn bomb(kind: &str) -> Vec<u8> {
    let repeat = |head: &str, piece: &str| {
        let times = (LONGEST - head.len()) / piece.len();
        [head, &piece.repeat(times)].concat().into_bytes()
    };
    let numbered = |write: &dyn Fn(usize) -> String| {
        let mut text = "From: a\n".to_owned();
        for piece in (0..).map(write) {
            if text.len() + piece.len() > LONGEST {
                break;
            }
            text += &piece;
        }
        text.into_bytes()
    };
    match kind {
        "nested messages" => repeat("From: a\n", "Content-Type:message/rfc822\n\n"),
        "nested messages, folded" => repeat("From: a\n", "Content-Type:\n message/rfc822\n\n"),
        "nested messages, commented" => repeat("From: a\n", "Content-Type:(x)message/rfc822\n\n"),
        "nested digests" => repeat("From: a\n", "Content-Type:multipart/digest;boundary=a\n\n--a\n\n"),
        "nested multiparts" => numbered(&|at| format!("Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n")),
        "many headers" => repeat("From: a\n", "A: b\n"),
        "many headers of a part" => repeat("From: a\nContent-Type:multipart/mixed;boundary=a\n\n--a\n", "A: b\n"),
        "encoded words" => repeat("Subject: ", "=?utf-8?q?"),
        "encoded words in the body" => repeat("From: a\n\n", "=?utf-8?q?"),
        "many parts" => repeat("From: a\nContent-Type: multipart/mixed; boundary=a\n\n", "--a\n"),
        "many parts, hidden boundary" => {
            repeat("From: a\nContent-Type: multipart/mixed; boundary*=utf-8''%61\n\n", "--a\n")
        }
        "comments" => repeat("Content-Type: ", "("),
        "tags" => repeat("From: a\nContent-Type: text/html\n\n", "<"),
        "references" => repeat("From: a\nContent-Type: text/html\n\n", "&"),
        "carriage returns" => repeat("From: a\n\n", "\r"),
        _ => repeat("From: a\nContent-Transfer-Encoding: base64\nContent-Type: message/rfc822\n\n", "TQpNCk0K"),
    }
}

/// Set where this test runs again in a process of its own.
const BOMB: &str = "MAILMEDIC_TEST_BOMB";

#[test]
fn no_bomb_ends_the_process() {
    if let Ok(kind) = std::env::var(BOMB) {
        let _ = Letter::read(&bomb(&kind));
        return;
    }
    for kind in [
        "nested messages",
        "nested messages, folded",
        "nested messages, commented",
        "nested digests",
        "nested multiparts",
        "many headers",
        "many headers of a part",
        "encoded words",
        "encoded words in the body",
        "many parts",
        "many parts, hidden boundary",
        "comments",
        "tags",
        "references",
        "carriage returns",
        "base64",
    ] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let test = concat!(module_path!(), "::no_bomb_ends_the_process").split_once("::").unwrap().1;
        let ended = child.args([test, "--exact", "--test-threads=1"]).env(BOMB, kind).output().unwrap();
        assert!(ended.status.success(), "{kind}: {}", String::from_utf8_lossy(&ended.stderr));
        assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed"), "{kind}: it did not run");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read(raw in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        proptest::prop_assert!(Letter::read(&raw).is_ok());
    }
}

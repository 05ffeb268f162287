//! Sessions without sockets: what each command leads to, and what nobody gets past.

use std::cell::RefCell;

use super::*;

const OPEN: &str = "open@test.example";

/// A post that knows one address, until it has its mail.
#[derive(Default)]
struct Office {
    taken: RefCell<Vec<Received>>,
}

impl Post for Office {
    fn knows(&self, address: &str) -> bool {
        address == OPEN && self.taken.borrow().is_empty()
    }

    fn deliver(&self, address: &str, mail: Received) -> bool {
        let knows = self.knows(address);
        if knows {
            self.taken.borrow_mut().push(mail);
        }
        knows
    }
}

fn session(tls: Tls) -> Session {
    Session::new("test.example".parse().unwrap(), [192, 0, 2, 1].into(), tls)
}

/// What is said to these bytes, sent one piece after the other; and what is done in the end.
fn talk(session: &mut Session, office: &Office, pieces: &[&str]) -> (Vec<String>, Then) {
    let mut said = Vec::new();
    for piece in pieces {
        let step = session.take(piece.as_bytes(), office);
        said.extend(step.reply.lines().map(str::to_owned));
        if step.then != Then::Read {
            return (said, step.then);
        }
    }
    (said, Then::Read)
}

/// The codes of the replies to these pieces after a greeting, and what is done in the end.
fn codes(pieces: &[&str]) -> (Vec<String>, Then) {
    let (mut session, office) = (session(Tls::NotOffered), Office::default());
    talk(&mut session, &office, &["EHLO client.example\r\n"]);
    let (said, then) = talk(&mut session, &office, pieces);
    (said.iter().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect(), then)
}

const ENVELOPE: &str = "MAIL FROM:<anna@example.com>\r\nRCPT TO:<open@test.example>\r\nDATA\r\n";

#[test]
fn one_mail_is_taken_as_it_was_sent_with_what_was_seen_of_its_sender() {
    let (mut session, office) = (session(Tls::NotOffered), Office::default());
    let pieces = ["EHLO client.example\r\n", ENVELOPE, "From: a\r\n\r\n..Hi\r\n.\r\nQUIT\r\n"];
    let (said, then) = talk(&mut session, &office, &pieces);
    let last: Vec<_> = said.iter().rev().take(2).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!((last, then), (vec!["221", "250"], Then::Close), "{said:?}");
    let taken = office.taken.borrow();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].message, b"From: a\r\n\r\n.Hi\r\n");
    let connection = &taken[0].connection;
    assert_eq!((connection.helo.as_str(), connection.mail_from.as_str()), ("client.example", "anna@example.com"));
    assert_eq!((connection.address, &connection.tls), ([192, 0, 2, 1].into(), &Tls::NotOffered));
}

#[test]
fn what_is_offered_is_told_and_tls_only_where_it_can_be_had() {
    let offers = |tls| talk(&mut session(tls), &Office::default(), &["EHLO client.example\r\n"]).0.join("\n");
    let expected = format!(
        "250-test.example\n250-SIZE {LONGEST}\n250-8BITMIME\n250-SMTPUTF8\n250-PIPELINING\n250-STARTTLS\n250 ENHANCEDSTATUSCODES"
    );
    assert_eq!(offers(Tls::NotUsed), expected);
    let used = Tls::Used { version: String::new(), cipher: String::new() };
    assert!(!offers(Tls::NotOffered).contains("STARTTLS") && !offers(used).contains("STARTTLS"));
}

#[test]
fn each_command_in_its_turn_and_no_other_is_obeyed() {
    for (pieces, expected) in [
        (&["RCPT TO:<open@test.example>\r\n"][..], &["503"][..]),
        (&["DATA\r\n"], &["503"]),
        (&["MAIL FROM:<>\r\n", "DATA\r\n"], &["250", "503"]),
        (&["MAIL FROM:<a@example.com>\r\n", "MAIL FROM:<a@example.com>\r\n"], &["250", "503"]),
        (&["MAIL FROM:<a@example.com>\r\n", "RSET\r\n", "MAIL FROM:<a@example.com>\r\n"], &["250", "250", "250"]),
        (&["MAIL FROM:<a@example.com>\r\n", "EHLO again.example\r\n", "DATA\r\n"][..1], &["250"]),
        (&["NOOP\r\n", "VRFY anna\r\n", "EXPN staff\r\n", "HELP\r\n"], &["250", "252", "502", "502"]),
        (&["AUTH PLAIN AGEAYg==\r\n", "AUTH LOGIN\r\n", "ETRN example.com\r\n"], &["502", "502", "502"]),
        (&["STARTTLS\r\n"], &["502"]),
        (&["FROBNICATE\r\n", "\r\n", "MAIL\r\n", "MAIL FROM:anna\r\n"], &["500", "500", "501", "501"]),
        (&["mail from:<a@example.com>\r\n", "rcpt to:<open@test.example>\r\n"], &["250", "250"]),
    ] {
        assert_eq!(codes(pieces), (expected.iter().map(|code| (*code).to_owned()).collect(), Then::Read), "{pieces:?}");
    }
    assert_eq!(codes(&["BDAT 10 LAST\r\n"]), (vec!["502".to_owned()], Then::Close));
    let (mut session, office) = (session(Tls::NotOffered), Office::default());
    let (said, _) = talk(&mut session, &office, &["MAIL FROM:<a@example.com>\r\n"]);
    assert!(said[0].starts_with("503"), "without a greeting: {said:?}");
}

#[test]
fn parameters_that_were_not_offered_and_senders_that_are_none_are_refused() {
    for (line, code) in [
        ("MAIL FROM:<a@example.com> SIZE=1000 BODY=8BITMIME", "250"),
        ("MAIL FROM:<\u{fc}@example.com> SMTPUTF8", "250"),
        ("MAIL FROM:<\u{fc}@example.com>", "553"),
        ("MAIL FROM:<a@example.com> SIZE=99999999", "552"),
        ("MAIL FROM:<a@example.com> BODY=BINARYMIME", "555"),
        ("MAIL FROM:<a@example.com> RET=FULL", "555"),
        ("MAIL FROM:<a@example.com> AUTH=<>", "555"),
        ("MAIL FROM:<a@example.com> REQUIRETLS", "555"),
        ("MAIL FROM:<a@example.com> MT-PRIORITY=3", "555"),
        ("MAIL FROM:<a@example.com> BY=100;R", "555"),
        ("MAIL FROM:<a@example.com> HOLDFOR=100", "555"),
        ("MAIL FROM:<a@example.com> X=Y", "555"),
        ("MAIL FROM:<a b>", "553"),
    ] {
        assert_eq!(codes(&[&format!("{line}\r\n")]).0, [code], "{line}");
    }
}

#[test]
fn nothing_is_taken_for_anybody_who_is_not_known() {
    let mail = "MAIL FROM:<a@example.com>\r\n";
    for address in [
        "anna@example.com",
        "open@other.example",
        "open",
        "",
        "postmaster",
        "open%example.com@test.example",
        "x@[192.0.2.1]",
    ] {
        let (said, _) = codes(&[mail, &format!("RCPT TO:<{address}>\r\n"), "DATA\r\n"]);
        assert!(matches!(said[1].as_str(), "550" | "553" | "501"), "{address}: {said:?}");
        assert_eq!(said[2], "503", "{address}");
    }
    let twice = [mail, "RCPT TO:<open@test.example>\r\n", "RCPT TO:<open@test.example>\r\n"];
    assert_eq!(codes(&twice).0, ["250", "250", "452"]);
    assert_eq!(codes(&[mail, "RCPT TO:<open@test.example> NOTIFY=NEVER\r\n"]).0, ["250", "555"]);
}

#[test]
fn a_second_mail_is_refused_at_rcpt_and_one_that_was_under_way_at_its_end() {
    let office = Office::default();
    let (mut first, mut second) = (session(Tls::NotOffered), session(Tls::NotOffered));
    for session in [&mut first, &mut second] {
        talk(session, &office, &["EHLO client.example\r\n", ENVELOPE]);
    }
    assert!(talk(&mut first, &office, &["1\r\n.\r\n"]).0[0].starts_with("250"));
    assert!(talk(&mut second, &office, &["2\r\n.\r\n"]).0[0].starts_with("550"));
    assert_eq!(office.taken.borrow().len(), 1);
    let (said, _) = talk(&mut first, &office, &["MAIL FROM:<>\r\n", "RCPT TO:<open@test.example>\r\n"]);
    assert!(said[1].starts_with("550"), "{said:?}");
}

#[test]
fn smuggled_mail_does_not_arrive() {
    let second = "MAIL FROM:<evil@example.com>\r\nRCPT TO:<open@test.example>\r\nDATA\r\nFrom: evil\r\n\r\nHi\r\n.\r\n";
    for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\n\r.\r\n", "\r\r\n.\r\r\n"] {
        let (mut session, office) = (session(Tls::NotOffered), Office::default());
        talk(&mut session, &office, &["EHLO client.example\r\n", ENVELOPE]);
        let (said, then) = talk(&mut session, &office, &[&format!("Hi{end}{second}")]);
        assert!(said[0].starts_with("521") && said.len() == 1, "{end:?}: {said:?}");
        assert_eq!((then, office.taken.borrow().len()), (Then::Close, 0), "{end:?}");
    }
    for line in ["NOOP\n", "NOOP\rNOOP\r\n", "MAIL FROM:<a@example.com>\nRCPT TO:<open@test.example>\r\n"] {
        assert_eq!(codes(&[line]), (vec!["521".to_owned()], Then::Close), "{line:?}");
    }
    for line in ["NOOP \0\r\n", "MAIL FROM:<a\t@example.com>\r\n", "NOOP \u{1b}[2J\r\n"] {
        assert_eq!(codes(&[line]).0, ["500"], "{line:?}");
    }
}

#[test]
fn whoever_goes_on_before_the_reply_is_out() {
    let refused = (vec!["554".to_owned()], Then::Close);
    for piece in [
        "NOOP\r\nNOOP\r\n",
        "VRFY a\r\nQ",
        "EHLO again.example\r\nMAIL FROM:<a@example.com>\r\n",
        "STARTTLS\r\nMAIL FROM:<a@example.com>\r\n",
        "DATA\r\nFrom: a\r\n",
    ] {
        assert_eq!(codes(&[piece]), refused, "{piece:?}");
    }
    let (said, then) = codes(&[&format!("{ENVELOPE}From: a\r\n\r\nHi\r\n.\r\n")]);
    assert_eq!((said.last().map(String::as_str), then), (Some("554"), Then::Close));
    // Whoever greeted with HELO was offered no pipelining.
    let (mut session, office) = (session(Tls::NotOffered), Office::default());
    let (said, then) =
        talk(&mut session, &office, &["HELO client.example\r\n", "MAIL FROM:<>\r\nRCPT TO:<open@test.example>\r\n"]);
    assert!(said[1].starts_with("554") && then == Then::Close, "{said:?}");
}

#[test]
fn nothing_said_before_tls_counts_behind_it() {
    let (mut session, office) = (session(Tls::NotUsed), Office::default());
    let pieces = ["EHLO client.example\r\n", "MAIL FROM:<evil@example.com>\r\n", "STARTTLS\r\n"];
    assert_eq!(talk(&mut session, &office, &pieces).1, Then::StartTls);
    session.secured(Tls::Used { version: "TLSv1.3".to_owned(), cipher: "x".to_owned() });
    let (said, _) = talk(&mut session, &office, &["RCPT TO:<open@test.example>\r\n", "MAIL FROM:<a@example.com>\r\n"]);
    assert!(said.iter().all(|line| line.starts_with("503")), "{said:?}");
    let (said, _) = talk(&mut session, &office, &["EHLO client.example\r\n", "STARTTLS\r\n"]);
    assert!(said.last().unwrap().starts_with("503"), "{said:?}");
    // Bytes behind STARTTLS would be read as if TLS had covered them.
    let injected = ["EHLO client.example\r\n", "STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n"];
    let (said, then) = talk(&mut self::session(Tls::NotUsed), &office, &injected);
    assert!(said.last().unwrap().starts_with("554") && then == Then::Close, "{said:?}");
}

#[test]
fn whoever_says_too_much_is_out() {
    let noops = vec!["NOOP\r\n"; MOST_COMMANDS + 1];
    let (said, then) = codes(&noops);
    assert_eq!((said.len(), said.last().map(String::as_str), then), (MOST_COMMANDS, Some("421"), Then::Close));
    let (said, then) = codes(&["X\r\n"; MOST_ERRORS + 1]);
    assert_eq!((said.len(), said.last().map(String::as_str), then), (MOST_ERRORS + 1, Some("421"), Then::Close));
    let long = format!("NOOP {}", "x".repeat(LONGEST_LINE));
    assert_eq!(codes(&[&long]), (vec!["500".to_owned()], Then::Close), "a line without an end");
    assert_eq!(codes(&[&format!("{long}\r\n")]), (vec!["500".to_owned()], Then::Close));
    let fits = format!("NOOP {}\r\n", "x".repeat(LONGEST_LINE - 5));
    assert_eq!(codes(&[&fits]).0, ["250"]);
}

#[test]
fn a_message_that_is_too_long_is_refused_at_its_end_and_a_far_longer_one_before() {
    let line = "x".repeat(998) + "\r\n";
    let send = |bytes: usize, end: &str| {
        let (mut session, office) = (session(Tls::NotOffered), Office::default());
        talk(&mut session, &office, &["EHLO client.example\r\n", ENVELOPE]);
        let (said, then) = talk(&mut session, &office, &[&line.repeat(bytes / line.len()), end]);
        (said.first().and_then(|line| line.get(..3)).map(str::to_owned), then, office.taken.borrow().len())
    };
    assert_eq!(send(LONGEST - 2_000, ".\r\n"), (Some("250".to_owned()), Then::Read, 1));
    assert_eq!(send(LONGEST + 2_000, ".\r\n"), (Some("552".to_owned()), Then::Read, 0));
    assert_eq!(send(MOST_DISCARDED + 2_000, ""), (Some("552".to_owned()), Then::Close, 0));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_no_mail_is_taken_without_its_strict_end(
        text in "((EHLO|HELO|MAIL FROM:|RCPT TO:|DATA|STARTTLS|RSET|QUIT|<a@b.example>|<open@test.example>|SIZE=|BODY=| |\\.|\r|\n|\r\n|x|\\PC){0,12}\r?\n?){0,8}",
        raw in proptest::collection::vec(0u8..=255, 0..200),
        split in 0usize..100,
    ) {
        for bytes in [text.as_bytes(), &raw] {
            let (mut session, office) = (session(Tls::NotUsed), Office::default());
            talk(&mut session, &office, &["EHLO client.example\r\n"]);
            let (one, two) = bytes.split_at(split.min(bytes.len()));
            if session.take(one, &office).then == Then::Read {
                session.take(two, &office);
            }
            let strict = bytes.windows(5).any(|window| window == b"\r\n.\r\n");
            proptest::prop_assert!(strict || office.taken.borrow().is_empty());
        }
    }

    #[test]
    fn a_message_arrives_whole_however_it_is_cut(lines in proptest::collection::vec("\\.{0,2}[a-z]{0,5}", 0..6), cut in 1usize..9) {
        let (mut session, office) = (session(Tls::NotOffered), Office::default());
        talk(&mut session, &office, &["EHLO client.example\r\n", ENVELOPE]);
        let (mut message, mut stuffed) = (String::new(), String::new());
        for line in &lines {
            let dot = if line.starts_with('.') { "." } else { "" };
            message.extend([line, "\r\n"]);
            stuffed.extend([dot, line, "\r\n"]);
        }
        for piece in format!("{stuffed}.\r\n").as_bytes().chunks(cut) {
            session.take(piece, &office);
        }
        let taken = office.taken.borrow();
        proptest::prop_assert_eq!(taken.iter().map(|mail| mail.message.as_slice()).collect::<Vec<_>>(), [message.as_bytes()]);
    }
}

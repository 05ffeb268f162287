//! `check --save` and `check --replay`: a look at a domain is kept, and gives the same report without a network.
//!
//! Every file of `tests/transcripts` is a look that once happened; what it must say stands in the table here.

use std::path::{Path, PathBuf};

use mailmedic::config::Config;
use mailmedic::transcript::Transcript;

use crate::cli::{complained, file, run, said, server};
use crate::lab::{engine, faults};
use crate::nameserver::{Fault, NameServer, Zones};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// Saves a look at each domain, replays it where no name server is, and compares what is printed.
#[test]
fn a_saved_look_gives_the_same_report_as_text_and_as_json() {
    let (server, resolver) = server(&["healthy", "spf", "dkim", "dmarc", "dns", "mx", "ptr"]);
    let kept = tempfile::tempdir().unwrap();
    for domain in
        ["healthy.example", "two-spf.example", "dkim-1024.example", "no-such-name.example", "servfail.example"]
    {
        let path = kept.path().join(domain);
        let path = path.to_str().unwrap();
        for json in [None, Some("--json")] {
            let looked = ["check", domain, "--resolver", &resolver, "--selector", "s1", "--save", path];
            let live = run(&looked.into_iter().chain(json).collect::<Vec<_>>());
            let asked = server.questions().len();
            let replayed = run(&["check", "--replay", path].into_iter().chain(json).collect::<Vec<_>>());
            assert_eq!(said(&replayed), said(&live), "{domain}: {}", complained(&replayed));
            assert_eq!(replayed.status.code(), live.status.code(), "{domain}");
            assert_eq!(server.questions().len(), asked, "{domain}: a replay asks nobody");
        }
    }
}

#[tokio::test]
async fn a_look_that_was_cut_off_is_replayed_as_it_was() {
    let mut zones = Zones::load(&["healthy"]);
    let _rule = zones.fault("mx2.healthy.example", Fault::Silent);
    let server = NameServer::start(zones).await;
    let mut config = Config::default();
    config.probe.budget.questions = 12;
    let cut = engine(&server, config);
    let mut work = cut.begin(crate::lab::check("healthy.example"));
    work.finish().await;
    let mut text = Vec::new();
    work.transcript().unwrap().write(&mut text).unwrap();
    let mut again = engine(&server, Config::default()).replay(Transcript::read(&text[..]).unwrap());
    again.finish().await;
    assert_eq!(again.answer(), work.answer());
    assert!(faults(&again.report().unwrap()).iter().any(|code| code.ends_with("-unknown")));
}

#[tokio::test]
async fn every_kept_look_says_what_it_said() {
    let expected: &[(&str, &[&str])] = &[
        ("healthy.jsonl", &[]),
        ("two-spf.jsonl", &["spf-two-records"]),
        (
            "name-servers-out-of-reach.jsonl",
            &[
                "dns-servers-fail",
                "ns-unknown",
                "dnssec-unknown",
                "mx-unknown",
                "spf-unknown",
                "dkim-unknown",
                "dmarc-unknown",
                "mta-sts-unknown",
                "tls-rpt-unknown",
                "dane-unknown",
                "ptr-unknown",
                "dnsbl-target-unknown",
                "bimi-unknown",
                "autoconfig-unknown",
            ],
        ),
    ];
    let nobody = crate::lab::engine_on(std::sync::Arc::new(crate::lab::Nobody), Config::default());
    let mut kept: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    kept.sort_unstable();
    let mut listed: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    listed.sort_unstable();
    assert_eq!(kept, listed, "each file of tests/transcripts has its row here");
    for (name, codes) in expected {
        let transcript = Transcript::read(std::fs::File::open(folder().join(name)).unwrap()).unwrap();
        let mut work = nobody.replay(transcript);
        work.finish().await;
        assert_eq!(faults(&work.report().unwrap()), *codes, "{name}");
    }
}

#[test]
fn a_file_that_is_no_transcript_is_told_in_a_sentence_and_exits_2() {
    let (_folder, nonsense) = file("nonsense.jsonl", "\u{1b}[31m{}\n");
    for (path, sentence) in [
        ("/no/such/file", "cannot be read: No such file"),
        ("/dev/zero", "below 8 MiB"),
        (nonsense.to_str().unwrap(), "the first line does not tell what was looked at"),
    ] {
        let output = run(&["check", "--replay", path]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(complained(&output).contains(sentence), "{path}: {}", complained(&output));
        assert!(!complained(&output).contains('\u{1b}'), "{path}");
    }
    for (arguments, sentence) in [
        (vec!["check", "a.example", "b.example", "--save", "x"], "keeps the replies of one domain"),
        (vec!["check", "a.example", "--save", "/no/such/folder/x"], "No such file"),
        (vec!["check", "a.example", "--replay", "x"], "cannot be used with"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complained(&output).contains(sentence), "{}", complained(&output));
    }
}

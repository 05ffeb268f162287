//! The command line as scripts and people use it: the real binary, its output, its exit codes.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::discord::fixtures::{APPLICATION, QUIET_ROLE, STAFF_ROLE, TOKEN, slash};
use crate::discord::gateway::intents;
use crate::discord::{Settings, StandIn};
use crate::nameserver::{Fault, NameServer, Zones};

/// What the binary is told where a test says nothing else: to speak to the resolver alone, for the zones of the tests name
/// addresses of real hosts.
const RESOLVER_ALONE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/resolver-alone.toml");

/// The binary, with an environment of its own: [`RESOLVER_ALONE`], no colours, no token.
pub(crate) fn mailmedic(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailmedic"));
    command.args(arguments).stdin(Stdio::null()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("MAILMEDIC_CONFIG", RESOLVER_ALONE);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    mailmedic(arguments).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file with this text, in a folder that is gone at the end.
pub(crate) fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

pub(crate) fn server(zones: &[&str]) -> (NameServer, String) {
    let server = NameServer::start_apart(Zones::load(zones));
    let address = server.address().to_string();
    (server, address)
}

#[test]
fn help_tells_what_there_is() {
    insta::assert_snapshot!(said(&run(&["--help"])));
    insta::assert_snapshot!("check_help", said(&run(&["check", "--help"])));
}

#[test]
fn check_prints_the_contracted_json_and_exits_1_for_a_fault() {
    let (_server, resolver) = server(&["spf"]);
    let output = run(&["check", "two-spf.example", "--json", "--resolver", &resolver]);
    assert_eq!(output.status.code(), Some(1), "{}", complained(&output));
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["cost"]["questions"].as_u64().unwrap() > 10);
    document["cost"] = "…".into();
    document["findings"].as_array_mut().unwrap().retain(|finding| finding["topic"] == "spf");
    document["remedies"].as_array_mut().unwrap().truncate(1);
    insta::assert_json_snapshot!(document);
}

#[test]
fn check_exits_0_when_all_is_well_and_4_when_the_network_would_not_say() {
    let (_server, resolver) = server(&["healthy", "dns"]);
    for (domain, exit) in [("healthy.example", 0), ("servfail.example", 4), ("no-such-name.example", 1)] {
        let output = run(&["check", domain, "--dns-only", "--resolver", &resolver]);
        assert_eq!(output.status.code(), Some(exit), "{domain}: {}", said(&output));
    }
}

#[test]
fn without_a_network_check_says_which_resolver_did_not_answer() {
    let mut zones = Zones::default();
    let _rule = zones.fault("*", Fault::Silent);
    let server = NameServer::start_apart(zones);
    let resolver = server.address().to_string();
    let output = run(&["check", "healthy.example", "--resolver", &resolver, "--timeout", "300ms"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains(&resolver), "{}", said(&output));
}

#[test]
fn only_the_topics_that_are_named_are_looked_at() {
    let (server, resolver) = server(&["healthy"]);
    let output = run(&["check", "healthy.example", "--only", "mx,dns", "--json", "--resolver", &resolver]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["topics"], serde_json::json!({ "dns": "ok", "mx": "ok" }));
    assert_eq!(server.count("healthy.example", "TXT"), 0);
}

#[test]
fn nonsense_on_the_command_line_exits_2_with_a_sentence() {
    let labels = vec!["a"; 300].join(".");
    for (arguments, sentence) in [
        (vec!["check", "192.0.2.1"], "is an IP address"),
        (vec!["check", "localhost"], "has no dot"),
        (vec!["check", "com"], "has no dot"),
        (vec!["check", "2001:db8::1"], "is an IP address"),
        (vec!["check", "a..b"], "is not a domain"),
        (vec!["check", &labels], "is too long for a domain"),
        (vec!["check", "example.com", "192.0.2.1"], "is an IP address"),
        (vec!["check", "example.com", "--selector", "a;b"], "is not a DKIM selector"),
        (vec!["check"], "required"),
        (vec!["check", "example.com", "--only", "mxx"], "no such name `mxx`"),
        (vec!["check", "example.com", "--resolver", "dns.example"], "named by its IP"),
        (vec!["spf", "--ip", "x", "--helo", "a", "--mail-from", ""], "invalid IP address"),
        (vec!["load", "1 2", "4"], "write those of 1, 5 and 15 minutes"),
        (vec!["load", "1 2 3", "-1"], "is not a number of CPUs"),
        (vec!["ask"], "required"),
        (vec!["frobnicate"], "unrecognized"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complained(&output).contains(sentence), "{arguments:?}: {}", complained(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn ask_prints_the_contracted_json() {
    let (_server, resolver) = server(&["spf"]);
    let question = [
        "ask",
        "--json",
        "--resolver",
        &resolver,
        "emails from anna@two-spf.example end up in the recipients' spam folder",
    ];
    let document: Value = serde_json::from_slice(&run(&question).stdout).unwrap();
    assert_eq!((&document["schema"], &document["decision"]), (&1.into(), &"answer".into()));
    assert_eq!(document["matches"][0]["entry"], "sent-email-in-spam");
    assert!(document["matches"][0]["confidence"].as_f64().unwrap() > 0.5);
    assert_eq!(document["check"]["domain"], "two-spf.example");
    assert_eq!(document["check"]["topics"]["spf"], "fail");
    assert!(document["answer"]["blocks"].is_array());
    let without: Value = serde_json::from_slice(&run(&["ask", "--json", "lovely weather"]).stdout).unwrap();
    assert_eq!((&without["decision"], &without["check"]), (&"quiet".into(), &Value::Null));
}

#[test]
fn a_batch_answers_line_by_line_without_any_network() {
    let lines =
        "{\"id\":1,\"text\":\"nothing arrives in my inbox at example.com\"}\n\n{\"id\":\"b\",\"text\":\"hello\"}\n";
    let (_folder, path) = file("questions.jsonl", lines);
    let output = run(&["ask", "--batch", path.to_str().unwrap()]);
    let answers: Vec<Value> = said(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&answers[0]["id"], &answers[1]["id"]), (&1.into(), &"b".into()));
    assert_eq!(answers[0]["matches"].as_array().unwrap().len(), 5);
    assert_eq!(answers[0]["matches"][0]["entry"], "cannot-receive-email");
    assert_eq!(answers[1]["decision"], "quiet");
    let (_folder, path) = file("broken.jsonl", "{\"id\":1,\"text\":\"a\"}\nnonsense\n");
    let output = run(&["ask", "--batch", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complained(&output).contains("line 2"), "{}", complained(&output));
}

#[test]
fn the_knowledge_does_as_well_as_is_expected_of_it() {
    let output = run(&["knowledge", "test"]);
    assert_eq!((output.status.code(), complained(&output).as_str()), (Some(0), ""), "{}", said(&output));
    let told = said(&output);
    for part in ["recall@1", "auroc", "cannot-receive-email", "paraphrase", "worst confusions", "answer_at"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let summary = told.lines().last().unwrap();
    let numbers: Vec<u32> = summary.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    let [asked, first, among_three] = numbers[..] else { panic!("{summary}") };
    assert!(asked >= 90 && first * 100 >= asked * 88 && among_three * 100 >= asked * 98, "{summary}");
}

#[test]
fn why_tells_the_words_that_decided() {
    let told = said(&run(&["ask", "--why", "the webmail login is refused"]));
    assert!(told.contains("webmail-authentication-error") && told.contains("webmail"), "{told}");
    assert!(told.contains("what spoke for"), "{told}");
}

#[test]
fn what_a_helper_answered_is_learned_when_staff_approve_it_and_never_before() {
    let folder = tempfile::tempdir().unwrap();
    let knowledge = folder.path().join("knowledge");
    for room in ["entries", "findings"] {
        std::fs::create_dir_all(knowledge.join(room)).unwrap();
        for file in
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/knowledge").to_owned() + "/" + room).unwrap()
        {
            let path = file.unwrap().path();
            std::fs::copy(&path, knowledge.join(room).join(path.file_name().unwrap())).unwrap();
        }
    }
    let entry = knowledge.join("entries/data-recovery.toml");
    let question = "zork ate the quux of my letters, bring the quux home";
    let line = |question: &str, entry: &str| {
        format!("{{\"question\":\"{question}\",\"entry\":\"{entry}\",\"who\":\"Ben\"}}\n")
    };
    let candidates = folder.path().join("candidates.jsonl");
    std::fs::write(&candidates, line(question, "data-recovery") + &line("another thing altogether", "no-such"))
        .unwrap();
    let file = candidates.to_str().unwrap();
    let into = knowledge.to_str().unwrap();

    assert!(said(&run(&["knowledge", "adopt", file])).contains("2 candidates"));
    assert!(!std::fs::read_to_string(&entry).unwrap().contains("quux"), "showing changes nothing");
    let refused = run(&["knowledge", "adopt", file, "--approve", "2", "--into", into]);
    assert_eq!(refused.status.code(), Some(3), "{}", complained(&refused));
    let nowhere = run(&["knowledge", "adopt", file, "--approve", "1"]);
    assert_eq!(nowhere.status.code(), Some(2), "the binary's own knowledge cannot be changed");
    let told = said(&run(&["knowledge", "adopt", file, "--approve", "1", "--reject", "2", "--into", into]));
    assert!(told.contains("1 adopted, 1 rejected, 0 left"), "{told}");
    assert!(std::fs::read_to_string(&entry).unwrap().contains("symptoms.adopted"));
    assert!(std::fs::read_to_string(&candidates).unwrap().is_empty());

    let (_folder, config) = file_of(&format!("[knowledge]\npath = \"{into}\"\n"));
    let told = said(&run(&["--config", &config, "ask", "--why", question]));
    assert!(told.lines().nth(1).unwrap().contains("data-recovery"), "{told}");
}

fn file_of(text: &str) -> (tempfile::TempDir, String) {
    let (folder, path) = file("mailmedic.toml", text);
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn spf_prints_the_contracted_json() {
    let (_server, resolver) = server(&["spf"]);
    let output = run(&[
        "spf",
        "--ip",
        "192.0.2.1",
        "--helo",
        "mail.example",
        "--mail-from",
        "a@two-spf.example",
        "--json",
        "--resolver",
        &resolver,
        "--timeout-ms",
        "300",
    ]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&document["schema"], &document["result"]), (&1.into(), &"permerror".into()));
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["explanation", "lookups", "matched", "problem", "result", "schema", "tree", "voids"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn spf_tells_people_the_result_and_the_tree_that_led_to_it() {
    let (_server, resolver) = server(&["spf"]);
    for (ip, domain, code, lines) in [
        (
            "192.0.2.33",
            "spf-split.example",
            0,
            &[
                "Yes: the SPF record of `spf-split.example` lets `192.0.2.33` send (pass).",
                "          ip4:192.0.2.32/28  <- matches",
            ][..],
        ),
        (
            "192.0.2.1",
            "spf-split.example",
            1,
            &[
                "No: the SPF record of `spf-split.example` does not let `192.0.2.1` send (fail).",
                "    -all  <- decides",
            ],
        ),
        (
            "192.0.2.1",
            "no-spf.example",
            0,
            &["That is left open: `no-spf.example` has no SPF record that could speak of"],
        ),
        (
            "192.0.2.1",
            "spf-eleven-lookups.example",
            1,
            &[
                "Terms that cause look-ups: 11 of the 10 that are allowed; 0 of them found",
                "        include:b1.spf-eleven-lookups.example  1 look-up",
                "        mx:host.example  1 look-up  <- ends it",
            ],
        ),
    ] {
        let sender = format!("a@{domain}");
        let output = run(&["spf", "--ip", ip, "--helo", "h.example", "--mail-from", &sender, "--resolver", &resolver]);
        let told = said(&output);
        for line in lines {
            assert!(told.lines().any(|other| other.trim() == line.trim()), "{line}: {told}");
        }
        assert_eq!(output.status.code(), Some(code), "{told}");
    }
}

#[test]
fn load_reads_the_averages_against_the_cpus() {
    let output = run(&["load", "load average: 4,64, 4,90, 3,45", "2"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("load", said(&output));
    let output = run(&["load", "0.5 1.0 2.5", "4", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["findings"].as_array_mut().unwrap().truncate(1);
    insta::assert_json_snapshot!("load_json", document);
    let over: Value = serde_json::from_slice(&run(&["load", "3 3 3", "2", "--json"]).stdout).unwrap();
    assert_eq!(over["remedies"][0]["entry"], "timeouts-server-overload");
    assert_eq!(over["remedies"][0]["steps"][1]["state"], "confirmed");
}

#[test]
fn without_a_status_page_status_says_so() {
    let output = run(&["status"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("I know of no status page"), "{}", said(&output));
    let document: Value = serde_json::from_slice(&run(&["status", "--json"]).stdout).unwrap();
    assert_eq!((&document["page"], &document["verdict"]), (&Value::Null, &"unknown".into()));
    let (_folder, config) =
        file_of("[brand]\nstatus_url = \"https://status.host.example/\"\n[probe]\nconnect = false\n");
    let (_server, resolver) = server(&["dns"]);
    let output = run(&["--config", &config, "status", "--json", "--resolver", &resolver]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &document["findings"][0]["code"]), (Some(4), &"status-unknown".into()));
}

#[test]
fn a_broken_configuration_is_told_whole_and_nothing_starts() {
    let (_folder, path) = file("mailmedic.toml", "[resolver]\nserver = []\ntimeout = 3\n");
    let output = run(&["--config", path.to_str().unwrap(), "check", "example.com"]);
    assert_eq!(output.status.code(), Some(3));
    let told = complained(&output);
    assert!(told.contains("mailmedic.toml:2:1") && told.contains("mailmedic.toml:3:11"), "{told}");
    assert!(told.contains("did you mean `servers`?") && told.contains("2 problems"), "{told}");
}

#[test]
fn a_broken_knowledge_is_told_whole_and_nothing_starts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("entries")).unwrap();
    std::fs::create_dir(folder.path().join("findings")).unwrap();
    std::fs::write(folder.path().join("entries/a.toml"), "id = \"b\"\ntitel = \"x\"\n").unwrap();
    let (_kept, config) = file("m.toml", &format!("[knowledge]\npath = {:?}\n", folder.path()));
    let output = run(&["--config", config.to_str().unwrap(), "ask", "hello"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(complained(&output).contains("did you mean `title`?"), "{}", complained(&output));
    let output = run(&["knowledge", "lint", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("a.toml:2:1"), "{}", said(&output));
}

#[test]
fn the_example_configuration_is_the_default() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/mailmedic.toml");
    let default = mailmedic(&["config", "show"]).env_remove("MAILMEDIC_CONFIG").output().unwrap();
    assert_eq!(said(&run(&["--config", example, "config", "show"])), said(&default));
    assert_eq!(run(&["--config", example, "config", "check"]).status.code(), Some(0));
}

#[test]
fn the_shipped_knowledge_has_no_fault() {
    let output = run(&["knowledge", "lint"]);
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), "0 errors, 0 warnings\n"));
    assert_eq!(said(&run(&["knowledge", "list"])).lines().count(), 17);
}

#[test]
fn the_demo_plays_its_tour_when_nobody_types() {
    let output = run(&["demo"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = said(&output).lines().filter(|line| !line.contains("DNS questions")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(lines);
}

#[test]
fn the_demo_answers_what_is_piped_into_it() {
    let mut demo = mailmedic(&["demo"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    demo.stdin.take().unwrap().write_all(b"/check two-spf.example\nlovely weather today\n/nonsense\n").unwrap();
    let output = demo.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let told = said(&output);
    assert!(told.contains("More than one SPF record") && told.contains("The mend, tested"), "{told}");
    assert!(told.contains("stays quiet") && told.contains("there is no `/nonsense`"), "{told}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let plain = mailmedic(&["knowledge", "show", "data-recovery"]).output().unwrap();
    assert!(!said(&plain).contains('\u{1b}'));
    let forced = mailmedic(&["knowledge", "show", "data-recovery"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(said(&forced).contains('\u{1b}'));
    let refused =
        mailmedic(&["knowledge", "show", "data-recovery"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output();
    assert!(!said(&refused.unwrap()).contains('\u{1b}'));
}

#[test]
fn completions_and_the_manual_are_made_from_the_grammar() {
    assert!(said(&run(&["completions", "bash"])).contains("mailmedic"));
    assert!(said(&run(&["man"])).starts_with(".ie"));
}

#[test]
fn without_a_token_serve_says_which_key_and_what_works_without() {
    for (config, key) in [("", "`application_id`"), ("[discord]\napplication_id = \"1\"\n", "`DISCORD_TOKEN`")] {
        let (_folder, path) = file("m.toml", config);
        let output = run(&["--config", path.to_str().unwrap(), "serve"]);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            complained(&output).contains(key) && complained(&output).contains("still work"),
            "{}",
            complained(&output)
        );
    }
}

#[test]
fn the_invitation_asks_for_no_more_than_is_needed() {
    let (_folder, path) = file("m.toml", "[discord]\napplication_id = \"42\"\n");
    let output = run(&["--config", path.to_str().unwrap(), "invite"]);
    // View Channels, Send Messages (also in threads), Embed Links, Read Message History, Create Public Threads, Add
    // Reactions.
    let permissions = (1_u64 << 10) | (1 << 11) | (1 << 14) | (1 << 16) | (1 << 38) | (1 << 35) | (1 << 6);
    assert_eq!(
        said(&output).trim(),
        format!(
            "https://discord.com/oauth2/authorize?client_id=42&scope=bot%20applications.commands&permissions={permissions}"
        )
    );
}

/// The configuration of a binary that meets the stand-in and the name server.
fn settings(discord: &StandIn, names: &NameServer) -> String {
    format!(
        "[discord]\napplication_id = \"{APPLICATION}\"\nproxy_url = \"{}\"\n[probe]\nconnect = false\n[resolver]\nservers = [\"{}\"]\n\
         [http]\nlisten = \"127.0.0.1:0\"\n",
        discord.proxy_url(),
        names.address()
    )
}

#[tokio::test]
async fn the_binary_registers_serves_and_finishes_its_answer_at_sigterm() {
    let discord = StandIn::start_with(Settings { heartbeat: Duration::from_secs(1), ..Settings::default() }).await;
    let mut zones = Zones::load(&["healthy"]);
    let _rule = zones.fault("*", Fault::Delay(Duration::from_millis(300))).only("TXT");
    let names = NameServer::start(zones).await;
    let (_folder, path) = file("m.toml", &settings(&discord, &names));
    let command = |verb: &str| {
        let mut command = tokio::process::Command::from(mailmedic(&["--config", path.to_str().unwrap(), verb]));
        command.env("DISCORD_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    };
    let doctor = command("doctor").output().await.unwrap();
    assert_eq!(doctor.status.code(), Some(1), "{}", said(&doctor));
    assert!(said(&doctor).contains("run `mailmedic register`"), "{}", said(&doctor));
    assert!(said(&doctor).contains("set `public_url` under `[http]`"), "{}", said(&doctor));
    let registered = command("register").output().await.unwrap();
    let count = discord.commands().await.len();
    assert_eq!(said(&registered), format!("{count} commands registered everywhere\n"), "{}", complained(&registered));
    let doctor = command("doctor").output().await.unwrap();
    assert_eq!(doctor.status.code(), Some(0), "{}", said(&doctor));
    for (role, told) in
        [(STAFF_ROLE, "ok       mention role"), (QUIET_ROLE, "nobody hears when"), ("7", "has a role 7")]
    {
        let with_role =
            settings(&discord, &names).replace("[discord]", &format!("[discord]\nmention_role = \"{role}\""));
        let (_folder, path) = file("role.toml", &with_role);
        let doctor = mailmedic(&["--config", path.to_str().unwrap(), "doctor"]);
        let doctor = tokio::process::Command::from(doctor).env("DISCORD_TOKEN", TOKEN).output().await.unwrap();
        assert!(said(&doctor).contains(told), "{}", said(&doctor));
    }
    assert!(
        said(&doctor).contains("ok       message content: not granted; commands and mentions work"),
        "{}",
        said(&doctor)
    );

    let bot = command("serve").spawn().unwrap();
    discord.gateway().connected().await;
    let asked = discord.dispatch(slash("check", &[("domain", "healthy.example")])).await;
    assert_eq!(asked.acknowledged().await.kind, 5);
    let ended = Command::new("kill").arg(bot.id().unwrap().to_string()).status().unwrap();
    assert!(ended.success());
    assert_eq!(asked.edited().await["embeds"][0]["title"], "healthy.example");
    let output = bot.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    discord.judge_output(&complained(&output));
    assert!(!complained(&output).contains("healthy.example"), "what people ask for is not logged");
    discord.finish().await;
}

#[tokio::test]
async fn the_doctor_says_whether_the_channels_that_are_named_can_be_read() {
    let names = NameServer::start(Zones::load(&["healthy"])).await;
    for (granted_intents, code, told) in [
        (
            0,
            1,
            "missing  message content: not granted, so the channels and forums stay unread; switch on \"Message Content",
        ),
        (intents::MESSAGE_CONTENT, 0, "ok       message content: granted\n"),
    ] {
        let discord = StandIn::start_with(Settings { granted_intents, ..Settings::default() }).await;
        let config = settings(&discord, &names).replace("[discord]", "[discord]\nchannels = [\"42\"]");
        let (_folder, path) = file("m.toml", &config);
        let run = async |verb: &str| {
            let mut command = tokio::process::Command::from(mailmedic(&["--config", path.to_str().unwrap(), verb]));
            command.env("DISCORD_TOKEN", TOKEN).output().await.unwrap()
        };
        run("register").await;
        let doctor = run("doctor").await;
        assert_eq!(doctor.status.code(), Some(code), "{}", said(&doctor));
        assert!(said(&doctor).contains(told), "{}", said(&doctor));
        discord.finish().await;
    }
}

#[test]
fn the_conversation_in_the_readme_is_a_real_one() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let told = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let tour = said(&run(&["demo"]));
    let tour: Vec<&str> = tour.lines().filter(|line| !line.contains("DNS questions")).collect();
    let tour = tour.join("\n");
    assert!(told.matches("you: ").count() >= 3);
    for exchange in told.split("you: ").filter(|exchange| !exchange.trim().is_empty()) {
        assert!(tour.contains(exchange.trim_end()), "the demo does not say:\n{exchange}");
    }
}

#[test]
fn no_number_on_the_command_line_makes_it_panic() {
    for arguments in [
        ["check", "example.com", "--timeout", "400000000000y"],
        ["check", "example.com", "--timeout", "0s"],
        ["check", "example.com", "--timeout", "-1s"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
    let (_folder, path) = file("m.toml", "[resolver]\ntimeout = \"584000000000y\"\n");
    assert_eq!(run(&["--config", path.to_str().unwrap(), "config", "check"]).status.code(), Some(3));
    assert_eq!(run(&["--config", "/dev/zero", "config", "check"]).status.code(), Some(3));
}

#[test]
fn the_seventeen_entries_have_the_names_that_others_link_to() {
    let list = said(&run(&["knowledge", "list"]));
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    insta::assert_snapshot!(ids.join("\n"));
}

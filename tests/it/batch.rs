//! `check` for many domains at once: each is shown when it is done, what they share is asked once, memory stays flat.

use serde_json::Value;

use crate::cli::{complained, file, mailmedic, run, said, server};
use crate::nameserver::{NameServer, Zones};

#[test]
fn several_domains_give_a_table_and_the_worst_of_them_the_exit() {
    let (_server, resolver) = server(&["healthy", "spf", "dmarc"]);
    let domains = ["healthy.example", "two-spf.example", "dmarc-none.example"];
    let output =
        run(&[&["check"][..], &domains, &["--dns-only", "--only", "dns,spf,dmarc", "--resolver", &resolver]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", complained(&output));
    insta::assert_snapshot!(said(&output));
}

#[test]
fn a_file_of_domains_gives_a_line_of_json_each_and_its_bad_lines_are_told() {
    let (_server, resolver) = server(&["healthy", "dns"]);
    let list = "healthy.example\n\n# a comment\nlocalhost\nservfail.example # why\n192.0.2.1\n";
    let (_folder, path) = file("list", list);
    let output = run(&["check", "--file", path.to_str().unwrap(), "--json", "--resolver", &resolver]);
    assert_eq!(output.status.code(), Some(2), "{}", complained(&output));
    let mut verdicts: Vec<(String, String)> = said(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|document| (document["domain"].as_str().unwrap().into(), document["verdict"].as_str().unwrap().into()))
        .collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [("healthy.example".into(), "info".into()), ("servfail.example".into(), "unknown".into())]);
    let told = complained(&output);
    assert!(
        told.contains("list line 4: `localhost` has no dot") && told.contains("line 6: `192.0.2.1` is an IP"),
        "{told}"
    );
    let output = run(&["check", "--file", "/no/such/list"]);
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(2), ""));
    assert!(complained(&output).contains("/no/such/list: cannot be read"), "{}", complained(&output));
}

#[test]
fn one_domain_of_several_is_the_same_document_as_alone() {
    let (_server, resolver) = server(&["spf"]);
    let document = |domains: &[&str]| {
        let output = run(&[&["check"][..], domains, &["--json", "--resolver", &resolver]].concat());
        let lines = said(&output);
        let mut documents = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut found = documents.find(|document| document["domain"] == "two-spf.example").unwrap();
        found["cost"]["elapsed_ms"] = 0.into();
        found
    };
    let mut alone = document(&["two-spf.example"]);
    let mut among = document(&["two-spf.example", "no-spf.example"]);
    (alone["cost"]["rounds"], among["cost"]["rounds"]) = (0.into(), 0.into());
    assert_eq!(among, alone);
}

/// Customers of one host: they share its mail server, its SPF include and all that follows from these.
fn customers(count: usize) -> (Zones, Vec<String>) {
    let mut zones = Zones::load(&["sound"]);
    let domains: Vec<String> = (0..count).map(|number| format!("customer{number}.example")).collect();
    for domain in &domains {
        zones.add(domain, "SOA", "ns1.host.example. hostmaster.host.example. 1 7200 3600 1209600 300");
        zones.add(domain, "MX", "10 mx.host.example.");
        zones.add(domain, "TXT", "v=spf1 include:spf.host.example -all");
        zones.add(&format!("_dmarc.{domain}"), "TXT", "v=DMARC1; p=reject");
    }
    zones.add("mx.host.example", "A", "192.0.2.200");
    zones.add("192.0.2.200", "PTR", "mx.host.example.");
    (zones, domains)
}

#[test]
fn what_domains_have_in_common_is_asked_once() {
    let (zones, domains) = customers(40);
    let server = NameServer::start_apart(zones);
    let (_folder, path) = file("list", &domains.join("\n"));
    let resolver = server.address().to_string();
    let output = run(&["check", "--file", path.to_str().unwrap(), "--json", "--resolver", &resolver]);
    assert_eq!(said(&output).lines().count(), 40, "{}", complained(&output));
    for (name, kind) in [("mx.host.example", "A"), ("spf.host.example", "TXT")] {
        // On a machine that is busy a packet is taken for lost and sent again.
        let asked = server.count(name, kind);
        assert!((1..=3).contains(&asked), "{name} {kind}: asked {asked} times for 40 customers");
    }
}

#[test]
fn each_result_is_written_as_soon_as_it_is_there() {
    use std::io::{BufRead as _, Write as _};
    let (_server, resolver) = server(&["healthy", "spf"]);
    let mut running = mailmedic(&["check", "--file", "-", "--json", "--resolver", &resolver])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = running.stdin.take().unwrap();
    let mut output = std::io::BufReader::new(running.stdout.take().unwrap());
    for domain in ["healthy.example", "two-spf.example"] {
        // The next is written only when this one's result has been read.
        writeln!(input, "{domain}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(domain), "{line}");
    }
    drop(input);
    assert_eq!(running.wait().unwrap().code(), Some(1));
}

/// How many domains a second the binary looks at, and the most memory that it holds meanwhile, in megabytes of a million
/// bytes.
fn pace(count: usize) -> (f64, f64) {
    let (zones, domains) = customers(count);
    let server = NameServer::start_apart(zones);
    let (_folder, path) = file("list", &domains.join("\n"));
    let resolver = server.address().to_string();
    let begun = std::time::Instant::now();
    let mut running = mailmedic(&["check", "--file", path.to_str().unwrap(), "--json", "--resolver", &resolver])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(running.stdout.take().unwrap());
    let (mut lines, mut most) = (0, 0.0);
    for line in std::io::BufRead::lines(output) {
        assert!(line.unwrap().contains("\"verdict\""));
        lines += 1;
        if lines % 20 == 0 {
            most = f64::max(most, resident(running.id()));
        }
    }
    running.wait().unwrap();
    assert_eq!(lines, count);
    let count = f64::from(u32::try_from(count).unwrap());
    (count / begun.elapsed().as_secs_f64(), most)
}

fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes * 1024.0 / 1e6
}

#[test]
#[ignore = "its figures hold for a release build on two idle cores: `cargo nextest run --release --run-ignored only pace`"]
fn the_pace_of_a_run_is_three_hundred_domains_a_second_and_its_memory_is_flat() {
    let (_, few) = pace(200);
    let (rate, many) = pace(1000);
    eprintln!("{rate:.0} domains a second; resident {few:.1} MB among 200 domains, {many:.1} MB among 1000");
    assert!(many < 150.0 && many < few + 20.0, "{few} MB, {many} MB");
    assert!(rate >= 300.0, "{rate} domains a second");
}

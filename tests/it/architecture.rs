//! Dependencies point one way, and outside crates stay in their rooms: the table in `src/lib.rs`, held.

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may know of the crate.
const KNOWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("address", &[]),
    ("finding", &[]),
    ("text", &[]),
    ("mask", &[]),
    ("problem", &[]),
    ("facts", &["domain", "finding"]),
    ("written", &["problem"]),
    ("config", &["domain", "problem", "written"]),
    ("load", &["finding"]),
    ("status", &["domain", "facts", "finding"]),
    ("request", &["domain", "finding", "load", "problem"]),
    ("mail", &["address", "config", "domain", "facts", "finding"]),
    ("inspect", &["address", "config", "domain", "facts", "finding", "mail", "text"]),
    ("knowledge", &["config", "finding", "inspect", "problem", "text", "written"]),
    ("search", &["config", "domain", "knowledge"]),
    ("transcript", &["config", "domain", "facts", "finding"]),
    ("probe", &["address", "config", "domain", "facts", "finding", "inspect", "mail", "status", "transcript"]),
    ("answer", &["domain", "finding", "mask", "text"]),
    (
        "engine",
        &[
            "answer",
            "config",
            "domain",
            "facts",
            "finding",
            "inspect",
            "knowledge",
            "load",
            "mail",
            "probe",
            "problem",
            "request",
            "search",
            "status",
            "text",
            "transcript",
        ],
    ),
    ("moment", &[]),
    ("watch", &["moment"]),
    ("store", &["config", "domain", "mask", "moment", "watch", "written"]),
    ("rounds", &["domain", "engine", "facts", "finding", "moment", "probe", "request", "store", "transcript", "watch"]),
    ("render", &["answer", "domain", "finding", "inspect", "load", "probe", "status", "text"]),
    (
        "surface",
        &[
            "answer",
            "config",
            "domain",
            "engine",
            "finding",
            "inspect",
            "knowledge",
            "load",
            "mail",
            "moment",
            "probe",
            "problem",
            "render",
            "request",
            "rounds",
            "search",
            "store",
            "text",
            "transcript",
            "watch",
            "written",
        ],
    ),
];

/// Where each outside crate may be named.
const FENCES: &[(&str, &[&str])] = &[
    ("serenity", &["surface/discord"]),
    ("axum", &["surface/discord"]),
    ("hickory_resolver", &["probe", "surface/cli/demo"]),
    ("hickory_server", &["surface/cli/demo"]),
    ("tantivy", &["search"]),
    ("sqlx", &["store/engine", "store/error"]),
    ("hmac", &["store/pseudonym"]),
    ("sha2", &["mail/dane", "store/pseudonym"]),
    ("ring", &["inspect/signature", "inspect/lab", "probe/tls", "surface/mailbox"]),
    ("clap", &["surface/cli", "main"]),
    ("toml", &["written", "config", "knowledge", "search"]),
    ("toml_edit", &["knowledge"]),
    ("regex", &["search", "inspect"]),
    ("mail_parser", &["inspect/letter"]),
    ("aho_corasick", &["inspect/bounce/phrases"]),
    ("anyhow", &["main"]),
    ("tokio", &["probe", "store/engine", "store/together", "rounds", "surface", "main"]),
    ("getrandom", &["surface"]),
    ("reqwest", &["surface/discord"]),
    ("tokio_rustls", &["probe", "surface/mailbox"]),
    ("smtp_proto", &["surface/mailbox/session"]),
    ("tokio_tungstenite", &["surface/discord/gateway"]),
    ("webpki_roots", &["probe/tls"]),
    ("x509_cert", &["probe/tls"]),
    ("hyper", &["probe/https"]),
];

/// Every source file: its path below `src` without the ending, and its code without comments and test modules.
fn sources() -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let room = path.strip_prefix(&src).unwrap().with_extension("").display().to_string();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let code = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>();
                found.push((room, code.join("\n")));
            }
        }
    }
    found
}

#[test]
fn modules_know_only_what_the_map_says() {
    let mut wrong = Vec::new();
    for (room, code) in sources() {
        let module = room.split('/').next().unwrap_or_default();
        if matches!(module, "lib" | "main") || room.ends_with("/tests") || room.ends_with("/lab") {
            continue;
        }
        let Some((_, known)) = KNOWS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{room}: the module `{module}` is not in the map"));
            continue;
        };
        for used in code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if used != module && !used.is_empty() && !known.contains(&used.as_str()) {
                wrong.push(format!("{room} uses `{used}`, which `{module}` may not know"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (room, code) in sources() {
        for (name, rooms) in FENCES {
            let named = names(&code, &format!("{name}::")) || code.contains(&format!("use {name};"));
            if named && !rooms.iter().any(|allowed| room.starts_with(allowed)) {
                wrong.push(format!("{room} names `{name}`"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether a path stands in the code, and not merely the end of a longer word.
fn names(code: &str, path: &str) -> bool {
    let mut before: Vec<&str> = code.split(path).collect();
    before.pop();
    before.iter().any(|code| !code.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[test]
fn the_guard_alone_opens_sockets_to_hosts() {
    let opens = ["TcpStream", "TcpSocket", "UdpSocket", "UnixStream", "connect_std"];
    let mut wrong = Vec::new();
    for (room, code) in sources() {
        // `probe/dns/way` opens those to resolvers, `probe/spamd` that to a spam filter, both of which the operator names;
        // others are left to the guard. The demo
        // answers on loopback, and connects to nobody.
        if !matches!(room.as_str(), "probe/egress" | "probe/dns/way" | "probe/spamd" | "surface/cli/demo/server") {
            wrong
                .extend(opens.iter().filter(|name| code.contains(**name)).map(|name| format!("{room} names `{name}`")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_map_in_the_code_lists_the_same_modules() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (module, _) in KNOWS {
        assert!(map.contains(&format!("//! | [`{module}`] |")), "`{module}` is not in the map of src/lib.rs");
    }
}

#[test]
fn main_stays_small() {
    let main = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= 65, "main.rs has {} lines", main.lines().count());
}

//! The file reads as it says, what is shown reads back, and what is wrong is told all at once.

use super::*;
use crate::written::File;

fn of(text: &str) -> Result<Config, String> {
    read(&File { path: "mailmedic.toml".to_owned(), text: text.to_owned() }).map_err(|problems| problems.to_string())
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(of(""), Ok(Config::default()));
}

#[test]
fn what_is_shown_reads_back() {
    let text = r#"
        [brand]
        name = "Example Mail"
        status_url = "https://status.example.com/"
        [host]
        mx = ["mx1.host.example"]
        spf_include = "spf.host.example"
        server_ips = ["192.0.2.25", "2001:db8::25"]
        [resolver]
        servers = ["127.0.0.1:53"]
        timeout = "1500ms"
        [probe]
        budget_questions = 80
        connect = false
        allow = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"]
        helo = "checks.host.example"
        [spam]
        spamd = "127.0.0.1:783"
        postmark = "https://spamcheck.postmarkapp.com/filter"
        network = true
        [matching]
        answer_at = 0.7
        [discord]
        application_id = "123456789012345678"
        public_key = "00000000000000000000000000000000000000000000000000000000000000ff"
        transport = "both"
        guilds = ["1", "2"]
        channels = ["3"]
        forums = ["4"]
        [mailbox]
        listen = "127.0.0.1:2525"
        domain = "test.host.example"
        certificate = "/etc/mailmedic/chain.pem"
        key = "/etc/mailmedic/key.pem"
        [store]
        url = "postgres://mailmedic@db.example/mailmedic?sslmode=verify-full"
        password_file = "/run/secrets/store"
        [store.keep]
        gaps = "30d"
        [limits]
        person = 20
    "#;
    let config = of(text).unwrap();
    assert_eq!(config.resolver.timeout, Duration::from_millis(1500));
    assert_eq!(config.probe.allow.len(), 3);
    assert_eq!(of(&config.to_string()), Ok(config));
    assert_eq!(of(&Config::default().to_string()), Ok(Config::default()));
}

#[test]
fn everything_wrong_is_told_at_once_with_its_line_and_the_mend() {
    let text = "[brand]\nstatus_url = \"http://x\"\n[host]\nserver_ips = [\"a\"]\n[resolver]\ntimeuot = \"2s\"\ntimeout = \"2\"\n[probe]\nconnect = \"no\"\nallow = [\"10.0.0.0/33\"]\n[matching]\nanswer_at = 2\n[discrod]\n";
    insta::assert_snapshot!(of(text).unwrap_err());
}

#[test]
fn a_mailbox_is_whole_or_not_there() {
    for (text, complaint) in [
        ("[mailbox]\nlisten = \"127.0.0.1:2525\"", "`listen` needs a `domain`"),
        ("[mailbox]\nkey = \"k.pem\"", "`certificate` and `key` belong together"),
        ("[mailbox]\ndomain = \"192.0.2.1\"", "IP address"),
    ] {
        assert!(of(text).unwrap_err().contains(complaint), "{text}");
    }
}

#[test]
fn a_token_is_never_shown() {
    assert_eq!(format!("{:?}", Token("secret".to_owned())), "Token(…)");
}

#[test]
fn the_store_lies_beside_the_configuration_and_holds_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mailmedic.toml");
    for (url, expected) in [("", "mailmedic.db"), ("[store]\nurl = \"sqlite://kept/bot.db\"", "kept/bot.db")] {
        std::fs::write(&path, url).unwrap();
        assert_eq!(load(Some(&path)).unwrap().store.file(), Some(folder.path().join(expected)));
    }
    for url in ["postgres://bot:secret@h/d", "postgres://bot@h/d?password=secret", "mysql://h/d", "sqlite:", "a.db"] {
        assert!(of(&format!("[store]\nurl = \"{url}\"")).is_err(), "{url}");
    }
}

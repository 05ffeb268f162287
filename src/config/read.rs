//! From the file as written to the checked configuration: all problems at once, each with its line and the mend.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::{
    Brand, Budget, Config, Discord, Host, Http, Keep, KnowledgeAt, Limits, Lists, Mailbox, Matching, Place, Postmark,
    Probe, PublicKey, Resolver, Spam, Store, Transport,
};
use crate::domain::{Domain, Name};
use crate::problem::{Problem, Problems};
use crate::written::{File, Table, text_of};

/// Reads the configuration from a file; the defaults where no file is named.
pub fn load(path: Option<&Path>) -> Result<Config, Problems> {
    let Some(path) = path else { return Ok(Config::default()) };
    let name = path.display().to_string();
    match text_of(path) {
        Ok(text) => read(&File { path: name, text }).map(|config| beside(config, path)),
        Err(error) => Err(Problems(vec![Problem::of(
            &name,
            format!("the configuration cannot be read: {error}"),
            "name a text file that can be read, or leave out `--config` and `MAILMEDIC_CONFIG` for the defaults",
        )])),
    }
}

fn beside(mut config: Config, path: &Path) -> Config {
    path.parent().unwrap_or(Path::new("")).clone_into(&mut config.store.folder);
    config
}

/// Reads the configuration from a text.
pub fn read(file: &File) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let Some(mut root) = Table::open(file, &mut problems) else { return Err(Problems(problems)) };
    let all = &mut problems;
    let config = Config {
        brand: section(&mut root, "brand", brand, all),
        host: section(&mut root, "host", host, all),
        resolver: section(&mut root, "resolver", resolver, all),
        dnsbl: section(&mut root, "dnsbl", dnsbl, all),
        probe: section(&mut root, "probe", probe, all),
        spam: section(&mut root, "spam", spam, all),
        knowledge: section(&mut root, "knowledge", knowledge, all),
        matching: section(&mut root, "matching", matching, all),
        discord: section(&mut root, "discord", discord, all),
        http: section(&mut root, "http", http, all),
        mailbox: section(&mut root, "mailbox", mailbox, all),
        store: section(&mut root, "store", store, all),
        limits: section(&mut root, "limits", limits, all),
    };
    root.close(&mut problems);
    if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
}

type Notes = Vec<Problem>;

fn section<T: Default>(
    root: &mut Table<'_>,
    key: &'static str,
    read: fn(&mut Table<'_>, &mut Notes) -> T,
    problems: &mut Notes,
) -> T {
    let Some(mut table) = root.section(key, problems) else { return T::default() };
    let value = read(&mut table, problems);
    table.close(problems);
    value
}

fn brand(table: &mut Table<'_>, problems: &mut Notes) -> Brand {
    /// The longest name that reads well amid a sentence.
    const LONGEST_NAME: usize = 60;
    let default = Brand::default();
    let mut name =
        |key, default| table.optional_text(key, LONGEST_NAME, problems).map_or(default, toml::Spanned::into_inner);
    let (names, console, portal) =
        (name("name", default.name), name("console", default.console), name("portal", default.portal));
    let relay = name("relay", default.relay);
    let mut page =
        |key| table.parsed::<Page>(key, "write a whole address, such as `https://status.example.com`", problems);
    Brand {
        name: names,
        console,
        portal,
        relay,
        console_url: page("console_url").map(Page::into),
        portal_url: page("portal_url").map(Page::into),
        webmail_url: page("webmail_url").map(Page::into),
        status_url: page("status_url").map(Page::into),
        limits_url: page("limits_url").map(Page::into),
        support_url: page("support_url").map(Page::into),
        docs_url: page("docs_url").map(Page::into),
    }
}

fn host(table: &mut Table<'_>, problems: &mut Notes) -> Host {
    Host {
        mx: names(&table.parsed_list("mx", "write a name such as `\"mx1.host.example\"`", problems)),
        spf_include: table
            .parsed::<Domain>("spf_include", "write the name alone, such as `\"spf.host.example\"`", problems)
            .map(|domain| domain.name().clone()),
        dkim_selectors: table
            .parsed_list::<Selector>("dkim_selectors", "write the selector alone, such as `\"default\"`", problems)
            .into_iter()
            .map(|selector| selector.0)
            .collect(),
        authserv_ids: table
            .parsed_list::<AuthservId>(
                "authserv_ids",
                "write the name as it stands there, such as `\"host.example\"`",
                problems,
            )
            .into_iter()
            .map(|id| id.0)
            .collect(),
        server_ips: table.parsed_list("server_ips", "write an address such as `192.0.2.25`", problems),
    }
}

fn names(domains: &[Domain]) -> Vec<Name> {
    domains.iter().map(|domain| domain.name().clone()).collect()
}

fn resolver(table: &mut Table<'_>, problems: &mut Notes) -> Resolver {
    let default = Resolver::default();
    Resolver {
        servers: table
            .parsed_list::<Server>("servers", "write an address such as `\"127.0.0.1:53\"`", problems)
            .into_iter()
            .map(|server| server.0)
            .collect(),
        timeout: time(table, "timeout", problems).unwrap_or(default.timeout),
        propagation: table
            .parsed_list::<Server>("propagation", "write an address such as `\"192.0.2.53:53\"`", problems)
            .into_iter()
            .map(|server| server.0)
            .collect(),
    }
}

fn dnsbl(table: &mut Table<'_>, problems: &mut Notes) -> Lists {
    const ZONE: &str = "write the zone's name, such as `\"zen.spamhaus.org\"`";
    let default = Lists::default();
    let mut zones = |key, default: Vec<Name>| {
        if table.has(key) { names(&table.parsed_list::<Domain>(key, ZONE, problems)) } else { default }
    };
    let (addresses, domains) = (zones("addresses", default.addresses), zones("domains", default.domains));
    let senderscore = table.parsed::<Domain>("senderscore", ZONE, problems).map(|zone| zone.name().clone());
    Lists { addresses, domains, senderscore }
}

fn probe(table: &mut Table<'_>, problems: &mut Notes) -> Probe {
    let default = Probe::default();
    let budget = Budget {
        questions: table.number("budget_questions", 1..=1000, problems).unwrap_or(default.budget.questions),
        time: table
            .parsed::<Wait>("budget_time", "write a time such as `\"6s\"`: nobody waits longer than a minute", problems)
            .map_or(default.budget.time, |wait| wait.0),
        ..default.budget
    };
    Probe {
        budget,
        connect: table.truth("connect", problems).unwrap_or(default.connect),
        allow: table
            .parsed_list::<Range>("allow", "write a range such as `\"10.0.0.0/8\"`, or one address", problems)
            .into_iter()
            .map(|range| range.0)
            .collect(),
        helo: table
            .parsed::<Domain>("helo", "write the name of this machine, such as `\"checks.host.example\"`", problems)
            .map_or(default.helo, |domain| domain.name().clone()),
    }
}

fn spam(table: &mut Table<'_>, problems: &mut Notes) -> Spam {
    Spam {
        spamd: table.parsed("spamd", "write an address and a port, such as `\"127.0.0.1:783\"`", problems),
        network: table.truth("network", problems).unwrap_or_default(),
        postmark: table
            .parsed::<PostmarkAt>("postmark", "write `\"https://spamcheck.postmarkapp.com/filter\"`", problems)
            .map(|at| at.0),
    }
}

fn knowledge(table: &mut Table<'_>, problems: &mut Notes) -> KnowledgeAt {
    KnowledgeAt { path: table.parsed::<PathBuf>("path", "", problems) }
}

fn matching(table: &mut Table<'_>, problems: &mut Notes) -> Matching {
    let default = Matching::default();
    let matching = Matching {
        answer_at: table.number("answer_at", 0.0..=1.0, problems).unwrap_or(default.answer_at),
        margin: table.number("margin", 0.0..=1.0, problems).unwrap_or(default.margin),
        offer_at: table.number("offer_at", 0.0..=1.0, problems).unwrap_or(default.offer_at),
    };
    if matching.offer_at > matching.answer_at {
        let what = format!("`offer_at` ({}) is above `answer_at` ({})", matching.offer_at, matching.answer_at);
        problems.push(table.problem(what, "an offer is for what is less sure than an answer: lower `offer_at`"));
    }
    matching
}

const ID: &str = "write the id as Discord shows it, in quotes, such as `\"123456789012345678\"`";

fn discord(table: &mut Table<'_>, problems: &mut Notes) -> Discord {
    let ids = |table: &mut Table<'_>, key, problems: &mut Notes| {
        table.parsed_list::<Snowflake>(key, ID, problems).into_iter().map(|id| id.0).collect()
    };
    table.refused(
        "token",
        "a token does not belong into this file",
        "write it to a file of its own, and name that as `token_file`; or set `DISCORD_TOKEN`",
        problems,
    );
    Discord {
        guilds: ids(table, "guilds", problems),
        channels: ids(table, "channels", problems),
        forums: ids(table, "forums", problems),
        staff_roles: ids(table, "staff_roles", problems),
        mention_role: table.parsed::<Snowflake>("mention_role", ID, problems).map(|id| id.0),
        application_id: table.parsed::<Snowflake>("application_id", ID, problems).map(|id| id.0),
        public_key: table
            .parsed::<Key>("public_key", "copy the public key from the developer portal", problems)
            .map(|key| key.0),
        token_file: table.parsed::<PathBuf>("token_file", "", problems),
        transport: table
            .parsed::<Arrival>("transport", "write `gateway`, `http` or `both`", problems)
            .map(|how| how.0)
            .unwrap_or_default(),
        proxy_url: table
            .parsed::<Proxy>("proxy_url", "write an address such as `http://127.0.0.1:3000`", problems)
            .map(|url| url.0),
    }
}

fn http(table: &mut Table<'_>, problems: &mut Notes) -> Http {
    let listen = table.parsed("listen", "write an address with its port, such as `127.0.0.1:8080`", problems);
    let public = table.parsed::<Site>("public_url", "write an address such as `https://help.host.example`", problems);
    let default = Http::default();
    Http { listen: listen.unwrap_or(default.listen), public_url: public.map(|site| site.0) }
}

fn mailbox(table: &mut Table<'_>, problems: &mut Notes) -> Mailbox {
    let mailbox = Mailbox {
        listen: table.parsed("listen", "write an address with its port, such as `127.0.0.1:2525`", problems),
        domain: table
            .parsed::<Domain>("domain", "write a subdomain of your own, such as `\"test.host.example\"`", problems)
            .map(|domain| domain.name().clone()),
        certificate: table.parsed::<PathBuf>("certificate", "", problems),
        key: table.parsed::<PathBuf>("key", "", problems),
    };
    if mailbox.listen.is_some() && mailbox.domain.is_none() {
        let mend = "write the subdomain whose MX record leads here, such as `domain = \"test.host.example\"`";
        problems.push(table.problem("`listen` needs a `domain`", mend));
    }
    if mailbox.certificate.is_some() != mailbox.key.is_some() {
        let mend = "name both files, or neither: TLS is not offered then";
        problems.push(table.problem("`certificate` and `key` belong together", mend));
    }
    mailbox
}

fn store(table: &mut Table<'_>, problems: &mut Notes) -> Store {
    const WHERE: &str = "write `sqlite:FILE`, or `postgres://USER@HOST/DATABASE`; a password goes into `password_file`";
    Store {
        folder: PathBuf::new(),
        place: table.parsed::<Kept>("url", WHERE, problems).map(|place| place.0).unwrap_or_default(),
        password_file: table.parsed::<PathBuf>("password_file", "", problems),
        keep: section(table, "keep", keep, problems),
    }
}

fn keep(table: &mut Table<'_>, problems: &mut Notes) -> Keep {
    let default = Keep::default();
    let mut days = |key, default| {
        let days = table.parsed::<Days>(key, "write a number of days such as `\"90d\"`, up to ten years", problems);
        days.map_or(default, |days| days.0)
    };
    Keep {
        feedback: days("feedback", default.feedback),
        gaps: days("gaps", default.gaps),
        candidates: days("candidates", default.candidates),
        watches: days("watches", default.watches),
        audit: days("audit", default.audit),
        counts: days("counts", default.counts),
    }
}

fn limits(table: &mut Table<'_>, problems: &mut Notes) -> Limits {
    let default = Limits::default();
    let mut most = |key, default| table.number(key, 1..=100_000, problems).unwrap_or(default);
    Limits {
        person: most("person", default.person),
        guild: most("guild", default.guild),
        channel: most("channel", default.channel),
        domain: most("domain", default.domain),
    }
}

fn time(table: &mut Table<'_>, key: &'static str, problems: &mut Notes) -> Option<Duration> {
    table
        .parsed::<Wait>(key, "write a time with its unit, such as `\"2s\"` or `\"500ms\"`", problems)
        .map(|wait| wait.0)
}

/// What a value should have been, and was not.
struct Expected(String);

impl Expected {
    fn found(what: &str, found: &str) -> Self {
        Self(format!("expected {what}, found `{found}`"))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Values of the file whose shape is checked as they are read.
macro_rules! value {
    ($name:ident($inner:ty), $what:literal, $parse:expr) => {
        struct $name($inner);

        impl std::str::FromStr for $name {
            type Err = Expected;

            fn from_str(text: &str) -> Result<Self, Expected> {
                let parse: fn(&str) -> Option<$inner> = $parse;
                parse(text).map(Self).ok_or_else(|| Expected::found($what, text))
            }
        }
    };
}

value!(Wait(Duration), "a time above zero, up to a minute", |text| humantime::parse_duration(text)
    .ok()
    .filter(|time| !time.is_zero() && *time <= Duration::from_mins(1)));
value!(Days(Duration), "a number of days", |text| text
    .strip_suffix('d')
    .and_then(|days| days.parse().ok())
    .filter(|days| (1..=3650).contains(days))
    .map(|days: u64| Duration::from_hours(24 * days)));
value!(Kept(Place), "the address of a store, without a password", |text| {
    if let Some(file) = text.strip_prefix("sqlite:") {
        let file = file.strip_prefix("//").unwrap_or(file);
        return (!file.is_empty() && !file.contains('?')).then(|| Place::File(PathBuf::from(file)));
    }
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))?;
    let secret = url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password");
    (!secret).then(|| Place::Server(text.to_owned()))
});
value!(Range(IpNet), "a range of addresses", |text| text
    .parse()
    .ok()
    .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)));
value!(Server(SocketAddr), "an IP address, with a port or without", super::server);
value!(Selector(Name), "a selector", |text| text.parse().ok().filter(|_| !text.contains("_domainkey")));
value!(AuthservId(String), "a name of a server", |text| {
    let is_name =
        !text.is_empty() && text.len() <= 255 && text.bytes().all(|b| b.is_ascii_graphic() && !b";=\"".contains(&b));
    is_name.then(|| text.to_owned())
});
value!(Snowflake(u64), "a Discord id", |text| text.parse().ok().filter(|id| *id != 0));
value!(Key(PublicKey), "64 hexadecimal digits", PublicKey::from_hex);
value!(Arrival(Transport), "a transport", |text| {
    Transport::ALL.iter().find(|(name, _)| *name == text).map(|(_, transport)| *transport)
});
value!(Proxy(String), "an address", |text| url::Url::parse(text)
    .ok()
    .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    .filter(|url| url.username().is_empty() && url.password().is_none())
    .map(|_| text.trim_end_matches('/').to_owned()));
value!(PostmarkAt(Postmark), "an https address without a port", |text| {
    let url = url::Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.port().is_none())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let host: Domain = url.host_str().filter(|_| plain)?.parse().ok()?;
    Some(Postmark { host: host.name().clone(), path: url.path().to_owned() })
});
value!(Page(String), "an https address", |text| url::Url::parse(text)
    .ok()
    .filter(|url| url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none())
    .map(String::from));

value!(Site(String), "an https address without `?` and `#`", |text| url::Url::parse(text)
    .ok()
    .filter(|url| url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none())
    .filter(|url| url.query().is_none() && url.fragment().is_none())
    .map(|url| url.as_str().trim_end_matches('/').to_owned()));

impl From<Page> for String {
    fn from(page: Page) -> Self {
        page.0
    }
}

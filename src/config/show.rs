//! The configuration as a file that would read as it: every key with its value, those that are not set as comments.

use std::fmt::{self, Display};
use std::path::Path;
use std::time::Duration;

use super::{Config, Discord, Keep, Limits, Transport};

impl Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            brand,
            host,
            resolver,
            dnsbl,
            probe,
            spam,
            knowledge,
            matching,
            discord,
            http,
            mailbox,
            store,
            limits,
        } = self;
        writeln!(f, "[brand]")?;
        for (key, name) in
            [("name", &brand.name), ("console", &brand.console), ("portal", &brand.portal), ("relay", &brand.relay)]
        {
            set(f, key, text(name))?;
        }
        for (key, url) in [
            ("console_url", &brand.console_url),
            ("portal_url", &brand.portal_url),
            ("webmail_url", &brand.webmail_url),
            ("status_url", &brand.status_url),
            ("limits_url", &brand.limits_url),
            ("support_url", &brand.support_url),
            ("docs_url", &brand.docs_url),
        ] {
            maybe(f, key, url.as_ref().map(text))?;
        }
        writeln!(f, "\n[host]")?;
        set(f, "mx", list(&host.mx))?;
        maybe(f, "spf_include", host.spf_include.as_ref().map(text))?;
        set(f, "dkim_selectors", list(&host.dkim_selectors))?;
        set(f, "authserv_ids", list(&host.authserv_ids))?;
        set(f, "server_ips", list(&host.server_ips))?;
        writeln!(f, "\n[resolver]")?;
        let servers = (!resolver.servers.is_empty()).then(|| list(&resolver.servers));
        maybe(f, "servers", servers)?;
        set(f, "timeout", time(resolver.timeout))?;
        set(f, "propagation", list(&resolver.propagation))?;
        writeln!(f, "\n[dnsbl]")?;
        set(f, "addresses", list(&dnsbl.addresses))?;
        set(f, "domains", list(&dnsbl.domains))?;
        maybe(f, "senderscore", dnsbl.senderscore.as_ref().map(text))?;
        writeln!(f, "\n[probe]")?;
        set(f, "budget_questions", probe.budget.questions)?;
        set(f, "budget_time", time(probe.budget.time))?;
        set(f, "connect", probe.connect)?;
        set(f, "allow", list(&probe.allow))?;
        set(f, "helo", text(&probe.helo))?;
        writeln!(f, "\n[spam]")?;
        maybe(f, "spamd", spam.spamd.map(text))?;
        set(f, "network", spam.network)?;
        maybe(f, "postmark", spam.postmark.as_ref().map(text))?;
        writeln!(f, "\n[knowledge]")?;
        maybe(f, "path", knowledge.path.as_deref().map(path))?;
        writeln!(f, "\n[matching]")?;
        set(f, "answer_at", matching.answer_at)?;
        set(f, "margin", matching.margin)?;
        set(f, "offer_at", matching.offer_at)?;
        discord_section(f, discord)?;
        writeln!(f, "\n[http]")?;
        set(f, "listen", text(http.listen))?;
        maybe(f, "public_url", http.public_url.as_ref().map(text))?;
        writeln!(f, "\n[mailbox]")?;
        maybe(f, "listen", mailbox.listen.map(text))?;
        maybe(f, "domain", mailbox.domain.as_ref().map(text))?;
        maybe(f, "certificate", mailbox.certificate.as_deref().map(path))?;
        maybe(f, "key", mailbox.key.as_deref().map(path))?;
        writeln!(f, "\n[store]")?;
        set(f, "url", text(&store.place))?;
        maybe(f, "password_file", store.password_file.as_deref().map(path))?;
        writeln!(f, "\n[store.keep]")?;
        let Keep { feedback, gaps, candidates, watches, audit, counts } = store.keep;
        for (key, time) in [
            ("feedback", feedback),
            ("gaps", gaps),
            ("candidates", candidates),
            ("watches", watches),
            ("audit", audit),
            ("counts", counts),
        ] {
            set(f, key, text(format_args!("{}d", time.as_secs() / 86_400)))?;
        }
        writeln!(f, "\n[limits]")?;
        let Limits { person, guild, channel, domain } = limits;
        set(f, "person", person)?;
        set(f, "guild", guild)?;
        set(f, "channel", channel)?;
        write!(f, "domain = {domain}")
    }
}

fn discord_section(f: &mut fmt::Formatter<'_>, discord: &Discord) -> fmt::Result {
    writeln!(f, "\n[discord]")?;
    maybe(f, "application_id", discord.application_id.map(text))?;
    maybe(f, "public_key", discord.public_key.map(text))?;
    maybe(f, "token_file", discord.token_file.as_deref().map(path))?;
    set(f, "guilds", list(&discord.guilds))?;
    set(f, "channels", list(&discord.channels))?;
    set(f, "forums", list(&discord.forums))?;
    set(f, "staff_roles", list(&discord.staff_roles))?;
    maybe(f, "mention_role", discord.mention_role.map(text))?;
    let transport = Transport::ALL.iter().find(|(_, transport)| *transport == discord.transport);
    maybe(f, "transport", transport.map(|(name, _)| text(name)))?;
    maybe(f, "proxy_url", discord.proxy_url.as_ref().map(text))
}

fn set(f: &mut fmt::Formatter<'_>, key: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{key} = {value}")
}

fn maybe(f: &mut fmt::Formatter<'_>, key: &str, value: Option<String>) -> fmt::Result {
    match value {
        Some(value) => set(f, key, value),
        None => writeln!(f, "# {key} is not set"),
    }
}

fn text(value: impl Display) -> String {
    toml::Value::String(value.to_string()).to_string()
}

fn path(value: &Path) -> String {
    text(value.display())
}

fn time(value: Duration) -> String {
    text(humantime::format_duration(value))
}

fn list(values: &[impl Display]) -> String {
    format!("[{}]", values.iter().map(text).collect::<Vec<_>>().join(", "))
}

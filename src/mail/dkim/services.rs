//! Which selectors to try: those that somebody named, those of the services that take or send the domain's mail, and
//! where no service tells, those that many domains have.
//!
//! A service is told by the mail servers that it runs and by the SPF record that its customers include. Each selector
//! costs a question, so the lists hold what a service has its customers publish today, and not all it ever used.

use crate::domain::Name;
use crate::facts::{Cause, Record, Response};

/// A service that signs mail for its customers.
#[derive(Debug)]
pub(super) struct Service {
    /// What it calls itself.
    pub name: &'static str,
    /// The domains of its mail servers.
    mx: &'static [&'static str],
    /// The names that its customers' SPF records include.
    spf: &'static [&'static str],
    /// Its selectors; none where each customer gets different ones.
    pub selectors: &'static [&'static str],
}

/// The selectors to try where no service tells any: of hosting panels and common mail software, and of the services whose
/// customers often leave them out of SPF.
pub(super) const USUAL: &[&str] =
    &["default", "dkim", "mail", "x", "google", "selector1", "selector2", "s1", "s2", "k1", "key1"];

/// How many selectors of services are tried at most: few domains use more than three services.
const MOST: usize = 12;

/// The services that the replies for the domain's MX and TXT records tell of, or why they do not.
pub(super) fn services(mx: &Response, apex: &Response) -> Result<Vec<&'static Service>, Cause> {
    let servers: Vec<&Name> = mx.records()?.iter().filter_map(exchange).collect();
    let included = included(apex)?;
    let is_of = |name: &str, domain: &&str| {
        name.strip_suffix(*domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    let tells = |service: &&Service| {
        let by_mx = servers.iter().any(|name| service.mx.iter().any(|domain| is_of(name.as_str(), domain)));
        by_mx || included.iter().any(|name| service.spf.iter().any(|domain| is_of(name, domain)))
    };
    Ok(SERVICES.iter().filter(tells).collect())
}

/// The selectors of services, each once, and those of every service before the cut.
pub(super) fn selectors(services: &[&Service]) -> Vec<Name> {
    distinct(services.iter().flat_map(|service| service.selectors)).into_iter().take(MOST).collect()
}

/// Selectors as names, each once.
pub(super) fn distinct<'s>(selectors: impl IntoIterator<Item = &'s &'s str>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for name in selectors.into_iter().filter_map(|selector| selector.parse().ok()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn exchange(record: &Record) -> Option<&Name> {
    if let Record::Mx { exchange, .. } = record { Some(exchange) } else { None }
}

/// The names that the SPF record includes or redirects to, as they are written.
fn included(apex: &Response) -> Result<Vec<String>, Cause> {
    let texts = apex.texts()?.into_iter().map(|text| text.to_string().to_ascii_lowercase());
    let records = texts.filter(|text| text.starts_with("v=spf1"));
    let names = records.flat_map(|record| {
        let targets = record.split_ascii_whitespace().filter_map(|term| {
            let term = term.trim_start_matches(['+', '-', '~', '?']);
            term.strip_prefix("include:").or_else(|| term.strip_prefix("redirect="))
        });
        targets.map(|target| target.trim_end_matches('.').to_owned()).collect::<Vec<_>>()
    });
    Ok(names.collect())
}

const fn service(
    name: &'static str,
    mx: &'static [&'static str],
    spf: &'static [&'static str],
    selectors: &'static [&'static str],
) -> Service {
    Service { name, mx, spf, selectors }
}

/// Those that host mailboxes first, then those that send newsletters and notices.
const SERVICES: &[Service] = &[
    service("Google Workspace", &["google.com", "googlemail.com"], &["_spf.google.com"], &["google"]),
    service(
        "Microsoft 365",
        &["mail.protection.outlook.com", "mx.microsoft"],
        &["spf.protection.outlook.com"],
        &["selector1", "selector2"],
    ),
    service(
        "Zoho Mail",
        &["zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zohomail.com", "zohomail.eu"],
        &["zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zohomail.com", "zohomail.eu"],
        &["zmail", "zoho"],
    ),
    service("Fastmail", &["messagingengine.com"], &["spf.messagingengine.com"], &["fm1", "fm2", "fm3"]),
    service("Proton Mail", &["protonmail.ch"], &["_spf.protonmail.ch"], &["protonmail", "protonmail2", "protonmail3"]),
    service("iCloud Mail", &["icloud.com"], &["icloud.com"], &["sig1"]),
    service("Yandex", &["mx.yandex.net", "mx.yandex.ru"], &["_spf.yandex.net", "_spf.yandex.ru"], &["mail"]),
    service("Mail.ru", &["mail.ru"], &["_spf.mail.ru"], &["mailru"]),
    service("Tuta", &["tutanota.de"], &["spf.tutanota.de"], &["s1", "s2"]),
    service("mailbox.org", &["mailbox.org"], &["mailbox.org"], &["mbo0001", "mbo0002"]),
    service("Migadu", &["migadu.com"], &["spf.migadu.com"], &["key1", "key2", "key3"]),
    service(
        "Purelymail",
        &["purelymail.com"],
        &["_spf.purelymail.com"],
        &["purelymail1", "purelymail2", "purelymail3"],
    ),
    service("Gandi", &["gandi.net"], &["_mailcust.gandi.net"], &["gm1", "gm2", "gm3"]),
    service(
        "IONOS",
        &["kundenserver.de", "ionos.com", "ionos.de", "ionos.co.uk", "ionos.es", "ionos.fr"],
        &["_spf.kundenserver.de", "_spf.perfora.net", "_spf-eu.ionos.com", "_spf-us.ionos.com"],
        &["s1-ionos", "s2-ionos"],
    ),
    service(
        "Hostinger",
        &["hostinger.com"],
        &["_spf.mail.hostinger.com"],
        &["hostingermail-a", "hostingermail-b", "hostingermail-c"],
    ),
    service("Titan", &["titan.email"], &["spf.titan.email"], &["titan1", "titan2"]),
    service("Namecheap Private Email", &["privateemail.com"], &["spf.privateemail.com"], &["default"]),
    service("OVHcloud", &["ovh.net", "mail.ovh.ca"], &["mx.ovh.com"], &[]),
    service("Rackspace", &["emailsrvr.com"], &["emailsrvr.com"], &[]),
    service("Proofpoint", &["pphosted.com", "ppe-hosted.com"], &["pphosted.com"], &[]),
    service("Mimecast", &["mimecast.com"], &["_netblocks.mimecast.com", "mimecast.com"], &[]),
    service("Mailchimp", &[], &["servers.mcsv.net"], &["k2", "k3"]),
    service("Mandrill", &[], &["spf.mandrillapp.com"], &["mte1", "mte2", "mandrill"]),
    service("SendGrid", &[], &["sendgrid.net"], &["s1", "s2"]),
    service("Mailgun", &["mailgun.org"], &["mailgun.org"], &["mailo", "k1", "krs", "pic", "smtp"]),
    service("Mailjet", &[], &["spf.mailjet.com"], &["mailjet"]),
    service("Brevo", &[], &["spf.brevo.com", "spf.sendinblue.com"], &["brevo1", "brevo2", "mail"]),
    service("Zendesk", &[], &["mail.zendesk.com"], &["zendesk1", "zendesk2"]),
    service("Help Scout", &[], &["helpscoutemail.com"], &["strong1", "strong2"]),
    service("MailerLite", &[], &["_spf.mlsend.com", "_spf.mailerlite.com"], &["litesrv", "ml"]),
    service("Campaign Monitor", &[], &["_spf.createsend.com"], &["cm"]),
    service("ActiveCampaign", &[], &["emsd1.com"], &["acdkim1", "acdkim2"]),
    service("Constant Contact", &[], &["spf.constantcontact.com"], &["ctct1", "ctct2"]),
    service("Elastic Email", &[], &["_spf.elasticemail.com"], &["api"]),
    service("Amazon SES", &["amazonaws.com", "awsapps.com"], &["amazonses.com"], &[]),
    service("Postmark", &["inbound.postmarkapp.com"], &["spf.mtasv.net"], &[]),
    service("SparkPost", &[], &["sparkpostmail.com"], &[]),
    service("HubSpot", &[], &["hubspotemail.net"], &[]),
    service("Salesforce", &[], &["_spf.salesforce.com"], &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Outcome, Text};
    use crate::mail::lab::name;

    fn replies(servers: &[&str], spf: &str) -> (Response, Response) {
        let servers = servers.iter().map(|server| Record::Mx { preference: 10, exchange: name(server) }).collect();
        let texts = vec![Record::Txt(Text::split("hello")), Record::Txt(Text::split(spf))];
        (Response::new(Outcome::Records(servers)), Response::new(Outcome::Records(texts)))
    }

    #[test]
    fn services_are_told_by_their_mail_servers_and_by_spf() {
        for (servers, spf, tried) in [
            (&["aspmx.l.google.com"][..], "", &["google"][..]),
            (&["example-com.mail.protection.outlook.com"], "", &["selector1", "selector2"]),
            (&["mx.example.com"], "v=spf1 include:spf.messagingengine.com ?all", &["fm1", "fm2", "fm3"]),
            (
                &["mx.zoho.eu", "mail.protonmail.ch"],
                "V=SPF1 ~Include:SendGrid.net. redirect=spf.brevo.com",
                &["zmail", "zoho", "protonmail", "protonmail2", "protonmail3", "s1", "s2", "brevo1", "brevo2", "mail"],
            ),
            (&["mx.example.com"], "v=spf1 include:amazonses.com -all", &[]),
            (&["notgoogle.com", "google.com.example"], "v=spf1 a:sendgrid.net include:xsendgrid.net", &[]),
        ] {
            let (mx, apex) = replies(servers, spf);
            let selectors = selectors(&services(&mx, &apex).unwrap());
            assert_eq!(selectors.iter().map(Name::as_str).collect::<Vec<_>>(), tried, "{servers:?} {spf}");
        }
        let (mx, apex) = replies(&["mx.example.com"], "v=spf1 include:amazonses.com -all");
        assert_eq!(services(&mx, &apex).unwrap()[0].name, "Amazon SES");
    }

    #[test]
    fn what_could_not_be_looked_up_is_not_taken_for_no_service() {
        let (mx, apex) = replies(&["mx.example.com"], "");
        let dark = Response::new(Outcome::Unknown(Cause::Silent));
        assert_eq!(services(&dark, &apex).unwrap_err(), Cause::Silent);
        assert_eq!(services(&mx, &dark).unwrap_err(), Cause::Silent);
    }

    #[test]
    fn few_selectors_are_tried_however_many_services_there_are() {
        let all: Vec<&Service> = SERVICES.iter().collect();
        assert_eq!(selectors(&all).len(), MOST);
        assert!(USUAL.len() < 12);
        for service in SERVICES {
            assert_eq!(distinct(service.selectors).len(), service.selectors.len(), "{}", service.name);
            assert!(!service.mx.is_empty() || !service.spf.is_empty(), "{}", service.name);
        }
    }
}

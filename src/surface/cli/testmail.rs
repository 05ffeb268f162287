//! `testmail`: an address that is good for one mail, and what is wrong with the mail and the way it came.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::check::{document, exit_of, finish, print_json, words};
use super::terminal::Progress;
use super::{Exit, style};
use crate::engine::{Engine, Work};
use crate::inspect::connection::Received;
use crate::probe::Report;
use crate::render::{json, terminal};
use crate::surface::mailbox::{Limits, Registry, acceptor, serve};

/// Where it listens unless told otherwise: for this machine alone.
const LISTEN: &str = "127.0.0.1:2525";

pub(super) async fn testmail(
    engine: &Arc<Engine>,
    patience: Duration,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<Exit> {
    let mail = match wait(engine, patience).await? {
        Ok(mail) => mail,
        Err(exit) => return Ok(exit),
    };
    let mut work = engine.receive(&mail);
    finish(&mut work).await;
    show(engine, &work, json, out)
}

/// Waits for the mail; or how the command ends without it.
async fn wait(engine: &Engine, patience: Duration) -> io::Result<Result<Received, Exit>> {
    let config = &engine.config().mailbox;
    let tls = match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => match acceptor(certificate, key) {
            Ok(tls) => Some(tls),
            Err(bad) => return refuse(&bad, Exit::Configuration),
        },
        _ => None,
    };
    let listen = config.listen.map_or_else(|| LISTEN.to_owned(), |listen| listen.to_string());
    let listener = match TcpListener::bind(&listen).await {
        Ok(listener) => listener,
        Err(error) => return refuse(&format!("cannot listen on `{listen}`: {error}"), Exit::Configuration),
    };
    let listen = listener.local_addr()?;
    let domain = config.domain.clone().unwrap_or_else(|| engine.config().probe.helo.clone());
    let registry = Registry::new(domain, patience);
    let mut mailbox = match registry.open() {
        Ok(mailbox) => mailbox,
        Err(error) => return refuse(&error, Exit::Bug),
    };
    let stop = CancellationToken::new();
    let _stopped = stop.clone().drop_guard();
    let served = tokio::spawn(serve(listener, registry, tls, Limits::default(), stop.clone()));
    let address = mailbox.address();
    writeln!(
        io::stderr(),
        "Send one mail from the account in question to\n\n  {address}\n\nto the mail server at {listen}; for example:\n\n  \
         swaks --server {} --port {} --to {address} --from YOU@YOUR-DOMAIN\n",
        listen.ip(),
        listen.port()
    )?;
    let waiting = Progress::show("Waiting for the mail");
    let mail = mailbox.mail().await;
    drop(waiting);
    stop.cancel();
    // The sender's goodbye is waited for, so that it does not take a broken connection for a failure.
    let _ended = served.await;
    match mail {
        Some(mail) => Ok(Ok(mail)),
        None => refuse(&format!("no mail came within {}", humantime::format_duration(patience)), Exit::Unknown),
    }
}

fn refuse<T>(what: &dyn std::fmt::Display, exit: Exit) -> io::Result<Result<T, Exit>> {
    writeln!(io::stderr(), "error: {what}")?;
    Ok(Err(exit))
}

/// Prints what was found of the mail and of its author's domain.
fn show(engine: &Engine, work: &Work, json: bool, out: &mut dyn Write) -> io::Result<Exit> {
    let (Some(whole), Some(Ok(inspection))) = (work.message(), work.inspection()) else { return Ok(Exit::Bug) };
    let report = work.report();
    if json {
        let check = report.as_ref().map(|report| document(engine, report));
        let (of_domain, remedies) = check.map(|check| (check.findings, check.remedies)).unwrap_or_default();
        let of_mail = whole.findings.iter().map(|finding| json::Finding::of(finding, words(engine, finding)));
        let findings = of_mail.chain(of_domain).collect();
        let document = json::Inspection::of(inspection, findings, remedies);
        print_json(&document.with(whole, true).over(work.connection()), out)?;
    } else {
        out.write_all(terminal::text(&work.answer(), style()).as_bytes())?;
    }
    let of_domain = report.iter().flat_map(Report::findings);
    Ok(exit_of(whole.findings.iter().chain(of_domain)))
}

//! Whether the domain's mail services talk TLS, and prove who they are: port 25 of its mail servers (RFC 3207), and the
//! ports that mail programs use (RFC 8314): 465, 587, 993.
//!
//! Between servers TLS is opportunistic, so what is wrong with a certificate there is worth knowing, no more (RFC 7435);
//! mail programs warn people. Who is called for what is in `callee` and `clients`, what one call tells in `session`;
//! nothing is sent but greetings. The way out to port 25 is blocked in many networks: where nobody can be reached there,
//! nothing is said of the servers.

pub(super) mod callee;
mod clients;
pub(super) mod session;

use crate::facts::{Call, Called, Kind, Pending, Query, Service, Session, Tls, Unreached, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::silence;
use callee::{Callee, callees};
use clients::{clients, published};
use session::{Trouble, shown, troubles};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let question = Query::new(domain, Kind::Mx);
    let reply = view.get(question.clone());
    let published = published(domain, view);
    let reply = reply?;
    let callees = callees(reply, view);
    // Port 25 is called as soon as its address is known, whatever mail programs are told.
    let smtp = callees.as_ref().map_err(|pending| *pending).and_then(|callees| smtp(callees, view));
    let clients = published.and_then(|published| clients(case, &published, callees.as_deref(), view));
    let (callees, smtp, clients) = (callees?, smtp?, clients?);

    let mut said = Said::default();
    if let Err(cause) = reply.records() {
        said.unknown(&domain, cause.to_string(), silence(&question, cause));
    }
    for callee in &callees {
        if let (true, Some((cause, seen))) = (callee.addresses.found.is_empty(), callee.addresses.unknown.first()) {
            said.unknown(&callee.host, cause.to_string(), seen.clone());
        }
    }
    for (cause, seen) in clients.unknown {
        said.unknown(&domain, cause.to_string(), seen);
    }
    said.mail_servers(case, &smtp);
    for (call, called) in &clients.calls {
        match called {
            Ok(session) => said.session(case, call, session),
            Err(why) => said.unreached_client(call, *why),
        }
    }
    Ok(said.findings(case))
}

/// Calls the mail servers at port 25.
fn smtp<'f>(callees: &[Callee<'_>], view: &mut View<'f>) -> Result<Vec<(Call, &'f Called)>, Pending> {
    let called: Vec<_> = callees.iter().map(|callee| callee.smtp(view)).collect();
    Ok(called.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// What is to be said of all the calls.
#[derive(Debug, Default)]
struct Said {
    /// The sessions of which there is nothing else to say, a line each.
    sound: Vec<String>,
    findings: Vec<Finding>,
}

impl Said {
    /// What came of calling the mail servers at port 25.
    fn mail_servers(&mut self, case: &Case<'_>, calls: &[(Call, &Called)]) {
        let reached = calls.iter().any(|(_, called)| called.is_ok());
        let mut nobody: Option<Finding> = None;
        for (call, called) in calls {
            match called {
                Ok(session) => self.session(case, call, session),
                // `mx` says so of an address that is not public.
                Err(Unreached::Denied) => {}
                Err(why) if !reached => {
                    let finding = nobody
                        .take()
                        .unwrap_or_else(|| Finding::new(Code::StarttlsPort25Unknown, case.domain).detail("cause", why));
                    nobody = Some(finding.evidence(unreached(call, *why)));
                }
                Err(Unreached::Refused) => {
                    let closed = Finding::new(Code::StarttlsClosed, &call.host).detail("host", &call.host);
                    self.findings.push(closed.evidence(unreached(call, Unreached::Refused)));
                }
                Err(why) => self.unknown(&call.host, why.to_string(), unreached(call, *why)),
            }
        }
        self.findings.extend(nobody);
    }

    /// That a service for mail programs reached nobody.
    fn unreached_client(&mut self, call: &Call, why: Unreached) {
        let seen = unreached(call, why);
        match why {
            Unreached::Denied => {}
            Unreached::Refused => {
                let closed = Finding::new(Code::StarttlsClientClosed, &call.host).detail("host", &call.host);
                self.add(closed.evidence(seen), call.service);
            }
            why => self.unknown(&call.host, why.to_string(), seen),
        }
    }

    /// What one session tells.
    fn session(&mut self, case: &Case<'_>, call: &Call, session: &Session) {
        let troubles = troubles(session, case.now);
        let line = match &session.tls {
            Tls::Up(secured) => format!("{call}: {}", shown(secured)),
            Tls::NotOffered => format!("{call}: EHLO offers {}", session.capabilities.join(", ")),
            _ => call.to_string(),
        };
        let mut sound = true;
        for trouble in troubles {
            if let Trouble::Later(reply) = &trouble {
                sound = false;
                self.unknown(&call.host, "the server asks to come back later".to_owned(), format!("{call}: {reply}"));
                continue;
            }
            let finding = told(&trouble, call).evidence(&line);
            // Of one server one thing is said: what is worth knowing of it, or that it is sound.
            sound = false;
            self.add(finding, call.service);
        }
        if sound {
            self.sound.push(line);
        }
    }

    /// Adds a finding; what is said already of another port of the same host is said once, for both.
    fn add(&mut self, finding: Finding, service: Service) {
        let port = service.port().to_string();
        if !finding.code.details().contains(&"ports") {
            self.findings.push(finding);
            return;
        }
        let same = |other: &&mut Finding| {
            let plain = |finding: &Finding| {
                let mut details = finding.details.clone();
                details.remove("ports");
                (finding.code, finding.subject.clone(), details)
            };
            plain(other) == plain(&finding)
        };
        if let Some(other) = self.findings.iter_mut().find(same) {
            if let Some(ports) = other.details.get_mut("ports") {
                ports.push_str(", ");
                ports.push_str(&port);
            }
            *other = finding.evidence.iter().fold(other.clone(), Finding::evidence);
        } else {
            self.findings.push(finding.detail("ports", port));
        }
    }

    /// Adds that something about a host, or the domain, is not known; once for each, the first cause first.
    fn unknown(&mut self, subject: &impl std::fmt::Display, cause: String, seen: String) {
        let subject = subject.to_string();
        let same = |other: &&mut Finding| other.code == Code::StarttlsUnknown && other.subject == subject;
        if let Some(other) = self.findings.iter_mut().find(same) {
            *other = other.clone().evidence(seen);
        } else {
            self.findings.push(Finding::new(Code::StarttlsUnknown, subject).detail("cause", cause).evidence(seen));
        }
    }

    fn findings(mut self, case: &Case<'_>) -> Vec<Finding> {
        if !self.sound.is_empty() {
            let found = Finding::new(Code::StarttlsFound, case.domain).detail("count", self.sound.len());
            self.findings.insert(0, self.sound.iter().fold(found, Finding::evidence));
        }
        self.findings
    }
}

/// How it reads that nobody answered a call.
fn unreached(call: &Call, why: Unreached) -> String {
    format!("{call}: {why}")
}

/// What a trouble means at the port where it was seen.
fn told(trouble: &Trouble, call: &Call) -> Finding {
    let smtp = call.service == Service::Smtp;
    let about = |code| Finding::new(code, &call.host).detail("host", &call.host);
    let either = |here, elsewhere| about(if smtp { here } else { elsewhere });
    match trouble {
        Trouble::Later(reply) | Trouble::TurnedAway(reply) => {
            about(Code::StarttlsTurnedAway).detail("reply", reply).evidence(reply)
        }
        Trouble::NotOffered => either(Code::StarttlsNotOffered, Code::StarttlsClientNotOffered),
        Trouble::Refused(reply) => about(Code::StarttlsRefused).detail("reply", reply).evidence(reply),
        Trouble::Injected => about(Code::StarttlsInjected),
        Trouble::TooOld => about(Code::StarttlsTooOld),
        Trouble::Handshake(why) => {
            either(Code::StarttlsHandshake, Code::StarttlsClientHandshake).detail("problem", why)
        }
        Trouble::Expired(date) => either(Code::StarttlsExpired, Code::StarttlsClientExpired).detail("date", date),
        Trouble::ExpiresSoon(date, days) => about(Code::StarttlsExpiresSoon).detail("date", date).detail("days", days),
        Trouble::Untrusted(why) => {
            either(Code::StarttlsUntrusted, Code::StarttlsClientUntrusted).detail("problem", why)
        }
        Trouble::OtherNames(names) => {
            either(Code::StarttlsNameMismatch, Code::StarttlsClientNameMismatch).detail("names", names)
        }
    }
}

#[cfg(test)]
mod tests;

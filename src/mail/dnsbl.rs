//! Whether blocklists name the domain or the addresses of its mail servers (RFC 5782).
//!
//! A listing is believed only of a list that is alive: it has the entry that all lists have, and not the one that none
//! has. Errors are no listings, whatever they look like. Which lists to ask is the operator's choice; how a list wants
//! to be asked to remove an entry is for people to read there.

mod list;
mod meaning;
mod said;
mod servers;

pub(super) use list::List;
pub(super) use said::{Said, Why};
pub(super) use servers::{Servers, has_mail, servers};

use std::net::{IpAddr, Ipv4Addr};

use crate::config::Lists;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Pending, Query, Response, View};
use crate::finding::{Code, Finding};
use crate::mail::Case;
use crate::mail::evidence::silence;
use list::{Entry, Sort};
use meaning::{Meaning, meaning};

pub(super) fn check(case: &Case<'_>, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let domain = case.domain.name();
    let mx = view.get(Query::new(domain, Kind::Mx))?;
    if let Err(cause) = mx.records() {
        return Ok(vec![target_unknown(domain, cause, &silence(&Query::new(domain, Kind::Mx), cause))]);
    }
    if !has_mail(mx) {
        return Ok(Vec::new());
    }
    let mut verdicts: Vec<Result<Verdict<'_>, Pending>> = Vec::new();
    for zone in &case.lists.domains {
        verdicts.push(List { zone, about: Sort::Domains }.judge(&[Entry::Domain(domain)], view));
    }
    let servers = if case.lists.addresses.is_empty() { Servers::default() } else { servers(case, mx, view)? };
    for zone in &case.lists.addresses {
        for about in [Sort::V4, Sort::V6] {
            verdicts.push(List { zone, about }.judge(&servers.entries, view));
        }
    }
    let verdicts = verdicts.into_iter().collect::<Result<Vec<_>, _>>()?;

    let is_clear = servers.unknown.is_empty() && !verdicts.iter().any(|verdict| verdict.is_listed);
    let mut findings: Vec<Finding> = is_clear.then(|| clear(domain, &verdicts)).flatten().into_iter().collect();
    findings.extend(verdicts.into_iter().flat_map(|verdict| verdict.findings));
    findings.extend(servers.unknown.iter().map(|(target, cause, seen)| target_unknown(target, *cause, seen)));
    Ok(findings)
}

/// What the lists of addresses say of one that sends.
pub fn of_client(address: IpAddr, lists: &Lists, view: &mut View<'_>) -> Result<Vec<Finding>, Pending> {
    let about = if address.is_ipv4() { Sort::V4 } else { Sort::V6 };
    let ask = |zone, view: &mut View<'_>| List { zone, about }.judge(&[Entry::MailServer(address)], view);
    let verdicts: Vec<_> = lists.addresses.iter().map(|zone| ask(zone, view)).collect();
    let verdicts = verdicts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let clear: Vec<String> =
        verdicts.iter().filter(|verdict| !verdict.clear.is_empty()).map(|verdict| verdict.list.to_string()).collect();
    let is_listed = verdicts.iter().any(|verdict| verdict.is_listed);
    let is_clear = !clear.is_empty() && !is_listed;
    let clear = is_clear.then(|| {
        Finding::new(Code::MessageClientClear, address).detail("address", address).detail("lists", clear.join(", "))
    });
    let of_client = |finding: Finding| match finding.code {
        Code::DnsblAddressListed => Finding { code: Code::MessageClientListed, ..finding },
        Code::DnsblPolicyListed => Finding { code: Code::MessageClientPolicy, ..finding },
        _ => finding,
    };
    Ok(clear.into_iter().chain(verdicts.into_iter().flat_map(|verdict| verdict.findings).map(of_client)).collect())
}

/// That the addresses to ask about could not be looked up.
fn target_unknown(target: &Name, cause: Cause, seen: &str) -> Finding {
    Finding::new(Code::DnsblTargetUnknown, target).detail("target", target).detail("cause", cause).evidence(seen)
}

/// That no list names anything, as far as they answered; nothing if none did.
fn clear(domain: &Name, verdicts: &[Verdict<'_>]) -> Option<Finding> {
    let mut lists: Vec<String> = Vec::new();
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for Verdict { list, clear, .. } in verdicts {
        for entry in clear {
            let (entry, list) = (entry.to_string(), list.to_string());
            if !lists.contains(&list) {
                lists.push(list.clone());
            }
            match entries.iter_mut().find(|(other, _)| *other == entry) {
                Some((_, lists)) => lists.push(list),
                None => entries.push((entry, vec![list])),
            }
        }
    }
    let clear =
        (!lists.is_empty()).then(|| Finding::new(Code::DnsblClear, domain).detail("lists", lists.join(", ")))?;
    Some(
        entries
            .iter()
            .fold(clear, |finding, (entry, lists)| finding.evidence(format!("{entry}: not on {}", lists.join(", ")))),
    )
}

/// What a list says of some entries.
struct Verdict<'l> {
    list: List<'l>,
    /// The entries that it does not have.
    clear: Vec<Entry<'l>>,
    /// Whether it has any of them.
    is_listed: bool,
    findings: Vec<Finding>,
}

impl<'l> List<'l> {
    /// Asks for those of the entries that the list may have, and whether it is alive.
    fn judge(self, entries: &[Entry<'l>], view: &mut View<'_>) -> Result<Verdict<'l>, Pending> {
        let mut verdict = Verdict { list: self, clear: Vec::new(), is_listed: false, findings: Vec::new() };
        let asked: Vec<(Entry<'_>, Query)> = entries
            .iter()
            .filter(|entry| entry.sort() == self.about)
            .filter_map(|entry| Some((*entry, Query::new(&self.name(*entry)?, Kind::A))))
            .collect();
        let Some(test) = self.always_listed().filter(|_| !asked.is_empty()) else { return Ok(verdict) };
        let test = Query::new(&test, Kind::A);
        let tested = view.get(test.clone());
        let replies = view.get_all(asked.iter().map(|(_, question)| question.clone()));
        let (tested, replies) = (tested?, replies?);

        match Said::of(tested) {
            Said::Listed(_) => {}
            // It knows no IPv6 addresses, as most lists; that is no fault.
            Said::NotListed if self.about == Sort::V6 => return Ok(verdict),
            Said::NotListed => {
                verdict.findings.push(self.unknown(Why::Dead, &test, tested));
                return Ok(verdict);
            }
            Said::Nothing(why) => {
                verdict.findings.push(self.unknown(why, &test, tested));
                return Ok(verdict);
            }
        }
        let mut listings = Vec::new();
        let mut silent: Option<Finding> = None;
        for ((entry, question), reply) in asked.into_iter().zip(replies) {
            match Said::of(reply) {
                Said::NotListed => verdict.clear.push(entry),
                Said::Listed(codes) => listings.push((entry, question, codes)),
                Said::Nothing(why) => {
                    let unknown = self.unknown(why, &question, reply);
                    silent = Some(match silent {
                        None => unknown,
                        Some(before) => unknown.evidence.iter().fold(before, Finding::evidence),
                    });
                }
            }
        }
        if !listings.is_empty() {
            match self.confirm(&listings, view)? {
                Ok(listed) => {
                    verdict.is_listed = true;
                    verdict.findings.extend(listed);
                }
                // Neither can it be believed that others are clear.
                Err(unknown) => {
                    verdict.clear.clear();
                    silent = Some(unknown);
                }
            }
        }
        verdict.findings.extend(silent);
        Ok(verdict)
    }

    /// Makes sure that the list does not name everybody, and asks for its reasons.
    fn confirm(
        self,
        listings: &[(Entry<'_>, Query, Vec<Ipv4Addr>)],
        view: &mut View<'_>,
    ) -> Result<Result<Vec<Finding>, Finding>, Pending> {
        let test = self.never_listed().map(|name| Query::new(&name, Kind::A));
        let tested = test.clone().map(|test| view.get(test)).transpose();
        let reasons = view.get_all(listings.iter().map(|(_, question, _)| Query::new(&question.name, Kind::Txt)))?;
        if let (Some(test), Some(tested)) = (test, tested?) {
            match Said::of(tested) {
                Said::NotListed => {}
                Said::Listed(_) => return Ok(Err(self.unknown(Why::NamesEverybody, &test, tested))),
                Said::Nothing(why) => return Ok(Err(self.unknown(why, &test, tested))),
            }
        }
        let listed = listings.iter().zip(reasons);
        Ok(Ok(listed.map(|((entry, question, codes), reason)| self.listed(*entry, question, codes, reason)).collect()))
    }

    /// That the list has an entry, with the reason that it gives.
    fn listed(self, entry: Entry<'_>, question: &Query, codes: &[Ipv4Addr], reason: &Response) -> Finding {
        let meanings: Vec<Option<Meaning>> = codes.iter().map(|code| meaning(self.zone, *code)).collect();
        let all = |is: fn(&Meaning) -> bool| meanings.iter().all(|meaning| meaning.as_ref().is_some_and(is));
        let code = match entry {
            Entry::Host(_) => Code::DnsblHostListed,
            Entry::MailServer(_) if all(|meaning| matches!(meaning, Meaning::Policy(_))) => Code::DnsblPolicyListed,
            Entry::MailServer(_) => Code::DnsblAddressListed,
            Entry::Domain(_) if all(|meaning| matches!(meaning, Meaning::Abused(_))) => Code::DnsblDomainAbused,
            Entry::Domain(_) => Code::DnsblDomainListed,
        };
        let mut words: Vec<String> = codes
            .iter()
            .zip(&meanings)
            .map(|(code, meaning)| meaning.map_or_else(|| code.to_string(), |meaning| meaning.word().to_owned()))
            .collect();
        words.sort();
        words.dedup();
        let mut finding = Finding::new(code, entry).detail("list", self).detail("entry", words.join(", "));
        if !matches!(entry, Entry::Domain(_)) {
            finding = finding.detail("address", entry);
        }
        finding = codes
            .iter()
            .fold(finding, |finding, code| finding.evidence(self.without_key(&format!("{question} {code}"))));
        let texts = reason.texts().unwrap_or_default();
        texts.iter().fold(finding, |finding, text| finding.evidence(self.without_key(&text.to_string())))
    }

    /// That the list says nothing, and how that shows in a reply.
    fn unknown(self, why: Why, question: &Query, reply: &Response) -> Finding {
        let code = if why.is_the_networks() { Code::DnsblUnknown } else { Code::DnsblRefused };
        let unknown = Finding::new(code, self).detail("list", self).detail("cause", why);
        self.shown(question, reply).iter().fold(unknown, Finding::evidence)
    }

    /// How a reply reads, the operator's key left out.
    pub(super) fn shown(self, question: &Query, reply: &Response) -> Vec<String> {
        let lines = match reply.addresses() {
            Err(cause) => vec![silence(question, cause)],
            Ok(none) if none.is_empty() => vec![super::evidence::absence(question, reply)],
            Ok(codes) => codes.iter().map(|code| format!("{question} {code}")).collect(),
        };
        lines.iter().map(|line| self.without_key(line)).collect()
    }
}

#[cfg(test)]
mod tests;

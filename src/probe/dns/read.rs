//! From a message to what it says: the aliases followed, the records at their end, and for how long that holds.
//!
//! Believes nothing but what answers the question: records of other names and types are passed over.

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{self, RData, RecordType};

use super::question::Manner;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Query, Record, Response, Text};

/// How many aliases in a row are followed: more than any that work for others, too.
const MOST_ALIASES: usize = 8;

/// Reads a reply.
pub(super) fn read(query: &Query, manner: Manner, message: &Message) -> Response {
    let mut aliases = Vec::new();
    let (end, outcome) = match follow(query, message, &mut aliases) {
        Some(end) => {
            let records = message.answers.iter().filter(|record| record.name == end);
            let records: Vec<Record> = records.filter_map(|record| content(query.kind, &record.data)).collect();
            (Some(end), outcome(message, records))
        }
        None => (None, Outcome::Unknown(Cause::Malformed)),
    };
    let referral = if end.is_some() && outcome == Outcome::NoData { referral(message) } else { Vec::new() };
    let outcome = match (manner, referral.is_empty()) {
        // Who is asked to look further and points elsewhere instead is no resolver for us; nothing is said of the name.
        (Manner::Recursive | Manner::Unchecked, false) => Outcome::Unknown(Cause::Refused),
        _ => outcome,
    };
    Response {
        ttl: holds_for(message, &outcome),
        authentic: message.metadata.authentic_data,
        authoritative: message.metadata.authoritative,
        referral,
        ..Response::aliased(aliases, outcome)
    }
}

/// The name at the end of the aliases; `None` where they do not end, or not soon.
fn follow(query: &Query, message: &Message, aliases: &mut Vec<Name>) -> Option<rr::Name> {
    // A reply to what its sender could not read has no question; nor has it any answer.
    let mut owner = message.queries.first().map(|asked| asked.name.clone()).unwrap_or_default();
    while let Some(target) = message.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == owner => Some(&target.0),
        _ => None,
    }) {
        let alias = name(target)?;
        if alias == query.name || aliases.contains(&alias) || aliases.len() == MOST_ALIASES {
            return None;
        }
        aliases.push(alias);
        owner = target.clone();
    }
    Some(owner)
}

fn outcome(message: &Message, records: Vec<Record>) -> Outcome {
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain if !records.is_empty() => Outcome::Records(records),
        ResponseCode::NoError => Outcome::NoData,
        ResponseCode::NXDomain => Outcome::NoSuchName,
        ResponseCode::ServFail => Outcome::Unknown(Cause::ServFail),
        ResponseCode::Refused => Outcome::Unknown(Cause::Refused),
        _ => Outcome::Unknown(Cause::Malformed),
    }
}

/// The name servers that the reply refers to: without authority, without an answer, and without the start of a zone,
/// which would make it "no data" (RFC 2308 section 2.2).
fn referral(message: &Message) -> Vec<Name> {
    if message.metadata.authoritative || !message.answers.is_empty() || start_of_zone(message).is_some() {
        return Vec::new();
    }
    let target = |record: &rr::Record| if let RData::NS(target) = &record.data { name(&target.0) } else { None };
    message.authorities.iter().filter_map(target).collect()
}

/// For how many seconds the reply may be kept: no longer than any of its records; where there are none at the end, no
/// longer than the start of the zone says (RFC 2308 section 5).
fn holds_for(message: &Message, outcome: &Outcome) -> Option<u32> {
    let answers = message.answers.iter().map(|record| record.ttl).min();
    match outcome {
        Outcome::Records(_) => answers,
        Outcome::NoData | Outcome::NoSuchName => start_of_zone(message).into_iter().chain(answers).min(),
        Outcome::Unknown(_) => None,
    }
}

/// For how long the absence of a record may be kept, by the SOA record in the authority section.
fn start_of_zone(message: &Message) -> Option<u32> {
    message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    })
}

fn content(kind: Kind, data: &RData) -> Option<Record> {
    Some(match (kind, data) {
        (Kind::A, RData::A(address)) => Record::A(address.0),
        (Kind::Aaaa, RData::AAAA(address)) => Record::Aaaa(address.0),
        (Kind::Mx, RData::MX(mx)) => Record::Mx { preference: mx.preference, exchange: name(&mx.exchange)? },
        (Kind::Ptr, RData::PTR(target)) => Record::Ptr(name(&target.0)?),
        (Kind::Ns, RData::NS(target)) => Record::Ns(name(&target.0)?),
        (Kind::Srv, RData::SRV(srv)) => {
            Record::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target: name(&srv.target)? }
        }
        (Kind::Tlsa, RData::TLSA(tlsa)) => Record::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        },
        (Kind::Soa, RData::SOA(soa)) => Record::Soa { primary: name(&soa.mname)?, serial: soa.serial },
        (Kind::Txt, RData::TXT(txt)) => Record::Txt(Text(txt.txt_data.iter().map(|part| part.to_vec()).collect())),
        // Without any string, which nobody should publish (RFC 1035 section 3.3.14) and some do.
        (Kind::Txt, RData::Update0(RecordType::TXT)) => Record::Txt(Text(Vec::new())),
        _ => return None,
    })
}

/// A name as the wire has it, without the root label.
fn name(name: &rr::Name) -> Option<Name> {
    Name::from_labels(name.iter())
}

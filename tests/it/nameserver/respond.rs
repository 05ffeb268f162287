//! One message in, one message out: the data's answer, bent by the faults that strike the question.

use std::sync::PoisonError;
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};

use super::fault::{Fault, Question};
use super::{Asked, Served, Transport};

/// The longest datagram, whatever the asker could take: what crosses the Internet unbroken (RFC 9715 section 3.1).
const DATAGRAM: usize = 1232;

/// A reply on the wire, and when it is due.
#[derive(Debug)]
pub(super) struct Reply {
    message: Vec<u8>,
    after: Duration,
}

impl Reply {
    /// Whether there is nothing to wait for.
    pub(super) const fn is_due(&self) -> bool {
        self.after.is_zero()
    }

    /// The bytes, when they are due.
    pub(super) async fn wait(self) -> Vec<u8> {
        if !self.after.is_zero() {
            tokio::time::sleep(self.after).await;
        }
        self.message
    }
}

impl Served {
    /// The reply to a message; `None` to what is no question, and where a fault says so.
    pub(super) fn respond(&self, bytes: &[u8], transport: Transport) -> Option<Reply> {
        let id = u16::from_be_bytes(*bytes.first_chunk()?);
        let Ok(request) = Message::from_vec(bytes) else {
            let refusal = Message::error_msg(id, OpCode::Query, ResponseCode::FormErr);
            return Some(Reply { message: encoded(&refusal), after: Duration::ZERO });
        };
        if request.metadata.message_type != MessageType::Query {
            return None;
        }
        let mut response = empty_response(&request);
        let query = match request.queries.as_slice() {
            [query] if response.metadata.response_code == ResponseCode::NoError => query,
            _ => return Some(Reply { message: encoded(&response), after: Duration::ZERO }),
        };
        let times = self.note(query, transport);
        let zones = self.zones.read().unwrap_or_else(PoisonError::into_inner);
        let found = zones.answer(&query.name, query.query_type);
        let listed = found.answers.iter().any(|record| record.record_type() == query.query_type);
        let question = Question { path: &found.path, kind: query.query_type, transport, times, listed };
        let (mut fault, mut after) = (None, Duration::ZERO);
        for rule in zones.rules.iter().filter(|rule| rule.strikes(&question)) {
            match rule.fault {
                Fault::Delay(delay) => after += delay,
                other => fault = fault.or(Some(other)),
            }
        }
        let flags = request.metadata;
        let wants_proof = flags.authentic_data || request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        if let Some(Fault::Rcode(code)) = fault {
            response.metadata.response_code = code.into();
        } else if !flags.checking_disabled && zones.is_bogus(&found.path) {
            response.metadata.response_code = ResponseCode::ServFail;
        } else {
            response.metadata.authoritative = found.authoritative;
            response.metadata.recursion_available = !zones.is_authority();
            response.metadata.authentic_data = wants_proof && !flags.checking_disabled && zones.is_proven(&found.path);
            response.metadata.response_code = found.code;
            response.answers = found.answers;
            response.authorities = found.authorities;
        }
        if fault == Some(Fault::OtherCapitals) {
            response.queries.iter_mut().for_each(|query| query.name = query.name.to_lowercase());
        }
        let limit = match transport {
            Transport::Udp => DATAGRAM.min(request.max_payload().into()),
            Transport::Tcp => usize::from(u16::MAX),
        };
        let mut message = encoded(&response);
        let cut = match fault {
            Some(Fault::Truncated) => transport == Transport::Udp,
            Some(Fault::NeverWhole) => true,
            _ => message.len() > limit,
        };
        if cut {
            message = encoded(&response.truncate());
        }
        match fault {
            Some(Fault::Silent) => return None,
            Some(Fault::WrongId) => message[..2].copy_from_slice(&id.wrapping_add(1).to_be_bytes()),
            Some(Fault::Garbage) => message[2..].fill(0xff),
            _ => {}
        }
        Some(Reply { message, after })
    }

    /// Puts a question into the log; says how often that holds it now.
    fn note(&self, query: &Query, transport: Transport) -> usize {
        let name = mailmedic::domain::Name::from_labels(query.name.iter()).expect("a name that came over the wire");
        let asked = Asked { name: name.to_string(), kind: query.query_type.to_string(), transport };
        let mut log = self.log();
        let times = log.times.entry((asked.name.clone(), asked.kind.clone())).or_default();
        *times += 1;
        let times = *times;
        log.asked.push(asked);
        times
    }
}

/// A response without records; with a code where the request is not what this server answers.
fn empty_response(request: &Message) -> Message {
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata = Metadata::response_from_request(&request.metadata);
    response.metadata.authoritative = true;
    response.metadata.recursion_available = true;
    response.metadata.response_code = match request {
        _ if request.metadata.op_code != OpCode::Query => ResponseCode::NotImp,
        _ if request.queries.len() != 1 => ResponseCode::FormErr,
        _ if request.version() > 0 => ResponseCode::BADVERS,
        _ => ResponseCode::NoError,
    };
    response.add_queries(request.queries.iter().cloned());
    if request.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(u16::try_from(DATAGRAM).expect("a size of a datagram"));
        response.set_edns(edns);
    }
    response
}

fn encoded(message: &Message) -> Vec<u8> {
    message.to_vec().expect("a message that can be encoded")
}

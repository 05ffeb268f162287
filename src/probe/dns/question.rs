//! One question on the wire, and what counts as its reply.
//!
//! A datagram is believed only if it comes from the server asked (the sockets in `exchange` see to that), repeats the
//! random message id and the question, and spells the name with the same random capitals (draft-vixie-dnsext-dns0x20).

use hickory_resolver::proto::op::{self, Edns, Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::{self, RecordType};

use crate::facts::{Kind, Query};

/// How much one UDP answer may hold: what passes every path unfragmented (RFC 9715).
pub(super) const UDP_PAYLOAD: u16 = 1232;

/// How a server shall go about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Look further (RD), and say whether signatures prove the answer (AD, RFC 6840 section 5.7).
    Recursive,
    /// Look further, and leave signatures unchecked (CD, RFC 4035 section 3.2.2).
    Unchecked,
    /// Say what it holds itself.
    Iterative,
}

/// A question with its random parts.
#[derive(Debug)]
pub(super) struct Question {
    id: u16,
    asked: op::Query,
    bytes: Vec<u8>,
}

/// What bytes that came in are to a question.
#[derive(Debug)]
pub(super) enum Heard {
    /// Its reply.
    Reply(Message),
    /// Its reply by the id, but it cannot be read.
    Garbled,
    /// Nothing to it.
    Foreign,
}

impl Question {
    /// A question with a fresh id and fresh capitals; `None` for a name that does not fit the wire.
    pub(super) fn new(query: &Query, manner: Manner) -> Option<Self> {
        let mut name = rr::Name::from_labels(query.name.wire_labels()).ok()?;
        name.set_fqdn(true);
        name.randomize_label_case();
        let asked = op::Query::query(name, record_type(query.kind));
        let mut message = Message::query();
        message.metadata.recursion_desired = manner != Manner::Iterative;
        message.metadata.authentic_data = manner == Manner::Recursive;
        message.metadata.checking_disabled = manner == Manner::Unchecked;
        message.add_query(asked.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD);
        message.set_edns(edns);
        Some(Self { id: message.metadata.id, asked, bytes: message.to_vec().ok()? })
    }

    /// The message to send.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What these bytes are to it; a reply may spell the name with other capitals: see [`Self::is_spelt_alike`].
    pub(super) fn judge(&self, bytes: &[u8]) -> Heard {
        let (Some(id), Some(flags)) = (bytes.first_chunk(), bytes.get(2)) else { return Heard::Foreign };
        let (response, opcode) = (flags >> 7, flags >> 3 & 0xf);
        if u16::from_be_bytes(*id) != self.id || response != 1 {
            return Heard::Foreign;
        }
        let Some(message) = decode(bytes).filter(|_| opcode == u8::from(OpCode::Query)) else { return Heard::Garbled };
        match message.queries.as_slice() {
            [query] if *query == self.asked => Heard::Reply(message),
            // Who cannot read a question may not repeat it.
            [] if message.metadata.response_code != ResponseCode::NoError => Heard::Reply(message),
            _ => Heard::Foreign,
        }
    }

    /// Whether a reply repeats the name to the capital, as hardly anybody could who has not seen the question.
    pub(super) fn is_spelt_alike(&self, reply: &Message) -> bool {
        reply.queries.iter().all(|query| query.name.eq_case(&self.asked.name))
    }
}

/// Reads a message, also one with records without data.
fn decode(bytes: &[u8]) -> Option<Message> {
    if let Ok(message) = Message::from_vec(bytes) {
        return Some(message);
    }
    // The library takes a record without data, such as a TXT record without any string, in an update alone (RFC 2136).
    let mut update = bytes.to_vec();
    *update.get_mut(2)? |= u8::from(OpCode::Update) << 3;
    let mut message = Message::from_vec(&update).ok()?;
    message.metadata.op_code = OpCode::Query;
    Some(message)
}

const fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Ptr => RecordType::PTR,
        Kind::Ns => RecordType::NS,
        Kind::Srv => RecordType::SRV,
        Kind::Tlsa => RecordType::TLSA,
        Kind::Soa => RecordType::SOA,
        Kind::Txt => RecordType::TXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(manner: Manner) -> Question {
        let name = "a.name.with.many.letters.example.com".parse().unwrap();
        Question::new(&Query::new(&name, Kind::Txt), manner).unwrap()
    }

    #[test]
    fn the_manner_sets_the_flags() {
        for (manner, expected) in [
            (Manner::Recursive, (true, true, false)),
            (Manner::Unchecked, (true, false, true)),
            (Manner::Iterative, (false, false, false)),
        ] {
            let flags = Message::from_vec(question(manner).bytes()).unwrap().metadata;
            assert_eq!(
                (flags.recursion_desired, flags.authentic_data, flags.checking_disabled),
                expected,
                "{manner:?}"
            );
        }
    }

    #[test]
    fn no_two_questions_are_alike() {
        let (one, two) = (question(Manner::Recursive), question(Manner::Recursive));
        assert_eq!(one.asked, two.asked);
        assert!(one.id != two.id || !one.asked.name.eq_case(&two.asked.name));
    }

    #[test]
    fn only_a_reply_to_the_very_question_is_one() {
        let question = question(Manner::Recursive);
        let reply = |change: fn(&mut Message)| {
            let mut message = Message::from_vec(question.bytes()).unwrap().into_response();
            change(&mut message);
            question.judge(&message.to_vec().unwrap())
        };
        assert!(matches!(reply(|_| ()), Heard::Reply(message) if question.is_spelt_alike(&message)));
        let other_capitals = reply(|message| message.queries[0].name = message.queries[0].name.to_lowercase());
        assert!(matches!(other_capitals, Heard::Reply(message) if !question.is_spelt_alike(&message)));
        assert!(matches!(reply(|message| message.metadata.id ^= 1), Heard::Foreign));
        assert!(matches!(reply(|message| message.metadata.op_code = OpCode::Notify), Heard::Garbled));
        assert!(matches!(reply(|message| message.queries[0].query_type = RecordType::MX), Heard::Foreign));
        assert!(matches!(reply(|message| message.queries.clear()), Heard::Foreign));
        let turned_down = reply(|message| {
            message.queries.clear();
            message.metadata.response_code = ResponseCode::FormErr;
        });
        assert!(matches!(turned_down, Heard::Reply(_)));
        assert!(matches!(question.judge(question.bytes()), Heard::Foreign), "the question itself is no reply");
        assert!(matches!(question.judge(&[]), Heard::Foreign));
        let mut garbled = question.bytes().to_vec();
        garbled[2] |= 0x80;
        garbled[5..].fill(0xff);
        assert!(matches!(question.judge(&garbled), Heard::Garbled));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_judging_panic(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let question = question(Manner::Recursive);
            let mut bytes = question.bytes()[..2].to_vec();
            bytes.push(0x80);
            bytes.extend(tail);
            let _ = question.judge(&bytes);
        }
    }
}

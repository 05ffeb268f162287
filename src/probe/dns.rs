//! The DNS through the resolvers that the operator names, by hickory; nothing is cached, so that a check sees what is
//! published now.
//!
//! Refuses to judge: an answer, no data, no such name, SERVFAIL, a refusal and silence stay apart
//! ([`Outcome`], [`Cause`]). Names no host that a user chose: it speaks to the resolvers alone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverOpts, ServerOrderingStrategy};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{self, DnsRequestOptions, Message, ResponseCode};
use hickory_resolver::proto::rr::{self, RData, RecordType};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, system_conf};
use tokio::sync::Semaphore;

use super::Network;
use crate::domain::Name;
use crate::facts::{Cause, Kind, Outcome, Query, Record, Response, Server, Text};

/// How many questions may be under way at once, over all checks: those of eight whole checks. Waiting for a place counts
/// as silence, so what limits the checks must come first.
const CONCURRENT_QUESTIONS: usize = 512;

/// How much one UDP answer may hold: what passes every path unfragmented (RFC 9715).
const UDP_PAYLOAD: u16 = 1232;

/// The resolvers that answer all questions, asked one after the other.
pub struct Resolver {
    pools: Vec<NameServerPool<TokioRuntimeProvider>>,
    options: DnsRequestOptions,
    limit: Arc<Semaphore>,
    servers: Vec<SocketAddr>,
}

/// Why there is no resolver to ask.
#[derive(Debug, thiserror::Error)]
#[error("the resolver cannot be set up")]
pub struct NoResolver(#[source] NetError);

impl Resolver {
    /// Asks `servers` in their order, the next one when one stays silent for `timeout`; the system's where none is
    /// given.
    pub fn new(servers: &[SocketAddr], timeout: Duration) -> Result<Self, NoResolver> {
        let servers = if servers.is_empty() { system_servers() } else { servers.to_vec() };
        let mut options = ResolverOpts::default();
        options.timeout = timeout;
        options.edns0 = true;
        options.edns_payload_len = UDP_PAYLOAD;
        options.case_randomization = true;
        options.num_concurrent_reqs = 1;
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        let mut request = DnsRequestOptions::default();
        request.edns_payload_len = UDP_PAYLOAD;
        let pool = |address: &SocketAddr| {
            let tls = TlsConfig::new().map_err(NoResolver)?;
            let context = Arc::new(PoolContext::new(options.clone(), tls));
            Ok(NameServerPool::from_config([server_config(*address)], context, TokioRuntimeProvider::default()))
        };
        // A pool for each, since the library gives a pool of several no more time than one.
        let pools = servers.iter().map(pool).collect::<Result<_, NoResolver>>()?;
        Ok(Self { pools, options: request, limit: Arc::new(Semaphore::new(CONCURRENT_QUESTIONS)), servers })
    }

    /// Asks one resolver after the other until one knows; what the first said where none does.
    async fn ask_all(&self, query: &Query) -> Response {
        let Ok(mut name) = rr::Name::from_labels(query.name.wire_labels()) else {
            return Response::new(Outcome::Unknown(Cause::Malformed));
        };
        name.set_fqdn(true);
        let mut first = None;
        for pool in &self.pools {
            let asked = op::Query::query(name.clone(), record_type(query.kind));
            let reply = match pool.lookup(asked, self.options).first_answer().await {
                Ok(response) => read(query.kind, &response),
                Err(error) => Response::new(ending(&error)),
            };
            match reply.outcome {
                Outcome::Unknown(Cause::Silent) => {
                    first.get_or_insert(reply);
                }
                // What a server said is more telling than another's silence.
                Outcome::Unknown(_) => match &first {
                    Some(Response { outcome: Outcome::Unknown(Cause::Silent), .. }) | None => first = Some(reply),
                    Some(_) => {}
                },
                _ => return reply,
            }
        }
        first.unwrap_or(Response::new(Outcome::Unknown(Cause::Silent)))
    }
}

impl Network for Resolver {
    fn name(&self) -> String {
        self.servers.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Response> {
        Box::pin(async move {
            if query.to != Server::Resolver {
                return Response::new(Outcome::Unknown(Cause::NotAsked));
            }
            let _place = self.limit.acquire().await;
            self.ask_all(query).await
        })
    }
}

fn system_servers() -> Vec<SocketAddr> {
    // Without a configuration the local machine is asked, as resolv.conf(5) has it.
    let local = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53);
    let Ok((config, _)) = system_conf::read_system_conf() else { return vec![local] };
    let address = |server: &NameServerConfig| {
        SocketAddr::new(server.ip, server.connections.first().map_or(53, |connection| connection.port))
    };
    let servers: Vec<SocketAddr> = config.name_servers().iter().map(address).collect();
    if servers.is_empty() { vec![local] } else { servers }
}

fn server_config(address: SocketAddr) -> NameServerConfig {
    let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
    udp.port = address.port();
    tcp.port = address.port();
    NameServerConfig::new(address.ip(), true, vec![udp, tcp])
}

/// Reads an answer: follows the aliases from the question's name, then takes the records of the type at their end.
fn read(kind: Kind, message: &Message) -> Response {
    let Some(query) = message.queries.first() else { return Response::new(Outcome::Unknown(Cause::Malformed)) };
    let mut owner = query.name().clone();
    let mut aliases = Vec::new();
    while let Some(target) = message.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == owner => Some(target.0.clone()),
        _ => None,
    }) {
        let Some(alias) = name(&target) else { return Response::new(Outcome::Unknown(Cause::Malformed)) };
        if aliases.contains(&alias) {
            return Response::aliased(aliases, Outcome::Unknown(Cause::Malformed));
        }
        aliases.push(alias);
        owner = target;
    }
    let records: Vec<Record> = message
        .answers
        .iter()
        .filter(|record| record.name == owner)
        .filter_map(|record| content(kind, &record.data))
        .collect();
    let outcome = match message.response_code {
        _ if !records.is_empty() => Outcome::Records(records),
        ResponseCode::NXDomain => Outcome::NoSuchName,
        ResponseCode::NoError => Outcome::NoData,
        code => rcode(code),
    };
    let records = message.answers.iter().map(|record| record.ttl);
    let (authentic, authoritative) = (message.metadata.authentic_data, message.metadata.authoritative);
    Response { ttl: records.min(), authentic, authoritative, ..Response::aliased(aliases, outcome) }
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
        _ => return None,
    })
}

/// A name as the wire has it, without the root label.
fn name(name: &rr::Name) -> Option<Name> {
    Name::from_labels(name.iter())
}

fn ending(error: &NetError) -> Outcome {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => Outcome::NoSuchName,
            ResponseCode::NoError => Outcome::NoData,
            code => rcode(code),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => rcode(*code),
        NetError::Timeout | NetError::Io(_) | NetError::NoConnections | NetError::Busy => {
            Outcome::Unknown(Cause::Silent)
        }
        _ => Outcome::Unknown(Cause::Malformed),
    }
}

fn rcode(code: ResponseCode) -> Outcome {
    Outcome::Unknown(match code {
        ResponseCode::ServFail => Cause::ServFail,
        ResponseCode::Refused => Cause::Refused,
        _ => Cause::Malformed,
    })
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

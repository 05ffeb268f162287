//! The demo's name server: real DNS on loopback, by hickory, from `example.zone`.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::net::runtime::{Time, TokioRuntimeProvider};
use hickory_resolver::proto::op::{Header, HeaderCounts, ResponseCode};
use hickory_resolver::proto::rr::{LowerName, Name};
use hickory_resolver::proto::serialize::txt::Parser;
use hickory_server::Server;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, MessageResponseBuilder, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

/// The zones, each beginning at its `$ORIGIN`.
const ZONES: &str = include_str!("example.zone");
/// The zone whose name servers are out of order.
const OUT_OF_ORDER: &str = "no-answer.example.";
/// How long a TCP client may stay without a question.
const TCP_IDLE: Duration = Duration::from_secs(5);
/// The bytes of TCP answers that may wait for a slow client.
const TCP_BUFFER: usize = 64;

/// A running name server; it stops when this is dropped.
pub struct NameServer {
    _server: Server<Zones>,
    address: SocketAddr,
}

impl NameServer {
    /// Starts on a free port of the loopback address, for UDP and TCP.
    pub async fn start() -> io::Result<Self> {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = udp.local_addr()?;
        let tcp = TcpListener::bind(address).await?;
        let mut server = Server::new(Zones::load()?);
        server.register_socket(udp);
        server.register_listener(tcp, TCP_IDLE, TCP_BUFFER);
        Ok(Self { _server: server, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The zones, and one that answers SERVFAIL.
struct Zones {
    catalog: Catalog,
    out_of_order: LowerName,
}

impl Zones {
    fn load() -> io::Result<Self> {
        let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
        let mut catalog = Catalog::new();
        let mut parts = ZONES.split("$ORIGIN ");
        let head = parts.next().unwrap_or_default();
        for zone in parts {
            let text = format!("{head}$ORIGIN {zone}");
            let (origin, records) =
                Parser::new(text, None, Some(Name::root())).parse().map_err(|error| invalid(error.to_string()))?;
            let handler = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
                origin.clone(),
                records,
                ZoneType::Primary,
                AxfrPolicy::Deny,
            );
            catalog.upsert(origin.into(), vec![Arc::new(handler.map_err(invalid)?)]);
        }
        let out_of_order = Name::from_ascii(OUT_OF_ORDER).map_err(|error| invalid(error.to_string()))?;
        Ok(Self { catalog, out_of_order: out_of_order.into() })
    }
}

#[async_trait]
impl RequestHandler for Zones {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut responses: R) -> ResponseInfo {
        let asked = request.request_info().map(|info| self.out_of_order.zone_of(info.query.name()));
        if asked.unwrap_or(false) {
            let response = MessageResponseBuilder::from_message_request(request)
                .error_msg(&request.metadata, ResponseCode::ServFail);
            // A client that is gone loses its answer, nothing else.
            let sent = responses.send_response(response).await;
            return sent
                .unwrap_or_else(|_| Header { metadata: request.metadata, counts: HeaderCounts::default() }.into());
        }
        self.catalog.handle_request::<R, T>(request, responses).await
    }
}

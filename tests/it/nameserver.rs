//! A scripted name server on loopback, for tests: it speaks DNS over UDP and TCP, answers from data files and goes
//! wrong where they say so.
//!
//! It stands in for the resolver that the product asks, so it follows aliases and offers recursion; told to hold certain
//! zones ([`Zones::authority_of`]) it stands in for their name server, with authority, referrals and refusals. It never
//! asks anyone itself. What it knows is in `tests/zones`; its counterpart in the product is `probe::dns`.

mod fault;
mod respond;
mod tests;
mod written;
mod zone_files;
mod zones;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

pub(crate) use fault::Fault;
pub(crate) use zones::Zones;

/// A running name server; it stops when dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    served: Arc<Served>,
    task: JoinHandle<()>,
    runtime: Option<Runtime>,
}

/// One question that reached the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// The name, as `mailmedic::domain::Name` writes it: in lower case, without the trailing dot.
    pub(crate) name: String,
    /// The mnemonic of the type.
    pub(crate) kind: String,
    /// What it came over.
    pub(crate) transport: Transport,
}

/// What a question comes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

impl NameServer {
    /// Starts on a free port, as tasks of the caller's runtime: where that pauses its time, delays cost none.
    pub(crate) async fn start(zones: Zones) -> Self {
        let [server] = Self::start_together([(Ipv4Addr::LOCALHOST, zones)]).await;
        server
    }

    /// Starts several, each at its own address of the loopback network, all at one port.
    pub(crate) async fn start_together<const N: usize>(servers: [(Ipv4Addr, Zones); N]) -> [Self; N] {
        let mut sockets = bind(&servers.each_ref().map(|(address, _)| *address)).await.into_iter();
        servers.map(|(_, zones)| {
            let (udp, tcp) = sockets.next().expect("a socket for each");
            Self::on(udp, tcp, zones)
        })
    }

    /// Starts at exactly this address and port.
    pub(crate) async fn start_at(address: SocketAddr, zones: Zones) -> Self {
        let udp = UdpSocket::bind(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let tcp = TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        Self::on(udp, tcp, zones)
    }

    fn on(udp: UdpSocket, tcp: TcpListener, zones: Zones) -> Self {
        let address = udp.local_addr().expect("the address of a bound socket");
        let served = Arc::new(Served { zones: RwLock::new(zones), log: Mutex::default() });
        let task = tokio::spawn(serve(udp, tcp, Arc::clone(&served)));
        Self { address, served, task, runtime: None }
    }

    /// Starts on a thread of its own: for tests without a runtime, which run the program as a process.
    pub(crate) fn start_apart(zones: Zones) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let mut server = runtime.block_on(Self::start(zones));
        server.runtime = Some(runtime);
        server
    }

    /// Where it answers, over UDP and TCP.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from these data from now on.
    pub(crate) fn publish(&self, zones: Zones) {
        *self.served.zones.write().unwrap_or_else(PoisonError::into_inner) = zones;
    }

    /// The questions received so far, first first.
    pub(crate) fn questions(&self) -> Vec<Asked> {
        self.served.log().asked.clone()
    }

    /// How often it was asked for the records of type `kind` at `name`, over either transport.
    pub(crate) fn count(&self, name: &str, kind: &str) -> usize {
        self.served.log().times.get(&(name.to_owned(), kind.to_owned())).copied().unwrap_or_default()
    }

    /// The questions that came more than once over one transport; that TCP follows a truncated reply is no repetition.
    pub(crate) fn repeated(&self) -> Vec<Asked> {
        let mut times: HashMap<Asked, usize> = HashMap::new();
        self.questions().into_iter().for_each(|asked| *times.entry(asked).or_default() += 1);
        times.into_iter().filter(|(_, times)| *times > 1).map(|(asked, _)| asked).collect()
    }

    /// Forgets the questions received so far; a fault that strikes the first times only strikes again.
    pub(crate) fn reset_log(&self) {
        *self.served.log() = Log::default();
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the server answers from, and what it was asked.
#[derive(Debug)]
struct Served {
    zones: RwLock<Zones>,
    log: Mutex<Log>,
}

/// What was asked, and how often.
#[derive(Debug, Default)]
struct Log {
    asked: Vec<Asked>,
    times: HashMap<(String, String), usize>,
}

impl Served {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("no test panics while it holds the log")
    }
}

/// One port that is free at all these addresses for both transports.
async fn bind(addresses: &[Ipv4Addr]) -> Vec<(UdpSocket, TcpListener)> {
    for _ in 0..100 {
        if let Ok(sockets) = bind_all(addresses).await {
            return sockets;
        }
    }
    panic!("no port was free everywhere for both UDP and TCP");
}

async fn bind_all(addresses: &[Ipv4Addr]) -> std::io::Result<Vec<(UdpSocket, TcpListener)>> {
    let (mut port, mut sockets) = (0, Vec::new());
    for address in addresses {
        let udp = UdpSocket::bind((*address, port)).await?;
        port = udp.local_addr()?.port();
        sockets.push((udp, TcpListener::bind((*address, port)).await?));
    }
    Ok(sockets)
}

/// Answers until it is aborted; what it spawned ends with it.
async fn serve(udp: UdpSocket, tcp: TcpListener, served: Arc<Served>) {
    let udp = Arc::new(udp);
    let mut tasks = JoinSet::new();
    let mut buffer = [0; 4096];
    loop {
        tokio::select! {
            Ok((length, peer)) = udp.recv_from(&mut buffer) => {
                if let Some(reply) = served.respond(&buffer[..length], Transport::Udp) {
                    // A task costs more than a reply that is due.
                    if reply.is_due() {
                        let _gone = udp.send_to(&reply.wait().await, peer).await;
                        continue;
                    }
                    let udp = Arc::clone(&udp);
                    tasks.spawn(async move {
                        let _gone = udp.send_to(&reply.wait().await, peer).await;
                    });
                }
            }
            Ok((stream, _)) = tcp.accept() => {
                tasks.spawn(converse(stream, Arc::clone(&served)));
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Answers the questions of one connection, each when its reply is due (RFC 7766 section 6.2.1.1).
async fn converse(stream: TcpStream, served: Arc<Served>) {
    let (mut questions, replies) = stream.into_split();
    let replies = Arc::new(tokio::sync::Mutex::new(replies));
    let mut tasks = JoinSet::new();
    while let Ok(length) = questions.read_u16().await {
        let mut request = vec![0; length.into()];
        if questions.read_exact(&mut request).await.is_err() {
            break;
        }
        if let Some(reply) = served.respond(&request, Transport::Tcp) {
            let replies = Arc::clone(&replies);
            tasks.spawn(async move {
                let message = reply.wait().await;
                let length = u16::try_from(message.len()).expect("a reply that fits TCP");
                let framed = [&length.to_be_bytes(), message.as_slice()].concat();
                let _gone = replies.lock().await.write_all(&framed).await;
            });
        }
    }
    while tasks.join_next().await.is_some() {}
}

//! Stand-ins for the hosts that a domain names: mail servers and web servers on loopback addresses, sound or hostile,
//! that note what reaches them. Their counterparts in the product are `probe::smtp` and `probe::https`.
//!
//! Every host has the address that is given, and a port that is free there or given as well: the hosts of one lab share
//! a port, and the guard's [`Ports`] name it.

mod authority;
mod check;
mod guard;
mod https;
mod mail;
pub(crate) mod namespace;
mod postmark;
mod process;
mod smtp;
mod status;
mod web;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use mailmedic::config::Probe;
use mailmedic::facts::Service;
use mailmedic::probe::egress::{Egress, Port, Ports};
use mailmedic::probe::tls::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

pub(crate) use authority::{Identity, root, trusted};
pub(crate) use mail::{Mail, Manner, Protocol};
pub(crate) use web::{Response, Web};

/// How many turns a look at a mail server takes, each the time of one reply: the connection, the greeting, EHLO,
/// STARTTLS, the handshake of TLS 1.3, and the goodbye.
pub(crate) const TURNS_OF_A_LOOK: u32 = 6;

/// What reached a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// How many connections were opened.
    pub(crate) connections: usize,
    /// The lines that were said: commands, or the heads of requests.
    pub(crate) said: Vec<String>,
}

/// Where a host notes what reached it.
type Notes = Arc<Mutex<Reached>>;

/// A running host; it stops when dropped.
pub(crate) struct Stand {
    address: SocketAddr,
    notes: Notes,
    task: JoinHandle<()>,
    runtime: Option<Runtime>,
}

/// What a host does with a connection.
pub(crate) trait Conduct: Send + Sync + 'static {
    /// Talks until one of the two has enough.
    fn talk(&self, stream: TcpStream, notes: Notes) -> impl Future<Output = std::io::Result<()>> + Send;
}

impl Stand {
    /// Starts as tasks of the caller's runtime; with port 0 at one that is free.
    pub(crate) async fn start(at: SocketAddr, conduct: impl Conduct) -> Self {
        let listener = TcpListener::bind(at).await.unwrap_or_else(|error| panic!("{at}: {error}"));
        let address = listener.local_addr().unwrap();
        let notes = Notes::default();
        let task = tokio::spawn(serve(listener, Arc::new(conduct), Arc::clone(&notes)));
        Self { address, notes, task, runtime: None }
    }

    /// Starts on a thread of its own: for tests without a runtime, which run the program as a process.
    pub(crate) fn start_apart(at: SocketAddr, conduct: impl Conduct) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut stand = runtime.block_on(Self::start(at, conduct));
        stand.runtime = Some(runtime);
        stand
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What reached it so far.
    pub(crate) fn reached(&self) -> Reached {
        self.notes.lock().unwrap().clone()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, conduct: Arc<impl Conduct>, notes: Notes) {
    let mut talks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        notes.lock().unwrap().connections += 1;
        let (conduct, notes) = (Arc::clone(&conduct), Arc::clone(&notes));
        talks.spawn(async move {
            // A probe may hang up whenever it has seen enough.
            let _gone = conduct.talk(stream, notes).await;
        });
        while talks.try_join_next().is_some() {}
    }
}

/// A guard that lets loopback through, with a port at this number.
pub(crate) fn guard(port: Port, number: u16) -> Arc<Egress> {
    let probe = Probe { allow: vec!["127.0.0.0/8".parse().unwrap()], ..Probe::default() };
    Arc::new(Egress::new(&probe).with_ports(Ports::default().with(port, number)))
}

/// TLS that trusts the stand-ins' authority.
pub(crate) fn trusting() -> Client {
    Client::new(&[root()]).unwrap()
}

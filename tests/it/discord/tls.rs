//! TLS for discord.com and its file servers, by a certificate that only these tests trust.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// The names that the certificate is for.
pub(crate) const HOSTS: [&str; 3] = ["discord.com", "cdn.discordapp.com", "media.discordapp.net"];

struct Identity {
    pem: String,
    config: Arc<ServerConfig>,
}

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let names: Vec<String> = HOSTS.map(str::to_owned).into();
    let made = rcgen::generate_simple_self_signed(names).expect("a key and a certificate");
    let key = PrivateKeyDer::try_from(made.key_pair.serialize_der()).expect("rcgen's own key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks them")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("rcgen's own certificate");
    Identity { pem: made.cert.pem(), config: Arc::new(config) }
});

/// The certificate to trust, as PEM.
pub(crate) fn certificate() -> &'static str {
    &IDENTITY.pem
}

/// Accepts connections and does the handshake.
pub(crate) struct TlsListener {
    pub(crate) tcp: TcpListener,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let acceptor = TlsAcceptor::from(Arc::clone(&IDENTITY.config));
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

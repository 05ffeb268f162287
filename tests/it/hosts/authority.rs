//! An authority that only these tests trust, and the certificates that hosts show.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What a host shows as who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Issued for this name, valid until 2100.
    Sound(&'static str),
    /// The same, over TLS 1.2 alone.
    SoundOnTls12(&'static str),
    /// Issued for this name, expired in 2001.
    Expired(&'static str),
    /// Issued for this name, valid from 2099.
    Early(&'static str),
    /// Issued for this name by itself.
    SelfSigned(&'static str),
    /// Issued for this name by somebody whom nobody knows.
    Stranger(&'static str),
    /// As `Sound`, with so many more certificates behind it.
    Many(&'static str, usize),
}

struct Authority {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("The Tests' Authority"));

/// The authority's own certificate, in DER.
pub(crate) fn root() -> Vec<u8> {
    AUTHORITY.certificate.der().to_vec()
}

/// TLS towards a host of this name that the authority vouches for.
pub(crate) async fn trusted(name: &'static str, stream: TcpStream) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

impl Identity {
    /// The certificate and the key as PEM files hold them.
    pub(crate) fn pem(self) -> (String, String) {
        let (chain, key) = self.made();
        let block = |label: &str, der: &[u8]| {
            let lines = STANDARD.encode(der);
            format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
        };
        let chain: Vec<String> = chain.iter().map(|one| block("CERTIFICATE", one)).collect();
        (chain.concat(), block("PRIVATE KEY", key.secret_der()))
    }

    /// Accepts TLS as this.
    pub(crate) fn acceptor(self) -> TlsAcceptor {
        let (chain, key) = self.made();
        let versions = if matches!(self, Self::SoundOnTls12(_)) { &[&TLS12][..] } else { &[&TLS13, &TLS12] };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn made(self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let (Self::Sound(name)
        | Self::SoundOnTls12(name)
        | Self::Expired(name)
        | Self::Early(name)
        | Self::SelfSigned(name)
        | Self::Stranger(name)
        | Self::Many(name, _)) = self;
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let (from, until) = match self {
            Self::Expired(_) => (2000, 2001),
            Self::Early(_) => (2099, 2100),
            _ => (2020, 2100),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = match self {
            Self::SelfSigned(_) => params.self_signed(&key),
            Self::Stranger(_) => {
                let stranger = Authority::new("A Stranger");
                params.signed_by(&key, &stranger.certificate, &stranger.key)
            }
            _ => params.signed_by(&key, &AUTHORITY.certificate, &AUTHORITY.key),
        };
        let mut chain = vec![certificate.unwrap().der().clone()];
        if let Self::Many(_, more) = self {
            chain.extend(std::iter::repeat_n(AUTHORITY.certificate.der().clone(), more));
        }
        (chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

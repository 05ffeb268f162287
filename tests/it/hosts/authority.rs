//! An authority that only these tests trust, and the certificates that hosts show.

use std::sync::{Arc, LazyLock};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};

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

impl Identity {
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

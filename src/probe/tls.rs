//! TLS towards hosts that a user's domain names: any certificate will do for the handshake, and what was wrong with it
//! is told; whoever demands a good one reads that before a word is sent.
//!
//! Refuses to judge, and to trust the system's store: the roots are the public's (Mozilla's list), and those that the
//! operator adds. The handshake's own signatures are verified always: whoever answers has the certificate's key.
//! Nothing is resumed, so that every handshake shows its certificate.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, DnsName, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage, PeerIncompatible,
    ProtocolVersion, RootCertStore, SignatureScheme,
};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

use crate::domain::Name;
use crate::facts::{Certificate, Distrust, Leaf, Secured};

/// How many certificates of a chain are looked at: the public's have four at most.
const LONGEST_CHAIN: usize = 10;

/// How many bytes of certificates are kept: what rustls takes in one message.
const MOST_CHAIN_BYTES: usize = 64 * 1024;

/// How many names of a certificate are kept: what public authorities put into one.
const MOST_NAMES: usize = 100;

/// How many characters of an issuer are kept: more than anybody reads.
const LONGEST_ISSUER: usize = 300;

/// Our side of TLS.
#[derive(Debug, Clone)]
pub struct Client {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

/// Why a root cannot be added.
#[derive(Debug, thiserror::Error)]
#[error("the root certificate cannot be read")]
pub struct BadRoot(#[source] Error);

impl Client {
    /// Trusts the roots that the public trusts, and `more`, each in DER.
    pub fn new(more: &[Vec<u8>]) -> Result<Self, BadRoot> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in more {
            roots.add(CertificateDer::from_slice(root)).map_err(BadRoot)?;
        }
        Ok(Self { roots: Arc::new(roots), provider: Arc::new(ring::default_provider()) })
    }

    /// Shakes hands over a stream, offers TLS 1.2 and 1.3 and says the host's name (SNI).
    pub(super) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &Host,
        stream: S,
    ) -> Result<(TlsStream<S>, Secured), NoTls> {
        let algorithms = Arc::clone(&self.provider);
        let witness = Arc::new(Witness { roots: Arc::clone(&self.roots), algorithms, seen: OnceLock::new() });
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| NoTls::Failed(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&witness) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(host.0.clone(), stream).await.map_err(|error| no_tls(&error))?;
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLSv1.2",
        };
        let Some(seen) = witness.seen.get().cloned() else {
            return Err(NoTls::Failed("the server showed no certificate".to_owned()));
        };
        let Seen { trusted, names_host, chain, leaf } = seen;
        Ok((stream, Secured { version: version.to_owned(), chain, leaf, trusted, names_host }))
    }
}

/// A name that a certificate can be for: letters, digits, hyphens; never an address.
pub(super) struct Host(ServerName<'static>);

impl Host {
    /// `None` for all other names that the DNS allows.
    pub(super) fn of(name: &Name) -> Option<Self> {
        DnsName::try_from(name.as_str().to_owned()).ok().map(|name| Self(ServerName::DnsName(name)))
    }
}

/// Why no TLS came about.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoTls {
    /// The server knows TLS 1.0 or 1.1 alone, which RFC 8996 forbids.
    #[error("the server speaks no TLS 1.2 or 1.3")]
    TooOld,
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

fn no_tls(error: &io::Error) -> NoTls {
    const TOO_MUCH: &str = "the server sent more than a handshake needs";
    let failed = |why: &str| NoTls::Failed(why.to_owned());
    let Some(told) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => failed("the server hung up amid the handshake"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                failed("the connection was cut amid the handshake")
            }
            io::ErrorKind::QuotaExceeded => failed(TOO_MUCH),
            _ => NoTls::Failed(error.to_string()),
        };
    };
    match told {
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => NoTls::TooOld,
        Error::AlertReceived(alert) => {
            NoTls::Failed(format!("the server ended the handshake with the alert `{}`", alert_name(*alert)))
        }
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::InvalidEmptyPayload,
        ) => failed("what the server sent is not TLS"),
        Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => failed(TOO_MUCH),
        Error::InvalidCertificate(error) => NoTls::Failed(format!("the server's certificate cannot be used: {error}")),
        error => NoTls::Failed(error.to_string()),
    }
}

/// An alert's name as RFC 8446 writes it.
fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return u8::from(alert).to_string() };
    let mut spelled = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !spelled.is_empty() {
            spelled.push('_');
        }
        spelled.push(c.to_ascii_lowercase());
    }
    spelled
}

/// Looks at the certificates of one handshake, and lets all of them pass.
#[derive(Debug)]
struct Witness {
    roots: Arc<RootCertStore>,
    algorithms: Arc<CryptoProvider>,
    seen: OnceLock<Seen>,
}

/// What is known of the certificates of one handshake.
#[derive(Debug, Clone)]
struct Seen {
    trusted: Result<(), Distrust>,
    names_host: bool,
    chain: Vec<Certificate>,
    leaf: Option<Leaf>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut bytes = 0;
        let fits = |der: &&CertificateDer<'_>| {
            bytes += der.len();
            bytes <= MOST_CHAIN_BYTES
        };
        let chain: Vec<&CertificateDer<'_>> =
            std::iter::once(own).chain(others).take(LONGEST_CHAIN).take_while(fits).collect();
        let others: Vec<CertificateDer<'_>> = chain.iter().skip(1).map(|der| (*der).clone()).collect();
        let read = |der: &CertificateDer<'_>| CertificateInner::<Raw>::from_der(der).ok();
        let own_read = read(own);
        let (mut trusted, names_host) = match ParsedCertificate::try_from(own) {
            Ok(parsed) => {
                let algorithms = self.algorithms.signature_verification_algorithms.all;
                let signed = verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, &others, now, algorithms);
                (signed.map_err(distrust), verify_server_name(&parsed, host).is_ok())
            }
            Err(error) => (Err(distrust(error)), false),
        };
        let is_its_own_issuer = own_read.as_ref().is_some_and(|certificate| {
            certificate.tbs_certificate().subject() == certificate.tbs_certificate().issuer()
        });
        if trusted.is_err() && is_its_own_issuer {
            trusted = Err(Distrust::SelfSigned);
        }
        let shown = |der: &CertificateDer<'_>| Certificate { der: der.to_vec(), public_key: public_key(read(der)) };
        let chain = chain.into_iter().map(shown).collect();
        let seen = Seen { trusted, names_host, chain, leaf: own_read.as_ref().map(leaf) };
        // There is one handshake a witness, so nothing was shown before.
        let _shown_before = self.seen.set(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.signature_verification_algorithms.supported_schemes()
    }
}

fn distrust(error: Error) -> Distrust {
    match error {
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            Distrust::Expired
        }
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            Distrust::NotYetValid
        }
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => Distrust::UnknownIssuer,
        Error::InvalidCertificate(error) => Distrust::Other(error.to_string()),
        error => Distrust::Other(error.to_string()),
    }
}

fn public_key(certificate: Option<CertificateInner<Raw>>) -> Vec<u8> {
    certificate
        .and_then(|certificate| certificate.tbs_certificate().subject_public_key_info().to_der().ok())
        .unwrap_or_default()
}

fn leaf(certificate: &CertificateInner<Raw>) -> Leaf {
    let tbs = certificate.tbs_certificate();
    let names = match tbs.get_extension::<SubjectAltName>() {
        Ok(Some((_critical, SubjectAltName(names)))) => names,
        _ => Vec::new(),
    };
    let host_name = |name: &GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_owned()),
        _ => None,
    };
    let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Leaf {
        names: names.iter().filter_map(host_name).take(MOST_NAMES).collect(),
        issuer: tbs.issuer().to_string().chars().take(LONGEST_ISSUER).collect(),
        not_before: seconds(tbs.validity().not_before),
        not_after: seconds(tbs.validity().not_after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_a_certificate_can_be_for_are_hosts() {
        for (name, expected) in [
            ("mx.example.com", true),
            ("_x.example.com", true),
            ("10.0.0.5", false),
            ("a b.example.com", false),
            ("-.example", false),
        ] {
            assert_eq!(Host::of(&name.parse().unwrap()).is_some(), expected, "{name}");
        }
        assert!(Host::of(&Name::root()).is_none());
        assert!(Host::of(&Name::from_labels([b"a.b".as_slice(), b"example"]).unwrap()).is_none());
    }

    #[test]
    fn an_alert_has_the_name_of_the_rfc() {
        assert_eq!(alert_name(AlertDescription::HandshakeFailure), "handshake_failure");
        assert_eq!(alert_name(AlertDescription::UnknownCA), "unknown_c_a");
        assert_eq!(alert_name(AlertDescription::Unknown(250)), "250");
    }

    #[test]
    fn a_root_that_is_none_is_refused() {
        assert!(Client::new(&[b"no certificate".to_vec()]).is_err());
    }
}

//! The certificate that the mail server shows: a chain and a key in PEM files, read once.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error, ServerConfig, ServerConnection};

use crate::inspect::connection::Tls;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// The file is not there, or not PEM.
    #[error("cannot read `{file}`")]
    File {
        /// The file.
        file: String,
        /// Why.
        #[source]
        cause: pem::Error,
    },
    /// There is no certificate in the file.
    #[error("there is no certificate in `{0}`")]
    Empty(String),
    /// Key and certificate do not belong together, or the key is of a kind that is not known.
    #[error("the certificate and the key cannot be used together")]
    Unfit(#[source] Error),
}

/// Our side of TLS, with the chain and the key in these files.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, BadCertificate> {
    let bad = |file: &Path| {
        let file = file.display().to_string();
        move |cause| BadCertificate::File { file, cause }
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).map_err(bad(certificate))?.collect();
    let chain = chain.map_err(bad(certificate))?;
    if chain.is_empty() {
        return Err(BadCertificate::Empty(certificate.display().to_string()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(bad(key))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(BadCertificate::Unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(BadCertificate::Unfit)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What a session uses.
pub(super) fn used(session: &ServerConnection) -> Tls {
    let version = session.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS");
    let cipher = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown");
    // Suites of TLS 1.3 have names of rustls's own.
    Tls::Used { version: version.replace("TLSv1_", "TLSv1."), cipher: cipher.replacen("TLS13_", "TLS_", 1) }
}

//! What the server shows to prove who it is.

use std::io;
use std::path::PathBuf;

use axum_server::tls_openssl::OpenSSLConfig;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod};
use openssl::x509::X509;
use tokio::signal::unix::{SignalKind, signal};

use super::{log, secret};
use crate::operations::{Kind, Refusal};

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, with its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Tls {
    /// Reads them: TLS 1.3 alone is spoken.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if they cannot be used.
    pub fn read(&self) -> Result<OpenSSLConfig, Refusal> {
        let failed = |error: &dyn std::fmt::Display| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            let message =
                format!("cannot use the certificate {certificate} with the key {key}: {error}");
            Refusal::new(Kind::Invalid, message)
        };
        let builder = self.builder().map_err(|error| failed(&error))?;
        OpenSSLConfig::try_from(builder).map_err(|error| failed(&error))
    }

    /// What speaks TLS with them.
    fn builder(&self) -> io::Result<SslAcceptorBuilder> {
        let chain = secret::read(&self.certificate)?;
        let key = secret::read(&self.key)?;
        let mut builder = SslAcceptor::mozilla_modern_v5(SslMethod::tls())?;
        let mut chain = X509::stack_from_pem(&chain)?.into_iter();
        let own = chain.next().ok_or(io::ErrorKind::InvalidData)?;
        builder.set_certificate(&own)?;
        for above in chain {
            builder.add_extra_chain_cert(above)?;
        }
        let key = PKey::private_key_from_pem(&key)?;
        builder.set_private_key(&key)?;
        Ok(builder)
    }

    /// Reads them again whenever the process is told so by SIGHUP; files that cannot be used change nothing.
    pub async fn read_again(self, config: OpenSSLConfig) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else {
            return;
        };
        while hangups.recv().await.is_some() {
            match self.read() {
                Ok(new) => {
                    config.reload_from_acceptor(new.get_inner());
                    log::event("the certificate was read again", None);
                }
                Err(refusal) => log::event(
                    "the certificate cannot be used, and the old one stays",
                    Some(&refusal.message),
                ),
            }
        }
    }
}

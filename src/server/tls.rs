//! What the server shows to prove who it is.

use std::path::PathBuf;

use axum_server::tls_openssl::OpenSSLConfig;
use tokio::signal::unix::{SignalKind, signal};

use super::log;
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
    /// [`Kind::Invalid`] where they cannot be used.
    pub fn read(&self) -> Result<OpenSSLConfig, Refusal> {
        OpenSSLConfig::from_pem_chain_file(&self.certificate, &self.key).map_err(|error| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            let message =
                format!("cannot use the certificate {certificate} with the key {key}: {error}");
            Refusal::new(Kind::Invalid, message)
        })
    }

    /// Reads them again whenever the process is told so by SIGHUP; files that cannot be used change nothing.
    pub async fn read_again(self, config: OpenSSLConfig) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else {
            return;
        };
        while hangups.recv().await.is_some() {
            match config.reload_from_pem_chain_file(&self.certificate, &self.key) {
                Ok(()) => log::event("the certificate was read again", None),
                Err(error) => log::event(
                    "the certificate cannot be used, and the old one stays",
                    Some(&error.to_string()),
                ),
            }
        }
    }
}

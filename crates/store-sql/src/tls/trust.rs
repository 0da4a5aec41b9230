//! Whether a server's certificate is believed.

use rustls::{
    DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::TlsError;
use crate::address::Roots;

/// Whose word counts.
#[derive(Debug)]
pub(super) struct Trusted {
    roots: RootCertStore,
    /// A server's own certificate, where that is in the file: many make one that nobody else signed, and it is no root.
    themselves: Vec<CertificateDer<'static>>,
}

impl Trusted {
    /// Reads them.
    pub(super) fn load(from: &Roots) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        match from {
            Roots::System => {
                let found = rustls_native_certs::load_native_certs();
                let (added, _) = roots.add_parsable_certificates(found.certs);
                if added == 0 {
                    let reason =
                        found.errors.first().map_or("there are none".to_owned(), ToString::to_string);
                    return Err(TlsError::Roots { path: None, reason });
                }
                Ok(Self { roots, themselves: Vec::new() })
            }
            Roots::File(path) => {
                let unusable = |reason: String| TlsError::Roots { path: Some(path.clone()), reason };
                let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
                let themselves: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
                    .collect::<Result<_, _>>()
                    .map_err(|_| unusable("it is not in PEM".to_owned()))?;
                let (added, _) = roots.add_parsable_certificates(themselves.iter().cloned());
                if added == 0 {
                    return Err(unusable("there is no certificate in it".to_owned()));
                }
                Ok(Self { roots, themselves })
            }
        }
    }
}

/// Checks as much of a server's certificate as was asked for. That the server holds its key is checked in any case:
/// passwords that are bound to the connection rely on it.
#[derive(Debug)]
pub(super) struct Verifier {
    /// If anybody's word counts.
    pub(super) trusted: Option<Trusted>,
    /// Whether it must be for the host that was meant.
    pub(super) host: bool,
    /// What signatures can be checked.
    pub(super) supported: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        let parsed = ParsedCertificate::try_from(end_entity)?;
        if !trusted.themselves.iter().any(|own| own == end_entity) {
            let all = self.supported.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &trusted.roots, intermediates, now, all)?;
        }
        if self.host {
            verify_server_name(&parsed, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.supported)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.supported)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.supported.supported_schemes()
    }
}

//! The driver's connections, spoken in TLS.
//!
//! There is a crate for this; it brings a parser of certificates and eleven more crates, to find out which hash one is signed
//! with. That much is read here.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::{FutureExt, future::BoxFuture};
use rustls::{ClientConfig, crypto::aws_lc_rs, pki_types::ServerName};
use sha2::{Digest, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::{
    Socket,
    config::SslNegotiation,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio_rustls::TlsConnector;

use super::{
    TlsError,
    trust::{Trusted, Verifier},
};
use crate::address::{Address, Mode};

/// What TLS is spoken with, and whether it was.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Arc<ClientConfig>,
    spoken: Arc<AtomicBool>,
}

impl Connector {
    /// As an address asks for. Reads root certificates from files, which may have been replaced since the last time.
    pub(crate) fn new(address: &Address) -> Result<Self, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let supported = provider.signature_verification_algorithms;
        let trusted = address.roots.as_ref().map(Trusted::load).transpose()?;
        let verifier = Verifier { trusted, host: address.mode == Mode::VerifyFull, supported };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Handshake { reason: error.to_string() })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        if address.config.get_ssl_negotiation() == SslNegotiation::Direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(Self { config: Arc::new(config), spoken: Arc::default() })
    }

    /// Whether the last connection began to speak it.
    pub(crate) fn was_spoken(&self) -> bool {
        self.spoken.load(Ordering::Acquire)
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        self.spoken.store(false, Ordering::Release);
        let (config, spoken) = (self.config.clone(), self.spoken.clone());
        Ok(Handshake { config, host: host.to_owned(), spoken })
    }
}

/// One handshake. Begun only if the server is willing.
pub(crate) struct Handshake {
    config: Arc<ClientConfig>,
    host: String,
    spoken: Arc<AtomicBool>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream>>;

    fn connect(self, socket: Socket) -> Self::Future {
        self.spoken.store(true, Ordering::Release);
        async move {
            let host = ServerName::try_from(self.host)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            TlsConnector::from(self.config).connect(host, socket).await.map(Box::new).map(Stream)
        }
        .boxed()
    }
}

/// What goes over the wire is encrypted.
pub(crate) struct Stream(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Stream {
    /// A hash of the server's certificate: a password proven for it is of no use to somebody in between, who has another.
    fn channel_binding(&self) -> ChannelBinding {
        let (_, session) = self.0.get_ref();
        let certificate = session.peer_certificates().and_then(|chain| chain.first());
        certificate
            .and_then(|certificate| end_point(certificate))
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

/// RFC 5929: with the hash that the certificate is signed with, but none weaker than SHA-256. Nothing where it is signed
/// without one.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // PKCS #1 and ECDSA, each but for the last numbers, which say the hash
    let hash = match signature_algorithm(certificate)? {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, hash] => *hash,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => 0x05,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, hash @ 0x02..=0x04] => *hash + 0x09,
        _ => return None,
    };
    match hash {
        // MD5 and SHA-1 too
        0x04 | 0x05 | 0x0b => Some(Sha256::digest(certificate).to_vec()),
        0x0c => Some(Sha384::digest(certificate).to_vec()),
        0x0d => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

/// The number of what a certificate is signed with: its second part's first.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let (parts, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(parts, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(number, _)| number)
}

/// What the first element in DER holds, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (more, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if more.len() > 4 {
            return None;
        }
        length = more.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        rest = behind;
    }
    if found == tag { rest.split_at_checked(length) } else { None }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of a certificate as is looked at.
    fn signed_with(number: &[u8]) -> Vec<u8> {
        let wrapped = |tag: u8, inside: &[u8]| {
            let mut bytes = vec![tag, 0x82];
            bytes.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
            bytes.extend(inside);
            bytes
        };
        let first = wrapped(0x30, &[0; 300]);
        let algorithm = wrapped(0x30, &wrapped(0x06, number));
        wrapped(0x30, &[first, algorithm].concat())
    }

    #[test]
    fn a_certificate_is_bound_by_the_hash_it_is_signed_with() {
        let rsa = |hash| [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01], &[hash][..]].concat();
        let ecdsa = |hash| [&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03], &[hash][..]].concat();
        for (number, length) in [
            (rsa(0x05), Some(32)),
            (rsa(0x0b), Some(32)),
            (rsa(0x0c), Some(48)),
            (rsa(0x0d), Some(64)),
            // PSS, whose hash is elsewhere
            (rsa(0x0a), None),
            (ecdsa(0x02), Some(32)),
            (ecdsa(0x03), Some(48)),
            (ecdsa(0x04), Some(64)),
            // Ed25519
            (vec![0x2b, 0x65, 0x70], None),
        ] {
            assert_eq!(end_point(&signed_with(&number)).map(|hash| hash.len()), length, "{number:x?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_bound_to_nothing() {
        let whole = signed_with(&[0x2a]);
        for end in 0..whole.len() {
            assert_eq!(end_point(whole.get(..end).unwrap()), None);
        }
        assert_eq!(end_point(&[0x30, 0xff, 1, 2, 3]), None);
    }
}

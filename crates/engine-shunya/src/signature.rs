//! The webhook signature: lower-case hex HMAC-SHA256. Which string is signed is disputed between the vendor's documents
//! (contract `shunya.md` §6), so it is a setting.

use app::ports::ProofError;
use hmac::{Hmac, KeyInit, Mac};
use kernel::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::python_json;

/// A timestamp further from now than this, either way, is refused.
const MAX_AGE_MS: i128 = 300_000;

/// Which string the signature is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// `{timestamp}.` and the raw body: what the vendor and the predecessor agreed on.
    #[default]
    Dot,
    /// `{timestamp}:` and the body, raw or as Python writes it with sorted keys: a page of the vendor's of December.
    Colon,
    /// Either.
    Either,
}

fn mac(secret: &str, parts: &[&[u8]]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(hex::encode(mac.finalize().into_bytes()))
}

/// The signature of a body at a time, in the usual scheme.
pub fn sign(secret: &str, timestamp_ms: &str, body: &[u8]) -> Option<String> {
    mac(secret, &[timestamp_ms.as_bytes(), b".", body])
}

/// Whether a body was signed with the secret, and lately.
pub fn verify(
    secret: &str,
    scheme: Scheme,
    signature: Option<&str>,
    timestamp: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), ProofError> {
    if secret.is_empty() {
        return Err(ProofError::NoSecret);
    }
    let (Some(signature), Some(timestamp)) = (signature, timestamp) else { return Err(ProofError::Missing) };
    // decimal digits only: no sign, no blanks, no underscores, nothing that could be read in two ways
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ProofError::Expired);
    }
    let sent_at: i128 = timestamp.parse().map_err(|_| ProofError::Expired)?;
    if (i128::from(now.timestamp_millis()) - sent_at).abs() > MAX_AGE_MS {
        return Err(ProofError::Expired);
    }
    let sent = signature.to_ascii_lowercase();
    let matches = |expected: Option<String>| -> Choice {
        expected.map_or(Choice::from(0), |expected| expected.as_bytes().ct_eq(sent.as_bytes()))
    };
    let mut proven = Choice::from(0);
    if scheme != Scheme::Colon {
        proven |= matches(sign(secret, timestamp, body));
    }
    if scheme != Scheme::Dot {
        proven |= matches(mac(secret, &[timestamp.as_bytes(), b":", body]));
        if let Ok(value) = serde_json::from_slice(body) {
            let canonical = python_json(&value);
            proven |= matches(mac(secret, &[timestamp.as_bytes(), b":", canonical.as_bytes()]));
        }
    }
    if proven.into() { Ok(()) } else { Err(ProofError::Mismatch) }
}

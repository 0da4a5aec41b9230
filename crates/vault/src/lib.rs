//! Secrets at rest: AES-256-GCM under `OTTO_ENCRYPTION_KEY`.
//!
//! A sealed secret is `1 | key id (4 bytes) | nonce (12 bytes) | ciphertext and tag`; the place it is sealed for is
//! authenticated with it. Several keys may be configured: the first seals, all of them open, which is how keys rotate.

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, Generate, Key, KeyInit, Payload},
};
use app::ports::{SealedSecret, SecretBox, SecretBoxError};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::Secret;
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;

/// Why the configured keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultKeyError {
    /// None given.
    #[error("needs at least one key")]
    None,
    /// One is not 32 bytes in base64.
    #[error("each key must be 32 bytes in base64 (make one with: openssl rand -base64 32)")]
    Malformed,
}

struct SealingKey {
    id: [u8; KEY_ID],
    cipher: Aes256Gcm,
}

/// The box.
pub struct Vault {
    first: SealingKey,
    older: Vec<SealingKey>,
}

impl Vault {
    /// Takes keys as configured: base64, separated by commas, the newest first.
    pub fn new(keys: &Secret) -> Result<Self, VaultKeyError> {
        let mut parsed = keys.expose().split(',').map(str::trim).filter(|key| !key.is_empty()).map(read_key);
        let first = parsed.next().ok_or(VaultKeyError::None)??;
        Ok(Self { first, older: parsed.collect::<Result<_, _>>()? })
    }

    /// A fresh key, as it is to be configured.
    pub fn fresh_key() -> Secret {
        Secret::new(STANDARD.encode(Key::<Aes256Gcm>::generate()))
    }
}

fn read_key(text: &str) -> Result<SealingKey, VaultKeyError> {
    let bytes = STANDARD.decode(text).map_err(|_| VaultKeyError::Malformed)?;
    let cipher = Aes256Gcm::new_from_slice(&bytes).map_err(|_| VaultKeyError::Malformed)?;
    let mut id = [0; KEY_ID];
    for (slot, byte) in id.iter_mut().zip(Sha256::digest(&bytes)) {
        *slot = byte;
    }
    Ok(SealingKey { id, cipher })
}

fn broken(reason: &'static str) -> SecretBoxError {
    SecretBoxError(reason.into())
}

impl SecretBox for Vault {
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SecretBoxError> {
        let nonce = Nonce::generate();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: context.as_bytes() };
        let ciphertext = self.first.cipher.encrypt(&nonce, payload).map_err(|_| broken("cannot seal"))?;
        let mut sealed = Vec::with_capacity(1 + KEY_ID + NONCE + ciphertext.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.first.id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(SealedSecret(sealed))
    }

    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SecretBoxError> {
        let bytes = sealed.0.as_slice();
        let (Some(VERSION), Some(id), Some(nonce), Some(ciphertext)) = (
            bytes.first().copied(),
            bytes.get(1..1 + KEY_ID),
            bytes.get(1 + KEY_ID..1 + KEY_ID + NONCE),
            bytes.get(1 + KEY_ID + NONCE..),
        ) else {
            return Err(broken("not a sealed secret"));
        };
        let key = std::iter::once(&self.first)
            .chain(&self.older)
            .find(|key| key.id == id)
            .ok_or_else(|| broken("sealed with a key that is not configured any more"))?;
        let nonce = <&Nonce<_>>::try_from(nonce).map_err(|_| broken("not a sealed secret"))?;
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        let plain =
            key.cipher.decrypt(nonce, payload).map_err(|_| broken("sealed for another place, or changed"))?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| broken("not text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("072e77e4".to_owned())
    }

    #[test]
    fn opens_where_it_was_sealed_for_and_nowhere_else() {
        let vault = Vault::new(&Vault::fresh_key()).unwrap();
        let sealed = vault.seal(&secret(), "org_a/callrail/signing_key").unwrap();
        assert_eq!(vault.open(&sealed, "org_a/callrail/signing_key").unwrap(), secret());
        assert!(vault.open(&sealed, "org_b/callrail/signing_key").is_err());
        assert_ne!(vault.seal(&secret(), "x").unwrap(), vault.seal(&secret(), "x").unwrap());
    }

    #[test]
    fn any_change_of_a_byte_is_noticed() {
        let vault = Vault::new(&Vault::fresh_key()).unwrap();
        let sealed = vault.seal(&secret(), "x").unwrap();
        for at in 0..sealed.0.len() {
            let mut changed = sealed.clone();
            changed.0[at] ^= 1;
            assert!(vault.open(&changed, "x").is_err(), "byte {at}");
        }
        for length in 0..sealed.0.len() {
            assert!(vault.open(&SealedSecret(sealed.0[..length].to_vec()), "x").is_err());
        }
    }

    #[test]
    fn keys_rotate() {
        let (old, new) = (Vault::fresh_key(), Vault::fresh_key());
        let sealed = Vault::new(&old).unwrap().seal(&secret(), "x").unwrap();
        let both = Vault::new(&Secret::new(format!("{}, {}", new.expose(), old.expose()))).unwrap();
        assert_eq!(both.open(&sealed, "x").unwrap(), secret());
        assert!(Vault::new(&new).unwrap().open(&sealed, "x").is_err());
        assert!(Vault::new(&new).unwrap().open(&both.seal(&secret(), "x").unwrap(), "x").is_ok());
    }

    #[test]
    fn bad_keys_are_refused() {
        let keys = |text: &str| Vault::new(&Secret::new(text.to_owned())).map(|_| ());
        assert_eq!(keys(""), Err(VaultKeyError::None));
        assert_eq!(keys("c2hvcnQ="), Err(VaultKeyError::Malformed));
        assert_eq!(keys("not base64!"), Err(VaultKeyError::Malformed));
    }
}

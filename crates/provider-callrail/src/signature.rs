use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Whether `signature` is base64(HMAC-SHA1(key, body)). The key is used as text: it looks like hex and is not to be
/// decoded. Takes the same time whichever byte differs.
pub fn is_signed(key: &str, body: &[u8], signature: &str) -> bool {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return false };
    mac.update(body);
    let expected = STANDARD.encode(mac.finalize().into_bytes());
    // an empty key would let anybody sign
    !key.is_empty() && expected.as_bytes().ct_eq(signature.as_bytes()).into()
}

/// Whether a text could be a signature: base64 of the 20 bytes of an HMAC-SHA1.
pub fn could_be_signature(text: &str) -> bool {
    // 20 bytes are 28 characters; nothing longer is even decoded
    text.len() == 28 && STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 20)
}

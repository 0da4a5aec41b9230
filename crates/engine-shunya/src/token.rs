use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CompanyId, Timestamp};
use serde_json::json;
use sha2::Sha256;

/// A token lives this long, in seconds.
const LIFE: i64 = 300;

/// The bearer token of one request: an HS256 JWT with the claims the vendor asks for (contract `shunya.md` §1).
pub fn bearer(secret: &str, company: &CompanyId, now: Timestamp) -> Option<String> {
    let issued = now.timestamp();
    let claims = json!({
        "company_id": company, "iat": issued, "exp": issued + LIFE, "type": "access",
        "user_id": "otto", "role": "admin",
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

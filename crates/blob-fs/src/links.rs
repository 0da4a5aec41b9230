use std::time::Duration;

use app::ports::BlobKey;
use hmac::{Hmac, KeyInit, Mac};
use kernel::{Secret, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

/// Links to objects that our own server serves.
pub struct Links {
    public_url: Url,
    key: Secret,
}

impl Links {
    pub fn new(public_url: Url, key: Secret) -> Self {
        Self { public_url, key }
    }

    fn signature(&self, key: &BlobKey, expires: &str) -> String {
        // any length of key is fine for HMAC
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes()) else {
            return String::new();
        };
        mac.update(expires.as_bytes());
        mac.update(b"/");
        mac.update(key.as_str().as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    pub fn make(&self, key: &BlobKey, valid_for: Duration, now: Timestamp) -> Secret {
        let life = i64::try_from(valid_for.as_secs()).unwrap_or_default();
        let expires = now.timestamp().saturating_add(life).to_string();
        let mut url = self.public_url.clone();
        url.set_path(&format!("/media/{key}"));
        url.query_pairs_mut()
            .append_pair("expires", &expires)
            .append_pair("signature", &self.signature(key, &expires));
        Secret::new(url.into())
    }

    pub fn admits(&self, key: &BlobKey, expires: &str, signature: &str, now: Timestamp) -> bool {
        let proven: bool = self.signature(key, expires).as_bytes().ct_eq(signature.as_bytes()).into();
        let valid = expires.parse::<i64>().is_ok_and(|expires| now.timestamp() < expires);
        proven && valid && !signature.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use kernel::CompanyId;

    use super::*;

    #[test]
    fn a_link_is_for_one_object_and_ends() {
        let company = CompanyId::try_new("org_a").unwrap();
        let key = |name: &str| BlobKey::parse(&company, &format!("tenants/org_a/{name}")).unwrap();
        let links = Links::new("http://127.0.0.1:1/".parse().unwrap(), Secret::new("k".into()));
        let now: Timestamp = "2026-11-22T18:00:00Z".parse().unwrap();
        let link: Url = links.make(&key("a.wav"), Duration::from_mins(1), now).expose().parse().unwrap();
        assert_eq!(link.path(), "/media/tenants/org_a/a.wav");
        let part = |name| link.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        let (expires, signature) = (part("expires"), part("signature"));
        assert!(links.admits(&key("a.wav"), &expires, &signature, now));
        assert!(!links.admits(&key("b.wav"), &expires, &signature, now));
        assert!(!links.admits(&key("a.wav"), &(expires.clone() + "0"), &signature, now));
        assert!(!links.admits(&key("a.wav"), &expires, &signature, now + chrono::Duration::seconds(60)));
        assert!(!links.admits(&key("a.wav"), &expires, "", now));
    }
}

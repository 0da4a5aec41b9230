use std::time::Duration;

use app::ports::{BlobKey, LinkFor};
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

    fn signature(&self, key: &BlobKey, allows: LinkFor<'_>, expires: &str) -> String {
        // any length of key is fine for HMAC
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes()) else {
            return String::new();
        };
        // no end begins with a word, and no content type holds a line end that HTTP would carry
        if let LinkFor::Storing { content_type } = allows {
            mac.update(format!("store {content_type}\n").as_bytes());
        }
        mac.update(expires.as_bytes());
        mac.update(b"/");
        mac.update(key.as_str().as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    pub fn make(&self, key: &BlobKey, allows: LinkFor<'_>, valid_for: Duration, now: Timestamp) -> Secret {
        let life = i64::try_from(valid_for.as_secs()).unwrap_or_default();
        let expires = now.timestamp().saturating_add(life).to_string();
        let mut url = self.public_url.clone();
        url.set_path(&format!("/media/{key}"));
        url.query_pairs_mut()
            .append_pair("expires", &expires)
            .append_pair("signature", &self.signature(key, allows, &expires));
        Secret::new(url.into())
    }

    pub fn admits(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        expires: &str,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let proven: bool = self.signature(key, allows, expires).as_bytes().ct_eq(signature.as_bytes()).into();
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
        let parts = |link: Secret| {
            let link: Url = link.expose().parse().unwrap();
            assert_eq!(link.path(), "/media/tenants/org_a/a.wav");
            let part = |name| link.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
            (part("expires"), part("signature"))
        };
        let wav = LinkFor::Storing { content_type: "audio/wav" };
        for allows in [LinkFor::Reading, wav] {
            let (expires, signature) = parts(links.make(&key("a.wav"), allows, Duration::from_mins(1), now));
            let admits = |name: &str, allows, expires: &str, signature: &str, now| {
                links.admits(&key(name), allows, expires, signature, now)
            };
            assert!(admits("a.wav", allows, &expires, &signature, now));
            assert!(!admits("b.wav", allows, &expires, &signature, now));
            assert!(!admits("a.wav", allows, &(expires.clone() + "0"), &signature, now));
            assert!(!admits("a.wav", allows, &expires, &signature, now + chrono::Duration::seconds(60)));
            assert!(!admits("a.wav", allows, &expires, "", now));
            for other in [LinkFor::Reading, wav, LinkFor::Storing { content_type: "text/html" }] {
                assert_eq!(admits("a.wav", other, &expires, &signature, now), other == allows, "{other:?}");
            }
        }
    }
}

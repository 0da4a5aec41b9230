//! Whose an object is, and how it may be called.

use app::ports::{BlobKey, LinkFor};
use kernel::{CallId, RecordingId};

use super::bench::{BlobBench, company, key, key_of};
use crate::TestIds;

pub async fn tenants_have_keys_of_their_own(bench: &BlobBench) {
    let (one, other) = (key_of("org_a", "calls/a.wav"), key_of("org_b", "calls/a.wav"));
    bench.put(&one, b"of a").await.unwrap();
    assert!(bench.stored(&other).await.is_none());
    bench.put(&other, b"of b").await.unwrap();
    assert_eq!(bench.stored(&one).await.as_deref(), Some(b"of a".as_slice()));
    bench.blobs.delete(&one).await.unwrap();
    assert_eq!(bench.stored(&other).await.as_deref(), Some(b"of b".as_slice()));
}

pub async fn no_key_of_another_tenant_can_be_formed(bench: &BlobBench) {
    let ids = TestIds::default();
    let (call, recording) = (CallId(7), RecordingId::fresh(&ids));
    let of_b = BlobKey::recording(&company("org_b"), call, recording, "wav", bench.now);
    bench.put(&of_b, b"of b").await.unwrap();
    let own = company("org_a");
    let path = of_b.as_str();
    let rest = path.strip_prefix("tenants/").unwrap();
    for attempt in [
        path.to_owned(),
        format!("tenants/org_a/../{rest}"),
        format!("tenants/org_a/%2e%2e/{rest}"),
        format!("tenants/org_a/..%2f{rest}"),
        format!("tenants/org_a/..\\{rest}"),
        format!("tenants/org_a//tenants/{rest}"),
        format!("tenants/org_a/./../{rest}"),
        format!("/{path}"),
        format!("tenants/org_a\0/{rest}"),
        format!("tenants/org_a/x?key={rest}"),
        format!("tenants/org_a/x#{rest}"),
    ] {
        assert!(BlobKey::parse(&own, &attempt).is_none(), "{attempt}");
    }
    // what can be formed lies under the tenant's own prefix, whatever it is called
    let odd = key(path);
    assert!(odd.as_str().starts_with("tenants/org_a/"));
    assert!(bench.stored(&odd).await.is_none());
}

pub async fn every_character_a_key_may_have_is_a_character(bench: &BlobBench) {
    let names = ["-._A9/...wav", ".hidden/..a/b..", "a.part", "Z", "0/1/2/3/4/5/6/7/8/9", "tenants/org_a/x"];
    for name in names {
        bench.put(&key(name), name.as_bytes()).await.unwrap();
    }
    for name in names {
        assert_eq!(bench.stored(&key(name)).await.as_deref(), Some(name.as_bytes()), "{name}");
        bench
            .blobs
            .link(&key(name), LinkFor::Reading, std::time::Duration::from_mins(1), bench.now)
            .await
            .unwrap();
    }
}

pub async fn keys_that_begin_alike_are_different(bench: &BlobBench) {
    let names = ["a.wav", "a.wav.type", "a.wav.part", "a.wa", "a.wav2"];
    for name in names {
        bench.put(&key(name), name.as_bytes()).await.unwrap();
    }
    for (at, name) in names.iter().enumerate() {
        assert_eq!(bench.stored(&key(name)).await.as_deref(), Some(name.as_bytes()), "{name}");
        bench.blobs.delete(&key(name)).await.unwrap();
        for (later, other) in names.iter().enumerate() {
            assert_eq!(
                bench.stored(&key(other)).await.is_some(),
                later > at,
                "{other} after {name} was deleted"
            );
        }
    }
}

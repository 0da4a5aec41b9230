//! Lists of what is there.

use app::ports::ListedBlob;
use futures_util::{StreamExt, stream};
use kernel::CompanyId;

use super::bench::{BlobBench, broken, company, key, key_of};

async fn listed(bench: &BlobBench, of: Option<&CompanyId>) -> Vec<ListedBlob> {
    let mut pages = bench.blobs.list(of);
    let mut all = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        assert!(!page.is_empty(), "a page that is not the end holds something");
        all.extend(page);
    }
    assert!(pages.next().await.unwrap().is_none(), "the end is the end");
    all
}

async fn keys(bench: &BlobBench, of: Option<&CompanyId>) -> Vec<String> {
    listed(bench, of).await.into_iter().map(|blob| blob.key).collect()
}

pub async fn an_empty_storage_has_an_empty_list(bench: &BlobBench) {
    assert_eq!(listed(bench, None).await, []);
    assert_eq!(listed(bench, Some(&company("org_a"))).await, []);
}

pub async fn a_list_names_every_object_once_in_the_order_of_names(bench: &BlobBench) {
    let names = ["b/c.wav", "a.wav", "b-a.wav", "b.wav", "Z", "b/c/d.wav", ".x", "b_a.wav", "a/0/1/2"];
    for name in names {
        bench.put(&key(name), name.as_bytes()).await.unwrap();
    }
    let mut wanted: Vec<_> = names.map(|name| key(name).as_str().to_owned()).into();
    wanted.sort();
    assert_eq!(keys(bench, None).await, wanted);
}

pub async fn a_list_tells_sizes_and_times(bench: &BlobBench) {
    bench.put(&key("a.wav"), b"").await.unwrap();
    bench.put(&key("b.wav"), b"four").await.unwrap();
    let first = listed(bench, None).await;
    let sizes: Vec<_> = first.iter().map(|blob| blob.size).collect();
    assert_eq!(sizes, [0, 4]);
    for blob in &first {
        // storages keep the machine's time, some by the second, and the bench may keep another
        let year = blob.stored_at.to_rfc3339();
        assert!(year.as_str() > "2025", "{year}");
    }
    bench.put(&key("b.wav"), b"longer").await.unwrap();
    let second = listed(bench, None).await;
    assert_eq!(second.iter().map(|blob| blob.size).collect::<Vec<_>>(), [0, 6]);
    assert!(second.iter().zip(&first).all(|(now, then)| now.stored_at >= then.stored_at));
}

pub async fn a_list_of_one_tenant_is_its_own(bench: &BlobBench) {
    for tenant in ["org_a", "org_ab", "org_b"] {
        bench.put(&key_of(tenant, "a.wav"), b"x").await.unwrap();
    }
    for tenant in ["org_a", "org_ab", "org_b"] {
        let own = key_of(tenant, "a.wav").as_str().to_owned();
        assert_eq!(keys(bench, Some(&company(tenant))).await, [own]);
    }
    assert_eq!(keys(bench, Some(&company("org"))).await, Vec::<String>::new());
    assert_eq!(keys(bench, None).await.len(), 3);
}

pub async fn what_is_not_whole_or_was_removed_is_not_listed(bench: &BlobBench) {
    for name in ["a.wav", "b.wav"] {
        bench.put(&key(name), b"x").await.unwrap();
    }
    bench.blobs.put(&key("c.wav"), "audio/wav", broken(1000), 1 << 20).await.unwrap_err();
    bench.blobs.delete(&key("a.wav")).await.unwrap();
    assert_eq!(keys(bench, None).await, [key("b.wav").as_str()]);
}

pub async fn a_long_list_comes_in_pages(bench: &BlobBench) {
    let names: Vec<_> = (0..1_050).map(|number| format!("calls/{number:04}/a.wav")).collect();
    stream::iter(&names)
        .for_each_concurrent(16, |name| async { drop(bench.put(&key(name), b"x").await.unwrap()) })
        .await;
    let mut pages = bench.blobs.list(None);
    let first = pages.next().await.unwrap().unwrap();
    let second = pages.next().await.unwrap().unwrap();
    assert!(pages.next().await.unwrap().is_none());
    assert_eq!((first.len(), second.len()), (1_000, 50));
    let found: Vec<_> = first.into_iter().chain(second).map(|blob| blob.key).collect();
    let wanted: Vec<_> = names.iter().map(|name| key(name).as_str().to_owned()).collect();
    assert_eq!(found, wanted);
}

//! Folders and disks.

use std::{fs, path::Path, sync::Arc};

use app::ports::{BlobError, BlobKey, BlobStore};
use blob_fs::FsBlobs;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use kernel::{CompanyId, Secret};
use testkit::{
    TestIds,
    contract::blobs::{alone_after, is_alone},
};

const PLENTY: u64 = 1 << 30;

fn blobs(folder: &Path) -> FsBlobs {
    let nowhere = "http://127.0.0.1/".parse().unwrap();
    FsBlobs::new(folder, nowhere, Secret::new("link-key".to_owned()), Arc::new(TestIds::default()))
}

fn key(name: &str) -> BlobKey {
    BlobKey::parse(&CompanyId::try_new("org_a").unwrap(), &format!("tenants/org_a/{name}")).unwrap()
}

fn body(length: usize) -> app::ports::ByteStream {
    stream::iter([Ok(Bytes::from(vec![7; length]))]).boxed()
}

/// Every file in a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

#[tokio::test]
async fn what_lies_above_or_below_an_object_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = blobs(folder.path());
    blobs.put(&key("calls/a.wav"), "audio/wav", body(10), PLENTY).await.unwrap();
    for name in ["calls", "calls/a.wav/b.wav"] {
        assert!(blobs.get(&key(name), 0, None).await.unwrap().is_none(), "{name}");
        assert!(blobs.delete(&key(name)).await.is_ok(), "{name}");
    }
    assert!(blobs.get(&key("calls/a.wav"), 0, None).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_fails_or_is_dropped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = blobs(folder.path());
    let key = key("calls/a.wav");
    blobs.put(&key, "audio/wav", body(10), 9).await.unwrap_err();
    let (reached, end) = tokio::sync::oneshot::channel();
    let mut reached = Some(reached);
    let never = stream::poll_fn(move |_| {
        reached.take().map(|reached| reached.send(()));
        std::task::Poll::Pending
    });
    let put = blobs.put(&key, "audio/wav", body(100_000).chain(never).boxed(), PLENTY);
    drop(futures_util::future::select(put, end).await);
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

/// A limit on the size of files refuses writes just as a full disk does.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_at_the_last_byte_is_told() {
    let name = concat!(module_path!(), "::a_disk_that_is_full_at_the_last_byte_is_told");
    if !is_alone() {
        return alone_after(name, "trap '' XFSZ; ulimit -f 128", &[]).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let blobs = blobs(folder.path());
    let error = blobs.put(&key("a.wav"), "audio/wav", body(1 << 20), PLENTY).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
    assert!(blobs.get(&key("a.wav"), 0, None).await.unwrap().is_none());
}

//! Whether the storage holds what rows say it does, and nothing else.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{CompanyId, RecordingId, hex};
use sha2::{Digest, Sha256};

use super::{Hindrance, PATIENCE, READ_AT_ONCE, Verification, report::CheckReport};
use crate::ports::{BlobError, BlobKey, BlobStore, Extent, Finding, InspectedRecording, ListedBlob};

/// The storage is asked for so many objects at a time.
const AT_ONCE: usize = 16;

/// Each recording's object.
pub(super) async fn check(
    verification: &Verification<'_>,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    let inspector = verification.inspector;
    let stretch = verification.stretch(READ_AT_ONCE);
    let rows = inspector.extent(Extent::Recordings, stretch.company).await?;
    verification.progress.begin(report.check.name, Some(rows));
    let (blobs, deep) = (verification.ports.blobs.as_ref(), verification.order.deep);
    let mut after = None;
    loop {
        let page = inspector.recordings(after, &stretch).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let mut looks = stream::iter(page)
            .map(|recording| async move { look_at(blobs, recording, deep).await })
            .buffered(AT_ONCE);
        while let Some(finding) = looks.try_next().await? {
            report.looked_at += 1;
            verification.progress.advance(1);
            report.add(finding, verification.order.examples);
        }
    }
}

async fn look_at(
    blobs: &dyn BlobStore,
    recording: InspectedRecording,
    deep: bool,
) -> Result<Option<Finding>, BlobError> {
    let why = what_is_wrong(blobs, &recording, deep).await?;
    let subject = format!("recording {}", recording.id);
    Ok(why.map(|why| Finding { subject, company: Some(recording.company), why: why.to_owned() }))
}

async fn what_is_wrong(
    blobs: &dyn BlobStore,
    recording: &InspectedRecording,
    deep: bool,
) -> Result<Option<&'static str>, BlobError> {
    let company = CompanyId::try_new(recording.company.as_str()).ok();
    let key =
        company.zip(recording.blob_key.as_deref()).and_then(|(company, key)| BlobKey::parse(&company, key));
    let (Some(key), Some(size), Some(sha256)) = (key, recording.size_bytes, &recording.sha256) else {
        return Ok(Some("it does not say where it is kept, or of what size and content it is"));
    };
    // without its bytes, unless they are to be compared
    let until = if deep { None } else { Some(0) };
    let Some(read) = blobs.get(&key, 0, until).await? else { return Ok(Some("its object is missing")) };
    if i64::try_from(read.size) != Ok(size) {
        return Ok(Some("its object is of another size"));
    }
    if !deep {
        return Ok(None);
    }
    let hashed =
        read.body.try_fold(Sha256::new(), async |hasher, bytes| Ok(hasher.chain_update(bytes))).await;
    Ok(match hashed.map(|hasher| hex(&hasher.finalize())) {
        Ok(found) if found == *sha256 => None,
        Ok(_) => Some("its object has another content"),
        Err(_) => Some("its object cannot be read to its end"),
    })
}

/// Each object's row.
pub(super) async fn check_orphans(
    verification: &Verification<'_>,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    verification.progress.begin(report.check.name, None);
    let mut pages = verification.ports.blobs.list(verification.order.company.as_ref());
    while let Some(page) = pages.next().await? {
        report.looked_at += u64::try_from(page.len()).unwrap_or_default();
        let named: Vec<_> = page.iter().filter_map(|blob| recording_of(&blob.key)).collect();
        let kept_at = verification.inspector.kept_at(&named).await?;
        let settled = verification.began - PATIENCE * 4;
        // one that is being stored at this moment has no row yet
        let orphans = page.iter().filter(|blob| blob.stored_at < settled && !is_named(blob, &kept_at));
        let found = orphans.map(|blob| Finding {
            subject: format!("object {}", blob.key),
            company: blob.key.split('/').nth(1).map(str::to_owned),
            why: "no recording is kept there".to_owned(),
        });
        report.add(found, verification.order.examples);
        verification.progress.advance(u64::try_from(page.len()).unwrap_or_default());
    }
    Ok(())
}

/// The recording an object is of, as its name has it: `…/{recording}.{ending}`.
fn recording_of(key: &str) -> Option<RecordingId> {
    let (_, name) = key.rsplit_once('/')?;
    name.split('.').next()?.parse().ok()
}

fn is_named(blob: &ListedBlob, kept_at: &HashMap<RecordingId, Option<String>>) -> bool {
    let known = recording_of(&blob.key).and_then(|id| kept_at.get(&id));
    known.is_some_and(|key| key.as_deref() == Some(blob.key.as_str()))
}

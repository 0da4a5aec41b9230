use app::ports::{BlobError, ByteStream, StoredBlob};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

/// Uploads go in parts of this size: above the 5 MiB a part must have, small enough for many uploads at a time.
const PART: usize = 8 << 20;
/// An upload has at most so many parts.
const MOST_PARTS: u64 = 10_000;

/// How large the parts of an object of at most `limit` bytes must be.
pub fn part_size(limit: u64) -> usize {
    usize::try_from(limit.div_ceil(MOST_PARTS)).unwrap_or(usize::MAX).max(PART)
}

/// A piece of an object.
pub struct Part {
    /// Its bytes.
    pub bytes: Bytes,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

/// Cuts a stream into parts of one size, the last one shorter, and never reads further than the part asked for.
pub struct Parts {
    body: ByteStream,
    /// What the last part left over of a chunk.
    rest: Bytes,
    limit: u64,
    part_size: usize,
    size: u64,
    whole: Sha256,
}

impl Parts {
    pub fn new(body: ByteStream, limit: u64, part_size: usize) -> Self {
        Self { body, rest: Bytes::new(), limit, part_size, size: 0, whole: Sha256::new() }
    }

    /// The next part; shorter than the others, perhaps empty, when the stream has ended.
    pub async fn next(&mut self) -> Result<Part, BlobError> {
        let mut bytes = BytesMut::new();
        let mut hasher = Sha256::new();
        loop {
            let room = self.part_size.saturating_sub(bytes.len());
            if room == 0 {
                break;
            }
            if self.rest.is_empty() {
                let Some(chunk) = self.body.next().await else { break };
                self.rest = chunk.map_err(BlobError::Source)?;
                self.size += u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
                if self.size > self.limit {
                    return Err(BlobError::TooLarge { limit: self.limit });
                }
            }
            let piece = self.rest.split_to(room.min(self.rest.len()));
            if bytes.is_empty() {
                bytes.reserve(self.part_size);
            }
            bytes.extend_from_slice(&piece);
            hasher.update(&piece);
            self.whole.update(&piece);
        }
        Ok(Part { bytes: bytes.freeze(), sha256: hasher.finalize().into() })
    }

    /// What was read, once it is all stored.
    pub fn stored(self) -> StoredBlob {
        StoredBlob { size: self.size, sha256: hex::encode(self.whole.finalize()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures_util::stream;

    use super::*;

    fn chunks(sizes: &[usize]) -> ByteStream {
        let chunks: Vec<_> =
            sizes.iter().map(|size| Ok::<_, io::Error>(Bytes::from(vec![7; *size]))).collect();
        stream::iter(chunks).boxed()
    }

    async fn sizes(mut parts: Parts, size: usize) -> Vec<usize> {
        let mut found = Vec::new();
        loop {
            let part = parts.next().await.unwrap();
            assert_eq!(part.sha256, <[u8; 32]>::from(Sha256::digest(&part.bytes)));
            found.push(part.bytes.len());
            if part.bytes.len() < size {
                return found;
            }
        }
    }

    #[tokio::test]
    async fn a_stream_is_cut_wherever_its_chunks_end() {
        assert_eq!(sizes(Parts::new(chunks(&[1, 0, 7, 25]), 100, 10), 10).await, [10, 10, 10, 3]);
        assert_eq!(sizes(Parts::new(chunks(&[10, 10]), 100, 10), 10).await, [10, 10, 0]);
        assert_eq!(sizes(Parts::new(chunks(&[]), 100, 10), 10).await, [0]);
    }

    #[tokio::test]
    async fn a_stream_longer_than_allowed_is_not_read_to_its_end() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"12345"))).boxed();
        let mut parts = Parts::new(endless, 12, 10);
        assert_eq!(parts.next().await.unwrap().bytes.len(), 10);
        assert!(matches!(parts.next().await, Err(BlobError::TooLarge { limit: 12 })));
    }

    #[test]
    fn the_longest_object_allowed_fits_into_the_parts_allowed() {
        assert_eq!(part_size(1 << 30), PART);
        for limit in [0, 1, 80_000_000_000, 5 << 40] {
            let parts = limit / u64::try_from(part_size(limit)).unwrap();
            assert!(parts <= MOST_PARTS, "{limit}");
        }
    }
}

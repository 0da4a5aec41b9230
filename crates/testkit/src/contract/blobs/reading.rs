//! Reading.

use super::bench::{BlobBench, LONG, key, noise};

pub async fn what_is_not_there_is_none(bench: &BlobBench) {
    for name in ["calls/a.wav", "calls", "nothing/at/all.wav"] {
        let key = key(name);
        assert!(bench.blobs.get(&key, 0, None).await.unwrap().is_none(), "{name}");
        assert!(bench.blobs.get(&key, 5, Some(9)).await.unwrap().is_none(), "{name}");
        assert!(bench.blobs.get(&key, 5, Some(5)).await.unwrap().is_none(), "{name}");
    }
    // nor what something else's name begins with
    bench.put(&key("calls/a.wav"), b"bytes").await.unwrap();
    for name in ["calls/a.wa", "calls/a.wav.wav"] {
        assert!(bench.blobs.get(&key(name), 0, None).await.unwrap().is_none(), "{name}");
        bench.blobs.delete(&key(name)).await.unwrap();
    }
    assert!(bench.stored(&key("calls/a.wav")).await.is_some());
}

pub async fn any_part_of_an_object_can_be_read(bench: &BlobBench) {
    let key = key("calls/a.wav");
    bench.put(&key, b"0123456789").await.unwrap();
    let parts: [(u64, Option<u64>, &[u8]); 9] = [
        (0, None, b"0123456789"),
        (0, Some(1), b"0"),
        (2, Some(5), b"234"),
        (9, Some(10), b"9"),
        (9, None, b"9"),
        (4, None, b"456789"),
        (4, Some(100), b"456789"),
        (0, Some(0), b""),
        (5, Some(3), b""),
    ];
    for (from, until, expected) in parts {
        assert_eq!(bench.part(&key, from, until).await, Some((10, expected.to_vec())), "{from}..{until:?}");
    }
    let bytes = noise(1, LONG);
    bench.put(&key, &bytes).await.unwrap();
    // over the seam of two parts
    let seam = (8 << 20) - 5;
    let (size, part) = bench.part(&key, seam, Some(seam + 10)).await.unwrap();
    assert_eq!(size, u64::try_from(LONG).unwrap());
    let seam = usize::try_from(seam).unwrap();
    assert_eq!(Some(part.as_slice()), bytes.get(seam..seam + 10));
}

pub async fn what_lies_beyond_the_end_is_empty(bench: &BlobBench) {
    let key = key("calls/a.wav");
    bench.put(&key, b"0123456789").await.unwrap();
    for (from, until) in [(10, None), (10, Some(11)), (5_000, None), (5_000, Some(6_000))] {
        assert_eq!(bench.part(&key, from, until).await, Some((10, Vec::new())), "{from}..{until:?}");
    }
}

//! Links, followed over HTTP by somebody who has nothing else.

use std::time::Duration;

use app::ports::{AUDIO_LINK_LIFE, BlobKey, LinkFor};
use kernel::Timestamp;
use reqwest::{Client, Response, StatusCode, Url, header};

use super::bench::{BlobBench, LONG, key, key_of, noise};

const HOUR: Duration = Duration::from_hours(1);

async fn link(bench: &BlobBench, key: &BlobKey, life: Duration, now: Timestamp) -> Url {
    link_for(bench, LinkFor::Reading, key, life, now).await
}

async fn link_for(
    bench: &BlobBench,
    allows: LinkFor<'_>,
    key: &BlobKey,
    life: Duration,
    now: Timestamp,
) -> Url {
    bench.blobs.link(key, allows, life, now).await.unwrap().expose().parse().expect("a link is a URL")
}

async fn follow(link: &Url) -> Response {
    Client::builder().no_proxy().build().unwrap().get(link.clone()).send().await.expect("somebody answers")
}

fn header_of(answer: &Response, name: header::HeaderName) -> &str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub async fn a_link_leads_to_the_bytes_without_any_other_proof(bench: &BlobBench) {
    for length in [1000, LONG] {
        let (key, bytes) = (key("calls/a.wav"), noise(1, length));
        bench.put(&key, &bytes).await.unwrap();
        let answer = follow(&link(bench, &key, HOUR, bench.now).await).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header_of(&answer, header::CONTENT_TYPE), "audio/wav");
        assert_eq!(header_of(&answer, header::CONTENT_LENGTH), length.to_string());
        assert!(answer.bytes().await.unwrap() == bytes);
    }
}

pub async fn a_link_serves_ranges(bench: &BlobBench) {
    let key = key("calls/a.wav");
    bench.put(&key, b"0123456789").await.unwrap();
    let link = link(bench, &key, HOUR, bench.now).await;
    let client = Client::builder().no_proxy().build().unwrap();
    for (range, span, bytes) in [
        ("bytes=2-4", "bytes 2-4/10", b"234".as_slice()),
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=8-", "bytes 8-9/10", b"89"),
        ("bytes=8-100", "bytes 8-9/10", b"89"),
    ] {
        let answer = client.get(link.clone()).header(header::RANGE, range).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(header_of(&answer, header::CONTENT_RANGE), span, "{range}");
        assert_eq!(answer.bytes().await.unwrap(), bytes, "{range}");
    }
    let answer = client.get(link).header(header::RANGE, "bytes=10-").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

pub async fn a_link_lasts_as_long_as_was_asked_and_no_longer(bench: &BlobBench) {
    let (key, bytes) = (key("calls/a.wav"), noise(1, 1000));
    bench.put(&key, &bytes).await.unwrap();
    // given out a while ago, so that nobody has to wait
    for life in [Duration::from_mins(30), 2 * HOUR, AUDIO_LINK_LIFE] {
        let still = link(bench, &key, life, bench.now - life + Duration::from_mins(2)).await;
        assert_eq!(follow(&still).await.status(), StatusCode::OK, "{life:?}, two minutes before its end");
        let ended = link(bench, &key, life, bench.now - life - Duration::from_secs(2)).await;
        assert_refused(&ended, &bytes).await;
    }
}

async fn assert_refused(link: &Url, bytes: &[u8]) {
    let answer = follow(link).await;
    assert!(!answer.status().is_success(), "{} at {}", answer.status(), link.path());
    let said = answer.bytes().await.unwrap();
    assert!(!said.windows(bytes.len().min(64)).any(|some| bytes.starts_with(some)), "the bytes were served");
}

/// The same text with another last character.
fn nudged(text: &str) -> String {
    let mut text = text.to_owned();
    let last = text.pop();
    text.push(if last == Some('1') { '2' } else { '1' });
    text
}

pub async fn a_link_cannot_be_altered(bench: &BlobBench) {
    let bytes = noise(1, 1000);
    let (own, beside, foreign) = (key("calls/a.wav"), key("calls/b.wav"), key_of("org_b", "calls/a.wav"));
    for key in [&own, &beside, &foreign] {
        bench.put(key, &bytes).await.unwrap();
    }
    let good = link(bench, &own, HOUR, bench.now).await;
    assert_eq!(follow(&good).await.status(), StatusCode::OK);
    // another object
    for other in [&beside, &foreign] {
        let mut altered = good.clone();
        altered.set_path(&good.path().replace(own.as_str(), other.as_str()));
        assert_ne!(altered, good);
        assert_refused(&altered, &bytes).await;
    }
    // anything that is said in it, or left out of it
    let pairs: Vec<(String, String)> = good.query_pairs().into_owned().collect();
    assert!(pairs.len() > 1, "{pairs:?}");
    for changed in 0..pairs.len() {
        let mut altered = good.clone();
        altered.query_pairs_mut().clear().extend_pairs(
            pairs
                .iter()
                .enumerate()
                .map(|(at, (name, value))| (name, if at == changed { nudged(value) } else { value.clone() })),
        );
        assert_refused(&altered, &bytes).await;
        altered
            .query_pairs_mut()
            .clear()
            .extend_pairs(pairs.iter().enumerate().filter(|(at, _)| *at != changed).map(|(_, pair)| pair));
        assert_refused(&altered, &bytes).await;
    }
    let mut bare = good.clone();
    bare.set_query(None);
    assert_refused(&bare, &bytes).await;
    // it is for reading
    let client = Client::builder().no_proxy().build().unwrap();
    let put = client.put(good.clone()).body("other bytes").send().await.unwrap();
    assert!(put.status().is_client_error(), "{}", put.status());
    let delete = client.delete(good).send().await.unwrap();
    assert!(delete.status().is_client_error(), "{}", delete.status());
    assert!(bench.stored(&own).await == Some(bytes));
}

pub async fn a_link_to_nothing_leads_nowhere(bench: &BlobBench) {
    let key = key("calls/a.wav");
    let link = link(bench, &key, HOUR, bench.now).await;
    assert_eq!(follow(&link).await.status(), StatusCode::NOT_FOUND);
    bench.put(&key, b"bytes").await.unwrap();
    assert_eq!(follow(&link).await.status(), StatusCode::OK);
    bench.blobs.delete(&key).await.unwrap();
    assert_eq!(follow(&link).await.status(), StatusCode::NOT_FOUND);
}

/// What the app says its recordings are.
const M4A: LinkFor<'static> = LinkFor::Storing { content_type: "audio/m4a" };

async fn store(link: &Url, content_type: &str, bytes: &[u8]) -> StatusCode {
    let client = Client::builder().no_proxy().build().unwrap();
    let put = client.put(link.clone()).header(header::CONTENT_TYPE, content_type).body(bytes.to_vec());
    // whoever refuses a body may do so before all of it was sent
    put.send().await.map_or(StatusCode::FORBIDDEN, |answer| answer.status())
}

pub async fn a_link_for_storing_stores(bench: &BlobBench) {
    for length in [0, 1000, LONG] {
        let (key, bytes) = (key("calls/a.m4a"), noise(1, length));
        let link = link_for(bench, M4A, &key, HOUR, bench.now).await;
        assert_eq!(store(&link, "audio/m4a", &bytes).await, StatusCode::OK);
        assert!(bench.stored(&key).await == Some(bytes));
        assert_eq!(bench.content_type(&key).await, "audio/m4a");
    }
}

pub async fn a_link_for_storing_allows_nothing_else(bench: &BlobBench) {
    let (own, beside, bytes) = (key("calls/a.m4a"), key("calls/b.m4a"), noise(1, 1000));
    bench.put(&own, b"what was there").await.unwrap();
    let good = link_for(bench, M4A, &own, HOUR, bench.now).await;
    assert_refused(&good, b"what was there").await;
    assert!(store(&good, "text/html", &bytes).await.is_client_error());
    let ended = link_for(bench, M4A, &own, HOUR, bench.now - HOUR - Duration::from_secs(2)).await;
    assert!(store(&ended, "audio/m4a", &bytes).await.is_client_error());
    let mut altered = good.clone();
    altered.set_path(&good.path().replace(own.as_str(), beside.as_str()));
    assert!(store(&altered, "audio/m4a", &bytes).await.is_client_error());
    let reading = link(bench, &own, HOUR, bench.now).await;
    assert!(store(&reading, "audio/m4a", &bytes).await.is_client_error());
    assert_eq!(bench.stored(&own).await.as_deref(), Some(b"what was there".as_slice()));
    assert!(bench.stored(&beside).await.is_none());
}

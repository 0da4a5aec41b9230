//! Who said what.

use serde_json::Value;

use super::read::{Entry, Node, Read, text};
use crate::record::{Segment, Transcript};

/// The vendor takes recordings up to an hour; this is room for many. The cap for other texts would cut an ordinary
/// conversation short.
const MAX_WORDS: usize = 2_000_000;

/// Turns of a conversation, likewise.
const MAX_SEGMENTS: usize = 20_000;

/// Where the transcript stands: by itself, or wrapped in an object of either name.
const PLACES: [&str; 3] = ["transcript.", "transcription.", ""];

/// What the two shapes call the segments, and a name in between.
const SEGMENTS: [&str; 3] = ["speaker_labels", "speaker_segments", "segments"];

/// `alone`: the payload is known to be a transcript, where a plain `text` is its text.
pub(super) fn read(payload: &Node<'_>, alone: bool) -> Option<Transcript> {
    // the text of one layer and the segments of another would be two transcripts
    payload.each().find_map(|layer| PLACES.iter().find_map(|place| in_place(&layer, place, alone)))
}

fn in_place(layer: &Node<'_>, place: &str, alone: bool) -> Option<Transcript> {
    let here = |names: &[&str]| names.iter().map(|name| format!("{place}{name}")).collect::<Vec<_>>();
    let mut names = vec!["transcript_text", "transcript", "transcription"];
    if alone || !place.is_empty() {
        names.push("text");
    }
    let words = layer.first(&borrowed(&here(&names)), |value| match value {
        // an object is another place, a list is segments
        Value::Object(_) | Value::Array(_) => Read::Absent,
        other => text(other, MAX_WORDS),
    });

    let mut lists = here(&SEGMENTS);
    lists.extend(here(&["transcript", "transcription"]));
    if words.is_some() {
        // they may stand beside an object that holds the text only
        lists.extend(SEGMENTS.map(str::to_owned));
    }
    let is_text_or_place = |value: &Value| value.is_string() || value.is_object();
    let segments = layer.entries(&borrowed(&lists), MAX_SEGMENTS, is_text_or_place, segment);

    let counted = words
        .as_deref()
        .map_or_else(|| segments.iter().map(|segment| count_words(&segment.text)).sum(), count_words);
    let text = words.or_else(|| joined(layer, &segments))?;
    let ids = [here(&["transcript_id"]), vec!["transcript_id".to_owned()]].concat();
    Some(Transcript {
        text,
        segments,
        confidence: layer.fraction(&borrowed(&here(&["confidence_score", "confidence"]))),
        language: layer.text(&borrowed(&here(&["language"]))),
        word_count: layer.count(&borrowed(&here(&["word_count"]))).or_else(|| i64::try_from(counted).ok()),
        vendor_id: layer.label(&borrowed(&ids)),
    })
}

fn borrowed(paths: &[String]) -> Vec<&str> {
    paths.iter().map(String::as_str).collect()
}

fn segment(entry: Entry<'_>) -> Option<Segment> {
    match entry {
        Entry::Text(text) => Some(Segment { text, ..Segment::default() }),
        Entry::Object(entry) => Some(Segment {
            text: entry.text(&["text"])?,
            speaker: entry.label(&["speaker", "speaker_id"]),
            start: entry.seconds(&["start_time", "start"]),
            end: entry.seconds(&["end_time", "end"]),
        }),
    }
}

/// The segments as one text, a line each.
fn joined(layer: &Node<'_>, segments: &[Segment]) -> Option<String> {
    let lines = segments.iter().map(|segment| match &segment.speaker {
        Some(speaker) => format!("{speaker}: {}", segment.text),
        None => segment.text.clone(),
    });
    match text(&Value::String(lines.collect::<Vec<_>>().join("\n")), MAX_WORDS) {
        Read::Is(text) => Some(text),
        Read::Cut(text) => {
            layer.left().say("transcript", &format!("the segments' text, cut to {MAX_WORDS} characters"));
            Some(text)
        }
        Read::Absent | Read::Wrong => None,
    }
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

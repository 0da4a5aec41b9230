//! Who said what, in the two shapes it comes in.

use serde_json::{Value, json};

use super::Subject;
use crate::corpus::Speaker;

/// The shapes of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TranscriptShape {
    /// `transcript_text` and `speaker_labels`, speakers by their part.
    Labels,
    /// `transcript` and `speaker_segments`, speakers by number.
    Segments,
}

/// The transcript of a call.
pub(crate) fn transcript(shape: TranscriptShape, subject: &Subject) -> Value {
    let turns = || subject.talk.turns.iter().zip(subject.talk.timeline());
    let text = subject.talk.turns.iter().map(|turn| turn.text.as_str()).collect::<Vec<_>>().join(" ");
    match shape {
        TranscriptShape::Labels => {
            let labels: Vec<_> = turns()
                .map(|(turn, (start, end))| {
                    let speaker = match turn.speaker {
                        Speaker::Csr => "Agent",
                        Speaker::Customer => "Customer",
                    };
                    json!({ "speaker": speaker, "text": turn.text, "start_time": start, "end_time": end })
                })
                .collect();
            let words = subject.talk.turns.iter().map(crate::corpus::Turn::words).sum::<usize>();
            let confidence = (subject.draw("hearing").between(0.86, 0.98) * 1000.0).round() / 1000.0;
            json!({
                "success": true, "call_id": subject.call_id, "transcript_id": subject.transcript_id,
                "transcript_text": text, "speaker_labels": labels, "confidence_score": confidence,
                "word_count": words, "language": subject.talk.language,
            })
        }
        TranscriptShape::Segments => {
            // numbered in the order they are first heard
            let first = subject.talk.turns.first().map(|turn| turn.speaker);
            let segments: Vec<_> = turns()
                .map(|(turn, (start, end))| {
                    let speaker = i32::from(Some(turn.speaker) != first);
                    json!({ "speaker_id": speaker, "start_time": start, "end_time": end, "text": turn.text })
                })
                .collect();
            json!({
                "success": true, "call_id": subject.call_id, "transcript_id": subject.transcript_id,
                "transcript": text, "speaker_segments": segments,
            })
        }
    }
}

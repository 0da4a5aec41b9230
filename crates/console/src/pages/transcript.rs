//! Who said what when.

use app::reads::{CallDetail, TranscriptSegment};
use maud::{Markup, html};

use crate::text::{position, words};

/// Somebody heard in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Voice<'a> {
    /// The vendor's word for them: their part, a number, or nothing.
    speaker: Option<&'a str>,
    name: String,
    side: &'static str,
}

/// The voices of a call, in the order they are first heard.
fn voices(turns: &[TranscriptSegment]) -> Vec<Voice<'_>> {
    let mut voices: Vec<Voice<'_>> = Vec::new();
    for turn in turns {
        let speaker = turn.speaker.as_deref();
        if voices.iter().all(|voice| voice.speaker != speaker) {
            let heard = voices.len();
            let name = match speaker {
                None => "Somebody".to_owned(),
                // a number says no more than that it is not another one
                Some(number) if number.chars().all(|c| c.is_ascii_digit()) => {
                    format!("Speaker {}", heard + 1)
                }
                Some(part) => words(part),
            };
            voices.push(Voice { speaker, name, side: side(speaker, heard) });
        }
    }
    voices
}

/// On which side a voice is shown: by its part where that is known, else by turns.
fn side(speaker: Option<&str>, heard: usize) -> &'static str {
    let speaker = speaker.unwrap_or_default().to_ascii_lowercase();
    let is = |parts: &[&str]| parts.iter().any(|part| speaker.contains(part));
    // "customer_rep" is ours
    if is(&["rep", "agent", "csr", "staff"]) {
        "ours"
    } else if is(&["customer", "caller", "client", "owner"]) {
        "theirs"
    } else if heard.is_multiple_of(2) {
        "ours"
    } else {
        "theirs"
    }
}

/// The turns of a call; its words in one piece where the vendor sent no turns.
pub(super) fn transcript(call: &CallDetail) -> Markup {
    let text = call.transcript.as_deref().filter(|text| !text.trim().is_empty());
    let turns = &call.transcript_segments;
    let voices = voices(turns);
    html! {
        section.card {
            h2 { "Transcript" }
            @if !turns.is_empty() {
                ol.turns #turns { @for turn in turns { (shown(turn, &voices)) } }
            } @else if let Some(text) = text {
                p.prose { (text) }
            } @else {
                p.empty { "There is no transcript." }
            }
        }
    }
}

fn shown(turn: &TranscriptSegment, voices: &[Voice<'_>]) -> Markup {
    let voice = voices.iter().find(|voice| voice.speaker == turn.speaker.as_deref());
    let start = turn.start_time.filter(|start| start.is_finite() && *start >= 0.0);
    html! {
        li.turn.(voice.map_or("ours", |voice| voice.side)) data-start=[start] {
            p.turn-head {
                b { (voice.map_or("Somebody", |voice| voice.name.as_str())) }
                // the script makes it a button where there is audio to go to
                @if let Some(start) = start { " " span.turn-time { (position(start)) } }
            }
            p.turn-text { (turn.text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(speaker: Option<&str>, text: &str, start: f64) -> TranscriptSegment {
        TranscriptSegment {
            speaker: speaker.map(str::to_owned),
            text: text.to_owned(),
            start_time: Some(start),
            end_time: None,
        }
    }

    #[test]
    fn voices_have_names_and_sides() {
        let turns = [turn(Some("customer_rep"), "Hi", 0.0), turn(Some("home_owner"), "Hi", 1.0)];
        let heard = voices(&turns);
        assert_eq!((heard[0].name.as_str(), heard[0].side), ("Customer rep", "ours"));
        assert_eq!((heard[1].name.as_str(), heard[1].side), ("Home owner", "theirs"));
        let turns = [turn(Some("0"), "Hi", 0.0), turn(Some("1"), "Hi", 1.0), turn(Some("0"), "Ho", 2.0)];
        let heard = voices(&turns);
        let sides: Vec<_> = heard.iter().map(|voice| (voice.name.as_str(), voice.side)).collect();
        assert_eq!(sides, [("Speaker 1", "ours"), ("Speaker 2", "theirs")]);
    }

    #[test]
    fn turns_are_text_and_odd_times_are_left_out() {
        let turns = [turn(Some("<b>"), "<script>", f64::NAN)];
        let page = shown(&turns[0], &voices(&turns)).into_string();
        assert!(
            !page.contains("<script") && !page.contains("<b></b>") && !page.contains("data-start"),
            "{page}"
        );
    }
}

//! Recordings: real WAV files of a quiet two-tone murmur, each turn of the conversation in its speaker's voice.
//!
//! What was said cannot be heard in it, so the conversation's id is written in a standard `LIST`/`INFO` chunk (`ICMT`, a
//! comment) beside the recording's own name (`INAM`). Whoever has the bytes has all there is, as with a real recording.

use std::sync::LazyLock;

use crate::corpus::{self, Conversation, Speaker};

const SAMPLE_RATE: u32 = 8_000;
const BYTES_PER_SAMPLE: u16 = 2;
/// A second of sound for so many words. Far faster than speech: the files are to be small.
const WORDS_PER_SECOND: f64 = 12.0;
/// No recording is longer, so none exceeds 320 kB and a few bytes.
const LONGEST_SECONDS: f64 = 20.0;
/// Amplitudes of the two tones, out of 32,767.
const LOUDNESS: [f64; 2] = [900.0, 500.0];
/// So many samples a turn takes to reach its loudness, and to leave it.
const SOFT_SAMPLES: usize = 400;

/// What can be made out in a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Which conversation.
    pub conversation: &'static str,
    /// What the recording calls itself.
    pub name: Option<String>,
    /// How long it is.
    pub seconds: f64,
}

/// Why nothing can be made out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unintelligible {
    /// Not a WAV file.
    #[error("the audio is not a WAV file")]
    NotWav,
    /// Ends before its header says it does.
    #[error("the audio ends before its announced length")]
    CutOff,
    /// No conversation we know.
    #[error("no speech could be recognised in the audio")]
    NoSpeech,
}

/// The recording of a conversation. Other names make other files.
pub fn recording(conversation: &Conversation, name: &str) -> Vec<u8> {
    let samples = murmur(conversation);
    let info =
        info_chunk(&[(*b"ICMT", &conversation.id), (*b"INAM", name), (*b"ISFT", "simulated recording")]);
    let data_len = samples.len() * usize::from(BYTES_PER_SAMPLE);
    let mut out = Vec::with_capacity(64 + info.len() + data_len);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&size(4 + 24 + info.len() + 8 + data_len));
    out.extend_from_slice(b"WAVE");
    out.extend_from_slice(b"fmt ");
    out.extend_from_slice(&size(16));
    for field in [1, 1] {
        // PCM, one channel
        out.extend_from_slice(&u16::to_le_bytes(field));
    }
    out.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    out.extend_from_slice(&(SAMPLE_RATE * u32::from(BYTES_PER_SAMPLE)).to_le_bytes());
    out.extend_from_slice(&BYTES_PER_SAMPLE.to_le_bytes());
    out.extend_from_slice(&(BYTES_PER_SAMPLE * 8).to_le_bytes());
    out.extend_from_slice(&info);
    out.extend_from_slice(b"data");
    out.extend_from_slice(&size(data_len));
    for sample in samples {
        out.extend_from_slice(&sample.to_le_bytes());
    }
    out
}

/// How long the recording of a conversation is, in seconds.
pub fn seconds(conversation: &Conversation) -> f64 {
    let words: usize = conversation.turns.iter().map(corpus::Turn::words).sum();
    (words as f64 / WORDS_PER_SECOND).min(LONGEST_SECONDS)
}

/// Listens to a recording.
pub fn listen(audio: &[u8]) -> Result<Heard, Unintelligible> {
    if audio.get(..4) != Some(b"RIFF") || audio.get(8..12) != Some(b"WAVE") {
        return Err(Unintelligible::NotWav);
    }
    let mut conversation = None;
    let mut name = None;
    let mut samples = None;
    for chunk in chunks(audio.get(12..).unwrap_or_default()) {
        let (id, body) = chunk?;
        match &id {
            b"data" => samples = Some(body.len() / usize::from(BYTES_PER_SAMPLE)),
            b"LIST" if body.get(..4) == Some(b"INFO") => {
                for entry in chunks(body.get(4..).unwrap_or_default()) {
                    let (id, text) = entry?;
                    match &id {
                        b"ICMT" => conversation = Some(text_of(text)),
                        b"INAM" => name = Some(text_of(text)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let samples = samples.ok_or(Unintelligible::CutOff)?;
    let known = conversation.and_then(|id| corpus::find(&id)).filter(|talk| !talk.turns.is_empty());
    Ok(Heard {
        conversation: &known.ok_or(Unintelligible::NoSpeech)?.id,
        name,
        seconds: samples as f64 / f64::from(SAMPLE_RATE),
    })
}

type Chunk<'a> = ([u8; 4], &'a [u8]);

/// The chunks of a RIFF list, each padded to an even length.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = Result<Chunk<'_>, Unintelligible>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest.split_first_chunk::<4>().and_then(|(id, after)| {
            let (len, after) = after.split_first_chunk::<4>()?;
            let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
            let (body, after) = after.split_at_checked(len)?;
            Some((*id, body, after.get(len % 2..).unwrap_or_default()))
        });
        let Some((id, body, after)) = split else {
            rest = &[];
            return Some(Err(Unintelligible::CutOff));
        };
        rest = after;
        Some(Ok((id, body)))
    })
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}

fn size(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

fn info_chunk(entries: &[([u8; 4], &str)]) -> Vec<u8> {
    let mut body = b"INFO".to_vec();
    for (id, text) in entries {
        // texts end in a zero byte, chunks at an even offset
        let len = text.len() + 1;
        body.extend_from_slice(id);
        body.extend_from_slice(&size(len));
        body.extend_from_slice(text.as_bytes());
        body.extend(std::iter::repeat_n(0, 1 + len % 2));
    }
    let mut out = b"LIST".to_vec();
    out.extend_from_slice(&size(body.len()));
    out.extend_from_slice(&body);
    out
}

/// A second of each voice. Their pitches are whole hertz, so every second of a voice is like the other.
static VOICES: LazyLock<[Vec<f64>; 2]> = LazyLock::new(|| {
    [[196.0, 247.0], [131.0, 165.0]].map(|pitches| {
        let sample = |at: u32| {
            let turn = std::f64::consts::TAU * f64::from(at) / f64::from(SAMPLE_RATE);
            // a slow swell
            let swell = 0.6 + 0.4 * turn.sin();
            let tones = pitches.iter().zip(LOUDNESS).map(|(hertz, loud)| loud * (turn * hertz).sin());
            swell * tones.sum::<f64>()
        };
        (0..SAMPLE_RATE).map(sample).collect()
    })
});

fn murmur(conversation: &Conversation) -> Vec<i16> {
    let words: usize = conversation.turns.iter().map(corpus::Turn::words).sum();
    let total = seconds(conversation) * f64::from(SAMPLE_RATE);
    let [csr, customer] = &*VOICES;
    let mut samples = Vec::with_capacity(whole(total));
    let mut spoken = 0_usize;
    for turn in &conversation.turns {
        spoken += turn.words();
        let end = whole(total * spoken as f64 / words.max(1) as f64);
        let voice = match turn.speaker {
            Speaker::Csr => csr,
            Speaker::Customer => customer,
        };
        let from = samples.len();
        for (at, tone) in voice.iter().cycle().take(end.saturating_sub(from)).enumerate() {
            // soft at the start and the end of each turn
            let edge = at.min(end - from - at).min(SOFT_SAMPLES);
            samples.push(sample(tone * edge as f64 / SOFT_SAMPLES as f64));
        }
    }
    samples
}

#[expect(clippy::cast_possible_truncation, reason = "far inside the range by construction")]
fn sample(value: f64) -> i16 {
    value as i16
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred thousand at most")]
fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_conversation_can_be_heard_again() {
        for talk in corpus::all().iter().filter(|talk| !talk.is_missed()) {
            let audio = recording(talk, "CAL0123");
            let heard = listen(&audio).unwrap();
            assert_eq!(heard.conversation, talk.id);
            assert_eq!(heard.name.as_deref(), Some("CAL0123"));
            assert!((heard.seconds - seconds(talk)).abs() < 0.01, "{}", talk.id);
            assert!(audio.len() < 350_000, "{}: {}", talk.id, audio.len());
            assert!(audio.len() > 16_000, "{}: {}", talk.id, audio.len());
        }
    }

    #[test]
    fn the_header_is_that_of_a_wav_file() {
        let audio = recording(corpus::find("roofing-storm-leak-booked").unwrap(), "x");
        let number = |at: usize| u32::from_le_bytes(audio[at..at + 4].try_into().unwrap());
        assert_eq!(number(4) as usize, audio.len() - 8);
        assert_eq!(&audio[..4], b"RIFF");
        assert_eq!(&audio[8..16], b"WAVEfmt ");
        assert_eq!(number(16), 16);
        assert_eq!(audio[20..24], [1, 0, 1, 0], "PCM, mono");
        assert_eq!((number(24), number(28)), (8_000, 16_000));
        assert_eq!(audio[32..36], [2, 0, 16, 0], "two bytes a sample, 16 bits");
        let loudest = audio[audio.len() - 100_000..]
            .chunks_exact(2)
            .map(|two| i16::from_le_bytes([two[0], two[1]]).unsigned_abs())
            .max();
        assert!((300..2_000).contains(&loudest.unwrap()), "{loudest:?}");
    }

    #[test]
    fn names_make_other_files() {
        let talk = corpus::find("roofing-storm-leak-booked").unwrap();
        assert_eq!(recording(talk, "a"), recording(talk, "a"));
        assert_ne!(recording(talk, "a"), recording(talk, "b"));
    }

    #[test]
    fn what_is_not_ours_or_not_whole_is_not_understood() {
        let talk = corpus::find("roofing-storm-leak-booked").unwrap();
        let audio = recording(talk, "x");
        assert_eq!(listen(b""), Err(Unintelligible::NotWav));
        assert_eq!(listen(b"ID3\x03 an mp3 perhaps"), Err(Unintelligible::NotWav));
        for cut in [11, 12, 13, 40, 60, 200, audio.len() / 2, audio.len() - 1] {
            assert!(listen(&audio[..cut]).is_err(), "{cut}");
        }
        let mut foreign = audio.clone();
        let at = foreign.windows(4).position(|four| four == b"ICMT").unwrap();
        foreign[at + 8..at + 12].copy_from_slice(b"noise"[..4].try_into().unwrap());
        assert_eq!(listen(&foreign), Err(Unintelligible::NoSpeech));
        foreign[at..at + 4].copy_from_slice(b"IART");
        assert_eq!(listen(&foreign), Err(Unintelligible::NoSpeech));
    }

    proptest! {
        #[test]
        fn listening_never_panics(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0_usize..200,
            value in any::<u8>(),
        ) {
            let _ = listen(&bytes);
            let talk = corpus::find("plumbing-voicemail-burst-pipe").unwrap();
            let mut audio = recording(talk, "x");
            audio[at] = value;
            let _ = listen(&audio);
        }
    }
}

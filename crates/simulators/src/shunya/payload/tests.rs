//! Every conversation, said in every generation and read back by Otto's own reader.

use chrono::Days;
use shunya_jobs::{AppointmentStart, BookingStatus, LeadQuality, normalise, normalise_transcript};

use super::*;
use crate::corpus::{self, Verdicts};

fn subject(talk: &'static Conversation, zone: Option<&str>, quirks: f64) -> Subject {
    Subject {
        talk,
        company: "org_1".to_owned(),
        call_id: 48213,
        transcript_id: 3307,
        started_at: "2026-11-22T03:10:00Z".parse().unwrap(),
        zone: zone.map(|zone| zone.parse().unwrap()),
        created_at: "2026-11-22T03:20:00Z".parse().unwrap(),
        completed_at: "2026-11-22T03:20:04.25Z".parse().unwrap(),
        quirks,
        sim: Sim::new(1, 1.0),
    }
}

fn analysed() -> impl Iterator<Item = (&'static Conversation, &'static Verdicts)> {
    corpus::all().iter().filter_map(|talk| Some((talk, talk.analysis.as_ref()?)))
}

fn near(ours: Option<f64>, theirs: f64) -> bool {
    ours.is_some_and(|ours| (ours - theirs).abs() < 1e-6)
}

#[test]
fn every_generation_gives_the_corpus_verdicts() {
    for (talk, verdicts) in analysed() {
        for generation in Generation::ALL {
            let case = format!("{} {generation:?}", talk.id);
            let subject = subject(talk, Some("America/Phoenix"), 0.0);
            let read = normalise(&analysis(generation, &subject));
            let record = &read.record;
            assert_eq!(read.unknown, [], "{case}");
            let booking = match verdicts.booking_status.as_deref() {
                Some("booked") => Some(BookingStatus::Booked),
                Some("not_booked") => Some(BookingStatus::NotBooked),
                Some("service_not_offered") => Some(BookingStatus::ServiceNotOffered),
                _ => None,
            };
            assert_eq!(record.booking_status, booking, "{case}");
            let quality = match verdicts.qualification_status.as_str() {
                "hot" => LeadQuality::Hot,
                "warm" => LeadQuality::Warm,
                "cold" => LeadQuality::Cold,
                _ => LeadQuality::Unqualified,
            };
            assert_eq!(record.lead_quality, Some(quality), "{case}");
            assert_eq!(record.summary.as_ref(), Some(&verdicts.summary), "{case}");
            assert_eq!(record.key_points, verdicts.key_points, "{case}");
            assert_eq!(record.objections.len(), verdicts.objections.len(), "{case}");
            assert_eq!(record.pending_actions.len(), verdicts.pending_actions.len(), "{case}");
            for (ours, theirs) in record.pending_actions.iter().zip(&verdicts.pending_actions) {
                assert_eq!(ours.description, theirs.raw_text, "{case}");
                assert_eq!(ours.due_at.is_some(), theirs.due_in_hours.is_some(), "{case}");
            }
            match verdicts.compliance_score {
                Some(score) => assert!(near(record.compliance.score, score * 10.0), "{case}"),
                None => assert_eq!(record.compliance.score, None, "{case}"),
            }
            let mood = f64::midpoint(verdicts.sentiment, 1.0);
            assert!(near(record.sentiment_score, mood), "{case}: {:?} for {mood}", record.sentiment_score);
            let risk = record.risk.as_ref().unwrap();
            assert!(near(risk.score, verdicts.risk.score), "{case}");
            assert_eq!(risk.level.as_ref(), Some(&verdicts.risk.level), "{case}");
            assert_eq!(record.missed_opportunities.len(), verdicts.missed_opportunities.len(), "{case}");
            assert_eq!(record.rep_name, verdicts.rep_name, "{case}");
            // one generation writes whole seconds
            assert_eq!(
                record.completed_at.map(|at| at.timestamp()),
                Some(subject.completed_at.timestamp()),
                "{case}"
            );
            appointment_is(record, verdicts, generation, &case);
        }
    }
}

fn appointment_is(
    record: &shunya_jobs::AnalysisRecord,
    verdicts: &Verdicts,
    generation: Generation,
    case: &str,
) {
    let dated = verdicts.appointment.as_ref().filter(|said| said.days_ahead.is_some());
    assert_eq!(record.appointment.start.is_some(), dated.is_some(), "{case}");
    assert_eq!(
        record.appointment.confirmed,
        verdicts.appointment.as_ref().map(|said| said.confirmed),
        "{case}"
    );
    if let (Some(start), Some(said)) = (record.appointment.start, dated) {
        // 20:10 on the 21st in Phoenix, seven hours behind UTC all year
        let day =
            chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap() + Days::new(said.days_ahead.unwrap());
        let local = day.and_time(format!("{}:00", said.local_time.as_deref().unwrap()).parse().unwrap());
        match start {
            AppointmentStart::Instant(at) => {
                assert_eq!(at.naive_utc() - chrono::Duration::hours(7), local, "{case}");
            }
            AppointmentStart::Local(at) => assert_eq!(at, local, "{case}"),
            AppointmentStart::Day(_) => panic!("{case}"),
        }
    }
    if generation == Generation::D15 {
        assert_eq!(record.appointment.intent.is_some(), verdicts.appointment.is_some(), "{case}");
        let moved = verdicts.appointment.as_ref().is_some_and(|said| said.intent == "reschedule");
        assert_eq!(record.appointment.new_start.is_some(), moved, "{case}");
        let street = record.address.as_ref().and_then(|address| address.street.clone());
        assert_eq!(street, verdicts.address.as_ref().map(|address| address.street.clone()), "{case}");
    }
}

#[test]
fn both_ways_of_writing_an_appointment_occur() {
    let talk = corpus::find("roofing-storm-leak-booked").unwrap();
    let starts: Vec<_> = (0..40)
        .map(|call_id| {
            let subject = Subject { call_id, ..subject(talk, Some("America/New_York"), 0.0) };
            normalise(&analysis(Generation::D8, &subject)).record.appointment.start.unwrap()
        })
        .collect();
    let instants = starts.iter().filter(|start| matches!(start, AppointmentStart::Instant(_))).count();
    assert!((5..35).contains(&instants), "{instants}");
}

#[test]
fn without_a_zone_the_vendor_is_unsure() {
    let talk = corpus::find("roofing-storm-leak-booked").unwrap();
    let record = normalise(&analysis(Generation::D15, &subject(talk, None, 0.0))).record;
    assert_eq!(record.appointment.time_zone.as_deref(), Some("UTC"));
    assert!((0.3..=0.5).contains(&record.appointment.time_confidence.unwrap()));
}

#[test]
fn both_transcripts_say_every_turn() {
    for (talk, _) in analysed() {
        for shape in [TranscriptShape::Labels, TranscriptShape::Segments] {
            let read = normalise_transcript(&transcript(shape, &subject(talk, None, 0.0))).unwrap();
            assert_eq!(read.segments.len(), talk.turns.len(), "{}", talk.id);
            assert!(read.segments.iter().zip(&talk.turns).all(|(ours, said)| ours.text == said.text));
            assert!(read.segments.iter().all(|segment| segment.start < segment.end));
            assert_eq!(read.vendor_id.as_deref(), Some("3307"));
        }
    }
}

#[test]
fn quirks_never_unbook() {
    let mut unknown = 0;
    for (talk, _) in analysed() {
        for generation in Generation::ALL {
            let plain = normalise(&analysis(generation, &subject(talk, None, 0.0)));
            let odd = normalise(&analysis(generation, &subject(talk, None, 1.0)));
            let booked =
                |read: &shunya_jobs::Normalised| read.record.booking_status == Some(BookingStatus::Booked);
            assert_eq!(booked(&odd), booked(&plain), "{} {generation:?}", talk.id);
            assert_eq!(odd.record.appointment.start, plain.record.appointment.start, "{}", talk.id);
            unknown += odd.unknown.len();
        }
    }
    assert!(unknown > 20, "{unknown}");
}

#[test]
fn sections_are_served_by_themselves() {
    let subject = subject(corpus::find("roofing-storm-leak-booked").unwrap(), None, 0.0);
    for generation in Generation::ALL {
        let summary = section(generation, &subject, "summary").unwrap();
        assert!(summary["key_points"].is_array());
        assert!(section(generation, &subject, "objections").unwrap()["total_count"].is_u64());
        assert_eq!(section(generation, &subject, "weather"), None);
    }
}

#[test]
fn the_same_call_is_said_the_same_way() {
    let talk = corpus::find("roofing-storm-leak-booked").unwrap();
    let said = |call_id| {
        let subject = Subject { call_id, ..subject(talk, None, 0.3) };
        (
            subject.generation(),
            subject.transcript_shape(),
            analysis(subject.generation(), &subject).to_string(),
        )
    };
    assert_eq!(said(5), said(5));
    let generations: Vec<_> = (0..30).map(|call_id| said(call_id).0).collect();
    assert!(Generation::ALL.iter().all(|generation| generations.contains(generation)));
}

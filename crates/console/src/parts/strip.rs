//! The stages calls pass, and how many are at each.

use app::reads::StageCount;
use calls::CallStage;
use maud::{Markup, html};

use super::pill::Hue;
use crate::{
    ask::address,
    text::{count, words},
};

/// The way of a call that goes well.
pub(crate) const WAY: [CallStage; 6] = [
    CallStage::Ringing,
    CallStage::InProgress,
    CallStage::FetchingRecording,
    CallStage::Recorded,
    CallStage::Analysing,
    CallStage::Analysed,
];

/// Where calls leave it.
const ASIDE: [CallStage; 4] =
    [CallStage::Missed, CallStage::AwaitingRecording, CallStage::NoRecording, CallStage::Failed];

fn at(stages: &[StageCount], stage: CallStage) -> i64 {
    stages.iter().find(|one| one.stage == stage.as_str()).map_or(0, |one| one.count)
}

fn number(stage: CallStage, number: i64) -> Markup {
    html! {
        b.step-count data-key={ "step-" (stage.as_str()) } data-value=(number) { (count(number)) }
    }
}

/// The strip: the way as a flow, and beside it where calls leave it.
pub(crate) fn strip(stages: &[StageCount]) -> Markup {
    let href = |stage: CallStage| address("/console/calls", &[("stage", Some(stage.as_str()))]);
    // a stage calls pass through is alive while one is in it; the last one only gathers them
    let state = |stage: CallStage, calls: i64| match calls {
        0 => "idle",
        _ if stage.is_final() => "reached",
        _ => "busy",
    };
    html! {
        div.strip {
            ol.way {
                @for stage in WAY {
                    @let calls = at(stages, stage);
                    li.step.(Hue::of_stage(stage.as_str()).class()).(state(stage, calls)) {
                        a href=(href(stage)) {
                            (number(stage, calls))
                            span.step-name { (words(stage.as_str())) }
                        }
                    }
                }
            }
            ul.aside aria-label="Off the way" {
                @for stage in ASIDE {
                    @let calls = at(stages, stage);
                    li.(Hue::of_stage(stage.as_str()).class()).(state(stage, calls)) {
                        a href=(href(stage)) {
                            (number(stage, calls))
                            span.step-name { (words(stage.as_str())) }
                        }
                    }
                }
            }
        }
    }
}

/// How far one call has come on the way.
pub(crate) fn progress(stage: &str) -> Markup {
    let stage = stage.parse::<CallStage>().ok();
    let reached = stage.and_then(|stage| WAY.iter().position(|one| *one == stage));
    let left = stage.filter(|stage| ASIDE.contains(stage));
    // where a call left the way tells how far it had come
    let passed = match left {
        Some(CallStage::Missed) => 1,
        // of a recording or an analysis given up on, only the call itself is certain
        Some(CallStage::AwaitingRecording | CallStage::NoRecording | CallStage::Failed) => 2,
        _ => reached.unwrap_or(0),
    };
    html! {
        ol.progress aria-label="Stages" {
            @for (at, one) in WAY.iter().enumerate() {
                @let current = reached == Some(at);
                @let done = at < passed || (current && *one == CallStage::Analysed);
                @if done || left.is_none() {
                    li.(Hue::of_stage(one.as_str()).class()).done[done].now[current && !done]
                        aria-current=[current.then_some("step")] {
                        span { (words(one.as_str())) }
                        span.unseen { @if done { " (done)" } @else if !current { " (to come)" } }
                    }
                }
            }
            @if let Some(left) = left {
                li.now.(Hue::of_stage(left.as_str()).class()) aria-current="step" {
                    span { (words(left.as_str())) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_is_on_the_strip_once() {
        let mut all: Vec<_> = WAY.into_iter().chain(ASIDE).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), CallStage::ALL.len());
        let shown = strip(&[StageCount { stage: "analysing".to_owned(), count: 1200 }]).into_string();
        assert!(shown.contains("data-value=\"1200\">1,200</b>"), "{shown}");
        assert_eq!(shown.matches("<li").count(), 10);
    }

    #[test]
    fn a_call_that_left_the_way_shows_where() {
        let missed = progress("missed").into_string();
        assert!(missed.contains("Ringing") && missed.contains("Missed") && !missed.contains("Analysing"));
        let analysed = progress("analysed").into_string();
        assert_eq!(analysed.matches("done\"").count(), 6, "{analysed}");
        assert!(progress("what").into_string().contains("Ringing"));
    }
}

//! Whether a call says what its events, its recording and its analysis amount to.

use calls::{AnalysisProgress, CallStage};
use shunya_jobs::JobState;

use super::{
    Hindrance, READ_AT_ONCE, Verification,
    check::{Check, How},
    report::CheckReport,
};
use crate::ports::{Extent, Finding, InspectedCall};

/// Whether a check is made while calls are gone through.
pub(super) fn is_made_of(how: How) -> bool {
    matches!(how, How::CallReadable | How::CallStage | How::CallColumns)
}

/// Makes these checks, all in one walk through the calls.
pub(super) async fn check(verification: &Verification<'_>, checks: &[Check]) -> Vec<CheckReport> {
    let mut reports: Vec<_> = checks.iter().map(|check| CheckReport::of(*check)).collect();
    let walked = walk(verification, &mut reports).await;
    verification.progress.end();
    if let Err(hindrance) = walked {
        for report in &mut reports {
            report.broke_off = Some(hindrance.to_string());
        }
    }
    reports
}

async fn walk(verification: &Verification<'_>, reports: &mut [CheckReport]) -> Result<(), Hindrance> {
    let inspector = verification.inspector;
    let stretch = verification.stretch(READ_AT_ONCE);
    let rows = inspector.extent(Extent::Calls, stretch.company).await?;
    verification.progress.begin("calls", Some(rows));
    let mut after = None;
    loop {
        let page = inspector.calls(after, &stretch).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        verification.progress.advance(u64::try_from(page.len()).unwrap_or_default());
        for report in reports.iter_mut() {
            let how = report.check.how;
            report.looked_at += u64::try_from(page.len()).unwrap_or_default();
            report.add(page.iter().filter_map(|call| finding(how, call)), verification.order.examples);
        }
    }
}

fn finding(how: How, call: &InspectedCall) -> Option<Finding> {
    let why = match (how, &call.told) {
        (How::CallReadable, None) => "it holds something this version of Otto cannot read".to_owned(),
        (How::CallStage, Some(told)) => {
            let wanted = stage_of(call)?;
            if told.stage == wanted {
                return None;
            }
            format!("it is {}, and should be {}", told.stage.as_str(), wanted.as_str())
        }
        (How::CallColumns, Some(told)) => {
            let differ: Vec<_> = told
                .columns
                .iter()
                .filter(|(_, column)| column.is != column.should)
                .map(|(name, _)| *name)
                .collect();
            if differ.is_empty() {
                return None;
            }
            format!("{} is not what its events say", differ.join(", "))
        }
        _ => return None,
    };
    Some(Finding { subject: format!("call {}", call.id), company: Some(call.company.clone()), why })
}

/// The stage a call must be in. `None` if it cannot be read.
fn stage_of(call: &InspectedCall) -> Option<CallStage> {
    let told = call.told.as_ref()?;
    Some(CallStage::of(&told.facts, call.recording, progress_of(call.has_analysis, call.request)))
}

/// How far an analysis has come, as its newest request tells. One that is there stays in sight, whatever becomes of a
/// newer request.
fn progress_of(has_analysis: bool, request: Option<JobState>) -> AnalysisProgress {
    match (has_analysis, request) {
        (true, _) => AnalysisProgress::Done,
        (false, Some(JobState::Running)) => AnalysisProgress::Requested,
        (false, Some(JobState::Failed | JobState::TimedOut)) => AnalysisProgress::Failed,
        // one that succeeded without an analysis is told by another check; the call at least has not got one
        (false, Some(JobState::Pending | JobState::Succeeded) | None) => AnalysisProgress::None,
    }
}

#[cfg(test)]
mod tests {
    use calls::{CallFacts, RecordingState};
    use kernel::CallId;

    use super::*;
    use crate::ports::{Column, InspectedFacts};

    fn call(stage: CallStage, request: Option<JobState>, has_analysis: bool) -> InspectedCall {
        InspectedCall {
            id: CallId(7),
            company: "org_a".to_owned(),
            told: Some(InspectedFacts { facts: CallFacts::default(), stage, columns: Vec::new() }),
            recording: Some(RecordingState::Stored),
            request,
            has_analysis,
        }
    }

    #[test]
    fn the_stage_follows_from_the_newest_request_unless_there_is_an_analysis() {
        for (request, has_analysis, stage) in [
            (None, false, CallStage::Recorded),
            (Some(JobState::Pending), false, CallStage::Recorded),
            (Some(JobState::Running), false, CallStage::Analysing),
            (Some(JobState::Failed), false, CallStage::Failed),
            (Some(JobState::TimedOut), false, CallStage::Failed),
            (Some(JobState::Succeeded), true, CallStage::Analysed),
            (Some(JobState::Failed), true, CallStage::Analysed),
            (Some(JobState::Pending), true, CallStage::Analysed),
        ] {
            let right = call(stage, request, has_analysis);
            assert_eq!(finding(How::CallStage, &right), None, "{stage:?}");
            let wrong = call(CallStage::Ringing, request, has_analysis);
            let found = finding(How::CallStage, &wrong).unwrap();
            assert_eq!(found.why, format!("it is ringing, and should be {}", stage.as_str()));
        }
    }

    #[test]
    fn columns_are_named_and_what_they_hold_is_not() {
        let mut found = call(CallStage::Recorded, None, false);
        let column = |is: &str| Column { is: Some(is.to_owned()), should: Some("+16025550101".to_owned()) };
        let told = found.told.as_mut().unwrap();
        told.columns = vec![("phone_number", column("+16025550102")), ("status", column("+16025550101"))];
        let why = finding(How::CallColumns, &found).unwrap().why;
        assert_eq!(why, "phone_number is not what its events say");
        assert_eq!(finding(How::CallReadable, &found), None);
        found.told = None;
        assert!(finding(How::CallReadable, &found).is_some());
        assert_eq!(finding(How::CallStage, &found), None, "one harm is told once");
    }
}

#![expect(clippy::ref_option_ref, reason = "in what diesel derives")]

use app::ports::{AnalysisRepository, MatchedJob, NewAnalysis};
use async_trait::async_trait;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{CallId, CompanyId, ShunyaJobId, StoreError, Timestamp, TranscriptId};
use shunya_jobs::{Failure, JobState, Objection, ShunyaJob, Transcript};

use crate::{
    db::{Conn, find_locked, later, on_db},
    error::{corrupt, fail},
    kept::kept,
    schema::{call_analyses, call_objections, call_transcripts, shunya_jobs as jobs},
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

const JOBS: &str = "shunya_jobs";
/// The only type of request so far; visits and text threads will have their own.
const CSR_CALL: &str = "csr_call";

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
struct ShunyaJobRow {
    id: DbId,
    company_id: String,
    call_id: i64,
    state: String,
    vendor_task_id: Option<String>,
    submissions: i32,
    submitted_at: Option<DbTs>,
    created_at: DbTs,
}

fn job_of(row: ShunyaJobRow) -> Result<ShunyaJob, StoreError> {
    let id = ShunyaJobId::from(row.id);
    let company =
        CompanyId::try_new(row.company_id).map_err(|error| corrupt(JOBS, "company_id", id, error))?;
    Ok(ShunyaJob {
        id,
        company,
        call: CallId(row.call_id),
        state: match row.state.as_str() {
            "pending" => JobState::Pending,
            "running" => JobState::Running,
            "succeeded" => JobState::Succeeded,
            "failed" => JobState::Failed,
            "timeout" => JobState::TimedOut,
            _ => return Err(corrupt(JOBS, "state", id, "unknown")),
        },
        vendor_task_id: row.vendor_task_id,
        submissions: u32::try_from(row.submissions).unwrap_or_default(),
        submitted_at: row.submitted_at.map(|at| at.0),
        created_at: row.created_at.0,
    })
}

#[derive(Insertable)]
#[diesel(table_name = call_objections, treat_none_as_default_value = false)]
struct ObjectionRow<'a> {
    id: DbId,
    company_id: &'a str,
    call_id: i64,
    analysis_id: DbId,
    position: i32,
    objection_key: String,
    text: Option<&'a str>,
    category_id: Option<i64>,
    category_text: Option<&'a str>,
    severity: Option<&'a str>,
    overcome: Option<bool>,
    speaker_id: Option<&'a str>,
    at_seconds: Option<f64>,
    confidence: Option<f64>,
    suggestions: DbDoc,
    analyzed_at: DbTs,
}

#[async_trait]
impl AnalysisRepository for SqlUnit {
    async fn insert_job(
        &mut self,
        job: &ShunyaJob,
        input_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let row = (
            jobs::id.eq(DbId::from(job.id)),
            jobs::company_id.eq(company),
            jobs::call_id.eq(job.call.0),
            jobs::job_type.eq(CSR_CALL),
            jobs::input_hash.eq(input_hash),
            jobs::state.eq(job.state.as_str()),
            jobs::created_at.eq(DbTs(job.created_at)),
            jobs::updated_at.eq(DbTs(now)),
        );
        let added = on_db!(conn, "shunya_jobs.insert", |c| {
            diesel::insert_into(jobs::table)
                .values(row)
                .on_conflict((jobs::company_id, jobs::call_id, jobs::job_type, jobs::input_hash))
                .do_nothing()
                .execute(c)
                .await
        })
        .map_err(fail(JOBS))?;
        Ok(added > 0)
    }

    async fn find_job(&mut self, id: ShunyaJobId) -> Result<Option<ShunyaJob>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<ShunyaJobRow> = find_locked!(
            conn,
            "shunya_jobs.find",
            jobs::table
                .filter(jobs::company_id.eq(company))
                .filter(jobs::id.eq(DbId::from(id)))
                .select(ShunyaJobRow::as_select())
        )
        .map_err(fail(JOBS))?;
        row.map(job_of).transpose()
    }

    async fn match_job(
        &mut self,
        task_ids: &[String],
        call: Option<CallId>,
    ) -> Result<Option<MatchedJob>, StoreError> {
        let (conn, company) = self.parts();
        let of_company = jobs::table.filter(jobs::company_id.eq(company));
        let found: Option<(ShunyaJobRow, Option<String>)> = match task_ids {
            [] => Ok(None),
            // mostly it is one, and for a list PostgreSQL plans anew every time
            [id] => find_locked!(
                conn,
                "shunya_jobs.match_task",
                of_company
                    .filter(jobs::vendor_task_id.eq(id))
                    .select((ShunyaJobRow::as_select(), jobs::trace))
            ),
            ids => find_locked!(
                conn,
                "shunya_jobs.match_tasks",
                of_company
                    .filter(jobs::vendor_task_id.eq_any(ids.iter().map(String::as_str)))
                    .order(jobs::created_at.desc())
                    .limit(1)
                    .select((ShunyaJobRow::as_select(), jobs::trace))
            ),
        }
        .map_err(fail(JOBS))?;
        let found = match (found, call) {
            (None, Some(call)) => find_locked!(
                conn,
                "shunya_jobs.match_call",
                of_company
                    .filter(jobs::call_id.eq(call.0))
                    .order((jobs::created_at.desc(), jobs::id.desc()))
                    .limit(1)
                    .select((ShunyaJobRow::as_select(), jobs::trace))
            )
            .map_err(fail(JOBS))?,
            (found, _) => found,
        };
        found.map(|(row, trace)| Ok(MatchedJob { job: job_of(row)?, trace })).transpose()
    }

    async fn mark_submitted(
        &mut self,
        id: ShunyaJobId,
        task_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let target = jobs::table.filter(jobs::company_id.eq(company)).filter(jobs::id.eq(DbId::from(id)));
        on_db!(conn, "shunya_jobs.mark_submitted", |c| {
            let update = diesel::update(target).set((
                jobs::state.eq(JobState::Running.as_str()),
                jobs::vendor_task_id.eq(task_id),
                jobs::submissions.eq(jobs::submissions + 1),
                jobs::submitted_at.eq(Some(DbTs(now))),
                jobs::updated_at.eq(DbTs(now)),
            ));
            kept(update).execute(c).await
        })
        .map_err(fail(JOBS))?;
        Ok(())
    }

    async fn settle_job(
        &mut self,
        id: ShunyaJobId,
        state: JobState,
        result: Option<(&str, &str)>,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let target = jobs::table.filter(jobs::company_id.eq(company)).filter(jobs::id.eq(DbId::from(id)));
        on_db!(conn, "shunya_jobs.settle", |c| {
            let update = diesel::update(target).set((
                jobs::state.eq(state.as_str()),
                jobs::result_fingerprint.eq(result.map(|(fingerprint, _)| fingerprint)),
                jobs::result_via.eq(result.map(|(_, via)| via)),
                jobs::error_code.eq(failure.map(|failure| failure.code.as_str())),
                jobs::error_message.eq(failure.and_then(|failure| failure.message.as_deref())),
                jobs::settled_at.eq(Some(DbTs(now))),
                jobs::updated_at.eq(DbTs(now)),
            ));
            kept(update).execute(c).await
        })
        .map_err(fail(JOBS))?;
        Ok(())
    }

    async fn set_trace(&mut self, id: ShunyaJobId, trace: &str) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let company = company.to_owned();
        let target = jobs::table.filter(jobs::company_id.eq(company)).filter(jobs::id.eq(DbId::from(id)));
        let trace = trace.to_owned();
        let update = kept(diesel::update(target).set(jobs::trace.eq(Some(trace))));
        later!(conn, "shunya_jobs.set_trace", JOBS, update)
    }

    async fn trace_of(&mut self, id: ShunyaJobId) -> Result<Option<String>, StoreError> {
        let (conn, company) = self.parts();
        let rows: Vec<Option<String>> = on_db!(conn, "shunya_jobs.trace_of", |c| {
            jobs::table
                .filter(jobs::company_id.eq(company))
                .filter(jobs::id.eq(DbId::from(id)))
                .select(jobs::trace)
                .load(c)
                .await
        })
        .map_err(fail(JOBS))?;
        Ok(rows.into_iter().next().flatten())
    }

    async fn reopen_job(&mut self, job: &ShunyaJob, now: Timestamp) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let target = jobs::table.filter(jobs::company_id.eq(company)).filter(jobs::id.eq(DbId::from(job.id)));
        on_db!(conn, "shunya_jobs.reopen", |c| {
            let update = diesel::update(target).set((
                jobs::state.eq(job.state.as_str()),
                jobs::vendor_task_id.eq(job.vendor_task_id.as_deref()),
                jobs::submissions.eq(i32::try_from(job.submissions).unwrap_or(i32::MAX)),
                jobs::submitted_at.eq(job.submitted_at.map(DbTs)),
                jobs::created_at.eq(DbTs(job.created_at)),
                jobs::error_code.eq(None::<String>),
                jobs::error_message.eq(None::<String>),
                jobs::settled_at.eq(None::<DbTs>),
                jobs::updated_at.eq(DbTs(now)),
            ));
            kept(update).execute(c).await
        })
        .map_err(fail(JOBS))?;
        Ok(())
    }

    async fn has_transcript(&mut self, job: ShunyaJobId) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let count: i64 = on_db!(conn, "call_transcripts.has", |c| {
            call_transcripts::table
                .filter(call_transcripts::company_id.eq(company))
                .filter(call_transcripts::shunya_job_id.eq(DbId::from(job)))
                // follows from the request, and leads to it by the index
                .filter(
                    call_transcripts::call_id
                        .eq_any(jobs::table.filter(jobs::id.eq(DbId::from(job))).select(jobs::call_id)),
                )
                .count()
                .get_result(c)
                .await
        })
        .map_err(fail("call_transcripts"))?;
        Ok(count > 0)
    }

    async fn insert_transcript(
        &mut self,
        id: TranscriptId,
        call: CallId,
        job: ShunyaJobId,
        transcript: &Transcript,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let row = (
            call_transcripts::id.eq(DbId::from(id)),
            call_transcripts::company_id.eq(company),
            call_transcripts::call_id.eq(call.0),
            call_transcripts::shunya_job_id.eq(DbId::from(job)),
            call_transcripts::text.eq(&transcript.text),
            call_transcripts::segments.eq(DbDoc::of(&transcript.segments)),
            call_transcripts::language.eq(transcript.language.as_deref()),
            call_transcripts::confidence.eq(transcript.confidence),
            call_transcripts::word_count.eq(transcript.word_count),
            call_transcripts::vendor_id.eq(transcript.vendor_id.as_deref()),
            call_transcripts::created_at.eq(DbTs(now)),
        );
        let added = on_db!(conn, "call_transcripts.insert", |c| {
            diesel::insert_into(call_transcripts::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("call_transcripts"))?;
        Ok(added > 0)
    }

    async fn insert_analysis(
        &mut self,
        analysis: &NewAnalysis<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let record = analysis.record;
        let row = (
            call_analyses::id.eq(DbId::from(analysis.id)),
            call_analyses::company_id.eq(company),
            call_analyses::call_id.eq(analysis.call.0),
            call_analyses::shunya_job_id.eq(DbId::from(analysis.job)),
            call_analyses::fingerprint.eq(analysis.fingerprint),
            call_analyses::lead_quality.eq(record.lead_quality.map(shunya_jobs::LeadQuality::as_str)),
            call_analyses::booking_status.eq(record.booking_status.map(shunya_jobs::BookingStatus::as_str)),
            call_analyses::outcome_category
                .eq(record.outcome_category.map(shunya_jobs::OutcomeCategory::as_str)),
            call_analyses::sentiment_score.eq(record.sentiment_score),
            call_analyses::sop_compliance_score.eq(record.compliance.score),
            call_analyses::summary.eq(record.summary.as_deref()),
            call_analyses::record.eq(DbDoc::of(record)),
            call_analyses::unknown_values.eq(DbDoc::of(analysis.unknown)),
            call_analyses::payload.eq(DbDoc(analysis.payload.clone())),
            call_analyses::analyzed_at.eq(DbTs(analysis.analyzed_at)),
            call_analyses::created_at.eq(DbTs(now)),
        );
        let added = on_db!(conn, "call_analyses.insert", |c| {
            diesel::insert_into(call_analyses::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("call_analyses"))?;
        if added == 0 {
            return Ok(false);
        }
        for (position, objection) in record.objections.iter().enumerate() {
            insert_objection(conn, company, analysis, position, objection).await?;
        }
        Ok(true)
    }
}

async fn insert_objection(
    conn: &mut Conn,
    company: &str,
    analysis: &NewAnalysis<'_>,
    position: usize,
    objection: &Objection,
) -> Result<(), StoreError> {
    // an objection with nothing to call it by cannot be counted; it stays in the record
    let Some(key) = objection.label().and_then(insights::objection_key) else { return Ok(()) };
    let row = ObjectionRow {
        id: DbId(objection_id(analysis, position)),
        company_id: company,
        call_id: analysis.call.0,
        analysis_id: analysis.id.into(),
        position: i32::try_from(position).unwrap_or(i32::MAX),
        objection_key: key,
        text: objection.text.as_deref(),
        category_id: objection.category_id,
        category_text: objection.category_text.as_deref(),
        severity: objection.severity.map(shunya_jobs::Severity::as_str),
        overcome: objection.overcome,
        speaker_id: objection.speaker_id.as_deref(),
        at_seconds: objection.at_seconds,
        confidence: objection.confidence,
        suggestions: DbDoc::of(&objection.suggestions),
        analyzed_at: DbTs(analysis.analyzed_at),
    };
    on_db!(conn, "call_objections.insert", |c| diesel::insert_into(call_objections::table)
        .values(row)
        .execute(c)
        .await)
    .map_err(fail("call_objections"))?;
    Ok(())
}

/// An objection has no life of its own: its id is its analysis' with the position worked into the random part.
fn objection_id(analysis: &NewAnalysis<'_>, position: usize) -> uuid::Uuid {
    let position = u128::try_from(position).unwrap_or_default() + 1;
    uuid::Uuid::from_u128(analysis.id.0.as_u128() ^ (position << 8))
}

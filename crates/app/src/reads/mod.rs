//! What people may look at: one query, one view, in the contract's shapes.
//!
//! Every read takes a [`Viewer`]: the tenant, the person, and how far their role reaches. Stores apply it in the query.

mod appointments;
mod call_analyses;
mod call_buckets;
mod calls;
mod contacts;
mod dashboard;
mod leads;
mod pipeline;
mod signals;
mod tasks;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use kernel::{AppointmentId, CallId, CompanyId, LeadId, StoreError, TaskId, Timestamp, UserId};
use rbac::{Grant, Role};

pub use appointments::{
    AppointmentDetail, AppointmentLine, AppointmentList, AppointmentQuery, AppointmentView,
};
pub use call_analyses::{
    AnalysisState, CallAnalysisView, CoachingTip, ObjectionDetail, SopStage, TranscriptSegment,
};
pub use call_buckets::{
    DashboardBucket, DashboardCall, DashboardCalls, LegacyAnalysis, LegacyCallDetail, LegacyCallLine,
    LegacyCalls,
};
pub use calls::{
    CallCursor, CallDetail, CallFailure, CallFilter, CallLine, CallPage, RecordingFile, ViewError,
    call_detail,
};
pub use contacts::{
    CallRecording, ContactBase, ContactCardDetail, ContactObjection, ContactQuery, MissedOpportunityLine,
    PendingActionLine, SopComplianceLine, StatusHistoryLine, TimelineLine, contact_card,
};
pub use dashboard::{BookingRatePoint, DashboardMetrics, FunnelCounters, Headline, LostQuotes, TopObjection};
pub use leads::{
    AppointmentSummary, AssignedRep, LeadContact, LeadDetail, LeadFilter, LeadList, LeadPart, LeadResponse,
    LeadRow, LeadSort, LeadSummary, RowContact,
};
pub use pipeline::{InboxCount, PipelineCounts, PipelineSnapshot, StageCount};
pub use signals::{KeySignalLine, KeySignalList, SignalFilter};
pub use tasks::{TaskFilter, TaskLine, TaskList};

/// Who looks, and how far they may see.
#[derive(Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The tenant.
    pub company: CompanyId,
    /// The person.
    pub user: UserId,
    /// What they are to the company.
    pub role: Role,
    /// How far the permission they came in with reaches.
    pub reach: Grant,
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} ({}, {:?})", self.user, self.company, self.role, self.reach)
    }
}

/// Part of a list, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// At most so many.
    pub limit: i64,
    /// After skipping so many.
    pub offset: i64,
}

/// Calls.
#[async_trait]
pub trait CallReads: Send + Sync {
    /// A page of calls, newest first. Costs the same at any depth.
    async fn calls(&self, viewer: &Viewer, filter: &CallFilter) -> Result<CallPage, StoreError>;
    /// One call with its transcript and newest analysis, and where its recording is kept.
    async fn call(
        &self,
        viewer: &Viewer,
        id: CallId,
    ) -> Result<Option<(CallDetail, Option<RecordingFile>)>, StoreError>;
    /// Calls of one dashboard bucket.
    async fn dashboard_calls(
        &self,
        viewer: &Viewer,
        bucket: DashboardBucket,
        slice: Slice,
    ) -> Result<DashboardCalls, StoreError>;
}

/// Contact cards, leads, appointments, tasks and key signals.
#[async_trait]
pub trait CrmReads: Send + Sync {
    /// Everything about one customer, and where their recordings are kept (by call).
    async fn contact_card(
        &self,
        viewer: &Viewer,
        query: &ContactQuery,
        now: Timestamp,
    ) -> Result<Option<(ContactCardDetail, Vec<(CallId, RecordingFile)>)>, StoreError>;
    /// Leads.
    async fn leads(
        &self,
        viewer: &Viewer,
        filter: &LeadFilter,
        now: Timestamp,
    ) -> Result<LeadList, StoreError>;
    /// One lead.
    async fn lead(&self, viewer: &Viewer, id: LeadId) -> Result<Option<LeadResponse>, StoreError>;
    /// Tasks.
    async fn tasks(
        &self,
        viewer: &Viewer,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<TaskList, StoreError>;
    /// One task.
    async fn task(&self, viewer: &Viewer, id: TaskId, now: Timestamp)
    -> Result<Option<TaskLine>, StoreError>;
    /// Appointments of one day.
    async fn appointments(
        &self,
        viewer: &Viewer,
        query: &AppointmentQuery,
    ) -> Result<AppointmentList, StoreError>;
    /// One appointment.
    async fn appointment(
        &self,
        viewer: &Viewer,
        id: AppointmentId,
    ) -> Result<Option<AppointmentView>, StoreError>;
    /// Key signals.
    async fn key_signals(&self, viewer: &Viewer, filter: &SignalFilter) -> Result<KeySignalList, StoreError>;
}

/// The numbers of the receptionist dashboard (contract `metrics.md` §7).
#[async_trait]
pub trait DashboardReads: Send + Sync {
    /// The headline numbers of a window.
    async fn headline(
        &self,
        viewer: &Viewer,
        window: insights::Window,
    ) -> Result<DashboardMetrics, StoreError>;
    /// One booking rate for each day.
    async fn booking_rates(
        &self,
        viewer: &Viewer,
        days: insights::DayRange,
        calendar: kernel::Calendar,
    ) -> Result<Vec<BookingRatePoint>, StoreError>;
    /// What customers object to most.
    async fn top_objections(
        &self,
        viewer: &Viewer,
        window: insights::Window,
        limit: i64,
    ) -> Result<Vec<TopObjection>, StoreError>;
}

/// What operators watch.
#[async_trait]
pub trait PipelineReads: Send + Sync {
    /// How many calls are where, and what the inbox and the queues hold.
    async fn pipeline(&self, viewer: &Viewer) -> Result<PipelineSnapshot, StoreError>;
}

/// How a replica of the database stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicaState {
    /// Whether people's reads go there.
    pub used: bool,
    /// It lags by no more than this; unknown until it has been measured.
    pub lag: Option<Duration>,
}

/// All of them.
pub trait Reads: CallReads + CrmReads + DashboardReads + PipelineReads {
    /// How the replica stands, where there is one. What somebody wrote by way of this process they are never shown without,
    /// even there.
    fn replica(&self) -> Option<ReplicaState> {
        None
    }
    /// Whether the database answers.
    fn ping(&self) -> futures_util::future::BoxFuture<'_, Result<(), StoreError>>;
}

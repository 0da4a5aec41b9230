//! What the samples answer.

use std::sync::atomic::Ordering;

use app::{
    ports::{
        EmptiedBodies, InboxEntry, InboxFilter, InboxLine, InboxOffice, JobFilter, JobLine, JobOffice,
        NewInboxEntry, QueueDepth, ReplayOutcome, StoredArrival,
    },
    reads::*,
};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use insights::{DayRange, Window};
use kernel::{
    AppointmentId, Calendar, CallId, CompanyId, InboxId, JobId, LeadId, StoreError, TaskId, Timestamp,
};

use super::{customers, samples, unused::not_offered, world::World};

fn size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or_default()
}

#[async_trait]
impl CallReads for World {
    async fn calls(&self, viewer: &Viewer, filter: &CallFilter) -> Result<CallPage, StoreError> {
        let wanted = |call: &&CallLine| {
            filter.after.is_none_or(|after| (call.created_at, call.call_id) < (after.created_at, after.id))
                && filter.stage.as_ref().is_none_or(|stage| call.stage == *stage)
                && filter.status.as_ref().is_none_or(|status| call.status == *status)
                && filter
                    .booking_status
                    .as_ref()
                    .is_none_or(|status| call.booking_status.as_ref() == Some(status))
                && filter
                    .lead_quality
                    .as_ref()
                    .is_none_or(|quality| call.lead_quality.as_ref() == Some(quality))
                && filter.missed.is_none_or(|missed| call.missed_call == missed)
                && filter.phone.as_ref().is_none_or(|phone| call.phone_number.as_ref() == Some(phone))
                && filter.from.is_none_or(|from| call.created_at >= from)
                && filter.until.is_none_or(|until| call.created_at < until)
        };
        self.look(&viewer.company, |sights| {
            let mut calls: Vec<_> =
                sights.calls.iter().filter(wanted).take(size(filter.limit) + 1).cloned().collect();
            let more = calls.len() > size(filter.limit);
            calls.truncate(size(filter.limit));
            let last = calls.last().filter(|_| more);
            let next_cursor =
                last.map(|last| CallCursor { created_at: last.created_at, id: last.call_id }.encode());
            CallPage { calls, next_cursor, limit: filter.limit }
        })
    }

    async fn call(
        &self,
        viewer: &Viewer,
        id: CallId,
    ) -> Result<Option<(CallDetail, Option<RecordingFile>)>, StoreError> {
        self.look(&viewer.company, |sights| {
            let call = sights.calls.iter().find(|call| call.call_id == id)?;
            let stored = matches!(call.stage.as_str(), "recorded" | "analysing" | "analysed");
            let blob_key = format!("tenants/{}/recordings/2026/11/{id}/sample.wav", viewer.company);
            Some((samples::detail(call), stored.then_some(RecordingFile { blob_key })))
        })
    }

    async fn dashboard_calls(
        &self,
        _: &Viewer,
        _: DashboardBucket,
        _: Slice,
    ) -> Result<DashboardCalls, StoreError> {
        unreachable!("the console does not ask this")
    }
}

#[async_trait]
impl CrmReads for World {
    async fn contact_card(
        &self,
        viewer: &Viewer,
        query: &ContactQuery,
        now: Timestamp,
    ) -> Result<Option<(ContactCardDetail, Vec<(CallId, RecordingFile)>)>, StoreError> {
        let ContactQuery::Id(id) = query else { unreachable!("the console asks by id") };
        self.look(&viewer.company, |sights| {
            let of_them = |call: &&CallLine| call.contact_card_id == Some(*id);
            let calls: Vec<_> = sights.calls.iter().filter(of_them).take(5).cloned().collect();
            (!calls.is_empty()).then(|| (customers::card(&viewer.company, *id, &calls, now), Vec::new()))
        })
    }
    async fn leads(&self, _: &Viewer, _: &LeadFilter, _: Timestamp) -> Result<LeadList, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn lead(&self, _: &Viewer, _: LeadId) -> Result<Option<LeadResponse>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn tasks(&self, _: &Viewer, _: &TaskFilter, _: Timestamp) -> Result<TaskList, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn task(&self, _: &Viewer, _: TaskId, _: Timestamp) -> Result<Option<TaskLine>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn appointments(&self, _: &Viewer, _: &AppointmentQuery) -> Result<AppointmentList, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn appointment(&self, _: &Viewer, _: AppointmentId) -> Result<Option<AppointmentView>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn key_signals(&self, _: &Viewer, _: &SignalFilter) -> Result<KeySignalList, StoreError> {
        unreachable!("the console does not ask this")
    }
}

#[async_trait]
impl DashboardReads for World {
    async fn headline(&self, viewer: &Viewer, _: Window) -> Result<DashboardMetrics, StoreError> {
        self.look(&viewer.company, |sights| DashboardMetrics {
            company: sights.headline,
            personal: None,
            funnel: FunnelCounters::default(),
        })
    }
    async fn booking_rates(
        &self,
        viewer: &Viewer,
        days: DayRange,
        _: Calendar,
    ) -> Result<Vec<BookingRatePoint>, StoreError> {
        self.look(&viewer.company, |sights| {
            sights.rates.iter().filter(|point| days.days().any(|day| day == point.date)).copied().collect()
        })
    }
    async fn top_objections(
        &self,
        viewer: &Viewer,
        _: Window,
        limit: i64,
    ) -> Result<Vec<TopObjection>, StoreError> {
        self.look(&viewer.company, |sights| sights.objections.iter().take(size(limit)).cloned().collect())
    }
}

#[async_trait]
impl PipelineReads for World {
    async fn pipeline(&self, viewer: &Viewer) -> Result<PipelineSnapshot, StoreError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.look(&viewer.company, |sights| sights.pipeline.clone())
    }
}

impl Reads for World {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        unreachable!("the console does not ask this")
    }
}

#[async_trait]
impl InboxOffice for World {
    async fn quarantine(&self, _: &NewInboxEntry) -> Result<StoredArrival, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn list(&self, filter: &InboxFilter) -> Result<Vec<InboxLine>, StoreError> {
        let wanted = |one: &&InboxEntry| {
            filter.company.as_ref().is_none_or(|company| one.company.as_ref() == Some(company))
                && filter.state.is_none_or(|state| one.entry.state == state)
                && filter.provider.is_none_or(|provider| one.entry.provider == provider)
                && filter.before.is_none_or(|before| one.entry.id < before)
        };
        let line = |one: &InboxEntry| InboxLine {
            id: one.entry.id,
            company: one.company.clone(),
            provider: one.entry.provider,
            kind: one.entry.kind.clone(),
            state: one.entry.state,
            reason: one.entry.reason.clone(),
            call: one.entry.call,
            duplicates: one.duplicates,
            received_at: one.entry.received_at,
        };
        self.answer(|sights| sights.inbox.iter().filter(wanted).take(size(filter.limit)).map(line).collect())
    }
    async fn find(&self, id: InboxId) -> Result<Option<InboxEntry>, StoreError> {
        self.answer(|sights| sights.inbox.iter().find(|one| one.entry.id == id).cloned())
    }
    async fn assign(&self, _: InboxId, _: &CompanyId) -> Result<(), StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn waiting(&self, _: Timestamp, _: Option<InboxId>, _: i64) -> Result<Vec<InboxEntry>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn empty_bodies(&self, _: Timestamp, _: Timestamp, _: i64) -> Result<EmptiedBodies, StoreError> {
        Ok(EmptiedBodies { count: 0, up_to: None })
    }
    async fn delete_settled(&self, _: Timestamp, _: i64) -> Result<usize, StoreError> {
        unreachable!("the console does not ask this")
    }
}

#[async_trait]
impl JobOffice for World {
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobLine>, StoreError> {
        let wanted = |one: &&JobLine| {
            filter.company.as_ref().is_none_or(|company| one.company.as_ref() == Some(company))
                && filter.state.is_none_or(|state| one.state == state)
                && filter.queue.is_none_or(|queue| one.queue == queue.as_str())
                && filter.before.is_none_or(|before| one.id < before)
        };
        self.answer(|sights| sights.jobs.iter().filter(wanted).take(size(filter.limit)).cloned().collect())
    }
    async fn find(&self, _: JobId) -> Result<Option<JobLine>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn retry(&self, _: JobId, _: Timestamp) -> Result<ReplayOutcome, StoreError> {
        Ok(not_offered())
    }
    async fn cancel(&self, _: JobId, _: Timestamp) -> Result<ReplayOutcome, StoreError> {
        Ok(not_offered())
    }
    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn delete_finished(&self, _: Timestamp, _: Timestamp, _: i64) -> Result<usize, StoreError> {
        unreachable!("the console does not ask this")
    }
    async fn delete_slots(&self, _: Timestamp) -> Result<usize, StoreError> {
        unreachable!("the console does not ask this")
    }
}

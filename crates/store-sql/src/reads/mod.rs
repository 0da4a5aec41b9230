//! What people may look at: one query, one view.
//!
//! Every query names the tenant itself and applies the viewer's reach (`reach`). A read asks a fixed number of queries,
//! whatever the size of the page: what belongs to the rows of a page is fetched for all of them at once.

mod analyses;
mod appointments;
mod calls;
mod contacts;
mod customer;
mod dashboard;
mod dashboard_calls;
mod fixed;
mod leads;
mod pipeline;
mod reach;
mod search;
mod signals;
mod tasks;
mod timeline;

use app::reads::{
    AppointmentList, AppointmentQuery, AppointmentView, BookingRatePoint, CallDetail, CallFilter, CallPage,
    CallReads, ContactCardDetail, ContactQuery, CrmReads, DashboardBucket, DashboardCalls, DashboardMetrics,
    DashboardReads, KeySignalList, LeadFilter, LeadList, LeadResponse, PipelineReads, PipelineSnapshot,
    Reads, RecordingFile, SignalFilter, Slice, TaskFilter, TaskLine, TaskList, TopObjection, Viewer,
};
use async_trait::async_trait;
use diesel_async::RunQueryDsl;
use futures_util::{FutureExt, future::BoxFuture};
use kernel::{AppointmentId, CallId, LeadId, StoreError, TaskId, Timestamp};

use crate::{SqlStore, db::on_db, error::fail};

#[async_trait]
impl CallReads for SqlStore {
    async fn calls(&self, viewer: &Viewer, filter: &CallFilter) -> Result<CallPage, StoreError> {
        calls::page(&mut self.db.reader(&viewer.company).await?, viewer, filter).await
    }

    async fn call(
        &self,
        viewer: &Viewer,
        id: CallId,
    ) -> Result<Option<(CallDetail, Option<RecordingFile>)>, StoreError> {
        calls::detail(&mut self.db.reader(&viewer.company).await?, viewer, id).await
    }

    async fn dashboard_calls(
        &self,
        viewer: &Viewer,
        bucket: DashboardBucket,
        slice: Slice,
    ) -> Result<DashboardCalls, StoreError> {
        dashboard_calls::slice(&mut self.db.reader(&viewer.company).await?, viewer, bucket, slice).await
    }
}

#[async_trait]
impl CrmReads for SqlStore {
    async fn contact_card(
        &self,
        viewer: &Viewer,
        query: &ContactQuery,
        now: Timestamp,
    ) -> Result<Option<(ContactCardDetail, Vec<(CallId, RecordingFile)>)>, StoreError> {
        contacts::card(&mut self.db.reader(&viewer.company).await?, viewer, query, now).await
    }

    async fn leads(
        &self,
        viewer: &Viewer,
        filter: &LeadFilter,
        now: Timestamp,
    ) -> Result<LeadList, StoreError> {
        leads::list(&mut self.db.reader(&viewer.company).await?, viewer, filter, now).await
    }

    async fn lead(&self, viewer: &Viewer, id: LeadId) -> Result<Option<LeadResponse>, StoreError> {
        leads::detail(&mut self.db.reader(&viewer.company).await?, viewer, id).await
    }

    async fn tasks(
        &self,
        viewer: &Viewer,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<TaskList, StoreError> {
        tasks::list(&mut self.db.reader(&viewer.company).await?, viewer, filter, now).await
    }

    async fn task(
        &self,
        viewer: &Viewer,
        id: TaskId,
        now: Timestamp,
    ) -> Result<Option<TaskLine>, StoreError> {
        tasks::one(&mut self.db.reader(&viewer.company).await?, viewer, id, now).await
    }

    async fn appointments(
        &self,
        viewer: &Viewer,
        query: &AppointmentQuery,
    ) -> Result<AppointmentList, StoreError> {
        appointments::day(&mut self.db.reader(&viewer.company).await?, viewer, query).await
    }

    async fn appointment(
        &self,
        viewer: &Viewer,
        id: AppointmentId,
    ) -> Result<Option<AppointmentView>, StoreError> {
        appointments::one(&mut self.db.reader(&viewer.company).await?, viewer, id).await
    }

    async fn key_signals(&self, viewer: &Viewer, filter: &SignalFilter) -> Result<KeySignalList, StoreError> {
        signals::list(&mut self.db.reader(&viewer.company).await?, viewer, filter).await
    }
}

#[async_trait]
impl DashboardReads for SqlStore {
    async fn headline(
        &self,
        viewer: &Viewer,
        window: insights::Window,
    ) -> Result<DashboardMetrics, StoreError> {
        dashboard::headline(&mut self.db.reader(&viewer.company).await?, viewer, window).await
    }

    async fn booking_rates(
        &self,
        viewer: &Viewer,
        days: insights::DayRange,
        calendar: kernel::Calendar,
    ) -> Result<Vec<BookingRatePoint>, StoreError> {
        dashboard::booking_rates(&mut self.db.reader(&viewer.company).await?, viewer, days, calendar).await
    }

    async fn top_objections(
        &self,
        viewer: &Viewer,
        window: insights::Window,
        limit: i64,
    ) -> Result<Vec<TopObjection>, StoreError> {
        dashboard::top_objections(&mut self.db.reader(&viewer.company).await?, viewer, window, limit).await
    }
}

#[async_trait]
impl PipelineReads for SqlStore {
    async fn pipeline(&self, viewer: &Viewer) -> Result<PipelineSnapshot, StoreError> {
        pipeline::snapshot(&mut self.db.reader(&viewer.company).await?, viewer).await
    }
}

impl Reads for SqlStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            let mut conn = self.db.primary.reader().await?;
            on_db!(&mut conn, "server.ping", |c| diesel::sql_query("SELECT 1").execute(c).await)
                .map_err(fail("ping"))?;
            Ok(())
        }
        .boxed()
    }
}

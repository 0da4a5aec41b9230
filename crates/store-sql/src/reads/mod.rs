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

use app::{
    Patience, Tries,
    reads::{
        AppointmentList, AppointmentQuery, AppointmentView, BookingRatePoint, CallDetail, CallFilter,
        CallPage, CallReads, ContactCardDetail, ContactQuery, CrmReads, DashboardBucket, DashboardCalls,
        DashboardMetrics, DashboardReads, KeySignalList, LeadFilter, LeadList, LeadResponse, PipelineReads,
        PipelineSnapshot, Reads, RecordingFile, ReplicaState, SignalFilter, Slice, TaskFilter, TaskLine,
        TaskList, TopObjection, Viewer,
    },
};
use async_trait::async_trait;
use diesel_async::RunQueryDsl;
use futures_util::{FutureExt, future::BoxFuture};
use kernel::{AppointmentId, CallId, LeadId, StoreError, TaskId, Timestamp};

use crate::{SqlStore, db::on_db, error::fail, replica::Replica};

/// Asks again, on another connection, if the database was away for a moment: a read changes nothing, so it may be done
/// as often as one likes.
macro_rules! read {
    ($store:expr, $viewer:expr, |$conn:ident| $read:expr) => {{
        let mut tries = Tries::new(Patience::READ, $store.dice.as_ref());
        loop {
            let outcome = match $store.db.reader(&$viewer.company).await {
                Ok(mut conn) => {
                    let read = {
                        let $conn = &mut conn;
                        $read.await
                    };
                    if read.is_err() {
                        $store.db.failed(&mut conn);
                    }
                    read
                }
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if tries.again(&error).await => {}
                outcome => break outcome,
            }
        }
    }};
}

#[async_trait]
impl CallReads for SqlStore {
    async fn calls(&self, viewer: &Viewer, filter: &CallFilter) -> Result<CallPage, StoreError> {
        read!(self, viewer, |conn| calls::page(conn, viewer, filter))
    }

    async fn call(
        &self,
        viewer: &Viewer,
        id: CallId,
    ) -> Result<Option<(CallDetail, Option<RecordingFile>)>, StoreError> {
        read!(self, viewer, |conn| calls::detail(conn, viewer, id))
    }

    async fn dashboard_calls(
        &self,
        viewer: &Viewer,
        bucket: DashboardBucket,
        slice: Slice,
    ) -> Result<DashboardCalls, StoreError> {
        read!(self, viewer, |conn| dashboard_calls::slice(conn, viewer, bucket, slice))
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
        read!(self, viewer, |conn| contacts::card(conn, viewer, query, now))
    }

    async fn leads(
        &self,
        viewer: &Viewer,
        filter: &LeadFilter,
        now: Timestamp,
    ) -> Result<LeadList, StoreError> {
        read!(self, viewer, |conn| leads::list(conn, viewer, filter, now))
    }

    async fn lead(&self, viewer: &Viewer, id: LeadId) -> Result<Option<LeadResponse>, StoreError> {
        read!(self, viewer, |conn| leads::detail(conn, viewer, id))
    }

    async fn tasks(
        &self,
        viewer: &Viewer,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<TaskList, StoreError> {
        read!(self, viewer, |conn| tasks::list(conn, viewer, filter, now))
    }

    async fn task(
        &self,
        viewer: &Viewer,
        id: TaskId,
        now: Timestamp,
    ) -> Result<Option<TaskLine>, StoreError> {
        read!(self, viewer, |conn| tasks::one(conn, viewer, id, now))
    }

    async fn appointments(
        &self,
        viewer: &Viewer,
        query: &AppointmentQuery,
    ) -> Result<AppointmentList, StoreError> {
        read!(self, viewer, |conn| appointments::day(conn, viewer, query))
    }

    async fn appointment(
        &self,
        viewer: &Viewer,
        id: AppointmentId,
    ) -> Result<Option<AppointmentView>, StoreError> {
        read!(self, viewer, |conn| appointments::one(conn, viewer, id))
    }

    async fn key_signals(&self, viewer: &Viewer, filter: &SignalFilter) -> Result<KeySignalList, StoreError> {
        read!(self, viewer, |conn| signals::list(conn, viewer, filter))
    }
}

#[async_trait]
impl DashboardReads for SqlStore {
    async fn headline(
        &self,
        viewer: &Viewer,
        window: insights::Window,
    ) -> Result<DashboardMetrics, StoreError> {
        read!(self, viewer, |conn| dashboard::headline(conn, viewer, window))
    }

    async fn booking_rates(
        &self,
        viewer: &Viewer,
        days: insights::DayRange,
        calendar: kernel::Calendar,
    ) -> Result<Vec<BookingRatePoint>, StoreError> {
        read!(self, viewer, |conn| dashboard::booking_rates(conn, viewer, days, calendar))
    }

    async fn top_objections(
        &self,
        viewer: &Viewer,
        window: insights::Window,
        limit: i64,
    ) -> Result<Vec<TopObjection>, StoreError> {
        read!(self, viewer, |conn| dashboard::top_objections(conn, viewer, window, limit))
    }
}

#[async_trait]
impl PipelineReads for SqlStore {
    async fn pipeline(&self, viewer: &Viewer) -> Result<PipelineSnapshot, StoreError> {
        read!(self, viewer, |conn| pipeline::snapshot(conn, viewer))
    }
}

impl Reads for SqlStore {
    fn replica(&self) -> Option<ReplicaState> {
        self.db.replica.as_ref().map(Replica::state)
    }

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

use app::reads::{TaskFilter, TaskLine, TaskList, Viewer};
use diesel::{
    AggregateExpressionMethods, BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods,
    OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
    dsl::{count, count_star},
    sql_types::{Bool, Untyped},
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, StoreError, TaskId, Timestamp};
use rbac::Role;

use super::{
    fixed::fixed,
    reach::{own, own_lead},
};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{appointments, tasks},
    types::{DbId, DbTs},
};

const TABLE: &str = "tasks";

/// Still to be done (contract `metrics.md` §0.4).
pub(super) const UNFINISHED: [&str; 3] = ["open", "pending", "overdue"];

/// Due first, those without a time last. `NULLS LAST` rather than a sort on `IS NULL`, which no index serves.
const DUE_FIRST: &str = "tasks.due_at ASC NULLS LAST";

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks)]
pub(super) struct TaskRow {
    id: DbId,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    appointment_id: Option<DbId>,
    call_id: Option<i64>,
    description: String,
    assigned_to: String,
    assignee_id: Option<String>,
    source: String,
    action_type: Option<String>,
    due_at: Option<DbTs>,
    status: String,
    priority: Option<String>,
    notes: Option<String>,
    completed_at: Option<DbTs>,
    completed_by: Option<String>,
    created_at: DbTs,
    updated_at: DbTs,
}

impl TaskRow {
    fn into_line(self, now: Timestamp) -> TaskLine {
        let is_late = self.due_at.is_some_and(|due| due.0 < now);
        // the same rule as `overdue!`
        let overdue = match self.status.as_str() {
            "overdue" => true,
            "open" | "pending" => is_late,
            _ => false,
        };
        TaskLine {
            id: self.id.into(),
            description: self.description,
            assigned_to: self.assigned_to,
            assignee_id: self.assignee_id,
            source: self.source,
            action_type: self.action_type,
            due_at: self.due_at.map(|at| at.0),
            status: self.status,
            overdue,
            completed_at: self.completed_at.map(|at| at.0),
            completed_by: self.completed_by,
            priority: self.priority,
            notes: self.notes,
            contact_card_id: self.contact_card_id.map(Into::into),
            lead_id: self.lead_id.map(Into::into),
            appointment_id: self.appointment_id.map(Into::into),
            call_id: self.call_id.map(CallId),
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}

/// Whether a task is past its time (contract `metrics.md` §0.4). Never null, so that its opposite is too.
macro_rules! overdue {
    ($now:expr) => {
        fixed::<Bool>("tasks.status = 'overdue'")
            .or(fixed::<Bool>("tasks.status IN ('open', 'pending') AND tasks.due_at IS NOT NULL")
                .and(tasks::due_at.lt(DbTs($now)).assume_not_null()))
    };
}

/// Keeps to the tasks a viewer may see: a manager's company; a CSR's own, those of all CSRs, and those they made; a
/// rep's own, those of all reps on the rep's leads and visits, and those they made.
macro_rules! within_reach {
    ($query:expr, $viewer:expr) => {{
        let company = $viewer.company.as_str();
        let query = $query.filter(tasks::company_id.eq(company)).into_boxed();
        match (own($viewer), $viewer.role) {
            (None, _) => query,
            (Some(me), Role::Csr) => query.filter(
                tasks::assignee_id
                    .eq(me)
                    .or(tasks::assignee_id.is_null().and(tasks::assigned_to.eq("csr")))
                    .or(tasks::created_by.eq(me)),
            ),
            (Some(me), Role::SalesRep | Role::Manager) => {
                let visit = tasks::appointment_id.eq_any(
                    appointments::table
                        .filter(appointments::company_id.eq(company))
                        .filter(appointments::assigned_rep_id.eq(me))
                        .select(appointments::id.nullable()),
                );
                let theirs = own_lead!(tasks::lead_id, company, me).or(visit);
                query.filter(
                    tasks::assignee_id
                        .eq(me)
                        .or(tasks::assignee_id.is_null().and(tasks::assigned_to.eq("rep")).and(theirs))
                        .or(tasks::created_by.eq(me)),
                )
            }
        }
    }};
}

/// The tasks a filter leaves of those a viewer may see.
macro_rules! filtered {
    ($query:expr, $viewer:expr, $filter:expr, $now:expr) => {{
        let filter: &TaskFilter = $filter;
        let mut query = within_reach!($query, $viewer);
        if let Some(assignee) = &filter.assignee {
            query = query.filter(tasks::assignee_id.eq(assignee.as_str()));
        }
        if let Some(lead) = filter.lead {
            query = query.filter(tasks::lead_id.eq(DbId::from(lead)));
        }
        if let Some(contact) = filter.contact {
            query = query.filter(tasks::contact_card_id.eq(DbId::from(contact)));
        }
        if let Some(status) = filter.status {
            query = query.filter(tasks::status.eq(status.as_str()));
        }
        match filter.overdue {
            Some(true) => query = query.filter(overdue!($now)),
            Some(false) => query = query.filter(diesel::dsl::not(overdue!($now))),
            None => {}
        }
        if let Some(due_before) = filter.due_before {
            query = query.filter(tasks::due_at.le(DbTs(due_before)));
        }
        if let Some(due_after) = filter.due_after {
            query = query.filter(tasks::due_at.ge(DbTs(due_after)));
        }
        query
    }};
}

pub(super) async fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &TaskFilter,
    now: Timestamp,
) -> Result<TaskList, StoreError> {
    let (total, overdue_count): (i64, i64) = on_db!(conn, "tasks.count", |c| {
        let late = count(tasks::id).aggregate_filter(overdue!(now));
        filtered!(tasks::table.select((count_star(), late)), viewer, filter, now).get_result(c).await
    })
    .map_err(fail(TABLE))?;
    let rows: Vec<TaskRow> = on_db!(conn, "tasks.list", |c| {
        filtered!(tasks::table.select(TaskRow::as_select()), viewer, filter, now)
            .order((fixed::<Untyped>(DUE_FIRST), tasks::created_at.desc(), tasks::id))
            .limit(filter.limit)
            .offset(filter.offset)
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    let tasks = rows.into_iter().map(|row| row.into_line(now)).collect();
    Ok(TaskList { tasks, total, overdue_count })
}

pub(super) async fn one(
    conn: &mut Conn,
    viewer: &Viewer,
    id: TaskId,
    now: Timestamp,
) -> Result<Option<TaskLine>, StoreError> {
    let row: Option<TaskRow> = on_db!(conn, "tasks.one", |c| {
        within_reach!(tasks::table.select(TaskRow::as_select()), viewer)
            .filter(tasks::id.eq(DbId::from(id)))
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail(TABLE))?;
    Ok(row.map(|row| row.into_line(now)))
}

/// What is still to be done for a customer, whoever it is assigned to.
pub(super) async fn unfinished_of(
    conn: &mut Conn,
    company: &str,
    contact: ContactCardId,
    now: Timestamp,
) -> Result<Vec<TaskLine>, StoreError> {
    let rows: Vec<TaskRow> = on_db!(conn, "tasks.unfinished_of_contact", |c| {
        tasks::table
            .filter(tasks::company_id.eq(company))
            .filter(tasks::contact_card_id.eq(DbId::from(contact)))
            .filter(tasks::status.eq_any(UNFINISHED))
            .order((fixed::<Untyped>(DUE_FIRST), tasks::created_at.desc(), tasks::id))
            .select(TaskRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(|row| row.into_line(now)).collect())
}

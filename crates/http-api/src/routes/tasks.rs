use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use app::reads::{TaskFilter, TaskList};

use crate::{ApiError, ApiState, Caller, envelope::enveloped, params::Params};

/// `GET /api/v1/tasks`.
pub async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar_for(&caller, &params, ["due_before", "due_after"]).await?;
    let (lead, contact) = (params.id("lead_id"), params.id("contact_card_id"));
    let nothing = lead == Some(None) || contact == Some(None);
    let filter = TaskFilter {
        assignee: params.user("assignee_id"),
        lead: lead.flatten(),
        contact: contact.flatten(),
        status: params.word("status"),
        overdue: params.boolean("overdue"),
        due_before: params.until("due_before", calendar),
        due_after: params.from("due_after", calendar),
        limit: params.integer("limit", 1..=1000, 100),
        offset: params.integer("offset", 0..=i64::MAX, 0),
    };
    params.ordered("due_after", filter.due_after, filter.due_before);
    params.check()?;
    let tasks = if nothing {
        TaskList { tasks: Vec::new(), total: 0, overdue_count: 0 }
    } else {
        let (viewer, now) = (caller.viewer(), state.now());
        state.read(|ports| async move { ports.reads.tasks(&viewer, &filter, now).await }).await?
    };
    Ok(enveloped(&request, tasks, state.now()))
}

/// `GET /api/v1/tasks/{task_id}`.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::not_found("Task");
    let (viewer, id) = (caller.viewer(), path.parse().map_err(|_| missing())?);
    let now = state.now();
    let task = state.read(|ports| async move { ports.reads.task(&viewer, id, now).await }).await?;
    let task = task.ok_or_else(missing)?;
    Ok(enveloped(&request, task, now))
}

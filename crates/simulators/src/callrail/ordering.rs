//! Calls ordered from outside, by the control API: somebody else's traffic, made by the stand-in Otto works with.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, ServiceConfig},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CallOrder, CallSender, Callrail};
use crate::settings::SimulatedTenant;

/// A call to one of the [demo companies](SimulatedTenant::demo).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderedCall {
    /// Which demo companies.
    pub tenant_seed: u64,
    /// Which of them.
    pub company_id: String,
    /// What is said.
    pub conversation: String,
}

pub(super) fn control_routes(config: &mut ServiceConfig) {
    config.route("/calls", web::post().to(make));
}

/// Makes the call and answers when it is over and told.
async fn make(callrail: Data<Callrail>, asked: Json<OrderedCall>) -> HttpResponse {
    let asked = asked.into_inner();
    let companies = SimulatedTenant::demo(asked.tenant_seed);
    let Some(tenant) = companies.into_iter().find(|tenant| tenant.company_id == asked.company_id) else {
        return HttpResponse::NotFound().json(json!({ "error": "no such company" }));
    };
    let callrail: Arc<Callrail> = callrail.into_inner();
    let index = callrail.calls.ordered_index();
    let order = CallOrder { tenant, conversation: asked.conversation, index, customer_phone: None };
    match CallSender::new(callrail).send(&order).await {
        Ok(call) => HttpResponse::Ok().json(call),
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error.to_string() })),
    }
}

use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::reads::{KeySignalList, SignalFilter};

use crate::{ApiError, ApiState, Caller, envelope::enveloped, params::Params};

/// `GET /api/v1/key-signals`.
pub async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar_for(&caller, &params, ["created_after", "created_before"]).await?;
    let (lead, appointment, contact) =
        (params.id("lead_id"), params.id("appointment_id"), params.id("contact_card_id"));
    let nothing = lead == Some(None) || appointment == Some(None) || contact == Some(None);
    let filter = SignalFilter {
        lead: lead.flatten(),
        appointment: appointment.flatten(),
        contact: contact.flatten(),
        signal_type: params.word("signal_type"),
        acknowledged: params.boolean("acknowledged"),
        from: params.from("created_after", calendar),
        until: params.until("created_before", calendar),
    };
    params.ordered("created_after", filter.from, filter.until);
    params.check()?;
    let signals = if nothing {
        KeySignalList { signals: Vec::new(), total: 0, unacknowledged_count: 0 }
    } else {
        let viewer = caller.viewer();
        state.read(|ports| async move { ports.reads.key_signals(&viewer, &filter).await }).await?
    };
    Ok(enveloped(&request, signals, state.now()))
}

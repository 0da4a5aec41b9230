//! The REST API, version 3 (contract `callrail.md` §4), as far as somebody looking for lost calls and recordings needs it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Path, Query, ServiceConfig},
};
use chrono::{DateTime, Months, NaiveDate, NaiveTime};
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Callrail, call::SimCall, media, payload};
use crate::server::{self, ErrorAnswers};

/// Calls on a page, unless asked otherwise, and at most.
const PER_PAGE: usize = 100;
const MOST_PER_PAGE: usize = 250;
/// Older calls are gone; to ask for them is an error.
const RETENTION: Months = Months::new(25);

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/media/{token}", web::get().to(media::media));
    config.route("/v3/a.json", web::get().to(accounts));
    config.route("/v3/a/{account}/calls.json", web::get().to(list));
    config.route("/v3/a/{account}/calls/{id}/recording.json", web::get().to(recording));
    config.route("/v3/a/{account}/calls/{id}.json", web::get().to(one));
    config.default_service(web::to(nothing));
}

fn error(status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": message }))
}

fn not_found() -> HttpResponse {
    error(StatusCode::NOT_FOUND, "not found")
}

async fn nothing() -> HttpResponse {
    not_found()
}

/// CallRail's own failures: little is said, and never for how long to wait.
struct Outages;

impl ErrorAnswers for Outages {
    fn throttled(&self) -> HttpResponse {
        error(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded")
    }

    fn failed(&self, status: u16) -> HttpResponse {
        match status {
            502 => HttpResponse::BadGateway().content_type("text/html").body("<h1>502 Bad Gateway</h1>"),
            503 => error(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
            _ => error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        }
    }
}

impl Callrail {
    /// Whether the key is right, and the account is the key's.
    fn refusal(&self, request: &HttpRequest, account: Option<&str>) -> Option<HttpResponse> {
        let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = sent.and_then(|sent| sent.strip_prefix("Token token=")).map(|key| key.trim_matches('"'));
        if key != Some(self.settings.api_key.expose().as_str()) {
            let mut response = error(StatusCode::UNAUTHORIZED, "HTTP Token: Access denied.");
            let realm = header::HeaderValue::from_static("Token realm=\"Application\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
            return Some(response);
        }
        // an account the key does not see does not exist
        account.is_some_and(|account| account != self.settings.account_id).then(not_found)
    }

    async fn guarded(
        &self,
        request: &HttpRequest,
        account: Option<&str>,
        about: (&str, &str),
        good: impl FnOnce() -> HttpResponse,
    ) -> HttpResponse {
        if let Some(refusal) = self.refusal(request, account) {
            return refusal;
        }
        let fault = self.control.desk.request(about.0, about.1);
        server::answer(&self.control.sim, request, fault, &Outages, async { good() }).await
    }
}

async fn accounts(callrail: Data<Callrail>, request: HttpRequest) -> HttpResponse {
    callrail
        .guarded(&request, None, ("callrail.accounts", ""), || {
            HttpResponse::Ok().json(json!({
                "page": 1, "per_page": 100, "total_pages": 1, "total_records": 1,
                "accounts": [{
                    "id": callrail.settings.account_id, "name": "Simulated account",
                    "outbound_recording_enabled": true, "hipaa_account": false,
                }],
            }))
        })
        .await
}

async fn recording(
    callrail: Data<Callrail>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> HttpResponse {
    let (account, id) = path.into_inner();
    callrail
        .guarded(&request, Some(&account), ("callrail.recording_link", &id), || {
            match callrail.recording_link(&id) {
                Some(url) => HttpResponse::Ok().json(json!({ "url": url })),
                None => not_found(),
            }
        })
        .await
}

#[derive(Deserialize)]
struct Fields {
    fields: Option<String>,
}

impl Fields {
    fn list(&self) -> Vec<&str> {
        self.fields.as_deref().unwrap_or_default().split(',').map(str::trim).collect()
    }
}

async fn one(
    callrail: Data<Callrail>,
    request: HttpRequest,
    path: Path<(String, String)>,
    fields: Query<Fields>,
) -> HttpResponse {
    let (account, id) = path.into_inner();
    callrail
        .guarded(&request, Some(&account), ("callrail.call", &id), || {
            if let Some(call) = callrail.calls.find(&id) {
                return HttpResponse::Ok().json(payload::rest(&call, &account, &fields.list()));
            }
            // nothing is known of a call somebody else made but whose it is
            match callrail.calls.registered_for(&id) {
                Some(company) if fields.list().contains(&"company_id") => {
                    HttpResponse::Ok().json(json!({ "id": id, "company_id": company }))
                }
                Some(_) => HttpResponse::Ok().json(json!({ "id": id })),
                None => not_found(),
            }
        })
        .await
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Listing {
    start_date: Option<String>,
    end_date: Option<String>,
    company_id: Option<String>,
    answered: Option<bool>,
    direction: Option<String>,
    fields: Option<String>,
    /// `start_time`, unless another.
    sort: Option<String>,
    /// `desc`, unless `asc`.
    order: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
    relative_pagination: Option<bool>,
    /// Of relative pagination: which page, from 0. Pages are not held still: calls that are added shift them.
    offset: Option<usize>,
}

async fn list(
    callrail: Data<Callrail>,
    request: HttpRequest,
    account: Path<String>,
    listing: Query<Listing>,
) -> HttpResponse {
    let account = account.into_inner();
    // the pages of one walk are different things; two walks are two attempts
    let about = format!("{} {}", listing.page.unwrap_or(0), listing.offset.unwrap_or(0));
    callrail
        .guarded(&request, Some(&account), ("callrail.calls", &about), || {
            match page(&callrail, &account, &listing) {
                Ok(page) => HttpResponse::Ok().json(page),
                Err(message) => error(StatusCode::BAD_REQUEST, &message),
            }
        })
        .await
}

fn page(callrail: &Callrail, account: &str, listing: &Listing) -> Result<Value, String> {
    let now = callrail.control.sim.now();
    let start = listing.start_date.as_deref().map(|text| date(text, NaiveTime::MIN)).transpose()?;
    let end_of_day = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or(NaiveTime::MIN);
    let end = listing.end_date.as_deref().map(|text| date(text, end_of_day)).transpose()?;
    if start.zip(now.checked_sub_months(RETENTION)).is_some_and(|(start, oldest)| start < oldest) {
        return Err("start_date is outside of the data retention period".to_owned());
    }
    let wanted = |call: &SimCall| {
        let direction = if call.is_outbound { "outbound" } else { "inbound" };
        start.is_none_or(|start| call.started_at >= start)
            && end.is_none_or(|end| call.started_at <= end)
            && listing.company_id.as_ref().is_none_or(|company| *company == call.company_resource_id)
            && listing.answered.is_none_or(|answered| answered == call.answered)
            && listing.direction.as_ref().is_none_or(|asked| asked == direction)
    };
    let mut calls: Vec<_> = callrail.calls.ended().into_iter().filter(wanted).collect();
    sort(&mut calls, listing)?;
    let per_page = listing.per_page.unwrap_or(PER_PAGE).clamp(1, MOST_PER_PAGE);
    let fields = Fields { fields: listing.fields.clone() };
    let shown = |call: &SimCall| payload::rest(call, account, &fields.list());
    if listing.relative_pagination == Some(true) {
        let number = listing.offset.unwrap_or(0);
        let mut rest = calls.iter().skip(number.saturating_mul(per_page));
        let page: Vec<_> = rest.by_ref().take(per_page).map(shown).collect();
        let next = rest.next().map(|_| {
            let base = &callrail.settings.base_url;
            format!("{base}/v3/a/{account}/calls.json?{}", query(listing, per_page, number + 1))
        });
        return Ok(json!({
            "per_page": per_page, "has_next_page": next.is_some(), "next_page": next, "calls": page,
        }));
    }
    let number = listing.page.unwrap_or(1).max(1);
    let page: Vec<_> =
        calls.iter().skip((number - 1).saturating_mul(per_page)).take(per_page).map(shown).collect();
    Ok(json!({
        "page": number, "per_page": per_page, "total_pages": calls.len().div_ceil(per_page),
        "total_records": calls.len(), "calls": page,
    }))
}

/// Puts the calls, the earliest first so far, in the order asked for.
fn sort(calls: &mut [SimCall], listing: &Listing) -> Result<(), String> {
    match listing.sort.as_deref().unwrap_or("start_time") {
        "start_time" => {}
        "duration" => calls.sort_by_key(|call| call.duration),
        "customer_name" => calls.sort_by(|a, b| a.customer_name.cmp(&b.customer_name)),
        "customer_phone_number" => calls.sort_by(|a, b| a.customer_phone.cmp(&b.customer_phone)),
        other => return Err(format!("{other} is not a field calls are sorted by")),
    }
    match listing.order.as_deref().unwrap_or("desc") {
        "asc" => {}
        "desc" => calls.reverse(),
        other => return Err(format!("{other} is not an order")),
    }
    Ok(())
}

/// A day, or an instant.
fn date(text: &str, time: NaiveTime) -> Result<Timestamp, String> {
    // a plus in a query may have been meant as one
    let text = text.replace(' ', "+");
    if let Ok(day) = NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        return Ok(day.and_time(time).and_utc());
    }
    DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc()).map_err(|_| format!("{text} is not a date"))
}

/// The query of another page: what was asked, but for the page.
fn query(listing: &Listing, per_page: usize, offset: usize) -> String {
    let mut fields = Map::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), Value::String(value));
        }
    };
    add("relative_pagination", Some("true".to_owned()));
    add("per_page", Some(per_page.to_string()));
    add("offset", Some(offset.to_string()));
    add("start_date", listing.start_date.clone());
    add("end_date", listing.end_date.clone());
    add("company_id", listing.company_id.clone());
    add("answered", listing.answered.map(|answered| answered.to_string()));
    add("direction", listing.direction.clone());
    add("fields", listing.fields.clone());
    add("sort", listing.sort.clone());
    add("order", listing.order.clone());
    let parts =
        fields.iter().map(|(name, value)| format!("{name}={}", escaped(value.as_str().unwrap_or_default())));
    parts.collect::<Vec<_>>().join("&")
}

/// Percent-encoded, all but what needs no encoding anywhere.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
    out
}

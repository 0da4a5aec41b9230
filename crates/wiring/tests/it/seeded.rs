//! An Otto in which a handful of calls have run their course, and where each path's parameters lead to something.

use serde_json::Value;
use testkit::Database;

use crate::bench::Bench;

/// Something of every kind: bookings, refusals, objections, a message, a missed call.
pub const CONVERSATIONS: [&str; 8] = [
    "roofing-storm-leak-booked",
    "hvac-heat-pump-quote-not-booked",
    "plumbing-angry-bill-cancels",
    "roofing-solar-panels-not-offered",
    "hvac-missed-call-lunch",
    "plumbing-voicemail-burst-pipe",
    "plumbing-spam-business-funding",
    "hvac-angry-no-show-booked",
];

/// The bench and ids of what is in it.
pub struct Seeded {
    pub bench: Bench,
    pub call: String,
    pub contact: String,
    pub lead: String,
    pub task: String,
    pub appointment: String,
    pub phone: String,
    /// Every customer's number.
    pub phones: Vec<String>,
    pub webhook: String,
    pub tenant_key: String,
    /// Path and query of a link to a recording.
    pub media: String,
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("no id: {other}"),
    }
}

impl Seeded {
    pub async fn new(database: Database) -> Self {
        Self::fill(Bench::with_pipeline(database).await).await
    }

    /// Makes the calls.
    pub async fn fill(bench: Bench) -> Self {
        bench.make_calls(&CONVERSATIONS).await;
        let booked = bench.get("/api/v1/calls?booking_status=booked").await.data()["calls"][0].clone();
        let call = text(&booked["call_id"]);
        let detail = bench.get(&format!("/api/v1/calls/{call}")).await.data();
        let media = detail["recording_url"].as_str().unwrap().strip_prefix(&bench.url).unwrap().to_owned();
        let calls = bench.get("/api/v1/calls").await.data()["calls"].clone();
        let phones = calls.as_array().unwrap().iter().map(|call| text(&call["phone_number"])).collect();
        let task = text(&bench.get("/api/v1/tasks").await.data()["tasks"][0]["id"]);
        let appointment = an_appointment(&bench).await;
        let one = app::ports::InboxFilter { limit: 1, ..Default::default() };
        let webhook = bench.otto.ports.inbox_office.list(&one).await.unwrap()[0].id.to_string();
        let company = kernel::CompanyId::try_new(bench.tenants[0].company_id.clone()).unwrap();
        let company = bench.otto.ports.tenants.find(&company).await.unwrap().unwrap();
        Self {
            call,
            contact: text(&booked["contact_card_id"]),
            lead: text(&booked["lead_id"]),
            phone: text(&booked["phone_number"]),
            tenant_key: company.tenant_key.expose().to_owned(),
            phones,
            task,
            appointment,
            webhook,
            media,
            bench,
        }
    }

    /// A path of the route table or the document with its parameters filled in.
    pub async fn at(&self, pattern: &str) -> String {
        let path = match pattern {
            p if p.starts_with("/media/") => return self.media.clone(),
            p if p.starts_with("/docs/") => p.replace("{asset}", "swagger-ui.css"),
            p if p.starts_with("/console/assets/") => p.replace("{asset}", "console.css"),
            p if p.starts_with("/console/calls/") => p.replace("{id}", &self.call),
            p if p.starts_with("/console/contacts/") => p.replace("{id}", &self.contact),
            p if p.starts_with("/console/inbox/") => p.replace("{id}", &self.webhook),
            "/api/v1/dashboard/calls" => format!("{pattern}?status=all"),
            "/api/v1/contact-cards/by-phone" => {
                format!("{pattern}?phone_number={}", self.phone.replace('+', "%2B"))
            }
            "/api/v1/appointments" => {
                let day = an_appointment_day(&self.bench).await.0;
                format!("{pattern}?date={day}")
            }
            other => other.to_owned(),
        };
        path.replace("{call_id}", &self.call)
            .replace("{contact_id}", &self.contact)
            .replace("{lead_id}", &self.lead)
            .replace("{task_id}", &self.task)
            .replace("{appointment_id}", &self.appointment)
            .replace("{tenant_key}", &self.tenant_key)
            .replace("{rest:.*}", "nowhere")
    }
}

async fn an_appointment(bench: &Bench) -> String {
    an_appointment_day(bench).await.1
}

/// The first day from yesterday on which there is an appointment, and its id.
async fn an_appointment_day(bench: &Bench) -> (chrono::NaiveDate, String) {
    let today = bench.otto.ports.clock.now().date_naive();
    for day in today.pred_opt().unwrap().iter_days().take(40) {
        let list = bench.get(&format!("/api/v1/appointments?date={day}")).await.data();
        if let Some(one) = list["appointments"].as_array().unwrap().first() {
            return (day, text(one.get("id").or_else(|| one.get("appointment_id")).unwrap()));
        }
    }
    panic!("nobody booked an appointment");
}

//! The control API's routes that every stand-in has.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Control, ScriptedAnswer, Stats};
use crate::faults::Faults;

/// Adds the routes; `stats` counts what this stand-in has besides requests, `own` adds its own routes.
pub(crate) fn routes(config: &mut ServiceConfig, stats: Stats, own: impl Fn(&mut ServiceConfig)) {
    config.service(
        web::scope("/_control")
            .app_data(Data::new(stats))
            .route("/requests", web::get().to(requests))
            .route("/faults", web::get().to(faults))
            .route("/faults", web::post().to(set_faults))
            .route("/script", web::post().to(script))
            .route("/script", web::delete().to(forget_scripts))
            .route("/clock", web::post().to(clock))
            .route("/stats", web::get().to(count))
            .configure(own),
    );
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn requests(control: Data<Control>, since: Query<Since>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "requests": control.seen_since(since.since) }))
}

async fn faults(control: Data<Control>) -> HttpResponse {
    HttpResponse::Ok().json(control.desk.faults())
}

async fn set_faults(control: Data<Control>, asked: Json<Map<String, Value>>) -> HttpResponse {
    match merged(control.desk.faults(), asked.into_inner()) {
        Ok(faults) => {
            control.desk.set(faults);
            HttpResponse::Ok().json(faults)
        }
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error })),
    }
}

/// The preset asked for, else the present rates, with single rates changed.
fn merged(present: Faults, mut asked: Map<String, Value>) -> Result<Faults, String> {
    let base = match asked.remove("preset") {
        None => present,
        Some(Value::String(name)) => Faults::preset(&name).ok_or_else(|| format!("no preset {name}"))?,
        Some(_) => return Err("preset is a name".to_owned()),
    };
    let Ok(Value::Object(mut rates)) = serde_json::to_value(base) else { return Ok(base) };
    rates.extend(asked);
    serde_json::from_value(Value::Object(rates)).map_err(|error| error.to_string())
}

async fn script(control: Data<Control>, answer: Json<ScriptedAnswer>) -> HttpResponse {
    control.scripts.add(answer.into_inner());
    HttpResponse::NoContent().finish()
}

async fn forget_scripts(control: Data<Control>) -> HttpResponse {
    control.scripts.clear();
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct Clock {
    advance_seconds: f64,
}

async fn clock(control: Data<Control>, clock: Json<Clock>) -> HttpResponse {
    match Duration::try_from_secs_f64(clock.advance_seconds) {
        Ok(by) => {
            control.sim.advance(by);
            HttpResponse::Ok().json(json!({ "now": kernel::rfc3339(control.sim.now()) }))
        }
        Err(error) => HttpResponse::BadRequest().json(json!({ "error": error.to_string() })),
    }
}

async fn count(control: Data<Control>, stats: Data<Stats>) -> HttpResponse {
    let own = (stats.as_ref())();
    HttpResponse::Ok().json(json!({ "requests": control.requests(), "stats": own }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: Value) -> Result<Faults, String> {
        merged(Faults { timeout: 0.5, ..Faults::NONE }, serde_json::from_value(value).unwrap())
    }

    #[test]
    fn rates_are_changed_one_by_one_or_by_preset() {
        let changed = asked(json!({"throttled": 1})).unwrap();
        assert_eq!(changed, Faults { timeout: 0.5, throttled: 1.0, ..Faults::NONE });
        assert_eq!(asked(json!({"preset": "heavy"})), Ok(Faults::HEAVY));
        let mixed = asked(json!({"preset": "light", "unsent_webhook": 0.9})).unwrap();
        assert_eq!(mixed, Faults { unsent_webhook: 0.9, ..Faults::LIGHT });
        assert!(asked(json!({"preset": "medium"})).is_err());
        assert!(asked(json!({"earthquake": 0.1})).is_err());
    }
}

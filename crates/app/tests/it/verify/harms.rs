//! What can go wrong with rows, one of each kind.

use testkit::World;

/// A harm, and the checks that must tell it: no other may.
pub(super) struct Harm {
    pub(super) sql: String,
    pub(super) told_by: &'static [&'static str],
}

fn harm(told_by: &'static [&'static str], sql: impl Into<String>) -> Harm {
    Harm { sql: sql.into(), told_by }
}

/// The id of a row of a table, by its place among those of a company.
fn nth(table: &str, which: &str, place: u32) -> String {
    format!("(SELECT id FROM {table} WHERE {which} ORDER BY id LIMIT 1 OFFSET {place})")
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn harms(world: &World) -> Vec<Harm> {
    let is_postgres = world.db.is_postgres();
    let long_ago = if is_postgres { "'2020-01-01T00:00:00Z'" } else { "1577836800000000" };
    let fresh = || world.db.id(world.ports.ids.next());
    let a = "company_id = 'org_a'";
    let call = |place| nth("calls", "company_id = 'org_a' AND stage = 'analysed'", place);
    let named = |name: &str| format!("(SELECT id FROM calls WHERE {a} AND provider_call_id = '{name}')");
    let request = |place| nth("shunya_jobs", "company_id = 'org_a' AND state = 'succeeded'", place);
    let copy = |table: &str, columns: &str, values: &str, place: u32| {
        format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE id = {}",
            nth(table, a, place)
        )
    };
    let job = |kind: &str, args: &str| {
        format!(
            "INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, \
             created_at) VALUES ({}, 'org_a', 'org_a', 'default', '{kind}', '{args}', 10, 'ready', {long_ago}, 3, {long_ago})",
            fresh()
        )
    };
    vec![
        harm(&["calls.readable"], format!("UPDATE calls SET facts = '\"x\"' WHERE id = {}", call(0))),
        harm(&["calls.stage"], format!("UPDATE calls SET stage = 'failed' WHERE id = {}", call(1))),
        harm(&["calls.columns"], format!("UPDATE calls SET status = 'missed' WHERE id = {}", call(1))),
        harm(&["calls.columns"], format!("UPDATE calls SET phone_number = NULL WHERE id = {}", call(2))),
        harm(
            &["calls.stranded"],
            format!("DELETE FROM jobs WHERE kind = 'recording.fetch' AND state = 'ready' AND {a}"),
        ),
        harm(
            &["calls.stranded"],
            format!("UPDATE calls SET updated_at = {long_ago} WHERE id = {}", named("RINGING")),
        ),
        harm(&["calls.verdict"], format!("UPDATE calls SET lead_quality = 'warm' WHERE id = {}", call(2))),
        harm(
            &["calls.verdict", "dashboards.numbers"],
            format!("UPDATE call_analyses SET booking_status = 'not_booked' WHERE call_id = {}", call(4)),
        ),
        harm(
            &["calls.names"],
            format!("UPDATE calls SET provider_legacy_id = 'CAL1' WHERE {a} AND provider_call_id = 'CAL2'"),
        ),
        harm(
            &["recordings.stored"],
            format!(
                "UPDATE recordings SET size_bytes = 7 WHERE id = {}",
                nth("recordings", "state = 'stored'", 0)
            ),
        ),
        harm(
            &["recordings.stored"],
            format!(
                "UPDATE recordings SET sha256 = 'x' WHERE id = {}",
                nth("recordings", "state = 'stored'", 1)
            ),
        ),
        harm(
            &["recordings.stored", "recordings.orphans"],
            format!(
                "UPDATE recordings SET blob_key = 'tenants/org_b/elsewhere.wav' WHERE id = {}",
                nth("recordings", "state = 'stored'", 2)
            ),
        ),
        harm(
            &["requests.outcome"],
            format!("UPDATE shunya_jobs SET settled_at = NULL WHERE id = {}", request(0)),
        ),
        harm(
            &["requests.stranded"],
            format!("DELETE FROM jobs WHERE kind = 'shunya.poll' AND state = 'ready' AND {a}"),
        ),
        harm(
            &["analyses.request"],
            format!("UPDATE call_analyses SET fingerprint = 'x' WHERE shunya_job_id = {}", request(1)),
        ),
        harm(&["transcripts.missing"], format!("DELETE FROM call_transcripts WHERE call_id = {}", call(3))),
        harm(
            &["leads.history"],
            format!(
                "UPDATE leads SET status = 'hot' WHERE id = {}",
                nth("leads", "status = 'qualified_booked'", 0)
            ),
        ),
        harm(
            &["leads.chain"],
            format!(
                "UPDATE lead_status_history SET from_status = 'warm' WHERE id = {}",
                nth("lead_status_history", "from_status IS NOT NULL", 3)
            ),
        ),
        harm(
            &["leads.active", "leads.history", "events.told"],
            format!(
                "DROP INDEX leads_one_active; {}",
                copy(
                    "leads",
                    "id, company_id, contact_card_id, status, source, created_at, updated_at",
                    &format!(
                        "{}, company_id, contact_card_id, 'new', source, created_at, updated_at",
                        fresh()
                    ),
                    3
                )
            ),
        ),
        harm(
            &["contacts.phone"],
            copy(
                "contact_cards",
                "id, company_id, primary_phone, created_at, updated_at",
                &format!(
                    "{}, company_id, '(602) 555-' || substr(primary_phone, 9, 4), created_at, updated_at",
                    fresh()
                ),
                0,
            ),
        ),
        harm(
            &["tasks.twins"],
            copy(
                "tasks",
                "id, company_id, contact_card_id, description, assigned_to, source, natural_key, status, created_at, \
                 updated_at",
                &format!(
                    "{}, company_id, contact_card_id, '  ' || upper(replace(description, ' ', '   ')), assigned_to, 'manual', \
                     'another', 'overdue', created_at, updated_at",
                    fresh()
                ),
                2,
            ),
        ),
        harm(
            &["signals.twins"],
            copy(
                "key_signals",
                "id, company_id, contact_card_id, signal_type, severity, title, natural_key, created_at",
                &format!(
                    "{}, company_id, contact_card_id, signal_type, severity, upper(title), 'another', created_at",
                    fresh()
                ),
                1,
            ),
        ),
        harm(
            &["appointments.twins"],
            format!(
                "DROP INDEX appointments_one_at_a_time; {}",
                copy(
                    "appointments",
                    "id, company_id, lead_id, scheduled_start, status, outcome, created_at, updated_at",
                    &format!(
                        "{}, company_id, lead_id, scheduled_start, 'confirmed', outcome, created_at, updated_at",
                        fresh()
                    ),
                    1
                )
            ),
        ),
        harm(
            &["events.told"],
            format!("DELETE FROM events WHERE id = {}", nth("events", "event = 'task.created'", 4)),
        ),
        harm(
            &["events.keys"],
            copy(
                "events",
                "id, company_id, event, event_key, severity, call_id, data, created_at",
                &format!(
                    "{}, company_id, 'call.completed', event_key || 'x', severity, call_id, data, created_at",
                    fresh()
                ),
                0,
            ),
        ),
        harm(&["webhooks.keys"], format!("UPDATE webhook_inbox SET kind = 'call.missed' WHERE {a}")),
        harm(
            &["webhooks.waiting"],
            format!("UPDATE webhook_inbox SET state = 'waiting', received_at = {long_ago} WHERE {a}"),
        ),
        harm(
            &["jobs.leases"],
            format!(
                "UPDATE jobs SET state = 'running', dedupe_key = NULL, lease_until = {long_ago} WHERE id = {}",
                nth("jobs", "company_id = 'org_a' AND state = 'done'", 0)
            ),
        ),
        harm(&["jobs.subjects"], job("recording.fetch", "{\"v\":1,\"call\":999999}")),
        harm(
            &["jobs.subjects"],
            job("shunya.poll", "{\"v\":1,\"shunya_job\":\"01890000-0000-7000-8000-0000000000ff\"}"),
        ),
        harm(&["jobs.subjects"], job("shunya.apply_event", "{\"v\":1,\"inbox\":\"nobody\"}")),
        harm(
            &["jobs.dead"],
            format!(
                "UPDATE jobs SET state = 'dead' WHERE id = {}",
                nth("jobs", "company_id = 'org_b' AND state = 'done'", 1)
            ),
        ),
        harm(
            &["rows.tenants"],
            format!(
                "UPDATE key_signals SET contact_card_id = {} WHERE id = {}",
                nth("contact_cards", "company_id = 'org_b'", 3),
                nth("key_signals", a, 3)
            ),
        ),
        harm(
            &["rows.tenants"],
            format!("UPDATE tasks SET call_id = 999999 WHERE id = {}", nth("tasks", a, 5)),
        ),
    ]
}

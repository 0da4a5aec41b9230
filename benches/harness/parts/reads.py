"""What people look at, in a company with very many calls, against a read by primary key over the same stack and against the
baseline."""

import json
import time

from .. import bodies, host, seed, wrk
from ..otto import post_analysis, post_call
from ..processes import Broken, ask

SPREAD = "created_at = now() - random() * interval '365 days'"


def _seed_otto(world, database):
    """One call is made by webhooks and a worker, as every call is; the rest are its copies."""
    postgres, count = world.postgres, world.plan.read_calls
    server, port = world.otto.server(database)
    worker = world.otto.worker(database, queues="analysis")
    try:
        post_call(port, 1, 1, 1)
        postgres.sql(
            database,
            "INSERT INTO shunya_jobs (id, company_id, call_id, job_type, input_hash, state, vendor_task_id, submissions, "
            "submitted_at, created_at, updated_at) SELECT gen_random_uuid(), company_id, id, 'full', 'h', 'running', 'seed', 1, "
            "now(), now(), now() FROM calls LIMIT 1")
        status, body = post_analysis(port, 1, "seed", 3)
        if status != 200:
            raise Broken(f"an analysis was answered {status}: {body[:300]}")
        worker.wait_for(lambda: postgres.number(database, "SELECT count(*) FROM call_analyses") > 0)
    finally:
        worker.stop()
        server.stop()
    company = bodies.company(1)
    cards = max(100, count // 8)
    others = world.plan.tenants - 1
    world.say(f"copying a call {count + count // 4} times")
    card, lead, request, transcript, analysis = (seed.uuid(sort, "seed_i") for sort in range(5))
    seed.multiply(postgres, database, "contact_cards", "true", cards,
                  f"id = {card}, primary_phone = '+1' || (2002000000 + seed_i), "
                  "first_name = 'Caller', last_name = seed_i::text")
    seed.multiply(postgres, database, "leads", "true", cards,
                  f"id = {lead}, contact_card_id = {card}, "
                  "status = CASE WHEN seed_i % 5 = 0 THEN 'hot' ELSE 'new' END")
    verdicts = ("call_type = 'csr_call', missed = (seed_i % 10 = 0), stage = 'analysed', "
                "booking_status = CASE WHEN seed_i % 20 < 7 THEN 'booked' ELSE 'not_booked' END, "
                "lead_quality = (ARRAY['hot','warm','cold','qualified','unqualified'])[1 + seed_i % 5], analyzed_at = now(), ")
    its = f"1 + seed_i % {cards}"
    own = f"company_id = '{company}' AND id = (SELECT min(id) FROM calls)"
    with seed.WithoutIndexes(postgres, database, "calls"):
        seed.multiply(postgres, database, "calls", own, count,
                      f"id = 10000000 + seed_i, provider_call_id = 'CALseed' || seed_i, provider_legacy_id = NULL, {verdicts} {SPREAD}, "
                      f"contact_card_id = {seed.uuid(0, its)}, lead_id = {seed.uuid(1, its)}")
        if others:
            seed.multiply(postgres, database, "calls", own, count // 4,
                          f"id = 20000000 + seed_i, company_id = 'co_' || lpad((2 + seed_i % {others})::text, 3, '0'), "
                          f"provider_call_id = 'CALother' || seed_i, provider_legacy_id = NULL, contact_card_id = NULL, "
                          f"lead_id = NULL, {verdicts} {SPREAD}")
    # those that are read one by one have a transcript and an analysis, as analysed calls do
    detailed = "call_id = 10000000 + seed_i"
    for table, more in (
            ("shunya_jobs", f"id = {request}, vendor_task_id = 'seed' || seed_i, "),
            ("call_transcripts", f"id = {transcript}, shunya_job_id = {request}, "),
            ("call_analyses", f"id = {analysis}, shunya_job_id = {request}, ")):
        seed.multiply(postgres, database, table, "true", 2_000, more + detailed)
    postgres.sql(database, "VACUUM ANALYZE")


class Reader:
    """A system that is read from, and what is asked of it: name, and lines of path and bearer."""

    def __init__(self, world, name, server, port):
        self.world, self.name, self.server, self.port = world, name, server, port
        self.asked, self.expected = {}, {}

    def add(self, what, paths, bearers, expected=200):
        """Something to ask."""
        path = self.world.file(f"{self.name}-{what}.tsv")
        with open(path, "w", encoding="utf8") as file:
            for number in range(max(len(paths), len(bearers))):
                file.write(f"{paths[number % len(paths)]}\t{bearers[number % len(bearers)]}\n")
        status, body = ask(self.port, paths[0], {"Authorization": f"Bearer {bearers[0]}"})
        if status != expected:
            raise Broken(f"{self.name} answered {status} to {what}: {body[:300]}")
        self.asked[what], self.expected[what] = path, expected
        return len(body)

    def read(self, what, concurrency, seconds):
        """One measurement."""
        groups = self.world.groups(server=[self.server.pid])
        work = lambda: self._answers(what, wrk.drive(self.port, "get.lua", [self.asked[what]], concurrency, seconds))
        return self.world.once(groups, work, f"read from {self.name}")

    def _answers(self, what, result):
        """What is refused counts as answered where a refusal is what was asked for."""
        if self.expected[what] == 200:
            result["errors"] += result["refused"]
        else:
            result["ok"], result["ok_rps"] = result["refused"], result["all_rps"]
        return result


def _otto(world):
    database = world.database("otto_reads")
    _seed_otto(world, database)
    server, port = world.otto.server(database)
    reader = Reader(world, "otto", server, port)
    token = f"dev:manager:user_1:{bodies.company(1)}"
    signed_in = {"Authorization": f"Bearer {token}"}
    # the day there is a read that only says who one is, it is the no-op; until then a number that is no call's
    if ask(port, "/api/v1/me", signed_in)[0] == 200:
        reader.add("noop", ["/api/v1/me"], [token])
    else:
        reader.add("noop", ["/api/v1/calls/none"], [token], expected=404)
    reader.add("call", [f"/api/v1/calls/{10_000_000 + number}" for number in range(1, 2_001)], [token])
    reader.add("page_first", ["/api/v1/calls?limit=50"], [token])
    cursors = []
    for days in range(30, 360, 15):
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))
        _, body = ask(port, f"/api/v1/calls?limit=50&date_to={day}", signed_in)
        cursors.append(json.loads(body)["data"]["next_cursor"])
    reader.add("page_deep", [f"/api/v1/calls?limit=50&cursor={cursor}" for cursor in cursors if cursor], [token])
    reader.add("dashboard", ["/api/v1/dashboard/metrics"], [token])
    # each person of a role with numbers of their own has them computed
    people = [f"dev:csr:csr_{number}:{bodies.company(1)}" for number in range(20_000)]
    reader.add("dashboard_computed", ["/api/v1/dashboard/metrics"], people)
    return reader


def _baseline(world):
    baseline, database = world.baseline, "ref_reads"
    world.say(f"seeding the baseline with {2 * world.plan.read_calls} calls")
    baseline.make_database(world.kept(database), world.plan.read_calls)
    reader = Reader(world, "baseline", *baseline.web(database))
    token = baseline.token()
    reader.add("noop", ["/api/v1/me"], [token])
    reader.add("page_first", ["/api/v1/calls"], [token])
    cursors = world.postgres.rows(
        database, "SELECT (extract(epoch FROM started_at) * 1000000)::bigint || '_' || id FROM (SELECT started_at, id, "
                  "row_number() OVER (ORDER BY started_at DESC, id DESC) AS n FROM calls WHERE company_id = 'co_001') c "
                  f"WHERE n % {max(1, world.plan.read_calls // 22)} = 0")
    reader.add("page_deep", [f"/api/v1/calls?cursor={cursor[0]}" for cursor in cursors], [token])
    reader.add("dashboard", ["/api/v1/dashboard/metrics"], [token])
    return reader


def run(world):
    """Measures every read at every concurrency; systems take turns."""
    plan, readers = world.plan, []
    try:
        readers.append(_otto(world))
        if world.baseline:
            readers.append(_baseline(world))
        points = []
        for what in ("noop", "call", "page_first", "page_deep", "dashboard", "dashboard_computed"):
            asked = [reader for reader in readers if what in reader.asked]
            for concurrency in plan.concurrency:
                for reader in asked:
                    reader.read(what, concurrency, min(1.0, plan.warm_up_seconds))
                repeats = {reader.name: [] for reader in asked}
                for _ in range(plan.repeats):
                    for reader in asked:
                        repeats[reader.name].append(reader.read(what, concurrency, plan.read_seconds))
                for system, measured in repeats.items():
                    point = {"system": system, "what": what, "concurrency": concurrency, **world.summary(measured)}
                    points.append(point)
                    world.say(f"{what} c={concurrency} {system}: {point['ok_rps']}/s, p50 {point['p50_ms']} ms")
        return {"points": points, "calls": plan.read_calls,
                "memory": {"server_loaded": host.memory([readers[0].server.pid])},
                "noop_is": "a 404" if readers[0].expected["noop"] == 404 else "/api/v1/me"}
    finally:
        for reader in readers:
            reader.server.stop()

"""How fast webhooks are taken in, against PostgreSQL's own commits and against the baseline. The three take turns, so that
what changes on the machine changes for all of them."""

import time

from .. import bodies, host, wrk
from ..otto import SHUNYA_SECRET
from ..postgres import pgbench

# what a webhook is answered for: each must be there once for every 2xx
COUNTS = {
    "callrail": {"webhook_inbox": "state = 'applied' AND provider = 'callrail'", "calls": "true",
                 "jobs": "kind = 'recording.fetch'"},
    "shunya": {"webhook_inbox": "provider = 'shunya' AND state = 'received'", "jobs": "kind = 'shunya.apply_event'"},
}
KNOWN_CALLERS = 500


class Taker:
    """A system that takes webhooks in: its server, and what it must have stored for each."""

    def __init__(self, world, name, server, port, database):
        self.world, self.name, self.server, self.port, self.database = world, name, server, port, database
        self.rate = {}
        self.tasks = 0

    def counted(self, kind):
        """How many rows of each sort there are."""
        if self.name == "baseline":
            tables = {"callrail": {"calls": "true"}, "shunya": {"analyses": "true"}}[kind]
        else:
            tables = COUNTS[kind]
        return {table: int(self.world.postgres.number(self.database, f"SELECT count(*) FROM {table} WHERE {where}"))
                for table, where in tables.items()}

    def requests(self, kind, concurrency, seconds):
        """A file of signed webhooks, enough for a run; answers path, file and headers."""
        tenants = self.world.plan.tenants
        # twice what the last run of the same sort used; the first, short one tells how much that is
        count = int(max(2_000, 2.5 * seconds * self.rate.get((kind, concurrency), 2_500)))
        path = self.world.file("webhooks.tsv")
        if kind == "shunya":
            self.tasks += 1
            prefix = f"task{self.tasks}-{concurrency}-"
            expect_tasks(self, prefix, count, tenants)
            bodies.write_shunya(path, count, tenants, SHUNYA_SECRET, prefix)
            return ["/api/v1/shunya/webhook", path, "X-Shunya-Timestamp,X-Shunya-Signature,X-Shunya-Task-Id"]
        bodies.write_callrail(path, count, tenants, KNOWN_CALLERS if kind == "callrail_known" else 0)
        return ["/callrail/call.completed", path, "Signature"]

    def drive(self, kind, concurrency, seconds):
        """One measurement, and whether everything answered is there."""
        sort = kind.split("_")[0]
        arguments = self.requests(kind, concurrency, seconds)
        before = self.counted(sort)
        groups = self.world.groups(server=[self.server.pid])
        work = lambda: wrk.drive(self.port, "signed.lua", arguments, concurrency, seconds)
        result = self.world.once(groups, work, f"measure webhooks of {self.name}")
        # what was on its way when the load ended is stored and not counted
        time.sleep(0.5)
        after = self.counted(sort)
        stored = {table: after[table] - before[table] for table in after}
        result["stored"] = stored
        result["all_stored"] = all(result["ok"] <= rows <= result["ok"] + concurrency for rows in stored.values())
        result["memory"] = host.memory(host.descendants([self.server.pid]))
        self.rate[(kind, concurrency)] = result["all_rps"]
        if self.name == "baseline":
            self.world.baseline.forget_queue()
        return result


def expect_tasks(taker, prefix, count, tenants):
    """Requests to Shunya that are under way, which the webhooks are about."""
    sql = taker.world.postgres.sql
    if taker.name == "baseline":
        sql(taker.database,
            f"INSERT INTO shunya_jobs (company_id, shunya_job_id, status) "
            f"SELECT 'co_' || lpad((i % {tenants} + 1)::text, 3, '0'), '{prefix}' || i, 'pending' "
            f"FROM generate_series(0, {count - 1}) i")
        return
    # one call of each tenant serves for all its requests
    sql(taker.database,
        f"INSERT INTO shunya_jobs (id, company_id, call_id, job_type, input_hash, state, vendor_task_id, submissions, "
        f"submitted_at, created_at, updated_at) "
        f"SELECT gen_random_uuid(), c.company_id, c.call_id, 'full', '{prefix}' || i, 'running', '{prefix}' || i, 1, "
        f"now(), now(), now() FROM generate_series(0, {count - 1}) i JOIN (SELECT company_id, min(id) AS call_id "
        f"FROM calls GROUP BY 1) c ON c.company_id = 'co_' || lpad((i % {tenants} + 1)::text, 3, '0'); "
        f"ANALYZE shunya_jobs")


def _commit_script(world):
    """A pgbench script: one row of the size of an inbox row, in a transaction of its own."""
    world.postgres.sql("postgres", f"CREATE DATABASE {world.kept('commits')}")
    world.postgres.sql("commits", "CREATE TABLE commits (id uuid PRIMARY KEY, kind text NOT NULL, body bytea NOT NULL, "
                                  "received_at timestamptz NOT NULL)")
    body = bodies.callrail_body(1, 1, 1).decode().replace("'", "''")
    path = world.file("commit.sql")
    with open(path, "w", encoding="utf8") as file:
        # pgbench takes :name for a variable even in a text, so the JSON's colons are spelled otherwise
        file.write("INSERT INTO commits VALUES (gen_random_uuid(), 'call.completed', "
                   f"decode('{body.encode().hex()}', 'hex'), now());\n")
    return path


def run(world):
    """Measures commits, CallRail's webhooks of new and of known callers, and Shunya's."""
    plan, script = world.plan, _commit_script(world)
    server, port = world.otto.server(world.database("otto_webhooks"))
    idle = host.memory([server.pid])
    takers = [Taker(world, "otto", server, port, "otto_webhooks")]
    if world.baseline:
        world.baseline.make_database(world.kept("ref_webhooks"), 2_000)
        takers.append(Taker(world, "baseline", *world.baseline.web("ref_webhooks"), "ref_webhooks"))
    points = []
    try:
        for kind in ("callrail_new", "callrail_known", "shunya"):
            for concurrency in plan.concurrency:
                if kind == "callrail_known" and concurrency != 16:
                    continue
                for taker in takers:
                    taker.drive(kind, concurrency, plan.warm_up_seconds)
                    # as autovacuum does within a minute of use: plans are kept from then on
                    world.postgres.sql(taker.database, "ANALYZE")
                repeats = {taker.name: [] for taker in takers}
                if kind == "callrail_new":
                    repeats["postgres"] = []
                for _ in range(plan.repeats):
                    if kind == "callrail_new":
                        repeats["postgres"].append(world.once(
                            world.groups(),
                            lambda: pgbench(world.postgres, "commits", script, concurrency, plan.seconds, world.folder),
                            "measure commits"))
                    for taker in takers:
                        repeats[taker.name].append(taker.drive(kind, concurrency, plan.seconds))
                for system, measured in repeats.items():
                    point = {"system": system, "what": "commit" if system == "postgres" else kind,
                             "concurrency": concurrency, **world.summary(measured)}
                    if system != "postgres":
                        point["all_stored"] = all(one["all_stored"] for one in measured)
                        point["used_up"] = any(one["used_up"] for one in measured)
                    points.append(point)
                    world.say(f"{point['what']} c={concurrency} {system}: {point['ok_rps']}/s, p50 {point['p50_ms']} ms, "
                              f"p99 {point['p99_ms']} ms")
        loaded = host.memory([server.pid])
    finally:
        for taker in takers:
            taker.server.stop()
    return {"points": points, "memory": {"server_before": idle, "server_loaded": loaded}}

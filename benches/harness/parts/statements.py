"""What a webhook asks of the database. Counted, not timed: the same on a busy machine."""

import statistics
from collections import Counter

from .. import bodies
from ..otto import post_analysis, post_call
from ..processes import Broken

# PostgreSQL's log, one line for each step: what is parsed goes there and back once, what is executed once more
STEPS = {"parse": "parsed", "execute": "executed", "statement": "plain"}


def _steps(text):
    """Steps in a piece of the log, and the statements executed."""
    counts, executed = Counter(), []
    for line in text.splitlines():
        _, found, rest = line.partition("  duration: ")
        word = rest.split(" ms  ", 1)[-1].split(" ", 1)[0].rstrip(":") if found else ""
        if word in STEPS:
            counts[STEPS[word]] += 1
            if word != "parse":
                executed.append(rest.split(": ", 1)[-1][:160])
    return counts, executed


def _nested(world, database):
    """Statements PostgreSQL added by itself since the last reset: look-ups of what rows refer to."""
    return world.postgres.number(
        database, "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
                  "WHERE d.datname = current_database() AND NOT toplevel")


def _count(world, database, what, requests):
    """Posts one webhook after another, and counts what each came to; the first few prepare what is kept prepared."""
    for request in requests[:3]:
        request()
    counts, executed, nested = [], [], []
    with open(world.postgres.program.log, encoding="utf8", errors="replace") as log:
        for request in requests[3:]:
            world.postgres.forget_statements(database)
            log.seek(0, 2)
            status, body = request()
            if status != 200:
                raise Broken(f"a webhook was answered {status}: {body[:300]}")
            steps, executed = _steps(log.read())
            counts.append(steps)
            nested.append(_nested(world, database))
    middle = lambda of: statistics.median(of(one) for one in counts)
    return {
        "what": what,
        "statements": middle(lambda one: one["executed"] + one["plain"]),
        "round_trips": middle(lambda one: sum(one.values())),
        "parsed_anew": middle(lambda one: one["parsed"]),
        "checks": statistics.median(nested),
        "texts": executed,
    }


def run(world):
    """Counts the statements of single webhooks."""
    database = world.database("otto_statements")
    world.postgres.count_statements(database)
    world.postgres.sql("postgres", f"ALTER DATABASE {database} SET log_min_duration_statement = 0")
    # one connection of each sort, so that making one does not count
    server, port = world.otto.server(database, OTTO_DB_POOL_SIZE=1, OTTO_DB_POOL_OVERFLOW=0)
    try:
        new = [lambda i=i: post_call(port, 1, 900 + i, 7_000 + i) for i in range(10)]
        known = [lambda i=i: post_call(port, 1, 950 + i, 7_000) for i in range(10)]
        body = bodies.callrail_body(1, 990, 7_000)
        again = [lambda: post_call(port, 1, body=body) for _ in range(10)]
        told = [_count(world, database, "CallRail, a new caller's call", new),
                _count(world, database, "CallRail, a known caller's call", known),
                _count(world, database, "CallRail, the same bytes again", again)]
        world.postgres.sql(
            database,
            f"INSERT INTO shunya_jobs (id, company_id, call_id, job_type, input_hash, state, vendor_task_id, submissions, "
            f"submitted_at, created_at, updated_at) SELECT gen_random_uuid(), '{bodies.company(1)}', "
            f"(SELECT min(id) FROM calls), 'full', 'h' || i, 'running', 'counted-' || i, 1, now(), now(), now() "
            f"FROM generate_series(0, 9) i")
        told.append(_count(world, database, "Shunya, a finished analysis",
                           [lambda i=i: post_analysis(port, 1, f"counted-{i}", i) for i in range(10)]))
    finally:
        server.stop()
    for one in told:
        world.say(f"{one['what']}: {one['statements']:.0f} statements in {one['round_trips']:.0f} round trips, "
                  f"{one['parsed_anew']:.0f} parsed anew")
    return {"webhooks": told}

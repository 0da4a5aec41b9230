"""What a claim costs when much is finished and when one company is in everybody's way. Real workers claim; PostgreSQL says
how long each claim took it."""

import statistics
import time

from .. import host, seed
from . import jobs

# how claims are told from other statements, whatever they look like this month
IS_CLAIM = "query ~* 'update\\s+jobs' AND query ~* 'skip locked' AND query ~* 'returning' AND query ~* 'attempts'"


def _claims(world, database):
    """What PostgreSQL counted of claims since it was last reset."""
    rows = world.postgres.rows(
        database, "SELECT coalesce(sum(calls), 0), coalesce(sum(total_exec_time), 0), coalesce(max(max_exec_time), 0), "
                  "coalesce(sum(rows), 0), coalesce(sum(shared_blks_hit + shared_blks_read), 0), "
                  "coalesce(sum(total_plan_time), 0) FROM pg_stat_statements s "
                  f"JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database() AND {IS_CLAIM}")
    claims, total, longest, rows, blocks, planning = map(float, rows[0])
    each = lambda value: round(value / claims, 3) if claims else None
    return {"claims": int(claims), "ms_each": each(total), "planning_ms_each": each(planning), "longest_ms": round(longest, 2), "jobs_each": each(rows),
            "blocks_each": each(blocks)}


def _drained(world, database, tenants):
    """A worker drains jobs of many companies."""
    def once():
        jobs.enqueue(world, database, jobs.OVERDUE, world.plan.claim_jobs, tenants)
        world.postgres.forget_statements(database)
        worker = world.otto.worker(database, queues="default", ready=False)
        # asked of the small indexes claims use: counting the whole table would disturb what is measured
        waiting = ("SELECT (SELECT count(*) FROM jobs WHERE queue = 'default' AND state = 'ready') + "
                   "(SELECT count(*) FROM jobs WHERE queue = 'default' AND state = 'running')")
        watch = world.postgres.session(database)
        try:
            end = time.monotonic() + jobs.PATIENCE
            while int(watch.run(waiting)) and time.monotonic() < end:
                worker.check()
                time.sleep(0.3)
        finally:
            watch.close()
            worker.stop()
        seconds = world.postgres.number(
            database, "SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM jobs WHERE dedupe_key LIKE 'bench%'")
        told = _claims(world, database)
        world.postgres.sql(database, "DELETE FROM jobs WHERE dedupe_key LIKE 'bench%'")
        return {"done": world.plan.claim_jobs, "ok_rps": round(world.plan.claim_jobs / seconds, 1), **told}

    return world.once(world.groups(), once, "measure claims")


def _behind_a_backlog(world, database, tenants):
    """One company has a backlog; every other has one job, which must not wait for it. PostgreSQL explains a few claims."""
    jobs.enqueue(world, database, jobs.OVERDUE, world.plan.claim_backlog, tenants[:1])
    time.sleep(0.1)
    jobs.enqueue(world, database, jobs.OVERDUE, len(tenants) - 1, tenants[1:])
    world.postgres.forget_statements(database)
    worker = world.otto.worker(database, queues="default")
    try:
        time.sleep(min(5.0, world.plan.seconds))
    finally:
        worker.stop()
    told = _claims(world, database)
    others = f"dedupe_key LIKE 'bench%' AND fairness_key <> '{tenants[0]}'"
    told["others"] = len(tenants) - 1
    told["others_begun"] = int(world.postgres.number(
        database, f"SELECT count(*) FROM jobs WHERE {others} AND started_at IS NOT NULL"))
    told["others_wait_ms"] = round(world.postgres.number(
        database, f"SELECT coalesce(1000 * extract(epoch FROM max(started_at) FILTER (WHERE {others}) - min(started_at)), -1) "
                  "FROM jobs WHERE dedupe_key LIKE 'bench%'"), 1)
    told["jobs_done"] = int(world.postgres.number(
        database, "SELECT count(*) FROM jobs WHERE dedupe_key LIKE 'bench%' AND state = 'done'"))
    told["plan"] = _explained(world, database)
    world.postgres.sql(database, "DELETE FROM jobs WHERE dedupe_key LIKE 'bench%'")
    return told


def _explained(world, database):
    """A real claim's plan, from PostgreSQL's own log."""
    log = world.postgres.program.log
    world.postgres.sql("postgres", f"ALTER DATABASE {database} SET session_preload_libraries = 'auto_explain'; "
                                   f"ALTER DATABASE {database} SET auto_explain.log_min_duration = 0; "
                                   f"ALTER DATABASE {database} SET auto_explain.log_analyze = on; "
                                   f"ALTER DATABASE {database} SET auto_explain.log_buffers = on")
    with open(log, encoding="utf8", errors="replace") as file:
        file.seek(0, 2)
        worker = world.otto.worker(database, queues="default")
        try:
            time.sleep(1.0)
        finally:
            worker.stop()
        lines = file.read().splitlines()
    world.postgres.sql("postgres", f"ALTER DATABASE {database} RESET session_preload_libraries; "
                                   f"ALTER DATABASE {database} RESET auto_explain.log_min_duration")
    plans, plan = [], None
    for line in lines:
        if "duration:" in line and "plan:" in line:
            plan = []
            plans.append(plan)
        elif plan is not None and line.startswith(("\t", " ")):
            plan.append(line.strip("\t"))
        else:
            plan = None
    claims = ["\n".join(plan) for plan in plans if any("SKIP LOCKED" in line for line in plan)]
    # the claim's own text is left out: it is in the code
    return [claim[claim.index("Update on jobs"):] for claim in claims[-1:] if "Update on jobs" in claim]


def run(world):
    """Claims on an empty table and on one with many finished jobs."""
    plan, database = world.plan, world.database("otto_claims")
    tenants = world.tenants()
    more = plan.claim_tenants - len(tenants)
    if more > 0:
        world.postgres.sql(
            database, f"INSERT INTO companies (id, name, tenant_key, created_at, updated_at) SELECT 'more_' || i, 'More ' || i, "
                      f"'bench-tenant-key-' || i, now(), now() FROM generate_series(1, {more}) i")
        tenants += [f"more_{number}" for number in range(1, more + 1)]
    world.postgres.count_statements(database)
    told = {"tenants": len(tenants), "finished_jobs": plan.finished_jobs}
    told["fresh"] = world.summary([_drained(world, database, tenants) for _ in range(plan.repeats)])
    world.say(f"finishing {plan.finished_jobs} jobs by copying")
    jobs.enqueue(world, database, jobs.OVERDUE, 1, tenants[:1])
    with seed.WithoutIndexes(world.postgres, database, "jobs"):
        seed.multiply(
            world.postgres, database, "jobs", "state = 'ready'", plan.finished_jobs,
            "id = gen_random_uuid(), state = 'done', attempts = 1, created_at = now() - seed_i * interval '0.5 s', "
            "run_at = now() - seed_i * interval '0.5 s', started_at = now() - seed_i * interval '0.5 s', "
            "finished_at = now() - seed_i * interval '0.5 s', worker = 'a worker of long ago', dedupe_key = 'old' || seed_i, "
            f"fairness_key = (ARRAY[{', '.join(repr(t) for t in tenants)}])[1 + seed_i % {len(tenants)}], "
            f"company_id = (ARRAY[{', '.join(repr(t) for t in tenants)}])[1 + seed_i % {len(tenants)}]")
    world.postgres.sql(database, "DELETE FROM jobs WHERE state = 'ready'; VACUUM ANALYZE jobs")
    told["finished"] = world.summary([_drained(world, database, tenants) for _ in range(plan.repeats)])
    told["backlog"] = _behind_a_backlog(world, database, tenants)
    worker = world.otto.worker(database)
    world.postgres.forget_statements(database)
    time.sleep(20 if plan.quick else 40)
    told["empty"] = _claims(world, database)
    told["worker_memory"] = host.memory([worker.pid])
    worker.stop()
    for name in ("fresh", "finished"):
        last = told[name]["repeats"][-1]
        for number in ("ms_each", "planning_ms_each"):
            told[name][number] = statistics.median(one[number] for one in told[name]["repeats"])
        world.say(f"{name}: {told[name]['ms_each']} ms, {told[name]['planning_ms_each']} ms of planning and {last['blocks_each']} blocks a claim of {last['jobs_each']} jobs, "
                  f"{told[name]['ok_rps']} jobs/s")
    return told

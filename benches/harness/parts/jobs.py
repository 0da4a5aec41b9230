"""How fast jobs are done and how soon they begin, against Celery."""

import time
import uuid

from .. import host
from ..otto import post_analysis, post_call
from ..processes import Broken

# what is drained: a job that asks the database, commits its own end and changes nothing; and one that finds its work done
# and is marked as done together with others
OVERDUE, SETTLED = "tasks.mark_overdue", "shunya.apply_event"
PATIENCE = 300
# as Otto's processes ring it: sixteen bytes that say who, a zero for something said, and which queues
RING = uuid.uuid4().bytes + b"\0default"


def enqueue(world, database, kind, count, tenants):
    """Adds so many ready jobs of a kind, shared between companies."""
    if kind == OVERDUE:
        queue, args = "default", "'{\"v\": 1}'::jsonb"
    else:
        inbox = world.postgres.sql(database, "SELECT id FROM webhook_inbox WHERE provider = 'shunya' AND state = 'applied' LIMIT 1")
        queue, args = "analysis", f"jsonb_build_object('v', 1, 'inbox', '{inbox}')"
    listed = ", ".join(f"'{tenant}'" for tenant in tenants)
    world.postgres.sql(
        database,
        f"INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, dedupe_key, "
        f"created_at) SELECT gen_random_uuid(), t.id, t.id, '{queue}', '{kind}', {args}, 10, 'ready', now(), 3, 'bench' || i, now() "
        f"FROM generate_series(1, {count}) i "
        f"JOIN unnest(ARRAY[{listed}]) WITH ORDINALITY AS t (id, n) ON t.n = i % {len(tenants)} + 1; "
        f"ANALYZE jobs")
    return queue


def drain(world, database, workers, queues, count):
    """Starts workers on what waits and watches them finish it; the rate is from the jobs' own times."""
    done = f"SELECT count(*) FROM jobs WHERE state = 'done' AND queue IN ({queues})"
    names = queues.replace("'", "").replace(" ", "")
    running, watch = [], world.postgres.session(database)

    def work():
        try:
            for number in range(workers):
                running.append(world.otto.worker(database, f"otto-worker-{number}", names, ready=False))
            end = time.monotonic() + PATIENCE
            while int(watch.run(done)) < count:
                for worker in running:
                    worker.check()
                if time.monotonic() > end:
                    raise Broken(f"{count} jobs are not done after {PATIENCE} s")
                time.sleep(0.1)
            spent = [host.cpu_seconds([worker.pid]) for worker in running]
            memory = [host.memory([worker.pid]) for worker in running]
        finally:
            for worker in running:
                worker.stop()
        seconds = world.postgres.number(
            database, f"SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM jobs WHERE queue IN ({queues})")
        return {"done": count, "ok_rps": round(count / seconds, 1), "memory": memory,
                "worker_cpu_us": round(sum(spent) / count * 1e6, 1)}

    try:
        result = world.once(world.groups(), work, "measure jobs")
    finally:
        watch.close()
    world.postgres.sql(database, f"DELETE FROM jobs WHERE queue IN ({queues}); VACUUM ANALYZE jobs")
    return result


def _settled_event(world, database):
    """An analysis that has been applied, so that a job about it finds nothing to do."""
    server, port = world.otto.server(database)
    try:
        post_call(port, 1, 1, 1)
        world.postgres.sql(
            database,
            "INSERT INTO shunya_jobs (id, company_id, call_id, job_type, input_hash, state, vendor_task_id, submissions, "
            "created_at, updated_at, settled_at) SELECT gen_random_uuid(), company_id, id, 'full', 'h', 'succeeded', "
            "'settled', 1, now(), now(), now() FROM calls LIMIT 1")
        status, body = post_analysis(port, 1, "settled")
        if status != 200 or b"already_processed" not in body:
            raise Broken(f"an analysis that came before was answered {status}: {body[:300]}")
    finally:
        server.stop()
    world.postgres.sql(database, "DELETE FROM jobs")


def _paced(world, database):
    """Enqueues at a steady rate and rings Redis' doorbell, as Otto does after its commit."""
    plan, tenants = world.plan, world.tenants()
    worker = world.otto.worker(database, queues="default")
    session, bell = world.postgres.session(database), world.redis.connect()

    def work():
        began = time.monotonic()
        for number in range(plan.paced_jobs):
            time.sleep(max(0.0, began + number / plan.paced_rate - time.monotonic()))
            tenant = tenants[number % len(tenants)]
            session.run(
                "INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, "
                f"created_at) VALUES (gen_random_uuid(), '{tenant}', '{tenant}', 'default', '{OVERDUE}', '{{\"v\": 1}}', 10, "
                "'ready', clock_timestamp(), 3, clock_timestamp())")
            bell.say("PUBLISH", "otto:doorbell", RING)
        end = time.monotonic() + PATIENCE
        while world.postgres.number(database, "SELECT count(*) FROM jobs WHERE state = 'done'") < plan.paced_jobs:
            if time.monotonic() > end:
                raise Broken("paced jobs are not done")
            time.sleep(0.2)
        told = {"done": plan.paced_jobs, "per_s": plan.paced_rate}
        for name, column in (("start", "started_at"), ("end", "finished_at")):
            middle, late = world.postgres.rows(
                database, f"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP "
                          f"(ORDER BY ms) FROM (SELECT 1000 * extract(epoch FROM {column} - created_at) AS ms FROM jobs) j")[0]
            told[f"{name}_p50_ms"], told[f"{name}_p99_ms"] = round(float(middle), 2), round(float(late), 2)
        return told

    try:
        time.sleep(1.0)
        return world.once(world.groups(worker=[worker.pid]), work, "measure paced jobs")
    finally:
        session.close()
        bell.close()
        worker.stop()
        world.postgres.sql(database, "DELETE FROM jobs")


def _celery(world):
    """The same with Celery: everything enqueued first and then drained, and at a steady rate."""
    plan, baseline, database = world.plan, world.baseline, "ref_jobs"
    calls = plan.repeats * plan.celery_jobs + plan.paced_jobs
    baseline.make_database(world.kept(database), calls // 2 + 1_000)
    baseline.forget_queue()
    drained = []

    def work():
        measurement = baseline.celery(database, plan.celery_jobs, "burst")
        # nobody works yet: what is drained is all there
        while measurement.poll() is None and baseline.waiting() < plan.celery_jobs:
            time.sleep(0.1)
        worker = baseline.worker(database)
        try:
            told = baseline.result_of(measurement)
            spent = host.cpu_seconds(host.descendants([worker.pid]))
            memory = host.memory(host.descendants([worker.pid]))
        finally:
            worker.stop()
        seconds = world.postgres.number(
            database, "SELECT extract(epoch FROM max(done_at) - min(done_at)) FROM "
                      f"(SELECT done_at FROM jobs ORDER BY done_at DESC LIMIT {plan.celery_jobs}) j")
        return {"done": told["done"], "ok_rps": round(told["done"] / seconds, 1), "memory": [memory],
                "worker_cpu_us": round(spent / max(1, told["done"]) * 1e6, 1), "enqueued_per_s": told["enqueue_per_s"]}

    for _ in range(plan.repeats):
        drained.append(world.once(world.groups(), work, "measure Celery"))
    worker = baseline.worker(database)
    try:
        worker.wait_log("ready", seconds=60)
        paced = world.once(
            world.groups(worker=[worker.pid]),
            lambda: baseline.result_of(baseline.celery(database, plan.paced_jobs, f"paced:{plan.paced_rate}")),
            "measure paced Celery")
    finally:
        worker.stop()
    return drained, {"end_p50_ms": paced["latency_p50_ms"], "end_p99_ms": paced["latency_p99_ms"], "per_s": plan.paced_rate,
                     "done": paced["done"], "foreign_cores": paced["foreign_cores"]}


def run(world):
    """Measures both kinds with one and with two workers, and latency at a steady rate."""
    plan, database = world.plan, world.database("otto_jobs")
    _settled_event(world, database)
    points = []
    for kind in (OVERDUE, SETTLED):
        for workers in (1, 2):
            repeats = []
            for _ in range(plan.repeats):
                queue = enqueue(world, database, kind, plan.drain_jobs, world.tenants())
                repeats.append(drain(world, database, workers, f"'{queue}'", plan.drain_jobs))
            point = {"system": "otto", "what": kind, "workers": workers, **world.summary(repeats),
                     "worker_cpu_us": repeats[-1]["worker_cpu_us"], "memory": repeats[-1]["memory"]}
            points.append(point)
            world.say(f"{kind}, {workers} workers: {point['ok_rps']} jobs/s")
    paced = {"otto": _paced(world, database)}
    world.say(f"paced: begins after {paced['otto']['start_p50_ms']} ms, {paced['otto']['start_p99_ms']} ms at p99")
    if world.baseline:
        drained, paced["baseline"] = _celery(world)
        point = {"system": "baseline", "what": "celery", "workers": 1, **world.summary(drained),
                 "worker_cpu_us": drained[-1]["worker_cpu_us"], "memory": drained[-1]["memory"]}
        points.append(point)
        world.say(f"Celery: {point['ok_rps']} jobs/s, paced p50 {paced['baseline']['end_p50_ms']} ms")
    return {"points": points, "paced": paced}

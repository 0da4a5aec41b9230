"""What Otto costs when nothing happens: processor time and memory of every program."""

import time

from .. import host


def run(world):
    """Starts everything, lets it settle, and watches it do nothing."""
    database = world.database("otto_rest")
    plan, otto = world.plan, world.otto
    programs = {}
    try:
        programs["otto-server"], _ = otto.server(database)
        programs["otto-worker"] = otto.worker(database)
        programs["otto-cron"] = otto.start("otto-cron", database, "otto-cron")
        programs["otto-cron"].wait_log("started")
        time.sleep(plan.idle_settle_seconds)
        pids = {name: [program.pid] for name, program in programs.items()}
        pids["postgres"] = host.descendants([world.postgres.program.pid])
        pids["redis"] = [world.redis.program.pid]
        count = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname = 'otto_rest'"
        before, transactions = {name: host.fine_cpu_seconds(of) for name, of in pids.items()}, world.postgres.number(
            "postgres", count)
        commands = int(_info(world, "total_commands_processed"))
        began = time.monotonic()
        time.sleep(plan.idle_seconds)
        seconds = time.monotonic() - began
        told = {}
        for name, of in pids.items():
            cores = (host.fine_cpu_seconds(of) - before[name]) / seconds
            told[name] = {"core_percent": round(100 * cores, 3), "threads": host.threads(of), **host.memory(of)}
        return {
            "seconds": round(seconds, 1), "programs": told,
            "transactions_per_s": round((world.postgres.number("postgres", count) - transactions) / seconds, 2),
            "redis_commands_per_s": round((int(_info(world, "total_commands_processed")) - commands) / seconds, 2),
        }
    finally:
        for program in programs.values():
            program.stop()


def _info(world, name):
    """One of Redis' own numbers."""
    for line in world.redis.say("INFO", "stats").splitlines():
        if line.startswith(name + ":"):
            return line.split(":")[1]
    return "0"

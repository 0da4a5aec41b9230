"""How long programs take from being started to being ready."""

import os
import statistics

from .. import bodies, host
from ..otto import NOWHERE, post_call
from ..processes import free_port


def _times(count, start):
    """Starts a program so many times; answers milliseconds."""
    taken = [round(start() * 1000, 1) for _ in range(count)]
    return {"median_ms": statistics.median(taken), "min_ms": min(taken), "max_ms": max(taken), "all_ms": taken}


def _embedded(world):
    """`otto serve` on an existing data directory with some calls in it."""
    folder = os.path.join(world.otto.home, "embedded")

    def start(calls=0, measured=True):
        port = free_port()
        environment = {"OTTO_DATA_DIR": folder, "CALLRAIL_BASE_URL": NOWHERE, "CALLRAIL_SIGNING_KEY": bodies.signing_key(1)}
        program = world.otto.start("otto", None, "otto-embedded", "serve", port=port, **environment)
        try:
            taken = program.wait_http(port, "/health/ready", every=0.002)
            for call in range(calls):
                post_call(port, 1, call, call)
        finally:
            program.stop()
        return taken if measured else None

    world.otto.command(None, "tenants", "set", "--id", bodies.company(1), "--name", "Tenant 1", "--callrail-company",
                       bodies.account(1), OTTO_DATA_DIR=folder, OTTO_TENANT_SIGNING_KEY=bodies.signing_key(1))
    start(calls=100 if world.plan.quick else 500, measured=False)
    return _times(world.plan.starts, start)


def _server(world, database):
    def start():
        port = free_port()
        program = world.otto.start("otto-server", database, "otto-server", port=port)
        try:
            return program.wait_http(port, "/health/ready", every=0.002)
        finally:
            program.stop()
    return _times(world.plan.starts, start)


def _background(world, database, name):
    """Programs that serve nothing say that they have started."""
    def start():
        log = world.file(f"{name}.log")
        if os.path.exists(log):
            os.unlink(log)
        program = world.otto.start(name, database, name)
        try:
            return program.wait_log("started", every=0.002)
        finally:
            program.stop()
    return _times(world.plan.starts, start)


def run(world):
    """Measures every program."""
    if world.quiet["limit"] is not None:
        host.wait_until_quiet(world.quiet["limit"], world.quiet["patience"], world.roots(), "measure starts")
    database = world.database("otto_start")
    told = {"embedded": _embedded(world), "otto-server": _server(world, database)}
    for name in ("otto-worker", "otto-cron"):
        told[name] = _background(world, database, name)
    for name, times in told.items():
        world.say(f"{name} is ready after {times['median_ms']} ms")
    return told

"""Otto's own programs, as `cargo build --release` leaves them, on the bench's PostgreSQL and Redis."""

import base64
import os

from . import bodies
from .processes import Program, ask, bare_environment, free_port, run

SHUNYA_SECRET = "baseline-hmac-secret"
# made once and used for every database of a run: secrets are sealed with it
KEY = base64.b64encode(b"a key for benches of 32 bytes ..").decode()
# nobody listens there: providers are not part of what is measured
NOWHERE = "http://127.0.0.1:9/"


class Otto:
    """Where the programs are, and how they are run."""

    def __init__(self, programs, folder, postgres, redis, more):
        self.programs, self.folder, self.postgres, self.redis = programs, folder, postgres, redis
        # settings given on the command line, to try something out
        self.more = more
        self.home = os.path.join(folder, "otto")
        os.mkdir(self.home)

    def environment(self, database=None, port=None, **more):
        """Otto's settings. Sign-in is development's, the only one there is; requests are not limited."""
        settings = {
            "ENVIRONMENT": "development", "DEV_MODE": "true", "DEV_TEST_COMPANY_ID": bodies.company(1),
            "ENABLE_RATE_LIMITING": "false", "OTTO_ENCRYPTION_KEY": KEY, "UWC_HMAC_SECRET": SHUNYA_SECRET,
            "CALLRAIL_BASE_URL": NOWHERE, "UWC_BASE_URL": NOWHERE, "OTTO_DATA_DIR": os.path.join(self.home, "data"),
            "BACKEND_URL": f"http://127.0.0.1:{port or 9}/",
        }
        if database is not None:
            settings |= {"DATABASE_URL": self.postgres.url(database), "REDIS_URL": self.redis.url()}
        if port is not None:
            settings |= {"HOST": "127.0.0.1", "PORT": port}
        return bare_environment(**{**settings, **more, **self.more})

    def command(self, database, *words, **more):
        """Runs `otto …` to its end."""
        return run([f"{self.programs}/otto", *words], env=self.environment(database, **more), cwd=self.home)

    def start(self, program, database, name, *words, port=None, **more):
        """Starts a program."""
        return Program(name, [f"{self.programs}/{program}", *words], f"{self.folder}/{name}.log",
                       env=self.environment(database, port, **more), cwd=self.home)

    def server(self, database, name="otto-server", **more):
        """A server that is ready; answers it and its port."""
        port = free_port()
        server = self.start("otto-server", database, name, port=port, **more)
        server.wait_http(port, "/health/ready")
        return server, port

    def worker(self, database, name="otto-worker", queues="", ready=True):
        """A worker."""
        worker = self.start("otto-worker", database, name, *(["--queues", queues] if queues else []))
        if ready:
            worker.wait_log("started")
        return worker

    def make_database(self, database, tenants):
        """A database with this schema and so many companies."""
        self.postgres.sql("postgres", f"CREATE DATABASE {database}")
        self.command(database, "migrate")
        for tenant in range(1, tenants + 1):
            self.command(
                database, "tenants", "set", "--id", bodies.company(tenant), "--name", f"Tenant {tenant}",
                "--time-zone", "America/Phoenix", "--callrail-company", bodies.account(tenant),
                "--callrail-company", str(100_000 + tenant), "--tracking-number", bodies.tracking_number(tenant),
                "--user", f"user_{tenant}:manager", OTTO_TENANT_SIGNING_KEY=bodies.signing_key(tenant))


def post_call(port, tenant=1, call=1, caller=1, body=None):
    """Posts one signed webhook about a call; answers status and body."""
    body = body or bodies.callrail_body(tenant, call, caller)
    headers = {"Content-Type": "application/json", "Signature": bodies.callrail_signature(tenant, body)}
    return ask(port, "/callrail/call.completed", headers, body)


def post_analysis(port, tenant, task, number=0):
    """Posts one signed analysis."""
    at, signature, task, body = bodies.shunya_signed(SHUNYA_SECRET, tenant, task, number)
    headers = {"Content-Type": "application/json", "X-Shunya-Timestamp": at, "X-Shunya-Signature": signature,
               "X-Shunya-Task-Id": task}
    return ask(port, "/api/v1/shunya/webhook", headers, body.encode())

"""The Python stack a user would pick instead: FastAPI, asyncpg, Celery. Its files are outside the repository; the folder
is named by OTTO_BASELINE_DIR. Without it everything about the baseline is left out."""

import json
import os
import shutil
import subprocess
import sys

from . import bodies
from .processes import Broken, Program, bare_environment, free_port, run

NEEDED = ("app.py", "tasks.py", "schema.sql", "seed.sh", "make.py", "requirements.lock", "load/celery_bench.py")
REDIS_DATABASE = 2


def _python_environment(folder, lock):
    """A virtual environment with what is locked; made once, because it takes a minute."""
    python, done = f"{folder}/bin/python", f"{folder}/installed.lock"
    with open(lock, encoding="utf8") as file:
        wanted = file.read()
    if os.path.exists(done):
        with open(done, encoding="utf8") as file:
            if file.read() == wanted:
                return
    print("  installing the baseline's packages", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", folder])
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", lock])
    with open(done, "w", encoding="utf8") as file:
        file.write(wanted)


def find(folder, cache, postgres, redis):
    """The baseline and None, or None and why there is none."""
    given = os.environ.get("OTTO_BASELINE_DIR")
    if not given:
        return None, "OTTO_BASELINE_DIR is not set"
    missing = [name for name in NEEDED if not os.path.exists(os.path.join(given, name))]
    if missing:
        return None, f"OTTO_BASELINE_DIR has no {', '.join(missing)}"
    try:
        return Baseline(given, folder, cache, postgres, redis), None
    except (Broken, OSError, subprocess.SubprocessError) as error:
        return None, f"it cannot be set up: {error}"


class Baseline:
    """The baseline."""

    def __init__(self, given, folder, cache, postgres, redis):
        self.postgres, self.redis, self.folder = postgres, redis, folder
        # it writes beside its own files, so it gets a copy
        self.home = os.path.join(folder, "baseline")
        shutil.copytree(given, self.home, ignore=shutil.ignore_patterns("__pycache__"))
        self.venv = os.path.join(cache, "baseline-venv")
        _python_environment(self.venv, f"{self.home}/requirements.lock")
        run([f"{self.venv}/bin/python", "make.py"], env=self._environment("ref"), cwd=self.home)
        with open(f"{self.home}/tokens.json", encoding="utf8") as file:
            self.tokens = json.load(file)

    def _environment(self, database):
        return bare_environment(
            REF_DSN=self.postgres.url(database).replace("postgres://", "postgresql://"),
            REF_REDIS=self.redis.url(REDIS_DATABASE), REF_JWT_PUBLIC_KEY=f"{self.home}/public.pem",
            REF_HOME=self.home, REF_VENV=self.venv, PYTHONDONTWRITEBYTECODE="1")

    def make_database(self, database, calls):
        """A database with so many calls of the first tenant, and as many of the other 49 together."""
        self.postgres.sql("postgres", f"CREATE DATABASE {database}")
        env = self._environment(database)
        env["PATH"] = f"{self.postgres.bin}:{env['PATH']}"
        run(["bash", "seed.sh", str(calls)], env=env, cwd=self.home)
        # numbers that may exist, which are those of the webhooks
        self.postgres.sql(database, "UPDATE companies SET tracking_number = '+1520555' || lpad(right(id, 3), 4, '0')")

    def web(self, database, workers=2):
        """Its web server, one process for each core; answers it and its port."""
        port = free_port()
        web = Program(
            "the baseline's web server",
            [f"{self.venv}/bin/uvicorn", "app:app", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers),
             "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"],
            f"{self.folder}/baseline-web.log", env=self._environment(database), cwd=self.home)
        web.wait_http(port, "/health")
        return web, port

    def worker(self, database, processes=2):
        """Its Celery worker, one process for each core."""
        worker = Program(
            "the baseline's worker",
            [f"{self.venv}/bin/celery", "-A", "tasks", "worker", "--loglevel=info", "--pool=prefork",
             f"--concurrency={processes}", "-Q", "ref", "--without-gossip", "--without-mingle", "--without-heartbeat"],
            f"{self.folder}/baseline-worker.log", env=self._environment(database), cwd=self.home)
        return worker

    def forget_queue(self):
        """Drops what waits in Celery's queue."""
        self.redis.say("FLUSHDB", database=REDIS_DATABASE)

    def waiting(self):
        """How much waits there."""
        return self.redis.say("LLEN", "ref", database=REDIS_DATABASE)

    def celery(self, database, count, mode):
        """Starts its own measurement of Celery; `result_of` waits for its end."""
        return subprocess.Popen(
            [f"{self.venv}/bin/python", "load/celery_bench.py", str(count), mode], cwd=self.home, text=True,
            env=self._environment(database), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def result_of(measurement):
        """What it said."""
        out, error = measurement.communicate(timeout=300)
        if measurement.returncode:
            raise Broken(f"celery_bench.py failed:\n{error[-2000:]}")
        return json.loads(out.strip().splitlines()[-1])

    def token(self, tenant=1):
        """A signed-in manager of a tenant."""
        return self.tokens[bodies.company(tenant)]

"""A PostgreSQL of our own that loses nothing: fsync on, commits durable."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import time

from . import processes
from .processes import Broken, Program, bare_environment, free_port, run

# what is not PostgreSQL's default, and why
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": 300,
    "shared_buffers": "1GB",
    # no checkpoint in the middle of a measurement; one is made before each
    "max_wal_size": "3GB",
    "checkpoint_timeout": "30min",
    # counts statements, but only in databases that ask for it
    "shared_preload_libraries": "'pg_stat_statements'",
    "pg_stat_statements.track": "none",
}


def programs():
    """Where the newest installed server's programs are; Debian keeps them out of PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]), reverse=True)
    for folder in found:
        if os.access(f"{folder}/initdb", os.X_OK):
            return folder
    initdb = shutil.which("initdb")
    if initdb is None:
        raise Broken("PostgreSQL is not installed: apt-get install postgresql")
    return os.path.dirname(os.path.realpath(initdb))


def _user():
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
        except KeyError:
            pass
    raise Broken("running as root, and there is no user postgres or nobody to run PostgreSQL as")


class Postgres:
    """The server."""

    def __init__(self, folder):
        self.bin, self.port = programs(), free_port()
        home, user = os.path.join(folder, "pg"), _user()
        os.mkdir(home)
        if user is not None:
            os.chmod(folder, 0o755)
            os.chown(home, *user)
        data = f"{home}/data"
        group = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
        made = subprocess.run(
            [f"{self.bin}/initdb", "-D", data, "-U", "otto", "-A", "trust", "-E", "UTF8", "--locale=C"],
            env=bare_environment(HOME=home), cwd=home, capture_output=True, text=True, check=False, **group)
        if made.returncode:
            raise Broken(f"initdb failed:\n{made.stderr}")
        with open(f"{data}/postgresql.conf", "a", encoding="utf8") as file:
            file.write(f"\nlisten_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{home}'\n")
            file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        self.program = Program("PostgreSQL", [f"{self.bin}/postgres", "-D", data], f"{folder}/pg.log",
                               env=bare_environment(HOME=home), cwd=home, user=user)
        # SIGINT is PostgreSQL's fast shutdown
        self.stop = lambda: self.program.stop(signal.SIGINT)
        self.program.wait_for(self._answers)
        self.sql("postgres", "CREATE EXTENSION pg_stat_statements")

    def _answers(self):
        ready = subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
        return ready.returncode == 0

    def url(self, database):
        """For clients."""
        return f"postgres://otto@127.0.0.1:{self.port}/{database}"

    def sql(self, database, text):
        """Runs statements; answers what they answer, unaligned."""
        command = [f"{self.bin}/psql", self.url(database), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        return run(command, env=bare_environment(), input_text=text).strip()

    def rows(self, database, text):
        """A query's rows, as texts."""
        return [line.split("|") for line in self.sql(database, text).splitlines()]

    def number(self, database, text):
        """A query's one number."""
        return float(self.sql(database, text))

    def copy(self, template, database):
        """A new database with everything another has."""
        self.sql("postgres", f"CREATE DATABASE {database} TEMPLATE {template}")

    def settle(self):
        """Writes out what is dirty, so that the next measurement does not pay for the last."""
        self.sql("postgres", "CHECKPOINT")

    def session(self, database):
        """One connection that stays open."""
        return Session([f"{self.bin}/psql", self.url(database), "-XAtq", "-v", "ON_ERROR_STOP=1"])

    def count_statements(self, database):
        """Counts the statements of connections made from now on."""
        self.sql(database, f"CREATE EXTENSION IF NOT EXISTS pg_stat_statements; "
                           f"ALTER DATABASE {database} SET pg_stat_statements.track = 'all'; "
                           f"ALTER DATABASE {database} SET pg_stat_statements.track_planning = on")

    def forget_statements(self, database):
        """Begins to count anew."""
        self.sql(database, "SELECT pg_stat_statements_reset()")


class Session:
    """A psql that stays open, for statements at a steady pace."""

    def __init__(self, command):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                      env=bare_environment(), preexec_fn=processes._end_with_parent)

    def run(self, text):
        """Runs one statement and waits for its end; answers what it answered."""
        self.child.stdin.write(text + ";\n\\echo done\n")
        self.child.stdin.flush()
        lines = []
        while (line := self.child.stdout.readline().rstrip("\n")) != "done":
            if not line and self.child.poll() is not None:
                raise Broken("psql ended")
            lines.append(line)
        return "\n".join(lines)

    def close(self):
        """Ends it."""
        self.child.stdin.close()
        self.child.wait()


def pgbench(server, database, script, concurrency, seconds, folder):
    """Runs one script from so many connections; answers rate and latencies in milliseconds."""
    prefix = os.path.join(folder, f"pgbench-{time.monotonic_ns()}")
    out = run([f"{server.bin}/pgbench", "-h", "127.0.0.1", "-p", str(server.port), "-U", "otto", "-n", "-M", "prepared",
               "-f", script, "-c", str(concurrency), "-j", "1", "-T", str(max(1, round(seconds))), "-l",
               f"--log-prefix={prefix}", database], env=bare_environment())
    rate = next(float(line.split()[2]) for line in out.splitlines() if line.startswith("tps = "))
    count = next(line.split(":")[1].split("/")[0] for line in out.splitlines() if "actually processed" in line)
    micros = []
    for name in glob.glob(prefix + "*"):
        with open(name, encoding="utf8") as file:
            micros += [int(line.split()[2]) for line in file]
        os.unlink(name)
    micros.sort()
    at = lambda share: round(micros[min(len(micros) - 1, int(share * len(micros)))] / 1000, 3) if micros else 0.0
    return {"ok": int(count), "ok_rps": round(rate, 1), "p50_ms": at(0.5), "p99_ms": at(0.99), "errors": 0}

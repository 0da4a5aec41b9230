"""What every part of a run shares, and how a single measurement is made."""

import os
import statistics
import sys

from . import bodies, host


class World:
    """Servers, programs, sizes, and how quiet it must be."""

    def __init__(self, plan, folder, postgres, redis, otto, baseline, quiet):
        self.plan, self.folder, self.postgres, self.redis = plan, folder, postgres, redis
        self.otto, self.baseline, self.quiet = otto, baseline, quiet
        self.template_made = False
        self.databases = []

    def say(self, text):
        """Tells whoever waits what is going on."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def database(self, name):
        """A database with the schema and all companies. Made once and copied, because setting up takes a while."""
        if not self.template_made:
            self.say(f"setting up {self.plan.tenants} companies")
            self.otto.make_database("otto_template", self.plan.tenants)
            self.template_made = True
        self.postgres.copy("otto_template", name)
        return self.kept(name)

    def kept(self, name):
        """Remembers a database as one that goes when its part is over."""
        self.databases.append(name)
        return name

    def drop_databases(self):
        """Makes room for the next part."""
        for name in self.databases:
            self.postgres.sql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.databases.clear()

    def file(self, name):
        """A file that ends with the run."""
        return os.path.join(self.folder, name)

    def roots(self):
        """Our own processes, which are not to be waited for."""
        return [os.getpid()]

    def groups(self, **more):
        """Whose processor time is told apart."""
        return {"postgres": [self.postgres.program.pid], "redis": [self.redis.program.pid], **more}

    def once(self, groups, work, what="measure"):
        """One measurement: waits for quiet, lets PostgreSQL settle, works, and adds what it cost everybody."""
        before = None
        if self.quiet["limit"] is not None:
            before = host.wait_until_quiet(self.quiet["limit"], self.quiet["patience"], self.roots(), what)
        self.postgres.settle()
        usage = host.Usage(groups)
        result = work()
        spent = usage.end()
        result |= {"foreign_cores": spent["foreign_cores"], "foreign_cores_before": before,
                   "stolen_cores": spent["stolen_cores"], "wall_s": spent["wall_s"], "cpu_s": spent["cpu"]}
        done = result.get("ok") or result.get("done")
        if done:
            result["cpu_us"] = {name: round(value / done * 1e6, 1) for name, value in spent["cpu"].items()}
        return result

    def summary(self, repeats):
        """Several measurements of one thing as one: the middle of each number, and the range of rates."""
        middle = lambda name: round(statistics.median(one[name] for one in repeats), 3)
        told = {name: middle(name) for name in ("ok_rps", "p50_ms", "p99_ms") if name in repeats[0]}
        if "ok_rps" in told:
            told["ok_rps_range"] = [min(one["ok_rps"] for one in repeats), max(one["ok_rps"] for one in repeats)]
        if "cpu_us" in repeats[0]:
            told["cpu_us"] = {name: round(statistics.median(one["cpu_us"][name] for one in repeats if "cpu_us" in one), 1)
                              for name in repeats[0]["cpu_us"]}
        told["errors"] = sum(one.get("errors", 0) for one in repeats)
        told["foreign_cores"] = max(one["foreign_cores"] for one in repeats)
        told["stolen_cores"] = max(one["stolen_cores"] for one in repeats)
        return {**told, "repeats": repeats}

    def tenants(self):
        """Ids of companies that have keys."""
        return [bodies.company(tenant) for tenant in range(1, self.plan.tenants + 1)]

"""The design's targets (its section on speed), and what a run says of each."""

import statistics


def _points(results, part, **wanted):
    """Measurements of a part that have these values, by concurrency where they have one."""
    points = results.get(part, {}).get("points", [])
    return [one for one in points if all(one.get(name) == value for name, value in wanted.items())]


def _by_concurrency(results, part, **wanted):
    return {one["concurrency"]: one for one in _points(results, part, **wanted)}


def paired(ours, theirs, number=lambda one: one["ok_rps"]):
    """How many times theirs ours is, from measurements that were made one after the other."""
    pairs = [number(a) / number(b) for a, b in zip(ours["repeats"], theirs["repeats"]) if number(b)]
    return (statistics.median(pairs), min(pairs), max(pairs)) if pairs else None


def _times(ratio):
    middle, low, high = ratio
    return f"{middle:.2f} × ({low:.2f} to {high:.2f})"


class Verdicts:
    """One line for each target: what, target, measured, and whether it was met."""

    def __init__(self, results):
        self.results, self.lines = results, []
        for judge in (self._commits, self._accepted, self._cpu, self._stored, self._jobs, self._reads, self._dashboard,
                      self._depth, self._memory, self._start, self._rest):
            judge()

    def _add(self, what, target, measured, met):
        self.lines.append((what, target, measured, met))

    def _each(self, part, what, ours, theirs, target, text, say):
        """A ratio at each concurrency."""
        left, right = _by_concurrency(self.results, part, **ours), _by_concurrency(self.results, part, **theirs)
        for concurrency in sorted(set(left) & set(right)):
            ratio = paired(left[concurrency], right[concurrency])
            if ratio:
                self._add(f"{what}, {concurrency} at once", text, say(ratio), ratio[0] >= target)

    def _commits(self):
        self._each("webhooks", "CallRail webhook accepted, against PostgreSQL's single-row commits",
                   {"system": "otto", "what": "callrail_new"}, {"system": "postgres", "what": "commit"}, 0.7, "≥ 70 %",
                   lambda ratio: f"{100 * ratio[0]:.0f} % ({100 * ratio[1]:.0f} to {100 * ratio[2]:.0f})")

    def _accepted(self):
        for what, kind in (("CallRail webhook accepted, new callers", "callrail_new"),
                           ("CallRail webhook accepted, known callers", "callrail_known"),
                           ("Shunya webhook accepted", "shunya")):
            self._each("webhooks", f"{what}, against the baseline", {"system": "otto", "what": kind},
                       {"system": "baseline", "what": kind}, 4, "≥ 4 ×", _times)

    def _cpu(self):
        for what, kind in (("CallRail", "callrail_new"), ("Shunya", "shunya")):
            ours = _by_concurrency(self.results, "webhooks", system="otto", what=kind)
            theirs = _by_concurrency(self.results, "webhooks", system="baseline", what=kind)
            for concurrency in sorted(set(ours) & set(theirs)):
                mine, other = ours[concurrency]["cpu_us"]["server"], theirs[concurrency]["cpu_us"]["server"]
                self._add(f"server's processor time for a {what} webhook, {concurrency} at once", "≤ 1/10 of the baseline's",
                          f"{mine:.0f} µs of {other:.0f} µs: 1/{other / mine:.1f}", mine * 10 <= other)

    def _stored(self):
        measured = [one for one in _points(self.results, "webhooks") if "all_stored" in one]
        if measured:
            broken = [one for one in measured if not one["all_stored"] or one["errors"]]
            self._add("every webhook answered with 2xx is stored, once", "all", f"{len(measured) - len(broken)} of "
                      f"{len(measured)} series", not broken)

    def _jobs(self):
        theirs = _points(self.results, "jobs", system="baseline")
        for ours in _points(self.results, "jobs", system="otto"):
            who = f"{ours['workers']} worker{'s' if ours['workers'] > 1 else ''}"
            if theirs:
                ratio = paired(ours, theirs[0])
                self._add(f"jobs done, `{ours['what']}`, {who}, against Celery with 2 processes", "≥ 10 ×",
                          f"{_times(ratio)}: {ours['ok_rps']:.0f}/s of {theirs[0]['ok_rps']:.0f}/s", ratio[0] >= 10)

    def _reads(self):
        for what, kind, target in (("calls page", "page_first", 3), ("signed-in no-op", "noop", 10),
                                   ("dashboard", "dashboard", None)):
            if target:
                self._each("reads", f"{what}, against the baseline", {"system": "otto", "what": kind},
                           {"system": "baseline", "what": kind}, target, f"≥ {target} ×", _times)

    def _dashboard(self):
        call = _by_concurrency(self.results, "reads", system="otto", what="call")
        for what, kind in (("as served (kept 3 s)", "dashboard"), ("computed each time", "dashboard_computed")):
            for concurrency, one in sorted(_by_concurrency(self.results, "reads", system="otto", what=kind).items()):
                ratio = paired(call[concurrency], one)
                self._add(f"dashboard {what}, against one call by its number, {concurrency} at once", "≤ 2 × its time",
                          f"{_times(ratio)}: p50 {one['p50_ms']} ms and {call[concurrency]['p50_ms']} ms", ratio[0] <= 2)

    def _depth(self):
        first = _by_concurrency(self.results, "reads", system="otto", what="page_first")
        for concurrency, deep in sorted(_by_concurrency(self.results, "reads", system="otto", what="page_deep").items()):
            ratio = paired(first[concurrency], deep)
            self._add(f"calls page far down, against the first, {concurrency} at once", "same cost",
                      f"{_times(ratio)} its time", ratio[0] <= 1.15)

    def _memory(self):
        idle = self.results.get("rest", {}).get("programs", {})
        loaded = {}
        for part in ("webhooks", "reads"):
            memory = self.results.get(part, {}).get("memory", {}).get("server_loaded")
            if memory:
                loaded["otto-server"] = max(loaded.get("otto-server", 0), memory["peak_rss_mb"])
        workers = [one["peak_rss_mb"] for point in _points(self.results, "jobs", system="otto") for one in point["memory"]]
        if workers:
            loaded["otto-worker"] = max(workers)
        for name, at_rest, at_work in (("otto-server", 40, 120), ("otto-worker", 40, 120), ("otto-cron", 25, None)):
            if name in idle:
                used = idle[name]["rss_mb"]
                self._add(f"{name}'s memory at rest", f"≤ {at_rest} MB", f"{used} MB resident ({idle[name]['private_mb']} "
                          "its own)", used <= at_rest)
            if at_work and name in loaded:
                self._add(f"{name}'s memory loaded", f"≤ {at_work} MB", f"{loaded[name]} MB at most", loaded[name] <= at_work)

    def _start(self):
        start = self.results.get("start", {}).get("embedded")
        if start:
            self._add("start to ready, embedded, existing database", "≤ 300 ms",
                      f"{start['median_ms']} ms ({start['min_ms']} to {start['max_ms']})", start["median_ms"] <= 300)

    def _rest(self):
        programs = self.results.get("rest", {}).get("programs")
        if programs:
            used = programs["otto-worker"]["core_percent"] + programs["otto-cron"]["core_percent"]
            self._add("worker and cron at rest", "< 1 % of a core", f"{used:.2f} %", used < 1)

"""Results as one page for people."""

from .targets import Verdicts

NAMES = {
    "callrail_new": "CallRail, new caller", "callrail_known": "CallRail, known caller", "shunya": "Shunya",
    "commit": "single-row commit", "noop": "signed-in no-op", "call": "one call by number", "page_first": "calls, first page",
    "page_deep": "calls, far down", "dashboard": "dashboard", "dashboard_computed": "dashboard, computed each time",
    "celery": "Celery task",
}


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def _noise(point):
    return f"{point['foreign_cores']:.2f}"


def _verdicts(results):
    word = {True: "met", False: "**missed**", None: "–"}
    rows = [(what, target, measured, word[met]) for what, target, measured, met in Verdicts(results).lines]
    return _table(("what", "target", "measured, middle (lowest to highest)", ""), rows)


def _load(results, part):
    rows = []
    for one in results[part]["points"]:
        cpu = one.get("cpu_us", {})
        rows.append((NAMES.get(one["what"], one["what"]), one["concurrency"], one["system"], f"{one['ok_rps']:.0f}",
                     one["p50_ms"], one["p99_ms"], f"{cpu['server']:.0f}" if "server" in cpu else "–",
                     f"{cpu['postgres']:.0f}", _noise(one)))
    return _table(("what", "at once", "system", "a second", "p50 ms", "p99 ms", "server µs each", "PostgreSQL µs each",
                   "others' cores"), rows)


def _jobs(jobs):
    rows = [(NAMES.get(one["what"], f"`{one['what']}`"), one["system"], one["workers"], f"{one['ok_rps']:.0f}",
             f"{one['worker_cpu_us']:.0f}", f"{one['cpu_us']['postgres']:.0f}",
             max(m["peak_rss_mb"] for m in one["memory"]), _noise(one)) for one in jobs["points"]]
    text = _table(("job", "system", "workers", "a second", "worker µs each", "PostgreSQL µs each", "peak MB", "others' cores"), rows)
    paced = jobs["paced"]
    rows = [(name, f"{one['per_s']}", one.get("start_p50_ms", "–"), one.get("start_p99_ms", "–"), one["end_p50_ms"],
             one["end_p99_ms"], _noise(one)) for name, one in paced.items()]
    return text + "\n\n" + _table(("enqueued at a steady rate", "a second", "begun after ms, p50", "p99", "done after ms, p50", "p99",
                                   "others' cores"), rows)


def _claims(claims):
    rows = []
    for name, text in (("fresh", "no finished job"), ("finished", f"{claims['finished_jobs']:,} finished jobs")):
        one = claims[name]
        last = one["repeats"][-1]
        rows.append((text, one["ms_each"], one["planning_ms_each"], last["blocks_each"], last["jobs_each"], f"{one['ok_rps']:.0f}", _noise(one)))
    one = claims["backlog"]
    rows.append(("the same, behind one company's backlog", one["ms_each"], one["planning_ms_each"],
                 one["blocks_each"], one["jobs_each"], "–", "–"))
    one = claims["empty"]
    rows.append(("the same, nothing to claim", one["ms_each"], one["planning_ms_each"],
                 one["blocks_each"], one["jobs_each"], "–", "–"))
    text = _table(("table", "ms a claim", "and planning it", "blocks a claim", "jobs a claim", "jobs a second, 1 worker", "others' cores"), rows)
    one = claims["backlog"]
    return (f"{text}\n\n{claims['tenants']} companies. Behind the backlog, {one['others_begun']} of {one['others']} other "
            f"companies' jobs had begun within {one['others_wait_ms']} ms; {one['jobs_done']} jobs were done meanwhile.")


def _rest(rest):
    rows = [(name, one["core_percent"], one["rss_mb"], one["private_mb"], one["threads"])
            for name, one in rest["programs"].items()]
    return (_table(("program at rest", "% of a core", "resident MB", "its own MB", "threads"), rows) +
            f"\n\nOver {rest['seconds']} s, {rest['transactions_per_s']} transactions and {rest['redis_commands_per_s']} Redis "
            "commands a second, all programs together.")


def _start(start):
    rows = [(name, one["median_ms"], one["min_ms"], one["max_ms"]) for name, one in start.items()]
    return _table(("program", "ready after ms, middle", "lowest", "highest"), rows)


def _statements(statements):
    rows = [(one["what"], *(f"{one[name]:.0f}" for name in ("statements", "round_trips", "parsed_anew", "checks")))
            for one in statements["webhooks"]]
    return _table(("webhook", "statements", "round trips", "parsed and planned anew", "look-ups of what rows refer to"), rows)


def _caveats(meta, results):
    lines = []
    if meta["quick"]:
        lines.append("**A quick run: sizes are tiny and times short. It shows that the harness works and nothing else.**")
    points = [one for part in ("webhooks", "reads", "jobs") for one in results.get(part, {}).get("points", [])]
    loudest = max((one["foreign_cores"] for one in points), default=0)
    if loudest > meta["quiet_below"]:
        lines.append(f"Others used up to {loudest:.2f} cores during a measurement: compare within a row of the same moment, and "
                     "trust processor time more than rates.")
    if meta.get("no_baseline"):
        lines.append(f"Nothing was measured of the baseline: {meta['no_baseline']}.")
    if any(one.get("used_up") for one in points):
        lines.append("A series of webhooks ended early because its signed bodies were used up.")
    lines += [
        "Driver, servers and PostgreSQL share the machine's cores; at high concurrency they compete, for Otto and the baseline "
        "alike. wrk is closed-loop: it does not count the waiting of requests it did not send.",
        "Sign-in is development's: Otto reads a role from the token and checks no signature, while the baseline verifies RS256 "
        "each time. Until there is real sign-in, the no-op and reads flatter Otto by that much.",
        "A CallRail webhook makes Otto store the event, the call, its customer, lead and history, a job and events, and check a "
        "signature; the baseline stores the call and enqueues a task, unsigned. Shunya's is the other way about: the baseline "
        "applies the analysis before it answers, Otto stores it and applies it in a job.",
        "The baseline has 2 web processes and 2 Celery processes, Otto one process each.",
    ]
    if results.get("reads", {}).get("noop_is") == "a 404":
        lines.append("There is no read yet that only says who one is: the no-op is a call number that cannot be, which is "
                     "answered 404 after sign-in without asking the database.")
    return "\n".join(f"- {line}" for line in lines)


def page(meta, results):
    """The whole page."""
    machine = meta["machine"]
    where = (f"{meta['date']}, commit {machine['commit']}{' with changes' if machine['changed'] else ''}, {meta['minutes']} minutes. "
             f"{machine['cores']} cores of {machine['processor']}{', virtual' if machine['virtual'] else ''}, "
             f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, {meta['filesystem']}; {machine['postgresql']}, fsync on; "
             f"{machine['redis'].split(' sha')[0]}; {machine['wrk'].split(' Copyright')[0]}; {machine['rustc']}; Python {machine['python']}.")
    parts = ["# Results", "Generated by `benches/run`; what bounds it is in `benches/README.md`. " + where, "## Targets", _verdicts(results),
             "## What to bear in mind", _caveats(meta, results)]
    for name, title, tell in (
            ("webhooks", "Webhooks", lambda r: _load(results, "webhooks")), ("statements", "Statements of a webhook", _statements),
            ("jobs", "Jobs", _jobs), ("claims", "Claims", _claims), ("reads", "Reads", lambda r: _load(results, "reads")),
            ("rest", "At rest", _rest), ("start", "Starts", _start)):
        if name in results:
            parts += [f"## {title}", tell(results[name])]
    return "\n\n".join(parts) + "\n"

"""The machine: processor time, memory, who else is busy, and what versions are installed."""

import os
import platform
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold anything."""
    with open(f"/proc/{pid}/stat", encoding="utf8", errors="replace") as file:
        return file.read().rsplit(")", 1)[1].split()


def _pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(roots):
    """Processes and all they started."""
    children = {}
    for pid in _pids():
        try:
            children.setdefault(int(_stat(pid)[1]), []).append(pid)
        except (OSError, IndexError, ValueError):
            pass
    found, left = [], list(roots)
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, [])
    return found


def cpu_seconds(pids):
    """Processor time of processes and of those of their children that have ended."""
    total = 0
    for pid in pids:
        try:
            total += sum(map(int, _stat(pid)[11:15]))
        except (OSError, ValueError):
            pass
    return total / TICK


def fine_cpu_seconds(pids):
    """The same to the nanosecond, of living threads only: for processes that do next to nothing."""
    total = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="utf8") as file:
                    total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def host_cpu():
    """Seconds the whole machine was busy, and seconds its hypervisor kept from it."""
    with open("/proc/stat", encoding="utf8") as file:
        fields = list(map(int, file.readline().split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / TICK, fields[7] / TICK


def memory(pids):
    """Megabytes: resident, its proportional share, private alone, and the most that was ever resident."""
    totals = {"rss_mb": 0, "pss_mb": 0, "private_mb": 0, "peak_rss_mb": 0}
    names = {"Rss": "rss_mb", "Pss": "pss_mb", "Private_Clean": "private_mb", "Private_Dirty": "private_mb"}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf8") as file:
                for line in file:
                    name = names.get(line.split(":")[0])
                    if name:
                        totals[name] += int(line.split()[1])
            with open(f"/proc/{pid}/status", encoding="utf8") as file:
                totals["peak_rss_mb"] += sum(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        except OSError:
            pass
    return {name: round(kb / 1024, 1) for name, kb in totals.items()}


def threads(pids):
    """How many threads they have."""
    count = 0
    for pid in pids:
        try:
            count += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            pass
    return count


class Usage:
    """Processor time of groups of processes, and of everybody else, between its start and its `end`."""

    def __init__(self, groups):
        self.groups = {name: list(roots) for name, roots in groups.items()}
        self.members = {name: set(descendants(roots)) for name, roots in self.groups.items()}
        self.before = {name: cpu_seconds(pids) for name, pids in self.members.items()}
        self.own = sum(os.times()[:4])
        self.busy, self.stolen = host_cpu()
        self.began = time.monotonic()

    def end(self):
        """`cpu` in seconds by group; `foreign_cores` is what neither these groups nor this harness used."""
        seconds = time.monotonic() - self.began
        busy, stolen = host_cpu()
        cpu = {}
        for name, roots in self.groups.items():
            now = self.members[name] | set(descendants(roots))
            cpu[name] = cpu_seconds(now) - self.before[name]
        ours = sum(cpu.values()) + sum(os.times()[:4]) - self.own
        return {
            "cpu": {name: round(value, 3) for name, value in cpu.items()},
            "wall_s": round(seconds, 3),
            "foreign_cores": round(max(0.0, busy - self.busy - ours) / seconds, 2),
            "stolen_cores": round((stolen - self.stolen) / seconds, 2),
        }


def _busiest(seconds, ours):
    """Who uses the machine, busiest first, and how much of it is not ours."""
    def times():
        found = {}
        for pid in _pids():
            try:
                found[pid] = cpu_seconds([pid])
            except OSError:
                pass
        return found

    before, (busy, _) = times(), host_cpu()
    own = cpu_seconds(ours)
    time.sleep(seconds)
    after, (busy_after, _) = times(), host_cpu()
    foreign = max(0.0, busy_after - busy - (cpu_seconds(ours) - own)) / seconds
    used = [(after[pid] - before.get(pid, after[pid]), pid) for pid in after if pid not in ours]
    named = []
    for spent, pid in sorted(used, reverse=True)[:4]:
        if spent / seconds < 0.03:
            break
        try:
            with open(f"/proc/{pid}/comm", encoding="utf8", errors="replace") as file:
                named.append(f"{file.read().strip()} (process {pid}) {spent / seconds:.2f}")
        except OSError:
            pass
    return foreign, named


def wait_until_quiet(limit, patience, roots, what):
    """Waits until everybody else together uses less than `limit` cores. Answers what they used last, and says on standard
    error whom it waits for."""
    end, said = time.monotonic() + patience, 0.0
    while True:
        foreign, named = _busiest(1.5, set(descendants([*roots, os.getpid()])))
        if foreign < limit or time.monotonic() > end:
            return round(foreign, 2)
        if time.monotonic() - said > 10:
            said = time.monotonic()
            whom = ", ".join(named) or "many short-lived processes"
            left = max(0, end - time.monotonic())
            print(f"  waiting {left:.0f} s at most to {what}: others use {foreign:.2f} cores, "
                  f"less than {limit:.2f} is wanted: {whom}", file=sys.stderr, flush=True)


def _first_line(*command):
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "not installed"
    return ((out.stdout or out.stderr).strip().splitlines() or ["?"])[0]


def _value(path, name):
    try:
        with open(path, encoding="utf8") as file:
            for line in file:
                if line.startswith(name):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "?"


def describe(pg_bin, repository):
    """What a reader needs to know of the machine and its programs."""
    total = int(_value("/proc/meminfo", "MemTotal").split()[0])
    return {
        "cores": os.cpu_count(),
        "processor": _value("/proc/cpuinfo", "model name"),
        "memory_gib": round(total / 1024 / 1024, 1),
        "kernel": platform.release(),
        "virtual": "hypervisor" in _value("/proc/cpuinfo", "flags").split(),
        "postgresql": _first_line(f"{pg_bin}/postgres", "--version"),
        "redis": _first_line("redis-server", "--version"),
        "wrk": _first_line("wrk", "-v"),
        "rustc": _first_line("rustc", "--version"),
        "python": platform.python_version(),
        "commit": _first_line("git", "-C", repository, "rev-parse", "--short", "HEAD"),
        "changed": bool(subprocess.run(
            ["git", "-C", repository, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True, text=True, check=False).stdout.strip()),
    }

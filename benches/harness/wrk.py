"""Load by wrk: one thread, closed loop, scripts in Lua."""

import json
import os
import subprocess

from .processes import Broken, bare_environment

LUA = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "load"))


def drive(port, script, arguments, concurrency, seconds):
    """Runs wrk; answers what it counted, latencies in milliseconds."""
    command = ["wrk", "-t1", f"-c{concurrency}", f"-d{max(1, round(seconds))}s", "--timeout", "30s",
               "-s", f"{LUA}/{script}", f"http://127.0.0.1:{port}", "--", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env=bare_environment(BENCH_LUA=LUA))
    told = [line[5:] for line in done.stdout.splitlines() if line.startswith("JSON ")]
    if not told:
        raise Broken(f"wrk failed:\n{done.stdout}{done.stderr}")
    told = json.loads(told[0])
    ok = told["requests"] - told["err_status"]
    seconds = told["duration_us"] / 1e6
    return {
        "ok": ok,
        "ok_rps": round(ok / seconds, 1),
        "all_rps": round(told["requests"] / seconds, 1),
        "p50_ms": round(told["p50_us"] / 1000, 3),
        "p99_ms": round(told["p99_us"] / 1000, 3),
        "max_ms": round(told["max_us"] / 1000, 3),
        "refused": told["err_status"],
        "errors": sum(told[name] for name in ("err_connect", "err_read", "err_write", "err_timeout")),
        "used_up": told["used_up"],
    }

"""Starting and stopping the programs a bench needs. Whatever happens to the harness, they end with it."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Broken(Exception):
    """Something that was started does not work."""


def _end_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bare_environment(**more):
    """The environment programs get: nothing of the caller's that could change what is measured."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **{name: str(value) for name, value in more.items()}}


class Program:
    """One running program, its output in a file."""

    def __init__(self, name, command, log, env=None, cwd=None, user=None):
        self.name, self.log = name, log
        group = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
        self.started = time.monotonic()
        with open(log, "ab") as output:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=cwd,
                env=bare_environment() if env is None else env, preexec_fn=_end_with_parent, **group)

    @property
    def pid(self):
        """Its process."""
        return self.child.pid

    def tail(self):
        """The end of what it said."""
        with open(self.log, encoding="utf8", errors="replace") as file:
            return "".join(file.readlines()[-15:])

    def check(self):
        """Complains if it has ended."""
        if self.child.poll() is not None:
            raise Broken(f"{self.name} ended with {self.child.returncode}:\n{self.tail()}")

    def wait_for(self, ready, seconds=60.0, every=0.05):
        """Waits until `ready()`; answers how long it took since the start."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise Broken(f"{self.name} is not ready after {seconds:.0f} s:\n{self.tail()}")
            time.sleep(every)
        return time.monotonic() - self.started

    def wait_http(self, port, path, seconds=60.0, every=0.05):
        """Waits until it answers 200."""
        return self.wait_for(lambda: answers(port, path), seconds, every)

    def wait_log(self, text, seconds=60.0, every=0.01):
        """Waits until it has said something."""
        def said():
            with open(self.log, encoding="utf8", errors="replace") as file:
                return text in file.read()
        return self.wait_for(said, seconds, every)

    def stop(self, how=signal.SIGTERM, seconds=30.0):
        """Asks it to end, and ends it if it does not."""
        if self.child.poll() is None:
            self.child.send_signal(how)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def answers(port, path):
    """Whether a server of this machine answers a path with 200."""
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        conn.request("GET", path)
        return conn.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        conn.close()


def ask(port, path, headers=None, body=None):
    """One request; answers status and body."""
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        conn.request("GET" if body is None else "POST", path, body=body, headers=headers or {})
        answer = conn.getresponse()
        return answer.status, answer.read()
    finally:
        conn.close()


def run(command, env=None, cwd=None, input_text=None, quiet=True):
    """Runs a command to its end; answers what it said."""
    done = subprocess.run(command, env=env, cwd=cwd, input=input_text, text=True, check=False,
                          capture_output=quiet)
    if done.returncode:
        words = " ".join(map(str, command[:4]))
        raise Broken(f"{words} … failed with {done.returncode}:\n{(done.stdout or '')[-1500:]}{(done.stderr or '')[-3000:]}")
    return done.stdout or ""

"""A Redis of our own that keeps nothing, and the few words of its protocol the harness speaks."""

import os
import socket

from .processes import Program, bare_environment, free_port


class Redis:
    """The server."""

    def __init__(self, folder):
        self.port = free_port()
        home = os.path.join(folder, "redis")
        os.mkdir(home)
        self.program = Program(
            "Redis", ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", home, "--save", "",
                      "--appendonly", "no", "--loglevel", "warning"],
            f"{folder}/redis.log", env=bare_environment(), cwd=home)
        self.stop = self.program.stop
        self.program.wait_for(self._answers)

    def _answers(self):
        try:
            return self.say("PING") == "PONG"
        except OSError:
            return False

    def url(self, database=0):
        """For clients."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def connect(self, database=0):
        """A connection that stays open."""
        return Client(self.port, database)

    def say(self, *words, database=0):
        """One command on a connection of its own."""
        client = self.connect(database)
        try:
            return client.say(*words)
        finally:
            client.close()


class Client:
    """One connection. Knows simple answers, numbers and texts, which is all that is asked for here."""

    def __init__(self, port, database):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb")
        if database:
            self.say("SELECT", database)

    def say(self, *words):
        """Sends a command and reads its answer."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        line = self.answers.readline().rstrip(b"\r\n").decode()
        if line.startswith("-"):
            raise OSError(line)
        if line.startswith("$"):
            size = int(line[1:])
            return None if size < 0 else self.answers.read(size + 2)[:-2].decode()
        return int(line[1:]) if line.startswith(":") else line[1:]

    def close(self):
        """Ends it."""
        self.answers.close()
        self.socket.close()

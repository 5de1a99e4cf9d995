"""A real `headrace serve` in a process of its own, and a client that asks it over the network."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

FORKS = """
import os, signal, sys
import headrace.web.app, headrace.web.server
from headrace.commands.serve import serve_app
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for folder in sys.stdin:
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        print("pid", os.getpid(), flush=True)
        serve_app(["--port", "0", folder.rstrip()])
"""
START = "import sys; from headrace.commands.serve import serve_app; serve_app(sys.argv[1:])"


@dataclass
class Served:
    """One life of a service."""

    process: subprocess.Popen
    port: int
    seconds: float

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@dataclass
class Forked:
    """One life of a service that is a fork: to start Python costs more than to be killed."""

    pid: int
    port: int
    seconds: float

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        with suppress(OSError):
            while True:  # until it is gone, and its files are free
                os.kill(self.pid, 0)
                time.sleep(0.005)


class Forks:
    """Starts lives of a service quickly."""

    def __init__(self, log):
        self._log, self._last = log.open("ab"), 0
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def serve(self, folder):
        """Start one, and wait until it listens."""
        began, pid = time.monotonic(), 0
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("pid "):
                pid, began = int(line.split()[1]), time.monotonic()
                self._last = pid
            found = re.fullmatch(r"Headrace: http://127\.0\.0\.1:(\d+)\n", line)
            if found:
                return Forked(pid, int(found[1]), time.monotonic() - began)
        raise AssertionError("it did not start")

    def close(self):
        with suppress(OSError):  # where a test failed before it was killed
            os.kill(self._last, signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()


def serve(folder, log, port=0):
    """Start it, and wait until it listens."""
    began = time.monotonic()
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", START, "--port", str(port), str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    for line in process.stdout:
        found = re.fullmatch(r"Headrace: http://127\.0\.0\.1:(\d+)\n", line)
        if found:
            return Served(process, int(found[1]), time.monotonic() - began)
    process.stdout.close()
    process.wait()
    raise AssertionError(f"it did not start: {log.read_text()[-2000:]}")


@contextmanager
def served(folder, log):
    """It, until the end of the block; SIGTERM ends it."""
    found = serve(folder, log)
    try:
        yield found
    finally:
        found.process.terminate()
        found.process.wait(30)
        found.process.stdout.close()


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Client:
    """Asks a service, one connection for each request. A request that is cut off raises OSError."""

    port: int
    key: str = ""
    cookies: dict = field(default_factory=dict)

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"accept": "application/json"} | headers
        if self.key:
            sent["authorization"] = f"Bearer {self.key}"
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        content = None
        if isinstance(body, dict):
            content = json.dumps(body)
            sent["content-type"] = "application/json"
        elif body is not None:
            content = body
            sent["content-type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            told = answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                first, _, kept = value.partition(";")[0].partition("=")
                self.cookies[first] = kept
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, told)

    def sign_in(self, name, password):
        """With the form, as a browser; the answer to it."""
        page = self.ask("GET", "/sign-in", accept="text/html").body.decode()
        token = re.search(r'name="form_token" value="(\w+)"', page)[1]
        form = {"form_token": token, "name": name, "password": password, "next": "/"}
        origin = f"http://127.0.0.1:{self.port}"
        return self.ask("POST", "/sign-in", urllib.parse.urlencode(form), origin=origin)

"""The service under load from a second process: decisions a second, and how long each takes."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measures.found import DisagreementError, Found

from headrace.adapters.live.decision_log import opened_log
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.live.records import read_record
from headrace.adapters.stores.web import WebStore
from headrace.adapters.wall_clock import now
from headrace.web.security.accounts import Accounts

ROOT = Path(__file__).parents[1]
LOAD, BARE = ROOT / "workloads/service_load.py", ROOT / "peers/bare_service.py"
SETTINGS = """
[serve]
key_requests_per_second = 1000000
key_burst = 1000000
"""
SERVE = "import sys; from headrace.cli import main; main(sys.argv[1:])"


def decisions(seconds: float, connections: int, rate: float, customers: int, runs: int) -> Found:
    """Latency at an offered rate, then decisions a second in a closed loop; beside a bare route.

    In this order, so that the first does not pay for what the second left: alerts for cases. The
    latency is that of the run in the middle of several, by its p99.

    Every decision that was acknowledged is looked for in the log afterwards.

    Raises:
        DisagreementError: A request was refused, or the log holds fewer decisions than answered.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "headrace.toml").write_text(SETTINGS)
        key = system_key(root, "apply")
        command = [sys.executable, "-c", SERVE, "serve", str(root), "--port", "0"]
        load = _Load(key, seconds, connections, customers)
        with serving(command) as port:
            all_offered = [load.on(port, rate) for _ in range(runs)]
            most = load.on(port)
        kept = _kept(root / "live")
    answered, refused = (
        sum(each[name] for each in (most, *all_offered)) for name in ("answered", "refused")
    )
    if refused or kept < answered:
        message = f"{answered} answered, {kept} kept, {refused} refused"
        raise DisagreementError(message)
    with serving([sys.executable, str(BARE)]) as port:
        bare_offered = _middle([load.on(port, rate) for _ in range(runs)])
        bare = load.on(port)
    offered = _middle(all_offered)
    figures = {
        "decisions_per_second": most["answered"] / most["seconds"],
        "decisions_p50_seconds": offered["p50"],
        "decisions_p99_seconds": offered["p99"],
        "bare_per_second": bare["answered"] / bare["seconds"],
        "bare_p50_seconds": bare_offered["p50"],
        "bare_p99_seconds": bare_offered["p99"],
    }
    return Found(figures, hashlib.sha256(LOAD.read_bytes()).hexdigest())


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle by its p99."""
    return sorted(runs, key=lambda each: each["p99"])[len(runs) // 2]


def system_key(root: Path, *may: str) -> str:
    """A key of a system that may do some things."""
    store = WebStore.opened(str(root / "accounts.db"))
    accounts = Accounts(store, now)
    accounts.add_user("load", ["system"])
    key = accounts.add_key("load", list(may), 1)
    store.close()
    return key


@contextmanager
def serving(command: list[str]) -> Iterator[int]:
    """A service in a process of its own, with all that it loads behind its first page; its port."""
    with begun(command) as port:
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        asking.request("GET", "/api/v1/me")
        asking.getresponse().read()
        asking.close()
        yield port


@contextmanager
def begun(command: list[str]) -> Iterator[int]:
    """A service in a process of its own; its port."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as server:
        try:
            line = ""
            while "http://" not in line:
                line = server.stdout.readline() if server.stdout else ""
                if not line:
                    raise DisagreementError(f"{command[-3:]} did not start")
            yield int(line.rsplit(":", 1)[1])
        finally:
            server.terminate()


@dataclass(frozen=True)
class _Load:
    key: str
    seconds: float
    connections: int
    customers: int

    def on(self, port: int, rate: float = 0) -> dict[str, Any]:
        """What became of it, once it had run a fifth of its time to warm what it asks."""
        given = {
            "seconds": self.seconds,
            "connections": self.connections,
            "customers": self.customers,
            "rate": rate,
            "warm": self.seconds / 5,
        }
        options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        command = [sys.executable, str(LOAD), str(port), self.key, *options]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout))


def _kept(live: Path) -> int:
    """Different decisions in a log."""
    with opened_log(live) as log:
        read = ((number, read_record(payload)) for number, payload in log.read(0))
        return len({each["decision"] for _, several in decisions_in(read) for each in several})

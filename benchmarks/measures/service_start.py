"""How soon after `headrace serve` there is a first page, and all the rest of the service."""

import hashlib
import http.client
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measures.found import DisagreementError, Found
from measures.service_decisions import BARE, SERVE, begun

from headrace.adapters.stores.web import WebStore
from headrace.adapters.wall_clock import now
from headrace.web.security.accounts import Accounts, Caller

USER, PASSWORD = "boss", "Correct-horse-8-battery"
SECRETS = re.compile(r"[\w-]{30,}")  # tokens of forms


def start(times: int, world: str) -> Found:
    """Seconds from the command to the sign-in page, to *Today* for who is signed in, to the rest.

    Args:
        times: How often; what is told is the median.
        world: `demo`, as `make demo` leaves it; `empty`, nothing but accounts.

    Raises:
        DisagreementError: A page was not given.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "demo"
        if world == "demo":
            subprocess.run(
                [sys.executable, "-c", SERVE, "demo", "--out", str(root)],
                check=True,
                capture_output=True,
            )
        else:
            root.mkdir()
            (root / "headrace.toml").touch()
        cookie = _session(root)
        command = [sys.executable, "-c", SERVE, "serve", str(root), "--port", "0"]
        seen = [_seconds(command, cookie) for _ in range(times)]
    bare = [_bare_seconds() for _ in range(times)]
    pages = {page for _, page in seen}
    if len(pages) != 1:
        raise DisagreementError(f"{len(pages)} different sign-in pages")
    first, today, ready = (median(each[at] for each, _ in seen) for at in range(3))
    figures = {
        "first_page_seconds": first,
        "today_seconds": today,
        "ready_seconds": ready,
        "bare_seconds": median(bare),
    }
    return Found(figures, hashlib.sha256(pages.pop().encode()).hexdigest())


def _session(root: Path) -> str:
    """The cookie of somebody who is signed in."""
    store = WebStore.opened(str(root / "accounts.db"))
    accounts, caller = Accounts(store, now), Caller("127.0.0.1", "")
    once = accounts.add_user(USER, ["risk_manager"])
    user = store.user(USER)
    assert user is not None
    accounts.change_password(user, once, PASSWORD, caller)
    token = accounts.sign_in(USER, PASSWORD, caller)
    store.close()
    return f"headrace={token}"


def _seconds(command: list[str], cookie: str) -> tuple[tuple[float, float, float], str]:
    """From the command to three answers; and the sign-in page without what is secret in it."""
    began = time.perf_counter()
    with begun(command) as port:
        page = _answer(port, "/sign-in", {200})
        first = time.perf_counter() - began
        _answer(port, "/", {200, 409, 503}, cookie)  # without a run it says that there is none
        today = time.perf_counter() - began
        _answer(port, "/policies", {200}, cookie)
        return (first, today, time.perf_counter() - began), SECRETS.sub("", page)


def _bare_seconds() -> float:
    began = time.perf_counter()
    with begun([sys.executable, str(BARE)]) as port:
        _answer(port, "/openapi.json", {200})
        return time.perf_counter() - began


def _answer(port: int, path: str, expected: set[int], cookie: str = "") -> str:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asking.request("GET", path, headers={"accept": "text/html", "cookie": cookie})
    answer = asking.getresponse()
    body = answer.read().decode()
    asking.close()
    if answer.status not in expected:
        raise DisagreementError(f"{path}: {answer.status} {body[:200]}")
    return body

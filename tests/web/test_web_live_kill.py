"""A service killed under load: every decision that was acknowledged is in the log and the audit.

`python tests/web/test_web_live_kill.py 200` kills it that often.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from headrace.adapters.live.decision_log import opened_log
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.live.records import read_record
from headrace.adapters.stores.web import WebStore
from headrace.adapters.wall_clock import now
from headrace.web.security.accounts import Accounts

START = "import sys; from headrace.commands.serve import serve_app; serve_app(sys.argv[1:])"
ASKERS = 4


def started(root):
    """A service in a process of its own, and its port."""
    server = subprocess.Popen(
        [sys.executable, "-c", START, "--port", "0"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    line = ""
    while "http://" not in line:
        line = server.stdout.readline()
        assert line, "the service did not start"
    return server, int(line.rsplit(":", 1)[1])


def stop(server, how):
    server.send_signal(how)
    server.wait()
    server.stdout.close()


def asking(port, key, name, told, unanswered):
    """Ask until the service is gone; what was not answered is asked again first."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    number = 0
    while True:
        if unanswered:
            event = unanswered.pop()
        else:
            number += 1
            event = {
                "id": f"{name}-{number}",
                "event_time": now(),
                "customer": f"C{number % 5}",
                "terminal": f"T{number % 3}",
                "amount": 30_000 if number % 4 == 0 else 1_000,
            }
        try:
            headers = {"authorization": f"Bearer {key}"}
            connection.request("POST", "/api/v1/decisions", json.dumps(event), headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            unanswered.append(event)
            connection.close()
            return
        assert answer.status == 200, body
        told[event["id"]] = json.loads(body) | {"request": answer.headers["x-request-id"]}


def killed(root, rounds, answers):
    """Decisions told, those in the log, and requests in the audit, after so many kills."""
    store = WebStore.opened(str(root / "accounts.db"))
    accounts = Accounts(store, now)
    accounts.add_user("sys", ["system"])
    key = accounts.add_key("sys", ["apply"], 9)
    store.close()
    told, waiting = {}, [[] for _ in range(ASKERS)]
    for turn in range(rounds):
        server, port = started(root)
        askers = [
            threading.Thread(target=asking, args=(port, key, f"{turn}.{each}", told, waiting[each]))
            for each in range(ASKERS)
        ]
        for each in askers:
            each.start()
        enough, deadline = len(told) + answers, time.monotonic() + 120
        while len(told) < enough and time.monotonic() < deadline:
            time.sleep(0.005)
        stop(server, signal.SIGKILL)
        for each in askers:
            each.join()
    server, port = started(root)  # what was cut off is decided, alerts and audit are told
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/api/v1/me")  # answered when all of it is there
    assert connection.getresponse().status == 401
    connection.close()
    stop(server, signal.SIGTERM)
    with opened_log(root / "live") as log:
        read = ((number, read_record(payload)) for number, payload in log.read(0))
        kept = [each for _, several in decisions_in(read) for each in several]
    store = WebStore.opened(str(root / "accounts.db"))
    audited = Counter(each.request for each in store.entries(before=None, count=10**7))
    store.close()
    return told, kept, audited


def check(root, rounds, answers):
    told, kept, audited = killed(root, rounds, answers)
    counts = Counter(each["decision"] for each in kept)
    by_id = {each["decision"]: each for each in kept}
    assert len(told) >= rounds * answers, "too little was answered"
    assert not [name for name in told if counts[name] != 1], "lost, or decided twice"
    assert {audited[each["request"]] for each in told.values()} == {1}, "each in the audit, once"
    for name, answer in told.items():
        for field in ("action", "reason", "moment", "in_force"):
            assert answer[field] == by_id[name][field], name
    return len(told), len(kept)


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    check(tmp_path, rounds=2, answers=20)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        found = check(Path(here), int(sys.argv[1]), 100)
    print(f"{sys.argv[1]} kills, {found[0]} acknowledged, {found[1]} in the log, none lost")  # noqa: T201 - a script

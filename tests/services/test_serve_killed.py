"""The service killed under load, and its database taken away: nothing that was answered is lost.

HEADRACE_KILLS says how often it is killed; the figures in docs/internals are of 200.
"""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pytest
from argon2 import PasswordHasher
from serving import Client, Forks, serve, served

import postgres_server
from headrace.adapters.loan_books import open_book
from headrace.adapters.stores.web import Entry, User, WebStore
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import workspace_at
from headrace.web.security.accounts import Accounts
from headrace.web.security.passwords import Passwords

pytestmark = pytest.mark.services
KILLS = int(os.environ.get("HEADRACE_KILLS", "6"))
PASSWORD = "tern-lamp-quarry-oat"  # noqa: S105 - of nobody
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
COMMAND = [sys.executable, "-c", "from headrace.cli import main; main()"]
MAY = ["account", "jobs", "evidence", "payout_approve", "policies", "policy_write", "decisions"]


@dataclass
class Acknowledged:
    """What the service said it had done."""

    jobs: dict[str, str] = field(default_factory=dict)  # by key
    asked: dict[str, dict] = field(default_factory=dict)  # bodies by key, answered or not
    reads: set[str] = field(default_factory=set)  # ids of requests whose audit must be there
    sign_ins: set[str] = field(default_factory=set)
    cookies: list[dict[str, str]] = field(default_factory=list)
    hooks: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path_factory):
    """A workspace as `headrace demo` fills it, with somebody who may sign in."""
    root = tmp_path_factory.mktemp("killed") / "demo"
    root.mkdir()
    if request.param == "sqlite":
        yield _filled(root, "")
        return
    with postgres_server.running() as server, postgres_server.database_on(server) as address:
        yield _filled(root, f'[workspace]\ndatabase = "{address}"\n')


def _filled(root, settings):
    serving = "[serve]\nrequests_per_second = 100000\nburst = 100000\n"
    (root / "headrace.toml").write_text(settings + serving, encoding="utf-8")
    filled = [*COMMAND, "demo", "--out", root, "--firms", "120", "--invoices", "60000", "--json"]
    subprocess.run(filled, check=True, stdout=subprocess.DEVNULL)
    return root


def _accounts(root):
    store = WebStore.opened(workspace_at(root).store("accounts"))
    return store, Accounts(store, now, CHEAP)


def _let_in(root):
    """Keys of somebody who does what many do, and of an administrator."""
    store, accounts = _accounts(root)
    try:
        busy = ("account_manager", "approver", "risk_manager")
        for name, roles in (("rita", busy), ("adam", ("admin",))):
            user = User(name, CHEAP.hashed(PASSWORD), roles, False, False, now())
            store.add_user(user, Entry(now(), "test", "user.added", name))
        return accounts.add_key("rita", MAY, 1), accounts.add_key("adam", ["admin"], 1)
    finally:
        store.close()


def _load(port, keys, acknowledged, stop, number):
    """Ask until the service is gone; note what was answered, at once."""
    rita, adam = Client(port, keys[0]), Client(port, keys[1])
    count = 0
    while not stop.is_set():
        count += 1
        try:
            _one_of_each(rita, adam, acknowledged, f"{os.urandom(4).hex()}-{number}-{count}")
        except OSError:
            return


def _one_of_each(rita, adam, acknowledged, key):
    answer = rita.ask("GET", "/api/v1/decisions?limit=1")
    if _is(answer, 200, acknowledged):
        acknowledged.reads.add(answer.headers["x-request-id"])
    if key[0] in "0123":  # a job takes longer than most lives last
        body = {"kind": "verify", "given": {"data": False}}
        acknowledged.asked[key] = body
        answer = rita.ask("POST", "/api/v1/jobs", body, **{"idempotency-key": key})
        if _is(answer, 202, acknowledged):
            acknowledged.jobs[key] = answer.json["id"]
    if key[0] == "4":
        body = {"url": f"https://r-{key}.example/", "events": ["decision.made"]}
        answer = adam.ask("POST", "/api/v1/webhooks", body)
        if answer.status == 201:
            acknowledged.hooks.add(answer.json["hook"]["id"])
    browser = Client(rita.port)
    answer = browser.sign_in("rita", PASSWORD)
    if _is(answer, 303, acknowledged):
        acknowledged.sign_ins.add(answer.headers["x-request-id"])
        acknowledged.cookies.append(dict(browser.cookies))
    time.sleep(0.05)


def _is(answer, status, acknowledged):
    if answer.status != status:
        acknowledged.refused.append(f"{answer.status} {answer.body[:200]!r}")
    return answer.status == status


def _drained(client, ids, seconds):
    """How all jobs ended."""
    deadline, ended = time.monotonic() + seconds, {}
    while time.monotonic() < deadline and len(ended) < len(ids):
        for name in ids - ended.keys():
            answer = client.ask("GET", f"/api/v1/jobs/{name}")
            assert answer.status == 200, "a job that was acknowledged is lost"
            if answer.json["ended"] is not None:
                ended[name] = answer.json
        time.sleep(0.2)
    assert len(ended) == len(ids), f"{len(ids) - len(ended)} jobs have not ended"
    return ended


def _book_day(root):
    with open_book(workspace_at(root).book_address) as here:
        return here.desk.book.day


def test_nothing_that_was_answered_is_lost_and_no_job_happens_twice(place, tmp_path):
    keys, acknowledged, log = _let_in(place), Acknowledged(), tmp_path / "log"
    first_day = _book_day(place)
    dealt, starts, lives = np.random.default_rng(1), [], 0
    forks = Forks(log)
    with closing(forks):
        for life in range(KILLS):
            found = forks.serve(place)
            starts.append(found.seconds)
            lives += 1
            stop = threading.Event()
            threads = [
                threading.Thread(target=_load, args=(found.port, keys, acknowledged, stop, number))
                for number in range(3)
            ]
            for thread in threads:
                thread.start()
            if life % 10 == 0:  # a job that changes something: one more day of the book
                until = str(first_day + timedelta(days=life // 10))
                body, key = {"kind": "book_day", "given": {"until": until}}, f"day {until}"
                acknowledged.asked[key] = body
                with suppress(OSError):  # what is not answered is asked again at the end
                    answer = Client(found.port, keys[0]).ask(
                        "POST", "/api/v1/jobs", body, **{"idempotency-key": key}
                    )
                    if answer.status == 202:
                        acknowledged.jobs[key] = answer.json["id"]
            time.sleep(dealt.uniform(0.05, 2.0))
            found.kill()
            stop.set()
            for thread in threads:
                thread.join()
    assert acknowledged.refused == []
    _settled(place, log, keys, acknowledged, first_day)
    starts.sort()
    sys.stdout.write(
        f"{lives} kills: {len(acknowledged.jobs)} jobs, {len(acknowledged.reads)} reads, "
        f"{len(acknowledged.sign_ins)} sign-ins, {len(acknowledged.hooks)} webhooks acknowledged; "
        f"none lost; start {starts[len(starts) // 2]:.2f} s\n"
    )


def _settled(place, log, keys, acknowledged, first_day):
    """After the last kill: every acknowledged write is there, each job ended once in effect."""
    with served(place, log) as found:
        rita = Client(found.port, keys[0])
        for key, body in acknowledged.asked.items():  # what was not answered may be asked again
            answer = rita.ask("POST", "/api/v1/jobs", body, **{"idempotency-key": key})
            assert answer.status == 202
            assert acknowledged.jobs.setdefault(key, answer.json["id"]) == answer.json["id"]
        ended = _drained(rita, set(acknowledged.jobs.values()), 60 + KILLS * 6)
        states = {each["status"] for each in ended.values()}
        assert states == {"done"}, [each for each in ended.values() if each["status"] != "done"]
        for cookies in acknowledged.cookies[-20:]:
            assert Client(found.port, cookies=cookies).ask("GET", "/api/v1/me").status == 200
        listed = Client(found.port, keys[1]).ask("GET", "/api/v1/webhooks").json
        assert acknowledged.hooks <= {each["id"] for each in listed}
    store, _ = _accounts(place)
    entries = store.entries(before=None, count=10**6)
    store.close()
    reads = {each.request for each in entries if each.act == "GET /api/v1/decisions"}
    assert acknowledged.reads <= reads
    assert acknowledged.sign_ins <= {each.request for each in entries if each.act == "sign_in"}
    with open_book(workspace_at(place).book_address) as here:
        days = [each.on for each in here.log.entries() if each.kind == "day_ended"]
        assert len(days) == len(set(days)), "a day was ended twice"
        wanted = [date.fromisoformat(body["given"]["until"]) for body in _days(acknowledged)]
        assert here.desk.book.day == max(wanted) + timedelta(days=1)
        assert here.desk.ledger.verify() == ()


def _days(acknowledged):
    return [body for body in acknowledged.asked.values() if body["kind"] == "book_day"]


def test_a_database_that_goes_away_is_told_and_comes_back_by_itself(tmp_path_factory, tmp_path):
    with postgres_server.running() as server, postgres_server.database_on(server) as address:
        root = tmp_path_factory.mktemp("away")
        settings = f'[workspace]\ndatabase = "{address}"\n[serve]\nburst = 100000\n'
        (root / "headrace.toml").write_text(settings, encoding="utf-8")
        keys, log = _let_in(root), tmp_path / "log"
        with served(root, log) as found:
            clients = [Client(found.port, keys[0]) for _ in range(4)]
            assert clients[0].ask("GET", "/api/v1/me").status == 200  # all is loaded
            answers, stop = [], threading.Event()

            def ask(client):
                while not stop.is_set():
                    answer = client.ask("GET", "/api/v1/me")
                    answers.append((time.monotonic(), answer.status, answer.body))
                    time.sleep(0.02)

            threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
            for thread in threads:
                thread.start()
            time.sleep(1)
            gone = time.monotonic()
            with postgres_server.stopped(address):
                time.sleep(2)
            back = time.monotonic()
            time.sleep(3)
            stop.set()
            for thread in threads:
                thread.join()
        before = {status for at, status, _ in answers if at < gone}
        during = {status for at, status, _ in answers if gone + 0.5 < at < back - 0.5}
        assert before == {200}
        assert during == {503}
        wrong = [body for _, status, body in answers if status == 503]
        assert all(b"A store does not answer" in body for body in wrong)
        assert not any(b"secret-word" in body or b"postgres" in body for body in wrong)
        assert {status for _, status, _ in answers} == {200, 503}
        recovered = min(at for at, status, _ in answers if at > back and status == 200) - back
        assert recovered < 3
        assert all(status == 200 for at, status, _ in answers if at > back + 2)
        sys.stdout.write(f"recovered {recovered:.2f} s after the database was back\n")


def test_a_store_is_whole_after_a_kill(tmp_path_factory):
    """SQLite's own check, of a store that was being written when its service was killed."""
    root = tmp_path_factory.mktemp("whole")
    keys = _let_in(root)
    for _ in range(3):
        found = serve(root, root / "log")
        client, end = Client(found.port, keys[1]), time.monotonic() + 0.5
        while time.monotonic() < end:
            client.ask("POST", "/api/v1/webhooks/none/retry")
        found.kill()
        with sqlite3.connect(root / "accounts.db") as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]

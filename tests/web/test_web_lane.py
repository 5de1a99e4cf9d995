"""The quicker way to decisions: on a port, with the protocol that `headrace serve` speaks."""

import json
import re
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx2 import Client

from headrace.adapters.live import audit_lines
from headrace.adapters.live.audit_lines import ASKED
from headrace.adapters.live.records import NOTE
from headrace.adapters.stores.web import StoreDownError
from headrace.web.app import create_app
from headrace.web.decision_lane import ACT, PATH, DecisionLane
from headrace.web.known_heads import KnownHeads
from headrace.web.security.key_ring import REMEMBERED_SECONDS
from headrace.web.server import listen, protocol_of


def event(number, **more):
    return {
        "id": f"P-{number}",
        "event_time": 1_790_000_000_000_000 + number * 1_000_000,
        "customer": f"C{number % 7}",
        "terminal": f"T{number % 5}",
        "amount": 1_000 + number,
    } | more


@contextmanager
def served(world):
    """The world on a port."""
    listening = listen(world.with_settings(port=0).services.settings)
    app = create_app(world.services)
    _ = world.services.live
    config = uvicorn.Config(app, http=protocol_of(app), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def port(world):
    with served(world) as found:
        yield found


@pytest.fixture
def taken(monkeypatch):
    """Whether each request was answered on the quicker way."""
    found, take = [], DecisionLane.take

    def told(lane, *given):
        found.append(take(lane, *given))
        return found[-1]

    monkeypatch.setattr(DecisionLane, "take", told)
    return found


class Program:
    """A program on one connection; its key was looked up just now."""

    def __init__(self, world, port, may=("apply",), **more):
        self.name = f"sys{len(world.store.users())}"
        world.add(self.name, "system")
        self.key = world.accounts.add_key(self.name, may, 9)
        self.headers = {"authorization": f"Bearer {self.key}"} | more
        self.client = Client(base_url=f"http://127.0.0.1:{port}", headers=self.headers)
        self.world = world
        self.look()

    def look(self):
        self.world.services.keys.look(self.key)

    def ask(self, given, **more):
        self.look()
        return self.client.post(PATH, json=given, headers=more)

    def request(self, given, head=b"HTTP/1.1", more=b""):
        """The bytes of a request."""
        body = json.dumps(given).encode()
        return (
            b"POST %b %b\r\nHost: localhost\r\nAuthorization: Bearer %b\r\n%b"
            b"Content-Length: %d\r\n\r\n%b"
            % (PATH.encode(), head, self.key.encode(), more, len(body), body)
        )


@pytest.fixture
def program(world, port):
    return Program(world, port)


def lines(world, name, *wanted):
    """What the audit says somebody asked for, once it says so."""
    acts = world.acts_once(*((name, ACT, each) for each in wanted))
    return [about for who, act, about in acts if (who, act) == (name, ACT)]


def test_the_quick_way_and_the_slow_one_say_the_same(world, program, taken):
    givens = [
        event(1), event(1), event(2, amount="x"), event(3, customer=None), [], "x",
        event(4, event_time="2026-11-22"), {}, event(5, further=1), event(5, further=2),
        event(1, amount=7),
    ]  # fmt: skip
    quick = [program.ask(each) for each in givens]
    assert taken == [True, True, False, False, False, False, False, False, True, True, True]
    slowly = TestClient(create_app(world.services), base_url="http://localhost")
    shifted = [
        each | {"id": f"S{each['id']}"} if isinstance(each, dict) and "id" in each else each
        for each in givens
    ]
    slow = [slowly.post(PATH, json=each, headers=program.headers) for each in shifted]
    assert len(taken) == len(givens)
    for one, other in zip(quick, slow, strict=True):
        assert one.status_code == other.status_code
        a, b = one.json(), other.json()
        for told in (a, b):
            for name in ("request_id", "decision", "moment", "missing"):
                told.pop(name, None)
        assert json.dumps(a).replace("SP-", "P-") == json.dumps(b).replace("SP-", "P-")
        assert {*one.headers} - {"date", "server"} == {*other.headers}
        for name in {*other.headers} - {"x-request-id", "content-length"}:
            assert one.headers[name] == other.headers[name]


def test_what_is_asked_is_in_the_log_before_it_is_told_and_in_the_audit_soon(world, program):
    for number in range(5):
        assert program.ask(event(number)).status_code == 200
        logged = [
            line[3]
            for _, record in world.services.live.desk.decisions.live.read_log()
            if record.kind == NOTE and record.table == ASKED
            for line in json.loads(bytes(record.body))
        ]
        assert logged[-1] == f"P-{number}"
    assert lines(world, program.name, "P-4") == [f"P-{at}" for at in reversed(range(5))]
    found = {each.request for each in world.store.entries(before=None, count=5)}
    assert found == {each["request"] for each in world.logged if each.get("route") == PATH}


def test_the_audit_is_whole_though_its_store_was_down(world, program, monkeypatch):
    def down(*_):
        raise StoreDownError("The store does not answer")

    add, live = audit_lines.add_from_log, world.services.live
    monkeypatch.setattr(audit_lines, "add_from_log", down)
    assert program.ask(event(1)).status_code == 200, "decided, and in the log"
    end = time.monotonic() + 10
    while not live.audit.tail.failing and time.monotonic() < end:
        time.sleep(0.02)
    assert "does not answer" in live.audit.tail.failing
    live.close()
    monkeypatch.setattr(audit_lines, "add_from_log", add)
    world.services.__dict__["open_live"] = None
    _ = world.services.live
    assert lines(world, program.name, "P-1") == ["P-1"]
    assert program.ask(event(2)).status_code == 200
    assert lines(world, program.name, "P-2") == ["P-2", "P-1"], "each once"


def said(port, *parts, until=b"}"):
    """What comes back for bytes, sent part by part."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
        found = b""
        while found.count(until) < 1 and (chunk := connection.recv(65536)):
            found += chunk
        return found


def decided(answer):
    return re.findall(rb'"decision":"([^"]*)"', answer)


def test_a_request_may_come_in_pieces(port, program, taken):
    whole = program.request(event(1))
    assert decided(said(port, whole)) == [b"P-1"]
    for at in (10, 60, len(whole) - 30, len(whole) - 1):
        program.look()
        assert decided(said(port, whole[:at], whole[at:])) == [b"P-1"]
    assert taken == [True] * 5


def test_a_body_that_comes_late_or_is_large_goes_the_usual_way(port, program, taken):
    whole = program.request(event(1))
    assert decided(said(port, whole[:-9], *[b""] * 5, whole[-9:])) == [b"P-1"]
    large = program.request(event(2, more="x" * 70_000))
    program.look()
    assert b" 422 " in said(port, large)
    assert True not in taken


def test_who_never_sends_the_body_is_let_go(world, port, program):
    whole = program.request(event(1))
    for at in (len(whole) - 9, len(whole) - 1):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(whole[:at])
    time.sleep(0.3)
    assert program.ask(event(2)).json()["decision"] == "P-2"
    assert lines(world, program.name, "P-2") == ["P-2"]


def test_requests_may_follow_each_other_unasked(port, program):
    program.look()
    both = program.request(event(1)) + program.request(event(2))
    assert decided(said(port, both, until=b"P-2")) == [b"P-1", b"P-2"]


def test_who_speaks_http_1_0_is_answered_and_let_go(port, program, taken):
    program.look()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(program.request(event(1), b"HTTP/1.0"))
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
    assert decided(found) == [b"P-1"]
    assert b"connection: close" in found
    assert taken == [True]


def test_who_waits_to_be_told_to_go_on_is_told(port, program, taken):
    program.look()
    whole = program.request(event(1), more=b"Expect: 100-continue\r\n")
    head, body = whole.split(b"\r\n\r\n")
    found = said(port, head + b"\r\n\r\n", body)
    assert found.startswith(b"HTTP/1.1 100 Continue")
    assert decided(found) == [b"P-1"]
    assert True not in taken


def test_who_goes_before_the_answer_leaves_the_service_as_it_was(world, port, program):
    program.look()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(program.request(event(1)))
    assert program.ask(event(2)).status_code == 200
    assert lines(world, program.name, "P-2") == ["P-2", "P-1"]


def test_a_key_that_is_taken_back_opens_nothing_within_half_a_second(world, program, taken):
    assert program.ask(event(1)).status_code == 200
    world.accounts.revoke_key(program.key.split("_")[1])
    time.sleep(REMEMBERED_SECONDS + 0.05)
    assert program.client.post(PATH, json=event(2)).status_code == 401
    assert taken == [True, False]


def test_a_key_in_use_is_looked_up_again_before_it_is_too_old(world, program, taken, monkeypatch):
    program.look()
    looked, look = [], type(world.accounts).by_key
    monkeypatch.setattr(
        type(world.accounts), "by_key", lambda self, key: looked.append(key) or look(self, key)
    )
    end, number = time.monotonic() + 4 * REMEMBERED_SECONDS, 0
    while time.monotonic() < end:
        number += 1
        assert program.client.post(PATH, json=event(number)).status_code == 200
    assert taken.count(False) <= 1
    assert len(looked) >= 3


def test_without_the_permission_nothing_is_decided(world, port, taken):
    other = Program(world, port, ("account",))
    assert other.ask(event(1)).status_code == 403
    assert taken == [False]
    assert world.acts()[0] == (other.name, f"refused: {ACT}", "")


def test_programs_are_slowed_down_by_their_own_rate(world):
    slow = world.with_settings(key_requests_per_second=1, key_burst=2)
    with served(slow) as port:
        program = Program(slow, port)
        assert [program.ask(event(at)).status_code for at in range(4)] == [200, 200, 429, 429]
    slow.services.close()


def test_the_name_of_another_service_is_refused_here_too(world, program, taken):
    assert program.ask(event(1), host="bank.example").status_code == 421
    assert taken == [False]


def test_an_error_that_nobody_foresaw_is_told_by_its_id(world, program, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("headrace.adapters.live.desk._outcomes", broken)
    answer = program.ask(event(1))
    assert answer.status_code == 500
    told = [each["traceback"] for each in world.logged if each["event"] == "error"
            and each.get("request") == answer.json()["request_id"]]  # fmt: skip
    assert len(told) == 1
    assert "ZeroDivisionError" in told[0]


def test_a_response_that_cannot_be_made_is_an_error_and_not_silence(program, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("headrace.web.requests.Guarded.headers", broken)
    assert program.ask(event(1)).status_code == 500


def test_a_form_is_no_event_on_either_way(program, taken):
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert program.ask(event(1), **kind).status_code == 422
    assert taken == [False]


def test_who_never_reads_is_not_answered_into_memory(world, port, program, taken):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.5)
        try:
            for number in range(20_000):
                program.look()
                connection.sendall(program.request(event(number)))
        except TimeoutError:
            pass
        assert len(taken) < 15_000, "they are not read any more, either"


def test_a_defect_behind_the_disk_is_told_and_the_desk_goes_on(world, program, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    desk = world.services.live.desk
    with monkeypatch.context() as patched:
        patched.setattr(desk, "_finish", broken)
        assert program.ask(event(1)).status_code == 500
    assert program.ask(event(1)).json()["decision"] == "P-1"
    assert desk.waiting == 0
    assert lines(world, program.name, "P-1") == ["P-1", "P-1"], "asked twice"


def test_a_proxy_that_is_believed_says_where_a_request_comes_from(world):
    behind = world.with_settings(proxies=("127.0.0.1",))
    with served(behind) as port:
        program = Program(behind, port, **{"x-forwarded-for": "203.0.113.9"})
        assert program.ask(event(1)).status_code == 200
        assert lines(behind, program.name, "P-1") == ["P-1"]
    assert behind.store.entries(before=None, count=1)[0].address == "203.0.113.9"
    behind.services.close()


@pytest.fixture
def known(monkeypatch):
    """Whether the head of each request was known, where that was asked."""
    found, of = [], KnownHeads.of

    def told(heads, data):
        found.append((answer := of(heads, data)) is not None)
        return answer

    monkeypatch.setattr(KnownHeads, "of", told)
    return found


def without_their_own(answer):
    """An answer without what each has of its own."""
    return re.sub(rb'x-request-id: \w+|date: [^\r]*|"request_id":"\w+"', b"", answer)


def test_a_head_that_is_known_changes_nothing(port, program, taken, known):
    def heard(given, **more):
        program.look()
        return without_their_own(said(port, program.request(given, **more)))

    first = [heard(event(at)) for at in (1, 2)]
    assert known == [False, True]
    assert [heard(event(at)) for at in (1, 2)] == first, "each is answered as before"
    assert known == [False, True, True, True]
    assert taken == [True] * 4
    wrong = [heard(event(1, amount="zero")), heard(event(1, amount="null"))]
    assert known[4:] == [False, True]
    assert taken[4:] == [False, False], "the usual way says what is wrong, with what was read"
    assert wrong[0] == wrong[1]
    assert b" 422 " in wrong[0]
    with_more = heard(event(1), more=b"X-Other: 1\r\n")
    assert known[6:] == [False], "another head"
    assert with_more == first[0]


@pytest.mark.parametrize("head", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize(
    "more",
    [b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"Transfer-Encoding: chunked\r\n"],
)
def test_a_head_that_does_not_say_all_is_not_kept(port, program, known, head, more):
    for _ in range(2):
        program.look()
        said(port, program.request(event(1), head, more), until=b"\r\n\r\n")
    assert True not in known


def test_a_head_that_is_known_may_come_in_pieces_and_with_another(port, program, taken, known):
    program.look()
    whole = program.request(event(1))
    assert decided(said(port, whole)) == [b"P-1"]
    for at in (10, len(whole) - 30, len(whole) - 1):
        program.look()
        assert decided(said(port, whole[:at], whole[at:])) == [b"P-1"]
    both = whole + program.request(event(2))
    assert decided(said(port, both, until=b"P-2")) == [b"P-1", b"P-2"]
    assert True not in known
    program.look()
    assert decided(said(port, whole, until=b"P-1")) == [b"P-1"]
    assert known[-1]
    program.look()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(whole)
        for at in range(3):  # one on the heels of the other, and each is answered
            connection.sendall(program.request(event(at)))
        found = b""
        while len(decided(found)) < 4:
            found += connection.recv(65536)
    assert decided(found) == [b"P-1", b"P-0", b"P-1", b"P-2"]


def test_heads_are_forgotten_rather_than_kept_without_end(port, program, known, monkeypatch):
    monkeypatch.setattr("headrace.web.known_heads.HEADS_MAX", 2)
    for number in range(6):
        program.look()
        said(port, program.request(event(1), more=b"X-Trace: %d\r\n" % number))
    assert True not in known
    for _ in range(2):
        program.look()
        said(port, program.request(event(1), more=b"X-Trace: " + b"9" * 3_000 + b"\r\n"))
    assert True not in known
    for _ in range(2):
        program.look()
        said(port, program.request(event(1)))
    assert known[-1]


def test_a_key_that_is_taken_back_opens_nothing_though_its_head_is_known(
    world, port, program, known
):
    for _ in range(2):
        program.look()
        assert b" 200 " in said(port, program.request(event(1)))
    world.accounts.revoke_key(program.key.split("_")[1])
    time.sleep(REMEMBERED_SECONDS + 0.05)
    assert b" 401 " in said(port, program.request(event(1)))
    assert known == [False, True, True]

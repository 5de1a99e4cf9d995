"""Decisions in flight over HTTP: decided once, durable, audited, explained, made again."""

import html
import io
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from web_world import Browser

from headrace import packs
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.segment_log import StorageError
from headrace.adapters.stores.web import StoreDownError
from headrace.web.app import create_app
from headrace.web.security.key_ring import KeyRing, key_in
from headrace.workflows.policy_documents import document_of, proposal_of, shipped_files
from headrace.workflows.policy_history import Act, Deed

PATH = "/api/v1/decisions"


def event(number, **more):
    return {
        "id": f"P-{number}",
        "event_time": 1_790_000_000_000_000 + number * 1_000_000,
        "customer": f"C{number % 7}",
        "terminal": f"T{number % 5}",
        "amount": 1_000 + number,
    } | more


class Program:
    """A program with an API key."""

    def __init__(self, world, may=("apply",), role="system"):
        name = f"sys{len(world.store.users())}"
        world.add(name, role)
        self.key = world.accounts.add_key(name, may, 9)
        self.name, self.world = name, world
        self.client = TestClient(create_app(world.services), base_url="http://localhost")
        self.headers = {"authorization": f"Bearer {self.key}"}

    def ask(self, given, **more):
        return self.client.post(PATH, json=given, headers=self.headers | more)

    def post(self, path, **more):
        headers = self.headers | more.pop("headers", {})
        return self.client.post(path, headers=headers, **more)

    def get(self, path):
        return self.client.get(path, headers=self.headers)


@pytest.fixture
def program(world):
    return Program(world)


@pytest.fixture
def reader(world):
    return Program(world, ("decisions", "live"), "risk_manager")


def test_an_event_is_decided_and_its_record_found(program, reader):
    answer = program.ask(event(1))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["decision"] == "P-1"
    assert told["action"] == "approve"
    assert told["policy"] == "payments"
    assert told["version"] is None, "no version is active: the pack's own policy"
    record = reader.get(f"{PATH}/live/P-1").json()
    assert {name: record[name] for name in ("action", "in_force", "reason")} == {
        name: told[name] for name in ("action", "in_force", "reason")
    }


def test_the_same_event_gets_the_same_bytes_also_after_a_restart(world, program):
    first = program.ask(event(1)).content
    assert program.ask(event(1)).content == first
    world.services.open_live.close()
    world.services.__dict__["open_live"] = None
    assert program.ask(event(1)).content == first
    assert world.services.live.desk.decisions.live.records > 0


def test_another_event_under_the_same_id_is_refused(program):
    assert program.ask(event(1)).status_code == 200
    answer = program.ask(event(1, amount=999))
    assert answer.status_code == 422
    assert "Another event" in answer.json()["detail"]
    both = program.post(f"{PATH}/batch", json=[event(2), event(2, amount=5), event(2)]).json()
    assert both["decisions"][0] == both["decisions"][2]
    assert both["decisions"][1] is None


def test_every_decision_is_in_the_audit(world, program):
    program.ask(event(1))
    assert (program.name, f"POST {PATH}", "") in world.acts()


def test_a_key_that_is_taken_back_opens_nothing_within_half_a_second(world, program):
    assert program.ask(event(1)).status_code == 200
    world.accounts.revoke_key(program.key.split("_")[1])
    time.sleep(0.55)
    assert program.ask(event(2)).status_code == 401


def test_a_key_is_looked_up_again_after_half_a_second(world, program):
    clock = [0.0]
    ring = KeyRing(world.accounts, lambda: clock[0])
    assert ring.look(program.key).user.name == program.name
    assert ring.seen(program.key)
    assert not ring.seen("hr_other")
    clock[0] = 61
    assert not ring.seen(program.key)
    world.accounts.lock(program.name)
    assert ring.look(program.key) is None
    assert key_in(f"Bearer {program.key}") == program.key
    assert key_in("Basic hr_x") == key_in("Bearer x") == ""


def test_without_the_permission_nothing_is_decided(world):
    other = Program(world, ("account",))
    assert other.ask(event(1)).status_code == 403
    assert world.acts()[0] == (other.name, f"refused: POST {PATH}", "")
    client = TestClient(create_app(world.services), base_url="http://localhost")
    assert client.post(PATH, json=event(1)).status_code == 401
    assert (
        client.post(PATH, json=event(1), headers={"authorization": "Bearer hr_no"}).status_code
        == 401
    )


def test_programs_are_slowed_down_by_their_own_rate(world):
    slow = Program(world.with_settings(key_requests_per_second=1, key_burst=2))
    answers = [slow.ask(event(number)).status_code for number in range(4)]
    assert answers == [200, 200, 429, 429]
    slow.world.services.close()


def test_many_at_once_each_get_their_own(world, program):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: program.ask(event(number)), range(64)))
    assert [each.json()["decision"] for each in answers] == [f"P-{at}" for at in range(64)]
    live = world.services.live
    assert live.desk.waiting == 0
    flow = live.watch.flow(world.clock() + 1_000_000, 60)
    assert flow.decided == 64
    assert flow.p50 > 0
    live.watch.settle()
    assert sum(sum(actions.values()) for _, actions in live.watch.days()) == 64


@pytest.mark.parametrize("count", [3, 30])
def test_a_batch_says_of_every_event_what_became_of_it(program, count):
    events = [event(number) for number in range(count)] + [event(99, amount="x"), 7]
    told = program.post(f"{PATH}/batch", json=events).json()
    assert [each and each["decision"] for each in told["decisions"]] == [
        *(f"P-{at}" for at in range(count)), None, None,
    ]  # fmt: skip
    assert [(each["row"], each["where"]) for each in told["problems"]] == [
        (count, "amount"), (count + 1, "event"),
    ]  # fmt: skip
    alone = [program.ask(each).json() for each in events[:count]]
    assert alone == told["decisions"][:count], "the same answers one by one"


def test_lines_and_arrow_are_batches_too(program):
    lines = "\n".join(json.dumps(event(at)) for at in range(3)) + "\n{oops\n"
    told = program.post(
        f"{PATH}/batch", content=lines, headers={"content-type": "application/x-ndjson"}
    ).json()
    assert [each["row"] for each in told["problems"]] == [3]
    sink = io.BytesIO()
    table = pa.Table.from_pylist([event(at) for at in range(3, 700)] + [event(800, amount=None)])
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = {"content-type": "application/vnd.apache.arrow.stream"}
    told = program.post(f"{PATH}/batch", content=sink.getvalue(), headers=arrow).json()
    assert sum(each is not None for each in told["decisions"]) == 697
    assert [each["row"] for each in told["problems"]] == [697]
    assert program.ask(event(3)).json() == told["decisions"][0]
    for wrong in (b"", b"no arrow", sink.getvalue()[:100]):
        assert program.post(f"{PATH}/batch", content=wrong, headers=arrow).status_code == 422


def test_fraud_reports_move_features_and_are_taken_once(program):
    for at in range(20):
        program.ask(event(at, terminal="T1"))
    report = {
        "id": "P-1",
        "event_time": event(1)["event_time"],
        "known_time": event(1)["event_time"] + 3_600_000_000,
        "customer": "C1",
        "terminal": "T1",
    }
    path = "/api/v1/events/fraud_report"
    assert program.post(path, json=[report]).json()["outcomes"] == {"added": 1}
    assert program.post(path, json=[report]).json()["outcomes"] == {"duplicate": 1}
    bad = program.post(path, json=[report | {"known_time": None}]).json()
    assert bad["problems"][0]["where"] == "known_time"
    later = event(5, event_time=event(1)["event_time"] + 8 * 86_400_000_000, terminal="T1")
    answer = program.ask(later | {"id": "late"})
    assert "terminal_risk_7d_delayed" not in answer.json()["missing"]
    assert program.post("/api/v1/events/nothing", json=[{}]).status_code == 422
    assert program.post("/api/v1/events/payment", json=[event(1)]).status_code == 422


def test_a_decision_is_explained_and_made_again_to_the_byte(program, reader):
    program.ask(event(1, amount=30_000))
    told = reader.get(f"{PATH}/live/P-1/explanation").json()
    assert told["action"] != "approve"
    assert told["reproduced"] is True
    assert told["rules"][0]["cells"][0]["value"] == 30_000
    assert told["customer"]["done"]["zh"]
    only = reader.get(f"{PATH}/live/P-1/explanation?customer=true").json()
    assert set(only) == {"customer"}
    again = reader.get(f"{PATH}/live/P-1/replay").json()
    assert again == {"decisions": 1, "differ": 0, "causes": [], "differences": []}
    for path in ("", "/explanation", "/replay"):
        assert reader.get(f"{PATH}/live/nothing{path}").status_code == 404


def test_an_id_may_hold_a_stroke(world, program, reader):
    name = "2026/11/P 1?#"
    program.ask(event(1, id=name, amount=30_000))
    for path in (name.replace(" ", "%20").replace("?", "%3F").replace("#", "%23"), quote(name, "")):
        assert reader.get(f"{PATH}/live/{path}").json()["decision"] == name
        assert reader.get(f"{PATH}/live/{path}/replay").json()["decisions"] == 1
        assert reader.get(f"{PATH}/live/{path}/explanation").json()["decision"] == name
    assert (reader.name, "GET /api/v1/decisions/live/{decision_id}", name) in world.acts()
    world.add("rita", "risk_manager")
    browser = Browser(world)
    browser.sign_in("rita")
    link = re.search(r'href="(/live/decisions/[^"]+)"', browser.get("/live").text)[1]
    assert name in html.unescape(browser.get(link).text)


def test_alerts_become_cases_even_if_the_store_was_down(world, program):
    live = world.services.live
    take, failing = live.alerts._take, threading.Event()

    def down(alerts):
        failing.set()
        raise StoreDownError("The store does not answer")

    live.alerts._take = down
    program.ask(event(1, amount=30_000))
    assert failing.wait(5)
    live.close()
    live.alerts._take = take
    world.services.__dict__["open_live"] = None
    _ = world.services.live  # the next process tells what was left
    deadline = time.monotonic() + 10
    while not world.services.cases.cases() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [len(each.alerts) for each in world.services.cases.cases()] == [1]


def test_another_version_takes_over_without_a_restart(world, program):
    before = program.ask(event(1)).json()
    assert before["version"] is None
    activate(world.services.policies)
    world.services.live.refresh()
    numbers = iter(range(100, 1_000))
    assert _until(lambda: program.ask(event(next(numbers))).json()["version"] == 1)
    assert program.ask(event(1)).json() == before, "what was decided stays"


def activate(store):
    """The pack's own policy as version 1, by two people."""
    pack = packs.load("payments")
    document = document_of("payments", shipped_files(pack), read_workbook, pack)
    number = store.propose(*proposal_of(document, "payments", "ada", "first"), 1).version
    for deed in (Deed.APPROVE, Deed.ACTIVATE):
        store.record(Act("payments", deed, number, "bob", ""), 2)


def _until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_folder_that_could_not_be_opened_is_opened_when_asked_again(world, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("headrace.web.live_room.LiveDesk", full)
        with pytest.raises(OSError, match="No space"):
            _ = world.services.live
    assert world.services.live.desk.waiting == 0


def test_a_second_process_on_the_folder_is_told_so(world, program):
    assert program.ask(event(1)).status_code == 200
    twin = world.with_settings(burst=10**6)
    with pytest.raises(StorageError):
        _ = twin.services.live
    other = Program(twin)
    answer = other.ask(event(2))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert str(world.services.workspace.root) not in answer.text


def test_who_finds_too_many_waiting_is_sent_away(world, program):
    live = world.services.live
    live.desk._waiting = 10**6
    answer = program.ask(event(1))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    live.desk._waiting = 0
    assert program.ask(event(1)).status_code == 200


def test_a_stopped_service_takes_nothing_in(world, program):
    program.ask(event(1))
    world.services.open_live.close()
    assert program.ask(event(2)).status_code == 503


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_the_stream_to_who_may_see_it(world, program, language):
    for at in range(20):
        program.ask(event(at, amount=30_000 if at == 3 else 1_000))
    world.clock.at += 1_000_000
    world.add("rita", "risk_manager")
    world.add("vera", "viewer")
    browser = Browser(world)
    browser.sign_in("rita")
    headers = {"accept-language": language}
    page = browser.get("/live", headers=headers).text
    assert 'hx-get="/live/now"' in page
    assert "/live/decisions/P-3" in page
    assert "velocity" in page
    why = browser.get("/live/decisions/P-3", headers=headers).text
    assert not [each["traceback"] for each in world.logged if "traceback" in each]
    assert "amount" in why
    assert ("规则" if language == "zh" else "Rule") in why
    assert browser.get("/live/decisions/nothing", headers=headers).status_code == 404
    viewer = Browser(world)
    viewer.sign_in("vera")
    page = viewer.get("/live/now", headers=headers).text
    assert "velocity" in page
    assert "P-3" not in page, "which decisions there are is for who may read them"
    assert viewer.get("/live/decisions/P-3").status_code == 403
    state = viewer.get("/api/v1/live").json()
    assert state["flows"][0]["decided"] == 20
    assert [each["table"] for each in state["tables"]] == ["velocity", "response"]


def test_the_document_describes_the_quick_way(world):
    document = create_app(world.services).openapi()
    route = document["paths"][PATH]["post"]
    assert set(route["responses"]) >= {"200", "401", "403", "422", "429", "503"}
    assert "requestBody" in route

"""Kafka as a source of the service: decided as over HTTP, answered once in effect, told."""

import asyncio
import json
import threading
from collections import Counter
from dataclasses import replace
from functools import partial

import pyarrow as pa
import pytest
from test_web_live import PATH, Program, event
from web_world import Browser, World

from headrace.adapters.kafka import Topic
from headrace.adapters.kafka_desk import DeskSource, Feeding
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.quarantine import last_held
from headrace.errors import HeadraceError, InputError
from headrace.web.kafka_room import KafkaRoom, KafkaTold, PlaceTold
from headrace.web.kafka_settings import KafkaSettings, read_kafka_settings
from memory_broker import MemoryBroker, MemoryPublisher

SETTINGS = KafkaSettings("nowhere:9092", "payments", "decisions", events={"fraud_report": "frauds"})
TOPICS = [Topic("payments", "payment"), Topic("frauds", "fraud_report")]


@pytest.fixture
def loop():
    """An event loop in a thread, as the service has one."""
    found = asyncio.new_event_loop()
    thread = threading.Thread(target=found.run_forever, daemon=True)
    thread.start()
    yield found
    found.call_soon_threadsafe(found.stop)
    thread.join()
    found.close()


@pytest.fixture
def broker():
    found = MemoryBroker()
    found.topics |= {("payments", 0): [], ("payments", 1): [], ("frauds", 0): []}
    return found


def source_of(world, loop, broker, publisher):
    """As `KafkaRoom` makes it, with a broker in memory."""
    live = world.services.live
    room = KafkaRoom(SETTINGS, world.services.workspace.root, lambda: live, world.logged.append)
    ask = partial(room._ask, live, loop)
    feeding = Feeding(live.desk.decisions.live, live.desk.readers, ask, broker, publisher,
                      world.clock)  # fmt: skip
    return DeskSource(feeding, TOPICS, {"payments": "decisions"})


def made(world):
    """How often each id was decided."""
    log = world.services.live.desk.decisions.live.read_log(0)
    return Counter(each["decision"] for _, several in decisions_in(log) for each in several)


def reopened(world):
    """The service's decisions, closed and opened again."""
    world.services.open_live.close()
    world.services.__dict__["open_live"] = None


def test_events_are_decided_audited_and_answered_as_over_http(world, loop, broker):
    publisher = MemoryPublisher()
    for at in range(4):
        broker.send(event(at, amount=30_000 if at == 2 else 1_000, further="kept"))
    report = {"id": "P-1", "event_time": event(1)["event_time"],
              "known_time": event(1)["event_time"] + 60_000_000}  # fmt: skip
    broker.send(report | {"customer": "C1", "terminal": "T1"}, "frauds")
    source = source_of(world, loop, broker, publisher)
    assert source.poll(0) == 5
    assert [(topic, key) for topic, key, _ in publisher.sent] == [
        ("decisions", f"P-{at}") for at in range(4)
    ]
    program = Program(world)
    for _, key, value in publisher.sent:
        at = int(key[2:])
        given = event(at, amount=30_000 if at == 2 else 1_000, further="kept")
        assert program.ask(given).content == value
    wanted = ("kafka payments", "event.decided", "P-2"), ("kafka frauds", "event.taken", "P-1")
    acts = world.acts_once(*wanted)
    assert [acts.count(each) for each in wanted] == [1, 1]
    live = world.services.live.desk.decisions.live
    assert live.positions == {("payments", 0): 4, ("payments", 1): 0, ("frauds", 0): 1}
    assert source.lags()["payments", 0] == (4, 0)
    assert (source.messages, source.published, source.quarantined) == (5, 4, 0)


def test_what_cannot_be_used_is_in_the_quarantine_by_its_place(world, loop, broker):
    publisher = MemoryPublisher()
    broker.send(event(1))
    broker.send("{oops")
    broker.send(event(2, amount=None), partition=1)
    broker.send(event(1, event_time=event(9)["event_time"]))
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pylist([event(5), event(6, amount=None)])
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    broker.send(sink.getvalue().to_pybytes(), partition=1)
    broker.topics["payments", 1].append(None)
    source_of(world, loop, broker, publisher).poll(0)
    assert sorted(key for _, key, _ in publisher.sent) == ["P-1", "P-5"]
    held = last_held(world.services.live.rooms.folder, 10)
    assert sorted((each.partition, each.offset, each.row) for each in held if each.row is None) == [
        (0, 1, None), (0, 2, None), (1, 0, None), (1, 2, None),
    ]  # fmt: skip
    assert [(each.offset, each.row) for each in held if each.row is not None] == [(1, 1)]
    reasons = " ".join(each.reason for each in held)
    assert "no JSON" in reasons
    assert "amount is missing" in reasons
    assert "another event" in reasons


def test_what_was_not_noted_comes_again_and_is_decided_once(world, loop, broker):
    """The answers are published before the log says where to go on."""
    publisher = MemoryPublisher()
    for at in range(6):
        broker.send(event(at))
    broker.send("{oops")
    publisher.refusing = 2
    source = source_of(world, loop, broker, publisher)
    for _ in range(2):
        with pytest.raises(InputError):
            source.poll(0)
    assert source.poll(0) == 7
    first = [value for _, _, value in publisher.sent[-6:]]

    reopened(world)
    again = MemoryPublisher()
    world.services.live.desk.decisions.live._positions.clear()  # killed before it was noted
    assert source_of(world, loop, broker, again).poll(0) == 7
    assert [value for _, _, value in again.sent] == first
    assert set(made(world).values()) == {1}
    assert [each.offset for each in last_held(world.services.live.rooms.folder, 9)] == [6]


def test_a_stopped_desk_refuses_and_nothing_is_noted(world, loop, broker):
    broker.send(event(1))
    source = source_of(world, loop, broker, MemoryPublisher())
    world.services.live.desk._is_stopped = True
    with pytest.raises(HeadraceError, match="stopping"):
        source.poll(0)
    assert world.services.live.desk.decisions.live.positions == {}
    world.services.live.desk._is_stopped = False
    assert source.poll(0) == 1


def test_a_full_desk_is_waited_for(world, loop, broker):
    broker.send(event(1))
    source = source_of(world, loop, broker, MemoryPublisher())
    desk = world.services.live.desk
    desk._waiting = 10**6
    threading.Timer(0.3, setattr, (desk, "_waiting", 0)).start()
    assert source.poll(0) == 1


def test_a_topic_of_no_table_is_refused(world, loop, broker):
    feeding = source_of(world, loop, broker, MemoryPublisher())._of
    with pytest.raises(InputError, match="no table 'nothing'"):
        DeskSource(feeding, [Topic("payments", "nothing")], {})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_metrics_and_readiness_tell_how_it_does(world, language):
    with_kafka = World(replace(world.services, kafka_settings=SETTINGS), world.clock, world.logged)
    program = Program(with_kafka, ("apply", "live", "decisions"), "risk_manager")
    assert program.get("/api/v1/live").json()["kafka"]["trouble"] == "not begun"
    room = with_kafka.services.kafka
    places = (PlaceTold("payments", 0, 70, 12), PlaceTold("payments", 1, 3, 0))
    room._told = KafkaTold("", 73, 70, 3, 1.25, places)
    assert program.get("/readyz").json()["checks"]["kafka"] == "ok"
    told = program.get("/api/v1/live").json()["kafka"]
    assert (told["per_second"], told["places"][0]["lag"]) == (1.25, 12)
    figures = with_kafka.services.metrics.text().decode()
    assert 'headrace_kafka_lag_messages{partition="0",topic="payments"} 12.0' in figures
    assert "headrace_kafka_messages_total 73.0" in figures
    assert "headrace_kafka_up 1.0" in figures
    world.add("rita", "risk_manager")
    browser = Browser(with_kafka)
    browser.sign_in("rita")
    headers = {"accept-language": language}
    page = browser.get("/live/now", headers=headers).text
    assert ("Not taken in yet" if language == "en" else "积压") in page
    assert 'href="/live/quarantine"' in page
    folder = with_kafka.services.live.rooms.folder
    line = {"topic": "payments", "partition": 1, "offset": 7, "row": None,
            "value": "<script>{", "reason": "It is no JSON"}  # fmt: skip
    (folder / "quarantine.jsonl").write_text(json.dumps(line) + "\n{torn", encoding="utf-8")
    text = browser.get("/live/quarantine", headers=headers).text
    assert "&lt;script&gt;{" in text
    assert program.get("/api/v1/live/quarantine").json()["items"] == [line]
    room._trouble("Kafka does not answer")
    told = program.get("/readyz")
    assert (told.status_code, told.json()["checks"]["kafka"]) == (200, "away")
    assert "Kafka does not answer" in browser.get("/live/now", headers=headers).text
    assert "headrace_kafka_up 0.0" in with_kafka.services.metrics.text().decode()
    with_kafka.services.close()


def test_without_the_permission_messages_are_not_shown(world):
    world.add("vera", "viewer")
    viewer = Browser(world)
    viewer.sign_in("vera")
    assert viewer.get("/live/quarantine").status_code == 403
    assert viewer.get("/api/v1/live/quarantine").status_code == 403
    assert viewer.get(f"{PATH}/live/x").status_code == 403


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", None),
        ('[kafka]\nservers="k:9092"\ndecided="a"\nanswers="b"\n', ""),
        ('[kafka]\nservers="k:9092"\ndecided="a"\n', "answers is needed"),
        ('[kafka]\nservers="k:9092"\ndecided="a"\nanswers="a"\n', "named twice"),
        ('[kafka]\nservers=9\ndecided="a"\nanswers="b"\n', "'servers' cannot"),
        ('[kafka]\nservers="k"\ndecided="a"\nanswers="b"\nevents={x=1}\n', "'events' cannot"),
        ('[kafka]\nservers="k"\ndecided="a"\nanswers="b"\nport="1"\n', "'port' cannot"),
        (
            '[kafka]\nservers="k"\ndecided="a"\nanswers="b"\n[kafka.settings]\n"sasl.password"="x"\n',
            "password does not belong",
        ),
    ],
)
def test_settings_say_what_is_wrong(tmp_path, text, wrong):
    path = tmp_path / "headrace.toml"
    path.write_text(text, encoding="utf-8")
    if not wrong:
        found = read_kafka_settings(path)
        assert (found is None) is (wrong is None)
        return
    with pytest.raises(InputError, match=wrong):
        read_kafka_settings(path)


def test_the_password_is_in_a_file_of_its_own(tmp_path):
    settings = replace(SETTINGS, password_file="secret")  # noqa: S106 - the name of a file
    with pytest.raises(InputError, match="Kafka's password cannot be read"):
        settings.library(tmp_path)
    (tmp_path / "secret").write_text("tern\n", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    assert settings.library(tmp_path) == {"sasl.password": "tern"}

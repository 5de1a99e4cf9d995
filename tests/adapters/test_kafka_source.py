"""Topics into live features, on a broker in memory; the real one is in tests/services."""

import json
import os
import resource
import shutil
import tempfile
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from headrace.adapters.kafka import KafkaSource, Take, Topic
from headrace.adapters.live.features import LiveFeatures, UnacknowledgedError
from headrace.adapters.segment_log import StorageError
from headrace.errors import InputError
from headrace.features.aggregates import Count, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from memory_broker import MemoryBroker

US = 1_767_601_800_000_000
HOUR_US = 3_600_000_000
LATENESS = timedelta(days=40)
TABLE = Table(
    "payment",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, places=2, required=True),
    ),
    ("card",),
)
WEEK = Sliding(timedelta(days=7))
PLAN = compile_plan(
    make_plan(
        FeatureSet(
            (TABLE,),
            (Measure("n", Count(), window=WEEK), Measure("sum", Sum("amount"), window=WEEK)),
        )
    )
)
PAYMENTS, VOIDS = Topic("payments"), Topic("refunds", "payment", Take.VOIDS)


def payment(number, **changed):
    return {
        "id": f"p{number}",
        "card": f"c{number % 3}",
        "amount": number % 7 + 0.25,
        "event_time": US + number * HOUR_US,
    } | changed


@pytest.fixture
def broker():
    return MemoryBroker()


@pytest.fixture
def folder():
    memory = Path("/dev") / "shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name) / "live"


@contextmanager
def reading(folder, broker, topics=(PAYMENTS,)):
    with LiveFeatures(folder, PLAN, LATENESS) as live, KafkaSource(live, broker, topics) as source:
        yield live, source


def quarantine(folder):
    text = (folder / "quarantine.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def replayed(broker, topics=(PAYMENTS,)):
    """The slow way: every message of every topic by itself, what cannot be used passed over."""
    engine = StreamEngine(PLAN, LATENESS)
    takes = {topic.name: topic.take for topic in topics}
    for (topic, _), values in broker.topics.items():
        for value in values:
            with suppress(ValueError, InputError, AttributeError, UnicodeDecodeError):
                event = json.loads(value)
                if topic in takes and takes[topic] is Take.EVENTS:
                    engine.push_one(event)
                elif topic in takes:
                    row = {**event, "event_time": event["event_time"]}
                    table = pa.Table.from_pylist([row])
                    moment = table["event_time"].cast(pa.timestamp("us", "UTC"))
                    engine.void(table.set_column(table.column_names.index("event_time"),
                                                 "event_time", moment))  # fmt: skip
    return engine


@contextmanager
def disk_space(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_events_are_taken_in_and_the_source_knows_where_it_is(folder, broker):
    for number in range(30):
        broker.send(payment(number), partition=number % 3)
    with reading(folder, broker) as (live, source):
        assert [source.poll(0, 20), source.poll(0, 20), source.poll(0)] == [20, 10, 0]
        assert live.positions == {("payments", partition): 10 for partition in range(3)}
        assert live.digest() == replayed(broker).digest()
        broker.send(payment(30))
        figures = source.metrics()
        assert figures["headrace_kafka_messages_total"] == 30
        label = '{topic="payments",partition="0"}'
        assert figures[f"headrace_kafka_position{label}"] == 10
        assert figures[f"headrace_kafka_lag_messages{label}"] == 1
    assert broker.closed
    with reading(folder, broker) as (live, source):
        assert source.poll(0) == 1
        assert live.digest() == replayed(broker).digest()
    assert quarantine(folder) == []


def test_what_cannot_be_used_is_set_aside_with_its_reason_and_stops_nothing(folder, broker):
    table = pa.table({"card": ["c1", None], "amount": [1.5, 2.5], "id": ["x", "y"]})
    table = table.append_column("event_time", pa.array([US, US], pa.timestamp("us", "UTC")))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    without = pa.BufferOutputStream()
    with pa.ipc.new_stream(without, table.select(["card"]).schema) as writer:
        writer.write_table(table.select(["card"]))
    broker.send(payment(0))
    broker.send("not JSON 款")
    broker.send(b"\xc3\x28")
    broker.send(payment(1, amount=None))
    broker.send(None)
    broker.send(payment(2, event_time=-1))
    broker.send(sink.getvalue().to_pybytes())
    broker.send(without.getvalue().to_pybytes())
    broker.send(payment(3))
    broker.send("last")
    with reading(folder, broker) as (live, source):
        assert source.poll(0) == 10
        assert live.positions == {("payments", 0): 10}
        assert live.metrics()['headrace_features_rows_total{table="payment",outcome="added"}'] == 3
        assert source.metrics()["headrace_kafka_quarantined_total"] == 8
    found = {(line["offset"], line["row"]): line for line in quarantine(folder)}
    assert {
        place: line["reason"]
        for place, line in found.items()
        if place not in [(7, None), (2, None)]
    } == {
        (1, None): "Expecting value: line 1 column 1 (char 0)",
        (3, None): "column 'amount' is missing",
        (4, None): "it has no value",
        (5, None): "column 'event_time' lies outside the years 1970 to 2099",
        (6, 1): "column 'card' is missing",
        (9, None): "Expecting value: line 1 column 1 (char 0)",
    }
    assert "no column 'amount'" in found[7, None]["reason"]
    assert "can't decode" in found[2, None]["reason"]
    assert found[1, None]["value"] == "not JSON 款"
    assert found[2, None]["value"] == "\\xc3("
    assert found[4, None]["value"] is None
    assert {(line["topic"], line["partition"]) for line in found.values()} == {("payments", 0)}


def test_events_and_voids_come_in_topics_of_their_own(folder, broker):
    for number in range(20):
        broker.send(payment(number))
    for number in (3, 4, 50):
        broker.send(payment(number), "refunds", 1)
    topics = PAYMENTS, VOIDS
    with reading(folder, broker, topics) as (live, source):
        source.poll(0)
        assert live.positions == {("payments", 0): 20, ("refunds", 1): 3}
        assert live.digest() == replayed(broker, topics).digest()
        assert live.digest() != replayed(broker).digest()


@pytest.mark.parametrize("seed", range(60))
def test_a_crash_anywhere_neither_loses_nor_doubles(folder, broker, seed):
    """A crash is a copy of the folder at any moment, with none or all of what was not synced."""
    rng = np.random.default_rng(seed)
    events = 0
    for life in range(5):
        for number in range(events, events + 40):
            sent = (
                payment(number) if rng.random() < 0.9 else payment(int(rng.integers(99)), id=None)
            )
            broker.send(sent if rng.random() < 0.9 else "broken", partition=int(rng.integers(3)))
        events += 40
        with reading(folder, broker) as (live, source):
            for _ in range(rng.integers(4)):
                source.poll(0, int(rng.integers(1, 30)))
            copied = folder.with_name(f"life{life}")
            messages = broker.take(int(rng.integers(1, 30)), 0)
            step = rng.integers(3)
            source._take(PAYMENTS, messages)
            if step > 0:
                source._quarantine.write(source._checked)
            if rng.random() < 0.7:
                live._log.read()  # the system has it all, as after a kill
            if step > 1:
                live.snapshot()
            shutil.copytree(folder, copied)
        folder = copied
    with reading(folder, broker) as (live, source):
        while source.poll(0):
            pass
        wanted = replayed(broker)
        assert live.digest() == wanted.digest()
        assert sum(live.positions.values()) == events
        lines = [(line["partition"], line["offset"]) for line in quarantine(folder)]
        assert len(lines) == len(set(lines))
        assert set(lines) == {
            (partition, offset)
            for (_, partition), values in broker.topics.items()
            for offset, value in enumerate(values)
            if value == b"broken" or json.loads(value)["id"] is None
        }


def test_a_disk_that_refuses_the_log_makes_the_messages_come_again(folder, broker):
    for number in range(3_000):
        broker.send(payment(number) if number % 100 else "broken")
    with reading(folder, broker) as (live, source):
        source.poll(0, 50)
        with disk_space(10_000):
            for _ in range(2):
                with pytest.raises(StorageError, match="make space"):
                    source.poll(0)
            assert live.positions == {("payments", 0): 50}
        assert source.poll(0) == 2_950
        assert live.digest() == replayed(broker).digest()
    assert [line["offset"] for line in quarantine(folder)] == list(range(0, 3_000, 100))


def test_a_disk_that_refuses_the_quarantine_or_the_commit_is_tried_again_first(folder, broker):
    for number in range(40):
        broker.send(payment(number) if number % 4 else "broken" * 100)
    with reading(folder, broker) as (live, source):
        with disk_space(200):
            with pytest.raises(StorageError, match=r"quarantine.*make space"):
                source.poll(0, 30)
            with pytest.raises(StorageError, match="quarantine"):
                source.poll(0, 30)
        broker.send(payment(40))
        assert source.poll(0) == 11
        with disk_space(200):
            broker.send(payment(41))
            with pytest.raises(UnacknowledgedError):
                source.poll(0)
        assert source.poll(0) == 0
        assert live.metrics()["headrace_features_log_records_pending"] == 0
        assert live.digest() == replayed(broker).digest()
    assert [line["offset"] for line in quarantine(folder)] == list(range(0, 40, 4))
    with reading(folder, broker) as (live, source):
        assert source.poll(0) == 0
        assert live.digest() == replayed(broker).digest()


def test_messages_that_the_broker_deleted_are_named_until_they_are_given_up(folder, broker):
    for number in range(10):
        broker.send(payment(number))
    with reading(folder, broker) as (live, source):
        source.poll(0, 4)
    broker.first["payments", 0] = 6
    with LiveFeatures(folder, PLAN, LATENESS) as live:
        with pytest.raises(StorageError, match=r"messages 4 to 5 .* live\.advance") as caught:
            KafkaSource(live, broker, [PAYMENTS])
        exec(caught.value.remedy.split("call ")[1], {"live": live})  # noqa: S102 - our own text
        assert KafkaSource(live, broker, [PAYMENTS]).poll(0) == 4


def test_another_broker_is_noticed(folder, broker):
    for number in range(10):
        broker.send(payment(number))
    with reading(folder, broker) as (_, source):
        source.poll(0)
    anew = MemoryBroker()
    anew.send(payment(0))
    named = pytest.raises(StorageError, match=r"offset 10, the broker only up to 1.*new folder")
    with named, reading(folder, anew):
        pass


def test_a_topic_whose_beginning_is_gone_is_read_from_what_there_is(folder, broker):
    for number in range(10):
        broker.send(payment(number))
    broker.first["payments", 0] = 7
    with reading(folder, broker) as (live, source):
        label = '{topic="payments",partition="0"}'
        assert source.metrics()[f"headrace_kafka_lag_messages{label}"] == 3
        assert source.poll(0) == 3
        assert live.positions == {("payments", 0): 10}


def test_partitions_may_be_shared_between_engines_and_added(folder, broker):
    for number in range(12):
        broker.send(payment(number), partition=number % 4)
    with reading(folder, broker, [Topic("payments", partitions=(1, 3))]) as (live, source):
        assert source.poll(0) == 6
        assert live.positions == {("payments", 1): 3, ("payments", 3): 3}
    with reading(folder, broker) as (live, source):
        assert source.poll(0) == 6
        broker.send(payment(12), partition=9)
        assert source.poll(0) == 0
        source.begin()
        assert source.poll(0) == 1
        assert live.digest() == replayed(broker).digest()
    with (
        pytest.raises(InputError, match=r"no partition 7.*partitions: 0, 1, 2, 3, 9"),
        reading(folder, broker, [Topic("payments", partitions=(7,))]),
    ):
        pass


def test_a_table_that_the_plan_lacks_is_named_at_once(folder, broker):
    broker.send(payment(0))
    with (
        pytest.raises(InputError, match=r"no table 'refund'.*topic payments.*tables: payment"),
        reading(folder, broker, [Topic("payments", "refund")]),
    ):
        pass


def test_a_topic_named_twice_is_an_error(folder, broker):
    broker.send(payment(0))
    with (
        pytest.raises(InputError, match=r"named twice.*payments, payments"),
        reading(folder, broker, [PAYMENTS, Topic("payments", partitions=(0,))]),
    ):
        pass


def test_an_interrupt_while_messages_are_taken_in_loses_none(folder, broker):
    for number in range(20):
        broker.send(payment(number) if number % 5 else "broken", partition=number % 2)

    class Interrupted(MemoryBroker):
        def take(self, messages_max, wait_seconds):
            messages = super().take(messages_max, wait_seconds)
            if len(messages) > 6:
                raise KeyboardInterrupt
            return messages

    broker.__class__ = Interrupted
    with reading(folder, broker) as (live, source):
        assert source.poll(0, 5) == 5
        with pytest.raises(KeyboardInterrupt):
            source.poll(0, 10)
        while source.poll(0, 6):
            pass
        assert live.digest() == replayed(broker).digest()
        assert live.positions == {("payments", 0): 10, ("payments", 1): 10}
    assert len(quarantine(folder)) == 4


def test_a_torn_line_of_the_quarantine_is_dropped(folder, broker):
    broker.send("broken")
    broker.send(payment(0))
    with reading(folder, broker) as (_, source):
        source.poll(0)
    whole = (folder / "quarantine.jsonl").read_bytes()
    for torn in (b'{"topic": "payments", "par', b"[1]\n", b"\0\0\0\n", whole[:-1]):
        (folder / "quarantine.jsonl").write_bytes(whole + torn)
        with reading(folder, broker):
            assert (folder / "quarantine.jsonl").read_bytes() == whole


@pytest.mark.parametrize("mark", [None, b"", b"[[", b'[["payments", 0, 2]]'])
def test_where_it_is_not_known_to_be_complete_the_quarantine_is_made_again(folder, broker, mark):
    for number in range(10):
        broker.send(payment(number) if number % 3 else "broken")
    with reading(folder, broker) as (live, source):
        source.poll(0)
        before, lines = live.digest(), quarantine(folder)
    (folder / "quarantine.complete").unlink()
    if mark is not None:
        (folder / "quarantine.complete").write_bytes(mark)
    broker.first["payments", 0] = 2
    with reading(folder, broker) as (live, source):
        assert source.poll(0) == 8
        assert source.poll(0) == 0
        assert (live.digest(), live.records) == (before, 1)
    found = quarantine(folder)
    assert found == [line for line in lines if line in found]
    assert {line["offset"] for line in found} >= {3, 6, 9}

"""Kafka, the real one: offsets and state commit together, whatever is killed and when."""

import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from kafka_broker import missing, running

from headrace.adapters.kafka import KafkaSource, Take, Topic, connect
from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.segment_log import StorageError
from headrace.errors import InputError
from headrace.features.aggregates import Count, Deviation, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding

confluent = pytest.importorskip("confluent_kafka")
admin = pytest.importorskip("confluent_kafka.admin")
pytestmark = pytest.mark.services

US = 1_767_601_800_000_000
DAY_US = 86_400_000_000
LATENESS = timedelta(days=90)
TABLE = Table(
    "payment",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, places=2, required=True),
    ),
    ("card",),
)
WEEK = Sliding(timedelta(days=7))
MEASURES = (
    Measure("count_7d", Count(), window=WEEK),
    Measure("sum_7d", Sum("amount"), window=WEEK),
    Measure("deviation_7d", Deviation("amount"), window=WEEK),
)
PLAN = compile_plan(make_plan(FeatureSet((TABLE,), MEASURES)))
TOPICS = (Topic("payments"), Topic("refunds", "payment", Take.VOIDS))
PARTITIONS = 4
QUIET = {"log_level": "0"}  # a broker that is killed on purpose is no news
EVENTS_KEPT = 'headrace_features_events{space="payment by card"}'


def warm():
    """Compile before the first life."""
    engine = StreamEngine(PLAN, LATENESS)
    engine.push(table_of([payment(0)]))
    engine.void(table_of([payment(0)]))


def payment(number, **changed):
    return {
        "id": f"p{number}",
        "card": f"卡{number % 37}",
        "amount": number % 97 + 0.25,
        "event_time": US + number * 60_000_000,
    } | changed


def table_of(events):
    names = events[0].keys()
    table = pa.table({name: [event[name] for event in events] for name in names})
    moments = pa.array(table["event_time"].to_pylist(), pa.timestamp("us", "UTC"))
    return table.set_column(table.column_names.index("event_time"), "event_time", moments)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    if missing():
        pytest.skip(f"{missing()}; run `make test-services`")
    with running(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def topics(kafka):
    """The two topics, empty; taken away at the end."""
    client = admin.AdminClient({"bootstrap.servers": kafka.servers} | QUIET)
    several = [confluent.admin.NewTopic(topic.name, PARTITIONS) for topic in TOPICS]
    for made in client.create_topics(several).values():
        made.result(20)
    yield client
    for gone in client.delete_topics([topic.name for topic in TOPICS]).values():
        gone.result(20)
    while {topic.name for topic in TOPICS} & client.list_topics(timeout=5).topics.keys():
        time.sleep(0.1)


@contextmanager
def sending(kafka):
    """A function that sends; all is with the broker at the end."""
    producer = confluent.Producer({"bootstrap.servers": kafka.servers, "linger.ms": 5} | QUIET)
    failed = []

    def send(value, topic="payments", partition=None):
        key = value.get("card") if isinstance(value, dict) else "none"
        value = json.dumps(value) if isinstance(value, dict) else value
        where = {} if partition is None else {"partition": partition}
        producer.produce(
            topic,
            value,
            key,
            on_delivery=lambda error, _: error and failed.append(error),
            **where,
        )
        producer.poll(0)

    yield send
    assert producer.flush(30) == 0
    assert failed == []


@contextmanager
def reading(kafka, folder, topics=TOPICS, lateness=LATENESS):
    with (
        LiveFeatures(folder, PLAN, lateness) as live,
        KafkaSource(live, connect(kafka.servers, QUIET), topics) as source,
    ):
        yield live, source


def drain(source):
    """Poll until nothing comes any more; returns how many messages came."""
    found = 0
    while some := source.poll(1.0):
        found += some
    return found


def everything(kafka):
    """All messages there are, by a consumer of its own: topic, partition, offset, value."""
    consumer = confluent.Consumer({"bootstrap.servers": kafka.servers, "group.id": "all"})
    places = [(topic.name, partition) for topic in TOPICS for partition in range(PARTITIONS)]
    left = 0
    for place in places:
        first, end = consumer.get_watermark_offsets(confluent.TopicPartition(*place), timeout=10)
        left += end - first
    consumer.assign([confluent.TopicPartition(*place, 0) for place in places])
    found = []
    while len(found) < left:
        message = consumer.poll(10)
        found.append((message.topic(), message.partition(), message.offset(), message.value()))
    consumer.close()
    return sorted(found)


def replayed(messages):
    """The slow way: an engine that is given every good message by itself."""
    engine = StreamEngine(PLAN, LATENESS)
    for topic, _, _, value in messages:
        if good(value):
            event = json.loads(value)
            if topic == "payments":
                engine.push_one(event)
            else:
                engine.void(table_of([event]))
    return engine


def seen(engine):
    """Every value of every card, every six hours: events and their voids, in whatever order.

    The digest also knows whether a void came before its event, and two topics have no order.
    """
    moments = [US + hour * 3_600_000_000 for hour in range(-30 * 24, 18 * 24, 6)]
    asked = [(f"卡{card}", moment) for card in range(37) for moment in moments]
    cards, at = zip(*asked, strict=True)
    keys = pa.table({"card": cards, "at": pa.array(at, pa.timestamp("us", "UTC"))})
    values = engine.read(keys, "at").to_pylist()
    assert any(row["deviation_7d"] for row in values)
    return values


def good(value):
    return value.endswith(b"}") and json.loads(value)["amount"] is not None


def stream(number, seed=1):
    """Payments in order of arrival: late, twice, broken."""
    rng = np.random.default_rng(seed)
    for at in range(number):
        chance = rng.random()
        if chance < 0.02:
            yield "payments", str(rng.choice(["broken", "[1]", "{", "\x07"]))
        elif chance < 0.04:
            yield "payments", payment(at, amount=None)
        elif chance < 0.08 and at:
            yield "payments", payment(int(rng.integers(at)))
        elif chance < 0.11 and at:
            yield "refunds", payment(int(rng.integers(at)))
        else:
            late = int(rng.integers(30 * DAY_US)) if rng.random() < 0.1 else 0
            yield "payments", payment(at, event_time=US + at * 60_000_000 - late)


# --- Kills ---------------------------------------------------------------------------------------


class Lives:
    """The process that makes lives; each is killed after a while."""

    def __init__(self, servers):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("kafka_life.py"), servers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill_one(self, folder, messages_max, polls, seconds):
        """Kill a life some time after so many polls; returns what it was told is durable."""
        self.process.stdin.write(f"{folder} {messages_max}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        told = 0
        for _ in range(polls):
            told = int(self.process.stdout.readline())
        time.sleep(seconds)
        subprocess.run(["kill", "-9", str(pid)], check=True)
        while (line := self.process.stdout.readline().strip()) != "over":
            told = int(line)
        return told

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)


def test_a_kill_anywhere_neither_loses_nor_doubles(kafka, topics, tmp_path):
    rng = np.random.default_rng(11)
    sent = list(stream(24_000))
    with sending(kafka) as send:
        for topic, value in sent:
            send(value, topic)
    lives = Lives(kafka.servers)
    told, kills = 0, 20
    try:
        for _ in range(kills):
            messages_max = int(rng.choice([20, 200, 1_000]))
            polls, seconds = int(rng.integers(0, 4)), float(rng.uniform(0, 0.02))
            told = max(told, lives.kill_one(tmp_path / "live", messages_max, polls, seconds))
    finally:
        lives.end()
    with reading(kafka, tmp_path / "live") as (live, source):
        before = sum(live.positions.values())
        assert before >= told > 0, "something that was durable is gone"
        drain(source)
        messages = everything(kafka)
        assert len(messages) == sum(live.positions.values()) == len(sent)
        wanted = replayed(messages)
        assert seen(live) == seen(wanted), "a message is lost, altered or doubled"
        assert live.engine.metrics()[EVENTS_KEPT] == wanted.metrics()[EVENTS_KEPT]
        assert not any("lag" in name and lag for name, lag in source.metrics().items())
    lines = (tmp_path / "live" / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()
    found = [
        (line["topic"], line["partition"], line["offset"], line["value"].encode())
        for line in map(json.loads, lines)
    ]
    assert sorted(found) == [message for message in messages if not good(message[3])]
    print(f"\n{kills} kills; {before} of {len(sent)} messages were durable before the last life")  # noqa: T201 - shown by -s


# --- What a broker does --------------------------------------------------------------------------


def test_the_offsets_of_a_consumer_group_mean_nothing(kafka, topics, tmp_path):
    with sending(kafka) as send:
        for number in range(40):
            send(payment(number), partition=number % PARTITIONS)
    with reading(kafka, tmp_path) as (_, source):
        assert source.poll(5, 1) == 1
    consumer = confluent.Consumer({"bootstrap.servers": kafka.servers, "group.id": "headrace"})
    consumer.commit(
        offsets=[confluent.TopicPartition("payments", each, 9) for each in range(PARTITIONS)],
        asynchronous=False,
    )
    consumer.close()
    with reading(kafka, tmp_path) as (live, source):
        assert drain(source) == 39
        assert live.digest() == replayed(everything(kafka)).digest()


def test_transactions_that_were_given_up_are_not_seen(kafka, topics, tmp_path):
    producer = confluent.Producer(
        {"bootstrap.servers": kafka.servers, "transactional.id": "t", "client.id": "t"}
    )
    producer.init_transactions(20)
    for number, end in enumerate(["commit", "abort", "commit"]):
        producer.begin_transaction()
        producer.produce("payments", json.dumps(payment(number)), partition=0)
        producer.flush(20)  # a transaction that has sent nothing yet cannot be ended
        getattr(producer, f"{end}_transaction")(20)
    with reading(kafka, tmp_path) as (live, source):
        assert drain(source) == 2
        counted = live.metrics()['headrace_features_rows_total{table="payment",outcome="added"}']
        assert counted == 2
    with reading(kafka, tmp_path) as (live, source):
        assert drain(source) == 0


def test_arrow_messages_are_taken_in_whole(kafka, topics, tmp_path):
    events = [payment(number) for number in range(1_000)]
    with sending(kafka) as send:
        for first in range(0, 1_000, 100):
            table = table_of(events[first : first + 100])
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            send(sink.getvalue().to_pybytes())
    with reading(kafka, tmp_path) as (live, source):
        assert drain(source) == 10
        wanted = StreamEngine(PLAN, LATENESS)
        wanted.push(table_of(events))
        assert live.digest() == wanted.digest()


def test_messages_that_were_deleted_are_named_until_they_are_given_up(kafka, topics, tmp_path):
    with sending(kafka) as send:
        for number in range(10):
            send(payment(number), partition=0)
    with reading(kafka, tmp_path) as (_, source):
        assert source.poll(5, 4) == 4
    place = confluent.TopicPartition("payments", 0, 6)
    for deleted in topics.delete_records([place]).values():
        deleted.result(20)
    with pytest.raises(StorageError, match="messages 4 to 5 were never taken in"):
        reading(kafka, tmp_path).__enter__()
    with LiveFeatures(tmp_path, PLAN, LATENESS) as live:
        live.advance({("payments", 0): 6})
    with reading(kafka, tmp_path) as (live, source):
        assert drain(source) == 4
        assert live.positions["payments", 0] == 10


def test_a_disk_that_refuses_makes_the_messages_come_again(kafka, topics, tmp_path):
    import resource  # noqa: PLC0415  (with the one test that limits files)

    with sending(kafka) as send:
        for topic, value in stream(3_000):
            send(value, topic)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with reading(kafka, tmp_path) as (live, source):
        assert source.poll(5, 10) >= 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        try:
            for _ in range(2):
                with pytest.raises(StorageError, match="make space"):
                    drain(source)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sum(live.positions.values()) < 3_000
        drain(source)
        assert sum(live.positions.values()) == 3_000
        assert seen(live) == seen(replayed(everything(kafka)))


def test_a_topic_that_is_not_there_and_a_server_that_does_not_answer(kafka, tmp_path):
    with (
        pytest.raises(InputError, match=r"Kafka refuses topic 'nowhere'.*127\.0\.0\.1"),
        reading(kafka, tmp_path, [Topic("nowhere", "payment")]),
    ):
        pass
    silent = connect("127.0.0.1:1", QUIET, answer_seconds=0.5)
    with LiveFeatures(tmp_path, PLAN) as live, pytest.raises(InputError, match="Kafka refuses"):
        KafkaSource(live, silent, TOPICS)
    silent.close()
    with pytest.raises(InputError, match=r"library refuses.*no\.such\.setting"):
        connect(kafka.servers, {"no.such.setting": "1"})


def test_a_broker_that_is_killed_and_comes_back_is_read_on(kafka, topics, tmp_path):
    with reading(kafka, tmp_path) as (live, source):
        with sending(kafka) as send:
            for number in range(500):
                send(payment(number))
        assert drain(source) == 500
        kafka.stop(signal.SIGKILL)
        assert source.poll(0.2) == 0
        kafka.start()
        with sending(kafka) as send:
            for number in range(500, 1_000):
                send(payment(number))
        deadline = time.monotonic() + 60
        while sum(live.positions.values()) < 1_000 and time.monotonic() < deadline:
            source.poll(1.0)
        assert live.digest() == replayed(everything(kafka)).digest()

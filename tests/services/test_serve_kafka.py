"""The service on a real Kafka: events in, decisions out, whatever is killed in between."""

import json
import signal
import time
from collections import Counter, defaultdict

import pytest
from kafka_broker import missing, running
from serving import Client, serve, served

from headrace.adapters.live.decision_log import opened_log
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.live.records import read_record

confluent = pytest.importorskip("confluent_kafka")
admin = pytest.importorskip("confluent_kafka.admin")
pytestmark = pytest.mark.services

QUIET = {"log_level": "0"}  # a broker that is killed on purpose is no news
US = 1_767_601_800_000_000
TOML = """
[kafka]
servers = "{servers}"
decided = "payments"
answers = "decisions"
events = {{ fraud_report = "frauds" }}
"""


def payment(number):
    return {
        "id": f"K-{number}",
        "event_time": US + number * 1_000_000,
        "customer": f"C{number % 50}",
        "terminal": f"T{number % 30}",
        "amount": 1_000 + number,
    }


def send(servers, values):
    producer = confluent.Producer({"bootstrap.servers": servers} | QUIET)
    for number, value in enumerate(values):
        text = json.dumps(value) if isinstance(value, dict) else value
        producer.produce("payments", text, partition=number % 2)
    assert producer.flush(30) == 0


class Answers:
    """What was published: values by key."""

    def __init__(self, servers):
        self.found = defaultdict(list)
        self._consumer = confluent.Consumer(
            {"bootstrap.servers": servers, "group.id": "all"} | QUIET
        )
        self._consumer.assign([confluent.TopicPartition("decisions", 0, 0)])

    def wait_for(self, count, seconds=60):
        until = time.monotonic() + seconds
        while len(self.found) < count:
            assert time.monotonic() < until, f"{len(self.found)} of {count}"
            for each in self._consumer.consume(500, 0.2):
                if each.error() is None:
                    self.found[each.key().decode()].append(each.value())


def wait_until(client, kafka, seconds=40):
    """Wait until readiness says this of Kafka."""
    until = time.monotonic() + seconds
    while True:
        told = client.ask("GET", "/readyz").json["checks"]
        if told.get("kafka") == kafka:
            return
        assert time.monotonic() < until, told
        time.sleep(0.2)


def test_events_come_by_kafka_whatever_is_killed(tmp_path):
    if missing():
        pytest.skip(f"{missing()}; run `make test-services`")
    (tmp_path / "kafka").mkdir()
    folder, log = tmp_path / "place", tmp_path / "service.log"
    folder.mkdir()
    with running(tmp_path / "kafka") as kafka:
        client = admin.AdminClient({"bootstrap.servers": kafka.servers} | QUIET)
        names = {"payments": 2, "decisions": 1, "frauds": 1}
        topics = [confluent.admin.NewTopic(name, count) for name, count in names.items()]
        for made in client.create_topics(topics).values():
            made.result(20)
        (folder / "headrace.toml").write_text(TOML.format(servers=kafka.servers))
        send(kafka.servers, [*map(payment, range(1_000)), "{oops", payment(7) | {"amount": None}])
        answers = Answers(kafka.servers)
        life = serve(folder, log)
        answers.wait_for(200)
        life.kill()
        with served(folder, log) as life:
            answers.wait_for(1_000)
            asked = Client(life.port)
            wait_until(asked, "ok")
            kafka.stop(signal.SIGKILL)
            wait_until(asked, "away")
            kafka.start()
            send(kafka.servers, map(payment, range(1_000, 1_100)))
            answers.wait_for(1_100)
            wait_until(asked, "ok")
    assert {len(set(values)) for values in answers.found.values()} == {1}, "the same bytes"
    assert set(answers.found) == {f"K-{number}" for number in range(1_100)}
    with opened_log(folder / "live") as found:
        records = ((number, read_record(payload)) for number, payload in found.read(0))
        decided = Counter(each["decision"] for _, some in decisions_in(records) for each in some)
    assert set(decided.values()) == {1}, "each event is decided once"
    assert set(decided) == set(answers.found)
    lines = (folder / "live" / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()
    held = sorted((line["partition"], line["offset"]) for line in map(json.loads, lines))
    assert held == [(0, 500), (1, 500)]

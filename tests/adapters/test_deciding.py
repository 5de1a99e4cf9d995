"""A source that feeds decisions: each event decided once, told once it is on the disk."""

import pyarrow as pa
import pytest
from test_kafka_source import MemoryBroker, payment

from card_policy import opened
from headrace.adapters.kafka import KafkaSource, Topic
from headrace.adapters.live.deciding import Deciding
from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.policy_sheets import read_workbook

TOPICS = (Topic("payments", "payment"), Topic("refunds", "refund"))


@pytest.fixture
def broker():
    found = MemoryBroker()
    for number in range(9):
        found.send(payment(number))
    found.send(payment(8, card="c1"), "refunds")
    return found


def drain(source):
    while source.poll(0):
        pass


def test_events_of_a_topic_are_decided_as_they_come_and_told_when_durable(tmp_path, broker):
    told = []
    with opened(tmp_path) as decisions:
        deciding = Deciding(decisions, told.append)
        with KafkaSource(deciding, broker, TOPICS) as source:
            drain(source)
        assert deciding.positions == {("payments", 0): 9, ("refunds", 0): 1}
    rows = pa.concat_tables(told).to_pylist()
    assert [row["decision"] for row in rows] == [f"p{number}" for number in range(9)]
    # p6, p7 and p8 are the third payments of their cards; the refund comes behind them
    assert [row["reason"] for row in rows] == ["few"] * 6 + ["many"] * 3


def test_after_a_restart_it_goes_on_where_it_stood_and_decides_nothing_twice(tmp_path, broker):
    told = []
    with (
        opened(tmp_path) as decisions,
        KafkaSource(Deciding(decisions, told.append), broker, TOPICS) as source,
    ):
        drain(source)
    for number in range(9, 12):
        broker.send(payment(number))
    with (
        opened(tmp_path) as decisions,
        KafkaSource(Deciding(decisions, told.append), broker, TOPICS) as source,
    ):
        drain(source)
        assert decisions.recovered == 0
    rows = pa.concat_tables(told).to_pylist()
    assert [row["decision"] for row in rows] == [f"p{number}" for number in range(12)]
    assert {row["decision"]: row["reason"] for row in rows}["p10"] == "refunded"  # card c1
    found = replay_log(tmp_path, read_workbook)
    assert (found.decisions, found.differ, found.causes) == (12, 0, [])


def test_what_a_process_left_untold_is_told_by_the_next(tmp_path, broker):
    """It died after its decisions were durable: positions are too, so no event comes again."""
    told = []

    def dies(table):
        raise KeyboardInterrupt

    with opened(tmp_path) as decisions:
        source = KafkaSource(Deciding(decisions, dies), broker, TOPICS)
        with pytest.raises(KeyboardInterrupt):
            drain(source)
    with opened(tmp_path) as decisions:
        Deciding(decisions, told.append)
    (table,) = told
    assert table["decision"].to_pylist() == [f"p{number}" for number in range(9)]
    with opened(tmp_path) as decisions:  # told once: not again
        Deciding(decisions, told.append)
        decisions.decide_one(payment(30))
        assert len(told) == 1


def test_decisions_made_one_by_one_are_told_at_the_next_commit(tmp_path):
    told = []
    with opened(tmp_path) as decisions:
        deciding = Deciding(decisions, told.append)
        decisions.submit_one(payment(1))
        decisions.submit_one(payment(2))
        assert told == []
        deciding.commit()
    assert [table.num_rows for table in told] == [2]

"""Decisions in flight: events to features to a thousand rules to a durable record, and again."""

import gc
import hashlib
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found, agreed
from workloads import rules, swf12, swf12_features
from workloads.swf12 import QUERIES

from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.live.decisions import LiveDecisions, decisions_in
from headrace.adapters.live.features import LiveFeatures
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.rollout import Deployment
from headrace.decisions.tables.sheet import write_csv
from headrace.features.definition import FeatureSet
from headrace.features.engines.stream import StreamEngine
from headrace.workflows.policies import in_force

RULES = 1_000
RATE = 10_000
"""Events a second that fall due one by one, in memory."""
STREAM_RATE = 52_000
"""Events a second that fall due in the stream, each acknowledged when it is on the disk."""
TAKE_MAX = 5_000
POLICY = """
policy: benchmark
customer: card
inputs:
  card: number
  amount: number
  group: string
steps:
- table: rules
exposure: amount
"""


def feature_set() -> FeatureSet:
    """The twelve features."""
    return swf12_features.compiled(QUERIES[12]).plan.feature_set


@cache
def sample(events: int = 20_000) -> pa.Table:
    """Features and amounts that rules are drawn from: the last of twice as many events."""
    drawn = swf12.published(2 * events)
    table = swf12_features.payments(drawn)
    values = StreamEngine(swf12_features.compiled(QUERIES[12])).push(table).table
    return values.append_column("amount", table["amount"]).slice(events)


def version(count: int = RULES, seed: int = rules.SEED) -> InForce:
    """A version of the policy: so many rules, drawn by a seed."""
    table = rules.table_of(rules.rows_of(sample(), count, seed))
    files = {"policy.yaml": POLICY.encode(), "rules.csv": write_csv(table)}
    return in_force(files, _no_sheets, feature_set(), timedelta(days=1))


def _no_sheets(_content: bytes, file: str) -> dict[str, list[tuple[int, list[str]]]]:
    raise NotADirectoryError(file)


def payments(events: swf12.Events) -> pa.Table:
    """Events with what the rules read beside features."""
    return swf12_features.payments(events).append_column("group", rules.group_of(events))


@contextmanager
def live(deployed: InForce) -> Iterator[LiveDecisions]:
    """Live decisions in a folder of their own."""
    compiled = swf12_features.compiled(QUERIES[12])
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveDecisions(
            lambda tell: LiveFeatures(Path(folder), compiled, on_replay=tell),
            Deployment(deployed),
            "payments",
        ) as opened,
    ):
        yield opened


def single(events_count: int, asked: int) -> Found:
    """One event at a time: features, rules, the record appended; not waited for by the disk."""
    table = payments(swf12.published(events_count))
    first = events_count - asked
    with live(version()) as decisions:
        for at in range(0, first, 10_000):
            decisions.submit(table.slice(at, min(10_000, first - at)))
        plain = table.slice(first)
        at = plain.schema.get_field_index("event_time")
        rows = plain.set_column(at, "event_time", plain["event_time"].cast(pa.int64())).to_pylist()
        for row in rows[: asked // 10]:
            decisions.submit_one(row)
        latencies, reasons = np.empty(len(rows) - asked // 10), []
        gc.collect()
        start = time.perf_counter() + 0.01
        for number, row in enumerate(rows[asked // 10 :]):
            due = start + number / RATE
            while time.perf_counter() < due:
                pass
            record, _ = decisions.submit_one(row)
            latencies[number] = time.perf_counter() - due
            reasons.append(record["reason"])
    digest = hashlib.sha256("\n".join(reasons).encode()).hexdigest()
    p50, p99, p999 = np.percentile(latencies, (50, 99, 99.9)).tolist()
    return Found({"p50_seconds": p50, "p99_seconds": p99, "p999_seconds": p999}, digest)


def sustained(events_count: int, seconds: float) -> Found:
    """A stream that does not wait: what fell due is decided together and synced once."""
    table = payments(swf12.published(events_count))
    warm = events_count // 5
    count = min(events_count - warm, int(STREAM_RATE * seconds))
    with live(version()) as decisions:
        for at in range(0, warm, 1_000):
            decisions.submit(table.slice(at, min(1_000, warm - at)))
        decisions.commit()
        latencies = np.empty(count)
        gc.collect()
        gc.freeze()  # what was imported is not looked through again: docs/guides/decide.md
        done, start = 0, time.perf_counter() + 0.01
        while done < count:
            fallen = min(int((time.perf_counter() - start) * STREAM_RATE), count, done + TAKE_MAX)
            if fallen <= done:
                time.sleep(0.0002)
                continue
            decisions.decide(table.slice(warm + done, fallen - done))
            now = time.perf_counter()
            latencies[done:fallen] = now - start - np.arange(done, fallen) / STREAM_RATE
            done = fallen
        took = time.perf_counter() - start
        records = _reasons(decisions)
    if len(records) != warm + count:
        raise DisagreementError(f"{warm + count} events, {len(records)} decisions")
    p50, p99 = np.percentile(latencies, (50, 99)).tolist()
    digest = hashlib.sha256("\n".join(records).encode()).hexdigest()
    return Found({"per_second": count / took, "p50_seconds": p50, "p99_seconds": p99}, digest)


def _reasons(decisions: LiveDecisions) -> list[str]:
    return [
        record["reason"]
        for _, records in decisions_in(decisions.live.read_log())
        for record in records
    ]


def swapped(events_count: int, swaps: int) -> Found:
    """Two threads decide while a third swaps the version: decisions lost, or of two versions."""
    one, two = version(200), version(200, seed=rules.SEED + 1)
    table = payments(swf12.published(events_count))
    half = events_count // 2
    with live(one) as decisions:
        writers = [
            threading.Thread(target=_write, args=(decisions, table.slice(0, half))),
            threading.Thread(target=_write, args=(decisions, table.slice(half))),
        ]
        for writer in writers:
            writer.start()
        done = 0
        while any(writer.is_alive() for writer in writers):
            decisions.deploy(Deployment((two, one)[done % 2]))
            done += 1
            time.sleep(0.001)
        while done < swaps:
            decisions.deploy(Deployment((two, one)[done % 2]))
            done += 1
        made = [record for _, each in decisions_in(decisions.live.read_log()) for record in each]
    by = {one.digest: one, two.digest: two}
    mixed = sum(not _says(by[record["in_force"]], record) for record in made)
    lost = events_count - len(made)
    told = sorted(f"{record['decision']} {record['in_force']}" for record in made)
    digest = hashlib.sha256("\n".join(told[:1]).encode()).hexdigest()
    return Found({"lost": lost, "mixed": mixed, "swaps": done}, digest)


def _write(decisions: LiveDecisions, table: pa.Table) -> None:
    for at in range(0, table.num_rows, 50):
        decisions.submit(table.slice(at, 50))


def _says(deployed: InForce, record: dict[str, object]) -> bool:
    """Whether the rule that a record cites gives its action and reason in that version."""
    fired = record["fired"]
    assert isinstance(fired, dict)
    rule = deployed.program.policy.tables["rules"].rules[fired["rules"][0] - 1]
    said = [cell.value for cell in rule.outputs if hasattr(cell, "value")]
    return said == [record["action"], record["reason"]]


def replayed(events_count: int) -> Found:
    """Every decision of a run made again from its log: how many differ."""
    table = payments(swf12.published(events_count))
    compiled = swf12_features.compiled(QUERIES[12])
    with tempfile.TemporaryDirectory() as folder:
        with LiveDecisions(
            lambda tell: LiveFeatures(Path(folder), compiled, on_replay=tell),
            Deployment(version()),
            "payments",
        ) as decisions:
            for at in range(0, events_count, 500):
                decisions.submit(table.slice(at, min(500, events_count - at)))
            reasons = _reasons(decisions)
        began = time.perf_counter()
        found = replay_log(Path(folder), _no_sheets)
        seconds = time.perf_counter() - began
    if found.decisions != events_count:
        raise DisagreementError(f"{events_count} decisions, {found.decisions} made again")
    digest = hashlib.sha256("\n".join(reasons).encode()).hexdigest()
    figures = {"differ": found.differ, "per_second": events_count / seconds}
    return Found(figures, agreed("replay", recorded=digest))

"""Decisions in flight: durable, once, by one version each, whatever happens in between."""

import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from full_disk import disk_space

from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.live.decisions import LiveDecisions, decisions_in, policies_in
from headrace.adapters.live.features import LiveFeatures, UnacknowledgedError
from headrace.adapters.live.records import EVENTS, ONE
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.segment_log import SegmentLog, StorageError
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.flow.record import canonical
from headrace.decisions.flow.rollout import Beside, Deployment, Mode
from headrace.errors import InputError
from headrace.features.aggregates import Count, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.workflows.policies import in_force, load_policy

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Sliding(timedelta(days=7))
FEATURES = FeatureSet(
    (
        Table(
            "payment",
            (
                Column("card", ColumnType.CATEGORY, required=True),
                Column("amount", ColumnType.NUMBER, places=2, required=True),
            ),
            ("card",),
        ),
        Table("refund", (Column("card", ColumnType.CATEGORY, required=True),), ("card",)),
    ),
    (
        Measure("count_7d", Count(), window=WEEK, table="payment"),
        Measure("sum_7d", Sum("amount"), window=WEEK, table="payment"),
        Measure("refunds_7d", Count(), window=WEEK, table="refund"),
    ),
)
COMPILED = compile_plan(make_plan(FEATURES))
POLICY = """
policy: cards
customer: card
time zone: Asia/Shanghai
inputs: {card: string, amount: number, note: string}
steps:
- list: blocked
  kind: black
  by: card
- table: velocity
otherwise: approve
"""
VELOCITY = """# table,velocity
# hit policy,FIRST
in:count_7d,in:amount,out:action,out:reason
> 4,-,step_up,many
-,> 50,refer,LABEL
-,-,approve,few
"""
LISTS = """list,value,scope,valid_from,valid_until,reason,owner,recorded
blocked,c3,,,,stolen,desk,2026-01-05T12:00Z
"""
MODELLED = POLICY.replace("- table", "- model: slow\n  within ms: 5\n  fallback: null\n- table")
NOTED = POLICY.replace("- table", "- value: seen\n  is: note\n- table")
VALUED = POLICY.replace("- table", '- value: odd\n  is: if amount > 50 then "a" else 1\n- table')
SMALL_SEGMENTS = partial(SegmentLog.open, segment_bytes=4_000)
MEMORY = Path("/dev") / "shm"  # syncs cost nothing there


class Slow:
    """A model."""

    names = ("amount",)

    def probability(self, x):
        return x[:, 0] / 100

    def digest(self):
        return "slow"


def version(label="large", policy=POLICY, models=None, features=FEATURES):
    files = {"policy.yaml": policy, "velocity.csv": VELOCITY.replace("LABEL", label)}
    files["lists.csv"] = LISTS
    content = {name: text.encode() for name, text in files.items()}
    if models is None:
        return in_force(content, read_workbook, features, DAY)
    return with_models(content, models)


def with_models(content, models):
    kinds = dict.fromkeys(("count_7d", "sum_7d", "refunds_7d"), "number")
    loaded = load_policy(content, read_workbook, kinds)
    program = FlowProgram(loaded.policy, models, loaded.lists)
    inputs = {**kinds, **loaded.policy.inputs}
    return InForce(program, inputs, StreamEngine(COMPILED).plan_digest, content)


FIRST, SECOND = version(), version("big")


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name) / "live"


def opened(folder, deployment=None, ask=None, **options):
    return LiveDecisions(
        lambda tell: LiveFeatures(folder, COMPILED, on_replay=tell, **options),
        deployment or Deployment(FIRST),
        "payment",
        ask,
    )


def payment(number):
    rng = np.random.default_rng(number)
    return {
        "id": f"p{number}",
        "card": f"c{rng.integers(6)}",
        "amount": float(rng.integers(1, 10_000)) / 100,
        "event_time": START + timedelta(minutes=20 * number),
    }


def payments(first, count):
    return table_of([payment(number) for number in range(first, first + count)])


def table_of(rows):
    schema = pa.schema(
        [
            *(("id", pa.string()), ("card", pa.string()), ("amount", pa.float64())),
            ("event_time", pa.timestamp("us", "UTC")),
        ]
    )
    return pa.Table.from_pylist(rows, schema)


def recorded(folder):
    """All decisions of the log, in order."""
    with LiveFeatures(folder, COMPILED) as live:
        return [each for _, records in decisions_in(live.read_log()) for each in records]


def followed(folder):
    return [each for each in recorded(folder) if each["effective"]]


def events_in(folder):
    """The ids of all events in the log that are decided, as they came."""
    with LiveFeatures(folder, COMPILED) as live:
        records = [each for _, each in live.read_log() if each.table == "payment"]
    ids = []
    for each in records:
        if each.kind == EVENTS:
            ids += each.events()["id"].to_pylist()
        elif each.kind == ONE:
            ids.append(each.event()["id"])
    return ids


def check_once(folder):
    """Every event has one decision that is followed, and a replay gives the same bytes."""
    ids = Counter(each["decision"] for each in followed(folder))
    assert ids == dict.fromkeys(events_in(folder), 1)
    found = replay_log(folder, read_workbook)
    assert (found.differ, found.causes, found.unreadable) == (0, [], {})
    assert found.decisions >= len(ids)


# --- deciding


def test_a_batch_and_single_events_are_decided_alike(tmp_path):
    with opened(tmp_path / "batch") as decisions:
        decisions.decide(payments(0, 60))
    with opened(tmp_path / "one") as decisions:
        alone = [decisions.decide_one(payment(number)) for number in range(60)]
    with_batch = followed(tmp_path / "batch")
    varying = {"event": 0, "row": 0, "latency_us": 0}
    for one, other in zip(alone, with_batch, strict=True):
        assert canonical(one | varying) == canonical(other | varying)
    reasons = Counter(each["reason"] for each in with_batch)
    assert reasons.keys() == {"few", "large", "many", "stolen"}
    for each in (tmp_path / "batch", tmp_path / "one"):
        check_once(each)


def test_what_is_told_is_what_is_recorded(folder):
    with opened(folder) as decisions:
        told = decisions.decide(payments(0, 30)).table.to_pylist()
        one = decisions.decide_one(payment(30))
        assert decisions.find("p30") == json.loads(canonical(one))
        assert decisions.find("nobody") is None
        for row in told:
            found = decisions.find(row["decision"])
            assert row == {name: found[name] for name in row}
    assert [row["row"] for row in told] == list(range(30))


def test_events_of_another_table_only_move_features(folder):
    refund = pa.table({"id": ["r1"], "card": ["c1"], "event_time": pa.array([START])})
    with opened(folder) as decisions:
        assert not decisions.decides("refund")
        decisions.live.push(refund, "refund")
        assert decisions.decide(payments(0, 3)).table.num_rows == 3
    assert len(followed(folder)) == 3


def test_what_comes_again_gets_the_decision_it_got(folder):
    with opened(folder) as decisions:
        first = decisions.decide(payments(0, 20)).table.to_pylist()
        single = decisions.decide_one(payment(20))
        decisions.deploy(Deployment(SECOND))
        again = decisions.decide(payments(10, 15)).table.to_pylist()
        by_id = {row["decision"]: row for row in again}
        for row in first[10:]:
            assert by_id[row["decision"]] == row | {"row": row["row"] - 10}
        assert by_id["p20"]["reason"] == single["reason"]
        assert canonical(decisions.decide_one(payment(20))) == canonical(single)
        assert decisions.decide_one(payment(3))["in_force"] == FIRST.digest
    with opened(folder) as decisions:
        assert canonical(decisions.decide_one(payment(20))) == canonical(single)
    assert len(followed(folder)) == 25


def test_an_event_twice_in_one_batch_is_decided_once(folder):
    rows = [payment(1), payment(2), payment(1)]
    with opened(folder) as decisions:
        told = decisions.decide(table_of(rows)).table.sort_by("row").to_pylist()
    assert [row["decision"] for row in told] == ["p1", "p2", "p1"]
    assert told[0]["reason"] == told[2]["reason"]
    assert len(followed(folder)) == 2


def test_many_that_come_again_are_found_at_once(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 2_000))
        start = time.monotonic()
        assert decisions.decide(payments(0, 2_000)).table.num_rows == 2_000
        assert time.monotonic() - start < 5  # one by one it would be minutes


def test_events_without_a_name_are_called_by_their_place(folder):
    nameless = replace(FEATURES, tables=tuple(replace(each, id=None) for each in FEATURES.tables))
    compiled = compile_plan(make_plan(nameless))
    deployed = Deployment(version(features=nameless))

    def again():
        return LiveDecisions(
            lambda tell: LiveFeatures(folder, compiled, on_replay=tell), deployed, "payment"
        )

    with again() as decisions:
        told = decisions.decide(payments(0, 2)).table["decision"].to_pylist()
        one = decisions.decide_one(payment(2))
        number = decisions.find(told[1])["event"]
        assert told == [f"#{number}-0", f"#{number}-1"]
        assert one["decision"] == f"#{one['event']}-0"
        assert decisions.decide(payments(0, 2)).table.num_rows == 2  # nothing tells them apart
    with again() as decisions:
        assert decisions.recovered == 0
        assert decisions.find(one["decision"]) == json.loads(canonical(one))


def test_a_refused_event_has_no_decision(folder):
    rows = [payment(1) | {"card": None}, payment(2)]
    with opened(folder) as decisions:
        found = decisions.decide(table_of(rows))
        assert found.table["decision"].to_pylist() == ["p2"]
        assert len(found.pushed.refused) == 1
        with pytest.raises(InputError):
            decisions.decide_one(payment(3) | {"card": None})
        assert decisions.decide_one(payment(4))["decision"] == "p4"
    assert [each["decision"] for each in followed(folder)] == ["p2", "p4"]


def test_odd_inputs_are_missing_and_recorded_as_json_has_them(folder):
    odd = table_of([payment(1), payment(2)]).append_column("note", pa.array([[1], [2]]))
    far = payment(4) | {"note": 2**70}
    with opened(folder, Deployment(version(policy=NOTED))) as decisions:
        decisions.decide(odd)
        record = decisions.find("p1")
        assert record["inputs"]["note"] is None
        assert decisions.decide_one(far)["decision"] == "p4"
    with opened(folder) as decisions:
        assert decisions.recovered == 0
    assert [each["decision"] for each in followed(folder)] == ["p1", "p2", "p4"]


# --- versions


def beside(name, mode, share, label):
    return Beside(name, version(label), mode, share)


def test_challengers_decide_for_their_share_and_shadows_are_only_asked(folder):
    deployment = Deployment(
        FIRST,
        (
            beside("bold", Mode.CHALLENGER, 4_000, "bold"),
            beside("dark", Mode.SHADOW, 8_000, "dark"),
        ),
    )
    with opened(folder, deployment) as decisions:
        told = decisions.decide(payments(0, 60)).table.to_pylist()
        for number in range(60, 90):
            decisions.decide_one(payment(number))
    records = recorded(folder)
    arms = {}
    for each in records:
        arms.setdefault(each["inputs"]["card"], set()).add(each["arm"])
    assert all(len(each & {"champion", "bold"}) == 1 for each in arms.values())
    assert {"champion", "bold", "dark"} == set().union(*arms.values())
    reasons = {(each["arm"], each["reason"]) for each in records} - {("x", "x")}
    assert ("bold", "large") not in reasons
    assert ("champion", "bold") not in reasons
    assert all(each["effective"] == (each["arm"] != "dark") for each in records)
    assert {row["arm"] for row in told} == {"champion", "bold"}
    check_once(folder)


def test_another_version_takes_over_between_decisions(folder):
    with opened(folder) as decisions:
        before = decisions.decide_one(payment(0))
        decisions.deploy(Deployment(SECOND))
        assert decisions.deployment.champion is SECOND
        after = decisions.decide_one(payment(1))
    assert (before["in_force"], after["in_force"]) == (FIRST.digest, SECOND.digest)
    kept = policies_in(folder)
    assert {each.name for each in kept.iterdir()} == {FIRST.digest, SECOND.digest}
    for each in (FIRST, SECOND):
        for name, content in each.files.items():
            assert (kept / each.digest / name).read_bytes() == content
    check_once(folder)


def decide_batches(decisions):
    tables = [decisions.decide(payments(first, 40)).table for first in range(0, 1_200, 40)]
    return pa.concat_tables(tables)["decision"].to_pylist()


def decide_singles(decisions):
    return [decisions.decide_one(payment(each))["decision"] for each in range(5_000, 5_150)]


def swap(decisions, stop):
    while not stop.is_set():
        for each in (SECOND, FIRST):
            decisions.deploy(Deployment(each))


def test_versions_change_under_threads_that_decide(folder):
    stop = threading.Event()
    with opened(folder) as decisions, ThreadPoolExecutor(3) as pool:
        swapping = pool.submit(swap, decisions, stop)
        try:
            working = [pool.submit(work, decisions) for work in (decide_batches, decide_singles)]
            told = [each for work in working for each in work.result()]
        finally:
            stop.set()
        swapping.result()
    records = followed(folder)
    assert sorted(told) == sorted(each["decision"] for each in records)
    labels = {FIRST.digest: "large", SECOND.digest: "big"}
    by_event = {}
    for each in records:
        assert each["reason"] in {"few", "many", "stolen", labels[each["in_force"]]}
        by_event.setdefault(each["event"], set()).add(each["in_force"])
    assert all(len(each) == 1 for each in by_event.values())
    assert {each["in_force"] for each in records} == set(labels)
    check_once(folder)


def test_a_model_that_is_late_is_said_to_be(folder):
    late = [True]

    def ask(step, model, x):
        return None if late[0] else model.probability(x)

    modelled = version(policy=MODELLED, models={"slow": Slow()})
    with opened(folder, Deployment(modelled), ask) as decisions:
        one = decisions.decide_one(payment(0))
        decisions.decide(payments(1, 3))
        late[0] = False
        two = decisions.decide_one(payment(9))
    records = followed(folder)
    assert [each["degraded"] for each in records] == [["slow"]] * 4 + [[]]
    assert (one["values"]["slow"], one["degraded"]) == (None, ("slow",))
    assert two["values"]["slow"] == payment(9)["amount"] / 100


def test_a_policy_that_cannot_be_computed_refers_and_goes_on(folder):
    with opened(folder, Deployment(version(policy=VALUED))) as decisions:
        decisions.decide(payments(0, 20))
        alone = decisions.decide_one(payment(20))
        decisions.deploy(Deployment(FIRST))
        decisions.decide(payments(21, 3))
    records = followed(folder)
    assert {tuple(each["problems"]) for each in records[:20]} == {("policy: failed",)}
    assert {each["action"] for each in records[:20]} == {"approve"}  # what it says otherwise
    assert (alone["problems"], records[-1]["problems"]) == ((), [])
    check_once(folder)


# --- what is left, and what is killed


def test_events_without_a_decision_are_decided_when_it_is_opened(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 5))
    with LiveFeatures(folder, COMPILED) as live:
        live.push(payments(5, 7), "payment")  # as if killed before the decisions
    with opened(folder) as decisions:
        assert decisions.recovered == 7
    with LiveFeatures(folder, COMPILED) as live:
        live.push_one(payment(12), "payment")
    with opened(folder) as decisions:
        assert decisions.recovered == 1
        assert decisions.find("p12")["decision"] == "p12"
    with opened(folder) as decisions:
        assert decisions.recovered == 0
    check_once(folder)


def test_a_snapshot_stands_between_two_decisions(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 5))
        decisions.snapshot()
        decisions.decide(payments(5, 5))
    with opened(folder) as decisions:
        assert (decisions.recovered, decisions.live.damaged) == (0, ())
        again = decisions.decide(payments(0, 10)).table
        assert again.num_rows == 10
    check_once(folder)


def test_a_note_that_the_disk_refuses_is_made_up_for(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 5))
        note, refuse = decisions.live.note, [True]

        def refusing(subject, body):
            if refuse[0]:
                raise StorageError("no space", where="the disk", remedy="make room")
            return note(subject, body)

        decisions.live.note = refusing
        with pytest.raises(UnacknowledgedError, match="not all of them decided"):
            decisions.decide(payments(5, 5))
        with pytest.raises(StorageError):
            decisions.decide(payments(10, 5))  # nothing of it was taken in
        with pytest.raises(StorageError):
            decisions.commit()
        refuse[0] = False
        decisions.commit()
        assert decisions.find("p7")["decision"] == "p7"
        refuse[0] = True
        with pytest.raises(UnacknowledgedError):
            decisions.decide_one(payment(10))
        refuse[0] = False
        assert decisions.decide_one(payment(10))["decision"] == "p10"
    assert len(followed(folder)) == 11
    check_once(folder)


@pytest.mark.parametrize("room", [10, 1_500, 3_000, 6_000, 10_000, 100_000])
def test_a_full_disk_loses_nothing_that_was_told(tmp_path, room):
    told = []
    with opened(tmp_path) as decisions:
        told += decisions.decide(payments(0, 20)).table["decision"].to_pylist()
        size = max(each.stat().st_size for each in (tmp_path / "log").iterdir())
        with disk_space(size + room):
            for first in range(20, 2_000, 20):
                try:
                    told += decisions.decide(payments(first, 20)).table["decision"].to_pylist()
                except StorageError:
                    break
            else:
                pytest.fail("the disk never filled up")
    with opened(tmp_path) as decisions:
        assert all(decisions.find(each) for each in told[-20:])
    assert {each["decision"] for each in followed(tmp_path)} >= set(told)
    check_once(tmp_path)


def live_until_killed(folder, acknowledged):
    """Decide for ever; write each decision that was acknowledged to a pipe, a line each."""
    both = Deployment(FIRST, (beside("bold", Mode.CHALLENGER, 5_000, "bold"),))
    with opened(folder, both, open_log=SMALL_SEGMENTS) as decisions:
        number = 1_000 * decisions.live.records
        while True:
            if number % 3:
                lines = [canonical(decisions.decide_one(payment(number)))]
            else:
                rows = decisions.decide(payments(number, 17)).table.to_pylist()
                lines = [json.dumps(row).encode() for row in rows]
            if number % 5 == 0:
                decisions.snapshot()
            os.write(acknowledged, b"".join(line + b"\n" for line in lines))
            number += 20


def kill_at_random(folder, rng):
    """Let a child decide, kill it, and return what it was told, line by line."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            live_until_killed(folder, writer)
        finally:
            os._exit(1)  # never return into the tests
    os.close(writer)
    told = b""
    enough = int(rng.integers(1, 12_000))
    while len(told) < enough and (piece := os.read(reader, 1 << 16)):
        told += piece
    time.sleep(float(rng.uniform(0, 0.004)))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the child failed before it was killed"
    while piece := os.read(reader, 1 << 16):
        told += piece
    os.close(reader)
    return told[: told.rfind(b"\n") + 1].splitlines()


@pytest.mark.parametrize("seed", range(5))
def test_a_kill_loses_no_decision_and_leaves_no_event_without_one(folder, seed):
    rng = np.random.default_rng(seed)
    told = []
    for _ in range(3):
        told += kill_at_random(folder, rng)
        with opened(folder) as decisions:
            assert decisions.recovered <= 17
        check_once(folder)
    found = {each["decision"]: each for each in followed(folder)}
    for line in told:
        said = json.loads(line)
        record = found[said["decision"]]
        if "in_force" in said:
            assert canonical(record) == line
        else:
            assert said == {name: record[name] for name in said}
    assert told


def test_a_folder_is_let_go_when_opening_fails(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 2))
    with pytest.raises(StopIteration):
        LiveDecisions(
            lambda tell: LiveFeatures(folder, COMPILED, on_replay=tell),
            Deployment(FIRST),
            "no such table",
        )
    with opened(folder) as decisions:
        assert decisions.find("p1")["decision"] == "p1"


# --- Ids, however long ago ------------------------------------------------------------------------


def test_an_old_id_is_decided_once_also_after_a_restart_from_a_snapshot(folder):
    """The features have forgotten the event by then, and the memory of the process is new."""
    old = payment(0)
    later = payments_at(START + 60 * DAY, 40)
    with opened(folder) as decisions:
        first = decisions.decide_one(old)
        decisions.decide(later)
        decisions.snapshot()
    with opened(folder) as decisions:
        assert decisions.live.replayed <= 1, "the snapshot was used"
        assert decisions.knows("p0")
        assert canonical(decisions.decide_one(old)) == canonical(first)
        mixed = pa.concat_tables([payments_at(START + 61 * DAY, 3), table_of([old])])
        other = table_of([old | {"event_time": START + 70 * DAY}])
        found = decisions.decide(pa.concat_tables([other, mixed]))
        assert found.pushed.words() == ["refused", "added", "added", "added", "duplicate"]
        assert [each.rows.tolist() for each in found.pushed.refused] == [[0]]
        assert "another event" in found.pushed.refused[0].reason
        assert found.before[4]["decision"] == "p0"
        assert found.table["row"].to_pylist() == [1, 2, 3, 4]
        assert [each["row"].to_pylist() for each in found.records] == [[1, 2, 3]]
        with pytest.raises(InputError, match="another event"):
            decisions.decide_one(old | {"event_time": START + 70 * DAY})
        made = [each["decision"] for _, several in decisions_in(decisions.live.read_log(0))
                for each in several]  # fmt: skip
    assert Counter(made).most_common(1)[0][1] == 1
    assert replay_log(folder, read_workbook).differ == 0


def test_ids_are_known_from_the_log_alone_too(folder):
    with opened(folder) as decisions:
        decisions.decide(payments(0, 30))
        decisions.snapshot()
    for path in (folder / "ids").iterdir():
        path.unlink()
    with opened(folder) as decisions:
        assert decisions.knows("p29")
        assert decisions.find("p3")["decision"] == "p3"
        assert not decisions.knows("p30")
        assert decisions.find("#7-0") is None


def test_two_events_of_one_id_in_a_batch_are_one_decision(folder):
    one, other = payment(1), payment(1) | {"event_time": START + DAY}
    with opened(folder) as decisions:
        found = decisions.decide(table_of([one, other, one]))
        assert found.pushed.words() == ["added", "refused", "duplicate"]
        assert found.table["row"].to_pylist() == [0, 2]


def payments_at(start, count):
    made = [payment(1_000 + at) | {"event_time": start + timedelta(minutes=at)}
            for at in range(count)]  # fmt: skip
    return table_of([each | {"id": f"{each['id']}@{start:%d%m}"} for each in made])

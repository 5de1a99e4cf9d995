"""A few of the seeds of `torn.py`; ten thousand run with `python tests/simulation/torn.py`."""

from collections import Counter
from typing import get_args

import drawn
import lossy_disk
import numpy as np
import pytest
import torn
from drawn import SCHEMAS, Sender

from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import Current, Measure


@pytest.fixture(scope="module")
def seen():
    return sum((torn.run(seed) for seed in range(60)), Counter())


def test_live_is_replay_and_training_set_to_the_bit_whatever_the_disk_forgot(seen):
    assert seen["seeds"] == 60
    assert seen["values"] > 60 * 1_000


@pytest.mark.parametrize(
    "name",
    [
        "damaged snapshots passed over",
        "events more than 25 days late",
        "events repeated",
        "events voided",
        "voids before their event",
        "events and voids of what was voided before",
        "kills",
        "power cuts",
        "torn segments",
        "torn snapshots",
        "records lost before they were acknowledged",
        "readings",
        "redefinitions",
        "restarts after closing",
        "restarts from a snapshot",
        "restarts with other definitions",
    ],
)
def test_the_seeds_contain_what_they_are_for(seen, name):
    assert seen[name] > 5


def test_definitions_are_of_every_kind():
    sets = [drawn.plan(number).plan.feature_set for number in range(120)]
    measures = [each for one in sets for each in one.definitions if isinstance(each, Measure)]
    assert {type(each.aggregate) for each in measures} == set(get_args(a.Aggregate))
    assert {type(each.window) for each in measures} == set(get_args(w.Window))
    assert {each.current for each in measures} == set(Current)
    assert {each.by for each in measures} == {(), *drawn.KEYS}
    assert {each.table for each in measures} == set(SCHEMAS)


def test_a_sender_tells_the_same_from_the_same_seed_and_never_two_facts_at_a_time():
    one, two = (Sender(np.random.default_rng(4)) for _ in range(2))
    known: Counter[int] = Counter()
    for _ in range(60):
        step, again = one.step(), two.step()
        assert step.record() == again.record()
        rows = step.rows.to_pylist()
        known.update(row["known_time"] for row in rows)
        for row in rows:
            late = row["known_time"] - row["event_time"]
            assert -1.0 < late.total_seconds() / 86_400 < 30.5
    assert max(known.values()) == 1


def test_a_difference_of_one_bit_is_found():
    run = torn.Run(np.random.default_rng(1), Sender(np.random.default_rng(1)), [0], 0)
    value = torn.as_table({"f0": 0.1, "f1": None})
    run._same(value, value, "here")
    assert run.seen["values"] == 2
    for other in ({"f0": np.nextafter(0.1, 1), "f1": None}, {"f0": 0.1, "f1": 0.0}):
        with pytest.raises(AssertionError, match="here: f"):
            run._same(value, torn.as_table(other), "here")


def test_a_disk_without_power_keeps_what_was_synced_and_a_part_of_the_rest(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "log").mkdir()
    path = tmp_path / "log" / "00000000000000000000.segment"
    kept, altered = set(), 0
    for number in range(30):
        disk = lossy_disk.Disk()
        with path.open("wb+") as file:
            file.write(b"safe")
            file.flush()
            disk.sync(file.fileno())
            file.write(b"unsafe")
        after = tmp_path.with_name(f"after{number}")
        segments, snapshots = lossy_disk.lose_power(tmp_path, after, disk, rng)
        assert snapshots == 0
        with pytest.raises(OSError, match="power"):
            disk.sync(0)
        text = after.joinpath("log", path.name).read_bytes()
        assert text.startswith(b"safe")
        assert segments == (text != b"safeunsafe")
        kept.add(text)
        altered += segments
    assert {b"safe", b"safeunsafe"} < kept
    assert any(len(text) == 10 and b"\0" in text for text in kept)
    assert 0 < altered < 30


def test_a_kill_keeps_everything_that_was_written(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "some.segment").write_bytes(b"unsafe")
    disk, after = lossy_disk.Disk(), tmp_path.with_name("after")
    lossy_disk.kill(tmp_path, after, disk)
    assert (after / "log" / "some.segment").read_bytes() == b"unsafe"
    assert disk.dead

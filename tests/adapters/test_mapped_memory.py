"""Arrays in files: the same values with little memory, through growth, opening and a full disk."""

import gc
import mmap
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from full_disk import disk_space
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.adapters.live.features import LiveFeatures, UnacknowledgedError
from headrace.adapters.live.snapshots import newest_snapshot, write_snapshot
from headrace.adapters.mapped_memory import SMALL_BYTES, MappedMemory, NoRoomError
from headrace.adapters.segment_log import SegmentLog, StorageError
from headrace.features.aggregates import Count, Deviation, Max, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding

MIB = 1 << 20
LIMIT = 2 * MIB
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
LATENESS = timedelta(days=3)
WEEK = Sliding(timedelta(days=7))
COLUMNS = (
    Column("card", ColumnType.NUMBER, places=0, required=True),
    Column("amount", ColumnType.NUMBER, places=2, required=True),
)
TABLE = Table("payment", COLUMNS, ("card",))


def plan(*measures):
    return compile_plan(make_plan(FeatureSet((TABLE,), measures)))


FIRST = plan(
    Measure("count_7d", Count(), window=WEEK),
    Measure("sum_7d", Sum("amount"), window=WEEK),
)
SECOND = plan(
    Measure("largest_7d", Max("amount"), window=WEEK),
    Measure("spread_7d", Deviation("amount"), window=WEEK),
)
BATCH = 6_000
CARDS = 10 * BATCH  # two events each
UNSYNCED = partial(SegmentLog.open, sync=lambda descriptor: None)


@pytest.fixture
def folder():
    """On a disk: in a file system in memory there is nothing to hand back to."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "live"


def payments(number, n=BATCH):
    """Batch `number`: cards all over the place, some rows late, some twice."""
    rng = np.random.default_rng(number)
    at = np.datetime64(START.replace(tzinfo=None), "us") + np.timedelta64(number, "h")
    late = rng.integers(0, 48 * 3_600, n) * (rng.random(n) < 0.1)
    table = pa.table(
        {
            "id": np.arange(n) + number * n,
            "card": (np.arange(n) + number * n) * 7_919 % (10 * n),
            "amount": rng.integers(1, 999_999, n) / 100,
            "event_time": pa.array(at - late.astype("m8[s]"), pa.timestamp("us", "UTC")),
        }
    )
    return pa.concat_tables([table, table.slice(0, 10)])


def fill(live, first=0, last=20, n=BATCH):
    """Pushes and voids; returns the values given out."""
    given_out = []
    for number in range(first, last):
        events = payments(number, n)
        given_out.append(live.push(events).table)
        if number % 5 == 4:
            given_out.append(live.void(events.slice(100, 50)).table)
    return given_out


def seen(live):
    keys = pa.table({"card": np.arange(0, CARDS, 97)})
    return live.digest(), live.read(keys, START + timedelta(days=2)).to_pylist()


@pytest.fixture(scope="module")
def wanted():
    """What a memory without a limit gives: values, what can be seen, and that of the second."""
    engine, other = StreamEngine(FIRST, LATENESS), StreamEngine(SECOND, LATENESS)
    fill(other)
    return fill(engine), seen(engine), seen(other)


def opened(folder, compiled=FIRST):
    return LiveFeatures(folder, compiled, LATENESS, open_log=UNSYNCED, memory_bytes=LIMIT)


def descriptors(folder):
    """How many of this process's are of files in a folder, named or not."""
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            count += folder in each.readlink().parents
    return count


def keepers():
    return [each for each in threading.enumerate() if each.name == "headrace-memory"]


# --- Arrays --------------------------------------------------------------------------------------


def test_an_array_grows_with_its_content_and_zeros_behind_it(folder):
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((1_000, 6), "<i8")
        for rows in (2_000, 120_000, 240_000, 1_000_000):
            kept = len(array)
            array[:] = np.arange(array.size).reshape(array.shape)
            array = memory.grown(array, (rows, 6))
            memory.trim()
            np.testing.assert_array_equal(array[:kept].ravel(), np.arange(kept * 6))
            assert not array[kept:].any()
            assert memory.mapped_bytes == (array.nbytes if array.nbytes >= SMALL_BYTES else 0)
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.dtype == np.int64


@given(
    sizes=st.lists(st.integers(1, 3_000_000), min_size=1, max_size=5).map(sorted),
    trims=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_growing_is_what_a_copy_in_memory_gives(sizes, trims):
    slow = np.zeros(1, np.int64)
    with tempfile.TemporaryDirectory() as name, MappedMemory(Path(name), MIB) as memory:
        array = memory.new((1,), "<i8")
        for number, size in enumerate(sizes):
            array, before = memory.grown(array, (max(size, len(array)),)), slow
            slow = np.zeros(len(array), np.int64)
            slow[: len(before)] = before
            for each in (array, slow):
                each[:: 1 + 997 * number] += number + 1
            if trims:
                memory.trim()
            np.testing.assert_array_equal(array, slow)


def test_a_view_or_a_foreign_array_is_copied_and_what_was_given_grows_in_place(folder):
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((MIB,), "<i8")
        array[:] = 1
        view = memory.grown(array[:], (MIB,))
        foreign = memory.grown(np.ones(MIB, np.int64), (2 * MIB,))
        same = memory.grown(array, (MIB,))
        whole = memory.grown(array, (2 * MIB,))
        array[0] = 2
        assert same is array
        assert (whole[0], view[0], foreign[0]) == (2, 1, 1)
        assert foreign.sum() == MIB


def test_what_is_in_memory_comes_below_the_limit_and_nothing_is_lost(folder):
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((4 * MIB,), "<i8")  # 16 times the limit
        array[:] = np.arange(4 * MIB)
        memory.trim()
        assert memory.resident_bytes <= LIMIT
        assert memory.mapped_bytes == 32 * MIB
        assert array.sum() == (4 * MIB - 1) * (2 * MIB)


def test_the_limit_holds_without_being_asked_for(folder):
    done = threading.Event()
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((2 * MIB,), "<i8")
        array[:] = 1
        for _ in range(200):
            if memory.resident_bytes <= LIMIT:
                break
            done.wait(0.02)
        assert memory.resident_bytes <= LIMIT
        assert array.sum() == 2 * MIB


def test_files_that_others_map_and_unmap_are_told_apart(folder):
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((MIB,), "<i8")
        other = mmap.mmap(-1, 64 * MIB)
        other.write(b"x" * len(other))
        memory.trim()  # what seems to be too much is not ours
        array[:] = 1
        memory.trim()
        assert memory.resident_bytes <= LIMIT
        told = memory._others
        assert told >= 64 * MIB
        other.close()
        for _ in range(300):
            if memory._others <= told - 60 * MIB:
                break
            threading.Event().wait(0.02)
        assert memory._others <= told - 60 * MIB
        assert array.sum() == MIB


def test_files_and_descriptors_go_with_their_arrays_and_leave_no_name(folder):
    with MappedMemory(folder, LIMIT) as memory:
        arrays = [memory.new((MIB,), "<i8") for _ in range(3)]
        assert descriptors(folder) == 6  # one of ours, one of the map's
        assert memory.mapped_bytes == 24 * MIB
        view = arrays[0][:10]
        del arrays
        gc.collect()
        assert memory.mapped_bytes == 8 * MIB  # the view needs it
        view[:] = 1
        del view
        gc.collect()
        assert memory.mapped_bytes == 0
        assert descriptors(folder) == 0
    assert list(folder.iterdir()) == []
    assert keepers() == []


def test_a_full_disk_is_an_error_and_the_array_is_as_it_was(folder):
    with MappedMemory(folder, LIMIT) as memory:
        array = memory.new((MIB,), "<i8")
        array[:] = np.arange(MIB)
        with disk_space(12 * MIB), pytest.raises(NoRoomError, match=r"cannot grow.*make space"):
            memory.grown(array, (2 * MIB,))
        with disk_space(4 * MIB), pytest.raises(NoRoomError):
            memory.new((MIB,), "<i8")
        assert memory.mapped_bytes == 8 * MIB
        np.testing.assert_array_equal(array, np.arange(MIB))
        larger = memory.grown(array, (2 * MIB,))
        np.testing.assert_array_equal(larger[:MIB], np.arange(MIB))
        assert not larger[MIB:].any()


def test_a_limit_of_nothing_and_a_folder_that_cannot_be_are_told(folder):
    with pytest.raises(StorageError, match="too small"):
        MappedMemory(folder, 4_096)
    folder.write_text("a file")
    with pytest.raises(StorageError, match=r"cannot be made"):
        MappedMemory(folder / "memory", LIMIT)
    assert keepers() == []


def test_a_snapshot_is_read_into_files(folder):
    arrays = {"large": np.arange(MIB), "small": np.arange(6.0).reshape(2, 3)}
    write_snapshot(folder, 7, arrays, {})
    with MappedMemory(folder / "memory", LIMIT) as memory:
        found = newest_snapshot(folder, memory.new)
        assert memory.mapped_bytes == 8 * MIB
        for name, array in arrays.items():
            np.testing.assert_array_equal(found.arrays[name], array, strict=True)


# --- Live features -------------------------------------------------------------------------------


def test_a_limit_changes_no_value_and_holds(folder):
    engine = StreamEngine(FIRST, LATENESS)
    with opened(folder) as live:
        for number in range(20):
            assert fill(live, number, number + 1, 30_000) == fill(
                engine, number, number + 1, 30_000
            )
            assert live.sweep(0.01) == engine.sweep(0.01)
            assert live.metrics()["headrace_features_resident_bytes"] <= LIMIT + MIB
        assert live.metrics()["headrace_features_mapped_bytes"] > 20 * LIMIT
        assert seen(live) == seen(engine)
    assert list((folder / "memory").iterdir()) == []


def test_a_snapshot_and_the_log_after_it_give_the_same_memory(folder, wanted):
    values, before, _ = wanted
    with opened(folder) as live:
        first = fill(live, 0, 15)
        live.snapshot()
        first += fill(live, 15, 17)
    with opened(folder) as live:
        assert live.replayed == 2
        assert live.metrics()["headrace_features_mapped_bytes"] > 3 * LIMIT
        assert first + fill(live, 17, 20) == values
        assert seen(live) == before
        live.snapshot()
    with LiveFeatures(folder, FIRST, LATENESS) as live:  # the same folder without a limit
        assert (live.replayed, seen(live)) == (0, before)
        assert "headrace_features_resident_bytes" not in live.metrics()


def test_other_definitions_are_filled_beside_the_first(folder, wanted):
    values, before, other = wanted
    with opened(folder) as live:
        assert fill(live) == values
        live.redefine(SECOND)
        assert seen(live) == other
        live.redefine(FIRST)
        assert seen(live) == before


def test_restoring_from_the_state_of_another_engine_shares_nothing_with_it(folder):
    with MappedMemory(folder, LIMIT) as memory:
        first = StreamEngine(FIRST, LATENESS, grow=memory.grown)
        fill(first, 0, 12)
        second = StreamEngine(FIRST, LATENESS, grow=memory.grown)
        second.restore(*first.state())
        before = seen(second)
        fill(first, 12, 14)
        assert seen(second) == before
        fill(second, 12, 14)
        assert seen(second) == seen(first)


def test_a_disk_too_full_for_more_keys_loses_nothing_and_opening_makes_up_for_it(folder, wanted):
    values, before, _ = wanted
    with opened(folder) as live:
        given_out = fill(live, 0, 4)
        durable = live.records
        with disk_space(6 * MIB):
            with pytest.raises(UnacknowledgedError, match=r"cannot grow.*do not send them again"):
                fill(live, 4, 20)
            with pytest.raises(StorageError, match="open it again"):
                live.push(payments(19))
            with pytest.raises(StorageError, match="open it again"):
                live.read(pa.table({"card": [1]}), START)
        taken = live.records
        assert taken > durable
    with disk_space(6 * MIB), pytest.raises(NoRoomError):
        opened(folder)
    assert keepers() == []
    done = taken
    with opened(folder) as live:
        assert live.records == live.replayed == taken
        number, records = 0, 0
        while records < done:  # batch 4 and its like are two records
            records += 2 if number % 5 == 4 else 1
            number += 1
        assert records == done
        fill(live, number, 20)
        assert seen(live) == before
    assert len(given_out) == 4
    assert given_out == values[:4]


def test_definitions_that_the_disk_has_no_room_for_leave_the_old_ones_in_force(folder, wanted):
    values, before, _ = wanted
    with opened(folder) as live:
        assert fill(live) == values
        with disk_space(6 * MIB), pytest.raises(NoRoomError):
            live.redefine(SECOND)
        assert seen(live) == before


def test_what_is_closed_gives_no_values_and_holds_no_space(folder):
    live = opened(folder)
    fill(live, 0, 8)
    assert descriptors(folder / "memory") > 0
    live.close()
    gc.collect()
    assert descriptors(folder / "memory") == 0
    with pytest.raises(StorageError, match="it is closed"):
        live.read_one({"card": 1}, START)
    assert keepers() == []

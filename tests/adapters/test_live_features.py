"""Features on a log: what was acknowledged is there again, once, whatever happened in between."""

import errno
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from full_disk import disk_space
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.adapters.live.features import CATCH_UP, LiveFeatures, UnacknowledgedError
from headrace.adapters.live.records import (
    EVENTS,
    apply_record,
    one_record,
    read_record,
    table_record,
)
from headrace.adapters.segment_log import DamageError, SegmentLog, StorageError
from headrace.errors import InputError
from headrace.features.aggregates import Count, Distinct, Max, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding

DAY_US = 86_400_000_000
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
LATENESS = timedelta(days=3)
COLUMNS = (
    Column("card", ColumnType.CATEGORY, required=True),
    Column("amount", ColumnType.NUMBER, places=2, required=True),
    Column("shop", ColumnType.CATEGORY),
    Column("abroad", ColumnType.FLAG),
    Column("booked", ColumnType.INSTANT),
)
TABLE = Table("payment", COLUMNS, ("card",), known="known")
WEEK = Sliding(timedelta(days=7))


def plan(*measures, table=TABLE):
    return compile_plan(make_plan(FeatureSet((table,), measures)))


FIRST = plan(
    Measure("count_7d", Count(), window=WEEK),
    Measure("sum_7d", Sum("amount"), window=WEEK),
)
SECOND = plan(
    Measure("largest_7d", Max("amount"), window=WEEK),
    Measure("shops_7d", Distinct("shop"), where="abroad or booked is missing", window=WEEK),
)
SMALL_SEGMENTS = partial(SegmentLog.open, segment_bytes=1_000)
MEMORY = Path("/dev") / "shm"  # syncs cost nothing there


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name) / "live"


def opened(folder, compiled=FIRST, **options):
    return LiveFeatures(folder, compiled, LATENESS, **options)


def payments(number, n=20):
    """Batch `number`: some late, some twice."""
    rng = np.random.default_rng(number)
    known = START + timedelta(hours=number)
    rows = [
        {
            "id": f"{number}/{row}",
            "card": f"c{rng.integers(4)}",
            "amount": float(rng.integers(1, 9_999)) / 100,
            "shop": None if rng.random() < 0.2 else int(rng.integers(3)),
            "abroad": bool(rng.random() < 0.5),
            "booked": known if rng.random() < 0.5 else None,
            "event_time": known - timedelta(hours=int(rng.integers(60))),
            "known": known,
        }
        for row in range(n)
    ]
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("card", pa.string()),
            ("amount", pa.float64()),
            ("shop", pa.int64()),
            ("abroad", pa.bool_()),
            ("booked", pa.timestamp("us", "UTC")),
            ("event_time", pa.timestamp("us", "UTC")),
            ("known", pa.timestamp("us", "UTC")),
        ]
    )
    return pa.Table.from_pylist([*rows, rows[0]], schema)


def taken_back(number):
    return payments(number).slice(3, 2)


def fill(live, first=0, last=12):
    """A bit of everything; returns the values given out."""
    given = []
    for number in range(first, last):
        if number % 4 == 3:
            live.void(taken_back(number - 1))
        elif number % 4 == 2:
            given.append(live.push_one(payments(number).to_pylist()[0]).values)
        else:
            given.append(live.push(payments(number)).table.to_pylist())
    return given


CARDS = pa.table({"card": [f"c{card}" for card in range(5)]})


def seen(live, at=START + timedelta(days=2)):
    """Everything that can be known of a memory."""
    return live.digest(), live.read(CARDS, at).to_pylist(), live.engine.counts


def flip(path, place=-1):
    text = bytearray(path.read_bytes())
    text[place] ^= 1
    path.write_bytes(text)


def log_size(folder):
    return sum(path.stat().st_size for path in (folder / "log").glob("*.segment"))


# --- Recovery ------------------------------------------------------------------------------------


def test_a_log_changes_no_value(folder):
    with opened(folder) as live:
        assert fill(live) == fill(StreamEngine(FIRST, LATENESS))


@pytest.mark.parametrize("snapshots", [(), (5,), (2, 5), (2, 5, 12)])
def test_opening_again_gives_the_same_memory_with_and_without_snapshots(folder, snapshots):
    with opened(folder) as live:
        for number in range(12):
            fill(live, number, number + 1)
            if number + 1 in snapshots:
                live.snapshot()
        before = seen(live)
    with opened(folder) as live:
        assert live.replayed == 12 - max(snapshots, default=0)
        assert live.damaged == ()
        assert seen(live) == before
        wanted = StreamEngine(FIRST, LATENESS)
        fill(wanted)
        assert fill(live, 12, 20) == fill(wanted, 12, 20)
        assert seen(live) == (wanted.digest(), *seen(live)[1:2], wanted.counts)


def test_a_damaged_snapshot_costs_a_longer_replay_and_is_told(folder):
    with opened(folder) as live:
        fill(live, 0, 4)
        live.snapshot()
        fill(live, 4, 8)
        newest = live.snapshot()
        fill(live, 8)
        before = seen(live)
    flip(newest)
    with opened(folder) as live:
        assert (live.replayed, [each.path for each in live.damaged]) == (8, [newest])
        assert "checksum" in live.damaged[0].what
        assert seen(live) == before


def test_the_log_alone_is_enough_where_no_snapshot_can_be_used(folder):
    with opened(folder) as live:
        fill(live)
        snapshot = live.snapshot()
        before = seen(live)
    flip(snapshot)
    with opened(folder) as live:
        assert live.replayed == 12
        assert "no snapshot can be used" in live.damaged[0].what
        assert snapshot.name in live.damaged[0].what
        assert seen(live) == before


def test_without_the_beginning_of_the_log_a_usable_snapshot_is_needed(folder):
    with opened(folder, open_log=SMALL_SEGMENTS) as live:
        fill(live)
        snapshot = live.snapshot()
        before = seen(live)
    with SMALL_SEGMENTS(folder / "log") as log:
        assert log.drop_before(12) > 0
        begins = log.first_sequence
    with opened(folder) as live:
        assert seen(live) == before
        with pytest.raises(StorageError, match=rf"begins at record {begins}.*whole history"):
            live.redefine(SECOND)
        assert seen(live) == before
    with pytest.raises(StorageError, match=rf"begins at record {begins}, not 0.*restore"):
        opened(folder, SECOND)
    flip(snapshot)
    with pytest.raises(StorageError, match=r"no snapshot can be used"):
        opened(folder)
    snapshot.unlink()
    with pytest.raises(StorageError, match=rf"begins at record {begins}, not 0"):
        opened(folder)


def test_a_snapshot_of_other_definitions_is_left_alone_and_the_log_replayed(folder):
    with opened(folder) as live:
        fill(live)
        live.snapshot()
    with opened(folder, SECOND) as live:
        assert (live.replayed, live.damaged) == (12, ())
        wanted = StreamEngine(SECOND, LATENESS)
        fill(wanted)
        assert live.digest() == wanted.digest()


def test_a_log_that_ends_before_its_snapshot_is_named(folder):
    with opened(folder) as live:
        fill(live, 0, 4)
    shutil.copytree(folder / "log", folder / "older")
    with opened(folder) as live:
        fill(live, 4)
        snapshot = live.snapshot()
    shutil.rmtree(folder / "log")
    (folder / "older").rename(folder / "log")
    with pytest.raises(StorageError, match=rf"ends at record 4.*{snapshot.name} was written later"):
        opened(folder)


def test_a_damaged_record_is_named_and_nothing_is_left_locked(folder):
    with opened(folder) as live:
        fill(live)
    segment = next((folder / "log").glob("*.segment"))
    flip(segment, 1_000)
    for _ in range(2):
        with pytest.raises(DamageError, match="checksum"):
            opened(folder)


def test_a_folder_has_one_writer(folder):
    with opened(folder), pytest.raises(StorageError, match="another writer"):
        opened(folder)
    opened(folder).close()


def test_closing_twice_is_closing_once_and_nothing_is_taken_afterwards(folder):
    live = opened(folder)
    fill(live)
    live.close()
    live.close()
    before = live.digest()
    with pytest.raises(StorageError, match="closed"):
        live.push(payments(20))
    assert live.digest() == before


# --- What the engine refuses ---------------------------------------------------------------------


def test_what_was_refused_is_refused_again(folder):
    good = payments(0)
    with opened(folder) as live:
        live.push(good)
        for wrong in (good.drop_columns(["card"]), good.set_column(2, "amount", good["card"])):
            with pytest.raises(InputError, match=r"amount|card"):
                live.push(wrong)
        with pytest.raises(InputError, match="no table 'refund'"):
            live.push(good, "refund")
        with pytest.raises(InputError, match="'amount' of the event is missing"):
            live.push_one({"card": "c1", "event_time": START, "known": START, "id": "x"})
        with pytest.raises(InputError, match="event_time"):
            live.void(good.drop_columns(["event_time"]))
        some = good.set_column(1, "card", pa.array([None, *good["card"].to_pylist()[1:]]))
        assert [each.reason for each in live.push(some).refused] == ["is missing"]
        before = seen(live)
        assert live.records == 7
    with opened(folder) as live:
        assert seen(live) == before


def test_voids_of_a_table_without_ids_are_refused_and_replayed(folder):
    nameless = plan(Measure("n", Count()), table=Table("payment", COLUMNS, ("card",), id=None))
    with opened(folder, nameless) as live:
        live.push(payments(0))
        with pytest.raises(InputError, match="no ids"):
            live.void(payments(0))
        before = live.digest()
    with opened(folder, nameless) as live:
        assert live.digest() == before


def test_columns_of_one_name_are_refused_before_the_log(folder):
    with opened(folder) as live:
        with pytest.raises(InputError, match="two columns have one name"):
            live.push(payments(0).append_column("card", payments(0)["card"]))
        assert live.records == 0


class Nonsense(dict):
    """An event at which the engine fails in a way that it did not foresee."""

    def get(self, name):
        raise LookupError(name)


def test_an_event_at_which_the_engine_fails_does_not_make_the_log_unusable(folder):
    with opened(folder) as live:
        with pytest.raises(InputError, match="cannot take it in: LookupError"):
            live.push_one(Nonsense({"card": "c1", "known": "soon", "event_time": "now"}))
        live.push(payments(0))
        before = live.digest()
    with opened(folder) as live:
        assert live.digest() == before


def test_a_name_of_a_table_that_no_head_can_hold(folder):
    with opened(folder) as live:
        with pytest.raises(InputError, match="300 bytes; up to 255"):
            live.push(payments(0), "款" * 100)
        assert live.records == 0


def test_a_record_of_a_later_version_is_named(folder):
    with SegmentLog.open(folder / "log") as log:
        log.append(b"Z" + bytes(7))
    with pytest.raises(StorageError, match="kind b'Z', which this version does not know"):
        opened(folder)


# --- One event, through JSON and back ------------------------------------------------------------


class Size(IntEnum):
    SMALL = 1


class Kept:
    """Stands where an engine would, and keeps what a record says."""

    def push_one(self, event, table):
        self.event = event

    def push(self, events, table):
        self.event = events


def through_the_log(event):
    kept = Kept()
    apply_record(kept, read_record(one_record(event, "payment")))
    return kept.event


NATURAL = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.decimals().filter(lambda value: not value.is_snan())
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), NATURAL))
def test_an_event_comes_back_as_it_was(event):
    found = through_the_log(event)
    assert list(found) == list(event)
    for name, value in event.items():
        assert type(found[name]) is type(value)
        assert found[name] == value or str(found[name]) == str(value)  # NaN is not equal to NaN


@pytest.mark.parametrize(
    "value",
    [
        START.replace(tzinfo=None),
        START.date(),
        {"decimal": "1"},
        [1],
        (1, 2),
        b"1",
        {1},
        Decimal("sNaN"),
        np.int64(3),
        object(),
        "\ud800",
        10**5_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_that_would_not_come_back_as_it_was_is_refused_before_the_log(folder, value):
    event = payments(0).to_pylist()[0]
    with opened(folder) as live:
        with pytest.raises(InputError):
            live.push_one(event | {"shop": value})
        assert live.records == 0
        live.push_one(event)


def test_subclasses_come_back_as_what_they_are_based_on():
    assert through_the_log({"a": np.float64(1.5), "b": Size.SMALL}) == {"a": 1.5, "b": 1}


ODD = (
    NATURAL
    | st.sampled_from([START, START.replace(tzinfo=None), "2026-01-05", 0, -1, 2**63, [], {}])
    | st.text(max_size=3)
    | st.binary(max_size=3)
)


@pytest.fixture(scope="module")
def pair():
    """An engine on a log and one without."""
    with tempfile.TemporaryDirectory() as name, opened(Path(name)) as live:
        yield live, StreamEngine(FIRST, LATENESS)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_an_event_holds_the_log_gives_the_same_memory_again(pair, data):
    """Or it is refused by name; no event can make a log that cannot be replayed."""
    live, engine = pair
    event = {
        "id": str(live.records),
        "card": "c1",
        "amount": 5,
        "event_time": START,
        "known": START,
    } | data.draw(st.dictionaries(st.sampled_from([*TABLE_NAMES, "other"]), ODD, max_size=3))
    with suppress(InputError):
        live.push_one(event)
    for _, payload in live._log.read(replayed.get(id(live), 0)):
        apply_record(engine, read_record(payload))
    replayed[id(live)] = live.records
    assert live.digest() == engine.digest()


TABLE_NAMES = ["id", "card", "amount", "shop", "abroad", "booked", "event_time", "known"]
replayed: dict[int, int] = {}


# --- Tables, through Arrow and back --------------------------------------------------------------


def test_columns_of_every_kind_come_back_equal_and_aligned():
    kinds = [
        pa.array(["a", None, "深圳"], pa.large_string()),
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.array([1, None, 3], pa.int8()),
        pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(20, 2)),
        pa.array([0, None, 10**15], pa.timestamp("ns", "Asia/Shanghai")),
        pa.array([True, None, False]),
        pa.array([1.5, None, float("nan")]),
    ]
    given = pa.table(dict(zip("abcdefg", kinds, strict=True)))
    given = pa.concat_tables([given, given.slice(1)])
    for name in ("", "p", "payments"):
        kept = Kept()
        apply_record(kept, read_record(bytes(table_record(EVENTS, given, name, {("t", 3): 5}))))
        assert kept.event.schema == given.schema
        assert repr(kept.event.to_pylist()) == repr(given.to_pylist())
        for column in kept.event.columns:
            for chunk in column.chunks:
                assert all(each is None or each.address % 8 == 0 for each in chunk.buffers())


def test_kinds_of_columns_do_not_change_what_a_replay_gives(folder):
    events = payments(0)
    words = events["card"].cast(pa.large_string())
    with opened(folder) as live:
        for kind in (words, words.dictionary_encode(), words.combine_chunks()):
            live.push(events.set_column(1, "card", kind))
        live.push(pa.concat_tables([events, payments(1)]))
        live.push(payments(2).slice(5, 3))
        live.push(payments(2).slice(0, 0))
        before = seen(live)
    with opened(folder) as live:
        assert seen(live) == before


# --- Positions of sources ------------------------------------------------------------------------


@pytest.mark.parametrize("snapshot_at", [None, 1, 2, 4])
def test_positions_are_where_the_memory_is(folder, snapshot_at):
    def keep(live, number):
        if number == snapshot_at:
            live.snapshot()

    with opened(folder) as live:
        live.submit(payments(0), positions={("a", 0): 20, ("a", 1): 7})
        keep(live, 1)
        live.submit_voids(taken_back(0), positions={("贴现", 0): 1})
        keep(live, 2)
        with pytest.raises(InputError):
            live.submit(payments(1).drop_columns(["card"]), positions={("a", 1): 9})
        live.push_one(payments(1).to_pylist()[0])
        live.advance({("a", 0): 25})
        keep(live, 4)
        live.commit()
        wanted = {("a", 0): 25, ("a", 1): 9, ("贴现", 0): 1}
        assert live.positions == wanted
        before = seen(live)
    with opened(folder) as live:
        assert live.positions == wanted
        assert seen(live) == before
        live.redefine(SECOND)
        assert live.positions == wanted
    with opened(folder, SECOND) as live:
        assert live.positions == wanted


def test_positions_cannot_be_changed_from_outside(folder):
    with opened(folder) as live:
        live.positions["a", 0] = 5
        assert live.positions == {}


# --- A disk that is full, or fails ---------------------------------------------------------------


def test_an_append_that_the_disk_refuses_takes_nothing(folder):
    with opened(folder) as live:
        fill(live)
        live.advance({("a", 0): 1})
        live.commit()
        before, records = seen(live), live.records
        large = payments(12, 3_000)
        with disk_space(log_size(folder) + 5_000):
            for _ in range(2):
                with pytest.raises(StorageError, match="make space") as caught:
                    live.submit(large, positions={("a", 0): 2})
                assert not isinstance(caught.value, UnacknowledgedError)
        assert (seen(live), live.records, live.positions) == (before, records, {("a", 0): 1})
        assert set(live.push(large).words()) == {"added", "duplicate"}
        before = seen(live)
    with opened(folder) as live:
        assert seen(live) == before


@pytest.mark.parametrize("way", ["push", "void", "push_one"])
def test_a_commit_that_the_disk_refuses_is_made_up_for_and_nothing_counts_twice(folder, way):
    wanted = StreamEngine(FIRST, LATENESS)
    fill(wanted)
    given = payments(12)
    given = given.to_pylist()[0] if way == "push_one" else given
    getattr(wanted, way)(given)
    with opened(folder) as live:
        fill(live)
        with disk_space(log_size(folder)):
            with pytest.raises(UnacknowledgedError, match="do not send them again; make space"):
                getattr(live, way)(given)
            with pytest.raises(UnacknowledgedError):
                live.commit()
            with pytest.raises(UnacknowledgedError):
                live.snapshot()
            assert live.metrics()["headrace_features_log_records_pending"] == 1
        live.commit()
        assert live.metrics()["headrace_features_log_records_pending"] == 0
        assert live.digest() == wanted.digest()
    with opened(folder) as live:
        assert live.digest() == wanted.digest()
        assert live.records == 13


def test_after_a_sync_that_failed_only_opening_tells_what_is_there(folder):
    broken = threading.Event()

    def sync(descriptor):
        if broken.is_set():
            raise OSError(errno.EIO, "the disk is broken")

    live = opened(folder, open_log=partial(SegmentLog.open, sync=sync))
    fill(live)
    broken.set()
    with pytest.raises(UnacknowledgedError, match="do not send them again; open it again"):
        live.push(payments(12))
    broken.clear()
    with pytest.raises(UnacknowledgedError):
        live.commit()
    with pytest.raises(StorageError):
        live.push(payments(13))
    taken = live.records
    live.close()
    with opened(folder) as live:
        assert live.records == taken == 13  # the disk had it after all: it is not sent again
        wanted = StreamEngine(FIRST, LATENESS)
        fill(wanted, 0, 12)
        wanted.push(payments(12))
        assert live.digest() == wanted.digest()


class Interrupting(dict):
    """An event at which Ctrl-C is pressed once the log has it."""

    def get(self, name):
        raise KeyboardInterrupt


def test_memory_that_an_interrupt_left_behind_the_log_answers_no_more(folder):
    with opened(folder) as live:
        fill(live)
        with pytest.raises(KeyboardInterrupt):
            live.push_one(Interrupting(payments(12).to_pylist()[0]))
        for each in (
            lambda: live.push(payments(13)),
            lambda: live.read(CARDS, START),
            lambda: live.advance({("a", 0): 1}),
            live.snapshot,
            live.digest,
        ):
            with pytest.raises(StorageError, match=r"KeyboardInterrupt.*open it again"):
                each()
    with opened(folder) as live:
        wanted = StreamEngine(FIRST, LATENESS)
        fill(wanted, 0, 12)
        wanted.push_one(payments(12).to_pylist()[0])
        assert live.digest() == wanted.digest()


# --- Many threads --------------------------------------------------------------------------------


def in_threads(*works):
    """Run all at once; an error in one is an error here."""
    failures = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_new_definitions_take_over_while_events_come_in(folder):
    """Nothing is lost, and the values are those of an engine that had them from the start."""
    with opened(folder) as live:
        for part, compiled in enumerate([SECOND, FIRST, SECOND, FIRST]):
            batches = [payments(number) for number in range(60 * part, 60 * part + 60)]
            in_threads(
                lambda several=batches: [live.submit(each) for each in several],
                partial(live.redefine, compiled),
            )
            wanted = StreamEngine(compiled, LATENESS)
            for number in range(60 * part + 60):
                wanted.push(payments(number))
            assert live.records == 60 * part + 60 > CATCH_UP * (part > 1)
            assert live.digest() == wanted.digest()
            assert live.engine.counts == wanted.counts
            at = START + timedelta(hours=60 * part)
            assert live.read(CARDS, at).to_pylist() == wanted.read(CARDS, at).to_pylist()


def test_every_method_may_run_in_any_thread(folder):
    """Compiled loops run outside the interpreter's lock: readers and writers must take turns."""
    with opened(folder) as live:
        batches = [payments(number, 200) for number in range(30)]
        ones = [event for number in range(30, 60) for event in payments(number, 4).to_pylist()]

        def reading():
            for _ in range(60):
                live.read(CARDS, START)
                live.read_one({"card": "c1"}, START)
                live.metrics()
                live.sweep(0.1)

        in_threads(
            reading,
            lambda: [live.push(each) for each in batches],
            lambda: [live.void(each.slice(0, 9)) for each in reversed(batches)],
            lambda: [live.push_one(each) for each in ones],
        )
        assert live.records == 30 + 30 + len(ones)
        again = StreamEngine(FIRST, LATENESS)
        for _, payload in live._log.read(0):
            apply_record(again, read_record(payload))
        assert live.digest() == again.digest()
        assert live.engine.counts == again.counts


def test_many_threads_that_push_one_share_syncs(folder):
    syncs = []

    def sync(descriptor):
        syncs.append(descriptor)
        time.sleep(0.005)  # the disk is slower than threads are

    with opened(folder, open_log=partial(SegmentLog.open, sync=sync)) as live:
        events = [payments(number).to_pylist()[:5] for number in range(8)]
        in_threads(*(partial(list, map(live.push_one, several)) for several in events))
        assert live.records == 40
        assert live.metrics()["headrace_features_log_records_pending"] == 0
        assert len(syncs) < 40


def test_metrics_tell_of_the_engine_and_of_the_log(folder):
    with opened(folder) as live:
        live.push(payments(0))
        live.submit(payments(1))
        found = live.metrics()
        assert found["headrace_features_log_records_total"] == 2
        assert found["headrace_features_log_records_pending"] == 1
        assert found['headrace_features_rows_total{table="payment",outcome="duplicate"}'] == 2

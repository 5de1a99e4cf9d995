"""Snapshots: arrays come back as they were, or the damaged file is named and an older one used."""

import json
import os
import resource
import tempfile
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headrace.adapters.live.snapshots import newest_snapshot, snapshot_sequences, write_snapshot
from headrace.adapters.segment_log import StorageError

MEMORY = Path("/dev") / "shm"  # syncs cost nothing there
ARRAYS = {
    "sums": np.arange(7, dtype=np.int64),
    "share": np.array([[0.25, np.nan], [-0.0, np.inf]]),
    "name": np.array(["票", "b"]),
    "empty": np.zeros((0, 3), dtype=np.float32),
}
META = {"plan": "7f3a", "events": 2**70, "zone": "亚洲", "late": [1, 2.5, None, True, {"a": []}]}


@contextmanager
def scratch():
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name) / "snapshots"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


def same(one, other):
    return (
        one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    )


def flip(path, bit):
    text = bytearray(path.read_bytes())
    text[bit // 8] ^= 1 << bit % 8
    path.write_bytes(text)


def check(snapshot, arrays):
    assert list(snapshot.arrays) == list(arrays)
    assert all(same(snapshot.arrays[name], array) for name, array in arrays.items())


def test_a_snapshot_comes_back_as_it_was(folder):
    path = write_snapshot(folder, 12, ARRAYS, META)
    found = newest_snapshot(folder)
    check(found, ARRAYS)
    assert (found.path, found.sequence, found.meta, found.damaged) == (path, 12, META, ())
    assert path.parent == folder
    assert [each.name for each in folder.iterdir()] == [f"{12:020d}.snapshot"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_arrays_are_writable_and_have_memory_of_their_own(folder):
    write_snapshot(folder, 0, ARRAYS, {})
    one, other = newest_snapshot(folder), newest_snapshot(folder)
    one.arrays["sums"][:] = -1
    check(other, ARRAYS)
    assert all(array.flags.writeable and array.flags.owndata for array in one.arrays.values())


def test_a_folder_without_snapshots_has_none(folder):
    assert newest_snapshot(folder) is None
    folder.mkdir()
    (folder / "notes.txt").write_text("hello")
    assert newest_snapshot(folder) is None
    assert snapshot_sequences(folder) == []


@settings(max_examples=80, deadline=None)
@given(
    arrays=st.dictionaries(
        st.text(max_size=5),
        hnp.arrays(
            dtype=hnp.scalar_dtypes() | hnp.byte_string_dtypes() | hnp.unicode_string_dtypes(),
            shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
        ),
        max_size=4,
    ),
    meta=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=5,
        ).filter(lambda each: "Infinity" not in json.dumps(each)),
        max_size=3,
    ),
)
def test_any_arrays_and_any_json_come_back(arrays, meta):
    with scratch() as folder:
        write_snapshot(folder, 3, arrays, meta)
        found = newest_snapshot(folder)
        check(found, arrays)
        assert found.meta == meta


@pytest.mark.parametrize("order", ["transposed", "strided", "reversed", "broadcast", "fortran"])
def test_memory_in_any_order_is_stored_in_c_order(folder, order):
    numbers = np.arange(3_000_000, dtype=np.int32).reshape(1000, 3000)  # several pieces
    array = {
        "transposed": numbers.T,
        "strided": numbers[::3, ::7],
        "reversed": numbers[::-1],
        "broadcast": np.broadcast_to(numbers[0], (500, 3000)),
        "fortran": np.asfortranarray(numbers),
    }[order]
    write_snapshot(folder, 1, {"x": array}, {})
    assert np.array_equal(newest_snapshot(folder).arrays["x"], array)


def test_a_memory_mapped_array_is_stored_like_any_other(folder, tmp_path):
    mapped = np.memmap(tmp_path / "state", dtype=np.int64, mode="w+", shape=(50,))
    mapped[:] = np.arange(50)
    write_snapshot(folder, 1, {"x": mapped}, {})
    assert np.array_equal(newest_snapshot(folder).arrays["x"], np.arange(50))


def test_the_newest_two_are_kept(folder):
    for sequence in (3, 10, 200):
        write_snapshot(folder, sequence, {"x": np.array([sequence])}, {})
    assert snapshot_sequences(folder) == [200, 10]
    assert newest_snapshot(folder).arrays["x"] == 200
    write_snapshot(folder, 200, {"x": np.array([-1])}, {})
    assert snapshot_sequences(folder) == [200, 10]
    assert newest_snapshot(folder).arrays["x"] == -1


def test_a_snapshot_below_two_damaged_ones_is_not_deleted_as_the_oldest(folder):
    for sequence in (10, 20):
        flip(write_snapshot(folder, sequence, ARRAYS, {}), 100)
    write_snapshot(folder, 5, ARRAYS, {})
    found = newest_snapshot(folder)
    assert found.sequence == 5
    assert [each.path.name for each in found.damaged] == [f"{n:020d}.snapshot" for n in (20, 10)]


def test_a_damaged_newest_snapshot_is_named_and_the_older_one_used(folder):
    write_snapshot(folder, 1, ARRAYS, META)
    newest = write_snapshot(folder, 2, {"sums": np.zeros(9)}, {})
    flip(newest, 8 * newest.stat().st_size - 3)
    found = newest_snapshot(folder)
    check(found, ARRAYS)
    assert found.sequence == 1
    assert [(each.path, each.what) for each in found.damaged] == [
        (newest, "array `sums` fails its checksum")
    ]


def test_when_every_snapshot_is_damaged_all_are_named(folder):
    paths = [write_snapshot(folder, sequence, ARRAYS, {}) for sequence in (1, 2)]
    for path in paths:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StorageError, match="no snapshot can be used") as caught:
        newest_snapshot(folder)
    assert all(str(path) in caught.value.where for path in paths)
    assert "bytes and should have" in caught.value.where
    assert "replay" in caught.value.remedy


def test_a_snapshot_under_another_name_is_damaged(folder):
    path = write_snapshot(folder, 1, ARRAYS, {})
    path.rename(folder / f"{2:020d}.snapshot")
    with pytest.raises(StorageError, match="another snapshot than its name says"):
        newest_snapshot(folder)


@pytest.mark.parametrize("size", [0, 1, 19, 20, 21, 100])
def test_a_snapshot_cut_short_is_damaged(folder, size):
    path = write_snapshot(folder, 1, ARRAYS, META)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(StorageError, match="header is damaged"):
        newest_snapshot(folder)


def test_a_flipped_bit_in_any_byte_is_noticed():
    chance = np.random.default_rng(5)
    with scratch() as folder:
        path = write_snapshot(folder, 1, ARRAYS, META)
        text = path.read_bytes()
        for byte in range(len(text)):
            flip(path, 8 * byte + int(chance.integers(8)))
            with pytest.raises(StorageError):
                newest_snapshot(folder)
            path.write_bytes(text)
        check(newest_snapshot(folder), ARRAYS)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_flipped_bits_in_either_file_never_alter_what_is_read(data):
    with scratch() as folder:
        older = write_snapshot(folder, 1, {"x": np.arange(4)}, {"is": "older"})
        newer = write_snapshot(folder, 2, ARRAYS, META)
        bits = st.sampled_from([older, newer]).flatmap(
            lambda path: st.tuples(st.just(path), st.integers(0, 8 * path.stat().st_size - 1))
        )
        damaged = data.draw(st.sets(bits, min_size=1, max_size=4))
        for path, bit in damaged:
            flip(path, bit)
        hit = {path for path, _ in damaged}
        if hit == {older, newer}:
            with pytest.raises(StorageError):
                newest_snapshot(folder)
        elif hit == {newer}:
            found = newest_snapshot(folder)
            check(found, {"x": np.arange(4)})
            assert [each.path for each in found.damaged] == [newer]
        else:
            check(newest_snapshot(folder), ARRAYS)


# What cannot be stored


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}, None], dtype=object),
        np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["variable"], dtype=np.dtypes.StringDType()),
    ],
    ids=["objects", "fields", "strings"],
)
def test_arrays_that_are_more_than_their_bytes_are_refused_by_name(folder, array):
    with pytest.raises(StorageError, match="array `state` has dtype"):
        write_snapshot(folder, 1, {"fine": np.zeros(1), "state": array}, {})
    assert snapshot_sequences(folder) == []


@pytest.mark.parametrize(
    "meta",
    [
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": np.int64(1)},
        {"x": (1, 2)},
        {"x": {1: "a"}},
        {"x": b"bytes"},
        {"x": "\ud800"},
        {1: "x"},
    ],
)
def test_what_json_would_change_is_refused(folder, meta):
    with pytest.raises(StorageError, match="not what JSON gives back"):
        write_snapshot(folder, 1, ARRAYS, meta)
    assert snapshot_sequences(folder) == []


# Disks and kills


def test_a_full_disk_leaves_the_older_snapshots_and_nothing_else(folder):
    for sequence in (1, 2):
        write_snapshot(folder, sequence, ARRAYS, {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match="make space"):
            write_snapshot(folder, 3, {"large": np.zeros(100_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name for path in folder.iterdir()} == {f"{n:020d}.snapshot" for n in (1, 2)}
    write_snapshot(folder, 3, {"large": np.zeros(100_000)}, {})
    assert snapshot_sequences(folder) == [3, 2]


def test_what_a_killed_writer_left_is_not_read_and_is_swept_away(folder):
    write_snapshot(folder, 1, ARRAYS, {})
    half = folder / f".{2:020d}.snapshot.unfinished"
    half.write_bytes(b"half")
    assert newest_snapshot(folder).sequence == 1
    write_snapshot(folder, 3, ARRAYS, {})
    assert not half.exists()


def test_a_folder_that_cannot_be_used_is_an_error_of_ours(folder):
    folder.write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        write_snapshot(folder, 1, ARRAYS, {})
    folder.unlink()
    (folder / f"{1:020d}.snapshot").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot be read"):
        newest_snapshot(folder)


def test_large_arrays_are_not_copied_whole():
    arrays = {"flat": np.ones(10_000_000), "turned": np.ones((2500, 4000)).T}  # 80 MB each
    with scratch() as folder:
        tracemalloc.start()
        write_snapshot(folder, 1, arrays, {})
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak_bytes < 20_000_000

"""The segment log: what was acknowledged comes back, or its loss is named; never anything else."""

import errno
import linecache
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import log_writer
import numpy as np
import pytest
from full_disk import disk_space
from hypothesis import given, settings
from hypothesis import strategies as st
from log_reference import mark_bytes, segment_bytes, split, whole_records

from headrace.adapters.segment_log import (
    DamageError,
    Recovery,
    SegmentLog,
    StorageError,
    sync_data,
)

SMALL = 200  # bytes of a segment, so that a few records make several
RECORDS = [bytes([65 + number]) * (number * 7 % 40) for number in range(20)]
NAMES = [f"{first:020d}.segment" for first, _ in split(RECORDS, SMALL)]


MEMORY = Path("/dev") / "shm"  # syncs cost nothing there; a kill or a full disk is the same


@contextmanager
def scratch():
    """A folder for a log, not made yet."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        yield Path(name) / "log"


@pytest.fixture
def folder():
    with scratch() as path:
        yield path


def small(folder, **settings):
    return SegmentLog.open(folder, segment_bytes=SMALL, **settings)


def fill(folder, payloads=RECORDS):
    """A log that was closed in order, with these records in small segments."""
    with small(folder) as log:
        for payload in payloads:
            log.append(payload)
    return folder


def killed(folder, acknowledged, pending):
    """A log as a process leaves it that is killed after a commit and one more write."""
    alive = folder.with_name("alive")
    with SegmentLog.open(alive) as log:
        for payload in acknowledged:
            log.append(payload)
        log.commit()
        for payload in pending:
            log.append(payload)
        log.read()  # hands what is pending to the system
        shutil.copytree(alive, folder)
    return folder


def read_all(folder):
    with small(folder) as log:
        return [payload for _, payload in log.read()]


def flip(path, bit):
    text = bytearray(path.read_bytes())
    text[bit // 8] ^= 1 << bit % 8
    path.write_bytes(text)


# Appending and reading


def test_records_are_numbered_from_zero_and_come_back_in_order(tmp_path):
    with SegmentLog.open(tmp_path / "on" / "a" / "disk") as log:
        assert [log.append(payload) for payload in RECORDS] == list(range(20))
        assert list(log.read()) == list(enumerate(RECORDS))
        assert (log.first_sequence, log.next_sequence, log.durable) == (0, 20, 0)
        assert log.commit() == log.durable == 20


def test_numbers_go_on_across_segments_and_openings(folder):
    for start in range(0, 20, 4):
        with small(folder) as log:
            assert log.recovered == ()
            assert (log.next_sequence, log.durable) == (start, start)
            for payload in RECORDS[start : start + 4]:
                log.append(payload)
    assert read_all(folder) == RECORDS
    assert len(list(folder.glob("*.segment"))) > 2


@settings(max_examples=50, deadline=None)
@given(payloads=st.lists(st.binary(max_size=300), max_size=30), limit=st.integers(1, 900))
def test_files_hold_what_the_format_says(payloads, limit):
    with scratch() as folder:
        with SegmentLog.open(folder, segment_bytes=limit) as log:
            for payload in payloads:
                log.append(payload)
        segments = split(payloads, limit)
        wanted = {f"{first:020d}.segment": segment_bytes(first, each) for first, each in segments}
        found = {path.name: path.read_bytes() for path in folder.glob("*.segment")}
        assert found == wanted
        assert (folder / "committed").read_bytes() == mark_bytes(len(payloads))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 262_144, 3_000_000])
def test_payloads_of_every_size_and_kind_of_buffer(folder, size):
    payload = np.random.default_rng(size).bytes(size)
    numbers = memoryview(np.arange(8, dtype=np.int64))
    with SegmentLog.open(folder, segment_bytes=1 << 20) as log:
        for each in (
            b"before",
            payload,
            bytearray(payload),
            memoryview(payload),
            numbers,
            b"after",
        ):
            log.append(each)
        log.commit()
        wanted = [b"before", payload, payload, payload, numbers.tobytes(), b"after"]
        assert [each for _, each in log.read()] == wanted


def test_a_buffer_with_gaps_is_refused_and_uses_no_number(folder):
    with SegmentLog.open(folder) as log:
        with pytest.raises(TypeError):
            log.append(memoryview(bytes(10))[::2])
        assert log.append(b"next") == 0


def test_reading_begins_anywhere(folder):
    with small(fill(folder)) as log:
        for first in range(21):
            assert list(log.read(first)) == list(enumerate(RECORDS))[first:]


def test_reading_ends_with_what_was_appended_before_it_was_asked_for(folder):
    with small(folder) as log:
        log.append(b"first")
        records = log.read()
        for payload in RECORDS:
            log.append(payload)
        assert list(records) == [(0, b"first")]


def test_a_log_may_begin_at_another_number(folder):
    with small(folder, first_sequence=700) as log:
        assert log.append(b"x") == 700
    with small(folder) as log:
        assert list(log.read()) == [(700, b"x")]


# Dropping


def test_whole_segments_before_a_number_are_dropped(folder):
    firsts = [first for first, _ in split(RECORDS, SMALL)]
    with small(fill(folder)) as log:
        assert log.drop_before(firsts[2] - 1) == 1
        assert log.drop_before(firsts[2]) == 1
        assert log.drop_before(firsts[2]) == 0
        assert log.first_sequence == firsts[2]
        assert list(log.read()) == list(enumerate(RECORDS))[firsts[2] :]
        with pytest.raises(StorageError, match=r"was dropped.*begin from a snapshot"):
            log.read(firsts[2] - 1)


def test_the_last_segment_stays_so_that_numbers_go_on(folder):
    with small(fill(folder)) as log:
        log.drop_before(10**9)
    assert [path.name for path in folder.glob("*.segment")] == NAMES[-1:]
    with small(folder) as log:
        assert log.append(b"x") == 20


# One writer


def test_a_second_writer_is_told_who_the_first_is(folder):
    with SegmentLog.open(folder) as log:
        with pytest.raises(StorageError, match=f"process {os.getpid()}, has this log open"):
            SegmentLog.open(folder)
        log.append(b"still open")
    assert read_all(folder) == [b"still open"]


def test_a_closed_log_takes_and_gives_nothing(folder):
    log = SegmentLog.open(folder)
    log.close()
    log.close()
    for act in (lambda: log.append(b""), log.commit, log.read, lambda: log.drop_before(1)):
        log.next_sequence = 1  # so that there would be something to commit
        with pytest.raises(StorageError, match="closed"):
            act()


def test_only_the_owner_may_read_the_files(folder):
    fill(folder)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["lock", "committed", NAMES[-1]])
def test_a_folder_where_a_file_should_be_is_an_error_of_ours(folder, name):
    fill(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(StorageError, match="cannot be opened"):
        small(folder)


# Torn tails: cut and reported


def test_a_tail_cut_anywhere_after_the_last_commit_is_cut_back_and_reported(folder):
    killed(folder, [b"one", b"two"], [b"three", b"four"])
    path = folder / NAMES[0]
    text = path.read_bytes()
    kept = len(segment_bytes(0, [b"one", b"two"]))
    for size in range(kept, len(text)):
        torn = shutil.copytree(folder, folder.with_name(str(size)))
        (torn / path.name).write_bytes(text[:size])
        payloads = whole_records(text[:size], 0)
        end = len(segment_bytes(0, payloads))
        with SegmentLog.open(torn) as log:
            assert [payload for _, payload in log.read()] == payloads
            assert log.append(b"instead") == len(payloads)
            cuts = [(each.path.name, each.offset, each.bytes_cut) for each in log.recovered]
        assert cuts == ([(path.name, end, size - end)] if size > end else [])
        assert read_all(torn) == [*payloads, b"instead"]


@pytest.mark.parametrize("tail", [bytes(500), b"\xff" * 500, segment_bytes(2, [b"x"])[24:-1]])
def test_what_a_file_system_may_leave_at_the_end_is_cut(folder, tail):
    killed(folder, [b"one", b"two"], [])
    path = folder / NAMES[0]
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(tail)
    with SegmentLog.open(folder) as log:
        (found,) = log.recovered
        assert isinstance(found, Recovery)
        assert (found.path, found.offset, found.bytes_cut) == (path, end, len(tail))
        assert found.sequence == log.next_sequence == 2
        assert found.what
        assert path.stat().st_size == end
    with SegmentLog.open(folder) as log:
        assert log.recovered == ()


def test_unfinished_files_of_a_killed_writer_are_swept_away(folder):
    fill(folder)
    (folder / f".{20:020d}.segment.unfinished").write_bytes(b"half")
    assert read_all(folder) == RECORDS
    assert not list(folder.glob(".*"))


# Damage: named, with the file, the offset, the number and the remedy


def test_damage_to_an_acknowledged_record_is_named_even_at_the_very_end(folder):
    killed(folder, [b"one", b"two"], [])
    path = folder / NAMES[0]
    offset = len(segment_bytes(0, [b"one"]))
    flip(path, 8 * path.stat().st_size - 1)
    with pytest.raises(DamageError, match="fails its checksum") as caught:
        SegmentLog.open(folder)
    assert (caught.value.path, caught.value.offset, caught.value.sequence) == (path, offset, 1)
    assert caught.value.where == f"{path}, offset {offset}, sequence 1"
    assert "restore" in caught.value.remedy


def test_an_acknowledged_record_that_is_gone_is_named(folder):
    killed(folder, [b"one", b"two"], [])
    path = folder / NAMES[0]
    path.write_bytes(segment_bytes(0, [b"one"]))
    with pytest.raises(DamageError, match="ends before record 1, which was acknowledged"):
        SegmentLog.open(folder)


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_a_missing_segment_is_named(folder, place):
    fill(folder)
    (folder / NAMES[place]).unlink()
    if place == 0:  # as if dropped, unless one asks for what it held
        with small(folder) as log, pytest.raises(StorageError, match="record 0 was dropped"):
            log.read(0)
    else:
        with pytest.raises(DamageError, match="ends before record") as caught:
            read_all(folder)
        assert caught.value.path.name == NAMES[place - 1]


def test_a_log_without_any_segment_is_not_taken_for_a_new_one(folder):
    fill(folder)
    for name in NAMES:
        (folder / name).unlink()
    with pytest.raises(DamageError, match="every segment"):
        small(folder)


@pytest.mark.parametrize("tail", [b"x", segment_bytes(9, [b"more"])[24:]])
def test_something_after_the_records_of_an_earlier_segment_is_named(folder, tail):
    fill(folder)
    with (folder / NAMES[1]).open("ab") as file:
        file.write(tail)
    with pytest.raises(DamageError) as caught:
        read_all(folder)
    assert caught.value.path.name == NAMES[1]


def test_a_whole_record_with_the_wrong_number_is_never_cut(folder):
    killed(folder, [b"one"], [])
    with (folder / NAMES[0]).open("ab") as file:
        file.write(segment_bytes(5, [b"six"])[24:])
    with pytest.raises(DamageError, match="whole record 5 stands where 1 should"):
        SegmentLog.open(folder)


def test_a_segment_of_another_log_is_named(folder):
    fill(folder)
    shutil.copy(folder / NAMES[0], folder / NAMES[1])
    with pytest.raises(DamageError, match="header") as caught:
        read_all(folder)
    assert caught.value.path.name == NAMES[1]


@pytest.mark.parametrize("text", [None, b"", b"short", mark_bytes(20)[:-1] + b"?"])
def test_a_lost_watermark_is_reported_and_written_anew(folder, text):
    fill(folder)
    (folder / "committed").unlink()
    if text is not None:
        (folder / "committed").write_bytes(text)
    with small(folder) as log:
        assert [(each.path.name, each.sequence) for each in log.recovered] == [("committed", 20)]
        assert [payload for _, payload in log.read()] == RECORDS
    assert (folder / "committed").read_bytes() == mark_bytes(20)


def outcome(folder):
    """The records that can be read and what was recovered; or the damage."""
    try:
        with small(folder) as log:
            return [payload for _, payload in log.read()], log.recovered
    except DamageError as error:
        return error


def restored(folder, files):
    for path in folder.iterdir():
        path.unlink()
    for name, text in files.items():
        (folder / name).write_bytes(text)
    return folder


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def test_a_flipped_bit_in_any_byte_of_a_closed_log_is_noticed():
    chance = np.random.default_rng(3)
    with scratch() as folder:
        files = content(fill(folder))
        places = [(name, byte) for name, text in files.items() for byte in range(len(text))]
        for name, byte in places:
            restored(folder, files)
            flip(folder / name, 8 * byte + int(chance.integers(8)))
            found = outcome(folder)
            if name == "committed":
                assert found[0] == RECORDS
                assert [each.path.name for each in found[1]] == ["committed"]
            else:
                assert isinstance(found, DamageError)
                assert found.path.name == name
                assert found.offset <= byte


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_flipped_bits_never_alter_what_is_read(data):
    """Of a killed log: two records acknowledged, two written but not yet synced."""
    with scratch() as folder:
        killed(folder, [b"one", b"two"], [b"three", b"four"])
        sizes = {file: len(text) for file, text in content(folder).items()}
        bits = st.sampled_from(sorted(sizes)).flatmap(
            lambda file: st.tuples(st.just(file), st.integers(0, 8 * sizes[file] - 1))
        )
        flips = data.draw(st.sets(bits, min_size=1, max_size=3))
        for file, bit in flips:
            flip(folder / file, bit)
        found = outcome(folder)
        damaged = {file for file, _ in flips}
        if isinstance(found, DamageError):
            assert found.path.name in damaged
            return
        payloads, recovered = found
        assert payloads == [b"one", b"two", b"three", b"four"][: len(payloads)]
        assert {each.path.name for each in recovered} == damaged
        assert len(payloads) >= 2 or "committed" in damaged


# Power cuts: a disk keeps what was synced, and any part of the rest


class Disk:
    """Remembers each file as it was when it was last synced."""

    def __init__(self):
        self.synced = {}

    def sync(self, descriptor):
        sync_data(descriptor)
        status = os.fstat(descriptor)
        self.synced[status.st_ino] = os.pread(descriptor, status.st_size, 0)

    def cut(self, folder, target, chance):
        """What a power cut may leave of a folder: any 64-byte blocks of what was not synced."""
        target.mkdir()
        for path in folder.iterdir():
            now = path.read_bytes()
            born = now[:24] if path.suffix == ".segment" else now
            text = bytearray(self.synced.get(path.stat().st_ino, born))
            if path.name == "committed" and chance.random() < 0.5:
                text = bytearray(now)
            elif path.suffix == ".segment":
                kept = len(text)
                text += bytes(int(chance.integers(len(now) - kept + 1)))
                for block in range(kept, len(text), 64):
                    if chance.random() < 0.7:
                        text[block : block + 64] = now[block : min(block + 64, len(text))]
            (target / path.name).write_bytes(text)


@pytest.mark.parametrize("seed", range(25))
def test_a_power_cut_loses_nothing_acknowledged_and_leaves_a_log_that_opens(folder, seed):
    chance = np.random.default_rng(seed)
    disk, written = Disk(), []
    with SegmentLog.open(folder, segment_bytes=3000, sync=disk.sync) as log:
        for step in range(60):
            written.append(chance.bytes(int(chance.integers(200))))
            log.append(written[-1])
            if chance.random() < 0.2:
                log.commit()
            if chance.random() < 0.2:
                log.read()  # hands the buffer to the system, unsynced
            if step % 6 == 5:
                after = folder.with_name(str(step))
                disk.cut(folder, after, chance)
                with SegmentLog.open(after) as found:
                    payloads = [payload for _, payload in found.read()]
                assert payloads == written[: len(payloads)]
                assert len(payloads) >= log.durable


# A disk that is full


def test_a_commit_on_a_full_disk_acknowledges_nothing_and_can_be_repeated(folder):
    with SegmentLog.open(folder) as log:
        for number in range(100):
            log.append(b"a" * number)
        assert log.commit() == 100
        size = (folder / NAMES[0]).stat().st_size
        for number in range(100):
            log.append(b"b" * number)
        with disk_space(size + 999):
            for _ in range(2):
                with pytest.raises(StorageError, match="make space") as caught:
                    log.commit()
        assert caught.value.where == str(folder / NAMES[0])
        assert log.durable == 100
        assert (folder / NAMES[0]).stat().st_size == size  # no half of a record
        assert log.commit() == 200
        wanted = [b"a" * number for number in range(100)] + [b"b" * number for number in range(100)]
        assert [payload for _, payload in log.read()] == wanted
    assert read_all(folder) == wanted


@pytest.mark.parametrize("size", [100, 100_000])
def test_an_append_on_a_full_disk_takes_nothing_and_can_be_repeated(folder, size):
    def append_until_refused():
        while True:
            log.append(bytes(size))

    with SegmentLog.open(folder) as log:
        with disk_space(500_000):
            with pytest.raises(StorageError, match="make space"):
                append_until_refused()
            taken = log.next_sequence
            with pytest.raises(StorageError, match="make space") as caught:
                log.append(bytes(size))
            assert log.next_sequence == taken >= 500_000 // (size + 16)
        assert log.append(b"after") == taken  # while the error, and what it refers to, still live
        assert caught.value.remedy
        assert log.commit() == taken + 1
        assert [each for _, each in log.read()] == [bytes(size)] * taken + [b"after"]


def test_a_kill_while_the_disk_is_full_loses_nothing_acknowledged(folder):
    with SegmentLog.open(folder) as log:
        log.append(b"kept")
        log.commit()
        log.append(bytes(5000))
        with disk_space(1000), pytest.raises(StorageError):
            log.commit()
        shutil.copytree(folder, folder.with_name("killed"))
    assert read_all(folder.with_name("killed")) == [b"kept"]
    assert read_all(folder) == [b"kept", bytes(5000)]


def test_a_segment_that_cannot_be_begun_is_begun_later(folder):
    with SegmentLog.open(folder, segment_bytes=30) as log:
        log.append(bytes(20))
        with disk_space(0):
            for _ in range(2):
                with pytest.raises(StorageError):
                    log.append(b"refused")
        assert not list(folder.glob(".*"))
        assert log.append(b"taken") == 1
        assert len(list(folder.glob("*.segment"))) == 2
    assert read_all(folder) == [bytes(20), b"taken"]


def test_a_log_closed_on_a_full_disk_says_so_and_lets_go(folder):
    log = SegmentLog.open(folder)
    log.append(b"lost")
    with disk_space(0), pytest.raises(StorageError, match="cannot be written"):
        log.close()
    assert read_all(folder) == []


# A sync that fails


def test_after_a_failed_sync_nothing_is_acknowledged_until_the_log_is_opened_again(folder):
    broken = threading.Event()

    def sync(descriptor):
        if broken.is_set():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync_data(descriptor)

    with small(folder, sync=sync) as log:
        log.append(b"kept")
        log.commit()
        log.append(b"not acknowledged")
        broken.set()
        with pytest.raises(StorageError, match=r"Input/output error.*open it again"):
            log.commit()
        broken.clear()  # a later success proves nothing
        for act in (log.commit, lambda: log.append(b"more"), log.read):
            with pytest.raises(StorageError, match="open it again"):
                act()
        assert log.durable == 1
    assert read_all(folder)[0] == b"kept"


def test_a_watermark_that_cannot_be_written_acknowledges_nothing(folder):
    with SegmentLog.open(folder) as log:
        os.truncate(folder / "committed", 0)
        log.append(b"")
        segment = folder / NAMES[0]
        log.read()
        assert segment.stat().st_size == 40
        with disk_space(10), pytest.raises(StorageError, match="watermark"):
            log.commit()
        assert log.durable == 0
        assert log.commit() == 1


# Interrupts


def interrupts(act, step):
    """Whether Ctrl-C came before `act` was done; it comes before that many lines of Python.

    Not before a `with`, where the interpreter does not look for signals either.
    """
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        if Path(frame.f_code.co_filename).name not in {"segment_log.py", "contextlib.py"}:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and not line.lstrip().startswith("with "):
            lines += 1
            if lines == step:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_ctrl_c_at_any_line_leaves_a_log_that_closes_and_opens():
    payloads = [b"small", bytes(70_000), b"after", b"", bytes(70_000), b"in a new segment"]

    def work():
        for payload in payloads:
            log.append(payload)
            log.commit()

    step, interrupted = 0, True
    while interrupted:
        step += 1
        with scratch() as folder:
            with SegmentLog.open(folder, segment_bytes=100_000) as log:
                interrupted = interrupts(work, step)
            with SegmentLog.open(folder) as found:
                read = [payload for _, payload in found.read()]
            assert read == payloads[: len(read)]
            assert len(read) >= log.durable
    assert step > 200
    assert len(read) == len(payloads)


# Group commit


class SlowDisk:
    """Counts syncs and lets each go on only when told."""

    def __init__(self):
        self.syncs = 0
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def sync(self, descriptor):
        self.syncs += 1
        self.began.release()
        self.go_on.acquire()


def started(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    return threads


def test_many_threads_that_commit_share_one_sync(folder):
    disk = SlowDisk()
    durable = []
    with SegmentLog.open(folder, sync=disk.sync) as log:
        log.append(b"first")
        (first,) = started(lambda: durable.append(log.commit()))
        disk.began.acquire()
        for number in range(30):
            log.append(b"%d" % number)  # appending goes on while the disk is busy
        others = started(*[lambda: durable.append(log.commit())] * 30)
        for _ in range(2):
            disk.go_on.release()
        for thread in (first, *others):
            thread.join()
        assert (disk.syncs, log.durable) == (2, 31)
        assert sorted(durable) in ([1] + [31] * 30, [31] * 31)
        disk.go_on.release(9)


def test_what_each_thread_waited_for_is_acknowledged(folder):
    wrong = []

    def work():
        for number in range(20):
            payload = f"{threading.get_ident()}:{number}".encode()
            sequence = log.append(payload)
            if log.wait(sequence) <= sequence or log.durable <= sequence:
                wrong.append(sequence)
            taken[sequence] = payload

    taken = {}
    with small(folder) as log:
        for thread in started(*[work] * 16):
            thread.join()
        assert not wrong
        assert dict(log.read()) == taken
        assert len(taken) == 320


def test_one_sync_serves_all_that_came_while_the_disk_was_busy(folder):
    disk = SlowDisk()
    with SegmentLog.open(folder, sync=disk.sync) as log:
        waiting = started(lambda: log.wait(log.append(b"first")))
        disk.began.acquire()
        for number in range(30):
            log.append(b"%d" % number)
        waiting += started(*[lambda at=at: log.wait(at) for at in range(1, 31)])
        disk.go_on.release(9)
        for thread in waiting:
            thread.join()
        assert log.durable == 31
        assert disk.syncs == 2


def test_waiting_raises_while_the_disk_is_full_and_succeeds_afterwards(folder):
    with SegmentLog.open(folder) as log:
        log.wait(log.append(b"kept"))
        with disk_space(50):
            sequence = log.append(bytes(1000))
            for _ in range(2):
                with pytest.raises(StorageError, match="make space"):
                    log.wait(sequence)
            assert log.durable == 1
        assert log.wait(sequence) == 2


def test_every_waiting_thread_hears_of_a_failed_sync(folder):
    heard = []

    def sync(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def work():
        try:
            log.wait(0)
        except StorageError as error:
            heard.append(error)

    with SegmentLog.open(folder, sync=sync) as log:
        log.append(b"never acknowledged")
        for thread in started(*[work] * 8):
            thread.join()
        assert len(set(map(id, heard))) == 8
        assert all("Input/output error" in error.problem for error in heard)


def test_nobody_can_wait_for_what_was_never_appended(folder):
    with SegmentLog.open(folder) as log:
        with pytest.raises(ValueError, match="never appended"):
            log.wait(0)
        assert log.wait(log.append(b"it was")) == 1


# Kills


class Lives:
    """The writer of `log_writer.py`: one life after the other, each killed."""

    def __init__(self):
        command = [sys.executable, log_writer.__file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def kill_after(self, seconds, seed, folder):
        """Runs a life for so long; returns the number below which it had acknowledged."""
        self.process.stdin.write(f"{seed} {folder}\n".encode())
        self.process.stdin.flush()
        life = int(self.process.stdout.readline())
        time.sleep(seconds)
        os.kill(life, signal.SIGKILL)
        told = [0]
        while (line := self.process.stdout.readline()) != b"over\n":
            told.append(int(line))
        return max(told)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


def test_kill_9_at_any_moment_loses_nothing_acknowledged(folder):
    lives = Lives()
    acknowledged_in_all = 0
    for seed in range(30):
        chance = np.random.default_rng(seed)
        log_folder = folder.with_name(str(seed))
        acknowledged = 0
        for _ in range(3):
            seconds = float(chance.exponential(0.012))
            acknowledged = max(acknowledged, lives.kill_after(seconds, seed, log_folder))
        with SegmentLog.open(log_folder) as log:
            first, end = log.first_sequence, log.next_sequence
            records = list(log.read())
        assert end >= acknowledged
        assert records == [
            (number, log_writer.payload_of(seed, number)) for number in range(first, end)
        ]
        assert first == 0 or first <= acknowledged - log_writer.KEPT_RECORDS
        acknowledged_in_all += acknowledged
    assert lives.end() == 0
    assert acknowledged_in_all > 1000

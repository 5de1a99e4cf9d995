"""Folders: the same behaviour on disk and in memory, and nothing outside is reachable."""

import hashlib
import os
import threading

import pytest

from headrace.adapters.folder import DiskFolder, MemoryFolder
from headrace.errors import InputError
from headrace.workflows.ports import Folder


@pytest.fixture(params=["disk", "memory"])
def folder(request, tmp_path) -> Folder:
    return DiskFolder(tmp_path / "out") if request.param == "disk" else MemoryFolder()


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "out").mkdir()
    return DiskFolder(tmp_path / "out")


def test_what_is_written_is_read(folder):
    folder.write("facts/invoices.parquet", b"\x00bytes\xff")
    assert folder.read("facts/invoices.parquet") == b"\x00bytes\xff"


def test_names_are_relative_posix_paths_in_order(folder):
    for name in ("report.html", "facts/b.parquet", "facts/a/c.parquet", ".hidden", "报告.csv"):
        folder.write(name, b"")
    expected = [".hidden", "facts/a/c.parquet", "facts/b.parquet", "report.html", "报告.csv"]
    assert folder.names() == expected


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 7])
def test_the_digest_is_sha256_of_the_content(folder, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    folder.write("big", data)
    assert folder.digest("big") == hashlib.sha256(data).hexdigest()


def test_writing_again_replaces(folder):
    folder.write("a", b"a long first content")
    folder.write("a", b"short")
    assert folder.read("a") == b"short"
    assert folder.names() == ["a"]


def test_a_file_that_is_absent_is_named(folder):
    folder.write("a", b"")
    for ask in (folder.read, folder.digest):
        with pytest.raises(InputError, match="there is no such file") as caught:
            ask("b/c")
        assert caught.value.where == "b/c"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "./a",
        "a//b",
        "a/",
        "/etc/passwd",
        "..\\a",
        "C:\\a",
        "a\0b",
    ],
)
def test_names_that_leave_the_folder_are_refused(folder, name):
    folder.write("a", b"")
    for ask in (folder.read, folder.digest, lambda each: folder.write(each, b"x")):
        with pytest.raises(InputError, match="leaves the folder"):
            ask(name)
    assert folder.names() == ["a"]


def test_a_folder_that_is_absent_cannot_be_listed(tmp_path):
    with pytest.raises(InputError, match="no such file or folder"):
        DiskFolder(tmp_path / "nowhere").names()


def test_a_written_file_leaves_no_other(disk, tmp_path):
    disk.write("deep/er/file", b"1")
    found = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert found == ["file"]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(disk, tmp_path):
    disk.write("a", b"old")
    (tmp_path / "out" / "folder").mkdir()
    with pytest.raises(InputError, match="it cannot be used"):
        disk.write("folder", b"x")
    with pytest.raises(InputError, match="it cannot be used"):
        disk.write("a/below", b"x")
    assert disk.names() == ["a"]
    assert disk.read("a") == b"old"


def test_a_reader_never_sees_half_a_file(disk):
    contents = [bytes([letter]) * 50_000 for letter in b"ab"]
    disk.write("a", contents[0])
    is_done = threading.Event()
    torn = []

    def watch():
        while not is_done.is_set():
            data = disk.read("a")
            if data not in contents:
                torn.append(data)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for round_number in range(40):
        disk.write("a", contents[round_number % 2])
    is_done.set()
    watcher.join()
    assert torn == []


def test_a_written_file_gets_the_permissions_of_the_umask(disk, tmp_path):
    previous = os.umask(0o027)
    try:
        disk.write("a", b"")
    finally:
        os.umask(previous)
    assert (tmp_path / "out" / "a").stat().st_mode & 0o777 == 0o640


def test_a_link_out_of_the_folder_has_a_name_and_cannot_be_read(disk, tmp_path):
    (tmp_path / "secret").write_text("not yours")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")
    assert disk.names() == ["link"]
    for ask in (disk.read, disk.digest):
        with pytest.raises(InputError, match="leads outside"):
            ask("link")


def test_a_linked_folder_is_a_name_and_not_walked(disk, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("not yours")
    (tmp_path / "out" / "link").symlink_to(outside)
    assert disk.names() == ["link"]
    with pytest.raises(InputError, match="not a regular file"):
        disk.read("link")
    with pytest.raises(InputError, match="lies outside"):
        disk.read("link/file")
    with pytest.raises(InputError, match="lies outside"):
        disk.write("link/new", b"x")
    assert sorted(path.name for path in outside.iterdir()) == ["file"]


def test_writing_over_a_link_replaces_the_link(disk, tmp_path):
    (tmp_path / "secret").write_text("kept")
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")
    disk.write("link", b"new")
    assert (tmp_path / "secret").read_text() == "kept"
    assert disk.read("link") == b"new"


def test_a_link_within_the_folder_is_read(disk, tmp_path):
    disk.write("a", b"content")
    (tmp_path / "out" / "b").symlink_to("a")
    assert disk.read("b") == b"content"


def test_a_pipe_does_not_block_its_reader(disk, tmp_path):
    os.mkfifo(tmp_path / "out" / "pipe")
    assert disk.names() == ["pipe"]
    with pytest.raises(InputError, match="not a regular file"):
        disk.digest("pipe")


def test_a_loop_of_links_is_an_error_that_names_the_file(disk, tmp_path):
    (tmp_path / "out" / "loop").symlink_to("loop")
    assert disk.names() == ["loop"]
    for name in ("loop", "loop/a", "x" * 5_000):
        with pytest.raises(InputError) as caught:
            disk.read(name)
        assert caught.value.where == name


def test_a_name_that_is_not_unicode_is_listed_and_read(disk, tmp_path):
    raw = os.fsencode(tmp_path / "out") + b"/bad\xff"
    descriptor = os.open(raw, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, b"here")
    os.close(descriptor)
    (name,) = disk.names()
    assert disk.read(name) == b"here"


def test_a_memory_folder_keeps_its_own_copy():
    files = {"a": b"1"}
    folder = MemoryFolder(files)
    folder.write("b", bytearray(b"2"))
    assert files == {"a": b"1"}
    assert folder.files == {"a": b"1", "b": b"2"}

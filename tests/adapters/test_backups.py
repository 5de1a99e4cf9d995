"""A workspace as one file, made while it is written to, and put back whole or not at all."""

import io
import json
import sqlite3
import tarfile
import threading
from contextlib import closing

import pytest

import postgres_server
from headrace.adapters import backups
from headrace.adapters.backups import BackupError, back_up, put_back
from headrace.adapters.segment_log import SegmentLog
from headrace.adapters.stores.job import Job, JobStore
from headrace.adapters.stores.web import WebStore
from headrace.adapters.workspace import workspace_at
from headrace.cli import main
from headrace.errors import InputError


@pytest.fixture
def root(tmp_path):
    """A workspace with a store, a log and some files."""
    folder = tmp_path / "bank"
    (folder / "out" / "records").mkdir(parents=True)
    (folder / "headrace.toml").write_text('[workspace]\nlive = "live"\n', encoding="utf-8")
    (folder / "out" / "run.json").write_text("{}", encoding="utf-8")
    (folder / "out" / "records" / "decisions.jsonl").write_bytes(b"{}\n" * 100)
    (folder / "hooks.key").write_text("00" * 32, encoding="ascii")
    (folder / "hooks.key").chmod(0o600)
    return folder


def typed(*arguments):
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def test_all_of_it_comes_back(root, tmp_path):
    store = WebStore.opened(str(root / "accounts.db"))
    JobStore(store).add(Job("j1", "verify", {}, "rita", 1))
    manifest = back_up(workspace_at(root), tmp_path / "b.tar.gz", 1)
    store.close()
    assert "accounts.db" in manifest.files
    assert not any(name.endswith(("-wal", "-shm")) for name in manifest.files)
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    back = tmp_path / "back"
    assert put_back(tmp_path / "b.tar.gz", back) == manifest
    for name in ("headrace.toml", "out/run.json", "out/records/decisions.jsonl"):
        assert (back / name).read_bytes() == (root / name).read_bytes()
    assert (back / "hooks.key").stat().st_mode & 0o777 == 0o600
    again = WebStore.opened(str(back / "accounts.db"))
    assert JobStore(again).job("j1").by == "rita"
    again.close()
    assert not list(tmp_path.glob(".restore-*"))


def test_stores_and_logs_that_are_written_to_meanwhile_come_back_whole(root, tmp_path):
    """Each backup holds all that was acknowledged before it began."""
    store, stop = WebStore.opened(str(root / "accounts.db")), threading.Event()
    jobs, written, logged = JobStore(store), [], []
    log = SegmentLog.open(root / "live" / "log", segment_bytes=4096)

    def write():
        while not stop.is_set():
            written.append(jobs.add(Job(f"j{len(written)}", "verify", {}, "rita", 1)).id)

    def append():
        while not stop.is_set():
            log.append(b"x" * 100)
            logged.append(log.commit())

    threads = [threading.Thread(target=write), threading.Thread(target=append)]
    for thread in threads:
        thread.start()
    try:
        for number in range(5):
            while len(written) < 5 * (number + 1) or len(logged) < 50 * (number + 1):
                pass
            known, appended = len(written), logged[-1]
            file = tmp_path / f"b{number}.tar.gz"
            back_up(workspace_at(root), file, number)
            back = tmp_path / f"back{number}"
            put_back(file, back)
            again = WebStore.opened(str(back / "accounts.db"))
            found = JobStore(again).listed(by=None, before=None, count=10**6)
            again.close()
            assert len(found) >= known
            with SegmentLog.open(back / "live" / "log") as copy:
                assert max(sequence for sequence, _ in copy.read()) >= appended - 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        log.close()
        store.close()


def test_what_is_derived_is_copied_before_its_source(root, tmp_path):
    for name in ("book/book.db", "book/ledger.db"):
        (root / name).parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(root / name)) as connection:
            connection.execute("create table t(a)")
    for name in ("live/log/committed", "live/log/0.segment", "live/policies/x"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    back_up(workspace_at(root), tmp_path / "b.tar.gz", 1)
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        order = {name.removeprefix("files/"): at for at, name in enumerate(tar.getnames())}
    assert order["book/ledger.db"] < order["book/book.db"]
    assert order["live/log/committed"] < order["live/policies/x"] < order["live/log/0.segment"]
    assert order["manifest.json"] == len(order) - 1


def test_a_run_that_is_replaced_meanwhile_is_copied_anew(root, tmp_path, monkeypatch):
    real, seen = backups._add, []

    def replacing(tar, path, name, aside):
        if name.endswith("out/run.json") and len(seen) < 2:
            seen.append(name)
            (root / "out").rename(root / f"old{len(seen)}")
            (root / "out" / "records").mkdir(parents=True)
            (root / "out" / "run.json").write_text(f"{len(seen)}", encoding="utf-8")
        return real(tar, path, name, aside)

    monkeypatch.setattr(backups, "_add", replacing)
    back_up(workspace_at(root), tmp_path / "b.tar.gz", 1)
    put_back(tmp_path / "b.tar.gz", tmp_path / "back")
    assert (tmp_path / "back" / "out" / "run.json").read_text() == "2"


def test_a_backup_is_refused_where_it_would_do_harm(root, tmp_path):
    with pytest.raises(InputError, match="in the next backup"):
        back_up(workspace_at(root), root / "b.tar.gz", 1)
    (tmp_path / "there").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        back_up(workspace_at(root), tmp_path / "there", 1)
    assert (tmp_path / "there").read_text() == "mine"
    back_up(workspace_at(root), tmp_path / "b.tar.gz", 1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(InputError, match="something here"):
        put_back(tmp_path / "b.tar.gz", tmp_path / "full")
    with pytest.raises(InputError, match="holds no database"):
        put_back(tmp_path / "b.tar.gz", tmp_path / "new", "postgresql://x/y")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("at", [10, 200, -200, -20])
def test_a_damaged_backup_is_refused_and_nothing_is_put_back(root, tmp_path, at):
    back_up(workspace_at(root), tmp_path / "b.tar.gz", 1)
    content = bytearray((tmp_path / "b.tar.gz").read_bytes())
    content[at] ^= 0xFF
    (tmp_path / "b.tar.gz").write_bytes(content)
    with pytest.raises(BackupError):
        put_back(tmp_path / "b.tar.gz", tmp_path / "back")
    (tmp_path / "b.tar.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupError):
        put_back(tmp_path / "b.tar.gz", tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert not list(tmp_path.glob(".restore-*"))


@pytest.mark.parametrize("name", ["../evil", "files/../../evil", "files/not-in-the-manifest"])
def test_an_archive_that_reaches_outside_is_refused(tmp_path, name):
    def add(tar, name, content, kind=tarfile.REGTYPE):
        info = tarfile.TarInfo(name)
        info.size, info.type, info.linkname = len(content), kind, "/etc/passwd"
        tar.addfile(info, io.BytesIO(content))

    told = {"headrace": "1", "created": 1, "files": {}, "dump": None}
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
        add(tar, name, b"evil")
        add(tar, "manifest.json", json.dumps(told).encode())
    with pytest.raises(BackupError):
        put_back(tmp_path / "b.tar.gz", tmp_path / "inner" / "back")
    assert not (tmp_path / "evil").exists()


def test_the_commands_say_what_they_did(root, tmp_path, capsys):
    file, back = str(tmp_path / "b.tar.gz"), str(tmp_path / "back")
    assert typed("backup", str(root), "--to", file) == 0
    assert capsys.readouterr().out == f"{file}: 4 files\n"
    assert typed("restore", file, "--to", back, "--json") == 0
    assert json.loads(capsys.readouterr().out)["files"] == 4
    assert typed("restore", file, "--to", back) == 2
    assert "something here" in capsys.readouterr().err


@pytest.mark.services
def test_a_database_that_is_written_to_goes_along(root, tmp_path):
    """The drill: back up while the service writes, put it back elsewhere, go on there."""
    with (
        postgres_server.running() as server,
        postgres_server.database_on(server) as first,
        postgres_server.database_on(server) as second,
    ):
        (root / "headrace.toml").write_text(
            f'[workspace]\ndatabase = "{first}"\n', encoding="utf-8"
        )
        workspace = workspace_at(root)
        store, stop, written = WebStore.opened(workspace.store("accounts")), threading.Event(), []
        jobs = JobStore(store)

        def write():
            while not stop.is_set():
                written.append(jobs.add(Job(f"j{len(written)}", "verify", {}, "rita", 1)).id)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while len(written) < 10:
                stop.wait(0.01)
            known = len(written)
            manifest = back_up(workspace, tmp_path / "b.tar.gz", 1)
        finally:
            stop.set()
            writer.join()
            store.close()
        assert manifest.dump is not None
        with pytest.raises(InputError, match="holds a database"):
            put_back(tmp_path / "b.tar.gz", tmp_path / "back")
        put_back(tmp_path / "b.tar.gz", tmp_path / "back", second)
        again = workspace_at(tmp_path / "back")
        assert again.database == second
        found = WebStore.opened(again.store("accounts"))
        listed = JobStore(found).listed(by=None, before=None, count=10**6)
        assert [each.id for each in reversed(listed)] == written[: len(listed)]
        assert known <= len(listed) <= len(written), "all that was acknowledged before it began"
        JobStore(found).add(Job("after", "verify", {}, "rita", 2))
        assert JobStore(found).listed(by=None, before=None, count=1)[0].number > listed[0].number
        found.close()

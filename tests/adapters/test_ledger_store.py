"""The ledger on SQLite and PostgreSQL: what is acknowledged stays, through kills and damage.

A full disk and a torn page are SQLite's alone here: its file is ours. A server keeps its own files;
what becomes of them reaches us as its refusal, which a test raises in its place.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import ledger_writer
import numpy as np
import pytest
import sqlalchemy as sql
from full_disk import disk_space
from ledger_writer import ACCOUNTS, batch_of

from headrace.adapters.ledger_index import drop_index, index
from headrace.adapters.sql_engines import engine_of, on_server
from headrace.adapters.stores.ledger import LedgerStore, open_ledger
from headrace.errors import EvidenceError, InputError
from headrace.ledger import asof
from headrace.ledger.account import Account, AccountOutcome, Limit
from headrace.ledger.journal import Ledger
from headrace.ledger.outcome import Outcome
from headrace.ledger.transfer import Kind, Transfer
from postgres_server import PASSWORD

DAY = date(2026, 3, 1)
SEEDS = int(os.environ.get("HEADRACE_KILL_SEEDS", "12"))
"""A full run takes 1000."""


@pytest.fixture
def file(tmp_path):
    """SQLite, where the test is about its file."""
    return str(tmp_path / "ledger.sqlite")


def pay_in(name, amount=5):
    return Transfer(name, "cash", "capital", amount, DAY, memo="投入资本")


def fill(address, batches=4):
    """A ledger of some batches; its head."""
    with open_ledger(address) as ledger:
        for number in range(1, batches + 1):
            assert ledger.commit(number, batch_of(7, number), ACCOUNTS).all_held
        return ledger.head


def test_writers_at_once(address):
    """Four writers, each with a ledger of its own; nothing is lost, nothing is done twice."""
    with open_ledger(address) as ledger:
        ledger.commit(1, accounts=ACCOUNTS)
    troubles = []

    def write(writer):
        try:
            with open_ledger(address) as own:
                for number in range(8):
                    mine = [pay_in(f"{writer}:{number}"), pay_in(f"shared:{number}", 1)]
                    assert own.commit(2, mine).all_held
        except BaseException as trouble:  # noqa: BLE001 - a thread's failure must reach the test
            troubles.append(trouble)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    with open_ledger(address) as ledger:
        assert asof.balance(ledger.book, "cash").debit == 4 * 8 * 5 + 8
        assert ledger.head.transfers == 4 * 8 + 8
        assert ledger.verify() == ()


def test_plain_rows(address):
    """Rows for those who ask in SQL say what the ledger says."""
    fill(address)
    store = LedgerStore.opened(address)
    try:
        ledger = Ledger(store)
        first = index(store, ledger)
        ledger.commit(10**6, [replace(pay_in("later"), fact="no\0text")])
        assert (first, index(store, ledger)) == (ledger.head.transfers - 1, 1)
        sums = rows(
            store,
            "select a.id, coalesce(sum(case when t.debit = a.id then t.amount"
            " else -t.amount end), 0) from ledger_account a left join ledger_transfer t"
            " on a.id in (t.debit, t.credit) and t.kind in ('post', 'post_hold')"
            " group by a.id, a.number order by a.number",
        )
        trial = asof.trial_balance(ledger.book)
        told = zip(trial["account"].to_pylist(), trial["balance"].to_pylist(), strict=True)
        assert [(name, int(total)) for name, total in sums] == list(told)
        last = rows(
            store, "select id, memo, known_at, fact from ledger_transfer order by entry desc"
        )[0]
        assert tuple(last) == ("later", "投入资本", 10**6, "no\ufffdtext")
        drop_index(store)
        assert index(store, ledger) == ledger.head.transfers
    finally:
        store.close()


def spoil(address, statement):
    """Do to the database what nobody should."""
    engine = engine_of(address, create=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def rows(store, query):
    with store.engine.connect() as connection:
        return connection.exec_driver_sql(query).all()


def test_a_ledger_opened_again_is_the_same(address):
    head = fill(address)
    with open_ledger(address, create=False) as ledger:
        assert ledger.head == head
        again = ledger.commit(9, batch_of(7, 2), ACCOUNTS)
        assert (again.outcomes == Outcome.EXISTS).all()
        assert set(again.accounts) == {AccountOutcome.EXISTS}
        assert again.batch is None
        assert again.all_held
        assert ledger.head == head
        assert ledger.verify() == ()
        statement = asof.statement(ledger, "loan 3", DAY, date(2026, 4, 1))
        assert statement.closing == asof.balance(ledger.book, "loan 3").debit
        assert set(statement.lines["contract"].to_pylist()) == {"loan 3"}


def test_texts_come_back_as_they_were(address):
    odd = Transfer("流水 1\n\"'", "账户/一", "b", 7, DAY, contract="合同", fact="é\x00", memo="☃")
    with open_ledger(address) as ledger:
        accounts = [Account("账户/一", "1002", party="甲公司"), Account("b", "4001")]
        assert ledger.commit(1, [odd], accounts).all_held
    with open_ledger(address) as ledger:
        assert ledger.transfers(1).to_pylist()[0]["id"] == odd.id
        assert ledger.transfers(1)["fact"].to_pylist() == [odd.fact]
        assert ledger.book.accounts == accounts
        assert ledger.commit(1, [odd]).outcomes.tolist() == [Outcome.EXISTS]


def test_there_must_be_a_ledger_to_open(address):
    engine = engine_of(address, create=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("create table other (x integer)")
    engine.dispose()
    with pytest.raises(InputError, match="holds no ledger"), open_ledger(address, create=False):
        pass


def test_there_must_be_a_file_to_open(file, tmp_path):
    with pytest.raises(InputError, match="no such store"), open_ledger(file, create=False):
        pass
    text = tmp_path / "text"
    text.write_text("not a database, but long enough to look at" * 40)
    with pytest.raises(InputError, match="not a database"), open_ledger(str(text)):
        pass


WAITED_FOR = (0, 1, 2, 2, 3)
"""By seed: how many lines a life says before the time to its end begins."""


class Lives:
    """The writer of `ledger_writer.py`: one life after the other, each killed."""

    def __init__(self):
        command = [sys.executable, ledger_writer.__file__]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def kill_after(self, seconds, seed, address):
        """Kills a life so long after it began, opened, or wrote; the last batch it acknowledged."""
        self.process.stdin.write(f"{seed} {address}\n".encode())
        self.process.stdin.flush()
        life = int(self.process.stdout.readline())
        waited_for = range(WAITED_FOR[seed % len(WAITED_FOR)])
        told = [0, *(int(self.process.stdout.readline()) for _ in waited_for)]
        time.sleep(seconds)
        os.kill(life, signal.SIGKILL)
        while (line := self.process.stdout.readline()) != b"over\n":
            told.append(int(line))
        return max(told)

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait()


LIVES = 2


def let_go(address):
    """Wait until a server has seen that its writer is dead: it ends first what it was sent."""
    if not on_server(address):
        return
    engine = engine_of(address, create=False)
    others = sql.text(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and backend_type = 'client backend' and pid <> pg_backend_pid()"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(others):
            time.sleep(0.002)
    engine.dispose()


def check_nothing_lost(seed, address, acknowledged):
    """What was acknowledged is there, whole, and of each life perhaps one batch more."""
    with open_ledger(address) as ledger:
        assert acknowledged <= ledger.head.batch <= acknowledged + LIVES
        for number in range(1, ledger.head.batch + 1):
            wanted = [each.id for each in batch_of(seed, number)]
            assert ledger.transfers(number)["id"].to_pylist() == wanted
        assert ledger.verify() == ()
        if not ledger.head.batch:
            return
        last = ledger.commit(1, batch_of(seed, ledger.head.batch), ACCOUNTS)
        assert (last.outcomes == Outcome.EXISTS).all()
        more = ledger.commit(1, batch_of(seed, ledger.head.batch + 1), ACCOUNTS)
        assert (more.outcomes == Outcome.DONE).all()


def test_kill_9_at_any_moment_loses_nothing_acknowledged(addresses):
    lives = Lives()
    acknowledged_in_all = 0
    for seed in range(SEEDS):
        chance = np.random.default_rng(seed)
        address = addresses()
        acknowledged = 0
        for _ in range(LIVES):
            seconds = float(chance.exponential(0.03))
            acknowledged = max(acknowledged, lives.kill_after(seconds, seed, address))
            let_go(address)
        check_nothing_lost(seed, address, acknowledged)
        acknowledged_in_all += acknowledged
    assert lives.end() == 0
    assert acknowledged_in_all >= SEEDS


def test_a_full_disk_is_said_and_nothing_is_lost(file):
    with open_ledger(file) as ledger:
        ledger.commit(1, [pay_in("kept")], ACCOUNTS)
        head = ledger.head
        many = [pay_in(f"{number} {os.urandom(40).hex()}") for number in range(3000)]
        with disk_space(120_000), pytest.raises(InputError, match="cannot be used"):
            ledger.commit(2, many)
        assert ledger.head == head
        assert asof.balance(ledger.book, "cash").debit == 5
        assert ledger.verify() == ()
        assert ledger.commit(2, many).all_held  # the same again, now that there is space
        assert asof.balance(ledger.book, "cash").debit == 5 * 3001
    with open_ledger(file) as ledger:
        assert ledger.head.transfers == 3001


def test_a_kill_while_the_disk_is_full_loses_nothing_acknowledged(file, tmp_path):
    with open_ledger(file) as ledger:
        ledger.commit(1, [pay_in("kept")], ACCOUNTS)
        many = [pay_in(f"{number} {os.urandom(40).hex()}") for number in range(3000)]
        with disk_space(120_000), pytest.raises(InputError):
            ledger.commit(2, many)
        shutil.copytree(tmp_path, tmp_path / "killed")
    with open_ledger(str(tmp_path / "killed" / "ledger.sqlite")) as ledger:
        assert ledger.head.batch == 1
        assert ledger.verify() == ()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update ledger_batch set content = substr(content, 1, 40) where number = 2", "altered"),
        ("update ledger_batch set known_at = known_at + 1 where number = 2", "not in it"),
        ("update ledger_batch set transfers = 1 where number = 2", "not in it"),
        ("update ledger_batch set first = first + 1 where number = 3", "not in it"),
        ("update ledger_batch set hash = previous where number = 3", "altered"),
        ("update ledger_account set contract = 'C99' where number = 5", "not in it"),
        ('update ledger_account set "limit" = 9 where number = 5', "An account was altered"),
        ("delete from ledger_account where number = 5", "not in it"),
        ("delete from ledger_batch where number = 2", "missing"),
    ],
)
def test_what_was_altered_is_found(address, damage, said):
    fill(address)
    spoil(address, damage)
    with pytest.raises(EvidenceError, match=said) as found, open_ledger(address):
        pass
    assert "batch" in found.value.where


def test_a_cut_end_shows_beside_a_head_that_was_kept(address):
    head = fill(address)
    with open_ledger(address) as ledger:
        spoil(address, "delete from ledger_batch where number = 4")
        (finding,) = ledger.verify()
        assert finding.where == "batch 4"
    with open_ledger(address) as ledger:
        assert ledger.head.batch == head.batch - 1
        assert ledger.head.hash != head.hash


def test_a_page_that_is_torn_is_found(file):
    fill(file, 8)
    with sqlite3.connect(file) as database:
        database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    with Path(file).open("r+b") as pages:
        pages.seek(Path(file).stat().st_size - 6000)
        pages.write(b"\x00" * 3000)
    with pytest.raises((InputError, EvidenceError)), open_ledger(file) as ledger:
        assert ledger.verify() == ()


def test_a_limit_holds_between_writers(address):
    """Each sees money that only one of them can spend."""
    with open_ledger(address) as one, open_ledger(address) as other:
        accounts = [
            Account("cash", "1011", limit=Limit.CREDITS_AT_MOST_DEBITS),
            *(Account(name, "4001") for name in ("capital", "loan")),
        ]
        one.commit(1, [pay_in("in", 100)], accounts)
        other.catch_up()
        assert one.commit(2, [Transfer("a", "loan", "cash", 70, DAY)]).all_held
        late = other.commit(3, [Transfer("b", "loan", "cash", 70, DAY)])
        assert late.refused == ((0, Outcome.CREDITS_MUST_NOT_EXCEED_DEBITS),)
        hold = Transfer("h", "loan", "cash", 20, DAY, kind=Kind.HOLD, timeout_seconds=1)
        assert other.commit(4, [hold]).all_held
        short = one.commit(5, [Transfer("c", "loan", "cash", 20, DAY)])
        assert short.refused == ((0, Outcome.CREDITS_MUST_NOT_EXCEED_DEBITS),)
        assert one.commit(2_000_000, [Transfer("c", "loan", "cash", 20, DAY)]).all_held


@pytest.mark.services
def test_what_a_server_refuses_is_said_and_nothing_is_lost(database):
    """Such as a full disk of its own, which a trigger gives out here."""
    with open_ledger(database) as ledger:
        ledger.commit(1, [pay_in("kept")], ACCOUNTS)
        head = ledger.head
        spoil(
            database,
            "create function full_disk() returns trigger language plpgsql as $$ begin"
            " raise exception 'could not extend file: no space left' using errcode = '53100';"
            " end $$; create trigger full_disk before insert on ledger_account"
            " for each row execute function full_disk()",
        )
        new = Account("later", "4001")
        with pytest.raises(InputError, match="no space left") as refused:
            ledger.commit(2, [Transfer("in", "cash", "later", 7, DAY)], [new])
        assert "written to" in refused.value.remedy
        assert ledger.head == head
        assert ledger.verify() == ()
        spoil(database, "drop trigger full_disk on ledger_account")
        assert ledger.commit(2, [Transfer("in", "cash", "later", 7, DAY)], [new]).all_held
    with open_ledger(database) as ledger:
        assert ledger.head.transfers == 2


@pytest.mark.services
def test_a_connection_that_is_cut_loses_and_doubles_nothing(database):
    with open_ledger(database) as ledger:
        ledger.commit(1, [pay_in("kept")], ACCOUNTS)
        spoil(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()",
        )
        assert ledger.commit(2, [pay_in("again")]).all_held  # over a new connection
        assert ledger.commit(2, [pay_in("again")]).all_held
        assert ledger.head.transfers == 2
        assert ledger.verify() == ()


def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path):
    pytest.importorskip("psycopg", reason="pip install 'headrace[postgres]'")
    address = f"postgresql://me:{PASSWORD}@/db?host={tmp_path}&password={PASSWORD}"
    with pytest.raises(InputError, match="cannot be used") as refused, open_ledger(address):
        pass
    assert "Check that the server runs" in refused.value.remedy
    assert PASSWORD not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret@word@/db",  # the @ of the password
        "postgresql://me:secret-word@host:secret-word/db",
        "postgresql://me:x@secret-word:7/db@",
        "mysql://me:secret-word@host/db",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(address):
    with pytest.raises(InputError) as refused, open_ledger(address):
        pass
    assert "secret" not in str(refused.value)
    assert "postgresql://user:password@host" in refused.value.remedy


def test_without_the_driver_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    address = f"postgresql://me:{PASSWORD}@host/db"
    with pytest.raises(InputError, match="not installed") as refused, open_ledger(address):
        pass
    assert "pip install 'headrace[postgres]'" in refused.value.remedy
    assert PASSWORD not in str(refused.value)

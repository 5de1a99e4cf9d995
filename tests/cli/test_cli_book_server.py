"""`headrace book` on PostgreSQL: as in a folder, for several at once, no password shown."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from commands import check_refused, headrace

from headrace.workflows.contracts import CONTRACTS_FILE, written
from loan_sample import contract
from postgres_server import PASSWORD

RUN = {"pack": "p", "as_of": "2024-01-01", "time_zone": "Asia/Shanghai", "simulated": False}
LOANS = [contract(f"L-{number}", 30_000 + 10_000 * number, months=4) for number in range(1, 5)]
DAY = "2024-01-02"


@pytest.fixture
def run(tmp_path):
    """What `headrace book open` reads of a run."""
    folder = tmp_path / "run"
    (folder / "records").mkdir(parents=True)
    (folder / CONTRACTS_FILE).write_bytes(written(LOANS))
    (folder / "run.json").write_text(json.dumps(RUN))
    return folder


@pytest.fixture
def server(database, run):
    """A book on a server, opened."""
    done = headrace("book", "open", "--run", run, "--book", database, "--json")
    assert done.status == 0, done.err
    return database


def act(book, name, key, *more):
    return ("book", "act", name, *more, "--on", DAY, "--id", key, "--book", book, "--json")


@pytest.mark.services
def test_a_book_on_a_server_is_the_book_in_a_folder(server, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "book"
    assert headrace("book", "open", "--run", run, "--book", folder, "--json").status == 0
    for book in (server, folder):
        done = headrace("book", "simulate", "--months", 1, "--book", book, "--json")
        assert done.status == 0, done.err
    for command in ("show", "list", "cash-flow"):
        one, other = (headrace("book", command, "--book", each, "--json") for each in
                      (server, folder))  # fmt: skip
        assert one.value == other.value
    assert headrace("book", "show", "--book", server, "--json").value["simulated"] is True
    for command in ("trial", "sheet", "verify"):
        one = headrace("ledger", command, server, "--json")
        assert one.value == headrace("ledger", command, folder / "ledger.db", "--json").value
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"run", "book"}  # nothing beside: the book on the server left no file here
    done = headrace("book", "prove", "--book", server, "--out", "proof", "--json")
    assert done.status == 0, done.err
    assert headrace("verify", "proof", "--json").value["holds"] is True
    tables = ("loans.csv", "cash_by_month.csv", "trial_balance.csv")
    for name in tables:
        assert Path("proof", name).read_bytes() == Path("book/proof", name).read_bytes()


@pytest.mark.services
def test_what_happens_is_recorded_on_a_server(server):
    assert headrace(*act(server, "L-1", "b1", "disburse")).value["posted"] == 1
    again = headrace(*act(server, "L-1", "b1", "disburse")).value
    assert (again["existed"], again["posted"]) == (True, 0)
    check_refused(headrace(*act(server, "L-1", "b2", "disburse")), "L-1")
    ended = headrace("book", "end-day", "--book", server, "--until", "2024-02-21", "--json").value
    assert ended["day"] == "2024-02-22"
    late = headrace(*act(server, "L-1", "b3", "repay", "--amount", "50"))
    assert late.status == 0, late.err
    loan = headrace("book", "loan", "L-1", "--book", server, "--json").value
    assert [each["id"] for each in loan["events"]] == ["sign L-1", "b1", "b3"]
    assert headrace("book", "quote", "L-1", "--book", server, "--json").value["total"] > 0
    assert headrace("ledger", "verify", server, "--json").value["holds"] is True
    assert headrace("ledger", "sheet", server, "--json").value["balanced"] is True


@pytest.mark.services
def test_what_two_processes_record_at_once_is_recorded_once(server):
    """More of them, with events of their own: `test_loan_desks_at_once`."""
    command = [sys.executable, "-m", "headrace", *act(server, "L-1", "b1", "disburse")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    told = [each.communicate() for each in running]
    assert [each.returncode for each in running] == [0, 0], told
    assert sorted(json.loads(out)["existed"] for out, _ in told) == [False, True]
    shown = headrace("book", "show", "--book", server, "--json").value
    assert (shown["drawn"], shown["ledger"]["transfers"]) == (1, 2)
    assert headrace("ledger", "verify", server, "--json").value["holds"] is True


@pytest.mark.services
def test_no_command_shows_the_password(server, run, tmp_path, caplog):
    headrace(*act(server, "L-1", "b1", "disburse"))
    book, day = ("--book", server, "--lang", "en"), date(2024, 1, 3)
    proof = tmp_path / "proof"
    done = [
        headrace("book", "open", "--run", run, *book),
        headrace("book", "show", *book),
        headrace("book", "show", "--book", server, "--lang", "zh"),
        headrace("book", "list", *book),
        headrace("book", "loan", "L-1", *book),
        headrace("book", "quote", "L-1", *book),
        headrace("book", "act", "L-2", "disburse", "--on", DAY, "--id", "b2", *book),
        headrace("book", "end-day", *book),
        headrace("book", "extend", "L-2", "--until", "2024-09-21", "--id", "x", *book),
        headrace("book", "cash-flow", *book),
        headrace("book", "prove", "--out", proof, *book),
        headrace("ledger", "trial", server),
        headrace("ledger", "verify", server, "--lang", "en"),
    ]
    assert [each.status for each in done] == [0] * len(done), [each.err for each in done]
    files = [path.read_bytes() for path in proof.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in each for each in files)
    other = server.replace("/headrace_", "/no_such_")
    refused = [
        headrace("book", "show", "--book", other),
        headrace("book", "end-day", "--until", "2001-01-01", *book),
        headrace("book", "loan", "L-9", *book),
        headrace("book", "prove", *book),
        headrace("book", "act", "L-1", "disburse", "--on", str(day), "--id", "b1", *book),
        headrace("book", "show", server),
        headrace("book", server),
        headrace("ledger", "trial", server, server),
        headrace("book", "show", f"--bok={server}"),
        headrace("ledger", "trial", other),
    ]
    assert [each.status for each in refused] == [2] * len(refused)
    assert all("Traceback" not in each.err for each in refused)
    assert "does not exist" in refused[0].err
    assert "user, password and database" in refused[0].err
    shown = "".join(each.out + each.err for each in (*done, *refused)) + caplog.text
    assert PASSWORD not in shown
    assert "postgresql://tester:***@/headrace_" in done[1].out


@pytest.mark.services
def test_what_is_not_a_book_on_a_server_is_said(database, tmp_path):
    check_refused(headrace("book", "show", "--book", database), "no loan log", "book open")
    away = f"postgresql://me:{PASSWORD}@/db?host={tmp_path}"
    done = headrace("book", "show", "--book", away)
    check_refused(done, "cannot be used", "Check that the server runs")
    assert PASSWORD not in done.err


@pytest.mark.parametrize("address", ["postgresql://me:secret-word@host/db", "postgres://h/d"])
def test_without_the_driver_it_is_said_what_to_install(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for command in (("book", "show", "--book", address), ("ledger", "trial", address)):
        done = headrace(*command)
        check_refused(done, "pip install 'headrace[postgres]'")
        assert PASSWORD not in done.err


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret@word@host/db",
        "postgresql://me:x@host:secret/db",
        "mysql://u:secret@h",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_unseen(address):
    done = headrace("book", "show", "--book", address)
    check_refused(done, "postgresql://user:password@host")
    assert "secret" not in done.err


def test_a_proof_is_not_written_into_other_files(run, tmp_path):
    book = tmp_path / "a book"
    assert headrace("book", "open", "--run", run, "--book", book, "--json").status == 0
    shown = headrace("book", "show", "--book", book, "--lang", "en").out
    assert f"headrace verify '{book}/proof' --lang en" in " ".join(shown.split())
    check_refused(headrace("book", "prove", "--book", book, "--out", run), "no proof of a book")
    check_refused(headrace("book", "prove", "--book", book, "--out", run / "run.json"), "folder")
    done = headrace("book", "prove", "--book", book, "--lang", "en")
    assert done.status == 0
    assert "5 entries" in done.out
    assert headrace("verify", book / "proof", "--json").value["holds"] is True

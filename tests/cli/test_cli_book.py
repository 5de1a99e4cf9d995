"""`headrace book` and `headrace ledger`, from a run's decisions to a balanced year."""

import json
import shutil
import sqlite3
from datetime import date

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from headrace.facts.kinds import EXPOSURE, LOAN_EVENT


@pytest.fixture(scope="module")
def year(ran, tmp_path_factory):
    """A book of the small economy after a simulated year; not to be written to."""
    book = tmp_path_factory.mktemp("book") / "book"
    done = headrace("book", "open", "--run", ran, "--book", book, "--json")
    assert done.status == 0, done.err
    assert done.value["drawn"] == 0
    done = headrace("book", "simulate", "--book", book, "--months", 14, "--seed", 3, "--json")
    assert done.status == 0, done.err
    return book


@pytest.fixture(scope="module")
def autumn(ran, tmp_path_factory):
    """The same after nine months: loans are owed, one of them is overdue; not to be written to."""
    book = tmp_path_factory.mktemp("autumn") / "book"
    headrace("book", "open", "--run", ran, "--book", book, "--json")
    done = headrace("book", "simulate", "--book", book, "--months", 9, "--seed", 3, "--json")
    assert done.value["overdue"] > 0
    return book


@pytest.fixture
def mine(autumn, tmp_path):
    shutil.copytree(autumn, tmp_path / "book")
    return tmp_path / "book"


def test_a_run_offers_contracts_and_shows_their_cash_flow(ran):
    offered = pq.read_table(ran / "contracts.parquet")
    decided = pq.read_table(ran / "decisions.parquet")
    approved = decided["outcome"].to_pylist().count("approve")
    assert offered.num_rows == approved > 0
    flow = pa_csv.read_csv(ran / "cash_flow.csv").to_pydict()
    assert sum(flow["disbursed_minor"]) == sum(offered["principal_minor"].to_pylist())
    assert sum(flow["disbursed_minor"]) == sum(flow["principal_minor"])
    assert flow["balance_minor"][-1] == 0
    summary = json.loads((ran / "summary.json").read_text())
    lost = summary["contracts"]["expected_defaulted_minor"]
    lost -= summary["contracts"]["expected_recovered_minor"]
    assert lost == pytest.approx(summary["book"]["expected_loss_minor"], abs=30)
    report = (ran / "report.html").read_text("utf-8")
    assert "cash_flow_said" in report


def test_a_simulated_year_ends_balanced(year):
    shown = headrace("book", "show", "--book", year, "--json").value
    assert shown["simulated"] is True
    assert 0 < shown["drawn"] < shown["offered"]
    assert shown["received"] > 0
    sheet = headrace("ledger", "sheet", year / "ledger.db", "--json").value
    assert sheet["balanced"] is True
    trial = headrace("ledger", "trial", year / "ledger.db", "--json").value
    assert sum(row["debits"] for row in trial) == sum(row["credits"] for row in trial) > 0
    cash = headrace("book", "cash-flow", "--book", year, "--json").value
    loans = headrace("book", "list", "--book", year, "--json").value
    lent = -sum(row["disbursed"] for row in cash)
    back = sum(row["principal"] for row in cash)
    owed = sum(row["owed_minor"] for row in loans)
    assert lent == shown["lent"]
    assert lent - back == owed  # nothing is written off within 14 months
    assert cash[-1]["balance"] == next(row["balance"] for row in trial if row["code"] == "1011")
    assert "SIMULATED" in headrace("book", "show", "--book", year, "--lang", "en").out


def test_the_year_is_the_same_for_the_same_seed(ran, year, tmp_path):
    other = tmp_path / "again"
    headrace("book", "open", "--run", ran, "--book", other, "--json")
    headrace("book", "simulate", "--book", other, "--months", 14, "--seed", 3, "--json")
    one, two = (headrace("book", "show", "--book", each, "--json").value for each in (year, other))
    assert one == two
    assert one["ledger"]["hash"] == two["ledger"]["hash"]


def test_the_proof_of_a_book_holds_and_an_altered_ledger_does_not(mine):
    assert headrace("verify", mine / "proof", "--json").value["holds"] is True
    assert headrace("ledger", "verify", mine / "ledger.db", "--json").value["holds"] is True
    facts = mine / "proof" / "facts"
    assert pq.read_schema(facts / "loan_event.parquet").names == LOAN_EVENT.arrow.names
    assert pq.read_schema(facts / "exposure.parquet").names == EXPOSURE.arrow.names
    with sqlite3.connect(mine / "ledger.db") as database:
        database.execute("UPDATE ledger_batch SET hash = 'f' || substr(hash, 2) WHERE number = 2")
    done = headrace("ledger", "verify", mine / "ledger.db")
    assert done.status != 0


def test_a_loan_is_acted_on_and_a_late_act_posts_the_difference(mine):
    loans = headrace("book", "list", "--book", mine, "--status", "open", "--json").value
    worst = loans[0]
    name = worst["contract"]
    day = headrace("book", "show", "--book", mine, "--json").value["day"]
    quote = headrace("book", "quote", name, "--book", mine, "--json").value
    assert quote["total"] >= worst["due_minor"] > 0
    paid = ("book", "act", name, "repay", "--book", mine, "--amount", "100.00", "--id", "b1")
    done = headrace(*paid, "--on", day, "--json").value
    assert done["existed"] is False
    assert done["due_minor"] == worst["due_minor"] - 10_000
    again = headrace(*paid, "--on", day, "--json").value
    assert again["existed"] is True
    assert again["posted"] == 0
    check_refused(headrace(*paid[:-3], "7", "--id", "b1", "--on", day), "used before")
    first = date.fromisoformat(day).replace(day=1).isoformat()
    act = ("book", "act", name, "repay", "--book", mine, "--amount", "50", "--id", "b2")
    late = headrace(*act, "--on", first, "--json")
    assert late.status == 0, late.err
    shown = headrace("book", "loan", name, "--book", mine, "--lang", "en").out
    assert "b1" in shown
    assert "b2" in shown
    assert headrace("ledger", "verify", mine / "ledger.db", "--json").value["holds"] is True
    assert headrace("ledger", "sheet", mine / "ledger.db", "--json").value["balanced"] is True


def test_a_loan_gets_more_time_and_a_better_class_is_approved(mine):
    loans = headrace("book", "list", "--book", mine, "--status", "open", "--json").value
    worst = loans[0]
    assert worst["grade"] != "normal"
    name = worst["contract"]
    approve = ("book", "approve", name, "normal", "--by", "Li", "--id", "m1", "--book", mine)
    assert headrace(*approve, "--json").value["posted"] == 0
    more = ("book", "extend", name, "--until", "2022-06-21", "--id", "x1", "--book", mine)
    done = headrace(*more, "--rate", "0.06", "--json")
    assert done.status == 0, done.err
    assert done.value["owed_minor"] == worst["owed_minor"]
    assert headrace("ledger", "sheet", mine / "ledger.db", "--json").value["balanced"] is True
    check_refused(headrace(*more[:-4], "--id", "x2", "--book", mine, "--rate", "six"), "no rate")
    best = next(each for each in loans if each["grade"] == "normal")["contract"]
    wrong = headrace(*approve[:2], best, "normal", "--by", "Li", "--id", "m2", "--book", mine)
    check_refused(wrong, "no better class")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("repay", "--amount", "0", "--on", "DAY"), "above 0"),
        (("repay", "--amount", "ten", "--on", "DAY"), "no amount"),
        (("repay", "--on", "DAY"), "amount"),
        (("repay", "--amount", "10", "--on", "2190-01-01"), "morning of"),
        (("refunded", "--on", "DAY"), "no event"),
        (("resetrate", "--set", "rate", "--on", "DAY"), "sets nothing"),
        (("disburse", "--on", "DAY"), "already"),
    ],
)
def test_acts_that_cannot_be_are_refused(autumn, options, said):
    day = headrace("book", "show", "--book", autumn, "--json").value["day"]
    name = headrace("book", "list", "--book", autumn, "--status", "open", "--json").value[0]
    given = [day if each == "DAY" else each for each in options]
    done = headrace(
        "book", "act", name["contract"], *given, "--book", autumn, "--id", "x", "--lang", "en"
    )
    check_refused(done, said)


def test_what_is_not_there_is_said(year, tmp_path):
    check_refused(headrace("book", "show", "--book", tmp_path / "none"), "no such store")
    check_refused(headrace("book", "loan", "L-?", "--book", year), "no such contract")
    empty = headrace("book", "open", "--run", tmp_path, "--book", tmp_path / "b")
    check_refused(empty, "holds no contracts")
    check_refused(headrace("ledger", "trial", tmp_path / "none.db"), "no such store")
    check_refused(headrace("ledger", "statement", year / "ledger.db", "9/CNY"), "9/CNY")
    check_refused(headrace("ledger", "trial", year / "ledger.db", "--by", "day"), "account")
    check_refused(headrace("book", "end-day", "--book", year, "--until", "2001-01-01"), "morning")


def test_a_book_without_the_money_does_not_pay_out(ran, tmp_path):
    book = tmp_path / "book"
    headrace("book", "open", "--run", ran, "--book", book, "--cash", "100", "--json")
    name = headrace("book", "list", "--book", book, "--json").value[0]
    done = headrace("book", "act", name["contract"], "disburse", "--on", name["start"], "--id", "p",
                    "--book", book)  # fmt: skip
    check_refused(done, "cash")


def test_a_book_that_is_opened_again_stays_as_it_was(ran, mine):
    before = headrace("book", "show", "--book", mine, "--json").value
    assert headrace("book", "open", "--run", ran, "--book", mine, "--json").value == before


def test_days_end_one_after_the_other(ran, tmp_path):
    book = tmp_path / "book"
    opened = headrace("book", "open", "--run", ran, "--book", book, "--json").value
    ended = headrace("book", "end-day", "--book", book, "--json").value
    assert ended["day"] > opened["day"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_everything_is_printed_in_both_languages(year, lang):
    ledger = year / "ledger.db"
    for command in (
        ("book", "show", "--book", year), ("book", "list", "--book", year),
        ("book", "cash-flow", "--book", year), ("ledger", "trial", ledger),
        ("ledger", "trial", ledger, "--by", "account"), ("ledger", "sheet", ledger),
        ("ledger", "income", ledger, "--from", "2020-01-01", "--to", "2020-12-31"),
        ("ledger", "statement", ledger, "1011/CNY"), ("ledger", "verify", ledger),
    ):  # fmt: skip
        done = headrace(*command, "--lang", lang)
        assert done.status == 0, done.err
        assert done.out.strip()


@pytest.mark.parametrize("ending", ["beancount", "journal", "csv", "parquet"])
def test_a_ledger_is_exported(year, tmp_path, ending):
    out = tmp_path / f"ledger.{ending}"
    done = headrace("ledger", "export", year / "ledger.db", "--out", out)
    assert done.status == 0, done.err
    assert out.stat().st_size > 1_000
    other = headrace("ledger", "export", year / "ledger.db", "--out", tmp_path / "ledger.doc")
    check_refused(other, ".beancount")

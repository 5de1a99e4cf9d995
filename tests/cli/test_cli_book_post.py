"""`headrace book post`: what the collateral desk and a pool moved, on the ledger of a book."""

from pathlib import Path

import pytest
from commands import check_refused, headrace

DATA = Path(__file__).parents[1] / "data" / "contracts"


@pytest.fixture
def book(ran, tmp_path):
    """A book that stands after the events of the desk."""
    headrace("book", "open", "--run", ran, "--book", tmp_path / "book", "--json")
    done = headrace("book", "end-day", "--book", tmp_path / "book", "--until", "2024-02-01",
                    "--json")  # fmt: skip
    assert done.status == 0, done.err
    return tmp_path / "book"


def balances(book):
    rows = headrace("ledger", "trial", book / "ledger.db", "--json").value
    return {row["code"]: row["balance"] for row in rows if row["balance"]}


@pytest.mark.parametrize(("lang", "ending"), [("zh", "csv"), ("en", "xlsx"), ("en", "parquet")])
def test_what_the_collateral_desk_moved_is_posted_once(book, tmp_path, lang, ending):
    moves = tmp_path / f"moves.{ending}"
    desk = ("collateral", "desk", DATA / "pledge_events.csv")
    told = headrace(*desk, "--json").value["movements"]
    done = headrace(*desk, "--movements", "--out", moves, "--lang", lang)
    assert done.status == 0, done.err
    before = balances(book)
    post = ("book", "post", moves, "--part", "collateral", "--book", book)
    first = headrace(*post, "--json").value
    assert first["posted"] == len(told)
    assert first["recorded"] == len({(row["row"], row["pledge"]) for row in told})
    assert headrace(*post, "--json").value == {
        "recorded": 0, "existed": first["recorded"], "posted": 0
    }  # fmt: skip
    after = balances(book)
    held = sum(
        row["amount_minor"] * ((row["debit"] == "collateral_held")
                               - (row["credit"] == "collateral_held"))
        for row in told
    )  # fmt: skip
    assert after["9002"] - before.get("9002", 0) == held > 0
    assert headrace("ledger", "sheet", book / "ledger.db", "--json").value["balanced"] is True
    assert headrace("verify", book / "proof", "--json").value["holds"] is True
    assert headrace("book", "show", "--book", book, "--json").status == 0


def test_people_read_how_much_was_posted(book, tmp_path):
    sheet = tmp_path / "margin.csv"
    sheet.write_text("日期,借,贷,金额,摘要\n2024-01-05,cash,margin_deposit_held,1000.00,存入\n")
    post = ("book", "post", sheet, "--part", "trade", "--contract", "T-1", "--book", book)
    assert "1 项，1 笔" in headrace(*post, "--lang", "zh").out
    assert "1 were recorded before" in headrace(*post, "--lang", "en").out
    trial = headrace("ledger", "trial", book / "ledger.db", "--by", "account", "--json").value
    assert {row["account"]: row["balance"] for row in trial}["2002/T-1/CNY"] == -100_000


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024-01-05,cash,overdue_principal,1.00,claim", "what happens to a loan"),
        ("2024-01-05,margin_deposit_held,cash,1.00,back", "too few"),
        ("2024-01-05,cash,cash,1.00,nothing", "both cash"),
        ("2024-01-05,cash,margin_deposit_held,0,nothing", "above 0"),
        ("2024-01-05,cash,till,1.00,nothing", "till"),
        ("2190-01-05,cash,margin_deposit_held,1.00,later", "morning of"),
    ],
)
def test_what_cannot_be_posted_is_said_and_leaves_the_book_as_it_was(book, tmp_path, row, said):
    sheet = tmp_path / "moves.csv"
    sheet.write_text(f"on,debit,credit,amount,memo\n{row}\n")
    before = headrace("book", "show", "--book", book, "--json").value
    done = headrace("book", "post", sheet, "--part", "pool", "--book", book, "--lang", "en")
    check_refused(done, said)
    assert headrace("book", "show", "--book", book, "--json").value == before

"""A ledger as files for other tools."""

import csv
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from headrace.adapters.ledger_files import WRITERS, write_ledger
from headrace.adapters.segment_log import StorageError
from headrace.errors import InputError
from headrace.ledger import plaintext
from headrace.ledger.outcome import Outcome

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
from ledger_story import ACCOUNTS, BOOKS, quarter

from headrace.ledger.journal import InMemory, Ledger


@pytest.mark.parametrize("ending", list(WRITERS))
def test_everything_is_in_the_file(tmp_path, ending):
    ledger, path = quarter(), tmp_path / f"out{ending}"
    write_ledger(ledger, BOOKS, path)
    text = path.read_bytes()
    if ending == ".beancount":
        assert text.decode() == plaintext.beancount(ledger, BOOKS)
    elif ending == ".journal":
        assert text.decode() == plaintext.hledger(ledger, BOOKS)
    elif ending == ".csv":
        rows = list(csv.DictReader(text.decode().splitlines()))
        assert len(rows) == ledger.head.transfers
        assert (rows[2]["id"], rows[2]["on"], rows[2]["amount"]) == (
            "lend",
            "2026-01-01",
            "10000000",
        )
    else:
        assert pq.read_table(path).num_rows == ledger.head.transfers


def test_what_parquet_holds_makes_the_same_ledger(tmp_path):
    ledger, path = quarter(), tmp_path / "out.parquet"
    write_ledger(ledger, BOOKS, path)
    table = pq.read_table(path)
    other = Ledger(InMemory())
    posts = table.filter(pc.is_in(table["kind"], pc.cast([0], table["kind"].type)))
    receipt = other.commit(1, posts, ACCOUNTS)
    assert (receipt.outcomes == Outcome.DONE).all()
    assert (other.book.totals["debits"] == ledger.book.totals["debits"]).all()


def test_other_endings_and_places_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot be written as '\.xls'"):
        write_ledger(quarter(), BOOKS, tmp_path / "out.xls")
    with pytest.raises(StorageError, match="cannot be written out"):
        write_ledger(quarter(), BOOKS, tmp_path / "no" / "out.csv")
    assert list(tmp_path.iterdir()) == []

"""Stored facts: equal bytes for equal facts, read back as they were, and asked by SQL."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest

from headrace.adapters.folder import DiskFolder, MemoryFolder
from headrace.adapters.store import FactStore, csv_bytes, parquet_bytes, write_facts
from headrace.errors import InputError
from headrace.facts.ingest import DUPLICATES, Ingested
from headrace.facts.kinds import MAPPABLE
from headrace.facts.rows import QUARANTINE
from strategies import correction_table, invoice_table

ROWS = [
    {
        "id": f"t#{row}",
        "row": row,
        "party": "E1",
        "counterparty": "X",
        "direction": "sale",
        "number": f"{row:08}",
        "day": row,
        "known_day": row,
        "void_day": 9 if row == 2 else None,
        "amount": 100 * row,
        "tax": 13 * row,
    }
    for row in (1, 2, 3)
]


def ingested() -> Ingested:
    facts = {kind: schema.empty() for kind, schema in MAPPABLE.items()}
    return Ingested(
        facts={**facts, "invoice": invoice_table(ROWS)},
        corrections=correction_table(ROWS),
        duplicates=DUPLICATES.empty_table(),
        quarantine=QUARANTINE.empty_table(),
        notes=(),
        reconciliation=(),
        coverage=(),
    )


@pytest.fixture
def store(tmp_path: Path) -> FactStore:
    write_facts(DiskFolder(tmp_path), ingested())
    return FactStore(tmp_path)


def test_equal_facts_give_equal_bytes() -> None:
    first, second = MemoryFolder(), MemoryFolder()
    names = write_facts(first, ingested())
    write_facts(second, ingested())
    assert sorted(names) == first.names() == second.names()
    assert all(first.read(name) == second.read(name) for name in names)
    table = invoice_table(ROWS)
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert parquet_bytes(table) == parquet_bytes(chunked)


def test_facts_are_read_back_as_they_were(store: FactStore) -> None:
    assert store.read("invoice").equals(invoice_table(ROWS))
    assert store.read("correction").equals(correction_table(ROWS))
    assert store.read("party").equals(MAPPABLE["party"].empty())


def test_sql_sees_every_kind(store: FactStore) -> None:
    found = store.query(
        "select i.id, c.known_time from invoice i join correction c on c.corrects = i.id"
    )
    assert found["id"].to_pylist() == ["t#2"]
    assert found.schema.field("known_time").type == pa.timestamp("us", tz="UTC")
    threaded = FactStore(store.path, threads=2).query("select count(*) as n from party")
    assert threaded["n"].to_pylist() == [0]


@pytest.mark.parametrize(
    "sql",
    [
        "drop view invoice",
        "select 1; select 2",
        "copy invoice to 'x.csv'",
        "insert into invoice select * from invoice",
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('{folder}/facts/duplicates.parquet')",
        "select * from 'mapping.toml'",
        "set enable_external_access = true",
        "select nothing from invoice",
        "",
        "selec",
    ],
)
def test_sql_reads_facts_and_does_nothing_else(sql: str, store: FactStore) -> None:
    before = sorted(store.path.rglob("*"))
    with pytest.raises(InputError):
        store.query(sql.format(folder=store.path))
    assert sorted(store.path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["invoices", "../quarantine", "invoice'; drop", ""])
def test_a_kind_is_one_of_a_closed_list(kind: str, store: FactStore) -> None:
    with pytest.raises(InputError, match="is no kind of fact"):
        store.read(kind)


def test_a_damaged_or_absent_store_is_named(store: FactStore, tmp_path: Path) -> None:
    path = store.path / "facts" / "invoice.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="stored facts cannot be read"):
        store.read("invoice")
    with pytest.raises(InputError, match="query is refused"):
        store.query("select * from invoice")
    path.unlink()
    with pytest.raises(InputError, match="stored facts cannot be read"):
        store.read("invoice")
    with pytest.raises(InputError, match="no stored facts"):
        FactStore(tmp_path / "nowhere")


def test_the_quarantine_opens_in_excel_and_runs_no_formula() -> None:
    values = ["=1+1", "-5", "-5,000.25", "+8", "@x", "-x", "一,二", '"', None, "\t=1"]
    data = csv_bytes(pa.table({"value": values, "row": list(range(10))}))
    assert data.startswith(b"\xef\xbb\xbf")
    read = [row["value"] for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig")))]
    assert read == ["'=1+1", "-5", "-5,000.25", "+8", "'@x", "'-x", "一,二", '"', "", "'\t=1"]

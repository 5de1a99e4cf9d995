"""One reader for every table a user names: headings found, the rest kept, errors told."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.adapters.user_tables import read_user_table
from headrace.errors import HeadraceError

HEADERS = {"loan": ("loan", "借据号"), "amount": ("amount", "金额"), "note": ("note", "备注")}


def read(path, needed=("loan", "amount")):
    return read_user_table(path, HEADERS, needed)


def test_columns_are_found_under_any_of_their_headings_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "loans.csv"
    path.write_text("借据号,经办人,金额\nL1,王,10\nL2,李,20\n", "utf-8")
    found = read(path)
    assert found.columns.to_pydict() == {"loan": ["L1", "L2"], "amount": ["10", "20"]}
    assert found.heads == {"loan": "借据号", "amount": "金额"}
    assert found.others.to_pydict() == {"经办人": ["王", "李"]}
    assert found.ignored == ("经办人",)
    assert found.rows.tolist() == [1, 2]


def test_a_row_that_fits_no_header_is_told_and_not_lost(tmp_path):
    path = tmp_path / "loans.csv"
    path.write_text("loan,amount\nL1,10\nL2,20,30,40\nL3,30\n", "utf-8")
    found = read(path)
    assert found.columns["loan"].to_pylist() == ["L1", "L3"]
    assert found.rows.tolist() == [1, 3]
    assert [(each.row, each.text) for each in found.ragged] == [(2, "L2,20,30,40")]


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "loans.parquet"
    pq.write_table(pa.table({"loan": ["L1"], "amount": pa.array([10], pa.int64())}), path)
    assert read(path).columns["amount"].type == pa.int64()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("loans.pdf", b"%PDF", "ends in .pdf"),
        ("loans.csv", b"", "empty"),
        ("loans.csv", b"loan,other\nL1,2\n", "amount"),
        ("loans.csv", b"loan,loan,amount\nL1,L1,2\n", "loan"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_file(tmp_path, name, data, said):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(HeadraceError, match=said) as refusal:
        read(path)
    assert name in refusal.value.where
    assert refusal.value.remedy

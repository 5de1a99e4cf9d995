"""Which mapping fits a folder, and a draft where none does."""

from pathlib import Path

import pytest

from headrace.adapters.mappings import draft_mapping, find_mapping, load_mapping
from headrace.adapters.sources import read_sources
from headrace.errors import InputError, MappingError
from headrace.facts.ingest import ingest

SHIPPED = Path(__file__).parents[2] / "src/headrace/packs/sme_invoices/mappings/cumcm2020c.toml"
OWN = """
name = "own"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "contract 12"
[[table]]
file = "firms"
fact = "party"
columns = { party = "企业代号" }
"""


def test_the_folders_own_mapping_comes_first(tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text("\ufeff" + OWN, "utf-8")
    assert find_mapping(tmp_path, [load_mapping(SHIPPED)]).name == "own"


def test_a_shipped_mapping_fits_when_all_its_files_are_there(tmp_path: Path) -> None:
    shipped = load_mapping(SHIPPED)
    for table in shipped.tables:
        (tmp_path / f"{table.file}.csv").touch()
    assert find_mapping(tmp_path, [shipped]) is shipped


def test_without_a_mapping_the_error_says_what_is_there_and_how_to_make_one(tmp_path: Path) -> None:
    for table in ("a1_enterprises", "a1_input_invoices"):
        (tmp_path / f"{table}.csv").touch()
    with pytest.raises(InputError) as error:
        find_mapping(tmp_path, [load_mapping(SHIPPED)])
    assert "a1_enterprises.csv, a1_input_invoices.csv" in error.value.problem
    assert "`CUMCM 2020 C` also needs a2_enterprises" in error.value.remedy
    assert f"headrace mapping draft {tmp_path}" in error.value.remedy
    with pytest.raises(InputError, match="no such data folder"):
        find_mapping(tmp_path / "nowhere", [])


def test_a_long_list_of_files_is_cut(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}.txt").touch()
    with pytest.raises(InputError, match=r"19.txt and 5 more"):
        find_mapping(tmp_path, [])


def test_a_mapping_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes("name = '银行'".encode("gbk"))
    with pytest.raises(MappingError, match="not UTF-8"):
        find_mapping(tmp_path, [])
    path.unlink()
    path.mkdir()
    with pytest.raises(MappingError, match="cannot be read"):
        find_mapping(tmp_path, [])


def test_a_draft_needs_only_the_consent(tmp_path: Path) -> None:
    rows = "企业代号,企业名称\nE1,甲公司\n"
    (tmp_path / "客户.csv").write_bytes(f"客户清单\n{rows}".encode("gbk"))
    (tmp_path / "broken.parquet").write_bytes(b"x")
    (tmp_path / "notes.pdf").write_bytes(b"x")
    text = draft_mapping(tmp_path)
    assert "# not read: this is not a whole Parquet file" in text
    (tmp_path / "mapping.toml").write_text(text.replace('consent = ""', 'consent = "c"'), "utf-8")
    mapping = find_mapping(tmp_path, [])
    facts = ingest(read_sources(tmp_path, mapping, {}), mapping).facts
    assert facts["party"]["name"].to_pylist() == ["甲公司"]


def test_a_folder_without_tables_has_no_draft(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table can be read here"):
        draft_mapping(tmp_path)
    with pytest.raises(InputError, match="no such data folder"):
        draft_mapping(tmp_path / "nowhere")

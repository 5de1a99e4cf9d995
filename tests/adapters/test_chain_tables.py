"""A chain on disk: what is read, what is set aside, and what the real files hold."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chain_map_sample import lines, write_chain_map
from headrace.adapters.chain_tables import read_chain, read_gbt4754
from headrace.errors import InputError
from headrace.graph.chains.model import NodeKind, top_level

SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = SHARED / "cn_chain_knowledge_graph"
GBT = SHARED / "gbt4754_2017_industry_codes" / "gbt4754_2017.csv"


@pytest.fixture
def folder(tmp_path):
    write_chain_map(tmp_path)
    return tmp_path


def named(chain, one, other):
    names = chain.names.to_pylist()
    return [(names[a], names[b]) for a, b in zip(one, other, strict=True)]


def test_nodes_and_edges_of_the_map(folder):
    chain = read_chain(folder).chain
    assert named(chain, chain.user, chain.input) == [
        ("锂电池", "正极材料"), ("正极材料", "碳酸锂"), ("锂电池", "有色金属"),
    ]  # fmt: skip
    assert chain.support.tolist() == [1, 1, 3]
    assert named(chain, chain.child, chain.parent) == [("锂电池", "电池"), ("锂电池", "电力设备")]
    battery = [at for at, name in enumerate(chain.names.to_pylist()) if name == "锂电池"]
    assert [NodeKind(chain.kind[at]) for at in battery] == [NodeKind.PRODUCT, NodeKind.INDUSTRY]
    assert [chain.codes[at].as_py() for at in battery] == [None, "630701"]


def test_firms_with_and_without_the_suffix_are_one(folder):
    found = read_chain(folder)
    assert found.firm_codes.to_pylist() == ["600001", "000002", "300003"]
    assert found.firm_names.to_pylist() == ["甲", "乙", None]
    assert [found.chain.names[int(at)].as_py() if at >= 0 else None
            for at in found.industry_of] == ["锂电池", None, "新行业"]  # fmt: skip
    assert found.firm.tolist() == [0, 1]
    assert found.share[0] == 0.7
    assert np.isnan(found.share[1]), "a share that is not stated is not nothing"


def test_bad_rows_are_set_aside_with_their_place_and_reason(folder):
    rows = [
        (row["file"].split(".")[0], row["row"], row["value"], row["reason"])
        for row in read_chain(folder).quarantine.to_pylist()
    ]
    assert rows == [
        ("company", 3, "X1", "not a code of six digits"),
        ("company", 4, "{broken", "not a line of JSON"),
        ("product", 2, "", "no name"),
        ("industry", 3, "630701", "a second row of the code"),
        ("company_industry", 3, "", "no code or no name of an industry"),
        ("company_product", 2, "-0.1", "a share of revenue outside 0..1"),
        ("company_product", 3, "锂电池", "a second row of firm and product"),
        ("product_product", 3, "正极材料", "a second row of the edge"),
        ("product_product", 5, "甲醇", "an edge from a product to itself"),
        ("product_product", 6, "友商", "not a relation that is known"),
        ("industry_industry", 2, "999", "no such industry"),
        ("industry_up", 1, "锂电池 <- 无此行业", "the name of no industry, or of several"),
    ]


def test_a_row_without_its_firm_is_set_aside_and_no_other(folder):
    line = {"industry_code": "1", "industry_name": "甲业"}
    lines(folder / "company_industry.jsonl.gz", [line, line | {"company_code": "600001"}])
    pq.write_table(
        pa.table({"company_code": [None, "600001"], "product": ["电池", None], "weight": [0.5, 1]}),
        folder / "company_product.parquet",
    )
    found = read_chain(folder)
    assert [(row["file"].split(".")[0], row["row"]) for row in found.quarantine.to_pylist()
            if row["file"].startswith("company_")] == [
        ("company_industry", 1), ("company_product", 1), ("company_product", 2),
    ]  # fmt: skip
    assert "600001" in found.firm_codes.to_pylist()


def test_a_missing_file_or_column_is_named(folder):
    pq.write_table(pa.table({"company_code": ["1"]}), folder / "company_product.parquet")
    with pytest.raises(InputError, match="no column product"):
        read_chain(folder)
    (folder / "product.jsonl.gz").unlink()
    with pytest.raises(InputError, match=r"product\.jsonl\.gz is not there"):
        read_chain(folder)


def test_the_classes_of_the_national_standard(tmp_path):
    path = tmp_path / "gbt.csv"
    path.write_text(
        "section,level,code,parent,name,description\n"
        "A,1,A,,农业,\nA,2,01,A,种植,种\nA,3,011,01,谷物,稻谷\n", encoding="utf-8"
    )  # fmt: skip
    chain, described = read_gbt4754(path)
    assert chain.codes.to_pylist() == ["A", "01", "011"]
    assert top_level(chain).tolist() == [0, 0, 0]
    assert described == ["", "种", "稻谷"]
    path.write_text("code,parent,name,description\n01,B,种植,\n", encoding="utf-8")
    with pytest.raises(InputError, match="no row of code B"):
        read_gbt4754(path)
    path.write_text("code\n01\n", encoding="utf-8")
    with pytest.raises(InputError, match="a column is missing"):
        read_gbt4754(path)


@pytest.mark.real
def test_the_real_files_have_the_defects_that_are_known():
    if not REAL.is_dir():
        pytest.skip(f"the real data are not at {REAL}")
    found = read_chain(REAL)
    reasons = Counter(found.quarantine["reason"].to_pylist())
    assert reasons["a share of revenue outside 0..1"] == 811
    assert reasons["a second row of firm and product"] == 570, "8 of 578 have bad shares, too"
    assert len(found.share) == 53_785 - 811 - 570
    assert (found.industry_of >= 0).sum() == 4_430
    assert found.share.min() >= 0
    assert found.share.max() <= 1


@pytest.mark.real
def test_the_real_classes_are_complete():
    if not GBT.is_file():
        pytest.skip(f"the real data are not at {GBT}")
    chain, described = read_gbt4754(GBT)
    assert len(chain.names) == 1_971
    assert sum(not each for each in described) == 909
    assert len(set(top_level(chain).tolist())) == 20


@pytest.mark.parametrize("file", ["industry.jsonl.gz", "company_product.parquet"])
@pytest.mark.parametrize("data", [b"", b"PAR1", b"\x1f\x8b\x08\x00 cut off", None])
def test_a_damaged_file_is_named(folder, file, data):
    path = folder / file
    path.write_bytes(path.read_bytes()[:60] if data is None else data)
    if file.endswith(".gz") and data == b"":
        assert "630701" in read_chain(folder).chain.codes.to_pylist(), "an empty text has no rows"
        return
    with pytest.raises(InputError, match="cannot be read") as said:
        read_chain(folder)
    assert said.value.where == str(path)
    assert said.value.remedy


def test_a_line_that_is_no_object_is_set_aside(folder):
    lines(folder / "product.jsonl.gz", ["[1]", "7", "null", '{"name": "石墨"}'])
    found = read_chain(folder)
    aside = [
        row["row"] for row in found.quarantine.to_pylist() if row["file"] == "product.jsonl.gz"
    ]
    assert aside == [1, 2, 3]
    assert "石墨" in found.chain.names.to_pylist()

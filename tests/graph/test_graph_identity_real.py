"""Names of real companies, written otherwise; and the standard sets of record linkage."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import opencc
import pyarrow as pa
import pytest

from headrace.graph.identity import firm_names
from headrace.graph.identity.firm_names import firm_column, parsed
from headrace.graph.identity.firm_words import Form
from headrace.graph.identity.writing import pinyin

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_identity
from workloads import identity

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def folder(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"the real data are not at {path}")
    return path


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def listed() -> list[str]:
    """Full names of listed companies, each once."""
    lines = lines_of(folder("cn_chain_knowledge_graph") / "company.jsonl.gz")
    return sorted({json.loads(line)["fullname"] for line in lines if line.strip()})


def levels_beside(names: list[str], others: list[str]) -> np.ndarray:
    column = firm_column(pa.array([*names, *others]))
    rows = np.arange(len(names), dtype=np.int32)
    return firm_names.levels(column, rows, rows + np.int32(len(names)))


@pytest.mark.real
def test_listed_companies_in_traditional_characters_are_themselves(listed):
    traditional = opencc.OpenCC("s2t")
    found = levels_beside(listed, [traditional.convert(name) for name in listed])
    assert (found == 7).mean() > 0.99


@pytest.mark.real
def test_listed_companies_with_another_legal_form_are_themselves(listed):
    others = [name.replace("股份有限公司", "有限责任公司") for name in listed]
    assert (levels_beside(listed, others) >= 6).mean() > 0.99


@pytest.mark.real
def test_listed_companies_in_pinyin_sound_the_same(listed):
    found = levels_beside(listed, [pinyin(name) for name in listed])
    assert np.isin(found, [4, 7]).mean() > 0.85


@pytest.mark.real
def test_different_listed_companies_are_hardly_ever_one_name(listed):
    column = firm_column(pa.array(listed))
    left, right = (each.astype(np.int32) for each in np.triu_indices(len(listed), 1))
    some = column.trade[left] == column.trade[right]
    found = firm_names.levels(column, left[some], right[some])
    assert (found >= 6).sum() <= 0.001 * len(listed)


@pytest.mark.real
def test_names_in_public_filings_of_taiwan_are_read():
    lines = lines_of(folder("tw_listed_insiders") / "person.csv.gz")[1:]
    holders = [line.split(",")[1].split("-")[0] for line in lines if "(股)" in line]
    assert len(holders) > 500
    forms = [parsed(name).form for name in holders[:300]]
    assert forms.count(Form.JOINT_STOCK) / len(forms) > 0.9


@pytest.mark.real
def test_febrl_is_linked():
    folder("febrl")
    workload = identity.febrl4(1_500)
    found = graph_identity.ours(workload)
    truth = identity.codes_of(workload.table, "truth")
    assert graph_identity.accuracy(workload, truth, found)["f1"] > 0.995


@pytest.mark.real
def test_historical_persons_are_resolved():
    folder("splink_datasets")
    workload = identity.historical(8_000)
    found = graph_identity.ours(workload)
    truth = identity.codes_of(workload.table, "truth")
    assert graph_identity.accuracy(workload, truth, found)["f1"] > 0.85

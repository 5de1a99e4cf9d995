"""The contracts benchmark cannot rot: its small size runs. No timing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import contracts_actus, contracts_collateral, contracts_securitisation
from measures.found import DisagreementError, Found
from measures.parts import Part, Subject
from workloads import contracts as workload

import contracts

BENCHMARKS = Path(contracts.__file__).parent


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "contracts.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_every_metric_is_measured_once_and_has_the_agreed_shape(small):
    metrics = [each["metric"] for each in small["results"]]
    absent = () if contracts_collateral.PRICES.is_file() else (contracts_collateral.stressed,)
    absent += () if contracts_securitisation.DATA.is_dir() else (contracts_securitisation.absbox,)
    wanted = [
        contracts.CONTRACTS.metric(part, name)
        for part in contracts.PARTS
        if part.quick is not None and part.measure not in absent
        for name in part.bars
    ]
    assert sorted(metrics) == sorted(wanted)
    assert len(metrics) == len(set(metrics))
    assert small["machine"]["cores"]
    for each in small["results"]:
        assert set(each) == {"metric", "value", "unit", "bar", "holds", "peers", "hash", "data",
                             "command"}  # fmt: skip
        assert len(each["hash"]) == 16
        assert each["command"].endswith(each["metric"])
        assert each["value"] >= 0
        assert "{" not in each["data"]


def test_what_was_promised_is_measured(small):
    """The bar of issue 6: twenty thousand mixed contracts a second."""
    found = {each["metric"]: each for each in small["results"]}
    assert found["contracts.per_second"]["bar"] == ">= 20000"
    assert found["contracts.per_second"]["unit"] == "contracts/s"


def test_a_book_is_mixed_and_made_from_its_seed():
    book = workload.book(2_000)
    assert {each["contractType"] for each in book} == set(workload.MIX)
    assert book == workload.book(2_000)
    assert book != workload.book(2_000, seed=8)
    assert len({each["contractID"] for each in book}) == 2_000
    table = workload.columns(book)
    assert table.num_rows == 2_000
    loans = sum(share for kind, share in workload.MIX.items() if kind in workload.LOANS)
    assert loans == pytest.approx(0.95)


def test_a_bar_holds_or_does_not():
    def measure(value):
        return Found({"seconds": value, "other_seconds": 3.0}, "0" * 64)

    part = Part(
        "made", measure, (2.0,), (1.0,), "made of {0}", {"seconds": ("<=", 1), "speed_ratio": None},
        {"seconds": {"other": "other_seconds"}}, {"speed_ratio": ("other_seconds", "seconds")},
    )  # fmt: skip
    slow = Subject("contracts", {}, (replace(part, quick=(2.0,)),))
    results, agree = slow.measured("", quick=True)
    assert agree
    assert [each["holds"] for each in results] == [False, True]
    assert results[0]["peers"] == {"other": 3.0}
    assert results[1]["value"] == 1.5
    only, _ = Subject("contracts", {}, (part,)).measured("made_seconds", quick=True)
    assert [each["holds"] for each in only] == [True]


def test_what_is_absent_is_left_out_and_disagreement_is_told():
    def disagree():
        raise DisagreementError("two answers")

    part = Part("made", lambda: None, (), (), "", {"seconds": None})
    assert Subject("made", {}, (part,)).measured("", quick=True) == ([], True)
    other = replace(part, measure=disagree)
    assert Subject("made", {}, (other,)).measured("", quick=True) == ([], False)


def test_a_peer_agrees_where_its_events_are_ours_to_the_cent():
    book = [each for each in workload.book(40) if each["contractType"] == "PAM"][:1]
    events = contracts_actus.cash_flows(book, horizon=workload.HORIZON)
    if events.refusals:  # a rate that is reset needs the market
        pytest.fail(str(events.refusals))
    rows = [
        [str(each["time"])[:10], each["type"], each["payoff"] + 0.009]
        for each in events.events.to_pylist()
    ]
    assert contracts_actus._agrees(events.events, 0, rows, 0.01)
    rows[1][2] += 1.0
    assert not contracts_actus._agrees(events.events, 0, rows, 0.01)
    assert not contracts_actus._agrees(events.events, 0, rows[1:], 0.01)
    assert isinstance(events.events, pa.Table)

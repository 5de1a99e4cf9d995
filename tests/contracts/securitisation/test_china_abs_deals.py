"""Two real deals replayed: BYD's scheduled pool flows, and 建元2017-5 with its known defects."""

import gzip
import json
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from headrace.contracts.securitisation.amounts import to_fen
from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.deal import State
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.flows import given_flows
from headrace.contracts.securitisation.projection import (
    PLANS,
    Assumptions,
    LoanLines,
    project,
    stressed,
)
from headrace.contracts.securitisation.report import report
from headrace.contracts.securitisation.trace import trace
from headrace.errors import InputError

SHARED = Path(__file__).parents[4] / "shared" / "data" / "china_abs_deals"
DATA = Path(__file__).parents[2] / "data" / "contracts"

pytestmark = pytest.mark.real


def _read(name):
    path = SHARED / f"{name}.json.gz"
    if not path.is_file():
        pytest.skip(f"the deals are not at {SHARED}")
    return json.loads(gzip.decompress(path.read_bytes()))


def _deal(name):
    return read_deal(tomllib.loads((DATA / name).read_text("utf-8")))


def _byd_rows():
    rows = [row["contents"] for row in _read("BYD_auto_abs")["deal"]["pool"]["futureCf"]]
    return [(date.fromisoformat(r[0]), to_fen(r[1]), to_fen(r[2]), to_fen(r[3])) for r in rows]


def _byd_flows():
    """What comes after the cut-off of 30 July 2022: the first row, of 1 July, is past."""
    rows = [(on, principal, interest) for on, _, principal, interest in _byd_rows()[1:]]
    return given_flows(sum(row[1] for row in rows), rows)


def _in_and_out(done):
    into = sum(row.amount for row in done.rows if not row.source.startswith("account:"))
    out = sum(row.amount for row in done.rows if not row.target.startswith("account:"))
    return into, out


def test_the_flows_of_byd_differ_from_their_balances_by_eleven_fen():
    rows = _byd_rows()
    assert len(rows) == 34
    stated, repaid = rows[0][1], sum(row[2] for row in rows[1:])
    assert (stated, repaid - stated) == (123_464_040_202, 11)
    with pytest.raises(InputError, match="exceeds the balance"):
        given_flows(stated, [(on, p, i) for on, _, p, i in rows[1:]])


def test_byd_all_that_comes_in_goes_out():
    done = run(_deal("abs_byd.toml"), _byd_flows())
    reserve = 1_575_770_838
    into, out = _in_and_out(done)
    assert into + reserve == out == 126_155_184_821
    assert {one.balance for one in done.last("account").values()} == {0}
    assert done.ended == (date(2024, 7, 26), "清仓回购")
    last = done.last("bond")
    assert (last["优先"].balance, last["次级"].balance) == (0, 0)
    ways = trace(done)
    assert sum(ways["amount"].to_pylist()) == out
    senior = [row for row in done.rows if row.target == "bond:优先:principal"]
    assert sum(row.amount for row in senior) == 71_673_900_000


def test_byd_period_by_period():
    done = run(_deal("abs_byd.toml"), _byd_flows())
    bonds = report(done)["证券兑付"].to_pylist()
    senior = [row for row in bonds if row["证券"] == "优先"]
    assert len(senior) == 24
    for before, after in pairwise(senior):
        assert before["期末余额"] == after["期初余额"]
    # the first interest: 716,739,000.00 at 2.6 % for 31 days
    assert to_fen(senior[0]["支付利息"]) == round(71_673_900_000 * 0.026 * 31 / 365)
    held = {one.on: one.balance for one in done.standings if one.name == "流动性储备"}
    assert held[date(2022, 8, 26)] == round(115_726_523_999 * 0.012)  # 1.2 % of the pool
    assert held[date(2024, 6, 26)] == 1_176_674_196  # at the least, 0.5 % of the original pool


def test_byd_without_a_clean_up_runs_to_its_last_flow():
    data = tomllib.loads((DATA / "abs_byd.toml").read_text("utf-8"))
    del data["清仓回购"]
    done = run(read_deal(data), _byd_flows())
    into, out = _in_and_out(done)
    left = done.last("account")["流动性储备"].balance
    assert into + 1_575_770_838 == out + left
    assert left == 1_176_674_196  # the file releases the reserve only in its clean-up
    assert done.ended[1] == "法定到期"


def test_byd_under_stress_shows_the_trigger_its_values():
    bad = stressed(
        _byd_flows(), Assumptions((0.06,), recovery_ppm=300_000, recovery_lag=3), date(2022, 7, 30)
    )
    done = run(_deal("abs_byd.toml"), bad)
    tests = [
        (test.period, float(test.value), float(test.threshold), test.fired) for test in done.tests
    ]
    assert tests[0][1] > 1_647_343.87 / 2_353_348_391.45  # what had defaulted before counts
    assert any(fired for *_, fired in tests)
    assert not tests[0][3]
    assert {test.state for test in done.tests} <= {State.NORMAL, State.CLEAN_UP}
    into, out = _in_and_out(done)
    assert into + 1_575_770_838 == out + sum(x.balance for x in done.last("account").values())


def _jy():
    data = _read("JY_2017_05_rmbs")
    origin, balance, rate, left, _ = data["pool"]["assets"][0]
    columns = [to_fen(balance), int(rate * 10**6 + 0.5), left, left, day_number(date(2022, 7, 26)),
               PLANS["even"], -1]  # fmt: skip
    lines = LoanLines(*(np.array([x], dtype=np.int64) for x in columns))
    return data, origin, lines


def test_the_known_defects_of_jy_are_there():
    data, origin, _ = _jy()
    bonds = data["bonds"]
    assert {bonds[name]["bndOriginInfo"]["originBalance"] for name in ("A1", "A2", "A3")} == {
        2.903e9
    }
    assert [bonds[name]["bndBalance"] for name in ("A1", "A2")] == [0.0, 0.0]
    assert origin["originTerm"] == 30
    assert bonds["A3"]["bndInterestInfo"]["contents"][1] == 0.002
    assert data["pool"]["assets"][1][4]["tag"] == "Defaulted"


def test_jy_all_that_comes_in_goes_out():
    _, _, lines = _jy()
    assumed = Assumptions((0.01,), (0.1,), recovery_ppm=400_000, recovery_lag=6)
    flows = project(lines, assumed, date(2022, 7, 26))
    rates = {"LPR5Y": [(date(2022, 5, 20), 44_500), (date(2023, 6, 20), 42_000)]}
    done = run(_deal("abs_jy_2017_05.toml"), flows, rates)
    into, out = _in_and_out(done)
    assert into == out == flows.total()
    assert done.last("bond")["A3"].balance == 0
    assert not [row for row in done.rows if row.target.startswith(("bond:A1", "bond:A2"))]
    moved = [row for row in done.rows if row.note.startswith("ABCD")]
    booked = sum(amount for _, _, amount, _, _ in done.ledger_rows)
    assert booked == sum(row.amount for row in moved)
    assert booked <= sum(row.amounts["default"] for row in done.pool)

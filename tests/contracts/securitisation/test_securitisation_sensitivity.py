"""Life, yield, shortfall and first loss, by hand and over a grid."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.projection import PLANS, Assumptions, LoanLines
from headrace.contracts.securitisation.sensitivity import (
    SCHEMA,
    Pool,
    Scenario,
    figures,
    first_loss,
    grid,
    scenarios,
)
from strategies_waterfalls import deal_data, pool

AS_OF = date(2026, 1, 1)
BASE = Scenario("base", Assumptions((0.0,), (0.05,), recovery_ppm=400_000, recovery_lag=3))


@pytest.fixture(scope="module")
def case():
    """Two years of a level-pay pool of 10,000.00 at 9 %; 8,000.00 senior at 3.65 %."""
    columns = (1_000_000, 90_000, 24, 24, day_number(AS_OF), PLANS["level"], -1)
    lines = LoanLines(*(np.array([x], dtype=np.int64) for x in columns))
    return read_deal(deal_data(periods=36)), Pool(lines, AS_OF, {})


def test_life_and_yield_worked_by_hand():
    data = deal_data(periods=14)
    data["bond"][0]["rate"] = 0
    data["waterfall"]["normal"] = data["waterfall"]["normal"][1:]
    done = run(read_deal(data), pool((400_000, 0), (400_000, 0), (200_000, 0)))
    senior, junior = figures(done, {"优先": 790_000})
    assert senior.wal_years == pytest.approx((35 + 63) / 2 / 365)
    assert junior.wal_years == pytest.approx(94 / 365)
    rate = senior.annual_yield
    worth = 400_000 * (1 + rate) ** (-35 / 365) + 400_000 * (1 + rate) ** (-63 / 365)
    assert worth == pytest.approx(790_000)
    assert junior.annual_yield == pytest.approx(0, abs=1e-9)
    assert (senior.principal_short, senior.received) == (0, 800_000)


def test_a_bond_that_is_paid_nothing_has_no_life_and_no_yield():
    done = run(read_deal(deal_data()), pool((0, 0)))
    senior, junior = figures(done)
    assert (senior.wal_years, junior.annual_yield) == (None, None)
    assert senior.principal_short == 800_000
    assert senior.interest_short >= 0


def test_a_grid_has_a_row_a_scenario_and_bond_and_is_the_same_each_time(case):
    deal, pool_ = case
    points = scenarios([0.0, 0.1, 0.3], [0.0, 0.2], [0, 400_000])
    found = grid(deal, pool_, points)
    assert found.schema == SCHEMA
    assert found.num_rows == 3 * 2 * 2 * 2
    assert found.equals(grid(deal, pool_, points))
    junior = [row for row in found.to_pylist() if row["bond"] == "次级" and row["recovery"] == 0]
    still = [row["received"] for row in junior if row["prepayment"] == 0]
    assert still == sorted(still, reverse=True)  # more defaults, less for the junior
    assert grid(deal, pool_, []).num_rows == 0


def test_faster_prepayment_shortens_the_senior(case):
    deal, pool_ = case
    found = grid(deal, pool_, scenarios([0.02], [0.0, 0.1, 0.3])).to_pylist()
    lives = [row["wal_years"] for row in found if row["bond"] == "优先"]
    assert lives == sorted(lives, reverse=True)
    assert all(row["annual_yield"] > 0.036 for row in found if row["bond"] == "优先")


def test_the_first_loss_of_the_senior_comes_after_that_of_the_junior(case):
    deal, pool_ = case
    senior = first_loss(deal, pool_, "优先", BASE)
    junior = first_loss(deal, pool_, "次级", BASE)
    assert 0 < junior < senior < 1
    for rate, short in ((senior, False), (senior + 0.0002, True)):
        scenario = Scenario(
            "x", Assumptions((rate,), (0.05,), recovery_ppm=400_000, recovery_lag=3)
        )
        one = next(x for x in figures(pool_.run(deal, scenario)) if x.name == "优先")
        assert (one.principal_short + one.interest_short > 0) is short


def test_a_bond_that_is_always_or_never_short(case):
    _, pool_ = case
    data = deal_data(periods=36)
    data["bond"][0]["balance"] = 12_000
    assert first_loss(read_deal(data), pool_, "优先", BASE) is None
    safe = Scenario("x", Assumptions((0.0,), (0.0,), recovery_ppm=1_000_000))
    data["bond"][0]["balance"] = 1
    assert first_loss(read_deal(data), pool_, "优先", safe) == 1.0


def test_a_shift_of_rates_reaches_the_coupon(case):
    _, pool_ = case
    data = deal_data(periods=36)
    data["bond"][0] |= {"index": "LPR1Y", "spread": 0.005, "resets": "month_first"}
    rated = Pool(pool_.lines, AS_OF, {"LPR1Y": [(date(2025, 1, 1), 31_000)]})
    found = grid(read_deal(data), rated, scenarios([0.0], shifts_ppm=[-10_000, 0, 10_000]))
    yields = [row["annual_yield"] for row in found.to_pylist() if row["bond"] == "优先"]
    assert yields == sorted(yields)
    assert yields[2] - yields[0] == pytest.approx(0.02, rel=0.1)
    assert Fraction(str(found["shift"].to_pylist()[0])) == Fraction(-1, 100)

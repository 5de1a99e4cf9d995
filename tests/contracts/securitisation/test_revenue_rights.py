"""A gas-fee securitisation, simulated: charges, collection, interruption, cover, who pays in."""

import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.securitisation.dates import from_number
from headrace.contracts.securitisation.deal import State
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.revenue import (
    COVER_SCHEMA,
    Interruption,
    RevenueRight,
    charges,
    cover,
    revenue_flows,
)
from headrace.contracts.securitisation.rules import in_force, shipped_rules
from headrace.errors import InputError

DATA = Path(__file__).parents[2] / "data" / "contracts"
SEASONS = tuple(Fraction(x, 100) for x in (150, 145, 120, 95, 80, 75, 75, 75, 80, 90, 100, 115))
GAS = RevenueRight(
    first_month=date(2027, 1, 1),
    months=60,
    users=350_000,
    users_growth=Fraction(0),
    volume=Fraction(240),
    tariff=Fraction(268),  # 2.68 yuan a cubic metre
    seasons=SEASONS,
    collection=(Fraction(6, 10), Fraction(3, 10), Fraction(1, 10)),
)
SENIOR = ["优先01", "优先02"]


@pytest.fixture(scope="module")
def deal():
    return read_deal(tomllib.loads((DATA / "abs_gas_fee.toml").read_text("utf-8")))


def _wanted():
    return in_force(shipped_rules(), "revenue_right", date(2027, 1, 1))["cover.minimum"].threshold


def test_five_years_of_charges_come_to_the_forecast():
    total = sum(amount for _, amount in charges(GAS))
    assert total == 350_000 * 240 * 268 * 5
    assert round(total / 10**10, 2) == 11.26  # 亿元; the public case forecast 11.25


def test_a_charge_is_collected_over_three_months_and_nothing_is_lost():
    flows = revenue_flows(GAS)
    assert from_number(int(flows.dates[0])) == date(2027, 1, 31)
    assert int(flows.interest[0]) == round(charges(GAS)[0][1] * 0.6)
    assert flows.total() == sum(amount for _, amount in charges(GAS))
    assert len(flows.dates) == 62


@pytest.mark.parametrize(
    "changes",
    [
        {"seasons": SEASONS[:11]},
        {"seasons": (Fraction(2), *SEASONS[1:])},
        {"collection": ()},
        {"collection": (Fraction(3, 2),)},
        {"first_month": date(2027, 1, 2)},
    ],
)
def test_weights_that_do_not_fit_are_refused(changes):
    with pytest.raises(InputError, match="revenue right"):
        RevenueRight(**(GAS.__dict__ | changes))


def test_the_senior_classes_are_covered_each_period(deal):
    done = run(deal, revenue_flows(GAS))
    found = cover(done, SENIOR, _wanted())
    assert found.schema == COVER_SCHEMA
    rows = found.to_pylist()
    assert [round(row["cover"], 2) for row in rows[:10]] == [
        1.34, 1.35, 1.47, 1.35, 1.47, 1.36, 1.48, 1.37, 1.49, 1.39,
    ]  # fmt: skip
    assert all(row["passes"] for row in rows)
    assert [one.balance for one in done.last("bond").values()] == [0, 0, 0]
    assert not [row for row in done.rows if row.source.startswith("party:")]
    tested = [float(test.value) for test in done.tests if test.name == "覆盖倍数"]
    assert tested[:10] == pytest.approx([row["cover"] for row in rows[:10]], rel=1e-3)
    held = {one.on: one.balance for one in done.standings if one.name == "保证金户"}
    assert set(held.values()) == {2_000_000_000, 0}  # released when the seniors are repaid


def test_when_service_stops_for_half_a_year_margin_then_payers_stand_in_in_order(deal):
    stop = Interruption(date(2028, 1, 1), 6, Fraction(1, 5))
    done = run(deal, revenue_flows(GAS, [stop]))
    rows = cover(done, SENIOR, _wanted()).to_pylist()
    assert [row["passes"] for row in rows[:4]] == [True, True, False, True]
    bad = [row for row in done.rows if row.period == 3]
    order = list(dict.fromkeys(row.source for row in bad if row.target == "account:收款户"))
    assert order == ["pool:interest", "account:保证金户", "party:燃气集团"]
    given_ = sum(row.amount for row in bad if row.source == "party:燃气集团")
    repaid = sum(row.amount for row in done.rows if row.target == "party:燃气集团")
    assert given_ == repaid > 0
    assert done.last("bond")["优先02"].balance == 0


def test_a_year_without_service_draws_on_both_payers_and_accelerates(deal):
    stop = Interruption(date(2028, 1, 1), 12, Fraction(0))
    done = run(deal, revenue_flows(GAS, [stop]))
    first = sum(row.amount for row in done.rows if row.source == "party:燃气集团")
    second = sum(row.amount for row in done.rows if row.source == "party:城投公司")
    assert first == 5_000_000_000  # its limit
    assert second > 0
    assert done.states[0][2] is State.ACCELERATION
    assert {one.name for one in done.tests if one.fired} >= {"覆盖倍数", "差额支付累计过大"}


@given(
    st.integers(0, 10**6), st.integers(1, 36), st.integers(0, 12), st.fractions(0, 1),
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
)  # fmt: skip
def test_what_is_charged_is_collected_to_the_fen(users, months, stopped, factor, parts):
    right = RevenueRight(
        date(2026, 4, 1), months, users, Fraction(3, 100), Fraction(201), Fraction(2675, 10),
        SEASONS, tuple(Fraction(part, sum(parts)) for part in parts),
    )  # fmt: skip
    stops = [Interruption(date(2026, 6, 1), stopped, factor)]
    flows = revenue_flows(right, stops)
    assert flows.total() == sum(amount for _, amount in charges(right, stops))
    assert (flows.interest >= 0).all()
    assert flows.total() <= revenue_flows(right).total()

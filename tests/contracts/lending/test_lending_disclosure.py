"""What a loan costs a year, and what the law lets it cost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.lending.disclosure import (
    ceilings,
    ceilings_data,
    cost,
    internal_rate,
)
from headrace.contracts.lending.schedule import schedule
from headrace.contracts.lending.terms import Fee, FeeKind, InterestDays, Method, Subsidy, Terms
from headrace.errors import InputError

START = date(2023, 3, 1)
YEAR = Terms(
    10_000_000, START, Decimal("0.06"), maturity=date(2024, 2, 29), method=Method.BULLET,
    days=InterestDays.ACTUAL_365,
)  # fmt: skip


def test_a_bullet_of_a_year_without_fees_costs_its_rate():
    found = cost(YEAR, schedule(YEAR))
    assert found.compound == pytest.approx(0.06, abs=1e-9)
    assert found.simple == pytest.approx(0.06, abs=1e-9)
    assert (found.interest, found.fees, found.total) == (600_000, 0, 600_000)
    assert found.flows == ((START, 10_000_000), (date(2024, 2, 29), -10_600_000))


def test_fees_count_and_what_is_deducted_counts_more():
    fee = Fee("arrangement", FeeKind.DEDUCTED, share=Decimal("0.02"))
    terms = replace(YEAR, fees=(fee,))
    found = cost(terms, schedule(terms))
    # 98,000.00 received, 106,000.00 paid a year later
    assert found.compound == pytest.approx(106 / 98 - 1, abs=1e-9)
    assert found.fees == 200_000
    assert found.simple == pytest.approx(0.08, abs=1e-9)


def test_a_quoted_monthly_fee_rate_costs_nearly_twice_what_it_says():
    """No interest, 0.6 % of the loan a month for a year (月费率): 7.2 % in words, 13 % in truth."""
    fee = Fee("instalment", FeeKind.EACH_PERIOD, share=Decimal("0.006"))
    terms = Terms(
        12_000_000, START, Decimal(0), instalments=12, method=Method.EQUAL_PRINCIPAL, fees=(fee,)
    )
    found = cost(terms, schedule(terms))
    assert found.fees == 864_000
    assert 0.128 < found.nominal < 0.132
    assert found.compound > found.nominal


def test_what_another_pays_is_no_cost_to_the_borrower():
    terms = replace(YEAR, subsidy=Subsidy("finance bureau", points=Decimal("0.02")))
    assert cost(terms, schedule(terms)).compound == pytest.approx(0.04, abs=1e-9)


@given(st.integers(0, 3_600), st.integers(1, 36))
@settings(max_examples=50)
def test_the_rate_found_makes_the_flows_worth_nothing(bp, months):
    terms = Terms(50_000_000, START, Decimal(bp) / 10_000, instalments=months)
    found = cost(terms, schedule(terms))
    worth = sum(
        amount * (1 + found.compound) ** (-(day - START).days / 365) for day, amount in found.flows
    )
    assert abs(worth) < 1
    assert found.compound >= -1e-9


def test_flows_without_a_rate_are_refused():
    for flows in ((), ((START, -5), (date(2024, 1, 1), 5)), ((START, 5), (date(2024, 1, 1), 5))):
        with pytest.raises(InputError, match="no annualised rate"):
            internal_rate(flows)


def test_ceilings_are_those_of_the_day_of_the_contract():
    assert [each.rate for each in ceilings("private", date(2019, 1, 1))] == [
        Decimal("0.24"), Decimal("0.36"),
    ]  # fmt: skip
    (found,) = ceilings("private", date(2021, 6, 1))
    assert (found.id, found.rate) == ("private.4_lpr", Decimal("0.154"))
    (found,) = ceilings("financial", date(2024, 6, 1))
    assert (found.rate, found.effect) == (Decimal("0.24"), "reduced")
    assert "法发〔2017〕22号" in found.document
    assert ceilings("private", date(2010, 1, 1)) == ()


def test_every_entry_has_a_source_that_says_what_was_read():
    data = ceilings_data()
    sources = {each["id"] for each in data["source"] if each["read"]}
    for each in (*data["ceiling"], *data["penalty"]):
        assert each["source"] in sources
        assert each["verified"] is False

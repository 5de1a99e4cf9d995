"""Products speak the words of the loans that are made of them, and both know the same law."""

from datetime import date

import pytest

from headrace.contracts.lending.disclosure import ceilings_data
from headrace.contracts.lending.terms import Method
from headrace.contracts.products.catalogue import shipped_rules
from headrace.contracts.products.fields import METHODS


def rules_on(day: date):
    return {rule.id: rule for rule in shipped_rules().on(day)}


def test_ways_of_repayment_are_those_of_loans():
    assert set(METHODS) == {each.value for each in Method}


@pytest.mark.parametrize(
    ("rule", "on"), [("interest.penalty", "overdue"), ("interest.misuse", "misuse")]
)
def test_bounds_of_penalty_are_those_of_loans(rule, on):
    (bound,) = [each for each in ceilings_data()["penalty"] if each["on"] == on]
    mine = rules_on(date(2026, 3, 2))[rule]
    assert (mine.low, mine.high) == (bound["markup_min"], bound["markup_max"])
    assert mine.since == bound["effective_from"]


def test_ceilings_are_those_of_loans():
    ceilings = {each["id"]: each for each in ceilings_data()["ceiling"]}
    now, before = rules_on(date(2026, 3, 2)), rules_on(date(2018, 3, 2))
    assert now["interest.four_times"].high == ceilings["private.4_lpr"]["lpr_multiple"]
    assert before["interest.four_times"].high == ceilings["private.24"]["share"]
    assert now["interest.financial"].high == ceilings["financial.24"]["share"]

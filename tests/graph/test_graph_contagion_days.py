"""Who is short of cash, and when, if a core enterprise pays 60 days late."""

import contagion_reference as reference
import numpy as np
import pytest
from contagion_networks import codes, money
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.contagion.days import Cash, Payables, delayed, pay_by_day

CORE, PARTS, STEEL, BANK = range(4)


@pytest.fixture
def chain():
    """The core pays its supplier of parts on day 10, who pays for steel on day 15."""
    owed = Payables(
        codes(CORE, PARTS, STEEL), codes(PARTS, STEEL, BANK), money(100, 80, 30),
        np.array([10, 15, 20]),
    )  # fmt: skip
    return owed, Cash(money(500, 5, 10, 0), money(0, 0, 0, 0))


def test_everybody_is_paid_when_the_core_is_on_time(chain):
    found = pay_by_day(*chain, 90)
    assert found.settled.tolist() == [10, 15, 20]
    assert found.first_short.tolist() == [-1, -1, -1, -1]
    assert found.cash.tolist() == [400, 25, 60, 30]
    assert found.amount_days.sum() == 0


def test_sixty_days_of_delay_run_down_the_chain(chain):
    owed, cash = chain
    found = pay_by_day(delayed(owed, codes(CORE), 60), cash, 90)
    assert found.first_short.tolist() == [-1, 15, 20, -1], "the core itself is never short"
    assert found.short_days.tolist() == [0, 55, 50, 0]
    assert found.short_peak.tolist() == [0, 75, 15, 0], "parts and steel pay what they have"
    assert found.settled.tolist() == [70, 70, 70]
    assert found.amount_days.tolist() == [0, 75 * 55, 15 * 50]
    assert found.least_cash.tolist() == [400, 0, 0, 0]


def test_a_short_firm_pays_all_in_one_proportion():
    owed = Payables(codes(0, 0), codes(1, 2), money(60, 20), np.array([0, 0]))
    found = pay_by_day(owed, Cash(money(40, 0, 0), np.zeros(3)), 1)
    assert found.paid.tolist() == [30, 10]


def test_income_of_the_day_comes_before_what_is_due():
    owed = Payables(codes(0), codes(1), money(50), np.array([2]))
    late = pay_by_day(owed, Cash(money(20, 0), money(10, 0)), 5)
    assert late.settled.tolist() == [2]
    drained = pay_by_day(owed, Cash(money(60, 0), money(-10, 0)), 5)
    assert drained.paid.tolist() == [30]
    assert drained.least_cash[0] == -20, "outlay that cannot be put off goes on"


def test_days_of_cash():
    assert Cash(money(100, 100, 0), money(-5, 5, -1)).days().tolist() == [20, np.inf, 0]


def test_what_is_due_later_is_not_looked_at():
    owed = Payables(codes(0), codes(1), money(50), np.array([9]))
    found = pay_by_day(owed, Cash(money(0, 0), np.zeros(2)), 5)
    assert found.paid.tolist() == [0]
    assert found.first_short.tolist() == [-1, -1]


def test_payables_that_cannot_be_are_refused():
    for amount, due in ((-1.0, 0), (np.nan, 0), (1.0, -3)):
        with pytest.raises(InputError, match="due on day 0"):
            pay_by_day(
                Payables(codes(0), codes(1), money(amount), np.array([due])),
                Cash(money(1, 1), np.zeros(2)), 3,
            )  # fmt: skip
    with pytest.raises(InputError, match="cash of a party"):
        pay_by_day(
            Payables(codes(0), codes(1), money(5), np.array([0])),
            Cash(money(np.nan, 1), np.zeros(2)),
            3,
        )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 90), st.integers(0, 5)),
        max_size=8,
    ),
    st.lists(st.integers(0, 80), min_size=4, max_size=4),
    st.lists(st.integers(-5, 5), min_size=4, max_size=4),
)
def test_it_equals_day_after_day_by_hand(rows, held, daily):
    rows = [row for row in rows if row[0] != row[1]]
    columns = tuple(zip(*rows, strict=True)) or ((), (), (), ())
    owed = Payables(
        codes(*columns[0]), codes(*columns[1]), money(*columns[2]), np.array(columns[3], np.int64)
    )
    found = pay_by_day(owed, Cash(money(*held), money(*daily)), 6)
    left, cash = reference.paid_by_day(rows, held, daily, 6)
    assert owed.amount - found.paid == pytest.approx(left, abs=1e-4)
    assert found.cash == pytest.approx(cash, abs=1e-4)

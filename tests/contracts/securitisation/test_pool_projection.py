"""Projections: worked examples, and a slow twin one loan at a time."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waterfall_reference import project_slowly

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.securitisation.dates import (
    Pattern,
    day_number,
    from_number,
    pattern,
)
from headrace.contracts.securitisation.flows import KINDS, collected, given_flows
from headrace.contracts.securitisation.projection import (
    ABSBOX,
    HEADRACE,
    PLANS,
    Assumptions,
    Convention,
    FloatingRate,
    LoanLines,
    project,
    stressed,
)
from headrace.errors import InputError


def lines(*rows, floating=()):
    """(balance, ppm, terms, left, start, plan[, floating])"""
    full = [(*row[:4], day_number(row[4]), PLANS[row[5]], *(row[6:] or (-1,))) for row in rows]
    columns = np.array(full, dtype=np.int64).reshape(len(full), 7).T.copy()
    return LoanLines(*columns, tuple(floating))


START = date(2026, 1, 31)


def test_an_equal_principal_loan_pays_its_table():
    # 1,200.00 over 12 months at 12 %: 100.00 principal, 1 % of the balance in interest
    flows = project(lines((120_000, 120_000, 12, 12, START, "even")), Assumptions(), START)
    assert flows.principal.tolist() == [10_000] * 12
    assert flows.interest.tolist() == [1200 - 100 * k for k in range(12)]
    assert [from_number(d) for d in flows.dates[:3]] == [
        date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30),
    ]  # fmt: skip
    assert flows.balance.tolist()[-1] == 0


def test_an_equal_instalment_loan_pays_one_amount_to_the_fen():
    # reckoned anew from each balance, since a pool's balance falls in other ways too
    flows = project(lines((1_000_000, 60_000, 24, 24, START, "level")), Assumptions(), START)
    paid = flows.principal + flows.interest
    assert set(paid.tolist()) <= {44_320, 44_321}  # 10,000 at 6 % over 24: 443.2061
    assert int(flows.principal.sum()) == 1_000_000


def test_interest_first_pays_all_principal_last():
    flows = project(lines((100_000, 48_000, 6, 6, START, "interest_first")), Assumptions(), START)
    assert flows.interest.tolist() == [400] * 6
    assert flows.principal.tolist() == [0] * 5 + [100_000]


def test_default_comes_before_prepayment_and_recovery_later():
    start = date(2026, 1, 1)
    assumed = Assumptions((0.12,), (0.1,), recovery_ppm=400_000, recovery_lag=2)
    flows = project(lines((1_000_000, 0, 4, 4, start, "even")), assumed, start)
    default = round(1_000_000 * (1 - 0.88 ** (31 / 365)))  # 1 January to 1 February
    prepaid = round((1_000_000 - default) * (1 - 0.9 ** (31 / 365)))
    assert (int(flows.default[0]), int(flows.prepayment[0])) == (default, prepaid)
    assert int(flows.principal[0]) == round((1_000_000 - default - prepaid) / 4)
    assert flows.recovery[:3].tolist() == [0, 0, round(0.4 * default)]
    assert len(flows.dates) == 6  # two recoveries come after the last payment
    assert int((flows.recovery + flows.loss).sum()) == int(flows.default.sum())


def test_what_was_paid_before_the_cutoff_is_left_out():
    loan = lines((1_200_000, 60_000, 12, 12, date(2026, 1, 1), "even"))
    flows = project(loan, Assumptions(), date(2026, 3, 15))
    assert flows.opening == 1_000_000
    assert from_number(int(flows.dates[0])) == date(2026, 4, 1)


def test_late_payments_arrive_and_nothing_is_lost():
    loans = lines((1_200_000, 60_000, 12, 12, START, "even"))
    on_time = project(loans, Assumptions(), START)
    late = project(loans, Assumptions(late_ppm=100_000, late_periods=3), START)
    assert late.total() == on_time.total()
    assert len(late.dates) == 15
    assert int(late.principal[0]) == 90_000


def test_a_monthly_rate_of_prepayment_is_taken_as_it_is():
    smm = Assumptions(prepayment=(0.02,), prepayment_monthly=True)
    flows = project(lines((1_000_000, 0, 10, 10, START, "even")), smm, START)
    assert int(flows.prepayment[0]) == 20_000


def test_rates_by_period_go_on_with_the_last():
    curve = Assumptions(prepayment=(0.5, 0.0))
    flows = project(lines((1_000_000, 0, 4, 4, START, "even")), curve, START)
    assert [amount > 0 for amount in flows.prepayment.tolist()] == [True, False, False, False]


def test_a_floating_loan_changes_on_its_reset():
    floating = FloatingRate("LPR5Y", 10_000, pattern("month_day:1-1"))
    loan = lines((1_200_000, 60_000, 12, 12, date(2026, 10, 15), "even", 0), floating=[floating])
    rates = {"LPR5Y": [(date(2020, 1, 1), 35_000), (date(2026, 12, 1), 30_000)]}
    flows = project(loan, Assumptions(), date(2026, 10, 15), rates)
    # 6 % in November and December, then 3 % + 1 %
    assert flows.interest[:3].tolist() == [6000, 5500, round(1_000_000 * 0.04 / 12)]
    with pytest.raises(InputError, match="LPR5Y"):
        project(loan, Assumptions(), date(2026, 10, 15))


def test_collection_dates_take_what_came_before_them():
    flows = project(lines((120_000, 120_000, 12, 12, START, "even")), Assumptions(), START)
    grid = collected(flows, Pattern("quarter_end").between(START, date(2027, 3, 31)))
    assert grid.principal.tolist() == [20_000, 30_000, 30_000, 30_000, 10_000]
    assert grid.total() == flows.total()
    with pytest.raises(InputError, match="still pays"):
        collected(flows, [date(2026, 6, 30)])


def test_given_flows_may_not_repay_more_than_there_is():
    rows = [(date(2026, 2, 1), 60, 1), (date(2026, 3, 1), 50, 1)]
    with pytest.raises(InputError, match="exceeds"):
        given_flows(100, rows)
    assert given_flows(110, rows).balance.tolist() == [50, 0]


def test_given_flows_under_stress_still_add_up():
    rows = [(months_after(START, k), 100_000, 1000 * (11 - k)) for k in range(1, 11)]
    flows = given_flows(1_000_000, rows)
    assert stressed(flows, Assumptions(), START).total() == flows.total()
    hard = stressed(flows, Assumptions((0.2,), (0.1,), recovery_ppm=300_000, recovery_lag=3), START)
    gone = hard.principal.sum() + hard.prepayment.sum() + hard.default.sum()
    assert int(gone) == 1_000_000
    assert int((hard.recovery + hard.loss).sum()) == int(hard.default.sum())
    assert hard.total() < flows.total()


@pytest.mark.parametrize(
    "bad",
    [
        {"default": (1.5,)},
        {"prepayment": (-0.1,)},
        {"recovery_ppm": 2_000_000},
        {"recovery_lag": -1},
        {"default": ()},
    ],
)
def test_assumptions_outside_their_range_are_refused(bad):
    with pytest.raises(InputError):
        Assumptions(**bad)


def test_lines_outside_their_range_are_refused():
    with pytest.raises(InputError, match="line 0"):
        lines((100, 0, 12, 13, START, "even"))


LOANS = st.lists(
    st.tuples(
        st.integers(0, 10**15),
        st.integers(0, 240_000),
        st.integers(1, 14),
        st.integers(0, 20),
        st.dates(date(2024, 1, 1), date(2025, 12, 31)),
        st.sampled_from(sorted(PLANS)),
    ),
    min_size=1,
    max_size=4,
)
RATE = st.sampled_from([0.0, 0.01, 0.1, 0.35, 1.0])


@settings(max_examples=60)
@given(LOANS, RATE, RATE, st.sampled_from([HEADRACE, ABSBOX, Convention(rate_in_ppm=True)]),
       st.sampled_from([0, 250_000, 1_000_000]), st.integers(0, 3))  # fmt: skip
def test_the_projection_agrees_with_a_plain_loop(loans, cdr, cpr, convention, recovery, lag):
    rows = [
        (bal, ppm, left + past, left, start, plan) for bal, ppm, left, past, start, plan in loans
    ]
    fast = project(
        lines(*rows), Assumptions((cdr,), (cpr,), recovery_ppm=recovery, recovery_lag=lag),
        date(2000, 1, 1), convention=convention,
    )  # fmt: skip
    slow = project_slowly(
        [
            {
                "balance": bal, "ppm": ppm, "left": left, "plan": plan,
                "dates": [months_after(start, past + k) for k in range(left + lag + 1)],
            }
            for bal, ppm, left, past, start, plan in loans
        ],
        cdr, cpr, convention.rounding.value,
        rate_in_ppm=convention.rate_in_ppm, last_clears=convention.last_clears,
        recovery=recovery / 10**6 if recovery != 250_000 else 0.25, lag=lag,
    )  # fmt: skip
    kept = {on: row for on, row in slow.items() if any(row.values())}
    assert [from_number(day) for day in fast.dates] == sorted(kept)
    for kind in KINDS:
        assert getattr(fast, kind).tolist() == [kept[on].get(kind, 0) for on in sorted(kept)]
    assert (fast.balance >= 0).all()
    if convention.last_clears:
        assert fast.opening == sum(row[0] for row in rows)
        assert int(fast.balance[-1]) == 0 if len(fast.dates) else fast.opening == 0

"""A guarantee pool by the day: leverage, compensation rate, suspension, money in and out."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.sharing.book import shipped
from headrace.contracts.sharing.checking import Carrier, breaches
from headrace.contracts.sharing.pool import rates, run, step
from headrace.contracts.sharing.pool_terms import (
    Claim,
    Compensate,
    Contribute,
    Denominator,
    Effect,
    Guarantee,
    Numerator,
    PoolState,
    PoolTerms,
    Recover,
    Refusal,
    Release,
    Resume,
    StopLoss,
    Window,
)
from headrace.contracts.sharing.scheme import Layer, Scheme, Share

START = date(2024, 1, 2)
MILLION = 100_000_000
FOUR = shipped().scheme("zhengyindan_4321", START)
FUNDED = frozenset({"guarantor", "reguarantor", "government"})


def day(number):
    return START + timedelta(days=number)


def terms(**changes):
    """A pool of 100 million that carries up to 12 times its money."""
    return replace(
        PoolTerms(FOUR, FUNDED, (StopLoss("suspend", Decimal("0.03")),), Decimal(12), None),
        **changes,
    )


def opened(state=None):
    """Government, guarantor and re-guarantor have put in 100 million."""
    state = state or PoolState(START)
    paid = {"government": 10, "guarantor": 50, "reguarantor": 40}
    for party, millions in paid.items():
        state = step(terms(), state, Contribute(START, party, millions * MILLION)).state
    return state


def done(of, state, *events):
    for event in events:
        found = step(of, state, event)
        assert found.refusal is None, (event, found.refusal)
        state = found.state
    return state


def test_a_pool_of_100_million_carries_12_times_its_money_and_no_fen_more():
    state = done(terms(), opened(), Guarantee(day(1), "A", "甲", 1_200 * MILLION))
    assert step(terms(), state, Guarantee(day(1), "B", "乙", 1)).refusal == (
        Refusal.LEVERAGE_MUST_NOT_EXCEED_CAP
    )
    state = done(terms(), state, Release(day(2), "A", 1))
    assert step(terms(), state, Guarantee(day(2), "B", "乙", 1)).refusal is None


def test_leverage_by_net_assets_and_one_borrower():
    of = terms(capital_minor=MILLION, leverage_max=Decimal(10), borrower_share_max=Decimal("0.1"))
    state = done(of, PoolState(START), Guarantee(day(1), "A1", "甲", MILLION // 20))
    again = step(of, state, Guarantee(day(1), "A2", "甲", MILLION // 20 + 1))
    assert again.refusal == Refusal.BORROWER_MUST_NOT_EXCEED_LIMIT
    assert step(of, state, Guarantee(day(1), "A2", "甲", MILLION // 20)).refusal is None


def test_a_claim_is_compensated_and_recovered_and_every_movement_names_its_party():
    state = done(terms(), opened(), Guarantee(day(1), "A", "甲", 100 * MILLION))
    claimed = step(terms(), state, Claim(day(2), "c1", "A", MILLION))
    assert [(m.debit, m.credit, m.amount // 10_000, m.memo) for m in claimed.movements] == [
        ("guarantee_receivable", "overdue_principal", 4000, "claim:guarantor"),
        ("guarantee_receivable", "overdue_principal", 3000, "claim:reguarantor"),
        ("guarantee_receivable", "overdue_principal", 1000, "claim:government"),
    ]
    paid = step(terms(), claimed.state, Compensate(day(3), "c1"))
    assert {m.debit for m in paid.movements} == {"guarantee_pool"}
    assert sum(paid.state.money.values()) == 100 * MILLION - 80_000_000
    back = step(terms(), paid.state, Recover(day(9), "c1", 50_000_000, cost=10_000_000))
    moved = Counter((m.debit, m.credit) for m in back.movements)
    assert moved[("partner_payable", "guarantee_pool")] == 3
    assert moved[("cash", "overdue_principal")] == 1
    assert sum(back.state.money.values()) == 100 * MILLION - 80_000_000 + 32_000_000
    assert sum(m.amount for m in back.movements if m.debit == "cash") == 50_000_000


def test_the_rate_reaches_the_stop_on_a_named_day_and_new_business_ends():
    state = done(
        terms(), opened(), Guarantee(day(1), "A", "甲", 100 * MILLION),
        Guarantee(day(1), "B", "乙", 100 * MILLION), Claim(day(40), "c1", "A", 5 * MILLION),
        Compensate(day(41), "c1"),
    )  # fmt: skip
    assert rates(terms(), state)[0].rate == Fraction(4, 200)
    assert not state.triggers
    state = done(terms(), state, Claim(day(50), "c2", "A", 250_000_000), Compensate(day(52), "c2"))
    (trigger,) = state.triggers
    assert (trigger.on, trigger.compensated, trigger.base) == (
        day(52), 600_000_000, 20_000_000_000,
    )  # fmt: skip
    assert state.suspended_on == day(52)
    late = step(terms(), state, Guarantee(day(53), "C", "丙", MILLION))
    assert late.refusal == Refusal.POOL_MUST_NOT_BE_SUSPENDED
    again = step(replace(terms(), stops=()), state, Resume(day(54)))
    assert again.state.suspended_on is None


def test_after_the_second_stop_the_bank_bears_all():
    stop = StopLoss("bank", Decimal("0.02"), Effect.RESIDUAL_BEARS_ALL)
    of = terms(stops=(stop,))
    state = done(
        of, opened(), Guarantee(day(1), "A", "甲", 100 * MILLION),
        Claim(day(2), "c1", "A", 250_000_000), Compensate(day(2), "c1"),
    )  # fmt: skip
    assert state.residual_alone_on == day(2)
    alone = step(of, state, Claim(day(3), "c2", "A", MILLION))
    assert alone.movements == ()
    assert alone.state.claims["c2"].allocation.borne("bank") == MILLION


@pytest.mark.parametrize(
    ("numerator", "denominator", "window", "expected"),
    [
        (Numerator.GROSS, Denominator.OUTSTANDING, Window.LIFE, Fraction(80, 900)),
        (Numerator.NET, Denominator.OUTSTANDING, Window.LIFE, Fraction(60, 900)),
        (Numerator.GROSS, Denominator.RELEASED, Window.LIFE, Fraction(80, 180)),
        (Numerator.GROSS, Denominator.GRANTED, Window.LIFE, Fraction(80, 1000)),
        (Numerator.GROSS, Denominator.GRANTED, Window.YEAR, None),
        (Numerator.NET, Denominator.OUTSTANDING, Window.YEAR, Fraction(-20, 900)),
    ],
)
def test_each_definition_of_the_compensation_rate(numerator, denominator, window, expected):
    of = terms(stops=(StopLoss("r", Decimal(1), Effect.SUSPEND, numerator, denominator, window),))
    state = done(
        of, opened(), Guarantee(day(1), "A", "甲", 1000), Release(day(2), "A", 100),
        Claim(day(3), "c", "A", 100), Compensate(day(3), "c"), Recover(day(400), "c", 25),
    )  # fmt: skip
    assert rates(of, state)[0].rate == expected


def test_a_waiting_period_passes_before_the_insurer_pays():
    layer = Layer("p", "保单", "policy", (Share("insurer", Decimal(1)),), waiting_days=30)
    of = PoolTerms(Scheme("i", "保险", "insurance", (layer,)), frozenset())
    state = done(
        of, PoolState(START), Guarantee(day(1), "A", "甲", 500), Claim(day(2), "c", "A", 500)
    )
    assert step(of, state, Compensate(day(31), "c")).refusal == Refusal.CLAIM_MUST_BE_PAYABLE
    paid = step(of, state, Compensate(day(32), "c"))
    assert [(m.debit, m.amount) for m in paid.movements] == [("cash", 500)]


def test_a_cap_of_the_year_is_a_part_of_the_balance_when_the_year_began():
    scheme = shipped().scheme("compensation_pool", START)
    of = PoolTerms(scheme, frozenset({"pool"}), bases={2024: 10_000})
    state = done(of, PoolState(START), Contribute(START, "pool", 10_000),
                 Guarantee(day(1), "A", "甲", 20_000), Claim(day(2), "c1", "A", 1000))  # fmt: skip
    assert state.claims["c1"].allocation.borne("pool") == 500  # 5 % of 10,000, as agreed
    state = done(of, state, Claim(date(2025, 2, 1), "c2", "A", 2000))
    assert state.claims["c2"].allocation.borne("pool") == 1000  # 5 % of the 20,000 outstanding


@pytest.mark.parametrize(
    ("leverage", "borrower", "carrier", "broken"),
    [
        (12, None, Carrier.POOL, []),
        ("12.5", None, Carrier.POOL, ["pool.leverage"]),
        (12, "0.1", Carrier.GUARANTOR, ["guarantor.leverage"]),
        (12, "0.1", Carrier.SMALL_FIRM_GUARANTOR, []),
        (10, "0.11", Carrier.GUARANTOR, ["guarantor.one_borrower"]),
        (None, None, Carrier.GUARANTOR, ["guarantor.leverage", "guarantor.one_borrower"]),
    ],
)  # fmt: skip
def test_terms_beyond_the_law_are_named_with_their_clause(leverage, borrower, carrier, broken):
    limits = {
        "leverage_max": None if leverage is None else Decimal(leverage),
        "borrower_share_max": None if borrower is None else Decimal(borrower),
    }
    found = breaches(terms(**limits), carrier, START, shipped())
    assert [breach.rule.id for breach in found] == broken
    assert all("融资担保" in breach.rule.clause for breach in found if breach.rule.id[0] == "g")


def test_a_bank_that_bears_less_than_a_fifth_is_named():
    for part, broken in (("0.19", ["bank.share_min"]), ("0.2", [])):
        own = (Share("bank", Decimal(part)), Share("guarantor", 1 - Decimal(part)))
        scheme = Scheme("s", "方案", "scheme", (Layer("l", "层", "layer", own),))
        found = breaches(terms(scheme=scheme), Carrier.POOL, START, shipped())
        assert [breach.rule.id for breach in found] == broken
    whole = Layer("l", "层", "layer", (Share("pool", Decimal(1)),), covers=Decimal("0.8"))
    scheme = Scheme("s", "方案", "scheme", (whole,))
    assert breaches(terms(scheme=scheme), Carrier.POOL, START, shipped()) == ()


REFUSED = [
    (Contribute(START, "x", 0), Refusal.AMOUNT_MUST_BE_POSITIVE),
    (Release(day(-1), "A", 1), Refusal.DAY_MUST_NOT_GO_BACK),
    (Guarantee(day(5), "A", "甲", 1), Refusal.LOAN_MUST_BE_NEW),
    (Release(day(5), "Z", 1), Refusal.LOAN_MUST_BE_GUARANTEED),
    (Release(day(5), "A", 1001), Refusal.AMOUNT_MUST_NOT_EXCEED_GUARANTEED),
    (Claim(day(5), "c", "A", 1), Refusal.CLAIM_MUST_BE_NEW),
    (Claim(day(5), "d", "Z", 1), Refusal.LOAN_MUST_BE_GUARANTEED),
    (Compensate(day(5), "z"), Refusal.CLAIM_MUST_BE_KNOWN),
    (Recover(day(5), "z", 1), Refusal.CLAIM_MUST_BE_KNOWN),
    (Recover(day(5), "c", 1, 2), Refusal.COST_MUST_NOT_EXCEED_AMOUNT),
    (Recover(day(5), "c", 1), Refusal.CLAIM_MUST_BE_COMPENSATED),
    (Compensate(day(5), "c"), Refusal.POOL_MUST_HAVE_THE_MONEY),
    (Resume(day(5)), Refusal.POOL_MUST_BE_SUSPENDED),
]


@pytest.mark.parametrize(("event", "refusal"), REFUSED, ids=lambda each: str(each)[:30])
def test_what_may_not_be_is_refused_and_changes_nothing(event, refusal):
    of = terms(leverage_max=None)
    state = done(
        of, PoolState(START), Guarantee(day(1), "A", "甲", 1000), Claim(day(2), "c", "A", 100)
    )
    found = step(of, state, event)
    assert (found.refusal, found.state, found.movements) == (refusal, state, ())


def test_a_party_pays_from_its_own_money_only():
    of = terms(leverage_max=None)
    state = done(
        of, PoolState(START), Contribute(START, "guarantor", 1000),
        Guarantee(day(1), "A", "甲", 1000), Claim(day(2), "c", "A", 100),
    )  # fmt: skip
    assert step(of, state, Compensate(day(3), "c")).refusal == Refusal.POOL_MUST_HAVE_THE_MONEY
    state = done(
        of, state, Contribute(day(3), "reguarantor", 30), Contribute(day(3), "government", 10),
        Compensate(day(3), "c"), Recover(day(4), "c", 5, cost=5),
    )  # fmt: skip
    assert dict(state.money) == {"guarantor": 960, "reguarantor": 0, "government": 0}


def test_a_run_is_a_table_with_the_values_a_stop_was_tested_on():
    events = [
        Contribute(START, "guarantor", MILLION), Guarantee(day(1), "A", "甲", MILLION),
        Claim(day(2), "c", "A", MILLION // 10), Compensate(day(3), "c"),
        Guarantee(day(4), "B", "乙", 1),
    ]  # fmt: skip
    of = terms(funded=frozenset({"guarantor"}))
    state, table = run(of, PoolState(START), events)
    last = table.to_pylist()[-1]
    assert last["refusal"] == "pool_must_not_be_suspended"
    assert (last["compensated"], last["base"], last["rate"]) == (8_000_000, MILLION, 0.08)
    assert table["suspended"].to_pylist() == [False, False, False, True, True]
    assert state.triggers[0].on == day(3)


@settings(max_examples=60)
@given(st.data())
def test_money_is_conserved_whatever_happens(data):
    """The pool's account is the money in it; what is claimed and unpaid is the receivable."""
    of, state, books = terms(leverage_max=None), PoolState(START), Counter()
    names = st.sampled_from("AB")
    amount, payers = st.integers(1, 400), st.sampled_from(sorted(FUNDED))
    kinds = {
        "contribute": lambda: Contribute(state.day, data.draw(payers), data.draw(amount)),
        "guarantee": lambda: Guarantee(state.day, data.draw(names), "甲", data.draw(amount)),
        "release": lambda: Release(state.day, data.draw(names), data.draw(amount)),
        "claim": lambda: Claim(state.day, data.draw(names), data.draw(names), data.draw(amount)),
        "compensate": lambda: Compensate(state.day, data.draw(names)),
        "recover": lambda: Recover(state.day, data.draw(names), data.draw(amount)),
    }  # fmt: skip
    for kind in data.draw(st.lists(st.sampled_from(sorted(kinds)), max_size=14)):
        found = step(of, state, kinds[kind]())
        state = found.state
        for moved in found.movements:
            books[moved.debit] += moved.amount
            books[moved.credit] -= moved.amount
    assert sum(books.values()) == 0
    assert -books["guarantee_pool"] == sum(state.money.values())
    unpaid = sum(
        piece.amount
        for held in state.claims.values()
        for piece, paid in zip(held.allocation.pieces, held.paid, strict=True)
        if not paid
    )
    assert books["guarantee_receivable"] == unpaid
    assert min(state.money.values(), default=0) >= 0
    claimed = sum(held.allocation.amount for held in state.claims.values())
    assert state.outstanding - claimed == sum(loan.outstanding for loan in state.loans.values())

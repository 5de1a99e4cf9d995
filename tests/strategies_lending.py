"""Random loans for property tests: every method, day count, grace, reset and amount."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from headrace.contracts.lending.events import (
    Accelerate,
    ChargeFee,
    Disburse,
    Draw,
    Misuse,
    Prepay,
    Recover,
    Refund,
    Repay,
    ResetRate,
    Subsidise,
    WriteOff,
)
from headrace.contracts.lending.terms import (
    After,
    DueDays,
    InterestDays,
    Level,
    Method,
    Penalty,
    PenaltyStart,
    Residue,
    Subsidy,
    Terms,
)

STARTS = st.dates(date(2015, 1, 1), date(2030, 12, 31))
RATES = st.one_of(
    st.integers(0, 3_600).map(lambda bp: Decimal(bp) / 10_000),
    st.integers(0, 3_600_000_000).map(lambda scaled: Decimal(scaled).scaleb(-10)),
)
AMOUNTS = st.one_of(st.integers(1, 500), st.integers(1, 10**8), st.integers(10**12, 10**15))


@st.composite
def due_days(draw) -> DueDays:
    every = draw(st.sampled_from([1, 1, 1, 2, 3, 6, 12]))
    return DueDays(
        every,
        draw(st.one_of(st.none(), st.integers(1, 31), st.just(31))),
        draw(st.one_of(st.none(), st.integers(0, every - 1))),
        None,
        draw(st.sampled_from([1, 1, 10, 31])),
        draw(st.sampled_from([1, 1, 10, 31])),
    )


@st.composite
def loans(draw, methods=tuple(Method), rows_max=30) -> Terms:
    method = draw(st.sampled_from(methods))
    start, due = draw(STARTS), draw(due_days())
    span = draw(st.integers(1, rows_max * 30 * due.every_months))
    counted = method not in (Method.BULLET, Method.IRREGULAR, Method.ANY_DAY) and draw(
        st.booleans()
    )
    maturity = start + timedelta(span)
    days = sorted(draw(st.sets(st.integers(1, max(span, 2)), max_size=3)))
    rates = tuple((start + timedelta(day), draw(RATES)) for day in days)
    leveled = method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
    terms = Terms(
        draw(AMOUNTS),
        start,
        draw(RATES),
        None if counted else maturity,
        draw(st.integers(1, rows_max)) if counted else None,
        method if method not in (Method.IRREGULAR, Method.ANY_DAY) else Method.INTEREST_FIRST,
        days=draw(st.sampled_from(InterestDays)),
        due=due,
        rates=rates if draw(st.booleans()) else (),
        level=draw(st.sampled_from(Level)),
        residue=draw(st.sampled_from(list(Residue)[: 1 + (method is Method.EQUAL_PRINCIPAL)])),
        grace_principal=draw(st.sampled_from([0, 0, 0, 1, 3])) if leveled else 0,
        grace_interest=draw(st.sampled_from([0, 0, 0, 1, 2])),
        subsidy=draw(st.sampled_from(
            [None, None, Subsidy("finance bureau", share=Decimal("0.5")),
             Subsidy("finance bureau", points=Decimal("0.02"))]
        )),
        penalty=Penalty(
            grace_days=draw(st.sampled_from([0, 0, 3, 10])),
            start=draw(st.sampled_from(PenaltyStart)),
            compound=draw(st.booleans()),
        ),
    )  # fmt: skip
    if method in (Method.IRREGULAR, Method.ANY_DAY):
        return draw(with_plan(terms, method, span))
    return terms


@st.composite
def with_plan(draw, terms: Terms, method: Method, span: int) -> Terms:
    """The same with principal repaid, or drawn, on some days."""
    if span < 2:
        return terms
    days = sorted(draw(st.sets(st.integers(1, span - 1), min_size=1, max_size=5)))
    balance, limit, plan = terms.principal, 2 * terms.principal, []
    limit = min(limit, 10**15)
    for day in days:
        low = balance - limit if method is Method.ANY_DAY else 0
        amount = draw(st.integers(low, balance))
        if amount:
            plan.append((terms.start + timedelta(day), amount))
            balance -= amount
    if not plan:
        return terms
    pays = draw(st.booleans())
    limit_given = limit if method is Method.ANY_DAY else None
    return replace(
        terms, method=method, plan=tuple(plan), plan_pays_interest=pays, limit=limit_given
    )


@st.composite
def events(draw, terms: Terms, days: int, most: int = 8) -> list:
    """What may happen to a loan within some days; much of it will be refused."""
    found = [Disburse(terms.start)]
    for _ in range(draw(st.integers(0, most))):
        on = terms.start + timedelta(draw(st.integers(0, days)))
        amount = draw(st.integers(1, max(2, 2 * terms.principal)))
        part = draw(st.integers(1, max(2, terms.principal // 5)))
        found.append(
            draw(
                st.sampled_from(
                    [
                        Repay(on, amount),
                        Repay(on, part),
                        Repay(on, part),
                        Prepay(on, part, draw(st.sampled_from(After))),
                        Prepay(on, amount),
                        Draw(on, part),
                        ResetRate(on, draw(RATES)),
                        ChargeFee(on, "appraisal", part),
                        Misuse(on),
                        Subsidise(on, 1),
                        Refund(on, 1),
                        Recover(on, part),
                        *([Accelerate(on), WriteOff(on)] if draw(st.integers(0, 3)) == 0 else []),
                    ]
                )
            )
        )
    return found

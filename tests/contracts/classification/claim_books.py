"""Books of claims for tests: as plain objects of the twin, and the same as arrays."""

from datetime import date

import numpy as np
from classification_reference import Book, Claim, Debtor
from hypothesis import strategies as st

from headrace.clock import day_number
from headrace.contracts.classification.claims import (
    NOTHING,
    CrossDefaults,
    Elsewhere,
    Mark,
    claims_of,
)
from headrace.contracts.classification.tables import Kind

ON = date(2026, 3, 2)
DEBTORS = 3


def _day(value: date | None) -> int:
    return NOTHING if value is None else day_number(value)


def arrays(book: Book):
    """Claims, other banks and clauses of a plain book."""
    rows = book.claims
    claims = claims_of(
        DEBTORS,
        debtor=[each.debtor for each in rows],
        amount=np.array([each.amount for each in rows], np.int64),
        kind=[int(each.kind) for each in rows],
        days_past_due=[each.days for each in rows],
        next_due=[_day(each.next_due) for each in rows],
        marks=[int(each.marks) for each in rows],
        impaired=[each.impaired for each in rows],
        loss_rate=[np.nan if each.loss_rate is None else each.loss_rate for each in rows],
        previous=[each.previous for each in rows],
        proposed=[each.proposed for each in rows],
        cured_since=[_day(each.cured_since) for each in rows],
        periods_paid=[each.periods_paid for each in rows],
        observed_until=[_day(each.observed_until) for each in rows],
        restructured=[each.restructured for each in rows],
    )
    elsewhere = None
    if book.debtors is not None:
        elsewhere = Elsewhere(
            np.array([each.debt for each in book.debtors], np.int64),
            np.array([each.overdue for each in book.debtors], np.int64),
            np.array([each.bad for each in book.debtors], np.int8),
        )
    clauses = CrossDefaults(
        np.array([claim for claim, _ in book.clauses], np.int64),
        np.array([debtor for _, debtor in book.clauses], np.int64),
    )
    return claims, elsewhere, clauses


DAYS = st.one_of(
    st.just(0),
    st.sampled_from([1, 7, 8, 90, 91, 120, 180, 270, 271, 360, 361]),
    st.integers(0, 400),
)
MARKS = st.one_of(st.just(0), st.sampled_from([int(each) for each in Mark]), st.integers(0, 63))
MAYBE_DAY = st.one_of(st.none(), st.dates(date(2025, 6, 1), date(2026, 12, 31)))


@st.composite
def claim(draw) -> Claim:
    return Claim(
        debtor=draw(st.integers(0, DEBTORS - 1)),
        amount=draw(st.one_of(st.integers(0, 30), st.integers(0, 10**15))),
        days=draw(DAYS),
        kind=draw(st.sampled_from([Kind.NON_RETAIL, Kind.NON_RETAIL, Kind.RETAIL, Kind.CARD])),
        next_due=draw(MAYBE_DAY),
        marks=draw(MARKS),
        impaired=draw(st.sampled_from([0, 0, 0, 1, -1])),
        loss_rate=draw(st.sampled_from([None, 0.1, 0.5, 0.9])),
        previous=draw(st.integers(-1, 4)),
        proposed=draw(st.integers(-1, 4)),
        cured_since=draw(MAYBE_DAY),
        periods_paid=draw(st.integers(0, 4)),
        observed_until=draw(MAYBE_DAY),
        restructured=draw(st.integers(0, 2)),
    )


@st.composite
def debtor(draw) -> Debtor:
    debt = draw(st.integers(-1, 60))
    overdue = draw(st.integers(-1, max(debt, 0)))
    return Debtor(debt, overdue, draw(st.sampled_from([0, 0, 1, -1])))


@st.composite
def books(draw, of=claim) -> Book:
    claims = draw(st.lists(of(), min_size=1, max_size=7))
    clause = st.tuples(st.integers(0, len(claims) - 1), st.integers(0, DEBTORS - 1))
    return Book(
        claims,
        draw(st.one_of(st.none(), st.lists(debtor(), min_size=DEBTORS, max_size=DEBTORS))),
        draw(st.lists(clause, max_size=4)),
    )

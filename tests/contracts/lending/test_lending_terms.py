"""Terms that cannot be say which field, what it is, and what would be right; columns the same."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings

from headrace.contracts.conventions.china import LPR, Tenor
from headrace.contracts.lending import kernels
from headrace.contracts.lending.loans import METHODS, loans_from, loans_of
from headrace.contracts.lending.pricing import priced
from headrace.contracts.lending.schedule import schedule, schedules
from headrace.contracts.lending.terms import (
    METHOD_WORDS,
    DueDays,
    Fee,
    FeeKind,
    Floating,
    InterestDays,
    Method,
    Penalty,
    Prepayment,
    Reset,
    Residue,
    Subsidy,
    Terms,
)
from headrace.errors import InputError
from strategies_lending import loans

START = date(2024, 1, 15)
LOAN = Terms(10_000_000, START, Decimal("0.0435"), instalments=12)
DAY = date(2024, 6, 1)

CANNOT_BE = [
    ({"principal": 0}, "principal cannot be 0"),
    ({"principal": 10**15 + 1}, "principal"),
    ({"rate": Decimal("4.35")}, "rate cannot be 4.35"),
    ({"rate": Decimal("0.00000000001")}, "ten decimals"),
    ({"rate": Decimal("-0.01")}, "rate"),
    ({"currency": "XXX"}, "CNY, USD"),
    ({"maturity": START}, "both"),
    ({"instalments": None}, "neither"),
    ({"instalments": None, "maturity": START}, "after the start"),
    ({"instalments": 0}, "1 to 1200"),
    ({"instalments": None, "maturity": DAY, "due": DueDays(first=DAY)}, "before maturity"),
    ({"due": DueDays(first=START)}, "due.first"),
    ({"rates": ((START, Decimal("0.04")),)}, "rising"),
    ({"rates": ((DAY, Decimal(5)),)}, "rates from 2024-06-01"),
    ({"method": Method.BULLET}, "maturity"),
    ({"plan": ((DAY, 5),)}, "plan"),
    ({"method": Method.IRREGULAR}, "maturity"),
    ({"method": Method.IRREGULAR, "instalments": None, "maturity": DAY}, "plan cannot be empty"),
    (
        {"method": Method.IRREGULAR, "instalments": None, "maturity": date(2025, 1, 1),
         "plan": ((DAY, 10_000_001),)},
        "Keep the balance in 0 to 10000000",
    ),
    (
        {"method": Method.IRREGULAR, "instalments": None, "maturity": date(2025, 1, 1),
         "plan": ((DAY, -1),)},
        "above 0",
    ),
    ({"residue": Residue.FIRST}, "Only equal principal"),
    ({"method": Method.INTEREST_FIRST, "instalment": 5}, "instalment"),
    ({"instalment": 0}, "above 0"),
    ({"limit": 5}, "limit"),
    ({"grace_principal": -1}, "grace_principal"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), CANNOT_BE, ids=[said for _, said in CANNOT_BE])
def test_terms_that_cannot_be_are_refused_by_field(changes, said):
    with pytest.raises(InputError, match=said):
        replace(LOAN, **changes)


@pytest.mark.parametrize(
    "make",
    [
        lambda: DueDays(every_months=0),
        lambda: DueDays(day=32),
        lambda: DueDays(every_months=3, month=3),
        lambda: DueDays(first_days_min=0),
        lambda: Floating(Tenor.ONE_YEAR, 10, lag_days=-1),
        lambda: Penalty(overdue_markup=Decimal("50")),
        lambda: Penalty(grace_days=-1),
        lambda: Fee("x", FeeKind.AT_START, amount=-1),
        lambda: Subsidy("x", share=Decimal("0.5"), points=Decimal("0.01")),
        lambda: Prepayment(amount_min=0),
    ],
)
def test_parts_of_terms_check_themselves(make):
    with pytest.raises(InputError, match=r"loan terms|Give"):
        make()


def test_every_method_has_words():
    assert METHOD_WORDS.keys() == set(Method)


def row_of(terms: Terms) -> dict:
    """Terms as a row of a table."""
    due = terms.due
    return {
        "principal": terms.principal, "start": terms.start, "rate": terms.rate,
        "maturity": terms.maturity, "instalments": terms.instalments,
        "method": terms.method.value, "days": terms.days.name, "level": terms.level.name,
        "residue": terms.residue.name, "every_months": due.every_months, "due_day": due.day,
        "due_month": due.month, "first_days_min": due.first_days_min,
        "last_days_min": due.last_days_min, "grace_principal": terms.grace_principal,
        "grace_interest": terms.grace_interest, "shift": terms.shift.value,
        "plan_pays_interest": terms.plan_pays_interest,
        "subsidy_share": terms.subsidy.share if terms.subsidy else Decimal(0),
        "subsidy_points": terms.subsidy.points if terms.subsidy else Decimal(0),
        "rates": [{"day": day, "rate": rate} for day, rate in terms.rates],
        "plan": [{"day": day, "amount": amount} for day, amount in terms.plan],
    }  # fmt: skip


RATE = pa.decimal128(12, 10)
COLUMNS = pa.schema(
    [
        ("principal", pa.int64()), ("start", pa.date32()), ("rate", RATE),
        ("maturity", pa.date32()), ("instalments", pa.int32()), ("method", pa.string()),
        ("days", pa.string()), ("level", pa.string()), ("residue", pa.string()),
        ("every_months", pa.int8()), ("due_day", pa.int8()), ("due_month", pa.int8()),
        ("first_days_min", pa.int32()), ("last_days_min", pa.int32()),
        ("grace_principal", pa.int32()), ("grace_interest", pa.int32()), ("shift", pa.string()),
        ("plan_pays_interest", pa.bool_()), ("subsidy_share", RATE), ("subsidy_points", RATE),
        ("rates", pa.list_(pa.struct([("day", pa.date32()), ("rate", RATE)]))),
        ("plan", pa.list_(pa.struct([("day", pa.date32()), ("amount", pa.int64())]))),
    ]
)  # fmt: skip


@given(loans(rows_max=8), loans(rows_max=8))
@settings(max_examples=60)
def test_a_table_gives_the_loans_its_terms_give(one, other):
    table = pa.Table.from_pylist([row_of(one), row_of(other)], COLUMNS)
    found, kept, refused = loans_from(table)
    assert (kept.tolist(), refused.num_rows) == ([0, 1], 0)
    expected = schedules(loans_of([one, other])).table()
    assert schedules(found).table().equals(expected)


def test_rows_that_cannot_be_are_named_and_the_others_go_on():
    rows = [row_of(LOAN)] * 7
    rows[1] = {**rows[1], "method": "equal"}
    rows[2] = {**rows[2], "instalments": None}
    rows[3] = {**rows[3], "principal": -5}
    rows[5] = {**rows[5], "maturity": DAY}
    rows[6] = {**rows[6], "due_day": 40}
    found, kept, refused = loans_from(pa.Table.from_pylist(rows, COLUMNS))
    assert kept.tolist() == [0, 4]
    assert len(found) == 2
    assert [(each["row"], each["field"]) for each in refused.to_pylist()] == [
        (1, "method"), (2, "maturity"), (3, "principal"), (5, "maturity"), (6, "due_day"),
    ]  # fmt: skip
    assert refused["remedy"][0].as_py().startswith("Give one of equal_instalment")


def test_a_table_without_its_columns_or_types_is_refused_whole():
    with pytest.raises(InputError, match="rate, start"):
        loans_from(pa.table({"principal": [1]}))
    table = pa.Table.from_pylist([row_of(LOAN)], COLUMNS)
    with pytest.raises(InputError, match="double"):
        loans_from(table.set_column(2, "rate", pa.array([0.0435])))
    for name, list_of in (("rates", {"rate": Decimal("0.04")}), ("plan", {"amount": 1})):
        row = row_of(LOAN)
        row[name] = [{"day": START, **list_of}] * 2
        with pytest.raises(InputError, match="row 1"):
            loans_from(pa.Table.from_pylist([row_of(LOAN), row], COLUMNS))
    with pytest.raises(InputError, match="due_day"):
        loans_from(table.set_column(10, "due_day", pa.array(["x"])))


def test_codes_of_methods_are_those_of_the_kernel():
    codes = [getattr(kernels, each.name) for each in METHODS]
    assert codes == list(range(len(METHODS)))


def test_a_floating_loan_is_reset_by_what_was_announced():
    """LPR of five years and more, less 20 bp, set again each 1 January, as known on two days."""
    floating = Floating(Tenor.FIVE_YEARS, -20, Reset.JANUARY_FIRST)
    terms = replace(LOAN, start=date(2021, 6, 15), instalments=60, floating=floating)
    known = priced(terms, date(2023, 6, 1))
    assert (known.rate, known.rates) == (
        Decimal("0.0445"), ((date(2023, 1, 1), Decimal("0.041")),),
    )  # fmt: skip
    later = priced(terms, date(2025, 6, 1))
    assert later.rates[1:] == (
        (date(2024, 1, 1), Decimal("0.04")), (date(2025, 1, 1), Decimal("0.034")),
    )  # fmt: skip
    anniversary = priced(
        replace(terms, floating=replace(floating, reset=Reset.ANNIVERSARY, lag_days=1)),
        date(2025, 6, 1),
    )
    assert anniversary.rates[0] == (date(2022, 6, 15), Decimal("0.0425"))
    # announced on 21 August 2023: 3.45 % on the day, 3.55 % the day before
    for lag, rate in ((0, "0.0325"), (1, "0.0335")):
        lagged = replace(floating, tenor=Tenor.ONE_YEAR, lag_days=lag)
        loan = priced(replace(terms, start=date(2023, 8, 21), floating=lagged), date(2023, 9, 1))
        assert loan.rate == Decimal(rate)
    assert priced(LOAN, DAY) is LOAN
    with pytest.raises(InputError, match="not known"):
        priced(terms, date(2026, 6, 1))
    leap = replace(
        terms, start=date(2024, 2, 29), floating=replace(floating, reset=Reset.ANNIVERSARY)
    )
    assert priced(leap, date(2025, 5, 1)).rates == ((date(2025, 2, 28), Decimal("0.034")),)


def test_a_reset_solves_the_instalment_again_over_what_is_left():
    terms = replace(LOAN, instalments=24, rates=((date(2025, 1, 1), Decimal("0.036")),))
    rows = schedule(terms)
    levels = [row.level for row in rows]
    assert len(set(levels[:11])) == 1
    assert len(set(levels[11:])) == 1
    # the period of the reset, 15 December to 15 January: 17 days at 4.35 %, 13 of 30 at 3.60 %
    row = rows[11]
    expected = row.opening * (17 * Decimal("0.0435") + 13 * Decimal("0.036")) / 360
    assert row.interest == round(expected)


def test_rates_behind_the_last_announcement_are_refused():
    assert LPR.rate(Tenor.ONE_YEAR, date(2019, 8, 20)) == Decimal("0.0425")
    for day in (date(2019, 8, 19), date(2027, 1, 1)):
        with pytest.raises(InputError, match=str(day)):
            LPR.rate(Tenor.ONE_YEAR, day)


def test_interest_days_are_fractions_of_their_year():
    assert [each.year for each in InterestDays] == [360, 4380, 360, 360, 365]

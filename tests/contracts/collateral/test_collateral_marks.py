"""What a piece of collateral is worth, by kind; and the borrowing base of receivables."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import collateral_reference as reference
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.clock import day_number
from headrace.contracts.collateral import marks
from headrace.contracts.collateral.borrowing_base import (
    REASONS,
    Eligibility,
    Receivables,
    certificate,
)
from headrace.contracts.collateral.checking import SharePledge, breaches, standard_lines
from headrace.contracts.collateral.pledges import Lines
from headrace.contracts.collateral.terms import read_terms, shipped
from headrace.errors import InputError, MappingError

LOW = Lines(*map(Decimal, ("1.3", "1.2", "1.1", "2")))
CASES = Path(__file__).parents[2] / "data" / "contracts" / "collateral_marks.csv"
DAY = date(2024, 3, 1)


def cases():
    with CASES.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def item(kind, given_):
    terms = dict(part.split("=") for part in given_.split(";"))

    def yuan(key):
        return Decimal(terms[key]) * 100 if key in terms else None

    def day(key):
        return date.fromisoformat(terms[key]) if key in terms else None

    return {
        "shares": lambda: marks.Shares("S", int(terms["quantity"]), yuan("cost")),
        "goods": lambda: marks.Goods(
            "G", Decimal(terms["quantity"]), Decimal(terms.get("quality", 1)),
            int(yuan("storage") or 0), int(yuan("floor") or 0),
        ),
        "patents": lambda: marks.Patents("P", day("expires")),
        "land": lambda: marks.Land("L", Decimal(terms["area"]), day("until")),
        "quota": lambda: marks.Quota(
            "Q", int(terms["tonnes"]), int(terms["due"]), day("deadline")
        ),
        "warrant": lambda: marks.Warrant(
            "W", int(terms["quantity"]), yuan("strike"), day("expires")
        ),
    }[kind]()  # fmt: skip


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["case"])
def test_worked_examples(case):
    quote = None
    if case["price_yuan"]:
        day = date.fromisoformat(case["price_day"])
        quote = marks.Quote(Decimal(case["price_yuan"]) * 100, day, "exchange")
    rules = marks.Rules(marks.Basis(case["basis"]))
    found = marks.mark(
        item(case["kind"], case["terms"]), quote, date.fromisoformat(case["mark_day"]), rules
    )
    expected = int(Decimal(case["value_yuan"]) * 100) if case["value_yuan"] else None
    assert found.value_minor == expected
    assert list(found.flags) == [flag for flag in case["flags"].split(";") if flag]
    assert found.stale == bool({"stale", "no_price"} & set(found.flags))
    assert found.kind == case["kind"]


def test_a_price_of_tomorrow_is_no_price_today():
    quote = marks.Quote(Decimal(100), DAY + timedelta(days=1), "exchange")
    found = marks.mark(marks.Shares("S", 5), quote, DAY, marks.Rules())
    assert (found.value_minor, found.flags) == (None, (marks.Flag.NO_PRICE,))


def test_every_kind_has_chinese_words():
    assert set(marks.KIND_ZH) == set(marks.Kind)


def receivables(rows, **others):
    debtor, amount, due, disputed = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Receivables(
        np.array(debtor, np.int32), np.array(amount, np.int64), np.array(due, np.int32),
        np.array(disputed, np.bool_), ("甲", "乙", "丙"), **others,
    )  # fmt: skip


TODAY = day_number(DAY)


def test_a_certificate_a_banker_can_read():
    """甲 is too large, half of 乙 is past due, 丙 is related."""
    rows = [
        (0, 500_000, TODAY + 30, False),
        (0, 100_000, TODAY + 200, False),
        (1, 60_000, TODAY - 100, False),
        (1, 40_000, TODAY + 10, False),
        (2, 90_000, TODAY + 10, False),
        (0, 10_000, TODAY + 10, True),
    ]
    found = certificate(
        receivables(rows, related=frozenset({"丙"}), owed_to={"甲": 20_000}), Eligibility(), DAY, 0
    )
    lines = dict(
        zip(found.lines["line"].to_pylist(), found.lines["amount"].to_pylist(), strict=True)
    )
    assert lines == {
        "gross": 800_000, "disputed": -10_000, "related": -90_000, "past_due": -60_000,
        "term_too_long": -100_000, "cross_aged": -40_000, "contra": -20_000, "eligible": 480_000,
        "concentration": -360_000, "dilution": -6_000, "net": 114_000, "base": 91_200, "lent": 0,
        "available": 91_200,
    }  # fmt: skip
    assert found.eligible.tolist() == [True, False, False, False, False, False]
    assert set(REASONS) < set(lines)


def test_limits_are_reached_on_their_day_and_passed_the_day_after():
    rows = [(0, 1, TODAY - 90, False), (0, 2, TODAY - 91, False), (0, 4, TODAY + 180, False),
            (0, 8, TODAY + 181, False)]  # fmt: skip
    found = certificate(receivables(rows), Eligibility(), DAY, 0)
    assert found.eligible.tolist() == [True, False, True, False]


def test_a_price_is_fresh_on_its_fifth_day_and_quota_good_on_its_deadline():
    quote = marks.Quote(Decimal(100), DAY, "exchange")
    flags = [
        marks.mark(marks.Shares("S", 1), quote, DAY + timedelta(days=n), marks.Rules()).flags
        for n in (5, 6)
    ]
    assert flags == [(), (marks.Flag.STALE,)]
    own = marks.Rules(stale_days=0)
    assert marks.mark(marks.Shares("S", 1), quote, DAY + timedelta(days=1), own).stale
    quota = marks.Quota("Q", 5, 0, DAY)
    assert marks.mark(quota, quote, DAY, marks.Rules()).flags == ()


invoices = st.lists(
    st.tuples(
        st.integers(0, 2), st.one_of(st.integers(0, 999), st.just(10**15)),
        st.integers(TODAY - 200, TODAY + 300), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip
parts = st.integers(0, 100).map(lambda percent: Decimal(percent) / 100)


@given(invoices, st.builds(Eligibility, cross_age=parts, concentration=parts, dilution=parts,
                           advance=parts), st.integers(0, 999))  # fmt: skip
def test_the_base_equals_its_twin(rows, accepted, lent):
    related, owed_to = frozenset({"丙"}), {"甲": 50}
    found = certificate(receivables(rows, related=related, owed_to=owed_to), accepted, DAY, lent)
    names = ("甲", "乙", "丙")
    twin = reference.borrowing_base(
        [(names[row[0]], *row[1:]) for row in rows], names, related=related, owed_to=owed_to,
        accepted=accepted, on=TODAY, lent=lent,
    )  # fmt: skip
    lines = found.lines.to_pylist()
    assert {row["line"]: row["amount"] for row in lines} == twin
    assert found.available_minor == found.base_minor - lent
    taken = sum(row["amount"] for row in lines[: len(REASONS) + 1])
    assert taken == twin["eligible"]


def test_invoices_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="negative"):
        certificate(
            receivables([(0, -1, TODAY, False), (0, 5, TODAY, False)]), Eligibility(), DAY, 0
        )
    given_ = receivables([(0, 1, TODAY, False)])
    short = Receivables(
        given_.debtor, given_.amount, given_.due[:0], given_.disputed, given_.debtors
    )
    with pytest.raises(InputError, match="length"):
        certificate(short, Eligibility(), DAY, 0)


def test_the_terms_that_ship_are_cited_dated_and_unverified():
    terms = shipped()
    for rule in terms.rules:
        assert not rule.verified
        assert rule.source.read
        assert rule.source.zh in rule.clause
    assert terms.value("shares.rate_max", DAY) == Decimal("0.6")
    assert terms.value("limit.growth", date(2020, 8, 23)) == Decimal("0.1")
    assert terms.value("limit.growth", date(2020, 8, 24)) == Decimal("0.2")
    assert all(terms.value(f"rate.{grade}", DAY) <= Decimal("0.6") for grade in "ABCDE")
    with pytest.raises(MappingError, match="in force"):
        terms.rule("shares.rate_max", date(2018, 3, 11))


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, []),
        ({"rate": Decimal("0.61")}, ["shares.rate_max"]),
        ({"own_part": Decimal("0.31"), "all_part": Decimal("0.5")}, ["shares.one_lender_max"]),
        ({"all_part": Decimal("0.51")}, ["shares.all_lenders_max"]),
        ({"lines": LOW}, []),
        ({"lines": LOW, "to_broker": True}, ["lines.warn_floor", "lines.close_floor"]),
    ],
)
def test_a_pledge_beyond_the_law_is_named_with_its_clause(changes, broken):
    lines = standard_lines(shipped(), DAY)
    pledge = SharePledge(**{"rate": Decimal("0.6"), "lines": lines, **changes})
    found = breaches(pledge, shipped(), DAY)
    assert [breach.rule.id for breach in found] == broken
    assert all(breach.rule.source.number in breach.rule.clause for breach in found)
    assert (lines.warn, lines.close) == (Decimal("1.6"), Decimal("1.3"))


OWN = (
    '[[source]]\nid = "s"\nzh = "来源"\nen = "source"\nnumber = "1"\nread = "nothing"\n'
    '[[rule]]\nid = "r"\nzh = "规则"\nen = "rule"\nsource = "s"\narticle = "一"\n'
    "effective_from = 2020-01-01\nverified = false\nvalue = 0.3\n"
)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("value = 0.3", "value = -1", "value"),
        ("value = 0.3", "valve = 0.3", "valve"),
        ('source = "s"', 'source = "t"', "no source 't'"),
        ("verified = false", "verified = 0", "verified"),
        ("2020-01-01", "2020", "dates"),
        ('zh = "规则"', "zh = 3", "zh"),
        ("[[rule]]", "[[rule", "not TOML"),
    ],
)
def test_what_is_wrong_in_terms_is_named(before, after, problem):
    assert read_terms(OWN, "own.toml").value("r", DAY) == Decimal("0.3")
    with pytest.raises(MappingError, match=problem):
        read_terms(OWN.replace(before, after), "own.toml")

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import CURVE, RESPONSE, economics, people

from headrace.decisions.lending.economics import Economics, churn_curve, parse_economics
from headrace.decisions.lending.offers import applicants, price_offers
from headrace.errors import InputError, MappingError

TOML = """
[economics]
currency = "CNY"
budget = 100_000_000
limit_min = 100_000
limit_max = 1_000_000
limit_step = 10_000
rate_min = 0.04
rate_max = 0.15
funding_rate = 0.025
"""


def test_the_file_is_in_yuan_and_the_value_in_fen():
    read = parse_economics(TOML, "economics.toml")
    assert read == economics(funding_rate=Decimal("0.025"))
    assert (read.budget_minor, read.limit_step_minor) == (10_000_000_000, 1_000_000)
    assert (read.lgd, read.term_months, read.rates) == (Decimal("0.45"), 12, ())


def test_the_keys_may_stand_at_the_top_and_rates_may_be_listed():
    text = TOML.replace("[economics]", "") + "rates = [0.04, 0.0505]\nterm_months = 6\n"
    read = parse_economics(text, "economics.toml")
    assert read.rates == (Decimal("0.04"), Decimal("0.0505"))
    assert read.years == 0.5


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('currency = "CNY"', 'currency = "XYZ"', ["currency", "CNY"]),
        ("budget = 100_000_000", "", ["'budget' is missing"]),
        ("budget = 100_000_000", "budget = -1", ["'budget'", "0 or more"]),
        ("budget = 100_000_000", 'budget = "a lot"', ["'budget'", "a number"]),
        ("budget = 100_000_000", "budget = 1.001", ["not a whole number of minor units"]),
        ("limit_min = 100_000", "limit_min = 105_000", ["'limit_min'", "multiple of limit_step"]),
        ("limit_max = 1_000_000", "limit_max = 50_000", ["'limit_max'"]),
        ("limit_step = 10_000", "limit_step = 0", ["'limit_step'", "more than 0"]),
        ("rate_min = 0.04", "rate_min = 0.2", ["'rate_min'", "rate_max"]),
        ("funding_rate = 0.025", "lgd = 1.5", ["'lgd'", "0 to 1"]),
        ("funding_rate = 0.025", "funding_rate = true", ["'funding_rate'", "a number"]),
        ("funding_rate = 0.025", "term_months = 1.5", ["'term_months'", "whole number"]),
        ("funding_rate = 0.025", "term_months = 0", ["'term_months'", "1 or more"]),
        ("funding_rate = 0.025", "rates = [0.05, 0.04]", ["'rates'", "rising"]),
        ("funding_rate = 0.025", "rates = [0.05, 0.4]", ["'rates'", "from rate_min"]),
        ("funding_rate = 0.025", "rates = 0.05", ["'rates'", "a list"]),
        ("funding_rate", "founding_rate", ["'founding_rate' is not known", "funding_rate"]),
        ("currency =", "currency ==", ["not TOML"]),
    ],
)
def test_an_error_names_the_key(old, new, words):
    with pytest.raises(MappingError) as caught:
        parse_economics(TOML.replace(old, new), "economics.toml")
    for word in ["economics.toml", *words]:
        assert word in str(caught.value)


def test_limits_are_rounded_down_to_the_step_and_never_below_the_smallest_loan():
    lender = economics()
    assert lender.round_down(12_345_678_99) == 1_000_000_00
    assert lender.round_down(234_567_89) == 230_000_00
    assert lender.round_down(100_000_00) == 100_000_00
    assert lender.round_down(99_999_99) == 0
    assert lender.round_down(0) == 0


def test_the_curve_is_used_as_published_and_says_where_it_falls():
    shuffled = RESPONSE.take([3, 1, 0, 5, 4, 2])
    curve = churn_curve(shuffled)
    assert curve.rates == CURVE.rates
    assert np.array_equal(curve.churn, CURVE.churn)
    assert curve.classes == ("A", "B", "C")
    assert curve.falls() == ()
    bumpy = pa.table({"rate": [0.04, 0.05, 0.06], "churn_a": [0.0, 0.3, 0.2]})
    assert churn_curve(bumpy).falls() == (("A", Decimal("0.05"), Decimal("0.06")),)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("rate", [0.04, 0.04], "given twice"),
        ("rate", [0.04, None], "missing or given twice"),
        ("churn_a", [0.0, 1.2], "churn is 1.2"),
        ("churn_a", [0.0, None], "churn is None"),
        ("churn_a", [0.0, float("nan")], "churn is nan"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(column, values, words):
    table = pa.table({"rate": [0.04, 0.05], "churn_a": [0.0, 0.1]} | {column: values})
    with pytest.raises(InputError, match=words):
        churn_curve(table)


def test_no_curve_at_all_is_refused():
    for table in (RESPONSE.select(["rate"]), RESPONSE.slice(0, 0), RESPONSE.select(["churn_a"])):
        with pytest.raises(InputError, match="no rate response"):
            churn_curve(table)


def test_rates_on_offer_are_published_ones_within_the_bounds():
    assert CURVE.offered(economics()).rates == CURVE.rates
    narrow = economics(rate_min=Decimal("0.05"), rate_max=Decimal("0.10"))
    assert [str(rate) for rate in CURVE.offered(narrow).rates] == ["0.0505", "0.0705", "0.0945"]
    listed = economics(rates=(Decimal("0.04"), Decimal("0.15")))
    assert CURVE.offered(listed).churn.tolist() == [[0, 0.9221], [0, 0.8859], [0, 0.8952]]
    with pytest.raises(InputError, match=r"No churn is published at 0\.05\b"):
        CURVE.offered(economics(rates=(Decimal("0.05"),)))
    with pytest.raises(InputError, match="any rate on offer"):
        CURVE.offered(economics(rate_min=Decimal("0.041"), rate_max=Decimal("0.042")))


def test_a_yuan_offered_worked_by_hand():
    """A firm of class A, PD 2 %, at 4 % and at 7.05 %."""
    offers = price_offers(people([("E1", 0.02, "A", 500_000, "x")]), economics(), CURVE)
    assert offers.profit[0, 0] == pytest.approx(1.0 * (0.98 * 0.04 - 0.02 * 0.45 - 0.02))
    stays = 1 - 0.4976
    assert offers.take_up[0, 2] == pytest.approx(stays)
    assert offers.interest[0, 2] == pytest.approx(stays * 0.98 * 0.0705)
    assert offers.loss[0, 2] == pytest.approx(stays * 0.009)
    assert offers.funding[0, 2] == pytest.approx(stays * 0.02)
    assert offers.profit[0, 2] == pytest.approx(stays * (0.06909 - 0.009 - 0.02))


@given(st.floats(0, 1), st.sampled_from("ABC"), st.integers(1, 24))
def test_the_parts_add_up_at_every_rate(pd, rating, months):
    lender = economics(term_months=months)
    offers = price_offers(people([("E1", pd, rating, 500_000, "x")]), lender, CURVE)
    rates = np.array([float(rate) for rate in offers.rates])
    by_hand = offers.take_up * ((1 - pd) * rates * months / 12 - pd * 0.45 - 0.02 * months / 12)
    np.testing.assert_allclose(offers.profit, by_hand, atol=1e-15)
    assert (offers.take_up >= 0).all()
    assert (offers.take_up <= 1).all()


def test_who_cannot_be_offered_a_loan():
    rows = [
        ("E1", 0.1, "A", 500_000, "x"),
        ("E2", None, "A", 500_000, "x"),
        ("E3", 0.1, None, 500_000, "x"),
        ("E4", 0.1, "D", 500_000, "x"),
        ("E5", 0.1, "A", 99_999, "x"),
        ("E6", 0.1, "A", None, None),
        ("E7", 0.1, "A", 100_000, None),
    ]
    offers = price_offers(people(rows), economics(), CURVE)
    # No PD, no class, a class without a curve, a cap below the smallest loan, no cap.
    assert offers.eligible.tolist() == [True, False, False, False, False, False, True]
    assert np.isnan(offers.profit[1:6]).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("E1", 0.1, "A", 1, "x"), ("E1", 0.1, "A", 1, "x")], "applies twice"),
        ([(None, 0.1, "A", 1, "x")], "missing or applies twice"),
        ([("E1", 1.1, "A", 1, "x")], "party E1"),
        ([("E1", 0.1, "A", -1, "x")], "cap_minor, party E1"),
    ],
)
def test_applicants_that_cannot_be_are_refused(rows, words):
    with pytest.raises(InputError, match=words):
        people(rows)


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="no column rating"):
        applicants(pa.table({"party": ["E1"], "pd": [0.1]}))


def test_economics_are_checked_however_they_are_made():
    with pytest.raises(InputError, match="limit_step"):
        Economics("CNY", 1, 1, 1, 0, Decimal(0), Decimal(1))
    assert economics().with_budget(5).budget_minor == 5


@pytest.mark.real
def test_the_published_curve_falls_in_places(real_data):
    published = pq.read_table(real_data / "a3_rate_churn.parquet")
    curve = churn_curve(published.rename_columns(["rate", "churn_a", "churn_b", "churn_c"]))
    assert len(curve.rates) == 29
    assert curve.churn[:, 0].tolist() == [0.0, 0.0, 0.0]
    falls = curve.falls()
    assert {name for name, _, _ in falls} == {"A", "B", "C"}
    assert ("A", Decimal("0.1105"), Decimal("0.1145")) in falls

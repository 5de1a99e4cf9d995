from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import CURVE, economics, people, random_offers

from headrace.decisions.lending.offers import price_offers
from headrace.decisions.lending.optimise import optimise
from headrace.decisions.lending.stress import (
    apply,
    parse_scenarios,
    stressed_book,
    untouched_industries,
)
from headrace.errors import MappingError

HEADER = "scenario,label_en,label_zh,industry,feature,change\n"
SCENARIOS = (
    "# what may happen\n"
    + HEADER
    + "export_shock,Exports fall by 30 %,出口下降三成,电子,sales,*0.7\n"
    + "export_shock,,,电子,void_share,+0.05\n"
    + "relief_ends,Tax relief ends,取消退税,-,relief,=0\n"
    + "export_shock,,,-,sales,-10\n"
)

FEATURES = pa.table(
    {
        "sales": pa.array([100, 200, None, 400], pa.int64()),
        "void_share": [0.1, None, 0.3, 0.4],
        "relief": [1.0, 2.0, None, 0.0],
        "name": ["a", "b", "c", "d"],
    }
)
INDUSTRY = pa.array(["电子", "食品", "电子", None])


def test_scenarios_are_read_in_order_and_rows_add_up():
    shock, relief = parse_scenarios(SCENARIOS, "scenarios.csv")
    assert (shock.name, shock.label_en, shock.label_zh) == (
        "export_shock",
        "Exports fall by 30 %",
        "出口下降三成",
    )
    assert [(c.industry, c.feature, c.sign, str(c.amount), c.row) for c in shock.changes] == [
        ("电子", "sales", "*", "0.7", 3),
        ("电子", "void_share", "+", "0.05", 4),
        (None, "sales", "+", "-10", 6),
    ]
    assert [change.sign for change in relief.changes] == ["="]


def test_a_scenario_changes_its_industry_and_missing_stays_missing():
    shock, relief = parse_scenarios(SCENARIOS, "scenarios.csv")
    changed = apply(shock, FEATURES, INDUSTRY)
    assert changed.column("sales").to_pylist() == [60.0, 190.0, None, 390.0]
    assert changed.column("void_share").to_pylist() == [pytest.approx(0.15), None, 0.35, 0.4]
    assert changed.column("relief") == FEATURES.column("relief")
    assert changed.column_names == FEATURES.column_names
    assert apply(relief, FEATURES, INDUSTRY).column("relief").to_pylist() == [0, 0, None, 0]


def test_the_features_given_are_left_alone():
    before = FEATURES.to_pydict()
    apply(parse_scenarios(SCENARIOS, "s.csv")[0], FEATURES, INDUSTRY)
    assert FEATURES.to_pydict() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_any_encoding_and_line_end(encoding):
    saved = SCENARIOS.replace("\n", "\r\n").encode(encoding)
    read = parse_scenarios(saved, "scenarios.csv")
    assert read == parse_scenarios(SCENARIOS, "scenarios.csv")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,A,甲,-,sales,0.7", ["row 2", "column change", "'0.7'", "*0.7"]),
        ("a,A,甲,-,sales,*70%", ["row 2", "*70%", "=0 to set"]),
        ("a,A,甲,-,sales,", ["row 2", "''"]),
        ("a,A,甲,,sales,*1", ["row 2", "column industry", "- for all"]),
        ("a,A,甲,-,,*1", ["row 2", "column feature"]),
        (",A,甲,-,sales,*1", ["row 2", "column scenario"]),
        ("a,A,甲,-,sales,*1\na,B,,-,sales,*1", ["row 3", "label_en", "'A'"]),
        ("a,A", ["row 2", "column industry"]),
    ],
)
def test_a_row_that_cannot_be_read_says_where_and_what_would_be_right(row, words):
    with pytest.raises(MappingError) as caught:
        parse_scenarios(HEADER + row, "scenarios.csv")
    for word in ["scenarios.csv", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize("content", ["", "scenario,feature\n", "a,b,c,d,e,f\n"])
def test_another_header_is_refused(content):
    with pytest.raises(MappingError, match="scenario,label_en,label_zh,industry,feature,change"):
        parse_scenarios(content, "scenarios.csv")


def test_labels_default_to_the_name():
    (scenario,) = parse_scenarios(HEADER + "a,,,-,sales,*1", "scenarios.csv")
    assert (scenario.label_en, scenario.label_zh) == ("a", "a")


def test_an_unknown_feature_is_named_with_the_near_miss():
    (scenario,) = parse_scenarios(HEADER + "a,,,-,sale,*1", "scenarios.csv")
    with pytest.raises(MappingError, match=r"row 2.*Did you mean sales"):
        apply(scenario, FEATURES, INDUSTRY)
    (text,) = parse_scenarios(HEADER + "a,,,-,name,*1", "scenarios.csv")
    with pytest.raises(MappingError, match="Only numbers"):
        apply(text, FEATURES, INDUSTRY)


def test_an_industry_nobody_belongs_to_is_reported():
    shock, relief = parse_scenarios(SCENARIOS.replace("电子", "航天"), "scenarios.csv")
    assert untouched_industries(shock, INDUSTRY) == ("航天",)
    assert untouched_industries(relief, INDUSTRY) == ()


@given(
    st.lists(st.none() | st.integers(-1000, 1000), min_size=1, max_size=8),
    st.sampled_from(["*", "+", "-", "="]),
    st.integers(0, 999),
)
def test_changes_agree_with_one_value_at_a_time(values, sign, thousandths):
    amount = thousandths / 1000
    (scenario,) = parse_scenarios(f"{HEADER}a,,,-,x,{sign}{amount:.3f}", "s.csv")
    table = pa.table({"x": pa.array(values, pa.int64())})
    industries = pa.array([None] * len(values), pa.string())
    one = {
        "*": lambda value: value * amount,
        "+": lambda value: value + amount,
        "-": lambda value: value - amount,
        "=": lambda value: amount,
    }[sign]
    expected = [None if value is None else one(value) for value in values]
    assert apply(scenario, table, industries).column("x").to_pylist() == expected


@pytest.fixture(scope="module")
def book():
    return optimise(random_offers(60, 2, 12_000_000))


def test_no_stress_changes_nothing(book):
    pds = book.offers.applicants.pd
    same = stressed_book(book, pds, pds, class_after=book.offers.applicants.rating)
    assert same.loss_after_minor == same.loss_before_minor == book.totals.loss_minor
    assert same.profit_before_minor == pytest.approx(book.totals.profit_minor, abs=1)
    assert same.class_changes == ()
    assert (same.class_changes, same.unassessed) == ((), 0)


def test_twice_the_default_is_twice_the_loss(book):
    pds = book.offers.applicants.pd
    stressed = stressed_book(book, pds, pds * 2)
    np.testing.assert_allclose(stressed.loss_after, 2 * stressed.loss_before)
    assert stressed.loss_after_minor == pytest.approx(2 * stressed.loss_before_minor, abs=1)
    assert stressed.profit_after_minor < stressed.profit_before_minor
    assert (stressed.loss_after[~book.lent] == 0).all()
    assert stressed.class_changes is None


def test_one_loan_worked_by_hand():
    """A loan priced for PD 1 %, then PD 11 %: ten points more, 45 % of them lost."""
    rows = [("E1", 0.01, "A", 1_000_000, "电子")]
    book = optimise(price_offers(people(rows), economics(), CURVE))
    drawn = book.totals.drawn_minor
    stressed = stressed_book(book, np.array([0.01]), np.array([0.11]), class_after=("C",))
    assert stressed.loss_before_minor == pytest.approx(drawn * 0.0045, abs=1)
    assert stressed.loss_after_minor == pytest.approx(drawn * 0.0495, abs=1)
    forgone = drawn * 0.10 * float(book.rate(0))
    lost = stressed.profit_before_minor - stressed.profit_after_minor
    assert lost == pytest.approx(drawn * 0.045 + forgone, abs=2)
    assert stressed.class_changes == (("A", "C", 1),)
    assert stressed.by_industry.to_pylist() == [
        {
            "industry": "电子",
            "approvals": 1,
            "loss_before_minor": stressed.loss_before_minor,
            "loss_after_minor": stressed.loss_after_minor,
            "profit_before_minor": stressed.profit_before_minor,
            "profit_after_minor": stressed.profit_after_minor,
        }
    ]


def test_industries_add_up_to_the_book(book):
    pds = book.offers.applicants.pd
    stressed = stressed_book(book, pds, np.minimum(pds + 0.1, 1))
    table = stressed.by_industry
    assert sum(table.column("approvals").to_pylist()) == book.totals.approvals
    for name in ("loss_before_minor", "loss_after_minor", "profit_after_minor"):
        assert sum(table.column(name).to_pylist()) == pytest.approx(getattr(stressed, name), abs=5)


def test_a_firm_that_cannot_be_assessed_keeps_its_pd_and_is_counted(book):
    pds = book.offers.applicants.pd
    after = pds * 2
    borrower, other = int(np.flatnonzero(book.lent)[0]), int(np.flatnonzero(~book.lent)[0])
    after[[borrower, other]] = np.nan
    stressed = stressed_book(book, pds, after)
    assert stressed.unassessed == 1
    assert stressed.loss_after[borrower] == stressed.loss_before[borrower]


def test_moves_between_classes_are_counted_for_borrowers_only(book):
    ratings = book.offers.applicants.rating
    moved = tuple(None if rating == "A" else "D" for rating in ratings)
    stressed = stressed_book(
        book, book.offers.applicants.pd, book.offers.applicants.pd, class_after=moved
    )
    assert sum(count for *_, count in stressed.class_changes) == book.totals.approvals
    assert {after for _, after, _ in stressed.class_changes} <= {"D", "-"}
    counts = [count for _, _, count in stressed.class_changes]
    assert counts == sorted(counts, reverse=True)


def test_nothing_lent_is_nothing_lost(book):
    empty = optimise(replace(book.offers, economics=book.offers.economics.with_budget(0)))
    pds = book.offers.applicants.pd
    stressed = stressed_book(empty, pds, pds * 2)
    assert (stressed.loss_after_minor, stressed.by_industry.num_rows) == (0, 0)

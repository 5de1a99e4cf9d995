"""Patents by cost, market and income: worked by hand, against the twin, and refused."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError, MappingError
from headrace.scores.named.patents import (
    patent_values,
    read_patent_terms,
    shipped_terms,
    shipped_text,
)
from reference.named_scores_reference import income_value

TERMS = shipped_terms()


def worth(**row):
    table = pa.Table.from_pylist([{"kind": "invention", **row}])
    (found,) = patent_values(table, TERMS).values.to_pylist()
    return found


def test_cost_is_what_it_took_less_what_has_worn_off():
    found = worth(age_years=4, development_yuan=1_000_000, fees_yuan=20_000)
    # (1,000,000 × 1.15 + 20,000) × 6 of 10 years
    assert found["cost"] == 702_000
    assert (found["value"], found["approaches"]) == (702_000, 1)
    assert found["note"].startswith("one approach only")
    assert found["pledge"] == 210_600


def test_market_counts_only_with_enough_deals_and_scales_by_the_life_left():
    row = {"age_years": 5, "comparable_yuan": 600_000, "comparable_years_left": 10}
    assert worth(**row, comparable_deals=2)["market"] is None
    assert worth(**row, comparable_deals=3)["market"] == 900_000
    assert worth(**(row | {"comparable_years_left": 1}), comparable_deals=3)["market"] == 1_200_000


def test_income_is_the_royalty_that_need_not_be_paid():
    row = {"age_years": 18, "section": "H04L", "sales_yuan": 10_000_000, "growth": 0.1,
           "contribution": 0.5, "economic_years": 8}  # fmt: skip
    by_hand = sum(
        10_000_000 * 1.1**year * 0.045 * 0.5 * 0.85 / 1.2 ** (year - 0.5) for year in (1, 2)
    )
    assert worth(**row)["income"] == round(by_hand)


def test_the_middle_weighs_what_can_be_computed_and_the_range_holds_it():
    found = worth(
        age_years=4, development_yuan=1_000_000, comparable_yuan=600_000, comparable_deals=5,
        comparable_years_left=16, section="G", sales_yuan=5_000_000, growth=0.2, contribution=0.6,
        economic_years=6,
    )  # fmt: skip
    middle = 0.2 * found["cost"] + 0.3 * found["market"] + 0.5 * found["income"]
    assert found["value"] == pytest.approx(middle, abs=1)
    assert found["low"] <= found["value"] <= found["high"]
    assert found["note"] == ""


def test_a_patent_whose_life_is_over_is_worth_nothing_and_an_unknown_one_is_not_zero():
    over = worth(
        age_years=21, development_yuan=1_000_000, comparable_yuan=1, comparable_deals=3,
        comparable_years_left=5, sales_yuan=1e6, contribution=1, economic_years=5,
    )  # fmt: skip
    assert over["value"] == 0
    assert "over" in over["note"]
    assert worth()["value"] is None
    assert worth()["note"].startswith("nothing to value it by")


@settings(max_examples=60, deadline=None)
@given(
    age=st.floats(0, 25), sales=st.floats(0, 1e9), growth=st.floats(-0.9, 2),
    share=st.floats(0, 1), years=st.floats(0, 30), section=st.sampled_from("ABCDEFGHX"),
)  # fmt: skip
def test_income_agrees_with_the_twin(age, sales, growth, share, years, section):
    found = worth(age_years=age, sales_yuan=sales, growth=growth, contribution=share,
                  economic_years=years, section=section)  # fmt: skip
    twin = income_value(
        sales,
        growth,
        (TERMS.royalty.get(section, TERMS.royalty["other"]), TERMS.discount, TERMS.tax),
        share,
        min(max(20 - age, 0), years),
        TERMS.growth_years,
    )
    assert found["income"] == pytest.approx(twin, rel=1e-9, abs=1)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "trademark"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": "发明", "age_years": "young"}, "age_years"),
        ({"kind": "发明", "age_years": -1}, "age_years"),
        ({"kind": "发明", "sales_yuan": float("inf")}, "sales_yuan"),
        ({"kind": "发明", "growth": -2}, "growth"),
    ],
)
def test_a_cell_that_cannot_be_counts_as_missing_and_is_told(row, field):
    good = {"kind": "design", "age_years": 3, "development_yuan": 100_000}
    names = [*good, *(name for name in row if name not in good)]
    rows = [good, good | row, good]
    cells = {name: [str(each[name]) if name in each else None for each in rows] for name in names}
    found = patent_values(pa.table(cells), TERMS)
    (bad,) = found.bad.to_pylist()
    assert (bad["row"], bad["field"]) == (2, field)
    assert bad["right"]
    first, _, last = found.values.to_pylist()
    assert first == last
    assert first["value"] > 0


def test_without_a_kind_nothing_of_a_row_can_be_computed():
    row = {"kind": "x", "age_years": 1, "development_yuan": 9, "comparable_yuan": 9}
    (found,) = patent_values(pa.Table.from_pylist([row]), TERMS).values.to_pylist()
    assert (found["value"], found["approaches"]) == (None, 0)


def test_a_table_without_kinds_is_refused():
    with pytest.raises(InputError, match="no kind of patent"):
        patent_values(pa.table({"age_years": [1]}), TERMS)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("profit = 0.15", "profit = 1.5", "cost.profit"),
        ("least = 3", 'least = "three"', "market.least"),
        ("G = 0.045", "", "income.royalty.G"),
        ("[pledge]", "[pledge", ""),
    ],
)
def test_parameters_that_cannot_be_are_refused(old, new, place):
    text = shipped_text()
    assert old in text
    with pytest.raises(MappingError) as refusal:
        read_patent_terms(text.replace(old, new, 1), "mine.toml")
    assert place in refusal.value.where

"""A card of points: totals are sums of whole numbers, and nothing it says disagrees with them."""

from dataclasses import replace

import cards_reference
import numpy as np
import pyarrow as pa
import pytest
from cards_examples import CARD, HAND, cards, numeric, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.cards.points_card import Fitted, Line
from headrace.scores.cards.prepared import prepare
from headrace.scores.cards.reasons import ReasonMethod, rank_reasons
from headrace.scores.rating import RatingScale

FITTED = Fitted(-1.0, ((0.01,) * 4,) * 4, 1.0, 1.0, None, 100, 20)
APPLICANTS = """
income  overdue  housing  bins   total
800     0        own      0,0,0  570
1000    0        own      1,0,0  590
4000    1        rent     2,1,1  545
none    -1       guest    4,3,1  530
9999    45       tent     3,2,3  520
1999.9  none     none     1,4,2  510
"""


def parsed(row):
    *values, bins, total = (None if cell == "none" else cell for cell in row.split())
    income, overdue, housing = values
    return (
        income and float(income),
        overdue and float(overdue),
        housing,
        [int(each) for each in bins.split(",")],
        int(total),
    )


@pytest.mark.parametrize("row", APPLICANTS.strip().splitlines()[1:])
def test_points_of_applicants_that_can_be_added_by_hand(row):
    *values, bins, total = parsed(row)
    columns = {name: [value] for name, value in zip(HAND.features, values, strict=True)}
    assert [int(code[0]) for code in HAND.codes(columns)] == bins
    assert HAND.score(columns).tolist() == [total]
    assert HAND.base + HAND.points_by_feature(columns).sum() == total
    assert prepare(HAND).score(values).points == total


def table(card, applicants):
    """Arrow columns of applicants."""
    columns = zip(*applicants, strict=True)
    return {
        line.feature: pa.array(
            list(column), pa.string() if line.bins.kind.value == "categorical" else pa.float64()
        )
        for line, column in zip(card.lines, columns, strict=True)
    }


@settings(max_examples=80)
@given(st.data())
def test_a_table_one_applicant_and_the_slow_way_agree_on_everything(data):
    card = data.draw(cards())
    applicants = data.draw(st.lists(values_of(card), min_size=1, max_size=6))
    columns = table(card, applicants)
    method = data.draw(st.sampled_from(ReasonMethod))
    ranking = rank_reasons(card, method)
    single = prepare(card, ranking)
    totals, probability = card.score(columns), card.probability(columns)
    rated, reasons = card.classes(columns), ranking.reasons_of(card, columns)
    for row, values in enumerate(applicants):
        assert totals[row] == cards_reference.total_of(card, values)
        found = single.score(values)
        assert found == (totals[row], probability[row], rated[row], reasons[row])
        named = [(reason.feature, reason.shortfall) for reason in found.reasons]
        assert named == cards_reference.reasons_of(card, values, ranking.reference)
        as_mapping = dict(zip(card.features, values, strict=True), something_else=1)
        assert single.score_mapping(as_mapping) == found


@settings(max_examples=40)
@given(st.data())
def test_log_odds_probability_and_class_are_those_of_the_total(data):
    card = data.draw(cards())
    columns = table(card, data.draw(st.lists(values_of(card), min_size=1, max_size=6)))
    totals = card.score(columns)
    assert card.log_odds(columns).tobytes() == card.scale.log_odds(totals).tobytes()
    assert card.probability(columns).tobytes() == card.scale.probability(totals).tobytes()
    assert (card.classes(columns) == card.rating.rate(card.scale.probability(totals))).all()
    assert card.lowest <= totals.min()
    assert totals.max() <= card.highest


COLUMNS = {
    "income": [800.0, 4_000.0, None],
    "overdue_days": [0.0, 1.0, -1.0],
    "housing": ["own", "rent", None],
}


def test_every_kind_of_column_gives_the_same_points():
    arrow = pa.table(COLUMNS)
    right = CARD.score(arrow).tolist()
    chunked = pa.concat_tables([arrow.slice(0, 1), arrow.slice(1)])
    encoded = arrow.set_column(2, "housing", arrow["housing"].dictionary_encode())
    sliced = pa.concat_tables([arrow, arrow]).combine_chunks().slice(3)
    numpy = {
        "income": np.array([800.0, 4_000.0, np.nan]),
        "overdue_days": np.array([0, 1, -1]),
        "housing": arrow["housing"],
    }
    for columns in (COLUMNS, chunked, encoded, sliced, numpy):
        assert CARD.score(columns).tolist() == right


def test_no_rows_have_no_points():
    assert CARD.score(pa.table(COLUMNS).slice(0, 0)).shape == (0,)


def test_the_interval_is_around_the_cards_own_probability():
    low, high = CARD.interval(COLUMNS)
    probability = CARD.probability(COLUMNS)
    assert (low < probability).all()
    assert (probability < high).all()


def test_the_interval_adds_what_coefficients_and_bins_leave_uncertain():
    codes = [int(code[0]) for code in CARD.codes(COLUMNS)]
    z = np.array([1.0, *(e.bins.woe[c] for e, c in zip(CARD.lines, codes, strict=True))])
    variance = z @ np.array(CARD.fitted.covariance) @ z
    for line, code in zip(CARD.lines, codes, strict=True):
        good, bad = line.bins.good, line.bins.bad
        share = CARD.fitted.rows / (sum(good) + sum(bad))
        odds_ratio = 1 / good[code] + 1 / bad[code] - 1 / sum(good) - 1 / sum(bad)
        variance += line.coefficient**2 * odds_ratio / share
    spread = 1.959963984540054 * np.sqrt(variance)
    low, high = CARD.interval(COLUMNS)
    log_odds = CARD.log_odds(COLUMNS)[0]
    assert np.isclose(np.log(low[0] / (1 - low[0])), log_odds - spread)
    assert np.isclose(np.log(high[0] / (1 - high[0])), log_odds + spread)


def test_where_no_row_fell_little_is_known():
    usual = {"income": [3_000.0], "overdue_days": [0.0], "housing": ["own"]}
    strange = {**usual, "housing": ["castle"]}
    widths = [high[0] - low[0] for low, high in map(CARD.interval, (usual, strange))]
    assert widths[1] > 2 * widths[0]


def test_a_card_written_by_hand_has_no_interval():
    with pytest.raises(InputError, match="not fitted"):
        HAND.interval(COLUMNS)


def test_classes_are_the_banks_own():
    card = replace(HAND, rating=RatingScale(("pass", "fail"), (0.08, 1.0)))
    limit = card.probability(COLUMNS) <= 0.08
    assert (card.classes(COLUMNS) == np.where(limit, "pass", "fail")).all()


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match="'overdue_days'") as error:
        HAND.score({"income": [1.0], "housing": ["own"]})
    assert "income, overdue_days, housing" in error.value.remedy


LINE = HAND.lines[0]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "no card"),
        ((LINE, LINE), "no card"),
        ((replace(LINE, points=(1, 2)),), "2 numbers of points for 5 bins"),
        ((replace(LINE, coefficient=0.1),), "a safer bin would get fewer points"),
        ((replace(LINE, coefficient=float("nan")),), "a safer bin would get fewer points"),
        ((replace(LINE, points=(1, 2, 3, 4, 10**9)),), "beyond measure"),
    ],
)
def test_lines_that_are_no_card_are_refused(lines, said):
    with pytest.raises(InputError, match=said):
        replace(HAND, lines=lines)


def test_a_covariance_of_another_card_is_refused():
    with pytest.raises(InputError, match="covariance"):
        replace(CARD, lines=CARD.lines[:2])


SINGLE = prepare(HAND)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1.0, 2.0), "2 values for 3 features"),
        ((1.0, 2.0, "own", 3.0), "4 values for 3 features"),
        (("1", 2.0, "own"), "'1' is no number"),
        ((1.0, 2.0, 3.0), "3.0 is no text"),
        ((1.0, [2.0], "own"), "is no number"),
        ((1.0, 2.0, ["own"]), "is no text"),
    ],
)
def test_one_applicant_of_the_wrong_kind_is_refused(values, said):
    with pytest.raises(InputError, match=said):
        SINGLE.score(values)


def test_one_applicant_without_a_value_is_refused_by_name():
    with pytest.raises(InputError, match="no value of 'housing'"):
        SINGLE.score_mapping({"income": 1.0, "overdue_days": 0})


def test_missing_is_none_or_nan_for_numbers_and_texts():
    nan = float("nan")
    assert SINGLE.score((None, None, None)) == SINGLE.score((nan, nan, nan))
    assert SINGLE.score((np.float64(800), np.int64(0), "own")) == SINGLE.score((800, False, "own"))


def test_totals_that_spread_too_far_cannot_be_listed_beforehand():
    wide = replace(LINE, points=(-900_000, 0, 0, 0, 900_000))
    with pytest.raises(InputError, match="totals run from"):
        prepare(replace(HAND, lines=(wide,)))


def test_a_line_of_one_bin_still_tells_missing_and_wrong_values():
    one = Line(numeric("flat", (), (5,), (5,)), -1.0, (10, 20))
    single = prepare(replace(HAND, lines=(one,)))
    assert [single.score((v,)).points for v in (0.0, 1e9, None)] == [110, 110, 120]
    with pytest.raises(InputError, match="no number"):
        single.score(("text",))


@pytest.mark.parametrize("read", ["score", "codes", "points_by_feature", "interval"])
def test_columns_of_different_length_are_refused_by_name(read):
    columns = {"income": [800.0, 900.0], "overdue_days": [0.0, 1.0], "housing": ["own"]}
    with pytest.raises(InputError, match="'housing' has 1 rows and the first column 2"):
        getattr(replace(CARD, fitted=FITTED), read)(columns)

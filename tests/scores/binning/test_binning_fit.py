"""Columns binned: numbers, categories, missing and special values, weights, many at once."""

import math

import numpy as np
import pyarrow as pa
import pytest
from binning_reference import bin_of, grown
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind, Kind, weight_of_evidence
from headrace.scores.binning.codec import bins_to_json
from headrace.scores.binning.optimal import TableError, fit, fit_table, with_edges
from headrace.scores.binning.prebins import edge_between
from headrace.scores.binning.problem import (
    BinningError,
    EdgeStyle,
    Prebinning,
    Settings,
    Special,
    Trend,
)

NO_RECORD = Special("no record", codes=(-1.0,))
FROZEN = Special("frozen", low=900.0, high=999.0)


def applicants(rows, seed=1):
    """Incomes that are safer the higher, one in twenty missing, and outcomes."""
    random = np.random.default_rng(seed)
    income = np.round(random.lognormal(3, 1, rows), 1)
    risk = 1 / (1 + np.exp(1 + 0.8 * (np.log(income + 0.1) - 3)))
    default = (random.random(rows) < risk).astype(np.int64)
    income[random.random(rows) < 0.05] = np.nan
    return income, default


def test_a_safer_column_is_found_descending():
    income, default = applicants(4_000)
    bins = fit(income, default, feature="income")
    assert bins.trend is Trend.DESCENDING
    assert bins.sign == -1
    assert bins.kind is Kind.NUMERIC
    rates = bins.event_rate[: bins.ordinary]
    assert list(rates) == sorted(rates, reverse=True)
    assert list(bins.woe[: bins.ordinary]) == sorted(bins.woe[: bins.ordinary])
    assert sum(bins.good) + sum(bins.bad) == 4_000
    assert bins.good[bins.missing] == np.sum(np.isnan(income) & (default == 0))
    assert min(bins.good[i] + bins.bad[i] for i in range(bins.ordinary)) >= 200  # 5 %
    assert bins.labels[0] == f"< {bins.edges[0]:g}"
    assert bins.labels[-1] == "missing"


def test_weight_of_evidence_is_siddiqis():
    """In a bin: 40 of 400 goods and 10 of 50 bads, so ln(0.1 / 0.2) and (0.1 - 0.2) of it."""
    y = np.repeat([0, 1, 0, 1], [40, 10, 360, 40])
    x = np.repeat([1.0, 2.0], [50, 400])
    bins = fit(x, y)
    assert bins.edges == (2.0,)
    assert math.isclose(bins.woe[0], math.log(0.5))
    assert math.isclose(bins.iv_by_bin[0], -0.1 * math.log(0.5))
    assert math.isclose(bins.woe[1], math.log(0.9 / 0.8))


def test_a_bin_that_nobody_fell_in_is_neutral_and_a_pure_one_is_finite():
    assert weight_of_evidence(0, 0, 80, 20, 10) == 0
    # 10 rows of the overall rate, 8 good and 2 bad, are counted in for the WOE.
    assert math.isclose(weight_of_evidence(12, 0, 80, 20, 10), math.log((20 / 80) / (2 / 20)))
    assert math.isclose(weight_of_evidence(0, 3, 80, 20, 10), math.log((8 / 80) / (5 / 20)))
    x = np.array([1.0, 2.0, 1.0, 2.0, np.nan, np.nan])
    bins = fit(x, np.array([0, 1, 0, 1, 0, 0]), Settings(min_goods=0, min_bads=0, prebin_share=0))
    assert all(map(math.isfinite, bins.woe))
    assert bins.woe[0] > 0 > bins.woe[1]
    assert bins.woe[bins.missing] > 0


def test_special_values_have_bins_of_their_own():
    income, default = applicants(3_000)
    income[:300] = -1.0
    income[300:500] = 950.0
    default[:300] = np.arange(300) % 2
    bins = fit(income, default, Settings(specials=(NO_RECORD, FROZEN)), feature="income")
    kinds = bins.kinds[bins.ordinary :]
    assert kinds == (BinKind.SPECIAL, BinKind.SPECIAL, BinKind.MISSING)
    assert bins.labels[bins.ordinary :] == ("no record", "frozen", "missing")
    assert (bins.good[bins.ordinary], bins.bad[bins.ordinary]) == (150, 150)
    assert bins.good[bins.ordinary + 1] + bins.bad[bins.ordinary + 1] == 200
    codes = bins.codes(np.array([-1.0, -0.9, 899.9, 900.0, 999.0, 999.1, np.nan]))
    first, last = 0, bins.ordinary - 1
    assert codes.tolist() == [
        last + 1, first, last, last + 2, last + 2, last, last + 3,
    ]  # fmt: skip


def test_a_value_of_two_specials_is_in_the_first():
    settings = Settings(specials=(Special("code", (950.0,)), FROZEN, Special("all", low=900.0)))
    x = np.repeat([950.0, 960.0, 1_000.0, 1.0, 2.0], 8)
    bins = fit(x, np.arange(40) % 2, settings)
    assert (bins.codes(np.array([950.0, 960.0, 1_000.0])) - bins.ordinary).tolist() == [0, 1, 2]
    assert [good + bad for good, bad in zip(bins.aside_good, bins.aside_bad, strict=True)] == [
        8, 8, 8, 0,
    ]  # fmt: skip


numbers = st.lists(
    st.tuples(
        st.one_of(st.integers(-4, 12).map(float), st.sampled_from([np.nan, -0.0, 0.5, np.inf])),
        st.integers(0, 1),
    ),
    min_size=4,
    max_size=60,
).filter(lambda rows: len({y for _, y in rows}) == 2)


@given(numbers, st.sampled_from([Prebinning.TREE, Prebinning.QUANTILE]), st.booleans())
def test_every_row_is_counted_in_the_bin_that_it_is_scored_in(rows, prebinning, weighted):
    x = np.array([value for value, _ in rows])
    y = np.array([default for _, default in rows])
    w = np.linspace(0.5, 2.0, len(y)) if weighted else None
    special = Special("few", codes=(3.0,), low=9.0, high=10.0)
    settings = Settings(
        specials=(special,), prebinning=prebinning, min_goods=0, min_bads=0, prebin_share=0.1
    )
    bins = fit(x, y, settings, weights=w)
    codes = bins.codes(x)
    specials = [(3.0, 3.0), (9.0, 10.0)]
    expected = [bin_of(value, bins.edges, specials, bins.ordinary + 2) for value in x]
    expected = [bins.ordinary if code == bins.ordinary + 1 else code for code in expected]
    expected = [bins.missing if code == bins.ordinary + 2 else code for code in expected]
    assert codes.tolist() == expected
    rows_weight = np.ones(len(y)) if w is None else w
    for code in range(len(bins)):
        mine = codes == code
        assert math.isclose(bins.bad[code], rows_weight[mine & (y == 1)].sum(), abs_tol=1e-12)
        assert math.isclose(bins.good[code], rows_weight[mine & (y == 0)].sum(), abs_tol=1e-12)
    assert np.array_equal(bins.woe_of(x), np.array(bins.woe)[codes])


@given(numbers)
def test_weights_of_one_change_nothing_and_order_of_rows_neither(rows):
    x = np.array([value for value, _ in rows])
    y = np.array([default for _, default in rows])
    settings = Settings(min_goods=0, min_bads=0)
    plain = fit(x, y, settings)
    assert fit(x, y, settings, weights=np.ones(len(y))) == plain
    assert fit(x[::-1].copy(), y[::-1].copy(), settings) == plain
    twice = fit(np.tile(x, 2), np.tile(y, 2), settings)
    assert fit(x, y, settings, weights=np.full(len(y), 2.0)) == twice


@given(
    numbers.filter(lambda rows: not any(np.isnan(x) for x, _ in rows)),
    st.integers(1, 3),
    st.integers(1, 6),
)
def test_pieces_are_the_leaves_of_the_tree_grown_best_first(rows, least, leaves):
    x, y = (np.array(each, np.float64) for each in zip(*rows, strict=True))
    asked = Settings(
        prebins=leaves, prebin_share=least / len(y), trend=Trend.NONE, min_goods=0, min_bads=0
    )
    pieces = fit(x, y, asked).piece_edges
    smallest = [x[x >= edge].min() for edge in pieces]
    assert smallest == grown(x.tolist(), y.astype(int).tolist(), least, leaves)


@given(st.integers(0, 1_000), st.integers(200, 3_000), st.sampled_from([1, 40, 90]))
@settings(max_examples=25)
def test_passing_over_blocks_of_cuts_loses_none(seed, rows, least):
    random = np.random.default_rng(seed)
    y = (random.random(rows) < np.abs(np.sin(np.arange(rows) / 400))).astype(np.int64)
    y[:2] = 0, 1
    pieces = fit(
        np.arange(rows), y,
        Settings(prebins=2, prebin_share=least / rows, trend=Trend.NONE, min_goods=0, min_bads=0),
    ).piece_edges  # fmt: skip
    left = np.arange(1, rows, dtype=np.float64)
    bads = np.cumsum(y)[:-1]
    impurity = (left - bads) * bads / left
    impurity += (rows - left - (y.sum() - bads)) * (y.sum() - bads) / (rows - left)
    allowed = (left >= least) & (rows - left >= least)
    best = impurity[allowed].min()
    at = int(np.sum(np.arange(rows) < pieces[0]))
    assert allowed[at - 1]
    assert math.isclose(impurity[at - 1], best, rel_tol=1e-12)


def test_pieces_may_be_given_or_cut_at_quantiles():
    income, default = applicants(2_000)
    given_edges = fit(income, default, Settings(edges=(5.0, 10.0, 20.0, 40.0, 80.0)))
    assert set(given_edges.edges) <= {5.0, 10.0, 20.0, 40.0, 80.0}
    quantiles = fit(income, default, Settings(prebinning=Prebinning.QUANTILE, prebins=10))
    rows = np.add(quantiles.piece_good, quantiles.piece_bad)
    assert len(rows) == 10
    assert (np.abs(rows - rows.mean()) < 0.1 * rows.mean()).all()
    rounded = fit(income, default, Settings(decimals=-1))
    assert all(edge % 10 == 0 for edge in rounded.piece_edges)
    assert sum(rounded.good) == sum(quantiles.good)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.sampled_from(EdgeStyle))
def test_an_edge_parts_two_values(one, other, style):
    low, high = sorted((one, other))
    if low == high:
        return
    edge = edge_between(low, high, style)
    assert low < edge <= high
    assert math.isfinite(edge) or high == math.inf


def test_a_short_edge_has_as_few_digits_as_will_do():
    assert edge_between(34.0, 35.0, EdgeStyle.SHORT) == 35.0
    assert edge_between(34.0, 35.0, EdgeStyle.MIDPOINT) == 34.5
    assert edge_between(1_234.56, 1_311.02, EdgeStyle.SHORT) == 1_300.0
    assert edge_between(-3.0, 8.0, EdgeStyle.SHORT) == 2.0  # nearest the middle, halves to even
    assert edge_between(0.1237, 0.1241, EdgeStyle.SHORT) == 0.124


def towns(rows, seed=2):
    """Towns of differing risk, a few of them rare or missing, and outcomes."""
    random = np.random.default_rng(seed)
    names = ["Anlu", "Bazhou", "Cixi", "Danyang", "Emei", "Fuyang"]
    at = random.integers(0, 6, rows)
    default = (random.random(rows) < 0.1 + 0.1 * at).astype(np.int64)
    town = [names[each] for each in at]
    town[0], town[1], town[2] = "Rare", "Seldom", None
    return town, default


def test_categories_are_ordered_by_default_rate_and_rare_ones_pooled():
    town, default = towns(3_000)
    bins = fit(town, default, Settings(rare_share=0.01), feature="town")
    assert bins.kind is Kind.CATEGORICAL
    assert (bins.trend, bins.sign) == (Trend.NONE, 0)  # it has no order of its own
    rates = bins.event_rate[: bins.ordinary]
    assert list(rates) == sorted(rates)
    assert bins.rare == ("Rare", "Seldom")
    assert bins.groups[0][0] == "Anlu"
    assert bins.labels[-2:] == ("missing", "other")
    unseen = bins.codes(["Anlu", "Rare", "Nowhere", None])
    assert unseen.tolist() == [0, bins.other, bins.other, bins.missing]
    assert bins.good[bins.other] + bins.bad[bins.other] == 2


def test_an_unseen_category_has_a_stated_weight():
    town, default = towns(2_000)
    assert fit(town, default).woe_of(["Nowhere"]).tolist() == [0.0]  # neutral: nobody was there
    stated = fit(town, default, Settings(other_woe=-0.25))
    assert stated.woe_of(["Nowhere"]).tolist() == [-0.25]


def test_an_ordinal_column_keeps_its_order_and_has_a_trend():
    random = np.random.default_rng(3)
    order = ("none", "school", "college", "university", "doctor")
    at = random.integers(0, 4, 3_000)
    default = (random.random(3_000) < 0.4 - 0.08 * at).astype(np.int64)
    degree = [order[each] for each in at]
    bins = fit(degree, default, Settings(order=order))
    assert bins.trend is Trend.DESCENDING
    assert [name for group in bins.groups for name in group] == list(order)
    assert bins.codes(["doctor"])[0] == bins.ordinary - 1  # no row has it; it goes with the next
    with pytest.raises(BinningError, match="categories that the order does not have: college"):
        fit(degree, default, Settings(order=("none", "school", "university", "doctor")))


def test_more_categories_than_can_be_merged_exactly_are_put_together_first():
    random = np.random.default_rng(4)
    at = random.integers(0, 500, 20_000)
    default = (random.random(20_000) < at / 1_000).astype(np.int64)
    names = [f"sector {each}" for each in at]
    bins = fit(names, default)
    assert len(bins.categories) == 500
    rates = bins.event_rate[: bins.ordinary]
    assert list(rates) == sorted(rates)
    assert min(bins.good[i] + bins.bad[i] for i in range(bins.ordinary)) >= 1_000
    assert sum(bins.good) + sum(bins.bad) == 20_000


def test_a_category_may_be_special():
    town, default = towns(2_000)
    bins = fit(town, default, Settings(specials=(Special("abroad", codes=("Emei",)),)))
    assert bins.codes(["Emei"]).tolist() == [bins.ordinary]
    assert "Emei" not in bins.categories


def test_texts_are_the_same_however_they_are_held():
    town, default = towns(1_000)
    plain = fit(town, default)
    encoded = pa.array(town).dictionary_encode()
    doubled = pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, None]), pa.array(["Anlu", "Anlu", "Cixi"])
    )
    chunked = pa.chunked_array([pa.array(town[:400]), pa.array(town[400:])])
    assert fit(encoded, default) == fit(chunked, default) == plain
    assert plain.codes(doubled).tolist() == plain.codes(["Anlu", "Anlu", "Cixi", None]).tolist()
    assert plain.codes(pa.chunked_array([], pa.string())).tolist() == []


def test_columns_that_say_nothing_are_one_bin():
    y = np.array([0, 1, 0, 1])
    constant = fit(np.full(4, 7.0), y)
    assert (constant.ordinary, constant.iv, constant.trend) == (1, 0.0, Trend.NONE)
    assert constant.labels == ("all", "missing")
    empty = fit(np.full(4, np.nan), y)
    assert empty.woe == (0.0, 0.0)
    assert empty.codes(np.array([1.0, np.nan])).tolist() == [0, 1]
    nulls = fit(pa.nulls(4, pa.string()), y)
    assert nulls.codes(["new"]).tolist() == [nulls.other]


def test_a_table_is_binned_column_by_column_whatever_the_threads():
    income, default = applicants(3_000)
    town, _ = towns(3_000)
    table = pa.table({"income": income, "town": town, "flag": default == income})
    settings = {"income": Settings(max_bins=3)}
    one = fit_table(table, default, settings)
    assert [bins.feature for bins in one] == ["income", "town", "flag"]
    assert one[0].ordinary == 3
    with pytest.raises(InputError, match=r"does not have: incom\. it has income, town"):
        fit_table(table, default, {"incom": Settings()})
    many = fit_table(table, default, settings, threads=3)
    assert list(map(bins_to_json, many)) == list(map(bins_to_json, one))


def test_a_column_that_cannot_be_binned_takes_no_other_with_it():
    income, default = applicants(500)
    day = pa.array(np.zeros(500, "datetime64[D]"))
    table = pa.table({"day": day, "income": income})
    with pytest.raises(TableError) as refused:
        fit_table(table, default)
    assert [bins.feature for bins in refused.value.bins] == ["income"]
    assert [problem.feature for problem in refused.value.refused] == ["day"]
    assert "1 of 2 columns" in str(refused.value)


def test_finer_pieces_keep_the_bins():
    income, default = applicants(2_000)
    bins = fit(income, default)
    finer = with_edges(bins, (12.34, 56.78), income, default)
    assert {12.34, 56.78} < set(finer.piece_edges)
    assert (finer.edges, finer.good, finer.woe) == (bins.edges, bins.good, bins.woe)
    with pytest.raises(BinningError, match="not the rows"):
        with_edges(bins, (12.34,), income + 1, default)


@pytest.mark.parametrize(
    ("y", "weights", "problem"),
    [
        ([0, 1, 2, 0], None, "neither 0 nor 1"),
        ([0, 1, np.nan, 0], None, "neither 0 nor 1"),
        ([0, 0, 0, 0], None, "4 rows with no defaults"),
        ([1, 1, 1, 1], None, "nothing but defaults"),
        ([0, 1, 0], None, "4 values and 3 outcomes"),
        ([0, 1, 0, 1], [1, 1, 0, 1], "weight is not above 0"),
        ([0, 1, 0, 1], [1, 1, 1], "weights are not 4 numbers"),
    ],
)
def test_outcomes_and_weights_that_cannot_be_used_are_refused(y, weights, problem):
    with pytest.raises(InputError, match=problem):
        fit(np.arange(4.0), np.array(y), weights=weights if weights is None else np.array(weights))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"prebins": 101}, "a whole number from 1 to 100"),
        ({"max_bins": 2.5}, "max_bins is 2.5. binning settings. a whole number"),
        ({"min_bads": None}, "min_bads is None"),
        ({"trend": "up"}, "one of Trend.AUTO, Trend.ASCENDING"),
        ({"min_bins": 5, "max_bins": 3}, "max_bins should not be below min_bins"),
        ({"min_share": 0.5, "max_share": 0.2}, "max_share should not be below min_share"),
        ({"max_p": 0.0}, "max_p is 0"),
        ({"turn_gain": float("nan")}, "turn_gain is nan"),
        ({"edges": (1.0, 1.0)}, "each above the one before"),
        ({"edges": (1.0, float("nan"))}, "finite numbers"),
        ({"edges": tuple(map(float, range(100)))}, "at most 99"),
        ({"specials": (NO_RECORD, NO_RECORD)}, "each name once"),
        ({"specials": (Special("missing", (1.0,)),)}, "neither `missing` nor `other`"),
        ({"specials": (NO_RECORD, Special("b", (-1.0,)))}, "stands twice"),
        ({"order": ("a", "a")}, "twice in the order"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, problem):
    with pytest.raises(InputError, match=problem):
        Settings(**settings)


@pytest.mark.parametrize(
    ("special", "problem"),
    [
        ({}, "without a code or a range"),
        ({"codes": (math.nan,)}, "missing values have a bin"),
        ({"low": 2.0, "high": 1.0}, "ends before it begins"),
    ],
)
def test_a_special_stands_for_something(special, problem):
    with pytest.raises(InputError, match=problem):
        Special("s", **special)


def test_a_column_of_another_kind_is_refused():
    income, default = applicants(500)
    bins = fit(income, default, feature="income")
    with pytest.raises(BinningError, match="holds texts and was fitted on numbers"):
        bins.codes(["high", "low"])
    with pytest.raises(BinningError, match="holds numbers and was fitted on texts"):
        fit(towns(500)[0], default).codes(np.array([1.0]))
    with pytest.raises(BinningError, match="codes of another kind than the column"):
        fit(income, default, Settings(specials=(Special("s", ("text",)),)))
    assert bins.codes(pa.nulls(2)).tolist() == [bins.missing] * 2


def test_an_edge_that_rounds_to_nothing_is_zero_and_not_minus_zero():
    x = np.array([-3e-9, -1e-9, 1.0, 2.0] * 20)
    bins = fit(x, [1, 0, 0, 0, 1, 0, 1, 0] * 10, Settings(decimals=2, min_goods=0))
    assert bins.labels[0] == "< 0"
    assert math.copysign(1.0, bins.edges[0]) == 1.0


def test_no_threads_are_refused():
    with pytest.raises(InputError, match="0 threads"):
        fit_table(pa.table({"x": [1.0, 2.0]}), [0, 1], threads=0)

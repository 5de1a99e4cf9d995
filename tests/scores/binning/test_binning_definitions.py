"""Bins against their definitions: limits, tables, categories, and bins known to the last bit."""

import hashlib
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from binning_reference import allowed, best, counted, information_value, mergings
from hypothesis import given
from hypothesis import strategies as st

from headrace.scores.binning.bins import BinKind, finished, trend_of, ways
from headrace.scores.binning.codec import bins_to_json
from headrace.scores.binning.limits import broken_limits
from headrace.scores.binning.optimal import fit
from headrace.scores.binning.problem import BinningError, Settings, Special, Trend

counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6).filter(
    lambda pieces: all(map(sum, zip(*pieces, strict=True))) and all(map(sum, pieces))
)


def rows_of(pieces):
    """Values 0, 1, 2 ... with so many good and bad rows each."""
    x = np.repeat(np.arange(len(pieces), dtype=np.float64), [good + bad for good, bad in pieces])
    y = np.concatenate([np.repeat([0, 1], each) for each in pieces])
    return x, y


def fitted(pieces, **limits):
    """Bins over these pieces; limits that are not given do not bind."""
    free = {"min_goods": 0, "min_bads": 0, "trend": Trend.NONE} | limits
    edges = tuple(float(each) for each in range(1, len(pieces)))
    return fit(*rows_of(pieces), Settings(edges=edges, **free))


def cut_at(bins, spans):
    """The same pieces in other bins."""
    return finished(replace(bins, starts=tuple(first for first, _ in spans)))


@given(counts, st.data())
def test_a_limit_is_broken_exactly_where_its_definition_says(pieces, data):
    free = fitted(pieces)
    good, bad = zip(*pieces, strict=True)
    spans = data.draw(st.sampled_from(list(mergings(len(pieces)))))
    merged = counted(spans, good), counted(spans, bad)
    totals = (sum(good), sum(bad))
    possible = {
        "min_bins": 3, "max_bins": 2, "min_rows": 5, "max_rows": 12, "min_share": 0.25,
        "max_share": 0.5, "min_goods": 2, "min_bads": 2, "min_gap": 0.125, "max_p": 0.3,
    }  # fmt: skip
    name = data.draw(st.sampled_from(sorted(possible)))
    limits = {"min_goods": 0, "min_bads": 0, name: possible[name]}
    settings = Settings(edges=free.settings.edges, trend=Trend.NONE, **limits)
    bins = cut_at(replace(free, settings=settings), spans)
    expected = allowed(*merged, totals, {name: possible[name]})
    assert (name not in broken_limits(bins)) == expected


@given(counts, st.sampled_from(["ascending", "descending", "peak", "valley"]))
def test_a_found_trend_is_one_that_the_rates_have(pieces, trend):
    good, bad = zip(*pieces, strict=True)
    found = trend_of(good, bad)
    has = {
        each: allowed(good, bad, (1, 1), {"trend": each, "max_rows": 99, "max_share": 99})
        for each in ("ascending", "descending", "peak", "valley")
    }
    if found is Trend.NONE:
        assert not any(has.values()) or len(set(ways([b / (g + b) for g, b in pieces]))) == 0
    else:
        assert has[found.value]
        assert has["peak"] or found is not Trend.ASCENDING  # a monotone one is a case of both
    if has[trend] and found in (Trend.PEAK, Trend.VALLEY):
        assert found.value == trend


def test_ways_are_how_values_go():
    assert ways([1, 2, 2, 3]) == (1,)
    assert ways([3, 2, 2 + 1e-13, 1]) == (-1,)  # a difference that rounding makes is none
    assert ways([1, 2, 1, 2]) == (1, -1, 1)
    assert ways([1, 1]) == ways([1]) == ways([]) == ()


@given(counts)
def test_merging_two_bins_never_adds_information(pieces):
    """IV is convex in the shares (a Jeffreys divergence), so what is merged says no more."""
    good, bad = zip(*pieces, strict=True)
    if not all(good) or not all(bad):
        return
    totals = sum(good), sum(bad)
    whole = information_value(good, bad, *totals, 10)
    for at in range(len(pieces) - 1):
        spans = [(i, i + 1) for i in range(len(pieces)) if i not in (at, at + 1)] + [(at, at + 2)]
        merged = counted(spans, good), counted(spans, bad)
        assert information_value(*merged, *totals, 10) <= whole + 1e-12
    assert math.isclose(fitted(pieces).iv, whole, abs_tol=1e-9)


letters = st.lists(
    st.tuples(st.sampled_from([*"ABCDEF", None]), st.integers(0, 1)), min_size=5, max_size=60
).filter(lambda rows: len({y for _, y in rows}) == 2)


@given(letters, st.sampled_from([0.0, 0.1, 0.3]), st.sampled_from([0.0, 0.15]))
def test_categories_are_merged_in_the_order_of_their_rates_as_well_as_can_be(rows, floor, rare):
    names, y = zip(*rows, strict=True)
    settings = Settings(prebin_share=floor, rare_share=rare, min_goods=0, min_bads=0)
    bins = fit(list(names), np.array(y), settings)
    total = len(rows)
    counts = {
        name: (sum(1 for n, d in rows if n == name and not d), sum(d for n, d in rows if n == name))
        for name in set(names) - {None}
    }
    pooled = {name for name, each in counts.items() if sum(each) < rare * total}
    assert set(bins.rare) == pooled
    kept = sorted(
        set(counts) - pooled, key=lambda name: (Fraction(counts[name][1], sum(counts[name])), name)
    )
    assert bins.categories == tuple(kept)
    assert bins.codes([None, "never seen"]).tolist() == [bins.missing, bins.other]
    if not kept:
        return
    good, bad = zip(*(counts[name] for name in kept), strict=True)
    least = min(Fraction(str(floor)) * total, sum(good) + sum(bad))
    expected = best(good, bad, (y.count(0), y.count(1)), {"min_rows": least}, 10.0)
    assert bins.starts == tuple(first for first, _ in expected[1])


def test_the_table_says_all_that_there_is():
    x, y = rows_of([(8, 2), (6, 4), (3, 7)])
    x[0], y[0], x[-1] = np.nan, 0, -9.0
    bins = fit(x, y, Settings(edges=(1.0, 2.0), specials=(Special("refused", (-9.0,)),)))
    table = bins.table()
    assert table.schema.names == [
        "bin", "label", "kind", "low", "high", "categories", "rows", "share", "good", "bad",
        "event_rate", "woe", "iv",
    ]  # fmt: skip
    assert table["label"].to_pylist() == ["< 1", "[1, 2)", ">= 2", "refused", "missing"]
    kinds = [BinKind.ORDINARY.value] * 3 + [BinKind.SPECIAL.value, BinKind.MISSING.value]
    assert table["kind"].to_pylist() == kinds
    assert table["low"].to_pylist() == [-math.inf, 1.0, 2.0, None, None]
    assert table["high"].to_pylist() == [1.0, 2.0, math.inf, None, None]
    assert table["rows"].to_pylist() == [9.0, 10.0, 9.0, 1.0, 1.0]
    assert math.isclose(sum(table["share"].to_pylist()), 1.0)
    assert table["event_rate"].to_pylist()[1] == 0.4
    assert table["woe"].to_pylist() == list(bins.woe)
    assert math.isclose(sum(table["iv"].to_pylist()), bins.iv)
    towns = fit(["a", "a", "b", "b", "b", "c"], np.array([0, 1, 1, 1, 0, 0]),
                Settings(rare_share=0.3)).table()  # fmt: skip
    assert towns["categories"].to_pylist() == [["a"], ["b"], None, ["c"]]
    assert towns["event_rate"].to_pylist()[2] is None  # nobody is missing
    assert towns["low"].null_count == 4


def test_bins_have_the_same_bits_on_every_machine():
    """Made of whole numbers alone, so that no generator of random numbers can differ."""
    at = np.arange(20_000)
    x = (at * 7_919 % 10_007) / 100
    y = ((at * 104_729 % 1_009) < 300 - 2 * x).astype(np.int64)
    grade = [f"g{each}" for each in (x // 9).astype(np.int64) % 12]
    x[at % 17 == 0] = np.nan
    weights = 0.5 + (at * 31 % 97) / 97
    found = [
        fit(x, y),
        fit(x, y, Settings(trend=Trend.NONE, max_bins=5, max_p=0.01), weights=weights),
        fit(grade, y),
    ]
    digests = [hashlib.sha256(bins_to_json(bins).encode()).hexdigest()[:16] for bins in found]
    assert digests == DIGESTS


DIGESTS = ["5fd68b5d32ef26a6", "ffd1a53646b0fe75", "a70cfa551ed2e2c8"]


def test_auto_does_not_miss_what_descending_finds():
    """optbinning#311: a classifier of trends chose one with a fraction of the information."""
    pieces = [(90, 10), (88, 12), (92, 8), (85, 15), (95, 5), (97, 3), (93, 7), (98, 2)]
    auto, down = (fitted(pieces, trend=each) for each in (Trend.AUTO, Trend.DESCENDING))
    assert auto.iv >= down.iv


def test_what_cannot_be_met_is_said_and_not_hidden_in_one_bin():
    """optbinning#257 and #112: a single bin came back, and nobody was told why."""
    pieces = [(50, 5), (45, 5), (40, 5), (35, 5)]
    with pytest.raises(BinningError) as refused:
        fitted(pieces, min_bins=2, min_gap=0.2)
    assert refused.value.conflict == ("min_bins", "min_gap")
    with pytest.raises(BinningError) as refused:
        fitted(pieces, trend=Trend.DESCENDING, min_bins=2)
    assert refused.value.conflict == ("trend", "min_bins")


@pytest.mark.real
@pytest.mark.parametrize("trend", list(Trend))
def test_real_columns_have_no_better_merging(german, trend):
    for column in ("duration_months", "amount", "age"):
        x, y = german[column].to_numpy(), german["bad"].to_numpy()
        bins = fit(x, y, Settings(trend=trend, turn_gain=0.0, prebins=10))
        good = [int(each) for each in bins.piece_good]
        bad = [int(each) for each in bins.piece_bad]
        asked = [trend.value] if trend is not Trend.AUTO else ["peak", "valley"]
        values = [
            best(good, bad, (700, 300), {"trend": each, "min_goods": 1, "min_bads": 1}, 10.0)[0]
            for each in asked
        ]
        assert math.isclose(bins.iv, max(values), abs_tol=1e-9)


@pytest.fixture(scope="module")
def german(real_data):
    """Duration, amount and age of the 1,000 German loans."""
    path = real_data.parent / "uci_german_credit" / "german.csv"
    if not path.exists():
        pytest.skip(f"the German credit data are not at {path}")
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").split()]
    take = {"duration_months": 1, "amount": 4, "age": 12}
    return pa.table(
        {name: [float(line[at]) for line in lines] for name, at in take.items()}
        | {"bad": [int(line[20]) - 1 for line in lines]}
    )

"""Bins as JSON: the same bits back, and no file is taken on trust."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.codec import (
    bins_from_json,
    bins_from_plain,
    bins_to_json,
    bins_to_plain,
    plain_of,
    settings_from_plain,
)
from headrace.scores.binning.optimal import fit
from headrace.scores.binning.problem import EdgeStyle, Settings, Special, Trend

Y = np.arange(60) % 2
SETTINGS = Settings(
    trend=Trend.PEAK, min_goods=0, min_bads=0, specials=(Special("s", (7.0,), 50.0, None),),
    max_p=0.9, edge_style=EdgeStyle.MIDPOINT,
)  # fmt: skip


def numeric():
    x = np.arange(60) / 7
    x[::9] = np.nan
    return fit(x, (Y + (x > 4)) > 0, SETTINGS, feature="x")


def categorical():
    names = [None if each % 13 == 0 else f"城市{each % 5}" for each in range(60)]
    names[1] = "小镇"
    return fit(names, Y, Settings(rare_share=0.1), feature="城市")


@given(st.lists(st.floats(-1e12, 1e12), min_size=60, max_size=60), st.floats(0.01, 3.0))
def test_what_is_saved_reads_back_to_the_same_bits(values, weight):
    x = np.array(values)
    bins = fit(x, Y, SETTINGS, weights=np.linspace(weight, 1.0, 60))
    again = bins_from_json(bins_to_json(bins))
    assert again == bins
    assert bins_to_json(again) == bins_to_json(bins)
    assert again.woe_of(x).tobytes() == bins.woe_of(x).tobytes()


def test_a_larger_file_may_hold_bins():
    for bins in (numeric(), categorical()):
        assert bins_from_plain(json.loads(json.dumps(bins_to_plain(bins)))) == bins
    assert settings_from_plain(plain_of(SETTINGS)) == SETTINGS
    assert "城市1" in bins_to_json(categorical())


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"kind": "round"}, "kind"),
        ({"feature": 3}, "feature"),
        ({"woe": [0.0]}, "woe"),
        ({"woe": None}, "woe"),
        ({"starts": [1]}, "starts"),
        ({"starts": [0, 0]}, "starts"),
        ({"starts": [0, 99]}, "starts"),
        ({"piece_edges": []}, "piece_edges"),
        ({"piece_good": [-1.0]}, "piece_good"),
        ({"piece_bad": [1.0]}, "piece_bad"),
        ({"categories": ["a"]}, "categories"),
        ({"aside_good": [0.0]}, "aside_good"),
        ({"rare": ["a"]}, "categories"),
        ({"rare_good": [1.0]}, "rare"),
        ({"trend": "descending"}, "trend"),
        ({"settings": {}}, "settings"),
        ({"extra": 1}, "the bins"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_the_place(change, where):
    plain = bins_to_plain(numeric()) | change
    with pytest.raises(InputError, match=where) as refused:
        bins_from_plain(plain)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"trend": "up"}, "trend"),
        ({"max_p": True}, "max_p"),
        ({"prebins": 2.5}, "prebins"),
        ({"prebins": 1000}, "prebins"),
        ({"specials": [{"name": "s"}]}, "specials 1"),
        ({"specials": 5}, "specials"),
        ({"edges": ["a"]}, "edges 1"),
        ({"min_gap": float("inf")}, "min_gap"),
    ],
)
def test_settings_are_checked_as_they_are_read(change, where):
    with pytest.raises(InputError, match=where):
        settings_from_plain(plain_of(SETTINGS) | change)


def test_counts_of_one_outcome_are_no_bins():
    plain = bins_to_plain(numeric())
    plain |= {"piece_bad": [0.0] * len(plain["piece_bad"]), "aside_bad": [0.0, 0.0]}
    with pytest.raises(InputError, match="both outcomes"):
        bins_from_plain(plain)


def test_what_is_not_json_is_refused():
    for text in ("", "[", "null", "3", "[" * 100_000):
        with pytest.raises(InputError, match="these are no bins"):
            bins_from_json(text)


def test_categories_stand_once_each():
    plain = bins_to_plain(categorical())
    plain["categories"][0] = plain["categories"][1]
    with pytest.raises(InputError, match="each category once"):
        bins_from_plain(plain)


@pytest.mark.parametrize("field", ["feature", "categories"])
def test_half_a_character_is_refused(field):
    plain = bins_to_plain(categorical())
    plain[field] = "\ud800" if field == "feature" else ["\ud800", *plain[field][1:]]
    with pytest.raises(InputError, match=field):
        bins_from_json(json.dumps(plain))

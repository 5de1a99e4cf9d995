"""A saved card is the card: loaded it scores to the same bits, and a changed file is refused."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from cards_examples import CARD, HAND, cards, values_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cards_points import COLUMNS, table

from headrace.errors import InputError
from headrace.scores.cards.codec import (
    card_digest,
    card_from_json,
    card_from_plain,
    card_to_json,
)
from headrace.scores.cards.points_card import Edit
from headrace.scores.cards.scale import BasePoints, PointsScale, Rounding
from headrace.scores.cards.selection import Dropped, Rule

FULL = replace(
    CARD,
    scale=PointsScale(500.5, 15.0, 20.0, Rounding.DOWN, BasePoints.APART),
    fitted=replace(
        CARD.fitted,
        central_tendency=0.031,
        dropped=(Dropped("age", Rule.CORRELATION, 0.91, 0.9, "income"),),
    ),
    edits=(Edit("income", "[1000, 2000): 130", "[1000, 2000): 135", "李雷", "复核"),),
)
TEXT = card_to_json(FULL)
PLAIN = json.loads(TEXT)


@settings(max_examples=50)
@given(st.data())
def test_any_card_saved_and_loaded_is_equal_and_scores_the_same_bits(data):
    card = data.draw(cards())
    again = card_from_json(card_to_json(card))
    assert again == card
    assert card_to_json(again) == card_to_json(card)
    columns = table(card, data.draw(st.lists(values_of(card), min_size=1, max_size=4)))
    assert again.score(columns).tobytes() == card.score(columns).tobytes()
    assert again.probability(columns).tobytes() == card.probability(columns).tobytes()


def test_scale_bins_edges_fit_and_edits_are_all_kept():
    again = card_from_json(TEXT)
    assert again == FULL
    assert again.scale == FULL.scale
    assert again.lines[0].bins.edges == FULL.lines[0].bins.edges
    assert again.edits == FULL.edits
    for one, other in zip(again.interval(COLUMNS), FULL.interval(COLUMNS), strict=True):
        assert one.tobytes() == other.tobytes()


def test_the_layout_of_the_file_does_not_matter():
    assert card_from_json(json.dumps(PLAIN, indent=4, sort_keys=True)) == FULL
    assert card_from_json(json.dumps(PLAIN, ensure_ascii=True, separators=(",", ":"))) == FULL


def test_equal_cards_have_equal_digests_and_others_do_not():
    assert card_digest(FULL) == PLAIN["sha256"] == card_digest(card_from_json(TEXT))
    assert card_digest(replace(FULL, base=101)) != card_digest(FULL)


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card["lines"][0]["points"].__setitem__(0, 999),
        lambda card: card["scale"].__setitem__("points_to_double", 21.0),
        lambda card: card["lines"][1]["bins"]["piece_edges"].__setitem__(0, 2.0),
        lambda card: card["edits"].clear(),
        lambda card: card["fitted"].__setitem__("intercept", -2.0000000000000004),
    ],
)
def test_a_file_that_was_changed_is_refused(change):
    plain = copy.deepcopy(PLAIN)
    change(plain["card"])
    with pytest.raises(InputError, match="no points card") as error:
        card_from_json(json.dumps(plain))
    assert error.value.where == "the file, sha256"
    assert "changed" in error.value.remedy


@settings(max_examples=200)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from('0123456789"{}[],: x'))
def test_with_any_character_changed_it_is_the_same_card_or_refused(at, character):
    try:
        card = card_from_json(TEXT[:at] + character + TEXT[at + 1 :])
    except InputError as error:
        refused = error
    else:
        refused = None
        assert card == FULL
    assert refused is None or refused.problem == "this is no points card"


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else pairs:
        yield from places(each, (*path, key))


def with_at(plain, path, value):
    changed = copy.deepcopy(plain)
    if not path:
        return value
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


CARD_PLACES = list(places(PLAIN["card"]))
NUMBERS = [-1, 0, 1.5, 1e308, 10**400, float("nan"), float("inf")]
junk = st.sampled_from([*NUMBERS, None, True, "x", "", [], {}, [1.0], [[1.0]]])


@settings(max_examples=300)
@given(st.sampled_from(CARD_PLACES), junk)
def test_with_any_value_anywhere_it_is_a_working_card_or_refused(path, value):
    try:
        card = card_from_plain(with_at(PLAIN["card"], path, value))
    except InputError as error:
        refused = error
    else:
        refused = None
        low, high = (card.lowest, card.highest)
        assert low <= high
        assert ((card.scale.probability([low, high]) + 0.0) <= 1).all()
        assert card_from_json(card_to_json(card)) == card
    assert refused is None or (refused.problem == "this is no points card" and refused.remedy)


@settings(max_examples=60)
@given(st.integers(0, len(TEXT) - 2))
def test_cut_off_anywhere_it_is_refused(end):
    with pytest.raises(InputError, match="no points card"):
        card_from_json(TEXT[:end])


@settings(max_examples=60)
@given(st.sampled_from([path for path in CARD_PLACES if path and isinstance(path[-1], str)]))
def test_without_any_key_it_is_refused(path):
    changed = copy.deepcopy(PLAIN["card"])
    place = changed
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(InputError, match="no points card") as error:
        card_from_plain(changed)
    assert error.value.where


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[]", "format"),
        ("{}", "format"),
        ('{"format": "something else"}', "format"),
        (json.dumps({**PLAIN, "version": 2}), "version"),
        (json.dumps({**PLAIN, "more": 1}), "the file"),
        (json.dumps({**PLAIN, "card": [float("nan")]}), "card"),
        ("[" * 100_000, "the file"),
    ],
)
def test_other_files_are_refused_with_where(text, where):
    with pytest.raises(InputError, match="no points card") as error:
        card_from_json(text)
    assert where in error.value.where


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("lines", 0, "points"), [1, 2], "points for each bin"),
        (("lines", 0, "points", 0), 1.5, "whole number"),
        (("lines", 0, "coefficient"), 0.5, "at most 0"),
        (("scale", "rounding"), "up and away", "half even"),
        (("scale", "odds_base"), 0, "above 0"),
        (("rating", "pd_max"), [], "one bound a class"),
        (("rating", "pd_max", 0), 0.9, "rising"),
        (("fitted", "covariance"), [[1.0]], "4 rows of 4 numbers"),
        (("lines",), [], "one feature or more"),
    ],
)
def test_what_is_wrong_is_said(path, value, said):
    with pytest.raises(InputError, match="no points card") as error:
        card_from_plain(with_at(PLAIN["card"], path, value))
    assert said in error.value.remedy


def test_a_card_written_by_hand_is_kept_as_such():
    assert card_from_json(card_to_json(HAND)).fitted is None
    assert np.array_equal(HAND.score(COLUMNS), card_from_json(card_to_json(HAND)).score(COLUMNS))

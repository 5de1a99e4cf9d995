"""A scorecard comes back from files of users: read to the same text, or refused with words."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.straight_card import CardSpec, Scorecard, Term, Transform
from headrace.scores.straight_fitting import fit

SPEC = CardSpec(terms=(Term("sales", Transform.LOG, low=1), Term("voids", high=1), Term("age")))


def fitted() -> Scorecard:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    y = (rng.random(200) < expit(-1.0 - x[:, 0])).astype(np.int64)
    return fit(x, y, SPEC, seed=3)


TEXT = fitted().to_json()
PLAIN = json.loads(TEXT)


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else pairs:
        yield from places(each, (*path, key))


def with_at(path, value):
    changed = copy.deepcopy(PLAIN)
    if not path:
        return value
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def test_it_reads_back_to_the_same_text():
    assert Scorecard.from_json(TEXT).to_json() == TEXT


NUMBERS = [-1, 0, 1.5, 1e308, float("nan"), float("inf")]
junk = st.sampled_from([*NUMBERS, None, True, "x", "", "log", [], {}, [1.0], [[1.0]]])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(PLAIN))), junk)
def test_with_any_value_anywhere_it_is_a_working_card_or_refused(path, value):
    try:
        card = Scorecard.from_json(json.dumps(with_at(path, value)))
    except InputError as error:
        refused = error
    else:
        refused = None
        probability = card.probability(np.full((2, len(card.names)), 0.5))
        assert ((probability >= 0) & (probability <= 1)).all()
        assert Scorecard.from_json(card.to_json()) == card
    assert refused is None or (refused.problem == "this is no scorecard" and refused.where)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([p for p in places(PLAIN) if p and isinstance(p[-1], str)]))
def test_without_any_key_it_is_refused(path):
    changed = copy.deepcopy(PLAIN)
    place = changed
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(InputError, match="this is no scorecard"):
        Scorecard.from_json(json.dumps(changed))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT) - 2))
def test_cut_off_anywhere_it_is_refused(end):
    with pytest.raises(InputError, match="this is no scorecard"):
        Scorecard.from_json(TEXT[:end])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("median",), [1.0], "3 numbers"),
        (("deviation", 1), 0.0, "above 0"),
        (("covariance",), [[1.0]], "4 rows of 4"),
        (("covariance", 0, 0), -5.0, "no variance below 0"),
        (("spec", "terms", 0, "low"), 0, "low above 0"),
        (("spec", "terms", 0, "low"), None, "low above 0"),
        (("spec", "terms", 1, "low"), 2.0, "high not below its low"),
        (("spec", "terms", 0, "transform"), "cube", "one of linear, log"),
        (("spec", "terms", 1, "feature"), "sales", "each feature once"),
        (("spec", "terms"), [], "one term or more"),
        (("spec", "odds_base"), 0.0, "above 0"),
        (("spec", "inner_folds"), 2.5, "a whole number"),
        (("rows",), -1, "a whole number"),
        (("rows",), True, "a whole number"),
        (("intercept",), float("nan"), "a number"),
        (("extra",), 1, "an object of spec"),
    ],
)
def test_what_is_wrong_is_said(path, value, said):
    with pytest.raises(InputError, match="this is no scorecard") as error:
        Scorecard.from_json(json.dumps(with_at(path, value)))
    assert said in error.value.remedy

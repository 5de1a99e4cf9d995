"""Who is decided by which version: stable shares, challengers in order, shadows beside."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.flow.rollout import (
    PLACES,
    Beside,
    Deployment,
    Mode,
    place_of,
    places_of,
)
from headrace.decisions.program.columns import read_column
from headrace.errors import InputError

STEADY = settings(max_examples=100, deadline=None, derandomize=True)
MANY = [f"C{number}" for number in range(20_000)]


def challenger(name, share):
    return Beside(name, name, Mode.CHALLENGER, share)


def shadow(name, share):
    return Beside(name, name, Mode.SHADOW, share)


def chosen(deployment, salt="", customers=MANY):
    places = places_of(read_column(pa.array(customers)), salt)
    return deployment.followed(places)


@pytest.mark.parametrize("share", [100, 1_000, 5_000, 9_900])
@pytest.mark.parametrize("salt", ["", "spring"])
def test_a_share_is_a_share_of_the_customers(share, salt):
    part = (chosen(Deployment("a", (challenger("b", share),)), salt) == 0).mean()
    whole = share / PLACES
    bound = 5 * np.sqrt(whole * (1 - whole) / len(MANY))  # five standard deviations
    assert abs(part - whole) < bound


def test_places_are_spread_evenly():
    places = places_of(read_column(pa.array(MANY)), "")
    assert places.min() >= 0
    assert places.max() < PLACES
    counts = np.bincount(places // 1_000, minlength=10)
    chi_square = ((counts - 2_000) ** 2 / 2_000).sum()
    assert chi_square < 27.9  # nine degrees of freedom, one in a thousand


@STEADY
@given(
    share=st.integers(0, PLACES),
    more=st.integers(0, PLACES),
    customers=st.lists(st.text(max_size=8), min_size=1, max_size=30),
)
def test_a_share_that_grows_keeps_everybody_it_had(share, more, customers):
    few = chosen(Deployment("a", (challenger("b", min(share, more)),)), customers=customers)
    many = chosen(Deployment("a", (challenger("b", max(share, more)),)), customers=customers)
    assert not np.any((few == 0) & (many != 0))


def test_challengers_take_places_in_order_and_the_champion_has_the_rest():
    deployment = Deployment("a", (challenger("b", 100), shadow("s", 500), challenger("c", 200)))
    found = deployment.followed(np.array([0, 99, 100, 299, 300, PLACES - 1]))
    assert found.tolist() == [0, 0, 1, 1, -1, -1]
    assert [each.name for each in deployment.challengers] == ["b", "c"]
    assert [each.name for each in deployment.shadows] == ["s"]
    assert Deployment("a").followed(np.array([0, 9_999])).tolist() == [-1, -1]
    everybody = Deployment("a", (challenger("b", PLACES),))
    assert everybody.followed(np.array([0, 9_999])).tolist() == [0, 0]


def test_a_place_is_the_same_on_every_machine():
    assert [place_of("C1", ""), place_of("C2", ""), place_of("客户", "")] == [4245, 44, 7201]
    assert place_of("C1", "spring") == 8548


def test_another_salt_deals_anew_however_long_it_is():
    long = "x" * 64
    for one, other in (("", "a"), ("a", "b"), (long, long + "y"), (long + "y", long + "z")):
        first, second = (places_of(read_column(pa.array(MANY[:500])), s) for s in (one, other))
        assert (first == second).mean() < 0.05


@STEADY
@given(st.lists(st.none() | st.integers(-5, 2**60), min_size=1, max_size=10))
def test_a_customer_has_one_place_as_a_number_and_as_a_text(customers):
    texts = [None if each is None else str(each) for each in customers]
    numbers = places_of(read_column(pa.array(customers, pa.int64())), "s")
    words = places_of(read_column(pa.array(texts, pa.string())), "s")
    assert numbers.tolist() == words.tolist()
    for place, text in zip(words.tolist(), texts, strict=True):
        assert place == (PLACES - 1 if text is None else place_of(text, "s"))


@pytest.mark.parametrize(
    ("beside", "problem"),
    [
        ([challenger("b", 6_000), challenger("c", 4_001)], "exceed the whole"),
        ([challenger("b", -1)], "exceed the whole"),
        ([shadow("s", PLACES + 1)], "exceed the whole"),
        ([challenger("b", 1), shadow("b", 1)], "one name"),
        ([challenger("champion", 1)], "one name"),
    ],
)
def test_what_cannot_be_dealt_is_refused(beside, problem):
    with pytest.raises(InputError, match=problem) as refused:
        Deployment("a", tuple(beside))
    assert beside[-1].name in refused.value.where


def test_shadows_may_overlap_everything():
    found = Deployment("a", (challenger("b", PLACES), shadow("s", PLACES), shadow("t", PLACES)))
    assert [each.name for each in found.shadows] == ["s", "t"]
    assert found.followed(np.array([0])).tolist() == [0]

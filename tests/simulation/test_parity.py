"""A small run of `parity.py`; 10^8 values run with `python tests/simulation/parity.py`."""

from collections import Counter

import numpy as np
import parity
import pyarrow as pa
import pytest
from parity import EVENT, NAMES, VOID, Size


def test_five_ways_find_the_same_values():
    seen, gap = parity.a_round(Size(events=6_000, cards=60, days=60), seed=3)
    assert 290 <= seen["events late"] <= 360
    assert seen["events repeated"] == 60
    assert seen["voids"] == 180
    assert seen["restarts"] == 4
    assert seen["restarts from a snapshot"] == 3
    assert seen["redefinitions"] == 1
    assert seen["live = replay"] == 6_060 * len(NAMES)
    assert seen["live = training set"] > 300_000
    assert seen["= DuckDB, equal"] > 1_000
    assert gap <= 1e-12


def test_every_feature_is_compared_with_duckdb_but_a_difference_that_cancels():
    spoken_for = {*parity.parity_peers.EXACT, *parity.parity_peers.CLOSE}
    assert set(NAMES) - spoken_for == {"amount_in_deviations"}
    assert len(NAMES) >= 30


def test_a_card_has_its_facts_in_order_whatever_the_turns():
    rng = np.random.default_rng(5)
    card, kind = rng.integers(0, 9, 500), rng.integers(0, 2, 500)
    turn = parity.turns(card, kind)
    np.testing.assert_array_equal(turn % 2, kind)
    for one in range(9):
        own = turn[card == one]
        assert own[0] == kind[card == one][0]
        assert set(np.diff(own)) <= {0, 1}


def test_facts_are_in_order_of_known_time_and_slabs_hold_them_all():
    given = parity.facts(Size(events=2_000, cards=20, days=40), seed=1)
    assert (np.diff(given.known_us) >= 0).all()
    assert given.kind.tolist().count(EVENT) == given.events.num_rows == 2_020
    assert given.kind.tolist().count(VOID) == given.voids.num_rows == 60
    parts = parity.slabs(given, np.random.default_rng(1))
    assert (parts[0][0], parts[-1][1]) == (0, 2_080)
    assert all(first < last for first, last in parts)
    spans = [given.known_us[last - 1] - given.known_us[first] for first, last in parts]
    assert max(spans) < 86_400_000_000
    history = given.history(int(given.known_us[1_000]))
    known = history.events["payments"]["known_time"].cast(pa.int64())
    assert max(known.to_pylist()) <= given.known_us[1_000]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (0.0, -0.0, False),
        (1.0, np.nextafter(1.0, 2.0), False),
        (None, 0.0, False),
        (None, None, True),
        (0.1, 0.1, True),
    ],
)
def test_bits_are_compared(one, other, equal):
    first, second = (
        pa.table({name: pa.array([each], pa.float64()) for name in NAMES}) for each in (one, other)
    )
    if equal:
        assert parity.same(first, second) == len(NAMES)
    else:
        with pytest.raises(AssertionError, match="count_1d, row 0"):
            parity.same(first, second)


def test_what_counts_as_a_value():
    assert parity.values_of(Counter({"restarts": 3, "live = replay": 7, "Spark = replay": 2})) == 9

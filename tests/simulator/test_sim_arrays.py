import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace.simulator.arrays import pick, ranks


def slow_ranks(counts: list[int]) -> list[int]:
    return [place for count in counts for place in range(count)]


@given(st.lists(st.integers(0, 7), max_size=12))
def test_ranks_agree_with_the_loop(counts: list[int]) -> None:
    assert ranks(np.array(counts, dtype=np.int64)).tolist() == slow_ranks(counts)


@given(
    weights=st.lists(st.floats(0, 10), min_size=1, max_size=12).filter(lambda w: sum(w) > 1e-6),
    count=st.integers(0, 40),
    seed=st.integers(0, 1_000),
)
def test_pick_gives_the_number_asked_in_order_and_never_weightless(
    weights: list[float], count: int, seed: int
) -> None:
    drawn = pick(np.array(weights), count, np.random.default_rng(seed))
    assert len(drawn) == count
    assert (np.diff(drawn) >= 0).all()
    assert all(weights[place] > 0 for place in drawn)


def test_pick_follows_the_weights() -> None:
    drawn = pick(np.array([1.0, 0.0, 3.0]), 40_000, np.random.default_rng(5))
    assert abs((drawn == 2).mean() - 0.75) < 0.01


def test_nothing_is_picked_from_nothing() -> None:
    assert len(pick(np.empty(0), 0, np.random.default_rng(1))) == 0

"""Which rows equal an earlier one: against a dictionary of tuples, and where hashes collide."""

import facts_reference as slow
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts.equal import codes, first_equal, group_ids, in_groups

few = st.integers(-3, 3)
wide = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 2**40])
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(*[few | wide] * width), max_size=40)
)


@given(tables)
def test_first_equal_agrees_with_its_slow_twin(rows: list[tuple[int, ...]]) -> None:
    width = len(rows[0]) if rows else 1
    columns = [np.array([row[at] for row in rows], dtype=np.int64) for at in range(width)]
    assert first_equal(columns).tolist() == slow.first_equal(rows)


@given(tables)
def test_groups_are_numbered_without_gaps(rows: list[tuple[int, ...]]) -> None:
    width = len(rows[0]) if rows else 1
    columns = [np.array([row[at] for row in rows], dtype=np.int64) for at in range(width)]
    group = group_ids(columns).tolist()
    assert sorted(set(group)) == list(range(len(set(rows))))
    pairs = {(row, number) for row, number in zip(rows, group, strict=True)}
    assert len(pairs) == len(set(rows))


def test_rows_that_share_their_hash_are_still_told_apart() -> None:
    # x and y chosen so that (x ^ first column) * prime collides after the second column.
    prime = 0x9E3779B97F4A7C15
    mask = 2**64 - 1

    def mixed(value: int) -> int:
        spread = (value * prime) & mask
        return spread ^ (spread >> 29)

    first = [5, 9]
    second = [0, mixed(5) ^ mixed(9)]
    columns = [np.array(values, dtype=np.uint64).view(np.int64) for values in (first, second)]
    assert first_equal(columns).tolist() == [0, 1]


def test_rows_in_groups() -> None:
    assert in_groups(np.array([0, 1, 0, 3])).tolist() == [True, False, True, False]
    assert in_groups(np.array([], dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["a", None, "b", "a", None]),
        pa.array(["a", None, "b", "a", None]).dictionary_encode(),
        pa.array([1, None, 2, 1, None]),
        pa.array([0.5, None, 1.5, 0.5, None]),
        pa.array([1, None, 2, 1, None], pa.timestamp("us", tz="UTC")),
        pa.array([1, None, 2, 1, None], pa.date32()),
    ],
    ids=lambda values: str(values.type),
)
def test_codes_are_equal_where_values_are(values: pa.Array) -> None:
    found = codes(pa.chunked_array([values])).tolist()
    assert found[0] == found[3] != found[2]
    assert found[1] == found[4]
    assert found[1] not in (found[0], found[2])

"""Ids that were decided under: found again whatever was written down, damaged or killed."""

import numpy as np
import pytest

from headrace.adapters.live import decision_ids
from headrace.adapters.live.decision_ids import NOWHERE, DecisionIds, add_all, hash_of


def written(ids, names, first, upto):
    for number, name in enumerate(names, first):
        add_all(ids, [name], number)
    ids.leave()
    ids.write(upto)


def test_ids_are_found_in_memory_and_in_files_that_are_joined(tmp_path):
    ids, names = DecisionIds(tmp_path, 0), [f"P-{at}" for at in range(1_000)]
    start = 0
    for size in (500, 300, 5, 5, 90, 100):
        written(ids, names[start : start + size], start, start + size)
        start += size
    add_all(ids, ["last"], 1_000)
    assert [ids.number_of(name) for name in names] == list(range(1_000))
    assert ids.number_of("last") == 1_000
    assert ids.number_of("P-1000") == NOWHERE
    asked = [hash_of(each) for each in ("P-7", "nobody", "last", "P-999")]
    assert ids.numbers_of(asked).tolist() == [7, NOWHERE, 1_000, 999]
    assert len(list(tmp_path.iterdir())) < 4
    again = DecisionIds(tmp_path, 1_001)
    assert (again.upto, again.number_of("P-999"), again.number_of("last")) == (1_000, 999, NOWHERE)


def test_what_was_set_apart_is_found_while_it_is_written(tmp_path):
    ids = DecisionIds(tmp_path, 0)
    add_all(ids, ["a"], 1)
    ids.leave()
    add_all(ids, ["b"], 2)
    assert (ids.number_of("a"), ids.number_of("b"), ids.fresh) == (1, 2, 1)
    ids.write(2)
    assert (ids.number_of("a"), ids.number_of("b"), ids.upto) == (1, 2, 2)


@pytest.mark.parametrize("harm", ["flip", "cut", "gap"])
def test_a_file_that_is_of_no_use_is_read_from_the_log_anew(tmp_path, harm):
    ids = DecisionIds(tmp_path, 0)
    written(ids, [f"a{at}" for at in range(100)], 0, 100)
    written(ids, [f"b{at}" for at in range(10)], 100, 110)
    first, second = sorted(tmp_path.glob("*.ids"))
    if harm == "gap":
        first.unlink()
    else:
        content = bytearray(second.read_bytes())
        content[-9] ^= 1
        second.write_bytes(content if harm == "flip" else content[:-1])
    again = DecisionIds(tmp_path, 110)
    assert again.upto == (0 if harm == "gap" else 100)
    assert again.number_of("b3") == NOWHERE, "whoever opens it adds what the log has from there on"


def test_files_of_a_longer_log_are_not_believed(tmp_path):
    ids = DecisionIds(tmp_path, 0)
    written(ids, ["a"], 0, 100)
    assert DecisionIds(tmp_path, 99).upto == 0
    assert not list(tmp_path.glob("*.ids"))


def test_of_two_ids_with_one_hash_the_earlier_record_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(decision_ids, "hash_of", lambda name: 5)
    ids = DecisionIds(tmp_path, 0)
    written(ids, ["a"], 3, 4)
    written(ids, ["b"], 9, 10)
    add_all(ids, ["c"], 12)
    assert ids.number_of("c") == 3
    assert ids.numbers_of([5]).tolist() == [3]
    assert np.all(ids.numbers_of([6]) == NOWHERE)

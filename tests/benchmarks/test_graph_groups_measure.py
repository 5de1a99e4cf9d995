"""The measure of groups at a small size: the same twice, and groups that stay small."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_groups
from workloads.limit_groups import Size


def test_a_small_book_goes_the_whole_way():
    first, again = (graph_groups.whole_book(Size(400, 1_200)) for _ in range(2))
    assert first.hash == again.hash
    assert first.figures["groups"] > 50
    assert first.figures["largest_group"] < first.figures["largest_component"]
    assert 0 < first.figures["seconds"] < 60


def test_one_withdrawn_holding_explains_who_moved():
    assert graph_groups.one_fact(Size(400, 1_200)).figures["moves"] >= 1

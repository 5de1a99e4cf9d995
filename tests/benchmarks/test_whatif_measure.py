"""The what-if measure at a small size: the whole way, twice the same, and both windows differ."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from measures import whatif


def test_a_small_history_goes_the_whole_way():
    first, again = whatif.whatif_1m(3_000, 40, 1), whatif.whatif_1m(3_000, 40, 2)
    assert first.cases == 3_000
    assert first.changed > 0
    assert first.hash == again.hash
    assert set(first.parts) == {"read", "windows", "decide and judge", "page"}
    assert sum(first.parts.values()) <= first.seconds * 1.01
    assert "40 rules" in first.data
    assert first.data.startswith("simulated")


def test_the_changed_definition_is_another_window():
    old, new = whatif.definitions(whatif.WEEK), whatif.definitions(whatif.LONGER)
    assert old != new
    lengths = [(a.window.length, b.window.length) for a, b in zip(
        old.definitions, new.definitions, strict=True)]  # fmt: skip
    assert lengths.count((whatif.WEEK, whatif.LONGER)) == 4
    assert sum(a == b for a, b in lengths) == 8

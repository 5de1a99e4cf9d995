"""The measure of graph formats at a small size."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_formats


def test_every_format_goes_there_and_back():
    formats = graph_formats.WHOLE | graph_formats.STATEMENTS
    found = graph_formats.there_and_back(formats, 300)
    assert set(found.figures) == {
        f"{n}_{way}_seconds" for n in formats for way in ("write", "read")
    }
    assert found.hash == graph_formats.there_and_back(graph_formats.WHOLE, 300).hash
    assert found.hash != graph_formats.there_and_back(graph_formats.WHOLE, 301).hash

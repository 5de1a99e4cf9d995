"""The fraud measure on the handbook's file: the handbook's own counts, and no worse than it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from measures import fraud


def test_every_published_figure_is_a_figure():
    for rows in (fraud.PUBLISHED, fraud.PUBLISHED_FOUR_WEEKS):
        for three in rows.values():
            assert len(three) == len(fraud.FIGURES)
            assert all(0 < value < 1 for value in three)


def test_without_the_file_nothing_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(fraud, "FILE", tmp_path / "no such file")
    assert fraud.out_of_time() is None


@pytest.mark.real
def test_the_windows_are_the_handbooks_and_the_figures_no_worse():
    found = fraud.out_of_time()
    if found is None:
        pytest.skip(f"the handbook's simulated payments are not at {fraud.FILE}")
    # The handbook prints these counts under "train_df.shape" and "test_df.shape".
    assert "67,240 payments, 598 frauds; tested on 58,264, 385" in found.data
    assert tuple(found.figures) == fraud.FIGURES
    for figure, value in found.figures.items():
        published = [
            peer for name, peer in found.peers[figure].items() if name.startswith("handbook")
        ]
        assert len(published) == len(fraud.PUBLISHED)
        assert value >= max(published), figure
        assert value <= found.peers[figure]["the best there can be"]
    assert len(found.hash) == 64

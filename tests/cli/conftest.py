"""A very small economy and one run on it, for all tests of the command line."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import headrace

from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings

SETTINGS = EconomySettings(firms=60, invoices=4_000, labelled_share=0.9, default_rate=0.3)


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """Sixty firms, four thousand invoices, enough labels to fit a card."""
    folder = tmp_path_factory.mktemp("small")
    write_economy(simulate(SETTINGS, seed=5), folder)
    return folder


@pytest.fixture(scope="session")
def ran(small, tmp_path_factory) -> Path:
    """What one run on it left; not to be written to."""
    out = tmp_path_factory.mktemp("ran") / "out"
    done = headrace("run", "--data", small, "--out", out, "--repeats", 1, "--lang", "en")
    assert done.status == 0, done.err
    return out


@pytest.fixture(scope="session")
def built(small, tmp_path_factory) -> Path:
    """The graph of the small economy; not to be written to."""
    out = tmp_path_factory.mktemp("graph") / "out"
    done = headrace("graph", "build", "--data", small, "--out", out, "--json")
    assert done.status == 0, done.err
    assert done.value["simulated"] is True
    assert done.value["relation"] == pq.read_metadata(out / "facts/relation.parquet").num_rows
    return out


@pytest.fixture(scope="session")
def card(ran) -> Path:
    """The card of that run: bringing it along saves the fit."""
    return ran / "scorecard.json"


@pytest.fixture
def run(card, tmp_path):
    """Run with the card on some data; further options follow."""

    def go(data, *options, out=None):
        out = out or tmp_path / "out"
        return headrace(
            "run", "--data", data, "--out", out, "--scorecard", card, "--lang", "en", *options
        )

    return go


@pytest.fixture
def copy(small, tmp_path):
    """A copy of the small economy, to be spoilt."""
    folder = tmp_path / "data"
    shutil.copytree(small, folder)
    return folder

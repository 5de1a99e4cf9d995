"""One run on the small economy, for tests that look at what a run found."""

from pathlib import Path

import pytest

from headrace.adapters.folder import DiskFolder
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.formats import StandardFormats
from headrace.adapters.mappings import load_mapping
from headrace.adapters.terminal import Silent
from headrace.packs import load
from headrace.workflows.result import RunResult
from headrace.workflows.run import Output, RunSettings, Signer, run
from headrace.workflows.score import ScoreSettings


@pytest.fixture(scope="session")
def run_into():
    """Run on a data folder, write into another, with a card or a quick fit."""

    def go(data: Path, out: Path, card=None) -> RunResult:
        source = FolderSource(data, load_mapping(data / "mapping.toml"))
        output = Output(DiskFolder(out), StandardFormats(), Signer(bytes(range(32)), "test"))
        settings = RunSettings(score=ScoreSettings(repeats=1, card=card))
        return run(source, load("sme_invoices"), output, settings, Silent())

    return go


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where the run wrote."""
    return tmp_path_factory.mktemp("found")


@pytest.fixture(scope="session")
def found(run_into, economy, folder) -> RunResult:
    """What the run found; nobody changes it."""
    return run_into(economy, folder)

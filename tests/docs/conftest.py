"""The small simulated world in which the pages run, and a terminal to run their commands in."""

import io
import shlex
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from headrace.cli import main

Terminal = Callable[[str], tuple[int, str]]
SETUP = (
    "headrace economy --out data --firms 120 --invoices 60000",
    "headrace run --data data --out out --lang en",
)
"""What the pages tell a reader to type before they begin."""

QUICK = {"run": ["--repeats", "1"], "demo": ["--firms", "120", "--invoices", "60000"]}
"""Sizes are cut so that pages run in seconds; nothing else about a command is changed."""


def headrace(command: str) -> tuple[int, str]:
    """Run a `headrace` command in this process: exit status, and all that it printed."""
    words = shlex.split(command)
    given = [*words, *(QUICK.get(words[1], []) if "--firms" not in words else [])]
    printed, status = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as here, redirect_stdout(printed), redirect_stderr(printed):
        here.setenv("COLUMNS", "100")
        try:
            main(given[1:])
        except SystemExit as ended:
            status = int(ended.code or 0)
    return status, printed.getvalue()


@pytest.fixture(scope="session")
def terminal() -> Terminal:
    return headrace


@pytest.fixture(scope="session")
def setup() -> tuple[str, ...]:
    return SETUP


@pytest.fixture(scope="session")
def world(tmp_path_factory, signing_key) -> Path:
    """A folder with `data/`, a small simulated economy, and `out/`, the run on it."""
    folder = tmp_path_factory.mktemp("world")
    with chdir(folder):
        for command in SETUP:
            status, printed = headrace(command)
            assert status == 0, printed
    return folder

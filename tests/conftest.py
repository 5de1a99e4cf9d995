"""What every test may use: the reference twins, strategies, and the real data where it is."""

import fcntl
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from headrace.cli import main
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings
from postgres_server import database_on, running

# Timings are never asserted: the first example may have to compile.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TESTS = Path(__file__).parent
for folder in (TESTS, TESTS / "reference"):
    sys.path.insert(0, str(folder))

REAL = TESTS.parent.parent / "shared" / "data" / "cumcm2020c"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real invoices of 425 small firms; not shipped, because their licence is not stated."""
    if not REAL.is_dir():
        pytest.skip(f"the real data are not at {REAL}")
    return REAL


@pytest.fixture(scope="session")
def economy(tmp_path_factory) -> Path:
    """A small simulated economy on disk, with enough labels to fit a card."""
    folder = tmp_path_factory.mktemp("economy")
    small = EconomySettings(firms=100, invoices=30_000, labelled_share=0.9, default_rate=0.25)
    write_economy(simulate(small, seed=5), folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def signing_key(tmp_path_factory):
    """Tests sign with a key of their own, never with the user's."""
    path = tmp_path_factory.mktemp("key") / "signing.key"
    before = os.environ.get("HEADRACE_SIGNING_KEY")
    os.environ["HEADRACE_SIGNING_KEY"] = str(path)
    yield path
    if before is None:
        del os.environ["HEADRACE_SIGNING_KEY"]
    else:
        os.environ["HEADRACE_SIGNING_KEY"] = before


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory, worker_id):
    """A small workspace as `headrace demo` fills it: read it, or copy it before you write."""
    shared = tmp_path_factory.getbasetemp()
    place = (shared if worker_id == "master" else shared.parent) / "demo"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # made once, by the first of several test processes
        if not (place / "done").is_file():
            given = ["demo", "--out", str(place), "--firms", "120", "--invoices", "60000", "--json"]
            with pytest.raises(SystemExit) as ended:
                main(given)
            assert ended.value.code == 0
            (place / "done").touch()
    return place


@pytest.fixture(scope="session")
def dsn():
    """The address of a PostgreSQL server; it skips where there is none."""
    with running() as address:
        yield address


@pytest.fixture
def database(dsn):
    """The address of an empty database on that server."""
    with database_on(dsn) as address:
        yield address

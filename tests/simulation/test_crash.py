"""A few of the seeds of `crash.py`; a thousand run with `python tests/simulation/crash.py`."""

import crash
import pytest


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    crash.warm()


@pytest.mark.parametrize("seed", range(12))
def test_what_was_acknowledged_survives_a_kill(seed):
    crashes, records = crash.run(seed)
    assert crashes >= 1
    assert records >= 0

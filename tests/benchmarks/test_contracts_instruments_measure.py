"""The measures of vouchers and double pledges, small: they conserve, agree, find and repeat."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))

from measures import contracts_instruments  # beside the benchmarks, not in a package


def test_lives_of_vouchers_agree_with_plain_dictionaries_and_repeat():
    found = contracts_instruments.lives(50)
    assert found.figures["acts"] == 400
    assert found.hash == contracts_instruments.lives(50).hash


def test_every_planted_double_is_refused():
    found = contracts_instruments.doubles(4_000)
    assert found.figures["planted"] == 4
    assert found.figures["raised"] >= 4

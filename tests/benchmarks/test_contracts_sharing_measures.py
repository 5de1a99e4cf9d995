"""The measures of shared losses and pledged shares at a small size."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))

from measures import contracts_collateral, contracts_sharing


def test_shared_losses_agree_to_the_fen_or_the_measure_raises():
    found = contracts_sharing.shared(40, 30, 30)
    again = contracts_sharing.shared(40, 30, 5)
    assert found.hash == again.hash
    assert found.figures["claims_per_second"] > found.figures["by_claim_claims_per_second"]


@pytest.mark.real
@pytest.mark.skipif(not contracts_collateral.PRICES.exists(), reason="needs ../shared/data")
def test_pledged_shares_are_told_in_three_numbers():
    figures = contracts_collateral.pledged_shares(20).figures
    for window in contracts_collateral.WINDOWS:
        for rule in ("graded", "flat_50", "flat_same"):
            numbers = [figures[f"{window}_{rule}_{name}_share"] for name in
                       ("lent", "called", "loss_per_value")]  # fmt: skip
            assert all(0 <= number <= 1 for number in numbers)
        same = figures[f"{window}_flat_same_lent_share"]
        assert same == pytest.approx(figures[f"{window}_graded_lent_share"])
        assert figures[f"{window}_fallen_E_share"] > figures[f"{window}_fallen_A_share"]

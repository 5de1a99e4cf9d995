"""The measure of boosted trees at a small size: what it shows holds, and no history looks ahead."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
pytest.importorskip("lightgbm")
from measures import sba_history, score_sets, scores_boosting

real = pytest.mark.skipif(not score_sets.DATA.is_dir(), reason="the real data are not there")


def test_shapley_values_are_lightgbms():
    figures = scores_boosting.measure_speed(500, 20).figures
    assert figures["shap_gap"] <= 1e-9
    assert figures["scores_per_second"] > 0


def test_a_lender_is_known_by_what_was_known_before_the_day():
    """Lender 0 lost the loan of day 1 on day 50; the loans of day 50 do not know that yet."""
    lender = np.array([0, 0, 0, 1, 1, 1])
    approved = np.array([1, 50, 51, 2, 51, 51])
    never = sba_history.NEVER
    charged_off = np.array([50, 90, never, never, 400, never])
    rate, share = sba_history.history(lender, approved, charged_off)
    assert rate[0] == 0.0
    assert -0.05 < rate[1] < 0, "one loan, and no loss known to anybody"
    assert rate[2] > 0 > rate[4] == rate[5]
    known = (1 + 20 / 3) / (2 + 20)  # 1 of 2 loans, and 20 as of all lenders, who lost 1 of 3
    assert rate[2] == pytest.approx(np.log(known * 3))
    assert share[2] == pytest.approx(np.log((2 + 1) / (3 + 20)))
    assert share[4] == share[5] == pytest.approx(np.log(2 / 23)), "not loans of the same day"


def test_later_losses_change_no_earlier_history():
    rng = np.random.default_rng(0)
    lender, approved = rng.integers(0, 5, 300), rng.integers(0, 1_000, 300)
    charged_off = np.where(rng.random(300) < 0.5, approved + rng.integers(1, 900, 300), 10**9)
    before, _ = sba_history.history(lender, approved, charged_off)
    later = np.where(charged_off >= 500, 10**9, charged_off)
    after, _ = sba_history.history(lender, approved, later)
    assert np.array_equal(before[approved <= 500], after[approved <= 500])
    assert not np.array_equal(before, after)


@pytest.mark.real
@real
def test_a_model_of_lenders_ranks_later_loans_better_than_a_plain_one():
    figures = scores_boosting.measure_sba(30).figures
    assert figures["sba_rated_auc"] > figures["sba_plain_auc"] > 0.62
    assert figures["sba_rated_auc_low"] < figures["sba_rated_auc"] < figures["sba_rated_auc_high"]


@real
def test_nothing_known_after_approval_is_a_feature():
    table = sba_history.with_history(score_sets.sba())
    forbidden = score_sets.sba().after | score_sets.sba().suspected
    assert not forbidden & set(table.column_names)
    assert {"term", "chg_off_date", "disbursement_gross"} <= forbidden

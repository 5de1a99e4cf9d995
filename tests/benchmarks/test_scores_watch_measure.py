"""The measure of watching scores at a small size: the same twice, and what it shows holds."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import score_sets, scores_watch

real = pytest.mark.skipif(not score_sets.DATA.is_dir(), reason="the real data are not there")


def test_rules_of_thumb_cry_wolf_and_ours_do_not():
    first, again = (scores_watch.psi(40) for _ in range(2))
    assert first.hash == again.hash
    figures = first.figures
    assert figures["psi_still_50_rule_0.1"] > 0.5
    assert max(figures[f"psi_still_{rows}_ours"] for rows in (50, 100)) < 0.2
    assert figures["psi_moved_10000_rule_0.1"] < 0.2
    assert figures["psi_moved_10000_ours"] == 1


def test_looking_monthly_costs_the_monthly_test_its_level():
    figures = scores_watch.calibration(12).figures
    assert figures["calibration_false_monthly_share"] > 0.2
    assert figures["calibration_false_share"] < 0.2
    assert figures["calibration_found_detector_share"] > 0.8


def test_young_vintages_are_covered():
    figures = scores_watch.delay(4).figures
    assert figures["delay_alike_covered_share"] > 0.85
    assert figures["delay_alike_unripe_as_good_bias_loans"] < -5


def test_reject_inference_is_no_better_than_its_assumption():
    figures = scores_watch.rejects(2, rows=1_500).figures
    assert abs(figures["rejects_knew_much_fuzzy_1_brier_gain"]) < 1e-4
    assert figures["rejects_columns_only_fuzzy_2_brier_gain"] < 0
    assert figures["rejects_knew_much_true_multiplier"] > 1.2


@pytest.mark.real
@real
def test_the_sba_sample_goes_back_to_its_rate():
    figures = scores_watch.sba_rate().figures
    assert figures["sba_sample_mean"] == pytest.approx(0.5, abs=0.001)
    assert figures["sba_restored_mean"] == pytest.approx(0.1756, abs=0.001)


@pytest.mark.real
@real
def test_remedies_on_german_loans():
    figures = scores_watch.fairness("german", "age").figures
    assert figures["fairness_german_age_as_is_ratio_least"] < 0.8
    assert figures["fairness_german_age_one_cut_moved_ratio_least"] >= 0.8
    assert figures["fairness_german_age_one_cut_moved_approval"] > 0.7
    assert figures["fairness_german_age_as_is_auc"] > 0.77


@pytest.mark.real
@real
def test_firms_without_a_label_do_not_pay():
    figures = scores_watch.semi(2).figures
    assert figures["semi_unlabelled"] == 302
    assert figures["semi_label_spreading_gain_high"] < 0
    assert figures["semi_self_training_gain_low"] < 0 < figures["semi_self_training_gain_high"]
    assert figures["semi_plain_auc"] > 0.87

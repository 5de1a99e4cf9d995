"""The scores benchmark cannot rot: its small size runs. No timing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import score_sets, scores_binning, scores_cards

import scores

BENCHMARKS = Path(scores.__file__).parent
PROMISED = {
    "scores.binning_equal_or_better_share": ">= 1",
    "scores.binning_100k_income_speed_ratio": ">= 3",
    "scores.binning_1m_income_seconds": "<= 1",
    "scores.card_german_auc": ">= 0.792",
    "scores.card_taiwan_auc": ">= 0.767",
    "scores.card_cumcm_auc": ">= 0.9",
    "scores.boosting_taiwan_auc": ">= 0.784",
    "scores.boosting_sba_rated_auc": ">= 0.68",
    "scores.card_rows_seconds": "<= 0.5",
    "scores.card_one_row_seconds": "<= 5e-06",
}
"""The bars of issue 7."""


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "scores.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def absent():
    """Measurements that need what is not on this machine."""
    missing = set()
    if not score_sets.DATA.is_dir():
        missing |= {scores_cards.quality, scores_cards.straight}
    if not score_sets.DATA.is_dir() or not scores_binning.OPTBINNING.exists():
        missing |= {scores_binning.beside_optbinning}
    return missing


def test_every_metric_is_measured_once_and_has_the_agreed_shape(small):
    metrics = [each["metric"] for each in small["results"]]
    wanted = [
        scores.SCORES.metric(part, name)
        for part in scores.PARTS
        if part.quick is not None and part.measure not in absent()
        for name in part.bars
        if scores_binning.OPTBINNING.exists() or not name.endswith("speed_ratio")
    ]
    assert sorted(metrics) == sorted(wanted)
    assert len(metrics) == len(set(metrics))
    for each in small["results"]:
        assert set(each) == {"metric", "value", "unit", "bar", "holds", "peers", "hash", "data",
                             "command"}  # fmt: skip
        assert len(each["hash"]) == 16
        assert "{" not in each["data"]


def test_what_was_promised_is_measured():
    bars = {
        scores.SCORES.metric(part, name): bar
        for part in scores.PARTS
        for name, bar in part.bars.items()
        if bar is not None
    }
    told = {name: f"{sign} {value:g}" for name, (sign, value) in bars.items()}
    assert PROMISED.items() <= told.items()

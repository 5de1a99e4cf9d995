"""A fraud model from features: fitted, judged out of time, and shipped."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.packs.payments import FEATURES, fraud_model
from headrace.scores.alerts import Payments, Windows, alert_quality
from headrace.scores.trees.growing import BoostingSettings
from headrace.scores.trees.model import Boosting
from headrace.simulator import fraud_model as command
from headrace.simulator.card_payments import CardSettings
from headrace.simulator.fraud_model import (
    CALIBRATION_DAY,
    FIRST_DAY,
    STREAM,
    Labelled,
    labelled_stream,
    simulated_fraud_model,
)
from headrace.workflows.fraud import evaluate_fraud_model, matrix_of

SETTINGS = BoostingSettings(trees=30, learning_rate=0.2)
WEEKS = Windows(first_day=40, train_days=14, delay_days=7, test_days=7)


@pytest.fixture(scope="module")
def stream() -> Labelled:
    """Not the one that the shipped model was fitted on."""
    return labelled_stream(
        CardSettings(payments=60_000, days=75, compromised=40, leaked=40), seed=2
    )


@pytest.fixture(scope="module")
def shipped() -> Boosting:
    return Boosting.from_json(fraud_model())


def test_features_become_columns_in_the_order_of_the_model():
    table = pa.table({"a": pa.array([1, None]), "b": [True, False], "c": [0.5, float("nan")]})
    found = matrix_of(table, ["c", "a", "b"])
    assert np.array_equal(found, [[0.5, 1, 1], [np.nan, np.nan, 0]], equal_nan=True)
    with pytest.raises(InputError, match=r"not computed: d, e\. computed were: a, b, c"):
        matrix_of(table, ["a", "d", "e"])
    with pytest.raises(InputError, match=r"cannot take values of string\. feature d"):
        matrix_of(pa.table({"d": ["x"]}), ["d"])
    assert matrix_of(table, []).shape == (2, 0)


def test_it_is_judged_on_days_and_cards_it_has_not_seen(stream):
    found = evaluate_fraud_model(stream.features, stream.payments, WEEKS, SETTINGS)
    days = stream.payments.day
    assert found.trained == ((days >= 40) & (days < 54)).sum()
    assert 0 < found.tested < ((days >= 61) & (days < 68)).sum()
    assert found.scores.size == found.tested
    assert found.quality.auc > 0.75
    assert found.quality.average_precision > 20 * found.tested_frauds / found.tested
    assert 0 < found.quality.cards.mean <= found.quality.cards.best
    assert len(found.quality.cards.by_day) == 7


def test_what_comes_after_the_training_changes_nothing_of_the_model(stream):
    """Labels of the delay and of the test may be anything."""
    day, fraud = stream.payments.day, stream.payments.fraud
    otherwise = np.where(day >= WEEKS.test_first_day, ~fraud, fraud & (day < 54))
    other = Payments(day, stream.payments.card, otherwise)
    found = [
        evaluate_fraud_model(stream.features, payments, WEEKS, SETTINGS)
        for payments in (stream.payments, other)
    ]
    assert found[0].model.digest() == found[1].model.digest()
    assert found[0].quality.auc > 0.5 > found[1].quality.auc


def test_tables_that_disagree_are_refused(stream):
    with pytest.raises(InputError, match="3 rows of features for 60000 payments"):
        evaluate_fraud_model(stream.features.slice(0, 3), stream.payments, WEEKS)
    with pytest.raises(InputError, match="0 payments to train on"):
        evaluate_fraud_model(stream.features, stream.payments, Windows(first_day=500))


# --- the model that ships ---


def test_the_shipped_model_takes_the_packs_features_and_says_it_is_simulated(shipped):
    assert shipped.names == tuple(each.name for each in FEATURES)
    assert "simulated" in shipped.fitted_on
    text = fraud_model()
    assert len(text) < 300_000
    assert text == shipped.to_json() + "\n"
    assert json.loads(text)["roots"][0] == 0


def test_the_shipped_model_is_what_its_command_fits(shipped, stream):
    """To the bit on one machine; elsewhere a logarithm may end in another bit."""
    again = simulated_fraud_model()
    assert again.names == shipped.names
    rows = matrix_of(stream.features, shipped.names)
    gap = np.abs(again.probability(rows) - shipped.probability(rows))
    assert np.mean(gap > 0.01) < 1e-3
    assert again.fitted_on == shipped.fitted_on


def test_the_shipped_model_finds_the_frauds_of_a_stream_it_has_not_seen(shipped, stream):
    late = np.flatnonzero(stream.payments.day >= FIRST_DAY)
    payments = stream.payments.take(late)
    score = shipped.probability(matrix_of(stream.features.take(late), shipped.names))
    found = alert_quality(payments, score, top=10)
    assert found.auc > 0.85
    assert found.average_precision > 0.6
    assert found.cards.mean > found.cards.best / 2
    assert payments.fraud[score > 0.5].mean() > 0.7
    assert score.mean() == pytest.approx(payments.fraud.mean(), rel=0.4)


def test_reasons_of_an_alert_name_what_gave_it_away(shipped, stream):
    rows = matrix_of(stream.features, shipped.names)
    amount = rows[:, shipped.names.index("payment_amount")]
    likely = np.flatnonzero((shipped.probability(rows) > 0.9) & (amount > 22_000))
    assert likely.size > 5
    reasons = shipped.contributions(rows[likely])
    first = [shipped.names[place] for place in reasons.argmax(axis=1)]
    assert np.mean([("amount" in name) for name in first]) > 0.5


def test_the_stream_it_was_fitted_on_is_long_enough():
    assert FIRST_DAY < CALIBRATION_DAY < STREAM.days


def test_the_command_writes_what_ships(tmp_path, capsys, monkeypatch, shipped):
    monkeypatch.setattr(command, "simulated_fraud_model", lambda: shipped)
    command.main(tmp_path / "model.json")
    assert Path(tmp_path / "model.json").read_text(encoding="utf-8") == fraud_model()
    assert shipped.digest() in capsys.readouterr().out

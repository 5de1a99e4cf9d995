"""A reader of PMML that is not ours, PMML4S by PyPMML on Java, gives the same figures."""

import shutil

import numpy as np
import pyarrow as pa
import pytest

from headrace.adapters.pmml_files import boosting_pmml, card_pmml
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.trees.growing import BoostingSettings, fit_boosting

pytestmark = pytest.mark.services
NAMES = ("profit", "arrears", "age")


@pytest.fixture(scope="module")
def reader():
    pypmml = pytest.importorskip("pypmml", reason="pip install pypmml")
    if shutil.which("java") is None:
        pytest.skip("PMML4S needs Java")
    yield pypmml.Model
    pypmml.PMMLContext.shutdown()


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1_500, 3))
    y = (rng.random(1_500) < 1 / (1 + np.exp(x[:, 0] - x[:, 1]))).astype(np.int64)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x, y


def asked(x: np.ndarray) -> list[dict[str, float | None]]:
    return [
        {n: None if np.isnan(v) else v for n, v in zip(NAMES, row, strict=True)}
        for row in x.tolist()
    ]


@pytest.mark.parametrize("calibrated", ["as grown", "platt", "isotonic"])
def test_trees(reader, rows, calibrated):
    x, y = rows
    model = fit_boosting(x, y, NAMES, BoostingSettings(trees=20))
    if calibrated == "platt":
        model = model.calibrated(x, y)
    elif calibrated == "isotonic":
        model = model.isotonic_calibrated(x, y)
    read = reader.fromString(boosting_pmml(model).decode())
    found = [read.predict(row)["probability"] for row in asked(x[:100])]
    assert np.abs(np.array(found) - model.probability(x[:100])).max() <= 1e-12


def test_a_card(reader, rows):
    x, y = rows
    trade = np.array(["farm", 'the "shop"', "a & b"])[np.arange(1_500) % 3]
    table = pa.table({"profit": x[:, 0], "arrears": x[:, 1], "trade": trade})
    card = fit_card(table, y, CardSettings(), seed=1)
    read = reader.fromString(card_pmml(card).decode())
    trades = trade[:100].tolist()
    given = [{**row, "trade": each} for row, each in zip(asked(x[:100]), trades, strict=True)]
    found = [read.predict(row) for row in given]
    assert [each["points"] for each in found] == card.score(table)[:100].tolist()
    said = np.array([each["probability"] for each in found])
    assert np.abs(said - card.probability(table)[:100]).max() <= 1e-12

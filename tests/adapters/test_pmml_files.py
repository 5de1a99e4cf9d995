"""Models as PMML text: what the standard makes of it is what the model says."""

import numpy as np
import pmml_reference as pmml
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boosting_sample import small
from headrace.adapters.pmml_files import boosting_pmml, card_pmml
from headrace.errors import InputError, MappingError
from headrace.scores.binning.problem import Settings, Special
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.reasons import ReasonMethod, rank_reasons
from headrace.scores.trees.growing import BoostingSettings, fit_boosting

NAMES = ("利润 <&>", "arrears", "age")


def rows(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = (rng.random(n) < 1 / (1 + np.exp(x[:, 0] - x[:, 1]))).astype(np.int64)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x, y


def named(row: np.ndarray, names=NAMES) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else value
        for name, value in zip(names, row.tolist(), strict=True)
    }


# --- trees ---


@settings(max_examples=8)
@given(seed=st.integers(0, 2**20), calibrated=st.sampled_from(("as grown", "platt", "isotonic")))
def test_trees_score_as_the_model_does(seed, calibrated):
    x, y = rows(seed)
    model = fit_boosting(x, y, NAMES, BoostingSettings(trees=6, leaves=6, rows_per_leaf=5))
    fresh, outcomes = rows(seed + 1)
    if calibrated == "platt":
        model = model.calibrated(fresh, outcomes)
    elif calibrated == "isotonic":
        model = model.isotonic_calibrated(fresh, outcomes)
    data = boosting_pmml(model)
    asked = np.concatenate([fresh[:6], fresh[:2] * 50, np.full((1, 3), np.nan)])
    cuts = model.threshold[np.isfinite(model.threshold) & (model.feature == 0)]
    asked[: min(cuts.size, 5), 0] = cuts[:5]
    raw, probability = model.raw_score(asked), model.probability(asked)
    for place, row in enumerate(asked):
        found = pmml.evaluate(data, named(row))
        assert found["raw_score"] == pytest.approx(raw[place], abs=1e-12)
        assert found["probability"] == pytest.approx(probability[place], abs=1e-12)


def test_a_tree_of_one_leaf_and_a_split_between_known_and_missing():
    data = boosting_pmml(small())
    assert pmml.evaluate(data, {"a": 7.0, "b": None})["raw_score"] == -2.25
    assert pmml.evaluate(data, {"a": None, "b": 1.0})["raw_score"] == 0.25
    always = boosting_pmml(small(missing_left=[0, 1, 0, 0]))
    assert pmml.evaluate(always, {"a": None, "b": 1.0})["raw_score"] == -2.25
    level = boosting_pmml(small(isotonic={"at": [0.0], "to": [0.3]}))
    assert pmml.evaluate(level, {"a": None, "b": 1.0})["probability"] == 0.3


def test_the_text_says_what_it_is_and_is_the_same_each_time():
    text = boosting_pmml(small()).decode()
    assert boosting_pmml(small()).decode() == text
    assert '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">' in text
    assert 'description="by hand"' in text
    assert "recordCount" not in text, "the model does not say how many rows came"


def test_names_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="name of an output: probability"):
        boosting_pmml(small(names=["a", "probability"]))
    with pytest.raises(MappingError, match="character that XML cannot hold"):
        boosting_pmml(small(names=["a", "\x00"]))


# --- cards ---


@pytest.fixture(scope="module")
def applicants() -> tuple[pa.Table, np.ndarray]:
    rng = np.random.default_rng(4)
    x, _ = rows(4, 2_000)
    trade = np.array(["farm", 'the "shop"', "a & b", "mine"])[rng.integers(0, 4, 2_000)]
    arrears = np.where(rng.random(2_000) < 0.1, -9.0, x[:, 1])
    risk = np.nan_to_num(x[:, 1]) - np.nan_to_num(x[:, 0]) + (trade == "mine")
    y = (rng.random(2_000) < 1 / (1 + np.exp(1 - risk))).astype(np.int64)
    return pa.table({"profit": x[:, 0], "arrears": arrears, "trade": trade}), y


@pytest.fixture(scope="module")
def card(applicants) -> PointsCard:
    table, y = applicants
    special = Settings(specials=(Special("not asked", (-9.0,)), Special("wild", low=50.0)))
    return fit_card(table, y, CardSettings(binning_of={"arrears": special}), seed=1)


def is_nan(value: float | str | None) -> bool:
    return isinstance(value, float) and np.isnan(value)


def asked(table: pa.Table) -> list[dict[str, float | str | None]]:
    found = table.slice(0, 150).to_pylist()
    found += [
        {"profit": None, "arrears": 60.0, "trade": "never seen"},
        {"profit": -1e9, "arrears": 50.0, "trade": None},
    ]
    return [{k: None if is_nan(v) else v for k, v in row.items()} for row in found]


def as_table(given: list[dict[str, float | str | None]]) -> pa.Table:
    kinds = pa.schema([("profit", pa.float64()), ("arrears", pa.float64()), ("trade", pa.string())])
    return pa.Table.from_pylist(given, kinds)


def test_a_card_scores_and_explains_as_it_does_here(applicants, card):
    given = asked(applicants[0])
    table = as_table(given)
    points, probability = card.score(table), card.probability(table)
    lacking = rank_reasons(card).shortfalls(card, table)
    data = card_pmml(card)
    for place, row in enumerate(given):
        found = pmml.evaluate(data, row)
        assert found["points"] == points[place]
        assert found["probability"] == pytest.approx(probability[place], abs=1e-12)
        first = np.argsort(-lacking[place], kind="stable")
        told = [found[f"reason_{rank}"] for rank in range(1, len(first) + 1)]
        assert told == [card.features[line] for line in first]


def test_edges_belong_to_the_bin_above(card):
    line = next(each for each in card.lines if each.feature == "profit")
    data = card_pmml(card)
    for edge in line.bins.edges:
        row = {"profit": edge, "arrears": 0.0, "trade": "farm"}
        table = pa.Table.from_pylist([row])
        assert pmml.evaluate(data, row)["points"] == card.score(table)[0]


def test_reasons_may_be_compared_with_the_mean_applicant(applicants, card):
    ranking = rank_reasons(card, ReasonMethod.BELOW_MEAN)
    text = card_pmml(card, ranking).decode()
    for line, reference in zip(card.lines, ranking.reference, strict=True):
        said = f'reasonCode="{line.feature}" baselineScore="{reference}"'
        assert said in text
    assert 'baselineMethod="other"' in text


def test_an_empty_text_cannot_be_written(applicants):
    table, y = applicants
    empty = pa.array(["" if each == "farm" else each for each in table["trade"].to_pylist()])
    made = fit_card(table.set_column(2, "trade", empty), y, CardSettings(), seed=1)
    if "trade" in made.features:
        with pytest.raises(InputError, match="empty text"):
            card_pmml(made)
    assert "trade" in made.features

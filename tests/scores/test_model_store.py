"""Models as data: what is saved reads back to the same bits, and damage is refused."""

import hashlib
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.scores import straight_fitting as straight
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.deep.fitting import DeepSettings, fit_deep
from headrace.scores.deep.model import DeepModel
from headrace.scores.deep.training import Autoencoder
from headrace.scores.store import KINDS, read, saved
from headrace.scores.straight_card import CardSpec, Scorecard, Term
from headrace.scores.table_model import TableModel, Taken
from headrace.scores.trees.categories import Ordered, Rated, fit_rated
from headrace.scores.trees.growing import BoostingSettings, fit_boosting
from headrace.scores.trees.model import Boosting
from headrace.scores.validation.nested import Rows


def applicants(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 2))
    y = (rng.random(n) < 1 / (1 + np.exp(1 + x[:, 0] - x[:, 1]))).astype(np.int64)
    return x, y


@pytest.fixture(scope="module")
def models() -> dict[type, object]:
    """One model of every kind that can be saved."""
    x, y = applicants()
    trees = fit_boosting(x, y, ("利润", "arrears"), BoostingSettings(trees=5))
    columns = pa.table({"profit": x[:, 0], "arrears": x[:, 1]})
    trades = pa.array(np.array(["farm", "shop", "商店"])[np.arange(300) % 3])
    found = [
        trees,
        straight.fit(x, y, CardSpec((Term("profit"), Term("arrears"))), seed=1),
        fit_card(columns, y, CardSettings(), seed=1),
        fit_deep(Rows(columns, y), DeepSettings(autoencoders=(Autoencoder(widths=()),))),
        Ordered(("low", "middle", "high")),
        fit_rated(trades, y, 10.0),
        TableModel(
            "boosting",
            "bad",
            (Taken("利润", categorical=False), Taken("arrears", categorical=False)),
            trees,
        ),
    ]
    return {type(each): each for each in found}


def test_there_is_a_model_of_every_kind(models):
    assert {kind.type for kind in KINDS} == set(models)
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_reads_back_to_the_same_bits(models, kind):
    model = models[kind.type]
    data = saved(model)
    again = read(data)
    assert type(again) is kind.type
    assert kind.to_json(again) == kind.to_json(model)
    assert saved(again) == data
    assert json.loads(data)["kind"] == kind.name


def test_scores_are_the_same_bits(models):
    x, _ = applicants()
    for kind in (Boosting, Scorecard):
        again = read(saved(models[kind]))
        assert np.array_equal(again.probability(x), models[kind].probability(x))
    columns = pa.table({"profit": x[:, 0], "arrears": x[:, 1]})
    again = read(saved(models[DeepModel]))
    assert np.array_equal(again.probability(columns), models[DeepModel].probability(columns))
    again = read(saved(models[PointsCard]))
    assert np.array_equal(again.score(columns), models[PointsCard].score(columns))


def test_a_file_may_be_laid_out_anew(models):
    data = saved(models[Boosting])
    plain = json.loads(data)
    anew = json.dumps(dict(reversed(plain.items())), indent=2, ensure_ascii=True)
    assert saved(read(anew.encode())) == data


def changed(model: object, **change) -> bytes:
    return canonical_json({**json.loads(saved(model)), **change})


def test_what_is_no_saved_model_is_refused(models):
    model = models[Boosting]
    whole = saved(model)
    for data, said in [
        (b"", "the file"), (whole[:-40], "the file"), (b"[]", "the file"),
        (model.to_json().encode(), "the file"), (changed(model, more=1), "the file"),
        (changed(model, version=2), "version"), (changed(model, version=True), "version"),
        (changed(model, kind="forest"), "one of boosting"),
        (changed(model, kind="straight card"), "no scorecard"),
        (changed(model, sha256="0" * 64), "sha256"),
        (whole.replace(b'"slope":1.0', b'"slope":NaN'), "model"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as refused:
            read(data)
        assert said in str(refused.value)


def test_a_number_that_was_altered_is_refused(models):
    data = saved(models[Boosting])
    altered = data.replace(b'"slope":1.0', b'"slope":1.5')
    assert altered != data
    with pytest.raises(InputError, match="cut short or altered"):
        read(altered)


def test_a_hash_made_anew_does_not_get_a_damaged_model_past_its_own_checks(models):
    plain = json.loads(saved(models[Boosting]))
    plain["model"]["left"][0] = 0
    plain["sha256"] = hashlib.sha256(canonical_json(plain["model"])).hexdigest()
    with pytest.raises(InputError, match="a later node of the same tree"):
        read(canonical_json(plain))


def test_what_is_no_model_is_not_saved(models):
    with pytest.raises(InputError, match="a dict is no model to save"):
        saved({"slope": 1})
    with pytest.raises(InputError, match="a Boosting is no model to save"):
        saved(models[Boosting], [kind for kind in KINDS if kind.type is Scorecard])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"levels": ["a", "a"]}', "levels"),
        ('{"levels": [1]}', "levels"),
        ('{"levels": ["a"], "log_odds": [], "otherwise": 0}', "log_odds"),
        ('{"levels": ["a"], "log_odds": [null], "otherwise": 0}', "log_odds 0"),
        ('{"levels": ["a"], "log_odds": [1], "otherwise": "x"}', "otherwise"),
        ('{"levels": []}', "one category or more"),
        ("[]", "the file"),
    ],
)
def test_encodings_that_are_none_are_refused(text, said):
    name = Rated if "log_odds" in text else Ordered
    kind = next(each for each in KINDS if each.type is name)
    with pytest.raises(InputError) as refused:
        kind.from_json(text)
    assert said in str(refused.value)


@settings(max_examples=60)
@given(
    levels=st.lists(st.text(st.characters(codec="utf-8"), max_size=5), unique=True, max_size=5),
    numbers=st.lists(st.floats(-1e300, 1e300), min_size=6, max_size=6),
)
def test_rated_categories_read_back_to_the_same_bits(levels, numbers):
    rated = Rated(tuple(levels), tuple(numbers[: len(levels)]), numbers[5])
    again = read(saved(rated))
    assert again == rated
    assert saved(again) == saved(rated)

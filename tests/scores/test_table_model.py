"""Models of tables: fitted of the rows given, saved and read to the same bits."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.linear import fit_linear, fit_rare
from headrace.scores.rare import firth, firth_weights
from headrace.scores.store import read, saved
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import KINDS, shift_between
from headrace.scores.table_model_text import table_model_from_json, table_model_to_json
from headrace.scores.trees.shap import TreeShap
from headrace.scores.validation.nested import Rows


def sample(n=400, seed=1):
    """Income lowers the risk, debt raises it, trade counts a little; noise says nothing."""
    rng = np.random.default_rng(seed)
    income, debt, noise = rng.normal(size=(3, n))
    trade = rng.choice(["retail", "farm", "works", None], n)
    risk = -1.6 - 0.8 * income + 0.7 * debt + 0.5 * (trade == "farm")
    y = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(np.int64)
    debt[::9] = np.nan
    table = pa.table({
        "income": income, "debt": debt, "noise": noise, "trade": pa.array(trade, pa.string()),
    })  # fmt: skip
    return Rows(table, y)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_reads_back_to_the_same_bits(kind):
    rows = sample()
    model = Making(kind, "bad").fit(rows)
    data = saved(model)
    again = read(data)
    assert saved(again) == data
    assert (again.probability(rows.x) == model.probability(rows.x)).all()
    assert again.target == "bad"


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up(kind):
    rows = sample()
    model = Making(kind).fit(rows)
    total = model.start + model.contributions(rows.x).sum(axis=1)
    if kind == "card":
        assert (total == model.model.score(rows.x)).all()
    elif kind == "boosting":
        assert total == pytest.approx(model.model.raw_score(model.numbers(rows.x)))
        shap = TreeShap.of(model.model).contributions(model.numbers(rows.x))
        assert (model.contributions(rows.x) == shap).all()
    else:
        p = model.probability(rows.x)
        assert total == pytest.approx(np.log(p / (1 - p)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_columns_and_unseen_categories_do_no_harm(kind):
    rows = sample()
    model = Making(kind).fit(rows)
    turned = rows.x.select(rows.x.column_names[::-1])
    assert (model.probability(turned) == model.probability(rows.x)).all()
    odd = rows.x.slice(0, 2).set_column(3, "trade", pa.array(["castle", None], pa.string()))
    assert np.isfinite(model.probability(odd)).all()
    with pytest.raises(InputError, match="no column 'income'"):
        model.probability(rows.x.drop_columns(["income"]))


def test_a_row_does_not_see_its_own_outcome_in_the_rate_of_its_category():
    rng = np.random.default_rng(3)
    names = pa.array([f"shop {each}" for each in rng.integers(0, 200, 400)], pa.string())
    y = (rng.random(400) < 0.3).astype(np.int64)
    model = Making("linear").fit(Rows(pa.table({"shop": names, "x": rng.normal(size=400)}), y))
    weight = model.model.weights[0]
    assert abs(weight) < 0.3  # 200 names of 400 rows say nothing, and are not trusted


def test_few_defaults_keep_their_number_though_a_column_parts_them():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 3))
    y = (x[:, 0] > 2.1).astype(np.int64)
    assert 2 <= y.sum() <= 10
    twice = np.column_stack([x, x[:, 1], np.ones(300)])  # one stands twice, one says nothing
    model = fit_rare(twice, y, ("a", "b", "c", "again", "one"))
    p = model.probability(twice)
    assert p.sum() == pytest.approx(y.sum())
    assert np.isfinite(model.weights).all()
    assert ((p > 0) & (p < 1)).all()


def test_the_weights_of_firth_are_those_with_intervals():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(80, 2))
    y = (rng.random(80) < 0.2).astype(np.int64)
    assert firth_weights(x, y) == pytest.approx(firth(x, y).weights, abs=1e-12)
    with pytest.raises(InputError, match="depend on one another"):
        firth_weights(np.column_stack([x, x]), y)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.005, 0.5))
def test_a_stated_rate_moves_log_odds_by_one_number(seed, rate):
    rows = sample(150, seed)
    if min(rows.y.sum(), 150 - rows.y.sum()) < 5:
        return
    before = Making("rare").fit(rows).probability(rows.x)
    after = Making("rare", base_rate=rate).fit(rows).probability(rows.x)
    moved = np.log(after / (1 - after)) - np.log(before / (1 - before))
    assert moved == pytest.approx(shift_between(float(rows.y.mean()), rate), abs=1e-9)


def test_weights_count_as_rows():
    rows = sample(200)
    twice = Rows(pa.concat_tables([rows.x, rows.x]), np.tile(rows.y, 2))
    x = [np.column_stack([np.asarray(each.x[name]) for name in ("income", "noise")])
         for each in (rows, twice)]  # fmt: skip
    folds = [(np.arange(0, 200, 2), np.arange(1, 200, 2))]
    doubled = [(np.r_[a, a + 200], np.r_[b, b + 200]) for a, b in folds]
    heavy = fit_linear(x[0], rows.y, ("income", "noise"), folds, np.full(200, 2.0))
    plain = fit_linear(x[0], rows.y, ("income", "noise"), folds)
    assert heavy.weights == pytest.approx(plain.weights)  # only their proportions count
    both = fit_linear(x[1], twice.y, ("income", "noise"), doubled)
    assert np.sign(both.weights).tolist() == np.sign(plain.weights).tolist()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda m: m.update(kind="magic"), "kind"),
        (lambda m: m["columns"].pop(), "columns"),
        (lambda m: m["columns"][0].update(rated={"levels": []}), "rated|levels|file"),
        (lambda m: m["columns"][0].update(categorical=1), "categorical"),
        (lambda m: m["inner"]["weights"].pop(), "weights"),
        (lambda m: m["inner"]["spread"].__setitem__(0, 0.0), "inner"),
        (lambda m: m["learnt"].update(rows="many"), "rows"),
        (lambda m: m["learnt"].update(split=["one"]), "split"),
        (lambda m: m["learnt"].update(importance=[1.0]), "importance"),
        (lambda m: m["learnt"].update(figures=[["auc", 1]]), "figures"),
        (lambda m: m.pop("target"), "model"),
    ],
)
def test_every_field_of_a_file_is_checked(change, where):
    plain = json.loads(table_model_to_json(Making("linear", "bad").fit(sample(120))))
    change(plain)
    with pytest.raises(InputError) as refused:
        table_model_from_json(json.dumps(plain))
    assert any(each in refused.value.where for each in where.split("|")), refused.value


@pytest.mark.parametrize(
    ("making", "said"),
    [
        (lambda: Making("magic"), "magic"),
        (lambda: Making("linear", monotone={"income": -1}), "direction"),
        (lambda: Making("card", base_rate=0.0), "default rate"),
        (lambda: Making("boosting", monotone={"trade": 1}).fit(sample(100)), "categories"),
        (lambda: Making("boosting", monotone={"karma": 1}).fit(sample(100)), "no feature"),
        (
            lambda: Making("linear").fit(Rows(sample(40).x, np.eye(1, 40, dtype=np.int64)[0])),
            "learn",
        ),
    ],
)
def test_what_cannot_be_made_is_refused(making, said):
    with pytest.raises(InputError, match=said):
        making()


def test_numbers_too_large_to_square_are_refused_with_their_row():
    rows = sample(100)
    income = np.asarray(rows.x["income"]).copy()
    income[7] = 1e308
    with pytest.raises(InputError, match="too large") as refused:
        Making("linear").fit(Rows(rows.x.set_column(0, "income", pa.array(income)), rows.y))
    assert "income, row 8" in refused.value.where

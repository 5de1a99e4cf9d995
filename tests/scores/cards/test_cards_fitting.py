"""A fitted card: safer bins never have fewer points, and every choice is made on the rows given."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from headrace.errors import InputError
from headrace.scores.binning.problem import Settings, Special
from headrace.scores.cards.codec import card_to_json
from headrace.scores.cards.constrained import Penalty
from headrace.scores.cards.fitting import CardSettings, calibrate, fit_card
from headrace.scores.cards.scale import BasePoints, PointsScale, Rounding
from headrace.scores.cards.selection import Rule, Selection


def firms(rows=1_500, seed=2):
    """Firms whose default depends on sales, overdue days and trade; noise depends on nothing."""
    rng = np.random.default_rng(seed)
    sales = rng.lognormal(10, 1, rows)
    overdue = rng.poisson(2, rows).astype(float)
    trade = rng.choice(["farm", "shop", "works"], rows)
    odds = -1.5 - 0.8 * (np.log(sales) - 10) + 0.25 * overdue + 0.8 * (trade == "works")
    y = (rng.random(rows) < expit(odds)).astype(np.int64)
    sales[rng.random(rows) < 0.1] = np.nan
    overdue[rng.random(rows) < 0.05] = -1
    table = pa.table(
        {"sales": sales, "overdue": overdue, "trade": trade, "noise": rng.normal(size=rows)}
    )
    return table, y


TABLE, Y = firms()
QUICK = CardSettings(
    binning=Settings(max_p=0.01),
    binning_of={"overdue": Settings(specials=(Special("none", codes=(-1.0,)),))},
    penalties=(Penalty(0.1), Penalty(1.0)),
    inner_folds=3,
)
CARD = fit_card(TABLE, Y, QUICK, seed=1)


def test_a_safer_bin_never_has_fewer_points():
    for line in CARD.lines:
        woe, points = np.array(line.bins.woe), np.array(line.points)
        order = np.argsort(woe, kind="stable")
        assert (np.diff(points[order]) >= 0).all()
        assert line.coefficient < 0


@settings(max_examples=15)
@given(
    st.integers(0, 1_000),
    st.sampled_from(Rounding),
    st.sampled_from(BasePoints),
    st.floats(5, 100),
)
def test_that_holds_whatever_the_rows_and_the_scale(seed, rounding, base, double):
    table, y = firms(200, seed)
    scale = PointsScale(500, 10, double, rounding, base)
    asked = CardSettings(penalties=(Penalty(1.0),), inner_folds=2, scale=scale)
    card = fit_card(table, y, asked, seed=0)
    for line in card.lines:
        order = np.argsort(line.bins.woe, kind="stable")
        assert (np.diff(np.array(line.points)[order]) >= 0).all()
    assert (card.base == 0) is (base is BasePoints.SPREAD) or card.base == 0
    exact = scale.points(_log_odds(card, table))
    spare = len(card.lines) + 1
    assert (np.abs(card.score(table) - exact) <= spare).all()
    if rounding is Rounding.DOWN:
        assert (card.score(table) <= exact + 1e-9).all()


def _log_odds(card, table):
    """The regression's own, before points were made whole."""
    parts = [line.coefficient * line.bins.woe_of(table[line.feature]) for line in card.lines]
    return card.fitted.intercept + sum(parts)


def test_it_ranks_calibrates_and_knows_what_it_was_fitted_on():
    probability = CARD.probability(TABLE)
    assert roc_auc_score(Y, probability) > 0.7
    assert abs(probability.mean() - Y.mean()) < 0.02
    assert (CARD.fitted.rows, CARD.fitted.defaults) == (1_500, Y.sum())
    low, high = CARD.interval(TABLE)
    assert (low < probability).all()
    assert (probability < high).all()


def test_new_firms_are_ranked_as_well():
    table, y = firms(3_000, seed=9)
    assert roc_auc_score(y, CARD.probability(table)) > 0.69


def test_noise_is_dropped_and_recorded():
    dropped = {each.feature: each.rule for each in CARD.fitted.dropped}
    assert dropped["noise"] is Rule.ONE_BIN
    assert set(CARD.features) | set(dropped) == set(TABLE.column_names)
    assert not set(CARD.features) & set(dropped)


def test_the_same_rows_and_seed_give_the_same_text():
    assert card_to_json(fit_card(TABLE, Y, QUICK, seed=1)) == card_to_json(CARD)


def test_the_number_of_threads_changes_nothing():
    with threadpool_limits(1):
        alone = fit_card(TABLE, Y, QUICK, seed=1)
    assert card_to_json(alone) == card_to_json(CARD)


def test_the_order_of_the_rows_changes_little():
    order = np.random.default_rng(8).permutation(Y.size)
    card = fit_card(TABLE.take(pa.array(order)), Y[order], QUICK, seed=1)
    assert card.features == CARD.features
    for one, other in zip(card.lines, CARD.lines, strict=True):
        assert one.bins.edges == other.bins.edges
        assert one.bins.groups == other.bins.groups


def test_rows_that_a_fold_tests_are_not_seen_by_its_bins():
    """A column that names the row tells everything of rows it was binned on, and nothing else."""
    named = pa.array([f"firm {at}" for at in range(Y.size)])
    card = fit_card(TABLE.append_column("name", named), Y, QUICK, seed=1)
    new, y = firms(2_000, seed=12)
    unseen = pa.array([f"other firm {at}" for at in range(2_000)])
    ranked = roc_auc_score(y, card.probability(new.append_column("name", unseen)))
    plain = roc_auc_score(y, CARD.probability(new))
    assert ranked > plain - 0.02
    assert abs(card.probability(new.append_column("name", unseen)).mean() - y.mean()) < 0.1


def test_columns_may_come_as_arrays():
    columns = {name: TABLE[name] for name in TABLE.column_names}
    columns["sales"] = TABLE["sales"].to_numpy()
    assert fit_card(columns, Y, QUICK, seed=1) == CARD


def test_features_are_those_named_in_the_order_named():
    asked = replace(QUICK, features=("trade", "sales"))
    card = fit_card(TABLE, Y, asked, seed=1)
    assert card.features == ("trade", "sales")


def test_the_central_tendency_moves_every_probability_by_the_same_odds():
    card = fit_card(TABLE, Y, replace(QUICK, central_tendency=0.03), seed=1)
    rate = Y.mean()
    moved = np.log(0.03 / 0.97) - np.log(rate / (1 - rate))
    shift = _log_odds(card, TABLE) - _log_odds(CARD, TABLE)
    assert np.allclose(shift, moved)
    assert card.probability(TABLE).mean() < CARD.probability(TABLE).mean() / 3


def test_a_weight_counts_as_so_many_rows_in_bins():
    times = np.random.default_rng(5).integers(1, 4, Y.size).astype(float)
    asked = replace(QUICK, binning=Settings())
    card = fit_card(TABLE, Y, asked, seed=1, weights=times)
    line = next(each for each in card.lines if each.feature == "sales")
    assert sum(line.rows) == pytest.approx(times.sum())
    scaled = fit_card(TABLE, Y, asked, seed=1, weights=7.0 * times)
    assert scaled.features == card.features
    assert np.allclose(scaled.fitted.covariance, card.fitted.covariance, rtol=1e-6)


def test_features_enter_one_by_one_while_they_help():
    asked = replace(QUICK, selection=Selection(iv_least=0.0, forward=True))
    card = fit_card(TABLE, Y, asked, seed=1)
    assert set(card.features) <= {"sales", "overdue", "trade", "noise"}
    assert {"sales", "trade"} <= set(card.features)
    rules = {each.feature: each.rule for each in card.fitted.dropped}
    assert rules.get("noise") in {Rule.LOG_LOSS, Rule.ONE_BIN}


def test_the_interval_holds_the_true_probability_of_most():
    """Rows whose probability is known: four categories each of three features, one of noise."""
    held = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        codes = rng.integers(0, 4, (4, 1_500))
        truth = expit(-1.5 + 0.4 * (codes[:3] - 1.5).sum(axis=0))
        y = (rng.random(1_500) < truth).astype(np.int64)
        table = {f"x{at}": pa.array(np.array(list("abcd"))[each]) for at, each in enumerate(codes)}
        low, high = fit_card(table, y, CardSettings(inner_folds=3), seed=0).interval(table)
        held.append(((low <= truth) & (truth <= high)).mean())
    assert 0.9 < np.mean(held) <= 1.0


def test_a_penalty_on_the_sum_leaves_features_out():
    few = replace(QUICK, penalties=(Penalty(1.0, 60.0),))
    many = replace(QUICK, penalties=(Penalty(1.0),))
    one, other = (fit_card(TABLE, Y, asked, seed=1) for asked in (few, many))
    assert set(one.features) < set(other.features)
    assert {each.rule for each in one.fitted.dropped} >= {Rule.SIGN}


def test_a_column_that_only_part_of_the_rows_cannot_bin_is_no_reason_to_stop():
    rare = np.zeros(Y.size)
    rare[:6] = 1.0
    y = Y.copy()
    y[:3], y[3:6] = 0, 1
    asked = replace(
        QUICK, binning_of={"rare": Settings(edges=(0.5,), min_bins=2, min_rows=5, prebin_share=0)}
    )
    card = fit_card(TABLE.append_column("rare", pa.array(rare)), y, asked, seed=1)
    assert card.fitted.rows == Y.size


def test_calibration_undoes_a_known_distortion():
    rng = np.random.default_rng(6)
    truth = rng.normal(-1, 1.2, 20_000)
    y = (rng.random(20_000) < expit(truth)).astype(float)
    slope, shift = calibrate((truth - 0.4) / 1.5, y, np.ones(20_000))
    assert slope == pytest.approx(1.5, abs=0.06)
    assert shift == pytest.approx(0.4, abs=0.06)


def test_calibration_keeps_the_mean_where_the_slope_is_held():
    rng = np.random.default_rng(7)
    log_odds = rng.normal(size=500)
    y = (rng.random(500) < expit(5 * log_odds)).astype(float)
    slope, shift = calibrate(log_odds, y, np.ones(500))
    assert slope == 2.0
    assert expit(slope * log_odds + shift).mean() == pytest.approx(y.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("table", "y", "settings_", "said"),
    [
        (TABLE, Y, CardSettings(features=("wealth",)), "wealth"),
        (TABLE, Y[:-1], QUICK, "one 0 or 1 a row"),
        (TABLE, Y + 1, QUICK, "one 0 or 1 a row"),
        (TABLE, np.zeros_like(Y), QUICK, "too few"),
        (TABLE.select(["noise"]), Y, CardSettings(selection=Selection(10.0)), "no feature"),
        (TABLE, Y, replace(QUICK, central_tendency=1.0), "central tendency"),
    ],
)
def test_what_cannot_be_fitted_is_refused(table, y, settings_, said):
    with pytest.raises(InputError, match=said):
        fit_card(table, y, settings_, seed=1)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_weights_are_above_nothing(weight):
    weights = np.ones(Y.size)
    weights[3] = weight
    with pytest.raises(InputError, match="weights"):
        fit_card(TABLE, Y, QUICK, seed=1, weights=weights)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"a": [1.0] * 20, "b": [1.0] * 19}, "make no table"),
        (pa.Table.from_arrays([pa.array([1.0] * 20)] * 2, names=["a", "a"]), "of one name: a"),
    ],
)
def test_columns_that_are_no_table_are_refused(columns, said):
    with pytest.raises(InputError, match=said):
        fit_card(columns, np.arange(20) % 2, seed=1)


@pytest.mark.parametrize(
    ("wrong", "said"), [({"penalties": ()}, "no penalty"), ({"inner_folds": 1}, "inner_folds is 1")]
)
def test_settings_that_leave_nothing_to_choose_by_are_refused(wrong, said):
    with pytest.raises(InputError, match=said):
        CardSettings(**wrong)


def test_a_column_that_no_inner_fold_can_bin_says_nothing_out_of_fold():
    x = np.arange(400.0)
    y = (np.random.default_rng(1).random(400) < 0.1 + 0.6 * (x >= 200)).astype(np.int64)
    # Each of two bins needs 190 rows: all 400 have them, the 320 of an inner fold do not.
    halves = CardSettings(binning=Settings(min_rows=190, min_bins=2))
    assert fit_card({"x": x}, y, halves, seed=1).fitted.calibration_slope == 0.5


def test_a_seed_that_deals_nothing_is_refused():
    with pytest.raises(InputError, match="seed is -1"):
        fit_card({"a": np.arange(20.0)}, np.arange(20) % 2, seed=-1)

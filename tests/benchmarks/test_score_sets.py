"""The five real sets as the measures read them, and what the leakage check finds in them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))

from measures import score_sets, scores_leakage

from headrace.packs import load
from headrace.scores.leakage.folds import check_folds
from headrace.scores.leakage.sample import is_text
from headrace.scores.straight_card import terms_of
from headrace.scores.validation.nested import Functions, Rows, out_of_fold, quality
from headrace.scores.validation.splits import SplitSettings, out_of_time, split
from headrace.scores.validation.straight import validate

needs_data = pytest.mark.skipif(not score_sets.DATA.is_dir(), reason="needs ../shared/data")
SHAPES = {
    "german": (1_000, 300, 20),
    "taiwan": (30_000, 6_636, 23),
    "sba": (30_000, 15_000, 15),
    "smesd": (4_028, 2_293, 21),
}


@pytest.mark.real
@needs_data
@pytest.mark.parametrize("name", SHAPES)
def test_a_set_has_its_rows_and_keeps_what_leaks_out_of_its_features(name):
    found = score_sets.SETS[name]()
    rows, bad, features = SHAPES[name]
    assert (found.table.num_rows, int(found.y.sum())) == (rows, bad)
    assert found.features.num_columns == features
    assert not set(found.features.column_names) & (found.after | found.suspected)
    assert found.defects
    numbers, texts = found.arrays()
    assert sorted([*numbers, *texts]) == sorted(found.features.column_names)
    assert all(values.dtype == np.float64 for values in numbers.values())
    for each in (found.times, found.groups, found.weights, found.reference):
        assert each is None or each.shape == (rows,)


@pytest.mark.real
@needs_data
def test_published_splits_part_times_and_firms():
    sba, smesd = score_sets.sba(), score_sets.smesd()
    train, test = sba.out_of_time
    assert sba.times[train].max() < np.datetime64("2005-01-01") <= sba.times[test].min()
    assert sba.times[test].max() < np.datetime64("2008-01-01")
    assert np.unique(sba.weights).tolist() == [10.504, 49.307]
    train, test = smesd.out_of_time
    assert not set(smesd.groups[train]) & set(smesd.groups[test])
    assert test.size == 491
    assert np.unique(smesd.groups[train]).size == train.size
    copied = np.unique(score_sets.taiwan().groups).size
    assert copied == 29_944, "56 rows of the cards repeat another in every feature"


@pytest.mark.real
@needs_data
def test_the_leaks_of_the_real_sets_are_refused_and_their_honest_features_are_not():
    """Also: the card of the pack on the CUMCM firms is as good as the run that ships it says."""
    table = list(scores_leakage.real())
    figures = scores_leakage.flagged(table).figures
    assert figures["real_leaks_refused"] == len(scores_leakage.MUST) == 8
    assert figures["real_honest_refused"] == figures["real_honest_warned"] == 0
    assert figures["real_honest"] > 130
    groups, copies = scores_leakage.shared_folds()
    assert (groups.rule, groups.refuses, dict(groups.evidence)["distinct"]) == (
        "group_in_both", True, 51.0
    )  # fmt: skip
    assert (copies.rule, copies.refuses) == ("copy_in_both", False)
    firms, card = score_sets.cumcm(), load("sme_invoices").require_lending().card
    found = validate(terms_of(firms.features, card.terms), firms.y, card, 7, repeats=2)
    assert found.auc.value > 0.9


def test_planted_leaks_are_refused_and_honest_strong_features_are_not():
    figures = scores_leakage.simulated((3_000,), 3).figures
    assert figures["planted_refused"] == figures["planted"] == 21
    assert figures["honest_refused"] == figures["honest_warned"] == 0
    assert figures["look_ahead_found"] == figures["look_ahead"] == 9
    assert figures["look_ahead_wrong"] == 0


def rates(table, y):
    """Share of bad of every value of every text, drawn to the mean; learnt from these rows."""
    learnt = {}
    for name in table.column_names:
        if is_text(column(table, name)):
            value = np.array(column(table, name).cast("string").to_pylist(), dtype=object)
            learnt[name] = {
                each: (y[value == each].sum() + 20 * y.mean()) / ((value == each).sum() + 20)
                for each in set(value)
            }
    return learnt


def column(table, name):
    return table[name].combine_chunks()


def design(table, learnt, mean):
    """Numbers as logarithms, gaps as 0, texts as the log odds of their shares of bad."""
    columns = []
    for name in table.column_names:
        own = column(table, name)
        if name in learnt:
            texts = own.cast("string").to_pylist()
            columns.append([logit(learnt[name].get(each, mean)) for each in texts])
        else:
            columns.append(np.nan_to_num(np.log1p(np.maximum(score_sets.as_numbers(own), 0))))
    return np.column_stack(columns)


def fitting(rows):
    learnt, mean = rates(rows.x, rows.y), rows.y.mean()
    x = design(rows.x, learnt, mean)
    model = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky"))
    return learnt, mean, model.fit(x, rows.y)


PLAIN = Functions(
    fitting, lambda model, x: model[2].predict_proba(design(x, model[0], model[1]))[:, 1]
)


@pytest.mark.real
@needs_data
def test_the_same_loans_are_ranked_worse_when_the_test_is_later():
    """SBA without term: at random about 0.75, out of time about 0.65; the split says which."""
    sba = score_sets.sba()
    names = ["amount", "guaranteed_share", "jobs_retained", "urban_rural", "revolving", "sector",
             "state", "low_doc", "franchise"]  # fmt: skip
    kept = np.flatnonzero(sba.times < np.datetime64("2008-01-01"))[::4]
    rows = Rows(sba.features.select(names), sba.y, times=sba.times, groups=sba.groups).take(kept)
    later = out_of_time(rows.times, [np.datetime64("2005-01-01")], rows.groups)
    assert {leak.rule for leak in check_folds(later, rows.groups, rows.times)} == set()
    honest = quality(out_of_fold(PLAIN, rows, later))
    careless = quality(
        out_of_fold(PLAIN, rows, split(rows.y, groups=rows.groups, settings=SplitSettings(3)))
    )
    assert 0.55 < honest.auc.low < honest.auc.high < 0.72
    assert careless.auc.low > honest.auc.high, "what a split at random would have promised"
    assert honest.line.intercept.low > 0.3, "and more loans went bad than the past had shown"
    assert "out of time: 1 window(s) from 2005-01-01" in honest.en


@pytest.mark.real
@needs_data
def test_a_plain_model_of_the_german_loans_has_its_published_quality():
    german = score_sets.german()
    splits = split(german.y, settings=SplitSettings(folds=5, repeats=2, seed=1))
    found = quality(out_of_fold(PLAIN, Rows(german.features, german.y), splits))
    assert 0.74 < found.auc.value < 0.82
    assert found.auc.low < 0.78 < found.auc.high
    assert 0.6 < found.line.slope.value < 1.2
    assert found.brier.skill > 0.1

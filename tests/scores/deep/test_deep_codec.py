"""A deep model saved and read: the same bits, and no damage gets through."""

import copy
import json

import numpy as np
import pytest
from deep_examples import applicants, models, tables
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.deep.codec import model_from_json, model_to_json
from headrace.scores.deep.fitting import DeepSettings, fit_deep
from headrace.scores.deep.training import Autoencoder
from headrace.scores.store import read, saved


@given(models(), tables())
def test_what_is_saved_reads_back_to_the_same_bits(model, table):
    again = read(saved(model))
    assert saved(again) == saved(model)
    assert np.array_equal(again.probability(table), model.probability(table))
    assert again.learnt == model.learnt


def test_a_fitted_model_reads_back_to_the_same_bits():
    rows = applicants(300)
    model = fit_deep(rows, DeepSettings(autoencoders=(Autoencoder(widths=()),)))
    assert np.array_equal(read(saved(model)).probability(rows.x), model.probability(rows.x))
    assert json.loads(saved(model))["kind"] == "deep model"


PLAIN = {
    "columns": [
        {"name": "sales", "at": [1.0, 2.0], "to": [-1.0, 1.0]},
        {"name": "trade", "known": ["farm", "商店"]},
    ],
    "layers": [
        {"weight": [[1.0, 2.0]] * 5, "bias": [0.0, 0.5]},
        {"weight": [[1.0], [2.0]], "bias": [0.0]},
    ],
    "head": {"weight": [[1.0], [2.0], [3.0]], "bias": [-1.0]},
    "slope": 1.0,
    "shift": 0.0,
    "learnt": {"rows": 90, "events": 9, "made": 72, "strength": 0.1},
}


def test_the_plain_one_is_a_model():
    text = model_to_json(model_from_json(json.dumps(PLAIN)))
    assert json.loads(text) == PLAIN


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("slope",), None, "slope"),
        (("slope",), True, "slope"),
        (("shift",), 1e301, "shift"),
        (("shift",), "0", "shift"),
        (("columns",), [], "columns"),
        (("columns",), {}, "columns"),
        (("columns", 0), 3, "columns 0"),
        (("columns", 0), {"name": "sales"}, "columns 0"),
        (("columns", 0, "name"), "trade", "columns"),
        (("columns", 0, "name"), 3, "columns 0, name"),
        (("columns", 0, "name"), "\ud800", "columns 0, name"),
        (("columns", 0, "at"), [], "columns 0, at"),
        (("columns", 0, "at"), [2.0, 2.0], "columns 0, at"),
        (("columns", 0, "at", 1), "2", "columns 0, at 1"),
        (("columns", 0, "to"), [1.0, -1.0], "columns 0, to"),
        (("columns", 0, "to"), [1.0], "columns 0, to"),
        (("columns", 1, "known"), ["farm", "farm"], "columns 1, known"),
        (("columns", 1, "known"), ["farm", None], "columns 1, known 1"),
        (("columns", 1, "known"), ["farm"], "layers 0, weight"),
        (("layers",), None, "layers"),
        (("layers",), [], "head, weight"),
        (("layers", 0), [], "layers 0"),
        (("layers", 0, "bias"), [], "layers 0, bias"),
        (("layers", 0, "bias"), [0.0], "layers 0, weight"),
        (("layers", 0, "bias", 1), float("nan"), "layers 0, bias 1"),
        (("layers", 1, "weight", 1), [2.0, 2.0], "layers 1, weight"),
        (("layers", 1, "weight", 1, 0), float("inf"), "layers 1, weight 1 0"),
        (("layers", 1, "more"), 1, "layers 1"),
        (("head", "weight"), [[1.0], [2.0]], "head, weight"),
        (("head",), {"weight": [[1.0, 2.0]] * 3, "bias": [0.0, 0.0]}, "head, bias"),
        (("learnt", "rows"), 9.0, "learnt, rows"),
        (("learnt", "made"), -1, "learnt, made"),
        (("learnt", "events"), 90, "learnt, events"),
        (("learnt", "strength"), 0, "learnt, strength"),
        (("learnt",), {"rows": 90}, "learnt"),
        (("more",), 1, "the file"),
    ],
)
def test_damage_is_refused_where_it_is(path, value, where):
    damaged = copy.deepcopy(PLAIN)
    inside = damaged
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(InputError) as refused:
        model_from_json(json.dumps(damaged))
    assert refused.value.where == where
    assert refused.value.remedy.startswith("it should be")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"layers": []}', "[" * 10_000])
def test_a_text_that_is_no_model_is_refused(text):
    with pytest.raises(InputError, match="no deep model"):
        model_from_json(text)


@given(models(), st.data())
def test_a_file_cut_short_is_refused(model, data):
    whole = saved(model)
    cut = data.draw(st.integers(0, len(whole) - 2))
    with pytest.raises(InputError):
        read(whole[:cut])

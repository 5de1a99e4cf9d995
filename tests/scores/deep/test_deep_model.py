"""Scoring with plain arrays: as the slow twin says, and without jax."""

import subprocess
import sys

import deep_reference as slow
import numpy as np
import pyarrow as pa
from deep_examples import CLOSE, applicants, models, rows_of, tables
from hypothesis import given, settings

from headrace.scores.deep.encoding import fit_encoding
from headrace.scores.deep.model import BLOCK, DeepModel, Layer, Learnt
from headrace.scores.store import saved


def hand_made(n: int = 2 * BLOCK + 3) -> tuple[DeepModel, pa.Table]:
    """A model with weights drawn at random, and more rows than one block."""
    table = applicants(n).x
    encoding = fit_encoding(table, 8, 1)
    rng, inputs, layers = np.random.default_rng(2), encoding.owner.size, []
    for width in (7, 3):
        layers.append(Layer(rng.normal(size=(inputs, width)), rng.normal(size=width)))
        inputs = width
    head = Layer(rng.normal(size=(10, 1)), np.array([-2.0]))
    return DeepModel(encoding, tuple(layers), head, 0.9, -0.3, Learnt(90, 9, 5, 0.1)), table


@given(models(), tables())
def test_scores_are_those_of_plain_loops(model, table):
    found = model.probability(table)
    assert np.allclose(found, [slow.probability(model, row) for row in rows_of(table)], **CLOSE)
    assert ((found >= 0) & (found <= 1)).all()


@given(models(), tables())
def test_codes_are_those_of_plain_loops(model, table):
    columns = model.encoding.columns
    expected = [slow.codes(model.layers, slow.encode(columns, row)) for row in rows_of(table)]
    assert np.allclose(model.codes(table), expected, **CLOSE)


def test_a_row_scores_the_same_bits_alone_as_among_others():
    model, table = hand_made()
    together = model.probability(table)
    for row in (0, BLOCK - 1, BLOCK, 2 * BLOCK + 2):
        assert model.probability(table.slice(row, 1))[0] == together[row]


def test_blocks_leave_no_row_out():
    model, table = hand_made()
    few = table.slice(BLOCK - 2, 4)
    expected = [slow.probability(model, row) for row in rows_of(few)]
    assert np.allclose(model.probability(table)[BLOCK - 2 : BLOCK + 2], expected, **CLOSE)


def test_no_row_has_no_score():
    model, table = hand_made(5)
    assert model.probability(table.slice(0, 0)).shape == (0,)
    assert model.codes(table.slice(0, 0)).shape == (0, 10)


@given(models(), tables())
@settings(max_examples=20)
def test_other_columns_and_their_order_do_not_matter(model, table):
    wider = pa.table({"more": np.zeros(table.num_rows), **dict(zip(table.column_names[::-1],
                      table.columns[::-1], strict=True))})  # fmt: skip
    assert np.array_equal(model.probability(wider), model.probability(table))


SCORES = """
import sys
sys.modules["jax"] = sys.modules["optax"] = None  # as if not installed
from headrace.scores.store import read
from headrace.scores.deep.fitting import Deep
import pyarrow as pa
model = read(sys.stdin.buffer.read())
table = pa.table({"sales": [1.5, None], "arrears": [0.0, 3.0], "log_sales": [0.4, 1.0],
                  "trade": ["farm", "mill"]})
print(Deep().predict(model, table).tolist())
"""


def test_scoring_does_not_need_jax():
    model, _ = hand_made(50)
    done = subprocess.run(
        [sys.executable, "-c", SCORES], input=saved(model), capture_output=True, check=True
    )
    table = pa.table(
        {
            "sales": [1.5, None],
            "arrears": [0.0, 3.0],
            "log_sales": [0.4, 1.0],
            "trade": ["farm", "mill"],
        }
    )
    assert done.stdout.decode().strip() == str(model.probability(table).tolist())

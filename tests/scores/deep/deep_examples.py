"""Applicants and models that tests of deep models share; none of it needs jax."""

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from headrace.scores.deep.encoding import CategoryColumn, Encoding, NumberColumn
from headrace.scores.deep.model import DeepModel, Layer, Learnt
from headrace.scores.validation.nested import Rows

TRADES = ("farm", "shop", "商店")
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def applicants(n: int, *, bad: float = 0.2, seed: int = 1) -> Rows:
    """Borrowers whose sales, arrears and trade say who defaults, some of it missing."""
    rng = np.random.default_rng(seed)
    sales, arrears = rng.lognormal(size=n), rng.poisson(1.0, n).astype(float)
    trade = rng.integers(3, size=n)
    risk = arrears - 2 * np.log(sales) + trade
    y = (risk + rng.logistic(size=n) > np.quantile(risk, 1 - bad)).astype(np.int64)
    noise = rng.normal(size=n)
    twin = np.log(sales) + 0.1 * noise
    sales[rng.random(n) < 0.1] = np.nan
    names = np.array(TRADES)[trade]
    table = pa.table(
        {
            "sales": sales,
            "arrears": arrears,
            "log_sales": twin,
            "trade": pa.array(names, mask=rng.random(n) < 0.1).dictionary_encode(),
        }
    )
    return Rows(table, y)


def rows_of(table: pa.Table) -> list[dict]:
    return table.to_pylist()


few = st.floats(-5, 5, allow_nan=False, width=32)


@st.composite
def layers(draw, inputs: int, outputs: int) -> Layer:
    numbers = draw(st.lists(few, min_size=(inputs + 1) * outputs, max_size=(inputs + 1) * outputs))
    found = np.array(numbers, np.float64).reshape(inputs + 1, outputs)
    return Layer(found[1:], found[0])


@st.composite
def number_columns(draw, name: str) -> NumberColumn:
    at = sorted(draw(st.sets(few, min_size=1, max_size=5)))
    to = sorted(draw(st.lists(few, min_size=len(at), max_size=len(at))))
    return NumberColumn(name, np.array(at, np.float64), np.array(to, np.float64))


@st.composite
def models(draw) -> DeepModel:
    """Any model of two or three columns, with no layer, one or two."""
    columns = [
        draw(number_columns("sales")),
        CategoryColumn("trade", tuple(draw(st.lists(st.sampled_from(TRADES), unique=True)))),
    ]
    if draw(st.booleans()):
        columns.append(draw(number_columns("arrears")))
    encoding = Encoding(tuple(columns))
    inputs, stack = encoding.owner.size, []
    for width in draw(st.lists(st.integers(1, 3), max_size=2)):
        stack.append(draw(layers(inputs, width)))
        inputs = width
    codes = sum(each.bias.size for each in stack) or encoding.owner.size
    head = draw(layers(codes, 1))
    slope, shift = draw(few), draw(few)
    return DeepModel(encoding, tuple(stack), head, slope, shift, Learnt(90, 9, 0, 0.1))


@st.composite
def tables(draw) -> pa.Table:
    """One to six rows for any of those models."""
    n = draw(st.integers(1, 6))
    numbers = st.lists(st.one_of(st.none(), few), min_size=n, max_size=n)
    trades = st.sampled_from((None, "elsewhere", *TRADES))
    return pa.table(
        {
            "arrears": pa.array(draw(numbers), pa.float64()),
            "trade": pa.array(draw(st.lists(trades, min_size=n, max_size=n)), pa.string()),
            "sales": pa.array(draw(numbers), pa.float64()),
        }
    )

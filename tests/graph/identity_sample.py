"""Firms small enough to read, and a model whose weights are round numbers."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from headrace.graph.identity.judgements import Judgement, Verdict
from headrace.graph.identity.model import Agreement, Model
from headrace.graph.identity.settings import Measure, Settings, TextComparison, block_on

COLUMNS = ("name", "phone", "code")
SETTINGS = Settings(
    comparisons=(
        TextComparison("name", Measure.EDITS, (1.0,)),
        TextComparison("phone"),
        TextComparison("code"),
    ),
    rules=(block_on("name"), block_on("phone"), block_on("code")),
    weight_min=0.0,
    block_rows_max=4,
    single=("code",),
)
MODEL = Model(
    SETTINGS,
    prior=1 / 9,  # 3 bits against
    agreements=(
        Agreement((1 / 8, 3 / 8, 1 / 2), (1 / 2, 3 / 8, 1 / 8)),  # -2, 0, +2 bits
        Agreement((1 / 4, 3 / 4), (1 / 2, 3 / 32)),  # -1, +3 bits
        Agreement((1 / 8, 7 / 8), (1 / 2, 7 / 256)),  # -2, +5 bits
    ),
    frequencies={},
)


def table(rows) -> pa.Table:
    """Rows of name, phone, code; None where missing."""
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {name: pa.array(values, pa.string()) for name, values in zip(COLUMNS, columns, strict=True)}
    )


def judged(name: str, verdict: Verdict, left: str, right: str) -> Judgement:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return Judgement(name, verdict, left, right, "wang.li", at, "site visit")


def partition(resolver) -> set[frozenset[str]]:
    """The parties as sets of records, whatever their ids."""
    found: dict[str, set[str]] = {}
    for row in resolver.parties().to_pylist():
        found.setdefault(row["party"], set()).add(row["record"])
    return {frozenset(each) for each in found.values()}


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)

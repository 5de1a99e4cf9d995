"""A table of applicants becomes scores: points by item, a range, a grade, reasons.

    score = Σ weight × share(value)

Every sum runs over the items in the order of the file, so that a score has the same bits on every
machine. A cell that cannot be (a word that is no choice, a number out of range) is told and then
counts as missing: it neither stops the run nor passes for a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.named.definition import Field, Item, Kind, NamedScore

Floats = NDArray[np.float64]
REGION = "region"
"""Column that says which region's norms hold."""
REASONS_MAX = 4
"""Reasons told; the customary limit of adverse-action notices."""
BAD_CELLS = pa.schema(
    [("row", pa.int64()), ("field", pa.string()), ("cell", pa.string()), ("right", pa.string())]
)
BadCell = tuple[int, str, str, str]
"""A row of `BAD_CELLS`."""
_YES = {"yes", "true", "1", "1.0", "y", "是", "有"}
_NO = {"no", "false", "0", "0.0", "n", "否", "无"}


@dataclass(frozen=True)
class Scored:
    """Scores of a table of applicants.

    Attributes:
        score: Points, 0 to 100, (n,).
        low: The least it can be, whatever is missing, (n,): the score itself is within.
        high: The most it can be, (n,).
        known: Share of the points whose field is known, 0 to 1, (n,).
        grade: Name of the grade, (n,); empty where too little is known for one.
        points: Points of each item, (n, items).
        missing: Whether an item is not known, (n, items).
        reasons: Fields that took most, at most four a row, worst first.
        bad: Cells that could not be read, of schema `BAD_CELLS`; rows from 1.
    """

    score: Floats
    low: Floats
    high: Floats
    known: Floats
    grade: NDArray[np.str_]
    points: Floats
    missing: NDArray[np.bool_]
    reasons: tuple[tuple[str, ...], ...]
    bad: pa.Table


def score_table(table: pa.Table, score: NamedScore) -> Scored:
    """Score every row.

    Args:
        table: A column for each field, under its name; a field without a column is missing for
            everybody. Numbers may be texts. `region` is a text column, where the score is local.
        score: The definition.

    Raises:
        InputError: The table has none of the fields, or no region where one is needed.
    """
    names = [field.name for field in score.fields]
    if not set(names) & set(table.column_names):
        raise InputError(
            f"the table has no field of {score.name}",
            where=", ".join(table.column_names) or "its headings",
            remedy=f"`headrace score dictionary {score.name}` lists them: {', '.join(names)}",
        )
    region = _regions(table, score)
    n, items = table.num_rows, score.items
    shares, known = np.zeros((n, len(items))), np.zeros((n, len(items)), np.bool_)
    bad: list[BadCell] = []
    for at, item in enumerate(items):
        field = score.field(item.field)
        if field.name not in table.column_names:
            shares[:, at] = item.missing
            continue
        share, wrong = _shares(table[field.name], field, item, _norms(region, score, item))
        known[:, at] = ~np.isnan(share)
        shares[:, at] = np.where(known[:, at], share, item.missing)
        bad += wrong
    return _added(score, shares, known, bad)


def _added(
    score: NamedScore,
    shares: Floats,
    known: NDArray[np.bool_],
    bad: list[BadCell],
) -> Scored:
    weights = np.array([item.weight for item in score.items])
    reach = [_reach(item) for item in score.items]
    worst, best = np.array([low for low, _ in reach]), np.array([high for _, high in reach])
    points = shares * weights
    total = _sum(points)
    share_known = _sum(known * weights) / 100.0
    least = np.array([grade.least for grade in score.grades[::-1]])
    grades = np.array([grade.name for grade in score.grades[::-1]])
    # A sum of floats may miss a round number by its last bit; a grade must not hang on that.
    grade = grades[np.searchsorted(least, np.round(total, 9), side="right") - 1]
    return Scored(
        score=total,
        low=_sum(np.where(known, shares, worst) * weights),
        high=_sum(np.where(known, shares, best) * weights),
        known=share_known,
        grade=np.where(share_known >= score.least_known - 1e-12, grade, ""),
        points=points,
        missing=~known,
        reasons=_reasons(score, weights * best - points),
        bad=bad_cells(bad),
    )


def bad_cells(bad: Sequence[BadCell]) -> pa.Table:
    """Cells that could not be read, by row, as a table of `BAD_CELLS`."""
    told = [list(column) for column in zip(*sorted(bad), strict=True)] or [[]] * 4
    return pa.table(told, schema=BAD_CELLS)


def _sum(parts: Floats) -> Floats:
    """Left to right: numpy's own sum may pair terms otherwise on another machine."""
    total = np.zeros(parts.shape[0])
    for column in parts.T:
        total = total + column
    return total


def _reach(item: Item) -> tuple[float, float]:
    shares = [item.missing, *(share for _, share in item.at), *item.shares.values()]
    return min(shares), max(shares)


def _reasons(score: NamedScore, short: Floats) -> tuple[tuple[str, ...], ...]:
    """What took most from the most that could be had; of equals, the earlier item."""
    order = np.argsort(-np.round(short, 9), axis=1, kind="stable")[:, :REASONS_MAX]
    fields = [item.field for item in score.items]
    return tuple(
        tuple(fields[at] for at in row if short[number, at] > 1e-9)
        for number, row in enumerate(order)
    )


def _regions(table: pa.Table, score: NamedScore) -> list[str] | None:
    if not score.local:
        return None
    if REGION not in table.column_names:
        raise InputError(
            f"{score.name} compares with what is usual in a region, and there is no region",
            where=REGION,
            remedy=f"a column {REGION}: one of {', '.join(score.usual)}; any other counts as *",
        )
    return ["" if cell is None else str(cell).strip() for cell in table[REGION].to_pylist()]


def _norms(region: list[str] | None, score: NamedScore, item: Item) -> Floats | float:
    """What is usual for each row, (n,); 1 where the item is not local."""
    if region is None or not item.local:
        return 1.0
    other = score.usual["*"][item.field]
    norm = {name: norms.get(item.field, other) for name, norms in score.usual.items()}
    return np.array([norm.get(name, other) for name in region])


def _shares(
    column: pa.ChunkedArray, field: Field, item: Item, norm: Floats | float
) -> tuple[Floats, list[BadCell]]:
    """Share of the weight of each row, NaN where missing; and the cells that cannot be."""
    if field.kind is Kind.NUMBER:
        value, wrong = _numbers(column, field)
        at = np.array([value for value, _ in item.at])
        share = np.interp(value / norm, at, np.array([part for _, part in item.at]))
        return np.where(np.isnan(value), np.nan, share), wrong
    words = [_word(cell) for cell in column.to_pylist()]
    if field.kind is Kind.FLAG:
        words = ["yes" if word.lower() in _YES else "no" if word.lower() in _NO else word
                 for word in words]  # fmt: skip
    else:
        zh = {text.zh: word for word, text in field.choices.items()}
        words = [zh.get(word, word) for word in words]
    right = "yes or no" if field.kind is Kind.FLAG else ", ".join(item.shares)
    wrong = [
        (row, field.name, word, f"one of {right}" if field.kind is Kind.CHOICE else right)
        for row, word in enumerate(words, start=1)
        if word and word not in item.shares
    ]
    return np.array([item.shares.get(word, np.nan) for word in words], np.float64), wrong


def _word(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell).strip()


def _numbers(column: pa.ChunkedArray, field: Field) -> tuple[Floats, list[BadCell]]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        value, asked = _parsed(column.to_pylist())
    else:
        cast = pc.cast(column, pa.float64(), safe=False)
        value = np.asarray(cast.to_numpy(zero_copy_only=False), np.float64).copy()
        asked = ~np.isnan(value)
    low = -np.inf if field.low is None else field.low
    high = np.inf if field.high is None else field.high
    good = np.isfinite(value) & (value >= low) & (value <= high)
    right = f"a number from {low:g} to {high:g}"
    wrong = [
        (int(row) + 1, field.name, str(column[int(row)].as_py())[:80], right)
        for row in np.flatnonzero(asked & ~good)
    ]
    return np.where(good, value, np.nan), wrong


def _parsed(cells: list[str | None]) -> tuple[Floats, NDArray[np.bool_]]:
    """Texts as numbers, a per cent sign read; and which cells say anything."""
    value, asked = np.full(len(cells), np.nan), np.zeros(len(cells), np.bool_)
    for row, cell in enumerate(cells):
        text = "" if cell is None else cell.strip().replace(",", "")
        asked[row] = bool(text)
        try:
            value[row] = float(text[:-1]) / 100 if text.endswith("%") else float(text or "nan")
        except ValueError:
            continue
    return value, asked


def usual_by_region(
    table: pa.Table, score: NamedScore, rows_least: int = 30
) -> Mapping[str, Mapping[str, float]]:
    """Medians of the local fields by region: the `usual` of a definition, from one's own data.

    Args:
        table: With the fields and `region`.
        score: The definition.
        rows_least: A region with fewer known values of a field is left to "*".
    """
    region = np.array(_regions(table, score) or [])
    found: dict[str, dict[str, float]] = {"*": {}}
    for item in score.items:
        if not item.local or item.field not in table.column_names:
            continue
        value, _ = _numbers(table[item.field], score.field(item.field))
        known = ~np.isnan(value) & (value > 0)
        for name in ("*", *sorted(set(region.tolist()))):
            here = value[known if name == "*" else known & (region == name)]
            if here.size >= rows_least:
                found.setdefault(name, {})[item.field] = float(np.median(here))
    return found


def scored_table(found: Scored, score: NamedScore, *, ids: pa.Table | None = None) -> pa.Table:
    """The result as a table: what people look at first, then the points of each item.

    Args:
        found: From `score_table`.
        score: The definition.
        ids: Columns to put in front, such as the applicant's name.
    """
    grades = {grade.name: grade.figures for grade in score.grades}
    columns: dict[str, pa.Array] = {
        "score": pa.array(found.score),
        "low": pa.array(found.low),
        "high": pa.array(found.high),
        "known": pa.array(found.known),
        "grade": pa.array([name or None for name in found.grade.tolist()], pa.string()),
    }
    for key in score.figures:
        of = [grades[name][key] if name else None for name in found.grade.tolist()]
        columns[key] = pa.array(of, pa.float64())
    columns["reasons"] = pa.array([";".join(row) for row in found.reasons], pa.string())
    missing = [
        ";".join(item.field for item, gone in zip(score.items, row, strict=True) if gone)
        for row in found.missing
    ]
    columns["missing"] = pa.array(missing, pa.string())
    for at, item in enumerate(score.items):
        columns[f"points_{item.field}"] = pa.array(found.points[:, at])
    front = {} if ids is None else {name: ids[name] for name in ids.column_names}
    return pa.table(front | columns)

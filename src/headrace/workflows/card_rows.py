"""Rows of a user's table as features, outcomes, days and groups; what cannot be used, set aside.

Which column is what is found by looking at its cells, once, and told: a number, a text with few
different values, a day, a name that tells rows apart. Only numbers and texts enter a card.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.headers import plain
from headrace.scores.binning.bins import Kind
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.leakage.sample import codes
from headrace.workflows.card_cells import (
    Cells,
    Days,
    Holds,
    days_of,
    held,
    numbers_of,
    outcomes_of,
    plain_column,
    texts_of,
)

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

REFUSED_SCHEMA = pa.schema(
    [("row", pa.int64()), ("column", pa.string()), ("cell", pa.string()), ("reason", pa.string())]
)
REASONS = {
    "number": ("is no number", "不是数字"),
    "text": ("is no text", "不是文本"),
    "day": ("is no day, such as 2024-03-01", "不是日期，应如 2024-03-01"),
    "no_day": ("has no day", "缺少日期"),
    "ragged": ("the row has more or fewer cells than the header", "该行的单元格数与表头不符"),
}
CELL_MAX = 80


@dataclass(frozen=True, eq=False)
class RawTable:
    """A table as a file holds it.

    Attributes:
        columns: All of them, cells as in the file.
        rows: Data row in the file of each, from 1, (n,).
        ragged: Rows that do not fit the header: number and text.
        where: The file, for errors.
    """

    columns: pa.Table
    rows: Ints
    ragged: tuple[tuple[int, str], ...]
    where: str

    def column(self, name: str, option: str) -> str:
        """The heading that a user meant by a name.

        Raises:
            InputError: There is none, or several.
        """
        names = self.columns.column_names
        exact = [each for each in names if each == name]
        found = exact or [each for each in names if plain(each) == plain(name)]
        if len(found) == 1 and name:
            return str(found[0])
        problem = f"{len(found)} columns are called {name!r}" if found else f"no column {name!r}"
        known = ", ".join(each for each in names if each)
        raise InputError(
            problem, where=f"{option}, {self.where}", remedy=f"one of {known[:400] or 'nothing'}"
        )


@dataclass(frozen=True)
class Asked:
    """What the user says of columns.

    Attributes:
        target: The outcome.
        bad: Its values that are bad; empty: by the usual words.
        left_out: Never features.
        categories: Columns of numbers that are names of things: postcodes, sectors.
        time: Day of the decision, or None.
        group: Rows alike in it belong together, or None.
    """

    target: str
    bad: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    time: str | None = None
    group: str | None = None


@dataclass(frozen=True, eq=False)
class CardRows:
    """Rows whose outcome is known, ready for a card.

    Attributes:
        table: Numbers (float64, NaN missing) and texts (null missing), n rows.
        days: Columns of days, which do not enter a card, n rows.
        y: 1 bad, 0 good, (n,).
        times: Day of the decision, (n,), or None.
        groups: A number for rows that belong together, (n,), or None.
        places: Row of the raw table, from 0, of each, (n,).
        aside: Why other columns are no features: heading and what it holds.
        refused: Cells that could not be read; their rows are left out. See `REFUSED_SCHEMA`.
        unknown: Rows without an outcome, left out, too.
    """

    table: pa.Table
    days: pa.Table
    y: Ints
    times: Days | None
    groups: Ints | None
    places: Ints
    aside: tuple[tuple[str, Holds], ...]
    refused: pa.Table
    unknown: int


def read_card_rows(raw: RawTable, asked: Asked, language: str = "en") -> CardRows:
    """Features and outcomes of a table.

    Raises:
        InputError: A column that is named is not there, outcomes cannot be told apart or are all
            alike, or no column is left.
    """
    target = raw.column(asked.target, "--target")
    time = None if asked.time is None else raw.column(asked.time, "--time")
    group = None if asked.group is None else raw.column(asked.group, "--group")
    out = {raw.column(name, "--leave-out") for name in asked.left_out} | {target, time, group}
    named = {raw.column(name, "--category") for name in asked.categories}
    outcome = outcomes_of(plain_column(raw.columns[target]), target, asked.bad)
    features, aside, bad = _features(raw, {name for name in out if name}, named)
    times, late = _times(raw, time)
    bad += late
    kept = ~np.isnan(outcome)
    unknown = int((~kept).sum())
    for _, _, mask, _ in bad:
        kept &= ~mask
    places = np.flatnonzero(kept)
    y = outcome[places].astype(np.int64)
    _check_outcomes(y, raw, target)
    days = [name for name, what in aside if what is Holds.DAY]
    taken = pa.array(places)
    return CardRows(
        table=pa.table(features).take(taken) if features else _empty(raw),
        days=pa.table({name: _day_column(raw, name) for name in days}).take(taken)
        if days
        else pa.table({}),
        y=y,
        times=None if times is None else times[places],
        groups=None if group is None else _groups(plain_column(raw.columns[group]).take(taken)),
        places=places,
        aside=aside,
        refused=refused_cells(raw, bad, language),
        unknown=unknown,
    )


def read_applicants(raw: RawTable, card: PointsCard, language: str = "en") -> CardRows:
    """The features of a card from a table of applicants; no outcomes, `y` is empty.

    Raises:
        InputError: A feature of the card is no column.
    """
    features: dict[str, pa.Array] = {}
    bad: list[_Bad] = []
    for line in card.lines:
        name = raw.column(line.feature, "the card")
        is_number = line.bins.kind is Kind.NUMERIC
        array = plain_column(raw.columns[name])
        cells = numbers_of(array) if is_number else texts_of(array)
        if is_number:
            cells = _with_special_texts(cells, array)
        features[line.feature] = cells.values
        bad.append((name, array, cells.bad, "number" if is_number else "text"))
    kept = np.ones(raw.columns.num_rows, np.bool_)
    for _, _, mask, _ in bad:
        kept &= ~mask
    places = np.flatnonzero(kept)
    return CardRows(
        table=pa.table(features).take(pa.array(places)),
        days=pa.table({}),
        y=np.empty(0, np.int64),
        times=None,
        groups=None,
        places=places,
        aside=(),
        refused=refused_cells(raw, bad, language),
        unknown=0,
    )


def others(raw: RawTable, known: Collection[str]) -> pa.Table:
    """The columns that are no features of a card, each heading once, to stand beside results."""
    names = raw.columns.column_names
    taken = {plain(name) for name in known}
    kept = [
        at
        for at, name in enumerate(names)
        if name and names.index(name) == at and plain(name) not in taken
    ]
    return raw.columns.select(kept)


_Bad = tuple[str, pa.Array, Mask, str]
"""Column, its cells, which of them cannot be read, and a key of `REASONS`."""


def _features(
    raw: RawTable, out: Collection[str], named: Collection[str]
) -> tuple[dict[str, pa.Array], tuple[tuple[str, Holds], ...], list[_Bad]]:
    features: dict[str, pa.Array] = {}
    aside: list[tuple[str, Holds]] = []
    bad: list[_Bad] = []
    names = raw.columns.column_names
    for at, name in enumerate(names):
        if name in out or not name:
            continue
        if names.count(name) > 1:
            raise InputError(
                f"{names.count(name)} columns are called {name!r}",
                where=raw.where,
                remedy="a heading of its own for each, or leave it out of the file",
            )
        array = plain_column(raw.columns.column(at))
        what = Holds.TEXT if name in named else held(name, array)
        if what not in (Holds.NUMBER, Holds.TEXT):
            aside.append((name, what))
            continue
        cells = numbers_of(array) if what is Holds.NUMBER else texts_of(array)
        features[name] = cells.values
        if cells.bad.any():
            bad.append((name, array, cells.bad, what.value))
    return features, tuple(aside), bad


def _with_special_texts(cells: Cells, array: pa.Array) -> Cells:
    """A boolean or text column where the card has numbers: true and false are 1 and 0."""
    if not pa.types.is_string(array.type) or not cells.bad.any():
        return cells
    flags = {"true": 1.0, "false": 0.0}
    values = np.array(cells.values.to_numpy(zero_copy_only=False))
    bad = cells.bad.copy()
    for at in np.flatnonzero(cells.bad):
        found = flags.get(array[int(at)].as_py().casefold())
        if found is not None:
            values[at], bad[at] = found, False
    return Cells(pa.array(values, pa.float64()), bad)


def _times(raw: RawTable, time: str | None) -> tuple[Days | None, list[_Bad]]:
    if time is None:
        return None, []
    array = plain_column(raw.columns[time])
    times, bad = days_of(array)
    return times, [(time, array, bad, "day"), (time, array, np.isnat(times) & ~bad, "no_day")]


def _day_column(raw: RawTable, name: str) -> pa.Array:
    return pa.array(days_of(plain_column(raw.columns[name]))[0].astype("datetime64[D]"))


def _groups(array: pa.Array) -> Ints:
    """A number a group; rows that name none are each their own."""
    number = codes(texts_of(array).values)
    alone = number < 0
    number[alone] = number.max(initial=0) + 1 + np.arange(int(alone.sum()))
    return number


def _check_outcomes(y: Ints, raw: RawTable, target: str) -> None:
    if 0 < y.sum() < y.size:
        return
    what = (
        "no row" if not y.size else "no row that is bad" if not y.sum() else "no row that is good"
    )
    raise InputError(
        f"there is {what} to learn from",
        where=f"{raw.where}, column {target}",
        remedy="rows of both outcomes; --bad names the value that is bad",
    )


def _empty(raw: RawTable) -> pa.Table:
    raise InputError(
        "no column is left that holds numbers or categories",
        where=raw.where,
        remedy="name columns of numbers that are categories by --category",
    )


def refused_cells(raw: RawTable, bad: Iterable[_Bad], language: str) -> pa.Table:
    """A row for each cell that could not be read, by rising row of the file; ragged rows, too."""
    at = 1 if language == "zh" else 0
    found = [(row, "", text[:CELL_MAX], REASONS["ragged"][at]) for row, text in raw.ragged]
    for name, array, mask, why in bad:
        for place in np.flatnonzero(mask).tolist():
            cell = array[place].as_py()
            text = "" if cell is None else str(cell)[:CELL_MAX]
            found.append((int(raw.rows[place]), name, text, REASONS[why][at]))
    found.sort(key=lambda each: each[0])
    columns: Sequence[Sequence[object]] = list(zip(*found, strict=True)) or [[], [], [], []]
    return pa.table([pa.array(each) for each in columns], names=REFUSED_SCHEMA.names).cast(
        REFUSED_SCHEMA
    )

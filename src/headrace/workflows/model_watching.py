"""A model in use: has its population moved, do its probabilities still hold, who would do better?

Two tables are compared, an older one (development, or the last review) and a newer one. Bins are
frozen on the older: a card's own, else fifths of numbers and the commonest categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.table_model import TableModel
from headrace.scores.watch.calibration_drift import (
    Band,
    Drift,
    Fit,
    Recalibration,
    by_band,
    hosmer,
    recalibration,
    sequential,
)
from headrace.scores.watch.label_delay import Completion, Loans, completed, labels
from headrace.scores.watch.outcomes import Outcomes
from headrace.scores.watch.stability import (
    Reading,
    Shift,
    Terms,
    by_feature,
    by_month,
    counted,
    shift,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]
CLOSEST = 1e-6
TENTHS = np.arange(1, 10) / 10
FIFTHS = np.arange(1, 5) / 5
CATEGORIES_MAX = 12
EXPLAINED_MAX = 3_000


@dataclass(frozen=True, eq=False)
class Side:
    """Rows of one of the two tables.

    Attributes:
        table: Columns of the model; None where scores were stated.
        probability: Of default, (n,).
    """

    table: pa.Table | None
    probability: Floats


@dataclass(frozen=True, eq=False)
class Told:
    """What is known of the newer rows.

    Attributes:
        y: 1 default, 0 none, -1 not known, (n,); None where outcomes are not looked at.
        month: Months since 1970 of each row, (n,), or None.
        opened: Months since 1970 of opening, (n,), or None.
        default_age: Months from opening to default, 0 for none, (n,), or None.
        window: Months within which a default makes a label bad; 0 where labels are all ripe.
        now: Months since 1970 at whose end this is known.
    """

    y: Ints | None = None
    month: Ints | None = None
    opened: Ints | None = None
    default_age: Ints | None = None
    window: int = 0
    now: int = 0


@dataclass(frozen=True)
class Moved:
    """One column.

    Attributes:
        name: Of it.
        shift: How far it has moved.
        labels: Of its bins, in English.
        adds: By how much what it adds to the score has changed on average: points, or log odds.
    """

    name: str
    shift: Shift
    labels: tuple[str, ...]
    adds: float


@dataclass(frozen=True)
class Holding:
    """Do the probabilities hold?

    Attributes:
        rows: Ripe rows with an outcome.
        unripe: Rows whose window has not passed, left out.
        expected: Mean stated probability.
        observed: Share that defaulted.
        bands: By tenths of the older scores.
        fit: All bands together.
        drift: Evidence month by month.
        change: What to recalibrate; None where all rows have one outcome.
    """

    rows: int
    unripe: int
    expected: float
    observed: float
    bands: tuple[Band, ...]
    fit: Fit
    drift: Drift
    change: Recalibration | None


@dataclass(frozen=True)
class Watch:
    """What was seen.

    Attributes:
        score: The score.
        edges: Of its bins, probabilities.
        months: The score by month: month and how far it had moved.
        features: The columns, furthest first.
        holding: None where outcomes are not looked at.
        vintages: What young months of opening will come to; None where that is not known.
        alarms: What is alarming: `score`, `feature NAME`, `worse`, `better`.
    """

    score: Shift
    edges: tuple[float, ...]
    months: tuple[tuple[int, Shift], ...]
    features: tuple[Moved, ...]
    holding: Holding | None
    vintages: Completion | None
    alarms: tuple[str, ...]


def watched(model: TableModel | None, old: Side, new: Side, told: Told, terms: Terms) -> Watch:
    """Compare two tables.

    Args:
        model: Whose columns are looked at; None where only scores were stated.
        old: The older rows.
        new: The newer ones.
        told: What is known of the newer.
        terms: What is asked of a move.

    Raises:
        InputError: If the newer table has an outcome of one kind only where both are needed.
    """
    edges = np.unique(np.quantile(old.probability, TENTHS))
    before = counted(old.probability, edges)
    score = shift(before, counted(new.probability, edges), terms)
    months = _by_month(before, new.probability, edges, (told, terms))
    features = () if model is None else _features(model, old, new, terms)
    holding, vintages = None, None
    if told.y is not None or told.default_age is not None:
        holding, vintages = _holding(new.probability, told, edges)
    alarms = ["score"] if score.reading is Reading.MOVED else []
    alarms += [f"month {m}" for m, each in months if each.reading is Reading.MOVED]
    alarms += [f"feature {e.name}" for e in features if e.shift.reading is Reading.MOVED]
    if holding is not None:
        drift = holding.drift
        alarms += ["worse"] if drift.alarm_worse is not None else []
        alarms += ["better"] if drift.alarm_better is not None else []
    return Watch(score, tuple(edges.tolist()), months, features, holding, vintages, tuple(alarms))


def _by_month(
    before: Ints, probability: Floats, edges: Floats, asked: tuple[Told, Terms]
) -> tuple[tuple[int, Shift], ...]:
    told, terms = asked
    if told.month is None:
        return ()
    months = np.unique(told.month)
    counts = np.array([counted(probability[told.month == m], edges) for m in months])
    return tuple(zip(months.tolist(), by_month(before, counts, terms), strict=True))


def _features(model: TableModel, old: Side, new: Side, terms: Terms) -> tuple[Moved, ...]:
    if old.table is None or new.table is None:
        return ()
    then, now, labels = [], [], []
    for name in model.names:
        e, a, told = _binned(model, name, old.table[name], new.table[name])
        then.append(e)
        now.append(a)
        labels.append(told)
    shifts = by_feature(then, now, terms)
    added = [_added(model, side.table) for side in (old, new)]
    found = [
        Moved(name, each, told, float(adds))
        for name, each, told, adds in zip(
            model.names, shifts, labels, added[1] - added[0], strict=True
        )
    ]
    return tuple(sorted(found, key=lambda each: -each.shift.index))


def _added(model: TableModel, table: pa.Table | None) -> Floats:
    """What each column adds on average, (k,)."""
    if table is None:
        return np.zeros(len(model.columns))
    step = max(1, table.num_rows // EXPLAINED_MAX)
    rows = table.take(pa.array(np.arange(0, table.num_rows, step))).combine_chunks()
    return np.asarray(model.contributions(rows).mean(axis=0))


def _binned(
    model: TableModel, name: str, old: pa.ChunkedArray, new: pa.ChunkedArray
) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Rows by bin then and now, and what the bins are called."""
    if isinstance(model.model, PointsCard):
        bins: Bins = next(e.bins for e in model.model.lines if e.feature == name)
        one, two = (np.bincount(bins.codes(each), minlength=len(bins)) for each in (old, new))
        return one, two, tuple(bins.labels)
    if pa.types.is_string(old.type):
        return _by_category(old, new)
    values = [np.asarray(each.to_numpy(), np.float64) for each in (old, new)]
    known = values[0][~np.isnan(values[0])]
    edges = np.unique(np.quantile(known, FIFTHS)) if known.size else np.zeros(0)
    ends = [f"{each:.6g}" for each in edges.tolist()]
    told = [f"< {ends[0]}"] if ends else ["all"]
    told += [f"{low} – {high}" for low, high in pairwise(ends)]
    told += [f">= {ends[-1]}"] if ends else []
    return counted(values[0], edges), counted(values[1], edges), (*told, "missing")


def _by_category(old: pa.ChunkedArray, new: pa.ChunkedArray) -> tuple[Ints, Ints, tuple[str, ...]]:
    counts = sorted(
        pc.value_counts(pc.drop_null(old)).to_pylist(), key=lambda e: (-e["counts"], e["values"])
    )
    names = [each["values"] for each in counts[:CATEGORIES_MAX]]
    found = []
    for column in (old, new):
        at = pc.fill_null(pc.index_in(column, value_set=pa.array(names, pa.string())), -1)
        place = at.to_numpy().astype(np.int64)
        missing = np.asarray(pc.is_null(column).to_numpy(), np.bool_)
        place = np.where(missing, len(names) + 1, np.where(place < 0, len(names), place))
        found.append(np.bincount(place, minlength=len(names) + 2))
    return found[0], found[1], (*names, "other", "missing")


def _holding(p: Floats, told: Told, edges: Floats) -> tuple[Holding | None, Completion | None]:
    y, month, vintages = told.y, told.month, None
    if told.opened is not None and told.window:
        ages = told.default_age
        loans = Loans(
            told.opened,
            np.zeros(p.size, np.int64) if ages is None else ages,
            told.now,
            told.window,
        )
        if ages is not None:
            y = labels(loans)
            vintages = completed(loans)
        elif y is not None:
            y = np.where(loans.age >= told.window, y, -1)
        month = told.opened + told.window
    if y is None:
        return None, vintages
    ripe = y >= 0
    if not ripe.any():
        raise InputError(
            f"none of {p.size} rows has a ripe outcome",
            where="--window",
            remedy="an older table, or a shorter window",
        )
    rows = Outcomes(np.clip(p[ripe], CLOSEST, 1 - CLOSEST), y[ripe])
    band = np.searchsorted(edges, p[ripe], "right")
    when = np.zeros(rows.y.size, np.int64) if month is None else month[ripe]
    both = 0 < rows.y.sum() < rows.y.size
    return Holding(
        rows=rows.y.size,
        unripe=int((~ripe).sum()),
        expected=float(rows.probability.mean()),
        observed=float(rows.y.mean()),
        bands=by_band(rows, band),
        fit=hosmer(rows, band),
        drift=sequential(rows, when),
        change=recalibration(rows) if both else None,
    ), vintages


def months_of(days: Days) -> Ints:
    """Months since 1970."""
    return days.astype("datetime64[M]").astype(np.int64)


def month_text(month: int) -> str:
    """A month such as 2024-05."""
    return str(np.datetime64(month, "M"))


def ages_of(opened: Ints, defaulted: Days) -> Ints:
    """Months from opening to default, 1 or more; 0 where there was none, (n,)."""
    none = np.isnat(defaulted)
    age = months_of(np.where(none, np.datetime64("1970-01-01", "D"), defaulted)) - opened
    return np.where(none, 0, np.maximum(age, 1))


def worst_bins(moved: Moved, most: int = 3) -> Sequence[tuple[str, float, float, float]]:
    """The bins that moved most: label, share then, share now, what they add to the index."""
    each = moved.shift
    rows = list(zip(moved.labels, each.expected, each.actual, each.contributions, strict=True))
    return sorted(rows, key=lambda row: -row[3])[:most]

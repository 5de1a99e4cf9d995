"""Choices about a model, and what each would cost: a challenger, groups of people, the refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.rejects import Assumed, Inferred, Method, Under, infer, sensitivity
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import TableModel
from headrace.scores.validation.nested import Features, Rows
from headrace.scores.validation.splits import SplitSettings, dealt
from headrace.scores.watch.challenger import Comparison, Contest, Exchange, compare, exchange
from headrace.scores.watch.fairness import Applicants, Group, by_group
from headrace.scores.watch.remedies import Cost, Question, costs
from headrace.scores.watch.three_numbers import Lending, safest
from headrace.workflows.card_cells import numbers_of, outcomes_of, plain_column, texts_of
from headrace.workflows.card_rows import RawTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLOSEST = 1e-6
GROUPS_MAX = 20
ASSUMPTIONS = (
    Assumed(Method.NONE),
    Assumed(Method.REWEIGHTING),
    Assumed(Method.FUZZY, 1.0),
    Assumed(Method.FUZZY, 1.5),
    Assumed(Method.FUZZY, 2.0),
    Assumed(Method.FUZZY, 3.0),
    Assumed(Method.PARCELLING, 1.0),
    Assumed(Method.PARCELLING, 2.0),
)


def break_even(cost: float, lgd: float) -> Callable[[Floats], Floats]:
    """The annual rate at which a loan of a year earns its cost: (cost + lgd p) / (1 - p).

    From (1 - p)(1 + r) + p (1 - lgd) = 1 + cost, with default at the year's end.
    """
    return lambda p: np.asarray((cost + lgd * p) / (1 - p))


def within(probability: Floats) -> Floats:
    """Probabilities strictly between 0 and 1."""
    return np.clip(probability, CLOSEST, 1 - CLOSEST)


def known_outcomes(raw: RawTable, target: str, bad: Sequence[str], places: Ints) -> Ints:
    """1 bad, 0 good, -1 not known, (n,).

    Raises:
        InputError: There is no such column, or it cannot be told what is bad.
    """
    name = raw.column(target, "--target")
    found = outcomes_of(plain_column(raw.columns[name]), name, tuple(bad))[places]
    return np.where(np.isnan(found), -1, found).astype(np.int64)


@dataclass(frozen=True)
class Challenged:
    """Champion and challenger on one table."""

    comparison: Comparison
    exchange: Exchange


def challenged(contest: Contest, portion: float, lending: Lending) -> Challenged:
    """Who ranks better, whom one alone approves, and the three numbers of both.

    Args:
        contest: The applicants.
        portion: That both would approve, safest first.
        lending: What is lent.
    """
    old, new = safest(contest.champion, portion), safest(contest.challenger, portion)
    return Challenged(compare(contest), exchange(contest, old, new, lending))


# --- groups ---------------------------------------------------------------------------------------


def groups_of(
    raw: RawTable, name: str, cuts: Sequence[float], places: Ints
) -> tuple[Ints, tuple[str, ...]]:
    """Number of each row's group, -1 where not known, (n,), and what groups are called.

    Args:
        raw: The table.
        name: Of the column.
        cuts: Where a column of numbers is cut, rising; empty: every value is a group.
        places: Rows that are looked at.

    Raises:
        InputError: There is no such column, or it has too many values.
    """
    array = plain_column(raw.columns[raw.column(name, "--group")]).take(pa.array(places))
    if cuts:
        values = np.asarray(numbers_of(array).values.to_numpy(zero_copy_only=False), np.float64)
        ends = [f"{each:g}" for each in cuts]
        names = [f"< {ends[0]}", *(f"{a} – {b}" for a, b in pairwise(ends)),
                 f">= {ends[-1]}"]  # fmt: skip
        found = np.where(np.isnan(values), -1, np.searchsorted(np.array(cuts), values, "right"))
        present = [at for at in range(len(names)) if (found == at).any()]
        if not present:
            raise InputError(
                f"{name!r} holds no numbers to cut", where="--cuts", remedy="no --cuts"
            )
        moved = np.full(len(names) + 1, -1)
        moved[present] = np.arange(len(present))
        return moved[found], tuple(names[at] for at in present)
    texts = texts_of(array).values
    values_of = sorted(each for each in pc.unique(texts).to_pylist() if each is not None)
    if not 2 <= len(values_of) <= GROUPS_MAX:
        raise InputError(
            f"{name!r} holds {len(values_of)} groups",
            where="--group",
            remedy=f"2 to {GROUPS_MAX}; cut a column of numbers by --cuts 30,45,60",
        )
    at = pc.fill_null(pc.index_in(texts, value_set=pa.array(values_of, pa.string())), -1)
    return at.to_numpy(zero_copy_only=False).astype(np.int64), tuple(values_of)


def group_figures(applicants: Applicants, reference: str | None) -> tuple[Group, ...]:
    """Figures of every group, against a group of reference."""
    return by_group(applicants, reference)


def remedy_costs(making: Making, rows: Rows, asked: Question, folds: int) -> tuple[Cost, ...]:
    """What each remedy would cost, out of fold, by models of the same kind fitted on these rows.

    Raises:
        InputError: There are too few rows of an outcome.
    """
    splits = dealt(rows.y, rows.groups, SplitSettings(folds=folds, seed=making.seed))
    return costs(_Loose(making), rows, splits, asked)


@dataclass(frozen=True)
class _Loose:
    """A making that drops constraints on columns that are left out."""

    making: Making

    def fit(self, rows: Rows) -> TableModel:
        """A model, from nothing but these rows."""
        names = rows.x.column_names if isinstance(rows.x, pa.Table) else ()
        kept = {name: sign for name, sign in self.making.monotone.items() if name in names}
        return replace(self.making, monotone=kept).fit(rows)

    def predict(self, model: TableModel, x: Features) -> Floats:
        """Probability of default, (n,)."""
        return self.making.predict(model, x)


# --- the refused ----------------------------------------------------------------------------------


def accepted_rows(raw: RawTable, name: str, yes: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows were accepted, (n,).

    Raises:
        InputError: There is no such column, or a cell does not say.
    """
    column = raw.column(name, "--accepted")
    try:
        found = outcomes_of(plain_column(raw.columns[column]), column, tuple(yes))
    except InputError as error:
        raise InputError(
            error.problem.replace("which outcome is bad", "who was accepted"),
            where=f"--accepted, column {column}",
            remedy="1 for accepted and 0 for refused; or name the value: --yes approved",
        ) from error
    if np.isnan(found).any():
        at = int(np.isnan(found).argmax())
        raise InputError(
            "a row does not say whether it was accepted",
            where=f"{raw.where}, row {raw.rows[at]}, column {column}",
            remedy="1 or 0 in every row",
        )
    return np.asarray(found == 1)


@dataclass(frozen=True)
class Guessed:
    """What the refused would have done, under several assumptions.

    Attributes:
        under: Of each assumption, the accepted alone first.
        accepted: Rows with an outcome.
        refused: Rows.
        cutoff: Probability up to which one would approve.
    """

    under: tuple[Under, ...]
    accepted: int
    refused: int
    cutoff: float


def guessed(making: Making, accepted: Rows, refused: pa.Table, cutoff: float) -> Guessed:
    """Fit under each of `ASSUMPTIONS`.

    Raises:
        InputError: Nobody was refused, or there are too few rows.
    """
    kinds = ASSUMPTIONS
    if making.kind == "rare":
        raise InputError("Firth's fit takes no weights", where="--kind", remedy="linear or card")
    found = sensitivity(making, accepted, refused, kinds, cutoff)
    return Guessed(found, accepted.y.size, refused.num_rows, cutoff)


def assumed_of(text: str, seed: int) -> Assumed:
    """`fuzzy=1.5`, `parcelling=2`, `reweighting`.

    Raises:
        InputError: It is none.
    """
    name, _, times = text.partition("=")
    known = {each.value: each for each in Method}
    try:
        return Assumed(known[name], float(times or "1"), seed)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{text!r} is no assumption", where="--assume", remedy="such as fuzzy=1.5"
        ) from error


def inferred_model(
    making: Making, accepted: Rows, refused: pa.Table, assumed: Assumed
) -> tuple[TableModel, Inferred]:
    """A model that carries the number of labels that were guessed for it."""
    found = infer(making, accepted, refused, assumed)
    model: TableModel = found.model
    learnt = replace(
        model.learnt,
        rows=found.labels_observed,
        bad=int(accepted.y.sum()),
        inferred=found.labels_inferred,
        split=(found.en, found.zh),
    )
    return replace(model, learnt=learnt), found

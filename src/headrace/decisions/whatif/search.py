"""Thresholds searched for a target; what comes back is an edited table, not a black box.

What happens to a case does not depend on the other cases. So two runs, one in which every number
meets a bound and one in which none does, hold the outcome of every threshold there could be:
sorted by the number, the cases below it come from one run and those above from the other. One
sweep over the sums is the exact best for one bound. Several bounds are swept in turn, each while
the others stand, until none gains or the budget is spent (coordinate descent): that may stop short
of the best of all.

The search sees one half of the customers, chosen by a hash that never changes. What it found is
judged on the other half, which it has not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.dmn.tree import HitPolicy
from headrace.decisions.flow.change import Change
from headrace.decisions.flow.table_differences import table_changes
from headrace.decisions.program.columns import NUMBER, Bools, missing
from headrace.decisions.program.table_program import TableProgram
from headrace.decisions.tables.table import Table
from headrace.decisions.whatif.bounds import (
    HIGH,
    Bound,
    always_met,
    bounds_of,
    never_met,
    other_end,
    roundest,
    value_of,
    with_bound,
)
from headrace.decisions.whatif.cases import UNKNOWN, Cases, Floats, Trial, chunks, decide, run
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.figures import Draws, ratio, stable_hash
from headrace.decisions.whatif.numbers import Compared, compared, contributions, sums_of
from headrace.decisions.whatif.rules import with_table
from headrace.errors import InfeasibleError, InputError

Ints = NDArray[np.int64]
FIGURES = {
    "approval_rate": ("approved", "cases"),
    "expected_loss": ("expected_loss", "expected_exposure"),
    "realised_loss": ("realised_loss", "labelled_exposure"),
}
NAMES = {"approval": "approval_rate", **{name: name for name in FIGURES}}
SUMS = tuple(dict.fromkeys(name for pair in FIGURES.values() for name in pair))
POINTS_MAX = 60  # kept of each sweep
SLACK = 1e-12  # of sums in another order
_TARGET = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([0-9.]+)\s*(%?)\s*")


@dataclass(frozen=True)
class Target:
    """What a policy has to keep, and what is to be as good as can be.

    Attributes:
        figure: `approval_rate`, `expected_loss` or `realised_loss`, both shares of the exposure.
        at_most: Whether it may not be more than the bound; else not less.
        bound: A share, 0 to 1.
    """

    figure: str
    at_most: bool
    bound: float

    @property
    def aim(self) -> str:
        """What is made as good as can be: approval under a loss, the loss under an approval."""
        return "expected_loss" if self.figure == "approval_rate" else "approval_rate"

    def __str__(self) -> str:
        return f"{self.figure} {'<=' if self.at_most else '>='} {self.bound:g}"


@dataclass(frozen=True)
class Searched:
    """What may move, and how long to look.

    Attributes:
        table: Whose bounds.
        inputs: Only those of these inputs; empty: of all.
        rules: Only those of these rules, by number from 1; empty: of all.
        sweeps: The budget: how many bounds are swept at most, each as often as it comes up.
    """

    table: str
    inputs: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()
    sweeps: int = 60


@dataclass(frozen=True)
class Tried:
    """A threshold that was looked at: what it would do to the half that was searched."""

    approval_rate: float
    expected_loss_share: float


@dataclass(frozen=True, eq=False)
class Found:
    """A better table.

    Attributes:
        target: What was asked.
        table: The edited table; it keeps the target on the half that was searched.
        changes: What was edited, to be said in words.
        exact: Whether no other number in that cell does better; known where one bound may move.
        bounds: How many may move.
        sweeps: How many were swept.
        tried: Points that were looked at.
        searched: The policy before and after, on the half that was searched.
        held_out: The same on the other half; None where nobody fell into it.
        holds: Whether the target is kept there too.
    """

    target: Target
    table: Table
    changes: tuple[Change, ...]
    exact: bool
    bounds: int
    sweeps: int
    tried: tuple[Tried, ...]
    searched: Compared
    held_out: Compared | None
    holds: bool | None


def read_target(text: str) -> Target:
    """A target as people write it: `expected_loss <= 0.02`, `approval >= 60%`.

    Raises:
        InputError: It is none.
    """
    found = _TARGET.fullmatch(text)
    name = NAMES.get(found[1]) if found else None
    if found is None or name is None or found[3].count(".") > 1 or found[3] == ".":
        raise InputError(
            f"{text!r} is no target",
            where="--target",
            remedy=f'such as "expected_loss <= 0.02"; figures: {", ".join(NAMES)}',
        )
    bound = float(found[3]) / (100 if found[4] else 1)
    if not 0 <= bound <= 1 or (found[2] == "<=") == (name == "approval_rate"):
        raise InputError(
            f"{text!r} cannot be aimed at",
            where="--target",
            remedy="a loss <= a share of the exposure, or approval >= a share, 0 to 1",
        )
    return Target(name, found[2] == "<=", bound)


def halves(cases: Cases, target: Target) -> tuple[Ints, Ints]:
    """The cases to search, and those to judge by: all cases of one customer in the same half.

    Left out are cases whose loss is not known: they would be approved for nothing.

    Raises:
        InputError: The loss of no case is known.
    """
    if target.figure == "realised_loss":
        known, needed = cases.label != UNKNOWN, "a label"
    else:
        known, needed = ~np.isnan(cases.pd), "an expected share of bad cases (pd)"
    if not known.any():
        raise InputError(f"No case has {needed}", where="--target", remedy=f"Name {needed}")
    searched = stable_hash(cases.key, "halves") & np.uint64(1) == 0
    return np.flatnonzero(searched & known), np.flatnonzero(~searched & known)


def search(
    cases: Cases, trial: Trial, target: Target, asked: Searched, settings: Settings
) -> Found:
    """Edit a table's bounds until the policy keeps a target, at the best of the other figure.

    Args:
        cases: What judges.
        trial: The policy whose table is edited, on what it reads.
        target: What to keep.
        asked: Which bounds may move.
        settings: Of the intervals.

    Raises:
        InputError: No bound may move.
        InfeasibleError: No table that was tried keeps the target.
    """
    rows, others = halves(cases, target)
    table = _table(trial, asked)
    hunt = _Hunt(cases.take(rows), trial.take(rows), target, asked.table, table)
    bounds = hunt.movable(bounds_of(table, asked.inputs, asked.rules))
    if not bounds:
        raise InputError(
            "No number of the table may move",
            where=table.file or table.name,
            remedy="Name inputs that are tested with <, <=, >, >= or an interval of numbers",
        )
    hunt.descend(bounds, asked.sweeps)
    if hunt.best[0] > 0:
        nearest = hunt.figures[target.figure]
        raise InfeasibleError(
            f"No table that was tried keeps {target}",
            where=table.file or table.name,
            remedy=f"The nearest has {target.figure} {nearest:.4g}; let more bounds move",
        )
    edited = _edited(trial, asked.table, hunt.table)
    searched = _judged(cases.take(rows), trial.take(rows), edited.take(rows), settings)
    held_out = holds = None
    if len(others):
        held_out = _judged(cases.take(others), trial.take(others), edited.take(others), settings)
        holds = _keeps(target, held_out)
    return Found(
        target=target,
        table=hunt.table,
        changes=table_changes(table, hunt.table),
        exact=len(bounds) == 1,
        bounds=len(bounds),
        sweeps=hunt.sweeps,
        tried=tuple(hunt.tried),
        searched=searched,
        held_out=held_out,
        holds=holds,
    )


def _table(trial: Trial, asked: Searched) -> Table:
    tables = trial.program.policy.tables
    if asked.table not in tables:
        raise InputError(
            f"There is no table '{asked.table}'",
            where=trial.program.policy.file or trial.program.policy.name,
            remedy=f"There are {', '.join(tables)}",
        )
    return tables[asked.table]


def _edited(trial: Trial, name: str, table: Table) -> Trial:
    """The same trial of the policy with the edited table."""
    program = with_table(trial.program, name, TableProgram(table))
    policy = program.policy
    program.policy = replace(policy, tables={**policy.tables, name: table})
    return Trial(program, trial.columns, trial.moments, trial.terms)


def _judged(cases: Cases, old: Trial, new: Trial, settings: Settings) -> Compared:
    draws = Draws(cases.key, settings.draws, settings.seed)
    everyone = np.zeros(len(cases), np.int64)
    added = contributions(cases, decide(old)), contributions(cases, decide(new))
    return compared("", [None], *sums_of(draws, added, everyone, 1))[0]


def _keeps(target: Target, found: Compared) -> bool:
    name = target.figure if target.figure == "approval_rate" else f"{target.figure}_share"
    value = found.new.figures[name].value or 0.0
    short = value - target.bound if target.at_most else target.bound - value
    return short <= SLACK


class _Hunt:
    """A search under way: the table as it stands, and how good it is."""

    def __init__(self, cases: Cases, trial: Trial, target: Target, name: str, table: Table) -> None:
        self.cases, self.trial, self.target = cases, trial, target
        self.name, self.table = name, table
        self.tried: list[Tried] = []
        self.sweeps = 0
        self._tested: dict[str, Floats] = {}
        self._added = self._sums(cases, trial)
        totals = {each: added.sum(keepdims=True) for each, added in self._added.items()}
        self.figures = {each: float(value[0]) for each, value in _figures(totals).items()}
        self.best = self._rank(self.figures)

    def movable(self, bounds: Sequence[Bound]) -> list[Bound]:
        """Those that test numbers here, of rules that speak most first."""
        spoke = decide(self.trial).fired[self.name]
        columns = {each.column for each in bounds}
        names = {column: self.table.inputs[column].name for column in columns}
        known = {at for at, name in names.items() if not np.isnan(self._column(name)).all()}
        numeric = [each for each in bounds if each.column in known]
        return sorted(numeric, key=lambda each: -int(spoke[each.rule + 1]))

    def descend(self, bounds: Sequence[Bound], budget: int) -> None:
        """Sweep bound after bound until none gains."""
        still = 0
        while still < len(bounds) and self.sweeps < budget:
            bound = bounds[self.sweeps % len(bounds)]
            still = 0 if self._sweep(bound) else still + 1

    def _rank(self, figures: dict[str, float]) -> tuple[float, float]:
        """How far the target is missed, then how bad the aim is: the lower the better."""
        value, aim = figures[self.target.figure], figures[self.target.aim]
        short = value - self.target.bound if self.target.at_most else self.target.bound - value
        return short if short > SLACK else 0.0, -aim if self.target.aim == "approval_rate" else aim

    def _sweep(self, bound: Bound) -> bool:
        """Move one bound to where it does best; whether that is better than before."""
        self.sweeps += 1
        rows = self._reached(bound)
        rank, values = self._numbers(bound, rows)
        if not len(values):
            return False
        cases, trial = self.cases.take(rows), self.trial.take(rows)
        inside = self._sums(cases, self._with(trial, always_met(self.table, bound)))
        outside = self._sums(cases, self._with(trial, never_met(self.table, bound)))
        below, above = (inside, outside) if bound.upper else (outside, inside)
        sums = {
            name: added.sum() - added[rows].sum() + _at_each(below[name], above[name], rank, values)
            for name, added in self._added.items()
        }
        figures = _figures(sums)
        self._keep(figures)
        allowed = self._allowed(bound, values)
        short, aim = _ranks(self.target, figures)
        short, aim = np.where(allowed, short, np.inf), np.where(allowed, aim, np.inf)
        stands = int(np.searchsorted(values, float(value_of(self.table, bound))))
        distance = np.abs(np.arange(len(values) + 1) - stands)
        at = int(np.lexsort((distance, aim, short))[0])
        found = (float(short[at]), float(aim[at]))
        if not allowed[at] or not _better(found, self.best):
            return False
        self.table = with_bound(self.table, bound, self._between(bound, values, at))
        self.best = found
        self.figures = {name: float(each[at]) for name, each in figures.items()}
        for name, added in self._added.items():
            added[rows] = np.where((rank >= 0) & (rank < at), below[name], above[name])
        return True

    def _reached(self, bound: Bound) -> Ints:
        """The cases that meet all other cells of the rule: no other can be touched."""
        rule = always_met(self.table, bound).rules[bound.rule]
        alone = replace(self.table, rules=(rule,), hit_policy=HitPolicy.FIRST, aggregation=None)
        return np.flatnonzero(_met(self._with(self.trial, alone), self.name))

    def _with(self, trial: Trial, table: Table) -> Trial:
        program = with_table(trial.program, self.name, TableProgram(table))
        return Trial(program, trial.columns, trial.moments, trial.terms)

    @staticmethod
    def _sums(cases: Cases, trial: Trial) -> dict[str, Floats]:
        """What each case adds to each sum."""
        added = contributions(cases, decide(trial))
        return {name: added[name] for name in SUMS}

    def _numbers(self, bound: Bound, rows: Ints) -> tuple[Ints, Floats]:
        """The distinct numbers that the bound is held against, and which each case has, or -1."""
        numbers = self._column(self.table.inputs[bound.column].name)[rows]
        known = ~np.isnan(numbers)
        values, code = np.unique(numbers[known], return_inverse=True)
        rank = np.full(len(numbers), -1, np.int64)
        rank[known] = code
        return rank, values

    def _column(self, name: str) -> Floats:
        """A value that the table tests, NaN where missing; all missing where it is no number."""
        if name not in self._tested:
            found = []
            for rows in chunks(len(self.cases)):
                column = self.trial.columns.get(name)
                if column is None:
                    part = run(self.trial, rows).values.get(name, missing(len(rows)))
                else:
                    part = column.take(rows)
                there = part.present & (part.kind == NUMBER)
                found.append(np.where(there, part.values.astype(np.float64), np.nan))
            self._tested[name] = np.concatenate(found)
        return self._tested[name]

    def _allowed(self, bound: Bound, values: Floats) -> NDArray[np.bool_]:
        """Where the ends of an interval stay in order."""
        allowed = np.ones(len(values) + 1, np.bool_)
        end = other_end(self.table, bound)
        if end is not None:
            at = np.arange(len(values) + 1)
            low = np.searchsorted(values, float(end), side="right")
            high = np.searchsorted(values, float(end), side="left")
            allowed = at > low if bound.end == HIGH else at < high
        return allowed

    def _between(self, bound: Bound, values: Floats, at: int) -> Decimal:
        """A number that so many of the values are below of, the one with the fewest digits."""
        words = [Decimal(repr(float(value))) for value in values[max(at - 1, 0) : at + 1]]
        if at == 0:
            words = [words[0] - 1, words[0]]
        elif at == len(values):
            words = [words[0], words[0] + 1]
        # The number itself is on the lower side of `<=` and `>`, on the upper of `<` and `>=`.
        lower = bound.upper == bound.included
        return roundest(*words, low_included=lower, high_included=not lower)

    def _keep(self, figures: dict[str, Floats]) -> None:
        count = len(figures["approval_rate"])
        for at in np.unique(np.linspace(0, count - 1, min(count, POINTS_MAX)).astype(np.int64)):
            self.tried.append(
                Tried(float(figures["approval_rate"][at]), float(figures["expected_loss"][at]))
            )


def _met(trial: Trial, name: str) -> Bools:
    """Where a rule of a table is met."""
    fired = [run(trial, rows).fired[name] for rows in chunks(len(trial.moments))]
    return np.concatenate(fired) > 0


def _at_each(below: Floats, above: Floats, rank: Ints, values: Floats) -> Floats:
    """The sum at each threshold: the `at` least numbers from one run, all others from the other."""
    known = rank >= 0
    gain = np.bincount(rank[known], (below - above)[known], len(values))
    return np.asarray(above.sum() + np.concatenate([np.zeros(1), np.cumsum(gain)]))


def _figures(sums: dict[str, Floats]) -> dict[str, Floats]:
    """Shares from sums; nobody approved loses nothing."""
    return {
        name: np.nan_to_num(
            ratio(sums[top], np.where(np.abs(sums[bottom]) < SLACK, 0, sums[bottom]))
        )
        for name, (top, bottom) in FIGURES.items()
    }


def _ranks(target: Target, figures: dict[str, Floats]) -> tuple[Floats, Floats]:
    value, aim = figures[target.figure], figures[target.aim]
    short = value - target.bound if target.at_most else target.bound - value
    short = np.where(short <= SLACK, 0, short)
    return short, -aim if target.aim == "approval_rate" else aim


def _better(found: tuple[float, float], best: tuple[float, float]) -> bool:
    """Nearer to the target; or as near, and better at the aim by more than rounding."""
    if abs(found[0] - best[0]) > SLACK:
        return found[0] < best[0]
    return found[1] < best[1] - SLACK


def steps(found: Found, language: str) -> Iterator[str]:
    """What was edited, in words."""
    for change in found.changes:
        yield change.say(language)

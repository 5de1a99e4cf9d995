"""What is decided about, and what one policy says of all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.flow.policy import Action, Policy
from headrace.decisions.flow.program import FlowProgram, FlowResult, Model
from headrace.decisions.program.columns import NUMBER, Bools, Column
from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CHUNK = 131_072
APPROVING = (Action.APPROVE, Action.NOTIFY)
GOOD, BAD, UNKNOWN = 0, 1, -1
LIMIT, RATE = "limit", "rate"


@dataclass(frozen=True, eq=False)
class Cases:
    """Decided cases of history and what judges them, one value a case.

    Attributes:
        key: Whom each is about: cases of one are drawn together, and fall into one half.
        label: int8: `BAD` (default, fraud), `GOOD`, or `UNKNOWN`.
        pd: Expected share of such cases that turn bad, 0 to 1; NaN where it is not known.
        lgd: Share of the exposure that is lost where one does, 0 to 1.
        currency: Of exposures; empty where each case counts as one.
        parts: What to report by, such as segment and region.
        groups: Whose equal treatment to look at.
    """

    key: Column
    label: NDArray[np.int8]
    pd: Floats
    lgd: Floats
    currency: str
    parts: Mapping[str, Column]
    groups: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: Ints) -> Cases:
        """The same of some cases."""
        return Cases(
            self.key.take(rows),
            self.label[rows],
            self.pd[rows],
            self.lgd[rows],
            self.currency,
            {name: column.take(rows) for name, column in self.parts.items()},
            {name: column.take(rows) for name, column in self.groups.items()},
        )


@dataclass(frozen=True, eq=False)
class Terms:
    """What a policy's decisions come to.

    Attributes:
        approved: Who gets what they asked for.
        exposure_minor: int64, what is at stake if approved, in minor units.
        exposed: Where that is known.
        rate: Price to the borrower a year, as a share; NaN where there is none.
    """

    approved: Bools
    exposure_minor: Ints
    exposed: Bools
    rate: Floats


TermsOf = Callable[[FlowResult, Ints], Terms]
"""The terms of a batch: its result, and which cases of all these are."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A policy, and what it is tried on.

    Attributes:
        program: Compiled.
        columns: What it reads, one value a case.
        moments: Of the decisions, microseconds since 1970, UTC.
        terms: What its decisions come to.
    """

    program: FlowProgram
    columns: Mapping[str, Column]
    moments: Ints
    terms: TermsOf

    def take(self, rows: Ints) -> Trial:
        """The same on some cases."""
        terms = self.terms
        return Trial(
            self.program,
            {name: column.take(rows) for name, column in self.columns.items()},
            self.moments[rows],
            lambda result, at: terms(result, rows[at]),
        )


@dataclass(frozen=True, eq=False)
class Side:
    """What one policy said of all cases.

    Attributes:
        policy: Which.
        action: int8, an `Action`.
        step: int16, the place of the step that decided; -1 where none did.
        rule: int32, the number of the rule of that step's table that spoke (first), from 1; 0: no
            table, or none.
        terms: What it comes to.
        fired: By table: how often each rule was the (first) one to speak, by its number; at 0: how
            often none did.
    """

    policy: Policy
    action: NDArray[np.int8]
    step: NDArray[np.int16]
    rule: NDArray[np.int32]
    terms: Terms
    fired: Mapping[str, Ints]


def usual_terms(exposure_minor: Column | None = None, rate: Column | None = None) -> TermsOf:
    """Terms of a policy that names its `limit` (minor units) and `rate`, or leaves them as asked.

    Args:
        exposure_minor: At stake where the policy sets no limit; None: each case counts as one.
        rate: Asked where the policy sets no rate; None: none.
    """

    def terms(result: FlowResult, rows: Ints) -> Terms:
        count = len(result.action)
        approved = np.isin(result.action, APPROVING)
        at_stake = result.results.get(LIMIT)
        if at_stake is None:
            at_stake = None if exposure_minor is None else exposure_minor.take(rows)
        asked = result.results.get(RATE)
        if asked is None and rate is not None:
            asked = rate.take(rows)
        prices = np.full(count, np.nan) if asked is None else numbers(asked, RATE)
        if at_stake is None:
            return Terms(approved, np.ones(count, np.int64), np.ones(count, np.bool_), prices)
        amounts = numbers(at_stake, LIMIT)
        exposed = ~np.isnan(amounts)
        whole = np.floor(np.where(exposed, np.maximum(amounts, 0), 0)).astype(np.int64)
        return Terms(approved, whole, exposed, prices)

    return terms


def numbers(column: Column, name: str) -> Floats:
    """A column of numbers, NaN where missing.

    Raises:
        InputError: It holds something else.
    """
    if column.present.any() and column.kind != NUMBER:
        raise InputError(f"'{name}' holds a {column.kind}, not numbers", where=name)
    return np.where(column.present, column.values.astype(np.float64), np.nan)


def decide(trial: Trial) -> Side:
    """What a policy says of all cases, some at a time.

    Raises:
        InputError: The policy cannot be run on these columns.
    """
    parts = [_decide(trial, rows) for rows in chunks(len(trial.moments))]
    terms = [part.terms for part in parts]
    return Side(
        trial.program.policy,
        np.concatenate([part.action for part in parts]),
        np.concatenate([part.step for part in parts]),
        np.concatenate([part.rule for part in parts]),
        Terms(
            np.concatenate([each.approved for each in terms]),
            np.concatenate([each.exposure_minor for each in terms]),
            np.concatenate([each.exposed for each in terms]),
            np.concatenate([each.rate for each in terms]),
        ),
        {name: np.sum([part.fired[name] for part in parts], 0) for name in parts[0].fired},
    )


def chunks(count: int) -> list[Ints]:
    """The places of all cases, so many at a time; at least one batch, be it empty."""
    return [np.arange(at, min(at + CHUNK, count)) for at in range(0, max(count, 1), CHUNK)]


def run(trial: Trial, rows: Ints) -> FlowResult:
    """The policy's whole result for some cases."""
    part = slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)
    columns = {name: column.take(part) for name, column in trial.columns.items()}
    return trial.program.run(columns, trial.moments[part])


def _decide(trial: Trial, rows: Ints) -> Side:
    result = run(trial, rows)
    policy = trial.program.policy
    rule = np.zeros(len(rows), np.int32)
    fired = {}
    for place, step in enumerate(policy.steps):
        if step.name in result.fired:
            spoke = result.fired[step.name]
            rule = np.where(result.decided_by == place, np.maximum(spoke, 0), rule)
            rules = len(policy.tables[step.name].rules)
            fired[step.name] = np.bincount(spoke[spoke >= 0], minlength=rules + 1)
    terms = trial.terms(result, rows)
    return Side(policy, result.action, result.decided_by, rule.astype(np.int32), terms, fired)


class Remembered:
    """A model that keeps its last answers: trials of one policy ask the same again and again."""

    def __init__(self, model: Model, kept: int = 64) -> None:
        """Keep answers to so many batches."""
        self._model = model
        self._kept: dict[bytes, Floats] = {}
        self._most = kept
        self.names = model.names

    def probability(self, x: Floats) -> Floats:
        """The model's answer for every row."""
        key = hashlib.blake2b(np.ascontiguousarray(x).view(np.uint8).data, digest_size=16).digest()
        if key not in self._kept:
            if len(self._kept) >= self._most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._model.probability(x)
        return self._kept[key]

    def digest(self) -> str:
        """SHA-256 of what the model is, in hex."""
        return self._model.digest()

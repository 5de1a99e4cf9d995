"""Stages of expected loss beside the five classes, and provisions by class.

A stage is not a class: a claim is in stage 3 when it is credit-impaired, in stage 2 when its risk
has risen much since it was made (IFRS 9, 5.5.3; 30 days overdue are a backstop, 5.5.11, 90 days
another, B5.5.37). Both stand side by side, and the difference is a question to the bank.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from headrace.contracts.classification.claims import (
    Claims,
    Floats,
    Ints,
    Mask,
    Small,
    portion_half_up,
)
from headrace.contracts.classification.grading import Grades
from headrace.contracts.classification.tables import Grade, Tables
from headrace.errors import InputError


@dataclass(frozen=True)
class Stages:
    """The stage of each claim.

    Attributes:
        stage: 1, 2 or 3.
        by_backstop: True where days overdue set it, not the rise of risk or a judgement.
        unjudged: True where stage 1 or 2 rests on facts that lack.
    """

    stage: Small
    by_backstop: Mask
    unjudged: Mask


def stages(claims: Claims, default_now: Floats, default_then: Floats, tables: Tables,
           on: date) -> Stages:  # fmt: skip
    """The stage of every claim.

    Args:
        claims: The book.
        default_now: Lifetime probability of default today, 0..1; NaN: not known.
        default_then: The same as it was expected at origination for the time left; NaN: not known.
        tables: Rules; those that had begun on `on` count.
        on: The day.

    Raises:
        InputError: No rule on stages had begun.
    """
    rule = tables.stage_rule(on)
    if rule is None:
        raise InputError(f"No rule on stages had begun on {on}", where="tables")
    with np.errstate(invalid="ignore", divide="ignore"):
        much = default_now >= default_then * float(rule.pd_ratio)
        much &= default_now - default_then >= float(rule.pd_least)
    late2 = claims.days_past_due > rule.second_above_days
    late3 = claims.days_past_due > rule.third_above_days
    third = late3 | (claims.impaired == 1)
    second = late2 | much
    stage = np.where(third, 3, np.where(second, 2, 1)).astype(np.int8)
    backstop = np.where(third, claims.impaired != 1, late2 & ~much) & (stage > 1)
    unknown = np.isnan(default_now) | np.isnan(default_then)
    unjudged = ((stage == 1) & unknown) | ((stage < 3) & (claims.impaired < 0))
    return Stages(stage, backstop, unjudged)


@dataclass(frozen=True)
class Provisions:
    """What should be provided, and how an allowance compares.

    Attributes:
        amount: Per claim, minor units, rounded half up.
        total: Their sum.
        bad: Balance of bad claims.
        balance: Of all claims.
        least: What the ratios to loans and to bad loans ask for, rounded up; the larger of both.
    """

    amount: Ints
    total: int
    bad: int
    balance: int
    least: int

    def coverage(self, allowance: int) -> Decimal | None:
        """Allowance to bad loans (拨备覆盖率); None where nothing is bad."""
        return Decimal(allowance) / self.bad if self.bad else None

    def to_loans(self, allowance: int) -> Decimal | None:
        """Allowance to all loans (贷款拨备率); None where there are none."""
        return Decimal(allowance) / self.balance if self.balance else None


def provisions(claims: Claims, grades: Grades, tables: Tables, on: date) -> Provisions:
    """Provisions by class, as the tables that had begun on `on` state them.

    Raises:
        InputError: No rule on provisions had begun.
    """
    rule, ratio = tables.provision_rule(on), tables.ratio_rule(on)
    if rule is None:
        raise InputError(f"No rule on provisions had begun on {on}", where="tables")
    amount = np.zeros(len(claims), np.int64)
    for grade in Grade:
        here = grades.grade == grade
        amount[here] = portion_half_up(claims.amount[here], rule.shares[grade])
    balance, bad = int(claims.amount.sum()), int(claims.amount[grades.bad].sum())
    least = 0
    if ratio is not None:
        least = max(_up(balance, ratio.to_loans), _up(bad, ratio.to_bad))
    return Provisions(amount, int(amount.sum()), bad, balance, least)


def _up(amount: int, factor: Decimal) -> int:
    top, bottom = factor.as_integer_ratio()
    return -(-amount * top // bottom)

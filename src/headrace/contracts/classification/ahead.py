"""The day on which each class is reached if nothing happens: nobody pays, nobody decides.

A claim is overdue from the day after something fell due, and each class has its number of days.
What passes between claims of a debtor is taken over: a debtor's claims turn bad together on the day
on which more than the share of them has turned bad, and clauses call others on the day on which the
named debtor first has a bad debt. Days only come earlier, so repeating ends.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from headrace.clock import day_number
from headrace.contracts.classification.claims import (
    NEVER,
    NOTHING,
    Claims,
    CrossDefaults,
    Days,
    Elsewhere,
    Ints,
    Mark,
    Mask,
    portion,
    sums,
)
from headrace.contracts.classification.grading import OVERDUE, Grades, Rules, of_kinds
from headrace.contracts.classification.tables import Grade, Reason, Tables

BAD = Grade.SUBSTANDARD - 1


@dataclass(frozen=True)
class Outlook:
    """When each class is reached.

    Attributes:
        day: Shape (n, 4): day on which the claim is special mention, substandard, doubtful, loss
            or worse; the day of the outlook where it is so already, `NEVER` where it never will.
    """

    day: NDArray[np.int32]

    def next_day(self, grades: Grades) -> Days:
        """Day on which each claim leaves its class; `NEVER` where it stays."""
        rows = np.arange(len(grades.grade))
        padded = np.column_stack([self.day, np.full(len(rows), NEVER, np.int32)])
        day: Days = padded[rows, grades.grade]
        return day


def days_ahead(
    claims: Claims,
    grades: Grades,
    tables: Tables,
    on: date,
    elsewhere: Elsewhere | None = None,
    clauses: CrossDefaults | None = None,
) -> Outlook:
    """When each class is reached if nothing happens after `on`, by the rules in force on `on`.

    Args:
        claims: The book on `on`.
        grades: Its classes on `on`, from `classify` with the same arguments.
        tables: Rules.
        on: The day.
        elsewhere: The debtors at other banks, taken to stay as they are.
        clauses: Cross-default clauses.
    """
    rules, today = tables.on(on), day_number(on)
    reached = _by_days(claims, rules, today)
    for place in range(reached.shape[1]):
        reached[grades.grade > place, place] = today
    _pull(reached)
    _across_banks(claims, rules, elsewhere, today, reached)
    before = np.empty_like(reached)
    while not np.array_equal(before, reached):
        before = reached.copy()
        _in_bank(claims, rules, reached)
        _by_clauses(claims, rules, clauses, elsewhere, today, reached)
        _same_debtor(claims, rules, elsewhere, today, reached)
        _pull(reached)
    return Outlook(np.maximum(reached, today).astype(np.int32))


def due_since(claims: Claims, today: int) -> Ints:
    """The day on which what is, or will be, overdue fell due; `NEVER` where nothing does."""
    overdue = claims.days_past_due > 0
    coming = np.where(claims.next_due == NOTHING, NEVER, claims.next_due)
    return np.where(overdue, today - claims.days_past_due, np.maximum(coming, today)).astype(
        np.int64
    )


def _by_days(claims: Claims, rules: Rules, today: int) -> Ints:
    reached = np.full((len(claims), 4), NEVER, np.int64)
    since = due_since(claims, today)
    waits = (claims.marks & Mark.TECHNICAL) != 0
    for reason in OVERDUE:
        rule = rules.get(reason)
        if rule is None or rule.grade is None:
            continue
        above = np.full(len(claims), rule.above_days, np.int64)
        technical = rules.get(Reason.OVERDUE_TECHNICAL)
        if reason is Reason.OVERDUE_SPECIAL_MENTION and technical is not None:
            excused = waits & of_kinds(claims, technical)
            above[excused] = np.maximum(above[excused], technical.above_days)
        day = np.where(of_kinds(claims, rule), after(since, above), NEVER)
        place = rule.grade - 1
        reached[:, place] = np.minimum(reached[:, place], day)
    return reached


def after(since: Ints, above: Ints | int) -> Ints:
    """The first day that is more than `above` days after `since`."""
    return np.where(since >= NEVER, NEVER, since + above + 1).astype(np.int64)


def _pull(reached: Ints) -> None:
    """What has reached a worse class has reached the better ones."""
    for place in range(reached.shape[1] - 2, -1, -1):
        np.minimum(reached[:, place], reached[:, place + 1], out=reached[:, place])


def _in_bank(claims: Claims, rules: Rules, reached: Ints) -> None:
    rule = rules.get(Reason.SHARE_IN_BANK)
    if rule is None or rule.grade is None:
        return
    whole, place = of_kinds(claims, rule), rule.grade - 1
    limit = portion(
        sums(claims.debtor[whole], claims.amount[whole], claims.debtors), rule.above_share
    )
    day = crossing(claims, whole, reached[:, BAD], limit)
    _earlier(reached, whole, place, day[claims.debtor])


def _earlier(reached: Ints, where: Mask, place: int, day: Ints) -> None:
    reached[where, place] = np.minimum(reached[where, place], day[where])


def crossing(claims: Claims, where: Mask, day: Ints, limit: Ints) -> Ints:
    """Per debtor the first day on which the amounts that have come, by `day`, are above `limit`.

    Args:
        claims: The book.
        where: Claims that count.
        day: Per claim, when its amount comes; `NEVER`: never.
        limit: Per debtor, minor units; a negative one is above from the beginning.
    """
    first = np.full(claims.debtors, NEVER, np.int64)
    rows = np.flatnonzero(where & (day < NEVER))
    order = rows[np.lexsort((day[rows], claims.debtor[rows]))]
    debtor = claims.debtor[order]
    running = np.cumsum(claims.amount[order])
    starts = np.flatnonzero(np.r_[True, debtor[1:] != debtor[:-1]]) if len(order) else order
    base = np.repeat(running[starts] - claims.amount[order][starts],
                     np.diff(np.r_[starts, len(order)]))  # fmt: skip
    over = running - base > limit[debtor]
    np.minimum.at(first, debtor[over], day[order][over])
    return first


def _across_banks(
    claims: Claims, rules: Rules, elsewhere: Elsewhere | None, today: int, reached: Ints
) -> None:
    rule = rules.get(Reason.SHARE_ACROSS_BANKS)
    if rule is None or rule.grade is None or elsewhere is None:
        return
    whole = of_kinds(claims, rule)
    own = sums(claims.debtor[whole], claims.amount[whole], claims.debtors)
    limit = portion(own + np.maximum(elsewhere.debt, 0), rule.above_share)
    limit -= np.maximum(elsewhere.overdue, 0)
    late = np.maximum(after(due_since(claims, today), rule.above_days), today)
    day = crossing(claims, whole, late, limit)
    day[limit < 0] = today
    _earlier(reached, whole, rule.grade - 1, day[claims.debtor])
    _pull(reached)


def _first(claims: Claims, where: Mask, day: Ints) -> Ints:
    """Per debtor the earliest of the days of its claims."""
    first = np.full(claims.debtors, NEVER, np.int64)
    np.minimum.at(first, claims.debtor[where], day[where])
    return first


def _by_clauses(
    claims: Claims,
    rules: Rules,
    clauses: CrossDefaults | None,
    elsewhere: Elsewhere | None,
    today: int,
    reached: Ints,
) -> None:
    rule = rules.get(Reason.CROSS_DEFAULT)
    if rule is None or rule.grade is None or clauses is None:
        return
    first = _first(claims, np.ones(len(claims), np.bool_), reached[:, BAD])
    if elsewhere is not None:
        first[elsewhere.bad == 1] = today
    called = np.full(len(claims), NEVER, np.int64)
    np.minimum.at(called, clauses.claim, first[clauses.debtor])
    _earlier(reached, of_kinds(claims, rule), rule.grade - 1, called)


def _same_debtor(
    claims: Claims, rules: Rules, elsewhere: Elsewhere | None, today: int, reached: Ints
) -> None:
    rule = rules.get(Reason.SAME_DEBTOR)
    if rule is None or rule.grade is None:
        return
    whole = of_kinds(claims, rule)
    first = _first(claims, whole, reached[:, BAD])
    if elsewhere is not None:
        first[elsewhere.bad == 1] = today
    _earlier(reached, whole, rule.grade - 1, first[claims.debtor])

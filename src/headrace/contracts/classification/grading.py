"""Classes of a whole book, each with the rule that sets it.

Three steps, each of which only lowers: the facts of a claim; the class it had, from which nothing
rises by itself; and what passes from one claim of a debtor to another, repeated until nothing
changes. As there are five classes and each step only lowers, it ends, and a second round on the
outcome changes nothing.

Rules: 商业银行金融资产风险分类办法 (2023) as `tables` cites it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from headrace.clock import day_number
from headrace.contracts.classification.claims import (
    NOTHING,
    Claims,
    CrossDefaults,
    Days,
    Elsewhere,
    Floats,
    Ints,
    Mark,
    Mask,
    Small,
    check_together,
    months_after,
    portion,
    sums,
)
from headrace.contracts.classification.tables import Grade, Kind, Reason, Rule, Tables
from headrace.errors import InputError

Rules = Mapping[Reason, Rule]

OVERDUE = (
    Reason.OVERDUE_LOSS, Reason.OVERDUE_DOUBTFUL, Reason.OVERDUE_SUBSTANDARD,
    Reason.OVERDUE_SPECIAL_MENTION, Reason.CARD_LOSS, Reason.CARD_DOUBTFUL,
    Reason.CARD_SUBSTANDARD, Reason.CARD_SPECIAL_MENTION,
)  # fmt: skip
MARKED = (
    (Reason.BANKRUPT, Mark.BANKRUPT),
    (Reason.WRITTEN_OFF, Mark.WRITTEN_OFF),
    (Reason.EVADING, Mark.EVADING),
    (Reason.MISUSED, Mark.MISUSED),
    (Reason.REFINANCED, Mark.REFINANCED),
)


@dataclass(frozen=True)
class Grades:
    """The outcome, n rows.

    Attributes:
        grade: A `Grade`.
        reason: The `Reason` that sets it, the first in the order of `Reason` of one step.
        number: Days or share that the reason looked at; NaN where it looks at none.
        unjudged: True where a fact lacked that could have lowered the class: whether it is
            impaired, or how the debtor stands at other banks.
    """

    grade: Small
    reason: Small
    number: Floats
    unjudged: Mask

    @property
    def bad(self) -> Mask:
        """Substandard or worse (不良)."""
        return self.grade >= Grade.SUBSTANDARD


def classify(
    claims: Claims,
    tables: Tables,
    on: date,
    elsewhere: Elsewhere | None = None,
    clauses: CrossDefaults | None = None,
) -> Grades:
    """The class of every claim on a day.

    Args:
        claims: The book; days past due are those of `on`.
        tables: Rules; those in force on `on` count.
        on: The day.
        elsewhere: The debtors at other banks; None: nothing is known.
        clauses: Cross-default clauses; None: there are none.

    Raises:
        InputError: `elsewhere` or `clauses` are not of these claims and debtors.
    """
    check_together(claims, elsewhere, clauses)
    rules = tables.on(on)
    grades = own_facts(claims, rules, day_number(on))
    _hold(claims, rules, day_number(on), grades)
    _spread(claims, rules, elsewhere, clauses, grades)
    return grades


def own_facts(claims: Claims, rules: Rules, day: int) -> Grades:
    """The class that the facts of each claim set, without looking at any other."""
    rows = len(claims)
    grades = Grades(
        np.zeros(rows, np.int8),
        np.zeros(rows, np.int8),
        np.full(rows, np.nan),
        (claims.impaired == NOTHING) | ((claims.impaired == 1) & np.isnan(claims.loss_rate)),
    )
    overdue = claims.days_past_due.astype(np.float64)
    for reason in OVERDUE:
        rule = rules.get(reason)
        if rule is not None:
            late = claims.days_past_due > rule.above_days
            if reason is Reason.OVERDUE_SPECIAL_MENTION:
                late &= ~_technical(claims, rules)
            lower(grades, late & of_kinds(claims, rule), rule, overdue)
    for reason, mark in MARKED:
        _mark(grades, claims, rules.get(reason), (claims.marks & mark) != 0)
    impaired = claims.impaired == 1
    for reason in (Reason.IMPAIRED_LOSS, Reason.IMPAIRED_DOUBTFUL):
        rule = rules.get(reason)
        if rule is not None:
            heavy = impaired & (claims.loss_rate >= float(rule.from_share))
            lower(grades, heavy & of_kinds(claims, rule), rule, claims.loss_rate)
    _mark(grades, claims, rules.get(Reason.IMPAIRED), impaired)
    observed = claims.observed_until >= day
    again = observed & (claims.restructured > 1)
    _mark(grades, claims, rules.get(Reason.RESTRUCTURED_AGAIN), again)
    _mark(grades, claims, rules.get(Reason.RESTRUCTURED), observed)
    return grades


def lower(grades: Grades, where: Mask, rule: Rule, number: Floats | None = None) -> bool:
    """Set the class of a rule where it is worse than what stands; whether anything changed."""
    if rule.grade is None:
        return False
    worse = where & (grades.grade < rule.grade)
    grades.grade[worse] = rule.grade
    grades.reason[worse] = rule.reason
    grades.number[worse] = np.nan if number is None else number[worse]
    return bool(worse.any())


def of_kinds(claims: Claims, rule: Rule) -> Mask:
    """The claims that a rule looks at."""
    return np.isin(claims.kind, np.array(rule.kinds, np.int8))


def _mark(grades: Grades, claims: Claims, rule: Rule | None, where: Mask) -> None:
    if rule is not None:
        lower(grades, where & of_kinds(claims, rule), rule)


def _technical(claims: Claims, rules: Rules) -> Mask:
    """Overdue by an error, for so few days that it does not count."""
    rule = rules.get(Reason.OVERDUE_TECHNICAL)
    if rule is None:
        return np.zeros(len(claims), np.bool_)
    short = claims.days_past_due <= rule.above_days
    excused: Mask = short & ((claims.marks & Mark.TECHNICAL) != 0) & of_kinds(claims, rule)
    return excused


def cured(claims: Claims, rules: Rules, day: int) -> Mask:
    """Bad claims whose debtor has earned an upgrade: paid, then kept paying, nothing impaired.

    Both the due days and the months must have passed: the longer of the two counts.
    """
    rule = rules.get(Reason.HELD)
    if rule is None:
        return np.zeros(len(claims), np.bool_)
    known = claims.cured_since != NOTHING
    long = months_after(np.maximum(claims.cured_since, 0), rule.months) <= day
    kept = claims.periods_paid >= rule.periods
    doubt = np.zeros(claims.debtors, np.bool_)
    doubt[claims.debtor[claims.impaired != 0]] = True
    earned: Mask = known & long & kept & (claims.days_past_due == 0) & ~doubt[claims.debtor]
    return earned


def _hold(claims: Claims, rules: Rules, day: int, grades: Grades) -> None:
    """Nothing rises by itself: an upgrade is approved, and out of bad it is also earned."""
    rule = rules.get(Reason.HELD)
    if rule is None:
        return
    better = (claims.proposed != NOTHING) & (claims.proposed < claims.previous)
    out_of_bad = (claims.previous >= Grade.SUBSTANDARD) & (claims.proposed < Grade.SUBSTANDARD)
    rises = better & (~out_of_bad | cured(claims, rules, day))
    held = np.where(rises, claims.proposed, claims.previous)
    worse = of_kinds(claims, rule) & (held > grades.grade)
    grades.grade[worse] = held[worse]
    grades.reason[worse] = Reason.HELD
    grades.number[worse] = np.nan


def _spread(
    claims: Claims,
    rules: Rules,
    elsewhere: Elsewhere | None,
    clauses: CrossDefaults | None,
    grades: Grades,
) -> None:
    _across_banks(claims, rules, elsewhere, grades)
    changed = True
    while changed:
        changed = _in_bank(claims, rules.get(Reason.SHARE_IN_BANK), grades)
        changed |= _clauses(claims, rules.get(Reason.CROSS_DEFAULT), clauses, elsewhere, grades)
        changed |= _same_debtor(claims, rules.get(Reason.SAME_DEBTOR), elsewhere, grades)
    if elsewhere is not None and Reason.SAME_DEBTOR in rules:
        unknown = (elsewhere.bad == NOTHING)[claims.debtor]
        grades.unjudged[of_kinds(claims, rules[Reason.SAME_DEBTOR]) & unknown] = True


def _across_banks(
    claims: Claims, rules: Rules, elsewhere: Elsewhere | None, grades: Grades
) -> None:
    rule = rules.get(Reason.SHARE_ACROSS_BANKS)
    if rule is None:
        return
    whole = of_kinds(claims, rule)
    if elsewhere is None:
        grades.unjudged[whole] = True
        return
    unknown = (elsewhere.debt < 0) | (elsewhere.overdue < 0)
    late = whole & (claims.days_past_due > rule.above_days)
    debt, overdue = _with(claims, whole, elsewhere.debt), _with(claims, late, elsewhere.overdue)
    over = overdue > portion(debt, rule.above_share)
    share = overdue / np.maximum(debt, 1)
    lower(grades, whole & over[claims.debtor], rule, share[claims.debtor])
    grades.unjudged[whole & unknown[claims.debtor]] = True


def _with(claims: Claims, here: Mask, there: Ints) -> Ints:
    """What debtors owe here by the claims `here`, and elsewhere as far as it is known."""
    own = sums(claims.debtor[here], claims.amount[here], claims.debtors)
    return own + np.maximum(there, 0)


def _in_bank(claims: Claims, rule: Rule | None, grades: Grades) -> bool:
    if rule is None:
        return False
    whole = of_kinds(claims, rule)
    bad = whole & grades.bad
    total = sums(claims.debtor[whole], claims.amount[whole], claims.debtors)
    of_bad = sums(claims.debtor[bad], claims.amount[bad], claims.debtors)
    over = of_bad > portion(total, rule.above_share)
    share = of_bad / np.maximum(total, 1)
    return lower(grades, whole & over[claims.debtor], rule, share[claims.debtor])


def debtors_with(claims: Claims, where: Mask, elsewhere: Elsewhere | None) -> Mask:
    """Debtors with a claim here of those given, or known to be bad at another bank."""
    found = np.zeros(claims.debtors, np.bool_)
    found[claims.debtor[where]] = True
    return found if elsewhere is None else found | (elsewhere.bad == 1)


def _clauses(
    claims: Claims,
    rule: Rule | None,
    clauses: CrossDefaults | None,
    elsewhere: Elsewhere | None,
    grades: Grades,
) -> bool:
    if rule is None or clauses is None:
        return False
    bad = debtors_with(claims, grades.bad, elsewhere)
    called = np.zeros(len(claims), np.bool_)
    called[clauses.claim[bad[clauses.debtor]]] = True
    return lower(grades, called & of_kinds(claims, rule), rule)


def _same_debtor(
    claims: Claims, rule: Rule | None, elsewhere: Elsewhere | None, grades: Grades
) -> bool:
    if rule is None:
        return False
    whole = of_kinds(claims, rule)
    bad = debtors_with(claims, whole & grades.bad, elsewhere)
    return lower(grades, whole & bad[claims.debtor], rule)


def observation_end(first_due: Days, second_due: Days, tables: Tables, on: date) -> Days:
    """Last day of observation of restructured claims, by the rules in force on `on`.

    Observation starts anew on the day on which the debtor fails to pay, and at its end if the
    debtor's troubles are not over (2023 measures, article 20): call again from that day.

    Args:
        first_due: First due day after the contract was changed.
        second_due: The next one.
        tables: Rules.
        on: The day.

    Raises:
        InputError: No rule on observation is in force.
    """
    rule = tables.on(on).get(Reason.OBSERVATION)
    if rule is None:
        raise InputError(f"No rule on observation is in force on {on}", where="tables")
    return np.maximum(months_after(first_due, rule.months), second_due).astype(np.int32)


def grades_of_days(days: NDArray[np.integer], kind: Kind, tables: Tables, on: date) -> Small:
    """The class that days past due alone set, for one kind of claim."""
    rules = tables.on(on)
    grade = np.zeros(len(days), np.int8)
    for reason in OVERDUE:
        rule = rules.get(reason)
        if rule is not None and rule.grade is not None and kind in rule.kinds:
            grade = np.maximum(grade, np.where(days > rule.above_days, rule.grade, 0))
    return grade.astype(np.int8)

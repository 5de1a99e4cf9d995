"""Five-level classification one claim at a time, by plain loops; slow and obvious.

A claim is a dict; rules are the dict of a day from the tables. The outlook is what it says: the day
is moved on one by one, nothing else happens, and the class of each day is looked at.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from headrace.contracts.classification.claims import Mark
from headrace.contracts.classification.tables import Grade, Kind, Reason


@dataclass
class Claim:
    debtor: int
    amount: int
    days: int = 0
    kind: int = Kind.NON_RETAIL
    next_due: date | None = None
    marks: int = 0
    impaired: int = 0
    loss_rate: float | None = None
    previous: int = -1
    proposed: int = -1
    cured_since: date | None = None
    periods_paid: int = 0
    observed_until: date | None = None
    restructured: int = 0


@dataclass
class Debtor:
    debt: int = 0
    overdue: int = 0
    bad: int = 0


@dataclass
class Book:
    claims: list[Claim]
    debtors: list[Debtor] | None = None
    clauses: list[tuple[int, int]] = field(default_factory=list)


def months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month, last)
            except ValueError:
                continue
    raise AssertionError


def own(claim: Claim, rules, on: date) -> int:
    grade = 0
    technical = rules.get(Reason.OVERDUE_TECHNICAL)
    for reason, rule in rules.items():
        if claim.kind not in rule.kinds or rule.grade is None:
            continue
        name = reason.name
        hit = False
        if name.startswith(("OVERDUE", "CARD")) and reason is not Reason.OVERDUE_TECHNICAL:
            hit = claim.days > rule.above_days
            if reason is Reason.OVERDUE_SPECIAL_MENTION and claim.marks & Mark.TECHNICAL:
                hit = hit and (technical is None or claim.days > technical.above_days)
        elif reason in (Reason.IMPAIRED_DOUBTFUL, Reason.IMPAIRED_LOSS):
            heavy = claim.loss_rate is not None and claim.loss_rate >= float(rule.from_share)
            hit = claim.impaired == 1 and heavy
        elif reason is Reason.IMPAIRED:
            hit = claim.impaired == 1
        elif reason is Reason.RESTRUCTURED:
            hit = claim.observed_until is not None and on <= claim.observed_until
        elif reason is Reason.RESTRUCTURED_AGAIN:
            watched = claim.observed_until is not None and on <= claim.observed_until
            hit = watched and claim.restructured > 1
        elif name in Mark.__members__:
            hit = bool(claim.marks & Mark[name])
        if hit:
            grade = max(grade, rule.grade)
    return grade


def earned(claim: Claim, book: Book, rules, on: date) -> bool:
    rule = rules[Reason.HELD]
    if claim.cured_since is None or claim.days > 0:
        return False
    if months_later(claim.cured_since, rule.months) > on or claim.periods_paid < rule.periods:
        return False
    return all(each.impaired == 0 for each in book.claims if each.debtor == claim.debtor)


def held(claim: Claim, book: Book, rules, on: date) -> int:
    if not 0 <= claim.proposed < claim.previous:
        return claim.previous
    leaves_bad = claim.previous >= Grade.SUBSTANDARD > claim.proposed
    if leaves_bad and not earned(claim, book, rules, on):
        return claim.previous
    return claim.proposed


def classes(book: Book, rules, on: date) -> list[int]:
    """The class of every claim: repeat every rule on every claim until nothing changes."""
    grade = [max(own(e, rules, on), held(e, book, rules, on)) for e in book.claims]
    while True:
        before = list(grade)
        for place, claim in enumerate(book.claims):
            if claim.kind == Kind.NON_RETAIL:
                grade[place] = max(grade[place], by_debtor(claim.debtor, book, grade, rules))
        for place, named in book.clauses:
            rule = rules[Reason.CROSS_DEFAULT]
            if book.claims[place].kind in rule.kinds and is_bad(named, book, grade, every=True):
                grade[place] = max(grade[place], rule.grade)
        if grade == before:
            return grade


def is_bad(debtor: int, book: Book, grade: list[int], *, every: bool) -> bool:
    if book.debtors is not None and book.debtors[debtor].bad == 1:
        return True
    return any(
        grade[place] >= Grade.SUBSTANDARD
        for place, claim in enumerate(book.claims)
        if claim.debtor == debtor and (every or claim.kind == Kind.NON_RETAIL)
    )


def by_debtor(debtor: int, book: Book, grade: list[int], rules) -> int:
    mine = [
        (claim, grade[place])
        for place, claim in enumerate(book.claims)
        if claim.debtor == debtor and claim.kind == Kind.NON_RETAIL
    ]
    found = 0
    total = sum(claim.amount for claim, _ in mine)
    bad = sum(claim.amount for claim, now in mine if now >= Grade.SUBSTANDARD)
    rule = rules[Reason.SHARE_IN_BANK]
    if bad > Fraction(rule.above_share) * total:
        found = max(found, rule.grade)
    if book.debtors is not None:
        rule, other = rules[Reason.SHARE_ACROSS_BANKS], book.debtors[debtor]
        late = sum(claim.amount for claim, _ in mine if claim.days > rule.above_days)
        late, debt = late + max(other.overdue, 0), total + max(other.debt, 0)
        if late > Fraction(rule.above_share) * debt:
            found = max(found, rule.grade)
    if is_bad(debtor, book, grade, every=False):
        found = max(found, rules[Reason.SAME_DEBTOR].grade)
    return found


def reached(book: Book, rules, on: date, days: int) -> list[list[date | None]]:
    """Per claim the day on which it is in each class or a worse one; None: not within `days`."""
    found: list[list[date | None]] = [[None] * 4 for _ in book.claims]
    now = classes(book, rules, on)
    for step in range(days + 1):
        day = on + timedelta(days=step)
        claims = []
        for claim, grade in zip(book.claims, now, strict=True):
            later = Claim(**vars(claim))
            later.previous, later.proposed = grade, -1
            if claim.days > 0:
                later.days = claim.days + step
            elif claim.next_due is not None:
                later.days = max((day - max(claim.next_due, on)).days, 0)
            claims.append(later)
        for place, grade in enumerate(
            classes(Book(claims, book.debtors, book.clauses), rules, day)
        ):
            for each in range(grade):
                found[place][each] = found[place][each] or day
    return found

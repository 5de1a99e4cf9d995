"""Schedules and loans by the day, as one would do them by hand: fractions, one night at a time."""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction

from headrace.contracts.lending.terms import InterestDays, Level, Method, PenaltyStart, Residue

DAY = timedelta(1)


def half_up(value: Fraction) -> int:
    return (value + Fraction(1, 2)).__floor__()


def of_month(year: int, month: int, day: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day, monthrange(year, month)[1]))


def due_days(terms) -> list[date]:
    """By trying one month after another."""
    if terms.method is Method.BULLET:
        return [terms.maturity]
    due, start = terms.due, terms.start
    day = due.day or (due.first.day if due.first else start.day)
    rest = start.month % due.every_months if due.month is None else due.month
    months = [of_month(start.year, start.month + k, day) for k in range(2_600)]
    found = []
    for each in months:
        counts = (each.year * 12 + each.month - rest) % due.every_months == 0
        if due.first:
            apart = (each.year - due.first.year) * 12 + each.month - due.first.month
            if apart >= 0 and apart % due.every_months == 0:
                found.append(due.first if apart == 0 else each)
        elif counts and (each - start).days >= due.first_days_min:
            found.append(each)
        if terms.instalments and len(found) == terms.instalments:
            return found
        if terms.maturity and each > terms.maturity:
            break
    return [day for day in found if (terms.maturity - day).days >= due.last_days_min] + [
        terms.maturity
    ]


def agreed_day(terms) -> int:
    return terms.due.day or (terms.due.first or terms.start).day


def year_part(how, start: date, end: date, agreed: int) -> Fraction:
    """The part of a year, whole months counted one by one."""
    actual = (end - start).days
    if how is InterestDays.ACTUAL_360:
        return Fraction(actual, 360)
    if how is InterestDays.ACTUAL_365:
        return Fraction(actual, 365)
    if how is InterestDays.THIRTY_360:
        months = (end.year - start.year) * 12 + end.month - start.month
        return Fraction(30 * months + min(end.day, 30) - min(start.day, 30), 360)
    day = start.day
    if (start + DAY).month != start.month:
        day = max(day, agreed)
    months = 0
    while of_month(start.year, start.month + months + 1, day) <= end:
        months += 1
    since = of_month(start.year, start.month + months, day) if months else start
    year = 360 if how is InterestDays.MONTHS_360 else 365
    return Fraction(months, 12) + Fraction((end - since).days, year)


def rate_on(terms, day: date) -> Fraction:
    """In force on the night of a day."""
    rate = terms.rate
    for since, each in terms.rates:
        if since <= day:
            rate = each
    return Fraction(rate)


def growth(terms, base: date, start: date, end: date, flat=None, most=1) -> Fraction:
    """Interest of 1 from start to end within the interest period that began on base."""
    agreed = agreed_day(terms)
    total, at = Fraction(0), start
    cuts = [since for since, _ in terms.rates if start < since < end] if flat is None else []
    for cut in (*cuts, end):
        part = year_part(terms.days, base, cut, agreed) - year_part(terms.days, base, at, agreed)
        total += part * min(most, rate_on(terms, at) if flat is None else flat)
        at = cut
    return total


def instalments(terms) -> list[dict]:
    """The rows of a schedule that does not shift."""
    dues = due_days(terms)
    plan = dict(terms.plan)
    ends = sorted({*dues, *plan})
    rows, base, start, number = [], terms.start, terms.start, 0
    for end in ends:
        row = {"base": base, "start": start, "end": end, "due": end in dues, "number": number}
        row["last"] = end == dues[-1]
        row["planned"] = plan.get(end, 0)
        repaid = terms.plan_pays_interest and row["planned"] > 0
        waits = number < terms.grace_interest
        row["pays"] = (row["due"] and not waits) or repaid or row["last"]
        row["repays"] = number >= max(terms.grace_interest, terms.grace_principal) or row["last"]
        rows.append(row)
        start = end
        if row["due"]:
            base, number = end, number + 1
    balance, waiting, helped = terms.principal, Fraction(0), Fraction(0)
    paying = sum(row["repays"] for row in rows)
    level = terms.instalment
    for k, row in enumerate(rows):
        span = (row["base"], row["start"], row["end"])
        own = balance * growth(terms, *span)
        waiting += own
        points = Fraction(terms.subsidy.points) if terms.subsidy else 0
        helped += balance * growth(terms, *span, most=points)
        row["opening"], row["interest"], row["subsidy"] = balance, 0, 0
        if row["pays"]:
            row["interest"] = half_up(waiting)
            share = Fraction(terms.subsidy.share) if terms.subsidy else 0
            row["subsidy"] = (row["interest"] * share).__floor__() + helped.__floor__()
            waiting, helped = Fraction(0), Fraction(0)
        reset = any(row["start"] <= since < row["end"] for since, _ in terms.rates)
        if row["last"]:
            paid = balance
        elif terms.method in (Method.IRREGULAR, Method.ANY_DAY):
            paid = row["planned"]
        elif not row["repays"] or balance == 0:
            paid = 0
        elif terms.method is Method.EQUAL_PRINCIPAL:
            paid = equal_part(terms, paying, first=not any(r["repays"] for r in rows[:k]))
        elif terms.method is Method.EQUAL_INSTALMENT:
            first = not any(r["repays"] for r in rows[:k])
            if terms.instalment is None and (first or reset):
                level = solved(terms, balance, rows[k:])
            paid = max(level - half_up(own), 0)
        else:
            paid = 0
        row["principal"] = min(paid, balance)
        balance -= row["principal"]
    if terms.method is Method.ANY_DAY:
        return rows
    return [
        row for k, row in enumerate(rows)
        if k == 0 or row["opening"] or row["principal"] or row["interest"]
    ]  # fmt: skip


def equal_part(terms, paying: int, *, first: bool) -> int:
    if terms.instalment:
        return terms.instalment
    if terms.residue is Residue.LAST:
        return half_up(Fraction(terms.principal, paying))
    part = terms.principal // paying
    return terms.principal - part * (paying - 1) if first else part


def growths(terms, rows) -> list[Fraction]:
    """Of the rows that are left, with the rate in force at the end of the first."""
    now = rate_on(terms, rows[0]["end"] - DAY)
    spans = [(row["base"], row["start"], row["end"]) for row in rows]
    return [growth(terms, *span, flat=now if k else None) for k, span in enumerate(spans)]


def solved(terms, balance: int, rows) -> int:
    """The equal instalment, exactly."""
    each = growths(terms, rows)
    value = Fraction(0)
    for more in reversed(each):
        value = (value + 1) / (1 + more)
    annuity = balance / value
    if terms.level is Level.HALF_UP:
        return half_up(annuity)
    low, high = 0, balance + half_up(balance * sum(each)) + len(each)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if last_instalment(balance, each, middle) <= middle else (middle, high)
        )
    return high


def last_instalment(balance: int, each, instalment: int) -> int:
    for more in each[:-1]:
        balance -= max(instalment - half_up(balance * more), 0)
        if balance <= 0:
            return 0
    return balance + half_up(balance * each[-1])


def owed_by_nights(terms, payments: dict[date, int], until: date) -> dict:
    """A loan with repayments of what is due alone: every night on its own, and who owes what.

    Parts are paid as fee, compound, penalty, interest, principal, oldest instalment first.
    """
    rows = instalments(terms)
    penalty = terms.penalty
    year = 365 if terms.days in (InterestDays.ACTUAL_365, InterestDays.MONTHS_365) else 360
    dues, deposit, balance, day = [], 0, terms.principal, terms.start
    while True:
        for row in rows:
            if row["end"] == day:
                balance -= row["principal"]
                dues.append({
                    "pay_on": day, "grace": day + timedelta(penalty.grace_days),
                    "interest": row["interest"] - row["subsidy"], "principal": row["principal"],
                    "late": Fraction(0), "on_interest": Fraction(0), "late_paid": 0, "on_paid": 0,
                })  # fmt: skip
        deposit = pay(dues, deposit, day)
        if day == until:
            # a payment of the day asked for comes after its morning
            return {"dues": [summary(due, day) for due in dues if left(due, day)],
                    "deposit": deposit, "balance": balance}  # fmt: skip
        deposit = pay(dues, deposit + payments.get(day, 0), day)
        rate = rate_on(terms, day) * (1 + Fraction(penalty.overdue_markup)) / year
        for due in dues:
            begins = due["pay_on"] if penalty.start is PenaltyStart.DUE_DAY else due["grace"]
            if day >= begins:
                due["late"] += due["principal"] * rate
                due["on_interest"] += due["interest"] * rate if penalty.compound else 0
        day += DAY


def late_parts(due, day: date) -> tuple[int, int]:
    """Compound and penalty that count and are not paid."""
    if day <= due["grace"]:
        return 0, 0
    return half_up(due["on_interest"]) - due["on_paid"], half_up(due["late"]) - due["late_paid"]


def left(due, day: date) -> int:
    return sum(late_parts(due, day)) + due["interest"] + due["principal"]


def summary(due, day: date) -> tuple[int, int, int, int]:
    return (*late_parts(due, day), due["interest"], due["principal"])


def pay(dues, money: int, day: date) -> int:
    for due in list(dues):
        compound, late = late_parts(due, day)
        for key, owed in (("on_paid", compound), ("late_paid", late)):
            paid = min(money, owed)
            due[key] += paid
            money -= paid
        for key in ("interest", "principal"):
            paid = min(money, due[key])
            due[key] -= paid
            money -= paid
        if not left(due, day):
            dues.remove(due)
    return money

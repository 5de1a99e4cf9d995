"""The collateral desk by plain loops: slow and obvious."""

from fractions import Fraction
from math import ceil, exp, isnan, sqrt

from scipy.special import ndtri


def trailing(column, window):
    """(mean, highest, lowest, count) of the last values of each row, missing ones left out."""
    rows = []
    for t in range(len(column)):
        values = [v for v in column[max(0, t - window + 1) : t + 1] if not isnan(v)]
        if values:
            rows.append((sum(values) / len(values), max(values), min(values), len(values)))
        else:
            rows.append((float("nan"), float("nan"), float("nan"), 0))
    return rows


def ewma_variance(column, decay, least):
    """The weights written out: 1 / least on each of the first, then decay once a step."""
    rows = []
    for t in range(len(column)):
        values = [v for v in column[: t + 1] if not isnan(v)]
        if len(values) < least:
            rows.append(float("nan"))
            continue
        variance = sum(v * v for v in values[:least]) / least
        for v in values[least:]:
            variance = decay * variance + (1 - decay) * v * v
        rows.append(variance)
    return rows


def haircut(terms, *, value, volatility, wait, locked, traded_amount, float_value, limit):
    """The haircut of one position: the days of the sale one by one."""
    if traded_amount > 0:
        days = min(max(ceil(value / (terms.participation * traded_amount)), 1), terms.sale_days_max)
    else:
        days = terms.sale_days_max
    held = terms.cure_days + wait + sum((k / days) ** 2 for k in range(1, days + 1))
    market = 1 - exp(-ndtri(terms.confidence) * volatility * sqrt(held))
    fallen = 1 - (1 - limit) ** locked
    beyond = value / float_value - terms.free_part if float_value > 0 else 0
    crowded = min(max(terms.concentration * beyond, 0), 1)
    return 1 - (1 - market) * (1 - fallen) * (1 - crowded)


def follow(close, blocked, amount, *, opened, value, loan, lines, days, part):
    """One pledge nobody tops up: (called after, sale after, days, least cover, proceeds, rest)."""
    call, close_line, cure = lines
    cure_days, watch_days, sale_days_max = days
    units = value / close[opened]
    first_call, called, t = -1, None, opened
    start = None
    while start is None:
        t += 1
        if t >= len(close) or (called is None and t > opened + watch_days):
            return first_call, -1, 0, float("inf"), 0.0, 0.0
        ratio = units * close[t] / loan
        if called is None:
            if ratio < call:
                called = t
                first_call = first_call if first_call > 0 else t - opened
        elif ratio >= cure:
            called = None
        if called is not None and (ratio < close_line or t - called >= cure_days):
            start = t + 1
    proceeds, least, last, rest = 0.0, float("inf"), 0, 0.0
    for t in range(start, min(start + sale_days_max, len(close))):
        if not blocked[t]:
            sold = min(units * close[t], part * amount[t], max(loan - proceeds, 0.0))
            proceeds += sold
            units -= sold / close[t]
        rest, last = units * close[t], t - start
        least = min(least, (proceeds + rest) / loan)
        if proceeds >= loan:
            break
    return first_call, start - opened, last, least, proceeds / loan, rest / loan


def walk(path, pieces, owed, lines, cure_days, sale_days):
    """One loan along one path of log returns (rows of assets): first warning, call, sale, missing.

    pieces: (asset, value at the start).
    """
    warn, call, close, cure = lines
    level = [0.0] * len(path[0])
    first = [0, 0, 0]
    called, sold, proceeds = None, 0, 0.0
    for day, returns in enumerate(path, start=1):
        level = [a + b for a, b in zip(level, returns, strict=True)]
        worth = sum(value * exp(level[asset]) for asset, value in pieces)
        last = day == len(path)
        if first[2] and day >= first[2]:
            if sold < sale_days:
                parts = sale_days - sold if last else 1
                proceeds += worth * parts / sale_days
                sold += parts
            continue
        ratio = worth / owed
        if ratio < warn and not first[0]:
            first[0] = day
        if called is None and ratio < call:
            called = day
            first[1] = first[1] or day
        elif called is not None and ratio >= cure:
            called = None
        if called is not None and not first[2] and (ratio < close or day - called >= cure_days):
            first[2] = day + 1
            if last:
                proceeds = worth
    return first, max(owed - proceeds, 0.0) if first[2] else 0.0


def zone(value, owed, lines):
    """0 open, 1 below the warning line, 2 below the call line, 3 below the closing line."""
    below = [value < owed * Fraction(line) for line in (lines.warn, lines.call, lines.close)]
    return sum(below)


def borrowing_base(rows, debtors, *, related, owed_to, accepted, on, lent):
    """rows: (debtor, amount, due day number, disputed). The lines by name, invoice by invoice."""
    balance = dict.fromkeys(debtors, 0)
    late = dict.fromkeys(debtors, 0)
    for debtor, amount, due, _ in rows:
        balance[debtor] += amount
        late[debtor] += amount if on - due > accepted.past_due_days_max else 0
    names = ("disputed", "related", "past_due", "term_too_long", "cross_aged", "contra")
    out = dict.fromkeys(names, 0)
    eligible = dict.fromkeys(debtors, 0)
    for debtor, amount, due, disputed in rows:
        crossed = late[debtor] > 0 and late[debtor] > Fraction(accepted.cross_age) * balance[debtor]
        if disputed:
            out["disputed"] += amount
        elif debtor in related:
            out["related"] += amount
        elif on - due > accepted.past_due_days_max:
            out["past_due"] += amount
        elif due - on > accepted.term_days_max:
            out["term_too_long"] += amount
        elif crossed:
            out["cross_aged"] += amount
        else:
            eligible[debtor] += amount
    for debtor in debtors:
        taken = min(eligible[debtor], owed_to.get(debtor, 0))
        out["contra"] += taken
        eligible[debtor] -= taken
    total = sum(eligible.values())
    limit = int(total * Fraction(accepted.concentration))
    excess = sum(max(amount - limit, 0) for amount in eligible.values())
    net = int((total - excess) * (1 - Fraction(accepted.dilution)))
    base = int(net * Fraction(accepted.advance))
    return {
        "gross": sum(row[1] for row in rows),
        **{name: -amount for name, amount in out.items()},
        "eligible": total,
        "concentration": -excess,
        "dilution": net - (total - excess),
        "net": net,
        "base": base,
        "lent": -lent,
        "available": base - lent,
    }


def trigger_price(loan, position, line):
    """The highest whole price at which a loan is below a line, by trying every price down."""
    rest = loan.value_minor - position.quantity * position.price_minor
    for price in range(4 * position.price_minor + 4, -1, -1):
        if rest + position.quantity * price < loan.owed_minor * Fraction(line):
            return price
    return None

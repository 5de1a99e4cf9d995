"""The features by plain loops over plain rows: slow, and easy to see right."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from statistics import pstdev

from headrace.features.definition import Aggregate, Measure, Over, Ratio
from strategies import FIRST


def feature(definitions, rows, party, as_of_day):
    """Values of every definition for one party, as of the end of a local day; None is missing."""
    known = [row for row in rows if row["party"] == party and row["known_day"] <= as_of_day]
    values = {}
    for definition in definitions:
        if isinstance(definition, Ratio):
            top, bottom = values[definition.numerator], values[definition.denominator]
            ok = top is not None and bottom is not None and bottom > 0
            values[definition.name] = top / bottom if ok else None
        else:
            values[definition.name] = _measure(definition, known, as_of_day)
    return values


def _holds(flag, row, as_of_day):
    dead = row["void_day"] is not None and row["void_day"] <= as_of_day
    total = row["amount"] + row["tax"]
    return {
        "sale": row["direction"] == "sale",
        "purchase": row["direction"] == "purchase",
        "voided": dead,
        "valid": not dead,
        "red": not dead and row["amount"] < 0,
        "ordinary": not dead and row["amount"] >= 0,
        "round": total % 100_000 == 0 and total != 0,
    }[flag]


def _measure(measure: Measure, known, as_of_day):
    last = as_of_day - measure.window.ends_before
    rows = [
        row
        for row in known
        if all(_holds(flag, row, as_of_day) for flag in measure.where)
        and (not measure.window.ends_before or row["day"] <= last)
        and (measure.window.days is None or row["day"] > last - measure.window.days)
    ]
    value = {"amount": lambda r: r["amount"], "tax": lambda r: r["tax"], None: lambda _: 1}
    take = value[measure.field]
    if measure.over is not None:
        return _over(measure, rows, take)
    days = sorted(row["day"] for row in rows)
    match measure.aggregate:
        case Aggregate.COUNT:
            return len(rows)
        case Aggregate.DAYS_SINCE_FIRST:
            return as_of_day - days[0] if days else None
        case Aggregate.DAYS_SINCE_LAST:
            return as_of_day - days[-1] if days else None
        case Aggregate.GAP_DAYS_MAX:
            marks = [*days, as_of_day]
            return max(b - a for a, b in pairwise(marks)) if days else None
    if not rows:
        return None
    amounts = [take(row) for row in rows]
    match measure.aggregate:
        case Aggregate.SUM:
            return sum(amounts)
        case Aggregate.MEAN:
            return sum(amounts) / len(amounts)
        case Aggregate.MAX:
            return max(amounts)
    raise AssertionError(measure)


def _month(row):
    local = FIRST + timedelta(days=row["day"], hours=8)
    return local.year * 12 + local.month - 1


def _over(measure, rows, take):
    group_of = {
        Over.COUNTERPARTY: lambda row: row["counterparty"],
        Over.MONTH: _month,
        Over.QUARTER_OF_YEAR: lambda row: _month(row) % 12 // 3,
    }[measure.over]
    groups, months = defaultdict(int), defaultdict(set)
    for row in rows:
        groups[group_of(row)] += take(row)
        months[group_of(row)].add(_month(row))
    if measure.aggregate is Aggregate.COUNT:
        return len(groups)
    if not groups:
        return None
    positive = {key: max(total, 0) for key, total in groups.items()}
    whole = sum(positive.values())
    match measure.aggregate:
        case Aggregate.HHI:
            return sum((p / whole) ** 2 for p in positive.values()) if whole else None
        case Aggregate.TOP_SHARE:
            return max(positive.values()) / whole if whole else None
        case Aggregate.REPEAT_SHARE:
            lasting = sum(p for key, p in positive.items() if len(months[key]) >= 3)
            return lasting / whole if whole else None
        case Aggregate.VARIATION:
            totals = [groups.get(m, 0) for m in range(min(groups), max(groups) + 1)]
            mean = sum(totals) / len(totals)
            return pstdev(totals) / mean if len(totals) > 1 and mean > 0 else None
        case Aggregate.MAX:
            return max(groups.values())
        case Aggregate.SUM:
            return sum(groups.values())
        case Aggregate.MEAN:
            return sum(groups.values()) / len(groups)
    raise AssertionError(measure)

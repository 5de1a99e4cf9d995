"""Slow, obvious twins of the named scores: one applicant, one patent, one firm at a time."""

from itertools import pairwise

from headrace.scores.named.definition import Kind

YES, NO = {"yes", "是", "true", "1"}, {"no", "否", "false", "0"}


def share_of(item, field, value, usual=1.0):
    """Share of the weight, or None where the value is missing or cannot be."""
    if value is None or value == "":
        return None
    if field.kind is Kind.NUMBER:
        low = float("-inf") if field.low is None else field.low
        high = float("inf") if field.high is None else field.high
        if not low <= value <= high:
            return None
        return line(item.at, value / usual)
    if field.kind is Kind.FLAG:
        value = str(value).lower()
        return item.shares["yes"] if value in YES else item.shares["no"] if value in NO else None
    return item.shares.get(value)


def line(points, value):
    if value <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if value <= x1:
            return y0 + (y1 - y0) * (value - x0) / (x1 - x0)
    return points[-1][1]


def score_one(row, score, region="*"):
    """Score, low, high and known of one applicant, a mapping of field to value."""
    total = low = high = known = 0.0
    for item in score.items:
        field = score.field(item.field)
        norms = score.usual.get(region, {})
        usual = norms.get(item.field, score.usual["*"][item.field]) if item.local else 1.0
        share = share_of(item, field, row.get(item.field), usual)
        reach = [item.missing, *(part for _, part in item.at), *item.shares.values()]
        total += item.weight * (item.missing if share is None else share)
        low += item.weight * (min(reach) if share is None else share)
        high += item.weight * (max(reach) if share is None else share)
        known += 0.0 if share is None else item.weight / 100
    return total, low, high, known


def income_value(sales, growth, rates, share, years, growth_years):
    """Relief from royalty, year by year."""
    (royalty, discount, tax), total, at = rates, 0.0, 1
    while at - 1 < years:
        sales *= 1 + growth if at <= growth_years else 1.0
        part = min(1.0, years - (at - 1))
        total += part * sales * royalty * share * (1 - tax) / (1 + discount) ** (at - 0.5)
        at += 1
    return total


def neighbour_score(firm, deals, scores, prior=2.0):
    """`deals` are (firm, partner, amount) of the year; None where no partner has a score."""
    sums = {}
    for one, other, amount in deals:
        if one == firm and other != firm and scores.get(other) is not None:
            sums[other] = sums.get(other, 0) + amount
    if not sums:
        return None
    whole = sum(sums.values())
    mean = sum(amount * scores[other] for other, amount in sums.items()) / whole
    effective = whole**2 / sum(amount**2 for amount in sums.values())
    known = [score for score in scores.values() if score is not None]
    overall = sum(known) / len(known)
    return (effective * mean + prior * overall) / (effective + prior)

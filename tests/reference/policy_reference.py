"""Decision tables one applicant and one cell at a time: slow, and obviously what the text says."""

import math
from decimal import Decimal

from headrace.decisions.sfeel import Anything, Equal, NoneOf, OneOf, Range
from headrace.decisions.table import HitPolicy


def meets(test, value) -> bool:
    return truth(test, value) is True


def truth(test, value):
    """True, False, or None for unknown."""
    if isinstance(value, float) and math.isnan(value):
        value = None
    if isinstance(test, Anything):
        return True
    if isinstance(test, NoneOf):
        inner = any_of([truth(part, value) for part in test.tests])
        return None if inner is None else not inner
    if isinstance(test, OneOf):
        return any_of([truth(part, value) for part in test.tests])
    if isinstance(test, Equal):
        return equal(test.value, value)
    if value is None:
        return None
    return in_range(test, value)


def any_of(truths):
    if True in truths:
        return True
    return None if None in truths else False


def equal(literal, value):
    if literal is None:
        return value is None
    if value is None:
        return None
    if isinstance(literal, Decimal):
        return is_number(value) and value == like(literal, value)
    return type(literal) is type(value) and literal == value


def in_range(test: Range, value) -> bool:
    if not is_number(value):
        return False
    above = test.low is None or value > like(test.low, value)
    below = test.high is None or value < like(test.high, value)
    on_low = test.low_closed and test.low is not None and value == like(test.low, value)
    on_high = test.high_closed and test.high is not None and value == like(test.high, value)
    return (above or on_low) and (below or on_high)


def is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def like(literal: Decimal, value):
    return float(literal) if isinstance(value, float) else literal


def evaluate_one(table, applicant: dict) -> tuple[int, tuple]:
    """The row that speaks (-1 for none) and its outputs."""
    met = [
        rule
        for rule in table.rules
        if all(
            meets(test, applicant[name])
            for name, test in zip(table.inputs, rule.tests, strict=True)
        )
    ]
    none = (-1, (None,) * len(table.outputs))
    if not met or (table.hit_policy is HitPolicy.UNIQUE and len(met) > 1):
        return none
    if table.hit_policy is HitPolicy.COLLECT_MIN:
        met.sort(key=lambda rule: rule.outputs[0])
    if table.hit_policy is HitPolicy.COLLECT_MAX:
        met.sort(key=lambda rule: -rule.outputs[0])
    return met[0].row, met[0].outputs

"""What a change of a cell does to the cases that meet it: more of them, fewer, or others."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from headrace.decisions.feel import Expression, Tests, order, write_tests
from headrace.decisions.feel.printing import digits
from headrace.decisions.feel.tree import Interval, Literal, Negation, Test
from headrace.decisions.feel.values import Value


class Effect(StrEnum):
    """What became of a condition or of a number that a rule gives."""

    LOOSENED = "loosened"  # every case that met it does still, and more may
    TIGHTENED = "tightened"  # no case meets it that did not before, and fewer may
    SHIFTED = "shifted"  # some come in and some go out
    RAISED = "raised"
    LOWERED = "lowered"


@dataclass(frozen=True)
class Moved:
    """How far a change goes.

    Attributes:
        effect: What it does.
        by: How far the one bound or number that changed moved, signed, as `+0.05`; else empty.
    """

    effect: Effect
    by: str = ""


@dataclass(frozen=True)
class _End:
    """One end of what a cell lets in; of no value: without end."""

    value: Value = None
    included: bool = False


_Extent = tuple[_End, _End]
_ENDLESS = (_End(), _End())


def condition_moved(before: Tests, after: Tests) -> Moved | None:
    """What a change of an input cell does; None where that cannot be told from the cell alone."""
    if before.negated != after.negated:
        return None
    found = _bounds_moved(before, after) or _values_moved(before, after)
    if found is None or not before.negated:
        return found
    turned = {Effect.LOOSENED: Effect.TIGHTENED, Effect.TIGHTENED: Effect.LOOSENED}
    return Moved(turned.get(found.effect, found.effect), found.by)


def output_moved(before: Expression, after: Expression) -> Moved | None:
    """Whether a number that a rule gives went up or down; None where it is no number."""
    first, last = _value(before), _value(after)
    if not isinstance(first, Decimal) or not isinstance(last, Decimal) or first == last:
        return None
    return Moved(Effect.RAISED if last > first else Effect.LOWERED, _distance(first, last))


def _bounds_moved(before: Tests, after: Tests) -> Moved | None:
    first, last = _extent(before), _extent(after)
    if first is None or last is None:
        return None
    lows, highs = _outward(first[0], last[0], -1), _outward(first[1], last[1], 1)
    if lows is None or highs is None:
        return None
    moved = [
        pair for pair, way in zip(zip(first, last, strict=True), (lows, highs), strict=True) if way
    ]
    by = _distance(moved[0][0].value, moved[0][1].value) if len(moved) == 1 else ""
    if lows >= 0 and highs >= 0:
        return Moved(Effect.LOOSENED, by) if moved else None
    if lows <= 0 and highs <= 0:
        return Moved(Effect.TIGHTENED, by)
    return Moved(Effect.SHIFTED)


def _values_moved(before: Tests, after: Tests) -> Moved | None:
    """Of alternatives: one more lets more in."""
    first, last = _texts(before), _texts(after)
    if not first or not last:  # `-` lets everything in
        return Moved(Effect.TIGHTENED if last else Effect.LOOSENED) if first != last else None
    if first < last:
        return Moved(Effect.LOOSENED)
    return Moved(Effect.TIGHTENED) if last < first else None


def _texts(tests: Tests) -> set[str]:
    return {write_tests(Tests((each,))) for each in tests.alternatives}


def _extent(tests: Tests) -> _Extent | None:
    """What a cell with one comparison or one interval lets in."""
    if len(tests.alternatives) != 1:
        return None
    test = tests.alternatives[0]
    if isinstance(test, Interval):
        low, high = _value(test.low), _value(test.high)
        if low is None or high is None:
            return None
        return _End(low, test.low_included), _End(high, test.high_included)
    if not isinstance(test, Test):
        return None
    end = _End(_value(test.value), test.operator in {"<=", ">="})
    if end.value is None or test.operator not in {"<", "<=", ">", ">="}:
        return None
    return (end, _ENDLESS[1]) if test.operator.startswith(">") else (_ENDLESS[0], end)


def _outward(before: _End, after: _End, way: int) -> int | None:
    """1 where the end went outward, -1 inward, 0 where it stayed; None: it cannot be told."""
    if before.value is None or after.value is None:
        return (after.value is None) - (before.value is None)
    found = order(after.value, before.value)
    return None if found is None else found * way or after.included - before.included


def _value(node: Expression) -> Value:
    if isinstance(node, Negation) and isinstance(node.operand, Literal):
        value = node.operand.value
        return -value if isinstance(value, Decimal) else None
    return node.value if isinstance(node, Literal) else None


def _distance(before: Value, after: Value) -> str:
    if not isinstance(before, Decimal) or not isinstance(after, Decimal) or before == after:
        return ""
    step = after - before
    return f"{'+' if step > 0 else '−'}{digits(abs(step))}"

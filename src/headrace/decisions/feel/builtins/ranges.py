"""Range functions (DMN 1.5, 10.3.4.7, Table 78) and `range` (10.3.4.1).

A point is handled as the range of itself, both ends included.
"""

from __future__ import annotations

from decimal import Decimal

from headrace.decisions.feel import tree
from headrace.decisions.feel.builtins.registry import BUILTINS, builtin
from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind, negated, order
from headrace.decisions.feel.parser import parse
from headrace.decisions.feel.values import Range, Value

MAKERS = ("date", "time", "date and time", "duration")


class _NoOrderError(Exception):
    """The ends of the two have no order."""


def _compared(left: Value, right: Value) -> int:
    found = order(left, right)
    if found is None:
        raise _NoOrderError
    return found


def _span(value: Value) -> Range:
    return (
        value
        if isinstance(value, Range)
        else Range(value, value, low_included=True, high_included=True)
    )


def _lows(a: Range, b: Range) -> int:
    """-1, 0 or 1 as a starts before, with or after b; an end left open is before every other."""
    if a.low is None or b.low is None:
        return (b.low is None) - (a.low is None)
    found = _compared(a.low, b.low)
    return found or (b.low_included - a.low_included)


def _highs(a: Range, b: Range) -> int:
    """-1, 0 or 1 as a ends before, with or after b."""
    if a.high is None or b.high is None:
        return (a.high is None) - (b.high is None)
    found = _compared(a.high, b.high)
    return found or (a.high_included - b.high_included)


def _gap(a: Range, b: Range) -> int:
    """-1 where a ends before b starts, 0 where both have that one point, 1 where they overlap."""
    if a.high is None or b.low is None:
        return 1
    found = _compared(a.high, b.low)
    if found:
        return found
    return 0 if a.high_included and b.low_included else -1


def _before(a: Range, b: Range) -> bool:
    return _gap(a, b) < 0


def _after(a: Range, b: Range) -> bool:
    return _gap(b, a) < 0


def _meets(a: Range, b: Range) -> bool:
    return _gap(a, b) == 0


def _met_by(a: Range, b: Range) -> bool:
    return _gap(b, a) == 0


def _overlaps(a: Range, b: Range) -> bool:
    return _gap(a, b) >= 0 and _gap(b, a) >= 0


def _overlaps_before(a: Range, b: Range) -> bool:
    return _lows(a, b) < 0 and _overlaps(a, b) and _highs(a, b) <= 0


def _overlaps_after(a: Range, b: Range) -> bool:
    return _overlaps_before(b, a)


def _finishes(a: Range, b: Range) -> bool:
    return _highs(a, b) == 0 and _lows(a, b) >= 0


def _finished_by(a: Range, b: Range) -> bool:
    return _finishes(b, a)


def _includes(a: Range, b: Range) -> bool:
    return _lows(a, b) <= 0 and _highs(a, b) >= 0


def _during(a: Range, b: Range) -> bool:
    return _includes(b, a)


def _starts(a: Range, b: Range) -> bool:
    return _lows(a, b) == 0 and _highs(a, b) <= 0


def _started_by(a: Range, b: Range) -> bool:
    return _starts(b, a)


def _coincides(a: Range, b: Range) -> bool:
    return _lows(a, b) == 0 and _highs(a, b) == 0


_RELATIONS = {
    "before": (_before, ("pp", "pr", "rp", "rr")),
    "after": (_after, ("pp", "pr", "rp", "rr")),
    "meets": (_meets, ("rr",)),
    "met by": (_met_by, ("rr",)),
    "overlaps": (_overlaps, ("rr",)),
    "overlaps before": (_overlaps_before, ("rr",)),
    "overlaps after": (_overlaps_after, ("rr",)),
    "finishes": (_finishes, ("pr", "rr")),
    "finished by": (_finished_by, ("rp", "rr")),
    "includes": (_includes, ("rp", "rr")),
    "during": (_during, ("pr", "rr")),
    "starts": (_starts, ("pr", "rr")),
    "started by": (_started_by, ("rp", "rr")),
    "coincides": (_coincides, ("pp", "rr")),
}
_NAMES = {
    "pp": ("point1: any", "point2: any"),
    "pr": ("point: any", "range: range"),
    "rp": ("range: range", "point: any"),
    "rr": ("range1: range", "range2: range"),
}


def _declare(name: str, shape: str) -> None:
    relation = _RELATIONS[name][0]
    first, second = _NAMES[shape]

    @builtin(f"{name}({first}, {second})")
    def related(notes: Notes, left: Value, right: Value) -> Value:
        spans = (_span(left), _span(right))
        empty = any(span.low is span.high is None for span in spans)
        if empty or any(span.operator == "!=" for span in spans):
            notes.add(f"{name} takes points that are not null, and ranges that are one piece")
            return None
        try:
            return relation(*spans)
        except _NoOrderError:
            notes.add(f"{name}: a {kind(left)} and a {kind(right)} have no order")
            return None


for _name, (_, _shapes) in _RELATIONS.items():
    for _shape in sorted(_shapes, reverse=True):
        _declare(_name, _shape)


@builtin("range(from: string)")
def _range(notes: Notes, text: str) -> Value:
    """The range a text spells, with literals for ends."""
    try:
        found = parse(text)
    except FeelError:
        found = None
    if not isinstance(found, tree.Interval):
        notes.add(f"{text[:40]!r} is no range like [1..10]")
        return None
    try:
        low, high = _end(found.low, notes), _end(found.high, notes)
    except _NoLiteralError:
        notes.add("The ends of a range are literals")
        return None
    if low is None and high is None:
        notes.add("A range has one end at least")
        return None
    if low is not None and high is not None and order(low, high) in (None, 1):
        notes.add(f"A range does not go from {text[1:40]!r}: its ends have another order, or none")
        return None
    return Range(low, high, found.low_included, found.high_included)


def _end(node: tree.Node, notes: Notes) -> Value:
    match node:
        case tree.Literal():
            return node.value
        case tree.Negation(operand=tree.Literal(value=Decimal() as value)):
            return negated(value, notes)
        case tree.Call(function=tree.Name(name=name), arguments=arguments) if name in MAKERS:
            ends = [_end(argument, notes) for argument in arguments]
            return BUILTINS[name].by_position(ends, notes)
    raise _NoLiteralError


class _NoLiteralError(Exception):
    """An end is computed."""

"""How large a value is when written out: what shares its parts can be small and still endless."""

from __future__ import annotations

from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.values import Range, Value

DEEPEST = 200


def check_size(value: Value, notes: Notes) -> None:
    """Refuse a value nobody could walk: `{a: [1, 1], b: [a, a], c: [b, b], ...}`.

    Raises:
        FeelError: Written out it has more items than `Limits.written`, or is nested too deep.
    """
    weight, _ = _weighed(value, {}, 0)
    if weight > notes.limits.written:
        raise FeelError(
            f"The value has more than {notes.limits.written:,} items",
            remedy="Return less: lists within lists multiply",
        )


def _weighed(value: Value, known: dict[int, tuple[int, int]], depth: int) -> tuple[int, int]:
    """Items written out, and levels; each part is weighed once, however often it is shared."""
    if not isinstance(value, list | dict | Range):
        return 1, 0
    if id(value) in known:
        return known[id(value)]
    parts = value if isinstance(value, list) else []
    parts = list(value.values()) if isinstance(value, dict) else parts
    parts = [value.low, value.high] if isinstance(value, Range) else parts
    weight, levels = 1, 0
    for part in parts if depth <= DEEPEST else [None]:
        more, below = _weighed(part, known, depth + 1)
        weight, levels = weight + more, max(levels, below)
    if depth + levels >= DEEPEST:
        raise FeelError(f"The value is nested more than {DEEPEST} deep", remedy="Nest less")
    known[id(value)] = weight, levels + 1
    return known[id(value)]

"""List functions (DMN 1.5, 10.3.4.4 and 10.3.4.10)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key, reduce

from headrace.decisions.feel.builtins.calls import call_function
from headrace.decisions.feel.builtins.numbers import whole
from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.calendar import DaysTime, YearsMonths
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import arithmetic, equal, kind, order
from headrace.decisions.feel.values import ARITHMETIC, Function, Value, number


@builtin("list contains(list: list, element: any)")
def _list_contains(notes: Notes, items: list[Value], element: Value) -> Value:
    notes.sized(len(items))
    return any(equal(item, element, notes) is True for item in items)


@builtin("count(list: list)")
def _count(notes: Notes, items: list[Value]) -> Value:
    return Decimal(len(items))


@builtin("min(c: any...)")
@builtin("min(list: list)")
def _min(notes: Notes, items: list[Value]) -> Value:
    return _extreme(notes, items, -1)


@builtin("max(c: any...)")
@builtin("max(list: list)")
def _max(notes: Notes, items: list[Value]) -> Value:
    return _extreme(notes, items, 1)


def _extreme(notes: Notes, items: list[Value], sign: int) -> Value:
    notes.sized(len(items))
    if not items:
        notes.add("An empty list has no least and no greatest item")
        return None
    best = items[0]
    for item in items:
        found = order(item, best)
        if found is None:
            notes.add(f"A {kind(item)} and a {kind(best)} have no order")
            return None
        best = item if found == sign else best
    return best


@builtin("sum(n: any...)")
@builtin("sum(list: list)")
def _sum(notes: Notes, items: list[Value]) -> Value:
    if items and isinstance(items[0], DaysTime | YearsMonths):
        notes.sized(len(items))
        return reduce(lambda total, item: arithmetic("+", total, item, notes), items)
    numbers = _numbers(notes, items)
    return number(_total(numbers)) if numbers else None


@builtin("mean(n: any...)")
@builtin("mean(list: list)")
def _mean(notes: Notes, items: list[Value]) -> Value:
    if items and isinstance(items[0], DaysTime | YearsMonths):
        return arithmetic("/", _sum(notes, items), Decimal(len(items)), notes)
    numbers = _numbers(notes, items)
    if not numbers:
        return None
    return number(ARITHMETIC.divide(_total(numbers), Decimal(len(numbers))))


@builtin("product(n: any...)")
@builtin("product(list: list)")
def _product(notes: Notes, items: list[Value]) -> Value:
    numbers = _numbers(notes, items)
    return number(reduce(ARITHMETIC.multiply, numbers)) if numbers else None


@builtin("median(n: any...)")
@builtin("median(list: list)")
def _median(notes: Notes, items: list[Value]) -> Value:
    numbers = sorted(_numbers(notes, items) or [])
    if not numbers:
        return None
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return number(
        ARITHMETIC.divide(ARITHMETIC.add(numbers[middle - 1], numbers[middle]), Decimal(2))
    )


@builtin("stddev(n: any...)")
@builtin("stddev(list: list)")
def _stddev(notes: Notes, items: list[Value]) -> Value:
    """Of a sample: the squares are divided by one less than their count."""
    numbers = _numbers(notes, items)
    if not numbers:
        return None
    if len(numbers) < 2:
        notes.add("A standard deviation takes two numbers or more")
        return None
    mean = ARITHMETIC.divide(_total(numbers), Decimal(len(numbers)))
    squares = [ARITHMETIC.power(ARITHMETIC.subtract(n, mean), Decimal(2)) for n in numbers]
    variance = ARITHMETIC.divide(_total(squares), Decimal(len(numbers) - 1))
    return number(ARITHMETIC.sqrt(variance))


@builtin("mode(n: any...)")
@builtin("mode(list: list)")
def _mode(notes: Notes, items: list[Value]) -> Value:
    if not items:
        return []
    counts: dict[Decimal, int] = {}
    for item in _numbers(notes, items) or []:
        counts[item] = counts.get(item, 0) + 1
    if not counts:
        return None
    most = max(counts.values())
    return list[Value](sorted(item for item, count in counts.items() if count == most))


def _numbers(notes: Notes, items: list[Value]) -> list[Decimal] | None:
    """The items, or None with a note where one is no number or there is none."""
    notes.sized(len(items))
    numbers = [item for item in items if isinstance(item, Decimal)]
    if not items or len(numbers) < len(items):
        notes.add("A list of numbers was expected, and at least one")
        return None
    return numbers


def _total(numbers: list[Decimal]) -> Decimal:
    return reduce(ARITHMETIC.add, numbers)


@builtin("all(b: any...)")
@builtin("all(list: list)")
def _all(notes: Notes, items: list[Value]) -> Value:
    return _kleene(notes, items, decisive=False)


@builtin("any(b: any...)")
@builtin("any(list: list)")
def _any(notes: Notes, items: list[Value]) -> Value:
    return _kleene(notes, items, decisive=True)


def _kleene(notes: Notes, items: list[Value], *, decisive: bool) -> Value:
    notes.sized(len(items))
    if any(item is decisive for item in items):
        return decisive
    if all(isinstance(item, bool) for item in items):
        return not decisive
    notes.add("A list of true and false was expected")
    return None


@builtin("sublist(list: list, start position: number, length: number =)")
def _sublist(
    notes: Notes, items: list[Value], start: Decimal, length: Decimal | None = None
) -> Value:
    first = _place(notes, items, start)
    if first is None:
        return None
    if length is None:
        return items[first:]
    count = whole(length)
    if count is None or not 1 <= count <= len(items) - first:
        notes.add(f"There are no {length} items from {start} on")
        return None
    return items[first : first + count]


def _place(notes: Notes, items: list[Value], position: Decimal) -> int | None:
    """From a position, counted from 1 or from -1 at the end, to an index; None if outside."""
    found = whole(Decimal(int(position))) if position.adjusted() < 34 else None
    if not found or abs(found) > len(items):
        notes.add(f"Position {position} is outside a list of {len(items)}")
        return None
    return found - 1 if found > 0 else len(items) + found


@builtin("append(list: list?, item: any...)")
def _append(notes: Notes, items: list[Value] | None, more: list[Value]) -> Value:
    base = [None] if items is None else items
    notes.sized(len(base) + len(more))
    return [*base, *more]


@builtin("concatenate(list: any...)")
def _concatenate(notes: Notes, lists: list[Value]) -> list[Value]:
    made: list[Value] = []
    for items in lists:
        part = items if isinstance(items, list) else [items]
        notes.sized(len(made) + len(part))
        made.extend(part)
    return made


@builtin("union(list: any...)")
def _union(notes: Notes, lists: list[Value]) -> Value:
    return _distinct(notes, _concatenate(notes, lists))


@builtin("distinct values(list: list)")
def _distinct(notes: Notes, items: list[Value]) -> Value:
    notes.sized(len(items))
    made: list[Value] = []
    for item in items:
        if not any(equal(item, other, notes) is True for other in made):
            made.append(item)
    return made


@builtin("insert before(list: list, position: number, newItem: any)")
def _insert_before(notes: Notes, items: list[Value], position: Decimal, item: Value) -> Value:
    place = _place(notes, items, position)
    notes.sized(len(items) + 1)
    return None if place is None else [*items[:place], item, *items[place:]]


@builtin("remove(list: list, position: number)")
def _remove(notes: Notes, items: list[Value], position: Decimal) -> Value:
    place = _place(notes, items, position)
    notes.sized(len(items))
    return None if place is None else [*items[:place], *items[place + 1 :]]


@builtin("list replace(list: list, position: number, newItem: any)")
def _replace_at(notes: Notes, items: list[Value], position: Decimal, item: Value) -> Value:
    place = _place(notes, items, position)
    notes.sized(len(items))
    return None if place is None else [*items[:place], item, *items[place + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any)")
def _replace_matches(notes: Notes, items: list[Value], match: Function, new: Value) -> Value:
    notes.sized(len(items))
    made: list[Value] = []
    for item in items:
        found = call_function(match, [item, new], notes)
        if not isinstance(found, bool):
            notes.add("The match of list replace(...) says true or false")
            return None
        made.append(new if found else item)
    return made


@builtin("reverse(list: list)")
def _reverse(notes: Notes, items: list[Value]) -> Value:
    notes.sized(len(items))
    return items[::-1]


@builtin("index of(list: list, match: any)")
def _index_of(notes: Notes, items: list[Value], match: Value) -> Value:
    notes.sized(len(items))
    return [
        Decimal(index) for index, item in enumerate(items, 1) if equal(item, match, notes) is True
    ]


@builtin("flatten(list: list)")
def _flatten(notes: Notes, items: list[Value]) -> Value:
    made: list[Value] = []
    waiting = items[::-1]
    while waiting:
        notes.spend(1)
        item = waiting.pop()
        if isinstance(item, list):
            notes.sized(len(item))
            waiting.extend(item[::-1])
        else:
            made.append(item)
    return made


@builtin("sort(list: list, precedes: function =)")
def _sort(notes: Notes, items: list[Value], precedes: Function | None = None) -> Value:
    notes.sized(len(items))
    before = _by_order(notes) if precedes is None else _by_function(notes, precedes)
    try:
        return sorted(items, key=cmp_to_key(before))
    except _NoOrderError:
        notes.add("The items to sort have no order")
        return None


class _NoOrderError(Exception):
    pass


def _by_order(notes: Notes) -> Callable[[Value, Value], int]:
    def before(left: Value, right: Value) -> int:
        notes.spend(1)
        found = order(left, right)
        if found is None:
            raise _NoOrderError
        return found

    return before


def _by_function(notes: Notes, precedes: Function) -> Callable[[Value, Value], int]:
    def before(left: Value, right: Value) -> int:
        found = call_function(precedes, [left, right], notes)
        if not isinstance(found, bool):
            raise _NoOrderError
        return -1 if found else 1

    return before

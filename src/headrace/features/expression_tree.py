"""What a checked expression does: a tree of frozen values, and the two ways to run it.

A node is a few typed fields. Beside each stand its body of `vector`, over whole columns, and of
`row_function`, over one event. `expressions` says what the language means, builds trees from text,
and has checked every type before a node is made.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import lru_cache, singledispatch
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import EPOCH
from headrace.errors import MappingError
from headrace.facts.localtime import DAY_US, instant_of, local_from_utc
from headrace.features.definition import ColumnType

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY
FLAG, INSTANT = ColumnType.FLAG, ColumnType.INSTANT
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_HOUR_US = DAY_US // 24
_QUARTER_US = DAY_US // 96  # as `localtime`: one offset serves a quarter of an hour
# A day inside the years that Python's calendar knows, so that every zone's offset fits.
_FIRST_US = (date(1, 1, 2) - EPOCH).days * DAY_US
_LAST_US = (date(9999, 12, 31) - EPOCH).days * DAY_US - 1

Bools = NDArray[np.bool_]
Row = Mapping[str, Any]
RowFunction = Callable[[Row], Any]
Report = Callable[[], object]


@dataclass(frozen=True)
class Values:
    """A column in the arithmetic of expressions.

    Attributes:
        type: What it holds.
        places: Decimal places of a number, else 0.
        data: (n,). NUMBER: int64 multiples of 10**-places; FLAG: bool or 0 and 1; INSTANT: int64
            microseconds, UTC; CATEGORY: a pyarrow array, whole or in chunks, of text (plain or
            dictionary-encoded) or of whole numbers, or int64. What stands in a missing row means
            nothing.
        valid: (n,), False where missing; None: nothing is, but for nulls of a pyarrow array.
        out_of_range: (n,), True where a value was computed that does not fit, see the module;
            None: nowhere.
    """

    type: ColumnType
    places: int
    data: Any
    valid: Bools | None = None
    out_of_range: Bools | None = None


@singledispatch
def vector(node: "Node", values: Mapping[str, Values]) -> Values:
    """The node over whole columns, see `expressions.evaluate`."""
    raise TypeError(f"{node} is not a node")


@singledispatch
def row_function(node: "Node", out_of_range: Report) -> RowFunction:
    """The node over one event, compiled, see `expressions.row_evaluator`."""
    raise TypeError(f"{node} is not a node")


@dataclass(frozen=True)
class Constant:
    """A literal."""

    type: ColumnType
    places: int
    value: int | str  # a flag is True or False


@vector.register
def _(node: Constant, _values: Mapping[str, Values]) -> Values:
    return Values(node.type, node.places, np.asarray(node.value))


@row_function.register
def _(node: Constant, _out_of_range: Report) -> RowFunction:
    return lambda _row: node.value


@dataclass(frozen=True)
class Read:
    """A column."""

    name: str
    type: ColumnType
    places: int


@vector.register
def _(node: Read, values: Mapping[str, Values]) -> Values:
    given = values[node.name]
    if (given.type, given.places) != (node.type, node.places):
        raise MappingError(
            f"column {node.name!r} holds {given.type.value} with {given.places} places; the "
            f"expression was checked for {node.type.value} with {node.places} places"
        )
    if node.type is CATEGORY:
        return _category(node.name, given)
    data = given.data.astype(np.bool_, copy=False) if node.type is FLAG else given.data
    return Values(node.type, node.places, data, given.valid)


@row_function.register
def _(node: Read, _out_of_range: Report) -> RowFunction:
    return operator.itemgetter(node.name)


@dataclass(frozen=True)
class Compare:
    """Numbers of the same places, instants, or flags. A constant stands on the right."""

    sign: str
    left: "Node"
    right: "Node"
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: Compare, values: Mapping[str, Values]) -> Values:
    left, right = vector(node.left, values), vector(node.right, values)
    return _flag(COMPARISONS[node.sign](left.data, right.data), left, right)


@row_function.register
def _(node: Compare, out_of_range: Report) -> RowFunction:
    test, left = COMPARISONS[node.sign], row_function(node.left, out_of_range)
    if isinstance(node.right, Constant):
        bound = node.right.value
        return _of_one(left, lambda value: test(value, bound))
    return _of_two(left, row_function(node.right, out_of_range), test)


@dataclass(frozen=True)
class Among:
    """A category or a number is one of these."""

    item: "Node"
    choices: frozenset[int | str]
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: Among, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    textual = isinstance(item.data, pa.Array)
    if textual != isinstance(next(iter(node.choices)), str):
        raise _unlike(node.choices)
    chosen = list(node.choices)
    return _flag(_is_in(item.data, chosen) if textual else np.isin(item.data, chosen), item)


@row_function.register
def _(node: Among, out_of_range: Report) -> RowFunction:
    choices = node.choices
    kind = type(next(iter(choices)))

    def among(value: int | str) -> bool:
        if not isinstance(value, kind):
            raise _unlike(choices)
        return value in choices

    return _of_one(row_function(node.item, out_of_range), among)


@dataclass(frozen=True)
class Same:
    """Two categories name the same thing."""

    left: "Node"
    right: "Node"
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: Same, values: Mapping[str, Values]) -> Values:
    left, right = vector(node.left, values), vector(node.right, values)
    textual = isinstance(left.data, pa.Array)
    if textual != isinstance(right.data, pa.Array):
        raise _unlike()
    if textual:
        same = _as_bools(pc.equal(*[_plain(side.data, pa.string()) for side in (left, right)]))
    else:
        same = np.equal(left.data, right.data)
    return _flag(same, left, right)


@row_function.register
def _(node: Same, out_of_range: Report) -> RowFunction:
    def same(value: int | str, other: int | str) -> bool:
        if isinstance(value, str) != isinstance(other, str):
            raise _unlike()
        return value == other

    return _of_two(
        row_function(node.left, out_of_range), row_function(node.right, out_of_range), same
    )


@dataclass(frozen=True)
class IsMissing:
    """True where the item is missing; never missing itself."""

    item: "Node"
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: IsMissing, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    data = np.zeros(len(item.data), np.bool_) if item.valid is None else ~item.valid
    return Values(FLAG, 0, data, None, item.out_of_range)


@row_function.register
def _(node: IsMissing, out_of_range: Report) -> RowFunction:
    item = row_function(node.item, out_of_range)
    return lambda row: item(row) is None


@dataclass(frozen=True)
class Not:
    """The other flag; missing stays missing."""

    item: "Node"
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: Not, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    return Values(FLAG, 0, ~item.data, item.valid, item.out_of_range)


@row_function.register
def _(node: Not, out_of_range: Report) -> RowFunction:
    return _of_one(row_function(node.item, out_of_range), operator.not_)


@dataclass(frozen=True)
class Junction:
    """All (`and`) or any (`or`) of several flags.

    One flag of the deciding value decides whatever the others are: False for `and`, True for `or`.
    """

    items: tuple["Node", ...]
    deciding: bool
    type: ClassVar[ColumnType] = FLAG
    places: ClassVar[int] = 0


@vector.register
def _(node: Junction, values: Mapping[str, Values]) -> Values:
    items = [vector(item, values) for item in node.items]
    decided: Any = np.False_
    for item in items:
        decides = item.data if node.deciding else ~item.data
        decided = decided | (decides if item.valid is None else decides & item.valid)
    known = _all(*[item.valid for item in items])
    valid = None if known is None else known | decided
    return Values(FLAG, 0, decided == node.deciding, valid, _marked(*items))


@row_function.register
def _(node: Junction, out_of_range: Report) -> RowFunction:
    # Every item is asked, decided or not, so that out_of_range tells what `vector` tells.
    items, deciding = [row_function(item, out_of_range) for item in node.items], node.deciding

    def joined(row: Row) -> Any:
        result: bool | None = not deciding
        for item in items:
            value = item(row)
            if value is None:
                result = result if result == deciding else None
            elif value == deciding:
                result = deciding
        return result

    return joined


@dataclass(frozen=True)
class Arithmetic:
    """Sum, difference (of the same places) or product."""

    sign: str
    left: "Node"
    right: "Node"
    places: int
    type: ClassVar[ColumnType] = NUMBER


@vector.register
def _(node: Arithmetic, values: Mapping[str, Values]) -> Values:
    left, right = vector(node.left, values), vector(node.right, values)
    data, fits = _within_int64(_ARITHMETIC[node.sign], left.data, right.data)
    return _number(node.places, data, fits, left, right)


@row_function.register
def _(node: Arithmetic, out_of_range: Report) -> RowFunction:
    apply = _ARITHMETIC[node.sign]

    def computed(value: int, other: int) -> int | None:
        result: int = apply(value, other)
        if INT64_MIN <= result <= INT64_MAX:
            return result
        out_of_range()
        return None

    return _of_two(
        row_function(node.left, out_of_range), row_function(node.right, out_of_range), computed
    )


@dataclass(frozen=True)
class Divided:
    """A number by a constant above 0: the floor, the ceiling or the rest."""

    how: str
    item: "Node"
    divisor: int  # as a multiple of 10**-places of the item
    places: int
    type: ClassVar[ColumnType] = NUMBER


@vector.register
def _(node: Divided, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    data = _DIVISIONS[node.how](item.data, node.divisor)
    return _number(node.places, data, None, item)


@row_function.register
def _(node: Divided, out_of_range: Report) -> RowFunction:
    divide, divisor = _DIVISIONS[node.how], node.divisor
    return _of_one(row_function(node.item, out_of_range), lambda value: divide(value, divisor))


@dataclass(frozen=True)
class Absolute:
    """A number without its sign."""

    item: "Node"
    places: int
    type: ClassVar[ColumnType] = NUMBER


@vector.register
def _(node: Absolute, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    lowest = item.data == INT64_MIN
    fits = ~lowest if lowest.any() else None
    return _number(node.places, np.abs(item.data), fits, item)


@row_function.register
def _(node: Absolute, out_of_range: Report) -> RowFunction:
    def absolute(value: int) -> int | None:
        if value > INT64_MIN:
            return abs(value)
        out_of_range()
        return None

    return _of_one(row_function(node.item, out_of_range), absolute)


@dataclass(frozen=True)
class CalendarPart:
    """A whole number read off the calendar of a zone."""

    part: str
    item: "Node"
    zone: str
    type: ClassVar[ColumnType] = NUMBER
    places: ClassVar[int] = 0


@vector.register
def _(node: CalendarPart, values: Mapping[str, Values]) -> Values:
    item = vector(node.item, values)
    fits = (item.data >= _FIRST_US) & (item.data <= _LAST_US)
    local = local_from_utc(np.where(fits, item.data, 0), node.zone)
    data = CALENDAR_PARTS[node.part](local, _months_of_days)
    return _number(0, data, None if fits.all() else fits, item)


@row_function.register
def _(node: CalendarPart, out_of_range: Report) -> RowFunction:
    part, zone = CALENDAR_PARTS[node.part], node.zone

    def on_the_calendar(instant: int) -> int | None:
        if _FIRST_US <= instant <= _LAST_US:
            local = instant + _offset_us(instant // _QUARTER_US, zone)
            return int(part(local, _month_of_day))
        out_of_range()
        return None

    return _of_one(row_function(node.item, out_of_range), on_the_calendar)


Node = (
    Constant
    | Read
    | Compare
    | Among
    | Same
    | IsMissing
    | Not
    | Junction
    | Arithmetic
    | Divided
    | Absolute
    | CalendarPart
)

# Each of these works on whole numbers and on arrays of them alike.
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}
_DIVISIONS: dict[str, Callable[[Any, int], Any]] = {
    "//": operator.floordiv,
    "%": operator.mod,
    "ceiling": lambda value, divisor: value // divisor + (value % divisor > 0),
}
# Of local microseconds, with a function from days to months since 1970-01.
CALENDAR_PARTS: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "day": lambda local, _: local // DAY_US,
    "month": lambda local, month: month(local // DAY_US),
    "quarter": lambda local, month: month(local // DAY_US) // 3,
    "year": lambda local, month: month(local // DAY_US) // 12 + 1970,
    "month_of_year": lambda local, month: month(local // DAY_US) % 12 + 1,
    "quarter_of_year": lambda local, month: month(local // DAY_US) // 3 % 4,
    "weekday": lambda local, _: (local // DAY_US + 3) % 7,  # 1970-01-01 was a Thursday
    "hour": lambda local, _: local // _HOUR_US % 24,
}


def _months_of_days(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _month_of_day(day: int) -> int:
    when = date.fromordinal(EPOCH.toordinal() + day)
    return (when.year - 1970) * 12 + when.month - 1


@lru_cache(maxsize=4096)
def _offset_us(quarter: int, zone: str) -> int:
    """As `localtime` has it: the offset at the start of the quarter of an hour, in microseconds."""
    start = instant_of(quarter * _QUARTER_US)
    local = start.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    return (local - start) // timedelta(microseconds=1)


# --- columns ------------------------------------------------------------------------------------


def _all(*masks: Bools | None) -> Bools | None:
    """True where every mask is; None stands for a mask that is True everywhere."""
    found: Bools | None = None
    for mask in masks:
        if mask is not None:
            found = mask if found is None else found & mask
    return found


def _marked(*parts: Values) -> Bools | None:
    found: Bools | None = None
    for part in parts:
        if part.out_of_range is not None:
            found = part.out_of_range if found is None else found | part.out_of_range
    return found


def _flag(data: Any, *parts: Values) -> Values:
    return Values(FLAG, 0, data, _all(*[part.valid for part in parts]), _marked(*parts))


def _number(places: int, data: Any, fits: Bools | None, *parts: Values) -> Values:
    """A number computed from parts, missing and marked where it does not fit."""
    valid, marked = _all(*[part.valid for part in parts]), _marked(*parts)
    if fits is not None:
        lost = ~fits if valid is None else valid & ~fits
        marked = lost if marked is None else marked | lost
        valid = fits if valid is None else valid & fits
        data = np.where(fits, data, 0)
    return Values(NUMBER, places, data, valid, marked)


def _within_int64(
    apply: Callable[[Any, Any], Any], left: Any, right: Any
) -> tuple[Any, Bools | None]:
    """The result in 64 bits, and where it fits; None: everywhere.

    Sums and products are largest and smallest at corners of the operands' ranges. Where the
    corners do not fit, floats find the rows in doubt, and Python's integers decide those.
    """
    if min(left.size, right.size) == 0:
        return apply(left, right), None
    ranges = [(int(side.min()), int(side.max())) for side in (left, right)]
    corners = [apply(one, other) for one in ranges[0] for other in ranges[1]]
    if min(corners) >= INT64_MIN and max(corners) <= INT64_MAX:
        return apply(left, right), None
    left, right = np.broadcast_arrays(left, right)
    rough = apply(left.astype(np.float64), right.astype(np.float64))
    doubtful = np.flatnonzero(np.abs(rough) >= 2.0**62)
    exact = apply(left[doubtful].astype(object), right[doubtful].astype(object))
    fits = np.ones(len(left), np.bool_)
    fits[doubtful] = ((exact >= INT64_MIN) & (exact <= INT64_MAX)).astype(np.bool_)
    return apply(left, right), fits


def _category(name: str, given: Values) -> Values:
    """A category as an int64 array or a pyarrow array of text, its nulls taken into `valid`."""
    data = given.data
    if isinstance(data, np.ndarray):
        return Values(CATEGORY, 0, data, given.valid)
    data = _one_chunk(data)
    kind = data.type.value_type if isinstance(data, pa.DictionaryArray) else data.type
    valid = _all(given.valid, _not_null(data))
    if pa.types.is_integer(kind):
        whole = _plain(data, pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        return Values(CATEGORY, 0, whole, valid)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return Values(CATEGORY, 0, data, valid)
    if pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return Values(CATEGORY, 0, _plain(data, pa.string()), valid)
    raise MappingError(
        f"column {name!r} holds {kind}", remedy="a category is text or whole numbers"
    )


def _one_chunk(data: Any) -> Any:
    if not isinstance(data, pa.ChunkedArray):
        return data
    if data.num_chunks == 1:
        return data.chunk(0)
    one = data.unify_dictionaries().combine_chunks()
    # Text of more than 2 GB does not fit in one chunk of `string`.
    return (
        data.cast(pa.large_string()).combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    )


def _not_null(data: Any) -> Bools | None:
    if isinstance(data, pa.DictionaryArray) and data.dictionary.null_count:
        return _looked_up(data, _as_bools(data.dictionary.is_valid()))
    return _as_bools(data.is_valid()) if data.null_count else None


def _is_in(data: Any, choices: Sequence[Any]) -> Bools:
    """(n,), True where text is one of the choices; a dictionary is looked at, not every row."""
    table = data.dictionary if isinstance(data, pa.DictionaryArray) else data
    wanted = pa.array(choices, pa.string()).cast(table.type)
    if len(choices) == 1:
        found = _as_bools(pc.equal(table, wanted[0]))
    else:
        found = _as_bools(pc.is_in(table, value_set=wanted))
    return found if table is data else _looked_up(data, found)


def _looked_up(data: Any, of_dictionary: Bools) -> Bools:
    """What is said of each value of the dictionary, for each row; False for a null."""
    codes = data.indices
    if codes.null_count:
        codes = codes.cast(pa.int64()).fill_null(len(of_dictionary))
    found: Bools = np.append(of_dictionary, np.False_)[codes.to_numpy()]
    return found


def _plain(data: Any, kind: Any) -> Any:
    plain = data.dictionary_decode() if isinstance(data, pa.DictionaryArray) else data
    return plain.cast(kind)


def _as_bools(data: Any) -> Bools:
    found: Bools = data.fill_null(fill_value=False).to_numpy(zero_copy_only=False)
    return found


def _unlike(choices: frozenset[int | str] = frozenset()) -> MappingError:
    compared = f" {sorted(map(repr, choices))[0]}" if choices else " each other"
    return MappingError(
        f"text and whole numbers that name something are compared:{compared}",
        remedy='text stands in quotes, "17"; a whole number without, 17',
    )


# --- one event ----------------------------------------------------------------------------------


def _of_one(item: RowFunction, apply: Callable[[Any], Any]) -> RowFunction:
    def of_one(row: Row) -> Any:
        value = item(row)
        return None if value is None else apply(value)

    return of_one


def _of_two(left: RowFunction, right: RowFunction, apply: Callable[[Any, Any], Any]) -> RowFunction:
    def of_two(row: Row) -> Any:
        value, other = left(row), right(row)
        return None if value is None or other is None else apply(value, other)

    return of_two

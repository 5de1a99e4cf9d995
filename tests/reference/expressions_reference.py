"""Expressions on one event by plain recursion over Python's own syntax tree: slow, and plain.

Numbers are fractions (None: missing) with the places they are kept at, instants are datetimes;
nothing is folded or compiled. Only texts that `parse_expression` lets in are given to it.
"""

import ast
import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from headrace.features.definition import ColumnType

FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ORDER = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
}


class Twin:
    """`value(row)` is the value of a text for one event; `lost` says whether one did not fit."""

    def __init__(self, text, columns, zone):
        self.text, self.zone = text, ZoneInfo(zone)
        self.types = {column.name: column for column in columns}
        self.tree = ast.parse(text, mode="eval").body
        self.lost = False
        self.row = {}

    def value(self, row):
        """As `row_evaluator`: numbers as whole multiples of their places."""
        self.row, self.lost = row, False
        found = self.of(self.tree)
        if isinstance(found, tuple):
            number, places = found
            return None if number is None else int(number * 10**places)
        return bare(found)

    def of(self, node):
        match node:
            case ast.BoolOp(op=ast.And()):
                return all_of([self.of(each) for each in node.values])
            case ast.BoolOp():
                return negated(all_of([negated(self.of(each)) for each in node.values]))
            case ast.UnaryOp(op=ast.Not()):
                return negated(self.of(node.operand))
            case ast.UnaryOp():
                return self.computed(ast.Sub(), (Fraction(0), 0), self.of(node.operand))
            case ast.BinOp():
                return self.computed(node.op, self.of(node.left), self.of(node.right))
            case ast.Compare():
                sides = [node.left, *node.comparators]
                pairs = zip(node.ops, sides[:-1], sides[1:], strict=True)
                return all_of([self.compared(*pair) for pair in pairs])
            case ast.Call(func=ast.Name(id="abs")):
                number, places = self.of(node.args[0])
                return self.kept(None if number is None else abs(number), places)
            case ast.Call():
                return self.on_calendar(node.func.id, self.of(node.args[0]))
            case ast.Name():
                return self.column(node.id)
            case ast.Constant():
                return self.constant(node)
        raise AssertionError(ast.dump(node))

    def column(self, name):
        column, value = self.types[name], self.row[name]
        if column.type is ColumnType.NUMBER:
            return None if value is None else Fraction(value, 10**column.places), column.places
        if value is None or column.type is not ColumnType.INSTANT:
            return value
        try:
            instant = EPOCH + timedelta(microseconds=value)
        except OverflowError:
            return value  # it compares, but has no date
        return instant if FIRST <= instant < LAST else value

    def constant(self, node):
        if isinstance(node.value, bool | str):
            return node.value
        written = ast.get_source_segment(self.text, node)
        fraction = written.partition(".")[2].rstrip("0")
        return Fraction(written), len(fraction)

    def kept(self, number, places):
        """A number at its places, if 64 bits hold it."""
        if number is not None and not -(2**63) <= number * 10**places < 2**63:
            self.lost, number = True, None
        return number, places

    def computed(self, op, left, right):
        places = max(left[1], right[1])
        if isinstance(op, ast.Add | ast.Sub):
            left, right = self.kept(left[0], places), self.kept(right[0], places)
        (one, _), (other, _) = left, right
        missing = one is None or other is None
        match op:
            case ast.Add():
                return self.kept(None if missing else one + other, places)
            case ast.Sub():
                return self.kept(None if missing else one - other, places)
            case ast.Mult():
                return self.kept(None if missing else one * other, left[1] + right[1])
            case ast.FloorDiv():
                return None if missing else Fraction(one // other), 0
        return None if missing else one % other, left[1]

    def compared(self, op, left, right):
        if isinstance(op, ast.Is | ast.IsNot):
            return (bare(self.of(left)) is None) == isinstance(op, ast.Is)
        item = bare(self.of(left))
        if isinstance(op, ast.In | ast.NotIn):
            choices = [bare(self.of(each)) for each in right.elts]
            return None if item is None else (item in choices) == isinstance(op, ast.In)
        other = bare(self.of(right))
        return None if item is None or other is None else ORDER[type(op)](item, other)

    def on_calendar(self, part, instant):
        if not isinstance(instant, datetime):
            self.lost = self.lost or instant is not None
            return None, 0
        local = instant.astimezone(self.zone)
        month = (local.year - 1970) * 12 + local.month - 1
        number = {
            "day": local.date().toordinal() - EPOCH.date().toordinal(),
            "month": month,
            "quarter": math.floor(Fraction(month, 3)),
            "year": local.year,
            "month_of_year": local.month,
            "quarter_of_year": (local.month - 1) // 3,
            "weekday": local.weekday(),
            "hour": local.hour,
        }[part]
        return Fraction(number), 0


def bare(value):
    """A number without its places, an instant as microseconds."""
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value[0] if isinstance(value, tuple) else value


def all_of(flags):
    if any(flag is False for flag in flags):
        return False
    return None if any(flag is None for flag in flags) else True


def negated(flag):
    return None if flag is None else not flag

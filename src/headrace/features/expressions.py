"""The language of filters and derived columns: a small typed expression over one event's columns.

    direction == "sale" and amount > 0          a flag: the filter of sales that are not red
    counterparty in ("A", "B") or vip           one of these; a flag stands alone
    100 <= amount < 500                         comparisons chain
    due is missing                              so does `is not missing`
    hour(event_time) < 6                        on the clock of the table's zone
    amount * rate                               exact: 2 places times 4 places makes 6
    month(event_time)                           a derived column that counts months

The text is parsed, never run, and checked against the types of the columns before any row is read:
the result is a small tree of frozen values that runs over whole columns (`evaluate`) or over one
event at a time (`row_evaluator`), with the same answers.

**Numbers** are whole multiples of 10**-places in 64 bits. `+` and `-` take the larger number of
places, `*` adds them, `x // n` and `x % n` are floor division by a whole number above 0 and its
rest. Comparing numbers of different places is exact. A sum or product that does not fit in 64
bits, or a calendar date outside the years 1 to 9999, is *missing in that row, and the row is
marked* in `Values.out_of_range`: one poisoned amount among a million must neither stop the rest
nor pass for a number, and a caller that has the marks can say which rows they were.

**Missing** follows SQL: what is computed from a missing value is missing, a comparison with one is
neither true nor false, `False and missing` is False, `True or missing` is True, and a filter lets
pass only what is true. Text literals stand in quotes; a category of whole numbers is compared with
whole numbers.
"""

import ast
import difflib
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NoReturn
from zoneinfo import ZoneInfo

from headrace.errors import MappingError
from headrace.features.definition import Column, ColumnType
from headrace.features.expression_tree import (
    CALENDAR_PARTS,
    CATEGORY,
    FLAG,
    INSTANT,
    INT64_MAX,
    INT64_MIN,
    NUMBER,
    Absolute,
    Among,
    Arithmetic,
    Bools,
    CalendarPart,
    Compare,
    Constant,
    Divided,
    IsMissing,
    Junction,
    Node,
    Not,
    Read,
    Report,
    RowFunction,
    Same,
    Values,
    row_function,
    vector,
)

__all__ = [
    "KIND_WORDS",
    "Expression",
    "ExpressionError",
    "Values",
    "check_zone",
    "evaluate",
    "parse_expression",
    "passing",
    "row_evaluator",
]

MISSING = "missing"
PLACES_MAX = 9
TEXT_MAX = 10_000  # characters
DEPTH_MAX = 64  # of the tree that Python's parser makes

_SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Comparing with a number of more places is comparing with the whole number below or above it.
_ROUNDED = {"<": "ceiling", "<=": "//", ">": "//", ">=": "ceiling"}
KIND_WORDS = {NUMBER: "a number", CATEGORY: "a category", FLAG: "a flag", INSTANT: "an instant"}
_LIKE = {
    NUMBER: "compare a number with a number, written without quotes",
    CATEGORY: 'compare a category with text in quotes, "A", or another category',
    FLAG: "a flag stands alone, or is compared with True or False",
    INSTANT: "compare an instant with another one, or day(x), year(x) with a number",
}
_FUNCTIONS = ("abs", *CALENDAR_PARTS)
_EXAMPLE = 'for example: direction == "sale" and amount > 100'
_INSTEAD = {
    "true": "True",
    "false": "False",
    "null": f"`is {MISSING}`",
    "none": f"`is {MISSING}`",
    MISSING: f"`is {MISSING}` or `is not {MISSING}`",
}
# What people write where Python's parser stops, and what to write.
_HINTS = (
    (r"(?<![=!<>])=(?!=)", "== compares"),
    (r"&&?", "write and"),
    (r"\|\|?", "write or"),
    (r"!(?!=)", "write not"),
    (r"<>", "write !="),
    (r"[“”‘’＂]", "text stands in ASCII quotes"),
    (r"[（），＝＜＞＋－＊％]", "write ASCII signs"),
    (r"\b(?:AND|OR|NOT|IN|IS)\b", "write and, or, not, in, is in small letters"),
    (r"\bbetween\b", "write 1 <= amount <= 5"),
    (r"\d\s*%", "write 0.2 for 20%"),
)
_QUOTED = re.compile(r"""("|')(?:(?!\1)[^\\]|\\.)*\1""")


class ExpressionError(MappingError):
    """An expression that cannot be.

    Attributes:
        at: Where in its text, in characters from 0.
    """

    def __init__(self, problem: str, text: str, at: int, remedy: str) -> None:
        """Show the text with a mark under the place."""
        self.at = at
        shown = text[max(0, at - 60) : at + 60].replace("\n", " ")
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text[max(0, at - 60) : at])
        mark = " " * (min(at, 60) + wide) + "^"
        super().__init__(problem, where=f"character {at + 1}\n{shown}\n{mark}", remedy=remedy)


@dataclass(frozen=True)
class Expression:
    """An expression that was checked. Two spellings of one meaning are equal.

    Attributes:
        tree: What to do.
        names: The columns it reads.
        total: Nothing it computes can be out of range: it is missing only where something it
            reads is.
        text: As it was written.
    """

    tree: Node
    names: frozenset[str] = field(compare=False)
    total: bool = field(compare=False)
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text

    @property
    def type(self) -> ColumnType:
        """What it yields."""
        return self.tree.type

    @property
    def places(self) -> int:
        """Decimal places of the number it yields, else 0."""
        return self.tree.places


def parse_expression(text: str, columns: Sequence[Column], zone: str) -> Expression:
    """Read and check an expression.

    Args:
        text: The expression.
        columns: What it may read; the table's time is an INSTANT column among them.
        zone: IANA name of the zone of calendar functions.

    Raises:
        MappingError: Naming the character where it stops making sense, and what would be right.
    """
    check_zone(zone)
    parser = _Parser(text, columns, zone)
    tree = parser.parse()
    return Expression(tree, frozenset(parser.names), parser.total, text)


def evaluate(expression: Expression, values: Mapping[str, Values]) -> Values:
    """The expression over whole columns.

    Args:
        expression: What to compute.
        values: Every column that it reads, all of one length.

    Raises:
        MappingError: A column is not of the type with which the expression was checked, or a
            category of whole numbers is compared with text.
    """
    return vector(expression.tree, values)


def passing(values: Values) -> Bools:
    """(n,), True where a flag is true: neither false nor missing."""
    found: Bools = values.data if values.valid is None else values.data & values.valid
    return found


def row_evaluator(expression: Expression, out_of_range: Report) -> RowFunction:
    """The expression over one event, compiled once.

    Args:
        expression: What to compute.
        out_of_range: Called, once or more, when the event at hand has a value that does not fit:
            the twin of `Values.out_of_range`.

    Returns:
        A function of a mapping with every column that the expression reads, as plain Python
        values: numbers as whole multiples of 10**-places, categories as text or whole numbers,
        flags as booleans, instants as microseconds, None for missing. It returns the value in
        the same form.
    """
    return row_function(expression.tree, out_of_range)


def check_zone(zone: str) -> None:
    """Refuse a zone that is not known.

    Raises:
        MappingError: Naming it.
    """
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:  # unknown, malformed, or a folder of zones
        raise MappingError(
            f"{zone!r} is not a time zone", remedy="an IANA name, for example Asia/Shanghai"
        ) from error


class _Parser:
    """From text to a tree, by way of Python's own parser and a list of what is let in."""

    def __init__(self, text: str, columns: Sequence[Column], zone: str) -> None:
        # A text over several lines is one expression, wherever YAML broke it.
        self._text = text.replace("\r", " ").replace("\n", " ")
        self._code = self._text.strip()
        self._lead = len(self._text) - len(self._text.lstrip())
        # Python's parser brings names into this normal form.
        self._columns = {unicodedata.normalize("NFKC", each.name): each for each in columns}
        self._zone = zone
        self._builders: dict[type[ast.AST], Callable[..., Node]] = {
            ast.BoolOp: self._junction,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.Compare: self._comparison,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Constant: self._constant,
        }
        self.names: set[str] = set()
        self.total = True

    def parse(self) -> Node:
        parsed = self._parsed()
        tree = self._build(parsed)
        if not self.names:
            self._fail(parsed, "the expression reads no column", self._choice_of_columns())
        return tree

    def _parsed(self) -> ast.expr:
        if not self._code:
            self._fail_at(0, "the expression is empty", _EXAMPLE)
        if len(self._code) > TEXT_MAX:
            problem = f"an expression has at most {TEXT_MAX:,} characters"
            self._fail_at(0, problem, "make derived columns of its parts")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # "\\d" and 1or are mistakes, not warnings
                parsed = ast.parse(self._code, mode="eval").body
        except (MemoryError, RecursionError):
            self._fail_deep()
        except SyntaxError as error:
            self._fail_unreadable(error)
        except ValueError as error:  # what is not Unicode; on some versions a zero byte
            self._fail_at(0, f"the expression cannot be read: {error}", _EXAMPLE)
        level: list[ast.AST] = [parsed]
        for _ in range(DEPTH_MAX):
            level = [child for node in level for child in ast.iter_child_nodes(node)]
        if level:
            self._fail_deep()
        return parsed

    def _build(self, node: ast.AST) -> Node:
        build = self._builders.get(type(node))
        if build is None:
            what = f"`{self._source(node)}` is not part of the language"
            self._fail(
                node,
                what,
                f"there are comparisons, and, or, not, + - * // %, {_listed(_FUNCTIONS)}",
            )
        return build(node)

    # --- flags ---

    def _junction(self, node: ast.BoolOp) -> Node:
        word = "and" if isinstance(node.op, ast.And) else "or"
        items = [self._needed(item, FLAG, f"`{word}` joins flags") for item in node.values]
        return Junction(tuple(items), deciding=word == "or")

    def _comparison(self, node: ast.Compare) -> Node:
        sides = list(pairwise([node.left, *node.comparators]))
        pairs = [
            self._pair(sign, left, right)
            for sign, (left, right) in zip(node.ops, sides, strict=True)
        ]
        if len(pairs) > 1 and not all(type(sign) in _SIGNS for sign in node.ops):
            self._fail(node, "`in` and `is` do not chain", "join two comparisons with and")
        return pairs[0] if len(pairs) == 1 else Junction(tuple(pairs), deciding=False)

    def _pair(self, sign: ast.cmpop, left: ast.expr, right: ast.expr) -> Node:
        if isinstance(sign, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Name) and right.id == MISSING):
                none = isinstance(right, ast.Constant) and right.value is None
                instead = _INSTEAD["none"] if none else "compare with =="
                self._fail(right, f"`is` stands before `{MISSING}` only", instead)
            missing = IsMissing(self._varying(left))
            return missing if isinstance(sign, ast.Is) else Not(missing)
        if isinstance(sign, ast.In | ast.NotIn):
            among = self._among(left, right)
            return among if isinstance(sign, ast.In) else Not(among)
        one, other, word = self._build(left), self._build(right), _SIGNS[type(sign)]
        if isinstance(one, Constant):
            one, other, word = other, one, _TURNED[word]
            left, right = right, left
        if isinstance(one, Constant):
            self._fail(left, "two constants are compared", "compare with a column")
        return self._compared(word, (left, one), (right, other))

    def _compared(
        self, sign: str, left: tuple[ast.expr, Node], right: tuple[ast.expr, Node]
    ) -> Node:
        """Two sides, each as written and as built; a constant stands on the right."""
        one, other = left[1], right[1]
        equality = sign in {"==", "!="}
        names = one.type is CATEGORY and (
            other.type is CATEGORY or (other.type is NUMBER and isinstance(other, Constant))
        )
        if not names and one.type is not other.type:
            self._fail(
                right[0],
                f"{self._told(*left)} and {self._told(*right)}: they cannot be compared",
                _LIKE[one.type],
            )
        if not equality and one.type in {CATEGORY, FLAG}:
            self._fail(left[0], f"{self._told(*left)} and has no order", "compare it with == or !=")
        if names and isinstance(other, Constant):
            among = Among(one, frozenset([self._at_places(right[0], other, 0)]))
            return among if sign == "==" else Not(among)
        if names:
            return Same(one, other) if sign == "==" else Not(Same(one, other))
        if one.type is NUMBER and isinstance(other, Constant) and equality:
            value = self._at_places(right[0], other, one.places)
            return Compare(sign, one, Constant(NUMBER, one.places, value))
        return _aligned(sign, one, other)

    def _among(self, left: ast.expr, right: ast.expr) -> Node:
        item = self._varying(left)
        if item.type not in {CATEGORY, NUMBER}:
            self._fail(
                left, f"{self._told(left, item)}; `in` is of a category or a number", "write =="
            )
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            self._fail(
                right, "`in` looks among several values", 'write in ("a", "b"), or == for one'
            )
        choices: set[int | str] = set()
        for each in right.elts:
            choice = self._build(each)
            if not isinstance(choice, Constant) or choice.type not in {CATEGORY, NUMBER}:
                self._fail(
                    each, "the values after `in` are texts or numbers", "join two tests with or"
                )
            if item.type is NUMBER and choice.type is CATEGORY:
                self._fail(each, f"{self._told(left, item)}, not text", "write it without quotes")
            choices.add(self._at_places(each, choice, item.places))
        if len({type(choice) for choice in choices}) > 1:
            self._fail(right, "texts and numbers stand in one list", "write what the column holds")
        return Among(item, frozenset(choices))

    # --- numbers ---

    def _unary(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.Not):
            return Not(self._needed(node.operand, FLAG, "`not` is of a flag"))
        if not isinstance(node.op, ast.USub):
            what = f"`{self._source(node)}` is not part of the language"
            self._fail(node, what, "leave the sign out, or write not")
        item = self._needed(node.operand, NUMBER, "`-` is of a number")
        return self._computed(
            node, Arithmetic("-", Constant(NUMBER, item.places, 0), item, item.places)
        )

    def _binary(self, node: ast.BinOp) -> Node:
        sign = _SIGNS.get(type(node.op))
        if sign is None:
            self._fail(node, f"`{self._source(node)}` is not part of the language", _other(node.op))
        left = self._needed(node.left, NUMBER, f"`{sign}` is of numbers")
        right = self._needed(node.right, NUMBER, f"`{sign}` is of numbers")
        if sign in {"//", "%"}:
            return self._divided(node, sign, left, right)
        places = left.places + right.places if sign == "*" else max(left.places, right.places)
        if places > PLACES_MAX:
            problem = f"the product has {places} decimal places; {PLACES_MAX} are kept"
            self._fail(node, problem, "declare columns with fewer places")
        if sign != "*":
            left, right = [self._scaled(node, side, places) for side in (left, right)]
        return self._computed(node, Arithmetic(sign, left, right, places))

    def _divided(self, node: ast.BinOp, sign: str, item: Node, by: Node) -> Node:
        whole = isinstance(by, Constant) and by.places == 0 and int(by.value) > 0
        if not (isinstance(by, Constant) and whole):
            self._fail(
                node.right, f"`{sign}` divides by a whole constant above 0", f"write {sign} 100"
            )
        divisor = int(by.value) * 10**item.places
        if divisor > INT64_MAX:
            self._fail(node.right, "the divisor does not fit in 64 bits", "write a smaller one")
        places = 0 if sign == "//" else item.places
        return self._computed(node, Divided(sign, item, divisor, places))

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else self._source(node.func)
        if name not in _FUNCTIONS:
            near = _nearest(name, _FUNCTIONS)
            self._fail(
                node, f"there is no function `{name}`", near or f"functions: {_listed(_FUNCTIONS)}"
            )
        if node.keywords or len(node.args) != 1:
            self._fail(node, f"`{name}` is of one value", f"write {name}(x)")
        if name == "abs":
            item = self._needed(node.args[0], NUMBER, "`abs` is of a number")
            return self._computed(node, Absolute(item, item.places))
        item = self._needed(node.args[0], INSTANT, f"`{name}` is of an instant")
        self.total = False
        return CalendarPart(name, item, self._zone)

    def _scaled(self, at: ast.AST, node: Node, places: int) -> Node:
        if node.places == places:
            return node
        factor = Constant(NUMBER, 0, 10 ** (places - node.places))
        return self._computed(at, Arithmetic("*", node, factor, places))

    def _computed(self, at: ast.AST, node: Arithmetic | Divided | Absolute) -> Node:
        """The node, or its value where it is made of constants."""
        parts = (node.left, node.right) if isinstance(node, Arithmetic) else (node.item,)
        if not all(isinstance(part, Constant) for part in parts):
            self.total = self.total and isinstance(node, Divided)
            return node
        value = row_function(node, lambda: None)({})
        if value is None:
            self._fail(at, f"`{self._source(at)}` does not fit in 64 bits", "write smaller numbers")
        return Constant(NUMBER, node.places, value)

    # --- leaves ---

    def _name(self, node: ast.Name) -> Node:
        if node.id == MISSING:
            self._fail(node, f"`{MISSING}` is not a value", _INSTEAD[MISSING])
        column = self._columns.get(node.id)
        if column is None:
            instead = _INSTEAD.get(node.id.lower()) or _nearest(node.id, self._columns)
            problem = f"no column is called {node.id!r}"
            self._fail(node, problem, instead or self._choice_of_columns())
        self.names.add(column.name)
        return Read(column.name, column.type, column.places)

    def _constant(self, node: ast.Constant) -> Node:
        value = node.value
        if not isinstance(value, bool | int | float | str):
            instead = _INSTEAD["none"] if value is None else "numbers and text"
            self._fail(node, f"`{self._source(node)}` is not part of the language", instead)
        if isinstance(value, bool):
            return Constant(FLAG, 0, value)
        if not isinstance(value, str):
            return self._number(node)
        if not _is_unicode(value):
            self._fail(node, "the text holds half a character", "write whole characters")
        return Constant(CATEGORY, 0, value)

    def _number(self, node: ast.Constant) -> Node:
        """The exact number that is written, which a float would not be."""
        written = self._source(node, length=TEXT_MAX)
        if not re.fullmatch(r"\d+(\.\d+)?", written):
            self._fail(
                node, f"{written[:40]} is not how a number is written", "write 100000 or 0.25"
            )
        whole, _, fraction = written.partition(".")
        whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
        fits = len(whole) <= 19 and len(fraction) <= PLACES_MAX
        if not fits or int(f"0{whole}{fraction}") > INT64_MAX:
            problem = f"{written[:40]} does not fit in 64 bits with at most {PLACES_MAX} places"
            self._fail(node, problem, "write a smaller number or fewer decimals")
        return Constant(NUMBER, len(fraction), int(f"0{whole}{fraction}"))

    def _at_places(self, at: ast.expr, constant: Constant, places: int) -> int | str:
        """The value of a constant that a column of so many places can equal."""
        if isinstance(constant.value, str):
            return constant.value
        whole: int
        whole, rest = divmod(constant.value * 10**places, 10**constant.places)
        if rest or not INT64_MIN <= whole <= INT64_MAX:
            problem = f"nothing with {places} decimal places is ever {self._source(at)}"
            self._fail(at, problem, "write a number that the column can hold")
        return whole

    # --- types and words ---

    def _needed(self, node: ast.expr, kind: ColumnType, need: str) -> Node:
        built = self._build(node)
        if built.type is not kind:
            self._fail(node, f"{need}; {self._told(node, built)}", f"write {KIND_WORDS[kind]} here")
        if kind is FLAG and isinstance(built, Constant):
            self._fail(
                node, f"{need}; {self._source(node)} alone decides nothing", "write a comparison"
            )
        return built

    def _varying(self, node: ast.expr) -> Node:
        built = self._build(node)
        if isinstance(built, Constant):
            self._fail(node, f"`{self._source(node)}` is a constant", "name a column")
        return built

    def _told(self, node: ast.expr, built: Node) -> str:
        text = isinstance(built, Constant) and built.type is CATEGORY
        return f"`{self._source(node)}` is {'text' if text else KIND_WORDS[built.type]}"

    def _choice_of_columns(self) -> str:
        return f"columns: {_listed(self._columns)}"

    def _place(self, column: int) -> int:
        """Characters before a column that Python's parser counts in bytes."""
        return len(self._code.encode()[:column].decode())

    def _source(self, node: ast.AST, length: int = 40) -> str:
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return self._code[self._place(start) : self._place(end)][:length]

    def _fail(self, node: ast.AST, problem: str, remedy: str) -> NoReturn:
        self._fail_at(self._lead + self._place(getattr(node, "col_offset", 0)), problem, remedy)

    def _fail_at(self, at: int, problem: str, remedy: str) -> NoReturn:
        raise ExpressionError(problem, self._text, at, remedy)

    def _fail_deep(self) -> NoReturn:
        self._fail_at(0, "the expression is nested too deep", "make derived columns of its parts")

    def _fail_unreadable(self, error: SyntaxError) -> NoReturn:
        bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), self._code)
        for pattern, hint in _HINTS:
            found = re.search(pattern, bare)
            if found:
                problem = f"{found[0]!r} is not part of the language"
                self._fail_at(self._lead + found.start(), problem, hint)
        at = min(max((error.offset or 1) - 1, 0), len(self._code) - 1)
        self._fail_at(self._lead + at, "the expression stops making sense here", _EXAMPLE)


def _aligned(sign: str, left: Node, right: Node) -> Node:
    """A comparison of one type; numbers of different places are compared exactly.

    The side with more places is rounded to the places of the other, down or up as the sign asks:
    for a whole a, a < 0.5 says a < 1 and a <= 0.5 says a <= 0. Nothing is scaled up, so that
    nothing can leave 64 bits.
    """
    if left.places == right.places:
        return Compare(sign, left, right)
    if sign == "==":
        both = (_aligned("<=", left, right), _aligned(">=", left, right))
        return Junction(both, deciding=False)
    if sign == "!=":
        return Not(_aligned("==", left, right))
    if left.places > right.places:
        if isinstance(right, Constant):
            value = int(right.value) * 10 ** (left.places - right.places)
            if INT64_MIN <= value <= INT64_MAX:
                return Compare(sign, left, Constant(NUMBER, left.places, value))
        left, right, sign = right, left, _TURNED[sign]
    divided = Divided(_ROUNDED[sign], right, 10 ** (right.places - left.places), left.places)
    if isinstance(right, Constant):
        value = row_function(divided, lambda: None)({})
        return Compare(sign, left, Constant(NUMBER, left.places, value))
    return Compare(sign, left, divided)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _other(sign: ast.operator) -> str:
    if isinstance(sign, ast.Div):
        return "// for whole parts; a share of two sums is a feature: ratio"
    if isinstance(sign, ast.BitAnd | ast.BitOr):
        return "write and, or"
    return "there are + - * // and %"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:100], list(known), n=1)
    return f"perhaps {near[0]}" if near else ""


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:12]) + (" and others" if len(some) > 12 else "")

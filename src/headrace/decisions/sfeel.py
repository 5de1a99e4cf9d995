"""S-FEEL: the little language in the cells of a decision table.

An input cell holds a *unary test* of one value:

    -                      anything, missing included
    A      "A, B"  0.2     equal to a text (in quotes if it has , ( ) [ ] < > =), a number
    true   null            equal to a truth value; missing
    < 0.2  >= 3            comparison with a number
    [0.1..0.2)  ]0..1[     interval; ) and ] are read as DMN reads them, ]0 is the same as (0
    A, B, < 0.2            any of these
    not(A, B)              none of these

The grammar, one function a line:

    cell     := '-' | 'not(' tests ')' | tests
    tests    := test { ',' test }
    test     := ('<' | '<=' | '>' | '>=') number | interval | literal
    interval := ('[' | '(' | ']') number '..' number (']' | ')' | '[')
    literal  := number | text | 'true' | 'false' | 'null'

A comparison with a missing value is neither true nor false but unknown; `not` of unknown is
unknown; one true among several is true; and a cell is met only where it is true. So a missing input
meets only `-`, `null` and a list that holds `null`. This is one step stricter than FEEL, where
`null = "A"` is false and a missing value therefore meets `not(A)`: here nobody is let in because a
value is missing.

Nothing is evaluated as code: the cell becomes a small tree of frozen values.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from headrace.errors import MappingError

Scalar = Decimal | str | bool | None


@dataclass(frozen=True)
class Anything:
    """Met by every value and by a missing one."""

    def __str__(self) -> str:
        return "-"


@dataclass(frozen=True)
class Equal:
    """Met by exactly this value; with None, by a missing one."""

    value: Scalar

    def __str__(self) -> str:
        return literal_text(self.value)


@dataclass(frozen=True)
class Range:
    """Met by numbers between two bounds; a bound that is None is open-ended."""

    low: Decimal | None
    high: Decimal | None
    low_closed: bool = False
    high_closed: bool = False

    def __str__(self) -> str:
        if self.low is None:
            return f"<{'=' * self.high_closed} {literal_text(self.high)}"
        if self.high is None:
            return f">{'=' * self.low_closed} {literal_text(self.low)}"
        opening, closing = "(["[self.low_closed], ")]"[self.high_closed]
        return f"{opening}{literal_text(self.low)}..{literal_text(self.high)}{closing}"


@dataclass(frozen=True)
class OneOf:
    """Met where one of the tests is."""

    tests: tuple[Equal | Range, ...]

    def __str__(self) -> str:
        return ", ".join(str(test) for test in self.tests)


@dataclass(frozen=True)
class NoneOf:
    """Met where it is known that none of the tests is."""

    tests: tuple[Equal | Range, ...]

    def __str__(self) -> str:
        return f"not({', '.join(str(test) for test in self.tests)})"


Test = Anything | Equal | Range | OneOf | NoneOf

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?=\s*(?:$|[,()\[\]]|\.\.))"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<text>{_QUOTED.pattern})
      | (?P<number>{_NUMBER})
      | (?P<sign><=|>=|<|>|\.\.|[\[\](),])
      | (?P<word>[^\s,()\[\]<>="](?:[^,()\[\]<>="]*[^\s,()\[\]<>="])?)
    )""",
    re.VERBOSE,
)
_FULL_WIDTH = dict(zip("，（）［］＜＞“”＝－", ',()[]<>""=-', strict=True))
_GROUPED = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])")
_OPENINGS = {"[": True, "(": False, "]": False}
_CLOSINGS = {"]": True, ")": False, "[": False}
_KEYWORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse_test(cell: str) -> Test:
    """The test that an input cell states; an empty cell is `-`, as in DMN.

    Raises:
        MappingError: Naming the cell's text and what was expected in it.
    """
    if cell.strip() in {"", "-"}:
        return Anything()
    return _Parser(cell).cell()


def parse_literal(cell: str) -> Scalar:
    """The value that an output cell states; empty and `-` are None.

    Raises:
        MappingError: Naming the cell's text and what was expected in it.
    """
    if cell.strip() in {"", "-"}:
        return None
    parser = _Parser(cell)
    value = parser.literal()
    parser.end("one literal: a number, a text, true, false, or - for none")
    return value


def literal_text(value: Scalar) -> str:
    """The one canonical spelling of a literal; `parse_literal` reads it back."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def literal_kind(value: Scalar) -> str:
    """What a literal is, in words: number, text, truth value or missing value."""
    if value is None:
        return "missing value"
    if isinstance(value, bool):
        return "truth value"
    return "number" if isinstance(value, Decimal) else "text"


def branches(test: Test) -> tuple[Equal | Range, ...]:
    """The simple tests inside a test, in order; none for `-`."""
    if isinstance(test, Anything):
        return ()
    return test.tests if isinstance(test, OneOf | NoneOf) else (test,)


class _Parser:
    """A recursive descent over the tokens of one cell, one line of the grammar a method."""

    def __init__(self, cell: str) -> None:
        self._cell = cell
        self._tokens = _tokens(cell)
        self._at = 0

    def cell(self) -> Test:
        if self._peek() == "not" and self._peek(1) == "(":
            self._at += 2
            test: Test = NoneOf(self._tests())
            self._expect(")", "a comma or the ) that closes not(")
        else:
            tests = self._tests()
            test = tests[0] if len(tests) == 1 else OneOf(tests)
        self.end("a comma or the end of the cell")
        return test

    def literal(self) -> Scalar:
        token = self._next("a number, a text, true, false or null")
        if token.kind == "number":
            return self._number(token)
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "word":
            return _KEYWORDS.get(token.text.lower(), token.text)
        return _fail(self._cell, token.text, "a number, a text, true, false or null")

    def end(self, expected: str) -> None:
        if self._at < len(self._tokens):
            _fail(self._cell, self._tokens[self._at].text, expected)

    def _tests(self) -> tuple[Equal | Range, ...]:
        tests = [self._test()]
        while self._peek() == ",":
            self._at += 1
            tests.append(self._test())
        return tuple(tests)

    def _test(self) -> Equal | Range:
        sign = self._peek()
        if sign in {"<", "<=", ">", ">="}:
            self._at += 1
            bound = self._bound()
            closed = sign.endswith("=")
            if sign.startswith("<"):
                return Range(None, bound, high_closed=closed)
            return Range(bound, None, low_closed=closed)
        return self._interval() if sign in _OPENINGS else Equal(self.literal())

    def _interval(self) -> Range:
        opening = self._next("[, ( or ]").text
        low = self._bound()
        self._expect("..", "two dots between the bounds of an interval")
        high = self._bound()
        closing = self._next("the ], ) or [ that ends the interval")
        if closing.text not in _CLOSINGS:
            _fail(self._cell, closing.text, "the ], ) or [ that ends the interval")
        bounds = Range(low, high, _OPENINGS[opening], _CLOSINGS[closing.text])
        if low > high or (low == high and not (bounds.low_closed and bounds.high_closed)):
            _fail(self._cell, f"{bounds}, which no number meets", "the lower bound first")
        return bounds

    def _bound(self) -> Decimal:
        token = self._next("a number")
        if token.kind != "number":
            _fail(self._cell, token.text, "a number, such as 0.2 (not 20%)")
        return self._number(token)

    def _number(self, token: _Token) -> Decimal:
        if re.match(r"-?0\d", token.text):
            _fail(self._cell, token.text, "a number without leading zeros, or a text in quotes")
        return Decimal(token.text)

    def _peek(self, ahead: int = 0) -> str:
        """The sign or word at hand; empty at the end, and for a quoted text or a number."""
        at = self._at + ahead
        if at >= len(self._tokens) or self._tokens[at].kind not in {"sign", "word"}:
            return ""
        return self._tokens[at].text

    def _next(self, expected: str) -> _Token:
        if self._at == len(self._tokens):
            _fail(self._cell, "the end of the cell", expected)
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str, expected: str) -> None:
        token = self._next(expected)
        if token.text != sign:
            _fail(self._cell, token.text, expected)


def _tokens(cell: str) -> list[_Token]:
    if _GROUPED.search(_QUOTED.sub("", cell)):
        expected = "1500 if that is one number; a blank after the comma if it is a list: 1, 500"
        _fail(cell, "a comma between digits", expected)
    found: list[_Token] = []
    position, end = 0, len(cell.rstrip())
    while position < end:
        match = _TOKEN.match(cell, position, end)
        if match is None:
            expected = 'tests such as A, "A, B", < 0.2, [0.1..0.2) or not(A)'
            _fail(cell, cell[position:end].strip()[:12], expected)
        found.append(_Token(str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    for token in found:
        _refuse_full_width(cell, token)
    return found


def _refuse_full_width(cell: str, token: _Token) -> None:
    signs = [sign for sign in _FULL_WIDTH if token.kind == "word" and sign in token.text]
    if signs:
        ascii_sign = _FULL_WIDTH[signs[0]]
        _fail(cell, f"full-width {signs[0]}", f"{ascii_sign}, or the whole text in ASCII quotes")


def _fail(cell: str, found: str, expected: str) -> NoReturn:
    raise MappingError(f"In the cell `{cell}`, found {found}", remedy=f"Expected {expected}")

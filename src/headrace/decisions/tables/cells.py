"""Cells of a decision table as people write them in a spreadsheet, read into FEEL.

A cell is FEEL: a unary test under an input, an expression under an output. Three things are easier
than in FEEL, because nobody quotes words in a spreadsheet:

    decline, A+           a word that names nothing is a text; with commas, each is one
    2026-01-01            a day, or a moment, in ISO 8601, bare or within a test
    TRUE                  any case of true, false and null

A word that is the name of a value (an input, an earlier step) is that value. What is written back
is as short as can be read again to the same tree; the canonical text is that of FEEL.
"""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import NoReturn

from headrace.decisions.feel import Expression, Tests, parse, parse_tests, write, write_tests
from headrace.decisions.feel.printing import quoted
from headrace.decisions.feel.tree import Literal
from headrace.errors import HeadraceError, MappingError

LONGEST = 10_000
"""Characters of a cell: no rule that people read needs more."""

KEYWORDS = ("true", "false", "null")
_QUOTED = re.compile(r'@?"(?:[^"\\]|\\[\s\S])*+(?:"|\\?\Z)')  # an open one goes to the end
_GROUPED = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])")
_DAY = re.compile(
    r"(?<![\w-])(?<!\w\.)\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?(?![\w-])"
)
_PERCENTAGE = re.compile(r"(?:^|[<>=,(\[\].])\s*([+-]?\d[\d.]*\s*%)")
_BARE = re.compile(r'[^\W\d][^,()\[\]{}<>="?@]*')
_OPERATION = re.compile(r"\*|/|\s[+-]\s")
_WORDS = re.compile(r"[^\W\d]\w*")
_FULL_WIDTH = dict(zip("，（）［］＜＞“”＝－", ',()[]<>""=-', strict=True))
_MARKS = re.compile(rf"{_QUOTED.pattern}|[,(){{}}\[\]]")
_CLOSES = re.compile(r"\s*(?:[,)}]|$)")
_NOT = re.compile(r"not\s*\((.*)\)", re.DOTALL)


def read_tests(cell: str, names: Collection[str]) -> Tests:
    """The unary tests an input cell states; an empty cell is `-`.

    Args:
        cell: As written.
        names: What a word may refer to.

    Raises:
        MappingError: Naming the cell's text and what was expected in it.
    """
    if cell.strip() in {"", "-"}:
        return Tests(())
    _refuse_traps(cell, names)
    inner = _NOT.fullmatch(cell.strip())
    text = ", ".join(_quoted_if_bare(part, names) for part in parts(inner[1] if inner else cell))
    return _parsed_tests(f"not({text})" if inner else text, cell, names)


def read_output(cell: str, names: Collection[str]) -> Expression:
    """The expression an output cell states; empty and `-` are null.

    Raises:
        MappingError: Naming the cell's text and what was expected in it.
    """
    if cell.strip() in {"", "-"}:
        return Literal(None)
    _refuse_traps(cell, names)
    text = _quoted_if_bare(cell, names)
    try:
        return parse(text, names)
    except HeadraceError as error:
        _fail(cell, error.problem, error.remedy)


def show_tests(tests: Tests, names: Collection[str]) -> str:
    """The shortest text of a cell that reads back to these tests.

    Raises:
        MappingError: None does: they cite what `names` does not hold.
    """
    return _shortest(write_tests(tests), lambda text: read_tests(text, names) == tests)


def show_output(expression: Expression, names: Collection[str]) -> str:
    """The shortest text of a cell that reads back to this expression; null is an empty cell.

    Raises:
        MappingError: None does: it cites what `names` does not hold.
    """
    if expression == Literal(None):
        return ""
    return _shortest(write(expression), lambda text: read_output(text, names) == expression)


def _shortest(canonical: str, reads_back: Callable[[str], bool]) -> str:
    for text in (re.sub(r'@?"([^"\\,]*)"', r"\1", canonical), canonical):
        with suppress(MappingError):
            if reads_back(text):
                return text
    expected = "a text that a cell can hold; tell the names that it cites"
    raise _failure(canonical, "it would be read as something else", expected)


def _parsed_tests(text: str, cell: str, names: Collection[str]) -> Tests:
    try:
        return parse_tests(text, names)
    except HeadraceError as error:
        _fail(cell, error.problem, error.remedy)


def parts(text: str) -> Iterator[str]:
    """What stands between the commas of a cell that are in no quotes and no brackets."""
    start = depth = 0
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        if sign == "," and not depth:
            yield text[start : mark.start()]
            start = mark.end()
        elif _opens(mark, depth):
            depth += 1
        elif sign in ")}[]":
            depth = max(depth - 1, 0)
    yield text[start:]


def _opens(mark: re.Match[str], depth: int) -> bool:
    """Whether a bracket opens: an interval may open with ] and close with [, as in ]1..2[."""
    if mark[0] == "]":
        return not depth
    return mark[0] in "({" or (mark[0] == "[" and not _CLOSES.match(mark.string, mark.end()))


def _quoted_if_bare(part: str, names: Collection[str]) -> str:
    text = part.strip()
    if text.lower() in KEYWORDS:
        return text.lower()
    if _is_bare(text, names):
        return quoted(text)
    pieces = []
    end = 0
    for found in _QUOTED.finditer(text):
        pieces += [_DAY.sub(r'@"\g<0>"', text[end : found.start()]), found[0]]
        end = found.end()
    return "".join([*pieces, _DAY.sub(r'@"\g<0>"', text[end:])])


def _is_bare(text: str, names: Collection[str]) -> bool:
    """Whether a text is words that name nothing."""
    if not _BARE.fullmatch(text) or text in names:
        return False
    if any(word in names for word in _WORDS.findall(text)) or _cites(text, names):
        return False
    if _OPERATION.search(text):
        expected = "the name of an input, or the whole text in quotes"
        _fail(text, "words that name nothing, and an operator", expected)
    return True


def _cites(text: str, names: Collection[str]) -> bool:
    """Whether a name of several words or signs stands in a text."""
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        for name in names
        if name in text and not _WORDS.fullmatch(name)
    )


def _refuse_traps(cell: str, names: Collection[str]) -> None:
    if len(cell) > LONGEST:
        _fail(cell, f"{len(cell):,} characters", f"at most {LONGEST:,}; split the rule")
    bare = _QUOTED.sub("", cell)
    for name in names:
        if not name.isascii():
            bare = bare.replace(name, "")  # a name may be spelled 金额（元）
    if _GROUPED.search(bare):
        expected = "1500 if that is one number; a blank after the comma if it is a list: 1, 500"
        _fail(cell, "a comma between digits", expected)
    if percentage := _PERCENTAGE.search(bare):
        expected = "a number, such as 0.2 (not 20%); quotes around a text"
        _fail(cell, f"found {percentage[1]}", expected)
    signs = [sign for sign in _FULL_WIDTH if sign in bare]
    if signs:
        expected = f"{_FULL_WIDTH[signs[0]]}, or the whole text in ASCII quotes"
        _fail(cell, f"full-width {signs[0]}", expected)


def _fail(cell: str, found: str, expected: str) -> NoReturn:
    raise _failure(cell, found, expected)


def _failure(cell: str, found: str, expected: str) -> MappingError:
    shown = cell if len(cell) <= 80 else f"{cell[:77]}..."
    return MappingError(f"In the cell `{shown}`: {found}", remedy=expected)

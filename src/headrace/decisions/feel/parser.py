"""From text to tree (DMN 1.5, 10.3.1.2): operators by precedence, the rest by recursive descent.

Written by hand because names in scope decide where a token ends (see `lexer`). The parser reads
ahead one token and takes time linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from headrace.decisions.feel import tree
from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.lexer import SPACE, Names, Token, tidy, token_at
from headrace.decisions.feel.temporal_text import temporal
from headrace.decisions.feel.type_parser import type_at
from headrace.decisions.feel.types import Type
from headrace.decisions.feel.values import number

T = TypeVar("T")
LONGEST = 100_000
DEEPEST = 60
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
ARITHMETIC = {"+": 4, "-": 4, "*": 5, "/": 5, "**": 6}
LEVELS = {"or": 1, "and": 2, "between": 3, "in": 3} | dict.fromkeys(COMPARISONS, 3) | ARITHMETIC
LOWEST, OPERAND = 1, 4
DECLARED = re.compile(r"((?:[^\s,:(){}\[\]\"=<>]++\s++)+?)in\b")
PARAMETER = re.compile(r"([^,:()]++)(?=[,:)])")
KEY = re.compile(r"([^:{},\"]++):")
OF = re.compile(r"\s++of\b")
EXTERNAL = re.compile(r"\s*+external\b")
_ALWAYS = Names(["date and time", "years and months duration"])


def parse(text: str, names: Collection[str] = ()) -> tree.Expression:
    """Read an expression.

    Args:
        text: FEEL text of at most `LONGEST` characters.
        names: Names in scope, with members of their types. Those of plain words need not be told,
            nor those the text itself defines.

    Raises:
        FeelError: It is no FEEL: what was expected, and at which character.
    """
    parser = _Parser(text, frozenset(names))
    return parser.whole(parser.expression)


def parse_tests(text: str, names: Collection[str] = ()) -> tree.Tests:
    """Read unary tests (rule 17): `-`, `not(...)`, or alternatives; `?` is the value tested.

    Raises:
        FeelError: As `parse`.
    """
    parser = _Parser(text, frozenset(names))
    return parser.whole(parser.unary_tests)


@lru_cache(maxsize=512)
def _names(names: frozenset[str]) -> Names:
    return Names(names)


class _Parser:
    """Where the reading stands: the token ahead, the names in scope, the depth."""

    def __init__(self, text: str, names: frozenset[str]) -> None:
        if len(text) > LONGEST:
            raise FeelError(
                f"The expression has {len(text):,} characters",
                remedy=f"At most {LONGEST:,} are read",
            )
        self.text = text
        self.members = Names(())
        self.scopes: tuple[Names, ...] = (_ALWAYS, _names(names))
        self.depth = 0
        self.filters = True
        self.ahead = token_at(text, 0, self.scopes)

    # Reading on

    def whole(self, rule: Callable[[], T]) -> T:
        """What a rule reads, which must be the whole text."""
        try:
            found = rule()
        except RecursionError:
            raise self.failure("less nesting") from None
        if self.ahead.kind != "end":
            raise self.failure("the end, or an operator")
        return found

    def failure(self, expected: str) -> FeelError:
        """The error that something else was expected than what stands ahead."""
        found = "the end" if self.ahead.kind == "end" else repr(self.ahead.text[:40])
        return FeelError(
            f"{found} stands where {expected} was expected",
            where=f"character {self.ahead.at + 1}",
        )

    def move(self, place: int) -> None:
        self.ahead = token_at(self.text, place, self.scopes)

    def next(self) -> Token:
        token = self.ahead
        self.move(token.end)
        return token

    def sees(self, *texts: str) -> bool:
        return self.ahead.kind in ("mark", "keyword") and self.ahead.text in texts

    def takes(self, text: str) -> bool:
        if self.sees(text):
            self.next()
            return True
        return False

    def expect(self, *texts: str) -> Token:
        if not self.sees(*texts):
            raise self.failure(" or ".join(map(repr, texts)))
        return self.next()

    def raw(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = pattern.match(self.text, self.ahead.at)
        if not found:
            raise self.failure(expected)
        return found

    @contextmanager
    def scope(self, names: Names) -> Iterator[None]:
        """Names that hold inside; the token ahead is read again as they come and go."""
        before = self.scopes
        self.scopes = (*before, names)
        self.move(self.ahead.at)
        yield
        self.scopes = before
        self.move(self.ahead.at)

    # Expressions

    def expression(self) -> tree.Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.failure(f"at most {DEEPEST} levels of nesting")
        filters, self.filters = self.filters, True
        node = self.binary(LOWEST)
        self.filters = filters
        self.depth -= 1
        return node

    def binary(self, lowest: int) -> tree.Node:
        left = self.unary()
        while self.ahead.kind in ("mark", "keyword"):
            level = LEVELS.get(self.ahead.text, 0)
            if level < lowest:
                break
            left = self.operation(left, self.next(), level)
        return left

    def operation(self, left: tree.Node, token: Token, level: int) -> tree.Node:
        at = token.at
        if token.text == "between":
            low = self.binary(OPERAND)
            self.expect("and")
            return tree.Between(left, low, self.binary(OPERAND), at=at)
        if token.text == "in":
            return tree.In(left, tuple(map(_asking, self.tests_after_in())), at=at)
        if level < 3:
            operands = [left, self.binary(level + 1)]
            while self.takes(token.text):
                operands.append(self.binary(level + 1))
            made = tree.Disjunction if token.text == "or" else tree.Conjunction
            return made(tuple(operands), at=at)
        right = self.binary(level + 1)
        if token.text in ARITHMETIC:
            return tree.Arithmetic(token.text, left, right, at=at)
        return tree.Comparison(token.text, left, right, at=at)

    def unary(self) -> tree.Node:
        signs = []
        while self.sees("-"):
            signs.append(self.next().at)
            if len(signs) > DEEPEST:
                raise self.failure("an operand")
        node = self.postfix(self.primary())
        for at in reversed(signs):
            node = tree.Negation(node, at=at)
        return node

    def postfix(self, node: tree.Node) -> tree.Node:
        for _ in range(DEEPEST):
            at = self.ahead.at
            if self.takes("("):
                node = self.arguments(node, at)
            elif self.sees("."):
                node = self.path(node)
            elif self.filters and self.takes("["):
                condition = self.expression()
                self.expect("]")
                node = tree.Filter(node, condition, at=at)
            elif self.sees("instance") and (found := OF.match(self.text, self.ahead.end)):
                kind, end = type_at(self.text, found.end())
                self.move(end)
                node = tree.InstanceOf(node, kind, at=at)
            else:
                return node
        raise self.failure("a shorter chain")

    def path(self, base: tree.Node) -> tree.Node:
        at = self.ahead.at
        with self.scope(self.members):
            self.next()
            name = self.next()
        if name.kind != "name":
            raise FeelError("A name was expected after '.'", where=f"character {name.at + 1}")
        return tree.Path(base, name.text, at=at)

    def arguments(self, function: tree.Node, at: int) -> tree.Node:
        if self.takes(")"):
            return tree.Call(function, (), at=at)
        first = self.argument()
        if isinstance(first, tree.Name) and self.sees(":"):
            return self.named_arguments(function, first, at)
        found = [first]
        while self.takes(","):
            found.append(self.argument())
        self.expect(")")
        return tree.Call(function, tuple(found), at=at)

    def argument(self) -> tree.Node:
        return self.test() if self.sees(*COMPARISONS) else self.expression()

    def named_arguments(self, function: tree.Node, name: tree.Node, at: int) -> tree.Node:
        found: list[tuple[str, tree.Node]] = []
        while True:
            if not isinstance(name, tree.Name):
                raise self.failure("the name of a parameter")
            self.expect(":")
            found.append((name.name, self.argument()))
            if not self.takes(","):
                break
            name = self.expression()
        self.expect(")")
        return tree.NamedCall(function, tuple(found), at=at)

    # Tests

    def unary_tests(self) -> tree.Tests:
        if self.ahead.text == "-" and SPACE.fullmatch(self.text, self.ahead.end):
            self.next()
            return tree.Tests(())
        if self.ahead.text == "not" and self.ahead.kind == "name":
            start = self.ahead.at
            self.next()
            if self.takes("("):
                alternatives = self.alternatives()
                if self.takes(")") and self.ahead.kind == "end":
                    return tree.Tests(tuple(map(_asking, alternatives)), negated=True)
            self.move(start)
        return tree.Tests(tuple(map(_asking, self.alternatives())))

    def alternatives(self) -> tuple[tree.Node, ...]:
        found = [self.test()]
        while self.takes(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> tree.Node:
        """An expression, or an operator and an operand (rule 7)."""
        at = self.ahead.at
        if not self.sees(*COMPARISONS):
            return self.expression()
        return self.point_test(self.next().text, at)

    def point_test(self, operator: str, at: int) -> tree.Node:
        return tree.Test(operator, self.binary(OPERAND), at=at)

    def tests_after_in(self) -> tuple[tree.Node, ...]:
        at = self.ahead.at
        if self.sees(*COMPARISONS):
            return (self.point_test(self.next().text, at),)
        if not self.takes("("):
            return (self.binary(OPERAND),)
        first = self.test()
        if self.sees(".."):
            return (self.interval(first, included=False, at=at),)
        found = [first]
        while self.takes(","):
            found.append(self.test())
        self.expect(")")
        return tuple(found)

    # What stands alone

    def primary(self) -> tree.Node:
        token = self.ahead
        if token.kind in ("number", "string"):
            self.next()
            return tree.Literal(_literal(token), at=token.at)
        if token.kind == "name":
            self.next()
            return tree.Name(token.text, at=token.at)
        rule = _PRIMARIES.get(token.text) if token.kind in ("mark", "keyword") else None
        if rule is None:
            raise self.failure("an expression")
        return rule(self, self.next().at)

    def at_literal(self, at: int) -> tree.Node:
        if self.ahead.kind != "string":
            raise self.failure("a string")
        value = temporal(self.next().text)
        if value is None:
            raise FeelError(
                "This is no date, time, date and time or duration",
                where=f"character {at + 1}",
                remedy='Write it as @"2026-11-22", @"09:30:00", @"P1Y2M" or @"P3DT4H"',
            )
        return tree.Literal(value, at=at)

    def parenthesis(self, at: int) -> tree.Node:
        node = self.test()
        if self.sees(".."):
            return self.interval(node, included=False, at=at)
        self.expect(")")
        return node

    def bracket(self, at: int) -> tree.Node:
        if self.takes("]"):
            return tree.ListOf((), at=at)
        items = [self.test()]
        if self.sees(".."):
            return self.interval(items[0], included=True, at=at)
        while self.takes(","):
            items.append(self.test())
        self.expect("]")
        return tree.ListOf(tuple(items), at=at)

    def open_range(self, at: int) -> tree.Node:
        return self.interval(self.expression(), included=False, at=at)

    def interval(self, low: tree.Node, *, included: bool, at: int) -> tree.Node:
        self.expect("..")
        filters, self.filters = self.filters, False
        high = self.binary(OPERAND)
        self.filters = filters
        closing = self.expect("]", ")", "[")
        return tree.Interval(low, high, included, closing.text == "]", at=at)

    def context(self, at: int) -> tree.Node:
        entries: dict[str, tree.Node] = {}
        known = Names(())
        with self.scope(known):
            while not self.takes("}"):
                if entries:
                    self.expect(",")
                name = self.key()
                if name in entries:
                    raise FeelError(
                        f"The context has {name!r} twice", where=f"character {self.ahead.at + 1}"
                    )
                entries[name] = self.expression()
                known.add(name)
                self.members.add(name)
        return tree.Context(tuple(entries.items()), at=at)

    def key(self) -> str:
        if self.ahead.kind == "string":
            name = self.next().text
            self.expect(":")
            return name
        found = self.raw(KEY, "a key and ':'")
        self.move(found.end())
        return tidy(found[1])

    def conditional(self, at: int) -> tree.Node:
        condition = self.expression()
        self.expect("then")
        yes = self.expression()
        self.expect("else")
        return tree.If(condition, yes, self.expression(), at=at)

    def loop(self, at: int) -> tree.Node:
        names = Names(["partial"])
        with self.scope(names):
            iterators = self.iterators(names)
            self.expect("return")
            body = self.expression()
            return tree.For(iterators, body, tree.says(body, "partial"), at=at)

    def some(self, at: int) -> tree.Node:
        return self.quantified("some", at)

    def every(self, at: int) -> tree.Node:
        return self.quantified("every", at)

    def quantified(self, kind: str, at: int) -> tree.Node:
        names = Names(())
        with self.scope(names):
            iterators = self.iterators(names)
            self.expect("satisfies")
            return tree.Quantified(kind, iterators, self.expression(), at=at)

    def iterators(self, names: Names) -> tuple[tree.Iterator, ...]:
        found = []
        while True:
            declared = self.raw(DECLARED, "a name and 'in'")
            self.move(declared.end())
            source = self.expression()
            end = self.expression() if self.takes("..") else None
            found.append(tree.Iterator(tidy(declared[1]), source, end))
            names.add(tidy(declared[1]))
            if not self.takes(","):
                return tuple(found)

    def function(self, at: int) -> tree.Node:
        self.expect("(")
        parameters: list[tuple[str, Type | None]] = []
        while not self.takes(")"):
            if parameters:
                self.expect(",")
            parameters.append(self.parameter())
        external = EXTERNAL.match(self.text, self.ahead.at)
        if external:
            self.move(external.end())
        with self.scope(Names([name for name, _ in parameters])):
            body = self.expression()
        return tree.Lambda(tuple(parameters), body, external is not None, at=at)

    def parameter(self) -> tuple[str, Type | None]:
        found = self.raw(PARAMETER, "the name of a parameter")
        self.move(found.end())
        if not self.sees(":"):
            return tidy(found[1]), None
        kind, end = type_at(self.text, self.ahead.end)
        self.move(end)
        return tidy(found[1]), kind


def _asking(test: tree.Node) -> tree.Node:
    return tree.Question(test, at=test.at) if tree.says(test, "?") else test


def _literal(token: Token) -> Decimal | str | None:
    if token.kind == "string":
        return token.text
    value = number(Decimal(token.text))
    if value is None:
        raise FeelError("The number is too large", where=f"character {token.at + 1}")
    return value


_PRIMARIES: dict[str, Callable[[_Parser, int], tree.Node]] = {
    "true": lambda _, at: tree.Literal(value=True, at=at),
    "false": lambda _, at: tree.Literal(value=False, at=at),
    "null": lambda _, at: tree.Literal(None, at=at),
    "@": _Parser.at_literal,
    "(": _Parser.parenthesis,
    "[": _Parser.bracket,
    "]": _Parser.open_range,
    "{": _Parser.context,
    "if": _Parser.conditional,
    "for": _Parser.loop,
    "some": _Parser.some,
    "every": _Parser.every,
    "function": _Parser.function,
}

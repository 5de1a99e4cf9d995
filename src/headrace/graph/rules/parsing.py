"""The text of rules -> rules. Every problem is kept with its place; reading goes on after it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeVar

from headrace.graph.rules.chains import rules_of
from headrace.graph.rules.language import (
    Atom,
    Chain,
    Choice,
    Comparison,
    Function,
    Link,
    Literal,
    Negation,
    Number,
    Path,
    Place,
    Problem,
    Repeated,
    Rule,
    Sequence,
    Simple,
    Term,
    Text,
    Total,
    Variable,
)

TEXT_MAX = 200_000  # characters
PARTS_MAX = 64  # of a rule's body, a choice or a chain
DEPTH_MAX = 32  # of lists within lists
DIGITS_MAX = 20  # of a number, with its sign and point
_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
      | (?P<number>-?\d+(?:\.\d+)?%?)
      | (?P<text>"[^"\n]*")
      | (?P<name>[^\W\d]\w*)
      | (?P<sign>:-|:=|!=|>=|<=|≥|≤|≠|[()<>=,.:∘/|+^])
      | (?P<other>.)""",
    re.VERBOSE,
)
_SAME = {"≥": ">=", "≤": "<=", "≠": "!=", "/": "∘"}
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = {function.name.lower(): function for function in Function}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: Place
    start: int
    end: int


Part = TypeVar("Part")
_Parts = tuple[Function, Variable | None, tuple[Variable, ...], tuple[Simple, ...]]
"""A total before its comparison: function, value, what tells contributions apart, body."""


class _StoppedError(Exception):
    """A clause could not be read further."""


def parse(text: str) -> tuple[list[Rule], list[Problem]]:
    """Rules of a text, chains among them made into rules, and what could not be read.

    A clause with a problem gives none; the next clause is read again.
    """
    if len(text) > TEXT_MAX:
        remedy = f"at most {TEXT_MAX:,} characters are read"
        return [], [Problem("the text is too long", Place(1, 1), remedy)]
    reader = _Reader(text)
    clauses: list[Rule | Chain] = []
    while not reader.at("end"):
        try:
            clauses.append(reader.clause())
        except _StoppedError:
            reader.skip()
    return rules_of(clauses), reader.problems


def _tokens(text: str) -> list[_Token]:
    found = []
    line, begin = 1, 0
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match[0]
        if kind != "blank":
            place = Place(line, match.start() - begin + 1)
            sign = _SAME.get(word, word) if kind == "sign" else word
            found.append(_Token(kind, sign, place, match.start(), match.end()))
        if "\n" in word:
            line += word.count("\n")
            begin = match.start() + word.rindex("\n") + 1
    place = Place(line, len(text) - begin + 1)
    return [*found, _Token("end", "the end of the text", place, len(text), len(text))]


class _Reader:
    """Recursive descent over the tokens of a text."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._nameless = 0
        self._depth = 0

    def at(self, *wanted: str) -> bool:
        """Whether the next token is one of these signs or kinds."""
        token = self._tokens[self._next]
        return token.kind in wanted or (token.kind == "sign" and token.text in wanted)

    def skip(self) -> None:
        """Go on after the end of this clause."""
        while not self.at(".", "end"):
            self._next += 1
        if self.at("."):
            self._next += 1

    def clause(self) -> Rule | Chain:
        """A rule or a chain, with its full stop."""
        self._depth = 0
        start = self._tokens[self._next]
        name = self._take("a rule begins with the name of a relation", "name")
        if self.at(":="):
            self._next += 1
            path = self._choice()
            return Chain(name.text, path, self._end(start), name.place)
        head = Atom(name.text, self._terms(name), name.place)
        body: tuple[Literal, ...] = ()
        if self.at(":-"):
            self._next += 1
            body = self._body()
        return Rule(head, body, self._end(start))

    def _end(self, start: _Token) -> str:
        stop = self._take("a rule ends with a full stop, or goes on after a comma", ".")
        plain = re.sub(r"#[^\n]*", " ", self._text[start.start : stop.end])
        return " ".join(plain.split())

    def _body(self) -> tuple[Literal, ...]:
        return tuple(self._listed(self._literal, ","))

    def _listed(self, part: Callable[[], Part], sign: str) -> list[Part]:
        """Parts with a sign between them."""
        if self._depth == DEPTH_MAX:
            token, remedy = self._tokens[self._next], "give an inner part a relation of its own"
            self._fail("this is nested too deep", token, remedy)
        self._depth += 1
        found = [part()]
        while self.at(sign):
            if len(found) == PARTS_MAX:
                token, remedy = (
                    self._tokens[self._next],
                    "give some of them a relation of their own",
                )
                self._fail(f"more than {PARTS_MAX} parts stand in a row", token, remedy)
            self._next += 1
            found.append(part())
        self._depth -= 1
        return found

    def _literal(self) -> Literal:
        token = self._tokens[self._next]
        if token.text == "not" and token.kind == "name":
            self._next += 1
            name = self._take("`not` stands before a relation: not linked(X, Y)", "name")
            return Negation(Atom(name.text, self._terms(name), name.place))
        ahead = self._tokens[min(self._next + 1, len(self._tokens) - 1)].text
        if token.kind == "name" and ahead == "(":
            if token.text in _FUNCTIONS:
                return self._compared(self._total())
            self._next += 1
            return Atom(token.text, self._terms(token), token.place)
        left = self._term()
        operator = self._operator()
        named = self._tokens[self._next]
        if named.kind == "name" and named.text in _FUNCTIONS:
            if operator != "=":
                remedy = f"write {named.text}(...) on the left, or give it a name: T = ..."
                self._fail("a total stands on the left of a comparison", token, remedy)
            total = self._total()
            return Total(*total, "=", left, token.place)
        return Comparison(left, operator, self._term(), token.place)

    def _compared(
        self,
        total: tuple[
            Function,
            Variable | None,
            tuple[Variable, ...],
            tuple[Simple, ...],
        ],
    ) -> Total:
        place = self._tokens[self._next].place
        return Total(*total, self._operator(), self._term(), place)

    def _total(self) -> _Parts:
        """`sum(S over Z, W: body)`, `count(Z, W: body)`."""
        function = _FUNCTIONS[self._tokens[self._next].text]
        self._next += 2
        value, over = None, []
        if function != Function.COUNT:
            value = self._variable()
        token = self._tokens[self._next]
        if function == Function.COUNT:
            over = self._variables()
        elif token.kind == "name" and token.text == "over":
            self._next += 1
            over = self._variables()
        self._take("a colon stands before what is totalled: sum(S over Z: owns(Z, Y, S))", ":")
        body: list[Simple] = []
        for literal in self._body():
            if isinstance(literal, Total):
                remedy = "give the inner one a relation of its own"
                self._fail("a total stands within a total", token, remedy)
            else:
                body.append(literal)
        self._take("a total ends with a parenthesis", ")")
        return function, value, tuple(over), tuple(body)

    def _variables(self) -> list[Variable]:
        return self._listed(self._variable, ",")

    def _variable(self) -> Variable:
        name = self._take("here stands a variable", "name")
        return Variable(name.text, name.place)

    def _terms(self, name: _Token) -> tuple[Term, ...]:
        self._take(f"terms stand in parentheses after {name.text}: {name.text}(X, Y)", "(")
        found = self._listed(self._term, ",")
        self._take("a comma or a parenthesis follows a term", ")")
        return tuple(found)

    def _term(self) -> Term:
        remedy = 'a variable X, a party in quotes "ACME", or a number 0.25'
        token = self._take(remedy, "name", "number", "text")
        if token.kind == "text":
            return Text(token.text[1:-1], token.place)
        if token.kind == "number":
            percent = token.text.endswith("%")
            if len(token.text) > DIGITS_MAX:
                self._fail("this number has too many digits", token, f"at most {DIGITS_MAX}")
            value = Decimal(token.text.rstrip("%"))
            return Number(value.scaleb(-2) if percent else value, token.place)
        if token.text == "_":
            self._nameless += 1
            return Variable(f"_#{self._nameless}", token.place)
        return Variable(token.text, token.place)

    def _operator(self) -> str:
        return self._take("a comparison has one of = != < <= > >=", *OPERATORS).text

    def _choice(self) -> Path:
        parts = self._listed(self._sequence, "|")
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Path:
        parts = self._listed(self._link, "∘")
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _link(self) -> Path:
        turned = self.at("^")
        self._next += turned
        path: Path
        if not turned and self.at("("):
            self._next += 1
            path = self._choice()
            self._take("a parenthesis is closed", ")")
        else:
            name = self._take("a chain joins relations: controls ∘ guarantees", "name")
            path = Link(name.text, turned, name.place)
        if self.at("+"):
            self._next += 1
            path = Repeated(path)
        return path

    def _take(self, remedy: str, *wanted: str) -> _Token:
        token = self._tokens[self._next]
        if not self.at(*wanted):
            self._fail(f"{token.text!r} cannot stand here", token, remedy)
        self._next += 1
        return token

    def _fail(self, problem: str, token: _Token, remedy: str) -> NoReturn:
        self.problems.append(Problem(problem, token.place, remedy))
        raise _StoppedError

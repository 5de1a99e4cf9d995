"""Words, numbers and marks of FEEL, one at a time (DMN 1.5, 10.3.1.2, rules 25 to 37).

A name may hold spaces and marks ("Applicant's age", "a+b"), so where it ends depends on the names
in scope, and those change inside a context or a function: the lexer is asked for the next token at
a place, with the names of the moment. That is why there is no table of tokens and no generated
parser here: lark's LALR lexer would have to be steered from the parser at every name.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from headrace.decisions.feel.errors import FeelError

KEYWORDS = frozenset(
    {"if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or"}
    | {"between", "instance", "function", "true", "false", "null"}
)
START = (
    r"?A-Za-z_\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C\u200D"
    r"\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
)
INNER = START + r"0-9'\u00B7\u0300-\u036F\u203F\u2040"
SPACES = " \t\n\r\v\f\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
SPACE_CHARACTER = re.compile(f"[{SPACES}]")
START_CHARACTER = re.compile(f"(?![{SPACES}])[{START}]")
WORD = re.compile(rf"(?:(?![{SPACES}])[{INNER}])+")
SPACE = re.compile(rf"(?:[{SPACES}]++|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
MARK = re.compile(r"\*\*|\.\.|!=|<=|>=|->|[-+*/=<>()\[\]{},:.@]")
PART = re.compile(rf"(?:(?![{SPACES}])[{INNER}])+|[{SPACES}]+|.", re.DOTALL)
PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


@dataclass(frozen=True)
class Token:
    """One token.

    Attributes:
        kind: "name", "keyword", "number", "string", "mark" or "end".
        text: The name with single spaces, the string without quotes, the mark itself.
        at: Where it starts.
        end: Where the next may start.
    """

    kind: str
    text: str
    at: int
    end: int


class Names:
    """Names in scope, in a tree of their parts: words, spaces and marks."""

    def __init__(self, names: Collection[str]) -> None:
        """Bring names into scope."""
        self._tree: dict[str, Any] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Bring one more name into scope; one that is a plain word needs no telling."""
        parts = PART.findall(tidy(name))
        if len(parts) > 1:
            branch = self._tree
            for part in parts:
                branch = branch.setdefault(part, {})
            branch[""] = tidy(name)

    def at(self, text: str, place: int) -> tuple[str, int] | None:
        """The longest name that stands at a place, and where it ends."""
        longest = None
        branch, part = self._tree, PART.match(text, place) if self._tree else None
        while part:
            branch = branch.get(" " if SPACE_CHARACTER.match(part[0]) else part[0], {})
            if "" in branch:
                longest = branch[""], part.end()
            part = PART.match(text, part.end()) if branch else None
        return longest


def tidy(name: str) -> str:
    """A name with single spaces between its words and none around it."""
    return re.sub(rf"[{SPACES}]+", " ", name).strip(" ")


def token_at(text: str, place: int, scopes: tuple[Names, ...]) -> Token:
    """The token at a place or after the space there.

    Raises:
        FeelError: Nothing of FEEL begins like that.
    """
    at = SPACE.match(text, place).end()  # type: ignore[union-attr]  # it matches nothing too
    if at == len(text):
        return Token("end", "the end", at, at)
    if first := _word(text, at, scopes):
        if first[0] in KEYWORDS:
            return Token("keyword", first[0], at, first[1])
        return _name(text, at, first, scopes)
    if found := NUMBER.match(text, at):
        return Token("number", found[0], at, found.end())
    if found := STRING.match(text, at):
        return Token("string", _unescaped(found[1], at), at, found.end())
    if found := MARK.match(text, at):
        return Token("mark", found[0], at, found.end())
    raise FeelError(
        f"{text[at]!r} begins nothing in FEEL",
        where=f"character {at + 1}",
        remedy="Close the string with a quote" if text[at] == '"' else "Strings stand in quotes",
    )


def _word(text: str, at: int, scopes: tuple[Names, ...]) -> tuple[str, int] | None:
    """The longest name in scope that stands at a place, else the word there, and its end."""
    known = [found for names in scopes if (found := names.at(text, at))]
    if known:
        return max(known, key=lambda found: found[1])
    word = WORD.match(text, at) if START_CHARACTER.match(text, at) else None
    return (word[0], word.end()) if word else None


def _name(text: str, at: int, first: tuple[str, int], scopes: tuple[Names, ...]) -> Token:
    """A name and the words after it: two names never stand side by side in FEEL.

    Members of the items of a list are such names, in no scope yet: `loans[first due < 3]`.
    """
    words, end = [first[0]], first[1]
    while True:
        start = SPACE.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing too
        found = WORD.match(text, start) if start > end else None
        if not found or found[0] in KEYWORDS:
            return Token("name", " ".join(words), at, end)
        words.append(found[0])
        end = found.end()


def _unescaped(body: str, at: int) -> str:
    if "\\" not in body:
        return body

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code:
            value = int(code, 16)
            if value > 0x10FFFF:
                raise FeelError("No such character", where=f"character {at + 1}")
            return chr(value)
        return PLAIN.get(found[3], found[0])

    plain = ESCAPE.sub(character, body)
    if any("\ud800" <= c <= "\udfff" for c in plain):  # pairs of \u stand for one character
        plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return plain

r"""Regular expressions of XPath 3.1 (5.6.1; XML Schema part 2, appendix G), for FEEL's strings.

Python's own engine differs in syntax (class subtraction, \i, \c, \p, what "." and "$" mean) and
can take exponential time. This one compiles to a small program and runs it by backtracking that
never tries the same step at the same place twice, so that without back references a search takes
time proportional to program times text; with them, the run's steps bound it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.regex_classes import (
    Character,
    PatternError,
    either,
    escaped,
    folded,
    literal,
    property_class,
)

MOST_INSTRUCTIONS = 20_000
LONGEST_PATTERN = 2_000
DEEPEST = 50
SPACES = " \t\n\r"
Captures: TypeAlias = tuple[int | None, ...]
Instruction: TypeAlias = tuple[str, Any, int]
Code: TypeAlias = list[Instruction]
Moved: TypeAlias = tuple[int, Captures] | None
Test: TypeAlias = Callable[[str, int, Captures], Moved]

__all__ = ["PatternError", "Regex", "compiled"]


@dataclass(frozen=True)
class Regex:
    """A compiled pattern.

    Attributes:
        code: Instructions: "one" with a class of characters, "test" with what looks at a place,
            "split" with the ways on, the likelier first, "jump", "end"; ways are relative.
        groups: How many groups it captures.
        flags: Those of `smix` that it was compiled with.
        refers: Whether it has back references.
    """

    code: tuple[Instruction, ...]
    groups: int
    flags: str
    refers: bool

    def search(self, text: str, start: int, notes: Notes) -> Captures | None:
        """Where the leftmost match from a place on starts and ends, and its groups; or None."""
        seen: set[object] = set()
        for at in range(start, len(text) + 1):
            notes.spend(1)
            found = self._match(text, at, seen, notes)
            if found is not None:
                return found
        return None

    def replace(self, text: str, replacement: str, notes: Notes) -> str:
        """The text with every match replaced; `$1` stands for a group, `$0` for the match.

        Raises:
            PatternError: The pattern matches nothing at all, or the replacement is none.
        """
        parts = self._template(replacement)
        made: list[str] = []
        end = size = 0
        for found in self._each(text, notes):
            first, last = found[0] or 0, found[1] or 0
            made.append(text[end:first])
            made.extend(
                part if isinstance(part, str) else _group(text, found, part) for part in parts
            )
            size += sum(map(len, made[-len(parts) - 1 :]))
            notes.spelled(size)
            end = last
        return "".join([*made, text[end:]])

    def split(self, text: str, notes: Notes) -> list[str]:
        """The parts between matches.

        Raises:
            PatternError: The pattern matches nothing at all.
        """
        parts: list[str] = []
        end = 0
        for found in self._each(text, notes):
            parts.append(text[end : found[0]])
            end = found[1] or 0
        return [*parts, text[end:]]

    def _each(self, text: str, notes: Notes) -> list[Captures]:
        if self.search("", 0, notes) is not None:
            raise PatternError("the pattern matches the empty string")
        found: list[Captures] = []
        at: int | None = 0
        while at is not None and (match := self.search(text, at, notes)) is not None:
            found.append(match)
            notes.spend(1)
            at = match[1]
        return found

    def _template(self, replacement: str) -> list[str | int]:
        if "q" in self.flags:
            return [replacement]
        parts: list[str | int] = []
        at = 0
        while at < len(replacement):
            character = replacement[at]
            following = replacement[at + 1 : at + 2]
            if character == "\\" and following in ("\\", "$") and following:
                parts.append(following)
            elif character == "$" and following.isdecimal():
                digits = following
                while (more := replacement[at + 1 + len(digits) :][:1]).isdecimal() and int(
                    digits + more
                ) <= self.groups:
                    digits += more
                parts.append(int(digits))
                at += len(digits) - 1
            elif character in "\\$":
                raise PatternError(f"{character!r} in the replacement needs a backslash before it")
            else:
                parts.append(character)
                at -= 1
            at += 2
        return parts

    def _match(self, text: str, start: int, seen: set[object], notes: Notes) -> Captures | None:
        """The match that starts at a place: tries one way, and goes back to those that wait."""
        nothing: Captures = (start, *([None] * (2 * self.groups + 1)))
        waiting: list[tuple[int, int, Captures]] = [(0, start, nothing)]
        done = 0
        while waiting:
            step, at, held = waiting.pop()
            notes.spend(1 + done // 8)
            done = 0
            while True:
                done += 1
                name, operand, other = self.code[step]
                if name == "one":
                    if at == len(text) or not operand(text[at]):
                        break
                    at += 1
                elif name == "split":
                    key = (step, at, held) if self.refers else (step, at)
                    if key in seen:
                        break
                    seen.add(key)
                    waiting.append((step + other, at, held))
                    step += operand - 1
                elif name == "jump":
                    step += other - 1
                elif name == "end":
                    return (start, at, *held[2:])
                else:
                    found = operand(text, at, held)
                    if found is None:
                        break
                    at, held = found
                step += 1
        notes.spend(done // 8)
        return None


def _group(text: str, found: Captures, index: int) -> str:
    if 2 * index + 1 >= len(found):
        return ""
    first, last = found[2 * index : 2 * index + 2]
    return "" if first is None or last is None else text[first:last]


@lru_cache(maxsize=256)
def compiled(pattern: str, flags: str) -> Regex:
    """The pattern, ready to run.

    Raises:
        PatternError: The pattern or a flag is not of XPath.
    """
    if set(flags) - set("smixq"):
        raise PatternError(f"the flags are of s, m, i, x and q; {flags!r} were given")
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"a pattern has at most {LONGEST_PATTERN:,} characters")
    reader = _Reader(pattern, flags)
    code = reader.literal_text() if "q" in flags else reader.whole()
    return Regex((*code, ("end", None, 0)), reader.groups, flags, reader.refers)


class _Reader:
    """Reads a pattern into code."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.flags = flags
        self.text = _without_spaces(pattern) if "x" in flags and "q" not in flags else pattern
        self.at = 0
        self.groups = 0
        self.closed: set[int] = set()
        self.refers = False
        self.depth = 0

    def literal_text(self) -> Code:
        return [("one", literal(c, folds=self.folds()), 0) for c in self.text]

    def folds(self) -> bool:
        return "i" in self.flags

    def whole(self) -> Code:
        code = self.branches()
        if self.at < len(self.text):
            raise PatternError(f"{self.text[self.at]!r} at {self.at + 1} closes nothing")
        return code

    def sees(self) -> str:
        return self.text[self.at : self.at + 1]

    def takes(self, wanted: str) -> bool:
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def branches(self) -> Code:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternError("groups are nested too deep")
        code = self.branch()
        while self.takes("|"):
            other = self.branch()
            code = [
                ("split", 1, len(code) + 2),
                *code,
                ("jump", None, len(other) + 1),
                *other,
            ]
        self.depth -= 1
        return code

    def branch(self) -> Code:
        code: Code = []
        while self.at < len(self.text) and self.sees() not in "|)":
            code.extend(self.quantified(self.atom()))
            if len(code) > MOST_INSTRUCTIONS:
                raise PatternError("the pattern repeats too much")
        return code

    def quantified(self, code: Code) -> Code:
        least, most = self.bounds()
        if (least, most) == (1, 1):
            return code
        lazy = self.takes("?")
        if len(code) * max(least, most or 0, 1) > MOST_INSTRUCTIONS:
            raise PatternError("the pattern repeats too much")
        size = len(code)
        made = code * least
        if most is None:
            loop = [_split(1, size + 2, lazy=lazy), *code, ("jump", None, -size - 1)]
            return [*made, *loop]
        rest = most - least
        for left in range(rest, 0, -1):
            made = [*made, _split(1, left * (size + 1), lazy=lazy), *code]
        return made

    def bounds(self) -> tuple[int, int | None]:
        if self.takes("?"):
            return 0, 1
        if self.takes("*"):
            return 0, None
        if self.takes("+"):
            return 1, None
        if not self.takes("{"):
            return 1, 1
        least = self.count()
        most: int | None = least
        if self.takes(","):
            most = None if self.sees() == "}" else self.count()
        if not self.takes("}") or (most is not None and most < least):
            raise PatternError("a quantity is {n}, {n,} or {n,m}")
        return least, most

    def count(self) -> int:
        first = self.at
        while self.sees() and self.sees() in "0123456789":
            self.at += 1
        if not 1 <= self.at - first <= 5:
            raise PatternError("a quantity is {n}, {n,} or {n,m}")
        return int(self.text[first : self.at])

    def atom(self) -> Code:
        character = self.sees()
        self.at += 1
        if character == "(":
            return self.group()
        if character == "[":
            return [("one", self.character_class(), 0)]
        if character == ".":
            return [("one", _any if "s" in self.flags else _not_newline, 0)]
        if character == "^":
            return [("test", _line_start if "m" in self.flags else _start, 0)]
        if character == "$":
            return [("test", _line_end if "m" in self.flags else _end, 0)]
        if character == "\\":
            return self.escape()
        if character in "?*+{}]":
            raise PatternError(f"{character!r} at {self.at} repeats or closes nothing")
        return [("one", literal(character, folds=self.folds()), 0)]

    def group(self) -> Code:
        captures = not self.takes("?:")
        if captures:
            self.groups += 1
            index = self.groups
        code = self.branches()
        if not self.takes(")"):
            raise PatternError("a group is not closed")
        if not captures:
            return code
        self.closed.add(index)
        return [("test", _save(2 * index), 0), *code, ("test", _save(2 * index + 1), 0)]

    def escape(self) -> Code:
        if self.sees() and self.sees() in "0123456789":
            return [("test", self.reference(), 0)]
        return [("one", self.escaped_class(), 0)]

    def reference(self) -> Test:
        index = int(self.sees())
        self.at += 1
        while self.sees() and self.sees() in "0123456789":
            if index * 10 + int(self.sees()) > self.groups:
                break
            index = index * 10 + int(self.sees())
            self.at += 1
        if index not in self.closed:
            raise PatternError(f"\\{index} refers to no group before it")
        self.refers = True
        fold = folded if self.folds() else str

        def refer(text: str, at: int, held: Captures) -> Moved:
            wanted = _group(text, held, index)
            there = text[at : at + len(wanted)]
            return (at + len(wanted), held) if fold(there) == fold(wanted) else None

        return refer

    def escaped_class(self) -> Character:
        character = self.sees()
        self.at += 1
        if character in ("p", "P"):
            end = self.text.find("}", self.at)
            if self.sees() != "{" or end < 0:
                raise PatternError("a property is \\p{...}")
            name = self.text[self.at + 1 : end]
            self.at = end + 1
            return property_class(name, negated=character == "P")
        return escaped(character, folds=self.folds())

    def character_class(self) -> Character:
        self.depth += 1
        if self.depth > DEEPEST:
            raise PatternError("classes are nested too deep")
        negated = self.takes("^")
        members: list[Character] = []
        removed: Character | None = None
        while not self.takes("]"):
            if self.at >= len(self.text):
                raise PatternError("a class is not closed")
            if members and self.takes("-["):
                removed = self.character_class()
                if not self.takes("]"):
                    raise PatternError("a class ends after what it leaves out")
                break
            members.append(self.member())
        if not members:
            raise PatternError("a class is empty")
        self.depth -= 1
        return either(tuple(members), negated=negated, removed=removed)

    def member(self) -> Character:
        first = self.class_character()
        if not isinstance(first, str):
            return first
        follows = self.text[self.at + 1 : self.at + 2]
        if self.sees() != "-" or follows in ("]", "["):
            return literal(first, folds=self.folds())
        self.at += 1
        last = self.class_character()
        if not isinstance(last, str) or last < first:
            raise PatternError("a range of a class goes from a character to a later one")
        return _between(first, last, folds=self.folds())

    def class_character(self) -> str | Character:
        character = self.sees()
        self.at += 1
        if character == "[":
            raise PatternError("'[' in a class needs a backslash before it")
        if character != "\\":
            return character
        following = self.sees()
        if following and following in "nrt|.?*+(){}-[]^$\\":
            self.at += 1
            return {"n": "\n", "r": "\r", "t": "\t"}.get(following, following)
        return self.escaped_class()


def _between(first: str, last: str, *, folds: bool) -> Character:
    if not folds:
        return lambda c: first <= c <= last
    return lambda c: any(first <= v <= last for v in folded(c))


def _split(stay: int, leave: int, *, lazy: bool) -> Instruction:
    return ("split", leave, stay) if lazy else ("split", stay, leave)


def _save(place: int) -> Test:
    """Keep where a group starts or ends."""
    return lambda text, at, held: (at, (*held[:place], at, *held[place + 1 :]))


def _without_spaces(pattern: str) -> str:
    """Without white space outside classes, as flag x says."""
    kept: list[str] = []
    depth = 0
    escape = False
    for character in pattern:
        if depth == 0 and character in SPACES:
            continue
        kept.append(character)
        if not escape and character in "[]":
            depth = max(0, depth + (1 if character == "[" else -1))
        escape = character == "\\" and not escape
    return "".join(kept)


def _any(character: str) -> bool:
    return True


def _not_newline(character: str) -> bool:
    return character not in "\n\r"


def _start(text: str, at: int, held: Captures) -> Moved:
    return (at, held) if at == 0 else None


def _end(text: str, at: int, held: Captures) -> Moved:
    return (at, held) if at == len(text) else None


def _line_start(text: str, at: int, held: Captures) -> Moved:
    return (at, held) if at == 0 or (text[at - 1] == "\n" and at < len(text)) else None


def _line_end(text: str, at: int, held: Captures) -> Moved:
    return (at, held) if at == len(text) or text[at] == "\n" else None

"""Character classes of XPath's regular expressions (XML Schema part 2, appendix G.4)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Character: TypeAlias = Callable[[str], bool]
"""Whether a class has a character."""

PLAIN = "|.?*+(){}-[]^$\\"
MINOR = {"L": "ultmo", "M": "nce", "N": "dlo", "P": "cdseifo", "Z": "slp", "S": "mcko", "C": "cfon"}
CATEGORIES = frozenset(MINOR) | {major + minor for major in MINOR for minor in MINOR[major]}
BLOCKS = {
    "BasicLatin": (0x0000, 0x007F),
    "Latin-1Supplement": (0x0080, 0x00FF),
    "LatinExtended-A": (0x0100, 0x017F),
    "LatinExtended-B": (0x0180, 0x024F),
    "IPAExtensions": (0x0250, 0x02AF),
    "SpacingModifierLetters": (0x02B0, 0x02FF),
    "CombiningDiacriticalMarks": (0x0300, 0x036F),
    "Greek": (0x0370, 0x03FF),
    "GreekandCoptic": (0x0370, 0x03FF),
    "Cyrillic": (0x0400, 0x04FF),
    "Armenian": (0x0530, 0x058F),
    "Hebrew": (0x0590, 0x05FF),
    "Arabic": (0x0600, 0x06FF),
    "Devanagari": (0x0900, 0x097F),
    "Bengali": (0x0980, 0x09FF),
    "Thai": (0x0E00, 0x0E7F),
    "Georgian": (0x10A0, 0x10FF),
    "HangulJamo": (0x1100, 0x11FF),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF),
    "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F),
    "CurrencySymbols": (0x20A0, 0x20CF),
    "LetterlikeSymbols": (0x2100, 0x214F),
    "NumberForms": (0x2150, 0x218F),
    "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF),
    "BoxDrawing": (0x2500, 0x257F),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "Bopomofo": (0x3100, 0x312F),
    "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7A3),
    "CJKCompatibilityIdeographs": (0xF900, 0xFAFF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}


class PatternError(Exception):
    """A pattern is not one of XPath; the function that was given it answers null."""


@lru_cache(maxsize=4096)
def folded(text: str) -> frozenset[str] | str:
    """For a character, those that flag i takes for the same; a longer text in one case."""
    if len(text) != 1:
        return text.lower().upper().lower()
    forms = {text, text.lower(), text.upper(), text.lower().upper(), text.upper().lower()}
    return frozenset(form for form in forms if len(form) == 1)


def literal(character: str, *, folds: bool) -> Character:
    """The class of one character, or of all that flag i takes for it."""
    if not folds:
        return lambda c: c == character
    same = frozenset(folded(character))
    return lambda c: not same.isdisjoint(folded(c))


def either(
    members: tuple[Character, ...],
    *,
    negated: bool,
    removed: Character | None,
) -> Character:
    """The class of its members, or of all others, without those of `removed`."""

    def has(character: str) -> bool:
        found = any(member(character) for member in members)
        return found is not negated and not (removed and removed(character))

    return has


def escaped(character: str, *, folds: bool) -> Character:
    r"""What `\` and a character stand for."""
    if character and character in PLAIN:
        return literal(character, folds=folds)
    if character in ("n", "r", "t"):
        return literal({"n": "\n", "r": "\r", "t": "\t"}[character], folds=folds)
    found = _SETS.get(character.lower()) if character else None
    if found is None:
        raise PatternError(f"'\\{character}' is nothing in a pattern")
    return found if character.islower() else lambda c: not found(c)


def property_class(name: str, *, negated: bool) -> Character:
    r"""`\p{name}`, or `\P{name}`: a category of Unicode, or a block as `IsBasicLatin`."""
    if name in CATEGORIES:
        return lambda c: unicodedata.category(c).startswith(name) is not negated
    block = BLOCKS.get(name[2:]) if name.startswith("Is") else None
    if block is None:
        raise PatternError(f"{name!r} is no category of characters, nor a block that is known")
    first, last = block
    return lambda c: (first <= ord(c) <= last) is not negated


def _starts_name(c: str) -> bool:
    return c in "_:" or unicodedata.category(c)[0] == "L"


def _in_name(c: str) -> bool:
    return c in "_:-.\u00b7" or unicodedata.category(c)[0] in "LM" or c.isdecimal()


_SETS: dict[str, Character] = {
    "s": lambda c: c in " \t\n\r",
    "d": lambda c: unicodedata.category(c) == "Nd",
    "w": lambda c: unicodedata.category(c)[0] not in "PZC",
    "i": _starts_name,
    "c": _in_name,
}

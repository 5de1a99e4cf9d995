"""Company names in English and in pinyin, taken apart into the same parts as Chinese ones."""

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from headrace.graph.identity.firm_words import (
    ENGLISH_BRANCHES,
    ENGLISH_FORMS,
    FORMS,
    FirmName,
    Form,
    businesses,
)
from headrace.graph.identity.regions import english_regions, plain_pinyin, regions
from headrace.graph.identity.writing import letters, pinyin

SHORTEST_TRADE = 3
"""Letters that are left for the trade name at least: two short syllables."""
LONGEST = 40
"""No legal form, line of business or region is spelt with more letters."""


def parsed_latin(text: str) -> FirmName:
    """Take a folded name without Chinese characters apart.

    English by its words; pinyin by its letters, if its legal form is spelt out. Only the sound of
    the trade name is known.
    """
    tokens = [letters(word) for word in re.split(r"[\s()&]+", text)]
    tokens = [word for word in tokens if word]
    spelt = _parsed_pinyin("".join(tokens))
    return spelt if spelt is not None else _parsed_english(tokens)


def _parsed_english(tokens: list[str]) -> FirmName:
    branch = ""
    if tokens and tokens[-1] in ENGLISH_BRANCHES:
        cut = max((i for i, t in enumerate(tokens) if t in ENGLISH_FORMS), default=-1) + 1
        branch, tokens = " ".join(tokens[cut:]), tokens[:cut]
    form = Form.UNKNOWN
    while tokens[1:] and tokens[-1] in ENGLISH_FORMS:
        ending = ENGLISH_FORMS[tokens.pop()]
        form = ending if form == Form.UNKNOWN else form
    region, used = _leading_region(tokens)
    tokens = tokens[used:]
    found = []
    while tokens[1:] and (tokens[-1] in english_numbers() or tokens[-1] in ("and", "of")):
        found.append(tokens.pop())
    words = tuple(word for word in found if word in english_numbers())
    return FirmName(region, "", "".join(tokens), words, form, branch)


def _leading_region(tokens: list[str]) -> tuple[int, int]:
    """Code of the division a name starts with, and how many words it takes; a word stays."""
    known = _latin_regions()
    for count in (3, 2, 1):
        if len(tokens) > count and "".join(tokens[:count]) in known:
            return known["".join(tokens[:count])], count
    return 0, 0


def _parsed_pinyin(spelt: str) -> FirmName | None:
    """A name whose legal form is spelt in pinyin; None for any other."""
    ending = _ending(spelt, _form_sounds(), 1)
    if ending is None:
        return None
    rest = spelt[: -len(ending)]
    known = _latin_regions()
    sizes = range(min(LONGEST, len(rest) - SHORTEST_TRADE), 1, -1)
    start = next((rest[:size] for size in sizes if rest[:size] in known), "")
    rest = rest[len(start) :]
    found: list[str] = []
    while len(found) < 4:
        sound = _ending(rest, _business_sounds(), SHORTEST_TRADE)
        if sound is None:
            break
        found.append(_business_sounds()[sound])
        rest = rest[: -len(sound)]
    form = FORMS[_form_sounds()[ending]]
    return FirmName(known.get(start, 0), "", rest, tuple(found), form, "")


def _ending(text: str, known: Mapping[str, object], left: int) -> str | None:
    """The longest known ending that leaves so many letters."""
    sizes = range(min(LONGEST, len(text) - left), 1, -1)
    return next((text[-size:] for size in sizes if text[-size:] in known), None)


@cache
def _latin_regions() -> dict[str, int]:
    found = {}
    for region in reversed(regions()):
        if region.code % 100 == 0 and plain_pinyin(region.name):
            for spelling in region.spellings:
                found[pinyin(spelling)] = region.code
    found |= {"luan": found["liuan"], "luanshi": found["liuan"]}
    return found | {name.replace(" ", ""): code for name, code in english_regions().items()}


@cache
def _form_sounds() -> dict[str, str]:
    """Legal forms by their pinyin; short ones, that other words spell too, left out."""
    return {pinyin(word): word for word in FORMS if len(word) >= 4}


@cache
def _business_sounds() -> dict[str, str]:
    return {pinyin(word): word for word in reversed(businesses())}


@cache
def english_numbers() -> dict[str, int]:
    """English words for lines of business by a number; words of one meaning share it."""
    words = sorted({word for english in businesses().values() for word in english})
    numbers = {word: number for number, word in enumerate(words, 1)}
    found: dict[str, int] = {}
    for english in businesses().values():
        for word in english:
            found.setdefault(word, numbers[english[0]])
    return found


@cache
def english_of() -> NDArray[np.int64]:
    """By number of a Chinese word, the number of its English one; 0 for none."""
    numbers = english_numbers()
    return np.array([0, *(numbers[english[0]] for english in businesses().values())])

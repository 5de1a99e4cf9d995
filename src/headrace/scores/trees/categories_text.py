"""Stated encodings of categories as JSON, and back without losing a bit."""

from typing import Any

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.scores.trees.categories import Ordered, Rated
from headrace.scores.trees.reading import LARGEST


def ordered_to_json(encoding: Ordered) -> str:
    """An order as one line of canonical JSON."""
    return canonical_json({"levels": list(encoding.levels)}).decode()


def ordered_from_json(text: str) -> Ordered:
    """The order that `ordered_to_json` wrote.

    Raises:
        InputError: If the text is none; it says where.
    """
    return Ordered(_levels(_fields(text, {"levels"})["levels"]))


def rated_to_json(encoding: Rated) -> str:
    """Rated categories as one line of canonical JSON."""
    plain = {
        "levels": list(encoding.levels),
        "log_odds": list(encoding.log_odds),
        "otherwise": encoding.otherwise,
    }
    return canonical_json(plain).decode()


def rated_from_json(text: str) -> Rated:
    """The rated categories that `rated_to_json` wrote.

    Raises:
        InputError: If the text is none; it says where.
    """
    plain = _fields(text, {"levels", "log_odds", "otherwise"})
    levels, log_odds = _levels(plain["levels"]), plain["log_odds"]
    if type(log_odds) is not list or len(log_odds) != len(levels):
        raise _no_encoding("log_odds", "a list of numbers, one a level")
    return Rated(
        levels,
        tuple(_number(each, f"log_odds {place}") for place, each in enumerate(log_odds)),
        _number(plain["otherwise"], "otherwise"),
    )


def _fields(text: str, names: set[str]) -> dict[str, Any]:
    plain = parse_object(text.encode(errors="replace"))
    if plain is None or set(plain) != names:
        raise _no_encoding("the file", f"a JSON object of {', '.join(sorted(names))}")
    return plain


def _levels(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not all(type(each) is str for each in value):
        raise _no_encoding("levels", "a list of texts")
    if len(set(value)) < len(value):
        raise _no_encoding("levels", "each text once")
    return tuple(value)


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise _no_encoding(where, "a number")
    return float(value)


def _no_encoding(where: str, right: str) -> InputError:
    return InputError(
        "this is no encoding of categories", where=where, remedy=f"it should be {right}"
    )

"""What a user states about a card in a file of TOML: how it is fitted, worded, and may change.

    [scale]                      points_base, odds_base, points_to_double, rounding, base_points
    [selection]                  iv_least, correlation_most, vif_most, forward, forward_gain
    [rating]                     classes = ["A", …], pd_max = [0.01, …, 1.0]
    [bins]                       of every column: trend, max_bins, min_share, specials, …
    [columns."NAME".bins]        the same of one column
    [columns."NAME".words]       name, reason, missing: each ["English", "中文"], for customers
    [columns."NAME".change]      direction (fixed, up, down, any), effort, reach, supply

One file serves fitting, applying and explaining; each reads what it needs and checks all of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headrace.errors import InputError
from headrace.scores.binning.codec import (
    Reader,
    many,
    number,
    one_of,
    optional,
    plain_of,
    settings_from_plain,
    text,
)
from headrace.scores.binning.problem import Settings
from headrace.scores.cards.counterfactual import Direction, Ease
from headrace.scores.cards.fitting import CARD_BINNING
from headrace.scores.cards.points_card import MASTER_SCALE
from headrace.scores.cards.reasons import Wording
from headrace.scores.cards.scale import BasePoints, PointsScale, Rounding
from headrace.scores.cards.selection import Selection
from headrace.scores.rating import RatingScale

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class Stated:
    """What the file states; defaults where it is silent.

    Attributes:
        scale: What points mean.
        selection: Which features enter.
        rating: Classes by probability of default.
        bins: Of every column.
        bins_of: Of single columns, on top of `bins`.
        names: What customers know a column by, in English and Chinese.
        words: What customers are told, by column.
        ease: How a column may change, by column.
    """

    scale: PointsScale = field(default_factory=PointsScale)
    selection: Selection = field(default_factory=Selection)
    rating: RatingScale = MASTER_SCALE
    bins: Settings = CARD_BINNING
    bins_of: Mapping[str, Settings] = field(default_factory=dict)
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    words: Mapping[str, Wording] = field(default_factory=dict)
    ease: Mapping[str, Ease] = field(default_factory=dict)


def read_stated(plain: Plain, where: str) -> Stated:
    """The statements of a file.

    Args:
        plain: What the TOML holds.
        where: The file, for errors.

    Raises:
        InputError: A key is none, or a value is not of its kind; names the place.
    """
    _only(plain, ("scale", "selection", "rating", "bins", "columns"), where)
    columns = _table(plain, "columns", where)
    bins = _merged(CARD_BINNING, _table(plain, "bins", where), f"{where}, bins")
    bins_of: dict[str, Settings] = {}
    names: dict[str, tuple[str, str]] = {}
    words: dict[str, Wording] = {}
    ease: dict[str, Ease] = {}
    for name in columns:
        at = f"{where}, columns.{name}"
        column = _table({at: columns[name]}, at, at)
        _only(column, ("bins", "words", "change"), at)
        if "bins" in column:
            bins_of[name] = _merged(bins, _table(column, "bins", at), f"{at}.bins")
        if "words" in column:
            said = _fields(_table(column, "words", at), _WORDS, f"{at}.words")
            names |= {name: said["name"]} if "name" in said else {}
            if "reason" in said:
                words[name] = Wording(said["reason"], said.get("missing"))
        if "change" in column:
            given = _fields(_table(column, "change", at), _EASE, f"{at}.change")
            ease[name] = Ease(**({"direction": Direction.ANY} | given))
    rating = _fields(_table(plain, "rating", where), _RATING, f"{where}, rating")
    if rating and (set(rating) != set(_RATING) or not rating["pd_max"]):
        raise _wrong(f"{where}, rating", "classes and pd_max, as many bounds as classes")
    return Stated(
        scale=PointsScale(**_fields(_table(plain, "scale", where), _SCALE, f"{where}, scale")),
        selection=Selection(
            **_fields(_table(plain, "selection", where), _SELECTION, f"{where}, selection")
        ),
        rating=RatingScale(**rating) if rating else MASTER_SCALE,
        bins=bins,
        bins_of=bins_of,
        names=names,
        words=words,
        ease=ease,
    )


def _merged(base: Settings, given: Plain, where: str) -> Settings:
    """Binning settings with what is given in place of the base's."""
    known = plain_of(base)
    _only(given, known, where)
    empty: Plain = {"codes": [], "low": None, "high": None}
    changed = {
        name: [{**empty, **each} if isinstance(each, dict) else each for each in value]
        if name == "specials" and isinstance(value, list)
        else value
        for name, value in given.items()
    }
    return settings_from_plain({**known, **changed}, where)


def _fields(plain: Plain, readers: Mapping[str, Reader], where: str) -> dict[str, Any]:
    _only(plain, readers, where)
    return {name: readers[name](value, f"{where}.{name}") for name, value in plain.items()}


def _table(plain: Plain, name: str, where: str) -> Plain:
    found = plain.get(name, {})
    if not isinstance(found, dict):
        raise _wrong(where if name == where else f"{where}, {name}", "a table")
    return found


def _only(plain: Plain, known: Any, where: str) -> None:
    strange = [name for name in plain if name not in known]
    if strange:
        raise InputError(
            f"{strange[0]!r} is no setting", where=where, remedy=f"one of {', '.join(known)}"
        )


def _wrong(where: str, right: str) -> InputError:
    return InputError("a setting cannot be used", where=where, remedy=f"it should be {right}")


def _checked(reader: Reader) -> Reader:
    """A reader of saved files, whose refusals speak of settings."""

    def read(value: Any, where: str) -> Any:
        try:
            return reader(value, where)
        except InputError as error:
            right = error.remedy.removeprefix("it should be ")
            raise _wrong(where, right) from error

    return read


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false")
    return value


def _pair(value: Any, where: str) -> tuple[str, str]:
    found = many(text)(value, where)
    if len(found) != 2 or not all(each.strip() for each in found):
        raise _wrong(where, 'two texts, ["English", "中文"]')
    return found[0], found[1]


def _by(readers: Mapping[str, Callable[[Any, str], Any]]) -> dict[str, Reader]:
    return {name: _checked(reader) for name, reader in readers.items()}


_SCALE = _by(
    dict.fromkeys(("points_base", "odds_base", "points_to_double"), number)
    | {"rounding": one_of(Rounding), "base_points": one_of(BasePoints)}
)
_SELECTION = _by(
    dict.fromkeys(("iv_least", "correlation_most", "vif_most", "forward_gain"), number)
    | {"forward": _flag}
)
_RATING = _by({"classes": many(text), "pd_max": many(number)})
_WORDS = _by(dict.fromkeys(("name", "reason", "missing"), _pair))
_EASE = _by(
    {
        "direction": one_of(Direction),
        "effort": number,
        "reach": optional(many(text)),
        "supply": _flag,
    }
)

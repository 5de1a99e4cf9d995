"""A points card as JSON and back, without losing a bit: the scale, bins and edges, all of it.

    {"format": "headrace points card", "version": 1, "sha256": digest of the card, "card": {...}}

Floats are written so that they read back to the same bits. The digest is of the card's canonical
bytes (`evidence.canonical`), so the file may be laid out anew, but a number that was changed in it
is refused. Cards are read from files of users: every field is checked, and so is what none shows
alone.
"""

import hashlib
import json
from typing import Any

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.scores.binning.codec import (
    Reader,
    bins_from_plain,
    fields_of,
    many,
    no_bins,
    number,
    one_of,
    optional,
    parsed,
    plain_of,
    text,
    whole,
)
from headrace.scores.cards.points_card import Edit, Fitted, Line, PointsCard
from headrace.scores.cards.scale import BasePoints, PointsScale, Rounding
from headrace.scores.cards.selection import Dropped, Rule
from headrace.scores.rating import RatingScale

FORMAT = "headrace points card"
VERSION = 1


def card_to_json(card: PointsCard) -> str:
    """The whole card as text."""
    plain = plain_of(card)
    whole_file = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": _digest(plain),
        "card": plain,
    }
    return json.dumps(whole_file, ensure_ascii=False, indent=1, allow_nan=False)


def card_digest(card: PointsCard) -> str:
    """SHA-256 of the card, hexadecimal: equal cards have equal ones."""
    return _digest(plain_of(card))


def card_from_json(content: str) -> PointsCard:
    """The card that `card_to_json` wrote.

    Raises:
        InputError: If the text is no such card, is of a later version, or was changed since: it
            says where and what would be right.
    """
    try:
        plain = _opened(parsed(content))
        return card_from_plain(plain)
    except InputError as error:
        raise InputError(
            "this is no points card", where=error.where or "the file", remedy=error.remedy
        ) from error


def card_from_plain(plain: Any, where: str = "card") -> PointsCard:
    """A card of what JSON can hold.

    Raises:
        InputError: If it is none.
    """
    try:
        card: PointsCard = fields_of(plain, PointsCard, where, _CARD)
    except InputError as error:
        right = f"{error.problem}; {error.remedy}" if error.remedy else error.problem
        remedy = error.remedy if error.problem == "these are no bins" else right
        raise InputError("this is no points card", where=error.where, remedy=remedy) from error
    return card


def _opened(plain: Any) -> Any:
    """What is inside of the file's cover."""
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise no_bins("the file, format", f"an object whose format is {FORMAT!r}")
    if plain.get("version") != VERSION:
        raise no_bins("the file, version", f"{VERSION}; a later one needs a later Headrace")
    if set(plain) != {"format", "version", "sha256", "card"}:
        raise no_bins("the file", "an object of format, version, sha256, card")
    if plain["sha256"] != _digest(plain["card"]):
        raise no_bins("the file, sha256", "the digest of the card: something in it was changed")
    return plain["card"]


def _digest(plain: Any) -> str:
    try:
        return hashlib.sha256(canonical_json(plain)).hexdigest()
    except (ValueError, RecursionError) as error:  # NaN, a lone surrogate, or nested too deep
        raise no_bins("the file, card", f"plain JSON ({error})") from error


def _sized(most: int) -> Reader:
    def read(value: Any, where: str) -> int:
        found = whole(value, where)
        if not abs(found) <= most:
            raise no_bins(where, f"at most {most:,} either way")
        return found

    return read


def _scale(plain: Any, where: str) -> PointsScale:
    return fields_of(plain, PointsScale, where, _SCALE)


def _line(plain: Any, where: str) -> Line:
    return fields_of(plain, Line, where, _LINE)


def _rating(plain: Any, where: str) -> RatingScale:
    pd_max = plain.get("pd_max") if isinstance(plain, dict) else None
    if pd_max == []:
        raise no_bins(f"{where}, pd_max", "one bound a class")
    return fields_of(plain, RatingScale, where, _RATING)


def _fitted(plain: Any, where: str) -> Fitted:
    return fields_of(plain, Fitted, where, _FITTED)


def _dropped(plain: Any, where: str) -> Dropped:
    return fields_of(plain, Dropped, where, _DROPPED)


def _edit(plain: Any, where: str) -> Edit:
    return fields_of(plain, Edit, where, _EDIT)


_MOST = 2**53
_SCALE: dict[str, Reader] = {
    "points_base": number,
    "odds_base": number,
    "points_to_double": number,
    "rounding": one_of(Rounding),
    "base_points": one_of(BasePoints),
}
_LINE: dict[str, Reader] = {
    "bins": bins_from_plain,
    "coefficient": number,
    "points": many(_sized(_MOST)),
}
_RATING: dict[str, Reader] = {"classes": many(text), "pd_max": many(number)}
_DROPPED: dict[str, Reader] = {
    "feature": text,
    "rule": one_of(Rule),
    "value": number,
    "limit": number,
    "beside": text,
}
_FITTED: dict[str, Reader] = {
    "intercept": number,
    "covariance": many(many(number)),
    "strength": number,
    "calibration_slope": number,
    "central_tendency": optional(number),
    "rows": whole,
    "defaults": whole,
    "dropped": many(_dropped),
}
_EDIT: dict[str, Reader] = dict.fromkeys(("feature", "before", "after", "who", "why", "when"), text)
_CARD: dict[str, Reader] = {
    "scale": _scale,
    "base": _sized(_MOST),
    "lines": many(_line),
    "rating": _rating,
    "fitted": optional(_fitted),
    "edits": many(_edit),
}

"""Bins and settings as JSON and back, without losing a bit.

Bins are read from files of users, so nothing of them is taken on trust: every field is checked, and
so is what no field shows alone.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, TypeVar

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Kind, finished
from headrace.scores.binning.problem import EdgeStyle, Prebinning, Settings, Special, Trend

Plain = dict[str, Any]
Reader = Callable[[Any, str], Any]
T = TypeVar("T")

LARGEST = sys.float_info.max


def bins_to_json(bins: Bins) -> str:
    """The whole as text; floats are written so that they read back to the same bits."""
    return json.dumps(bins_to_plain(bins), ensure_ascii=False, indent=1, sort_keys=True)


def bins_from_json(text: str) -> Bins:
    """The bins that `bins_to_json` wrote.

    Raises:
        InputError: If the text is no such bins: it says where and what would be right.
    """
    return bins_from_plain(parsed(text))


def parsed(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        InputError: If it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise no_bins("the file", f"JSON as a fit writes it ({error})") from error


def bins_to_plain(bins: Bins) -> Plain:
    """The whole as what JSON can hold, to be part of a larger file."""
    plain: Plain = plain_of(bins)
    return plain


def bins_from_plain(plain: Any, where: str = "the bins") -> Bins:
    """The bins that `bins_to_plain` gave.

    Raises:
        InputError: If these are none: it says where and what would be right.
    """
    bins: Bins = fields_of(plain, Bins, where, _BINS)
    _check(bins, where)
    return bins


def plain_of(value: Any) -> Any:
    """What JSON can hold of dataclasses, enums and tuples."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain_of(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: plain_of(getattr(value, field.name)) for field in fields(value)}
    return value


def fields_of(plain: Any, kind: type[T], where: str, readers: Mapping[str, Reader]) -> T:
    """A dataclass of an object's keys, all of them and no other, each read and checked."""
    names = list(readers)
    if not isinstance(plain, dict) or set(plain) != set(names):
        raise no_bins(where, f"an object of {', '.join(names)}")
    return kind(**{name: readers[name](plain[name], f"{where}, {name}") for name in names})


def no_bins(where: str, right: str) -> InputError:
    """What is wrong with a text that holds no bins."""
    return InputError("these are no bins", where=where, remedy=f"it should be {right}")


def number(value: Any, where: str) -> float:
    """A finite number; a whole one stays one, so that it is written as it was."""
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise no_bins(where, "a number")
    found: float = value
    return found


def rows(value: Any, where: str) -> float:
    """A number of rows or a sum of their weights."""
    if number(value, where) < 0:
        raise no_bins(where, "a number of rows, 0 or more")
    return float(value)


def whole(value: Any, where: str) -> int:
    """A whole number."""
    if type(value) is not int or abs(value) > LARGEST:
        raise no_bins(where, "a whole number")
    return value


def text(value: Any, where: str) -> str:
    """A text of whole characters: JSON can spell halves of them, which no table holds."""
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise no_bins(where, "a text")
    return value


def optional(reader: Reader) -> Reader:
    """What the reader reads, or None."""
    return lambda value, where: None if value is None else reader(value, where)


def many(reader: Reader) -> Reader:
    """A tuple of what the reader reads."""

    def read(value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise no_bins(where, "a list")
        return tuple(reader(each, f"{where} {at}") for at, each in enumerate(value, start=1))

    return read


def one_of(kind: type[Enum]) -> Reader:
    """A value of an enum."""

    def read(value: Any, where: str) -> Enum:
        known = [each.value for each in kind]
        if value not in known:
            raise no_bins(where, f"one of {', '.join(known)}")
        return kind(value)

    return read


def _code(value: Any, where: str) -> float | str:
    return text(value, where) if isinstance(value, str) else number(value, where)


def _special(value: Any, where: str) -> Special:
    return fields_of(value, Special, where, _SPECIAL)


def settings_from_plain(plain: Any, where: str = "the settings") -> Settings:
    """The settings that `plain_of` gave.

    Raises:
        InputError: If these are none.
    """
    return fields_of(plain, Settings, where, _SETTINGS)


_SPECIAL: dict[str, Reader] = {
    "name": text,
    "codes": many(_code),
    "low": optional(number),
    "high": optional(number),
}
_SETTINGS: dict[str, Reader] = {
    "trend": one_of(Trend),
    "turn_gain": number,
    "prebins": whole,
    "prebinning": one_of(Prebinning),
    "prebin_share": number,
    "edges": optional(many(number)),
    "min_bins": optional(whole),
    "max_bins": optional(whole),
    "min_share": optional(number),
    "max_share": optional(number),
    "min_rows": optional(number),
    "max_rows": optional(number),
    "min_bads": number,
    "min_goods": number,
    "min_gap": number,
    "max_p": optional(number),
    "pure_rows": number,
    "specials": many(_special),
    "rare_share": number,
    "order": optional(many(text)),
    "other_woe": optional(number),
    "edge_style": one_of(EdgeStyle),
    "decimals": optional(whole),
}
_BINS: dict[str, Reader] = {
    "feature": text,
    "kind": one_of(Kind),
    "settings": settings_from_plain,
    "piece_edges": many(number),
    "categories": many(text),
    "piece_good": many(rows),
    "piece_bad": many(rows),
    "starts": many(whole),
    "rare": many(text),
    "rare_good": many(rows),
    "rare_bad": many(rows),
    "aside_good": many(rows),
    "aside_bad": many(rows),
    "woe": many(number),
    "trend": one_of(Trend),
}


def _check(bins: Bins, where: str) -> None:
    """What no single value shows: lengths and orders that agree, counts of both outcomes."""
    pieces = len(bins.piece_good)
    numeric = bins.kind is Kind.NUMERIC
    _check_pieces(bins, where)
    starts = bins.starts
    cut = list(starts) == sorted(set(starts)) and starts[:1] == (0,)
    if not cut or (starts[-1] >= pieces and starts != (0,)):
        raise no_bins(f"{where}, starts", f"first pieces in order, 0 first, below {pieces}")
    aside = len(bins.settings.specials) + 1
    for name in ("aside_good", "aside_bad"):
        if len(getattr(bins, name)) != aside:
            raise no_bins(f"{where}, {name}", f"{aside} numbers: each special, then missing")
    if len(bins.woe) != len(starts) + aside + (not numeric):
        raise no_bins(f"{where}, woe", "a number for each bin")
    if not math.fsum(bins.good) or not math.fsum(bins.bad):
        raise no_bins(where, "counts of both outcomes")
    if bins.trend is not finished(bins).trend:
        raise no_bins(f"{where}, trend", finished(bins).trend.value)


def _check_pieces(bins: Bins, where: str) -> None:
    pieces, edges, names = len(bins.piece_good), bins.piece_edges, bins.categories + bins.rare
    numeric = bins.kind is Kind.NUMERIC
    if len(bins.piece_bad) != pieces or (numeric and not pieces):
        raise no_bins(f"{where}, piece_bad", "as many numbers as piece_good, one or more")
    if len(edges) != (pieces - 1 if numeric else 0) or list(edges) != sorted(set(edges)):
        raise no_bins(f"{where}, piece_edges", "ascending numbers between the pieces")
    if (numeric and names) or (not numeric and len(bins.categories) != pieces):
        raise no_bins(f"{where}, categories", "a name for each piece of a categorical column")
    if len(set(names)) < len(names):
        raise no_bins(f"{where}, categories", "each category once")
    if not len(bins.rare) == len(bins.rare_good) == len(bins.rare_bad):
        raise no_bins(f"{where}, rare", "a name and two numbers for each")

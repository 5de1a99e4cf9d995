"""Headers as banks write them: compared without blanks, width and case; the row that holds them."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

from headrace.errors import InputError
from headrace.facts.mapping import TableMapping

_TITLE_LINES_MAX = 30  # how far down an export may begin


def plain(header: object) -> str:
    """A header for comparison: NFKC, without blanks and invisible marks, in lower case."""
    text = unicodedata.normalize("NFKC", "" if header is None else str(header))
    return "".join(text.replace("\ufeff", "").replace("\x00", "").split()).casefold()


def header_row(rows: Sequence[Sequence[object]], table: TableMapping) -> int:
    """Position of the row that holds most of the mapped headers; 0 if none holds any.

    Args:
        rows: The first rows of a sheet or text file; titles may stand above the header.
        table: Its columns are looked for.
    """
    scores = [matches(row, table) for row in rows[:_TITLE_LINES_MAX]]
    return scores.index(max(scores)) if scores else 0


def matches(row: Iterable[object], table: TableMapping) -> int:
    """How many of the mapped fields have a header in the row."""
    found = {plain(cell) for cell in row}
    return sum(
        any(plain(header) in found for header in headers) for headers in table.columns.values()
    )


def match_columns(found: Sequence[str], table: TableMapping, where: str) -> dict[str, int]:
    """Field key -> position of the column that carries it.

    Raises:
        InputError: If a mapped column is missing or occurs twice; names what was found, and the
            near misses.
    """
    places: dict[str, int] = {}
    missing: list[str] = []
    for key, headers in table.columns.items():
        place = _place(found, headers, where)
        if place is None:
            missing.append(key)
        else:
            places[key] = place
    if missing:
        raise InputError(
            f"no column for {'; '.join(_wanted(key, table) for key in missing)}",
            where=where,
            remedy=_remedy(found, [table.columns[key][0] for key in missing]),
        )
    return places


def _place(found: Sequence[str], headers: Sequence[str], where: str) -> int | None:
    for header in headers:
        exact = [place for place, name in enumerate(found) if name == header]
        places = exact or [
            place for place, name in enumerate(found) if plain(name) == plain(header)
        ]
        if len(places) > 1:
            message = f"the column `{header}` occurs {len(places)} times"
            remedy = "Keep one of them, or rename the others: Headrace does not choose"
            raise InputError(message, where=where, remedy=remedy)
        if places:
            return places[0]
    return None


def _wanted(key: str, table: TableMapping) -> str:
    headers = " or ".join(f"`{header}`" for header in table.columns[key])
    return f"{key} ({headers})"


def _remedy(found: Sequence[str], wanted: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in found) or "nothing"
    near = {
        header: close[0]
        for header in wanted
        if (close := difflib.get_close_matches(header, found, n=1, cutoff=0.5))
    }
    hints = "; ".join(f"is `{name}` meant for `{header}`?" for header, name in near.items())
    advice = "Correct the header, or name the right column in the mapping"
    return f"The header found is: {shown}. {hints + ' ' if hints else ''}{advice}"

"""Rows of a sheet back to a card: identical points, hand edits with a record, or a refusal.

The sheet is read against the card it was written from. Points may be changed; bins may be merged,
or cut at an edge between the pieces that the fit kept; categories may move. Counts and weights of
evidence follow from those pieces; the sheet's own are for people, and one that was changed is
refused, so that nobody believes it counts. What breaks is named by file, row and column.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind, Bins, Kind, finished
from headrace.scores.binning.edits import regrouped
from headrace.scores.cards.points_card import POINTS_MOST, Edit, Line, PointsCard
from headrace.scores.cards.table import BASE, CardRow, line_rows

DIGITS = 14  # a spreadsheet keeps 15 of a number's 17
FOLLOWING = ("rows", "bad_rate", "woe", "iv")
"""Columns that follow from the counts."""


@dataclass(frozen=True)
class SheetRow:
    """A row as it was read.

    Attributes:
        file: Named in errors.
        number: Of the row, as the spreadsheet counts.
        cells: Text by column of `COLUMNS`; empty where the cell is.
    """

    file: str
    number: int
    cells: Mapping[str, str]

    def refused(self, column: str, problem: str, remedy: str) -> InputError:
        """What is wrong with a cell."""
        where = f"{self.file}, row {self.number}, column {column}"
        return InputError(problem, where=where, remedy=remedy)

    def number_in(self, column: str) -> float | None:
        """The number of a cell; None where it is empty."""
        text = self.cells[column]
        if not text:
            return None
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise self.refused(column, f"{text!r} is no number", "a number, or an empty cell")
        return found

    @property
    def points(self) -> int:
        """The whole number of its points."""
        found = self.number_in("points")
        if found is None or found != int(found) or abs(found) > POINTS_MOST:
            raise self.refused(
                "points",
                f"points are {self.cells['points'] or 'empty'}",
                f"a whole number, at most {POINTS_MOST:,} either way",
            )
        return int(found)


def card_of_rows(
    card: PointsCard, rows: Sequence[SheetRow], *, who: str = "", why: str = ""
) -> PointsCard:
    """The card with what the rows say.

    Args:
        card: From which the sheet was written.
        rows: Of the sheet, below its header, blank rows left out.
        who: Edited it.
        why: In their words.

    Returns:
        A card equal to the first where nothing was changed; otherwise with an `Edit` for every
        bin whose points or extent differ.

    Raises:
        InputError: Naming file, row and column.
    """
    base, by_feature = _grouped(card, rows)
    lines = tuple(_line(line, by_feature[line.feature]) for line in card.lines)
    edits = [
        Edit(line.feature, before, after, who, why)
        for old, line in zip(card.lines, lines, strict=True)
        for before, after in _changes(old, line)
    ]
    if base != card.base:
        edits.insert(0, Edit("", f"base points: {card.base}", f"base points: {base}", who, why))
    return replace(card, base=base, lines=lines, edits=(*card.edits, *edits))


def _grouped(card: PointsCard, rows: Sequence[SheetRow]) -> tuple[int, dict[str, list[SheetRow]]]:
    """The base points, and the rows of each feature."""
    file = rows[0].file if rows else "the sheet"
    found: dict[str, list[SheetRow]] = {feature: [] for feature in card.features}
    base: list[SheetRow] = []
    for row in rows:
        feature = row.cells["feature"]
        if row.cells["kind"] == BASE and not feature:
            base.append(row)
        elif feature in found:
            found[feature].append(row)
        else:
            raise row.refused(
                "feature",
                f"the card has no feature {feature!r}",
                f"one of {', '.join(card.features)}",
            )
    for feature, its in found.items():
        if not its:
            raise InputError(
                f"feature {feature!r} has no row", where=file, remedy="a row for each of its bins"
            )
    if len(base) != 1:
        raise InputError(
            f"{len(base)} rows of kind {BASE}", where=file, remedy="one, with the base points"
        )
    return base[0].points, found


def _line(line: Line, rows: Sequence[SheetRow]) -> Line:
    bins = line.bins
    ordinary = [row for row in rows if row.cells["kind"] == BinKind.ORDINARY.value]
    aside = _aside(bins, [row for row in rows if row not in ordinary], rows[0])
    if not ordinary:
        raise rows[0].refused("kind", f"{bins.feature} has no ordinary bin", "one row or more")
    if bins.kind is Kind.NUMERIC:
        ordinary, after = _cut(bins, ordinary)
    else:
        ordinary, after = _grouped_anew(bins, ordinary, aside[-1])
    ordered = [*ordinary, *aside]
    anew = finished(after)
    fresh = replace(line, bins=anew, points=tuple(row.points for row in ordered))
    # What a bin holds as before keeps its WOE, which may have been set by hand.
    before = {_key(row): (place, row) for place, row in enumerate(line_rows(line))}
    woe = list(anew.woe)
    for place, row in enumerate(line_rows(fresh)):
        if _key(row) in before:
            old, written = before[_key(row)]
            woe[place] = bins.woe[old]
            _check_following(ordered[place], written)
    return replace(fresh, bins=replace(anew, woe=tuple(woe)))


def _changes(before: Line, after: Line) -> list[tuple[str, str]]:
    """What stood there and what stands there, in words, for each change."""
    old, new = ([f"{row.label}: {row.points}" for row in line_rows(e)] for e in (before, after))
    keys = [[_key(row) for row in line_rows(line)] for line in (before, after)]
    if keys[0] != keys[1]:
        return [("; ".join(old), "; ".join(new))]
    return [(one, other) for one, other in zip(old, new, strict=True) if one != other]


def _key(row: CardRow) -> str:
    """What a bin holds, in words that another bin of the same feature cannot have."""
    if row.categories is not None:
        return json.dumps([row.kind, sorted(json.loads(row.categories))])
    is_named = row.kind != BinKind.ORDINARY.value
    return json.dumps([row.kind, row.label if is_named else "", row.low, row.high])


def _check_following(row: SheetRow, before: CardRow) -> None:
    for column in FOLLOWING:
        found, right = row.number_in(column), getattr(before, column)
        if found is not None and (right is None or not _same(found, right)):
            raise row.refused(
                column,
                f"{column} was changed to {row.cells[column]}",
                f"{right}: it follows from the rows counted; change points, edges or categories",
            )


def _same(one: float, other: float) -> bool:
    """To as many digits as a spreadsheet keeps, or nearly 0 both."""
    return math.isclose(one, other, rel_tol=10.0**-DIGITS * 5, abs_tol=1e-14)


# --- bins -----------------------------------------------------------------------------------------


def _aside(bins: Bins, rows: Sequence[SheetRow], first: SheetRow) -> list[SheetRow]:
    """The rows of specials, missing and other, in the order of the bins."""
    wanted = [
        (kind.value, label)
        for kind, label in zip(bins.kinds, bins.labels, strict=True)
        if kind is not BinKind.ORDINARY
    ]
    found: dict[tuple[str, str], SheetRow] = {}
    for row in rows:
        kind, label = row.cells["kind"], row.cells["label"]
        name = (kind, label if kind == BinKind.SPECIAL.value else kind)
        if name not in wanted or name in found:
            kinds = ", ".join(f"{one} {two}" if one != two else one for one, two in wanted)
            raise row.refused(
                "kind",
                f"{bins.feature} cannot have {'two rows' if name in found else 'a row'} of"
                f" {' '.join(dict.fromkeys(name))}",
                f"beside ordinary bins, one row each of {kinds}",
            )
        found[name] = row
    absent = [name for name in wanted if name not in found]
    if absent:
        named = " ".join(dict.fromkeys(absent[0]))
        raise first.refused(
            "kind", f"{bins.feature} has no row of {named}", "a row with the points of such values"
        )
    return [found[name] for name in wanted]


def _cut(bins: Bins, rows: Sequence[SheetRow]) -> tuple[list[SheetRow], Bins]:
    """Rows of numbers by rising values, and the bins with their edges."""
    spans = [(_end(row, "from", -math.inf), _end(row, "to", math.inf), row) for row in rows]
    for low, high, row in spans:
        if not low < high:
            raise row.refused("to", "the bin ends before it begins", f"a number above {low:.15g}")
    spans.sort(key=lambda span: (span[0], span[1]))
    low, _, lowest = spans[0]
    if low != -math.inf:
        raise lowest.refused("from", f"values below {low:.15g} are in no bin", "an empty cell")
    for (_, high, _), (low, _, row) in pairwise(spans):
        if not _same(high, low) and high != low:
            said = "overlaps the one before" if low < high else "leaves a gap"
            raise row.refused(
                "from", f"the bin from {low:.15g} {said}, to {high:.15g}", f"{high:.15g}"
            )
    _, high, highest = spans[-1]
    if high != math.inf:
        raise highest.refused("to", f"values from {high:.15g} are in no bin", "an empty cell")
    starts = (0, *(_piece(bins, low, row) for low, _, row in spans[1:]))
    return [row for _, _, row in spans], replace(bins, starts=starts)


def _end(row: SheetRow, column: str, open_end: float) -> float:
    found = row.number_in(column)
    return open_end if found is None else found


def _piece(bins: Bins, edge: float, row: SheetRow) -> int:
    """The piece that begins at an edge."""
    if bins.piece_edges:
        nearest = min(range(len(bins.piece_edges)), key=lambda at: abs(bins.piece_edges[at] - edge))
        if _same(bins.piece_edges[nearest], edge):
            return nearest + 1
    near = sorted(sorted(bins.piece_edges, key=lambda each: abs(each - edge))[:6])
    raise row.refused(
        "from",
        f"the fit counted no rows on either side of {edge:.15g}",
        f"an edge between pieces, such as {', '.join(f'{each:.15g}' for each in near)}",
    )


def _grouped_anew(
    bins: Bins, rows: Sequence[SheetRow], other: SheetRow
) -> tuple[list[SheetRow], Bins]:
    """Rows of texts in the order of the card's categories, and the bins with their categories."""
    known = {name: at for at, name in enumerate((*bins.categories, *bins.rare))}
    named = [(row, _names(row, known)) for row in rows]
    rare = _names(other, known)
    taken: dict[str, SheetRow] = {}
    for row, names in [*named, (other, rare)]:
        for name in names:
            if name in taken:
                raise row.refused(
                    "categories", f"{name!r} is in row {taken[name].number}, too", "one row each"
                )
            taken[name] = row
        if not names and row is not other:
            raise row.refused("categories", "the bin is empty", "a category, or delete the row")
    absent = [name for name in known if name not in taken]
    if absent:
        raise rows[0].refused(
            "categories", f"{', '.join(absent)} are in no bin", "each in one, or in `other`"
        )
    named.sort(key=lambda each: known[each[1][0]])
    return [row for row, _ in named], regrouped(bins, [names for _, names in named], rare)


def _names(row: SheetRow, known: Mapping[str, int]) -> list[str]:
    text = row.cells["categories"]
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise row.refused("categories", f"{text} is no list", 'such as ["A11", "A12"]')
    strange = [each for each in found if each not in known]
    if strange:
        raise row.refused(
            "categories",
            f"{', '.join(strange)}: the fit has not seen such a category",
            f"some of {', '.join(known)}",
        )
    return sorted(found, key=lambda each: known[each])

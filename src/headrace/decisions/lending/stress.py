"""What if: scenarios that change features, and what the book already lent would then lose.

    scenario,label_en,label_zh,industry,feature,change
    export_shock,Exports fall by 30 %,出口下降三成,电子,sales_12m,*0.7
    export_shock,,,电子,void_share_sales,+0.05
    no_tax_relief,No tax relief,取消退税,-,tax_relief,=0

`*` multiplies, `+` and `-` add, `=` sets; industry `-` is all. The rows of one scenario are applied
one after the other, in the order of the file.
"""

import difflib
import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.lending.book import Book, industries
from headrace.decisions.lending.economics import Floats
from headrace.decisions.sheet import sheet_rows
from headrace.errors import MappingError
from headrace.money import round_half_even

HEADER = ("scenario", "label_en", "label_zh", "industry", "feature", "change")
EVERY_INDUSTRY = "-"

BY_INDUSTRY = pa.schema(
    [
        ("industry", pa.string()),
        ("approvals", pa.int64()),
        ("loss_before_minor", pa.int64()),
        ("loss_after_minor", pa.int64()),
        ("profit_before_minor", pa.int64()),
        ("profit_after_minor", pa.int64()),
    ]
)

_CHANGE = re.compile(r"([*=+-])\s*(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Change:
    """One row of a scenario.

    Attributes:
        industry: Whose features change; None for everybody's.
        feature: Which.
        sign: `*` multiply, `+` add, `=` set.
        amount: By or to how much.
        row: In the spreadsheet.
    """

    industry: str | None
    feature: str
    sign: str
    amount: Decimal
    row: int


@dataclass(frozen=True)
class Scenario:
    """Changes that happen together.

    Attributes:
        name: Distinct within a file.
        label_en: For people.
        label_zh: The same in Chinese.
        changes: In the order in which they apply.
        file: Where they were read from, for errors.
    """

    name: str
    label_en: str
    label_zh: str
    changes: tuple[Change, ...]
    file: str = ""


def parse_scenarios(content: bytes | str, file: str) -> tuple[Scenario, ...]:
    """The scenarios of a CSV, in the order in which they first appear.

    Raises:
        MappingError: Naming file, row, column, the cell's text, and what was expected.
    """
    rows = [(row, cells) for row, cells in sheet_rows(content, file) if cells[0][:1] != "#"]
    if not rows or tuple(rows[0][1][: len(HEADER)]) != HEADER:
        found = ",".join(rows[0][1]) if rows else "nothing"
        remedy = f"The header is {','.join(HEADER)}"
        raise MappingError(f"The header is not right: found {found}", where=file, remedy=remedy)
    labels: dict[str, list[str]] = {}
    changes: dict[str, list[Change]] = {}
    for row, cells in rows[1:]:
        filled = dict(zip(HEADER, [*cells, *[""] * len(HEADER)], strict=False))
        name = filled["scenario"]
        changes.setdefault(name, []).append(_change(row, filled, file))
        known = labels.setdefault(name, ["", ""])
        for place, key in enumerate(("label_en", "label_zh")):
            if known[place] and filled[key] not in {"", known[place]}:
                problem = f"The scenario {name} is called '{known[place]}' above"
                raise MappingError(problem, where=f"{file}, row {row}, column {key}")
            known[place] = known[place] or filled[key]
    return tuple(
        Scenario(name, labels[name][0] or name, labels[name][1] or name, tuple(found), file)
        for name, found in changes.items()
    )


def _change(row: int, cells: dict[str, str], file: str) -> Change:
    for key in ("scenario", "industry", "feature"):
        if not cells[key]:
            remedy = "Give the industry, or - for all" if key == "industry" else f"Give the {key}"
            where = f"{file}, row {row}, column {key}"
            raise MappingError("The cell is empty", where=where, remedy=remedy)
    found = _CHANGE.fullmatch(cells["change"])
    if found is None:
        remedy = "Expected *0.7 to multiply, +0.1 or -0.1 to add, =0 to set"
        where = f"{file}, row {row}, column change"
        raise MappingError(
            f"The change '{cells['change']}' cannot be read", where=where, remedy=remedy
        )
    sign, amount = found[1], Decimal(found[2])
    industry = None if cells["industry"] == EVERY_INDUSTRY else cells["industry"]
    if sign == "-":
        sign, amount = "+", -amount
    return Change(industry, cells["feature"], sign, amount, row)


def apply(scenario: Scenario, features: pa.Table, industry: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The features as they would be; a missing value stays missing, also where it would be set.

    Args:
        scenario: What changes.
        features: One row per firm. Columns that change become float64.
        industry: Text, one per firm; a missing industry is only met by changes to all.

    Raises:
        MappingError: If a feature is not a column of `features`, or not of numbers.
    """
    for change in scenario.changes:
        place, column = _feature(scenario, change, features)
        everyone = pa.scalar(value=True) if change.industry is None else None
        met = everyone or pc.fill_null(pc.equal(industry, change.industry), fill_value=False)
        amount = pa.scalar(float(change.amount))
        if change.sign == "*":
            changed = pc.multiply(column, amount)
        elif change.sign == "+":
            changed = pc.add(column, amount)
        else:
            changed = pc.if_else(pc.is_valid(column), amount, column)
        values = pc.if_else(met, changed, column)
        features = features.set_column(place, change.feature, values)
    return features


def _feature(scenario: Scenario, change: Change, features: pa.Table) -> tuple[int, pa.ChunkedArray]:
    where = f"{scenario.file or scenario.name}, row {change.row}, column feature"
    if change.feature not in features.column_names:
        near = difflib.get_close_matches(change.feature, features.column_names, 1)
        remedy = f"Did you mean {near[0]}?" if near else "See the features of this run"
        raise MappingError(f"There is no feature '{change.feature}'", where=where, remedy=remedy)
    place = features.column_names.index(change.feature)
    kind = features.column(place).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        problem = f"The feature '{change.feature}' is a {kind}"
        raise MappingError(problem, where=where, remedy="Only numbers can change")
    return place, features.column(place).cast(pa.float64())


def untouched_industries(
    scenario: Scenario, industry: pa.Array | pa.ChunkedArray
) -> tuple[str, ...]:
    """Industries that a scenario names and no firm belongs to: those changes do nothing."""
    present = set(pc.unique(industry).to_pylist())
    named = {change.industry for change in scenario.changes if change.industry is not None}
    return tuple(sorted(named - present))


@dataclass(frozen=True, eq=False)
class StressedBook:
    """A book already lent, before and under a scenario; limits, rates and take-up do not change.

    Attributes:
        loss_before: float64 [applicants], expected loss in minor units; 0 where nothing is lent.
        loss_after: The same under the scenario.
        profit_before: float64 [applicants], expected profit in minor units.
        profit_after: The same under the scenario.
        by_industry: One row per industry with loans (`BY_INDUSTRY`), sums rounded half to even.
        loss_before_minor: Of the whole book, rounded half to even.
        loss_after_minor: The same under the scenario.
        profit_before_minor: Of the whole book, rounded half to even.
        profit_after_minor: The same under the scenario.
        class_changes: Borrowers that move from one class to another: (from, to) and how many, most
            first; None if no classes were given.
        unassessed: Borrowers without a stressed PD; they are counted with the one before.
    """

    loss_before: Floats
    loss_after: Floats
    profit_before: Floats
    profit_after: Floats
    by_industry: pa.Table
    loss_before_minor: int
    loss_after_minor: int
    profit_before_minor: int
    profit_after_minor: int
    class_changes: tuple[tuple[str, str, int], ...] | None
    unassessed: int


def stressed_book(
    book: Book,
    pd_before: Floats,
    pd_after: Floats,
    *,
    class_after: tuple[str | None, ...] | None = None,
) -> StressedBook:
    """Expected loss and profit of the loans already made, under the PDs of a scenario.

    Args:
        book: The loans.
        pd_before: float64 [applicants], in [0, 1].
        pd_after: The same under the scenario; NaN where it could not be computed.
        class_after: Rating classes under the scenario; those before are the applicants' own.
    """
    lent = book.lent
    unknown = lent & np.isnan(pd_after)
    after = np.where(np.isnan(pd_after), pd_before, pd_after)
    loss_before, profit_before = _expected(book, pd_before)
    loss_after, profit_after = _expected(book, after)
    measures = (loss_before, loss_after, profit_before, profit_after)
    names = np.array(industries(book.offers), dtype=object)
    rows = []
    for name in sorted(set(names[lent])):
        members = lent & (names == name)
        sums = [_total(each[members]) for each in measures]
        rows.append(dict(zip(BY_INDUSTRY.names, (name, int(members.sum()), *sums), strict=True)))
    return StressedBook(
        loss_before=loss_before,
        loss_after=loss_after,
        profit_before=profit_before,
        profit_after=profit_after,
        by_industry=pa.Table.from_pylist(rows, BY_INDUSTRY),
        loss_before_minor=_total(loss_before),
        loss_after_minor=_total(loss_after),
        profit_before_minor=_total(profit_before),
        profit_after_minor=_total(profit_after),
        class_changes=_class_changes(book, class_after),
        unassessed=int(unknown.sum()),
    )


def _expected(book: Book, pd: Floats) -> tuple[Floats, Floats]:
    """Expected loss and profit of each loan, in minor units, if these are the PDs."""
    economics = book.offers.economics
    rates = np.array([float(book.rate(place) or 0) for place in range(len(pd))])
    drawn = book.chosen(book.offers.take_up) * book.limit_minor
    loss_share = np.where(book.lent, pd, 0.0) * float(economics.lgd)
    interest_share = (1 - np.where(book.lent, pd, 0.0)) * rates * economics.years
    funding_share = float(economics.funding_rate) * economics.years
    return drawn * loss_share, drawn * (interest_share - loss_share - funding_share)


def _total(values: NDArray[np.float64]) -> int:
    return round_half_even(math.fsum(values))


def _class_changes(
    book: Book, class_after: tuple[str | None, ...] | None
) -> tuple[tuple[str, str, int], ...] | None:
    if class_after is None:
        return None
    moves = zip(book.offers.applicants.rating, class_after, book.lent, strict=True)
    counts = Counter(
        (before or "-", after or "-") for before, after, lent in moves if lent and before != after
    )
    ordered = sorted(counts.items(), key=lambda move: (-move[1], move[0]))
    return tuple((before, after, count) for (before, after), count in ordered)

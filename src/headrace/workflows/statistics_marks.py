"""A sheet of what somebody stated for statistics: technology firms, green loans, emissions."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from headrace.pack import Text
from headrace.workflows.desk_rows import (
    ASIDE,
    MISSING,
    Cells,
    Field,
    Row,
    Sheet,
    amount_cell,
    minor_cell,
    read_sheet,
    text_cell,
    tonnes_cell,
    word_cell,
)
from headrace.workflows.supervision import Mark

KINDS = {"sci_tech": "sci_tech", "green": "green", "科技": "sci_tech", "绿色": "green"}
FIELDS = (
    Field("mark", ("认定类型",), word_cell(KINDS, {"科技型企业": "sci_tech"}), needed=True),
    Field("party", ("企业", "企业代号"), text_cell),
    Field("contract", ("合同编号",), text_cell),
    Field("category", ("类别", "名录", "目录领域"), text_cell, needed=True),
    Field("source", ("依据", "来源"), text_cell, needed=True),
    Field("emissions", ("年排放量(吨)", "排放量"), tonnes_cell),
    Field("capital", ("权益与债务", "权益与债务(元)"), amount_cell),
    Field("capital_minor", ("权益与债务(分)",), minor_cell, key="capital"),
)
"""`category` is `none` (否) where somebody found that it is none; emissions are those of a year."""
BELOW_ZERO = Text("is below zero", "不得为负")


def read_marks(cells: Cells) -> Sheet:
    """A sheet of marks; a row that names neither borrower nor contract is set aside."""
    return read_sheet(cells, FIELDS, _unfit)


@dataclass(frozen=True)
class Marks:
    """What was stated.

    Attributes:
        by: By contract or borrower, as each row names one or the other.
        aside: Rows that could not be used, a line for each bad cell, as `desk_rows.ASIDE`.
    """

    by: Mapping[str, tuple[Mark, ...]]
    aside: pa.Table

    def of(self, contract: str, party: str) -> tuple[Mark, ...]:
        """What was stated of a loan, or of its borrower."""
        return (*self.by.get(contract, ()), *self.by.get(party, ()))


NO_MARKS = Marks({}, ASIDE.empty_table())


def marks_of(sheet: Sheet) -> Marks:
    """The marks of a sheet."""
    found: dict[str, tuple[Mark, ...]] = {}
    for row in sheet.rows:
        key = row.get("contract") or row.values["party"]
        emissions = row.get("emissions")  # kilograms, as all quantities of sheets
        category = row.values["category"]
        mark = Mark(
            row.values["mark"],
            "none" if category in ("none", "否", "无") else category,
            row.values["source"],
            None if emissions is None else Decimal(emissions) / 1000,
            row.get("capital"),
        )
        found[key] = (*found.get(key, ()), mark)
    return Marks(found, sheet.aside)


def _unfit(row: Row) -> list[tuple[str, Text]]:
    wrong = []
    if not (row.get("contract") or row.get("party")):
        wrong.append(("party", MISSING))
    wrong += [(name, BELOW_ZERO) for name in ("emissions", "capital") if row.get(name, 0) < 0]
    return wrong

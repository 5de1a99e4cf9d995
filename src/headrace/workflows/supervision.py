"""Statistics of a book of loans for supervisors: tables that add up, each row with its contracts.

A figure that the facts do not hold is None and says so; nothing is estimated. Sources of the
definitions are named with each report, and whether the authors read the text itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa

from headrace.contracts.classification.tables import Grade
from headrace.contracts.lending.account import Status
from headrace.contracts.lending.events import Disburse
from headrace.pack import Text
from headrace.workflows.loan import Loan

Value = int | float | Decimal | Text | None
NOT_STATED = Text("Not stated in the facts", "事实中未注明")
ALL = Text("All loans", "合计")


@dataclass(frozen=True)
class Mark:
    """What somebody stated of a borrower or a loan, for statistics.

    Attributes:
        kind: `sci_tech` or `green`.
        category: Such as 高新技术企业, or a field of the green catalogue; `none`: it is not one.
        source: By which list or document.
        emissions: Tonnes of CO2 equivalent a year of the borrower; None: not stated.
        capital: Its equity and debt together, minor units; None: not stated.
    """

    kind: str
    category: str
    source: str
    emissions: Decimal | None = None
    capital: int | None = None


@dataclass(frozen=True)
class Borrower:
    """What the facts say of who borrows. None: they do not.

    Attributes:
        industry: As the facts call it.
        region: As the facts call it.
        borrowed_before: Whether an earlier loan is on record.
        group: Head of the group it belongs to; None: groups were not looked for.
    """

    industry: str | None = None
    region: str | None = None
    borrowed_before: bool | None = None
    group: str | None = None


@dataclass(frozen=True)
class Line:
    """A loan of the book as statistics see it. Money in minor units.

    Attributes:
        contract: Its id.
        party: Who borrows.
        limit: As agreed, while the contract runs; 0 after.
        balance: Principal owed; 0 where it is not paid out, repaid or written off.
        overdue: The balance, where something is overdue; else 0.
        allowance: Set aside.
        rate: A year's.
        grade: Of the five.
        paid_out: The day; None: it was not.
        lent: Principal paid out.
        borrower: What the facts say.
        marks: What was stated, by kind; several where several were.
    """

    contract: str
    party: str
    limit: int
    balance: int
    overdue: int
    allowance: int
    rate: Decimal
    grade: Grade
    paid_out: date | None
    lent: int
    borrower: Borrower
    marks: tuple[Mark, ...] = ()

    @property
    def bad(self) -> int:
        """The balance, where it is in one of the three lower classes; else 0."""
        return self.balance if self.grade >= Grade.SUBSTANDARD else 0

    def stated(self, kind: str) -> tuple[Mark, ...]:
        """What was stated of one kind."""
        return tuple(each for each in self.marks if each.kind == kind)


@dataclass(frozen=True)
class Column:
    """A column; `measure` is count, money, share, rate, tonnes or text."""

    name: str
    text: Text
    measure: str


@dataclass(frozen=True)
class Row:
    """A row; its cells are in the order of the columns, its contracts those that it adds up."""

    name: str
    text: Text
    cells: tuple[Value, ...]
    contracts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """A table of a report."""

    name: str
    text: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: Text | None = None


@dataclass(frozen=True)
class Cited:
    """Where a definition is from; `was_read`: whether the authors read the text itself."""

    text: Text
    was_read: bool = False


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        name: As addresses spell it.
        text: For people.
        as_of: Everything that counts for this day or before is in it.
        definition: What is counted.
        sources: Of the definition.
        sections: Tables.
        limits: What the facts do not hold, and what that means.
        currency: Of all money in it.
    """

    name: str
    text: Text
    as_of: date
    definition: Text
    sources: tuple[Cited, ...]
    sections: tuple[Section, ...]
    limits: tuple[Text, ...] = ()
    currency: str = "CNY"

    def row(self, section: str, row: str) -> Row | None:
        """A row by its names; None: there is none."""
        return next(
            (
                each
                for part in self.sections
                if part.name == section
                for each in part.rows
                if each.name == row
            ),
            None,
        )


@dataclass(frozen=True)
class Position:
    """A book on a day, with what is known of its borrowers.

    Attributes:
        as_of: The last day that has ended.
        lines: All loans.
        year_before: Balance by contract a year before; None: the book is younger than that.
        currency: Of all money.
        marks_unused: Rows of the sheet of marks that could not be used.
    """

    as_of: date
    lines: tuple[Line, ...]
    year_before: Mapping[str, int] | None = None
    currency: str = "CNY"
    marks_unused: int = 0


def line_of(loan: Loan, borrower: Borrower, marks: Iterable[Mark] = ()) -> Line:
    """A loan as statistics see it."""
    account, terms = loan.account, loan.contract.terms
    paid = next((each.on for each in loan.events if isinstance(each, Disburse)), None)
    runs = account.status in (Status.AGREED, Status.OPEN)
    balance = account.principal_owed if loan.is_live else 0
    return Line(
        contract=loan.contract.contract,
        party=loan.party,
        limit=terms.principal if runs else 0,
        balance=balance,
        overdue=balance if account.overdue_days else 0,
        allowance=loan.allowance if loan.is_live else 0,
        rate=terms.rate,
        grade=loan.grade,
        paid_out=paid,
        lent=terms.principal if paid else 0,
        borrower=borrower,
        marks=tuple(marks),
    )


COUNTED = (
    Column("loans", Text("Loans", "笔数"), "count"),
    Column("households", Text("Borrowers", "户数"), "count"),
    Column("balance", Text("Balance", "余额"), "money"),
    Column("share", Text("Share", "占比"), "share"),
    Column("rate", Text("Mean rate", "加权利率"), "rate"),
    Column("bad", Text("Bad", "不良余额"), "money"),
    Column("bad_share", Text("Bad share", "不良率"), "share"),
)
"""Loans with a balance, their borrowers, what they owe; rates are weighted by what is owed."""


def counted(name: str, text: Text, lines: Sequence[Line], whole: int) -> Row:
    """A row of `COUNTED` over the lines that owe something."""
    owing = [each for each in lines if each.balance]
    balance, bad = sum(each.balance for each in owing), sum(each.bad for each in owing)
    weighted = sum(each.balance * each.rate for each in owing)
    cells: tuple[Value, ...] = (
        len(owing),
        len({each.party for each in owing}),
        balance,
        share_of(balance, whole),
        weighted / balance if balance else None,
        bad,
        share_of(bad, balance),
    )
    return Row(name, text, cells, tuple(each.contract for each in owing))


def share_of(part: int, whole: int) -> float | None:
    """A share; None of nothing."""
    return part / whole if whole else None


def balance_of(lines: Iterable[Line]) -> int:
    """What is owed in all."""
    return sum(each.balance for each in lines)


def split(name: str, text: Text, position: Position, key: Callable[[Line], str | None]) -> Section:
    """Loans by something that the facts say, the largest first, what they do not say, and all."""
    whole = balance_of(position.lines)
    groups: dict[str | None, list[Line]] = {}
    for each in position.lines:
        groups.setdefault(key(each), []).append(each)
    unknown = groups.pop(None, [])
    order = sorted(groups.items(), key=lambda item: (-balance_of(item[1]), str(item[0])))
    rows = [
        counted(str(label), Text(str(label), str(label)), lines, whole)
        for label, lines in order
        if balance_of(lines)
    ]
    if balance_of(unknown):
        rows.append(counted("not_stated", NOT_STATED, unknown, whole))
    rows.append(counted("all", ALL, position.lines, whole))
    return Section(name, text, COUNTED, tuple(rows))


def section_table(section: Section) -> pa.Table:
    """A section for a spreadsheet: the label in both languages, cells as they are.

    Money has `_minor` behind the name of its column, in minor units.
    """
    names = [
        f"{each.name}_minor" if each.measure == "money" else each.name for each in section.columns
    ]
    columns: dict[str, pa.Array] = {
        "line_en": pa.array([row.text.en for row in section.rows], pa.string()),
        "line_zh": pa.array([row.text.zh for row in section.rows], pa.string()),
    }
    for place, (name, column) in enumerate(zip(names, section.columns, strict=True)):
        cells = [row.cells[place] for row in section.rows]
        columns[name] = _array(cells, column.measure)
    return pa.table(columns)


def _array(cells: Sequence[Value], measure: str) -> pa.Array:
    if measure in ("count", "money"):
        return pa.array(cells, pa.int64())
    if measure == "text":
        told = [f"{cell.zh} {cell.en}" if isinstance(cell, Text) else None for cell in cells]
        return pa.array(told, pa.string())
    numbers = [None if cell is None or isinstance(cell, Text) else float(cell) for cell in cells]
    return pa.array(numbers, pa.float64())

"""The sheets that desks keep in a workspace: pledges and prices, vouchers, receipts, pools, marks.

A folder with a sheet for each thing; any of them may be missing. They are read when somebody asks,
and again when a file has changed, so that a desk goes on working in Excel.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.collateral_files import read_borrowers, read_pledges
from headrace.adapters.desk_files import read_cells
from headrace.adapters.pool_files import read_pool_events
from headrace.adapters.price_files import read_prices
from headrace.contracts.collateral.checking import standard_lines
from headrace.contracts.collateral.haircuts import HaircutTerms
from headrace.contracts.collateral.marks import Rules
from headrace.contracts.collateral.terms import shipped as shipped_terms
from headrace.contracts.instruments.views import papers
from headrace.contracts.sharing.book import shipped as shipped_schemes
from headrace.contracts.sharing.pool_terms import Claim, Event, Guarantee, PoolTerms
from headrace.errors import InputError
from headrace.workflows import goods_pledge, pledge_check, pool_days, statistics_marks, vouchers
from headrace.workflows.collateral_book import (
    loans_table,
    marked_loans,
    pieces_table,
    with_haircuts,
)
from headrace.workflows.collateral_market import market, quotes
from headrace.workflows.statistics_marks import NO_MARKS, Marks

ENDINGS = (".xlsx", ".csv", ".parquet", ".ods")
SIMULATED = "SIMULATED.txt"
REFUSED_ACT = ["row", "on", "act", "by", "target", "to", "amount_minor", "answer", "says"]
REFUSED_EVENT = ["row", "on", "event", "receipt", "pledge", "tonnes", "answer", "says", "detail"]
POOL_SUMS = ("money_minor", "outstanding_minor")
BORROWERS = pa.schema([("loan", pa.string()), ("party", pa.string())])
CLAIMS = pa.schema([("claim", pa.string()), ("seller", pa.string()), ("buyer", pa.string())])
Tables = Mapping[str, pa.Table]
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Pool:
    """A pool that shares losses.

    Attributes:
        scheme: Id of its scheme, and name of its sheet.
        en: What the scheme is called.
        zh: The same.
        days: Its events with their answers, as `pool_days.days_table`.
        borrowers: Whose loan each of those events is about; None where about none.
        money_minor: In the pool after the last of all events; None where nothing happened.
        outstanding_minor: Guaranteed then; None where nothing happened.
    """

    scheme: str
    en: str
    zh: str
    days: pa.Table
    borrowers: tuple[str | None, ...]
    money_minor: int | None
    outstanding_minor: int | None


class DeskSheets:
    """The sheets in a folder; any number of threads may ask."""

    def __init__(self, folder: Path) -> None:
        """Look at `folder`; nothing is read yet."""
        self.folder = folder
        self._turn = Lock()
        self._seen: dict[str, tuple[object, object]] = {}

    @property
    def simulated(self) -> bool:
        """Whether somebody marked the sheets as made up."""
        return (self.folder / SIMULATED).is_file()

    def collateral(self) -> Tables:
        """`loans` marked at the last day of prices, their `pieces`, and who borrows (`borrowers`).

        Empty without both sheets. Value and ratio of a loan of which a price is missing are null.

        Raises:
            InputError: A sheet cannot be read; names file, row and column.
        """
        return self._read("collateral", ("pledges", "prices"), _collateral)

    def vouchers(self, language: str) -> Tables:
        """`papers`, live `pieces` and `refused` acts; empty without a sheet `voucher_acts`.

        Raises:
            InputError: The sheet cannot be read.
        """
        return self._read(
            f"vouchers {language}",
            ("voucher_acts", "voucher_limits"),
            lambda paths: _vouchers(paths, language),
        )

    def warehouse(self, language: str) -> Tables:
        """`receipts`, `pledges` and how they are covered, `refused` events; empty without a sheet.

        Raises:
            InputError: The sheet cannot be read.
        """
        return self._read(
            f"warehouse {language}",
            ("warehouse_events",),
            lambda paths: _warehouse(paths, language),
        )

    def double_pledges(self, language: str) -> Tables:
        """`findings` on claims asked beside those financed, and the parties of `claims`.

        Empty without `claims_asked`.

        Raises:
            InputError: A sheet cannot be read.
        """
        return self._read(
            f"claims {language}",
            ("claims_asked", "claims_known"),
            lambda paths: _claims(paths, language),
        )

    def pools(self) -> tuple[Pool, ...]:
        """Pools, a sheet each in the folder `pools`, named for its scheme.

        Raises:
            InputError: A sheet cannot be read, or its name is no scheme's.
        """
        names = sorted(
            each.stem for each in (self.folder / "pools").glob("*") if each.suffix in ENDINGS
        )
        return tuple(
            self._read(f"pool {name}", (f"pools/{name}",), lambda paths: _pool(*paths.values()))
            for name in names
        )

    def marks(self) -> Marks:
        """What was stated for statistics.

        Raises:
            InputError: The sheet cannot be read.
        """
        return self._read("marks", ("marks",), _marks)

    def _read(
        self, key: str, names: tuple[str, ...], make: Callable[[Mapping[str, Path]], _Read]
    ) -> _Read:
        paths = {name: path for name in names if (path := self._path(name)) is not None}
        stamp = tuple((path, _stamp(path)) for path in paths.values())
        with self._turn:
            if key not in self._seen or self._seen[key][0] != stamp:
                self._seen[key] = (stamp, self._made(paths, make))
            return cast("_Read", self._seen[key][1])

    def _made(
        self, paths: Mapping[str, Path], make: Callable[[Mapping[str, Path]], _Read]
    ) -> _Read:
        """What is made of sheets; what is wrong with one is told by its name in the folder."""
        try:
            return make(paths)
        except InputError as error:
            where = error.where.replace(f"{self.folder}{os.sep}", "")
            raise InputError(error.problem, where=where, remedy=error.remedy) from error

    def _path(self, name: str) -> Path | None:
        found = (self.folder / f"{name}{ending}" for ending in ENDINGS)
        return next((path for path in found if path.is_file()), None)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _collateral(paths: Mapping[str, Path]) -> Tables:
    if len(paths) < 2:
        return {}
    terms, file = shipped_terms(), read_prices(paths["prices"])
    known = market(file.rows, None, terms)
    loans = read_pledges(paths["pledges"], standard_lines(terms, known.on))
    codes = [piece.item.code for loan in loans for piece in loan.pieces]
    marked = marked_loans(loans, quotes(file.rows, codes, known.on, file.name), known.on, Rules())
    if not file.missing:
        marked = with_haircuts(marked, known, HaircutTerms())
    borrowers = read_borrowers(paths["pledges"])
    return {
        "loans": _known(loans_table(marked, terms, known.on)),
        "pieces": pieces_table(marked),
        "borrowers": pa.table(
            {"loan": list(borrowers), "party": list(borrowers.values())}, BORROWERS
        ),
    }


def _known(loans: pa.Table) -> pa.Table:
    """A value that lacks a price is not known rather than too small."""
    for name in ("value_minor", "ratio"):
        known = pc.if_else(loans["complete"], loans[name], None)
        loans = loans.set_column(loans.column_names.index(name), name, known)
    return loans


def _vouchers(paths: Mapping[str, Path], language: str) -> Tables:
    if "voucher_acts" not in paths:
        return {}
    sheet = vouchers.read_acts(read_cells(paths["voucher_acts"], vouchers.ACT_FIELDS))
    parties = None
    if "voucher_limits" in paths:
        cells = read_cells(paths["voucher_limits"], vouchers.LIMIT_FIELDS)
        parties = vouchers.read_limits(cells)
    desk = vouchers.run_acts(sheet, parties)
    answers = vouchers.answers(desk, language)
    return {
        "papers": papers(desk.book),
        "pieces": vouchers.live_pieces(desk.book),
        "refused": _refused(answers).select(REFUSED_ACT),
        "aside": sheet.aside,
    }


def _warehouse(paths: Mapping[str, Path], language: str) -> Tables:
    if not paths:
        return {}
    cells = read_cells(paths["warehouse_events"], goods_pledge.FIELDS)
    sheet = goods_pledge.read_events(cells)
    yard = goods_pledge.run_events(sheet)
    return {
        "receipts": goods_pledge.held(yard),
        "covers": goods_pledge.covers(yard),
        "refused": _refused(goods_pledge.answers(yard, language)).select(REFUSED_EVENT),
        "aside": sheet.aside,
    }


def _claims(paths: Mapping[str, Path], language: str) -> Tables:
    if "claims_asked" not in paths:
        return {}
    asked, *known = (
        pledge_check.read_claims(read_cells(path, pledge_check.FIELDS)) for path in paths.values()
    )
    found = pledge_check.check_claims(asked, known, lang=language)
    parties = [(row.values.get("seller"), row.values.get("buyer")) for row in asked.rows]
    claims = {
        "claim": [row.values["claim"] for row in asked.rows],
        "seller": [seller for seller, _ in parties],
        "buyer": [buyer for _, buyer in parties],
    }
    return {
        "findings": found.findings,
        "claims": pa.table(claims, CLAIMS),
        "aside": asked.aside,
    }


def _pool(path: Path) -> Pool:
    events = read_pool_events(path)
    scheme = shipped_schemes().scheme(path.stem, min(event.on for _, event in events))
    parties = frozenset(party for party in scheme.parties if party != scheme.residual)
    days = pool_days.days_table(pool_days.run_pool(PoolTerms(scheme, parties), events))
    whose = _borrowers([event for _, event in events])
    last = days.slice(max(days.num_rows - 1, 0)).to_pydict()
    money, outstanding = (next(iter(last[name]), None) for name in POOL_SUMS)
    return Pool(scheme.id, scheme.en, scheme.zh, days, whose, money, outstanding)


def _borrowers(events: Sequence[Event]) -> tuple[str | None, ...]:
    """Whose loan each event is about."""
    loans = {each.loan: each.borrower for each in events if isinstance(each, Guarantee)}
    claims = {each.claim: each.loan for each in events if isinstance(each, Claim)}
    named = (
        getattr(each, "loan", None) or claims.get(getattr(each, "claim", "")) for each in events
    )
    return tuple(None if loan is None else loans.get(loan) for loan in named)


def _marks(paths: Mapping[str, Path]) -> Marks:
    if not paths:
        return NO_MARKS
    cells = read_cells(paths["marks"], statistics_marks.FIELDS)
    return statistics_marks.marks_of(statistics_marks.read_marks(cells))


def _refused(answers: pa.Table) -> pa.Table:
    """Answers that say no: the row, what was asked, and why."""
    done = answers["done"].to_pylist()
    return answers.take(pa.array([at for at, each in enumerate(done) if not each], pa.int64()))

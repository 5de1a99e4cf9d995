"""The sheets of the desks as somebody may see them: all of them, or their regions' rows.

The sheets name parties, not regions: a row is of the regions of the parties in it, as the facts of
the run say. A row whose parties nobody knows of is for those who may see everybody.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from headrace.adapters.desk_sheets import DeskSheets, Pool, Tables
from headrace.web.book_room import BookRoom
from headrace.web.loan_views import run_or_none
from headrace.web.problems import NoBookError
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services

Sees = Callable[[str | None], bool]
"""Whether a party may be known of."""


@dataclass(frozen=True)
class SeenDesks:
    """The sheets of the desks, without what somebody may not know of.

    Attributes:
        desks: The sheets.
        book: Says who borrows a pledged loan where the sheet does not.
        sees: Which parties may be known of; None: all.
    """

    desks: DeskSheets
    book: BookRoom
    sees: Sees | None

    @property
    def simulated(self) -> bool:
        """Whether somebody marked the sheets as made up."""
        return self.desks.simulated

    def collateral(self) -> Tables:
        """As `DeskSheets.collateral`; a loan is its borrower's."""
        found = self.desks.collateral()
        if self.sees is None or not found:
            return found
        stated = dict(zip(*found["borrowers"].to_pydict().values(), strict=True))
        signed = self._signed(set(found["loans"]["loan"].to_pylist()) - stated.keys())
        mine = {loan for loan, party in (signed | stated).items() if self.sees(party)}
        return {name: _where(table, ("loan",), mine) for name, table in found.items()}

    def vouchers(self, language: str) -> Tables:
        """As `DeskSheets.vouchers`: papers of a payer, drawer or holder who may be known of."""
        found = self.desks.vouchers(language)
        if self.sees is None or not found:
            return found
        pieces = _of(found["pieces"], ("holder", "seller"), self.sees)
        held = set(pieces["paper"].to_pylist())
        mine = set(_of(found["papers"], ("payer", "drawer"), self.sees)["paper"].to_pylist())
        return {
            "papers": _where(found["papers"], ("paper",), mine | held),
            "pieces": pieces,
            "refused": _of(found["refused"], ("by", "to"), self.sees),
        }

    def warehouse(self, language: str) -> Tables:
        """As `DeskSheets.warehouse`: receipts and pledges of owners who may be known of."""
        found = self.desks.warehouse(language)
        if self.sees is None or not found:
            return found
        receipts, covers = (_of(found[each], ("owner",), self.sees) for each in _OWNED)
        mine = {*receipts["receipt"].to_pylist(), *covers["pledge"].to_pylist()} - {None}
        refused = _where(found["refused"], ("receipt", "pledge"), mine)
        return {"receipts": receipts, "covers": covers, "refused": refused}

    def double_pledges(self, language: str) -> Tables:
        """As `DeskSheets.double_pledges`: claims of a seller or buyer who may be known of."""
        found = self.desks.double_pledges(language)
        if self.sees is None or not found:
            return found
        mine = set(_of(found["claims"], ("seller", "buyer"), self.sees)["claim"].to_pylist())
        return {"findings": _where(found["findings"], ("claim",), mine)}

    def pools(self) -> tuple[Pool, ...]:
        """As `DeskSheets.pools`; of events about loans those of borrowers who may be known of."""
        found = self.desks.pools()
        return found if self.sees is None else tuple(_seen(each, self.sees) for each in found)

    def _signed(self, loans: Collection[str]) -> dict[str, str]:
        """Borrowers of loans by the book; none where there is no book."""
        try:
            with self.book.inside() as here:
                known = here.desk.book.loans
                return {each: known[each].party for each in loans if each in known}
        except NoBookError:
            return {}


_OWNED = ("receipts", "covers")


def seen_desks(services: Services, principal: Principal) -> SeenDesks:
    """The sheets as somebody may see them."""
    scope = scope_of(principal)
    if scope.is_all:
        return SeenDesks(services.desks, services.book, None)
    run = run_or_none(services)
    regions: Mapping[str, str | None] = {} if run is None else run.regions
    return SeenDesks(
        services.desks,
        services.book,
        lambda party: party is not None and scope.sees(regions.get(party)),
    )


def _seen(pool: Pool, sees: Sees) -> Pool:
    """The pool with the events that are about nobody's loan, or about a known borrower's."""
    kept = [at for at, each in enumerate(pool.borrowers) if each is None or sees(each)]
    return replace(
        pool,
        days=pool.days.take(pa.array(kept, pa.int64())),
        borrowers=tuple(pool.borrowers[at] for at in kept),
    )


def _where(table: pa.Table, columns: Sequence[str], values: Collection[Any]) -> pa.Table:
    """Rows with one of the values in one of the columns."""
    return _of(table, columns, lambda value: value in values)


def _of(table: pa.Table, columns: Sequence[str], fits: Callable[[Any], bool]) -> pa.Table:
    """Rows with a cell that fits, such as a party who may be known of, in one of the columns."""
    cells = zip(*(table[name].to_pylist() for name in columns), strict=True)
    kept = [at for at, row in enumerate(cells) if any(map(fits, row))]
    return table.take(pa.array(kept, pa.int64()))

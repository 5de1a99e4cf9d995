"""The facts of a run by party: sorted once into files that are mapped, never read whole.

Whatever is asked of one party is then a slice, however many facts there are. The files are made of
those of the run and can be thrown away. Until they are made, `QueriedFacts` says the same: it looks
through the run's own files each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.store import FactStore
from headrace.facts.cells import plain
from headrace.facts.equal import Int64, codes
from headrace.facts.kinds import CORRECTION, INVOICE, KINDS, RELATION
from headrace.workflows.ports import FactReader, FactTables

ENDS = {RELATION.kind: ("subject", "object")}
"""Columns that name a party, of kinds that have no column `party`."""
IN_MEMORY = 10_000  # rows that need no file
FEW = 100_000  # rows that are read whole as fast as they are looked through


@dataclass(frozen=True)
class SortedFacts:
    """A table in order of a party, and where the rows of each begin.

    Attributes:
        table: Rows of one party in their old order.
        parties: Where each stands in `starts`, by code.
        starts: Where each begins, and the end.
    """

    table: pa.Table
    parties: Mapping[str, int]
    starts: Int64

    def of(self, party: str) -> pa.Table:
        """The rows of a party, in their old order."""
        at = self.parties.get(party)
        if at is None:
            return self.table.slice(0, 0)
        start, stop = self.starts[at : at + 2].tolist()
        return self.table.slice(start, stop - start)


def kinds_of_parties() -> tuple[str, ...]:
    """Kinds of fact that are about a party."""
    return tuple(
        kind
        for kind, schema in KINDS.items()
        if kind in (*ENDS, CORRECTION.kind) or "party" in schema.arrow.names
    )


class FactsOfParties(FactReader, Protocol):
    """Facts by party, of every kind that is about one."""

    def facts(self, kind: str, party: str) -> pa.Table:
        """The facts of a kind that name a party, in the stored order, codes as plain texts.

        Raises:
            KeyError: Facts of that kind are about no party.
        """
        ...


class PartyFacts:
    """Facts by party, sorted; implements `FactsOfParties`."""

    def __init__(self, facts: FactTables, scratch: Path) -> None:
        """Sort them into files of a folder that is there.

        Raises:
            InputError: They cannot be read.
        """
        self._sorted: dict[str, tuple[SortedFacts, ...]] = {}
        invoices = facts.read(INVOICE.kind)
        for kind in kinds_of_parties():
            table = invoices if kind == INVOICE.kind else facts.read(kind)
            if kind == CORRECTION.kind:
                owing = debtors(table, invoices)
                self._sorted[kind] = (_sorted(table, owing, scratch / f"{kind}.arrow"),)
            else:
                self._sorted[kind] = by_party(table, kind, scratch / f"{kind}.arrow")

    def whole(self, kind: str) -> pa.Table:
        """All facts of a kind, by party; those of one in the stored order.

        Raises:
            KeyError: Facts of that kind are about no party.
        """
        return self._sorted[kind][0].table

    def facts(self, kind: str, party: str) -> pa.Table:
        """The facts of a kind that name a party, in the stored order, codes as plain texts.

        Raises:
            KeyError: Facts of that kind are about no party.
        """
        found = [each.of(party) for each in self._sorted[kind]]
        return plain(pa.concat_tables(found) if len(found) > 1 else found[0])

    def invoices(self, party: str) -> pa.Table:
        """Its invoices, those not yet known or voided included."""
        return in_time(self.facts(INVOICE.kind, party))

    def corrections(self, party: str) -> pa.Table:
        """Corrections of its invoices."""
        return self.facts(CORRECTION.kind, party).sort_by("id")


class QueriedFacts:
    """Facts by party as the files of a run have them; implements `FactsOfParties`."""

    def __init__(self, store: FactStore, few: int = FEW) -> None:
        """Read nothing yet; a kind of at most `few` facts is read whole, others are queried."""
        self._store, self._few = store, few

    def facts(self, kind: str, party: str) -> pa.Table:
        """As `PartyFacts.facts`."""
        if kind not in kinds_of_parties():
            raise KeyError(kind)
        names = ENDS.get(kind, ("party",))
        if kind == CORRECTION.kind:
            own = self._store.query("SELECT id FROM invoice WHERE party = $1", [party])["id"]
            voids = self._store.read(kind)
            return plain(voids.filter(pc.is_in(voids["corrects"], value_set=own.combine_chunks())))
        if (
            self._store.count(kind) <= self._few
        ):  # to open a database takes longer than to read them
            rows = self._store.read(kind)
            of_party = (rows.filter(pc.equal(rows[name], party)) for name in names)
            return plain(pa.concat_tables(of_party))
        found = [
            self._store.query(f"SELECT * FROM {kind} WHERE {name} = $1", [party])  # noqa: S608 - names of ours
            for name in names
        ]
        return pa.concat_tables(found).cast(plain(KINDS[kind].empty()).schema)

    def invoices(self, party: str) -> pa.Table:
        """Its invoices, those not yet known or voided included."""
        return in_time(self.facts(INVOICE.kind, party))

    def corrections(self, party: str) -> pa.Table:
        """Corrections of its invoices."""
        return self.facts(CORRECTION.kind, party).sort_by("id")


def in_time(invoices: pa.Table) -> pa.Table:
    """Invoices by time, those of one instant by id."""
    return invoices.sort_by([("event_time", "ascending"), ("id", "ascending")])


def by_party(facts: pa.Table, kind: str, path: Path) -> tuple[SortedFacts, ...]:
    """Facts of a kind in order of each column that names a party.

    Args:
        facts: In the stored schema.
        kind: Theirs.
        path: File to map them from, where there are many; beside it, one for each further column.
    """
    return tuple(
        _sorted(facts, facts[name], path.with_name(f"{at}-{path.name}"))
        for at, name in enumerate(ENDS.get(kind, ("party",)))
    )


def debtors(corrections: pa.Table, invoices: pa.Table) -> pa.ChunkedArray:
    """Whose invoice each correction takes back; null where none was found."""
    corrected = pc.unique(corrections["corrects"]).drop_null()
    # Corrections are few: looking invoices up among them takes a fifth of the other way round.
    known = invoices.select(["id", "party"]).filter(pc.is_in(invoices["id"], value_set=corrected))
    place = pc.index_in(corrections["corrects"], value_set=known["id"].combine_chunks())
    return pa.chunked_array([known["party"].cast(pa.string()).combine_chunks().take(place)])


def _sorted(table: pa.Table, key: pa.ChunkedArray, path: Path) -> SortedFacts:
    parties = key.combine_chunks()
    if not pa.types.is_dictionary(parties.type):
        parties = parties.dictionary_encode()
    parties = parties.unify_dictionaries() if isinstance(parties, pa.ChunkedArray) else parties
    number = codes(parties)
    order = np.argsort(number, kind="stable")
    order = order[np.searchsorted(number[order], 0) :]  # those that name nobody
    starts = np.flatnonzero(np.r_[True, np.diff(number[order]) != 0]) if len(order) else order[:0]
    names = parties.dictionary.take(pa.array(number[order][starts])).to_pylist()
    whole = table.unify_dictionaries().combine_chunks().take(pa.array(order))
    if whole.num_rows > IN_MEMORY:
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(whole)
        whole = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    return SortedFacts(
        whole, {name: at for at, name in enumerate(names)}, np.r_[starts, len(order)]
    )

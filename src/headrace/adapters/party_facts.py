"""The facts of a run by party: sorted once into files that are mapped, never read whole.

Whatever is asked of one party is then a slice, however many facts there are. The files are made of
those of the run and can be thrown away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.equal import Int64, codes
from headrace.facts.kinds import CORRECTION, INVOICE, KINDS, RELATION
from headrace.workflows.ports import FactTables

ENDS = {RELATION.kind: ("subject", "object")}
"""Columns that name a party, of kinds that have no column `party`."""
IN_MEMORY = 10_000  # rows that need no file


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


class PartyFacts:
    """Facts by party; implements `workflows.ports.FactReader`."""

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
                debtors = _debtors(table, invoices)
                self._sorted[kind] = (_sorted(table, debtors, scratch / f"{kind}.arrow"),)
            else:
                self._sorted[kind] = by_party(table, kind, scratch / f"{kind}.arrow")

    def facts(self, kind: str, party: str) -> pa.Table:
        """The facts of a kind that name a party, in the stored order, codes as plain texts.

        Raises:
            KeyError: Facts of that kind are about no party.
        """
        found = [each.of(party) for each in self._sorted[kind]]
        return plain(pa.concat_tables(found) if len(found) > 1 else found[0])

    def invoices(self, party: str) -> pa.Table:
        """Its invoices, those not yet known or voided included."""
        return self.facts(INVOICE.kind, party).sort_by(
            [("event_time", "ascending"), ("id", "ascending")]
        )

    def corrections(self, party: str) -> pa.Table:
        """Corrections of its invoices."""
        return self.facts(CORRECTION.kind, party).sort_by("id")


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


def plain(facts: pa.Table) -> pa.Table:
    """The table with texts in place of dictionaries; for few rows."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in facts.schema
    ]
    return facts.cast(pa.schema(fields))


def _debtors(corrections: pa.Table, invoices: pa.Table) -> pa.ChunkedArray:
    """Whose invoice each correction takes back; null where none was found."""
    place = pc.index_in(corrections["corrects"], value_set=invoices["id"].combine_chunks())
    return pa.chunked_array([invoices["party"].combine_chunks().cast(pa.string()).take(place)])


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

"""What single decisions may use: the facts of the run, and those that came by the API after it.

Read once for each run and for what may be read; what came since the last application is carried on
(`headrace.workflows.apply_facts`). Many may ask at once: one reads, the others wait for it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.adapters.arrived_facts import ArrivedFacts
from headrace.adapters.store import FactStore
from headrace.facts.arrivals import PREFIX
from headrace.facts.cells import numpy_mask
from headrace.facts.consent import Leave
from headrace.facts.kinds import INVOICE, PARTY, RELATION
from headrace.facts.localtime import microseconds
from headrace.web.firm_desk import RunFirms
from headrace.workflows.apply import RunTables
from headrace.workflows.apply_facts import (
    Came,
    FirmFacts,
    Instant,
    Received,
    Rows,
    Together,
    Words,
)


@dataclass
class _Seen:
    """What may be read, and how far it was looked at."""

    received: Received
    newest: Together | None = None
    turn: Lock = field(default_factory=Lock)


class ReceivedFacts:
    """The facts of one run and what came after it."""

    def __init__(self, firms: RunFirms, arrived: ArrivedFacts, tables: RunTables) -> None:
        """Nothing is read yet."""
        self._firms, self._arrived, self._tables = firms, arrived, tables
        self._turn = Lock()
        self._seen: tuple[Leave, _Seen] | None = None
        self._new: dict[str, tuple[Came, Came]] = {}
        self._read: dict[str, pa.Array] = {}
        self._tables_of_run: dict[str, pa.Table] = {}

    def instant(self, now: int, leave: Leave) -> Instant:
        """Up to where facts are known at a moment, microseconds since 1970."""
        return self._of(leave).received.instant(now, self._arrived.last())

    def firm(self, party: str, at: Instant, leave: Leave, words: Words) -> FirmFacts:
        """What is known of a firm at an instant; see `Received.firm`."""
        seen = self._of(leave)
        own = self._firms.facts().facts(INVOICE.kind, party)
        return seen.received.firm(party, own, _together(seen, at), words)

    def parties(self) -> pa.Table:
        """Everything that describes a party by now, in the order a run has it."""
        return self._rows(PARTY.kind, self._stored(PARTY.kind)).all(self._arrived.last())

    def described(self) -> int:
        """How many facts of kind party came after the run."""
        return len(self._came(PARTY.kind, self._stored(PARTY.kind)).numbers)

    def trading(self) -> set[str]:
        """Codes of those who came with an invoice after the run."""
        came = self._came(INVOICE.kind, self._firms.sorted().whole(INVOICE.kind))
        return set(came.facts["party"].unique().cast(pa.string()).to_pylist())

    def _of(self, leave: Leave) -> _Seen:
        with self._turn:
            if self._seen is None or self._seen[0] != leave:
                self._seen = (leave, _Seen(self._received(leave)))
            return self._seen[1]

    def _received(self, leave: Leave) -> Received:
        folder, tables = self._firms.folder, self._tables
        return Received(
            invoices=self._rows(INVOICE.kind, self._firms.sorted().whole(INVOICE.kind)),
            relations=self._rows(RELATION.kind, self._stored(RELATION.kind)),
            parties=self._rows(PARTY.kind, self._stored(PARTY.kind)),
            papers=_table(folder, "same_papers"),
            rings=_table(folder, "rings"),
            features=tables.features,
            moment=microseconds(tables.moment),
            zone=tables.zone,
            leave=leave,
        )

    def _stored(self, kind: str) -> pa.Table:
        if kind not in self._tables_of_run:
            self._tables_of_run[kind] = FactStore(self._firms.folder).read(kind)
        return self._tables_of_run[kind]

    def _rows(self, kind: str, run: pa.Table) -> Rows:
        return Rows(run, lambda: self._came(kind, run))

    def _came(self, kind: str, run: pa.Table) -> Came:
        """What came of a kind and the run has not read."""
        came = self._arrived.of_kind(kind)
        known, found = self._new.get(kind, (None, came))
        if known is not came:
            if kind not in self._read:
                self._read[kind] = _from_api(run)
            new = ~numpy_mask(pc.is_in(came.facts["id"], value_set=self._read[kind]))
            found = Came(came.facts.filter(pa.array(new)), came.numbers[new])
            self._new[kind] = (came, found)
        return found


def _together(seen: _Seen, at: Instant) -> Together:
    """What is between firms at an instant: carried on from the newest one, where it is later."""
    with seen.turn:
        newest = seen.newest or seen.received.began
        is_later = at.moment >= newest.at.moment and at.batch >= newest.at.batch
        found = seen.received.carried(newest if is_later else seen.received.began, at)
        if is_later:
            seen.newest = found
        return found


def _from_api(facts: pa.Table) -> pa.Array:
    """Ids of facts that came by the API before the run."""
    ids = facts["id"]
    return ids.filter(pc.starts_with(ids, PREFIX)).combine_chunks()


def _table(folder: Path, name: str) -> pa.Table:
    return pq.ParquetFile(folder / "graph" / f"{name}.parquet").read(use_threads=False)

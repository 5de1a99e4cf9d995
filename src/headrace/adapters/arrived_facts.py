"""Facts that came by the API, by party and in the order they came; read as they come."""

from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.fact_batches import FactBatches
from headrace.adapters.party_facts import SortedFacts, by_party
from headrace.facts.cells import plain
from headrace.facts.kinds import MAPPABLE
from headrace.workflows.apply_facts import Came


class ArrivedFacts:
    """What came by the API."""

    def __init__(self, batches: FactBatches, scratch: Path) -> None:
        """Nothing is read yet; `scratch` is a folder for files that only this process maps."""
        self._batches, self._scratch = batches, scratch
        self._turn = Lock()  # one sorts a piece, the others wait for it
        self._sorted: dict[tuple[str, str], tuple[SortedFacts, ...]] = {}
        self._whole: dict[str, tuple[tuple[str, ...], Came]] = {}

    def of(self, kind: str, party: str) -> pa.Table | None:
        """Facts of a kind about a party, codes as plain texts; None where nothing of it came."""
        with self._turn:
            parts = [each.of(party) for each in self._pieces(kind)]
        return plain(pa.concat_tables(parts).unify_dictionaries()) if parts else None

    def of_kind(self, kind: str) -> Came:
        """All facts of a kind."""
        with self._turn:
            pieces = list(self._batches.of_kind(kind))
            names = tuple(name for name, _ in pieces)
            seen, came = self._whole.get(kind, ((), _nothing(kind)))
            if seen != names:
                came = self._read(kind, came)
                self._whole[kind] = (names, came)
            return came

    def last(self) -> int:
        """Number of the newest batch; 0: there is none."""
        newest = self._batches.batches(None, 1)
        return int(newest[0].id) if newest else 0

    def _pieces(self, kind: str) -> list[SortedFacts]:
        found: list[SortedFacts] = []
        known = self._sorted
        now: dict[tuple[str, str], tuple[SortedFacts, ...]] = {}
        for name, facts in self._batches.of_kind(kind):
            key = (kind, name)
            place = self._scratch / f"{kind}-{name}.arrow"
            now[key] = known[key] if key in known else by_party(facts(), kind, place)
            found += now[key]
        others = {key: each for key, each in known.items() if key[0] != kind}
        self._sorted = others | now  # without what was packed since
        return found

    def _read(self, kind: str, known: Came) -> Came:
        """All there are; of what is known already, nothing is read again."""
        last = int(known.numbers[-1]) if len(known.numbers) else 0
        tables, numbers = [known.facts], [known.numbers]
        for name, facts in self._batches.of_kind(kind):
            each = np.repeat(*self._batches.counted(name, kind))
            new = each > last
            if new.any():
                tables.append(facts().filter(pa.array(new)))
                numbers.append(each[new])
        together = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        return Came(together, np.concatenate(numbers))


def _nothing(kind: str) -> Came:
    return Came(MAPPABLE[kind].empty(), np.zeros(0, np.int64))


def new_to(known: pa.Table, came: pa.Table) -> pa.Table:
    """Of what came, what the run has not read yet."""
    ids = known["id"].combine_chunks()
    return came.filter(pc.invert(pc.is_in(came["id"], value_set=ids)))

"""What the facts of a run say of borrowers, for reports: read once for each run."""

from collections.abc import Mapping
from threading import Lock

import pyarrow.compute as pc

from headrace.adapters.store import FactStore
from headrace.errors import HeadraceError
from headrace.graph.groups.rules import GroupKind
from headrace.web.graph_desk import GraphDesk
from headrace.web.run_folder import Firm, Run, RunFolder
from headrace.workflows.graph_groups import member_table
from headrace.workflows.supervision import Borrower

NOBODY = Firm(None, None)


class Borrowers:
    """Everybody whom the facts of a run name, as borrowers."""

    def __init__(self, run: RunFolder, graph: GraphDesk) -> None:
        """Look at the run's folder and its graph; nothing is read yet."""
        self._run, self._graph = run, graph
        self._turn = Lock()
        self._seen: tuple[str, Mapping[str, Borrower]] | None = None

    def of(self, run: Run) -> Mapping[str, Borrower]:
        """By party; empty where the run kept no facts."""
        with self._turn:
            if self._seen is None or self._seen[0] != run.digest:
                self._seen = (run.digest, self._read(run))
            return self._seen[1]

    def _read(self, run: Run) -> Mapping[str, Borrower]:
        try:
            records = FactStore(self._run.path).read("credit_record")
        except HeadraceError:
            return {}
        before, groups = set(records["party"].to_pylist()), self._groups()
        return {
            party: Borrower(
                run.firms.get(party, NOBODY).industry,
                region,
                party in before,
                None if groups is None else groups.get(party, party),
            )
            for party, region in run.regions.items()
        }

    def _groups(self) -> Mapping[str, str] | None:
        """Head of the group of each member; None where the facts make no graph."""
        try:
            members = member_table(self._graph.customers().book.groups)
        except HeadraceError:
            return None
        rows = members.filter(pc.equal(members["kind"], GroupKind.GROUP.name.lower()))
        return dict(zip(rows["member"].to_pylist(), rows["head"].to_pylist(), strict=True))

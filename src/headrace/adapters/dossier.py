"""What a run's folder knows of one firm, for its due-diligence report."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.adapters.folder import DiskFolder
from headrace.adapters.store import FactStore
from headrace.decisions.lending.decision import Decision, from_json
from headrace.errors import EvidenceError, InputError
from headrace.pack import Pack
from headrace.workflows.due_diligence import Dossier
from headrace.workflows.industry import names
from headrace.workflows.run_note import RECORDS, run_settings

Reading = Callable[[pa.Table], pa.Table]
_ABOUT = {
    "party": "SELECT * FROM party WHERE party = $1 ORDER BY known_time, id",
    "relation": "SELECT * FROM relation WHERE subject = $1 OR object = $1 ORDER BY event_time, id",
    "exposure": "SELECT * FROM exposure WHERE party = $1 ORDER BY event_time, id",
}


def _whole(facts: pa.Table) -> pa.Table:
    return facts


def dossier_of(
    path: Path, party: str, pack: Pack, digest: str, reading: Reading = _whole
) -> Dossier:
    """What the run in a folder knows of a firm.

    Args:
        path: The folder.
        party: Code of the firm.
        pack: Of the run.
        digest: Of the run's decisions.
        reading: Leaves of facts what the reader may see.

    Raises:
        InputError: The folder is no run's, or knows no such firm.
        EvidenceError: What the run wrote cannot be read any more.
    """
    folder, store = DiskFolder(path), FactStore(path)
    about = run_settings(folder)
    facts = {kind: reading(store.query(text, [party])) for kind, text in _ABOUT.items()}
    invoices = reading(store.invoices(party))
    if not invoices.num_rows and not facts["party"].num_rows:
        raise InputError(
            "There is no such firm in this run", where=party, remedy="Give its code, such as S17"
        )
    return Dossier(
        party=party,
        described=facts["party"],
        invoices=invoices,
        corrections=reading(store.corrections(party)),
        relations=facts["relation"],
        exposures=facts["exposure"],
        names=names(reading(store.read("party"))),
        graph=_graph(folder, party),
        features=_features(folder, party),
        decision=_decision(folder, party),
        pack=pack,
        moment=about.moment,
        zone=about.zone,
        run=digest,
        simulated=about.simulated,
    )


def _graph(folder: DiskFolder, party: str) -> Mapping[str, pa.Table]:
    """The rows of the run's graph tables that name the firm."""
    found = {}
    for name, columns in (
        ("two_way", ("first", "second")),
        ("same_papers", ("seller", "buyer")),
        ("rings", ()),
    ):
        if f"graph/{name}.parquet" in folder.names():
            table = _table(folder, f"graph/{name}.parquet")
            if name == "rings":
                rows = [party in each for each in table["parties"].to_pylist()]
                found[name] = table.filter(pa.array(rows, pa.bool_()))
            else:
                first, second = (pc.equal(table[column], party) for column in columns)
                join = pc.and_ if name == "same_papers" else pc.or_
                found[name] = table.filter(join(first, second))
    own = found.pop("same_papers", None)
    return found if own is None else found | {"self_invoices": own}


def _features(folder: DiskFolder, party: str) -> Mapping[str, float | None]:
    table = _table(folder, "features.parquet")
    rows = table.filter(pc.equal(table["party"], party)).to_pylist()
    return {k: v for k, v in rows[0].items() if k not in ("party", "as_of")} if rows else {}


def _decision(folder: DiskFolder, party: str) -> Decision | None:
    wanted = f'"party":"{party}"'.encode()
    for line in folder.read(RECORDS).split(b"\n"):
        if wanted in line:
            found = from_json(line)
            if found.party == party:
                return found
    return None


def _table(folder: DiskFolder, name: str) -> pa.Table:
    try:
        return pq.read_table(io.BytesIO(folder.read(name)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise EvidenceError(
            "What the run wrote cannot be read", where=name, remedy="Run again"
        ) from error

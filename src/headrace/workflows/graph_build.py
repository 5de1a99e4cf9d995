"""Facts taken in for the graph: stored, with evidence, so that any question can be asked later."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.facts.ingest import Ingested
from headrace.facts.kinds import EXPOSURE, INVOICE, KINDS, PARTY, RELATION
from headrace.pack import Text
from headrace.workflows.ports import Folder, Progress, Source
from headrace.workflows.prove import Recorder
from headrace.workflows.run import Output, take_facts

STEPS = {"facts": Text("Facts", "事实"), "evidence": Text("Evidence", "存证")}


ABOUT = "graph.json"
"""What the source is called, whether it is simulated, and whose days its dates are."""


@dataclass(frozen=True)
class About:
    """What a folder says about its facts.

    Attributes:
        source: What it is called.
        simulated: Whether the data are made up.
        zone: IANA name; its days are days of this zone.
    """

    source: str
    simulated: bool
    zone: str


def about(folder: Folder) -> About:
    """What a folder that `graph build`, `graph import` or `run` wrote says about its facts.

    Raises:
        InputError: If the note cannot be read.
    """
    present = folder.names()
    name = next((each for each in (ABOUT, "run.json") if each in present), None)
    if name is None:
        return About("", simulated=False, zone="Asia/Shanghai")
    try:
        noted = json.loads(folder.read(name))
        zone = ZoneInfo(noted["time_zone"]).key
        return About(str(noted["source"]), bool(noted["simulated"]), zone)
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise InputError(
            f"the note about the facts cannot be read: {error}",
            where=name,
            remedy="take the facts in again, with the command that wrote the folder "
            "(`headrace run`, `headrace graph build` or `headrace graph import`); "
            "`headrace verify` tells which file was altered",
        ) from error


@dataclass(frozen=True)
class Built:
    """What became of a source.

    Attributes:
        source: Its name.
        simulated: Whether the data are made up.
        zone: IANA name of its time zone.
        ingested: Its facts, and what was refused.
        root: Root of the evidence log, hexadecimal.
    """

    source: str
    simulated: bool
    zone: str
    ingested: Ingested
    root: str

    def counts(self) -> dict[str, int]:
        """Facts of each kind that a graph is made of, and rows in quarantine."""
        kinds = (PARTY, RELATION, INVOICE, EXPOSURE)
        return {
            **{kind.kind: self.ingested.facts[kind.kind].num_rows for kind in kinds},
            "quarantined": sum(each.quarantined for each in self.ingested.reconciliation),
        }


def build(source: Source, output: Output, code: Mapping[str, str], progress: Progress) -> Built:
    """Take in the facts of a source and leave a folder that the graph is asked of.

    Raises:
        HeadraceError: If the source cannot be used.
    """
    recorder = Recorder(output.folder, output.signer.name, output.signer.salt_secret)
    progress.begin("facts")
    ingested = take_facts(source, output, recorder, code)
    mapping = source.mapping
    _note(About(mapping.name, mapping.simulated, mapping.time_zone), output, recorder)
    progress.end("facts", f"{sum(table.num_rows for table in ingested.facts.values()):,}")
    progress.begin("evidence")
    checkpoint = recorder.finish(output.signer.private)
    progress.end("evidence", f"{checkpoint.size:,}")
    return Built(
        mapping.name, mapping.simulated, mapping.time_zone, ingested, checkpoint.root.hex()
    )


def store_facts(
    given: Mapping[str, pa.Table],
    quarantine: pa.Table,
    read: Mapping[str, str],
    noted: About,
    output: Output,
    code: Mapping[str, str],
) -> str:
    """Store facts that came in another format, with evidence; kinds not given are empty.

    Args:
        given: Kind -> stored table.
        quarantine: What was refused.
        read: Name -> SHA-256 of each file that was read.
        noted: About the source.
        output: Where to.
        code: Version and digest of the code.

    Returns:
        Root of the evidence log, hexadecimal.
    """
    recorder = Recorder(output.folder, output.signer.name, output.signer.salt_secret)
    tables = {kind: given.get(kind, schema.empty()) for kind, schema in KINDS.items()}
    files = {f"facts/{kind}.parquet": output.formats.parquet(tables[kind]) for kind in tables}
    files["quarantine.csv"] = output.formats.sheet(quarantine)
    for name, data in files.items():
        output.folder.write(name, data)
    recorder.record(
        "facts",
        inputs=read,
        definitions=code,
        outputs=list(files),
        facts={
            "accepted": sum(table.num_rows for table in tables.values()),
            "quarantined": quarantine.num_rows,
        },
    )
    _note(noted, output, recorder)
    return recorder.finish(output.signer.private).root.hex()


def _note(noted: About, output: Output, recorder: Recorder) -> None:
    told = {"simulated": noted.simulated, "source": noted.source, "time_zone": noted.zone}
    output.folder.write(ABOUT, canonical_json(told) + b"\n")
    recorder.record("graph", inputs={}, definitions={}, outputs=[ABOUT], facts={})

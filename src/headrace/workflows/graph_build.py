"""Facts taken in for the graph: stored, with evidence, so that any question can be asked later."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.facts.ingest import Ingested
from headrace.facts.kinds import EXPOSURE, INVOICE, PARTY, RELATION
from headrace.pack import Text
from headrace.workflows.ports import Progress, Source
from headrace.workflows.prove import Recorder
from headrace.workflows.run import Output, take_facts

STEPS = {"facts": Text("Facts", "事实"), "evidence": Text("Evidence", "存证")}


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
    progress.end("facts", f"{sum(table.num_rows for table in ingested.facts.values()):,}")
    progress.begin("evidence")
    checkpoint = recorder.finish(output.signer.private)
    progress.end("evidence", f"{checkpoint.size:,}")
    mapping = source.mapping
    return Built(
        mapping.name, mapping.simulated, mapping.time_zone, ingested, checkpoint.root.hex()
    )

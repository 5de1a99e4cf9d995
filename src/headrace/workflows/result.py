"""What a run found, for those who report it."""

from dataclasses import dataclass
from datetime import datetime

from headrace.facts.ingest import Ingested
from headrace.graph.trade import TradeGraph
from headrace.pack import Pack
from headrace.workflows.contract_check import Checked
from headrace.workflows.contracts import Offered
from headrace.workflows.lend import Lent, Market


@dataclass(frozen=True, eq=False)
class RunResult:
    """Everything a run found.

    Attributes:
        source: Name of the source.
        simulated: Whether the data are made up.
        pack: The definitions in force.
        zone: Whose days and months counted.
        as_of: The moment, UTC.
        ingested: Facts and what became of the rows.
        graph: Relations as of the moment.
        market: Features, industries and scores, one row a party.
        lent: Policy, book, frontier, stress, decisions.
        offered: The contracts of the book, and the money that comes of them.
        checked: What their product and the rules of the day say of them.
        digest: SHA-256 of all decision records, hexadecimal: equal runs, equal digest.
        origin: Name of the evidence log.
        entries: Its entries, that of the report included.
        root: Its Merkle root, hexadecimal; empty until it is finished.
    """

    source: str
    simulated: bool
    pack: Pack
    zone: str
    as_of: datetime
    ingested: Ingested
    graph: TradeGraph
    market: Market
    lent: Lent
    offered: Offered
    checked: Checked
    digest: str
    origin: str
    entries: int
    root: str = ""

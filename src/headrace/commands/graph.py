"""`headrace graph`: take in relations, look parties up, see what is between them."""

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.mappings import find_mapping, load_mapping
from headrace.adapters.outputs import cleared
from headrace.adapters.printing.graph import connections, storing
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.commands import (
    graph_chain,
    graph_exchange,
    graph_groups,
    graph_identify,
    graph_owners,
    graph_risk,
    graph_rules,
)
from headrace.commands.graph_files import AsJson, Asked, Language, Party, To, on_graph
from headrace.facts.mapping import parse_mapping
from headrace.workflows.graph_build import STEPS, build
from headrace.workflows.graph_features import features_of
from headrace.workflows.graph_view import (
    EVENT_KINDS,
    HUB_EDGES,
    chain_between,
    edge_rows,
    event_sums,
    find,
    lasting,
)
from headrace.workflows.run import Output, Signer

app = typer.Typer(help="Relations: who stands behind whom, as of any day, with proofs.")
app.command("rings")(graph_risk.rings_command)
app.command("communities")(graph_risk.communities_command)
app.command("owners")(graph_owners.owners_command)
app.command("holdings")(graph_owners.holdings_command)
app.command("control")(graph_owners.control_command)
app.command("beneficial")(graph_owners.beneficial_command)
app.command("groups")(graph_groups.groups_command)
app.command("limits")(graph_groups.limits_command)
app.command("room")(graph_groups.room_command)
app.command("diff")(graph_groups.diff_command)
app.command("rules-text")(graph_groups.rules_text_command)
app.command("rules")(graph_rules.rules_command)
app.command("watch")(graph_rules.watch_command)
app.command("chain")(graph_chain.chain_command)
app.command("place")(graph_chain.place_command)
app.command("failure")(graph_chain.failure_command)
app.command("late")(graph_chain.late_command)
app.command("scenarios")(graph_chain.scenarios_command)
app.command("identify")(graph_identify.identify_command)
app.command("same")(graph_identify.same_command)
app.command("import")(graph_exchange.import_command)
app.command("export")(graph_exchange.export_command)
app.command("explore")(graph_exchange.explore_command)
app.command("circles")(graph_risk.circles_command)
app.command("flows")(graph_risk.flows_command)
app.command("trace")(graph_risk.trace_command)
app.command("shells")(graph_risk.shells_command)


@app.command("build")
def build_command(
    data: Annotated[Path, typer.Option(help="Folder with the data.")],
    out: Annotated[Path, typer.Option(help="Folder to write; emptied of an earlier run.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file; else data/mapping.toml or a shipped one.")
    ] = None,
    lang: Language = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """Take in parties, relations, invoices and exposures, with evidence."""
    shipped = [parse_mapping(text, name) for pack in packs.PACKS.values()
               for name, text in pack().mappings.items()]  # fmt: skip
    chosen = find_mapping(data, shipped) if mapping is None else load_mapping(mapping)
    key = load_or_create_signing_key()
    progress = Silent() if as_json else TerminalProgress(STEPS, lang)
    source, folder = FolderSource(data, chosen), DiskFolder(cleared(out, data))
    try:
        output = Output(folder, StandardFormats(), Signer(key.private, key.name))
        found = build(source, output, code_digest(), progress)
    finally:
        if isinstance(progress, TerminalProgress):
            progress.stop()
    if as_json:
        printing.as_json({"source": found.source, "simulated": found.simulated,
                          **found.counts(), "root": found.root})  # fmt: skip
    else:
        storing.built(found, out, lang)


@app.command("find")
@on_graph
def find_command(
    asked: Asked,
    text: Annotated[str, typer.Argument(help="Part of a code or a name.")],
    *,
    count: Annotated[int, typer.Option("--count", min=1, help="Parties at most.")] = 20,
) -> None:
    """Find parties by code or name."""
    asked.show(find(asked.view, text, count))


@app.command("party")
@on_graph
def party_command(asked: Asked, party: Party) -> None:
    """Show what stood between a party and others with the facts behind it, and sums of events."""
    snapshot = asked.view.snapshot
    node = snapshot.node(party)
    edges = np.concatenate([snapshot.csr.of(node), snapshot.csc.of(node)])
    once = np.isin(snapshot.kind[edges], EVENT_KINDS)
    rows = edge_rows(snapshot, edges[~once].tolist())
    sums = event_sums(snapshot, edges[once].tolist())
    value = {
        "party": party,
        "name": snapshot.parties.names[node].as_py(),
        "as_of": asked.view.moment.isoformat(),
        "relations": rows,
        "events": sums,
    }
    asked.tell(value, partial(connections.party, asked.view, node, rows, sums))


@app.command("path")
@on_graph
def path_command(
    asked: Asked,
    first: Party,
    second: Annotated[str, typer.Argument(help="Code of the other party.")],
    *,
    hub: Annotated[
        int, typer.Option("--hub", min=1, help="Pass no party with more relations than this.")
    ] = HUB_EDGES,
) -> None:
    """Show how two parties are connected: a shortest chain, of trades and payments if need be."""
    # That two firms buy from one seller explains little: what lasts goes first.
    rows = chain_between(lasting(asked.relations.snapshot), first, second, hub)
    if rows is None:
        rows = chain_between(asked.view.snapshot, first, second, hub)
    value = {"connected": rows is not None, "relations": rows or []}
    asked.tell(value, partial(connections.path, rows))


@app.command("features")
@on_graph
def features_command(
    asked: Asked,
    parties: Annotated[
        list[str] | None, typer.Argument(help="Codes; none: every firm with a party fact.")
    ] = None,
    *,
    hub: Annotated[
        int, typer.Option("--hub", min=1, help="More neighbours than this connect nobody.")
    ] = HUB_EDGES,
    to: To = None,
) -> None:
    """Compute graph features: bad neighbours, circles, concentration, centrality, sharing."""
    found = features_of(asked.facts, asked.view, parties or (), hub)
    asked.show(found, to, connections.features)

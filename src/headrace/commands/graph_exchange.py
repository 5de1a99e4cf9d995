"""`headrace graph import|export|explore`: other formats, and a page to look at."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.formats import StandardFormats
from headrace.adapters.graph_formats.registry import FORMATS, Publishing
from headrace.adapters.graph_formats.tables import GraphFacts, Origin
from headrace.adapters.html.explorer import Exploration, Words, render_explorer
from headrace.adapters.html.graph_findings import page_findings
from headrace.adapters.html.neighbourhood import neighbourhood
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.outputs import cleared
from headrace.adapters.printing.graph import storing
from headrace.adapters.store import FactStore
from headrace.adapters.user_files import write_file
from headrace.adapters.wall_clock import now
from headrace.commands.graph_files import (
    FOLDER,
    AsJson,
    Asked,
    Language,
    Out,
    Zone,
    day_end,
    day_zone,
    on_graph,
    one_of,
)
from headrace.errors import InputError
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.localtime import instant_of
from headrace.workflows.graph_build import About, about, store_facts
from headrace.workflows.graph_findings import busiest, findings_of
from headrace.workflows.graph_near import Reach
from headrace.workflows.run import Output, Signer

ZONE = "Asia/Shanghai"
FormatName = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")]


def import_command(  # noqa: PLR0913 - a command has a parameter per option
    file: Annotated[Path, typer.Argument(help="The file or folder to read.")],
    *,
    form: FormatName,
    out: Annotated[Path, typer.Option(help="Folder to write; emptied of an earlier run.")],
    source: Annotated[
        str | None, typer.Option("--source", help="What the source is called; else by its file.")
    ] = None,
    known: Annotated[
        datetime | None,
        typer.Option(
            "--known", formats=["%Y-%m-%d"], help="When it became known, where it does not say."
        ),
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="The data are made up: say so wherever shown.")
    ] = False,
    purpose: Annotated[str, typer.Option("--purpose", help="What it may be used for.")],
    consent: Annotated[str, typer.Option("--consent", help="By whose leave.")],
    zone: Annotated[str, typer.Option("--zone", help="Whose days its dates are.")] = ZONE,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Take in parties and relations in another format, with evidence."""
    chosen = FORMATS[one_of(form, FORMATS, "--format")]
    name = source or file.stem or "import"
    origin = Origin(name, purpose, consent, day_zone(zone), day_end(known, zone))
    found = chosen.read(file, origin)
    folder = DiskFolder(cleared(out, file))
    key = load_or_create_signing_key()
    output = Output(folder, StandardFormats(), Signer(key.private, key.name))
    tables = {PARTY.kind: found.facts.parties, RELATION.kind: found.facts.relations}
    noted = About(name, simulated, zone)
    root = store_facts(tables, found.quarantine, _digests(file), noted, output, code_digest())
    told = {
        "party": found.facts.parties.num_rows,
        "relation": found.facts.relations.num_rows,
        "quarantined": found.quarantine.num_rows,
        "skipped": dict(found.skipped),
        "root": root,
    }
    if as_json:
        printing.as_json(told)
    else:
        storing.imported(told, out, lang)


def _digests(file: Path) -> dict[str, str]:
    """SHA-256 of each file that was read, by its path in the folder."""
    folder = DiskFolder(file if file.is_dir() else file.parent)
    names = folder.names() if file.is_dir() else [file.name]
    return {name: folder.digest(name) for name in names}


def export_command(  # noqa: PLR0913 - a command has a parameter per option
    to: Annotated[Path, typer.Argument(help="The file or folder to write.")],
    *,
    form: FormatName,
    out: Out = FOLDER,
    publisher: Annotated[
        str, typer.Option("--publisher", help="Who publishes, where the format says so.")
    ] = "Headrace",
    currency: Annotated[str, typer.Option("--currency", help="Of amounts.")] = "CNY",
    zone: Zone = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Write parties and relations in another format, and say what it cannot express."""
    chosen = FORMATS[one_of(form, FORMATS, "--format")]
    store = FactStore(out)
    days = day_zone(zone or about(DiskFolder(out)).zone)
    facts = GraphFacts(store.read(PARTY.kind), store.read(RELATION.kind))
    if chosen.folder:
        try:
            to.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the folder cannot be made: {error.strerror}",
                where=str(to),
                remedy="name another",
            ) from error
    day = instant_of(now()).date()
    found = chosen.write(facts, to, Publishing(publisher, day, days, currency))
    if as_json:
        lost = [{"what": e.what, "rows": e.rows, "example": e.example} for e in found.lost]
        printing.as_json({"party": found.parties, "relation": found.relations, "lost": lost})
    else:
        storing.exported(found, to, lang)


@on_graph
def explore_command(
    asked: Asked,
    parties: Annotated[
        list[str] | None, typer.Argument(help="Whom to show first; none: who has most findings.")
    ] = None,
    *,
    depth: Annotated[int, typer.Option("--depth", min=1, max=6, help="Steps from them.")] = 2,
    page: Annotated[Path, typer.Option("--to", help="The page to write.")] = Path("graph.html"),
) -> None:
    """Write a page that shows parties and what is between them; it works offline."""
    view = asked.view
    found = findings_of(view)
    focus = list(parties or ()) or [busiest(found, view)]
    near = neighbourhood(view.statements, focus, view.known, Reach(depth=depth))
    title = view.snapshot.parties.label(view.snapshot.node(focus[0]))
    shown = Exploration(
        title=Words(f"Relations of {title}", f"{title} 的关系"),
        parties=near.parties,
        edges=near.edges,
        findings=page_findings(found, near, view.snapshot.version),
        focus=focus[0],
        as_of=view.moment,
        zone=asked.zone,
        left_out=near.left_out,
        simulated=asked.simulated,
    )
    write_file(page, render_explorer(shown, asked.language))
    told = {"page": str(page), "parties": len(near.parties), "relations": len(near.edges)}
    asked.tell(told, lambda _language, _zone: printing.line(str(page)))

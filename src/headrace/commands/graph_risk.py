"""`headrace graph circles|flows|trace|shells`: structures of risk with the facts they rest on."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from headrace.adapters import printing, printing_graph
from headrace.commands.graph_files import (
    FOLDER,
    AsJson,
    AsOf,
    Known,
    Language,
    Out,
    Party,
    Zone,
    end_of,
    one_of,
    opened,
    show,
    start_of,
)
from headrace.facts.localtime import DAY_US, microseconds
from headrace.graph.relations.kinds import Kind
from headrace.graph.structures.breaking import Weight
from headrace.graph.structures.flows import FlowLimits
from headrace.graph.structures.tracing import Rule
from headrace.workflows.graph_communities import MEETINGS, around, communities, rings
from headrace.workflows.graph_structures import (
    circular,
    guarantee_circles,
    suspicious_shells,
    trace_loan,
)

FLOWING = {"transfers": Kind.TRANSFERS, "trades": Kind.TRADES}
RULES = {rule.name.lower(): rule for rule in Rule}
DAYS_MAX = 36_500


def circles_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    weigh: Annotated[
        str, typer.Option("--weigh", help="amount or count: what a replacement is small in.")
    ] = Weight.AMOUNT.value,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find guarantee circles, what is net in them, and which guarantees to replace."""
    chosen = Weight(one_of(weigh, [each.value for each in Weight], "--weigh"))
    asked = opened(out, as_of, known, zone)
    show(guarantee_circles(asked.view, chosen), lang, asked, as_json=as_json)


def flows_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    of: Annotated[str, typer.Option("--of", help="transfers or trades.")] = "transfers",
    length: Annotated[int, typer.Option("--length", min=2, help="Steps at most.")] = 6,
    days: Annotated[
        int, typer.Option("--days", min=1, max=DAYS_MAX, help="From first to last.")
    ] = 30,
    percent: Annotated[
        int, typer.Option("--percent", min=0, help="Amounts this near to the first one's.")
    ] = 10,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find money or goods that came back to where they set out, in order of time."""
    kind = FLOWING[one_of(of, FLOWING, "--of")]
    limits = FlowLimits(length_max=length, span_us=days * DAY_US, percent_max=percent)
    asked = opened(out, as_of, known, zone)
    found, whole = circular(asked.view, kind, limits)
    show(found, lang, asked, as_json=as_json)
    if not (whole or as_json):
        printing_graph.say("work_limit", lang)


def trace_command(  # noqa: PLR0913 - a command has a parameter per option
    borrower: Party,
    *,
    day: Annotated[
        datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="When the loan was paid out.")
    ],
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    rule: Annotated[
        str, typer.Option("--rule", help="fifo, proportional or loan_first.")
    ] = Rule.FIFO.name.lower(),
    days: Annotated[
        int, typer.Option("--days", min=1, max=DAYS_MAX, help="How long to look.")
    ] = 90,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Follow a loan through transfers: where it ended, and what came back."""
    chosen = RULES[one_of(rule, RULES, "--rule")]
    asked = opened(out, as_of, known, zone)
    span = microseconds(start_of(day, asked.zone)), microseconds(end_of(day, asked.zone))
    found = trace_loan(asked.view, borrower, span, chosen, days)
    if as_json:
        printing.as_json(
            {
                **{
                    name: value
                    for name, value in asdict(found).items()
                    if name not in ("steps", "ends")
                },
                "paid": found.paid.isoformat(),
                "steps": found.steps.to_pylist(),
                "ends": found.ends.to_pylist(),
            }
        )
    else:
        printing_graph.loan(found, lang, asked.zone)


def shells_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    points: Annotated[int, typer.Option("--points", min=0, help="With this many at least.")] = 40,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find firms with signs of a shell, each sign with its points and facts."""
    asked = opened(out, as_of, known, zone)
    found = suspicious_shells(asked.facts, asked.view, points)
    show(found, lang, asked, as_json=as_json)


def rings_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="uses, transfers, trades, guarantees, lends; repeatable."),
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find dense rings: parties that met over things, or dealt, more closely than chance."""
    names = {kind.name.lower(): kind for kind in MEETINGS}
    kinds = [names[one_of(each, names, "--of")] for each in of or names]
    asked = opened(out, as_of, known, zone)
    show(rings(asked.view, kinds), lang, asked, as_json=as_json)


def communities_command(  # noqa: PLR0913 - a command has a parameter per option
    party: Annotated[
        str | None, typer.Argument(help="Only what is grown around this party.")
    ] = None,
    *,
    out: Out = FOLDER,
    as_of: AsOf = None,
    known: Known = None,
    zone: Zone = None,
    parties: Annotated[
        int, typer.Option("--parties", min=1, help="Communities of this many at least.")
    ] = 3,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Find communities: of everybody, or the one that triangles tie to a party."""
    asked = opened(out, as_of, known, zone)
    found = communities(asked.view, parties) if party is None else around(asked.view, party)
    show(found, lang, asked, as_json=as_json)

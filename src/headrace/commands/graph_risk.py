"""`headrace graph circles|flows|trace|shells`: structures of risk with the facts they rest on."""

from datetime import datetime
from functools import partial
from typing import Annotated

import typer

from headrace.adapters.printing.graph import risk, words
from headrace.commands.graph_files import Asked, Party, end_of, on_graph, one_of, start_of
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


@on_graph
def circles_command(
    asked: Asked,
    *,
    weigh: Annotated[
        str, typer.Option("--weigh", help="amount or count: what a replacement is small in.")
    ] = Weight.AMOUNT.value,
) -> None:
    """Find guarantee circles, what is net in them, and which guarantees to replace."""
    chosen = Weight(one_of(weigh, [each.value for each in Weight], "--weigh"))
    asked.show(guarantee_circles(asked.relations, chosen))


@on_graph
def flows_command(
    asked: Asked,
    *,
    of: Annotated[str, typer.Option("--of", help="transfers or trades.")] = "transfers",
    length: Annotated[int, typer.Option("--length", min=2, help="Steps at most.")] = 6,
    days: Annotated[
        int, typer.Option("--days", min=1, max=DAYS_MAX, help="From first to last.")
    ] = 30,
    percent: Annotated[
        int, typer.Option("--percent", min=0, help="Amounts this near to the first one's.")
    ] = 10,
) -> None:
    """Find money or goods that came back to where they set out, in order of time."""
    kind = FLOWING[one_of(of, FLOWING, "--of")]
    limits = FlowLimits(length_max=length, span_us=days * DAY_US, percent_max=percent)
    view = asked.view if kind is Kind.TRADES else asked.relations
    found, whole = circular(view, kind, limits)
    asked.show(found)
    if not (whole or asked.as_json):
        words.say("work_limit", asked.language)


@on_graph
def trace_command(
    asked: Asked,
    borrower: Party,
    *,
    day: Annotated[
        datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="When the loan was paid out.")
    ],
    rule: Annotated[
        str, typer.Option("--rule", help="fifo, proportional or loan_first.")
    ] = Rule.FIFO.name.lower(),
    days: Annotated[
        int, typer.Option("--days", min=1, max=DAYS_MAX, help="How long to look.")
    ] = 90,
) -> None:
    """Follow a loan through transfers: where it ended, and what came back."""
    chosen = RULES[one_of(rule, RULES, "--rule")]
    span = microseconds(start_of(day, asked.zone)), microseconds(end_of(day, asked.zone))
    found = trace_loan(asked.relations, borrower, span, chosen, days)
    value = {
        "borrower": found.borrower,
        "amount": found.amount,
        "paid": found.paid.isoformat(),
        "returned": found.returned,
        "whole": found.whole,
        "steps": found.steps.to_pylist(),
        "ends": found.ends.to_pylist(),
    }
    asked.tell(value, partial(risk.loan, found))


@on_graph
def shells_command(
    asked: Asked,
    *,
    points: Annotated[int, typer.Option("--points", min=0, help="With this many at least.")] = 40,
) -> None:
    """Find firms with signs of a shell, each sign with its points and facts."""
    asked.show(suspicious_shells(asked.facts, asked.view, points))


@on_graph
def rings_command(
    asked: Asked,
    *,
    of: Annotated[
        list[str] | None,
        typer.Option("--of", help="uses, transfers, trades, guarantees, lends; repeatable."),
    ] = None,
) -> None:
    """Find dense rings: parties that met over things, or dealt, more closely than chance."""
    names = {kind.name.lower(): kind for kind in MEETINGS}
    kinds = [names[one_of(each, names, "--of")] for each in of or names]
    view = asked.view if Kind.TRADES in kinds else asked.relations
    asked.show(rings(view, kinds))


@on_graph
def communities_command(
    asked: Asked,
    party: Annotated[
        str | None, typer.Argument(help="Only what is grown around this party.")
    ] = None,
    *,
    parties: Annotated[
        int, typer.Option("--parties", min=1, help="Communities of this many at least.")
    ] = 3,
) -> None:
    """Find communities: of everybody, or the one that triangles tie to a party."""
    found = communities(asked.view, parties) if party is None else around(asked.view, party)
    asked.show(found)

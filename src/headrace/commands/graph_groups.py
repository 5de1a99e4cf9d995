"""`headrace graph groups|limits|room|diff`: groups for limits, with rules, proofs and facts."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.events import check_writable
from headrace.adapters.group_sheet import group_sheet
from headrace.adapters.printing.graph import groups as for_people
from headrace.adapters.user_files import read_text, write_file
from headrace.commands.graph_files import Asked, Party, on_graph, read_columns
from headrace.errors import InputError
from headrace.graph.groups.basis import Codes
from headrace.graph.groups.limits import Capital
from headrace.graph.groups.rules import RuleBook, read_rules
from headrace.money import to_minor
from headrace.workflows.graph_groups import (
    groups_at,
    member_table,
    move_table,
    room_table,
    use_table,
)
from headrace.workflows.graph_identity import merged_codes
from headrace.workflows.graph_view import GraphView

Rules = Annotated[
    Path | None,
    typer.Option("--rules", help="The bank's own rules; `graph rules-text` prints ours."),
]
CAPITAL_MAX = 10**17  # minor units: a quadrillion; limits are sums of 64 bits
Bank = Annotated[str | None, typer.Option("--bank", help="Code of the bank: its related parties.")]
Identity = Annotated[
    Path | None,
    typer.Option("--identity", help="Parquet of `graph identify --to`: codes that are one firm."),
]
Tier1 = Annotated[str | None, typer.Option("--tier1", help="Tier 1 net capital, major units.")]
Net = Annotated[str | None, typer.Option("--net", help="Net capital, major units.")]
Quarter = Annotated[
    str | None, typer.Option("--quarter", help="Net capital at the last quarter's end.")
]


@on_graph
def groups_command(  # noqa: PLR0913 - a command has a parameter per option
    asked: Asked,
    party: Annotated[str | None, typer.Argument(help="Only groups that it is in.")] = None,
    *,
    rules: Rules = None,
    bank: Bank = None,
    identity: Identity = None,
    tier1: Tier1 = None,
    net: Net = None,
    quarter: Quarter = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write a workbook in the style of G14.")
    ] = None,
) -> None:
    """Show groups: one customer, group customers, dependents, related parties; with proofs."""
    if sheet is not None:
        _check_workbook(sheet)
    merged = _merged(asked.relations, identity)
    book = groups_at(asked.relations, _rules(rules), bank, asked.zone, merged)
    found = member_table(book.groups, party)
    if sheet is not None:
        write_file(sheet, group_sheet(book.groups, book.exposures, _capital(tier1, net, quarter)))
    if asked.as_json:
        printing.table_as_json(found)
    else:
        asked.tell({}, partial(for_people.groups, found))


@on_graph
def limits_command(  # noqa: PLR0913 - a command has a parameter per option
    asked: Asked,
    *,
    rules: Rules = None,
    bank: Bank = None,
    identity: Identity = None,
    tier1: Tier1 = None,
    net: Net = None,
    quarter: Quarter = None,
) -> None:
    """Show how much of each limit each customer and group uses, the fullest first."""
    merged = _merged(asked.relations, identity)
    book = groups_at(asked.relations, _rules(rules), bank, asked.zone, merged)
    found = use_table(book, _capital(tier1, net, quarter))
    asked.show(found, people=for_people.limits)


@on_graph
def room_command(  # noqa: PLR0913 - a command has a parameter per option
    asked: Asked,
    party: Party,
    *,
    rules: Rules = None,
    bank: Bank = None,
    identity: Identity = None,
    tier1: Tier1 = None,
    net: Net = None,
    quarter: Quarter = None,
) -> None:
    """Show how much more may be lent to a party under each limit, the tightest first."""
    merged = _merged(asked.relations, identity)
    book = groups_at(asked.relations, _rules(rules), bank, asked.zone, merged)
    found = room_table(book, _capital(tier1, net, quarter), party)
    asked.show(found, people=for_people.limits)


@on_graph
def diff_command(
    asked: Asked,
    *,
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The earlier day.")
    ],
    rules: Rules = None,
    bank: Bank = None,
    identity: Identity = None,
) -> None:
    """Show who joined or left a group since a day, and the facts that moved them."""
    book = _rules(rules)
    merged = _merged(asked.relations, identity)
    before, after = (
        groups_at(view, book, bank, asked.zone, merged).groups
        for view in (asked.at(since), asked.relations)
    )
    asked.show(move_table(before, after, book, asked.zone), people=for_people.moves)


def rules_text_command(
    to: Annotated[Path | None, typer.Option("--to", help="Write them to this file.")] = None,
) -> None:
    """Print the rules for groups and limits as they ship, to be edited: see --rules."""
    if to is None:
        printing.line(_shipped())
    else:
        write_file(to, _shipped().encode("utf-8"))


def _check_workbook(path: Path) -> None:
    if path.suffix.lower() != ".xlsx":
        raise InputError(
            f"a workbook cannot end in {path.suffix or 'nothing'}",
            where=f"--sheet {path}",
            remedy=f"name it {path.stem or 'g14'}.xlsx",
        )
    check_writable(path)


def _merged(view: GraphView, path: Path | None) -> Codes | None:
    if path is None:
        return None
    remedy = "write it with `headrace graph identify --to identity.parquet`"
    table = read_columns(path, ("entity", "party", "canonical"), remedy)
    return merged_codes(table, view.snapshot.names)


def _rules(path: Path | None) -> RuleBook:
    if path is None:
        return read_rules(_shipped(), "rules_cn.toml")
    return read_rules(read_text(path), str(path))


def _shipped() -> str:
    return (files("headrace.graph.groups") / "rules_cn.toml").read_text(encoding="utf-8")


def _capital(tier1: str | None, net: str | None, quarter: str | None) -> Capital:
    given = {"--tier1": tier1, "--net": net, "--quarter": quarter}
    return Capital(*(_amount(text, option) for option, text in given.items()))


def _amount(text: str | None, option: str) -> int | None:
    """Minor units of an amount in yuan; None where none is given."""
    if text is None:
        return None
    try:
        minor = to_minor(Decimal(text.replace(",", "")), "CNY")
    except (ArithmeticError, ValueError) as error:
        raise InputError(
            f"{text!r} is no amount of money", where=option, remedy="in yuan: 5000000000"
        ) from error
    if not 0 < minor <= CAPITAL_MAX:
        raise InputError(
            f"{text!r} is no capital", where=option, remedy="above zero, in yuan: 5000000000"
        )
    return minor

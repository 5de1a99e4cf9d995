"""`headrace cases`: alerts as cases, each with an owner, a clock and an outcome.

Who does something is taken as given: whoever runs these commands must know who asks.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.policy_objects import entry_object
from headrace.adapters.printing import decisions as printing_decisions
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.wall_clock import now
from headrace.commands.options import AsJson, By, Comment, Language
from headrace.decisions.flow.lists import Entry
from headrace.errors import InputError
from headrace.monitor.cases import (
    Case,
    CaseEvent,
    Evidence,
    Outcome,
    State,
    assignment,
    closing,
    note,
    reopening,
)
from headrace.monitor.confirmed_fraud import fraud_reports, list_entry

app = typer.Typer(help="Alerts as cases: who works them, until when, and what they turned out.")

CASES = "cases.db"
ALL = "all"
REPORTED = ("customer", "terminal")

CaseBook = Annotated[
    str, typer.Option("--store", help="SQLite file, or postgresql:// address, with cases.")
]
CaseNumber = Annotated[int, typer.Argument(help="Number of the case.", min=1)]


@app.command("list")
def list_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    state: Annotated[
        str | None, typer.Option("--state", help="open, in_review, closed or all; else not closed.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only theirs.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only about them.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those past their time.")] = False,
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show cases, those that are due first at the top."""
    moment, states = now(), _states(state)
    found = [
        case
        for case in CaseStore.opened(store, create=False).cases()
        if case.state in states
        and owner in (None, case.owner)
        and customer in (None, case.customer)
        and (case.is_overdue(moment) or not overdue)
    ]
    found.sort(key=lambda case: (case.state is State.CLOSED, case.due, case.number))
    if as_json:
        printing.as_json([_object(case, moment) for case in found])
    else:
        printing_decisions.cases(found, moment, lang)


@app.command("show")
def show_command(
    number: CaseNumber,
    *,
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show a case: its alerts, and everything that happened."""
    _show(CaseStore.opened(store, create=False).case(number), lang, as_json=as_json)


@app.command("assign")
def assign_command(  # noqa: PLR0913 - a command has a parameter per option
    number: CaseNumber,
    *,
    to: Annotated[str, typer.Option("--to", help="Who is to work it.")],
    by: By,
    comment: Comment = "",
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Give a case to somebody; it is in review from then on."""
    moment = now()
    _record(
        store,
        number,
        lambda case: assignment(case, to, by, moment, comment),
        lang,
        as_json=as_json,
    )


@app.command("note")
def note_command(  # noqa: PLR0913 - a command has a parameter per option
    number: CaseNumber,
    *,
    by: By,
    comment: Comment = "",
    decisions: Annotated[
        list[str] | None, typer.Option("--decision", help="Id of a decision; repeatable.")
    ] = None,
    facts: Annotated[
        list[str] | None, typer.Option("--fact", help="Id of a fact; repeatable.")
    ] = None,
    files: Annotated[
        list[str] | None, typer.Option("--file", help="SHA-256 of a file; repeatable.")
    ] = None,
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Say something about a case, and what it rests on."""
    given = ((Evidence.DECISION, decisions), (Evidence.FACT, facts), (Evidence.FILE, files))
    evidence = [(kind, name) for kind, names in given for name in names or ()]
    moment = now()
    _record(
        store,
        number,
        lambda case: note(case, by, moment, comment, evidence),
        lang,
        as_json=as_json,
    )


@app.command("close")
def close_command(  # noqa: PLR0913 - a command has a parameter per option
    number: CaseNumber,
    *,
    outcome: Annotated[Outcome, typer.Option("--outcome", help="What it turned out to be.")],
    by: By,
    comment: Comment = "",
    black_list: Annotated[
        str | None, typer.Option("--list", help="Of fraud: say the entry of this list.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", help="For how long the entry holds.", min=1)
    ] = None,
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Close a case; of fraud, also say the list entry and the fraud reports that follow.

    Nothing but the case is written: lists have a book of their own, and facts their log.
    """
    if outcome is not Outcome.FRAUD and (black_list is not None or days is not None):
        raise InputError(
            "Only fraud puts a customer on a list", where="--list", remedy="Leave it out"
        )
    moment = now()
    case = CaseStore.opened(store, create=False).record(
        number, lambda case: closing(case, outcome, by, moment, comment)
    )
    entry = None if black_list is None else list_entry(case, black_list, _length(days))
    if as_json:
        printing.as_json(_object(case, moment) | _follows(case, entry))
        return
    printing_decisions.happened(case.events[-1], lang)
    if entry is not None:
        printing_decisions.entry_command(entry, lang)


@app.command("reopen")
def reopen_command(
    number: CaseNumber,
    *,
    by: By,
    comment: Annotated[str, typer.Option("--comment", help="Why.")],
    store: CaseBook = CASES,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Look at a closed case again; its clock starts anew."""
    moment = now()
    _record(store, number, lambda case: reopening(case, by, moment, comment), lang, as_json=as_json)


def _record(
    store: str, number: int, event_of: Callable[[Case], CaseEvent], lang: str, *, as_json: bool
) -> None:
    case = CaseStore.opened(store, create=False).record(number, event_of)
    if as_json:
        printing.as_json(_object(case, now()))
    else:
        printing_decisions.happened(case.events[-1], lang)


def _show(case: Case, lang: str, *, as_json: bool) -> None:
    moment = now()
    if as_json:
        printing.as_json(_object(case, moment))
    else:
        printing_decisions.case(case, moment, lang)


def _object(case: Case, moment: int) -> dict[str, Any]:
    return case.to_dict() | {"overdue": case.is_overdue(moment)}


def _length(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _follows(case: Case, entry: Entry | None) -> dict[str, Any]:
    """What follows from fraud: an entry where a list is named, and facts for the log."""
    if case.outcome is not Outcome.FRAUD:
        return {}
    times = ("event_time", "known_time")
    reports = [
        row | {name: row[name].isoformat() for name in times}
        for row in fraud_reports(case, REPORTED)
    ]
    return {"list_entry": None if entry is None else entry_object(entry), "fraud_reports": reports}


def _states(asked: str | None) -> frozenset[State]:
    """The states that --state names; all but closed where it names none.

    Raises:
        InputError: There is no such state.
    """
    if asked is None:
        return frozenset(State) - {State.CLOSED}
    if asked != ALL and asked not in list(State):
        raise InputError(
            f"{asked!r} is no state", where="--state", remedy="open, in_review, closed or all"
        )
    return frozenset(State) if asked == ALL else frozenset({State(asked)})

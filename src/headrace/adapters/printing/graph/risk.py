"""Where a loan went, for people."""

from headrace.adapters.printing import console_now
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.grids import day, table
from headrace.money import format_minor
from headrace.workflows.graph_structures import LoanTrace


def loan(found: LoanTrace, language: str, zone: str) -> None:
    """Where a loan went: what came back, each step, each end."""
    amounts = {"amount": found.amount, "back": found.returned}
    told = {name: format_minor(minor, "CNY") for name, minor in amounts.items()}
    words.say("traced", language, day=day(found.paid, zone), **told)
    console_now().print()
    table(found.steps, language, zone)
    console_now().print()
    table(found.ends, language, zone)
    if not found.whole:
        words.say("work_limit", language)

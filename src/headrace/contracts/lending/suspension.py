"""Interest that is kept off income (非应计、表外利息): after how many days, and how it is booked.

Once a loan is overdue for longer than the rule allows, interest that was taken into income and not
paid is taken out again and kept off the balance sheet; later interest goes there at once. What is
paid of it is income on the day. `suspension_cn.toml` holds the rules with their sources.
"""

from datetime import date
from functools import cache
from importlib.resources import files

from headrace.contracts.conventions.cited import Rule, loaded, rule_of, sources_of

FILE = "suspension_cn.toml"
INCOME = {"interest_receivable": "interest_income", "penalty_receivable": "penalty_income"}
"""What is owed and unpaid, and the income it was; both by role."""
OFF_INCOME = ("interest_suspended", "memorandum")
"""Debit and credit of interest that is owed and is no income."""


@cache
def suspension_rules() -> tuple[Rule, ...]:
    """The rules that ship; `value` is in days."""
    text = files(__package__).joinpath(FILE).read_text("utf-8")
    document = loaded(text, FILE, ("source", "rule"))
    sources = sources_of(document, FILE)
    return tuple(rule_of(each, sources, FILE) for each in document["rule"])


def suspension_rule(on: date) -> Rule | None:
    """The rule in force on a day; None before the first."""
    return next(
        (
            rule
            for rule in suspension_rules()
            if rule.effective_from <= on <= (rule.effective_until or date.max)
        ),
        None,
    )


def suspends_after(on: date) -> int | None:
    """The most days overdue with which interest is income, by the rule of a day; None: no rule."""
    rule = suspension_rule(on)
    return None if rule is None else int(rule.value)


def sides_off_income(debit: str, credit: str) -> tuple[tuple[str, str], ...]:
    """The debits and credits that stand for one while interest is kept off income.

    What is earned goes off the balance sheet, what is paid is income, and what is written off was
    no asset; every other movement stays as it is.
    """
    if debit in INCOME:
        return (OFF_INCOME,)
    if credit not in INCOME:
        return ((debit, credit),)
    gone = OFF_INCOME[::-1]
    return (gone,) if debit == "loss_allowance" else ((debit, INCOME[credit]), gone)

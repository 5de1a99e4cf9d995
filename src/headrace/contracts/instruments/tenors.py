"""How long a voucher or bill may run, as dated and cited data (`papers_cn.toml`)."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.instruments.acts import PaperKind


@dataclass(frozen=True)
class Tenor:
    """A longest term.

    Attributes:
        months_max: From the day of issue; a later due day is refused.
        months_usual: What the rule calls for in principle.
        effective_from: First day in force.
        read: What was read of it; not the official text unless `verified`.
    """

    paper: PaperKind
    zh: str
    en: str
    months_max: int
    months_usual: int
    effective_from: date
    source: str
    number: str
    read: str
    verified: bool


@cache
def tenors() -> tuple[Tenor, ...]:
    """The rules that ship."""
    text = files(__package__).joinpath("papers_cn.toml").read_text(encoding="utf-8")
    return tuple(
        Tenor(**{**entry, "paper": PaperKind[entry["paper"].upper()]})
        for entry in tomllib.loads(text)["tenor"]
    )


def due_latest(paper: PaperKind, issued: date, rules: tuple[Tenor, ...]) -> date:
    """The last due day that rules in force on the day of issue allow; `date.max`: none is."""
    allowed = [
        months_after(issued, rule.months_max)
        for rule in rules
        if rule.paper == paper and rule.effective_from <= issued
    ]
    return min(allowed, default=date.max)


def beyond_usual(paper: PaperKind, issued: date, due: date) -> tuple[Tenor, ...]:
    """The rules that ship and in principle call for an earlier due day: a question, no refusal."""
    return tuple(
        rule
        for rule in tenors()
        if rule.paper == paper
        and rule.effective_from <= issued
        and due > months_after(issued, rule.months_usual)
    )

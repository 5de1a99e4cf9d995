"""How trouble of one party reaches others, for people: the assumptions first."""

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.grids import table
from headrace.money import format_minor
from headrace.workflows.graph_contagion import Assumptions, Failure, Late, Sampled


def _assumptions(given: Assumptions, language: str) -> None:
    """What facts do not say, and is assumed."""
    told = words.word(
        "assumed",
        language,
        buffer=f"{given.buffer:.0%}",
        margin=f"{given.margin:.0%}",
        recovery=f"{given.recovery:.0%}",
        terms=given.terms_days,
    )
    console_now().print(f"[dim]{safe(told)}[/]", soft_wrap=True)


def failure(found: Failure, given: Assumptions, language: str, zone: str) -> None:
    """Who loses when parties fail, and along which relations."""
    _assumptions(given, language)
    words.say("lost_in_all", language, amount=format_minor(found.total, "CNY"), count=found.failed)
    console_now().print()
    table(found.losses, language, zone)
    console_now().print()
    table(found.edges, language, zone)


def late(found: Late, given: Assumptions, language: str, zone: str) -> None:
    """Who runs short of cash when parties pay late."""
    _assumptions(given, language)
    words.say("paid_late", language, amount=format_minor(found.delayed_minor, "CNY"))
    console_now().print()
    table(found.short, language, zone)


def drawn(found: Sampled, given: Assumptions, language: str, _zone: str) -> None:
    """How many fail, and what the bank loses, over random scenarios."""
    _assumptions(given, language)
    console = console_now()
    words.say("scenarios", language, count=found.scenarios)
    for key, band in (("failures", found.failures), ("bank_loss", found.loss)):
        money = key == "bank_loss"
        shown = [_figure(value, money=money) for value in (band.mean, band.error)]
        console.print(f"[bold]{words.word(key, language)}[/] {shown[0]} ± {shown[1]}")
        for level, (value, low, high) in band.quantiles.items():
            each = [_figure(one, money=money) for one in (value, low, high)]
            console.print(f"  {level:.0%}: {each[0]} ({each[1]} – {each[2]})")


def _figure(value: float, *, money: bool) -> str:
    return format_minor(round(value), "CNY") if money else f"{value:.4g}"

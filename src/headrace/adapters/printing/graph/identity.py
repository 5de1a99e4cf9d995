"""Why codes are one firm, or not, for people."""

from collections.abc import Sequence

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.graph.identity.resolver import Match


def matches(found: Sequence[Match], language: str, *, same: bool) -> None:
    """Why two codes are one firm, or not: the evidence of each step, in bits."""
    console = console_now()
    console.print(f"[bold]{words.word('one_firm' if same else 'two_firms', language)}[/]")
    for match in found:
        console.print(f"{safe(match.left)} = {safe(match.right)}: {match.bits:+.1f} bits, "
                      f"{match.probability:.4%}")  # fmt: skip
        for step in match.steps:
            told = f"{words.value('field', step.field, language)}: {step.level}"
            console.print(f"  [dim]{step.bits:+6.1f}  {safe(told)}[/]")
        for said in match.judgements:
            console.print(f"  {safe(f'{said.verdict}: {said.by}, {said.why}')}")

"""Owners and controllers for people, each with its proof."""

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.connections import heading
from headrace.adapters.printing.graph.grids import table
from headrace.graph.ownership.rulesets import RuleSet
from headrace.workflows.graph_ownership import Owned
from headrace.workflows.graph_view import GraphView


def owned(found: Owned, rules: RuleSet, view: GraphView, language: str, zone: str) -> None:
    """Who owns and controls a party, each with its proof."""
    parties = view.snapshot.parties
    heading(parties.label(parties.find(found.party)), view, language, zone)
    console = console_now()
    proofs = iter(found.proofs)
    for key, data in (
        ("holders", found.holders),
        ("control", found.control),
        ("beneficial", found.beneficial),
    ):
        console.print(f"\n[bold]{words.word(key, language)}[/]")
        if key == "beneficial":
            console.print(f"[dim]{safe(rules.title)}[/]")
            if not rules.verified:
                words.say("unverified", language)
        left_out = [name for name in ("rules", "verified") if name in data.column_names]
        table(data.drop_columns(left_out), language, zone)
        if key == "holders":
            continue
        for _, proof in zip(range(data.num_rows), proofs, strict=False):
            for step in proof.lines:
                console.print(f"  [dim]{safe(step)}[/]", soft_wrap=True)
            console.print(f"    [dim]{safe(', '.join(proof.facts))}[/]", soft_wrap=True)
    for english, chinese in found.findings:
        console.print(f"[yellow]! {safe(chinese if language == 'zh' else english)}[/]")

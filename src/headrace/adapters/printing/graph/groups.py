"""Groups, limits and moves for people, with the rule, the article and what they rest on."""

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.grids import table

_GIVEN_BY = {"tier1_net": "--tier1", "net": "--net", "prior_quarter_net": "--quarter"}
"""By which option each capital is given."""


def groups(found: pa.Table, language: str, zone: str) -> None:
    """Groups, each with its members, the rule and the article, and what it rests on."""
    console = console_now()
    if not found.num_rows:
        words.say("none", language)
    head = None
    for row in found.to_pylist():
        if (row["kind"], row["head"]) != head:
            head = row["kind"], row["head"]
            name = row["head_name"] or row["head"]
            title = f"{words.word(row['kind'], language)}: {name} ({row['head']})"
            console.print(f"\n[bold]{safe(title)}[/]", soft_wrap=True)
        rule = row["rule_zh"] if language == "zh" else row["rule_en"]
        sure = words.word("certain" if row["certain"] else "possible", language)
        number = f" {row['number']}" if row["number"] else ""
        read = "" if row["verified"] else f" [{words.word('not_read', language)}]"
        member = f"{row['member_name'] or row['member']} ({row['member']})"
        console.print(safe(f"  {member}  {sure}: {rule}{number}"), soft_wrap=True)
        console.print(f"    [dim]{safe(row['article'] + read)}[/]", soft_wrap=True)
        for step in row["proof_zh" if language == "zh" else "proof_en"]:
            console.print(f"    [dim]{safe(step)}[/]", soft_wrap=True)


def limits(found: pa.Table, language: str, zone: str) -> None:
    """Limits with what is used of them, and which capital was not given."""
    table(found.drop_columns(["capital"]), language, zone)
    unknown = found.filter(pc.is_null(found["limit_minor"]))["capital"]
    for capital in dict.fromkeys(unknown.to_pylist()):
        words.say("no_capital", language, which=words.value("capital", capital, language),
                  option=_GIVEN_BY[capital])  # fmt: skip


def moves(found: pa.Table, language: str, zone: str) -> None:
    """Who joined or left, and why; codes where there is no name."""
    named = [
        pc.coalesce(found[f"{end}_name"], found[end]).combine_chunks() for end in ("head", "member")
    ]
    shown = found.drop_columns(["head_name", "member_name", "rules", "searched"])
    for end, names in zip(("head", "member"), named, strict=True):
        shown = shown.set_column(shown.column_names.index(end), end, names)
    table(shown, language, zone)

"""Write the reference pages that are derived from the code: `python docs/generate.py`.

A test holds the pages to what this script would write.
"""

from pathlib import Path

import click
import typer

from headrace.cli import app
from headrace.facts.kinds import KINDS
from headrace.facts.rules import document as document_rules
from headrace.facts.schema import document
from headrace.pack import Pack
from headrace.packs import load
from headrace.scores.card import Transform

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py; edit the code, not this page. -->\n\n"


def facts_page() -> str:
    """Kinds of fact and rules."""
    kinds = "\n".join(document(schema) for schema in KINDS.values())
    return (
        f"{NOTE}# Facts and rules\n\n## Kinds of fact\n\n{kinds}\n## Rules\n\n"
        "Every rule by which a source row is changed, set aside or remarked on.\n\n"
        f"{document_rules()}"
    )


def pack_page(pack: Pack) -> str:
    """Features, card, classes and reasons of a pack."""
    lines = [f"{NOTE}# The {pack.name} pack {pack.title.zh}\n", "## Features\n"]
    lines += ["| feature | 名称 | unit | definition |", "|---|---|---|---|"]
    lines += [
        f"| `{f.name}` {f.en} | {f.zh} | {f.unit.value} | {f.read_aloud()} |" for f in pack.features
    ]
    lines += ["\n## Scorecard\n", "| term | transformed | clipped to |", "|---|---|---|"]
    for term in pack.card.terms:
        low = "" if term.low is None else f"{term.low:g}"
        high = "" if term.high is None else f"{term.high:g}"
        how = "logarithm" if term.transform is Transform.LOG else "as it is"
        lines.append(f"| `{term.feature}` | {how} | {low} … {high} |")
    lines += ["\n## Rating classes\n", "| class | probability of default up to |", "|---|---|"]
    lines += [
        f"| {name} | {bound:.0%} |"
        for name, bound in zip(pack.scale.classes, pack.scale.pd_max, strict=True)
    ]
    lines += ["\n## Reasons of a decision\n", "| code | English | 中文 |", "|---|---|---|"]
    lines += [f"| `{code}` | {text.en} | {text.zh} |" for code, text in pack.reasons.items()]
    lines += ["\n## What every report states\n"]
    lines += [f"- {text.en}\n- {text.zh}" for text in pack.cautions]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Every command with its options."""
    command = typer.main.get_command(app)
    lines = [f"{NOTE}# Command line\n", f"{command.help}\n"]
    for name, each in _commands(command, "headrace"):
        lines += [f"## {name}\n", f"{each.help or ''}\n"]
        rows = [_option(parameter) for parameter in each.params if parameter.name != "help"]
        if rows:
            lines += ["| option | default | what |", "|---|---|---|", *rows, ""]
    return "\n".join(lines) + "\n"


def _commands(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(name, command)]
    return [found for key, each in inner.items() for found in _commands(each, f"{name} {key}")]


def _option(parameter: click.Parameter) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    if parameter.param_type_name == "argument":
        names = f"`{parameter.human_readable_name}`"
    shown = parameter.default
    default = "required" if parameter.required else "" if shown in (None, False, [], ()) else shown
    return f"| {names} | {default} | {getattr(parameter, 'help', '') or ''} |"


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {
        "cli.md": cli_page(),
        "facts.md": facts_page(),
        "sme_invoices.md": pack_page(load("sme_invoices")),
    }


if __name__ == "__main__":
    for file, text in pages().items():
        (REFERENCE / file).write_text(text, encoding="utf-8")

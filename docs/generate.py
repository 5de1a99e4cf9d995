"""Write the reference pages that are derived from the code: `python docs/generate.py`.

A test holds the pages to what this script would write.
"""

import inspect
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer

from headrace.cli import app
from headrace.decisions.lending.stress import parse_scenarios
from headrace.decisions.tables.grid import write_grid
from headrace.decisions.tables.table import Table
from headrace.facts.kinds import KINDS
from headrace.facts.rules import document as document_rules
from headrace.facts.schema import document
from headrace.features.definition import Feature, Measure
from headrace.pack import Pack
from headrace.packs import PACKS, load
from headrace.scores.straight_card import Transform
from headrace.workflows.policy import parse_policy

REFERENCE = Path(__file__).parent / "reference"
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
NOTE = "<!-- Written by docs/generate.py; edit the code, not this page. -->\n\n"
TAKES = {str: "text", Path: "path", int: "whole number", float: "number", datetime: "YYYY-MM-DD"}
EXIT_STATUS = """\
## Exit status and environment

| status | meaning |
|---|---|
| 0 | done |
| 1 | something does not hold: `verify` found a problem |
| 2 | an input, option or file cannot be used; the message says what, where, and what is right |

With `--json` a command prints one JSON value on standard output and nothing else there. Progress
and errors go to standard error.

| variable | meaning |
|---|---|
| `HEADRACE_SIGNING_KEY` | file of the key that signs; else `~/.config/headrace/signing.key` |
| a name in `${…}` | filled into the `database` of a mapping: no password stands in a file |

A signing key is made on first use, and only its owner can read it.
"""


def facts_page() -> str:
    """Kinds of fact and rules."""
    kinds = "\n".join(document(schema) for schema in KINDS.values()).replace("<", "&lt;")
    return (
        f"{NOTE}# Facts and rules\n\n## Kinds of fact\n\n"
        "One Parquet file a kind, in `out/facts/`; in `headrace query` these are the tables. "
        "Money is in minor units (fen, 分), instants are in UTC.\n\n"
        f"{kinds}\n## Rules\n\n"
        "Every rule by which a source row is changed, set aside or remarked on.\n\n"
        "- *note*: the row is accepted; the rule, the number of rows and an example are reported\n"
        "- *duplicate* (重复): the row goes to `facts/duplicates.parquet`\n"
        "- *quarantine* (隔离): the row goes to `quarantine.csv`\n"
        "- *correction* (更正): the row takes back an invoice, or is one that was taken back\n\n"
        f"{document_rules()}"
    )


def pack_page(pack: Pack) -> str:
    """Features of a pack; card, classes, policy and reasons of one that lends."""
    lines = [f"{NOTE}# The {pack.name} pack {pack.title.zh}\n", f"{pack.title.en}.\n"]
    lines += ["## Features\n", "Money is in minor units.\n"]
    lines += _table(
        ("feature", "English", "中文", "unit", "events", "definition"),
        [
            (f"`{f.name}`", f.en, f.zh, f.unit.value, _table_name(pack, f), f.read_aloud())
            for f in pack.features
        ],
    )
    lines += _events(pack)
    if pack.lending is not None:
        lines += _lending(pack)
    lines += ["## Cautions\n"]
    lines += [f"- {text.en}\n- {text.zh}" for text in pack.cautions]
    return "\n".join(lines) + "\n"


def _events(pack: Pack) -> list[str]:
    """What the engines read: the columns of every table."""
    lines = ["## Events\n"]
    for table in pack.feature_set.tables:
        known = "at its time" if table.known is None else f"at its `{table.known}`"
        lines += [f"An event of `{table.name}` is known {known}; its key is {_spans(table.key)}.\n"]
        lines += _table(
            ("column", "holds"),
            [
                (f"`{c.name}`", f"{c.type.value}{', required' if c.required else ''}")
                for c in table.columns
            ]
            + [(f"`{each.name}`", f"`{each.expression}`") for each in table.derived],
        )
    return lines


def _table_name(pack: Pack, feature: Feature) -> str:
    """The table a measure reads; empty for what is made of other features, or of the graph."""
    if not isinstance(feature.definition, Measure):
        return ""
    return f"`{pack.feature_set.table_of(feature.definition).name}`"


def _spans(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{each}`" for each in names)


def _lending(pack: Pack) -> list[str]:
    lending = pack.require_lending()
    lines = ["## Scorecard\n"]
    lines += _table(
        ("term", "transformed", "clipped to"),
        [
            (
                f"`{term.feature}`",
                "logarithm" if term.transform is Transform.LOG else "as it is",
                _span(term.low, term.high),
            )
            for term in lending.card.terms
        ],
    )
    lines += ["## Rating classes 信用等级\n"]
    lines += _table(
        ("class", "probability of default up to"),
        [
            (name, f"{bound:.0%}")
            for name, bound in zip(lending.scale.classes, lending.scale.pd_max, strict=True)
        ],
    )
    lines += _policy(pack)
    lines += ["## Reasons of a decision\n"]
    lines += _table(
        ("code", "English", "中文"),
        [(f"`{code}`", text.en, text.zh) for code, text in lending.reasons.items()],
    )
    return lines


def cli_page() -> str:
    """Every command with its options."""
    command = typer.main.get_command(app)
    lines = [f"{NOTE}# Command line\n", f"{command.help}\n"]
    lines += _table(("option", "takes", "default", "what"), _options(command))
    for name, each in _commands(command, "headrace"):
        arguments = [p.name.upper() for p in each.params if p.param_type_name == "argument"]
        lines += [f"## {name}\n", f"{each.help or ''}\n"]
        lines += ["```text", " ".join([name, *arguments, "[options]"]), "```\n"]
        lines += _table(("option", "takes", "default", "what"), _options(each))
    return "\n".join([*lines, EXIT_STATUS])


def _policy(pack: Pack) -> list[str]:
    """The editable files as they ship."""
    files, policy = pack.require_lending().files, parse_policy(pack)
    guide = "[Change the policy](../guides/change-the-policy.md)"
    lines = ["## Policy as it ships 信贷政策\n"]
    lines += [f"`headrace policy export` writes these files. {guide} shows how to edit them.\n"]
    lines += ["### `policy.yaml`\n", "```yaml", files["policy.yaml"].strip(), "```\n"]
    for table in policy.tables.values():
        lines += [f"### `{table.file}`\n", f"{table.title_en}\n", f"{table.title_zh}\n"]
        lines += [f"Hit policy: {table.policy_text}.\n", *_rules(table, policy.kinds)]
    lines += ["### `economics.toml`\n", "```toml", files["economics.toml"].strip(), "```\n"]
    lines += ["### `scenarios.csv`\n"]
    scenarios = parse_scenarios(files["scenarios.csv"], "scenarios.csv")
    lines += _table(
        ("scenario", "English", "中文"),
        [(f"`{each.name}`", each.label_en, each.label_zh) for each in scenarios],
    )
    lines += [
        "### `industries.csv`\n",
        "Words in a name that tell the industry where the source does not; the topmost wins.\n",
    ]
    return lines


def _rules(table: Table, names: Mapping[str, str]) -> list[str]:
    """A decision table, each rule with its row in the spreadsheet."""
    header, *rules = write_grid(table, names)[-len(table.rules) - 1 :]
    head = ("row", *(cell.partition(":")[2] for cell in header))
    rows = zip(table.rules, rules, strict=True)
    return _table(head, [(str(rule.row), *cells) for rule, cells in rows])


def _commands(command: Any, name: str) -> list[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [(name, command)]
    return [found for key, each in inner.items() for found in _commands(each, f"{name} {key}")]


def _options(command: Any) -> list[tuple[str, ...]]:
    types = get_type_hints(inspect.unwrap(command.callback)) if command.params else {}
    return [_option(p, types[p.name]) for p in command.params if p.name != "help"]


def _option(parameter: Any, type_: Any) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    if parameter.param_type_name == "argument":
        names = f"`{parameter.name.upper()}`"
    takes = next((TAKES[each] for each in _plain(type_) if each in TAKES), "")
    takes += ", repeatable" if parameter.multiple else ""
    shown = "" if parameter.default in (None, False, [], ()) else f"`{parameter.default}`"
    default = "required" if parameter.required else shown
    return (names, takes, default, parameter.help or "")


def _plain(type_: Any) -> list[Any]:
    """A type and those inside it: text in a list of texts or None."""
    return [type_, *(inner for each in get_args(type_) for inner in _plain(each))]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return [lines[0], f"|{'---|' * len(head)}", *lines[1:], ""]


def _span(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:,g}'} … {'' if high is None else f'{high:,g}'}"


def performance_page() -> str:
    """What `make bench` measured last, subject by subject, and on what."""
    lines = [f"{NOTE}# Performance\n", "Measured by `make bench`. Equal hash: equal work.\n"]
    for path in sorted(RESULTS.glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        machine = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
        lines += [f"## {path.stem.capitalize()}\n", f"On: {machine}.\n"]
        head = ("metric", "value", "95 %", "bar", "holds", "peers", "data", "hash")
        lines += _table(head, [_measured(each) for each in found["results"]])
    return "\n".join(lines).rstrip("\n") + "\n"


def _measured(each: dict[str, Any]) -> tuple[str, ...]:
    """One result as a row of cells."""
    spread = " to ".join(f"{end:.3f}" for end in each.get("interval_95") or ())
    peers = ", ".join(f"{name} {value:,.4g}" for name, value in each["peers"].items())
    holds = "" if each["bar"] is None else ("yes" if each["holds"] else "**no**")
    value = f"{each['value']:,.4g} {each['unit']}"
    return (f"`{each['metric']}`", value, spread, each["bar"] or "", holds, peers, each["data"],
            f"`{each['hash']}`")  # fmt: skip


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    return {
        "cli.md": cli_page(),
        "facts.md": facts_page(),
        "performance.md": performance_page(),
        **{f"{name}.md": pack_page(load(name)) for name in PACKS},
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(__doc__)
    for file, text in pages().items():
        (REFERENCE / file).write_text(text, encoding="utf-8")

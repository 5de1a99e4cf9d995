"""What `headrace decide`, `replay` and `restate` found, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table

from headrace.adapters.live.decision_replay import Replayed
from headrace.adapters.printing import console_now, line
from headrace.decisions.flow.monitoring import Hits
from headrace.decisions.program.findings import Finding
from headrace.decisions.tables.table import Table as Rules
from headrace.workflows.late_truth import Differing

SHOWN = 20


def decided(told: Mapping[str, Any], found: pa.Table, refused: pa.Table) -> None:
    """How many decisions of which action, and why."""
    grid = Table(title="decisions", title_justify="left", box=None, pad_edge=False)
    for name, justify in (("action", "left"), ("count", "right"), ("most frequent reason", "left")):
        grid.add_column(name, justify=justify, no_wrap=name != "most frequent reason")  # type: ignore[arg-type]  # a literal
    for action, count in sorted(told["actions"].items(), key=lambda each: -each[1]):
        reasons = found.filter(pc.equal(found["action"], action))["reason"]
        counts = sorted(pc.value_counts(reasons).to_pylist(), key=lambda each: -each["counts"])
        grid.add_row(str(action), f"{count:,}", str(counts[0]["values"] or ""))
    console_now().print(grid)
    seconds = told["seconds"]
    line(
        f"{told['decisions']:,} decisions in {seconds:.1f} s, "
        f"{told['decisions'] / max(seconds, 1e-9):,.0f} a second, all on disk in {told['live']}"
    )
    if told["recovered"]:
        line(f"{told['recovered']:,} events were left without a decision before; they have one now")
    for name in sorted({*told["models_late"], *told["models_failed"]}):
        late, failed = told["models_late"].get(name, 0), told["models_failed"].get(name, 0)
        line(f"model {name}: late {late:,} times, failed {failed:,}; its fallback stood in")
    if told["cases_opened"] is not None:
        line(f"{told['cases_opened']:,} cases opened; next: headrace cases list")
    if refused.num_rows:
        line(f"{refused.num_rows:,} cells could not be read; their events are not decided")
    line(f"in force: policy {told['policy']}, version {told['in_force'][:12]}")
    line(f"next: headrace replay --live {told['live']}")


def replayed(found: Replayed) -> None:
    """How many were made again, how many differ, and why."""
    line(f"{found.decisions:,} replayed, {found.differ:,} differ")
    for cause in found.causes:
        line(f"cause: {cause}")
    if not found.differences:
        return
    grid = Table(box=None, pad_edge=False)
    for name in ("decision", "by", "what", "recorded", "made again"):
        grid.add_column(name)
    for each in found.differences[:SHOWN]:
        for name, one, other in each.fields[:4] or (("everything", "", "cannot be made"),):
            grid.add_row(each.decision, each.arm, name, str(one), str(other))
    console_now().print(grid)
    left = found.differ - min(len(found.differences), SHOWN)
    if left:
        line(f"and {left:,} more")


def restated(found: Differing, out: Path | None) -> None:
    """The decisions that would have differed, what is at stake first."""
    line(f"{found.decisions:,} decisions made again, {found.table.num_rows:,} would have differed")
    if found.exposure_minor is not None and found.table.num_rows:
        line(f"at stake together: {found.exposure_minor / 100:,.2f}")
        if found.without_exposure:
            line(f"{found.without_exposure:,} of them have no amount at stake on record")
    if not found.table.num_rows:
        return
    grid = Table(box=None, pad_edge=False)
    for name in ("decision", "customer", "was", "would be", "reason", "at stake", "because"):
        grid.add_column(name, justify="right" if name == "at stake" else "left")
    for row in found.table.slice(0, SHOWN).to_pylist():
        stake = row["exposure_minor"]
        grid.add_row(
            row["decision"],
            row["customer"],
            row["action_before"],
            row["action_after"],
            row["reason_after"] or row["results_changed"] or "",
            "" if stake is None else f"{stake / 100:,.2f}",
            _short(row["inputs_changed"] or ""),
        )
    console_now().print(grid)
    left = found.table.num_rows - SHOWN
    if left > 0:
        line(f"and {left:,} more; all of them with --out FILE" if out is None else f"all in {out}")


Watched = tuple[Rules, tuple[Hits, ...], tuple[Finding, ...]]


def hits_object(table: Rules, history: Sequence[Hits], found: Sequence[Finding]) -> dict[str, Any]:
    """How often the rules of a table spoke, for --json."""
    return {
        "table": table.name,
        "digest": table.digest(),
        "periods": [
            {"start": each.start, "end": each.end, "asked": each.asked, "silent": each.silent,
             "spoke": each.spoke.tolist()}
            for each in history
        ],
        "findings": [
            {"code": each.code, "rules": list(each.rules), "en": each.text_en, "zh": each.text_zh}
            for each in found
        ],
    }  # fmt: skip


def hits(watched: Sequence[Watched], language: str) -> None:
    """How often the rules of every table spoke, and what to look at."""
    zh = language == "zh"
    for table, history, found in watched:
        asked = sum(each.asked for each in history)
        titles = ("规则", "行", "条件", "命中", "占比") if zh else (
            "rule", "row", "asks", "spoke", "share"
        )  # fmt: skip
        grid = Table(title=f"{table.name}  {asked:,}", title_justify="left", box=None)
        for name in titles:
            grid.add_column(name, justify="left" if name in {"asks", "条件"} else "right")
        for number, rule in enumerate(table.rules, 1):
            spoke = sum(int(each.spoke[number - 1]) for each in history)
            share = f"{100 * spoke / asked:.2f} %" if asked else ""
            asks = _short(table.rule_text(number))
            grid.add_row(str(number), str(rule.row), asks, f"{spoke:,}", share)
        console_now().print(grid)
        for each in found:
            line(f"! {each.text_zh if zh else each.text_en}")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."

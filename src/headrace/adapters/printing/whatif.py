"""What `headrace simulate` prints for people, in English or Chinese."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from headrace.adapters.printing import console_now, safe
from headrace.money import format_minor
from headrace.pack import Text

WAYS_SHOWN = 8
RULES_SHOWN = 6
PARTS_SHOWN = 12
WORDS: Mapping[str, Text] = {
    "cases": Text("{cases:,} cases, {changed:,} change", "{cases:,} 个案例，{changed:,} 个改变"),
    "left_out": Text("{left_out:,} could not be used", "{left_out:,} 个无法使用"),
    "same": Text("nothing changes", "没有变化"),
    "old": Text("old", "旧策略"),
    "new": Text("new", "新策略"),
    "edited": Text("edited (searched half)", "调整后（搜索的一半）"),
    "difference": Text("difference", "差异"),
    "approval_rate": Text("approval rate", "批准率"),
    "price_mean": Text("price, mean", "价格（均值）"),
    "price_weighted": Text("price, by exposure", "价格（按敞口加权）"),
    "exposure_minor": Text("exposure", "敞口"),
    "expected_loss_minor": Text("expected loss", "预期损失"),
    "expected_loss_share": Text("expected loss, share", "预期损失率"),
    "realised_loss_minor": Text("realised loss", "实际损失"),
    "realised_loss_share": Text("realised loss, share", "实际损失率"),
    "realised_rate": Text("turned bad", "不良率"),
    "coverage": Text("known: pd, outcome", "已知：违约概率、结果"),
    "interval": Text("95 % intervals in brackets", "括号内为 95% 置信区间"),
    "who": Text("who changes", "谁会改变"),
    "by": Text("by {name}", "按 {name}"),
    "rules": Text("rules of the new policy, each alone", "新策略各规则的单独作用"),
    "approvals": Text("approvals", "批准数"),
    "fairness": Text("equal treatment by {name}", "{name} 各组的公平性"),
    "ratio": Text("ratio to {name}", "与 {name} 之比"),
    "below": Text("below four fifths", "低于五分之四"),
    "unsure": Text("may be below four fifths", "可能低于五分之四"),
    "good": Text("approved of the good", "好客户批准率"),
    "small": Text("few cases", "案例少"),
    "missing": Text("(missing)", "（缺失）"),
    "search": Text("search: {target}, table {table}", "搜索：{target}，规则表 {table}"),
    "exact": Text("the best of every threshold", "所有阈值中的最优"),
    "descent": Text(
        "{sweeps} sweeps over {bounds} numbers; a better one may be left",
        "对 {bounds} 个阈值扫描 {sweeps} 次；可能仍有更优解",
    ),
    "searched": Text("the half that was searched", "用于搜索的一半"),
    "held_out": Text("the other half", "另一半（未参与搜索）"),
    "holds": Text("the target is kept on the other half", "另一半上仍满足目标"),
    "broken": Text("the target is NOT kept on the other half", "另一半上不满足目标"),
    "title": Text("What if: two policies on one history", "假设分析：同一段历史上的两个策略"),
    "frontier": Text("What could be had", "可行边界"),
    "frontier_note": Text(
        "The line approves the cases of least expected loss first. A policy above it lets through "
        "riskier cases than it needs to for as many approvals, as this expected loss sees it.",
        "曲线按预期损失由低到高依次批准。位于曲线上方的策略，在同等批准率下放行了更高风险的案例（按此预期损失口径）。",
    ),
    "safest": Text("safest first", "风险由低到高"),
    "tried": Text("tried (searched half)", "搜索尝试点（一半数据）"),
    "counted": Text("decided", "起决定作用"),
    "no_change": Text("no number had to move", "无需调整任何阈值"),
}
FIGURES = (
    "approval_rate",
    "price_mean",
    "price_weighted",
    "expected_loss_share",
    "realised_rate",
    "realised_loss_share",
)
ALWAYS = ("approval_rate", "price_weighted", "expected_loss_share")
"""The three numbers: shown together, whether all are known or not."""

MONEY = ("exposure_minor", "expected_loss_minor", "realised_loss_minor")
NONE = "–"


def word(key: str, language: str, **values: Any) -> str:
    """A word or sentence in a language."""
    return WORDS[key].in_language(language).format(**values)


def simulated(told: Mapping[str, Any], language: str) -> None:
    """The three numbers side by side, who changes, what rules do, and what the search found.

    Args:
        told: See `headrace.workflows.simulate_policy.told`.
        language: "en" or "zh".
    """
    console = console_now()
    counts = word("cases", language, cases=told["cases"], changed=told["changed"])
    if told["left_out"]:
        counts += f"; {word('left_out', language, left_out=told['left_out'])}"
    console.print(f"[bold]{safe(told['source'])}[/]  {counts}", soft_wrap=True)
    console.print(_side_by_side(told["whole"], told["currency"], language))
    for name, parts in told["parts"].items():
        console.print(_parts(name, parts, language))
    if told["changed"]:
        _ways(console, told["moved"], language)
    if told["effects"]:
        console.print(_effects(told["effects"], told["currency"], language))
    for kind in told["fairness"]:
        console.print(_fairness(kind, language))
    if told["search"] is not None:
        _search(console, told, language)
    for note in told["notes"]:
        console.print(f"[dim]{safe(note[language])}[/]", soft_wrap=True)


def figure_text(figure: Mapping[str, Any], *, signed: bool = False) -> str:
    """A share in percent with its interval."""
    value = figure["value"]
    if value is None:
        return NONE
    text = f"{100 * value:{'+' if signed else ''}.2f}%"
    if figure["low"] is None:
        return text
    return f"{text} [{100 * figure['low']:.2f}, {100 * figure['high']:.2f}]"


def money_text(minor: int | None, currency: str) -> str:
    """An amount; a plain number where cases are counted."""
    if minor is None:
        return NONE
    return format_minor(minor, currency) if currency else f"{minor:,}"


def _side_by_side(each: Mapping[str, Any], currency: str, language: str) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), caption=word("interval", language))
    grid.caption_justify = "left"
    grid.add_column("")
    for name in ("old", "new", "difference"):
        grid.add_column(word(name, language), justify="right", style="bold" * (name == "new"))
    old, new, apart = each["old"], each["new"], each["differences"]
    for name in FIGURES:
        sides = [figure_text(side["figures"][name]) for side in (old, new)]
        if name in ALWAYS or sides != [NONE, NONE]:
            grid.add_row(
                word(name, language), *map(safe, sides), safe(figure_text(apart[name], signed=True))
            )
    for name in MONEY if currency else ():
        apart_by = new[name] - old[name]
        texts = [money_text(value, currency) for value in (old[name], new[name], apart_by)]
        grid.add_row(word(name, language), *texts)
    known = [f"{s['expected_known']:,}, {s['labelled']:,} / {s['approved']:,}" for s in (old, new)]
    grid.add_row(word("coverage", language), *known, "", style="dim")
    return grid


def _parts(name: str, parts: Sequence[Mapping[str, Any]], language: str) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), title=word("by", language, name=safe(name)))
    grid.title_justify = "left"
    grid.add_column("")
    for key in ("approval_rate", "price_weighted", "expected_loss_share", "realised_loss_share"):
        grid.add_column(word(key, language), justify="right")
    for part in parts[:PARTS_SHOWN]:
        cells = []
        for key in ("approval_rate", "price_weighted", "expected_loss_share",
                    "realised_loss_share"):  # fmt: skip
            old, new = (part[side]["figures"][key]["value"] for side in ("old", "new"))
            cells.append(NONE if old is None and new is None else f"{_share(old)} → {_share(new)}")
        mark = f" [dim]({word('small', language)})[/]" if part["small"] else ""
        value = word("missing", language) if part["value"] is None else part["value"]
        grid.add_row(f"{safe(value)}{mark}", *cells)
    if len(parts) > PARTS_SHOWN:
        grid.add_row(f"[dim]… {len(parts) - PARTS_SHOWN:,}[/]")
    return grid


def _share(value: float | None) -> str:
    return NONE if value is None else f"{100 * value:.2f}%"


def _ways(console: Console, moved: Sequence[Mapping[str, Any]], language: str) -> None:
    console.print(f"\n[bold]{word('who', language)}[/]")
    for way in moved[:WAYS_SHOWN]:
        console.print(
            f"  {way['count']:>9,}  {way['old']} → [bold]{way['new']}[/]  "
            f"{safe(way['old_by'] or NONE)} → {safe(way['new_by'] or NONE)}",
            soft_wrap=True,
        )
    if len(moved) > WAYS_SHOWN:
        console.print(f"  [dim]… {len(moved) - WAYS_SHOWN:,}[/]")


def _effects(effects: Sequence[Mapping[str, Any]], currency: str, language: str) -> Grid:
    grid = Grid(box=None, padding=(0, 2, 0, 0), title=word("rules", language))
    grid.title_justify = "left"
    grid.add_column("")
    grid.add_column("")
    grid.add_column(word("approvals", language), justify="right")
    grid.add_column(word("expected_loss_minor", language), justify="right")
    for each in effects[:RULES_SHOWN]:
        grid.add_row(
            safe(f"{each['table']} {each['rule']}"),
            safe(f"{each['text']} → {each['gives']}"[:90]),
            f"{each['approved']:+,}",
            money_text(each["expected_loss_minor"], currency),
        )
    return grid


def _fairness(kind: Mapping[str, Any], language: str) -> Grid:
    grid = Grid(
        box=None, padding=(0, 2, 0, 0), title=word("fairness", language, name=safe(kind["name"]))
    )
    grid.title_justify = "left"
    place = kind["reference_new"]
    reference = NONE if place < 0 else kind["values"][place]
    grid.add_column("")
    grid.add_column(word("approval_rate", language), justify="right")
    grid.add_column(word("ratio", language, name=safe(reference)), justify="right")
    grid.add_column(word("good", language), justify="right")
    grid.add_column("")
    for value, group in zip(kind["values"], kind["new"], strict=True):
        marks = [group["four_fifths"]] if group["four_fifths"] in {"below", "unsure"} else []
        marks += ["small"] if group["small"] else []
        grid.add_row(
            safe(word("missing", language) if value is None else value),
            figure_text(group["approval_rate"]),
            figure_text(group["approval_ratio"]),
            figure_text(group["good_approved"]),
            f"[yellow]{', '.join(word(mark, language) for mark in marks)}[/]",
        )
    return grid


def _search(console: Console, told: Mapping[str, Any], language: str) -> None:
    found = told["search"]
    title = word("search", language, target=found["target"], table=found["table"])
    console.print(f"\n[bold]{safe(title)}[/]", soft_wrap=True)
    how = "exact" if found["exact"] else "descent"
    console.print(f"  [dim]{word(how, language, **{k: found[k] for k in ('sweeps', 'bounds')})}[/]")
    for change in found["changes"]:
        console.print(f"  {safe(change[language])}", soft_wrap=True)
    if not found["changes"]:
        console.print(f"  {word('no_change', language)}")
    for half in ("searched", "held_out"):
        if found[half] is not None:
            console.print(f"  [dim]{word(half, language)}[/]")
            console.print(_side_by_side(found[half], told["currency"], language))
    if found["holds"] is not None:
        colour, key = ("green", "holds") if found["holds"] else ("red", "broken")
        console.print(f"  [{colour}]{word(key, language)}[/]")

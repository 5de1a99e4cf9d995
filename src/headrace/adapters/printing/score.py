"""What `headrace score` prints: named scores, their dictionaries, and how applicants came out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.pack import Text
from headrace.scores.named.definition import Item, Kind, NamedScore
from headrace.scores.named.patents import PatentTerms
from headrace.scores.named.scoring import Scored

SHOWN = 20
WORDS = {
    "name": Text("Name", "代码"),
    "title": Text("Score", "评分"),
    "fields": Text("Fields", "字段数"),
    "grades": Text("Grades", "等级"),
    "field": Text("Field", "字段"),
    "kind": Text("Kind", "类型"),
    "values": Text("Values", "取值"),
    "means": Text("What it is", "口径"),
    "source": Text("Source", "来源"),
    "personal": Text("Personal", "个人信息"),
    "yes": Text("yes", "是"),
    "part": Text("Part", "部分"),
    "weight": Text("Points", "满分"),
    "curve": Text("Share of the points", "得分比例"),
    "missing": Text("If missing", "缺失时"),
    "grade": Text("Grade", "等级"),
    "least": Text("From", "不低于"),
    "firms": Text("Applicants", "申请人"),
    "share": Text("Share", "占比"),
    "mean": Text("Mean score", "平均分"),
    "range": Text("Mean range", "平均区间"),
    "ungraded": Text("too little known", "信息不足"),
    "row": Text("Row", "行"),
    "cell": Text("Cell", "单元格"),
    "right": Text("Should be", "应为"),
    "lost": Text("Points lost", "平均失分"),
    "reason": Text("Reason told", "告知原因"),
    "simulated": Text("SIMULATED applicants; nothing here is about anybody real",
                      "模拟数据：以下均非真实申请人"),
    "basis": Text("Basis", "依据"),
    "local": Text("compared with what is usual in the region", "与本地区常模比较"),
    "known": Text("Known", "信息完整度"),
    "bad": Text("{n} cells cannot be read and count as missing", "{n} 个单元格无法识别，按缺失计"),
    "beside": Text("all of them in {path}", "全部见 {path}"),
    "scored": Text("{n} applicants scored by {title} ({version})",
                   "按{title}（{version}版）评分 {n} 个申请人"),
    "valued": Text("{n} patents valued ({version}); opinions in yuan, parameters are assumed",
                   "评估专利 {n} 件（{version}版）；为意见值，参数为假设，单位元"),
    "patent": Text("Patent", "专利"),
    "cost": Text("Cost", "成本法"),
    "market": Text("Market", "市场法"),
    "income": Text("Income", "收益法"),
    "low": Text("Low", "下限"),
    "value": Text("Value", "估值"),
    "high": Text("High", "上限"),
    "pledge": Text("Pledge", "质押价值"),
    "note": Text("Note", "提示"),
    "more": Text("{n} more; --out writes all", "另有 {n} 行；--out 可全部写出"),
    "patent_about": Text("What a patent is worth by cost, market and income",
                         "专利估值：成本法、市场法、收益法"),
    "next": Text("Next", "下一步"),
    "score": Text("Score", "得分"),
    "reasons": Text("Reasons", "主要扣分项"),
    "region": Text("Region", "地区"),
}  # fmt: skip
KINDS = {
    Kind.NUMBER: Text("number", "数值"),
    Kind.CHOICE: Text("choice", "选项"),
    Kind.FLAG: Text("yes or no", "是否"),
}


def say(key: str, lang: str, **parts: object) -> str:
    """A text of `WORDS`."""
    return WORDS[key].in_language(lang).format(**parts)


def headings(score: NamedScore | None, lang: str) -> dict[str, str]:
    """Headings of results for people."""
    keys = ("score", "grade", "known", "low", "high", "reasons", "missing", "cost", "market",
            "income", "value", "pledge", "note")  # fmt: skip
    found = {key: say(key, lang) for key in keys}
    for item in () if score is None else score.items:
        found[f"points_{item.field}"] = score.field(item.field).title.say(lang) if score else ""
    for key, figure in {} if score is None else score.figures.items():
        found[key] = figure.title.say(lang)
    return found


def listed(scores: Sequence[NamedScore], patents: str, lang: str) -> None:
    """The scores that ship."""
    table = _table(("name", "title", "fields", "grades"), lang, numbers=(2,))
    for score in scores:
        grades = f"{score.grades[0].name} – {score.grades[-1].name}"
        table.add_row(score.name, score.title.say(lang), str(len(score.fields)), grades)
    table.add_row(patents, say("patent_about", lang), "", "")
    console = console_now()
    console.print(table)
    console.print(
        f"\n{say('next', lang)}  headrace score show {scores[0].name} --lang {lang}", style="dim"
    )


def shown(score: NamedScore, lang: str) -> None:
    """What a score is made of."""
    console = console_now()
    console.print(f"{score.title.say(lang)}  {score.name}  {score.version}", style="bold")
    console.print(score.about.say(lang))
    console.print(f"{say('basis', lang)}: {score.basis.say(lang)}\n", style="yellow")
    table = _table(("part", "field", "weight", "curve", "missing"), lang, numbers=(2,))
    for part in score.parts:
        for number, item in enumerate(part.items):
            field = score.field(item.field)
            first = part.title.say(lang) if not number else ""
            table.add_row(
                first, field.title.say(lang), f"{item.weight:g}", _curve(score, item, lang),
                f"{item.missing:.0%}",
            )  # fmt: skip
    console.print(table)
    bands = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (say("grade", lang), say("least", lang)):
        bands.add_column(heading, justify="right")
    for figure in score.figures.values():
        bands.add_column(f"{figure.title.say(lang)} ({figure.unit})", justify="right")
    for grade in score.grades:
        figures = (f"{grade.figures[key]:,.10g}" for key in score.figures)
        bands.add_row(grade.name, f"{grade.least:g}", *figures)
    console.print()
    console.print(bands)


def _curve(score: NamedScore, item: Item, lang: str) -> str:
    choices = score.field(item.field).choices
    if item.at:
        line = ", ".join(f"{value:,g}: {share:.0%}" for value, share in item.at)
        return f"{line}; {say('local', lang)}" if item.local else line
    named = [
        (choices[key].say(lang) if key in choices else key, share)
        for key, share in item.shares.items()
    ]
    return ", ".join(f"{name}: {share:.0%}" for name, share in named)


def dictionary_table(score: NamedScore, lang: str) -> pa.Table:
    """The data dictionary as a table for people."""
    rows = [
        {
            say("name", lang): field.name,
            say("field", lang): field.title.say(lang),
            say("kind", lang): KINDS[field.kind].in_language(lang),
            say("values", lang): _values(score, field.name, lang),
            say("means", lang): field.means.say(lang),
            say("source", lang): field.source.say(lang),
            say("personal", lang): say("yes", lang) if field.personal else "",
        }
        for field in score.fields
    ]
    return pa.Table.from_pylist(rows)


def _values(score: NamedScore, name: str, lang: str) -> str:
    field = score.field(name)
    if field.kind is Kind.NUMBER:
        low = "" if field.low is None else f"{field.low:g}"
        high = "" if field.high is None else f"{field.high:g}"
        return f"{low} – {high} {field.unit}".strip()
    return ", ".join(f"{key} {text.say(lang)}" for key, text in field.choices.items())


def dictionary(score: NamedScore, lang: str) -> None:
    """The data dictionary."""
    found = dictionary_table(score, lang)
    table = Table(box=None, pad_edge=False, header_style="bold", show_lines=False)
    for name in found.column_names:
        table.add_column(name, overflow="fold")
    for row in found.to_pylist():
        table.add_row(*(safe(str(cell)) for cell in row.values()))
    console_now().print(table)


def scored(found: Scored, score: NamedScore, lang: str) -> None:
    """How applicants came out: grades, what is known, what took most."""
    console = console_now()
    n = found.score.size
    head = say("scored", lang, n=f"{n:,}", title=score.title.say(lang), version=score.version)
    console.print(head, style="bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("grade", "least", "firms", "share", "mean", "range", "known"):
        table.add_column(say(key, lang), justify="left" if key == "grade" else "right")
    for name, least in [*((grade.name, f"{grade.least:g}") for grade in score.grades), ("", "")]:
        at = found.grade == name
        if not name and not at.any():
            continue
        table.add_row(name or say("ungraded", lang), least, *_of_grade(found, at, n))
    console.print(table)
    console.print()
    lost = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("field", "lost", "firms", "reason"):
        lost.add_column(say(key, lang), justify="right" if key in ("lost", "firms") else "left")
    told = Counter(name for row in found.reasons for name in row)
    weights = {item.field: item.weight for item in score.items}
    points = dict(
        zip(weights, found.points.mean(axis=0) if n else [0.0] * len(weights), strict=True)
    )
    for name, count in sorted(told.items(), key=lambda each: (-each[1], each[0]))[:8]:
        reason = next(item.reason for item in score.items if item.field == name)
        field = score.field(name).title.say(lang)
        gone = f"{weights[name] - points[name]:.1f} / {weights[name]:g}"
        lost.add_row(field, gone, f"{count:,}", reason.say(lang))
    console.print(lost)


def _of_grade(found: Scored, at: Any, n: int) -> tuple[str, ...]:
    count = int(at.sum())
    if not count:
        return ("0", "0 %", "", "", "")
    low, high = found.low[at].mean(), found.high[at].mean()
    return (
        f"{count:,}", f"{count / n:.1%}", f"{found.score[at].mean():.1f}",
        f"{low:.1f} – {high:.1f}", f"{found.known[at].mean():.0%}",
    )  # fmt: skip


def bad_cells(bad: pa.Table, beside: str | None, lang: str) -> None:
    """Cells that count as missing because they could not be read."""
    if not bad.num_rows:
        return
    console = console_now()
    console.print(f"\n{say('bad', lang, n=f'{bad.num_rows:,}')}", style="yellow")
    table = _table(("row", "field", "cell", "right"), lang, numbers=(0,))
    for row in bad.slice(0, SHOWN).to_pylist():
        table.add_row(f"{row['row']:,}", row["field"], safe(row["cell"]), row["right"])
    console.print(table)
    if beside:
        console.print(say("beside", lang, path=beside), style="dim")


def valued(found: pa.Table, ids: Sequence[str], terms: PatentTerms, lang: str) -> None:
    """What patents are worth."""
    console = console_now()
    console.print(say("valued", lang, n=f"{found.num_rows:,}", version=terms.version), style="bold")
    keys = ("cost", "market", "income", "low", "value", "high", "pledge")
    table = _table(("patent", *keys, "note"), lang, numbers=tuple(range(1, 8)))
    for name, row in zip(ids, found.slice(0, SHOWN).to_pylist(), strict=False):
        cells = ("–" if row[key] is None else f"{row[key]:,}" for key in keys)
        table.add_row(safe(name), *cells, row["note"])
    console.print(table)
    if found.num_rows > SHOWN:
        console.print(say("more", lang, n=f"{found.num_rows - SHOWN:,}"), style="dim")


def norms(found: Mapping[str, Mapping[str, float]], score: NamedScore, lang: str) -> None:
    """What is usual by region."""
    local = [item.field for item in score.items if item.local]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(say("region", lang))
    for name in local:
        table.add_column(score.field(name).title.say(lang), justify="right")
    for region, values in found.items():
        cells = (f"{values[name]:.4g}" if name in values else "–" for name in local)
        table.add_row(safe(region), *cells)
    console_now().print(table)


def simulated(lang: str) -> None:
    """Say that what follows is made up."""
    console_now().print(f" {say('simulated', lang)} ", style="black on yellow")


def value_of(found: Scored, score: NamedScore) -> dict[str, Any]:
    """A scoring as a JSON value."""
    count = Counter(found.grade.tolist())
    return {
        "score": score.name,
        "version": score.version,
        "applicants": int(found.score.size),
        "grades": {grade.name: count[grade.name] for grade in score.grades},
        "ungraded": count[""],
        "mean": float(np.mean(found.score)) if found.score.size else None,
        "bad_cells": found.bad.to_pylist(),
    }


def _table(keys: Sequence[str], lang: str, numbers: tuple[int, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, key in enumerate(keys):
        table.add_column(say(key, lang), justify="right" if at in numbers else "left")
    return table

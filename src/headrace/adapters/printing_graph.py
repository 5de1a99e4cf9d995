"""What `headrace graph` prints for people, in English or Chinese."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.cells import cell_len
from rich.table import Table as Grid

from headrace.adapters.graph_formats.tables import Exported
from headrace.adapters.printing import ROWS_SHOWN, console_now, line, safe
from headrace.graph.identity.resolver import Match
from headrace.graph.ownership.rulesets import RuleSet
from headrace.graph.relations.kinds import ROLES_ZH
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.graph_build import Built
from headrace.workflows.graph_contagion import Assumptions, Failure, Late, Sampled
from headrace.workflows.graph_ownership import Owned
from headrace.workflows.graph_rules import Raised
from headrace.workflows.graph_structures import LoanTrace
from headrace.workflows.graph_view import GraphView

Rows = Sequence[Mapping[str, Any]]
LISTED_MAX = 8
UNBROKEN = 16
"""Cells at most this wide are not broken over lines."""

WORDS = {
    "simulated": Text("SIMULATED DATA", "模拟数据"),
    "party": Text("party", "主体"),
    "name": Text("name", "名称"),
    "type": Text("type", "类型"),
    "relation": Text("relation", "关系"),
    "relations": Text("relations", "关系数"),
    "subject": Text("from", "主体"),
    "object": Text("to", "对象"),
    "role": Text("role", "角色"),
    "share": Text("share", "比例"),
    "amount_minor": Text("amount", "金额"),
    "since": Text("since", "起"),
    "until": Text("until", "止"),
    "count": Text("times", "次数"),
    "fact": Text("fact", "事实"),
    "invoice": Text("invoices", "发票"),
    "exposure": Text("exposures", "敞口"),
    "quarantined": Text("rows in quarantine", "被隔离行"),
    "unconnected": Text("no chain of relations connects them", "两者之间没有关系路径"),
    "none": Text("nothing found", "没有结果"),
    "stood": Text("as of {day}, as known on {known}", "截至 {day}，按 {known} 已知"),
    "more": Text("… {count:,} more; --json tells all", "… 另有 {count:,} 项，--json 可列出全部"),
    "work_limit": Text(
        "limits of work left flows out: narrow the question", "因计算上限有遗漏：请缩小范围"
    ),
    "traced": Text(
        "{amount} paid out on {day}; {back} came back to the borrower or its guarantors",
        "{day} 发放 {amount}，其中 {back} 回流至借款人或其担保人",
    ),
    "one_customer": Text("One customer", "同一客户"),
    "group": Text("Group customers", "集团客户"),
    "dependence": Text("Economic dependence", "经济依存客户"),
    "related": Text("Related parties", "关联方"),
    "possible": Text("possible", "可能"),
    "not_read": Text("official text not read", "未核实原文"),
    "assumed": Text(
        "assumed: reserve {buffer} of yearly sales, a lost customer costs {margin} of its sales,"
        " {recovery} left of who fails, invoices due after {terms} days",
        "假设：储备为年销售额的 {buffer}，失去客户的损失为对其销售额的 {margin}，"
        "违约主体剩余 {recovery}，发票账期 {terms} 天",
    ),
    "lost_in_all": Text(
        "{amount} lost in all; {count} fail", "合计损失 {amount}；{count} 个主体违约"
    ),
    "paid_late": Text("{amount} is paid late", "延迟支付 {amount}"),
    "scenarios": Text("{count:,} scenarios", "{count:,} 个情景"),
    "failures": Text("parties that fail", "违约主体数"),
    "bank_loss": Text("loss of the bank", "银行损失"),
    "failed": Text("fails", "违约"),
    "loss_minor": Text("loss", "损失"),
    "way": Text("way", "途径"),
    "source": Text("from", "来源"),
    "target": Text("to", "承受方"),
    "first_day": Text("from day", "起始日"),
    "days": Text("days", "天数"),
    "peak_minor": Text("short by", "最大缺口"),
    "core": Text("core", "核心企业"),
    "upstream": Text("upstream", "上游层级"),
    "downstream": Text("downstream", "下游层级"),
    "sales_share": Text("of sales", "销售占比"),
    "purchases_share": Text("of purchases", "采购占比"),
    "through": Text("through", "经由"),
    "attributed_minor": Text("attributed", "归属金额"),
    "node": Text("place", "节点"),
    "score": Text("score", "得分"),
    "how": Text("how", "方式"),
    "evidence": Text("evidence", "依据"),
    "weight": Text("weight", "权重"),
    "one_firm": Text("one firm", "同一企业"),
    "two_firms": Text("two firms", "不是同一企业"),
    "entity": Text("entity", "实体"),
    "canonical": Text("leads", "主代号"),
    "branch": Text("branch", "分支机构"),
    "head_office": Text("head office", "总部"),
    "ring": Text("ring", "团伙"),
    "pattern": Text("pattern", "模式"),
    "things": Text("things", "共用物"),
    "density": Text("density", "密度"),
    "circles": Text("circles", "环数"),
    "closed_by": Text("closed by", "触发事实"),
    "community": Text("community", "社群"),
    "inside": Text("inside", "内部"),
    "cut": Text("cut", "外联"),
    "conductance": Text("conductance", "导度"),
    "seed": Text("around", "中心"),
    "motifs": Text("triangles", "三角数"),
    "limit": Text("limit", "限额"),
    "limit_en": Text("which", "限额内容"),
    "limit_zh": Text("which", "限额内容"),
    "head": Text("head", "核心"),
    "head_name": Text("name", "核心名称"),
    "used_minor": Text("used", "占用"),
    "used_possible_minor": Text("with possible", "含可能占用"),
    "limit_minor": Text("most", "上限"),
    "room_minor": Text("room", "余量"),
    "passed": Text("passed", "超限"),
    "kind": Text("kind", "类型"),
    "member": Text("member", "成员"),
    "before": Text("before", "之前"),
    "after": Text("after", "之后"),
    "causes": Text("by", "原因"),
    "lost": Text("What the format cannot say:", "该格式无法表达："),
    "holders": Text("Holders over all chains", "全链条持有人"),
    "control": Text("Control", "控制关系"),
    "beneficial": Text("Owners under the rules", "规则认定的所有人"),
    "unverified": Text("the official text was not read: compare", "未核实原文：使用前请核对"),
    "share_low": Text("share, least", "比例下限"),
    "share_high": Text("share, most", "比例上限"),
    "votes_low": Text("votes, least", "表决权下限"),
    "votes_high": Text("votes, most", "表决权上限"),
    "ultimate": Text("ultimate", "最终"),
    "controller": Text("controller", "控制人"),
    "controller_name": Text("name", "控制人名称"),
    "controlled": Text("controlled", "被控制"),
    "controlled_name": Text("name", "被控制名称"),
    "certain": Text("certain", "确定"),
    "jointly": Text("jointly", "共同"),
    "company": Text("company", "企业"),
    "company_name": Text("name", "企业名称"),
    "owner": Text("owner", "所有人"),
    "owner_name": Text("name", "所有人名称"),
    "test": Text("test", "标准"),
    "test_zh": Text("test", "标准"),
    "circle": Text("circle", "担保圈"),
    "parties": Text("parties", "成员"),
    "kinds": Text("kinds", "类型"),
    "guarantees": Text("guarantees", "担保"),
    "unknown": Text("unknown", "金额不明"),
    "net_minor": Text("net", "净额"),
    "replace": Text("replace", "需置换"),
    "replace_minor": Text("replaced", "置换金额"),
    "exact": Text("least", "最小"),
    "flow": Text("flow", "闭环"),
    "first_time": Text("first", "首笔"),
    "last_time": Text("last", "末笔"),
    "facts": Text("facts", "事实"),
    "step": Text("step", "步"),
    "payer": Text("payer", "付款人"),
    "payee": Text("payee", "收款人"),
    "time": Text("time", "时间"),
    "traced_minor": Text("traced", "追踪金额"),
    "hops": Text("hops", "层数"),
    "end": Text("end", "去向"),
    "points": Text("points", "得分"),
    "unseen": Text("unseen", "未知项分值"),
    "reason": Text("reason", "原因"),
    "reason_zh": Text("reason", "原因"),
    "value": Text("value", "数值"),
    "reason_points": Text("of which", "其中"),
    "rules": Text("rules", "规则"),
    "verified": Text("text read", "已核原文"),
    "next": Text("Next", "下一步"),
}
"""Words of pages and headings of columns; a column without one is shown by its name."""


def word(key: str, language: str, **values: object) -> str:
    """A text of this module."""
    return WORDS[key].in_language(language).format(**values)


def say(key: str, language: str, **values: object) -> None:
    """One line."""
    console_now().print(safe(word(key, language, **values)))


def made_up(language: str) -> None:
    """That the data are made up."""
    console_now().print(f"[black on yellow] {word('simulated', language)} [/]")


def imported(told: Mapping[str, Any], out: Path, language: str) -> None:
    """What was taken in, refused and passed over."""
    skipped = dict(told["skipped"])
    rows = [(key, told[key]) for key in ("party", "relation", "quarantined")]
    for name, count in (*rows, *skipped.items()):
        label = WORDS[name].in_language(language) if name in WORDS else name
        console_now().print(f"{safe(label)}: {count:,}")
    console_now().print(f"  headrace graph find 有限公司 --out {safe(str(out))}", soft_wrap=True)


def exported(found: Exported, to: Path, language: str) -> None:
    """What was written, and what the format could not say."""
    console = console_now()
    console.print(f"{safe(str(to))}: {found.parties:,} + {found.relations:,}", soft_wrap=True)
    if found.lost:
        say("lost", language)
    for each in found.lost:
        console.print(f"  {safe(each.what)}: {each.rows:,} ({safe(each.example)})", soft_wrap=True)


def built(found: Built, out: Path, language: str) -> None:
    """What was taken in, and what to ask next."""
    console = console_now()
    if found.simulated:
        made_up(language)
    grid = Grid.grid(padding=(0, 2))
    for name, count in found.counts().items():
        label = WORDS[name].in_language(language) if name in WORDS else name
        grid.add_row(safe(label), f"{count:,}")
    console.print(grid)
    console.print(f"\n[bold]{word('next', language)}[/]")
    for command in ("graph find 有限公司", "graph circles", "graph explore"):
        console.print(f"  headrace {command} --out {safe(str(out))}", soft_wrap=True)


def heading(label: str, view: GraphView, language: str, zone: str) -> None:
    """Who is shown, and as of when."""
    console = console_now()
    console.print(f"[bold]{safe(label)}[/]")
    days = {
        name: at.astimezone(ZoneInfo(zone)).date()
        for name, at in (("day", view.moment), ("known", view.known))
    }
    console.print(f"[dim]{word('stood', language, **days)}[/]")


def relations(rows: Rows, language: str, zone: str) -> None:
    """Relations, one a line, with the fact behind each."""
    zh = language == "zh"
    shown = [
        {
            "subject": row["subject_name"] or row["subject"],
            "relation": row["words_zh"] if zh else row["words"],
            "object": row["object_name"] or row["object"],
            "role": ROLES_ZH.get(row["role"], row["role"]) if zh else row["role"],
            "share": _share(row["share"]),
            "amount_minor": row["amount_minor"],
            "since": _day(row["since"], zone),
            "until": _day(row["until"], zone),
            "fact": row["fact"],
        }
        for row in rows
    ]
    grid_of(shown, language, zone)


def party(view: GraphView, node: int, rows: Rows, sums: Rows, language: str, zone: str) -> None:
    """What stands between a party and others, and sums of events."""
    heading(view.snapshot.parties.label(node), view, language, zone)
    relations(rows, language, zone)
    events(sums, language, zone)


def path(found: Rows | None, language: str, zone: str) -> None:
    """A chain of relations between two parties; None: there is none."""
    if found is None:
        say("unconnected", language)
    else:
        relations(found, language, zone)


def events(rows: Rows, language: str, zone: str) -> None:
    """Sums of events between two parties."""
    if not rows:
        return
    zh = language == "zh"
    console_now().print()
    shown = [
        {
            "subject": row["subject_name"] or row["subject"],
            "relation": row["words_zh"] if zh else row["words"],
            "object": row["object_name"] or row["object"],
            "count": row["count"],
            "amount_minor": row["amount_minor"],
            "since": _day(row["first"], zone),
            "until": _day(row["last"], zone),
        }
        for row in rows
    ]
    grid_of(shown, language, zone)


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
        console.print(f"\n[bold]{word(key, language)}[/]")
        if key == "beneficial":
            console.print(f"[dim]{safe(rules.title)}[/]")
            if not rules.verified:
                say("unverified", language)
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


def groups(found: pa.Table, language: str, zone: str) -> None:
    """Groups, each with its members, the rule and the article, and what it rests on."""
    console = console_now()
    if not found.num_rows:
        say("none", language)
    head = None
    for row in found.to_pylist():
        if (row["kind"], row["head"]) != head:
            head = row["kind"], row["head"]
            name = row["head_name"] or row["head"]
            title = f"{word(row['kind'], language)}: {name} ({row['head']})"
            console.print(f"\n[bold]{safe(title)}[/]", soft_wrap=True)
        rule = row["rule_zh"] if language == "zh" else row["rule_en"]
        sure = word("certain" if row["certain"] else "possible", language)
        number = f" {row['number']}" if row["number"] else ""
        read = "" if row["verified"] else f" [{word('not_read', language)}]"
        member = f"{row['member_name'] or row['member']} ({row['member']})"
        console.print(safe(f"  {member}  {sure}: {rule}{number}"), soft_wrap=True)
        console.print(f"    [dim]{safe(row['article'] + read)}[/]", soft_wrap=True)
        for step in row["proof_zh" if language == "zh" else "proof_en"]:
            console.print(f"    [dim]{safe(step)}[/]", soft_wrap=True)


def derived(counts: Mapping[str, int], warnings: Sequence[str], language: str, _zone: str) -> None:
    """How much rules derive, and what is odd about them."""
    console = console_now()
    grid = Grid.grid(padding=(0, 2))
    for name, count in counts.items():
        grid.add_row(safe(name), f"{count:,}")
    console.print(grid)
    for warning in warnings:
        console.print(f"[yellow]! {safe(warning)}[/]", soft_wrap=True)
    if not counts:
        say("none", language)


def proof(lines: Sequence[str], language: str, _zone: str) -> None:
    """Why a derived fact stands, a line a step."""
    for each in lines:
        line(each)
    if not lines:
        say("none", language)


def alerts(found: Iterable[Raised], language: str, zone: str) -> None:
    """Alerts as they are raised, each with its proof."""
    console, some = console_now(), False
    for each in found:
        some = True
        day = each.known.astimezone(ZoneInfo(zone)).date()
        title = f"{each.alert.relation}({', '.join(each.alert.fact)})"
        console.print(f"[bold]{day}  {safe(title)}[/]", soft_wrap=True)
        for step in each.alert.proof:
            console.print(f"  [dim]{safe(step)}[/]", soft_wrap=True)
    if not some:
        say("none", language)


def _assumptions(given: Assumptions, language: str) -> None:
    """What facts do not say, and is assumed."""
    told = word(
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
    say("lost_in_all", language, amount=format_minor(found.total, "CNY"), count=found.failed)
    console_now().print()
    table(found.losses, language, zone)
    console_now().print()
    table(found.edges, language, zone)


def late(found: Late, given: Assumptions, language: str, zone: str) -> None:
    """Who runs short of cash when parties pay late."""
    _assumptions(given, language)
    say("paid_late", language, amount=format_minor(found.delayed_minor, "CNY"))
    console_now().print()
    table(found.short, language, zone)


def drawn(found: Sampled, given: Assumptions, language: str, _zone: str) -> None:
    """How many fail, and what the bank loses, over random scenarios."""
    _assumptions(given, language)
    console = console_now()
    say("scenarios", language, count=found.scenarios)
    for key, band in (("failures", found.failures), ("bank_loss", found.loss)):
        money = key == "bank_loss"
        shown = [_figure(value, money=money) for value in (band.mean, band.error)]
        console.print(f"[bold]{word(key, language)}[/] {shown[0]} ± {shown[1]}")
        for level, (value, low, high) in band.quantiles.items():
            each = [_figure(one, money=money) for one in (value, low, high)]
            console.print(f"  {level:.0%}: {each[0]} ({each[1]} – {each[2]})")


def _figure(value: float, *, money: bool) -> str:
    return format_minor(round(value), "CNY") if money else f"{value:.4g}"


def matches(found: Sequence[Match], language: str, *, same: bool) -> None:
    """Why two codes are one firm, or not: the evidence of each step, in bits."""
    console = console_now()
    console.print(f"[bold]{word('one_firm' if same else 'two_firms', language)}[/]")
    for match in found:
        console.print(f"{safe(match.left)} = {safe(match.right)}: {match.bits:+.1f} bits, "
                      f"{match.probability:.4%}")  # fmt: skip
        for step in match.steps:
            console.print(f"  [dim]{step.bits:+6.1f}  {safe(step.field)}: {safe(step.level)}[/]")
        for said in match.judgements:
            console.print(f"  {safe(f'{said.verdict}: {said.by}, {said.why}')}")


def loan(found: LoanTrace, language: str, zone: str) -> None:
    """Where a loan went: what came back, each step, each end."""
    amounts = {"amount": found.amount, "back": found.returned}
    told = {name: format_minor(minor, "CNY") for name, minor in amounts.items()}
    console_now().print(
        word("traced", language, day=found.paid.astimezone(ZoneInfo(zone)).date(), **told) + "\n"
    )
    table(found.steps, language, zone)
    console_now().print()
    table(found.ends, language, zone)
    if not found.whole:
        say("work_limit", language)


def table(data: pa.Table, language: str, zone: str) -> None:
    """A table of results: money in major units, instants as days of a zone."""
    rows = data.slice(0, ROWS_SHOWN + 1).to_pylist()
    names = [name for name in data.column_names if _is_in(name, data.column_names, language)]
    grid_of(rows, language, zone, data.num_rows, names)


def _is_in(name: str, names: Sequence[str], language: str) -> bool:
    """Whether a column is shown: of a text in both languages, the one that is asked for."""
    if language == "zh":
        return f"{name.removesuffix('_en')}_zh" not in names
    return not name.endswith("_zh") and f"{name}_en" not in names


def grid_of(
    rows: Rows,
    language: str,
    zone: str,
    count: int | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Rows under the headings of their columns; columns without any value are left out.

    Args:
        rows: At least those that are shown.
        language: "zh" or "en".
        zone: Whose days instants are shown as.
        count: How many there are; None: these.
        columns: Their names; empty: those of the first row.
    """
    console = console_now()
    if not rows:
        console.print(f"[dim]{word('none', language)}[/]")
        return
    shown = rows[:ROWS_SHOWN]
    names = [
        name
        for name in (columns or rows[0])
        if any(row[name] not in (None, "", []) for row in shown)
    ]
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    cells = {name: [safe(_cell(name, row[name], zone)) for row in shown] for name in names}
    for name in names:
        numeric = any(isinstance(row[name], int | float) for row in shown)
        label = WORDS[name].in_language(language) if name in WORDS else name
        grid.add_column(
            safe(label),
            justify="right" if numeric else "left",
            # Chinese has no blanks to break at: without folding it would be cut off. Numbers,
            # days and codes are not broken at all.
            overflow="fold",
            no_wrap=max(map(cell_len, cells[name])) <= UNBROKEN,
            min_width=1 + max(cell_len(part) for each in cells[name] for part in each.split(", "))
            if isinstance(shown[0][name], list)
            else None,
        )
    for row in zip(*cells.values(), strict=True):
        grid.add_row(*row)
    console.print(grid)
    left = (len(rows) if count is None else count) - len(shown)
    if left > 0:
        console.print(f"[dim]{word('more', language, count=left)}[/]")


def _cell(name: str, value: Any, zone: str) -> str:
    if value is None:
        return ""
    if name.endswith("_minor"):
        return format_minor(int(value), "CNY")
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, float):
        shares = name.startswith(("share", "votes")) or name.endswith("_share")
        return f"{value:.2%}" if shares else f"{value:.4g}"
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).date().isoformat()
    if isinstance(value, list):
        shown = ", ".join(str(each) for each in value[:LISTED_MAX])
        return shown if len(value) <= LISTED_MAX else f"{shown} … +{len(value) - LISTED_MAX:,}"
    return str(value)


def _day(instant: str | None, zone: str) -> str | None:
    if instant is None:
        return None
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).date().isoformat()


def _share(bounds: Sequence[float] | None) -> str | None:
    """A percentage, or the least and the most it can be."""
    if bounds is None:
        return None
    low, high = (f"{100 * each:.4g} %" for each in bounds)
    return low if low == high else f"{low} – {high}"

"""What the command line prints for people: short, aligned, in Chinese or English."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace.errors import HeadraceError
from headrace.features.definition import Unit
from headrace.money import format_minor
from headrace.pack import Pack, Text
from headrace.workflows.explain import Explanation
from headrace.workflows.prove import Problem, Receipt, Verification
from headrace.workflows.result import RunResult
from headrace.workflows.summary import invoice_account

ROWS_SHOWN = 40
OUTCOME = {
    "approve": Text("Approved", "通过"),
    "refer": Text("To be looked at by a person", "转人工"),
    "decline": Text("Declined", "拒绝"),
}
WORDS = {
    "simulated": Text(
        "SIMULATED DATA: no real firm, no real money", "模拟数据：无真实企业，无真实资金"
    ),
    "facts": Text("Facts", "事实"),
    "facts_line": Text(
        "{rows:,} invoices = {accepted:,} accepted + {duplicates:,} duplicates + {quarantined:,} "
        "quarantined",
        "{rows:,} 张发票 = 接受 {accepted:,} + 重复 {duplicates:,} + 隔离 {quarantined:,}",
    ),
    "graph": Text("Relations", "关系"),
    "graph_line": Text(
        "{trades:,} trades, {hidden} hidden firm-to-firm edges, {rings} rings, {own} self-invoices",
        "{trades:,} 条交易关系，{hidden} 条隐含企业关系，{rings} 个闭环，{own} 张自开票",
    ),
    "score": Text("Score", "评分"),
    "score_line": Text(
        "out of fold, no rating used: AUC {auc:.3f} ({low:.3f} to {high:.3f}), "
        "Brier {brier:.3f} ({blow:.3f} to {bhigh:.3f}); {defaults} defaults of {rows} firms",
        "折外、未用评级：AUC {auc:.3f}（{low:.3f}–{high:.3f}），Brier {brier:.3f}"
        "（{blow:.3f}–{bhigh:.3f}）；{rows} 家中 {defaults} 家违约",
    ),
    "card_given": Text("card brought along, not validated here", "使用外部评分卡，本次未验证"),
    "approval": Text("Approval rate", "通过率"),
    "price": Text("Mean rate", "平均利率"),
    "loss": Text("Expected loss", "预期损失"),
    "profit": Text("Expected profit", "预期利润"),
    "lent": Text("Limits offered", "授信总额"),
    "firms": Text("firms", "家企业"),
    "of_drawn": Text("of what is drawn", "占预计提款"),
    "of_budget": Text("of a budget of", "年度预算"),
    "gap": Text("optimality gap {gap:.4%}", "最优性差距 {gap:.4%}"),
    "greedy": Text(
        "a greedy lender reaching as many firms earns {profit}",
        "同样通过数的贪心组合利润 {profit}",
    ),
    "best": Text(
        "the most profitable book earns {profit} with {count} firms",
        "利润最大的组合为 {profit}，仅 {count} 家",
    ),
    "caution": Text("Read with care", "请注意"),
    "next": Text("Next", "下一步"),
    "open": Text("open the report", "打开报告"),
    "why": Text("why a firm was decided so", "查看某企业的决策原因"),
    "prove": Text("prove it", "验证存证"),
    "edit": Text("change the policy", "修改策略"),
    "bad_rows": Text("rows set aside, with reasons", "被隔离的数据及原因"),
    "took": Text("{seconds:.1f} s, digest {digest}", "{seconds:.1f} 秒，摘要 {digest}"),
    "decision": Text("Decision", "决策"),
    "limit": Text("Limit", "额度"),
    "rate": Text("Rate", "利率"),
    "class": Text("Class", "等级"),
    "pd": Text("Probability of default", "违约概率"),
    "points": Text("Points", "评分"),
    "mean_firm": Text("mean applicant", "平均申请企业"),
    "feature": Text("Feature", "指标"),
    "value": Text("Value", "取值"),
    "behind": Text("Facts behind it", "所依据的事实"),
    "again": Text("Computed again", "重新计算"),
    "same": Text("same", "一致"),
    "differs": Text("DIFFERS", "不一致"),
    "of_graph": Text("from the graph", "来自关系图谱"),
    "missing": Text("missing", "缺失"),
    "uncertainty": Text("little known of firms like this", "此类企业样本不足"),
    "rules": Text("Rules that fired", "命中的规则"),
    "limit_parts": Text(
        "cap by turnover {turnover}, rounded down {cap}, given by the book {offered}",
        "营业额上限 {turnover}，取整后 {cap}，组合分配 {offered}",
    ),
    "rate_parts": Text(
        "of {rate:.2%}: funds {funding:.2%}, expected loss {loss:.2%}, interest lost to default "
        "{forgone:.2%}, margin {margin:.2%}",
        "{rate:.2%} 中：资金成本 {funding:.2%}，预期损失 {loss:.2%}，违约损失利息 {forgone:.2%}，"
        "利润 {margin:.2%}",
    ),
    "other_rate": Text(
        "at {rate:.2%} {take_up:.0%} would accept, expected profit {profit}",
        "若利率 {rate:.2%}，预计接受率 {take_up:.0%}，预期利润 {profit}",
    ),
}

_out = Console(highlight=False)


def line(text: str) -> None:
    """One line, as it is."""
    _out.print(text, markup=False, soft_wrap=True)


def as_json(value: Any) -> None:
    """One JSON value on standard output."""
    line(json.dumps(value, ensure_ascii=False, default=str, allow_nan=False))


def error(problem: HeadraceError) -> None:
    """An error on standard error, without a traceback."""
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]✗[/] {escape(problem.problem)}")
    if problem.where:
        console.print(f"  [dim]where[/]  {escape(problem.where)}")
    if problem.remedy:
        console.print(f"  [dim]try[/]    {escape(problem.remedy)}")


def table(data: pa.Table) -> None:
    """A table, its first rows."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for field in data.schema:
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        shown.add_column(escape(field.name), justify="right" if numeric else "left")
    for row in data.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(*("" if cell is None else escape(str(cell)) for cell in row.values()))
    _out.print(shown)
    if data.num_rows > ROWS_SHOWN:
        _out.print(f"[dim]… {data.num_rows - ROWS_SHOWN:,} more rows[/]")


def run_result(result: RunResult, out: Path, language: str, seconds: float) -> None:
    """What a run found, the three numbers first, and what to do next."""
    say = _speaker(language)
    if result.simulated:
        _out.print(f"\n[black on yellow] {say('simulated')} [/]")
    _out.print()
    _out.print(_numbers(result, language))
    _out.print()
    _out.print(_account(result, language))
    cautions = result.pack.cautions
    _out.print(f"\n[bold]{say('caution')}[/]")
    for caution in cautions:
        _out.print(f"  [dim]•[/] {caution.in_language(language)}")
    _out.print(f"\n[bold]{say('next')}[/]")
    party = result.events.parties[0]
    steps = [
        ("open", f"{out}/report.html"),
        ("why", f"headrace explain {party} --out {out}"),
        ("prove", f"headrace verify {out}"),
        ("edit", "headrace policy export policy/"),
    ]
    if result.ingested.quarantine.num_rows:
        steps.append(("bad_rows", f"{out}/quarantine.csv"))
    grid = Table.grid(padding=(0, 2))
    for key, command in steps:
        grid.add_row(f"  {say(key)}", f"[cyan]{escape(command)}[/]")
    _out.print(grid)
    _out.print(f"\n[dim]{say('took', seconds=seconds, digest=result.digest[:16])}[/]")


def verification(found: Verification) -> None:
    """Whether a folder is proved, and everything that does not hold."""
    if found.holds:
        _out.print(
            f"[bold green]✓ proved[/]  {found.files_checked:,} files, {found.entries:,} entries, "
            f"{found.decisions_proved:,} decisions"
        )
    else:
        _out.print(f"[bold red]✗ {len(found.problems)} problems[/]")
        for problem in found.problems:
            _out.print(f"  [bold]{escape(problem.where)}[/] {escape(problem.what)}")
            if problem.remedy:
                _out.print(f"    [dim]{escape(problem.remedy)}[/]")
    _out.print(f"root       {found.root}")
    _out.print(f"signed by  {found.signed_by or 'nobody whose signature holds'}")
    _out.print(
        "[dim]Whoever can write to the folder can sign it anew: compare the key with one you "
        "had elsewhere (--key), and the root with one you noted.[/]"
    )


def receipt(given: Receipt, problem: Problem | None) -> None:
    """Whether a receipt proves its decision."""
    if problem is None:
        _out.print(f"[bold green]✓ proved[/]  decision {escape(given.decision_id)}")
        _out.print(escape(given.record), soft_wrap=True)
    else:
        _out.print(f"[bold red]✗[/] {escape(problem.where)}: {escape(problem.what)}")


def explanation(found: Explanation, pack: Pack, language: str) -> None:
    """Why a firm was decided as it was."""
    say = _speaker(language)
    decision, currency = found.decision, found.decision.currency
    if found.simulated:
        _out.print(f"[black on yellow] {say('simulated')} [/]")
    reason = pack.reasons[decision.reasons[0]].in_language(language)
    outcome = OUTCOME[decision.outcome.value].in_language(language)
    _out.print(f"\n[bold]{escape(decision.party)}  {outcome}[/]  {reason}")
    if decision.rate is not None:
        limit = format_minor(decision.limit_minor, currency)
        _out.print(f"{say('limit')} [bold]{limit}[/]   {say('rate')} [bold]{decision.rate:.2%}[/]")
    pd = "" if decision.pd is None else f"{decision.pd:.1%}"
    _out.print(f"{say('class')} {decision.rating}   {say('pd')} {pd}   {decision.as_of}\n")
    _out.print(_reasons(found, pack, language))
    _out.print(f"\n[bold]{say('rules')}[/]")
    for rule in decision.rules:
        _out.print(f"  {escape(f'{rule.table}.csv row {rule.row}: {rule.text}')}")
    for text in _terms(found, language):
        _out.print(f"  {text}")
    _out.print(f"[dim]{decision.decision_id}[/]")


def _reasons(found: Explanation, pack: Pack, language: str) -> Table:
    say = _speaker(language)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for key, justify in (("points", "right"), ("feature", "left"), ("value", "right"),
                         ("behind", "left"), ("again", "left")):  # fmt: skip
        shown.add_column(say(key), justify="right" if justify == "right" else "left")
    named = {feature.name: feature for feature in pack.features}
    shown.add_row(f"{found.points_mean_applicant:.0f}", f"[dim]{say('mean_firm')}[/]")
    for each in found.lines:
        feature = named.get(each.feature)
        label = (
            each.feature if feature is None else Text(feature.en, feature.zh).in_language(language)
        )
        unit = Unit.RATIO if feature is None else feature.unit
        span = f"{each.facts:,} ({each.first} … {each.last})" if each.facts else say("of_graph")
        again = "" if each.again is None else say("same" if each.again else "differs")
        colour = "red" if each.points < 0 else "green"
        shown.add_row(
            f"[{colour}]{each.points:+.1f}[/]",
            label,
            say("missing") if each.value is None else _value(each.value, unit),
            span,
            again,
        )
    shown.add_row(f"{found.points_of_uncertainty:+.1f}", f"[dim]{say('uncertainty')}[/]")
    shown.add_row(f"[bold]{found.points:.0f}[/]", f"[bold]{say('points')}[/]")
    return shown


def _terms(found: Explanation, language: str) -> Sequence[str]:
    say = _speaker(language)
    decision, currency = found.decision, found.decision.currency
    limit, rate = decision.limit_parts, decision.rate_parts
    lines = []
    if limit is not None:
        lines.append(
            say(
                "limit_parts",
                turnover=format_minor(limit.cap_by_turnover_minor or 0, currency),
                cap=format_minor(limit.cap_minor, currency),
                offered=format_minor(limit.offered_minor, currency),
            )
        )
    if rate is not None and decision.rate is not None:
        lines.append(
            say(
                "rate_parts",
                rate=decision.rate,
                funding=rate.funding,
                loss=rate.expected_loss,
                forgone=rate.interest_forgone,
                margin=rate.margin,
            )
        )
        lines += [
            say(
                "other_rate",
                rate=each.rate,
                take_up=each.take_up,
                profit=format_minor(each.profit_minor, currency),
            )
            for each in (rate.cheaper, rate.offered, rate.dearer)
            if each is not None
        ]
    return lines


def _numbers(result: RunResult, language: str) -> Table:
    say = _speaker(language)
    lent, currency = result.lent, result.lent.economics.currency
    totals = lent.chosen.book.totals
    grid = Table.grid(padding=(0, 3))
    grid.add_row(
        f"[bold]{say('approval')}[/]",
        f"[bold cyan]{totals.approval_rate:.1%}[/]",
        f"{totals.approvals:,} / {totals.applicants:,} {say('firms')}",
    )
    rate = "–" if totals.mean_rate is None else f"{totals.mean_rate:.2%}"
    grid.add_row(f"[bold]{say('price')}[/]", f"[bold cyan]{rate}[/]", "")
    loss = "–" if totals.loss_rate is None else f"{totals.loss_rate:.2%}"
    grid.add_row(
        f"[bold]{say('loss')}[/]",
        f"[bold cyan]{loss}[/]",
        f"{_whole(totals.loss_minor, currency)}, {say('of_drawn')}",
    )
    proof = lent.chosen.book.proof
    grid.add_row(
        say("profit"),
        _whole(totals.profit_minor, currency),
        say("greedy", profit=_whole(lent.baseline.totals.profit_minor, currency)),
    )
    best = lent.best.totals
    grid.add_row(
        "", "", say("best", profit=_whole(best.profit_minor, currency), count=best.approvals)
    )
    grid.add_row(
        say("lent"),
        _whole(totals.limit_minor, currency),
        f"{say('of_budget')} {_whole(lent.economics.budget_minor, currency)}; "
        + ("" if proof is None else say("gap", gap=max(proof.gap, 0.0))),
    )
    return grid


def _account(result: RunResult, language: str) -> Table:
    say = _speaker(language)
    scored = result.market.scored
    grid = Table.grid(padding=(0, 3))
    grid.add_row(
        say("facts"),
        say("facts_line", **invoice_account(result.ingested)),
    )
    graph = result.graph
    grid.add_row(
        say("graph"),
        say(
            "graph_line",
            trades=graph.trades.num_rows,
            hidden=graph.hidden.num_rows,
            rings=graph.rings.num_rows,
            own=graph.self_invoices.num_rows,
        ),
    )
    quality = scored.validation
    if quality is None:
        grid.add_row(say("score"), say("card_given"))
    else:
        grid.add_row(
            say("score"),
            say(
                "score_line",
                auc=quality.auc.value,
                low=quality.auc.low,
                high=quality.auc.high,
                brier=quality.brier.value,
                blow=quality.brier.low,
                bhigh=quality.brier.high,
                defaults=scored.card.defaults,
                rows=scored.card.rows,
            ),
        )
    for leak in scored.leaks:
        grid.add_row("", f"[bold red]{leak.zh if language == 'zh' else leak.en}[/]")
    return grid


def _whole(minor: int, currency: str) -> str:
    """Money without its cents, for an overview."""
    return format_minor(round(minor / 100) * 100, currency)


def _value(value: float, unit: Unit) -> str:
    if unit is Unit.MONEY:
        return f"{value / 100:,.0f}"
    if unit is Unit.SHARE:
        return f"{value:.1%}"
    if unit is Unit.RATIO:
        return f"{value:.2f}"
    return f"{value:,.0f}"


def _speaker(language: str) -> Callable[..., str]:
    """A function that says a text of WORDS in one language."""

    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(language).format(**values)

    return say

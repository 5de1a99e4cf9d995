"""What a run found, why a firm was decided so, and whether its evidence holds, for people."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table

from headrace.adapters.printing import ROWS_SHOWN, console_now, safe, speaker
from headrace.adapters.printing.texts import OUTCOME
from headrace.contracts.products.rules import Severity
from headrace.facts.rules import OPTIONAL_TABLE_ABSENT
from headrace.features.definition import Unit
from headrace.money import MINOR_PER_MAJOR, format_minor
from headrace.pack import Pack, Text
from headrace.workflows.explain import Explanation
from headrace.workflows.prove import Problem, Receipt, Verification
from headrace.workflows.result import RunResult
from headrace.workflows.summary import invoice_account


def run_result(result: RunResult, out: Path, language: str, seconds: float) -> None:
    """What a run found, the three numbers first, and what to do next."""
    say, console = speaker(language), console_now()
    if result.simulated:
        console.print(f"\n[black on yellow] {say('simulated')} [/]")
    console.print()
    console.print(_numbers(result, language))
    console.print()
    console.print(_account(result, language))
    console.print(f"\n[bold]{say('caution')}[/]")
    bullets = _grid(2, gap=1)
    for caution in result.pack.cautions:
        bullets.add_row("  [dim]•[/]", caution.in_language(language))
    console.print(bullets)
    console.print(f"\n[bold]{say('next')}[/]")
    steps = _next_steps(result, out, language)
    widest = max(cell_len(say(key)) for key, _ in steps)
    for key, command in steps:
        padding = " " * (widest - cell_len(say(key)))
        console.print(f"  {say(key)}{padding}  [cyan]{safe(command)}[/]", soft_wrap=True)
    console.print(f"\n[dim]{say('took', seconds=seconds, digest=result.digest[:16])}[/]")


def verification(found: Verification, language: str) -> None:
    """Whether a folder is proved, and everything that does not hold."""
    say, console = speaker(language), console_now()
    if found.holds:
        counts = say(
            "proved_line",
            files=found.files_checked,
            entries=found.entries,
            decisions=found.decisions_proved,
        )
        console.print(f"[bold green]✓ {say('proved')}[/]  {counts}")
    else:
        console.print(f"[bold red]✗ {say('problems', count=len(found.problems))}[/]")
        for problem in found.problems[:ROWS_SHOWN]:
            told = f"  [bold]{safe(problem.where)}[/] {safe(problem.what)}"
            console.print(told, soft_wrap=True)
            if problem.remedy:
                console.print(f"    [dim]{safe(problem.remedy)}[/]", soft_wrap=True)
        if len(found.problems) > ROWS_SHOWN:
            more = say("more_problems", count=len(found.problems) - ROWS_SHOWN)
            console.print(f"  [dim]{more}[/]")
    named = [(say("root"), found.root), (say("signed_by"), found.signed_by or say("nobody"))]
    widest = max(cell_len(name) for name, _ in named)
    for name, value in named:
        console.print(f"{name}{' ' * (widest - cell_len(name))}  {value}", soft_wrap=True)
    console.print(f"[dim]{say('compare')}[/]")


def policy_check(files: Sequence[str], said: Sequence[str], language: str) -> None:
    """That policy files can be used, and what is odd about them."""
    say, console = speaker(language), console_now()
    console.print(f"[bold green]✓ {say('usable')}[/]  {safe(', '.join(files))}", soft_wrap=True)
    for each in said:
        console.print(f"  [yellow]![/] {safe(each)}", soft_wrap=True)


def receipt(given: Receipt, problem: Problem | None, language: str) -> None:
    """Whether a receipt proves its decision."""
    say, console = speaker(language), console_now()
    if problem is None:
        told = f"{say('decision')} {safe(given.decision_id)}"
        console.print(f"[bold green]✓ {say('proved')}[/]  {told}", soft_wrap=True)
        console.print(safe(given.record), soft_wrap=True)
    else:
        told = f"{safe(problem.where)}: {safe(problem.what)}"
        console.print(f"[bold red]✗[/] {told}", soft_wrap=True)


def explanation(found: Explanation, pack: Pack, language: str) -> None:
    """Why a firm was decided as it was."""
    say, console = speaker(language), console_now()
    decision, currency = found.decision, found.decision.currency
    if found.simulated:
        console.print(f"[black on yellow] {say('simulated')} [/]")
    code = decision.reasons[0] if decision.reasons else ""
    reason = pack.require_lending().reasons.get(code, Text(code, code)).in_language(language)
    outcome = OUTCOME[decision.outcome.value].in_language(language)
    console.print(f"\n[bold]{safe(decision.party)}  {outcome}[/]  {safe(reason)}")
    if decision.rate is not None:
        limit = format_minor(decision.limit_minor, currency)
        rate = f"{say('rate')} [bold]{decision.rate:.2%}[/]"
        console.print(f"{say('limit')} [bold]{limit}[/]   {rate}")
    pd = "" if decision.pd is None else f"{decision.pd:.1%}"
    rating = safe(decision.rating or "")
    console.print(f"{say('class')} {rating}   {say('pd')} {pd}   {decision.as_of}\n")
    console.print(_reasons(found, pack, language))
    console.print(f"\n[bold]{say('rules')}[/]")
    for rule in decision.rules:
        place = f"{rule.table} {say('row_of', row=rule.row)}"
        console.print(f"  {safe(f'{place}: {rule.text}')}", soft_wrap=True)
    for text in _terms(found, language):
        console.print(f"  {text}", soft_wrap=True)
    console.print(f"[dim]{safe(decision.decision_id)}[/]")


def _grid(columns: int, gap: int) -> Table:
    """Columns without lines; what is too long goes on below, also in Chinese, and is not cut."""
    grid = Table.grid(padding=(0, gap))
    for _ in range(columns):
        grid.add_column(overflow="fold")
    return grid


def _next_steps(result: RunResult, out: Path, language: str) -> list[tuple[str, str]]:
    party, folder = shlex.quote(result.market.features["party"][0].as_py()), shlex.quote(str(out))
    lang = " --lang en" if language == "en" else ""
    steps = [
        ("open", f"{out}/report.html"),
        ("why", f"headrace explain {party} --out {folder}{lang}"),
        ("prove", f"headrace verify {folder}{lang}"),
        ("pay_out", f"headrace book open --run {folder} --book book{lang}"),
        ("edit", "headrace policy export policy/"),
    ]
    if result.ingested.quarantine.num_rows:
        steps.append(("bad_rows", f"{out}/quarantine.csv"))
    return steps


def _reasons(found: Explanation, pack: Pack, language: str) -> Table:
    say = speaker(language)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for key in ("points", "feature", "value", "behind", "again"):
        right = key in ("points", "value")
        # Only the name of a feature is wrapped where the terminal is narrow.
        justify: JustifyMethod = "right" if right else "left"
        shown.add_column(say(key), justify=justify, no_wrap=key != "feature")
    named = {feature.name: feature for feature in pack.features}
    shown.add_row(f"{found.points_mean_applicant:.0f}", f"[dim]{say('mean_firm')}[/]")
    for each in found.lines:
        feature = named.get(each.feature)
        label = (
            each.feature if feature is None else Text(feature.en, feature.zh).in_language(language)
        )
        unit = Unit.RATIO if feature is None else feature.unit
        months = f"{(each.first or '')[:7]}–{(each.last or '')[:7]}"
        span = f"{each.facts:,}, {months}" if each.facts else say("of_graph")
        again = "" if each.again is None else say("same" if each.again else "differs")
        colour = "red" if each.points < 0 else "green"
        shown.add_row(
            f"[{colour}]{each.points:+.1f}[/]",
            safe(label),
            say("missing")
            if each.value is None
            else _value(each.value, unit, found.decision.currency),
            span,
            again,
        )
    shown.add_row(f"{found.points_of_uncertainty:+.1f}", f"[dim]{say('uncertainty')}[/]")
    shown.add_row(f"[bold]{found.points:.0f}[/]", f"[bold]{say('points')}[/]")
    return shown


def _terms(found: Explanation, language: str) -> Sequence[str]:
    say = speaker(language)
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
    say = speaker(language)
    lent, currency = result.lent, result.lent.economics.currency
    totals = lent.chosen.book.totals
    grid = _grid(3, gap=3)
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
        f"{say('of_budget')} {_whole(lent.economics.budget_minor, currency)}",
    )
    if proof is not None:
        grid.add_row("", "", say("gap", gap=max(proof.gap, 0.0)))
    flows = result.offered.totals
    lost = flows["expected_defaulted_minor"] - flows["expected_recovered_minor"]
    line = say(
        "contracts_line",
        count=len(result.offered.contracts),
        interest=_whole(flows["interest_minor"], currency),
        expected=_whole(flows["expected_interest_minor"], currency),
        lost=_whole(lost, currency),
    )
    grid.add_row(say("contracts"), "", line)
    refused, unknown = len(result.checked.refused), result.checked.count(Severity.UNKNOWN)
    if refused or unknown:
        grid.add_row("", "", say("contract_findings", refused=refused, unknown=unknown))
    return grid


def _account(result: RunResult, language: str) -> Table:
    say = speaker(language)
    scored = result.market.scored
    grid = _grid(2, gap=3)
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
    told = [Text(leak.en, leak.zh) for leak in scored.leaks]
    told += [
        Text(f"{note.table}: {note.rule.en}", f"{note.table}：{note.rule.zh}")
        for note in result.ingested.notes
        if note.rule is OPTIONAL_TABLE_ABSENT
    ]
    for warning in told:
        grid.add_row("", f"[bold red]{safe(warning.in_language(language))}[/]")
    for each in result.ingested.reconciliation:
        if not each.rows:
            grid.add_row("", f"[bold red]{safe(say('no_rows', table=each.table))}[/]")
    return grid


def _whole(minor: int, currency: str) -> str:
    """Money without its cents, for an overview."""
    per_major = MINOR_PER_MAJOR[currency]
    return format_minor(round(minor / per_major) * per_major, currency)


def _value(value: float, unit: Unit, currency: str) -> str:
    if unit is Unit.MONEY:
        return f"{value / MINOR_PER_MAJOR[currency]:,.0f}"
    if unit is Unit.SHARE:
        return f"{value:.1%}"
    if unit is Unit.RATIO:
        return f"{value:.2f}"
    return f"{value:,.0f}"

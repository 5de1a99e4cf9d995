"""What `headrace pool` prints: schemes, a pool's days, who bears a claim, what sharing costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

import pyarrow as pa
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.contracts.conventions.cited import Rule
from headrace.contracts.sharing.book import Book, ListedScheme
from headrace.contracts.sharing.checking import Breach
from headrace.contracts.sharing.pool_terms import PoolTerms, Rate, Refusal
from headrace.contracts.sharing.pricing import ThreeNumbers
from headrace.contracts.sharing.scheme import REST, Layer, RecoveryOrder, Scheme
from headrace.contracts.sharing.waterfall import Allocation
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.pool_days import PoolDay
from headrace.workflows.sharing_losses import Priced, Terms, borne_by

Tick = Callable[[float], None]
ROWS_SHOWN = 60
WORDS = {
    "in_force": Text("In force on {on}", "{on} 施行"),
    "scheme": Text("Scheme", "方案"),
    "name": Text("Name", "名称"),
    "layer": Text("Layer", "层"),
    "party": Text("Party", "承担方"),
    "source": Text("By", "依据"),
    "base": Text("Rates are parts of", "比例基数"),
    "recovery": Text("Recoveries", "追偿分配"),
    "verified": Text("Official text read", "已核实原文"),
    "effective_from": Text("In force from", "施行日"),
    "bears": Text("Who bears what", "分担"),
    "covers": Text("{part} of it", "赔付 {part}"),
    "deductible": Text("above {amount} a loan", "每笔免赔 {amount}"),
    "attachment": Text("above {amount} in all", "起赔 {amount}"),
    "cap_loan": Text("up to {amount} a loan", "每笔不超过 {amount}"),
    "cap_year": Text("up to {amount} a year", "每年不超过 {amount}"),
    "cap_pool": Text("up to {amount} in all", "累计不超过 {amount}"),
    "waiting": Text("after {days} days", "等待 {days} 日"),
    "residual": Text("what is left: {party}", "其余由{party}承担"),
    "rules": Text("Rules", "规则"),
    "unread": Text(
        "No official text was read by the authors; compare each clause before you rely on it.",
        "作者未核实官方原文；使用前请逐条核对。",
    ),
    "row": Text("Row", "行"),
    "on": Text("Day", "日期"),
    "event": Text("Event", "事件"),
    "about": Text("About", "对象"),
    "event_amount_minor": Text("Amount", "金额"),
    "amount_minor": Text("Amount", "金额"),
    "money_minor": Text("In the pool", "资金池余额"),
    "outstanding_minor": Text("Guaranteed", "在保余额"),
    "compensated_minor": Text("Compensated", "已代偿"),
    "base_minor": Text("Base", "基数"),
    "rate": Text("Rate", "代偿率"),
    "suspended": Text("Suspended", "暂停"),
    "refusal": Text("Refused", "拒绝原因"),
    "debit": Text("Debit", "借"),
    "credit": Text("Credit", "贷"),
    "memo": Text("For", "摘要"),
    "claim": Text("Claim", "索赔"),
    "loan": Text("Loan", "贷款"),
    "claimed_minor": Text("Claimed", "索赔额"),
    "payable_on": Text("Payable on", "应付日"),
    "refused": Text("{count} of {all} events refused", "{all} 个事件中拒绝 {count} 个"),
    "no_stop": Text("No stop-loss is agreed; --stop 5% sets one.",
                    "未约定熔断线；可用 --stop 5% 设定。"),
    "stopped": Text(
        "Stop-loss {stop} on {on}: compensated {paid} of {base} = {rate}",
        "{on} 触发熔断 {stop}：已代偿 {paid} ÷ 基数 {base} = {rate}",
    ),
    "not_stopped": Text("Stop-loss not reached: compensated {paid} of {base} = {rate}",
                        "未触发熔断：已代偿 {paid} ÷ 基数 {base} = {rate}"),
    "since": Text("no new business since {on}", "自 {on} 起暂停新增业务"),
    "alone": Text("the bank alone bears later claims, since {on}",
                  "自 {on} 起的索赔由银行单独承担"),
    "money_of": Text("Money in the pool", "资金池"),
    "year_base": Text(
        "Rates of the scheme in {year} are parts of {amount}, guaranteed when the year began;"
        " --base states another.",
        "{year} 年方案比例的基数为年初在保余额 {amount}；可用 --base 指定。",
    ),
    "zero_base": Text(
        "so its capped layers pay nothing that year", "因此当年有上限的层不赔付",
    ),
    "broken": Text("The terms break {name}: {found}, where {bound} is the bound",
                   "条款不符合{name}：{found}，要求 {bound}"),
    "no_limit": Text("no limit", "未设上限"),
    "total": Text("In all", "合计"),
    "expected_minor": Text("Expected", "预期损失"),
    "error_minor": Text("± error", "抽样误差"),
    "var_minor": Text("Value at risk", "在险价值"),
    "shortfall_minor": Text("Exp. shortfall", "尾部均值"),
    "premium": Text("Premium", "保费率"),
    "assumed": Text(
        "Simulated: {scenarios:,} scenarios of {years} year(s), correlation {correlation},"
        " seed {seed}",
        "模拟：{scenarios:,} 个情景，{years} 年，相关系数 {correlation}，种子 {seed}",
    ),
    "three": Text("The bank's three numbers at up to {rate} a year",
                  "银行的三个数（年利率不超过 {rate}）"),
    "approval": Text("Approved", "准入率"),
    "price": Text("Price", "价格"),
    "expected_loss": Text("Expected loss", "预期损失率"),
    "without": Text("without sharing", "无分担"),
    "with": Text("with {name}", "{name}"),
    "fee_counted": Text("paid to the others, a year, within the price: {fee}",
                        "价格中含付给其他各方的年费率 {fee}"),
    "fee_fair": Text("(their premiums, by each loan's risk; --fee states one for all)",
                     "（按其保费率分摊至每笔；--fee 指定统一费率）"),
    "scheme_base": Text("the scheme's rates are parts of {amount}", "方案比例的基数 {amount}"),
    "nothing": Text("none", "无"),
    "more": Text("{count:,} more; --out or --json gives all",
                 "另有 {count:,} 行；--out 或 --json 给出全部"),
    "work": Text("Scenarios", "情景"),
    "tail": Text(
        "Tail at {confidence}; a premium is the expected loss and {capital} of the tail beyond.",
        "尾部置信度 {confidence}；保费率含预期损失及尾部其余部分 {capital} 的资本成本。",
    ),
}  # fmt: skip
PARTIES = {
    "guarantor": Text("guarantor", "担保机构"),
    "reguarantor": Text("re-guarantor", "再担保机构"),
    "provincial_reguarantor": Text("provincial re-guarantor", "省级再担保机构"),
    "national_fund": Text("national fund", "国家融资担保基金"),
    "bank": Text("bank", "银行"),
    "government": Text("government", "政府"),
    "pool": Text("pool", "资金池"),
    "insurer": Text("insurer", "保险公司"),
    "partner": Text("partner", "合作方"),
    "all": Text("all", "合计"),
}
BASES = {
    "none": Text("none", "无"),
    "guaranteed balance at the beginning of the year": Text(
        "guaranteed balance at the beginning of the year", "年初在保余额"
    ),
    "insured turnover of the year": Text("insured turnover of the year", "当年投保营业额"),
    "amount lent": Text("amount lent", "放款总额"),
}
"""What the rates of the schemes that ship are parts of."""
ACTS = {
    "contribute": Text("contribute", "出资"),
    "guarantee": Text("guarantee", "担保"),
    "release": Text("release", "解除"),
    "claim": Text("claim", "索赔"),
    "compensate": Text("compensate", "代偿"),
    "recover": Text("recover", "追偿"),
    "resume": Text("resume", "恢复"),
}
RECOVERIES = {
    RecoveryOrder.PRO_RATA: Text("in proportion", "按责任比例"),
    RecoveryOrder.LAST_FIRST: Text("first loss last", "先付者最后受偿"),
    RecoveryOrder.FIRST_FIRST: Text("first layer first", "先付者最先受偿"),
}
REFUSALS = {
    Refusal.AMOUNT_MUST_BE_POSITIVE: Text("the amount is not above 0", "金额须大于零"),
    Refusal.DAY_MUST_NOT_GO_BACK: Text("its day lies before the last", "日期不得早于上一事件"),
    Refusal.LOAN_MUST_BE_NEW: Text("the loan is guaranteed already", "该贷款已在保"),
    Refusal.LOAN_MUST_BE_GUARANTEED: Text("the loan is not guaranteed", "该贷款不在保"),
    Refusal.AMOUNT_MUST_NOT_EXCEED_GUARANTEED: Text(
        "more than is guaranteed", "超过在保余额"),
    Refusal.POOL_MUST_NOT_BE_SUSPENDED: Text("new business is suspended", "已暂停新增业务"),
    Refusal.LEVERAGE_MUST_NOT_EXCEED_CAP: Text("leverage would exceed its cap", "超过放大倍数上限"),
    Refusal.BORROWER_MUST_NOT_EXCEED_LIMIT: Text(
        "one borrower would exceed its limit", "超过单一被担保人限额"),
    Refusal.CLAIM_MUST_BE_NEW: Text("there is such a claim already", "索赔编号已存在"),
    Refusal.CLAIM_MUST_BE_KNOWN: Text("there is no such claim", "无此索赔"),
    Refusal.CLAIM_MUST_BE_PAYABLE: Text("nothing of it is payable yet", "尚无应付部分"),
    Refusal.CLAIM_MUST_BE_COMPENSATED: Text("it is not compensated yet", "尚未代偿"),
    Refusal.POOL_MUST_HAVE_THE_MONEY: Text("the pool lacks the money", "资金池余额不足"),
    Refusal.COST_MUST_NOT_EXCEED_AMOUNT: Text("the cost exceeds the amount", "费用超过追偿额"),
    Refusal.POOL_MUST_BE_SUSPENDED: Text("it is not suspended", "未暂停"),
}  # fmt: skip


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    return {name: text.in_language(lang) for name, text in WORDS.items()}


@contextmanager
def progress(lang: str, *, quiet: bool) -> Iterator[Tick]:
    """A bar on standard error; it is told what part is done."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _part: None
        return
    columns = (TextColumn(WORDS["work"].in_language(lang)), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda part: bar.update(task, completed=part)


def schemes(book: Book, on: date, lang: str) -> None:
    """Schemes with their layers, then rules."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('in_force', on=on)}[/]")
    for each in _schemes(book, on):
        scheme = each.scheme
        name = scheme.zh if lang == "zh" else scheme.en
        console.print(f"\n[cyan]{safe(scheme.id)}[/]  [bold]{safe(name)}[/]", soft_wrap=True)
        for layer in scheme.layers:
            console.print(f"  {_layer(layer, lang)}")
        left = say("residual", party=_party(scheme.residual, lang))
        console.print(f"  {left} · {say('recovery')}: {_recovery(scheme, lang)}")
        if any(layer.relative for layer in scheme.layers):
            console.print(f"  {say('base')}: {_base(each.base, lang)}")
        console.print(f"  [dim]{safe(_clause(each))}{_unread(lang, verified=each.verified)}[/]")
    console.print(f"\n[bold]{say('rules')}[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for rule in _rules(book, on):
        word = rule.zh if lang == "zh" else rule.en
        note = f"[dim]{safe(rule.clause)}{_unread(lang, verified=rule.verified)}[/]"
        grid.add_row(f"{rule.value:f}", f"{safe(word)} [cyan]{safe(rule.id)}[/] {note}")
    console.print(grid)
    read = [each.verified for each in _schemes(book, on)]
    read += [rule.verified for rule in _rules(book, on)]
    if not all(read):
        console.print(f"\n[dim]{say('unread')}[/]")


def schemes_table(book: Book, on: date, lang: str) -> pa.Table:
    """A scheme's layers, one a row, for a file."""
    rows = [
        {
            "scheme": each.scheme.id,
            "name": each.scheme.zh if lang == "zh" else each.scheme.en,
            "layer": layer.zh if lang == "zh" else layer.en,
            "bears": _layer(layer, lang),
            "recovery": _recovery(each.scheme, lang),
            "base": _base(each.base, lang),
            "source": _clause(each),
            "effective_from": each.effective_from,
            "verified": each.verified,
        }
        for each in _schemes(book, on)
        for layer in each.scheme.layers
    ]
    return pa.Table.from_pylist(rows)


def schemes_value(book: Book, on: date) -> dict[str, Any]:
    """Schemes and rules for programs."""
    return {
        "schemes": [
            {
                **asdict(each.scheme),
                "base": each.base,
                "source": _clause(each),
                "effective_from": each.effective_from,
                "verified": each.verified,
            }
            for each in _schemes(book, on)
        ],
        "rules": [
            {"id": rule.id, "value": rule.value, "zh": rule.zh, "en": rule.en,
             "clause": rule.clause, "verified": rule.verified}
            for rule in _rules(book, on)
        ],
    }  # fmt: skip


def ran(days: Sequence[PoolDay], terms: PoolTerms, broken: Sequence[Breach], lang: str) -> None:
    """A pool's events, its stops, what is in it."""
    say, console = _speaker(lang), console_now()
    shown = _table(say, ("row", "on", "event", "about", "event_amount_minor", "money_minor",
                         "outstanding_minor", "rate", "refusal"), left=(1, 2, 3, 8))  # fmt: skip
    for day in days[:ROWS_SHOWN]:
        amount = getattr(day.event, "amount", None)
        refusal = "" if day.refusal is None else REFUSALS[day.refusal].in_language(lang)
        shown.add_row(
            str(day.row), str(day.event.on), ACTS[day.act].in_language(lang), _about(day, lang),
            "" if amount is None else _money(amount), _money(sum(day.state.money.values())),
            _money(day.state.outstanding), _rate(day.rate), f"[red]{refusal}[/]" if refusal else "",
        )  # fmt: skip
    console.print(shown)
    if len(days) > ROWS_SHOWN:
        console.print(f"[dim]{say('more', count=len(days) - ROWS_SHOWN)}[/]")
    refused = sum(day.refusal is not None for day in days)
    console.print(say("refused", count=refused, all=len(days)))
    _stops(days[-1], terms, lang)
    money = days[-1].state.money
    if money:
        told = "  ".join(f"{_party(party, lang)} {_money(held)}" for party, held in money.items())
        console.print(f"{say('money_of')}: {told}", soft_wrap=True)
    if any(layer.relative for layer in terms.scheme.layers) and not terms.bases:
        for year, balance in sorted(days[-1].state.opening.items()):
            told = say("year_base", year=year, amount=_money(balance))
            note = "" if balance else f" [yellow]{say('zero_base')}[/]"
            console.print(f"[dim]{told}[/]{note}", soft_wrap=True)
    _broken(broken, lang)


def _stops(day: PoolDay, terms: PoolTerms, lang: str) -> None:
    say, console = _speaker(lang), console_now()
    state = day.state
    for found in state.triggers:
        console.print(f"[bold red]■[/] {_stopped(found, 'stopped', say)}", soft_wrap=True)
    if state.suspended_on is not None:
        console.print(f"  {say('since', on=state.suspended_on)}")
    if state.residual_alone_on is not None:
        console.print(f"  {say('alone', on=state.residual_alone_on)}")
    if not terms.stops:
        console.print(f"[dim]{say('no_stop')}[/]")
    elif not state.triggers and day.rate is not None:
        console.print(_stopped(day.rate, "not_stopped", say), soft_wrap=True)


def _stopped(found: Rate, key: str, say: Callable[..., str]) -> str:
    return say(
        key, stop=found.stop.removeprefix("stop "), on=found.on, paid=_money(found.compensated),
        base=_money(found.base), rate=_rate(found) or "–",
    )  # fmt: skip


def _broken(broken: Sequence[Breach], lang: str) -> None:
    say, console = _speaker(lang), console_now()
    for each in broken:
        word = each.rule.zh if lang == "zh" else each.rule.en
        found = say("no_limit") if each.found is None else f"{each.found.normalize():f}"
        told = say("broken", name=f"「{word}」" if lang == "zh" else f'"{word}"', found=found,
                   bound=f"{each.bound.normalize():f}")  # fmt: skip
        note = f"[dim]{safe(each.rule.clause)}{_unread(lang, verified=each.rule.verified)}[/]"
        console.print(f"[yellow]![/] {safe(told)} {note}", soft_wrap=True)


def run_value(
    days: Sequence[PoolDay], table: pa.Table, moved: pa.Table, broken: Sequence[Breach]
) -> dict[str, Any]:
    """A pool's run for programs."""
    state = days[-1].state
    return {
        "events": table.to_pylist(),
        "movements": moved.to_pylist(),
        "money": dict(state.money),
        "outstanding_minor": state.outstanding,
        "suspended_on": state.suspended_on,
        "residual_alone_on": state.residual_alone_on,
        "stops": [
            {
                "stop": each.stop,
                "on": each.on,
                "compensated_minor": each.compensated,
                "base_minor": each.base,
                "rate": None if each.rate is None else float(each.rate),
            }
            for each in state.triggers
        ],
        "broken": [
            {"rule": each.rule.id, "clause": each.rule.clause, "found": each.found,
             "bound": each.bound, "verified": each.rule.verified}
            for each in broken
        ],
    }  # fmt: skip


def shared(scheme: Scheme, found: Sequence[Allocation], lang: str) -> None:
    """Claims, and who bears what of each."""
    say, console = _speaker(lang), console_now()
    layers = {layer.id: layer.zh if lang == "zh" else layer.en for layer in scheme.layers}
    shown = _table(say, ("claim", "loan", "on", "claimed_minor", "layer", "party", "amount_minor",
                         "payable_on"), left=(1, 2, 4, 5, 7))  # fmt: skip
    for number, each in enumerate(found[:ROWS_SHOWN], start=1):
        for place, piece in enumerate(each.pieces):
            head = (str(number), safe(each.loan), str(each.on), _money(each.amount))
            layer = say("nothing") if piece.layer == REST else safe(layers[piece.layer])
            shown.add_row(
                *(head if not place else ("", "", "", "")), layer, _party(piece.party, lang),
                _money(piece.amount), str(piece.payable_on),
            )  # fmt: skip
    console.print(shown)
    if len(found) > ROWS_SHOWN:
        console.print(f"[dim]{say('more', count=len(found) - ROWS_SHOWN)}[/]")
    total = sum(each.amount for each in found)
    console.print(f"\n[bold]{say('total')} {_money(total)}[/]")
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    for _ in range(2):
        grid.add_column(justify="right")
    for party, amount in borne_by(scheme, found).items():
        grid.add_row(f"  {_party(party, lang)}", _money(amount), f"{amount / total:.1%}")
    console.print(grid)


def priced(found: Priced, asked: Terms, by: tuple[Scheme, int], lang: str) -> None:
    """Parties, then the bank's three numbers together; `by`: the scheme, the base of its rates."""
    scheme, base = by
    say, console = _speaker(lang), console_now()
    told = say("assumed", scenarios=asked.how.scenarios, years=asked.how.years,
               correlation=f"{asked.how.correlation:g}", seed=asked.seed)  # fmt: skip
    console.print(f"[black on yellow] {told} [/]")
    shown = _table(say, ("party", "expected_minor", "error_minor", "var_minor", "shortfall_minor",
                         "premium"), left=(0,))  # fmt: skip
    for row in found.parties.to_pylist():
        amounts = [
            _money(round(row[name] / 100) * 100)
            for name in ("expected", "error", "var", "shortfall")
        ]
        shown.add_row(_party(row["party"], lang), *amounts, f"{row['premium']:.3%}")
    console.print(shown)
    confidence, capital = f"{asked.cost.confidence:.1%}", f"{asked.cost.capital:.0%}"
    tail = say("tail", confidence=confidence, capital=capital)
    console.print(f"[dim]{tail}[/]", soft_wrap=True)
    console.print(f"\n[bold]{say('three', rate=f'{asked.rate_max:.2%}')}[/]")
    three = Table(box=None, header_style="bold", pad_edge=False)
    three.add_column("")
    for key in ("approval", "price", "expected_loss"):
        three.add_column(say(key), justify="right")
    name = scheme.zh if lang == "zh" else scheme.id
    three.add_row(say("without"), *_three(found.alone))
    three.add_row(say("with", name=safe(name)), *_three(found.with_scheme))
    console.print(three)
    fair = f" {say('fee_fair')}" if asked.fee is None else ""
    console.print(f"[dim]{say('fee_counted', fee=f'{found.fee:.3%}')}{fair}[/]")
    if any(layer.relative for layer in scheme.layers):
        console.print(f"[dim]{say('scheme_base', amount=_money(base))}[/]")


def _three(numbers: ThreeNumbers) -> tuple[str, ...]:
    rates = (numbers.price, numbers.expected_loss)
    told = ("–" if math.isnan(rate) else f"{rate:.3%}" for rate in rates)
    return (f"{numbers.approval:.1%}", *told)


def _schemes(book: Book, on: date) -> list[ListedScheme]:
    return [
        each
        for each in book.schemes
        if each.effective_from <= on and (not each.effective_until or on <= each.effective_until)
    ]


def _rules(book: Book, on: date) -> list[Rule]:
    return [
        rule
        for rule in book.rules
        if rule.effective_from <= on and (not rule.effective_until or on <= rule.effective_until)
    ]


def _layer(layer: Layer, lang: str) -> str:
    """A layer in words: who bears it, how much of it, between which amounts."""
    say = _speaker(lang)
    shares = ", ".join(
        f"{_party(share.party, lang)} {float(share.part * 100):g} %" for share in layer.shares
    )
    terms: list[str] = []
    if layer.covers != 1:
        terms.append(say("covers", part=f"{float(layer.covers * 100):g} %"))
    amounts: list[tuple[str, int | None, Any]] = [
        ("deductible", layer.deductible_loan_minor or None, None),
        ("attachment", layer.attachment_minor or None, layer.attachment_rate),
        ("cap_loan", layer.cap_loan_minor, None),
        ("cap_year", layer.cap_year_minor, layer.cap_year_rate),
        ("cap_pool", layer.cap_pool_minor, layer.cap_pool_rate),
    ]
    for key, amount, rate in amounts:
        if amount is not None:
            terms.append(say(key, amount=_money(amount)))
        if rate is not None:
            terms.append(say(key, amount=f"{float(rate * 100):g} %"))
    if layer.waiting_days:
        terms.append(say("waiting", days=layer.waiting_days))
    named = layer.zh if lang == "zh" else layer.en
    return safe(f"{named}: {'; '.join([shares, *terms])}")


def _base(base: str, lang: str) -> str:
    return BASES[base].in_language(lang) if base in BASES else safe(base)


def _recovery(scheme: Scheme, lang: str) -> str:
    return RECOVERIES[scheme.recovery].in_language(lang)


def _clause(each: ListedScheme) -> str:
    return f"《{each.source.zh}》（{each.source.number}）"


def _unread(lang: str, *, verified: bool) -> str:
    if verified:
        return ""
    return "（未核实）" if lang == "zh" else " (not verified)"


def refused_words(refusal: str, lang: str) -> str:
    """Why an event of a pool was refused, by the key of the refusal."""
    return REFUSALS[Refusal(refusal)].in_language(lang)


def _about(day: PoolDay, lang: str) -> str:
    party = getattr(day.event, "party", None)
    return safe(day.name) if party is None else _party(party, lang)


def _party(party: str, lang: str) -> str:
    return PARTIES[party].in_language(lang) if party in PARTIES else safe(party)


def _rate(found: Rate | None) -> str:
    return "" if found is None or found.rate is None else f"{float(found.rate):.2%}"


def _table(say: Callable[..., str], heads: Sequence[str], left: tuple[int, ...]) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        aligned = place in left
        shown.add_column(say(head), justify="left" if aligned else "right", overflow="fold",
                         no_wrap=not aligned or head in ("on", "payable_on"))  # fmt: skip
    return shown


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(lang).format(**values)

    return say


def _money(minor: int) -> str:
    return format_minor(minor, "CNY")

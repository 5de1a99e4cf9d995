"""What `headrace abs` prints: runs of deals, where money went, sensitivities, pools, shelves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.cells import cell_len
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.contracts.securitisation.deal import STATE_WORDS, STEP_WORDS, State
from headrace.contracts.securitisation.priority import LACK_WORDS
from headrace.contracts.securitisation.projection import Assumptions
from headrace.contracts.securitisation.report import said
from headrace.money import CURRENCY_SIGN, MINOR_PER_MAJOR
from headrace.pack import Text
from headrace.workflows.loan_tape import Tape
from headrace.workflows.securitisation import (
    BondPaid,
    Outcome,
    TriggerSeen,
)

ROWS_SHOWN = 60
AHEAD_SHOWN = 5
GAP = 3

WORDS = {
    "assumed": Text("Assumed", "假设"),
    "cdr": Text("CDR", "年违约率"),
    "cpr": Text("CPR", "年早偿率"),
    "smm": Text("SMM", "月早偿率"),
    "recovery": Text("recovery {share} after {lag} periods", "回收率 {share}（滞后 {lag} 期）"),
    "late": Text("{share} late by {lag} periods", "迟付 {share}（{lag} 期）"),
    "missing": Text("revenue missing {share}", "收入缺口 {share}"),
    "by_period": Text("by period", "逐期"),
    "loans": Text("Loans", "贷款"),
    "loans_line": Text(
        "{count:,} loans, {balance}; classes {classes} in all",
        "{count:,} 笔，余额 {balance}；证券合计 {classes}",
    ),
    "aside": Text(
        "{count:,} of {rows:,} rows could not be read and are NOT in the pool",
        "{rows:,} 行中有 {count:,} 行无法读取，未入池",
    ),
    "ended": Text("Ended", "结束"),
    "bond": Text("Class", "证券"),
    "opening": Text("Balance at the start", "期初余额"),
    "interest": Text("Interest paid", "支付利息"),
    "principal": Text("Principal paid", "支付本金"),
    "residual": Text("Residual paid", "剩余收益"),
    "closing": Text("Principal unpaid", "未还本金"),
    "unpaid": Text("Interest unpaid", "未付利息"),
    "life": Text("Average life, years", "加权平均期限（年）"),
    "yield": Text("Yield at par", "平价收益率"),
    "fee": Text("Fee", "费用"),
    "paid": Text("Paid", "已付"),
    "due": Text("Due at the end", "期末应付"),
    "account": Text("Account", "账户"),
    "held": Text("Left", "余额"),
    "party": Text("Party", "参与方"),
    "paid_in": Text("Paid in", "投入"),
    "received": Text("Received", "收到"),
    "trigger": Text("Trigger", "触发事件"),
    "fired": Text("Fired", "触发/测试"),
    "nearest": Text("Nearest on", "最接近日"),
    "value": Text("Value then", "当日指标"),
    "fires": Text("Fires if", "触发条件"),
    "leads_to": Text("Leads to", "后果"),
    "first": Text("First on", "首次"),
    "state": Text("Changed state", "状态变化"),
    "cover": Text("Cover", "覆盖倍数"),
    "cover_line": Text(
        "lowest {low:.2f} times, on {on}; wanted {wanted:.2f}: {short} of {count} periods short",
        "最低 {low:.2f} 倍（{on}）；要求 {wanted:.2f} 倍；{count} 期中 {short} 期不达标",
    ),
    "unverified": Text("the official text was not read: {read}", "未核对原文：{read}"),
    "ahead": Text(
        "{count} payments to a junior class while a senior one lacked something",
        "{count} 次次级先于优先受偿",
    ),
    "ahead_line": Text(
        "{on}  {junior} got {paid} while {senior}: {lack} {unpaid}",
        "{on}  {junior} 获付 {paid}，{senior} {lack} {unpaid}",
    ),
    "conserved": Text(
        "{opening} at the start + {collected} from the pool + {support} from others "
        "= {paid} paid + {left} left",
        "期初 {opening} ＋ 资产池 {collected} ＋ 外部投入 {support} "
        "＝ 支付 {paid} ＋ 账户余额 {left}",
    ),
    "not_conserved": Text("money appeared or vanished", "资金不守恒"),
    "written": Text("Written", "已写入"),
    "next": Text("Next", "下一步"),
    "see_trace": Text("where each yuan went", "每一元的去向"),
    "see_worse": Text("how much worse it may get", "压力测试"),
    "row": Text("Row {number}, {on}, {kind} ({step})", "第 {number} 行  {on}  {kind}（{step}）"),
    "came": Text("came from", "来自"),
    "went": Text("went to", "去向"),
    "row_head": Text("Row", "行"),
    "day": Text("Day", "日期"),
    "amount": Text("Amount", "金额"),
    "sum": Text("Sum", "合计"),
    "on_account": Text("still on {name}", "仍在{name}"),
    "at_start": Text("{name} at the start", "{name}期初余额"),
    "more": Text(
        "{count:,} more; --json or --out shows all", "另有 {count:,} 行；--json 或 --out 显示全部"
    ),
}
_ENDINGS = {
    "资产池无后续现金流且账户为空": "the pool pays no more and every account is empty",
    "法定到期": "legal maturity",
    "清仓回购": "clean-up",
    "清仓回购条件满足": "the clean-up condition is met",
    "循环购买期届满": "the revolving period is over",
}
_ENDS = {
    "interest": "interest",
    "principal": "principal",
    "residual": "residual",
    "pool:interest": "interest of the pool",
    "pool:principal": "principal of the pool",
    "pool:prepayment": "prepayment of the pool",
    "pool:recovery": "recovery of the pool",
    "pool:sale": "sale of the pool",
    "pool:assets": "new assets",
}
_LACKS = {"interest": "interest unpaid", "principal_due": "principal due unpaid",
          "balance": "principal left"}  # fmt: skip


# --- a run ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """What was run, for people.

    Attributes:
        notice: That it is made up or assumed; or "".
        assumed: What borrowers were assumed to do.
        revenue: Whether a revenue right pays; then the default rate is what is missing of it.
        tape: The loans, where there are any.
        balance: Of the tape, minor units.
        rates: Of indices, as given: name and the last rate.
        folder: What was written, or None.
        worse: The command that stresses the same deal.
    """

    notice: str
    assumed: Assumptions
    revenue: bool
    tape: Tape | None = None
    balance: int = 0
    rates: tuple[tuple[str, float], ...] = ()
    folder: Path | None = None
    worse: str = ""


def outcome(found: Outcome, shown: Shown, lang: str) -> None:
    """A run: what each class got, triggers with their values, that no yuan is lost."""
    say, console = speaker_of(WORDS, lang), console_now()
    deal = found.run.deal
    money = money_of(deal.currency)
    tell_notices(shown.notice, shown.tape)
    console.print(f"\n[bold]{safe(deal.name)}[/]")
    facts = []
    if shown.tape is not None:
        count = shown.tape.table.num_rows
        classes = money(sum(bond.opening for bond in found.bonds))
        line = say("loans_line", count=count, balance=money(shown.balance), classes=classes)
        facts.append((say("loans"), line))
    facts.append((say("assumed"), assumed(shown, lang)))
    facts.append((say("ended"), f"{found.run.ended[0]}  {_ending(found.run.ended[1], lang)}"))
    _facts(facts)
    if shown.tape is not None and shown.tape.aside.num_rows:
        aside = say("aside", count=shown.tape.aside.num_rows, rows=shown.tape.rows)
        console.print(f"[bold yellow]! {aside}[/]")
    console.print()
    _bonds(found.bonds, money, lang)
    _sides(found, money, lang)
    _triggers(found.triggers, money, lang)
    _states(found, lang)
    _cover(found, lang)
    _ahead(found, money, lang)
    _conserved(found, money, lang)
    if shown.folder is not None:
        _next(shown.folder, shown.worse, lang)


def assumed(shown: Shown, lang: str) -> str:
    """What borrowers were assumed to do, in words."""
    say, given = speaker_of(WORDS, lang), shown.assumed
    if shown.revenue:
        return say("missing", share=f"{given.default[0]:.2%}")
    parts = [f"{say('cdr')} {_rates(given.default, lang)}"]
    early = "smm" if given.prepayment_monthly else "cpr"
    parts.append(f"{say(early)} {_rates(given.prepayment, lang)}")
    if given.default != (0.0,):
        share = f"{given.recovery_ppm / 1e6:.0%}"
        parts.append(say("recovery", share=share, lag=given.recovery_lag))
    if given.late_ppm:
        parts.append(say("late", share=f"{given.late_ppm / 1e6:.0%}", lag=given.late_periods))
    parts += [f"{safe(name)} {rate:.2%}" for name, rate in shown.rates]
    return ("，" if lang == "zh" else ", ").join(parts)


def _rates(rates: Sequence[float], lang: str) -> str:
    if len(rates) == 1:
        return f"{rates[0]:.2%}"
    shown = " ".join(f"{rate:.2%}" for rate in rates[:4])
    more = " …" if len(rates) > 4 else ""
    return f"{speaker_of(WORDS, lang)('by_period')} {shown}{more}"


def tell_notices(notice: str, tape: Tape | None = None) -> None:
    """That a deal or a tape is made up or assumed, if it says so."""
    said_already = set()
    for text in (notice, tape.title if tape is not None else ""):
        if text and text not in said_already:
            said_already.add(text)
            console_now().print(f"[black on yellow] {safe(text)} [/]")


def _bonds(bonds: Sequence[BondPaid], money: Callable[[int], str], lang: str) -> None:
    """A column a class, as many side by side as there is room for."""
    say = speaker_of(WORDS, lang)
    lines: list[tuple[str, Callable[[BondPaid], str], bool]] = [
        ("opening", lambda one: money(one.opening), True),
        ("interest", lambda one: money(one.interest), True),
        ("principal", lambda one: money(one.principal), True),
        ("residual", lambda one: money(one.residual), any(one.residual for one in bonds)),
        ("closing", lambda one: short(one.closing, money), True),
        ("unpaid", lambda one: short(one.unpaid, money), True),
        ("life", lambda one: figure(one.wal_years, ".2f"), True),
        ("yield", lambda one: figure(one.annual_yield, "z.2%"), True),
    ]
    kept = [(say(key), read) for key, read, wanted in lines if wanted]
    width = console_now().width
    label = max(cell_len(text) for text, _ in kept)
    columns = {
        one.name: max(cell_len(one.name), *(_plain_len(read(one)) for _, read in kept))
        for one in bonds
    }
    for part in _beside(bonds, lambda one: columns[one.name], width - label):
        shown = grid_of([say("bond"), *(safe(one.name) for one in part)], left=1)
        for text, read in kept:
            shown.add_row(text, *(read(one) for one in part))
        console_now().print(shown)
        console_now().print()


def _beside(
    bonds: Sequence[BondPaid], width_of: Callable[[BondPaid], int], room: int
) -> list[list[BondPaid]]:
    parts: list[list[BondPaid]] = [[]]
    used = 0
    for one in bonds:
        needed = width_of(one) + GAP
        if parts[-1] and used + needed > room:
            parts.append([])
            used = 0
        parts[-1].append(one)
        used += needed
    return parts


def _sides(found: Outcome, money: Callable[[int], str], lang: str) -> None:
    say, console = speaker_of(WORDS, lang), console_now()
    for heads, rows in (
        (("fee", "paid", "due"), found.fees),
        (("party", "paid_in", "received"), [row for row in found.parties if any(row[1:])]),
        (("account", "held"), found.accounts),
    ):
        if rows:
            shown = grid_of([say(head) for head in heads], left=1)
            for name, *amounts in rows:
                shown.add_row(safe(name), *map(money, amounts))
            console.print(shown)
            console.print()


_TRIGGER = ("trigger", "fired", "first", "nearest", "value", "fires", "leads_to")


def _triggers(triggers: Sequence[TriggerSeen], money: Callable[[int], str], lang: str) -> None:
    if not triggers:
        return
    say = speaker_of(WORDS, lang)
    shown = grid_of([say(key) for key in _TRIGGER], left=7)
    for seen in triggers:
        test = seen.nearest
        value, threshold = f"{float(test.value):.4f}", f"{float(test.threshold):.4f}"
        if seen.is_money:
            value = money(int(test.value))
            threshold = money(int(test.threshold)).removesuffix(".00")
        times = f"{seen.fired}/{seen.tests}"
        shown.add_row(
            safe(seen.name),
            f"[bold yellow]{times}[/]" if seen.fired else times,
            "" if seen.first is None else str(seen.first),
            str(test.on),
            value,
            f"{test.op} {threshold}",
            "" if seen.state is None else _state(seen.state, lang),
        )
    console_now().print(shown)
    console_now().print()


def _states(found: Outcome, lang: str) -> None:
    for on, before, after, why in found.run.states:
        change = f"{_state(before, lang)} → {_state(after, lang)}"
        head = speaker_of(WORDS, lang)("state")
        console_now().print(f"{head}  {on}  [bold]{change}[/]  {_ending(why, lang)}")


def _cover(found: Outcome, lang: str) -> None:
    if found.cover is None:
        return
    say, console, rule = speaker_of(WORDS, lang), console_now(), found.cover_rule
    rows = [row for row in found.cover.to_pylist() if row["cover"] is not None]
    if not rows:
        return
    worst = min(rows, key=lambda row: row["cover"])
    line = say(
        "cover_line",
        low=worst["cover"],
        on=worst["date"],
        wanted=worst["wanted"],
        short=sum(not row["passes"] for row in rows),
        count=len(rows),
    )
    console.print(f"{say('cover')}  {line}", soft_wrap=True)
    if rule is not None and not rule.verified:
        console.print(f"  [dim]{safe(rule.clause)}  {say('unverified', read=safe(rule.read))}[/]")


def _ahead(found: Outcome, money: Callable[[int], str], lang: str) -> None:
    if not found.overtaken:
        return
    say, console = speaker_of(WORDS, lang), console_now()
    console.print(f"[yellow]! {say('ahead', count=len(found.overtaken))}[/]")
    for one in found.overtaken[:AHEAD_SHOWN]:
        lack = LACK_WORDS[one.lack] if lang == "zh" else _LACKS[one.lack]
        line = say(
            "ahead_line",
            on=one.on,
            junior=safe(one.junior),
            paid=money(one.paid),
            senior=safe(one.senior),
            lack=lack,
            unpaid=money(one.unpaid),
        )
        console.print(f"  {line}", soft_wrap=True)
    tell_more(len(found.overtaken), AHEAD_SHOWN, lang)


def _conserved(found: Outcome, money: Callable[[int], str], lang: str) -> None:
    say, sums = speaker_of(WORDS, lang), found.conservation
    line = say("conserved", **{key: money(value) for key, value in vars(sums).items()})
    mark = "[green]✓[/]" if sums.holds else f"[bold red]✗ {say('not_conserved')}[/]"
    console_now().print(f"{mark} {line}")


def _next(folder: Path, worse: str, lang: str) -> None:
    say, console = speaker_of(WORDS, lang), console_now()
    console.print(f"\n{say('written')} [bold]{safe(folder)}[/]")
    steps = Table.grid(padding=(0, 2))
    steps.add_row(f"  {say('see_trace')}", f"[cyan]headrace abs trace {safe(folder)} --row 0[/]")
    steps.add_row(f"  {say('see_worse')}", f"[cyan]{safe(worse)}[/]")
    console.print(f"[bold]{say('next')}[/]")
    console.print(steps)


# --- where a yuan went ----------------------------------------------------------------------------


def row_traced(row: Mapping[str, Any], parts: pa.Table, currency: str, lang: str) -> None:
    """One row of money: where it came from and where it went."""
    say, console, money = speaker_of(WORDS, lang), console_now(), money_of(currency)
    kind = _kind(row["kind"], lang)
    head = say("row", number=row["number"], on=row["on"], kind=kind, step=safe(row["step"]))
    console.print(f"[bold]{head}[/]")
    line = f"{end(row['source'], lang)} → {end(row['target'], lang)}"
    console.print(f"{line}  [bold]{money(row['amount'])}[/]  [dim]{safe(row['note'] or '')}[/]")
    if not row["source"].startswith(("pool:", "party:")):
        _parts(parts, "source", money, lang)
    if row["target"].startswith("account:"):
        _parts(parts, "target", money, lang)


def _parts(parts: pa.Table, side: str, money: Callable[[int], str], lang: str) -> None:
    """What came from each source, or went to each target."""
    say = speaker_of(WORDS, lang)
    sums: dict[tuple[Any, Any, str], int] = {}
    for part in parts.to_pylist():
        key = (part[f"{side}_date"], part[f"{side}_row"], part[side])
        sums[key] = sums.get(key, 0) + part["amount"]
    word = say("came" if side == "source" else "went")
    shown = grid_of([word, say("day"), say("row_head"), say("amount")], left=2)
    ordered = sorted(
        sums.items(), key=lambda item: (item[0][0], -1 if item[0][1] is None else item[0][1])
    )
    for (on, number, name), amount in ordered[:ROWS_SHOWN]:
        place = "" if number is None else str(number)
        lies = number is None and name.startswith("account:")
        told = say("on_account", name=end(name, lang)) if lies else end(name, lang)
        shown.add_row(told, str(on), place, money(amount))
    shown.add_row(f"[bold]{say('sum')}[/]", "", "", f"[bold]{money(sum(sums.values()))}[/]")
    console_now().print()
    console_now().print(shown)
    tell_more(len(sums), ROWS_SHOWN, lang)


def flows_traced(sums: pa.Table, currency: str, lang: str) -> None:
    """Where each kind of inflow went in all."""
    say, money = speaker_of(WORDS, lang), money_of(currency)
    shown = grid_of([say("came"), say("went"), say("amount")], left=2)
    before, total = "", 0
    for row in sums.to_pylist():
        source = row["source"]
        shown.add_row(
            "" if source == before else end(source, lang),
            end(row["target"], lang),
            money(row["amount"]),
        )
        before, total = source, total + row["amount"]
    shown.add_row(f"[bold]{say('sum')}[/]", "", f"[bold]{money(total)}[/]")
    console_now().print(shown)


def end(name: str, lang: str) -> str:
    """An end of a movement in words, with the deal's own names."""
    kind, _, rest = name.partition(":")
    say = speaker_of(WORDS, lang)
    if kind == "opening":
        return say("at_start", name=safe(rest))
    if lang == "zh":
        return safe(said(name))
    if kind == "bond":
        bond, _, what = rest.rpartition(":")
        return safe(f"{bond} {_ENDS[what]}")
    return _ENDS[name] if kind == "pool" else safe(rest)


# --- small pieces ---------------------------------------------------------------------------------


def speaker_of(words: Mapping[str, Text], lang: str) -> Callable[..., str]:
    """What says a text of a table of words, with its values."""

    def say(key: str, **values: Any) -> str:
        return words[key].in_language(lang).format(**values)

    return say


def money_of(currency: str) -> Callable[[int], str]:
    """What writes minor units of a currency with all its decimals, to stand under each other."""
    per_major, sign = MINOR_PER_MAJOR[currency], CURRENCY_SIGN[currency]

    def money(minor: int) -> str:
        major, rest = divmod(abs(minor), per_major)
        decimals = f".{rest:02d}" if per_major > 1 else ""
        return f"{'-' if minor < 0 else ''}{sign}{major:,}{decimals}"

    return money


def short(minor: int, money: Callable[[int], str]) -> str:
    """What is lacking, in red; a dash where nothing is."""
    return f"[bold red]{money(minor)}[/]" if minor else "–"


def _plain_len(markup: str) -> int:
    return cell_len(markup.removeprefix("[bold red]").removesuffix("[/]"))


def figure(value: float | Fraction | None, form: str) -> str:
    """A number in a form, or a dash."""
    return "–" if value is None else format(float(value), form)


def _state(state: State, lang: str) -> str:
    return STATE_WORDS[state] if lang == "zh" else state.value.replace("_", " ")


def _kind(kind: str, lang: str) -> str:
    words = {each.value: text for each, text in STEP_WORDS.items()} | {"collection": "归集"}
    return words.get(kind, kind) if lang == "zh" else kind.replace("_", " ")


def _ending(why: str, lang: str) -> str:
    if lang == "zh":
        return safe(why)
    cured = why.removesuffix("：已恢复")
    return safe(_ENDINGS.get(why, f"{cured}: cured" if cured != why else why))


def _facts(facts: Sequence[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, GAP))
    for name, value in facts:
        grid.add_row(name, value)
    console_now().print(grid)


def grid_of(heads: Sequence[str], left: int) -> Table:
    """A table without lines; its first columns stand left, Chinese is folded and not cut."""
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for place, head in enumerate(heads):
        shown.add_column(head, justify="left" if place < left else "right", overflow="fold")
    return shown


def tell_more(rows: int, shown: int, lang: str) -> None:
    """That there are rows which were not shown, if there are."""
    if rows > shown:
        console_now().print(f"[dim]{speaker_of(WORDS, lang)('more', count=rows - shown)}[/]")

"""What `headrace basis` prints: price, margin locked, how it stood day by day, the result."""

from __future__ import annotations

from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing.desk import grid, money, plain, speaker
from headrace.contracts.basis.delivery import DeliveryRefusal
from headrace.contracts.basis.sale import Fixer
from headrace.contracts.basis.words import words
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.basis import Trade, delivery_result
from headrace.workflows.basis_case import Case, lots_sold
from headrace.workflows.vouchers import movement_table

WORDS = printing_desk.WORDS | {
    "sale": Text("Sale", "销售合同"),
    "goods": Text("Goods", "货物"),
    "formula": Text("Price", "价格公式"),
    "formula_line": Text(
        "{futures} when fixed {premium} premium {differential} quality",
        "{futures} 点价 {premium} 升贴水 {differential} 品质",
    ),
    "plain_formula": Text(
        "{futures} when fixed {premium} premium",
        "{futures} 点价 {premium} 升贴水",
    ),
    "window": Text("Window", "点价期"),
    "window_line": Text("{first} to {last}, {who} fixes", "{first} 至 {last}，点价权：{who}"),
    "buyer": Text("the buyer", "买方"),
    "seller": Text("the seller", "卖方"),
    "provisional": Text("Provisional", "暂定价"),
    "cost": Text("Cost", "成本"),
    "hedge": Text("Hedge", "套保"),
    "hedge_line": Text(
        "{lots:,} lots of {tonnes} t sold at {price}",
        "卖出 {lots:,} 手（{tonnes} 吨/手），{price}",
    ),
    "fixed": Text("Fixed", "点价"),
    "final": Text("Final price", "最终价格"),
    "final_invoice": Text("Final invoice", "终结算货款"),
    "unfixed": Text("{tonnes} t are not fixed yet", "尚有 {tonnes} 吨未点价"),
    "locked": Text("Margin locked", "锁定利润"),
    "locked_line": Text(
        "{margin} a tonne, {amount} on all, whatever price is fixed",
        "每吨 {margin}，合计 {amount}，与点价高低无关",
    ),
    "open": Text("Left open", "敞口"),
    "open_line": Text(
        "{tonnes} t: the result moves by {swing} when futures rise by one step of {tick}",
        "{tonnes} 吨：期货每上涨一个最小变动价位（{tick}），损益变动 {swing}",
    ),
    "open_none": Text("none: whole lots cover all goods", "无：整手完全覆盖"),
    "earned": Text("Earned", "实现损益"),
    "earned_line": Text(
        "goods {goods} + futures {futures}", "现货 {goods} ＋ 期货 {futures}"
    ),
    "by_open": Text("of it by what was left open: {amount}", "其中敞口部分 {amount}"),
    "delivery": Text("If delivered instead", "若改为交割"),
    "delivery_line": Text(
        "{tonnes} t, {lots:,} lots at {price}: {amount}, earns {result}; "
        "{left} t and {rest:,} lots stay",
        "{tonnes} 吨（{lots:,} 手），{price}：货款 {amount}，损益 {result}；"
        "余 {left} 吨、{rest:,} 手",
    ),
    "days": Text("Day by day", "逐日盯市"),
    "on": Text("Day", "日期"),
    "price": Text("Futures", "期货价"),
    "open_tonnes": Text("Open t", "未点价吨"),
    "value": Text("Value of it", "敞口市值"),
    "over": Text("Not prepaid", "暂结未覆盖"),
    "called": Text("Buyer pays", "买方追加"),
    "lots": Text("Lots", "手数"),
    "gain": Text("Gain", "期货盈亏"),
    "paid_in": Text("Paid in", "缴保证金"),
    "refused": Text("Not done", "未办理"),
    "books": Text(
        "gains less losses in the movements are the result: {amount}",
        "分录损益合计等于实现损益：{amount}",
    ),
    "books_not": Text(
        "gains less losses in the movements are {amount}, and the result is {total}",
        "分录损益合计 {amount}，与实现损益 {total} 不符",
    ),
    "source": Text("source", "来源"),
    "assumption": Text("assumed", "假设"),
    "unverified": Text(
        "lot, step and grades of {code} are data whose official text was not read: {read}",
        "{code} 合约参数未核实官方原文：{read}",
    ),
    "buy_back": Text("buy back futures", "平仓"),
    "fix": Text("fix", "点价"),
    "fix_rest": Text("fix the rest", "未点价部分按结算价"),
    "invoice": Text("provisional invoice", "暂结"),
    "mark": Text("mark futures", "盯市"),
    "settle": Text("final invoice", "终结算"),
    "top_up": Text("call the buyer", "追保"),
    "pay_in": Text("pay to the exchange", "缴纳保证金"),
    "return": Text("take margin back", "收回保证金"),
}  # fmt: skip


def ran(trade: Trade, lang: str) -> None:
    """What came of a case."""
    console = console_now()
    say = speaker(WORDS, lang)
    if trade.case.note:
        console.print(f"[black on yellow] {safe(trade.case.note)} [/]")
    console.print()
    shown = Table.grid(padding=(0, 3))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for key, told, strong in [*_agreed(trade, lang), *_result(trade, lang)]:
        shown.add_row(say(key), f"[bold cyan]{told}[/]" if strong else told)
    console.print(shown)
    _days(trade, lang)
    if trade.refused:
        console.print(f"\n[bold]{say('refused')}[/]")
    for each in trade.refused:
        why = each.zh if lang == "zh" else each.en
        console.print(f"  [red]✗[/] {each.on} {say(each.what)}: {safe(why)}")
    printing_desk.movements(movement_table(trade.movements), lang)
    console.print()
    _books(trade, lang)
    futures = trade.case.futures
    if not futures.verified:
        told = say("unverified", code=futures.code, read=futures.read)
        console.print(f"[dim]{safe(told)}[/]")


def _agreed(trade: Trade, lang: str) -> list[tuple[str, str, bool]]:
    case, say = trade.case, speaker(WORDS, lang)
    terms = case.terms

    def said(told: str, *names: str) -> str:
        return f"{safe(told)}{_origin(case, names, lang)}"

    name = case.futures.zh if lang == "zh" else case.futures.en
    quality = terms.differential != 0
    formula = say(
        "formula_line" if quality else "plain_formula",
        futures=terms.futures, premium=_signed(terms.premium),
        differential=_signed(terms.differential),
    )  # fmt: skip
    fixer = say("buyer" if terms.fixer is Fixer.BUYER else "seller")
    window = say("window_line", first=terms.window_from, last=terms.window_until, who=fixer)
    rows = [
        ("sale", safe(f"{terms.id}: {terms.seller} → {terms.buyer}"), False),
        ("goods", said(f"{name} {_tonnes(terms.kilograms)} t", "sale.tonnes"), False),
        ("formula", said(formula, "sale.premium"), False),
        ("window", said(window, "sale.window_from"), False),
        ("provisional", said(money(terms.provisional), "sale.provisional"), False),
        ("cost", said(money(case.cost), "cost"), False),
    ]
    if case.sold is not None and trade.locked is not None:
        told = say("hedge_line", lots=lots_sold(case), tonnes=case.futures.lot_tonnes,
                   price=money(case.sold[2]))  # fmt: skip
        rows.append(("hedge", said(told, "hedge.sold_at"), False))
    return rows


def _result(trade: Trade, lang: str) -> list[tuple[str, str, bool]]:
    say, case, sale = speaker(WORDS, lang), trade.case, trade.sale
    rows = []
    if sale.fixings:
        parts = [
            f"{_tonnes(each.kilograms)} t × {money(sale.price(each))} ({each.on})"
            for each in sale.fixings
        ]
        origin = _origin(case, ("fixing.price",), lang)
        rows.append(("fixed", safe("; ".join(parts)) + origin, False))
    if sale.final_price is None:
        told = say("unfixed", tonnes=_tonnes(sale.open_kilograms))
        rows.append(("final", f"[yellow]{told}[/]", False))
    else:
        rows.append(("final", f"{_per_tonne(trade)}", True))
        rows.append(("final_invoice", money(sale.fixed_amount), False))
    lock = trade.locked
    if lock is not None and case.sold is not None and case.sold[1] in (None, lock.lots):
        told = say("locked_line", margin=money(lock.margin), amount=money(lock.amount))
        rows.append(("locked", told, True))
        tick = money(case.futures.tick_minor)
        left = (
            say(
                "open_line", tonnes=_tonnes(lock.open_kilograms), swing=money(lock.swing), tick=tick
            )
            if lock.open_kilograms
            else say("open_none")
        )
        rows.append(("open", left, False))
    if trade.earned is not None:
        parts_told = say("earned_line", goods=money(trade.earned.goods),
                         futures=money(trade.earned.futures))  # fmt: skip
        told = f"{money(trade.earned.total)}[/]  {parts_told}[dim]"
        if lock is not None and trade.earned.by_open:
            told += f"; {say('by_open', amount=money(trade.earned.by_open))}"
        rows.append(("earned", told, True))
    return rows + _delivered(trade, lang)


def _delivered(trade: Trade, lang: str) -> list[tuple[str, str, bool]]:
    brought, say = trade.delivered, speaker(WORDS, lang)
    if brought is None:
        return []
    if isinstance(brought, DeliveryRefusal):
        told = words(brought).zh if lang == "zh" else words(brought).en
        return [("delivery", f"[red]✗[/] {safe(told)}", False)]
    told = say(
        "delivery_line",
        tonnes=_tonnes(brought.kilograms), lots=brought.lots, price=money(brought.price),
        amount=money(brought.amount), result=money(delivery_result(trade)),
        left=_tonnes(brought.left), rest=lots_sold(trade.case) - brought.lots,
    )  # fmt: skip
    origin = _origin(trade.case, ("delivery.settlement",), lang)
    return [("delivery", safe(told) + origin, False)]


def _days(trade: Trade, lang: str) -> None:
    say, console = speaker(WORDS, lang), console_now()
    heads = ("on", "price", "open_tonnes", "value", "over", "called", "lots", "gain", "paid_in")
    shown = grid([say(each) for each in heads], (0,), (0,))
    shown.padding = (0, 1, 0, 0)
    for day in trade.days[: printing_desk.ROWS_SHOWN]:
        shown.add_row(
            str(day.on), _yuan(day.price), _tonnes(day.open_kilograms),
            _yuan(day.value or None), _yuan(day.over_provisional or None),
            _yuan(day.called or None), str(day.lots or ""), _yuan(day.futures_gain or None),
            _yuan(day.paid_in or None),
        )  # fmt: skip
    console.print(f"\n[bold]{say('days')}[/]{_origin(trade.case, ('price.settlement',), lang)}")
    console.print(shown)
    printing_desk.more(len(trade.days), lang)


def _books(trade: Trade, lang: str) -> None:
    if trade.earned is None:
        return
    say = speaker(WORDS, lang)
    booked, total = trade.gain_booked, trade.earned.total
    if booked == total:
        console_now().print(f"[green]✓[/] {say('books', amount=money(booked))}")
    else:
        told = say("books_not", amount=money(booked), total=money(total))
        console_now().print(f"[bold red]✗[/] {told}")


def _origin(case: Case, names: tuple[str, ...], lang: str) -> str:
    """Where numbers come from, dim behind them; nothing where the file does not say."""
    found = dict.fromkeys(case.origin[name] for name in names if name in case.origin)
    told = ", ".join(WORDS[each].in_language(lang) for each in found)
    return f"  [dim]({told})[/]" if told else ""


def _per_tonne(trade: Trade) -> str:
    """The average price; beyond a fen it is rounded, and says so."""
    price = trade.sale.final_price
    if price is None:
        return ""
    whole = round(price)
    return f"{'' if whole == price else '≈ '}{format_minor(whole, trade.case.terms.currency)}"


def _signed(minor: int) -> str:
    return f"{'−' if minor < 0 else '+'} {money(abs(minor))}"


def _tonnes(kilograms: int) -> str:
    return f"{kilograms / 1000:,.3f}".rstrip("0").rstrip(".")


def _yuan(minor: int | None) -> str:
    if minor is None:
        return ""
    return plain(minor) if minor % 100 else f"{minor // 100:,}"

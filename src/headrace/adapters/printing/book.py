"""What `headrace book` prints: a book of loans, one loan, its money by month."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.cells import cell_len, set_cell_size
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.contracts.lending.owed import Quote
from headrace.contracts.lending.schedule import Instalment
from headrace.ledger.journal import Head
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.loan_desk import Recorded
from headrace.workflows.loan_log import Logged
from headrace.workflows.loan_reports import Outcome

Tick = Callable[[int], None]
ROWS_SHOWN = 40
WORDS = {
    "simulated": Text(
        "SIMULATED REPAYMENTS: no real firm, no real money", "模拟还款：无真实企业，无真实资金"
    ),
    "day": Text("On the morning of", "账务日（晨）"),
    "offered": Text("Contracts", "合同"),
    "offered_line": Text("{drawn:,} of {offered:,} drawn", "{offered:,} 份中 {drawn:,} 份提款"),
    "lent": Text("Lent", "放款"),
    "expected": Text("expected {amount}", "预计 {amount}"),
    "rate": Text("Mean rate", "平均利率"),
    "received": Text("Interest and fees paid", "已收利息与费用"),
    "owed": Text("Still owed", "贷款余额"),
    "overdue": Text("of it overdue", "其中逾期"),
    "bad": Text("of it bad (substandard and worse)", "其中不良"),
    "suspended": Text("Interest kept off income", "表外利息（非应计）"),
    "written_off": Text("Written off", "核销"),
    "recovered": Text("of it recovered", "其中收回"),
    "lost": Text("Lost, and set aside to be", "损失及拨备"),
    "status": Text("Loans", "贷款状态"),
    "grades": Text("Classes of those owed", "五级分类"),
    "ledger": Text("Ledger", "账簿"),
    "ledger_line": Text(
        "{transfers:,} transfers in {batches:,} batches, head {hash}",
        "{transfers:,} 笔分录，{batches:,} 个批次，链头 {hash}",
    ),
    "next": Text("Next", "下一步"),
    "see_list": Text("loans, those longest overdue first", "贷款列表（逾期最长在前）"),
    "see_flow": Text("money by month", "逐月现金流"),
    "see_trial": Text("trial balance", "试算平衡表"),
    "prove": Text("prove it", "验证存证"),
    "run_year": Text("let simulated borrowers pay for a year", "模拟借款人还款一年"),
    "contract": Text("Contract", "合同编号"),
    "party": Text("Party", "企业"),
    "grade": Text("Class", "分类"),
    "principal": Text("Agreed", "合同金额"),
    "due": Text("Due now", "到期应还"),
    "days": Text("Overdue days", "逾期天数"),
    "accrued": Text("Interest so far", "未到期利息"),
    "allowance": Text("Allowance", "拨备"),
    "next_due": Text("Next payment", "下次还款"),
    "more": Text("{count:,} more; --json shows all", "另有 {count:,} 条；--json 显示全部"),
    "month": Text("Month", "月份"),
    "happened": Text("What happened", "已发生"),
    "coming": Text("What comes", "未来还款"),
    "repaid": Text("Principal", "本金"),
    "number": Text("No.", "期"),
    "pay_on": Text("On", "日期"),
    "interest": Text("Interest", "利息"),
    "fee": Text("Fees", "费用"),
    "payment": Text("Payment", "应还"),
    "clears": Text("Clears the loan on {on}", "{on} 结清金额"),
    "penalty": Text("Penalty", "罚息"),
    "compound": Text("Compound interest", "复利"),
    "early_fee": Text("Fee for paying early", "提前还款违约金"),
    "balance": Text("Principal not yet due", "未到期本金"),
    "due_principal": Text("Principal due", "到期本金"),
    "deposit": Text("Less what is on deposit", "减：存款"),
    "recorded": Text(
        "recorded as entry {number}, {posted:,} postings",
        "已记账：第 {number} 条，{posted:,} 笔分录",
    ),
    "existed": Text("was recorded before; nothing changed", "此前已记账，无变化"),
    "moved": Text(
        "{recorded:,} acts recorded, {posted:,} postings; {existed:,} were recorded before",
        "新记账 {recorded:,} 项，{posted:,} 笔分录；{existed:,} 项此前已记账",
    ),
    "ending": Text("days", "日终"),
    "proved": Text(
        "proved: {entries:,} entries, {transfers:,} transfers, head {hash}",
        "已存证：{entries:,} 条记录，{transfers:,} 笔分录，链头 {hash}",
    ),
    "write_proof": Text("write its proof", "写出存证"),
}
GRADES = {
    "normal": Text("normal", "正常"),
    "special_mention": Text("special mention", "关注"),
    "substandard": Text("substandard", "次级"),
    "doubtful": Text("doubtful", "可疑"),
    "loss": Text("loss", "损失"),
}
STATUS = {
    "agreed": Text("signed, not drawn", "已签未提款"),
    "open": Text("open", "正常履行"),
    "closed": Text("closed", "已结清"),
    "written_off": Text("written off", "已核销"),
}
FLOWS = {
    "funded": Text("Owners", "投入"),
    "disbursed": Text("Paid out", "放款"),
    "principal": Text("Principal", "本金"),
    "interest": Text("Interest", "利息"),
    "penalty": Text("Penalty", "罚息"),
    "fees": Text("Fees", "费用"),
    "recovered": Text("Recovered", "收回"),
    "deposits": Text("Deposits", "存款"),
    "other": Text("Other", "其他"),
    "balance": Text("Cash", "现金余额"),
}


@dataclass(frozen=True)
class Named:
    """What a command line calls the parts of a book, quoted for a shell.

    Attributes:
        book: For `--book`.
        ledger: For `headrace ledger`.
        proof: The folder; None where it is written only when asked for.
    """

    book: str
    ledger: str
    proof: str | None


def days(lang: str, *, quiet: bool) -> Tick:
    """A bar for day after day; it is told how many days are left."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        return lambda _left: None
    word = WORDS["ending"].in_language(lang)
    bar = Progress(
        TextColumn(word), BarColumn(), TextColumn("{task.completed}/{task.total}"), console=console,
        transient=True,
    )  # fmt: skip
    task = bar.add_task("")
    state = {"total": 0}

    def tick(left: int) -> None:
        if not state["total"]:
            state["total"] = left + 1
            bar.update(task, total=left + 1)
            bar.start()
        bar.update(task, completed=state["total"] - left)
        if left == 0:
            bar.stop()

    return tick


def outcome(found: Outcome, head: Head, named: Named, lang: str, *, simulated: bool) -> None:
    """How a book stands, and what to look at next."""
    say, console = _speaker(lang), console_now()
    if simulated:
        console.print(f"\n[black on yellow] {say('simulated')} [/]")
    grid = Table.grid(padding=(0, 3))
    for _ in range(3):
        grid.add_column()
    rate = "–" if found.rate is None else f"{found.rate:.2%}"
    share = f"{found.lost / found.lent:.2%}" if found.lent else "–"
    rows = [
        ("day", str(found.day), ""),
        ("offered", say("offered_line", drawn=found.drawn, offered=found.offered), ""),
        ("lent", _money(found.lent), say("expected", amount=_money(found.expected_drawn))),
        ("rate", rate, ""),
        ("lost", f"{_money(found.lost)}  {share}",
         say("expected", amount=_money(found.expected_lost))),
        ("received", _money(found.received), ""),
        ("owed", _money(found.owed), ""),
        ("overdue", _money(found.overdue), ""),
        ("bad", _money(found.bad), ""),
        ("suspended", _money(found.suspended), ""),
        ("written_off", _money(found.written_off), ""),
        ("recovered", _money(found.recovered), ""),
        ("status", _counts(found.by_status, STATUS, lang), ""),
        ("grades", _counts(found.by_grade, GRADES, lang), ""),
        ("ledger", say("ledger_line", transfers=head.transfers, batches=head.batch,
                       hash=head.hash[:16]), ""),
    ]  # fmt: skip
    for key, value, note in rows:
        indent = "  " if key in ("overdue", "bad", "recovered") else ""
        strong = key in ("offered", "rate", "lost")
        grid.add_row(
            f"{indent}[bold]{say(key)}[/]" if strong else f"{indent}{say(key)}",
            f"[bold cyan]{value}[/]" if strong else value,
            f"[dim]{note}[/]" if note else "",
        )
    console.print()
    console.print(grid)
    console.print(f"\n[bold]{say('next')}[/]")
    steps = [
        ("run_year", f"headrace book simulate --book {named.book} --lang {lang}"),
        ("see_list", f"headrace book list --book {named.book} --lang {lang}"),
        ("see_flow", f"headrace book cash-flow --book {named.book} --lang {lang}"),
        ("see_trial", f"headrace ledger trial {named.ledger} --lang {lang}"),
    ]
    if named.proof is None:
        command = f"headrace book prove --book {named.book} --out proof --lang {lang}"
        steps.append(("write_proof", command))
    else:
        steps.append(("prove", f"headrace verify {named.proof} --lang {lang}"))
    wide = max(cell_len(say(key)) for key, _ in steps)
    for key, command in steps:
        label = set_cell_size(say(key), wide)
        console.print(f"  {label}  [cyan]{safe(command)}[/]", soft_wrap=True)  # to be copied whole


def loans(table: pa.Table, lang: str) -> None:
    """Loans, one a line."""
    say, console = _speaker(lang), console_now()
    shown = _table(
        [say(key) for key in ("contract", "grade", "owed", "due", "days", "accrued", "allowance",
                              "next_due")],
        left=(0, 1, 7),
    )  # fmt: skip
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        grade = GRADES[row["grade"]] if row["status"] == "open" else STATUS[row["status"]]
        shown.add_row(
            safe(row["contract"]),
            grade.in_language(lang),
            *(_plain(row[name]) for name in ("owed_minor", "due_minor")),
            f"{row['overdue_days'] or ''}",
            *(_plain(row[name]) for name in ("accrued_minor", "allowance_minor")),
            str(row["next_due"] or ""),
        )
    console.print(shown)
    if table.num_rows > ROWS_SHOWN:
        console.print(f"[dim]{say('more', count=table.num_rows - ROWS_SHOWN)}[/]")


def loan(
    row: Mapping[str, Any], happened: Sequence[Logged], plan: Sequence[Instalment], lang: str
) -> None:
    """One loan: where it stands, what happened, what comes."""
    say, console = _speaker(lang), console_now()
    grid = Table.grid(padding=(0, 3))
    facts = [
        ("contract", safe(row["contract"])),
        ("party", safe(row["party"])),
        ("status", STATUS[row["status"]].in_language(lang)),
        ("grade", GRADES[row["grade"]].in_language(lang)),
        ("principal", _money(row["principal_minor"])),
        ("rate", f"{float(row['rate']):.2%}"),
        ("owed", _money(row["owed_minor"])),
        ("due", _money(row["due_minor"])),
        ("days", str(row["overdue_days"])),
        ("accrued", _money(row["accrued_minor"])),
        ("suspended", _money(row["suspended_minor"])),
        ("allowance", _money(row["allowance_minor"])),
    ]
    for key, value in facts:
        grid.add_row(say(key), value)
    console.print(grid)
    console.print(f"\n[bold]{say('happened')}[/]")
    for each in happened[-ROWS_SHOWN:]:
        amount = _amount_in(each)
        console.print(f"  {each.on}  {each.kind:<12} {amount:>18}  [dim]{safe(each.id)}[/]")
    if not plan:
        return
    console.print(f"\n[bold]{say('coming')}[/]")
    shown = _table([say(key) for key in ("number", "pay_on", "repaid", "interest", "fee",
                                         "payment")], left=(1,))  # fmt: skip
    for one in plan[:ROWS_SHOWN]:
        shown.add_row(
            str(one.number),
            str(one.pay_on),
            *(_plain(value) for value in (one.principal, one.interest, one.fee, one.payment)),
        )
    console.print(shown)


def quoted(found: Quote, currency: str, lang: str) -> None:
    """What clears a loan, part by part."""
    say, console = _speaker(lang), console_now()
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    grid.add_column(justify="right")
    parts = [
        ("fee", found.fee), ("compound", found.compound), ("penalty", found.penalty),
        ("interest", found.interest), ("due_principal", found.principal),
        ("accrued", found.accrued), ("early_fee", found.prepayment_fee),
        ("balance", found.balance), ("deposit", -found.deposit),
    ]  # fmt: skip
    for key, amount in parts:
        if amount:
            grid.add_row(say(key), format_minor(amount, currency))
    total = format_minor(found.total, currency)
    grid.add_row(f"[bold]{say('clears', on=found.on)}[/]", f"[bold cyan]{total}[/]")
    console.print(grid)


def acted(found: Recorded, row: Mapping[str, Any], lang: str) -> None:
    """What became of something that happened."""
    say, console = _speaker(lang), console_now()
    done = say("recorded", number=found.number, posted=found.posted)
    console.print(say("existed") if found.existed else done)
    console.print(
        f"{say('owed')} {_money(row['owed_minor'])}, {say('due')} {_money(row['due_minor'])}"
    )


def proved(entries: int, head: Head, folder: Path, lang: str) -> None:
    """What was proved, and how to check it."""
    say, console = _speaker(lang), console_now()
    told = say("proved", entries=entries, transfers=head.transfers, hash=head.hash[:16])
    console.print(told)
    command = f"headrace verify {shlex.quote(str(folder))} --lang {lang}"
    console.print(f"{say('prove')}  [cyan]{safe(command)}[/]", soft_wrap=True)


def moved(counts: Mapping[str, int], lang: str) -> None:
    """How many acts of another part were recorded, and how many had been before."""
    console_now().print(_speaker(lang)("moved", **counts))


def cash_flow(table: pa.Table, lang: str) -> None:
    """Money by month; columns in which nothing moved are left out."""
    say = _speaker(lang)
    kept = [
        name for name in table.column_names[1:] if any(table[name].to_pylist()) or name == "balance"
    ]
    shown = _table([say("month"), *(FLOWS[name].in_language(lang) for name in kept)], left=(0,))
    for row in table.to_pylist():
        shown.add_row(f"{row['month']:%Y-%m}", *(_plain(row[name]) for name in kept))
    console_now().print(shown)


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(lang).format(**values)

    return say


def _table(heads: Sequence[str], left: tuple[int, ...]) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        shown.add_column(head, justify="left" if place in left else "right", no_wrap=place in left)
    return shown


def _money(minor: int) -> str:
    return format_minor(minor, "CNY")


def _plain(minor: int | None) -> str:
    return "" if not minor else f"{minor / 100:,.2f}"


def _counts(counts: Mapping[str, int], words: Mapping[str, Text], lang: str) -> str:
    return ", ".join(f"{words[name].in_language(lang)} {count:,}" for name, count in counts.items())


def _amount_in(each: Logged) -> str:
    amount = getattr(getattr(each.entry, "event", None), "amount", None)
    return "" if amount is None else _money(amount)

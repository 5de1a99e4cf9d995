"""What `headrace loan` prints: instalments, what a loan costs, its days, a book, its classes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.book import STATUS
from headrace.adapters.printing.loan_texts import DAYS, EVENTS, MEMOS, WORDS
from headrace.contracts.classification.tables import Grade
from headrace.contracts.classification.words import GRADES
from headrace.contracts.classification.words import Language as Words
from headrace.contracts.lending.disclosure import Ceiling, Cost
from headrace.contracts.lending.events import REFUSAL_WORDS, Refusal
from headrace.contracts.lending.replay import Correction
from headrace.contracts.lending.schedule import Instalment
from headrace.contracts.lending.terms import METHOD_WORDS, Terms
from headrace.contracts.movements import ROLES
from headrace.money import MINOR_PER_MAJOR, format_minor
from headrace.workflows.claim_columns import Classified
from headrace.workflows.loan_costs import LawClause, LoanLaw
from headrace.workflows.loan_steps import Story, movements_table

ROWS_SHOWN = 60
HEAD, TAIL = 36, 12
ROWS_OF_BOOK = 30
COLOURS = {
    Grade.NORMAL: "green", Grade.SPECIAL_MENTION: "yellow", Grade.SUBSTANDARD: "red",
    Grade.DOUBTFUL: "red", Grade.LOSS: "bold red",
}  # fmt: skip
_IN_BRACKETS = re.compile(r"\((.+)\)$")


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    return {name: text.in_language(lang) for name, text in WORDS.items()}


# --- one loan ---------------------------------------------------------------------------------


def schedule(terms: Terms, rows: Sequence[Instalment], lang: str) -> None:
    """The instalments of a loan, with their totals."""
    say, console = _speaker(lang), console_now()
    console.print(_about(terms, lang), soft_wrap=True)
    has = {
        "pay_on": any(row.pay_on != row.due for row in rows),
        "subsidy_minor": any(row.subsidy for row in rows),
        "fee_minor": any(row.fee for row in rows),
    }
    keys = ["number", "due", "pay_on", "principal_minor", "interest_minor", "subsidy_minor",
            "fee_minor", "payment_minor", "closing_minor"]  # fmt: skip
    keys = [key for key in keys if has.get(key, True)]
    shown = _table([say(key) for key in keys], left=tuple(
        at for at, key in enumerate(keys) if key in ("due", "pay_on")
    ))  # fmt: skip
    amount = _amounts(terms.currency)
    shown_rows = rows if len(rows) <= ROWS_SHOWN else [*rows[:HEAD], None, *rows[-TAIL:]]
    for row in shown_rows:
        if row is None:
            shown.add_row(*("…" for _ in keys))
            continue
        mark = "" if row.final else "*"
        cells = {
            "number": str(row.number),
            "due": f"{row.due}{'' if has['pay_on'] else mark}",
            "pay_on": f"{row.pay_on}{mark}",
            "principal_minor": amount(row.principal),
            "interest_minor": amount(row.interest),
            "subsidy_minor": amount(row.subsidy),
            "fee_minor": amount(row.fee),
            "payment_minor": amount(row.payment),
            "closing_minor": amount(row.closing),
        }
        shown.add_row(*(cells[key] for key in keys))
    total = {
        f"{name}_minor": amount(sum(getattr(row, name) for row in rows))
        for name in ("principal", "interest", "subsidy", "fee", "payment")
    }
    total["due"] = say("total")
    shown.add_section()
    shown.add_row(*(f"[bold]{total.get(key, '')}[/]" for key in keys))
    console.print(shown)
    if len(rows) > ROWS_SHOWN:
        console.print(f"[dim]{say('left_out', count=len(rows) - HEAD - TAIL)}[/]")
    if not all(row.final for row in rows):
        console.print(f"[dim]{say('not_final')}[/]")
    if terms.floating is not None:
        console.print(f"[dim]{say('floating')}[/]")


def _about(terms: Terms, lang: str) -> str:
    say = _speaker(lang)
    method = METHOD_WORDS[terms.method][0 if lang == "zh" else 1]
    parts = [
        f"[bold]{format_minor(terms.principal, terms.currency)}[/]",
        say("a_year", rate=_percent(float(terms.rate))),
        safe(method),
        say("from", start=terms.start),
        DAYS[terms.days].in_language(lang),
    ]
    return " · ".join(parts)


def cost(terms: Terms, found: Cost, told: LoanLaw, lang: str) -> None:
    """What a loan costs a year, and what the law lets it cost."""
    say, console = _speaker(lang), console_now()
    console.print(_about(terms, lang), soft_wrap=True)
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    grid.add_column(justify="right")
    currency = terms.currency
    grid.add_row(say("received"), format_minor(found.flows[0][1], currency))
    grid.add_row(say("interest"), format_minor(found.interest, currency))
    grid.add_row(say("fees"), format_minor(found.fees, currency))
    grid.add_row(f"[bold]{say('cost')}[/]", f"[bold]{format_minor(found.total, currency)}[/]")
    grid.add_row(f"[bold]{say('compound')}[/]", f"[bold cyan]{found.compound:.2%}[/]")
    grid.add_row(say("nominal"), f"{found.nominal:.2%}")
    grid.add_row(say("simple"), f"{found.simple:.2%}")
    console.print(grid)
    console.print(f"\n[bold]{say('ceilings', on=terms.start, lender=say(told.lender))}[/]")
    if not told.ceilings:
        console.print(f"  [dim]{say('no_ceiling')}[/]")
    for each in told.ceilings:
        _ceiling(each.ceiling, _cited(each.clause, lang), found, lang)
    for bound in told.penalties:
        key = "within" if bound.holds else "outside"
        value, low, high = (_percent(float(each)) for each in (bound.value, bound.low, bound.high))
        mark = "[green]✓[/]" if bound.holds else "[yellow]![/]"
        console.print(f"{mark} {say(bound.on)} {say(key, value=value, low=low, high=high)}")
        console.print(f"  [dim]{_cited(bound.clause, lang)}[/]")


def _ceiling(ceiling: Ceiling, cited: str, found: Cost, lang: str) -> None:
    say = _speaker(lang)
    above = found.compound > float(ceiling.rate)
    mark = "[bold red]✗[/]" if above else "[green]✓[/]"
    compared = f"{say('above' if above else 'below')} {_percent(float(ceiling.rate))}"
    console = console_now()
    console.print(f"{mark} {found.compound:.2%} {compared}: {say(ceiling.effect)}")
    console.print(f"  [dim]{cited}[/]")


def _cited(clause: LawClause, lang: str) -> str:
    say = _speaker(lang)
    document = clause.zh if lang == "zh" else clause.en
    parts = [f"{document}（{clause.number}）" if lang == "zh" else f"{document} ({clause.number})"]
    parts += [clause.article or say("no_article")]
    parts += [] if clause.verified else [say("unread")]
    return safe(("、" if lang == "zh" else ", ").join(parts))


# --- a loan by the day ------------------------------------------------------------------------


def story(terms: Terms, found: Story, until: date, lang: str) -> None:
    """A loan after each thing that happened, its money, and what late events change."""
    say, console = _speaker(lang), console_now()
    console.print(_about(terms, lang), soft_wrap=True)
    amount = _amounts(terms.currency)
    keys = ("on", "what", "amount_minor", "balance_minor", "due_minor", "penalty_minor",
            "overdue_days", "deposit_minor")  # fmt: skip
    shown = _table([say(key) for key in keys], left=(0, 1))
    for row in found.steps.to_pylist():
        what = EVENTS[row["what"]].in_language(lang)
        if row["late"]:
            what = f"{what} [yellow]({say('late')})[/]"
        if row["refused"]:
            why = REFUSAL_WORDS[Refusal(row["refused"])][0 if lang == "zh" else 1]
            what = f"{what}\n[red]✗ {say('refused_why', why=why)}[/]"
        shown.add_row(
            str(row["on"]),
            what,
            "" if row["amount_minor"] is None else amount(row["amount_minor"]),
            *(amount(row[key]) if row[key] else "" for key in keys[3:6]),
            f"{row['overdue_days'] or ''}",
            amount(row["deposit_minor"]) if row["deposit_minor"] else "",
        )
    console.print(shown)
    clears = "–" if found.quote is None else format_minor(found.quote.total, terms.currency)
    status = STATUS[found.account.status.value].in_language(lang)
    console.print(
        f"\n[bold]{say('stands', on=until)}[/] {status}, {say('clears')} [bold cyan]{clears}[/]"
    )
    if found.later:
        console.print(f"[dim]{say('later', count=found.later)}[/]")
    console.print(f"\n[bold]{say('moved')}[/]")
    _movements(found.movements, terms.currency, lang)
    if found.correction is not None:
        _correction(found, found.correction, terms.currency, lang)


def _correction(found: Story, correction: Correction, currency: str, lang: str) -> None:
    say, console = _speaker(lang), console_now()
    console.print(f"\n[bold]{say('correction')}[/]")
    changed = format_minor(correction.settlement, currency)
    console.print(f"{say('settles')} [bold cyan]{changed}[/]")
    for event, why in found.unsettled:
        words = REFUSAL_WORDS[why][0 if lang == "zh" else 1]
        console.print(f"[yellow]![/] {event.on} {safe(words)}: {say('unsettled')}")
    _movements(movements_table(correction.movements), currency, lang)


def _movements(table: pa.Table, currency: str, lang: str) -> None:
    say, console = _speaker(lang), console_now()
    amount = _amounts(currency)
    shown = _table([say(key) for key in ("on", "debit", "credit", "amount_minor", "memo")],
                   left=(0, 1, 2, 4))  # fmt: skip
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            str(row["on"]),
            safe(role_words(row["debit"], lang)),
            safe(role_words(row["credit"], lang)),
            amount(row["amount_minor"]),
            f"[dim]{safe(_memo_words(row['memo'], lang))}[/]",
        )
    console.print(shown)
    if table.num_rows > ROWS_SHOWN:
        console.print(f"[dim]{say('more_moves', count=table.num_rows - ROWS_SHOWN)}[/]")


def _memo_words(memo: str, lang: str) -> str:
    act = memo.removeprefix("reverse_")
    if lang == "en" or act not in MEMOS:
        return memo.replace("_", " ")
    return f"冲销{MEMOS[act]}" if act != memo else MEMOS[act]


def role_words(role: str, lang: str) -> str:
    """A role of an account as people call it."""
    if lang == "en":
        return role.replace("_", " ")
    text = ROLES[role]
    found = _IN_BRACKETS.search(text)
    return found[1] if found else text


# --- a book -----------------------------------------------------------------------------------


@contextmanager
def loans_bar(total: int, lang: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar for loans done, on standard error; nothing where it is no terminal."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _count: None
        return
    columns = (TextColumn(_speaker(lang)("scheduling")), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def book(years: pa.Table, loans: int, rows: int, currency: str, lang: str) -> None:
    """What a book of loans pays, by year."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('done', loans=loans, rows=rows)}[/]")
    amount = _amounts(currency)
    names = [
        name
        for name in years.column_names[1:]
        if name not in ("subsidy_minor", "fee_minor") or any(years[name].to_pylist())
    ]
    shown = _table([say(name) for name in ("year", *names)], left=(0,))
    for row in years.to_pylist():
        shown.add_row(str(row["year"]), *(amount(row[name]) for name in names))
    total = (amount(sum(years[name].to_pylist())) for name in names)
    shown.add_section()
    shown.add_row(f"[bold]{say('total')}[/]", *(f"[bold]{each}[/]" for each in total))
    console.print(shown)


def refused(table: pa.Table, beside: str | None, lang: str) -> None:
    """Rows that were not used, and where all of them are told."""
    if not table.num_rows:
        return
    say, console = _speaker(lang), console_now(stderr=True)
    told = "" if beside is None else f" ({say('told_in', file=safe(beside))})"
    console.print(f"[yellow]![/] {say('refused_rows', count=table.num_rows)}{told}", soft_wrap=True)
    for row in table.slice(0, 5).to_pylist():
        value = "–" if row["value"] is None else row["value"]
        where = say("row", row=row["row"])
        console.print(f"  {where} {safe(row['id'] or '')} [bold]{safe(row['field'])}[/] "
                      f"{safe(value)} → {safe(row['remedy'])}", soft_wrap=True)  # fmt: skip
    if table.num_rows > 5:
        console.print(f"  [dim]{say('more', count=table.num_rows - 5)}[/]")


def ignored(names: Sequence[str], lang: str) -> None:
    """Columns that nobody asked for: one misspelt must not pass silently."""
    if names:
        say = _speaker(lang)
        told = ", ".join(safe(name) for name in names)
        console_now(stderr=True).print(f"[dim]{say('ignored', names=told)}[/]", soft_wrap=True)


def classes(found: Classified, on: date, currency: str, lang: str) -> None:
    """Classes of a book: sums first, then the claims, worst first."""
    say, console, words = _speaker(lang), console_now(), Words(lang)
    amount = _amounts(currency)
    total = sum(found.amount.values())
    console.print(f"[bold]{say('classes_on', on=on)}[/]")
    shown = _table([say(key) for key in ("class", "claims", "amount_minor", "share")], left=(0,))
    for grade in Grade:
        share = f"{found.amount[grade] / total:.2%}" if total else "–"
        shown.add_row(
            f"[{COLOURS[grade]}]{GRADES[grade][words]}[/]",
            f"{found.count[grade]:,}",
            amount(found.amount[grade]),
            share,
        )
    shown.add_section()
    bad = [grade for grade in Grade if grade >= Grade.SUBSTANDARD]
    share = "–" if found.bad_share is None else f"{found.bad_share:.2%}"
    cells = (
        f"{sum(found.count[g] for g in bad):,}",
        amount(sum(found.amount[g] for g in bad)),
        share,
    )
    shown.add_row(f"[bold]{say('bad')}[/]", *(f"[bold]{each}[/]" for each in cells))
    console.print(shown)
    console.print()
    _claims(found.table, currency, lang)
    unjudged = sum(found.table["unjudged"].to_pylist())
    if unjudged:
        console.print(f"[dim]{say('unjudged_line', count=unjudged)}[/]")


def _claims(table: pa.Table, currency: str, lang: str) -> None:
    say, console = _speaker(lang), console_now()
    amount = _amounts(currency)
    order = {GRADES[grade][Words(lang)]: grade for grade in Grade}
    rows = sorted(table.to_pylist(), key=lambda row: (-order[row["class"]], -row["amount_minor"]))
    shown = _table([say(key) for key in ("claim", "debtor", "class", "amount_minor", "next_class",
                                         "reason")], left=(0, 1, 2, 4, 5))  # fmt: skip
    for row in rows[:ROWS_OF_BOOK]:
        grade = order[row["class"]]
        reason = safe(row["reason"] or "")
        if row["number"]:
            reason = f"{safe(row['number'])}: {reason}" if reason else safe(row["number"])
        shown.add_row(
            safe(row["claim"]),
            safe(row["debtor"]),
            f"[{COLOURS[grade]}]{row['class']}[/]",
            amount(row["amount_minor"]),
            str(_next_day(row, grade) or ""),
            reason,
        )
    console.print(shown)
    if len(rows) > ROWS_OF_BOOK:
        console.print(f"[dim]{say('more_moves', count=len(rows) - ROWS_OF_BOOK)}[/]")


def _next_day(row: Mapping[str, Any], grade: Grade) -> date | None:
    if grade is Grade.LOSS:
        return None
    found: date | None = row[f"{Grade(grade + 1).name.lower()}_on"]
    return found


# --- cells ------------------------------------------------------------------------------------


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(lang).format(**values)

    return say


def _table(heads: Sequence[str], left: tuple[int, ...]) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        shown.add_column(
            head, justify="left" if place in left else "right", no_wrap=place not in left,
            overflow="fold",
        )  # fmt: skip
    return shown


def _amounts(currency: str) -> Callable[[int], str]:
    per = MINOR_PER_MAJOR[currency]
    places = len(str(per)) - 1

    def amount(minor: int) -> str:
        major, rest = divmod(abs(minor), per)
        decimals = f".{rest:0{places}d}" if places else ""
        return f"{'-' if minor < 0 else ''}{major:,}{decimals}"

    return amount


def _percent(value: float) -> str:
    return f"{value * 100:.4f}".rstrip("0").rstrip(".") + "%"

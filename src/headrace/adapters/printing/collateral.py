"""What `headrace collateral` prints: pledges, triggers, stress, certificates, grades, the desk."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from headrace.adapters.price_files import PriceFile
from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.collateral_texts import ACT_ZH, EN_PHASE, KIND_EN, SHORT, WORDS
from headrace.contracts.collateral.borrowing_base import Certificate, Eligibility
from headrace.contracts.collateral.grades import FACTORS, LETTERS
from headrace.contracts.collateral.marks import KIND_ZH, Kind
from headrace.contracts.collateral.pledges import PHASE_ZH, REFUSAL_ZH, Lines, Phase, Pledge
from headrace.contracts.conventions.cited import Rule
from headrace.money import format_minor
from headrace.workflows.collateral_book import CASH, Triggers
from headrace.workflows.collateral_desk import Answered
from headrace.workflows.collateral_market import Backtest, Market, Window
from headrace.workflows.collateral_stress import Replay, Resample, Scenario, Stress

Tick = Callable[[float], None]
ROWS_SHOWN = 40
COLOURS = {"open": "green", "warned": "yellow", "called": "bold yellow", "disposing": "bold red"}


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    named = {name: text.in_language(lang) for name, text in WORDS.items()}
    return named | {name: en if lang == "en" else zh for name, (zh, en, _) in FACTORS.items()}


@contextmanager
def progress(word: str, lang: str, *, quiet: bool) -> Iterator[Tick]:
    """A bar on standard error; it is told what part is done."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _part: None
        return
    columns = (TextColumn(WORDS[word].in_language(lang)), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda part: bar.update(task, completed=part)


def rules(found: Sequence[Rule], on: date, lang: str) -> None:
    """Lines, caps and rates with their sources."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('rules_on', on=on)}[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    for rule in found:
        word = rule.zh if lang == "zh" else rule.en
        unread = "" if rule.verified else say("not_verified")
        note = f"[dim]{safe(rule.clause)}{unread}[/]"
        grid.add_row(f"{rule.value:f}", f"{safe(word)} [cyan]{safe(rule.id)}[/] {note}")
    console.print(grid)


def rules_value(found: Sequence[Rule]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {"id": rule.id, "value": rule.value, "zh": rule.zh, "en": rule.en, "clause": rule.clause,
         "verified": rule.verified}
        for rule in found
    ]  # fmt: skip


def marked(loans: pa.Table, pieces: pa.Table, known: Market, file: PriceFile, lang: str) -> None:
    """Loans, then what secures them."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('stands', on=known.on, day=known.day, file=safe(file.name))}[/]")
    shown = _table(say, ("loan", "owed_minor", "value_minor", "ratio", "phase", "to_cure_minor",
                         "deadline", "lendable_minor"), left=(0, 4, 6))  # fmt: skip
    rows = loans.slice(0, ROWS_SHOWN).to_pylist()
    for row in rows:
        shown.add_row(
            safe(row["loan"]), _money(row["owed_minor"]), *_worth(row),
            _phase(row["phase"], lang), _money(row["to_cure_minor"] or None),
            str(row["deadline"] or ""), _money(row["lendable_minor"], absent="?"),
        )  # fmt: skip
    console.print(shown)
    _more(loans, lang)
    states = Counter(row["phase"] for row in loans.select(["phase"]).to_pylist())
    order = [*(str(each) for each in Phase), None]
    told = [f"{_phase(each, lang)} {states[each]}" for each in order if states[each]]
    console.print("  ".join(told))
    console.print()
    grid = _table(say, ("loan", "kind", "code", "quantity", "price", "price_on", "value_minor",
                        "haircut", "flags"), left=(0, 1, 2, 5, 8))  # fmt: skip
    for row in pieces.slice(0, ROWS_SHOWN).to_pylist():
        grid.add_row(
            safe(row["loan"]), kind_words(row["kind"], lang), safe(row["code"] or ""),
            _number(row["quantity"]), row["price"] or "", str(row["price_on"] or ""),
            _money(row["value_minor"], absent="?"), _percent(row["haircut"], absent="?"),
            flag_words(row["flags"], lang),
        )  # fmt: skip
    console.print(grid)
    _more(pieces, lang)
    if file.missing:
        console.print(f"[yellow]{say('no_haircut', missing=', '.join(file.missing))}[/]")
    if file.unpriced:
        console.print(f"[dim]{say('unpriced', count=file.unpriced)}[/]")
    console.print(f"[dim]{say('lines_note')}[/]")


def _worth(row: Mapping[str, Any]) -> tuple[str, str]:
    """Value and ratio; at least so much where a price is missing."""
    if not row["complete"] and not row["value_minor"]:
        return "?", "?"
    partly = "" if row["complete"] else "≥ "
    ratio = "–" if row["ratio"] is None else f"{partly}{row['ratio']:.1%}"
    return partly + _money(row["value_minor"]), ratio


def triggered(found: Triggers, known: Market, file: PriceFile, lang: str) -> None:
    """Prices and moves at which lines are crossed."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('stands', on=known.on, day=known.day, file=safe(file.name))}[/]")
    shown = _table(
        say, ("loan", "code", "price", "line", "trigger", "fall", "half_life"), left=(0, 1, 3)
    )
    last = None
    for row in found.by_price.slice(0, 3 * ROWS_SHOWN).to_pylist():
        key = (row["loan"], row["code"])
        first = key != last
        last = key
        shown.add_row(
            safe(row["loan"]) if first else "", safe(row["code"]) if first else "",
            row["price"] if first else "", say(row["line"]), row["trigger"] or say("never"),
            *_how_soon(row["fall"], row["half_life"], say),
        )  # fmt: skip
    console.print(shown)
    _more(found.by_price, lang, 3 * ROWS_SHOWN)
    console.print()
    joint = _table(say, ("loan", "ratio", "line", "move", "half_life"), left=(0, 2))
    last = None
    for row in found.by_factor.slice(0, 3 * ROWS_SHOWN).to_pylist():
        first = row["loan"] != last
        last = row["loan"]
        move = row["move"]
        fall = None if move is None else -move
        joint.add_row(
            safe(row["loan"]) if first else "",
            "–" if row["ratio"] is None else f"{row['ratio']:.1%}" if first else "",
            say(row["line"]),
            *([say("never"), ""] if move is None else _how_soon(fall, row["half_life"], say, "-")),
        )
    console.print(joint)
    _more(found.by_factor, lang, 3 * ROWS_SHOWN)
    sigma = "?" if found.volatility is None else f"{found.volatility:.2%}"
    console.print(f"[dim]{say('joint_note', sigma=sigma)}\n{say('half_note')}[/]")
    if found.left_out:
        console.print(f"[yellow]{say('left_out', names=safe(', '.join(found.left_out)))}[/]")


def _how_soon(
    fall: float | None, days: float | None, say: Callable[..., str], sign: str = ""
) -> tuple[str, str]:
    if fall is None:
        return "", ""
    if fall <= 0:
        return "", f"[bold red]{say('already')}[/]"
    return f"{sign}{fall:.1%}", "" if days is None else say("days", days=f"{days:,.0f}")


def stressed(found: Stress, scenario: Scenario, sale_days: int, known: Market, lang: str) -> None:
    """What a stress did to each loan and to all of them."""
    say, console = _speaker(lang), console_now()
    if isinstance(scenario, Resample):
        told = say("resample", paths=found.paths, days=found.days, block=scenario.block,
                   seed=scenario.seed)  # fmt: skip
    elif isinstance(scenario, Replay):
        told = say("replay", first=scenario.first, last=scenario.last, days=found.days)
    else:
        told = say("shock", move=f"{scenario.move:+.1%}")
    console.print(f"[black on yellow] {told} [/]")
    many = found.paths > 1
    names = ("loan", "owed_minor", "warned", "called", "sold", "call_day", "shortfall")
    shown = _table(say, names, left=(0,))
    for row in found.loans.slice(0, ROWS_SHOWN).to_pylist():
        chances = [
            f"{row[name]:.1%}" if many else "✓" if row[name] else ""
            for name in ("warned", "called", "sold")
        ]
        day = "" if row["call_day"] is None else f"{row['call_day']:g}"
        shown.add_row(safe(row["loan"]), _money(row["owed_minor"]), *chances, day,
                      _money(round(row["shortfall"])))  # fmt: skip
    console.print(shown)
    _more(found.loans, lang)
    console.print(f"\n{say('nobody', days=sale_days)}")
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    grid.add_column(justify="right")
    for row in found.book.to_pylist():
        name = row["measure"]
        if name == "shortfall_error" and not many:
            continue
        word = say("shortfall_mean" if name == "shortfall" and many else name)
        value = f"{row['value']:,.1f}" if name == "calls" else _money(round(row["value"]))
        grid.add_row(f"  {word}", value)
    console.print(grid)
    for key, names_ in (("still", found.still), ("left_out", found.left_out)):
        if names_:
            console.print(f"[dim]{say(key, names=safe(', '.join(names_)))}[/]", soft_wrap=True)


def certificate_table(found: Certificate, lang: str) -> pa.Table:
    """A certificate for a file: `item`, `amount_minor`."""
    return pa.table(
        {"item": found.lines[lang], "amount_minor": found.lines["amount"].cast(pa.int64())}
    )


def based(found: Certificate, accepted: Eligibility, on: date, lang: str) -> None:
    """A borrowing base certificate."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('certificate', on=on)}[/]")
    grid = Table.grid(padding=(0, 3))
    grid.add_column()
    grid.add_column(justify="right")
    for row in found.lines.to_pylist():
        strong = row["line"] in ("eligible", "base", "available")
        word, amount = row[lang], format_minor(row["amount"], "CNY")
        if row["line"] == "available" and row["amount"] < 0:
            word = f"{word} ({say('over')})"
        if row["amount"] or strong:
            grid.add_row(f"[bold]{word}[/]" if strong else f"  {word}",
                         f"[bold]{amount}[/]" if strong else amount)  # fmt: skip
    console.print(grid)
    told = say(
        "accepted", past=accepted.past_due_days_max, term=accepted.term_days_max,
        cross=f"{accepted.cross_age:.0%}", one=f"{accepted.concentration:.0%}",
        dilution=f"{accepted.dilution:.1%}", advance=f"{accepted.advance:.0%}",
    )  # fmt: skip
    console.print(f"[dim]{told}[/]", soft_wrap=True)


def graded(table: pa.Table, known: Market, value_minor: int, lang: str) -> None:
    """Shares, the best first."""
    say, console = _speaker(lang), console_now()
    letters = Counter(table["grade"].to_pylist())
    accepted = sum(count for letter, count in letters.items() if letter)
    told = say("counts", accepted=accepted, all=table.num_rows,
               value=format_minor(value_minor, "CNY"))  # fmt: skip
    console.print(f"[bold]{known.on}[/] ({known.day})  {told}")
    console.print("  ".join(f"{letter} {letters[letter]}" for letter in LETTERS))
    shown = Table(box=None, header_style="bold", pad_edge=False)
    heads = [say(name) for name in ("code", "grade", "score", "rate", "haircut")]
    heads += [SHORT[name] if lang == "en" else zh for name, (zh, _, _) in FACTORS.items()]
    for place, head in enumerate(heads):
        shown.add_column(head, justify="left" if place < 2 else "right", no_wrap=place == 0)
    rows = table.to_pylist()
    kept = [row for row in rows if row["grade"]]
    for row in _ends(kept):
        if row is None:
            shown.add_row("…")
            continue
        factors = [f"{row[name]:.2f}" for name in FACTORS]
        shown.add_row(safe(row["code"]), row["grade"], f"{row['score']:.3f}",
                      f"{row['rate']:.0%}", _percent(row["haircut"]), *factors)  # fmt: skip
    console.print(shown)
    why = Counter(row["why"] for row in rows if row["why"])
    if why:
        told = "  ".join(f"{say(key)} {count}" for key, count in sorted(why.items()))
        console.print(f"{say('why')}: {told}")
    console.print(f"[dim]{say('relative')}[/]")
    if len(kept) > ROWS_SHOWN:
        console.print(f"[dim]{say('more', count=len(kept) - ROWS_SHOWN)}[/]")


def _ends(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
    """The best and the worst where there are too many; None between."""
    if len(rows) <= ROWS_SHOWN:
        return list(rows)
    half = ROWS_SHOWN // 2
    return [*rows[:half], None, *rows[-half:]]


def backtested(found: Backtest, asked: Window, lang: str) -> None:
    """The three numbers by rule and by grade, and what they do not say."""
    say, console = _speaker(lang), console_now()
    told = say("window", days=found.days, first=found.first, last=found.last, every=asked.every)
    console.print(f"[bold]{told}[/]")
    shown = _table(say, ("rule", "pledges", "lent", "called", "sold", "loss"), left=(0,))
    for rule in ("graded", "flat", "flat_same"):
        row = found.rules[rule].to_pylist()[-1]
        name = say(f"{rule}_rule", rate=f"{asked.flat:.0%}")
        shown.add_row(name, *_numbers(row))
    console.print(shown)
    console.print()
    grades = _table(
        say, ("grade", "pledges", "lent", "called", "sold", "loss", "fallen"), left=(0,)
    )
    for place, row in enumerate(found.rules["graded"].to_pylist()[:-1]):
        fell = found.fallen[place]
        grades.add_row(row["grade"], *_numbers(row), "" if math.isnan(fell) else f"{fell:.1%}")
    console.print(grades)
    notes = ["caveats", "overlap" if found.calibrated_on else "seen"]
    notes += ["cut_short"] if found.cut_short else []
    for key in notes:
        console.print(f"[yellow]! {say(key)}[/]")


def _numbers(row: Mapping[str, Any]) -> tuple[str, ...]:
    loss = "" if row["loss"] is None else f"{row['loss']:.4%}"
    parts = [_percent(row[name]) for name in ("lent", "called", "sold")]
    return (f"{row['pledges']:,}", *parts, loss)


def desk(
    answers: Sequence[Answered], pledges: Mapping[str, Pledge], lines: Lines, lang: str
) -> None:
    """Each event with its answer, then where every pledge stands."""
    say, console = _speaker(lang), console_now()
    told = say("lines_used", warn=_ratio(lines.warn), call=_ratio(lines.call),
               close=_ratio(lines.close))  # fmt: skip
    console.print(f"[dim]{told}[/]")
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, key in enumerate(("row", "pledge", "on", "event", "phase", "to_cure_minor",
                                 "deadline", "refusal")):  # fmt: skip
        right = place in (0, 5)
        shown.add_column("" if key == "on" else say(key), justify="right" if right else "left",
                         no_wrap=place in (0, 2, 6))  # fmt: skip
    for each in answers[: ROWS_SHOWN * 2]:
        pledge = each.pledge
        shown.add_row(
            str(each.asked.row), safe(each.asked.pledge), str(each.asked.event.on),
            _act(each.asked.told, lang), _phase(str(pledge.phase), lang),
            _money(pledge.called_minor or None), str(pledge.deadline or ""),
            "" if each.refusal is None else f"[red]{refusal_words(each, lang)}[/]",
        )  # fmt: skip
    console.print(shown)
    if len(answers) > ROWS_SHOWN * 2:
        console.print(f"[dim]{say('more', count=len(answers) - ROWS_SHOWN * 2)}[/]")
    refused = sum(each.refusal is not None for each in answers)
    console.print(say("refused", count=refused, all=len(answers)))
    console.print(f"\n[bold]{say('now')}[/]")
    stand = _table(say, ("pledge", "phase", "owed_minor", "value_minor", "ratio", "to_cure_minor",
                         "deadline"), left=(0, 1, 6))  # fmt: skip
    for name, pledge in list(pledges.items())[:ROWS_SHOWN]:
        ratio = pledge.ratio
        stand.add_row(
            safe(name), _phase(str(pledge.phase), lang), _money(pledge.owed_minor),
            _money(pledge.value_minor), "–" if ratio is None else f"{ratio:.1%}",
            _money(pledge.called_minor or None), str(pledge.deadline or ""),
        )  # fmt: skip
    console.print(stand)


def refusal_words(each: Answered, lang: str) -> str:
    """Why an event was refused."""
    if each.refusal is None:
        return ""
    if lang == "zh":
        return REFUSAL_ZH[each.refusal]
    return str(each.refusal).replace("_", " ")


def _act(told: str, lang: str) -> str:
    act, _, rest = told.partition(" ")
    word = ACT_ZH.get(act, act) if lang == "zh" else act
    return safe(f"{word} {rest}".strip())


def phase_words(phase: str | None, lang: str) -> str:
    """A phase of a pledge in words; None: it is not known."""
    if phase is None:
        return WORDS["unknown_phase"].in_language(lang)
    return PHASE_ZH[Phase(phase)] if lang == "zh" else EN_PHASE[Phase(phase)]


def _phase(phase: str | None, lang: str) -> str:
    word, colour = phase_words(phase, lang), COLOURS.get(phase or "")
    colour = "magenta" if phase is None else colour
    return word if colour is None else f"[{colour}]{word}[/]"


def kind_words(kind: str, lang: str) -> str:
    """A kind of collateral in words."""
    if kind == CASH:
        return "cash" if lang == "en" else "保证金"
    return KIND_EN[Kind(kind)] if lang == "en" else KIND_ZH[Kind(kind)]


def flag_words(flags: str, lang: str) -> str:
    """What a reader must know of a mark, in words."""
    words = [WORDS["stale_flag" if each == "stale" else each] for each in flags.split()]
    return ", ".join(each.in_language(lang) for each in words)


def _table(say: Callable[..., str], heads: Sequence[str], left: tuple[int, ...]) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        aligned = place in left
        shown.add_column(say(head), justify="left" if aligned else "right", overflow="fold",
                         no_wrap=not aligned)  # fmt: skip
    return shown


def _more(table: pa.Table, lang: str, shown: int = ROWS_SHOWN) -> None:
    if table.num_rows > shown:
        told = WORDS["more"].in_language(lang).format(count=table.num_rows - shown)
        console_now().print(f"[dim]{told}[/]")


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(lang).format(**values)

    return say


def _money(minor: int | None, absent: str = "") -> str:
    return absent if minor is None else format_minor(minor, "CNY")


def _percent(part: float | None, absent: str = "") -> str:
    return absent if part is None else f"{part:.1%}"


def _ratio(line: Decimal) -> str:
    return f"{line * 100:g}%"


def _number(text: str | None) -> str:
    return "" if text is None else f"{Decimal(text):,}"

"""What `headrace card` prints of data and cards: what was read, bins with bars, cards, quality."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.card_texts import HOLDS, TRENDS, WORDS
from headrace.scores.binning.bins import CHINESE, ENGLISH, BinKind, Bins
from headrace.scores.cards.codec import card_digest
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.table import CardRow, line_rows
from headrace.scores.leakage.findings import Leak
from headrace.workflows.card_building import Built, ClassCount, least_points
from headrace.workflows.card_names import SAID, protected
from headrace.workflows.card_rows import CardRows

Tick = Callable[[float], None]
SHOWN = 12
NAME_MAX = 24
SLOPE_LEAST = 0.8  # below it probabilities are told as too extreme
RATE_WIDTH, WOE_HALF = 14, 8
EIGHTHS = " ▏▎▍▌▋▊▉█"
STRENGTHS = (0.02, 0.1, 0.3, 0.5)
"""Of information values: Siddiqi (2006), ch. 6, "Initial characteristic analysis"."""


def say(key: str, lang: str, **parts: object) -> str:
    """A text of `WORDS`."""
    return WORDS[key].in_language(lang).format(**parts)


@contextmanager
def progress(word: str, lang: str, *, quiet: bool) -> Iterator[Tick]:
    """A bar on standard error; it is told what part is done."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _part: None
        return
    columns = (TextColumn(say(word, lang)), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda part: bar.update(task, completed=part)


def simulated(lang: str) -> None:
    """Say that what follows is made up."""
    console_now().print(f" {say('simulated', lang)} ", style="black on yellow")


def read(rows: CardRows, beside: str | None, lang: str) -> None:
    """What was read, and what was set aside."""
    console = console_now()
    n, bad = rows.y.size, int(rows.y.sum())
    told = say("rows", lang, rows=f"{n:,}", bad=f"{bad:,}", rate=f"{bad / n:.1%}",
               columns=rows.table.num_columns)  # fmt: skip
    console.print(f"[bold]{told}[/]")
    for name, what in rows.aside:
        why = HOLDS[what].in_language(lang)
        console.print(f"[dim]{say('aside', lang)}: {safe(name)} ({why})[/]")
    if rows.unknown:
        console.print(f"[yellow]{say('unknown', lang, n=f'{rows.unknown:,}')}[/]")
    refused(rows.refused, "refused", beside, lang)


def refused(cells: pa.Table, word: str, beside: str | None, lang: str) -> None:
    """Cells that could not be read."""
    if not cells.num_rows:
        return
    console = console_now()
    console.print(f"[yellow]{say(word, lang, n=f'{cells.num_rows:,}')}[/]")
    table = plain_table(("row", "column", "cell", "why"), lang, right=(0,))
    for row in cells.slice(0, SHOWN).to_pylist():
        cell = (safe(row[key]) for key in ("column", "cell", "reason"))
        table.add_row(f"{row['row']:,}", *cell)
    console.print(table)
    if beside:
        console.print(f"[dim]{say('beside', lang, path=safe(beside))}[/]")


def findings(leaks: Sequence[Leak], lang: str) -> None:
    """What the leakage check found."""
    console = console_now()
    if not leaks:
        console.print(f"[green]✓[/] {say('no_findings', lang)}")
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for leak in leaks:
        mark = (
            f"[red]✗ {say('stop', lang)}[/]"
            if leak.refuses
            else f"[yellow]! {say('look', lang)}[/]"
        )
        name = safe(leak.feature) if leak.feature else say("all_rows", lang)
        grid.add_row(mark, f"[bold]{name}[/]  [dim]{leak.rule}[/]")
        grid.add_row("", safe(leak.zh if lang == "zh" else leak.en))
    console.print(grid)


def verdict(leaks: Sequence[Leak], lang: str) -> None:
    """What follows of the findings."""
    console = console_now()
    stopping = {leak.feature for leak in leaks if leak.refuses}
    if stopping - {""}:
        n = len(stopping - {""})
        console.print(f"[bold red]✗ {say('refuses', lang, n=n)}[/]")
    if "" in stopping:
        console.print(f"[bold red]✗ {say('refuses_rows', lang)}[/]")
    if leaks and not stopping:
        console.print(f"[green]✓[/] {say('warns', lang)}")


def ranked(found: Sequence[Bins], lang: str) -> None:
    """Columns by information value."""
    console = console_now()
    table = plain_table(("feature", "iv", "", "strength", "trend", "bins", "missing"), lang,
                        right=(1, 5, 6))  # fmt: skip
    most = max((bins.iv for bins in found), default=0.0)
    for bins in found:
        gone = bins.good[bins.missing] + bins.bad[bins.missing]
        table.add_row(
            clipped(bins.feature),
            f"{bins.iv:.3f}",
            f"[cyan]{bar(bins.iv / most if most else 0.0, 16)}[/]",
            strength(bins.iv, lang),
            TRENDS[bins.trend].in_language(lang),
            str(bins.ordinary),
            f"{gone / (sum(bins.good) + sum(bins.bad)):.1%}",
        )
    console.print(table)
    if any(bins.iv > STRENGTHS[-1] for bins in found):
        console.print(f"[yellow]{say('suspicious', lang)}[/]")


def strength(iv: float, lang: str) -> str:
    """How well a column parts good from bad, in a word."""
    return say(f"iv{sum(iv >= each for each in STRENGTHS)}", lang)


def binned(bins: Bins, lang: str) -> None:
    """The bins of a column, bad rate and weight of evidence as bars."""
    console = console_now()
    trend = TRENDS[bins.trend].in_language(lang)
    console.print(f"\n[bold]{safe(bins.feature)}[/]  IV {bins.iv:.3f}  {trend}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("number", "bin", "count", "share", "rate", "", "woe"):
        justify = "left" if key in ("bin", "") else "right"
        table.add_column(say(key, lang) if key else "", justify=justify, overflow="fold")  # type: ignore[arg-type] # a literal
    table.add_column(say("safer", lang), no_wrap=True)
    rows = list(zip(bins.kinds, _labels(bins, lang), bins.good, bins.bad, bins.woe, strict=True))
    shown = [each for each in enumerate(rows) if _is_shown(each[1][0], each[1][2] + each[1][3])]
    total = sum(bins.good) + sum(bins.bad)
    top_rate = max(
        (bad / (good + bad) for _, (_, _, good, bad, _) in shown if good + bad), default=0
    )
    top_woe = max((abs(woe) for _, (*_, woe) in shown), default=0.0)
    for number, (_, label, good, bad, woe) in shown:
        n = good + bad
        rate = bad / n if n else None
        table.add_row(
            f"[dim]{number}[/]",
            clipped(label, 34),
            f"{n:,.0f}",
            f"{n / total:.1%}",
            "–" if rate is None else f"{rate:.1%}",
            f"[red]{bar((rate or 0) / top_rate if top_rate else 0, RATE_WIDTH)}[/]",
            f"{woe:+.2f}",
            _leaning(woe / top_woe if top_woe else 0.0),
        )
    console.print(table)


def _labels(bins: Bins, lang: str) -> list[str]:
    return list(bins.labelled(CHINESE if lang == "zh" else ENGLISH))


def _is_shown(kind: BinKind, rows: float | None) -> bool:
    return kind is BinKind.ORDINARY or bool(rows)


def not_binned(refused: Sequence[tuple[str, str]], lang: str) -> None:
    """Columns that could not be binned as was asked."""
    if not refused:
        return
    console = console_now()
    console.print(f"\n[yellow]{say('not_binned', lang)}[/]")
    grid = Table.grid(padding=(0, 2))
    for name, why in refused:
        grid.add_row(clipped(name), safe(why))
    console.print(grid)


def more_columns(n: int, lang: str) -> None:
    """Columns whose bins are not shown."""
    console_now().print(f"\n[dim]{say('more_columns', lang, n=n)}[/]")


def card(found: PointsCard, lang: str) -> None:
    """A card: its scale, and the points of every bin."""
    console = console_now()
    heading(found, lang)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for key in ("feature", "number", "bin", "count", "rate", "points", ""):
        justify = "left" if key in ("feature", "bin", "") else "right"
        table.add_column(say(key, lang) if key else "", justify=justify, overflow="fold")  # type: ignore[arg-type] # a literal
    if found.base:
        table.add_row(say("base", lang), "", "", "", "", f"{found.base:d}", "")
    for line in found.lines:
        rows = line_rows(line)
        low, high = min(line.points), max(line.points)
        first = clipped(line.feature)
        for number, row in enumerate(rows):
            if not row.rows and row.kind in ("missing", "other") and row.woe == 0.0:
                label = f"[dim]{_label(row, lang)}[/]"
            else:
                label = _label(row, lang)
            share = (row.points - low) / (high - low) if high > low else 0.0
            table.add_row(
                first,
                f"[dim]{number}[/]",
                label,
                f"{row.rows or 0:,.0f}",
                "–" if row.bad_rate is None else f"{row.bad_rate:.1%}",
                f"[bold]{row.points}[/]",
                f"[green]{bar(share, 12)}[/]",
            )
            first = ""
        table.add_row("")
    console.print(table)


def heading(found: PointsCard, lang: str) -> None:
    """What a card is, in two or three lines."""
    console = console_now()
    fitted = found.fitted
    if fitted is None:
        console.print(f"[bold]{say('hand', lang, features=len(found.lines))}[/]")
    else:
        rate = f"{fitted.defaults / max(fitted.rows, 1):.1%}"
        told = say("card", lang, features=len(found.lines), rows=f"{fitted.rows:,}",
                   bad=f"{fitted.defaults:,}", rate=rate)  # fmt: skip
        console.print(f"[bold]{told}[/]")
    scale = found.scale
    console.print(
        say("scale", lang, base=scale.points_base, odds=scale.odds_base,
            double=scale.points_to_double, low=found.lowest, high=found.highest)
    )  # fmt: skip
    if fitted is not None and fitted.central_tendency is not None:
        console.print(say("tendency", lang, rate=f"{fitted.central_tendency:.2%}"), style="yellow")
    if found.edits:
        console.print(say("edits", lang, n=len(found.edits)), style="yellow")


def _label(row: CardRow, lang: str) -> str:
    return clipped(row.label_zh if lang == "zh" else row.label, 34)


def fitted(found: Built, lang: str) -> None:
    """A card just fitted: what leaks, the card, how good it is, what is not in it."""
    console = console_now()
    if found.findings:
        findings(found.findings, lang)
    if any(leak.refuses for leak in found.findings):
        console.print(f"[black on red] {say('allowed', lang)} [/]")
    console.print()
    card(found.card, lang)
    quality(found, lang)
    dropped(found.card, lang)
    named(found.card, lang)


def dropped(found: PointsCard, lang: str) -> None:
    """Columns that are not in the card, and why."""
    if found.fitted is None or not found.fitted.dropped:
        return
    console = console_now()
    console.print(f"\n[bold]{say('dropped', lang)}[/]")
    grid = Table.grid(padding=(0, 2))
    for each in found.fitted.dropped:
        grid.add_row(clipped(each.feature), f"[dim]{safe(each.said[lang == 'zh'])}[/]")
    console.print(grid)


def quality(found: Built, lang: str) -> None:
    """Figures on held-out rows, and the rating scale."""
    console = console_now()
    told = found.quality
    console.print(f"[bold]{say('quality', lang, rows=f'{told.rows:,}', bad=f'{told.bad:,}')}[/]")
    console.print(f"[dim]{safe(told.zh if lang == 'zh' else told.en)}[/]")
    table = plain_table(("", "", "interval", "read_as"), lang, right=(1,))
    line = told.line
    figures = (
        ("auc", told.auc.value, told.auc, 3),
        ("gini", told.gini.value, told.gini, 3),
        ("ks", told.ks, None, 3),
        ("brier", told.brier.score, None, 4),
        ("slope", line.slope.value, line.slope, 2),
        ("intercept", line.intercept.value, line.intercept, 2),
    )
    for key, value, figure, places in figures:
        between = "" if figure is None else f"{figure.low:.{places}f} – {figure.high:.{places}f}"
        means = say(f"means_{key}", lang, base=f"{told.brier.uncertainty:.4f}")
        table.add_row(say(key, lang), f"[bold]{value:.{places}f}[/]", between, f"[dim]{means}[/]")
    console.print(table)
    if told.brier.score >= told.brier.uncertainty:
        console.print(f"[bold red]! {say('worse', lang)}[/]")
    elif line.slope.high < SLOPE_LEAST:
        console.print(f"[bold yellow]! {say('extreme', lang)}[/]")
    console.print()
    classes(found.card, found.classes, lang)


def classes(found: PointsCard, counted: Sequence[ClassCount], lang: str) -> None:
    """The rating scale with held-out rows; classes that no total can be in are left out."""
    console = console_now()
    moved = found.fitted is not None and found.fitted.central_tendency is not None
    console.print(f"[bold]{say('classes', lang)}[/]")
    keys = (
        "class",
        "least",
        "pd_max",
        "count",
        "share",
        "expected",
        *(() if moved else ("observed",)),
    )
    table = plain_table((*keys, ""), lang, right=tuple(range(1, len(keys))))
    total = sum(each.rows for each in counted)
    top = max((each.rows for each in counted), default=0)
    for each in counted:
        if each.points is None and not each.rows:
            continue
        cells = [
            each.name,
            "–" if each.points is None else str(each.points),
            f"{each.pd_max:.2%}",
            f"{each.rows:,}",
            f"{each.rows / total:.1%}",
            "–" if each.expected is None else f"{each.expected:.2%}",
        ]
        if not moved:
            cells.append(f"{each.bad / each.rows:.2%}" if each.rows else "–")
        table.add_row(*cells, f"[cyan]{bar(each.rows / top if top else 0.0, 16)}[/]")
    console.print(table)


def rating_scale(found: PointsCard, lang: str) -> None:
    """The classes of a card by points."""
    console = console_now()
    console.print(f"[bold]{say('scale_only', lang)}[/]")
    table = plain_table(("class", "least", "pd_max"), lang, right=(1, 2))
    bounds = dict(zip(found.rating.classes, found.rating.pd_max, strict=True))
    for name, points in least_points(found).items():
        table.add_row(safe(name), str(points), f"{bounds[name]:.2%}")
    console.print(table)


def named(found: PointsCard, lang: str) -> None:
    """Features whose headings name a protected attribute."""
    about = [(name, protected(name)) for name in found.features]
    about = [each for each in about if each[1]]
    if not about:
        return
    console = console_now()
    console.print(f"\n[bold yellow]! {say('protected', lang)}[/]")
    for name, key in about:
        what = SAID[key][lang == "zh"]
        console.print(f"  {say('protected_line', lang, name=safe(name), what=what)}")


def saved(found: PointsCard, path: str, lang: str) -> None:
    """Where a card was written."""
    digest = card_digest(found)[:16]
    told = say("saved", lang, path=safe(path), digest=f"sha256 {digest}…")
    console_now().print(told, soft_wrap=True)


def history(found: PointsCard, lang: str) -> None:
    """What was changed by hand, oldest first."""
    console = console_now()
    if not found.edits:
        console.print(say("no_edits", lang))
        return
    for number, each in enumerate(found.edits, start=1):
        console.print(
            f"[bold]{number}  {safe(each.feature) or say('base', lang)}[/]  {safe(each.when)}  "
            f"{safe(each.who)}  [cyan]{safe(each.why)}[/]"
        )
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(f"   [dim]{say('before', lang)}[/]", safe(each.before))
        grid.add_row(f"   [dim]{say('after', lang)}[/]", safe(each.after))
        console.print(grid)


def bar(share: float, width: int) -> str:
    """A bar of blocks, to an eighth of a cell; something above 0 is never nothing."""
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    eighths = max(eighths, 1) if share > 0 else 0
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def _leaning(share: float) -> str:
    """A bar to the left, below 0, or to the right of a middle line."""
    cells = round(abs(share) * WOE_HALF)
    cells = max(cells, 1) if abs(share) > 0.02 else cells
    if share < 0:
        return f"[red]{'█' * cells:>{WOE_HALF}}[/]│"
    return f"{'':>{WOE_HALF}}│[green]{'█' * cells}[/]"


def clipped(text: str, most: int = NAME_MAX) -> str:
    """Data as markup; what is too long ends in an ellipsis."""
    return safe(text if len(text) <= most else f"{text[: most - 1]}…")


def plain_table(keys: Sequence[str], lang: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines; an empty key has no heading."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, key in enumerate(keys):
        table.add_column(
            say(key, lang) if key else "",
            justify="right" if at in right else "left",
            overflow="fold",
        )
    return table


def bins_table(found: Sequence[Bins]) -> pa.Table:
    """Every bin of every column, for a file."""
    rows: list[dict[str, Any]] = []
    for bins in found:
        rows += [{"feature": bins.feature, "column_iv": bins.iv} | row
                 for row in bins.table().to_pylist()]  # fmt: skip
    for row in rows:
        row["categories"] = None if row["categories"] is None else ", ".join(row["categories"])
        for end in ("low", "high"):
            row[end] = None if row[end] is None or abs(row[end]) == float("inf") else row[end]
    return pa.Table.from_pylist(rows)

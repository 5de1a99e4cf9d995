"""What `headrace model` prints of models: quality, pairs, reasons for a row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.card import bar, clipped
from headrace.adapters.printing.model_texts import FIGURES, KINDS, MEANS, SHORT, WORDS
from headrace.scores.table_model import TableModel
from headrace.scores.validation.curves import CalibrationBin
from headrace.scores.validation.figures import Figure
from headrace.workflows.card_names import SAID
from headrace.workflows.model_building import Built, Comparison, Part, Rival

SHOWN = 15
LINE = 30
LEVELS = " ▁▂▃▄▅▆▇█"
BANDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


def say(key: str, lang: str, **parts: object) -> str:
    """A text of `WORDS`."""
    return WORDS[key].in_language(lang).format(**parts)


def kind_of(kind: str, lang: str) -> str:
    """What a kind of model is called."""
    return KINDS[kind].in_language(lang)


def short(kind: str, lang: str) -> str:
    """The same in little room."""
    return SHORT[kind].in_language(lang)


def built(found: Built, lang: str) -> None:
    """Quality on held-out rows, calibration, and what counts."""
    console, told = console_now(), found.quality
    warnings(found.model, lang)
    console.print(f"[bold]{say('heldout', lang, rows=told.rows, bad=told.bad)}[/]")
    console.print(f"[dim]{safe(told.zh if lang == 'zh' else told.en)}[/]")
    console.print(_figures(found.model.learnt.figures, told.brier.uncertainty, lang))
    console.print(f"\n[bold]{say('calibration', lang)}[/]")
    console.print(_calibration(told.bins, lang))
    important(found.model, lang)
    if found.named:
        console.print(f"\n[bold yellow]! {say('protected', lang)}[/]")
        for name, key in found.named:
            console.print(f"  {safe(name)}: {SAID[key][lang == 'zh']}")


def warnings(model: TableModel, lang: str) -> None:
    """What whoever uses a model must know of how it was made."""
    console, learnt = console_now(), model.learnt
    if learnt.leaking:
        names = safe(", ".join(learnt.leaking))
        console.print(f"[bold red]! {say('leaking', lang, names=names)}[/]")
    if learnt.inferred:
        console.print(f"[bold yellow]! {say('inferred', lang, n=learnt.inferred)}[/]")
    if learnt.base_rate is not None and learnt.rows:
        own = learnt.bad / learnt.rows
        console.print(f"[yellow]{say('base_rate', lang, rate=learnt.base_rate, own=own)}[/]")


def _figures(figures: Sequence[tuple[str, Figure]], base: float | None, lang: str) -> Table:
    table = new_table(("figure", "value", "interval", "read_as"), lang, right=(1,))
    for name, each in figures:
        places = {"brier": 4, "slope": 2, "intercept": 2}.get(name, 3)
        between = f"{each.low:.{places}f} – {each.high:.{places}f}"
        means = MEANS[name].in_language(lang) if base is not None or name != "brier" else ""
        told = means.format(base=base) if means else ""
        title = FIGURES[name].in_language(lang)
        table.add_row(title, f"[bold]{each.value:.{places}f}[/]", between, f"[dim]{told}[/]")
    return table


def _calibration(bins: Sequence[CalibrationBin], lang: str) -> Table:
    table = new_table(("stated", "came", "interval", "", "rows", ""), lang, right=(0, 1, 4))
    top = max((max(each.high, each.predicted) for each in bins), default=1.0) or 1.0
    for each in bins:
        out = "" if each.low <= each.predicted <= each.high else say("outside", lang)
        table.add_row(
            f"{each.predicted:.1%}",
            f"{each.observed:.1%}",
            f"{each.low:.1%} – {each.high:.1%}",
            span(Figure(each.predicted, each.low, each.high), 0.0, top),
            f"{each.firms:,}",
            f"[yellow]{out}[/]",
        )
    return table


def span(figure: Figure, low: float, high: float) -> str:
    """An interval on a line between two ends, its value marked."""
    wide = max(high - low, 1e-12)
    places = [
        round((min(max(each, low), high) - low) / wide * (LINE - 1))
        for each in (figure.low, figure.value, figure.high)
    ]
    cells = ["─" if places[0] <= at <= places[2] else " " for at in range(LINE)]
    cells[places[1]] = "●"
    return f"[cyan]{''.join(cells)}[/]"


def important(model: TableModel, lang: str) -> None:
    """Features by how much they count."""
    learnt, console = model.learnt, console_now()
    if not learnt.importance:
        return
    unit = say("points" if model.is_card else "log odds", lang)
    console.print(f"\n[bold]{say('importance', lang, unit=unit)}[/]")
    ranked = sorted(zip(model.names, learnt.importance, strict=True), key=lambda e: (-e[1], e[0]))
    top = ranked[0][1] or 1.0
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name, size in ranked[:SHOWN]:
        table.add_row(clipped(name), f"{size:.{1 if model.is_card else 3}f}",
                      f"[cyan]{bar(size / top, LINE)}[/]")  # fmt: skip
    console.print(table)
    if len(ranked) > SHOWN:
        console.print(f"[dim]{say('more', lang, n=len(ranked) - SHOWN)}[/]")


def saved(model: TableModel, path: str, digest: str, lang: str) -> None:
    """Where a model was written, and what to do with it."""
    console = console_now()
    told = say("saved", lang, path=safe(path), kind=kind_of(model.kind, lang), digest=digest[:16])
    console.print(f"\n{told}", soft_wrap=True)
    console.print(
        f"[dim]{say('next', lang)}[/]  [cyan]headrace model apply {safe(path)} FILE --out "
        "scored.csv[/]",
        soft_wrap=True,
    )


def shown(model: TableModel, lang: str) -> None:
    """A model: what it is, how good it was, its columns."""
    console, learnt = console_now(), model.learnt
    target = safe(model.target) or say("unknown_target", lang)
    told = say(
        "about" if learnt.rows else "about_hand", lang, kind=kind_of(model.kind, lang),
        target=target, columns=len(model.columns), rows=learnt.rows, bad=learnt.bad,
    )  # fmt: skip
    console.print(f"[bold]{told}[/]")
    warnings(model, lang)
    if learnt.figures:
        console.print(f"[dim]{safe(learnt.split[lang == 'zh'])}[/]")
        console.print(_figures(learnt.figures, None, lang))
    if learnt.importance:
        important(model, lang)
    else:
        table = new_table(("feature", "holds"), lang)
        for each in model.columns:
            holds = say("categories" if each.categorical else "numbers", lang)
            table.add_row(clipped(each.name), holds)
        console.print(table)


# --- side by side ---------------------------------------------------------------------------------


def compared(found: Comparison, stakes: tuple[float, float], lang: str) -> None:
    """Kinds side by side, pairs, costs, and which to keep."""
    console, rivals = console_now(), found.rivals
    told = rivals[0].quality
    console.print(f"[bold]{say('heldout', lang, rows=told.rows, bad=told.bad)}[/]")
    console.print(f"[dim]{safe(told.zh if lang == 'zh' else told.en)}[/]")
    console.print(_rivals(rivals, lang))
    console.print(f"\n[bold]{say('duels', lang)}[/]")
    table = new_table(("pair", "gain", "interval", "p", "says"), lang, right=(1, 3))
    for duel in found.duels:
        apart = duel.found.difference
        pair = f"{short(duel.other, lang)} − {short(duel.simple, lang)}"
        says = say("better" if duel.is_better else "not_better", lang)
        between = f"{apart.low:+.4f} – {apart.high:+.4f}"
        table.add_row(pair, f"{apart.value:+.4f}", between, f"{duel.p_holm:.3f}", says)
    console.print(table)
    best = found.tried
    told_best = say("tried", lang, n=best.count, first=short(rivals[0].kind, lang),
                    best=short(best.best, lang), gain=best.difference.value, alone=best.p_alone,
                    all=best.p_best_of_all)  # fmt: skip
    console.print(f"[dim]{told_best}[/]")
    console.print(f"[dim]{say('luck', lang, n=found.columns, auc=found.luck)}[/]")
    _costs(rivals, stakes, lang)
    kept = kind_of(found.kept, lang)
    key = "keep_simple" if found.kept == rivals[0].kind else "take"
    console.print(f"\n[bold green]→ {say(key, lang, kept=kept)}[/]")


def _rivals(rivals: Sequence[Rival], lang: str) -> Table:
    low = min(each.quality.auc.low for each in rivals)
    high = max(each.quality.auc.high for each in rivals)
    table = Table(box=None, pad_edge=False, header_style="bold")
    heads = (say("kind", lang), "AUC", say("interval", lang), "", "Gini", "KS", "Brier",
             say("slope", lang))  # fmt: skip
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if at in (1, 4, 5, 6, 7) else "left")
    for each in rivals:
        told = each.quality
        table.add_row(
            short(each.kind, lang),
            f"[bold]{told.auc.value:.3f}[/]",
            f"{told.auc.low:.3f} – {told.auc.high:.3f}",
            span(told.auc, low, high),
            f"{told.gini.value:.3f}",
            f"{told.ks:.3f}",
            f"{told.brier.score:.4f}",
            f"{told.line.slope.value:.2f}",
        )
    return table


def _costs(rivals: Sequence[Rival], stakes: tuple[float, float], lang: str) -> None:
    console = console_now()
    console.print(f"\n[bold]{say('cost', lang)}[/]")
    console.print(f"[yellow]{say('assumed_stakes', lang, loss=stakes[0], profit=stakes[1])}[/]")
    keys = ("kind", "cutoff", "interval", "yuan", "interval", "curve")
    table = new_table(keys, lang, right=(1, 3))
    for each in rivals:
        best, least = each.costs.best, each.costs.best_cost
        table.add_row(
            short(each.kind, lang),
            _cut(best.value),
            f"{_cut(best.low)} – {_cut(best.high)}",
            f"{least.value / 100:,.0f}",
            f"{least.low / 100:,.0f} – {least.high / 100:,.0f}",
            f"[cyan]{_spark(each)}[/]",
        )
    console.print(table)
    console.print(f"[dim]{say('theory', lang, cut=rivals[0].costs.in_theory)}[/]")


def _cut(value: float) -> str:
    return f"{value:.1%}" if np.isfinite(value) else "∞"


def _spark(rival: Rival) -> str:
    """Cost at 25 shares of distinct scores approved."""
    cost = rival.costs.cost
    at = np.round(np.linspace(0.04, 1.0, 25) * (cost.size - 1)).astype(np.int64)
    seen = cost[at]
    low, wide = float(cost.min()), max(float(seen.max() - cost.min()), 1e-12)
    return "".join(LEVELS[1 + round((value - low) / wide * 7)] for value in seen.tolist())


def written(path: str, table: pa.Table, lang: str) -> None:
    """Where scored rows were written."""
    told = say("out", lang, path=safe(path), rows=table.num_rows, columns=table.num_columns)
    console_now().print(told, soft_wrap=True)


# --- a table and a row ----------------------------------------------------------------------------


def applied(probability: Any, lang: str) -> None:
    """How rows came out."""
    console = console_now()
    n = probability.size
    told = say("applied", lang, n=n, mean=float(probability.mean()))
    console.print(f"[bold]{told}[/]")
    table = new_table(("band", "rows", "share", ""), lang, right=(1, 2))
    at = np.clip(np.digitize(probability, BANDS) - 1, 0, len(BANDS) - 2)
    counts = np.bincount(at, minlength=len(BANDS) - 1)
    for place, count in enumerate(counts.tolist()):
        label = f"{BANDS[place]:.0%} – {BANDS[place + 1]:.0%}"
        table.add_row(label, f"{count:,}", f"{count / n:.1%}",
                      f"[cyan]{bar(count / counts.max(), LINE)}[/]")  # fmt: skip
    console.print(table)


def reasons(parts: Sequence[Part], lang: str) -> None:
    """What each column adds for one row."""
    is_card = any(each.best is not None for each in parts)
    keys = ("feature", "value", *(("points", "best") if is_card else ("adds",)), "")
    table = new_table(keys, lang, right=(2, 3) if is_card else (2,))
    lost = [abs(e.added) if e.best is None else e.best - e.added for e in parts]
    top = max(lost, default=0.0) or 1.0
    for each, size in list(zip(parts, lost, strict=True))[:SHOWN]:
        worse = each.added > 0 if each.best is None else size > 0
        colour, word = ("red", "raises") if worse else ("green", "lowers")
        told = "" if is_card else f" {say(word, lang)}"
        cells = [clipped(each.name), _value(each.value, lang)]
        cells.append(f"{each.added:+.3f}" if each.best is None else f"{each.added:.0f}")
        cells += [] if each.best is None else [str(each.best)]
        table.add_row(*cells, f"[{colour}]{bar(size / top, LINE - 8)}{told}[/]")
    console = console_now()
    console.print(table)
    if len(parts) > SHOWN:
        console.print(f"[dim]{say('more', lang, n=len(parts) - SHOWN)}[/]")
    console.print(f"[dim]{say('not_cause', lang)}[/]")


def _value(value: float | str | None, lang: str) -> str:
    if value is None:
        return f"[dim]{say('missing', lang)}[/]"
    return clipped(value) if isinstance(value, str) else f"{value:,.6g}"


def new_table(keys: Sequence[str], lang: str, right: tuple[int, ...] = ()) -> Table:
    """A table without lines, its headings from `WORDS`."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, key in enumerate(keys):
        heading = say(key, lang) if key else ""
        table.add_column(heading, justify="right" if at in right else "left", overflow="fold")
    return table

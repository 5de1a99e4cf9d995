"""What `headrace model watch`, `challenge`, `fairness` and `rejects` print."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.card import bar, clipped
from headrace.adapters.printing.model_watch_texts import WORDS
from headrace.scores.binning.codec import plain_of
from headrace.scores.validation.figures import Figure
from headrace.scores.watch.calibration_drift import UPDATES, Drift, Evidence, Update
from headrace.scores.watch.challenger import VERDICTS, Swap
from headrace.scores.watch.fairness import Group
from headrace.scores.watch.remedies import Cost
from headrace.scores.watch.shares import Share
from headrace.scores.watch.stability import READINGS, Reading, Shift
from headrace.scores.watch.three_numbers import ThreeNumbers
from headrace.workflows.model_choices import Challenged, Guessed
from headrace.workflows.model_watching import Holding, Watch, month_text, worst_bins

SHOWN = 15
WIDTH = 16
COLOURS = {Reading.STILL: "green", Reading.TOO_FEW: "yellow", Reading.SMALL: "yellow",
           Reading.MOVED: "bold red"}  # fmt: skip


def say(key: str, lang: str, **parts: object) -> str:
    """A text of `WORDS`."""
    return WORDS[key].in_language(lang).format(**parts)


@contextmanager
def waiting(word: str, lang: str, *, quiet: bool) -> Iterator[None]:
    """A spinner on standard error while work lasts."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(say(word, lang)):
        yield


def _table(keys: Sequence[str], lang: str, right: tuple[int, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at, key in enumerate(keys):
        heading = say(key, lang) if key else ""
        table.add_column(heading, justify="right" if at in right else "left", overflow="fold")
    return table


def _read(shift: Shift, lang: str) -> str:
    return f"[{COLOURS[shift.reading]}]{READINGS[shift.reading][lang == 'zh']}[/]"


def _psi(shift: Shift) -> tuple[str, str, str]:
    return f"{shift.index:.3f}", f"{shift.low:.3f} – {shift.high:.3f}", f"{shift.chance:.3f}"


# --- watch ----------------------------------------------------------------------------------------


def watched(found: Watch, lang: str, *, is_card: bool) -> None:
    """Everything that was seen, the alarm last."""
    console, score = console_now(), found.score
    told = say("score_moved", lang, then=score.rows[0], now=score.rows[1])
    console.print(f"[bold]{told}[/]")
    table = _table(("psi", "interval", "by_chance", "reading"), lang)
    table.add_row(*_psi(score), _read(score, lang))
    console.print(table)
    console.print(_score_bins(found, lang))
    _months(found, lang)
    _features(found, lang, is_card=is_card)
    if found.holding is not None:
        _holding(found.holding, lang)
    _vintages(found, lang)
    said = (
        "、".join(_alarm(e, lang) for e in found.alarms)
        if lang == "zh"
        else "; ".join(_alarm(e, lang) for e in found.alarms)
    )
    if found.alarms:
        console.print(f"\n[bold red]✗ {say('alarm', lang, what=said)}[/]")
    else:
        console.print(f"\n[green]✓[/] {say('quiet', lang)}")


def _alarm(alarm: str, lang: str) -> str:
    kind, _, name = alarm.partition(" ")
    if kind == "month":
        name = month_text(int(name))
    return say(f"alarm_{kind}", lang, name=safe(name))


def _score_bins(found: Watch, lang: str) -> Table:
    table = _table(("band", "share_then", "", "share_now", "", "part"), lang, right=(1, 3, 5))
    ends = [0.0, *found.edges, 1.0]
    shift = found.score
    top = max((*shift.expected, *shift.actual), default=1.0) or 1.0
    rows = zip(shift.expected, shift.actual, shift.contributions, strict=True)
    for at, (then, now, part) in enumerate(rows):
        if then == now == 0:
            continue
        label = f"{ends[at]:.2%} – {ends[at + 1]:.2%}" if at < len(ends) - 1 else "?"
        table.add_row(label, f"{then:.1%}", f"[dim]{bar(then / top, WIDTH)}[/]", f"{now:.1%}",
                      f"[cyan]{bar(now / top, WIDTH)}[/]", f"{part:.3f}")  # fmt: skip
    return table


def _months(found: Watch, lang: str) -> None:
    if not found.months:
        return
    console = console_now()
    console.print(f"\n[bold]{say('by_months', lang)}[/]")
    table = _table(("month", "rows", "psi", "interval", "by_chance", "reading"), lang, right=(1, 2))
    for month, each in found.months[-24:]:
        table.add_row(month_text(month), f"{each.rows[1]:,}", *_psi(each), _read(each, lang))
    console.print(table)


def _features(found: Watch, lang: str, *, is_card: bool) -> None:
    if not found.features:
        return
    console = console_now()
    console.print(f"\n[bold]{say('features', lang)}[/]")
    adds = "adds_points" if is_card else "adds_odds"
    keys = ("feature", "csi", "interval", "by_chance", adds, "reading")
    table = _table(keys, lang, right=(1, 4))
    for each in found.features[:SHOWN]:
        moved = f"{each.adds:+.2f}" if is_card else f"{each.adds:+.3f}"
        table.add_row(clipped(each.name), *_psi(each.shift), moved, _read(each.shift, lang))
    console.print(table)
    worst = [e for e in found.features if e.shift.reading in (Reading.MOVED, Reading.SMALL)][:3]
    for each in worst:
        console.print(f"\n[bold]{say('bins', lang, name=safe(each.name))}[/]")
        parts = _table(("band", "share_then", "share_now", "part"), lang, right=(1, 2, 3))
        for label, then, now, part in worst_bins(each):
            parts.add_row(clipped(label, 40), f"{then:.1%}", f"{now:.1%}", f"{part:.3f}")
        console.print(parts)


def _holding(found: Holding, lang: str) -> None:
    console = console_now()
    told = say("holding", lang, rows=found.rows, expected=found.expected, observed=found.observed)
    console.print(f"\n[bold]{told}[/]")
    if found.unripe:
        console.print(f"[yellow]{say('unripe', lang, n=found.unripe)}[/]")
    table = _table(("expected", "observed", "interval", "rows", "p"), lang, right=(0, 1, 3, 4))
    for each in found.bands:
        share = each.observed
        colour = "red" if each.p_value < 0.01 else "default"
        table.add_row(f"{each.expected:.2%}", f"{share.value:.2%}",
                      f"{share.low:.2%} – {share.high:.2%}", f"{share.rows:,}",
                      f"[{colour}]{each.p_value:.3f}[/]")  # fmt: skip
    console.print(table)
    console.print(f"[dim]{say('all_bands', lang, p=found.fit.p_value)}[/]")
    console.print(f"\n[bold]{say('drift', lang)}[/]")
    if len(found.drift.months) > 1:
        console.print(_drift(found.drift, lang))
    for key, evidence, alarm in (
        ("worse", found.drift.worse, found.drift.alarm_worse),
        ("better", found.drift.better, found.drift.alarm_better),
    ):
        console.print(f"  {_evidence(key, evidence, alarm, lang)}")
    if found.change is not None:
        what, how = UPDATES[found.change.update][lang == "zh"], ""
        if found.change.update is not Update.NONE:
            how = say("change_how", lang, shift=found.change.shift, slope=found.change.slope)
        console.print(f"[bold]→ {say('change', lang, what=what, how=how)}[/]")


def _drift(found: Drift, lang: str) -> Table:
    keys = ("month", "rows", "stated_bad", "came_bad", "p_worse", "p_better")
    table = _table(keys, lang, right=(1, 2, 3, 4, 5))
    rows = zip(found.months, found.rows, found.expected, found.defaults, found.worse.p_value,
               found.better.p_value, strict=True)  # fmt: skip
    for month, count, expected, came, worse, better in list(rows)[-24:]:
        table.add_row(month_text(month), f"{count:,}", f"{expected:.1f}", f"{came:,}",
                      f"{worse:.3f}", f"{better:.3f}")  # fmt: skip
    return table


def _evidence(key: str, evidence: Evidence, alarm: int | None, lang: str) -> str:
    told = say("evidence", lang, what=say(key, lang), p=evidence.p_value[-1],
               e=evidence.e_value[-1])  # fmt: skip
    if alarm is None:
        return told
    since = say("since", lang, month=month_text(alarm)) if alarm > 0 else ""
    return f"[bold red]{told}{since}[/]"


def _vintages(found: Watch, lang: str) -> None:
    if found.vintages is None:
        return
    young = [e for e in found.vintages.vintages if e.final.low != e.final.high]
    if not young:
        return
    console = console_now()
    console.print(f"\n[bold]{say('vintages', lang)}[/]")
    table = _table(
        ("opened", "loans", "age", "so_far", "final", "interval"), lang, right=(1, 2, 3, 4)
    )
    for each in young[-24:]:
        end = each.final
        value = "–" if np.isnan(end.value) else f"{end.value:.1f}"
        table.add_row(month_text(each.opened), f"{each.loans:,}", str(each.age), str(each.defaults),
                      value, f"{end.low:.0f} – {end.high:.0f}")  # fmt: skip
    console.print(table)


def watch_value(found: Watch) -> dict[str, Any]:
    """What was seen as a JSON value."""
    value: dict[str, Any] = plain_of(found)
    value["months"] = [
        {"month": month_text(month), **_shift(shift)} for month, shift in found.months
    ]
    value["features"] = [
        {"name": e.name, "bins": list(e.labels), "adds": e.adds, **_shift(e.shift)}
        for e in found.features
    ]
    value["alarms"] = [_alarm(each, "en") for each in found.alarms]
    value["alarm"] = bool(found.alarms)
    return value


def _shift(shift: Shift) -> dict[str, Any]:
    found: dict[str, Any] = plain_of(shift)
    return found


def watch_table(found: Watch) -> pa.Table:
    """Index by column, the score first, and the share of every bin then and now."""
    rows = []
    ends = [0.0, *found.edges, 1.0]
    names = [f"{a:.6g} – {b:.6g}" for a, b in pairwise(ends)]
    named = [("score", found.score, [*names, "missing"])]
    named += [(each.name, each.shift, list(each.labels)) for each in found.features]
    for name, shift, labels in named:
        parts = zip(labels, shift.expected, shift.actual, shift.contributions, strict=True)
        for label, then, now, part in parts:
            rows.append(
                {"column": name, "index": shift.index, "low": shift.low, "high": shift.high,
                 "by_chance": shift.chance, "reading": shift.reading.value, "bin": label,
                 "share_then": then, "share_now": now, "of_index": part}
            )  # fmt: skip
    return pa.Table.from_pylist(rows)


# --- challenge ------------------------------------------------------------------------------------


def challenged(found: Challenged, terms: tuple[float, float, float], lang: str) -> None:
    """Who ranks better, who is swapped, and the three numbers."""
    console, told = console_now(), found.comparison
    console.print(f"[bold]{say('labels', lang, labels=told.labels, bad=told.defaults)}[/]")
    table = _table(("figure", "champion", "challenger", "gain", "interval"), lang, right=(1, 2, 3))
    table.add_row("AUC", f"{told.auc_champion.value:.3f}", f"{told.auc_challenger.value:.3f}",
                  *_gain(told.auc_gain))  # fmt: skip
    table.add_row("Brier", f"{told.brier_champion:.4f}", f"{told.brier_challenger:.4f}",
                  *_gain(told.brier_gain))  # fmt: skip
    table.add_row(f"Brier, {say('anytime', lang)}", "", "", *_gain(told.brier_gain_anytime))
    console.print(table)
    if told.selected:
        console.print(f"[yellow]! {say('selected', lang)}[/]")
    portion, lgd, cost = terms
    console.print(f"\n[bold]{say('swaps', lang, portion=portion)}[/]")
    console.print(_swaps(found.exchange.swaps, lang))
    console.print(f"\n[bold]{say('three', lang, lgd=lgd, cost=cost)}[/]")
    change = found.exchange.changes
    table = _table(
        ("figure", "champion", "challenger", "change_of", "interval"), lang, right=(1, 2, 3)
    )
    for key, one, two, moved in _three(found.exchange.champion, found.exchange.challenger, change):
        table.add_row(say(key, lang), _part(one), _part(two), *_moved(moved))
    console.print(table)
    verdict = VERDICTS[told.verdict][lang == "zh"]
    console.print(f"\n[bold green]→ {verdict}[/]")
    if told.labels_more:
        console.print(f"[dim]{say('more_labels', lang, n=told.labels_more)}[/]")


def _gain(figure: Figure) -> tuple[str, str]:
    return f"{figure.value:+.4f}", f"{figure.low:+.4f} – {figure.high:+.4f}"


def _moved(figure: Figure) -> tuple[str, str]:
    if np.isnan(figure.value):
        return "–", ""
    return f"{figure.value:+.2%}", f"{figure.low:+.2%} – {figure.high:+.2%}"


def _part(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2%}"


def _three(
    one: ThreeNumbers, two: ThreeNumbers, change: Any
) -> list[tuple[str, float, float, Figure]]:
    return [
        ("approval", one.approval.value, two.approval.value, change.approval),
        ("price", one.price, two.price, change.price),
        ("expected_loss", one.expected_loss, two.expected_loss, change.expected_loss),
        ("observed_loss", one.observed_loss, two.observed_loss, change.observed_loss),
    ]


def _swaps(swaps: Sequence[Swap], lang: str) -> Table:
    keys = ("who", "rows", "c_expects", "n_expects", "came", "interval")
    table = _table(keys, lang, right=(1, 2, 3, 4))
    names = {(True, True): "both", (True, False): "only_champion",
             (False, True): "only_challenger", (False, False): "neither"}  # fmt: skip
    for each in swaps:
        table.add_row(say(names[each.champion, each.challenger], lang), f"{each.rows:,}",
                      _part(each.champion_expects), _part(each.challenger_expects),
                      _part(each.defaulted.value), _ends(each.defaulted))  # fmt: skip
    return table


def _ends(share: Share) -> str:
    return f"{share.low:.1%} – {share.high:.1%}" if share.rows else ""


def challenge_value(found: Challenged) -> dict[str, Any]:
    """A contest as a JSON value."""
    value: dict[str, Any] = plain_of(found)
    return value


# --- fairness -------------------------------------------------------------------------------------


def fairness(groups: Sequence[Group], about: tuple[float, str], lang: str) -> None:
    """Figures by group; no verdict."""
    console = console_now()
    told = say("groups", lang, approved=about[0], group=safe(about[1]))
    console.print(f"[bold]{told}[/]")
    keys = ("group", "applicants", "approval", "interval", "ratio", "interval", "four_fifths")
    table = _table(keys, lang, right=(1, 2, 4))
    for each in groups:
        small = f" {say('small', lang)}" if each.small else ""
        ratio, fifths = each.ratio, say(each.four_fifths.name, lang)
        table.add_row(f"{clipped(each.name)}[yellow]{small}[/]", f"{each.rows:,}",
                      _part(each.approval.value), _ends(each.approval), f"{ratio.value:.2f}",
                      f"{ratio.low:.2f} – {ratio.high:.2f}", fifths)  # fmt: skip
    console.print(table)
    console.print()
    shown = (
        "group",
        "good_refused",
        "interval",
        "bad_refused",
        "interval",
        "expected",
        "observed",
        "auc",
    )
    table = _table(shown, lang, right=(1, 3, 5, 6, 7))
    for each in groups:
        table.add_row(clipped(each.name), _part(each.good_refused.value), _ends(each.good_refused),
                      _part(each.bad_refused.value), _ends(each.bad_refused),
                      _part(each.expected), _part(each.observed.value),
                      "–" if each.auc is None else f"{each.auc.value:.3f}")  # fmt: skip
    console.print(table)
    console.print(f"[dim]{say('no_verdict', lang)}[/]")


def remedies(paid: Sequence[Cost], terms: tuple[float, float], lang: str) -> None:
    """What each remedy would cost in the three numbers."""
    console = console_now()
    console.print(f"\n[bold yellow]{say('remedies', lang)}[/]")
    console.print(f"[dim]{say('three', lang, lgd=terms[0], cost=terms[1])}[/]")
    keys = ("remedy", "ratio_least", "auc", "approved", "rate", "loss", "loss_change")
    table = _table(keys, lang, right=(1, 2, 3, 4, 5, 6))
    for each in paid:
        n, lost = each.numbers, each.changes.observed_loss
        change = "" if each is paid[0] else _moved(lost)[0]
        table.add_row(safe(each.zh if lang == "zh" else each.en), f"{each.ratio_least:.2f}",
                      f"{each.auc.value:.3f}", _part(n.approval.value), _part(n.price),
                      _part(n.expected_loss), change)  # fmt: skip
    console.print(table)
    for each in paid:
        if each.warning is not None:
            console.print(f"[bold red]! {each.warning[lang == 'zh']}[/]")


def fairness_value(groups: Sequence[Group], paid: Sequence[Cost]) -> dict[str, Any]:
    """Groups and remedies as a JSON value."""
    return {"groups": [plain_of(each) for each in groups],
            "remedies": [plain_of(each) for each in paid], "applied": False}  # fmt: skip


# --- the refused ----------------------------------------------------------------------------------


def rejects(found: Guessed, lang: str) -> None:
    """What comes out under each assumption, and how much hangs on it."""
    console = console_now()
    told = say("rejects", lang, accepted=found.accepted, refused=found.refused)
    console.print(f"[bold]{told}[/]")
    table = Table(box=None, pad_edge=False, header_style="bold")
    keys = ("assumption", "inferred", "bad_refused_rate", "mean_refused", "mean_accepted", "below",
            "agreement")  # fmt: skip
    for at, key in enumerate(keys):
        table.add_column(say(key, lang, cut=found.cutoff), justify="right" if at else "left")
    for each in found.under:
        result = each.result
        name = say(result.assumed.method.value, lang, times=result.assumed.multiplier)
        mark = "[yellow]![/] " if result.inferred else "  "
        table.add_row(f"{mark}{name}", f"{result.labels_inferred:,}",
                      _part(result.bad_rate_inferred), _part(each.mean_refused),
                      _part(each.mean_accepted), _part(each.portion_below),
                      f"{each.rank_agreement:.3f}")  # fmt: skip
    console.print(table)
    console.print(f"[dim]{say('columns_mean', lang)}[/]")
    portions = [each.portion_below for each in found.under]
    console.print(f"[yellow]! {say('spread', lang, low=min(portions), high=max(portions))}[/]")


def inferred_saved(path: str, assume: str, lang: str) -> None:
    """Where the model with inferred labels was written."""
    told = say("inferred_saved", lang, path=safe(path), assume=safe(assume))
    console_now().print(f"[bold yellow]{told}[/]")


def rejects_value(found: Guessed, out: str | None) -> dict[str, Any]:
    """Assumptions side by side as a JSON value."""
    under = [
        {
            "method": e.result.assumed.method.value,
            "multiplier": e.result.assumed.multiplier,
            "inferred": e.result.inferred,
            "labels_inferred": e.result.labels_inferred,
            "bad_rate_inferred": e.result.bad_rate_inferred,
            "mean_refused": e.mean_refused,
            "mean_accepted": e.mean_accepted,
            "portion_below": e.portion_below,
            "rank_agreement": e.rank_agreement,
        }
        for e in found.under
    ]
    return {"accepted": found.accepted, "refused": found.refused, "cutoff": found.cutoff,
            "under": under, "out": out}  # fmt: skip

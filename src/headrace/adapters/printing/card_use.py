"""What `headrace card` prints of applicants: how they came out, one explained, a letter."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.card import bar, clipped, plain_table, say
from headrace.adapters.printing.card_texts import LETTER, LETTER_NONE
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.reasons import METHODS, Reason, ReasonMethod
from headrace.workflows.card_names import SAID, protected
from headrace.workflows.card_use import Explained, Reached

HEADINGS = {
    "row": ("row", "行"),
    "points": ("points", "分数"),
    "probability": ("probability of default", "违约概率"),
    "low": ("probability, low", "违约概率下限"),
    "high": ("probability, high", "违约概率上限"),
    "class": ("class", "等级"),
    "reasons": ("reasons for staff: points lost", "失分明细（内部）"),
    "reasons_en": ("reasons for customers (en)", "告知客户的原因（英文）"),
    "reasons_zh": ("reasons for customers (zh)", "告知客户的原因"),
}
BANDS = 8


def headings(lang: str) -> dict[str, str]:
    """Headings of results for people."""
    return {key: pair[lang == "zh"] for key, pair in HEADINGS.items()}


def applied(found: pa.Table, card: PointsCard, first: Mapping[str, int], lang: str) -> None:
    """How applicants came out: classes, points, first reasons."""
    console = console_now()
    n = found.num_rows
    console.print(f"[bold]{say('applied', lang, n=f'{n:,}')}[/]")
    if not n:
        return
    points, p = found["points"].to_numpy(), found["probability"].to_numpy()
    count = Counter(found["class"].to_pylist())
    table = plain_table(("class", "count", "share", "mean_points", "expected", ""), lang,
                        right=(1, 2, 3, 4))  # fmt: skip
    rated = np.array(found["class"].to_pylist())
    top = max(count.values())
    for name in card.rating.classes:
        own = rated == name
        if not own.any():
            continue
        table.add_row(
            safe(name),
            f"{count[name]:,}",
            f"{count[name] / n:.1%}",
            f"{points[own].mean():.0f}",
            f"{p[own].mean():.2%}",
            f"[cyan]{bar(count[name] / top, 20)}[/]",
        )
    console.print(table)
    told = plain_table(("first_reason", "applicants", "share"), lang, right=(1, 2))
    for name, number in sorted(first.items(), key=lambda each: (-each[1], each[0]))[:BANDS]:
        told.add_row(clipped(name), f"{number:,}", f"{number / n:.1%}")
    console.print()
    console.print(told)


def unseen(found: Mapping[str, int], lang: str) -> None:
    """Texts that the card has not seen."""
    for name, number in found.items():
        told = say("unseen", lang, n=f"{number:,}", name=safe(name))
        console_now().print(f"[yellow]{told}[/]")


def explained(found: Explained, method: ReasonMethod, lang: str) -> None:
    """One applicant: the points of each column, what was lost, and why."""
    console = console_now()
    zh = lang == "zh"
    between = "" if found.interval is None else say(
        "between", lang, low=f"{found.interval[0]:.2%}", high=f"{found.interval[1]:.2%}"
    )  # fmt: skip
    told = say("one", lang, points=found.points, rating=safe(found.rating),
               p=f"{found.probability:.2%}", interval=between)  # fmt: skip
    console.print(f"[bold]{told}[/]\n")
    table = plain_table(("feature", "value", "bin", "points", "of_most", "lost", ""), lang,
                        right=(3, 4, 5))  # fmt: skip
    if found.base:
        table.add_row(say("base", lang), "", "", str(found.base), "", "", "")
    most = max((abs(part.lost) for part in found.parts), default=0)
    for part in found.parts:
        value = say("absent", lang) if part.value is None else _value(part.value)
        new = f" [yellow]{say('new', lang)}[/]" if part.is_unseen else ""
        colour = "red" if part.lost > 0 else "green"
        table.add_row(
            clipped(part.feature),
            f"{value}{new}",
            clipped(part.bin[zh], 28),
            str(part.points),
            str(part.most),
            f"[{colour}]{-part.lost:+d}[/]" if part.lost else "0",
            f"[{colour}]{bar(abs(part.lost) / most if most else 0.0, 12)}[/]",
        )
    table.add_row(f"[bold]{say('total', lang)}[/]", "", "", f"[bold]{found.points}[/]", "", "", "")
    console.print(table)
    console.print(f"\n[bold]{say('reasons', lang, method=METHODS[method][zh])}[/]")
    if not found.reasons:
        console.print(f"  {say('none_lost', lang)}")
    for number, reason in enumerate(found.reasons, start=1):
        words = "" if reason.feature in found.unworded else f"  [cyan]{safe(reason.text[zh])}[/]"
        console.print(f"  {number}. {safe(reason.feature)} [red]-{reason.shortfall}[/]{words}")


def letter(reasons: Sequence[Reason], lang: str) -> None:
    """What the customer may be told: reasons in stated words, no value, no limit, no points."""
    console = console_now()
    opening, lead, rights = LETTER[lang]
    console.print(f"\n[bold]{say('for_customer', lang)}[/]")
    told = dict.fromkeys(reason.text[lang == "zh"] for reason in reasons)
    body = [opening]
    if told:
        body += [lead, *(f"{number}. {safe(each)}" for number, each in enumerate(told, start=1))]
    else:
        body.append(LETTER_NONE.in_language(lang))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for each in [*body, rights]:
        grid.add_row("[dim]│[/]", each)
    console.print(grid)


def letter_text(reasons: Sequence[Reason], lang: str) -> str:
    """The same as plain text."""
    opening, lead, rights = LETTER[lang]
    told = dict.fromkeys(reason.text[lang == "zh"] for reason in reasons)
    lines = [f"{number}. {each}" for number, each in enumerate(told, start=1)]
    body = [lead, *lines] if told else [LETTER_NONE.in_language(lang)]
    return "\n".join([opening, *body, rights])


def unworded(names: Sequence[str], lang: str) -> None:
    """Reasons without words for customers."""
    if names:
        told = say("unworded", lang, names=safe(", ".join(names)))
        console_now().print(f"[yellow]{told}[/]")


def reached(found: Reached, wanted: str, lang: str) -> None:
    """What would have to change."""
    console = console_now()
    is_class = wanted.strip() != str(found.points)
    told = say(
        "ways" if is_class else "ways_points", lang, wanted=safe(wanted), points=found.points
    )
    console.print(f"\n[bold]{told}[/]")
    if found.is_reached:
        console.print(f"  {say('reached', lang)}")
    elif not found.ways:
        console.print(f"  {say('no_way', lang)}")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for number, way in enumerate(found.ways, start=1):
        grid.add_row(f"  {number}.", safe(way.text[lang == "zh"]))
    console.print(grid)
    if found.fixed:
        names = (f"{safe(name)} ({_why(name, why, lang)})" for name, why in found.fixed)
        console.print(f"[dim]{say('held', lang)}: {', '.join(names)}[/]")
    console.print(f"[dim]{say('no_promise', lang)}[/]")


def _why(name: str, why: str, lang: str) -> str:
    if why == "protected":
        return str(SAID[protected(name)][lang == "zh"])
    return say(why, lang)


def _value(value: float | str) -> str:
    return clipped(value, 20) if isinstance(value, str) else f"{value:,.10g}"


def explained_value(found: Explained) -> dict[str, Any]:
    """One applicant as a JSON value."""
    return {
        "points": found.points,
        "probability": found.probability,
        "low": None if found.interval is None else found.interval[0],
        "high": None if found.interval is None else found.interval[1],
        "class": found.rating,
        "base": found.base,
        "parts": [
            {
                "feature": part.feature,
                "value": part.value,
                "bin": part.bin[0],
                "points": part.points,
                "lost": part.lost,
                "most": part.most,
                "unseen": part.is_unseen,
            }
            for part in found.parts
        ],
        "reasons": [
            {
                "feature": each.feature,
                "lost": each.shortfall,
                "en": each.text[0],
                "zh": each.text[1],
            }
            for each in found.reasons
        ],
        "unworded": list(found.unworded),
    }


def reached_value(found: Reached) -> dict[str, Any]:
    """Ways as a JSON value."""
    return {
        "points": found.points,
        "reached": found.is_reached,
        "fixed": dict(found.fixed),
        "ways": [
            {
                "points": way.points,
                "effort": way.effort,
                "en": way.text[0],
                "zh": way.text[1],
                "changes": [
                    {"feature": each.feature, "gain": each.gain, "en": each.text[0],
                     "zh": each.text[1]}
                    for each in way.changes
                ],
            }
            for way in found.ways
        ],
    }  # fmt: skip

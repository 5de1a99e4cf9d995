"""A what-if as one HTML file that works offline: the numbers side by side, the frontier, the rules.

Texts and tables are in the page itself; the browser draws the frontier alone.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from headrace.adapters.html import LANGUAGES, part, script_hash, script_json
from headrace.adapters.printing.whatif import ALWAYS, FIGURES, MONEY, money_text, word
from headrace.errors import InputError

BY_PART = ("approval_rate", "price_weighted", "expected_loss_share", "realised_loss_share")


def render_whatif(told: Mapping[str, Any], language: str) -> bytes:
    """The page, UTF-8; the same values and language give the same bytes.

    Args:
        told: See `headrace.workflows.simulate_policy.told`.
        language: "en" or "zh".

    Raises:
        InputError: The language is another one.
    """
    if language not in LANGUAGES:
        raise InputError(f"there is no page in the language {language!r}", remedy="en or zh")
    script, charts = part("js/whatif.js"), part("vendor/echarts.min.js")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(part("whatif.html"))
    text = page.render(
        told=told,
        language=language,
        tongue=LANGUAGES[language],
        say=lambda key, **values: word(key, language, **values),
        money=lambda minor: money_text(minor, told["currency"]),
        figures=FIGURES,
        always=ALWAYS,
        amounts=MONEY,
        by_part=BY_PART,
        columns=next(iter(told["matrix"].values()), {}),
        hashes=" ".join(f"'{script_hash(each)}'" for each in (script, charts)),
        style=Markup(part("report.css")),  # noqa: S704 - our own file
        model=script_json(_chart(told, language)),
        script=Markup(script),  # noqa: S704 - our own file
        charts=Markup(charts),  # noqa: S704 - the vendored file
    )
    return text.encode("utf-8", "backslashreplace")


def _chart(told: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What the browser draws."""
    found = told["search"]
    names = ("approval_rate", "expected_loss_share", "old", "new", "edited", "tried", "safest")
    return {
        "frontier": told["frontier"],
        "tried": [] if found is None else found["tried"],
        "edited": None if found is None else _point(found["searched"]["new"]["figures"]),
        "words": {name: word(name, language) for name in names},
    }


def _point(figures: Mapping[str, Any]) -> dict[str, float] | None:
    names = ("approval_rate", "expected_loss_share")
    point = {name: figures[name]["value"] for name in names}
    return None if None in point.values() else point

"""The report as one HTML file that works offline: two languages, four pages, no request to anyone.

The page is drawn in the browser from the model, which is embedded once as JSON. Every object of
the model may be null or empty; the section that needs it then says what is missing. Money is in
minor units of `meta.currency`, rates and shares are fractions, a text is `{"en", "zh"}`.

    meta      title source simulated as_of currency pack version cautions evidence
    facts     reconciliation notes corrections months      what was read and what was made of it
    graph     counts, hidden trades between applicants, closed rings
    score     quality with intervals, bins, roc, distribution, card, agreement, leaks, drift,
              scale [{class, pd_max}] (optional: the bands of the rating scale)
    book      the chosen loans: totals, by class, industry and reason; limits and rates
    frontier  points and the rule by which one was chosen
    contracts count, product, start, totals and months: the money that comes of them
    stress    one entry per scenario
    units     per feature: texts, unit, definition
    firms     one entry per applicant: decision, reasons, features, months, partners, scenarios
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from headrace.errors import InputError
from headrace.money import CURRENCY_SIGN, MINOR_PER_MAJOR

LANGUAGES = {"en": "en", "zh": "zh-CN"}
_SCRIPTS = ("base.js", "charts.js", "portfolio.js", "firms.js", "firm.js", "method.js", "app.js")
# In JSON these characters stand only inside strings, where \uXXXX means the same. Written so, no
# text can close the script element that holds it or open a comment.
_ESCAPES = {ord(mark): f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"}


def render_report(model: Mapping[str, Any], language: str) -> bytes:
    """The report, UTF-8; the same model and language give the same bytes.

    Args:
        model: The shape that this module's docstring tells, of plain JSON values. NaN and
            infinities are shown as missing.
        language: "en" or "zh": the language that is shown first.

    Raises:
        InputError: If the language is another one, or the currency is not known.
    """
    if language not in LANGUAGES:
        raise InputError(f"there is no report in the language {language!r}", remedy="en or zh")
    meta = model.get("meta") or {}
    setup = {"language": language, "texts": json.loads(part("texts.json"))} | _currency(meta)
    script = "(() => {\n" + "\n".join(part(f"js/{name}") for name in _SCRIPTS) + "})();\n"
    charts = part("vendor/echarts.min.js")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(part("page.html"))
    text = page.render(
        language=LANGUAGES[language],
        title=(meta.get("title") or {}).get(language, "Headrace"),
        simulated=bool(meta.get("simulated")),
        hashes=" ".join(f"'{script_hash(each)}'" for each in (script, charts)),
        style=Markup(part("report.css")),  # noqa: S704 - our own file
        model=script_json(model),
        setup=script_json(setup),
        script=Markup(script),  # noqa: S704 - our own files
        charts=Markup(charts),  # noqa: S704 - the vendored file
    )
    return text.encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape


def _currency(meta: Mapping[str, Any]) -> dict[str, Any]:
    code = meta.get("currency") or "CNY"
    if code not in MINOR_PER_MAJOR:
        raise InputError(
            f"no currency {code!r} is known",
            where="meta.currency",
            remedy=f"one of {', '.join(sorted(MINOR_PER_MAJOR))}",
        )
    return {"currency_sign": CURRENCY_SIGN[code], "minor_per_major": MINOR_PER_MAJOR[code]}


def part(name: str) -> str:
    """The text of a file of this package."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def script_hash(script: str) -> str:
    """The script's name in a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def script_json(value: object) -> Markup:
    """A value as JSON that no text can break out of a script element with."""
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - escaped for a script element


def _finite(value: object) -> object:
    """The same value with null for each NaN and infinity, which JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value

"""The explorer of relations as one HTML file that works offline: see, expand, filter, prove.

What the browser draws from is embedded once as JSON; nothing is fetched. A page holds the parties
and edges it is given: `headrace.adapters.html.neighbourhood` cuts them out of a large graph.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from headrace.adapters.html import LANGUAGES, part, script_hash, script_json
from headrace.errors import InputError
from headrace.facts.kinds import RELATIONS
from headrace.graph.relations.kinds import MEANINGS, Kind
from headrace.money import CURRENCY_SIGN, MINOR_PER_MAJOR

_SCRIPTS = (
    "base.js",
    *(f"explorer/{name}.js" for name in ("data", "paths", "layout", "drawing", "panel", "page")),
)


@dataclass(frozen=True, slots=True)
class Words:
    """A text in the two languages of the page."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Party:
    """A node.

    Attributes:
        code: Its identity.
        name: For people; None: the code is shown.
        type: A type of party, "attribute", "chain_node", or "unknown".
    """

    code: str
    name: str | None = None
    type: str = "unknown"


@dataclass(frozen=True, slots=True)
class Edge:
    """One relation with its proof.

    Attributes:
        kind: One of `headrace.facts.kinds.RELATIONS`.
        subject: Code of the party it comes from.
        object: Code of the party it goes to.
        role: Office, kinship, what is shared.
        about: The company concerned: its code.
        low: The least the share can be, 0 to 1; None: no share is stated.
        high: The most it can be.
        amount_minor: Minor units; None: not stated.
        since: Microseconds since 1970, UTC; None: since ever.
        until: No longer true from then; None: open.
        fact: Id of the fact it rests on.
        source: Where that came from.
        row: The row there; None: not known.
        count: How many events are put together in it; `fact` is one of theirs.
    """

    kind: str
    subject: str
    object: str
    role: str | None = None
    about: str | None = None
    low: float | None = None
    high: float | None = None
    amount_minor: int | None = None
    since: int | None = None
    until: int | None = None
    fact: str = ""
    source: str = ""
    row: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """A group, circle, path: something that was concluded, with its proof.

    Attributes:
        kind: What sort: findings of one kind are listed together.
        title: What it is called.
        words: What it means, one or two sentences.
        members: Codes of the parties.
        edges: Places in `Exploration.edges` of the relations it rests on.
        rule: By which rule; None: by none that is named.
        numbers: What was computed: label and value.
    """

    kind: str
    title: Words
    words: Words
    members: tuple[str, ...]
    edges: tuple[int, ...] = ()
    rule: Words | None = None
    numbers: tuple[tuple[Words, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a larger graph holds and the page does not.

    Attributes:
        parties: Parties within the depth that were too many.
        edges: Their edges, and edges that were too many.
        depth: How many steps from the party asked about the page goes.
    """

    parties: int
    edges: int
    depth: int


@dataclass(frozen=True, slots=True)
class Exploration:
    """All that a page shows.

    Attributes:
        title: Its heading.
        parties: Nodes, no two of one code.
        edges: Between them.
        findings: What was concluded.
        focus: Code of the party shown first; None: the one with most edges.
        as_of: The moment shown first; None: all times.
        currency: Of amounts.
        zone: Whose days are shown.
        left_out: None: nothing was.
        simulated: Whether the data are made up; the page then says so.
    """

    title: Words
    parties: Sequence[Party]
    edges: Sequence[Edge]
    findings: Sequence[Finding] = ()
    focus: str | None = None
    as_of: datetime | None = None
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    left_out: LeftOut | None = None
    simulated: bool = field(default=False, kw_only=True)


def render_explorer(exploration: Exploration, language: str) -> bytes:
    """The page, UTF-8; the same values and language give the same bytes.

    Args:
        exploration: What it shows.
        language: "en" or "zh": the language that is shown first.

    Raises:
        InputError: Another language; a currency, kind or code that is not known.
    """
    if language not in LANGUAGES:
        raise InputError(f"there is no page in the language {language!r}", remedy="en or zh")
    script = explorer_script()
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        part("explorer.html")
    )
    text = page.render(
        language=LANGUAGES[language],
        title=getattr(exploration.title, language),
        simulated=exploration.simulated,
        hashes=f"'{script_hash(script)}'",
        style=Markup(part("report.css") + part("explorer.css")),  # noqa: S704 - our own files
        model=script_json(page_model(exploration)),
        setup=script_json(page_setup(exploration, language)),
        script=Markup(script),  # noqa: S704 - our own files
    )
    return text.encode("utf-8", "backslashreplace")


def explorer_script() -> str:
    """What draws the page: it reads the elements `setup` and `model`, and fills `main`.

    Where there is no element `header`, the page around is left as it is.
    """
    return "(() => {\n" + "\n".join(part(f"js/{name}") for name in _SCRIPTS) + "})();\n"


def page_setup(exploration: Exploration, language: str) -> dict[str, Any]:
    """How the script shows it: language, words, money, days.

    Raises:
        InputError: A currency that is not known.
    """
    if exploration.currency not in MINOR_PER_MAJOR:
        remedy = f"one of {', '.join(sorted(MINOR_PER_MAJOR))}"
        raise InputError(f"no currency {exploration.currency!r} is known", remedy=remedy)
    return {
        "language": language,
        "texts": json.loads(part("explorer_texts.json")) | _kind_texts(),
        "currency_sign": CURRENCY_SIGN[exploration.currency],
        "minor_per_major": MINOR_PER_MAJOR[exploration.currency],
        "zone": exploration.zone,
    }


def _kind_texts() -> dict[str, dict[str, str]]:
    """For each kind: what "subject … object" says, and whether it is an event or mutual."""
    return {
        f"says_{kind.name.lower()}": {"en": meaning.en, "zh": meaning.zh}
        for kind, meaning in MEANINGS.items()
    }


def page_model(exploration: Exploration) -> dict[str, Any]:
    """What the script draws from, in columns.

    Raises:
        InputError: A kind or code that is not known.
    """
    place = {party.code: number for number, party in enumerate(exploration.parties)}
    if len(place) < len(exploration.parties):
        raise InputError("two parties have one code", remedy="give each party once")
    edges = exploration.edges
    for edge in edges:
        _known(edge, place)
    as_of = exploration.as_of
    columns: dict[str, list[object]] = {
        "kind": [edge.kind for edge in edges],
        "subject": [place[edge.subject] for edge in edges],
        "object": [place[edge.object] for edge in edges],
        "amount": [edge.amount_minor for edge in edges],
        "since": [_milliseconds(edge.since) for edge in edges],
        "until": [_milliseconds(edge.until) for edge in edges],
    }
    for name in ("role", "about", "low", "high", "fact", "source", "row", "count"):
        columns[name] = [getattr(edge, name) for edge in edges]
    return {
        "title": _words(exploration.title),
        "simulated": exploration.simulated,
        "as_of": None if as_of is None else int(as_of.timestamp() * 1000),
        "focus": _place(exploration.focus, place),
        "events": [kind.name.lower() for kind in Kind if MEANINGS[kind].event],
        "mutual": [kind.name.lower() for kind in Kind if MEANINGS[kind].mutual],
        "parties": {
            name: [getattr(party, name) for party in exploration.parties]
            for name in ("code", "name", "type")
        },
        "edges": columns,
        "findings": [_finding(each, place, len(edges)) for each in exploration.findings],
        "left_out": None
        if exploration.left_out is None
        else {
            "parties": exploration.left_out.parties,
            "edges": exploration.left_out.edges,
            "depth": exploration.left_out.depth,
        },
    }


def _known(edge: Edge, place: Mapping[str, int]) -> None:
    for code in (edge.subject, edge.object):
        if code not in place:
            raise InputError(f"no party has the code {code!r}", where=f"edge of fact {edge.fact}")
    if edge.kind not in RELATIONS:
        remedy = f"one of {', '.join(RELATIONS)}"
        raise InputError(f"no relation is called {edge.kind!r}", where=edge.fact, remedy=remedy)


def _finding(finding: Finding, place: Mapping[str, int], edges: int) -> dict[str, Any]:
    outside = [number for number in finding.edges if not 0 <= number < edges]
    if outside:
        where = f"finding {finding.title.en!r}"
        raise InputError(f"there is no edge {outside[0]}", where=where, remedy=f"0 to {edges - 1}")
    return {
        "kind": finding.kind,
        "title": _words(finding.title),
        "words": _words(finding.words),
        "rule": None if finding.rule is None else _words(finding.rule),
        "numbers": [{"label": _words(label), "value": value} for label, value in finding.numbers],
        "members": [_place(code, place) for code in finding.members],
        "edges": list(finding.edges),
    }


def _place(code: str | None, place: Mapping[str, int]) -> int | None:
    if code is None:
        return None
    if code not in place:
        raise InputError(f"no party has the code {code!r}", remedy="give it among the parties")
    return place[code]


def _words(words: Words) -> dict[str, str]:
    return {"en": words.en, "zh": words.zh}


def _milliseconds(us: int | None) -> int | None:
    return None if us is None else us // 1000

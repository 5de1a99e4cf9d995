"""A small picture of a firm's neighbourhood, drawn on the server: others stand in a ring around it.

It needs no script: the firm's page loads it as a fragment, and a table below says the same.
"""

import unicodedata
from dataclasses import dataclass
from math import cos, pi, sin

from headrace.graph.relations.kinds import MEANINGS, Kind
from headrace.pack import Text
from headrace.web.console.words import TEXTS, Words
from headrace.workflows.graph_near import Line, Near, Node

WIDE, TALL = 720, 400
RING = (250, 140)
SHOWN = 12
LETTERS = 18  # of a name; a Chinese character is two of them
COLOURS = {
    "accent": ("owns", "votes", "general_partner", "limited_partner", "controls", "nominee"),
    "warn": ("guarantees", "lends", "disputes", "depends"),
    "fourth": ("acts_with", "family", "office", "branch_of", "proxy"),
    "fifth": ("transfers", "trades", "supplies"),
}
_COLOUR = {kind: colour for colour, kinds in COLOURS.items() for kind in kinds}


@dataclass(frozen=True)
class Spot:
    """A party in the picture; `shape` is firm, person or thing."""

    x: int
    y: int
    party: str
    label: str
    shape: str
    is_centre: bool = False


@dataclass(frozen=True)
class Wire:
    """What is between the firm and another, as one stroke; `colour` is a variable of the style."""

    x1: int
    y1: int
    x2: int
    y2: int
    text: str
    colour: str


@dataclass(frozen=True)
class Told:
    """One line of the table."""

    party: str
    name: str
    relation: str
    figure: str
    facts: int


@dataclass(frozen=True)
class Small:
    """The picture, the table, and how many others there are beside those shown."""

    spots: tuple[Spot, ...]
    wires: tuple[Wire, ...]
    rows: tuple[Told, ...]
    more: int


def small(found: Near, party: str, currency: str, words: Words) -> Small:
    """The picture of a party.

    Args:
        found: What is around it, one step far.
        party: Its code.
        currency: Of amounts.
        words: The language.
    """
    names = {each.party: each for each in found.parties}
    around: dict[str, list[Line]] = {}
    for line in found.lines:
        if party in (line.subject, line.object) and line.subject != line.object:
            around.setdefault(_other(line, party), []).append(line)
    shown = list(around)[:SHOWN]
    own = names[party]
    centre = Spot(WIDE // 2, TALL // 2, party, _label(own), _shape(own), is_centre=True)
    spots = [_spot(at, len(shown), names[code]) for at, code in enumerate(shown)]
    wires = [
        _wire(centre, spot, around[spot.party], words) for spot in spots if spot.party in names
    ]
    rows = [
        Told(code, name_of(names[code]), sentence(line, party, words), figure, line.count)
        for code in shown
        for line in around[code]
        for figure in [figure_of(line, currency, words)]
    ]
    more = len(around) - len(shown) + found.parties_left_out
    return Small((*spots, centre), tuple(wires), tuple(rows), more)


def sentence(line: Line, party: str, words: Words) -> str:
    """What a line says, seen from a party: an arrow for its direction, then the kind and role."""
    kind = MEANINGS[Kind[line.relation.upper()]]
    arrow = "↔" if kind.mutual else ("→" if line.subject == party else "←")
    role = f" · {role_text(line.role, words)}" if line.role else ""
    return f"{arrow} {kind_text(line.relation, words)}{role}"


def kind_text(relation: str, words: Words) -> str:
    """A kind of relation in one or two words."""
    return words(f"graph_kind_{relation}")


def role_text(role: str, words: Words) -> str:
    """A role in the reader's language; a source's own word stays as it is."""
    known = TEXTS.get(f"graph_role_{role}", Text(role, role))
    return words.of(known)


def figure_of(line: Line, currency: str, words: Words) -> str:
    """The share or amount of a line, and how many events it sums; empty where none is stated."""
    told = []
    if line.share is not None:
        low, high = (words.share(each, 0 if each in (0, 1) else 1) for each in line.share)
        told.append(low if low == high else f"{low}–{high}")
    if line.amount_minor is not None:
        told.append(words.money(line.amount_minor, currency))
    if line.count > 1:
        told.append(words("graph_times", n=words.count(line.count)))
    return " · ".join(told)


def name_of(node: Node) -> str:
    """A party's name, or its code."""
    return node.name or node.party


def shortened(text: str, letters: int = LETTERS) -> str:
    """The beginning of a text that is too wide."""
    wide = 0
    for at, sign in enumerate(text):
        wide += 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if wide > letters:
            return f"{text[:at]}…"
    return text


def _other(line: Line, party: str) -> str:
    return line.object if line.subject == party else line.subject


def _label(node: Node) -> str:
    return shortened(name_of(node))


def _shape(node: Node) -> str:
    if node.type in ("attribute", "chain_node"):
        return "thing"
    return "person" if node.type == "person" else "firm"


def _spot(at: int, of: int, node: Node) -> Spot:
    turn = 2 * pi * at / max(of, 1) - pi / 2
    x, y = WIDE / 2 + RING[0] * cos(turn), TALL / 2 + RING[1] * sin(turn)
    return Spot(round(x), round(y), node.party, _label(node), _shape(node))


def _wire(centre: Spot, spot: Spot, lines: list[Line], words: Words) -> Wire:
    kinds = list(dict.fromkeys(line.relation for line in lines))
    text = kind_text(kinds[0], words) + (f" +{len(kinds) - 1}" if len(kinds) > 1 else "")
    colour = _COLOUR.get(kinds[0], "quiet")
    return Wire(centre.x, centre.y, spot.x, spot.y, text, colour)

"""Firms on the chain map (产业链挂载): from declared products, invoices, business scopes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from headrace.graph.chains.model import NOWHERE, Bytes, ChainMap, Floats, Ints, NodeKind
from headrace.graph.chains.nearest import NearestNames, nearest_names
from headrace.graph.chains.wording import EXCLUDES, Dictionary, dictionary

ALIKE_MIN = 0.6
PHRASE = re.compile(r"[^，,。；;、：:（）()【】\[\]\s*/|&]+")
"""Phrases of a scope, or of an invoice line (*塑料制品*聚酯薄膜: class and goods)."""
ACTS = frozenset(
    (
        *("生产", "销售", "研发", "服务", "加工", "制造", "批发", "零售", "经营", "营业", "自主"),
        *(
            "经营活动",
            "业务",
            "设计",
            "安装",
            "维修",
            "开发",
            "采购",
            "国内",
            "国外",
            "境内",
            "境外",
        ),
        *("其他", "其它", "产品", "商品", "项目", "主营", "公司", "抵销", "合计"),
    )
)
"""What is done with goods, and remainders: lists of products have them, and they place nobody."""
_NO_GOODS = re.compile(
    # Only acts, or a verb of trade before what is traded: 销售动力 would cut 动力电池 in two.
    f"(?:{'|'.join(sorted(map(re.escape, ACTS), reverse=True))})+|(?:销售|批发|零售|经营|营业).*"
)


class How(IntEnum):
    """On what a placement rests."""

    NAMED = 0  # the name itself is a node
    WORD = 1  # the name of a node is in the text
    ALIKE = 2  # the name of a node shares most characters with the phrase


@dataclass(frozen=True)
class Placements:
    """Firms on nodes, each with its evidence.

    Attributes:
        firm: int32 (m,).
        node: int32 (m,).
        weight: float64 (m,): revenue share or amount that stands behind it; NaN: not known.
        score: float64 (m,): 1 for the name itself; for a word the part of its phrase that it
            covers; for a like name the cosine of their characters and pairs. No probability.
        how: int8 (m,), How.
        text: int32 (m,): position of the text or name that it rests on.
        start: int32 (m,): with `end` the characters in that text.
        end: int32 (m,).
        unplaced: int32: positions of texts in which nothing was found.
    """

    firm: Ints
    node: Ints
    weight: Floats
    score: Floats
    how: Bytes
    text: Ints
    start: Ints
    end: Ints
    unplaced: Ints


@dataclass(frozen=True)
class Finder:
    """Finds nodes of a map by their names (`finder`).

    Attributes:
        nodes: int32: the node of each name.
        words: The names as a dictionary.
        near: The names by their characters.
        named: The first name of each spelling.
    """

    nodes: Ints
    words: Dictionary
    near: NearestNames
    named: dict[str, int]


def finder(chain: ChainMap, *kinds: NodeKind) -> Finder:
    """Make nodes of some kinds (none given: products) findable by name."""
    every = np.concatenate([chain.nodes(kind) for kind in kinds or (NodeKind.PRODUCT,)])
    said = chain.names.take(every).to_pylist()
    nodes = every[[not _NO_GOODS.fullmatch(name) for name in said]]
    names = [name for name in said if not _NO_GOODS.fullmatch(name)]
    first: dict[str, int] = {}
    for at, name in enumerate(names):
        first.setdefault(name, at)
    return Finder(nodes, dictionary(names), nearest_names(names), first)


def place_declared(
    found_by: Finder, firm: Ints, products: Sequence[str], share: Floats
) -> Placements:
    """Firms by the products they declare: the node of that name, or else the most alike.

    Args:
        found_by: Of the map.
        firm: int32 (m,).
        products: m names.
        share: float64 (m,): of the firm's revenue, NaN where not known.
    """
    name = np.array([found_by.named.get(each.strip(), NOWHERE) for each in products], np.int64)
    score, how = np.ones(len(products)), np.zeros(len(products), np.int8)
    other = np.flatnonzero(name == NOWHERE)
    if len(other):
        best, alike = found_by.near.find([products[at] for at in other.tolist()], 1)
        name[other] = np.where(alike[:, 0] >= ALIKE_MIN, best[:, 0], NOWHERE)
        score[other], how[other] = alike[:, 0], How.ALIKE
    kept = np.flatnonzero(name != NOWHERE)
    lengths = np.array([len(each) for each in products], np.int32)
    return Placements(
        firm[kept], found_by.nodes[name[kept]], share[kept], score[kept], how[kept],
        kept.astype(np.int32), np.zeros(len(kept), np.int32), lengths[kept],
        np.flatnonzero(name == NOWHERE).astype(np.int32),
    )  # fmt: skip


def place_texts(found_by: Finder, firm: Ints, texts: Sequence[str], weight: Floats) -> Placements:
    """Firms by what their invoices' lines or business scopes (经营范围) say.

    In every phrase the names of nodes are found, the longest first; a phrase without any is
    compared with all names. What stands behind 不含, 除…外 or 不得 counts for nothing.

    Args:
        found_by: Of the map.
        firm: int32 (m,).
        texts: m texts.
        weight: float64 (m,): amount of the line, NaN where not known; shared equally among what
            is found in the text.
    """
    rows = _phrases(texts)
    phrases = [texts[text][start:end] for text, start, end in rows]
    place = np.array(rows, np.int32).reshape(-1, 3)
    spans = found_by.words.find(phrases)
    spoken = np.zeros(len(phrases), np.bool_)
    spoken[spans.text] = True
    covered = (spans.end - spans.start) / np.diff(place[spans.text, 1:])[:, 0]
    quiet = np.flatnonzero(~spoken)
    best, alike = found_by.near.find([phrases[at] for at in quiet], 1)
    near = alike[:, 0] >= ALIKE_MIN
    quiet = quiet[near]
    text = np.concatenate((place[spans.text, 0], place[quiet, 0]))
    found = Placements(
        firm[text], found_by.nodes[np.concatenate((spans.name, best[near, 0]))],
        _shared(weight, text), np.concatenate((covered, alike[near, 0])),
        np.repeat(np.array([How.WORD, How.ALIKE], np.int8), (len(spans.text), len(quiet))),
        text,
        np.concatenate((place[spans.text, 1] + spans.start, place[quiet, 1])),
        np.concatenate((place[spans.text, 1] + spans.end, place[quiet, 2])),
        np.setdiff1d(np.arange(len(texts)), text).astype(np.int32),
    )  # fmt: skip
    return in_order(found)


def in_order(found: Placements) -> Placements:
    """The placements by text and place in it."""
    order = np.lexsort((found.start, found.text))
    return Placements(
        found.firm[order], found.node[order], found.weight[order], found.score[order],
        found.how[order], found.text[order], found.start[order], found.end[order],
        found.unplaced,
    )  # fmt: skip


def _phrases(texts: Sequence[str]) -> list[tuple[int, int, int]]:
    """Text, start and end of every phrase that is not excluded."""
    found = []
    for number, text in enumerate(texts):
        kept = EXCLUDES.sub(lambda part: "；" * len(part.group()), text)
        found += [(number, part.start(), part.end()) for part in PHRASE.finditer(kept)]
    return found


def _shared(weight: Floats, text: Ints) -> Floats:
    count = np.bincount(text, minlength=len(weight))
    shared: Floats = weight[text] / count[text]
    return shared


@dataclass(frozen=True)
class OnChain:
    """One row per firm and node: the facts `on_chain` in the making.

    Attributes:
        firm: int32 (m,).
        node: int32 (m,).
        share: float64 (m,): part of what is known of the firm's weight; NaN where nothing is.
        score: float64 (m,): the best of its placements.
        evidence: int64 (m,): position of that placement.
    """

    firm: Ints
    node: Ints
    share: Floats
    score: Floats
    evidence: np.ndarray[tuple[int], np.dtype[np.int64]]


def on_chain(found: Placements) -> OnChain:
    """Placements of one firm on one node as one; shares of what the firm's placements weigh."""
    order = np.lexsort((-found.score, found.node, found.firm))
    firm, node = found.firm[order], found.node[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (firm[1:] != firm[:-1]) | (node[1:] != node[:-1])
    group = np.cumsum(fresh) - 1
    begins = np.flatnonzero(fresh)
    known = np.nan_to_num(np.maximum(found.weight[order], 0.0))
    part = np.bincount(group, known, len(begins))
    whole = np.bincount(firm, known, int(firm.max(initial=-1)) + 1)[firm[begins]]
    share = np.divide(part, whole, out=np.full(len(begins), np.nan), where=whole > 0)
    return OnChain(firm[begins], node[begins], share, found.score[order][begins],
                   order[begins].astype(np.int64))  # fmt: skip

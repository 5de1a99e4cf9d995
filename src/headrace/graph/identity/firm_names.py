"""Company names taken apart, and compared part by part.

上海华安贸易有限公司 is 上海 + 华安 + 贸易 + 有限公司: what tells it from 上海华恒贸易有限公司 is
one character of ten, and what tells it from 上海华安贸易有限责任公司 is nothing. Names in
traditional characters, in pinyin and in English are taken apart into the same parts.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.graph.identity import kernels
from headrace.graph.identity.firm_words import BRANCHES, FORMS, FirmName, Form, businesses
from headrace.graph.identity.latin_names import english_numbers, english_of, parsed_latin
from headrace.graph.identity.regions import regions
from headrace.graph.identity.writing import (
    LATIN_END,
    Flat,
    flat,
    folded,
    pinyin,
    syllable_table,
    without_blanks,
)

LEVELS = (
    "another trade name",
    "a trade name close by, in another line of business or place",
    "the same trade name in another line of business or place",
    "the trade name one character off, or short for the other",
    "the trade name sounds the same",
    "the same trade name and place, one line of business left out",
    "the same parts; place or legal form written otherwise",
    "the same name",
)
"""What each level of agreement of two names means, from 0; none where a name is missing."""


HEAD_OFFICE = np.uint64(1)
"""What stands for the branch of a name that is no branch."""


@dataclass(frozen=True)
class FirmColumn:
    """Names in parts as arrays, ready to be compared; each (names,) where nothing else is said.

    Attributes:
        name_at: int64 (rows + 1,): where each row's names start; a renamed firm has several.
        trades: Trade names.
        trade: uint64 hash of the trade name, 0 unknown.
        sound: uint64 hash of its pinyin, 0 where the name is missing.
        business: uint64, up to four numbers of Chinese words, 16 bits each, ascending.
        english: uint64, the same with numbers of English words.
        region: int32.
        form: int8.
        branch: uint64, hash of the branch; 1 for a head office, 0 where the name is missing.
    """

    name_at: NDArray[np.int64]
    trades: Flat
    trade: NDArray[np.uint64]
    sound: NDArray[np.uint64]
    business: NDArray[np.uint64]
    english: NDArray[np.uint64]
    region: NDArray[np.int32]
    form: NDArray[np.int8]
    branch: NDArray[np.uint64]


@dataclass(frozen=True)
class _Words:
    """The words of names as trees for compiled code; see `kernels.parse_firms`."""

    symbols: NDArray[np.uint16]
    trees: NDArray[np.int16]
    tree_words: NDArray[np.int16]
    row_at: NDArray[np.int64]
    word_codes: NDArray[np.int64]


def firm_column(names: pa.StringArray, name_at: NDArray[np.int64] | None = None) -> FirmColumn:
    """Take a column of names apart.

    Args:
        names: (n,) as written; null where missing.
        name_at: int64 (rows + 1,): where each row's names start; None: a row has one name.
    """
    whole = folded(flat(names))
    short = without_blanks(whole)
    text, spans, found = _parse(short)
    trades = _cut(text, spans[:, :2])
    branches = _cut(text, spans[:, 2:])
    packed = _packed(found[:, 2:6])
    column = FirmColumn(
        name_at=np.arange(len(names) + 1) if name_at is None else name_at,
        trades=trades,
        trade=text_hashes(trades),
        sound=_sounds(trades),
        business=packed,
        english=_packed(english_of()[found[:, 2:6]]),
        region=found[:, 0].astype(np.int32),
        form=found[:, 1].astype(np.int8),
        branch=text_hashes(branches),
    )
    column.sound[:] = np.where(column.sound == 0, column.trade, column.sound)  # kana, say
    column.branch[(column.branch == 0) & (column.sound != 0)] = HEAD_OFFICE
    latin = _latin_rows(short)
    if latin:
        _write_latin(column, latin, [whole.text(row) for row in latin])
    return column


def parsed(name: str) -> FirmName:
    """Take one name apart, in words."""
    whole = folded(flat(pa.array([name], pa.string())))
    if _latin_rows(without_blanks(whole)):
        return parsed_latin(whole.text(0))
    text, spans, found = _parse(without_blanks(whole))
    words = tuple(businesses())
    trade = _cut(text, spans[:, :2]).text(0)
    return FirmName(
        region=int(found[0, 0]),
        trade=trade,
        sound=pinyin(trade),
        businesses=tuple(words[code - 1] for code in found[0, 2:6].tolist() if code),
        form=Form(int(found[0, 1])),
        branch=_cut(text, spans[:, 2:]).text(0),
    )


def level(one: str, other: str) -> int:
    """How far two names agree: a place in `LEVELS`, -1 where one is missing or sounds of nothing.

    A branch is compared by its head office's name: that they differ is for `FirmColumn.branch`.
    """
    column = firm_column(pa.array([one, other], pa.string()))
    return int(levels(column, np.array([0], np.int32), np.array([1], np.int32))[0])


def levels(
    column: FirmColumn, left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.int8]:
    """How far the names of each pair of rows agree; see `level`."""
    out = np.empty(len(left), np.int8)
    kernels.firm_levels(
        left,
        right,
        column.name_at,
        column.trade,
        column.sound,
        column.trades.points,
        column.trades.at,
        column.business,
        column.english,
        column.region,
        column.form,
        out,
    )
    return out


def branch_links(column: FirmColumn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Branches and the head offices among the same names, as relations rather than one party.

    A branch's name holds its head office's: the link needs equal trade name, region, lines of
    business and legal form, and one head office only.

    Returns:
        Rows of branches, and for each the row of its head office.
    """
    parts = (column.trade, column.business, column.region, column.form)
    key = np.zeros(len(column.trade), np.uint64)
    for part in parts:
        key = stirred(key, part.astype(np.uint64))
    row_of = np.repeat(np.arange(len(column.name_at) - 1), np.diff(column.name_at))
    heads = np.flatnonzero((column.branch == HEAD_OFFICE) & (column.trade != 0))
    found, first, count = np.unique(key[heads], return_index=True, return_counts=True)
    branches = np.flatnonzero((column.branch > HEAD_OFFICE) & (column.trade != 0))
    if not len(found):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    place = np.minimum(np.searchsorted(found, key[branches]), len(found) - 1)
    linked = (found[place] == key[branches]) & (count[place] == 1)
    return row_of[branches[linked]], row_of[heads[first[place[linked]]]]


def stirred(state: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`kernels.mixed` of whole arrays."""
    z = (state ^ words) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def text_hashes(texts: Flat, first: int = 0) -> NDArray[np.uint64]:
    """A hash of each text, or of its first characters; 0 where it is empty."""
    out = np.zeros(len(texts), np.uint64)
    kernels.hash_texts(texts.points, texts.at, first, out)
    return out


def _sounds(texts: Flat) -> NDArray[np.uint64]:
    out = np.zeros(len(texts), np.uint64)
    kernels.hash_sounds(texts.points, texts.at, *syllable_table(), out)
    return out


def _parse(names: Flat) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    words = _words()
    spans = np.zeros((len(names), 4), np.int64)
    found = np.zeros((len(names), 6), np.int64)
    text = np.zeros(len(names.points), np.uint32)
    tables = [getattr(words, field.name) for field in fields(words)]
    kernels.parse_firms(names.points, names.at, *tables, spans, found, text)
    return text, spans, found


def _cut(text: NDArray[np.uint32], spans: NDArray[np.int64]) -> Flat:
    sizes = spans[:, 1] - spans[:, 0]
    at = np.concatenate([[0], np.cumsum(sizes)])
    places = np.arange(at[-1]) + np.repeat(spans[:, 0] - at[:-1], sizes)
    return Flat(text[places], at)


def _packed(codes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Up to four numbers in 64 bits, sorted and without repetition, so that sets compare."""
    codes = np.sort(codes, axis=1).astype(np.uint64)
    repeated = codes[:, 1:] == codes[:, :-1]
    codes[:, 1:][repeated] = 0
    codes.sort(axis=1)
    return np.asarray(codes @ (np.uint64(1) << np.arange(0, 64, 16, dtype=np.uint64)))


@cache
def _words() -> _Words:
    """All words as four trees; symbols are the characters that occur in any."""
    region_codes = {name: r.code for r in reversed(regions()) for name in r.spellings}
    region_codes |= {"中国": 0, "中华人民共和国": 0}
    lines = {word: number for number, word in enumerate(businesses(), 1)}
    groups: list[dict[str, int]] = [
        region_codes,
        {word[::-1]: int(form) for word, form in FORMS.items()},
        {word[::-1]: code for word, code in lines.items()},
        {word[::-1]: 1 for word in BRANCHES},
    ]
    alphabet = sorted({character for group in groups for word in group for character in word})
    symbols = np.zeros(0x10000, np.uint16)
    symbols[[ord(c) for c in alphabet]] = np.arange(1, len(alphabet) + 1)
    trees, ends = zip(*(_tree(group, symbols, len(alphabet)) for group in groups), strict=True)
    codes = np.zeros((4, max(len(group) for group in groups) + 1), np.int64)
    for row, group in enumerate(groups):
        codes[row, 1 : len(group) + 1] = list(group.values())
    row_at = np.cumsum([0, *(len(tree) for tree in trees)])
    return _Words(symbols, np.vstack(trees), np.concatenate(ends), row_at, codes)


def _tree(
    group: dict[str, int], symbols: NDArray[np.uint16], count: int
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """A tree over the words' characters, and the number of the word that ends at each node."""
    nodes: list[dict[int, int]] = [{}]
    ends = [0]
    for number, word in enumerate(group, 1):
        node = 0
        for character in word:
            symbol = int(symbols[ord(character)])
            if symbol not in nodes[node]:
                nodes[node][symbol] = len(nodes)
                nodes.append({})
                ends.append(0)
            node = nodes[node][symbol]
        ends[node] = number
    tree = np.zeros((len(nodes), count + 1), np.int16)
    for row, following in enumerate(nodes):
        tree[row, list(following)] = list(following.values())
    return tree, np.array(ends, np.int16)


def _latin_rows(short: Flat) -> list[int]:
    """Rows that are not empty and have nothing but Latin letters and marks."""
    chinese = np.concatenate([[0], np.cumsum(short.points >= LATIN_END)])
    latin = (chinese[short.at[1:]] == chinese[short.at[:-1]]) & (np.diff(short.at) > 0)
    return [int(row) for row in np.flatnonzero(latin)]


def _write_latin(column: FirmColumn, rows: list[int], texts: list[str]) -> None:
    """Put the parts of English and pinyin names into a column that is being made."""
    names = [parsed_latin(text) for text in texts]
    numbers = {word: number for number, word in enumerate(businesses(), 1)}
    chinese = _numbers([[numbers.get(w, 0) for w in name.businesses] for name in names])
    known = english_numbers()
    english = _numbers([[known.get(w, 0) for w in name.businesses] for name in names])
    column.trade[rows] = 0
    column.sound[rows] = text_hashes(flat(pa.array([name.sound for name in names], pa.string())))
    branch = text_hashes(flat(pa.array([name.branch for name in names], pa.string())))
    column.branch[rows] = np.maximum(branch, HEAD_OFFICE)
    column.business[rows] = _packed(chinese)
    spelt = chinese.any(axis=1, keepdims=True)
    column.english[rows] = _packed(np.where(spelt, english_of()[chinese], english))
    column.region[rows] = [name.region for name in names]
    column.form[rows] = [int(name.form) for name in names]


def _numbers(lists: list[list[int]]) -> NDArray[np.int64]:
    """The first four of each list, 0 where there are fewer."""
    return np.array([(each + [0] * 4)[:4] for each in lists], np.int64).reshape(-1, 4)

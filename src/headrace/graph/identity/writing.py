"""Ways of writing folded into one: width, case, traditional characters, pinyin.

Text is compared as code points in flat arrays, so folding is a table from code point to code point.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import opencc
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Points = NDArray[np.uint32]
TABLE_SIZE = 0x30000
LATIN_END = 0x250
"""The first code point behind Latin letters, those with accents included."""
_READ_IN_NAMES = """
    佛fo 蚌beng 长chang 重zhong 行xing 厦xia 乐le 都du 会hui 朝chao 广guang 厂chang 车che 单dan
    和he 中zhong 大da 区qu 地di 传chuan 调tiao 量liang 石shi 沈shen 盛sheng 藏zang 秘mi 强qiang
    系xi 曾zeng
"""
"""The reading in company names of characters that have several."""
_SPACE = 32
_BRACKETS = {"[": "(", "]": ")", "{": "(", "}": ")", "【": "(", "】": ")", "〔": "(", "〕": ")"}


@dataclass(frozen=True)
class Flat:
    """Texts as code points, one behind the other.

    Attributes:
        points: uint32, of all texts.
        at: int64 (n + 1,): where each text starts; an empty text is a missing one.
    """

    points: Points
    at: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at) - 1

    def text(self, row: int) -> str:
        """One text."""
        points = self.points[self.at[row] : self.at[row + 1]]
        return points.astype("<u4").tobytes().decode("utf-32-le")

    def take(self, rows: NDArray[np.int64]) -> "Flat":
        """Some texts, in the order given."""
        sizes = (self.at[1:] - self.at[:-1])[rows]
        at = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(at[-1]) - np.repeat(at[:-1], sizes) + np.repeat(self.at[rows], sizes)
        return Flat(self.points[places], at)


def flat(column: pa.StringArray) -> Flat:
    """A column of strings as code points; null becomes empty.

    Args:
        column: (n,) strings, large or not, in one chunk.
    """
    column = pc.fill_null(column.cast(pa.large_string()), "")
    at = np.concatenate([[0], np.cumsum(pc.utf8_length(column).to_numpy(zero_copy_only=False))])
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset :][: len(column) + 1]
    data = column.buffers()[2]
    raw = b"" if data is None else memoryview(data)[offsets[0] : offsets[-1]]
    points = np.frombuffer(bytes(raw).decode().encode("utf-32-le"), np.uint32)
    return Flat(points, at.astype(np.int64))


def folded(texts: Flat) -> Flat:
    """Texts in one way of writing: half width, lower case, simplified, single blanks, no dots.

    Blanks and marks between words become one blank; brackets of every kind become ( and ).
    """
    points = texts.points
    small = np.minimum(points, TABLE_SIZE - 1)
    new = np.where(points < TABLE_SIZE, folding()[small], points)
    starts = np.zeros(len(new) + 1, np.bool_)
    starts[texts.at] = True
    before = np.concatenate([[_SPACE], new[:-1]])
    kept = (new != 0) & ~((new == _SPACE) & ((before == _SPACE) | starts[:-1]))
    single = _only(Flat(new, texts.at), kept)
    ends = np.zeros(len(single.points) + 1, np.bool_)
    ends[single.at] = True
    return _only(single, ~((single.points == _SPACE) & ends[1:]))


def without_blanks(texts: Flat) -> Flat:
    """Texts without their blanks, as Chinese is written."""
    return _only(texts, texts.points != _SPACE)


def _only(texts: Flat, kept: NDArray[np.bool_]) -> Flat:
    before = np.concatenate([[0], np.cumsum(kept)])
    return Flat(np.ascontiguousarray(texts.points[kept]), before[texts.at])


def fold(text: str) -> str:
    """One text in one way of writing; see `folded`."""
    return folded(flat(pa.array([text], pa.string()))).text(0)


@cache
def folding() -> Points:
    """Code point by code point: 0 drops it, 32 is a blank."""
    table = np.arange(TABLE_SIZE, dtype=np.uint32)
    for point in range(TABLE_SIZE):
        table[point] = _folded_point(chr(point)) if not 0xD800 <= point < 0xE000 else 0
    chinese = [*range(0x3400, 0xA000), *range(0xF900, 0xFB00)]
    given = "\n".join(chr(table[point]) for point in chinese)
    simple = opencc.OpenCC("t2s").convert(given).split("\n")
    table[chinese] = [ord(text) for text in simple]
    return table


def _folded_point(character: str) -> int:
    if character in "'’‘`´＇.．·・‧•":
        return 0
    normal = unicodedata.normalize("NFKC", character).lower()
    if len(normal) != 1:
        return ord(character)
    normal = _BRACKETS.get(normal, normal)
    if normal in "()&":
        return ord(normal)
    category = unicodedata.category(normal)
    if category[0] in "PZS" or category == "Cc":
        return _SPACE
    return 0 if category in ("Cf", "Mn", "Cn") else ord(normal)


def letters(text: str) -> str:
    """A text in plain Latin letters: accents and tone marks gone, ü as u, nothing but a-z, 0-9."""
    split = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in split if c.isascii() and c.isalnum())


@cache
def syllables() -> dict[int, str]:
    """The pinyin of each character without its tone, as company names read it."""
    from pypinyin.pinyin_dict import (  # noqa: PLC0415  (its phrases take 0.4 s that few need)
        pinyin_dict,
    )

    usual = {
        point: letters(readings.split(",")[0])
        for point, readings in pinyin_dict.items()
        if point < TABLE_SIZE
    }
    return usual | {ord(entry[0]): entry[1:] for entry in _READ_IN_NAMES.split()}


def pinyin(text: str) -> str:
    """How a text sounds: pinyin without tones or blanks; Latin letters and digits as they are."""
    known = syllables()
    return "".join(letters(c) if ord(c) < LATIN_END else known.get(ord(c), "") for c in text)


@cache
def syllable_table() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """`syllables` for compiled code: letters of all, and where each code point's start.

    Returns:
        uint8 letters, and int32 (TABLE_SIZE + 1,): point p's are those from at[p] to at[p + 1].
    """
    known = syllables()
    texts = [known.get(p, "") for p in range(TABLE_SIZE)]
    for point in range(LATIN_END):
        texts[point] = letters(chr(point))
    at = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int32)
    return np.frombuffer("".join(texts).encode(), np.uint8), at

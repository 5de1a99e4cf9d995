"""The industry of a firm: as its party fact says, else by the words in its name."""

import csv
import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import MappingError

UNKNOWN = "未知"


def parse_words(text: str, where: str) -> tuple[tuple[str, str], ...]:
    """(word, industry) pairs; the first word found in a name decides.

    Raises:
        MappingError: If the header or a row is not `word,industry`.
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    if not rows or rows[0] != ["word", "industry"]:
        raise MappingError(
            "the first line must be the header word,industry",
            where=where,
            remedy=f"found: {rows[0] if rows else 'an empty file'}",
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not all(cell.strip() for cell in row):
            raise MappingError(
                f"a row needs a word and an industry, found {row}", where=f"{where}, row {number}"
            )
    return tuple((word.strip(), industry.strip()) for word, industry in rows[1:])


def industries(
    parties: Sequence[str], facts: pa.Table, words: tuple[tuple[str, str], ...]
) -> list[str]:
    """Industry per party; `UNKNOWN` where neither fact nor name tells."""
    told = attribute(facts, "industry")
    named = names(facts)
    return [told.get(party) or _by_word(named.get(party, ""), words) for party in parties]


def names(facts: pa.Table) -> dict[str, str]:
    """Name per party, for people only: a name is never an identity."""
    return attribute(facts, "name")


def attribute(facts: pa.Table, field: str) -> dict[str, str]:
    """One field of the party facts per party, where it is known; the last fact counts."""
    columns = [pc.cast(facts[name], pa.string()).to_pylist() for name in ("party", field)]
    return {party: value for party, value in zip(*columns, strict=True) if value}


def _by_word(name: str, words: tuple[tuple[str, str], ...]) -> str:
    return next((industry for word, industry in words if word in name), UNKNOWN)

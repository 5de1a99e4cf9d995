"""Holdings read into shares that can be computed with; what is wrong with them becomes findings.

A share is known between bounds. What is certain is its lower bound; what the lower bounds of a
company's holders leave of one is its remainder, which may belong to anybody.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from headrace.graph.ownership import kernels

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-9  # shares are published to four or six digits; sums within this are whole


class Fault(StrEnum):
    """What can be wrong with recorded holdings."""

    RANGE = "share_must_be_between_0_and_1"
    REPEATED = "holding_must_be_recorded_once"
    ITSELF = "company_holds_itself"
    WHOLE = "shares_must_not_exceed_the_whole"
    CLOSED = "circle_must_have_an_outside_holder"
    PERSON = "person_cannot_be_held"


_RANGE = (
    "A share is not between 0 and 1 or its lower bound is above its upper one; it counts as "
    "unknown. Correct the record."
)
_REPEATED = (
    "The same share of the same holder is recorded more than once; it counts once. Withdraw the "
    "copy, or record lots apart with their sum."
)
_ITSELF = (
    "The company holds its own shares: their fruits go to the others pro rata, and they carry no "
    "vote. Check the record."
)
_WHOLE = (
    "Recorded shares add up to more than the whole: certain is only what the others leave each "
    "holder. Correct the shares."
)
_CLOSED = (
    "These companies hold each other wholly and nobody outside is recorded: their owners cannot "
    "be told. Find who holds them."
)
_PERSON = "A share of a person, or of the state, is recorded; it is set aside. Correct the party."
WORDS: dict[Fault, tuple[str, str]] = {
    Fault.RANGE: (_RANGE, "持股比例不在0与1之间，或下限高于上限；按未知处理。请更正记录。"),
    Fault.REPEATED: (_REPEATED, "同一股东的同一持股重复登记；只计一次。请撤销重复记录。"),
    Fault.ITSELF: (
        _ITSELF,
        "公司持有自身股份：收益按比例归其他股东，且无表决权。请核对记录。",
    ),
    Fault.WHOLE: (
        _WHOLE,
        "登记的持股比例合计超过100%：各股东仅其他股东所余部分为确定。请更正比例。",
    ),
    Fault.CLOSED: (
        _CLOSED,
        "这些公司相互全资持有且无外部股东记录：无法确定其所有人。请查明外部股东。",
    ),
    Fault.PERSON: (_PERSON, "登记了对自然人或国家的持股；该记录不予计入。请更正主体。"),
}
"""What each fault means and what was done about it, in English and Chinese."""


@dataclass(frozen=True)
class Finding:
    """One fault of the records.

    Attributes:
        fault: What is wrong.
        companies: The companies concerned: one, or those of a circle.
        edges: The holdings concerned, as `Holdings.edge` identifies them.
    """

    fault: Fault
    companies: tuple[int, ...]
    edges: tuple[int, ...]


@dataclass(frozen=True)
class Holdings:
    """Recorded holdings, one row each.

    Attributes:
        subject: int32 (m,): the holder.
        object: int32 (m,): the company.
        low: float64 (m,): the least share it can be, 0..1; NaN: not known.
        high: float64 (m,): the greatest; equal to `low` where the share is exact; NaN: not known.
        edge: int64 (m,): what identifies each, as conclusions and findings name it.
    """

    subject: Codes
    object: Codes
    low: Floats
    high: Floats
    edge: Ints

    def rows(self, which: Bools) -> "Holdings":
        """Some of them."""
        return Holdings(
            self.subject[which], self.object[which], self.low[which], self.high[which],
            self.edge[which],
        )  # fmt: skip


@dataclass(frozen=True)
class Shares:
    """Certain shares, company after company.

    Attributes:
        parties: How many parties there are.
        start: int64 (parties,): where the holdings in each company begin.
        length: int64 (parties,): how many there are.
        holder: int32: by holding.
        company: int32: by holding.
        share: float64: by holding, what is certain of it; 0 where nothing is.
        edge: int64: by holding, what identifies it.
        remainder: float64 (parties,): what nobody is recorded to hold for certain: 1 of a company
            without recorded holders, 0 of a person.
        findings: What was wrong.
    """

    parties: int
    start: Ints
    length: Ints
    holder: Codes
    company: Codes
    share: Floats
    edge: Ints
    remainder: Floats
    findings: tuple[Finding, ...]

    @property
    def graph(self) -> tuple[Ints, Ints, Codes, Floats]:
        """What kernels read."""
        return self.start, self.length, self.holder, self.share


def read_shares(holdings: Holdings, persons: Bools) -> Shares:
    """Sort holdings by company and settle what is certain; nothing is refused, faults are findings.

    A share without bounds is unknown: 0 is certain of it. Lots of one holder that differ add up.
    Where lower bounds exceed the whole, certain of a share is what the others' leave of it.

    Args:
        holdings: As recorded.
        persons: bool (parties,): persons, the state: parties that nobody can hold.
    """
    parties = len(persons)
    wrong = persons[holdings.object]
    set_aside = _single(Fault.PERSON, np.flatnonzero(wrong), holdings.object, holdings.edge)
    holdings = holdings.rows(~wrong) if set_aside else holdings
    by_holder, _, _ = kernels.neighbours(holdings.subject, parties)
    order, start, length = kernels.neighbours(holdings.object[by_holder], parties)
    row = by_holder[order]
    holder, company, edge = holdings.subject[row], holdings.object[row], holdings.edge[row]
    share, remainder, findings = settled(
        Run(holder, company, holdings.low[row], holdings.high[row], edge), start, length
    )
    remainder[persons & (length == 0)] = 0.0
    return Shares(
        parties, start, length, holder, company, share, edge, remainder, (*set_aside, *findings)
    )


@dataclass(frozen=True)
class Run:
    """Holdings sorted by company and holder; fields as those of `Holdings` and `Shares`."""

    holder: Codes
    company: Codes
    low: Floats
    high: Floats
    edge: Ints


def settled(run: Run, start: Ints, length: Ints) -> tuple[Floats, Floats, tuple[Finding, ...]]:
    """What is certain of each share, what is left of each company, and what was wrong."""
    share, findings = certain(run.holder, run.company, run.low, run.high, run.edge)
    remainder = np.empty(len(start))
    kernels.remainders(start, length, share, remainder)
    share, more = _within_the_whole(run.company, share, run.edge, remainder)
    if more:
        kernels.remainders(start, length, share, remainder)
    remainder[remainder < 1e-15] = 0.0
    return share, remainder, (*findings, *more)


def certain(
    holder: Codes, company: Codes, low: Floats, high: Floats, edge: Ints
) -> tuple[Floats, list[Finding]]:
    """What is certain of each share by itself; rows are sorted by company and holder."""
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    wrong = (low < 0) | (high > 1 + TOLERANCE) | (low > high)
    findings = _single(Fault.RANGE, np.flatnonzero(wrong), company, edge)
    findings += _single(Fault.ITSELF, np.flatnonzero(holder == company), company, edge)
    share = np.where(wrong, 0.0, np.minimum(low, 1.0))
    again = _repeated(holder, company, share, high)
    findings += _single(Fault.REPEATED, again, company, edge)
    share[again] = 0.0
    return share, findings


def _single(fault: Fault, rows: Ints, company: Codes, edge: Ints) -> list[Finding]:
    return [
        Finding(fault, (about,), (position,))
        for about, position in zip(company[rows].tolist(), edge[rows].tolist(), strict=True)
    ]


def _repeated(holder: Codes, company: Codes, low: Floats, high: Floats) -> Ints:
    """Rows that say what an earlier row says."""
    same = (holder[1:] == holder[:-1]) & (company[1:] == company[:-1])
    inside = np.zeros(len(holder), np.bool_)
    inside[1:] |= same
    inside[:-1] |= same
    rows = np.flatnonzero(inside)
    sort = np.lexsort((rows, high[rows], low[rows], holder[rows], company[rows]))
    rows = rows[sort]
    equal = np.ones(max(len(rows) - 1, 0), np.bool_)
    for each in (holder, company, low, high):
        equal &= each[rows][1:] == each[rows][:-1]
    return np.sort(rows[1:][equal])


def _within_the_whole(
    company: Codes, share: Floats, edge: Ints, remainder: Floats
) -> tuple[Floats, list[Finding]]:
    """Shares of companies that add up to more than one, cut to what the others leave of each."""
    over = remainder < -TOLERANCE
    if not over.any():
        return share, []
    rows = over[company]
    cut = np.where(rows, np.maximum(share + remainder[company], 0.0), share)
    at = np.flatnonzero(rows)
    edges: dict[int, list[int]] = {}
    for about, position in zip(company[at].tolist(), edge[at].tolist(), strict=True):
        edges.setdefault(about, []).append(position)
    findings = [
        Finding(Fault.WHOLE, (about,), tuple(sorted(which))) for about, which in edges.items()
    ]
    return cut, findings

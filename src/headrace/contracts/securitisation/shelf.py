"""Issuing in series from one programme (储架发行), and what the originator must keep (风险自留).

An issue is a business act: it may be refused, and a refusal is a value of a closed list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from headrace.contracts.securitisation.deal import Bond
from headrace.contracts.securitisation.rules import Rule, in_force
from headrace.errors import InputError


class Refusal(StrEnum):
    """Why a series may not be issued."""

    BEFORE_START = "before_start"  # 未到额度生效日
    EXPIRED = "expired"  # 额度已过期
    OVER_LIMIT = "over_limit"  # 超过剩余额度
    TOO_MANY = "too_many"  # 超过期数
    SAME_NAME = "same_name"  # 期次名称重复
    OTHER_KIND = "other_kind"  # 基础资产类型不符


REFUSAL_WORDS = {
    Refusal.BEFORE_START: "未到额度生效日",
    Refusal.EXPIRED: "额度已过期",
    Refusal.OVER_LIMIT: "超过剩余额度",
    Refusal.TOO_MANY: "超过核准期数",
    Refusal.SAME_NAME: "期次名称重复",
    Refusal.OTHER_KIND: "基础资产类型不符",
}


@dataclass(frozen=True)
class Series:
    """One issue of a programme.

    Attributes:
        asset_kind: What it is backed by, in the programme's words.
        amount: Face of all classes, minor units.
    """

    name: str
    issued: date
    amount: int
    asset_kind: str


@dataclass(frozen=True)
class Shelf:
    """A programme and what was issued from it.

    Attributes:
        limit: In all, minor units.
        valid_from: First day on which a series may be issued.
        valid_to: Last day.
        asset_kind: What series are backed by.
        series_max: How many series, or None.
    """

    name: str
    limit: int
    valid_from: date
    valid_to: date
    asset_kind: str
    series_max: int | None = None
    issued: tuple[Series, ...] = ()

    @property
    def remaining(self) -> int:
        """What may still be issued, minor units; nothing comes back when a series is repaid."""
        return self.limit - sum(series.amount for series in self.issued)


def issue(shelf: Shelf, series: Series) -> tuple[Shelf, Refusal | None]:
    """Issue a series.

    Returns:
        The programme afterwards and None; or the same programme and why not.
    """
    refusal = _refusal(shelf, series)
    if refusal is not None:
        return shelf, refusal
    return replace(shelf, issued=(*shelf.issued, series)), None


def _refusal(shelf: Shelf, series: Series) -> Refusal | None:
    if series.issued < shelf.valid_from:
        return Refusal.BEFORE_START
    if series.issued > shelf.valid_to:
        return Refusal.EXPIRED
    if series.asset_kind != shelf.asset_kind:
        return Refusal.OTHER_KIND
    if any(one.name == series.name for one in shelf.issued):
        return Refusal.SAME_NAME
    if shelf.series_max is not None and len(shelf.issued) >= shelf.series_max:
        return Refusal.TOO_MANY
    return Refusal.OVER_LIMIT if series.amount > shelf.remaining else None


@dataclass(frozen=True)
class Finding:
    """A requirement as it was tested.

    Attributes:
        rule: With its clause.
        value: What was found, a share; None for the vertical rule where it does not apply.
        passes: Whether it is kept.
    """

    rule: Rule
    value: Fraction | None
    passes: bool


def retention(
    bonds: Sequence[Bond], held: dict[str, int], rules: Sequence[Rule], kind: str, on: date
) -> list[Finding]:
    """Whether the originator keeps enough of an issue.

    Args:
        bonds: Every class; the one of the highest `rank` is the lowest class.
        held: Face the originator keeps of each class by name, minor units; a class that is not in
            it is sold in full.
        rules: A rule book.
        kind: Of securitisation, one of `rules.KINDS`.
        on: Day of issue.

    Returns:
        A finding for each retention rule in force.

    Raises:
        InputError: A class has no face.
    """
    if any(bond.original <= 0 for bond in bonds):
        raise InputError("A class has no face at issuance", where="retention", remedy="`original`")
    force = in_force(rules, kind, on)
    shares = {bond.name: Fraction(held.get(bond.name, 0), bond.original) for bond in bonds}
    lowest_rank = max(bond.rank for bond in bonds)
    lowest = [bond for bond in bonds if bond.rank == lowest_rank]
    found = {
        "retention.total": _share(bonds, held),
        "retention.lowest": _share(lowest, held),
    }
    out = [
        Finding(rule, found[name], rule.threshold is None or found[name] >= rule.threshold)
        for name, rule in force.items()
        if name in found
    ]
    if "retention.vertical" in force:
        others = any(held.get(bond.name, 0) for bond in bonds if bond not in lowest)
        even = len(set(shares.values())) == 1
        out.append(
            Finding(
                force["retention.vertical"],
                min(shares.values()) if others else None,
                even or not others,
            )
        )
    return out


def _share(bonds: Sequence[Bond], held: dict[str, int]) -> Fraction:
    total = sum(bond.original for bond in bonds)
    return Fraction(sum(held.get(bond.name, 0) for bond in bonds), total)

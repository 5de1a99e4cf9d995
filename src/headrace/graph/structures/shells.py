"""Signs that a firm is a shell (空壳), each with its number, its points and the edges it rests on.

A score here is the sum of points that are stated in data, and nothing else. The shipped thresholds
are lenders' practice, not law: set your own, and look at firms whose end you know first.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from headrace.facts.localtime import DAY_US
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures import kernels
from headrace.graph.structures.transfers import transfers_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Measure(IntEnum):
    """What is measured of a firm; a number, NaN where it is not known.

    SHARED_ADDRESS, SHARED_PHONE: other parties that use its most shared one. OFFICES: other firms
    at which one of its officers holds an office, of the busiest. AGE: days since it was founded.
    PAID_SHARE: capital paid of that subscribed, 0..1. EMPLOYEES: insured employees. PASSED_ON: of
    the money that came in, the part that went out within days, first in first out, 0..1. PARTNERS:
    parties it trades with or supplies. CIRCLES: guarantee circles and circular flows it is in.
    """

    SHARED_ADDRESS = 0
    SHARED_PHONE = 1
    OFFICES = 2
    AGE = 3
    PAID_SHARE = 4
    EMPLOYEES = 5
    PASSED_ON = 6
    PARTNERS = 7
    CIRCLES = 8


@dataclass(frozen=True)
class Indicator:
    """A sign: points for a measure within bounds.

    Attributes:
        measure: Of what.
        points: What it adds where it is met.
        low: The measure is at least this.
        high: The measure is at most this.
        en: The reason, for people.
        zh: The same in Chinese.
    """

    measure: Measure
    points: int
    low: float = -np.inf
    high: float = np.inf
    en: str = ""
    zh: str = ""


INDICATORS: tuple[Indicator, ...] = (
    Indicator(Measure.SHARED_ADDRESS, 15, low=5, en="address shared with many", zh="地址多户共用"),
    Indicator(Measure.SHARED_PHONE, 20, low=3, en="telephone shared with many", zh="电话多户共用"),
    Indicator(Measure.OFFICES, 15, low=5, en="an officer of many firms", zh="一人多企任职"),
    Indicator(Measure.AGE, 10, high=365, en="founded lately", zh="成立时间短"),
    Indicator(Measure.PAID_SHARE, 10, high=0.1, en="little capital paid in", zh="实缴资本少"),
    Indicator(Measure.EMPLOYEES, 15, high=1, en="hardly any employees", zh="几乎无参保人员"),
    Indicator(Measure.PASSED_ON, 25, low=0.9, en="money only passes through", zh="资金快进快出"),
    Indicator(Measure.PARTNERS, 10, high=1, en="hardly any other trade", zh="几乎无其他交易"),
    Indicator(Measure.CIRCLES, 15, low=1, en="in a circle", zh="在担保圈或资金闭环中"),
)

NO_FIRMS = np.array([Type.PERSON, Type.STATE, Type.ATTRIBUTE, Type.CHAIN_NODE], np.int8)


@dataclass(frozen=True)
class Registered:
    """What registers say of firms, float64 of a value a party, NaN where not known; empty: of none.

    Attributes:
        age_days: Since foundation, at the moment asked about.
        paid_share: Capital paid of that subscribed, 0..1.
        employees: Insured employees.
        circles: Guarantee circles and circular flows that the party is in.
    """

    age_days: Floats = field(default_factory=lambda: np.empty(0))
    paid_share: Floats = field(default_factory=lambda: np.empty(0))
    employees: Floats = field(default_factory=lambda: np.empty(0))
    circles: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Reason:
    """Why a firm has points.

    Attributes:
        indicator: The sign that was met.
        value: The measure.
        points: What it added.
        edges: Positions in the snapshot that the measure was taken from; empty where it comes from
            a register.
    """

    indicator: Indicator
    value: float
    points: int
    edges: Ints


@dataclass(frozen=True)
class Shells:
    """Measures and points of all parties.

    Attributes:
        snapshot: What was looked at.
        indicators: The signs, in order.
        values: float64 (parties, measures), by `Measure`.
        met: bool (parties, indicators).
        points: int64 (parties,): the sum over the signs that are met.
        unseen: int64 (parties,): points of signs whose measure is not known: what the sum could
            be more.
    """

    snapshot: Snapshot
    indicators: tuple[Indicator, ...]
    values: Floats
    met: Flags
    points: Ints
    unseen: Ints

    def reasons(self, party: int) -> tuple[Reason, ...]:
        """The signs that a party meets, the most points first."""
        found = [
            Reason(
                sign,
                float(self.values[party, sign.measure]),
                sign.points,
                evidence(self.snapshot, party, sign.measure),
            )
            for sign, met in zip(self.indicators, self.met[party].tolist(), strict=True)
            if met
        ]
        return tuple(sorted(found, key=lambda each: -each.points))


def shells(values: Floats, snapshot: Snapshot, indicators: tuple[Indicator, ...]) -> Shells:
    """Points of every party.

    Args:
        values: Of `measures`.
        snapshot: From which they were measured.
        indicators: The signs that count.
    """
    which = [sign.measure for sign in indicators]
    seen = values[:, which]
    low, high = np.array([sign.low for sign in indicators]), [sign.high for sign in indicators]
    points = np.array([sign.points for sign in indicators], np.int64)
    met = (seen >= low) & (seen <= np.array(high))
    return Shells(
        snapshot=snapshot,
        indicators=indicators,
        values=values,
        met=met,
        points=met @ points,
        unseen=np.isnan(seen) @ points,
    )


def measures(snapshot: Snapshot, registered: Registered, days: int = 5) -> Floats:
    """Every measure of every party.

    Args:
        snapshot: Relations; a measure is NaN for all where relations of its kind are absent
            altogether.
        registered: What registers say.
        days: Within how many days money that came in must leave to count as passed on.

    Returns:
        float64 (parties, measures); NaN throughout for persons and for what is no party.
    """
    parties = len(snapshot.parties)
    columns: dict[Measure, Floats] = {
        Measure.SHARED_ADDRESS: _shared(snapshot, _uses(snapshot, "address")),
        Measure.SHARED_PHONE: _shared(snapshot, _uses(snapshot, "phone")),
        Measure.OFFICES: _offices(snapshot),
        Measure.AGE: registered.age_days,
        Measure.PAID_SHARE: registered.paid_share,
        Measure.EMPLOYEES: registered.employees,
        Measure.PASSED_ON: _passed_on(snapshot, days),
        Measure.PARTNERS: _partners(snapshot),
        Measure.CIRCLES: registered.circles,
    }
    table = np.full((parties, len(Measure)), np.nan)
    for measure, values in columns.items():
        if values.size:
            table[:, measure] = values
    table[np.isin(snapshot.type_of, NO_FIRMS)] = np.nan
    return table


def evidence(snapshot: Snapshot, party: int, measure: Measure) -> Ints:
    """The edges that a measure of one party was taken from, positions in the snapshot."""
    if measure in (Measure.SHARED_ADDRESS, Measure.SHARED_PHONE):
        role = "address" if measure is Measure.SHARED_ADDRESS else "phone"
        chosen = _uses(snapshot, role)
        used = snapshot.object[chosen[snapshot.subject[chosen] == party]]
        return _where(chosen, np.isin(snapshot.object[chosen], used))
    if measure is Measure.OFFICES:
        chosen = _of(snapshot, Kind.OFFICE)
        people = snapshot.subject[chosen[snapshot.object[chosen] == party]]
        return _where(chosen, np.isin(snapshot.subject[chosen], people))
    kinds: dict[Measure, tuple[Kind, ...]] = {
        Measure.PASSED_ON: (Kind.TRANSFERS,),
        Measure.PARTNERS: (Kind.TRADES, Kind.SUPPLIES),
        Measure.CIRCLES: (Kind.GUARANTEES, Kind.TRANSFERS),
    }
    chosen = _of(snapshot, *kinds.get(measure, ()))
    ends = (snapshot.subject[chosen] == party) | (snapshot.object[chosen] == party)
    return _where(chosen, ends)


def _where(chosen: Ints, mask: Flags) -> Ints:
    return chosen[mask]


def _of(snapshot: Snapshot, *kinds: Kind) -> Ints:
    return np.flatnonzero(np.isin(snapshot.kind, np.array(kinds, np.int8)))


def _uses(snapshot: Snapshot, role: str) -> Ints:
    chosen = _of(snapshot, Kind.USES)
    word = snapshot.roles.index(role) if role in snapshot.roles else -2
    return _where(chosen, snapshot.role[chosen] == word)


def _pairs(snapshot: Snapshot, chosen: Ints) -> tuple[Ints, Ints]:
    """Subject and object of the edges, each pair once."""
    parties = len(snapshot.parties)
    keys = np.unique(snapshot.subject[chosen].astype(np.int64) * parties + snapshot.object[chosen])
    return keys // max(parties, 1), keys % max(parties, 1)


def _most(parties: int, at: Ints, values: Ints) -> Floats:
    """The greatest value of each party, 0 for a party without any; empty: there are none at all."""
    most = np.zeros(parties if at.size else 0)
    np.maximum.at(most, at, values)
    return most


def _shared(snapshot: Snapshot, chosen: Ints) -> Floats:
    parties = len(snapshot.parties)
    user, used = _pairs(snapshot, chosen)
    return _most(parties, user, np.bincount(used, minlength=parties)[used] - 1)


def _offices(snapshot: Snapshot) -> Floats:
    parties = len(snapshot.parties)
    person, firm = _pairs(snapshot, _of(snapshot, Kind.OFFICE))
    return _most(parties, firm, np.bincount(person, minlength=parties)[person] - 1)


def _partners(snapshot: Snapshot) -> Floats:
    parties = len(snapshot.parties)
    seller, buyer = _pairs(snapshot, _of(snapshot, Kind.TRADES, Kind.SUPPLIES))
    if not seller.size:
        return np.empty(0)
    apart = seller != buyer
    low, high = np.minimum(seller, buyer)[apart], np.maximum(seller, buyer)[apart]
    keys = np.unique(low * parties + high)
    both = np.concatenate([keys // parties, keys % parties])
    return np.bincount(both, minlength=parties).astype(np.float64)


def _passed_on(snapshot: Snapshot, days: int) -> Floats:
    moved = transfers_of(snapshot)
    if not moved.payer.size:
        return np.empty(0)
    came, quick = np.zeros((2, moved.parties), np.int64)
    kernels.passed_on(
        moved.payer,
        moved.payee,
        moved.amount,
        moved.time,
        days * DAY_US,
        came,
        quick,
        np.full((2, moved.parties), -1, np.int64),
        np.empty((len(moved.payer), 2), np.int64),
    )
    return np.where(came > 0, quick / np.maximum(came, 1), np.nan)

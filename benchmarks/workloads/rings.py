"""A year of edges with rings planted among honest ones, the truth known.

Parties are persons and firms; attributes are devices, phones and addresses. Honest edges are
trades, transfers and attributes in use, with heavy tails, and honest dense parts that look like
rings: families that share everything, offices and shared desks at one address, busy markets,
groups of firms that trade with each other, savings clubs that pay each other. Rings share devices,
share counterparties, send money round, or both; their members also have edges to what everybody
uses (camouflage) and honest lives besides. One in seven honest circles comes together within
weeks, as rings do; a tenth of the rings take the whole year.

Some rings are hard on purpose, and say so: sparse (two or three fifths of their edges missing),
small (five parties), and hidden (three camouflage edges for each of their own).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DAY_US = 86_400_000_000
START_US = 1_735_689_600_000_000  # 2025-01-01
DAYS = 365
KINDS = ("devices", "counterparties", "money", "devices and money")
LEVELS = ("plain", "sparse", "small", "hidden")
LEVEL_ODDS = (0.7, 0.1, 0.1, 0.1)
NEW_ODDS = 0.15  # of the honest circles, those that came together within weeks, as rings do
SLOW_ODDS = 0.1  # of the rings, those that take the whole year
HONEST = -1
CIRCLES = ("everyday", "families", "offices", "desks", "markets", "groups", "clubs", "rings")


@dataclass(frozen=True)
class Ring:
    """A planted ring.

    Attributes:
        members: Codes of its parties, ascending; devices are not parties.
        kind: One of KINDS.
        level: One of LEVELS.
        closing: Position in the stream of its last own edge.
    """

    members: NDArray[np.int32]
    kind: str
    level: str
    closing: int


@dataclass(frozen=True)
class Stream:
    """Edges in order of time.

    Attributes:
        subject: int32.
        object: int32; what a party uses, whom it sold to or paid.
        time: int64, microseconds since 1970 UTC, ascending.
        ring: int32: number of the ring whose own edge it is, -1 for all others.
        is_party: bool per code; the rest are attributes.
        circle: int8: what each edge is part of, a place in CIRCLES; camouflage is everyday.
        rings: The truth.
    """

    subject: NDArray[np.int32]
    object: NDArray[np.int32]
    time: NDArray[np.int64]
    ring: NDArray[np.int32]
    is_party: NDArray[np.bool_]
    circle: NDArray[np.int8]
    rings: tuple[Ring, ...]


@dataclass
class _World:
    """What is drawn so far."""

    rng: np.random.Generator
    parties: int
    attributes: int
    new_odds: float
    used: int = 0
    subject: list[NDArray[np.int64]] = field(default_factory=list)
    object: list[NDArray[np.int64]] = field(default_factory=list)
    day: list[NDArray[np.float64]] = field(default_factory=list)
    ring: list[NDArray[np.int64]] = field(default_factory=list)
    circle: list[NDArray[np.int8]] = field(default_factory=list)

    def add(self, subject, object_, day=None, ring=HONEST, circle="everyday"):
        """Edges at days of the year, any day where none is given."""
        count = len(subject)
        if day is None:
            day = self.rng.random(count) * DAYS
        self.subject.append(np.asarray(subject, np.int64))
        self.object.append(np.asarray(object_, np.int64))
        self.day.append(day)
        self.ring.append(np.full(count, ring, np.int64))
        self.circle.append(np.full(count, CIRCLES.index(circle), np.int8))

    def together(self, circle, *edges):
        """Edges of one honest circle: over the year, or in a few weeks where it is new."""
        one, other = (np.concatenate(ends) for ends in zip(*edges, strict=True))
        spread = self.rng.uniform(3, 60) if self.rng.random() < self.new_odds else DAYS
        began = self.rng.uniform(0, DAYS - spread)
        self.add(one, other, began + self.rng.random(len(one)) * spread, circle=circle)

    def some(self, count):
        """Distinct parties."""
        return self.rng.choice(self.parties, count, replace=False)

    def fresh(self, count):
        """Attributes nobody has yet."""
        self.used += count
        return self.parties + self.used - np.arange(count) - 1

    def pairs(self, ones, others, share):
        """A share of all pairs of one of these and one of those, each chance its own."""
        one, other = np.meshgrid(ones, others, indexing="ij")
        kept = (self.rng.random(one.shape) < share) & (one != other)
        return one[kept], other[kept]


def stream(edges: int, rings: int, seed: int, new_odds: float = NEW_ODDS) -> Stream:
    """About so many edges and so many rings; the same seed, the same stream.

    Of the honest circles `new_odds` came together within weeks, as rings do.
    """
    world = _World(np.random.default_rng(seed), edges // 4, edges // 3, new_odds)
    scale = edges / 1_000_000
    _families(world, int(9_000 * scale))
    _offices(world, int(400 * scale))
    _desks(world, int(300 * scale))
    _markets(world, int(60 * scale))
    _groups(world, int(500 * scale))
    _clubs(world, int(300 * scale))
    planted = [_ring(world, number) for number in range(rings)]
    _everyday(world, edges - sum(map(len, world.subject)))
    return _in_order(world, planted)


def _everyday(world: _World, edges: int) -> None:
    """Trades with heavy tails on both sides, transfers among acquaintances, things in use."""
    rng = world.rng
    uses, transfers = int(0.3 * edges), int(0.2 * edges)
    own = world.attributes - world.used - 2_000
    party = rng.integers(0, world.parties, uses)
    popular = world.parties + world.attributes - 1 - _tail(rng, 2_000, uses)
    single = world.parties + world.used + rng.integers(0, own, uses)
    world.add(party, np.where(rng.random(uses) < 0.25, popular, single))
    ones = rng.integers(0, world.parties, transfers)
    near = (ones + rng.integers(1, 30, transfers)) % world.parties
    far = rng.integers(0, world.parties, transfers)
    world.add(ones, np.where(rng.random(transfers) < 0.5, near, far))
    trades = edges - uses - transfers
    shuffled = rng.permutation(world.parties)
    sellers = shuffled[_tail(rng, world.parties // 5, trades)]
    buyers = rng.permutation(world.parties)[_tail(rng, world.parties, trades)]
    world.add(sellers, buyers)


def _tail(rng, count, size):
    """Ranks 0 to count - 1 with odds about 1 / rank (rank + 10 at the top)."""
    top = np.log1p(count / 10)
    return np.minimum((np.expm1(rng.random(size) * top) * 10).astype(np.int64), count - 1)


def _families(world: _World, count: int) -> None:
    for _ in range(count):
        people = world.some(world.rng.integers(2, 6))
        things = world.fresh(int(world.rng.integers(1, 4)))
        world.together(
            "families", world.pairs(people, things, 0.85), world.pairs(people, people, 0.2)
        )


def _offices(world: _World, count: int) -> None:
    for _ in range(count):
        firms = world.some(world.rng.integers(10, 200))
        door, lines = world.fresh(1), world.fresh(2)
        world.together("offices", world.pairs(firms, door, 1.0), world.pairs(firms, lines, 0.1))


def _desks(world: _World, count: int) -> None:
    """Shared offices: an address and a telephone in common, and little else."""
    for _ in range(count):
        firms = world.some(world.rng.integers(8, 30))
        shared = world.fresh(2)
        world.together("desks", world.pairs(firms, shared, 0.75), world.pairs(firms, firms, 0.02))


def _markets(world: _World, count: int) -> None:
    for _ in range(count):
        sellers = world.some(world.rng.integers(10, 30))
        buyers = world.some(world.rng.integers(50, 200))
        world.together("markets", world.pairs(sellers, buyers, world.rng.uniform(0.1, 0.3)))


def _groups(world: _World, count: int) -> None:
    """Groups of firms: an address in common, much trade inside, more outside."""
    for _ in range(count):
        firms = world.some(world.rng.integers(4, 10))
        trade = world.rng.uniform(0.15, 0.3)
        world.together(
            "groups", world.pairs(firms, world.fresh(1), 0.8), world.pairs(firms, firms, trade)
        )
        outside = world.rng.integers(10, 40) * len(firms)
        world.add(world.rng.choice(firms, outside), world.some(outside))


def _clubs(world: _World, count: int) -> None:
    """Savings clubs: twenty to forty who pay each other now and then."""
    for _ in range(count):
        people = world.some(world.rng.integers(20, 40))
        world.together("clubs", world.pairs(people, people, world.rng.uniform(0.03, 0.08)))


def _ring(world: _World, number: int) -> tuple[NDArray[np.int64], str, str]:
    """A ring's own edges within some days, and camouflage over the year."""
    rng = world.rng
    kind = KINDS[rng.integers(len(KINDS))]
    level = LEVELS[rng.choice(len(LEVELS), p=LEVEL_ODDS)]
    share = rng.uniform(0.4, 0.6) if level == "sparse" else rng.uniform(0.65, 1.0)
    members = world.some(5 if level == "small" else rng.integers(6, 21))
    ones, others = [], []
    if "devices" in kind:
        found = world.pairs(members, world.fresh(int(rng.integers(3, 6))), share)
        ones.append(found[0]), others.append(found[1])
    if "counterparties" in kind:
        mules = world.some(int(rng.integers(3, 7)))
        found = world.pairs(members, mules, share)
        ones.append(found[0]), others.append(found[1])
        members = np.union1d(members, mules)  # whoever lends their account is one of them
    if "money" in kind:
        found = world.pairs(members, members, share / 2)
        turn = rng.permutation(members)
        ones += [found[0], turn]
        others += [found[1], np.roll(turn, 1)]
    one, other = np.concatenate(ones), np.concatenate(others)
    spread = DAYS if rng.random() < SLOW_ODDS else rng.uniform(1, 60)
    began = rng.uniform(0, DAYS - spread)
    world.add(one, other, began + rng.random(len(one)) * spread, number, "rings")
    hidden = int(len(one) * (3.0 if level == "hidden" else rng.uniform(0.2, 1.0)))
    popular = world.parties + world.attributes - 1 - _tail(rng, 2_000, hidden)
    world.add(rng.choice(members, hidden), popular)
    involved = np.unique(np.concatenate([one, other]))
    return involved[involved < world.parties], kind, level


def _in_order(world: _World, planted: list[tuple[NDArray[np.int64], str, str]]) -> Stream:
    day = np.concatenate(world.day)
    order = np.argsort(day, kind="stable")
    ring = np.concatenate(world.ring)[order].astype(np.int32)
    closing = np.full(len(planted), -1)
    own = np.flatnonzero(ring >= 0)
    closing[ring[own]] = own  # the last assignment stands
    return Stream(
        np.concatenate(world.subject)[order].astype(np.int32),
        np.concatenate(world.object)[order].astype(np.int32),
        START_US + (day[order] * DAY_US).astype(np.int64),
        ring,
        np.arange(world.parties + world.attributes) < world.parties,
        np.concatenate(world.circle)[order],
        tuple(
            Ring(members.astype(np.int32), kind, level, int(closing[number]))
            for number, (members, kind, level) in enumerate(planted)
        ),
    )

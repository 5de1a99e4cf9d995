"""Control: more than half of the votes, counting those that whatever one controls has.

X controls Y if the votes in Y that X has and those that companies controlled by X have are more
than half (Chapelle and Szafarz, "Controlling firms through the majority voting rule", Physica A
355, 2005; the company control problem of Ceri, Gottlob and Tanca, "Logic Programming and
Databases", 1990). What X controls is the least set for which this holds: nothing is in it because
it holds itself in a circle, only because of votes that in the end X has.

Parties in concert cast their votes together: in one company, or, in concert about everything, as
if each were the other. Control that needs them is `jointly`.

Bounds. Control is certain where it holds whatever the unknown shares are: X has the certain votes
only. It is possible where it holds in the one world that suits X best: X has, beside its own,
all votes that nobody certainly has, in every company in which X or what X so controls is recorded
as a holder. A company more than half of whose votes nobody is recorded to have could be anybody's;
it is possibly controlled by its recorded holders, and no list of all others is made.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.ownership import kernels
from headrace.graph.ownership.shares import Bools, Codes, Floats, Ints
from headrace.graph.ownership.votes import WHOLE, Votes

HALF = WHOLE // 2


@dataclass(frozen=True)
class Control:
    """Who controls whom, one row for each pair.

    Attributes:
        controller: int32.
        controlled: int32.
        certain: bool: whatever the unknown shares are; else only possible.
        jointly: bool: certain, but only with the votes of parties in concert.
        low: float64: share of votes in `controlled` that the controller certainly disposes of;
            1 for control by contract.
        high: float64: the share it possibly disposes of.
    """

    controller: Codes
    controlled: Codes
    certain: Bools
    jointly: Bools
    low: Floats
    high: Floats

    def rows(self, which: NDArray[np.generic]) -> "Control":
        """Some of the rows, by position or mask."""
        return Control(
            self.controller[which], self.controlled[which], self.certain[which],
            self.jointly[which], self.low[which], self.high[which],
        )  # fmt: skip

    def ultimate(self) -> "Control":
        """Rows whose controller nobody certainly controls.

        Members of a circle that control each other, and whom nobody else controls, have none.
        """
        top = max(self.controller.max(initial=0), self.controlled.max(initial=0)) + 1
        held = np.zeros(top, np.bool_)
        held[self.controlled[self.certain]] = True
        return self.rows(~held[self.controller])

    def circular(self) -> Codes:
        """Companies certainly controlled, but by no party that is not controlled itself."""
        top = self.ultimate()
        held = np.unique(self.controlled[self.certain])
        return np.setdiff1d(held, top.controlled[top.certain])


@dataclass(frozen=True)
class Reach:
    """What some parties reach: those that they control and those in concert with them.

    Attributes:
        at: int64 (who + 1,): where each one's begins.
        party: int32: in the order in which they came in.
        kind: int8: ALONE, JOINT, POSSIBLE or ALLY of `kernels`.
        low: int64: certain votes in billionths.
        high: int64: possible votes.
    """

    at: Ints
    party: Codes
    kind: NDArray[np.int8]
    low: Ints
    high: Ints


class Counter:
    """Counts votes for one party after another, with marks that are not cleared in between."""

    def __init__(self, parties: int, claims: int, over: int = HALF) -> None:
        """Make room for marks.

        Args:
            parties: How many parties there are.
            claims: How many claims there can be.
            over: Votes in billionths that are not enough yet; one more is.
        """
        self.claims = claims
        self._over = over
        self._stamp = 0
        self._state = (
            np.zeros(claims, np.int32), np.zeros((parties, 3), np.int64),
            np.empty(parties, np.int32), np.empty(parties, np.int8), np.empty(parties, np.int32),
        )  # fmt: skip

    def reach(self, votes: Votes, who: Codes, room: int = 0) -> Reach:
        """What each of some parties reaches.

        Args:
            votes: Who casts which.
            who: int32: the parties.
            room: For how many found there is room at first; 0: as many as there are claims.
        """
        room = room or len(votes.units) + 64
        parts: list[tuple[Ints, tuple[np.ndarray, ...]]] = []
        done = 0
        while done < len(who):
            at = np.zeros(len(who) - done + 1, np.int64)
            found = (np.empty(room, np.int32), np.empty(room, np.int8),
                     np.empty(room, np.int64), np.empty(room, np.int64))  # fmt: skip
            ready = kernels.control(
                who[done:], self._over, self._stamp,
                (votes.company, votes.units, votes.pool, votes.remainder), votes.own,
                (votes.start, votes.length), votes.allies[:3], votes.in_concert, self._state,
                (at, *found), room,
            )  # fmt: skip
            self._stamp += len(who) - done
            fill = int(at[ready])
            parts.append((np.diff(at[: ready + 1]), tuple(each[:fill].copy() for each in found)))
            done += ready
            room = room if ready else 2 * room
        counts = np.concatenate([np.zeros(1, np.int64), *(part[0] for part in parts)])
        if not parts:
            empty = np.empty(0, np.int64)
            codes = np.empty(0, np.int32)
            return Reach(np.cumsum(counts), codes, np.empty(0, np.int8), empty, empty)
        party, kind, low, high = (np.concatenate([p[1][n] for p in parts]) for n in range(4))
        return Reach(np.cumsum(counts), party, kind, low, high)


def control(votes: Votes, over: int = HALF) -> Control:
    """Everybody who controls anything, for certain or possibly.

    Args:
        votes: Who casts which.
        over: Votes in billionths that are not enough yet: a half, so that half is not control.
    """
    who = np.flatnonzero((votes.own[1] > 0) | (votes.allies[1] > 0)).astype(np.int32)
    return control_of(who, Counter(votes.parties, len(votes.units), over).reach(votes, who))


def control_of(who: Codes, reach: Reach) -> Control:
    """What was reached, as pairs."""
    rows = reach.kind != kernels.ALLY
    kind = reach.kind[rows]
    return Control(
        np.repeat(who, np.diff(reach.at))[rows], reach.party[rows], kind < kernels.POSSIBLE,
        kind == kernels.JOINT, np.minimum(reach.low[rows] / WHOLE, 1.0),
        np.minimum(reach.high[rows] / WHOLE, 1.0),
    )  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Why one company is controlled.

    Attributes:
        company: The company, or the party in concert, that this step brings in.
        holders: Who cast the votes that are counted, all brought in by earlier steps or in concert
            with such.
        edges: The holding or agreement behind the votes of each.
        by: The agreement that handed each over, -1 where none did.
        shares: Certain share of the votes of each.
        unrecorded: Share of votes counted though nobody is recorded to have them; 0 where the
            control is certain.
    """

    company: int
    holders: tuple[int, ...]
    edges: tuple[int, ...]
    by: tuple[int, ...]
    shares: tuple[float, ...]
    unrecorded: float


def proof(votes: Votes, controller: int, controlled: int, over: int = HALF) -> tuple[Step, ...]:
    """Why one party controls another, step by step; empty where it does not."""
    who = np.array([controller], np.int32)
    reach = Counter(votes.parties, len(votes.units), over).reach(votes, who, votes.parties + 1)
    rank = {int(party): place for place, party in enumerate(reach.party, start=1)}
    if controlled not in rank or reach.kind[rank[controlled] - 1] == kernels.ALLY:
        return ()
    rank[controller] = 0
    kinds = dict(zip(reach.party.tolist(), reach.kind.tolist(), strict=True))
    last = _step(votes, controlled, _before(rank, controlled), kinds[controlled])
    if not _enough(votes, last, over):  # it came in by concert, and is controlled besides
        last = _step(votes, controlled, set(rank), kinds[controlled])
    needed, steps = list(last.holders), {}
    while needed:
        party = needed.pop()
        if party in steps or party == controller or party not in kinds:
            continue
        step = _step(votes, party, _before(rank, party), kinds[party])
        if not _enough(votes, step, over):
            step = _ally(votes, party, rank)
        steps[party] = step
        needed += step.holders
    return (*(steps[party] for party in sorted(steps, key=rank.__getitem__)), last)


def _enough(votes: Votes, step: Step, over: int) -> bool:
    left = int(votes.remainder[step.company]) if step.unrecorded else 0
    return round(sum(step.shares) * WHOLE) + left > over


def _before(rank: dict[int, int], party: int) -> set[int]:
    return {each for each, place in rank.items() if place < rank[party]}


def _step(votes: Votes, company: int, members: set[int], kind: int) -> Step:
    """The claims on a company that members have, or cast together with others."""
    claims = range(votes.start[company], votes.start[company] + votes.length[company])
    counted = [c for c in claims if int(votes.claimant[c]) in members]
    if kind != kernels.ALONE:
        together = {int(votes.pool[c]) for c in counted} - {-1}
        counted = [c for c in claims if c in counted or int(votes.pool[c]) in together]
    counted = [c for c in counted if votes.units[c] > 0 or kind == kernels.POSSIBLE]
    return Step(
        company, tuple(int(votes.claimant[c]) for c in counted),
        tuple(int(votes.edge[c]) for c in counted), tuple(int(votes.by[c]) for c in counted),
        tuple(float(votes.units[c]) / WHOLE for c in counted),
        float(votes.remainder[company]) / WHOLE if kind == kernels.POSSIBLE else 0.0,
    )  # fmt: skip


def _ally(votes: Votes, party: int, rank: dict[int, int]) -> Step:
    """The agreement by which a party in concert came in."""
    start, length, other, edge = votes.allies
    for at in range(start[party], start[party] + length[party]):
        with_whom = int(other[at])
        if rank.get(with_whom, len(rank)) < rank[party]:
            return Step(party, (with_whom,), (int(edge[at]),), (-1,), (0.0,), 0.0)
    raise AssertionError("a party in concert came in without an agreement")


@dataclass(frozen=True)
class Relative:
    """Companies that nobody has the majority of, and one holder leads.

    Attributes:
        company: int32.
        holder: int32: the largest.
        votes: float64: its certain share of votes.
        second: float64: the next one's.
    """

    company: Codes
    holder: Codes
    votes: Floats
    second: Floats


def relative_control(votes: Votes, least: float = 0.30, lead: float = 2.0) -> Relative:
    """Largest holders with 30 % or more and far ahead of the next: lenders' practice, not law.

    The practice speaks of 30 to 50 % and a lead; how far a lead is far is ours: twice as much.

    Args:
        votes: Who casts which; only votes a holder casts itself are compared.
        least: Share of votes from which on a holder counts.
        lead: How many times the next one's votes it must have.
    """
    key = votes.company.astype(np.int64) * votes.parties + votes.claimant
    pair, which = np.unique(key, return_inverse=True)
    units = np.zeros(len(pair), np.int64)
    np.add.at(units, which, votes.units)
    company, holder = pair // votes.parties, pair % votes.parties
    order = np.lexsort((-units, company))
    company, holder, units = company[order], holder[order], units[order]
    top = np.flatnonzero(np.diff(company, prepend=-1))
    after = np.minimum(top + 1, len(units) - 1)
    has_second = (after > top) & (company[after] == company[top])
    second = np.where(has_second, units[after], 0)
    first = units[top]
    leads = (first >= least * WHOLE) & (first <= HALF) & (first >= lead * second)
    at = top[leads]
    return Relative(
        company[at].astype(np.int32), holder[at].astype(np.int32), units[at] / WHOLE,
        second[leads] / WHOLE,
    )  # fmt: skip

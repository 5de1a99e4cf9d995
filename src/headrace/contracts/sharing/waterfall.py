"""One claim down the layers, one recovery back up: plain whole numbers, conserved to the fen.

Rounding: what a layer covers is rounded down to the fen, the rest goes on; within a layer shares
are apportioned by largest remainders, ties to the party named first. Caps count what was taken,
gross: a recovery does not restore a cap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from headrace.contracts.sharing.apportioning import apportion
from headrace.contracts.sharing.scheme import (
    NANO,
    REST,
    UNLIMITED,
    Layer,
    RecoveryOrder,
    Scheme,
)
from headrace.errors import InputError


@dataclass(frozen=True)
class Piece:
    """What a party bears of a claim in a layer.

    Attributes:
        layer: Id of the layer, or "rest".
        payable_on: The day it must be paid; for the residual party the day of the claim.
    """

    layer: str
    party: str
    amount: int
    payable_on: date


@dataclass(frozen=True)
class Allocation:
    """A claim and who bears it; the pieces add up to the amount.

    Attributes:
        recovered: What each piece has got back so far, in the order of the pieces.
    """

    loan: str
    on: date
    amount: int
    pieces: tuple[Piece, ...]
    recovered: tuple[int, ...] = ()

    def borne(self, party: str) -> int:
        """What a party bears, before recoveries."""
        return sum(piece.amount for piece in self.pieces if piece.party == party)

    @property
    def open(self) -> tuple[int, ...]:
        """What of each piece is not recovered."""
        got = self.recovered or (0,) * len(self.pieces)
        return tuple(piece.amount - part for piece, part in zip(self.pieces, got, strict=True))


@dataclass(frozen=True)
class Usage:
    """What the layers have seen so far. Keys that are missing stand for 0.

    Attributes:
        passed: By layer: how much of the attachment is used.
        taken: By layer, in the life of the pool.
        taken_year: By layer and calendar year of the claim.
        deducted: By layer and loan: how much of the deductible is used.
        taken_loan: By layer and loan.
    """

    passed: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    taken_year: Mapping[tuple[str, int], int] = field(default_factory=dict)
    deducted: Mapping[tuple[str, str], int] = field(default_factory=dict)
    taken_loan: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Recovered:
    """What became of money that came back.

    Attributes:
        to: By party, adding up with `cost` and `surplus` to what came back.
        surplus: Above everything that was borne: the borrower's.
        allocation: The claim with its recoveries.
    """

    to: Mapping[str, int]
    cost: int
    surplus: int
    allocation: Allocation


def allocate(
    scheme: Scheme, usage: Usage, loan: str, on: date, amount: int
) -> tuple[Allocation, Usage]:
    """Who bears a claim, and what the layers have seen after it.

    Args:
        scheme: Bound to a base where a layer states rates.
        usage: What the layers have seen before.
        loan: Name of the loan.
        on: The day of the claim; its calendar year counts for the caps of a year.
        amount: Minor units, above 0.

    Raises:
        InputError: The amount is not above 0, or a layer states a rate and no base is bound.
    """
    if amount <= 0:
        raise InputError(f"a claim of {amount}", where=f"loan {loan}", remedy="an amount above 0")
    pieces: list[Piece] = []
    reaching = amount
    for layer in scheme.layers:
        if layer.relative:
            raise InputError(
                "a layer states rates", where=f"layer {layer.id}", remedy="scheme.bound(base)"
            )
        if not reaching or (layer.only and loan not in layer.only):
            continue
        taken, usage = _take(layer, usage, (loan, on.year), reaching)
        reaching -= taken
        payable = on + timedelta(days=layer.waiting_days)
        weights = [int(share.part * NANO) for share in layer.shares]
        for share, part in zip(layer.shares, apportion(taken, weights), strict=True):
            if part:
                pieces.append(Piece(layer.id, share.party, part, payable))
    if reaching:
        pieces.append(Piece(REST, scheme.residual, reaching, on))
    return Allocation(loan, on, amount, tuple(pieces), (0,) * len(pieces)), usage


def _take(layer: Layer, usage: Usage, of: tuple[str, int], reaching: int) -> tuple[int, Usage]:
    """What a layer takes of what reaches it, `of` a loan in a year."""
    loan, year = of
    own, annual = (layer.id, loan), (layer.id, year)
    deducted, passed = usage.deducted.get(own, 0), usage.passed.get(layer.id, 0)
    deduct = min(reaching, layer.deductible_loan_minor - deducted)
    attach = min(reaching - deduct, layer.attachment_minor - passed)
    covered = (reaching - deduct - attach) * int(layer.covers * NANO) // NANO
    taken = min(
        covered,
        _left(layer.cap_loan_minor, usage.taken_loan.get(own, 0)),
        _left(layer.cap_year_minor, usage.taken_year.get(annual, 0)),
        _left(layer.cap_pool_minor, usage.taken.get(layer.id, 0)),
    )
    return taken, Usage(
        {**usage.passed, layer.id: passed + attach},
        {**usage.taken, layer.id: usage.taken.get(layer.id, 0) + taken},
        {**usage.taken_year, annual: usage.taken_year.get(annual, 0) + taken},
        {**usage.deducted, own: deducted + deduct},
        {**usage.taken_loan, own: usage.taken_loan.get(own, 0) + taken},
    )


def _left(cap: int | None, used: int) -> int:
    return (UNLIMITED if cap is None else cap) - used


def recover(scheme: Scheme, allocation: Allocation, amount: int, cost: int = 0) -> Recovered:
    """Who gets what came back on a claim, by the scheme's order.

    Args:
        scheme: Whose order of recoveries counts.
        allocation: The claim.
        amount: Minor units that came back, above 0.
        cost: What of it pays for the recovery first (清收费用), 0..amount.

    Raises:
        InputError: The amount is not above 0, or the cost exceeds it.
    """
    if amount <= 0 or not 0 <= cost <= amount:
        raise InputError(
            f"{amount} recovered at a cost of {cost}",
            where=f"loan {allocation.loan}",
            remedy="an amount above 0 and a cost within it",
        )
    got = list(allocation.recovered or (0,) * len(allocation.pieces))
    left = amount - cost
    for places in _ranks(scheme, allocation):
        open_ = [allocation.open[place] for place in places]
        for place, part in zip(places, apportion(min(left, sum(open_)), open_), strict=True):
            got[place] += part
        left -= min(left, sum(open_))
    to: dict[str, int] = {}
    for piece, before, after in zip(
        allocation.pieces, allocation.recovered or (0,) * len(got), got, strict=True
    ):
        if after > before:
            to[piece.party] = to.get(piece.party, 0) + after - before
    return Recovered(to, cost, left, replace(allocation, recovered=tuple(got)))


def _ranks(scheme: Scheme, allocation: Allocation) -> list[list[int]]:
    """Places of pieces that are made whole together, the first to be made whole first."""
    places = range(len(allocation.pieces))
    if scheme.recovery is RecoveryOrder.PRO_RATA:
        return [list(places)]
    order = [*(layer.id for layer in scheme.layers), REST]
    if scheme.recovery is RecoveryOrder.LAST_FIRST:
        order.reverse()
    return [
        [place for place in places if allocation.pieces[place].layer == layer] for layer in order
    ]

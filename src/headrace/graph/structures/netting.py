"""What guarantees amount to once those that cancel out within a circle are taken away.

A stands for B with 10 and B for A with 10: outside the two nobody is protected by that. The *net
guaranteed amount* of a circle is the least sum of amounts on its links that leaves every member's
balance (what it gives less what it receives within the circle) as it is: pairs are netted against
each other, and rings of any length too. It is what "conservative compression" leaves of a network
of obligations (D'Errico and Roukny, "Compressing Over-the-Counter Markets", Operations Research
69(6), 2021): no link grows and none is made. Balances are unique and so is the sum; which links
keep it may not be, and then follows from the order of the links.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.structures import kernels
from headrace.graph.structures.circles import Circles
from headrace.graph.structures.guarantees import Links, part

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Net:
    """The net amounts of one circle, minor units, of what is known.

    Attributes:
        members: int32 (members,).
        balance: int64 (members,): given less received, within the circle.
        links: int64 (links,): the circle's links.
        left: int64 (links,): what is left of each.
        gross: The sum before netting.
        net: The sum of `left`: the net guaranteed amount.
        floor: The sum of positive balances: what would be left if members also took over each
            other's guarantees; never more than `net`.
    """

    members: Codes
    balance: Ints
    links: Ints
    left: Ints
    gross: int
    net: int
    floor: int


def net(circles: Circles, number: int) -> Net:
    """Net one circle. Guarantees of unknown amount take no part; the circle counts them."""
    chosen = circles.links_of(number)
    small, members = part(circles.links, chosen)
    left = np.zeros(len(chosen), np.int64)
    balance = np.zeros(len(members), np.int64)
    np.add.at(balance, small.giver, small.amount)
    np.subtract.at(balance, small.taker, small.amount)
    kernels.settle(
        small.giver,
        small.taker,
        small.amount,
        small.outward.head,
        small.outward.follow,
        small.inward.head,
        small.inward.follow,
        left,
        np.zeros((6, len(members) + 1), np.int64),
    )
    return Net(
        members=members,
        balance=balance,
        links=chosen,
        left=left,
        gross=int(small.amount.sum()),
        net=int(left.sum()),
        floor=int(balance[balance > 0].sum()),
    )


@dataclass(frozen=True)
class Standing:
    """What each party gives and receives, int64 minor units of what is known, a value a party.

    Attributes:
        given: Guaranteed for others.
        received: Guaranteed by others.
        given_unknown: Guarantees it gave of unknown amount.
        received_unknown: Guarantees it received of unknown amount.
        net_given: Of `given`, what is left after netting every circle; links of chains stay whole.
        net_received: The same of `received`.
        burden: float64: given / capital; NaN where capital is not known or not positive.
        net_burden: float64: net given / capital.
    """

    given: Ints
    received: Ints
    given_unknown: Ints
    received_unknown: Ints
    net_given: Ints
    net_received: Ints
    burden: Floats
    net_burden: Floats


def standing(circles: Circles, capital: Floats | None = None) -> Standing:
    """What every party stands for and who stands for it, before and after netting.

    Args:
        circles: The circles of all links.
        capital: float64 (parties,), minor units, NaN where not known; None: of nobody.
    """
    links = circles.links
    left = links.amount.copy()
    for number in range(len(circles)):
        netted = net(circles, number)
        left[netted.links] = netted.left
    capital = np.full(links.parties, np.nan) if capital is None else capital
    backing = np.where(capital > 0, capital, np.nan)
    given, net_given = _sum(links.giver, links.amount, links), _sum(links.giver, left, links)
    return Standing(
        given=given,
        received=_sum(links.taker, links.amount, links),
        given_unknown=_sum(links.giver, links.unknown, links),
        received_unknown=_sum(links.taker, links.unknown, links),
        net_given=net_given,
        net_received=_sum(links.taker, left, links),
        burden=given / backing,
        net_burden=net_given / backing,
    )


def _sum(ends: Codes, values: Ints, links: Links) -> Ints:
    total = np.zeros(links.parties, np.int64)
    np.add.at(total, ends, values)
    return total

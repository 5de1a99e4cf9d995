"""The chains behind an integrated share: who holds whom, from the holder down to the company."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from headrace.graph.ownership.integrated import Ownership, held_by

STEPS_MAX = 20_000


@dataclass(frozen=True)
class Chain:
    """One chain of holdings.

    Attributes:
        parties: From the holder to the company.
        edges: The holding between each two.
        shares: Certain share of each.
        product: The shares multiplied.
    """

    parties: tuple[int, ...]
    edges: tuple[int, ...]
    shares: tuple[float, ...]
    product: float


def chains(ownership: Ownership, holder: int, company: int, most: int = 10) -> tuple[Chain, ...]:
    """The chains from a holder to a company that contribute most, the greatest first.

    No party is twice on a chain. Without loops the products of all chains add up to the integrated
    share; with loops, or where there are more than `most`, the rest is in those not listed. The
    search goes up from the company, always where most can still come: what a party is held by the
    holder over all chains bounds every single one. After `STEPS_MAX` steps it gives what it found.

    Args:
        ownership: Solved.
        holder: Whose share it is.
        company: What it is a share of.
        most: Chains at most.
    """
    held = held_by(ownership, holder)
    bound = dict(zip(held.party.tolist(), held.walks.tolist(), strict=True))
    bound[holder] = 1.0
    shares = ownership.shares
    found: list[Chain] = []
    waiting: list[tuple[float, float, tuple[int, ...], tuple[int, ...]]] = []
    if company in bound:
        waiting.append((-bound[company], 1.0, (company,), ()))
    for _ in range(STEPS_MAX):
        if not waiting or len(found) == most:
            break
        _, product, path, rows = heappop(waiting)
        top = path[0]
        if top == holder and rows:
            found.append(_chain(ownership, path, rows))
            continue
        for row in range(shares.start[top], shares.start[top] + shares.length[top]):
            above, share = int(shares.holder[row]), float(shares.share[row])
            ends = above == holder
            if share == 0.0 or above not in bound or (above in path and not ends):
                continue
            if ends and above in path[:-1]:
                continue
            part = product * share
            best = part if ends else part * bound[above]
            heappush(waiting, (-best, part, (above, *path), (row, *rows)))
    return tuple(found)


def _chain(ownership: Ownership, path: tuple[int, ...], rows: tuple[int, ...]) -> Chain:
    shares = ownership.shares
    each = shares.share[list(rows)]
    return Chain(
        path, tuple(shares.edge[list(rows)].tolist()), tuple(each.tolist()), float(np.prod(each))
    )

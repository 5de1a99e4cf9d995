"""From relations to what the rules look at: control, votes and owners of a snapshot."""

from functools import lru_cache

import numpy as np

from headrace.graph.groups.basis import Basis, Control, Ints, Known, Owners, Votes, no_owners
from headrace.graph.ownership.binding import Relations, relations_of
from headrace.graph.ownership.chains import chains
from headrace.graph.ownership.control import control, proof
from headrace.graph.ownership.integrated import solve, ultimate_holders
from headrace.graph.ownership.rulesets import CN_BENEFICIAL_OWNERS
from headrace.graph.ownership.votes import read_votes
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot

CHAINS_KEPT = 1_024  # a proof is asked for again at once, in the other language


def basis_of(
    snapshot: Snapshot,
    bank: int = -1,
    known: Known | None = None,
    owners: Owners | None = None,
) -> Basis:
    """What the rules look at, with control and ownership computed from the snapshot.

    Args:
        snapshot: Relations of a moment.
        bank: Node of the bank; -1: it is not in the graph.
        known: What is known of parties besides; None: nothing.
        owners: Ultimate beneficiaries; None: those behind the bank's holders are found.
    """
    relations = relations_of(snapshot)
    votes = read_votes(relations.voting, relations.agreements)
    found = control(votes)

    @lru_cache(CHAINS_KEPT)
    def chain(controller: int, controlled: int) -> Ints:
        edges = []
        for step in proof(votes, controller, controlled):
            edges += [*step.edges, *step.by]
        return _distinct(edges)

    table = Control(found.controller, found.controlled, found.certain, found.low, found.high, chain)
    cast = Votes(votes.claimant, votes.company, votes.units, votes.edge, votes.by, votes.remainder)
    behind = _behind(snapshot, relations, bank) if owners is None else owners
    return Basis(snapshot, table, cast, behind, known or Known(), bank)


def _behind(snapshot: Snapshot, relations: Relations, bank: int) -> Owners:
    """Natural persons who own a part of the companies that hold shares of the bank."""
    held = np.isin(snapshot.kind, (Kind.OWNS, Kind.VOTES)) & (snapshot.object == bank)
    holders = np.unique(snapshot.subject[held])
    holders = holders[~relations.persons[holders]]
    if not len(holders):
        return no_owners()
    solved = solve(relations.equity)
    owners = ultimate_holders(solved).at_least(CN_BENEFICIAL_OWNERS.tests[0].share_min, holders)
    kept = relations.persons[owners.holder]

    def chain(owner: int, owned: int) -> Ints:
        return _distinct([edge for each in chains(solved, owner, owned) for edge in each.edges])

    return Owners(
        owners.holder[kept], owners.company[kept], owners.low[kept], owners.high[kept], chain
    )


def _distinct(edges: list[int]) -> Ints:
    return np.array(list(dict.fromkeys(edge for edge in edges if edge >= 0)), np.int64)

"""Who stands behind companies under a rule set, for certain or possibly, and why."""

from dataclasses import dataclass, replace

import numpy as np

from headrace.graph.ownership import kernels
from headrace.graph.ownership.chains import Chain, chains
from headrace.graph.ownership.control import Control, Step, control, proof
from headrace.graph.ownership.integrated import Lists, Ownership, solve, ultimate_holders
from headrace.graph.ownership.rulesets import Among, Measure, RuleSet, Test
from headrace.graph.ownership.shares import Bools, Codes, Floats, Ints, Shares
from headrace.graph.ownership.votes import Agreement, Agreements, Votes, handed_over, read_votes


@dataclass(frozen=True)
class Standing:
    """Everything that rules about owners ask for.

    Attributes:
        equity: Capital with its loops solved.
        higher: The higher of capital and votes in every layer; `equity` itself where votes follow
            capital.
        equity_lists: Ultimate holders by capital.
        higher_lists: The same by the higher of both.
        votes: Who casts which votes.
        control: Who controls whom.
        persons: bool (parties,): natural persons.
    """

    equity: Ownership
    higher: Ownership
    equity_lists: Lists
    higher_lists: Lists
    votes: Votes
    control: Control
    persons: Bools


@dataclass(frozen=True)
class BeneficialOwners:
    """Owners under one rule set, one row each, by company.

    Attributes:
        rules: The rule set.
        company: int32.
        owner: int32.
        test: int8: which of `rules.tests` is met, the first that is.
        low: float64: share, or share of votes, that is certain.
        high: float64: that is possible.
        certain: bool: met whatever the unknown shares are; else only possibly.
    """

    rules: RuleSet
    company: Codes
    owner: Codes
    test: np.ndarray
    low: Floats
    high: Floats
    certain: Bools

    def of(self, company: int) -> Ints:
        """Rows of one company."""
        return np.flatnonzero(self.company == company)


def standing(equity: Shares, voting: Shares, agreements: Agreements, persons: Bools) -> Standing:
    """Solve ownership and control.

    Args:
        equity: Shares of capital.
        voting: Shares of votes, before agreements; `equity` itself where votes follow capital.
        agreements: About votes.
        persons: bool (parties,): natural persons.
    """
    solved = solve(equity)
    lists = ultimate_holders(solved)
    votes = read_votes(voting, agreements)
    higher, higher_lists = solved, lists
    if voting is not equity:
        nominees = agreements.only(Agreement.NOMINEE)
        holder, _ = handed_over(voting.holder, voting.company, nominees)
        higher = solve(higher_of(equity, replace(voting, holder=holder)))
        higher_lists = ultimate_holders(higher)
    return Standing(solved, higher, lists, higher_lists, votes, control(votes), persons)


def higher_of(equity: Shares, voting: Shares) -> Shares:
    """Of every holder in every company the higher of capital and votes.

    What is left of a company is what the sum leaves, nothing where it exceeds the whole. On loops
    a sum above the whole would have no solution; companies there keep their capital.
    """
    shares = _higher(equity, voting, np.zeros(equity.parties, np.bool_))
    label, place = (np.empty(equity.parties, np.int32) for _ in range(2))
    members, at = kernels.components(
        np.arange(equity.parties, dtype=np.int32), *shares.graph[:3],
        np.zeros(equity.parties, np.int32), label, place,
    )  # fmt: skip
    looped, _ = kernels.leaks(members, at, label, shares.graph, shares.remainder)
    total = np.bincount(shares.company, shares.share, shares.parties)
    back = looped[label] & (total > 1)
    return _higher(equity, voting, back) if back.any() else shares


def _higher(equity: Shares, voting: Shares, capital_only: Bools) -> Shares:
    parties = equity.parties
    holder = np.concatenate([equity.holder, voting.holder])
    company = np.concatenate([equity.company, voting.company])
    share = np.concatenate([equity.share, voting.share])
    edge = np.concatenate([equity.edge, voting.edge])
    votes = np.arange(len(holder)) >= len(equity.holder)
    _, pair = np.unique(company.astype(np.int64) * parties + holder, return_inverse=True)
    by_equity = np.bincount(pair[~votes], share[~votes], pair.max(initial=-1) + 1)
    by_votes = np.bincount(pair[votes], share[votes], pair.max(initial=-1) + 1)
    kept = votes == ((by_votes > by_equity)[pair] & ~capital_only[company])
    holder, company, share, edge = (each[kept] for each in (holder, company, share, edge))
    order, start, length = kernels.neighbours(company, parties)
    remainder = np.empty(parties)
    kernels.remainders(start, length, share[order], remainder)
    remainder = np.where(length > 0, np.maximum(remainder, 0.0), equity.remainder)
    return Shares(
        parties, start, length, holder[order], company[order], share[order], edge[order],
        remainder, (),
    )  # fmt: skip


def beneficial_owners(
    rules: RuleSet, standing: Standing, companies: Codes | None = None
) -> BeneficialOwners:
    """Owners of companies under a rule set.

    Each owner is named by the first test it meets for certain; where it meets none for certain,
    by the first it possibly meets.

    Args:
        rules: Dated and cited.
        standing: Solved.
        companies: int32: which; None: all.
    """
    found = [
        _meeting(number, test, rules, standing, companies)
        for number, test in enumerate(rules.tests)
    ]
    company, owner, test, low, high, certain = (
        np.concatenate([each[column] for each in found]) for column in range(6)
    )
    order = np.lexsort((test, ~certain, owner, company))
    key = company[order].astype(np.int64) * len(standing.persons) + owner[order]
    rows = order[np.flatnonzero(np.diff(key, prepend=-1))]
    return BeneficialOwners(
        rules, company[rows], owner[rows], test[rows].astype(np.int8), low[rows], high[rows],
        certain[rows],
    )  # fmt: skip


def _meeting(
    number: int, test: Test, rules: RuleSet, standing: Standing, companies: Codes | None
) -> tuple[np.ndarray, ...]:
    """Company, owner, test, low, high, certain of those who meet one test."""
    if test.measure is Measure.CONTROL:
        pairs = standing.control.ultimate()
        if companies is not None:
            pairs = pairs.rows(np.isin(pairs.controlled, companies))
        company, owner, low, high = pairs.controlled, pairs.controller, pairs.low, pairs.high
        certain = pairs.certain
    else:
        lists = standing.equity_lists if test.measure is Measure.EQUITY else standing.higher_lists
        owners = lists.at_least(test.share_min, companies)
        company, owner, low, high = owners.company, owners.holder, owners.low, owners.high
        certain = low >= test.share_min - 1e-12
    kept = (
        standing.persons[owner] if rules.among is Among.PERSONS else np.ones(len(owner), np.bool_)
    )
    return (
        company[kept], owner[kept], np.full(int(kept.sum()), number), low[kept], high[kept],
        certain[kept],
    )  # fmt: skip


def why(
    owners: BeneficialOwners, row: int, standing: Standing
) -> tuple[Chain, ...] | tuple[Step, ...]:
    """The proof of one row: chains of holdings with their shares, or the steps of control."""
    company, owner = int(owners.company[row]), int(owners.owner[row])
    measure = owners.rules.tests[int(owners.test[row])].measure
    if measure is Measure.CONTROL:
        return proof(standing.votes, owner, company)
    solved = standing.equity if measure is Measure.EQUITY else standing.higher
    return chains(solved, owner, company)

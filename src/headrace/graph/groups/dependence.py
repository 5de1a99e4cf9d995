"""Economic dependence (经济依存): stars around a party whose trouble would become its dependents'.

The factors are those of annex 1 of 商业银行大额风险暴露管理办法, as a bank of exam questions
quotes them; Basel LEX10 (economic interdependence) lists the same. A dependent is a member of the
star of each party on which it depends, and only of that: dependence is not passed on, nor joined to
groups by control.
"""

import numpy as np

from headrace.graph.groups.basis import NANO, Basis, Ints, Mask, Ragged, nano, ragged
from headrace.graph.groups.memberships import (
    Found,
    Memberships,
    by_rule,
    heads,
    nobody,
    reaches,
    together,
)
from headrace.graph.groups.rules import GroupKind, Rule, RuleBook
from headrace.graph.relations.kinds import Kind

_ON_ANOTHER = ("dependence.income", "dependence.expenditure", "dependence.repayment")
_IN_COMMON = ("dependence.funding", "dependence.same_source")


def economic_dependence(basis: Basis, book: RuleBook) -> Memberships:
    """Every star of dependents; a source that several have in common is no member of its star."""
    parts = [_shares(basis, book, name, Kind.DEPENDS) for name in _ON_ANOTHER]
    parts.append(_shares(basis, book, "dependence.sales", Kind.SUPPLIES))
    parts.append(_guarantors(basis, book))
    alike = [_shares(basis, book, name, Kind.DEPENDS) for name in _IN_COMMON]
    centres = np.concatenate([part.head for part in parts])
    rows = together([*parts, *(_several(each) for each in alike)])
    return together([rows, heads(GroupKind.DEPENDENCE, centres)])


def _shares(basis: Basis, book: RuleBook, name: str, kind: Kind) -> Memberships:
    """Subjects whose share of something that comes from the object reaches the threshold.

    A relation without a share, or without saying a share of what, makes possible members only.
    """
    entry = book.get(name)
    if entry is None:
        return nobody()
    rule, snapshot = entry[1], basis.snapshot
    edges = basis.with_roles(kind, rule.roles) if rule.roles else basis.edges(kind)
    said = np.ones(len(edges), np.bool_)
    if name == "dependence.income":
        unsaid = basis.edges(kind)
        unsaid = unsaid[snapshot.role[unsaid] < 0]
        said = np.repeat([True, False], [len(edges), len(unsaid)])
        edges = np.concatenate([edges, unsaid])
    edges, certain = _reaching(basis, rule, edges, said)
    return by_rule(
        book,
        name,
        Found(
            snapshot.object[edges],
            snapshot.subject[edges],
            certain,
            ragged((edges,), len(edges)),
            snapshot.low[edges],
            snapshot.high[edges],
        ),
    )


def _reaching(basis: Basis, rule: Rule, edges: Ints, said: Mask) -> tuple[Ints, Mask]:
    low, high = basis.snapshot.low[edges], basis.snapshot.high[edges]
    certain = reaches(rule, nano(low)) & said
    possible = reaches(rule, nano(high)) | np.isnan(high)
    if rule.id == "dependence.sales":
        possible &= ~np.isnan(high)  # to supply somebody is not yet to depend on him
    kept = certain | possible
    kept &= (basis.snapshot.subject[edges] != basis.bank) & (
        basis.snapshot.object[edges] != basis.bank
    )
    return edges[kept], certain[kept]


def _several(rows: Memberships) -> Memberships:
    """Only stars of two members and more: a source is in common when two have it."""
    head, count = np.unique(rows.head, return_counts=True)
    return rows.where(np.isin(rows.head, head[count > 1]))


def _guarantors(basis: Basis, book: RuleBook) -> Memberships:
    """Guarantors whose guarantees for one borrower are large beside their own net assets.

    Amounts are compared exactly. Without net assets, or an amount, the guarantor possibly depends.
    """
    name = "dependence.guarantee"
    entry = book.get(name)
    if entry is None:
        return nobody()
    snapshot, width = basis.snapshot, basis.parties
    edges = basis.edges(Kind.GUARANTEES)
    key = snapshot.subject[edges].astype(np.int64) * width + snapshot.object[edges]
    order = np.argsort(key, kind="stable")
    edges, key = edges[order], key[order]
    pairs, starts = np.unique(key, return_index=True)
    amount = np.zeros(len(pairs), np.int64)
    stated = np.ones(len(pairs), np.bool_)
    if len(pairs):
        amount = np.add.reduceat(snapshot.amount[edges], starts)
        stated = np.logical_and.reduceat(snapshot.amount_known[edges], starts)
    guarantor = pairs // width
    assets, known = _net_assets(basis, guarantor)
    # Amounts in fen times a billion pass 64 bits: whole numbers of any size.
    large = amount.astype(object) * NANO >= assets.astype(object) * entry[1].threshold_nano
    large = large.astype(np.bool_) & (amount > 0)
    certain = large & known
    kept = np.flatnonzero(certain | ~known | (~stated & ~large))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(known & (assets > 0), amount / assets, np.nan)
    proof = Ragged(np.append(starts, len(edges)).astype(np.int64), edges)
    return by_rule(
        book,
        name,
        Found(
            (pairs % width)[kept],
            guarantor[kept],
            certain[kept],
            proof.take(kept),
            share[kept],
            np.where(stated, share, np.nan)[kept],
        ),
    )


def _net_assets(basis: Basis, node: Ints) -> tuple[Ints, Mask]:
    assets, known = basis.known.net_assets, basis.known.net_assets_known
    if assets is None or known is None:
        return np.zeros(len(node), np.int64), np.zeros(len(node), np.bool_)
    return assets[node], known[node]

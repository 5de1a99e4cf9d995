"""Group customers (集团客户): stars around whoever controls, in law or in fact.

The head of a star is a controller that nobody controls for certain; of companies that control each
other, the one with the smallest node. The rules are those of 商业银行集团客户授信业务风险管理指引,
art. 3; Basel LEX10 (control relationship) has the same idea.
"""

import numpy as np
from numpy.typing import NDArray

from headrace.graph.groups.basis import (
    NOTHING,
    Basis,
    Codes,
    Ints,
    Mask,
    at_most,
    first_rows,
    matching,
    ragged,
)
from headrace.graph.groups.joint_control import joint_control
from headrace.graph.groups.kinship import Kin, close_relatives
from headrace.graph.groups.memberships import (
    Found,
    Memberships,
    both,
    by_rule,
    heads,
    reaches,
    together,
)
from headrace.graph.groups.rules import GroupKind, Rule, RuleBook
from headrace.graph.groups.signs import connected_by_signs
from headrace.graph.relations.kinds import Kind, Type


def group_customers(basis: Basis, book: RuleBook) -> Memberships:
    """Every star, with each member's reasons; stars of the same members are one."""
    rows, star = _stars(basis, book)
    parts = [by_rule(book, name, each) for name, each in star.items()]
    parts += _families(basis, book, rows)
    parts += _key_people(basis, book, rows)
    core = together([part for part in parts if len(part)])
    core = _largest_of_equal(basis, core)
    other = connected_by_signs(basis, book, core)
    whole = [core, other, heads(GroupKind.GROUP, np.concatenate([core.head, other.head]))]
    return together(whole)


def _stars(basis: Basis, book: RuleBook) -> tuple[Ints, dict[str, Found]]:
    """Rows of the control table that heads have, and what the rules of control find in them."""
    control, types = basis.control, basis.snapshot.type_of
    able = (types[control.controller] != Type.STATE) | book.state_heads
    able &= (control.controller != control.controlled) & (control.controller != basis.bank)
    able &= (types[control.controlled] != Type.PERSON) & (control.controlled != basis.bank)
    rows = np.flatnonzero(able)
    led = _led(basis, rows)
    rows = rows[~led[control.controller[rows]]]
    head = control.controller[rows]
    person = types[head] == Type.PERSON
    customer = basis.known.customer
    dealt_with = np.ones(len(rows), np.bool_) if customer is None else customer[head]
    return rows, {
        "group.person": _controlled(basis, rows[person]),
        "group.control": _controlled(basis, rows[~person & dealt_with]),
        "group.common_control": _controlled(basis, rows[~person & ~dealt_with]),
    }


def _led(basis: Basis, rows: Ints) -> Mask:
    """Per node, whether another controls it for certain, so that it is no head."""
    control, width = basis.control, basis.parties
    sure = rows[control.certain[rows]]
    over = control.controller[sure].astype(np.int64)
    under = control.controlled[sure].astype(np.int64)
    mutual = np.isin(under * width + over, over * width + under)
    led = np.zeros(width, np.bool_)
    led[under[~mutual | (over < under)]] = True
    return led


def _controlled(basis: Basis, rows: Ints) -> Found:
    control = basis.control
    return Found(
        control.controller[rows],
        control.controlled[rows],
        control.certain[rows],
        ragged((~rows,), len(rows)),
        control.low[rows],
        control.high[rows],
    )


def _families(basis: Basis, book: RuleBook, rows: Ints) -> list[Memberships]:
    """Companies that relatives control, and those that only the family together controls."""
    found = []
    entry = book.get("group.kin")
    if entry is not None:
        kin = close_relatives(basis, entry[1].lineal_generations, entry[1].collateral_generations)
        found.append(by_rule(book, "group.kin", _through_kin(basis, kin, rows)))
    entry = book.get("group.joint")
    if entry is not None:
        kin = close_relatives(basis, entry[1].lineal_generations, entry[1].collateral_generations)
        found.append(by_rule(book, "group.joint", joint_control(basis, entry[1], kin)))
    return found


def _through_kin(basis: Basis, kin: Kin, rows: Ints) -> Found:
    """What the relatives of persons who control something control."""
    control = basis.control
    heads_ = np.unique(control.controller[rows])
    kin = kin.where(np.isin(kin.person, heads_))
    left, right = matching(kin.relative, control.controller[rows])
    at = rows[right]
    proof = kin.proof.take(left).beside(ragged((~at,), len(at)))
    found = Found(
        kin.person[left],
        control.controlled[at],
        control.certain[at],
        proof,
        control.low[at],
        control.high[at],
    )
    return found.where(~_pairs_in(basis, found, rows))


def _pairs_in(basis: Basis, found: Found, rows: Ints) -> Mask:
    """Which pairs of head and member the control table has already."""
    control, width = basis.control, basis.parties
    known = control.controller[rows].astype(np.int64) * width + control.controlled[rows]
    return np.isin(found.head.astype(np.int64) * width + found.member, known)


def _key_people(basis: Basis, book: RuleBook, rows: Ints) -> list[Memberships]:
    """Companies that a head, or kin of it, manages or holds much of, beside those it controls."""
    found = []
    entry = book.get("group.key_manager")
    if entry is not None:
        edges = basis.with_roles(Kind.OFFICE, entry[1].roles)
        office = Found(
            *_ends(basis, edges), np.ones(len(edges), np.bool_), ragged((edges,), len(edges))
        )
        office = _with_kin(basis, entry[1], office, rows)
        found.append(by_rule(book, "group.key_manager", _beside_control(basis, office, rows)))
    entry = book.get("group.main_investor")
    if entry is not None:
        edges = _large_holdings(basis, entry[1])
        share = Found(
            *_ends(basis, edges),
            np.ones(len(edges), np.bool_),
            ragged((edges,), len(edges)),
            basis.snapshot.low[edges],
            basis.snapshot.high[edges],
        )
        share = _with_kin(basis, entry[1], share, rows)
        found.append(by_rule(book, "group.main_investor", _beside_control(basis, share, rows)))
    return found


def _large_holdings(basis: Basis, rule: Rule) -> Ints:
    edges = basis.edges(Kind.OWNS)
    return edges[reaches(rule, at_most(basis.snapshot.high[edges]))]


def _ends(basis: Basis, edges: Ints) -> tuple[Codes, Codes]:
    return basis.snapshot.subject[edges], basis.snapshot.object[edges]


def _with_kin(basis: Basis, rule: Rule, found: Found, rows: Ints) -> Found:
    """The same companies around the close relatives, too, of those who manage or hold much.

    Who controls the company does not count here: its kin have it by `group.kin`.
    """
    kin = close_relatives(basis, rule.lineal_generations, rule.collateral_generations)
    theirs = found.where(~_pairs_in(basis, found, rows))
    left, right = matching(theirs.head, kin.person)
    near = Found(
        kin.relative[right],
        theirs.member[left],
        theirs.certain[left],
        theirs.proof.take(left).beside(kin.proof.take(right)),
        None if theirs.low is None else theirs.low[left],
        None if theirs.high is None else theirs.high[left],
    )
    return both(found, near)


def _beside_control(basis: Basis, found: Found, rows: Ints) -> Found:
    """Only where the head is a person with control of another company; that control is proof."""
    control, types = basis.control, basis.snapshot.type_of
    persons = (types[found.head] == Type.PERSON) & (found.member != basis.bank)
    found = found.where(persons & ~_pairs_in(basis, found, rows))
    first = np.full(basis.parties, NOTHING, np.int64)
    first[control.controller[rows[::-1]]] = ~rows[::-1]
    found = found.where(first[found.head] != NOTHING)
    with_control = found.proof.beside(ragged((first[found.head],), len(found.head)))
    return Found(found.head, found.member, found.certain, with_control, found.low, found.high)


def _largest_of_equal(basis: Basis, rows: Memberships) -> Memberships:
    """Of stars around persons with the same companies, the one whose head controls most itself.

    Rows that rest on one item are those of a head's own control.
    """
    person = basis.snapshot.type_of[rows.head] == Type.PERSON
    counted = basis.snapshot.type_of[rows.member] != Type.PERSON
    at = np.flatnonzero(person & counted)
    at = at[np.argsort(~rows.certain[at], kind="stable")]  # of several reasons the certain one
    at = at[first_rows(rows.head[at], rows.member[at])]
    if not len(at):
        return rows
    starts = np.flatnonzero(np.diff(rows.head[at], prepend=-1))
    token = rows.member[at].astype(np.uint64) * np.uint64(2) + rows.certain[at]
    sums = [np.add.reduceat(_mixed(token + np.uint64(salt)), starts) for salt in (0, 1 << 40)]
    head = rows.head[at][starts]
    own = np.bincount(rows.head[rows.proof.counts == 1], minlength=basis.parties)[head]
    order = np.lexsort((head, -own))
    kept = head[order[first_rows(*(each[order].view(np.int64) for each in sums))]]
    return rows.where(~person | np.isin(rows.head, kept))


def _mixed(token: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers whose sums tell sets apart (the finalizer of splitmix64, public domain)."""
    mixed = token + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))

"""Groups for limits of a folder's facts: members with rule and proof, limits, and what moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.contracts.products.catalogue import shipped_products
from headrace.graph.groups.basis import Codes, Known
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.changes import Move, diff
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.limits import Capital, Exposures, room_for, usages
from headrace.graph.groups.memberships import HEAD
from headrace.graph.groups.rules import GroupKind, RuleBook
from headrace.graph.groups.snapshots import exposures_at, groups_of
from headrace.graph.groups.words import (
    Language,
    article_words,
    move_words,
    number_words,
    proof_words,
    rule_words,
)
from headrace.graph.relations.snapshot import Snapshot
from headrace.workflows.graph_view import GraphView

LOANS = ("loan", "working_capital", "term_loan", "revolving_credit", "discount")
"""Products that count as loans where a limit is on loans, beside those of the catalogue."""

MEMBERS = pa.schema(
    {
        "kind": pa.string(),
        "head": pa.string(),
        "head_name": pa.string(),
        "member": pa.string(),
        "member_name": pa.string(),
        "certain": pa.bool_(),
        "rule": pa.string(),
        "rule_en": pa.string(),
        "rule_zh": pa.string(),
        "article": pa.string(),
        "verified": pa.bool_(),
        "number": pa.string(),
        "facts": pa.list_(pa.string()),
        "proof_en": pa.list_(pa.string()),
        "proof_zh": pa.list_(pa.string()),
    }
)
ROOM = pa.schema(
    {
        "limit": pa.string(),
        "limit_en": pa.string(),
        "limit_zh": pa.string(),
        "head": pa.string(),
        "capital": pa.string(),
        "limit_minor": pa.int64(),
        "used_minor": pa.int64(),
        "room_minor": pa.int64(),
    }
)
USES = pa.schema(
    {
        "limit": pa.string(),
        "limit_en": pa.string(),
        "limit_zh": pa.string(),
        "head": pa.string(),
        "head_name": pa.string(),
        "used_minor": pa.int64(),
        "used_possible_minor": pa.int64(),
        "capital": pa.string(),
        "limit_minor": pa.int64(),
        "passed": pa.bool_(),
    }
)
MOVES = pa.schema(
    {
        "kind": pa.string(),
        "head": pa.string(),
        "head_name": pa.string(),
        "member": pa.string(),
        "member_name": pa.string(),
        "before": pa.string(),
        "after": pa.string(),
        "causes": pa.list_(pa.string()),
        "facts": pa.list_(pa.string()),
        "rules": pa.list_(pa.string()),
        "reason_en": pa.string(),
        "reason_zh": pa.string(),
        "searched": pa.bool_(),
    }
)


@dataclass(frozen=True)
class Book:
    """Groups of a view, and what the bank has at risk.

    Attributes:
        groups: By the rules in force on the day.
        exposures: Per node.
        strangers: Exposures on parties that no other fact names: customers by themselves.
    """

    groups: Groups
    exposures: Exposures
    strangers: pa.Table


def groups_at(
    view: GraphView, rules: RuleBook, bank: str | None, zone: str, merged: Codes | None = None
) -> Book:
    """The groups of a view.

    Args:
        view: The graph.
        rules: Of every date.
        bank: Code of the bank itself, for its related parties; None: none are looked for.
        zone: In which the day is told.
        merged: Per node, the node it is another code of; None: codes are parties.

    Raises:
        InputError: If no fact names the bank.
    """
    snapshot = view.snapshot
    node = -1 if bank is None else snapshot.node(bank)
    groups = groups_of(basis_of(snapshot, node, Known(merged=merged)), rules, zone)
    book = exposures_at(view.exposures, snapshot, loan_products())
    return Book(groups, book.exposures, book.strangers)


def loan_products() -> tuple[str, ...]:
    """Every product that counts as a loan where a limit is on loans: what it pays out is one."""
    catalogue = shipped_products().values()
    return (*LOANS, *(each.code for each in catalogue if "loan_principal" in each.accounts))


def member_table(groups: Groups, party: str | None = None) -> pa.Table:
    """Members of groups, one row a member and rule; see MEMBERS.

    Args:
        groups: All of them.
        party: Only groups that it is in; None: every group.

    Raises:
        InputError: If no fact names the party.
    """
    chosen = range(len(groups))
    if party is not None:
        chosen = groups.of(groups.basis.snapshot.node(party)).tolist()
    rows = [_member(groups, row) for group in chosen for row in _told(groups, group)]
    return pa.Table.from_pylist(rows, MEMBERS)


def _told(groups: Groups, group: int) -> Iterator[int]:
    for row in groups.rows(group):
        if int(groups.memberships.rule[row]) != HEAD:
            yield row


def _member(groups: Groups, row: int) -> dict[str, Any]:
    rows, parties = groups.memberships, groups.basis.snapshot.parties
    rule = groups.rule(row)
    head, member = int(rows.head[row]), int(rows.member[row])
    return {
        "kind": GroupKind(int(rows.kind[row])).name.lower(),
        "head": parties.codes[head].as_py(),
        "head_name": parties.names[head].as_py(),
        "member": parties.codes[member].as_py(),
        "member_name": parties.names[member].as_py(),
        "certain": bool(rows.certain[row]),
        "rule": rule.id if rule else None,
        "rule_en": rule_words(groups, row, Language.EN),
        "rule_zh": rule_words(groups, row, Language.ZH),
        "article": article_words(groups, rule),
        "verified": rule.verified if rule else None,
        "number": number_words(groups, row),
        "facts": _facts(groups.basis.snapshot, groups.edges(row).tolist()),
        "proof_en": list(proof_words(groups, row, Language.EN)),
        "proof_zh": list(proof_words(groups, row, Language.ZH)),
    }


def _facts(snapshot: Snapshot, edges: list[int]) -> list[str]:
    return list(dict.fromkeys(snapshot.fact[edge].as_py() for edge in edges))


def use_table(book: Book, capital: Capital, least: int = 1) -> pa.Table:
    """Every limit against everybody who uses it, the fullest first; see USES.

    Args:
        book: Groups and exposures.
        capital: Of the bank; limits on capital that is not known have no amount.
        least: Rows with less used, minor units, are left out.
    """
    parties = book.groups.basis.snapshot.parties
    rows = []
    for usage in usages(book.groups, book.exposures, capital):
        order = np.argsort(-usage.used_possible, kind="stable")
        for at in order[usage.used_possible[order] >= least].tolist():
            head, used = int(usage.head[at]), int(usage.counted[at])
            rows.append(
                {
                    "limit": usage.limit.id,
                    "limit_en": usage.limit.en,
                    "limit_zh": usage.limit.zh,
                    "head": None if head < 0 else parties.codes[head].as_py(),
                    "head_name": None if head < 0 else parties.names[head].as_py(),
                    "used_minor": int(usage.used[at]),
                    "used_possible_minor": int(usage.used_possible[at]),
                    "capital": usage.limit.denominator.value,
                    "limit_minor": usage.limit_minor,
                    "passed": None if usage.limit_minor is None else used > usage.limit_minor,
                }
            )
    return pa.Table.from_pylist(rows, USES)


def room_table(book: Book, capital: Capital, party: str) -> pa.Table:
    """How much more each limit leaves to a party, the tightest first; see ROOM.

    Raises:
        InputError: If no fact names it.
    """
    snapshot = book.groups.basis.snapshot
    rows = [
        {
            "limit": room.limit.id,
            "limit_en": room.limit.en,
            "limit_zh": room.limit.zh,
            "head": None if room.head < 0 else snapshot.names[room.head].as_py(),
            "capital": room.limit.denominator.value,
            "limit_minor": room.limit_minor,
            "used_minor": room.used_minor,
            "room_minor": room.room_minor,
        }
        for room in room_for(book.groups, book.exposures, capital, snapshot.node(party))
    ]
    return pa.Table.from_pylist(rows, ROOM)


def move_table(before: Groups, after: Groups, rules: RuleBook, zone: str) -> pa.Table:
    """Who joined, left or became certain between two views, and why; see MOVES.

    `rules` are the identifiers of rules in force on one of the two days only, without which the
    move is not made; `searched` is false where the tries ran out before all was tried.
    """

    def regroup(snapshot: Snapshot, day: date | None = None) -> Groups:
        basis = basis_of(snapshot, before.basis.bank, before.basis.known)
        return groups_of(basis, rules, zone, day)

    moves = diff(before, after, regroup, renewed=partial(regroup, day=after.day))
    return pa.Table.from_pylist([_move(after.basis.snapshot, move) for move in moves], MOVES)


def _move(snapshot: Snapshot, move: Move) -> dict[str, Any]:
    parties = snapshot.parties
    return {
        "kind": move.kind.name.lower(),
        "head": parties.codes[move.head].as_py(),
        "head_name": parties.names[move.head].as_py(),
        "member": parties.codes[move.member].as_py(),
        "member_name": parties.names[move.member].as_py(),
        "before": _state(move.before),
        "after": _state(move.after),
        "causes": [change.what.value for change in move.causes],
        "facts": [change.fact for change in move.causes],
        "rules": [rule.id for rule in move.rules],
        "reason_en": move_words(move, Language.EN),
        "reason_zh": move_words(move, Language.ZH),
        "searched": move.searched,
    }


def _state(certain: bool | None) -> str:  # noqa: FBT001 - a state of three, not a switch
    if certain is None:
        return "out"
    return "certain" if certain else "possible"

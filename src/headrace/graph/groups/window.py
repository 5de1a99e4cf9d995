"""Related parties of the months before and after a moment.

Who was related to the bank within the last months, or will be as far as is known, is related now:
银行保险机构关联交易管理办法, as summaries give it. The relations near the bank are cut out once and
looked at whenever a tie of the bank, or of a neighbour, begins or ends, always with the knowledge
of the moment itself.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order

from headrace.graph.groups.basis import Ints, Known, Mask, ragged
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.finding import Groups, groups_from
from headrace.graph.groups.memberships import HEAD, Found, by_rule, heads, together
from headrace.graph.groups.related import related_parties
from headrace.graph.groups.rules import GroupKind, Rule
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot, as_of_us
from headrace.graph.relations.statements import ARRAYS, Parties, Statements

WINDOW = "related.window"
_DOWN = (Kind.OWNS, Kind.VOTES, Kind.GENERAL_PARTNER, Kind.LIMITED_PARTNER, Kind.CONTROLS)
_BOTH_WAYS = (Kind.ACTS_WITH, Kind.PROXY, Kind.NOMINEE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Near:
    """The statements that decide who is related to the bank, with nodes of their own.

    Attributes:
        node: The node each of their nodes is in the whole graph.
        bank: The bank's node among theirs.
    """

    statements: Statements
    node: Ints
    bank: int
    known: Known


def with_window(groups: Groups, rule: Rule) -> Groups:
    """The same groups with the related parties of the other moments of the window."""
    near = near_the_bank(groups)
    snapshot = groups.basis.snapshot
    only = tuple(each for each in groups.book.rules if each.kind is GroupKind.RELATED)
    book = replace(groups.book, rules=only)
    own = np.arange(len(near.node), dtype=np.int32)  # everybody counts as itself
    others = []
    for moment in _moments(near, snapshot, rule):
        other = as_of_us(near.statements, moment, snapshot.known)
        basis = basis_of(other, near.bank, near.known)
        rows = related_parties(basis, book)
        others.append(groups_from(basis, book, groups.day, rows, own))
    return _with_others(groups, near, others)


def near_the_bank(groups: Groups) -> Near:
    """What is above the bank, its officers, their kin, and below any of them; whole companies.

    All versions known by the moment count, so that any time can be asked for.
    """
    basis = groups.basis
    whole = basis.snapshot.statements
    usable = (whole.known <= basis.snapshot.known) & (whole.subject != whole.object)
    down = usable & np.isin(whole.kind, _DOWN)
    both = usable & np.isin(whole.kind, _BOTH_WAYS)
    source = np.concatenate([whole.subject[down], whole.subject[both], whole.object[both]])
    target = np.concatenate([whole.object[down], whole.object[both], whole.subject[both]])
    officers = usable & (whole.kind == Kind.OFFICE) & (whole.object == basis.bank)
    inside = _reached((target, source), np.arange(basis.parties) == basis.bank)
    inside[whole.subject[officers]] = True
    family = usable & (whole.kind == Kind.FAMILY)
    for _ in range(2):  # a brother is a parent's child
        near = family & (inside[whole.subject] | inside[whole.object])
        inside[whole.subject[near]] = inside[whole.object[near]] = True
    inside = _reached((source, target), inside)
    kept = ((down | both) & inside[whole.object]) | (both & inside[whole.subject]) | officers
    kept |= family & inside[whole.subject] & inside[whole.object]
    chosen = np.flatnonzero(np.isin(whole.statement, np.unique(whole.statement[kept])))
    return _cut(groups, chosen)


def _reached(links: tuple[NDArray[np.integer], NDArray[np.integer]], seeds: Mask) -> Mask:
    """Nodes that can be reached from seeds, themselves among them."""
    source, target = links
    count, first = len(seeds), np.flatnonzero(seeds)
    rows = np.concatenate([source, np.full(len(first), count)])
    columns = np.concatenate([target, first])
    shape = (count + 1, count + 1)
    matrix = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=shape).tocsr()
    found = breadth_first_order(matrix, count, return_predecessors=False)
    mask = np.zeros(count + 1, np.bool_)
    mask[found] = True
    return mask[:count]


def _cut(groups: Groups, chosen: Ints) -> Near:
    """Some versions, with only the nodes that are in them, and the bank."""
    basis = groups.basis
    whole = basis.snapshot.statements
    ends = [whole.subject[chosen], whole.object[chosen], whole.about[chosen]]
    node = np.union1d(np.concatenate(ends), basis.bank).astype(np.int64)
    node = node[node >= 0]
    place = np.full(len(whole.parties) + 1, -1, np.int32)
    place[node] = np.arange(len(node))
    columns = {name: getattr(whole, name)[chosen] for name in ARRAYS}
    for name in ("subject", "object", "about"):
        columns[name] = place[columns[name]]
    columns["statement"] = np.unique(columns["statement"], return_inverse=True)[1]
    taken = pa.array(node)
    parties = whole.parties
    some = Parties(parties.codes.take(taken), parties.names.take(taken), parties.type[node])
    fact = whole.fact.take(pa.array(chosen))
    statements = replace(whole, parties=some, fact=fact, **columns)
    known = basis.known
    adult = None if known.adult is None else known.adult[node]
    told = None if known.adult_known is None else known.adult_known[node]
    return Near(
        statements,
        node.astype(np.int64),
        int(place[basis.bank]),
        Known(adult=adult, adult_known=told),
    )


def _moments(near: Near, now: Snapshot, rule: Rule) -> list[int]:
    """Ends of the window and every beginning and end of a tie near the bank, the nearest first."""
    statements, moment = near.statements, instant(now.moment)
    months = (-rule.months_back, rule.months_forward)
    first, last = (_microseconds(_shifted(moment, each)) for each in months)
    touching = (statements.subject == near.bank) | (statements.object == near.bank)
    close = np.union1d(statements.subject[touching], statements.object[touching])
    tied = np.isin(statements.subject, close) | np.isin(statements.object, close)
    times = np.concatenate([statements.since[tied], statements.until[tied] - 1, [first, last]])
    inside = (times >= first) & (times <= last) & (times != now.moment)
    return sorted(set(times[inside].tolist()), key=lambda at: abs(at - now.moment))


def _with_others(groups: Groups, near: Near, others: list[Groups]) -> Groups:
    """The same groups with the related parties of other moments that are not related now."""
    bank = groups.basis.bank
    seen = set(groups.memberships.member[groups.memberships.kind == GroupKind.RELATED].tolist())
    found: dict[int, tuple[Groups, int]] = {}
    for other in others:
        rows = other.memberships
        for row in np.flatnonzero((rows.kind == GroupKind.RELATED) & (rows.rule != HEAD)).tolist():
            member = int(near.node[rows.member[row]])
            better = member not in found or (rows.certain[row] and not _certain(found[member]))
            if member not in seen and better:
                found[member] = other, row
    if not found:
        return groups
    members = np.array(sorted(found), np.int64)
    certain = np.array([_certain(found[each]) for each in sorted(found)], np.bool_)
    head = np.full(len(members), bank)
    rows_found = Found(head, members, certain, ragged((), len(members)))
    parts = [groups.memberships, by_rule(groups.book, WINDOW, rows_found)]
    parts.append(heads(GroupKind.RELATED, np.array([] if seen else [bank], np.int64)))
    merged = together(parts)
    rule = groups.book.get(WINDOW)
    at = np.flatnonzero(merged.rule == (rule[0] if rule else HEAD - 1))
    elsewhere = {int(row): found[int(merged.member[row])] for row in at}
    whole = groups_from(groups.basis, groups.book, groups.day, merged, groups.customer)
    return replace(whole, elsewhere=elsewhere)


def _certain(place: tuple[Groups, int]) -> bool:
    groups, row = place
    return bool(groups.memberships.certain[row])


def instant(moment: int) -> datetime:
    """A moment in microseconds since 1970, UTC, as an aware instant."""
    return _EPOCH + timedelta(microseconds=moment)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _shifted(moment: datetime, months: int) -> datetime:
    """The same day some months later (earlier if negative), or that month's last day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))

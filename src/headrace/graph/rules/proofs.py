"""Why a fact stands: the rule, what its variables are, and a proof of each fact that it needs.

Nothing is stored for it. A fact that stands has a derivation whose facts of the same recursion are
of lower rank (see `closure`), so looking for such a derivation, and for one of each of its facts,
ends at the given facts and never comes back to where it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from headrace.graph.rules.closure import Closure
from headrace.graph.rules.joining import UNLIMITED, Seen, bindings_of, joined, matches
from headrace.graph.rules.maintaining import Part
from headrace.graph.rules.planning import FIRST, LIMIT, Join, Plans
from headrace.graph.rules.ruleset import PlainTotal
from headrace.graph.rules.store import Ints

Key = tuple[str, int]  # a relation and the row of a fact in its store


@dataclass(frozen=True, eq=False)
class Proof:
    """One fact and what it rests on. Facts that are needed twice are proved by one object.

    Attributes:
        relation: Of the fact.
        fact: Its columns, without the edge.
        rule: As written; "" of a given fact.
        variables: What stands for each named variable of the rule.
        total: What a total came to; None elsewhere.
        edge: Position of the edge of a given fact; None of a derived one.
        parts: Proofs of the facts that the rule needs, contributions of a total among them.
        absent: Facts that must not be there: relation and columns, None where any would do.
    """

    relation: str
    fact: tuple[int, ...]
    rule: str = ""
    variables: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None
    edge: int | None = None
    parts: tuple["Proof", ...] = field(default=(), repr=False)
    absent: tuple[tuple[str, tuple[int | None, ...]], ...] = ()

    def walk(self) -> Iterator[tuple[int, "Proof", bool]]:
        """Every step with its depth, before what it rests on; True where it was seen before."""
        seen: set[int] = set()
        stack = [(0, self)]
        while stack:
            depth, proof = stack.pop()
            again = id(proof) in seen
            yield depth, proof, again
            seen.add(id(proof))
            if not again:
                stack += [(depth + 1, part) for part in reversed(proof.parts)]

    def edges(self) -> dict[str, list[int]]:
        """The edges that the proof rests on, by relation, in order."""
        found: dict[str, set[int]] = {}
        for _, proof, _ in self.walk():
            if proof.edge is not None:
                found.setdefault(proof.relation, set()).add(proof.edge)
        return {name: sorted(edges) for name, edges in found.items()}


@dataclass(frozen=True)
class _Found:
    """A derivation that was found, its facts not proved yet."""

    rule: str
    variables: dict[str, int]
    total: int | None
    needs: tuple[Key, ...]
    absent: tuple[tuple[str, tuple[int | None, ...]], ...]


def prove(closure: Closure, relation: str, fact: tuple[int, ...]) -> Proof | None:
    """Why a fact stands; None: it does not.

    Args:
        closure: Where the fact may stand.
        relation: A derived one.
        fact: Its columns.
    """
    row = int(closure.stores[relation].find(np.array([fact], np.int64))[0])
    if row < 0:
        return None
    done: dict[Key, Proof] = {}
    found: dict[Key, _Found] = {}
    stack: list[Key] = [(relation, row)]
    while stack:
        key = stack[-1]
        if key in done:
            stack.pop()
            continue
        if key[0] in closure.rules.base:
            done[key] = _given(closure, key)
            continue
        if key not in found:
            found[key] = _derivation(closure, key)
        missing = [each for each in found[key].needs if each not in done]
        stack += missing
        if not missing:
            done[key] = _proved(closure, key, found[key], done)
    return done[relation, row]


def _given(closure: Closure, key: Key) -> Proof:
    *fact, edge = closure.stores[key[0]].rows[key[1]].tolist()
    return Proof(key[0], tuple(fact), edge=edge)


def _proved(closure: Closure, key: Key, found: _Found, done: Mapping[Key, Proof]) -> Proof:
    return Proof(
        relation=key[0],
        fact=tuple(closure.stores[key[0]].rows[key[1]].tolist()),
        rule=found.rule,
        variables=found.variables,
        total=found.total,
        parts=tuple(done[each] for each in found.needs),
        absent=found.absent,
    )


def _derivation(closure: Closure, key: Key) -> _Found:
    """A derivation of a fact that stands, from facts of its recursion of lower rank."""
    part = next(each for each in closure.parts if key[0] in each.component.relations)
    found = next(_derivations(closure, part, key), None)
    assert found is not None, "a fact that stands has a derivation"  # noqa: S101 - the invariant
    return found


def _derivations(closure: Closure, part: Part, key: Key) -> Iterator[_Found]:
    store = closure.stores[key[0]]
    row, rank = store.rows[key[1] : key[1] + 1], int(store.rank[key[1]])
    for plans in part.rules(key[0]):
        begun = bindings_of(plans, plans.backward, row)
        begun[:, LIMIT] = rank
        for bindings in joined(plans.backward.steps, begun, closure.stores, Seen.STANDING):
            yield _of_rule(closure, plans, bindings[:1])
            break
    for total in part.totals(key[0]):
        inside = total.parts in part.component.relations
        yield _of_total(closure, total, row, rank if inside else UNLIMITED)


def _of_rule(closure: Closure, plans: Plans, binding: Ints) -> _Found:
    rule = plans.rule
    values = binding[0].tolist()
    return _Found(
        rule=rule.text,
        variables={name: values[FIRST + at] for at, name in enumerate(rule.names) if name},
        total=None,
        needs=tuple(
            (reading.relation, _witness(closure, join, binding))
            for reading, join in zip(rule.body, plans.witnesses, strict=True)
        ),
        absent=tuple(
            (
                reading.relation,
                tuple(
                    None if slot in rule.free else values[FIRST + slot] for slot in reading.slots
                ),
            )
            for reading in rule.absent
        ),
    )


def _witness(closure: Closure, join: Join, binding: Ints) -> int:
    """The row of a fact that agrees with a binding."""
    store = closure.stores[join.relation]
    if join.whole:
        pairs = sorted((*join.key, *join.equal), key=lambda each: each.column)
        keys = np.ascontiguousarray(binding[:, [pair.slot for pair in pairs]])
        return int(store.find(keys)[0])
    _, match = next(each for each in matches(join, binding, store, Seen.STANDING) if len(each[0]))
    return int(match[0])


def _of_total(closure: Closure, total: PlainTotal, row: Ints, limit: int) -> _Found:
    store, groups = closure.stores[total.parts], row[:, : total.groups]
    ids = np.concatenate(list(store.having(groups)))
    rank = store.rank[ids]
    ids = ids[(rank >= 0) & (rank < limit)]
    whole, _ = store.totals(groups, np.array([limit], np.int64), total.function.value)
    needs = tuple((total.parts, int(each)) for each in np.sort(ids))
    return _Found(total.text, {}, int(whole[0]), needs, ())

"""One component of a rule set after the facts below it changed: what goes, what comes.

See `closure` for the ranks by which this is exact.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from headrace.graph.rules import kernels
from headrace.graph.rules.joining import COMPARISONS, Flags, heads, held_up, supported
from headrace.graph.rules.planning import Join, Plan, Plans
from headrace.graph.rules.ruleset import Component, PlainTotal
from headrace.graph.rules.spreading import Edges, reached
from headrace.graph.rules.store import Ids, Ints, Store

SLACK = 8  # room for an eighth more, so that the first changes do not move everything
NO_IDS: Ids = np.empty(0, np.int32)
Stores = Mapping[str, Store]
Rows = dict[str, Ids]


@dataclass
class Update:
    """An update under way.

    Attributes:
        step: The rank of what is derived now; it only grows.
        came: By relation, rows of facts that were not there before.
        going: By relation, rows of facts that will not be there after.
    """

    step: int
    came: Rows = field(default_factory=dict)
    going: Rows = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A component with the plans of its rules.

    Attributes:
        component: Of a rule set.
        plans: Of its rules.
        edges: The steps of a closure, where it is one.
    """

    component: Component
    plans: tuple[Plans, ...]
    edges: tuple[Edges, ...]

    def rules(self, relation: str) -> Iterator[Plans]:
        """Rules whose head is a relation."""
        return (each for each in self.plans if each.rule.head.relation == relation)

    def totals(self, relation: str) -> Iterator[PlainTotal]:
        """Totals whose groups are a relation."""
        return (each for each in self.component.totals if each.relation == relation)

    @property
    def joins(self) -> Iterator[Join]:
        """Those that walk an index, so that it can be there before the first change."""
        for plans in self.plans:
            for plan in (*plans.forward, *plans.released, *plans.blocked, plans.backward):
                yield from (
                    each for each in plan.steps if isinstance(each, Join) and not each.whole
                )

    def reads(self, relation: str) -> bool:
        """Whether a rule or total reads a relation."""
        return any(each.parts == relation for each in self.component.totals) or any(
            reading.relation == relation
            for each in self.plans
            for reading in (*each.rule.body, *each.rule.absent)
        )


def together(parts: Iterable[Ids]) -> Ids:
    """Rows behind one another."""
    own = [part for part in parts if len(part)]
    if len(own) == 1:
        return own[0]
    return np.concatenate(own) if own else NO_IDS


def bring_up_to_date(part: Part, stores: Stores, update: Update) -> None:
    """Withdraw and derive the facts of a component after those below it changed."""
    came = {name: ids for name, ids in update.came.items() if len(ids) and part.reads(name)}
    going = {name: ids for name, ids in update.going.items() if len(ids) and part.reads(name)}
    if not came and not going:
        return
    returned = _withdraw(part, stores, update, (came, going))
    _derive(part, stores, update, (came, going, returned))


def _withdraw(part: Part, stores: Stores, update: Update, moved: tuple[Rows, Rows]) -> Rows:
    """Mark facts that no longer have a derivation; those that have another come back.

    Returns:
        Rows of those that came back, with a new rank.
    """
    going: dict[str, list[Ids]] = {}
    doubted = _doubted(part, stores, moved[1], moved[0])
    while doubted:
        fallen = {}
        for name, ids in doubted.items():
            store = stores[name]
            kept = _supported(part, stores, name, ids, store.rank[ids].astype(np.int64))
            store.rank[ids[~kept]] = kernels.GONE
            if not kept.all():
                fallen[name] = ids[~kept]
                going.setdefault(name, []).append(ids[~kept])
        doubted = _doubted(part, stores, fallen, {})
    update.step += 1
    returned = {}
    for name, parts in going.items():
        ids = together(parts)
        below = np.full(len(ids), update.step, np.int64)
        back = _supported(part, stores, name, ids, below)
        stores[name].rank[ids[back]] = update.step
        returned[name] = ids[back]
        update.going[name] = ids[~back]
    return returned


def _doubted(part: Part, stores: Stores, going: Rows, came: Rows) -> Rows:
    """Standing facts that may have rested on facts that go, or on the absence of some that came."""
    found: dict[str, list[Ids]] = {}
    for name, ids in _reached(part, stores, going, came):
        found.setdefault(name, []).append(ids)
    doubted = {}
    for name, parts in found.items():
        ids = np.unique(together(parts))
        ids = ids[ids >= 0]
        ids = ids[stores[name].rank[ids] >= 0]
        if len(ids):
            doubted[name] = ids
    return doubted


def _reached(part: Part, stores: Stores, going: Rows, came: Rows) -> Iterator[tuple[str, Ids]]:
    for plans in part.plans:
        name = plans.rule.head.relation
        if len(stores[name]):
            for plan, keys in _causes(plans, stores, going, came):
                for heads_reached in held_up(plans, plan, stores, keys):
                    yield name, stores[name].find(heads_reached)
    for total in part.component.totals:
        if len(stores[total.relation]):
            for ids in (going.get(total.parts, NO_IDS), came.get(total.parts, NO_IDS)):
                groups = stores[total.parts].rows[ids, : total.groups]
                for standing in stores[total.relation].having(groups):
                    yield total.relation, standing


def _causes(plans: Plans, stores: Stores, going: Rows, came: Rows) -> Iterator[tuple[Plan, Ints]]:
    for reading, plan in zip(plans.rule.body, plans.forward, strict=True):
        if reading.relation in going:
            yield plan, stores[reading.relation].rows[going[reading.relation]]
    for reading, plan in zip(plans.rule.absent, plans.blocked, strict=True):
        if reading.relation in came:
            yield plan, stores[reading.relation].rows[came[reading.relation]]


def _supported(part: Part, stores: Stores, name: str, ids: Ids, limits: Ints) -> Flags:
    """Which facts have a derivation from standing ones, in their recursion below a rank."""
    keys = stores[name].rows[ids]
    found = np.zeros(len(ids), np.bool_)
    for plans in part.rules(name):
        rest = np.flatnonzero(~found)
        if len(rest):
            found[rest] = supported(plans, stores, keys[rest], limits[rest])
    for total in part.totals(name):
        groups = np.ascontiguousarray(keys[:, : total.groups])
        inside = total.parts in part.component.relations
        whole, is_there = _totals(total, stores, groups, limits if inside else None)
        if total.operator:
            found |= is_there & _meets(whole, total)
        else:
            found |= is_there & (whole == keys[:, -1])
    return found


def _totals(
    total: PlainTotal, stores: Stores, groups: Ints, limits: Ints | None
) -> tuple[Ints, Flags]:
    """The total of each group, and whether it has any contribution."""
    if limits is None:
        limits = np.full(len(groups), kernels.LAST, np.int64)
    return stores[total.parts].totals(groups, limits, total.function.value)


def _meets(whole: Ints, total: PlainTotal) -> Flags:
    bound = np.int64(total.bound)
    met: Flags = COMPARISONS[total.operator](whole, bound)
    known: Flags = met & (whole != kernels.MISSING)
    return known


def _derive(part: Part, stores: Stores, update: Update, moved: tuple[Rows, Rows, Rows]) -> None:
    """Add what follows from what came, went or came back, round after round."""
    came, going, delta = moved
    fresh: dict[str, list[Ids]] = {}
    update.step += 1
    first = _first_round(part, stores, came, going, update.step)
    rounds = [first, _next_round(part, stores, delta, update.step)]
    while True:
        news: dict[str, list[Ids]] = {}
        for name, keys in (each for one in rounds for each in one):
            new, back = stores[name].add(keys, update.step)
            fresh.setdefault(name, []).append(new)
            _settled(update, name, back)
            news.setdefault(name, []).extend((new, back))
        delta = {name: together(parts) for name, parts in news.items()}
        for name in delta:
            stores[name].shorten_chains()
        if part.edges and _spread(part, stores, update, delta, fresh):
            break
        if not any(len(ids) for ids in delta.values()):
            break
        update.step += 1
        rounds = [_next_round(part, stores, delta, update.step)]
    for name, parts in fresh.items():
        update.came[name] = together([update.came.get(name, NO_IDS), *parts])


def _spread(
    part: Part, stores: Stores, update: Update, delta: Rows, fresh: dict[str, list[Ids]]
) -> bool:
    """Derive a closure that is all new from each of its sources; False where that cannot be."""
    (name,) = part.component.relations
    store, seeds = stores[name], delta.get(name, NO_IDS)
    if not len(seeds) or len(seeds) < len(store):
        return False
    first, done = update.step, False
    for found in reached(part.edges, stores, store.rows[seeds]):
        if not done:
            store.reserve(found.total + found.total // SLACK)
        ids, _ = store.add(found.keys, first)
        store.rank[ids] = first + found.levels
        update.step = max(update.step, first + int(found.levels.max(initial=0)))
        fresh[name].append(ids)
        done = True
    return done


def _settled(update: Update, name: str, back: Ids) -> None:
    """Facts that were going and are derived again do not go."""
    if len(back):
        going = update.going[name]
        update.going[name] = np.setdiff1d(going, back, assume_unique=True)


def _first_round(
    part: Part, stores: Stores, came: Rows, going: Rows, step: int
) -> Iterator[tuple[str, Ints]]:
    """Heads that follow from what changed below."""
    counts = {name: len(store) for name, store in stores.items()}
    for plans in part.plans:
        if all(counts[reading.relation] for reading in plans.rule.body):
            for keys in _followed(plans, stores, came, going, step):
                yield plans.rule.head.relation, keys
    for total in part.component.totals:
        for ids in (came.get(total.parts, NO_IDS), going.get(total.parts, NO_IDS)):
            yield total.relation, _groups(total, stores, ids, None)


def _followed(plans: Plans, stores: Stores, came: Rows, going: Rows, step: int) -> Iterator[Ints]:
    rule = plans.rule
    for at in _drivers(plans, stores, came):
        name = rule.body[at].relation
        begun = stores[name].rows, came[name]
        yield from heads(plans, plans.forward[at], stores, begun, step)
    for reading, plan in zip(rule.absent, plans.released, strict=True):
        if reading.relation in going:
            begun = stores[reading.relation].rows, going[reading.relation]
            yield from heads(plans, plan, stores, begun, step)


def _drivers(plans: Plans, stores: Stores, came: Rows) -> list[int]:
    """Relations to begin with. All that a rule gives has a fact of a relation that is all new.

    Of several of those the largest: its facts are read in order, those of the others are looked up.
    """
    changed = [at for at, each in enumerate(plans.rule.body) if each.relation in came]
    sizes = {at: len(came[plans.rule.body[at].relation]) for at in changed}
    new = [at for at in changed if sizes[at] == len(stores[plans.rule.body[at].relation])]
    return [max(new, key=sizes.__getitem__)] if new else changed


def _next_round(part: Part, stores: Stores, delta: Rows, step: int) -> Iterator[tuple[str, Ints]]:
    """Heads that follow from what the round before derived."""
    for plans in part.plans:
        for reading, plan in zip(plans.rule.body, plans.forward, strict=True):
            ids = delta.get(reading.relation, NO_IDS)
            rows = stores[reading.relation].rows
            for keys in heads(plans, plan, stores, (rows, ids), step):
                yield plans.rule.head.relation, keys
    for total in part.component.totals:
        ids = delta.get(total.parts, NO_IDS)
        if len(ids):
            yield total.relation, _groups(total, stores, ids, step)


def _groups(total: PlainTotal, stores: Stores, ids: Ids, step: int | None) -> Ints:
    """Groups of some contributions that stand now, as facts."""
    groups = np.unique(stores[total.parts].rows[ids, : total.groups], axis=0)
    limits = None if step is None else np.full(len(groups), step, np.int64)
    whole, is_there = _totals(total, stores, groups, limits)
    if total.operator:
        return groups[is_there & _meets(whole, total)]
    return np.column_stack((groups, whole))[is_there]

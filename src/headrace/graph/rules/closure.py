"""Every fact that rules derive, kept current while facts come and go.

A fact carries a rank: the step in which it was derived. It always has a derivation whose facts of
the same recursion are of lower rank, so nothing stands by a circle. That makes

- adding semi-naive: each round joins what the round before it derived with all that stands;
- withdrawing backward first: what may have rested on a fact that goes is asked for another
  derivation from facts of lower rank; only what has none goes too, and is asked once more, in the
  end, for a derivation from anything that still stands (the idea of Motik, Nenov, Piro and
  Horrocks, "Incremental update of Datalog materialisation: the backward/forward algorithm",
  AAAI 2015, with ranks in the place of its search);
- a proof the search for such a derivation (`proofs`): none is stored.

Totals are one more kind of rule: a group stands while the total of its standing contributions does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from headrace.errors import InputError
from headrace.graph.rules import kernels
from headrace.graph.rules.joining import UNLIMITED, heads
from headrace.graph.rules.maintaining import NO_IDS, Part, Update, bring_up_to_date
from headrace.graph.rules.planning import plans_of
from headrace.graph.rules.ruleset import INNER, Component, RuleSet
from headrace.graph.rules.spreading import edges_of
from headrace.graph.rules.store import Ints, Store

NOBODY = -2
"""The code of a text that is in no fact."""
CodeOf = Callable[[str, int], int]
"""From a text in a rule and the kind of its column, PARTY or WORD, to its code."""
Facts = Mapping[str, Ints]
"""Facts by relation: int64 (n, columns), those of a given relation with its edge's position last.

A party is its code, a number a whole number of 10**-places of its column, or `kernels.MISSING`.
"""


@dataclass(frozen=True)
class Delta:
    """What an update changed among derived facts; relations without a change are not there."""

    appeared: Facts
    disappeared: Facts


class Closure:
    """The facts that a rule set derives from given ones.

    Attributes:
        rules: The rule set.
        stores: The facts of every relation; to be read only.
        parts: The components of the rule set with their plans.
    """

    def __init__(
        self, rules: RuleSet, facts: Facts, parties: int, code_of: CodeOf | None = None
    ) -> None:
        """Derive everything.

        Args:
            rules: What to derive.
            facts: Of the given relations; one that is not there has none.
            parties: How many codes there are; facts with others may come later.
            code_of: For the texts in the rules; None: they are in no fact.

        Raises:
            InputError: Facts of a relation that is not given, or with other columns.
        """
        self.rules = rules
        self._kinds = {name: (*(each.kind for each in own), 0) for name, own in rules.base.items()}
        self._kinds |= {
            name: tuple(each.kind for each in own) for name, own in rules.derived.items()
        }
        self.stores = {name: Store(len(own), parties) for name, own in self._kinds.items()}
        self.parts = tuple(self._part(each, code_of or _nobody) for each in rules.components)
        self._step = 0
        self._finish(self._update(facts, {}))
        for part in self.parts:
            for join in part.joins:
                self.stores[join.relation].index(join.columns)

    def __len__(self) -> int:
        """Derived facts, without those of inner relations."""
        return sum(len(self.stores[name]) for name in self.shown)

    @property
    def shown(self) -> tuple[str, ...]:
        """The derived relations that rules write."""
        return tuple(name for name in self.rules.derived if INNER not in name)

    @property
    def nbytes(self) -> int:
        """Bytes of all facts and their indexes."""
        return sum(store.nbytes for store in self.stores.values())

    def facts(self, relation: str) -> Ints:
        """The facts of a relation, in no order: int64 (n, columns)."""
        store = self.stores[relation]
        return store.rows[store.live()]

    def update(self, added: Facts, removed: Facts) -> Delta:
        """Take given facts away, then add others, and derive what follows.

        Args:
            added: Facts of given relations; one that is there already changes nothing.
            removed: The same; one that is not there changes nothing.

        Raises:
            InputError: As when the closure was made; nothing was changed then.
        """
        update = self._update(added, removed)
        delta = Delta(*(
            {
                name: self.stores[name].rows[moved[name]]
                for name in self.shown
                if len(moved.get(name, NO_IDS))
            }
            for moved in (update.came, update.going)
        ))  # fmt: skip
        self._finish(update)
        return delta

    def _part(self, component: Component, code_of: CodeOf) -> Part:
        given = frozenset(self.rules.base)
        plans = []
        for rule in component.rules:
            values = {
                each.slot: each.value
                if isinstance(each.value, int)
                else code_of(each.value, each.kind)
                for each in rule.constants
            }
            plans.append(plans_of(rule, self._kinds, given, component.relations, values))
        return Part(component, tuple(plans), edges_of(component, self._kinds))

    def _update(self, added: Facts, removed: Facts) -> Update:
        added = {name: self._checked(name, facts) for name, facts in added.items()}
        removed = {name: self._checked(name, facts) for name, facts in removed.items()}
        first = self._step == 0
        update = Update(self._step + 1)
        for name, keys in removed.items():
            ids = np.unique(self.stores[name].find(keys))
            update.going[name] = ids[ids >= 0]
            self.stores[name].rank[update.going[name]] = kernels.GONE
        for name, given in added.items():
            store = self.stores[name]
            # Facts that are found together lie together, so that walking a chain is reading on.
            keys = given[np.argsort(given[:, 0], kind="stable")] if first else given
            update.came[name], back = store.add(keys, update.step)
            if len(back):
                update.going[name] = np.setdiff1d(update.going[name], back, assume_unique=True)
        for part in self.parts:
            if first:
                self._begin(part, update)
            bring_up_to_date(part, self.stores, update)
        self._step = update.step
        return update

    def _begin(self, part: Part, update: Update) -> None:
        """Facts of rules that need no other: they are derived once and for all, or by absence."""
        for plans in part.plans:
            if not plans.rule.body:
                store = self.stores[plans.rule.head.relation]
                nothing = np.empty((1, 0), np.int64), np.zeros(1, np.int32)
                for keys in heads(plans, plans.whole, self.stores, nothing, UNLIMITED):
                    fresh, _ = store.add(keys, update.step)
                    name = plans.rule.head.relation
                    update.came[name] = np.append(update.came.get(name, NO_IDS), fresh)

    def _checked(self, name: str, facts: Ints) -> Ints:
        if name not in self.rules.base:
            known = ", ".join(self.rules.base)
            raise InputError(f"{name} is not a given relation", remedy=f"given are {known}")
        width = self.stores[name].width
        keys = np.ascontiguousarray(facts, np.int64)
        if keys.ndim != 2 or keys.shape[1] != width:
            columns = ", ".join(column.name for column in self.rules.base[name])
            problem = f"facts of {name} have shape {keys.shape}"
            raise InputError(problem, remedy=f"{width} columns: {columns}, edge")
        return keys

    def _finish(self, update: Update) -> None:
        """Let go of what went."""
        for name, ids in update.going.items():
            if len(ids):
                self.stores[name].remove(ids)


def _nobody(text: str, kind: int) -> int:
    return NOBODY

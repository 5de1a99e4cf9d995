"""Rules over the relation graph, by the names of parties: kept current, proved, watched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headrace.errors import InputError
from headrace.graph.relations.live import Change
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.relations.statements import Statements
from headrace.graph.rules import kernels
from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.closure import Closure, Delta
from headrace.graph.rules.given import GIVEN, Feature, Words, facts_of, types_of
from headrace.graph.rules.proofs import prove
from headrace.graph.rules.ruleset import PARTY, WORD
from headrace.graph.rules.store import Ints
from headrace.graph.rules.wording import Cell, Wording


@dataclass(frozen=True)
class Alert:
    """A fact of a watched relation that now stands.

    Attributes:
        relation: Of the fact.
        fact: Its columns, in words.
        cells: Its columns, code and name of a party apart.
        proof: Why it stands, a line a step.
        facts: The ids of the facts that it rests on.
    """

    relation: str
    fact: tuple[str, ...]
    proof: tuple[str, ...]
    facts: tuple[str, ...]
    cells: tuple[Cell, ...] = ()


class GraphRules:
    """What rules derive from the relations that stand, kept current with them.

    Attributes:
        rules: The rule set; its warnings are worth reading.
        closure: Every derived fact, by codes.
    """

    def __init__(self, text: str, snapshot: Snapshot, features: Sequence[Feature] = ()) -> None:
        """Derive everything.

        Args:
            text: Rules, see `language`; what they may read, see `given`.
            snapshot: The relations that stand.
            features: Numbers of parties, with names of their own.

        Raises:
            RulesError: The rules cannot be run.
            InputError: They name a party that no fact names; or a feature has the name of
                another, or of a relation.
        """
        self._features = {each.name: each for each in features}
        taken = sorted(set(self._features) & set(GIVEN))
        if taken or len(self._features) < len(features):
            problem = "two features, or a feature and a relation, have the same name"
            raise InputError(problem, where=", ".join(taken), remedy="rename the feature")
        columns = {name: each.columns for name, each in self._features.items()}
        self.rules = read_rules(text, GIVEN | columns)
        self._statements = snapshot.statements
        self._words = Words()
        self._parties = 0
        facts = self._facts(snapshot.version) | self._types()
        facts |= {
            name: each.facts() for name, each in self._features.items() if name in self.rules.used
        }
        self.closure = Closure(self.rules, facts, len(snapshot.parties), self._code)

    @property
    def wording(self) -> Wording:
        """What codes stand for."""
        return Wording(self.rules, self._statements, self._words)

    def apply(self, change: Change, statements: Statements) -> Delta:
        """Take in what changed among the relations, and derive what follows.

        Args:
            change: Of `LiveRelations.apply` or `advance`.
            statements: Every version, those of the change among them.
        """
        self._statements = statements
        added = self._facts(change.added) | self._types()
        return self.closure.update(added, self._facts(change.removed))

    def measured(self, feature: Feature) -> Delta:
        """Take in new values of a feature, in the place of all that it had.

        Raises:
            InputError: If the rules were read without it, or with other decimal places.
        """
        known = self._features.get(feature.name)
        if known is None or known.places != feature.places:
            names = ", ".join(f"{each.name} ({each.places})" for each in self._features.values())
            problem = f"the rules were read without {feature.name} ({feature.places})"
            remedy = f"features, and their decimal places, are {names or 'none'}"
            raise InputError(problem, remedy=remedy)
        self._features[feature.name] = feature
        if feature.name not in self.rules.used:
            return Delta({}, {})
        return self.closure.update({feature.name: feature.facts()}, {feature.name: known.facts()})

    def alerts(self, delta: Delta, watched: Iterable[str]) -> list[Alert]:
        """New facts of some derived relations, each with its proof, in order."""
        wording, found = self.wording, []
        for name in watched:
            for fact in sorted(delta.appeared.get(self._known(name), np.empty(0)).tolist()):
                proof = prove(self.closure, name, tuple(fact))
                if proof is not None:
                    words = wording.fact(name, fact)
                    cells = wording.cells(name, fact)
                    told = wording.lines(proof), wording.facts(proof)
                    found.append(Alert(name, words, *told, cells))
        return found

    def proof(self, relation: str, *parties: str) -> tuple[str, ...]:
        """Why a fact about some parties stands, a line a step; nothing where none does.

        Args:
            relation: A derived one; the columns behind those of the parties may be anything.
            parties: Codes of the parties in its first columns.

        Raises:
            InputError: If no rule derives the relation, or no fact names a party.
        """
        rows = self.closure.facts(self._known(relation))
        for column, code in enumerate(parties):
            rows = rows[rows[:, column] == self._code(code, PARTY)]
        if not len(rows):
            return ()
        found = prove(self.closure, relation, tuple(rows[0].tolist()))
        return () if found is None else self.wording.lines(found)

    def table(self, relation: str) -> pa.Table:
        """The facts of a derived relation, sorted; columns are named "1", "2", ...

        Parties are codes, numbers decimals, null where missing.

        Raises:
            InputError: If no rule derives the relation.
        """
        rows = self.closure.facts(self._known(relation))
        rows = rows[np.lexsort(rows.T[::-1])]
        kinds = [column.kind for column in self.rules.derived[relation]]
        return pa.table(
            {str(at + 1): self._column(rows[:, at], kind) for at, kind in enumerate(kinds)}
        )

    def _column(self, values: Ints, kind: int) -> pa.Array:
        if kind == PARTY:
            return self._statements.parties.codes.take(pa.array(values, mask=values < 0))
        if kind == WORD:
            return pa.array([self._words.word(value) or None for value in values.tolist()])
        missing = values == kernels.MISSING
        texts = np.char.add(values.astype(str), f"e-{kind}")
        return pa.array(texts, pa.string(), mask=missing).cast(pa.decimal128(28, kind))

    def _facts(self, versions: Ints) -> dict[str, Ints]:
        return facts_of(self._statements, versions, self.rules.used, self._words)

    def _types(self) -> dict[str, Ints]:
        """Types of the parties met since the last time."""
        found = types_of(self._statements, self._parties, self.rules.used)
        self._parties = len(self._statements.parties)
        return found

    def _code(self, text: str, kind: int) -> int:
        if kind == WORD:
            return self._words.code(text)
        node = self._statements.parties.find(text)
        if node < 0:
            remedy = "its code as the facts write it"
            raise InputError(f"no fact names the party {text!r}", where="party", remedy=remedy)
        return node

    def _known(self, relation: str) -> str:
        if relation not in self.closure.shown:
            known = ", ".join(self.closure.shown)
            remedy = f"the rules derive {known}"
            raise InputError(f"no rule derives {relation}", where="relation", remedy=remedy)
        return relation

"""Facts and proofs in the words of the relation graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from headrace.graph.relations.statements import Statements
from headrace.graph.rules import kernels
from headrace.graph.rules.given import RELATIONS, Words
from headrace.graph.rules.proofs import Proof
from headrace.graph.rules.ruleset import INNER, PARTY, WORD, RuleSet


@dataclass(frozen=True)
class Cell:
    """One column of a fact, code and name apart.

    Attributes:
        value: Code of a party, a number or a word; None: nothing, or any would do.
        party: Whether it is the code of a party.
        name: Of the party; None: none is known.
    """

    value: str | None
    party: bool = False
    name: str | None = None


@dataclass(frozen=True)
class Wording:
    """What codes stand for.

    Attributes:
        rules: By which relations have columns.
        statements: With the names of parties and the ids of facts.
        words: Of roles.
    """

    rules: RuleSet
    statements: Statements
    words: Words

    def lines(self, proof: Proof) -> tuple[str, ...]:
        """A proof, a line a step, what a step rests on below it and further in."""
        return tuple(
            "  " * depth + (f"{self._said(step)}, as above" if again else self._step(step))
            for depth, step, again in proof.walk()
        )

    def facts(self, proof: Proof) -> tuple[str, ...]:
        """Ids of the facts that a proof rests on, in the order of their versions."""
        edges = {edge for name, own in proof.edges().items() if name in RELATIONS for edge in own}
        return tuple(self.statements.fact[edge].as_py() for edge in sorted(edges))

    def fact(self, relation: str, values: Sequence[int | None]) -> tuple[str, ...]:
        """Columns in words; `_` where any value would do."""
        columns = self.rules.base.get(relation) or self.rules.derived[relation]
        pairs = zip(values, columns, strict=False)
        return tuple(
            "_" if value is None else self.shown(value, each.kind) for value, each in pairs
        )

    def cells(self, relation: str, values: Sequence[int]) -> tuple[Cell, ...]:
        """Columns of a derived fact, code and name of a party apart."""
        kinds = (each.kind for each in self.rules.derived[relation])
        return tuple(self._cell(*pair) for pair in zip(values, kinds, strict=False))

    def _cell(self, value: int, kind: int) -> Cell:
        parties = self.statements.parties
        if kind != PARTY:
            nothing = value == int(kernels.MISSING) if kind != WORD else not self.words.word(value)
            return Cell(None if nothing else self.shown(value, kind))
        if not 0 <= value < len(parties):
            return Cell(None, party=True)
        code, name = parties.codes[value].as_py(), parties.names[value].as_py()
        return Cell(code, party=True, name=name)

    def shown(self, value: int, kind: int) -> str:
        """One value in words."""
        if kind == PARTY:
            parties = self.statements.parties
            return parties.label(value) if 0 <= value < len(parties) else "nobody"
        if kind == WORD:
            return self.words.word(value) or "no word"
        if value == int(kernels.MISSING):
            return "missing"
        return format(Decimal(value).scaleb(-kind).normalize(), "f")

    def _said(self, step: Proof) -> str:
        words = self.fact(step.relation, step.fact)
        return f"{step.relation.partition(INNER)[0]}({', '.join(words)})"

    def _step(self, step: Proof) -> str:
        if step.total is not None:
            counted = step.rule.startswith("count")
            kind = 0 if counted else self._value_kind(step.parts[0].relation)
            return f"{step.rule}, for it is {self.shown(step.total, kind)}"
        if INNER in step.relation:
            return f"+ {self.fact(step.relation, step.fact)[-1]}"
        if step.edge is not None:
            known = step.relation in RELATIONS
            source = f", fact {self.statements.fact[step.edge].as_py()}" if known else ", given"
            return self._said(step) + source
        missing = "".join(
            f"; there is no {relation}({', '.join(self.fact(relation, values))})"
            for relation, values in step.absent
        )
        return f"{self._said(step)}, by {step.rule}{missing}"

    def _value_kind(self, relation: str) -> int:
        return self.rules.derived[relation][-1].kind

"""What is worked out once for all the blocks of an expression over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions import feel
from headrace.decisions.feel import FeelError, Value, tree
from headrace.decisions.program import parts
from headrace.decisions.program.interpreted import Cases, Rows
from headrace.decisions.program.parts import Part

Array = NDArray[Any]


@dataclass(eq=False)
class Memory:
    """What is worked out once for all blocks.

    Attributes:
        cases: The cases.
        roots: Never asked of the interpreter as parts: where no rule knows them, all is.
        answers: What the interpreter said to parts of the expression, and the place of each case's.
        constants: Literals.
        words: Texts of two columns, brought together.
    """

    cases: Cases
    roots: frozenset[int]
    answers: dict[int, tuple[Part, Rows | None]] = field(default_factory=dict)
    constants: dict[int, Part] = field(default_factory=dict)
    words: dict[tuple[int, int, str], tuple[Any, ...]] = field(default_factory=dict)

    def answer(self, node: tree.Node) -> tuple[Part, Rows | None]:
        """What the interpreter says to a part of the expression."""
        if id(node) not in self.answers:
            cases = self.cases
            names = cases.named_in(node)

            def ask(scope: Mapping[str, Value]) -> Value:
                try:
                    return feel.evaluate(node, scope, feel.Notes(moment=cases.moment))
                except FeelError:
                    return []  # of no kind: whether this part is reached at all is not known here

            rows = np.arange(cases.count if names else 1)
            values, places = cases.asked(names, rows, ask)
            self.answers[id(node)] = parts.of_values(values), places if names else None
        return self.answers[id(node)]

    def shared(self, a: tuple[str, ...], b: tuple[str, ...]) -> tuple[tuple[str, ...], Array]:
        """Both vocabularies as one that starts with a, and where b's words are in it."""
        key = id(a), id(b), "shared"
        if key not in self.words:
            places = {text: place for place, text in enumerate(a)}
            codes = [places.setdefault(text, len(places)) for text in b]
            texts = a if len(places) == len(a) else tuple(places)
            self.words[key] = texts, np.array([*codes, 0], np.int64), a, b  # a, b: ids stay theirs
        texts, codes_, *_ = self.words[key]
        return texts, codes_

    def ranks(self, a: tuple[str, ...], b: tuple[str, ...]) -> tuple[Array, Array]:
        """The places of the words of both in the order of all."""
        key = id(a), id(b), "ranks"
        if key not in self.words:
            place = {text: rank for rank, text in enumerate(sorted({*a, *b}))}
            first, second = ([*(place[text] for text in texts), 0] for texts in (a, b))
            self.words[key] = np.array(first), np.array(second), a, b
        found, other, *_ = self.words[key]
        return found, other

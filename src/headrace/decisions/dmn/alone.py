"""A decision table on its own, without a model around it: case by case, as DMN says."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from headrace.decisions.dmn.decide import Outcome
from headrace.decisions.dmn.run import Run
from headrace.decisions.dmn.table import compile_table
from headrace.decisions.dmn.texts import Place
from headrace.decisions.dmn.tree import DecisionTable, Definitions
from headrace.decisions.dmn.types import types_of
from headrace.decisions.dmn.words import Words
from headrace.decisions.feel import DateTime, Notes, Scope, Value
from headrace.errors import HeadraceError

Asks: TypeAlias = Callable[[Mapping[str, Value], DateTime | None], Outcome]


def table_alone(tree: DecisionTable, names: Collection[str]) -> Asks:
    """What asks a table about a case: values by name, and the moment that `now()` answers.

    Args:
        tree: The table.
        names: What its texts may cite.

    Raises:
        MappingError: Naming the cell that is not FEEL, or a type that is not known.
    """
    problems: list[HeadraceError] = []
    types = types_of((Definitions("", "", (), {}, {}, tree.where),), "")
    step = compile_table(tree, Place(Words(names), types[""], problems))
    if problems:
        raise problems[0]

    def ask(values: Mapping[str, Value], moment: DateTime | None) -> Outcome:
        run = Run(Notes(moment=moment))
        value = step(Scope(values), run)
        return Outcome(value, tuple(run.notes.notes), tuple(run.fired))

    return ask

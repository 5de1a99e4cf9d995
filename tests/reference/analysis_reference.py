"""What a table's rules have in common, by asking every rule about every case there is.

The slow twin of `headrace.decisions.program.analysis`: cases are all combinations of some values
of each input, the interpreter says which rules are met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from headrace.decisions.feel import Value, matches
from headrace.decisions.tables.table import Table

Case = dict[str, Value]


def every_case(values: Mapping[str, Sequence[Value]]) -> Iterator[Case]:
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def met(table: Table, case: Case) -> tuple[int, ...]:
    """Numbers of the rules that a case meets."""
    return tuple(
        number
        for number, rule in enumerate(table.rules, start=1)
        if all(
            matches(tests, case[column.text], case) is True
            for column, tests in zip(table.inputs, rule.tests, strict=True)
        )
    )


def overlaps(table: Table, values: Mapping[str, Sequence[Value]]) -> set[tuple[int, int]]:
    """Pairs of rules that some case meets both of, the smaller number first."""
    found = set()
    for case in every_case(values):
        rules = met(table, case)
        found |= {(one, other) for one in rules for other in rules if one < other}
    return found


def contradictions(table: Table, values: Mapping[str, Sequence[Value]]) -> set[tuple[int, int]]:
    """Of those, pairs that give different outputs."""
    return {
        (one, other)
        for one, other in overlaps(table, values)
        if table.rules[one - 1].outputs != table.rules[other - 1].outputs
    }


def met_nowhere(table: Table, values: Mapping[str, Sequence[Value]]) -> set[int]:
    every = set(range(1, len(table.rules) + 1))
    return every.difference(*(met(table, case) for case in every_case(values)))


def never_first(table: Table, values: Mapping[str, Sequence[Value]]) -> set[int]:
    """Rules that are met, and each time another stands before them."""
    every = set(range(1, len(table.rules) + 1))
    speakers = {rules[0] for case in every_case(values) if (rules := met(table, case))}
    return every - speakers - met_nowhere(table, values)


def uncovered(table: Table, values: Mapping[str, Sequence[Value]]) -> list[Case]:
    return [case for case in every_case(values) if not met(table, case)]


def first_outputs(table: Table, values: Mapping[str, Sequence[Value]]) -> list[object]:
    """What the first rule that is met gives, in every case; None where none is."""
    told = (met(table, case) for case in every_case(values))
    return [table.rules[rules[0] - 1].outputs if rules else None for rules in told]

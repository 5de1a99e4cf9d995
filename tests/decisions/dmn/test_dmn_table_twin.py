"""Decision tables beside a slow and obvious twin, on tables that hypothesis draws."""

from dataclasses import dataclass
from decimal import Decimal

import hypothesis.strategies as st
from dmn_models import decision, definitions, input_data, output, table
from hypothesis import given, settings

from headrace.decisions.dmn import decide, read_model

NEEDS = "".join(
    f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
    for name in ("number", "letter")
)
VALUES = (3, 1, 4, 2)  # of the output, in order of priority


@dataclass(frozen=True)
class Line:
    """A rule: bounds of a number, letters that are met, an output."""

    low: int
    high: int
    open_low: bool
    letters: str
    negated: bool
    result: int

    def text(self) -> str:
        opening = "(" if self.open_low else "["
        letters = ", ".join(f'"{letter}"' for letter in self.letters)
        cell = "-" if not letters else f"not({letters})" if self.negated else letters
        return f"{opening}{self.low}..{self.high}] | {cell} => {self.result}"

    def meets(self, number: int, letter: str) -> bool:
        above = number > self.low or (number == self.low and not self.open_low)
        within = above and number <= self.high
        return within and (not self.letters or (letter in self.letters) is not self.negated)


LINES = st.builds(
    Line,
    low=st.integers(0, 5),
    high=st.integers(5, 9),
    open_low=st.booleans(),
    letters=st.sampled_from(["", "a", "b", "ab", "abc"]),
    negated=st.booleans(),
    result=st.sampled_from(VALUES),
)


def twin(policy: str, results: list[int]) -> object:
    """What the specification says of the outputs of the rules that are met, in order (8.2.8)."""
    if not results:
        return None
    ranked = sorted(results, key=VALUES.index)
    return {
        "UNIQUE": results[0] if len(results) == 1 else None,
        "ANY": results[0] if len(set(results)) == 1 else None,
        "FIRST": results[0],
        "PRIORITY": ranked[0],
        "RULE ORDER": results,
        "OUTPUT ORDER": ranked,
        "COLLECT": results,
        "SUM": sum(results),
        "MIN": min(results),
        "MAX": max(results),
        "COUNT": len(results),
    }[policy]


POLICIES = ["UNIQUE", "ANY", "FIRST", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"]
AGGREGATIONS = ["SUM", "MIN", "MAX", "COUNT"]


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(LINES, min_size=1, max_size=6),
    policy=st.sampled_from([*POLICIES, *AGGREGATIONS]),
    number=st.integers(-1, 10),
    letter=st.sampled_from("abcd"),
)
def test_a_table_gives_what_its_twin_gives(lines, policy, number, letter):
    attributes = f'hitPolicy="{policy}"'
    if policy in AGGREGATIONS:
        attributes = f'hitPolicy="COLLECT" aggregation="{policy}"'
    columns = [output(values=", ".join(map(str, VALUES)))]
    rules = [line.text() for line in lines]
    logic = NEEDS + table(["number", "letter"], columns, rules, attributes)
    inputs = input_data("number"), input_data("letter")
    model = read_model(definitions(*inputs, decision("D", logic)))

    outcome = decide(model, "D", {"number": Decimal(number), "letter": letter})
    met = [line for line in lines if line.meets(number, letter)]

    assert outcome.value == twin(policy, [line.result for line in met])
    assert (outcome.value is None) == bool(outcome.notes)
    if outcome.fired and policy not in {"FIRST", "PRIORITY"}:
        fired = sorted(outcome.fired[0].rules)
        assert fired == [place for place, line in enumerate(lines, 1) if line in met]

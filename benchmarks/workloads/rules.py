"""A thousand rules over the twelve features of SWF-12: one table, for us and for the peer.

The shape is that of a fraud desk's table: the first rule that is met speaks. A rule tests one to
four of fourteen inputs (twelve features, the amount, the group of the merchant); its thresholds are
quantiles, from the median up, of 20,000 of the events it will be asked about, so that most rules
are seldom met and some always; one in ten excludes merchants, one in four names a few. The last
rule lets go what no other stopped. Everything is a function of the seed.
"""

import json
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from workloads.swf12 import QUERIES, Events

from headrace.decisions.flow.policy import Policy, TableStep
from headrace.decisions.tables.grid import read_grid
from headrace.decisions.tables.table import Table

FEATURES = tuple(name for name, _, _ in QUERIES[12].columns)
NUMBERS = (*FEATURES, "amount")
GROUPS = tuple(f"G{number:02d}" for number in range(25))
ACTIONS = ("decline", "refer", "step_up", "notify")
INPUTS: Mapping[str, str] = {**dict.fromkeys(NUMBERS, "number"), "group": "string"}
SEED = 11


def group_of(events: Events) -> pa.Array:
    """The group of each event's merchant."""
    codes = pa.array((events.merchant % len(GROUPS)).astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(GROUPS))


def rows_of(sample: pa.Table, rules: int, seed: int = SEED) -> list[list[str]]:
    """The cells of the rules: one a `NUMBERS` column, the group, the action, the reason.

    Args:
        sample: What the rules will be asked about: the columns of `NUMBERS`.
        rules: How many, the last one included, which is met by everything.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    values = {name: _sorted(sample[name]) for name in NUMBERS}
    rows = []
    for rule in range(rules - 1):
        cells = ["-"] * (len(NUMBERS) + 1)
        for at in rng.choice(len(NUMBERS), size=rng.integers(2, 5), replace=False):
            cells[at] = _cell(values[NUMBERS[at]], rng)
        draw = rng.random()
        if draw < 0.35:
            chosen = ", ".join(rng.choice(GROUPS, size=rng.integers(1, 4), replace=False))
            cells[-1] = f"not({chosen})" if draw < 0.1 else chosen
        rows.append([*cells, ACTIONS[rng.integers(len(ACTIONS))], f"rule_{rule + 1}"])
    return [*rows, ["-"] * (len(NUMBERS) + 1) + ["approve", "nothing_found"]]


def _sorted(column: pa.ChunkedArray) -> NDArray[np.float64]:
    values = column.drop_null().to_numpy()
    return np.sort(values[~np.isnan(values)])


def _cell(values: NDArray[np.float64], rng: np.random.Generator) -> str:
    high = 1 - 10 ** rng.uniform(-3.5, -0.3)
    above = _number(values[int(high * (len(values) - 1))])
    kind = rng.random()
    if kind < 0.6:
        return f"> {above}"
    if kind < 0.8:
        low = _number(values[int((1 - high) * (len(values) - 1))])
        return f"<= {low}"
    last = _number(values[-1])
    return f"({above}..{last}]" if Decimal(above) < Decimal(last) else f">= {above}"


def _number(value: float) -> str:
    return format(Decimal(repr(round(float(value), 2))), "f")


def table_of(rows: list[list[str]], name: str = "rules") -> Table:
    """The rows as our table, the first rule that is met speaks."""
    head = [
        ["# table", name],
        ["# hit policy", "FIRST"],
        [*(f"in:{each}" for each in INPUTS), "out:action", "out:reason"],
    ]
    return read_grid(list(enumerate([*head, *rows], 1)), f"{name}.csv")


def policy_of(table: Table) -> Policy:
    """A policy of that table alone."""
    return Policy(
        name="benchmark",
        customer="card",
        zone="UTC",
        inputs={},
        steps=(TableStep(name=table.name),),
        tables={table.name: table},
        results={},
    )


def jdm_of(rows: list[list[str]]) -> str:
    """The rows as a graph of the peer: its own cells for the same tests."""
    inputs = [{"id": name, "name": name, "field": name, "type": "expression"} for name in INPUTS]
    outputs = [
        {"id": name, "name": name, "field": name, "type": "expression"}
        for name in ("action", "reason")
    ]
    rules = []
    for number, row in enumerate(rows):
        told = dict(zip(INPUTS, row, strict=False))
        cells = {name: _zen_cell(name, cell) for name, cell in told.items()}
        said = {"action": f'"{row[-2]}"', "reason": f'"{row[-1]}"'}
        rules.append({"_id": f"r{number}", **cells, **said})
    content = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rules}
    nodes = [
        {"id": "in", "name": "request", "type": "inputNode", "position": {"x": 0, "y": 0}},
        {
            "id": "t",
            "name": "rules",
            "type": "decisionTableNode",
            "content": content,
            "position": {"x": 200, "y": 0},
        },
        {"id": "out", "name": "response", "type": "outputNode", "position": {"x": 400, "y": 0}},
    ]
    edges = [
        {"id": "e1", "sourceId": "in", "targetId": "t", "type": "edge"},
        {"id": "e2", "sourceId": "t", "targetId": "out", "type": "edge"},
    ]
    return json.dumps({"contentType": "application/vnd.gorules.decision", "nodes": nodes,
                       "edges": edges})  # fmt: skip


def _zen_cell(name: str, cell: str) -> str:
    """The peer reads `-` as an empty cell, texts in quotes, and `not in` in words."""
    if cell == "-":
        return ""
    if name == "group":
        listed = cell.removeprefix("not(").removesuffix(")")
        quoted = ", ".join(f'"{each.strip()}"' for each in listed.split(","))
        return f"$ not in [{quoted}]" if cell.startswith("not(") else quoted
    # Missing is null there, and no comparison with it is met here.
    return cell

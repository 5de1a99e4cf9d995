"""The record of decisions: a table for a batch, and one decision's canonical bytes.

A batch is kept as columns; a decision made alone as JSON. Either gives the same plain values, and
those the same canonical bytes, which is what a replay compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from headrace.decisions.flow.decided import Decided, plain
from headrace.decisions.flow.policy import Action, Policy
from headrace.decisions.flow.program import FlowResult
from headrace.decisions.program.columns import Bools, Column, read_column

WORD = 62  # bits of a mask word that are used
GROUPS = ("results", "values", "fired", "listed", "inputs")
MASKS = ("missing", "degraded", "problems")


@dataclass(frozen=True)
class Made:
    """Under which circumstances a batch, or one decision, was made.

    Attributes:
        event: Number of the log's record that holds the events.
        arm: `champion`, or the name of a challenger or shadow.
        effective: Whether the decision was followed; false for a shadow.
        in_force: Digest of everything in force: policy, lists, models, features.
        latency_us: From when the events came until the decisions were made, microseconds; what a
            replay takes over, for it cannot come out again.
    """

    event: int
    arm: str
    effective: bool
    in_force: str
    latency_us: int = 0


@dataclass(frozen=True, eq=False)
class Batch:
    """Who was decided about.

    Attributes:
        ids: Of decisions, text.
        rows: Of the events in their record.
        moments: Microseconds since 1970, UTC.
        inputs: What the policy was told, by name.
    """

    ids: pa.Array
    rows: np.ndarray[Any, np.dtype[np.int64]]
    moments: np.ndarray[Any, np.dtype[np.int64]]
    inputs: Mapping[str, Column]


def batch_record(made: Made, batch: Batch, result: FlowResult, policy: Policy) -> pa.Table:
    """The record of a batch, one row a decision."""
    words = [each.word for each in Action]
    steps = [step.name for step in policy.steps]
    columns: dict[str, pa.Array] = {
        "decision": batch.ids,
        "row": pa.array(batch.rows),
        "moment": pa.array(batch.moments),
        "action": _coded(result.action, words),
        "decided_by": _coded(np.where(result.decided_by < 0, len(steps), result.decided_by),
                             [*steps, ""]),
        "reason": result.reason.to_arrow(),
    }  # fmt: skip
    for name, column in result.results.items():
        columns[f"results:{name}"] = column.to_arrow()
    for name, column in result.values.items():
        columns[f"values:{name}"] = column.to_arrow()
    for name in result.fired:
        columns[f"fired:{name}"] = _fired(result, name)
    for name, numbers in result.listed.items():
        columns[f"listed:{name}"] = pa.array(numbers, mask=numbers < 0)
    for name, column in batch.inputs.items():
        columns[f"inputs:{name}"] = column.to_arrow()
    problems = {
        f"{name}: {each.code}": each.where
        for name, found in result.problems.items()
        for each in found
    }
    names: dict[str, list[str]] = {}
    for key, masks in zip(
        MASKS, (dict(sorted(result.missing.items())), result.degraded, problems), strict=True
    ):
        there = {name: where for name, where in masks.items() if where.any()}
        names[key] = list(there)
        for number, word in enumerate(_masked(list(there.values()))):
            columns[f"{key}:{number}"] = pa.array(word)
    about = {"made": vars(made), "names": names}
    return pa.table(columns).replace_schema_metadata({"headrace": json.dumps(about)})


def made_of(table: pa.Table) -> Made:
    """Under which circumstances a batch's record was made."""
    return Made(**json.loads(table.schema.metadata[b"headrace"])["made"])


def read_batch(table: pa.Table) -> Iterator[dict[str, Any]]:
    """The plain values of every decision of a batch."""
    about = json.loads(table.schema.metadata[b"headrace"])
    made, names = about["made"], about["names"]
    plain_columns = {name: _plain_column(table[name]) for name in table.column_names}
    for row in range(table.num_rows):
        yield _plain_row({name: each[row] for name, each in plain_columns.items()}, made, names)


def _plain_row(
    told: Mapping[str, Any], made: Mapping[str, Any], names: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        **made,
        **{key: told[key] for key in ("decision", "row", "moment", "action", "decided_by")},
        "reason": told["reason"],
        **{group: {} for group in GROUPS},
    }
    for name, value in told.items():
        group, colon, rest = name.partition(":")
        if colon and group in GROUPS and not (group in {"fired", "listed"} and value is None):
            found[group][rest] = value
    for key in MASKS:
        words = [told[name] for name in told if name.startswith(f"{key}:")]
        found[key] = [
            name
            for number, name in enumerate(names[key])
            if words[number // WORD] >> (number % WORD) & 1
        ]
    return found


def one_record(made: Made, decision: str, moment: int, decided: Decided,
               inputs: Mapping[str, Any]) -> dict[str, Any]:  # fmt: skip
    """The plain values of a decision made alone."""
    return {
        "event": made.event,
        "arm": made.arm,
        "effective": made.effective,
        "in_force": made.in_force,
        "latency_us": made.latency_us,
        "decision": decision,
        "row": 0,
        "moment": moment,
        "action": decided.action.word,
        "decided_by": decided.decided_by,
        "reason": decided.reason,
        "results": decided.results,
        "values": decided.values,
        "fired": decided.fired,
        "listed": decided.listed,
        "inputs": inputs,
        "missing": decided.missing,
        "degraded": decided.degraded,
        "problems": decided.problems,
    }


def canonical(record: Mapping[str, Any]) -> bytes:
    """A decision's bytes: sorted keys, no blanks, UTF-8; a replay compares these."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def inputs_of(inputs: Mapping[str, Column], row: int) -> dict[str, Any]:
    """One case's inputs as plain values."""
    return {name: plain(column, row) for name, column in inputs.items()}


def _plain_column(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column of the record, spelled as `plain` spells them."""
    if not pa.types.is_temporal(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types
    return [plain(each, row) for each in [read_column(column)] for row in range(len(each))]


def _coded(codes: Any, words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(words, pa.string())
    )


def _fired(result: FlowResult, name: str) -> pa.Array:
    """The rules of a table that spoke, a list a case; null where it was not asked."""
    fired = result.fired[name]
    not_asked = fired < 0
    if name in result.hits:
        hits, at = result.hits[name]
        keep = hits > 0
        counts = np.add.reduceat(np.append(keep, 0), at[:-1]) * (np.diff(at) > 0)
        hits, at = hits[keep], np.concatenate([[0], np.cumsum(counts)])
    else:
        keep = fired > 0
        hits, at = fired[keep], np.concatenate([[0], np.cumsum(keep)])
    return pa.ListArray.from_arrays(
        pa.array(at.astype(np.int32)), pa.array(hits), mask=pa.array(not_asked)
    )


def _masked(where: Sequence[Bools]) -> list[np.ndarray[Any, np.dtype[np.int64]]]:
    """Truths as bits, `WORD` of them a word."""
    words = []
    for start in range(0, len(where), WORD):
        word = np.zeros(len(where[start]), np.int64)
        for bit, each in enumerate(where[start : start + WORD]):
            word |= each.astype(np.int64) << bit
        words.append(word)
    return words

"""A decision as whoever asked for it is answered: what to do and why, and what decided."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import orjson
import pyarrow as pa

from headrace.decisions.flow.record import MASKS, WORD, read_batch

PLAIN = ("decision", "moment", "action", "reason", "decided_by")
BY_ROW = (*PLAIN, "results", *MASKS)
ANSWERED = frozenset({*PLAIN, "row"})
RESULTS = "results:"
MASK_PARTS = tuple(f"{key}:" for key in MASKS)
PARTS = (RESULTS, *MASK_PARTS)


@dataclass(frozen=True)
class LiveAnswer:
    """The answer to an event; the same bytes however often the event is sent.

    Attributes:
        decision: The event's id, under which the record is found.
        moment: The event's time, microseconds since 1970, UTC.
        action: What to do: approve, notify, step_up, refer, decline or block.
        reason: Its code; None where none was given.
        decided_by: The step that said so; empty: the policy's `otherwise`.
        arm: `champion`, or the challenger that has the customer.
        results: What else the policy computed, such as limits, by name.
        missing: Inputs that were asked for and lacking.
        degraded: Models that were late or failed, so that their fallback stood in.
        problems: Tables that did not decide as their author meant.
        policy: Its name.
        version: Its number in the store; None: the policy as the pack ships it.
        in_force: Digest of all that decided: policy, tables, lists, models, features.
    """

    decision: str
    moment: int
    action: str
    reason: str | None
    decided_by: str
    arm: str
    results: Mapping[str, Any]
    missing: tuple[str, ...]
    degraded: tuple[str, ...]
    problems: tuple[str, ...]
    policy: str
    version: int | None
    in_force: str


FIELDS = tuple(each.name for each in fields(LiveAnswer))


def answer_of(record: Mapping[str, Any], policy: str, version: int | None) -> bytes:
    """The answer that a record gives, as JSON."""
    return orjson.dumps(
        {
            "decision": record["decision"],
            "moment": record["moment"],
            "action": record["action"],
            "reason": record["reason"],
            "decided_by": record["decided_by"],
            "arm": record["arm"],
            "results": record["results"],
            "missing": record["missing"],
            "degraded": record["degraded"],
            "problems": record["problems"],
            "policy": policy,
            "version": version,
            "in_force": record["in_force"],
        }
    )


def answers_of(table: pa.Table, policy: str, version: int | None) -> list[bytes]:
    """The answers that a batch's record gives, in its order: as `answer_of` would row by row.

    Args:
        table: See `headrace.decisions.flow.record.batch_record`.
        policy: Its name.
        version: Its number in the store.
    """
    about = json.loads(table.schema.metadata[b"headrace"])
    answer = dict.fromkeys(FIELDS) | {"arm": about["made"]["arm"], "policy": policy}
    answer |= {"version": version, "in_force": about["made"]["in_force"]}
    plain = (table[name].to_pylist() for name in PLAIN)
    masks = (_masked(table, name, about["names"][name]) for name in MASKS)
    found = []
    for row in zip(*plain, _results(table), *masks, strict=True):
        answer.update(zip(BY_ROW, row, strict=True))
        found.append(orjson.dumps(answer))
    return found


def records_for_alerts(table: pa.Table, inputs: Collection[str]) -> Iterator[dict[str, Any]]:
    """What an alert says of a batch's record, row by row: of inputs only some."""
    wanted = {*ANSWERED, *(f"inputs:{name}" for name in inputs)}
    names = [name for name in table.column_names if name in wanted or name.startswith(MASK_PARTS)]
    return read_batch(table.select(names))


def _results(table: pa.Table) -> list[dict[str, Any]]:
    """What else the policy computed, row by row."""
    columns = {name: table[name] for name in table.column_names if name.startswith(RESULTS)}
    if any(pa.types.is_temporal(each.type) for each in columns.values()):
        kept = table.select([n for n in table.column_names if n in ANSWERED or n.startswith(PARTS)])
        return [each["results"] for each in read_batch(kept)]
    if not columns:
        return [{}] * table.num_rows
    names = [name.removeprefix(RESULTS) for name in columns]
    values = (each.to_pylist() for each in columns.values())
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _masked(table: pa.Table, key: str, names: Sequence[str]) -> list[list[str]]:
    """The names whose bits are set, row by row; few patterns come often."""
    count = -(-len(names) // WORD)
    if not count:
        return [[]] * table.num_rows
    read: dict[tuple[int, ...], list[str]] = {}
    found = []
    for words in zip(*(table[f"{key}:{at}"].to_pylist() for at in range(count)), strict=True):
        if words not in read:
            read[words] = [
                name for at, name in enumerate(names) if words[at // WORD] >> (at % WORD) & 1
            ]
        found.append(read[words])
    return found

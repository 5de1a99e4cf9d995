"""Decisions made again from the log: byte for byte the same, or what differs and why.

The log holds events and, behind them, the decisions made of them; `policies/DIGEST/` holds what was
in force. A replay takes nothing else: it computes the features from the events, reads the policy
from its files, decides, and compares the bytes of each decision. Where they differ it names the
cause: a file that is no longer what its digest says, or an input that comes out differently.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.adapters.folder import DiskFolder
from headrace.adapters.live.decision_log import VERSIONS, opened_log
from headrace.adapters.live.decisions import (
    ALONE,
    BATCH,
    batch_inputs,
    decisions_of,
    policies_in,
    stream_of,
)
from headrace.adapters.live.records import EVENTS, NOTE, ONE, Record, apply_record, read_record
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.flow.program import Floats, Model
from headrace.decisions.flow.record import (
    Batch,
    Made,
    batch_record,
    canonical,
    one_record,
    read_batch,
)
from headrace.errors import InputError
from headrace.features.compile import compile_plan
from headrace.features.engines.stream import Pushed, PushedOne, StreamEngine
from headrace.features.plan import make_plan
from headrace.workflows.policies import Sheets, kept_features, kept_version

LISTED = 100
MADE = [each.name for each in fields(Made)]


@dataclass(frozen=True)
class Difference:
    """A decision that came out differently.

    Attributes:
        decision: Its id.
        arm: Who made it.
        fields: What differs: name, as recorded, as made again.
    """

    decision: str
    arm: str
    fields: tuple[tuple[str, Any, Any], ...]


@dataclass
class Replayed:
    """What a replay found.

    Attributes:
        decisions: How many were made again, shadows included.
        differ: How many came out differently.
        differences: The first of them.
        causes: Why, in words, each once: a file that has changed, or an input.
        unreadable: Versions that can no longer be read, with the reason; their decisions count as
            different.
    """

    decisions: int = 0
    differ: int = 0
    differences: list[Difference] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def cause(self, text: str) -> None:
        """Name a cause once."""
        if text not in self.causes:
            self.causes.append(text)


def replay_log(folder: Path, sheets: Sheets, decision: str = "") -> Replayed:
    """Make all decisions of a folder again, or one.

    Args:
        folder: That of live decisions; nobody else may have it open.
        sheets: Reads workbooks among the files of a version.
        decision: The id of the only one to compare; empty compares all.

    Raises:
        StorageError: The folder is in use or damaged: a record that is not what was written is
            named with its file and place.
        InputError: There is no such decision.
    """
    with opened_log(folder) as log:
        records = ((number, read_record(payload)) for number, payload in log.read(0))
        return replay_records(records, folder, sheets, decision)


def replay_records(
    records: Iterable[tuple[int, Record]], folder: Path, sheets: Sheets, decision: str = ""
) -> Replayed:
    """As `replay_log`, of a folder that is open: `records` are those of its log, from the first."""
    replay = _Replay(folder, sheets, decision)
    for number, record in records:
        replay.take(number, record)
        if decision and replay.is_past(record):
            break
    if decision and not replay.found.decisions:
        raise InputError(
            f"there is no decision {decision!r}", where=str(folder), remedy="give a decision's id"
        )
    return replay.found


@dataclass
class _Features:
    """An engine for the features of some versions, and the last events it took."""

    engine: StreamEngine
    number: int = -1
    record: Record | None = None
    came: Pushed | PushedOne | None = None


class _Replay:
    """A log on its way through fresh engines, one for each set of features that ever decided."""

    def __init__(self, folder: Path, sheets: Sheets, decision: str) -> None:
        self.folder, self.sheets, self.only = folder, sheets, decision
        self.found = Replayed()
        self.versions: dict[str, InForce | None] = {}
        self.features: dict[str, _Features] = {}
        for kept in sorted(policies_in(folder).glob("*")):
            self._load(kept.name)

    def take(self, number: int, record: Record) -> None:
        if record.kind == NOTE:
            if record.table in {BATCH, ALONE}:
                self._compare(record)
            return
        for each in self.features.values():
            came = apply_record(each.engine, record)
            if record.kind in {EVENTS, ONE}:
                each.number, each.record, each.came = number, record, came

    def is_past(self, record: Record) -> bool:
        """Whether the only decision asked for was compared, and the next events have come."""
        return self.found.decisions > 0 and record.kind in {EVENTS, ONE}

    def _compare(self, record: Record) -> None:
        body = bytes(record.body)
        if self.only and not any(each["decision"] == self.only for each in decisions_of(record)):
            return
        told: list[dict[str, Any]] | None = None
        if record.table == BATCH:
            with pa.ipc.open_stream(body) as reader:
                table = reader.read_all()
            made = json.loads(table.schema.metadata[b"headrace"])["made"]
            again = self._batch(table, made)
            if again is not None and bytes(stream_of(again)) == body and not self.only:
                self.found.decisions += table.num_rows
                return
            told = list(read_batch(table))
            new = None if again is None else list(read_batch(again))
        else:
            told = [json.loads(body)]
            one = self._alone(told[0])
            new = None if one is None else [one]
        self._differ(told, new)

    def _differ(self, told: list[dict[str, Any]], new: list[dict[str, Any]] | None) -> None:
        for row, before in enumerate(told):
            if self.only and before["decision"] != self.only:
                continue
            self.found.decisions += 1
            if new is not None and canonical(before) == canonical(new[row]):
                continue
            self.found.differ += 1
            fields = () if new is None else tuple(_fields(before, new[row]))
            for name, one, other in fields:
                if name.startswith("inputs."):
                    self.found.cause(
                        f"the facts behind {name.removeprefix('inputs.')}: decision "
                        f"{before['decision']} recorded {one!r}, they give {other!r}"
                    )
            if len(self.found.differences) < LISTED:
                self.found.differences.append(Difference(before["decision"], before["arm"], fields))

    def _batch(self, table: pa.Table, made: dict[str, Any]) -> pa.Table | None:
        version = self.versions.get(made["in_force"])
        asked = None if version is None else self.features[version.features]
        if version is None or asked is None or asked.number != made["event"]:
            return None
        record, came = asked.record, asked.came
        if record is None or not isinstance(came, Pushed):
            return None
        rows = table["row"].to_numpy()
        events = record.events().take(pa.array(rows))
        values = came.table.take(pa.array(rows))
        inputs = batch_inputs(version, events, values)
        moments = table["moment"].to_numpy()
        late = _late(read_batch(table))
        result = version.program.run_or_refer(inputs, moments, _asker(late))
        ids = table["decision"].combine_chunks()
        ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
        batch = Batch(ids, rows, moments, inputs)
        return batch_record(Made(**made), batch, result, version.program.policy)

    def _alone(self, told: dict[str, Any]) -> dict[str, Any] | None:
        version = self.versions.get(told["in_force"])
        asked = None if version is None else self.features[version.features]
        if version is None or asked is None or asked.number != told["event"]:
            return None
        record, came = asked.record, asked.came
        if record is None or not isinstance(came, PushedOne):
            return None
        given = {**record.event(), **came.values}
        late = _asker(set(told["degraded"]))
        decided, inputs = version.one.decide_told(given, told["moment"], late)
        made = Made(*(told[name] for name in MADE))
        again = one_record(made, told["decision"], told["moment"], decided, inputs)
        return dict(json.loads(canonical(again)))

    def _load(self, digest: str) -> None:
        """Read a version from its files, and name what has become of them since."""
        kept = DiskFolder(policies_in(self.folder) / digest)
        self.versions[digest] = None
        try:
            said = json.loads(kept.read(VERSIONS))
            files = {name: kept.read(name) for name in kept.names() if name != VERSIONS}
            lateness = timedelta(seconds=said["lateness_seconds"])
            version = kept_version(files, self.sheets, lateness)
        except (InputError, LookupError, TypeError, ValueError) as error:
            self.found.unreadable[digest] = str(error)
            self.found.cause(f"the version {digest[:12]} cannot be read: {error}")
            return
        self.versions[digest] = version
        if version.features not in self.features:
            compiled = compile_plan(make_plan(kept_features(files)))
            self.features[version.features] = _Features(StreamEngine(compiled, lateness))
        before, now = said["versions"], version.versions
        for name in sorted({*before, *now} - {"policy"}):
            if before.get(name) != now.get(name):
                self._changed(name, digest, before.get(name), now.get(name))
        if version.digest != digest and not self.found.causes:
            self._changed("policy", digest, before.get("policy"), now.get("policy"))

    def _changed(self, name: str, digest: str, before: str | None, now: str | None) -> None:
        told = (before or "nothing")[:12], (now or "nothing")[:12]
        self.found.cause(
            f"{name} of version {digest[:12]} is not what decided: its digest was {told[0]}, "
            f"its file gives {told[1]}"
        )


def _late(decisions: Any) -> set[str]:
    return {name for each in decisions for name in each["degraded"]}


def _asker(late: set[str]) -> Callable[[ModelStep, Model, Floats], Floats | None]:
    """Models answer as they did: one that was late then is late again."""

    def ask(step: ModelStep, model: Model, x: Floats) -> Floats | None:
        return None if step.name in late else model.probability(x)

    return ask


def _fields(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Any:
    """What differs between two decisions, name by name."""
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _fields(one, other, f"{path}{name}.")
        elif one != other:
            yield f"{path}{name}", one, other

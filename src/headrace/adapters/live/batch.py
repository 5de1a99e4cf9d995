"""Events that are decided together, on their way from those who asked into the log and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from headrace.adapters.live.answers import answer_of, answers_of
from headrace.adapters.live.decisions import Decisions, LiveDecisions
from headrace.adapters.live.events import EventReader, Row, RowProblem
from headrace.adapters.live.policy import policies_by_digest
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.record import made_of
from headrace.errors import InputError

ALONE_MAX = 26
"""Up to so many events are decided one by one, which is then quicker than as a batch."""

Outcome = bytes | RowProblem
"""What became of one event: its answer, or why there is none."""

Kept = tuple[tuple[Any, ...], bytes]
"""What an event of one id must be to be the same, and the answer to it."""


class LiveBatch:
    """What is decided together.

    Attributes:
        fresh: Answers to events that came for the first time, by id.
        made: Records, of batches or of one decision, and what made them.
        alerts: Records, of batches or of one decision, of what is not approved.
        actions: Of each decision that was made.
        refused: Events that could not be used.
        is_settled: Whether everybody was told who is told once it is durable.
    """

    def __init__(
        self,
        decisions: LiveDecisions,
        readers: Mapping[str, EventReader],
        recent: Mapping[str, Kept],
        version_of: Callable[[str], int | None],
    ) -> None:
        """Begin with nothing.

        Args:
            decisions: Where they are made; nothing else decides until the batch is whole.
            readers: By table.
            recent: Answers given lately, by the event's id.
            version_of: The number in the store of a version, by its digest.
        """
        self.decisions, self._readers = decisions, readers
        self._recent, self._version_of = recent, version_of
        self.fresh: dict[str, Kept] = {}
        self.made: list[tuple[pa.Table | Mapping[str, Any], InForce]] = []
        self.alerts: list[pa.Table | Mapping[str, Any]] = []
        self.actions: list[str] = []
        self.refused = 0
        self.is_settled = False
        self._versions = policies_by_digest(decisions)

    # --- events as rows -------------------------------------------------------------------------

    def take_rows(self, table: str, rows: Sequence[Row]) -> list[Outcome]:
        """Events of one table, in order."""
        reader = self._readers[table]
        if not self.decisions.decides(table):
            return self._moved(table, rows, reader)
        found: list[Outcome | None] = [None] * len(rows)
        new, twice = self._unknown(rows, reader, found)
        for places in reader.runs([rows[at] for at in new]):
            some = [new[place] for place in places]
            if len(some) <= ALONE_MAX:
                outcomes = [self._one(rows[at], reader) for at in some]
            else:
                outcomes = self._many([rows[at] for at in some], reader)
            for at, outcome in zip(some, outcomes, strict=True):
                found[at] = outcome
        for at, first in twice:
            found[at] = found[first]
        return [_placed(outcome, at) for at, outcome in enumerate(found)]

    def _unknown(
        self, rows: Sequence[Row], reader: EventReader, found: list[Outcome | None]
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Answers what came before; returns the places of the others, and of those there twice."""
        new, twice, first_of = [], [], dict[str, int]()
        for at, row in enumerate(rows):
            name = None if reader.table.id is None else str(row[reader.table.id])
            if name is None:
                new.append(at)
            elif name in first_of and reader.identity(rows[first_of[name]]) == reader.identity(row):
                twice.append((at, first_of[name]))
            elif (before := self._before(name, row, reader)) is not None:
                found[at] = before
            elif name in first_of:
                found[at] = _another(name)
            else:
                first_of[name] = at
                new.append(at)
        return new, twice

    def _before(self, name: str, row: Row, reader: EventReader) -> Outcome | None:
        """The answer to an event that came before; None where it did not, as far as we know."""
        kept = self._recent.get(name) or self.fresh.get(name)
        if kept is not None:
            return kept[1] if kept[0] == reader.identity(row) else _another(name)
        if not self.decisions.knows(name):
            return None
        record = self.decisions.find(name)
        if record is None:
            return None
        same = record["moment"] == row[reader.table.time]
        return self._answer(record) if same else _another(name)

    def _one(self, row: Row, reader: EventReader) -> Outcome:
        try:
            record, _ = self.decisions.submit_one(row)
        except InputError as error:
            return self._refuse(error.problem, error.where, error.remedy)
        answer = self._answer(record)
        self._keep(record, answer, row, reader)
        self.made.append((record, self._versions[record["in_force"]]))
        self._alert(record)
        return answer

    def _many(self, rows: Sequence[Row], reader: EventReader) -> list[Outcome]:
        found = self._submitted(reader.table_of(rows))
        return [self._kept(outcome, row, reader) for outcome, row in zip(found, rows, strict=True)]

    def _kept(self, outcome: Outcome, row: Row, reader: EventReader) -> Outcome:
        if isinstance(outcome, bytes) and reader.table.id is not None:
            self.fresh[str(row[reader.table.id])] = reader.identity(row), outcome
        return outcome

    def _keep(
        self, record: Mapping[str, Any], answer: bytes, row: Row, reader: EventReader
    ) -> None:
        self.fresh[record["decision"]] = reader.identity(row), answer

    # --- events as a table ----------------------------------------------------------------------

    def take_table(self, table: str, events: pa.Table) -> list[Outcome]:
        """Events of one table as columns; nothing is looked up before they are submitted."""
        if not events.num_rows:
            return []
        if self.decisions.decides(table):
            return self._submitted(events)
        pushed = self.decisions.live.submit(events, table)
        return self._pushed(pushed.words(), pushed.refused)

    def _submitted(self, events: pa.Table) -> list[Outcome]:
        decided = self.decisions.submit(events)
        found: list[Outcome | None] = [None] * events.num_rows
        for record in decided.records:
            self._read(record, found)
        for row, before in decided.before.items():
            found[row] = self._answer(before)
        for refused in decided.pushed.refused:
            for row in refused.rows.tolist():
                found[row] = self._refuse(refused.reason, refused.column, "See the table's fields")
        return [self._lost(decided, at) if each is None else each for at, each in enumerate(found)]

    def _read(self, record: pa.Table, found: list[Outcome | None]) -> None:
        digest = made_of(record).in_force
        version = self._versions[digest]
        answers = answers_of(record, version.program.policy.name, self._version_of(digest))
        for row, answer in zip(record["row"].to_pylist(), answers, strict=True):
            found[row] = answer
        actions = record["action"].to_pylist()
        self.actions += actions
        self.made.append((record, version))
        severe = [at for at, action in enumerate(actions) if action != "approve"]
        if severe:
            self.alerts.append(record.take(pa.array(severe)))

    def _lost(self, decided: Decisions, at: int) -> Outcome:
        word = decided.pushed.words()[at]
        return self._refuse(
            f"The event came before ({word}), and its decision is not in the log any more",
            "id",
            "Give an event an id of its own",
        )

    # --- events that are not decided ------------------------------------------------------------

    def _moved(self, table: str, rows: Sequence[Row], reader: EventReader) -> list[Outcome]:
        """Events that only move features."""
        found: list[Outcome | None] = [None] * len(rows)
        for places in reader.runs(rows):
            events = reader.table_of([rows[at] for at in places])
            pushed = self.decisions.live.submit(events, table)
            for place, outcome in zip(
                places, self._pushed(pushed.words(), pushed.refused), strict=True
            ):
                found[place] = outcome
        return [_placed(outcome, at) for at, outcome in enumerate(found)]

    def _pushed(self, words: Sequence[str], refused: Iterable[Any]) -> list[Outcome]:
        found: list[Outcome] = [b'{"outcome":"%s"}' % word.encode() for word in words]
        for each in refused:
            for row in each.rows.tolist():
                if words[row] == "refused":
                    found[row] = self._refuse(each.reason, each.column, "See the table's fields")
        return found

    # --- answers --------------------------------------------------------------------------------

    def _answer(self, record: Mapping[str, Any]) -> bytes:
        digest = record["in_force"]
        champion = self.decisions.deployment.champion
        name = self._versions.get(digest, champion).program.policy.name
        return answer_of(record, name, self._version_of(digest))

    def _alert(self, record: Mapping[str, Any]) -> None:
        self.actions.append(record["action"])
        if record["action"] != "approve":
            self.alerts.append(record)

    def _refuse(self, problem: str, where: str, remedy: str) -> RowProblem:
        self.refused += 1
        return RowProblem(0, problem, where, remedy)


def _another(name: str) -> RowProblem:
    return RowProblem(
        0,
        f"Another event came before under the id {name!r}",
        "id",
        "Give each event an id of its own; to ask again, send the very same event",
    )


def _placed(outcome: Outcome | None, at: int) -> Outcome:
    """A problem with the place of its event."""
    if outcome is None:
        return RowProblem(at, "The event was not decided", "", "Send it again")
    if isinstance(outcome, RowProblem):
        return replace(outcome, row=at)
    return outcome

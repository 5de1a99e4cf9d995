"""Events of Kafka topics on their way through the desk that decides, their answers into another.

One batch of messages after the other: decided as those that come by HTTP are, durable, answers
published, bad ones in the quarantine, and only then the log says where to go on. Whatever is killed
in between, the messages come again: an event is decided once by its id, and its answer published
again with the same bytes under the same key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from headrace.adapters.kafka import Broker, Topic, by_topic, starts
from headrace.adapters.kafka_publishing import Publisher
from headrace.adapters.live.batch import Outcome
from headrace.adapters.live.events import EventReader, Row, RowProblem
from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.live.records import Place
from headrace.adapters.messages import Message, Rejected
from headrace.adapters.quarantine import Quarantine
from headrace.errors import InputError

BATCH_MESSAGES = 200
"""Decided together: so many hold the event loop up for a few milliseconds."""

SECOND_US = 1_000_000
RATE_SECONDS = 60
ARROW = b"\xff\xff\xff\xff"  # how Arrow's stream format begins; no text in UTF-8 does

Ask = Callable[[str, pa.Table, Sequence[Message]], list[Outcome]]
"""Decides events of a table, or takes them in; the message of each, for the audit."""


@dataclass(frozen=True)
class Feeding:
    """Between which a `DeskSource` stands.

    Attributes:
        live: In whose log it stands where to go on.
        readers: What reads the events of each table.
        ask: Decides; returns when it is durable.
        broker: Where messages come from.
        publisher: Where answers go.
        now: Microseconds since 1970.
    """

    live: LiveFeatures
    readers: Mapping[str, EventReader]
    ask: Ask
    broker: Broker
    publisher: Publisher
    now: Callable[[], int]


class DeskSource:
    """Feeds topics through a desk; used by one thread at a time, but for its figures.

    Attributes:
        messages: Taken in since it began, bad ones included.
        published: Answers that the topic of answers has.
        quarantined: Lines that were added to the quarantine.
    """

    def __init__(self, feeding: Feeding, topics: Sequence[Topic], answers: Mapping[str, str]):
        """Go on where the log stands; topics that it does not know are read from their beginning.

        Args:
            feeding: Between whom.
            topics: What is read.
            answers: By topic that is decided, the topic that gets the answers.

        Raises:
            InputError: A topic or table is not there, its events have no ids, or nobody answers.
            StorageError: Messages that were not taken in are gone from the broker.
        """
        self._of, self._answers = feeding, answers
        self._topics = {topic.name: topic for topic in topics}
        self.messages = self.published = self.quarantined = 0
        self._held: list[Message] = []  # taken, and not yet behind us
        self._is_answered = False  # all of them, so that only the log has to be told
        self._lately: deque[tuple[int, int]] = deque()
        self._where: dict[Place, int] = {}
        for topic in topics:
            _check_table(topic, feeding.readers)
        self._quarantine = Quarantine(feeding.live.folder, feeding.live.positions)
        self.begin()

    def begin(self) -> None:
        """Look up the partitions, and read each from where the log stands.

        Raises:
            InputError: As in the constructor.
            StorageError: The same.
        """
        self._of.broker.begin({})
        known, complete = self._of.live.positions, self._quarantine.complete
        wanted = starts(self._of.broker, self._topics.values(), known, complete)
        self._of.broker.begin(wanted)
        self._held, self._where, self._is_answered = [], wanted, False

    def poll(self, wait_seconds: float, messages_max: int = BATCH_MESSAGES) -> int:
        """Take in what has come; decided, published and noted when this returns.

        Args:
            wait_seconds: How long to wait for a first message, if none is there.
            messages_max: Taken at most.

        Returns:
            Messages taken in.

        Raises:
            HeadraceError: Somebody refuses. Call again: the same messages are tried again.
        """
        if not self._held:
            self._held = self._of.broker.take(messages_max, wait_seconds)
        if not self._held:
            return 0
        if not self._is_answered:
            rejected: list[Rejected] = []
            for name, several in by_topic(self._held).items():
                rejected += self._taken(self._topics[name], several)
            self._quarantine.add(rejected)
            self.quarantined += len(rejected)
            self._is_answered = True
        positions = self._where | {each[:2]: each.offset + 1 for each in self._held}
        self._quarantine.write(positions)
        self._of.live.advance(positions)
        self._of.live.commit()
        self._where = positions
        return self._counted()

    def lags(self) -> dict[Place, tuple[int, int | None]]:
        """By partition: where it goes on, and how many offsets are ahead; None: not heard yet."""
        ends, where = self._of.broker.ends(), self._where
        return {
            place: (at, None if place not in ends else max(0, ends[place] - at))
            for place, at in where.items()
        }

    def per_second(self) -> float:
        """Messages a second, over the last minute."""
        since = self._of.now() - RATE_SECONDS * SECOND_US
        return sum(count for at, count in list(self._lately) if at >= since) / RATE_SECONDS

    def _counted(self) -> int:
        count, now = len(self._held), self._of.now()
        self.messages += count
        self._held, self._is_answered = [], False
        self._lately.append((now, count))
        while self._lately[0][0] < now - RATE_SECONDS * SECOND_US:
            self._lately.popleft()
        return count

    def _taken(self, topic: Topic, messages: Sequence[Message]) -> list[Rejected]:
        """Have messages of a topic decided and answered; returns what cannot be used."""
        reader = self._of.readers[topic.table]
        rejected: list[Rejected] = []
        rows: list[Row] = []
        sources: list[Message] = []
        answers: list[tuple[str, bytes]] = []

        def settle() -> None:  # what is read so far, before a table that is one message
            for places in reader.runs(rows) if rows else ():
                events = reader.table_of([rows[at] for at in places])
                some = [sources[at] for at in places]
                found = self._of.ask(topic.table, events, some)
                self._sort(found, [(each, None) for each in some], answers, rejected)
            rows.clear()
            sources.clear()

        for message in messages:
            if message.value is not None and message.value.startswith(ARROW):
                settle()
                rejected += self._table(topic, message, reader, answers)
                continue
            try:
                rows.append(_event(message, reader, self._of.now()))
                sources.append(message)
            except InputError as error:
                rejected.append(Rejected(message, None, _why(error)))
        settle()
        if answers and topic.name in self._answers:
            self._of.publisher.publish(self._answers[topic.name], answers)
            self.published += len(answers)
        return rejected

    def _table(
        self,
        topic: Topic,
        message: Message,
        reader: EventReader,
        answers: list[tuple[str, bytes]],
    ) -> list[Rejected]:
        """An Arrow message: many events."""
        rejected: list[Rejected] = []
        try:
            given = _stream(message.value or b"")
            places, events, problems = reader.read_table(given, self._of.now())
        except InputError as error:
            return [Rejected(message, None, _why(error))]
        rejected += [Rejected(message, each.row, _why(each)) for each in problems]
        found = self._of.ask(topic.table, events, [message] * events.num_rows)
        self._sort(found, [(message, place) for place in places], answers, rejected)
        return rejected

    def _sort(
        self,
        found: Sequence[Outcome],
        places: Sequence[tuple[Message, int | None]],
        answers: list[tuple[str, bytes]],
        rejected: list[Rejected],
    ) -> None:
        for outcome, (message, row) in zip(found, places, strict=True):
            if isinstance(outcome, RowProblem):
                rejected.append(Rejected(message, row, _why(outcome)))
            else:
                told: Mapping[str, Any] = orjson.loads(outcome)
                answers.append((str(told.get("decision", "")), outcome))


def _check_table(topic: Topic, readers: Mapping[str, EventReader]) -> None:
    if topic.table not in readers:
        raise InputError(
            f"there is no table {topic.table!r}",
            where=f"topic {topic.name}",
            remedy=f"tables: {', '.join(readers)}",
        )
    if readers[topic.table].table.id is None:
        raise InputError(
            f"events of {topic.table!r} have no ids, so that one that comes again is not known",
            where=f"topic {topic.name}",
            remedy="give the table an id",
        )


def _event(message: Message, reader: EventReader, now: int) -> Row:
    if message.value is None:
        raise InputError("The message has no value", where="value", remedy="A JSON object")
    try:
        given = orjson.loads(message.value)
    except orjson.JSONDecodeError as error:
        raise InputError(f"It is no JSON: {error}", where="value", remedy="One object") from error
    return reader.read(given, now)


def _stream(value: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(pa.py_buffer(value)) as reader:
            table = reader.read_all()
        table.validate(full=True)  # compiled loops follow its offsets without looking
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError("It is no Arrow stream", where="value", remedy=str(error)) from error
    return table


def _why(problem: InputError | RowProblem) -> str:
    told = f"{problem.where}: {problem.problem}" if problem.where else problem.problem
    return f"{told}. {problem.remedy}" if problem.remedy else told

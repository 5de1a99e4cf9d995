"""Apache Kafka as a source of live features: offsets and state in one log; needs the extra `kafka`.

Where a topic was read up to stands in the record of the events that were read from it. After a kill
or a power cut the source goes on exactly there: nothing is lost and nothing is taken in twice,
whatever the events are named. The offsets that a consumer group may have committed are neither
read nor written.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa

from headrace.adapters.live.records import Place, Positions
from headrace.adapters.messages import Message, Rejected, Run, runs
from headrace.adapters.quarantine import Quarantine
from headrace.adapters.segment_log import StorageError
from headrace.errors import InputError
from headrace.features.definition import Table
from headrace.features.engines.stream import Pushed, StreamEngine

BATCH_MESSAGES = 10_000
_OURS = {
    "group.id": "headrace",  # the library wants one; no group is joined
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "auto.offset.reset": "error",  # messages that are gone are an error, never skipped
}


class Take(Enum):
    """What messages are."""

    EVENTS = "events"
    VOIDS = "voids"


@dataclass(frozen=True)
class Topic:
    """A topic to read.

    Attributes:
        name: As in the broker.
        table: Whose events they are; "" where the plan has one table.
        take: Whether messages are events or take events back.
        partitions: Which to read, so that several engines may share a topic; () means all.
    """

    name: str
    table: str = ""
    take: Take = Take.EVENTS
    partitions: tuple[int, ...] = ()


class Broker(Protocol):
    """Where messages come from; `connect` gives the one that speaks to Kafka."""

    def offsets(self, topic: str) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first message there is, and that of the next to come.

        Raises:
            InputError: There is no such topic, or no answer.
        """

    def begin(self, positions: Positions) -> None:
        """Read these partitions from these offsets on, and nothing else."""

    def take(self, messages_max: int, wait_seconds: float) -> list[Message]:
        """Messages that came, those of a partition in order; waits for the first only.

        Raises:
            InputError: They cannot be read, or are gone.
        """

    def ends(self) -> dict[Place, int]:
        """By partition that is read: the offset of the next message to come, as last heard."""

    def close(self) -> None:
        """Let go of the connection."""


class Taking(Protocol):
    """What takes events in: live features, or live decisions on them."""

    @property
    def folder(self) -> Path:
        """Where its log is; the quarantine is beside it."""

    @property
    def engine(self) -> StreamEngine:
        """The engine in force."""

    @property
    def positions(self) -> dict[Place, int]:
        """By topic and partition, where its source goes on."""

    def submit(
        self, events: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events in without waiting for the disk."""

    def submit_voids(
        self, voids: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events back without waiting for the disk."""

    def advance(self, positions: Positions) -> None:
        """Say where sources go on after messages that hold no events."""

    def commit(self) -> None:
        """Make everything taken in so far durable."""


class KafkaSource:
    """Feeds topics into live features, or into decisions on them (`Deciding`).

    A context manager; used by one thread at a time. Live features have one source, which reads all
    of their topics.

    Messages that cannot be used go to `quarantine.jsonl` in the folder of the live features: topic,
    partition, offset, row of an Arrow message, value and reason, each exactly once. After a kill
    between a batch and its quarantine, the messages of the batch are read once more for their
    reasons, and not taken in again.
    """

    def __init__(self, live: Taking, broker: Broker, topics: Sequence[Topic]) -> None:
        """Go on where the log of the live features stands.

        Args:
            live: Where events are taken in; topics that its log does not know are read from
                their beginning.
            broker: Closed with the source.
            topics: What is read.

        Raises:
            InputError: A topic, partition or table is not there, or a topic is named twice.
            StorageError: Messages that were not taken in are gone from the broker.
        """
        self._live, self._broker = live, broker
        self._topics = {topic.name: topic for topic in topics}
        self._messages = 0
        self._checked: dict[Place, int] = {}  # looked at, and in the quarantine if rejected
        self._begun = False
        self._unconfirmed = False
        for topic in topics:
            self._table(topic)
        if len(self._topics) < len(topics):
            names = ", ".join(topic.name for topic in topics)
            raise InputError("a topic is named twice", where=f"topics {names}")
        self._quarantine = Quarantine(live.folder, live.positions)
        self.begin()

    def begin(self) -> None:
        """Look up the partitions, and read each from where the log stands.

        Partitions that were added to a topic are read from then on.

        Raises:
            InputError: As in the constructor.
            StorageError: The same.
        """
        self._broker.begin({})  # questions would wait behind the answers of every fetch
        known, complete = self._live.positions, self._quarantine.complete
        wanted = starts(self._broker, self._topics.values(), known, complete)
        self._broker.begin(wanted)
        self._checked = self._quarantine.complete | wanted
        self._begun = True

    def poll(self, wait_seconds: float, messages_max: int = BATCH_MESSAGES) -> int:
        """Take in what has come; durable, and in the quarantine, when this returns.

        Args:
            wait_seconds: How long to wait for a first message, if none is there.
            messages_max: Taken at most. More of them together cost less each.

        Returns:
            Messages taken in, rejected ones included.

        Raises:
            StorageError: The disk refuses; what was not taken in comes again. Call again.
            InputError: The broker refuses; the same.
        """
        if self._unconfirmed:
            self._confirm()
        if not self._begun:
            self.begin()
        try:
            messages = self._broker.take(messages_max, wait_seconds)
            for topic, several in by_topic(messages).items():
                self._take(self._topics[topic], several)
        except BaseException:
            self._begun = False  # some may have been read and not taken in
            raise
        if messages:
            self._confirm()
        return len(messages)

    def metrics(self) -> dict[str, float]:
        """Figures for monitoring, by names that Prometheus accepts.

        The lag counts offsets: where producers use transactions, some hold no message.
        """
        figures: dict[str, float] = {
            "headrace_kafka_messages_total": self._messages,
            "headrace_kafka_quarantined_total": self._quarantine.count,
        }
        positions = self._checked | self._live.positions
        for (topic, partition), end in self._broker.ends().items():
            label = f'{{topic="{topic}",partition="{partition}"}}'
            position = positions[topic, partition]
            figures[f"headrace_kafka_position{label}"] = position
            figures[f"headrace_kafka_lag_messages{label}"] = max(0, end - position)
        return figures

    def close(self) -> None:
        """Let go of the broker; what was taken in stays with the live features."""
        self._broker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _take(self, topic: Topic, messages: list[Message]) -> None:
        known, table = self._live.positions, self._table(topic)
        again = [each for each in messages if each.offset < known.get(each[:2], 0)]
        if again:
            scratch = StreamEngine(self._live.engine.compiled)
            take = scratch.push if topic.take is Take.EVENTS else scratch.void
            for run in runs(again, table):
                self._checked_run(run, _rejected(run, partial(take, table=topic.table)))
            messages = [each for each in messages if each.offset >= known.get(each[:2], 0)]
        submit = self._live.submit if topic.take is Take.EVENTS else self._live.submit_voids
        for run in runs(messages, table):
            positions = {each[:2]: each.offset + 1 for each in run.messages}
            rejected = _rejected(run, partial(submit, table=topic.table, positions=positions))
            if not positions.items() <= self._live.positions.items():
                self._live.advance(positions)  # no events, or not even the log could hold them
            self._messages += len(run.messages)
            self._checked_run(run, rejected)

    def _checked_run(self, run: Run, rejected: list[Rejected]) -> None:
        self._quarantine.add(rejected)
        self._checked.update((each[:2], each.offset + 1) for each in run.messages)
        self._unconfirmed = True

    def _confirm(self) -> None:
        self._quarantine.write(self._checked)
        self._live.commit()
        self._unconfirmed = False

    def _table(self, topic: Topic) -> Table:
        tables = self._live.engine.compiled.plan.feature_set.tables
        for table in tables:
            if table.name == topic.table or (not topic.table and len(tables) == 1):
                return table
        raise InputError(
            f"the plan has no table {topic.table!r}",
            where=f"topic {topic.name}",
            remedy=f"tables: {', '.join(table.name for table in tables)}",
        )


def connect(
    servers: str, settings: Mapping[str, str] | None = None, answer_seconds: float = 10.0
) -> Broker:
    """A connection to Kafka.

    Args:
        servers: `host:port`, several with commas.
        settings: More of librdkafka's, such as those for TLS and passwords; the few that keep
            messages from being lost cannot be changed.
        answer_seconds: A server that says nothing for so long is taken to be down.

    Raises:
        InputError: The library is not installed, or does not know a setting.
    """
    confluent_kafka = library(servers)
    try:
        consumer = confluent_kafka.Consumer(
            {**(settings or {}), "bootstrap.servers": servers, **_OURS}
        )
    except confluent_kafka.KafkaException as error:
        raise InputError(f"Kafka's library refuses: {error}", where=servers) from error
    return _Kafka(confluent_kafka, consumer, servers, answer_seconds)


def library(servers: str) -> Any:
    """Kafka's library.

    Raises:
        InputError: It is not installed.
    """
    try:
        return import_module("confluent_kafka")  # an extra, absent by default
    except ImportError as error:
        message = "Kafka needs a library that is not installed"
        remedy = "Run: pip install 'headrace[kafka]'"
        raise InputError(message, where=servers, remedy=remedy) from error


class _Kafka:
    """A consumer that is told where to read, and never asks."""

    def __init__(self, library: Any, consumer: Any, servers: str, answer_seconds: float) -> None:
        self._library, self._consumer = library, consumer
        self._servers, self._answer_seconds = servers, answer_seconds
        self._read: list[Place] = []

    def offsets(self, topic: str) -> dict[int, tuple[int, int]]:
        until = time.monotonic() + self._answer_seconds
        while True:
            try:
                return self._offsets(topic)
            except self._library.KafkaException as error:
                if time.monotonic() > until:  # before, it may just be choosing a leader
                    raise self._refused(f"topic {topic!r}: {error.args[0].str()}") from error
            time.sleep(0.1)

    def _offsets(self, topic: str) -> dict[int, tuple[int, int]]:
        found = self._consumer.list_topics(topic, timeout=self._answer_seconds).topics[topic]
        if found.error is not None:
            raise self._refused(f"topic {topic!r}: {found.error.str()}")
        return {
            partition: self._consumer.get_watermark_offsets(
                self._library.TopicPartition(topic, partition), timeout=self._answer_seconds
            )
            for partition in found.partitions
        }

    def begin(self, positions: Positions) -> None:
        self._read = list(positions)
        self._consumer.assign(
            [self._library.TopicPartition(*place, at) for place, at in positions.items()]
        )

    def take(self, messages_max: int, wait_seconds: float) -> list[Message]:
        found = self._consumer.consume(1, wait_seconds)
        if found and messages_max > 1:
            found += self._consumer.consume(messages_max - 1, 0)
        messages = []
        for each in found:
            error = each.error()
            if error is None:
                message = Message(each.topic(), each.partition(), each.offset(), each.value())
                messages.append(message)
            else:
                raise self._refused(f"topic {each.topic()!r}: {error.str()}")
        return messages

    def ends(self) -> dict[Place, int]:
        ends = {}
        for place in self._read:
            partition = self._library.TopicPartition(*place)
            _, end = self._consumer.get_watermark_offsets(partition, cached=True)
            if end >= 0:  # else nothing was heard yet
                ends[place] = end
        return ends

    def close(self) -> None:
        self._consumer.close()

    def _refused(self, what: str) -> InputError:
        return InputError(
            f"Kafka refuses {what}", where=self._servers, remedy="check the server and the topic"
        )


def _rejected(run: Run, take: Callable[[pa.Table], Pushed]) -> list[Rejected]:
    """Take the events of a run in; returns what of it cannot be used."""
    events = run.events()
    if events is None:
        return run.rejected
    try:
        refused = take(events).refused
    except InputError as error:
        return run.rejected + [Rejected(each, None, str(error)) for each in run.sources]
    return run.rejected + [
        run.reject(row, f"column {each.column!r} {each.reason}")
        for each in refused
        for row in each.rows.tolist()
    ]


def starts(
    broker: Broker, topics: Iterable[Topic], known: Positions, complete: Positions
) -> dict[Place, int]:
    """From where each partition is read on.

    Args:
        broker: Reads none of them meanwhile.
        topics: With their partitions.
        known: Where the log stands.
        complete: Up to where the quarantine is.

    Raises:
        InputError: A topic or partition is not there, or nobody answers.
        StorageError: Messages that were not taken in are gone from the broker.
    """
    wanted: dict[Place, int] = {}
    for topic in topics:
        offsets = broker.offsets(topic.name)
        for partition in topic.partitions or sorted(offsets):
            if partition not in offsets:
                raise InputError(
                    f"topic {topic.name!r} has no partition {partition}",
                    remedy=f"partitions: {', '.join(map(str, sorted(offsets)))}",
                )
            place, (first, end) = (topic.name, partition), offsets[partition]
            start = _start(place, known.get(place), first, end)
            unchecked = complete.get(place, 0) if place in known else start
            wanted[place] = max(first, min(start, unchecked))
    return wanted


def _start(place: Place, known: int | None, first: int, end: int) -> int:
    """Where a partition is read from: where the log stands, or the first message there is.

    Raises:
        StorageError: The broker no longer has the messages in between, or never had those before.
    """
    if known is None or first <= known <= end:
        return first if known is None else known
    where = f"topic {place[0]}, partition {place[1]}"
    if known > end:
        message = f"the log has messages up to offset {known}, the broker only up to {end}"
        remedy = "it is another broker, or the topic was made anew: begin a new folder"
        raise StorageError(message, where=where, remedy=remedy)
    raise StorageError(
        f"messages {known} to {first - 1} were never taken in, and the broker has deleted them",
        where=where,
        remedy=f"to go on without them, call live.advance({{{place}: {first}}})",
    )


def by_topic(messages: Iterable[Message]) -> dict[str, list[Message]]:
    """Messages of each topic, in their order."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.topic, []).append(message)
    return found

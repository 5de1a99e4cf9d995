"""Kafka as the service has it: a thread that feeds topics through the desk, and starts anew.

Where the broker, the store or the disk is away, it says so, waits and goes on; what is published is
never less than what the log says was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from traceback import format_exc
from typing import Any

import pyarrow as pa
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from headrace.adapters.kafka import Topic, connect
from headrace.adapters.kafka_desk import DeskSource, Feeding
from headrace.adapters.kafka_publishing import Publisher, connect_publisher
from headrace.adapters.live.batch import Outcome
from headrace.adapters.live.desk import FullError
from headrace.adapters.messages import Message
from headrace.adapters.stores.web import Entry
from headrace.errors import HeadraceError
from headrace.web.kafka_settings import KafkaSettings
from headrace.web.live_room import LiveRoom

WAIT_SECONDS = 0.25
ANSWER_SECONDS = 5.0
CHECK_SECONDS = 2.0
"""So long nothing may come before the broker is asked whether it is there."""

LOOK_SECONDS = 300.0
"""So often partitions are looked up, for some may have been added."""

PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 10.0
STOP_SECONDS = 15.0
SOON_AGAIN = {"reconnect.backoff.max.ms": "1000"}
WHO = "kafka"
"""By whom the audit says that events were handed in, with the topic behind it."""

ACTS = {True: "event.decided", False: "event.taken"}


@dataclass(frozen=True)
class PlaceTold:
    """A partition: where it is read on, and how many offsets are ahead; None: not heard yet."""

    topic: str
    partition: int
    position: int
    lag: int | None


@dataclass(frozen=True)
class KafkaTold:
    """How Kafka as a source does. Counts are since the service started.

    Attributes:
        trouble: Why nothing is read at the moment; empty where it is.
        messages: Taken in, bad ones included.
        published: Decisions that the topic of answers has.
        quarantined: Bad messages, or rows of one.
        per_second: Messages a second over the last minute.
        places: By topic and partition.
    """

    trouble: str = "not begun"
    messages: int = 0
    published: int = 0
    quarantined: int = 0
    per_second: float = 0.0
    places: tuple[PlaceTold, ...] = ()


class KafkaRoom(Collector):
    """Reads Kafka for as long as the service lives."""

    def __init__(
        self,
        settings: KafkaSettings,
        root: Path,
        live: Callable[[], LiveRoom],
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """Read the settings; nothing is opened yet.

        Args:
            settings: Which topics.
            root: What paths among the settings are relative to.
            live: Opens decisions in flight, or gives them.
            log: Takes one line.

        Raises:
            InputError: The password cannot be read.
        """
        self._settings, self._library = settings, SOON_AGAIN | settings.library(root)
        self._live, self._log = live, log
        self._told = KafkaTold()
        self._stopped = Event()
        self._thread: Thread | None = None

    @property
    def told(self) -> KafkaTold:
        """How it does."""
        return self._told

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read; events are decided in this loop."""
        self._thread = Thread(target=self._work, args=(loop,), name="kafka", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the messages at hand, and read no more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def collect(self) -> list[Metric]:
        """Figures for Prometheus."""
        told = self._told
        is_read = float(not told.trouble)
        up = GaugeMetricFamily("headrace_kafka_up", "Whether Kafka is read", is_read)
        counts = [
            CounterMetricFamily(f"headrace_kafka_{name}", text, count)
            for name, text, count in (
                ("messages", "Messages taken in", told.messages),
                ("published", "Decisions published", told.published),
                ("quarantined", "Messages that could not be used", told.quarantined),
            )
        ]
        labels = ("topic", "partition")
        at = GaugeMetricFamily("headrace_kafka_position", "Next offset to read", labels=labels)
        lag = GaugeMetricFamily("headrace_kafka_lag_messages", "Offsets ahead", labels=labels)
        for place in told.places:
            at.add_metric((place.topic, str(place.partition)), place.position)
            if place.lag is not None:
                lag.add_metric((place.topic, str(place.partition)), place.lag)
        return [up, *counts, at, lag]

    # --- the thread -----------------------------------------------------------------------------

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = PAUSE_SECONDS
        while not self._stopped.is_set():
            began = monotonic()
            try:
                with ExitStack() as opened:
                    self._read(*self._opened(opened, loop))
            except HeadraceError as error:
                self._trouble(str(error))
            except Exception:  # noqa: BLE001 - a defect is told, and must not end it for good
                self._trouble(format_exc())
            pause = PAUSE_SECONDS if monotonic() - began > PAUSE_SECONDS_MAX else pause * 2
            self._stopped.wait(min(pause, PAUSE_SECONDS_MAX))

    def _opened(
        self, opened: ExitStack, loop: asyncio.AbstractEventLoop
    ) -> tuple[DeskSource, Publisher]:
        settings, live = self._settings, self._live()
        broker = connect(settings.servers, self._library, ANSWER_SECONDS)
        opened.callback(broker.close)
        publisher = connect_publisher(settings.servers, self._library, ANSWER_SECONDS)
        opened.callback(publisher.close)
        desk = live.desk
        ask = partial(self._ask, live, loop)
        feeding = Feeding(desk.decisions.live, desk.readers, ask, broker, publisher, live.rooms.now)
        topics = [Topic(settings.decided, live.decided_table)]
        topics += [Topic(topic, table) for table, topic in settings.events.items()]
        source = DeskSource(feeding, topics, {settings.decided: settings.answers})
        return source, publisher

    def _read(self, source: DeskSource, publisher: Publisher) -> None:
        before, heard, looked = self._told, monotonic(), monotonic()
        self._tell(source, before)
        while not self._stopped.is_set():
            if source.poll(WAIT_SECONDS):
                heard = monotonic()
            elif monotonic() - heard > CHECK_SECONDS:
                publisher.check()
                heard = monotonic()
            if monotonic() - looked > LOOK_SECONDS:
                source.begin()
                looked = monotonic()
            self._tell(source, before)

    def _ask(
        self,
        live: LiveRoom,
        loop: asyncio.AbstractEventLoop,
        table: str,
        events: pa.Table,
        messages: Sequence[Message],
    ) -> list[Outcome]:
        """What became of events; waits while the desk is full."""
        notes = _notes(live, table, events, messages)
        while True:
            asked = asyncio.run_coroutine_threadsafe(live.desk.ask(table, events, notes), loop)
            try:
                return asked.result()
            except FullError:
                if self._stopped.wait(WAIT_SECONDS):
                    raise

    def _tell(self, source: DeskSource, before: KafkaTold) -> None:
        """Note how it does, for whoever asks in another thread."""
        self._told = KafkaTold(
            "",
            before.messages + source.messages,
            before.published + source.published,
            before.quarantined + source.quarantined,
            source.per_second(),
            tuple(PlaceTold(*place, at, lag) for place, (at, lag) in source.lags().items()),
        )

    def _trouble(self, why: str) -> None:
        if self._told.trouble != why:
            self._log({"event": "kafka not read", "why": why})
        self._told = replace(self._told, trouble=why, per_second=0.0)


def _notes(
    live: LiveRoom, table: str, events: pa.Table, messages: Sequence[Message]
) -> list[Entry]:
    """Lines of the audit, one an event: who handed in which, and where it stood."""
    reader, now = live.desk.readers[table], live.rooms.now()
    names = events[reader.table.id].cast(pa.string()).to_pylist()
    act = ACTS[table == live.decided_table]
    return [
        Entry(now, f"{WHO} {each.topic}", act, name or "", f"{each.partition}@{each.offset}")
        for name, each in zip(names, messages, strict=True)
    ]

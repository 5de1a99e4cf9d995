"""Decisions on their way into a Kafka topic: told there before anybody says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from headrace.adapters.kafka import library
from headrace.errors import InputError

_OURS = {
    "enable.idempotence": "true",  # what the library sends again arrives once, and in order
    "acks": "all",
    "linger.ms": "2",
}


class Publisher(Protocol):
    """Where answers go; `connect_publisher` gives the one that speaks to Kafka."""

    def publish(self, topic: str, several: Sequence[tuple[str, bytes]]) -> None:
        """Send messages, key and value each; the topic has all of them when this returns.

        Raises:
            InputError: It does not have all of them; sent again, some may be there twice.
        """

    def check(self) -> None:
        """Ask whether somebody is there.

        Raises:
            InputError: Nobody answers.
        """

    def close(self) -> None:
        """Let go of the connection."""


def connect_publisher(
    servers: str, settings: Mapping[str, str] | None = None, answer_seconds: float = 10.0
) -> Publisher:
    """A connection to Kafka that sends.

    Args:
        servers: `host:port`, several with commas.
        settings: More of librdkafka's; the few that keep messages from being lost stay ours.
        answer_seconds: What is not confirmed for so long is taken to be lost.

    Raises:
        InputError: The library is not installed, or does not know a setting.
    """
    kafka = library(servers)
    whole = {**(settings or {}), "bootstrap.servers": servers, **_OURS}
    whole["message.timeout.ms"] = str(round(answer_seconds * 1000))
    try:
        producer = kafka.Producer(whole)
    except kafka.KafkaException as error:
        raise InputError(f"Kafka's library refuses: {error}", where=servers) from error
    return _Kafka(kafka, producer, servers, answer_seconds)


class _Kafka:
    def __init__(self, library: Any, producer: Any, servers: str, answer_seconds: float) -> None:
        self._library, self._producer = library, producer
        self._servers, self._answer_seconds = servers, answer_seconds

    def publish(self, topic: str, several: Sequence[tuple[str, bytes]]) -> None:
        refused: list[str] = []

        def told(error: Any, _: Any) -> None:
            if error is not None:
                refused.append(error.str())

        try:
            for key, value in several:
                self._producer.produce(topic, value, key.encode(), on_delivery=told)
                self._producer.poll(0)
            left = self._producer.flush(self._answer_seconds)
        except (BufferError, self._library.KafkaException) as error:
            self._producer.purge()
            raise self._refused(topic, str(error)) from error
        if left:
            self._producer.purge()  # it is sent again by whoever asked
            self._producer.flush(self._answer_seconds)
        if left or refused:
            raise self._refused(topic, refused[0] if refused else "nobody confirmed it in time")

    def check(self) -> None:
        try:
            self._producer.list_topics(timeout=self._answer_seconds)
        except self._library.KafkaException as error:
            raise InputError(
                f"Kafka does not answer: {error.args[0].str()}",
                where=self._servers,
                remedy="Start it again; what waits there is taken in then",
            ) from error

    def close(self) -> None:
        self._producer.purge()
        self._producer.flush(1)

    def _refused(self, topic: str, why: str) -> InputError:
        return InputError(
            f"Kafka did not take what was published to {topic!r}: {why}",
            where=self._servers,
            remedy="check the server and the topic",
        )

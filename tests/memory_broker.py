"""A broker in memory: topics in lists. The real one is in tests/services."""

import json

from headrace.adapters.messages import Message
from headrace.errors import InputError


class MemoryBroker:
    """Topics in lists, and a reader that forgets where it was when it is told where to begin.

    Attributes:
        topics: By topic and partition, the messages there ever were.
        first: By topic and partition, how many were deleted.
    """

    def __init__(self):
        self.topics, self.first, self.at, self.closed = {}, {}, {}, False

    def send(self, value, topic="payments", partition=0):
        value = json.dumps(value) if isinstance(value, dict) else value
        value = value.encode() if isinstance(value, str) else value
        self.topics.setdefault((topic, partition), []).append(value)

    def offsets(self, topic):
        found = {
            partition: (self.first.get((name, partition), 0), len(values))
            for (name, partition), values in self.topics.items()
            if name == topic
        }
        if not found:
            raise InputError(f"no topic {topic}")
        return found

    def begin(self, positions):
        self.at = dict(positions)

    def take(self, messages_max, wait_seconds):
        messages = []
        for place, values in self.topics.items():
            at = self.at.get(place, len(values))
            found = values[at : at + messages_max - len(messages)]
            messages += [Message(*place, at + n, value) for n, value in enumerate(found)]
            self.at = {**self.at, place: at + len(found)}
        return messages

    def ends(self):
        return {place: len(self.topics[place]) for place in self.at}

    def close(self):
        self.closed = True


class MemoryPublisher:
    """Keeps what is published.

    Attributes:
        sent: Topic, key and value of each message, in order.
        refusing: How many of the next calls fail, each after its first message went through.
    """

    def __init__(self):
        self.sent, self.refusing, self.closed = [], 0, False

    def publish(self, topic, several):
        if self.refusing:
            self.refusing -= 1
            self.sent += [(topic, *several[0])]
            raise InputError("the topic does not take it")
        self.sent += [(topic, *each) for each in several]

    def check(self):
        pass

    def close(self):
        self.closed = True

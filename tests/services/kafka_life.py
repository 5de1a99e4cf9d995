"""Lives that feed topics into live features until they are killed; the kill test starts this once.

    arguments   servers
    stdin       one line a life: folder, messages taken at most at once
    stdout      of each life: its process id; then, after every poll, the messages that are durable;
                `over` once it is dead

Each life is a fork, because to start Python costs more than to be killed.
"""

import os
import sys
from pathlib import Path

from test_kafka import LATENESS, PLAN, TOPICS, warm

from headrace.adapters.kafka import KafkaSource, connect
from headrace.adapters.live.features import LiveFeatures


def tell(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # a broken pipe ends the life: its test is gone


def live(servers: str, folder: Path, messages_max: int) -> None:
    tell(os.getpid())
    with (
        LiveFeatures(folder, PLAN, LATENESS) as features,
        KafkaSource(features, connect(servers), TOPICS) as source,
    ):
        polls = 0
        while True:
            source.poll(0.1, messages_max)
            tell(sum(features.positions.values()))
            polls += 1
            if polls % 7 == 0:
                features.snapshot()


def main() -> None:
    warm()
    for line in sys.stdin:
        folder, messages_max = line.rstrip("\n").rsplit(" ", 1)
        life = os.fork()
        if life == 0:
            live(sys.argv[1], Path(folder), int(messages_max))
        os.waitpid(life, 0)
        tell("over")


if __name__ == "__main__":
    main()

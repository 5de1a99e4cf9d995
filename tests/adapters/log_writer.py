"""Lives that append to logs until they are killed; the kill test starts this once.

    stdin   one line a life: seed, folder
    stdout  of each life: its process id; then every number below which records are acknowledged;
            `over` once it is dead

Each life is a fork, because to start Python costs more than to be killed.
"""

import hashlib
import os
import sys
import threading
from pathlib import Path

from headrace.adapters.segment_log import SegmentLog

SEGMENT_BYTES = 1 << 15
KEPT_RECORDS = 300


def payload_of(seed: int, sequence: int) -> bytes:
    """Up to 2 kB, now and then 100 kB; known from its place alone."""
    digest = hashlib.blake2b(f"{seed}:{sequence}".encode()).digest()
    size = 100_000 if digest[0] == 0 else int.from_bytes(digest[:2], "little") % 2000
    return (digest * (size // len(digest) + 1))[:size]


def tell(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # a broken pipe ends the life: its test is gone


def commit_directly(log: SegmentLog, seed: int) -> None:
    while True:
        for _ in range(1 + log.next_sequence % 7):
            log.append(payload_of(seed, log.next_sequence))
        tell(log.commit())
        log.drop_before(log.durable - KEPT_RECORDS)


def wait_in_threads(log: SegmentLog, seed: int) -> None:
    while True:
        for _ in range(1 + log.next_sequence % 7):
            log.append(payload_of(seed, log.next_sequence))
        waiting = [
            threading.Thread(target=lambda number=number: tell(log.wait(number)))
            for number in range(log.durable, log.next_sequence)
        ]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join()


def live(seed: int, folder: Path) -> None:
    tell(os.getpid())
    with SegmentLog.open(folder, segment_bytes=SEGMENT_BYTES) as log:
        (commit_directly if seed % 2 else wait_in_threads)(log, seed)


def main() -> None:
    for line in sys.stdin:
        seed, folder = line.rstrip("\n").split(" ", 1)
        life = os.fork()
        if life == 0:
            live(int(seed), Path(folder))
        os.waitpid(life, 0)
        tell("over")


if __name__ == "__main__":
    main()

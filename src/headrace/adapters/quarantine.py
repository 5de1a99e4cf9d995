"""Messages that could not be used, as lines of JSON: each exactly once, after any crash.

    quarantine.jsonl      topic, partition, offset, row of an Arrow message, value, reason
    quarantine.complete   JSON: [[topic, partition, first offset that may lack its line], ...]

The log of events is confirmed after the lines. What a kill left between the two is put right on
opening: lines beyond what is in the log are dropped, and messages that are in the log and may lack
their lines are in `complete`, for the source to look at once more.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headrace.adapters.live.records import Place, Positions
from headrace.adapters.messages import Rejected
from headrace.adapters.segment_log import make_folder, storage_error, whole_file

FILE = "quarantine.jsonl"
TAIL_BYTES = 1 << 20
VALUE_SHOWN = 2_000


@dataclass(frozen=True)
class Held:
    """A message that could not be used, or a row of one.

    Attributes:
        topic: Where it came from.
        partition: Of the topic.
        offset: In the partition.
        row: Of a message that is an Arrow stream, from 0; None: the whole message.
        value: What came, up to `VALUE_SHOWN` characters; None where it had no value.
        reason: Why it could not be used.
    """

    topic: str
    partition: int
    offset: int
    row: int | None
    value: str | None
    reason: str


def last_held(folder: Path, count: int) -> list[Held]:
    """The last messages that could not be used, newest first; nothing where there is no file.

    Args:
        folder: That of the live features.
        count: How many at most; those of the last `TAIL_BYTES` of the file at most, too.

    Raises:
        StorageError: The disk refuses.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES)
            file.seek(start)
            lines = file.read().splitlines()[1 if start else 0 :]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error("the quarantine cannot be read", path, error) from error
    found = []
    for line in reversed(lines):
        with suppress(ValueError, TypeError):  # one that is being written
            told = json.loads(line)
            value = told["value"]
            short = value if value is None else value[:VALUE_SHOWN]
            found.append(Held(**told | {"value": short}))
        if len(found) == count:
            break
    return found


class Quarantine:
    """Lines of JSON on what could not be used, and a file that says up to where they are complete.

    Attributes:
        complete: By topic and partition: the first offset that may lack its line.
        count: Lines added since the start.
    """

    def __init__(self, folder: Path, positions: Positions) -> None:
        """Open, and drop lines of messages that come again: not complete, or not in the log."""
        self._path, self._mark = folder / FILE, folder / "quarantine.complete"
        self._pending, self.count = bytearray(), 0
        try:
            make_folder(folder)
            self.complete = {
                place: min(at, positions.get(place, 0)) for place, at in _said(self._mark).items()
            }
            with whole_file(self._mark) as file:  # down on the disk before any line is dropped
                file.write(_text(self.complete))
            text = self._path.read_bytes() if self._path.exists() else b""
            kept = b"".join(
                line for line in text.splitlines(keepends=True) if _is_before(line, self.complete)
            )
            if kept != text or not self._path.exists():
                with whole_file(self._path) as file:
                    file.write(kept)
        except OSError as error:
            raise storage_error("the quarantine cannot be read", self._path, error) from error
        self._end = len(kept)

    def add(self, rejected: Iterable[Rejected]) -> None:
        """Lines for the next `write`."""
        for each in rejected:
            line = json.dumps(_line(each), ensure_ascii=False)
            self._pending += line.encode() + b"\n"
            self.count += 1

    def write(self, positions: Positions) -> None:
        """Write down what was added; again, if it could not be written before.

        Args:
            positions: Up to where it is complete then.

        Raises:
            StorageError: The disk refuses.
        """
        try:
            if self._pending:
                with self._path.open("r+b") as file:
                    file.seek(self._end)
                    file.write(self._pending)
                    file.flush()
                    os.fsync(file.fileno())
            unfinished = self._mark.with_name(f".{self._mark.name}.unfinished")
            unfinished.write_bytes(_text(positions))
            unfinished.replace(self._mark)  # not synced: an old one costs a longer look back
        except OSError as error:
            raise storage_error("the quarantine cannot be written", self._path, error) from error
        self._end += len(self._pending)
        self._pending.clear()
        self.complete = dict(positions)


def _text(positions: Positions) -> bytes:
    return json.dumps([[*place, at] for place, at in positions.items()]).encode()


def _said(path: Path) -> dict[Place, int]:
    """What a mark says; nothing where it is missing or torn."""
    with suppress(FileNotFoundError, ValueError):
        return {(topic, partition): at for topic, partition, at in json.loads(path.read_bytes())}
    return {}


def _is_before(line: bytes, positions: Positions) -> bool:
    """Whether a line is whole, and its message lies before where the log stands."""
    with suppress(ValueError, TypeError, LookupError):
        found = json.loads(line)
        return line.endswith(b"\n") and found["offset"] < positions.get(
            (found["topic"], found["partition"]), 0
        )
    return False


def _line(rejected: Rejected) -> dict[str, object]:
    topic, partition, offset, value = rejected.message
    return {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "row": rejected.row,
        "value": None if value is None else value.decode(errors="backslashreplace"),
        "reason": rejected.reason,
    }

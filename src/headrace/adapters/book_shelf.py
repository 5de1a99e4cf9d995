"""How a book stands, in a file: so that a service that starts need not do every day again."""

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from headrace.adapters.code import code_digest
from headrace.adapters.segment_log import whole_file


class BookShelf:
    """Implements `workflows.loan_standing.Shelf` in one file.

    What another version of the code kept, or what was cut short, is as if it were not there.
    """

    def __init__(self, path: Path) -> None:
        """Look at a file; it need not be there."""
        self._path = path

    def read(self) -> bytes | None:
        """What was kept; None where nothing was, or it cannot be used."""
        try:
            head, _, content = self._path.read_bytes().partition(b"\n")
        except OSError:
            return None
        return content if head == _head(content) else None

    def write(self, content: bytes) -> None:
        """Keep it; where the disk refuses, the next start is slower and nothing else."""
        with suppress(OSError), whole_file(self._path) as file:
            file.write(_head(content) + b"\n" + content)


def _head(content: bytes) -> bytes:
    return hashlib.sha256(_code() + content).hexdigest().encode()


@cache
def _code() -> bytes:
    return code_digest()["code"].encode()

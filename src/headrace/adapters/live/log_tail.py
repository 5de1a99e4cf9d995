"""Somebody who hears of what stands in a log, some time behind: in a thread of its own.

What is told comes from memory where it can, and from the log where a process died, or something
failed on its way, before it was told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

from headrace.errors import HeadraceError

PAUSE_SECONDS = 1.0
"""So long after somebody took nothing it is told again."""

GATHER_SECONDS = 1.0
"""So long is gathered: it costs as much to tell a few as to tell many."""

KEPT_MAX = 2_000
"""Portions that are kept in memory while nobody takes them; of more, the log is read again."""

Told = TypeVar("Told")


class LogTail(Generic[Told]):
    """Tells one listener of everything, in order, again and again until it takes it.

    Attributes:
        failing: Why it does not take it at the moment; empty where it does.
    """

    def __init__(self, name: str, tell: Callable[[Sequence[Told] | None, int], None]) -> None:
        """Begin with what an earlier process left untold.

        Args:
            name: Of the thread.
            tell: Takes what was gathered, and the number of the record of the log up to which that
                is everything; None: it is to look into the log for itself. It raises what keeps it
                from taking all of it.
        """
        self.failing = ""
        self._tell = tell
        self._jobs: SimpleQueue[tuple[Sequence[Told] | None, int] | None] = SimpleQueue()
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def waiting(self) -> int:
        """Portions that are not told yet."""
        return self._jobs.qsize()

    def start(self, upto: int) -> None:
        """Begin; with what the log holds before this record and was not told."""
        self.add(None, upto)
        self._thread.start()

    def add(self, several: Sequence[Told] | None, upto: int) -> None:
        """Have something told.

        Args:
            several: What; durable. None: whatever the log holds that was not told, for some of it
                may have failed on its way.
            upto: Everything before this record of the log has been added by now.
        """
        self._jobs.put((several if self.waiting < KEPT_MAX else None, upto))

    def close(self) -> None:
        """Tell what is there, where it is taken, and end."""
        self.stopped.set()
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self.stopped.wait(GATHER_SECONDS)
            several, upto = self._gathered(*job)
            while not self._told(several, upto):
                if self.stopped.wait(PAUSE_SECONDS):
                    return  # the next process finds it in the log

    def _gathered(
        self, several: Sequence[Told] | None, upto: int
    ) -> tuple[Sequence[Told] | None, int]:
        """Everything that waits as one; the word to end stays for the next look."""
        whole, is_all = list(several or ()), several is not None
        while not self._jobs.empty():
            more = self._jobs.get()
            if more is None:
                self._jobs.put(None)
                break
            whole += more[0] or ()
            is_all &= more[0] is not None
            upto = more[1]
        return (whole if is_all else None), upto

    def _told(self, several: Sequence[Told] | None, upto: int) -> bool:
        try:
            self._tell(several, upto)
        except HeadraceError as error:
            self.failing = str(error)
            return False
        except Exception as error:  # noqa: BLE001 - a defect is told; without the thread all is lost
            self.failing = f"{type(error).__name__}: {error}"
            return False
        self.failing = ""
        return True

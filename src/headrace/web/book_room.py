"""The book of loans in the service: opened once, used by one thread at a time.

Another process may write to the same book: whoever comes in here sees what it wrote. A book whose
files were made anew, or of which nobody knows how it stands after a failure, is opened again.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from threading import RLock
from typing import TypeVar, cast

from headrace.adapters.loan_books import OpenBook, open_book
from headrace.adapters.sql_engines import MissingError
from headrace.adapters.stores.web import StoreDownError
from headrace.errors import EvidenceError, InputError
from headrace.web.problems import NoBookError
from headrace.workflows.loan_desk import Recorded
from headrace.workflows.loan_log import Entry

_Made = TypeVar("_Made")


class BookRoom:
    """The one place in which a service reads and writes its book."""

    def __init__(self, place: str, folder: Path | None, shelf: Path | None = None) -> None:
        """Look at a book; nothing is opened yet.

        Args:
            place: Its folder or address.
            folder: The same, where it is a folder.
            shelf: File for how it stands, so that opening it again is fast; None: no such file.
        """
        self._place, self._folder, self._shelf = place, folder, shelf
        self._turn = RLock()
        self._opened: tuple[object, OpenBook, ExitStack] | None = None
        self._made: dict[str, tuple[object, object]] = {}

    @contextmanager
    def inside(self) -> Iterator[OpenBook]:
        """The book as it stands now, with nobody else in the room.

        Raises:
            NoBookError: There is none, or nothing was signed yet.
            HeadraceError: It cannot be read.
        """
        with self._turn:
            here = self._enter()
            with self._closing_on_failure(), self._no_slip():
                here.desk.catch_up()
            if here.desk.book.day is None:
                raise _no_book()
            yield here

    def record(self, key: str, entry: Entry, known_at: int) -> Recorded:
        """Record one entry; it is durable on return, or refused.

        Args:
            key: Its idempotency key.
            entry: What happened.
            known_at: Now, microseconds since 1970.

        Raises:
            InputError: The entry is not one that this book can take; see `LoanDesk.record`.
            HeadraceError: Nothing is acknowledged; it may be given again under the same key.
        """
        with self.inside() as here:
            here.desk.check(key, entry)  # a slip of the pen is told before anything is done
            with self._closing_on_failure():
                return here.desk.record([(key, entry)], known_at)[0]

    def end_days(self, until: date | None, known_at: int) -> int:
        """End days, as `OpenBook.end_days` does."""
        with self.inside() as here, self._closing_on_failure():
            return here.end_days(until, known_at)

    @contextmanager
    def _closing_on_failure(self) -> Iterator[None]:
        """Nobody knows how a book stands after a failure: it is made again of its log."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def made(self, name: str, make: Callable[[OpenBook], _Made], stamp: object = None) -> _Made:
        """What is made of the book, kept until the book changes.

        Args:
            name: Of what is made.
            make: Makes it.
            stamp: Of what else goes into it; another one, and it is made again.
        """
        with self.inside() as here:
            now = (here.desk.book.number, stamp)
            if name not in self._made or self._made[name][0] != now:
                self._made[name] = (now, make(here))
            return cast("_Made", self._made[name][1])

    def close(self) -> None:
        """Let go of the book; the next one who comes opens it."""
        with self._turn:
            if self._opened is not None:
                self._opened[2].close()
            self._opened = None
            self._made.clear()

    def _enter(self) -> OpenBook:
        stamp = self._stamp()
        if self._opened is not None and self._opened[0] != stamp:
            self.close()
        if self._opened is None:
            with ExitStack() as stack:
                with self._no_slip():
                    here = stack.enter_context(open_book(self._place, shelf=self._shelf))
                    here.desk.keep()
                self._opened = (stamp, here, stack.pop_all())
        return self._opened[1]

    @contextmanager
    def _no_slip(self) -> Iterator[None]:
        """A book that cannot be read is no mistake of whoever asks."""
        try:
            yield
        except MissingError as error:
            raise _no_book() from error
        except InputError as error:
            kind = StoreDownError if self._folder is None else EvidenceError
            raise kind(error.problem, where="book", remedy=error.remedy) from error

    def _stamp(self) -> object:
        """Another one where the files are others, not where they grew."""
        if self._folder is None:
            return None
        try:
            return tuple((self._folder / name).stat().st_ino for name in ("book.db", "ledger.db"))
        except OSError as error:
            raise _no_book() from error


def _no_book() -> NoBookError:
    return NoBookError(
        "There is no book of loans to show",
        where="book",
        remedy="`headrace book open` signs a run's contracts; `headrace demo` fills one",
    )

"""What firms owe the book of a service, and their groups: it is taken off what they may borrow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice

from headrace.adapters.loan_books import OpenBook
from headrace.web.book_room import BookRoom
from headrace.web.borrowers import Borrowers
from headrace.web.problems import NoBookError
from headrace.web.run_folder import NoRunError, Run, RunFolder
from headrace.workflows.exposure import Taken, exposures, taken_by
from headrace.workflows.supervision import Borrower


@dataclass(frozen=True)
class BookExposure:
    """What firms owe a book as it stands now; nothing where there is no book.

    Attributes:
        book: The book.
        run: Its facts make groups.
        borrowers: Who belongs to which.
    """

    book: BookRoom
    run: RunFolder
    borrowers: Borrowers

    def taken(self, party: str) -> Taken:
        """What a firm and its group have of it."""
        known = self._known()
        groups = any(each.group is not None for each in islice(known.values(), 1))
        owed, day = self._owed()
        heads = {name: known[name].group or name for name in {party, *owed} if name in known}
        return taken_by(party, owed, heads if groups else None, day)

    def elsewhere(self, run: Run) -> Mapping[str, int]:
        """By party: of contracts that this run did not offer, such as those of applications."""

        def make(here: OpenBook) -> dict[str, int]:
            book = here.desk.book
            others = (
                each
                for each in book.loans.values()
                if each.contract.decision_id not in run.positions
            )
            return exposures(others, book.day or date.min)

        try:
            return self.book.made("elsewhere", make, run.digest)
        except NoBookError:
            return {}

    def _known(self) -> Mapping[str, Borrower]:
        try:
            return self.borrowers.of(self.run.current())
        except NoRunError:
            return {}

    def _owed(self) -> tuple[Mapping[str, int], date | None]:
        def make(here: OpenBook) -> tuple[dict[str, int], date | None]:
            book = here.desk.book
            return exposures(book.loans.values(), book.day or date.min), book.day

        try:
            return self.book.made("exposure", make)
        except NoBookError:
            return {}, None

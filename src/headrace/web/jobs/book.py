"""Days of the book as a job."""

from collections.abc import Mapping
from typing import Any

from headrace.adapters.loan_books import day_ends, open_book
from headrace.errors import InputError
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, Tell

DAYS_AT_ONCE, DAYS_MAX = 31, 366


def end_days(task: Task, tell: Tell) -> Mapping[str, Any]:
    """End the book's days up to one; those that have ended are left as they are."""
    until = task.given.until
    with open_book(task.workspace.book_address, shelf=task.workspace.book_shelf) as here:
        desk, first = here.desk, here.desk.book.day
        if first is None:
            raise InputError("The book is empty", where="book", remedy="Sign contracts first")
        whole = (until - first).days + 1
        if whole > DAYS_MAX:
            raise InputError(
                f"At most {DAYS_MAX} days are ended at a time",
                where="given.until",
                remedy=f"The book stands on the morning of {first}",
            )
        while (day := desk.book.day) is not None and day <= until:
            tell((day - first).days / whole, Text(f"ends {day}", f"日终 {day}"))
            count = min(DAYS_AT_ONCE, (until - day).days + 1)
            desk.record(day_ends(day, count), task.created)
        desk.keep()
        here.prove()
        return {"day": str(desk.book.day), "ended": max(0, whole)}

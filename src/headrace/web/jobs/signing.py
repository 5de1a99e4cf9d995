"""Contracts of the run signed as a job."""

from collections.abc import Mapping
from typing import Any

from headrace.adapters.folder import DiskFolder
from headrace.adapters.loan_books import contracts_of, open_book
from headrace.errors import InputError
from headrace.pack import Text
from headrace.web.jobs.kinds import Task, Tell
from headrace.workflows.run_note import run_settings


def sign_offers(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Sign what the run offers for the book's day; what was signed before stays as it is."""
    folder = DiskFolder(task.workspace.folder("run"))
    contracts, about = contracts_of(folder, "run"), run_settings(folder)
    place, shelf = task.workspace.book_address, task.workspace.book_shelf
    with open_book(place, create=True, shelf=shelf) as here:
        if here.desk.book.day is None and about.simulated:
            here.mark_simulated()
        if here.log.simulated != about.simulated:
            raise InputError(
                "Simulated and real contracts cannot be in one book",
                where="book",
                remedy="Name another folder as book in headrace.toml",
            )
        tell(0.1, Text(f"signs {len(contracts):,}", f"签约 {len(contracts):,} 份"))
        default = f"run of {about.moment:%Y-%m-%d} signed on {here.desk.book.day or 'day one'}"
        found = here.sign_batch(contracts, task.given.batch or default, task.created)
        here.desk.keep()
        here.prove()
    return {
        "day": str(found.day),
        "signed": len(found.signed),
        "signed_before": len(found.before),
        "owing": len(found.owing),
        "funded_minor": found.funded_minor,
    }

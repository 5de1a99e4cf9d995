"""`headrace book post`: movements of collateral, pools and trades on the ledger of a book."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.loan_books import open_book
from headrace.adapters.movement_files import read_moved
from headrace.adapters.printing import book as printing_book
from headrace.adapters.wall_clock import now
from headrace.commands.book_files import DEFAULT, BookPlace
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError


def post_command(
    movements: Annotated[
        Path, typer.Argument(help="on, debit, credit, amount, memo; row, contract, party.")
    ],
    *,
    part: Annotated[str, typer.Option("--part", help="Whose they are: collateral, pool, trade.")],
    contract: Annotated[
        str | None, typer.Option("--contract", help="Where the file has none; else the part.")
    ] = None,
    book: BookPlace = DEFAULT,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Post what another part moved beside the loans; the same file again changes nothing."""
    with open_book(book) as here:
        loans = here.desk.book.loans.values()
        currency = next((each.contract.terms.currency for each in loans), None)
        if currency is None:
            raise InputError("the book holds no contract", remedy="headrace book open")
        items = read_moved(movements, part, contract or part, currency)
        found = here.desk.record(items, now())
        here.prove()
    counts = {
        "recorded": sum(not each.existed for each in found),
        "existed": sum(each.existed for each in found),
        "posted": sum(each.posted for each in found),
    }
    if as_json:
        printing.as_json(counts)
    else:
        printing_book.moved(counts, lang)

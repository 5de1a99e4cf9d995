"""A life that keeps a book of loans until it is killed, or the year is over.

    python loan_writer.py FOLDER

Says a line on standard output for each day that was acknowledged. What happens on a day follows
from the day alone, so that a life goes on where the last one ended.
"""

import os
import sys
from datetime import date
from pathlib import Path

from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.stores.loan_log import LoanLogStore
from headrace.ledger import chart
from headrace.simulator.repayments import acts_on, draw_borrower
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import DayEnded, Funded, Happened, Signed
from loan_sample import AT, START, contract

LAST = date(2025, 2, 1)
CONTRACTS = [contract(f"L-{number}", 50_000 + number) for number in range(6)]
BORROWERS = [draw_borrower(each, 12, (7, place)) for place, each in enumerate(CONTRACTS)]
FIRST = [
    ("fund", Funded(START, 10**8, "CNY")),
    *((each.contract, Signed(each)) for each in CONTRACTS),
]


def items_on(desk, day):
    """What happens on a day, and its end."""
    items = []
    for each, borrower in zip(CONTRACTS, BORROWERS, strict=True):
        account = desk.book.loans[each.contract].account
        items += [
            (f"{each.contract} {day} {event}", Happened(each.contract, event))
            for event in acts_on(borrower, account, day, None)
        ]
    return [*items, (f"end {day}", DayEnded(day))]


def live(folder):
    log = LoanLogStore(str(folder / "book.db"), create=True)
    with open_ledger(str(folder / "ledger.db")) as ledger:
        desk = LoanDesk(log, ledger, chart.shipped("bank"))
        desk.record(FIRST, AT)
        while desk.book.day < LAST:
            day = desk.book.day
            desk.record(items_on(desk, day), AT)
            os.write(1, f"{day}\n".encode())


if __name__ == "__main__":
    live(Path(sys.argv[1]))

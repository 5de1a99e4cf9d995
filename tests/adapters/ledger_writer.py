"""Lives that write to a ledger until they are killed; the kill test starts this once.

    stdin   one line a life: seed, address
    stdout  of each life: its process id; 0 once it is open; then every batch that was acknowledged;
            `over` once it is dead

Each life is a fork, because to start Python costs more than to be killed.
"""

import os
import sys
from contextlib import suppress
from datetime import date, timedelta

import numpy as np

from headrace.adapters.sql_engines import engine_of
from headrace.adapters.stores.ledger import open_ledger
from headrace.errors import InputError
from headrace.ledger.account import Account, Limit
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Kind, Transfer

DAY = date(2026, 3, 1)
ACCOUNTS = [
    Account("cash", "1011", limit=Limit.CREDITS_AT_MOST_DEBITS),
    Account("capital", "4001"),
    *(Account(f"loan {number}", "1303", contract=f"C{number}") for number in range(20)),
]


def batch_of(seed: int, number: int) -> list[Transfer]:
    """The batch that follows batch `number` - 1, known from its place alone.

    Capital comes in; loans are paid out in linked pairs, some through holds.
    """
    chance = np.random.default_rng((seed, number))
    made = [Transfer(f"{number}:in", "cash", "capital", int(chance.integers(50_000, 90_000)), DAY)]
    for place in range(int(chance.integers(1, 40))):
        loan = f"loan {chance.integers(20)}"
        about = {"on": DAY + timedelta(days=number), "contract": loan, "memo": "disburse"}
        name, amount = f"{number}:{place}", int(chance.integers(1, 500))
        made.append(Transfer(f"{name}:a", loan, "cash", amount, linked=True, **about))
        made.append(Transfer(f"{name}:b", loan, "cash", 1, **about))
        if place % 5 == 0:
            hold = {"kind": Kind.HOLD, "timeout_seconds": 60}
            settle = {"kind": Kind.POST_HOLD, "refers_to": f"{name}:h"}
            made.append(Transfer(f"{name}:h", loan, "cash", 9, **about, **hold))
            made.append(Transfer(f"{name}:p", loan, "cash", 4, **about, **settle))
    return made


def tell(text: object) -> None:
    os.write(1, f"{text}\n".encode())  # a broken pipe ends the life: its test is gone


def live(seed: int, address: str) -> None:
    tell(os.getpid())
    with open_ledger(address) as ledger:
        tell(0)
        while True:
            number = ledger.head.batch + 1
            receipt = ledger.commit(number, batch_of(seed, number), ACCOUNTS)
            assert receipt.all_held
            assert receipt.batch == number
            tell(number)


def main() -> None:
    Ledger(InMemory()).commit(1, batch_of(0, 1), ACCOUNTS)  # compiled once, before the forks
    with suppress(InputError):
        engine_of("postgresql://", create=False)  # so is its driver read, where there is one
    for line in sys.stdin:
        seed, address = line.rstrip("\n").split(" ", 1)
        life = os.fork()
        if life == 0:
            live(int(seed), address)
        os.waitpid(life, 0)
        tell("over")


if __name__ == "__main__":
    main()

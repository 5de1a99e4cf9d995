"""Schedules of a mixed book to the cent, beside the same in Decimal and in columns of doubles.

No open package writes these schedules in Python. Peers are therefore what one would write: a loop
in Decimal, which must give the same cents; and numpy, period by period, of which it is counted how
many loans come out otherwise. Peers do equal instalments by whole months alone, so
that they are compared on that part of the book.

    python benchmarks/measures/contracts_lending.py [--quick]
"""

import hashlib
import sys
import time
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measures.found import DisagreementError, Found
from workloads.lending import book

from headrace.contracts.lending.account import advance, opened
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.book import accrue_nights, book_of
from headrace.contracts.lending.events import Disburse
from headrace.contracts.lending.loans import loans_from
from headrace.contracts.lending.schedule import schedules
from headrace.contracts.lending.terms import Terms

DECIMAL_LOANS_MAX = 2_000
CENT = Decimal(1)


def made(table: pa.Table) -> pa.Table:
    """From a table of loans to a table of instalments."""
    loans, _, refused = loans_from(table)
    if refused.num_rows:
        raise DisagreementError(f"lending: {refused.num_rows} loans are refused")
    return schedules(loans).table()


def lending(loans: int, repeats: int = 3) -> Found:
    """Schedules a second of the mixed book, and on its plain part beside the peers."""
    table = book(loans).table
    made(table.slice(0, 100))  # compiles
    found, seconds = _best(table, repeats)
    if pc.sum(found["principal"]).as_py() != pc.sum(table["principal"]).as_py():
        raise DisagreementError("lending: principal does not come back to the cent")
    plain = table.filter(
        pc.and_(
            pc.and_(
                pc.equal(table["method"], "equal_instalment"),
                pc.equal(table["days"], "MONTHS_360"),
            ),
            pc.equal(pc.fill_null(pc.list_value_length(table["rates"]), 0), 0),
        )
    ).drop_columns(["rates", "plan"])
    ours, plain_seconds = _best(plain, repeats)
    decimal_seconds = _same_in_decimals(plain, ours)
    doubles_seconds, missed = _in_doubles(plain, ours)
    return Found(
        {
            "schedules_per_second": loans / seconds,
            "instalments_per_second": found.num_rows / seconds,
            "seconds": seconds,
            "instalments": float(found.num_rows),
            "plain_schedules_per_second": plain.num_rows / plain_seconds,
            "plain_decimal_schedules_per_second": 1 / decimal_seconds,
            "plain_doubles_schedules_per_second": plain.num_rows / doubles_seconds,
            "plain_doubles_loans_missed": float(missed),
            "plain_loans": float(plain.num_rows),
        },
        _hash(found),
    )


def _best(table: pa.Table, repeats: int) -> tuple[pa.Table, float]:
    """The instalments, and the seconds of the quickest of some repeats."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = made(table)
        seconds.append(time.perf_counter() - began)
    return found, min(seconds)


def _same_in_decimals(plain: pa.Table, ours: pa.Table) -> float:
    """Seconds a loan in Decimal; some loans of the part, whose cents must be ours."""
    getcontext().prec = 40
    some = plain.slice(0, DECIMAL_LOANS_MAX)
    counts = np.bincount(ours["loan"].to_numpy(), minlength=plain.num_rows)
    rows = [*zip(some["principal"].to_pylist(), some["rate"].to_pylist(), counts, strict=False)]
    began = time.perf_counter()
    interest = [paid for principal, rate, n in rows for paid in _decimal(principal, rate, int(n))]
    seconds = (time.perf_counter() - began) / len(rows)
    if interest != ours["interest"].to_pylist()[: len(interest)]:
        raise DisagreementError("lending: Decimal gives other cents")
    return seconds


def _decimal(principal: int, rate: Decimal, n: int) -> list[int]:
    monthly = rate / 12
    grown = (1 + monthly) ** n
    instalment = (principal * monthly * grown / (grown - 1)).quantize(CENT, ROUND_HALF_UP)
    balance, found = Decimal(principal), []
    for k in range(n):
        interest = (balance * rate / 12).quantize(CENT, ROUND_HALF_UP)
        found.append(int(interest))
        balance -= balance if k == n - 1 else instalment - interest
    return found


def _in_doubles(plain: pa.Table, ours: pa.Table) -> tuple[float, int]:
    """Seconds for all of the part in columns of doubles, and how many loans are not to the cent."""
    loan = ours["loan"].to_numpy()
    n = np.bincount(loan, minlength=plain.num_rows)
    principal = plain["principal"].to_numpy() / 100
    rate = plain["rate"].cast(pa.float64()).to_numpy() / 12
    began = time.perf_counter()
    grown = (1 + rate) ** n
    instalment = np.round(principal * rate * grown / (grown - 1), 2)
    balance, total = principal.copy(), np.zeros(len(n))
    for k in range(int(n.max())):
        interest = np.round(balance * rate, 2) * (k < n)
        total += interest
        balance -= np.where(k < n - 1, instalment - interest, np.where(k == n - 1, balance, 0))
    seconds = time.perf_counter() - began
    exact = np.bincount(loan, ours["interest"].to_numpy(), plain.num_rows)
    return seconds, int((np.rint(100 * total) != exact).sum())


def accrual(accounts: int, nights: int = 10) -> Found:
    """End-of-day accrual of a book, loans a second, equal to that of each account."""
    table = book(accounts).table
    some = [
        Terms(principal, start, rate, maturity)
        for principal, start, rate, maturity in zip(
            *(table[name].to_pylist() for name in ("principal", "start", "rate", "maturity")),
            strict=True,
        )
    ]
    day = max(terms.start for terms in some)
    standing = [
        advance(apply(opened(terms), Disburse(terms.start))[0], day)[0] for terms in some[:200]
    ]
    copies = [standing[k % len(standing)] for k in range(accounts)]
    columns = book_of(copies, day)
    last = int(min(nights, columns.until.min() - (day.toordinal() - 719_163)))
    accrue_nights(columns, day)  # compiles
    posted = np.zeros(accounts, np.int64)
    began = time.perf_counter()
    for night in range(1, last + 1):
        columns, found = accrue_nights(columns, day.fromordinal(day.toordinal() + night))
        posted[found["loan"].to_numpy()] += found["interest"].to_numpy()
    seconds = time.perf_counter() - began
    for k, account in enumerate(standing):
        _, moved = advance(account, day.fromordinal(day.toordinal() + last))
        falls = any(row.due == columns.day for row in account.plan[:1])
        alone = sum(each.amount for each in moved if each.memo == "accrue_interest")
        if alone != posted[k] and not falls:
            raise DisagreementError(f"lending: account {k} accrues {alone}, the book {posted[k]}")
    return Found(
        {"accruals_per_second": accounts * last / seconds, "seconds": seconds},
        hashlib.sha256(posted.tobytes()).hexdigest(),
    )


def _hash(table: pa.Table) -> str:
    digest = hashlib.sha256()
    for name in ("principal", "interest", "payment"):
        digest.update(table[name].to_numpy().tobytes())
    return digest.hexdigest()


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    for name, found in (
        ("schedules", lending(2_000 if quick else 100_000)),
        ("accrual", accrual(500 if quick else 20_000)),
    ):
        print(name, {key: float(f"{value:.4g}") for key, value in found.figures.items()},
              found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()

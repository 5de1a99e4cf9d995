"""The ledger at full size: durable transfers with every check on, beside naive SQLite.

The peer is what one would write with sqlite3 at hand, with the same durability (WAL, synchronous
FULL, one commit a batch): a row a transfer under a unique id, and two updates of balances. It
checks no limit, links no group, chains no hash and keeps no second time. Both must end with the
same balances.

    python benchmarks/measures/ledger.py [--quick]
"""

import hashlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found, agreed

from headrace.adapters.ledger_index import index
from headrace.adapters.stores.ledger import LedgerStore, open_ledger
from headrace.ledger import asof
from headrace.ledger.account import Account, Limit
from headrace.ledger.journal import Ledger
from headrace.ledger.outcome import Outcome
from headrace.ledger.transfer import Kind

MEMOS = np.array(["disburse", "accrue_interest", "repay_principal", "repay_interest"])
BUILD = Path(__file__).parents[2] / "build"
FIRST_DAY = 20_454  # 2026-01-01
DAYS = 365


@dataclass(frozen=True)
class Loans:
    """A book of loans, each with a deposit: half the accounts loans, half deposits.

    Every fourth transfer is linked to the next; deposits must not be overdrawn.
    """

    accounts: int
    transfers: int
    batch: int

    @cached_property
    def opened(self) -> list[Account]:
        """All accounts."""
        half = self.accounts // 2
        loans = [
            Account(f"1303/C{number:07d}/CNY", "1303", contract=f"C{number:07d}")
            for number in range(half)
        ]
        deposits = [
            Account(f"2011/P{number:07d}/CNY", "2011", party=f"P{number:07d}",
                    limit=Limit.DEBITS_AT_MOST_CREDITS)
            for number in range(half)
        ]  # fmt: skip
        return loans + deposits

    def batches(self) -> Iterator[pa.Table]:
        """Transfers in batches: a debit of a loan and a credit of a deposit each."""
        half, chance = self.accounts // 2, np.random.default_rng(11)
        ids = pa.array([each.id for each in self.opened])
        contracts = pa.array([each.contract for each in self.opened])
        for start in range(0, self.transfers, self.batch):
            n = min(self.batch, self.transfers - start)
            loan = chance.integers(0, half, n)
            days = chance.integers(FIRST_DAY, FIRST_DAY + DAYS, n).astype(np.int32)
            yield pa.table({
                "id": pa.array([f"2026-{start + place:012d}" for place in range(n)]),
                "debit": ids.take(pa.array(loan)),
                "credit": ids.take(pa.array(chance.integers(half, 2 * half, n))),
                "amount": pa.array(chance.integers(1, 10_000_000, n)),
                "currency": pa.array(["CNY"] * n),
                "on": pa.array(days).view(pa.date32()),
                "linked": pa.array((np.arange(n) % 4 == 0) & (np.arange(n) < n - 1)),
                "contract": contracts.take(pa.array(loan)),
                "memo": pa.array(MEMOS[np.arange(n) % 4]),
            })  # fmt: skip


@contextmanager
def _folder() -> Iterator[Path]:
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:  # /tmp may be memory
        yield Path(folder)


def durable(accounts: int, transfers: int, batch: int) -> Found:
    """A year of transfers written down, by the ledger and by the peer; then opened again."""
    loans = Loans(accounts, transfers, batch)
    given = list(loans.batches())
    with _folder() as folder:
        with open_ledger(str(folder / "warm.sqlite")) as ledger:  # compiles
            ledger.commit(1, given[0].slice(0, 100), loans.opened)
        with open_ledger(str(folder / "ledger.sqlite")) as ledger:
            ledger.commit(1, accounts=loans.opened)
            cpu, began = time.process_time(), time.perf_counter()
            for number, table in enumerate(given, 2):
                if not ledger.commit(number, table).all_held:
                    raise DisagreementError("ledger: a transfer was refused")
            ours = time.perf_counter() - began
            ours_cpu = time.process_time() - cpu
            found = _hash(ledger.book.totals["debits"], ledger.book.totals["credits"])
        began = time.perf_counter()
        with open_ledger(str(folder / "ledger.sqlite")) as ledger:
            opening = time.perf_counter() - began
            again = _hash(ledger.book.totals["debits"], ledger.book.totals["credits"])
        size = (folder / "ledger.sqlite").stat().st_size
        peer, other = naive(folder / "naive.sqlite", loans, given)
    return Found(
        {
            "transfers_per_second": transfers / ours,
            "transfers_per_cpu_second": transfers / ours_cpu,
            "naive_transfers_per_second": transfers / peer,
            "replayed_per_second": transfers / opening,
            "bytes": size / transfers,
        },
        agreed("ledger", ours=found, again=again, naive=other),
    )


def naive(path: Path, loans: Loans, given: list[pa.Table]) -> tuple[float, str]:
    """Seconds and the hash of balances of rows and updates by `executemany`."""
    database = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = WAL", "synchronous = FULL"):
        database.execute(f"PRAGMA {setting}")
    database.execute("create table account (id text primary key, debits int, credits int)")
    database.execute(
        'create table entry (id text primary key, debit text, credit text, amount int, "on" int,'
        " contract text, memo text) without rowid"
    )
    database.executemany(
        "insert into account values (?, 0, 0)", [(each.id,) for each in loans.opened]
    )
    began = time.perf_counter()
    for table in given:
        names = ("id", "debit", "credit", "amount", "contract", "memo")
        columns = {name: table[name].to_pylist() for name in names}
        days = table["on"].cast(pa.int32()).to_pylist()
        rows = zip(*(columns[name] for name in names[:4]), days,
                   *(columns[name] for name in names[4:]), strict=True)  # fmt: skip
        database.execute("BEGIN IMMEDIATE")
        database.executemany("insert into entry values (?, ?, ?, ?, ?, ?, ?)", rows)
        for side in ("debit", "credit"):
            database.executemany(
                f"update account set {side}s = {side}s + ? where id = ?",
                zip(columns["amount"], columns[side], strict=True),
            )
        database.execute("COMMIT")
    seconds = time.perf_counter() - began
    found = {row[0]: row[1:] for row in database.execute("select * from account")}
    database.close()
    totals = np.array([found[each.id] for each in loans.opened], np.int64)
    return seconds, _hash(totals[:, 0], totals[:, 1])


def everything(accounts: int, transfers: int, batch: int) -> Found:
    """Holds, posts, voids, retries, refusals and broken groups in one stream."""
    loans = Loans(accounts, transfers, batch)
    given = [_mixed(table, number) for number, table in enumerate(loans.batches())]
    counts = np.zeros(len(Outcome), np.int64)
    with _folder() as folder, open_ledger(str(folder / "ledger.sqlite")) as ledger:
        ledger.commit(1, accounts=loans.opened)
        began = time.perf_counter()
        for number, table in enumerate(given, 2):
            receipt = ledger.commit(number, table)
            counts += np.bincount(receipt.outcomes, minlength=len(counts))
        seconds = time.perf_counter() - began
        totals = ledger.book.totals
        found = _hash(counts, totals["debits"], totals["credits"], totals["debits_held"])
    rows = sum(each.num_rows for each in given)
    return Found(
        {
            "transfers_per_second": rows / seconds,
            "done_share": counts[Outcome.DONE] / rows,
            "exists_share": counts[Outcome.EXISTS] / rows,
            "refused_share": counts[Outcome.EXISTS + 1 :].sum() / rows,
        },
        found,
    )


def _mixed(table: pa.Table, seed: int) -> pa.Table:
    """A tenth holds, each with a post or void behind it; 1 % come twice; 1 % overdraw."""
    n, chance = table.num_rows, np.random.default_rng((seed, 5))
    kind, refers = np.zeros(n, np.int8), np.full(n, "", object)
    ids = np.array(table["id"].to_pylist(), object)
    place = np.arange(n)
    holds = (place % 20 == 1) & (place + 1 < n)
    kind[holds] = Kind.HOLD
    behind = np.flatnonzero(holds) + 1
    kind[behind] = np.where(chance.random(len(behind)) < 0.7, Kind.POST_HOLD, Kind.VOID_HOLD)
    refers[behind] = ids[behind - 1]
    source = place.copy()
    source[behind] = behind - 1
    debit, credit = (table[name].take(pa.array(source)) for name in ("debit", "credit"))
    overdraws = (place % 100 == 7) & ~np.isin(place, behind)
    amount = np.where(overdraws, 10**15, table["amount"].to_numpy())
    whole = pa.array(amount, mask=np.isin(place, behind))
    debit = pa.array(np.where(overdraws, np.array(credit), np.array(debit)))
    credit = pa.array(np.where(overdraws, np.array(table["debit"]), np.array(credit)))
    days = table["on"].take(pa.array(source))
    changed = {
        "debit": debit, "credit": credit, "amount": whole, "on": days, "kind": pa.array(kind),
        "linked": pa.array(np.zeros(n, bool)), "refers_to": pa.array(refers.tolist()),
    }  # fmt: skip
    columns = {name: table[name] for name in table.column_names} | changed
    mixed = pa.table(columns)
    return pa.concat_tables([mixed, mixed.slice(0, n // 100)]).combine_chunks()


def asked(accounts: int, transfers: int, batch: int, questions: int) -> Found:
    """Balances and statements of one account, and a trial balance, on both times."""
    loans = Loans(accounts, transfers, batch)
    with _folder() as folder:
        store = LedgerStore.opened(str(folder / "ledger.sqlite"))
        ledger = Ledger(store)
        ledger.commit(1, accounts=loans.opened)
        for number, table in enumerate(loans.batches(), 2):
            ledger.commit(number, table)
        chance = np.random.default_rng(3)
        names = [loans.opened[place].id for place in chance.integers(0, accounts, questions)]
        day, moment = date(2026, 7, 1), ledger.book.known_at - 1
        asof.balance(ledger.book, names[0], day, moment)
        asof.trial_balance(ledger.book, day, moment)
        balances = _each(names, lambda name: asof.balance(ledger.book, name, day, moment))
        few = names[: max(questions // 20, 1)]
        statements = _each(
            few, lambda name: asof.statement(ledger, name, date(2026, 1, 1), day).closing
        )
        began = time.perf_counter()
        trial = asof.trial_balance(ledger.book, day, moment)
        whole = time.perf_counter() - began
        began = time.perf_counter()
        rows = index(store, ledger)
        indexing = time.perf_counter() - began
        store.close()
    return Found(
        {
            "balance_p50_seconds": float(np.median(balances)),
            "balance_p99_seconds": float(np.quantile(balances, 0.99)),
            "statement_p50_seconds": float(np.median(statements)),
            "trial_seconds": whole,
            "index_rows_per_second": rows / indexing,
        },
        _hash(trial["balance"].to_numpy()),
    )


def _each(names: list[str], ask: Callable[[str], object]) -> list[float]:
    seconds = []
    for name in names:
        began = time.perf_counter()
        ask(name)
        seconds.append(time.perf_counter() - began)
    return seconds


def _hash(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for each in arrays:
        digest.update(np.ascontiguousarray(each, np.int64).tobytes())
    return digest.hexdigest()


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    size = (200, 4_000, 500) if quick else (20_000, 1_000_000, 8_192)
    for name, found in (
        ("durable", durable(*size)),
        ("everything", everything(*size)),
        ("asked", asked(*size, 20 if quick else 1_000)),
    ):
        print(name, {key: float(f"{value:.4g}") for key, value in found.figures.items()},
              found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()

"""Vouchers and double pledges at full size: every fen conserved, every planted double found.

No open package splits vouchers or looks for double pledges; beside the book stands the same life in
plain dictionaries, as one would write it first.

    python benchmarks/measures/contracts_instruments.py [--quick]
"""

import hashlib
import sys
import time
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found

from headrace.contracts.instruments import claims, double_pledge, kernels, views
from headrace.contracts.instruments.acts import Act, ActKind
from headrace.contracts.instruments.book import apply_coded, coded, gaps, opened
from headrace.contracts.instruments.tenors import tenors

DAY = date(2026, 1, 5)
DUE = date(2026, 6, 30)
FIRMS, CORES = 5_000, 20


def lives(vouchers: int) -> Found:
    """Each voucher passes three tiers, is sold in part and paid in two parts; a tenth defaults."""
    rng = np.random.default_rng(7)
    acts = _acts(vouchers, rng)
    limits = {f"core {number}": 2**50 for number in range(CORES)}
    firms = [f"firm {number}" for number in range(FIRMS)]
    book = opened(limits, [*firms, "bank"])
    apply_coded(book, coded(book, acts[:10], tenors()))  # compiles
    began = time.perf_counter()
    rows = coded(book, acts, tenors())
    read = time.perf_counter() - began
    began = time.perf_counter()
    applied = apply_coded(book, rows)
    ours = time.perf_counter() - began
    if (applied.answers != kernels.APPLIED).any() or gaps(applied.book).num_rows:
        raise DisagreementError("vouchers: an act was refused, or a fen is missing")
    again = apply_coded(applied.book, rows)
    if (again.answers != kernels.REPEATED).any() or len(again.flows):
        raise DisagreementError("vouchers: acts done again did something")
    began = time.perf_counter()
    balances = _plainly(acts)
    plain = time.perf_counter() - began
    if balances != _balances(applied.book):
        raise DisagreementError("vouchers: plain dictionaries pay otherwise")
    return Found(
        {
            "acts": float(len(acts)),
            "acts_per_second": len(acts) / ours,
            "coded_acts_per_second": len(acts) / read,
            "dictionaries_acts_per_second": len(acts) / plain,
            "pieces": float(len(applied.book.pieces)),
        },
        hashlib.sha256(repr(sorted(balances.items())).encode()).hexdigest(),
    )


def doubles(papers: int) -> Found:
    """A tenth as many new claims against a register; every planted double must be refused."""
    rng = np.random.default_rng(8)
    known, new = papers, papers // 10
    planted = rng.choice(new, new // 100, replace=False)
    near = rng.choice(np.setdiff1d(np.arange(new), planted), new // 100, replace=False)
    table = _papers(known + new, rng)
    columns = {name: table[name].to_pylist() for name in ("seller", "buyer", "number", "day")}
    amounts = table["amount_minor"].to_numpy().copy()
    for row, source in zip([*planted, *near], rng.choice(known, 2 * (new // 100)), strict=True):
        for values in columns.values():
            values[known + row] = values[source]
        amounts[known + row] = amounts[source]
    for row in near:
        number = columns["number"][known + row]
        columns["number"][known + row] = f"{number[:-1]}{(int(number[-1]) + 1) % 10}"
    for name, values in columns.items():
        table = table.set_column(
            table.schema.get_field_index(name), name, pa.array(values, table[name].type)
        )
    for name in ("amount_minor", "financed_minor"):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(amounts))
    began = time.perf_counter()
    found = double_pledge.check(table.slice(known), table.slice(0, known))
    seconds = time.perf_counter() - began
    refused = double_pledge.refused(found)
    raised = set(found.filter(pa.compute.equal(found["verdict"], "raise"))["claim"].to_pylist())
    missed = [row for row in planted.tolist() if f"claim {known + row}" not in refused]
    unseen = [row for row in near.tolist() if f"claim {known + row}" not in raised | refused]
    if missed or unseen:
        raise DisagreementError(
            f"double pledge: {len(missed)} planted and {len(unseen)} near missed"
        )
    return Found(
        {
            "seconds": seconds,
            "claims_per_second": new / seconds,
            "planted": float(len(planted)),
            "refused_beyond_planted": float(len(refused) - len(planted)),
            "raised": float(len(raised)),
        },
        hashlib.sha256("\n".join(sorted(refused)).encode()).hexdigest(),
    )


def _acts(vouchers: int, rng: np.random.Generator) -> list[Act]:
    found: list[Act] = []
    parties = rng.integers(FIRMS - 3, size=(vouchers, 2)).tolist()
    for number, (one, two) in enumerate(parties):
        name, core = f"V{number}", f"core {number % CORES}"
        firm = [f"firm {each}" for each in (one, (one + 1 + two) % FIRMS, (one + 2 + two) % FIRMS)]
        amount, key = int(rng.integers(100_000, 10**9)), f"{number}"
        due = {"by": core, "target": name, "on": DUE}
        found += [
            Act(ActKind.ISSUE, key + "i", DAY, by=core, target=name, to=firm[0], amount=amount,
                due=DUE, trades=(f"INV {number}",)),
            Act(ActKind.ACCEPT, key + "a", DAY, by=firm[0], target=name),
            Act(ActKind.TRANSFER, key + "t", DAY, by=firm[0], target=name, to=firm[1],
                amount=amount // 3, recourse=True),
            Act(ActKind.TRANSFER, key + "u", DAY, by=firm[1], target=f"{name}/0/0", to=firm[2],
                amount=amount // 7, recourse=True),
            Act(ActKind.REGISTER, key + "r", DAY, by=firm[2], target=f"{name}/0/0/0/0", to="bank"),
            Act(ActKind.FINANCE, key + "f", DAY, by=firm[2], target=f"{name}/0/0/0/0", to="bank",
                price=amount // 7 - amount // 500, recourse=True),
            Act(ActKind.PAY, key + "p", amount=amount // 2, **due),
        ]  # fmt: skip
        if number % 10:
            found.append(Act(ActKind.PAY, key + "q", amount=amount - amount // 2, **due))
        else:
            late = DUE + timedelta(1)
            found.append(Act(ActKind.DEFAULT, key + "d", late, by="bank", target=name))
    return found


def _plainly(acts: list[Act]) -> dict[str, int]:
    """What each party holds unpaid in the end: the same acts on dictionaries, without checks."""
    holder, face, paper_of, unpaid = {}, {}, {}, {}
    live: dict[str, list[str]] = {}
    for act in acts:
        if act.kind is ActKind.ISSUE:
            holder[act.target], face[act.target] = act.to, act.amount
            unpaid[act.target], live[act.target] = act.amount, [act.target]
            paper_of[act.target] = act.target
        elif act.kind in (ActKind.TRANSFER, ActKind.FINANCE):
            pieces, piece = live[paper_of[act.target]], act.target
            place, made = pieces.index(piece), []
            amount = face[piece] if act.amount is None else act.amount
            if amount < face[piece]:
                made = [(f"{piece}/1", face[piece] - amount, holder[piece])]
                piece += "/0"
            made.insert(0, (f"{piece}/0", amount, act.to))
            for path, size, owner in made:
                holder[path], face[path], unpaid[path] = owner, size, size
                paper_of[path] = paper_of[act.target]
            pieces[place : place + 1] = [path for path, _, _ in made]
        elif act.kind is ActKind.PAY:
            pieces = live[act.target]
            ends = [0, *accumulate(unpaid[each] for each in pieces)]
            shared = [act.amount * end // ends[-1] for end in ends]
            for each, low, high in zip(pieces, shared, shared[1:], strict=False):
                unpaid[each] -= high - low
    found: dict[str, int] = {}
    for each in (piece for pieces in live.values() for piece in pieces):
        found[holder[each]] = found.get(holder[each], 0) + unpaid[each]
    return {name: each for name, each in found.items() if each}


def _balances(book) -> dict[str, int]:
    rows = book.pieces[views.live(book)]
    sums = np.zeros(len(book.parties), np.int64)
    np.add.at(sums, rows[:, kernels.HOLDER], rows[:, kernels.UNPAID])
    return {name: each for name, each in zip(book.party_names, sums.tolist(), strict=True) if each}


def _papers(count: int, rng: np.random.Generator) -> pa.Table:
    """Invoices of random parties; amounts in full yuan, so that some agree by chance."""
    amount = rng.integers(1_000, 1_000_000, count) * 100
    days = (np.datetime64("2026-01-01") + rng.integers(0, 300, count)).astype("datetime64[D]")
    numbers = pa.array(rng.integers(10**7, 10**8, count)).cast(pa.string())
    given = {
        "claim": pa.array([f"claim {row}" for row in range(count)]),
        "kind": pa.array(["invoice"] * count),
        "source": pa.array(["own"] * count),
        "seller": pa.array(rng.integers(count // 20 + 1, size=count)).cast(pa.string()),
        "buyer": pa.array(rng.integers(count // 200 + 1, size=count)).cast(pa.string()),
        "number": numbers,
        "day": pa.array(days),
        "amount_minor": pa.array(amount),
        "financed_minor": pa.array(amount),
    }
    columns = [
        given[field.name].cast(field.type) if field.name in given else pa.nulls(count, field.type)
        for field in claims.SCHEMA
    ]
    return pa.table(columns, schema=claims.SCHEMA)


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    for name, found in (
        ("lives", lives(2_000 if quick else 100_000)),
        ("doubles", doubles(20_000 if quick else 1_000_000)),
    ):
        print(name, {key: float(f"{value:.4g}") for key, value in found.figures.items()},
              found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()

"""People, offices, kin, guarantees, shared addresses, loans and round trips of money.

Beside chance, four structures are planted, each named in the truth: guarantee rings, pairs of firms
that are one group through husband and wife, shells that one agent keeps at one address, and loans
whose money comes back to the borrower. All are marked as simulated like everything else here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa

from headrace.simulator.arrays import Ints
from headrace.simulator.books import money
from headrace.simulator.firms import Firms, firm_ids
from headrace.simulator.seasons import Calendar

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
FIRMS_PER_RING = 60
FIRMS_PER_COUPLE = 40
FIRMS_PER_ROUND_TRIP = 50
BORROWERS_SHARE = 0.6
GUARANTEED_SHARE = 0.35  # of the borrowers, by another firm, outside rings
BANK = "BANK"
AGENT = "Q00000"
OUTSIDE_SHELLS = 4  # firms of the agent that are not in the file: N1 and so on
_DAYS_BEFORE_END = (60, 700)


@dataclass(frozen=True)
class Ties:
    """What is drawn here.

    Attributes:
        tables: people, relations, exposures, transfers; as a bank would hold them.
        truth: guarantee_rings, kin_groups, shell_clusters, fund_returns.
    """

    tables: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def draw_ties(
    firms: Firms, ownership: pa.Table, calendar: Calendar, rng: np.random.Generator
) -> Ties:
    """Everything between firms and people that is no invoice.

    Args:
        firms: Who is there.
        ownership: owner_id, owned_id, share: the largest personal holder leads a firm.
        calendar: The span; its last day is the as-of date.
        rng: Of this part alone.
    """
    ids = firm_ids(len(firms))
    last = calendar.first + timedelta(days=calendar.days - 1)
    leads = _leads(ids, ownership)
    rings = _rings(firms, ids, rng)
    loans = _loans(firms, ids, last, rng)
    couples = _couples(leads, rng)
    shells = [ids[at] for at in np.flatnonzero(firms.shell)]
    rows = [
        *_offices(leads, shells),
        *_shared(ids, shells, rng),
        *_kin(couples),
        *_guarantees(rings, loans, ids, last, rng),
    ]
    transfers, returns = _transfers(loans, ids, rng)
    people = sorted({*ownership["owner_id"].to_pylist(), *leads.values()} - set(ids))
    return Ties(
        tables={
            "people": _people(people, rng),
            "relations": _relation_table(rows),
            "exposures": _exposure_table(loans),
            "transfers": _transfer_table(transfers),
        },
        truth={
            "guarantee_rings": _members("ring_id", rings),
            "kin_groups": _kin_truth(couples, leads),
            "shell_clusters": _members("cluster_id", [shells] if shells else []),
            "fund_returns": _members("return_id", returns),
        },
    )


@dataclass(frozen=True)
class _Loan:
    firm: str
    day: date
    amount: int  # minor units
    deposit: int


_Row = tuple[str, str, str, str, int | None, date | None, date | None]


def _leads(ids: Sequence[str], ownership: pa.Table) -> dict[str, str]:
    """The person who leads each firm: the largest personal holder, or somebody without shares."""
    best: dict[str, tuple[float, str]] = {}
    columns = (ownership[name].to_pylist() for name in ("owned_id", "owner_id", "share"))
    for firm, owner, share in zip(*columns, strict=True):
        if owner.startswith("P") and (share, owner) > best.get(firm, (0.0, "")):
            best[firm] = (share, owner)
    return {firm: best[firm][1] if firm in best else f"Q{firm[1:]:0>5}" for firm in ids}


def _rings(firms: Firms, ids: Sequence[str], rng: np.random.Generator) -> list[list[str]]:
    """Disjoint circles of three to six firms, each guaranteeing the next."""
    free = rng.permutation(np.flatnonzero(~firms.shell))
    rings, at = [], 0
    for _ in range(max(1, len(firms) // FIRMS_PER_RING)):
        size = int(rng.integers(3, 7))
        if at + size > len(free):
            break
        rings.append([ids[each] for each in free[at : at + size].tolist()])
        at += size
    return rings


def _loans(firms: Firms, ids: Sequence[str], last: date, rng: np.random.Generator) -> list[_Loan]:
    borrows = np.flatnonzero((rng.random(len(firms)) < BORROWERS_SHARE) & ~firms.shell)
    days = rng.integers(*_DAYS_BEFORE_END, len(borrows))
    wan = np.maximum(10, np.round(rng.lognormal(5.0, 0.9, len(borrows)))).astype(np.int64)
    deposit = np.where(rng.random(len(borrows)) < 0.2, wan // 5, 0)
    return [
        _Loan(ids[firm], last - timedelta(days=day), size * 10**6, held * 10**6)
        for firm, day, size, held in zip(
            *(each.tolist() for each in (borrows, days, wan, deposit)), strict=True
        )
    ]


def _couples(leads: dict[str, str], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Pairs of people, each leading a firm of their own, who are married."""
    people = sorted(set(leads.values()))
    drawn = rng.permutation(len(people))[: 2 * max(1, len(leads) // FIRMS_PER_COUPLE)]
    drawn = drawn[: len(drawn) // 2 * 2].reshape(-1, 2)
    return [(people[left], people[right]) for left, right in drawn]


def _offices(leads: dict[str, str], shells: Sequence[str]) -> Iterable[_Row]:
    """Who leads what; one agent supervises every shell."""
    for firm, person in leads.items():
        yield "office", person, firm, "legal_representative", None, None, None
    for firm in _of_the_agent(shells):
        yield "office", AGENT, firm, "supervisor", None, None, None


def _shared(ids: Sequence[str], shells: Sequence[str], rng: np.random.Generator) -> Iterable[_Row]:
    """Addresses and phones: a business park for a few honest firms, one room for all shells."""
    park = set(rng.permutation(len(ids))[: len(ids) // 10].tolist())
    for number, firm in enumerate(ids):
        place = "park" if number in park else f"{number:05d}"
        room, phone = ("agent", "agent") if firm in shells else (place, f"{number:05d}")
        yield "uses", firm, f"address:{room}", "address", None, None, None
        yield "uses", firm, f"phone:{phone}", "phone", None, None, None
    for firm in _of_the_agent(shells)[len(shells) :]:
        yield "uses", firm, "address:agent", "address", None, None, None
        yield "uses", firm, "phone:agent", "phone", None, None, None


def _of_the_agent(shells: Sequence[str]) -> list[str]:
    """The shells in the bank's file, and some that the bank knows by the registry only."""
    return [*shells, *(f"N{number}" for number in range(1, 1 + OUTSIDE_SHELLS if shells else 1))]


def _kin(couples: Sequence[tuple[str, str]]) -> Iterable[_Row]:
    for left, right in couples:
        yield "family", left, right, "spouse", None, None, None


def _guarantees(
    rings: Sequence[Sequence[str]],
    loans: Sequence[_Loan],
    ids: Sequence[str],
    last: date,
    rng: np.random.Generator,
) -> Iterable[_Row]:
    """Rings, and single guarantees that make no ring: the guarantor stands later in the list."""
    in_rings = {firm for ring in rings for firm in ring}
    for ring in rings:
        amount = int(rng.integers(100, 900)) * 10**6
        begin = last - timedelta(days=int(rng.integers(*_DAYS_BEFORE_END)))
        for firm, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            yield "guarantees", firm, other, "joint", amount, begin, begin + timedelta(days=1095)
    order = {firm: place for place, firm in enumerate(ids)}
    for loan in loans:
        later = len(ids) - order[loan.firm] - 1
        if not later or rng.random() >= GUARANTEED_SHARE:
            continue
        guarantor = ids[order[loan.firm] + 1 + int(rng.integers(later))]
        if guarantor in in_rings or loan.firm in in_rings:
            continue
        end = loan.day + timedelta(days=1095)
        yield "guarantees", guarantor, loan.firm, "joint", loan.amount, loan.day, end


_Transfer = tuple[str, str, date, int]


def _transfers(
    loans: Sequence[_Loan], ids: Sequence[str], rng: np.random.Generator
) -> tuple[list[_Transfer], list[list[str]]]:
    """Loans paid out and spent; of some, most of the money is back within three weeks."""
    rows: list[_Transfer] = []
    returns: list[list[str]] = []
    wanted = max(1, len(ids) // FIRMS_PER_ROUND_TRIP)
    planted = set(rng.permutation(len(loans))[:wanted].tolist())
    for number, loan in enumerate(loans):
        rows.append((BANK, loan.firm, loan.day, loan.amount))
        others = [ids[at] for at in rng.permutation(len(ids))[:4] if ids[at] != loan.firm]
        if number in planted and len(others) >= 2:
            path = [loan.firm, *others[:2], loan.firm]
            amount, day = loan.amount, loan.day
            for payer, payee in pairwise(path):
                amount = amount * int(rng.integers(92, 100)) // 100
                day += timedelta(days=int(rng.integers(1, 8)))
                rows.append((payer, payee, day, amount))
            returns.append(path[:-1])
        else:
            for other in others[:2]:
                day = loan.day + timedelta(days=int(rng.integers(1, 60)))
                rows.append((loan.firm, other, day, loan.amount * int(rng.integers(5, 45)) // 100))
    return sorted(rows, key=lambda row: (row[2], row)), returns


def _people(people: Sequence[str], rng: np.random.Generator) -> pa.Table:
    surname = rng.integers(0, len(SURNAMES), len(people))
    names = [f"{SURNAMES[at]}模拟{number}" for number, at in enumerate(surname.tolist(), 1)]
    return pa.table({"person_id": pa.array(people, pa.string()), "name": pa.array(names)})


def _relation_table(rows: Sequence[_Row]) -> pa.Table:
    relation, subject, object_, role, amount, begin, end = zip(*rows, strict=True)
    return pa.table(
        {
            "statement": pa.array([f"T{number}" for number in range(1, len(rows) + 1)]),
            "relation": pa.array(relation, pa.string()),
            "subject": pa.array(subject, pa.string()),
            "object": pa.array(object_, pa.string()),
            "role": pa.array(role, pa.string()),
            "amount": _money_or_null(amount),
            "from": pa.array(begin, pa.date32()),
            "to": pa.array(end, pa.date32()),
        }
    )


def _exposure_table(loans: Sequence[_Loan]) -> pa.Table:
    return pa.table(
        {
            "firm_id": pa.array([loan.firm for loan in loans], pa.string()),
            "product": pa.array(["working_capital"] * len(loans), pa.string()),
            "date": pa.array([loan.day for loan in loans], pa.date32()),
            "amount": money(np.array([loan.amount for loan in loans], np.int64)),
            "deposit": money(np.array([loan.deposit for loan in loans], np.int64)),
        }
    )


def _transfer_table(rows: Sequence[_Transfer]) -> pa.Table:
    return pa.table(
        {
            "payer_id": pa.array([row[0] for row in rows], pa.string()),
            "payee_id": pa.array([row[1] for row in rows], pa.string()),
            "date": pa.array([row[2] for row in rows], pa.date32()),
            "amount": money(np.array([row[3] for row in rows], np.int64)),
        }
    )


def _money_or_null(amounts: Sequence[int | None]) -> pa.Array:
    known = np.array([amount is not None for amount in amounts])
    fen: Ints = np.array([amount or 0 for amount in amounts], np.int64)
    place = pa.array(np.arange(len(fen)), mask=~known)
    return money(fen).take(place)


def _members(number: str, groups: Sequence[Sequence[str]]) -> pa.Table:
    sizes = [len(group) for group in groups]
    whole = [firm for group in groups for firm in group]
    return pa.table(
        {
            number: pa.array(np.repeat(np.arange(1, len(groups) + 1), sizes), pa.int64()),
            "firm_id": pa.array(whole, pa.string()),
        }
    )


def _kin_truth(couples: Sequence[tuple[str, str]], leads: dict[str, str]) -> pa.Table:
    """One row per person of a couple and firm that the person leads."""
    led: dict[str, list[str]] = {}
    for firm, person in leads.items():
        led.setdefault(person, []).append(firm)
    rows = [
        (number, person, firm)
        for number, couple in enumerate(couples, start=1)
        for person in couple
        for firm in led[person]
    ]
    place = np.array([row[0] for row in rows], np.int64)
    return pa.table(
        {
            "couple_id": pa.array(place),
            "person_id": pa.array([row[1] for row in rows], pa.string()),
            "firm_id": pa.array([row[2] for row in rows], pa.string()),
        }
    )

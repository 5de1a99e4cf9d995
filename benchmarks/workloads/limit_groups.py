"""A bank's customers with everything that groups for limits are made of, from one seed. Simulated.

Business families hold pyramids of companies, some alone, some only with a relative; firms guarantee
each other, share addresses and officers, live on one buyer, and have branches.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.statements import ALWAYS, NEVER, Parties, Statements

DAY_US = 86_400_000_000
MOMENT = 1_767_225_600_000_000  # 2026-01-01, UTC: what the book is looked at

KIN = ("spouse", "sibling", "child", "parent")
OFFICES = ("chairman", "director")
ROLES = (*KIN, *OFFICES, "address", "income", "funding")


@dataclass(frozen=True)
class Size:
    """How many parties and relations."""

    parties: int
    edges: int


FULL = Size(100_000, 300_000)
QUICK = Size(2_000, 6_000)
PERSONS, ATTRIBUTES = 0.3, 0.05  # shares of all nodes; the first company is the bank

Columns = dict[str, NDArray[np.generic]]


def statements(size: Size, seed: int) -> Statements:
    """Relations that all hold, known since ever; about `size.edges` of them."""
    rng = np.random.default_rng(seed)
    persons, attributes = int(size.parties * PERSONS), int(size.parties * ATTRIBUTES)
    companies = size.parties - persons - attributes
    makers = (
        _ownership, _family, _offices, _uses, _guarantees, _transfers, _dependence, _branches,
    )  # fmt: skip
    parts = [maker(rng, companies, persons, attributes, size.edges) for maker in makers]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    count = len(columns["kind"])
    type_ = np.repeat(
        np.array([Type.COMPANY, Type.PERSON, Type.ATTRIBUTE], np.int8),
        [companies, persons, attributes],
    )
    codes = pa.array([f"N{node:07}" for node in range(size.parties)])
    return Statements(
        parties=Parties(codes, pa.nulls(size.parties, pa.string()), type_),
        kind=columns["kind"].astype(np.int8),
        subject=columns["subject"].astype(np.int32),
        object=columns["object"].astype(np.int32),
        about=np.full(count, -1, np.int32),
        role=columns["role"].astype(np.int32),
        roles=ROLES,
        low=columns["share"].astype(np.float64),
        high=columns["share"].astype(np.float64),
        amount=columns["amount"].astype(np.int64),
        amount_known=columns["amount"] > 0,
        since=columns["since"].astype(np.int64),
        until=columns["until"].astype(np.int64),
        known=np.full(count, ALWAYS, np.int64),
        withdrawn=np.zeros(count, np.bool_),
        statement=np.arange(count, dtype=np.int64),
        fact=pa.chunked_array([[f"F{number:08}" for number in range(count)]]),
    )


def _rows(kind: Kind, subject, object_, share=np.nan, role=-1, amount=0) -> Columns:
    count = len(subject)
    return {
        "kind": np.full(count, kind),
        "subject": np.asarray(subject),
        "object": np.asarray(object_),
        "share": np.broadcast_to(np.asarray(share, np.float64), count),
        "role": np.broadcast_to(np.asarray(role), count),
        "amount": np.broadcast_to(np.asarray(amount), count),
        "since": np.full(count, ALWAYS),
        "until": np.full(count, NEVER),
    }


def _ownership(rng, companies, persons, attributes, edges) -> Columns:
    """Two or three holders a company, whole per cents that never pass the whole."""
    company = np.tile(np.arange(companies), 2)[: min(2 * companies, edges // 2)]
    first = company == np.arange(len(company))
    earlier = (rng.random(len(company)) * company).astype(np.int64)  # holders come before: pyramids
    by_person = (rng.random(len(company)) < 0.6) | (company == 0)
    holder = np.where(by_person, companies + rng.integers(0, persons, len(company)), earlier)
    large = rng.integers(30, 81, companies)[company]
    share = np.where(first, large, rng.integers(1, 100 - large + 1)) / 100
    bank = company == 0
    return _rows(Kind.OWNS, holder, company, np.where(bank, 0.06, share))


def _family(rng, companies, persons, attributes, edges) -> Columns:
    one = companies + rng.permutation(persons)[: persons // 2]
    other = companies + rng.permutation(persons)[: persons // 2]
    role = rng.integers(0, len(KIN), len(one))
    apart = one != other
    return _rows(Kind.FAMILY, one[apart], other[apart], role=role[apart])


def _offices(rng, companies, persons, attributes, edges) -> Columns:
    count = edges // 7
    company = rng.integers(0, companies, count)
    company[: max(count // 1000, 5)] = 0  # officers of the bank
    role = len(KIN) + (rng.random(count) < 0.5)
    found = _rows(Kind.OFFICE, companies + rng.integers(0, persons, count), company, role=role)
    bank = company == 0  # whose officers come and go
    found["since"][bank] = MOMENT + rng.integers(-900, 300, int(bank.sum())) * DAY_US
    found["until"][bank] = found["since"][bank] + 500 * DAY_US
    return found


def _uses(rng, companies, persons, attributes, edges) -> Columns:
    count = edges // 7
    used = companies + persons + rng.integers(0, attributes, count)
    return _rows(Kind.USES, rng.integers(0, companies, count), used, role=ROLES.index("address"))


def _guarantees(rng, companies, persons, attributes, edges) -> Columns:
    return _near(rng, Kind.GUARANTEES, companies, edges // 15, rng.integers(1, 10**9, edges // 15))


def _transfers(rng, companies, persons, attributes, edges) -> Columns:
    return _near(rng, Kind.TRANSFERS, companies, edges // 10, rng.integers(1, 10**9, edges // 10))


def _near(rng, kind, companies, count, amount) -> Columns:
    """Between companies of one neighbourhood, so that several signs meet in one pair."""
    one = rng.integers(0, companies, count)
    other = (one + rng.integers(1, 4, count)) % companies
    turned = rng.random(count) < 0.5
    return _rows(
        kind, np.where(turned, other, one), np.where(turned, one, other), amount=amount
    )  # fmt: skip


def _dependence(rng, companies, persons, attributes, edges) -> Columns:
    count = edges // 20
    core = rng.integers(0, max(companies // 100, 1), count)  # one in a hundred is a core enterprise
    role = rng.integers(ROLES.index("income"), len(ROLES), count)
    share = rng.integers(10, 101, count) / 100
    return _rows(Kind.DEPENDS, rng.integers(0, companies, count), core, share, role)


def _branches(rng, companies, persons, attributes, edges) -> Columns:
    count = companies // 20
    branch = companies - 1 - np.arange(count)  # the last companies are branches of earlier ones
    return _rows(Kind.BRANCH_OF, branch, rng.integers(0, companies - count, count))

"""Losses of a book shared by a scheme: claims one by one, and the price of it by many scenarios."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa

from headrace.contracts.sharing.pricing import (
    Cost,
    ThreeNumbers,
    break_even,
    summary,
    three_numbers,
)
from headrace.contracts.sharing.scenarios import Borne, Draw, Exposures, Floats, draw, share
from headrace.contracts.sharing.scheme import Scheme
from headrace.contracts.sharing.waterfall import Allocation, Usage, allocate
from headrace.errors import InputError

Tick = Callable[[float], None]
BLOCK_CELLS = 2_000_000  # loans x scenarios that are drawn at once
CELLS_MAX = 400_000_000


@dataclass(frozen=True)
class ClaimRow:
    """A claim on a day; `amount` in minor units, above 0."""

    loan: str
    on: date
    amount: int


def bound(scheme: Scheme, base_minor: int | None) -> Scheme:
    """The scheme with amounts in the place of rates.

    Raises:
        InputError: It states rates and there is no base.
    """
    if base_minor is None and any(layer.relative for layer in scheme.layers):
        raise InputError(
            f"{scheme.id} has caps that are parts of a base",
            where="--base",
            remedy="the base in yuan; `headrace pool schemes` says what it is",
        )
    return scheme.bound(base_minor or 0)


def shared_claims(scheme: Scheme, claims: Sequence[ClaimRow]) -> list[Allocation]:
    """Who bears each claim, in the order of the rows; the fen add up."""
    usage = Usage()
    found: list[Allocation] = []
    for claim in claims:
        allocation, usage = allocate(scheme, usage, claim.loan, claim.on, claim.amount)
        found.append(allocation)
    return found


def pieces_table(found: Sequence[Allocation]) -> pa.Table:
    """One row per party and layer of a claim.

    Returns:
        `claim` from 1, `loan`, `on`, `claimed_minor`, `layer` ("rest": no layer took it), `party`,
        `amount_minor`, `payable_on`.
    """
    rows: list[Mapping[str, object]] = [
        {
            "claim": number,
            "loan": each.loan,
            "on": each.on,
            "claimed_minor": each.amount,
            "layer": piece.layer,
            "party": piece.party,
            "amount_minor": piece.amount,
            "payable_on": piece.payable_on,
        }
        for number, each in enumerate(found, start=1)
        for piece in each.pieces
    ]
    return pa.Table.from_pylist(rows, schema=PIECES)


PIECES = pa.schema(
    [
        ("claim", pa.int64()), ("loan", pa.string()), ("on", pa.date32()),
        ("claimed_minor", pa.int64()), ("layer", pa.string()), ("party", pa.string()),
        ("amount_minor", pa.int64()), ("payable_on", pa.date32()),
    ]
)  # fmt: skip


def borne_by(scheme: Scheme, found: Sequence[Allocation]) -> dict[str, int]:
    """What each party bears in all, minor units."""
    return {party: sum(each.borne(party) for each in found) for party in scheme.parties}


@dataclass(frozen=True)
class Terms:
    """What a price is asked for.

    Attributes:
        how: Scenarios, years, correlation.
        cost: What a price must cover beside losses.
        rate_max: The highest rate that may be asked of a borrower, a year.
        fee: What every borrower pays the other parties, a year; None: their premiums of `summary`,
            divided among the loans by what they are expected to bear of each.
        seed: Of the scenarios.
    """

    how: Draw
    cost: Cost = field(default_factory=Cost)
    rate_max: float = 0.06
    fee: float | None = None
    seed: int = 1


@dataclass(frozen=True)
class Priced:
    """What a scheme is worth.

    Attributes:
        parties: As `contracts…pricing.summary`, amounts in minor units.
        with_scheme: The bank's three numbers with it, and `alone` without.
        fee: Counted in the rate with the scheme, a year: the mean by exposure.
        exposure_minor: Of all loans.
    """

    parties: pa.Table
    with_scheme: ThreeNumbers
    alone: ThreeNumbers
    fee: float
    exposure_minor: int


def priced(book: Exposures, scheme: Scheme, asked: Terms, tick: Tick) -> Priced:
    """Expected loss, tail and premium of each party; the three numbers with and without.

    Args:
        book: The loans.
        scheme: Bound to a base.
        asked: Scenarios and costs.
        tick: Told of progress.

    Raises:
        InputError: It is too much at once.
    """
    cells = len(book.loans) * asked.how.scenarios
    if cells > CELLS_MAX:
        raise InputError(
            f"{asked.how.scenarios:,} scenarios of {len(book.loans):,} loans are too much",
            where="--scenarios",
            remedy=f"at most {CELLS_MAX // len(book.loans):,}",
        )
    alone = Scheme("alone", "无分担", "nobody shares", (), scheme.residual)
    parts: dict[str, list[Borne]] = {"shared": [], "alone": []}
    done = 0
    for some in _blocks(asked.how, len(book.loans)):
        # A block has a stream of its own, so that its scenarios hang on the seed and its place.
        claims = draw(book, some, np.random.default_rng([asked.seed, done]))
        parts["shared"].append(share(book, scheme, claims))
        parts["alone"].append(share(book, alone, claims))
        done += some.scenarios
        tick(done / asked.how.scenarios)
    shared, single = (_together(each) for each in parts.values())
    parties = summary(book, shared, asked.cost.confidence, asked.cost)
    fees = _fees(book, shared, parties, scheme.residual) / asked.how.years
    if asked.fee is not None:
        fees = np.full(len(book.loans), asked.fee)

    def numbers(borne: Borne, paid: Floats) -> ThreeNumbers:
        rate = break_even(book, borne, scheme.residual, asked.how.years, asked.cost, paid)
        return three_numbers(book, rate, borne, scheme.residual, asked.rate_max)

    exposure = int(book.exposure.sum())
    mean = float(fees @ book.exposure) / exposure
    return Priced(parties, numbers(shared, fees), numbers(single, 0 * fees), mean, exposure)


def _fees(book: Exposures, borne: Borne, parties: pa.Table, bank: str) -> Floats:
    """The other parties' premiums by loan, over all years, as parts of each exposure."""
    rows = zip(parties["party"].to_pylist(), parties["premium"].to_pylist(), strict=True)
    premium = sum(part for party, part in rows if party not in (bank, "all"))
    others = [at for at, party in enumerate(borne.parties) if party != bank]
    weight = borne.by_loan[:, others].sum(axis=1)
    total = float(weight.sum())
    exposure = book.exposure.astype(np.float64)
    part = weight / total if total > 0 else np.zeros(len(weight))
    return np.asarray(premium * float(exposure.sum()) * part / exposure, np.float64)


def _blocks(how: Draw, loans: int) -> Iterator[Draw]:
    size = max(BLOCK_CELLS // loans, 1)
    for begin in range(0, how.scenarios, size):
        yield replace(how, scenarios=min(size, how.scenarios - begin))


def _together(parts: Sequence[Borne]) -> Borne:
    """Blocks of scenarios as one sample, every scenario of the same weight."""
    counts = np.array([len(part.weight) for part in parts], np.float64)
    total = counts.sum()
    by_loan = sum(
        (part.by_loan * (count / total) for part, count in zip(parts, counts, strict=True)),
        np.zeros_like(parts[0].by_loan),
    )
    return Borne(
        parts[0].parties,
        np.concatenate([part.by_scenario for part in parts]),
        np.asarray(by_loan, np.float64),
        np.full(int(total), 1 / total),
    )

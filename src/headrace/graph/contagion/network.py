"""Who owes, vouches for, owns and needs whom: the edges along which trouble travels."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from headrace.errors import InputError

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]


def _no_codes() -> Ints:
    return np.empty(0, np.int32)


def _no_amounts() -> Floats:
    return np.empty(0, np.float64)


@dataclass(frozen=True)
class Debts:
    """What borrowers owe lenders within the horizon: loans, unpaid invoices.

    All of a borrower's debts rank alike. A lender outside the graph is a party too, with assets of
    its own.

    Attributes:
        borrower: int32 (d,): who owes.
        lender: int32 (d,): to whom.
        amount: float64 (d,): minor units, 0 or more.
    """

    borrower: Ints = field(default_factory=_no_codes)
    lender: Ints = field(default_factory=_no_codes)
    amount: Floats = field(default_factory=_no_amounts)


@dataclass(frozen=True)
class Guarantees:
    """Promises to pay a debt as far as its borrower does not, up to an amount.

    Several guarantors of one debt are called in proportion to what they promised; together for no
    more than is missing. A parent's promise to support a subsidiary is a guarantee.

    Attributes:
        guarantor: int32 (g,).
        debt: int64 (g,): position in the debts of what is guaranteed.
        amount: float64 (g,): the most that may be called, minor units.
    """

    guarantor: Ints = field(default_factory=_no_codes)
    debt: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    amount: Floats = field(default_factory=_no_amounts)


@dataclass(frozen=True)
class Holdings:
    """Shares of companies' equity among the holders' assets.

    Attributes:
        holder: int32 (h,).
        company: int32 (h,).
        share: float64 (h,): fraction of the company's equity; of one company at most 1 in all.
    """

    holder: Ints = field(default_factory=_no_codes)
    company: Ints = field(default_factory=_no_codes)
    share: Floats = field(default_factory=_no_amounts)


@dataclass(frozen=True)
class Needs:
    """Cash flow that a party loses within the horizon when one it depends on fails.

    The amount is net of what can be replaced: margin on lost sales, or the extra cost of inputs
    from somebody else.

    Attributes:
        subject: int32 (q,): who loses.
        object: int32 (q,): whose failure costs it.
        amount: float64 (q,): minor units, 0 or more.
    """

    subject: Ints = field(default_factory=_no_codes)
    object: Ints = field(default_factory=_no_codes)
    amount: Floats = field(default_factory=_no_amounts)


@dataclass(frozen=True)
class Network:
    """The edges among parties 0 to parties - 1; any kind may be absent.

    Raises:
        InputError: An edge that cannot be, by kind and position: a code out of range, an amount
            that is negative or missing, a party that owes, guarantees or owns itself, more than
            the whole of a company held.
    """

    parties: int
    debts: Debts = field(default_factory=Debts)
    guarantees: Guarantees = field(default_factory=Guarantees)
    holdings: Holdings = field(default_factory=Holdings)
    needs: Needs = field(default_factory=Needs)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        debts, promised, held, needs = self.debts, self.guarantees, self.holdings, self.needs
        self._check("debts", debts.borrower, debts.lender, debts.amount)
        self._check("holdings", held.holder, held.company, held.share)
        self._check("needs", needs.subject, needs.object, needs.amount)
        if len(promised.debt) and not 0 <= promised.debt.min() <= promised.debt.max() < len(
            debts.amount
        ):
            raise InputError(
                "a guarantee names a debt that is not there",
                where="guarantees, debt",
                remedy=f"positions from 0 to {len(debts.amount) - 1}",
            )
        self._check(
            "guarantees", promised.guarantor, debts.borrower[promised.debt], promised.amount
        )
        own = np.flatnonzero(promised.guarantor == debts.lender[promised.debt])
        if len(own):
            raise InputError(
                "a lender guarantees its own claim",
                where=f"guarantees, edge {own[0]}",
                remedy="leave it out",
            )
        whole = np.bincount(held.company, held.share, self.parties)
        if len(held.share) and whole.max() > 1 + 1e-9:
            raise InputError(
                f"{whole.max():.4f} of a company's equity is held",
                where=f"holdings, company {int(whole.argmax())}",
                remedy="shares that sum to 1 at most",
            )

    def _check(self, kind: str, one: Ints, other: Ints, measure: Floats) -> None:
        if not len(one) == len(other) == len(measure):
            raise InputError(
                "columns differ in length", where=kind, remedy="one entry per edge in each"
            )
        ends = np.concatenate((one, other))
        wrong = np.flatnonzero((ends < 0) | (ends >= self.parties))
        if len(wrong):
            raise InputError(
                f"party {ends[wrong[0]]} is not there",
                where=f"{kind}, edge {wrong[0] % len(one)}",
                remedy=f"codes from 0 to {self.parties - 1}",
            )
        bad = np.flatnonzero(~(measure >= 0) | np.isinf(measure) | (one == other))
        if len(bad):
            raise InputError(
                f"party {one[bad[0]]} with {other[bad[0]]}: {measure[bad[0]]}",
                where=f"{kind}, edge {bad[0]}",
                remedy="two different parties and a measure of 0 or more",
            )


def spread_over_debts(
    debts: Debts, guarantor: Ints, borrower: Ints, amount: Floats
) -> tuple[Guarantees, Longs]:
    """Guarantees of borrowers as guarantees of their debts, in proportion to the debts.

    A registry says who vouches for whom, seldom for which loan. Because a borrower's debts are
    paid at one rate, the sum that is called does not depend on the split.

    Returns:
        The guarantees, and int64: the position among the arguments that each comes from. A
        guarantee of a borrower without debts is not there.
    """
    order = np.argsort(debts.borrower, kind="stable")
    sorted_borrower = debts.borrower[order]
    low = np.searchsorted(sorted_borrower, borrower, "left")
    count = np.searchsorted(sorted_borrower, borrower, "right") - low
    origin = np.repeat(np.arange(len(borrower)), count)
    place = np.arange(len(origin)) - np.repeat(np.cumsum(count) - count, count)
    debt = order[low[origin] + place].astype(np.int64)
    whole = np.bincount(origin, debts.amount[debt], len(borrower))[origin]
    with np.errstate(invalid="ignore"):
        part = np.where(whole > 0, amount[origin] * debts.amount[debt] / whole, 0.0)
    keep = (guarantor[origin] != debts.lender[debt]) & (part > 0)
    kept = Guarantees(guarantor[origin][keep], debt[keep], part[keep])
    return kept, origin[keep].astype(np.int64)


class Wiring(NamedTuple):
    """A network as the kernels read it: of each party (or debt) its edges, one after the other.

    `X_at` (int64, one longer than parties or debts) says where in `X` (int64 positions of edges)
    those of each party begin: claims by lender, duties by borrower, vouched by debt, given by
    guarantor, portfolio by holder, holders by company, needed by subject, serving by object.
    `order` (int32, n) has companies before their holders, loops apart: news travels up at once.
    """

    order: Ints
    borrower: Ints
    lender: Ints
    debt: Floats
    owed: Floats
    claimed: Floats
    cover: Floats
    guarantor: Ints
    guaranteed: Longs
    promise: Floats
    holder: Ints
    company: Ints
    share: Floats
    subject: Ints
    object: Ints
    need: Floats
    claims_at: Longs
    claims: Longs
    duties_at: Longs
    duties: Longs
    vouched_at: Longs
    vouched: Longs
    given_at: Longs
    given: Longs
    portfolio_at: Longs
    portfolio: Longs
    holders_at: Longs
    holders: Longs
    needed_at: Longs
    needed: Longs
    serving_at: Longs
    serving: Longs


def wired(network: Network) -> Wiring:
    """The network, indexed both ways."""
    n, debts, promised = network.parties, network.debts, network.guarantees
    held, needs = network.holdings, network.needs
    return Wiring(
        _companies_first(held, n),
        _codes(debts.borrower), _codes(debts.lender), _measures(debts.amount),
        np.bincount(debts.borrower, debts.amount, n).astype(np.float64),
        np.bincount(debts.lender, debts.amount, n).astype(np.float64),
        np.bincount(promised.debt, promised.amount, len(debts.amount)).astype(np.float64),
        _codes(promised.guarantor), np.ascontiguousarray(promised.debt, np.int64),
        _measures(promised.amount),
        _codes(held.holder), _codes(held.company), _measures(held.share),
        _codes(needs.subject), _codes(needs.object), _measures(needs.amount),
        *_index(debts.lender, n), *_index(debts.borrower, n),
        *_index(promised.debt, len(debts.amount)), *_index(promised.guarantor, n),
        *_index(held.holder, n), *_index(held.company, n),
        *_index(needs.subject, n), *_index(needs.object, n),
    )  # fmt: skip


def _companies_first(held: Holdings, n: int) -> Ints:
    if not len(held.share):
        return np.arange(n, dtype=np.int32)
    edges = csr_array((np.ones(len(held.share)), (held.company, held.holder)), shape=(n, n))
    circle = connected_components(edges, connection="strong")[1]
    rising = np.count_nonzero(circle[held.company] < circle[held.holder])
    falling = np.count_nonzero(circle[held.company] > circle[held.holder])
    order = np.argsort(circle if rising >= falling else -circle, kind="stable")
    return order.astype(np.int32)


def _codes(values: Ints) -> Ints:
    return np.ascontiguousarray(values, np.int32)


def _measures(values: Floats) -> Floats:
    return np.ascontiguousarray(values, np.float64)


def _index(key: Ints | Longs, count: int) -> tuple[Longs, Longs]:
    order = np.argsort(key, kind="stable").astype(np.int64)
    at = np.searchsorted(key[order], np.arange(count + 1)).astype(np.int64)
    return at, order

"""Defaults drawn or given, and who bears them: exact to the fen in every scenario."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from headrace.contracts.sharing.kernels import share_claims
from headrace.contracts.sharing.scheme import NANO, UNLIMITED, Scheme
from headrace.errors import InputError

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Exposures:
    """Loans whose losses are shared.

    Attributes:
        loans: Their names.
        exposure: int64 (n,): owed at default, minor units, above 0.
        pd: float64 (n,): the chance of default within a year, 0..1.
        lgd: float64 (n,): the part lost before any sharing, 0..1.
    """

    loans: tuple[str, ...]
    exposure: Longs
    pd: Floats
    lgd: Floats

    def __post_init__(self) -> None:
        """Refuse missing values and chances outside 0..1."""
        n = len(self.loans)
        same = len(self.exposure) == len(self.pd) == len(self.lgd) == n
        if not (same and n and np.all((self.pd >= 0) & (self.pd <= 1))):
            raise InputError(
                "a default rate is missing or outside 0..1", where="book", remedy="one per loan"
            )
        if not (np.all((self.lgd >= 0) & (self.lgd <= 1)) and np.all(self.exposure > 0)):
            raise InputError(
                "a loss rate is missing or outside 0..1, or an exposure not above 0",
                where="book",
                remedy="one of each per loan",
            )

    @property
    def loss(self) -> Longs:
        """int64 (n,): what a default costs: exposure x lgd, half to even, minor units."""
        return np.asarray(np.rint(self.exposure * self.lgd), np.int64)


@dataclass(frozen=True)
class Claims:
    """Claims of many scenarios, one scenario behind the other.

    Attributes:
        at: int64 (scenarios + 1,): where a scenario's claims begin.
        loan: int32 (claims,): place of the loan, once a scenario at most.
        year: int32 (claims,): never falling within a scenario.
        amount: int64 (claims,): above 0.
        weight: float64 (scenarios,): the chance of each; adding up to 1.
    """

    at: Longs
    loan: Ints
    year: Ints
    amount: Longs
    weight: Floats


@dataclass(frozen=True)
class Borne:
    """Who bears what.

    Attributes:
        parties: As the columns.
        by_scenario: int64 (scenarios, parties), exact.
        by_loan: float64 (loans, parties): the expectation.
        weight: float64 (scenarios,).
    """

    parties: tuple[str, ...]
    by_scenario: Longs
    by_loan: Floats
    weight: Floats


@dataclass(frozen=True)
class Draw:
    """How defaults are drawn.

    Attributes:
        scenarios: How many.
        years: Looked at; a default is in the year in which it comes.
        correlation: Of the loans' latent values with each other, 0..1 (0: independent).
    """

    scenarios: int
    years: int = 1
    correlation: float = 0.0


def draw(book: Exposures, how: Draw, chance: np.random.Generator) -> Claims:
    """Scenarios of default by a one-factor Gaussian copula over times of default.

    The latent value of a loan is sqrt(rho) Z + sqrt(1 - rho) e (Vasicek, "Loan portfolio value",
    Risk, 2002; Li, "On default correlation", Journal of Fixed Income 9, 2000); its time of default
    has the constant hazard -log(1 - pd). Claims of a scenario come in the order of these times.
    """
    shape = (how.scenarios, len(book.loans))
    if how.scenarios < 1 or how.years < 1 or not 0 <= how.correlation < 1:
        raise InputError(
            "no scenario, no year, or a correlation outside 0..1",
            where=str(how),
            remedy="at least one of each; a correlation of 0 or more and below 1",
        )
    if how.correlation:
        common = chance.standard_normal((how.scenarios, 1))
        latent = np.sqrt(how.correlation) * common
        latent = latent + np.sqrt(1 - how.correlation) * chance.standard_normal(shape)
        uniform = ndtr(latent)
    else:
        uniform = chance.random(shape)
    certain = np.minimum(book.pd, 1 - 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.log1p(-uniform) / np.log1p(-certain)
    time = np.where(book.pd > 0, time, np.inf)
    order = np.argsort(time, axis=1, kind="stable")
    when = np.take_along_axis(time, order, axis=1)
    counted = (when < how.years) & (book.loss[order] > 0)
    at = np.concatenate(([0], np.cumsum(counted.sum(axis=1)))).astype(np.int64)
    loan = order[counted].astype(np.int32)
    weight = np.full(how.scenarios, 1 / how.scenarios)
    return Claims(at, loan, when[counted].astype(np.int32), book.loss[loan], weight)


def given(book: Exposures, defaults: Sequence[Sequence[int]], weight: Floats) -> Claims:
    """Scenarios that are stated: the places of the loans that default, in order, all in a year."""
    at = np.cumsum([0, *(len(each) for each in defaults)], dtype=np.int64)
    loan = np.array([place for each in defaults for place in each], np.int32)
    if any(len(set(each)) != len(each) for each in defaults) or len(weight) != len(defaults):
        raise InputError(
            "a loan defaults twice, or a scenario has no weight",
            where="scenarios",
            remedy="each loan once at most, one weight a scenario",
        )
    return Claims(at, loan, np.zeros(len(loan), np.int32), book.loss[loan], weight)


def share(book: Exposures, scheme: Scheme, claims: Claims) -> Borne:
    """Who bears the claims of each scenario.

    Args:
        book: The loans.
        scheme: Bound to a base where it states rates; a year's cap counts again in each year.
        claims: The scenarios.

    Raises:
        InputError: A layer states a rate and no base is bound.
    """
    if any(layer.relative for layer in scheme.layers):
        raise InputError("a layer states rates", where=scheme.id, remedy="scheme.bound(base)")
    parties = scheme.parties
    place = {party: at for at, party in enumerate(parties)}
    layers = scheme.layers
    terms = np.full((len(layers), 5), UNLIMITED, np.int64)
    widest = max((len(layer.shares) for layer in layers), default=0)
    parts = np.zeros((len(layers), widest), np.int64)
    who = np.zeros((len(layers), widest), np.int64)
    covered = np.ones((len(layers), len(book.loans)), np.bool_)
    for row, layer in enumerate(layers):
        caps = (layer.cap_loan_minor, layer.cap_year_minor, layer.cap_pool_minor)
        terms[row, :2] = layer.deductible_loan_minor, layer.attachment_minor
        terms[row, 2:] = [UNLIMITED if cap is None else cap for cap in caps]
        for column, one in enumerate(layer.shares):
            parts[row, column] = int(one.part * NANO)
            who[row, column] = place[one.party]
        if layer.only:
            covered[row] = np.isin(book.loans, layer.only)
    covers = np.array([int(layer.covers * NANO) for layer in layers], np.int64)
    borne = np.zeros((len(claims.weight), len(parties)), np.int64)
    by_loan = _shared(claims, (terms, covers, parts, who, covered), place[scheme.residual], borne)
    return Borne(parties, borne, by_loan, claims.weight)


def _shared(
    claims: Claims,
    tables: tuple[Longs, Longs, Longs, Longs, NDArray[np.bool_]],
    residual: int,
    borne: Longs,
) -> Floats:
    """Fill `borne`; scenarios of one weight in one go, for loans are summed with their weights."""
    n = tables[4].shape[1]
    weighted = np.zeros((n, borne.shape[1]))
    edges = np.flatnonzero(np.diff(claims.weight)) + 1
    for first, last in pairwise([0, *edges.tolist(), len(claims.weight)]):
        sums = np.zeros_like(weighted)
        share_claims(
            claims.at[first : last + 1], claims.loan, claims.year, claims.amount, *tables, residual,
            borne[first:last], sums,
        )  # fmt: skip
        weighted += sums * claims.weight[first]
    return weighted

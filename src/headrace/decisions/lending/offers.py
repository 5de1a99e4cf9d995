"""Who may be offered what: applicants, and every rate's expected profit per yuan."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.lending.economics import ChurnCurve, Economics, Floats
from headrace.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Applicants:
    """Everybody who applied, one position each.

    Attributes:
        party: Distinct names; they also break ties.
        pd: float64, probability of default over the term, in [0, 1]; NaN where unknown.
        rating: Rating class; None where unknown.
        cap_minor: int64, the most this applicant may be lent; 0 where policy lends nothing.
        industry: None where unknown; the unknown count as one industry.
    """

    party: tuple[str, ...]
    pd: Floats
    rating: tuple[str | None, ...]
    cap_minor: Ints
    industry: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.party)


def applicants(table: pa.Table) -> Applicants:
    """Applicants from a table with columns party, pd, rating, cap_minor, industry.

    A missing cap is no cap that policy gave, so nothing is lent.

    Raises:
        InputError: If a column is missing, a party is missing or there twice, a PD is not in
            [0, 1], or a cap is negative.
    """
    wanted = ("party", "pd", "rating", "cap_minor", "industry")
    absent = [name for name in wanted if name not in table.column_names]
    if absent:
        remedy = f"Give the columns {', '.join(wanted)}"
        raise InputError(f"Applicants have no column {absent[0]}", remedy=remedy)
    party = table.column("party").to_pylist()
    if None in party or len(set(party)) < len(party):
        raise InputError("A party is missing or applies twice", where="applicants, column party")
    pds = np.asarray(pc.fill_null(table.column("pd").cast(pa.float64()), np.nan))
    caps = np.asarray(pc.fill_null(table.column("cap_minor").cast(pa.int64()), 0))
    for name, wrong in (("pd", (pds < 0) | (pds > 1)), ("cap_minor", caps < 0)):
        if wrong.any():
            where = f"applicants, column {name}, party {party[int(wrong.argmax())]}"
            found = table.column(name)[int(wrong.argmax())]
            raise InputError(f"The value {found} cannot be", where=where)
    rating, industry = (tuple(table.column(name).to_pylist()) for name in ("rating", "industry"))
    return Applicants(tuple(party), pds, rating, caps, industry)


@dataclass(frozen=True, eq=False)
class Offers:
    """Every applicant at every rate: coefficients per yuan offered, float64 [applicants, rates].

    Attributes:
        applicants: The rows.
        economics: The lender's side.
        rates: The columns, rising.
        take_up: Share expected to accept; NaN in the rows of those who cannot be offered anything.
        interest: Expected interest.
        loss: Expected loss.
        funding: Cost of the money.
        profit: interest - loss - funding.
        cap_steps: int64 [applicants], the largest limit in steps; 0 where nothing can be offered.
    """

    applicants: Applicants
    economics: Economics
    rates: tuple[Decimal, ...]
    take_up: Floats
    interest: Floats
    loss: Floats
    funding: Floats
    profit: Floats
    cap_steps: Ints

    @property
    def eligible(self) -> NDArray[np.bool_]:
        """Who can be offered a loan at all."""
        return self.cap_steps > 0


def price_offers(people: Applicants, economics: Economics, curve: ChurnCurve) -> Offers:
    """What every rate on offer is expected to bring from every applicant.

    Raises:
        InputError: If a rate on offer has no published churn.
    """
    offered = curve.offered(economics)
    classes = {name: row for row, name in enumerate(offered.classes)}
    row = np.array([classes.get(str(name), -1) for name in people.rating], dtype=np.int64)
    caps = np.minimum(people.cap_minor, economics.limit_max_minor) // economics.limit_step_minor
    lent = (row >= 0) & ~np.isnan(people.pd) & (caps >= _low_steps(economics))
    churn = offered.churn[np.where(row >= 0, row, 0)]
    take_up = np.where(lent[:, None], 1 - churn, np.nan)
    rates = np.array([float(rate) for rate in offered.rates])
    pd = people.pd[:, None]
    interest = take_up * (1 - pd) * rates * economics.years
    loss = take_up * pd * float(economics.lgd)
    funding = take_up * float(economics.funding_rate) * economics.years
    return Offers(
        applicants=people,
        economics=economics,
        rates=offered.rates,
        take_up=take_up,
        interest=interest,
        loss=loss,
        funding=funding,
        profit=interest - loss - funding,
        cap_steps=np.where(lent, caps, 0),
    )


def _low_steps(economics: Economics) -> int:
    return economics.limit_min_minor // economics.limit_step_minor

"""What sharing is worth: each party's expected loss, tail, premium; the bank's three numbers.

The three numbers stand together always: approval rate at a threshold, price to the borrower,
expected loss (准入率, 价格, 预期损失).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from headrace.contracts.sharing.scenarios import Borne, Exposures, Floats
from headrace.errors import InputError


@dataclass(frozen=True)
class Cost:
    """What a price must cover beside losses; each a fraction of the exposure per year.

    Attributes:
        funding: Cost of money.
        operating: Cost of running the loan.
        capital: Return on capital that is asked for, on the tail above the expected loss.
        confidence: Of the tail, 0..1.
    """

    funding: float = 0.025
    operating: float = 0.008
    capital: float = 0.10
    confidence: float = 0.99


@dataclass(frozen=True)
class ThreeNumbers:
    """Of a book, at the highest price that is allowed.

    Attributes:
        approval: Part of the loans, by number, that can be made at or below the threshold.
        price: Mean break-even rate of these, weighted by exposure; NaN where there are none.
        expected_loss: The bank's, of these, as a fraction of their exposure; NaN where none.
    """

    approval: float
    price: float
    expected_loss: float


def summary(book: Exposures, borne: Borne, confidence: float, cost: Cost) -> pa.Table:
    """One row per party, and a last one for all together.

    Args:
        book: The loans.
        borne: Who bears what.
        confidence: Of value at risk and expected shortfall, 0..1.
        cost: Capital cost that a premium must cover.

    Returns:
        `party`; `expected`, `var`, `shortfall` double, minor units; `error` the standard error of
        `expected` if scenarios were drawn; `premium` double: expected + capital x (shortfall -
        expected), as a fraction of all exposures, for the time looked at.
        Value at risk is the least loss not exceeded with the confidence; the shortfall the mean of
        the worst 1 - confidence, the scenario on the edge counted in part (Acerbi and Tasche, "On
        the coherence of expected shortfall", 2002).
    """
    if not 0 < confidence < 1:
        raise InputError("no confidence", where="summary", remedy="between 0 and 1")
    columns = borne.by_scenario.astype(np.float64)
    columns = np.column_stack((columns, columns.sum(axis=1)))
    mean = borne.weight @ columns
    spread = borne.weight @ (columns - mean) ** 2
    tails = [_tail(column, borne.weight, confidence) for column in columns.T]
    shortfall = np.array([tail[1] for tail in tails])
    charged = mean + cost.capital * (shortfall - mean)
    return pa.table(
        {
            "party": [*borne.parties, "all"],
            "expected": mean,
            "error": np.sqrt(spread * (borne.weight @ borne.weight)),
            "var": [tail[0] for tail in tails],
            "shortfall": shortfall,
            "premium": charged / float(book.exposure.sum()),
        }
    )


def _tail(loss: Floats, weight: Floats, confidence: float) -> tuple[float, float]:
    """Value at risk and expected shortfall of a weighted sample."""
    order = np.argsort(loss, kind="stable")
    worst, chance = loss[order], weight[order]
    up_to = np.cumsum(chance)
    edge = min(int(np.searchsorted(up_to, confidence - 1e-12)), len(loss) - 1)
    tail = 1 - confidence
    beyond = float(worst[edge + 1 :] @ chance[edge + 1 :])
    at_edge = max(tail - float(chance[edge + 1 :].sum()), 0.0) * float(worst[edge])
    return float(worst[edge]), (beyond + at_edge) / tail


def break_even(
    book: Exposures, borne: Borne, bank: str, years: int, cost: Cost, fee: float | Floats
) -> Floats:
    """float64 (n,): the yearly rate at which the bank earns nothing on a loan beyond its costs.

        rate = (funding + operating + fee + EL + capital x k) / (1 - pd)

    EL is the bank's expected loss on the loan per year of exposure, k its part of the capital: the
    bank's shortfall above its expected loss, divided among loans in proportion to EL. Defaulted
    loans pay no interest, hence the division.

    Args:
        book: The loans.
        borne: Who bears what, over `years`.
        bank: Whose price it is.
        years: That `borne` looks at.
        cost: What the price must cover.
        fee: What the borrower pays the other parties through the rate, a fraction per year; one for
            all, or float64 (n,).
    """
    place = _place(borne, bank)
    exposure = book.exposure.astype(np.float64)
    expected = borne.by_loan[:, place]
    _, shortfall = _tail(
        borne.by_scenario[:, place].astype(np.float64), borne.weight, cost.confidence
    )
    total = float(expected.sum())
    tail = max(shortfall - total, 0.0)
    part = expected / total if total > 0 else np.zeros(len(expected))
    needed = (expected + cost.capital * tail * part) / exposure / years
    rate: Floats = (cost.funding + cost.operating + fee + needed) / np.maximum(1 - book.pd, 1e-9)
    return rate


def three_numbers(
    book: Exposures, rate: Floats, borne: Borne, bank: str, rate_max: float
) -> ThreeNumbers:
    """Approval at a threshold, price, expected loss.

    Args:
        book: The loans.
        rate: float64 (n,): break-even rates.
        borne: Who bears what.
        bank: Whose loss it is.
        rate_max: The highest rate that may be asked.
    """
    made = rate <= rate_max
    weight = book.exposure[made].astype(np.float64)
    total = float(weight.sum())
    if not total:
        return ThreeNumbers(0.0, float("nan"), float("nan"))
    lost = float(borne.by_loan[made, _place(borne, bank)].sum())
    return ThreeNumbers(float(made.mean()), float(rate[made] @ weight) / total, lost / total)


def _place(borne: Borne, party: str) -> int:
    if party not in borne.parties:
        raise InputError(
            f"'{party}' bears nothing in this scheme",
            where="pricing",
            remedy=f"one of {', '.join(borne.parties)}",
        )
    return borne.parties.index(party)

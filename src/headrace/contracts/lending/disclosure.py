"""What a borrower is told a loan costs a year (年化利率明示), and the ceilings of law.

Source: 中国人民银行公告〔2021〕第3号: every product shows the annualised rate, all costs of the
loan (interest and fees directly related) over the principal actually used, by compound interest
(the internal rate of return) or simple interest, and says which. Its text was not read by the
authors.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from scipy.optimize import brentq

from headrace.contracts.conventions.china import LPR, RateHistory, Tenor
from headrace.contracts.lending.schedule import Instalment
from headrace.contracts.lending.terms import FeeKind, Terms
from headrace.errors import InputError

YEAR_DAYS = 365
GROWTH_MIN, GROWTH_MAX = 1e-9, 1e6

Flows = tuple[tuple[date, int], ...]


@dataclass(frozen=True)
class Cost:
    """What a loan costs who borrows it; what a subsidy pays is not a cost to the borrower.

    Attributes:
        flows: (day, minor units) as the borrower sees them: received above 0.
        interest: In total, without subsidy.
        fees: In total.
        compound: The internal rate of return a year, by days over 365 (复利、内部收益率法).
        nominal: Twelve times the monthly rate of `compound`, which is what contracts are quoted in.
        simple: Cost over the principal used times the years it was used (单利).
    """

    flows: Flows
    interest: int
    fees: int
    compound: float
    nominal: float
    simple: float

    @property
    def total(self) -> int:
        """Interest and fees."""
        return self.interest + self.fees


def cost(terms: Terms, rows: Sequence[Instalment]) -> Cost:
    """What a loan costs by its schedule.

    Raises:
        InputError: Nothing is lent, or no rate makes payments worth what is received.
    """
    fees = terms.fee_at_start(FeeKind.AT_START) + terms.fee_at_start(FeeKind.DEDUCTED)
    by_day: dict[date, int] = {terms.start: terms.principal - fees}
    used, balance, last = 0, terms.principal, terms.start
    for row in rows:
        used += balance * (row.pay_on - last).days
        balance, last = row.closing, row.pay_on
        by_day[row.pay_on] = by_day.get(row.pay_on, 0) - row.payment
    interest = sum(row.interest - row.subsidy for row in rows)
    fees += sum(row.fee for row in rows)
    flows = tuple(sorted((day, amount) for day, amount in by_day.items() if amount))
    rate = internal_rate(flows)
    simple = (interest + fees) * YEAR_DAYS / used if used else 0.0
    return Cost(flows, interest, fees, rate, 12 * ((1 + rate) ** (1 / 12) - 1), simple)


def internal_rate(flows: Flows) -> float:
    """The rate a year at which dated flows are worth nothing: sum of flow / (1 + r)^(days/365).

    Raises:
        InputError: Flows do not change sign, or no rate above -100 % and below 100,000,000 % does.
    """
    if not flows or flows[0][1] <= 0 or all(amount >= 0 for _, amount in flows):
        raise InputError(
            "no annualised rate: nothing is received first and paid later",
            where="flows of the loan",
            remedy="Money received is above 0, money paid below 0, in order of days.",
        )
    first = flows[0][0]
    dated = [((day - first).days / YEAR_DAYS, amount) for day, amount in flows]

    def worth(growth: float) -> float:
        return float(sum(amount * growth**-years for years, amount in dated))

    if worth(GROWTH_MIN) * worth(GROWTH_MAX) > 0:
        raise InputError("no annualised rate: payments never come to what is received")
    return float(brentq(worth, GROWTH_MIN, GROWTH_MAX, xtol=1e-15, rtol=1e-14, maxiter=500)) - 1


@dataclass(frozen=True)
class Ceiling:
    """What a loan may cost a year, and by which rule.

    Attributes:
        effect: What becomes of more: unenforceable, void, reduced.
        rate: As a fraction.
        document: Number and title of the source.
        verified: Whether the official text was read.
    """

    id: str
    effect: str
    rate: Decimal
    document: str
    article: str
    verified: bool


def ceilings_data() -> Mapping[str, Any]:
    """The file ceilings_cn.toml, exact: sources, ceilings, bounds of penalty."""
    text = files("headrace.contracts.lending").joinpath("ceilings_cn.toml").read_text("utf-8")
    return tomllib.loads(text, parse_float=Decimal)


def ceilings(
    lender: str,
    on: date,
    data: Mapping[str, Any] | None = None,
    history: RateHistory = LPR,
) -> tuple[Ceiling, ...]:
    """The ceilings in force for a lender, `private` or `financial`, on the day of a contract.

    Raises:
        InputError: A ceiling follows the loan prime rate, which is not known for that day.
    """
    rules = ceilings_data() if data is None else data
    sources = {each["id"]: each for each in rules["source"]}
    found = []
    for each in rules["ceiling"]:
        until = each.get("effective_until", date.max)
        if each["lender"] != lender or not each["effective_from"] <= on < until:
            continue
        multiple = each.get("lpr_multiple")
        rate = each["share"] if multiple is None else multiple * history.rate(Tenor.ONE_YEAR, on)
        source = sources[each["source"]]
        document = f"{source['zh']}（{source['number']}）"
        found.append(
            Ceiling(each["id"], each["effect"], rate, document, each["article"], each["verified"])
        )
    return tuple(found)

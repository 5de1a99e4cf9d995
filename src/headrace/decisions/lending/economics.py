"""What a yuan offered to a firm is expected to earn, at every rate of the grid.

Of customers of class k, the share churn_k(r) goes elsewhere at yearly rate r, so a yuan offered is
taken up with t = 1 - churn_k(r). Over a term of y years a yuan taken up is expected to bring
interest (1 - pd) * r * y, to lose pd * lgd, and to cost funding * y. Per yuan offered:

    profit = t * ((1 - pd) * r * y - pd * lgd - funding * y)

with pd over the term, and a loan that defaults paying no interest. These coefficients are floats;
money is made of them only where a book is totalled, and rounded there.
"""

import tomllib
from dataclasses import dataclass, fields, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError, MappingError
from headrace.money import MINOR_PER_MAJOR, to_minor

Floats = NDArray[np.float64]

MONTHS_PER_YEAR = 12
_MONEY = ("budget", "limit_min", "limit_max", "limit_step")


@dataclass(frozen=True)
class Economics:
    """The lender's side of the book.

    Attributes:
        currency: ISO code; all money is in its minor units.
        budget_minor: What all limits together may come to in the year, even if all accept.
        limit_min_minor: The smallest loan; a multiple of the step.
        limit_max_minor: The largest; a multiple of the step.
        limit_step_minor: Limits are multiples of it.
        rate_min: The lowest yearly rate, 0.04 for 4 %.
        rate_max: The highest.
        rates: The rates that may be offered, rising; empty means every published rate from
            `rate_min` to `rate_max`.
        term_months: Of every loan.
        lgd: Loss given default, share of what was drawn. 0.45: senior unsecured claims on
            corporates under the foundation approach, Basel II paragraph 287.
        funding_rate: Yearly cost of the lender's money; 0.02 is an assumption.
    """

    currency: str
    budget_minor: int
    limit_min_minor: int
    limit_max_minor: int
    limit_step_minor: int
    rate_min: Decimal
    rate_max: Decimal
    rates: tuple[Decimal, ...] = ()
    term_months: int = 12
    lgd: Decimal = Decimal("0.45")
    funding_rate: Decimal = Decimal("0.02")

    def __post_init__(self) -> None:
        step, low, high = self.limit_step_minor, self.limit_min_minor, self.limit_max_minor
        _require(self.currency in MINOR_PER_MAJOR, "currency", f"one of {sorted(MINOR_PER_MAJOR)}")
        _require(step > 0, "limit_step", "more than 0")
        _require(low > 0 and low % step == 0, "limit_min", "a multiple of limit_step above 0")
        _require(high >= low and high % step == 0, "limit_max", "a multiple of it, >= limit_min")
        _require(self.budget_minor >= 0, "budget", "0 or more")
        _require(0 <= self.rate_min <= self.rate_max <= 1, "rate_min", "0 <= it <= rate_max <= 1")
        _require(list(self.rates) == sorted(set(self.rates)), "rates", "rising, each once")
        inside = all(self.rate_min <= rate <= self.rate_max for rate in self.rates)
        _require(inside, "rates", "each from rate_min to rate_max")
        _require(self.term_months > 0, "term_months", "1 or more")
        _require(0 <= self.lgd <= 1, "lgd", "a share from 0 to 1")
        _require(0 <= self.funding_rate <= 1, "funding_rate", "a yearly rate from 0 to 1")

    @property
    def years(self) -> float:
        """The term in years."""
        return self.term_months / MONTHS_PER_YEAR

    def with_budget(self, budget_minor: int) -> "Economics":
        """The same economics under another budget."""
        return replace(self, budget_minor=budget_minor)

    def round_down(self, amount_minor: int) -> int:
        """The largest limit not above an amount; 0 if that is less than the smallest loan."""
        capped = min(amount_minor, self.limit_max_minor)
        limit = capped - capped % self.limit_step_minor
        return limit if limit >= self.limit_min_minor else 0


def parse_economics(text: str, file: str) -> Economics:
    """The economics that a TOML file states, under `[economics]` or at its top.

    Money is in major units (yuan): `budget`, `limit_min`, `limit_max`, `limit_step`. The other keys
    are those of `Economics`.

    Raises:
        MappingError: Naming the key, what it says and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The file is not TOML: {error}", where=file) from error
    table = document.get("economics", document)
    known = {field.name.removesuffix("_minor") for field in fields(Economics)}
    for key in table:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=file, remedy=remedy)
    for key in ("currency", *_MONEY, "rate_min", "rate_max"):
        if key not in table:
            raise MappingError(f"The key '{key}' is missing", where=file, remedy=f"Add {key} = ...")
    try:
        return _economics(table)
    except (InputError, ValueError, KeyError) as error:
        raise MappingError(str(error), where=file) from error


def _economics(table: dict[str, object]) -> Economics:
    currency = table["currency"]
    _require(currency in MINOR_PER_MAJOR, "currency", f"one of {sorted(MINOR_PER_MAJOR)}")
    values: dict[str, object] = {"currency": currency}
    for key, value in table.items():
        if key in _MONEY:
            values[f"{key}_minor"] = to_minor(_decimal(key, value), str(currency))
        elif key == "rates":
            _require(isinstance(value, list), key, "a list of rates")
            values[key] = tuple(_decimal(key, rate) for rate in value)  # type: ignore[attr-defined]  # a list
        elif key == "term_months":
            _require(isinstance(value, int), key, "a whole number of months")
            values[key] = value
        elif key != "currency":
            values[key] = _decimal(key, value)
    return Economics(**values)  # type: ignore[arg-type]  # each key was checked above


def _decimal(key: str, value: object) -> Decimal:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    _require(number, key, f"a number, found {value!r}")
    return Decimal(str(value))


def _require(holds: bool, key: str, expected: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError(f"The economics' key '{key}' should be {expected}")


@dataclass(frozen=True, eq=False)
class ChurnCurve:
    """The share of customers lost at each rate, by class, as published and not smoothed.

    Attributes:
        rates: Rising.
        classes: Rating classes, such as A, B, C; a class without a curve is not lent to.
        churn: float64 [classes, rates], each in [0, 1].
    """

    rates: tuple[Decimal, ...]
    classes: tuple[str, ...]
    churn: Floats

    def falls(self) -> tuple[tuple[str, Decimal, Decimal], ...]:
        """Where more customers stay at a dearer rate: class, the rate, the next rate."""
        return tuple(
            (self.classes[row], self.rates[column], self.rates[column + 1])
            for row, column in np.argwhere(np.diff(self.churn, axis=1) < 0)
        )

    def offered(self, economics: Economics) -> "ChurnCurve":
        """The curve at the rates that may be offered.

        Raises:
            InputError: If one of `economics.rates` has no published churn, or none is left.
        """
        wanted = economics.rates or tuple(
            rate for rate in self.rates if economics.rate_min <= rate <= economics.rate_max
        )
        unknown = [str(rate) for rate in wanted if rate not in self.rates]
        if unknown or not wanted:
            problem = f"No churn is published at {', '.join(unknown) or 'any rate on offer'}"
            published = ", ".join(str(rate) for rate in self.rates)
            raise InputError(problem, where="rates", remedy=f"Published are {published}")
        places = [self.rates.index(rate) for rate in wanted]
        return ChurnCurve(tuple(wanted), self.classes, self.churn[:, places])


def churn_curve(facts: pa.Table) -> ChurnCurve:
    """The curve in rate-response facts: a column `rate` and a column `churn_x` for each class X.

    Raises:
        InputError: If a rate is missing or there twice, or a churn is missing or not in [0, 1].
    """
    names = [name for name in facts.column_names if name.startswith("churn_")]
    if "rate" not in facts.column_names or not names or not facts.num_rows:
        remedy = "Give columns rate and churn_a, churn_b, ... and a row per rate"
        raise InputError("There is no rate response", where="rate_response", remedy=remedy)
    by_rate = facts.select(["rate", *names]).sort_by("rate").to_pydict()
    rates = [None if rate is None else Decimal(str(rate)) for rate in by_rate["rate"]]
    known = [rate for rate in rates if rate is not None]
    if len(set(known)) < len(rates):
        problem = "A rate is missing or given twice"
        raise InputError(problem, where="rate_response, column rate", remedy="One row per rate")
    for name in names:
        for rate, share in zip(rates, by_rate[name], strict=True):
            if share is None or not 0 <= share <= 1:
                where = f"rate_response, column {name}, rate {rate}"
                remedy = "Give the share of customers lost, from 0 to 1"
                raise InputError(f"The churn is {share}", where=where, remedy=remedy)
    churn = np.array([by_rate[name] for name in names], dtype=np.float64)
    classes = tuple(name.removeprefix("churn_").upper() for name in names)
    return ChurnCurve(tuple(known), classes, churn)

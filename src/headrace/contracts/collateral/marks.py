"""What a piece of collateral is worth on a day: shares, goods, patents, land, quota, warrants.

Values are whole minor units, rounded down from the exact fraction: a lender does not round up what
secures it. Every mark names its price, the day of it and its source, and says where the price is
old. Receivables are marked by their borrowing base (`borrowing_base`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Kind(StrEnum):
    """What secures a loan."""

    SHARES = "shares"
    GOODS = "goods"
    RECEIVABLES = "receivables"
    PATENTS = "patents"
    LAND = "land"
    QUOTA = "quota"
    WARRANT = "warrant"


KIND_ZH: Mapping[Kind, str] = {
    Kind.SHARES: "股票",
    Kind.GOODS: "存货",
    Kind.RECEIVABLES: "应收账款",
    Kind.PATENTS: "专利权",
    Kind.LAND: "土地经营权",
    Kind.QUOTA: "碳排放配额",
    Kind.WARRANT: "认股权",
}


STALE_DAYS: Mapping[Kind, int] = {
    kind: 365 if kind in {Kind.PATENTS, Kind.LAND} else 5 for kind in Kind
}
"""Days after which a price is old: a market's within the week, an appraisal's within the year."""


class Basis(StrEnum):
    """Which price counts: the market's, or the lower of it and cost (成本与市价孰低)."""

    MARKET = "market"
    LOWER_OF_COST = "lower_of_cost"


class Flag(StrEnum):
    """What a reader of a mark must know."""

    STALE = "stale"
    NO_PRICE = "no_price"
    AT_COST = "at_cost"
    BELOW_FLOOR = "below_floor"
    EXPIRED = "expired"
    DEADLINE_PASSED = "deadline_passed"


@dataclass(frozen=True)
class Quote:
    """A price, in minor units per unit; a fraction of a fen is kept exactly.

    Attributes:
        source: Who said so.
        on: The day it is of.
    """

    price_minor: Decimal
    on: date
    source: str


@dataclass(frozen=True)
class Rules:
    """How marks are made.

    Attributes:
        stale_days: Calendar days after which a price is old; None: by kind, `STALE_DAYS`.
    """

    basis: Basis = Basis.MARKET
    stale_days: int | None = None


@dataclass(frozen=True)
class Shares:
    """A number of shares of one company; `cost_minor` per share, None where unknown."""

    code: str
    quantity: int
    cost_minor: Decimal | None = None


@dataclass(frozen=True)
class Goods:
    """Goods in a warehouse.

    Attributes:
        quantity: In the unit of the price.
        quality: Part of the quoted grade's price that this grade fetches, above 0.
        storage_minor: Storage and other liens that go before the lender (仓储费), minor units.
        floor_minor: The least value that must stay in store (最低控货价值); 0: none.
    """

    code: str
    quantity: Decimal
    quality: Decimal = Decimal(1)
    storage_minor: int = 0
    floor_minor: int = 0
    cost_minor: Decimal | None = None


@dataclass(frozen=True)
class Patents:
    """Patents as an appraiser valued them, falling to nothing on the day the right ends.

    Attributes:
        expires_on: The first of them whose legal term ends, or fees are unpaid.
    """

    code: str
    expires_on: date


@dataclass(frozen=True)
class Land:
    """Land by area and rate; `until` the last day of the right, None: it does not end."""

    code: str
    area_square_metres: Decimal
    until: date | None = None


@dataclass(frozen=True)
class Quota:
    """Emission allowances (碳配额).

    Attributes:
        due_tonnes: To be surrendered by `deadline`, so never worth anything to a lender.
        deadline: Of compliance; after it what was due must be gone.
    """

    code: str
    tonnes: int
    due_tonnes: int
    deadline: date


@dataclass(frozen=True)
class Warrant:
    """A right to buy shares at a price, worth what exercise would bring (内在价值)."""

    code: str
    quantity: int
    strike_minor: Decimal
    expires_on: date


Item = Shares | Goods | Patents | Land | Quota | Warrant

KIND_OF: Mapping[type, Kind] = {
    Shares: Kind.SHARES,
    Goods: Kind.GOODS,
    Patents: Kind.PATENTS,
    Land: Kind.LAND,
    Quota: Kind.QUOTA,
    Warrant: Kind.WARRANT,
}


@dataclass(frozen=True)
class Mark:
    """A value and how it came about.

    Attributes:
        value_minor: 0 or more; None where there is no price: not known is not 0.
        price_minor: Per unit, after the basis; None without a price.
        age_days: Calendar days from the price to the mark; None without a price.
    """

    kind: Kind
    code: str
    on: date
    value_minor: int | None
    price_minor: Decimal | None
    source: str
    age_days: int | None
    flags: tuple[Flag, ...]

    @property
    def stale(self) -> bool:
        """Whether the price is old or missing."""
        return Flag.STALE in self.flags or Flag.NO_PRICE in self.flags


def mark(item: Item, quote: Quote | None, on: date, rules: Rules) -> Mark:
    """What an item is worth on a day.

    Shares: quantity x price. Goods: quantity x price x quality - storage. Patents: appraised value
    x days left / days left when appraised. Land: area x rate. Quota: (tonnes - tonnes due) x
    price. Warrants: quantity x max(price - strike, 0). The price is the quote's or a lower cost.

    Args:
        item: What is pledged.
        quote: The latest price not after `on`: for patents the appraised value, for land the rate
            per square metre; None where there is none.
        on: The day.
        rules: Basis and age of prices.
    """
    kind = KIND_OF[type(item)]
    if quote is None or quote.on > on:
        return Mark(kind, item.code, on, None, None, "", None, (Flag.NO_PRICE,))
    age = (on - quote.on).days
    old = STALE_DAYS[kind] if rules.stale_days is None else rules.stale_days
    flags = [Flag.STALE] if age > old else []
    price = quote.price_minor
    cost = getattr(item, "cost_minor", None)
    if rules.basis is Basis.LOWER_OF_COST and cost is not None and cost < price:
        price = cost
        flags.append(Flag.AT_COST)
    value, more = _VALUE[type(item)](item, price, quote.on, on)
    flags += more
    return Mark(
        kind, item.code, on, max(int(value // 1), 0), price, quote.source, age, tuple(flags)
    )


_Valued = tuple[Fraction, list[Flag]]


def _shares(item: Shares, price: Decimal, _quoted: date, _on: date) -> _Valued:
    return item.quantity * Fraction(price), []


def _goods(item: Goods, price: Decimal, _quoted: date, _on: date) -> _Valued:
    gross = Fraction(item.quantity) * Fraction(price) * Fraction(item.quality)
    net = gross - item.storage_minor
    return net, [Flag.BELOW_FLOOR] if item.floor_minor and net < item.floor_minor else []


def _patents(item: Patents, price: Decimal, quoted: date, on: date) -> _Valued:
    term, left = (item.expires_on - quoted).days, (item.expires_on - on).days
    if left <= 0 or term <= 0:
        return Fraction(0), [Flag.EXPIRED]
    return Fraction(price) * left / term, []


def _land(item: Land, price: Decimal, _quoted: date, on: date) -> _Valued:
    if item.until is not None and on > item.until:
        return Fraction(0), [Flag.EXPIRED]
    return Fraction(item.area_square_metres) * Fraction(price), []


def _quota(item: Quota, price: Decimal, _quoted: date, on: date) -> _Valued:
    flags = [Flag.DEADLINE_PASSED] if on > item.deadline else []
    return max(item.tonnes - item.due_tonnes, 0) * Fraction(price), flags


def _warrant(item: Warrant, price: Decimal, _quoted: date, on: date) -> _Valued:
    if on > item.expires_on:
        return Fraction(0), [Flag.EXPIRED]
    return item.quantity * max(Fraction(price) - Fraction(item.strike_minor), Fraction(0)), []


_VALUE: Mapping[type, Callable[..., _Valued]] = {
    Shares: _shares,
    Goods: _goods,
    Patents: _patents,
    Land: _land,
    Quota: _quota,
    Warrant: _warrant,
}

"""A basis sale as a file says it: agreed terms, cost, hedge, prices by the day, fixings, origin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from headrace.contracts.basis.exchanges import KILOGRAMS, Futures, contract
from headrace.contracts.basis.hedge import Position
from headrace.contracts.basis.locked import lots_for
from headrace.contracts.basis.sale import Fixer, Quote, Terms
from headrace.errors import InputError, MappingError
from headrace.money import to_minor
from headrace.workflows.desk_rows import KILOGRAMS_MOST, PRICE_MOST, YEARS

CURRENCY = "CNY"
FROM = ("source", "assumption")


class _Sale(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    id: str
    seller: str
    buyer: str
    futures: str
    tonnes: Decimal
    premium: Decimal
    provisional: Decimal
    window_from: date
    window_until: date
    differential: Decimal = Decimal(0)
    fixer: Fixer = Fixer.BUYER
    invoiced: date | None = None
    lot_tonnes: Decimal | None = None
    margin: Decimal = Decimal(0)
    call_least: Decimal = Decimal(0)


class _Hedge(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sold_at: Decimal
    on: date
    margin: Decimal
    lots: int | None = None


class _Price(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    on: date
    settlement: Decimal


class _Fixing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    on: date
    price: Decimal
    tonnes: Decimal
    by: Fixer = Fixer.BUYER


class _Delivery(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    grade: str
    settlement: Decimal


class _Case(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    sale: _Sale
    cost: Decimal
    hedge: _Hedge | None = None
    delivery: _Delivery | None = None
    price: list[_Price] = []
    fixing: list[_Fixing] = []
    origin: dict[str, str] = {}
    note: str = ""


_PARTS: Mapping[str, type[msgspec.Struct]] = {
    "sale": _Sale, "hedge": _Hedge, "price": _Price, "fixing": _Fixing, "delivery": _Delivery,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A basis sale as a file says it.

    Attributes:
        terms: What was agreed.
        futures: The contract.
        cost: Of the goods, minor units a tonne.
        invoiced: The day of the provisional invoice.
        position: The futures account before anything is sold; None: no hedge.
        sold: Day, lots (None: the nearest whole number) and price of the hedge; None: no hedge.
        settlements: Price of each day, minor units a tonne.
        fixings: Parts as they were asked for: quote, kilograms, by whom.
        delivery: Grade and settlement price, if the goods went to the exchange instead.
        origin: Where a number comes from: `source` or `assumption`, by its name.
    """

    terms: Terms
    futures: Futures
    cost: int
    invoiced: date
    position: Position | None
    sold: tuple[date, int | None, int] | None
    settlements: Mapping[date, int]
    fixings: tuple[tuple[Quote, int, Fixer], ...]
    delivery: tuple[str, int] | None
    origin: Mapping[str, str]
    note: str


def read_basis(text: Mapping[str, Any], where: str) -> Case:
    """A case from its TOML.

    Raises:
        MappingError: A name is unknown, missing, or says what cannot be; names it.
    """
    try:
        raw = msgspec.convert(_plain(text), _Case, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MappingError(
            f"the case cannot be read: {error}",
            where=where,
            remedy="`headrace basis example silicon-203` shows one with every name",
        ) from error
    return _Reading(where).case(raw)


def lots_sold(case: Case) -> int:
    """Lots sold forward: as the case says, or the nearest whole number; 0 without a hedge."""
    if case.sold is None:
        return 0
    _, lots, _ = case.sold
    return lots_for(case.futures, case.terms.kilograms) if lots is None else lots


@dataclass(frozen=True)
class _Reading:
    """Turns numbers of a file into whole units, and says which cannot be."""

    where: str

    def case(self, raw: _Case) -> Case:
        """The case, checked."""
        self._check_origin(raw)
        agreed = raw.sale
        if agreed.window_from > agreed.window_until:
            raise self._wrong("sale.window_until", "is before window_from")
        month = self._month(agreed.futures)
        try:
            futures = contract(agreed.futures[:-4], month)
        except InputError as error:
            raise MappingError(error.problem, where=self._at("sale.futures"),
                               remedy=error.remedy) from error  # fmt: skip
        terms = self._terms(agreed, futures)
        hedged = raw.hedge
        position = sold = None
        if hedged is not None:
            if hedged.lots is not None and not 0 < hedged.lots <= 10**6:
                raise self._wrong("hedge.lots", "is no number of lots above zero")
            position = Position(futures, self._share("hedge.margin", hedged.margin))
            at = self._price("hedge.sold_at", hedged.sold_at, futures)
            sold = (self._day("hedge.on", hedged.on), hedged.lots, at)
        settlements = {
            self._day("price.on", each.on): self._price(
                "price.settlement", each.settlement, futures
            )
            for each in raw.price
        }
        if len(settlements) < len(raw.price):
            raise self._wrong("price.on", "is there twice")
        fixings = tuple(
            (
                Quote(agreed.futures, self._day("fixing.on", each.on),
                      self._money("fixing.price", each.price)),
                self._kilograms("fixing.tonnes", each.tonnes),
                each.by,
            )
            for each in raw.fixing
        )  # fmt: skip
        delivery = None
        if raw.delivery is not None:
            settled = self._price("delivery.settlement", raw.delivery.settlement, futures)
            delivery = (raw.delivery.grade, settled)
        cost = self._money("cost", raw.cost)
        for name, amount in (("cost", cost), ("sale.provisional", terms.provisional)):
            if amount <= 0:
                raise self._wrong(name, "is not above zero")
        invoiced = self._day("sale.invoiced", agreed.invoiced or agreed.window_from)
        return Case(terms, futures, cost, invoiced, position, sold, settlements, fixings, delivery,
                    raw.origin, raw.note)  # fmt: skip

    def _terms(self, agreed: _Sale, futures: Futures) -> Terms:
        lot = agreed.lot_tonnes
        return Terms(
            agreed.id, agreed.seller, agreed.buyer, agreed.futures,
            self._kilograms("sale.tonnes", agreed.tonnes),
            self._money("sale.premium", agreed.premium), agreed.fixer,
            self._day("sale.window_from", agreed.window_from),
            self._day("sale.window_until", agreed.window_until),
            self._money("sale.provisional", agreed.provisional),
            self._money("sale.differential", agreed.differential),
            1 if lot is None else self._kilograms("sale.lot_tonnes", lot),
            futures.tick_minor, self._share("sale.margin", agreed.margin),
            self._money("sale.call_least", agreed.call_least), CURRENCY,
        )  # fmt: skip

    def _check_origin(self, raw: _Case) -> None:
        known = {"cost"} | {
            f"{part}.{name}" for part, struct in _PARTS.items() for name in struct.__struct_fields__
        }
        for name, origin in raw.origin.items():
            if name not in known:
                raise self._wrong(f"origin.{name}", "names no number of the case")
            if origin not in FROM:
                raise self._wrong(f"origin.{name}", f"is none of {', '.join(FROM)}")

    def _month(self, futures: str) -> date:
        """The first day of the month of delivery that `SI2405` names."""
        code, digits = futures[:-4], futures[-4:]
        if not (code.isascii() and code.isalpha() and digits.isascii() and digits.isdigit()):
            raise self._wrong("sale.futures", "is no contract such as SI2405")
        if not 1 <= int(digits[2:]) <= 12:
            raise self._wrong("sale.futures", "names no month")
        return date(2000 + int(digits[:2]), int(digits[2:]), 1)

    def _price(self, name: str, value: Decimal, futures: Futures) -> int:
        """A futures price: above zero, on the step of the exchange."""
        minor = self._money(name, value)
        if minor <= 0 or minor % futures.tick_minor:
            raise self._wrong(name, f"is above zero and a multiple of {futures.tick_minor / 100:g}")
        return minor

    def _money(self, name: str, value: Decimal) -> int:
        try:
            minor = to_minor(value, CURRENCY) if value.is_finite() else PRICE_MOST + 1
        except (ArithmeticError, ValueError):
            minor = PRICE_MOST + 1
        if abs(minor) > PRICE_MOST:
            raise self._wrong(name, "is no amount of yuan in whole fen, or too large")
        return minor

    def _share(self, name: str, value: Decimal) -> Decimal:
        if not (value.is_finite() and 0 <= value <= 1):
            raise self._wrong(name, "is no share from 0 to 1")
        return value

    def _kilograms(self, name: str, tonnes: Decimal) -> int:
        kilograms = tonnes * KILOGRAMS if tonnes.is_finite() else Decimal(-1)
        fits = 0 < kilograms <= KILOGRAMS_MOST and kilograms == kilograms.to_integral_value()
        if not fits:
            raise self._wrong(name, "is no quantity of tonnes in whole kilograms, above zero")
        return int(kilograms)

    def _day(self, name: str, day: date) -> date:
        if not YEARS[0] <= day.year <= YEARS[1]:
            raise self._wrong(name, "is no day of our times")
        return day

    def _at(self, name: str) -> str:
        return f"{self.where}, {name}"

    def _wrong(self, name: str, problem: str) -> MappingError:
        return MappingError(
            f"{name} {problem}", where=self._at(name), remedy="`headrace basis example silicon-203`"
        )


def _plain(value: Any) -> Any:
    """Numbers as texts, so that 0.1 stays a tenth."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return value


def with_fixed_price(case: Case, price: int) -> Case:
    """The case with every part fixed at another futures price: the margin stays what it was."""
    fixings = tuple((replace(quote, price=price), kg, by) for quote, kg, by in case.fixings)
    last = case.terms.window_until
    kept = {day: each for day, each in case.settlements.items() if day != last}
    return replace(case, fixings=fixings, settlements={**kept, last: price})

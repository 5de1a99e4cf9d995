"""How an approved limit becomes a contract: `contract.toml` of a pack, or the user's own."""

import tomllib
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.lending.terms import DueDays, InterestDays, Method, Penalty, Terms
from headrace.errors import HeadraceError, MappingError

_Choice = TypeVar("_Choice", bound=Enum)
_METHODS = (
    Method.EQUAL_INSTALMENT,
    Method.EQUAL_PRINCIPAL,
    Method.INTEREST_FIRST,
    Method.BULLET,
    Method.ANY_DAY,
)


@dataclass(frozen=True)
class StandardTerms:
    """What every contract of a pack says, whoever signs it.

    Attributes:
        product: Code of the product in the catalogue.
        method: How principal comes back.
        days: How days of interest are counted.
        due: When instalments fall due.
        shift: Where what falls on a day off is paid.
        penalty: What late payment costs.
        payment: `self`: the borrower gets the money (自主支付); `entrusted`: a named payee does.
    """

    product: str
    method: Method = Method.EQUAL_INSTALMENT
    days: InterestDays = InterestDays.MONTHS_360
    due: DueDays = field(default_factory=DueDays)
    shift: BusinessDay = BusinessDay.CALCULATE_FOLLOWING
    penalty: Penalty = field(default_factory=Penalty)
    payment: str = "self"

    def terms(self, principal: int, rate: Decimal, start: date, months: int) -> Terms:
        """A loan of so many minor units, from a day, for so many months.

        Raises:
            InputError: Naming the term that cannot be.
        """
        from_then = months if self.method is not Method.BULLET else None
        return Terms(
            principal=principal,
            start=start,
            rate=rate,
            instalments=None if from_then is None else -(-from_then // self.due.every_months),
            maturity=None if from_then is not None else months_after(start, months),
            method=self.method,
            days=self.days,
            due=self.due,
            shift=self.shift,
            penalty=self.penalty,
        )


def parse_standard_terms(text: str, file: str) -> StandardTerms:
    """The terms that a TOML file states.

    Keys: `product`; `method`, `days`, `shift`, `payment` as their words; `due_day`, `every_months`,
    `first_days_min`; `overdue_markup`, `misuse_markup`, `compound`, `grace_days`. All but
    `product` may be left out.

    Raises:
        MappingError: Naming the key, what it says and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The file is not TOML: {error}", where=file) from error
    penal = {each.name for each in fields(Penalty)} - {"start"}
    due = {"due_day": "day", "every_months": "every_months", "first_days_min": "first_days_min"}
    known = {"product", "method", "days", "shift", "payment", *due, *penal}
    for key in document:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=file, remedy=remedy)
    if not isinstance(document.get("product"), str):
        remedy = "Name a product: `headrace product list`"
        raise MappingError("The key 'product' is missing", where=file, remedy=remedy)
    try:
        penalty = {name: _number(document[name], name) for name in penal & set(document)}
        days = {due[name]: document[name] for name in due if name in document}
        return StandardTerms(
            product=document["product"],
            method=_choice(document, "method", StandardTerms.method, _METHODS, file),
            days=_choice(document, "days", StandardTerms.days, tuple(InterestDays), file),
            due=DueDays(**days),
            shift=_choice(document, "shift", StandardTerms.shift, tuple(BusinessDay), file),
            penalty=Penalty(**penalty),
            payment=document.get("payment", StandardTerms.payment),
        )
    except (TypeError, ArithmeticError) as error:
        raise MappingError(f"A value is of the wrong type: {error}", where=file) from error
    except MappingError:
        raise
    except HeadraceError as error:
        raise MappingError(
            error.problem, where=f"{file}, {error.where}", remedy=error.remedy
        ) from error


def _number(value: Any, name: str) -> Any:
    """What the penalty takes: shares are `Decimal`, even where a whole number is written."""
    return Decimal(value) if name.endswith("markup") and not isinstance(value, bool) else value


def _choice(
    document: dict[str, Any],
    key: str,
    default: _Choice,
    choices: tuple[_Choice, ...],
    file: str,
) -> _Choice:
    if key not in document:
        return default
    words = {_word(each): each for each in choices}
    if document[key] not in words:
        raise MappingError(
            f"{key} cannot be {document[key]!r}",
            where=file,
            remedy=f"Give one of {', '.join(words)}",
        )
    return words[document[key]]


def _word(choice: Enum) -> str:
    return choice.value if isinstance(choice.value, str) else choice.name.lower()

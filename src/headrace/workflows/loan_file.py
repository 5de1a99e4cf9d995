"""Terms and events of one loan as people write them in a file, or as options of a command.

Amounts are in major units (yuan), `principal = 100_000`; a key with `_minor` behind it is in minor
units, `principal_minor = 100_000_00`. Rates are fractions, 0.0435, or text, "4.35%". Words may be
the English ones, in any case, or the Chinese ones.
"""

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
from types import NoneType
from typing import Any, NoReturn, get_args, get_origin, get_type_hints

from headrace.contracts.conventions.business_days import BusinessDay
from headrace.contracts.conventions.china import Tenor
from headrace.contracts.lending.events import Disburse, Event
from headrace.contracts.lending.terms import (
    METHOD_WORDS,
    After,
    FeeKind,
    InterestDays,
    PenaltyStart,
    Reset,
    Terms,
)
from headrace.errors import InputError, MappingError
from headrace.money import MINOR_PER_MAJOR, to_minor
from headrace.workflows.loan_log import EVENTS

MINOR = "_minor"
DIGITS_MAX = 30
YEAR_FIRST, YEAR_LAST = 1900, 2199
MONTHS_MAX = 9_600
"""Of a loan: 800 years from 2199 are still years of the calendar."""
_MONEY = {"principal", "limit", "instalment", "amount", "amount_min"}
_MONEY_PAIRS = {"plan"}
_EVENT_KEYS = {"event", "late"}
_PLAIN = {int: "a whole number", str: "text", bool: "true or false"}
CHINESE: Mapping[Enum, tuple[str, ...]] = {
    **{method: (zh,) for method, (zh, _) in METHOD_WORDS.items()},
    BusinessDay.NO_SHIFT: ("不顺延",),
    BusinessDay.SHIFT_FOLLOWING: ("顺延计息", "顺延并计息"),
    BusinessDay.CALCULATE_FOLLOWING: ("顺延", "顺延不计息"),
    BusinessDay.CALCULATE_PRECEDING: ("提前",),
    InterestDays.MONTHS_360: ("对年对月对日",),
    InterestDays.ACTUAL_360: ("实际天数/360", "实际/360"),
    InterestDays.ACTUAL_365: ("实际天数/365", "实际/365"),
    InterestDays.THIRTY_360: ("30/360",),
    Tenor.ONE_YEAR: ("一年期", "1年期"),
    Tenor.FIVE_YEARS: ("五年期以上", "五年期", "5年期以上"),
    Reset.JANUARY_FIRST: ("每年1月1日",),
    Reset.ANNIVERSARY: ("对年对月对日", "放款日对应日"),
    FeeKind.AT_START: ("放款时",),
    FeeKind.DEDUCTED: ("预扣",),
    FeeKind.EACH_PERIOD: ("每期",),
    FeeKind.ON_BALANCE: ("每期按余额",),
    PenaltyStart.DUE_DAY: ("到期日",),
    PenaltyStart.END_OF_GRACE: ("宽限期满",),
    After.SHORTER_TERM: ("缩短期限",),
    After.LOWER_INSTALMENT: ("减少月供",),
}
"""Words of terms as Chinese readers write them, beside their English ones."""
EVENT_WORDS: Mapping[str, str] = {
    "放款": "disburse",
    "支用": "draw",
    "还款": "repay",
    "提前还款": "prepay",
    "贴息到账": "subsidise",
    "退款": "refund",
    "利率重定价": "resetrate",
    "调息": "resetrate",
    "收费": "chargefee",
    "挪用": "misuse",
    "提前到期": "accelerate",
    "重组": "restructure",
    "展期": "restructure",
    "核销": "writeoff",
    "核销后收回": "recover",
    "转非应计": "suspend",
    "转回应计": "resume",
}


@dataclass(frozen=True)
class Told:
    """Events of one loan.

    Attributes:
        known: As they were posted in their time.
        late: That came to be known behind their day.
    """

    known: tuple[Event, ...]
    late: tuple[Event, ...]

    def paid_out(self, terms: Terms) -> "Told":
        """With the loan paid out on its first day, where nobody says when it was."""
        if any(isinstance(each, Disburse) for each in (*self.known, *self.late)):
            return self
        return Told((Disburse(terms.start), *self.known), self.late)


# --- what people write ------------------------------------------------------------------------


def read_document(text: str, file: str) -> dict[str, Any]:
    """A TOML file with exact numbers.

    Raises:
        MappingError: It is not TOML.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # 1e9999999999999999999
        remedy = "a line is `key = value`, text and words in quotes, days as 2026-03-01"
        raise MappingError(f"the file is not TOML: {error}", where=file, remedy=remedy) from error


def terms_of(document: Mapping[str, Any], where: str) -> Terms:
    """The terms that a document states.

    Raises:
        InputError: Naming the key, what it says, and what would be right.
    """
    currency = document.get("currency", "CNY")
    if not isinstance(currency, str) or currency not in MINOR_PER_MAJOR:
        _refuse(where, "currency", currency, f"one of {', '.join(MINOR_PER_MAJOR)}")
    given = _Reader(currency).table(Terms, document, where)
    lacking = [each for each in ("principal", "start") if each not in given]
    if "rate" not in given and "floating" not in given:
        lacking.append("rate")
    if lacking:
        remedy = "a loan has principal, start, rate, and maturity or instalments"
        raise InputError(f"{', '.join(lacking)} is not stated", where=where, remedy=remedy)
    given.setdefault("rate", Decimal(0))  # a floating loan's rate is that of its first day
    terms: Terms = _made(Terms, given, where)
    months = (terms.instalments or 0) * terms.due.every_months
    if months > MONTHS_MAX:
        problem = f"{terms.instalments} instalments are {months} months"
        raise InputError(problem, where=where, remedy=f"give at most {MONTHS_MAX} months")
    return terms


def told_of(document: Mapping[str, Any], terms: Terms, where: str) -> Told:
    """The events of a document: tables `[[event]]`, each with `event`, `on` and its fields.

    Raises:
        InputError: Naming the event and the key.
    """
    entries = document.get("event", [])
    strange = [key for key in document if key != "event"]
    if strange or not isinstance(entries, list):
        remedy = '[[event]] with event = "repay", on = 2026-03-01, amount = 1_000'
        raise InputError(f"'{(strange or ['event'])[0]}' cannot be", where=where, remedy=remedy)
    return told_of_rows(
        [(f"{where}, event {number}", entry) for number, entry in enumerate(entries, 1)], terms
    )


def told_of_rows(rows: Sequence[tuple[str, Any]], terms: Terms) -> Told:
    """The events of rows, each with the place where it stands; see `told_of`."""
    known: list[Event] = []
    late: list[Event] = []
    for where, row in rows:
        if not isinstance(row, Mapping):
            raise InputError("it is no table", where=where, remedy="[[event]]")
        found = _event(row, terms, where)
        (late if _flag(row.get("late", False), where) else known).append(found)
    return Told(tuple(known), tuple(late))


def _event(row: Mapping[str, Any], terms: Terms, where: str) -> Event:
    word = str(row.get("event", "")).strip()
    name = EVENT_WORDS.get(word, word.casefold().replace("_", "").replace(" ", ""))
    if name not in EVENTS:
        _refuse(where, "event", word, f"one of {', '.join(EVENTS)}")
    kind = EVENTS[name]
    rest = {
        key: value
        for key, value in row.items()
        if key not in _EVENT_KEYS and value is not None and value != ""
    }
    given = _Reader(terms.currency).table(kind, rest, where)
    if "terms" in given:  # a restructuring carries terms of its own
        given["terms"] = terms_of({"currency": terms.currency, **rest["terms"]}, f"{where}, terms")
    event: Event = _made(kind, given, where)
    return event


# --- single values ----------------------------------------------------------------------------


def read_amount(value: Any, currency: str) -> int | None:
    """Minor units of an amount in major units, a number or text; None: it is no such amount."""
    number = read_decimal(value)
    try:
        return None if number is None else to_minor(number, currency)
    except ValueError:  # a fraction of a fen
        return None


def read_rate(value: Any) -> Decimal | None:
    """A rate from a number or text, 0.0435 or "4.35%"; None: it is none."""
    if isinstance(value, str) and value.strip().endswith(("%", "\uff05")):
        number = read_decimal(value.strip()[:-1])
        return None if number is None else number / 100
    return read_decimal(value)


def read_decimal(value: Any) -> Decimal | None:
    """An exact number from a number or text, thousands with commas; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip().replace(",", "").replace("_", "").lstrip("\u00a5\uffe5")
    if len(text) > DIGITS_MAX or not text.isascii():
        return None
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < DIGITS_MAX else None


def read_day(value: Any) -> date | None:
    """A day from a date, a time at midnight, or text such as 2026-03-01, 2026/3/1, 20260301."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value if YEAR_FIRST <= value.year <= YEAR_LAST else None
    text = str(value).strip().split(" ")[0].split("T")[0]
    for old in "/.\u5e74\u6708":
        text = text.replace(old, "-")
    parts = text.rstrip("\u65e5").split("-")
    if len(parts) == 1 and len(text) == 8:  # 20260301
        parts = [text[:4], text[4:6], text[6:]]
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day) if YEAR_FIRST <= year <= YEAR_LAST else None
    except ValueError:
        return None


def read_option_day(value: datetime, option: str) -> date:
    """The day of an option.

    Raises:
        InputError: It is before 1900 or after 2199.
    """
    found = read_day(value)
    if found is None:
        remedy = f"a day of {YEAR_FIRST} to {YEAR_LAST}"
        raise InputError(f"{value.date()} is too far away", where=option, remedy=remedy)
    return found


def read_word(kind: type[Enum], value: Any) -> Enum | None:
    """A member of an enum from its word, its name or its Chinese word; None: it is none."""
    text = str(value).strip()
    plain = text.casefold().replace(" ", "_").replace("-", "_")
    for each in kind:
        words = {each.name.casefold()}
        words |= {each.value.casefold()} if isinstance(each.value, str) else set()
        if plain in words or text in CHINESE.get(each, ()):
            return each
    return None


def words_of(kind: type[Enum]) -> str:
    """The words that may be written, for an error."""
    return ", ".join(each.name.lower() for each in kind)


def read_flag(value: Any) -> bool | None:
    """True or false from a flag or text such as yes, no, 是, 否, 1, 0; None: it is neither."""
    text = str(value).strip().casefold().removesuffix(".0")
    if text in ("true", "yes", "y", "1", "是"):
        return True
    return False if text in ("false", "no", "n", "0", "否") else None


def _flag(value: Any, where: str) -> bool:
    if value is None or not str(value).strip():
        return False
    found = read_flag(value)
    return _refuse(where, "late", value, "true or false") if found is None else found


@dataclass(frozen=True)
class _Reader:
    """Reads tables as the dataclasses they stand for, amounts in one currency."""

    currency: str

    def table(self, kind: type, given: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The fields of a dataclass from a table.

        Raises:
            InputError: A key is none of its fields, or a value cannot be.
        """
        hints = get_type_hints(kind)
        read: dict[str, Any] = {}
        for key, value in given.items():
            name = key.removesuffix(MINOR) if key.removesuffix(MINOR) in _MONEY else key
            if name not in hints or name in read:
                near = difflib.get_close_matches(key, hints, n=1)
                hint = f"is {near[0]} meant? " if near else ""
                twice = "is stated twice" if name in read else "is not known"
                remedy = f"{hint}the keys are {', '.join(hints)}"
                raise InputError(f"'{key}' {twice}", where=where, remedy=remedy)
            if value is None or value == "":
                continue
            minor = key != name
            read[name] = self._value(hints[name], name, value, where, minor=minor)
        return read

    def _value(self, kind: Any, name: str, value: Any, where: str, *, minor: bool) -> Any:
        options = [each for each in get_args(kind) if each is not NoneType]
        if NoneType in get_args(kind):
            kind = options[0]
        if get_origin(kind) is tuple:
            return self._several(kind, name, value, where)
        if is_dataclass(kind) and isinstance(kind, type):
            if not isinstance(value, Mapping):
                _refuse(where, name, value, f"a table [{name}]")
            if kind is Terms:
                return value
            return _made(kind, self.table(kind, value, f"{where}, {name}"), f"{where}, {name}")
        return self._single(kind, name, value, where, minor=minor)

    def _single(self, kind: Any, name: str, value: Any, where: str, *, minor: bool) -> Any:
        if name in _MONEY and kind is int:
            found = value if minor and type(value) is int else None
            found = read_amount(value, self.currency) if not minor else found
            return _right(found, where, name, value, "an amount such as 100000 or 8530.99")
        if kind is Decimal:
            remedy = 'a fraction such as 0.0435, or "4.35%"'
            return _right(read_rate(value), where, name, value, remedy)
        if kind is date:
            return _right(read_day(value), where, name, value, "a day such as 2026-03-01")
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _right(read_word(kind, value), where, name, value, f"one of {words_of(kind)}")
        if kind is int and isinstance(value, str):
            number = read_decimal(value)
            whole = number is not None and number == number.to_integral_value()
            return _right(int(number) if number is not None and whole else None,
                          where, name, value, "a whole number")  # fmt: skip
        return value

    def _several(self, kind: Any, name: str, value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            _refuse(where, name, value, f"a list: {name} = [...]")
        inner = get_args(kind)[0]
        if is_dataclass(inner) and isinstance(inner, type):
            places = [f"{where}, {name} {number}" for number in range(1, len(value) + 1)]
            for place, each in zip(places, value, strict=True):
                if not isinstance(each, Mapping):
                    _refuse(place, name, each, f"a table [[{name}]]")
            return tuple(
                _made(inner, self.table(inner, each, place), place)
                for place, each in zip(places, value, strict=True)
            )
        in_currency = partial(read_amount, currency=self.currency)
        read: Callable[[Any], Any] = in_currency if name in _MONEY_PAIRS else read_rate
        pairs = []
        for each in value:
            right = isinstance(each, list) and len(each) == 2
            day, amount = (read_day(each[0]), read(each[1])) if right else (None, None)
            if day is None or amount is None:
                _refuse(where, name, each, f"{name} = [[2026-03-01, 0.04], ...]")
            pairs.append((day, amount))
        return tuple(pairs)


def _made(kind: Any, given: dict[str, Any], where: str) -> Any:
    """The value, its types checked and then its own checks."""
    lacking = [
        each.name
        for each in fields(kind)
        if each.default is MISSING and each.default_factory is MISSING and each.name not in given
    ]
    if lacking:
        problem = f"{', '.join(lacking)} is not stated"
        remedy = f"it has {', '.join(each.name for each in fields(kind))}"
        raise InputError(problem, where=where, remedy=remedy)
    for name, hint in get_type_hints(kind).items():
        value = given.get(name)
        plain = {int, str, bool} & {hint, *get_args(hint)}
        if value is None or not plain or isinstance(value, IntEnum):
            continue
        if type(value) not in plain:
            _refuse(where, name, value, " or ".join(_PLAIN[each] for each in plain))
    try:
        return kind(**given)
    except InputError as error:
        told = ", ".join(part for part in (where, error.where) if part)
        raise InputError(error.problem, where=told, remedy=error.remedy) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise InputError(str(error), where=where) from error


def _right(found: Any, where: str, name: str, value: Any, remedy: str) -> Any:
    return _refuse(where, name, value, remedy) if found is None else found


def _refuse(where: str, name: str, value: Any, remedy: str) -> NoReturn:
    problem = f"{name} cannot be {str(value)!r}"
    raise InputError(problem, where=where, remedy=f"give {remedy}")

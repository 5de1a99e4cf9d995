"""The record of one decision: what was decided, why, and what it was based on."""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from headrace.decisions.lending.book import Book
from headrace.errors import InputError
from headrace.money import round_half_even


class Outcome(Enum):
    """What happens to an application."""

    APPROVE = "approve"
    REFER = "refer"  # a person decides
    DECLINE = "decline"


@dataclass(frozen=True)
class LimitParts:
    """Where a limit comes from, in minor units.

    Attributes:
        cap_by_turnover_minor: The most that the firm's trade supports; None if it is not known.
        cap_by_class_minor: The most that policy gives this class; None if policy sets none.
        cap_minor: The least of those and of the product's largest loan, rounded down to the step.
        offered_minor: What the optimiser gave, at most `cap_minor`.
    """

    cap_by_turnover_minor: int | None
    cap_by_class_minor: int | None
    cap_minor: int
    offered_minor: int


@dataclass(frozen=True)
class Alternative:
    """The same limit at another rate.

    Attributes:
        rate: Yearly.
        take_up: Share expected to accept, in [0, 1].
        profit_minor: Expected, rounded half to even.
    """

    rate: Decimal
    take_up: float
    profit_minor: int


@dataclass(frozen=True)
class RateParts:
    """Where a rate goes, per yuan taken up over the term, and what the next rates would bring.

    Attributes:
        funding: Cost of the money.
        expected_loss: pd * lgd.
        interest_forgone: Interest that is not paid by those who default, pd * rate * years.
        margin: What is left: rate * years - funding - expected_loss - interest_forgone.
        offered: The rate, its take-up and the expected profit of the loan.
        cheaper: The next lower rate on offer; None if this is the lowest.
        dearer: The next higher; None if this is the highest.
    """

    funding: float
    expected_loss: float
    interest_forgone: float
    margin: float
    offered: Alternative
    cheaper: Alternative | None
    dearer: Alternative | None


@dataclass(frozen=True)
class RuleFired:
    """A policy rule that spoke.

    Attributes:
        table: Name of the decision table.
        row: Its row in the spreadsheet.
        text: What the rule asks, in one line.
    """

    table: str
    row: int
    text: str


@dataclass(frozen=True)
class Points:
    """What one reason added to the score; negative is worse."""

    reason: str
    points: float


@dataclass(frozen=True)
class Version:
    """What was in force: a table, the scorecard, the code.

    Attributes:
        name: Such as `table:access`, `scorecard`, `code`.
        digest: SHA-256 in hex, or a version's name.
    """

    name: str
    digest: str


@dataclass(frozen=True)
class Decision:
    """One applicant's decision. Its canonical bytes are what evidence commits to.

    Attributes:
        decision_id: Distinct within a run.
        party: Whom it is about.
        as_of: The day on which everything used was known.
        outcome: Approve, refer or decline.
        reasons: Codes, most important first; the pack says them in English and Chinese.
        currency: Of all money in here.
        limit_minor: 0 unless a loan is offered.
        rate: Yearly; None unless a loan is offered.
        term_months: None unless a loan is offered.
        limit_parts: Where the limit comes from; None if no cap was worked out.
        rate_parts: Where the rate goes; None unless a loan is offered.
        pd: Probability of default over the term; None if it could not be computed.
        rating: Rating class; None if there is none.
        points: By reason.
        rules: The policy rules that spoke, in the order of the tables.
        missing_inputs: Inputs that this decision lacked, by name.
        versions: By name.
    """

    decision_id: str
    party: str
    as_of: date
    outcome: Outcome
    reasons: tuple[str, ...]
    currency: str
    limit_minor: int = 0
    rate: Decimal | None = None
    term_months: int | None = None
    limit_parts: LimitParts | None = None
    rate_parts: RateParts | None = None
    pd: float | None = None
    rating: str | None = None
    points: tuple[Points, ...] = ()
    rules: tuple[RuleFired, ...] = ()
    missing_inputs: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()

    def __post_init__(self) -> None:
        offered = (self.limit_minor > 0, self.rate is not None, self.term_months is not None)
        if self.outcome is Outcome.APPROVE and not all(offered):
            raise InputError("An approval has a limit, a rate and a term", where=self.decision_id)
        if self.outcome is Outcome.DECLINE and any(offered):
            raise InputError("A declined application has no terms", where=self.decision_id)
        if self.outcome is not Outcome.APPROVE and not self.reasons:
            raise InputError("A refusal or referral gives a reason", where=self.decision_id)

    def to_json_bytes(self) -> bytes:
        """Canonical: sorted keys, no blanks, UTF-8, decimals and dates as text; no newline."""
        text = json.dumps(
            _plain(self),
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
            allow_nan=False,
        )
        return text.encode()


def from_json(content: bytes | str) -> Decision:
    """The decision that `to_json_bytes` wrote.

    Raises:
        InputError: If the content is not JSON, or a key is missing, unknown or of another type.
    """
    try:
        value = json.loads(content)
    except ValueError as error:
        raise InputError(f"The decision is not JSON: {error}") from error
    decision = _typed(Decision, value, "decision")
    assert isinstance(decision, Decision)  # noqa: S101  (for the type checker; _typed built it)
    return decision


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal | date) else value


def _typed(kind: Any, value: Any, where: str) -> object:
    """A JSON value as the annotated type: the inverse of `_plain`."""
    if get_origin(kind) is UnionType:
        wanted = [each for each in get_args(kind) if each is not NoneType]
        return None if value is None else _typed(wanted[0], value, where)
    if get_origin(kind) is tuple:
        _expect(isinstance(value, list), "a list", where)
        return tuple(_typed(get_args(kind)[0], item, where) for item in value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        _expect(isinstance(value, dict) and set(value) == set(hints), f"keys {[*hints]}", where)
        typed = {key: _typed(hint, value[key], f"{where}.{key}") for key, hint in hints.items()}
        return kind(**typed)  # type: ignore[operator]  # a dataclass, found by its annotation
    if kind is float and type(value) is int:
        return float(value)
    if kind in {int, float, str}:
        _expect(type(value) is kind, kind.__name__, where)
        return value
    try:
        return date.fromisoformat(value) if kind is date else kind(value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise InputError(f"{value!r} is no {kind.__name__}", where=where) from error


def _expect(holds: bool, expected: str, where: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError("The value has another type", where=where, remedy=f"Expected {expected}")


def rate_parts(book: Book, position: int) -> RateParts:
    """Where the rate of one loan of a book goes, and its neighbours on the grid.

    Raises:
        ValueError: If nothing is lent at this position.
    """
    index = int(book.rate_index[position])
    if index < 0:
        raise ValueError("nothing is lent here")
    offers, economics = book.offers, book.offers.economics
    pd = float(offers.applicants.pd[position])
    interest = float(offers.rates[index]) * economics.years
    funding = float(economics.funding_rate) * economics.years
    loss = pd * float(economics.lgd)

    def alternative(column: int) -> Alternative | None:
        if not 0 <= column < len(offers.rates):
            return None
        profit = float(offers.profit[position, column]) * int(book.limit_minor[position])
        take_up = float(offers.take_up[position, column])
        return Alternative(offers.rates[column], take_up, round_half_even(profit))

    offered = alternative(index)
    assert offered is not None  # noqa: S101  (for the type checker: the index is on the grid)
    return RateParts(
        funding=funding,
        expected_loss=loss,
        interest_forgone=pd * interest,
        margin=interest - funding - loss - pd * interest,
        offered=offered,
        cheaper=alternative(index - 1),
        dearer=alternative(index + 1),
    )

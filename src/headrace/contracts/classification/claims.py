"""A book of claims as parallel arrays, and the arithmetic of shares and months that rules need.

Days are int32 since 1970-01-01, money int64 minor units. -1 stands for what there is not or what is
not known, as said with each column.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.classification.tables import Grade, Kind
from headrace.errors import InputError

Ints = NDArray[np.int64]
Days = NDArray[np.int32]
Small = NDArray[np.int8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOTHING = -1
NEVER = np.iinfo(np.int32).max
_MOST = 2**61


class Mark(IntFlag):
    """Facts of a claim that are either so or not."""

    TECHNICAL = 1  # overdue by an error of operation or technology
    MISUSED = 2
    REFINANCED = 4
    EVADING = 8
    BANKRUPT = 16
    WRITTEN_OFF = 32


@dataclass(frozen=True)
class Claims:
    """The claims of one bank, n rows, on debtors 0 to m - 1.

    Attributes:
        debtors: m.
        debtor: Node of the debtor.
        amount: Minor units, 0 or more.
        kind: A `Kind`.
        days_past_due: 0: nothing is overdue.
        next_due: Day on which something falls due next; -1: none, or the claim is overdue.
        marks: `Mark`s.
        impaired: 1 credit-impaired, 0 not, -1 not known.
        loss_rate: Expected loss over the balance, 0..1; NaN: not known.
        previous: Class of the last round; -1: a new claim.
        proposed: Class to which an upgrade was approved; -1: none.
        cured_since: Day from which all that fell due was paid, and nothing is overdue; -1: none.
        periods_paid: Due days paid in full since then.
        observed_until: Last day of observation after restructuring; -1: none.
        restructured: How often it was restructured within observation.
    """

    debtors: int
    debtor: NDArray[np.int32]
    amount: Ints
    kind: Small
    days_past_due: Days
    next_due: Days
    marks: NDArray[np.uint8]
    impaired: Small
    loss_rate: Floats
    previous: Small
    proposed: Small
    cured_since: Days
    periods_paid: Days
    observed_until: Days
    restructured: Small

    def __len__(self) -> int:
        return len(self.amount)

    @property
    def whole(self) -> Mask:
        """Claims on debtors that are looked at as a whole: the non-retail ones."""
        mask: Mask = self.kind == Kind.NON_RETAIL
        return mask


_COLUMNS: dict[str, tuple[Any, Any]] = {
    "debtor": (np.int32, None),
    "amount": (np.int64, None),
    "kind": (np.int8, Kind.NON_RETAIL),
    "days_past_due": (np.int32, None),
    "next_due": (np.int32, NOTHING),
    "marks": (np.uint8, 0),
    "impaired": (np.int8, NOTHING),
    "loss_rate": (np.float64, np.nan),
    "previous": (np.int8, NOTHING),
    "proposed": (np.int8, NOTHING),
    "cured_since": (np.int32, NOTHING),
    "periods_paid": (np.int32, 0),
    "observed_until": (np.int32, NOTHING),
    "restructured": (np.int8, 0),
}
_RANGES = {
    "amount": (0, _MOST),
    "kind": (0, 2),
    "days_past_due": (0, 100_000),
    "impaired": (-1, 1),
    "previous": (-1, Grade.LOSS),
    "proposed": (-1, Grade.LOSS),
    "periods_paid": (0, 100_000),
    "restructured": (0, 100),
}


def claims_of(debtors: int, **columns: object) -> Claims:
    """Claims from columns; `debtor`, `amount` and `days_past_due` are needed, all else may lack.

    Raises:
        InputError: A column is not known, lacks, has another length or a value out of its range;
            or the sum of all amounts passes 2**61.
    """
    for name in columns:
        if name not in _COLUMNS:
            remedy = f"The columns are {', '.join(_COLUMNS)}"
            raise InputError(f"There is no column '{name}'", where="claims", remedy=remedy)
    rows = len(np.asarray(columns.get("amount", ())))
    arrays = {name: _column(name, columns, rows) for name in _COLUMNS}
    _ranged(arrays, "debtor", 0, debtors - 1)
    for name, (low, high) in _RANGES.items():
        _ranged(arrays, name, low, high)
    share = arrays["loss_rate"]
    if ((share < 0) | (share > 1)).any():
        remedy = "A share from 0 to 1, NaN where it is not known"
        raise InputError("A loss rate is out of range", where="claims", remedy=remedy)
    if float(arrays["amount"].sum(dtype=np.float64)) > _MOST:
        raise InputError("All amounts together pass 2**61", remedy="Amounts in minor units")
    return Claims(debtors, **arrays)


def _column(name: str, columns: dict[str, object], rows: int) -> NDArray[Any]:
    kind, otherwise = _COLUMNS[name]
    if name not in columns:
        if otherwise is None:
            raise InputError(f"The column '{name}' is missing", where="claims")
        return np.full(rows, otherwise, kind)
    given = np.asarray(columns[name])
    if given.shape != (rows,):
        problem = f"'{name}' has shape {given.shape}, the amounts ({rows},)"
        raise InputError(problem, where="claims")
    whole = np.issubdtype(kind, np.integer)
    if whole and rows and not np.issubdtype(given.dtype, np.integer):
        remedy = "Whole numbers"
        raise InputError(f"'{name}' is of {given.dtype}", where="claims", remedy=remedy)
    if whole and rows and (given.min() < np.iinfo(kind).min or given.max() > np.iinfo(kind).max):
        raise InputError(f"'{name}' does not fit {np.dtype(kind)}", where="claims")
    return given.astype(kind)


def _ranged(arrays: dict[str, NDArray[Any]], name: str, low: int, high: int) -> None:
    column = arrays[name]
    out = (column < low) | (column > high)
    if out.any():
        at = int(np.argmax(out))
        remedy = f"It should be from {low} to {high}"
        raise InputError(f"'{name}' is {column[at]}", where=f"row {at}", remedy=remedy)


@dataclass(frozen=True)
class Elsewhere:
    """What is known of m debtors at other banks.

    Attributes:
        debt: Minor units they owe there; -1: not known.
        overdue: Of it, what is overdue by more days than the rule says; -1: not known.
        bad: 1 if some of it is bad, 0 if none, -1: not known.
    """

    debt: Ints
    overdue: Ints
    bad: Small


@dataclass(frozen=True)
class CrossDefaults:
    """Clauses by which a claim falls due when a named debtor has a bad debt, as parallel arrays."""

    claim: NDArray[np.int64]
    debtor: NDArray[np.int64]


def check_together(
    claims: Claims, elsewhere: Elsewhere | None, clauses: CrossDefaults | None
) -> None:
    """Refuse what is known of other banks, or clauses, that are not of these claims and debtors.

    Raises:
        InputError: A length, an amount or an index is wrong.
    """
    if elsewhere is not None:
        for name in ("debt", "overdue", "bad"):
            column = getattr(elsewhere, name)
            if column.shape != (claims.debtors,):
                problem = f"'{name}' has shape {column.shape}, the debtors ({claims.debtors},)"
                raise InputError(problem, where="elsewhere")
            _ranged({name: column}, name, NOTHING, 1 if name == "bad" else _MOST)
        if (elsewhere.overdue > np.where(elsewhere.debt < 0, _MOST, elsewhere.debt)).any():
            raise InputError("More is overdue than owed", where="elsewhere")
    if clauses is not None:
        if clauses.claim.shape != clauses.debtor.shape:
            raise InputError("Claims and debtors differ in number", where="clauses")
        _ranged({"claim": clauses.claim}, "claim", 0, len(claims) - 1)
        _ranged({"debtor": clauses.debtor}, "debtor", 0, claims.debtors - 1)


def portion(amount: Ints, share: Decimal) -> Ints:
    """The largest whole amount that is not above share times amount, exact for any int64."""
    exact = Fraction(share)
    whole, rest = np.divmod(amount, exact.denominator)
    found: Ints = whole * exact.numerator + rest * exact.numerator // exact.denominator
    return found


def portion_half_up(amount: Ints, share: Decimal) -> Ints:
    """Share times amount, rounded half up to a whole minor unit, exact for amounts from 0."""
    exact = Fraction(share)
    whole, rest = np.divmod(amount, exact.denominator)
    twice = 2 * rest * exact.numerator + exact.denominator
    found: Ints = whole * exact.numerator + twice // (2 * exact.denominator)
    return found


def sums(debtor: NDArray[np.integer], amount: Ints, debtors: int) -> Ints:
    """Exact sums per debtor."""
    total = np.zeros(debtors, np.int64)
    np.add.at(total, debtor, amount)
    return total


def months_after(day: Days, months: int) -> Days:
    """The same day of the month some months later, or its last day in a shorter month."""
    days = day.astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    target = month + months
    of_month = (days - month.astype("datetime64[D]")).astype(np.int64)
    last = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64)
    shifted = target.astype("datetime64[D]") + np.minimum(of_month, last - 1)
    found: Days = shifted.astype("datetime64[D]").astype(np.int64).astype(np.int32)
    return found

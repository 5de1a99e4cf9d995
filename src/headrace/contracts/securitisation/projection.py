"""Cash flows of a pool: loan lines, assumptions, and what is collected on which date.

A line is one loan, or many alike. Each period of a line: default, then prepayment of what is left,
then the contractual interest and principal of the rest. Lines are projected together, a period at
a time, in whole fen; every product is rounded by the convention that is named.

An annual rate of default or prepayment r becomes `1 - (1 - r) ** (days / 365)` over a period of
`days`; the monthly equivalent of CPR is the SMM of the standard formulas for mortgage-backed
securities (SIFMA, "Uniform practices for MBS", chapter SF).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.securitisation.amounts import PPM, Rounding, scaled, times
from headrace.contracts.securitisation.dates import Pattern, day_number, from_number
from headrace.contracts.securitisation.flows import KINDS, Flows, Ints, summed
from headrace.errors import InputError

PLANS = {"level": 0, "even": 1, "interest_first": 2}
PLAN_WORDS = {"等额本息": "level", "等额本金": "even", "先息后本": "interest_first"}
LONGEST_PERIOD_DAYS = 366


@dataclass(frozen=True)
class FloatingRate:
    """A rate that follows an index, as LPR.

    Attributes:
        index: Name of the index: `LPR5Y`.
        spread_ppm: Added to it, millionths.
        resets: When it is fixed anew.
    """

    index: str
    spread_ppm: int
    resets: Pattern


@dataclass(frozen=True)
class LoanLines:
    """Loans as arrays of one length.

    Attributes:
        balances: Minor units outstanding.
        rates_ppm: The rate today, millionths a year.
        terms: Periods at the start.
        terms_left: Periods still to come, 1 to `terms`.
        starts: Days since 1970 of the first disbursement; payments fall on its day of the month.
        plans: A value of `PLANS` each.
        floating: Index into `floating_rates`, or -1 for a fixed rate.
        floating_rates: The floating rates that lines share.
        period_months: Length of a period, one for all.
    """

    balances: Ints
    rates_ppm: Ints
    terms: Ints
    terms_left: Ints
    starts: Ints
    plans: Ints
    floating: Ints
    floating_rates: tuple[FloatingRate, ...] = ()
    period_months: int = 1

    def __post_init__(self) -> None:
        bad = (self.balances < 0) | (self.terms_left < 1) | (self.terms_left > self.terms)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InputError(
                "A loan line has a negative balance, or no term that is left and within its term",
                where=f"line {row}",
                remedy="balance >= 0 and 1 <= terms_left <= terms",
            )

    def __len__(self) -> int:
        return len(self.balances)


@dataclass(frozen=True)
class Assumptions:
    """What borrowers are assumed to do.

    Attributes:
        default: Annual rates of default by period after a line's last payment; the last one goes
            on. One number is a constant CDR.
        prepayment: The same for prepayment (CPR).
        prepayment_monthly: The `prepayment` rates are of one month (SMM) and taken as they are.
        recovery_ppm: Share of a default that comes back.
        recovery_lag: Periods after the default in which it does.
        late_ppm: Share of each due payment that comes late.
        late_periods: By how many periods.
    """

    default: tuple[float, ...] = (0.0,)
    prepayment: tuple[float, ...] = (0.0,)
    prepayment_monthly: bool = False
    recovery_ppm: int = 0
    recovery_lag: int = 0
    late_ppm: int = 0
    late_periods: int = 0

    def __post_init__(self) -> None:
        rates = (*self.default, *self.prepayment)
        shares = (self.recovery_ppm, self.late_ppm)
        fine = all(0 <= rate <= 1 for rate in rates) and all(0 <= x <= PPM for x in shares)
        some = self.default and self.prepayment
        if not fine or min(self.recovery_lag, self.late_periods) < 0 or not some:
            raise InputError(
                "An assumption lies outside its range",
                where="assumptions",
                remedy="rates and shares from 0 to 1, lags from 0",
            )


@dataclass(frozen=True)
class Convention:
    """Where a projection rounds.

    Attributes:
        rounding: Of every amount.
        rate_in_ppm: The rate of a period is cut to whole millionths before it multiplies; else the
            product is rounded once.
        last_clears: The last payment is the balance, whatever the formula gives.
    """

    rounding: Rounding = Rounding.HALF_UP
    rate_in_ppm: bool = False
    last_clears: bool = True


HEADRACE = Convention()
ABSBOX = Convention(Rounding.DOWN, rate_in_ppm=True, last_clears=False)
"""The engine behind AbsBox keeps balances in hundredths and rates in millionths, cut downward."""


@dataclass
class _Gathered:
    """Flows by line and period, on the way to flows by date."""

    dates: list[Ints] = field(default_factory=list)
    amounts: dict[str, list[Ints]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, dates: Ints, **amounts: Ints) -> None:
        self.dates.append(dates)
        for kind in KINDS:
            self.amounts[kind].append(amounts.get(kind, np.zeros(len(dates), np.int64)))


def project(
    lines: LoanLines,
    assumptions: Assumptions,
    as_of: date,
    rates: Mapping[str, Sequence[tuple[date, int]]] | None = None,
    convention: Convention = HEADRACE,
) -> Flows:
    """What the lines pay from a date on.

    Flows before `as_of` are projected too, since balances stand at each line's last payment, and
    then left out.

    Args:
        lines: The loans.
        assumptions: One set for all of them.
        as_of: The cut-off date (封包日).
        rates: Of each index, `(from date, millionths)`, ascending.
        convention: Where to round.

    Returns:
        Flows by date; all of them, however late.

    Raises:
        InputError: A floating rate has no index in `rates`.
    """
    out = _Gathered()
    balances = lines.balances.copy()
    longest = int(lines.terms_left.max(initial=0))
    dates = _payment_dates(lines, np.zeros(len(lines), np.int64))
    first = _payment_dates(lines, np.ones(len(lines), np.int64))
    for k in range(1, longest + 1):
        active = np.flatnonzero(lines.terms_left >= k)
        before, dates = dates, _payment_dates(lines, np.full(len(lines), k))
        rate = _rates_at(lines, active, dates[active], first[active], rates or {})
        paid = _period(
            balances[active],
            rate,
            lines,
            active,
            (k, dates[active] - before[active], assumptions, convention),
        )
        _gather(out, lines, active, k, paid, (assumptions, convention))
        balances[active] = paid["end"]
    return _by_date(out, int(lines.balances.sum()), day_number(as_of))


def _payment_dates(lines: LoanLines, k: Ints) -> Ints:
    """The k-th payment after the last one that is past."""
    start = lines.starts.astype("datetime64[D]")
    month = start.astype("datetime64[M]")
    day = (start - month.astype("datetime64[D]")).astype(np.int64)
    later = month + (lines.terms - lines.terms_left + k) * lines.period_months
    opening = later.astype("datetime64[D]")
    length = ((later + 1).astype("datetime64[D]") - opening).astype(np.int64)
    days = opening.astype(np.int64) + np.minimum(day, length - 1)
    return np.asarray(days, dtype=np.int64)


def _rates_at(
    lines: LoanLines,
    active: Ints,
    dates: Ints,
    first: Ints,
    rates: Mapping[str, Sequence[tuple[date, int]]],
) -> Ints:
    """The rate of each line on its date: of the last reset from its first payment on."""
    out = lines.rates_ppm[active].copy()
    for which, floating in enumerate(lines.floating_rates):
        chosen = np.flatnonzero(lines.floating[active] == which)
        if not len(chosen):
            continue
        curve = rates.get(floating.index)
        if not curve:
            raise InputError(
                f"The index {floating.index} has no rates", remedy="give `rates` for it"
            )
        start, stop = from_number(int(first[chosen].min())), from_number(int(dates.max()))
        resets = np.array([day_number(day) for day in floating.resets.between(start, stop)])
        if not len(resets):
            continue
        position = np.searchsorted(resets, dates[chosen], side="right") - 1
        reset = resets[np.maximum(position, 0)]
        fixed = (position >= 0) & (reset >= first[chosen])
        points = np.array([day_number(day) for day, _ in curve])
        values = np.array([value for _, value in curve], dtype=np.int64)
        at = np.maximum(np.searchsorted(points, reset, side="right") - 1, 0)
        new = values[at] + floating.spread_ppm
        out[chosen] = np.where(fixed, new, out[chosen])
    return out


def _period(
    balances: Ints,
    rate_ppm: Ints,
    lines: LoanLines,
    active: Ints,
    given: tuple[int, Ints, Assumptions, Convention],
) -> dict[str, Ints]:
    """One period of the active lines."""
    k, days, assumptions, convention = given
    how = convention.rounding
    default = times(balances, _period_rate(assumptions.default, k, days), how)
    if assumptions.prepayment_monthly:
        share = np.full(len(balances), _at(assumptions.prepayment, k))
    else:
        share = _period_rate(assumptions.prepayment, k, days)
    prepayment = times(balances - default, share, how)
    rest = balances - default - prepayment
    per_year = 12 // lines.period_months
    period_ppm = rate_ppm // per_year if convention.rate_in_ppm else rate_ppm
    denominator = PPM if convention.rate_in_ppm else PPM * per_year
    interest = scaled(rest, period_ppm, denominator, how)
    left = lines.terms_left[active] - (k - 1)
    plan = lines.plans[active]
    principal = np.zeros(len(rest), np.int64)
    free = (plan == PLANS["level"]) & (period_ppm == 0)  # equal instalments of principal alone
    even = (plan == PLANS["even"]) | free
    one = np.ones(len(rest), np.int64)
    principal[even] = scaled_each(rest[even], one[even], left[even], how)
    level = (plan == PLANS["level"]) & ~free
    factor = _annuity(period_ppm[level], denominator, left[level])
    principal[level] = times(rest[level], factor, how) - interest[level]
    final = left == 1
    clears = final & ((plan == PLANS["interest_first"]) | convention.last_clears)
    principal = np.where(clears, rest, np.clip(principal, 0, rest))
    return {
        "dates": _payment_dates(lines, np.full(len(lines), k))[active],
        "default": default,
        "prepayment": prepayment,
        "interest": interest,
        "principal": principal,
        "end": rest - principal,
    }


def scaled_each(amounts: Ints, numerators: Ints, denominators: Ints, rounding: Rounding) -> Ints:
    """`amount * numerator / denominator` with a denominator each; small numerators."""
    product = amounts * numerators
    if rounding is Rounding.HALF_UP:
        product = product + denominators // 2
    return np.asarray(product // denominators)


def _at(curve: tuple[float, ...], k: int) -> float:
    return curve[min(k, len(curve)) - 1]


def _period_rate(curve: tuple[float, ...], k: int, days: Ints) -> NDArray[np.float64]:
    """The annual rate of period k over each number of days."""
    longest = max(int(days.max(initial=0)), LONGEST_PERIOD_DAYS)
    return np.asarray(_rates_by_days(_at(curve, k), longest)[days])


@lru_cache(maxsize=1024)
def _rates_by_days(rate: float, longest: int) -> NDArray[np.float64]:
    """An annual rate over 0 to `longest` days: powers of the C library, the same on any machine."""
    table = np.array([1.0 - math.pow(1.0 - rate, days / 365) for days in range(longest + 1)])
    table.setflags(write=False)
    return table


def _annuity(period_rate: Ints, denominator: int, left: Ints) -> NDArray[np.float64]:
    """The level payment on one yuan, i (1 + i)^n / ((1 + i)^n - 1); the rates are above 0."""
    span = int(left.max(initial=0)) + 1
    pairs, where = np.unique(period_rate * span + left, return_inverse=True)
    factors = [
        _annuity_factor(rate / denominator, terms)
        for rate, terms in zip((pairs // span).tolist(), (pairs % span).tolist(), strict=True)
    ]
    return np.array(factors)[where]


@lru_cache(maxsize=1 << 17)
def _annuity_factor(rate: float, left: int) -> float:
    grown = math.exp(math.log(1.0 + rate) * left)
    return rate * (grown / (grown - 1.0))


def _gather(
    out: _Gathered,
    lines: LoanLines,
    active: Ints,
    k: int,
    paid: dict[str, Ints],
    given: tuple[Assumptions, Convention],
) -> None:
    """Put a period's flows on their dates: recoveries and late payments come later."""
    assumptions, convention = given
    dates, default = paid["dates"], paid["default"]
    late = {
        kind: scaled(
            paid[kind], np.full(len(dates), assumptions.late_ppm), PPM, convention.rounding
        )
        for kind in ("principal", "interest")
    }
    out.add(
        dates,
        default=default,
        prepayment=paid["prepayment"],
        principal=paid["principal"] - late["principal"],
        interest=paid["interest"] - late["interest"],
    )
    if assumptions.late_ppm:
        then = _payment_dates(lines, np.full(len(lines), k + assumptions.late_periods))[active]
        out.add(then, **late)
    recovery = scaled(
        default, np.full(len(dates), assumptions.recovery_ppm), PPM, convention.rounding
    )
    then = _payment_dates(lines, np.full(len(lines), k + assumptions.recovery_lag))[active]
    out.add(then, recovery=recovery, loss=default - recovery)


def _by_date(out: _Gathered, opening: int, as_of: int) -> Flows:
    """Sum the flows of each date; those before `as_of` only reduce the opening balance."""
    if not out.dates:
        empty = np.zeros(0, np.int64)
        return Flows(empty, opening, *(empty for _ in KINDS))
    dates = np.concatenate(out.dates)
    amounts = {kind: np.concatenate(out.amounts[kind]) for kind in KINDS}
    past = dates < as_of
    for kind in ("principal", "prepayment", "default"):
        opening -= int(amounts[kind][past].sum())
    some = sum(np.abs(amounts[kind]) for kind in KINDS) != 0
    kept = ~past & some
    unique, where = np.unique(dates[kept], return_inverse=True)
    return Flows(unique, opening, *(summed(amounts[k][kept], where, len(unique)) for k in KINDS))


def stressed(flows: Flows, assumptions: Assumptions, as_of: date) -> Flows:
    """Given flows under default and prepayment: the schedule shrinks with what has left it.

    Each row loses to default and prepayment by the days since the row before; the schedule that
    remains is scaled by the share that survives. Recoveries come `recovery_lag` rows later, the
    last ones on the last row.
    """
    how = Rounding.DOWN
    balance, survival, before = flows.opening, 1.0, day_number(as_of)
    out = {kind: np.zeros(len(flows.dates), np.int64) for kind in KINDS}
    last = len(flows.dates) - 1
    for row, day in enumerate(flows.dates.tolist()):
        days = np.array([max(day - before, 0)])
        gone = _period_rate(assumptions.default, row + 1, days)
        early = _period_rate(assumptions.prepayment, row + 1, days)
        default = int(times(np.array([balance]), gone, how)[0])
        prepaid = int(times(np.array([balance - default]), early, how)[0])
        survival *= (1.0 - float(gone[0])) * (1.0 - float(early[0]))
        scale = np.array([survival])
        rest = balance - default - prepaid
        due = int(times(flows.principal[row : row + 1], scale, how)[0])
        out["default"][row], out["prepayment"][row] = default, prepaid
        out["principal"][row] = rest if row == last else min(due, rest)
        out["interest"][row] = int(times(flows.interest[row : row + 1], scale, how)[0])
        back = default * assumptions.recovery_ppm // PPM
        out["recovery"][min(row + assumptions.recovery_lag, last)] += back
        out["loss"][min(row + assumptions.recovery_lag, last)] += default - back
        balance = rest - int(out["principal"][row])
        before = day
    return Flows(flows.dates, flows.opening, *(out[kind] for kind in KINDS))

"""Loans by the batch: PAM, LAM, LAX, NAM, ANN, CLM and UMP.

Four stages over flat arrays, none of which works contract by contract in Python: roll the
schedules, merge them into events, count the year fractions between events, walk through them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.book import Book, Bools, Floats, Longs
from headrace.contracts.actus.events import Currencies, Events
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.schedules import (
    ALWAYS,
    CALCULATES_FIRST,
    CLOSED,
    OPEN,
    PAYS_PRINCIPAL,
    TIMES_MAX,
    Loans,
    Requests,
    called_at,
    day,
    maturities,
    requests,
    roll,
    segments,
)
from headrace.contracts.actus.terms import DAY
from headrace.contracts.conventions import kernels as conventions
from headrace.contracts.conventions.calendars import Flat

Rows = tuple[Longs, Longs, Longs, Floats]


@dataclass(frozen=True)
class Merged:
    """Events of all contracts in order, before anything is paid.

    Attributes:
        at: int64 (n + 1,): where the events of each contract start.
        raw: int64 (e,): the time agreed.
        moved: int64 (e,): the time on a business day.
        code: int64 (e,).
        value: float64 (e,).
        last_paid: int64 (n,): the last interest paid by the status date, as agreed, or NEVER.
        last_fee: int64 (n,): the last fee paid by the status date, as agreed, or NEVER.
        redemptions: int64 (n,): how many redemptions are to come.
    """

    at: Longs
    raw: Longs
    moved: Longs
    code: Longs
    value: Floats
    last_paid: Longs
    last_fee: Longs
    redemptions: Longs


def loan_events(
    book: Book,
    observed: Observed,
    calendars: tuple[Flat, Longs],
    horizon: Longs,
    currencies: Currencies,
) -> Events:
    """Events of the loans of a book that has no refused contract.

    A contract that asks for a rate nobody observed is refused in `book.refusals`, and its events
    are left out; so is one whose schedule has too many times.

    Args:
        book: Loans only.
        observed: Rates and what happened.
        calendars: All calendars flat, and int64 (n,) the one of each contract.
        horizon: int64 (n,) seconds: the last time asked for, ALWAYS for no limit.
        currencies: Numbers of currencies, added to.
    """
    loans = Loans(book, observed, *calendars, horizon)
    maturity = maturities(loans)
    _find_last_segments(loans, maturity)
    called = called_at(loans)
    end = np.where(maturity == k.NEVER, called, maturity)
    open_end = (end == k.NEVER) | (loans.kind == k.UMP)
    latest = np.where(open_end | loans.derived(), ALWAYS, end)
    end = np.where(open_end, horizon, end)
    for row in np.flatnonzero(end >= ALWAYS):
        problem = "nothing says when it ends"
        book.refuse(int(row), "maturityDate", problem, "Give it, or ask up to a horizon.")
        end[row] = loans.exchanged[row]
    merged = _merge(loans, requests(loans, maturity, end), latest)
    return _play(loans, merged, maturity, _money(book, currencies))


def _money(book: Book, currencies: Currencies) -> Longs:
    """int64 (n,): the currency each contract pays in: that of settlement, where it has one."""
    found = np.full(book.size, -1, np.int64)
    for name in ("currency", "settlementCurrency"):
        texts = book.texts(name)
        numbers = np.array([currencies.number(code) for code in texts.values] + [-1], np.int64)
        found = np.where(texts.codes >= 0, numbers[texts.codes], found)
    return found


def _find_last_segments(loans: Loans, maturity: Longs) -> None:
    """The maturity of each LAX that gives none: when its redemptions have repaid it (7.3)."""
    rows = np.flatnonzero((loans.kind == k.LAX) & (maturity == k.NEVER))
    if len(rows) == 0:
        return
    _, (start, end, cycle) = segments(loans, "PrincipalRedemption", maturity)
    amounts = loans.book.lists("arrayNextPrincipalRedemptionPayment").values
    grows = loans.book.lists("arrayIncreaseDecrease").values == 1
    owed = loans.book.numbers("notionalPrincipal").copy()
    at = loans.book.lists("arrayCycleAnchorDateOfPrincipalRedemption").at
    for row in rows:
        for part in range(at[row], at[row + 1]):
            last = part == at[row + 1] - 1
            one = slice(part, part + 1)
            none = loans.to_end[row : row + 1]
            if last and cycle[part, 0] >= 0 and not grows[part]:
                count = int(np.ceil(owed[row] / amounts[part] - 1e-9)) if amounts[part] else 1
            elif last or cycle[part, 0] < 0:
                count = 1
            else:
                count = int(roll(start[one], end[one], cycle[one], none, OPEN)[1][0])
            needed = np.ceil(owed[row] / amounts[part] - 1e-9) if amounts[part] else np.inf
            repaid = not grows[part] and count >= needed
            count = int(needed) if repaid else count
            owed[row] += amounts[part] * count * (1 if grows[part] else -1)
            if repaid or last:
                steps = np.array([max(count, 1) - 1])
                months, days = np.maximum(cycle[one, 0], 0), np.maximum(cycle[one, 1], 0)
                found = np.empty(1, np.int64)
                conventions.add_times(start[one], steps, months, days, none, DAY, found)
                maturity[row] = found[0]
                break


def _merge(loans: Loans, asked: Requests, latest: Longs) -> Merged:
    """Roll every schedule and put the events of each contract in order.

    Args:
        loans: The loans.
        asked: Their schedules.
        latest: int64 (n,): the end that was given, past which no event moves, or ALWAYS.
    """
    columns, value = asked.all()
    contract, start, last, cycle, code, after, until, way, closed, delay = columns
    step = np.maximum(28 * cycle[:, 0], 0) + cycle[:, 1]
    long = (last - start) // DAY > TIMES_MAX * np.maximum(step, 1)
    for row in np.unique(contract[long & (step > 0)]):
        problem = f"a schedule has more than {TIMES_MAX} times"
        loans.book.refuse(int(row), "maturityDate", problem, "Give a longer cycle.")
    last = np.where(long & (step > 0), start, last)
    at, count, raw = roll(start, last, cycle, loans.to_end[contract], closed != 0)
    moved = np.empty(len(raw), np.int64)
    which = loans.which[contract]
    conventions.move_schedules(at, count, raw, way, which, loans.calendars, DAY, moved)
    # The exchange and a maturity that is given stay where they are: nothing moves past them.
    within = loans.exchanged[contract], latest[contract]
    k.bound(at, count, raw, within, closed, moved)
    late = np.flatnonzero(delay)
    moved[at[late]] += delay[late]
    n = loans.book.size
    first = np.searchsorted(contract, np.arange(n + 1)).astype(np.int64)
    most = int(np.bincount(contract, count, n).max(initial=0))
    room = np.empty((2, most + 1), np.int64), np.empty((2, most + 1), np.int64)
    size = int(count.sum())
    found = [np.empty(size, np.int64) for _ in range(3)]
    values, event_at = np.empty(size), np.empty(n + 1, np.int64)
    paid, fees, many = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    k.merge(
        (first, code, after, until, value),
        (at, count, raw, moved),
        (loans.status, loans.exchanged, loans.horizon),
        (*room, np.empty((2, most + 1))),
        (*found, values),
        (event_at, paid, fees, many),
    )
    cut = slice(0, int(event_at[-1]))
    when, moves, codes = (each[cut] for each in found)
    return Merged(event_at, when, moves, codes, values[cut], paid, fees, many)


def _play(loans: Loans, merged: Merged, maturity: Longs, money: Longs) -> Events:
    """Count what lies between events, and walk through them."""
    counts = np.diff(merged.at)
    contract = np.repeat(np.arange(loans.book.size), counts)
    days = day(_calculated(loans, contract, merged.raw))
    before = np.empty(len(days), np.int64)
    before[1:] = days[:-1]
    before[merged.at[:-1][counts > 0]] = day(loans.status)[counts > 0]
    fraction = _fractions(loans, contract, before, days, maturity)
    annuity, fixing, wait = _annuities(loans, merged, days, maturity)
    seen, exchange = _observe(loans, merged, contract)
    numbers, flags = _terms(loans, merged)
    size = len(days)
    found = [np.empty(size) for _ in range(4)]
    told = np.empty(size, np.int64)
    count = k.play(
        merged.at,
        (merged.code, merged.value, fraction, seen, exchange, fixing, wait),
        annuity,
        (numbers, flags),
        (*found, told),
    )
    rows = told[:count]
    whose = contract[rows]
    never, none = np.broadcast_to(k.NEVER, count), np.broadcast_to(np.nan, count)
    paid, notional, rate, accrued = (each[:count] for each in found)
    state = (paid, notional, rate, accrued, never, none, money[whose])
    events = Events(whose, merged.moved[rows], merged.code[rows], *state)
    finite = np.isfinite(paid) & np.isfinite(notional) & np.isfinite(accrued)
    for row in np.unique(whose[~finite]).tolist():
        problem, remedy = "makes amounts beyond any number", "Give 0.0435 for 4.35 % a year."
        loans.book.refuse(row, "nominalInterestRate", problem, remedy)
    if not loans.book.refusals:
        return events
    return events.take(np.flatnonzero(~np.isin(whose, list(loans.book.refusals))))


def _calculated(loans: Loans, contract: Longs, raw: Longs) -> Longs:
    """The times to which interest is calculated: shifted first, or as agreed (section 3.4).

    The tests shift them even for events that are not shifted themselves, as a maturity.
    """
    first = CALCULATES_FIRST[loans.book.choices("businessDayConvention")]
    way = np.where(first, 0, loans.way)
    if not way.any():
        return raw
    found = np.empty(len(raw), np.int64)
    which = loans.which[contract]
    conventions.move_times(raw, way[contract], which, loans.calendars, DAY, found)
    return found


def _fractions(loans: Loans, contract: Longs, start: Longs, end: Longs, maturity: Longs) -> Floats:
    """Year fractions of flat rows, by the day count of each row's contract."""
    found = np.empty(len(contract))
    conventions.year_fractions(
        loans.convention[contract],
        start,
        end,
        day(maturity)[contract],
        loans.which[contract],
        loans.calendars,
        found,
    )
    return found


def _annuities(
    loans: Loans, merged: Merged, days: Longs, maturity: Longs
) -> tuple[tuple[Longs, Floats], Longs, Floats]:
    """The payments annuities are fixed by, and for each fixing the next of them and the wait."""
    n, size = loans.book.size, len(days)
    rows = np.flatnonzero(loans.kind == k.ANN)
    at, count = np.zeros(n, np.int64), np.zeros(n, np.int64)
    if len(rows) == 0:
        return (at, np.empty(0)), np.full(size, -1), np.zeros(size)
    amortized = loans.book.times("amortizationDate")
    end = np.where(amortized == k.NEVER, maturity, amortized)[rows]
    start = loans.first("PrincipalRedemption")[rows]
    cycle = loans.book.cycles("cycleOfPrincipalRedemption")[rows]
    first, each, raw = roll(start, end, cycle, loans.to_end[rows], CLOSED)
    place = np.repeat(first - np.concatenate([[0], np.cumsum(each)[:-1]]), each)
    used = place + np.arange(each.sum())
    contract = np.repeat(rows, each)
    due = day(_calculated(loans, contract, raw[used]))
    moved = np.empty(len(due), np.int64)
    way, which = loans.way[contract], loans.which[contract]
    conventions.move_times(raw[used], way, which, loans.calendars, DAY, moved)
    at[rows], count[rows] = np.concatenate([[0], np.cumsum(each)[:-1]]), each
    fractions = _fractions(loans, contract, np.append(due[:1], due[:-1]), due, maturity)
    fixing, wait = np.empty(size, np.int64), np.zeros(size)
    k.next_payment(merged.at, merged.moved, merged.code, (at, count, moved), fixing)
    fixed = np.flatnonzero(fixing >= 0)
    whose = contract[fixing[fixed]]
    wait[fixed] = _fractions(loans, whose, days[fixed], due[fixing[fixed]], maturity)
    return (at + count, fractions), fixing, wait


def _observe(loans: Loans, merged: Merged, contract: Longs) -> tuple[Floats, Floats]:
    """Rates and indices at events, and rates of exchange; what nobody observed is refused."""
    book, code = loans.book, merged.code
    numbers, _ = loans.observed.flat
    seen, exchange = np.full(len(code), np.nan), np.ones(len(code))
    differential = book.choices("penaltyType") == k.PENALTY_DIFFERENTIAL
    penalties = np.flatnonzero(code == k.PY)
    penalties = penalties[differential[contract[penalties]]]
    for term, rows in (
        ("marketObjectCodeOfRateReset", np.flatnonzero(code == k.RR)),
        ("marketObjectCodeOfRateReset", penalties),
        ("marketObjectCodeOfScalingIndex", np.flatnonzero(code == k.SC)),
    ):
        if len(rows):
            texts = book.texts(term)
            known = np.array([numbers.get(name, -1) for name in [*texts.values, ""]], np.int64)
            series = known[texts.codes[contract[rows]]]
            seen[rows] = loans.observed.look_up(series, merged.raw[rows])
            unseen = rows[np.isnan(seen[rows])]
            for row in dict.fromkeys(contract[unseen].tolist()):
                problem = "has no value at or before the time it is asked for"
                book.refuse(row, term, problem, "Observe it.", texts.of(row) or None)
    settled, own = book.texts("settlementCurrency"), book.texts("currency")
    for row in np.flatnonzero(settled.codes >= 0).tolist():
        pair = f"{own.of(row)}/{settled.of(row)}"
        if own.of(row) == settled.of(row):
            continue
        events = np.arange(merged.at[row], merged.at[row + 1])
        series = np.full(len(events), numbers.get(pair, -1))
        exchange[events] = loans.observed.look_up(series, merged.moved[events])
        if np.isnan(exchange[events]).any():
            problem = f"the rate {pair} has no value at or before the time it is asked for"
            book.refuse(row, "settlementCurrency", problem, "Observe it.", settled.of(row))
    return seen, exchange


def _terms(loans: Loans, merged: Merged) -> tuple[Floats, Longs]:
    """Terms as the walk reads them: a row of numbers and a row of flags a contract."""
    book, kind = loans.book, loans.kind
    running = loans.exchanged <= loans.status
    notional = book.numbers("notionalPrincipal")
    numbers = np.empty((book.size, k.NUMBERS))
    plain: dict[int, NDArray[np.floating[Any]]] = {
        k.SIGN: book.signs(),
        k.NOTIONAL: notional,
        k.RATE: book.numbers("nominalInterestRate", 0.0),
        k.DISCOUNT: book.numbers("premiumDiscountAtIED", 0.0),
        k.BOUGHT_AT: book.numbers("priceAtPurchaseDate", 0.0),
        k.ENDED_AT: book.numbers("priceAtTerminationDate", 0.0),
        k.REDEMPTION: book.numbers("nextPrincipalRedemptionPayment"),
        k.NEXT_RATE: book.numbers("nextResetRate"),
        k.SPREAD: book.numbers("rateSpread", 0.0),
        k.MULTIPLIER: book.numbers("rateMultiplier", 1.0),
        k.CAP: book.numbers("lifeCap", np.inf),
        k.FLOOR: book.numbers("lifeFloor", -np.inf),
        k.RISE: book.numbers("periodCap", np.inf),
        k.FALL: -book.numbers("periodFloor", np.inf),
        k.FEE_RATE: book.numbers("feeRate", 0.0),
        k.FEE_ACCRUED: _fee_accrued(loans, merged, running),
        k.BASE_AMOUNT: book.numbers("interestCalculationBaseAmount"),
        k.INDEX: book.numbers("scalingIndexAtContractDealDate"),
        k.SCALE_NOTIONAL: book.numbers("notionalScalingMultiplier", 1.0),
        k.SCALE_INTEREST: book.numbers("interestScalingMultiplier", 1.0),
        k.PENALTY: book.numbers("penaltyRate", 0.0),
        k.PAYMENTS: merged.redemptions + 1.0,
    }
    for column, each in plain.items():
        numbers[:, column] = each
    amount = numbers[:, k.BASE_AMOUNT]
    numbers[:, k.BASE_AMOUNT] = np.where(np.isnan(amount), notional, amount)
    # A linear amortizer that does not say how much is redeemed redeems the same each time.
    level = np.isnan(numbers[:, k.REDEMPTION]) & np.isin(kind, PAYS_PRINCIPAL) & (kind == k.LAM)
    numbers[level, k.REDEMPTION] = notional[level] / numbers[level, k.PAYMENTS]
    numbers[:, k.ACCRUED] = _accrued(loans, merged, running)
    flags = np.zeros((book.size, k.FLAGS), np.int64)
    notice = book.cycles("xDayNotice")
    flags[:, k.KIND], flags[:, k.RUNNING] = kind, running
    lagged = np.isin(kind, (*PAYS_PRINCIPAL, k.LAX))
    flags[:, k.BASE] = np.where(lagged, book.choices("interestCalculationBase"), k.BASE_NOTIONAL)
    flags[:, k.FEE_BASIS] = book.choices("feeBasis")
    flags[:, k.SCALED] = book.choices("scalingEffect")
    flags[:, k.PREPAYMENT] = book.choices("prepaymentEffect")
    flags[:, k.PENALTY_TYPE] = book.choices("penaltyType")
    flags[:, k.TO_BUY] = book.times("purchaseDate") > loans.status
    flags[:, k.NOTICE] = (np.maximum(notice[:, 0], 0) + notice[:, 1]) > 0
    return numbers, flags


def _since(loans: Loans, last: Longs, until: Longs) -> Floats:
    """The part of a year since a last payment, to which interest was calculated; 0 without one."""
    paid = _calculated(loans, np.arange(loans.book.size), np.where(last == k.NEVER, until, last))
    return np.where(last == k.NEVER, 0.0, loans.fraction(paid, until))


def _fee_accrued(loans: Loans, merged: Merged, running: Bools) -> Floats:
    """The fee accrued at the status date, where it accrues on the notional."""
    book = loans.book
    given, accrues = book.numbers("feeAccrued"), book.choices("feeBasis") == k.FEE_OF_NOTIONAL
    owed = book.signs() * book.numbers("notionalPrincipal") * book.numbers("feeRate", 0.0)
    found = np.where(running & accrues, owed * _since(loans, merged.last_fee, loans.status), 0.0)
    return np.where(np.isnan(given), found, book.signs() * given)


def _accrued(loans: Loans, merged: Merged, running: Bools) -> Floats:
    """Interest accrued when a contract starts, or at the status date where it runs already."""
    book = loans.book
    given = book.numbers("accruedInterest")
    owed = book.signs() * book.numbers("notionalPrincipal") * book.numbers("nominalInterestRate", 0)
    anchor = book.times("cycleAnchorDateOfInterestPayment")
    since = np.where(running, merged.last_paid, np.where(anchor < loans.exchanged, anchor, k.NEVER))
    until = np.where(running, loans.status, loans.exchanged)
    part = _since(loans, since, until)
    return np.where(np.isnan(given), owed * part, book.signs() * given)

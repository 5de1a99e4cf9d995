"""Events of loans in order, and what each pays: loops over flat arrays.

Contracts come one behind the other. Each has requests (one schedule of one event type each), each
request has times, and the times of a contract are merged into its events. Times are seconds since
1970-01-01; a missing time is NEVER. States and formulas are those of the ACTUS technical
specification 1.1 (section 7), as amended by the official tests (see docs/concepts/actus.md).
"""

import numba
import numpy as np

NEVER = -(1 << 62)

# Events in the order in which those of one time take place. START and LAST_IP are ours: the first
# fixing of an annuity, which is not shown, and the interest paid when a called loan is settled.
IED, START, FP, PR, PI, PY, PP, IP, IPCI, CE, RRF, RR, PRF, PRD, TD = range(15)
SC, IPCB, MD, XD, LAST_IP, STD, DV, AD = range(15, 23)
CODES = 32  # room for event types in the key that sorts events

PAM, LAM, LAX, NAM, ANN, CLM, UMP = range(7)

# Columns of `numbers`, one row a contract.
SIGN, NOTIONAL, RATE, DISCOUNT, BOUGHT_AT, ENDED_AT, REDEMPTION, NEXT_RATE = range(8)
SPREAD, MULTIPLIER, CAP, FLOOR, RISE, FALL, FEE_RATE, FEE_ACCRUED = range(8, 16)
BASE_AMOUNT, INDEX, SCALE_NOTIONAL, SCALE_INTEREST, PENALTY, ACCRUED, PAYMENTS = range(16, 23)
NUMBERS = 23

# Columns of `flags`, one row a contract.
KIND, RUNNING, BASE, FEE_BASIS, SCALED, PREPAYMENT, PENALTY_TYPE, NOTICE, TO_BUY = range(9)
FLAGS = 9
BASE_NOTIONAL, BASE_INITIAL, BASE_LAGGED = 0, 1, 2
FEE_ABSOLUTE, FEE_OF_NOTIONAL = 0, 1
SCALED_INTEREST, SCALED_NOTIONAL = 1, 2
PREPAID_NOT, PREPAID_AMOUNT, PREPAID_MATURITY = 0, 1, 2
PENALTY_NONE, PENALTY_FIXED, PENALTY_RELATIVE, PENALTY_DIFFERENTIAL = 0, 1, 2, 3


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def bound(at, count, raw, within, closed, moved):
    """Keep moved times within the times of their contract, where the time agreed is within them.

    Args:
        at: int64 (m,): where the times of each request start.
        count: int64 (m,): how many there are.
        raw: int64: as agreed.
        within: Tuple of int64 (m,): no sooner, and no later than.
        closed: int64 (m,): 1 where the last time of a request is an end that was given: it stays.
        moved: int64: on business days; changed.
    """
    low, high = within
    for r in range(len(at)):
        for j in range(at[r], at[r] + count[r]):
            if low[r] <= raw[j] <= high[r]:
                moved[j] = min(max(moved[j], low[r]), high[r])
        if closed[r] == 1 and count[r] > 0:
            last = at[r] + count[r] - 1
            moved[last] = raw[last]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def merge(requests, rolled, limits, room, events, found):
    """Merge the times of each contract's requests into its events.

    Args:
        requests: Tuple of int64 (n + 1,) `first`: where each contract's requests start; int64 (m,)
            `code`; int64 (m,) `after` and `until`: only times later than the one and not later
            than the other are kept; float64 (m,) `value`.
        rolled: Tuple of int64 (m,) `at` and `count`, and int64 `raw` and `moved`: where in the
            last two a request's times are; as agreed, and on business days.
        limits: Tuple of int64 (n,): the status date, after which events are told; the first
            exchange, from which they are; the last time that is asked for.
        room: Tuple of int64 (2, r) and int64 (2, r), float64 (2, r): scratch, r the most events
            a contract may have.
        events: Tuple of int64 `raw`, `moved`, `code` and float64 `value`, written.
        found: Tuple of int64 (n + 1,) where each contract's events start; int64 (n,) the last
            interest paid not later than the status date, as agreed, or NEVER; int64 (n,) the last
            fee likewise; int64 (n,) how many redemptions are agreed, asked for or not; all
            written.
    """
    first, code, after, until, value = requests
    at, count, raw, moved = rolled
    status, exchanged, horizon = limits
    keys, raws, values = room
    out_raw, out_moved, out_code, out_value = events
    event_at, last_paid, last_fee, redemptions = found
    place = 0
    for c in range(len(status)):
        event_at[c] = place
        last_paid[c] = last_fee[c] = NEVER
        redemptions[c] = 0
        now, size = 0, 0
        for r in range(first[c], first[c + 1]):
            other, i, n = 1 - now, 0, 0
            for j in range(at[r], at[r] + count[r]):
                when = raw[j]
                if when <= after[r] or when > until[r]:
                    continue
                if code[r] == IP and moved[j] <= status[c]:
                    last_paid[c] = max(last_paid[c], when)
                if code[r] == FP and moved[j] <= status[c]:
                    last_fee[c] = max(last_fee[c], when)
                if moved[j] <= status[c] or when < exchanged[c]:
                    continue
                redemptions[c] += code[r] == PR
                # By the day it is paid; what follows from a notice, by the day of the notice.
                if (when if code[r] in (LAST_IP, STD) else moved[j]) > horizon[c]:
                    continue
                key = moved[j] * CODES + code[r]
                while i < size and keys[now, i] <= key:
                    keys[other, n] = keys[now, i]
                    raws[other, n] = raws[now, i]
                    values[other, n] = values[now, i]
                    i += 1
                    n += 1
                # Two schedules may name one event; what happened twice happened twice.
                same = n > 0 and keys[other, n - 1] == key and raws[other, n - 1] == when
                if same and value[r] != value[r]:
                    continue
                keys[other, n] = key
                raws[other, n] = when
                values[other, n] = value[r]
                n += 1
            while i < size:
                keys[other, n] = keys[now, i]
                raws[other, n] = raws[now, i]
                values[other, n] = values[now, i]
                i += 1
                n += 1
            now, size = other, n
        for i in range(size):
            out_code[place] = keys[now, i] % CODES
            out_moved[place] = keys[now, i] // CODES
            out_raw[place] = raws[now, i]
            out_value[place] = values[now, i]
            place += 1
            if keys[now, i] % CODES in (TD, MD, STD):  # nothing follows the end
                break
    event_at[len(status)] = place


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def observe(series, when, market, seen):
    """The last value of a series not later than a time, NaN where there is none.

    Args:
        series: int64 (k,): number of the series, -1 for none.
        when: int64 (k,).
        market: Tuple of int64 (s + 1,) where each series starts, int64 times, float64 values.
        seen: float64 (k,), written.
    """
    starts, times, values = market
    for k in range(len(series)):
        seen[k] = np.nan
        if series[k] < 0:
            continue
        start, high = starts[series[k]], starts[series[k] + 1]
        low = start
        while low < high:
            middle = (low + high) >> 1
            if times[middle] <= when[k]:
                low = middle + 1
            else:
                high = middle
        if low > start:
            seen[k] = values[low - 1]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def next_payment(event_at, moved, code, annuity, fixing):
    """The first payment of an annuity after each fixing.

    Args:
        event_at: int64 (n + 1,): where each contract's events start.
        moved: int64 (e,): when each event takes place.
        code: int64 (e,).
        annuity: Tuple of int64 (n,) where each contract's payments start, int64 (n,) how many
            there are, int64 when each takes place.
        fixing: int64 (e,), written: the place of that payment among all, -1 for none.
    """
    at, count, due = annuity
    for c in range(len(event_at) - 1):
        place = at[c]
        for e in range(event_at[c], event_at[c + 1]):
            fixing[e] = -1
            if code[e] in (START, PRF):
                # A payment of the same time is made already, but for one at the first exchange.
                while place < at[c] + count[c] and (
                    due[place] < moved[e] or (due[place] == moved[e] and code[e] == PRF)
                ):
                    place += 1
                if place < at[c] + count[c]:
                    fixing[e] = place


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _level(owed, rate, fractions, place, end, growths):
    """The level payment that repays what is owed when the first payment is due.

    Technical specification 1.1, section 3.8: with growth g between payments, the sum of payments
    carried to the last equals what is owed carried to the last. Added up from the largest on, as
    it is printed there: the tests show the digits that come of it.
    """
    growth, weight = 1.0, 0.0
    for j in range(end - 1, place, -1):
        growth *= 1.0 + rate * fractions[j]
        growths[j] = growth
    for j in range(place + 1, end):
        weight += growths[j]
    return owed * growth / (1.0 + weight)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def play(event_at, events, annuity, terms, found):
    """Walk through the events of each contract: what is paid, and the state afterwards.

    Args:
        event_at: int64 (n + 1,).
        events: Tuple of int64 `code`, float64 `value`, float64 `fraction` (of a year since the
            event before), float64 `seen` (rate or index observed), float64 `exchange` (rate into
            the currency of settlement) and int64 `fixing` of `next_payment`, float64 `wait` until
            that payment.
        annuity: Tuple of int64 (n,) `end` (behind each contract's last payment) and float64
            `fractions` (of a year since the payment before).
        terms: Tuple of float64 (n, NUMBERS) and int64 (n, FLAGS).
        found: Tuple of float64 (e,) payoff, notional, rate, accrued and int64 (e,): the event of
            each, written.

    Returns:
        How many events are told: those before a purchase, or after all is repaid, are not.
    """
    code, value, fraction, seen, exchange, fixing, wait = events
    annuity_end, fractions = annuity
    numbers, flags = terms
    payoffs, notionals, rates, accrueds, told = found
    place = 0
    growths = np.empty(len(fractions))
    for c in range(len(event_at) - 1):
        t, f = numbers[c], flags[c]
        kind, sign, fee_rate = f[KIND], t[SIGN], t[FEE_RATE]
        redemption = sign * t[REDEMPTION]
        nt, rate, accrued, base = 0.0, 0.0, 0.0, 0.0
        if f[RUNNING]:
            nt, rate, accrued = sign * t[NOTIONAL], t[RATE], t[ACCRUED]
            base = nt if f[BASE] == BASE_NOTIONAL else sign * t[BASE_AMOUNT]
        fee, held, of_notional, of_interest, share = t[FEE_ACCRUED], 0.0, 1.0, 1.0, 1.0
        if f[SCALED] & SCALED_NOTIONAL:
            of_notional = t[SCALE_NOTIONAL]
        if f[SCALED] & SCALED_INTEREST:
            of_interest = t[SCALE_INTEREST]
        bought = f[TO_BUY] == 0
        ended, called = False, False
        for e in range(event_at[c], event_at[c + 1]):
            k, y, paid = code[e], fraction[e], 0.0
            if not called:
                accrued += y * rate * base
            if f[FEE_BASIS] == FEE_OF_NOTIONAL:
                fee += y * nt * fee_rate
            if k == IED:
                paid = -sign * (t[NOTIONAL] + t[DISCOUNT])
                nt, rate, accrued = sign * t[NOTIONAL], t[RATE], t[ACCRUED]
                base = nt if f[BASE] == BASE_NOTIONAL else sign * t[BASE_AMOUNT]
            elif k in (START, PRF):
                if fixing[e] >= 0:
                    owed = nt + accrued + wait[e] * rate * base
                    last = annuity_end[c]
                    redemption = _level(owed, rate, fractions, fixing[e], last, growths)
            elif k == FP:
                paid = fee if f[FEE_BASIS] == FEE_OF_NOTIONAL else sign * fee_rate
                fee = 0.0
            elif k in (PR, PI):
                due = sign * share * value[e] if value[e] == value[e] else redemption
                if kind in (NAM, ANN):
                    due -= accrued
                if k == PI:
                    due = -due
                elif kind != UMP:  # never more is redeemed than is owed; an account may overdraw
                    due = sign * min(sign * due, sign * nt)
                paid = of_notional * due
                nt -= due
                base = base if f[BASE] == BASE_LAGGED else nt
            elif k == PY:
                if f[PENALTY_TYPE] == PENALTY_FIXED:
                    paid = sign * t[PENALTY]
                elif f[PENALTY_TYPE] == PENALTY_RELATIVE:
                    paid = y * nt * t[PENALTY]
                elif f[PENALTY_TYPE] == PENALTY_DIFFERENTIAL:
                    paid = y * nt * max(0.0, rate - seen[e])
            elif k == PP:
                paid = sign * min(value[e], sign * nt)
                if f[PREPAYMENT] == PREPAID_AMOUNT and nt != 0.0:
                    redemption *= (nt - paid) / nt
                    share *= (nt - paid) / nt
                nt -= paid
                base = base if f[BASE] == BASE_LAGGED else nt
            elif k in (IP, LAST_IP):
                paid = of_interest * (accrued + held)
                accrued, held = 0.0, 0.0
            elif k == IPCI:
                nt += accrued
                accrued = 0.0
                base = base if f[BASE] == BASE_LAGGED else nt
            elif k == RRF:
                rate = value[e] if value[e] == value[e] else t[NEXT_RATE]
            elif k == RR:
                spread = value[e] if value[e] == value[e] else t[SPREAD]
                change = seen[e] * t[MULTIPLIER] + spread - rate
                rate = min(max(rate + min(max(change, t[FALL]), t[RISE]), t[FLOOR]), t[CAP])
            elif k == PRD:
                paid = -sign * (t[BOUGHT_AT] + accrued)
                bought = True
            elif k == TD:
                paid = sign * (t[ENDED_AT] + accrued)
                nt, accrued, fee, base = 0.0, 0.0, 0.0, 0.0
            elif k == SC:
                if f[SCALED] & SCALED_NOTIONAL:
                    of_notional = t[SCALE_NOTIONAL] * seen[e] / t[INDEX]
                if f[SCALED] & SCALED_INTEREST:
                    of_interest = t[SCALE_INTEREST] * seen[e] / t[INDEX]
            elif k == IPCB:
                base = nt
            elif k in (MD, STD):
                paid = of_notional * nt + of_interest * accrued + fee
                nt, accrued, fee, base = 0.0, 0.0, 0.0, 0.0
            elif k == XD and f[NOTICE]:  # no interest is agreed for the days of notice
                held, accrued, called = accrued, 0.0, True
            if bought and not ended and k != START:
                payoffs[place] = exchange[e] * paid
                notionals[place], rates[place], accrueds[place] = nt, rate, accrued
                told[place] = e
                place += 1
            if f[PREPAYMENT] != PREPAID_NOT and nt == 0.0 and accrued == 0.0 and k != IED:
                ended = True
    return place

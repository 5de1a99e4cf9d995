"""The money of loans over flat arrays of int64, exact to the minor unit.

Interest of a row is balance * weight / over: `weight` is day units times the rate in 1e-10, `over`
is 1e10 times the day units of a year. The product has up to 103 bits. It is split into a whole
amount and a rest below `over` without them: the quotient is taken in doubles, which miss by a few
units at most, and the rest is right modulo 2^64, in which it is small; so one correction is exact.
"""

import numba
import numpy as np

EQUAL_INSTALMENT, EQUAL_PRINCIPAL, INTEREST_FIRST, BULLET, IRREGULAR, ANY_DAY = range(6)
HALF_UP, LAST_NOT_LARGER = range(2)
NO_INTEREST, NO_PRINCIPAL, SOLVE = 1, 2, 4
UNDECIDED = -1
RATE_SCALE = 10_000_000_000
MONTHS_360, MONTHS_365, THIRTY_360, ACTUAL_360, ACTUAL_365 = range(5)
NEVER = -(1 << 40)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _corrected(whole, rest, over):
    """A quotient and rest, the rest brought into 0 to over - 1."""
    if rest < 0 or rest >= over:
        more = rest // over  # floors
        whole += more
        rest -= more * over
    return whole, rest


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def split(amount, weight, over):
    """(whole, rest) with amount * weight == whole * over + rest and 0 <= rest < over.

    Amounts of 0 to 4e15, weights of 0 to 2^62, over of 1 to 3.65e16 and a whole below 2^58: the
    five roundings to doubles miss the quotient by at most 160, so the first rest is within 161
    times over, which is below 2^63.
    """
    whole = np.int64(np.float64(amount) * np.float64(weight) / np.float64(over))
    rest = amount * weight - whole * over  # modulo 2^64, as signed integers wrap
    return _corrected(whole, rest, over)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def rounded(whole, rest, over):
    """Half up."""
    return whole + np.int64(rest >= over - rest)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def interest_of(amount, weight, over):
    """The interest of one row, half up."""
    whole, rest = split(amount, weight, over)
    return rounded(whole, rest, over)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _annuity(balance, row, end, units, weight, rate, over):
    """The equal instalment from `row` to `end` in doubles, and a bound of its error."""
    value = 0.0
    for k in range(end - 1, row - 1, -1):
        growing = weight[k] if k == row else units[k] * rate[row]
        value = (value + 1.0) / (1.0 + growing / over)
    found = balance / value
    return found, found * (8 * (end - row) + 16) * 2.0**-53


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _excess(balance, instalment, row, end, units, weight, rate, over):
    """How much larger than the others the last instalment is, interest rounded row by row."""
    for k in range(row, end - 1):
        growing = weight[k] if k == row else units[k] * rate[row]
        balance -= max(instalment - interest_of(balance, growing, over), 0)
        if balance <= 0:
            return -instalment
    growing = weight[end - 1] if end - 1 == row else units[end - 1] * rate[row]
    return balance + interest_of(balance, growing, over) - instalment


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _smallest(balance, guess, row, end, units, weight, rate, over):
    """The smallest instalment whose last is not larger: from a guess outwards, then halving."""
    high, step = max(guess, 1), 1
    while _excess(balance, high, row, end, units, weight, rate, over) > 0:
        high += step
        step *= 2
    low, step = high - 1, 1  # high will do; low shall not
    while low > 0 and _excess(balance, low, row, end, units, weight, rate, over) <= 0:
        high = low
        low -= step
        step *= 2
    low = max(low, 0)
    while high - low > 1:
        middle = (low + high) // 2
        if _excess(balance, middle, row, end, units, weight, rate, over) > 0:
            low = middle
        else:
            high = middle
    return high


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _instalment(balance, rule, row, end, units, weight, rate, over):
    """The equal instalment; UNDECIDED where doubles cannot tell which side of a half it is on."""
    guess, error = _annuity(balance, row, end, units, weight, rate, over)
    if rule == LAST_NOT_LARGER:
        return _smallest(balance, np.int64(guess), row, end, units, weight, rate, over)
    low, high = np.floor(guess - error + 0.5), np.floor(guess + error + 0.5)
    return np.int64(low) if low == high else np.int64(UNDECIDED)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def instalments(which, at, rows, flags, terms, decided, out, open_at):
    """Interest and principal of every row of some loans.

    Args:
        which: int64: the loans to do.
        at: int64 (loans + 1,): where each loan's rows start.
        rows: units, weight, rate, planned, subsidy weight; each int64 (rows,).
        flags: int64 (rows,): bits of NO_INTEREST, NO_PRINCIPAL, SOLVE.
        terms: principal, over, method, rule of the instalment, fixed instalment (0: none), residue
            first, subsidy share; each int64 (loans,).
        decided: int64 (rows,): an instalment solved elsewhere, or UNDECIDED.
        out: opening, interest, principal, subsidy, instalment agreed; each int64 (rows,), written.
        open_at: int64 (loans,): written: the row whose instalment must be solved elsewhere, whose
            opening balance is in `out`; UNDECIDED where the loan is done.
    """
    units, weight, rate, planned, supported = rows
    principal_of, overs, methods, rules, fixed_of, residue_first, share_of = terms
    opening, interest_out, principal_out, subsidy_out, level_out = out
    for c in which:
        balance, over, method = principal_of[c], overs[c], methods[c]
        begin, end = at[c], at[c + 1]
        open_at[c] = UNDECIDED
        paying = 0
        for k in range(begin, end):
            paying += (flags[k] & NO_PRINCIPAL) == 0
        instalment, extra = fixed_of[c], 0
        if method == EQUAL_PRINCIPAL and instalment == 0:
            if residue_first[c]:
                instalment = balance // paying
                extra = balance - paying * instalment
            else:
                instalment = (2 * balance + paying) // (2 * paying)
        fixed = fixed_of[c] > 0
        whole, rest, helped, helped_rest, solve = 0, 0, 0, 0, False
        for k in range(begin, end):
            more, more_rest = split(balance, weight[k], over)
            own = rounded(more, more_rest, over)
            whole, rest = _corrected(whole + more, rest + more_rest, over)
            if supported[k]:
                more, more_rest = split(balance, supported[k], over)
                helped, helped_rest = _corrected(helped + more, helped_rest + more_rest, over)
            opening[k], interest_out[k], subsidy_out[k] = balance, 0, 0
            if (flags[k] & NO_INTEREST) == 0:
                interest_out[k] = rounded(whole, rest, over)
                by_share, _ = split(interest_out[k], share_of[c], RATE_SCALE)
                subsidy_out[k] = by_share + helped
                whole, rest, helped, helped_rest = 0, 0, 0, 0
            solve = solve or (flags[k] & SOLVE) != 0
            if k == end - 1:
                paid = balance
            elif method in (ANY_DAY, IRREGULAR):
                paid = planned[k]
            elif (flags[k] & NO_PRINCIPAL) or method >= INTEREST_FIRST or balance == 0:
                paid = 0
            elif method == EQUAL_PRINCIPAL:
                paid = instalment + extra
                extra = 0
            else:
                if solve and not fixed:
                    instalment = decided[k]
                    if instalment == UNDECIDED:
                        instalment = _instalment(
                            balance, rules[c], k, end, units, weight, rate, over
                        )
                    if instalment == UNDECIDED:
                        open_at[c] = k
                        break
                    solve = False
                paid = max(instalment - own, 0)
            principal_out[k] = min(paid, balance)
            level_out[k] = instalment
            balance -= principal_out[k]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def civil(day):
    """Months since 1970-01, and the day of the month, of a day since 1970-01-01.

    Counted in years that begin in March, so that the leap day is the last of its year.
    """
    since = day + 719_468
    era = since // 146_097
    of_era = since - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    march = (5 * of_year + 2) // 153
    return 12 * (era * 400 + year - 1_970) + march + 2, of_year - (153 * march + 2) // 5 + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def month_start(month):
    """The first day of a month since 1970-01."""
    march = month - 2  # months since March 1970
    year = march // 12 + 1_970
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (march % 12) + 2) // 5
    return era * 146_097 + 365 * of_era + of_era // 4 - of_era // 100 + of_year - 719_468


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def in_month(month, of_month):
    """A day of a month since 1970-01, the last of shorter ones."""
    day = month_start(month) + of_month - 1
    return day if of_month <= 28 else min(day, month_start(month + 1) - 1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def day_units(how, start, end, anchor):
    """Day units of interest from a day to one on or after it.

    Args:
        how: An InterestDays.
        start: The first day, counted.
        end: The last day, not counted.
        anchor: The day of the month that a whole month ends on: that of the start; at the end of a
            month the due day agreed, so that 28 February to 31 March can be one month.
    """
    if how >= ACTUAL_360:
        return end - start
    month, of_month = civil(start)
    last_month, last_of_month = civil(end)
    months = last_month - month
    if how == THIRTY_360:
        return 30 * months + min(last_of_month, 30) - min(of_month, 30)
    if end < in_month(last_month, anchor):
        months -= 1
    since = in_month(month + months, anchor) if months > 0 else start
    if how == MONTHS_360:
        return 30 * months + end - since
    return 365 * months + 12 * (end - since)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def day_units_between(how, base, start, end, anchor, found):
    """Day units from each start to its end, counted from its base; all int64 (n,)."""
    for k in range(len(base)):
        found[k] = day_units(how[k], base[k], end[k], anchor[k])
        found[k] -= day_units(how[k], base[k], start[k], anchor[k])


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def count_due_days(starts, rules, counts, firsts):
    """How many due days each loan has, and the month of the first.

    Args:
        starts: start, maturity (NEVER where counted), instalments, each int64 (loans,).
        rules: every months, day of the month, month (-1: of the start), first day, least days of
            the first and of the last period, only maturity (1 or 0); each int64 (loans,).
        counts: int64 (loans,): written.
        firsts: int64 (loans,): written: months since 1970-01.
    """
    start, maturity, instalments = starts
    every, of_month, phase, given, first_min, last_min, alone = rules
    for c in range(len(start)):
        month, _ = civil(start[c])
        if phase[c] >= 0:
            month += (phase[c] - 1 - month) % every[c]
        while in_month(month, of_month[c]) < start[c] + first_min[c]:
            month += every[c]
        if given[c] != NEVER:
            month, _ = civil(given[c])
        firsts[c] = month
        if maturity[c] == NEVER:
            counts[c] = instalments[c]
            continue
        n = 0 if alone[c] else (civil(maturity[c])[0] - month) // every[c] + 1
        while n > 0 and in_month(month + (n - 1) * every[c], of_month[c]) > (
            maturity[c] - last_min[c]
        ):
            n -= 1
        counts[c] = max(n, 0) + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def lay_due_days(at, firsts, starts, rules, loan, end):
    """The due days of each loan, maturity last; `loan` and `end` int64 (rows,) are written."""
    _, maturity, _ = starts
    every, of_month, _, given, _, _, _ = rules
    for c in range(len(firsts)):
        for k in range(at[c], at[c + 1]):
            loan[k] = c
            end[k] = in_month(firsts[c] + (k - at[c]) * every[c], of_month[c])
        if given[c] != NEVER:
            end[at[c]] = given[c]
        if maturity[c] != NEVER:
            end[at[c + 1] - 1] = maturity[c]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def merge_plans(at, days, plan_at, plan_day, plan_amount, merged_at, out):
    """Rows that end on due days and on days of a plan.

    Args:
        at: int64 (loans + 1,).
        days: end, agreed, pay_on, final; each int64 (rows,).
        plan_at: int64 (loans + 1,).
        plan_day: int64: rising within each loan, before its last due day.
        plan_amount: int64.
        merged_at: int64 (loans + 1,): written.
        out: loan, end, agreed, pay_on, final, due, planned; each int64, as long as both together.
    """
    end, agreed, pay_on, final = days
    loan_out, end_out, agreed_out, pay_out, final_out, due_out, planned_out = out
    to = 0
    merged_at[0] = 0
    for c in range(len(at) - 1):
        k, p = at[c], plan_at[c]
        while k < at[c + 1]:
            planned = p < plan_at[c + 1] and plan_day[p] <= end[k]
            due = not planned or plan_day[p] == end[k]
            loan_out[to], due_out[to] = c, due
            planned_out[to] = plan_amount[p] if planned else 0
            if due:
                end_out[to], agreed_out[to] = end[k], agreed[k]
                pay_out[to], final_out[to] = pay_on[k], final[k]
                k += 1
            else:
                end_out[to], agreed_out[to] = plan_day[p], plan_day[p]
                pay_out[to], final_out[to] = plan_day[p], 1
            p += planned
            to += 1
        merged_at[c + 1] = to


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def weigh(at, rows, loans, rates, out):
    """Where each row starts, its interest, and what falls due with it.

    Args:
        at: int64 (loans + 1,).
        rows: end, due, planned; each int64 (rows,).
        loans: start, day of the month agreed, InterestDays, grace of principal, grace of interest,
            whether the plan pays interest, points of the subsidy, solves instalments; each int64.
        rates: rate_at (loans + 1,), rate_from, rate.
        out: start, units, weight, helped, rate, flags; each int64 (rows,), written.
    """
    end, due, planned = rows
    first, of_month, hows, grace_principal, grace_interest, plan_pays, points, solves = loans
    rate_at, rate_from, rates_of = rates
    start, units, weight, helped, rate, flags = out
    for c in range(len(first)):
        how, begins, base, number, r = hows[c], first[c], first[c], 0, rate_at[c]
        anchor = _anchor(base, of_month[c])
        grace, solved = max(grace_principal[c], grace_interest[c]), False
        for k in range(at[c], at[c + 1]):
            last = k == at[c + 1] - 1
            start[k], units[k], weight[k], helped[k] = begins, 0, 0, 0
            before = day_units(how, base, begins, anchor) if begins > base else 0
            reset, at_day = False, begins
            while True:
                while r + 1 < rate_at[c + 1] and rate_from[r + 1] <= at_day:
                    r += 1
                    reset = True
                until = end[k]
                if r + 1 < rate_at[c + 1] and rate_from[r + 1] < until:
                    until = rate_from[r + 1]
                after = day_units(how, base, until, anchor)
                units[k] += after - before
                weight[k] += (after - before) * rates_of[r]
                helped[k] += (after - before) * min(rates_of[r], points[c])
                if until == end[k]:
                    break
                before, at_day = after, until
            rate[k] = rates_of[r]
            repaid = number >= grace or last
            pays = (due[k] and number >= grace_interest[c]) or last
            pays = pays or (plan_pays[c] and planned[k] > 0)
            flag = (0 if pays else NO_INTEREST) | (0 if repaid else NO_PRINCIPAL)
            if solves[c] and ((repaid and not solved) or reset):
                flag |= SOLVE
            solved = solved or repaid
            flags[k] = flag
            begins = end[k]
            if due[k]:
                base, number = end[k], number + 1
                anchor = _anchor(base, of_month[c])


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _anchor(day, agreed):
    """See `day_units`."""
    month, of_month = civil(day)
    if agreed > of_month and day + 1 == month_start(month + 1):
        return agreed
    return of_month


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def shares(amount, share, found):
    """Each amount times its share in 1e-10, half up; all int64 (n,)."""
    for k in range(len(amount)):
        if share[k] == 0:
            found[k] = 0
        else:
            found[k] = interest_of(amount[k], share[k], RATE_SCALE)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def accrue(amount, weight, over, whole, rest, posted, found):
    """Accrue another stretch of days on each loan, and say what to post.

    Args:
        amount: int64 (n,): balances.
        weight: int64 (n,): day units times rate of the stretch.
        over: int64 (n,).
        whole: int64 (n,): accrued so far, whole units; moved on.
        rest: int64 (n,): and the rest, in 1 / over; moved on.
        posted: int64 (n,): what was posted so far; moved on.
        found: int64 (n,): written: what to post now, so that posted is the rounded sum.
    """
    for k in range(len(amount)):
        more, more_rest = split(amount[k], weight[k], over[k])
        whole[k], rest[k] = _corrected(whole[k] + more, rest[k] + more_rest, over[k])
        due = rounded(whole[k], rest[k], over[k])
        found[k] = due - posted[k]
        posted[k] = due

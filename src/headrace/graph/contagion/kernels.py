"""Clearing, sampling and spreading over arrays.

`w` is a `Wiring` (see network.py): every edge in flat arrays, indexed from both ends. `estate` is
float64 (3,): the parts of a failing party's own and network assets that survive, and the rate it
pays where that is fixed, NaN where it pays what is left. The state is `rate` (what part of its
obligations a party pays), `equity` and `failed`, float64, float64 and bool, (n,).
"""

import numba
import numpy as np

SLACK = 1e-12  # of obligations: a party short by less than rounding is not short


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _called(promise, debt, paid, cover):
    """What is called of a guarantee of a debt of which the part `paid` is paid."""
    short = debt * (1.0 - paid)
    return promise if short >= cover else promise * (short / cover)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _push(i, line, waiting):
    """Put a party in line, once; line[n] is its length and line[n + 1] its head."""
    if not waiting[i]:
        n = len(waiting)
        waiting[i] = True
        at = line[n + 1] + line[n]
        line[at if at < n else at - n] = i
        line[n] += 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def settle(
    w, external, forced, estate, rate, equity, failed, assets, obligations, line, waiting, within
):
    """Lower the state to the greatest fixed point below it; how many reviews that took.

    Args:
        w: The wiring.
        external: float64 (n,).
        forced: bool (n,): fails whatever it has.
        estate: As above.
        rate: With equity and failed: a state no lower than the fixed point; overwritten.
        equity: See rate.
        failed: See rate.
        assets: float64 (n,): what each party has before any cost of failing, written.
        obligations: float64 (n,): what it owes, calls and all, written.
        line: int64 (n + 2,), room for the parties in line.
        waiting: bool (n,), all False.
        within: float64 (2,): the change of a rate, and of equity beside what a party has and
            owes, that is too small to tell others of; and the most reviews: more of them
            returned means that it did not settle.
    """
    # Arrays taken out of the tuple once: each access to it counts references, atomically.
    order, owed, claimed = w.order, w.owed, w.claimed
    borrower, lender, debt, cover = w.borrower, w.lender, w.debt, w.cover
    guarantor, guaranteed, promise = w.guarantor, w.guaranteed, w.promise
    holder, company, share = w.holder, w.company, w.share
    subject, object_, need = w.subject, w.object, w.need
    claims_at, claims, duties_at, duties = w.claims_at, w.claims, w.duties_at, w.duties
    vouched_at, vouched, given_at, given = w.vouched_at, w.vouched, w.given_at, w.given
    portfolio_at, portfolio = w.portfolio_at, w.portfolio
    holders_at, holders = w.holders_at, w.holders
    needed_at, needed, serving_at, serving = w.needed_at, w.needed, w.serving_at, w.serving
    n = len(external)
    line[n], line[n + 1] = 0, 0
    hit = np.zeros(n, np.bool_)  # whose claims, guarantees or needs are troubled
    for i in range(n):
        _push(order[i], line, waiting)
        if rate[i] < 1.0:
            for at in range(duties_at[i], duties_at[i + 1]):
                hit[lender[duties[at]]] = True
                for on in range(vouched_at[duties[at]], vouched_at[duties[at] + 1]):
                    hit[guarantor[vouched[on]]] = True
        if failed[i]:
            for at in range(serving_at[i], serving_at[i + 1]):
                hit[subject[serving[at]]] = True
    reviews = 0
    while line[n] > 0 and reviews <= within[1]:
        i = line[line[n + 1]]
        line[n + 1] = line[n + 1] + 1 if line[n + 1] + 1 < n else 0
        line[n] -= 1
        waiting[i] = False
        reviews += 1
        receipts, own, owes = claimed[i], external[i], owed[i]
        if hit[i]:
            receipts = 0.0
            for at in range(claims_at[i], claims_at[i + 1]):
                d = claims[at]
                paid = rate[borrower[d]]
                receipts += debt[d] * paid
                if paid < 1.0:
                    for on in range(vouched_at[d], vouched_at[d + 1]):
                        k = vouched[on]
                        call = _called(promise[k], debt[d], paid, cover[d])
                        receipts += call * rate[guarantor[k]]
            for at in range(needed_at[i], needed_at[i + 1]):
                if failed[object_[needed[at]]]:
                    own -= need[needed[at]]
            for at in range(given_at[i], given_at[i + 1]):
                d = guaranteed[given[at]]
                paid = rate[borrower[d]]
                if paid < 1.0:
                    owes += _called(promise[given[at]], debt[d], paid, cover[d])
        for at in range(portfolio_at[i], portfolio_at[i + 1]):
            receipts += share[portfolio[at]] * equity[company[portfolio[at]]]
        assets[i], obligations[i] = own + receipts, owes
        pays, worth = 1.0, max(0.0, assets[i] - owes)
        fails = forced[i] or owes - assets[i] > SLACK * owes
        if fails:
            left = max(0.0, own * (estate[0] if own > 0.0 else 1.0) + estate[1] * receipts)
            if np.isnan(estate[2]):
                pays = min(1.0, left / owes) if owes > 0.0 else 1.0
                worth = max(0.0, left - owes)
            else:
                pays, worth = estate[2] if owes > 0.0 else 1.0, 0.0
        if fails and not failed[i]:
            failed[i] = True
            for at in range(serving_at[i], serving_at[i + 1]):
                j = subject[serving[at]]
                hit[j] = True
                _push(j, line, waiting)
        if rate[i] - pays > within[0]:
            rate[i] = pays
            for at in range(duties_at[i], duties_at[i + 1]):
                d = duties[at]
                hit[lender[d]] = True
                _push(lender[d], line, waiting)
                for on in range(vouched_at[d], vouched_at[d + 1]):
                    hit[guarantor[vouched[on]]] = True
                    _push(guarantor[vouched[on]], line, waiting)
            for at in range(given_at[i], given_at[i + 1]):
                d = guaranteed[given[at]]
                if rate[borrower[d]] < 1.0:
                    _push(lender[d], line, waiting)
        if equity[i] - worth > within[0] * (abs(assets[i]) + owes):
            equity[i] = worth
            for at in range(holders_at[i], holders_at[i + 1]):
                _push(holder[holders[at]], line, waiting)
    for at in range(line[n]):
        waiting[line[(line[n + 1] + at) % n]] = False
    return reviews


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def settle_many(w, externals, forced, estate, top, rates, equities, fails, within):
    """`settle` for each row of `externals`, from one state.

    Args:
        w: The wiring; forced, estate and within as in `settle`.
        externals: float64 (scenarios, n), none above what `top` is the fixed point of.
        forced: See `settle`.
        estate: See `settle`.
        top: float64 (3, n): rate, equity and failed (0 or 1) to begin from.
        rates: float64 (scenarios, n), written; so are equities, and fails, bool.
        equities: See rates.
        fails: See rates.
        within: See `settle`.

    Returns:
        How many scenarios did not settle.
    """
    n = externals.shape[1]
    line, waiting = np.empty(n + 2, np.int64), np.zeros(n, np.bool_)
    assets, obligations = np.empty(n), np.empty(n)
    unsettled = 0
    for s in range(externals.shape[0]):
        for i in range(n):
            rates[s, i], equities[s, i], fails[s, i] = top[0, i], top[1, i], top[2, i] > 0.0
        reviews = settle(
            w, externals[s], forced, estate, rates[s], equities[s], fails[s], assets, obligations,
            line, waiting, within,
        )  # fmt: skip
        unsettled += reviews > within[1]
    return unsettled


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def add_losses(w, rates, equities, fails, uncovered, called, unpaid, value, lost):
    """Add what every edge cost in each of some states, (scenarios, n) each.

    Args:
        w: The wiring.
        rates: With equities and fails: the states.
        equities: See rates.
        fails: See rates.
        uncovered: float64 (debts,): not paid by the borrower and called from nobody.
        called: float64 (guarantees,): called from the guarantor.
        unpaid: float64 (guarantees,): called and not paid.
        value: float64 (holdings,): what the share is worth (not a loss).
        lost: float64 (needs,): cash flow lost.
    """
    debt, cover, guarantor, promise = w.debt, w.cover, w.guarantor, w.promise
    duties_at, duties, vouched_at, vouched = w.duties_at, w.duties, w.vouched_at, w.vouched
    company, share, object_, need = w.company, w.share, w.object, w.need
    for s in range(rates.shape[0]):
        rate = rates[s]
        for i in range(len(rate)):
            if rate[i] < 1.0:
                for at in range(duties_at[i], duties_at[i + 1]):
                    d = duties[at]
                    uncovered[d] += max(0.0, debt[d] * (1.0 - rate[i]) - cover[d])
                    for on in range(vouched_at[d], vouched_at[d + 1]):
                        k = vouched[on]
                        call = _called(promise[k], debt[d], rate[i], cover[d])
                        called[k] += call
                        unpaid[k] += call * (1.0 - rate[guarantor[k]])
        for h in range(len(share)):
            value[h] += share[h] * equities[s, company[h]]
        for q in range(len(need)):
            if fails[s, object_[q]]:
                lost[q] += need[q]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _chance(seed, world, place):
    """A number in 0..1 for a place in a world: splitmix64 (Steele, Lea, Flood 2014), finalised."""
    x = seed + np.uint64(0x9E3779B97F4A7C15) * (world * np.uint64(0x100000001B3) + place)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return np.float64(x >> np.uint64(11)) * 1.1102230246251565e-16


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def spread(own, at, target, passes, seed, worlds, counts, sizes):
    """Defaults that begin by chance and pass along edges by chance, in many worlds.

    Args:
        own: float64 (n,): the chance to default by itself.
        at: int64 (n + 1,): where in `target` a party's edges begin.
        target: int32 (m,): to whom a default passes.
        passes: float64 (m,): the chance that it does.
        seed: uint64.
        worlds: How many.
        counts: int64 (n,): in how many worlds each party defaults, added to.
        sizes: int64 (worlds,): how many parties default, written.
    """
    n = len(own)
    stack = np.empty(n, np.int32)
    last = np.full(n, -1, np.int64)
    for world in range(worlds):
        depth = size = 0
        for i in range(n):
            if own[i] > 0.0 and _chance(seed, np.uint64(world), np.uint64(i)) < own[i]:
                last[i] = world
                stack[depth] = i
                depth += 1
        while depth:
            depth -= 1
            i = stack[depth]
            size += 1
            counts[i] += 1
            for edge in range(at[i], at[i + 1]):
                j = target[edge]
                if last[j] != world:
                    place = np.uint64(n + edge)
                    if _chance(seed, np.uint64(world), place) < passes[edge]:
                        last[j] = world
                        stack[depth] = j
                        depth += 1
        sizes[world] = size

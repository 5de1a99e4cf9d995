"""Scenarios of claims down the layers of a scheme: arrays in, arrays out.

Whole numbers throughout, equal to the fen to `waterfall.allocate`. A product amount x part is split
so that it stays within 63 bits: with amount = a * 10^9 + b, amount x part // 10^9 is
a x part + b x part // 10^9, for part <= 10^9.
"""

import numba
import numpy as np

NANO = 1_000_000_000


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def share_claims(
    at, loan, year, amount, terms, covers, parts, who, covered, residual, borne, by_loan
):
    """Who bears the claims of each scenario.

    Args:
        at: int64 (scenarios + 1,): where a scenario's claims begin.
        loan: int32 (claims,): by scenario, in the order in which claims are made; a loan has one
            claim a scenario at most.
        year: int32 (claims,): the year of a claim, never falling within a scenario.
        amount: int64 (claims,): minor units, above 0.
        terms: int64 (layers, 5): deductible per loan, attachment of the pool, caps per loan, per
            year and of the pool; no cap is 2^62.
        covers: int64 (layers,): billionths that a layer takes of what passes.
        parts: int64 (layers, shares): billionths of a layer that each share is, adding to 10^9; a
            share of 0 fills up.
        who: int64 (layers, shares): the party of each share, in the order in which ties are broken.
        covered: bool (layers, loans): whether a layer covers a loan.
        residual: The party that bears the rest.
        borne: int64 (scenarios, parties), added to.
        by_loan: float64 (loans, parties), added to.
    """
    layers, shares = parts.shape
    passed, taken_pool = np.empty(layers, np.int64), np.empty(layers, np.int64)
    taken_year, rests = np.empty(layers, np.int64), np.empty(shares, np.int64)
    for s in range(len(at) - 1):
        passed[:] = 0
        taken_pool[:] = 0
        now = np.int32(-1)
        for c in range(at[s], at[s + 1]):
            if year[c] != now:
                taken_year[:] = 0
                now = year[c]
            reaching, own = amount[c], loan[c]
            for k in range(layers):
                if reaching == 0:
                    break
                if not covered[k, own]:
                    continue
                deduct = min(reaching, terms[k, 0])
                attach = min(reaching - deduct, terms[k, 1] - passed[k])
                passed[k] += attach
                x = reaching - deduct - attach
                taken = (x // NANO) * covers[k] + (x % NANO) * covers[k] // NANO
                taken = min(taken, terms[k, 2])
                taken = min(taken, terms[k, 3] - taken_year[k])
                taken = min(taken, terms[k, 4] - taken_pool[k])
                taken_year[k] += taken
                taken_pool[k] += taken
                reaching -= taken
                left = taken
                for h in range(shares):
                    low = (taken % NANO) * parts[k, h]
                    whole = (taken // NANO) * parts[k, h] + low // NANO
                    rests[h] = low % NANO
                    left -= whole
                    borne[s, who[k, h]] += whole
                    by_loan[own, who[k, h]] += whole
                while left > 0:
                    best = 0
                    for h in range(1, shares):
                        if rests[h] > rests[best]:
                            best = h
                    rests[best] = -1
                    borne[s, who[k, best]] += 1
                    by_loan[own, who[k, best]] += 1.0
                    left -= 1
            borne[s, residual] += reaching
            by_loan[own, residual] += reaching

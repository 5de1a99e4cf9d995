"""Slow twins of `headrace.graph.contagion`: dicts, plain loops, whole sweeps, linear programs."""

from itertools import product

import numpy as np
from scipy.optimize import linprog

from headrace.graph.contagion.network import Network

SWEEPS_MAX = 200_000


def clearing(network: Network, external, estate=(1.0, 1.0, None), forced=()):
    """Whole sweeps from the top of the map in `headrace.graph.contagion.clearing.clear`."""
    n, debts, promised = network.parties, network.debts, network.guarantees
    held, needs = network.holdings, network.needs
    alpha, beta, recovery = estate
    rate, failed = [1.0] * n, [False] * n
    full = [external[i] + sum(debts.amount[debts.lender == i]) for i in range(n)]
    equity = [max(0.0, each) for each in full]
    for _ in range(SWEEPS_MAX):  # the top of the equities, from below, then lifted a little
        more = [
            max(0.0, full[i])
            + sum(
                share * equity[c]
                for h, c, share in zip(held.holder, held.company, held.share, strict=True)
                if h == i
            )
            for i in range(n)
        ]
        if max(abs(a - b) for a, b in zip(more, equity, strict=True)) <= 1e-13 * (1 + max(more)):
            break
        equity = more
    equity = [2 * value for value in equity]
    for _ in range(SWEEPS_MAX):
        call = []
        for g in range(len(promised.amount)):
            d = promised.debt[g]
            short = debts.amount[d] * (1 - rate[debts.borrower[d]])
            cover = sum(promised.amount[promised.debt == d])
            call.append(promised.amount[g] * min(1.0, short / cover) if cover else 0.0)
        state = []
        for i in range(n):
            own = external[i] - sum(
                amount
                for s, o, amount in zip(needs.subject, needs.object, needs.amount, strict=True)
                if s == i and failed[o]
            )
            receipts = sum(
                amount * rate[b]
                for b, lender, amount in zip(
                    debts.borrower, debts.lender, debts.amount, strict=True
                )
                if lender == i
            )
            receipts += sum(
                call[g] * rate[promised.guarantor[g]]
                for g in range(len(call))
                if debts.lender[promised.debt[g]] == i
            )
            receipts += sum(
                share * equity[c]
                for h, c, share in zip(held.holder, held.company, held.share, strict=True)
                if h == i
            )
            owed = sum(debts.amount[debts.borrower == i]) + sum(
                call[g] for g in range(len(call)) if promised.guarantor[g] == i
            )
            if i not in forced and owed - own - receipts <= 1e-12 * owed:
                state.append((1.0, max(0.0, own + receipts - owed), False))
                continue
            left = max(0.0, own * (alpha if own > 0 else 1.0) + beta * receipts)
            if recovery is None:
                pays = min(1.0, left / owed) if owed > 0 else 1.0
                state.append((pays, max(0.0, left - owed), True))
            else:
                state.append((recovery if owed > 0 else 1.0, 0.0, True))
        change = max(
            abs(a - b) / (1 + b)
            for new, old in zip(state, zip(rate, equity, failed, strict=True), strict=True)
            for a, b in ((new[0], old[0]), (new[1], old[1]), (new[2], old[2]))
        )
        rate, equity, failed = (list(each) for each in zip(*state, strict=True))
        if change <= 1e-14:
            return np.array(rate), np.array(equity), np.array(failed)
    raise AssertionError("did not settle")


def eisenberg_noe(owed, external):
    """Payments by linear program: the most that limited liability allows (their lemma 4).

    Args:
        owed: (n, n), owed[i][j] from i to j.
        external: (n,), 0 or more.
    """
    owed = np.asarray(owed, float)
    due = owed.sum(1)
    share = np.divide(owed, due[:, None], out=np.zeros_like(owed), where=due[:, None] > 0)
    found = linprog(
        -np.ones(len(due)),
        A_ub=np.eye(len(due)) - share.T,
        b_ub=external,
        bounds=[(0, each) for each in due],
    )
    assert found.status == 0
    return found.x


def rogers_veraart(owed, external, alpha, beta):
    """Payments by trying every set of defaulters: of those that are consistent, the greatest."""
    owed = np.asarray(owed, float)
    n, due = len(owed), owed.sum(1)
    share = np.divide(owed, due[:, None], out=np.zeros_like(owed), where=due[:, None] > 0)
    best = None
    for worlds in product((False, True), repeat=n):
        fails = np.array(worlds)
        # p_i = due_i, or alpha e_i + beta sum_j share_ji p_j for those that fail
        left = np.eye(n) - np.where(fails[:, None], beta * share.T, 0.0)
        right = np.where(fails, alpha * external, due)
        try:
            pays = np.linalg.solve(left, right)
        except np.linalg.LinAlgError:
            continue
        has = external + share.T @ pays
        consistent = ((has < due - 1e-12 * due) == fails).all() and (pays >= -1e-9).all()
        if consistent and (best is None or pays.sum() > best.sum()):
            best = pays
    return best


def furfine(owed, capital, first, recovery):
    """Round after round: who lost more than its capital fails and pays the fixed recovery."""
    owed, down = np.asarray(owed, float), {first}
    while True:
        loss = {i: sum(owed[j][i] * (1 - recovery) for j in down) for i in range(len(owed))}
        more = {i for i in loss if i not in down and loss[i] > capital[i] * (1 + 1e-12)}
        if not more:
            return down
        down |= more


def world_probabilities(own, edges):
    """Every world of own defaults and open edges, weighed by its probability."""
    n, found = len(own), np.zeros(len(own))
    for begins in product((False, True), repeat=n):
        weight = np.prod([p if b else 1 - p for p, b in zip(own, begins, strict=True)])
        for open_ in product((False, True), repeat=len(edges)):
            chance = np.prod([e[2] if o else 1 - e[2] for e, o in zip(edges, open_, strict=True)])
            down = {i for i in range(n) if begins[i]}
            while True:
                more = {
                    e[1] for e, o in zip(edges, open_, strict=True) if o and e[0] in down
                } - down
                if not more:
                    break
                down |= more
            found[list(down)] += weight * chance
    return found


def paid_by_day(payables, held, daily, days):
    """One day after the other, each swept until nothing changes; what is open at the end."""
    n, cash = len(held), [float(each) for each in held]
    open_ = [0.0] * len(payables)
    for day in range(days):
        for at, (_, _, amount, due) in enumerate(payables):
            if due == day:
                open_[at] = amount
        cash = [each + more for each, more in zip(cash, daily, strict=True)]
        owed = [sum(o for o, p in zip(open_, payables, strict=True) if p[0] == i) for i in range(n)]
        rate = [1.0] * n
        for _ in range(20_000):
            got = [
                sum(o * rate[p[0]] for o, p in zip(open_, payables, strict=True) if p[1] == i)
                for i in range(n)
            ]
            new = [
                min(1.0, (max(0.0, cash[i]) + got[i]) / owed[i]) if owed[i] > 0 else 1.0
                for i in range(n)
            ]
            if max(abs(a - b) for a, b in zip(new, rate, strict=True)) < 1e-13:
                break
            rate = new
        for at, (payer, payee, _, _) in enumerate(payables):
            paid = open_[at] * rate[payer]
            open_[at] -= paid
            cash[payer] -= paid
            cash[payee] += paid
    return np.array(open_), np.array(cash)

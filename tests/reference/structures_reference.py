"""Structures of risk by plain loops: slow, and easy to see right."""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations, pairwise, permutations

from scipy.optimize import linprog


def circular_flows(transfers, length_max, span, percent):
    """Every closed chain of (payer, payee, amount, time) in time order, as a set of positions."""
    found = set()
    for length in range(2, length_max + 1):
        for chain in permutations(range(len(transfers)), length):
            rows = [transfers[at] for at in chain]
            first = rows[0]
            closed = all(a[1] == b[0] for a, b in zip(rows, (*rows[1:], first), strict=True))
            apart = len({row[0] for row in rows}) == length
            ordered = (
                all(a[3] <= b[3] for a, b in pairwise(rows)) and rows[-1][3] <= first[3] + span
            )
            if percent is None:
                near = all(row[2] > 0 for row in rows)
            else:
                near = first[2] > 0 and all(
                    abs(row[2] - first[2]) * 100 <= first[2] * percent for row in rows
                )
            if closed and apart and ordered and near:
                found.add(frozenset(chain))
    return found


def trace(transfers, money, limits, rule, ends=None, own=None):
    """Steps {position: traced} and ends {(party, why): amount} of an amount followed.

    Transfers are (payer, payee, amount, time); money is (account, amount, time); limits are
    (until, hops_max, ratio_min).
    """
    ends, own = ends or {}, own or {}
    account, amount, since = money
    until, hops_max, ratio_min = limits
    lots = {account: [[own.get(account, 0), False], [amount, True]]}
    hops, received = {account: 0}, defaultdict(int, {account: amount})
    steps, ended = {}, defaultdict(int)
    for at in sorted(range(len(transfers)), key=lambda each: transfers[each][3]):
        payer, payee, paid, time = transfers[at]
        if not since <= time <= until or paid <= 0 or payer == payee:
            continue
        traced = take(lots[payer], paid, rule) if payer in lots else 0
        passed = traced
        if traced:
            steps[at] = traced
            why = ends.get(payee, "held")
            if why == "held" and traced < ratio_min * received[payer]:
                why = "trickle"
            if why == "held" and hops[payer] + 1 >= hops_max and payee not in lots:
                why = "hops"
            if why != "held":
                ended[payee, why] += traced
                passed = 0
            elif payee not in lots:
                lots[payee] = [[own.get(payee, 0), False]]
                hops[payee] = hops[payer] + 1
        if payee in lots:
            lots[payee] += [[passed, True], [paid - passed, False]]
            received[payee] += passed
    for party, held in lots.items():
        left = sum(lot[0] for lot in held if lot[1])
        if left:
            ended[party, "held"] += left
    return steps, dict(ended)


def take(lots, paid, rule):
    """Take money out of the lots; how much of it is traced."""
    traced = sum(lot[0] for lot in lots if lot[1])
    whole = sum(lot[0] for lot in lots)
    if paid >= whole:
        lots.clear()
        return traced
    if rule == "fifo":
        part, left = 0, paid
        for lot in lots:
            used = min(left, lot[0])
            lot[0] -= used
            left -= used
            part += used if lot[1] else 0
        return part
    if rule == "proportional":
        part = int(Fraction(paid * traced, whole) + Fraction(1, 2))
    else:
        part = min(paid, traced)
    lots[:] = [[whole - paid - (traced - part), False], [traced - part, True]]
    return part


def reachable(transfers, source, since, until, hops_max):
    """Party -> (fewest hops, time of first arrival) over chains one transfer after the other."""
    order = sorted(range(len(transfers)), key=lambda each: transfers[each][3])
    found = {}
    stack = [(source, -1, 0)]
    while stack:
        party, place, hops = stack.pop()
        for next_ in range(place + 1, len(order)):
            payer, payee, _, time = transfers[order[next_]]
            if payer != party or not since <= time <= until or hops == hops_max or payee == source:
                continue
            best = found.get(payee, (hops_max, next_))
            found[payee] = (min(best[0], hops + 1), min(best[1], next_))
            stack.append((payee, next_, hops + 1))
    return {party: (hops, order[place]) for party, (hops, place) in found.items()}


def rings(links):
    """Every ring of (giver, taker) links, as a tuple of parties from its least one."""
    parties = sorted({party for link in links for party in link})
    found = set()
    for size in range(2, len(parties) + 1):
        for chosen in combinations(parties, size):
            for rest in permutations(chosen[1:]):
                ring = (chosen[0], *rest)
                if all(pair in links for pair in zip(ring, (*rest, chosen[0]), strict=True)):
                    found.add(ring)
    return found


def joint_sets(links):
    """The largest sets of three or more parties who all stand for each other."""
    parties = sorted({party for link in links for party in link})
    whole = [
        set(chosen)
        for size in range(3, len(parties) + 1)
        for chosen in combinations(parties, size)
        if all(pair in links for pair in permutations(chosen, 2))
    ]
    return {tuple(sorted(one)) for one in whole if not any(one < other for other in whole)}


def breaking_weight(links, weight):
    """The least weight of links without which there is no ring."""
    every = rings(set(links))
    turns = [set(zip(ring, (*ring[1:], ring[0]), strict=True)) for ring in every]
    return min(
        sum(weight[link] for link in chosen)
        for size in range(len(links) + 1)
        for chosen in combinations(links, size)
        if all(turn & set(chosen) for turn in turns)
    )


def net_amount(links, amount):
    """The least sum of amounts that leaves every balance as it is."""
    parties = sorted({party for link in links for party in link})
    rows = [[(link[0] == party) - (link[1] == party) for link in links] for party in parties]
    balance = [
        sum(row * amount[link] for row, link in zip(each, links, strict=True)) for each in rows
    ]
    solved = linprog(
        [1] * len(links), A_eq=rows, b_eq=balance, bounds=[(0, amount[link]) for link in links]
    )
    return round(solved.fun)


def pieces_left(parties, links, party):
    """Into how many pieces those connected to a party fall without it."""
    friends = defaultdict(set)
    for giver, taker in links:
        friends[giver].add(taker)
        friends[taker].add(giver)
    pieces = set()
    for start in friends[party]:
        seen, stack = {start}, [start]
        while stack:
            for other in friends[stack.pop()] - seen - {party}:
                seen.add(other)
                stack.append(other)
        pieces.add(frozenset(seen))
    return len(pieces)


def passed_on(transfers, within):
    """Party -> (came in, went out again within some time), first in first out."""
    lots, came, quick = defaultdict(list), defaultdict(int), defaultdict(int)
    for payer, payee, amount, time in sorted(transfers, key=lambda each: each[3]):
        if amount <= 0 or payer == payee:
            continue
        left = amount
        for lot in lots[payer]:
            used = min(left, lot[0])
            lot[0] -= used
            left -= used
            quick[payer] += used if time - lot[1] <= within else 0
        lots[payee].append([amount, time])
        came[payee] += amount
    return {party: (came[party], quick[party]) for party in came}

"""Risk sharing by plain loops and exact fractions: slow and obvious."""

from fractions import Fraction
from itertools import product
from math import floor


def apportion(amount, weights):
    """Give a unit at a time to whoever is furthest below the exact share, the first of equals."""
    total = sum(weights)
    if not amount:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    given = [floor(share) for share in exact]
    while sum(given) < amount:
        gaps = [
            share - got if got <= share else -1 for share, got in zip(exact, given, strict=True)
        ]
        given[gaps.index(max(gaps))] += 1
    return given


def bears(scheme, claims):
    """Who bears each of some claims (loan, year, amount): one dictionary a claim.

    What a layer has seen is added up again from all claims before, for each claim.
    """
    seen = []  # (layer, loan, year, deducted, attached, taken)
    result = []
    for loan, year, amount in claims:
        borne = dict.fromkeys(scheme.parties, 0)
        rest = amount
        for layer in scheme.layers:
            if rest == 0 or (layer.only and loan not in layer.only):
                continue
            own = [row for row in seen if row[0] == layer.id]
            deducted = sum(row[3] for row in own if row[1] == loan)
            attached = sum(row[4] for row in own)
            deduct = min(rest, layer.deductible_loan_minor - deducted)
            attach = min(rest - deduct, layer.attachment_minor - attached)
            taken = floor(Fraction(layer.covers) * (rest - deduct - attach))
            caps = (
                (layer.cap_loan_minor, [row for row in own if row[1] == loan]),
                (layer.cap_year_minor, [row for row in own if row[2] == year]),
                (layer.cap_pool_minor, own),
            )
            for cap, rows in caps:
                if cap is not None:
                    taken = min(taken, cap - sum(row[5] for row in rows))
            seen.append((layer.id, loan, year, deduct, attach, taken))
            weights = [int(share.part * 10**9) for share in layer.shares]
            for share, part in zip(layer.shares, apportion(taken, weights), strict=True):
                borne[share.party] += part
            rest -= taken
        borne[scheme.residual] += rest
        result.append(borne)
    return result


def expected(scheme, loans, losses, chances):
    """Each party's exact expected loss: every set of defaults tried, in the order of the loans."""
    total = dict.fromkeys(scheme.parties, Fraction(0))
    for world in product((False, True), repeat=len(loans)):
        chance = Fraction(1)
        for defaults, pd in zip(world, chances, strict=True):
            chance *= Fraction(pd) if defaults else 1 - Fraction(pd)
        claims = [
            (loan, 0, loss) for loan, loss, bad in zip(loans, losses, world, strict=True) if bad
        ]
        for borne in bears(scheme, claims):
            for party, amount in borne.items():
                total[party] += chance * amount
    return total


def recovers(scheme, pieces, amount):
    """Who gets what came back first, and the surplus; pieces are (layer, party, amount)."""
    order = [*(layer.id for layer in scheme.layers), "rest"]
    if scheme.recovery == "pro_rata":
        ranks = [order]
    elif scheme.recovery == "last_first":
        ranks = [[layer] for layer in reversed(order)]
    else:
        ranks = [[layer] for layer in order]
    got = dict.fromkeys(scheme.parties, 0)
    for rank in ranks:
        here = [piece for piece in pieces if piece[0] in rank]
        wanted = sum(piece[2] for piece in here)
        given = min(wanted, amount)
        for piece, part in zip(here, apportion(given, [piece[2] for piece in here]), strict=True):
            got[piece[1]] += part
        amount -= given
    return got, amount

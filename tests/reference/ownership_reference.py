"""Ownership and control the slow way: fractions, walks counted by elimination, worlds tried out."""

from fractions import Fraction
from itertools import combinations, product

Row = tuple[int, int, float, float]  # holder, company, low, high


def inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    """Gauss-Jordan in fractions."""
    size = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(size))] for i, row in enumerate(matrix)]
    for at in range(size):
        pivot = next(row for row in range(at, size) if rows[row][at] != 0)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(size):
            if row != at and rows[row][at] != 0:
                factor = rows[row][at]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[at], strict=True)]
    return [row[size:] for row in rows]


def walks(parties: int, rows: list[Row]) -> list[list[Fraction]]:
    """(I - A)^-1 with A[i][j] the certain share of j that i holds, floats taken as they are."""
    matrix = [[Fraction(int(i == j)) for j in range(parties)] for i in range(parties)]
    for holder, company, low, _ in rows:
        matrix[holder][company] -= Fraction(low)
    return inverse(matrix)


def first_passage(parties: int, rows: list[Row]) -> list[list[Fraction]]:
    """The share of i in j, every chain until it first reaches i."""
    n = walks(parties, rows)
    return [[(n[i][j] - int(i == j)) / n[i][i] for j in range(parties)] for i in range(parties)]


def best_share(
    parties: int, rows: list[Row], persons: list[bool], holder: int, company: int
) -> Fraction:
    """The greatest share over all corners of the worlds: shares at a bound, what is left either
    the holder's or a stranger's."""
    best = Fraction(0)
    for chosen in product(*({Fraction(low), Fraction(high)} for _, _, low, high in rows)):
        total = [Fraction(0)] * parties
        for (_, about, _, _), share in zip(rows, chosen, strict=True):
            total[about] += share
        if any(each > 1 for each in total):
            continue
        world = [[Fraction(int(i == j)) for j in range(parties)] for i in range(parties)]
        for (above, about, _, _), share in zip(rows, chosen, strict=True):
            world[above][about] -= share
        for about in range(parties):
            if not persons[about] and about != holder:
                world[holder][about] -= 1 - total[about]
        for about in range(parties):  # walks end where they first reach the holder
            world[about][holder] = Fraction(int(about == holder))
        best = max(best, inverse(world)[holder][company])
    return best


def controlled(
    parties: int, rows: list[Row], holder: int, allies: dict[int, set[int]] | None = None
) -> set[int]:
    """What a party controls: add up, look again, until nothing is new."""
    members = {holder}
    while True:
        new = set(members)
        for member in members:
            new |= (allies or {}).get(member, set())
        for company in range(parties):
            votes = sum(
                Fraction(low).limit_denominator(10**6)
                for above, about, low, _ in rows
                if about == company and above in members and above != company
            )
            if votes > Fraction(1, 2):
                new.add(company)
        if new == members:
            return members
        members = new


def least_set_is_least(parties: int, rows: list[Row], holder: int) -> set[int]:
    """The intersection of all sets that are closed: every company that the set's votes reach is in.

    Tries all sets, so for tiny registries only.
    """
    companies = sorted({about for _, about, _, _ in rows} - {holder})
    least = set(companies)
    for count in range(len(companies) + 1):
        for some in combinations(companies, count):
            inside = {holder, *some}
            closed = all(
                about in inside or _votes(rows, inside, about) <= Fraction(1, 2)
                for about in companies
            )
            if closed:
                least &= inside
    return least


def _votes(rows: list[Row], inside: set[int], company: int) -> Fraction:
    return sum(
        (
            Fraction(low).limit_denominator(10**6)
            for above, about, low, _ in rows
            if about == company and above in inside and above != company
        ),
        Fraction(0),
    )


WHOLE = 10**9
PROXY, NOMINEE, CONCERT, CONTRACT, PARTNER = range(5)
Agreed = tuple[int, int, int, int]  # kind, subject, object, about (-1: everything)


def claims(rows: list[Row], agreements: list[Agreed]) -> list[tuple[int, int, int, int]]:
    """Claimant, company, certain votes in billionths, pool (-1: none), from the definitions."""
    found = []
    for holder, company, low, _ in rows:
        claimant = holder
        for _ in range(8):
            wanted = [
                other
                for about in (company, -1)
                for kind, subject, other, what in agreements
                if kind in (PROXY, NOMINEE) and (subject, what) == (claimant, about)
            ]
            if not wanted:
                break
            claimant = wanted[0]
        units = 0 if holder == company else int(low * WHOLE + 1e-3)
        found.append((claimant, company, units))
    run = [row for row in agreements if row[0] == PARTNER]
    for _, subject, partnership, _ in run:
        alone = sum(row[2] == partnership for row in run) == 1
        found.append((subject, partnership, WHOLE if alone and subject != partnership else 0))
    found += [
        (row[1], row[2], WHOLE if row[1] != row[2] else 0)
        for row in agreements
        if row[0] == CONTRACT
    ]
    return [(*claim, _pool(claim[0], claim[1], agreements)) for claim in found]


def _pool(claimant: int, company: int, agreements: list[Agreed]) -> int:
    """The least party of those that act in concert with one about a company."""
    group = {claimant}
    pairs = [{row[1], row[2]} for row in agreements if row[0] == CONCERT and row[3] == company]
    for _ in pairs:
        for pair in pairs:
            group |= pair if pair & group else set()
    concerned = any(claimant in pair for pair in pairs)
    return min(group) if concerned else -1


def left_over(rows: list[Row], agreements: list[Agreed], company: int) -> int:
    """Votes that nobody is recorded to have; what rounding leaves is nobody's."""
    partners = sum(row[0] == PARTNER and row[2] == company for row in agreements)
    if partners:
        return WHOLE if partners > 1 else 0
    units = [int(low * WHOLE + 1e-3) for _, about, low, _ in rows if about == company]
    left = WHOLE - sum(units)
    return left if left > len(units) else 0


def how_controlled(
    parties: int, rows: list[Row], agreements: list[Agreed], party: int
) -> dict[int, tuple[str, int, int]]:
    """Of everything a party controls: alone, jointly or possibly; certain and possible votes."""
    given = claims(rows, agreements)
    left = {company: left_over(rows, agreements, company) for company in range(parties)}

    def votes(members: set[int], joint: bool) -> dict[int, int]:
        pooled = {(c[1], c[3]) for c in given if c[0] in members and c[3] >= 0 and joint}
        counted = [c for c in given if c[0] in members or (c[1], c[3]) in pooled]
        total: dict[int, int] = {}
        for _, company, units, _ in counted:
            total[company] = total.get(company, 0) + units
        return total

    def grown(members: set[int], joint: bool, bonus: bool) -> set[int]:
        while True:
            new = set(members)
            for kind, one, other, about in agreements:
                if joint and kind == CONCERT and about < 0:
                    new |= {other} if one in new else set()
                    new |= {one} if other in new else set()
            for company, units in votes(members, joint).items():
                if units + (left[company] if bonus else 0) > WHOLE // 2:
                    new.add(company)
            if new == members:
                return members
            members = new

    alone = grown({party}, joint=False, bonus=False)
    joint = grown(alone, joint=True, bonus=False)
    possible = grown(joint, joint=True, bonus=True)
    sure, most = votes(joint, joint=True), votes(possible, joint=True)
    found = {}
    for company, units in most.items():
        certain = sure.get(company, 0)
        if company == party or units + left[company] <= WHOLE // 2:
            continue
        how = "jointly" if certain > WHOLE // 2 else "possibly"
        found[company] = ("alone" if company in alone else how, certain, units + left[company])
    return found

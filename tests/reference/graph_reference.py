"""The trade graph by plain loops: slow, and easy to see right."""

from collections import Counter, defaultdict
from itertools import pairwise, permutations


def trades(rows):
    """(party, counterparty, direction) -> (invoices, amount, first day, last day)."""
    edges = defaultdict(list)
    for row in rows:
        edges[row["party"], row["counterparty"], row["direction"]].append(row)
    return {
        key: (
            len(each),
            sum(row["amount"] for row in each),
            min(row["day"] for row in each),
            max(row["day"] for row in each),
        )
        for key, each in edges.items()
    }


def same_papers(rows):
    """(sale id, purchase id) of every pair that is one paper."""

    def paper(row):
        return row["number"], row["day"], row["amount"], row["tax"]

    return {
        (sale["id"], bought["id"])
        for sale in rows
        for bought in rows
        if sale["direction"] == "sale"
        and bought["direction"] == "purchase"
        and paper(sale) == paper(bought)
    }


def rounds(papers, length_max, days_max, percent_max):
    """Every closed chain of papers (source, target, day, amount), as a cycle of positions."""
    found = set()
    for length in range(2, length_max + 1):
        for chain in permutations(range(len(papers)), length):
            first = papers[chain[0]]
            steps = zip(chain, (*chain[1:], chain[0]), strict=True)
            ok = (
                all(papers[a][1] == papers[b][0] for a, b in steps)
                and len({papers[at][0] for at in chain}) == length
                and all(papers[a][2] <= papers[b][2] for a, b in pairwise(chain))
                and all(papers[at][2] <= first[2] + days_max for at in chain)
                and first[3] > 0
                and all(
                    abs(papers[at][3] - first[3]) * 100 <= first[3] * percent_max for at in chain
                )
            )
            if ok:
                turn = chain.index(min(chain))
                found.add(chain[turn:] + chain[:turn])
    return found


def identities(rows):
    """Code -> (party, papers) for codes that always stand for one and the same party."""
    by_id = {row["id"]: row for row in rows}
    seen = defaultdict(Counter)
    for sale_id, bought_id in same_papers(rows):
        sale, bought = by_id[sale_id], by_id[bought_id]
        if sale["party"] != bought["party"]:
            seen[sale["counterparty"]][bought["party"]] += 1
            seen[bought["counterparty"]][sale["party"]] += 1
    return {code: next(iter(count.items())) for code, count in seen.items() if len(count) == 1}

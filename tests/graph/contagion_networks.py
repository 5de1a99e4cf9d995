"""Small networks for tests: by hand, and drawn by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from headrace.graph.contagion.network import Debts, Guarantees, Holdings, Needs, Network


def codes(*values):
    return np.array(values, np.int32)


def money(*values):
    return np.array(values, np.float64)


def debts(*rows):
    """(borrower, lender, amount) each."""
    one, other, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return Debts(codes(*one), codes(*other), money(*amount))


def guarantees(*rows):
    """(guarantor, debt, amount) each."""
    one, debt, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return Guarantees(codes(*one), np.array(debt, np.int64), money(*amount))


def holdings(*rows):
    """(holder, company, share) each."""
    one, other, share = zip(*rows, strict=True) if rows else ((), (), ())
    return Holdings(codes(*one), codes(*other), money(*share))


def needs(*rows):
    """(subject, object, amount) each."""
    one, other, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return Needs(codes(*one), codes(*other), money(*amount))


@st.composite
def pairs(draw, parties, measure, most):
    """Edges between different parties, with a measure."""
    found = draw(
        st.lists(
            st.tuples(st.integers(0, parties - 1), st.integers(0, parties - 1), measure),
            max_size=most,
        )
    )
    return [row for row in found if row[0] != row[1]]


@st.composite
def networks(draw, *, parties_max=6):
    """A network of every kind of edge, and external assets; money in whole minor units."""
    n = draw(st.integers(2, parties_max))
    amount = st.integers(1, 200).map(float)
    owing = draw(pairs(n, amount, 10))
    vouched = []
    if owing:
        drawn = draw(
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, len(owing) - 1), amount),
                max_size=5,
            )
        )
        vouched = [row for row in drawn if row[0] not in owing[row[1]][:2]]
    held = draw(pairs(n, st.sampled_from((0.1, 0.2, 0.3)), 3))
    needed = draw(pairs(n, amount, 4))
    external = draw(st.lists(st.integers(0, 300).map(float), min_size=n, max_size=n))
    network = Network(n, debts(*owing), guarantees(*vouched), holdings(*held), needs(*needed))
    return network, np.array(external)


def matrix(network):
    """Debts as a table of who owes whom."""
    found = np.zeros((network.parties, network.parties))
    edges = network.debts
    np.add.at(found, (edges.borrower, edges.lender), edges.amount)
    return found

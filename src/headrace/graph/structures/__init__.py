"""Structures of risk: what a set of relations amounts to, seen whole.

    transfers  money that moved, in the order of time, and how parties are reached by it
    flows      money or goods that go round and come back, in time order
    tracing    where the money of a loan went, and where the money of a payment came from
    guarantees who stands for whom, as links between two parties
    circles    guarantee circles: mutual, joint, rings and chains; whose failure disconnects
    netting    what is left of a circle once guarantees that cancel out are taken away
    breaking   the smallest set of guarantees whose replacement breaks every ring
    closing    which rings a new guarantee closes, as it arrives
    shells     signs that a firm is a shell, with points that add up
    tables     all of these as Arrow tables, by name, with their facts

Engines take and return arrays: parties are codes, edges are named by their position in the arrays
that were given. Where a limit cut a search short, the result says so.
"""

"""Scores the field names, as data: indexes, expert cards and valuations, each with a dictionary.

- definition: what a score is made of, and how its file is read
- scoring: a table of applicants becomes scores, ranges, grades and reasons
- patents: what a patent is worth by cost, market and income
- neighbours: what the firms one trades with say about one
- catalogue: the scores that ship
"""

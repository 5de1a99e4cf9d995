"""Values of the graph as ordinary features of parties, from what was known at the moment asked.

`measures` computes them; `kernels` holds its loops.
"""

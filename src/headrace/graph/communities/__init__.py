"""Dense rings and communities: peeling, ring watch, Leiden, motif communities, density peaks.

Modules: `suspicion` (what an edge weighs), `peeling` (densest blocks, kept current under
insertions and deletions), `rings` (verdicts as edges arrive), `adjacency` and `leiden`
(communities), `motifs` (communities of directed triangles around a seed), `peaks` (clusters by
density on sampled paths). All take arrays of int32 party codes and name edges by position;
`tables` turns what they find in a snapshot into names and facts.
"""

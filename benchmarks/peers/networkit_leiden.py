"""The peer of communities: networkit's parallel Leiden and Louvain on the same graph.

    python benchmarks/peers/networkit_leiden.py EDGES.npy PARTIES

EDGES.npy is int32 (2, n). Prints one JSON line: seconds to build the graph, and of each algorithm
seconds (all threads) and modularity. Parallel edges are added up before, which is not measured.
"""

import json
import sys
import time

import networkit
import numpy as np
from networkit.community import PLM, Modularity, ParallelLeiden


def main() -> None:
    edges, parties = np.load(sys.argv[1]), int(sys.argv[2])
    edges = np.sort(edges[:, edges[0] != edges[1]].astype(np.uint64), axis=0)
    packed, counts = np.unique(edges[0] * np.uint64(parties) + edges[1], return_counts=True)
    rows, columns = packed // np.uint64(parties), packed % np.uint64(parties)
    networkit.setSeed(1, useThreadId=False)
    began = time.perf_counter()
    graph = networkit.Graph(parties, weighted=True)
    graph.addEdges((counts.astype(np.float64), (rows, columns)))
    found = {"build_seconds": time.perf_counter() - began}
    for name, make in (("leiden", ParallelLeiden), ("louvain", PLM)):
        algorithm = make(graph)
        began = time.perf_counter()
        algorithm.run()
        found[f"{name}_seconds"] = time.perf_counter() - began
        found[f"{name}_modularity"] = Modularity().getQuality(algorithm.getPartition(), graph)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

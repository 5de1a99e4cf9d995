"""The graph measured: ownership, rules, identity, structures of risk, chains, contagion, groups.

    python benchmarks/graph.py [--quick] [--json] [--strict] [--only TEXT]

Workloads are made from seeds (workloads/) or are public data beside the repository; where data or
a peer's environment (`make bench-peers`) are absent, so are the metrics that need them. Peers run
in the same invocation, and where an answer is exact it must be the same, or the run ends with
status 1. Each measurement is a process of its own. --quick takes small ones. Each result is
{metric, value, interval_95, unit, bar, holds, peers, hash, data, command}; `peers` are in the unit
of the value, `bar` is null where nothing was promised.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py

from measures import (
    graph_chain,
    graph_communities,
    graph_contagion,
    graph_formats,
    graph_groups,
    graph_identity,
    graph_load,
    graph_ownership,
    graph_rules,
    graph_smesd,
    graph_structures,
)
from measures.calling import apart, here
from measures.commandline import line, parser, run, say
from measures.found import DisagreementError, Found
from threadpoolctl import threadpool_limits
from workloads import identity, limit_groups, ownership

Bar = tuple[str, float] | None

UNITS = {
    "edges_per_second": "edges/s",
    "lines_per_second": "lines/s",
    "scenarios_per_second": "scenarios/s",
    "worlds_per_second": "worlds/s",
    "seconds": "s",
    "megabytes": "MB",
    "bytes": "bytes",
    "_ratio": "x",
}
"""By how a metric ends; others are shares or counts."""

PEERS = ("duckdb", "splink", "networkit_leiden", "networkit_louvain", "sklearn", "knn", "majority",
         "sweeps", "linprog", "splu_factor", "push", "series")  # fmt: skip
"""A figure `duckdb_seconds` is DuckDB's `seconds`."""


@dataclass(frozen=True)
class Part:
    """One measurement, and what of it is reported.

    Attributes:
        name: What its metrics begin with.
        measure: Gives what was found; None where the data are absent.
        full: Its arguments at full size.
        quick: Its arguments at the small size; None: there is no small one.
        data: What it is measured on; `{0}` is the first argument, `{edges}` a figure.
        bars: The figures that are metrics, and what was promised of each.
        peers: Figure -> peer -> its figure, where the name does not tell.
        ratios: Figure -> the two figures whose quotient it is, where both are there.
    """

    name: str
    measure: Callable[..., Found | None]
    full: tuple[Any, ...]
    quick: tuple[Any, ...] | None
    data: str
    bars: Mapping[str, Bar]
    peers: Mapping[str, Mapping[str, str]] | None = None
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def results(self, found: Found, arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
        """Each figure that was asked for and is there."""
        figures = {name.removeprefix("ours_"): value for name, value in found.figures.items()}
        for name, (above, below) in self.ratios.items():
            if above in figures and below in figures:
                figures[name] = figures[above] / figures[below]
        data = self.data.format(*arguments, **figures)
        for name, bar in self.bars.items():
            if name in figures:
                yield self._result(name, bar, figures, (found.hash, data))

    def _result(
        self, name: str, bar: Bar, figures: dict[str, float], told: tuple[str, str]
    ) -> dict[str, Any]:
        value = float(figures[name])
        ends = [float(figures[f"{name}_{end}"]) for end in ("low", "high") if
                f"{name}_{end}" in figures]  # fmt: skip
        if self.peers is None:
            peers = {peer: f"{peer}_{name}" for peer in PEERS}
        else:
            peers = dict(self.peers.get(name, {}))
        metric = f"graph.{self.name}_{name}"
        return {
            "metric": metric,
            "value": value,
            "interval_95": ends or None,
            "unit": next((unit for end, unit in UNITS.items() if metric.endswith(end)), ""),
            "bar": None if bar is None else f"{bar[0]} {bar[1]:g}",
            "holds": bar is None or (value <= bar[1] if bar[0] == "<=" else value >= bar[1]),
            "peers": {peer: figures[each] for peer, each in peers.items() if each in figures},
            "hash": told[0][:16],
            "data": told[1],
            "command": f"python benchmarks/graph.py --only {metric}",
        }


def febrl4(rows: int) -> Found | None:
    """FEBRL's originals and duplicates, all or some; and Splink."""
    return _linked(identity.febrl4(rows)) if (identity.DATA / "febrl").is_dir() else None


def historical(rows: int) -> Found | None:
    """Splink's historical persons, all or some; and Splink."""
    there = (identity.DATA / "splink_datasets").is_dir()
    return _linked(identity.historical(rows)) if there else None


def _linked(workload: identity.Workload) -> Found:
    found = graph_identity.beside_splink(workload)
    return Found(found.figures | {"records": float(workload.table.num_rows)}, found.hash)


def formats_of_columns(relations: int) -> Found:
    """Formats that are written and read by columns."""
    return graph_formats.there_and_back(graph_formats.WHOLE, relations)


def formats_of_statements(relations: int) -> Found:
    """Formats that are written and read statement by statement."""
    return graph_formats.there_and_back(graph_formats.STATEMENTS, relations)


def bankruptcy(seeds: int, resampled: int) -> Found | None:
    """What the graph adds to a firm's own features, on real firms."""
    if not graph_smesd.FOLDER.is_dir():
        return None
    with threadpool_limits(1, "openmp"):  # threads would only wait for each other on so few rows
        compared = graph_smesd.compared(seeds, resampled)
    wanted = {
        "auc_firm": compared.auc["firm"],
        "auc_firm_and_graph": compared.auc["firm + graph"],
        "auc_gain": compared.gain["firm + graph"],
        "auc_gain_without_labels": compared.gain["firm + graph, no labels"],
    }
    figures = dict(zip(("trained", "tested"), map(float, compared.rows), strict=True))
    for name, (value, low, high) in wanted.items():
        figures |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return Found(figures, compared.hash)


REGISTRY = "{0.companies:,} companies, {0.persons:,} persons, {0.holdings:,} holdings with loops"
A_TENTH = ownership.Size(60_000, 40_000, 180_000, 300, (264,), 200)
SPLINK_RATIOS = {"f1_ratio": ("f1", "splink_f1"), "time_ratio": ("splink_seconds", "seconds")}
SPLINK_BARS: dict[str, Bar] = {
    "f1": None,
    "f1_ratio": (">=", 1),
    "seconds": None,
    "time_ratio": (">=", 1),
}
PARTS = (
    Part(
        "load", graph_load.loaded, (3_000_000, 1_000_000, 3), (2_000, 500, 1),
        "{0:,} facts of 20 kinds to a snapshot with both indexes",
        {"edges_per_second": None, "statements_seconds": None},
    ),
    Part(
        "ownership_600k", graph_ownership.whole, (ownership.FULL, 3), (ownership.QUICK, 1),
        REGISTRY + ": all owners of 25 %, all controllers; planted controllers found",
        {"seconds": ("<=", 5), "cpu_seconds": None, "integrated_seconds": None,
         "control_seconds": None},
    ),
    Part(
        "ownership_web", graph_ownership.whole, (ownership.WEBBED, 1), None,
        REGISTRY + ", one of them of {loop_companies_max:,.0f} companies",
        {"seconds": None},
    ),
    Part(
        "ownership_change", graph_ownership.changed, (ownership.FULL, 5_000), (ownership.QUICK, 30),
        REGISTRY + ": one changed, until owners and controllers are known",
        {"p50_seconds": None, "p99_seconds": None, "max_seconds": ("<=", 0.05)},
    ),
    Part(
        "ownership_slice", graph_ownership.slice_of_a_registry, (), (),
        "852 parties, 1,013 holdings, 39 loops: all owners, all controllers",
        {"seconds": ("<=", 0.1), "peak_megabytes": ("<=", 100)},
    ),
    Part(
        "ownership_company", graph_ownership.one_company, (ownership.FULL, 1_000, 20),
        (ownership.QUICK, 20, 3),
        REGISTRY + ": holders of one of {1:,} companies; the series for {2}",
        {"p50_seconds": None, "p99_seconds": None},
    ),
    Part(
        "ownership_matrix", graph_ownership.whole_matrix, (A_TENTH,), (ownership.QUICK,),
        REGISTRY + ": all owners; LU of the whole matrix alone",
        {"seconds": None},
    ),
    Part(
        "ownership_exact", graph_ownership.exact, (300, 8), (4, 6),
        "{0} random graphs of {1} companies in loops, beside rational arithmetic",
        {"error_max": ("<=", 1e-12)},
    ),
    Part(
        "rules_27m_facts", graph_rules.derived, ("1450k",), ("3k",),
        "{edges:,} edges to {facts:,} facts: chains of control, then guarantees",
        {"seconds": ("<=", 35), "ratio": None, "bytes": None},
        ratios={"ratio": ("duckdb_seconds", "seconds")},
    ),
    Part(
        "rules", graph_rules.changed, ("1450k", 5_000), ("3k", 40),
        "{1:,} random edges of the {0}, each taken out and put back; up to {moved_max:,} facts go",
        {"delete_p50_seconds": None, "delete_p99_seconds": None,
         "delete_max_seconds": ("<=", 0.05), "insert_p50_seconds": None,
         "insert_max_seconds": None},
    ),
    Part(
        "rules", graph_rules.proved, ("1450k", 1_000), ("3k", 20),
        "{1:,} random facts; the edges that a proof names derive it",
        {"proof_p50_seconds": None, "proof_p99_seconds": None},
    ),
    Part(
        "rules_history", graph_rules.history, ("145k", 100, 200), ("3k", 8, 20),
        "{1} batches of {2} inserts and deletes among {0} edges, then the facts from scratch",
        {"edges_per_second": None},
    ),
    Part(
        "identity_febrl4", febrl4, (0,), (500,),
        "FEBRL dataset 4, {records:,.0f} records; ratios: ours to Splink's F1, its time to ours",
        SPLINK_BARS, ratios=SPLINK_RATIOS,
    ),
    Part(
        "identity_historical", historical, (0,), (1_000,),
        "Splink's historical persons, {records:,.0f} records; ratios: ours to Splink's F1, its time"
        " to ours",
        SPLINK_BARS, ratios=SPLINK_RATIOS,
    ),
    Part(
        "identity_firms", graph_identity.firms, (100_000,), (3_000,),
        "{0:,} simulated Chinese firms; f1 at the best threshold, as Splink's",
        {"f1": (">=", 0.95), "f1_at_4_25_bits": (">=", 0.95), "precision": None, "recall": None,
         "seconds": None},
    ),
    Part(
        "identity_million", graph_identity.million, (1_000_000, 1_000), (3_000, 30),
        "{0:,} simulated firms from the table as it came; then {1:,} more",
        {"seconds": ("<=", 40), "add_seconds": ("<=", 1), "ids_lost": ("<=", 0),
         "records_under_another_id": None, "f1": None},
    ),
    Part(
        "flows", graph_structures.circular, (1_000_000, 1_000_000), (20_000, 20_000),
        "{0:,} transfers of a year, cycles of up to six in 30 days within 10 %; {1:,} for DuckDB",
        {"seconds": None, "recall": None, "peer_size_seconds": None},
        peers={"peer_size_seconds": {"duckdb": "duckdb_seconds"}},
    ),
    Part(
        "flows_unlimited", graph_structures.unlimited, (1_000_000,), (10_000,),
        "{0:,} transfers, cycles of any amount: {found:,.0f}",
        {"seconds": None},
    ),
    Part(
        "tracing", graph_structures.traced, (1_000_000, 200, 20), (5_000, 20, 5),
        "{1} loans followed for 90 days through {0:,} transfers; every fen accounted for",
        {"fifo_p50_seconds": None, "fifo_p99_seconds": None, "proportional_p50_seconds": None,
         "loan_first_p50_seconds": None},
        peers={"fifo_p50_seconds": {"duckdb": "duckdb_seconds"}},
    ),
    Part(
        "circles", graph_structures.circles, (300_000, 30_000), (4_000, 2_000),
        "{0:,} guarantees, {found:,.0f} circles; rings of up to five among {1:,}, as DuckDB's",
        {"seconds": None, "net_seconds": None, "break_each_seconds": None, "break_exact": None,
         "peer_size_rings_seconds": None},
        peers={"peer_size_rings_seconds": {"duckdb": "duckdb_rings_seconds"}},
    ),
    Part(
        "circles_closing", graph_structures.closing, (300_000, 2_000), (4_000, 200),
        "{1:,} guarantees arrive among {0:,}: which rings each closes",
        {"p50_seconds": None, "p99_seconds": None, "max_seconds": None},
    ),
    Part(
        "rings", graph_communities.rings, (1_000_000, 300, (21, 22, 23, 24)), (8_000, 6, (4,)),
        "{1} camouflaged rings among {0:,} edges, seeds {2}; found by the closing edge",
        {"finding_precision": (">=", 0.9), "ring_recall": (">=", 0.9),
         "member_precision": (">=", 0.9), "member_recall": (">=", 0.9),
         "member_precision_worst_seed": None, "member_recall_worst_seed": None,
         "ring_recall_sparse": None, "ring_recall_small": None, "ring_recall_hidden": None,
         "delay_p50_seconds": None, "delay_max_seconds": ("<=", 1), "edges_per_second": None},
    ),
    Part(
        "peeling", graph_communities.peeling, (1_000_000, 500), (4_000, 20),
        "{0:,} edges peeled, then {1} in and out one by one; as peeled anew",
        {"scratch_seconds": None, "insert_p50_seconds": None, "insert_p99_seconds": None,
         "remove_p50_seconds": None},
    ),
    Part(
        "leiden", graph_communities.leiden_seconds, (200_000, 1_000_000), (4_000, 20_000),
        "{0:,} parties, {1:,} edges, communities of 200 planted",
        {"seconds": None, "modularity": None},
    ),
    Part(
        "motifs", graph_communities.motif_seconds, (200_000, 1_000_000, 200), (4_000, 20_000, 5),
        "{2} searches around a seed among {1:,} edges",
        {"p50_seconds": None, "p99_seconds": None, "overlap": None},
    ),
    Part(
        "bitcoin_otc", graph_communities.otc, (), (),
        "180 frauds, 136 honest, by who rated whom and when; cross-validated",
        {"auc_structure": None},
    ),
    Part(
        "chain_placing", graph_chain.placed, (500_000, 5_000), (2_000, 100),
        "{0:,} lines of invoices onto the chain map; {1:,} products hidden and put beside kin",
        {"lines_per_second": None, "hidden_beside_kin_share": None},
    ),
    Part(
        "chain_industries", graph_chain.industries, (10_000,), (200,),
        "{firms:,.0f} listed firms, each hidden once, {classes:.0f} industries",
        {"accuracy_1": None, "accuracy_3": None, "sector_accuracy_1": None,
         "accuracy_1_of_surest_fifth": None, "calibration_gap": None, "seconds": None},
    ),
    Part(
        "chain_gbt4754", graph_chain.standard_classes, (), (),
        "{asked:.0f} descriptions to {classes:,.0f} classes by words alone",
        {"accuracy_1": None, "accuracy_3": None},
    ),
    Part(
        "chain_invoices", graph_chain.invoices, (50,), (3,),
        "425 firms, {edges:,.0f} edges of trade, dependence on {0} shared customers",
        {"seconds": None, "half_sold_to_shared": None},
    ),
    Part(
        "contagion", graph_contagion.scenarios, (10_000, 1_000, 10), (200, 20, 1),
        "{0:,} firms, {edges:,.0f} edges of four kinds, {1:,} scenarios; {2} by whole sweeps",
        {"scenarios_per_second": None, "seconds": None},
    ),
    Part(
        "contagion_debts", graph_contagion.linear_program, (5_000,), (200,),
        "debts of {0:,} firms alone, beside the linear program of Eisenberg and Noe",
        {"seconds": None},
    ),
    Part(
        "contagion_losses", graph_contagion.attributed, (10_000,), (300,),
        "losses of banks in a crash of {0:,} firms put down to {losing_edges:,.0f} edges",
        {"seconds": None, "edges_gap": None, "origins_gap": None},
    ),
    Part(
        "contagion_core_late", graph_contagion.core_pays_late, (10_000,), (300,),
        "a core enterprise of {0:,} firms pays 60 days late, day by day",
        {"seconds": None, "newly_short": None},
    ),
    Part(
        "contagion", graph_contagion.worlds, (10_000, 10_000), (200, 20),
        "{1:,} sampled worlds of the debts of {0:,} firms",
        {"worlds_per_second": None},
    ),
    Part(
        "groups", graph_groups.whole_book, (limit_groups.FULL,), (limit_groups.Size(400, 1_200),),
        "{0.parties:,} parties, {0.edges:,} relations; largest group {largest_group:.0f},"
        " largest connected component {largest_component:,.0f}",
        {"seconds": None, "control_seconds": None, "proof_seconds": None},
    ),
    Part(
        "groups_diff", graph_groups.one_fact, (limit_groups.FULL,),
        (limit_groups.Size(400, 1_200),),
        "one holding withdrawn: {moves:.0f} moves, each explained by it",
        {"seconds": None},
    ),
    Part(
        "formats", formats_of_columns, (graph_formats.FULL,), (300,),
        "{0:,} relations there and back, the same",
        {f"{name}_{way}_seconds": None
         for name in graph_formats.WHOLE for way in ("write", "read")},
    ),
    Part(
        "formats", formats_of_statements, (graph_formats.FULL // 5,), (300,),
        "{0:,} relations there and back, the same",
        {f"{name}_{way}_seconds": None
         for name in graph_formats.STATEMENTS for way in ("write", "read")},
    ),
    Part(
        "bankruptcy", bankruptcy, (graph_smesd.SEEDS, graph_smesd.RESAMPLED), (1, 20),
        "SMEsD: {trained:,.0f} real firms to {tested:.0f} later, nothing that leaks",
        {"auc_firm": None, "auc_firm_and_graph": None, "auc_gain": None,
         "auc_gain_without_labels": None},
    ),
)  # fmt: skip

BARS = {f"{part.name}_{name}": bar for part in PARTS for name, bar in part.bars.items()}
"""Every metric, and what was promised of it."""


@dataclass(frozen=True)
class Bench:
    """Every measurement at one size."""

    parts: tuple[tuple[Part, tuple[Any, ...]], ...]
    call: Callable[..., Any]

    def measured(self, only: str) -> tuple[list[dict[str, Any]], bool]:
        """Results whose metric contains `only`, and whether all engines agreed."""
        results, agree = [], True
        for part, arguments in self.parts:
            if not any(only in f"graph.{part.name}_{each}" for each in part.bars):
                continue
            say(part.name)
            try:
                found = self.call(part.measure, *arguments)
            except DisagreementError as problem:
                say(f"NO {problem}")
                agree = False
                continue
            if found is None:
                say(f"{part.name}: the data are absent")
                continue
            kept = [each for each in part.results(found, arguments) if only in each["metric"]]
            for each in kept:
                say(f"  {line(each)}")
            results += kept
        return results, agree


FULL = Bench(tuple((part, part.full) for part in PARTS), apart)
QUICK = Bench(tuple((part, part.quick) for part in PARTS if part.quick is not None), here)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: (QUICK if given.quick else FULL).measured(given.only))


if __name__ == "__main__":
    main()

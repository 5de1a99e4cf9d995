"""The graph benchmark cannot rot: its small size runs, and the peers agree. No timing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from measures import graph_chain, graph_communities, graph_identity, graph_load, graph_smesd
from measures.found import DisagreementError, Found
from workloads import identity

import graph

BENCHMARKS = Path(graph.__file__).parent
NEEDS = {
    "identity_febrl4": identity.DATA / "febrl",
    "identity_historical": identity.DATA / "splink_datasets",
    "bitcoin_otc": graph_communities.OTC,
    "chain_placing": graph_chain.CHAIN,
    "chain_industries": graph_chain.CHAIN,
    "chain_gbt4754": graph_chain.GBT,
    "chain_invoices": graph_chain.INVOICES,
    "bankruptcy": graph_smesd.FOLDER,
}
"""Data that are not in the repository."""

ONLY_LARGE = {
    "rings_ring_recall_sparse",  # six rings are not of every kind
    "rings_ring_recall_small",
}


@pytest.fixture(scope="module")
def small():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "graph.py", "--quick", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def expected():
    """Metrics that can be measured here, at the small size."""
    names = {f"{part.name}_{name}" for part, _ in graph.QUICK.parts for name in part.bars}
    names -= ONLY_LARGE
    for begin, path in NEEDS.items():
        if not path.exists():
            names -= {name for name in names if name.startswith(begin)}
    if not graph_identity.SPLINK.exists():
        names -= {name for name in names if name.endswith(("f1_ratio", "time_ratio"))}
    return names


def test_every_metric_is_measured_once_and_has_the_agreed_shape(small):
    metrics = [each["metric"] for each in small["results"]]
    assert sorted(metrics) == sorted(f"graph.{name}" for name in expected())
    assert small["machine"]["cores"]
    for each in small["results"]:
        assert set(each) == {"metric", "value", "interval_95", "unit", "bar", "holds", "peers",
                             "hash", "data", "command"}  # fmt: skip
        assert len(each["hash"]) == 16
        assert each["command"].endswith(each["metric"])
        assert isinstance(each["holds"], bool)
        assert each["data"]
        assert "{" not in each["data"]


def test_what_was_promised_is_measured(small):
    """The bars of the issue, each by the name of its metric."""
    assert graph.BARS["ownership_600k_seconds"] == ("<=", 5)
    assert graph.BARS["ownership_change_max_seconds"] == ("<=", 0.05)
    assert graph.BARS["ownership_slice_seconds"] == ("<=", 0.1)
    assert graph.BARS["ownership_exact_error_max"] == ("<=", 1e-12)
    assert graph.BARS["rules_27m_facts_seconds"] == ("<=", 35)
    assert graph.BARS["rules_delete_max_seconds"] == ("<=", 0.05)
    assert graph.BARS["identity_million_seconds"] == ("<=", 40)
    assert graph.BARS["identity_million_add_seconds"] == ("<=", 1)
    promised = {name for name, bar in graph.BARS.items() if bar is not None}
    shown = {each["metric"] for each in small["results"] if each["bar"] is not None}
    assert shown == {f"graph.{name}" for name in promised & expected()}


def test_no_two_metrics_have_one_name():
    names = [f"{part.name}_{name}" for part in graph.PARTS for name in part.bars]
    assert len(names) == len(set(names)) == len(graph.BARS)


def test_what_does_not_depend_on_speed_holds_at_any_size(small):
    values = {each["metric"]: each["value"] for each in small["results"]}
    assert values["graph.ownership_exact_error_max"] <= 1e-12
    assert values["graph.ownership_slice_peak_megabytes"] < 100
    assert values["graph.identity_million_ids_lost"] == 0
    assert values["graph.flows_recall"] == 1
    assert values["graph.circles_break_exact"] == 1
    assert values["graph.contagion_losses_edges_gap"] < 1e-9
    assert values["graph.motifs_overlap"] > 0.9


def test_peers_run_in_the_same_invocation_and_are_told_beside_ours(small):
    peers = {each["metric"]: each["peers"] for each in small["results"]}
    for metric, peer in (
        ("rules_27m_facts_seconds", "duckdb"),
        ("flows_peer_size_seconds", "duckdb"),
        ("tracing_fifo_p50_seconds", "duckdb"),
        ("circles_peer_size_rings_seconds", "duckdb"),
        ("ownership_company_p50_seconds", "push"),
        ("ownership_matrix_seconds", "splu_factor"),
        ("contagion_scenarios_per_second", "sweeps"),
        ("contagion_debts_seconds", "linprog"),
    ):
        assert peers[f"graph.{metric}"][peer] > 0
    assert peers["graph.flows_seconds"] == {}  # DuckDB was not asked at this size


@pytest.mark.real
@pytest.mark.skipif(not graph_smesd.FOLDER.exists(), reason="needs ../shared/data")
def test_a_gain_is_told_with_its_interval(small):
    found = {each["metric"]: each for each in small["results"]}
    gain = found["graph.bankruptcy_auc_gain"]
    low, high = gain["interval_95"]
    assert low < gain["value"] < high
    alone, both = (found[f"graph.bankruptcy_auc_{name}"] for name in ("firm", "firm_and_graph"))
    assert gain["value"] == pytest.approx(both["value"] - alone["value"])
    assert found["graph.ownership_600k_seconds"]["interval_95"] is None


def bench(measure, **more):
    part = graph.Part("made", measure, (), (), "made for a test", {"seconds": ("<=", 1)})
    return graph.Bench(((replace(part, **more), (7,)),), graph.here)


def test_a_bar_holds_or_does_not_and_peers_and_ratios_are_taken_from_the_figures():
    figures = {"seconds": 2.0, "duckdb_seconds": 3.0, "edges": 5}
    bars = {"seconds": ("<=", 1), "ratio": (">=", 1.5), "absent": None}
    made = bench(
        lambda _: Found(figures, "ab" * 32),
        bars=bars,
        ratios={"ratio": ("duckdb_seconds", "seconds"), "absent": ("zen_seconds", "seconds")},
        data="{0} and {edges}",
    )
    (seconds, ratio), agree = made.measured("")
    assert agree
    assert (seconds["value"], seconds["bar"], seconds["holds"]) == (2.0, "<= 1", False)
    assert (seconds["peers"], seconds["unit"]) == ({"duckdb": 3.0}, "s")
    assert (ratio["value"], ratio["holds"], ratio["unit"]) == (1.5, True, "x")
    assert ratio["data"] == "7 and 5"
    assert ratio["command"] == "python benchmarks/graph.py --only graph.made_ratio"


def test_absent_data_leave_metrics_out_and_a_disagreement_is_an_error(capsys):
    assert bench(lambda _: None).measured("") == ([], True)

    def wrong(_):
        raise DisagreementError("made: the engines disagree")

    assert bench(wrong).measured("") == ([], False)
    assert "NO made: the engines disagree" in capsys.readouterr().err
    assert bench(wrong).measured("no such metric") == ([], True)


def test_relations_that_differ_all_stand_after_loading():
    found = graph_load.loaded(500, 60, 1)
    assert found.hash == graph_load.loaded(500, 60, 3).hash
    assert found.hash != graph_load.loaded(501, 60, 1).hash
    assert set(found.figures) == {
        "edges_per_second",
        "statements_seconds",
        "standing_seconds",
        "index_seconds",
    }

"""Dense rings and communities measured: found, missed, how soon, how fast, beside networkit."""

import csv
import hashlib
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from measures.found import DisagreementError, Found
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from workloads.rings import LEVELS, NEW_ODDS, Stream, stream

from headrace.graph.communities.adjacency import adjacency
from headrace.graph.communities.leiden import Communities, Modularity, leiden
from headrace.graph.communities.motifs import Motif, directed, motif_community
from headrace.graph.communities.peeling import Peeling
from headrace.graph.communities.rings import RingFinding, RingWatch
from headrace.graph.communities.suspicion import WEIGHT_ONE, camouflage, degree_on_arrival

NETWORKIT = Path(__file__).parents[1] / "peers" / ".venv-networkit" / "bin" / "python"
OTC = Path(__file__).parents[3] / "shared" / "data" / "bitcoin_otc_trust"
YEAR_US = 365 * 86_400_000_000

Codes = NDArray[np.int32]


def rings(edges: int, planted: int, seeds: tuple[int, ...], new_odds: float = NEW_ODDS) -> Found:
    """Rings planted in streams of edges: precision, recall, and seconds from the closing edge.

    Of the honest circles `new_odds` came together within weeks, as rings do.

    A member is found where a finding made no later than the closing edge of its ring names it; a
    ring is found where one such finding has at least half its members, and they are at least half
    of the finding. Seeds are others than those the patterns were chosen on (1, 2, 3).
    """
    parts = [_ring_run(stream(edges, planted, seed, new_odds)) for seed in seeds]
    delays = np.concatenate([each.pop("delays") for each in parts])
    digest = hashlib.sha256("".join(each.pop("digest") for each in parts).encode()).hexdigest()
    known = {
        name: [each[name] for each in parts if name in each] for name in sorted(set().union(*parts))
    }
    figures = {name: float(np.mean(values)) for name, values in known.items()}
    for name in ("member_precision", "member_recall", "ring_recall"):
        figures[f"{name}_worst_seed"] = float(min(each[name] for each in parts))
    figures["delay_p50_seconds"] = float(np.median(delays))
    figures["delay_p99_seconds"] = float(np.percentile(delays, 99))
    figures["delay_max_seconds"] = float(delays.max())
    return Found(figures, digest)


def _ring_run(drawn: Stream) -> dict:
    watch = RingWatch(drawn.is_party)
    closing = sorted({each.closing for each in drawn.rings})
    findings: list[RingFinding] = []
    delays, at, spent = [], 0, 0.0
    for edge in [*closing, len(drawn.subject)]:
        for first, last in ((at, edge), (edge, edge + 1)):
            part = slice(first, last)
            began = time.perf_counter()
            findings += watch.arrive(drawn.subject[part], drawn.object[part], drawn.time[part])
            took = time.perf_counter() - began
            spent += took
        if edge < len(drawn.subject):
            delays.append(took)
        at = edge + 1
    figures = _judged(drawn, findings)
    figures["edges_per_second"] = len(drawn.subject) / spent
    figures["delays"] = np.array(delays)
    words = [f"{each.arrival}:{each.members.tolist()}" for each in findings]
    figures["digest"] = hashlib.sha256("\n".join(words).encode()).hexdigest()
    return figures


def _judged(drawn: Stream, findings: list[RingFinding]) -> dict:
    owner = np.full(len(drawn.is_party), -1)
    closing = np.array([each.closing for each in drawn.rings])
    for number, ring in enumerate(drawn.rings):
        owner[ring.members] = number
    named = np.zeros(len(drawn.is_party), bool)
    caught, found, true = named.copy(), np.zeros(len(drawn.rings), bool), 0
    for each in findings:
        named[each.members] = True
        own = owner[each.members]
        in_time = each.members[(own >= 0) & (each.arrival <= closing[own])]
        caught[in_time] = True
        counts = np.bincount(own[own >= 0], minlength=len(drawn.rings))
        ring = int(counts.argmax())
        is_true = 2 * counts[ring] >= len(each.members)
        true += is_true
        if is_true and each.arrival <= closing[ring]:
            found[ring] |= bool(2 * counts[ring] >= len(drawn.rings[ring].members))
    figures = {
        "member_precision": (named & (owner >= 0)).sum() / max(named.sum(), 1),
        "member_recall": caught.sum() / (owner >= 0).sum(),
        "finding_precision": true / max(len(findings), 1),
        "ring_recall": found.mean(),
    }
    level = np.array([each.level for each in drawn.rings])
    for name in LEVELS:
        if (level == name).any():
            figures[f"ring_recall_{name}"] = found[level == name].mean()
    began = np.array([drawn.time[drawn.ring == n][0] for n in range(len(drawn.rings))])
    slow = drawn.time[closing] - began > YEAR_US / 4
    if slow.any():
        figures["ring_recall_slow"] = found[slow].mean()
    return figures


def peeling(edges: int, alone: int) -> Found:
    """Seconds to peel from nothing, and to take one edge in or out; equal to peeling anew."""
    rng = np.random.default_rng(1)
    parties = edges // 2
    one = (parties * rng.random(edges) ** 3).astype(np.int32)
    other = rng.integers(0, parties, edges).astype(np.int32)
    weight = camouflage(degree_on_arrival(one, np.zeros(parties, np.int64)))
    Peeling(4).insert(one[:2] % 4, other[:2] % 4, weight[:2])  # compiled by then
    whole = Peeling(parties)
    began = time.perf_counter()
    whole.insert(one, other, weight)
    figures = {"scratch_seconds": time.perf_counter() - began}
    kept = Peeling(parties)
    ids = kept.insert(one[:-alone], other[:-alone], weight[:-alone])
    figures["insert_p50_seconds"], figures["insert_p99_seconds"] = _each(
        lambda at: kept.insert(one[at : at + 1], other[at : at + 1], weight[at : at + 1]),
        range(edges - alone, edges),
    )
    if not (
        np.array_equal(whole.order, kept.order) and np.array_equal(whole.weights, kept.weights)
    ):
        raise DisagreementError("peeling: kept current and made anew disagree")
    began = time.perf_counter()
    block = kept.densest()
    figures["densest_seconds"] = time.perf_counter() - began
    figures["remove_p50_seconds"], _ = _each(
        lambda at: kept.remove(ids[at : at + 1]), range(0, 7 * min(alone, 50), 7)
    )
    digest = hashlib.sha256(whole.order.tobytes() + block.members.tobytes()).hexdigest()
    return Found(figures, digest)


def _each(act, places) -> tuple[float, float]:
    """The median and the 99th percentile of the seconds of one act each."""
    seconds = []
    for at in places:
        began = time.perf_counter()
        act(at)
        seconds.append(time.perf_counter() - began)
    p50, p99 = np.percentile(seconds, (50, 99)).tolist()
    return p50, p99


def towns(parties: int, edges: int) -> tuple[Codes, Codes]:
    """A graph of planted communities of 200, 7 of 10 edges inside one."""
    rng = np.random.default_rng(0)
    count = max(parties // 200, 1)
    town = rng.integers(0, count, parties)
    order, sizes = np.argsort(town, kind="stable"), np.bincount(town, minlength=count)
    starts = np.cumsum(sizes) - sizes
    one, far = rng.integers(0, parties, (2, edges))
    near = order[starts[town[one]] + (rng.random(edges) * sizes[town[one]]).astype(np.int64)]
    other = np.where(rng.random(edges) < 0.7, near, far)
    return one.astype(np.int32), other.astype(np.int32)


def leiden_seconds(parties: int, edges: int) -> Found:
    """Leiden by modularity, and networkit's on the same graph where its environment is there."""
    one, other = towns(parties, edges)
    small = adjacency(one[:10] % 10, other[:10] % 10, 10)
    leiden(small, Modularity(), np.random.default_rng(0))  # compiled by then
    began = time.perf_counter()
    graph = adjacency(one, other, parties)
    built = time.perf_counter() - began
    began = time.perf_counter()
    found = leiden(graph, Modularity(), np.random.default_rng(1))
    seconds = time.perf_counter() - began
    _connected(graph, found)
    figures = {"build_seconds": built, "seconds": seconds, "modularity": found.quality}
    peer = _networkit(one, other, parties)
    if peer is not None:
        figures |= {f"networkit_{name}": value for name, value in peer.items()}
    return Found(figures, hashlib.sha256(found.label.tobytes()).hexdigest())


def _connected(graph, found: Communities) -> None:
    owner = np.repeat(np.arange(graph.parties), np.diff(graph.offsets))
    inside = found.label[owner] == found.label[graph.others]
    kept = (owner[inside], graph.others[inside])
    matrix = coo_array((np.ones(inside.sum()), kept), (graph.parties, graph.parties))
    if connected_components(matrix, directed=False, return_labels=False) != found.count:
        raise DisagreementError("leiden: a community is not connected")


def _networkit(one: Codes, other: Codes, parties: int) -> dict[str, float] | None:
    if not NETWORKIT.exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "edges.npy"
        np.save(file, np.stack([one, other]))
        script = NETWORKIT.parents[2] / "networkit_leiden.py"
        done = subprocess.run(
            [NETWORKIT, script, file, str(parties)], check=True, capture_output=True, text=True,
            timeout=900,
        )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def motif_seconds(parties: int, edges: int, seeds: int) -> Found:
    """Seconds of one search around a seed, the index built; ten friends are planted at each."""
    one, other = towns(parties, edges)
    rng = np.random.default_rng(2)
    picked = rng.choice(parties, (seeds, 10), replace=False).astype(np.int32)
    pairs = [(a, b) for a in range(10) for b in range(10) if a != b and (a + b) % 3]
    friends = np.array(pairs).T
    one = np.concatenate([one, *(row[friends[0]] for row in picked)])
    other = np.concatenate([other, *(row[friends[1]] for row in picked)])
    began = time.perf_counter()
    graph = directed(one, other, parties)
    built = time.perf_counter() - began
    shape = (Motif.ALL_BOTH,)
    motif_community(graph, int(picked[0, 0]), shape)
    found = []
    p50, p99 = _each(
        lambda at: found.append(motif_community(graph, int(picked[at, 0]), shape)),
        range(seeds),
    )
    shared = [
        len(np.intersect1d(row, each.members)) / len(np.union1d(row, each.members))
        for row, each in zip(picked, found, strict=True)
    ]
    digest = hashlib.sha256(b"".join(each.members.tobytes() for each in found)).hexdigest()
    figures = {"build_seconds": built, "p50_seconds": p50, "p99_seconds": p99,
               "overlap": float(np.mean(shared)), "conductance": float(np.mean([
                   each.conductance for each in found]))}  # fmt: skip
    return Found(figures, digest)


def otc() -> Found | None:
    """How well dense and temporal features tell Bitcoin-OTC's frauds from its honest traders.

    None where the data are absent. 180 frauds, 136 honest; the truth was derived from the ratings,
    so `auc_structure` uses who rated whom and when, never how; `auc_ratings` uses the mean rating
    received, too, and is circular: it shows what the truth is made of.
    """
    if not OTC.exists():
        return None
    network = pq.read_table(OTC / "otc_network.parquet")
    with (OTC / "otc_ground_truth.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row and row[0].strip().lstrip("-").isdigit()]
    node = np.array([int(row[0]) for row in rows])
    fraud = np.array([int(float(row[1])) == -1 for row in rows])
    columns = [network.column(at).to_numpy() for at in range(4)]
    structure, rating = _otc_features(*columns)
    figures = {}
    for name, features in (("structure", structure), ("ratings", np.c_[structure, rating])):
        scores = _out_of_fold(features[node], fraud)
        figures[f"auc_{name}"] = float(roc_auc_score(fraud, scores))
        low, high = _interval(fraud, scores)
        figures |= {f"auc_{name}_low": low, f"auc_{name}_high": high}
    return Found(figures, hashlib.sha256(structure.tobytes()).hexdigest())


def _otc_features(source, target, rating, seconds) -> tuple[NDArray, NDArray]:
    """Per node: what it takes part in and when; and the mean rating it received."""
    parties = int(max(source.max(), target.max())) + 1
    one, other = source.astype(np.int32), target.astype(np.int32)
    out, into = (np.bincount(ends, minlength=parties) for ends in (one, other))
    block = Peeling(parties)
    arrival = degree_on_arrival(other, np.zeros(parties, np.int64))
    block.insert(one, other, camouflage(arrival))
    coreness = np.empty(parties)
    coreness[block.order] = np.maximum.accumulate(block.weights) / WEIGHT_ONE
    found = leiden(adjacency(one, other, parties), Modularity(), np.random.default_rng(1))
    ends, when = np.concatenate([one, other]), np.tile(seconds.astype(np.float64), 2)
    first, last = np.full(parties, np.inf), np.full(parties, -np.inf)
    np.minimum.at(first, ends, when)
    np.maximum.at(last, ends, when)
    days = np.where(np.isfinite(first), (last - first) / 86_400, 0)
    mean = np.bincount(other, rating, parties) / np.maximum(into, 1)
    features = np.c_[
        np.log1p(out), np.log1p(into), coreness, np.log1p(days),
        np.log1p((out + into) / (days + 1)), np.log1p(found.sizes[found.label]),
        found.conductance[found.label],
    ]  # fmt: skip
    return np.nan_to_num(features), mean


def _out_of_fold(features: NDArray, label: NDArray) -> NDArray:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1_000))
    folds = StratifiedKFold(10, shuffle=True, random_state=1)
    return cross_val_predict(model, features, label, cv=folds, method="predict_proba")[:, 1]


def _interval(label: NDArray, scores: NDArray) -> tuple[float, float]:
    """A bootstrap over the parties, 2,000 draws, 95 %."""
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(len(label), np.full(len(label), 1 / len(label)), 2_000)
    bad, good = drawn[:, label], drawn[:, ~label]
    ahead = np.sign(scores[label][:, None] - scores[~label][None, :]) / 2 + 0.5
    aucs = ((bad @ ahead) * good).sum(axis=1) / (bad.sum(axis=1) * good.sum(axis=1))
    low, high = np.percentile(aucs, (2.5, 97.5)).tolist()
    return low, high

"""Bankruptcy of 3,976 real Chinese small firms, with and without the graph (SMEsD, ComRisk's data).

    python benchmarks/measures/graph_smesd.py        # every set of features, with intervals

Official split by time of bankruptcy: trained on 2014-2018 and 2019, tested on 2020-2021. Left out,
as SOURCE.md asks: the 51 firms that occur in two splits, from training; months since setup and
months before observation, which count back from the bankruptcy of the bankrupt and from the end of
2021 for the others. That more than half of the firms are bankrupt is the set's, not the world's.
Labels of neighbours enter out of fold in training (a firm's own fold is not known to its values)
and are those of the training firms in the test, so that no test label is read.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from headrace.facts.kinds import RELATION
from headrace.graph.features.measures import graph_features
from headrace.graph.relations.snapshot import Snapshot, latest
from headrace.graph.relations.statements import statements_of

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "smesd_sme_bankruptcy"
FOLDS = 5
SEEDS = 10
RESAMPLED = 2_000
HUB = 200
# Each relation is in the file in both directions; one of them is read.
MEANING = {
    "invest_CC": "owns",
    "invest_CP": "owns",
    "stakeholder": "owns",
    "supervise": "office",
    "execute": "office",
    "branch": "branch_of",
    "loan": "lends",
    "creditor": "lends",
    "deal": "supplies",
    "rent": "depends",
}
LABELLED = (
    "bad_count_1",
    "bad_count_2",
    "bad_count_3",
    "bad_share_1",
    "bad_share_2",
    "bad_share_3",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """AUC of each set of features in the test, and what the graph adds.

    Attributes:
        auc: Name of the set -> (AUC, 2.5 %, 97.5 %), of the mean of SEEDS models.
        gain: Name of the set -> the same of its AUC less the firm's alone, resampled together.
        rows: Firms in training and test.
        hash: Of the predictions.
    """

    auc: dict[str, tuple[float, float, float]]
    gain: dict[str, tuple[float, float, float]]
    rows: tuple[int, int]
    hash: str


def compared(seeds: int = SEEDS, resampled: int = RESAMPLED) -> Compared:
    """Fit and test every set of features."""
    companies = pq.read_table(FOLDER / "companies.parquet")
    ids, split = companies["company_id"].to_numpy(), np.array(companies["split"].to_pylist())
    y = companies["bankrupt"].to_numpy()
    test = np.flatnonzero(split == "test")
    train = np.flatnonzero((split != "test") & ~np.isin(ids, ids[test]))
    _, first = np.unique(ids[train], return_index=True)  # a firm of train and validate counts once
    train = train[np.sort(first)]
    own = _own(companies, ids)
    plain, labelled = _graph(ids, y, train, test)
    groups = _groups(ids, y, train, test)
    sets = {
        "firm": own,
        "firm + graph": np.hstack([own, plain, labelled]),
        "firm + graph, no labels": np.hstack([own, plain]),
        "firm + graph + industry and area": np.hstack([own, plain, labelled, groups]),
        "graph": np.hstack([plain, labelled]),
    }
    predicted = {
        name: _predicted(x[:, _told(x[train])], y, train, test, seeds) for name, x in sets.items()
    }
    auc, gain = _intervals(predicted, y[test], resampled)
    rounded = {name: np.round(values, 9).tolist() for name, values in predicted.items()}
    digest = hashlib.sha256(json.dumps(rounded, sort_keys=True).encode()).hexdigest()
    return Compared(auc, gain, (len(train), len(test)), digest)


def _own(companies: pa.Table, ids: NDArray[np.int64]) -> Floats:
    """Capital, and lawsuits by cause, court and result: how many, never when."""
    registered = companies["registered_capital_wan"].to_numpy()
    paid = companies["paid_in_capital_wan"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = [np.log1p(registered), np.log1p(paid), paid / registered]
    lawsuits = pq.read_table(FOLDER / "lawsuits.parquet")
    of = lawsuits["company_id"].to_numpy()
    for name, kinds in (("cause_type", 11), ("court_type", 4), ("result_category", 4)):
        kind = lawsuits[name].to_numpy()
        for each in range(kinds):
            count = np.bincount(of[kind == each], minlength=int(ids.max()) + 1)
            columns.append(count[ids].astype(float))
    return np.column_stack(columns)


def snapshot() -> Snapshot:
    """The relations of the file."""
    edges = pq.read_table(FOLDER / "edges.parquet")
    edges = edges.filter(pc.is_in(edges["edge_type_name"].cast(pa.string()), pa.array([*MEANING])))
    edges = edges.filter(pc.not_equal(edges["src"], edges["dst"]))
    rows = edges.num_rows
    kinds = [MEANING[name] for name in edges["edge_type_name"].to_pylist()]
    columns = {
        "id": pa.array([f"edges#{number}" for number in range(1, rows + 1)]),
        "source": pa.array(["edges"] * rows),
        "row": pa.array(range(1, rows + 1)),
        "relation": pa.array(kinds),
        "subject": edges["src"].cast(pa.string()),
        "object": edges["dst"].cast(pa.string()),
    }
    table = pa.table(
        [
            columns[field.name].cast(field.type)
            if field.name in columns
            else pa.nulls(rows, field.type)
            for field in RELATION.arrow
        ],
        schema=RELATION.arrow,
    )
    return latest(statements_of(table))


def _graph(
    ids: NDArray[np.int64], y: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Graph features without labels, and those of the labels of others."""
    seen, asked = snapshot(), [str(each) for each in ids]

    def of(bad: Sequence[int]) -> pa.Table:
        return graph_features(seen, asked, [str(ids[each]) for each in bad], HUB)

    whole = of([each for each in train if y[each]])
    names = [name for name in whole.column_names[1:] if name not in LABELLED]
    plain = _columns(whole, names)
    labelled = _columns(whole, LABELLED)
    for fold in _folds(train):
        rest = np.setdiff1d(train, fold)
        labelled[fold] = _columns(of([each for each in rest if y[each]]), LABELLED)[fold]
    labelled[test] = _columns(whole, LABELLED)[test]
    return plain, labelled


def _groups(
    ids: NDArray[np.int64], y: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64]
) -> Floats:
    """Share of bankrupt training firms in industry, area, qualification; own fold unknown."""
    table = pq.read_table(FOLDER / "hyperedges.parquet")
    known = np.full(int(ids.max()) + 1, np.nan)
    columns = []
    for kind in ("industry", "area", "qualify"):
        rows = table.filter(pc.equal(table["kind"].cast(pa.string()), kind))
        member = rows["company_id"].to_numpy()
        group = pc.dictionary_encode(rows["value"].combine_chunks()).indices.to_numpy()
        values = np.full(len(ids), np.nan)
        for asked in [*_folds(train), test]:
            known[:] = np.nan
            rest = np.setdiff1d(train, asked)
            known[ids[rest]] = y[rest]
            told = ~np.isnan(known[member])
            count = np.bincount(group[told], minlength=int(group.max()) + 1)
            bad = np.bincount(group[told], known[member][told], len(count))
            rate = (bad + 5 * y[rest].mean()) / (count + 5)  # small groups lean on the mean
            best = np.full(len(known), np.nan)
            best[member] = rate[group]
            values[asked] = best[ids[asked]]
        columns.append(values)
    return np.column_stack(columns)


def _folds(train: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return list(np.array_split(np.random.default_rng(3).permutation(train), FOLDS))


def _columns(table: pa.Table, names: Sequence[str]) -> Floats:
    return np.column_stack([pc.fill_null(table[name], np.nan).to_numpy() for name in names])


def _told(x: Floats) -> NDArray[np.bool_]:
    """Columns that have two values or more: there is no guarantee in the file, for one."""
    return np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in x.T])


def _predicted(
    x: Floats, y: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64], seeds: int
) -> Floats:
    """The mean of some boosted models that differ in their seed alone."""
    found = np.zeros(len(test))
    for seed in range(seeds):
        model = HistGradientBoostingClassifier(
            max_iter=200, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=20,
            l2_regularization=1.0, max_features=0.5, random_state=seed,
        )  # fmt: skip
        found += model.fit(x[train], y[train]).predict_proba(x[test])[:, 1] / seeds
    return found


def _intervals(
    predicted: dict[str, Floats], y: NDArray[np.int64], resampled: int
) -> tuple[dict[str, tuple[float, float, float]], dict[str, tuple[float, float, float]]]:
    """Percentile intervals of AUC and of its gain over the firm alone, from the same resamples."""
    rng = np.random.default_rng(7)
    draws: dict[str, list[float]] = {name: [] for name in predicted}
    while len(draws["firm"]) < resampled:
        rows = rng.integers(0, len(y), len(y))
        if 0 < y[rows].sum() < len(rows):
            for name, values in predicted.items():
                draws[name].append(float(roc_auc_score(y[rows], values[rows])))
    whole = {name: float(roc_auc_score(y, values)) for name, values in predicted.items()}
    auc = {name: _bounded(whole[name], np.array(draws[name])) for name in predicted}
    base = np.array(draws["firm"])
    gain = {
        name: _bounded(whole[name] - whole["firm"], np.array(draws[name]) - base)
        for name in predicted
        if name != "firm"
    }
    return auc, gain


def _bounded(value: float, draws: Floats) -> tuple[float, float, float]:
    low, high = np.percentile(draws, (2.5, 97.5)).tolist()
    return value, low, high


if __name__ == "__main__":
    result = compared()
    print(f"train {result.rows[0]:,}, test {result.rows[1]:,}, {result.hash[:16]}")
    for each, (value, low, high) in result.auc.items():
        gained = result.gain.get(each)
        told = "" if gained is None else "   gain {:+.3f} ({:+.3f} to {:+.3f})".format(*gained)
        print(f"{each:34} AUC {value:.3f} ({low:.3f} to {high:.3f}){told}")

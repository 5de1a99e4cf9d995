"""The chain map on real data: firms placed, industries of hidden firms guessed, invoices followed.

Data are looked for beside the repository and nothing is measured where they are absent: listed
firms with their main products (ChainKnowledgeGraph), the classes of GB/T 4754, and the invoices of
425 small firms (CUMCM 2020 C).

    python benchmarks/measures/graph_chain.py [--quick]
"""

import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.path.insert(0, str(Path(__file__).parents[1] / "peers"))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measures.found import DisagreementError, Found
from sklearn.feature_extraction.text import TfidfVectorizer

from headrace.adapters.chain_tables import ChainTables, read_chain, read_gbt4754
from headrace.graph.chains.industry import Declared, fit_industries, ranked
from headrace.graph.chains.markets import concentration
from headrace.graph.chains.model import ChainMap, NodeKind, top_level
from headrace.graph.chains.nearest import nearest_names
from headrace.graph.chains.placing import finder, on_chain, place_texts
from headrace.graph.chains.supply import Supply, positions, sales_dependence, total_position

SHARED = Path(__file__).parents[3] / "shared" / "data"
CHAIN = SHARED / "cn_chain_knowledge_graph"
GBT = SHARED / "gbt4754_2017_industry_codes" / "gbt4754_2017.csv"
INVOICES = SHARED / "cumcm2020c"
FOLDS = 5
NEIGHBOURS = 10
Z = 1.959963984540054


def placed(lines: int, hidden: int) -> Found | None:
    """Lines of invoices placed, and products that the map lacks put beside their kin.

    Some products that are a kind of another are taken out of the index and looked for by their
    names. Kin is the product that each is a kind of, its other kinds, and kinds of the hidden one.
    """
    if not CHAIN.is_dir():
        return None
    tables = read_chain(CHAIN)
    chain = tables.chain
    began = time.perf_counter()
    made = finder(chain)
    build = time.perf_counter() - began
    names = chain.names.take(tables.product).to_pylist()
    texts = [f"*货物*{name}" for name in names]
    texts = (texts * (lines // len(texts) + 1))[:lines]
    firm = np.resize(tables.firm, lines)
    place_texts(made, firm[:10], texts[:10], np.ones(10))  # compiles
    began = time.perf_counter()
    rows = on_chain(place_texts(made, firm, texts, np.ones(lines)))
    seconds = time.perf_counter() - began
    right, kin = _beside_kin(chain, hidden)
    digest = hashlib.sha256(rows.node.tobytes() + right.tobytes()).hexdigest()
    return Found(
        {
            "lines_per_second": lines / seconds,
            "build_seconds": build,
            "hidden_placed_share": right.size / hidden,
            "hidden_beside_kin_share": float(right.mean()),
            "hidden_beside_kin_by_chance": kin,
        },
        digest,
    )


def _beside_kin(chain: ChainMap, count: int) -> tuple[np.ndarray, float]:
    """Whether each hidden product that is placed is beside its kin; and by chance."""
    rng = np.random.default_rng(4)
    product = chain.kind == NodeKind.PRODUCT
    children = np.unique(chain.child[product[chain.child] & product[chain.parent]])
    hidden = rng.choice(children, count, replace=False)
    kept = np.setdiff1d(chain.nodes(NodeKind.PRODUCT), hidden)
    kind = np.full(len(chain.kind), NodeKind.INDUSTRY, np.int8)
    kind[kept] = NodeKind.PRODUCT
    made = finder(replace(chain, kind=kind))
    texts = chain.names.take(pa.array(hidden)).to_pylist()
    found = place_texts(made, np.arange(count, dtype=np.int32), texts, np.ones(count))
    best = on_chain(found)
    order = np.lexsort((-best.score, best.firm))
    firm, first = np.unique(best.firm[order], return_index=True)
    node = best.node[order][first]
    parents: dict[int, set[int]] = {}
    kinds: dict[int, set[int]] = {}
    for child, parent in zip(chain.child.tolist(), chain.parent.tolist(), strict=True):
        parents.setdefault(child, set()).add(parent)
        kinds.setdefault(parent, set()).add(child)
    right, by_chance = [], []
    for at, chosen in zip(firm.tolist(), node.tolist(), strict=True):
        own = parents[int(hidden[at])]
        kin = own | kinds.get(int(hidden[at]), set()) | set().union(*(kinds[p] for p in own))
        right.append(chosen in kin)
        by_chance.append(len(kin) / len(kept))
    return np.array(right), float(np.mean(by_chance))


def industries(firms_max: int) -> Found | None:
    """Firms are hidden, a fifth at a time; their industry is guessed from their product names.

    335 classes of the third level. Beside: the largest class, and the ten nearest firms by plain
    TF-IDF of pairs of characters (scikit-learn). Figures of all folds together, every firm once,
    with 95 % intervals (Wilson).
    """
    if not CHAIN.is_dir():
        return None
    tables = read_chain(CHAIN)
    known = np.intersect1d(np.flatnonzero(tables.industry_of >= 0), tables.firm)
    rng = np.random.default_rng(3)
    known = rng.permutation(known)[:firms_max]
    nodes, label = np.unique(tables.industry_of[known], return_inverse=True)
    classes = tables.chain.names.take(nodes.astype(np.int32)).to_pylist()
    widest = top_level(tables.chain)[nodes]
    ours, near, majority = (np.empty((len(known), 3), np.int64) for _ in range(3))
    sure, seconds = np.empty(len(known)), 0.0
    fold = np.arange(len(known)) % FOLDS
    for number in range(FOLDS):
        hidden, seen = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        began = time.perf_counter()
        model = fit_industries(_of(tables, known[seen]), label[seen].astype(np.int32), classes)
        scores = model.scores(_of(tables, known[hidden]))
        seconds += time.perf_counter() - began
        ours[hidden] = ranked(scores, 3)
        sure[hidden] = model.confidence(scores)
        near[hidden] = _neighbours(tables, known[seen], known[hidden], label[seen], len(classes))
        count = np.bincount(label[seen], minlength=len(classes))
        majority[hidden] = np.argsort(-count, kind="stable")[:3]
    figures = {"firms": float(len(known)), "classes": float(len(classes)), "seconds": seconds}
    for who, guess in (("", ours), ("knn_", near), ("majority_", majority)):
        figures |= _accuracy(who, guess == label[:, None])
    right = ours[:, 0] == label
    certain = sure >= np.quantile(sure, 0.8)
    figures["sector_accuracy_1"] = float((widest[ours[:, 0]] == widest[label]).mean())
    figures["accuracy_1_of_surest_fifth"] = float(right[certain].mean())
    figures["calibration_gap"] = _gap(sure, right)
    return Found(figures, hashlib.sha256(ours.tobytes()).hexdigest())


def _gap(confidence: np.ndarray, right: np.ndarray) -> float:
    """Mean distance, over ten equal groups, of what was said and what came true."""
    groups = np.array_split(np.argsort(confidence, kind="stable"), 10)
    return float(np.mean([abs(confidence[at].mean() - right[at].mean()) for at in groups]))


def _of(tables: ChainTables, firms: np.ndarray) -> Declared:
    at = np.full(len(tables.firm_codes), -1, np.int32)
    at[firms] = np.arange(len(firms))
    rows = np.flatnonzero(at[tables.firm] >= 0)
    names = tables.chain.names.take(tables.product[rows]).to_pylist()
    return Declared(len(firms), at[tables.firm[rows]], names, tables.share[rows])


def _neighbours(tables, seen, hidden, label, classes) -> np.ndarray:
    """The ten nearest firms vote with their cosines."""
    texts = []
    for firms in (seen, hidden):
        declared = _of(tables, firms)
        words: list[list[str]] = [[] for _ in firms]
        for firm, name in zip(declared.firm.tolist(), declared.products, strict=True):
            words[firm].append(name)
        texts.append(["|".join(each) for each in words])
    plain = TfidfVectorizer(analyzer="char", ngram_range=(2, 2))
    table = plain.fit_transform(texts[0])
    alike = (plain.transform(texts[1]) @ table.T).toarray()
    best = np.argsort(-alike, axis=1, kind="stable")[:, :NEIGHBOURS]
    votes = np.zeros((len(hidden), classes))
    for at in range(NEIGHBOURS):
        rows = np.arange(len(hidden))
        np.add.at(votes, (rows, label[best[:, at]]), alike[rows, best[:, at]])
    return ranked(votes, 3)


def _accuracy(who: str, right: np.ndarray) -> dict[str, float]:
    found = {}
    for count in (1, 3):
        rate, n = right[:, :count].any(1).mean(), len(right)
        middle = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * np.sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        name = f"{who}accuracy_{count}"
        found |= {
            name: float(rate),
            f"{name}_low": float(middle - half),
            f"{name}_high": float(middle + half),
        }
    return found


def standard_classes() -> Found | None:
    """GB/T 4754: a class is looked for by its official description, its name alone being indexed.

    No firms with official codes were at hand; this says how far words alone lead. Beside: the
    same by scikit-learn's TF-IDF of characters and pairs.
    """
    if not GBT.is_file():
        return None
    chain, described = read_gbt4754(GBT)
    codes = chain.codes.to_pylist()
    classes = [at for at, code in enumerate(codes) if len(code) == 4]
    names = chain.names.take(pa.array(classes)).to_pylist()
    asked = [at for at, node in enumerate(classes) if described[node]]
    texts = [described[classes[at]] for at in asked]
    best, _ = nearest_names(names).find(texts, 3)
    right = best == np.array(asked)[:, None]
    plain = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), binary=True)
    alike = (plain.fit_transform(names) @ plain.transform(texts).T).toarray().T
    peer = np.argsort(-alike, axis=1, kind="stable")[:, :3] == np.array(asked)[:, None]
    figures = {"asked": float(len(asked)), "classes": float(len(names))}
    return Found(figures | _accuracy("", right) | _accuracy("sklearn_", peer),
                 hashlib.sha256(best.tobytes()).hexdigest())  # fmt: skip


def invoices(cores: int) -> Found | None:
    """425 small firms: how much of their sales goes to the customers that most of them share.

    Codes of customers and suppliers are of four spaces that do not meet, so chains here are two
    steps long: customer, firm, supplier.
    """
    if not INVOICES.is_dir():
        return None
    began = time.perf_counter()
    supply, names, firms = _trade()
    read = time.perf_counter() - began
    sold = np.isin(supply.supplier, firms)
    partners = np.bincount(supply.customer[sold], minlength=supply.firms)
    largest = np.argsort(-partners, kind="stable")[:cores].astype(np.int32)
    began = time.perf_counter()
    found = positions(supply, largest)
    sales, _, count = total_position(found, supply.firms)
    customers, _ = concentration(supply)
    seconds = time.perf_counter() - began
    direct = sales_dependence(supply, largest).direct.sum(1)
    if (direct > sales + 1e-9).any():
        raise DisagreementError("chain: a firm depends more at once than in all")
    own = customers[firms]
    return Found(
        {
            "read_seconds": read,
            "seconds": seconds,
            "parties": float(len(names)),
            "edges": float(len(supply.amount)),
            "firms_tied": float((count[firms] > 0).sum()),
            "second_tier_tied": float((count > 0).sum() - (count[firms] > 0).sum()),
            "sales_to_shared_mean": float(np.mean(sales[firms])),
            "half_sold_to_shared": float((sales[firms] > 0.5).sum()),
            "customer_herfindahl_median": float(np.nanmedian(own)),
            "one_customer_over_half": float((own > 0.5).sum()),
        },
        hashlib.sha256(np.rint(sales * 1e9).astype(np.int64).tobytes()).hexdigest(),
    )


def _trade() -> tuple[Supply, pa.Array, np.ndarray]:
    """Valid invoices net of red letters, per pair; pairs that net to nothing are not there."""
    sides = []
    for part in ("a1", "a2"):
        for side, other in (("output", "购方单位代号"), ("input", "销方单位代号")):
            table = pq.read_table(INVOICES / f"{part}_{side}_invoices.parquet")
            valid = pc.equal(pc.utf8_trim_whitespace(table["发票状态"]), "有效发票")
            table = table.filter(valid)
            pair = [table["企业代号"], table[other]]
            seller, buyer = pair if side == "output" else pair[::-1]
            sides.append(pa.table({"seller": seller, "buyer": buyer, "amount": table["金额"]}))
    rows = pa.concat_tables(sides).group_by(["seller", "buyer"]).aggregate([("amount", "sum")])
    rows = rows.filter(pc.greater(rows["amount_sum"], 0.005)).sort_by(
        [("seller", "ascending"), ("buyer", "ascending")]
    )
    both = pa.chunked_array([*rows["seller"].chunks, *rows["buyer"].chunks])
    names = pc.unique(both)
    seller, buyer = (
        pc.index_in(rows[name], value_set=names).to_numpy().astype(np.int32)
        for name in ("seller", "buyer")
    )
    amount = np.rint(rows["amount_sum"].to_numpy() * 100)
    firms = np.flatnonzero(pc.starts_with(names, "E").to_numpy(zero_copy_only=False))
    return Supply(len(names), seller, buyer, amount), names, firms


def main() -> None:
    """Print every figure."""
    quick = "--quick" in sys.argv
    for name, found in (
        ("placed", placed(5_000 if quick else 500_000, 200 if quick else 5_000)),
        ("industries", industries(600 if quick else 10_000)),
        ("standard_classes", standard_classes()),
        ("invoices", invoices(5 if quick else 50)),
    ):
        if found is None:
            print(name, "the data are absent")
            continue
        print(name, {key: float(f"{value:.4g}") for key, value in found.figures.items()},
              found.hash[:16])  # fmt: skip


if __name__ == "__main__":
    main()

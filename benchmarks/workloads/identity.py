"""Identity workloads said once, for us and for Splink: what is compared, and what is true.

Everything that shapes accuracy is here and is the same for both: comparisons and their thresholds,
blocking rules, the rules that give the prior and the recall they are said to have, the training
rules, the number of random pairs, and the grid of thresholds of which each engine's best is taken.
"""

import gzip
import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

DATA = Path(__file__).parents[2].parent / "shared" / "data"
THRESHOLDS = (-2.0, 0.0, 2.0, 4.25, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0)
"""Bits of evidence: 0 is even odds, 4.25 is a probability of 0.95."""


@dataclass(frozen=True)
class Compared:
    """One field: `measure` is equality, jaro_winkler or edits; thresholds from the strictest."""

    field: str
    measure: str = "equality"
    thresholds: tuple[float, ...] = ()
    by_frequency: bool = False


@dataclass(frozen=True)
class Workload:
    """A table with a truth, and how to resolve it. A rule is (field, first characters or 0) parts.

    Attributes:
        name: What results are filed under.
        table: id, truth, the fields, and `source` where two sources are linked.
        between: Whether only records of different sources are compared, each known once.
    """

    name: str
    table: pa.Table
    compared: tuple[Compared, ...]
    rules: tuple[tuple[tuple[str, int], ...], ...]
    certain: tuple[tuple[tuple[str, int], ...], ...]
    recall: float
    training: tuple[tuple[tuple[str, int], ...], ...]
    between: bool = False
    sample_pairs: int = 1_000_000

    def spec(self) -> dict[str, Any]:
        """Everything but the table, for a peer in another environment."""
        plain = {k: v for k, v in vars(self).items() if k not in ("table", "compared")}
        return plain | {"compared": [asdict(each) for each in self.compared]}


def rule(*parts: str) -> tuple[tuple[str, int], ...]:
    """`rule("surname", "dob:4")`: fields, with how many characters of them count."""
    split = (part.partition(":") for part in parts)
    return tuple((name, int(first or 0)) for name, _, first in split)


def historical(rows: int = 0) -> Workload:
    """Splink's 50,578 historical persons; some of their clusters where `rows` is given."""
    path = DATA / "splink_datasets" / "historical_figures_with_errors_50k.parquet"
    table = pq.read_table(path).replace_schema_metadata(None)
    table = table.rename_columns({"unique_id": "id", "cluster": "truth"})
    table = table.slice(0, rows or table.num_rows)
    near = (0.92, 0.88, 0.7)
    return Workload(
        "historical_50k",
        table,
        (
            Compared("first_name", "jaro_winkler", near, by_frequency=True),
            Compared("surname", "jaro_winkler", near, by_frequency=True),
            Compared("dob", "edits", (1, 2)),
            Compared("postcode_fake", "edits", (1, 2)),
            Compared("birth_place", by_frequency=True),
            Compared("occupation", by_frequency=True),
        ),
        (
            rule("first_name:3", "surname:4"),
            rule("surname", "dob"),
            rule("first_name", "dob"),
            rule("postcode_fake", "first_name"),
            rule("postcode_fake", "surname"),
            rule("dob", "birth_place"),
            rule("postcode_fake:3", "dob"),
            rule("postcode_fake:3", "first_name"),
            rule("postcode_fake:3", "surname"),
            rule("first_name:2", "surname:2", "dob:4"),
        ),
        (rule("first_name", "surname", "dob"), rule("postcode_fake", "dob", "surname")),
        0.6,
        (rule("first_name", "surname"), rule("dob")),
    )


def febrl4(rows: int = 0) -> Workload:
    """FEBRL's 5,000 originals and a duplicate of each, between two sources."""
    tables = [_febrl(name) for name in ("dataset4a", "dataset4b")]
    table = pa.concat_tables(tables)
    if rows:
        table = table.filter(pc.less(pc.cast(table["truth"], pa.int64()), rows))
    near = (0.92, 0.88)
    return Workload(
        "febrl4",
        table,
        (
            Compared("given_name", "jaro_winkler", near, by_frequency=True),
            Compared("surname", "jaro_winkler", near, by_frequency=True),
            Compared("date_of_birth", "edits", (1, 2)),
            Compared("soc_sec_id", "edits", (1, 2)),
            Compared("street_number"),
            Compared("address_1", "jaro_winkler", near),
            Compared("suburb", "jaro_winkler", near),
            Compared("postcode", "edits", (1,), by_frequency=True),
        ),
        (
            rule("given_name", "surname"),
            rule("date_of_birth"),
            rule("soc_sec_id"),
            rule("state", "address_1"),
            rule("street_number", "address_1"),
            rule("postcode", "surname:3"),
            rule("postcode", "given_name:3"),
        ),
        (rule("soc_sec_id"), rule("given_name", "surname", "date_of_birth")),
        0.8,
        (rule("date_of_birth"), rule("postcode")),
        between=True,
    )


def _febrl(name: str) -> pa.Table:
    raw = gzip.decompress((DATA / "febrl" / f"{name}.csv.gz").read_bytes()).decode()
    lines = "\n".join(",".join(c.strip() for c in line.split(",")) for line in raw.splitlines())
    names = lines.split("\n", 1)[0].split(",")
    convert = pv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    table = pv.read_csv(io.BytesIO(lines.encode()), convert_options=convert)
    truth = pc.list_element(pc.split_pattern(table["rec_id"], "-"), 1)
    table = table.rename_columns({"rec_id": "id"}).append_column("truth", truth)
    return table.append_column("source", pa.array([name] * table.num_rows))


def codes_of(table: pa.Table, column: str) -> Any:
    """A column as whole numbers."""
    return table[column].combine_chunks().dictionary_encode().indices.to_numpy()


def true_pairs(truth: Any) -> int:
    """How many pairs of records are one party."""
    sizes = np.bincount(np.asarray(truth)).astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def cluster_f1(truth: Any, cluster: Any) -> dict[str, float]:
    """Pairwise precision, recall and F1 of a partition."""
    truth, cluster = np.asarray(truth, np.int64), np.asarray(cluster, np.int64)
    both = np.unique(cluster * (int(truth.max(initial=0)) + 1) + truth, return_counts=True)[1]
    right = int((both.astype(np.int64) * (both - 1) // 2).sum())
    sizes = np.bincount(cluster).astype(np.int64)
    found = int((sizes * (sizes - 1) // 2).sum())
    precision = right / found if found else 1.0
    recall = right / max(true_pairs(truth), 1)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}

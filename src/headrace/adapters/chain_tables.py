"""A chain from tables on disk: ChainKnowledgeGraph's files, and the classes of GB/T 4754.

    company.jsonl.gz industry.jsonl.gz industry_industry.jsonl.gz industry_up.jsonl.gz
    company_industry.jsonl.gz product.jsonl.gz company_product.parquet product_product.parquet

Rows that cannot be used go to quarantine with file, row, column, value and reason; no other row is
lost for them.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.errors import InputError
from headrace.graph.chains.model import ChainMap, Floats, Ints, NodeKind

QUARANTINE = pa.schema(
    {"file": pa.string(), "row": pa.int64(), "column": pa.string(), "value": pa.string(),
     "reason": pa.string()}
)  # fmt: skip
INPUT_OF, MADE_INTO, KIND_OF = "上游材料", "下游产品", "产品小类"


@dataclass(frozen=True)
class ChainTables:
    """What the files say.

    Attributes:
        chain: The map: products and industries.
        firm_codes: Exchange codes without suffix, six digits.
        firm_names: Short names; null where only another table knows the firm.
        industry_of: int32 (firms,): node of the firm's industry, -1: not stated.
        firm: int32 (m,): who declares a product; with `product`, its node, and `share`, of revenue.
        product: See firm.
        share: See firm.
        quarantine: Rows not used: file, row (from 1), column, value, reason.
    """

    chain: ChainMap
    firm_codes: pa.StringArray
    firm_names: pa.StringArray
    industry_of: Ints
    firm: Ints
    product: Ints
    share: Floats
    quarantine: pa.Table


@dataclass
class _Reading:
    """What has been read: codes in the order of appearance, edges, and rows set aside."""

    folder: Path
    products: dict[str, int] = field(default_factory=dict)
    industries: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    codes: list[str | None] = field(default_factory=list)
    firms: dict[str, int] = field(default_factory=dict)
    firm_names: list[str | None] = field(default_factory=list)
    inputs: dict[tuple[int, int], float] = field(default_factory=dict)
    levels: dict[tuple[int, int], None] = field(default_factory=dict)
    declared: dict[tuple[int, int], float] = field(default_factory=dict)
    industry_of: dict[int, int] = field(default_factory=dict)
    aside: list[tuple[str, int, str, str, str]] = field(default_factory=list)

    def product(self, name: str) -> int:
        """The node of a product, new if need be."""
        name = name.strip()
        at = self.products.setdefault(name, len(self.names))
        if at == len(self.names):
            self.names.append(name)
            self.codes.append(None)
        return at

    def industry(self, code: str, name: str) -> int:
        """The node of an industry, new if need be."""
        at = self.industries.setdefault(code, len(self.names))
        if at == len(self.names):
            self.names.append(name)
            self.codes.append(code)
        return at

    def firm(self, code: str, name: str | None) -> int:
        """The firm with a code, with or without the suffix of its exchange, new if need be."""
        at = self.firms.setdefault(code[:6], len(self.firms))
        if at == len(self.firm_names):
            self.firm_names.append(name)
        return at

    def lines(self, file: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows of JSON, from 1; a line that is none is set aside."""
        for row, line in enumerate(self.texts(file), start=1):
            try:
                found = json.loads(line)
            except (RecursionError, ValueError):
                found = None
            if isinstance(found, dict):
                yield row, found
            else:
                self.refuse(file, row, ("", line.strip()[:200]), "not a line of JSON")

    def texts(self, file: str) -> list[str]:
        """Lines of a compressed text."""
        path = self.path(file)
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                return list(lines)
        except (EOFError, OSError, UnicodeError, zlib.error) as error:
            raise _damaged(path, error) from error

    def rows(self, file: str, wanted: list[str]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Rows of a Parquet file, from 1."""
        path = self.path(file)
        try:
            table = pq.ParquetFile(path).read()
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        missing = [name for name in wanted if name not in table.column_names]
        if missing:
            raise InputError(
                f"no column {missing[0]}", where=str(path), remedy=f"columns {', '.join(wanted)}"
            )
        yield from enumerate(zip(*(table[n].to_pylist() for n in wanted), strict=True), start=1)

    def path(self, file: str) -> Path:
        """A file of the folder that is there."""
        path = self.folder / file
        if not path.is_file():
            raise InputError(
                f"{file} is not there", where=str(self.folder), remedy="the eight files of a chain"
            )
        return path

    def refuse(self, file: str, row: int, cell: tuple[str, object], reason: str) -> None:
        """Set a row aside."""
        self.aside.append((file, row, cell[0], str(cell[1]), reason))


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"the file cannot be read: {error}", where=str(path), remedy="fetch the chain map again"
    )


def read_chain(folder: Path) -> ChainTables:
    """Read a folder of ChainKnowledgeGraph.

    Set aside are: a share outside 0..1 (revenue negative or eliminated), a second row of the same
    firm and product or of the same edge, an edge from a product to itself, a second row of an
    industry, an input whose name is that of no industry or of several, a code that is not six
    digits. Products that only an edge or a firm names are nodes, too, and so are industries that
    only a firm belongs to.

    Raises:
        InputError: A file or a column is missing.
    """
    reading = _Reading(folder)
    _read_nodes(reading)
    _read_declared(reading)
    _read_product_edges(reading)
    _read_industry_edges(reading)
    kind = np.full(len(reading.names), NodeKind.PRODUCT, np.int8)
    kind[list(reading.industries.values())] = NodeKind.INDUSTRY
    belongs = np.full(len(reading.firms), -1, np.int32)
    belongs[list(reading.industry_of)] = list(reading.industry_of.values())
    chain = ChainMap(
        pa.array(reading.names, pa.string()), pa.array(reading.codes, pa.string()), kind,
        *_ends(reading.inputs), np.array(list(reading.inputs.values()), np.float64),
        *_ends(reading.levels),
    )  # fmt: skip
    return ChainTables(
        chain, pa.array(list(reading.firms), pa.string()),
        pa.array(reading.firm_names, pa.string()), belongs, *_ends(reading.declared),
        np.array(list(reading.declared.values()), np.float64),
        pa.Table.from_pylist(
            [dict(zip(QUARANTINE.names, each, strict=True)) for each in reading.aside], QUARANTINE
        ),
    )  # fmt: skip


def _read_nodes(reading: _Reading) -> None:
    """Firms, products and industries; to which industry a firm belongs."""
    for row, line in reading.lines("company.jsonl.gz"):
        code = str(line.get("code") or "")
        if code[:6].isdigit() and len(code) >= 6:
            reading.firm(code, line.get("name"))
        else:
            reading.refuse("company.jsonl.gz", row, ("code", code), "not a code of six digits")
    for row, line in reading.lines("product.jsonl.gz"):
        name = str(line.get("name") or "").strip()
        if name:
            reading.product(name)
        else:
            reading.refuse("product.jsonl.gz", row, ("name", name), "no name")
    for row, line in reading.lines("industry.jsonl.gz"):
        code = str(line.get("code") or "")
        if code in reading.industries:
            reading.refuse("industry.jsonl.gz", row, ("code", code), "a second row of the code")
        else:
            reading.industry(code, str(line.get("name")))
    file = "company_industry.jsonl.gz"
    for row, line in reading.lines(file):
        code, name = (str(line.get(f"industry_{each}") or "") for each in ("code", "name"))
        if not code or not name:
            reading.refuse(file, row, ("industry_code", code), "no code or no name of an industry")
            continue
        of = str(line.get("company_code") or "")
        if not of:
            reading.refuse(file, row, ("company_code", of), "no code of a firm")
            continue
        node = reading.industry(code, name)
        firm = reading.firm(of, line.get("company_name"))
        reading.industry_of.setdefault(firm, node)


def _read_declared(reading: _Reading) -> None:
    file = "company_product.parquet"
    wanted = ["company_code", "product", "weight"]
    for row, (code, product, share) in reading.rows(file, wanted):
        if not code or not product:
            reading.refuse(file, row, ("company_code", code), "no firm or no product")
            continue
        firm = reading.firm(code, None)
        if share is not None and not 0 <= share <= 1:
            reading.refuse(file, row, ("weight", share), "a share of revenue outside 0..1")
            continue
        pair = firm, reading.product(product)
        if pair in reading.declared:
            reading.refuse(file, row, ("product", product), "a second row of firm and product")
            continue
        reading.declared[pair] = np.nan if share is None else share


def _read_product_edges(reading: _Reading) -> None:
    file = "product_product.parquet"
    wanted = ["from_product", "to_product", "rel"]
    for row, (tail, head, relation) in reading.rows(file, wanted):
        one, other = reading.product(tail), reading.product(head)
        if one == other:
            reading.refuse(file, row, ("to_product", head), "an edge from a product to itself")
        elif relation == KIND_OF:  # the second is a kind of the first
            if (other, one) in reading.levels:
                reading.refuse(file, row, ("to_product", head), "a second row of the edge")
            reading.levels[other, one] = None
        elif relation in (INPUT_OF, MADE_INTO):
            pair = (one, other) if relation == INPUT_OF else (other, one)
            if pair in reading.inputs:
                reading.refuse(file, row, ("to_product", head), "a second row of the edge")
            reading.inputs[pair] = 1.0
        else:
            reading.refuse(file, row, ("rel", relation), "not a relation that is known")


def _read_industry_edges(reading: _Reading) -> None:
    """Levels by code; inputs by name, which in a classification is unique within its files."""
    file = "industry_industry.jsonl.gz"
    for row, line in reading.lines(file):
        pair = [reading.industries.get(str(line.get(each))) for each in ("from_code", "to_code")]
        if pair[0] is None or pair[1] is None:
            reading.refuse(file, row, ("from_code", line.get("from_code")), "no such industry")
        else:
            reading.levels[pair[0], pair[1]] = None
    named: dict[str, list[int]] = {}
    for at in reading.industries.values():
        named.setdefault(reading.names[at], []).append(at)
    file = "industry_up.jsonl.gz"
    for row, line in reading.lines(file):
        users = named.get(str(line.get("industry")), [])
        for name, support in dict(line.get("ups") or {}).items():
            inputs = named.get(name, [])
            if len(users) != 1 or len(inputs) != 1:
                cell = ("ups", f"{line.get('industry')} <- {name}")
                reading.refuse(file, row, cell, "the name of no industry, or of several")
            elif users[0] != inputs[0]:  # an industry that buys from itself is no step upstream
                reading.inputs[users[0], inputs[0]] = float(support)


def _ends(pairs: dict[tuple[int, int], Any]) -> tuple[Ints, Ints]:
    both = np.array(list(pairs), np.int32).reshape(-1, 2)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])


def read_gbt4754(path: Path) -> tuple[ChainMap, list[str]]:
    """GB/T 4754-2017 as a map of industries: sections, divisions, groups and classes.

    Args:
        path: CSV with section, level, code, parent, name, description.

    Returns:
        The map, with subclass edges only, and of each node the description, often empty.

    Raises:
        InputError: A column is missing, or a row names a parent that is not there.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = {"code", "parent", "name", "description"}
    if not rows or not wanted <= set(rows[0]):
        raise InputError("a column is missing", where=str(path), remedy=", ".join(sorted(wanted)))
    at = {row["code"]: number for number, row in enumerate(rows)}
    lost = [row for row in rows if row["parent"] and row["parent"] not in at]
    if lost:
        raise InputError(
            f"no row of code {lost[0]['parent']}",
            where=f"{path}, code {lost[0]['code']}",
            remedy="a row for every parent",
        )
    pairs = {(at[row["code"]], at[row["parent"]]): None for row in rows if row["parent"]}
    none = np.empty(0, np.int32)
    chain = ChainMap(
        pa.array([row["name"] for row in rows], pa.string()), pa.array(list(at), pa.string()),
        np.full(len(rows), NodeKind.INDUSTRY, np.int8), none, none, np.empty(0), *_ends(pairs),
    )  # fmt: skip
    return chain, [row["description"] for row in rows]

"""Contracts in columns: a table or mappings are read once, and every stage asks for a column.

A value that cannot be read is a `Refusal` of that one contract: a batch never loses the rest.
"""

from collections.abc import Container, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.contracts.actus.kernels import NEVER
from headrace.contracts.actus.terms import (
    ALIASES,
    CLAIMS,
    TERMS,
    Kind,
    Record,
    Refusal,
    Term,
    parse_value,
    wanted,
)

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Lists:
    """A list for each contract: those of contract c are at `at[c]` to `at[c + 1]`."""

    at: Longs
    values: Any

    def count(self) -> Longs:
        """int64 (n,): how long each list is."""
        return np.diff(self.at)


@dataclass(frozen=True)
class Texts:
    """A text for each contract: `values[codes[c]]`, or none where the code is -1."""

    codes: Longs
    values: list[str]

    def of(self, row: int) -> str:
        """The text of one contract, empty where it has none."""
        code = int(self.codes[row])
        return self.values[code] if code >= 0 else ""


MISSING: dict[Kind, Any] = {
    Kind.NUMBER: np.nan,
    Kind.TIME: NEVER,
    Kind.CYCLE: (-1, 0, 0),
    Kind.CHOICE: -1,
}


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _hashable(value: object) -> Hashable:
    """The value itself, or a text that no term can be read from."""
    return value if isinstance(value, Hashable) else repr(value)


def _encoded(term: Term, values: Sequence[object]) -> tuple[Any, list[int]]:
    """A column of values, each read once however often it is said, and where one is wrong."""
    codes: dict[object, int] = {}
    where = [codes.setdefault(value, len(codes)) for value in values]
    read: list[Any] = []
    wrong: set[int] = set()
    missing = MISSING.get(term.kind)
    for value, code in codes.items():
        if _absent(value):
            read.append(missing)
            continue
        try:
            read.append(parse_value(term, value))
        except ValueError:
            read.append(missing)
            wrong.add(code)
    rows = np.array(where, np.int64)
    bad = np.flatnonzero(np.isin(rows, list(wrong))).tolist() if wrong else []
    if term.kind is Kind.TEXT:
        known = [number for number, text in enumerate(read) if text is not None]
        numbers = np.full(len(read), -1, np.int64)
        numbers[known] = np.arange(len(known))
        return Texts(numbers[rows], [read[number] for number in known]), bad
    kind = np.float64 if term.kind is Kind.NUMBER else np.int64
    column = np.array(read, kind)
    return (column.reshape(-1, 3) if term.kind is Kind.CYCLE else column)[rows], bad


def _flat(values: Sequence[object]) -> tuple[list[object], Longs]:
    """Lists end to end; a value that is no list is a list of one."""
    lists = [
        list(each)
        if isinstance(each, list | tuple | np.ndarray)
        else []
        if _absent(each)
        else [each]
        for each in values
    ]
    return [value for each in lists for value in each], np.cumsum([0, *map(len, lists)])


def read_values(term: Term, values: Sequence[object]) -> tuple[Any, list[int]]:
    """A column of one term, and the rows whose values are wrong."""
    if term.kind is Kind.STRUCTURE:
        bad = [
            row
            for row, value in enumerate(values)
            if not _absent(value)
            and not (isinstance(value, list) and all(isinstance(each, dict) for each in value))
        ]
        return list(values), bad
    if not term.many:
        return _encoded(term, [_hashable(value) for value in values])
    flat, at = _flat(values)
    column, wrong = _encoded(term, [_hashable(value) for value in flat])
    rows = np.searchsorted(at, wrong, side="right") - 1
    return Lists(at.astype(np.int64), column), sorted(set(rows.tolist()))


def read_arrow(term: Term, column: pa.ChunkedArray | pa.Array) -> tuple[Any, list[int]]:
    """`read_values` of an Arrow column, without a Python value a row where its type allows."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if term.many and pa.types.is_list(array.type):
        counts = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        at = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        flat, wrong = read_arrow(replace(term, many=False), array.flatten())
        rows = np.searchsorted(at, wrong, side="right") - 1
        return Lists(at, flat), sorted(set(rows.tolist()))
    if term.many or term.kind is Kind.STRUCTURE:
        return read_values(term, array.to_pylist())
    kind = array.type
    if term.kind is Kind.NUMBER and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        found = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        said = ~array.is_null().to_numpy(zero_copy_only=False)
        wrong = said & ~(np.isfinite(found) & (found >= 0 if term.positive else True))
        return found, np.flatnonzero(wrong).tolist()
    if term.kind is Kind.TIME and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            return np.full(len(array), NEVER), list(range(len(array)))
        seconds = array.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        return pc.fill_null(seconds, NEVER).to_numpy(zero_copy_only=False), []
    coded = array if pa.types.is_dictionary(kind) else pc.dictionary_encode(array)
    column_of, wrong = read_values(term, [*coded.dictionary.to_pylist(), None])
    rows = pc.fill_null(coded.indices.cast(pa.int64()), len(coded.dictionary))
    where = rows.to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(np.isin(where, wrong)).tolist() if wrong else []
    if isinstance(column_of, Texts):
        return Texts(column_of.codes[where], column_of.values), bad
    return column_of[where], bad


@dataclass
class Book:
    """Contracts in columns, one row a contract.

    Attributes:
        size: How many contracts.
        columns: By term: float64, NaN where missing; times as int64 seconds, NEVER where missing;
            choices as int64 numbers among the choices, -1 where missing; cycles as int64 (n, 3)
            of months, days and whether the stub is long, months -1 where missing; `Texts`;
            `Lists` of any of these; structures as a list.
        refusals: What is wrong, the first thing of each contract.
    """

    size: int
    columns: dict[str, Any]
    refusals: dict[int, Refusal] = field(default_factory=dict)

    @classmethod
    def read(cls, contracts: "pa.Table | Sequence[Record]") -> "Book":
        """Read a table with a column a term, or one mapping a contract."""
        if isinstance(contracts, pa.Table):
            return cls._of_table(contracts)
        book = cls(len(contracts), {})
        names = dict.fromkeys(name for each in contracts for name in each)
        for name in names:
            values = [each.get(name) for each in contracts]
            term = TERMS.get(ALIASES.get(name, name))
            if term is None:
                book._unknown(name, values)
            else:
                column, bad = read_values(term, values)
                book._add(name, column, [(row, values[row]) for row in bad])
        return book._named()

    @classmethod
    def _of_table(cls, table: pa.Table) -> "Book":
        book = cls(table.num_rows, {})
        for name in table.column_names:
            term = TERMS.get(ALIASES.get(name, name))
            if term is None:
                book._unknown(name, table.column(name).to_pylist())
            else:
                column, bad = read_arrow(term, table.column(name))
                book._add(name, column, [(row, table.column(name)[row].as_py()) for row in bad])
        return book._named()

    def _unknown(self, name: str, values: Sequence[object]) -> None:
        for row, value in enumerate(values):
            if not _absent(value):
                self.refuse(
                    row, name, "is not a term of the ACTUS dictionary", "Take it out.", value
                )

    def _add(self, name: str, column: Any, wrong: Sequence[tuple[int, object]]) -> None:
        own = ALIASES.get(name, name)
        self.columns[own] = column
        for row, value in wrong:
            problem = f"{own} cannot be read"
            self.refuse(row, own, problem, f"Give {wanted(TERMS[own])}.", value)

    def _named(self) -> "Book":
        """Refusals with the contract's own name, known once all columns are read."""
        names = self.texts("contractID")
        self.refusals = {
            row: Refusal(row, names.of(row), each.term, each.value, each.problem, each.remedy)
            for row, each in self.refusals.items()
        }
        return self

    def refuse(self, row: int, term: str, problem: str, remedy: str, value: object = None) -> None:
        """Keep the first thing that is wrong with a contract."""
        if row not in self.refusals:
            name = self.texts("contractID").of(row)
            said = "" if value is None else str(value)
            self.refusals[row] = Refusal(row, name, term, said, problem, remedy)

    def numbers(self, name: str, default: float = np.nan) -> Floats:
        """float64 (n,), the default where the term is missing."""
        found = self.columns.get(name)
        if found is None:
            return np.full(self.size, default)
        return found if np.isnan(default) else np.where(np.isnan(found), default, found)

    def times(self, name: str) -> Longs:
        """int64 (n,) seconds, NEVER where the term is missing."""
        found = self.columns.get(name)
        return np.full(self.size, NEVER, np.int64) if found is None else found

    def cycles(self, name: str) -> Longs:
        """int64 (n, 3): months (-1 where missing), days, whether the stub is long."""
        found = self.columns.get(name)
        return np.tile(np.array([-1, 0, 0], np.int64), (self.size, 1)) if found is None else found

    def choices(self, name: str) -> Longs:
        """int64 (n,): the number among the choices; where missing, 0 if defaulted, else -1."""
        found = self.columns.get(name)
        found = np.full(self.size, -1, np.int64) if found is None else found
        return np.where(found < 0, 0, found) if TERMS[name].defaulted else found

    def texts(self, name: str) -> Texts:
        """A text a contract."""
        found = self.columns.get(name)
        return (
            Texts(np.full(self.size, -1, np.int64), []) if found is None else cast("Texts", found)
        )

    def lists(self, name: str) -> Lists:
        """A list a contract, empty where the term is missing."""
        found = self.columns.get(name)
        if found is not None:
            return cast("Lists", found)
        term = TERMS[name]
        shape = (0, 3) if term.kind is Kind.CYCLE else (0,)
        kind = np.float64 if term.kind is Kind.NUMBER else np.int64
        return Lists(np.zeros(self.size + 1, np.int64), np.empty(shape, kind))

    def structures(self) -> list[Any]:
        """What each contract is composed of, or None."""
        return cast("list[Any]", self.columns.get("contractStructure", [None] * self.size))

    def kinds(self) -> Longs:
        """int64 (n,): the contract type, by number."""
        return self.choices("contractType")

    def signs(self) -> Floats:
        """float64 (n,): 1 for a claim, -1 for an obligation (specification 1.1, section 3.7)."""
        return np.where(self.choices("contractRole") < CLAIMS, 1.0, -1.0)

    def records(self, rows: Longs) -> list[dict[str, Any]]:
        """What some contracts say: numbers, seconds, (months, days, stub), words; no lists."""
        found: list[dict[str, Any]] = [{} for _ in rows]
        for name, column in self.columns.items():
            term = TERMS[name]
            if term.many:
                continue
            some = _taken(column, rows)
            if isinstance(some, Texts):
                values = [some.values[code] if code >= 0 else None for code in some.codes.tolist()]
            elif isinstance(some, list):
                values = some
            else:
                missing = MISSING[term.kind]
                first = some[:, 0] if term.kind is Kind.CYCLE else some
                none = np.isnan(some) if term.kind is Kind.NUMBER else first == np.ravel(missing)[0]
                values = [None if gone else v for v, gone in zip(some.tolist(), none, strict=True)]
            for record, value in zip(found, values, strict=True):
                if value is None:
                    continue
                if term.kind is Kind.CYCLE:
                    record[name] = tuple(value)
                else:
                    record[name] = term.choices[value] if term.kind is Kind.CHOICE else value
        return found

    def record(self, row: int) -> dict[str, Any]:
        """What one contract says, as `records`."""
        return self.records(np.array([row], np.int64))[0]

    def named(self, names: Container[str]) -> list[int]:
        """The rows of the contracts whose contractID is among some names."""
        texts = self.texts("contractID")
        values = texts.values
        return [
            row
            for row, code in enumerate(texts.codes.tolist())
            if code >= 0 and values[code] in names
        ]

    def take(self, rows: Longs) -> "Book":
        """The contracts at some rows, as a book of their own."""
        return Book(
            len(rows), {name: _taken(column, rows) for name, column in self.columns.items()}
        )


def _taken(column: Any, rows: Longs) -> Any:
    if isinstance(column, Texts):
        return Texts(column.codes[rows], column.values)
    if isinstance(column, Lists):
        counts = column.count()[rows]
        at = np.concatenate([[0], np.cumsum(counts)])
        flat = np.repeat(column.at[rows] - at[:-1], counts) + np.arange(at[-1])
        return Lists(at, column.values[flat])
    if isinstance(column, list):
        return [column[row] for row in rows]
    return column[rows]

"""Facts about relations as arrays: every version of every statement, coded once.

Any view at any two times is cut out of it (`headrace.graph.relations.snapshot.as_of`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts.cells import numpy_mask
from headrace.facts.equal import codes, group_ids
from headrace.facts.kinds import RELATIONS
from headrace.graph.relations.kinds import Kind, Type

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Small = NDArray[np.int8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALWAYS = np.iinfo(np.int64).min
"""The time of what has no beginning, or was known before anything else."""
NEVER = np.iinfo(np.int64).max
"""The time of what has no end."""
NOBODY = -1


@dataclass(frozen=True)
class Parties:
    """The nodes of a graph: parties, what they share, places on a chain. Node i is row i.

    Attributes:
        codes: What facts call them, (n,) no two alike.
        names: For people; null where no party fact gives one.
        type: `Type` of each.
    """

    codes: pa.StringArray
    names: pa.StringArray
    type: Small

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, code: str) -> int:
        """The node of a code; -1: none."""
        return int(pc.index(self.codes, code).as_py())

    def label(self, node: int) -> str:
        """Name and code of a node, for people."""
        code, name = self.codes[node].as_py(), self.names[node].as_py()
        return code if name is None else f"{name} ({code})"


@dataclass(frozen=True)
class Statements:
    """Versions of statements as parallel arrays of length m.

    Attributes:
        parties: Everybody who occurs, and everybody with a party fact.
        kind: `Kind`, int8.
        subject: Node, int32.
        object: Node, int32.
        about: Node of the company concerned, int32; -1: none named.
        role: Index into `roles`, int32; -1: none.
        roles: Words: offices, kinships, what is shared.
        low: The least the share can be, 0 to 1; NaN: no share is stated.
        high: The most it can be; equal to `low` where it is exact.
        amount: Minor units, int64; 0 where unknown.
        amount_known: Whether an amount is stated.
        since: Microseconds since 1970, UTC; ALWAYS: no beginning is stated.
        until: No longer true from then; NEVER: open.
        known: When it was known; ALWAYS: not said, taken as known.
        withdrawn: Whether this version says that the statement holds no longer.
        statement: Versions with one number are of one statement, numbers from 0.
        fact: Id of the fact of each version.
    """

    parties: Parties
    kind: Small
    subject: Codes
    object: Codes
    about: Codes
    role: Codes
    roles: tuple[str, ...]
    low: Floats
    high: Floats
    amount: Ints
    amount_known: Mask
    since: Ints
    until: Ints
    known: Ints
    withdrawn: Mask
    statement: Ints
    fact: pa.ChunkedArray

    def __len__(self) -> int:
        return len(self.kind)


def statements_of(
    relations: pa.Table,
    parties: pa.Table | None = None,
    others: Sequence[pa.ChunkedArray] = (),
) -> Statements:
    """Facts of kind relation as arrays.

    Nodes are numbered in the order of their codes, so that equal facts give equal numbers.

    Args:
        relations: Stored facts of kind relation, in the order of `row` within a source.
        parties: Stored facts of kind party: names and types; None: none are known.
        others: Codes that are nodes, too.
    """
    ends = [relations[name] for name in ("subject", "object", "about")]
    told = [] if parties is None else [parties["party"]]
    everybody = _distinct([*ends, *told, *others])
    subject, object_, about = (_nodes(column, everybody) for column in ends)
    kind = _nodes(relations["relation"], pa.array(RELATIONS, pa.string())).astype(np.int8)
    roles = _distinct([relations["role"]])
    low, high = _bounds(relations)
    return Statements(
        parties=_described(everybody, parties, kind, object_),
        kind=kind,
        subject=subject,
        object=object_,
        about=about,
        role=_nodes(relations["role"], roles),
        roles=tuple(roles.to_pylist()),
        low=low,
        high=high,
        amount=whole(relations["amount_minor"], 0),
        amount_known=numpy_mask(pc.is_valid(relations["amount_minor"])),
        since=whole(relations["event_time"], ALWAYS),
        until=whole(relations["valid_to"], NEVER),
        known=whole(relations["known_time"], ALWAYS),
        withdrawn=numpy_mask(pc.equal(relations["status"].cast(pa.string()), "withdrawn")),
        statement=numbered(relations),
        fact=relations["id"],
    )


def described(statements: Statements, parties: pa.Table) -> Statements:
    """The same versions and nodes, with names and types as other party facts say them.

    Args:
        statements: Every version.
        parties: Stored facts of kind party; about parties that are no nodes they say nothing.
    """
    codes = statements.parties.codes
    known = pc.is_in(parties["party"].cast(pa.string()), value_set=codes)
    told = _described(codes, parties.filter(known), statements.kind, statements.object)
    return replace(statements, parties=told)


ARRAYS = (
    *("kind", "subject", "object", "about", "role", "low", "high", "amount", "amount_known"),
    *("since", "until", "known", "withdrawn", "statement"),
)


def _described(
    everybody: pa.StringArray, parties: pa.Table | None, kind: Small, object_: Codes
) -> Parties:
    """Names and types from party facts; of two about one party the later known speaks."""
    names, type_ = pa.nulls(len(everybody), pa.string()), np.zeros(len(everybody), np.int8)
    type_[object_[kind == Kind.USES]] = Type.ATTRIBUTE
    type_[object_[kind == Kind.ON_CHAIN]] = Type.CHAIN_NODE
    if parties is None:
        return Parties(everybody, names, type_)
    ordered = parties.take(np.argsort(whole(parties["known_time"], ALWAYS), kind="stable"))
    node = _nodes(ordered["party"], everybody)
    sorts = pa.array([each.name.lower() for each in Type], pa.string())
    told = _nodes(ordered["type"], sorts)
    type_[node[told >= 0]] = told[told >= 0]
    named = numpy_mask(pc.is_valid(ordered["name"]))
    last = np.full(len(everybody), NOBODY, np.int64)
    last[node[named]] = np.flatnonzero(named)
    names = _one(ordered["name"].take(pa.array(last, mask=last < 0)))
    return Parties(everybody, names, type_)


def _distinct(columns: Sequence[pa.ChunkedArray | pa.Array]) -> pa.StringArray:
    """The texts of some columns, each once, in order; nulls are left out."""
    parts = [_texts(column) for column in columns]
    found = pc.unique(pa.chunked_array(parts, pa.string())).drop_null()
    return found.take(pc.sort_indices(found))


def _texts(column: pa.ChunkedArray | pa.Array) -> pa.StringArray:
    """Every text that occurs.

    A dictionary may hold more: words of rows that were filtered out, which nobody knows of yet.
    """
    array = _one(column)
    if pa.types.is_dictionary(array.type):
        return array.dictionary.cast(pa.string()).take(pc.unique(array.indices).drop_null())
    return array.cast(pa.string())


def _nodes(column: pa.ChunkedArray | pa.Array, everybody: pa.StringArray) -> Codes:
    """The place of each text among all of them; -1 for null."""
    array = _one(column)
    if not pa.types.is_dictionary(array.type):
        return _filled(pc.index_in(array.cast(pa.string()), value_set=everybody))
    place = _filled(pc.index_in(array.dictionary.cast(pa.string()), value_set=everybody))
    return np.append(place, np.int32(NOBODY))[_filled(array.indices)]


def _filled(indices: pa.Array) -> Codes:
    found: Codes = pc.fill_null(indices, NOBODY).to_numpy(zero_copy_only=False)
    return found.astype(np.int32, copy=False)


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.combine_chunks()


def whole(column: pa.ChunkedArray, missing: int) -> Ints:
    """Whole numbers, or instants as microseconds; `missing` for null."""
    found: Ints = pc.fill_null(column.cast(pa.int64()), missing).to_numpy()
    return found.astype(np.int64, copy=False)


def _bounds(relations: pa.Table) -> tuple[Floats, Floats]:
    """Least and most a share can be: what is stated, else what bounds every share."""
    share, least, most = (
        relations[name].to_numpy().astype(np.float64)
        for name in ("share", "share_min", "share_max")
    )
    stated = ~(np.isnan(share) & np.isnan(least) & np.isnan(most))
    low = np.where(np.isnan(share), np.where(np.isnan(least), 0.0, least), share)
    high = np.where(np.isnan(share), np.where(np.isnan(most), 1.0, most), share)
    return np.where(stated, low, np.nan), np.where(stated, high, np.nan)


def numbered(facts: pa.Table) -> Ints:
    """Versions of one source and statement share a number; a fact without one is its own.

    Args:
        facts: Of a kind with the field `statement`.
    """
    source, statement = codes(facts["source"]), codes(facts["statement"])
    alone = statement < 0
    own = np.where(alone, np.arange(len(alone)), NOBODY)
    if alone.all():
        return own
    return group_ids([source, statement, own])

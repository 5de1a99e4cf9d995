"""The relations that stood at a moment, as far as they were known at another, as arrays."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.graph.relations import kernels
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.statements import (
    NEVER,
    Codes,
    Floats,
    Ints,
    Mask,
    Parties,
    Small,
    Statements,
)


@dataclass(frozen=True)
class Adjacency:
    """Edges by node: those of node v are `edge[offsets[v]:offsets[v + 1]]`, positions of edges."""

    offsets: Ints
    edge: Ints

    def of(self, node: int) -> Ints:
        """The edges of one node."""
        return self.edge[self.offsets[node] : self.offsets[node + 1]]

    @property
    def degree(self) -> Ints:
        """How many edges each node has."""
        return np.diff(self.offsets)


def unnamed(code: str) -> InputError:
    """What is said of a code that no fact names."""
    return InputError(
        f"no fact names the party {code!r}",
        where="party",
        remedy="its code as the facts write it; `headrace graph find` looks by name",
    )


@dataclass(frozen=True)
class Snapshot:
    """Edges that stand, as parallel arrays of length e.

    Attributes:
        statements: Where they are cut out of.
        version: Position in `statements` of each edge; every other array follows from it.
        moment: The time asked about, microseconds since 1970, UTC.
        known: What was known later is not in it.
    """

    statements: Statements = field(repr=False)
    version: Ints
    moment: int
    known: int

    def __len__(self) -> int:
        return len(self.version)

    @property
    def parties(self) -> Parties:
        """The nodes; all of the statements', so that their numbers never change."""
        return self.statements.parties

    @property
    def names(self) -> pa.StringArray:
        """The code of each node."""
        return self.parties.codes

    @property
    def type_of(self) -> Small:
        """`Type` of each node."""
        return self.parties.type

    @cached_property
    def kind(self) -> Small:
        """`Kind` of each edge."""
        return self.statements.kind[self.version]

    @cached_property
    def subject(self) -> Codes:
        """Node each edge comes from."""
        return self.statements.subject[self.version]

    @cached_property
    def object(self) -> Codes:
        """Node each edge goes to."""
        return self.statements.object[self.version]

    @cached_property
    def about(self) -> Codes:
        """Node of the company concerned; -1: none named."""
        return self.statements.about[self.version]

    @cached_property
    def role(self) -> Codes:
        """Index into `roles`; -1: none."""
        return self.statements.role[self.version]

    @property
    def roles(self) -> tuple[str, ...]:
        """Words of roles."""
        return self.statements.roles

    @cached_property
    def low(self) -> Floats:
        """The least the share can be; NaN: none stated."""
        return self.statements.low[self.version]

    @cached_property
    def high(self) -> Floats:
        """The most the share can be."""
        return self.statements.high[self.version]

    @cached_property
    def amount(self) -> Ints:
        """Minor units; 0 where unknown."""
        return self.statements.amount[self.version]

    @cached_property
    def amount_known(self) -> Mask:
        """Whether an amount is stated."""
        return self.statements.amount_known[self.version]

    @cached_property
    def since(self) -> Ints:
        """When it began or happened; ALWAYS: not stated."""
        return self.statements.since[self.version]

    @cached_property
    def until(self) -> Ints:
        """When it ends, as far as known; NEVER: open."""
        return self.statements.until[self.version]

    @cached_property
    def fact(self) -> pa.StringArray:
        """Id of the fact behind each edge."""
        return self.statements.fact.take(pa.array(self.version)).combine_chunks()

    def only(self, *kinds: Kind) -> "Snapshot":
        """The edges of some kinds."""
        return self.where(np.isin(self.kind, np.array(kinds, np.int8)))

    def where(self, mask: NDArray[np.bool_]) -> "Snapshot":
        """The edges that a mask marks."""
        return replace(self, version=self.version[mask])

    @cached_property
    def csr(self) -> Adjacency:
        """Edges by subject."""
        return Adjacency(*kernels.by_node(self.subject, len(self.parties)))

    @cached_property
    def csc(self) -> Adjacency:
        """Edges by object."""
        return Adjacency(*kernels.by_node(self.object, len(self.parties)))

    def node(self, code: str) -> int:
        """The node of a party.

        Raises:
            InputError: If nothing is known of it.
        """
        found = self.parties.find(code)
        if found < 0:
            raise unnamed(code)
        return found

    def around(self, seeds: Collection[int], depth: int, edges_max: int) -> "Neighbourhood":
        """Nodes within `depth` hops of some nodes, whichever way the edges point.

        Args:
            seeds: Nodes.
            depth: Hops, 0 to 100.
            edges_max: A node with more edges, other than a seed, is reached but not passed.
        """
        sides = (self.csr, self.csc)
        nodes, distance, closed = kernels.hops(
            np.stack([side.offsets for side in sides]),
            np.stack([side.edge for side in sides]),
            self.subject,
            self.object,
            np.array(sorted(seeds), np.int32),
            depth,
            edges_max,
        )
        inside = (distance[self.subject] >= 0) & (distance[self.object] >= 0)
        return Neighbourhood(nodes, distance[nodes], np.flatnonzero(inside), int(closed))


@dataclass(frozen=True)
class Neighbourhood:
    """What is around some nodes.

    Attributes:
        nodes: Seeds first, then by hops.
        distance: Hops of each.
        edges: Positions of the edges between them.
        closed: Nodes that were reached but not passed, for they have too many edges.
    """

    nodes: Codes
    distance: Small
    edges: Ints
    closed: int


def as_of(statements: Statements, moment: datetime, known: datetime | None = None) -> Snapshot:
    """The relations that held at a moment.

    Of the versions of a statement that were known by then and had begun, the last known speaks: a
    version that begins later than the one before changes it from then on, one that begins no later
    corrects it.

    Args:
        statements: Everything ever known.
        moment: An aware instant.
        known: What became known after it is not used; None: `moment`, so that there is no
            look-ahead.

    Raises:
        ValueError: If an instant has no time zone.
    """
    for each in (moment, known):
        if each is not None and each.tzinfo is None:
            message = "as_of needs aware instants"
            raise ValueError(message)
    at = microseconds(moment)
    return as_of_us(statements, at, at if known is None else microseconds(known))


def as_of_us(statements: Statements, moment: int, known: int) -> Snapshot:
    """The same with times in microseconds since 1970, UTC."""
    version = kernels.standing(
        *by_statement(statements.statement, statements.known),
        statements.known,
        statements.since,
        statements.until,
        statements.withdrawn,
        moment,
        known,
    )
    return Snapshot(statements, np.sort(version), moment, known)


def latest(statements: Statements) -> Snapshot:
    """The relations that stand with no end in sight, everything known: the view without a date."""
    return as_of_us(statements, NEVER - 1, NEVER)


def by_statement(number: Ints, known: Ints) -> tuple[Ints, Ints]:
    """Versions by statement, within one by when they were known; where each statement begins."""
    count = int(number.max(initial=-1)) + 1
    if count == len(number):  # each has one version
        return np.argsort(number, kind="stable"), np.arange(count + 1)
    by_known = np.argsort(known, kind="stable")
    start, place = kernels.by_node(number[by_known], count)
    return by_known[place], start

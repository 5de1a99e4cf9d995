"""Relations kept current: facts in any order, time going on; each step says what changed."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.graph.relations.snapshot import Adjacency, Snapshot, as_of_us, by_statement
from headrace.graph.relations.statements import (
    ARRAYS,
    NEVER,
    Ints,
    Parties,
    Statements,
    statements_of,
)


@dataclass(frozen=True)
class Change:
    """What one step did to the relations that stand.

    Attributes:
        added: Versions that hold now and did not, positions in the statements, ascending.
        removed: Versions that held and do not now.
        now: The time after the step, microseconds since 1970, UTC.
    """

    added: Ints
    removed: Ints
    now: int


class LiveRelations:
    """The relations that stand now, kept equal to `as_of` over all facts so far.

    Late, repeated, corrected and withdrawn facts are normal: a step costs the statements that it
    touches, not the graph. A fact that will be known, begin or end later is kept until then.
    """

    def __init__(self, relations: pa.Table, parties: pa.Table | None, now: int) -> None:
        """Start from stored facts.

        Args:
            relations: Facts of kind relation.
            parties: Facts of kind party, for names and types; None: none are known.
            now: Microseconds since 1970, UTC.
        """
        self._now = now
        self._whole = statements_of(relations, parties)
        self._nodes = {
            code: node for node, code in enumerate(self._whole.parties.codes.to_pylist())
        }
        self._numbers = _named(relations, self._whole.statement)
        self._statements_count = int(self._whole.statement.max(initial=-1)) + 1
        self._ids = set(self._whole.fact.to_pylist())
        order, start = by_statement(self._whole.statement, self._whole.known)
        self._first_versions = Adjacency(start, order)
        self._later_versions: defaultdict[int, list[int]] = defaultdict(list)
        base = as_of_us(self._whole, now, now)
        standing = np.zeros(len(self._whole), np.bool_)
        standing[base.version] = True
        self._columns = {name: _Column(getattr(self._whole, name)) for name in ARRAYS}
        self._standing = _Column(standing)
        self._sides = base.csr, base.csc
        self._base_versions = base.version
        self._links: tuple[defaultdict[int, list[int]], defaultdict[int, list[int]]] = (
            defaultdict(list),
            defaultdict(list),
        )
        self._due: list[tuple[int, int]] = []
        self._expect(0)

    @property
    def now(self) -> int:
        """The time that the view stands at."""
        return self._now

    @property
    def statements(self) -> Statements:
        """Every version so far; positions never change."""
        return self._whole

    @property
    def snapshot(self) -> Snapshot:
        """The relations that stand now."""
        return Snapshot(self._whole, np.flatnonzero(self._standing.view), self._now, self._now)

    def apply(self, relations: pa.Table, now: int) -> Change:
        """Take in facts of kind relation; those whose id is known already are passed over.

        Args:
            relations: New facts, in the order in which they came.
            now: The time of taking them in, not before the last.
        """
        fresh = [at for at, id_ in enumerate(relations["id"].to_pylist()) if self._is_new(id_)]
        touched: set[int] = set()
        if fresh:
            rows = relations.take(fresh)
            first = len(self._whole)
            self._append(rows)
            touched = set(self._whole.statement[first:].tolist())
            for version, statement in enumerate(self._whole.statement[first:].tolist(), first):
                self._later_versions[statement].append(version)
            self._expect(first)
        return self._settle(touched, now)

    def advance(self, now: int) -> Change:
        """Let time go on: what was to be known, begin or end by then does."""
        return self._settle(set(), now)

    def out(self, node: int) -> Ints:
        """Versions that stand now and come from a node."""
        return self._around(0, node)

    def into(self, node: int) -> Ints:
        """Versions that stand now and go to a node."""
        return self._around(1, node)

    def _around(self, side: int, node: int) -> Ints:
        later = np.array(self._links[side].get(node, []), np.int64)
        base = self._sides[side]
        if node + 1 < len(base.offsets):  # else it was met after the base was laid
            later = np.concatenate([self._base_versions[base.of(node)], later])
        found = np.unique(later)
        stands: Ints = found[self._standing.view[found]]
        return stands

    def _is_new(self, id_: str) -> bool:
        known = id_ in self._ids
        self._ids.add(id_)
        return not known

    def _settle(self, touched: set[int], now: int) -> Change:
        if now < self._now:
            message = f"time goes back from {self._now} to {now}"
            raise ValueError(message)
        self._now = now
        while self._due and self._due[0][0] <= now:
            touched.add(heapq.heappop(self._due)[1])
        added: list[int] = []
        removed: list[int] = []
        standing = self._standing.view
        for statement in touched:
            versions = self._versions_of(statement)
            speaks = self._speaking(versions)
            for version in versions:
                if standing[version] and version != speaks:
                    removed.append(version)
                    standing[version] = False
            if speaks is not None and not standing[speaks]:
                added.append(speaks)
                standing[speaks] = True
                self._link(speaks)
        return Change(np.array(sorted(added), np.int64), np.array(sorted(removed), np.int64), now)

    def _speaking(self, versions: list[int]) -> int | None:
        """The version that holds now; None: the statement says nothing, or that it ended."""
        whole = self._whole
        for version in reversed(versions):
            if whole.known[version] <= self._now and whole.since[version] <= self._now:
                holds = not whole.withdrawn[version] and self._now < whole.until[version]
                return version if holds else None
        return None

    def _link(self, version: int) -> None:
        for side, node in enumerate((self._whole.subject[version], self._whole.object[version])):
            self._links[side][int(node)].append(version)

    def _versions_of(self, statement: int) -> list[int]:
        """By when they were known; of those known at once the first that came is first."""
        known = self._whole.known
        first = self._first_versions
        base = first.of(statement).tolist() if statement + 1 < len(first.offsets) else []
        return sorted([*base, *self._later_versions.get(statement, [])], key=known.__getitem__)

    def _expect(self, first: int) -> None:
        """Note when something of the versions from `first` on is due."""
        whole = self._whole
        for times in (whole.known, whole.since, whole.until):
            later = np.flatnonzero((times[first:] > self._now) & (times[first:] < NEVER)) + first
            for version in later.tolist():
                heapq.heappush(self._due, (int(times[version]), int(whole.statement[version])))

    def _append(self, rows: pa.Table) -> None:
        """New versions after the others; new parties after the others."""
        fresh = statements_of(rows)
        place = self._place(fresh.parties)
        words = list(self._whole.roles)
        words += [word for word in fresh.roles if word not in words]
        role = np.array([words.index(word) for word in fresh.roles] + [-1], np.int32)
        arrays: dict[str, Any] = {name: getattr(fresh, name) for name in ARRAYS}
        for name in ("subject", "object", "about"):
            arrays[name] = place[arrays[name]]
        arrays["role"] = role[arrays["role"]]
        arrays["statement"] = self._number(rows)
        views: dict[str, Any] = {name: self._columns[name].extend(arrays[name]) for name in ARRAYS}
        fact = pa.chunked_array([*self._whole.fact.chunks, *fresh.fact.chunks], pa.string())
        self._whole = replace(self._whole, roles=tuple(words), fact=fact, **views)
        self._standing.extend(np.zeros(len(rows), np.bool_))

    def _place(self, parties: Parties) -> Ints:
        """The node of each party of a batch, -1 last; parties met for the first time get one."""
        codes = parties.codes.to_pylist()
        new = [at for at, code in enumerate(codes) if code not in self._nodes]
        for at in new:
            self._nodes[codes[at]] = len(self._nodes)
        if new:
            old = self._whole.parties
            self._whole = replace(
                self._whole,
                parties=Parties(
                    pa.concat_arrays([old.codes, parties.codes.take(new)]),
                    pa.concat_arrays([old.names, parties.names.take(new)]),
                    np.concatenate([old.type, parties.type[new]]),
                ),
            )
        return np.array([self._nodes[code] for code in codes] + [-1], np.int32)

    def _number(self, rows: pa.Table) -> Ints:
        """The statement of each row: known by source and id, else a new one."""
        found = np.empty(len(rows), np.int64)
        sources = rows["source"].cast(pa.string()).to_pylist()
        names = zip(sources, rows["statement"].to_pylist(), strict=True)
        for at, (source, statement) in enumerate(names):
            known = None if statement is None else self._numbers.get((source, statement))
            if known is None:
                known = self._statements_count
                self._statements_count += 1
            if statement is not None:
                self._numbers[source, statement] = known
            found[at] = known
        return found


class _Column:
    """An array that grows at its end; what was there stays where it is, and views of it hold."""

    def __init__(self, values: Any) -> None:
        self._room = values.copy()
        self._count = len(values)

    @property
    def view(self) -> Any:
        """The values so far; assigning to them changes them."""
        return self._room[: self._count]

    def extend(self, values: Any) -> Any:
        """Put values after the others; the view of all."""
        count = self._count + len(values)
        if count > len(self._room):
            room = np.empty(max(count, len(self._room) * 3 // 2), self._room.dtype)
            room[: self._count] = self.view
            self._room = room
        self._room[self._count : count] = values
        self._count = count
        return self.view


def _named(relations: pa.Table, numbers: Ints) -> dict[tuple[str, str], int]:
    """The number of each statement that has an id, by source and id."""
    named = np.flatnonzero(pc.is_valid(relations["statement"]).to_numpy())
    rows = relations.take(pa.array(named))
    names = zip(
        rows["source"].cast(pa.string()).to_pylist(),
        rows["statement"].to_pylist(),
        numbers[named].tolist(),
        strict=True,
    )
    return {(source, statement): number for source, statement, number in names}

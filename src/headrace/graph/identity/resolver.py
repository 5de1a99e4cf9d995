"""Parties kept current: records come and go, people judge, and ids last.

Nothing is stored that two records give: a pair's evidence is computed again when it is needed. What
is stored is the records, an index of their keys, and which records hang together. So the parties
are a function of the records present, the model and the judgements, whatever the order they came
in; only ids have a history: one is minted for the first record of a party, the older survives a
merger, and a record takes the ids minted for it along when it leaves.
"""

from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, product

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.identity.blocking import Index, candidate_pairs, chosen, empty_index
from headrace.graph.identity.clusters import Edges, Guards, clustered, connected, spanning_path
from headrace.graph.identity.judgements import Judgement, Verdict, refuse_conflict
from headrace.graph.identity.model import Model, Step, explained, probability, rarity, weights
from headrace.graph.identity.records import (
    Keys,
    Records,
    joined,
    keys_of,
    records_of,
    single_values,
    taken,
)

Rows = NDArray[np.int64]


class Kind(StrEnum):
    """What happened to a party."""

    CREATED = "created"
    CHANGED = "changed"
    MERGED = "merged"
    SPLIT = "split"
    ENDED = "ended"


@dataclass(frozen=True)
class Change:
    """A party before and after.

    Attributes:
        party: Its id.
        kind: What happened; a party that lost some records to others was split.
        records: Ids of its records now.
        merged: Ids of parties that are part of it from now on.
    """

    party: str
    kind: Kind
    records: tuple[str, ...]
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """Why two records are one party, or why not.

    Attributes:
        left: A record's id.
        right: Another's.
        steps: The waterfall; its bits add up to `bits`.
        bits: Evidence; 0 is even odds.
        probability: The same as a probability.
        rules: The blocking rules by which they were found; none: they were never compared.
        judgements: People's words on the two.
        values: The two records as they were given.
    """

    left: str
    right: str
    steps: tuple[Step, ...]
    bits: float
    probability: float
    rules: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    values: tuple[Mapping[str, object], Mapping[str, object]]


class Resolver:
    """Records, and the parties they are."""

    def __init__(self, model: Model) -> None:
        """Begin with no records."""
        self.model = model
        self._records: Records | None = None
        self._tables: list[tuple[int, pa.Table]] = []
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._index: list[Index] = [empty_index() for _ in model.settings.rules]
        self._next = np.zeros(0, np.int32)  # a ring through each connected component
        self._party = np.zeros(0, np.int64)  # 0: the record is gone
        self._keeper = [-1]  # by party number: the row that keeps the id, -1 once it is gone
        self._kept: dict[int, list[int]] = {}  # by row: numbers it keeps besides its first
        self._first_kept = np.zeros(0, np.int64)  # by row: a number it keeps, 0 none
        self._judgements: dict[str, Judgement] = {}

    def load(self, table: pa.Table, ids: Sequence[str], parties: pa.Table | None = None) -> None:
        """Resolve many records at once, into a resolver that has none.

        Args:
            table: One row a record.
            ids: (n,) their ids, unique.
            parties: What `parties()` gave when the records were last resolved, so that ids last
                from one process to the next; None: all ids are new.
        """
        if self._ids:
            raise InputError("Records are loaded into an empty resolver", remedy="use add")
        self._take_in(table, ids)
        rows = np.arange(len(self._ids))
        if parties is not None:
            self._remember(parties)
        self._rename(rows, self._regroup(rows))

    def add(self, table: pa.Table, ids: Sequence[str]) -> list[Change]:
        """Resolve more records; what changed, by party id.

        Raises:
            InputError: An id is there already, or a column is missing.
        """
        first = len(self._ids)
        return self._refresh(
            np.union1d(np.arange(first, first + len(ids)), self._take_in(table, ids))
        )

    def remove(self, ids: Iterable[str]) -> list[Change]:
        """Forget records; every party that rested on them is looked at again."""
        rows = np.array(sorted({self._row(each) for each in ids}), np.int64)
        around = np.setdiff1d(self._ring(rows), rows)
        self._next[around] = around
        gone = taken(self._whole(), rows)
        cold = []
        for place, rule in enumerate(self.model.settings.rules):
            keys = keys_of(gone, rule)
            keys = Keys(keys.keys, rows[keys.rows].astype(np.int32), keys.one_each)
            distinct, before = np.unique(keys.keys), self._index[place].counts(np.unique(keys.keys))
            self._index[place] = self._index[place].without(keys)
            after = self._index[place].counts(distinct)
            most = self.model.settings.block_rows_max
            cold.append(self._index[place].rows_of(distinct[(before > most) & (after <= most)]))
        ended = self._forget(rows, around)
        return self._refresh(np.unique(np.concatenate([around, *cold]))) + ended

    def judge(self, judgement: Judgement) -> list[Change]:
        """Take a person's word; it holds until it is withdrawn, whatever the evidence.

        A record that is judged may come later.

        Raises:
            JudgementConflictError: Others say the opposite.
        """
        refuse_conflict(self._judgements, judgement)
        self._judgements[judgement.id] = judgement
        return self._refresh(self._present([judgement.left, judgement.right]))

    def withdraw(self, judgement_id: str) -> list[Change]:
        """Take a judgement back."""
        judgement = self._judgements.pop(judgement_id)
        return self._refresh(self._present([judgement.left, judgement.right]))

    def split(self, records: Sequence[str], why: Judgement) -> list[Change]:
        """Take records out of their party, as one person's word on each pair it cuts.

        Args:
            records: Ids of records of one party.
            why: Who, when and why; its records are not looked at, its id starts each new one's.
        """
        party = self.party_of(records[0])
        rest = [each for each in self.records_of(party) if each not in set(records)]
        made = []
        for number, (left, right) in enumerate(product(records, rest), 1):
            word = Judgement(
                f"{why.id}/{number}", Verdict.DIFFERENT, left, right, why.by, why.at, why.why
            )
            refuse_conflict(self._judgements, word)
            made.append(word)
        self._judgements |= {word.id: word for word in made}
        return self._refresh(self._present([*records, *rest]))

    def party_of(self, record: str) -> str:
        """The party a record is."""
        return _name(int(self._party[self._row(record)]))

    def current(self, party: str) -> str | None:
        """The id a party goes by today: another one after a merger, None once all of it is gone."""
        row = self._keeper[int(party[1:])]
        return None if row < 0 else _name(int(self._party[row]))

    def records_of(self, party: str) -> tuple[str, ...]:
        """Ids of a party's records, or of the party that it became, in the order they came."""
        row = self._keeper[int(party[1:])]
        ring = self._ring(np.array([row])) if row >= 0 else np.zeros(0, np.int64)
        rows = ring[self._party[ring] == self._party[row]]
        return tuple(self._ids[each] for each in rows.tolist())

    def parties(self) -> pa.Table:
        """Record, party, and `keeps`: the numbers of the parties whose id the record keeps."""
        rows = np.flatnonzero(self._party)
        return pa.table(
            {
                "record": pa.array([self._ids[row] for row in rows.tolist()], pa.string()),
                "party": pa.array([_name(each) for each in self._party[rows].tolist()]),
                "keeps": pa.array([self._numbers(r) for r in rows.tolist()], pa.list_(pa.int64())),
            }
        )

    def judgements(self) -> tuple[Judgement, ...]:
        """Every judgement that stands."""
        return tuple(self._judgements.values())

    def explain(self, left: str, right: str) -> Match:
        """Why two records are one party, or why not."""
        rows = np.array([self._row(left), self._row(right)])
        pair = taken(self._whole(), rows)
        steps = explained(self.model, pair, rarity(self.model, pair), 0, 1)
        bits = sum(step.bits for step in steps)
        rules = []
        for rule, keys in zip(self.model.settings.rules, self._keys_of(pair), strict=True):
            if set(keys.keys[keys.rows == 0]) & set(keys.keys[keys.rows == 1]):
                rules.append(str(rule))
        ends = {left, right}
        words = tuple(j for j in self._judgements.values() if {j.left, j.right} == ends)
        values = (self._given(int(rows[0])), self._given(int(rows[1])))
        return Match(left, right, steps, bits, probability(bits), tuple(rules), words, values)

    def path(self, left: str, right: str) -> tuple[Match, ...]:
        """The chain of matches that makes two records one party; empty where they are not.

        Of all chains the one whose weakest match is strongest.
        """
        if self.party_of(left) != self.party_of(right):
            return ()
        ring = self._ring(np.array([self._row(left)]))
        rows = ring[self._party[ring] == self._party[self._row(left)]]
        edges = self._edges(rows)
        start, end = np.searchsorted(rows, [self._row(left), self._row(right)]).tolist()
        chain = [start]
        for pair in spanning_path(edges, start, end):
            one, other = int(edges.left[pair]), int(edges.right[pair])
            chain.append(other if one == chain[-1] else one)
        names = [self._ids[rows[place]] for place in chain]
        return tuple(self.explain(one, other) for one, other in pairwise(names))

    def _whole(self) -> Records:
        if self._records is None:
            raise InputError("The resolver has no records", remedy="load or add some")
        return self._records

    def _row(self, record: str) -> int:
        if record not in self._row_of:
            raise InputError(
                f"there is no record {record!r}",
                where="records",
                remedy="its code as the facts write it; `headrace graph find` looks by name",
            )
        return self._row_of[record]

    def _given(self, row: int) -> Mapping[str, object]:
        """A record as it was given."""
        first, table = self._tables[bisect(self._tables, row, key=lambda each: each[0]) - 1]
        values: dict[str, object] = table.slice(row - first, 1).to_pylist()[0]
        return values

    def _present(self, ids: Iterable[str]) -> Rows:
        return np.array(sorted({self._row_of[i] for i in ids if i in self._row_of}), np.int64)

    def _numbers(self, row: int) -> list[int]:
        first = int(self._first_kept[row])
        return [*([first] if first else []), *self._kept.get(row, [])]

    def _take_in(self, table: pa.Table, ids: Sequence[str]) -> Rows:
        """Store and index records; rows of blocks that have become too large."""
        twice = len(set(ids)) != len(ids)
        if twice or len(ids) != table.num_rows or any(each in self._row_of for each in ids):
            raise InputError("Each record needs an id that no other has")
        names = pa.array(ids, pa.string())
        new = records_of(table, names, self.model.settings, self._sources)
        first = len(self._ids)
        self._records = new if self._records is None else joined(self._records, new)
        self._tables.append((first, table))
        self._ids.extend(ids)
        self._row_of.update(zip(ids, range(first, first + len(ids)), strict=True))
        fresh = np.arange(first, first + len(ids))
        self._next = np.concatenate([self._next, fresh.astype(np.int32)])
        self._party = np.concatenate([self._party, np.zeros(len(ids), np.int64)])
        self._first_kept = np.concatenate([self._first_kept, np.zeros(len(ids), np.int64)])
        hot = [np.zeros(0, np.int32)]
        most = self.model.settings.block_rows_max
        for place, rule in enumerate(self.model.settings.rules):
            keys = keys_of(new, rule)
            keys = Keys(keys.keys, keys.rows + np.int32(first), keys.one_each)
            distinct = np.unique(keys.keys) if first else np.zeros(0, np.uint64)
            before = self._index[place].counts(distinct)
            self._index[place] = self._index[place].with_added(keys)
            after = self._index[place].counts(distinct)
            crossed = distinct[(before <= most) & (before > 0) & (after > most)]
            hot.append(self._index[place].rows_of(crossed))
        return np.concatenate(hot).astype(np.int64)

    def _keys_of(self, records: Records) -> list[Keys]:
        """Keys of some records, without those that too many of all records share."""
        found = []
        for rule, index in zip(self.model.settings.rules, self._index, strict=True):
            keys = keys_of(records, rule)
            cool = index.counts(keys.keys) <= self.model.settings.block_rows_max
            found.append(chosen(keys, cool))
        return found

    def _edges(self, rows: Rows, fresh: NDArray[np.bool_] | None = None) -> Edges:
        """Pairs of one party by evidence or by a person's word, as places in `rows`."""
        some = taken(self._whole(), rows) if len(rows) < len(self._whole()) else self._whole()
        left, right = candidate_pairs(self._keys_of(some), len(some), some.source, fresh)
        bits = weights(self.model, some, rarity(self.model, some), left, right)
        kept = bits >= self.model.settings.weight_min
        one, other = self._judged(rows, Verdict.SAME)
        return Edges(
            np.concatenate([left[kept], one]),
            np.concatenate([right[kept], other]),
            np.concatenate([bits[kept], np.full(len(one), np.inf, np.float32)]),
        )

    def _judged(self, rows: Rows, verdict: Verdict) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Places in `rows` (ascending) of pairs that were judged."""
        words = [j for j in self._judgements.values() if j.verdict == verdict]
        known = [j for j in words if j.left in self._row_of and j.right in self._row_of]
        pairs = np.array(
            [(self._row_of[j.left], self._row_of[j.right]) for j in known], np.int64
        ).reshape(-1, 2)
        places = np.minimum(np.searchsorted(rows, pairs), max(len(rows) - 1, 0))
        here = (rows[places] == pairs).all(axis=1) if len(rows) else np.zeros(len(pairs), np.bool_)
        found = places[here].astype(np.int32)
        return found[:, 0], found[:, 1]

    def _refresh(self, dirty: Rows) -> list[Change]:
        """Look again at everything that hangs together with some rows."""
        if not len(dirty):
            return []
        rows = self._ring(np.union1d(dirty, self._near(dirty)))
        return self._changes(rows, self._regroup(rows))

    def _near(self, dirty: Rows) -> Rows:
        """Rows that evidence or a person's word joins to some rows."""
        keys = self._keys_of(taken(self._whole(), dirty))
        shared = [
            index.rows_of(np.unique(k.keys)) for index, k in zip(self._index, keys, strict=True)
        ]
        ids = {self._ids[row] for row in dirty.tolist()}
        ends = [(j.left, j.right) for j in self._judgements.values() if {j.left, j.right} & ids]
        judged = self._present(each for pair in ends for each in pair)
        rows = np.unique(np.concatenate([dirty, judged, *shared]).astype(np.int64))
        edges = self._edges(rows, np.isin(rows, dirty))
        ends_of = np.unique(np.concatenate([edges.left, edges.right]))
        return np.asarray(rows[ends_of])

    def _ring(self, rows: Rows) -> Rows:
        """All rows that hang together with some, ascending."""
        found: set[int] = set()
        for start in rows.tolist():
            row = start
            while row not in found:
                found.add(row)
                row = int(self._next[row])
        return np.array(sorted(found), np.int64)

    def _regroup(self, rows: Rows) -> NDArray[np.int32]:
        """Cluster rows that hang together with none outside; of each, its group's lowest place."""
        edges = self._edges(rows)
        component = connected(len(rows), edges)
        order = np.argsort(component, kind="stable")
        starts = np.flatnonzero(np.diff(component[order], prepend=-1))
        following = np.roll(rows[order], -1)
        ends = np.append(starts[1:], len(rows)) - 1
        following[ends] = rows[order][starts]
        self._next[rows[order]] = following
        whole = self._whole()
        some = whole if len(rows) == len(whole) else taken(whole, rows)
        apart = np.stack(self._judged(rows, Verdict.DIFFERENT), axis=1)
        single = single_values(some, self.model.settings.single)
        return clustered(edges, Guards(apart, single, some.source, some.marks))

    def _rename(self, rows: Rows, lowest: NDArray[np.int32]) -> None:
        """Give each group of rows the oldest id that one of them keeps, or a new one."""
        last = len(self._keeper)
        oldest = np.full(len(rows), last, np.int64)
        kept = self._first_kept[rows]
        np.minimum.at(oldest, lowest, np.where(kept == 0, last, kept))
        for row in self._kept.keys() & set(rows.tolist()) if self._kept else ():
            place = lowest[np.searchsorted(rows, row)]
            oldest[place] = min(oldest[place], *self._kept[row])
        new = np.flatnonzero((lowest == np.arange(len(rows))) & (oldest == last))
        oldest[new] = np.arange(last, last + len(new))
        self._keeper.extend(rows[new].tolist())
        self._first_kept[rows[new]] = oldest[new]
        self._party[rows] = oldest[lowest]

    def _keep(self, row: int, number: int) -> None:
        self._keeper[number] = row
        if self._first_kept[row]:
            self._kept.setdefault(row, []).append(number)
        else:
            self._first_kept[row] = number

    def _changes(self, rows: Rows, lowest: NDArray[np.int32]) -> list[Change]:
        """Rename groups of rows and say what changed."""
        before = self._party[rows].copy()
        self._rename(rows, lowest)
        was, now = _groups(before, rows), _groups(self._party[rows], rows)
        came_from = dict(zip(rows.tolist(), before.tolist(), strict=True))
        found = []
        for number, members in now.items():
            if was.get(number) == members:
                continue
            old = {came_from[row] for row in members} - {0}
            kept = {n for row in members for n in self._numbers(row)}
            merged = (old & kept) - {number}
            kind = _kind(number, old, merged=bool(merged), lost=was.get(number, set()) - members)
            records = tuple(self._ids[row] for row in sorted(members))
            names = tuple(_name(each) for each in sorted(merged))
            found.append(Change(_name(number), kind, records, names))
        return found

    def _forget(self, rows: Rows, around: Rows) -> list[Change]:
        """Drop rows; ids they kept go to the first record left of their party."""
        ended = []
        left_of = _groups(self._party[around], around)
        for row in rows.tolist():
            party = int(self._party[row])
            numbers = self._numbers(row)
            self._first_kept[row] = 0
            self._kept.pop(row, None)
            for number in numbers:
                if party in left_of:
                    self._keep(min(left_of[party]), number)
                else:
                    self._keeper[number] = -1
            if party not in left_of:
                ended.append(party)
            del self._row_of[self._ids[row]]
            self._next[row] = row
        self._party[rows] = 0
        return [Change(_name(party), Kind.ENDED, ()) for party in dict.fromkeys(ended)]

    def _remember(self, parties: pa.Table) -> None:
        """Let records keep the ids they kept before."""
        pairs = zip(parties["record"].to_pylist(), parties["keeps"].to_pylist(), strict=True)
        kept = [(self._row_of.get(record, -1), n) for record, numbers in pairs for n in numbers]
        self._keeper = [-1] * (max((number for _, number in kept), default=0) + 1)
        for row, number in kept:
            if row >= 0:
                self._keep(row, number)


def _name(number: int) -> str:
    return f"P{number}"


def _groups(parties: Rows, rows: Rows) -> dict[int, set[int]]:
    """Rows by party, gone records left out."""
    found: dict[int, set[int]] = {}
    for party, row in zip(parties.tolist(), rows.tolist(), strict=True):
        if party:
            found.setdefault(party, set()).add(row)
    return found


def _kind(number: int, old: set[int], *, merged: bool, lost: set[int]) -> Kind:
    if not old:
        return Kind.CREATED
    if merged:
        return Kind.MERGED
    return Kind.SPLIT if lost or number not in old else Kind.CHANGED

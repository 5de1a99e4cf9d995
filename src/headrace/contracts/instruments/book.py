"""A book of vouchers and bills, and acts applied to it: (book, acts) -> (book, answers, money).

The book is a value. Acts go through one compiled loop in the order given, each whole or not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.clock import day_number
from headrace.contracts.instruments import kernels as k
from headrace.contracts.instruments.acts import Act, ActKind, Answer
from headrace.contracts.instruments.tenors import Tenor, due_latest, tenors
from headrace.errors import HeadraceError, InputError

Longs = NDArray[np.int64]
AMOUNT_MOST = 2**60
NOTHING = int(k.NOTHING)
PIECES_MADE = np.zeros(k.KINDS, np.int64)
"""The most pieces an act of a kind makes."""
PIECES_MADE[[k.TRANSFER, k.FINANCE, k.PLEDGE]] = 3  # the part, the rest, the part handed on
PIECES_MADE[[k.ISSUE, k.SPLIT_OFF]] = (
    2  # a bill's first piece is the drawer's, the next the payee's
)
PIECES_MADE[[k.CLAIM, k.CONVERT]] = 1
DAY_LAST = day_number(date.max)
ON_PAPERS = {ActKind.ISSUE, ActKind.ACCEPT, ActKind.CANCEL, ActKind.PAY, ActKind.DEFAULT}


class State(NamedTuple):
    """What the kernels write to; see kernels.py."""

    parties: Longs
    papers: Longs
    pieces: Longs
    keys: Longs
    paper_at: Longs
    piece_at: Longs
    key_at: Longs
    flows: Longs
    counts: Longs


@dataclass(frozen=True)
class Book:
    """Vouchers and bills in one currency.

    Attributes:
        party_names: By row of `parties`.
        paper_names: By row of `papers`.
        parties: int64 (parties, 2): limit and what of it is used, minor units.
        papers: int64 (papers, P_COLUMNS), in order of issue; columns as in kernels.py.
        pieces: int64 (pieces, COLUMNS), every piece there ever was, parents first.
        keys: int64 (acts done, 2): key and digest of content.
        currency: ISO 4217 code.
    """

    party_names: tuple[str, ...]
    paper_names: tuple[str, ...]
    parties: Longs
    papers: Longs
    pieces: Longs
    keys: Longs
    currency: str = "CNY"


@dataclass(frozen=True)
class Coded:
    """Acts as the kernel reads them.

    Attributes:
        rows: int64 (acts, A_COLUMNS).
        papers: The name of the paper an act would make, by act; empty where it makes none.
    """

    rows: Longs
    papers: Sequence[str]


@dataclass(frozen=True)
class Applied:
    """What came of acts.

    Attributes:
        book: After them.
        answers: int64 (acts,): `Answer`.
        flows: int64 (flows, F_COLUMNS): money that passed, columns as in kernels.py.
        rows: int64 (acts, A_COLUMNS): the acts.
    """

    book: Book
    answers: Longs
    flows: Longs
    rows: Longs

    @property
    def answer(self) -> tuple[Answer, ...]:
        """The answers in words."""
        return tuple(Answer(each) for each in self.answers.tolist())


def opened(limits: Mapping[str, int], others: Iterable[str] = (), currency: str = "CNY") -> Book:
    """An empty book of parties, some with a limit on what they may owe at once, minor units."""
    names = tuple(dict.fromkeys([*limits, *others]))
    parties = np.zeros((len(names), 2), np.int64)
    parties[: len(limits), k.LIMIT] = list(limits.values())
    if (parties < 0).any():
        raise InputError("a limit is negative", where="limits", remedy="0 or more")
    empty = np.zeros((0, 0), np.int64)
    return Book(
        names, (), parties, empty.reshape(0, k.P_COLUMNS), empty.reshape(0, k.COLUMNS),
        empty.reshape(0, 2), currency,
    )  # fmt: skip


def admitted(book: Book, names: Iterable[str]) -> Book:
    """The book with more parties, which have no limit yet."""
    known = set(book.party_names)
    new = tuple(name for name in dict.fromkeys(names) if name not in known)
    parties = np.concatenate([book.parties, np.zeros((len(new), 2), np.int64)])
    return replace(book, party_names=book.party_names + new, parties=parties)


def apply(book: Book, acts: Sequence[Act], rules: tuple[Tenor, ...] | None = None) -> Applied:
    """Do acts in order.

    Args:
        book: Before them; it is not changed.
        acts: Any number; for many it pays to call once.
        rules: How long a paper may run; None: those that ship.

    Raises:
        InputError: An amount is beyond 2^60, or the name of a paper contains a slash.
    """
    return apply_coded(book, coded(book, acts, tenors() if rules is None else rules))


def coded(book: Book, acts: Sequence[Act], rules: tuple[Tenor, ...]) -> Coded:
    """Acts as rows of whole numbers; an unknown party is kept as such, to be refused."""
    party = {name: row for row, name in enumerate(book.party_names)}
    latest: dict[tuple[int, date], int] = {}
    pieces: dict[str, int] = {}
    rows = []
    for act in acts:
        paper = k.BILL if act.kind is ActKind.CONVERT else act.paper
        when = (int(paper), act.on)
        if when not in latest:
            latest[when] = day_number(due_latest(type(act.paper)(paper), act.on, rules))
        rows.append((
            int(act.kind), name_id(act.key), day_number(act.on), party.get(act.by, -2),
            _target(act, pieces), k.NOBODY if act.to is None else party.get(act.to, -2),
            _amount(act.amount, act.key), _amount(act.price, act.key),
            NOTHING if act.due is None else day_number(act.due), latest[when], int(act.recourse),
            party.get(act.by if act.payer is None else act.payer, -2), int(act.paper),
            name_id("\n".join(sorted(act.trades))) if act.trades else 0,
            name_id(_plain(act.made)) if act.made else 0,
        ))  # fmt: skip
    coded_rows = np.array(rows, np.int64).reshape(-1, k.A_COLUMNS)
    return Coded(coded_rows, [act.made or act.target for act in acts])


def apply_coded(book: Book, acts: Coded) -> Applied:
    """`apply` for acts that are coded already.

    Raises:
        HeadraceError: Two pieces met in one 64-bit id: nothing was done.
    """
    rows = np.ascontiguousarray(acts.rows, np.int64)
    state = _state(book, rows[:, k.A_KIND])
    answers = np.zeros(len(rows), np.int64)
    while not k.apply_acts(state, rows, answers):
        more = np.zeros((2 * len(state.flows) + len(state.pieces), k.F_COLUMNS), np.int64)
        more[: len(state.flows)] = state.flows
        state = state._replace(flows=more)
    counts = state.counts.tolist()
    if counts[k.N_CLASHES]:
        raise HeadraceError(
            "two pieces have one 64-bit id",
            where="the acts just applied",
            remedy="give the newest paper another name",
        )
    kinds = rows[:, k.A_KIND]
    making = (answers == k.APPLIED) & np.isin(kinds, (k.ISSUE, k.CONVERT))
    named = tuple(acts.papers[row] for row in np.flatnonzero(making).tolist())
    after = replace(
        book,
        paper_names=book.paper_names + named,
        parties=state.parties,
        papers=state.papers[: counts[k.N_PAPERS]],
        pieces=state.pieces[: counts[k.N_PIECES]],
        keys=state.keys[: counts[k.N_KEYS]],
    )
    return Applied(after, answers, state.flows[: counts[k.N_FLOWS]], rows)


def name_id(text: str) -> int:
    """The 64-bit id of a paper's name or a key: the first eight bytes of its SHA-256."""
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big", signed=True)


def gaps(book: Book) -> pa.Table:
    """Where live pieces do not add up to what a paper owes, or papers to what a payer uses: none.

    Columns: what (`paper` or `limit`), name, expected, found, minor units.
    """
    live = np.isin(book.pieces[:, k.STATE], (k.LIVE, k.PAID))
    pieces = book.pieces[live]
    papers = book.papers
    found = np.zeros(len(papers), np.int64)
    np.add.at(found, pieces[:, k.PAPER], pieces[:, k.UNPAID])
    used = np.zeros(len(book.parties), np.int64)
    np.add.at(used, papers[:, k.P_PAYER], papers[:, k.P_UNPAID])
    owed = papers[:, k.P_UNPAID]
    off = np.flatnonzero((found != owed) | (owed < 0)).tolist()
    over = (used != book.parties[:, k.USED]) | (used > book.parties[:, k.LIMIT])
    wrong = np.flatnonzero(over).tolist()
    return pa.table(
        {
            "what": ["paper"] * len(off) + ["limit"] * len(wrong),
            "name": [book.paper_names[row] for row in off]
            + [book.party_names[row] for row in wrong],
            "expected": pa.array([*owed[off], *book.parties[wrong, k.USED]], pa.int64()),
            "found": pa.array([*found[off], *used[wrong]], pa.int64()),
        }
    )


def _state(book: Book, kinds: Longs) -> State:
    """Room for what acts of these kinds may make, with hash tables at most half full."""
    acts, making = len(kinds), int(np.isin(kinds, (k.ISSUE, k.CONVERT)).sum())
    counts = np.zeros(k.N_COUNTS, np.int64)
    counts[: k.N_FLOWS] = len(book.papers), len(book.pieces), len(book.keys)
    return State(
        book.parties.copy(),
        papers := _grown(book.papers, making),
        pieces := _grown(book.pieces, int(PIECES_MADE[kinds].sum())),
        keys := _grown(book.keys, acts),
        _table(book.papers[:, k.P_ID], len(papers)),
        _table(book.pieces[:, k.ID], len(pieces)),
        _table(book.keys[:, 0], len(keys)),
        np.zeros((2 * acts + 64, k.F_COLUMNS), np.int64),
        counts,
    )


def _grown(array: Longs, more: int) -> Longs:
    wider = np.empty((len(array) + more, array.shape[1]), np.int64)
    wider[: len(array)] = array
    return wider


def _table(ids: Longs, room: int) -> Longs:
    table = np.zeros((1 << max(3, (2 * room).bit_length()), 2), np.int64)
    k.fill(table, np.ascontiguousarray(ids))
    return table


def _plain(name: str) -> str:
    if "/" in name:
        raise InputError(
            "the name of a paper contains a slash", where=name, remedy="another character"
        )
    return name


def _amount(amount: int | None, key: str) -> int:
    if amount is None:
        return NOTHING
    if abs(amount) > AMOUNT_MOST:
        raise InputError(
            f"an amount of {amount} is too large", where=f"act {key}", remedy="at most 2^60"
        )
    return amount


def _target(act: Act, known: dict[str, int]) -> int:
    if act.kind in ON_PAPERS:
        return name_id(_plain(act.target) if act.kind is ActKind.ISSUE else act.target)
    if act.kind is ActKind.SET_LIMIT:
        return 0
    return _piece_id(act.target, known)


def _piece_id(path: str, known: dict[str, int]) -> int:
    """The id of a piece by its path; of what is no path, an id that no piece has."""
    if path not in known:
        before, _, last = path.rpartition("/")
        name, *steps = path.split("/")
        if not {"0", "1"}.issuperset(steps):
            return name_id(path)
        if before in known:
            found, steps = known[before], [last]
        else:
            found = int(k.mixed(name_id(name), 0))
        for step in steps:
            found = int(k.mixed(found, int(step)))
        known[path] = found
    return known[path]
